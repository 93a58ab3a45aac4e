"""What a snapshot of an endpoint holds, what comes back, and what is no snapshot."""

from __future__ import annotations

import json
import pickle
import random
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from copy import deepcopy
from hashlib import blake2b
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

from sipsm import (
    Answered,
    Call,
    CallState,
    Ended,
    Endpoint,
    Flow,
    Ids,
    IncomingCall,
    Limits,
    Profile,
    Resolve,
    Send,
    SipError,
)
from sipsm.endpoint.graph import Reader, Writer
from sipsm.endpoint.snapshot import FORMAT, VERSION, restore, save
from sipsm.endpoint.state import CONFIG, KINDS, STATE
from sipsm.errors import SnapshotError
from sipsm.machine import Agenda, Machine
from sipsm.transaction import TimerValues
from sipsm.transport import Frame, MessageLimits, StreamFramer
from sipsm.transport.connection import Connection, Waiting
from sipsm.transport.limits import FlowTimes
from sipsm.transport.reading import Reading
from tests.endpoint.by_hand import OURS, SDP, SDP2, THEIRS, Bench

ROOT = Path(__file__).parents[2]


class Counting:
    """A source that is no chance at all, and has no state to be asked for."""

    def __init__(self) -> None:
        self.drawn = 0

    def getrandbits(self, k: int, /) -> int:
        """The next number."""
        self.drawn += 1
        return self.drawn & ((1 << k) - 1)


def calls_us(bench: Bench, name: str, *, up: bool) -> Call:
    """A call of the peer's, ringing or up."""
    parts = {"call_id": name, "from_": f"<sip:{name}@192.0.2.2>;tag={name}"}
    bench.receive(bench.request("INVITE", body=SDP, **parts))
    call: Call = bench.told(IncomingCall)[-1].call
    if up:
        bench.take(call.answer(SDP2, now=bench.now))
        bench.receive(bench.in_dialog("ACK", 1, call))
    else:
        bench.take(call.ring(now=bench.now))
    return call


def busy() -> Bench:
    """An endpoint with a call in each stage, a request, a look-up and what has been answered already."""
    bench = Bench()
    limits, times = Limits(calls=9), TimerValues(T1=0.4)
    bench.endpoint = Endpoint("udp:192.0.2.1:5060", ids=Ids(Counting()), limits=limits, times=times)
    calls_us(bench, "first", up=True)
    calls_us(bench, "second", up=False)
    bench.receive(bench.request("OPTIONS", call_id="third"))
    call = bench.answered()
    bench.take(call.request("OPTIONS", headers=[("Subject", "caf\u00e9")], now=bench.now)[1])
    bench.outgoing(target="sip:bob@name.example.com")
    bench.take(bench.outgoing(offer=b"").cancel(headers=[("Reason", "SIP;cause=200")], now=bench.now))
    bench.take(calls_us(bench, "fourth", up=True).hang_up(now=bench.now))
    bench.drain()
    return bench


# -------------------------------------------------------------------- what comes back


def test_a_call_goes_on_where_it_was() -> None:
    """The calls of the new endpoint are those of the old one, and take commands."""
    bench = Bench()
    bench.acked()
    ringing = bench.outgoing()
    bench.receive(bench.response(ringing.invite, 180))
    again = bench.endpoint = restore(save(bench.endpoint), ids=Ids(random.Random()))
    up, calling = again.calls
    assert [call.state for call in (up, calling)] == [CallState.ESTABLISHED, CallState.RINGING]
    assert (up.local_sdp, up.remote_sdp, up.outgoing) == (SDP2, SDP, False)
    assert calling.call_id == ringing.call_id
    bench.drain()
    bench.take(up.hang_up(now=bench.now))
    bye = bench.last_request
    bench.receive(bench.response(bye, 200))
    ended = bench.told(Ended)
    assert [event.call for event in ended] == [up]
    assert bench.drain()[0] == ["BYE sip:alice@192.0.2.2:5060 SIP/2.0"]


