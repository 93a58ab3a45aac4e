"""A real phone, baresip: it publishes, watches, is watched, and is transferred and transfers."""

from __future__ import annotations

from pathlib import Path

import pytest

from sipsm import (
    Composing,
    NotifyReceived,
    Profile,
    StatePublished,
    SubscriptionEnded,
    SubscriptionEndReason,
    SubscriptionRequested,
    TimerValues,
)
from sipsm.packages import Presence, PresenceTuple, Status
from sipsm_blocking import UserAgent
from tests.cli.programs import sipsm, told, uas
from tests.peers.baresip import phone
from tests.peers.hearing import Hearing

pytestmark = pytest.mark.slow

SOON = TimerValues(T1=0.1, T2=0.4)


def state_in(body: bytes) -> list[str | None]:
    """What a document says of each device."""
    return [each.status.basic for each in Presence.parse(body).tuples]


def state_published(hearing: Hearing) -> list[str | None]:
    """What the next publication says of each device; there is one publication at a time."""
    (state,) = hearing.next(StatePublished).states
    return state_in(state.body)


@pytest.mark.rfc("3903 6", "3856 6.6", "6665 4.2.1.2")
def test_the_phone_publishes_and_watches(tmp_path: Path) -> None:
    """At our compositor it publishes each change; at our notifier it watches another, whom it shows its user."""
    profile = Profile(event_packages=("presence",), composes=Composing({"presence": ()}))
    with UserAgent("udp:127.0.0.1:0", profile=profile, times=SOON) as agent:
        hearing, port = Hearing(agent), agent.local.address[1]
        bob = f"sip:bob@127.0.0.1:{port}"
        with phone(tmp_path, publishes_at=f"sip:127.0.0.1:{port}", watches=bob) as baresip:
            assert state_published(hearing) == ["unknown"]
            baresip.does("presence_online")
            assert state_published(hearing) == ["open"]
            baresip.does("presence_offline")
            assert state_published(hearing) == ["closed"]
            watching = hearing.next(SubscriptionRequested).subscription
            open_ = Presence(bob, (PresenceTuple("a", Status("open")),))
            agent.do(watching.accept, bytes(open_), open_.content_type)
            while "Online" not in baresip.says("contacts"):
                pass


@pytest.mark.rfc("6665 4.1.2", "6665 4.1.3")
def test_we_watch_the_phone(tmp_path: Path) -> None:
    """It tells what its user does, until we want no more."""
    with phone(tmp_path) as baresip, UserAgent("udp:127.0.0.1:0", times=SOON) as agent:
        hearing = Hearing(agent)
        baresip.says("presence_online")
        watching = agent.do(agent.endpoint.subscribe, baresip.uri, "presence")
        assert state_in(hearing.next(NotifyReceived).request.body) == ["open"]
        baresip.does("presence_offline")
        assert state_in(hearing.next(NotifyReceived).request.body) == ["closed"]
        agent.do(watching.unsubscribe)
        assert hearing.next(SubscriptionEnded).reason is SubscriptionEndReason.UNSUBSCRIBED


@pytest.mark.rfc("3515 2.4.4", "5589 6.1")
def test_we_transfer_the_phone(tmp_path: Path) -> None:
    """It calls whom we name, and tells how that goes; then we hang up."""
    with phone(tmp_path, answers=True) as baresip, uas("--ring-time", "0") as (carol, uri):
        done = sipsm("call", baresip.uri, "--do", f"refer {uri}; bye", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        carol.until(event="state", state="established")
    assert [each["body"].split()[1] for each in told(done.stdout, "notify")] == ["100", "200"]
    assert told(done.stdout, "state")[-1]["reason"] == "hung-up"


@pytest.mark.rfc("3515 2.4.2", "3515 2.4.5", "5589 6.1")
def test_the_phone_transfers_us(tmp_path: Path) -> None:
    """We call whom it names; it hears of that, and hangs up with us."""
    with (
        phone(tmp_path) as baresip,
        uas("--accept-refer", "--ring-time", "0") as (bob, uri),
        uas("--ring-time", "0") as (carol, target),
    ):
        baresip.does("dial", uri)
        baresip.until("CALL_ESTABLISHED")
        baresip.does("transfer", target)
        carol.until(event="state", state="established")
        baresip.until("CALL_CLOSED")
        bob.until(event="state", state="ended", reason="hung-up-by-peer")
