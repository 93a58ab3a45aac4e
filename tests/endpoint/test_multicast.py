"""Requests to a multicast group (RFC 3261 18.1.1, 17.1.3, 18.2.2)."""

from __future__ import annotations

import pytest

from sipsm import Answered, Dropped, DropReason, Endpoint, Established, Flow
from tests.endpoint.by_hand import OURS, SDP, SDP2, Bench

GROUP = "224.0.1.75"
"""That of all SIP servers (RFC 3261 18.1.1)."""


@pytest.mark.rfc("3261 18.1.1", "3261-S28")
def test_the_via_of_a_request_to_a_group() -> None:
    """It names the group, to which responses may go, and how far the datagrams are to go: one hop."""
    bench = Bench()
    bench.take(bench.endpoint.options(f"sip:{GROUP}", now=bench.now)[1])
    via = bench.last_request.via
    assert (bench.flows, via.maddr, via.ttl) == ([Flow("UDP", OURS, (GROUP, 5060))], GROUP, 1)
    bench.wait(0.5)
    assert bench.wires[0] == bench.wires[1], "it is repeated as it was"


@pytest.mark.rfc("3261 18.1.1", "3261-S28")
def test_a_group_of_ipv6() -> None:
    """It has no TTL, and stands in brackets."""
    endpoint = Endpoint("udp:[2001:db8::1]:5060")
    bench = Bench()
    bench.take(endpoint.options("sip:[ff02::1]", now=0.0)[1])
    via = bench.last_request.via
    assert (via.maddr, via.ttl, ";maddr=[ff02::1]" in str(via)) == ("ff02::1", None, True)


@pytest.mark.rfc("3261 17.1.3", "3261-S28")
def test_the_first_of_several_answers_is_used() -> None:
    """ "The first response received, based on the rules above, will be used, and others will be viewed as
    retransmissions."
    """
    bench = Bench()
    bench.take(bench.endpoint.options(f"sip:{GROUP}", now=bench.now)[1])
    asked = bench.last_request
    for n in range(3):
        bench.receive(bench.response(asked, 200 + n, tag=f"t{n}"), (f"192.0.2.{n + 2}", 5060))
    (answered,) = bench.told(Answered)
    assert answered.status == 200
    assert [drop.reason for drop in bench.told(Dropped)] == [DropReason.ABSORBED] * 2
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 18.1.1", "3261 9.1")
def test_an_invite_to_a_group() -> None:
    """Its CANCEL has the same Via and goes to the same place; what is asked within the call goes to who answered."""
    bench = Bench()
    call, outputs = bench.endpoint.invite(f"sip:{GROUP}", offer=SDP, now=bench.now)
    bench.take(outputs)
    invite = bench.last_request
    bench.receive(bench.response(invite, 180))
    bench.take(call.cancel(now=bench.now))
    assert (bench.last_request.method, bench.last_request.via) == ("CANCEL", invite.via)
    assert [flow.remote[0] for flow in bench.flows] == [GROUP, GROUP]
    # The answer was quicker.
    bench.receive(bench.response(invite, 200, body=SDP2))
    assert bench.methods[2:] == ["ACK", "BYE"]
    assert {flow.remote for flow in bench.flows[2:]} == {("192.0.2.2", 5060)}
    assert bench.last_request.via.maddr is None
    assert bench.told(Established) == []


@pytest.mark.rfc("3261 18.2.2")
def test_a_request_that_names_a_group() -> None:
    """Its responses go there."""
    bench = Bench()
    via = f"Via: SIP/2.0/UDP 192.0.2.2:5060;maddr={GROUP};ttl=1;branch=z9hG4bKgroup"
    bench.receive(bench.request("OPTIONS", via=via))
    assert (bench.statuses, bench.flows[-1].remote) == ([200], (GROUP, 5060))
