"""What the program must not do: refused with a reason, nothing has changed, and the call goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

import pytest

from sipsm import Call, LocalProtocolError, Policy
from sipsm.role import Output
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.endpoint.snapshot import snapshot
from tests.role.stages import (
    COMMANDS,
    STAGES,
    Stage,
    accepted,
    acknowledged,
    answered_early,
    answering,
    asked_for_an_offer,
    at,
    calling,
    changed,
    changing,
    hearing_it_ring,
    hung_up,
    incoming,
    offered,
    offered_early,
    over,
    owing_a_prack,
    pracked_with_an_offer,
    ringing,
    ringing_reliably,
    to_its_end,
    up,
    updated,
    updating,
)

Headers = Iterable[tuple[str, str]]


def refused(bench: Bench, call: Call, command: Callable[[], object]) -> LocalProtocolError:
    """The refusal of a command that changes nothing."""
    before, given = snapshot(bench.endpoint, call), len(bench.outputs)
    with pytest.raises(LocalProtocolError) as refusal:
        command()
    assert snapshot(bench.endpoint, call) == before
    assert bench.endpoint.handle_timeout(bench.now) == []
    assert len(bench.outputs) == given
    return refusal.value


# -------------------------------------------------------------------- at a wrong time, by a wrong side


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.__name__)
def test_every_command_at_every_stage(stage: Stage, name: str) -> None:
    """A command works where it may be given; elsewhere it is refused by a named rule, and the call can still end."""
    bench, call = at(stage)
    command = COMMANDS[name]
    if name in STAGES[stage][1]:
        bench.take(command(call, bench.now))
        assert snapshot(bench.endpoint, call)["calls"]
    else:
        refusal = refused(bench, call, lambda: command(call, bench.now))
        assert refusal.rfc
        assert refusal.what.startswith("cannot ")
        assert f"(RFC {refusal.rfc})" in str(refusal)
    to_its_end(bench, call)


@pytest.mark.parametrize(
    ("stage", "name", "text"),
    [
        (incoming, "cancel", "not for the callee"),
        (calling, "answer", "not for the caller"),
        (calling, "ring", "not for the caller"),
        (calling, "hang up", "cancel instead"),
        (accepted, "answer", "answered already"),
        (accepted, "ring", "answered already"),
        (accepted, "reject", "hang up instead"),
        (hung_up, "hang up", "ending already"),
        (up, "cancel", "hang up instead"),
        (over, "request", "over"),
        (over, "UPDATE", "the session is over"),
        (calling, "UPDATE", "our offer is unanswered"),
        (calling, "bare UPDATE", "no response to the INVITE has made the dialog yet"),
        (calling, "re-INVITE", "our offer is unanswered"),
        (answered_early, "re-INVITE", "our INVITE is under way"),
        (accepted, "re-INVITE", "wait for that"),
        (changing, "re-INVITE", "our offer is unanswered"),
        (updating, "bare UPDATE", "the UPDATE before it is unanswered"),
        (ringing_reliably, "ring reliably", "wait for its PRACK"),
        (ringing_reliably, "UPDATE", "has not had its PRACK"),
        (ringing, "ring reliably", "the peer does not support 100rel"),
        (answering, "answer", "waits for a PRACK"),
        (incoming, "answer offer", "answer that"),
        (incoming, "reject offer", "reject that"),
        (pracked_with_an_offer, "reject offer", "a PRACK is not refused"),
        (offered, "reject offer", "answer it with its streams refused, or hang up"),
        (offered_early, "reject offer", "answer it with its streams refused, or hang up"),
        (offered_early, "acknowledge", "must carry the answer"),
        (up, "acknowledge", "no reliable provisional response waits for it"),
        (up, "answer offer", "no offer of the peer waits for an answer"),
        (up, "reject offer", "no offer of the peer waits for an answer"),
        (changed, "UPDATE", "give that first"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_refusal_tells_why(stage: Stage, name: str, text: str) -> None:
    """The text names the state or the next step."""
    bench, call = at(stage)
    assert text in str(refused(bench, call, lambda: COMMANDS[name](call, bench.now)))


# -------------------------------------------------------------------- with wrong parts

WITH_HEADERS: list[tuple[Stage, Callable[[Call, Headers, float], list[Output]]]] = [
    (incoming, lambda call, headers, now: call.ring(headers=headers, now=now)),
    (ringing, lambda call, headers, now: call.ring(183, sdp=SDP2, headers=headers, now=now)),
    (incoming, lambda call, headers, now: call.answer(SDP2, headers=headers, now=now)),
    (ringing, lambda call, headers, now: call.reject(486, headers=headers, now=now)),
    (calling, lambda call, headers, now: call.cancel(headers=headers, now=now)),
    (hearing_it_ring, lambda call, headers, now: call.cancel(headers=headers, now=now)),
    (offered, lambda call, headers, now: call.answer_offer(SDP2, headers=headers, now=now)),
    (offered, lambda call, headers, now: call.hang_up(headers=headers, now=now)),
    (accepted, lambda call, headers, now: call.hang_up(headers=headers, now=now)),
    (up, lambda call, headers, now: call.hang_up(headers=headers, now=now)),
    (up, lambda call, headers, now: call.request("INFO", headers=headers, now=now)[1]),
    (up, lambda call, headers, now: call.info(None, headers=headers, now=now)[1]),
    (up, lambda call, headers, now: call.offer(SDP2, headers=headers, now=now)),
    (acknowledged, lambda call, headers, now: call.offer(method="UPDATE", headers=headers, now=now)),
    (owing_a_prack, lambda call, headers, now: call.acknowledge(headers=headers, now=now)),
    (offered_early, lambda call, headers, now: call.answer_offer(SDP2, headers=headers, now=now)),
    (pracked_with_an_offer, lambda call, headers, now: call.answer_offer(SDP2, headers=headers, now=now)),
    (pracked_with_an_offer, lambda call, headers, now: call.ring(reliable=True, headers=headers, now=now)),
    (changed, lambda call, headers, now: call.answer_offer(SDP2, headers=headers, now=now)),
    (changed, lambda call, headers, now: call.reject_offer(headers=headers, now=now)),
    (updated, lambda call, headers, now: call.answer_offer(SDP2, headers=headers, now=now)),
    (updated, lambda call, headers, now: call.reject_offer(headers=headers, now=now)),
    (
        acknowledged,
        lambda call, headers, now: call.request("INFO", headers=headers, body=b"x", content_type="a/b", now=now)[1],
    ),
]
UNWRITABLE = [
    ("X", "a\r\nY: b"),
    ("X", "a\nb"),
    ("X", "\r"),
    ("X", "\0"),
    ("X\r\nY", "b"),
    ("", "b"),
    ("X Y", "b"),
    ("X:", "b"),
    ("X", "\ud800"),
]
OWN = [
    "Via", "v", "From", "f", "To", "t", "Call-ID", "i", "CSEQ", "Max-Forwards", "Route", "record-route",
    "Content-Type", "c", "Content-Length", "l", "Recv-Info",
]  # fmt: skip


@pytest.mark.parametrize("header", [*UNWRITABLE, *((name, "7") for name in OWN)], ids=repr)
@pytest.mark.parametrize(("stage", "command"), WITH_HEADERS, ids=lambda part: getattr(part, "__name__", "").strip("<>"))
def test_headers_that_a_command_cannot_send(
    stage: Stage, command: Callable[[Call, Headers, float], list[Output]], header: tuple[str, str]
) -> None:
    """Neither what would break a message nor what the core writes itself can be added, and the call goes on."""
    bench, call = at(stage)
    refused(bench, call, lambda: command(call, [("X-Fine", "1"), header], bench.now))
    bench.take(command(call, [("X-Fine", "1")], bench.now))
    to_its_end(bench, call)


@pytest.mark.parametrize(("stage", "command"), WITH_HEADERS, ids=lambda part: getattr(part, "__name__", "").strip("<>"))
def test_headers_of_a_command_are_sent(stage: Stage, command: Callable[[Call, Headers, float], list[Output]]) -> None:
    """What the program adds stands in the message, also in one that has to wait for the peer first."""
    bench, call = at(stage)
    bench.take(command(call, [("X-Fine", "1"), ("X-Fine", "2")], bench.now))
    to_its_end(bench, call)
    assert ("1", "2") in [message.lines_of("X-Fine") for message in bench.sent]


@pytest.mark.parametrize("header", [*UNWRITABLE, *((name, "7") for name in [*OWN, "Contact", "m"])], ids=repr)
def test_headers_that_cannot_begin_a_call_or_a_request(header: tuple[str, str]) -> None:
    """The same for what is sent outside a call, which leaves nothing behind."""
    bench = Bench()
    call = up(bench)
    endpoint, now = bench.endpoint, bench.now
    refused(bench, call, lambda: endpoint.invite("sip:b@192.0.2.2", offer=SDP, headers=[header], now=now))
    refused(bench, call, lambda: endpoint.request("OPTIONS", "sip:b@192.0.2.2", headers=[header], now=now))


@pytest.mark.parametrize("name", ["Contact", "m"])
def test_only_a_redirection_has_a_contact_of_the_program_s(name: str) -> None:
    """The own Contact is the core's to write; where a 3xx points to is the program's (RFC 3261 13.3.1.2)."""
    bench = Bench()
    call = incoming(bench)
    header = [(name, "<sip:carol@192.0.2.3>")]
    refused(bench, call, lambda: call.ring(headers=header, now=bench.now))
    refused(bench, call, lambda: call.answer(SDP2, headers=header, now=bench.now))
    bench.take(call.reject(302, headers=[*header, ("Contact", "<sip:dave@192.0.2.4>")], now=bench.now))
    assert [str(contact.uri) for contact in bench.last_response.contacts] == [
        "sip:carol@192.0.2.3",
        "sip:dave@192.0.2.4",
    ]


@pytest.mark.parametrize(
    "command",
    [
        *(lambda call, now, status=status: call.ring(status, now=now) for status in (0, 99, 100, 200, 486)),
        *(lambda call, now, status=status: call.ring(status, sdp=SDP2, now=now) for status in (100, 200)),
        *(
            lambda call, now, status=status: call.answer(SDP2, status=status, now=now)
            for status in (180, 199, 300, 486)
        ),
        *(lambda call, now, status=status: call.reject(status, now=now) for status in (-1, 200, 299, 700, 1000)),
        lambda call, now: call.ring(reason="a\r\nb", now=now),
        lambda call, now: call.reject(reason="a\nb", now=now),
        lambda call, now: call.answer(now=now),
    ],
)
def test_responses_that_cannot_be(command: Callable[[Call, float], list[Output]]) -> None:
    """A status must be of the command's kind, a reason one line, and a 2xx must answer the offer."""
    bench = Bench()
    call = incoming(bench)
    refused(bench, call, lambda: command(call, bench.now))
    bench.take(call.answer(SDP2, now=bench.now))
    to_its_end(bench, call)


