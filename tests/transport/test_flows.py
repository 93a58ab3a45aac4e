"""Which connection a message takes, and how many there may be (RFC 3261 18, RFC 5923)."""

from __future__ import annotations

import pytest

from sipsm.message import Via
from sipsm.testing.tables import tables_of
from sipsm.transport import Flow, Listening
from sipsm.transport.connection import Connection
from sipsm.transport.flow import Open
from sipsm.transport.limits import FlowLimits
from sipsm.transport.reading import Reading
from tests.transaction.messages import request
from tests.transport.flow_bench import BOB, FROM_BOB, HERE, MADE, PONG, TO_BOB, Bench, answer, message

UDP = Flow("UDP", (HERE, 5060), BOB)
TLS_TO_BOB = Flow("TLS", (HERE, 0), BOB)


def from_bob(n: int) -> Flow:
    """One of several connections that Bob has made."""
    return Flow("TCP", (HERE, 5060), ("192.0.2.2", 33000 + n))


def test_the_tables_are_counted() -> None:
    """Both machines are among those whose every row the suite must take."""
    tables = tables_of(["sipsm"])
    assert {Connection.table, Reading.table} <= set(tables)


def test_datagrams_pass_through() -> None:
    """They need no connection and leave nothing behind; a dead address is reported to who uses it."""
    bench = Bench()
    assert bench.receive(b"anything", UDP) == ["arrived anything"]
    assert bench.send(b"one", "tx1", UDP) == ["send one to 5060 for tx1"]
    assert bench.use(UDP) == bench.release(UDP) == []
    assert bench.did(bench.flows.send_failed(bench.sends[0], bench.now)) == ["unsent one for tx1: it could not be sent"]
    assert bench.closed(UDP) == ["lost flow 5060: nothing can be sent on it"]
    assert bench.is_empty()


@pytest.mark.rfc("3261 18", "3261 18.1.1")
def test_a_connection_is_shared() -> None:
    """All who send to one remote over one transport share a connection, whoever made it; another remote has another."""
    bench = Bench()
    bench.send(b"one")
    bench.opened()
    assert bench.send(b"two", flow=TO_BOB._replace(remote=("192.0.2.2", 5070))) == ["open TCP 192.0.2.2:5070"]
    assert bench.send(b"three", flow=TO_BOB._replace(transport="WS")) == ["open WS 192.0.2.2:5060"]
    assert bench.send(b"four") == ["send four to 5060"]


@pytest.mark.rfc("5923 5", "5923 9.3", "3261 18")
def test_a_connection_of_the_peer_is_used_for_requests_to_its_far_end() -> None:
    """A request to just the address that Bob's connection comes from takes it; one to where Bob listens does not."""
    bench = Bench()
    bench.accepted()
    back = TO_BOB._replace(remote=FROM_BOB.remote)
    bench.use(back)
    assert bench.send(b"one", "tx1") == ["open TCP 192.0.2.2:5060"]
    assert bench.send(b"two", "tx2", back) == ["send two to 33000 for tx2"]
    assert bench.let_pass(5.0) == []
    assert bench.send(b"three", "tx3", back) == ["send three to 33000 for tx3"]
    bench.opened()
    assert bench.let_pass(500.0) == ["360.0 close 5060"], "Bob's is in use, by that name"
    assert bench.closed(FROM_BOB) == [
        "lost flow 33000: the connection was closed",
        "lost name 33000: the connection was closed",
    ]
    assert bench.send(b"four", "tx4", back) == ["open TCP 192.0.2.2:33000"]


@pytest.mark.rfc("5923 5", "5923 9.2", "5923 9.3")
@pytest.mark.parametrize(
    ("proved", "wanted", "reused"),
    [
        ((), "", False),
        ((), "b.example", False),
        (("b.example",), "b.example", True),
        (("a.example", "b.example"), "B.Example", True),
        (("a.example",), "b.example", False),
    ],
)
def test_over_tls_the_peer_must_have_proved_who_it_is(proved: tuple[str, ...], wanted: str, reused: bool) -> None:
    """A connection made by the peer serves only for the domain that its certificate names."""
    bench = Bench()
    flow = FROM_BOB._replace(transport="TLS", local=(HERE, 5061))
    bench.accepted(flow, *proved)
    sent = bench.send(b"one", "tx1", TLS_TO_BOB._replace(remote=flow.remote, name=wanted))
    assert sent == (
        ["send one to 33000 for tx1"] if reused else ["open TLS 192.0.2.2:33000" + " as b.example" * (wanted != "")]
    )


