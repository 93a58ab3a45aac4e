"""The registrar against a simple model of it: a list of bindings, and the time until which each lives."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from random import Random
from typing import Any

import pytest

from sipsm import BindingAdded, BindingRefreshed, BindingRemoved, Profile, Registering
from sipsm.endpoint import restore, save
from tests.ladders.registrants import ADDRESS, Registry

SMALLEST, LONGEST, USUAL, OF_ADDRESS, ADDRESSES = 10, 100, 50, 3, 2
WHO = (ADDRESS, "sip:alice@192.0.2.1", "sip:carol@192.0.2.1")
WHERE = tuple(f"<sip:x@192.0.2.{n}>" for n in range(10, 15))


def program(seed: int, steps: int = 80) -> Iterator[tuple[Any, ...]]:
    """What happens: REGISTERs of three clients, time, and going on from a snapshot."""
    chance = Random(seed)
    for _ in range(steps):
        match chance.randrange(12):
            case 0:
                yield "clear", chance.choice(WHO), chance.randrange(3), chance.choice([0, 0, 0, 10, None])
            case 1 | 2:
                yield "wait", chance.choice([0.5, 1.0, 9.5, 10.0, 40.0])
            case 3:
                yield ("restore",)
            case 4:
                yield "forget", chance.choice(WHO), chance.choice([None, *WHERE])
            case _:
                contacts = [
                    (chance.choice(WHERE), chance.choice([None, 0, 0, 5, 10, 30, 200]))
                    for _ in range(chance.choice([0, 1, 1, 1, 2, 3, 4]))
                ]
                expires = chance.choice([None, None, 10, 60, 0])
                yield "register", chance.choice([WHO[0], *WHO]), chance.randrange(3), contacts, expires


class Model:
    """What a registrar is, in the fewest words."""

    def __init__(self) -> None:
        self.bound: dict[str, dict[str, tuple[float, str, int]]] = {}
        """By address and contact: until when, and whose Call-ID and CSeq it has."""

    def forget(self, now: float) -> None:
        """What has expired is gone."""
        for there in self.bound.values():
            for contact in [contact for contact, (until, _, _) in there.items() if until <= now]:
                del there[contact]
        self.bound = {who: there for who, there in self.bound.items() if there}

    def register(
        self, who: str, by: tuple[str, int], contacts: list[tuple[str, int | None]], expires: int | None, now: float
    ) -> int:
        """The status of the answer."""
        there = self.bound.get(who, {})
        wanted: dict[str, int] = {}
        for contact, own in contacts:
            wanted[contact] = own if own is not None else expires if expires is not None else USUAL
        if len(contacts) > OF_ADDRESS:
            return 503
        if any(0 < seconds < SMALLEST for seconds in wanted.values()):
            return 423
        if any(contact in there and there[contact][1] == by[0] and there[contact][2] >= by[1] for contact in wanted):
            return 500
        after = dict(there)
        for contact, seconds in wanted.items():
            after.pop(contact, None) if not seconds else after.update({contact: (now + min(seconds, LONGEST), *by)})
        new = [contact for contact in after if contact not in there]
        if new and (len(after) > OF_ADDRESS or (not there and len(self.bound) >= ADDRESSES)):
            return 503
        self.bound[who] = after
        self.forget(now)
        return 200

    def clear(self, who: str, by: tuple[str, int], expires: int | None) -> int:
        """The same, for `*`."""
        there = self.bound.get(who, {})
        if expires != 0:
            return 400
        if any(call_id == by[0] and cseq >= by[1] for _, call_id, cseq in there.values()):
            return 500
        self.bound.pop(who, None)
        return 200


@pytest.mark.rfc("3261 10.3", "3261-S17", "3261-S18")
@pytest.mark.parametrize("seed", range(40))
def test_it_is_what_the_model_says(seed: int) -> None:
    """Statuses, what is listed, what holds, and who is told, whatever is registered when; also from a snapshot."""
    registering = Registering(
        smallest_s=SMALLEST,
        longest_s=LONGEST,
        usual_s=USUAL,
        bindings_of_address=OF_ADDRESS,
        bound_addresses=ADDRESSES,
    )
    bench, model = Registry(profile=Profile(registers=registering)), Model()
    chance, cseqs = Random(-seed), [100, 100, 100]
    told: dict[str, set[str]] = {who: set() for who in WHO}
    for what, *parts in program(seed):
        match what:
            case "wait":
                bench.wait(parts[0])
                model.forget(bench.now)
            case "restore":
                bench.endpoint = restore(save(bench.endpoint))
            case "forget":
                who, contact = parts
                uri = None if contact is None else contact.strip("<>")
                bench.take(bench.endpoint.unbind(who, uri, now=bench.now))
                for each in WHERE if contact is None else [contact]:
                    model.bound.get(who, {}).pop(each, None)
                model.forget(bench.now)
            case _:
                who, client, *more = parts
                # Now and then one that was overtaken comes.
                cseqs[client] += chance.choice([1, 1, 1, 0, -2])
                by = (f"client{client}", cseqs[client])
                contacts: list[tuple[str, int | None]] = [("*", None)]
                if what == "clear":
                    (expires,) = more
                    status = model.clear(who, by, expires)
                else:
                    contacts, expires = more
                    status = model.register(who, by, contacts, expires, bench.now)
                lines = [each if own is None else f"{each};expires={own}" for each, own in contacts]
                answer = bench.put(*lines, to=f"<{who}>", expires=expires, call_id=by[0], cseq=by[1])
                assert answer is not None
                assert answer.status == status
                if status == 200:
                    left = {each: ceil(until - bench.now) for each, (until, *_) in model.bound.get(who, {}).items()}
                    listed = answer.lines_of("Contact")
                    assert sorted(listed) == sorted(f"{each};expires={seconds}" for each, seconds in left.items())
        for event in bench.events:
            contact = "" if not hasattr(event, "binding") else str(event.binding.contact)
            match event:
                case BindingAdded():
                    assert contact not in told[str(event.address)]
                    told[str(event.address)].add(contact)
                case BindingRefreshed():
                    assert contact in told[str(event.address)]
                case BindingRemoved():
                    told[str(event.address)].remove(contact)
        bench.events.clear()
        for who in WHO:
            assert set(bench.bound(who)) == set(model.bound.get(who, {})) == told[who]
        assert sorted(map(str, bench.endpoint.bound_addresses)) == sorted(model.bound)
    bench.quiet()
    assert bench.left() == {}
