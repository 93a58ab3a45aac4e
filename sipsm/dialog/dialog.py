"""A dialog: what two user agents know of each other for as long as they talk.

RFC 3261 12. It is made by a request and a response to it (12.1), knows how to make further requests (12.2.1.1) and
judges those that arrive (12.2.2). What happens in it (a session, a subscription) is a usage, and not its affair.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, ClassVar, Final

from attrs import define

from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.machine import Ignore, Machine, Refuse, Row, Step, Table, always
from sipsm.message import Address, Request, Response, Via, request_of
from sipsm.message.headers import CONTACT

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
    remote_target: str | None = None
    """The URI at which the peer is to be reached."""
    route_set: tuple[str, ...] = ()
    usages: int = 1
    """How many usages live in it: a session, subscriptions (RFC 5057 2, RFC 6665 4.5.2)."""
    named_target: str | None = None
    """The target that the last re-INVITE of the peer names: it counts when that is accepted."""
    named_by_update: str | None = None
    """The same, of its last UPDATE."""

    @property
    def is_secure(self) -> bool:
        """Whether the way to the peer is by a SIPS URI: then ours, in Contact, must be one (RFC 3261 8.1.1.8, 12.1.1)."""
        target, route = self.remote_target or "", self.route_set[0] if self.route_set else ""
        return target[:5].lower() == "sips:" or "<sips:" in route.lower()

    def hop_of(self, request: Request) -> Uri:
        """Where a request of it is sent first: the first URI of the route set, else the remote target (12.2.1.1)."""
        return Address.parse(self.route_set[0]).uri if self.route_set else request.uri

    def check(self, method: str, cseq: int | None = None) -> None:
        """Raises `LocalProtocolError` when the peer has not said where it is to be reached, or no number is left."""
        if self.remote_target is None:
            raise LocalProtocolError(f"cannot send {method}: the peer has not named a Contact", rfc="3261 12.1.2")
        if cseq is None and self.local_cseq >= LAST_CSEQ:
            raise LocalProtocolError(f"cannot send {method}: the CSeq numbers are used up", rfc="3261 8.1.1.5")

    def next_request(
        self,
        method: str,
        via: Via,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        *,
        cseq: int | None = None,
    ) -> Request:
        """A request within the dialog, with the next CSeq number, or for an ACK with `cseq`, the INVITE's (12.2.1.1).

        Raises `LocalProtocolError` as `check` does.
        """
        self.check(method, cseq)
        target = self.remote_target
        assert target is not None, "it has been checked"
        number = self.local_cseq + 1 if cseq is None else cseq
        uri = _uri_of(target)
        routes = self.route_set
        if routes:
            uri, routes = request_uri_and_routes(uri, routes)
        request = request_of(
            method,
            uri,
            via=via,
            routes=routes,
            from_=self.local,
            from_tag=self.local_tag or None,
            to=self.remote,
            to_tag=self.remote_tag,
            call_id=self.call_id,
            cseq=number,
            headers=headers,
            body=body,
        )
        self.local_cseq = max(self.local_cseq, number)
        return request


def _uri_of(target: str) -> Uri:
    return _usual_uri(target) if len(target) <= USUAL_LENGTH else Uri.parse(target)


USUAL_LENGTH: Final = 120
"""No longer are nearly all targets: those to which requests went last are not read again for the next ones."""
_usual_uri = lru_cache(maxsize=256)(Uri.parse)


def request_uri_and_routes(target: Uri, route_set: tuple[str, ...]) -> tuple[Uri, tuple[str, ...]]:
    """Where a request for `target` by way of `route_set` is addressed to, and its Route lines (RFC 3261 12.2.1.1).

    The way to a SIPS URI is by SIPS URIs.
    """
    if not route_set:
        return target, ()
    first = Address.parse(route_set[0])
    is_loose = first.uri.lr
    if target._scheme == "sips" or (not is_loose and first.uri.scheme == "sips"):
        # "Specifically, if the route set included any SIP URI, the UAC MUST change the SIP URIs to SIPS URIs simply by
        # changing the scheme from "sip" to "sips" before sending the request." (RFC 5630 5.1.1)
        route_set = tuple(map(_as_secure, route_set))
        first = Address.parse(route_set[0])
    if is_loose:
        return target, route_set
    # "If the route set is not empty, and its first URI does not contain the lr parameter, the UAC MUST place the first
    # URI from the route set into the Request-URI, stripping any parameters that are not allowed in a Request-URI. ...
    # The UAC MUST then place the remote target URI into the Route header field as the last value."
    return as_request_uri(first.uri), (*route_set[1:], f"<{target}>")


def _as_secure(route: str) -> str:
    """A Route value as a SIPS URI."""
    address = Address.parse(route)
    if address.uri.scheme != "sip":
        return route
    at = route.index(address.uri_text, len(address._display))
    return f"{route[:at]}sips{route[at + 3 :]}"


def as_request_uri(uri: Uri) -> Uri:
    """The URI without what must not stand in a Request-URI: the method parameter and the headers (19.1.1)."""
    if uri.headers is None and "method" not in uri.params:
        return uri
    before, at, behind = str(uri).rpartition("@")
    return Uri.parse(before + at + _method.sub("", behind.partition("?")[0]))


_method = re.compile(r";method(=[^;]*)?(?=;|$)", re.IGNORECASE)


def target_of(message: Request | Response) -> str | None:
    """The URI of the Contact, at which its sender is to be reached, or None."""
    contacts = message[CONTACT]
    # That of `*` is empty.
    return _as_target(contacts[0].uri_text) or None if contacts else None


def _as_target(uri: str) -> str:
    # Nearly all can be a Request-URI as they are: these need not be taken apart before a request goes there.
    return str(as_request_uri(Uri.parse(uri))) if "?" in uri or ";method" in uri.lower() else uri


def learn_remote(dialog: Dialog, response: Response, _step: Step) -> None:
    """Take the peer's tag, target and route from the response that makes or confirms the dialog."""
    # "The route set MUST be set to the list of URIs in the Record-Route header field from the response, taken in
    # reverse order and preserving all URI parameters." (RFC 3261 12.1.2; again for the 2xx, 13.2.2.4)
    dialog.remote = response.to_text
    dialog.remote_tag = response.to_tag
    routes = response.record_route
    dialog.route_set = tuple(map(str, reversed(routes))) if routes else ()
    dialog.remote_target = target_of(response) or dialog.remote_target


