"""A flow: where bytes come from and go to, and what an adapter is asked to do with it.

"Flow" is RFC 5626's word: one connection, or one pair of addresses of a datagram socket.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, NamedTuple

from attrs import field, frozen

from sipsm.errors import LocalProtocolError
from sipsm.grammar import is_host

Address = tuple[str, int]
"""A numeric host and a port. IPv6 without brackets."""

RELIABLE = frozenset({"TCP", "TLS", "WS", "WSS", "SCTP", "TLS-SCTP"})


def bracketed(host: str) -> str:
    """A host as it stands in a URI or a Via: IPv6 in brackets (RFC 3261 25.1, IPv6reference)."""
    return f"[{host}]" if ":" in host else host


LONGEST_ADDRESS = 64
"""Characters; no numeric address is longer, and what strangers send that is longer is not kept."""


def is_numeric(host: str) -> bool:
    """Whether a host is an IPv4 address or an IPv6 one, with or without brackets."""
    return len(host) <= LONGEST_ADDRESS and _is_address(host)


@lru_cache(maxsize=4096)
def _is_address(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


@lru_cache(maxsize=4096)
def is_multicast(host: str) -> bool:
    """Whether a numeric host is that of a group: 224.0.0.0/4, or ff00::/8."""
    return ip_address(host).is_multicast


class Flow(NamedTuple):
    """One connection or datagram association: transport (as in a Via), the own address, the other's address."""

    transport: str
    local: Address
    remote: Address
    name: str = ""
    """Of a connection that may have to be made first, over TLS or WebSocket: the name that the other side must have."""

    @property
    def reliable(self) -> bool:
        """Whether the transport itself sends again what was lost (RFC 3261 17.1.1.1)."""
        return self.transport in RELIABLE


@frozen
class Listening:
    """A local address that takes requests, and how others are told to reach it.

    `advertised` stands in Via and Contact; it is needed where `address` is a wildcard such as 0.0.0.0.
    """

    transport: str
    address: Address = field()
    advertised: Address = field()

    @address.validator
    def _numeric(self, _: object, value: Address) -> None:
        if not is_numeric(value[0]):
            raise LocalProtocolError(f"{value[0]!r} is no numeric address to listen on")

    @advertised.default
    def _same(self) -> Address:
        return self.address

    @advertised.validator
    def _reachable(self, _: object, value: Address) -> None:
        if not is_host(bracketed(value[0])) or not 0 <= value[1] <= 65_535:
            raise LocalProtocolError(f"{value} is no address to advertise", rfc="3261 25.1")
        if is_numeric(value[0]) and ip_address(value[0].strip("[]")).is_unspecified:
            raise LocalProtocolError(
                f"nobody can answer to {value[0]}: say which address to advertise", rfc="3261 18.1.1"
            )

    @classmethod
    def parse(cls, text: str, advertised: Address | None = None) -> Listening:
        """From `udp:127.0.0.1:5060` or `udp:[::1]:5060`. Raises `LocalProtocolError` for anything else."""
        transport, host, port = split_address(text)
        return cls(transport, (host, port), advertised or (host, port))

    @property
    def sent_by(self) -> str:
        """What a Via says of where responses go (RFC 3261 18.1.1)."""
        host, port = self.advertised
        return f"{bracketed(host)}:{port}"

    @property
    def contact(self) -> str:
        """What a Contact says of where requests go (RFC 3261 8.1.1.8)."""
        # Without the parameter a numeric host means UDP (RFC 3263 4.1).
        # Deviation: RFC 5630 5.1.1 forbids "transport=tls". A SIP URI of who is reached over TLS only has no other way
        # to say so, and a Contact must be one where the request was for one (5.1.1.2).
        transport = "" if self.transport == "UDP" else f";transport={self.transport.lower()}"
        return f"<sip:{self.sent_by}{transport}>"

    @property
    def secure_contact(self) -> str:
        """The same as a SIPS URI; for an address over TLS only."""
        # "To emphasize what is already defined in [RFC3261], UAs MUST NOT use the "transport=tls" parameter." (RFC 5630
        # 5.1.1)
        return f"<sips:{self.sent_by}>"


def split_address(text: str) -> tuple[str, str, int]:
    """The parts of `udp:127.0.0.1:5060` or `udp:[::1]:5060`: transport as in a Via, host without brackets, port.

    Raises `LocalProtocolError` for anything else.
    """
    match = _ADDRESS.fullmatch(text)
    if match is None or int(match["port"]) > 65_535:
        raise LocalProtocolError(f"{text!r} is no address such as udp:127.0.0.1:5060 or udp:[::1]:5060")
    return match["transport"].upper(), match["v6"] or match["host"], int(match["port"])


_ADDRESS = re.compile(
    r"(?P<transport>udp|tcp|tls|ws|wss):(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[^:\[\]]+)):(?P<port>[0-9]{1,5})", re.I
)


class _Unsealed:
    """A `Send` that is not frozen yet."""

    __slots__ = ("data", "flow", "sender")


@frozen(weakref_slot=False)
class Send(_Unsealed):
    """Action: send these bytes on this flow. If that fails, hand this very object to `send_failed`."""

    flow: Flow
    data: bytes
    sender: object = None
    """Whom a failure concerns; nothing to an adapter."""


def send_of(flow: Flow, data: bytes, sender: object) -> Send:
    """`Send(flow, data, sender)`, in half the time: one is made for every message."""
    # What is frozen can be filled only by detours. So what is filled is its base, of the same slots and not frozen, and
    # becomes what it is to be afterwards.
    send: Any = _new(_Unsealed)
    send.flow = flow
    send.data = data
    send.sender = sender
    send.__class__ = Send
    return send  # type: ignore[no-any-return]


_new = object.__new__


@frozen
class Resolve:
    """Action: ask the DNS for the records of a name; then call `resolved(this, records)`, `()` when there are none.

    `type` is "A" or "AAAA", whose records are numeric hosts; "SRV", whose are `Srv`; or "NAPTR", whose are `Naptr`
    (RFC 3263 4).
    """

    id: int
    name: str
    type: str


class Srv(NamedTuple):
    """One SRV record: a server of a service, and how much it is wanted (RFC 2782)."""

    priority: int
    """The lowest is tried first."""
    weight: int
    """The share of those of equal priority."""
    port: int
    target: str
    """The name of the server; "." says that there is no such service."""


class Naptr(NamedTuple):
    """One NAPTR record: for SIP, which transports a domain wants to be spoken to over (RFC 3263 4.1)."""

    order: int
    preference: int
    flags: str
    service: str
    """Such as "SIP+D2U": SIP over UDP."""
    regexp: str
    replacement: str
    """The name whose SRV records are to be asked for."""


@frozen
class Open:
    """Action: make a connection; then call `flow_opened(flow, now, open=this)`, or `open_failed(this, now)`.

    When the peer has sent its last (the end of what it sends was read, but nothing failed), call `flow_finished(flow)`,
    keep the connection, and go on sending on it until `Close`: he may still read what he is owed. Who cannot keep such
    a half of a connection closes it, and calls `flow_closed(flow)` instead.
    """

    id: int
    transport: str
    local: Address
    """The own host, and the port; 0 is any."""
    remote: Address
    name: str = ""
    """The name by which the other is known: its certificate must bear it (TLS), a WebSocket asks for it."""


@frozen
class Close:
    """Action: close a connection; then call `flow_closed(flow)`."""

    flow: Flow
