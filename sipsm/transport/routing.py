"""Which flow a message may take: by its Via, where its connection is gone, and with a SIPS URI.

RFC 3261 18.1.2, 18.2.2 (its first case) and 26.2.2. The other cases of 18.2.2 are in `sipsm.transport.via`.
"""

from __future__ import annotations

from collections.abc import Iterable

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message import Request, Response, Via, read_message
from sipsm.transport.flow import Flow, Listening
from sipsm.transport.locate import SECURE
from sipsm.transport.via import same_host


def is_our_sent_by(via: Via, listening: Iterable[Listening]) -> bool:
    """Whether a response's top Via bears an address that we put into requests (RFC 3261 18.1.2)."""
    # "If the value of the "sent-by" parameter in that header field value does not correspond to a value that the client
    # transport is configured to insert into requests, the response MUST be silently discarded." (RFC 3261 18.1.2)
    host, port = via.sent_by
    for own in listening:
        ours, our_port = own.advertised
        if port == our_port and (host == ours.lower() or same_host(host, ours)):
            return True
    return False


def way_back(data: bytes, flow: Flow) -> Flow | None:
    """Where a response goes whose connection is gone: the name of a new one; None where there is no other way.

    For a request there is none: whoever sent it chooses its next target (RFC 3263 4.3).
    """
    if not flow.reliable or not flow.local[1] or flow.transport in {"WS", "WSS"}:
        # It was no connection, or a new one already. A WebSocket client, such as a browser, takes none (RFC 7118 4).
        return None
    try:
        response = read_message(data)
        if not isinstance(response, Response):
            return None
        port = response.via.sent_by[1]
    except RemoteProtocolError:
        return None
    # "If that connection is no longer open, the server SHOULD open a connection to the IP address in the "received"
    # parameter, if present, using the port in the "sent-by" value, or the default port for that transport, if no port
    # is specified." (RFC 3261 18.2.2)  That address is the one that the request came from, where the parameter is ours;
    # a parameter that the client wrote itself must not send us to somebody else.
    name = response.via.host if flow.transport in SECURE else ""
    return Flow(flow.transport, (flow.local[0], 0), (flow.remote[0], port), name)


def must_be_secure(request: Request) -> bool:
    """Whether a request is for a SIPS URI, or goes by way of one: then it leaves over TLS or not at all."""
    # "When used as the Request-URI of a request, the SIPS scheme signifies that each hop over which the request is
    # forwarded, until the request reaches the SIP entity responsible for the domain portion of the Request-URI, must be
    # secured with TLS" (RFC 3261 26.2.2)  "... and Route headers. In each instance, the SIPS URI scheme allows these
    # existing fields to designate secure resources."
    if request.uri._scheme == "sips":
        return True
    route = request.route if request.has("Route") else ()
    return bool(route) and route[0].uri.scheme == "sips"


def check_secure(request: Request, flow: Flow) -> None:
    """Raises LocalProtocolError when a request that must be secure would leave over a flow that others can read."""
    if flow.transport not in SECURE and must_be_secure(request):
        raise LocalProtocolError(f"{request.uri} must not be reached over {flow.transport}: use TLS", rfc="3261 26.2.2")
