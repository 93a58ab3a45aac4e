"""OPTIONS: what somebody can do, and whether they would take a call (RFC 3261 11); and INFO outside a call."""

from __future__ import annotations

import pytest

from sipsm import Answered, IncomingCall, LocalProtocolError, Response, restore, save
from sipsm.message.headers import ACCEPT, ALLOW, SUPPORTED
from sipsm.role import InfoReceived, Limits, Policy, Profile, RequestServed
from sipsm.role.screening import EXTENSIONS
from sipsm.sdp import SessionDescription
from sipsm.testing import answer, ladder, nothing_left
from tests.endpoint.by_hand import SDP, Bench
from tests.ladders.parties import parties, request, told

MEDIA = (
    b"v=0\r\no=carol 28908764872 28908764872 IN IP4 100.3.6.6\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\n"
    b"m=audio 0 RTP/AVP 0 1 3\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:1 1016/8000\r\na=rtpmap:3 GSM/8000\r\n"
    b"m=video 0 RTP/AVP 31 34\r\na=rtpmap:31 H261/90000\r\na=rtpmap:34 H263/90000\r\n"
)
"""RFC 3264 9, figure 1."""


def asks(bench: Bench, *headers: str, cseq: int = 1, call_id: str = "asks") -> Response:
    """The answer to an OPTIONS of the peer."""
    bench.receive(bench.request("OPTIONS", cseq=cseq, call_id=call_id, headers=headers))
    return bench.last_response


def called(bench: Bench, *headers: str, call_id: str) -> int | None:
    """The status with which one more call is refused unseen; None when the application sees it."""
    bench.receive(bench.request("INVITE", call_id=call_id, body=SDP, headers=headers))
    return None if isinstance(bench.events[-1], IncomingCall) else bench.last_response.status


# -------------------------------------------------------------------- asking


@pytest.mark.rfc("3261 11.1", "3261 11.2", "3261-S10")
def test_one_asks_the_other() -> None:
    """The request says where it comes from and what it can read; the answer says what is served, and nothing rings."""
    net, alice, bob = parties()
    asked = alice.do(alice.endpoint.options, "sip:bob")
    assert net.run() == ladder("""
        0.0  alice OPTIONS---------> bob
        0.0  alice <------------200- bob
    """)
    sent = request(net, alice, "OPTIONS")
    assert sent.has("Contact")
    assert [each.media_type for each in sent[ACCEPT]] == ["application/sdp"]
    (answered,) = told(alice, Answered)
    assert (answered.request, answered.status) == (asked, 200)
    assert answered.response is not None
    assert {"INVITE", "OPTIONS", "MESSAGE", "INFO"} <= set(answered.response[ALLOW])
    assert tuple(answered.response[SUPPORTED]) == EXTENSIONS
    assert [type(event) for event in bob.events] == [RequestServed]
    nothing_left(net)


@pytest.mark.rfc("3261 11.1")
def test_what_is_to_be_read() -> None:
    """The types that the answer may have are the application's to say."""
    bench = Bench()
    how = {"accept": ("application/sdp", "application/pidf+xml"), "headers": [("Subject", "x")]}
    bench.take(bench.endpoint.options("sip:bob@192.0.2.2", to="<sip:robert@example.com>", **how, now=bench.now)[1])  # type: ignore[arg-type]
    assert bench.last_request.header("Accept") == "application/sdp, application/pidf+xml"
    assert (str(bench.last_request.to.uri), bench.last_request.header("Subject")) == ("sip:robert@example.com", "x")


@pytest.mark.rfc("3261 11")
def test_nobody_is_there() -> None:
    """Silence is 408 after Timer F: who is asked may be away."""
    bench = Bench()
    bench.take(bench.endpoint.options("sip:bob@192.0.2.2", now=bench.now)[1])
    bench.quiet()
    assert [event.status for event in bench.told(Answered)] == [408]


# -------------------------------------------------------------------- what is said


