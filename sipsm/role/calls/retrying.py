"""Whether an INVITE that came to nothing is sent anew by itself, and how it then looks.

RFC 3261 8.1.3.4 (redirection), 8.1.3.5 (413, 415, 416, 420) and 20.33 (later); RFC 4028 7.3 (422). The policy says what
is done at all. What only the application can put right (another body, the rest of a number) is sent anew by it:
`invite(again=call)`. Challenges (401, 407) are answered in `sipsm.role.authenticating`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

from sipsm.dialog import as_request_uri, request_uri_and_routes
from sipsm.dialog.dialog import LAST_CSEQ
from sipsm.errors import LocalProtocolError, RemoteProtocolError, SipError
from sipsm.grammar import Uri, tel_to_sip
from sipsm.message import Address, Request, Response
from sipsm.message.headers import (
    ACCEPT,
    ACCEPT_ENCODING,
    ACCEPT_LANGUAGE,
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    MIN_SE,
    SESSION_EXPIRES,
    Listed,
    SessionExpires,
    field,
)
from sipsm.message.headers.content import in_range
from sipsm.message.names import canonical
from sipsm.role.calls.call import Call
from sipsm.role.calls.events import retry_after_s
from sipsm.role.checking import OWN
from sipsm.role.party import Party
from sipsm.role.policy import Policy
from sipsm.role.screening import unsupported
from sipsm.usage.acknowledging import NONE

MOST_CORRECTIONS: Final = 5
"""How often an INVITE is put right, or put off: each server on the way may want something else of it."""

# "The Retry-After header field can be used with a 500 (Server Internal Error) or 503 (Service Unavailable) response to
# indicate how long the service is expected to be unavailable to the requesting client and with a 404 (Not Found), 413
# (Request Entity Too Large), 480 (Temporarily Unavailable), 486 (Busy Here), 600 (Busy), or 603 (Decline) response to
# indicate when the called party anticipates being available again." (RFC 3261 20.33)
BEAR_RETRY_AFTER: Final = frozenset({404, 413, 480, 486, 500, 503, 600, 603})

# What says what the body is goes with it; its type and length go by themselves.
OF_THE_BODY: Final = ("Content-Encoding", "Content-Language", "Content-Disposition", "MIME-Version")

T = TypeVar("T")

# A 305 names a proxy to go through, and a 380 describes other services in its body (RFC 3261 21.3.4, 21.3.5): neither
# names whom to call instead.
NOT_FOLLOWED: Final = frozenset({305, 380})

# "An implementation SHOULD NOT honor these obviously dangerous header fields: From, Call-ID, CSeq, Via, and
# Record-Route.", nor "any requested Route header field values", nor those "that may cause it to falsely advertise its
# location or capabilities"; and those of the body, the date and the version are what this message makes them (RFC 3261
# 19.1.5).
NOT_FROM_URIS: Final = OWN | {
    "accept",
    "accept-encoding",
    "accept-language",
    "allow",
    "body",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "date",
    "mime-version",
    "organization",
    "session-expires",
    "supported",
    "timestamp",
    "user-agent",
}


class Anew(NamedTuple):
    """The INVITE as it is sent anew, where a redirection sends it, and how many seconds it waits."""

    request: Request
    target: str | None = None
    wait_s: float = 0.0


def anew(call: Call, response: Response | None, policy: Policy, party: Party) -> Anew | None:
    """The INVITE to be sent after this refusal, or after silence; None when it is over."""
    # "some response codes (detailed in 8.1.3.5) indicate that the request can be retried; requests that are reattempted
    # should not be considered failures." (RFC 3261 8.1.3.4)
    if response is not None and policy.corrects_refused and call.corrected < MOST_CORRECTIONS:
        correct = CORRECTIONS.get(response.status)
        request = correct and correct(call.invite, response, policy, party)
        if request is not None:
            call.corrected += 1
            return Anew(numbered(request, party))
    elsewhere = _redirected(call, response, policy, party)
    if elsewhere is not None or response is None or call.corrected >= MOST_CORRECTIONS:
        return elsewhere
    wait_s = _wait_s(response, policy)
    if wait_s is None:
        return None
    call.corrected += 1
    return Anew(numbered(call.invite, party), wait_s=wait_s)


def _wait_s(response: Response, policy: Policy) -> int | None:
    """How long the INVITE waits, in seconds, as the response names it and the policy lets it."""
    seconds = retry_after_s(response) if response.status in BEAR_RETRY_AFTER else None
    return seconds if seconds and seconds <= policy.longest_wait_s else None


# -------------------------------------------------------------------- putting right


def _without_body(invite: Request, _response: Response, policy: Policy, _party: Party) -> Request | None:
    """Without the description, so that the peer offers, where the policy lets it."""
    if not policy.goes_without_offer or not invite.body:
        return None
    request = invite.with_body(b"")
    for name in OF_THE_BODY:
        request = request.without_header(name)
    return request


def _shorter(invite: Request, response: Response, policy: Policy, party: Party) -> Request | None:
    """As a 413 wants it: without a body, unless the same may be tried later."""
    # "If possible, the UAC SHOULD retry the request, either omitting the body or using one of a smaller length." (RFC
    # 3261 8.1.3.5)  "If the condition is temporary, the server SHOULD include a Retry-After header field" (21.4.11)
    return None if _wait_s(response, policy) is not None else _without_body(invite, response, policy, party)


def _with_known_content(invite: Request, response: Response, policy: Policy, party: Party) -> Request | None:
    """As a 415 wants it: without the body, where that is of a type, in an encoding or in a language not taken."""
    # "The UAC SHOULD retry sending the request, this time only using content with types listed in the Accept header
    # field in the response, with encodings listed in the Accept-Encoding header field in the response, and with
    # languages listed in the Accept-Language in the response." (RFC 3261 8.1.3.5)  There is but one description, which
    # is not ours to write another way.
    types, kind = _read(response, ACCEPT), invite.content_type or ""
    strange = types is not None and not any(each.q and each.covers(kind) for each in types)
    codings = _read(response, ACCEPT_ENCODING)
    if codings is not None and not strange:
        strange = not _covers([each.coding for each in codings if each.q], _read(invite, CONTENT_ENCODING))
    languages = _read(response, ACCEPT_LANGUAGE)
    if languages is not None and not strange:
        strange = not _covers([each.language for each in languages if each.q], _read(invite, CONTENT_LANGUAGE))
    return _without_body(invite, response, policy, party) if strange else None


def _read(message: Request | Response, known: Listed[T]) -> tuple[T, ...] | None:
    """The values of a list; None where there is none, or none that can be read."""
    try:
        return message[known] if message.has(known.name) else None
    except RemoteProtocolError:
        return None


def _covers(ranges: list[str], used: tuple[str, ...] | None) -> bool:
    """Whether all encodings or languages that were used are among those taken; `en` takes `en-gb`, and `*` all."""
    return all(name == "identity" or any(in_range(name, each) for each in ranges) for name in used or ())


def _with_sip_uri(invite: Request, _response: Response, policy: Policy, party: Party) -> Request | None:
    """As a 416 wants it: the number of a tel URI, asked of the gateway that the policy names; sips stays sips."""
    # "The client SHOULD retry the request, this time, using a SIP URI." (RFC 3261 8.1.3.5)  A SIPS URI asks for a
    # secure way, which is not given up by itself.
    if policy.gateway is None or invite.uri.scheme != "tel":
        return None
    host = Uri.parse(policy.gateway)
    target = tel_to_sip(invite.uri, host.host or "", host.port, scheme=host.scheme, params=host.params.items())
    uri, routes = request_uri_and_routes(target, party.profile.route)
    return invite.with_uri(uri).with_header("Route", *routes)


def _without_extensions(invite: Request, response: Response, *_: object) -> Request | None:
    """Without what a 420 names, if the INVITE insists on it."""
    # "The UAC SHOULD retry the request, this time omitting any extensions listed in the Unsupported header field in the
    # response." (RFC 3261 8.1.3.5)
    unwanted = {tag.lower() for tag in response.header_values("Unsupported")}
    request = invite
    for name in ("Require", "Proxy-Require"):
        required = invite.header_values(name)
        kept = [tag for tag in required if tag.lower() not in unwanted]
        if len(kept) < len(required):
            request = request.with_header(name, ", ".join(kept)) if kept else request.without_header(name)
    return None if request is invite else request


def _with_longer_interval(invite: Request, response: Response, *_: object) -> Request | None:
    """With the session interval that a 422 asks for, if that is longer than the one that was."""
    smallest, named, asked = response[MIN_SE], invite[MIN_SE], invite[SESSION_EXPIRES]
    # "the UAC SHOULD NOT continuously retry the request if the server indicates the same error response." (RFC 4028 10)
    before = max(named.interval_s if named else 0, asked.interval_s if asked else 0)
    if smallest is None or smallest.interval_s <= before:
        return None
    # "if no dialog has been established yet, a UAC MUST insert the Min-SE header field into an INVITE request if it has
    # ever received a 422 response to a previous INVITE request with the same Call-ID." (RFC 4028 7.4)
    seconds = smallest.interval_s
    request = invite.with_header("Min-SE", str(seconds))
    if asked is None:
        return request
    return request.with_header("Session-Expires", str(SessionExpires.build(seconds, refresher=asked.refresher)))


Correction = Callable[[Request, Response, Policy, Party], Request | None]

# The answers that say how the INVITE would have to look, and who makes it so; None when that changes nothing.
CORRECTIONS: Final[dict[int, Correction]] = {
    413: _shorter,
    415: _with_known_content,
    416: _with_sip_uri,
    420: _without_extensions,
    422: _with_longer_interval,
}


# -------------------------------------------------------------------- going elsewhere


def _redirected(call: Call, response: Response | None, policy: Policy, party: Party) -> Anew | None:
    """The INVITE to the next target that has not been tried."""
    # "A client starts with an initial target set containing exactly one URI, the Request-URI of the original request."
    # (RFC 3261 8.1.3.4)
    if not call.tried:
        call.tried = (str(call.invite.uri),)
    if response is not None and _names_targets(response.status, policy):
        call.untried = (*call.untried, *_contacts(response))
    # "When a failure for a particular contact address is received, the client SHOULD try the next contact address."
    # (RFC 3261 8.1.3.4)
    while call.untried and len(call.tried) <= policy.redirections:
        text, call.untried = call.untried[0], call.untried[1:]
        try:
            contact = Address.parse(text).uri
            target = as_request_uri(contact)
            # "a client processing 3xx class responses MUST NOT add any given URI to the target set more than once."
            # (RFC 3261 8.1.3.4)
            if target.scheme not in {"sip", "sips"} or any(target == tried for tried in call.tried):
                continue
            request = numbered(_towards(call.invite, target, contact, party), party)
        except SipError:
            # That one can be no Request-URI, or asks for headers that can be none.
            continue
        call.tried = (*call.tried, str(target))
        return Anew(request, str(target))
    return None


def _names_targets(status: int, policy: Policy) -> bool:
    # "The response MAY contain a listing of possible unambiguous addresses in Contact header fields." (RFC 3261
    # 21.4.23)
    return (300 <= status < 400 and status not in NOT_FOLLOWED) or (status == 485 and policy.follows_ambiguous)


def _contacts(response: Response) -> list[str]:
    """The Contact values, the most wanted first (RFC 3261 8.1.3.4, 20.10)."""
    # "A common mechanism is to order the set by the "q" parameter value from the Contact header field value." (RFC 3261
    # 8.1.3.4)
    ranked = [(contact.q, str(contact)) for contact in response.contacts if not contact.is_star]
    return [text for _, text in sorted(ranked, key=lambda each: -each[0])]


def _towards(invite: Request, target: Uri, contact: Uri, party: Party) -> Request:
    """The INVITE to another Request-URI, with the header fields that the Contact's URI asks for."""
    uri, routes = request_uri_and_routes(target, party.profile.route)
    request = invite.with_uri(uri).with_header("Route", *routes)
    for name, value in contact.header_fields:
        key = canonical(name)
        if key in NOT_FROM_URIS:
            continue
        # "if the header field can accept a comma-separated list of values, then the new header field value MAY be
        # appended to any existing values in the original redirected request. If the header field does not accept
        # multiple values, the value in the original redirected request MAY be overwritten by the header field value
        # communicated in the contact address." (RFC 3261 8.1.3.4)
        known = field(key)
        is_list = isinstance(known, Listed)
        request = request.with_added(name, value) if is_list else request.with_header(name, value)
        # "If the request formed from constructing a message from a given URI is not a valid SIP request, the URI is
        # invalid." And: "An implementation MUST NOT send a request requiring an extension that it does not support."
        # (RFC 3261 19.1.5)
        if known is not None:
            request.check(known)
        if key == "require" and unsupported(party.profile, request):
            raise LocalProtocolError(f"it wants {value} to be required", rfc="3261 19.1.5")
    return request


