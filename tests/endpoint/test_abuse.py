"""Floods of what strangers may send: they cost bounded memory, and bring about no more than a stated factor of bytes.

Sources of datagrams may be forged, so what is sent because of them strikes somebody who may never have asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from sipsm import Dropped, DropReason, Flow, IncomingCall, Limits, Profile, Request, RequestServed, Send
from sipsm.message import read_message
from sipsm.transport.amplification import FACTOR
from tests.endpoint.by_hand import OURS, SDP, SDP2, T1, Bench, lines

FLOOD = 300
TRANSACTIONS = 50
REPEATS = 11
"""How often an answer to an INVITE goes out that nobody acknowledges (RFC 3261 17.2.1, Timer G until Timer H)."""


class Flooded(Bench):
    """An endpoint with few transactions to give, and the bytes that went in and out."""

    def __init__(self) -> None:
        super().__init__(limits=Limits(transactions=TRANSACTIONS, calls=5), profile=Profile(user_agent="sipsm " * 20))
        self.bytes_in: dict[str, int] = {}
        self.bytes_out: dict[str, int] = {}
        self.most = 0

    def hit(self, data: bytes, source: tuple[str, int]) -> None:
        """A datagram comes that says to be from there; it is answered there, if at all, and once."""
        self.bytes_in[source[0]] = self.bytes_in.get(source[0], 0) + len(data)
        outputs = self.endpoint.receive(data, Flow("UDP", OURS, source), self.now)
        self.count(outputs)
        sends = [output for output in outputs if isinstance(output, Send)]
        assert {send.flow.remote[0] for send in sends} <= {source[0]}, "an answer goes to one place, its source"
        assert sum(len(send.data) for send in sends) <= FACTOR * len(data)
        self.outputs += outputs
        self.most = max(self.most, self.held)

    def count(self, outputs: Sequence[object]) -> None:
        for output in outputs:
            if isinstance(output, Send):
                host = output.flow.remote[0]
                self.bytes_out[host] = self.bytes_out.get(host, 0) + len(output.data)

    def let_pass(self, seconds: float) -> None:
        """Time passes, and what it brings about is counted as well."""
        until = self.now + seconds
        while (at := self.endpoint.next_timeout()) is not None and at <= until:
            self.now = at
            self.count(self.endpoint.handle_timeout(at))
        self.now = until

    @property
    def held(self) -> int:
        """How many things the endpoint holds, of whatever kind."""
        return sum(self.left().values()) + len(self.endpoint._transactions.first_of)

    @property
    def drops(self) -> list[DropReason]:
        """Why messages have come to nothing."""
        return [output.reason for output in self.outputs if isinstance(output, Dropped)]

    @property
    def answers(self) -> list[int]:
        """The statuses of what was answered."""
        messages = [read_message(output.data) for output in self.outputs if isinstance(output, Send)]
        return [message.status for message in messages if not isinstance(message, Request)]


def sources() -> Iterator[tuple[str, int]]:
    """Many places, each of which may be forged."""
    for n in range(FLOOD):
        yield f"198.51.100.{n % 250}", 1024 + n


def flooded(write: Callable[[Bench, int], bytes]) -> Flooded:
    """An endpoint that was hit from many places by what `write` writes."""
    bench = Flooded()
    for n, source in enumerate(sources()):
        bench.hit(write(bench, n), source)
    return bench


# -------------------------------------------------------------------- what concerns nothing


@pytest.mark.rfc("3261 18.1.2", "6026 7.2")
@pytest.mark.parametrize("status", [100, 180, 200, 486])
def test_a_flood_of_responses(status: int) -> None:
    """Nobody is answered, nothing is kept, and each is told as what it is."""
    asked = Request.build("INVITE", "sip:bob@192.0.2.2", [
        ("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK0"), ("From", "<sip:a@b>;tag=1"), ("To", "<sip:c@d>"),
        ("Call-ID", "x"), ("CSeq", "1 INVITE"),
    ])  # fmt: skip
    bench = flooded(lambda bench, n: bench.response(asked, status, body=SDP).replace(b"z9hG4bK0", b"z9hG4bK%d" % n))
    assert (bench.bytes_out, bench.most, set(bench.drops)) == ({}, 0, {DropReason.STRAY_RESPONSE})
    assert len(bench.drops) == FLOOD


def test_a_flood_of_responses_to_a_call() -> None:
    """Each To tag may be another branch of it: of those there are as many as the limits allow."""
    bench = Flooded()
    call = bench.outgoing()
    for n, source in enumerate(sources()):
        data = bench.response(call.invite, 180, tag=f"t{n}", contact="<sip:bob@203.0.113.1>")
        bench.hit(data, source)
    assert len(call.legs) == Limits().forks
    assert bench.most <= Limits().forks + 10
    assert bench.bytes_out == {}


def test_a_flood_of_answers_to_a_call() -> None:
    """Each 2xx of another branch gets an ACK and a BYE, to its Contact: no more of them than branches are allowed."""
    bench = Flooded()
    call = bench.outgoing()
    for n in range(FLOOD):
        data = bench.response(call.invite, 200, tag=f"t{n}", contact="<sip:bob@203.0.113.1>", body=SDP2)
        bench.receive(data)
    assert bench.methods.count("ACK") == Limits().forks
    assert bench.methods.count("BYE") == Limits().forks - 1


@pytest.mark.rfc("3261 17.1.1.3", "3261 13.3.1.4")
def test_a_flood_of_acks() -> None:
    """There is no answer to an ACK, and nothing is kept of one that belongs to nothing."""
    bench = flooded(lambda bench, n: bench.request("ACK", call_id=f"{n}", to="<sip:bob@192.0.2.1>;tag=x"))
    assert (bench.bytes_out, bench.most, set(bench.drops)) == ({}, 0, {DropReason.STRAY_ACK})


@pytest.mark.rfc("3261 9.2", "3261 8.2.7")
def test_a_flood_of_cancels() -> None:
    """Those for which there is no INVITE get 481 as long as there is room for transactions, then none."""
    bench = flooded(lambda bench, n: bench.request("CANCEL", call_id=f"{n}"))
    assert bench.answers == [481] * TRANSACTIONS
    assert bench.drops == [DropReason.OVERLOADED] * (FLOOD - TRANSACTIONS)
    assert bench.most <= TRANSACTIONS + 10
    bench.quiet()
    assert bench.left() == {}


# -------------------------------------------------------------------- requests


@pytest.mark.rfc("3261 26.1.5", "3261 21.5.4")
@pytest.mark.parametrize("method", ["OPTIONS", "REGISTER", "BYE", "FOO"])
def test_a_flood_of_requests(method: str) -> None:
    """Beyond the limit each gets 503, without state; no place gets more than a factor of what came from there."""
    bench = flooded(lambda bench, n: bench.request(method, call_id=f"{n}"))
    assert set(bench.answers[TRANSACTIONS:]) == {503}
    assert 503 not in bench.answers[:TRANSACTIONS]
    assert bench.most <= 2 * TRANSACTIONS + 10
    bench.let_pass(64 * T1)
    assert all(out <= FACTOR * bench.bytes_in[host] for host, out in bench.bytes_out.items())
    assert bench.left() == {}


@pytest.mark.rfc("3261 26.1.5", "3261 17.2.1")
def test_a_flood_of_calls_that_are_refused() -> None:
    """Without an ACK a refusal is repeated, so often and no more."""
    bench = flooded(lambda bench, n: bench.request("INVITE", call_id=f"{n}", headers=["Require: foo"]))
    assert set(bench.answers) == {420, 503}
    assert bench.most <= 2 * TRANSACTIONS + 10
    bench.let_pass(100)
    assert all(out <= REPEATS * FACTOR * bench.bytes_in[host] for host, out in bench.bytes_out.items())
    assert bench.left() == {}


@pytest.mark.rfc("3261 21.5.4")
def test_a_flood_of_calls() -> None:
    """The application is told of as many as it wants to have at once; what is in progress goes on."""
    bench = Flooded()
    call = bench.acked()
    for n, source in enumerate(sources()):
        bench.hit(bench.request("INVITE", call_id=f"{n}", body=SDP), source)
    assert sum(isinstance(output, IncomingCall) for output in bench.outputs) == 5
    assert len(bench.endpoint.calls) == 5
    assert bench.most <= 3 * TRANSACTIONS
    bench.receive(bench.in_dialog("BYE", 2, call))
    assert bench.statuses[-1] == 200


@pytest.mark.rfc("3261 8.2.2.2")
def test_merged_requests() -> None:
    """The first is served; every other that is the same, but for its way, gets 482 and costs what any request does."""
    bench = flooded(lambda bench, n: bench.request("OPTIONS"))
    assert bench.answers[:TRANSACTIONS] == [200, *[482] * (TRANSACTIONS - 1)]
    assert set(bench.answers[TRANSACTIONS:]) == {503}
    assert bench.most <= TRANSACTIONS + 10


@pytest.mark.rfc("3261 8.2.2.2")
def test_looped_requests() -> None:
    """One that comes back to where it has been, with more Vias each time, is the same request again."""
    bench = Flooded()
    data = bench.request("INVITE", body=SDP)
    for n, source in enumerate(sources()):
        via = f"Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKhop{n}\r\n".encode()
        data = data.replace(b"Via: ", via + b"Via: ", 1)
        bench.hit(data, source)
    assert sum(isinstance(output, IncomingCall) for output in bench.outputs) == 1
    assert set(bench.answers) <= {482, 503}
    assert bench.answers.count(482) == TRANSACTIONS - 1


@pytest.mark.rfc("3261 18.2.1", "3261 18.2.2")
@pytest.mark.parametrize(
    "via",
    [
        "203.0.113.1:5060",
        "victim.example.com",
        "203.0.113.1;received=203.0.113.1",
        "203.0.113.1;received=203.0.113.1;rport=9",
        "203.0.113.1:9;rport",
        "203.0.113.1;maddr=victim.example.com",
    ],
)
def test_forged_vias(via: str) -> None:
    """Whoever a Via names: the answer goes to the host that the datagram came from, and to nobody else."""
    bench = flooded(
        lambda bench, n: bench.request("OPTIONS", call_id=f"{n}", via=f"Via: SIP/2.0/UDP {via};branch=z9hG4bK{n}")
    )
    assert len(bench.answers) == FLOOD
    assert "203.0.113.1" not in bench.bytes_out
    assert all(isinstance(output, Send | Dropped | RequestServed) for output in bench.outputs), "no look-ups"


def test_malformed_requests() -> None:
    """They are answered without state, and no more than that."""
    bench = flooded(lambda bench, n: bench.request("OPTIONS", cseq="x", call_id=f"{n}"))
    assert (set(bench.answers), bench.most) == ({400}, 0)


# -------------------------------------------------------------------- answers that are larger than what asks for them

SHORT = lines(
    "OPTIONS sip:b SIP/2.0",
    "v:SIP/2.0/UDP a;branch=z9hG4bKx;rport",
    "f:<sip:a>;tag=1",
    "t:<sip:b>",
    "i:1",
    "CSeq:1 OPTIONS",
    "Max-Forwards:1",
)


def talkative() -> Bench:
    """An endpoint with much to say of itself."""
    return Bench(profile=Profile(user_agent="sipsm " * 60, supported=("100rel",) * 10))


@pytest.mark.rfc("3261 26.1.5")
def test_an_answer_is_cut_down() -> None:
    """It keeps what makes it an answer; its repeats are no larger."""
    bench = talkative()
    bench.receive(bench.request("OPTIONS", headers=["Subject: " + "x" * 900]))
    assert "server" in bench.last_response.names
    bench.receive(SHORT)
    bench.receive(SHORT)
    whole, cut, again = bench.wires
    assert len(whole) > FACTOR * len(SHORT) >= len(cut)
    assert cut == again
    assert (bench.statuses, "server" in bench.last_response.names) == ([200, 200, 200], False)


@pytest.mark.rfc("3261 26.1.5")
def test_a_repeat_that_is_none() -> None:
    """A short datagram with the branch of a long one does not bring the long one's answer."""
    bench = talkative()
    long = SHORT.replace(b"Max-Forwards:1\r\n", b"Max-Forwards:1\r\nSubject: %s\r\n" % (b"x" * 900))
    bench.receive(long)
    bench.receive(long)
    assert bench.statuses == [200, 200]
    assert len(bench.wires[0]) > FACTOR * len(SHORT)
    bench.receive(SHORT)
    assert bench.statuses == [200, 200]
    assert [(drop.reason, drop.why) for drop in bench.told(Dropped)] == [
        (DropReason.ABSORBED, "it is too short for a repeat")
    ]


