"""What an adapter may rely on: outputs are values in their order, time and chance are given, one deadline."""

from __future__ import annotations

import copy
import pickle
import random
from collections.abc import Callable
from typing import Any, cast

import attrs
import pytest

from sipsm import Call, CallState, Endpoint, Flow, Ids, LocalProtocolError, Send, Watcher, restore, save
from sipsm.machine import Agenda, Machine, Row
from sipsm.role import Output
from sipsm.role.calls.calls import Calls
from tests.endpoint.by_hand import OURS, SDP, SDP2, THEIRS, Bench
from tests.endpoint.snapshot import snapshot
from tests.role.stages import STAGES, Stage, acknowledged, at, offered, ringing, to_its_end, up

stages = pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.__name__)


# -------------------------------------------------------------------- outputs


@stages
def test_outputs_are_frozen_values(stage: Stage) -> None:
    """An output is returned as a value that nobody can change behind the adapter's back; so is a flow."""
    bench, call = at(stage)
    to_its_end(bench, call)
    assert bench.outputs
    for output in bench.outputs:
        fields = attrs.fields(type(output))
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(output, fields[0].name, None)
        if isinstance(output, Send):
            assert isinstance(output.flow, tuple)
            assert isinstance(output.data, bytes)


def test_outputs_are_in_the_order_in_which_they_are_performed() -> None:
    """The ACK goes out before the application hears that the call is up, the 200 before it hears that it is over."""
    bench = Bench()
    call = bench.outgoing()
    kinds = [type(output).__name__ for output in bench.receive(bench.response(call.invite, 200, body=SDP2))]
    assert kinds == ["Send", "AnswerReceived", "Established"]
    kinds = [type(output).__name__ for output in bench.receive(bench.in_dialog("BYE", 5, call))]
    assert kinds == ["Send", "Ended"]


def test_outputs_are_lists_of_the_caller_s_own() -> None:
    """Nothing is queued inside: what was returned is not returned again, and may be emptied."""
    bench = Bench()
    call, outputs = bench.endpoint.invite("sip:bob@192.0.2.2", offer=SDP, now=bench.now)
    assert len(outputs) == 1
    outputs.clear()
    assert bench.endpoint.handle_timeout(bench.now) == []
    assert call.state is CallState.CALLING


def test_an_output_that_nobody_takes_is_a_mistake_of_ours() -> None:
    """What a transaction could tell is a closed list: anything else crashes, in simulation, where it is found."""
    with pytest.raises(AssertionError, match="nobody takes 'gossip'"):
        Bench().endpoint._agent.take("gossip", 1000.0)
    with pytest.raises(AssertionError, match="somebody carries out what the machines ask for"):
        Calls(Agenda(), None).carry([], None, 1000.0)


# -------------------------------------------------------------------- time


@stages
def test_a_wake_up_that_is_early_or_for_nothing(stage: Stage) -> None:
    """`handle_timeout` before the deadline, or without any, gives nothing and changes nothing."""
    bench, call = at(stage)
    before = snapshot(bench.endpoint, call)
    due = bench.endpoint.next_timeout()
    for now in (bench.now, bench.now if due is None else due - 0.001):
        assert bench.endpoint.handle_timeout(now) == []
        assert snapshot(bench.endpoint, call) == before


@stages
def test_after_a_wake_up_the_next_deadline_is_later(stage: Stage) -> None:
    """What is due has been done, be the wake-up in time or late; a late one does not do everything twice."""
    for late in (0.0, 0.3, 7.0, 100.0):
        bench, _ = at(stage)
        # Who rings and is not answered is told so for ever.
        while (due := bench.endpoint.next_timeout()) is not None and due < 1000 + 700:
            bench.now = due + late
            bench.take(bench.endpoint.handle_timeout(bench.now))
            after = bench.endpoint.next_timeout()
            assert after is None or after > bench.now


def test_one_deadline_for_everything() -> None:
    """The earliest of all timers is the endpoint's, and each wake-up fires what is due by then."""
    bench = Bench()
    calls = []
    for _ in range(5):
        calls.append(bench.outgoing())
        bench.now += 0.1
    first = bench.endpoint.next_timeout()
    assert first == pytest.approx(1000.5)
    bench.drain()
    bench.now = 1000.75
    bench.take(bench.endpoint.handle_timeout(bench.now))
    assert [message.call_id for message in bench.sent] == [call.call_id for call in calls[:3]]
    assert bench.endpoint.next_timeout() == pytest.approx(1000.8)


@pytest.mark.parametrize("origin", [0.0, 5.0, 1e6, 1.7e9])
def test_time_has_any_origin(origin: float) -> None:
    """Only differences of time matter."""

    def life(start: float) -> list[bytes]:
        bench = Bench(now=start)
        call = acknowledged(bench)
        bench.wait(1)
        bench.take(call.hang_up(now=bench.now))
        bench.quiet()
        return bench.wires

    assert life(origin) == life(1000.0)


# -------------------------------------------------------------------- chance


