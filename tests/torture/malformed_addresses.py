"""Who and where: URIs, addresses and Contacts (RFC 3261 19.1, 20.10, 20.20, 20.39). Vias are in `malformed_vias`."""

from __future__ import annotations

from functools import partial

from sipsm import DropReason
from tests.torture.case import ACCEPTED, DIGITS, MB, Case, cases, invite, message, options
from tests.torture.entry import Breaks, Drops, Malformed, Refused, Rejects, Rings, Serves

GRAMMAR = Refused(400, "3261 25.1")
TWICE = Refused(400, "3261 7.3.1")
BAD = Malformed("3261 25.1")
register = partial(message, b"REGISTER sip:192.0.2.1 SIP/2.0")


def to(value: bytes) -> bytes:
    """A request whose To is this."""
    return options(To=value)


def from_(value: bytes) -> bytes:
    """A request whose From is this."""
    return options(From=value)


BAD_URIS = {
    "sip:": b"sip:",
    "sips:": b"sips:",
    "without a host": b"sip:bob@",
    "without a user": b"sip:@192.0.2.1",
    "with two @": b"sip:bob@home@192.0.2.1",
    "with a port of 65536": b"sip:bob@h:65536",
    "with a port of 5000 digits": b"sip:bob@h:" + DIGITS,
    "with a negative port": b"sip:bob@h:-1",
    "with an empty port": b"sip:bob@h:",
    "with two ports": b"sip:bob@h:1:2",
    "with an open [": b"sip:bob@[2001:db8::1",
    "with a lone ]": b"sip:bob@2001:db8::1]",
    "with nothing in []": b"sip:bob@[]",
    "with a name in []": b"sip:bob@[host]",
    "with a zone in []": b"sip:bob@[fe80::1%25eth0]",
    "with half an escape": b"sip:bob%4@h",
    "with an escape that is none": b"sip:b%zzb@h",
    "with a lone %": b"sip:%@h",
    "with an empty parameter": b"sip:bob@h;;lr",
    "with a ; at the end": b"sip:bob@h;",
    "with a NUL": b"sip:b\0b@h",
    "with a quote": b'sip:"bob"@h',
    "with a backslash": b"sip:b\\b@h",
    "with <>": b"<sip:bob@h>",
    "without a scheme": b"bob@h",
    "of nothing but a colon": b":",
    "of nothing but a slash": b"/",
    "*": b"*",
    "with letters above 127": "sip:bøb@h".encode(),
    "with octets that are no UTF-8": b"sip:b\xffb@h",
    "with a host above 127": "sip:bob@hæst".encode(),
    "with ^": b"sip:b^b@h",
    "tel:": b"tel:",
}
HUGE_BAD_URIS = {
    "escapes, the last one broken": b"sip:" + b"%41" * (MB // 3) + b"%4@h",
    "[": b"sip:" + b"[" * MB,
    "@": b"sip:" + b"a@" * (MB // 2),
}
HUGE_URIS = {
    "with a host of a megabyte": b"sip:" + b"a." * (MB // 2),
    "of a megabyte of escapes": b"sip:" + b"%41" * (MB // 3) + b"@h",
}
BAD_ADDRESSES = {
    "empty": b"",
    "</>": b"</>",
    "/": b"/",
    "<>": b"<>",
    "<": b"<",
    ">": b">",
    "with an open <": b"<sip:bob@h",
    "with << >>": b"<<sip:bob@h>>",
    "with an open quote": b'"Bob <sip:bob@h>',
    "with three quotes": b'"Bob" "<sip:bob@h>',
    "with a quote that ends with a backslash": b'"Bob\\" <sip:bob@h>',
    "with nothing but quotes": b'""',
    "with nothing but a name": b'"Bob"',
    "with two addresses": b"<sip:bob@h> <sip:eve@h>",
    "with letters after >": b"<sip:bob@h>tag=x",
    "with an empty tag": b"<sip:bob@h>;tag=",
    "with a tag of nothing": b"<sip:bob@h>;tag",
    "with a ; at the end": b"<sip:bob@h>;",
    "with ;;": b"<sip:bob@h>;;tag=x",
    "with a parameter without a name": b"<sip:bob@h>;=x",
    "with a comma in a bare name": b"Bob, B <sip:bob@h>",
    "with a space inside <>": b"< sip:bob@h>",
    "with a NUL after it": b"<sip:bob@h>\0",
    "with an open quote in a parameter": b'<sip:bob@h>;x="y',
    "with a list": b"<sip:bob@h>, <sip:eve@h>",
    "with a question mark outside <>": b"sip:bob@h?x=y",
}
HUGE_BAD_ADDRESSES = {
    "display name of a megabyte and no end": b'"' + b"\\a" * (MB // 2),
    "a megabyte of <": b"<" * MB,
    "a megabyte of quotes": b'"' * MB,
    "a megabyte of ;": b"<sip:a@h>" + b";" * MB,
}
BAD_CONTACTS = {
    "with an open quote": b'"a <sip:a@h>, <sip:b@h>',
    "with an open <": b"<sip:a@h, <sip:b@h>",
    "that is empty": b"",
    "of a comma": b",",
}
BAD_ROUTES = {
    f"{name} that is {what}": name.encode() + b": " + value
    for name in ("Route", "Record-Route")
    for what, value in {"empty": b"", "*": b"*", "no address": b"<sip:>", "open": b"<sip:h;lr"}.items()
}

URIS = (
    *cases("uri", "Request-URI {}", options, BAD_URIS, GRAMMAR, Rejects(400), sees={"uri": BAD}),
    *cases("uri", "Request-URI of a megabyte of {}", options, HUGE_BAD_URIS, GRAMMAR, Rejects(400), Breaks(414)),
    *cases("uri", "Request-URI {}", options, HUGE_URIS, ACCEPTED, Serves(200), Breaks(414)),
    Case(
        "uri",
        "Request-URI with a user of a megabyte",
        lambda: options(b"sip:" + b"b" * MB + b"@h"),
        ACCEPTED,
        Serves(200),
        Breaks(414),
        {"uri.user.__len__": MB},
    ),
    Case(
        "uri",
        "Request-URI with 100000 parameters",
        lambda: options(b"sip:h" + b"".join(b";p%d=v" % n for n in range(100_000))),
        ACCEPTED,
        Serves(200),
        Breaks(414),
        {"uri.params.__len__": 100_000, "uri.params[p99999]": "v"},
    ),
    Case(
        "uri",
        "Request-URI with a parameter twice",
        lambda: options(b"sip:bob@h;lr;LR"),
        Refused(400, "3261 19.1.1"),
        Rejects(400),
        sees={"uri": Malformed("3261 19.1.1")},
    ),
    Case(
        "uri",
        "Request-URI with headers",
        lambda: options(b"sip:bob@h?Call-ID=x"),
        Refused(400, "3261 19.1.1"),
        Rejects(400),
        sees={"call_id": "case@192.0.2.2"},
    ),
    Case(
        "uri", "Request-URI with a space", lambda: options(b"sip:bob smith@h"), Refused(400, "3261 7.1"), Rejects(400)
    ),
    Case(
        "uri",
        "Request-URI that is empty",
        lambda: message(b"OPTIONS  SIP/2.0"),
        Refused(400, "3261 7.1"),
        Drops(DropReason.NOT_SIP),
    ),
    Case(
        "uri", "Request-URI of an unknown scheme with a NUL escaped", lambda: options(b"x:%00"), ACCEPTED, Serves(416)
    ),
)

FROM_AND_TO = (
    *cases("address", "To {}", to, BAD_ADDRESSES, GRAMMAR, Rejects(400), sees={"to": BAD}),
    *cases(
        "address",
        "To with a tag {}",
        to,
        {"twice": b"<sip:bob@h>;tag=x;tag=y", "twice, in two cases": b"<sip:bob@h>;tag=x;TAG=x"},
        TWICE,
        Rejects(400),
        sees={"to": Malformed("3261 7.3.1")},
    ),
    Case("address", "To of *", lambda: to(b"*"), GRAMMAR, Rejects(400)),
    Case("address", "From of *", lambda: from_(b"*"), GRAMMAR, Rejects(400)),
    *cases("address", "{}", from_, HUGE_BAD_ADDRESSES, GRAMMAR, Rejects(400), Breaks(513)),
    *(
        Case("address", name, partial(from_, value), ACCEPTED, Serves(200), Breaks(513), sees)
        for name, value, sees in (
            (
                "display name of a megabyte",
                b'"' + b"A" * MB + b'" <sip:a@h>;tag=t',
                {"from_.display_name.__len__": MB, "from_.tag": "t"},
            ),
            (
                "display name of a megabyte without quotes",
                b"A " * (MB // 2) + b"<sip:a@h>",
                {"from_.display_name.__len__": MB - 1},
            ),
            (
                "display name of a megabyte of backslashes",
                b'"' + b"\\" * MB + b'" <sip:a@h>',
                {"from_.display_name": "\\" * (MB // 2)},
            ),
            ("tag of a megabyte", b"<sip:a@h>;tag=" + b"t" * MB, {"from_.tag.__len__": MB}),
            (
                "100000 parameters",
                b"<sip:a@h>;tag=t" + b"".join(b";p%d" % n for n in range(100_000)),
                {"from_.params.__len__": 100_001},
            ),
        )
    ),
    Case("address", "Call-ID of a megabyte", lambda: options(Call_ID=b"c" * MB), ACCEPTED, Serves(200), Breaks(513)),
)

CONTACTS = (
    *cases(
        "address",
        "Contact {}",
        lambda value: register(Contact=value),
        {"* with a parameter": b"*;expires=0", "<*>": b"<*>"},
        ACCEPTED,
        Rejects(400),
        sees={"contacts": BAD},
    ),
    Case(
        "address",
        "Contact * with others",
        lambda: register(Contact=b"*, <sip:a@h>"),
        ACCEPTED,
        Rejects(400),
        sees={"contacts": BAD, "to.uri.user": "bob"},
    ),
    Case(
        "address",
        "Contact * on one line and another on the next",
        lambda: register(Contact=(b"<sip:a@h>", b"*"), Expires=b"0"),
        ACCEPTED,
        Rejects(400),
        sees={"contacts": BAD, "[EXPIRES]": 0},
    ),
    *cases(
        "address",
        "Contact {}",
        lambda value: invite(Contact=value),
        BAD_CONTACTS,
        ACCEPTED,
        Rejects(400),
        sees={"contacts": BAD},
    ),
    *(
        Case("address", f"{name} in an INVITE", partial(invite, Contact=value), ACCEPTED, Serves(400))
        for name, value in {"Contact *": b"*", "two Contacts": b"<sip:a@h>, <sip:b@h>", "no Contact": None}.items()
    ),
    Case(
        "uri",
        "Contact whose URI has a megabyte",
        lambda: register(Contact=b"<sip:" + b"a" * MB + b"@h>"),
        ACCEPTED,
        Serves(405),
        Breaks(513),
        {"contact.uri.user.__len__": MB},
    ),
    *(
        Case(
            "lists",
            f"10000 Contacts{how}",
            partial(register, Contact=value),
            ACCEPTED,
            Serves(405),
            Breaks(513),
            {"contacts.__len__": 10_000},
        )
        for how, value in {
            " on one line": b", ".join([b"<sip:a@h>"] * 10_000),
            ", a line each": (b"<sip:a@h>",) * 10_000,
        }.items()
    ),
    Case(
        "lists",
        "a Contact of a megabyte of commas",
        lambda: register(Contact=b"," * MB),
        ACCEPTED,
        Rejects(400),
        Breaks(513),
        {"contacts": BAD},
    ),
    *cases("address", "{}", lambda line: invite(raw=line + b"\r\n"), BAD_ROUTES, ACCEPTED, Rejects(400)),
    Case(
        "lists",
        "10000 Record-Routes",
        lambda: invite(Record_Route=(b"<sip:h;lr>",) * 10_000),
        ACCEPTED,
        Rings(),
        Breaks(513),
        {"record_route.__len__": 10_000},
    ),
)

ADDRESSES = (*URIS, *FROM_AND_TO, *CONTACTS)
