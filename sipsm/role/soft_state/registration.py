"""A registration as the application holds it: what it is, and what can be done with it (RFC 3261 10.2).

The decisions are in the table of its machine, `sipsm.standalone.registration`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING

from attrs import define

from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.grammar.text_value import built
from sipsm.message import Address
from sipsm.role.checking import address_of_somebody
from sipsm.role.soft_state.lease import LeaseHandle
from sipsm.standalone.contacts import found_in
from sipsm.standalone.lease import MODIFY, REMOVE, Wish
from sipsm.standalone.registration import REMOVE_ALL, AddressRegistration

if TYPE_CHECKING:
    from sipsm.role.events import Output

Contacts = Iterable[Address | Uri | str]
"""Where an address is to be reached: each a URI, or a Contact with parameters, as `"<sip:bob@192.0.2.4>;q=0.7"`."""


class RegistrationState(StrEnum):
    """Where a registration stands."""

    REGISTERING = "registering"
    """No registrar has accepted it yet."""
    REGISTERED = "registered"
    """The registrar has it; a change of it may be under way."""
    REMOVING = "removing"
    """It is to be removed."""
    ASKING = "asking"
    """The registrar is only asked what it has."""
    ENDED = "ended"
    """Over."""


@define(eq=False, repr=False)
class Registration(LeaseHandle[AddressRegistration]):
    """An address of ours that a registrar knows to be reached at some contacts. It is refreshed by itself.

    Its commands return outputs for the adapter, or raise `LocalProtocolError`. What they want goes out when no other
    REGISTER for the address is under way (RFC 3261 10.2); of several changes that wait for that, the last.
    """

    address: Uri
    """The address of record, without parameters."""

    def __repr__(self) -> str:
        return f"<Registration of {self.address}: {self.state}>"

    @property
    def state(self) -> RegistrationState:
        """Where it stands."""
        life = self.life
        if self.is_over:
            return RegistrationState.ENDED
        if life.asking:
            return RegistrationState.ASKING
        if life.leaving:
            return RegistrationState.REMOVING
        return RegistrationState.REGISTERING if life.accepted is None else RegistrationState.REGISTERED

    @property
    def uri(self) -> Uri:
        """The Request-URI of its requests."""
        return self.life.registrar

    @property
    def place(self) -> Uri:
        """Where its requests go one at a time: for each address (RFC 3261 10.2)."""
        return self.address

    @property
    def registrar(self) -> Uri:
        """Whom it asks: the domain, or where that has sent it."""
        return self.life.registrar

    @property
    def contacts(self) -> tuple[Address, ...]:
        """Where the address is to be reached: what of this is registered, or is to be."""
        return self.life.wanted

    def modify(self, contacts: Contacts, *, expires_s: int | None = None, now: float) -> list[Output]:
        """Register these contacts in the place of those before, which are removed with that (RFC 3261 10.2.1)."""
        return self._command(MODIFY, Wish(as_contacts(contacts), expires_s), now)

    def remove(self, *, everything: bool = False, now: float) -> list[Output]:
        """Have its contacts removed, or all that the address has (RFC 3261 10.2.2).

        `RegistrationEnded` tells when that is done.
        """
        return self._command(REMOVE_ALL if everything else REMOVE, Wish(), now)


def as_contacts(given: Contacts) -> tuple[Address, ...]:
    """Contacts as they can be registered. Raises `LocalProtocolError` for what cannot be (RFC 3261 10.2)."""
    contacts: list[Address] = []
    for each in (given,) if isinstance(given, str | Uri | Address) else given:
        text = str(each)
        contact = address_of_somebody(text if "<" in text else f"<{built(Uri.parse, text)}>")
        if contact.expires_s == 0:
            raise LocalProtocolError("a contact that lasts no time is none: use `remove`", rfc="3261 10.2.2")
        if found_in(contact, contacts) is not None:
            raise LocalProtocolError(f"{contact.uri} is there twice", rfc="3261 10.2.1")
        contacts.append(contact)
    if not contacts:
        raise LocalProtocolError("there is no contact to register", rfc="3261 10.2.1")
    return tuple(contacts)
