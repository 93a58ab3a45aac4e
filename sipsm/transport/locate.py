"""Where a request is to be sent: the URI that says so, and what it says.

RFC 3261 8.1.2 and the numeric and A/AAAA cases of RFC 3263 4.1 and 4.2.
"""

from __future__ import annotations

from typing import NamedTuple

from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.message import Request
from sipsm.transport.flow import is_numeric


class Hop(NamedTuple):
    """The next hop of a request: a transport, a host (a name or numeric) and a port."""

    transport: str
    host: str
    port: int

    @property
    def numeric(self) -> bool:
        """Whether the host needs no look-up."""
        return is_numeric(self.host)


def next_hop(request: Request) -> Hop:
    """The next hop by the first Route, else by the Request-URI (RFC 3261 8.1.2, RFC 3263 4).

    For requests whose route set has no strict router: with one, only who made the request knows (12.2.1.1).
    Raises `LocalProtocolError` for a URI that does not say where to send.
    """
    route = request.route
    return hop_to(route[0].uri if route and route[0].uri.lr else request.uri)


def hop_to(uri: Uri) -> Hop:
    """The hop that a URI names; raises `LocalProtocolError` for one that does not."""
    if uri.scheme == "sips" or (uri.transport or "udp").lower() != "udp":
        raise LocalProtocolError(f"cannot send to {uri}: only UDP is spoken", rfc="3263 4.1")
    if uri.scheme != "sip":
        raise LocalProtocolError(f"cannot send to {uri}: a {uri.scheme} URI does not say where", rfc="3263 4")
    # "We define TARGET as the value of the maddr parameter of the URI, if present, otherwise, the host value of the
    # hostport component of the URI." (RFC 3263 4)
    host = uri.maddr or uri.host
    # "If no port is specified, it uses the default port for the particular transport protocol." (RFC 3263 4.2)
    return Hop("UDP", host.strip("[]"), uri.port or 5060)
