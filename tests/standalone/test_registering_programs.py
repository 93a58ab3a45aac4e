"""Clients and registrars through thick and thin: whatever is wanted, answered, lost and forgotten in between."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from sipsm import (
    LocalProtocolError,
    Profile,
    Registered,
    RegisterFailed,
    Registering,
    Registration,
    RegistrationEnded,
    RegistrationEndReason,
    RegistrationState,
    Request,
)
from sipsm.endpoint import restore, save
from sipsm.testing import Net, nothing_left
from tests.ladders.registrants import ONE, THREE, TWO, Registrant

WHO = ("sip:a@192.0.2.2", "sip:b@192.0.2.2")
CONTACTS = ([ONE], [TWO], [ONE, THREE], [f"{TWO};q=0.5", f"{THREE};expires=50"])
ANSWERS = (200, 200, 200, 200, 302, 401, 403, 404, 408, 423, 500, 503, 604)


def program(seed: int, steps: int = 60) -> Iterator[tuple[Any, ...]]:
    """What happens: wishes, answers, time, and going on from a snapshot."""
    chance = Random(seed)
    for _ in range(steps):
        match chance.randrange(10):
            case 0:
                what = chance.choice(["register", "register", "register", "query", "unregister", "clear"])
                yield what, chance.choice(WHO), chance.choice(CONTACTS)
            case 1 | 2:
                what = chance.choice(["modify", "modify", "refresh", "remove"])
                yield what, chance.randrange(4), chance.choice(CONTACTS), chance.choice([None, 40])
            case 3 | 4 | 5 | 6:
                yield "answer", chance.randrange(2), chance.choice(ANSWERS), chance.choice([0, 5, 90, 900])
            case 7 | 8:
                yield "wait", chance.choice([0.5, 10.0, 33.0, 100.0])
            case 9:
                yield ("restore",)


class Watched(Registrant):
    """A client of which is known what is under way."""

    def __init__(self) -> None:
        super().__init__()
        self.under_way: dict[str, tuple[Request, float]] = {}
        """By address, and since when."""
        self.seen: set[str] = set()
        self.numbers: dict[str, tuple[str, int]] = {}

    def look(self) -> None:
        """What was sent since the last time is as RFC 3261 10.2 has it."""
        for request in self.registers:
            assert request.branch is not None
            if request.branch in self.seen:
                continue
            self.seen.add(request.branch)
            who = str(request.to.uri)
            # "until they have received a final response from the registrar for the previous one or the previous
            # REGISTER request has timed out." (RFC 3261 10.2)
            assert who not in self.under_way or self.now - self.under_way[who][1] >= 31.5
            self.under_way[who] = request, self.now
            call_id, number = self.numbers.get(who, (request.call_id, request.cseq.number - 1))
            assert (request.call_id, request.cseq.number) == (call_id, number + 1)
            self.numbers[who] = request.call_id, request.cseq.number
            contacts, expires = request.contacts, request.header("Expires")
            assert request.uri.user is None
            assert not any(each.is_star for each in contacts) or expires == "0"
            assert len({each.uri for each in contacts if not each.is_star}) == sum(
                not each.is_star for each in contacts
            )


@pytest.mark.rfc("3261 10.2", "3261-C11")
@pytest.mark.parametrize("seed", range(40))
def test_whatever_happens(seed: int) -> None:
    """The rules of section 10.2 hold, each registration ends once, and in the end nothing is left."""
    bench = Watched()
    all_: list[Registration] = []
    for what, *parts in program(seed):
        match what:
            case "register" | "unregister":
                who, contacts = parts
                all_.append(getattr(bench, what)(who, contacts=contacts))
            case "query":
                all_.append(bench.query(parts[0]))
            case "clear":
                all_.append(bench.unregister(parts[0], everything=True))
            case "modify" | "refresh" | "remove" if all_:
                nth, contacts, expires_s = parts
                registration = all_[nth % len(all_)]
                args: list[Any] = [contacts] if what == "modify" else []
                options = {} if what == "remove" else {"expires_s": expires_s}
                over = registration.state not in {RegistrationState.REGISTERING, RegistrationState.REGISTERED}
                try:
                    bench.take(getattr(registration, what)(*args, **options, now=bench.now))
                    assert not over
                except LocalProtocolError:
                    assert over
            case "answer" if bench.under_way:
                nth, status, lasts = parts
                who = list(bench.under_way)[nth % len(bench.under_way)]
                request, since = bench.under_way.pop(who)
                if bench.now - since >= 31.5:
                    continue
                listed = [str(each.uri) for each in request.contacts if not each.is_star and each.expires_s != 0]
                if status == 200:
                    bench.accept(*(f"<{each}>;expires={lasts}" for each in listed), to=request)
                else:
                    bench.say(status, f"Min-Expires: {lasts}", "Retry-After: 7", to=request)
            case "wait":
                for _ in range(int(parts[0] * 2)):
                    bench.wait(0.5)
                    bench.look()
            case "restore":
                before = bench.endpoint.registrations
                bench.endpoint = restore(save(bench.endpoint))
                after = dict(zip(map(id, before), bench.endpoint.registrations, strict=True))
                all_ = [after.get(id(each), each) for each in all_]
        bench.look()
    for registration in all_:
        if registration.state in {RegistrationState.REGISTERING, RegistrationState.REGISTERED}:
            bench.take(registration.remove(now=bench.now))
    bench.until(bench.now + 100_000)
    assert len(bench.told(RegistrationEnded)) == len(all_)
    assert bench.endpoint.registrations == []
    assert bench.left() == {}


LONGEST = 300


class Believing:
    """Clients whose network is bad, their registrar, and what each of them believes that it has."""

    def __init__(self, seed: int) -> None:
        self.net = Net(seed, loss=0.3, duplicate=0.1, delay=(0.0, 0.8), reorder=0.2)
        self.chance = Random(seed)
        profile = Profile(registers=Registering(bindings_of_address=100, smallest_s=90, longest_s=LONGEST))
        self.registrar = self.net.agent("reg", profile=profile)
        self.clients = [self.net.agent(f"ua{n}") for n in range(3)]
        self.all: list[tuple[Any, Registration]] = []
        self.told: dict[Registration, tuple[Any, float]] = {}
        """What was told of each last, and until when it was known by."""
        self.read = [0, 0, 0]
        # Each is cut off for a while, long enough for a REGISTER to be given up.
        for client in self.clients:
            for _ in range(2):
                start = self.chance.uniform(0, 400)
                self.net.partition(client.name, "reg", start, start + self.chance.choice([20, 45, 90]))

    def contacts(self, nth: int) -> list[str]:
        """Some of the places that are only this registration's."""
        return [f"<sip:r{nth}@192.0.2.{n}>" for n in self.chance.sample(range(100, 104), self.chance.randrange(1, 4))]

    def act(self) -> None:
        """Somebody wants something."""
        client = self.chance.choice(self.clients)
        live = [each for agent, each in self.all if agent is client and each in client.endpoint.registrations]
        if not live or self.chance.random() < 0.15:
            seconds, contacts = self.chance.choice([30, 120, 500]), self.contacts(len(self.all))
            registration = client.do(client.endpoint.register, "sip:x@reg", contacts=contacts, expires_s=seconds)
            self.all.append((client, registration))
            return
        registration = self.chance.choice(live)
        if registration.state is not RegistrationState.REMOVING:
            nth = [each for _, each in self.all].index(registration)
            what = self.chance.choice(["modify", "modify", "modify", "refresh", "remove"])
            client.do(getattr(registration, what), *([self.contacts(nth)] if what == "modify" else []))

    def look(self) -> int:
        """Nobody is mistaken; returns of how many registrations that was to be seen."""
        for n, client in enumerate(self.clients):
            for event in client.events[self.read[n] :]:
                if isinstance(event, Registered | RegisterFailed | RegistrationEnded):
                    self.told[event.registration] = event, self.net.now
            self.read[n] = len(client.events)
        bound: dict[str, set[str]] = {}
        for binding in self.registrar.endpoint.bindings("sip:x@reg"):
            bound.setdefault(str(binding.uri.user), set()).add(str(binding.uri))
        seen = 0
        for nth, (_, registration) in enumerate(self.all):
            told, at = self.told.get(registration, (None, 0.0))
            there = bound.get(f"r{nth}", set())
            if isinstance(told, RegistrationEnded):
                # What may have been taken, and was not removed, is there until it expires.
                is_certain = told.reason is RegistrationEndReason.REMOVED or self.net.now > at + LONGEST + 2
                assert not (is_certain and there), f"{registration} has left {there}: {told}"
                seen += is_certain
            elif isinstance(told, Registered) and not registration.under_way:
                assert there == {str(each.uri) for each in registration.contacts}, f"{registration}: {there}"
                seen += 1
        return seen


@pytest.mark.rfc("3261 10.2.2", "3261 10.2.4", "3261 10.3", "3261-C12", "3261-S17")
@pytest.mark.seeds(20)
def test_through_a_bad_network(seed: int) -> None:
    """Whenever nothing is under way, the registrar has what each client believes that it has, and that only; when all
    have removed theirs, nothing is left."""
    world = Believing(seed)
    net, seen = world.net, 0
    for step in range(40):
        world.act()
        net.run(until=8 * (step + 1))
        seen += world.look()
    assert seen > 40
    net.run(until=1200)
    world.look()
    for agent, registration in world.all:
        if registration.state is RegistrationState.REGISTERED:
            agent.do(registration.remove)
    net.run()
    assert world.registrar.endpoint.bindings("sip:x@reg") == ()
    nothing_left(net)