def following(call: Call) -> int:
    """The CSeq number of the INVITE that calls once more.

    Raises `LocalProtocolError` when there is nothing to be done once more: the call is not over, or has been answered.
    """
    if not call.outgoing:
        raise LocalProtocolError("cannot invite again: that call was the peer's", rfc="3261 8.1.3.5")
    if not call.over:
        raise LocalProtocolError("cannot invite again: that call is not over; cancel it first", rfc="3261 8.1.3.5")
    if any(leg.invitations[0].ack.state != NONE for leg in call.legs):
        raise LocalProtocolError("cannot invite again: that call was answered; make another", rfc="3261 8.1.3.5")
    number = 1 + max(leg.dialog.local_cseq for leg in call.legs)
    if number > LAST_CSEQ:
        raise LocalProtocolError("cannot invite again: the CSeq numbers are used up", rfc="3261 8.1.1.5")
    return number


def numbered(request: Request, party: Party) -> Request:
    """The request as a new one: the next CSeq number and another branch, the rest as it was."""
    # "This new request constitutes a new transaction and SHOULD have the same value of the Call-ID, To, and From of the
    # previous request, but the CSeq should contain a new sequence number that is one higher than the previous." (RFC
    # 3261 8.1.3.5)
    cseq = f"{request.cseq.number + 1} {request.method}"
    return request.with_first("Via", party.via()).with_header("CSeq", cseq)