def life(endpoint: Endpoint) -> list[bytes]:
    """All bytes of a few calls at an endpoint."""
    bench = Bench()
    bench.endpoint = endpoint
    to_its_end(bench, ringing(bench))
    to_its_end(bench, up(bench))
    to_its_end(bench, offered(bench))
    bench.receive(b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nTo: <sip:a@b>\r\n\r\n")
    bench.receive(bench.request("OPTIONS"))
    return bench.wires


def test_the_same_seed_gives_the_same_bytes() -> None:
    """All chance comes from the source that was given; without one, no two endpoints are alike."""
    local = "udp:192.0.2.1:5060"
    first, second = (life(Endpoint(local, ids=Ids(random.Random(7)))) for _ in range(2))
    assert first == second
    other = life(Endpoint(local, ids=Ids(random.Random(8))))
    fresh, another = life(Endpoint(local)), life(Endpoint(local))
    for one, two in [(first, other), (fresh, another), (first, fresh)]:
        assert len(one) == len(two)
        assert not set(one) & set(two)


def test_nothing_else_is_drawn_from() -> None:
    """Python's own random numbers are neither used nor disturbed."""
    random.seed(1)
    state = random.getstate()
    life(Endpoint("udp:192.0.2.1:5060"))
    assert random.getstate() == state


# -------------------------------------------------------------------- who watches


class Notes:
    """A watcher that writes down what it is shown."""

    def __init__(self) -> None:
        self.seen: list[tuple[Any, ...]] = []

    def received(self, flow: Flow, data: bytes, now: float) -> None:
        self.seen.append(("received", flow, data, now))

    def sent(self, flow: Flow, data: bytes, now: float) -> None:
        self.seen.append(("sent", flow, data, now))

    def moved(self, machine: Machine, before: str, name: str, row: Row, now: float) -> None:
        self.seen.append(("moved", machine.table.name, before, name, row.next, now))


def test_a_watcher_is_shown_everything_and_changes_nothing() -> None:
    """All bytes in and out and all rows taken, in order; the bytes are those of an endpoint that nobody watches."""
    notes: Any = Notes()
    watcher: Watcher = notes
    watched, alone = Bench(watcher=watcher), Bench()
    for bench in (watched, alone):
        to_its_end(bench, acknowledged(bench))
        bench.receive(b"nonsense")
    assert watched.wires == alone.wires
    assert [entry[2] for entry in notes.seen if entry[0] == "sent"] == watched.wires
    assert [entry[2] for entry in notes.seen if entry[0] == "received"][-1] == b"nonsense"
    moves = [entry[1:5] for entry in notes.seen if entry[0] == "moved"]
    assert moves[0] == ("INVITE server transaction", "Initial", "start", "Trying")
    assert ("session", "Accepted", "ACK", "Established") in moves


# -------------------------------------------------------------------- copies


def saved_and_restored(bench: Bench) -> Bench:
    """What comes back of an endpoint that was written down as bytes."""
    restored = pickle.loads(pickle.dumps(bench))
    assert isinstance(restored, Bench)
    return restored


def through_a_snapshot(bench: Bench) -> Bench:
    """The same with a snapshot, which has the endpoint only."""
    endpoint, bench.endpoint = bench.endpoint, cast(Any, None)
    twin = copy.deepcopy(bench)
    bench.endpoint, twin.endpoint = endpoint, restore(save(endpoint), ids=Ids(random.Random()))
    return twin


@pytest.mark.parametrize("again", [copy.deepcopy, saved_and_restored, through_a_snapshot])
@stages
def test_a_copied_endpoint_goes_on_like_the_original(stage: Stage, again: Callable[[Bench], Bench]) -> None:
    """State is plain data: copied or saved in the middle of a call, it gives the same outputs for the same inputs."""
    bench, _ = at(stage)
    bench.outgoing(target="sip:x@biloxi.example.com")
    twin = again(bench)
    for mine, other in zip(bench.endpoint.calls, twin.endpoint.calls, strict=True):
        assert mine is not other
        assert (repr(mine), mine.outgoing) == (repr(other), other.outgoing)
    both = [tail(bench), tail(twin)]
    assert both[0] == both[1]


@stages
def test_a_copy_is_apart_from_the_original(stage: Stage) -> None:
    """What happens to one does not happen to the other."""
    bench, call = at(stage)
    before = snapshot(bench.endpoint, call)
    tail(copy.deepcopy(bench))
    assert snapshot(bench.endpoint, call) == before


def tail(bench: Bench) -> list[str]:
    """The rest of whatever is going on: every output, and every refusal."""
    flow = Flow("UDP", OURS, THEIRS)
    commands: list[Callable[[Call], list[Output]]] = [
        lambda call: call.acknowledge(now=bench.now),
        lambda call: call.answer(SDP2, now=bench.now),
        lambda call: call.answer_offer(SDP2, now=bench.now),
        lambda call: call.offer(SDP, now=bench.now),
        lambda call: call.offer(method="UPDATE", now=bench.now),
        lambda call: call.request("INFO", now=bench.now)[1],
        lambda call: call.hang_up(now=bench.now),
    ]
    told: list[str] = []
    given: list[Output] = []
    for call in bench.endpoint.calls:
        for command in commands:
            try:
                given += command(call)
            except LocalProtocolError as refusal:
                told.append(str(refusal))
        for data in (
            bench.in_dialog("ACK", 1, call, branch="z9hG4bKa"),
            bench.in_dialog("OPTIONS", 50, call, branch="z9hG4bKb"),
            bench.response(call.invite, 200, body=SDP),
        ):
            given += bench.endpoint.receive(data, flow, bench.now)
    while (due := bench.endpoint.next_timeout()) is not None and due < bench.now + 400:
        given += bench.endpoint.handle_timeout(due)
    return told + [f"{type(output).__name__} {getattr(output, 'data', '')!r}" for output in given]
