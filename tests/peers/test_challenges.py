"""Digest authentication with SIPp, baresip and Kamailio at the other end.

SIPp and baresip know MD5 alone. SIPp answers what stands first; baresip gives up where anything else is offered.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sipsm import (
    NotifyReceived,
    Operation,
    Profile,
    PublicationEnded,
    Published,
    SubscriptionActive,
    SubscriptionEnded,
)
from sipsm.packages import Presence, PresenceTuple, Status
from sipsm_blocking import UserAgent
from tests.cli.programs import sipsm, told, uas
from tests.peers.baresip import phone
from tests.peers.hearing import Hearing
from tests.peers.kamailio import presence_server
from tests.peers.programs import ended, free_port, sipp
from tests.peers.test_scenarios import scenario

pytestmark = pytest.mark.slow


@pytest.mark.rfc("3261 22.2", "3261 22.4", "7616 3.5")
@pytest.mark.parametrize("offered", ["MD5", "MD5,SHA-256"])
def test_we_challenge_sipp(offered: str, tmp_path: Path) -> None:
    """It calls with the credentials that we ask for."""
    with uas("--realm", "biloxi.com", "--user", "alice:secret", "--algorithm", offered) as (server, uri):
        port = ("-p", str(free_port()))
        code, screen = ended(sipp(tmp_path, *scenario("caller_is_challenged"), *port, uri.partition("@")[2]))
        assert code == 0, screen
        assert server.until(event="state", state="ended")["reason"] == "hung-up-by-peer"


@pytest.mark.rfc("3261 22.2", "3261 22.4", "3261 13.2.2.4", "3261-C32")
@pytest.mark.parametrize(("auth", "reason"), [("alice:secret", "hung-up"), ("alice:wrong@biloxi.com", "rejected")])
def test_sipp_challenges_us(auth: str, reason: str, tmp_path: Path) -> None:
    """It finds our digests right, or wrong."""
    port = free_port()
    peer = sipp(tmp_path, *scenario("callee_challenges"), "-p", str(port))
    done = sipsm("call", f"sip:bob@127.0.0.1:{port}", "--auth", auth, "--duration", "0", "--json")
    code, screen = ended(peer)
    assert code == 0, screen
    assert done.returncode == (0 if reason == "hung-up" else 1), done.stdout + done.stderr
    assert told(done.stdout, "state")[-1]["reason"] == reason


@pytest.mark.rfc("3261 22.2", "7616 3.5")
@pytest.mark.parametrize("password", ["secret", "wrong"])
def test_the_phone_shows_who_it_is(password: str, tmp_path: Path) -> None:
    """Its call is taken, or it is refused."""
    guarded = ("--realm", "biloxi.com", "--user", "phone:secret", "--algorithm", "MD5")
    with phone(tmp_path, password=password) as baresip, uas(*guarded, "--hangup-after", "0.1") as (server, uri):
        baresip.does("dial", uri)
        closed = baresip.until("CALL_CLOSED")["param"]
        if password == "secret":
            assert server.until(event="state", state="ended")["reason"] == "hung-up"
        else:
            assert closed.startswith("401")


def state(status: str) -> bytes:
    """What somebody publishes."""
    return bytes(Presence("sip:bob@example.com", (PresenceTuple("a", Status(status)),)))


@pytest.mark.rfc("3261 22.2", "3261 22.3", "3903 5", "8760 2.4")
@pytest.mark.parametrize(
    ("guard", "algorithm", "qop", "counting"),
    [
        ("www", "MD5", "auth", "nonce_count"),
        ("www", "MD5", "auth", "one_time_nonce"),
        ("proxy", "MD5", "auth", "nonce_count"),
        ("www", "SHA-256", "auth", "nonce_count"),
        ("www", "MD5", "auth-int", "nonce_count"),
    ],
)
def test_kamailio_challenges_us(guard: str, algorithm: str, qop: str, counting: str, tmp_path: Path) -> None:
    """We publish, change and remove, subscribe and unsubscribe, also where each nonce is good only once."""
    profile = Profile(accounts=[("bob", "secret")])
    with (
        presence_server(tmp_path, guard=guard, algorithm=algorithm, qop=qop, counting=counting) as kamailio,
        UserAgent("udp:127.0.0.1:0", profile=profile) as agent,
    ):
        kamailio.lets("bob", "allow")
        hearing = Hearing(agent)
        publication = agent.publish(kamailio.uri("bob"), "presence", state("open"), Presence.content_type)
        assert hearing.next(Published).operation is Operation.INITIAL
        subscription = agent.subscribe(kamailio.uri("bob"), "presence")
        hearing.next(SubscriptionActive)
        hearing.next(NotifyReceived)
        for n in range(2):
            publication.modify(state("closed" if n else "open"))
            assert hearing.next(Published).operation is Operation.MODIFY
            hearing.next(NotifyReceived)
        subscription.unsubscribe()
        hearing.next(SubscriptionEnded)
        publication.remove()
        assert hearing.next(PublicationEnded).reason == "removed"


@pytest.mark.rfc("3261 22.1", "3261-C31")
def test_kamailio_does_not_know_us(tmp_path: Path) -> None:
    """A wrong password is tried once."""
    with presence_server(tmp_path, guard="www") as kamailio:
        words = ("publish", kamailio.uri("bob"), "x", "--event", "presence", "--auth", "bob:wrong", "--json")
        done = sipsm(*words)
    assert done.returncode == 1, done.stdout + done.stderr
    assert [each["code"] for each in told(done.stdout, "response")] == [401, 401]
