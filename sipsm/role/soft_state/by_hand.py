"""Requests of others on which the application decides, those for one address one after the other, as they came.

RFC 3261 10.3, RFC 3903 6. What may become of each is in the table of `sipsm.standalone.decision`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, Generic, TypeVar

from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.machine import Agenda, Observer, Refuse, Step
from sipsm.message import response_to
from sipsm.role.calls.requests_in import RequestsIn
from sipsm.role.checking import check_headers
from sipsm.role.commanded import Commanded
from sipsm.role.soft_state.undecided import PublishRequest, RegisterRequest
from sipsm.standalone.decision import LATE, SHOWN, TURN, Show, Take, TurnDown, Withdraw
from sipsm.standalone.judging import PUSH_BACK_S
from sipsm.standalone.lines import Lines
from sipsm.transaction import ServerTransaction

U = TypeVar("U", bound=PublishRequest | RegisterRequest)


class ByHand(ABC, Generic[U]):
    """The requests of one method on which the application has yet to decide."""

    rfc: ClassVar[str]
    """The section on what is done with them."""
    worst: ClassVar[int]
    """The highest status with which one is rejected."""

    def __init__(self, requests: RequestsIn, agenda: Agenda, commanded: Commanded, observer: Observer | None) -> None:
        self.requests = requests
        self.transactions = requests.transactions
        self.agenda = agenda
        self.commanded = commanded
        self.observer = observer
        self.lines: Lines[U] = Lines()
        self.undecided: dict[ServerTransaction, U] = {}

    # ---------------------------------------------------------------- what each kind has of its own

    @abstractmethod
    def shown(self, asked: U, now: float) -> list[Any]:
        """Have the application decide on this."""

    @abstractmethod
    def accepted(self, asked: U, x: Any, now: float) -> list[Any]:
        """It is to take effect, if it is in order now."""

    @abstractmethod
    def withdrawn(self, asked: U) -> Any:
        """What the application is told of one on which it has not decided in time."""

    # ---------------------------------------------------------------- what comes, and is said of it

    def wait(self, asked: U, most: int, now: float) -> list[Any]:
        """One has come: it waits for its turn, where no more than this wait for the same address."""
        tx, address = asked.transaction, asked.address
        if len(self.lines.all.get(address, ())) >= most:
            return self.requests.serve(tx, asked.request, 503, now, headers=[("Retry-After", str(PUSH_BACK_S))])
        self.undecided[tx] = asked
        return self.turn(asked, now) if self.lines.enter(address, asked) else []

    def command(self, asked: U, command: str, x: Any, now: float) -> list[Any]:
        """What the application says. Raises `LocalProtocolError` when it comes too late."""
        if isinstance(x, TurnDown):
            if type(x.status) is not int or not 300 <= x.status <= self.worst:
                raise LocalProtocolError(
                    f"cannot reject with {x.status}: it is not in 300 to {self.worst}", rfc=self.rfc
                )
            check_headers(x.headers, contact=True)
            response_to(asked.request, x.status, x.reason, headers=x.headers)
        return [*self.step(asked, command, x, now), *self.go_on(asked.address, now)]

    def too_late(self, tx: ServerTransaction, now: float) -> list[Any]:
        """Nobody has decided on one while its sender waited."""
        asked = self.undecided.pop(tx, None)
        if asked is None:
            return []
        # It has been shown: what came before it, and would be so otherwise, has waited for longer.
        return [*self.step(asked, LATE, None, now), *self.go_on(asked.address, now)]

    # ---------------------------------------------------------------- steps

    def go_on(self, address: Uri, now: float) -> list[Any]:
        """The first in line for an address is done with."""
        following = self.lines.leave(address)
        return [] if following is None else self.turn(following, now)

    def turn(self, asked: U, now: float) -> list[Any]:
        """It is its turn, and then that of those behind it, until one has to wait for the application."""
        outputs: list[Any] = []
        following: U | None = asked
        while following is not None:
            outputs += self.step(following, TURN, None, now)
            following = None if following.decision.state == SHOWN else self.lines.leave(asked.address)
        return outputs

    def step(self, asked: U, event: str, x: Any, now: float) -> list[Any]:
        """One input, and what it asks for."""
        step = Step(now, self.observer)
        decision = asked.decision.receive(event, x, step)
        if isinstance(decision.entry, Refuse):
            raise LocalProtocolError(f"cannot {event}: {decision.entry.text}", rfc=self.rfc)
        outputs: list[Any] = []
        for output in step.outputs:
            match output:
                case Show():
                    outputs += self.shown(asked, now)
                case Take():
                    outputs += self.accepted(asked, x, now)
                case TurnDown(status, reason, headers):
                    outputs += self.answer(asked, status, reason, headers, now)
                case _:
                    assert isinstance(output, Withdraw), f"nobody carries out {output!r}"
                    outputs.append(self.withdrawn(asked))
        return outputs

    def answer(
        self, asked: U, status: int, reason: str | None, headers: Iterable[tuple[str, str]], now: float
    ) -> list[Any]:
        """Answer it."""
        tx = asked.transaction
        del self.undecided[tx]
        more = [*headers, *self.requests.party.server]
        tag = self.requests.ids.tag()
        return self.transactions.respond(tx, response_to(asked.request, status, reason, to_tag=tag, headers=more), now)
