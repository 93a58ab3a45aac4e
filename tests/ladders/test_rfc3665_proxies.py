"""The calls of RFC 3665 3 through two proxies, without the authentication that these ask for there."""

from __future__ import annotations

from functools import partial

import pytest

from sipsm import EndReason, IncomingCall, Request, Srv, SubscriptionRequested
from sipsm.message import read_message
from sipsm.testing import Agent, Net, answer, hang_up, ladder, nothing_left, reject, ring
from tests.ladders.parties import reasons, sent, taken
from tests.ladders.trapezoid import trapezoid


def request_of(net: Net, agent: Agent, method: str) -> Request:
    """The first request of this method that an agent sent."""
    message = read_message(sent(net, agent, method)[0])
    assert isinstance(message, Request)
    return message


@pytest.mark.rfc("3665 3.2", "3261 16.12.1.1", "3261-P19")
def test_a_call_through_two_proxies() -> None:
    """Both record themselves: all requests of the dialog go by way of them, each with the Route that it must have."""
    net, alice, bob = trapezoid()
    bob.script(ring(after=1), answer(after=3), hang_up(after=5))
    call = alice.invite("sip:bob@biloxi.example.com")
    assert net.run() == ladder("""
        0.0  alice INVITE----------> ss1
        0.0  ss1   INVITE----------> ss2
        0.0  ss2   INVITE----------> bob
        0.2  ss2   <------------100- bob   Timer 100
        0.2  alice <------------100- ss1   Timer 100
        0.2  ss1   <------------100- ss2   Timer 100
        1.0  ss2   <------------180- bob
        1.0  ss1   <------------180- ss2
        1.0  alice <------------180- ss1
        3.0  ss2   <------------200- bob
        3.0  ss1   <------------200- ss2
        3.0  alice <------------200- ss1
        3.0  alice ACK-------------> ss1
        3.0  ss1   ACK-------------> ss2
        3.0  ss2   ACK-------------> bob
        8.0  ss2   <------------BYE- bob
        8.0  ss1   <------------BYE- ss2
        8.0  alice <------------BYE- ss1
        8.0  alice 200-------------> ss1
        8.0  ss1   200-------------> ss2
        8.0  ss2   200-------------> bob
    """)
    ss1, ss2 = net.agents["ss1"], net.agents["ss2"]
    arrived = request_of(net, ss2, "INVITE")
    assert str(arrived.uri) == "sip:bob@192.0.2.2"
    assert [str(each) for each in arrived.record_route] == ["<sip:192.0.2.4:5060;lr>", "<sip:192.0.2.3:5060;lr>"]
    assert call.here.dialog.route_set == ("<sip:192.0.2.3:5060;lr>", "<sip:192.0.2.4:5060;lr>")
    assert taken(bob).here.dialog.route_set == call.here.dialog.route_set[::-1]
    byes = [request_of(net, each, "BYE") for each in (bob, ss2, ss1)]
    assert [len(each.route) for each in byes] == [2, 1, 0]
    assert {str(each.uri) for each in byes} == {"sip:192.0.2.1:5060"}
    nothing_left(net)


@pytest.mark.rfc("3261 16.6")
def test_a_proxy_that_records_nothing_sees_the_first_request_only() -> None:
    """ACK and BYE go from one end to the other."""
    net, alice, bob = trapezoid(record_routes=False)
    bob.script(answer(), hang_up(after=1))
    alice.invite("sip:bob@biloxi.example.com")
    assert net.run() == ladder("""
        0.0  alice INVITE----------> ss1
        0.0  ss1   INVITE----------> ss2
        0.0  ss2   INVITE----------> bob
        0.0  ss2   <------------200- bob
        0.0  ss1   <------------200- ss2
        0.0  alice <------------200- ss1
        0.0  alice ACK-------------> bob
        1.0  alice <------------BYE- bob
        1.0  alice 200-------------> bob
    """)
    nothing_left(net)


