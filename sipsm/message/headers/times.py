"""When, and for how long: Date, Expires, Retry-After, Timestamp, Session-Expires and their kin.

RFC 3261 20.17, 20.19, 20.23, 20.33 and 20.38; RFC 4028 4 and 5; RFC 5626 10.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Self

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.params import Params
from sipsm.grammar.tokens import COMMENT, comment_text, format_comment
from sipsm.message.headers.field import Single
from sipsm.message.headers.scalars import whole_number
from sipsm.message.headers.with_params import WithParams

# Points in time

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH_NUMBERS = {name: number for number, name in enumerate(_MONTHS, 1)}
# rfc1123-date = wkday "," SP date1 SP time SP "GMT", date1 = 2DIGIT SP month SP 4DIGIT
# time         = 2DIGIT ":" 2DIGIT ":" 2DIGIT
# "An RFC 1123 date is case-sensitive." (RFC 3261 20.17)
_date = re.compile(
    rf"(?:{'|'.join(_WEEKDAYS)}), ([0-9]{{2}}) ({'|'.join(_MONTHS)}) ([0-9]{{4}}) "
    r"([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT"
).fullmatch


def parse_date(text: str) -> datetime:
    """The moment that a SIP-date names, in UTC; else raises RemoteProtocolError (RFC 3261 20.17).

    The name of the weekday is not compared with the rest, which says all.
    """
    # "SIP restricts the time zone in SIP-date to "GMT", while RFC 1123 allows any time zone." (RFC 3261 20.17)
    match = _date(text)
    if match is not None:
        day, month, year, hour, minute, second = match.groups()
        try:
            return datetime(int(year), _MONTH_NUMBERS[month], int(day), int(hour), int(minute), int(second), tzinfo=UTC)
        except ValueError:
            pass
    raise RemoteProtocolError(f"{text[:80]!r} is no date", rfc="3261 20.17")


def format_date(moment: datetime) -> str:
    """The moment as a SIP-date, to the second; LocalProtocolError when it has no time zone (RFC 3261 20.17)."""
    if moment.tzinfo is None:
        raise LocalProtocolError(f"{moment} has no time zone, and a Date is in GMT", rfc="3261 20.17")
    m = moment.astimezone(UTC)
    weekday, month = _WEEKDAYS[m.weekday()], _MONTHS[m.month - 1]
    return f"{weekday}, {m.day:02} {month} {m.year:04} {m.hour:02}:{m.minute:02}:{m.second:02} GMT"


def date_of(unix_s: float) -> str:
    """The moment so many seconds after the first of 1970 as a SIP-date (RFC 3261 20.17).

    Raises LocalProtocolError for one beyond the years of four digits.
    """
    try:
        return format_date(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=unix_s))
    except (OverflowError, ValueError):
        raise LocalProtocolError(f"{unix_s} s is no time that a Date could tell", rfc="3261 20.17") from None


# Digits of one time; no clock counts further.
_TIME = r"[0-9]{1,30}+(?:\.[0-9]{0,30}+)?"
# Timestamp = "Timestamp" HCOLON 1*(DIGIT) [ "." *(DIGIT) ] [ LWS delay ], delay = *(DIGIT) [ "." *(DIGIT) ]
_timestamp = re.compile(rf"({_TIME})(?:[ \t]++({_TIME}|\.[0-9]{{0,30}}+))?").fullmatch


class Timestamp(NamedTuple):
    """When a request was sent, by its sender's clock, and how long the response took: `54.21 0.5` (RFC 3261 20.38)."""

    time: str
    """Seconds of the sender's clock, digit by digit as they came, since the response repeats them."""
    delay: str | None = None
    """Seconds that the other side took to respond, as they came."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The time and the delay that the text names; else raises RemoteProtocolError."""
        match = _timestamp(text)
        if match is None:
            raise RemoteProtocolError(f"{text[:80]!r} is no timestamp", rfc="3261 20.38")
        return tuple.__new__(cls, match.groups())

    @classmethod
    def build(cls, time_s: float, delay_s: float | None = None) -> Self:
        """One of seconds, written to the microsecond; LocalProtocolError for what is no time."""
        return tuple.__new__(cls, (_digits(time_s), None if delay_s is None else _digits(delay_s)))

    def with_delay(self, delay_s: float) -> Self:
        """This one as a response repeats it, the time taken added; LocalProtocolError for what is no time."""
        # "If there is a delay in generating the response, the UAS SHOULD add a delay value into the Timestamp value in
        # the response." (RFC 3261 8.2.6.1)
        return self._replace(delay=_digits(delay_s))

    @property
    def time_s(self) -> float:
        """When the request was sent, in seconds from a start that only its sender knows."""
        return float(self.time)

    @property
    def delay_s(self) -> float:
        """How long the other side took to respond, in seconds; 0 when it did not say."""
        return 0.0 if self.delay is None else float("0" + self.delay)

    def __str__(self) -> str:
        return self.time if self.delay is None else f"{self.time} {self.delay}"