def test_a_request_that_waits_for_an_address_still_waits() -> None:
    """What a `Resolve` of the old endpoint came to is told to the new one, which goes on from there."""
    bench = Bench()
    call = bench.outgoing(target="sip:bob@name.example.com")
    again = restore(save(bench.endpoint))
    asked = []
    (resolve,) = bench.told(Resolve)
    while isinstance(resolve, Resolve):
        asked.append(resolve.type)
        records = ["192.0.2.2"] if resolve.type == "A" else []
        outputs = again.resolved(resolve, records, bench.now)
        assert outputs == bench.endpoint.resolved(resolve, records, bench.now)
        again = restore(save(again))
        (resolve,) = outputs
    assert asked == ["NAPTR", "SRV", "A"]
    assert isinstance(resolve, Send)
    assert (resolve.flow, resolve.data) == (Flow("UDP", OURS, THEIRS), bytes(call.invite))


def test_a_withdrawn_call_is_the_one_that_waits() -> None:
    """What refers to the same object refers to the same one afterwards."""
    bench = Bench()
    bench.outgoing(target="sip:bob@name.example.com")
    bench.endpoint = restore(save(bench.endpoint))
    (call,) = bench.endpoint.calls
    bench.drain()
    bench.take(call.cancel(now=bench.now))
    bench.quiet()
    assert bench.drain() == ([], ["Endedcancelled"])
    assert bench.left() == {}


def test_a_request_of_ours_is_answered_in_its_place() -> None:
    """`Answered` names a request that equals the one that was sent."""
    bench = Bench()
    asked, outputs = bench.endpoint.request("OPTIONS", "sip:bob@192.0.2.2", now=bench.now)
    bench.take(outputs)
    bench.endpoint = restore(save(bench.endpoint))
    bench.receive(bench.response(bench.last_request, 200))
    (event,) = bench.told(Answered)
    assert event.request.request == asked.request
    assert (event.request.status, asked.status) == (200, None)


def test_settings_come_back() -> None:
    """Who it is, its limits and times, and where it listens."""
    identity, route = '"\u00c9va" <sip:eva@example.com>', ("<sip:192.0.2.9;lr>",)
    profile = Profile(identity=identity, user_agent="x/1", supported=("foo",), route=route)
    limits, times = Limits(transactions=7), TimerValues(T1=0.25, T2=2)
    again = restore(save(Endpoint("udp:[2001:db8::1]:5070", profile=profile, limits=limits, times=times)))
    assert (again.local.address, again.local.transport) == (("2001:db8::1", 5070), "UDP")
    assert (again._agent.profile, again.limits, again._transactions.times) == (profile, limits, times)


def test_an_answer_without_state_has_the_same_tag_before_and_after() -> None:
    """A repeat of a request that was refused without state gets the same To tag from the new endpoint (8.2.7)."""
    bench = Bench(limits=Limits(transactions=1))
    bench.incoming()
    late = bench.request("OPTIONS", call_id="late", branch="z9hG4bKlate")
    bench.receive(late)
    bench.endpoint = restore(save(bench.endpoint))
    bench.receive(late)
    first, second = bench.sent[-2:]
    assert (first.to.tag, bench.statuses[-2:]) == (second.to.tag, [503, 503])


def test_saving_changes_nothing() -> None:
    """An endpoint may be saved at any time, and again: the bytes are the same."""
    bench = busy()
    at = bench.endpoint.next_timeout()
    assert save(bench.endpoint) == save(bench.endpoint)
    assert bench.endpoint.next_timeout() == at


def test_what_is_over_is_not_kept() -> None:
    """A transaction that is over is not in a snapshot, though its deadline still stands on the agenda."""
    bench = Bench()
    bench.take(bench.endpoint.request("OPTIONS", "sip:bob@192.0.2.2", now=bench.now)[1])
    bench.take(bench.endpoint.flow_closed(bench.flows[-1], bench.now))
    assert bench.told(Answered)
    assert len(bench.endpoint._agenda.entries()) == 1
    graph = graph_of(bench)
    assert (graph["timers"], [entry[0] for entry in graph["objects"]]) == ([], ["Endpoint"])


class Seeing:
    """A watcher that notes which machines moved."""

    def __init__(self) -> None:
        self.machines: list[str] = []

    def received(self, flow: Flow, data: bytes, now: float) -> None:
        """Bytes arrived."""

    def sent(self, flow: Flow, data: bytes, now: float) -> None:
        """Bytes are to be sent."""

    def moved(self, machine: Machine, before: str, name: str, row: Any, now: float) -> None:
        """A machine took a row."""
        self.machines.append(machine.table.name)


