"""Our requests are challenged: what goes out again, with which credentials, and when it is over.

RFC 3261 8.1.3.5, 22.1 to 22.4; RFC 7616 3.3 to 3.6; RFC 8760 2.3 to 2.6.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipsm import (
    Account,
    Answered,
    CallState,
    Dropped,
    Ended,
    Endpoint,
    EndReason,
    LocalProtocolError,
    ModificationRefused,
    Modified,
    NotificationRefused,
    Open,
    Policy,
    Profile,
    PublicationEnded,
    Published,
    Realm,
    Redirected,
    ReferEnded,
    Request,
    RequestServed,
    Send,
    ServerUnproven,
    SubscriptionEnded,
)
from sipsm.auth.authentication import MOST_TRIES
from sipsm.message import Response
from sipsm.message.headers import Credentials
from sipsm.role import Limits
from sipsm.testing import Net, answer, hang_up, nothing_left
from tests.endpoint.by_hand import SDP, SDP2
from tests.endpoint.test_failover import ONE, TWO, ZONE
from tests.ladders.challenging import ACCOUNTS, Challenged, credentials, is_good, proof, proxy, www

BOB = "sip:bob@192.0.2.2:5060"
ROUTED = Profile(accounts=ACCOUNTS, route=["<sip:192.0.2.2;lr>"], event_packages=["door"])


NAMES = ("realm", "nonce", "qop", "algorithm", "stale", "opaque", "domain", "userhash")
VALUES = (
    st.sampled_from(["x", '"x"', '"auth,auth-int"', '"auth"', "MD5", "SHA-256-sess", "true", '""', '"\\""']) | st.text()
)
CHALLENGES = st.text() | st.dictionaries(st.sampled_from(NAMES), VALUES).map(
    lambda params: "Digest " + ", ".join(f"{name}={value}" for name, value in params.items())
)

# -------------------------------------------------------------------- every kind of request


def call_up(bench: Challenged) -> Any:
    """A call of ours that is up, and whose INVITE nobody has challenged."""
    return bench.answered(headers=["Allow: INVITE, ACK, CANCEL, BYE, UPDATE, INFO, MESSAGE, REFER"])


def invite(bench: Challenged) -> None:
    """We call."""
    bench.outgoing()


def reinvite(bench: Challenged) -> None:
    """We change the session by a re-INVITE."""
    bench.take(call_up(bench).offer(SDP, now=bench.now))


def update(bench: Challenged) -> None:
    """We change it by an UPDATE."""
    bench.take(call_up(bench).offer(SDP, method="UPDATE", now=bench.now))


def prack(bench: Challenged) -> None:
    """We acknowledge a reliable response."""
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 183, headers=["Require: 100rel", "RSeq: 1"]))


def bye(bench: Challenged) -> None:
    """We hang up."""
    bench.take(call_up(bench).hang_up(now=bench.now))


def info(bench: Challenged) -> None:
    """We send an INFO."""
    bench.take(call_up(bench).info(None, b"x", "text/plain", now=bench.now)[1])


def message_within(bench: Challenged) -> None:
    """We send a message in a call."""
    bench.take(call_up(bench).message("hello", now=bench.now)[1])


def refer_within(bench: Challenged) -> None:
    """We transfer a call."""
    bench.take(call_up(bench).refer("sip:carol@192.0.2.3", now=bench.now)[1])


def refer(bench: Challenged) -> None:
    """We refer somebody outside a call."""
    bench.take(bench.endpoint.refer(BOB, "sip:carol@192.0.2.3", now=bench.now)[1])


def options(bench: Challenged) -> None:
    """We ask what he can do."""
    bench.asked()


def message(bench: Challenged) -> None:
    """We send a message."""
    bench.take(bench.endpoint.message(BOB, "hello", now=bench.now)[1])


def publish(bench: Challenged) -> None:
    """We publish."""
    bench.take(bench.endpoint.publish(BOB, "presence", b"open", "text/plain", now=bench.now)[1])


def subscribe(bench: Challenged) -> None:
    """We subscribe."""
    bench.take(bench.endpoint.subscribe(BOB, "dialog", now=bench.now)[1])


def notify(bench: Challenged) -> None:
    """We notify who has subscribed."""
    head = ["Event: door", "Expires: 600", "Contact: <sip:alice@192.0.2.2:5060>"]
    bench.receive(bench.request("SUBSCRIBE", headers=head))
    subscription = bench.events[-1].subscription
    bench.take(subscription.accept(b"open", "text/plain", now=bench.now))


ASKED: dict[Callable[[Challenged], None], tuple[str, type]] = {
    invite: ("INVITE", Ended),
    reinvite: ("INVITE", ModificationRefused),
    update: ("UPDATE", ModificationRefused),
    prack: ("PRACK", Ended),
    bye: ("BYE", Ended),
    info: ("INFO", Answered),
    message_within: ("MESSAGE", Answered),
    refer_within: ("REFER", ReferEnded),
    refer: ("REFER", ReferEnded),
    options: ("OPTIONS", Answered),
    message: ("MESSAGE", Answered),
    publish: ("PUBLISH", PublicationEnded),
    subscribe: ("SUBSCRIBE", SubscriptionEnded),
    notify: ("NOTIFY", NotificationRefused),
}
each_kind = pytest.mark.parametrize("ask", ASKED, ids=lambda ask: ask.__name__)


@pytest.mark.rfc("3261 22.2", "3261 22.3", "3261-C31")
@pytest.mark.parametrize(("status", "line"), [(401, www), (407, proxy)])
@each_kind
def test_any_request_is_sent_again(ask: Callable[[Challenged], None], status: int, line: Callable[..., str]) -> None:
    """With the next number, another branch and credentials; the rest is as it was. When these fail, it is over."""
    bench = Challenged(profile=ROUTED)
    ask(bench)
    before = bench.requests[-1]
    assert (before.method, credentials(before)) == (ASKED[ask][0], ())
    told = len(bench.events)
    bench.say(status, line(), to=before)
    after = bench.requests[-1]
    assert after is not before
    assert is_good(after)
    assert after.cseq == (before.cseq.number + 1, before.method)
    assert after.branch != before.branch
    given = {"authorization", "proxy-authorization", "cseq", "via"}
    assert [line for line in after.headers if line[0].lower() not in given] == [
        line for line in before.headers if line[0].lower() not in given
    ]
    assert (after.uri, after.body) == (before.uri, before.body)
    # Nobody need know of it.
    assert bench.events[told:] == []
    bench.say(status, line("fresh"), to=after)
    assert bench.requests[-1] in (after, bench.last_request)
    assert [
        each for each in bench.requests if each.method == before.method and each.cseq.number > after.cseq.number
    ] == []
    assert bench.told(ASKED[ask][1]) or before.method in {"PRACK"}


@pytest.mark.rfc("3261 22.2", "3261 12.2.1.1")
@each_kind
def test_what_comes_after_it(ask: Callable[[Challenged], None]) -> None:
    """The next request in the dialog, or of the same series, has a higher number again, whatever the 2xx was for."""
    bench = Challenged(profile=ROUTED)
    ask(bench)
    before = bench.requests[-1]
    bench.say(407, proxy(), to=before)
    after = bench.requests[-1]
    head = ["SIP-ETag: one", "Expires: 600"] if before.method == "PUBLISH" else ["Expires: 600"]
    has_sdp = before.method in {"INVITE", "UPDATE"}
    bench.receive(bench.response(after, 200, headers=head, body=SDP2 if has_sdp else b""))
    agent = bench.endpoint._agent
    if before.method == "SUBSCRIBE":
        (subscription,) = bench.endpoint.subscriptions
        parts: dict[str, Any] = {
            "call_id": after.call_id,
            "to": after.from_text,
            "from_": "<sip:bob@192.0.2.2>;tag=far",
        }
        head = ["Event: dialog", "Subscription-State: active", "Contact: <sip:bob@192.0.2.2:5060>"]
        bench.receive(bench.request("NOTIFY", headers=head, **parts))
        bench.take(subscription.refresh(now=bench.now))
    elif before.method == "PUBLISH":
        (publication,) = bench.endpoint.publications
        bench.take(publication.refresh(now=bench.now))
    elif before.method == "NOTIFY":
        (peer,) = bench.endpoint.peer_subscriptions
        bench.take(peer.notify(b"shut", "text/plain", now=bench.now))
    elif before.method == "PRACK":
        bench.receive(bench.response(bench.requests[0], 200, body=SDP2))
        bench.take(bench.endpoint.calls[0].hang_up(now=bench.now))
    elif agent.calls.all and before.method != "BYE":
        bench.take(bench.endpoint.calls[0].hang_up(now=bench.now))
    else:
        return
    following = bench.requests[-1]
    assert following.call_id == after.call_id
    assert following.cseq.number == after.cseq.number + 1
    assert is_good(following), "the proxy is known to ask, in this dialog"
    assert credentials(following)[0].nc == 2


@pytest.mark.rfc("3261 8.1.3.5", "3261 22.2")
def test_a_call_after_a_challenge() -> None:
    """Who answers hears nothing of it: there is one call, with its dialog and its description."""
    bench = Challenged()
    call = bench.outgoing(headers=[("Subject", "lunch")])
    bench.receive(bench.response(call.invite, 183, tag="early", body=SDP2))
    bench.say(401, www(), to=call.invite)
    assert str(call.state) == CallState.CALLING
    assert call.invite.header("Subject") == "lunch"
    bench.receive(bench.response(call.invite, 200, body=SDP2))
    assert str(call.state) == CallState.ESTABLISHED
    assert (call.agreed, bench.endpoint.calls) == ((SDP, SDP2), [call])


@pytest.mark.rfc("3261 22.1", "3261 13.2.2.4", "3261 17.1.1.3", "3261-C32", "3261-C23")
def test_the_acknowledgement_has_the_credentials_of_the_invite() -> None:
    """That of a refusal, that of the 2xx, and each time that this comes; a CANCEL is not answered to a challenge."""
    bench = Challenged()
    call = bench.outgoing()
    bench.say(407, proxy(realm="atlanta.com"), to=call.invite)
    bench.say(401, www(), to=call.invite)
    acks = [each for each in bench.sent if isinstance(each, Request) and each.method == "ACK"]
    assert [len(credentials(each)) for each in acks] == [0, 1]
    bench.receive(bench.response(call.invite, 200, body=SDP2))
    bench.receive(bench.response(call.invite, 200, body=SDP2))
    for ack in [each for each in bench.sent if isinstance(each, Request) and each.method == "ACK"][2:]:
        assert credentials(ack) == credentials(call.invite) != ()
        assert ack.cseq.number == call.invite.cseq.number
    second = bench.outgoing()
    bench.receive(bench.response(second.invite, 180))
    bench.take(second.cancel(now=bench.now))
    cancel = bench.last_request
    bench.say(401, www())
    assert bench.last_request is cancel


@pytest.mark.rfc("3261 9.1", "3261 22.2")
def test_what_is_given_up_is_not_sent_again() -> None:
    """An INVITE that is being cancelled is over with its 401."""
    bench = Challenged()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180))
    bench.take(call.cancel(now=bench.now))
    bench.say(401, www(), to=call.invite)
    assert [each.method for each in bench.requests] == ["INVITE", "CANCEL"]
    assert call.state is CallState.ENDED


@pytest.mark.rfc("3261 9.1", "3261 14.1")
def test_a_reinvite_that_is_sent_again_waits_for_its_cancel() -> None:
    """Nothing has been heard of the one that is out now: a CANCEL must wait for it. It names that one."""
    bench = Challenged()
    call = call_up(bench)
    bench.take(call.offer(SDP, now=bench.now))
    bench.receive(bench.response(bench.last_request, 180))
    bench.say(401, www(), to=bench.requests[-1])
    again = bench.requests[-1]
    bench.take(call.cancel(now=bench.now))
    assert bench.requests[-1] is again
    bench.receive(bench.response(again, 180))
    assert (bench.requests[-1].method, bench.requests[-1].branch) == ("CANCEL", again.branch)
    assert bench.requests[-1].cseq.number == again.cseq.number


@pytest.mark.rfc("3262 3", "3261 14.1")
def test_a_reinvite_that_was_answered_reliably_is_not_sent_again() -> None:
    """What was acknowledged of one is not of the next: the modification is refused."""
    bench = Challenged()
    call = call_up(bench)
    bench.take(call.offer(SDP, now=bench.now))
    again = bench.last_request
    bench.receive(bench.response(again, 183, headers=["Require: 100rel", "RSeq: 1"], contact=None))
    bench.say(401, www(), to=again)
    assert [event.status for event in bench.told(ModificationRefused)] == [401]


@pytest.mark.rfc("6086 5.2.4")
def test_a_reinvite_that_is_sent_again_is_accepted() -> None:
    """It is one modification, which is told once."""
    bench = Challenged()
    call = call_up(bench)
    bench.take(call.offer(SDP, now=bench.now))
    bench.say(401, www(), to=bench.last_request)
    bench.receive(bench.response(bench.requests[-1], 200, body=SDP2))
    assert len(bench.told(Modified)) == 1
    assert call.agreed == (SDP, SDP2)


@pytest.mark.rfc("3515 2.4.6", "3515-08")
def test_the_number_of_a_referral() -> None:
    """The notifications of a REFER name the number with which it was accepted."""
    bench = Challenged()
    call = call_up(bench)
    referral, outputs = call.refer("sip:carol@192.0.2.3", now=bench.now)
    bench.take(outputs)
    bench.say(401, www(), to=bench.last_request)
    refer = bench.requests[-1]
    bench.receive(bench.response(refer, 202))
    head = [f"Event: refer;id={refer.cseq.number}", "Subscription-State: active;expires=60"]
    parts: dict[str, Any] = {"headers": head, "body": b"SIP/2.0 180 Ringing\r\n", "content_type": "message/sipfrag"}
    bench.receive(bench.in_dialog("NOTIFY", 7, call, contact="<sip:bob@192.0.2.2:5060>", **parts))
    assert bench.statuses[-1] == 200
    assert referral.status == 180
    assert referral.request.cseq.number == refer.cseq.number


@pytest.mark.rfc("6665 4.4.1", "3261 22.2")
def test_a_branch_of_a_subscription_goes_on_from_the_last_number() -> None:
    """Whoever else has got the SUBSCRIBE got the one with credentials."""
    bench = Challenged()
    bench.take(bench.endpoint.subscribe(BOB, "presence", now=bench.now)[1])
    bench.say(401, www())
    made = bench.requests[-1]
    bench.receive(bench.response(made, 200, headers=["Expires: 600"]))
    for tag in ("far", "other"):
        parts: dict[str, Any] = {
            "call_id": made.call_id,
            "to": made.from_text,
            "from_": f"<sip:bob@192.0.2.2>;tag={tag}",
        }
        head = ["Event: presence", "Subscription-State: active", f"Contact: <sip:{tag}@192.0.2.2:5060>"]
        bench.receive(bench.request("NOTIFY", headers=head, **parts))
    for subscription in bench.endpoint.subscriptions:
        bench.take(subscription.refresh(now=bench.now))
        assert bench.requests[-1].cseq.number == made.cseq.number + 1


# -------------------------------------------------------------------- again and again


@pytest.mark.rfc("3261 22.1", "3261-C31")
def test_credentials_that_were_rejected() -> None:
    """They are not tried again, and not sent ahead of the next request; unless only the nonce was stale."""
    bench = Challenged()
    bench.asked()
    bench.say(401, www("one"))
    bench.say(401, www("two", more=', qop="auth", stale=TRUE'))
    assert [each.nonce for each in credentials(bench.last_request)] == ["two"]
    bench.say(401, www("three", more=', qop="auth", stale=false'))
    assert [event.status for event in bench.told(Answered)] == [401]
    assert len(bench.requests) == 3
    assert credentials(bench.asked()) == ()


@pytest.mark.rfc("3261 22.1")
def test_a_nonce_that_is_always_stale() -> None:
    """There is an end to it."""
    bench = Challenged()
    bench.asked()
    for n in range(20):
        bench.say(401, www(f"n{n}", more=', qop="auth", stale=true'))
    assert len(bench.requests) == 1 + MOST_TRIES
    assert [event.status for event in bench.told(Answered)] == [401]
    nonces = [each.nonce for request in bench.requests for each in credentials(request)]
    assert len(set(nonces)) == len(nonces)


@pytest.mark.rfc("3261 22.1", "3261 22.2")
def test_the_next_account_for_a_realm() -> None:
    """When one is rejected there may be another; of one realm first, then of any."""
    accounts = [("any", "secret"), Account("alice", "secret", "biloxi.com"), Account("bob", "secret", "biloxi.com")]
    bench = Challenged(accounts=accounts)
    bench.asked()
    for _ in range(4):
        bench.say(401, www())
    users = [each.username for request in bench.requests for each in credentials(request)]
    assert users == ["alice", "bob", "any"]
    assert [event.status for event in bench.told(Answered)] == [401]


@pytest.mark.rfc("3261 22.2", "3261 8.1.3.5")
def test_nothing_fits() -> None:
    """The application sees the challenge with its realm, and may send it again when it has got an account."""
    bench = Challenged(accounts=[])
    call = bench.outgoing()
    bench.say(401, www(), to=call.invite)
    (ended,) = bench.told(Ended)
    assert isinstance(ended.message, Response)
    assert (ended.status, ended.message.header("WWW-Authenticate")) == (401, www().partition(": ")[2])
    assert list(bench.endpoint.accounts) == []
    bench.endpoint.add_account("alice", "secret", "atlanta.com")
    bench.endpoint.add_account("alice", "secret", "biloxi.com")
    again, outputs = bench.endpoint.invite(BOB, offer=SDP, again=call, now=bench.now)
    bench.take(outputs)
    bench.say(401, www(), to=again.invite)
    assert is_good(again.invite)
    assert again.invite.call_id == call.invite.call_id
    assert again.invite.cseq.number == call.invite.cseq.number + 2
    assert [each.realm for each in bench.endpoint.accounts] == ["atlanta.com", "biloxi.com"]


@pytest.mark.rfc("3261 8.1.1.5")
def test_no_number_is_left() -> None:
    """A request whose number is the last there can be is not sent again."""
    bench = Challenged()
    call = call_up(bench)
    call.here.dialog.local_cseq = 2**31 - 2
    bench.take(call.info(None, now=bench.now)[1])
    bench.say(401, www(), to=bench.last_request)
    assert [event.status for event in bench.told(Answered)] == [401]


@pytest.mark.rfc("3261 12.2.1.2")
def test_what_is_over_is_not_asked_again() -> None:
    """A request in a dialog that has ended since, or of a subscription that has, is over with its 401."""
    bench = Challenged()
    call = call_up(bench)
    bench.take(call.info(None, now=bench.now)[1])
    sent = bench.last_request
    bench.receive(bench.in_dialog("BYE", 1, call))
    bench.say(401, www(), to=sent)
    subscription, outputs = bench.endpoint.subscribe(BOB, "dialog", now=bench.now)
    bench.take(outputs)
    sent = bench.last_request
    parts: dict[str, Any] = {"call_id": sent.call_id, "to": sent.from_text, "from_": "<sip:bob@192.0.2.2>;tag=far"}
    head = ["Event: dialog", "Subscription-State: terminated;reason=rejected", "Contact: <sip:bob@192.0.2.2:5060>"]
    bench.receive(bench.request("NOTIFY", headers=head, **parts))
    bench.say(401, www(), to=sent)
    assert subscription not in bench.endpoint.subscriptions
    assert [each.method for each in bench.requests] == ["INVITE", "INFO", "SUBSCRIBE"]


# -------------------------------------------------------------------- several who ask


@pytest.mark.rfc("3261 22.3", "8760 2.5", "3261-C33")
def test_several_realms_in_one_response() -> None:
    """Each that there is an account for gets its credentials, in the field that is its own."""
    accounts = [Account("alice", "secret", realm) for realm in ("atlanta.com", "biloxi.com", "chicago.com")]
    bench = Challenged(accounts=accounts)
    bench.asked()
    lines = [proxy("p1", "atlanta.com"), proxy("p2", "chicago.com"), www("w"), proxy("p3", "denver.com")]
    bench.say(407, *lines)
    request = bench.last_request
    assert is_good(request)
    assert [(each.realm, each.nonce) for each in credentials(request)] == [
        *(("biloxi.com", "w"), ("atlanta.com", "p1"), ("chicago.com", "p2"))
    ]
    assert len(request.lines_of("Proxy-Authorization")) == 2


@pytest.mark.rfc("3261 22.3", "3261-C33")
def test_one_after_the_other() -> None:
    """Who has let it pass gets credentials with every further try, and each of them counts."""
    bench = Challenged()
    bench.asked()
    bench.say(407, proxy("p1", "atlanta.com"))
    bench.say(407, proxy("p2", "chicago.com"))
    bench.say(401, www("w"))
    request = bench.last_request
    assert is_good(request)
    assert [(each.realm, each.nc) for each in credentials(request)] == [
        *(("biloxi.com", 1), ("atlanta.com", 3), ("chicago.com", 2))
    ]
    bench.say(407, proxy("p3", "atlanta.com"))
    assert [event.status for event in bench.told(Answered)] == [407]


@pytest.mark.rfc("3261 22.3")
def test_one_is_rejected_beside_another_who_asks_first() -> None:
    """It is worth a try without the one that was rejected."""
    bench = Challenged()
    bench.asked()
    bench.say(407, proxy("p1", "atlanta.com"))
    bench.say(407, proxy("p2", "atlanta.com"), proxy("p3", "chicago.com"))
    assert [each.realm for each in credentials(bench.last_request)][-1] == "chicago.com"
    assert len(bench.requests) == 3


@pytest.mark.rfc("3261 22.3")
def test_two_servers_of_one_realm() -> None:
    """A request was forked within a domain: each nonce gets its answer."""
    bench = Challenged()
    bench.asked()
    bench.say(407, proxy("one"), proxy("two"), proxy("three", algorithm="SHA-256"))
    assert is_good(bench.last_request)
    assert [each.nonce for each in credentials(bench.last_request)] == ["one", "two"]


def test_how_much_is_answered_is_bounded() -> None:
    """A server that names a thousand realms does not get a thousand proofs."""
    bench = Challenged()
    bench.asked()
    bench.say(407, *(proxy("n", f"realm{n}") for n in range(30)), *(proxy(f"n{n}", "realm1") for n in range(30)))
    assert len(credentials(bench.last_request)) == 8


@pytest.mark.rfc("8760 2.4", "7616 3.7", "3261 22.3", "3261-C33")
@pytest.mark.parametrize(
    ("lines", "algorithm"),
    [
        ([www(algorithm="SHA-256"), www(algorithm="MD5")], "SHA-256"),
        ([www(algorithm="SHA-512-256"), www(algorithm="SHA-256"), www(algorithm="MD5")], "SHA-512-256"),
        ([www(algorithm="MD5"), www(algorithm="SHA-256")], "MD5"),
        ([www(algorithm="SHA-3"), www(algorithm="md5")], "md5"),
        ([www(algorithm="SHA-256-sess"), www(algorithm="MD5")], "SHA-256-sess"),
        ([www(algorithm="SHA-256-sess", more=""), www(algorithm="MD5")], "MD5"),
        ([www(more=', qop="auth-conf"'), www(algorithm="SHA-256")], "SHA-256"),
        (["WWW-Authenticate: Basic realm=biloxi.com", "WWW-Authenticate: Bearer scope=x", www()], "MD5"),
        (['WWW-Authenticate: Digest realm="x", realm="y"', "WWW-Authenticate: ,,;;", www()], "MD5"),
        (['WWW-Authenticate: Digest realm="x"', 'WWW-Authenticate: Digest nonce="x"', www()], "MD5"),
        (["WWW-Authenticate: NTLM abc==, " + www().partition(": ")[2]], "MD5"),
    ],
)
def test_the_first_that_is_understood(lines: list[str], algorithm: str) -> None:
    """A server names what it wants most first; what is not known beside it does no harm."""
    bench = Challenged()
    bench.asked()
    bench.say(401, *lines)
    (found,) = credentials(bench.last_request)
    assert found.algorithm.lower() == algorithm.lower()
    assert proves(bench, found.algorithm)


def proves(bench: Challenged, algorithm: str) -> bool:
    """Whether the last request has good credentials; an odd spelling of the algorithm is given back as it came."""
    assert f"algorithm={algorithm}" in bench.last_request.lines_of("Authorization")[0]
    return algorithm.islower() or is_good(bench.last_request)


@pytest.mark.rfc("3261 22.4", "8760 2.6", "3261-C34")
@pytest.mark.parametrize("line", ['Basic realm="biloxi.com"', "Bearer", "Digest realm=x, nonce=a\0b", "Digest x=y"])
def test_nothing_is_understood(line: str) -> None:
    """The name and the password are never sent as they are: it is over."""
    bench = Challenged()
    bench.asked()
    bench.say(401, f"WWW-Authenticate: {line}")
    assert [event.status for event in bench.told(Answered)] in ([401], [])
    assert len(bench.requests) == 1


# -------------------------------------------------------------------- what credentials say


@pytest.mark.rfc("3261 22.4", "7616 3.4", "8760 2.7", "3261-C34")
def test_how_credentials_are_written() -> None:
    """What the RFCs want quoted is, and what they want not quoted is not."""
    bench = Challenged()
    bench.asked()
    bench.say(401, www(more=', qop="auth,auth-int", opaque="5ccc"'))
    line = bench.last_request.lines_of("Authorization")[0]
    (found,) = credentials(bench.last_request)
    assert line == (
        f'Digest username="alice", realm="biloxi.com", nonce="84a4", uri="{BOB}", response="{found.response}", '
        f'algorithm=MD5, cnonce="{found.cnonce}", opaque="5ccc", qop=auth, nc=00000001'
    )


@pytest.mark.rfc("3261 22.4", "2617 3.2.2.1", "3261-C34")
def test_a_server_without_qualities() -> None:
    """It gets no qop, and so no cnonce and no count; nor an algorithm that it has not named."""
    bench = Challenged()
    bench.asked()
    bench.say(401, 'WWW-Authenticate: Digest realm="biloxi.com", nonce="84a4"')
    assert is_good(bench.last_request)
    assert set(credentials(bench.last_request)[0].params) == {"username", "realm", "nonce", "uri", "response"}


@pytest.mark.rfc("7616 3.4.3", "8760 2.6", "3261 22.4")
@pytest.mark.parametrize(
    ("offered", "body", "chosen"),
    [
        ("auth,auth-int", b"x", "auth-int"),
        ("auth,auth-int", b"", "auth"),
        ("auth-int", b"", "auth-int"),
        ("auth", b"x", "auth"),
        ("auth-conf, AUTH", b"x", "auth"),
    ],
)
def test_a_body_is_protected_where_that_is_offered(offered: str, body: bytes, chosen: str) -> None:
    """With auth-int it is part of what is digested."""
    bench = Challenged()
    bench.asked("MESSAGE", body=body, content_type="text/plain" if body else None)
    bench.say(401, www(more=f', qop="{offered}"'))
    assert is_good(bench.last_request)
    assert credentials(bench.last_request)[0].qop == chosen


# -------------------------------------------------------------------- sent ahead


@pytest.mark.rfc("3261 22.2", "7616 3.4", "7616 3.6")
def test_credentials_go_ahead_to_the_same_destination() -> None:
    """The next request to it is not challenged again, as the server counts; another destination gets nothing."""
    bench = Challenged()
    bench.asked()
    bench.say(401, www())
    bench.say(200)
    second, third = bench.asked(), bench.asked("MESSAGE", body=b"x", content_type="text/plain")
    assert is_good(second)
    assert is_good(third)
    found = [credentials(each)[0] for each in (bench.requests[1], second, third)]
    assert [each.nc for each in found] == [1, 2, 3]
    assert len({each.cnonce for each in found}) == 3
    assert credentials(bench.asked(target="sip:carol@192.0.2.2:5060")) == ()


@pytest.mark.rfc("7616 3.4.2", "7616 3.6")
def test_a_session_keeps_its_key() -> None:
    """Whoever makes it anew from each request, and whoever keeps it, find the same."""
    bench = Challenged()
    bench.asked()
    bench.say(401, www(algorithm="SHA-256-sess"))
    first = credentials(bench.last_request)[0]
    bench.say(200)
    second = bench.asked()
    assert is_good(second)
    assert (credentials(second)[0].cnonce, credentials(second)[0].nc) == (first.cnonce, 2)


@pytest.mark.rfc("3261 22.3")
def test_what_a_proxy_gets_ahead() -> None:
    """Its credentials go with the call that it asked about, and with others only where it is our own proxy."""
    bench = Challenged(profile=ROUTED)
    call = bench.outgoing()
    bench.say(407, proxy(), to=call.invite)
    bench.receive(bench.response(call.invite, 200, body=SDP2))
    bench.take(call.info(None, now=bench.now)[1])
    assert is_good(bench.last_request)
    assert credentials(bench.asked()) == ()
    ours = Profile(accounts=[Account("alice", "secret", "biloxi.com")], route=["<sip:192.0.2.2;lr>"])
    bench = Challenged(profile=ours)
    bench.asked()
    bench.say(407, proxy())
    bench.say(200)
    assert is_good(bench.asked(target="sip:carol@192.0.2.2:5060"))


@pytest.mark.rfc("7616 3.3", "7616 3.6")
def test_a_server_that_was_started_anew() -> None:
    """It does not know its nonce any more, and may not say that this was stale: the new one is answered, once."""
    bench = Challenged()
    bench.asked()
    bench.say(401, www("one"))
    bench.say(200)
    bench.asked()
    bench.say(401, www("two"))
    assert is_good(bench.last_request)
    assert credentials(bench.last_request)[0].nonce == "two"
    bench.say(401, www("three"))
    assert [event.status for event in bench.told(Answered)] == [200, 401]
    bench.asked()
    bench.say(401, www("four"))
    bench.say(200)
    bench.asked()
    bench.say(401, www("four"))
    assert [event.status for event in bench.told(Answered)] == [200, 401, 200, 401]


def test_what_is_remembered_is_bounded() -> None:
    """The destination that was asked for first is forgotten."""
    bench = Challenged(limits=Limits(authentications=2))
    for name in ("a", "b", "c"):
        bench.asked(target=f"sip:{name}@192.0.2.2")
        bench.say(401, www())
        bench.say(200)
    known = [bool(credentials(bench.asked(target=f"sip:{name}@192.0.2.2"))) for name in ("a", "b", "c")]
    assert known == [False, True, True]


@pytest.mark.rfc("3261 8.1.3.4", "3261 22.2")
def test_a_redirection_after_a_challenge() -> None:
    """The INVITE goes elsewhere with credentials for there, not with those of the first."""
    bench = Challenged(policy=Policy(redirections=1))
    call = bench.outgoing()
    bench.say(401, www(), to=call.invite)
    bench.say(302, "Contact: <sip:robert@192.0.2.2>", to=call.invite)
    assert len(bench.told(Redirected)) == 1
    assert str(call.invite.uri) == "sip:robert@192.0.2.2"
    assert is_good(call.invite)
    assert [each.nc for each in credentials(call.invite)] == [2]


@pytest.mark.rfc("3261 22.2")
def test_own_header_fields_stay() -> None:
    """What the application has written for another realm, or of another kind, is not touched."""
    own = ('Digest realm="atlanta.com", x=y', "Bearer x", "Digest x")
    bench = Challenged()
    bench.asked(headers=[("Authorization", value) for value in own])
    bench.say(401, www())
    assert bench.last_request.lines_of("Authorization")[:3] == own
    assert len(bench.last_request.lines_of("Authorization")) == 4


# -------------------------------------------------------------------- what the server says behind them


def info_of(bench: Challenged, request: Request, more: str = "", body: bytes = b"") -> str:
    """The Authentication-Info of a server that knows the password."""
    (found,) = credentials(request)
    rspauth = proof(found, "", body)
    return (
        f'Authentication-Info: rspauth="{rspauth}", qop={found.qop}, cnonce="{found.cnonce}", nc={found.nc:08x}{more}'
    )


@pytest.mark.rfc("7616 3.5")
def test_the_next_nonce() -> None:
    """It is used from then on, and counted anew; the server's proof is found right."""
    bench = Challenged()
    bench.asked()
    bench.say(401, www("one"))
    bench.say(200, info_of(bench, bench.last_request, ', nextnonce="two"'))
    assert [(each.nonce, each.nc) for each in credentials(bench.asked())] == [("two", 1)]
    assert is_good(bench.last_request)
    bench.say(200, 'Authentication-Info: nextnonce="three"')
    assert [(each.nonce, each.nc) for each in credentials(bench.asked())] == [("three", 1)]
    assert bench.told(ServerUnproven) == []


