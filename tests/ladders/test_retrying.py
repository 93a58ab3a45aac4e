"""An INVITE that is sent anew: elsewhere, put right by itself, or by the application (RFC 3261 8.1.3.4, 8.1.3.5)."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from sipsm import CallState, EndReason, IncomingCall, LocalProtocolError, Request
from sipsm.message.headers import CALL_INFO, SUBJECT
from sipsm.role import Ended, Policy, Profile, Redirected, Ringing
from sipsm.testing import Net, answer, hang_up, ladder, nothing_left
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.ladders.parties import reasons, told

FOLLOWS = Policy(redirections=10)


def redirected(bench: Bench, *contacts: str, status: int = 302) -> None:
    """The peer redirects the last INVITE to these."""
    lines = [f"Contact: {contact}" for contact in contacts]
    bench.receive(bench.response(invites(bench)[-1], status, contact=None, headers=lines))


def fails(bench: Bench, status: int = 404, headers: Iterable[str] = ()) -> None:
    """The last INVITE gets this answer."""
    bench.receive(bench.response(invites(bench)[-1], status, contact=None, headers=headers))


def invites(bench: Bench) -> list[Request]:
    """The INVITEs, in their order."""
    return [each for each in bench.sent if isinstance(each, Request) and each.method == "INVITE"]


def targets(bench: Bench) -> list[str]:
    """Their Request-URIs."""
    return [str(each.uri) for each in invites(bench)]


def statuses(bench: Bench) -> list[int | None]:
    """What the calls that are over have come to."""
    return [event.status for event in bench.told(Ended)]


# -------------------------------------------------------------------- elsewhere


@pytest.mark.rfc("3261 8.1.3.4", "3261 13.2.2.2")
def test_a_redirection_is_followed() -> None:
    """The INVITE goes to the Contact of the 302, and the call is up with who answers there."""
    net = Net(1)
    alice, bob, carol = net.agent("alice", policy=Policy(redirections=1)), net.agent("bob"), net.agent("carol")
    contact = [("Contact", f"<sip:carol@{carol.host}>")]
    bob.on(IncomingCall, lambda event: bob.do(event.call.reject, 302, headers=contact))
    carol.script(answer(after=0.5))
    alice.script(hang_up(after=1))
    alice.invite("sip:bob")
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.0  alice <------------302- bob
        0.0  alice ACK-------------> bob
        0.0  alice INVITE----------> carol
        0.2  alice <------------100- carol   Timer 100
        0.5  alice <------------200- carol
        0.5  alice ACK-------------> carol
        1.5  alice BYE-------------> carol
        1.5  alice <------------200- carol
    """)
    assert [event.target for event in told(alice, Redirected)] == [f"sip:carol@{carol.host}"]
    assert reasons(alice) == [EndReason.HUNG_UP]
    nothing_left(net)


@pytest.mark.rfc("3261 8.1.3.4", "3261-C07")
def test_what_a_redirected_invite_keeps() -> None:
    """To, From, Call-ID, the header fields and the body; the CSeq number is one higher, and the branch another."""
    bench = Bench(policy=FOLLOWS)
    call = bench.outgoing(headers=[("Subject", "lunch"), ("Call-Info", "<http://a.example.com/1>")])
    redirected(bench, "<sip:bob@192.0.2.2;transport=udp;x=y>")
    before, after = invites(bench)
    assert str(after.uri) == "sip:bob@192.0.2.2;transport=udp;x=y"
    for name in ("To", "From", "Call-ID", "Subject", "Call-Info", "Contact", "Supported", "Recv-Info", "Content-Type"):
        assert after.lines_of(name) == before.lines_of(name)
    assert (after.body, after.cseq.number) == (SDP, before.cseq.number + 1)
    assert after.branch != before.branch
    assert (call.invite, call.state) == (after, CallState.CALLING)


