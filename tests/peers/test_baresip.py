"""A real phone, baresip, called by us and calling us."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adapters.certificates import LOOPBACK, trusted
from tests.cli.programs import running, sipsm, told, uas
from tests.cli.test_tls import AT, certified, transports
from tests.peers.baresip import phone

pytestmark = pytest.mark.slow

HELD = ["ringing", "established", "held", "established", "ended"]


def states(output: str) -> list[str]:
    """The states that calls went through."""
    return [event["state"] for event in told(output, "state")]


@pytest.mark.rfc("3261 13.3.1.4", "3261 14.2", "3264 8.4")
def test_the_phone_calls_us(tmp_path: Path) -> None:
    """It hears early media, puts us on hold, takes us back, and hangs up."""
    with phone(tmp_path) as baresip, uas("--ring", "183") as (server, uri):
        baresip.does("dial", uri)
        baresip.until("CALL_PROGRESS")
        baresip.until("CALL_ESTABLISHED")
        server.until(event="state", state="established")
        baresip.does("hold")
        server.until(event="state", state="held")
        server.until(event="request", method="ACK")
        baresip.does("resume")
        server.until(event="state", state="established")
        server.until(event="request", method="ACK")
        baresip.does("hangup")
        assert server.until(event="state", state="ended")["reason"] == "hung-up-by-peer"
        baresip.until("CALL_CLOSED")
    assert states(server.output) == HELD


@pytest.mark.rfc("3261 14.1", "3264 8.4")
def test_we_change_a_call_of_the_phone(tmp_path: Path) -> None:
    """As the callee we put it on hold, take it back, and hang up; what we refuse is over for it."""
    with phone(tmp_path) as baresip:
        with uas("--do", "wait established; hold; resume; bye") as (server, uri):
            baresip.does("dial", uri)
            baresip.until("CALL_CLOSED")
            assert server.until(event="state", state="ended")["reason"] == "hung-up"
        assert states(server.output) == HELD
        with uas("--answer", "486") as (server, uri):
            baresip.does("dial", uri)
            assert baresip.until("CALL_CLOSED")["param"].startswith("486")
            server.until(event="state", state="ended")


@pytest.mark.rfc("3261 13.2.2.4", "3261 14.1", "3264 8.4", "6086 3")
def test_we_call_the_phone(tmp_path: Path) -> None:
    """It answers; we put it on hold, take it back, press a key by INFO, and hang up."""
    with phone(tmp_path, answers=True) as baresip:
        digit = tmp_path / "digit"
        digit.write_bytes(b"Signal=5\r\nDuration=160\r\n")
        script = f"wait established; hold; resume; info application/dtmf-relay @{digit}; bye"
        done = sipsm("call", baresip.uri, "--do", script, "--json", "--session-expires", "90")
        baresip.until("CALL_ESTABLISHED")
        assert baresip.until("CALL_DTMF_START")["param"] == "5"
        baresip.until("CALL_CLOSED")
    assert done.returncode == 0, done.stdout + done.stderr
    assert states(done.stdout)[-4:] == HELD[-4:]
    answered = [(event["method"], event["code"]) for event in told(done.stdout, "response") if event["code"] >= 200]
    assert answered == [("INVITE", 200)] * 3 + [("INFO", 200), ("BYE", 200)]


@pytest.mark.rfc("3261 9.1", "3261 15.1.2")
def test_the_phone_rings(tmp_path: Path) -> None:
    """We give up while it rings; another time it answers, and hangs up."""
    with phone(tmp_path) as baresip:
        done = sipsm("call", baresip.uri, "--do", "wait ringing; cancel", "--json")
        baresip.until("CALL_CLOSED")
        assert done.returncode == 0, done.stdout
        assert told(done.stdout, "state")[-1]["reason"] == "cancelled"
        with running("call", baresip.uri) as client:
            baresip.until("CALL_INCOMING")
            baresip.does("accept")
            client.until(event="state", state="established")
            baresip.until("CALL_ESTABLISHED")
            baresip.does("hangup")
            assert client.wait() == 0
    assert told(client.output, "state")[-1]["reason"] == "hung-up-by-peer"


@pytest.mark.rfc("3261 26.2.1")
def test_calls_over_tls(tmp_path: Path) -> None:
    """It proves who it is and we prove who we are, whoever calls; each hangs up once, on a connection of his own."""
    with phone(tmp_path, answers=True, certificate=trusted().issue(*LOOPBACK)) as baresip:
        script = "wait established; hold; resume; bye"
        done = sipsm("call", baresip.uri, "--do", script, "--json", "--trace", *certified())
        baresip.until("CALL_CLOSED")
        assert done.returncode == 0, done.stdout + done.stderr
        assert transports(done.stderr) == {"tls"}
        for ours in ([], ["--hangup-after", "0.1"]):
            with running("uas", "--bind", AT, *certified(), *ours) as server:
                baresip.does("dial", f"sip:bob@127.0.0.1:{server.port}")
                baresip.until("CALL_ESTABLISHED")
                server.until(event="state", state="established")
                if not ours:
                    baresip.does("hangup")
                reason = server.until(event="state", state="ended")["reason"]
                assert reason == ("hung-up" if ours else "hung-up-by-peer")
                baresip.until("CALL_CLOSED")
                assert server.end() == 0


def test_a_phone_that_proves_to_be_another(tmp_path: Path) -> None:
    """It is not called."""
    with phone(tmp_path, answers=True, certificate=trusted().issue("phone.example")) as baresip:
        done = sipsm("call", baresip.uri, *certified())
    assert done.returncode == 3
    assert "its certificate is for phone.example, not 127.0.0.1" in done.stdout
