"""Where a message is to be sent, as far as a URI or a Via says it: a host, and perhaps a port and a transport.

RFC 3261 8.1.2 (which URI), RFC 3263 4 and 4.1 (what it says), 5 (what a Via says), RFC 7118 5.5 (WebSocket). Which
addresses that comes to is found out by `sipsm.transport.locating`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.message import Request, Via
from sipsm.transport.flow import is_numeric


class Service(NamedTuple):
    """How the DNS knows SIP over one transport (RFC 3263 4.1, RFC 7118 5.5)."""

    srv: str
    """What stands before the domain in the name of its SRV records."""
    naptr: str
    """The service of its NAPTR records."""
    port: int
    """The port where neither URI nor DNS name one."""


# fmt: off
SERVICES = {
    #                SRV            NAPTR       port
    "UDP": Service("_sip._udp.",  "SIP+D2U",  5060),
    "TCP": Service("_sip._tcp.",  "SIP+D2T",  5060),
    "TLS": Service("_sips._tcp.", "SIPS+D2T", 5061),
    "WS":  Service("_sip._ws.",   "SIP+D2W",  80),
    "WSS": Service("_sips._ws.",  "SIPS+D2W", 443),
}
# fmt: on
SECURE = frozenset({"TLS", "WSS"})

_SECURED = {"UDP": None, "TCP": "TLS", "TLS": "TLS", "WS": "WSS", "WSS": "WSS"}
"""What a transport parameter means in a SIPS URI: TLS over it (RFC 3261 26.2.2, RFC 7118 5.5)."""


class Hop(NamedTuple):
    """A next hop as a URI or a Via names it: a host, which may be numeric, and what it says of port and transport."""

    host: str
    port: int | None = None
    transport: str | None = None
    """As in a Via: "UDP", "TCP", "TLS", "WS" or "WSS"."""
    secure: bool = False
    """Whether it must be reached over TLS: it is that of a SIPS URI (RFC 3261 26.2.2)."""
    domain: str = ""
    """The domain of the URI, whose name a certificate must bear (RFC 5922 7.3)."""

    @property
    def numeric(self) -> bool:
        """Whether the host needs no look-up."""
        return is_numeric(self.host)

    def secured(self) -> Hop:
        """The same place, over TLS only; raises `LocalProtocolError` for one that is to be reached over UDP."""
        if self.secure:
            return self
        transport = None if self.transport is None else _over_tls(self.transport, f"sips:{self.domain}")
        return self._replace(transport=transport, secure=True)

    def usable(self, spoken: Sequence[str]) -> tuple[str, ...]:
        """Those of the transports that one speaks over which it may be reached, in their order."""
        if self.transport is None and not self.secure:
            return tuple(spoken)
        if self.transport is not None:
            return tuple(each for each in spoken if each == self.transport)
        return tuple(each for each in spoken if each in SECURE)

    def asked_for(self, spoken: Sequence[str]) -> tuple[str, ...]:
        """Those whose SRV records are asked for where no NAPTR record names one; the default is the first.

        "Queries are done using the service identifier "_sip" for SIP URIs and "_sips" for SIPS URIs." (RFC 3263 4.1)
        """
        usable = self.usable(spoken)
        if len(usable) == 1:
            return usable
        found = tuple(each for each in usable if (each in SECURE) == self.secure) or usable
        # "the client SHOULD use UDP for a SIP URI, and TCP for a SIPS URI" (RFC 3263 4.1)
        return tuple(sorted(found, key=lambda each: each not in {"UDP", "TLS"}))

    def check(self, spoken: Sequence[str], versions: Sequence[str]) -> None:
        """Raises `LocalProtocolError` where none of the transports spoken, or of the IP versions, leads there.

        Versions are those of the addresses' records: "A" and "AAAA".
        """
        if not self.usable(spoken):
            only = f"only {' and '.join(spoken)} {'is' if len(spoken) == 1 else 'are'} spoken"
            how = self.transport or ("TLS" if self.secure else "any transport")
            raise LocalProtocolError(f"cannot send to {self.host} over {how}: {only}", rfc="3263 4.1")
        if self.numeric and version(self.host) not in versions:
            raise LocalProtocolError(f"cannot send to {self.host}: another IP version than our own", rfc="3263 4.2")


_new_hop = tuple.__new__


def version(host: str) -> str:
    """The type of the DNS records that would hold this numeric address."""
    return "AAAA" if ":" in host else "A"


def next_hop(request: Request) -> Hop:
    """The next hop by the first Route, else by the Request-URI (RFC 3261 8.1.2, RFC 3263 4).

    For requests whose route set has no strict router: with one, only who made the request knows (12.2.1.1).
    Raises `LocalProtocolError` for a URI that does not say where to send.
    """
    route = request.route
    return hop_to(route[0].uri if route and route[0].uri.lr else request.uri)


def hop_to(uri: Uri) -> Hop:
    """The hop that a URI names; raises `LocalProtocolError` for one that names none, or a transport unknown here."""
    scheme = uri._scheme
    if scheme == "sip" and not uri._params:
        # Most name a host, perhaps a port, and no more: these are asked for with every request.
        host = uri._host
        return _new_hop(Hop, (host, uri._port or None, None, False, host))
    if scheme not in {"sip", "sips"}:
        raise LocalProtocolError(f"cannot send to {uri}: a {scheme} URI does not say where", rfc="3263 4")
    secure = scheme == "sips"
    transport = uri.transport or None
    if transport is not None:
        transport = transport.upper()
        # "If the URI specifies a transport protocol in the transport parameter, that transport protocol SHOULD be
        # used." (RFC 3263 4.1)
        if transport not in SERVICES:
            raise LocalProtocolError(f"cannot send to {uri}: {transport} is not spoken", rfc="3263 4.1")
        transport = _over_tls(transport, str(uri)) if secure else transport
    # "We define TARGET as the value of the maddr parameter of the URI, if present, otherwise, the host value of the
    # hostport component of the URI." (RFC 3263 4)
    host = (uri.maddr or uri.host).strip("[]")
    return Hop(host, uri.port or None, transport, secure, uri.host)


def _over_tls(transport: str, uri: str) -> str:
    secured = _SECURED[transport]
    if secured is None:
        raise LocalProtocolError(f"cannot send to {uri}: there is no TLS over UDP", rfc="3263 4.1")
    return secured


def hop_of_via(via: Via) -> Hop:
    """Where responses go when the place that the request came from cannot be reached (RFC 3263 5).

    "the server examines the value of the sent-by construction in the topmost Via header."
    """
    return Hop(via.host, via.port, via.transport, via.transport in SECURE, via.host)
