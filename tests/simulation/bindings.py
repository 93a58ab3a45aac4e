"""What a registrar may know of where somebody is (RFC 3261 10.3): what he has said, as long as it lasts."""

from __future__ import annotations

from collections import Counter
from typing import Any

from attrs import define, field

from sipsm import Registered, RegistrationEnded, RegistrationEndReason, Send
from sipsm.grammar import Uri
from sipsm.message import Request, read_message
from sipsm.standalone.composing import address_of_record
from sipsm.standalone.contacts import found_in
from tests.simulation.home import Home


@define(eq=False)
class Bindings:
    """What everybody has asked for."""

    home: Home
    count: Counter[str]
    asked: set[tuple[str, Uri]] = field(factory=set)
    """By address of record and contact: what somebody has wanted to be bound."""

    def bindings_are_wanted(self, step: Any) -> str | None:
        """What a registrar knows somebody has asked for, and it has not expired; and a REGISTER did what it was to."""
        if step.agent is self.home.registrar:
            return self.held(step.now)
        for output in step.outputs:
            match output:
                case Send(data=data) if data.startswith(b"REGISTER ") and step.agent.name in self.home.names:
                    message = read_message(data)
                    assert isinstance(message, Request), "it begins like one"
                    self.note(message)
                case Registered(registration, bindings=bindings):
                    self.count["registrations compared"] += 1
                    if missing := [each for each in registration.life.accepted or () if not found_in(each, bindings)]:
                        return f"{missing} are registered, and not among {bindings}"
                case RegistrationEnded(registration, RegistrationEndReason.REMOVED, bindings=bindings) if bindings:
                    self.count["removals compared"] += 1
                    sent = registration.life.sent
                    removed = [each for each in sent.contacts if each.expires_s == 0] if sent else []
                    if left := [each for each in removed if found_in(each, bindings)]:
                        return f"{left} are removed, and among {bindings}"
                case _:
                    pass
        return None

    def note(self, register: Request) -> None:
        """Somebody wants to be reached."""
        address = str(address_of_record(register.to.uri))
        for contact in register.contacts:
            if not contact.is_star and contact.expires_s != 0:
                self.asked.add((address, contact.uri))

    def held(self, now: float) -> str | None:
        """What is wrong with what the registrar knows."""
        registrar = self.home.registrar.endpoint
        if any(up == now for _, up in self.home.registrar.away):
            # What is due by now is done next.
            return None
        for address in registrar.bound_addresses:
            for binding in registrar.bindings(address):
                self.count["bindings compared"] += 1
                if (str(address), binding.uri) not in self.asked:
                    return f"nobody has asked for {address} to be at {binding.uri}"
                if binding.expires_at < now:
                    return f"{binding.uri} of {address} has expired at {binding.expires_at}"
        return None