def test_a_watcher_is_given_anew() -> None:
    """What is restored shows itself to the watcher that it is restored with."""
    bench = Bench()
    bench.outgoing()
    watcher = Seeing()
    restore(save(bench.endpoint), watcher=watcher).handle_timeout(bench.now + 1)
    assert watcher.machines == ["INVITE client transaction"]


@pytest.mark.rfc("3261 13.2.2.4")
def test_a_fork_goes_on() -> None:
    """Each branch that has answered is known afterwards: the second 2xx is acknowledged and its session ended."""
    gave = []
    for stops in (False, True):
        bench = Bench()

        def stop(bench: Bench = bench, stops: bool = stops) -> None:
            if stops:
                bench.endpoint = restore(save(bench.endpoint), ids=Ids(random.Random()))

        invite = bench.outgoing().invite
        for status, tag in ((180, "one"), (183, "two"), (200, "two"), (200, "one"), (200, "three"), (200, "two")):
            stop()
            bench.receive(bench.response(invite, status, tag=tag, body=SDP2 if status > 180 else b""))
            bench.wait(0.3)
        stop()
        (call,) = bench.endpoint.calls
        assert call.here.dialog.remote_tag == "two"
        bench.take(call.hang_up(now=bench.now))
        stop()
        bench.quiet()
        assert bench.left() == {}
        gave.append((bench.wires, bench.flows, [type(event) for event in bench.events]))
    assert gave[0] == gave[1]
    assert sum(wire.startswith(b"ACK") for wire in gave[1][0]) == 4


# -------------------------------------------------------------------- chance


def branch_after(endpoint: Endpoint) -> str:
    """The branch of the next request."""
    return endpoint.request("OPTIONS", "sip:bob@192.0.2.2", now=1000.0)[0].request.branch or ""


def test_a_seeded_source_goes_on() -> None:
    """With a source of the same kind, the names that come next are those that would have come."""
    endpoint = Endpoint("udp:192.0.2.1:5060", ids=Ids(random.Random(7)))
    again = restore(save(endpoint), ids=Ids(random.Random(8)))
    assert branch_after(again) == branch_after(endpoint)


@pytest.mark.parametrize(
    ("before", "after"),
    [(None, None), (None, Ids(random.Random(1))), (Ids(random.Random(1)), None), (Ids(random.SystemRandom()), None)],
)
def test_other_sources_begin_anew(before: Ids | None, after: Ids | None) -> None:
    """Where one of the two sources has no state, new names are drawn."""
    endpoint = Endpoint("udp:192.0.2.1:5060", ids=before)
    again = restore(save(endpoint), ids=after)
    assert branch_after(again) != branch_after(endpoint)


def test_a_source_of_another_kind_is_told() -> None:
    """A source that has a state, but not such a one, is an error."""

    class Other(random.Random):
        def setstate(self, state: Any) -> None:
            raise ValueError("not of mine")

    with pytest.raises(
        SnapshotError, match="the source of randomness is not of the kind of the saved one: not of mine"
    ):
        restore(save(Endpoint("udp:192.0.2.1:5060", ids=Ids(random.Random(1)))), ids=Ids(Other()))


def test_any_state_of_plain_values_is_kept() -> None:
    """A source of the program's own may have a state of its own."""

    class Own(Counting):
        def getstate(self) -> object:
            return self.drawn

        def setstate(self, state: Any) -> None:
            self.drawn = state

    source = Own()
    again = restore(save(Endpoint("udp:192.0.2.1:5060", ids=Ids(Own()))), ids=Ids(source))
    assert again._ids.source is source
    assert source.drawn == 1


def test_a_source_whose_state_cannot_be_written_is_told() -> None:
    """A state that holds anything but plain values cannot be in a snapshot."""

    class Odd(Counting):
        def getstate(self) -> object:
            return (1, {2, 3})

    with pytest.raises(SnapshotError, match=r"a builtins\.set cannot be kept in a snapshot"):
        save(Endpoint("udp:192.0.2.1:5060", ids=Ids(Odd())))


