"""Whether the other side keeps to the rules: its answer beside our offer, its next offer beside what it said before.

RFC 3264 6 and 8, RFC 6337 5.2.5. The same rules hold for what a program is about to send. Each fault has the section
of its rule, and is either grave, so that both sides would not mean the same session, or one that peers are known for
and that does no harm.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import frozen

from sipsm.errors import RemoteProtocolError
from sipsm.sdp.codec import Codec
from sipsm.sdp.description import Sdp, SessionDescription, Stream, as_description
from sipsm.sdp.media import Media
from sipsm.sdp.section import Direction


@frozen
class Fault:
    """A rule that a description breaks."""

    what: str
    rfc: str
    """The section that has the rule, such as "3264 6.1"."""
    is_grave: bool = True
    """Whether the two sides would not mean the same session."""


def check_answer(answer: Sdp, offer: Sdp, *, strict: bool = False) -> SessionDescription:
    """The answer, as a description, when it is one to that offer (RFC 3264 6).

    Raises RemoteProtocolError when it is none: for the first grave fault, where strict for any.
    """
    answer = as_description(answer)
    _refuse(faults_of_answer(answer, offer), strict)
    return answer


def check_offer(offer: Sdp, previous: Sdp, *, strict: bool = False) -> SessionDescription:
    """The offer, as a description, when it may follow on what the same side said last in this session (RFC 3264 8).

    Raises RemoteProtocolError when it may not: for the first grave fault, where strict for any.
    """
    offer = as_description(offer)
    _refuse(faults_of_offer(offer, previous), strict)
    return offer


def _refuse(faults: Iterable[Fault], strict: bool) -> None:
    for fault in faults:
        if strict or fault.is_grave:
            raise RemoteProtocolError(fault.what, rfc=fault.rfc, status=488)


def faults_of_answer(answer: Sdp, offer: Sdp) -> Iterator[Fault]:
    """All that is wrong with an answer to that offer. Raises RemoteProtocolError where one is no description."""
    answer, offer = as_description(answer), as_description(offer)
    theirs, ours = answer.streams, offer.streams
    if len(theirs) != len(ours):
        # "The answer MUST contain exactly the same number of "m=" lines as the offer." (RFC 3264 6)
        yield Fault(f"{len(theirs)} streams in the answer to {len(ours)}", "3264 6")
        return
    if _times(answer) != _times(offer):
        # "The "t=" line in the answer MUST equal that of the offer." (RFC 3264 6)
        yield Fault("the answer's t= lines are not the offer's", "3264 6", False)
    for answered, offered in zip(theirs, ours, strict=True):
        yield from _of_stream(answered, offered)


def _times(description: SessionDescription) -> list[list[str]]:
    return [value.split() for value in description.values("t")]


def _of_stream(answered: Stream, offered: Stream) -> Iterator[Fault]:
    at = f"stream {offered.index}"
    media, asked = answered.media, offered.media
    if media.type.lower() != asked.type.lower():
        # "The media type of the stream in the answer MUST match that of the offer." (RFC 3264 6.1)
        yield Fault(f"{at} was offered as {asked.type} and is answered as {media.type}", "3264 6.1")
    if not answered.is_wanted:
        return
    if not offered.is_wanted and not asked.has_attribute("bundle-only"):
        # "A stream that is offered with a port of zero MUST be marked with port zero in the answer." (RFC 3264 8.2)
        yield Fault(f"{at} was offered with port zero and is answered with port {media.port}", "3264 8.2")
    if media.proto.lower() != asked.proto.lower():
        # "the media type and protocol values MUST exactly match the media type and protocol values in the corresponding
        # "m=" section in the associated offer." (RFC 8829 5.8.3)
        yield Fault(f"{at} was offered over {asked.proto} and is answered over {media.proto}", "8829 5.8.3", False)
    yield from (_of_multicast if offered.is_multicast else _of_unicast)(at, answered, offered)


def _of_unicast(at: str, answered: Stream, offered: Stream) -> Iterator[Fault]:
    if answered.is_multicast:
        # "If a stream is offered with a unicast address, the answer for that stream MUST contain a unicast address."
        # (RFC 3264 6.1)
        yield Fault(f"{at} was offered as unicast and is answered with a multicast address", "3264 6.1")
    ours = offered.direction.mirrored
    if answered.direction & ours is not answered.direction:
        # "If a stream is offered as sendonly, the corresponding stream MUST be marked as recvonly or inactive in the
        # answer. If a media stream is listed as recvonly in the offer, the answer MUST be marked as sendonly or inactive
        # in the answer." And: "If an offered media stream is listed as inactive, it MUST be marked as inactive in the
        # answer." (RFC 3264 6.1)
        what = f"{at} was offered {offered.direction} and is answered {answered.direction}"
        yield Fault(what, "3264 6.1", ours is not Direction.INACTIVE and answered.direction is not Direction.SENDRECV)
    if not _names(answered.media) & _names(offered.media):
        # "the "m=" line MUST contain at least one media format the answerer is willing to receive with from amongst those
        # listed in the offer." (RFC 3264 6.1, and likewise of the other directions)
        yield Fault(f"{at} is answered with none of the offered formats", "3264 6.1")


def _of_multicast(at: str, answered: Stream, offered: Stream) -> Iterator[Fault]:
    media, asked = answered.media, offered.media
    same_place = set(answered.connections) == set(offered.connections)
    if not same_place or (media.port, media.port_count) != (asked.port, asked.port_count):
        # "If a multicast stream is accepted, the address and port information in the answer MUST match that of the
        # offer." (RFC 3264 6.2)
        yield Fault(f"{at} is a group's, and is answered with another address or port", "3264 6.2")
    if answered.direction is not offered.direction:
        # "the directionality information in the answer (sendonly, recvonly, or sendrecv) MUST equal that of the offer."
        # (RFC 3264 6.2)
        what = f"{at} is a group's, was offered {offered.direction} and is answered {answered.direction}"
        yield Fault(what, "3264 6.2")
    if not set(media.formats) <= set(asked.formats):
        # "The set of media formats in the answer MUST be equal to or be a subset of those in the offer." (RFC 3264 6.2)
        yield Fault(f"{at} is a group's, and is answered with formats that were not offered", "3264 6.2")
    had = asked.attribute("ptime")
    if (had is not None and media.attribute("ptime") != had) or media.values("b") != asked.values("b"):
        # "The ptime and bandwidth attributes in the answer MUST equal the ones in the offer, if present." (RFC 3264 6.2)
        yield Fault(f"{at} is a group's, and is answered with another ptime or bandwidth", "3264 6.2", False)


def _names(media: Media) -> set[object]:
    """What its formats stand for, and those that nobody explains as they are."""
    if not media.is_rtp:
        return {text.lower() for text in media.formats}
    pairs = zip(media.formats, media.codecs, strict=True)
    return {codec.key if codec else text for text, codec in pairs} | set(media.formats)


def faults_of_offer(offer: Sdp, previous: Sdp) -> Iterator[Fault]:
    """All that is wrong with an offer whose side last said `previous` in this session.

    Raises RemoteProtocolError where one is no description.
    """
    offer, previous = as_description(offer), as_description(previous)
    yield from _of_origin(offer, previous)
    if len(offer.media) < len(previous.media):
        # "if the previous SDP had N "m=" lines, the new SDP MUST have at least N "m=" lines." (RFC 3264 8)
        yield Fault(f"{len(offer.media)} streams in an offer that follows on {len(previous.media)}", "3264 8")
    for at, (new, old) in enumerate(zip(offer.media, previous.media, strict=False)):
        if new.port and old.port:
            yield from remapped(at, new, old)


def _of_origin(offer: SessionDescription, previous: SessionDescription) -> Iterator[Fault]:
    new, old = offer.origin, previous.origin
    if not new.is_same_session(old):
        # "the "o=" line of the new SDP MUST be identical to that in the previous SDP, except that the version in the
        # origin field MUST increment by one from the previous SDP." (RFC 3264 8)  Those who join two calls into one
        # break it: "The behavior when receiving such a non-compliant offer/answer SDP body is implementation
        # dependent." (RFC 6337 5.2.5)
        yield Fault("the o= line names another session", "3264 8", False)
    elif new.version == old.version:
        if offer != previous:
            # "If the version in the origin line does not increment, the SDP MUST be identical to the SDP with that
            # version number." (RFC 3264 8)
            yield Fault("the description has changed, its version has not", "3264 8", False)
    elif new.version != old.version + 1:
        yield Fault(f"the version went from {old.version} to {new.version}", "3264 8", False)


def remapped(at: int, new: Media, old: Media) -> Iterator[Fault]:
    """The payload types that stood for something else in what was said before of the same stream."""
    # "the mapping from a particular dynamic payload type number to a particular codec within that media stream MUST NOT
    # change for the duration of a session." (RFC 3264 8.3.2)
    before = {codec.payload_type: codec for codec in old.codecs if codec is not None}
    for codec in new.codecs:
        was: Codec | None = None if codec is None else before.get(codec.payload_type)
        if codec is not None and was is not None and was.key != codec.key:
            what = f"payload type {codec.payload_type} of stream {at} was {was} and is {codec}"
            yield Fault(what, "3264 8.3.2", False)
