"""A session description: lines of the session, and media descriptions (RFC 8866).

Lossless: what was read is written as it came, and a change touches its own lines only. Read leniently, as RFC 8866 5
wants it of line ends, and as peers need it: lines in any order within their part, without s= or t=, with empty lines
at the end. What a description means, once all is read and inherited, is in its `streams`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import ClassVar, Self

from attrs import evolve, field, frozen

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.tokens import written
from sipsm.sdp.fields import Bandwidth, Connection, Origin, Repeat, Timing, ZoneAdjustment
from sipsm.sdp.media import Media
from sipsm.sdp.section import Direction, Section

MAX_BYTES = 262_144
MAX_LINES = 10_000
MAX_STREAMS = 1_000

# "The set of type letters is deliberately small and not intended to be extensible -- an SDP parser MUST completely
# ignore or reject any session description that contains a type letter that it does not understand." (RFC 8866 5)
_KNOWN = frozenset(f"{letter}=" for letter in "vosiuepcbtrzkam")
_version = re.compile(r"v=([0-9]++)[ ]*+").fullmatch


@frozen
class Stream:
    """A stream with all that its description says of it, there or for the whole session."""

    index: int
    """Its place among the streams, from 0, by which both sides mean the same one (RFC 3264 6)."""
    media: Media
    connections: tuple[Connection, ...]
    """Where media goes; several only for the layers of a multicast stream."""
    direction: Direction

    @property
    def is_wanted(self) -> bool:
        """Whether the stream is there at all: its port is not zero."""
        return self.media.port != 0

    @property
    def connection(self) -> Connection | None:
        """Where media goes, or None when nothing says it, as may be of a stream that is not wanted."""
        return self.connections[0] if self.connections else None

    @property
    def is_multicast(self) -> bool:
        """Whether media goes to a group of hosts, at which all participants send and listen (RFC 3264 5.2)."""
        return self.connection is not None and self.connection.is_multicast

    @property
    def is_held(self) -> bool:
        """Whether its describer asks for no media now, though the stream is there (RFC 3264 8.4).

        Then it is sendonly or inactive, or has the address 0.0.0.0, which older phones send.
        """
        if not self.is_wanted or self.is_multicast:
            return False
        return not self.direction.receives or (self.connection is not None and self.connection.is_unspecified)


@frozen
class SessionDescription(Section):
    """What one side proposes of a session, or agrees to: its streams, and where and how it wants their media.

    `parse` reads one, `build` makes one, and the `with_` methods make changed ones. `bytes(description)` is the text.
    """

    order: ClassVar[str] = "vosiuepcbtrzkam"

    media: tuple[Media, ...]
    """The media descriptions, in order."""
    origin: Origin = field(eq=False)
    """Whose session it is, and which version of it (RFC 8866 5.2)."""
    connection: Connection | None = field(eq=False)
    """Where the media of streams goes that do not say it themselves (RFC 8866 5.7)."""
    _wire: bytes | None = field(eq=False, default=None, repr=False)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """The description that the bytes are.

        Raises RemoteProtocolError with status 400 for what is malformed, and 488 for what is beyond us: another version
        of SDP, letters that RFC 8866 does not have, more than `MAX_BYTES`, `MAX_LINES` or `MAX_STREAMS`.
        """
        if len(data) > MAX_BYTES:
            raise RemoteProtocolError(f"a description of more than {MAX_BYTES} bytes", rfc="8866 5", status=488)
        # "parsers SHOULD be tolerant and also accept lines terminated with a single newline character." (RFC 8866 5)
        text = data.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
        if "\r" in text or "\0" in text:
            raise RemoteProtocolError("CR or NUL inside of a line", rfc="8866 9")
        lines = text.split("\n")
        while lines and not lines[-1]:
            lines.pop()
        if len(lines) > MAX_LINES:
            raise RemoteProtocolError(f"a description of more than {MAX_LINES} lines", rfc="8866 5", status=488)
        starts = _check_lines(data, lines)
        if len(starts) > MAX_STREAMS:
            raise RemoteProtocolError(f"more than {MAX_STREAMS} streams", rfc="8866 5.14", status=488)
        media = []
        for start, end in pairwise([*starts, len(lines)]):
            try:
                media.append(Media.read(lines[start:end]))
            except RemoteProtocolError as error:
                raise error.moved(_offset(data, start)) from None
        return cls._read(lines[: starts[0] if starts else None], tuple(media), data)

    @classmethod
    def _read(cls, lines: Iterable[str], media: tuple[Media, ...], wire: bytes | None = None) -> Self:
        """Lines that are well-formed each by itself."""
        lines = tuple(lines)
        origins = [line for line in lines if line[0] == "o"]
        connections = [line for line in lines if line[0] == "c"]
        if len(origins) != 1:
            raise RemoteProtocolError(f"{len(origins)} lines o= where one must be", rfc="8866 5")
        if len(connections) > 1:
            # "Multiple addresses or "c=" lines MUST NOT be specified at session level." (RFC 8866 5.7)
            raise RemoteProtocolError(f"{len(connections)} lines c= for the session", rfc="8866 5.7")
        connection = Connection.parse(connections[0][2:]) if connections else None
        if connection is None:
            # "A session description MUST contain either at least one "c=" line in each media description or a single
            # "c=" line at the session level." (RFC 8866 5.7)  Streams without a port need none.
            for each in media:
                if each.port and not any(line[0] == "c" for line in each.lines):
                    raise RemoteProtocolError(f"no c= line for {each.type}", rfc="8866 5.7")
        return cls(lines, media, Origin.parse(origins[0][2:]), connection, wire)

    @classmethod
    def build(
        cls,
        origin: Origin,
        media: Iterable[Media] = (),
        *,
        connection: Connection | str | None = None,
        name: str = "-",
        times: Iterable[Timing] = (Timing(),),
        direction: Direction | str | None = None,
        bandwidths: Iterable[Bandwidth] = (),
        information: str | None = None,
        attributes: Iterable[tuple[str, str | None] | str] = (),
    ) -> SessionDescription:
        """The description of a session; of the connection, the address alone will do.

        An attribute is a name with its value, or a name. Raises LocalProtocolError for what cannot be written, and where
        neither the session nor a stream says where its media goes.
        """
        bare = cls(("v=0", f"o={origin}", f"s={written(name) or ' '}"), (), origin, None)
        if information is not None:
            bare = bare.with_values("i", information)
        if connection is not None:
            bare = bare.with_connections(connection)
        bare = bare.with_bandwidths(*bandwidths).with_times(*times)
        for each in attributes:
            bare = bare.with_added_attribute(*((each,) if isinstance(each, str) else each))
        return bare.with_direction(direction).with_media(media)

    def _with_lines(self, lines: Iterable[str]) -> Self:
        return self.of(lines, self.media)

    @classmethod
    def of(cls, lines: Iterable[str], media: Iterable[Media]) -> Self:
        """The description of these session-level lines and these streams; LocalProtocolError where it is none."""
        try:
            return cls._read(lines, tuple(media))
        except RemoteProtocolError as error:
            raise LocalProtocolError(error.what, rfc=error.rfc) from None

    @property
    def name(self) -> str:
        """What the session is called (s=); "" when nothing says it."""
        return next(iter(self.values("s")), "")

    @property
    def times(self) -> tuple[Timing, ...]:
        """When the session is active (RFC 8866 5.9 to 5.11). Raises RemoteProtocolError when it is malformed."""
        found: list[Timing] = []
        repeats: list[Repeat] = []
        zone: tuple[ZoneAdjustment, ...] = ()
        for line in reversed(self.lines):
            if line[0] == "z":
                zone = ZoneAdjustment.parse_all(line[2:])
            elif line[0] == "r":
                repeats.append(Repeat.parse(line[2:]))
            elif line[0] == "t":
                found.append(evolve(Timing.parse(line[2:]), repeats=tuple(reversed(repeats)), zone=zone))
                repeats, zone = [], ()
        return tuple(reversed(found))

    @property
    def groups(self) -> list[tuple[str, ...]]:
        """The a=group lines, each its semantics and the names (`mid`) of its streams, those that count (RFC 5888 6).

        None counts while a stream has no name, nor one that names a stream that is not there.
        """
        mids = [each.mid for each in self.media]
        groups = [tuple(words) for words in map(str.split, self.attributes_named("group")) if words]
        # "If a session description contains at least one "m" line that has no "mid" identification, the application MUST
        # NOT perform any grouping of media lines." And: ""a=group" lines that contain identification-tags that do not
        # correspond to any "m" line within the session description MUST be ignored." (RFC 5888 6)
        known = set() if None in mids or len(set(mids)) < len(mids) else set(mids)
        return [group for group in groups if known.issuperset(group[1:])]

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Each stream with what is said of it, there or for the session."""
        # "If any one of these appears in a media description, then it applies for that media description. If none
        # appears in a media description, then the one from session level, if any, applies" (RFC 8866 6.7)
        direction = self.direction or Direction.SENDRECV
        inherited = () if self.connection is None else (self.connection,)
        return tuple(
            Stream(index, each, each.connections or inherited, each.direction or direction)
            for index, each in enumerate(self.media)
        )

    @property
    def is_refused(self) -> bool:
        """Whether there are streams, and none of them is wanted."""
        return bool(self.media) and not any(each.port for each in self.media)

    def with_media(self, media: Iterable[Media]) -> Self:
        """The same with these streams."""
        return self.of(self.lines, media)

    def with_stream(self, index: int, media: Media) -> Self:
        """The same with this stream in the place of another."""
        if not 0 <= index < len(self.media):
            raise LocalProtocolError(f"there is no stream {index} of {len(self.media)}", rfc="3264 8")
        return self.of(self.lines, (*self.media[:index], media, *self.media[index + 1 :]))

    def with_origin(self, origin: Origin) -> Self:
        """The same with this o= line."""
        return self.of((f"o={origin}" if line[0] == "o" else line for line in self.lines), self.media)

    def with_times(self, *times: Timing) -> Self:
        """The same with these t=, r= and z= lines."""
        return self._with_lines(self._replaced("trz", [line for each in times for line in each.lines]))

    def following(self, previous: SessionDescription) -> SessionDescription:
        """This description as the next one of a session: with the o= line of the previous one, its version one higher.

        Where nothing else has changed, it is the previous one.
        """
        # "the "o=" line of the new SDP MUST be identical to that in the previous SDP, except that the version in the
        # origin field MUST increment by one from the previous SDP. If the version in the origin line does not
        # increment, the SDP MUST be identical to the SDP with that version number." (RFC 3264 8)
        same = self.with_origin(previous.origin)
        if same == previous.with_origin(previous.origin):
            return previous
        return self.with_origin(evolve(previous.origin, version=previous.origin.version + 1))

    def __bytes__(self) -> bytes:
        if self._wire is not None:
            return self._wire
        lines = [*self.lines, *(line for each in self.media for line in each.lines), ""]
        return "\r\n".join(lines).encode("utf-8", "surrogateescape")

    def __str__(self) -> str:
        return "\n".join([*self.lines, *(line for each in self.media for line in each.lines)])


