"""Whatever comes, a proxy does not fail: mutated requests and responses, programs of messages and time."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from sipsm import Flow, Request, Response, RouteRequested, RouteTarget, response_to
from sipsm.message import cancel_for
from sipsm.testing.invariants import InvariantBroken
from tests.proxy.by_hand import ALICE, BOB, CAROL, DAVE, OURS, Neighbours, at

METHODS = ("INVITE", "MESSAGE", "BYE", "CANCEL", "ACK", "NOTIFY", "DANCE")
URIS = (
    "sip:bob@biloxi.com",
    "sip:carol@192.0.2.30",
    "sip:bob@192.0.2.1;lr",
    "sip:bob@biloxi.com;maddr=192.0.2.1;method=INVITE",
    "sips:bob@biloxi.com",
    "tel:+15550100",
    "mailto:bob@biloxi.com",
    "sip:bob@[::1]:5060",
    "sip:bob@name.example.com;transport=tcp",
)
LINES = (
    ("Route", "<sip:192.0.2.1;lr>"),
    ("Route", "<sip:192.0.2.9>, <sip:192.0.2.1;lr>"),
    ("Route", "<tel:+15550100>"),
    ("Route", "<sip:192.0.2.9;maddr=192.0.2.1>"),
    ("Max-Breadth", "1"),
    ("Proxy-Require", "privacy"),
    ("Record-Route", "<sip:192.0.2.9;lr>"),
    ("Reason", "SIP;cause=200"),
    ("X", "y"),
)
PIECES = (b"\r\n", b",", b"<", b">", b";", b"\xff", b"\x00", b"9" * 30, b"Via: ", b"sip:", b"", b'"', b"%")


def mutated(data: bytes, random: Random) -> bytes:
    """Some bytes are others, or are missing, or there twice."""
    for _ in range(random.choice((0, 0, 0, 1, 1, 2, 5))):
        at = random.randrange(len(data) + 1)
        data = data[:at] + random.choice(PIECES) + data[at + random.choice((0, 0, 1, 5)) :]
    return data


def targets(random: Random) -> Any:
    """What a routing function may say."""
    places = ["sip:b@192.0.2.20", RouteTarget("sip:c@192.0.2.30", q=0.5), "sip:d@192.0.2.40;transport=tcp"]
    return random.choice((None, (), places[:1], places, ["sip:bob@192.0.2.1"], ["sip:x@name.example.com", "tel:+1555"]))


class Program(Neighbours):
    """Anything in any order, drawn from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        route = random.choice((None, lambda _: targets(random)))
        settings: dict[str, Any] = {
            "record_routes": random.random() < 0.5,
            "recurses": random.random() < 0.5,
            "serial": random.random() < 0.3,
            "waits_for_breadth": random.random() < 0.7,
        }
        local = ("udp:192.0.2.1:5060", "tcp:192.0.2.1:5060")[: random.choice((1, 2))]
        super().__init__(*local, route=route, seed=seed, **settings)

    def step(self) -> None:
        """One thing happens."""
        random = self.random
        what = random.random()
        forwarded = [sent for sent, _ in self.sent if isinstance(sent, Request) and sent.method != "ACK"]
        if what < 0.35 or not forwarded:
            headers = random.sample(LINES, random.choice((0, 0, 1, 2)))
            via = f"SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKalice{random.choice((1, 2, 3, 4))}"
            request = self.request(random.choice(METHODS), random.choice(URIS), headers=headers, via=via)
            self.receive(mutated(bytes(request), random), ALICE)
        elif what < 0.75:
            status = random.choice((100, 180, 183, 200, 302, 401, 407, 486, 503, 603, 408))
            contact = [("Contact", "<sip:d@192.0.2.40>, <sip:b@192.0.2.20;x=y>;q=0.3")]
            response = response_to(random.choice(forwarded), status, to_tag="b", headers=contact, record_route=True)
            self.receive(mutated(bytes(response), random), random.choice((BOB, CAROL, DAVE)))
        elif what < 0.8:
            self.receive(mutated(bytes(random.choice(forwarded)), random), OURS)
        elif what < 0.85 and self.sends:
            self.take(self.proxy.send_failed(random.choice(self.sends), self.now))
        elif what < 0.9:
            for event in [each for each in self.events if isinstance(each, RouteRequested)]:
                self.events.remove(event)
                if event.asked in self.proxy.undecided:
                    said = targets(random)
                    if said is None:
                        self.take(event.asked.refuse(486, now=self.now))
                    else:
                        self.take(event.asked.forward(*said, now=self.now))
        else:
            self.wait(random.choice((0.1, 1, 10, 40, 200)))
        due = self.proxy.next_timeout()
        if due is not None and due <= self.now:
            self.wait(0)
            later = self.proxy.next_timeout()
            if later is not None and later <= self.now:
                raise InvariantBroken("an adapter would spin")

    def end(self) -> None:
        """All that waits for somebody is told that nobody comes; then nothing is left."""
        for question in list(self.proxy.resolving):
            self.take(self.proxy.resolved(question, (), self.now))
        for open in list(self.proxy.opening):
            self.take(self.proxy.open_failed(open, self.now))
        while self.proxy.next_timeout() is not None or self.proxy.resolving or self.proxy.opening:
            self.wait(50)
            for question in list(self.proxy.resolving):
                self.take(self.proxy.resolved(question, (), self.now))
            for open in list(self.proxy.opening):
                self.take(self.proxy.open_failed(open, self.now))
        transactions = self.proxy._transactions
        assert (len(transactions.servers), len(transactions.clients), self.proxy.forwarding) == (0, 0, 0)
        assert not self.proxy._sending.deliveries


