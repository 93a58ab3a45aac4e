"""`sipsm subscribe`: what it asks a notifier, what it tells, and how it ends."""

from __future__ import annotations

import signal
import socket

import pytest

from tests.cli.programs import running, sipsm, told

pytestmark = pytest.mark.slow

NOTIFIER = ("notifier", "--event", "door", "--type", "text/plain", "--state", "open", "--bind", "udp:127.0.0.1:0")


@pytest.mark.rfc("6665 4.1.2.1", "6665 4.1.2.3")
def test_a_subscription_for_a_while() -> None:
    """It tells the state, unsubscribes after its duration, and waits for the last NOTIFY."""
    with running(*NOTIFIER) as server:
        uri = f"sip:bob@127.0.0.1:{server.port}"
        done = sipsm("subscribe", uri, "--event", "door", "--duration", "0.2", "--expires", "100", "--json")
    assert done.returncode == 0, done.stderr
    assert [e["state"] for e in told(done.stdout, "state")] == ["active", "ended"]
    assert told(done.stdout, "state")[-1]["reason"] == "unsubscribed"
    notified = [(e["state"], e["body"]) for e in told(done.stdout, "notify")]
    assert notified == [("active", "open"), ("terminated", "open")]


@pytest.mark.rfc("6665 4.4.3")
def test_a_fetch() -> None:
    """With --expires 0 it tells the state once."""
    with running(*NOTIFIER) as server:
        uri = f"sip:bob@127.0.0.1:{server.port}"
        done = sipsm("subscribe", uri, "--event", "door", "--expires", "0", "--accept", "text/plain", "--trace")
    assert done.returncode == 0, done.stderr
    assert "terminated;reason=timeout\nopen\n" in done.stdout
    assert "ended (fetched)" in done.stdout
    assert "Accept: text/plain\n" in done.stderr


@pytest.mark.rfc("6665 4.1.2.3")
def test_it_is_told_to_end() -> None:
    """SIGTERM ends it in order."""
    with running(*NOTIFIER) as server:
        uri = f"sip:bob@127.0.0.1:{server.port}"
        with running("subscribe", uri, "--event", "door") as client:
            client.until(event="notify", state="active")
            assert client.end(signal.SIGINT) == 0
    assert told(client.output, "state")[-1]["reason"] == "unsubscribed"


@pytest.mark.rfc("6665 4.1.3", "6665 8.3.2")
def test_it_is_refused_or_ended() -> None:
    """Exit 1: the notifier has no such package, or ends it for good."""
    with running(*NOTIFIER) as server:
        uri = f"sip:bob@127.0.0.1:{server.port}"
        refused = sipsm("subscribe", uri, "--event", "window", "--json")
        with running("subscribe", uri, "--event", "door") as client:
            client.until(event="notify", state="active")
            server.end()
            client.until(event="state", state="ended", reason="noresource")
            assert client.wait() == 1
    assert (refused.returncode, told(refused.stdout, "state")[-1]["code"]) == (1, 489)


def test_nobody_answers() -> None:
    """Exit 3, when the time that it was given is over."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        uri = f"sip:bob@127.0.0.1:{deaf.getsockname()[1]}"
        assert sipsm("subscribe", uri, "--event", "door", "--timeout", "0.2").returncode == 3


def test_what_is_wrong() -> None:
    """Exit 2: no package, two of them, a duration that is none."""
    uri = "sip:bob@127.0.0.1"
    for words in ([], ["--event", "a,b"], ["--event", "a b"], ["--event", "door", "--expires", "-1"]):
        assert sipsm("subscribe", uri, *words).returncode == 2