def _digits(seconds: float) -> str:
    text = f"{seconds:.6f}"
    if _timestamp(text) is None:
        raise LocalProtocolError(f"{seconds} is no time in seconds", rfc="3261 20.38")
    return text.rstrip("0").rstrip(".")


# Spans of time


class _Seconds(WithParams):
    """A whole number of seconds and parameters."""

    __slots__ = ("_seconds",)

    # delta-seconds = 1*DIGIT
    pattern = r"[0-9]++"
    what = "time in seconds"
    _seconds: int

    def _check(self) -> None:
        self._seconds = whole_number(self._value)

    def _key(self) -> str:
        return str(self._seconds)


class RetryAfter(_Seconds):
    """How long to wait before the next try: `120 (I'm in a meeting);duration=3600` (RFC 3261 20.33)."""

    __slots__ = ()

    # Retry-After = "Retry-After" HCOLON delta-seconds [ comment ] *( SEMI retry-param )
    # retry-param = ("duration" EQUAL delta-seconds) / generic-param
    pattern = rf"[0-9]++(?:[ \t]*+{COMMENT})?"
    what = "time to retry after"
    rfc = "3261 20.33"

    @classmethod
    def build(
        cls, value: int | str, params: Params = (), *, comment: str | None = None, duration_s: int | None = None
    ) -> Self:
        """One of a number of seconds, and what else is to be said; LocalProtocolError when it cannot be written."""
        text = str(value) if comment is None else f"{value} {format_comment(comment)}"
        return cls._of(text, params, duration=duration_s)

    @property
    def wait_s(self) -> int:
        """Seconds to wait, from the time of the response."""
        return self._seconds

    @property
    def comment(self) -> str | None:
        """What the called party says of it, for people to read."""
        _, opened, comment = self._value.partition("(")
        return comment_text(opened + comment) if opened else None

    @property
    def duration_s(self) -> int | None:
        """Seconds that the called party will then be there; None when it is expected to stay."""
        return self._number("duration")

    def _check(self) -> None:
        self._seconds = whole_number(self._value.partition("(")[0].rstrip(" \t"))
        self._number("duration")

    def _key(self) -> str:
        return f"{self._seconds} {self.comment}"


class SessionExpires(_Seconds):
    """How long a session lasts unless it is refreshed, and by whom: `1800;refresher=uac` (RFC 4028 4)."""

    __slots__ = ()

    # Session-Expires = ("Session-Expires" / "x") HCOLON delta-seconds *(SEMI se-params)
    # refresher-param = "refresher" EQUAL ("uas" / "uac")
    what = "session interval"
    rfc = "4028 4"

    @classmethod
    def build(cls, value: int | str, params: Params = (), *, refresher: str | None = None) -> Self:
        """One of a number of seconds and "uac", "uas" or None; LocalProtocolError when it cannot be written."""
        return cls._of(str(value), params, refresher=refresher)

    @property
    def interval_s(self) -> int:
        """Seconds from one refresh to the end of the session."""
        return self._seconds

    @property
    def refresher(self) -> str | None:
        """Who refreshes: "uac" or "uas", as the roles are in this very request; None leaves it to the other side."""
        return self._lower("refresher")

    def _check(self) -> None:
        self._seconds = whole_number(self._value)
        if self._text.endswith((";refresher=uac", ";refresher=uas")):
            return  # the usual two, told without taking the parameters apart
        refresher = self.params.get("refresher", "uac")
        if refresher is None or refresher.lower() not in ("uac", "uas"):
            raise RemoteProtocolError(f"a refresher is uac or uas, not {refresher!r}", rfc="4028 4")


class MinSE(_Seconds):
    """The shortest session interval that somebody on the way puts up with (RFC 4028 5)."""

    __slots__ = ()

    # Min-SE = "Min-SE" HCOLON delta-seconds *(SEMI generic-param)
    what = "session interval"
    rfc = "4028 5"

    @classmethod
    def build(cls, value: int | str, params: Params = ()) -> Self:
        """One of a number of seconds; LocalProtocolError below 90, or when it cannot be written."""
        built = cls._of(str(value), params)
        # "its value MUST NOT be less than 90 seconds" (RFC 4028 5).  Who receives less takes it for what it is.
        if built._seconds < 90:
            raise LocalProtocolError(f"a Min-SE of {value} is less than 90 seconds", rfc="4028 5")
        return built

    @property
    def interval_s(self) -> int:
        """Seconds that a session interval must have at least."""
        return self._seconds


DATE = Single("Date", parse_date, text=format_date, rfc="3261 20.17")
EXPIRES = Single("Expires", whole_number, rfc="3261 20.19")
MIN_EXPIRES = Single("Min-Expires", whole_number, rfc="3261 20.23")
RETRY_AFTER = Single("Retry-After", RetryAfter.parse, rfc="3261 20.33")
TIMESTAMP = Single("Timestamp", Timestamp.parse, rfc="3261 20.38")
SESSION_EXPIRES = Single("Session-Expires", SessionExpires.parse, rfc="4028 4")
MIN_SE = Single("Min-SE", MinSE.parse, rfc="4028 5")
FLOW_TIMER = Single("Flow-Timer", whole_number, rfc="5626 10")
