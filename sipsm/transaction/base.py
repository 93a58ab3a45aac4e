"""What the four transactions share: their data, their outputs, the names of their inputs.

RFC 3261 17. A transaction turns messages into messages and timers; the transaction user (TU) above it gets each
request once and each response that matters.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define, field, frozen

from sipsm.machine import Agenda, Decision, Machine, Step
from sipsm.message import Request, Response, parse_message
from sipsm.transaction.timer_values import DEFAULT, TimerValues
from sipsm.transport.flow import Flow

START: Final = "start"
REQUEST: Final = "request"
ACK: Final = "ACK"
R1XX: Final = "1xx"
R2XX: Final = "2xx"
R200_699: Final = "200-699"
R300_699: Final = "300-699"
R408: Final = "408"
TRANSPORT_ERROR: Final = "transport error"
GIVE_UP: Final = "give up"

INITIAL: Final = "Initial"
TRYING: Final = "Trying"
CALLING: Final = "Calling"
PROCEEDING: Final = "Proceeding"
COMPLETED: Final = "Completed"
ACCEPTED: Final = "Accepted"
CONFIRMED: Final = "Confirmed"
TERMINATED: Final = "Terminated"

Inputs = tuple[str, ...]
OF_INVITE: Final[Inputs] = 100 * ("",) + 100 * (R1XX,) + 100 * (R2XX,) + 400 * (R300_699,)
OF_OTHERS: Final[Inputs] = 100 * ("",) + 100 * (R1XX,) + 500 * (R200_699,)
OF_OTHERS_TO_SEND: Final[Inputs] = (*OF_OTHERS[:408], R408, *OF_OTHERS[409:])

Key = str
"""What a message must match to belong to a transaction: see `sipsm.transaction.matching`."""


@define(eq=False)
class Transaction(Machine):
    """The data of every transaction."""

    inputs: ClassVar[Inputs]
    """What a response is to it, by its status."""

    key: Key
    flow: Flow
    """Where its messages go. A transaction never moves to another address (RFC 3261 17.1.1.3, 6026 8.4)."""
    times: TimerValues = DEFAULT
    # A property of other machines: those of a transaction are asked for after every message.
    deadline: float | None = field(default=None, init=False)
    """Of the timer that is to fire first, in seconds; kept by the layer."""
    watched_at: float | None = field(default=None, init=False)

    hot = (*Machine.hot, "take")

    def take(self, name: str, x: Any, step: Step, agenda: Agenda) -> Decision | None:
        """What `receive` does, and be on the agenda with its next deadline; returns None when it is over by that."""
        before = self.state
        decision = self.table.certain[before].get(name) or self.find(name, x, None)
        if not decision.taken:
            return decision
        # `move` and `act`, without what is not needed of them: this is done for every message.
        self.state = decision.next
        running = self.running
        if decision.timed:
            if running and (stops := decision.stops):
                running = () if decision.clears else tuple([each for each in running if each[1] not in stops])
            for letter, caused, lasts in decision.starts:
                length = lasts(self)
                if length is None:
                    continue
                if length > 0.0:
                    running += ((step.now + length, letter, length),)
                else:
                    step.cause(caused)
            self.running = running
        if step.observer is not None:
            self.act(decision, name, before, x, step)
        else:
            for action in decision.actions:
                action(self, x, step)
        if step.causes:
            self.take_causes(name, step)
            running = self.running
        if self.state == TERMINATED:
            self.deadline = None
            return None
        # Without anything to take, it was a timer that has fired.
        if decision.timed or x is None:
            if running:
                self.deadline = at = running[0][0] if len(running) == 1 else min(running)[0]
                known = self.watched_at
                if known is None or at < known:
                    agenda.enter(at, self)
            else:
                self.deadline = None
        return decision

    @property
    def user(self) -> Any:
        """Whom its outputs concern: nobody, if it is a server."""
        return None


@define(eq=False)
class ClientTransaction(Transaction):
    """The side that sent the request."""

    user: Any = None
    """Whom its outputs concern; nothing to the transaction."""
    wire: bytes = b""
    """What it sends, and sends again: the request, until the final response; then an INVITE's ACK, if there is one."""


@define(eq=False)
class ServerTransaction(Transaction):
    """The side that received the request."""

    request: Request | None = None
    """Until the final response."""
    received_at: float = 0.0
    """When the request came, in seconds, until the final response: for the delay that a 100 tells."""
    identity: int | None = None
    """A checksum of what the same request has in common with this one when it comes by another way (RFC 3261 8.2.2.2).
    """
    wire: bytes = b""
    """The last response sent."""
    size: int = 0
    """How many bytes the datagram had that the request came in."""

    def shorten(self) -> None:
        """The response has arrived and is not sent again: what is left of it tells a copy of the request, or a CANCEL."""
        head = self.wire.partition(b"\r\n\r\n")[0]
        # Behind CSeq there is nothing that was copied from the request.
        before, cseq, behind = head.partition(b"\r\nCSeq:")
        if cseq:
            self.wire = b"%s%s%s\r\nContent-Length: 0\r\n\r\n" % (before, cseq, behind.partition(b"\r\n")[0])

    @property
    def to_tag(self) -> str | None:
        """Of the last response: the answer to a CANCEL has the same (RFC 3261 9.2), and so must have the ACK of an
        RFC 2543 client (17.2.3)."""
        return parse_message(self.wire).to_tag if self.wire else None


# These three are made for nearly every message and handed over once: to freeze them would take three times as long.


@define
class ResponseReceived:
    """To the TU: a response that it has not had yet, or a 2xx to INVITE (RFC 3261 17.1.1.2, 17.1.2.2)."""

    transaction: ClientTransaction
    response: Response


@define
class RequestReceived:
    """To the TU: a request, once. Answer it with `respond`."""

    transaction: ServerTransaction
    request: Request


@define
class AckReceived:
    """To the TU: an ACK for a 2xx; it matches no transaction but the dialog's (RFC 3261 13.3.1.4, RFC 6026 7.1)."""

    request: Request


@frozen
class TimedOut:
    """To the TU: the other side kept silent. To a client as if a 408 had come (RFC 3261 8.1.3.1)."""

    transaction: Transaction


@frozen
class TransportFailed:
    """To the TU: a message could not be sent. To a client as if a 503 had come (RFC 3261 8.1.3.1)."""

    transaction: Transaction
