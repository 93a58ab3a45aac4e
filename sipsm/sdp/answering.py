"""Making an answer to an offer (RFC 3264 6, RFC 5888 9), and one that refuses all of it.

What we have is itself a description: its streams with the codecs, ports and directions that we would offer. From it
come address, formats and attributes; from the offer what an answer must share with it. Attributes of ICE, DTLS and the
like are ours, carried where the offer has them too, and never made here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sipsm.errors import RemoteProtocolError
from sipsm.sdp.agreement import Agree, Capability, Chosen, agree
from sipsm.sdp.description import Sdp, SessionDescription, Stream, as_bytes, as_description
from sipsm.sdp.fields import Origin, Timing
from sipsm.sdp.media import OF_FORMATS, Media
from sipsm.sdp.section import Direction

# Each is worth something only when the offer has it as well (RFC 5761 5.1.1, RFC 5506 5.1, RFC 8285 4.1).
_IF_OFFERED = frozenset({"rtcp-mux", "rtcp-rsize", "extmap-allow-mixed"})
# What the answer says by itself, or only an offer may say.
_NEVER = frozenset({*Direction, "group", "mid", "setup", "bundle-only", "rtcp-mux-only"})
_ICE = frozenset({"candidate", "remote-candidates", "end-of-candidates"})


def answer(
    offer: Sdp,
    ours: Sdp,
    *,
    previous: Sdp | None = None,
    prefer_ours: bool = False,
    multicast: bool = False,
    agree: Agree = agree,
) -> SessionDescription | None:
    """The answer to an offer, from a description of what we have; None when no stream of the offer is acceptable.

    Then reject the offer with 488, or, where it cannot be rejected, answer with `refuse_all`. Each offered stream gets
    the first of ours that is still free, of the same type and transport and with a format in common, else port zero.
    `previous` is the description that we gave last in this session, whose streams keep what they have; the answer is
    that very one if nothing has changed. `prefer_ours` lists formats in our order, `multicast` accepts streams of
    groups, which the program must be able to join, and `agree` decides of codecs of the same encoding.

    Raises RemoteProtocolError when the offer is no description.
    """
    offer, ours = as_description(offer), as_description(ours)
    before = None if previous is None else as_description(previous)
    answering = _Answering(offer, ours, agree, prefer_ours, multicast)
    media = answering.answered(before)
    if answering.wanted and not any(each.port for each in media):
        # "If there are no media formats in common for all streams, the entire offered session is rejected."
        # (RFC 3264 6.1)
        return None
    lines = [line for line in ours.lines if line[0] not in "trz" and _stays(line, answering)]
    # "The "t=" line in the answer MUST equal that of the offer." (RFC 3264 6)
    at = next((at for at, line in enumerate(lines) if line[0] in "ka"), len(lines))
    lines[at:at] = [line for line in offer.lines if line[0] in "trz"] or ["t=0 0"]
    lines += answering.groups(media)
    if ours.connection is None and any(not each.values("c") for each in media):
        media = [each if each.port else each.with_connections("0.0.0.0") for each in media]
    made = SessionDescription.of(lines, media)
    return made if before is None else made.following(before)


class _Answering:
    """The offer and what we have, while the answer is made."""

    def __init__(
        self, offer: SessionDescription, ours: SessionDescription, agree: Agree, prefer_ours: bool, multicast: bool
    ) -> None:
        self.offer = offer
        self.ours = ours
        self.agree = agree
        self.prefer_ours = prefer_ours
        self.multicast = multicast
        self.setup = offer.attribute("setup")
        # "If the offer does not indicate support of ICE (Section 4.2.5), the answerer MUST NOT accept the usage of ICE.
        # If the answerer still accepts the offer, the answerer MUST NOT include any ICE-related SDP attributes in the
        # answer." (RFC 8839 4.3.2)
        self.has_ice = any(part.has_attribute("ice-ufrag") for part in (offer, *offer.media))
        # Groups are understood whose semantics our description names, with streams or without: "If a server receives an
        # offer that contains empty "a=group" lines, it SHOULD add its capabilities also in the form of empty "a=group"
        # lines to its answer." (RFC 5888 9.3)
        understood = {value.partition(" ")[0] for value in ours.attributes_named("group")}
        self.understood = [group for group in offer.groups if group[0] in understood]
        bundled = {tag for group in self.understood if group[0] == "BUNDLE" for tag in group[1:]}
        # Streams that the offer wants have a port, or are carried at the port of another one of their bundle.
        self.wanted = {
            at
            for at, each in enumerate(offer.media)
            if each.port or (each.mid in bundled and each.has_attribute("bundle-only"))
        }

    def answered(self, previous: SessionDescription | None) -> list[Media]:
        """The streams of the answer, one for each of the offer's."""
        # "For each "m=" line in the offer, there MUST be a corresponding "m=" line in the answer." (RFC 3264 6)
        free = [(Capability(stream.media), stream) for stream in self.ours.streams if stream.is_wanted]
        wanted = [stream for stream in self.offer.streams if stream.index in self.wanted]
        before = {} if previous is None else {index: each for index, each in enumerate(previous.media) if each.port}
        made: dict[int, Media] = {}
        # First those that go on with what they have, then what is new, or has become of another type.
        for stream in wanted:
            had = before.get(stream.index)
            if had is not None:
                self._take(stream, free, made, lambda ours, had=had: _is_at(ours, had), had)  # type: ignore[misc]
        for stream in wanted:
            if stream.index not in made:
                self._take(stream, free, made, lambda _: True, None)
        # "To reject an offered stream, the port number in the corresponding stream in the answer MUST be set to zero."
        # (RFC 3264 6)
        return [made.get(index) or each.disabled() for index, each in enumerate(self.offer.media)]

    def _take(
        self,
        stream: Stream,
        free: list[tuple[Capability, Stream]],
        made: dict[int, Media],
        may: Callable[[Media], bool],
        before: Media | None,
    ) -> None:
        """Answer a stream with the first of ours that may be and can, which is not free any more then."""
        for at, (capability, ours) in enumerate(free):
            media = self._answer_one(stream, capability, ours, before) if may(ours.media) else None
            if media is not None:
                made[stream.index] = media
                del free[at]
                return

    def _answer_one(self, offered: Stream, capability: Capability, ours: Stream, before: Media | None) -> Media | None:
        if not capability.fits(offered.media) or (ours.is_multicast and not offered.is_multicast):
            return None
        # "If the answerer has no media formats in common for a particular offered stream, the answerer MUST reject that
        # media stream by setting the port to zero." (RFC 3264 6.1)
        chosen = capability.common(offered.media, self.agree, prefer_ours=self.prefer_ours)
        if not chosen:
            return None
        if offered.is_multicast:
            return _joined(offered, ours, chosen) if self.multicast else None
        crypto = _crypto(offered.media, ours.media)
        if crypto is None:
            return None
        setup = _setup(
            offered.media.attribute("setup") or self.setup,
            ours.media.attribute("setup") or self.ours.attribute("setup"),
            None if before is None else before.attribute("setup"),
        )
        lines = [
            f"m={offered.media.type} {_ports(ours.media)} {offered.media.proto} {' '.join(each.format for each in chosen)}",
            *(line for line in ours.media.lines[1:] if line[0] in "icb"),
            *(line for each in chosen if each.codec for line in each.codec.lines),
            *_attributes(offered.media, ours.media, chosen, self.has_ice),
            *(f"a=crypto:{each}" for each in crypto),
        ]
        if setup is not None:
            lines.append(f"a=setup:{setup}")
        return _named(offered, lines, offered.direction.mirrored & ours.direction)

    def groups(self, media: list[Media]) -> Iterator[str]:
        """The a=group lines of the answer."""
        # "A SIP entity that receives an offer that contains an "a=group" line with semantics that are understood MUST
        # return an answer that contains an "a=group" line with the same semantics. The identification-tags contained in
        # this "a=group" line MUST be the same as those received in the offer, or a subset of them". And: ""a=group"
        # lines MUST NOT contain identification-tags that correspond to "m" lines with the port set to zero."
        # (RFC 5888 9.2)
        there = {each.mid for each in media if each.port}
        for semantics, *tags in self.understood:
            yield " ".join([f"a=group:{semantics}", *(tag for tag in tags if tag in there)])


