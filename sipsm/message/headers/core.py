"""The headers that messages and dialogs are known by, and that lead them on their way.

RFC 3261 20.8, 20.10, 20.16, 20.20, 20.22, 20.30, 20.31, 20.34, 20.39 and 20.42; Path (RFC 3327), Service-Route (RFC
3608) and Max-Breadth (RFC 5393).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from sipsm.errors import RemoteProtocolError
from sipsm.message.address import Address
from sipsm.message.cseq import CSeq
from sipsm.message.headers.field import Listed, Single
from sipsm.message.headers.scalars import whole_number
from sipsm.message.via import Via

# callid = word [ "@" word ]
# Wider by all that is one word: it is compared octet by octet, and nothing depends on its inside.
_is_call_id = re.compile(r"[^ \t]++").fullmatch


def call_id(text: str) -> str:
    """The Call-ID that the text is; raises RemoteProtocolError when it is none (RFC 3261 20.8)."""
    if _is_call_id(text) is None:
        raise RemoteProtocolError(f"Call-ID {text[:80]!r} is no word", rfc="3261 20.8")
    return text


def address_of_one(text: str) -> Address:
    """The address that the text is; raises RemoteProtocolError when it is none, or the `*` that only Contact can be."""
    address = Address.parse(text)
    if address.is_star:
        raise RemoteProtocolError("* is nobody's address", rfc="3261 25.1")
    return address


def max_forwards(text: str) -> int:
    """The number of times that a request may still be forwarded; else raises RemoteProtocolError (RFC 3261 20.22)."""
    # "The Max-Forwards value is an integer in the range 0-255" (RFC 3261 20.22)
    hops = whole_number(text)
    if hops > 255:
        raise RemoteProtocolError(f"Max-Forwards {hops} is more than 255", rfc="3261 20.22")
    return hops


def max_breadth(text: str) -> int:
    """The number of branches that a request may have at a time; else raises RemoteProtocolError (RFC 5393 5.3.1)."""
    # "The Max-Breadth header field takes a single positive integer as its value." (RFC 5393 5.3.1)
    breadth = whole_number(text)
    if not breadth:
        raise RemoteProtocolError("Max-Breadth 0 is not positive", rfc="5393 5.3.1")
    return breadth


def contact(text: str) -> Address:
    """The address that the text is; raises RemoteProtocolError when it is none."""
    return _usual_contact(text) if len(text) <= USUAL_LENGTH else Address.parse(text)


USUAL_LENGTH: Final = 120
"""No longer are the Contacts of nearly all, who name the same in each message: these are read once, and held once."""
_usual_contact = lru_cache(maxsize=256)(Address.parse)


def _check_contacts(contacts: tuple[Address, ...]) -> None:
    # Contact = ("Contact" / "m" ) HCOLON ( STAR / (contact-param *(COMMA contact-param)))
    if any(contact.is_star for contact in contacts):
        raise RemoteProtocolError("* beside another Contact", rfc="3261 25.1")


VIA = Listed("Via", Via.parse, rfc="3261 20.42")
FROM = Single("From", address_of_one, rfc="3261 20.20")
TO = Single("To", address_of_one, rfc="3261 20.39")
CALL_ID = Single("Call-ID", call_id, rfc="3261 20.8")
CSEQ = Single("CSeq", CSeq.parse, rfc="3261 20.16")
CONTACT = Listed("Contact", contact, check=_check_contacts, rfc="3261 20.10")
REPLY_TO = Single("Reply-To", address_of_one, rfc="3261 20.31")
# These four are name-addr. Wider by the URI without brackets, which an example of RFC 3329 4.1 itself has.
ROUTE = Listed("Route", address_of_one, rfc="3261 20.34")
RECORD_ROUTE = Listed("Record-Route", address_of_one, rfc="3261 20.30")
PATH = Listed("Path", address_of_one, rfc="3327 4")
SERVICE_ROUTE = Listed("Service-Route", address_of_one, rfc="3608 5")
MAX_FORWARDS = Single("Max-Forwards", max_forwards, rfc="3261 20.22")
MAX_BREADTH = Single("Max-Breadth", max_breadth, rfc="5393 5.3.1")
