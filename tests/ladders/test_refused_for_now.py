"""An INVITE that is refused for what it bears, how it asks, or for now, and sent anew as the policy lets it.

RFC 3261 8.1.3.5, 19.1.6, 20.33, 21.4.11 to 21.4.14, 21.4.23, 21.5.4, 22.2. By the application: `test_retrying`.
"""

from __future__ import annotations

import pytest

from sipsm import CallState, EndReason, LocalProtocolError, Response, Send, parse_message, restore, save
from sipsm.role import Ended, IncomingCall, OfferReceived, Policy, Postponed, Profile, Redirected, Ringing
from sipsm.role.calls.retrying import anew
from sipsm.testing import Net, answer, hang_up, ladder, nothing_left, reject
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.ladders.parties import reasons, told
from tests.ladders.test_retrying import fails, invites, redirected, statuses, targets

OFFERLESS = Policy(goes_without_offer=True)
PATIENT = Policy(longest_wait_s=60)
GATEWAY = Policy(gateway="sip:gw.example.com:5070;transport=udp")


def patient_bench(status: int = 503, retry_after: str = "20", policy: Policy = PATIENT) -> Bench:
    """A call of ours has been refused for now."""
    bench = Bench(policy=policy)
    bench.outgoing()
    fails(bench, status, [f"Retry-After: {retry_after}"])
    return bench


# -------------------------------------------------------------------- what it bears


