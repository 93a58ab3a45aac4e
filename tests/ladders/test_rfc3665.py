"""The calls of RFC 3665 3, between user agents: what stands between them there only passes messages on.

Not here, since an ALG is what it is about: 3.5, where that changes the description. In 3.2 and 3.3 the peer's side of
two proxies is written by hand.
"""

from __future__ import annotations

import pytest

from sipsm import CallState, EndReason, Established, OfferReceived, Policy, Profile, Request, Srv
from sipsm.role import AnswerReceived, Ended, IncomingCall, Redirected, Ringing
from sipsm.sdp import SessionDescription, move
from sipsm.sdp import answer as answer_to
from sipsm.testing import Net, answer, answer_offer, cancel, hang_up, ladder, nothing_left, reject, ring
from tests.endpoint.by_hand import SDP, SDP2, THEIRS, Bench
from tests.ladders.challenging import Challenged, credentials, proof, proxy
from tests.ladders.parties import names, parties, reasons, sent, taken, told


@pytest.mark.rfc("3665 3.1")
def test_a_successful_call() -> None:
    """Alice calls, Bob rings, answers, and hangs up in the end; both have agreed on the same."""
    net, alice, bob = parties()
    bob.script(ring(after=1), answer(after=3), hang_up(after=10))
    call = alice.invite("sip:bob@biloxi.example.com")
    net.run(until=4)
    assert (call.agreed, taken(bob).agreed) == ((alice.sdp, bob.sdp), (bob.sdp, alice.sdp))
    assert net.run() == ladder("""
         0.0  alice INVITE----------> bob
         0.2  alice <------------100- bob   Timer 100
         1.0  alice <------------180- bob
         3.0  alice <------------200- bob
         3.0  alice ACK-------------> bob
        13.0  alice <------------BYE- bob
        13.0  alice 200-------------> bob
    """)
    assert names(alice) == ["Ringing", "AnswerReceived", "Established", "Ended"]
    assert names(bob) == ["IncomingCall", "Established", "Ended"]
    assert (reasons(alice), reasons(bob)) == ([EndReason.HUNG_UP_BY_PEER], [EndReason.HUNG_UP])
    nothing_left(net)


@pytest.mark.rfc("3665 3.2")
def test_a_call_through_two_proxies() -> None:
    """Both have recorded themselves: ACK goes by way of them, and his BYE may come by way of them."""
    bench = Bench(profile=Profile(route=["<sip:192.0.2.2;lr>"]))
    call = bench.outgoing(target="sip:bob@biloxi.example.com")
    routes = ["Record-Route: <sip:192.0.2.9;lr>", "Record-Route: <sip:192.0.2.2;lr>"]
    client = "<sip:bob@client.biloxi.example.com>"
    bench.receive(bench.response(call.invite, 100, tag=None))
    bench.receive(bench.response(call.invite, 180, contact=client, headers=routes))
    bench.receive(bench.response(call.invite, 200, contact=client, headers=routes, body=SDP2))
    ack = bench.last_request
    assert (ack.method, str(ack.uri)) == ("ACK", "sip:bob@client.biloxi.example.com")
    assert ack.lines_of("Route") == ("<sip:192.0.2.2;lr>", "<sip:192.0.2.9;lr>")
    assert bench.flows[-1].remote == THEIRS
    via = "Via: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKss1, SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKss2"
    bench.receive(bench.in_dialog("BYE", 1, call, via=via))
    assert len(bench.last_response.header_values("Via")) == 2
    assert (bench.statuses, [event.reason for event in bench.told(Ended)]) == ([200], [EndReason.HUNG_UP_BY_PEER])


@pytest.mark.rfc("3665 3.3", "3261 22.3", "3261-C33")
def test_a_call_through_two_proxies_that_ask() -> None:
    """First one and then the other wants to know who calls: the third INVITE has credentials for both, and so has all
    that follows in the call."""
    accounts = [("alice", "secret", "atlanta.example.com"), ("alice", "other", "biloxi.example.com")]
    bench = Challenged(profile=Profile(accounts=accounts, route=["<sip:192.0.2.2;lr>"]))
    call = bench.outgoing(target="sip:bob@biloxi.example.com")
    first = call.invite
    bench.say(407, proxy("wf84f1c", "atlanta.example.com", ', qop="auth", opaque="", stale=FALSE'), to=call.invite)
    second = call.invite
    bench.receive(bench.response(second, 100, tag=None))
    bench.say(407, proxy("c1e22c4", "biloxi.example.com", ', qop="auth", opaque="", stale=FALSE'), to=call.invite)
    third = call.invite
    assert [len(credentials(each)) for each in (first, second, third)] == [0, 1, 2]
    assert [each.cseq.number - first.cseq.number for each in (first, second, third)] == [0, 1, 2]
    assert len({each.branch for each in (first, second, third)}) == 3
    for name in ("Call-ID", "From", "To", "Route", "Contact"):
        assert first.lines_of(name) == second.lines_of(name) == third.lines_of(name)
    routes = ["Record-Route: <sip:192.0.2.9;lr>", "Record-Route: <sip:192.0.2.2;lr>"]
    client = "<sip:bob@client.biloxi.example.com>"
    bench.receive(bench.response(third, 180, contact=client, headers=routes))
    bench.receive(bench.response(third, 200, contact=client, headers=routes, body=SDP2))
    ack = bench.last_request
    assert (ack.method, credentials(ack)) == ("ACK", credentials(third))
    bench.take(call.hang_up(now=bench.now))
    bye = bench.last_request
    for each in (third, bye):
        atlanta, biloxi = credentials(each)
        assert atlanta.response == proof(atlanta, each.method, password="secret")
        assert biloxi.response == proof(biloxi, each.method, password="other")
    assert [each.nc for each in credentials(bye)] == [3, 2]
    bench.receive(bench.response(bye, 200))
    assert [event.reason for event in bench.told(Ended)] == [EndReason.HUNG_UP]