@pytest.mark.rfc("3261 11.2", "3261-S10")
def test_what_is_said_is_what_is_served() -> None:
    """Each header follows from what the program has set."""
    ok = asks(Bench())
    assert ok.header("Accept") == "application/sdp, text/plain"
    assert (ok.header("Accept-Encoding"), ok.header("Accept-Language")) == ("identity", "*")
    assert (ok.has("Allow-Events"), ok.has("Recv-Info"), ok.body, ok.has("Contact")) == (False, False, b"", False)
    profile = Profile(
        accept=("application/sdp", "multipart/mixed"),
        message_types=("text/plain", "message/cpim"),
        supported=("gruu",),
        event_packages=("presence", "presence.winfo"),
    )
    ok = asks(Bench(profile=profile))
    assert ok.header("Accept") == "application/sdp, multipart/mixed, text/plain, message/cpim"
    assert ok.header("Supported") == ", ".join((*EXTENSIONS, "gruu"))
    assert ok.header("Allow-Events") == "presence"
    assert "SUBSCRIBE" in ok[ALLOW]


@pytest.mark.rfc("3261 11.2", "3264 9")
def test_the_media_that_are_spoken() -> None:
    """They are told to who can read a session description, which is who does not say what he can read as well."""
    bench = Bench(profile=Profile(media=MEDIA, user_agent="x" * 10))
    for n, (headers, body) in enumerate(
        (
            ((), MEDIA),
            (("Accept: application/sdp",), MEDIA),
            (("Accept: text/plain, application/*;q=0.5",), MEDIA),
            (("Accept: */*",), MEDIA),
            (("Accept: text/plain",), b""),
            (("Accept:",), b""),
            (("Accept: application/sdp;q=0",), b""),
            (("Accept: @",), b""),
        )
    ):
        ok = asks(bench, *headers, "Subject: " + "x" * 400, call_id=str(n))
        assert (ok.status, ok.body, ok.content_type) == (200, body, "application/sdp" if body else None), headers


@pytest.mark.rfc("3264 9")
@pytest.mark.parametrize("media", [SDP, MEDIA.replace(b"t=0 0", b"t=1 2"), b"v=1\r\n", "v=0"])
def test_what_is_no_description_of_media(media: bytes) -> None:
    """Each stream has port 0 and the time is not bounded, so that nobody takes it for an offer."""
    with pytest.raises(LocalProtocolError):
        Profile(media=media)
    assert Profile(media=SessionDescription.parse(MEDIA)).media == MEDIA


@pytest.mark.rfc("3261 26.1.5")
def test_a_short_question_gets_no_long_answer() -> None:
    """To an address that may be forged no more than three times its bytes are sent: the body is left out first."""
    bench = Bench(profile=Profile(media=MEDIA + b"a=rtpmap:34 H263/90000\r\n" * 40))
    data = bench.request("OPTIONS")
    bench.receive(data)
    assert (bench.last_response.status, bench.last_response.body) == (200, b"")
    assert bench.last_response.has("Allow")
    assert len(bench.wires[-1]) <= 3 * len(data)


# -------------------------------------------------------------------- what a call would get


@pytest.mark.rfc("3261 11.2", "3261-S10")
def test_options_at_the_limit() -> None:
    """Where no call is taken any more both get 503, and when to come again."""
    bench = Bench(limits=Limits(calls=1))
    bench.acked()
    busy = asks(bench)
    bench.receive(bench.request("INVITE", call_id="second", body=SDP))
    for refusal in (busy, bench.last_response):
        assert (refusal.status, refusal.header("Retry-After")) == (503, "10")
    assert busy.has("Allow")


@pytest.mark.rfc("3261 11.2", "3261-S10", "3261 21.4.24")
def test_options_of_who_is_busy() -> None:
    """With as many calls as make us busy both get 486, without a word to the application; when one is over, 200."""
    bench = Bench(policy=Policy(busy_at=1), profile=Profile(media=MEDIA))
    assert asks(bench).status == 200
    call = bench.acked()
    busy = asks(bench, call_id="again")
    assert (busy.status, busy.body, busy.has("Allow")) == (486, b"", True)
    told_before = len(bench.events)
    assert called(bench, call_id="second") == 486
    assert [type(event) for event in bench.events[told_before:]] == [RequestServed]
    bench.take(call.hang_up(now=bench.now))
    bench.receive(bench.response(bench.last_request, 200))
    assert asks(bench, call_id="later").status == 200
    assert called(bench, call_id="third") is None


def test_who_was_busy_is_so_no_more() -> None:
    """A call of ours that is over keeps nobody busy, though its INVITE may yet be answered by another branch."""
    bench = Bench(policy=Policy(busy_at=1))
    call = bench.answered()
    assert asks(bench).status == 486
    bench.take(call.hang_up(now=bench.now))
    bench.receive(bench.response(bench.last_request, 200))
    assert bench.endpoint.calls == [call]
    assert asks(bench, call_id="later").status == 200