@pytest.mark.rfc("3261 8.1.3.5", "3261 21.4.11", "3261 13.2.1")
def test_a_description_that_is_too_long() -> None:
    """The INVITE goes without it: then Bob offers, and Alice answers in the ACK."""
    net = Net(1)
    alice, bob = net.agent("alice", policy=OFFERLESS), net.agent("bob")
    bob.scripts(lambda call: [answer(after=0.5)] if not call.invite.body else [reject(413)])
    alice.on(OfferReceived, lambda event: alice.do(event.call.answer_offer, alice.sdp))
    alice.script(hang_up(after=1))
    call = alice.invite("sip:bob")
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.0  alice <------------413- bob
        0.0  alice ACK-------------> bob
        0.0  alice INVITE----------> bob
        0.2  alice <------------100- bob   Timer 100
        0.5  alice <------------200- bob
        0.5  alice ACK-------------> bob
        1.5  alice BYE-------------> bob
        1.5  alice <------------200- bob
    """)
    assert call.agreed == (alice.sdp, bob.sdp)
    assert reasons(alice) == [EndReason.HUNG_UP]
    nothing_left(net)


@pytest.mark.rfc("3261 8.1.3.5", "3261 21.4.11")
def test_what_goes_with_the_body() -> None:
    """Without the body goes what says what it is; the rest stays, and the number is the next one."""
    of_body = ("Content-Encoding", "Content-Language", "Content-Disposition", "MIME-Version")
    bench = Bench(policy=OFFERLESS)
    bench.outgoing(headers=[("Subject", "lunch"), *((name, "session") for name in of_body)])
    fails(bench, 413)
    before, after = invites(bench)
    assert (before.body, after.body) == (SDP, b"")
    assert not any(after.has(name) for name in (*of_body, "Content-Type"))
    for name in ("To", "From", "Call-ID", "Subject", "Contact", "Supported"):
        assert after.lines_of(name) == before.lines_of(name)
    assert (after.cseq.number, after.header("Content-Length")) == (before.cseq.number + 1, "0")
    # There is nothing left to leave out.
    fails(bench, 413)
    assert (len(invites(bench)), statuses(bench)) == (2, [413])


@pytest.mark.rfc("3261 8.1.3.5", "3261 21.4.13", "3261 20.1", "3261 20.2", "3261 20.3")
@pytest.mark.parametrize(
    ("said", "headers", "goes"),
    [
        (["Accept: text/plain"], [], True),
        (["Accept: application/sdp;q=0, text/plain"], [], True),
        (["Accept:"], [], True),
        (["Accept: application/sdp"], [], False),
        (["Accept: application/*"], [("Content-Language", "de")], False),
        ([], [], False),
        (["Accept: no type"], [], False),
        (["Accept-Encoding: gzip"], [], False),
        (["Accept-Encoding: gzip"], [("Content-Encoding", "deflate")], True),
        (["Accept-Encoding: gzip, deflate;q=0"], [("Content-Encoding", "gzip, deflate")], True),
        (["Accept-Encoding: *"], [("Content-Encoding", "gzip")], False),
        (["Accept-Encoding:"], [("Content-Encoding", "identity")], False),
        (["Accept-Language: en"], [("Content-Language", "de")], True),
        (["Accept-Language: en"], [("Content-Language", "en-GB")], False),
        (["Accept-Language: en-gb"], [("Content-Language", "en")], True),
        (["Accept: text/plain", "Accept-Encoding: *", "Accept-Language: *"], [], True),
        (["Accept: */*", "Accept-Encoding: gzip", "Accept-Language: en"], [("Content-Encoding", "x")], True),
    ],
)
def test_a_description_of_no_use(said: list[str], headers: list[tuple[str, str]], goes: bool) -> None:
    """A 415 has the INVITE go without it where its type, an encoding or a language of it is not among those named."""
    bench = Bench(policy=OFFERLESS)
    bench.outgoing(headers=headers)
    fails(bench, 415, said)
    assert [each.body for each in invites(bench)] == ([SDP, b""] if goes else [SDP])
    assert statuses(bench) == ([] if goes else [415])


@pytest.mark.rfc("3261 8.1.3.5")
@pytest.mark.parametrize("status", [413, 415])
def test_an_offer_is_not_given_up_by_itself(status: int) -> None:
    """Without the leave of the policy the call is over, and the application may go on."""
    bench = Bench()
    bench.outgoing()
    fails(bench, status, ["Accept: text/plain"])
    assert (len(invites(bench)), statuses(bench)) == (1, [status])


# -------------------------------------------------------------------- how it asks


@pytest.mark.rfc("3261 8.1.3.5", "3261 21.4.14", "3261 19.1.6")
@pytest.mark.parametrize(
    ("number", "uri"),
    [
        (
            "tel:+1-555-0100;POSTD=PP22;isub=1",
            "sip:+1-555-0100;isub=1;postd=pp22@gw.example.com:5070;user=phone;transport=udp",
        ),
        ("tel:0100;phone-context=+1555", "sip:0100;phone-context=+1555@gw.example.com:5070;user=phone;transport=udp"),
    ],
)
def test_a_number_asked_of_a_gateway(number: str, uri: str) -> None:
    """After a 416 a tel URI becomes a SIP URI at the gateway that the policy names; the way there and To stay."""
    bench = Bench(policy=GATEWAY, profile=Profile(route=("<sip:192.0.2.9;lr>",)))
    bench.outgoing(target=number)
    fails(bench, 416)
    before, after = invites(bench)
    assert (str(before.uri), str(after.uri)) == (number, uri)
    assert after.lines_of("Route") == before.lines_of("Route") == ("<sip:192.0.2.9;lr>",)
    assert (after.lines_of("To"), after.body) == (before.lines_of("To"), SDP)
    assert {flow.remote for flow in bench.flows} == {("192.0.2.9", 5060)}
    # A SIP URI that is not understood either has no other way to be written.
    fails(bench, 416)
    assert (len(invites(bench)), statuses(bench)) == (2, [416])


@pytest.mark.rfc("3261 8.1.3.5", "3261 26.2.2")
def test_a_sips_uri_stays_one() -> None:
    """It asks for a secure way, which is not given up by itself; a secure gateway is asked securely."""
    bench = Bench(policy=GATEWAY)
    call = bench.outgoing()
    call.origin.request = call.invite.with_uri("sips:bob@example.com")
    fails(bench, 416)
    assert (len(invites(bench)), statuses(bench)) == (1, [416])
    secure, party = Policy(gateway="sips:gw.example.com"), bench.endpoint._agent.party
    call.origin.request = call.invite.with_uri("tel:+15550100")
    refusal = parse_message(bench.response(call.invite, 416))
    assert isinstance(refusal, Response)
    found = anew(call, refusal, secure, party)
    assert found is not None
    assert str(found.request.uri) == "sips:+15550100@gw.example.com;user=phone"


@pytest.mark.rfc("3261 8.1.3.5")
def test_a_number_without_gateway() -> None:
    """Whom to ask for a number is for the application to say, where the policy does not."""
    bench = Bench(profile=Profile(route=("<sip:192.0.2.9;lr>",)))
    bench.outgoing(target="tel:+15550100")
    fails(bench, 416)
    assert (len(invites(bench)), statuses(bench)) == (1, [416])


@pytest.mark.parametrize("gateway", ["gw.example.com", "tel:+1", "sip:bob@gw.example.com", "sip:gw?x=y", "sip:"])
def test_a_gateway_that_is_no_host(gateway: str) -> None:
    """It is a SIP or SIPS URI without a user part."""
    with pytest.raises(LocalProtocolError):
        Policy(gateway=gateway)


@pytest.mark.rfc("3261 21.4.23")
def test_an_ambiguous_address() -> None:
    """The choice is the user's: `Ended` has the Contacts. By the leave of the policy they are tried one by one."""
    choices = ("Carol Lee <sip:carol.lee@192.0.2.2>", "Ping Lee <sip:p.lee@192.0.2.2>;q=0.5")
    bench = Bench(policy=Policy(redirections=5))
    bench.outgoing(target="sip:lee@192.0.2.2")
    redirected(bench, *choices, status=485)
    (ended,) = bench.told(Ended)
    assert isinstance(ended.message, Response)
    assert [contact.display_name for contact in ended.message.contacts] == ["Carol Lee", "Ping Lee"]
    follows = Bench(policy=Policy(redirections=5, follows_ambiguous=True))
    follows.outgoing(target="sip:lee@192.0.2.2")
    redirected(follows, *reversed(choices), status=485)
    fails(follows, 404)
    assert targets(follows)[1:] == ["sip:carol.lee@192.0.2.2", "sip:p.lee@192.0.2.2"]
    assert len(follows.told(Redirected)) == 2


