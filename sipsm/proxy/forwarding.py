"""The copy of a request that is forwarded, and of a response that is passed back.

RFC 3261 16.6 items 1 to 9, 16.7 items 3 and 8; RFC 5393 5.3.3 (Max-Breadth); RFC 6665 4.3 (which NOTIFYs stay here).
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from sipsm.errors import RemoteProtocolError
from sipsm.grammar import Uri
from sipsm.grammar.lists import split_list
from sipsm.ids import MAGIC_COOKIE
from sipsm.message import KNOWN_METHODS, Address, Request, Response, Via, forwarded
from sipsm.message.headers import MAX_BREADTH
from sipsm.proxy.own import with_route
from sipsm.proxy.target import RouteTarget
from sipsm.proxy.validating import can_be_written

DIALOGS = frozenset({"INVITE", "SUBSCRIBE", "REFER"})
"""The methods that begin a dialog, beside NOTIFY."""


def wants_to_stay(request: Request, was_routed_here: bool) -> bool:
    """Whether a proxy that stays in dialogs records its route in this request (RFC 3261 16.6 item 4)."""
    # "If a proxy wishes to see all of the SUBSCRIBE and NOTIFY requests for a given dialog, it MUST add a
    # "Record-Route" header field to the initial SUBSCRIBE request and all NOTIFY requests." And: "Proxies that did not
    # add a "Record-Route" header field to the initial SUBSCRIBE request MUST NOT add a "Record-Route" header field to
    # any of the associated NOTIFY requests." (RFC 6665 4.3)  Only by that header do they come by Route.
    if request.method == "NOTIFY":
        return was_routed_here
    # "it SHOULD add a Record-Route header field value to every request with a method it does not understand since that
    # method may have dialog semantics." (RFC 3261 16.6 item 4)
    return request.method in DIALOGS or request.method not in KNOWN_METHODS


def copy_of(
    request: Request, target: RouteTarget, via: Via, breadth: int, record_route: str = ""
) -> tuple[Request, Uri]:
    """The request as it goes to a target, and the URI by which its next hop is found (RFC 3261 16.6 item 7).

    Raises `RemoteProtocolError` when it has been forwarded too often.
    """
    # "The Request-URI in the copy's start line MUST be replaced with the URI for this target. If the URI contains any
    # parameters not allowed in a Request-URI, they MUST be removed." (RFC 3261 16.6 item 2)
    if str(target.uri) != request._uri_text:
        request = request.with_uri(target.uri)
    # "All proxied requests MUST contain a single Max-Breadth header field value." (RFC 5393 5.3.3)
    request = request.with_header(MAX_BREADTH, breadth)
    for value in reversed(target.route):
        # "This set MUST be pushed into the Route header field of the copy ahead of any existing values, if present."
        # (RFC 3261 16.6 item 6)
        request = request.with_pushed("Route", value)
    towards = target.uri
    route = request.route
    if route:
        towards = route[0].uri
        if not towards.lr:
            # "The proxy MUST place the Request-URI into the Route header field as the last value." And: "The proxy MUST then
            # place the first Route header field value into the Request-URI and remove that value from the Route header
            # field." (RFC 3261 16.6 item 6)
            rest = [*(str(each) for each in route[1:]), f"<{target.uri}>"]
            request = with_route(request.with_uri(towards), rest)
    own = Address.parse(record_route) if record_route else None
    return forwarded(request, via=via, record_route=own), towards


def stateless_branch(request: Request, secret: bytes) -> str:
    """The branch of a request that is forwarded without state: the same for each repeat of it (RFC 3261 16.11)."""
    # "If it begins with the magic cookie, the first component of the branch ID of the outgoing request is computed as a
    # hash of the received branch ID. Otherwise, the first component of the branch ID is computed as a hash of the
    # topmost Via, the tag in the To header field, the tag in the From header field, the Call-ID header field, the CSeq
    # number (but not method), and the Request-URI from the received request." (RFC 3261 16.11)
    branch = request.branch or ""
    if branch.startswith(MAGIC_COOKIE):
        made_of = [branch, str(request.via.sent_by)]
    else:
        tags = request.to_tag or "", request.from_tag or ""
        made_of = [str(request.via), *tags, request.call_id, str(request.cseq.number), str(request.uri)]
    text = "\n".join(made_of).encode("utf-8", "surrogateescape")
    return MAGIC_COOKIE + blake2b(text, digest_size=10, key=secret).hexdigest()


# -------------------------------------------------------------------- responses


def without_our_via(response: Response) -> Response | None:
    """The response as it goes on; None when it was meant for us, or belongs nowhere."""
    # "The proxy removes the topmost Via header field value from the response. If no Via header field values remain in
    # the response, the response was meant for this element and MUST NOT be forwarded." (RFC 3261 16.7 item 3)
    try:
        passed = response.without_first("Via")
        _ = passed.via
    except RemoteProtocolError:
        return None
    return passed


def rewritten(response: Response, recorded: str, instead: str) -> Response:
    """The response with the topmost of these Record-Route values replaced (RFC 3261 16.7 item 8)."""
    # "When the response arrives, the proxy modifies the first Record-Route whose identifier matches the proxy instance.
    # The modification results in a URI without this piece of data appended to the user portion of the URI." (RFC 3261
    # 16.7 item 8)
    try:
        values = [value for line in response.lines_of("Record-Route") for value in split_list(line)]
    except RemoteProtocolError:
        return response
    if recorded not in values or not all(map(can_be_written, values)):
        return response
    values[values.index(recorded)] = instead
    return response.with_header("Record-Route", *values)


def without_contacts(response: Response, tried: Sequence[Address]) -> Response:
    """The 3xx without the Contacts that are tried instead of it (RFC 3261 16.7 item 4)."""
    left = [str(each) for each in response.contacts if each not in tried]
    return response.with_header("Contact", *left) if left else response.without_header("Contact")
