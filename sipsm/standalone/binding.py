"""One binding at a registrar: where an address of record can be reached, until that expires or is removed.

RFC 3261 10.3.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Final

from attrs import define, field, frozen

from sipsm.grammar import Uri
from sipsm.machine import Ignore, Machine, Row, Step, Table, Timer, always, once
from sipsm.message import Address

NEW: Final = "New"
RENEWING: Final = "Renewing"
BOUND: Final = "Bound"
GONE: Final = "Gone"

BIND: Final = "bind"
UNBIND: Final = "unbind"
RENEWED: Final = "renewed"


class UnbindReason(StrEnum):
    """Why a binding is gone, in the words of RFC 3680 4.1."""

    UNREGISTERED = "unregistered"
    """A REGISTER has removed it."""
    EXPIRED = "expired"
    """Nobody has refreshed it."""
    DEACTIVATED = "deactivated"
    """The registrar has removed it of itself."""


@frozen
class Binding:
    """Where an address of record can be reached, and who has said so (RFC 3261 10.3)."""

    number: int
    """Which binding it is: its own as long as it is there, however often it is refreshed."""
    contact: Address
    """The Contact as it was registered, its parameters with it, but without `expires`."""
    lasts_s: int
    """The expiration interval that it was given last, in seconds."""
    expires_at: float
    """When it is over, unless it is refreshed."""
    call_id: str
    """Of the REGISTER that has made it, or refreshed it last."""
    cseq: int
    """The number of that REGISTER."""

    @property
    def uri(self) -> Uri:
        """Where requests for the address go."""
        return self.contact.uri

    @property
    def q(self) -> float:
        """How much it is wanted beside the others of its address, from 0 to 1 (RFC 3261 10.2.1.2)."""
        return self.contact.q


@define(eq=False)
class HeldBinding(Machine):
    """One binding as it is kept."""

    table: ClassVar[Table]
    address: Uri
    """The address of record, in its canonical form."""
    binding: Binding
    watched_at: float | None = field(default=None, init=False)


def take_binding(held: HeldBinding, binding: Binding, step: Step) -> None:
    """It is this from now on, and lasts for as long as that says."""
    held.binding = binding
    step.cause(RENEWED)


def lifetime(held: HeldBinding) -> float:
    """As long as the 200 has said."""
    return float(held.binding.lasts_s)


# fmt: off
HeldBinding.table = Table(
    "binding",
    rfc="3261 10.3",
    initial=NEW,
    rows=(
        #   state     input            guard   next      actions          RFC
        # "If the binding does not exist, it is tentatively added."
        Row(NEW,      BIND,            always, RENEWING, (take_binding,), "3261 10.3"),
        # "it MUST update or remove the binding as above"
        Row(BOUND,    BIND,            always, RENEWING, (take_binding,), "3261 10.3"),
        Row(BOUND,    UNBIND,          always, GONE,     (),              "3261 10.3"),
        Row(RENEWING, RENEWED,         always, BOUND,    (),              "3261 10.3"),
        # "Registrations are soft state and expire unless refreshed"
        Row(BOUND,    "Timer expires", always, GONE,     (),              "3261 10.2.2"),
    ),
    timers=(
        Timer("expires", {BOUND}, lifetime, once, "3261 10.3"),
    ),
    ignored=(
        Ignore({RENEWING, GONE}, BIND, "nobody knows it so"),
        Ignore({NEW, RENEWING, GONE}, UNBIND, "nobody knows it so"),
        Ignore({NEW, BOUND, GONE}, RENEWED, "its lifetime does not begin now"),
    ),
)
# fmt: on