@pytest.mark.rfc("7616 3.5", "7616 3.4.3")
def test_a_proof_over_the_body() -> None:
    """With auth-int the body of the response is part of it: nobody has changed it."""
    bench = Challenged()
    for body, wrong in ((b"x", 0), (b"y", 1)):
        bench.asked("MESSAGE", body=b"hello", content_type="text/plain")
        if not credentials(bench.last_request):
            bench.say(401, www(more=', qop="auth-int"'))
        bench.receive(
            bench.response(bench.last_request, 200, headers=[info_of(bench, bench.last_request, body=b"x")], body=body)
        )
        assert len(bench.told(ServerUnproven)) == wrong


@pytest.mark.rfc("7616 3.5")
@pytest.mark.parametrize("status", [401, 407])
def test_a_server_that_does_not_know_the_password(status: int) -> None:
    """That is told, before what it has said; its next nonce is not taken."""
    bench = Challenged()
    bench.asked()
    bench.say(status, (www if status == 401 else proxy)("one"))
    (found,) = credentials(bench.last_request)
    name = "Authentication-Info" if status == 401 else "Proxy-Authentication-Info"
    wrong = f'rspauth="{"0" * 32}", qop=auth, cnonce="{found.cnonce}", nc=00000001, nextnonce="two"'
    bench.say(200, f"{name}: {wrong}")
    unproven, answered = bench.events[-2:]
    assert isinstance(unproven, ServerUnproven)
    assert isinstance(answered, Answered)
    assert (unproven.status, unproven.response.status) == (status, 200)
    if status == 401:
        assert [each.nonce for each in credentials(bench.asked())] == ["one"]


