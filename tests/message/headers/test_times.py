"""Date, Expires, Retry-After, Timestamp, Session-Expires and their kin."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message.headers.field import Single
from sipsm.message.headers.times import (
    DATE,
    EXPIRES,
    FLOW_TIMER,
    MIN_EXPIRES,
    MIN_SE,
    RETRY_AFTER,
    SESSION_EXPIRES,
    TIMESTAMP,
    MinSE,
    RetryAfter,
    SessionExpires,
    Timestamp,
    format_date,
    parse_date,
)

# Date


@pytest.mark.rfc("3261 20.17", "3261 25.1")
@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Sat, 13 Nov 2010 23:29:00 GMT", datetime(2010, 11, 13, 23, 29, tzinfo=UTC)),
        ("Sat, 15 Oct 2005 04:44:56 GMT", datetime(2005, 10, 15, 4, 44, 56, tzinfo=UTC)),
        ("Thu, 29 Feb 2024 23:59:59 GMT", datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)),
        ("Mon, 01 Jan 0001 00:00:00 GMT", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_date(text: str, moment: datetime) -> None:
    """A Date names a moment to the second, in GMT, and is written as it is read."""
    assert DATE.read([text]) == moment
    assert parse_date(text).tzinfo is UTC
    assert DATE.lines([moment]) == [text]


@pytest.mark.rfc("3261 20.17")
def test_date_of_another_zone() -> None:
    """A moment in another time zone is written in GMT, without fractions of a second."""
    moment = datetime(2010, 11, 14, 1, 29, 0, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert format_date(moment) == "Sat, 13 Nov 2010 23:29:00 GMT"


@pytest.mark.rfc("3261 20.17")
def test_date_without_zone() -> None:
    """A moment that does not say where its clock stands cannot be written."""
    with pytest.raises(LocalProtocolError, match="no time zone"):
        DATE.lines([datetime(2010, 11, 13)])


@pytest.mark.rfc("3261 20.17", "3261 25.1")
def test_weekday_is_not_counted_out() -> None:
    """A sender that is wrong about the weekday is not wrong about the date."""
    assert parse_date("Mon, 13 Nov 2010 23:29:00 GMT") == datetime(2010, 11, 13, 23, 29, tzinfo=UTC)


@pytest.mark.rfc("3261 20.17", "3261 25.1")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "Fri, 01 Jan 2010 16:00:00 EST",
        "Fri, 01 Jan 2010 16:00:00 UTC",
        "Fri, 01 Jan 2010 16:00:00 gmt",
        "fri, 01 Jan 2010 16:00:00 GMT",
        "Fri, 01 JAN 2010 16:00:00 GMT",
        "Fri, 1 Jan 2010 16:00:00 GMT",
        "Fri, 01 Jan 10 16:00:00 GMT",
        "Fri, 01 Jan 2010 16:00 GMT",
        "Friday, 01-Jan-10 16:00:00 GMT",
        "Fri, 30 Feb 2010 16:00:00 GMT",
        "Fri, 00 Jan 2010 16:00:00 GMT",
        "Fri, 01 Jan 0000 16:00:00 GMT",
        "Fri, 01 Jan 2010 24:00:00 GMT",
        "Fri, 01 Jan 2010 23:59:60 GMT",
        "Fri, \u0660\u0661 Jan 2010 16:00:00 GMT",
        "3600",
    ],
)
def test_malformed_date(text: str) -> None:
    """Other forms and zones, and days and hours that do not exist, are refused."""
    with pytest.raises(RemoteProtocolError) as caught:
        DATE.read([text])
    assert caught.value.rfc == "3261 20.17"


# Spans


@pytest.mark.rfc("3261 20.19", "3261 20.23", "5626 10")
@pytest.mark.parametrize("field", [EXPIRES, MIN_EXPIRES, FLOW_TIMER], ids=repr)
def test_seconds(field: Single[int]) -> None:
    """Expires, Min-Expires and Flow-Timer are whole numbers of seconds below 2**32."""
    assert field.read(["5"]) == 5
    assert field.read(["4294967295"]) == 2**32 - 1
    assert field.lines([3600]) == ["3600"]
    for text in ("", "-1", "1.5", "5;x", "1" + "0" * 100, "Sat, 13 Nov 2010 23:29:00 GMT"):
        with pytest.raises(RemoteProtocolError):
            field.read([text])


@pytest.mark.rfc("3261 20.33")
@pytest.mark.parametrize(
    ("text", "seconds", "comment", "duration_s"),
    [
        ("18000;duration=3600", 18000, None, 3600),
        ("120 (I'm in a meeting)", 120, "I'm in a meeting", None),
        ("120(I'm in a meeting) ; Duration=5;x=y", 120, "I'm in a meeting", 5),
        (r"18000 (I'm in a (meeting) \) now);duration=3600;x", 18000, "I'm in a (meeting) ) now", 3600),
        ("0 ()", 0, "", None),
        ("7 (;duration=5)", 7, ";duration=5", None),
        ("0" * 5000 + "7", 7, None, None),
    ],
)
def test_retry_after(text: str, seconds: int, comment: str | None, duration_s: int | None) -> None:
    """A Retry-After says in how many seconds, perhaps why, and perhaps for how long."""
    read = RETRY_AFTER.read([text])
    assert (read.wait_s, read.comment, read.duration_s, str(read)) == (seconds, comment, duration_s, text)


@pytest.mark.rfc("3261 20.33")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "-1",
        "949302838503028349304023988",
        "5 (",
        "5 (x",
        "5 (x))",
        "5 (x) y",
        "5 (x) (y)",
        "(x) 5",
        "5;duration",
        "5;duration=",
        "5;duration=long",
        "5 " + "(" * 6 + ")" * 6,
        "5 " + "(" * 100_000,
        "5 " + "(a" * 50_000,
        "5 (" + "(a)" * 50_000,
    ],
)
def test_malformed_retry_after(text: str) -> None:
    """No number, an endless one, a comment without end and a duration that is none are refused."""
    with pytest.raises(RemoteProtocolError):
        RETRY_AFTER.read([text])


def test_retry_after_built() -> None:
    """A Retry-After is built of its parts, and its comment may hold what it likes, but no end of line."""
    built = RetryAfter.build(120, comment="back :) soon", duration_s=60)
    assert str(built) == r"120 (back :\) soon);duration=60"
    assert (built.wait_s, built.comment, built.duration_s) == (120, "back :) soon", 60)
    assert str(RetryAfter.build("5", {"x": None})) == "5;x"
    assert RETRY_AFTER.lines([built]) == [str(built)]
    wrong: list[Callable[[], object]] = [
        lambda: RetryAfter.build(-1),
        lambda: RetryAfter.build(2**32),
        lambda: RetryAfter.build("5;x"),
        lambda: RetryAfter.build(5, comment="a\r\nVia: x"),
        lambda: RetryAfter.build(5, duration_s=-1),
    ]
    for build in wrong:
        with pytest.raises(LocalProtocolError):
            build()


def test_retry_after_compared() -> None:
    """Two of them are equal when they say the same."""
    assert RetryAfter.parse("05 (x);duration=3") == RetryAfter.parse("5(x) ; DURATION=3")
    assert hash(RetryAfter.parse("05")) == hash(RetryAfter.parse("5"))
    assert RetryAfter.parse("5 (x)") != RetryAfter.parse("5 (y)")
    assert RetryAfter.parse("5") != RetryAfter.parse("6")


# Timestamp


@pytest.mark.rfc("3261 20.38", "3261 25.1")
@pytest.mark.parametrize(
    ("text", "time_s", "delay_s"),
    [
        ("54", 54.0, 0.0),
        ("54.", 54.0, 0.0),
        ("54.21 0.5", 54.21, 0.5),
        ("1700000000.123456 .5", 1700000000.123456, 0.5),
        ("0 2.", 0.0, 2.0),
        ("0 .", 0.0, 0.0),
        ("0 12", 0.0, 12.0),
    ],
)
def test_timestamp(text: str, time_s: float, delay_s: float) -> None:
    """A Timestamp is the sender's time, perhaps with a delay, and keeps its digits."""
    read = TIMESTAMP.read([text])
    assert (read.time_s, read.delay_s, str(read)) == (time_s, delay_s, text)
    assert pickle.loads(pickle.dumps(read)) == read


