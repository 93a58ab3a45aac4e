"""What subscriptions and publications cost, with few and with very many of them alive, and what they hold in memory.

All is measured with its timers. The floor of a message is writing it once and reading it once (`benchmarks.floor`).
`python -m benchmarks` keeps up to 10,000 subscriptions alive; `python -m benchmarks.subscriptions` up to 100,000, for
which it needs about 3 GB and five minutes.
"""

from __future__ import annotations

import gc
import random
import re
import tracemalloc
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from time import process_time

from benchmarks import floor
from benchmarks.calls import ALICE, TO_ALICE, TO_BOB
from benchmarks.messages import parts
from benchmarks.timing import best
from sipsm import (
    Endpoint,
    Ids,
    Limits,
    Output,
    PeerSubscription,
    Policy,
    Profile,
    Send,
    StatePublished,
    Subscription,
    SubscriptionRequested,
    Uri,
    compose_presence,
    parse_message,
)
from sipsm.standalone.composing import Composing

ALIVE = (10, 10_000)
ALIVE_BY_ITSELF = (10, 100_000)
ROUNDS = 15
AT_ONCE = 30
"""Rounds that are measured together."""
WATCHERS = (10, 10_000)

LASTS_S = 10**6
"""How long what is alive lasts: nothing of it is refreshed by itself meanwhile."""
SETTLED_S = 40.0
"""Seconds after which no transaction waits for repeats any more, and no NOTIFY for its turn."""
APART_S = 1.0
"""Of ten that are alive each has its turn, by then, in which it may be told another state (RFC 3856 6.10)."""
NOW = 1000.0
BOUNDLESS = Limits(transactions=10**7, subscriptions=10**6, peer_subscriptions=10**6, publications=10**6)
PIDF = "application/pidf+xml"
PRESENCE = (
    b'<?xml version="1.0" encoding="UTF-8"?>\r\n'
    b'<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:carol@chicago.example.com">\r\n'
    b'<tuple id="a8098a"><status><basic>open</basic></status></tuple>\r\n'
    b"</presence>\r\n"
)


def presence_server(seed: int = 2) -> Endpoint:
    """A notifier of presence, and its compositor."""
    composing = Composing(("presence",), longest_s=LASTS_S, entries=10**6, octets=10**9)
    return Endpoint(
        "udp:192.0.2.2:5060",
        profile=Profile(event_packages=("presence",), composes=composing),
        policy=Policy(longest_subscription_s=LASTS_S),
        limits=BOUNDLESS,
        ids=Ids(random.Random(seed)),
    )