Sdp = bytes | SessionDescription
"""A description, read or not."""


def as_description(sdp: Sdp) -> SessionDescription:
    """The description itself, or that which the bytes are; else raises RemoteProtocolError."""
    return sdp if isinstance(sdp, SessionDescription) else SessionDescription.parse(sdp)


def as_bytes(sdp: Sdp) -> bytes:
    """The bytes of a description; bytes are taken as they are, whatever they are.

    Raises LocalProtocolError for what is neither.
    """
    if type(sdp) is bytes:
        return sdp
    if not isinstance(sdp, bytes | SessionDescription):
        raise LocalProtocolError(
            f"a session description is given as bytes or SessionDescription, and this is {type(sdp).__name__}"
        )
    return bytes(sdp)


def _check_lines(data: bytes, lines: list[str]) -> list[int]:
    """Which of the lines are m= lines; RemoteProtocolError where one is no line of a description."""
    version = _version(lines[0]) if lines else None
    if version is None:
        raise RemoteProtocolError("no v= line at the beginning", rfc="8866 5.1", at=0)
    if version[1] != "0":
        raise RemoteProtocolError(f"version {version[1][:20]} of SDP", rfc="8866 5.1", status=488, at=0)
    starts = []
    for number, line in enumerate(lines):
        letter = line[:2]
        if letter == "a=":
            continue
        what, status = "", 400
        if letter not in _KNOWN:
            is_line = letter[1:] == "=" and letter[0].isalpha()
            what, status = f"{line[:40]!r} is no line of a description", 488 if is_line else 400
        elif letter == "m=":
            starts.append(number)
        elif letter == "c=":
            try:
                Connection.parse(line[2:])
            except RemoteProtocolError as error:
                raise error.moved(_offset(data, number) + 2) from None
        elif (letter == "v=" and number) or (letter == "o=" and starts):
            # "an SDP message used in the offer/answer model MUST contain exactly one session description." (RFC 3264 5)
            what = "more than one session description"
        if what:
            rfc = "3264 5" if letter in ("v=", "o=") else "8866 5"
            raise RemoteProtocolError(what, rfc=rfc, status=status, at=_offset(data, number))
    return starts


def _offset(data: bytes, number: int) -> int:
    """Where in the bytes a line begins."""
    at = 0
    for _ in range(number):
        at = data.index(b"\n", at) + 1
    return at
