"""The judge of the simulation is no yes-man: what it lets pass, and what it does not."""

from __future__ import annotations

import pytest
from attrs import evolve

from sipsm import EndReason
from tests.simulation import oracle
from tests.simulation.oracle import Around, End, Told, verdict, verdict_on_request
from tests.simulation.world import KINDS

R = EndReason
AT = 1000.0
CALM = Around(lossy=False)
LOSSY = Around()


def always(_start: float, _end: float) -> int:
    """Very often, at any time."""
    return 9


def once(at: float) -> oracle.Befell:
    """At one time."""
    return lambda start, end: int(start <= at <= end)


BROKEN = Around(lossy=False, broke=always)
BROKEN_ONCE = Around(lossy=False, broke=once(AT + 1.0))
HELD_UP = Around(lossy=False, held_up=always)
CUT = Around(lossy=False, cut=always)

Ends = list[tuple[float, EndReason]]


def told(kind: str, caller: Ends, callee: Ends, rang: int | None = None, *, status: int | None = None) -> Told:
    """A call of this kind, which began at `AT`, with ends that came so many seconds later."""
    return Told(
        AT,
        KINDS[kind].ends,
        [End(AT + after, reason, status=status) for after, reason in caller],
        [End(AT + after, reason) for after, reason in callee],
        [(AT + 0.1, 0)] * (len(callee) if rang is None else rang),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_may_come_to_what_both_ends_agree_on(kind: str) -> None:
    """Whatever befell the network."""
    for caller, callee in KINDS[kind].ends:
        for around in (CALM, LOSSY, BROKEN, CUT):
            assert verdict(told(kind, [(5.0, caller)], [(5.0, callee)]), around) == oracle.AGREED


@pytest.mark.parametrize(
    ("kind", "caller", "callee", "rang"),
    [
        ("answered", [(5.0, R.HUNG_UP)], [], 1),
        ("answered", [], [(5.0, R.HUNG_UP)], 1),
        ("answered", [(5.0, R.HUNG_UP)] * 2, [(5.0, R.HUNG_UP_BY_PEER)], 1),
        ("answered", [(5.0, R.HUNG_UP)], [(5.0, R.HUNG_UP_BY_PEER)] * 2, 2),
        ("answered", [(5.0, R.HUNG_UP)], [(5.0, R.HUNG_UP)], 1),
        ("answered", [(31.0, R.TIMED_OUT)], [], 0),
        ("answered", [(43.0, R.TIMED_OUT)], [], 0),
        ("answered", [(5.0, R.HUNG_UP)], [(31.0, R.NOT_ACKNOWLEDGED)], 1),
        ("answered", [(90.0, R.CANCELLED)], [(90.0, R.HUNG_UP_BY_PEER)], 1),
        ("refused", [(99.0, R.TRANSPORT_FAILED)], [(5.0, R.DECLINED)], 1),
        ("refused", [(5.0, R.REJECTED)], [(5.0, R.HUNG_UP)], 1),
        ("left", [(99.0, R.HUNG_UP)], [(99.0, R.HUNG_UP)], 1),
        ("offerless", [(9.0, R.HUNG_UP)], [(9.0, R.NO_ANSWER)], 1),
    ],
)
@pytest.mark.parametrize("around", [LOSSY, BROKEN, HELD_UP, CUT])
def test_what_a_call_may_never_come_to(kind: str, caller: Ends, callee: Ends, rang: int, around: Around) -> None:
    """Two ends, no end, ends that contradict each other, timeouts at the wrong time: no network excuses these."""
    assert verdict(told(kind, caller, callee, rang), around) is None


EXCUSED = [
    ("answered", [(32.0, R.TIMED_OUT)], [], oracle.TIMER_B, [LOSSY, HELD_UP, CUT]),
    ("answered", [(40.0, R.TIMED_OUT)], [], oracle.TIMER_B, [BROKEN, CUT]),
    ("busy", [(32.0, R.TIMED_OUT)], [(5.0, R.DECLINED)], oracle.TIMER_B, [LOSSY, HELD_UP, CUT]),
    ("answered", [(1.5, R.TRANSPORT_FAILED)], [], oracle.NOT_SENT, [BROKEN, BROKEN_ONCE, CUT]),
    ("left", [(1.5, R.TRANSPORT_FAILED)], [(33.0, R.NOT_ACKNOWLEDGED)], oracle.NOT_SENT, [BROKEN_ONCE]),
    ("crossed", [(2.5, R.CANCELLED)], [(33.0, R.NOT_ACKNOWLEDGED)], oracle.CANCELLED_UNSENT, [BROKEN_ONCE]),
    ("cancelled", [(2.5, R.CANCELLED)], [(300.0, R.DECLINED)], oracle.CANCELLED_UNSENT, [BROKEN_ONCE, CUT]),
    ("left", [(9.0, R.HUNG_UP)], [(33.0, R.NOT_ACKNOWLEDGED)], oracle.NO_ACK, [LOSSY, HELD_UP, CUT, BROKEN]),
    ("cancelled", [(34.0, R.CANCELLED)], [(300.0, R.DECLINED)], oracle.CANCEL_IN_VAIN, [LOSSY, HELD_UP, BROKEN_ONCE]),
    ("cancelled", [(34.0, R.CANCELLED)], [], oracle.CANCEL_IN_VAIN, [LOSSY, HELD_UP, BROKEN_ONCE]),
    ("answered", [(101.0, R.CANCELLED)], [(101.0, R.HUNG_UP_BY_PEER)], oracle.CROSSED, [HELD_UP, CUT]),
    ("answered", [(52.0, R.HUNG_UP)], [(301.0, R.HUNG_UP)], oracle.BYE_IN_VAIN, [LOSSY, HELD_UP, BROKEN_ONCE]),
]


@pytest.mark.parametrize(("kind", "caller", "callee", "name", "arounds"), EXCUSED)
def test_a_timeout_or_failure_needs_a_cause(
    kind: str, caller: Ends, callee: Ends, name: str, arounds: list[Around]
) -> None:
    """What an RFC names is let pass where something befell the network, and is a bug where nothing did."""
    for around in arounds:
        assert verdict(told(kind, caller, callee), around) == name
    assert verdict(told(kind, caller, callee), CALM) is None


@pytest.mark.rfc("3261 18.2.2")
def test_one_broken_connection_is_no_reason_for_silence() -> None:
    """A 2xx is repeated, and goes by a new connection; and who waits for a first response is told at once."""
    call = told("answered", [(52.0, R.HUNG_UP)], [(33.0, R.NOT_ACKNOWLEDGED)])
    assert verdict(call, BROKEN_ONCE) is None
    assert verdict(told("answered", [(32.0, R.TIMED_OUT)], []), BROKEN_ONCE) is None


def test_a_second_copy_is_told_apart() -> None:
    """482 to an INVITE that was tried again comes of a broken connection alone."""
    call = told("answered", [(2.0, R.REJECTED)], [(33.0, R.NOT_ACKNOWLEDGED)], status=482)
    assert verdict(call, BROKEN_ONCE) == oracle.MERGED
    assert verdict(call, LOSSY) is None


def test_a_late_copy_of_a_large_invite_rings_again() -> None:
    """That needs a second target, and bytes that came late."""
    call = told("crossed", [(33.0, R.CANCELLED)], [(33.0, R.CANCELLED_BY_PEER), (85.0, R.NOT_ACKNOWLEDGED)])
    call.two_targets = True
    assert verdict(call, HELD_UP) == verdict(call, CUT) == oracle.LATE_COPY
    assert verdict(call, LOSSY) is None
    call.two_targets = False
    assert verdict(call, HELD_UP) is None


AWAY = [(AT + 3.0, AT + 10.0)]


def after(caller: list[End], callee: list[End], *, kind: str = "answered", rang: int = 1) -> Told:
    """A call in which somebody crashed."""
    return Told(AT, KINDS[kind].ends, caller, callee, [(AT + 0.1, 0)] * rang)


def end(seconds: float, reason: EndReason, life: int = 0, status: int | None = None) -> End:
    """An end, so many seconds after the beginning."""
    return End(AT + seconds, reason, life, status)


@pytest.mark.parametrize(
    ("call", "callee_crashed", "found"),
    [
        (after([end(20, R.HUNG_UP)], []), True, oracle.GONE),
        (after([end(20, R.HUNG_UP)], [end(20, R.HUNG_UP_BY_PEER, 1)]), True, oracle.AGREED),
        (after([], [end(300, R.HUNG_UP)]), False, oracle.GONE),
        (after([], [], rang=0), False, oracle.FORGOTTEN),
        (after([end(20, R.HUNG_UP)], []), False, None),
        (after([], [end(300, R.HUNG_UP)]), True, None),
        (after([end(20, R.HUNG_UP)] * 2, []), True, None),
        (after([end(20, R.HUNG_UP)], [end(20, R.HUNG_UP_BY_PEER)] * 3, rang=3), True, None),
        (after([end(20, R.HUNG_UP)], [end(20, R.HUNG_UP_BY_PEER)] * 3, rang=1), True, None),
        (after([end(32, R.TIMED_OUT)], [], rang=0), True, oracle.TIMER_B),
        (after([end(50, R.TIMED_OUT)], [], rang=0), True, None),
        (after([end(50, R.TIMED_OUT, 1)], [end(300, R.HUNG_UP)]), False, oracle.TIMER_B),
        (after([end(5, R.TRANSPORT_FAILED)], []), True, None),
        (after([end(5, R.REJECTED)], []), True, None),
        (after([end(5, R.CANCELLED)], []), True, None),
        (after([end(132, R.CANCELLED)], []), True, oracle.CANCEL_IN_VAIN),
        (after([end(5, R.REJECTED, status=482)], []), True, oracle.MERGED),
        (after([], [end(5, R.NOT_ACKNOWLEDGED)]), False, None),
        (after([], [end(33, R.NOT_ACKNOWLEDGED)]), False, oracle.NO_ACK),
        (after([], [end(300.1, R.DECLINED)], kind="cancelled"), False, oracle.AGREED),
        (after([], [end(30, R.DECLINED)], kind="cancelled"), False, None),
        (after([], [end(30, R.CANCELLED_BY_PEER)]), False, None),
        (after([], [end(30, R.NO_ANSWER)]), False, None),
        (after([end(5, R.NO_ANSWER)], []), True, None),
    ],
)
def test_what_remains_of_a_call_after_a_crash(call: Told, callee_crashed: bool, found: str | None) -> None:
    """Who has not crashed is told of one end, and of one that needs no help from the other."""
    around = evolve(CALM, callee_away=AWAY) if callee_crashed else evolve(CALM, caller_away=AWAY)
    assert verdict(call, around) == (found if found is None else f"after a crash: {found}")


def test_a_crash_excuses_no_call_that_was_over_before() -> None:
    """And none that began after it."""
    over = after([end(0.5, R.HUNG_UP)], [end(0.5, R.HUNG_UP)])
    assert verdict(over, evolve(CALM, callee_away=AWAY)) is None
    later = told("answered", [(32.0, R.TIMED_OUT)], [])
    assert verdict(later, evolve(CALM, callee_away=[(AT - 9.0, AT - 1.0)])) is None


def test_an_unsent_invite_after_a_crash() -> None:
    """A connection failed, since the other side is gone."""
    call = after([end(5, R.TRANSPORT_FAILED)], [])
    assert verdict(call, evolve(BROKEN, callee_away=AWAY)) == f"after a crash: {oracle.NOT_SENT}"


@pytest.mark.parametrize(
    ("answers", "around", "found"),
    [
        ([(0.1, 200)], CALM, oracle.ANSWERED),
        ([(32.0, 408)], LOSSY, oracle.TIMER_F),
        ([(32.0, 408)], CALM, None),
        ([(31.0, 408)], LOSSY, None),
        ([(33.0, 408)], LOSSY, None),
        ([(1.0, 503)], BROKEN, oracle.OPTIONS_NOT_SENT),
        ([(1.0, 503)], LOSSY, None),
        ([(1.0, 500)], LOSSY, None),
        ([], LOSSY, None),
        ([(1.0, 200)] * 2, LOSSY, None),
        ([], evolve(CALM, caller_away=AWAY), f"after a crash: {oracle.FORGOTTEN}"),
        ([], evolve(CALM, callee_away=AWAY), None),
        ([(32.0, 408)], evolve(CALM, callee_away=AWAY), oracle.TIMER_F),
    ],
)
def test_what_a_request_may_come_to(answers: list[tuple[float, int]], around: Around, found: str | None) -> None:
    """Answered once; or by a timeout or a failure that has a cause."""
    assert verdict_on_request(AT, [(AT + after, status) for after, status in answers], around) == found