@pytest.mark.rfc("5923 9.3")
def test_a_connection_made_for_one_domain_carries_nothing_for_another() -> None:
    """Two domains may share an address: what is for the second one has a connection of its own."""
    bench = Bench()
    one, other = TLS_TO_BOB._replace(name="a.example"), TLS_TO_BOB._replace(name="b.example")
    assert bench.send(b"one", "tx1", one) == ["open TLS 192.0.2.2:5060 as a.example"]
    assert bench.send(b"two", "tx2", other) == ["open TLS 192.0.2.2:5060 as b.example"]
    assert bench.send(b"ack", None, one) == []
    assert bench.opened(MADE._replace(transport="TLS")) == ["send one to 5060 for tx1", "send ack to 5060"]


def test_a_connection_of_the_peer_that_is_closing_is_not_used() -> None:
    """It still counts until it is gone, but nothing new is sent on it."""
    bench = Bench()
    bench.accepted()
    bench.end(FROM_BOB)
    assert bench.send(b"one", flow=TO_BOB._replace(remote=FROM_BOB.remote)) == ["open TCP 192.0.2.2:33000"]


def test_addresses_are_used_again() -> None:
    """A connection with the addresses of an earlier one takes its place, even if nobody told of the end of that."""
    bench = Bench()
    bench.accepted()
    bench.use(FROM_BOB)
    assert bench.accepted() == ["lost flow 33000: the connection was closed"]
    assert bench.let_pass(500.0) == [], "who uses the flow is taken to use the new one"
    bench.send(b"one", flow=TO_BOB)
    opened = bench.opens[0]
    assert bench.opened(MADE) == ["send one to 5060"]
    assert bench.did(bench.flows.opened(MADE._replace(local=(HERE, 9)), bench.now, opened)) == ["close 5060"]
    assert bench.did(bench.flows.open_failed(opened, bench.now)) == []

    both = Flow("TCP", (HERE, 5070), FROM_BOB.remote)
    bench.accepted(both)
    bench.closed(FROM_BOB)
    assert bench.send(b"two", flow=TO_BOB._replace(remote=both.remote)) == ["send two to 33000"]


def test_websocket_messages_come_whole() -> None:
    """Over WebSocket a message needs no length, and nothing waits for its rest; a bad one says nothing of the next."""
    bench = Bench()
    flow = FROM_BOB._replace(transport="WS")
    bench.accepted(flow)
    assert bench.receive(b"OPTIONS sip:a@b SIP/2.0\r\n\r\n", flow) == ["arrived OPTIONS"]
    assert bench.receive(b"nonsense\r\n\r\n", flow) == ["bad: b'nonsense' is no start line"]
    assert bench.receive(PONG * 2, flow) == ["send PONG to 33000"]
    assert bench.end(flow) == ["close 33000", "lost flow 33000: enough"]


# ---------------------------------------------------------------- responses


@pytest.mark.rfc("3261-S31", "3261 18.2.2")
@pytest.mark.parametrize(
    ("via", "transport", "port"),
    [
        ("192.0.2.2:5070", "TCP", 5070),
        ("bob.biloxi.example.com;received=192.0.2.2", "TCP", 5060),
        ("bob.biloxi.example.com;received=192.0.2.2", "TLS", 5061),
        ("192.0.2.2:5070;received=203.0.113.9", "TCP", 5070),
        ("203.0.113.9:5070;maddr=203.0.113.9", "TCP", 5070),
    ],
)
def test_a_response_whose_connection_is_gone(via: str, transport: str, port: int) -> None:
    """It takes a new connection to the host that asked, and the port of its sent-by; no parameter leads elsewhere."""
    bench = Bench()
    flow = FROM_BOB._replace(transport=transport)
    data = answer(via, transport)
    bench.accepted(flow)
    assert bench.send(data, "tx1", flow) == ["send SIP/2.0 to 33000 for tx1"]
    bench.end(flow)
    name = " as bob.biloxi.example.com" if transport == "TLS" else ""
    assert bench.send(data, "tx1", flow) == [f"open {transport} 192.0.2.2:{port}{name}"]
    assert bench.send(data, "tx1", flow) == []
    bench.closed(flow)
    assert bench.send(data, "tx1", flow) == []
    assert bench.open_failed() == ["unsent SIP/2.0 for tx1: the connection could not be made"] * 3
    assert bench.is_empty()