def refresh_target(dialog: Dialog, message: Request | Response, _step: Step) -> None:
    """The peer is to be reached elsewhere from now on; the route set never changes after confirmation (12.2)."""
    # "If a UA receives a reliable provisional response or a 2xx response to a target-refresh request, the UA MUST
    # replace the dialog's remote target URI with the URI from the Contact header field in that response, if present."
    # (RFC 6141 4.7)
    dialog.remote_target = target_of(message) or dialog.remote_target


def note_target(dialog: Dialog, request: Request, _step: Step) -> None:
    """The target that counts when the request is accepted."""
    # If instead "the UA generates an error response to the target-refresh request, the UA MUST NOT update its dialog's
    # remote target." (RFC 6141 4.6)
    if request.method == "UPDATE":
        dialog.named_by_update = target_of(request)
    else:
        dialog.named_target = target_of(request)


def take_target(dialog: Dialog, _x: Any, _step: Step) -> None:
    """The INVITE that named another target is accepted."""
    # "On sending a reliable provisional response or a 2xx response to the target-refresh request, or a request to the
    # new remote target, the UA MUST replace the dialog's remote target URI" (RFC 6141 4.6)
    dialog.remote_target = dialog.named_target or dialog.remote_target
    dialog.named_target = None


def take_target_of_update(dialog: Dialog, _x: Any, _step: Step) -> None:
    """The UPDATE that named another target is accepted."""
    # "SIP provides request ordering by using the Cseq header field. That is, a UA that receives two requests at roughly
    # the same time can know which one is newer." (RFC 6141 4.8)  While an UPDATE waits no INVITE is let in, so that one
    # which waits as well is the older.
    if dialog.named_by_update is not None:
        dialog.remote_target, dialog.named_target = dialog.named_by_update, None
    dialog.named_by_update = None