@pytest.mark.rfc("3261 8.1.3.4", "3261 19.1.5", "3261-C07")
def test_header_fields_in_a_contact() -> None:
    """Those of its URI overwrite what there can be one of, and are added to lists; the URI is sent without them."""
    bench = Bench(policy=FOLLOWS)
    bench.outgoing(headers=[("Subject", "lunch"), ("Call-Info", "<http://a.example.com/1>")])
    redirected(bench, "<sip:bob@192.0.2.2;method=BYE?Subject=foo&Call-Info=%3Chttp://www.foo.com%3E&X-Mine=1>")
    after = invites(bench)[-1]
    assert (after.method, str(after.uri)) == ("INVITE", "sip:bob@192.0.2.2")
    assert (after.lines_of("Subject"), after[SUBJECT]) == (("foo",), "foo")
    assert [str(each.uri) for each in after[CALL_INFO]] == ["http://a.example.com/1", "http://www.foo.com"]
    assert after.header("X-Mine") == "1"


@pytest.mark.rfc("3261 19.1.5", "3261-S34")
def test_header_fields_that_are_not_honoured() -> None:
    """Those that say who we are, what we can, which way to go, or what the body is stay as they are."""
    bench = Bench(policy=FOLLOWS)
    bench.outgoing()
    names = (
        *("From", "To", "Call-ID", "CSeq", "Via", "Route", "Record-Route", "Contact", "Max-Forwards", "Content-Type"),
        *("Accept", "Accept-Encoding", "Accept-Language", "Allow", "Organization", "Supported", "User-Agent", "Date"),
        *("Content-Length", "Content-Encoding", "MIME-Version", "Timestamp", "Recv-Info", "body", "f", "i"),
    )
    redirected(bench, "<sip:bob@192.0.2.2?" + "&".join(f"{name}=1" for name in names) + ">")
    before, after = invites(bench)
    for name in set(names) - {"body", "CSeq", "Via"}:
        assert after.lines_of(name) == before.lines_of(name), name
    assert (len(after.vias), after.body) == (1, SDP)


@pytest.mark.rfc("3261 19.1.5", "3261-S34")
@pytest.mark.parametrize(
    "headers",
    ["Subject=a%0D%0ARoute:%20%3Csip:evil%3E", "Replaces=nonsense", "Require=foo", "Expires=soon", "No%20Name=1"],
)
def test_a_contact_that_makes_no_request(headers: str) -> None:
    """A URI that would make a request that is none, or one that needs what we do not have, is passed over."""
    bench = Bench(policy=FOLLOWS)
    bench.outgoing()
    redirected(bench, f"<sip:evil@192.0.2.3?{headers}>, <sip:good@192.0.2.4>")
    assert targets(bench)[1:] == ["sip:good@192.0.2.4"]


@pytest.mark.rfc("3261 19.1.5")
def test_a_contact_that_requires_what_we_have() -> None:
    """That is a request like another."""
    bench = Bench(policy=FOLLOWS)
    bench.outgoing()
    redirected(bench, "<sip:bob@192.0.2.3?Require=100rel>")
    assert invites(bench)[-1].header_values("Require") == ("100rel",)


@pytest.mark.rfc("3261 8.1.3.4", "3261 20.10")
def test_the_most_wanted_first() -> None:
    """Contacts are tried one after another, by q and then in their order, each when the one before has failed."""
    bench = Bench(policy=FOLLOWS)
    bench.outgoing(target="sip:bob@192.0.2.2")
    redirected(
        bench, "<sip:c@192.0.2.2>;q=0.3, <sip:a@192.0.2.2>;q=0.7", "<sip:d@192.0.2.2>;q=0", "<sip:b@192.0.2.2>;q=0.7"
    )
    redirected(bench, "<sip:bob@192.0.2.2>;q=1", "<sip:e@192.0.2.2>;q=0.9", status=301)
    for status in (486, 603, 500, 480):
        fails(bench, status)
    assert [each.removeprefix("sip:").removesuffix("@192.0.2.2") for each in targets(bench)] == [
        *("bob", "a", "b", "c", "d", "e")
    ]
    # "If the list is exhausted, then the request has failed."
    assert statuses(bench) == [480]
    numbers = [each.cseq.number for each in invites(bench)]
    assert numbers == list(range(numbers[0], numbers[0] + 6))


@pytest.mark.rfc("3261 8.1.3.4", "3261-C07")
def test_two_that_redirect_to_each_other() -> None:
    """No URI is tried twice, by whatever spelling."""
    bench = Bench(policy=FOLLOWS)
    bench.outgoing(target="sip:bob@192.0.2.2")
    redirected(bench, "<sip:carol@192.0.2.2>")
    redirected(bench, "<sip:%62ob@192.0.2.2>, <SIP:bob@192.0.2.2;x=1>, <sip:carol@192.0.2.2?Subject=again>")
    assert targets(bench) == ["sip:bob@192.0.2.2", "sip:carol@192.0.2.2"]
    assert statuses(bench) == [302]


