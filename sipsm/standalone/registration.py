"""A registration at the agent that is to be reached: bindings that a registrar holds for us, as long as we refresh them.

RFC 3261 10.2. What it has in common with a publication is in `sipsm.standalone.lease`. A REGISTER may also only remove,
or only ask: then the first answer is the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar, Final

from attrs import define, field, frozen

from sipsm.grammar import Uri
from sipsm.machine import Ignore, Refuse, Row, Step, Table, Timer, always, once
from sipsm.message import Address, Response
from sipsm.message.headers import EXPIRES
from sipsm.standalone.contacts import found_in, with_expires
from sipsm.standalone.lease import (
    ASKED,
    BUSY,
    FAILED,
    MODIFY,
    NEW,
    OVER,
    R2XX,
    R423,
    REFRESH,
    REFUSED,
    REMOVE,
    SETTLED,
    SETTLING,
    TURN,
    USUAL_S,
    WAITING,
    Failure,
    Lease,
    TellEnded,
    asks_for_longer,
    cause_refusal,
    has_changed,
    has_no_time_left,
    is_leaving,
    is_new,
    is_not_there,
    keep_accepted,
    keep_change,
    note_leaving,
    note_more,
    note_raise,
    note_wish,
    report_expired,
    report_failed,
    report_failure,
    report_gone,
    report_refused,
    report_removed,
    send,
    settle,
    try_later,
    until_expiry,
    until_refresh,
    wait_for_turn,
    wants_more,
    was_modification,
    was_removal,
    was_superseded,
)

REGISTERED: Final = "Registered"

REGISTER: Final = "register"
REMOVE_ALL: Final = "remove all"
QUERY: Final = "query"
R3XX: Final = "3xx"


class RegisterOperation(StrEnum):
    """What one REGISTER does (RFC 3261 10.2)."""

    REGISTER = "register"
    REFRESH = "refresh"
    MODIFY = "modify"
    REMOVE = "remove"
    """It removes our contacts."""
    REMOVE_ALL = "remove all"
    """It removes all contacts, whoever has registered them (RFC 3261 10.2.2)."""
    QUERY = "query"
    """It changes nothing (RFC 3261 10.2.3)."""


class RegistrationEndReason(StrEnum):
    """Why a registration is over."""

    REMOVED = "removed"
    """We have removed it."""
    ANSWERED = "answered"
    """The registrar was only asked, and has told what it has."""
    REFUSED = "refused"
    """The registrar does not take it, or not any longer."""
    REDIRECTED = "redirected"
    """The registrar names others to ask, in the Contacts of its response (RFC 3261 8.1.3.4)."""
    FAILED = "failed"
    """No answer came to the REGISTER that was to create or remove it, or one that says that nobody can serve it now."""
    EXPIRED = "expired"
    """It could not be refreshed in time."""


@frozen
class SendRegister:
    """Send a REGISTER (RFC 3261 10.2)."""

    operation: RegisterOperation
    contacts: tuple[Address, ...]
    """As they stand in it, each with its `expires`, if it has one; none for a query, and to remove all."""
    expires_s: int | None
    """For the Expires header; None leaves the time to the registrar."""


@define(eq=False)
class AddressRegistration(Lease[tuple[Address, ...], SendRegister]):
    """One registration: the contacts that are wanted, those that the registrar has, and whom to ask for it."""

    table: ClassVar[Table]
    answers: ClassVar[Mapping[int, str]] = {**dict.fromkeys(range(300, 400), R3XX), 423: R423}
    registrar: Uri = field(kw_only=True)
    """Whom to ask: the Request-URI, and where it leads."""
    redirections: int = 0
    """How many registrars that 3xx responses name are asked."""
    tried: tuple[Uri, ...] = ()
    """Those that have been asked before this one."""
    held: tuple[Address, ...] = ()
    """What the registrar may have of us."""
    least_s: int = 0
    """The shortest time that a 423 has named."""
    clearing: bool = False
    """Whether the bindings of others are to be removed, too."""
    asking: bool = False
    """Whether the registrar is only to be asked what it has."""


# A 305 names a proxy to go through, and a 380 describes other services in its body (RFC 3261 21.3.4, 21.3.5).
NOT_FOLLOWED: Final = frozenset({305, 380})


# -------------------------------------------------------------------- guards


def only_asks(registration: AddressRegistration, _x: Any, _at: Any) -> bool:
    """It changes nothing."""
    return registration.asking


def is_clearing(registration: AddressRegistration, _x: Any, _at: Any) -> bool:
    """All bindings are to be removed."""
    return registration.clearing


def leaves_nothing(registration: AddressRegistration, _now: float, _at: Any) -> bool:
    """There is nothing that would have to be removed."""
    return registration.leaving and not registration.held


def is_ending_now(registration: AddressRegistration, x: Any, at: Any) -> bool:
    """What is under way is the last that it sends."""
    return registration.asking or was_removal(registration, x, at)


def asks_for_more(registration: AddressRegistration, failure: Failure, _at: Any) -> bool:
    """The time that a 423 asks for is longer than one that was asked for."""
    told = registration.under_way.expires_s
    return asks_for_longer(registration, failure, [each.expires_s or told or 0 for each in added(registration)])


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


# -------------------------------------------------------------------- actions


def note_clearing(registration: AddressRegistration, _x: Any, _step: Step) -> None:
    """It is to be removed, and all else that the registrar has of the address."""
    registration.leaving = registration.clearing = True


def note_asking(registration: AddressRegistration, _x: Any, _step: Step) -> None:
    """The registrar is to be asked what it has, and nothing else."""
    registration.asking = registration.leaving = True


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
    told = at_least(registration, registration.asks_s)
    wanted = tuple(
        with_expires(each, told if each.expires_s is None else at_least(registration, each.expires_s))
        for each in registration.wanted
    )
    gone = tuple(with_expires(each, 0) for each in registration.held if found_in(each, wanted) is None)
    send(registration, SendRegister(operation, (*wanted, *gone), told), step)


def at_least(registration: AddressRegistration, seconds: int | None) -> int | None:
    """This time, but none shorter than a 423 has named: that one, where the registrar was to choose."""
    return registration.least_s or None if seconds is None else max(seconds, registration.least_s)


def note_registered(registration: AddressRegistration, response: Response, step: Step) -> None:
    """Take what a 2xx says: how long our bindings last."""
    # "The UA compares each contact address to see if it created the contact address, using comparison rules in Section
    # 19.1.4. If so, it updates the expiration time interval according to the expires parameter or, if absent, the
    # Expires field value." (RFC 3261 10.2.4)  A server on the way may have put another address there, where calls come
    # through it: then what was asked for holds.
    ours, told = added(registration), response[EXPIRES]
    registration.held = ours
    settle(registration, ours, min(granted(each, response, told) for each in ours), response, step)


def granted(contact: Address, response: Response, told: int | None) -> int:
    """How long the registrar keeps a contact, in seconds."""
    listed = found_in(contact, response.contacts)
    seconds = (None if listed is None else listed.expires_s, told, contact.expires_s, USUAL_S)
    return next(each for each in seconds if each is not None)


def added(registration: AddressRegistration) -> tuple[Address, ...]:
    """The contacts that the REGISTER under way, or the last one, registers."""
    return tuple(each for each in registration.under_way.contacts if each.expires_s != 0)


def raise_interval(registration: AddressRegistration, failure: Failure, _step: Step) -> None:
    """Ask for a longer time."""
    # "it MAY retry the registration after making the expiration interval of all contact addresses in the REGISTER
    # request equal to or greater than the expiration interval within the Min-Expires header field of the 423 (Interval
    # Too Brief) response." (RFC 3261 10.2.8)
    assert failure.smallest_s is not None, "it names one"
    registration.least_s = failure.smallest_s
    note_raise(registration)


def go_elsewhere(registration: AddressRegistration, failure: Failure, _step: Step) -> None:
    """Ask another registrar from now on."""
    # "Registration refreshes SHOULD be sent to the same network address as the original registration, unless
    # redirected." (RFC 3261 10.2.4)
    target = elsewhere(registration, failure)
    assert target is not None, "there is one"
    registration.tried = (*registration.tried, registration.registrar)
    registration.registrar = target
    keep_change(registration)


def note_possible(registration: AddressRegistration, _failure: Failure, _step: Step) -> None:
    """Nobody knows whether the registrar has taken what was to be registered."""
    new = (each for each in added(registration) if found_in(each, registration.held) is None)
    registration.held = (*registration.held, *new)


def report_answered(_: AddressRegistration, response: Response, step: Step) -> None:
    """Tell what there is, as was wanted."""
    step.emit(TellEnded(RegistrationEndReason.ANSWERED, response=response))


IS_ENDING: Final = "the registration is being removed, or was but a question"
IS_OVER: Final = "the registration is over; register anew"

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
        Row(WAITING,    TURN,       leaves_nothing,   OVER,       (report_gone,),                    "3261 10.2.2"),
        Row(WAITING,    TURN,       is_leaving,       ASKED,      (send_remove,),                    "3261 10.2.2"),
        Row(WAITING,    TURN,       is_not_there,     ASKED,      (send_register,),                  "3261 10.2.1"),
        Row(WAITING,    TURN,       has_changed,      ASKED,      (send_modify,),                    "3261 10.2.1"),
        Row(WAITING,    TURN,       always,           ASKED,      (send_refresh,),                   "3261 10.2.4"),
        # what the program wants
        Refuse(BUSY,    MODIFY,     is_leaving,       None,       IS_ENDING,                         "3261 10.2.2"),
        Refuse(BUSY,    REFRESH,    is_leaving,       None,       IS_ENDING,                         "3261 10.2.2"),
        Refuse(BUSY,    REMOVE,     is_leaving,       None,       IS_ENDING,                         "3261 10.2.2"),
        Refuse(BUSY,    REMOVE_ALL, is_leaving,       None,       IS_ENDING,                         "3261 10.2.2"),
        Refuse(OVER,    MODIFY,     always,           None,       IS_OVER,                           "3261 10.2"),
        Refuse(OVER,    REFRESH,    always,           None,       IS_OVER,                           "3261 10.2"),
        Refuse(OVER,    REMOVE,     always,           None,       IS_OVER,                           "3261 10.2"),
        Refuse(OVER,    REMOVE_ALL, always,           None,       IS_OVER,                           "3261 10.2"),
        Row(WAITING,    MODIFY,     always,           None,       (note_wish,),                      "3261 10.2.1"),
        Row(WAITING,    REFRESH,    always,           None,       (note_wish,),                      "3261 10.2.4"),
        Row(WAITING,    REMOVE,     is_new,           OVER,       (report_gone,),                    "3261 10.2.2"),
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