def learn_from_request(dialog: Dialog, request: Request, _step: Step) -> None:
    """Take the peer's tag, target, number and route from its request that makes the dialog: a NOTIFY."""
    # "Because the dialog usage is established by the NOTIFY request, the route set at the subscriber is taken from the
    # NOTIFY request itself, as opposed to the route set present in the 200-class response to the SUBSCRIBE request."
    # (RFC 6665 4.4.1)
    dialog.remote = request.from_text
    dialog.remote_tag = request.from_tag
    dialog.remote_cseq = request.cseq.number
    dialog.route_set = tuple(map(str, request.record_route))
    dialog.remote_target = target_of(request) or dialog.remote_target


def add_usage(dialog: Dialog, _x: Any, _step: Step) -> None:
    """A further usage lives in it."""
    dialog.usages += 1


def remove_usage(dialog: Dialog, _x: Any, _step: Step) -> None:
    """One of its usages is over."""
    dialog.usages -= 1


def is_shared(dialog: Dialog, _x: Any, _at: Any) -> bool:
    """Another usage lives in it as well."""
    return dialog.usages > 1


def has_no_tag(dialog: Dialog, _response: Response, _at: Any) -> bool:
    """No response that made it had a tag, so that it is not known yet whose it is."""
    return dialog.remote_tag is None


def is_first_2xx(_: Dialog, _response: Response, at: Any) -> bool:
    """The 2xx has not come before."""
    return bool(at.ack.state == "None")


def remember_cseq(dialog: Dialog, request: Request, _step: Step) -> None:
    """The number that the next request must exceed."""
    # "the UAS MUST ... set the remote sequence number to the value of the sequence number in the CSeq header field
    # value in the request." (RFC 3261 12.2.2)
    dialog.remote_cseq = request.cseq.number


def out_of_order(dialog: Dialog, request: Request, _at: Any) -> bool:
    """The request's number is lower than that of an earlier one; equal is a merged request, not a new one."""
    return dialog.remote_cseq is not None and request.cseq.number <= dialog.remote_cseq


def is_late_prack(_: Dialog, request: Request, at: Any) -> bool:
    """The PRACK of a response that the INVITE's final response has overtaken."""
    return request.method == "PRACK" and bool(at.reliable.state == "Late")


