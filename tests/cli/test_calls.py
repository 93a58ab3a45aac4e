"""What can be done in a call: `--do` at both ends, reliable responses, redirections, Replaces, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sipsm.sdp import hold
from tests.adapters.peer import SDP, Peer, Stage, branch_of, header, peer_at, tag_of
from tests.cli.programs import running, sipsm, told, uas

pytestmark = pytest.mark.slow

STRANGE = SDP.replace(b"RTP/AVP 0", b"RTP/AVP 97").replace(b"a=rtpmap:0 PCMU/8000", b"a=rtpmap:97 X/8000")
"""An offer that has nothing in common with what is spoken."""


def states(output: str) -> list[str]:
    """The states that calls went through."""
    return [event["state"] for event in told(output, "state")]


def messages(trace: str, start: str) -> list[str]:
    """The messages of a trace that start like this."""
    whole = (message.partition("\n")[2] for message in trace.split("--- "))
    return [message for message in whole if message.startswith(start)]


@pytest.mark.rfc("3261 14.1", "3264 8", "3311 5.1", "6086 3")
def test_a_script_of_the_caller(tmp_path: Path) -> None:
    """Each step is done when its transaction is over, and both ends tell the same states, `held` among them."""
    (tmp_path / "body").write_bytes(b"Signal=5")
    script = (
        "wait established; hold; resume; media audio+video; media audio; update;"
        f"info application/dtmf-relay @{tmp_path / 'body'}; bye"
    )
    with uas() as (server, uri):
        done = sipsm("call", uri, "--do", script, "--json", "--trace")
        server.until(event="state", state="ended")
    assert done.returncode == 0, done.stdout
    assert states(done.stdout) == states(server.output)
    assert states(done.stdout) == ["ringing", "established", "held", "established", "ended"]
    methods = ["INVITE", "ACK", *["INVITE", "ACK"] * 4, "UPDATE", "INFO", "BYE"]
    assert [event["method"] for event in told(server.output, "request")] == methods
    (info,) = told(server.output, "info")
    assert (info["package"], info["type"], info["body"]) == (None, "application/dtmf-relay", "Signal=5")
    _, held, resumed, both, audio = messages(done.stderr, "INVITE ")
    assert "\na=sendonly\n" in held
    assert "\na=sendonly\n" not in resumed
    assert "\nm=video 49172 RTP/AVP 96\n" in both
    assert "\nm=video 0 RTP/AVP 96\n" in audio
    versions = [line.split()[2] for line in done.stderr.splitlines() if line.startswith("o=")]
    assert [versions[2 * at] for at in range(6)] == ["1", "2", "3", "4", "5", "5"]


@pytest.mark.rfc("3261 14.2", "3264 8.4", "3311 5.2")
def test_a_script_of_the_callee() -> None:
    """The callee changes its calls just as well, and ends them."""
    with uas("--do", "wait established; hold; resume; update; info text/plain hello; bye") as (server, uri):
        done = sipsm("call", uri, "--json")
        server.until(event="state", state="ended")
    assert done.returncode == 0, done.stdout
    assert states(done.stdout) == states(server.output)
    assert states(done.stdout) == ["ringing", "established", "held", "established", "ended"]
    assert [event["method"] for event in told(done.stdout, "request")][-3:] == ["UPDATE", "INFO", "BYE"]
    assert told(done.stdout, "info")[0]["body"] == "hello"


@pytest.mark.rfc("3264 6.1", "6337 5.3")
def test_who_holds_goes_on_holding() -> None:
    """While we hold, an offer of the other end is answered with what a hold allows; and a hold of both ends is one."""
    script = "wait established; hold; info text/plain now; sleep 60"
    with uas() as (server, uri), running("call", uri, "--do", script) as client:
        server.until(event="info")
        assert client.end() == 0
    with uas("--do", "wait established; hold; media audio+video; bye") as (server, uri):
        done = sipsm("call", uri, "--json", "--trace")
    assert states(done.stdout) == ["ringing", "established", "held", "ended"]
    *_, both = messages(done.stderr, "INVITE ")
    assert both.count("\na=sendonly\n") == 2


@pytest.mark.rfc("3262 3", "3262 4", "3262 5")
def test_provisional_responses_are_sent_reliably() -> None:
    """A 183 with the answer, or with the offer where the INVITE has none; also where only the caller wants that."""
    with uas("--ring", "183", "--reliable") as (_, uri):
        answered = sipsm("call", uri, "--duration", "0", "--trace")
        offered = sipsm("call", uri, "--duration", "0", "--trace", "--no-offer")
    with uas() as (_, uri):
        required = sipsm("call", uri, "--duration", "0", "--trace", "--header", "Require: 100rel", "--no-offer")
        unreliable = sipsm("call", uri, "--duration", "0", "--trace")
    for done in (answered, offered, required, unreliable):
        assert done.returncode == 0, done.stderr
    where = [
        [" ".join(m.split(" ")[:2]).replace("SIP/2.0 ", "") for m in messages(done.stderr, "") if "\nm=audio" in m]
        for done in (answered, offered, required)
    ]
    assert [each.partition(" sip")[0] for each in where[0]] == ["INVITE", "183"]
    assert [each.partition(" sip")[0] for each in where[1]] == ["183", "PRACK"]
    assert [each.partition(" sip")[0] for each in where[2]] == ["180", "PRACK"]
    assert messages(unreliable.stderr, "PRACK") == []


@pytest.mark.rfc("3311 5.1", "3311 5.2")
def test_an_update_before_the_answer() -> None:
    """Once the early exchange is complete, either side may change the session by UPDATE while it rings."""
    script = "wait ringing; update; wait established; bye"
    with uas("--ring", "183", "--reliable", "--ring-time", "0.5", "--do", script) as (server, uri):
        done = sipsm("call", uri, "--json")
        server.until(event="state", state="ended")
    assert done.returncode == 0, done.stdout
    assert [event["method"] for event in told(done.stdout, "request")] == ["UPDATE", "BYE"]
    codes = [(event["method"], event["code"]) for event in told(done.stdout, "response")]
    assert codes == [("INVITE", 183), ("PRACK", 200), ("INVITE", 200)]


@pytest.mark.rfc("3261 8.1.3.4")
def test_a_redirection_is_followed_where_that_is_wanted() -> None:
    """--follow calls whom the 302 names; without it, the 302 is the end."""
    with uas() as (_, target), uas("--answer", "302", "--contact", target, "--ring", "0") as (_, uri):
        followed = sipsm("call", uri, "--follow", "--duration", "0", "--json")
        refused = sipsm("call", uri, "--json")
    assert (followed.returncode, refused.returncode) == (0, 1)
    assert told(followed.stdout, "redirected")[0]["target"] == target
    assert states(followed.stdout) == ["ringing", "established", "ended"]


@pytest.mark.rfc("4028 7.1", "4028 9")
def test_a_session_timer_is_agreed() -> None:
    """--session-expires asks for it, and both ends know of it."""
    with uas() as (_, uri):
        done = sipsm("call", uri, "--session-expires", "90", "--duration", "0", "--trace")
    assert done.returncode == 0, done.stderr
    (invite,) = messages(done.stderr, "INVITE ")
    accepted = next(each for each in messages(done.stderr, "SIP/2.0 200 ") if "INVITE" in each)
    assert "\nSession-Expires: 90" in invite
    assert "\nSession-Expires: 90;refresher=uac\n" in accepted


def test_a_script_cancels() -> None:
    """`cancel` gives up while it rings: done as asked."""
    with uas("--ring-time", "60") as (server, uri):
        done = sipsm("call", uri, "--do", "wait ringing; cancel", "--json")
        assert server.until(event="state", state="ended")["reason"] == "cancelled-by-peer"
    assert done.returncode == 0


@contextmanager
def other_end() -> Iterator[Stage]:
    """A peer by hand."""
    with peer_at("127.0.0.1") as stage:
        stage.peer.ignores_repeats = True
        yield stage


def called(peer: Peer, *headers: str) -> str:
    """Take a call."""
    invite = peer.hear("INVITE ")
    peer.respond(invite, "200 OK", *headers, body=SDP)
    peer.hear("ACK ")
    return invite


@pytest.mark.rfc("3261 14.1", "3311 4")
def test_a_step_that_is_refused() -> None:
    """What the other end refuses, or cannot do, is told; the script goes on, and the exit code is 1."""

    def callee(peer: Peer) -> None:
        called(peer, "Allow: INVITE, ACK, BYE, INFO")
        peer.respond(peer.hear("INVITE "), "488 Not Acceptable Here")
        peer.hear("ACK ")
        peer.respond(peer.hear("INFO "), "415 Unsupported Media Type")
        peer.respond(peer.hear("BYE "), "200 OK")

    with other_end() as stage:
        stage.play(callee)
        script = "hold; update; info text/plain x; cancel; wait ringing; bye; sleep 60"
        done = sipsm("call", stage.uri, "--do", script, "--json")
    assert done.returncode == 1, done.stderr
    errors = [event["text"] for event in told(done.stdout, "error")]
    assert errors[0] == "hold: 488 Not Acceptable Here"
    assert errors[1].startswith("update: ")
    assert "does not allow" in errors[1]
    assert errors[2] == "info text/plain: 415 Unsupported Media Type"
    assert errors[3].startswith("cancel: ")
    assert len(errors) == 4
    assert states(done.stdout) == ["established", "ended"]


@pytest.mark.rfc("3261 14.1")
def test_what_collides_is_tried_again() -> None:
    """A 491 is no end of a step: after a while it is tried once more."""

    def caller(peer: Peer) -> None:
        invite = peer.ask("INVITE", body=SDP)
        peer.hear("SIP/2.0 180 ")
        answer = peer.hear("SIP/2.0 200 ")
        peer.ask("ACK", like=invite, to_tag=tag_of(answer))
        peer.respond(peer.hear("INVITE "), "491 Request Pending")
        peer.hear("ACK ")
        peer.respond(peer.hear("INVITE "), "200 OK", body=SDP)
        peer.hear("ACK ")
        peer.respond(peer.hear("BYE "), "200 OK")

    with uas("--do", "wait established; hold; bye") as (server, uri), other_end() as stage:
        stage.play(caller, ("127.0.0.1", int(uri.rpartition(":")[2])))
        server.until(event="state", state="held")
        assert server.until(event="state", state="ended")["reason"] == "hung-up"


@pytest.mark.rfc("3261 14.1", "5407 3.3.1")
def test_what_collides_is_offered_anew_where_the_session_has_changed() -> None:
    """While a step waited after a 491 the other end put us on hold: then the hold is asked of the session as it is."""

    def callee(peer: Peer) -> None:
        invite = called(peer)
        peer.respond(peer.hear("INVITE "), "491 Request Pending")
        peer.hear("ACK ")
        named = {"From": header(invite, "To") + ";tag=peer", "Call-ID": header(invite, "Call-ID")}
        like = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        tag = header(invite, "From").split(";tag=")[1]
        peer.ask("INVITE", like=like, to_tag=tag, body=bytes(hold(SDP)))
        assert "\na=recvonly" in peer.hear("SIP/2.0 200 ")
        peer.ask("ACK", like=like, to_tag=tag)
        again = peer.hear("INVITE ")
        assert "\na=inactive" in again
        peer.respond(again, "200 OK", body=SDP)
        peer.hear("ACK ")
        peer.respond(peer.hear("BYE "), "200 OK")

    with other_end() as stage:
        stage.play(callee)
        done = sipsm("call", stage.uri, "--do", "hold; bye", "--json")
    assert (done.returncode, told(done.stdout, "error")) == (0, [])


@pytest.mark.rfc("3261 14.2", "3264 6", "6086 4.2.2")
def test_what_a_server_refuses() -> None:
    """An offer with nothing in common gets 488, also in a call, which goes on; an unknown INFO package gets 469."""

    def caller(peer: Peer) -> None:
        strange = peer.ask("INVITE", body=STRANGE)
        refused = peer.hear("SIP/2.0 488 ")
        peer.ask("ACK", like=strange, to_tag=tag_of(refused), branch=branch_of(strange))
        broken = peer.ask("INVITE", body=b"v=0\r\nm=\r\n")
        refused = peer.hear("SIP/2.0 400 ")
        peer.ask("ACK", like=broken, to_tag=tag_of(refused), branch=branch_of(broken))
        invite = peer.ask("INVITE", body=SDP)
        tag = tag_of(peer.hear_final("SIP/2.0 200 "))
        peer.ask("ACK", like=invite, to_tag=tag)
        again = peer.ask("INVITE", like=invite, to_tag=tag, cseq=2, body=STRANGE)
        peer.hear("SIP/2.0 488 ")
        peer.ask("ACK", like=invite, to_tag=tag, cseq=2, branch=branch_of(again))
        peer.ask("INVITE", like=invite, to_tag=tag, cseq=3)
        assert "\nm=audio" in peer.hear("SIP/2.0 200 ")
        peer.ask("ACK", like=invite, to_tag=tag, cseq=3, body=SDP)
        peer.ask("INFO", "Info-Package: bar", like=invite, to_tag=tag, cseq=4)
        assert header(peer.hear("SIP/2.0 469 "), "Recv-Info") == "foo"
        peer.ask("INFO", "Info-Package: foo", like=invite, to_tag=tag, cseq=5)
        peer.hear("SIP/2.0 200 ")
        peer.ask("MESSAGE", like=invite, to_tag=tag, cseq=6)
        peer.hear("SIP/2.0 200 ")
        peer.ask("MESSAGE")
        peer.hear("SIP/2.0 200 ")
        peer.ask("BYE", like=invite, to_tag=tag, cseq=7)
        peer.hear("SIP/2.0 200 ")

    with uas("--recv-info", "foo") as (server, uri), other_end() as stage:
        stage.play(caller, ("127.0.0.1", int(uri.rpartition(":")[2])))
        server.until(event="state", reason="hung-up-by-peer")
    assert [event["package"] for event in told(server.output, "info")] == ["foo"]
    assert ["call" in event for event in told(server.output, "message")] == [True, False]


@pytest.mark.rfc("3261 13.2.2.4")
def test_an_offer_that_cannot_be_refused_is_answered_and_the_call_ended() -> None:
    """In a 2xx, whose ACK refuses each stream before the BYE; in a reliable response, whose PRACK does, a CANCEL."""

    def answers(peer: Peer) -> None:
        peer.respond(peer.hear("INVITE "), "200 OK", body=STRANGE)
        assert "\nm=audio 0 " in peer.hear("ACK ")
        peer.respond(peer.hear("BYE "), "200 OK")

    def rings(peer: Peer) -> None:
        invite = peer.hear("INVITE ")
        peer.respond(invite, "183 Session Progress", "Require: 100rel", "RSeq: 1", body=STRANGE)
        prack = peer.hear("PRACK ")
        assert "\nm=audio 0 " in prack
        cancel = peer.hear("CANCEL ")
        peer.respond(prack, "200 OK")
        peer.respond(cancel, "200 OK")
        peer.respond(invite, "487 Request Terminated")
        peer.hear("ACK ")

    for callee in (answers, rings):
        with other_end() as stage:
            stage.play(callee)
            done = sipsm("call", stage.uri, "--no-offer", "--json")
        assert told(done.stdout, "error")[0]["text"] == "no stream of the offer can be accepted"
        assert states(done.stdout)[-1] == "ended"


@pytest.mark.rfc("3891 3")
def test_a_call_takes_the_place_of_another() -> None:
    """An INVITE with Replaces is answered, and the call that it names gets a BYE."""

    def first_caller(peer: Peer) -> None:
        invite = peer.ask("INVITE", body=SDP)
        answer = peer.hear_final("SIP/2.0 200 ")
        from_tag = header(invite, "From").split(";tag=")[1]
        named.append(f"{header(invite, 'Call-ID')};to-tag={tag_of(answer)};from-tag={from_tag}")
        peer.ask("ACK", like=invite, to_tag=tag_of(answer))
        peer.respond(peer.hear("BYE "), "200 OK")

    named: list[str] = []
    with uas() as (server, uri), other_end() as stage:
        stage.play(first_caller, ("127.0.0.1", int(uri.rpartition(":")[2])))
        server.until(event="state", state="established")
        done = sipsm("call", uri, "--duration", "0", "--header", f"Replaces: {named[0]}")
        unknown = sipsm("call", uri, "--header", "Replaces: nobody;to-tag=a;from-tag=b")
        server.until(event="state", state="ended", reason="replaced")
    assert (done.returncode, unknown.returncode) == (0, 1)