def run(seed: int, steps: int) -> None:
    """A whole program."""
    program = Program(seed)
    for _ in range(steps):
        program.step()
    program.end()


@pytest.mark.parametrize("seed", range(30))
def test_any_program_goes_to_its_end(seed: int) -> None:
    """Nothing that arrives raises, whatever came before, and nothing is left in the end."""
    run(seed, 40)


@pytest.mark.slow
def test_many_programs_go_to_their_ends() -> None:
    """The same, longer and more often."""
    for seed in range(30, 600):
        run(seed, 120)


CONTACTS = [("Contact", '"QQ" <mailto:a@b.com>, <sip:d@192.0.2.40>')]


@pytest.mark.parametrize("odd", [b"\x00", b"\xff", b"\x07", b"\xc2\x85", b"\t", b"\r\n ", b"\r", b"\n"])
def test_what_is_written_anew_may_hold_anything(odd: bytes) -> None:
    """Values that go into another message, or are put together anew, may hold what a program may not write."""

    def with_odd(message: Request | Response) -> bytes:
        return bytes(message).replace(b"QQ", b"a" + odd + b"b")

    route = [("Route", '"QQ" <sip:192.0.2.9>, "QQ" <sip:192.0.2.8;lr>')]
    for uri in ("sip:carol@192.0.2.30", "sip:192.0.2.1;lr", "sip:QQ@biloxi.com;maddr=192.0.2.1"):
        world = Neighbours(record_routes=True, route=at("bob"))
        world.receive(with_odd(world.request(uri=uri, headers=route)), ALICE)
    world = Neighbours(route=at("bob", "carol"))
    bob, carol = world.ask()
    world.answer(bob, 401, headers=[("WWW-Authenticate", "Digest realm=x")])
    world.answer(carol, 180)
    world.receive(with_odd(cancel_for(world.asked).with_added("Reason", "SIP;cause=QQ")), ALICE)
    challenge = [("WWW-Authenticate", 'Digest realm="QQ"')]
    world.receive(with_odd(response_to(carol, 401, to_tag="b", headers=challenge)), CAROL)
    world = Neighbours("udp:192.0.2.1:5060", "tcp:192.0.2.1:5060", route=at("bob"), recurses=True, record_routes=True)
    (copy,) = world.ask()
    for status in (180, 302):
        response = response_to(copy, status, to_tag="b", record_route=True, headers=CONTACTS)
        world.receive(with_odd(response.with_pushed("Record-Route", '"QQ" <sip:x.com;lr>')), BOB)
    assert world.proxy.forwarding <= 1


def test_any_bytes_in_any_pieces_over_a_connection() -> None:
    """A connection may bring a message in pieces, and what is none."""
    random = Random(5)
    for seed in range(40):
        world = Neighbours("udp:192.0.2.1:5060", "tcp:192.0.2.1:5060", seed=seed, route=lambda _: ["sip:b@192.0.2.20"])
        flow = Flow("TCP", OURS, ("192.0.2.10", 40000))
        world.take(world.proxy.flow_opened(flow, world.now))
        via = "SIP/2.0/TCP 192.0.2.10:5060;branch=z9hG4bKa"
        data = mutated(bytes(world.request(via=via)) * 2, random)
        while data:
            size = random.choice((1, 7, 100, 1000))
            world.take(world.proxy.receive(data[:size], flow, world.now))
            data = data[size:]
