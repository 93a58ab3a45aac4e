"""A format of RTP: what a payload type number stands for (RFC 8866 6.6 and 6.15, RFC 3551 6)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from attrs import evolve, field, frozen

from sipsm.errors import LocalProtocolError
from sipsm.sdp.fields import SP, TOKEN

# rtpmap-value = payload-type SP encoding-name "/" clock-rate [ "/" encoding-params ]
_rtpmap = re.compile(rf"([0-9]{{1,3}}+){SP}({TOKEN})/([0-9]{{1,9}}+)(?:/([0-9]{{1,3}}+))?[ ]*+").fullmatch
# fmtp-value = fmt SP format-specific-params
_fmtp = re.compile(r"([^ ]++)[ ]++([^ ].*+)").fullmatch
_is_name = re.compile(TOKEN).fullmatch
_is_params = re.compile(r"[^ \x00\r\n][^\x00\r\n]*+").fullmatch

STATIC = {
    0: ("PCMU", 8000, 1),
    3: ("GSM", 8000, 1),
    4: ("G723", 8000, 1),
    5: ("DVI4", 8000, 1),
    6: ("DVI4", 16000, 1),
    7: ("LPC", 8000, 1),
    8: ("PCMA", 8000, 1),
    9: ("G722", 8000, 1),
    10: ("L16", 44100, 2),
    11: ("L16", 44100, 1),
    12: ("QCELP", 8000, 1),
    13: ("CN", 8000, 1),
    14: ("MPA", 90000, 1),
    15: ("G728", 8000, 1),
    16: ("DVI4", 11025, 1),
    17: ("DVI4", 22050, 1),
    18: ("G729", 8000, 1),
    25: ("CelB", 90000, 1),
    26: ("JPEG", 90000, 1),
    28: ("nv", 90000, 1),
    31: ("H261", 90000, 1),
    32: ("MPV", 90000, 1),
    33: ("MP2T", 90000, 1),
    34: ("H263", 90000, 1),
}
"""What payload types mean without a=rtpmap (RFC 3551 6)."""
_NUMBERS = {(name.lower(), rate, channels): number for number, (name, rate, channels) in STATIC.items()}

# Numbers that are free to be given to formats: the dynamic ones (RFC 3551 6), then those that nothing was assigned to.
_FREE = (*range(96, 128), *range(35, 64))


@frozen
class Codec:
    """A format of an RTP stream: its encoding, its payload type number, and its parameters.

    Two of the same `key` are the same encoding, whatever their numbers and parameters.
    """

    name: str
    """The encoding's name, such as "PCMU" or "telephone-event"; case does not matter."""
    clock_rate: int = 8000
    """Of RTP's timestamps, a second."""
    channels: int = 1
    payload_type: int | None = field(default=None, kw_only=True)
    """The number in RTP packets; of a codec that a program offers, None for one that is free."""
    fmtp: str | None = field(default=None, kw_only=True)
    """The parameters as a=fmtp has them, such as "profile-level-id=42e01f;packetization-mode=1"."""

    def __attrs_post_init__(self) -> None:
        if _is_name(self.name) is None or not (0 <= self.clock_rate < 10**9 and 0 < self.channels < 1000):
            raise LocalProtocolError(f"{self.name!r} is no codec", rfc="8866 6.6")
        if self.payload_type is not None and not 0 <= self.payload_type <= 127:
            raise LocalProtocolError(f"{self.payload_type} is no payload type", rfc="8866 6.6")
        if self.fmtp is not None and _is_params(self.fmtp) is None:
            raise LocalProtocolError(f"{self.fmtp!r} cannot be parameters", rfc="8866 6.15")

    @property
    def key(self) -> tuple[str, int, int]:
        """What makes it the same encoding as another."""
        return self.name.lower(), self.clock_rate, self.channels

    @property
    def params(self) -> dict[str, str]:
        """The parameters by lower-case name; "" for one without a value."""
        found: dict[str, str] = {}
        for part in (self.fmtp or "").split(";"):
            name, _, value = part.partition("=")
            found.setdefault(name.strip().lower(), value.strip())
        found.pop("", None)
        return found

    @property
    def lines(self) -> list[str]:
        """The a=rtpmap line, and the a=fmtp line where it has parameters."""
        # "SHOULD contain mappings for static payload types" (RFC 3264 6.1): so all have one.
        lines = [f"a=rtpmap:{self.payload_type} {self}"]
        return lines if self.fmtp is None else [*lines, f"a=fmtp:{self.payload_type} {self.fmtp}"]

    def __str__(self) -> str:
        text = f"{self.name}/{self.clock_rate}"
        return text if self.channels == 1 else f"{text}/{self.channels}"


def numbered(codecs: Iterable[Codec]) -> list[Codec]:
    """The codecs, each with a payload type number: its own, its static one, or a free one in their order."""
    codecs = list(codecs)
    taken = {codec.payload_type for codec in codecs}
    if len(taken - {None}) != sum(codec.payload_type is not None for codec in codecs):
        raise LocalProtocolError("two codecs have the same payload type", rfc="8866 5.14")
    free = (number for number in _FREE if number not in taken)
    return [codec if codec.payload_type is not None else _with_number(codec, taken, free) for codec in codecs]


def _with_number(codec: Codec, taken: set[int | None], free: Iterator[int]) -> Codec:
    number = _NUMBERS.get(codec.key)
    if number is None or number in taken:
        number = next(free, None)
    if number is None:
        raise LocalProtocolError("more codecs than payload types", rfc="3551 6")
    taken.add(number)
    return evolve(codec, payload_type=number)


def codecs_of(formats: Iterable[str], attributes: Iterable[tuple[str, str | None]]) -> list[Codec | None]:
    """What the formats of an RTP stream stand for, by its rtpmap and fmtp attributes; None for what nobody explains.

    Attributes that are malformed say nothing, and of several for one format the first counts.
    """
    maps: dict[int, tuple[str, int, int]] = {}
    params: dict[str, str] = {}
    for name, value in attributes:
        match: Any
        if name == "rtpmap" and (match := _rtpmap(value or "")):
            number, encoding, rate, channels = match.groups()
            maps.setdefault(int(number), (encoding, int(rate), int(channels or 1) or 1))
        elif name == "fmtp" and (match := _fmtp(value or "")):
            params.setdefault(match[1], match[2])
    return [_codec(each, maps, params) for each in formats]


def _codec(text: str, maps: dict[int, tuple[str, int, int]], params: dict[str, str]) -> Codec | None:
    if not (text.isascii() and text.isdecimal() and len(text) <= 3 and int(text) <= 127):
        return None
    number = int(text)
    # "If there is no "a=rtpmap", the default payload type mapping, as defined by the current profile in use (for
    # example, RFC 1890 [5]) is to be used." (RFC 3264 5.1)
    named = maps.get(number) or STATIC.get(number)
    return None if named is None else Codec(*named, payload_type=number, fmtp=params.get(text))
