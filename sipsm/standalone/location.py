"""A location service: where each address of record can be reached, and what a REGISTER changes in that.

RFC 3261 10.3. A REGISTER is applied as a whole or not at all: what is wrong with it is found before anything changes,
in `sipsm.standalone.register_checks`. Each binding is a machine with a timer, see `sipsm.standalone.binding`.
"""

from __future__ import annotations

from functools import cached_property
from math import ceil
from typing import NamedTuple

from attrs import define, field, frozen

from sipsm.grammar import Uri
from sipsm.machine import Observer, Step
from sipsm.message import Address, Request
from sipsm.message.headers import EXPIRES
from sipsm.standalone.binding import BIND, UNBIND, Binding, HeldBinding, UnbindReason
from sipsm.standalone.contacts import with_expires
from sipsm.standalone.registering import Registering


@frozen
class Bound:
    """To who keeps the location service: there is a binding, or it lasts longer."""

    held: HeldBinding
    binding: Binding
    is_new: bool


@frozen
class Unbound:
    """There is a binding no more."""

    held: HeldBinding
    binding: Binding
    reason: UnbindReason


Change = Bound | Unbound


class Wanted(NamedTuple):
    """What a REGISTER wants of one contact address."""

    contact: Address
    seconds: int
    """The expiration that is requested: 0 removes it."""
    known: HeldBinding | None
    """The binding that is there."""


@define(eq=False)
class Location:
    """All bindings, by address of record in its canonical form, in the order in which they were made."""

    registering: Registering
    addresses: frozenset[Uri] = field(init=False)
    """Those of `registering`, to be found however many they are."""
    held: dict[Uri, list[HeldBinding]] = field(factory=dict)
    made: int = 0
    """How many bindings there have been."""

    @addresses.default
    def _addresses(self) -> frozenset[Uri]:
        return frozenset(map(self.registering.address_of, self.registering.addresses))

    def register(self, asked: Asked, now: float, observer: Observer | None = None) -> list[Change]:
        """Do what a REGISTER that is in order wants; returns what that has changed."""
        step = Step(now, observer)
        changes: list[Change] = []
        if asked.is_star:
            return [self._unbind(held, UnbindReason.UNREGISTERED, step) for held in asked.there]
        for contact, seconds, known in asked.wanted:
            lasts_s = min(seconds, self.registering.longest_s)
            if lasts_s:
                changes.append(self._bind(asked, contact, lasts_s, known, step))
            elif known is not None:
                changes.append(self._unbind(known, UnbindReason.UNREGISTERED, step))
        return changes

    def bindings(self, address: Uri) -> tuple[Binding, ...]:
        """Where somebody can be reached now, in the order in which the bindings were made."""
        return tuple(held.binding for held in self.held.get(self.registering.address_of(address), ()))

    def contacts(self, address: Uri, now: float) -> list[str]:
        """The same as the Contact values of a 200: "enumerating all current bindings" (RFC 3261 10.3)."""
        # "Each Contact value MUST feature an "expires" parameter indicating its expiration interval chosen by the
        # registrar." (RFC 3261 10.3)  What is there lasts a second more at least.
        there = self.held.get(address, ())
        # What has just been bound for an hour is bound for an hour, whatever its deadline is rounded to.
        left = ((held.binding, max(1, ceil(round(held.binding.expires_at - now, 6)))) for held in there)
        return [str(with_expires(binding.contact, seconds)) for binding, seconds in left]

    def remove(self, held: HeldBinding, now: float, observer: Observer | None = None) -> Unbound:
        """Remove a binding, though nobody has asked for that."""
        return self._unbind(held, UnbindReason.DEACTIVATED, Step(now, observer))

    def wake(self, held: HeldBinding, now: float, observer: Observer | None = None) -> Unbound:
        """Fire the timer of a binding that is due: it has expired."""
        letter = held.due(now)
        assert letter is not None, "it is due"
        held.receive(held.fired(letter, now), None, Step(now, observer))
        return self._gone(held, UnbindReason.EXPIRED)

    def _bind(self, asked: Asked, contact: Address, lasts_s: int, known: HeldBinding | None, step: Step) -> Bound:
        # "Each binding record records the Call-ID and CSeq values from the request." (RFC 3261 10.3)
        request = asked.request
        number = self.made if known is None else known.binding.number
        by = (request.call_id, request.cseq.number)
        binding = Binding(number, with_expires(contact, None), lasts_s, step.now + lasts_s, *by)
        held = known or HeldBinding(asked.address, binding)
        held.receive(BIND, binding, step)
        if known is None:
            self.made += 1
            self.held.setdefault(asked.address, []).append(held)
        return Bound(held, binding, known is None)

    def _unbind(self, held: HeldBinding, reason: UnbindReason, step: Step) -> Unbound:
        held.receive(UNBIND, None, step)
        return self._gone(held, reason)

    def _gone(self, held: HeldBinding, reason: UnbindReason) -> Unbound:
        there = self.held[held.address]
        there.remove(held)
        if not there:
            del self.held[held.address]
        return Unbound(held, held.binding, reason)


class Asked:
    """A REGISTER, and what its registrar has to do with it as it stands: to be asked before anything changes there."""

    def __init__(self, location: Location, request: Request) -> None:
        self.location = location
        self.registering = location.registering
        self.request = request

    @cached_property
    def address(self) -> Uri:
        """The address of record, in its canonical form: "The registrar extracts the address-of-record from the To
        header field of the request." (RFC 3261 10.3)"""
        return self.registering.address_of(self.request.to.uri)

    @cached_property
    def there(self) -> tuple[HeldBinding, ...]:
        """The bindings that it has."""
        return tuple(self.location.held.get(self.address, ()))

    @property
    def is_star(self) -> bool:
        """Whether it is about all bindings."""
        contacts = self.request.contacts
        return bool(contacts) and contacts[0].is_star

    @cached_property
    def wanted(self) -> tuple[Wanted, ...]:
        """What it wants of which contact address; what it says of one twice, as it says it last."""
        # "For each address, the registrar then searches the list of current bindings using the URI comparison rules."
        # (RFC 3261 10.3)
        found: dict[Uri, Wanted] = {}
        for contact in self.request.contacts:
            uri = contact.uri
            known = next((held for held in self.there if held.binding.uri == uri), None)
            found.pop(uri, None)
            found[uri] = Wanted(contact, self._seconds(contact), known)
        return tuple(found.values())

    def _seconds(self, contact: Address) -> int:
        # "If the field value has an "expires" parameter, that value MUST be taken as the requested expiration." And:
        # "If there is no such parameter, but the request has an Expires header field, that value MUST be taken as the
        # requested expiration." And: "If there is neither, a locally-configured default value MUST be taken as the
        # requested expiration." (RFC 3261 10.3)
        for seconds in (contact.expires_s, self.request[EXPIRES]):
            if seconds is not None:
                return seconds
        return self.registering.usual_s
