"""A small fixed part of the simulation: every call ends as both ends agree, or by a timeout that the RFC names."""

from __future__ import annotations

from collections import Counter

import pytest
from attrs import evolve

from sipsm.testing import InvariantBroken, answer, hang_up, ladder, ring
from sipsm.testing.net import Net
from tests.simulation import __main__ as simulation
from tests.simulation import oracle
from tests.simulation.world import KINDS, MODES, Kind, Weather, run

CALM = Weather(loss=(0.0, 0.0), breaks=(0.0, 0.0), cuts=0.0, crashes=0.0)


@pytest.mark.rfc("3261 17", "3261 13", "3261 15", "3261 9", "3261 18")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.seeds(6)
def test_calls_behind_a_bad_network(seed: int, mode: str) -> None:
    """At 0 to 40 % loss, on connections that break, when agents are parted or crash: nothing is left, and each call
    came to what it may."""
    run(seed, 25, Weather(modes=(mode,)), record=True)


@pytest.mark.rfc("3261 18.2.2")
def test_a_response_whose_connection_is_gone() -> None:
    """Bob answers on a connection of his own, and the call is up; Alice takes it for her next requests, too."""
    net = Net()
    net.agent("bob", transports=["TCP"]).script(ring(), answer(after=2.0))
    alice = net.agent("alice", transports=["TCP"])
    alice.script(hang_up(after=2.0))
    alice.invite("sip:bob;transport=tcp")
    net.at(1.0, lambda: net.streams.reset(alice))
    assert net.run(until=10.0) == ladder("""
        0.0  alice INVITE----------> bob
        0.0  alice <------------180- bob
        2.0  alice <------------200- bob
        2.0  alice ACK-------------> bob
        4.0  alice BYE-------------> bob
        4.0  alice <------------200- bob
    """)
    assert net.figures()["connections"] == 3


@pytest.mark.rfc("3261 17.1.1.2", "3261 13.3.1.4", "3261 9.1", "3261 17.1.2.2")
def test_every_timeout_is_met_behind_the_worst_network() -> None:
    """Where most is lost, calls end by each of the timeouts that are there for it."""
    met: Counter[str] = Counter()
    for seed in range(3):
        met += run(seed, 100, evolve(CALM, loss=(0.7, 0.75), modes=("udp",))).verdicts
    assert {name.partition(" (")[0] for name in met} == {
        "agreed",
        "Timer B",
        "64*T1 without an ACK",
        "64*T1 after a CANCEL",
        "BYE without an answer",
        "OPTIONS answered",
        "OPTIONS Timer F",
    }


def test_where_nothing_is_lost_all_agree() -> None:
    """Packets that come twice, late or overtaken bring nobody to a timeout."""
    for mode in MODES:
        met = run(1, 100, evolve(CALM, modes=(mode,))).verdicts
        assert set(met) == {oracle.AGREED, oracle.ANSWERED}
        assert met["agreed"] == 100


@pytest.mark.rfc("3261 17.1.1.2", "3261 17.1.2.2", "3261 17.2.1", "3261 13.3.1.4")
def test_timeouts_are_as_rare_as_repetition_makes_them() -> None:
    """Where 40 % are lost, a message and its answer come to nothing in 64 % of all cases; seven INVITEs in less than
    5 %, and eleven of a 2xx, a refusal or a BYE in less than 1 %."""
    met: Counter[str] = Counter()
    for seed in range(4):
        met += run(seed, 100, evolve(CALM, loss=(0.4, 0.4), duplicate=(0.0, 0.0), modes=("udp",))).verdicts
    assert met[oracle.AGREED] > 360
    assert met[oracle.TIMER_B] < 12
    assert max(met[oracle.NO_ACK], met[oracle.CANCEL_IN_VAIN], met[oracle.BYE_IN_VAIN]) < 6


@pytest.mark.rfc("3261 17.1.4", "3261 18.4", "3263 4.3")
def test_every_failure_is_met_on_bad_connections() -> None:
    """Where connections break all the time, calls end by each of the ways that there are for it, and by no other."""
    met: Counter[str] = Counter()
    for seed in range(6):
        weather = Weather(breaks=(0.3, 0.3), cuts=1.0, crashes=0.0, modes=("tcp", "mixed"))
        met += run(seed, 60, weather).verdicts
    assert set(met) >= {oracle.NOT_SENT, oracle.CANCELLED_UNSENT, oracle.NO_ACK, oracle.BYE_IN_VAIN}
    assert met[oracle.AGREED] > 30


def test_every_end_after_a_crash() -> None:
    """Who has not crashed comes to an end; and who came back as it was saved goes on."""
    met: Counter[str] = Counter()
    for seed in range(6):
        met += run(seed, 60, Weather(crashes=1.0)).verdicts
    found = {name.removeprefix("after a crash: ") for name in met if name.startswith("after a crash: ")}
    assert found >= {oracle.AGREED, oracle.GONE}
    assert len(found) > 4


def test_the_figures(capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints how many calls came to what, and how bad the network was; so do several processes."""
    often = ["--loss", "0.1-0.3", "--crashes", "0"]
    texts = []
    for jobs in ("1", "2"):
        assert simulation.main(["--calls", "30", "--in-each", "20", *often, "--jobs", jobs]) == 0
        texts.append(capsys.readouterr().out.splitlines())
    first, *rest = texts[0]
    assert first.startswith("30 calls in 2 networks (")
    assert "datagrams, of which" in rest[0]
    assert "connections: " in rest[1]
    assert any(line.endswith(" agreed") for line in rest)
    assert rest == texts[1][1:]


def test_the_figures_of_a_perfect_network(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing lost and nothing doubled are figures, too; and so is no call at all."""
    perfect = ["--latency", "0", "--loss", "0", "--duplicate", "0", "--reorder", "0", "--breaks", "0"]
    perfect += ["--cuts", "0", "--crashes", "0"]
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
    assert simulation.main(["--calls", "60", "--in-each", "20", "--loss", "0", "--transports", "udp,tcp"]) == 1
    first, *account = capsys.readouterr().err.splitlines()
    assert first.startswith("seed 0 failed: AssertionError: call busy.")
    assert any("INVITE------" in line for line in account)
    command = account[1].removeprefix("to see it again: python -m tests.simulation ")
    assert simulation.main(command.split()) == 1
    assert capsys.readouterr().err.splitlines() == [first, *account]


def test_what_is_left_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that nobody ends is left."""
    for name in KINDS:
        monkeypatch.setitem(KINDS, name, Kind((), (answer(),), frozenset()))
    with pytest.raises(InvariantBroken, match="nothing_left"):
        run(1, 1, CALM)