def _stays(line: str, answering: _Answering) -> bool:
    """Whether a session-level line of ours is one of the answer's."""
    name = line[2:].partition(":")[0]
    if line[0] == "k":
        # "One MUST NOT include a "k=" line in an SDP" (RFC 8866 5.12)
        return False
    if line[0] != "a":
        return True
    if name in _IF_OFFERED:
        return answering.offer.has_attribute(name)
    return name not in _NEVER and (answering.has_ice or not _is_ice(name))


def _is_ice(name: str) -> bool:
    return name in _ICE or name.startswith("ice-")


def _named(offered: Stream, lines: list[str], direction: Direction) -> Media:
    """The stream of these lines with the offer's name for it, and its direction where one must be said."""
    # "the "mid" value in the offer MUST be the same as the "mid" value in the answer." (RFC 5888 9.1)
    if offered.media.mid is not None:
        lines.append(f"a=mid:{offered.media.mid}")
    if direction is not Direction.SENDRECV or offered.media.direction is not None:
        lines.append(f"a={direction}")
    return Media.read(lines)


def _joined(offered: Stream, ours: Stream, chosen: list[Chosen]) -> Media | None:
    """The answer to a stream of a group: the offer's own view of it, less the formats that we do not have."""
    direction = offered.direction
    if direction is not Direction.INACTIVE and direction & ours.direction is Direction.INACTIVE:
        # All who take part only receive, or only send, and we cannot (RFC 3264 5.2).
        return None
    media = offered.media
    formats = {each.format for each in chosen}
    lines = [f"m={media.type} {_ports(media)} {media.proto} {' '.join(each.format for each in chosen)}"]
    # "If a multicast stream is accepted, the address and port information in the answer MUST match that of the offer."
    # And: "The ptime and bandwidth attributes in the answer MUST equal the ones in the offer, if present. If not
    # present, a non-zero ptime MAY be added to the answer." (RFC 3264 6.2)
    lines += [f"c={connection}" for connection in offered.connections]
    lines += [line for line in media.lines[1:] if line[0] == "b"]
    for line in media.lines[1:]:
        name, _, value = line[2:].partition(":")
        if line[0] == "a" and (name == "ptime" or (name in OF_FORMATS and value.partition(" ")[0] in formats)):
            lines.append(line)
    if media.ptime is None and not media.has_attribute("ptime") and ours.media.ptime is not None:
        lines.append(f"a=ptime:{ours.media.ptime}")
    # "the directionality information in the answer (sendonly, recvonly, or sendrecv) MUST equal that of the offer."
    # (RFC 3264 6.2)
    return _named(offered, lines, direction)