@pytest.mark.parametrize(
    ("stage", "command"),
    [
        (incoming, lambda call, now: call.ring(sdp=SDP2, now=now)),
        (incoming, lambda call, now: call.answer(now=now)),
        (offered, lambda call, now: call.answer_offer(b"", now=now)),
    ],
    ids=["early offer", "no offer", "no answer"],
)
def test_descriptions_at_a_wrong_place(stage: Stage, command: Callable[[Call, float], list[Output]]) -> None:
    """Without an offer in the INVITE, the 2xx carries it, no provisional response does, and the ACK answers it."""
    bench = Bench()
    call = bench.incoming(offer=b"") if stage is incoming else stage(bench)
    refused(bench, call, lambda: command(call, bench.now))
    to_its_end(bench, call)


@pytest.mark.parametrize("method", ["INVITE", "ACK", "BYE", "CANCEL", "", "A B", "OPTIONS\r\n", "opt ions"])
def test_methods_that_are_not_for_asking(method: str) -> None:
    """What has a command of its own cannot be asked as any request; nor can what is no token."""
    bench = Bench()
    call = up(bench)
    refused(bench, call, lambda: call.request(method, now=bench.now)[1])
    refused(bench, call, lambda: bench.endpoint.request(method, "sip:b@192.0.2.2", now=bench.now))
    to_its_end(bench, call)