def test_own_junk_does_not_hide_a_proof() -> None:
    """What the application has written for itself is not looked at, be it readable or not."""
    bench = Challenged()
    bench.asked(headers=[("Authorization", "Digest x"), ("Authorization", "Bearer y")])
    bench.say(401, www("one"))
    (found,) = [Credentials.parse(value) for value in bench.last_request.lines_of("Authorization")[2:]]
    said = f'rspauth="{proof(found, "")}", qop=auth, cnonce="{found.cnonce}", nc=00000001, nextnonce="two"'
    bench.say(200, f"Authentication-Info: {said}")
    assert bench.told(ServerUnproven) == []
    assert [each.nonce for each in credentials(bench.asked())] == ["two"]


@pytest.mark.rfc("3261 22.2", "3261 13.2.2.4", "3261-C23")
def test_a_call_with_credentials_from_the_start() -> None:
    """They are those of its ACK, too, and of the BYE, each of which counts."""
    bench = Challenged()
    bench.asked()
    bench.say(401, www())
    bench.say(200)
    call = bench.answered()
    invite, ack = call.invite, bench.last_request
    bench.take(call.hang_up(now=bench.now))
    assert is_good(invite)
    assert credentials(ack) == credentials(invite)
    assert [each.nc for message in (invite, bench.last_request) for each in credentials(message)] == [2, 3]


