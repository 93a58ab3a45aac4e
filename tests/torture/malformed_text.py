"""Letters that are none, and headers that may stand once: NUL, UTF-8 and the lack of it, line ends, duplicates.

RFC 3261 7.3.1 and 25.1.
"""

from __future__ import annotations

from functools import partial

from sipsm import DropReason
from tests.torture.case import ACCEPTED, USUAL, Case, Value, cases, invite, message, options, response
from tests.torture.entry import Breaks, Drops, Malformed, Refused, Rejects, Rings, Serves

GRAMMAR = Refused(400, "3261 25.1")
TWICE = Refused(400, "3261 7.3.1")
MISSING = Refused(400, "3261 8.1.1")
OTHER = {"From": b"<sip:eve@h>;tag=e", "To": b"<sip:eve@h>", "Call-ID": b"eve@h", "CSeq": b"2 OPTIONS"}


def with_one(name: str, value: Value) -> bytes:
    """An OPTIONS with another value of one header."""
    return message(b"OPTIONS sip:bob@192.0.2.1 SIP/2.0", b"", b"", **{name.replace("-", "_"): value})


TEXT = (
    # ---------------------------------------------------------------- headers that may stand once
    *(
        Case(
            "single",
            f"two {name} headers",
            partial(with_one, name, ({**USUAL, "CSeq": b"1 OPTIONS"}[name], OTHER[name])),
            TWICE,
            Rejects(400),
        )
        for name in OTHER
    ),
    *(
        Case(
            "single",
            f"two {name} headers that are the same",
            partial(with_one, name, ({**USUAL, "CSeq": b"1 OPTIONS"}[name],) * 2),
            TWICE,
            Rejects(400),
        )
        for name in OTHER
    ),
    *cases(
        "single",
        "two {} headers, one of them compact",
        lambda raw: options(raw=raw),
        {"To": b"t: <sip:eve@h>\r\n", "From": b"f: <sip:eve@h>\r\n", "Call-ID": b"i: eve\r\n"},
        TWICE,
        Rejects(400),
    ),
    *(Case("single", f"no {name}", partial(with_one, name, None), MISSING, Rejects(400)) for name in OTHER),
    *(
        Case("single", f"{name} that is empty", partial(with_one, name, b""), Refused(400, rfc), Rejects(400))
        for name, rfc in {"From": "3261 25.1", "To": "3261 25.1", "Call-ID": "3261 20.8", "CSeq": "3261 20.16"}.items()
    ),
    Case("single", "Call-ID of two words", lambda: options(Call_ID=b"a b"), Refused(400, "3261 20.8"), Rejects(400)),
    *(
        Case(
            "single",
            f"two {name} headers",
            partial(options, raw=(name.encode() + b": " + value + b"\r\n") * 2),
            ACCEPTED,
            # The session timer reads it.
            Rejects(400) if name == "Session-Expires" else Serves(200),
            sees={f"[{name.upper().replace('-', '_')}]": Malformed("3261 7.3.1")},
        )
        for name, value in {
            "Expires": b"60",
            "Date": b"Sat, 15 Oct 2005 04:44:56 GMT",
            "Subject": b"x",
            "Priority": b"urgent",
            "Organization": b"x",
            "Reply-To": b"<sip:a@h>",
            "MIME-Version": b"1.0",
            "Content-Type": b"text/plain",
            "Content-Disposition": b"session",
            "User-Agent": b"x",
            "Server": b"x",
            "Timestamp": b"1",
            "Session-Expires": b"90",
            "Referred-By": b"<sip:a@h>",
        }.items()
    ),
    Case(
        "single",
        "two Max-Forwards headers",
        lambda: options(Max_Forwards=(b"70", b"71")),
        ACCEPTED,
        Serves(200),
        sees={"[MAX_FORWARDS]": Malformed("3261 7.3.1")},
    ),
    # ---------------------------------------------------------------- NUL
    Case(
        "octets",
        "NUL in the method",
        lambda: message(b"OPT\0IONS sip:bob@192.0.2.1 SIP/2.0", CSeq=b"1 OPTIONS"),
        GRAMMAR,
        Drops(DropReason.NOT_SIP),
    ),
    Case("octets", "NUL before the method", lambda: b"\0" + options(), GRAMMAR, Drops(DropReason.NOT_SIP)),
    Case(
        "octets",
        "NUL in the version",
        lambda: message(b"OPTIONS sip:bob@192.0.2.1 SIP/2.0\0"),
        Refused(400, "3261 7.1"),
        Rejects(400),
    ),
    Case("octets", "NUL in the name of a header", lambda: options(raw=b"X\0: y\r\n"), GRAMMAR, Rejects(400)),
    Case(
        "octets",
        "NUL in a header that nobody knows",
        lambda: options(Z=b"a\0b"),
        ACCEPTED,
        Serves(200),
        sees={"header('Z')": "a\0b"},
    ),
    # Wider than the grammar: a Call-ID is compared octet by octet, and nothing depends on what it is made of.
    Case(
        "octets",
        "NUL in the Call-ID",
        lambda: options(Call_ID=b"a\0b"),
        ACCEPTED,
        Serves(200),
        sees={"call_id": "a\0b"},
    ),
    Case("octets", "NUL in a tag", lambda: options(From=b"<sip:a@h>;tag=a\0b"), GRAMMAR, Rejects(400)),
    Case(
        "octets",
        "NUL in a branch",
        lambda: options(Via=b"SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKa\0b"),
        GRAMMAR,
        Rejects(400),
    ),
    Case(
        "octets",
        "NUL in a display name in quotes",
        lambda: options(From=b'"a\0b" <sip:a@h>'),
        ACCEPTED,
        Serves(200),
        sees={"from_.display_name": "a\0b"},
    ),
    Case("octets", "NUL in a display name without", lambda: options(From=b"a\0b <sip:a@h>"), GRAMMAR, Rejects(400)),
    Case(
        "octets",
        "NUL in a reason phrase",
        lambda: response(b"SIP/2.0 200 O\0K"),
        ACCEPTED,
        Drops(DropReason.STRAY_RESPONSE),
        sees={"reason": "O\0K"},
    ),
    Case(
        "octets",
        "nothing but NULs",
        lambda: b"\0" * 65_000,
        Refused(400, "3261 7"),
        Drops(DropReason.KEEP_ALIVE),
        Breaks(414),
    ),
    # ---------------------------------------------------------------- UTF-8, or not
    *(
        Case(
            "octets",
            f"{name} in a display name",
            partial(options, From=b'"' + octets + b'" <sip:a@h>;tag=t'),
            ACCEPTED,
            Serves(200),
            sees={"from_.display_name": octets.decode("utf-8", "surrogateescape"), "from_.tag": "t"},
        )
        for name, octets in {
            "octets that are no UTF-8": b"\xff\xfe\x80",
            "half a letter": b"\xc3",
            "a slash that is too long": b"\xc0\xaf",
            "a NUL that is too long": b"\xc0\x80",
            "half of a surrogate pair": b"\xed\xa0\x80",
            "a letter beyond Unicode": b"\xf4\x90\x80\x80",
            "a letter of four octets": "😀".encode(),
            "right-to-left marks": "\u202egnp.exe".encode(),
            "no-break spaces": "\u00a0\u2003".encode(),
        }.items()
    ),
    Case(
        "octets",
        "octets that are no UTF-8 in a display name without quotes",
        lambda: options(From=b"\xff\xfe <sip:a@h>"),
        ACCEPTED,
        Serves(200),
        sees={"from_.display_name": "\udcff\udcfe"},
    ),
    Case(
        "octets",
        "octets that are no UTF-8 in the Subject",
        lambda: invite(Subject=b"\xff\xfe"),
        ACCEPTED,
        Rings(),
        sees={"[SUBJECT]": "\udcff\udcfe"},
    ),
    Case(
        "octets",
        "octets that are no UTF-8 in the reason phrase",
        lambda: response(b"SIP/2.0 200 \xff\xfe"),
        ACCEPTED,
        Drops(DropReason.STRAY_RESPONSE),
        sees={"reason": "\udcff\udcfe"},
    ),
    Case(
        "octets",
        "octets that are no UTF-8 in the method",
        lambda: message(b"OPT\xffONS sip:bob@192.0.2.1 SIP/2.0", CSeq=b"1 OPTIONS"),
        GRAMMAR,
        Drops(DropReason.NOT_SIP),
    ),
    Case(
        "octets",
        "letters above 127 in the method",
        lambda: message("ÖPTIONS sip:bob@192.0.2.1 SIP/2.0".encode()),
        GRAMMAR,
        Drops(DropReason.NOT_SIP),
    ),
    Case(
        "octets",
        "octets that are no UTF-8 in the name of a header",
        lambda: options(raw=b"X\xff: y\r\n"),
        GRAMMAR,
        Rejects(400),
    ),
    Case(
        "octets",
        "octets that are no UTF-8 in the Call-ID",
        lambda: options(Call_ID=b"a\xff"),
        ACCEPTED,
        Serves(200),
        sees={"call_id": "a\udcff"},
    ),
    Case(
        "octets",
        "octets that are no UTF-8 in a tag",
        lambda: options(From=b"<sip:a@h>;tag=a\xff"),
        GRAMMAR,
        Rejects(400),
    ),
    Case(
        "octets",
        "octets that are no UTF-8 in a Via",
        lambda: options(Via=b"SIP/2.0/UDP h\xff;branch=z9hG4bKx"),
        GRAMMAR,
        Drops(DropReason.MALFORMED),
    ),
    Case(
        "octets",
        "a name whose lower case is another letter",
        lambda: options(raw="\u212aX: y\r\n".encode()),
        GRAMMAR,
        Rejects(400),
    ),
    Case(
        "octets",
        "To with a letter whose lower case is ASCII",
        lambda: options(To=None, raw="T\u2126: <sip:a@h>\r\n".encode()),
        GRAMMAR,
        Rejects(400),
    ),
    Case(
        "octets",
        "every octet in a header that nobody knows",
        lambda: options(Z=bytes(set(range(256)) - {10, 13})),
        ACCEPTED,
        Serves(200),
    ),
    Case(
        "octets",
        "every octet in the body",
        lambda: options(body=bytes(range(256))),
        ACCEPTED,
        Serves(200),
        sees={"body": bytes(range(256))},
    ),
    # ---------------------------------------------------------------- what would become a line of its own
    *(
        Case("injection", f"escaped line ends in {name}", build, verdict, outcome, sees=sees)
        for name, build, verdict, outcome, sees in (
            (
                "the Request-URI",
                lambda: options(b"sip:bob%0D%0ATo%3A%20eve@192.0.2.1"),
                ACCEPTED,
                Serves(200),
                {"uri.user": "bob%0D%0ATo%3A%20eve"},
            ),
            (
                "a Contact",
                lambda: invite(Contact=b"<sip:a%0d%0aX%3ay@h>"),
                ACCEPTED,
                Rings(),
                {"contact.uri.user": "a%0d%0aX%3ay"},
            ),
            (
                "a URI's header",
                lambda: invite(Contact=b"<sip:a@h?Subject=x%0D%0ATo:y>"),
                ACCEPTED,
                Rings(),
                {"contact.uri.headers": "Subject=x%0D%0ATo:y"},
            ),
        )
    ),
    Case(
        "injection",
        "a line end after a backslash",
        lambda: options(From=b'"a\\\r\n b" <sip:a@h>'),
        ACCEPTED,
        Serves(200),
    ),
    Case(
        "injection",
        "CR after a backslash",
        lambda: options(From=b'"a\\\rb" <sip:a@h>'),
        Refused(400, "3261 7"),
        Drops(DropReason.NOT_SIP),
        Breaks(),
    ),
    Case(
        "injection",
        "a fold in a quoted string",
        lambda: options(From=b'"a\r\n b" <sip:a@h>;tag=t'),
        ACCEPTED,
        Serves(200),
        sees={"from_.display_name": "a b", "from_.tag": "t"},
    ),
    Case(
        "injection",
        "an empty line in a quoted string",
        lambda: options(Content_Length=None, raw=b'Subject: "a\r\n\r\nTo: b"\r\n'),
        ACCEPTED,
        Serves(200),
        Breaks(),
        {"header('Subject')": '"a', "body": b'To: b"\r\n\r\n'},
    ),
)