def test_a_body_of_no_type() -> None:
    """A body says what it is (RFC 3261 20.15)."""
    bench = Bench()
    call = up(bench)
    refused(bench, call, lambda: call.request("INFO", body=b"x", now=bench.now)[1])
    refused(bench, call, lambda: call.request("INFO", body=b"x", content_type="a/b\r\nX: y", now=bench.now)[1])
    refused(bench, call, lambda: bench.endpoint.request("MESSAGE", "sip:b@192.0.2.2", body=b"x", now=bench.now))


@pytest.mark.parametrize(
    "target",
    [
        "garbage", "", "sip:", "bob@192.0.2.2", "sip:b@192.0.2.2\r\nX: y", "tel:+1", "http://192.0.2.2/",
        "sips:b@192.0.2.2", "sip:b@192.0.2.2;transport=tcp", "sip:b@192.0.2.2?Subject=x", "sip:b@192.0.2.2;method=BYE",
        "sip:b@[2001:db8::1]", "sip:b@biloxi.example.com;maddr=[2001:db8::1]",
    ],
)  # fmt: skip
def test_targets_that_cannot_be_sent_to(target: str) -> None:
    """A URI must say where to send, by UDP and by our IP version; else nothing begins."""
    bench = Bench()
    call = up(bench)
    refused(bench, call, lambda: bench.endpoint.invite(target, offer=SDP, now=bench.now))
    refused(bench, call, lambda: bench.endpoint.request("OPTIONS", target, now=bench.now))


