"""We challenge: who is asked for credentials, who is let in, and what it costs us.

RFC 3261 22.1, 22.2, 22.4, 26.3.2.4; RFC 7616 3.3 to 3.6; RFC 8760 2.3 and 2.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipsm import (
    Account,
    Answered,
    Dropped,
    DropReason,
    Ended,
    EndReason,
    Established,
    IncomingCall,
    MessageReceived,
    Policy,
    Profile,
    Realm,
    RequestServed,
    ServerUnproven,
)
from sipsm.auth.sides import SERVER
from sipsm.auth.space import open_space, with_credentials
from sipsm.ids import Ids
from sipsm.message import Request, Response, read_message
from sipsm.message.headers import AUTHENTICATION_INFO, WWW_AUTHENTICATE, Challenge, Credentials
from sipsm.testing import Net, answer, hang_up, ladder, nothing_left, ring
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.ladders.challenging import credentials, line, proof
from tests.ladders.parties import names, reasons, response, told

REALM = "biloxi.com"
USERS: dict[str, str | Mapping[str, str]] = {"alice": "secret", "bob": Realm.hashed("bob", REALM, "zanzibar")}


class Challenging(Bench):
    """The endpoint lets users of its realm in, and strangers write what the test wants."""

    def __init__(self, **parts: Any) -> None:
        settings = {name: parts.pop(name) for name in ("limits", "profile", "ids") if name in parts}
        realm = Realm(parts.pop("name", REALM), parts.pop("users", USERS), **parts)
        super().__init__(policy=Policy(realm=realm), **settings)
        self.cseq = 0

    def come(self, method: str = "OPTIONS", *headers: str, **parts: Any) -> Response | None:
        """A request comes; returns its answer, if there is one."""
        before = len(self.sent)
        self.cseq += 1
        parts.setdefault("cseq", self.cseq)
        self.receive(self.request(method, headers=headers, **parts))
        new = [message for message in self.sent[before:] if isinstance(message, Response)]
        return new[-1] if new else None

    def challenge(self, method: str = "OPTIONS", **parts: Any) -> Challenge:
        """The first challenge of what a request without credentials is answered with."""
        response = self.come(method, **parts)
        assert response is not None
        assert response.status == 401
        return response[WWW_AUTHENTICATE][0]

    def status(self, method: str = "OPTIONS", *headers: str, **parts: Any) -> int | None:
        """The status of its answer."""
        response = self.come(method, *headers, **parts)
        return None if response is None else response.status

    def is_stale(self) -> bool:
        """What the last challenge says of the nonce that was used."""
        return self.last_response[WWW_AUTHENTICATE][0].stale


# -------------------------------------------------------------------- who is asked


@pytest.mark.rfc("3261 22.2", "3261 22.4", "8760 2.3", "3261-C34")
def test_a_request_without_credentials() -> None:
    """It gets 401 with a challenge for each algorithm, each with a qop; with good ones it is served."""
    bench = Challenging()
    response = bench.come()
    assert response is not None
    assert (response.status, len(response.lines_of("WWW-Authenticate"))) == (401, 2)
    first, second = response[WWW_AUTHENTICATE]
    assert (first.scheme, first.realm, first.algorithm, first.qop) == ("digest", REALM, "SHA-256", ("auth",))
    assert (second.algorithm, second.qop, second.nonce, second.stale) == ("MD5", ("auth",), first.nonce, False)
    assert bench.status("OPTIONS", line(second)) == 200
    assert [event.status for event in bench.told(RequestServed)] == [401, 200]


@pytest.mark.rfc("3261 22.2")
@pytest.mark.parametrize(
    "method", ["INVITE", "OPTIONS", "MESSAGE", "SUBSCRIBE", "PUBLISH", "REFER", "NOTIFY", "INFO", "BYE", "FOO"]
)
def test_all_that_is_outside_a_dialog_is_asked(method: str) -> None:
    """Before anything else is made of it; and nothing is kept for who has only asked."""
    bench = Challenging()
    assert bench.status(method, body=SDP if method == "INVITE" else b"") == 401
    assert bench.left() == {}
    assert bench.endpoint._nonces.used == {}
    assert [type(event) for event in bench.events] == [RequestServed]


@pytest.mark.rfc("3261 26.3.2.4", "3261 17.2.1")
def test_a_challenge_is_not_repeated_by_itself() -> None:
    """A repeat of the request brings another, with the same To tag; the ACK leaves no trace but its note."""
    bench = Challenging()
    first = bench.come("INVITE", branch="z9hG4bKone", body=SDP, cseq=1)
    second = bench.come("INVITE", branch="z9hG4bKone", body=SDP, cseq=1)
    assert first is not None
    assert second is not None
    assert first.to_tag == second.to_tag
    bench.receive(bench.request("ACK", branch="z9hG4bKone", to=first.to_text))
    bench.receive(bench.request("ACK", branch="z9hG4bKother", to=first.to_text))
    bench.quiet()
    assert bench.statuses == [401, 401]
    assert [event.reason for event in bench.told(Dropped)] == [DropReason.ABSORBED, DropReason.STRAY_ACK]


@pytest.mark.rfc("3261 22.1", "3261-C32")
def test_ack_and_cancel_are_never_challenged() -> None:
    """Nobody could send them again: the ACK ends the repeats, the CANCEL ends the call."""
    bench = Challenging()
    challenge = bench.challenge("INVITE", body=SDP)
    bench.come("INVITE", line(challenge, "INVITE"), branch="z9hG4bKup", body=SDP)
    call = bench.told(IncomingCall)[0].call
    assert bench.status("CANCEL", branch="z9hG4bKup") == 487
    assert bench.statuses[-2:] == [200, 487]
    challenge = bench.challenge("INVITE", body=SDP, call_id="second")
    bench.come("INVITE", line(challenge, "INVITE"), body=SDP, call_id="second", cseq=7)
    call = bench.told(IncomingCall)[1].call
    bench.take(call.answer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("ACK", 7, call))
    assert [event.call for event in bench.told(Established)] == [call]


@pytest.mark.rfc("3261 22.2")
def test_what_goes_on_in_a_dialog_is_not_asked() -> None:
    """Unless the realm says so; then a BYE waits for its credentials as well."""
    for in_dialogs in (False, True):
        bench = Challenging(in_dialogs=in_dialogs)
        challenge = bench.challenge("INVITE", body=SDP)
        bench.come("INVITE", line(challenge, "INVITE"), body=SDP, cseq=5)
        call = bench.told(IncomingCall)[0].call
        bench.take(call.answer(SDP2, now=bench.now))
        bench.receive(bench.in_dialog("ACK", 5, call))
        bench.receive(bench.in_dialog("BYE", 6, call))
        assert bench.statuses[-1] == (401 if in_dialogs else 200)
        if in_dialogs:
            again = bench.last_response[WWW_AUTHENTICATE][0]
            bench.receive(bench.in_dialog("BYE", 7, call, headers=[line(again, "BYE")]))
            assert bench.statuses[-1] == 200


@pytest.mark.rfc("3261 17.2.2", "7616 3.4")
def test_a_repeat_is_no_replay() -> None:
    """A request that comes again since its answer was lost gets the same answer."""
    bench = Challenging()
    good = line(bench.challenge())
    assert bench.status("OPTIONS", good, branch="z9hG4bKone", cseq=9) == 200
    assert bench.status("OPTIONS", good, branch="z9hG4bKone", cseq=9) == 200
    assert bench.status("OPTIONS", good, cseq=10) == 401


@pytest.mark.rfc("3261 8.2.2.2", "7616 3.4")
def test_what_was_forked_is_found_to_be_the_same() -> None:
    """A proxy has sent a call by two ways: the second is a loop, and no challenge drives out the first one's answer."""
    bench = Challenging()
    challenge = bench.challenge("INVITE", body=SDP)
    good = line(challenge, "INVITE")
    assert bench.status("INVITE", good, body=SDP, cseq=9) is None
    assert bench.status("INVITE", good, body=SDP, cseq=9) == 482
    assert bench.status("INVITE", good, body=SDP, cseq=10) == 401
    assert bench.is_stale()