@pytest.mark.rfc("3665 3.4", "3263 4.3")
def test_the_first_server_does_not_respond() -> None:
    """After seven INVITEs, in 64*T1, she takes the second server that the DNS names, with a new branch."""
    net, alice, bob = parties()
    net.agent("ss1")
    net.partition("ss1")
    net.names["_sip._udp.example.com"] = [Srv(1, 1, 5060, "ss1.example.com"), Srv(2, 1, 5060, "ss2.example.com")]
    net.names["ss2.example.com"] = "bob"
    bob.script(ring(), answer(after=1), hang_up(after=2))
    alice.invite("sip:bob@example.com;transport=udp")
    assert net.run() == ladder("""
         0.0  alice INVITE----------x ss1
         0.5  alice INVITE----------x ss1   Timer A
         1.5  alice INVITE----------x ss1   Timer A
         3.5  alice INVITE----------x ss1   Timer A
         7.5  alice INVITE----------x ss1   Timer A
        15.5  alice INVITE----------x ss1   Timer A
        31.5  alice INVITE----------x ss1   Timer A
        32.0  alice INVITE----------> bob   Timer B
        32.0  alice <------------180- bob
        33.0  alice <------------200- bob
        33.0  alice ACK-------------> bob
        35.0  alice <------------BYE- bob
        35.0  alice 200-------------> bob
    """)
    invites = sent(net, alice, "INVITE")
    assert (len(set(invites[:7])), invites[7] in invites[:7]) == (1, False)
    assert reasons(alice) == [EndReason.HUNG_UP_BY_PEER]
    nothing_left(net)


@pytest.mark.rfc("3665 3.6", "3261 8.1.3.4")
def test_a_redirection_with_the_description_in_the_ack() -> None:
    """The 302 gets its ACK; the next INVITE goes where it says, and bears no offer either: 200 and ACK carry them."""
    net = Net(1)
    alice, server, bob = net.agent("alice", policy=Policy(redirections=1)), net.agent("redirect"), net.agent("bob")
    moved = [("Contact", f"<sip:bob@{bob.host}>")]
    server.on(IncomingCall, lambda event: server.do(event.call.reject, 302, headers=moved))
    bob.script(ring(), answer(after=1), hang_up(after=5))
    alice.script(answer_offer())
    call = alice.invite("sip:bob@redirect.example.com", offer=b"")
    assert net.run() == ladder("""
        0.0  alice INVITE----------> redirect
        0.0  alice <------------302- redirect
        0.0  alice ACK-------------> redirect
        0.0  alice INVITE----------> bob
        0.0  alice <------------180- bob
        1.0  alice <------------200- bob
        1.0  alice ACK-------------> bob
        6.0  alice <------------BYE- bob
        6.0  alice 200-------------> bob
    """)
    assert [event.target for event in told(alice, Redirected)] == [f"sip:bob@{bob.host}"]
    first, second = (data.partition(b"\r\n\r\n")[0] for data in sent(net, alice, "INVITE"))
    assert (b"application/sdp" in first, b"application/sdp" in second) == (False, False)
    assert [event.sdp for event in told(alice, OfferReceived)] == [bob.sdp]
    assert [event.sdp for event in told(bob, AnswerReceived)] == [alice.sdp]
    assert call.state is CallState.ENDED
    nothing_left(net)