def _is_at(ours: Media, before: Media) -> bool:
    """Whether a stream of ours is the one that was answered with before."""
    return ours.port == before.port and ours.type.lower() == before.type.lower()


def _ports(media: Media) -> str:
    return str(media.port) if media.port_count == 1 else f"{media.port}/{media.port_count}"


def _attributes(offered: Media, ours: Media, chosen: list[Chosen], has_ice: bool) -> Iterator[str]:
    """Our attributes, those that this offer lets us say, with the offer's numbers where they have numbers."""
    there = {name for name, _ in offered.attributes}
    feedback = set(offered.attributes_named("rtcp-fb"))
    extensions = {uri: id for id, uri in map(_extension, offered.attributes_named("extmap"))}
    formats: dict[str, list[str]] = {}
    for each in chosen:
        formats.setdefault(each.ours, []).append(each.format)
    for name, value in ours.attributes:
        if name in _NEVER or name == "crypto" or (_is_ice(name) and not has_ice):
            continue
        if name in _IF_OFFERED and name not in there:
            continue
        if name in OF_FORMATS:
            about, _, rest = (value or "").partition(" ")
            for text in ["*"] if about == "*" else formats.get(about, ()):
                if name == "rtcp-fb" and not feedback & {f"{text} {rest}", f"* {rest}"}:
                    continue
                if name == "rtcp-fb" or not ours.is_rtp:
                    yield f"a={name}:{text} {rest}"
        elif name == "extmap":
            uri = _extension(value or "")[1]
            if uri in extensions:
                yield f"a=extmap:{extensions[uri]} {uri}"
        else:
            yield f"a={name}" if value is None else f"a={name}:{value}"


