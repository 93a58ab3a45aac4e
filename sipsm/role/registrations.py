"""The registrations of a user agent: their requests, one at a time for each address, and what they come to.

RFC 3261 10.2. What is decided stands in the table of `sipsm.standalone.registration`.
"""

from __future__ import annotations

from typing import Any, Final

from attrs import frozen

from sipsm.dialog.dialog import LAST_CSEQ
from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.grammar.text_value import built
from sipsm.machine import Agenda, Observer, Refuse, Step
from sipsm.message import Address, Request, Response
from sipsm.message.headers import EXPIRES
from sipsm.message.names import canonical
from sipsm.role.call import Commanded, Headers
from sipsm.role.checking import address_of_somebody, in_to
from sipsm.role.events import Registered, RegisterFailed, RegistrationEnded
from sipsm.role.events.calls import retry_after_s
from sipsm.role.limits import Limits
from sipsm.role.part import Takes
from sipsm.role.party import HeaderLines, Party, Series
from sipsm.role.registration import RegisterSeries, RegisterUnderWay, Registration
from sipsm.standalone.composing import address_of_record
from sipsm.standalone.lines import Lines
from sipsm.standalone.publication_outputs import Failure, WaitForTurn
from sipsm.standalone.registration import ASKED, OVER, TURN, AddressRegistration, input_of
from sipsm.standalone.registration_outputs import (
    ContactsWish,
    RegisterOperation,
    SendRegister,
    TellRegistered,
    TellRegisterFailed,
    TellRegistrationEnded,
)
from sipsm.transaction.sending import Sending

OF_REGISTER: Final = frozenset({"expires"})
"""The headers that say what a REGISTER does, beside those that the core writes in every request."""

MOST_RESTING: Final = 1000
"""Of how many addresses with no registration the Call-ID is kept."""


@frozen
class Registrant:
    """Whose registration it is: what the application says of it once."""

    address: Uri | Address | str
    registrar: Uri | None
    by: str | None
    headers: Headers


