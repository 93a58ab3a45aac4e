"""A media description: an m= line and what stands below it (RFC 8866 5.14)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import ClassVar, Self

from attrs import field, frozen

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.tokens import written
from sipsm.sdp.codec import Codec, codecs_of, numbered
from sipsm.sdp.fields import SP, TOKEN, WORD, Bandwidth, Connection, refused
from sipsm.sdp.section import Direction, Section

# media-field = %s"m" "=" media SP port ["/" integer] SP proto 1*(SP fmt) CRLF
# proto = token *("/" token)
# Wider: a stream that is not wanted may come without formats, and a format need not be a token.
_media = re.compile(
    rf"({TOKEN}){SP}([0-9]{{1,5}}+)(?:/([0-9]{{1,5}}+))?{SP}({TOKEN}(?:/{TOKEN})*+)((?:{SP}{WORD})*+)[ ]*+"
).fullmatch

# Attributes whose value begins with the format that they are about.
OF_FORMATS = ("rtpmap", "fmtp", "rtcp-fb")


@frozen
class Media(Section):
    """A stream as one side describes it: an m= line with its lines (RFC 8866 5.14).

    `Media.build` makes one; the `with_` methods make changed ones.
    """

    order: ClassVar[str] = "micbka"

    type: str = field(eq=False)
    """ "audio", "video", "text", "application", "message", "image"."""
    port: int = field(eq=False)
    """Where media is received; 0 for a stream that is not wanted."""
    port_count: int = field(eq=False)
    """How many ports, for the layers of a layered encoding."""
    proto: str = field(eq=False)
    """The transport protocol, such as "RTP/AVP"."""
    formats: tuple[str, ...] = field(eq=False)
    """The formats, the preferred first: for RTP, payload type numbers."""

    @classmethod
    def read(cls, lines: Iterable[str]) -> Self:
        """The media description of these lines, the m= line first; else raises RemoteProtocolError."""
        lines = tuple(lines)
        match = _media(lines[0], 2)
        if match is None:
            raise refused(lines[0][2:], "media description", "5.14")
        kind, port, count, proto, formats = match.groups()
        if int(port) > 65535:
            raise RemoteProtocolError(f"{port} is no port", rfc="8866 5.14")
        if not formats and int(port):
            # "At least one MUST be present, as specified by SDP." (RFC 3264 6)
            raise RemoteProtocolError("a stream without formats", rfc="8866 5.14")
        return cls(lines, kind, int(port), max(int(count or 1), 1), proto, tuple(filter(None, formats.split(" "))))

    @classmethod
    def build(
        cls,
        type: str,
        port: int,
        formats: Iterable[Codec | str],
        *,
        proto: str = "RTP/AVP",
        port_count: int = 1,
        direction: Direction | str | None = None,
        connection: Connection | str | Iterable[Connection] | None = None,
        bandwidths: Iterable[Bandwidth] = (),
        information: str | None = None,
        attributes: Iterable[tuple[str, str | None] | str] = (),
    ) -> Media:
        """The description of a stream. Formats are codecs, which bring their rtpmap and fmtp lines, or mere texts.

        An attribute is a name with its value, or a name. Raises LocalProtocolError for what cannot be written.
        """
        media = _written(type, port, port_count, proto, ["0"])._with_formats(list(formats))
        if information is not None:
            media = media.with_values("i", information)
        if connection is not None:
            several = (connection,) if isinstance(connection, str | Connection) else connection
            media = media.with_connections(*several)
        media = media.with_bandwidths(*bandwidths)
        for each in attributes:
            media = media.with_added_attribute(*((each,) if isinstance(each, str) else each))
        return media.with_direction(direction)

    def _with_lines(self, lines: Iterable[str]) -> Self:
        return type(self).read(lines)

    @property
    def is_rtp(self) -> bool:
        """Whether it is carried by RTP, so that its formats are payload types."""
        return "RTP" in self.proto.upper().split("/")

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The c= lines that stand here, of which a multicast stream with layers may have several (RFC 8866 5.7)."""
        return tuple(map(Connection.parse, self.values("c")))

    @property
    def codecs(self) -> list[Codec | None]:
        """What each format of an RTP stream stands for, None for one that nobody explains; else empty."""
        return codecs_of(self.formats, self.attributes) if self.is_rtp else []

    @property
    def mid(self) -> str | None:
        """The stream's name within the description, for grouping (RFC 5888 4)."""
        return self.attribute("mid") or None

    @property
    def ptime(self) -> int | None:
        """Milliseconds of media that one packet should have, or None (RFC 8866 6.4)."""
        text = self.attribute("ptime") or ""
        return int(text) if re.fullmatch("[1-9][0-9]{0,8}", text) else None

    def with_port(self, port: int, count: int = 1) -> Self:
        """The same at another port."""
        line = _written(self.type, port, count, self.proto, self.formats or ["0"]).lines[0]
        return self._with_lines([line, *self.lines[1:]])

    def with_formats(self, formats: Iterable[Codec | str]) -> Self:
        """The same with other formats; what was said of those before is not said any more, except of those that stay.

        A codec brings its lines; of a format that is given as a text, its lines stay.
        """
        return self._with_formats(list(formats))

    def _with_formats(self, formats: list[Codec | str]) -> Self:
        codecs = iter(numbered(each for each in formats if isinstance(each, Codec)))
        chosen = [each if isinstance(each, str) else next(codecs) for each in formats]
        names = [each if isinstance(each, str) else str(each.payload_type) for each in chosen]
        line = _written(self.type, self.port, self.port_count, self.proto, names).lines[0]
        described = {str(each.payload_type) for each in chosen if isinstance(each, Codec)}
        kept = [each for each in self.lines[1:] if _stays(each, set(names), described)]
        new = [each for codec in chosen if isinstance(codec, Codec) for each in codec.lines]
        at = next((at for at, each in enumerate(kept) if each[0] == "a"), len(kept))
        return self._with_lines([line, *kept[:at], *new, *kept[at:]])

    def disabled(self) -> Self:
        """The same with port zero: refused, or removed (RFC 3264 8.2). Only its name and formats stay."""
        # "The stream description MAY omit all attributes present previously" (RFC 3264 8.2), but: "the "mid" lines
        # MUST still be present in the answer." (RFC 5888 9.2)
        line = f"m={self.type} 0 {self.proto} {' '.join(self.formats) or '0'}"
        return self._with_lines([line, *(each for each in self.lines if each.startswith("a=mid:"))])


def _written(type: str, port: int, count: int, proto: str, formats: Sequence[str]) -> Media:
    """A mere m= line; LocalProtocolError where it cannot be written."""
    words = [type, str(port) if count == 1 else f"{port}/{count}", proto, *formats]
    line = "m=" + written(" ".join(words))
    try:
        media = Media.read((line,))
    except RemoteProtocolError as error:
        raise LocalProtocolError(error.what, rfc=error.rfc) from None
    said = media.type, media.port, media.port_count, media.proto, media.formats
    if said != (type, port, count, proto, tuple(formats)) or not formats:
        raise LocalProtocolError(f"{line!r} is no media description", rfc="8866 5.14")
    return media


def _stays(line: str, formats: set[str], described: set[str]) -> bool:
    """Whether a line may stay when a stream has these formats, of which some bring their own lines."""
    name, _, value = line[2:].partition(":")
    if line[0] != "a" or name not in OF_FORMATS:
        return True
    about = value.partition(" ")[0]
    return about == "*" or (about in formats and (name == "rtcp-fb" or about not in described))