class Watching:
    """Alice watches many, each once, and publishes for them; Bob's presence server tells her.

    Between them there is nothing that takes time.
    """

    def __init__(self, alive: int = 0) -> None:
        self.alice = Endpoint("udp:192.0.2.1:5060", limits=BOUNDLESS, ids=Ids(random.Random(1)))
        self.bob = presence_server()
        self.now = NOW
        self.seen: list[bytes] = []
        """The messages since it was cleared."""
        self.watchers: dict[Uri, PeerSubscription] = {}
        self.ours: list[Subscription] = []
        self.theirs: list[PeerSubscription] = []
        self.published: list[tuple[str, str]] = []
        """Of each publication: for whom, and its entity tag."""
        self.made = 0
        self.asked = 0
        self.least: dict[str, float] = {}
        """Microseconds for each of what has been measured."""
        while self.made < alive:
            self.live()
        self.settle()

    # ---------------------------------------------------------------- what is alive

    def live(self) -> None:
        """One more subscription, and a publication of whom it is to."""
        self.made += 1
        self.seen.clear()
        who = _somebody(self.made)
        subscription, outputs = self.alice.subscribe(who, "presence", expires_s=LASTS_S, now=self.now)
        self.carry(True, outputs)
        self.ours.append(subscription)
        self.published.append((who, self.publish_for(who, self.made, None)))
        if self.made % 500 == 0:
            self.settle()

    def settle(self) -> None:
        """Nothing waits any more, but what is alive."""
        self.seen.clear()
        self.pass_time(SETTLED_S)

    def pass_time(self, seconds: float) -> None:
        """Time goes on for both."""
        self.now += seconds
        self.carry(True, self.alice.handle_timeout(self.now))
        self.carry(False, self.bob.handle_timeout(self.now))

    def carry(self, from_alice: bool, outputs: list[Output]) -> None:
        """Deliver what is sent, and what is sent because of that; the presence server does what it is for."""
        queue = deque((from_alice, output) for output in outputs)
        while queue:
            by_alice, output = queue.popleft()
            more: list[Output] = []
            match output:
                case Send(flow, data):
                    self.seen.append(data)
                    if not by_alice and flow.remote == ALICE:
                        queue.extend((True, each) for each in self.alice.receive(data, TO_BOB, self.now))
                    elif by_alice:
                        more = self.bob.receive(data, TO_ALICE, self.now)
                case SubscriptionRequested(subscription, request):
                    self.watchers[request.uri] = subscription
                    self.theirs.append(subscription)
                    more = subscription.accept(PRESENCE, PIDF, now=self.now)
                case StatePublished(address, _, states) if address in self.watchers:
                    state = bytes(compose_presence(address, states))
                    more = self.watchers[address].notify(state, PIDF, now=self.now)
            queue.extend((False, each) for each in more)

    def publish_for(self, who: str, number: int, tag: str | None) -> str:
        """Publish anew, or what has this entity tag; returns the next one."""
        data = _publish(who, number, tag)
        self.seen.append(data)
        self.carry(False, self.bob.receive(data, TO_ALICE, self.now))
        return _tag_in(self.seen)

    # ---------------------------------------------------------------- what is measured

    def subscribe(self, _number: int) -> None:
        """A subscription that is new, and its end: two rounds."""
        subscription, outputs = self.alice.subscribe("sip:new@192.0.2.2", "presence", now=self.now)
        self.carry(True, outputs)
        self.carry(True, subscription.unsubscribe(now=self.now))
        self.theirs.pop()

    def refresh(self, number: int) -> None:
        """One of those that are alive is refreshed: a round."""
        self.carry(True, self.ours[number].refresh(now=self.now))

    def notify(self, number: int) -> None:
        """Another state is told in one of those that are alive: NOTIFY, 200."""
        self.carry(False, self.theirs[number].notify(PRESENCE, PIDF, now=self.now))

    def publish(self, number: int) -> None:
        """Another state is published for somebody, and told to who watches: PUBLISH, 200, NOTIFY, 200."""
        who, tag = self.published[number]
        self.published[number] = who, self.publish_for(who, self.asked, tag)

    def measure(self, name: str, job: Callable[[int], None]) -> None:
        """Do it with some that are alive, of all ages, and count the timers of those before."""
        start = process_time()
        for _ in range(AT_ONCE):
            self.asked += 1
            self.seen.clear()
            self.pass_time(APART_S)
            self.seen.clear()
            job(self.asked * 7919 % self.made)
        took = (process_time() - start) / AT_ONCE * 1e6
        self.least[name] = min(self.least.get(name, took), took)


JOBS: tuple[tuple[str, Callable[[Watching, int], None]], ...] = (
    ("a new subscription, and its end", Watching.subscribe),
    ("a refresh", Watching.refresh),
    ("a NOTIFY", Watching.notify),
    ("a PUBLISH, and the NOTIFY of it", Watching.publish),
)
"""What it is called, and how it is done."""


def with_many_alive(sizes: Iterable[int]) -> list[tuple[str, float, float, float]]:
    """What it is and with how many alive; microseconds; the ratio to the floor, and to the first size."""
    places = [Watching(alive) for alive in sizes]
    floors = {name: _floor_of(places[0], job) for name, job in JOBS}
    gc.collect()
    gc.disable()
    try:
        for _ in range(ROUNDS):
            for name, job in JOBS:
                for place in places:
                    place.measure(name, partial(job, place))
                    place.settle()
    finally:
        gc.enable()
    rows = [(name, place, place.least[name]) for name, _ in JOBS for place in places]
    return [
        (f"{name}, {place.made:,} alive", micros, micros / floors[name], micros / places[0].least[name])
        for name, place, micros in rows
    ]


def _floor_of(place: Watching, job: Callable[[Watching, int], None]) -> float:
    """Microseconds for writing and reading its messages."""
    place.settle()
    job(place, 0)
    messages = [(data, parts(parse_message(data))) for data in place.seen]

    def write_and_read() -> None:
        for data, of in messages:
            floor.write(*of)
            floor.read(data)

    return best(write_and_read, rounds=30, loops=50)[write_and_read]


# -------------------------------------------------------------------- many watchers of one