def test_what_is_too_long_is_not_said_again() -> None:
    """A server does not make us keep, and send, whatever it wants."""
    bench = Challenged()
    bench.asked()
    bench.say(401, www("n" * 5000))
    assert [event.status for event in bench.told(Answered)] == [401]
    bench.asked()
    bench.say(401, www("one"))
    bench.say(200, f'Authentication-Info: nextnonce="{"n" * 5000}"')
    assert [each.nonce for each in credentials(bench.asked())] == ["one"]


@pytest.mark.rfc("7616 3.5")
def test_what_cannot_be_read_is_no_proof() -> None:
    """Nor is it a wrong one; and what stands there for a proxy that has not asked is nothing to us."""
    bench = Challenged()
    bench.asked()
    bench.say(401, www("one"))
    bench.say(200, "Authentication-Info: ;;", 'Proxy-Authentication-Info: rspauth="00"')
    assert bench.told(ServerUnproven) == []
    assert [each.nonce for each in credentials(bench.asked())] == ["one"]


# -------------------------------------------------------------------- where it goes


@pytest.mark.rfc("3261 18.1.1")
def test_a_request_that_grows_too_long() -> None:
    """With its credentials it does not fit into a datagram any more: it goes by TCP, where there is one."""
    bench = Challenged()
    bench.endpoint = Endpoint("udp:192.0.2.1:5060", "tcp:192.0.2.1:5060", profile=Profile(accounts=ACCOUNTS))
    bench.asked("MESSAGE", body=b"x" * 700, content_type="text/plain")
    bench.say(401, www("n" * 600))
    assert len(bench.told(Open)) == 1


