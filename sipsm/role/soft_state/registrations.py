"""The registrations of a user agent: how one begins, what a REGISTER is written of, and what is told of it.

RFC 3261 10.2. What they have in common with publications is in `sipsm.role.soft_state.leases`.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any, Final

from attrs import frozen

from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.grammar.text_value import built
from sipsm.machine import Agenda, Observer
from sipsm.message import Address
from sipsm.role.calls.events import retry_after_s
from sipsm.role.checking import address_of_somebody, in_to
from sipsm.role.commanded import Commanded, Headers
from sipsm.role.limits import Limits
from sipsm.role.party import HeaderLines, Party
from sipsm.role.soft_state.lease import LeaseSeries
from sipsm.role.soft_state.leases import Leases, Told
from sipsm.role.soft_state.registration import Registration
from sipsm.role.soft_state.registration_events import Registered, RegisterFailed, RegistrationEnded, RegistrationEvent
from sipsm.standalone.composing import address_of_record
from sipsm.standalone.lease import TellAccepted, TellFailed
from sipsm.standalone.registration import AddressRegistration, RegisterOperation, RegistrationEndReason, SendRegister
from sipsm.transaction.sending import Sending

MOST_RESTING: Final = 1000
"""Of how many addresses with no registration the Call-ID is kept."""


@frozen
class Registrant:
    """Whose registration it is: what the application says of it once."""

    address: Uri | Address | str
    registrar: Uri | None
    by: str | None
    headers: Headers


class Registrations(Leases[Registration]):
    """All registrations that are not over."""

    of = Registration
    noun = "registration"
    method = "REGISTER"
    written = frozenset({"expires"})
    most = attrgetter("registrations")
    rfc = "3261 10.2"
    rfc_of_removal = "3261 10.2.2"

    def __init__(
        self,
        sending: Sending,
        party: Party,
        agenda: Agenda,
        limits: Limits,
        redirections: int,
        commanded: Commanded,
        observer: Observer | None,
    ) -> None:
        super().__init__(sending, party, agenda, limits, commanded, observer)
        self.redirections = redirections
        self.series: dict[Uri, LeaseSeries] = {}
        """By address of record: also of those that had a registration."""
        self.resting: dict[Uri, None] = {}
        """Those that have none now, the one that has had none for longest first."""

    def register(
        self, what: str, who: Registrant, contacts: tuple[Address, ...] | None, expires_s: int | None, now: float
    ) -> tuple[Registration, list[Any]]:
        """Register, remove, or ask (RFC 3261 10.2), as the machine's first input says. No contacts: the own one."""
        theirs = self.check(who.headers, expires_s)
        to = _named(who.address)
        address, registrar = address_of_record(to.uri), registrar_of(to.uri, who.registrar)
        by = to if who.by is None else address_of_somebody(who.by)
        ours = (self.own_contact(to.uri, registrar),) if contacts is None else contacts
        life = AddressRegistration(
            self.sending.transactions.times, ours, expires_s, registrar=registrar, redirections=self.redirections
        )
        if what == RegisterOperation.REMOVE:
            life.held = ours
        series = self.series.get(address) or LeaseSeries()
        registration = Registration(self.commanded, life, series, str(to), str(by), theirs, address)
        self.check_request(registration, [("Contact", str(each)) for each in ours], b"")
        self.series[address] = series
        self.resting.pop(address, None)
        return self.begin(registration, what, now)

    def own_contact(self, address: Uri, registrar: Uri) -> Address:
        """Where we are to be reached by default: at the address that we listen at, as this user."""
        wanted = (registrar.transport or "").upper()
        ways = [each for each in self.party.listening if each.transport == wanted] or [self.party.local]
        uri = Address.parse(ways[0].contact).uri
        # "If the address-of-record in the To header field of a REGISTER request is a SIPS URI, then any Contact header
        # field values in the request SHOULD also be SIPS URIs." (RFC 3261 10.2.1)
        own = Uri.build(address.scheme, address.user, host=uri.host, port=uri.port, params=uri.params)
        return Address.build(own)

    def ended(self, registration: Registration) -> None:
        """One is over; another one for the same address that comes later goes on with its Call-ID."""
        # "A UA SHOULD use the same Call-ID for all registrations during a single boot cycle." (RFC 3261 10.2.4)
        # Deviation: RFC 3261 10.2 has one Call-ID for all that is registered with one registrar. Here each address has
        # its own: their requests are under way at the same time, and each has "the CSeq value by one" higher than the
        # one before it only so, also when it is sent again with credentials.
        series = registration.series
        if not series.users:
            self.resting[registration.address] = None
            if len(self.resting) > MOST_RESTING:
                oldest = next(iter(self.resting))
                del self.resting[oldest], self.series[oldest]

    def parts(self, _: Registration, x: SendRegister) -> tuple[HeaderLines, bytes]:
        """What this REGISTER is written of (RFC 3261 10.2)."""
        own: HeaderLines = [("Contact", str(each)) for each in x.contacts]
        if x.operation is RegisterOperation.REMOVE_ALL:
            own = [("Contact", "*")]
        if x.expires_s is not None:
            own.append(("Expires", str(x.expires_s)))
        return own, b""

    def told(self, registration: Registration, output: Told) -> RegistrationEvent:
        """The event that this is to the application."""
        match output:
            case TellAccepted(operation, expires_s, response):
                asked = RegisterOperation(operation)
                return Registered(registration, asked, expires_s, response.contacts, response)
            case TellFailed(operation, failure, retried_after_s):
                asked = RegisterOperation(operation)
                return RegisterFailed(registration, asked, failure.status, failure.response, retried_after_s)
        reason, failed, last = RegistrationEndReason(output.reason), output.failure, output.response
        if failed is not None:
            if failed.status < 400:
                reason = RegistrationEndReason.REDIRECTED
            after = None if failed.response is None else retry_after_s(failed.response)
            return RegistrationEnded(registration, reason, failed.status, failed.response, None, after)
        if last is None:
            return RegistrationEnded(registration, reason, None, None, None, None)
        return RegistrationEnded(registration, reason, last.status, last, last.contacts, None)


def registrar_of(address: Uri, registrar: Uri | None) -> Uri:
    """Whom to ask. Raises `LocalProtocolError` where that cannot be (RFC 3261 10.2)."""
    # "This address-of-record MUST be a SIP URI or SIPS URI." (RFC 3261 10.2)
    if address.scheme not in {"sip", "sips"}:
        raise LocalProtocolError(f"cannot register {address}: it is no SIP address", rfc="3261 10.2")
    if registrar is None:
        # "the UA SHOULD use the host part of the address-of-record as the Request-URI and address the request there,
        # using the normal SIP server location mechanisms [4]" (RFC 3261 10.2.6)
        return Uri.build(address.scheme, host=address.host, port=address.port)
    # "The "userinfo" and "@" components of the SIP URI MUST NOT be present." (RFC 3261 10.2)
    if registrar.scheme not in {"sip", "sips"} or registrar.user is not None:
        raise LocalProtocolError(f"{registrar} is no registrar: a REGISTER names a domain", rfc="3261 10.2")
    return registrar


def _named(address: Uri | Address | str) -> Address:
    """The To of what is registered: the address of record, perhaps with a name."""
    text = str(address)
    named = address_of_somebody(text) if "<" in text else Address.build(in_to(built(Uri.parse, text)))
    if named.uri.headers is not None:
        raise LocalProtocolError(f"cannot register {named.uri}: an address has no headers", rfc="3261 19.1.1")
    return named