@pytest.mark.rfc("3261 20.38", "4475 3.1.2.4")
@pytest.mark.parametrize(
    "text", ["", ".5", "-1", "1e9", "nan", "5 x", "5 1 2", "5,5", "9" * 400, "\u0661", "1 " + "9" * 31]
)
def test_malformed_timestamp(text: str) -> None:
    """What no clock shows is refused."""
    with pytest.raises(RemoteProtocolError):
        TIMESTAMP.read([text])


@pytest.mark.rfc("3261 8.2.6.1")
def test_delay_is_added() -> None:
    """A response repeats the Timestamp digit by digit, and adds how long it took."""
    assert str(Timestamp.parse("54.2100").with_delay(0.25)) == "54.2100 0.25"
    assert str(Timestamp.parse("54 9").with_delay(2)) == "54 2"


def test_timestamp_built() -> None:
    """A Timestamp is built of seconds, and written to the microsecond."""
    assert str(Timestamp.build(1000.5)) == "1000.5"
    assert str(Timestamp.build(100.0, 0.0000004)) == "100 0"
    assert str(Timestamp.build(0.1 + 0.2)) == "0.3"
    assert TIMESTAMP.lines([Timestamp.build(54)]) == ["54"]
    for seconds in (-1.0, float("nan"), float("inf"), 1e300):
        with pytest.raises(LocalProtocolError):
            Timestamp.build(seconds)
        with pytest.raises(LocalProtocolError):
            Timestamp.parse("54").with_delay(seconds)
    with pytest.raises(LocalProtocolError):
        TIMESTAMP.lines([Timestamp("soon")])