@pytest.mark.rfc("3261 8.2.2.2", "7616 3.4")
def test_what_was_forked_is_found_to_be_the_same_when_the_first_is_over() -> None:
    """A proxy tries two contacts of ours one after the other: a new nonce would be used up by the first one again."""
    bench = Challenging()
    good = line(bench.challenge())
    home, work = "sip:home@192.0.2.1:5060", "sip:work@192.0.2.1:5060"
    assert bench.status("OPTIONS", good, cseq=9, uri=home) == 200
    bench.wait(40)
    assert bench.left() == {}
    assert bench.status("OPTIONS", good, cseq=9, uri=work) == 482
    assert bench.status("OPTIONS", good, cseq=9, uri=home) == 401
    assert bench.status("OPTIONS", good, cseq=10, uri=work) == 401
    # Where one has overtaken another, only the last is known again.
    challenge = bench.challenge()
    first, second = line(challenge), line(challenge, nc=2)
    assert [bench.status("OPTIONS", second, cseq=20), bench.status("OPTIONS", first, cseq=19)] == [200, 200]
    bench.wait(40)
    assert bench.status("OPTIONS", first, cseq=19, uri=work) == 401
    assert bench.status("OPTIONS", second, cseq=20, uri=work) == 482


# -------------------------------------------------------------------- who is let in


