"""What is for a SIPS URI leaves over TLS or not at all (RFC 3261 26.2.2, 8.1.2)."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from sipsm import (
    Answered,
    Ended,
    Endpoint,
    EndReason,
    Established,
    Flow,
    Ids,
    Listening,
    LocalProtocolError,
    NotDelivered,
    Open,
    Profile,
    Resolve,
    Send,
    Srv,
)
from sipsm.machine import Agenda
from sipsm.transaction import TransactionLayer
from sipsm.transaction.sending import NotSent, Sending
from sipsm.transport.flows import Flows
from tests.endpoint.by_hand import OURS, SDP2, THEIRS, Bench
from tests.endpoint.wired import Wired
from tests.transaction.messages import START, request

BOB = "sips:bob@biloxi.example.com"
PROXY = "<sip:192.0.2.8;lr>"

# -------------------------------------------------------------------- without TLS


@pytest.mark.rfc("3261 26.2.2", "3261 8.1.2")
@pytest.mark.parametrize(
    "target", [BOB, "sips:bob@192.0.2.2", f"{BOB};transport=tcp", f"{BOB}:5061", f"{BOB};maddr=192.0.2.2"]
)
@pytest.mark.parametrize("route", [(), (PROXY,), ("<sips:192.0.2.8;lr>",), ("<sip:192.0.2.8>",)])
def test_a_command_is_refused(target: str, route: tuple[str, ...]) -> None:
    """The reason says what is missing; nothing is sent, asked or kept, whatever the way that is configured."""
    bench = Wired(profile=Profile(route=route))
    with pytest.raises(LocalProtocolError, match="over TLS: only UDP and TCP are spoken"):
        bench.outgoing(target=target)
    with pytest.raises(LocalProtocolError, match="over TLS: only UDP and TCP are spoken"):
        bench.endpoint.request("OPTIONS", target, now=bench.now)
    assert bench.outputs == []
    bench.gone(bench.endpoint.flows[0])
    assert bench.left() == {}


@pytest.mark.rfc("3261 26.2.2")
def test_a_sips_route() -> None:
    """To whom it leads plays no part: the first hop must be secure."""
    bench = Wired(profile=Profile(route=("<sips:192.0.2.8;lr>",)))
    with pytest.raises(LocalProtocolError, match="over TLS"):
        bench.outgoing()
    bench = Wired()
    with pytest.raises(LocalProtocolError, match="no TLS over UDP"):
        bench.outgoing(target="sips:bob@192.0.2.2;transport=udp")
    bench = Wired(profile=Profile(route=("<sip:192.0.2.8;lr;transport=udp>",)))
    with pytest.raises(LocalProtocolError, match="no TLS over UDP"):
        bench.outgoing(target=BOB)


@pytest.mark.rfc("3261 26.2.2", "3261 12.2.1.1")
@pytest.mark.parametrize(
    ("contact", "routes"),
    [
        ("<sips:bob@192.0.2.2>", []),
        ("<sips:bob@192.0.2.2>", ["<sip:192.0.2.2;lr>"]),
        ("<sip:bob@192.0.2.2>", ["<sips:192.0.2.2;lr>"]),
        ("<sips:bob@192.0.2.2>", ["<sip:192.0.2.2>"]),
        ("<sip:bob@192.0.2.2>", ["<sips:192.0.2.2>"]),
    ],
)
def test_a_peer_that_is_to_be_reached_over_tls_from_now_on(contact: str, routes: list[str]) -> None:
    """His Contact or his proxy's Record-Route says so: neither ACK nor BYE nor another request goes to him in clear."""
    bench = Bench()
    call = bench.outgoing()
    data = bench.response(
        call.invite, 200, contact=contact, headers=[f"Record-Route: {route}" for route in routes], body=SDP2
    )
    bench.receive(data)
    bench.receive(data)
    assert len(bench.told(Established)) == 1
    assert bench.methods == ["INVITE"]
    assert [event.data[:3] for event in bench.told(NotDelivered)] == [b"ACK", b"ACK"]
    assert "over TLS: only UDP" in bench.told(NotDelivered)[0].why
    asked, outputs = call.request("INFO", now=bench.now)
    bench.take(outputs)
    bench.take(call.hang_up(now=bench.now))
    assert [(event.request, event.status) for event in bench.told(Answered)] == [(asked, 503)]
    assert [event.reason for event in bench.told(Ended)] == [EndReason.HUNG_UP]
    assert bench.methods == ["INVITE"]