# Session timers


@pytest.mark.rfc("4028 4")
@pytest.mark.parametrize(
    ("text", "interval_s", "refresher"),
    [
        ("1800", 1800, None),
        ("1800;refresher=uac", 1800, "uac"),
        ("1800;x=y;refresher=uas", 1800, "uas"),
        ("90 ; Refresher = UAS;x=y", 90, "uas"),
        ("4294967295;x", 2**32 - 1, None),
    ],
)
def test_session_expires(text: str, interval_s: int, refresher: str | None) -> None:
    """A Session-Expires is the length of a session, and perhaps who refreshes it."""
    read = SESSION_EXPIRES.read([text])
    assert (read.interval_s, read.refresher, str(read)) == (interval_s, refresher, text)


@pytest.mark.rfc("4028 4")
@pytest.mark.parametrize(
    "text", ["", "uac", "-1", "4294967296", "1800;refresher=proxy", "1800;refresher", "1800;refresher=", "1800 (x)"]
)
def test_malformed_session_expires(text: str) -> None:
    """An interval that is no number, and a refresher that is neither end, are refused."""
    with pytest.raises(RemoteProtocolError):
        SESSION_EXPIRES.read([text])


@pytest.mark.rfc("4028 4")
def test_session_expires_built() -> None:
    """A Session-Expires is built of its parts."""
    assert str(SessionExpires.build(1800)) == "1800"
    assert str(SessionExpires.build(1800, {"x": None}, refresher="uas")) == "1800;refresher=uas;x"
    assert SessionExpires.build(1800, refresher="UAC") == SessionExpires.parse("01800;refresher=UAC")
    with pytest.raises(LocalProtocolError):
        SessionExpires.build(1800, refresher="proxy")
    with pytest.raises(LocalProtocolError):
        SessionExpires.build(-1)


@pytest.mark.rfc("4028 5")
def test_min_se() -> None:
    """A Min-SE below 90 seconds is read as what it is, and cannot be written."""
    assert MIN_SE.read(["60;x=y"]).interval_s == 60
    assert str(MinSE.build(90, {"x": "y"})) == "90;x=y"
    with pytest.raises(LocalProtocolError, match="less than 90"):
        MinSE.build(89)
    with pytest.raises(RemoteProtocolError):
        MIN_SE.read(["short"])