@pytest.mark.rfc("3261 22.4", "7616 3.4", "8760 2.6", "3261-C34")
@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "wrong"},
        {"user": "nobody"},
        {"user": ""},
        {"nonce": "0" * 44},
        {"nonce": "84a4"},
        {"realm": "atlanta.com"},
        {"algorithm": "SHA-512-256"},
        {"algorithm": "MD5-sess"},
        {"qop": "auth-int"},
        {"qop": "auth-conf"},
        {"without": ("cnonce",), "response": "00"},
        {"without": ("nc",), "response": "00"},
        {"without": ("username",)},
        {"without": ("nonce",), "response": "00"},
        {"without": ("realm",)},
        {"without": ("uri",)},
        {"uri": "http://192.0.2.1/"},
        {"uri": "??"},
        {"response": ""},
        {"response": "\u00e4" * 16},
        {"response": "0" * 32},
        {"without": ("realm", "username"), "response": "00"},
    ],
)
def test_credentials_that_are_not_good(wrong: dict[str, Any]) -> None:
    """They are answered like none: a name that is not known is told apart from a wrong password by nothing."""
    bench = Challenging(algorithms=("MD5",))
    challenge = bench.challenge()
    assert bench.status("OPTIONS", line(challenge, **wrong)) == 401
    plain, refused = bench.sent
    assert refused.names == plain.names
    right = wrong in ({"nonce": "0" * 44}, {"nonce": "84a4"})
    assert bench.is_stale() == right, "its digest is right, so that only the nonce need be another"


@pytest.mark.rfc("3261 22.4", "8760 2.6", "3261-C34")
@pytest.mark.parametrize("value", ["Basic YWxpY2U6c2VjcmV0", "Bearer x", "Digest ,", ";", 'Digest realm="biloxi.com"'])
def test_other_schemes_let_nobody_in(value: str) -> None:
    """A password that is sent as it is least of all."""
    assert Challenging().status("OPTIONS", f"Authorization: {value}") in {400, 401}


