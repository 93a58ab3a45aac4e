"""The machines of a call by themselves: what they take no notice of, their timers, and what no endpoint lets happen."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from sipsm import EndReason, TimerValues
from sipsm.dialog import Dialog
from sipsm.machine import Machine, Refuse, Step
from sipsm.sdp import OfferAnswerUac, OfferAnswerUas
from sipsm.usage import InviteUac, InviteUas, SessionUac, SessionUas
from sipsm.usage.outputs import Cancel, GiveUp, Over, RepeatReply, Reply

START = 1000.0


def a_dialog() -> Dialog:
    """A dialog about which nothing is known yet."""
    return Dialog("one", "us", "<sip:us@a>;tag=us", "<sip:them@b>", 1, uac=True)


MAKERS: list[Callable[[], Machine]] = [
    a_dialog,
    InviteUac,
    InviteUas,
    OfferAnswerUac,
    OfferAnswerUas,
    SessionUac,
    SessionUas,
]

IGNORED = [
    pytest.param(make, state, name, id=f"{make().table.name}: {name} in {state}")
    for make in MAKERS
    for state, by_input in make().table.lookup.items()
    for name, alternatives in by_input.items()
    if alternatives[0].ignored
]


@pytest.mark.parametrize(("make", "state", "name"), IGNORED)
def test_what_is_ignored_changes_nothing(make: Any, state: str, name: str) -> None:
    """Neither the state nor a timer, and nothing is sent or told."""
    machine: Machine = make()
    machine.state = state
    step = Step(START)
    assert machine.receive(name, None, step).ignored
    assert (machine.state, machine.timers, step.outputs, step.causes) == (state, {}, [], [])


# -------------------------------------------------------------------- timers


def timers_of(machine: Machine) -> dict[str, set[str]]:
    """In which states each timer of a machine runs."""
    return {timer.letter: set(timer.runs_in) for timer in machine.table.timers}


@pytest.mark.rfc("3261 13.3.1.4", "3261 9.1", "3261 13.2.2.4")
def test_the_timers_run_in_their_states() -> None:
    """Of all machines of a call, only those of the INVITE's life have timers."""
    assert timers_of(InviteUas()) == {"2xx": {"Accepted"}, "ACK": {"Accepted"}}
    assert timers_of(InviteUac()) == {"cancel": {"Cancelling"}, "forks": {"Accepted"}}
    for make in (a_dialog, OfferAnswerUac, OfferAnswerUas, SessionUac, SessionUas):
        assert timers_of(make()) == {}


def accepted(**times: float) -> InviteUas:
    """An INVITE that has just been answered with 2xx."""
    invite = InviteUas(TimerValues(**times))
    take(invite, "INVITE", None, START)
    take(invite, "ACCEPT", Reply(200), START)
    return invite


def take(machine: Machine, name: str, x: Any, now: float) -> Step:
    """One input; what it causes goes to the machines around, of which there are none here."""
    step = Step(now)
    before, decision = machine.state, machine.find(name, x, None)
    assert not decision.refused
    assert not decision.ignored
    machine.move(decision, step)
    machine.act(decision, name, before, x, step)
    return step


def run(machine: Machine, until: float = START + 1000) -> list[tuple[float, str, list[Any]]]:
    """Fire a machine's timers: when, which, and what came of it."""
    fired = []
    while (at := machine.next_timeout()) is not None and at <= until:
        letter = machine.due(at)
        assert letter is not None
        step = take(machine, machine.fired(letter, at), None, at)
        fired.append((at - START, letter, [*step.outputs, *(name for name, _, _ in step.causes)]))
    return fired


@pytest.mark.rfc("3261 13.3.1.4", "6026 8.1")
@pytest.mark.parametrize(("t1", "t2"), [(0.5, 4.0), (1.0, 4.0), (0.25, 1.0), (2.0, 1.0)])
def test_the_2xx_is_repeated(t1: float, t2: float) -> None:
    """First after T1, then after twice as long each time but never more than T2, until 64*T1 have passed."""
    fired = run(accepted(T1=t1, T2=t2))
    *repeats, last = fired
    assert last[:2] == (64 * t1, "ACK")
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
    invite.receive("ACK", None, Step(START + 5))
    assert (invite.state, invite.timers) == ("Confirmed", {})


@pytest.mark.rfc("3261 9.1")
def test_the_cancel_has_its_time() -> None:
    """64*T1 after the CANCEL was sent, and not after it was asked for, the INVITE is given up."""
    invite = InviteUac(TimerValues(T1=0.1))
    invite.receive("INVITE", None, Step(START))
    asked = Cancel()
    invite.receive("CANCEL", asked, Step(START))
    assert (invite.state, invite.timers) == ("CancelWaits", {})
    step = Step(START + 3)
    invite.receive("1XX", None, step)
    assert step.outputs == [asked]
    invite.receive("1XX", None, Step(START + 4))
    ((at, letter, outputs),) = run(invite)
    assert (round(at, 6), letter) == (9.4, "cancel")
    assert [type(output) for output in outputs[:2]] == [GiveUp, Over]
    assert outputs[1].reason is EndReason.CANCELLED
    assert invite.state == "Terminated"


@pytest.mark.rfc("3261 13.2.2.4")
def test_forks_have_their_time() -> None:
    """It counts from the first 2xx, and others do not begin it anew."""
    invite = InviteUac(TimerValues(T1=0.1))
    invite.receive("INVITE", None, Step(START))
    invite.receive("2XX", None, Step(START + 1))
    invite.receive("2XX", None, Step(START + 2))
    ((at, letter, _),) = run(invite)
    assert (round(at, 6), letter, invite.state) == (7.4, "forks", "Terminated")


@pytest.mark.rfc("3261 13.2.2.4", "3261 9.1")
@pytest.mark.parametrize("state", InviteUac.table.states)
def test_who_wants_an_answer(state: str) -> None:
    """A 2xx makes the call only while nobody has given it up and no other branch has answered."""
    invite = InviteUac()
    invite.state = state
    assert invite.wants_answers is (state in {"Calling", "Proceeding"})


# -------------------------------------------------------------------- what no endpoint lets happen


@pytest.mark.rfc("3261 15.1.2", "3261 12.2.2")
@pytest.mark.parametrize("kind", [SessionUac, SessionUas])
@pytest.mark.parametrize("name", ["BYE", "INVITE"])
def test_a_session_that_is_over(kind: type[SessionUac | SessionUas], name: str) -> None:
    """A request for it would get 481; an endpoint has forgotten its dialog by then, and says the same."""
    session = kind()
    session.state = "Ended"
    decision = session.receive(name, None, Step(START))
    assert decision.refused
    assert isinstance(decision.entry, Refuse)
    assert decision.entry.status == 481