PROXIES = ["<sip:192.0.2.2:5060;lr>", "<SIP:192.0.2.2:5060;lr>", '"<sip:p>" <sip:192.0.2.2:5060;lr>;x="<sip:y>"']


class Both(Bench):
    """A caller on UDP and TLS, whose proxy has stayed in the dialog on UDP, and whose callee has a SIPS Contact."""

    def __init__(self, route: str = PROXIES[0], **settings: Any) -> None:
        super().__init__()
        self.endpoint = Endpoint("udp:192.0.2.1:5060", "tls:192.0.2.1:5061", ids=Ids(Random(1)), **settings)
        self.call = self.outgoing()
        more = [f"Record-Route: {route}", "Record-Route: <sips:q.example;lr>"][::-1]
        self.answer = self.response(self.call.invite, 200, contact="<sips:bob@192.0.2.9>", headers=more, body=SDP2)
        self.receive(self.answer)

    def refused(self) -> None:
        """Nobody takes the connection that was asked for last: it was the UDP port that had been named."""
        self.take(self.endpoint.open_failed(self.told(Open)[-1], self.now))


@pytest.mark.rfc("5630 5.1.1", "3261 8.1.2", "3261 12.2.1.1")
@pytest.mark.parametrize("route", PROXIES)
def test_the_way_to_a_sips_contact_is_by_sips_uris(route: str) -> None:
    """A SIP URI of the route set becomes a SIPS URI, and the ACK goes over TLS to the port that it names."""
    bench = Both(route)
    asked = bench.told(Open)[-1]
    assert (asked.transport, asked.remote) == ("TLS", ("192.0.2.2", 5060))
    bench.take(bench.endpoint.flow_opened(Flow("TLS", ("192.0.2.1", 40001), asked.remote), bench.now, asked))
    ack = bench.last_request
    assert (ack.method, str(ack.uri)) == ("ACK", "sips:bob@192.0.2.9")
    routes = [route.replace("sip:192", "sips:192").replace("SIP", "sips"), "<sips:q.example;lr>"]
    assert list(ack.header_values("Route")) == routes
    bench.take(bench.call.hang_up(now=bench.now))
    assert list(bench.last_request.header_values("Route")) == routes
    assert {flow.transport for flow in bench.flows[1:]} == {"TLS"}


@pytest.mark.rfc("5630 5.1.1", "3261 12.2.1.1")
@pytest.mark.parametrize("route", ["<sip:192.0.2.2:5060>", "sip:192.0.2.2:5060;lr"])
def test_a_strict_router_on_the_way_to_a_sips_contact(route: str) -> None:
    """It becomes the Request-URI, as a SIPS URI."""
    bench = Both(route)
    asked = bench.told(Open)[-1]
    bench.take(bench.endpoint.flow_opened(Flow("TLS", ("192.0.2.1", 40001), asked.remote), bench.now, asked))
    ack = bench.last_request
    assert (ack.method, str(ack.uri)) == ("ACK", "sips:192.0.2.2:5060")
    assert list(ack.header_values("Route")) == ["<sips:q.example;lr>", "<sips:bob@192.0.2.9>"]


@pytest.mark.rfc("3261 18.4", "3261 13.2.2.4")
def test_an_ack_that_cannot_be_sent() -> None:
    """The program is told of each, and by which call; when the peer has stopped asking for it, the call is over."""
    bench = Both()
    for _ in range(3):
        bench.refused()
        assert bench.told(NotDelivered)[-1].call is bench.call
        bench.wait(4)
        bench.receive(bench.answer)
    bench.refused()
    assert len(bench.told(NotDelivered)) == 4
    asked, outputs = bench.call.request("INFO", now=bench.now)
    bench.take(outputs)
    bench.refused()
    assert [(event.request, event.status) for event in bench.told(Answered)] == [(asked, 503)]
    bench.until(1031.9)
    assert not bench.told(Ended)
    bench.until(1032)
    bench.refused()
    assert [event.reason for event in bench.told(Ended)] == [EndReason.PEER_LOST]
    assert bench.methods == ["INVITE"]
    bench.quiet()
    assert not any(bench.left().values())