# -------------------------------------------------------------------- challenges


@pytest.mark.rfc("3261 22.2")
def test_nobody_answers_challenges() -> None:
    """Then the call is over, and the application may answer it."""
    bench = Bench()
    bench.outgoing()
    fails(bench, 401)
    assert statuses(bench) == [401]


# -------------------------------------------------------------------- later


@pytest.mark.rfc("3261 20.33", "3261 21.5.4")
def test_a_server_that_is_overloaded() -> None:
    """A 503 names the time, and when it is over the INVITE goes out anew."""
    net = Net(1)
    alice, bob = net.agent("alice", policy=PATIENT), net.agent("bob")
    later = [("Retry-After", "30 (moving);duration=3600")]

    def take(event: IncomingCall) -> None:
        if net.now < net.start + 30:
            bob.do(event.call.reject, 503, headers=later)
        else:
            bob.do(event.call.answer, bob.sdp)

    bob.on(IncomingCall, take)
    alice.script(hang_up(after=1))
    call = alice.invite("sip:bob")
    net.run(until=20)
    assert call.state is CallState.CALLING
    assert net.run(until=60) == ladder("""
         0.0  alice INVITE----------> bob
         0.0  alice <------------503- bob
         0.0  alice ACK-------------> bob
        30.0  alice INVITE----------> bob   Timer retry
        30.0  alice <------------200- bob
        30.0  alice ACK-------------> bob
        31.0  alice BYE-------------> bob
        31.0  alice <------------200- bob
    """)
    assert [(event.retry_after_s, event.response.status) for event in told(alice, Postponed)] == [(30, 503)]
    assert reasons(alice) == [EndReason.HUNG_UP]
    net.run()
    nothing_left(net)


@pytest.mark.rfc("3261 20.33", "3261 21.4.18", "3261 21.4.24", "3261 21.6.1")
@pytest.mark.parametrize("status", [404, 413, 480, 486, 500, 503, 600, 603])
def test_who_may_name_a_time(status: int) -> None:
    """Each of these may say when to try again; the INVITE is the same then, with the next number."""
    bench = patient_bench(status)
    bench.wait(19.9)
    assert len(invites(bench)) == 1
    bench.wait(0.2)
    before, after = invites(bench)
    assert (after.cseq.number, after.body, after.uri) == (before.cseq.number + 1, SDP, before.uri)
    assert after.branch != before.branch
    bench.receive(bench.response(after, 200, body=SDP2))
    assert (bench.endpoint.calls[0].state, bench.told(Ended)) == ("established", [])


@pytest.mark.rfc("3261 20.33")
@pytest.mark.parametrize(
    ("status", "retry_after", "named"),
    [(503, "61", 61), (503, "0", 0), (503, "soon", None), (488, "20", 20), (503, "9" * 40, None)],
)
def test_no_time_to_wait_for(status: int, retry_after: str, named: int | None) -> None:
    """Longer than the policy waits, no time, none that can be read, or a response that has none: it is over."""
    bench = patient_bench(status, retry_after)
    assert (bench.told(Postponed), statuses(bench)) == ([], [status])
    assert bench.told(Ended)[0].retry_after_s == named


