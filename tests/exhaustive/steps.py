"""What must hold of every single step of a transaction layer (RFC 3261 17, RFC 6026)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from sipsm.message import Request, Response
from sipsm.transaction import (
    ClientTransaction,
    InviteClientTransaction,
    InviteServerTransaction,
    NonInviteClientTransaction,
    NonInviteServerTransaction,
    Output,
    ServerTransaction,
    Transaction,
    TransportFailed,
)
from sipsm.transport import Send


class Step(NamedTuple):
    """What has happened."""

    what: str
    x: Any
    message: Request | Response | None
    """What arrived."""
    before: dict[Any, tuple[str, bytes]]
    """State and last message of the transactions that there were, by key."""
    there: list[ClientTransaction | ServerTransaction]
    """Those, and those that there are now."""
    alive: list[ClientTransaction | ServerTransaction]
    """Those that there are now."""
    outputs: list[Output]


StepLaw = Callable[[Step], str | None]


def something_is_sent(step: Step) -> str | None:
    """No message is empty."""
    empty = any(isinstance(output, Send) and not output.data for output in step.outputs)
    return "an empty message is sent" if empty else None


def nothing_after_the_end(step: Step) -> str | None:
    """Nothing is sent after Terminated, no timer is left running, and the transaction is forgotten."""
    known = {tx.key for tx in step.there}
    if any(isinstance(output, Send) and output.sender not in known for output in step.outputs):
        return "something is sent that no transaction sends"
    for tx in step.there:
        if tx.state == "Terminated" and tx.timers:
            return f"Timer {', '.join(tx.timers)} runs in Terminated"
    return "a terminated transaction is kept" if any(tx.state == "Terminated" for tx in step.alive) else None


def repeats_are_answered(step: Step) -> str | None:
    """A request that comes again gets the last response again (RFC 3261 17.2.1 and 17.2.2)."""
    if not isinstance(step.message, Request) or any(isinstance(output, Send) for output in step.outputs):
        return None
    method = step.message.method
    for tx in step.there:
        state, answered = step.before.get(tx.key, ("", b""))
        # The TU itself repeats a 2xx (RFC 6026 7.1), and after the ACK all is said.
        silent = state in {"", "Accepted", "Confirmed"}
        if isinstance(tx, ServerTransaction) and tx.key.split()[-1] == method and answered and not silent:
            return f"the {method} that came again in {state} is not answered"
    return None


def failures_are_told(step: Step) -> str | None:
    """The transaction user is told that a message could not be sent (RFC 3261 17.1.4, RFC 6026 7.1, 8.4 and 8.8)."""
    if step.what != "failed" or any(isinstance(output, TransportFailed) for output in step.outputs):
        return None
    for tx in step.there:
        if tx.key == step.x and step.before[tx.key][0] in SENDING[type(tx)]:
            return f"the {type(tx).__name__} does not tell that it could not send in {step.before[tx.key][0]}"
    return None


def the_answered_request_is_forgotten(step: Step) -> str | None:
    """After the final response a server keeps its bytes, and a client nothing but its ACK."""
    for tx in step.alive:
        answered = tx.state in {"Completed", "Accepted", "Confirmed"}
        kept = getattr(tx, "request", None) is not None
        sent = b"" if isinstance(tx, ServerTransaction) or tx.wire.startswith(b"ACK ") else tx.wire
        if answered and (kept or sent):
            return f"the {type(tx).__name__} keeps its request in {tx.state}"
    return None


STEP_LAWS: tuple[StepLaw, ...] = (
    something_is_sent,
    nothing_after_the_end,
    repeats_are_answered,
    failures_are_told,
    the_answered_request_is_forgotten,
)

SENDING: dict[type[Transaction], set[str]] = {
    InviteClientTransaction: {"Calling", "Completed"},
    NonInviteClientTransaction: {"Trying", "Proceeding"},
    InviteServerTransaction: {"Proceeding", "Completed", "Accepted"},
    NonInviteServerTransaction: {"Proceeding", "Completed"},
}
"""Where each may have sent something whose failure matters."""


def broken_by(step: Step) -> tuple[str, str] | None:
    """The first law that does not hold, by its name, and what is wrong."""
    for law in STEP_LAWS:
        what = law(step)
        if what is not None:
            return law.__name__, what
    return None
