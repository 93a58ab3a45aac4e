"""A small fixed part of the simulation: every call ends as both ends agree, or by a timeout that the RFC names."""

from __future__ import annotations

from collections import Counter

import pytest
from attrs import evolve

from sipsm import EndReason
from sipsm.testing import InvariantBroken
from tests.simulation import __main__ as simulation
from tests.simulation.world import KINDS, Kind, Told, Weather, run, verdict

R = EndReason
CALM = Weather(loss=(0.0, 0.0))


@pytest.mark.rfc("3261 17", "3261 13", "3261 15", "3261 9")
@pytest.mark.seeds(12)
def test_calls_behind_a_bad_network(seed: int) -> None:
    """At 0 to 40 % loss, with duplication and reordering, nothing is left, and each call came to what it may."""
    run(seed, 25, Weather(), record=True)


@pytest.mark.rfc("3261 17.1.1.2", "3261 13.3.1.4", "3261 9.1", "3261 17.1.2.2")
def test_every_timeout_is_met_behind_the_worst_network() -> None:
    """Where most is lost, calls end by each of the timeouts that are there for it."""
    met: Counter[str] = Counter()
    for seed in range(3):
        met += run(seed, 100, Weather(loss=(0.7, 0.75))).verdicts
    assert {name.partition(" (")[0] for name in met} == {
        "agreed",
        "Timer B",
        "64*T1 without an ACK",
        "64*T1 after a CANCEL",
        "Timer F of a BYE",
        "OPTIONS answered",
        "OPTIONS Timer F",
    }


def test_where_nothing_is_lost_all_agree() -> None:
    """Packets that come twice, late or overtaken bring nobody to a timeout."""
    met = run(1, 100, CALM).verdicts
    assert set(met) == {"agreed", "OPTIONS answered"}
    assert met["agreed"] == 100


AT = 1000.0


@pytest.mark.parametrize(
    ("kind", "caller", "callee", "rang"),
    [
        ("answered", [(AT, R.HUNG_UP)], [], 1),
        ("answered", [], [(AT, R.HUNG_UP)], 1),
        ("answered", [(AT, R.HUNG_UP)] * 2, [(AT, R.HUNG_UP_BY_PEER)], 1),
        ("answered", [(AT, R.HUNG_UP)], [(AT, R.HUNG_UP_BY_PEER)] * 2, 2),
        ("answered", [(AT, R.HUNG_UP)], [(AT, R.HUNG_UP)], 1),
        ("answered", [(AT + 31.0, R.TIMED_OUT)], [], 0),
        ("answered", [(AT + 33.0, R.TIMED_OUT)], [], 0),
        ("answered", [(AT, R.HUNG_UP)], [(AT + 31.0, R.NOT_ACKNOWLEDGED)], 1),
        ("cancelled", [(AT + 31.0, R.CANCELLED)], [], 0),
        ("refused", [(AT + 99.0, R.TRANSPORT_FAILED)], [(AT, R.DECLINED)], 1),
        ("left", [(AT + 99.0, R.HUNG_UP)], [(AT + 99.0, R.HUNG_UP)], 1),
    ],
)
def test_what_a_call_may_not_come_to(
    kind: str, caller: list[tuple[float, EndReason]], callee: list[tuple[float, EndReason]], rang: int
) -> None:
    """The judge is no yes-man: two ends, no end, ends that contradict each other, timeouts at the wrong time."""
    told = Told(kind, AT, "id", caller, callee, rang)
    assert verdict(told) is None


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_call_should_come_to(kind: str) -> None:
    """And it knows a good end when it sees one."""
    for caller, callee in KINDS[kind].ends:
        assert verdict(Told(kind, AT, "id", [(AT + 5.0, caller)], [(AT + 5.0, callee)], 1)) == "agreed"


def test_the_figures(capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints how many calls came to what, and how bad the network was; so do several processes."""
    texts = []
    for jobs in ("1", "2"):
        assert simulation.main(["--calls", "30", "--in-each", "20", "--loss", "0.1-0.3", "--jobs", jobs]) == 0
        texts.append(capsys.readouterr().out.splitlines())
    first, *rest = texts[0]
    assert first.startswith("30 calls in 2 networks, ")
    assert "packets, of which" in rest[0]
    assert any(line.endswith(" agreed") for line in rest)
    assert rest == texts[1][1:]


def test_the_figures_of_a_perfect_network(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing lost and nothing doubled are figures, too; and so is no call at all."""
    perfect = ["--loss", "0", "--duplicate", "0", "--reorder", "0", "--latency", "0"]
    for calls in ("3", "0"):
        assert simulation.main(["--calls", calls, *perfect]) == 0
        told = capsys.readouterr().out
        assert "0.0 % were lost (0% to 0% by network) and 0.0 % doubled" in told
        assert told.startswith(f"{calls} calls in ")


def test_a_failure_names_its_seed_and_the_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that failed is run again with pictures, and the command that was printed does the same."""
    # Here nothing that a busy callee's call comes to is right.
    monkeypatch.setitem(KINDS, "busy", evolve(KINDS["busy"], ends=frozenset()))
    assert simulation.main(["--calls", "60", "--in-each", "20", "--loss", "0"]) == 1
    first, *account = capsys.readouterr().err.splitlines()
    assert first.startswith("seed 0 failed: AssertionError: call busy.")
    assert any("INVITE------" in line for line in account)
    command = account[1].removeprefix("to see it again: python -m tests.simulation ")
    assert simulation.main(command.split()) == 1
    assert capsys.readouterr().err.splitlines() == [first, *account]


def test_what_is_left_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that nobody ends is left."""
    for name in KINDS:
        monkeypatch.setitem(KINDS, name, Kind((), (), frozenset()))
    with pytest.raises(InvariantBroken, match="nothing_left"):
        run(1, 1, CALM)