@pytest.mark.rfc("3261 18.2.2", "3261 18.4")
@pytest.mark.parametrize(
    ("data", "transport"),
    [
        (bytes(request("OPTIONS", transport="TCP")), "TCP"),
        (answer("192.0.2.2:5070", "WS"), "WS"),
        (answer("192.0.2.2:5070", "WSS"), "WSS"),
        (b"SIP/2.0 200 OK\r\nVia: nothing\r\n\r\n", "TCP"),
    ],
)
def test_what_has_no_other_way(data: bytes, transport: str) -> None:
    """A request, a response to a browser, and one without a Via that can be read, go nowhere else."""
    bench = Bench()
    sent = bench.send(data, "tx1", FROM_BOB._replace(transport=transport))
    assert sent == [f"unsent {data.split()[0].decode()} for tx1: the connection is closed"]


@pytest.mark.rfc("3261 18.2.2")
def test_a_response_that_could_not_be_sent() -> None:
    """It goes by a new connection, to the same host; when that fails too, its sender is told."""
    bench = Bench()
    bench.accepted()
    bench.send(answer("192.0.2.2:5070"), "tx1", FROM_BOB)
    told = bench.did(bench.flows.send_failed(bench.sends[0], bench.now))
    assert told[:2] == ["open TCP 192.0.2.2:5070", "close 33000"]
    bench.opened(MADE._replace(remote=("192.0.2.2", 5070)))
    told = bench.did(bench.flows.send_failed(bench.sends[1], bench.now))
    assert told[:2] == ["unsent SIP/2.0 for tx1: it could not be sent", "close 5070"]


@pytest.mark.rfc("3261-S29", "3261 18.1.2")
def test_whose_responses_these_are() -> None:
    """A response is ours when its Via bears one of the addresses at which we listen, with the port that is meant."""
    flows = Bench().flows
    for ours in (
        "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
        "SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bK1",
        "SIP/2.0/TLS SIP.Atlanta.example.com;branch=z9hG4bK1",
    ):
        assert flows.is_ours(Via.parse(ours)), ours
    for not_ours in (
        "SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK1",
        "SIP/2.0/TCP 192.0.2.1:5061;branch=z9hG4bK1",
        "SIP/2.0/TLS 192.0.2.1;branch=z9hG4bK1",
        "SIP/2.0/UDP sip.atlanta.example.com;branch=z9hG4bK1",
    ):
        assert not flows.is_ours(Via.parse(not_ours)), not_ours
    six = Bench()
    six.flows.listening = (Listening.parse("tcp:[2001:db8::1]:5060"),)
    assert six.flows.is_ours(Via.parse("SIP/2.0/TCP [2001:DB8:0::1];branch=z9hG4bK1"))


# ---------------------------------------------------------------- limits


def test_connections_of_peers_are_limited() -> None:
    """One over the limit is closed at once and told; who is connected stays, and who leaves makes room."""
    bench = Bench(FlowLimits(accepted=2))
    assert bench.accepted(from_bob(0)) == bench.accepted(from_bob(1)) == []
    assert bench.accepted(from_bob(2)) == ["discarded nothing: overloaded", "close 33002"]
    assert bench.receive(message(), from_bob(2)) == ["discarded one: closed"]
    assert bench.closed(from_bob(2)) == []
    assert bench.receive(message(), from_bob(1)) == ["arrived one"]
    bench.closed(from_bob(0))
    assert bench.accepted(from_bob(3)) == []
    assert bench.send(b"one") == ["open TCP 192.0.2.2:5060"], "our own are counted apart"


