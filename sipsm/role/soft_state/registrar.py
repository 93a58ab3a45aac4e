"""A user agent that is a registrar too, or that alone: it takes REGISTER, and tells where everybody can be reached.

RFC 3261 10.3. What is checked stands in `sipsm.standalone.register_checks`, and what is held in
`sipsm.standalone.location`. Not here: Path, Service-Route and GRUUs (RFC 3327, 3608, 5627).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sipsm.grammar import Uri
from sipsm.machine import Agenda, Observer
from sipsm.message import CheckedHeader, Request, response_to
from sipsm.message.names import canonical
from sipsm.role.alarm import Alarm
from sipsm.role.calls.dialogs import Place
from sipsm.role.calls.requests_in import RequestsIn
from sipsm.role.checking import check_headers
from sipsm.role.commanded import Commanded
from sipsm.role.part import Takes
from sipsm.role.soft_state.by_hand import ByHand
from sipsm.role.soft_state.registration_events import (
    BindingAdded,
    BindingRefreshed,
    BindingRemoved,
    RegistrationRequested,
    RegistrationWithdrawn,
)
from sipsm.role.soft_state.undecided import RegisterRequest
from sipsm.standalone.binding import Binding, HeldBinding
from sipsm.standalone.decision import TurnDown
from sipsm.standalone.location import Asked, Bound, Change, Location
from sipsm.standalone.register_checks import judge, strange_domain
from sipsm.standalone.registering import Registering
from sipsm.transaction import ServerTransaction

MOST_IN_LINE: Final = 100
"""How many REGISTERs for one address wait for the application; the next one gets 503."""

HeaderLines = list[tuple[str, str]]


class Registrar(ByHand[RegisterRequest]):
    """The bindings that a user agent keeps, and the REGISTER requests on which the application has yet to decide."""

    rfc = "3261 10.3"
    # "A registrar MUST not generate 6xx responses." (RFC 3261 10.3)
    worst = 599

    def __init__(
        self,
        requests: RequestsIn,
        agenda: Agenda,
        registering: Registering,
        commanded: Commanded,
        observer: Observer | None,
    ) -> None:
        super().__init__(requests, agenda, commanded, observer)
        self.registering = registering
        self.location = Location(registering)
        self.alarms: dict[HeldBinding, Alarm] = {}
        """What stands for each binding in the agenda."""

    def takes(self) -> Takes:
        """What of the user agent's it takes."""
        # "A REGISTER request does not establish a dialog." (RFC 3261 10.2)  Clients that put the To tag of a 200 into
        # the next one mean nothing by that.
        return Takes(
            outside={"REGISTER": self.asked},
            unplaced={"REGISTER": self.asked},
            inside={"REGISTER": self.asked_within},
            wakes={HeldBinding: self.wake},
            commands={RegisterRequest: self.command},
        )

    # ---------------------------------------------------------------- what comes

    def asked(self, tx: ServerTransaction, request: Request, now: float) -> list[Any]:
        """A REGISTER."""
        register = Asked(self.location, request)
        if not self.registering.by_hand:
            struck = judge(register)
            if struck is not None:
                return self.requests.serve(tx, request, struck.status, now, headers=struck.headers)
            headers, told = self.take(register, now)
            return [*self.requests.serve(tx, request, 200, now, headers=headers), *told]
        # Steps 1 and 2 come before anybody is asked who may register whom, the others after that.
        if strange_domain(register):
            return self.requests.serve(tx, request, 404, now)
        asked = RegisterRequest(self.commanded, request, register.address, tx)
        return self.wait(asked, MOST_IN_LINE, now)

    def asked_within(self, _: Place, tx: ServerTransaction, request: Request, now: float) -> list[Any]:
        """A REGISTER that names a dialog, which has no part in it."""
        return self.asked(tx, request, now)

    def take(self, register: Asked, now: float) -> tuple[HeaderLines, list[Any]]:
        """Have a REGISTER that is in order take effect; returns the headers of its 200, and what is told."""
        told = [self.told(each, register.request) for each in self.location.register(register, now, self.observer)]
        # "The response MUST contain Contact header field values enumerating all current bindings." (RFC 3261 10.3)
        # "The response SHOULD include a Date header field." (RFC 3261 10.3)
        contacts = [CheckedHeader.again("Contact", each) for each in self.location.contacts(register.address, now)]
        return [*contacts, *self.requests.party.date(now)], told

    def told(self, change: Change, request: Request | None) -> BindingAdded | BindingRefreshed | BindingRemoved:
        """What the application is told of a change; and its alarm is set."""
        held, binding = change.held, change.binding
        if isinstance(change, Bound):
            alarm = self.alarms.get(held) or self.alarms.setdefault(held, Alarm(held))
            alarm.set(held.next_timeout(), self.agenda)
            assert request is not None, "nobody binds but a REGISTER"
            kind = BindingAdded if change.is_new else BindingRefreshed
            return kind(held.address, binding, request)
        self.alarms.pop(held).stop(self.agenda)
        return BindingRemoved(held.address, binding, change.reason, request)

    def wake(self, held: HeldBinding, now: float) -> list[Any]:
        """A binding has expired."""
        return [self.told(self.location.wake(held, now, self.observer), None)]

    # ---------------------------------------------------------------- what the application wants to know, and to do

    def bindings(self, address: Uri) -> tuple[Binding, ...]:
        """Where somebody can be reached."""
        return self.location.bindings(address)

    def unbind(self, address: Uri, contact: Uri | None, now: float) -> list[Any]:
        """Remove a binding of somebody, or all."""
        there = tuple(self.location.held.get(self.registering.address_of(address), ()))
        gone = [held for held in there if contact is None or held.binding.uri == contact]
        return [self.told(self.location.remove(held, now, self.observer), None) for held in gone]

    # ---------------------------------------------------------------- what the application decides

    def command(self, asked: RegisterRequest, command: str, x: Any, now: float) -> list[Any]:
        """What the application says. Raises `LocalProtocolError` when it comes too late."""
        if not isinstance(x, TurnDown):
            check_headers(x)
            response_to(asked.request, 200, headers=x)
        return super().command(asked, command, x, now)

    def shown(self, asked: RegisterRequest, _now: float) -> list[Any]:
        """Have the application decide on this."""
        return [RegistrationRequested(asked, asked.request)]

    def accepted(self, asked: RegisterRequest, headers: Sequence[tuple[str, str]], now: float) -> list[Any]:
        """It is to take effect, if it is in order now."""
        register = Asked(self.location, asked.request)
        struck = judge(register)
        if struck is not None:
            return self.answer(asked, struck.status, None, struck.headers, now)
        bound, told = self.take(register, now)
        if any(canonical(name) == "date" for name, _ in headers):
            bound = [line for line in bound if line[0] != "Date"]
        return [*self.answer(asked, 200, None, [*bound, *headers], now), *told]

    def withdrawn(self, asked: RegisterRequest) -> RegistrationWithdrawn:
        """Nobody has decided on it in time."""
        return RegistrationWithdrawn(asked)
