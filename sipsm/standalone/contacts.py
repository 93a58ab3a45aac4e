"""Contacts of a REGISTER and of its answer: the time that each is bound for, and which of them are one's own.

RFC 3261 10.2.
"""

from __future__ import annotations

from collections.abc import Iterable

from sipsm.message import Address


def with_expires(contact: Address, seconds: int | None) -> Address:
    """The Contact with this `expires` parameter in the place of what it had; None for none."""
    contact = contact.without_param("expires")
    if seconds is None:
        return contact
    # What stands without brackets takes no parameter of the URI's: what follows is the Contact's.
    return Address.parse(f"{contact};expires={seconds}")


def found_in(contact: Address, listed: Iterable[Address]) -> Address | None:
    """This contact address in such a list, "using comparison rules in Section 19.1.4" (RFC 3261 10.2.4)."""
    uri = contact.uri
    return next((each for each in listed if not each.is_star and each.uri == uri), None)
