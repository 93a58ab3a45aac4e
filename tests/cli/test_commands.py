"""`uas`, `call` and `options` with each other, over real sockets, each in a process of its own."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest

from tests.cli.programs import events, running, sipsm, told, uas

pytestmark = pytest.mark.slow


def states(output: str) -> list[str]:
    """The states that calls went through."""
    return [event["state"] for event in told(output, "state")]


def test_a_call_that_the_caller_ends() -> None:
    """Both ends tell what they hear of each other, and in which states the call was."""
    with uas() as (server, uri):
        done = sipsm("call", uri, "--duration", "0.1", "--json")
        server.until(event="state", state="ended")
    assert done.returncode == 0, done.stderr
    assert states(done.stdout) == states(server.output) == ["ringing", "established", "ended"]
    assert [(e["method"], e["code"]) for e in told(done.stdout, "response")] == [
        ("INVITE", 180),
        ("INVITE", 200),
        ("BYE", 200),
    ]
    assert [e["method"] for e in told(server.output, "request")] == ["INVITE", "ACK", "BYE"]
    assert events(done.stdout)[0]["event"] == "listening"
    assert len({e["call"] for output in (done.stdout, server.output) for e in told(output, "state")}) == 1


def test_a_call_that_the_callee_ends() -> None:
    """Without --duration the caller stays until the other end hangs up, here with a header of its own."""
    with uas("--hangup-after", "0.1", "--header", "Subject: enough") as (_, uri):
        done = sipsm("call", uri, "--trace")
    assert done.returncode == 0, done.stderr
    assert "hung up by peer" in done.stdout
    assert "Subject: enough" in done.stderr


@pytest.mark.rfc("3261 13.2.1", "3261 13.3.1.4")
def test_the_answer_may_come_early_and_the_offer_late() -> None:
    """A 183 shows the answer that the 200 repeats; without an offer in the INVITE the ACK carries the answer."""
    with uas("--ring", "183") as (_, uri):
        early = sipsm("call", uri, "--duration", "0", "--trace")
        late = sipsm("call", uri, "--duration", "0", "--trace", "--no-offer")
    assert early.returncode == late.returncode == 0
    messages = early.stderr.split("--- ")
    shown, repeated = (next(m for m in messages if f"SIP/2.0 {status}" in m) for status in ("183", "200"))
    assert shown.partition("\n\n")[2] == repeated.partition("\n\n")[2] != ""
    messages = late.stderr.split("--- ")
    with_sdp = [m.split("\n")[1].split(" ")[0:2] for m in messages if "\nm=audio" in m]
    assert with_sdp[0] == ["SIP/2.0", "200"]
    assert with_sdp[1][0] == "ACK"
    assert len(with_sdp) == 2


@pytest.mark.parametrize(
    ("how", "code", "heard"),
    [
        (("--answer", "486"), 486, "180"),
        (("--answer", "302", "--contact", "sip:carol@192.0.2.9", "--ring", "0"), 302, "<sip:carol@192.0.2.9>"),
    ],
)
def test_a_call_that_is_refused(how: tuple[str, ...], code: int, heard: str) -> None:
    """A final response of 300 or more is exit 1, and is acknowledged."""
    with uas(*how) as (server, uri):
        done = sipsm("call", uri, "--json", "--trace")
        server.until(event="state", state="ended")
    assert done.returncode == 1
    assert told(done.stdout, "response")[-1]["code"] == code
    assert heard in done.stderr
    assert "ACK sip:" in done.stderr


@pytest.mark.rfc("3261 9.1", "3261 9.2")
def test_a_call_that_is_cancelled_as_asked() -> None:
    """Cancelled before it was answered: 0, and the callee knows."""
    with uas("--ring-time", "60") as (server, uri):
        done = sipsm("call", uri, "--cancel-after", "0.1", "--json")
        reason = server.until(event="state", state="ended")["reason"]
    assert done.returncode == 0
    assert reason == "cancelled-by-peer"
    assert [(e["method"], e["code"]) for e in told(done.stdout, "response")] == [
        ("INVITE", 180),
        ("CANCEL", 200),
        ("INVITE", 487),
    ]


def test_time_is_over() -> None:
    """--timeout is exit 3: at once where nobody has answered, and with a goodbye where somebody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        target = f"sip:bob@127.0.0.1:{silent.getsockname()[1]}"
        nobody = sipsm("call", target, "--timeout", "0.1")
        asked = sipsm("options", target, "--timeout", "0.1")
    with uas("--ring-time", "60") as (server, uri):
        ringing = sipsm("call", uri, "--timeout", "1")
        server.until(event="state", state="ended")
    assert nobody.returncode == asked.returncode == ringing.returncode == 3
    assert nobody.stderr == asked.stderr == "sipsm: not done after 0.1 s\n"


