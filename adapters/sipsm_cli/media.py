"""Session descriptions without a session: streams at ports that nobody reads, over `sipsm.sdp`.

What is offered is one audio stream; video is added where a script wants it, and accepted where it is offered.
"""

from __future__ import annotations

from sipsm import LocalProtocolError, RemoteProtocolError
from sipsm.sdp import Codec, Direction, Media, Origin, SessionDescription, add_stream, as_description, remove_stream
from sipsm.sdp import answer as answered

AUDIO = Media.build("audio", 49_170, [Codec("PCMU"), Codec("PCMA")])
VIDEO = Media.build("video", 49_172, [Codec("VP8", 90_000)])
STREAMS = {"audio": AUDIO, "video": VIDEO}
"""What can be had, by the type that the m= line names."""


class NothingInCommon(LocalProtocolError):
    """The offer has streams, and none that could be accepted: the session is to be refused (RFC 3264 6)."""


def offer(host: str, session: int) -> bytes:
    """An offer of one audio stream, PCMU or PCMA. `session` is the number of the session in its o= line."""
    return bytes(_described(host, session, [AUDIO]))


def answer(
    sdp: bytes, host: str, session: int, *, previous: bytes = b"", direction: Direction = Direction.SENDRECV
) -> bytes:
    """The answer to an offer: each of its streams accepted, or refused by port 0.

    `previous` is what we have described before in this session, `direction` what we want of the media. Raises
    `NothingInCommon`, and `RemoteProtocolError` for what is no description.
    """
    ours = _described(host, session, [each.with_direction(direction) for each in STREAMS.values()])
    made = answered(sdp, ours, previous=previous or None)
    if made is None:
        raise NothingInCommon("no stream of the offer can be accepted", rfc="3264 6")
    return bytes(made)


def with_streams(ours: SessionDescription, wanted: list[str]) -> SessionDescription:
    """The next offer, with streams of these types and no others (RFC 3264 8.1, 8.2)."""
    made = ours
    for index, each in enumerate(ours.media):
        if each.port and each.type not in wanted:
            made = remove_stream(made, index)
    for kind in wanted:
        if not any(each.port and each.type == kind for each in made.media):
            made = add_stream(made, STREAMS[kind])
    return made.following(ours)


def is_held(ours: bytes, theirs: bytes) -> bool:
    """Whether one side has asked the other for silence, on all streams (RFC 3264 8.4)."""
    try:
        sides = [as_description(sdp).streams for sdp in (ours, theirs)]
    except RemoteProtocolError:
        return False
    pairs = [pair for pair in zip(*sides, strict=False) if all(stream.is_wanted for stream in pair)]
    return bool(pairs) and all(any(stream.is_held for stream in pair) for pair in pairs)


def summary(sdp: bytes) -> str:
    """What a description has, in a few words: `PCMU PCMA`."""
    try:
        media = as_description(sdp).media
    except RemoteProtocolError:
        return "no streams"
    names = [
        name if codec is None else codec.name
        for each in media
        for name, codec in zip(each.formats, each.codecs or [None] * len(each.formats), strict=True)
    ]
    return " ".join(names) or "no streams"


def _described(host: str, session: int, streams: list[Media]) -> SessionDescription:
    return SessionDescription.build(Origin("-", str(session), 1, host), streams, connection=host)