@pytest.mark.rfc("3261 8.1.3.4")
@pytest.mark.parametrize("allowed", [0, 1, 2])
def test_as_many_as_the_policy_allows(allowed: int) -> None:
    """The policy counts the further targets; with none a 3xx ends the call, whose Contacts are the application's."""
    bench = Bench(policy=Policy(redirections=allowed))
    bench.outgoing()
    redirected(bench, *(f"<sip:t{n}@192.0.2.2>" for n in range(4)))
    for _ in range(allowed):
        fails(bench)
    assert len(invites(bench)) == 1 + allowed
    assert statuses(bench) == [404 if allowed else 302]


@pytest.mark.rfc("3261 8.1.3.4", "3261 21.3.4", "3261 21.3.5")
@pytest.mark.parametrize(
    ("status", "follows"), [(300, True), (301, True), (302, True), (399, True), (305, False), (380, False)]
)
def test_which_3xx_names_a_target(status: int, follows: bool) -> None:
    """305 names a proxy, and 380 another service: these are for the application."""
    bench = Bench(policy=FOLLOWS)
    bench.outgoing()
    redirected(bench, "<sip:carol@192.0.2.2>", status=status)
    assert len(invites(bench)) == (2 if follows else 1)


@pytest.mark.rfc("3261 8.1.3.4")
def test_contacts_of_no_use() -> None:
    """A 3xx without Contact, or with none that is SIP, ends the call."""
    for contacts in ((), ("<mailto:bob@example.com>", "<tel:+15551234>")):
        bench = Bench(policy=FOLLOWS)
        bench.outgoing()
        redirected(bench, *contacts)
        assert (len(invites(bench)), statuses(bench)) == (1, [302])


@pytest.mark.rfc("3261 8.1.3.4", "3261 8.1.3.1")
def test_silence_is_a_failure_too() -> None:
    """When a target does not answer at all, or cannot be reached, the next one is tried."""
    bench = Bench(policy=FOLLOWS)
    call = bench.outgoing()
    redirected(bench, "<sip:a@192.0.2.2>", "<sips:b@192.0.2.2>", "<sip:c@192.0.2.2>")
    bench.wait(32)
    assert list(dict.fromkeys(targets(bench)))[1:] == ["sip:a@192.0.2.2", "sip:c@192.0.2.2"]
    events = bench.told(Redirected)
    assert [(event.target, event.response is None) for event in events] == [
        ("sip:a@192.0.2.2", False),
        ("sips:b@192.0.2.2", True),
        ("sip:c@192.0.2.2", True),
    ]
    bench.receive(bench.response(invites(bench)[-1], 200, body=SDP2))
    assert call.state == "established"


@pytest.mark.rfc("3261 8.1.3.4", "3261 13.2.2.2")
def test_early_dialogs_of_the_target_before() -> None:
    """What rang there is over; a late answer of it comes to nothing, and what comes from the new target counts."""
    bench = Bench(policy=FOLLOWS)
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180, tag="old"))
    assert call.state == "ringing"
    redirected(bench, "<sip:carol@192.0.2.2>")
    assert (call.state, len(call.legs)) == ("calling", 1)
    bench.receive(bench.response(invites(bench)[-1], 180, tag="new"))
    bench.receive(bench.response(invites(bench)[-1], 200, tag="new", body=SDP2))
    assert [event.dialog.dialog.remote_tag for event in bench.told(Ringing)] == ["old", "new"]
    assert (call.state, call.here.dialog.remote_tag, bench.last_request.to_tag) == ("established", "new", "new")


@pytest.mark.rfc("3261 8.1.3.4", "3261 9.1")
def test_a_cancelled_call_goes_nowhere_else() -> None:
    """A 3xx that crosses the CANCEL ends it."""
    bench = Bench(policy=FOLLOWS)
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180))
    bench.take(call.cancel(now=bench.now))
    redirected(bench, "<sip:carol@192.0.2.2>")
    assert (len(invites(bench)), bench.told(Ended)[-1].reason) == (1, EndReason.CANCELLED)


