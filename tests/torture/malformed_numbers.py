"""Numbers out of range, in the headers that hold them, and the timers that they would set (RFC 3261 20, 25.1)."""

from __future__ import annotations

from functools import partial

from sipsm import DropReason
from tests.torture.case import ACCEPTED, DIGITS, Case, cases, invite, message, options, response
from tests.torture.entry import Drops, Malformed, Refused, Rejects, Rings, Serves

NO_CSEQ = Refused(400, "3261 20.16")
TOO_HIGH = Refused(400, "3261 8.1.1.5")

NUMBERS = (
    # ---------------------------------------------------------------- CSeq
    *cases(
        "number",
        "CSeq {}",
        lambda value: options(CSeq=value),
        {
            "2**31": b"2147483648 OPTIONS",
            "2**32-1": b"4294967295 OPTIONS",
            "2**32+1": b"4294967297 OPTIONS",
            "2**64+1": b"18446744073709551617 OPTIONS",
            "of 5000 digits": DIGITS + b" OPTIONS",
        },
        TOO_HIGH,
        Rejects(400),
        sees={"cseq": Malformed("3261 8.1.1.5")},
    ),
    *cases(
        "number",
        "CSeq {}",
        lambda value: options(CSeq=value),
        {
            "-1": b"-1 OPTIONS",
            "+1": b"+1 OPTIONS",
            "0x1": b"0x1 OPTIONS",
            "1.0": b"1.0 OPTIONS",
            "1e0": b"1e0 OPTIONS",
            "1_0": b"1_0 OPTIONS",
            "without a method": b"1",
            "without a number": b"OPTIONS",
            "empty": b"",
            "with two methods": b"1 OPTIONS INVITE",
            "with two numbers": b"1 2 OPTIONS",
            "without the space": b"1OPTIONS",
            "with a NUL": b"1\0 OPTIONS",
            "with a NUL for the space": b"1\0OPTIONS",
            "Arabic": "١ OPTIONS".encode(),
            "superscript": "¹ OPTIONS".encode(),
            "with a comma": b"1 OPTIONS, 2 OPTIONS",
            "with a method that is no token": b"1 OPT{ONS",
        },
        NO_CSEQ,
        Rejects(400),
        sees={"cseq": Malformed("3261 20.16")},
    ),
    Case(
        "number",
        "CSeq 2**31-1",
        lambda: options(CSeq=b"2147483647 OPTIONS"),
        ACCEPTED,
        Serves(200),
        sees={"cseq": (2**31 - 1, "OPTIONS")},
    ),
    Case("number", "CSeq 0", lambda: options(CSeq=b"0 OPTIONS"), ACCEPTED, Serves(200), sees={"cseq.number": 0}),
    Case(
        "number",
        "CSeq with 5000 zeros before it",
        lambda: options(CSeq=b"0" * 5_000 + b"1 OPTIONS"),
        ACCEPTED,
        Serves(200),
        sees={"cseq": (1, "OPTIONS")},
    ),
    Case(
        "number",
        "CSeq with a tab",
        lambda: options(CSeq=b"1\tOPTIONS"),
        ACCEPTED,
        Serves(200),
        sees={"cseq": (1, "OPTIONS")},
    ),
    *cases(
        "number",
        "CSeq with {}",
        lambda value: options(CSeq=value),
        {"another method": b"1 INVITE", "the method in lower case": b"1 options"},
        TOO_HIGH,
        Rejects(400),
    ),
    Case(
        "number",
        "CSeq 2**31 in a response",
        lambda: response(b"SIP/2.0 200 OK", CSeq=b"2147483648 OPTIONS"),
        TOO_HIGH,
        Drops(DropReason.MALFORMED),
    ),
    # ---------------------------------------------------------------- what a user agent server has no use for
    # "If only the Max-Forwards field were in error, the element could choose to process the request as if the field
    # were absent." (RFC 4475 3.1.2.4)
    *cases(
        "number",
        "Max-Forwards {}",
        lambda value: options(Max_Forwards=value),
        {
            "-1": b"-1",
            "2**32": b"4294967296",
            "5000 digits": DIGITS,
            "empty": b"",
            "seventy": b"seventy",
            "with a parameter": b"70;x",
            "Arabic": "٧٠".encode(),
            "with a NUL": b"70\0",
        },
        ACCEPTED,
        Serves(200),
        sees={"[MAX_FORWARDS]": Malformed("3261 25.1")},
    ),
    Case(
        "number",
        "Max-Forwards 256",
        lambda: options(Max_Forwards=b"256"),
        ACCEPTED,
        Serves(200),
        sees={"[MAX_FORWARDS]": Malformed("3261 20.22")},
    ),
    Case(
        "number",
        "Max-Forwards 255",
        lambda: options(Max_Forwards=b"255"),
        ACCEPTED,
        Serves(200),
        sees={"[MAX_FORWARDS]": 255},
    ),
    Case(
        "number",
        "no Max-Forwards",
        lambda: options(Max_Forwards=None),
        ACCEPTED,
        Serves(200),
        sees={"[MAX_FORWARDS]": None},
    ),
    *cases(
        "timer",
        "Expires {}",
        lambda value: invite(Expires=value),
        {
            "-1": b"-1",
            "2**32": b"4294967296",
            "5000 digits": DIGITS,
            "empty": b"",
            "a date": b"Thu, 01 Dec 1994 16:00:00 GMT",
            "1.5": b"1.5",
        },
        ACCEPTED,
        Rejects(400),
        sees={"[EXPIRES]": Malformed("3261 25.1")},
    ),
    Case(
        "timer",
        "Expires 2**32-1",
        lambda: invite(Expires=b"4294967295"),
        ACCEPTED,
        Rings(),
        sees={"[EXPIRES]": 2**32 - 1},
    ),
    Case(
        "timer",
        "Expires with 5000 zeros before it",
        lambda: invite(Expires=b"0" * 5_000 + b"60"),
        ACCEPTED,
        Rings(),
        sees={"[EXPIRES]": 60},
    ),
    *(
        Case(
            "timer",
            f"{name} {value[:12].decode()}",
            partial(invite, raw=name.encode() + b": " + value + b"\r\n"),
            ACCEPTED,
            # The session timer reads them.
            Rejects(400) if name in {"Session-Expires", "Min-SE"} else Rings(),
            sees={
                f"[{name.upper().replace('-', '_')}]": Malformed(no_number if value in {b"-1", b""} else "3261 25.1")
            },
        )
        for name, no_number in {
            "Session-Expires": "4028 4",
            "Min-SE": "4028 5",
            "Min-Expires": "3261 25.1",
            "RSeq": "3261 25.1",
            "Flow-Timer": "3261 25.1",
        }.items()
        for value in (b"-1", b"4294967296", DIGITS, b"")
    ),
    Case("timer", "Session-Expires 0", lambda: invite(Session_Expires=b"0;refresher=uas"), ACCEPTED, Rings()),
    *cases(
        "timer",
        "Timestamp {}",
        lambda value: invite(Timestamp=value),
        {"-1": b"-1", "of a letter": b"x", "empty": b"", "with two points": b"1.2.3"},
        ACCEPTED,
        Rings(),
        sees={"[TIMESTAMP]": Malformed("3261 20.38")},
    ),
    *(
        Case(
            "timer",
            f"Retry-After {name}",
            partial(response, b"SIP/2.0 503 Service Unavailable", Retry_After=value),
            ACCEPTED,
            Drops(DropReason.STRAY_RESPONSE),
            sees={"[RETRY_AFTER]": Malformed(rfc)},
        )
        for name, value, rfc in (
            ("-1", b"-1", "3261 20.33"),
            ("2**32", b"4294967296", "3261 25.1"),
            ("5000 digits", DIGITS, "3261 25.1"),
            ("empty", b"", "3261 20.33"),
            ("with an open (", b"18 (soon", "3261 20.33"),
        )
    ),
    *cases(
        "number",
        "Warning {}",
        lambda value: response(b"SIP/2.0 400 Bad Request", Warning_=value),
        {
            "of four digits": b'3990 h "x"',
            "of two": b'39 h "x"',
            "without text": b"399 h",
            "with an open quote": b'399 h "x',
            "empty": b"",
        },
        ACCEPTED,
        Drops(DropReason.STRAY_RESPONSE),
        sees={"[WARNING]": Malformed("3261 20.43")},
    ),
    *(
        Case(
            "number",
            f"RAck {name}",
            partial(message, b"PRACK sip:bob@192.0.2.1 SIP/2.0", RAck=value),
            ACCEPTED,
            Rejects(400),
            sees={"[RACK]": Malformed(rfc)},
        )
        for name, value, rfc in (
            ("of one number", b"1 INVITE", "3262 7.2"),
            ("of 5000 digits", DIGITS + b" 1 INVITE", "3261 25.1"),
            ("-1", b"-1 1 INVITE", "3262 7.2"),
            ("empty", b"", "3262 7.2"),
        )
    ),
    *(
        Case(
            "number",
            f"Contact with q={name}",
            partial(invite, Contact=b"<sip:a@h>;q=" + value),
            ACCEPTED,
            Rings(),
            sees={"contact.params[q]": value.decode()},
        )
        for name, value in {
            "2": b"2",
            "-1": b"-1",
            "0.5000": b"0.5000",
            "1e9": b"1e9",
            "nan": b"nan",
            "5000 digits": b"0." + DIGITS,
        }.items()
    ),
    *(
        Case(
            "timer",
            f"Contact with expires={name}",
            partial(message, b"REGISTER sip:192.0.2.1 SIP/2.0", Contact=b"<sip:a@h>;expires=" + value),
            ACCEPTED,
            Serves(405),
            sees={"contact.params[expires]": value.decode()},
        )
        for name, value in {"-1": b"-1", "2**32": b"4294967296", "5000 digits": DIGITS, "x": b"x"}.items()
    ),
)
