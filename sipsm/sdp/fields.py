"""The values of a description's lines: o=, c=, b=, t= with r= and z=, and a= (RFC 8866 5 and 9).

Each reads the text behind the "=" and is written as it. What a program builds is checked; what is read is a value or
RemoteProtocolError. Not here: m= lines (`media`), and what attributes mean (`codec`, `section`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Self

from attrs import Attribute as Field
from attrs import Factory, field, frozen

from sipsm.errors import LocalProtocolError, RemoteProtocolError

# token = 1*(token-char), token-char = ALPHA / DIGIT / "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^"
#         / "_" / "`" / "{" / "|" / "}" / "~"
TOKEN = r"[A-Za-z0-9!#$%&'*+\-.^_`{|}~]++"
# non-ws-string = 1*(VCHAR/%x80-FF)
WORD = r"[^\x00-\x20\x7f]++"
# One SP it is; more are read, as many write them to align.
SP = r"[ ]++"
_END = r"[ ]*+"

_is_token = re.compile(TOKEN).fullmatch
_is_word = re.compile(WORD).fullmatch

# origin-field = %s"o" "=" username SP sess-id SP sess-version SP nettype SP addrtype SP unicast-address CRLF
# sess-id = 1*DIGIT, sess-version = 1*DIGIT
# "The numeric value of the session id and version in the o line MUST be representable with a 64 bit signed integer."
# (RFC 3264 5)  An unsigned one is read as well.
_origin = re.compile(
    rf"({WORD}){SP}([0-9]{{1,20}}+){SP}([0-9]{{1,20}}+){SP}({TOKEN}){SP}({TOKEN}){SP}({WORD}){_END}"
).fullmatch
# connection-field = %s"c" "=" nettype SP addrtype SP connection-address CRLF
_connection = re.compile(rf"({TOKEN}){SP}({TOKEN}){SP}({WORD}){_END}").fullmatch
# IP4-multicast = m1 3( "." decimal-uchar ) "/" ttl [ "/" numaddr ], IP6-multicast = IP6-address [ "/" numaddr ]
_slashed = re.compile(r"([^/]++)(?:/([0-9]{1,5}+))?(?:/([0-9]{1,5}+))?").fullmatch
# m1 = ("22" ("4"/"5"/"6"/"7"/"8"/"9")) / ("23" DIGIT )
_is_ip4_multicast = re.compile(r"(?:22[4-9]|23[0-9])(?:\.[0-9]{1,3}){3}").fullmatch
# bandwidth-field = %s"b" "=" bwtype ":" bandwidth CRLF
_bandwidth = re.compile(rf"({TOKEN}):[ ]*+([0-9]{{1,20}}+){_END}").fullmatch
# time-field = %s"t" "=" start-time SP stop-time CRLF
_time = re.compile(rf"([0-9]{{1,20}}+){SP}([0-9]{{1,20}}+){_END}").fullmatch
# typed-time = 1*DIGIT [fixed-len-time-unit], fixed-len-time-unit = %s"d" / %s"h" / %s"m" / %s"s"
_typed_time = re.compile(r"(-?)([0-9]{1,20}+)([dhms]?)").fullmatch
_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1, "": 1}
# attribute = (attribute-name ":" attribute-value) / attribute-name
_is_bytes = re.compile(r"[^\x00\r\n]*+").fullmatch

MAX_ADDRESSES = 65_535


def refused(text: str, what: str, section: str) -> RemoteProtocolError:
    """The error for a text that is not what it should be."""
    return RemoteProtocolError(f"{text[:80]!r} is no {what}", rfc=f"8866 {section}")


def _token(_: Any, at: Field[str], value: str) -> None:
    if _is_token(value) is None:
        raise LocalProtocolError(f"{value!r} is no {at.name}: a token is needed", rfc="8866 9")


def _word(_: Any, at: Field[str], value: str) -> None:
    if _is_word(value) is None:
        raise LocalProtocolError(f"{value!r} is no {at.name}: it is empty or has spaces", rfc="8866 9")


def number(_: Any, at: Field[Any], value: int) -> None:
    """Refuse what is no number that a line can hold."""
    if not 0 <= value < 10**20:
        raise LocalProtocolError(f"{value} is no {at.name}", rfc="8866 9")


def _address_type(value: Origin | Connection) -> str:
    return "IP6" if ":" in value.address else "IP4"


@frozen
class Origin:
    """Who made a session, and which version of its description this is: the o= line (RFC 8866 5.2).

    All but the version names the session. `str(origin)` is the line's text.
    """

    username: str = field(validator=_word)
    """The user's name on the host, or "-"."""
    session_id: str = field(converter=str)
    """Digits that no other session of this user and host has."""
    version: int = field(validator=number)
    """What rises by one with each change of the description (RFC 3264 8)."""
    address: str = field(validator=_word)
    """The host, which need not be where media goes."""
    address_type: str = field(validator=_token, default=Factory(_address_type, takes_self=True))
    network_type: str = field(validator=_token, default="IN")

    @session_id.validator
    def _check_id(self, _: Any, value: str) -> None:
        if not (value.isascii() and value.isdecimal() and len(value) <= 20):
            raise LocalProtocolError(f"{value!r} is no session id: it has up to 20 digits", rfc="8866 5.2")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The origin that the text names; else raises RemoteProtocolError."""
        match = _origin(text)
        if match is None:
            raise refused(text, "origin", "5.2")
        username, session_id, version, network_type, address_type, address = match.groups()
        return cls(username, session_id, int(version), address, address_type, network_type)

    def is_same_session(self, other: Origin) -> bool:
        """Whether both name the same session, in whichever version."""
        # "the tuple of <username>, <sess-id>, <nettype>, <addrtype>, and <unicast-address> forms a globally unique
        # identifier for the session." (RFC 8866 5.2)
        return self._name == other._name

    @property
    def _name(self) -> tuple[str, ...]:
        return self.username, self.session_id, self.network_type, self.address_type, self.address

    def __str__(self) -> str:
        return (
            f"{self.username} {self.session_id} {self.version} {self.network_type} {self.address_type} {self.address}"
        )


@frozen
class Connection:
    """Where media goes: the c= line (RFC 8866 5.7). `str(connection)` is the line's text.

    A multicast address of IPv4 has a TTL; `count` addresses from this one on carry the layers of a layered encoding.
    """

    address: str = field(validator=_word)
    ttl: int | None = None
    count: int = 1
    address_type: str = field(validator=_token, default=Factory(_address_type, takes_self=True))
    network_type: str = field(validator=_token, default="IN")

    def __attrs_post_init__(self) -> None:
        if self._is_ip and "/" in self.address:
            raise LocalProtocolError(f"{self.address!r} is no address: give ttl and count by name", rfc="8866 5.7")
        if self.ttl is not None and (self.address_type != "IP4" or not 0 <= self.ttl <= 255):
            # "TTL values MUST be in the range 0-255." And: "the TTL value MUST NOT be present for "IP6" multicast."
            # (RFC 8866 5.7)
            raise LocalProtocolError(f"{self.ttl} is no TTL of {self.address_type}", rfc="8866 5.7")
        if self.ttl is None and self.address_type == "IP4" and self.is_multicast:
            # "Sessions using an "IP4" multicast connection address MUST also have a time to live (TTL) value present"
            # (RFC 8866 5.7)
            raise LocalProtocolError(f"{self.address} is multicast and needs a TTL", rfc="8866 5.7")
        if not 1 <= self.count <= MAX_ADDRESSES or (self.count > 1 and not self.is_multicast):
            # "The slash notation for multiple addresses described above MUST NOT be used for IP unicast addresses."
            # (RFC 8866 5.7)
            raise LocalProtocolError(f"{self.count} addresses from {self.address} on", rfc="8866 5.7")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The connection that the text names; else raises RemoteProtocolError."""
        match = _connection(text)
        if match is None:
            raise refused(text, "connection", "5.7")
        network_type, address_type, address = match.groups()
        if network_type != "IN" or address_type not in ("IP4", "IP6"):
            # Other networks have addresses of their own, in which a slash means something else or nothing.
            return cls(address, None, 1, address_type, network_type)
        slashed = _slashed(address)
        if slashed is None or (address_type == "IP6" and slashed[3] is not None):
            raise refused(text, "connection", "5.7")
        address, first, second = slashed.groups()
        ttl, count = (first, second) if address_type == "IP4" else (None, first)
        try:
            return cls(
                address,
                None if ttl is None else int(ttl),
                1 if count is None else int(count),
                address_type,
                network_type,
            )
        except LocalProtocolError as error:
            raise RemoteProtocolError(error.what, rfc=error.rfc) from None

    @property
    def is_multicast(self) -> bool:
        """Whether all who take part send to and listen at the same group address."""
        if not self._is_ip:
            return False
        if self.address_type == "IP6":
            return self.address[:2].lower() == "ff" and ":" in self.address
        # A name with a TTL is a group's.
        is_group = _is_ip4_multicast(self.address) is not None
        return is_group or (self.ttl is not None and not _is_ip4(self.address))

    @property
    def _is_ip(self) -> bool:
        return self.network_type == "IN" and self.address_type in ("IP4", "IP6")

    @property
    def is_unspecified(self) -> bool:
        """Whether it is 0.0.0.0 or ::, to which nothing is sent (RFC 3264 8.4)."""
        return self.address in ("0.0.0.0", "::")

    @property
    def addresses(self) -> Iterator[str]:
        """All `count` addresses, one above the other; of a name only itself."""
        # "Multicast addresses so assigned are contiguously allocated above the base address" (RFC 8866 5.7)
        kind = IPv6Address if self.address_type == "IP6" else IPv4Address
        try:
            first: IPv4Address | IPv6Address = kind(self.address)
            _ = first + (self.count - 1)
        except ValueError:
            return iter((self.address,))
        return (str(first + offset) for offset in range(self.count))

    def __str__(self) -> str:
        text = f"{self.network_type} {self.address_type} {self.address}"
        if self.ttl is not None:
            text += f"/{self.ttl}"
        return f"{text}/{self.count}" if self.count > 1 else text