def test_what_the_application_answers_is_not_cut_down() -> None:
    """Only it knows what must be said, and to whom; its answer comes again with each repeat."""
    bench = Bench()
    data = bench.request("INVITE", branch="z9hG4bKcall")
    bench.receive(data)
    call = bench.told(IncomingCall)[0].call
    bench.take(call.ring(headers=[("Subject", "x" * 2000)], now=bench.now))
    bench.receive(data)
    assert [len(wire) > FACTOR * len(data) for wire in bench.wires] == [True, True]


def test_over_a_connection_nothing_is_cut_down() -> None:
    """Who has made it is there, and has asked."""
    bench = talkative()
    flow = Flow("TCP", OURS, ("192.0.2.2", 33000))
    bench.take(bench.endpoint.flow_opened(flow, bench.now))
    bench.take(bench.endpoint.receive(SHORT.replace(b"UDP", b"TCP"), flow, bench.now))
    assert "server" in bench.last_response.names


def test_connections_for_nothing() -> None:
    """Who opens connections and says nothing, or half of something, has as many as the limits allow."""
    bench = Flooded()
    for n in range(FLOOD):
        flow = Flow("TCP", OURS, ("198.51.100.1", 1024 + n))
        bench.endpoint.flow_opened(flow, bench.now)
        bench.endpoint.receive(bench.request("INVITE", body=SDP)[:99], flow, bench.now)
    assert len(bench.endpoint.flows) == FLOOD
    bench.let_pass(1000)
    for flow in bench.endpoint.flows:
        assert bench.endpoint.flow_closed(flow, bench.now) == []
    assert (bench.left(), bench.bytes_out) == ({}, {})
