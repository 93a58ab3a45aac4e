"""A response that does not reach the place that its request came from is sent to where its Via says (RFC 3263 5)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from sipsm import (
    DropReason,
    Endpoint,
    Flow,
    Ids,
    IncomingCall,
    Limits,
    NotDelivered,
    Open,
    Resolve,
    Send,
    Srv,
    restore,
    save,
)
from tests.endpoint.by_hand import OURS, SDP, SDP2, T1, Bench
from tests.endpoint.wired import FROM_THEM, TO_THEM, Wired

ELSEWHERE = ("192.0.2.9", 5070)
UDP = Flow("UDP", OURS, ("192.0.2.2", 5060))


def via(sent_by: str, transport: str = "TCP", branch: str = "z9hG4bKcall") -> str:
    """Of the peer."""
    return f"Via: SIP/2.0/{transport} {sent_by};branch={branch}"


def called(sent_by: str, **settings: Any) -> Wired:
    """Somebody has called over a connection that is gone, and his call is refused."""
    bench = Wired(**settings)
    bench.arrives(bench.request("INVITE", via=via(sent_by), body=SDP))
    bench.gone(FROM_THEM)
    bench.take(bench.told(IncomingCall)[0].call.reject(486, now=bench.now))
    return bench


def fail(bench: Bench) -> None:
    """The connection that was asked for last cannot be made."""
    bench.take(bench.endpoint.open_failed(bench.told(Open)[-1], bench.now))


@pytest.mark.rfc("3263 5", "3261 18.2.2")
def test_a_name_with_a_port() -> None:
    """First the host that asked, at the port of the Via; then the addresses of the name, one after the other."""
    bench = called("client.example.com:5070")
    assert [open.remote for open in bench.told(Open)] == [("192.0.2.2", 5070)]
    fail(bench)
    (resolve,) = bench.told(Resolve)
    assert (resolve.type, resolve.name) == ("A", "client.example.com")
    assert bench.endpoint.unfinished == 1
    bench.looked_up("192.0.2.8", "192.0.2.9")
    fail(bench)
    assert [open.remote for open in bench.told(Open)][1:] == [("192.0.2.8", 5070), ELSEWHERE]
    made = TO_THEM._replace(remote=ELSEWHERE)
    bench.opened(made)
    assert (bench.statuses, bench.flows, bench.told(NotDelivered)) == ([486], [made], [])
    bench.wait(64 * T1)
    bench.wait(1000)
    bench.gone(made)
    assert bench.left() == {}


@pytest.mark.rfc("3263 5")
def test_a_name_without_a_port() -> None:
    """Its SRV records for the transport of the Via say where, the preferred first."""
    bench = called("client.example.com")
    fail(bench)
    srv = [Srv(2, 0, 5060, "b.example.com"), Srv(1, 0, 5070, "a.example.com")]
    bench.looked_up("192.0.2.9", zone={("SRV", "_sip._tcp.client.example.com"): srv})
    assert [resolve.name for resolve in bench.told(Resolve)] == ["_sip._tcp.client.example.com", "a.example.com"]
    assert bench.told(Open)[-1].remote == ELSEWHERE


@pytest.mark.rfc("3263 5")
def test_an_address() -> None:
    """It needs no look-up; when it is the one that has just failed, nothing is left to be tried."""
    bench = called("192.0.2.9:5070")
    fail(bench)
    assert bench.told(Open)[-1].remote == ELSEWHERE
    fail(bench)
    assert [event.data[:11] for event in bench.told(NotDelivered)] == [b"SIP/2.0 486"]

    bench = called("192.0.2.2:5070")
    fail(bench)
    assert (len(bench.told(Open)), len(bench.told(NotDelivered))) == (1, 1)


@pytest.mark.rfc("3261 17.2.4")
@pytest.mark.parametrize("records", [[], ["2001:db8::1"], ["192.0.2.8", "192.0.2.9"]])
def test_no_way_is_found(records: Sequence[str]) -> None:
    """The application is told, once for each response; the transaction goes on with its timers (RFC 6026 7.1)."""
    bench = called("client.example.com:5070")
    fail(bench)
    bench.looked_up(*records)
    while bench.endpoint.opening:
        fail(bench)
    assert [event.data[:11] for event in bench.told(NotDelivered)] == [b"SIP/2.0 486"]
    assert bench.endpoint._sending.responses == {}
    bench.wait(64 * T1)
    assert bench.left() == {}


@pytest.mark.rfc("3263 5")
@pytest.mark.parametrize("restored", [False, True])
def test_a_response_of_a_transaction_that_is_over(restored: bool) -> None:
    """Over a reliable transport nothing is left of an OPTIONS once it has been answered; its answer is still owed."""
    bench = Wired()
    bench.arrives(bench.request("OPTIONS", via=via("client.example.com:5070")))
    (send,) = [output for output in bench.outputs if isinstance(output, Send)]
    bench.take(bench.endpoint.send_failed(send, bench.now))
    bench.gone(FROM_THEM)
    fail(bench)
    assert bench.endpoint.unfinished == 1
    if restored:
        saved = save(bench.endpoint)
        bench.endpoint = restore(saved, ids=Ids(random.Random(1)))
        assert save(bench.endpoint) == saved
        assert bench.endpoint.resolving == bench.told(Resolve)
    bench.looked_up("192.0.2.8", "192.0.2.9")
    fail(bench)
    if restored:
        bench.endpoint = restore(save(bench.endpoint))
    bench.opened(TO_THEM._replace(remote=ELSEWHERE))
    assert (bench.statuses, bench.endpoint.unfinished) == ([200, 200], 0)
    bench.take(bench.endpoint.send_failed(bench.outputs[-1], bench.now))  # type: ignore[arg-type]  # it is a Send
    assert [event.data[:11] for event in bench.told(NotDelivered)] == [b"SIP/2.0 200"]
    assert bench.endpoint.unfinished == 0


def test_what_has_left_a_while_ago() -> None:
    """Nothing is remembered of it: should it turn out to have failed so late, all begins anew."""
    bench = called("client.example.com:5070")
    fail(bench)
    bench.looked_up("192.0.2.9")
    made = TO_THEM._replace(remote=ELSEWHERE)
    bench.opened(made)
    connection = bench.outputs[-1]
    bench.wait(64 * T1)
    assert bench.left() == {"connections": 1, "timers": 1}
    bench.take(bench.endpoint.send_failed(connection, bench.now))  # type: ignore[arg-type]  # it is a Send
    assert len(bench.told(Resolve)) == 2


@pytest.mark.rfc("3261 18.2.2")
def test_what_is_sent_meanwhile() -> None:
    """The way that is found is that of all that its transaction sends, and of the last response first."""
    bench = Wired()
    bench.arrives(bench.request("INVITE", via=via("client.example.com:5070"), body=SDP))
    call = bench.told(IncomingCall)[0].call
    bench.gone(FROM_THEM)
    bench.take(call.ring(now=bench.now))
    fail(bench)
    bench.take(call.answer(SDP2, now=bench.now))
    fail(bench)
    assert len(bench.told(Resolve)) == 1
    bench.looked_up("192.0.2.9")
    made = TO_THEM._replace(remote=ELSEWHERE)
    bench.opened(made)
    assert bench.statuses == [200]
    bench.wait(T1)
    assert (bench.statuses, bench.flows) == ([200, 200], [made, made])


def test_the_old_way_after_all() -> None:
    """A repeat that gets through on it meanwhile changes nothing: the client has the response twice."""
    bench = Wired()
    bench.arrives(bench.request("INVITE", via=via("client.example.com:5070"), body=SDP))
    bench.gone(FROM_THEM)
    bench.take(bench.told(IncomingCall)[0].call.answer(SDP2, now=bench.now))
    fail(bench)
    bench.wait(T1)
    old, new = (TO_THEM._replace(remote=remote) for remote in (("192.0.2.2", 5070), ELSEWHERE))
    bench.opened(old)
    bench.looked_up("192.0.2.9")
    bench.opened(new)
    assert bench.flows == [old, new]


@pytest.mark.rfc("3261 18.2.2", "3263 5")
def test_a_datagram_that_cannot_be_sent() -> None:
    """Its response goes to where the Via says, over UDP, and so do its repeats."""
    bench = Bench()
    call = bench.incoming(via=via("client.example.com:5070", "UDP"))
    bench.take(call.reject(486, now=bench.now))
    (send,) = [output for output in bench.outputs if isinstance(output, Send)]
    bench.take(bench.endpoint.send_failed(send, bench.now))
    bench.looked_up("192.0.2.9")
    bench.wait(T1)
    assert [flow.remote for flow in bench.flows] == [("192.0.2.2", 5070), ELSEWHERE, ELSEWHERE]
    assert bench.told(NotDelivered) == []
    bench.take(bench.endpoint.send_failed(bench.outputs[-1], bench.now))  # type: ignore[arg-type]  # it is a Send
    assert (len(bench.told(Resolve)), len(bench.told(NotDelivered))) == (1, 1), "there is no other address"


def test_two_ip_versions() -> None:
    """Where we do not listen with the transport of the Via in the version of an address, that one is passed over."""
    bench = Bench()
    bench.endpoint = Endpoint("tcp:192.0.2.1:5060", "udp:192.0.2.1:5060", "udp:[2001:db8::1]:5060")
    there = Flow("TCP", ("192.0.2.1", 5060), ("192.0.2.2", 33000))
    bench.take(bench.endpoint.flow_opened(there, bench.now))
    request = bench.request("INVITE", via=via("client.example.com:5070"), body=SDP)
    bench.take(bench.endpoint.receive(request, there, bench.now))
    bench.take(bench.endpoint.flow_closed(there, bench.now))
    bench.take(bench.told(IncomingCall)[0].call.reject(486, now=bench.now))
    fail(bench)
    zone = {("AAAA", "client.example.com"): ["2001:db8::9"], ("A", "client.example.com"): ["192.0.2.9"]}
    bench.looked_up(zone=zone)
    assert bench.told(Open)[-1].remote == ELSEWHERE
    fail(bench)
    bench.looked_up(zone=zone)
    assert len(bench.told(NotDelivered)) == 1


def test_who_cannot_be_looked_for() -> None:
    """A Via that names another transport, and a WebSocket's client, which takes no connections."""
    bench = Wired()
    bench.arrives(bench.request("INVITE", via=via("client.example.com", "TLS"), body=SDP))
    bench.gone(FROM_THEM)
    bench.take(bench.told(IncomingCall)[0].call.reject(486, now=bench.now))
    fail(bench)
    assert (bench.told(Resolve), len(bench.told(NotDelivered))) == ([], 1)

    bench = Wired()
    flow = FROM_THEM._replace(transport="WS")
    bench.take(bench.endpoint.flow_opened(flow, bench.now))
    bench.arrives(bench.request("INVITE", via=via("x.invalid", "WS"), body=SDP), flow)
    bench.gone(flow)
    bench.take(bench.told(IncomingCall)[0].call.reject(486, now=bench.now))
    assert (bench.told(Open), bench.told(Resolve), len(bench.told(NotDelivered))) == ([], [], 1)


def test_too_many_look_ups() -> None:
    """They are limited, whoever asks."""
    bench = called("client.example.com:5070", limits=Limits(look_ups=1))
    bench.outgoing(target="sip:carol@example.com")
    fail(bench)
    assert (len(bench.told(Resolve)), len(bench.told(NotDelivered))) == (1, 1)


def test_an_answer_made_without_state() -> None:
    """It is sent to where the request came from, and to nobody else."""
    bench = Wired()
    bench.arrives(bench.request("OPTIONS", via=via("client.example.com:5070"), cseq="x"))
    (send,) = [output for output in bench.outputs if isinstance(output, Send)]
    bench.take(bench.endpoint.send_failed(send, bench.now))
    fail(bench)
    assert (bench.drops, bench.told(Resolve)) == ([DropReason.MALFORMED], [])
    assert len(bench.told(NotDelivered)) == 1
