"""What a message carries and asks for: bodies, descriptions, lists, credentials (RFC 3261 7.4, 20; RFC 2046)."""

from __future__ import annotations

from functools import partial

from sipsm import DropReason
from tests.torture.case import ACCEPTED, DIGITS, MB, Case, cases, invite, message, options, response
from tests.torture.entry import Breaks, Drops, Frames, Malformed, Refused, Rejects, Rings, Serves

MIXED = b"multipart/mixed;boundary=b"
SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n"
AUDIO = b"m=audio 4000 RTP/AVP 0\r\n"
SUBSCRIBE = b"SUBSCRIBE sip:bob@192.0.2.1 SIP/2.0"
REGISTER = b"REGISTER sip:192.0.2.1 SIP/2.0"


def part(body: bytes = b"", head: bytes = b"Content-Type: text/plain\r\n", boundary: bytes = b"b") -> bytes:
    """One part of a multipart body."""
    return b"--" + boundary + b"\r\n" + head + b"\r\n" + body + b"\r\n"


def nested(depth: int) -> bytes:
    """Multiparts, one inside the other."""
    opening = b"".join(
        b"--b%d\r\nContent-Type: multipart/mixed;boundary=b%d\r\n\r\n" % (n, n + 1) for n in range(depth)
    )
    closing = b"".join(b"\r\n--b%d--\r\n" % n for n in reversed(range(depth)))
    return opening + closing