@pytest.mark.rfc("3261 22.1", "3261 22.3")
def test_credentials_among_others() -> None:
    """Those for other realms, and of other schemes, are passed over."""
    bench = Challenging()
    challenge = bench.challenge()
    others = [line(challenge, realm="atlanta.com"), "Authorization: Bearer x", line(challenge, password="wrong")]
    assert bench.status("OPTIONS", *others, line(challenge)) == 200


@pytest.mark.rfc("7616 3.4.2", "8760 2.1")
@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "SHA-512-256", "MD5-sess", "SHA-256-sess", "SHA-512-256-sess"])
def test_each_algorithm(algorithm: str) -> None:
    """The user is let in with each that is offered, and known by name; also where only H(A1) is kept."""
    keys = Realm.hashed("bob", REALM, "zanzibar", algorithm.removesuffix("-sess"))
    users: dict[str, str | Mapping[str, str]] = {"alice": "secret", "bob": keys}
    bench = Challenging(users=users, algorithms=(algorithm,), qop=("auth", "auth-int"))
    for user, password in (("alice", "secret"), ("bob", "zanzibar")):
        for qop in ("auth", "auth-int"):
            challenge = bench.challenge()
            good = line(challenge, "MESSAGE", user=user, password=password, body=b"hello", qop=qop)
            assert bench.status("MESSAGE", good, body=b"hello", content_type="text/plain") == 200
            assert bench.endpoint.user_of(bench.told(MessageReceived)[-1].request) == user
    assert bench.endpoint.user_of(read_request(bench)) is None
    assert Bench().endpoint.user_of(read_request(bench)) is None


def read_request(bench: Bench) -> Request:
    """A request without credentials."""
    message = read_message(bench.request("OPTIONS"))
    assert isinstance(message, Request)
    return message


@pytest.mark.rfc("7616 3.4.2", "7616 3.6")
def test_a_session_by_the_letter() -> None:
    """Its key stays that of the first request, whatever cnonce the next one has; or each request makes its own. It is
    bound to its nonce, so that there is no other before that is stale."""
    bench = Challenging(algorithms=("SHA-256-sess",), nonce_lasts_s=60)
    challenge = bench.challenge()
    bench.wait(31)
    answer = bench.come("OPTIONS", line(challenge, nc=1, cnonce="one"))
    assert answer is not None
    assert "nextnonce" not in (answer.header("Authentication-Info") or "")
    assert bench.status("OPTIONS", line(challenge, nc=2, cnonce="two", key_cnonce="one")) == 200
    assert bench.status("OPTIONS", line(challenge, nc=3, cnonce="three")) == 200
    assert bench.status("OPTIONS", line(challenge, nc=4, cnonce="four", key_cnonce="two")) == 401
    assert not bench.is_stale()
    bench.wait(31)
    assert bench.status("OPTIONS", line(challenge, nc=5, cnonce="one")) == 401
    assert bench.is_stale()


@pytest.mark.rfc("7616 3.4.3")
def test_a_body_that_somebody_has_changed() -> None:
    """With auth-int, the credentials are not good any more."""
    bench = Challenging(qop=("auth-int",))
    good = line(bench.challenge(), "MESSAGE", body=b"hello", qop="auth-int")
    assert bench.status("MESSAGE", good, body=b"hallo", content_type="text/plain") == 401
    assert bench.status("MESSAGE", good, body=b"hello", content_type="text/plain") == 200


@pytest.mark.rfc("3261 22.4", "2617 3.2.2.1")
def test_a_client_of_rfc_2069() -> None:
    """It knows of no qop: its nonce is good once, and it gets no proof back."""
    bench = Challenging(algorithms=("MD5",))
    bare = ("qop", "cnonce", "nc")
    challenge = bench.challenge()
    answer = bench.come("OPTIONS", line(challenge, without=bare))
    assert answer is not None
    assert (answer.status, answer[AUTHENTICATION_INFO]) == (200, None)
    assert bench.status("OPTIONS", line(challenge, without=bare)) == 401
    assert bench.is_stale()
    session = Challenging(algorithms=("MD5-sess",))
    refused = line(session.challenge(), without=("qop", "nc"), response="0" * 32)
    assert session.status("OPTIONS", refused) == 401