@pytest.mark.rfc("3261 13.2.2.4")
def test_an_ack_that_is_sent_at_last() -> None:
    """The 2xx comes again, and brings another try: the call goes on."""
    bench = Both()
    bench.refused()
    bench.wait(0.5)
    bench.receive(bench.answer)
    asked = bench.told(Open)[-1]
    bench.take(bench.endpoint.flow_opened(Flow("TLS", ("192.0.2.1", 40001), asked.remote), bench.now, asked))
    assert bench.methods == ["INVITE", "ACK"]
    bench.wait(100)
    assert not bench.told(Ended)


@pytest.mark.rfc("3261 13.2.2.4")
def test_an_ack_of_which_another_may_have_got_there() -> None:
    """A 2xx that came twice has two ACKs, and one of them is enough."""
    bench = Both()
    first = bench.told(Open)[-1]
    bench.take(bench.endpoint.flow_opened(Flow("TLS", ("192.0.2.1", 40001), first.remote), bench.now, first))
    bench.receive(bench.answer)
    last = [output for output in bench.outputs if isinstance(output, Send)][-1]
    bench.take(bench.endpoint.send_failed(last, bench.now))
    assert [event.call for event in bench.told(NotDelivered)] == [bench.call]
    bench.wait(100)
    assert not bench.told(Ended)


@pytest.mark.rfc("3261 18.4")
def test_an_ack_of_a_call_that_is_forgotten() -> None:
    """It belongs to nobody any more."""
    bench = Both()
    bench.receive(bench.in_dialog("BYE", 1, bench.call))
    assert [event.reason for event in bench.told(Ended)] == [EndReason.HUNG_UP_BY_PEER]
    bench.refused()
    assert bench.told(NotDelivered)[-1].call is None


@pytest.mark.rfc("3261 18.2.2")
def test_responses_go_where_the_request_came_from() -> None:
    """A sips Request-URI that came in clear is the sender's fault; he is answered where he is."""
    bench = Bench()
    bench.receive(bench.request("OPTIONS", uri="sips:bob@192.0.2.1", contact="<sips:alice@192.0.2.2>"))
    assert (bench.statuses, bench.flows) == ([200], [Flow("UDP", OURS, THEIRS)])


# -------------------------------------------------------------------- with TLS


def sending(*local: str) -> Sending:
    """What sends from these addresses, by default of UDP, TCP and TLS."""
    agenda, ids = Agenda(), Ids(Random(1))
    listening = [
        Listening.parse(each) for each in local or ("udp:192.0.2.1:5060", "tcp:192.0.2.1:5060", "tls:192.0.2.1:5061")
    ]
    return Sending(TransactionLayer(agenda, flows=Flows(listening, agenda, ids.source)), listening, ids)


def flows_of(outputs: list[Any]) -> list[Flow]:
    """Where something is sent."""
    return [output.flow for output in outputs if isinstance(output, Send)]


def answered(alice: Sending, outputs: list[Any], zone: dict[tuple[str, str], list[Any]]) -> list[Any]:
    """What the last output, a question, leads to."""
    while outputs and isinstance(outputs[-1], Resolve):
        resolve = outputs[-1]
        outputs = alice.resolved(resolve, zone.get((resolve.type, resolve.name), []), START)
    return outputs


ZONE: dict[tuple[str, str], list[Any]] = {
    ("SRV", "_sips._tcp.biloxi.example.com"): [Srv(1, 0, 5061, "a.example"), Srv(2, 0, 5071, "b.example")],
    ("SRV", "_sip._udp.biloxi.example.com"): [Srv(1, 0, 5060, "a.example")],
    ("SRV", "_sip._tcp.biloxi.example.com"): [Srv(1, 0, 5060, "a.example")],
    ("A", "a.example"): ["192.0.2.2"],
    ("A", "b.example"): ["192.0.2.3"],
    ("A", "biloxi.example.com"): ["192.0.2.4"],
}


