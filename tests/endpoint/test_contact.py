"""Where others are told to reach an endpoint that is at several addresses: where they do already (RFC 3261 8.1.1.8)."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from sipsm import Endpoint, Flow, Ids, IncomingCall, Open, Profile, Send
from sipsm.message import read_message
from sipsm.transport.flow import bracketed
from tests.endpoint.by_hand import SDP, SDP2, THEIRS, Bench

UDP, TCP = ("192.0.2.1", 5060), ("192.0.2.1", 5062)
SIX = ("2001:db8::1", 5064)
FAR_SIX = ("2001:db8::2", 5060)
WHERE = {
    "udp": "<sip:192.0.2.1:5060>",
    "tcp": "<sip:192.0.2.1:5062;transport=tcp>",
    "v6": "<sip:[2001:db8::1]:5064>",
}


def everywhere() -> Endpoint:
    """An endpoint over UDP and TCP, and over UDP on IPv6."""
    return Endpoint("udp:192.0.2.1:5060", "tcp:192.0.2.1:5062", "udp:[2001:db8::1]:5064", ids=Ids(Random(1)))


@pytest.mark.rfc("3261 8.1.1.8", "3261-C03")
@pytest.mark.parametrize(
    ("flow", "where"),
    [
        (Flow("UDP", UDP, THEIRS), "udp"),
        (Flow("TCP", TCP, THEIRS), "tcp"),
        (Flow("TCP", ("192.0.2.1", 40_001), THEIRS), "tcp"),
        (Flow("TCP", SIX, FAR_SIX), "tcp"),
        (Flow("UDP", SIX, FAR_SIX), "v6"),
    ],
    ids=["UDP", "TCP", "a connection that we made", "a version that we do not have", "IPv6"],
)
def test_who_calls_is_told_the_way_that_he_came(flow: Flow, where: str) -> None:
    """The Contact of provisional response and 2xx is over the transport and the IP version of the INVITE."""
    bench = Bench()
    endpoint = bench.endpoint = everywhere()
    if flow.reliable:
        endpoint.flow_opened(flow, bench.now)
    outputs = endpoint.receive(bench.request("INVITE", body=SDP), flow, bench.now)
    (call,) = [output.call for output in outputs if isinstance(output, IncomingCall)]
    sent = [*call.ring(now=bench.now), *call.answer(SDP2, now=bench.now)]
    contacts = [read_message(output.data).header("Contact") for output in sent if isinstance(output, Send)]
    assert contacts == [WHERE[where]] * 2


@pytest.mark.rfc("3261 8.1.1.8")
@pytest.mark.parametrize(
    ("target", "where"),
    [
        ("192.0.2.2", "udp"),
        ("192.0.2.2;transport=tcp", "tcp"),
        ("[2001:db8::2]", "v6"),
    ],
)
def test_who_is_called_is_told_the_way_that_we_came(target: str, where: str) -> None:
    """So is that of the INVITE, and it has the transport of its Via."""
    endpoint = everywhere()
    _, outputs = endpoint.invite(f"sip:bob@{target}", offer=SDP, now=1000.0)
    if isinstance(opened := outputs[0], Open):
        outputs = endpoint.flow_opened(Flow("TCP", ("192.0.2.1", 40_001), opened.remote), 1000.0, opened)
    (data,) = [output.data for output in outputs if isinstance(output, Send)]
    invite = read_message(data)
    assert invite.header("Contact") == WHERE[where]
    host, port = invite.via.sent_by
    assert f"{bracketed(host)}:{port}" in WHERE[where]


@pytest.mark.rfc("3263 4.3")
def test_another_way_is_told_when_another_is_tried() -> None:
    """Where nobody takes a connection, the large INVITE goes over UDP, and says so."""
    endpoint = everywhere()
    big = [("Subject", "x" * 1300)]
    _, (opened,) = endpoint.invite("sip:bob@192.0.2.2", offer=SDP, headers=big, now=1000.0)
    assert isinstance(opened, Open)
    (send,) = [each for each in endpoint.open_failed(opened, 1000.0) if isinstance(each, Send)]
    assert send.flow.transport == "UDP"
    assert read_message(send.data).header("Contact") == WHERE["udp"]


# -------------------------------------------------------------------- SIPS

TLS = ("192.0.2.1", 5061)
OURS_SIPS, OURS_SIP = "<sips:192.0.2.1:5061>", "<sip:192.0.2.1:5061;transport=tls>"
FAR = Flow("TLS", TLS, ("192.0.2.2", 40_002))


def over_tls(**options: Any) -> Endpoint:
    """An endpoint over UDP, and over TLS on both IP versions."""
    return Endpoint("udp:192.0.2.1:5060", "tls:192.0.2.1:5061", "tls:[2001:db8::1]:5061", ids=Ids(Random(1)), **options)


@pytest.mark.rfc("3261 8.1.1.8", "5630 5.1.1", "3261-C03")
@pytest.mark.parametrize(
    ("target", "route", "contact", "routes"),
    [
        ("sips:bob@192.0.2.2", (), OURS_SIPS, []),
        ("sips:bob@[2001:db8::2]", (), "<sips:[2001:db8::1]:5061>", []),
        ("sip:bob@192.0.2.2;transport=tls", (), OURS_SIP, []),
        ("sip:bob@192.0.2.9", ("<sips:192.0.2.2;lr>",), OURS_SIPS, ["<sips:192.0.2.2;lr>"]),
        (
            "sips:bob@192.0.2.9",
            ("<sip:192.0.2.2;lr>", "P <SIP:p2;lr>"),
            OURS_SIPS,
            ["<sips:192.0.2.2;lr>", "P <sips:p2;lr>"],
        ),
    ],
)
@pytest.mark.parametrize("method", ["INVITE", "SUBSCRIBE", "OPTIONS"])
def test_a_sips_uri_of_ours(method: str, target: str, route: tuple[str, ...], contact: str, routes: list[str]) -> None:
    """Where the request, or its first hop, is for a SIPS URI, Contact and the whole Route are SIPS; else not."""
    endpoint = over_tls(profile=Profile(route=route))
    match method:
        case "INVITE":
            _, (opened,) = endpoint.invite(target, offer=SDP, now=1000.0)
        case "SUBSCRIBE":
            _, (opened,) = endpoint.subscribe(target, "door", now=1000.0)
        case _:
            _, (opened,) = endpoint.request("OPTIONS", target, now=1000.0)
    assert isinstance(opened, Open)
    assert opened.transport == "TLS"
    flow = Flow("TLS", (opened.local[0], 40_001), opened.remote)
    (data,) = [each.data for each in endpoint.flow_opened(flow, 1000.0, opened) if isinstance(each, Send)]
    request = read_message(data)
    assert (request.header("Contact"), [*request.header_values("Route")]) == (contact, routes)
    assert request.via.transport == "TLS"


@pytest.mark.rfc("5630 5.1.1.4")
def test_a_gruu_as_a_sips_uri() -> None:
    """It has the scheme of the request that it stands in."""
    endpoint = over_tls(profile=Profile(gruu="sip:alice@example.com;gr=x"))
    for target, contact in (
        ("sips:bob@192.0.2.2", "<sips:alice@example.com;gr=x>"),
        ("sip:bob@192.0.2.3;transport=tls", "<sip:alice@example.com;gr=x>"),
    ):
        call, _ = endpoint.invite(target, offer=SDP, now=1000.0)
        assert call.invite.header("Contact") == contact


@pytest.mark.rfc("3261 12.1.1", "5630 5.1.2")
@pytest.mark.parametrize(
    ("uri", "contact", "record_route", "ours"),
    [
        ("sips:bob@192.0.2.1", "<sips:alice@192.0.2.2>", "", OURS_SIPS),
        ("sips:bob@192.0.2.1", "<sip:alice@192.0.2.2;transport=tls>", "", OURS_SIPS),
        ("sip:bob@192.0.2.1", "<sips:alice@192.0.2.2>", "", OURS_SIPS),
        ("sip:bob@192.0.2.1", "<sip:alice@192.0.2.2;transport=tls>", "<sips:192.0.2.2;lr>", OURS_SIPS),
        ("sip:bob@192.0.2.1", "<sip:alice@192.0.2.2;transport=tls>", "", OURS_SIP),
        ("sip:bob@192.0.2.1", "<sip:alice@192.0.2.2>", "<sip:192.0.2.2;lr;transport=tls>", OURS_SIP),
    ],
)
def test_who_comes_by_sips_is_told_so(uri: str, contact: str, record_route: str, ours: str) -> None:
    """Our Contact is a SIPS URI in every answer and in every request of ours in the dialog, and these go over TLS."""
    bench = Bench()
    endpoint = bench.endpoint = over_tls()
    endpoint.flow_opened(FAR, bench.now)
    headers = [f"Record-Route: {record_route}"] if record_route else []
    data = bench.request("INVITE", uri=uri, contact=contact, headers=headers, body=SDP)
    (call,) = [each.call for each in endpoint.receive(data, FAR, bench.now) if isinstance(each, IncomingCall)]
    sent = [*call.ring(now=bench.now), *call.answer(SDP2, now=bench.now)]
    assert [read_message(each.data).header("Contact") for each in sent if isinstance(each, Send)] == [ours] * 2
    to = read_message([each.data for each in sent if isinstance(each, Send)][-1]).header("To") or ""
    ack = bench.request("ACK", uri=uri, contact=contact, to=to)
    endpoint.receive(ack, FAR, bench.now)
    _, outputs = call.request("OPTIONS", now=bench.now)
    (opened,) = outputs
    assert isinstance(opened, Open)
    assert (opened.transport, opened.remote[0], opened.name) == ("TLS", "192.0.2.2", "192.0.2.2")