@pytest.mark.rfc("7616 3.4", "7616 3.3")
def test_a_count_and_a_nonce_are_used_up() -> None:
    """The same count is a replay, and a nonce that is too old is stale: both get another, without a new password."""
    bench = Challenging(nonce_lasts_s=60)
    challenge = bench.challenge()
    assert [bench.status("OPTIONS", line(challenge, nc=nc)) for nc in (1, 2, 2, 4, 3, 4)] == [
        *(200, 200, 401, 200, 200, 401)
    ]
    assert bench.is_stale()
    bench.wait(61)
    assert bench.status("OPTIONS", line(challenge, nc=5)) == 401
    assert bench.is_stale()
    assert bench.status("OPTIONS", line(bench.last_response[WWW_AUTHENTICATE][0])) == 200


@pytest.mark.rfc("7616 3.4")
def test_what_goes_by_unasked_is_used_up() -> None:
    """Credentials of a request in a dialog cannot be taken for one outside."""
    bench = Challenging()
    challenge = bench.challenge("INVITE", body=SDP)
    bench.come("INVITE", line(challenge, "INVITE"), body=SDP, cseq=5)
    call = bench.told(IncomingCall)[0].call
    bench.take(call.answer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("ACK", 5, call, headers=[line(challenge, "INVITE")]))
    stolen = line(challenge, "OPTIONS", nc=2)
    bench.receive(bench.in_dialog("OPTIONS", 6, call, headers=[stolen]))
    assert bench.statuses[-1] == 200
    assert bench.status("OPTIONS", stolen) == 401


def test_what_many_credentials_cost_is_bounded() -> None:
    """Of a thousand in one request a few are looked at."""
    bench = Challenging()
    challenge = bench.challenge()
    wrong = [line(challenge, password="wrong", cnonce=f"{n}") for n in range(8)]
    assert bench.status("OPTIONS", *wrong, line(challenge)) == 401
    assert bench.status("OPTIONS", *wrong[1:], line(challenge)) == 200


@pytest.mark.rfc("3261 26.1.5")
def test_a_challenge_that_would_be_too_large() -> None:
    """A small datagram does not bring a large one upon somebody else."""
    bench = Challenging(name="r" * 300)
    data = bench.request("OPTIONS", contact=None, from_="<sip:a@b>;tag=1", call_id="1")
    bench.receive(data)
    assert bench.sent == []
    assert [event.reason for event in bench.told(Dropped)] == [DropReason.UNANSWERED]
    bench.receive(bench.request("OPTIONS", headers=["Subject: " + "x" * 1000]))
    assert bench.statuses == [401]


# -------------------------------------------------------------------- what they get back


@pytest.mark.rfc("7616 3.5", "3261 22.4")
@pytest.mark.parametrize("qop", ["auth", "auth-int"])
def test_our_own_proof(qop: str) -> None:
    """The 2xx shows that we know the password too, and with auth-int, that its body is ours."""
    bench = Challenging(algorithms=("SHA-256",), qop=("auth", "auth-int"), profile=Profile(media=MEDIA))
    challenge = bench.challenge()
    good = line(challenge, qop=qop)
    answer = bench.come("OPTIONS", good, "Accept: application/sdp")
    assert answer is not None
    info = answer[AUTHENTICATION_INFO]
    assert info is not None
    given = Credentials.parse(good.partition(": ")[2])
    assert answer.body
    assert info.rspauth == proof(given, "", answer.body)
    assert (info.qop, info.cnonce, info.nc, info.nextnonce) == (qop, given.cnonce, 1, None)


MEDIA = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\n"