@pytest.mark.rfc("3261 26.2.2", "3263 4.1", "5922 7.3")
@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "ACK"])
@pytest.mark.parametrize(
    "more", ["", "Route: <sip:biloxi.example.com;lr>\r\n", "Route: <sips:biloxi.example.com;lr>\r\n"]
)
def test_it_goes_over_tls(method: str, more: str) -> None:
    """A connection is asked for that proves to be the domain of the URI, whatever the host that the DNS named."""
    alice = sending()
    outputs = answered(alice, alice.request(request(method, uri=BOB, more=more), None, START), ZONE)
    (flow,) = flows_of(outputs)
    assert flow == Flow("TLS", ("192.0.2.1", 0), ("192.0.2.2", 5061), "biloxi.example.com")
    flows = alice.transactions.flows
    assert flows is not None
    (open,) = [each for each in flows.send(flow, b"", None, START) if isinstance(each, Open)]
    assert (open.transport, open.name) == ("TLS", "biloxi.example.com")


@pytest.mark.rfc("3263 4.3", "3261 26.2.2")
def test_every_server_is_reached_over_tls() -> None:
    """When one fails, the next is tried in the same way; when all have, nobody is asked in clear."""
    alice = sending()
    asked = answered(alice, alice.request(request("OPTIONS", uri=BOB), "user", START), ZONE)
    seen = []
    while flows := flows_of(asked):
        seen += flows
        (key,) = alice.transactions.clients
        (failed,) = alice.unsent(flows[0], b"", key, START)
        asked = answered(alice, alice.heard(failed, START) or [], ZONE)
    assert [(flow.transport, flow.remote, flow.name) for flow in seen] == [
        ("TLS", ("192.0.2.2", 5061), "biloxi.example.com"),
        ("TLS", ("192.0.2.3", 5071), "biloxi.example.com"),
    ]


def test_two_domains_at_one_address() -> None:
    """Each has a connection of its own; over TCP, where nobody proves a name, they share one."""
    alice = sending()
    for n, uri in enumerate(("sips:a@192.0.2.2", "sips:a@a.example;maddr=192.0.2.2")):
        (flow,) = flows_of(alice.request(request("OPTIONS", uri=uri, branch=f"z9hG4bK{n}"), None, START))
        assert flow.name == ("192.0.2.2", "a.example")[n]
    (flow,) = flows_of(
        alice.request(request("OPTIONS", uri="sip:a@192.0.2.2;transport=tcp", branch="z9hG4bK3"), None, START)
    )
    assert flow == Flow("TCP", ("192.0.2.1", 0), ("192.0.2.2", 5060))


@pytest.mark.rfc("3261 26.2.2")
@pytest.mark.parametrize("method", ["INVITE", "CANCEL", "ACK", "BYE"])
@pytest.mark.parametrize("transport", ["UDP", "TCP", "WS"])
def test_a_given_flow_is_no_way_out(method: str, transport: str) -> None:
    """Who names the flow himself is refused it as well."""
    alice = sending()
    flow = Flow(transport, ("192.0.2.1", 5060), ("192.0.2.2", 5060))
    for asked in (request(method, uri=BOB), request(method, more="Route: <sips:p.example;lr>, <sip:q.example;lr>\r\n")):
        (told,) = alice.request(asked, "user", START, flow=flow)
        assert isinstance(told, NotSent)
        assert (told.user, told.request) == ("user", asked)
        assert f"must not be reached over {transport}: use TLS" in told.why
    (told,) = alice.request(request(method, more="Route: rubbish\r\n"), "user", START, flow=flow)
    assert "is no URI" in told.why
    assert alice.transactions.clients == {}
    secure = alice.request(request(method, uri=BOB), "user", START, flow=flow._replace(transport="TLS"))
    assert flows_of(secure) == [flow._replace(transport="TLS")]


def test_a_sip_uri_may_go_over_tls() -> None:
    """It need not, and it may."""
    alice = sending("tls:192.0.2.1:5061")
    (flow,) = flows_of(alice.request(request("OPTIONS", uri="sip:a@192.0.2.2"), None, START))
    assert flow.transport == "TLS"
