"""Where others are told to reach an endpoint that is at several addresses: where they do already (RFC 3261 8.1.1.8)."""

from __future__ import annotations

import random

import pytest

from sipsm import Endpoint, Flow, Ids, IncomingCall, Open, Send
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
    return Endpoint("udp:192.0.2.1:5060", "tcp:192.0.2.1:5062", "udp:[2001:db8::1]:5064", ids=Ids(random.Random(1)))


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