@pytest.mark.rfc("7616 3.5")
def test_a_new_nonce_in_good_time() -> None:
    """When half of its time is over, the next one is told: nobody is asked in the middle of what he does."""
    bench = Challenging(nonce_lasts_s=60)
    challenge = bench.challenge()
    bench.wait(31)
    answer = bench.come("OPTIONS", line(challenge))
    assert answer is not None
    info = answer[AUTHENTICATION_INFO]
    assert info is not None
    assert info.nextnonce is not None
    bench.wait(40)
    assert bench.status("OPTIONS", line(challenge, nonce=info.nextnonce)) == 200


@pytest.mark.rfc("3261 13.3.1.4", "7616 3.5")
def test_the_2xx_is_repeated_with_its_proof() -> None:
    """Each time that the 2xx of an INVITE goes out it is the same; provisional responses and refusals have none."""
    bench = Challenging()
    bench.come("INVITE", line(bench.challenge("INVITE", body=SDP), "INVITE"), body=SDP, cseq=5)
    call = bench.told(IncomingCall)[0].call
    bench.take(call.ring(now=bench.now))
    bench.take(call.answer(SDP2, now=bench.now))
    bench.wait(2)
    ringing, *repeats = [message for message in bench.sent if isinstance(message, Response)][1:]
    assert ringing[AUTHENTICATION_INFO] is None
    assert len(repeats) > 1
    assert len({bytes(each) for each in repeats}) == 1
    assert repeats[0][AUTHENTICATION_INFO] is not None


# -------------------------------------------------------------------- both ends


@pytest.mark.rfc("3261 22.2", "3261-C31", "3261-C32", "3261-C34")
def test_a_call_between_two_who_trust_each_other_then() -> None:
    """Alice is asked once; what follows comes with credentials."""
    net = Net(1)
    alice = net.agent("alice", profile=Profile(accounts=[("alice", "secret")]))
    bob = net.agent("bob", policy=Policy(realm=Realm(REALM, USERS)))
    bob.script(ring(after=0.1), answer(after=1))
    alice.script(hang_up(after=2))
    alice.invite("sip:bob")
    assert net.run(until=10) == ladder("""
        0.0  alice INVITE----------> bob
        0.0  alice <------------401- bob
        0.0  alice ACK-------------> bob
        0.0  alice INVITE----------> bob
        0.1  alice <------------180- bob
        1.0  alice <------------200- bob
        1.0  alice ACK-------------> bob
        3.0  alice BYE-------------> bob
        3.0  alice <------------200- bob
    """)
    assert response(net, bob, 200).header("Authentication-Info") is not None
    alice.do(alice.endpoint.message, "sip:bob", "hello")
    assert net.run().splitlines()[-2:] == [
        "10.0  alice MESSAGE---------> bob",
        "10.0  alice <------------200- bob",
    ]
    assert (reasons(alice), reasons(bob)) == ([EndReason.HUNG_UP], [EndReason.HUNG_UP_BY_PEER])
    assert told(alice, ServerUnproven) == []
    assert names(bob) == [
        "RequestServed",
        "Dropped",
        "IncomingCall",
        "Established",
        "Ended",
        "RequestServed",
        "MessageReceived",
    ]
    nothing_left(net)