class Watched:
    """Bob's presence server alone, whom very many watch the same of; what they send is made for him beforehand."""

    def __init__(self, watchers: int, expires_s: int = LASTS_S) -> None:
        self.bob = presence_server()
        self.now = NOW
        self.watchers: list[PeerSubscription] = []
        self.sent: list[bytes] = []
        self.changes = 0
        self.least = float("inf")
        """Microseconds for each watcher that is told of a change."""
        for number in range(watchers):
            outputs = self.bob.receive(_subscribe(number, expires_s), TO_ALICE, self.now)
            asked = next(output for output in outputs if isinstance(output, SubscriptionRequested))
            self.watchers.append(asked.subscription)
            self.note(asked.subscription.accept(PRESENCE, PIDF, now=self.now))
        self.answer()

    def note(self, outputs: list[Output]) -> None:
        self.sent += [output.data for output in outputs if isinstance(output, Send) and output.data[:6] == b"NOTIFY"]

    def answer(self) -> float:
        """What has been sent gets its 200, and nothing waits any more; returns the seconds that this took."""
        answers = [answer_to(data) for data in self.sent]
        self.sent.clear()
        start = process_time()
        for data in answers:
            self.bob.receive(data, TO_ALICE, self.now)
        self.now += SETTLED_S
        self.bob.handle_timeout(self.now)
        return process_time() - start

    def change(self) -> None:
        """All are told of a change, and answer."""
        self.changes += 1
        state = PRESENCE.replace(b"a8098a", b"%06x" % self.changes)
        start = process_time()
        for watcher in self.watchers:
            self.note(watcher.notify(state, PIDF, now=self.now))
        told = process_time() - start
        assert len(self.sent) == len(self.watchers), "each is told"
        self.least = min(self.least, (told + self.answer()) / len(self.watchers) * 1e6)

    def expire(self) -> float:
        """Nobody has refreshed, and all are told so; returns microseconds for each."""
        start = process_time()
        self.note(self.bob.handle_timeout(self.now + LASTS_S))
        self.now += LASTS_S
        took = (process_time() - start) / len(self.watchers) * 1e6
        assert len(self.sent) == len(self.watchers), "each is told"
        return took


