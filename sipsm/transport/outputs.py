"""What flows return: actions for the adapter, and news for who uses the transport."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from sipsm.transport.flow import Close, Flow, Open, Send
from sipsm.transport.framing import BadFrame, Frame


@frozen
class Arrived:
    """To the transport's user: a message is whole, or what has come is none."""

    flow: Flow
    framed: Frame | BadFrame


@frozen
class Unsent:
    """To the transport's user: these bytes have not been sent, and will not be (RFC 3261 18.4)."""

    flow: Flow
    data: bytes
    sender: object
    why: str


@frozen
class Lost:
    """To the transport's user: who waits for something on this flow waits in vain (RFC 3261 18.4).

    A connection that is found by a name, Flow(transport, (host, 0), remote), is reported lost under this as well.
    """

    flow: Flow
    why: str


class DiscardReason(StrEnum):
    """Why bytes came to nothing below the message. The names are stable."""

    CLOSED = "closed"
    """Nothing is read on this flow any more, or it is not known."""
    CUT_SHORT = "cut-short"
    """The rest of the message did not come."""
    OVERLOADED = "overloaded"
    """A limit was reached."""


@frozen
class Discarded:
    """To the transport's user: these bytes came to nothing; or none, when a connection was refused."""

    flow: Flow
    data: bytes
    """Of a message that was cut short: its head, as far as it was read."""
    reason: DiscardReason
    why: str


FlowOutput = Open | Send | Close | Arrived | Unsent | Lost | Discarded
"""What flows return, in order: actions for the adapter, and news for the transport's user."""
