"""A registration at the agent that is to be reached: bindings that a registrar holds for us, as long as we refresh them.

RFC 3261 10.2. The request is decided on when its turn has come: what the program has changed until then goes out at
once. Not here: whose turn it is among the registrations of an address, see `sipsm.standalone.lines`; and the answer to
a challenge, with which a REGISTER goes out again before anything of it comes here.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define, field

from sipsm.grammar import Uri
from sipsm.machine import Ignore, Machine, Refuse, Row, Step, Table, Timer, always, once
from sipsm.message import Address, Response
from sipsm.message.headers import EXPIRES
from sipsm.standalone.contacts import found_in, with_expires
from sipsm.standalone.publication_outputs import Failure, WaitForTurn
from sipsm.standalone.registration_outputs import (
    ContactsWish,
    RegisterOperation,
    RegistrationEndReason,
    SendRegister,
    TellRegistered,
    TellRegisterFailed,
    TellRegistrationEnded,
)
from sipsm.transaction import TimerValues

NEW: Final = "New"
WAITING: Final = "Waiting"
ASKED: Final = "Asked"
SETTLING: Final = "Settling"
REGISTERED: Final = "Registered"
OVER: Final = "Over"

REGISTER: Final = "register"
MODIFY: Final = "modify"
REFRESH: Final = "refresh"
REMOVE: Final = "remove"
REMOVE_ALL: Final = "remove all"
QUERY: Final = "query"
TURN: Final = "turn"
R2XX: Final = "2xx"
R3XX: Final = "3xx"
R423: Final = "423"
REFUSED: Final = "refused"
FAILED: Final = "failed"
SETTLED: Final = "settled"

MOST_RAISES: Final = 5
"""How often in a row a 423 is obeyed: each server on the way may have a minimum of its own."""

USUAL_S: Final = 3600
"""How long a registration lasts, in seconds, where neither side has said so, as the registrar must (RFC 3261 10.3)."""


@define(eq=False)
class AddressRegistration(Machine):
    """One registration: the contacts that are wanted, those that the registrar has, and the REGISTER under way."""

    table: ClassVar[Table]
    times: TimerValues
    registrar: Uri
    """Whom to ask: the Request-URI, and where it leads."""
    contacts: tuple[Address, ...]
    """Where the address is to be reached, each perhaps with a time of its own."""
    asks_s: int | None
    """The time that is asked for in seconds, None for what the registrar likes."""
    redirections: int = 0
    """How many registrars that 3xx responses name are asked."""
    tried: tuple[Uri, ...] = ()
    """Those that have been asked before this one."""
    held: tuple[Address, ...] = ()
    """What the registrar may have of us."""
    accepted: tuple[Address, ...] | None = None
    """What it has accepted last."""
    least_s: int = 0
    """The shortest time that a 423 has named."""
    expires_at: float = 0.0
    """When the first of our bindings is over at the registrar."""
    refresh_at: float = 0.0
    """When they are to be refreshed."""
    left_s: float = 0.0
    wait_s: float = 0.0
    sent: SendRegister | None = None
    """What is under way, or was last."""
    sent_at: float = 0.0
    """When it went out."""
    changed: bool = False
    """Whether other contacts are to be registered than are."""
    leaving: bool = False
    """Whether they are to be removed."""
    clearing: bool = False
    """Whether those of others are, too."""
    asking: bool = False
    """Whether the registrar is only to be asked what it has."""
    more: bool = False
    """Whether something was asked for since the last REGISTER went out."""
    raised: int = 0
    """How often a 423 was obeyed since the last 2xx."""
    watched_at: float | None = field(default=None, init=False)


# Answers that say nothing of the registration, only that the server cannot serve now.
TRANSIENT: Final = frozenset({408, 480, 500, 503, 504})

# A 305 names a proxy to go through, and a 380 describes other services in its body (RFC 3261 21.3.4, 21.3.5).
NOT_FOLLOWED: Final = frozenset({305, 380})


def input_of(status: int) -> str:
    """What a final response is to the machine, by its status."""
    if status < 400:
        return R2XX if status < 300 else R3XX
    if status in TRANSIENT:
        return FAILED
    return R423 if status == 423 else REFUSED


# -------------------------------------------------------------------- guards


def only_asks(registration: AddressRegistration, _x: Any, _at: Any) -> bool:
    """It changes nothing."""
    return registration.asking


def is_clearing(registration: AddressRegistration, _x: Any, _at: Any) -> bool:
    """All bindings are to be removed."""
    return registration.clearing


def is_leaving(registration: AddressRegistration, _x: Any, _at: Any) -> bool:
    """It is to be removed."""
    return registration.leaving


def is_ending(registration: AddressRegistration, _x: Any, _at: Any) -> bool:
    """Its last REGISTER is under way, or waits to be."""
    return registration.leaving or registration.asking


def holds_nothing(registration: AddressRegistration, _x: Any, _at: Any) -> bool:
    """The registrar can have nothing of it."""
    return not registration.held


def leaves_nothing(registration: AddressRegistration, _now: float, _at: Any) -> bool:
    """There is nothing that would have to be removed."""
    return registration.leaving and not registration.held


def is_not_there(registration: AddressRegistration, now: float, _at: Any) -> bool:
    """The registrar has accepted nothing of it, or has let it expire by now."""
    return registration.accepted is None or registration.expires_at <= now


def is_new(registration: AddressRegistration, _x: Any, _at: Any) -> bool:
    """The registrar has accepted nothing of it."""
    return registration.accepted is None


def has_changed(registration: AddressRegistration, _x: Any, _at: Any) -> bool:
    """The registrar has other contacts than those wanted."""
    return registration.changed


def is_ending_now(registration: AddressRegistration, x: Any, at: Any) -> bool:
    """What is under way is the last that it sends."""
    return registration.asking or was_removal(registration, x, at)


def was_removal(registration: AddressRegistration, _x: Any, _at: Any) -> bool:
    """What is under way removes it."""
    return under_way(registration) in {RegisterOperation.REMOVE, RegisterOperation.REMOVE_ALL}


def was_modification(registration: AddressRegistration, _x: Any, _at: Any) -> bool:
    """What is under way changes its contacts."""
    return under_way(registration) is RegisterOperation.MODIFY


def was_superseded(registration: AddressRegistration, _x: Any, _at: Any) -> bool:
    """What is under way changes its contacts, and has been followed by another change."""
    return under_way(registration) is RegisterOperation.MODIFY and registration.changed


def asks_for_more(registration: AddressRegistration, failure: Failure, _at: Any) -> bool:
    """The time that a 423 asks for is longer than one that was asked for."""
    assert registration.sent is not None, "one is under way"
    smallest_s = failure.smallest_s
    if smallest_s is None or registration.raised >= MOST_RAISES:
        return False
    asked = [each.expires_s for each in registration.sent.contacts if each.expires_s != 0]
    return any(smallest_s > (seconds or registration.sent.expires_s or 0) for seconds in asked)


def leads_elsewhere(registration: AddressRegistration, failure: Failure, _at: Any) -> bool:
    """A 3xx names a registrar that is to be asked, and has not been."""
    return elsewhere(registration, failure) is not None


def elsewhere(registration: AddressRegistration, failure: Failure) -> Uri | None:
    """The best registrar that a 3xx names, and that can be asked; None where none is to be."""
    response, tried = failure.response, (*registration.tried, registration.registrar)
    if len(registration.tried) >= registration.redirections or response is None or response.status in NOT_FOLLOWED:
        return None
    # What was to be secure stays so; and "The "userinfo" and "@" components of the SIP URI MUST NOT be present." (RFC
    # 3261 10.2)
    schemes = {"sips"} if registration.registrar.scheme == "sips" else {"sip", "sips"}
    usable = [
        each
        for each in response.contacts
        if not each.is_star and each.uri.scheme in schemes and each.uri.user is None and each.uri.headers is None
    ]
    usable = [each for each in usable if each.uri not in tried]
    return max(usable, key=lambda each: each.q).uri if usable else None


def wants_more(registration: AddressRegistration, _x: Any, _at: Any) -> bool:
    """Something was asked for meanwhile."""
    return registration.more


def has_no_time_left(registration: AddressRegistration, _x: Any, _at: Any) -> bool:
    """Its time is over."""
    return registration.left_s <= 0


# -------------------------------------------------------------------- actions


def wait_for_turn(_: AddressRegistration, _x: Any, step: Step) -> None:
    """Get in line."""
    # "UAs MUST NOT send a new registration (that is, containing new Contact header field values, as opposed to a
    # retransmission) until they have received a final response from the registrar for the previous one or the previous
    # REGISTER request has timed out." (RFC 3261 10.2)
    step.emit(WaitForTurn())


def note_wish(registration: AddressRegistration, wish: ContactsWish, _step: Step) -> None:
    """Take what the program wants."""
    if wish.contacts is not None:
        registration.contacts, registration.changed = wish.contacts, True
    if wish.expires_s is not None:
        registration.asks_s = wish.expires_s


def note_more(registration: AddressRegistration, _x: Any, _step: Step) -> None:
    """Something is left to be done when the answer has come."""
    registration.more = True


def note_leaving(registration: AddressRegistration, _x: Any, _step: Step) -> None:
    """It is to be removed."""
    registration.leaving = True


def note_clearing(registration: AddressRegistration, _x: Any, _step: Step) -> None:
    """It is to be removed, and all else that the registrar has of the address."""
    registration.leaving = registration.clearing = True


def note_asking(registration: AddressRegistration, _x: Any, _step: Step) -> None:
    """The registrar is to be asked what it has."""
    registration.asking = True


def send_query(registration: AddressRegistration, _now: float, step: Step) -> None:
    """Ask what there is."""
    # "If no Contact header field is present in a REGISTER request, the list of bindings is left unchanged." (RFC 3261
    # 10.2.3)
    send(registration, SendRegister(RegisterOperation.QUERY, (), None), step)


def send_remove_all(registration: AddressRegistration, _now: float, step: Step) -> None:
    """Remove all that there is."""
    send(registration, SendRegister(RegisterOperation.REMOVE_ALL, (), 0), step)


def send_remove(registration: AddressRegistration, _now: float, step: Step) -> None:
    """Remove what is ours."""
    # "A UA requests the immediate removal of a binding by specifying an expiration interval of "0" for that contact
    # address in a REGISTER request." (RFC 3261 10.2.2)
    gone = tuple(with_expires(each, 0) for each in registration.held)
    send(registration, SendRegister(RegisterOperation.REMOVE, gone, 0), step)


def send_register(registration: AddressRegistration, _now: float, step: Step) -> None:
    """Register."""
    send_contacts(registration, RegisterOperation.REGISTER, step)


def send_modify(registration: AddressRegistration, _now: float, step: Step) -> None:
    """Register other contacts, and remove those that are not to be there any more."""
    send_contacts(registration, RegisterOperation.MODIFY, step)


def send_refresh(registration: AddressRegistration, _now: float, step: Step) -> None:
    """Have it last longer."""
    # "It MAY combine several updates into one REGISTER request." (RFC 3261 10.2.4)
    send_contacts(registration, RegisterOperation.REFRESH, step)


def send_contacts(registration: AddressRegistration, operation: RegisterOperation, step: Step) -> None:
    """Send what is wanted, and what is not wanted any more."""
    wanted = tuple(with_expires(each, seconds_of(registration, each)) for each in registration.contacts)
    gone = tuple(with_expires(each, 0) for each in registration.held if found_in(each, wanted) is None)
    seconds = None if registration.asks_s is None else max(registration.asks_s, registration.least_s)
    send(registration, SendRegister(operation, (*wanted, *gone), seconds), step)


def seconds_of(registration: AddressRegistration, contact: Address) -> int | None:
    """The time that is asked for a contact, in seconds."""
    own = contact.expires_s if contact.expires_s is not None else registration.asks_s
    return None if own is None else max(own, registration.least_s)


def send(registration: AddressRegistration, what: SendRegister, step: Step) -> None:
    """Have it sent, and note that."""
    registration.sent, registration.sent_at = what, step.now
    registration.changed = registration.more = False
    step.emit(what)


def note_registered(registration: AddressRegistration, response: Response, step: Step) -> None:
    """Take what a 2xx says: how long our bindings last."""
    assert registration.sent is not None, "it answers a request"
    # "The UA compares each contact address to see if it created the contact address, using comparison rules in Section
    # 19.1.4. If so, it updates the expiration time interval according to the expires parameter or, if absent, the
    # Expires field value." (RFC 3261 10.2.4)  A server on the way may have put another address there, where calls come
    # through it: then what was asked for holds.
    ours, told = added(registration), response[EXPIRES]
    lasts_s = min(granted(each, response, told) for each in ours)
    registration.held = registration.accepted = ours
    registration.raised = 0
    # The registrar counts from when it had the REGISTER, and this may be a late repeat of its answer. What is over by
    # then is registered anew.
    registration.expires_at = registration.sent_at + lasts_s
    registration.more = registration.more or 0 < lasts_s <= step.now - registration.sent_at
    # "The UA then issues a REGISTER request for each of its bindings before the expiration interval has elapsed." (RFC
    # 3261 10.2.4)  One REGISTER may go unanswered, and another one be, before it is over.
    margin = min(lasts_s / 2, max(lasts_s / 10, 128 * registration.times.T1))
    registration.refresh_at = registration.expires_at - margin
    go_on(registration, step.now)
    step.emit(TellRegistered(registration.sent.operation, lasts_s, response))
    step.cause(SETTLED)


def granted(contact: Address, response: Response, told: int | None) -> int:
    """How long the registrar keeps a contact, in seconds."""
    listed = found_in(contact, response.contacts)
    seconds = (None if listed is None else listed.expires_s, told, contact.expires_s, USUAL_S)
    return next(each for each in seconds if each is not None)


def added(registration: AddressRegistration) -> tuple[Address, ...]:
    """The contacts that the REGISTER under way, or the last one, registers."""
    assert registration.sent is not None, "one is under way"
    return tuple(each for each in registration.sent.contacts if each.expires_s != 0)


def raise_interval(registration: AddressRegistration, failure: Failure, _step: Step) -> None:
    """Ask for a longer time."""
    # "it MAY retry the registration after making the expiration interval of all contact addresses in the REGISTER
    # request equal to or greater than the expiration interval within the Min-Expires header field of the 423 (Interval
    # Too Brief) response." (RFC 3261 10.2.8)
    assert failure.smallest_s is not None, "it names one"
    registration.least_s = failure.smallest_s
    registration.raised += 1
    keep_change(registration)


def go_elsewhere(registration: AddressRegistration, failure: Failure, _step: Step) -> None:
    """Ask another registrar from now on."""
    # "Registration refreshes SHOULD be sent to the same network address as the original registration, unless
    # redirected." (RFC 3261 10.2.4)
    target = elsewhere(registration, failure)
    assert target is not None, "there is one"
    registration.tried = (*registration.tried, registration.registrar)
    registration.registrar = target
    keep_change(registration)


def keep_change(registration: AddressRegistration) -> None:
    """What the REGISTER under way was to change is to be changed yet."""
    registration.changed = registration.changed or under_way(registration) is RegisterOperation.MODIFY


def cause_refusal(_: AddressRegistration, failure: Failure, step: Step) -> None:
    """It is refused for what it is."""
    step.cause(REFUSED, failure)


def keep_accepted(registration: AddressRegistration, _failure: Failure, step: Step) -> None:
    """The registrar has what it had; with what is left of its time."""
    assert registration.accepted is not None, "a modification follows what was accepted"
    registration.contacts = registration.accepted
    go_on(registration, step.now)
    step.cause(SETTLED)


def note_possible(registration: AddressRegistration, _failure: Failure, _step: Step) -> None:
    """Nobody knows whether the registrar has taken what was to be registered."""
    new = (each for each in added(registration) if found_in(each, registration.held) is None)
    registration.held = (*registration.held, *new)


def try_later(registration: AddressRegistration, failure: Failure, step: Step) -> None:
    """Try it again, when half of the time that is left is over, or when the server wants it."""
    # "If the transaction layer returns a timeout error because the REGISTER yielded no response, the UAC SHOULD NOT
    # immediately re-attempt a registration to the same registrar." (RFC 3261 10.2.7)
    keep_change(registration)
    registration.more = False
    # Towards the end the tries do not come ever faster: each has the time to be answered.
    after = max((registration.expires_at - step.now) / 2, 64 * registration.times.T1)
    registration.refresh_at = step.now + max(after, failure.retry_after_s)
    go_on(registration, step.now)
    tried_again = registration.wait_s if registration.wait_s < registration.left_s else None
    step.emit(TellRegisterFailed(under_way(registration), failure, tried_again))
    step.cause(SETTLED)


def go_on(registration: AddressRegistration, now: float) -> None:
    """What is left of its time runs on."""
    registration.left_s = registration.expires_at - now
    registration.wait_s = max(registration.refresh_at - now, 0.0)


def report_failure(registration: AddressRegistration, failure: Failure, step: Step) -> None:
    """Tell that a change was refused."""
    step.emit(TellRegisterFailed(under_way(registration), failure, None))


def report_nothing_left(_: AddressRegistration, _x: Any, step: Step) -> None:
    """Tell that it is gone, as was wanted, before anybody had it."""
    step.emit(TellRegistrationEnded(RegistrationEndReason.REMOVED, None, None))


def report_removed(_: AddressRegistration, response: Response, step: Step) -> None:
    """Tell that it is gone, as was wanted."""
    step.emit(TellRegistrationEnded(RegistrationEndReason.REMOVED, None, response))


def report_answered(_: AddressRegistration, response: Response, step: Step) -> None:
    """Tell what there is, as was wanted."""
    step.emit(TellRegistrationEnded(RegistrationEndReason.ANSWERED, None, response))


def report_refused(_: AddressRegistration, failure: Failure, step: Step) -> None:
    """Tell that the registrar does not take it, or would have another one take it."""
    redirected = failure.status < 400
    reason = RegistrationEndReason.REDIRECTED if redirected else RegistrationEndReason.REFUSED
    step.emit(TellRegistrationEnded(reason, failure, None))


def report_failed(_: AddressRegistration, failure: Failure, step: Step) -> None:
    """Tell that nobody serves it."""
    step.emit(TellRegistrationEnded(RegistrationEndReason.FAILED, failure, None))


def report_expired(_: AddressRegistration, _x: Any, step: Step) -> None:
    """Tell that its time is over."""
    step.emit(TellRegistrationEnded(RegistrationEndReason.EXPIRED, None, None))


def under_way(registration: AddressRegistration) -> RegisterOperation:
    """What the REGISTER that is under way does."""
    assert registration.sent is not None, "one is under way"
    return registration.sent.operation


# -------------------------------------------------------------------- timers


def until_refresh(registration: AddressRegistration) -> float:
    """Until it is to be refreshed, in time to be over before its time is."""
    return registration.wait_s


def until_expiry(registration: AddressRegistration) -> float:
    """What is left of its time."""
    return registration.left_s


IS_ENDING: Final = "the registration is being removed, or was but a question"
IS_OVER: Final = "the registration is over; register anew"
BUSY: Final = frozenset({WAITING, ASKED})

# fmt: off
AddressRegistration.table = Table(
    "registration",
    rfc="3261 10.2",
    initial=NEW,
    rows=(
        #   state       input       guard             next        actions                            RFC
        Row(NEW,        REGISTER,   always,           WAITING,    (wait_for_turn,),                  "3261 10.2.1"),
        Row(NEW,        REMOVE,     always,           WAITING,    (note_leaving, wait_for_turn),     "3261 10.2.2"),
        Row(NEW,        REMOVE_ALL, always,           WAITING,    (note_clearing, wait_for_turn),    "3261 10.2.2"),
        Row(NEW,        QUERY,      always,           WAITING,    (note_asking, wait_for_turn),      "3261 10.2.3"),
        # its turn has come
        Row(WAITING,    TURN,       only_asks,        ASKED,      (send_query,),                     "3261 10.2.3"),
        Row(WAITING,    TURN,       is_clearing,      ASKED,      (send_remove_all,),                "3261 10.2.2"),
        Row(WAITING,    TURN,       leaves_nothing,   OVER,       (report_nothing_left,),            "3261 10.2.2"),
        Row(WAITING,    TURN,       is_leaving,       ASKED,      (send_remove,),                    "3261 10.2.2"),
        Row(WAITING,    TURN,       is_not_there,     ASKED,      (send_register,),                  "3261 10.2.1"),
        Row(WAITING,    TURN,       has_changed,      ASKED,      (send_modify,),                    "3261 10.2.1"),
        Row(WAITING,    TURN,       always,           ASKED,      (send_refresh,),                   "3261 10.2.4"),
        # what the program wants
        Refuse(BUSY,    MODIFY,     is_ending,        None,       IS_ENDING,                         "3261 10.2.2"),
        Refuse(BUSY,    REFRESH,    is_ending,        None,       IS_ENDING,                         "3261 10.2.2"),
        Refuse(BUSY,    REMOVE,     is_ending,        None,       IS_ENDING,                         "3261 10.2.2"),
        Refuse(BUSY,    REMOVE_ALL, is_ending,        None,       IS_ENDING,                         "3261 10.2.2"),
        Refuse(OVER,    MODIFY,     always,           None,       IS_OVER,                           "3261 10.2"),
        Refuse(OVER,    REFRESH,    always,           None,       IS_OVER,                           "3261 10.2"),
        Refuse(OVER,    REMOVE,     always,           None,       IS_OVER,                           "3261 10.2"),
        Refuse(OVER,    REMOVE_ALL, always,           None,       IS_OVER,                           "3261 10.2"),
        Row(WAITING,    MODIFY,     always,           None,       (note_wish,),                      "3261 10.2.1"),
        Row(WAITING,    REFRESH,    always,           None,       (note_wish,),                      "3261 10.2.4"),
        Row(WAITING,    REMOVE,     holds_nothing,    OVER,       (report_nothing_left,),            "3261 10.2.2"),
        Row(WAITING,    REMOVE,     always,           None,       (note_leaving,),                   "3261 10.2.2"),
        Row(WAITING,    REMOVE_ALL, always,           None,       (note_clearing,),                  "3261 10.2.2"),
        Row(ASKED,      MODIFY,     always,           None,       (note_wish, note_more),            "3261 10.2.1"),
        Row(ASKED,      REFRESH,    always,           None,       (note_wish, note_more),            "3261 10.2.4"),
        Row(ASKED,      REMOVE,     always,           None,       (note_leaving, note_more),         "3261 10.2.2"),
        Row(ASKED,      REMOVE_ALL, always,           None,       (note_clearing, note_more),        "3261 10.2.2"),
        Row(REGISTERED, MODIFY,     always,           WAITING,    (note_wish, wait_for_turn),        "3261 10.2.1"),
        Row(REGISTERED, REFRESH,    always,           WAITING,    (note_wish, wait_for_turn),        "3261 10.2.4"),
        Row(REGISTERED, REMOVE,     always,           WAITING,    (note_leaving, wait_for_turn),     "3261 10.2.2"),
        Row(REGISTERED, REMOVE_ALL, always,           WAITING,    (note_clearing, wait_for_turn),    "3261 10.2.2"),
        # what the registrar says
        Row(ASKED,      R2XX,       only_asks,        OVER,       (report_answered,),                "3261 10.2.3"),
        Row(ASKED,      R2XX,       was_removal,      OVER,       (report_removed,),                 "3261 10.2.2"),
        Row(ASKED,      R2XX,       always,           SETTLING,   (note_registered,),                "3261 10.2.4"),
        Row(ASKED,      R3XX,       leads_elsewhere,  WAITING,    (go_elsewhere, wait_for_turn),     "3261 8.1.3.4"),
        Row(ASKED,      R3XX,       always,           None,       (cause_refusal,),                  "3261 8.1.3.4"),
        Row(ASKED,      R423,       asks_for_more,    WAITING,    (raise_interval, wait_for_turn),   "3261 10.2.8"),
        Row(ASKED,      R423,       always,           None,       (cause_refusal,),                  "3261 10.2.8"),
        Row(ASKED,      REFUSED,    is_ending_now,    OVER,       (report_refused,),                 "3261 8.1.3"),
        Row(ASKED,      REFUSED,    is_leaving,       WAITING,    (wait_for_turn,),                  "3261 10.2.2"),
        Row(ASKED,      REFUSED,    was_superseded,   WAITING,    (report_failure, wait_for_turn),   "3261 10.2.1"),
        # "a particular REGISTER request is either processed completely or not at all"
        Row(ASKED,      REFUSED,    was_modification, SETTLING,   (report_failure, keep_accepted),   "3261 10.3"),
        Row(ASKED,      REFUSED,    always,           OVER,       (report_refused,),                 "3261 8.1.3"),
        Row(ASKED,      FAILED,     is_ending_now,    OVER,       (report_failed,),                  "3261 10.2.7"),
        Row(ASKED,      FAILED,     is_leaving,       WAITING,    (note_possible, wait_for_turn),    "3261 10.2.2"),
        Row(ASKED,      FAILED,     is_new,           OVER,       (report_failed,),                  "3261 10.2.7"),
        Row(ASKED,      FAILED,     always,           SETTLING,   (note_possible, try_later),        "3261 10.2.7"),
        Row(SETTLING,   SETTLED,    wants_more,       WAITING,    (wait_for_turn,),                  "3261 10.2"),
        Row(SETTLING,   SETTLED,    has_no_time_left, OVER,       (report_expired,),                 "3261 10.2.2"),
        Row(SETTLING,   SETTLED,    always,           REGISTERED, (),                                "3261 10.2.4"),
        # time
        Row(REGISTERED, "Timer refresh", always,      WAITING,    (wait_for_turn,),                  "3261 10.2.4"),
        Row(REGISTERED, "Timer expires", always,      OVER,       (report_expired,),                 "3261 10.2.2"),
    ),
    timers=(
        # It stands first, so that nothing is refreshed in the moment in which it is over.
        Timer("expires", {REGISTERED}, until_expiry, once, "3261 10.2.2"),
        # "Each UA is responsible for refreshing the bindings that it has previously established."
        Timer("refresh", {REGISTERED}, until_refresh, once, "3261 10.2.4"),
    ),
    ignored=(
        Ignore({WAITING, ASKED, SETTLING, REGISTERED, OVER}, {REGISTER, QUERY}, "it has begun"),
        Ignore({NEW, ASKED, SETTLING, REGISTERED, OVER}, TURN, "it has nothing to send now"),
        Ignore(NEW, {MODIFY, REFRESH}, "nobody can have it in hand"),
        Ignore(SETTLING, {MODIFY, REFRESH, REMOVE, REMOVE_ALL}, "nobody can have it in hand"),
        Ignore({NEW, WAITING, SETTLING, REGISTERED, OVER}, {R2XX, R3XX, R423, REFUSED, FAILED}, "nothing is under way"),
        Ignore({NEW, WAITING, ASKED, REGISTERED, OVER}, SETTLED, "nothing was settled"),
    ),
)
# fmt: on
