"""An event publication at the agent that publishes: state which another server holds for us, as long as we refresh it.

RFC 3903 4 and 5. The request is decided on when its turn has come: what the program has changed until then goes out at
once, as full state. Not here: whose turn it is among the publications for a Request-URI, see `sipsm.standalone.lines`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define, field

from sipsm.machine import Ignore, Machine, Refuse, Row, Step, Table, Timer, always, once
from sipsm.message import Response
from sipsm.message.headers import EXPIRES, SIP_ETAG
from sipsm.standalone.publication_outputs import (
    Content,
    Failure,
    Operation,
    PublicationEndReason,
    SendPublish,
    TellEnded,
    TellFailed,
    TellPublished,
    WaitForTurn,
    Wish,
)
from sipsm.transaction import TimerValues

NEW: Final = "New"
WAITING: Final = "Waiting"
ASKED: Final = "Asked"
SETTLING: Final = "Settling"
PUBLISHED: Final = "Published"
OVER: Final = "Over"

PUBLISH: Final = "publish"
MODIFY: Final = "modify"
REFRESH: Final = "refresh"
REMOVE: Final = "remove"
TURN: Final = "turn"
R2XX: Final = "2xx"
R412: Final = "412"
R423: Final = "423"
REFUSED: Final = "refused"
FAILED: Final = "failed"
SETTLED: Final = "settled"

MOST_RAISES: Final = 5
"""How often in a row a 423 is obeyed: each server on the way may have a minimum of its own."""

USUAL_S: Final = 3600
"""How long a publication lasts, in seconds, where neither side has said so, as it must (RFC 3903 6)."""


@define(eq=False)
class EventPublication(Machine):
    """One publication: what is wanted, what the compositor has, and the PUBLISH that is under way between them."""

    table: ClassVar[Table]
    times: TimerValues
    content: Content
    """What the program wants to be known."""
    asks_s: int | None
    """The lifetime that is asked for in seconds, None for what the compositor likes."""
    tag: str | None = None
    """The entity tag that the last 2xx has named (RFC 3903 4.1)."""
    accepted: Content | None = None
    """What the compositor has."""
    expires_at: float = 0.0
    """When it is over at the compositor."""
    refresh_at: float = 0.0
    """When it is to be refreshed."""
    left_s: float = 0.0
    wait_s: float = 0.0
    sent: SendPublish | None = None
    """What is under way, or was last."""
    sent_at: float = 0.0
    """When it went out."""
    changed: bool = False
    """Whether the content is to be sent."""
    leaving: bool = False
    """Whether it is to be removed."""
    more: bool = False
    """Whether something was asked for since the last PUBLISH went out."""
    raised: int = 0
    """How often a 423 was obeyed since the last 2xx."""
    watched_at: float | None = field(default=None, init=False)


# Answers that say nothing of the publication, only that the server cannot serve now.
TRANSIENT: Final = frozenset({408, 480, 500, 503, 504})


def input_of(status: int) -> str:
    """What a final response is to the machine, by its status."""
    if 200 <= status < 300:
        return R2XX
    if status in TRANSIENT:
        return FAILED
    return {412: R412, 423: R423}.get(status, REFUSED)


# -------------------------------------------------------------------- guards


def is_leaving(publication: EventPublication, _x: Any, _at: Any) -> bool:
    """It is to be removed."""
    return publication.leaving


def has_no_tag(publication: EventPublication, _x: Any, _at: Any) -> bool:
    """The compositor is not known to have anything of it."""
    return publication.tag is None


def is_not_there(publication: EventPublication, now: float, _at: Any) -> bool:
    """The compositor has nothing of it, or has let it expire by now."""
    return publication.tag is None or publication.expires_at <= now


def leaves_nothing(publication: EventPublication, now: float, at: Any) -> bool:
    """There is nothing that would have to be removed."""
    return publication.leaving and is_not_there(publication, now, at)


def has_changed(publication: EventPublication, _x: Any, _at: Any) -> bool:
    """The compositor has another state than the one wanted."""
    return publication.changed


def was_removal(publication: EventPublication, _x: Any, _at: Any) -> bool:
    """What is under way removes it."""
    return under_way(publication) is Operation.REMOVE


def was_modification(publication: EventPublication, _x: Any, _at: Any) -> bool:
    """What is under way changes its state."""
    return under_way(publication) is Operation.MODIFY


def was_superseded(publication: EventPublication, _x: Any, _at: Any) -> bool:
    """What is under way changes its state, and has been followed by another change."""
    return under_way(publication) is Operation.MODIFY and publication.changed


def was_conditional(publication: EventPublication, _x: Any, _at: Any) -> bool:
    """What is under way depends on an entity tag."""
    return under_way(publication) is not Operation.INITIAL


def is_done_with(publication: EventPublication, x: Any, at: Any) -> bool:
    """It is to be removed, and the compositor knows nothing of it."""
    return publication.leaving and was_conditional(publication, x, at)


def names_no_tag(_: EventPublication, response: Response, _at: Any) -> bool:
    """A 2xx without the entity tag that it must have."""
    return response[SIP_ETAG] is None


def asks_for_more(publication: EventPublication, failure: Failure, _at: Any) -> bool:
    """The lifetime that a 423 asks for is longer than the one that was asked for."""
    smallest_s = failure.smallest_s
    return smallest_s is not None and smallest_s > (publication.asks_s or 0) and publication.raised < MOST_RAISES


def wants_more(publication: EventPublication, _x: Any, _at: Any) -> bool:
    """Something was asked for meanwhile."""
    return publication.more


def has_no_time_left(publication: EventPublication, _x: Any, _at: Any) -> bool:
    """Its lifetime is over."""
    return publication.left_s <= 0


# -------------------------------------------------------------------- actions


def wait_for_turn(_: EventPublication, _x: Any, step: Step) -> None:
    """Get in line."""
    # "EPAs MUST NOT send a new PUBLISH request (not a re-transmission) for the same Request-URI, until they have
    # received a final response from the ESC for the previous one or the previous PUBLISH request has timed out."
    # (RFC 3903 4)
    step.emit(WaitForTurn())


def note_wish(publication: EventPublication, wish: Wish, _step: Step) -> None:
    """Take what the program wants."""
    if wish.content is not None:
        publication.content, publication.changed = wish.content, True
    if wish.expires_s is not None:
        publication.asks_s = wish.expires_s


def note_more(publication: EventPublication, _x: Any, _step: Step) -> None:
    """Something is left to be done when the answer has come."""
    publication.more = True


def note_leaving(publication: EventPublication, _x: Any, _step: Step) -> None:
    """It is to be removed."""
    publication.leaving = True


def send_initial(publication: EventPublication, _now: float, step: Step) -> None:
    """Send the full state, which depends on nothing."""
    # "An initial PUBLISH request MUST NOT contain a SIP-If-Match header field." And: "An initial PUBLISH request MUST
    # contain a body that contains the published event state." (RFC 3903 4.2)
    publication.tag = None
    send(publication, SendPublish(Operation.INITIAL, publication.content, None, publication.asks_s), step)


def send_refresh(publication: EventPublication, _now: float, step: Step) -> None:
    """Send that the state still holds."""
    # "a PUBLISH request that refreshes event state MUST NOT have a body." (RFC 3903 4.3)
    send(publication, SendPublish(Operation.REFRESH, None, publication.tag, publication.asks_s), step)


def send_modify(publication: EventPublication, _now: float, step: Step) -> None:
    """Send the state that takes the place of the one before."""
    send(publication, SendPublish(Operation.MODIFY, publication.content, publication.tag, publication.asks_s), step)


def send_remove(publication: EventPublication, _now: float, step: Step) -> None:
    """Send that the state is over."""
    # "an EPA MUST create a PUBLISH request with an Expires value of "0", and set the SIP-If-Match header field to
    # contain the entity-tag of the event state publication to be removed." (RFC 3903 4.5)
    send(publication, SendPublish(Operation.REMOVE, None, publication.tag, 0), step)


def send(publication: EventPublication, what: SendPublish, step: Step) -> None:
    """Have it sent, and note that."""
    publication.sent, publication.sent_at = what, step.now
    publication.changed = publication.changed and what.content is None
    publication.more = False
    step.emit(what)


def note_published(publication: EventPublication, response: Response, step: Step) -> None:
    """Take what a 2xx says: the tag, and how long it lasts."""
    sent = publication.sent
    assert sent is not None, "it answers a request"
    # "The EPA MUST store this entity-tag, replacing any existing entity-tag for the refreshed event state." (RFC 3903
    # 4.3)
    publication.tag = response[SIP_ETAG]
    publication.accepted = sent.content or publication.accepted
    publication.raised = 0
    told, asked = response[EXPIRES], sent.expires_s
    # "The ESC may lower the suggested lifetime of the publication, but it will never extend it." (RFC 3903 4.2)
    lasts_s = min(s for s in (told, asked, USUAL_S if told is None is asked else None) if s is not None)
    # The compositor counts from when it had the PUBLISH, and this may be a late repeat of its answer. What is over by
    # then is published anew.
    publication.expires_at = publication.sent_at + lasts_s
    publication.more = publication.more or 0 < lasts_s <= step.now - publication.sent_at
    # One PUBLISH may go unanswered, and another one be, before it is over.
    margin = min(lasts_s / 2, max(lasts_s / 10, 128 * publication.times.T1))
    publication.refresh_at = publication.expires_at - margin
    go_on(publication, step.now)
    step.emit(TellPublished(sent.operation, lasts_s, response))
    step.cause(SETTLED)


def raise_interval(publication: EventPublication, failure: Failure, _step: Step) -> None:
    """Ask for a longer lifetime."""
    # "it MAY retry the publication after changing the expiration interval in the Expires header field to be equal to or
    # greater than the expiration interval within the Min-Expires header field of the 423 (Interval Too Brief)
    # response." (RFC 3903 5)
    publication.asks_s = failure.smallest_s
    publication.raised += 1
    publication.changed = publication.changed or under_way(publication) is Operation.MODIFY


def forget_tag(publication: EventPublication, _x: Any, _step: Step) -> None:
    """The compositor does not know the tag."""
    # "The EPA MUST also discard the entity-tag that produced this error response." (RFC 3903 5)
    publication.tag = publication.accepted = None


def cause_refusal(_: EventPublication, failure: Failure, step: Step) -> None:
    """It is refused for what it is."""
    step.cause(REFUSED, failure)


def keep_accepted(publication: EventPublication, _failure: Failure, step: Step) -> None:
    """The compositor has what it had; with what is left of its time."""
    assert publication.accepted is not None, "a modification follows what was accepted"
    publication.content = publication.accepted
    go_on(publication, step.now)
    step.cause(SETTLED)


def try_later(publication: EventPublication, failure: Failure, step: Step) -> None:
    """Try it again, when half of the time that is left is over, or when the server wants it."""
    publication.changed = publication.changed or under_way(publication) is Operation.MODIFY
    publication.more = False
    # Towards the end the tries do not come ever faster: each has the time to be answered.
    after = max((publication.expires_at - step.now) / 2, 64 * publication.times.T1)
    publication.refresh_at = step.now + max(after, failure.retry_after_s)
    go_on(publication, step.now)
    tried_again = publication.wait_s if publication.wait_s < publication.left_s else None
    step.emit(TellFailed(under_way(publication), failure, tried_again))
    step.cause(SETTLED)


def go_on(publication: EventPublication, now: float) -> None:
    """What is left of its time runs on."""
    publication.left_s = publication.expires_at - now
    publication.wait_s = max(publication.refresh_at - now, 0.0)


def report_failure(publication: EventPublication, failure: Failure, step: Step) -> None:
    """Tell that a modification was refused."""
    step.emit(TellFailed(under_way(publication), failure, None))


def report_removed(_: EventPublication, _x: Any, step: Step) -> None:
    """Tell that it is gone, as was wanted."""
    step.emit(TellEnded(PublicationEndReason.REMOVED, None))


def report_refused(_: EventPublication, failure: Failure, step: Step) -> None:
    """Tell that the compositor does not take it."""
    step.emit(TellEnded(PublicationEndReason.REFUSED, failure))


def report_without_tag(_: EventPublication, response: Response, step: Step) -> None:
    """Tell that a 2xx came of which nothing can be made."""
    step.emit(TellEnded(PublicationEndReason.FAILED, Failure(response.status, response)))


def report_failed(_: EventPublication, failure: Failure, step: Step) -> None:
    """Tell that nobody serves it."""
    step.emit(TellEnded(PublicationEndReason.FAILED, failure))


def report_expired(_: EventPublication, _x: Any, step: Step) -> None:
    """Tell that its time is over."""
    step.emit(TellEnded(PublicationEndReason.EXPIRED, None))


def under_way(publication: EventPublication) -> Operation:
    """What the PUBLISH that is under way does."""
    assert publication.sent is not None, "one is under way"
    return publication.sent.operation


# -------------------------------------------------------------------- timers


def until_refresh(publication: EventPublication) -> float:
    """Until it is to be refreshed, in time to be over before its lifetime is."""
    return publication.wait_s


def until_expiry(publication: EventPublication) -> float:
    """What is left of its lifetime."""
    return publication.left_s


BEING_REMOVED: Final = "the publication is being removed"
IS_OVER: Final = "the publication is over; publish anew"
BUSY: Final = frozenset({WAITING, ASKED})

# fmt: off
EventPublication.table = Table(
    "event publication",
    rfc="3903 4",
    initial=NEW,
    rows=(
        #   state      input     guard             next       actions                                    RFC
        Row(NEW,       PUBLISH,  always,           WAITING,   (wait_for_turn,),                          "3903 4.2"),
        # its turn has come
        Row(WAITING,   TURN,     leaves_nothing,   OVER,      (report_removed,),                         "3903 4.5"),
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
        Row(WAITING,   REMOVE,   has_no_tag,       OVER,      (report_removed,),                         "3903 4.5"),
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
        Row(ASKED,     R412,     is_done_with,     OVER,      (report_removed,),                         "3903 5"),
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
        Row(ASKED,     FAILED,   has_no_tag,       OVER,      (report_failed,),                          "3903 4.2"),
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