# -------------------------------------------------------------------- another process

GO_ON = """
import sys, random
from sipsm import Flow, Ids, Send
from sipsm.endpoint.snapshot import restore
data, inputs = eval(sys.stdin.read())
endpoint = restore(data, ids=Ids(random.Random()))
for now, packet in inputs:
    outputs = endpoint.handle_timeout(now)
    if packet:
        outputs += endpoint.receive(packet, Flow("UDP", ("192.0.2.1", 5060), ("192.0.2.2", 5060)), now)
    for output in outputs:
        print(now, repr(output.data) if isinstance(output, Send) else type(output).__name__)
    print(endpoint.next_timeout())
"""


@pytest.mark.slow
def test_another_process_goes_on() -> None:
    """A fresh interpreter, with other hashes and other addresses of objects, gives the same bytes at the same times."""
    bench = Bench()
    bench.acked()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180))
    bench.outgoing()
    data = save(bench.endpoint)
    inputs: list[tuple[float, bytes]] = [(bench.now + 0.5 * n, b"") for n in range(1, 8)]
    inputs.insert(3, (bench.now + 1.7, bench.response(call.invite, 200, body=SDP2)))
    inputs.insert(5, (bench.now + 2.2, bench.request("INVITE", call_id="new", body=SDP)))
    lines = []
    for now, packet in inputs:
        outputs = bench.endpoint.handle_timeout(now)
        if packet:
            outputs += bench.endpoint.receive(packet, Flow("UDP", OURS, THEIRS), now)
        lines += [f"{now} {o.data!r}" if isinstance(o, Send) else f"{now} {type(o).__name__}" for o in outputs]
        lines.append(str(bench.endpoint.next_timeout()))
    done = subprocess.run(
        [sys.executable, "-c", GO_ON], input=repr((data, inputs)), capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert (done.stdout.splitlines(), done.stderr) == (lines, "")
    assert sum("Established" in line or "IncomingCall" in line for line in lines) == 2


# -------------------------------------------------------------------- no snapshot


def test_every_truncation_is_an_error() -> None:
    """A snapshot of which the end is missing is never taken for one."""
    data = save(busy().endpoint)
    for length in range(len(data)):
        with pytest.raises(SnapshotError):
            restore(data[:length])


def test_every_byte_that_changes_is_an_error() -> None:
    """A snapshot in which any one byte is another is never taken for one."""
    data = bytearray(save(busy().endpoint))
    bits = random.Random(1)
    for at in range(len(data)):
        before = data[at]
        data[at] ^= 1 << bits.randrange(8)
        with pytest.raises(SnapshotError):
            restore(bytes(data))
        data[at] = before
    with pytest.raises(SnapshotError, match="the snapshot is damaged: its bytes do not have the digest that it names"):
        restore(bytes(data) + b"\n")


def signed(graph: Any, first: bytes = b"sipsm snapshot 1 0.1.0\n") -> bytes:
    """A snapshot of this content, whose digest is right."""
    rest = graph if isinstance(graph, bytes) else json.dumps(graph).encode()
    return first + blake2b(first + rest, digest_size=32).hexdigest().encode() + b"\n" + rest


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it does not begin as one"),
        (b"{}", "it does not begin as one"),
        (pickle.dumps({"a": 1}), "it does not begin as one"),
        (b"sipsm snapshot -1 0.1.0\n", "it does not begin as one"),
        (b"sipsm snapshot " + b"9" * 5000 + b" 0.1.0\n", "it does not begin as one"),
        (signed({}, b"sipsm snapshot 2 9.9\n"), "the snapshot has format 2, by sipsm 9.9; only 1 can be read here"),
        (b"sipsm snapshot 1 0.1.0\n" + b"0" * 64 + b"\n{}", "damaged"),
        (signed(b"{"), "the snapshot is no JSON"),
        (signed(b"\xff"), "the snapshot is no JSON"),
        (signed(b"9" * 5000), "the snapshot is no JSON"),
        (signed(b"[" * 100_000), "nested too deeply"),
        (signed([]), "lacks a part"),
        (signed({"config": {}}), "lacks a part"),
    ],
)
def test_what_is_foreign_is_told_apart(data: bytes, why: str) -> None:
    """What another program wrote, or another sipsm, is an error that says so."""
    with pytest.raises(SnapshotError, match=why) as caught:
        restore(data)
    assert isinstance(caught.value, SipError)


