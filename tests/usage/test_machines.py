"""The machines of a call by themselves: what they take no notice of, their timers, and what ladders would not see."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from sipsm import EndReason, TimerValues
from sipsm.dialog import Dialog
from sipsm.machine import Machine, Refuse, Step
from sipsm.sdp import OfferAnswer
from sipsm.usage.acknowledging import Acknowledging
from sipsm.usage.deciding import PrackIn, UpdateIn
from sipsm.usage.invite_uac import InviteUac
from sipsm.usage.invite_uas import InviteUas
from sipsm.usage.outputs import (
    Cancel,
    GiveUp,
    Over,
    Refresh,
    RepeatProvisional,
    RepeatReply,
    Reply,
    ReplyReliably,
    TryAgain,
)
from sipsm.usage.reliable_receiver import ReliableReceiver
from sipsm.usage.reliable_sender import ReliableSender
from sipsm.usage.session import Session
from sipsm.usage.session_timer import Interval, SessionTimer
from sipsm.usage.turns import Glare, Turns, UpdateOut
from sipsm.usage.wiring import MACHINES
from tests.endpoint.by_hand import SDP
from tests.usage.alone import START, Make, ignored_by, takes_no_notice
from tests.usage.world import Attempt, Plan, World, apply, inputs


def a_dialog() -> Dialog:
    """A dialog about which nothing is known yet."""
    return Dialog("one", "us", "<sip:us@a>;tag=us", "<sip:them@b>", 1, uac=True)


MAKERS: list[Make] = [
    a_dialog,
    InviteUac,
    InviteUas,
    ReliableReceiver,
    ReliableSender,
    Acknowledging,
    PrackIn,
    UpdateIn,
    OfferAnswer,
    Turns,
    UpdateOut,
    Glare,
    Session,
    SessionTimer,
]


def test_these_are_all() -> None:
    """Each table of a call is that of one of these machines."""
    assert {make().table for make in MAKERS} == {table for tables in MACHINES.values() for table in tables}


@pytest.mark.parametrize(("make", "state", "name"), ignored_by(MAKERS))
def test_what_is_ignored_changes_nothing(make: Make, state: str, name: str) -> None:
    """Neither the state nor a timer, and nothing is sent or told."""
    takes_no_notice(make, state, name)


# -------------------------------------------------------------------- timers


def take(machine: Machine, name: str, x: Any = None, now: float = START, at: Any = None) -> Step:
    """One input; what it causes goes to the machines around, of which there are none here."""
    step = Step(now)
    before, decision = machine.state, machine.find(name, x, at)
    assert decision.taken, f"{name} in {before}"
    machine.move(decision, step)
    machine.act(decision, name, before, x, step)
    return step


def run(machine: Machine, until: float = START + 1000, at: Any = None) -> list[tuple[float, str, list[Any]]]:
    """Fire a machine's timers: when, which, and what came of it."""
    fired = []
    while (due := machine.next_timeout()) is not None and due <= until:
        letter = machine.due(due)
        assert letter is not None
        step = take(machine, machine.fired(letter, due), None, due, at)
        fired.append((due - START, letter, [*step.outputs, *(name for name, _, _ in step.causes)]))
    return fired


@pytest.mark.rfc("3261 13.3.1.4", "3261 9.1", "3261 13.2.2.4", "3262 3", "4028 10", "3261 14.1")
def test_the_timers_run_in_their_states() -> None:
    """Which of the machines of a call have timers, and while what lasts."""
    found = {
        make().table.name: {timer.letter: set(timer.runs_in) for timer in make().table.timers}
        for make in MAKERS
        if make().table.timers
    }
    unanswered = {"Proceeding", "Accepting"}
    assert found == {
        "INVITE at the UAC": {
            "cancel": {"Cancelling"},
            "forks": {"Accepted"},
            "expires": {"Calling", "Proceeding"},
            "retry": {"Waiting"},
        },
        "INVITE at the UAS": {
            "minute": {"Proceeding"},
            "expires": unanswered,
            "2xx": {"Accepted"},
            "ACK": {"Accepted"},
        },
        "reliable provisional responses at the UAS": {
            "reliable": {"Unacknowledged"},
            "PRACK": {"Unacknowledged", "Late"},
        },
        "collisions": {"glare": {"Waiting"}},
        "session timer": {
            "refresh": {"Refreshing"},
            "expires unrefreshed": {"Refreshing"},
            "unrefreshed": {"Watching"},
        },
    }