@pytest.mark.rfc("3261 11.2", "3891 3")
def test_who_is_busy_lets_a_call_be_replaced() -> None:
    """An INVITE that takes the place of the call makes nobody busier."""
    bench = Bench(policy=Policy(busy_at=1))
    call = bench.acked()
    dialog = call.here.dialog
    replaces = f"Replaces: {call.call_id};to-tag={dialog.local_tag};from-tag={dialog.remote_tag}"
    assert called(bench, replaces, call_id="third@192.0.2.3") is None
    assert bench.events[-1].replaces is call


@pytest.mark.rfc("3261 11.2", "3261-S10")
@pytest.mark.parametrize("status", [302, 480, 486, 503, 603])
def test_who_turns_calls_away(status: int) -> None:
    """The application can have each further call refused, unseen: both get to know the same, also from a snapshot."""
    bench = Bench()
    call = bench.acked()
    bench.endpoint.turn_away(status)
    bench.endpoint = restore(save(bench.endpoint))
    assert asks(bench).status == status
    assert called(bench, call_id="second") == status
    bench.receive(bench.in_dialog("OPTIONS", 2, call))
    assert bench.last_response.status == 200
    bench.endpoint.turn_away(None)
    assert asks(bench, call_id="later").status == 200
    assert called(bench, call_id="third") is None


@pytest.mark.parametrize("status", [180, 200, 700])
def test_nobody_is_turned_away_with_that(status: int) -> None:
    """What refuses is 300 to 699."""
    with pytest.raises(LocalProtocolError):
        Bench().endpoint.turn_away(status)


# -------------------------------------------------------------------- in a call


@pytest.mark.rfc("3261 11.2", "3261 11", "3261-S10")
def test_options_in_a_call_are_as_outside() -> None:
    """The answer is the same 200 as outside a call, even of who is busy with this one, and the call goes on."""
    net, alice, bob = parties()
    bob.script(answer(after=0.1))
    outside = alice.do(alice.endpoint.options, "sip:bob")
    call = alice.invite("sip:bob")
    net.at(1, lambda: alice.do(call.request, "OPTIONS", headers=[("Accept", "application/sdp")]))
    net.at(2, lambda: alice.do(call.hang_up))
    net.run()
    one, other = (event.response for event in told(alice, Answered))
    assert one is not None
    assert other is not None
    assert outside.status == 200
    for name in ("Allow", "Accept", "Accept-Encoding", "Accept-Language", "Supported"):
        assert one.lines_of(name) == other.lines_of(name) != (), name
    nothing_left(net)


def test_options_in_a_call_that_makes_busy() -> None:
    """200: the question is of this call, which is taken, and the media are told here too."""
    bench = Bench(policy=Policy(busy_at=1), profile=Profile(media=MEDIA))
    call = bench.acked()
    bench.receive(bench.in_dialog("OPTIONS", 2, call, headers=["Subject: " + "x" * 400]))
    assert (bench.last_response.status, bench.last_response.body) == (200, MEDIA)
    assert call.state == "established"


@pytest.mark.rfc("3261 12.2.2", "3261 11.2")
def test_options_in_no_dialog() -> None:
    """One with a To tag that is nobody's gets 481."""
    bench = Bench()
    bench.receive(bench.request("OPTIONS", to="<sip:bob@192.0.2.1>;tag=gone"))
    assert bench.last_response.status == 481


# -------------------------------------------------------------------- INFO


@pytest.mark.rfc("6086 4.2.1", "6086 4.2.2", "3261 12.2.2")
@pytest.mark.parametrize("to", ["<sip:bob@192.0.2.1>", "<sip:bob@192.0.2.1>;tag=gone"])
@pytest.mark.parametrize("headers", [[], ["Info-Package: conf"]])
def test_info_outside_a_call(to: str, headers: list[str]) -> None:
    """With a tag or without, of a package that is taken or of none: 481, and nobody is told of it; nor is one sent."""
    bench = Bench(profile=Profile(info_packages=("conf",)))
    bench.receive(bench.request("INFO", to=to, headers=headers))
    assert (bench.last_response.status, bench.told(InfoReceived)) == (481, [])
    with pytest.raises(LocalProtocolError):
        bench.endpoint.request("INFO", "sip:bob@192.0.2.2", now=bench.now)