def graph_of(bench: Bench) -> Any:
    """The JSON in the snapshot of an endpoint."""
    return json.loads(save(bench.endpoint).split(b"\n", 2)[2])


def places(x: Any) -> Iterator[tuple[Any, Any]]:
    """Every value inside, as its holder and its key there."""
    pairs = x.items() if isinstance(x, dict) else enumerate(x) if isinstance(x, list) else ()
    for key, inner in list(pairs):
        yield x, key
        yield from places(inner)


JUNK: tuple[Any, ...] = (
    None, True, -1, 0, 3, 10**9, 1e999, -0.5, "", "x", "\ud800", "Proceeding", [], ["bytes"], ["bytes", "x"], [[]], {},
    {"v": 0}, {"v": -1}, {"v": True}, {"o": 0}, {"o": 1}, {"o": 2}, {"o": 10**9}, {"l": []}, {"l": 1}, {"b": "\u0100"},
    {"d": []}, {"d": [[1]]}, {"d": [[1, 2], [1, 3]]}, {"d": [[{"l": []}, 1]]}, {"d": 5}, {"x": 1}, {"v": 0, "o": 0},
)  # fmt: skip


@pytest.mark.slow
def test_a_wrong_value_with_the_right_digest_is_an_error_or_none() -> None:
    """Whoever writes snapshots by hand gets an error, or an endpoint; whatever is written where."""
    graph = graph_of(busy())
    choice = random.Random(2)
    refused = taken = 0
    for holder, key in list(places(graph)):
        for junk in choice.sample(JUNK, 4):
            before = holder[key]
            holder[key] = deepcopy(junk)
            try:
                restore(signed(graph)).next_timeout()
                taken += 1
            except SnapshotError:
                refused += 1
            holder[key] = before
    restore(signed(graph))
    # Some are as good as the right one: another text in a tag, another number in a limit.
    assert refused > 5 * taken


def drop(name: str) -> Callable[[Any], None]:
    """Leave out a part."""

    def change(graph: Any) -> None:
        del graph[name]

    return change


def setting(graph: Any) -> None:
    """One setting is missing."""
    del graph["config"]["limits"]


def port(graph: Any) -> None:
    """The endpoint has no port."""
    for entry in graph["values"]:
        if entry[0] == "Listening":
            entry[2] = entry[3] = ["192.0.2.1", 0]


def unwatched(graph: Any) -> None:
    """The agenda is empty."""
    graph["timers"] = []


def strange_state(graph: Any) -> None:
    """A dialog stands where no dialog can stand."""
    next(entry for entry in graph["objects"] if entry[0] == "Dialog")[1] = "Calling"


def strange_timer(graph: Any) -> None:
    """A dialog has a timer."""
    next(entry for entry in graph["objects"] if entry[0] == "Dialog")[2] = [[1.0, "A", 1.0]]


def timer_twice(graph: Any) -> None:
    """A timer runs twice at once."""
    entry = next(entry for entry in graph["objects"] if entry[0] == "InviteClientTransaction" and entry[1] == "Calling")
    entry[2].append(entry[2][0])


def endless_timer(graph: Any) -> None:
    """A timer that fires again after no time."""
    entry = next(entry for entry in graph["objects"] if entry[0] == "InviteClientTransaction" and entry[1] == "Calling")
    entry[2][0][2] = 0


def strange_deadline(graph: Any) -> None:
    """A transaction would be woken when none of its timers fires."""
    number = graph["kinds"]["InviteClientTransaction"].index("deadline")
    entry = next(entry for entry in graph["objects"] if entry[0] == "InviteClientTransaction" and entry[1] == "Calling")
    entry[1 + number] += 0.25


def strange_field(graph: Any) -> None:
    """A class has a field more."""
    graph["kinds"]["Flow"].append("zone")


def strange_class(graph: Any) -> None:
    """A class that exists, and is none of those that can be in a snapshot."""
    graph["kinds"]["Popen"] = ["args"]