@pytest.mark.rfc("3263 4.3", "3261 22.2")
def test_the_second_server_asks() -> None:
    """The first one is down: the request goes once more to the one that has asked, and bears its branch's successor."""
    bench = Challenged()
    call = bench.outgoing(target="sip:bob@example.com;transport=udp")
    bench.looked_up(ONE[0], zone=ZONE)
    bench.say(503, to=call.invite)
    bench.looked_up(TWO[0])
    second = call.invite
    bench.receive(bench.response(second, 401, headers=[www()]), TWO)
    assert [flow.remote for flow in bench.flows] == [ONE, ONE, TWO, TWO, TWO]
    assert is_good(call.invite)
    assert len({each.branch for each in bench.requests}) == 3
    bench.receive(bench.response(call.invite, 200, body=SDP2), TWO)
    assert call.state is CallState.ESTABLISHED


@pytest.mark.rfc("3261 8.1.3.1", "3263 4.3")
@pytest.mark.parametrize("status", [408, 503])
def test_what_is_not_answered_any_more(status: int) -> None:
    """Silence, and a failure to send, after a challenge are told as they are without one."""
    bench = Challenged()
    bench.asked()
    bench.say(401, www())
    if status == 408:
        bench.wait(40)
    else:
        (again,) = [output for output in bench.outputs if isinstance(output, Send)][1:]
        bench.take(bench.endpoint.send_failed(again, bench.now))
    assert [event.status for event in bench.told(Answered)] == [status]
    bench.asked(target="sip:bob@example.com")
    bench.looked_up()
    assert [event.status for event in bench.told(Answered)] == [status, 503]


