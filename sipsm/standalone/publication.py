"""An event publication at the agent that publishes: state which another server holds for us, as long as we refresh it.

RFC 3903 4 and 5. What it has in common with a registration is in `sipsm.standalone.lease`. A change goes out as full
state.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar, Final

from attrs import define, frozen

from sipsm.machine import Ignore, Refuse, Row, Step, Table, Timer, always, once
from sipsm.message import Response
from sipsm.message.headers import EXPIRES, SIP_ETAG
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
    LeaseEndReason,
    TellEnded,
    asks_for_longer,
    cause_refusal,
    has_changed,
    has_no_time_left,
    is_leaving,
    is_new,
    is_not_there,
    keep_accepted,
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

PUBLISHED: Final = "Published"

PUBLISH: Final = "publish"
R412: Final = "412"


class Operation(StrEnum):
    """What one PUBLISH does (RFC 3903 4.1, Table 1)."""

    INITIAL = "initial"
    REFRESH = "refresh"
    MODIFY = "modify"
    REMOVE = "remove"


class PublicationEndReason(StrEnum):
    """Why a publication is over."""

    REMOVED = "removed"
    """We have removed it, or it was gone when we wanted to."""
    REFUSED = "refused"
    """The compositor does not take it, or not any longer."""
    FAILED = "failed"
    """No answer came to the PUBLISH that was to create or remove it, or one that says that nobody can serve it now."""
    EXPIRED = "expired"
    """It could not be refreshed in time."""


@frozen
class Content:
    """Event state as it is sent: a body of some type."""

    body: bytes
    content_type: str


@frozen
class SendPublish:
    """Send this PUBLISH (RFC 3903 4.1)."""

    operation: Operation
    content: Content | None
    tag: str | None
    """The entity tag for SIP-If-Match."""
    expires_s: int | None
    """None leaves the lifetime to the compositor."""


@define(eq=False)
class EventPublication(Lease[Content, SendPublish]):
    """One publication: the state that is wanted, and how the compositor knows the one that it has."""

    table: ClassVar[Table]
    answers: ClassVar[Mapping[int, str]] = {412: R412, 423: R423}
    tag: str | None = None
    """The entity tag that the last 2xx has named (RFC 3903 4.1)."""


# -------------------------------------------------------------------- guards


def leaves_nothing(publication: EventPublication, now: float, at: Any) -> bool:
    """There is nothing that would have to be removed."""
    return publication.leaving and is_not_there(publication, now, at)


def was_conditional(publication: EventPublication, _x: Any, _at: Any) -> bool:
    """What is under way depends on an entity tag."""
    return publication.under_way.operation is not Operation.INITIAL


def is_done_with(publication: EventPublication, x: Any, at: Any) -> bool:
    """It is to be removed, and the compositor knows nothing of it."""
    return publication.leaving and was_conditional(publication, x, at)


def names_no_tag(_: EventPublication, response: Response, _at: Any) -> bool:
    """A 2xx without the entity tag that it must have."""
    return response[SIP_ETAG] is None


def asks_for_more(publication: EventPublication, failure: Failure, _at: Any) -> bool:
    """The lifetime that a 423 asks for is longer than the one that was asked for."""
    return asks_for_longer(publication, failure, [publication.asks_s or 0])


# -------------------------------------------------------------------- actions


def send_initial(publication: EventPublication, _now: float, step: Step) -> None:
    """Send the full state, which depends on nothing."""
    # "An initial PUBLISH request MUST NOT contain a SIP-If-Match header field." And: "An initial PUBLISH request MUST
    # contain a body that contains the published event state." (RFC 3903 4.2)
    publication.tag = publication.accepted = None
    send(publication, SendPublish(Operation.INITIAL, publication.wanted, None, publication.asks_s), step)


def send_refresh(publication: EventPublication, _now: float, step: Step) -> None:
    """Send that the state still holds."""
    # "a PUBLISH request that refreshes event state MUST NOT have a body." (RFC 3903 4.3)
    send(publication, SendPublish(Operation.REFRESH, None, publication.tag, publication.asks_s), step)


def send_modify(publication: EventPublication, _now: float, step: Step) -> None:
    """Send the state that takes the place of the one before."""
    send(publication, SendPublish(Operation.MODIFY, publication.wanted, publication.tag, publication.asks_s), step)


def send_remove(publication: EventPublication, _now: float, step: Step) -> None:
    """Send that the state is over."""
    # "an EPA MUST create a PUBLISH request with an Expires value of "0", and set the SIP-If-Match header field to
    # contain the entity-tag of the event state publication to be removed." (RFC 3903 4.5)
    send(publication, SendPublish(Operation.REMOVE, None, publication.tag, 0), step)


def note_published(publication: EventPublication, response: Response, step: Step) -> None:
    """Take what a 2xx says: the tag, and how long it lasts."""
    sent = publication.under_way
    # "The EPA MUST store this entity-tag, replacing any existing entity-tag for the refreshed event state." (RFC 3903
    # 4.3)
    publication.tag = response[SIP_ETAG]
    told, asked = response[EXPIRES], sent.expires_s
    # "The ESC may lower the suggested lifetime of the publication, but it will never extend it." (RFC 3903 4.2)
    lasts_s = min(s for s in (told, asked, USUAL_S if told is None is asked else None) if s is not None)
    settle(publication, sent.content or publication.accepted, lasts_s, response, step)


def raise_interval(publication: EventPublication, failure: Failure, _step: Step) -> None:
    """Ask for a longer lifetime."""
    # "it MAY retry the publication after changing the expiration interval in the Expires header field to be equal to or
    # greater than the expiration interval within the Min-Expires header field of the 423 (Interval Too Brief)
    # response." (RFC 3903 5)
    publication.asks_s = failure.smallest_s
    note_raise(publication)


def forget_tag(publication: EventPublication, _x: Any, _step: Step) -> None:
    """The compositor does not know the tag."""
    # "The EPA MUST also discard the entity-tag that produced this error response." (RFC 3903 5)
    publication.tag = publication.accepted = None


def report_without_tag(_: EventPublication, response: Response, step: Step) -> None:
    """Tell that a 2xx came of which nothing can be made."""
    step.emit(TellEnded(LeaseEndReason.FAILED, Failure(response.status, response)))


BEING_REMOVED: Final = "the publication is being removed"
IS_OVER: Final = "the publication is over; publish anew"

# fmt: off
EventPublication.table = Table(
    "event publication",
    rfc="3903 4",
    initial=NEW,
    rows=(
        #   state      input     guard             next       actions                                    RFC
        Row(NEW,       PUBLISH,  always,           WAITING,   (wait_for_turn,),                          "3903 4.2"),
        # its turn has come
        Row(WAITING,   TURN,     leaves_nothing,   OVER,      (report_gone,),                            "3903 4.5"),
        Row(WAITING,   TURN,     is_leaving,       ASKED,     (send_remove,),                            "3903 4.5"),
        Row(WAITING,   TURN,     is_not_there,     ASKED,     (send_initial,),                           "3903 4.2"),
        Row(WAITING,   TURN,     has_changed,      ASKED,     (send_modify,),                            "3903 4.4"),
        Row(WAITING,   TURN,     always,           ASKED,     (send_refresh,),                           "3903 4.3"),
        # what the program wants
        Refuse(BUSY,   MODIFY,   is_leaving,       None,      BEING_REMOVED,                             "3903 4.5"),
        Refuse(BUSY,   REFRESH,  is_leaving,       None,      BEING_REMOVED,                             "3903 4.5"),
        Refuse(BUSY,   REMOVE,   is_leaving,       None,      BEING_REMOVED,                             "3903 4.5"),
        Refuse(OVER,   MODIFY,   always,           None,      IS_OVER,                                   "3903 4.4"),
        Refuse(OVER,   REFRESH,  always,           None,      IS_OVER,                                   "3903 4.3"),
        Refuse(OVER,   REMOVE,   always,           None,      IS_OVER,                                   "3903 4.5"),
        Row(WAITING,   MODIFY,   always,           None,      (note_wish,),                              "3903 4.4"),
        Row(WAITING,   REFRESH,  always,           None,      (note_wish,),                              "3903 4.3"),
        Row(WAITING,   REMOVE,   is_new,           OVER,      (report_gone,),                            "3903 4.5"),
        Row(WAITING,   REMOVE,   always,           None,      (note_leaving,),                           "3903 4.5"),
        Row(ASKED,     MODIFY,   always,           None,      (note_wish, note_more),                    "3903 4.4"),
        Row(ASKED,     REFRESH,  always,           None,      (note_wish, note_more),                    "3903 4.3"),
        Row(ASKED,     REMOVE,   always,           None,      (note_leaving, note_more),                 "3903 4.5"),
        Row(PUBLISHED, MODIFY,   always,           WAITING,   (note_wish, wait_for_turn),                "3903 4.4"),
        Row(PUBLISHED, REFRESH,  always,           WAITING,   (note_wish, wait_for_turn),                "3903 4.3"),
        Row(PUBLISHED, REMOVE,   always,           WAITING,   (note_leaving, wait_for_turn),             "3903 4.5"),
        # what the compositor says
        Row(ASKED,     R2XX,     was_removal,      OVER,      (report_removed,),                         "3903 4.5"),
        Row(ASKED,     R2XX,     names_no_tag,     OVER,      (report_without_tag,),                     "3903 6"),
        Row(ASKED,     R2XX,     always,           SETTLING,  (note_published,),                         "3903 4.3"),
        Row(ASKED,     R412,     is_done_with,     OVER,      (report_gone,),                            "3903 5"),
        # "Instead, to publish event state, the EPA SHOULD perform an initial publication"
        Row(ASKED,     R412,     was_conditional,  WAITING,   (forget_tag, wait_for_turn),               "3903 5"),
        Row(ASKED,     R412,     always,           OVER,      (report_refused,),                         "3903 5"),
        Row(ASKED,     R423,     asks_for_more,    WAITING,   (raise_interval, wait_for_turn),           "3903 5"),
        Row(ASKED,     R423,     always,           None,      (cause_refusal,),                          "3903 5"),
        Row(ASKED,     REFUSED,  was_removal,      OVER,      (report_refused,),                         "3903 5"),
        Row(ASKED,     REFUSED,  is_leaving,       WAITING,   (wait_for_turn,),                          "3903 4.5"),
        Row(ASKED,     REFUSED,  was_superseded,   WAITING,   (report_failure, wait_for_turn),           "3903 4.4"),
        Row(ASKED,     REFUSED,  was_modification, SETTLING,  (report_failure, keep_accepted),           "3903 6"),
        Row(ASKED,     REFUSED,  always,           OVER,      (report_refused,),                         "3903 5"),
        Row(ASKED,     FAILED,   was_removal,      OVER,      (report_failed,),                          "3903 4.5"),
        Row(ASKED,     FAILED,   is_leaving,       WAITING,   (wait_for_turn,),                          "3903 4.5"),
        Row(ASKED,     FAILED,   is_new,           OVER,      (report_failed,),                          "3903 4.2"),
        Row(ASKED,     FAILED,   always,           SETTLING,  (try_later,),                              "3903 4.3"),
        Row(SETTLING,  SETTLED,  wants_more,       WAITING,   (wait_for_turn,),                          "3903 4"),
        Row(SETTLING,  SETTLED,  has_no_time_left, OVER,      (report_expired,),                         "3903 4.2"),
        Row(SETTLING,  SETTLED,  always,           PUBLISHED, (),                                        "3903 4.2"),
        # time
        Row(PUBLISHED, "Timer refresh", always,    WAITING,   (wait_for_turn,),                          "3903 4.3"),
        Row(PUBLISHED, "Timer expires", always,    OVER,      (report_expired,),                         "3903 4.2"),
    ),
    timers=(
        # It stands first, so that nothing is refreshed in the moment in which it is over.
        Timer("expires", {PUBLISHED}, until_expiry, once, "3903 4.2"),
        # "An EPA is responsible for refreshing its previously established publications before their expiration interval
        # has elapsed."
        Timer("refresh", {PUBLISHED}, until_refresh, once, "3903 4.3"),
    ),
    ignored=(
        Ignore({WAITING, ASKED, SETTLING, PUBLISHED, OVER}, PUBLISH, "it has begun"),
        Ignore({NEW, ASKED, SETTLING, PUBLISHED, OVER}, TURN, "it has nothing to send now"),
        Ignore({NEW, SETTLING}, {MODIFY, REFRESH, REMOVE}, "nobody can have it in hand"),
        Ignore({NEW, WAITING, SETTLING, PUBLISHED, OVER}, {R2XX, R412, R423, REFUSED, FAILED}, "nothing is under way"),
        Ignore({NEW, WAITING, ASKED, PUBLISHED, OVER}, SETTLED, "nothing was settled"),
    ),
)
# fmt: on