def secret(graph: Any) -> None:
    """The secret is longer than a key can be."""
    graph["values"].append(["bytes", "x" * 99])
    graph["objects"][0][1] = {"v": len(graph["values"]) - 1}


def odd_request(graph: Any) -> None:
    """A response in the place of a request."""
    entry = next(entry for entry in graph["values"] if entry[0] == "Request")
    response = b"SIP/2.0 200 OK\r\n" + bytes(Bench().request("OPTIONS")).split(b"\r\n", 1)[1]
    graph["values"][entry[1]["v"]][1] = response.decode()


def value_among_objects(graph: Any) -> None:
    """A value stands where objects are."""
    graph["objects"].append(["bytes", "x"])


def object_among_values(graph: Any) -> None:
    """An object stands where values are."""
    graph["values"].append(next(entry for entry in graph["objects"] if entry[0] == "Dialog"))


def two_endpoints(graph: Any) -> None:
    """There is a second endpoint."""
    graph["objects"].append(graph["objects"][0])


def no_endpoint(graph: Any) -> None:
    """There is none."""
    graph["objects"] = []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (drop("chance"), "lacks a part"),
        (setting, "lacks a setting"),
        (port, "of an endpoint that cannot be: an endpoint needs its real port"),
        (unwatched, "has a timer that nobody watches"),
        (strange_state, "has a dialog in a state, or with a timer, that it cannot have"),
        (strange_timer, "has a dialog in a state, or with a timer, that it cannot have"),
        (timer_twice, "has a INVITE client transaction in a state, or with a timer, that it cannot have"),
        (endless_timer, "has a INVITE client transaction with a timer that lasts no time"),
        (strange_deadline, "has a INVITE client transaction with a deadline that none of its timers has"),
        (strange_field, "the snapshot was made by another sipsm: its Flow is not the one known here"),
        (strange_class, "the snapshot was made by another sipsm: its Popen is not the one known here"),
        (secret, "the snapshot has a secret that is none"),
        (odd_request, "has a Request that is none: it is a Response"),
        (value_among_objects, "has a bytes among the objects"),
        (object_among_values, "has a Dialog among the values"),
        (two_endpoints, "has a Endpoint among the objects"),
        (no_endpoint, "does not begin with the Endpoint"),
    ],
)
def test_a_snapshot_that_contradicts_itself_is_told(change: Callable[[Any], None], why: str) -> None:
    """An error says what is wrong."""
    graph = graph_of(busy())
    change(graph)
    with pytest.raises(SnapshotError, match=why):
        restore(signed(graph))


# -------------------------------------------------------------------- nothing is left out


def test_a_message_that_has_come_in_part_goes_on() -> None:
    """A connection comes back with the bytes that wait on it in either direction."""
    flow = Flow("TCP", OURS, THEIRS)
    times = FlowTimes(idle_s=60)
    framer = StreamFramer(client=True, limits=MessageLimits(headers=40))
    connection = Connection(flow, framer, Reading(times), times, room=99, waiting=[Waiting(b"x", ("key", "INVITE"))])
    data = Bench().request("OPTIONS")
    framer.receive(data[:100])
    writer = Writer(KINDS)
    writer.text(connection)
    writer.finish()
    again = object.__new__(Connection)
    kinds = {name: list(fields) for name, fields in writer.kinds.items()}
    Reader(KINDS, kinds, [json.loads(entry) for entry in writer.values]).fill(
        [json.loads(entry) for entry in writer.objects], again
    )
    assert (again.flow, again.times, again.waiting, again.state) == (flow, times, connection.waiting, connection.state)
    assert again.framer.receive(data[100:]) == framer.receive(data[100:]) == [Frame(data)]


def test_every_machine_can_be_saved() -> None:
    """A new machine is named among the kinds, or this fails."""

    def below(cls: type[Machine]) -> Iterator[type[Machine]]:
        for each in cls.__subclasses__():
            yield each
            yield from below(each)

    ours = {
        cls
        for cls in below(Machine)
        if cls.__module__.startswith("sipsm.") and hasattr(cls, "table") and not cls.asleep
    }
    assert len(ours) >= 11
    assert ours - {kind.cls for kind in KINDS} == set()