@pytest.mark.rfc("3261 22.2", "3261 18")
def test_over_tcp() -> None:
    """All of it goes over one connection."""
    net = Net(delay=0.01)
    alice = net.agent("alice", transports=("TCP",), profile=Profile(accounts=ACCOUNTS))
    bob = net.agent("bob", transports=("TCP",), policy=Policy(realm=Realm("biloxi.com", {"alice": "secret"})))
    bob.script(answer(after=0.1))
    alice.script(hang_up(after=1))
    alice.invite("sip:192.0.2.2")
    net.run(until=5)
    assert [event.reason for event in alice.events if isinstance(event, Ended)] == [EndReason.HUNG_UP]
    assert (len(net.streams.flows(alice)), len(net.streams.flows(bob))) == (1, 1)
    net.run()
    nothing_left(net)


def test_nobody_who_has_no_account_is_held_up() -> None:
    """Without one, what is sent is not looked at."""
    bench = Challenged(accounts=[])
    assert bench.endpoint._sending.sign is None
    with pytest.raises(LocalProtocolError):
        bench.endpoint.add_account("a:b", "x")
    assert bench.endpoint._sending.sign is None


@given(st.sampled_from([401, 407]), st.lists(st.tuples(st.sampled_from(["WWW", "Proxy"]), CHALLENGES), max_size=4))
def test_any_challenge_is_decided(status: int, said: list[tuple[str, str]]) -> None:
    """Whatever a server writes, it raises nothing; it gets good credentials, or it is over."""
    bench = Challenged()
    bench.asked()
    lines = [f"{side}-Authenticate: {value}".replace("\r", "").replace("\n", "") for side, value in said]
    bench.say(status, *lines)
    assert len(bench.requests) == 1 or is_good(bench.last_request)
    assert len(bench.told(Answered)) + len(bench.told(Dropped)) == (len(bench.requests) == 1)


def test_nothing_stays() -> None:
    """When all is over nothing is left but what was learned."""
    bench = Challenged()
    for ask in (options, message, bye):
        ask(bench)
        bench.say(401, www())
        bench.say(200)
    bench.quiet()
    assert bench.left() == {}
    assert [type(event).__name__ for event in bench.told(RequestServed)] == []
    assert bench.told(Published) == []