@pytest.mark.rfc("3261 8.1.3.4", "3261 8.1.1.1")
@pytest.mark.parametrize("route", ["<sip:192.0.2.9;lr>", "<sip:192.0.2.9>"])
def test_by_way_of_the_outbound_proxy(route: str) -> None:
    """The next target is reached as the first was: by the preloaded route, to a strict router in its manner."""
    bench = Bench(policy=FOLLOWS, profile=Profile(route=(route,)))
    bench.outgoing(target="sip:bob@192.0.2.2")
    redirected(bench, "<sip:carol@192.0.2.3>")
    after = invites(bench)[-1]
    loose = ";lr" in route
    assert str(after.uri) == ("sip:carol@192.0.2.3" if loose else "sip:192.0.2.9")
    assert after.lines_of("Route") == ((route,) if loose else ("<sip:carol@192.0.2.3>",))
    assert bench.flows[-1].remote == ("192.0.2.9", 5060)


@pytest.mark.rfc("3261 8.1.3.4", "3261 14.1")
def test_a_reinvite_is_not_redirected() -> None:
    """Within a dialog a 3xx is a refusal."""
    bench = Bench(policy=FOLLOWS)
    call = bench.answered()
    bench.take(call.offer(SDP, now=bench.now))
    redirected(bench, "<sip:carol@192.0.2.2>")
    assert (len(invites(bench)), call.state) == (2, "established")
    assert bench.told(Redirected) == []


# -------------------------------------------------------------------- put right by itself


@pytest.mark.rfc("3261 8.1.3.5", "3261 21.4.15")
def test_420() -> None:
    """The INVITE goes out anew without the extensions that were not understood, and with those that were."""
    bench = Bench()
    call = bench.outgoing(headers=[("Require", "foo, bar"), ("Require", "baz"), ("Proxy-Require", "Foo")])
    fails(bench, 420, ["Unsupported: foo, baz"])
    before, after = invites(bench)
    assert (after.header_values("Require"), after.has("Proxy-Require")) == (("bar",), False)
    assert after.cseq.number == before.cseq.number + 1
    for name in ("To", "From", "Call-ID", "Contact"):
        assert after.lines_of(name) == before.lines_of(name)
    assert (after.uri, after.body) == (before.uri, before.body)
    assert after.branch != before.branch
    fails(bench, 420, ["Unsupported: bar"])
    assert not invites(bench)[-1].has("Require")
    bench.receive(bench.response(invites(bench)[-1], 200, body=SDP2))
    assert call.state == "established"


@pytest.mark.rfc("3261 8.1.3.5")
@pytest.mark.parametrize("headers", [["Unsupported: other"], []])
def test_420_that_names_nothing_of_ours(headers: list[str]) -> None:
    """It ends the call: sent anew, the INVITE would be the same."""
    bench = Bench()
    bench.outgoing(headers=[("Require", "foo")])
    fails(bench, 420, headers)
    assert (len(invites(bench)), statuses(bench)) == (1, [420])


@pytest.mark.rfc("3261 8.1.3.5")
def test_a_policy_that_corrects_nothing() -> None:
    """Then the application is told, and may send it anew itself."""
    bench = Bench(policy=Policy(corrects_refused=False))
    bench.outgoing(headers=[("Require", "foo")])
    fails(bench, 420, ["Unsupported: foo"])
    assert (len(invites(bench)), statuses(bench)) == (1, [420])


@pytest.mark.rfc("3261 8.1.3.5", "4028 10")
def test_not_without_end() -> None:
    """Who always wants something else is left after five tries."""
    bench = Bench()
    bench.outgoing()
    for number in range(1, 20):
        if not statuses(bench):
            fails(bench, 422, [f"Min-SE: {1000 + number}"])
    assert (len(invites(bench)), statuses(bench)) == (6, [422])


@pytest.mark.rfc("3261 8.1.3.4", "3261 8.1.3.5")
def test_what_is_put_right_is_no_failure() -> None:
    """A target that answers 420 is tried again before the next one is."""
    bench = Bench(policy=FOLLOWS)
    bench.outgoing(headers=[("Require", "foo")])
    redirected(bench, "<sip:a@192.0.2.2>", "<sip:b@192.0.2.2>")
    fails(bench, 420, ["Unsupported: foo"])
    assert targets(bench)[1:] == ["sip:a@192.0.2.2", "sip:a@192.0.2.2"]