class Beside:
    """What stands around a callee's INVITE in these tests."""

    reliable = ReliableSender()


def accepted(**times: float) -> InviteUas:
    """An INVITE that has just been answered with 2xx."""
    invite = InviteUas(TimerValues(**times))
    take(invite, "INVITE")
    take(invite, "ACCEPT", Reply(200), at=Beside)
    return invite


@pytest.mark.rfc("3261 13.3.1.4", "6026 8.1")
@pytest.mark.parametrize(("t1", "t2"), [(0.5, 4.0), (1.0, 4.0), (0.25, 1.0), (2.0, 1.0)])
def test_the_2xx_is_repeated(t1: float, t2: float) -> None:
    """First after T1, then after twice as long each time but never more than T2, until 64*T1 have passed."""
    fired = run(accepted(T1=t1, T2=t2))
    *repeats, last = fired
    assert last == (64 * t1, "ACK", ["NO ACK"])
    assert {letter for _, letter, _ in repeats} == {"2xx"}
    assert repeats[0][0] == t1
    lengths = [later - earlier for (earlier, *_), (later, *_) in pairwise(repeats)]
    expected = t1
    for length in lengths:
        expected = min(2 * expected, t2)
        assert length == expected
    assert all(outputs == [RepeatReply()] for _, _, outputs in repeats)


@pytest.mark.rfc("3261 13.3.1.4")
def test_the_ack_ends_the_repeats() -> None:
    """Once it has come, no timer runs."""
    invite = accepted()
    run(invite, until=START + 5)
    assert set(invite.timers) == {"2xx", "ACK"}
    take(invite, "ACK")
    assert (invite.state, invite.timers) == ("Confirmed", {})


@pytest.mark.rfc("3261 13.3.1.1")
def test_what_was_said_last_is_said_each_minute() -> None:
    """A 183 before anything was said; and not at all where the policy does not want it."""
    invite = InviteUas()
    take(invite, "INVITE")
    assert run(invite, START + 61, Beside) == [(60.0, "minute", [Reply(183)])]
    take(invite, "PROVISION", Reply(180), START + 61)
    assert run(invite, START + 181, Beside) == [
        (120.0, "minute", [Reply(180)]),
        (180.0, "minute", [Reply(180)]),
    ]
    quiet = InviteUas(extends=False)
    take(quiet, "INVITE")
    assert quiet.timers == {}


@pytest.mark.rfc("3262 3")
def test_what_was_said_reliably_is_extended_more_seldom() -> None:
    """Once a provisional response was reliable, a further one is caused each two and a half minutes."""
    invite = InviteUas()
    take(invite, "INVITE")
    take(invite, "REL", Reply(180))
    assert run(invite, START + 361, Beside) == [(at, "minute", ["EXTEND"]) for at in (60.0, 210.0, 360.0)]


@pytest.mark.rfc("3261 13.3.1")
def test_an_invitation_expires() -> None:
    """After the time in its Expires it is answered with 487, also while a 2xx is held."""
    for held in (False, True):
        invite = InviteUas(expires_s=20.0)
        take(invite, "INVITE")
        if held:
            sender = ReliableSender()
            take(sender, "REL", Reply(183, body=SDP))
            beside = type("Beside", (), {"reliable": sender})
            take(invite, "ACCEPT", Reply(200), at=beside)
            assert invite.state == "Accepting"
        assert run(invite) == [(20.0, "expires", [Reply(487), "EXPIRED"])]


@pytest.mark.rfc("3262 3")
@pytest.mark.parametrize("t1", [0.5, 0.1])
def test_a_reliable_response_is_repeated(t1: float) -> None:
    """After T1, and twice as long each time without a limit, until 64*T1 have passed without a PRACK."""
    sender = ReliableSender(TimerValues(T1=t1), 7)
    step = take(sender, "REL", Reply(180))
    assert step.outputs == [ReplyReliably(Reply(180), 7)]
    *repeats, last = run(sender)
    assert [round(at / t1) for at, _, _ in repeats] == [1, 3, 7, 15, 31, 63]
    assert all(outputs == [RepeatProvisional()] for _, _, outputs in repeats)
    assert (round(last[0] / t1), *last[1:]) == (64, "PRACK", ["NO PRACK"])
    assert (sender.state, sender.timers) == ("Over", {})


