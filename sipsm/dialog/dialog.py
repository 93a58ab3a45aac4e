"""A dialog: what two user agents know of each other for as long as they talk.

RFC 3261 12. It is made by a request and a response to it (12.1), knows how to make further requests (12.2.1.1) and
judges those that arrive (12.2.2). What happens in it (a session, a subscription) is a usage, and not its affair.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar, Final

from attrs import define

from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.machine import Ignore, Machine, Refuse, Row, Step, Table, always
from sipsm.message import Address, Request, Response

INITIAL: Final = "Initial"
EARLY: Final = "Early"
CONFIRMED: Final = "Confirmed"
TERMINATED: Final = "Terminated"

LAST_CSEQ: Final = 2**31 - 1


@define(eq=False)
class Dialog(Machine):
    """One dialog, seen from one side."""

    table: ClassVar[Table]

    call_id: str
    local_tag: str
    local: str
    """Our address with our tag, as it stands in From of what we send."""
    remote: str
    """The peer's address, with its tag once it is known, as it stands in To of what we send."""
    local_cseq: int
    uac: bool
    """Whether we sent the request that made it."""
    remote_tag: str | None = None
    remote_cseq: int | None = None
    remote_target: Uri | None = None
    route_set: tuple[str, ...] = ()

    @property
    def next_hop(self) -> Uri | None:
        """Where its requests are sent first: the first URI of the route set, else the remote target (12.2.1.1)."""
        return Address.parse(self.route_set[0]).uri if self.route_set else self.remote_target

    def next_request(
        self,
        method: str,
        via: str,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        *,
        cseq: int | None = None,
    ) -> Request:
        """A request within the dialog, with the next CSeq number, or for an ACK with `cseq`, the INVITE's (12.2.1.1).

        Raises `LocalProtocolError` when the peer has not said where it is to be reached, or the numbers are used up.
        """
        if self.remote_target is None:
            raise LocalProtocolError(f"cannot send {method}: the peer has not named a Contact", rfc="3261 12.1.2")
        if cseq is None:
            if self.local_cseq >= LAST_CSEQ:
                raise LocalProtocolError(f"cannot send {method}: the CSeq numbers are used up", rfc="3261 8.1.1.5")
            cseq = self.local_cseq + 1
        uri, routes = request_uri_and_routes(self.remote_target, self.route_set)
        request = Request.build(
            method,
            uri,
            [
                ("Via", via),
                *(("Route", route) for route in routes),
                ("Max-Forwards", "70"),
                ("From", self.local),
                ("To", self.remote),
                ("Call-ID", self.call_id),
                ("CSeq", f"{cseq} {method}"),
                *headers,
            ],
            body,
        )
        self.local_cseq = max(self.local_cseq, cseq)
        return request


def request_uri_and_routes(target: Uri, route_set: tuple[str, ...]) -> tuple[Uri, tuple[str, ...]]:
    """Where a request for `target` by way of `route_set` is addressed to, and its Route lines (RFC 3261 12.2.1.1)."""
    if not route_set:
        return target, ()
    first = Address.parse(route_set[0])
    if first.uri.lr:
        return target, route_set
    # "If the route set is not empty, and its first URI does not contain the lr parameter, the UAC MUST place the first
    # URI from the route set into the Request-URI, stripping any parameters that are not allowed in a Request-URI. ...
    # The UAC MUST then place the remote target URI into the Route header field as the last value."
    return as_request_uri(first.uri), (*route_set[1:], f"<{target}>")


def as_request_uri(uri: Uri) -> Uri:
    """The URI without what must not stand in a Request-URI: the method parameter and the headers (19.1.1)."""
    if uri.headers is None and "method" not in uri.params:
        return uri
    before, at, behind = str(uri).rpartition("@")
    return Uri.parse(before + at + _method.sub("", behind.partition("?")[0]))


_method = re.compile(r";method(=[^;]*)?(?=;|$)", re.IGNORECASE)


def target_of(message: Request | Response) -> Uri | None:
    """The URI of the Contact, at which its sender is to be reached, or None."""
    contact = message.contact
    return None if contact is None or contact.is_star else as_request_uri(contact.uri)


def learn_remote(dialog: Dialog, response: Response, _step: Step) -> None:
    """Take the peer's tag, target and route from the response that makes or confirms the dialog."""
    # "The route set MUST be set to the list of URIs in the Record-Route header field from the response, taken in
    # reverse order and preserving all URI parameters." (RFC 3261 12.1.2; again for the 2xx, 13.2.2.4)
    dialog.remote = response.lines_of("To")[0]
    dialog.remote_tag = response.to_tag
    dialog.route_set = tuple(str(route) for route in reversed(response.record_route))
    dialog.remote_target = target_of(response) or dialog.remote_target