def of_one_change(sizes: Iterable[int]) -> list[tuple[str, float, float, float]]:
    """How many watch; microseconds for each that is told of a change; the ratio to the floor, and to the first size."""
    places = [Watched(watchers) for watchers in sizes]
    notify = places[0].watchers[0].notify(PRESENCE, PIDF, now=places[0].now)[0]
    assert isinstance(notify, Send), "a NOTIFY is sent"
    places[0].note([notify])
    places[0].answer()
    request, response = parts(parse_message(notify.data)), answer_to(notify.data)

    def write_and_read() -> None:
        floor.write(*request)
        floor.read(response)

    least = best(write_and_read, rounds=30, loops=200)[write_and_read]
    gc.collect()
    gc.disable()
    try:
        for _ in range(ROUNDS):
            for place in places:
                for _ in range(max(1, 1000 // len(place.watchers))):
                    place.change()
    finally:
        gc.enable()
    return [
        (f"{len(place.watchers):,} watchers", place.least, place.least / least, place.least / places[0].least)
        for place in places
    ]


def of_expiry(sizes: Iterable[int]) -> list[tuple[str, float, float]]:
    """How many expire at once; microseconds for each; the ratio to the first size."""
    rows = []
    for size in sizes:
        took = []
        for _ in range(max(3, 2000 // size)):
            place = Watched(size)
            gc.collect()
            gc.disable()
            took.append(place.expire())
            gc.enable()
        rows.append((f"{size:,} at once", min(took)))
    return [(name, took, took / rows[0][1]) for name, took in rows]


# -------------------------------------------------------------------- memory


def memory(count: int = 2_000) -> list[tuple[str, float]]:
    """What one of them holds, in bytes, when nothing waits any more."""
    return [
        ("a subscription, at the notifier", _held(_notifier, count)),
        ("the same, told of 20 changes", _held(lambda count: _notifier(count, changes=20), count)),
        ("a subscription, at the subscriber", _held(_subscriber, count)),
        ("a publication, at the compositor", _held(_compositor, count)),
        ("a publication, at who publishes", _held(_publisher, count)),
    ]


def _held(make: Callable[[int], object], count: int) -> float:
    make(10)
    gc.collect()
    tracemalloc.start()
    try:
        few = make(10)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        many = make(count + 10)
        gc.collect()
        held = tracemalloc.get_traced_memory()[0] - 2 * before
    finally:
        tracemalloc.stop()
    assert few is not many, "both are there until now"
    return held / count


def _notifier(count: int, changes: int = 0) -> object:
    place = Watched(count)
    for _ in range(changes):
        place.change()
    return place.bob


def _compositor(count: int) -> object:
    bob = presence_server()
    for number in range(count):
        bob.receive(_publish(_somebody(number), number, None), TO_ALICE, NOW)
    bob.handle_timeout(NOW + SETTLED_S)
    return bob


def _subscriber(count: int) -> object:
    # Bob's subscriptions are forgotten, so that only Alice's are counted.
    place = Watching()
    for number in range(count):
        _, outputs = place.alice.subscribe(_somebody(number), "presence", expires_s=LASTS_S, now=place.now)
        place.carry(True, outputs)
        place.bob, place.seen, place.theirs, place.watchers = presence_server(number), [], [], {}
    place.settle()
    return place.alice


def _publisher(count: int) -> object:
    alice = Endpoint("udp:192.0.2.1:5060", limits=BOUNDLESS, ids=Ids(random.Random(1)))
    for number in range(count):
        _, outputs = alice.publish(_somebody(number), "presence", PRESENCE, PIDF, expires_s=LASTS_S, now=NOW)
        (send,) = (output for output in outputs if isinstance(output, Send))
        accepted = answer_to(send.data, b"SIP-ETag: %08x\r\nExpires: %d\r\n" % (number, LASTS_S))
        alice.receive(accepted, TO_BOB, NOW)
    alice.handle_timeout(NOW + SETTLED_S)
    return alice


# -------------------------------------------------------------------- messages


def _somebody(number: int) -> str:
    return f"sip:u{number}@192.0.2.2"


def _subscribe(number: int, expires_s: int) -> bytes:
    return (
        "SUBSCRIBE sip:carol@192.0.2.2 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKs{number:07};rport\r\n"
        "Max-Forwards: 70\r\n"
        f"From: <sip:watcher{number}@192.0.2.1>;tag=w{number:07}\r\n"
        "To: <sip:carol@192.0.2.2>\r\n"
        f"Call-ID: 3848276298220188511{number:07}@192.0.2.1\r\n"
        "CSeq: 1 SUBSCRIBE\r\n"
        "Contact: <sip:watcher@192.0.2.1>\r\n"
        f"Event: presence\r\nExpires: {expires_s}\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def _publish(who: str, number: int, tag: str | None) -> bytes:
    condition = "" if tag is None else f"SIP-If-Match: {tag}\r\n"
    return (
        f"PUBLISH {who} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKp{number:07}{tag or ''};rport\r\n"
        "Max-Forwards: 70\r\n"
        f"From: <{who}>;tag=p{number:07}\r\n"
        f"To: <{who}>\r\n"
        f"Call-ID: 98798798{number:07}{tag or ''}@192.0.2.1\r\n"
        f"CSeq: 1 PUBLISH\r\nEvent: presence\r\nExpires: {LASTS_S}\r\n{condition}"
        f"Content-Type: {PIDF}\r\nContent-Length: {len(PRESENCE)}\r\n\r\n"
    ).encode() + PRESENCE


def _tag_in(messages: Iterable[bytes]) -> str:
    """The entity tag that a 200 among them has."""
    (tag,) = (found[1].decode() for data in messages if (found := _E_TAG.search(data)) is not None)
    return tag


def answer_to(request: bytes, more: bytes = b"") -> bytes:
    """The 200 to a request, with more header lines; in a dialog, or with a To tag of its own."""
    lines = [line for line in request.split(b"\r\n\r\n")[0].split(b"\r\n") if line.startswith(_COPIED)]
    lines = [line if line[:3] != b"To:" or b";tag=" in line else line + b";tag=8321234356" for line in lines]
    return b"\r\n".join((b"SIP/2.0 200 OK", *lines, more + b"Content-Length: 0\r\n\r\n"))


_COPIED = (b"Via:", b"From:", b"To:", b"Call-ID:", b"CSeq:")
_E_TAG = re.compile(rb"^SIP/2.0 200 .*\r\nSIP-ETag: (\w+)", re.DOTALL)


def main(sizes: Iterable[int] = ALIVE) -> None:
    sizes = tuple(sizes)
    print("Subscriptions: microseconds for what is done with one of those that are alive, at both sides")
    for name, micros, ratio, growth in with_many_alive(sizes):
        print(f"  {name:50} {micros:8.1f}  {ratio:6.2f} x floor  {growth:6.2f} x the first")
    print()
    print("Notifying of one change: microseconds a watcher, for the NOTIFY and its 200, at the notifier")
    for name, micros, ratio, growth in of_one_change(WATCHERS):
        print(f"  {name:50} {micros:8.1f}  {ratio:6.2f} x floor  {growth:6.2f} x the first")
    print()
    print("Expiry: microseconds for each that expires, and is told so")
    for name, micros, growth in of_expiry((1_000, sizes[-1])):
        print(f"  {name:50} {micros:8.1f}  {growth:6.2f} x the first")
    print()
    print("Memory: bytes held by one")
    for name, size in memory():
        print(f"  {name:50} {size:8.0f}")


if __name__ == "__main__":
    main(ALIVE_BY_ITSELF)
