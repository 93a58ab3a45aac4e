"""Whose turn it is: one INVITE at a time in a dialog, one UPDATE of ours, and the wait after a collision.

RFC 3261 14.1 and 14.2, RFC 3311 5.1 to 5.3.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define, evolve

from sipsm.machine import Ignore, Machine, Refuse, Row, Step, Table, Timer, always, never_where, once
from sipsm.message import Response
from sipsm.usage import acknowledging, invite_uas
from sipsm.usage.outputs import Failure, Modified, Modify, ModifyRefused, Outdated, TryAgain

FREE: Final = "Free"
OURS: Final = "Ours"
THEIRS: Final = "Theirs"
ANSWERED: Final = "Answered"
IDLE: Final = "Idle"
PENDING: Final = "Pending"
NONE: Final = "None"
WAITING: Final = "Waiting"


@define(eq=False)
class Turns(Machine):
    """Which INVITE is under way in a dialog."""

    table: ClassVar[Table]
    wish: Modify | None = None
    """What our re-INVITE is to change, while one is under way."""

    def __init__(self) -> None:
        # One is made for each dialog: see `Leg`.
        self.state = FREE
        self.running = ()
        self.wish = None


@define(eq=False)
class UpdateOut(Machine):
    """The UPDATE of ours that is under way."""

    table: ClassVar[Table]
    wish: Modify | None = None


@define(eq=False)
class Glare(Machine):
    """What collided with a request of the peer, and waits for another try."""

    table: ClassVar[Table]
    wish: Modify | None = None
    wait_s: float = 0.0
    """How long it waits, in seconds."""


def collided(_: Glare, failure: Failure, at: Any) -> bool:
    """A re-INVITE or UPDATE of ours met one of the peer, for the first time, in a session that goes on."""
    # "When the timer fires, the UAC SHOULD attempt the re-INVITE once more, if it still desires for that session
    # modification to take place." (RFC 3261 14.1): once.
    wish = failure.wish
    return wish is not None and not wish.again and failure.status == 491 and bool(at.session.goes_on)


def is_outdated(glare: Glare, _x: Any, at: Any) -> bool:
    """The offer that waits was made from a session that another exchange has changed."""
    assert glare.wish is not None, "something waits"
    return bool(glare.wish.body) and at.offer_answer.agreed != glare.wish.since


def modifies(_: Turns, _x: Any, at: Any) -> bool:
    """What is under way is a re-INVITE, not the INVITE that made the dialog."""
    return bool(at.invite.modifies)


@never_where(ack={acknowledging.NONE})
def is_repeat(_: Turns, _x: Any, at: Any) -> bool:
    """The 2xx has come before, and may be that of an earlier INVITE."""
    return bool(at.ack.state != acknowledging.NONE)


@never_where(invite={invite_uas.ACCEPTED})
def is_for_another(_: Turns, _x: Any, at: Any) -> bool:
    """The ACK repeats that of an INVITE before, whose 2xx does not wait for it."""
    return bool(at.invite.state != invite_uas.ACCEPTED)


def another_is_unacknowledged(_: Turns, _x: Any, at: Any) -> bool:
    """The 2xx to an INVITE before this one has not had its ACK."""
    return any(not each.outgoing and each.invite.state == invite_uas.ACCEPTED for each in at.leg.invitations)


def keep_wish(machine: Turns | UpdateOut, wish: Modify, _step: Step) -> None:
    """What is being attempted."""
    machine.wish = wish


def report_modified(machine: Turns | UpdateOut, response: Response, step: Step) -> None:
    """Tell that it was accepted."""
    assert machine.wish is not None, "a wish is under way"
    step.emit(Modified(machine.wish, response))
    machine.wish = None


def cause_refused(machine: Turns | UpdateOut, failure: Failure, step: Step) -> None:
    """It came to nothing: the wish goes with what follows."""
    step.cause("REFUSED", evolve(failure, wish=machine.wish))
    machine.wish = None


def await_another_try(glare: Glare, failure: Failure, step: Step) -> None:
    """Keep what collided, and tell when it is tried again."""
    assert failure.wish is not None, "what collided was to change something"
    glare.wish, glare.wait_s = failure.wish, failure.wish.wait_s
    step.emit(ModifyRefused(failure, glare.wait_s))
    step.cause("WAIT")


def report_refused(_: Glare, failure: Failure, step: Step) -> None:
    """Tell that it came to nothing."""
    step.emit(ModifyRefused(failure))


def try_again(glare: Glare, _x: Any, step: Step) -> None:
    """The time to wait is over."""
    assert glare.wish is not None, "something waits"
    step.emit(TryAgain(evolve(glare.wish, again=True)))
    glare.wish = None


def report_outdated(glare: Glare, _x: Any, step: Step) -> None:
    """The application must offer anew, if it still wants to."""
    assert glare.wish is not None, "something waits"
    step.emit(Outdated(glare.wish))
    glare.wish = None


def give_up(glare: Glare, _x: Any, _step: Step) -> None:
    """It is not wanted any more."""
    glare.wish = None


def as_drawn(glare: Glare) -> float:
    """A randomly chosen time: 2.1 to 4 s for the owner of the Call-ID, else 0 to 2 s."""
    return glare.wait_s


# fmt: off
Turns.table = Table(
    "turn-taking of INVITE",
    rfc="3261 14",
    initial=FREE,
    rows=(
        #   state     input       guard     next      actions             RFC
        Row(FREE,     ">INVITE",  always,   OURS,     (),                 "3261 13.2"),
        Row(FREE,     ">REINVITE", always,  OURS,     (keep_wish,),       "3261 14.1"),
        Row(FREE,     "<INVITE",  always,   THEIRS,   (),                 "3261 14.2"),
        # "a UAC MUST NOT initiate a new INVITE transaction within a dialog while another INVITE transaction is in
        # progress in either direction." (RFC 3261 14.1)
        Refuse(OURS,     ">REINVITE", always, None, "our INVITE is under way",                              "3261 14.1"),
        Refuse(THEIRS,   ">REINVITE", always, None, "the peer's INVITE is unanswered; answer that",         "3261 14.1"),
        Refuse(ANSWERED, ">REINVITE", always, None, "the ACK for our 2xx has not come; wait for that",      "3261 14.1"),
        # "A UAS that receives an INVITE on a dialog while an INVITE it had sent on that dialog is in progress MUST return
        # a 491 (Request Pending) response to the received INVITE." (RFC 3261 14.2)
        Refuse(OURS,     "<INVITE", always, 491, "our INVITE is under way",                                 "3261 14.2"),
        # "A UAS that receives a second INVITE before it sends the final response to a first INVITE with a lower CSeq
        # sequence number on the same dialog MUST return a 500 (Server Internal Error) response to the second INVITE"
        Refuse(THEIRS,   "<INVITE", always, 500, "the INVITE before it is unanswered",                      "3261 14.2"),
        Row(ANSWERED, "<INVITE",  always,   THEIRS,   (),                 "3261 14.2"),
        Row(OURS,     "2XX",      is_repeat, OURS,    (),                 "3261 13.2.2.4"),
        Row(OURS,     "2XX",      modifies, FREE,     (report_modified,), "3261 14.1"),
        Row(OURS,     "2XX",      always,   FREE,     (),                 "3261 13.2.2.4"),
        Row(OURS,     "FAILED",   modifies, FREE,     (cause_refused,),   "3261 14.1"),
        Row(OURS,     "FAILED",   always,   FREE,     (),                 "3261 13.2.2.3"),
        Row(THEIRS,   "ACCEPTED", always,   ANSWERED, (),                 "3261 14.1"),
        Row(THEIRS,   "REJECTED", another_is_unacknowledged, ANSWERED, (), "3261 14.1"),
        Row(THEIRS,   "REJECTED", always,   FREE,     (),                 "3261 14.1"),
        Row(ANSWERED, "ACK",      is_for_another, ANSWERED, (),           "3261 13.3.1.4"),
        Row(ANSWERED, "ACK",      always,   FREE,     (),                 "3261 14.1"),
        Row(ANSWERED, "NO ACK",   always,   FREE,     (),                 "3261 13.3.1.4"),
    ),
    ignored=(
        Ignore({OURS, THEIRS, ANSWERED}, ">INVITE", "sent only once"),
        Ignore({FREE, THEIRS, ANSWERED}, {"2XX", "FAILED"}, "our INVITE is over"),
        Ignore({FREE, OURS, ANSWERED}, {"ACCEPTED", "REJECTED"}, "the peer's INVITE is answered"),
        Ignore({FREE, OURS, THEIRS}, {"ACK", "NO ACK"}, "no 2xx waits for it, or another INVITE has come since"),
    ),
)

UpdateOut.table = Table(
    "UPDATE of ours",
    rfc="3311 5.1",
    initial=IDLE,
    rows=(
        #   state    input     guard   next     actions             RFC
        Row(IDLE,    "UPDATE", always, PENDING, (keep_wish,),       "3311 5.1"),
        Refuse(PENDING, "UPDATE", always, None, "the UPDATE before it is unanswered", "3311 5.1"),
        Row(PENDING, "2XX",    always, IDLE,    (report_modified,), "3311 5.3"),
        Row(PENDING, "FAILED", always, IDLE,    (cause_refused,),   "3311 5.3"),
    ),
    ignored=(
        Ignore(IDLE, {"2XX", "FAILED"}, "no UPDATE is under way"),
    ),
)

Glare.table = Table(
    "collisions",
    rfc="3261 14.1",
    initial=NONE,
    rows=(
        #   state    input         guard     next     actions              RFC
        Row(NONE,    "REFUSED",    collided, NONE,    (await_another_try,), "3261 14.1"),
        Row(NONE,    "WAIT",       always,   WAITING, (),                  "3261 14.1"),
        Row(NONE,    "REFUSED",    always,   NONE,    (report_refused,),   "3261 14.1"),
        Row(WAITING, "REFUSED",    always,   WAITING, (report_refused,),   "3261 14.1"),
        # "where two re-INVITEs for session modification cross over, retrying the same re-INVITE again after a 491 by the Call-ID
        # owner (the UA that retries its re-INVITE after the other UA) may result in unintended behavior, so the UA must decide
        # if the retry of the re-INVITE is necessary."
        # Decided: where the session has changed since, the application must; the same offer would take that change back.
        Row(WAITING, "Timer glare", is_outdated, NONE, (report_outdated,), "5407 3.3.1"),
        Row(WAITING, "Timer glare", always,  NONE,    (try_again,),        "3261 14.1"),
        # "if it still desires for that session modification to take place."
        Row(WAITING, "MODIFY",     always,   NONE,    (give_up,),          "3261 14.1"),
        Row(WAITING, "OVER",       always,   NONE,    (give_up,),          "3311 5.3"),
    ),
    timers=(
        #     letter   runs in    lasts     then  RFC
        Timer("glare", {WAITING}, as_drawn, once, "3261 14.1"),
    ),
    ignored=(
        Ignore(NONE, {"MODIFY", "OVER"}, "nothing waits for another try"),
        Ignore(WAITING, "WAIT", "it waits already"),
    ),
)
# fmt: on
