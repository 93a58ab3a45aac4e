"""Snapshots of who has asked, and of who was asked: passwords, sessions, and the counts that were used."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest

from sipsm import Account, Answered, Established, Ids, Policy, Profile, Realm, restore, save
from sipsm.message.headers import WWW_AUTHENTICATE
from tests.endpoint.by_hand import SDP, SDP2
from tests.ladders.challenging import Challenged, credentials, is_good, line, proxy, www
from tests.ladders.test_rfc3261_challenging import Challenging


def twice(bench: Any) -> tuple[Any, bytes]:
    """The endpoint, restored, and what it was restored from; what it saves is the same again."""
    saved = save(bench.endpoint)
    bench.endpoint = restore(saved, ids=Ids(random.Random()))
    assert save(bench.endpoint) == saved
    return bench.endpoint, saved


def test_a_request_is_answered_for_after_it() -> None:
    """One that was sent before is sent again with credentials after, and one that was tried is not tried again."""
    bench = Challenged()
    bench.asked()
    twice(bench)
    bench.say(401, www())
    assert is_good(bench.last_request)
    twice(bench)
    bench.say(401, www("fresh"))
    assert len(bench.requests) == 2
    assert [event.status for event in bench.told(Answered)] == [401]
    twice(bench)


@pytest.mark.parametrize("ask", ["call", "publish", "subscribe", "notify", "info"])
def test_each_kind_of_request(ask: str) -> None:
    """Whomever a request concerns is found again with what it is in the care of."""
    bench = Challenged(profile=Profile(accounts=[("alice", "secret")], event_packages=["door"]))
    match ask:
        case "call":
            bench.outgoing()
        case "publish":
            bench.take(bench.endpoint.publish("sip:bob@192.0.2.2", "presence", b"x", "text/plain", now=bench.now)[1])
        case "subscribe":
            bench.take(bench.endpoint.subscribe("sip:bob@192.0.2.2", "dialog", now=bench.now)[1])
        case "notify":
            head = ["Event: door", "Expires: 600", "Contact: <sip:alice@192.0.2.2:5060>"]
            bench.receive(bench.request("SUBSCRIBE", headers=head))
            bench.take(bench.events[-1].subscription.accept(b"open", "text/plain", now=bench.now))
        case "info":
            bench.take(bench.answered().info(None, now=bench.now)[1])
    before = bench.requests[-1]
    twice(bench)
    bench.say(407, proxy())
    assert is_good(bench.last_request)
    twice(bench)
    after = bench.last_request
    assert after.cseq.number == before.cseq.number + 1
    if ask == "call":
        bench.receive(bench.response(after, 200, body=SDP2))
        assert len(bench.told(Established)) == 1
        twice(bench)


def test_what_was_learned_is_kept() -> None:
    """Credentials go ahead after it as before, their count goes on, and an account that was added is there."""
    bench = Challenged(accounts=[])
    bench.endpoint.add_account("alice", "secret", "biloxi.com")
    bench.asked()
    bench.say(401, www(algorithm="SHA-256-sess"))
    bench.say(200)
    twice(bench)
    assert bench.endpoint.accounts == (Account("alice", "secret", "biloxi.com"),)
    assert is_good(bench.asked())
    assert credentials(bench.last_request)[0].nc == 2


def test_a_realm_after_it() -> None:
    """Its nonces are still good, and the counts that were used are used; passwords and H(A1) alike are there."""
    keys = Realm.hashed("bob", "biloxi.com", "zanzibar")
    users: dict[str, str | Mapping[str, str]] = {"alice": "secret", "bob": keys}
    bench = Challenging(users=users)
    challenge = bench.challenge()
    assert bench.status("OPTIONS", line(challenge)) == 200
    endpoint, _ = twice(bench)
    assert endpoint._agent.policy == Policy(realm=Realm("biloxi.com", users))
    assert bench.status("OPTIONS", line(challenge)) == 401
    assert bench.is_stale()
    assert bench.status("OPTIONS", line(challenge, nc=2)) == 200
    fresh = bench.last_response
    assert fresh.header("Authentication-Info") is not None
    bench.come("INVITE", body=SDP)
    again = bench.last_response[WWW_AUTHENTICATE][0]
    twice(bench)
    assert bench.status("OPTIONS", line(again, user="bob", password="zanzibar")) == 200