@pytest.mark.rfc("3262 4")
@pytest.mark.parametrize("tags", ["100rel", "foo, 100REL"])
def test_only_an_invite_requires_reliable_responses(tags: str) -> None:
    """No other request has responses that could be reliable."""
    bench = Bench()
    call = up(bench)
    header = [("Require", tags)]
    refused(bench, call, lambda: call.request("OPTIONS", headers=header, now=bench.now))
    refused(bench, call, lambda: call.hang_up(headers=header, now=bench.now))
    refused(bench, call, lambda: call.offer(SDP2, method="UPDATE", headers=header, now=bench.now))
    bench.take(call.offer(SDP2, headers=header, now=bench.now))
    assert bench.last_request.header("Require") == tags


@pytest.mark.parametrize("stage", [changed, updated, asked_for_an_offer])
@pytest.mark.parametrize("headers", [[], [("X-Fine", "1")]])
def test_a_reason_that_no_refusal_can_have(stage: Stage, headers: Headers) -> None:
    """It is one line; what was to be refused then still waits."""
    bench, call = at(stage)
    refused(bench, call, lambda: call.reject_offer(reason="a\r\nb", headers=headers, now=bench.now))
    refused(bench, call, lambda: call.reject_offer(reason="no", headers=[*headers, ("X", "a\nb")], now=bench.now))
    bench.take(call.reject_offer(reason="Not now", headers=headers, now=bench.now))
    assert bytes(bench.last_response).startswith(b"SIP/2.0 488 Not now\r\n")
    to_its_end(bench, call)


@pytest.mark.parametrize("stage", [changed, updated])
@pytest.mark.parametrize("status", [-1, 200, 299, 700, 488.5])
def test_an_offer_is_refused_with_a_refusal(stage: Stage, status: Any) -> None:
    """From 300 to 699."""
    bench, call = at(stage)
    refused(bench, call, lambda: call.reject_offer(status, now=bench.now))