def test_connections_of_ours_are_limited() -> None:
    """What would need one more is not sent; those that are being made count, given up or not."""
    bench = Bench(FlowLimits(made=2))
    bench.send(b"one")
    bench.opened()
    elsewhere = [TO_BOB._replace(remote=("192.0.2.2", port)) for port in (1, 2)]
    assert bench.send(b"two", "tx2", elsewhere[0]) == ["open TCP 192.0.2.2:1"]
    bench.let_pass(20.0)
    assert bench.send(b"three", "tx3", elsewhere[1]) == ["unsent three for tx3: there are too many connections"]
    bench.open_failed()
    assert bench.send(b"three", "tx3", elsewhere[1]) == ["open TCP 192.0.2.2:2"]


@pytest.mark.rfc("3261 18.2.2", "3261 26.1.5")
def test_one_host_gets_so_many_connections_and_no_more() -> None:
    """Whatever a stranger claims in his Via, he brings about connections to himself alone, and few of them."""
    bench = Bench(FlowLimits(per_host=3))
    opened = []
    for port in range(1, 100):
        flow = from_bob(port)
        bench.accepted(flow)
        bench.closed(flow)
        opened += bench.send(answer(f"198.51.100.{port}:{port};received=203.0.113.{port}"), "tx", flow)
    assert [line for line in opened if line.startswith("open")] == [f"open TCP 192.0.2.2:{n}" for n in (1, 2, 3)]
    assert bench.accepted(from_bob(0)) == ["discarded nothing: overloaded", "close 33000"]
    other = FROM_BOB._replace(remote=("192.0.2.3", 33000))
    assert bench.accepted(other) == []


def test_a_forged_via_of_a_datagram_opens_nothing() -> None:
    """A response to a datagram is a datagram, whatever transport its Via speaks of."""
    bench = Bench()
    assert bench.send(answer("203.0.113.9:5060", "TCP"), None, UDP) == ["send SIP/2.0 to 5060"]
    assert bench.is_empty()


def test_half_read_messages_are_limited() -> None:
    """With one too many, the one that has waited the longest for its rest is given up; the newest are served."""
    bench = Bench(FlowLimits(half_read=2))
    whole = message(body=10)
    for n in range(3):
        bench.accepted(from_bob(n))
    for n in (0, 1):
        bench.receive(whole[:8], from_bob(n))
    bench.receive(whole[8:] + whole[:8], from_bob(0))
    assert bench.receive(whole[:8], from_bob(2)) == [
        "discarded one: cut-short",
        "close 33001",
        "lost flow 33001: too many messages have come in part",
    ]
    assert bench.receive(whole[8:], from_bob(0)) == bench.receive(whole[8:], from_bob(2)) == ["arrived one"]
    assert bench.let_pass(40.0) == []


def test_bytes_of_half_read_messages_are_limited() -> None:
    """All that is held of messages that are not whole is bounded, however many connections they come on."""
    bench = Bench(FlowLimits(held_bytes=1000))
    for n in range(20):
        bench.accepted(from_bob(n))
        bench.receive(message(body=500)[:300], from_bob(n))
        assert bench.flows.held <= 1000
    assert sum(c.framer.held for c in bench.flows.connections.values()) == bench.flows.held == 900


def test_bytes_that_wait_are_limited() -> None:
    """What waits for connections is bounded over all of them; what leaves makes room."""
    bench = Bench(FlowLimits(queued_bytes=10))
    bench.send(b"123456", "tx1")
    other = TO_BOB._replace(remote=("192.0.2.2", 1))
    assert bench.send(b"12345", "tx2", other) == [
        "open TCP 192.0.2.2:1",
        "unsent 12345 for tx2: too much waits for connections",
    ]
    assert bench.send(b"1234", "tx3", other) == []
    bench.opened()
    assert bench.flows.queued == 4
    assert bench.send(b"12345", "tx4", other) == []


def test_an_open_says_all_that_is_needed() -> None:
    """Transport, the own host with any port, the remote, the name to be proved, and a number of its own."""
    bench = Bench()
    bench.send(b"one", flow=TLS_TO_BOB._replace(name="biloxi.example.com"))
    bench.send(b"one")
    assert bench.opens == [
        Open(1, "TLS", (HERE, 0), BOB, "biloxi.example.com"),
        Open(2, "TCP", (HERE, 0), BOB, ""),
    ]