def remember_cseq(dialog: Dialog, request: Request, _step: Step) -> None:
    """The number that the next request must exceed."""
    # "the UAS MUST ... set the remote sequence number to the value of the sequence number in the CSeq header field
    # value in the request." (RFC 3261 12.2.2)
    dialog.remote_cseq = request.cseq.number


def out_of_order(dialog: Dialog, request: Request, _at: Any) -> bool:
    """The request's number is lower than that of an earlier one; equal is a merged request, not a new one."""
    return dialog.remote_cseq is not None and request.cseq.number <= dialog.remote_cseq


# fmt: off
Dialog.table = Table(
    "dialog",
    rfc="3261 12",
    initial=INITIAL,
    rows=(
        #   state      input      guard   next        actions           RFC
        Row(INITIAL,   "1XX",     always, EARLY,      (learn_remote,),  "3261 12.1.2"),
        Row(INITIAL,   "2XX",     always, CONFIRMED,  (learn_remote,),  "3261 12.1.2"),
        Row(INITIAL,   "INVITE",  always, EARLY,      (),               "3261 12.1.1"),
        Row(INITIAL,   "OVER",    always, TERMINATED, (),               "3261 12.3"),
        Row(EARLY,     "1XX",     always, EARLY,      (learn_remote,),  "3261 12.1.2"),
        Row(EARLY,     "2XX",     always, CONFIRMED,  (learn_remote,),  "3261 13.2.2.4"),
        Row(EARLY,     "ACCEPT",  always, CONFIRMED,  (),               "3261 12.1.1"),
        Row(EARLY,     "OVER",    always, TERMINATED, (),               "3261 12.3"),
        Row(CONFIRMED, "OVER",    always, TERMINATED, (),               "3261 12.3"),
        Refuse({EARLY, CONFIRMED}, "REQUEST", out_of_order, 500, "its CSeq number is not higher than the last one's",
                                                                                 "3261 12.2.2"),
        Row(EARLY,     "REQUEST", always, EARLY,      (remember_cseq,), "3261 12.2.2"),
        Row(CONFIRMED, "REQUEST", always, CONFIRMED,  (remember_cseq,), "3261 12.2.2"),
        Refuse({INITIAL, TERMINATED}, "REQUEST", always, 481, "there is no such dialog", "3261 12.2.2"),
    ),
    ignored=(
        Ignore(INITIAL, "ACCEPT", "a 2xx is sent for an INVITE that has arrived"),
        Ignore({EARLY, CONFIRMED, TERMINATED}, "INVITE", "made only once"),
        Ignore({CONFIRMED, TERMINATED}, "1XX", "late provisional"),
        Ignore(CONFIRMED, {"2XX", "ACCEPT"}, "confirmed already; the route set never changes after that, 3261 12.2"),
        Ignore(TERMINATED, {"2XX", "ACCEPT", "OVER"}, "the dialog is over"),
    ),
)
# fmt: on


def as_uac(request: Request) -> Dialog:
    """The dialog that a response to this request of ours may make (RFC 3261 12.1.2)."""
    return Dialog(
        call_id=request.call_id,
        local_tag=request.from_tag or "",
        local=request.lines_of("From")[0],
        remote=request.lines_of("To")[0],
        local_cseq=request.cseq.number,
        uac=True,
        # Deviation: RFC 3261 12.1.2 and 13.3.1.4 have a Contact in every response that makes a dialog. A peer that
        # names none is looked for where it was called.
        remote_target=as_request_uri(request.uri),
    )


def as_uas(request: Request, tag: str, first_cseq: int) -> Dialog:
    """The dialog that our response with this To tag to a peer's request makes (RFC 3261 12.1.1)."""
    # "The route set MUST be set to the list of URIs in the Record-Route header field from the request, taken in
    # order and preserving all URI parameters." An empty remote sequence number is set from the request.
    return Dialog(
        call_id=request.call_id,
        local_tag=tag,
        local=str(request.to.with_tag(tag)),
        remote=request.lines_of("From")[0],
        local_cseq=first_cseq,
        uac=False,
        remote_tag=request.from_tag,
        remote_cseq=request.cseq.number,
        # An INVITE of RFC 2543 may have no Contact: then its sender is looked for at its From.
        remote_target=target_of(request) if request.contact else as_request_uri(request.from_.uri),
        route_set=tuple(str(route) for route in request.record_route),
    )
