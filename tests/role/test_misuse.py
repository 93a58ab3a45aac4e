"""What the program must not do: refused with a reason, nothing has changed, and the call goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

import pytest

from sipsm import Call, LocalProtocolError
from sipsm.role import Output
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.endpoint.snapshot import snapshot
from tests.role.stages import (
    COMMANDS,
    STAGES,
    Stage,
    accepted,
    acknowledged,
    calling,
    hearing_it_ring,
    hung_up,
    incoming,
    offered,
    over,
    ringing,
    to_its_end,
    up,
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
    bench = Bench()
    call = stage(bench)
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
    ],
    ids=str,
)
def test_a_refusal_tells_why(stage: Stage, name: str, text: str) -> None:
    """The text names the state or the next step."""
    bench = Bench()
    call = stage(bench)
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
    "Content-Type", "c", "Content-Length", "l",
]  # fmt: skip


@pytest.mark.parametrize("header", [*UNWRITABLE, *((name, "7") for name in OWN)], ids=repr)
@pytest.mark.parametrize(("stage", "command"), WITH_HEADERS, ids=lambda part: getattr(part, "__name__", "").strip("<>"))
def test_headers_that_a_command_cannot_send(
    stage: Stage, command: Callable[[Call, Headers, float], list[Output]], header: tuple[str, str]
) -> None:
    """Neither what would break a message nor what the core writes itself can be added, and the call goes on."""
    bench = Bench()
    call = stage(bench)
    refused(bench, call, lambda: command(call, [("X-Fine", "1"), header], bench.now))
    bench.take(command(call, [("X-Fine", "1")], bench.now))
    to_its_end(bench, call)


@pytest.mark.parametrize(("stage", "command"), WITH_HEADERS, ids=lambda part: getattr(part, "__name__", "").strip("<>"))
def test_headers_of_a_command_are_sent(stage: Stage, command: Callable[[Call, Headers, float], list[Output]]) -> None:
    """What the program adds stands in the message, also in one that has to wait for the peer first."""
    bench = Bench()
    call = stage(bench)
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
    }
    for command in commands.values():
        refused(bench, call, command)
    to_its_end(bench, call)