def _is_ip4(address: str) -> bool:
    return address.replace(".", "").isdecimal()


@frozen
class Bandwidth:
    """What bandwidth is proposed: a b= line (RFC 8866 5.8). `str(bandwidth)` is the line's text."""

    type: str = field(validator=_token)
    """What is limited, such as "AS" (one stream of one side) or "CT" (the conference)."""
    value: int = field(validator=number)
    """Kilobits a second, unless the type says otherwise."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The bandwidth that the text names; else raises RemoteProtocolError."""
        match = _bandwidth(text)
        if match is None:
            raise refused(text, "bandwidth", "5.8")
        return cls(match[1], int(match[2]))

    def __str__(self) -> str:
        return f"{self.type}:{self.value}"


def _seconds(text: str, rfc: str) -> int:
    match = _typed_time(text)
    if match is None:
        raise refused(text, "time", rfc)
    sign, digits, unit = match.groups()
    return (-1 if sign else 1) * int(digits) * _UNITS[unit]


@frozen
class Repeat:
    """How a session repeats: an r= line, in seconds (RFC 8866 5.10)."""

    interval: int = field(validator=number)
    duration: int = field(validator=number)
    offsets: tuple[int, ...] = field(default=(0,))

    @offsets.validator
    def _check_offsets(self, _: Any, value: tuple[int, ...]) -> None:
        if not value or min(value) < 0:
            raise LocalProtocolError("a repeat has an offset from the start, and none before it", rfc="8866 5.10")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The repeat that the text names; else raises RemoteProtocolError."""
        # repeat-field = %s"r" "=" repeat-interval SP typed-time 1*(SP typed-time) CRLF
        words = text.split()
        if len(words) < 3 or "-" in text:
            raise refused(text, "repeat", "5.10")
        interval, duration, *offsets = [_seconds(word, "5.10") for word in words]
        return cls(interval, duration, tuple(offsets))

    def __str__(self) -> str:
        return " ".join(map(str, (self.interval, self.duration, *self.offsets)))


@frozen
class ZoneAdjustment:
    """From when on repeats are shifted by how many seconds: a pair of a z= line (RFC 8866 5.11)."""

    time: int = field(validator=number)
    offset: int

    @classmethod
    def parse_all(cls, text: str) -> tuple[Self, ...]:
        """The pairs of a z= line; else raises RemoteProtocolError."""
        # zone-field = %s"z" "=" time SP ["-"] typed-time *(SP time SP ["-"] typed-time) CRLF
        words = text.split()
        numbers = [_seconds(word, "5.11") for word in words]
        times = numbers[::2]
        if not words or len(words) % 2 or min(times) < 0:
            raise refused(text, "zone adjustment", "5.11")
        return tuple(map(cls, times, numbers[1::2]))

    def __str__(self) -> str:
        return f"{self.time} {self.offset}"


@frozen
class Timing:
    """When a session is active: a t= line, with the r= and z= lines behind it (RFC 8866 5.9).

    Seconds since 1900; 0 and 0, as in a call, when it is not bounded.
    """

    start: int = field(default=0, validator=number)
    stop: int = field(default=0, validator=number)
    repeats: tuple[Repeat, ...] = ()
    zone: tuple[ZoneAdjustment, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """The times that the text of a t= line names; else raises RemoteProtocolError."""
        match = _time(text)
        if match is None:
            raise refused(text, "time", "5.9")
        return cls(int(match[1]), int(match[2]))

    @property
    def lines(self) -> list[str]:
        """The t= line and what belongs to it."""
        lines = [f"t={self.start} {self.stop}", *(f"r={repeat}" for repeat in self.repeats)]
        return [*lines, "z=" + " ".join(map(str, self.zone))] if self.zone else lines


@frozen
class Attribute:
    """An a= line: `a=name`, or `a=name:value` (RFC 8866 5.13). `str(attribute)` is the line's text."""

    name: str = field(validator=_token)
    value: str | None = field(default=None)

    @value.validator
    def _check_value(self, _: Any, value: str | None) -> None:
        if value is not None and _is_bytes(value) is None:
            raise LocalProtocolError(f"{value!r} cannot be the value of an attribute", rfc="8866 5.13")

    def __str__(self) -> str:
        return self.name if self.value is None else f"{self.name}:{self.value}"