@pytest.mark.rfc("3665 3.7", "3264 8.3.1", "3261 14.1")
def test_a_change_of_address() -> None:
    """Bob's re-INVITE names his new address for media, with the version of the description raised; she agrees."""
    net, alice, bob = parties()
    bob.script(ring(), answer(after=1))
    alice.script(hang_up(after=5))
    call = alice.invite("sip:bob")

    def accept(event: OfferReceived) -> None:
        accepted = answer_to(event.sdp, alice.sdp, previous=call.local_sdp)
        alice.do(event.call.answer_offer, bytes(accepted or b""))

    alice.on(OfferReceived, accept)
    net.at(3, lambda: bob.do(taken(bob).offer, bytes(move(bob.sdp, "192.0.2.100"))))
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.0  alice <------------180- bob
        1.0  alice <------------200- bob
        1.0  alice ACK-------------> bob
        3.0  alice <---------INVITE- bob
        3.0  alice 200-------------> bob
        3.0  alice <------------ACK- bob
        6.0  alice BYE-------------> bob
        6.0  alice <------------200- bob
    """)
    (offered,) = told(alice, OfferReceived)
    moved, before = SessionDescription.parse(offered.sdp), SessionDescription.parse(bob.sdp)
    assert (str(moved.streams[0].connection), moved.origin.version) == ("IN IP4 192.0.2.100", before.origin.version + 1)
    nothing_left(net)


@pytest.mark.rfc("3665 3.7")
def test_a_change_of_contact() -> None:
    """The Contact of an accepted re-INVITE is where the peer is from then on: there goes her BYE, past all proxies."""
    bench = Bench()
    call = bench.answered(contact="<sip:bob@192.0.2.2:5060>")
    moved = ("192.0.2.100", 5060)
    invite = bench.in_dialog("INVITE", 1, call, contact="<sip:bob@192.0.2.100:5060>", body=SDP)
    bench.receive(invite, moved)
    bench.take(call.answer_offer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("ACK", 1, call), moved)
    bench.take(call.hang_up(now=bench.now))
    assert (bench.last_request.method, str(bench.last_request.uri)) == ("BYE", "sip:bob@192.0.2.100:5060")
    assert bench.flows[-1].remote == moved


@pytest.mark.rfc("3665 3.8")
def test_no_answer() -> None:
    """Alice gives up: the CANCEL gets 200, the INVITE 487."""
    net, alice, bob = parties()
    bob.script(ring())
    alice.script(cancel(after=20))
    alice.invite("sip:bob")
    assert net.run() == ladder("""
         0.0  alice INVITE----------> bob
         0.0  alice <------------180- bob
        20.0  alice CANCEL----------> bob
        20.0  alice <------------200- bob
        20.0  alice <------------487- bob
        20.0  alice ACK-------------> bob
    """)
    assert (reasons(alice), reasons(bob)) == ([EndReason.CANCELLED], [EndReason.CANCELLED_BY_PEER])
    nothing_left(net)


@pytest.mark.rfc("3665 3.9", "3665 3.11")
@pytest.mark.parametrize("status", [486, 480])
def test_busy_or_unavailable(status: int) -> None:
    """Busy at once, or unavailable after it has rung: she acknowledges the refusal, and that is all."""
    net, alice, bob = parties()
    bob.script(*([ring()] if status == 480 else []), reject(status, after=0.1))
    alice.invite("sip:bob")
    assert net.run() == ladder(f"""
        0.0  alice INVITE----------> bob{
        '''
        0.0  alice <------------180- bob'''
        if status == 480
        else ""
    }
        0.1  alice <------------{status}- bob
        0.1  alice ACK-------------> bob
    """)
    assert [(event.reason, event.status) for event in told(alice, Ended)] == [(EndReason.REJECTED, status)]
    assert len(told(alice, Ringing)) == (status == 480)
    assert (reasons(bob), told(alice, Established)) == ([EndReason.DECLINED], [])
    nothing_left(net)


@pytest.mark.rfc("3665 3.10")
def test_no_response() -> None:
    """Bob's agent is silent: the INVITE is sent seven times in 64*T1, and then it is as if a 408 had come."""
    net, alice, _ = parties()
    net.partition("bob")
    alice.invite("sip:bob")
    assert net.run() == ladder("""
         0.0  alice INVITE----------x bob
         0.5  alice INVITE----------x bob   Timer A
         1.5  alice INVITE----------x bob   Timer A
         3.5  alice INVITE----------x bob   Timer A
         7.5  alice INVITE----------x bob   Timer A
        15.5  alice INVITE----------x bob   Timer A
        31.5  alice INVITE----------x bob   Timer A
    """)
    assert [(event.reason, event.status) for event in told(alice, Ended)] == [(EndReason.TIMED_OUT, 408)]
    assert net.now - net.start == 32.0
    nothing_left(net)


@pytest.mark.rfc("3665 3.10")
def test_no_response_behind_a_proxy() -> None:
    """The proxy says 100 and then 480: it is told as the refusal that it is."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 100, tag=None))
    bench.wait(32)
    assert call.state is CallState.CALLING
    bench.receive(bench.response(call.invite, 480, reason="No Response"))
    assert isinstance(bench.sent[-1], Request)
    assert bench.methods == ["INVITE", "ACK"]
    assert [(event.reason, event.status) for event in bench.told(Ended)] == [(EndReason.REJECTED, 480)]
    bench.quiet()
    assert bench.left() == {}
