"""An endpoint on connections: pieces, what is no message, keep-alives, limits, and what becomes of a lost one."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipsm import (
    PING,
    PONG,
    Close,
    DropReason,
    Ended,
    Endpoint,
    EndReason,
    Flow,
    FlowLimits,
    FlowTimes,
    Ids,
    IncomingCall,
    NotDelivered,
    Open,
    Send,
    restore,
    save,
)
from sipsm.role import Output
from tests.endpoint.by_hand import OURS, SDP, SDP2, T1, THEIRS
from tests.endpoint.wired import FROM_THEM, NAME, TO_THEM, Wired

PIECES = [
    b"OPTIONS sip:bob@192.0.2.1 SIP/2.0\r\n", b"SIP/2.0 200 OK\r\n",
    b"Via: SIP/2.0/TCP 192.0.2.2:5070;branch=z9hG4bKx\r\n",
    b"From: <sip:a@b>;tag=1\r\n", b"To: <sip:b@a>\r\n", b"Call-ID: x\r\n", b"CSeq: 1 OPTIONS\r\n",
    b"Max-Forwards: 70\r\n",
    b"Content-Length: 0\r\n\r\n", b"Content-Length: 5\r\n\r\n", b"\r\n\r\n", b"\r\n",
]  # fmt: skip
"""Of a message, and of what else is on a connection."""


class Seen:
    """A watcher that notes the bytes."""

    def __init__(self) -> None:
        self.all: list[tuple[str, bytes]] = []

    def received(self, _flow: Flow, data: bytes, _now: float) -> None:
        self.all.append(("received", data))

    def sent(self, _flow: Flow, data: bytes, _now: float) -> None:
        self.all.append(("sent", data))

    def moved(self, *_: Any) -> None:
        pass


# -------------------------------------------------------------------- what arrives


@pytest.mark.rfc("3261 18.3")
@pytest.mark.parametrize("size", [1, 7, 100, 5000])
def test_a_call_in_pieces(size: int) -> None:
    """Where a piece ends plays no part; responses take the connection that the request came on (18.2.2)."""
    bench = Wired()
    data = bench.request("INVITE", body=SDP)
    for at in range(0, len(data), size):
        assert bench.told(IncomingCall) == []
        bench.arrives(data[at : at + size])
    (told,) = bench.told(IncomingCall)
    bench.take(told.call.ring(now=bench.now))
    bench.take(told.call.answer(SDP2, now=bench.now))
    assert (bench.statuses, set(bench.flows)) == ([180, 200], {FROM_THEM})


def test_several_at_once() -> None:
    """Two messages and a keep-alive in one piece: each has its effect, in order."""
    bench = Wired()
    bench.arrives(bench.request("OPTIONS") + PING + bench.request("INVITE", call_id="x", body=SDP))
    assert (bench.statuses, len(bench.told(IncomingCall))) == ([200], 1)
    assert PONG in bench.wires


@pytest.mark.rfc("5626 5.4")
def test_a_keep_alive() -> None:
    """A ping has its pong, and nobody is told; nor that it could not be sent."""
    bench = Wired()
    (send,) = bench.arrives(PING)
    assert send == Send(FROM_THEM, PONG)
    assert isinstance(send, Send)
    assert bench.take(bench.endpoint.send_failed(send, bench.now)) == [Close(FROM_THEM)]


def test_a_watcher_is_shown_messages() -> None:
    """However they were cut into pieces; keep-alives are none."""
    seen = Seen()
    bench = Wired(watcher=seen)
    data = bench.request("OPTIONS")
    bench.arrives(PING + data[:20])
    bench.arrives(data[20:])
    bench.arrives(b"\x16\x03\x01 hello\r\n\r\n")
    assert seen.all == [("received", data), ("sent", bench.wires[-1])]


@pytest.mark.rfc("3261 18.3")
def test_one_that_does_not_say_where_it_ends() -> None:
    """It is answered, the connection is closed, and nothing more is read on it."""
    bench = Wired()
    data = bench.request("OPTIONS").replace(b"Content-Length: 0\r\n", b"")
    bench.arrives(data)
    assert (bench.statuses, bench.drops) == ([400], [DropReason.MALFORMED])
    assert bench.told(Close) == [Close(FROM_THEM)]
    bench.arrives(data)
    assert (bench.statuses, bench.drops[1:]) == ([400], [DropReason.CLOSED])
    assert bench.gone(FROM_THEM) == []
    bench.quiet()
    assert bench.left() == {}


def test_one_that_is_malformed_where_it_does_not_matter() -> None:
    """It is answered, and the connection goes on."""
    bench = Wired()
    bench.arrives(bench.request("OPTIONS", cseq="x OPTIONS"))
    bench.arrives(bench.request("OPTIONS"))
    assert (bench.statuses, bench.told(Close)) == ([400, 200], [])


def test_a_web_socket() -> None:
    """There each message says where it ends: one that is too large is refused, and the connection goes on."""
    bench = Wired()
    flow = FROM_THEM._replace(transport="WS")
    bench.take(bench.endpoint.flow_opened(flow, bench.now))
    bench.arrives(bench.request("OPTIONS", body=b"x" * 262_145), flow)
    bench.arrives(bench.request("OPTIONS"), flow)
    assert (bench.statuses, set(bench.flows), bench.told(Close)) == ([413, 200], {flow}, [])


def test_what_is_no_sip() -> None:
    """Nobody is answered."""
    bench = Wired()
    bench.arrives(b"\x16\x03\x01 hello\r\n\r\n")
    assert (bench.wires, bench.drops, bench.told(Close)) == ([], [DropReason.NOT_SIP], [Close(FROM_THEM)])


@pytest.mark.rfc("3261 18.2.2")
def test_what_is_owed_goes_out_before_it_is_closed() -> None:
    """A request before the damage is answered on the connection, which is closed when its transaction is over."""
    bench = Wired()
    bench.arrives(bench.request("INVITE", body=SDP) + b"rubbish\r\n\r\n")
    (told,) = bench.told(IncomingCall)
    assert bench.told(Close) == []
    bench.take(told.call.reject(486, now=bench.now))
    assert (bench.statuses, set(bench.flows), bench.told(Close)) == ([486], {FROM_THEM}, [])
    bench.wait(4)
    assert bench.told(Close) == [Close(FROM_THEM)]


def test_a_transaction_that_ends_lets_its_connection_be_closed() -> None:
    """As soon as nothing is owed on a connection on which nothing is read any more."""
    bench = Wired()
    bench.arrives(bench.request("OPTIONS") + bench.request("INVITE", call_id="x", body=SDP) + b"rubbish\r\n\r\n")
    bench.take(bench.told(IncomingCall)[0].call.answer(SDP2, now=bench.now))
    assert (bench.statuses, bench.told(Close)) == ([200, 200], [])


@pytest.mark.parametrize("by", ["its end", "time"])
def test_a_message_that_stays_in_part(by: str) -> None:
    """What came of it is told when the connection ends, or the rest does not come in time."""
    bench = Wired()
    bench.arrives(bench.request("INVITE", body=SDP)[:-5])
    if by == "its end":
        bench.gone(FROM_THEM)
    else:
        bench.wait(32)
        assert bench.told(Close) == [Close(FROM_THEM)]
    assert bench.drops == [DropReason.CUT_SHORT]


@pytest.mark.rfc("3261 18.1.2")
def test_a_response_that_is_not_ours() -> None:
    """A Via that names none of the own addresses: the response is dropped."""
    bench = Wired()
    call = bench.outgoing(target=NAME)
    bench.opened()
    assert call.invite.via.transport == "TCP"
    assert (bench.methods, bench.flows) == (["INVITE"], [TO_THEM])
    data = bench.response(call.invite, 180)
    bench.arrives(data.replace(b"TCP 192.0.2.1:5060", b"TCP 192.0.2.1:5099"), TO_THEM)
    assert bench.drops == [DropReason.MISROUTED_RESPONSE]
    bench.arrives(data, TO_THEM)
    assert call.state == "ringing"


@settings(max_examples=200)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=40), max_size=12), st.integers(1, 60))
def test_any_bytes_at_all(pieces: list[bytes], size: int) -> None:
    """Whatever a stranger sends on a connection, however it is cut: nothing is raised, and nothing stays."""
    bench = Wired()
    data = b"".join(pieces)
    for at in range(0, len(data), size):
        bench.arrives(data[at : at + size])
    bench.quiet()
    bench.gone(FROM_THEM)
    assert bench.left() == {}


# -------------------------------------------------------------------- limits


def test_a_peer_with_too_many_connections() -> None:
    """The next one is closed, and the application is told."""
    bench = Wired(flow_limits=FlowLimits(per_host=1))
    again = FROM_THEM._replace(remote=("192.0.2.2", 33001))
    bench.take(bench.endpoint.flow_opened(again, bench.now))
    assert (bench.drops, bench.told(Close), bench.endpoint.flows) == (
        [DropReason.OVERLOADED],
        [Close(again)],
        [FROM_THEM],
    )


def test_too_many_connections_of_ours() -> None:
    """What would need one more has failed at once."""
    bench = Wired(connected=False, flow_limits=FlowLimits(made=1))
    bench.outgoing(target=NAME)
    call = bench.outgoing(target="sip:carol@192.0.2.3;transport=tcp")
    assert [(event.call, event.reason) for event in bench.told(Ended)] == [(call, EndReason.TRANSPORT_FAILED)]


def test_a_large_datagram_is_no_large_message() -> None:
    """The limit of a datagram is not that of a message on a connection."""
    bench = Wired()
    bench.arrives(bench.request("OPTIONS", headers=[f"Subject: {'x' * 1000}"] * 62, body=b"x" * 9000))
    assert bench.statuses == [200]


@pytest.mark.rfc("3261 26.1.5")
def test_an_answer_that_is_much_larger_than_what_asks_for_it() -> None:
    """It is not sent to an address that may be forged; over a connection it is."""
    data = b"A b:c SIP/2.0\r\nv:SIP/2.0/UDP a\r\nl:0\r\n\r\n"
    there = ("2001:db8:1111:2222:3333:4444:5555:6666", 5060)
    bench = Wired()
    bench.take(bench.endpoint.receive(data[:-7] + b"\r\n\r\n", Flow("UDP", OURS, there), bench.now))
    bench.arrives(data)
    assert (bench.statuses, bench.drops) == ([400], [DropReason.MALFORMED] * 2)


# -------------------------------------------------------------------- connections that fail


@pytest.mark.rfc("3261 18.4")
@pytest.mark.parametrize("how", ["refused", "late", "closed", "send"])
def test_a_request_whose_connection_fails(how: str) -> None:
    """It has failed, whether none could be made, or not in time, or it broke before there was a response."""
    bench = Wired(flow_times=FlowTimes(connect_s=3))
    call = bench.outgoing(target=NAME)
    (open,) = bench.told(Open)
    assert (open.transport, open.local, open.remote) == ("TCP", ("192.0.2.1", 0), THEIRS)
    assert (bench.endpoint.opening, bench.wires) == ([open], [])
    match how:
        case "refused":
            bench.take(bench.endpoint.open_failed(open, bench.now))
        case "late":
            bench.wait(3)
            assert bench.opened() == [Close(TO_THEM)]
        case "closed":
            bench.opened()
            bench.gone(TO_THEM)
        case _:
            (send,) = bench.opened()
            assert isinstance(send, Send)
            bench.take(bench.endpoint.send_failed(send, bench.now))
            assert bench.told(Close) == [Close(TO_THEM)]
    assert [(event.call, event.reason) for event in bench.told(Ended)] == [(call, EndReason.TRANSPORT_FAILED)]


@pytest.mark.rfc("3261 18.2.2")
def test_a_response_after_its_connection() -> None:
    """A new one is made, to where the request came from and the port of its Via; the call goes on over it."""
    bench = Wired()
    bench.arrives(bench.request("INVITE", body=SDP))
    bench.gone(FROM_THEM)
    call = bench.told(IncomingCall)[0].call
    bench.take(call.answer(SDP2, now=bench.now))
    (open,) = bench.told(Open)
    assert (open.remote, bench.wires) == (("192.0.2.2", 5070), [])
    made = TO_THEM._replace(remote=open.remote)
    bench.opened(made)
    assert (bench.statuses, bench.flows) == ([200], [made])


def test_a_response_that_finds_no_way() -> None:
    """No connection to the client can be made: the application is told, as of any response that was not delivered."""
    bench = Wired()
    bench.arrives(bench.request("OPTIONS") + bench.request("INVITE", call_id="x", body=SDP))
    bench.gone(FROM_THEM)
    bench.take(bench.told(IncomingCall)[0].call.reject(486, now=bench.now))
    bench.take(bench.endpoint.open_failed(bench.told(Open)[0], bench.now))
    assert [event.data[:11] for event in bench.told(NotDelivered)] == [b"SIP/2.0 486"]
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 18")
def test_a_connection_that_nobody_uses() -> None:
    """It is kept while a transaction is under way, and closed some time after the last one."""
    bench = Wired(flow_times=FlowTimes(idle_s=10))
    call = bench.outgoing(target=NAME)
    bench.opened()
    bench.arrives(bench.response(call.invite, 180), TO_THEM)
    bench.gone(FROM_THEM)
    bench.wait(100)
    assert bench.told(Close) == []
    bench.arrives(bench.response(call.invite, 486), TO_THEM)
    assert bench.methods == ["INVITE", "ACK"]
    bench.wait(20)
    assert bench.told(Close) == [Close(TO_THEM)]
    bench.gone(TO_THEM)
    assert bench.left() == {}


def test_two_calls_share_a_connection() -> None:
    """It is in use until both are over."""
    bench = Wired(connected=False, flow_times=FlowTimes(idle_s=10))
    first, second = bench.outgoing(target=NAME), bench.outgoing(target=NAME)
    assert len(bench.told(Open)) == 1
    bench.opened()
    assert (bench.methods, set(bench.flows)) == (["INVITE"] * 2, {TO_THEM})
    bench.arrives(bench.response(first.invite, 486), TO_THEM)
    bench.wait(30)
    assert bench.told(Close) == []
    bench.arrives(bench.response(second.invite, 486), TO_THEM)
    bench.wait(20)
    assert bench.told(Close) == [Close(TO_THEM)]


def test_a_connection_that_nobody_knows() -> None:
    """What came on it is told, its end concerns nobody."""
    bench = Wired(connected=False)
    bench.arrives(b"OPTIONS")
    assert (bench.drops, bench.gone(FROM_THEM)) == ([DropReason.CLOSED], [])
    assert bench.left() == {}


# -------------------------------------------------------------------- snapshots


def test_a_snapshot_of_connections() -> None:
    """Half a message, a request that waits for its connection, a call on one: all goes on, with the same bytes."""
    bench = Wired(flow_limits=FlowLimits(per_host=9), flow_times=FlowTimes(idle_s=99))
    bench.arrives(bench.request("INVITE", body=SDP))
    late = bench.request("OPTIONS", call_id="late")
    bench.arrives(late[:50])
    bench.outgoing(target=NAME)
    (open,) = bench.told(Open)
    saved = save(bench.endpoint)
    again = restore(saved, ids=Ids(random.Random(1)))
    assert save(again) == saved
    assert (again.flows, again.opening, again.listening) == ([FROM_THEM], [open], bench.endpoint.listening)
    steps: list[Callable[[Endpoint], list[Output]]] = [
        lambda end: end.flow_opened(TO_THEM, bench.now, open),
        lambda end: end.receive(late[50:], FROM_THEM, bench.now),
        lambda end: end.calls[0].answer(SDP2, now=bench.now),
        lambda end: end.flow_closed(FROM_THEM, bench.now + 40),
        lambda end: end.handle_timeout(bench.now + 64 * T1),
        lambda end: end.flow_closed(TO_THEM, bench.now + 64 * T1),
    ]
    for step in steps:
        one, other = step(bench.endpoint), step(again)
        assert [type(output) for output in one] == [type(output) for output in other]
        assert [output.data for output in one if isinstance(output, Send)] == [
            output.data for output in other if isinstance(output, Send)
        ]
    assert (again.flows, again.opening) == (bench.endpoint.flows, bench.endpoint.opening)


def test_connections_that_did_not_survive() -> None:
    """Who restored an endpoint says that they are gone; then what waited for them has failed."""
    bench = Wired()
    bench.outgoing(target=NAME)
    again = bench.endpoint = restore(save(bench.endpoint))
    for flow in again.flows:
        bench.take(again.flow_closed(flow, bench.now))
    for open in again.opening:
        bench.take(again.open_failed(open, bench.now))
    assert [event.reason for event in bench.told(Ended)] == [EndReason.TRANSPORT_FAILED]
    assert bench.left() == {}