@pytest.mark.rfc("3665 3.4", "3261 16.6", "3263 4.3")
def test_the_second_proxy_is_taken_when_the_first_one_is_gone() -> None:
    """Here it is a proxy that takes the next server of the domain, with a branch of its own."""
    net, alice, bob = trapezoid()
    net.agent("gone")
    net.partition("gone")
    net.names["_sip._udp.biloxi.example.com"] = [
        Srv(1, 1, 5060, "gone.example.com"),
        Srv(2, 1, 5060, "ss2.example.com"),
    ]
    bob.script(answer(), hang_up(after=1))
    alice.invite("sip:bob@biloxi.example.com;transport=udp")
    net.run(until=40)
    invites = [read_message(data) for data in sent(net, net.agents["ss1"], "INVITE")]
    assert len(invites) == 8
    assert len({invite.branch for invite in invites}) == 2
    assert reasons(alice) == [EndReason.HUNG_UP_BY_PEER]
    net.run()
    nothing_left(net)


@pytest.mark.rfc("3665 3.8", "3261 16.10", "3261-P16")
def test_nobody_answers() -> None:
    """Alice gives up: the CANCEL goes hop by hop, and is answered hop by hop."""
    net, alice, bob = trapezoid()
    bob.script(ring(after=0.1))
    call = alice.invite("sip:bob@biloxi.example.com")
    net.at(5, lambda: alice.do(call.cancel))
    assert net.run() == ladder("""
        0.0  alice INVITE----------> ss1
        0.0  ss1   INVITE----------> ss2
        0.0  ss2   INVITE----------> bob
        0.1  ss2   <------------180- bob
        0.1  ss1   <------------180- ss2
        0.1  alice <------------180- ss1
        5.0  alice CANCEL----------> ss1
        5.0  alice <------------200- ss1
        5.0  ss1   CANCEL----------> ss2
        5.0  ss1   <------------200- ss2
        5.0  ss2   CANCEL----------> bob
        5.0  ss2   <------------200- bob
        5.0  ss2   <------------487- bob
        5.0  ss2   ACK-------------> bob
        5.0  ss1   <------------487- ss2
        5.0  ss1   ACK-------------> ss2
        5.0  alice <------------487- ss1
        5.0  alice ACK-------------> ss1
    """)
    nothing_left(net)


@pytest.mark.rfc("3665 3.9")
def test_bob_is_busy() -> None:
    """The 486 is acknowledged at each hop."""
    net, alice, bob = trapezoid()
    bob.script(ring(after=0.1), reject(486, after=1))
    alice.invite("sip:bob@biloxi.example.com")
    assert net.run() == ladder("""
        0.0  alice INVITE----------> ss1
        0.0  ss1   INVITE----------> ss2
        0.0  ss2   INVITE----------> bob
        0.1  ss2   <------------180- bob
        0.1  ss1   <------------180- ss2
        0.1  alice <------------180- ss1
        1.0  ss2   <------------486- bob
        1.0  ss2   ACK-------------> bob
        1.0  ss1   <------------486- ss2
        1.0  ss1   ACK-------------> ss2
        1.0  alice <------------486- ss1
        1.0  alice ACK-------------> ss1
    """)
    nothing_left(net)


@pytest.mark.rfc("3665 3.10", "3261 16.7", "3261 16.6")
def test_bob_does_not_respond() -> None:
    """His proxy answers for him with 408, after seven INVITEs."""
    net, alice, _ = trapezoid()
    net.partition("bob")
    alice.invite("sip:bob@biloxi.example.com")
    assert net.run() == ladder("""
         0.0  alice INVITE----------> ss1
         0.0  ss1   INVITE----------> ss2
         0.0  ss2   INVITE----------x bob
         0.2  alice <------------100- ss1   Timer 100
         0.2  ss1   <------------100- ss2   Timer 100
         0.5  ss2   INVITE----------x bob   Timer A
         1.5  ss2   INVITE----------x bob   Timer A
         3.5  ss2   INVITE----------x bob   Timer A
         7.5  ss2   INVITE----------x bob   Timer A
        15.5  ss2   INVITE----------x bob   Timer A
        31.5  ss2   INVITE----------x bob   Timer A
        32.0  ss1   <------------408- ss2   Timer B
        32.0  ss1   ACK-------------> ss2
        32.0  alice <------------408- ss1
        32.0  alice ACK-------------> ss1
    """)
    assert reasons(alice) == [EndReason.REJECTED]
    nothing_left(net)