@pytest.mark.rfc("3261 9.1")
def test_the_cancel_has_its_time() -> None:
    """64*T1 after the CANCEL was sent, and not after it was asked for, the INVITE is given up."""
    invite = InviteUac(TimerValues(T1=0.1))
    take(invite, "INVITE")
    asked = Cancel()
    take(invite, "CANCEL", asked)
    assert (invite.state, invite.timers) == ("CancelWaits", {})
    assert take(invite, "1XX", None, START + 3).outputs == [asked]
    invite.receive("1XX", None, Step(START + 4))
    ((at, letter, outputs),) = run(invite)
    assert (round(at, 6), letter) == (9.4, "cancel")
    assert [type(output) for output in outputs[:2]] == [GiveUp, Over]
    assert outputs[1].reason is EndReason.CANCELLED
    assert outputs[2:] == ["FAILED", "ABANDON"]
    assert invite.state == "Terminated"


@pytest.mark.rfc("3261 13.2.2.4")
def test_forks_have_their_time() -> None:
    """It counts from the first 2xx, and others do not begin it anew."""
    invite = InviteUac(TimerValues(T1=0.1))
    take(invite, "INVITE")
    take(invite, "2XX", None, START + 1)
    invite.receive("2XX", None, Step(START + 2))
    ((at, letter, _),) = run(invite)
    assert (round(at, 6), letter, invite.state) == (7.4, "forks", "Terminated")


@pytest.mark.rfc("3261 13.2.1")
@pytest.mark.parametrize(("rings", "state"), [(False, "CancelWaits"), (True, "Cancelling")])
def test_an_invitation_of_ours_expires(rings: bool, state: str) -> None:
    """It is cancelled, or the CANCEL waits for a provisional response."""
    invite = InviteUac(expires_s=20.0)
    take(invite, "INVITE")
    if rings:
        take(invite, "1XX")
    ((at, letter, outputs),) = run(invite, START + 25)
    assert (at, letter, Cancel() in outputs, invite.state) == (20.0, "expires", rings, state)


@pytest.mark.rfc("3261 13.2.2.4", "3261 9.1")
@pytest.mark.parametrize("state", InviteUac.table.states)
def test_who_wants_an_answer(state: str) -> None:
    """A 2xx makes the call only while nobody has given it up and no other branch has answered, unless all are kept."""
    for kept, modifies in ((False, False), (True, False), (False, True)):
        invite = InviteUac(keeps_forks=kept, modifies=modifies)
        invite.state = state
        wanted = {"Calling", "Proceeding", *(["Accepted", "Terminated"] if kept else [])}
        assert invite.wants_answers is (modifies or state in wanted)


@pytest.mark.rfc("3261 14.1")
def test_what_collided_waits_as_long_as_was_drawn() -> None:
    """Then it is tried again, marked as the second try."""
    world = up()
    for event, variant in ((">REINVITE+SDP", ""), ("3XX-6XX", "491")):
        apply(world, named(world, event, variant))
    glare = world.legs[0].glare
    assert [(at, letter) for at, letter, _ in glare.running] == [(START + 1.0, "glare")]
    fired = run(glare, at=world.legs[0].invitations[0])
    ((_, _, (tried,)),) = fired
    assert isinstance(tried, TryAgain)
    assert tried.wish.again
    assert glare.wish is None


# -------------------------------------------------------------------- the session timer


def agreed(seconds: int, *, ours: bool) -> SessionTimer:
    """A session timer whose interval has just begun."""
    timer = SessionTimer(agreed=Interval(seconds, ours))
    take(timer, "TIMER SET", at=up().legs[0].invitations[0])
    return timer