END = b"--b--\r\n"
MULTIPARTS = {
    "without a boundary": (b"multipart/mixed", part(b"x") + END),
    "with an empty boundary": (b"multipart/mixed;boundary=", part(b"x", boundary=b"") + b"----\r\n"),
    "with an empty boundary in quotes": (b'multipart/mixed;boundary=""', part(b"x", boundary=b"") + b"----\r\n"),
    "with a boundary of 10000": (b"multipart/mixed;boundary=" + b"b" * 10_000, part(b"x", boundary=b"b" * 10_000)),
    "with a boundary that is nowhere": (b"multipart/mixed;boundary=c", part(b"x") + END),
    "with a boundary of special letters": (b'multipart/mixed;boundary=".*(a+)+$"', part(boundary=b".*(a+)+$")),
    "with a boundary with a NUL": (b'multipart/mixed;boundary="\0"', part(b"x", boundary=b"\0") + b"--\0--\r\n"),
    "without an end": (MIXED, part(b"x")),
    "without parts": (MIXED, END),
    "with a part of length zero": (MIXED, part() + END),
    "with a part that is nothing at all": (MIXED, b"--b\r\n--b\r\n" + END),
    "with a part without an empty line": (MIXED, b"--b\r\nContent-Type: text/plain\r\n" + END),
    "with a part without headers": (MIXED, part(b"x", b"") + END),
    "with a part with a Content-Length that lies": (MIXED, part(b"x", b"Content-Length: 99999\r\n") + END),
    "with a part with a negative Content-Length": (MIXED, part(b"x", b"Content-Length: -1\r\n") + END),
    "with a part whose header is no header": (MIXED, part(b"x", b"what is this\r\n") + END),
    "with NULs in a part": (MIXED, part(b"\0" * 1_000) + END),
    "with lines that end with LF": (MIXED, (part(b"x") + END).replace(b"\r\n", b"\n")),
    "with 10000 parts": (MIXED, part(b"x") * 10_000 + END),
    "nested 1000 deep": (b"multipart/mixed;boundary=b0", nested(1_000)),
    "nested in itself": (MIXED, part(part(b"x") + END, b"Content-Type: multipart/mixed;boundary=b\r\n") + END),
    "of a megabyte of dashes": (MIXED, b"-" * MB),
    "of 100000 openings": (MIXED, b"--b\r\n" * 100_000),
}
SDPS = {
    "with 5000 streams": SDP + AUDIO * 5_000,
    "with 5000 formats": SDP + b"m=audio 4000 RTP/AVP" + b" 0" * 5_000 + b"\r\n",
    "with 10000 attributes": SDP + AUDIO + b"a=x\r\n" * 10_000,
    "with an empty m line": SDP + b"m=\r\n",
    "with a port of 5000 digits": SDP + b"m=audio " + DIGITS + b" RTP/AVP 0\r\n",
    "with a negative port": SDP + b"m=audio -1 RTP/AVP 0\r\n",
    "with ptime over all limits": SDP + AUDIO + b"a=ptime:" + DIGITS + b"\r\n",
    "with a negative ptime": SDP + AUDIO + b"a=ptime:-1\r\n",
    "with fmtp of a format that is not there": SDP + AUDIO + b"a=fmtp:255 \r\n",
    "with an rtpmap of nothing": SDP + AUDIO + b"a=rtpmap:\r\n",
    "with a NUL": SDP + b"\0" + AUDIO,
    "without its first line": AUDIO,
    "with lines that end with LF": (SDP + AUDIO).replace(b"\r\n", b"\n"),
    "of one line without an end": b"v=0",
    "of random octets": bytes(range(256)) * 4,
    "of a megabyte without line ends": b"v=0\r\na=" + b"x" * MB,
    "of a megabyte of line ends": b"\r\n" * (MB // 2),
}
CREDENTIALS = {
    "empty": b"",
    "of nothing but the scheme": b"Digest",
    "of nothing but a space and a comma": b"Digest ,",
    "without a scheme": b'username="a"',
    "with an open quote": b'Digest username="a, realm="b"',
    "with a quote that ends with a backslash": b'Digest username="a\\"',
    "with a name twice": b"Digest nc=1, nc=2",
    "with a name without a value": b"Digest username",
    "with a value without a name": b'Digest ="a"',
    "with an empty value": b"Digest username=, realm=b",
    "with a comma at the end": b'Digest username="a",',
    "without commas": b'Digest username="a" realm="b"',
    "with semicolons": b'Digest username="a"; realm="b"',
    "with nc over all limits": b"Digest nc=" + DIGITS,
    "with a NUL": b'Digest username="a\0b"',
    "with octets that are no UTF-8": b'Digest username="\xff\xfe"',
    "of another scheme": b"Basic YTpi",
    "of a scheme that is no token": b"Di(gest x=y",
    "of = signs": b"Digest " + b"=" * 1_000,
    "with a user name of a megabyte": b'Digest username="' + b"a" * MB + b'"',
    "with 100000 parameters": b"Digest " + b", ".join(b"p%d=v" % n for n in range(100_000)),
    "of a megabyte of commas": b"Digest " + b"," * MB,
    "of a megabyte of backslashes": b'Digest username="' + b"\\" * MB,
}

CONTENTS = (
    # Its type is not among those that an INVITE may have here; what it is made of is not looked at.
    *(
        Case(
            "multipart",
            f"multipart {name}",
            partial(invite, body, kind),
            ACCEPTED,
            Serves(415),
            Breaks(413) if len(body) > 262_144 else Frames(),
            {"body": body},
        )
        for name, (kind, body) in MULTIPARTS.items()
    ),
    *cases(
        "multipart",
        "Content-Type {}",
        lambda kind: invite(b"x", kind),
        {
            "of one word": b"text",
            "without a subtype": b"text/",
            "without a type": b"/plain",
            "of a slash": b"/",
            "with an open quote": b'multipart/mixed;boundary="b',
            "with ;;": b"text/plain;;x=y",
            "with a NUL": b"text/pl\0ain",
            "with a comma": b"text/plain, text/html",
            "empty": b"",
        },
        ACCEPTED,
        Serves(415),
        sees={"body": b"x", "[CONTENT_TYPE]": Malformed("3261 25.1")},
    ),
    Case(
        "multipart",
        "a body without Content-Type",
        lambda: invite(b"x", Content_Type=None),
        ACCEPTED,
        Serves(415),
        sees={"content_type": None},
    ),
    Case(
        "multipart",
        "Content-Encoding of 10000",
        lambda: invite(b"x", Content_Encoding=b"gzip, " * 9_999 + b"gzip"),
        ACCEPTED,
        Serves(415),
        Breaks(513),
    ),
    Case(
        "multipart",
        "Content-Disposition with an open quote",
        lambda: invite(SDP, Content_Disposition=b'session;x="y'),
        ACCEPTED,
        Rings(),
        sees={"[CONTENT_DISPOSITION]": Malformed("3261 20.11")},
    ),
    # The session description is the application's to read; it is handed over as it came.
    *(
        Case(
            "sdp",
            f"SDP {name}",
            partial(invite, body),
            ACCEPTED,
            Rings(),
            Breaks(413) if len(body) > 262_144 else Frames(),
            {"body": body},
        )
        for name, body in SDPS.items()
    ),
    # ---------------------------------------------------------------- lists
    Case(
        "lists",
        "SUBSCRIBE with 5000 Accepts",
        lambda: message(SUBSCRIBE, Event=b"presence", Accept=(b"a/b",) * 5_000),
        ACCEPTED,
        Serves(405),
        Breaks(513),
        {"[ACCEPT].__len__": 5_000},
    ),
    Case(
        "lists",
        "SUBSCRIBE with 5000 Accepts on one line",
        lambda: message(SUBSCRIBE, Event=b"presence", Accept=b",".join([b"a/b"] * 5_000)),
        ACCEPTED,
        Serves(405),
        Breaks(513),
        {"[ACCEPT].__len__": 5_000},
    ),
    Case(
        "lists",
        "Accept without a subtype",
        lambda: options(Accept=b"text"),
        ACCEPTED,
        Serves(200),
        sees={"[ACCEPT]": Malformed("3261 25.1")},
    ),
    Case("lists", "Accept that is empty", lambda: options(Accept=b""), ACCEPTED, Serves(200), sees={"[ACCEPT]": ()}),
    Case(
        "lists",
        "Event that is empty",
        lambda: message(SUBSCRIBE, Event=b""),
        ACCEPTED,
        Rejects(400),
        sees={"[EVENT]": Malformed("6665 8.4")},
    ),
    Case(
        "lists",
        "two Events",
        lambda: message(SUBSCRIBE, Event=(b"presence", b"dialog")),
        ACCEPTED,
        Rejects(400),
        sees={"[EVENT]": Malformed("3261 7.3.1")},
    ),
    Case(
        "lists",
        "Require of 10000",
        lambda: options(Require=b",".join(b"x%d" % n for n in range(10_000))),
        ACCEPTED,
        Serves(420),
        Breaks(513),
        {"[REQUIRE].__len__": 10_000},
    ),
    Case(
        "lists",
        "Require with an empty element",
        lambda: options(Require=b",,x,,"),
        ACCEPTED,
        Serves(420),
        sees={"[REQUIRE]": ("x",)},
    ),
    Case(
        "lists",
        "Require that is no token",
        lambda: options(Require=b"a b"),
        ACCEPTED,
        Rejects(400),
        sees={"[REQUIRE]": Malformed("3261 25.1")},
    ),
    Case(
        "lists",
        "Require with an open quote",
        lambda: options(Require=b'a, "b'),
        ACCEPTED,
        Rejects(400),
        sees={"[REQUIRE]": Malformed("3261 25.1")},
    ),
    Case("lists", "Require that is empty", lambda: options(Require=b""), ACCEPTED, Serves(200), sees={"[REQUIRE]": ()}),
    Case(
        "lists",
        "NOTIFY whose body is no message summary",
        lambda: message(
            b"NOTIFY sip:bob@192.0.2.1 SIP/2.0",
            b"Voice-Message: -1/-1 (\r\n" * 1_000,
            Event=b"message-summary",
            Subscription_State=b"active;expires=-1",
            Content_Type=b"application/simple-message-summary",
        ),
        ACCEPTED,
        Rejects(400),
    ),
    # ---------------------------------------------------------------- credentials and challenges
    *(
        Case(
            "digest",
            f"Authorization {name}",
            partial(message, REGISTER, Authorization=value),
            ACCEPTED,
            Serves(405),
            Breaks(513) if len(value) > 16_000 else Frames(),
        )
        for name, value in CREDENTIALS.items()
    ),
    Case(
        "digest",
        "10000 Authorizations",
        lambda: message(REGISTER, Authorization=(b'Digest nonce="x"',) * 10_000),
        ACCEPTED,
        Serves(405),
        Breaks(513),
    ),
    Case(
        "challenges",
        "10000 challenges",
        lambda: response(b"SIP/2.0 401 Unauthorized", WWW_Authenticate=(b'Digest realm="r", nonce="n"',) * 10_000),
        ACCEPTED,
        Drops(DropReason.STRAY_RESPONSE),
        Breaks(513),
    ),
    *cases(
        "challenges",
        "challenge {}",
        lambda value: response(b"SIP/2.0 401 Unauthorized", WWW_Authenticate=value),
        {
            "empty": b"",
            "with an open quote": b'Digest realm="r',
            "without a nonce": b'Digest realm="r"',
            "of an algorithm that is none": b'Digest realm="r", nonce="n", algorithm=x',
            "with a qop of nothing": b'Digest realm="r", nonce="n", qop=""',
        },
        ACCEPTED,
        Drops(DropReason.STRAY_RESPONSE),
    ),
    # ---------------------------------------------------------------- what came too late, too early, or never was
    Case(
        "lifetime",
        "SUBSCRIBE with Expires 0",
        lambda: message(SUBSCRIBE, Event=b"presence", Expires=b"0"),
        ACCEPTED,
        Serves(405),
        sees={"[EXPIRES]": 0},
    ),
    Case("lifetime", "CANCEL of nothing", lambda: message(b"CANCEL sip:bob@192.0.2.1 SIP/2.0"), ACCEPTED, Serves(481)),
    Case(
        "lifetime",
        "ACK of nothing",
        lambda: message(b"ACK sip:bob@192.0.2.1 SIP/2.0"),
        ACCEPTED,
        Drops(DropReason.STRAY_ACK),
    ),
    Case(
        "lifetime",
        "BYE of nothing",
        lambda: message(b"BYE sip:bob@192.0.2.1 SIP/2.0", To=b"<sip:bob@h>;tag=x"),
        ACCEPTED,
        Serves(481),
    ),
    Case("lifetime", "BYE outside a dialog", lambda: message(b"BYE sip:bob@192.0.2.1 SIP/2.0"), ACCEPTED, Serves(481)),
    Case(
        "lifetime",
        "INVITE in a dialog that is none",
        lambda: invite(SDP, To=b"<sip:bob@h>;tag=x"),
        ACCEPTED,
        Serves(481),
    ),
    Case(
        "lifetime", "OPTIONS in a dialog that is none", lambda: options(To=b"<sip:bob@h>;tag=x"), ACCEPTED, Serves(481)
    ),
    Case(
        "lifetime",
        "UPDATE outside a dialog",
        lambda: message(b"UPDATE sip:bob@192.0.2.1 SIP/2.0"),
        ACCEPTED,
        Serves(481),
    ),
    Case(
        "lifetime",
        "a malformed ACK",
        lambda: message(b"ACK sip:bob@192.0.2.1 SIP/2.0", CSeq=b"x"),
        Refused(400, "3261 20.16"),
        Drops(DropReason.MALFORMED),
    ),
    Case(
        "lifetime",
        "response to nothing",
        lambda: response(b"SIP/2.0 200 OK"),
        ACCEPTED,
        Drops(DropReason.STRAY_RESPONSE),
    ),
    Case(
        "lifetime",
        "response to a CANCEL of nothing",
        lambda: response(b"SIP/2.0 200 OK", CSeq=b"1 CANCEL"),
        ACCEPTED,
        Drops(DropReason.STRAY_RESPONSE),
    ),
    # ---------------------------------------------------------------- who may not be believed
    *(
        Case(
            "confusion",
            f"Replaces {name}",
            partial(invite, SDP, Replaces=value),
            ACCEPTED,
            Rejects(400),
            sees={"[REPLACES]": Malformed(rfc)},
        )
        for name, value, rfc in (
            ("without tags", b"x", "3891 6.1"),
            ("with one tag", b"x;to-tag=y", "3891 6.1"),
            ("with a tag twice", b"x;to-tag=y;to-tag=z;from-tag=a", "3261 7.3.1"),
            ("of nothing", b"", "3891 6.1"),
        )
    ),
    Case(
        "confusion",
        "Replaces that is required",
        lambda: invite(SDP, Replaces=b"x;to-tag=y;from-tag=z", Require=b"replaces"),
        ACCEPTED,
        Serves(481),
    ),
    Case(
        "confusion",
        "two Replaces",
        lambda: invite(SDP, Replaces=(b"x;to-tag=y;from-tag=z",) * 2),
        ACCEPTED,
        Rejects(400),
        sees={"[REPLACES]": Malformed("3261 7.3.1")},
    ),
    Case(
        "confusion",
        "REFER to anywhere",
        lambda: message(b"REFER sip:bob@192.0.2.1 SIP/2.0", Refer_To=b"<sip:h?Replaces=x>"),
        ACCEPTED,
        Serves(405),
    ),
    Case(
        "confusion",
        "MESSAGE of a type that is not understood",
        lambda: message(b"MESSAGE sip:bob@192.0.2.1 SIP/2.0", b"x", Content_Type=b"text/x-script"),
        ACCEPTED,
        Serves(415, {"Accept": "text/plain"}),
    ),
)