# fmt: off
Dialog.table = Table(
    "dialog",
    rfc="3261 12",
    initial=INITIAL,
    rows=(
        #   state      input      guard   next        actions           RFC
        Row(INITIAL,   "1XX",     always, EARLY,      (learn_remote,),  "3261 12.1.2"),
        Row(INITIAL,   "REL",     always, EARLY,      (learn_remote,),  "3262 4"),
        Row(INITIAL,   "2XX",     always, CONFIRMED,  (learn_remote,),  "3261 12.1.2"),
        Row(INITIAL,   "INVITE",  always, EARLY,      (),               "3261 12.1.1"),
        Row(INITIAL,   "OVER",    always, TERMINATED, (),               "3261 12.3"),
        Row(EARLY,     "1XX",     has_no_tag, EARLY,   (learn_remote,),  "3261 12.1.2"),
        # An unreliable provisional response refreshes no target (RFC 6141 4.9).
        Row(EARLY,     "REL",     always, EARLY,      (refresh_target,), "6141 4.9"),
        Row(CONFIRMED, "REL",     always, CONFIRMED,  (refresh_target,), "6141 4.7"),
        Row(CONFIRMED, "2XX",     is_first_2xx, CONFIRMED, (refresh_target,), "6141 4.7"),
        Row({EARLY, CONFIRMED}, "UPDATE 2XX", always, None, (refresh_target,), "6141 4.7"),
        Row({EARLY, CONFIRMED}, "TARGET", always, None, (note_target,), "6141 4.6"),
        Row(CONFIRMED, "ACCEPT TARGET", always, None, (take_target,),   "6141 4.6"),
        Row({EARLY, CONFIRMED}, "ACCEPT UPDATE", always, None, (take_target_of_update,), "6141 4.6"),
        Row(EARLY,     "2XX",     always, CONFIRMED,  (learn_remote,),  "3261 13.2.2.4"),
        Row(EARLY,     "ACCEPT",  always, CONFIRMED,  (),               "3261 12.1.1"),
        Row(CONFIRMED, "ACCEPT",  always, CONFIRMED,  (take_target,),   "6141 4.6"),
        Row(EARLY,     "OVER",    always, TERMINATED, (),               "3261 12.3"),
        # "The destruction of other application state (such as that created by an INVITE) will not terminate the dialog if
        # a subscription is still associated with that dialog."
        Row(CONFIRMED, "OVER",    is_shared, CONFIRMED, (remove_usage,), "6665 4.5.2"),
        Row(CONFIRMED, "OVER",    always, TERMINATED, (),               "3261 12.3"),
        Row(CONFIRMED, "SHARE",   always, CONFIRMED,  (add_usage,),     "6665 4.5.2"),
        Row(INITIAL,   "NOTIFY",  always, CONFIRMED,  (learn_from_request,), "6665 4.4.1"),
        Row(CONFIRMED, "NOTIFY",  always, CONFIRMED,  (refresh_target,), "6665 4.4.1"),
        Row(INITIAL,   "SUBSCRIBE", always, CONFIRMED, (),              "6665 4.4.1"),
        Row(CONFIRMED, "SUBSCRIBE", always, CONFIRMED, (refresh_target,), "6665 4.2.1.4"),
        Refuse({EARLY, CONFIRMED}, "REQUEST", out_of_order, 500, "its CSeq number is not higher than the last one's",
                                                                                 "3261 12.2.2"),
        Row(EARLY,     "REQUEST", always, EARLY,      (remember_cseq,), "3261 12.2.2"),
        Row(CONFIRMED, "REQUEST", always, CONFIRMED,  (remember_cseq,), "3261 12.2.2"),
        # "it MUST be prepared to process PRACK requests for those outstanding responses."
        Row(TERMINATED, "REQUEST", is_late_prack, TERMINATED, (remember_cseq,), "3262 3"),
        Refuse({INITIAL, TERMINATED}, "REQUEST", always, 481, "there is no such dialog", "3261 12.2.2"),
    ),
    ignored=(
        Ignore(INITIAL, "ACCEPT", "a 2xx is sent for an INVITE that has arrived"),
        Ignore({INITIAL, EARLY, TERMINATED}, "SHARE", "only a dialog that is confirmed is shared"),
        Ignore({EARLY, TERMINATED}, {"NOTIFY", "SUBSCRIBE"}, "a subscription is in a dialog that is confirmed"),
        Ignore({EARLY, CONFIRMED, TERMINATED}, "INVITE", "made only once"),
        Ignore({EARLY, CONFIRMED, TERMINATED}, "1XX", "a late provisional, or a further one, which changes nothing"),
        Ignore(TERMINATED, {"2XX", "REL", "ACCEPT", "OVER"}, "the dialog is over"),
        Ignore(CONFIRMED, "2XX", "a repeat; the route set never changes after the first one, 3261 12.2"),
        Ignore({INITIAL, TERMINATED}, {"UPDATE 2XX", "TARGET", "ACCEPT TARGET", "ACCEPT UPDATE"}, "there is no such dialog"),
        Ignore(EARLY, "ACCEPT TARGET", "the INVITE that makes the dialog names the target that it has"),
    ),
)
# fmt: on


def as_uac(request: Request) -> Dialog:
    """The dialog that a response to this request of ours may make (RFC 3261 12.1.2)."""
    return Dialog(
        request.call_id,
        request.from_tag or "",
        request.from_text,
        request.to_text,
        request.cseq.number,
        True,
        # Neither its tag nor its number is known yet.
        None,
        None,
        # Deviation: RFC 3261 12.1.2 and 13.3.1.4 have a Contact in every response that makes a dialog. A peer that
        # names none is looked for where it was called.
        _as_target(str(request.uri)),
    )


def as_uas(request: Request, tag: str, first_cseq: int) -> Dialog:
    """The dialog that our response with this To tag to a peer's request makes (RFC 3261 12.1.1)."""
    # "The route set MUST be set to the list of URIs in the Record-Route header field from the request, taken in
    # order and preserving all URI parameters." An empty remote sequence number is set from the request.
    routes = request.record_route
    return Dialog(
        request.call_id,
        tag,
        # In both forms of an address a parameter at the end is the header's (RFC 3261 20.10).
        f"{request.to_text};tag={tag}",
        request.from_text,
        first_cseq,
        False,
        request.from_tag,
        request.cseq.number,
        # An INVITE of RFC 2543 may have no Contact: then its sender is looked for at its From.
        target_of(request) or (None if request.contact else _as_target(request.from_.uri_text)),
        tuple(map(str, routes)) if routes else (),
    )