@pytest.mark.rfc("3261 20.33")
def test_nobody_waits_unasked() -> None:
    """Without a longest wait a call that is refused for now is over, and the application is told the time."""
    bench = patient_bench(486, policy=Policy())
    (ended,) = bench.told(Ended)
    assert (ended.status, ended.retry_after_s) == (486, 20)
    silent = Bench(policy=PATIENT)
    silent.outgoing()
    silent.wait(40)
    assert (statuses(silent), silent.told(Ended)[0].retry_after_s) == ([408], None)


@pytest.mark.rfc("3261 20.33", "3261 9.1")
def test_a_call_that_waits_is_cancelled() -> None:
    """No INVITE is under way, so that nothing is sent; it is over."""
    bench = patient_bench()
    (call,) = bench.endpoint.calls
    sent = len(bench.sent)
    bench.take(call.cancel(now=bench.now))
    assert [event.reason for event in bench.told(Ended)] == [EndReason.CANCELLED]
    bench.quiet()
    assert (len(bench.sent), bench.left()) == (sent, {})
    with pytest.raises(LocalProtocolError, match="over"):
        call.cancel(now=bench.now)


@pytest.mark.rfc("3261 20.33", "3261 13.2.2.2")
def test_what_rang_before_is_over() -> None:
    """While the call waits no dialog is there; what is sent anew makes its own."""
    bench = Bench(policy=PATIENT)
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180, tag="old"))
    bench.receive(bench.response(call.invite, 480, tag="old", headers=["Retry-After: 20"]))
    assert (call.state, len(bench.endpoint._agent.calls.dialogs)) == ("calling", 0)
    bench.receive(bench.in_dialog("BYE", 5, call))
    assert bench.statuses == [481]
    bench.wait(20)
    bench.receive(bench.response(invites(bench)[-1], 180, tag="new"))
    assert [event.dialog.dialog.remote_tag for event in bench.told(Ringing)] == ["old", "new"]
    assert (call.state, len(call.legs)) == ("ringing", 1)


@pytest.mark.rfc("3261 20.33", "3261 8.1.3.4")
def test_another_target_goes_first() -> None:
    """While a redirection has named others, they are tried; the last one that names a time has us wait."""
    bench = Bench(policy=Policy(redirections=5, longest_wait_s=60))
    bench.outgoing(target="sip:bob@192.0.2.2")
    redirected(bench, "<sip:a@192.0.2.2>", "<sip:b@192.0.2.2>")
    for _ in range(2):
        fails(bench, 486, ["Retry-After: 20"])
    assert (targets(bench)[1:], len(bench.told(Postponed))) == (["sip:a@192.0.2.2", "sip:b@192.0.2.2"], 1)
    bench.wait(20)
    assert targets(bench)[3:] == ["sip:b@192.0.2.2"]


@pytest.mark.rfc("3261 8.1.3.5", "3261 21.4.11")
def test_too_long_for_now() -> None:
    """A 413 with a time is waited for where the policy lets it, and else the INVITE goes without its body."""
    waits = Policy(goes_without_offer=True, longest_wait_s=60)
    for policy, bodies in ((waits, [SDP]), (OFFERLESS, [SDP, b""])):
        bench = Bench(policy=policy)
        bench.outgoing()
        fails(bench, 413, ["Retry-After: 20"])
        assert [each.body for each in invites(bench)] == bodies


@pytest.mark.rfc("3261 20.33")
def test_not_for_ever() -> None:
    """Who always says later is left after five tries."""
    bench = Bench(policy=PATIENT)
    bench.outgoing()
    while not statuses(bench):
        fails(bench, 503, ["Retry-After: 20"])
        bench.wait(20)
    assert len(invites(bench)) == 6


@pytest.mark.rfc("3261 20.33", "3261 17.1.1.2")
@pytest.mark.parametrize("waited", [0, 21])
def test_an_ack_of_before_that_cannot_be_sent(waited: int) -> None:
    """It concerns what is over: the call waits on, or calls anew."""
    bench = patient_bench()
    (call,) = bench.endpoint.calls
    ack = next(each for each in bench.outputs if isinstance(each, Send) and each.data.startswith(b"ACK"))
    bench.wait(waited)
    bench.take(bench.endpoint.send_failed(ack, bench.now))
    assert (call.state, bench.told(Ended)) == ("calling", [])


@pytest.mark.rfc("3261 20.33")
def test_a_call_that_waits_is_saved() -> None:
    """It goes on waiting in another process, and calls anew at the same time."""
    bench = patient_bench()
    bench.endpoint = restore(save(bench.endpoint))
    bench.wait(20.1)
    assert len(invites(bench)) == 2
