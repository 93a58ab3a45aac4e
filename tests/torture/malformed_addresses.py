"""Who and where: URIs, hosts, addresses, Contacts and Vias (RFC 3261 19.1, 20.10, 20.20, 20.39, 20.42)."""

from __future__ import annotations

from functools import partial

from sipsm import DropReason
from tests.torture.case import ACCEPTED, DIGITS, MB, Case, invite, message, options
from tests.torture.entry import Breaks, Drops, Malformed, Refused, Rejects, Rings, Serves

GRAMMAR = Refused(400, "3261 25.1")
BAD = Malformed("3261 25.1")
REGISTER = b"REGISTER sip:192.0.2.1 SIP/2.0"

ADDRESSES = (
    # ---------------------------------------------------------------- Request-URIs
    *(
        Case("uri", f"Request-URI {name}", partial(options, uri), GRAMMAR, Rejects(400), sees={"uri": BAD})
        for name, uri in {
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
        }.items()
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
        "Request-URI with a host of a megabyte",
        lambda: options(b"sip:" + b"a." * (MB // 2)),
        ACCEPTED,
        Serves(200),
        Breaks(414),
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
        "Request-URI of a megabyte of escapes",
        lambda: options(b"sip:" + b"%41" * (MB // 3) + b"@h"),
        ACCEPTED,
        Serves(200),
        Breaks(414),
    ),
    Case(
        "uri",
        "Request-URI of a megabyte of escapes, the last one broken",
        lambda: options(b"sip:" + b"%41" * (MB // 3) + b"%4@h"),
        GRAMMAR,
        Rejects(400),
        Breaks(414),
    ),
    Case(
        "uri",
        "Request-URI of a megabyte of [",
        lambda: options(b"sip:" + b"[" * MB),
        GRAMMAR,
        Rejects(400),
        Breaks(414),
    ),
    Case(
        "uri",
        "Request-URI of a megabyte of @",
        lambda: options(b"sip:" + b"a@" * (MB // 2)),
        GRAMMAR,
        Rejects(400),
        Breaks(414),
    ),
    # ---------------------------------------------------------------- From and To
    *(
        Case("address", f"To {name}", partial(options, To=value), GRAMMAR, Rejects(400), sees={"to": BAD})
        for name, value in {
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
        }.items()
    ),
    *(
        Case(
            "address",
            f"To with a tag {name}",
            partial(options, To=value),
            Refused(400, "3261 7.3.1"),
            Rejects(400),
            sees={"to": Malformed("3261 7.3.1")},
        )
        for name, value in {
            "twice": b"<sip:bob@h>;tag=x;tag=y",
            "twice, in two cases": b"<sip:bob@h>;tag=x;TAG=x",
        }.items()
    ),
    Case("address", "To of *", lambda: options(To=b"*"), GRAMMAR, Rejects(400)),
    Case("address", "From of *", lambda: options(From=b"*"), GRAMMAR, Rejects(400)),
    Case(
        "address",
        "display name of a megabyte",
        lambda: options(From=b'"' + b"A" * MB + b'" <sip:a@h>;tag=t'),
        ACCEPTED,
        Serves(200),
        Breaks(513),
        {"from_.display_name.__len__": MB, "from_.tag": "t"},
    ),
    Case(
        "address",
        "display name of a megabyte without quotes",
        lambda: options(From=b"A " * (MB // 2) + b"<sip:a@h>"),
        ACCEPTED,
        Serves(200),
        Breaks(513),
        {"from_.display_name.__len__": MB - 1},
    ),
    Case(
        "address",
        "display name of a megabyte of backslashes",
        lambda: options(From=b'"' + b"\\" * MB + b'" <sip:a@h>'),
        ACCEPTED,
        Serves(200),
        Breaks(513),
        {"from_.display_name": "\\" * (MB // 2)},
    ),
    Case(
        "address",
        "display name of a megabyte and no end",
        lambda: options(From=b'"' + b"\\a" * (MB // 2)),
        GRAMMAR,
        Rejects(400),
        Breaks(513),
    ),
    Case("address", "a megabyte of <", lambda: options(From=b"<" * MB), GRAMMAR, Rejects(400), Breaks(513)),
    Case("address", "a megabyte of quotes", lambda: options(From=b'"' * MB), GRAMMAR, Rejects(400), Breaks(513)),
    Case(
        "address",
        "tag of a megabyte",
        lambda: options(From=b"<sip:a@h>;tag=" + b"t" * MB),
        ACCEPTED,
        Serves(200),
        Breaks(513),
        {"from_.tag.__len__": MB},
    ),
    Case(
        "address",
        "100000 parameters",
        lambda: options(From=b"<sip:a@h>;tag=t" + b"".join(b";p%d" % n for n in range(100_000))),
        ACCEPTED,
        Serves(200),
        Breaks(513),
        {"from_.params.__len__": 100_001},
    ),
    Case(
        "address", "a megabyte of ;", lambda: options(From=b"<sip:a@h>" + b";" * MB), GRAMMAR, Rejects(400), Breaks(513)
    ),
    Case("address", "Call-ID of a megabyte", lambda: options(Call_ID=b"c" * MB), ACCEPTED, Serves(200), Breaks(513)),
    # ---------------------------------------------------------------- Contacts
    Case(
        "address",
        "Contact * with others",
        lambda: message(REGISTER, Contact=b"*, <sip:a@h>"),
        ACCEPTED,
        Rejects(400),
        sees={"contacts": BAD, "to.uri.user": "bob"},
    ),
    Case(
        "address",
        "Contact * on one line and another on the next",
        lambda: message(REGISTER, Contact=(b"<sip:a@h>", b"*"), Expires=b"0"),
        ACCEPTED,
        Rejects(400),
        sees={"contacts": BAD, "[EXPIRES]": 0},
    ),
    Case("address", "Contact * in an INVITE", lambda: invite(Contact=b"*"), ACCEPTED, Serves(400)),
    Case(
        "address",
        "Contact * with a parameter",
        lambda: message(REGISTER, Contact=b"*;expires=0"),
        ACCEPTED,
        Rejects(400),
        sees={"contacts": BAD},
    ),
    Case(
        "address",
        "Contact <*>",
        lambda: message(REGISTER, Contact=b"<*>"),
        ACCEPTED,
        Rejects(400),
        sees={"contacts": BAD},
    ),
    Case(
        "address",
        "Contact with an open quote",
        lambda: invite(Contact=b'"a <sip:a@h>, <sip:b@h>'),
        ACCEPTED,
        Rejects(400),
        sees={"contacts": BAD},
    ),
    Case(
        "address",
        "Contact with an open <",
        lambda: invite(Contact=b"<sip:a@h, <sip:b@h>"),
        ACCEPTED,
        Rejects(400),
        sees={"contacts": BAD},
    ),
    Case(
        "address", "two Contacts in an INVITE", lambda: invite(Contact=b"<sip:a@h>, <sip:b@h>"), ACCEPTED, Serves(400)
    ),
    Case("address", "no Contact in an INVITE", lambda: invite(Contact=None), ACCEPTED, Serves(400)),
    Case(
        "address", "Contact that is empty", lambda: invite(Contact=b""), ACCEPTED, Rejects(400), sees={"contacts": BAD}
    ),
    Case("address", "Contact of a comma", lambda: invite(Contact=b","), ACCEPTED, Rejects(400), sees={"contacts": BAD}),
    Case(
        "uri",
        "Contact whose URI has a megabyte",
        lambda: message(REGISTER, Contact=b"<sip:" + b"a" * MB + b"@h>"),
        ACCEPTED,
        Serves(405),
        Breaks(513),
        {"contact.uri.user.__len__": MB},
    ),
    Case(
        "lists",
        "10000 Contacts on one line",
        lambda: message(REGISTER, Contact=b", ".join([b"<sip:a@h>"] * 10_000)),
        ACCEPTED,
        Serves(405),
        Breaks(513),
        {"contacts.__len__": 10_000},
    ),
    Case(
        "lists",
        "10000 Contacts, a line each",
        lambda: message(REGISTER, Contact=(b"<sip:a@h>",) * 10_000),
        ACCEPTED,
        Serves(405),
        Breaks(513),
        {"contacts.__len__": 10_000},
    ),
    Case(
        "lists",
        "a Contact of a megabyte of commas",
        lambda: message(REGISTER, Contact=b"," * MB),
        ACCEPTED,
        Rejects(400),
        Breaks(513),
        {"contacts": BAD},
    ),
    *(
        Case(
            "address",
            f"{name} that is {what}",
            partial(invite, raw=name.encode() + b": " + value + b"\r\n"),
            ACCEPTED,
            Rejects(400),
        )
        for name in ("Route", "Record-Route")
        for what, value in {"empty": b"", "*": b"*", "no address": b"<sip:>", "open": b"<sip:h;lr"}.items()
    ),
    Case(
        "lists",
        "10000 Record-Routes",
        lambda: invite(Record_Route=(b"<sip:h;lr>",) * 10_000),
        ACCEPTED,
        Rings(),
        Breaks(513),
        {"record_route.__len__": 10_000},
    ),
    # ---------------------------------------------------------------- Vias
    *(
        Case(
            "via",
            f"Via {name}",
            partial(options, Via=value),
            GRAMMAR,
            Drops(DropReason.MALFORMED),
            sees={"via": BAD},
        )
        for name, value in {
            "empty": b"",
            "of one word": b"x",
            "without a host": b"SIP/2.0/UDP",
            "without a host, with a branch": b"SIP/2.0/UDP ;branch=z9hG4bKx",
            "with two slashes only": b"SIP/2.0 192.0.2.2",
            "of a comma": b",",
            "with a port of 65536": b"SIP/2.0/UDP h:65536",
            "with a port of 5000 digits": b"SIP/2.0/UDP h:" + DIGITS,
            "with a negative port": b"SIP/2.0/UDP h:-1",
            "with an open [": b"SIP/2.0/UDP [::1",
            "with IPv6 bare": b"SIP/2.0/UDP 2001:db8::1",
            "with two hosts": b"SIP/2.0/UDP h h",
            "with a NUL": b"SIP/2.0/UDP h\0",
        }.items()
    ),
    # Its sender can be told, for what stands before the parameters is whole.
    *(
        Case(
            "via",
            f"Via with {name}",
            partial(options, Via=b"SIP/2.0/UDP 192.0.2.2" + value),
            GRAMMAR,
            Rejects(400),
            sees={"via": BAD},
        )
        for name, value in {
            "an open quote": b';branch=z9hG4bKx;x="y',
            ";;": b";;branch=z9hG4bKx",
            "a ; at the end": b";branch=z9hG4bKx;",
            "a parameter without a name": b";=x",
        }.items()
    ),
    *(
        Case(
            "via",
            f"Via with {name}",
            partial(options, Via=b"SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKx" + value),
            message,
            Rejects(400),
        )
        for name, value, message in (
            ("rport=x", b";rport=x", GRAMMAR),
            ("rport=65536", b";rport=65536", GRAMMAR),
            ("rport=-1", b";rport=-1", GRAMMAR),
            ("rport of 5000 digits", b";rport=" + DIGITS, GRAMMAR),
            ("ttl=256", b";ttl=256", GRAMMAR),
            ("ttl=-1", b";ttl=-1", GRAMMAR),
            ("ttl of 5000 digits", b";ttl=" + DIGITS, GRAMMAR),
            ("a branch twice", b";branch=z9hG4bKy", Refused(400, "3261 7.3.1")),
            ("rport twice", b";rport;rport", Refused(400, "3261 7.3.1")),
        )
    ),
    *(
        Case(
            "via",
            f"Via with {name}",
            partial(options, Via=b"SIP/2.0/UDP 192.0.2.2" + value),
            ACCEPTED,
            Serves(200),
        )
        for name, value in {
            "port 0": b":0;branch=z9hG4bKx",
            "no branch": b"",
            "received that is no address": b";received=me;branch=z9hG4bKx",
            "maddr that is no address": b";maddr=!;branch=z9hG4bKx",
            "maddr of the broadcast": b";maddr=255.255.255.255;branch=z9hG4bKx",
            "an empty rport": b";rport=;branch=z9hG4bKx",
        }.items()
    ),
    Case(
        "via", "Via with an empty branch", lambda: options(Via=b"SIP/2.0/UDP 192.0.2.2;branch="), ACCEPTED, Serves(200)
    ),
    Case(
        "via",
        "Via of another version",
        lambda: options(Via=b"SIP/3.0/UDP 192.0.2.2;branch=z9hG4bKx"),
        ACCEPTED,
        Serves(200),
    ),
    Case("via", "no Via", lambda: options(Via=None), Refused(400, "3261 8.1.1"), Drops(DropReason.MALFORMED)),
    Case(
        "via",
        "a broken Via below a good one",
        lambda: options(Via=(b"SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKx", b"?")),
        ACCEPTED,
        Serves(200),
        sees={"via.branch": "z9hG4bKx", "vias": BAD},
    ),
    Case(
        "via",
        "5000 Vias, a line each",
        lambda: options(Via=tuple(b"SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK%d" % n for n in range(5_000))),
        ACCEPTED,
        Serves(200),
        Breaks(513),
        {"vias.__len__": 5_000, "via.branch": "z9hG4bK0", "vias[4999].branch": "z9hG4bK4999"},
    ),
    Case(
        "via",
        "5000 Vias on one line",
        lambda: options(Via=b",".join(b"SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK%d" % n for n in range(5_000))),
        ACCEPTED,
        Serves(200),
        Breaks(513),
        {"vias.__len__": 5_000, "via.branch": "z9hG4bK0"},
    ),
    Case(
        "via",
        "a Via with a branch of a megabyte",
        lambda: options(Via=b"SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK" + b"b" * MB),
        ACCEPTED,
        Serves(200),
        Breaks(513),
    ),
    Case(
        "via",
        "a Via with 100000 parameters",
        lambda: options(Via=b"SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKx" + b"".join(b";p%d" % n for n in range(100_000))),
        ACCEPTED,
        Serves(200),
        Breaks(513),
        {"via.params.__len__": 100_001},
    ),
)