class Registrations:
    """All registrations that are not over."""

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
        self.sending = sending
        self.party = party
        self.agenda = agenda
        self.limits = limits
        self.redirections = redirections
        self.commanded = commanded
        self.observer = observer
        self.all: dict[Registration, None] = {}
        """Them, the oldest first."""
        self.lines: Lines[Registration] = Lines()
        self.series: dict[Uri, RegisterSeries] = {}
        """By address of record: also of those that had a registration."""
        self.resting: dict[Uri, None] = {}
        """Those that have none now, the one that has had none for longest first."""

    def takes(self) -> Takes:
        """What of the user agent's it takes."""
        return Takes(
            ends={RegisterUnderWay: self.answered},
            keeps=frozenset({RegisterUnderWay}),
            wakes={Registration: self.wake},
            commands={Registration: self.command},
        )

    # ---------------------------------------------------------------- what the application wants

    def begin(
        self, what: str, who: Registrant, contacts: tuple[Address, ...] | None, expires_s: int | None, now: float
    ) -> tuple[Registration, list[Any]]:
        """Register, remove, or ask (RFC 3261 10.2), as the machine's first input says. No contacts: the own one."""
        if len(self.all) >= self.limits.registrations:
            raise LocalProtocolError(f"{self.limits.registrations} registrations live, and the limits allow no more")
        check_time(expires_s)
        theirs = tuple(who.headers)
        if written := [name for name, _ in theirs if canonical(name) in OF_REGISTER]:
            raise LocalProtocolError(f"{written[0]} is written by sipsm itself", rfc="3261 10.2")
        to = _named(who.address)
        address, registrar = address_of_record(to.uri), registrar_of(to.uri, who.registrar)
        by = to if who.by is None else address_of_somebody(who.by)
        ours = (self.own_contact(to.uri, registrar),) if contacts is None else contacts
        life = AddressRegistration(
            self.sending.transactions.times, registrar, ours, expires_s, self.redirections, held=()
        )
        if what == RegisterOperation.REMOVE:
            life.held = ours
        series = self.series.get(address) or RegisterSeries()
        registration = Registration(self.commanded, address, life, series, str(to), str(by), theirs)
        # It may have to wait for its turn: what could not be sent then is refused now.
        request, hop = self.request(registration, [("Contact", str(each)) for each in ours], None)
        self.sending.check(hop, request)
        self.series[address] = series
        self.resting.pop(address, None)
        series.users += 1
        self.all[registration] = None
        return registration, self.step(registration, what, None, now)

    def own_contact(self, address: Uri, registrar: Uri) -> Address:
        """Where we are to be reached by default: at the address that we listen at, as this user."""
        wanted = (registrar.transport or "").upper()
        ways = [each for each in self.party.listening if each.transport == wanted] or [self.party.local]
        uri = Address.parse(ways[0].contact).uri
        # "If the address-of-record in the To header field of a REGISTER request is a SIPS URI, then any Contact header
        # field values in the request SHOULD also be SIPS URIs." (RFC 3261 10.2.1)
        own = Uri.build(address.scheme, address.user, host=uri.host, port=uri.port, params=uri.params)
        return Address.build(own)

    def command(self, registration: Registration, command: str, wish: ContactsWish | None, now: float) -> list[Any]:
        """A command of the application. Raises `LocalProtocolError` when a rule forbids it."""
        check_time(None if wish is None else wish.expires_s)
        return self.step(registration, command, wish, now)

    # ---------------------------------------------------------------- steps

    def step(self, registration: Registration, event: str, x: Any, now: float) -> list[Any]:
        """One input, and what it asks for."""
        step = Step(now, self.observer)
        decision = registration.life.receive(event, x, step)
        if isinstance(decision.entry, Refuse):
            raise LocalProtocolError(f"cannot {event}: {decision.entry.text}", rfc=decision.entry.rfc)
        outputs: list[Any] = []
        for output in step.outputs:
            match output:
                case WaitForTurn():
                    if self.lines.enter(registration.address, registration):
                        outputs += self.step(registration, TURN, now, now)
                case SendRegister():
                    outputs += self.send(registration, output, now)
                case TellRegistered(operation, expires_s, response):
                    outputs.append(Registered(registration, operation, expires_s, response.contacts, response))
                case TellRegisterFailed(operation, failure, retry_after):
                    outputs.append(
                        RegisterFailed(registration, operation, failure.status, failure.response, retry_after)
                    )
                case _:
                    assert isinstance(output, TellRegistrationEnded), f"nobody carries out {output!r}"
                    outputs.append(ended(registration, output))
        if registration.life.state == OVER:
            registration.alarm.stop(self.agenda)
            if registration in self.all:
                del self.all[registration]
                self.rest(registration)
        else:
            registration.alarm.set(registration.life.next_timeout(), self.agenda)
        return outputs

    def rest(self, registration: Registration) -> None:
        """A registration is over; one for the same address that comes later goes on with its Call-ID."""
        # "A UA SHOULD use the same Call-ID for all registrations during a single boot cycle." (RFC 3261 10.2.4)
        # Deviation: RFC 3261 10.2 has one Call-ID for all that is registered with one registrar. Here each address has
        # its own: their requests are under way at the same time, and each has "the CSeq value by one" higher than the
        # one before it only so, also when it is sent again with credentials.
        series = registration.series
        series.users -= 1
        if not series.users:
            self.resting[registration.address] = None
            if len(self.resting) > MOST_RESTING:
                oldest = next(iter(self.resting))
                del self.resting[oldest], self.series[oldest]

    def wake(self, registration: Registration, now: float) -> list[Any]:
        """Fire the timer of a registration that is due."""
        letter = registration.life.due(now)
        assert letter is not None, "it is due"
        return self.step(registration, registration.life.fired(letter, now), None, now)

    def answered(
        self, sent: RegisterUnderWay, status: int, response: Response | None, _why: str, now: float
    ) -> list[Any]:
        """What its REGISTER came to. Then the next one for that address goes out."""
        registration: Registration = sent.registration
        registration.series.cseq = max(registration.series.cseq, sent.request.cseq.number)
        accepted = response is not None and status < 300
        x = response if accepted else Failure(status, response)
        outputs = self.step(registration, input_of(status), x, now)
        following = self.lines.leave(registration.address)
        while following is not None:
            outputs += self.step(following, TURN, now, now)
            if following.life.state == ASKED:
                break
            # It has nothing to send any more.
            following = self.lines.leave(registration.address)
        return outputs

    # ---------------------------------------------------------------- the request

    def send(self, registration: Registration, x: SendRegister, now: float) -> list[Any]:
        """The REGISTER that this asks for: it has the Call-ID of the address, and the next CSeq number."""
        own: HeaderLines = [("Contact", str(each)) for each in x.contacts]
        if x.operation is RegisterOperation.REMOVE_ALL:
            own = [("Contact", "*")]
        if x.expires_s is not None:
            own.append(("Expires", str(x.expires_s)))
        series = registration.series
        # "A UA MUST increment the CSeq value by one for each REGISTER request with the same Call-ID." (RFC 3261 10.2)
        number = series.cseq + 1
        again = None if series.known_by is None or number > LAST_CSEQ else (series.known_by, number)
        request, hop = self.request(registration, own, again)
        # Deviation: RFC 3261 10.2.4 would have refreshes go "to the same network address as the original registration".
        # They go where the domain leads now: to the same as long as the DNS says so, and past a server that is gone.
        assert request.from_tag is not None, "it is ours"
        series.known_by, series.cseq = Series(request.call_id, request.from_tag), request.cseq.number
        return self.sending.request(request, RegisterUnderWay(registration, request), now, towards=hop)

    def request(
        self, registration: Registration, own: HeaderLines, again: tuple[Series, int] | None
    ) -> tuple[Request, Uri]:
        """A REGISTER with these headers, and the URI of its next hop."""
        return self.party.request_outside(
            "REGISTER",
            registration.life.registrar,
            registration.to,
            registration.headers,
            b"",
            [*self.party.supported, *own],
            again=again,
            sender=registration.by,
        )


def ended(registration: Registration, told: TellRegistrationEnded) -> RegistrationEnded:
    """What the application is told of the end."""
    failure = told.failure
    if failure is None:
        bindings = None if told.response is None else told.response.contacts
        status = None if told.response is None else told.response.status
        return RegistrationEnded(registration, told.reason, status, told.response, bindings, None)
    after = None if failure.response is None else retry_after_s(failure.response)
    return RegistrationEnded(registration, told.reason, failure.status, failure.response, None, after)


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


def check_time(expires_s: int | None) -> None:
    """Raises `LocalProtocolError` for what is no time that a registration lasts."""
    if expires_s is None:
        return
    EXPIRES.lines([expires_s])
    if expires_s == 0:
        raise LocalProtocolError("a registration that lasts no time is none: use `remove`", rfc="3261 10.2.2")


def _named(address: Uri | Address | str) -> Address:
    """The To of what is registered: the address of record, perhaps with a name."""
    text = str(address)
    named = address_of_somebody(text) if "<" in text else Address.build(in_to(built(Uri.parse, text)))
    if named.uri.headers is not None:
        raise LocalProtocolError(f"cannot register {named.uri}: an address has no headers", rfc="3261 19.1.1")
    return named