@pytest.mark.rfc("3261 22.1", "3261 22.2", "3261-C31")
def test_a_wrong_password() -> None:
    """It is tried once; Bob hears of no call."""
    net = Net(1)
    alice = net.agent("alice", profile=Profile(accounts=[("alice", "guessed")]))
    bob = net.agent("bob", policy=Policy(realm=Realm(REALM, USERS)))
    alice.invite("sip:bob")
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.0  alice <------------401- bob
        0.0  alice ACK-------------> bob
        0.0  alice INVITE----------> bob
        0.0  alice <------------401- bob
        0.0  alice ACK-------------> bob
    """)
    assert reasons(alice) == [EndReason.REJECTED]
    assert told(bob, IncomingCall) == []
    nothing_left(net)


@pytest.mark.rfc("3261 22.2", "3261 17.1.1.2")
@pytest.mark.parametrize("seed", range(12))
def test_a_bad_network(seed: int) -> None:
    """Whatever is lost, doubled or overtaken, nobody is let in twice with one proof, and all comes to an end."""
    net = Net(seed, loss=0.2, duplicate=0.2, reorder=0.2, delay=(0.0, 0.5))
    alice = net.agent("alice", profile=Profile(accounts=[("alice", "secret")]))
    bob = net.agent("bob", policy=Policy(realm=Realm(REALM, USERS, nonce_lasts_s=5)))
    bob.script(ring(after=0.1), answer(after=1))
    alice.script(hang_up(after=2))
    calls = [alice.invite("sip:bob") for _ in range(3)]
    for n in range(5):
        net.after(4.0 * n, lambda: alice.do(alice.endpoint.message, "sip:bob", "hello"))
    net.run()
    statuses = [event.status for event in told(alice, Answered)]
    assert len(statuses) == 5
    assert {200, 408}.issuperset(statuses)
    assert len(told(alice, Ended)) == len(calls)
    assert {EndReason.HUNG_UP, EndReason.TIMED_OUT, EndReason.HUNG_UP_BY_PEER}.issuperset(reasons(alice))
    assert 1 <= len(told(bob, MessageReceived)) <= 5
    nothing_left(net)


@given(
    algorithm=st.sampled_from(["MD5", "SHA-256", "SHA-512-256", "MD5-sess", "SHA-256-sess", "SHA-512-256-sess"]),
    qop=st.sampled_from([("auth",), ("auth-int",), ("auth", "auth-int")]),
    user=st.text(min_size=1).filter(lambda text: not set(":\r\n\0") & set(text)),
    password=st.text(),
    name=st.text(min_size=1).filter(lambda text: not set("\r\n\0") & set(text)),
    body=st.binary(max_size=20),
)
def test_what_one_side_makes_the_other_lets_in(
    algorithm: str, qop: tuple[str, ...], user: str, password: str, name: str, body: bytes
) -> None:
    """Whatever the user, the realm and the password are called; and with another password it does not."""
    bench = Challenging(name=name, users={user: password}, algorithms=(algorithm,), qop=qop)
    data = bench.request("OPTIONS", headers=["Subject: " + "x" * 3000], body=body, content_type="text/plain")
    bench.receive(data)
    (challenge,) = bench.last_response[WWW_AUTHENTICATE]
    request = read_message(data)
    assert isinstance(request, Request)
    ids = Ids()
    for given_password, status in ((password + "x", 401), (password, 200)):
        space = open_space(challenge, SERVER, Account(user, given_password), ids)
        signed = with_credentials(request.with_first("Via", request.via.with_branch(bench.branch())), [space], ids)
        assert len(credentials(signed)) == 1
        bench.receive(bytes(signed))
        assert bench.statuses[-1] == status


@given(st.text(max_size=200), st.lists(st.text(max_size=50), max_size=4))
def test_any_credentials_are_answered(text: str, params: list[str]) -> None:
    """Whatever a stranger writes, it raises nothing and lets nobody in."""
    bench = Challenging()
    names_of = ("username", "nonce", "uri", "response", "qop", "nc", "cnonce", "algorithm")
    said = ", ".join(f'{name}="{value}"' for name, value in zip(names_of, params, strict=False))
    for value in (text, f"Digest {text}", f'Digest realm="{REALM}", {said}', f'Digest realm="{REALM}", {text}'):
        data = bench.request("OPTIONS", headers=[f"Authorization: {value}".replace("\r", "").replace("\n", "")])
        bench.receive(data)
    assert 200 not in bench.statuses
    assert bench.endpoint._nonces.used == {}
