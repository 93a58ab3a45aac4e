"""Instant messages: one at a time to each place, how long one holds, and where an `im:` URI leads.

RFC 3428 4, 5, 7 and 8. Not here: the sending, and what a message is answered.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

from attrs import define, field, frozen

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar import Uri
from sipsm.grammar.escapes import undo_needless
from sipsm.grammar.uri_equality import host_key, opaque_key
from sipsm.machine import Ignore, Machine, Refuse, Row, Step, Table, always
from sipsm.message import Request
from sipsm.message.headers import DATE, EXPIRES, Single

FREE: Final = "Free"
PENDING: Final = "Pending"

SEND: Final = "MESSAGE"
FINAL: Final = "final"

LARGEST: Final = 1300
"""Bytes; a longer MESSAGE outside a session may meet a link without congestion control on its way (RFC 3428 8)."""


@define(eq=False)
class Line(Machine):
    """The messages for one URI, or in one dialog: one is pending, the others wait. It emits each that is to be sent."""

    table: ClassVar[Table]
    room: int
    """How many may wait."""
    pending: Any = field(init=False, default=None)
    """The one that has not been answered yet."""
    waiting: list[Any] = field(init=False, factory=list)
    """Those behind it, the oldest first."""


def no_room(line: Line, _x: Any, _at: Any) -> bool:
    """As many wait as may."""
    return len(line.waiting) >= line.room


def some_wait(line: Line, _x: Any, _at: Any) -> bool:
    """There is a next one."""
    return bool(line.waiting)


def send(line: Line, message: Any, step: Step) -> None:
    """It goes out."""
    line.pending = message
    step.emit(message)


def enqueue(line: Line, message: Any, _step: Step) -> None:
    """It waits for its turn."""
    line.waiting.append(message)


def send_next(line: Line, _x: Any, step: Step) -> None:
    """The oldest of those that wait goes out."""
    send(line, line.waiting.pop(0), step)


def settle(line: Line, _x: Any, _step: Step) -> None:
    """Nothing is pending."""
    line.pending = None


# fmt: off
Line.table = Table(
    "messages to one place",
    rfc="3428 8",
    initial=FREE,
    rows=(
        #   state      input  guard      next     actions        RFC
        Row(FREE,      SEND,  always,    PENDING, (send,),       "3428 8"),
        # "A UAC MUST NOT initiate a new out-of-dialog MESSAGE transaction to a given URI if there is a previous
        # out-of-dialog transaction pending for the same URI. Similarly, A UAC SHOULD NOT initiate overlapping MESSAGE
        # transactions inside a dialog"
        Refuse(PENDING, SEND, no_room,   None, "as many wait for their turn there as the limits allow", "3428 8"),
        Row(PENDING,   SEND,  always,    PENDING, (enqueue,),    "3428 8"),
        Row(PENDING,   FINAL, some_wait, PENDING, (send_next,),  "3428 8"),
        Row(PENDING,   FINAL, always,    FREE,    (settle,),     "3428 8"),
    ),
    ignored=(
        Ignore(FREE, FINAL, "nothing is pending"),
    ),
)
# fmt: on


# -------------------------------------------------------------------- places


def place_of(uri: Uri) -> str:
    """One text for all URIs that are the same (RFC 3261 19.1.4); some that differ only in their parameters share it."""
    if not uri.host:
        return f"tel:{uri.telephone.number}" if uri.telephone else opaque_key(str(uri))
    user = "" if uri.user is None else f"{undo_needless(uri.user)}@"
    return f"{uri.scheme}:{user}{host_key(uri.host)}:{'' if uri.port is None else uri.port}"


def resolved(uri: Uri) -> Uri:
    """Where to send a message for this URI: for an `im:` URI the SIP URI of the same user, where it names one.

    Any other one is itself.
    """
    # "If a UA is presented with an IM URI as the address for an instant message, it SHOULD resolve it to a SIP URI, and
    # place the resulting URI in the Request-URI of the MESSAGE request before sending. If the UA is unable to resolve
    # the IM URI, it MAY place the IM URI in the Request-URI, thus delegating the resolution to a downstream device such
    # as proxy or gateway." (RFC 3428 5)
    # Deviation: RFC 3861 4 asks the DNS whether the domain has `_im._sip` records first. Where it takes messages by SIP
    # at all its SIP servers know the user, and they are found as always (RFC 3263).
    if uri.scheme != "im":
        return uri
    user, _, host = str(uri).partition(":")[2].partition("?")[0].rpartition("@")
    try:
        return Uri.build("sip", user or None, host=host)
    except LocalProtocolError:
        return uri


# -------------------------------------------------------------------- for how long


@frozen
class Validity:
    """How long what a message says holds: until a time, a date, or for ever. At most one of the two is there."""

    until: float | None = None
    """The time, as `now` counts: the message says for how long, but not since when."""
    until_date: datetime | None = None
    """The date by the sender's clock, in UTC: the message says since when as well."""

    def is_over(self, now: float, date: datetime) -> bool:
        """Whether it holds no longer at this time, which is this date."""
        return (self.until is not None and self.until <= now) or (
            self.until_date is not None and self.until_date <= date
        )


FOREVER: Final = Validity()


def validity(message: Request, now: float) -> Validity:
    """How long a message holds that has arrived now (RFC 3428 7). What cannot be read counts as not said."""
    # "MESSAGE requests without an Expires header field do not expire." (RFC 3428 7)
    seconds = _read(message, EXPIRES)
    if seconds is None:
        return FOREVER
    # "If the MESSAGE request containing an Expires header field also contains a Date header field, the UAS SHOULD
    # interpret the Expires header field value as delta time from the Date header field value. If the request does not
    # contain a Date header field, the UAS SHOULD interpret the Expires header value as delta time from the time the UAS
    # received the request." (RFC 3428 7)
    date = _read(message, DATE)
    if date is None:
        return Validity(until=now + seconds)
    try:
        return Validity(until_date=date + timedelta(seconds=seconds))
    except OverflowError:
        # No calendar goes further.
        return Validity(until_date=datetime.max.replace(tzinfo=UTC))


def _read(message: Request, header: Single[Any]) -> Any:
    try:
        return message[header]
    except RemoteProtocolError:
        # "A UAS SHOULD ignore any malformed header fields that are not necessary for processing requests." (RFC 3261
        # 8.2.2)
        return None


# -------------------------------------------------------------------- what is sent


def limiting(expires_s: int | None, date: datetime | None) -> list[tuple[str, str]]:
    """The header lines of a message that holds for so many seconds from this date, which must be named (RFC 3428 4)."""
    if expires_s and date is None:
        # "If the UAC adds an Expires header field with a non-zero value, it SHOULD also add a Date header field
        # containing the time the message is sent." (RFC 3428 4)
        raise LocalProtocolError("a message that expires says when it was sent: give its date too", rfc="3428 4")
    lines = [] if expires_s is None else [("Expires", line) for line in EXPIRES.lines([expires_s])]
    return lines if date is None else [*lines, *(("Date", line) for line in DATE.lines([date]))]


def as_body(text: str | bytes) -> bytes:
    """A text as the body of a message: in UTF-8, as text is where no charset is named (RFC 3261 7.4.1)."""
    if isinstance(text, bytes):
        return text
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise LocalProtocolError(f"the text cannot be sent: {error.reason}", rfc="3261 7.4.1") from None