def test_there_is_no_way() -> None:
    """An address that cannot be bound, or a name that has none: exit 3, and standard error says why."""
    with uas() as (server, uri):
        taken = sipsm("options", uri, "--bind", f"udp:{uri.partition('@')[2]}")
        unfit = sipsm("options", uri, "--bind", "udp:[::1]:0")
        assert server.end() == 0
    nowhere = sipsm("options", "sip:bob@nowhere.invalid")
    assert [done.returncode for done in (taken, unfit, nowhere)] == [3, 3, 3]
    assert "cannot listen" in taken.stderr
    assert "no --bind fits" in unfit.stderr
    assert "has no address" in nowhere.stderr


def test_what_cannot_be_spoken_is_wrong_usage() -> None:
    """A URI that does not say where to send, or says it in a transport that is not spoken: exit 2."""
    for uri in ("tel:123", "sips:bob@192.0.2.4;transport=udp", "sip:bob@192.0.2.4;transport=sctp"):
        assert sipsm("call", uri).returncode == 2
    only_tcp = sipsm("call", "sip:bob@127.0.0.1;transport=udp", "--bind", "tcp:127.0.0.1:0")
    assert (only_tcp.returncode, "only TCP is spoken" in only_tcp.stderr) == (2, True)


@pytest.mark.rfc("3261 11.2")
def test_options_shows_what_the_other_end_can_do() -> None:
    """Allow, Accept and Supported are printed."""
    with uas() as (_, uri):
        for_people = sipsm("options", uri)
        for_scripts = sipsm("options", "sip:anybody@example.com", "--proxy", uri, "--json")
    assert for_people.returncode == for_scripts.returncode == 0
    allow = "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, MESSAGE, NOTIFY, SUBSCRIBE, REFER"
    supported = "Supported: 100rel, timer, replaces"
    assert f"{allow}\nAccept: application/sdp, text/plain\n{supported}" in for_people.stdout
    (told_by_json,) = told(for_scripts.stdout, "capabilities")
    assert "INVITE" in told_by_json["allow"]
    assert told_by_json["accept"] == ["application/sdp", "text/plain"]