@pytest.mark.parametrize("method", ["BYE", "PRACK", "invite"])
def test_an_offer_goes_by_invite_or_update(method: str) -> None:
    """No other request of ours may propose another session."""
    bench = Bench()
    call = up(bench)
    assert "it is INVITE or UPDATE" in str(refused(bench, call, lambda: call.offer(SDP, method=method, now=bench.now)))


@pytest.mark.rfc("3311 4")
def test_an_update_to_who_does_not_take_it() -> None:
    """A peer whose Allow does not name UPDATE is not sent one; one without Allow may be."""
    bench = Bench()
    call = bench.answered(headers=["Allow: INVITE, ACK, BYE"])
    refusal = refused(bench, call, lambda: call.offer(SDP2, method="UPDATE", now=bench.now))
    assert "the peer does not allow it" in str(refusal)
    bench.take(call.offer(SDP2, now=bench.now))


def test_the_dialog_of_a_command_is_its_call_s() -> None:
    """What an event of another call named is of no use here."""
    bench = Bench()
    call, other = up(bench), bench.answered(tag="other")
    leg = other.here
    assert "not this call's" in refused(bench, call, lambda: call.offer(SDP, dialog=leg, now=bench.now)).what
    bench.take(other.offer(SDP, dialog=leg, now=bench.now))


@pytest.mark.rfc("3262 3")
def test_the_peer_decides_whether_ringing_may_be_lost() -> None:
    """Who requires 100rel is rung reliably in any case; who does not know it never is."""
    bench = Bench()
    call = bench.incoming(headers=["Require: 100rel"])
    refused(bench, call, lambda: call.ring(reliable=False, now=bench.now))
    bench.take(call.ring(now=bench.now))
    assert bench.last_response.header("RSeq")
    bench = Bench(policy=Policy(reliable=True))
    call = bench.incoming()
    refused(bench, call, lambda: call.ring(reliable=True, now=bench.now))
    bench.take(call.ring(now=bench.now))
    assert bench.last_response.header("RSeq") is None
    bench = Bench(policy=Policy(reliable=True))
    call = bench.incoming(headers=["Supported: 100rel"])
    bench.take(call.ring(reliable=False, now=bench.now))
    assert bench.last_response.header("RSeq") is None


def test_headers_may_come_from_a_generator() -> None:
    """Checking the headers does not use them up."""
    bench = Bench()

    def lines(value: str) -> Headers:
        yield "X-Mine", value

    call = bench.outgoing(headers=lines("1"))
    bench.receive(bench.response(call.invite, 200, body=SDP2))
    bench.take(call.request("INFO", headers=lines("2"), now=bench.now)[1])
    bench.take(call.hang_up(headers=lines("3"), now=bench.now))
    assert [message.header("X-Mine") for message in bench.sent] == ["1", None, "2", "3"]


@pytest.mark.parametrize("stage", [incoming, up], ids=["incoming", "up"])
def test_what_is_of_the_wrong_type_changes_nothing(stage: Stage) -> None:
    """Text where bytes belong, a status that is no whole number, a Contact that is no address."""
    bench = Bench()
    call, now, text = stage(bench), bench.now, cast(Any, "v=0")
    commands: dict[str, Callable[[], Any]] = {
        "answer": lambda: call.answer(text, now=now),
        "ring": lambda: call.ring(sdp=text, now=now),
        "half a status": lambda: call.answer(SDP, status=cast(Any, 200.5), now=now),
        "redirect": lambda: call.reject(302, headers=[("Contact", "<<<")], now=now),
        "request": lambda: call.request("INFO", body=text, content_type="a/b", now=now),
        "invite": lambda: bench.endpoint.invite("sip:b@192.0.2.9", offer=text, now=now),
        "offer": lambda: call.offer(text, now=now),
        "answer offer": lambda: call.answer_offer(text, now=now),
        "acknowledge": lambda: call.acknowledge(text, now=now),
        "info": lambda: call.info(None, text, "a/b", now=now),
    }
    for command in commands.values():
        refused(bench, call, command)
    to_its_end(bench, call)
