"""Publishers and compositors through thick and thin: whatever is wanted, answered, lost and forgotten in between."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from sipsm import (
    LocalProtocolError,
    Profile,
    Publication,
    PublicationEnded,
    PublicationState,
    Published,
    Request,
    TimerValues,
)
from sipsm.endpoint import restore, save
from sipsm.testing import Net
from tests.ladders.publishers import Publisher

URIS = ("sip:a@192.0.2.2", "sip:b@192.0.2.2")
ANSWERS = (200, 200, 200, 302, 403, 404, 408, 412, 412, 423, 489, 500, 503, 604)


def program(seed: int, steps: int = 60) -> Iterator[tuple[Any, ...]]:
    """What happens: wishes, answers, time, and going on from a snapshot."""
    chance = Random(seed)
    for _ in range(steps):
        match chance.randrange(10):
            case 0:
                yield "publish", chance.choice(URIS), chance.choice(["presence", "dialog"])
            case 1 | 2:
                what = chance.choice(["modify", "modify", "refresh", "remove"])
                yield what, chance.randrange(4), chance.choice([None, 40])
            case 3 | 4 | 5 | 6:
                yield "answer", chance.randrange(2), chance.choice(ANSWERS), chance.choice([0, 5, 90, 900])
            case 7 | 8:
                yield "wait", chance.choice([0.5, 10.0, 33.0, 100.0])
            case 9:
                yield ("restore",)


class Watched(Publisher):
    """A publisher of which is known what is under way, and what its compositor has told it."""

    def __init__(self) -> None:
        super().__init__(times=TimerValues())
        self.under_way: dict[str, tuple[Request, float]] = {}
        """By Request-URI, and since when."""
        self.tags = 0
        self.known: dict[tuple[str, str], str] = {}
        """By Request-URI and Call-ID: the tag that was given out last."""
        self.seen: set[str] = set()

    def look(self) -> None:
        """What was sent since the last time is as RFC 3903 4 has it."""
        for request in self.published:
            assert request.branch is not None
            if request.branch in self.seen:
                continue
            self.seen.add(request.branch)
            uri = str(request.uri)
            # "until they have received a final response from the ESC for the previous one or the previous PUBLISH
            # request has timed out." (RFC 3903 4)
            assert uri not in self.under_way or self.now - self.under_way[uri][1] >= 31.5
            self.under_way[uri] = request, self.now
            tag, body, expires = request.header("SIP-If-Match"), request.body, request.header("Expires")
            assert len(request.lines_of("Event")) == 1
            assert body or tag, "an initial PUBLISH has a body"
            assert not (expires == "0" and (body or not tag)), "a removal has a tag, and no body"
            if tag:
                assert tag == self.known.get((uri, request.call_id)), "the tag is the one that was given out last"


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happens(seed: int) -> None:
    """The rules of section 4 hold, each publication ends once, and in the end nothing is left."""
    bench = Watched()
    publications: list[Publication] = []
    for what, *parts in program(seed):
        match what:
            case "publish":
                uri, event = parts
                publications.append(bench.publish(b"0", target=uri, event=event, expires_s=60))
            case "modify" | "refresh" | "remove" if publications:
                nth, expires_s = parts
                publication = publications[nth % len(publications)]
                args: list[Any] = [str(len(bench.seen)).encode()] if what == "modify" else []
                options = {} if what == "remove" else {"expires_s": expires_s}
                over = publication.state in {PublicationState.ENDED, PublicationState.REMOVING}
                try:
                    bench.take(getattr(publication, what)(*args, **options, now=bench.now))
                    assert not over
                except LocalProtocolError:
                    assert over
            case "answer" if bench.under_way:
                nth, status, lasts = parts
                uri = list(bench.under_way)[nth % len(bench.under_way)]
                request, since = bench.under_way.pop(uri)
                if bench.now - since >= 31.5:
                    continue
                if status == 200:
                    bench.tags += 1
                    bench.known[uri, request.call_id] = f"tag{bench.tags}"
                    removal = request.header("Expires") == "0"
                    bench.accept(f"tag{bench.tags}", 0 if removal else lasts, to=request)
                else:
                    if status == 412:
                        bench.known.pop((uri, request.call_id), None)
                    bench.say(status, f"Min-Expires: {lasts}", "Retry-After: 7", to=request)
            case "wait":
                for _ in range(int(parts[0] * 2)):
                    bench.wait(0.5)
                    bench.look()
            case "restore":
                before = bench.endpoint.publications
                bench.endpoint = restore(save(bench.endpoint))
                after = dict(zip(map(id, before), bench.endpoint.publications, strict=True))
                publications = [after.get(id(each), each) for each in publications]
        bench.look()
    for publication in publications:
        if publication.state not in {PublicationState.ENDED, PublicationState.REMOVING}:
            bench.take(publication.remove(now=bench.now))
    bench.until(bench.now + 100_000)
    assert len(bench.told(PublicationEnded)) == len(publications)
    assert bench.endpoint.publications == []
    assert bench.left() == {}
    assert not bench.endpoint._agent.publishing.lines.all


@pytest.mark.parametrize("seed", range(10))
def test_through_a_bad_network(seed: int) -> None:
    """When a while has passed, the compositor has what was wanted last; and nothing, when it is removed."""
    net = Net(seed, loss=0.35, duplicate=0.1, delay=(0.0, 0.8))
    pua, esc = net.agent("pua"), net.agent("esc", profile=Profile(composes={"door": ("text/plain",)}))
    wanted: list[Publication] = [
        pua.do(pua.endpoint.publish, "sip:door@esc", "door", b"0", "text/plain", expires_s=120) for _ in range(3)
    ]
    for n in range(1, 12):
        net.run(until=11 * n)
        for m, publication in enumerate(wanted):
            if publication.state in {PublicationState.PUBLISHED, PublicationState.PUBLISHING} and (n + m) % 3:
                pua.do(publication.modify, f"{m}.{n}".encode())
    net.run(until=400)
    live = [each for each in wanted if each.state is PublicationState.PUBLISHED]
    held = sorted(state.body for state in esc.endpoint.published("sip:door@esc", "door"))
    assert {each.body for each in live} <= set(held)
    # One whose answer was lost, and whose publisher began anew, is there until it expires.
    for publication in live:
        pua.do(publication.remove)
    net.run(until=1000)
    assert esc.endpoint.published("sip:door@esc", "door") == ()
    assert pua.endpoint.publications == []
    assert any(isinstance(event, Published) for event in pua.events)