# -------------------------------------------------------------------- by the application


@pytest.mark.rfc("3261 8.1.3.5", "3261 22.2")
@pytest.mark.parametrize(
    ("status", "target", "offer", "headers"),
    [
        (401, "sip:bob@192.0.2.2", SDP, [("Authorization", 'Digest username="a"')]),
        (413, "sip:bob@192.0.2.2", b"", []),
        (415, "sip:bob@192.0.2.2", SDP2, [("Content-Language", "en")]),
        (416, "sip:+15551234@192.0.2.3;user=phone", SDP, []),
        (484, "sip:1234567@192.0.2.2", SDP, []),
        (485, "sip:bob.miller@192.0.2.2", SDP, []),
        (503, "sip:bob@192.0.2.2", SDP, []),
    ],
)
def test_invite_again(status: int, target: str, offer: bytes, headers: list[tuple[str, str]]) -> None:
    """`again` makes a new INVITE of the same Call-ID, From and To, with the next number; the rest is given anew."""
    bench = Bench()
    refused = bench.outgoing(target="sip:bob@192.0.2.2", headers=[("Subject", "lunch")])
    fails(bench, status)
    call, outputs = bench.endpoint.invite(target, offer=offer, headers=headers, again=refused, now=bench.now)
    bench.take(outputs)
    before, after = invites(bench)
    assert after is call.invite or after == call.invite
    for name in ("Call-ID", "From", "To"):
        assert after.lines_of(name) == before.lines_of(name)
    assert (after.cseq.number, str(after.uri), after.body) == (before.cseq.number + 1, target, offer)
    assert after.branch != before.branch
    assert not after.has("Subject")
    assert all(after.header(name) == value for name, value in headers)
    bench.receive(bench.response(after, 200, body=SDP2 if offer else SDP))
    if not offer:
        bench.take(call.answer_offer(SDP2, now=bench.now))
    assert (call.state, refused.state) == ("established", "ended")
    assert bench.last_request.to_tag == "far"
    bench.take(call.hang_up(now=bench.now))
    bench.receive(bench.response(bench.last_request, 200))
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 8.1.3.5")
def test_again_and_again() -> None:
    """Each has the next number, also when the same call is named twice, or numbers were used in an early dialog."""
    bench = Bench()
    first = bench.outgoing()
    bench.receive(bench.response(first.invite, 180, headers=["Require: 100rel", "RSeq: 1"]))
    assert bench.last_request.method == "PRACK"
    fails(bench, 503)
    second = first
    for _ in range(2):
        second, outputs = bench.endpoint.invite("sip:bob@192.0.2.2", offer=SDP, again=first, now=bench.now)
        bench.take(outputs)
        fails(bench, 503)
    _, outputs = bench.endpoint.invite("sip:bob@192.0.2.2", again=second, to="<sip:carol@a.example.com>", now=bench.now)
    bench.take(outputs)
    number = invites(bench)[0].cseq.number
    assert [each.cseq.number - number for each in invites(bench)] == [0, 2, 3, 4]
    assert str(invites(bench)[-1].to.uri) == "sip:carol@a.example.com"
    assert len({each.call_id for each in invites(bench)}) == 1


@pytest.mark.rfc("3261 8.1.3.5")
def test_what_cannot_be_done_again() -> None:
    """Not a call of the peer, none that goes on, and none that was up: that is another call."""
    bench = Bench()
    theirs, up, ringing = bench.incoming(), bench.answered(), bench.outgoing()
    bench.take(theirs.reject(486, now=bench.now))
    bench.take(up.hang_up(now=bench.now))
    bench.receive(bench.response(bench.last_request, 200))
    sent = len(bench.sent)
    for call, why in ((theirs, "the peer's"), (up, "answered"), (ringing, "not over")):
        with pytest.raises(LocalProtocolError, match=why) as error:
            bench.endpoint.invite("sip:bob@192.0.2.2", again=call, now=bench.now)
        assert error.value.rfc == "3261 8.1.3.5"
    assert len(bench.sent) == sent
    fails(bench, 486)
    ringing.here.dialog.local_cseq = 2**31 - 1
    with pytest.raises(LocalProtocolError, match="used up"):
        bench.endpoint.invite("sip:bob@192.0.2.2", again=ringing, now=bench.now)