def _extension(value: str) -> tuple[str, str]:
    """The number and URI of a header extension (RFC 8285 5), its direction as the answerer sees it."""
    id, _, rest = value.partition(" ")
    id, slash, direction = id.partition("/")
    if direction in (Direction.SENDONLY, Direction.RECVONLY):
        direction = Direction(direction).mirrored
    return f"{id}{slash}{direction}", rest.partition(" ")[0]


def _crypto(offered: Media, ours: Media) -> list[str] | None:
    """The a=crypto of the answer: the first suite of the offer that is ours too, by its tag, with our key (RFC 4568).

    None when we have keys and there is no such suite.
    """
    split = [value.split(" ") for value in ours.attributes_named("crypto")]
    keys = {words[1]: words for words in split if len(words) > 2}
    if not keys:
        return []
    for value in offered.attributes_named("crypto"):
        tag, _, rest = value.partition(" ")
        words = keys.get(rest.partition(" ")[0])
        if words is not None and tag.isascii() and tag.isdecimal():
            return [" ".join([tag, *words[1:]])]
    return None


def _setup(offered: str | None, ours: str | None, before: str | None) -> str | None:
    """Who of both opens the connection, where ours speaks of it (RFC 4145 4.1)."""
    if ours is None:
        return None
    if offered == "actpass":
        # "The answerer MUST use either a setup attribute value of setup:active or setup:passive." And: "setup:active is
        # RECOMMENDED." (RFC 5763 5)
        roles = [each for each in (before, ours) if each in ("active", "passive")]
        return roles[0] if roles else "active"
    return {"passive": "active", "holdconn": "holdconn"}.get(offered or "active", "passive")


def refuse_all(offer: Sdp, *, previous: Sdp | None = None) -> bytes:
    """The answer to `offer` in which each stream's port is zero, whatever it is that calls itself an offer.

    For the session that is not wanted any more when the offer comes, but whose ACK must carry an answer all the same.
    Session-level lines that an answer must share (version, times) are the offer's; o= and s= are those of a null
    session, or of `previous`, the description that we gave last in this one.
    """
    times: list[str] = []
    media: list[Media] = []
    text = as_bytes(offer).decode("utf-8", "surrogateescape")
    for line in text.replace("\r", "\n").split("\n"):
        if line.startswith("m="):
            media.append(_refused(line))
        elif line.startswith("a=mid:") and media and media[-1].mid is None:
            media[-1] = media[-1].with_attribute("mid", line[6:].replace("\0", ""))
        elif line.startswith("t=") and not media:
            times += _times(line)
    made = SessionDescription.build(
        Origin("-", "0", 0, "0.0.0.0"), media, connection="0.0.0.0", times=() if times else (Timing(),)
    )
    made = SessionDescription.of([*made.lines, *times], media)
    return bytes(made if previous is None else made.following(as_description(previous)))


def _refused(line: str) -> Media:
    try:
        return Media.read((line.replace("\0", ""),)).disabled()
    except RemoteProtocolError:
        return Media.read(("m=audio 0 RTP/AVP 0",))


def _times(line: str) -> list[str]:
    try:
        Timing.parse(line[2:])
    except RemoteProtocolError:
        return []
    return [line]
