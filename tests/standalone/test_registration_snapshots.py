"""Registrations of either side go on from a snapshot as if nothing had been."""

from __future__ import annotations

import random

import pytest

from sipsm import (
    BindingRemoved,
    Ids,
    Policy,
    Profile,
    Registered,
    Registering,
    Registration,
    RegistrationEnded,
    RegistrationRequested,
    restore,
    save,
)
from tests.ladders.registrants import ADDRESS, DOMAIN, HERE, ONE, THREE, TWO, Registrant, Registry


def again(bench: Registrant | Registry) -> None:
    """The endpoint goes on in another process."""
    data = save(bench.endpoint)
    bench.endpoint = restore(data, ids=Ids(random.Random(7)))
    assert save(bench.endpoint) == data


def only(bench: Registrant) -> Registration:
    """The one registration that is there."""
    (registration,) = bench.endpoint.registrations
    return registration


@pytest.mark.rfc("3261 10.2.4")
def test_who_registers_in_each_of_its_states() -> None:
    """Under way, registered, waiting for its turn, redirected, being removed: it goes on from there."""
    bench = Registrant(policy=Policy(redirections=1))
    bench.register(contacts=[f'"Bob" {ONE};q=0.5;expires=900', "mailto:bob@example.com"])
    again(bench)
    bench.say(302, "Contact: <sip:192.0.2.66>")
    again(bench)
    bench.accept(f"{ONE};expires=900")
    assert [event.registration for event in bench.told(Registered)] == [only(bench)]
    again(bench)
    bench.wait(810)
    assert bench.said[-1][0] == (f'"Bob" {ONE};q=0.5;expires=900', "<mailto:bob@example.com>;expires=3600")
    again(bench)
    bench.accept(f"{ONE};expires=900")
    bench.take(only(bench).modify(TWO, now=bench.now))
    bench.take(only(bench).modify(THREE, now=bench.now))
    again(bench)
    bench.accept(f"{TWO};expires=900")
    assert bench.said[-1][0] == (f"{THREE};expires=3600", f"{TWO};expires=0")
    bench.take(only(bench).remove(now=bench.now))
    again(bench)
    bench.accept(f"{THREE};expires=900")
    again(bench)
    bench.accept()
    assert len(bench.told(RegistrationEnded)) == 1
    again(bench)
    # "A UA SHOULD use the same Call-ID for all registrations during a single boot cycle." (RFC 3261 10.2.4)
    bench.query()
    assert len({each.call_id for each in bench.registers}) == 1
    bench.accept()
    again(bench)
    bench.quiet()
    assert bench.left() == {}


def test_those_in_line() -> None:
    """Who waited for a turn still does."""
    bench = Registrant()
    bench.register(contacts=ONE)
    bench.query()
    bench.unregister(everything=True)
    again(bench)
    for contacts in ((f"{ONE};expires=3600",), (), ("*",)):
        assert bench.said[-1][0] == contacts
        bench.accept(f"{HERE};expires=70")


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_registrar(by_hand: bool) -> None:
    """What it holds, until when, who may change it, and what it was about to decide."""
    registering = Registering(["192.0.2.1"], addresses=[ADDRESS], by_hand=by_hand)
    bench = Registry(profile=Profile(registers=registering))

    def put(*contacts: str, cseq: int, **parts: object) -> int:
        bench.put(*contacts, cseq=cseq, call_id="one", uri=DOMAIN, **parts)  # type: ignore[arg-type]
        again(bench)
        if by_hand:
            asked = next(iter(bench.endpoint._agent.registrar.undecided.values()))
            assert type(asked) is type(bench.told(RegistrationRequested)[-1].asked)
            bench.take(asked.accept(now=bench.now))
            again(bench)
        return bench.last_response.status

    assert put(f'"Bob" {ONE};q=0.3;+x="a b"', TWO, cseq=5, expires=100) == 200
    assert put(THREE, cseq=6, expires=200) == 200
    assert put(ONE, cseq=5) == 500
    assert bench.bound() == [f'"Bob" {ONE};q=0.3;+x="a b"', TWO, THREE]
    bench.wait(100)
    again(bench)
    assert bench.bound() == [THREE]
    assert put(f"{THREE};expires=0", cseq=6) == 500
    bench.wait(100)
    assert len(bench.told(BindingRemoved)) == 3
    again(bench)
    bench.quiet()
    assert bench.left() == {}
