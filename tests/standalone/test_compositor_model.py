"""The compositor against a simple model of it: a list of publications, and the time until which each lives."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from sipsm import Composing, Profile, StatePublished
from sipsm.endpoint import restore, save
from tests.ladders.publishers import ADDRESS, PIDF, Compositor

SMALLEST, LONGEST, USUAL, OF_ADDRESS, ENTRIES = 10, 100, 50, 3, 5
URIS = (ADDRESS, "sip:other@192.0.2.1")
EVENTS = ("presence", "dialog")

PLACES = [(uri, event) for uri in URIS for event in EVENTS]


def program(seed: int, steps: int = 80) -> Iterator[tuple[Any, ...]]:
    """What happens: publications come and go, time passes, the endpoint goes on from a snapshot."""
    chance = Random(seed)
    for _ in range(steps):
        body = chance.choice([b"one", b"two", b"three", b""])
        expires = chance.choice([None, 10, 30, 100, 1000, 5, 0])
        match chance.randrange(10):
            case 0 | 1 | 2:
                yield "create", chance.choice([PLACES[0], *PLACES]), body, expires
            case 3 | 4 | 5:
                # One of those that live, where it belongs.
                yield "change", chance.randrange(ENTRIES), body if chance.random() < 0.5 else b"", expires
            case 6:
                # One of those that were ever given out, or of those that were not, anywhere.
                yield "misuse", chance.choice(PLACES), chance.randrange(10), body, expires
            case 7 | 8:
                yield "wait", chance.choice([0.5, 1.0, 9.5, 10.0, 40.0, 200.0])
            case 9:
                yield ("restore",)


class Model:
    """What a compositor is, in the fewest words."""

    def __init__(self) -> None:
        self.live: list[dict[str, Any]] = []
        """The publications, the one changed last behind the others."""

    def forget(self, now: float) -> None:
        """What has expired is gone."""
        self.live = [each for each in self.live if each["until"] > now]

    def of(self, place: tuple[str, str]) -> list[bytes]:
        """What holds for an address."""
        return [each["body"] for each in self.live if each["place"] == place]

    def publish(self, place: tuple[str, str], tag: str | None, body: bytes, expires: int | None, now: float) -> int:
        """The status of the answer; a new publication has no tag yet."""
        known = next((each for each in self.live if (each["place"], each["tag"]) == (place, tag)), None)
        if tag is not None and known is None:
            return 412
        wanted = USUAL if expires is None else expires
        if 0 < wanted < SMALLEST:
            return 423
        if tag is None and not body:
            return 400
        lasts = min(wanted, LONGEST)
        if known is None and lasts and (len(self.of(place)) >= OF_ADDRESS or len(self.live) >= ENTRIES):
            return 503
        self.last = known or {"place": place, "body": body}
        if lasts == 0:
            if known is not None:
                self.live.remove(known)
            return 200
        self.last["until"] = now + lasts
        if known is None or body:
            self.last["body"] = body
            if known is not None:
                self.live.remove(known)
            self.live.append(self.last)
        return 200


@pytest.mark.parametrize("seed", range(40))
def test_it_is_what_the_model_says(seed: int) -> None:
    """Statuses, lifetimes, what holds, and who is told, whatever is published when; also from a snapshot."""
    composing = Composing(
        dict.fromkeys(EVENTS, (PIDF,)),
        smallest_s=SMALLEST,
        longest_s=LONGEST,
        usual_s=USUAL,
        entries=ENTRIES,
        entries_of_address=OF_ADDRESS,
    )
    bench, model = Compositor(profile=Profile(composes=composing)), Model()
    given_out: list[str] = []
    belongs: dict[str, tuple[str, str]] = {}
    known: dict[tuple[str, str], list[bytes]] = {}
    for what, *parts in program(seed):
        match what:
            case "wait":
                bench.wait(parts[0])
                model.forget(bench.now)
            case "restore":
                bench.endpoint = restore(save(bench.endpoint))
            case _:
                *named, body, expires = parts
                tag = None
                if what != "create":
                    nth = named.pop()
                    tags = given_out if what == "misuse" else [each["tag"] for each in model.live]
                    tag = tags[-1 - nth] if nth < len(tags) else tags[0] if tags else "never"
                uri, event = named[0] if named else belongs.get(str(tag), PLACES[0])
                status = model.publish((uri, event), tag, body, expires, bench.now)
                response = bench.put(body, tag=tag, expires=expires, uri=uri, event=event, kind=PIDF)
                assert response is not None
                assert response.status == status
                if status == 200:
                    new = response.header("SIP-ETag") or ""
                    assert new not in given_out
                    given_out.append(new)
                    belongs[new] = (uri, event)
                    model.last["tag"] = new
                    lasts = min(USUAL if expires is None else expires, LONGEST)
                    assert response.header("Expires") == str(lasts)
        for place in PLACES:
            assert bench.bodies(*place) == model.of(place)
        for change in bench.told(StatePublished):
            known[str(change.address), change.event] = [state.body for state in change.states]
        # Who listens knows at any time what holds.
        assert all(known.get(place, []) == model.of(place) for place in PLACES)
        bench.events.clear()
    store = bench.endpoint._agent.compositor.store
    assert store.entries == len(model.live)
    assert store.octets == sum(len(each["body"]) for each in model.live)
    bench.quiet()
    assert (store.entries, store.octets, store.held, bench.left()) == (0, 0, {}, {})
