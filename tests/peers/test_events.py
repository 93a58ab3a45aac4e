"""Subscriptions, publications, REFER and requests outside dialogs, with SIPp at the other end, in both roles, over UDP.

Each scenario is a file in `scenarios`, which says what SIPp sends, and what it must get. A message that it does not
expect fails the scenario, and so does one that is not as it must be.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

import pytest

from sipsm import (
    NotifyReceived,
    ReferEnded,
    ReferProgress,
    RefreshFailed,
    Resubscribing,
    SubscriptionActive,
    SubscriptionEnded,
    SubscriptionEndReason,
    SubscriptionPending,
    TimerValues,
)
from sipsm_blocking import UserAgent
from tests.cli.programs import running, sipsm, told, uas
from tests.peers.hearing import Hearing
from tests.peers.programs import ended, free_port, sipp
from tests.peers.test_scenarios import scenario

pytestmark = pytest.mark.slow

CAROL = "sip:carol@example.com"


@contextmanager
def playing(name: str, folder: Path, *words: str, fields: tuple[str, ...] = ()) -> Iterator[str]:
    """SIPp waits for what its scenario wants; at the URI given. It must get all of that.

    `fields`: one text for each time that it is played, which stands for `field0` in it.
    """
    if fields:
        (folder / "fields").write_text("\n".join(("SEQUENTIAL", *fields, "")), "utf-8")
        words = ("-inf", "fields", *words)
    port = free_port()
    with sipp(folder, *scenario(name), "-p", str(port), *words) as peer:
        try:
            yield f"sip:bob@127.0.0.1:{port}"
            finished(peer)
        finally:
            peer.kill()


def finished(peer: Popen[str]) -> None:
    """Wait until SIPp has played its scenario; it must have got what that wants."""
    code, screen = ended(peer)
    assert code == 0, screen


def plays(name: str, folder: Path, uri: str, *words: str) -> None:
    """SIPp plays its scenario with who is at this URI."""
    finished(sipp(folder, *scenario(name), "-p", str(free_port()), *words, uri.partition("@")[2]))


@pytest.fixture
def hearing() -> Iterator[Hearing]:
    """An agent of ours. What it sends before SIPp listens is repeated soon."""
    with UserAgent("udp:127.0.0.1:0", times=TimerValues(T1=0.1, T2=0.4)) as agent:
        yield Hearing(agent)


# -------------------------------------------------------------------- our notifier and compositor


@pytest.fixture(scope="module")
def door() -> Iterator[str]:
    """Where `sipsm notifier` tells that a door is open, until somebody publishes something else."""
    words = ("--event", "door", "--publish", "--type", "text/plain", "--state", "open")
    with running("notifier", "--bind", "udp:127.0.0.1:0", *words) as server:
        yield f"sip:door@127.0.0.1:{server.port}"
        assert server.end() == 0


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            "subscriber_stays", marks=pytest.mark.rfc("6665 4.2.1.2", "6665 4.2.1.4", "6665 4.2.2", "6665 4.5.2")
        ),
        pytest.param("subscriber_fetches", marks=pytest.mark.rfc("6665 4.2.1.1", "6665 4.4.3")),
        pytest.param(
            "subscriber_is_refused", marks=pytest.mark.rfc("6665 4.2.1.1", "6665 4.2.1.3", "6665 8.3.2", "3261 8.2.2.3")
        ),
        pytest.param("publisher", marks=pytest.mark.rfc("3903 6", "3903 4.1")),
    ],
)
def test_sipp_watches_and_publishes(name: str, door: str, tmp_path: Path) -> None:
    """SIPp gets what its scenario says from our notifier and compositor."""
    plays(name, tmp_path, door)


# -------------------------------------------------------------------- our subscriber and publisher


@pytest.mark.rfc("6665 4.1.2.2", "6665 4.1.2.3", "6665 4.1.3")
def test_sipp_notifies_us(tmp_path: Path, hearing: Hearing) -> None:
    """Pending, granted, changed, refreshed for less than was asked for, and ended."""
    agent = hearing.agent
    with playing("notifier_stays", tmp_path) as uri:
        watching = agent.do(agent.endpoint.subscribe, uri, "door", expires_s=600)
        hearing.next(SubscriptionPending)
        hearing.next(SubscriptionActive)
        bodies = [hearing.next(NotifyReceived).request.body for _ in range(3)]
        assert [each.strip() for each in bodies] == [b"", b"open", b"ajar"]
        agent.do(watching.refresh, 300)
        assert hearing.next(NotifyReceived).request.body.strip() == b"shut"
        assert watching.expires_s == 200
        agent.do(watching.unsubscribe)
        assert hearing.next(SubscriptionEnded).reason is SubscriptionEndReason.UNSUBSCRIBED


@pytest.mark.rfc("6665 4.4.1")
def test_the_notify_comes_first(tmp_path: Path, hearing: Hearing) -> None:
    """It makes the dialog, and the 200 behind it belongs to that."""
    agent = hearing.agent
    with playing("notifier_overtakes", tmp_path) as uri:
        watching = agent.do(agent.endpoint.subscribe, uri, "door")
        assert hearing.next(NotifyReceived).request.body.strip() == b"open"
        assert hearing.next(NotifyReceived).request.body.strip() == b"ajar"
        agent.do(watching.unsubscribe)
        assert hearing.next(SubscriptionEnded).reason is SubscriptionEndReason.UNSUBSCRIBED


@pytest.mark.rfc("6665 4.1.3")
@pytest.mark.parametrize(
    ("reason", "end"),
    [
        ("rejected", SubscriptionEndReason.REJECTED),
        ("noresource", SubscriptionEndReason.NO_RESOURCE),
        ("invariant", SubscriptionEndReason.INVARIANT),
    ],
)
def test_sipp_ends_it(reason: str, end: SubscriptionEndReason, tmp_path: Path, hearing: Hearing) -> None:
    """`deactivated` has it made anew, in a dialog of its own, and at once; the other reasons do not."""
    agent = hearing.agent
    with playing("notifier_ends", tmp_path, "-m", "2", fields=("reason=deactivated", f"reason={reason}")) as uri:
        agent.do(agent.endpoint.subscribe, uri, "door")
        again = hearing.next(Resubscribing)
        assert (again.reason, again.after_s) == (SubscriptionEndReason.DEACTIVATED, 0)
        assert hearing.next(SubscriptionEnded).reason is end


@pytest.mark.rfc("6665 4.1.2.1", "6665 4.1.2.2", "6665 4.1.2.3", "3261 21.4.17")
def test_sipp_refuses(tmp_path: Path, hearing: Hearing) -> None:
    """After a 423 it is asked for what it wants, by refreshes too; one that fails leaves the subscription as it is."""
    agent = hearing.agent
    with playing("notifier_refuses", tmp_path) as uri:
        watching = agent.do(agent.endpoint.subscribe, uri, "door", expires_s=10)
        hearing.next(SubscriptionActive)
        assert watching.expires_s == 100
        agent.do(watching.refresh)
        assert hearing.next(RefreshFailed).status == 500
        agent.do(watching.unsubscribe)
        assert hearing.next(SubscriptionEnded).reason is SubscriptionEndReason.UNSUBSCRIBED


@pytest.mark.rfc("3903 4.1", "3903 4.3", "3903 4.4", "3903 4.5", "3903 5")
def test_we_publish_at_sipp(tmp_path: Path) -> None:
    """`sipsm publish` obeys 423, names the tag that it has been told last, and publishes anew after 412."""
    words = ("--event", "door", "--type", "text/plain", "--expires", "30", "--do", "refresh; modify shut")
    with playing("compositor", tmp_path) as uri:
        done = sipsm("publish", uri, "open", *words, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    published = [(each["operation"], each["tag"]) for each in told(done.stdout, "published")]
    assert published == [("initial", "first"), ("refresh", "second"), ("initial", "third")]


# -------------------------------------------------------------------- REFER


@pytest.fixture(scope="module")
def bob_and_carol() -> Iterator[tuple[str, str]]:
    """Two of `sipsm uas`, the first of which calls whom it is told to call."""
    at_once = ("--ring", "0", "--ring-time", "0")
    with uas("--accept-refer", *at_once) as (_, bob), uas(*at_once) as (_, carol):
        yield bob, carol


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("referrer_outside_a_call", marks=pytest.mark.rfc("3515 2.4.2", "3515 2.4.5", "3515 2.4.7")),
        pytest.param(
            "referrer_in_a_call", marks=pytest.mark.rfc("3515 2.4.2", "3515 2.4.6", "4488 4", "5589 6.1")
        ),
    ],
)  # fmt: skip
def test_sipp_refers_us(name: str, bob_and_carol: tuple[str, str], tmp_path: Path) -> None:
    """We call whom it names, and tell how that goes."""
    bob, carol = bob_and_carol
    plays(name, tmp_path, bob, "-key", "target", carol)


@pytest.mark.rfc("3515 2.4.4", "3515 2.4.5", "6665 4.4.1", "7647 5")
@pytest.mark.parametrize(("told_of_it", "status"), [("200 OK", 200), ("486 Busy Here", 486)])
@pytest.mark.parametrize("name", ["referee_outside_a_call", "referee_overtakes"])
def test_we_refer_sipp(name: str, told_of_it: str, status: int, tmp_path: Path, hearing: Hearing) -> None:
    """It takes that with a 202, as of old, before its first NOTIFY or behind it, and tells what comes of it."""
    agent = hearing.agent
    with playing(name, tmp_path, fields=(told_of_it,)) as uri:
        agent.do(agent.endpoint.refer, uri, CAROL)
        assert hearing.next(ReferProgress).status == 100
        ended = hearing.next(ReferEnded)
        assert (ended.status, ended.succeeded) == (status, status < 300)


@pytest.mark.rfc("3515 2.4.4", "5589 6.1")
def test_we_transfer_sipp(tmp_path: Path) -> None:
    """A blind transfer: `sipsm call` has its peer call another, hears that it is done, and hangs up."""
    with playing("referee_in_a_call", tmp_path) as uri:
        done = sipsm("call", uri, "--do", f"wait established; refer {CAROL}; bye", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [each["body"].split()[1] for each in told(done.stdout, "notify")] == ["100", "200"]


# -------------------------------------------------------------------- outside dialogs


@pytest.mark.rfc("3428 7", "3261 11.2", "3261 8.2.2.3", "3261 21.4.13", "6086 4.2.2")
def test_sipp_sends_messages_and_questions(bob_and_carol: tuple[str, str], tmp_path: Path) -> None:
    """They are answered; so is what belongs to no dialog."""
    plays("messenger", tmp_path, bob_and_carol[0])


@pytest.mark.rfc("3428 4", "3428 5")
def test_we_send_messages_to_sipp(tmp_path: Path, hearing: Hearing) -> None:
    """Two, one after the other: it has accepted both, and has not shown them yet."""
    with playing("recipient", tmp_path, "-m", "2") as uri:
        assert [hearing.agent.message(uri, "hello").status for _ in range(2)] == [202, 202]


@pytest.mark.rfc("3261 11.1", "3261 11.2")
def test_we_ask_sipp_what_it_can_do(tmp_path: Path, hearing: Hearing) -> None:
    """What it says comes with its answer."""
    with playing("asked", tmp_path) as uri:
        answered = hearing.agent.options(uri)
    assert answered.response is not None
    assert list(answered.response.header_values("Supported")) == ["timer"]