@pytest.mark.rfc("4028 7.2", "4028 10")
def test_who_refreshes_does_it_at_half_time() -> None:
    """And again each eighth of the interval while that leads to nothing, until the interval is over."""
    timer = agreed(1800, ours=True)
    fired = run(timer, START + 2000)
    assert [(at, letter) for at, letter, _ in fired] == [
        (900.0, "refresh"),
        (1125.0, "refresh"),
        (1350.0, "refresh"),
        (1575.0, "refresh"),
        (1800.0, "expires unrefreshed"),
    ]
    assert [outputs for _, _, outputs in fired] == [[Refresh()]] * 4 + [["SESSION EXPIRED"]]
    assert (timer.state, timer.timers) == ("Off", {})


@pytest.mark.rfc("4028 10")
@pytest.mark.parametrize(("seconds", "after"), [(1800, 1768.0), (96, 64.0), (90, 60.0)])
def test_who_waits_for_a_refresh_gives_up_in_time(seconds: int, after: float) -> None:
    """A third of the interval before its end, or 32 seconds where that is less."""
    assert run(agreed(seconds, ours=False), START + 2000) == [(after, "unrefreshed", ["SESSION EXPIRED"])]


def test_no_interval_begins_in_a_session_that_is_over() -> None:
    """The 2xx that agreed on it may have ended the session in the same step."""
    world = up()
    world.legs[0].session.state = "Ending"
    timer = SessionTimer(agreed=Interval(90, True))
    assert timer.find("TIMER SET", None, world.legs[0].invitations[0]).ignored


# -------------------------------------------------------------------- what ladders would not see


def up() -> World:
    """A call of ours that is up."""
    world = World(Plan(True))
    for event in (">INVITE+SDP", "2XX+SDP"):
        apply(world, named(world, event))
    return world


def named(world: World, event: str, variant: str = "") -> Any:
    """The input of this name."""
    return next(each for each in inputs(world) if each.event == event and each.variant == variant)


@pytest.mark.rfc("3261 9.2", "3261 14.2")
def test_a_cancel_of_an_answered_invite_leaves_the_next_one_alone() -> None:
    """It concerns the INVITE that it names, which has its answer, and not the re-INVITE that waits for one."""
    world = World(Plan(False))
    for event in ("<INVITE+SDP", "ACCEPT+SDP", "<REINVITE+SDP"):
        apply(world, named(world, event))
    leg = world.legs[0]
    before = leg.offer_answer.state, leg.turns.state, [at.invite.state for at in leg.invitations]
    assert before == ("GotInInvite", "Theirs", ["Accepted", "Proceeding"])
    done = apply(world, named(world, "CANCEL"))
    assert (done.outcome.moved, done.outputs) == (False, [])
    assert before == (leg.offer_answer.state, leg.turns.state, [at.invite.state for at in leg.invitations])


def attempt(state: str, **parts: Any) -> Attempt:
    """What stands around a session: an INVITE of ours in this state."""
    world = World(Plan(True, **parts))
    apply(world, named(world, ">INVITE"))
    at = world.legs[0].invitations[0]
    at.invite.state = state
    assert isinstance(at, Attempt)
    return at


@pytest.mark.rfc("3261 15.1.2", "3261 12.2.2")
@pytest.mark.parametrize("name", ["BYE", "<REINVITE", "<UPDATE", "<ASK"])
def test_a_session_that_is_over(name: str) -> None:
    """A request for it would get 481; an endpoint has forgotten its dialog by then, and says the same."""
    session = Session()
    session.state = "Ended"
    decision = session.find(name, None, None)
    assert isinstance(decision.entry, Refuse)
    assert decision.entry.status == 481


@pytest.mark.rfc("3261 13.2.2.4")
@pytest.mark.parametrize(("invite", "state"), [("Proceeding", "Ending"), ("Accepted", "Discarding")])
def test_an_early_dialog_that_was_given_up_is_answered(invite: str, state: str) -> None:
    """A BYE ends what a 199 had ended already: for the call, or beside the one that was accepted."""
    session = Session()
    session.state = "Ended"
    session.reason = EndReason.PEER_LOST
    step = take(session, "2XX", None, at=attempt(invite))
    assert session.state == state
    assert [type(x).__name__ for x in step.outputs] == ["HangUp"]