MADE_ANEW = {
    "": {
        "watcher", "_ids", "_agenda", "_flows", "_transactions", "_sending", "_agent", "_core", "local", "_guard",
        "_nonces", "_doorkeeper", "_small",
    },
    "_flows": {"listening", "agenda", "source", "message", "observer", "_sent_by"},
    "_transactions": {"agenda", "observer", "flows", "_step", "seal"},
    "_sending": {
        "transactions", "listening", "ids", "largest", "look_ups", "limits", "observer", "sign", "spoken", "versions",
        "_ways", "ways",
    },
    "_agent": {
        "authenticating", "calls", "commanded", "commands", "compositor", "dialogs", "limits", "messaging",
        "notifications", "party", "publishing", "referred", "referring", "registrar", "registrations", "requests",
        "responses", "sending",
        "subscriptions", "takes", "terms", "transactions", "wakes", "writing",
    },
    "_agent.calls": {"agenda", "carry", "step", "ways"},
    "_agent.dialogs": {"calls", "ends", "observer", "party", "sending"},
    "_agent.subscriptions": {
        "agenda", "beginnings", "commanded", "dialogs", "limits", "observer", "party", "policy", "requests", "sending",
        "steps",
    },
    "_agent.notifications": {
        "commanded", "dialogs", "limits", "observer", "of_referral", "party", "policy", "requests", "steps",
        "transactions", "ways",
    },
    "_agent.requests": {
        "calls", "commanded", "dialogs", "ids", "inside", "limits", "outside", "party", "policy", "profile",
        "transactions", "unplaced",
    },
    "_agent.publishing": {"agenda", "commanded", "limits", "lines", "observer", "party", "sending"},
    "_agent.registrations": {
        "agenda", "commanded", "limits", "lines", "observer", "party", "redirections", "sending",
    },
    "_agent.registrar": {
        "agenda", "commanded", "lines", "location", "observer", "registering", "requests", "transactions",
    },
    "_agent.messaging": {"commands", "limits", "observer", "party", "sending"},
}  # fmt: skip
"""What an endpoint and its parts hold that follows from the settings, or is given anew."""


def test_every_attribute_is_saved_or_made_anew() -> None:
    """A new attribute of an endpoint, or of what it is made of, is kept or is not: somebody has decided."""
    endpoint = Endpoint("udp:192.0.2.1:5060")
    kept = {*STATE, *(path for path, _ in CONFIG.values())}
    for part, anew in MADE_ANEW.items():
        holder = attrgetter(part)(endpoint) if part else endpoint
        before = f"{part}." if part else ""
        there = {before + name for name in vars(holder)}
        assert there == {path for path in kept if path.rpartition(".")[0] == part} | {before + name for name in anew}
    entries = {"_first", "_near", "_early", "_horizon", "_later", "_slices"}
    assert set(vars(endpoint._agenda)) == set(vars(Agenda())) == {*entries, "_entered", "_left", "_forgotten"}


def test_no_two_kinds_have_one_name() -> None:
    """A name in a snapshot says which class is meant."""
    assert len({kind.name for kind in KINDS}) == len(KINDS)


def test_the_version_is_that_of_the_package() -> None:
    """The snapshot names the sipsm that made it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == VERSION
    assert save(Endpoint("udp:192.0.2.1:5060")).startswith(f"sipsm snapshot {FORMAT} {VERSION}\n".encode())


def test_a_call_is_the_same_wherever_it_is_found() -> None:
    """Calls, dialogs and transactions come back as one graph, not as copies."""
    endpoint = restore(save(busy().endpoint))
    held = endpoint._agent.calls
    calls: list[Call] = endpoint.calls
    assert {id(leg.call) for leg in held.dialogs.values()} <= set(map(id, calls))
    assert all(tx is invitation.transaction for tx, invitation in held.incoming.items())
    assert all(invitation in invitation.leg.invitations for invitation in held.incoming.values())
    assert all(leg in leg.call.legs for leg in held.dialogs.values())
    assert all(call.here in call.legs and call.origin in call.here.invitations for call in calls)
    assert all(
        leg.session is invitation.session for call in calls for leg in call.legs for invitation in leg.invitations
    )
    assert all(call.agent is endpoint for call in calls)
