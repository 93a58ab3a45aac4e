"""The leases of one kind that a user agent has: their requests, one at a time in each place, and what they come to.

RFC 3261 10.2, RFC 3903 4. What is decided stands in the table of their machine, see `sipsm.standalone.lease`. A kind of
them says how it begins, what its requests are written of, and what is told of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from operator import attrgetter
from typing import Any, ClassVar, Generic, TypeVar

from sipsm.dialog.dialog import LAST_CSEQ
from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.machine import Agenda, Observer, Refuse, Step
from sipsm.message import Request, Response
from sipsm.message.headers import EXPIRES
from sipsm.message.names import canonical
from sipsm.role.commanded import Commanded, Headers
from sipsm.role.limits import Limits
from sipsm.role.part import Takes
from sipsm.role.party import HeaderLines, Party, Series
from sipsm.role.soft_state.lease import LeaseHandle
from sipsm.standalone.lease import ASKED, TURN, Failure, TellAccepted, TellEnded, TellFailed, WaitForTurn, Wish
from sipsm.standalone.lines import Lines
from sipsm.transaction.sending import Sending

H = TypeVar("H", bound=LeaseHandle[Any])

Told = TellAccepted | TellFailed | TellEnded


class Leases(ABC, Generic[H]):
    """All leases of one kind that are not over."""

    of: ClassVar[type[LeaseHandle[Any]]]
    """The class of what the application has in hand."""
    noun: ClassVar[str]
    """What one is called."""
    method: ClassVar[str]
    """That of its requests."""
    written: ClassVar[frozenset[str]]
    """The headers that say what such a request does, beside those that the core writes in every request."""
    most: ClassVar[attrgetter[int]]
    """How many there may be."""
    rfc: ClassVar[str]
    """The section on these."""
    rfc_of_removal: ClassVar[str]
    """The one which says that no time at all is the end."""

    def __init__(
        self,
        sending: Sending,
        party: Party,
        agenda: Agenda,
        limits: Limits,
        commanded: Commanded,
        observer: Observer | None,
    ) -> None:
        self.sending = sending
        self.party = party
        self.agenda = agenda
        self.limits = limits
        self.commanded = commanded
        self.observer = observer
        self.all: dict[H, None] = {}
        """Them, the oldest first."""
        self.lines: Lines[H] = Lines()

    def takes(self) -> Takes:
        """What of the user agent's it takes."""
        return Takes(
            ends={self.of: self.answered},
            wakes={self.of: self.wake},
            commands={self.of: self.command},
            renumbered={self.of: note_number},
        )

    # ---------------------------------------------------------------- what each kind has of its own

    @abstractmethod
    def parts(self, lease: H, x: Any) -> tuple[HeaderLines, bytes]:
        """The headers that say what such a request of it does, and its body."""

    @abstractmethod
    def told(self, lease: H, output: Told) -> Any:
        """The event that this is to the application."""

    def ended(self, lease: H) -> None:
        """One is over."""

    # ---------------------------------------------------------------- what the application wants

    def check(self, headers: Headers, expires_s: int | None) -> tuple[tuple[str, str], ...]:
        """Raises `LocalProtocolError` where one more cannot be, with these headers in its requests; returns those."""
        if len(self.all) >= (most := self.most(self.limits)):
            raise LocalProtocolError(f"{most} {self.noun}s live, and the limits allow no more")
        self.check_time(expires_s)
        theirs = tuple(headers)
        if written := [name for name, _ in theirs if canonical(name) in self.written]:
            raise LocalProtocolError(f"{written[0]} is written by sipsm itself", rfc=self.rfc)
        return theirs

    def check_time(self, expires_s: int | None) -> None:
        """Raises `LocalProtocolError` for what is no time that a lease lasts."""
        if expires_s is None:
            return
        EXPIRES.lines([expires_s])
        if expires_s == 0:
            raise LocalProtocolError(f"a {self.noun} that lasts no time is none: use `remove`", rfc=self.rfc_of_removal)

    def check_request(self, lease: H, own: HeaderLines, body: bytes) -> None:
        """Raises `LocalProtocolError` for what could not be sent: it may have to wait, and is refused now."""
        request, hop = self.request(lease, own, body, None)
        self.sending.check(hop, request)

    def begin(self, lease: H, what: str, now: float) -> tuple[H, list[Any]]:
        """Have one more."""
        self.all[lease] = None
        lease.series.users += 1
        return lease, self.step(lease, what, None, now)

    def command(self, lease: H, command: str, wish: Wish[Any], now: float) -> list[Any]:
        """A command of the application. Raises `LocalProtocolError` when a rule forbids it."""
        self.check_time(wish.expires_s)
        return self.step(lease, command, wish, now)

    # ---------------------------------------------------------------- steps

    def step(self, lease: H, event: str, x: Any, now: float) -> list[Any]:
        """One input, and what it asks for."""
        step = Step(now, self.observer)
        decision = lease.life.receive(event, x, step)
        if isinstance(decision.entry, Refuse):
            raise LocalProtocolError(f"cannot {event}: {decision.entry.text}", rfc=decision.entry.rfc)
        outputs: list[Any] = []
        for output in step.outputs:
            match output:
                case WaitForTurn():
                    if self.lines.enter(lease.place, lease):
                        outputs += self.step(lease, TURN, now, now)
                case TellAccepted() | TellFailed() | TellEnded():
                    outputs.append(self.told(lease, output))
                case _:
                    outputs += self.send(lease, output, now)
        if lease.is_over:
            lease.alarm.stop(self.agenda)
            if lease in self.all:
                del self.all[lease]
                lease.series.users -= 1
                self.ended(lease)
        else:
            lease.alarm.set(lease.life.next_timeout(), self.agenda)
        return outputs

    def wake(self, lease: H, now: float) -> list[Any]:
        """Fire the timer of one that is due."""
        letter = lease.life.due(now)
        assert letter is not None, "it is due"
        return self.step(lease, lease.life.fired(letter, now), None, now)

    def answered(self, lease: H, status: int, response: Response | None, _why: str, now: float) -> list[Any]:
        """What its request came to. Then the next one goes out that has waited for that."""
        accepted = response is not None and status < 300
        x = response if accepted else Failure(status, response)
        outputs = self.step(lease, lease.life.input_of(status), x, now)
        following = self.lines.leave(lease.place)
        while following is not None:
            outputs += self.step(following, TURN, now, now)
            if following.life.state == ASKED:
                break
            # It has nothing to send any more.
            following = self.lines.leave(lease.place)
        return outputs

    # ---------------------------------------------------------------- the request

    def send(self, lease: H, x: Any, now: float) -> list[Any]:
        """The request that this asks for: it has the Call-ID of its series, and the next CSeq number."""
        series = lease.series
        # "A UA MUST increment the CSeq value by one for each REGISTER request with the same Call-ID." (RFC 3261 10.2)
        number = series.cseq + 1
        again = None if series.known_by is None or number > LAST_CSEQ else (series.known_by, number)
        request, hop = self.request(lease, *self.parts(lease, x), again)
        # Deviation: RFC 3261 10.2.4 would have refreshes go "to the same network address as the original registration".
        # They go where the domain leads now: to the same as long as the DNS says so, and past a server that is gone.
        series.note(request)
        return self.sending.request(request, lease, now, towards=hop)

    def request(self, lease: H, own: HeaderLines, body: bytes, again: tuple[Series, int] | None) -> tuple[Request, Uri]:
        """A request of it with these headers, and the URI of its next hop."""
        own = [*self.party.supported, *own]
        return self.party.request_outside(
            self.method, lease.uri, lease.to, lease.headers, body, own, again=again, sender=lease.by
        )


def note_number(lease: LeaseHandle[Any], request: Request) -> None:
    """A request of it has gone out once more, with another number."""
    lease.series.note(request)
