"""What a server does with the top Via: learn where a request came from, and where its responses go.

RFC 3261 18.2.1 and 18.2.2, RFC 3581 4.
"""

from __future__ import annotations

from ipaddress import ip_address

from sipsm.errors import RemoteProtocolError
from sipsm.message import Request, Via
from sipsm.message.marking import asks_for_port, filled_in_place, marked_in_place
from sipsm.transport.flow import RELIABLE, Address, Flow, is_numeric


def received_from(request: Request, source: Address) -> Request:
    """The request with `received` and `rport` filled in where the standards ask for it; the same one otherwise."""
    marked = _marked(request.via, source)
    return request if marked is None else request.with_via(marked)


def just_received_from(request: Request, source: Address) -> Request:
    """The same as `received_from`, at a fifth of the cost: for who has just read the request, and gives that away.

    What is filled in may be filled in there.
    """
    host, port = source
    if filled_in_place(request, host.partition("%")[0], port):
        return request
    marked = _marked(request.via, source)
    return request if marked is None else marked_in_place(request, marked)


def _marked(via: Via, source: Address) -> Via | None:
    """The top Via of a request from this source with what the standards ask for; None where that is nothing."""
    # The zone of a link-local address ("fe80::1%2") is of this host only, and has no place in a message.
    host = source[0].partition("%")[0]
    if via.has_rport:
        # "If this Via header field value contains an "rport" parameter with no value, it MUST set the value of the
        # parameter to the source port of the request." And "the server MUST insert a "received" parameter containing
        # the source IP address that the request came from, even if it is identical to the value of the "sent-by"
        # component." (RFC 3581 4)

        # Deviation: RFC 3581 4 fills in an `rport` without a value. One that has a value is not believed either.
        return via.with_params(received=host, rport=source[1])
    if not same_host(via.host, host):
        # "If the host portion of the "sent-by" parameter contains a domain name, or if it contains an IP address
        # that differs from the packet source address, the server MUST add a "received" parameter" (RFC 3261 18.2.1)
        return via.with_params(received=host)
    return None


def response_flow(request: Request, flow: Flow) -> Flow:
    """Where the responses to a request go that came on `flow`, by its top Via (RFC 3261 18.2.2, RFC 3581 4).

    One whose parameters are malformed can be told so at its sent-by's port. Raises RemoteProtocolError when the Via has
    no sent-by that can be read.
    """
    if flow.transport in RELIABLE or asks_for_port(request):
        return flow
    try:
        via = request.via
    except RemoteProtocolError:
        via = Via.sent_by_alone(next(iter(request.lines_of("Via")), ""))
    # Deviation: RFC 3261 18.2.2 sends to any maddr. One that is a name, or of the other IP version, cannot be used
    # from this flow; the response then goes where it would go without.
    maddr = via.maddr
    if maddr is not None and is_numeric(maddr) and (":" in maddr) == (":" in flow.local[0]):
        return flow._replace(remote=(maddr.strip("[]"), via.port or 5060))
    # The host is the packet's source in every other case: either sent-by names it, or `received` does.
    host, port = flow.remote
    if via.has_rport or port == (via.port or 5060):
        return flow
    return flow._replace(remote=(host, via.port or 5060))


def same_host(name: str, address: str) -> bool:
    """Whether a host as written in a message is this numeric address; a name never is."""
    if name == address:
        return True
    try:
        return ip_address(name.strip("[]")) == ip_address(address)
    except ValueError:
        return False