@pytest.mark.rfc("3665 3.11", "3261 16.5", "3261-P05")
def test_bob_is_not_there() -> None:
    """480 where he is nowhere; 404 for somebody who does not exist."""
    net, alice, _ = trapezoid(route=lambda request: () if request.uri.user == "bob" else None)
    alice.invite("sip:bob@biloxi.example.com")
    net.run()
    alice.invite("sip:carol@biloxi.example.com")
    assert net.run() == ladder("""
         0.0  alice INVITE----------> ss1
         0.0  ss1   INVITE----------> ss2
         0.0  ss1   <------------480- ss2
         0.0  ss1   ACK-------------> ss2
         0.0  alice <------------480- ss1
         0.0  alice ACK-------------> ss1
        32.0  alice INVITE----------> ss1
        32.0  ss1   INVITE----------> ss2
        32.0  ss1   <------------404- ss2
        32.0  ss1   ACK-------------> ss2
        32.0  alice <------------404- ss1
        32.0  alice ACK-------------> ss1
    """)
    nothing_left(net)


@pytest.mark.rfc("3262 3", "3262-11")
def test_a_prack_that_no_proxy_knows_is_forwarded() -> None:
    """To the proxies a PRACK is a request as any other: it goes where its Route leads."""
    net, alice, bob = trapezoid()
    bob.on(IncomingCall, lambda event: bob.do(event.call.ring, 183, reliable=True))
    net.at(1, lambda: bob.do(taken(bob).answer, bob.sdp))
    call = alice.invite("sip:bob@biloxi.example.com")
    net.at(2, lambda: alice.do(call.hang_up))
    assert net.run() == ladder("""
        0.0  alice INVITE----------> ss1
        0.0  ss1   INVITE----------> ss2
        0.0  ss2   INVITE----------> bob
        0.0  ss2   <------------183- bob
        0.0  ss1   <------------183- ss2
        0.0  alice <------------183- ss1
        0.0  alice PRACK-----------> ss1
        0.0  ss1   PRACK-----------> ss2
        0.0  ss2   PRACK-----------> bob
        0.0  ss2   <------------200- bob
        0.0  ss1   <------------200- ss2
        0.0  alice <------------200- ss1
        1.0  ss2   <------------200- bob
        1.0  ss1   <------------200- ss2
        1.0  alice <------------200- ss1
        1.0  alice ACK-------------> ss1
        1.0  ss1   ACK-------------> ss2
        1.0  ss2   ACK-------------> bob
        2.0  alice BYE-------------> ss1
        2.0  ss1   BYE-------------> ss2
        2.0  ss2   BYE-------------> bob
        2.0  ss2   <------------200- bob
        2.0  ss1   <------------200- ss2
        2.0  alice <------------200- ss1
    """)
    nothing_left(net)


@pytest.mark.rfc("6665 4.3", "6665-25")
@pytest.mark.parametrize("stays", [True, False])
def test_all_requests_of_a_subscription_go_by_way_of_the_proxies(stays: bool) -> None:
    """They record themselves in the SUBSCRIBE and in each NOTIFY; those who do not see the first SUBSCRIBE only."""
    net, alice, bob = trapezoid(record_routes=stays, bob={"event_packages": ["presence"]})
    bob.on(SubscriptionRequested, partial(granted, bob))
    subscription = alice.do(alice.endpoint.subscribe, "sip:bob@biloxi.example.com", "presence", expires_s=3600)
    net.at(10, lambda: bob.do(bob.endpoint.peer_subscriptions[0].notify, b"<y/>", "application/pidf+xml"))
    net.at(20, lambda: alice.do(subscription.unsubscribe))
    net.run()
    for name in ("ss1", "ss2"):
        proxy = net.agents[name]
        counts = [len(sent(net, proxy, method)) for method in ("SUBSCRIBE", "NOTIFY")]
        assert counts == ([2, 3] if stays else [1, 0])
        for method in ("SUBSCRIBE", "NOTIFY"):
            for data in sent(net, proxy, method):
                recorded = [each.uri.host for each in read_message(data).record_route]
                assert recorded[:1] == ([proxy.host] if stays else [])
    nothing_left(net)


def granted(bob: Agent, event: SubscriptionRequested) -> None:
    """Bob has nothing against it."""
    bob.do(event.subscription.accept, b"<x/>", "application/pidf+xml")