@pytest.mark.rfc("3428 4", "3428 5", "3428 7")
def test_a_message_is_sent_and_shown() -> None:
    """The server shows what it says; an `im:` URI leads there too; one that is refused or unanswered is no success."""
    with uas() as (server, uri):
        done = sipsm("message", uri, "grüß dich")
        shown = server.until(event="message")
        also = sipsm("message", f"im:bob@{uri.partition('@')[2].partition(':')[0]}", "x", "--proxy", uri, "--json")
        long = sipsm("message", uri, "x" * 1300)
        refused = sipsm("message", uri, "x", "--header", "Require: wings")
    assert (shown["type"], shown["body"]) == ("text/plain", "grüß dich")
    assert (done.returncode, also.returncode, long.returncode, refused.returncode) == (0, 0, 2, 1)
    assert "received 200 OK to MESSAGE" in done.stdout
    assert "may congest" in long.stderr
    assert [(each["method"], each["code"]) for each in told(also.stdout, "response")] == [("MESSAGE", 200)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        target = f"sip:bob@127.0.0.1:{silent.getsockname()[1]}"
        assert sipsm("message", target, "x", "--timeout", "0.1").returncode == 3


def test_ipv6_and_wildcards() -> None:
    """A server at several addresses; others are told one that they can reach."""
    with running("uas", "--bind", "udp:[::1]:0", "--bind", "udp:0.0.0.0:0") as server:
        there = [server.until(event="listening")["bind"] for _ in range(2)]
        assert there[0].startswith("udp:[::1]:")
        six = sipsm("call", f"sip:bob@{there[0][4:]}", "--duration", "0")
        four = sipsm(
            "call", f"sip:bob@127.0.0.1:{there[1].rpartition(':')[2]}", "--duration", "0", "--bind", "udp:0.0.0.0:0"
        )
        assert server.end() == 0
    assert six.returncode == four.returncode == 0, six.stderr + four.stderr


def test_a_signal_ends_a_call_in_order() -> None:
    """SIGINT hangs up a call that is up, and cancels one that rings; both are as asked."""
    with uas() as (server, uri), running("call", uri) as client:
        client.until(event="state", state="established")
        assert client.end(signal.SIGINT) == 0
        assert server.until(event="state", state="ended")["reason"] == "hung-up-by-peer"
    with uas("--ring-time", "60") as (server, uri), running("call", uri) as client:
        client.until(event="state", state="ringing")
        assert client.end() == 0
        assert server.until(event="state", state="ended")["reason"] == "cancelled-by-peer"


def test_a_signal_ends_a_server_in_order() -> None:
    """SIGTERM: calls that are up get a BYE, those that ring a final response, and the exit code is 0."""
    with uas() as (server, uri), running("call", uri) as client:
        server.until(event="state", state="established")
        assert server.end() == 0
        assert client.until(event="state", state="ended")["reason"] == "hung-up-by-peer"
        assert client.wait() == 0
    with uas("--ring-time", "60") as (server, uri), running("call", uri) as client:
        client.until(event="state", state="ringing")
        assert server.end() == 0
        assert client.until(event="state", state="ended")["code"] == 480
        assert client.wait() == 1


def test_bad_packets_are_told_and_change_nothing() -> None:
    """What is no SIP is dropped with its reason, and the next call is answered."""
    with uas() as (server, uri):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(b"GET / HTTP/1.1\r\n\r\n", ("127.0.0.1", int(uri.rpartition(":")[2])))
        assert server.until(event="dropped")["reason"] in {"not-sip", "malformed"}
        assert sipsm("call", uri, "--duration", "0").returncode == 0


def test_what_happened_is_saved_and_explained(tmp_path: Path) -> None:
    """--save writes the ladder; --explain puts states, timers and sections beside the messages."""
    ladder = tmp_path / "call.txt"
    with uas() as (_, uri):
        done = sipsm("call", uri, "--duration", "0", "--save", str(ladder), "--explain")
    assert done.returncode == 0, done.stderr
    for text in (ladder.read_text("utf-8"), done.stderr):
        assert "INVITE---" in text
        assert "3261 17.1.1.2" in text
        assert "Calling -> Proceeding" in text


def test_a_ladder_that_cannot_be_saved_is_told(tmp_path: Path) -> None:
    """Before anything is sent: what could not be kept is not done. And after, where the place has gone meanwhile."""
    done = sipsm("options", "sip:192.0.2.1", "--save", str(tmp_path / "no" / "such" / "folder.txt"))
    assert (done.returncode, "cannot be written" in done.stderr) == (2, True)
    folder = tmp_path / "soon gone"
    folder.mkdir()
    with uas() as (_, uri), running("options", uri, "--linger", "60", "--save", str(folder / "a.txt")) as client:
        client.until(event="capabilities")
        folder.rmdir()
        assert client.end() == 2


def test_who_lingers_can_be_sent_away() -> None:
    """--linger stays for stragglers after the end; a signal ends that, and the command was done all the same."""
    with uas() as (_, uri), running("options", uri, "--linger", "60") as client:
        client.until(event="capabilities")
        assert client.end() == 0


def test_a_second_signal_ends_at_once() -> None:
    """A CANCEL must wait for a provisional response (RFC 3261 9.1); who does not want to wait says so twice."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        with running("call", f"sip:bob@127.0.0.1:{silent.getsockname()[1]}") as client:
            client.until(event="listening")
            client.process.send_signal(signal.SIGINT)
            assert client.end() == 3
