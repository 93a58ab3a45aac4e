"""Where a message ends: Content-Length, line ends, folds, and what stands before the first line (RFC 3261 7, 18.3)."""

from __future__ import annotations

from functools import partial

from sipsm import DropReason
from tests.torture.case import ACCEPTED, DIGITS, MB, Case, Value, message, options, response
from tests.torture.entry import Breaks, Drops, Frames, Malformed, Refused, Rejects, Serves, Waits

NO_LENGTH = Refused(400, "3261 20.14")
TOO_SHORT = Refused(400, "3261 18.3")
NO_LINE = Refused(400, "3261 7")
NO_HEADER = Refused(400, "3261 25.1")
NO_START = Refused(400, "3261 7.1")

NO_LENGTHS: dict[str, Value] = {
    "-1": b"-1",
    "-0": b"-0",
    "-5": b"-5",
    "+5": b"+5",
    "empty": b"",
    "0x5": b"0x5",
    "5e0": b"5e0",
    "5.0": b"5.0",
    "five": b"five",
    "5 bytes": b"5 bytes",
    "5;x": b"5;x",
    "5, 5": b"5, 5",
    "5, 6": b"5, 6",
    "quoted": b'"5"',
    "5 and NUL": b"5\0",
    "5_0": b"5_0",
    "Arabic": "٥".encode(),
    "full width": "５".encode(),
    "superscript": "⁵".encode(),
    "-2**31": b"-2147483648",
    "twice, differing": (b"5", b"4"),
    "twice, one negative": (b"5", b"-5"),
}

FRAMING = (
    *(
        Case(
            "framing",
            f"Content-Length {name}",
            partial(options, body=b"12345", Content_Length=value),
            NO_LENGTH,
            Rejects(400),
            Breaks(),
        )
        for name, value in NO_LENGTHS.items()
    ),
    *(
        Case(
            "framing",
            f"Content-Length {name}",
            partial(options, body=b"12345", Content_Length=value),
            NO_LENGTH,
            Rejects(400),
            Breaks(413),
        )
        for name, value in {
            "2**64": b"18446744073709551616",
            "2**64+5": b"18446744073709551621",
            "5000 digits": DIGITS,
        }.items()
    ),
    *(
        Case(
            "framing",
            f"Content-Length {name}",
            partial(options, body=b"12345", Content_Length=value),
            TOO_SHORT,
            Rejects(400),
            Breaks(413),
        )
        for name, value in {
            "2**31-1": b"2147483647",
            "2**31": b"2147483648",
            "2**32": b"4294967296",
            "2**32+5": b"4294967301",
        }.items()
    ),
    *(
        Case(
            "framing",
            f"Content-Length {name}",
            partial(options, body=b"12345", Content_Length=value),
            TOO_SHORT,
            Rejects(400),
            Waits(),
        )
        for name, value in {"of one more": b"6", "of 65535": b"65535"}.items()
    ),
    Case(
        "framing",
        "Content-Length of one less",
        lambda: options(body=b"12345", Content_Length=b"4"),
        ACCEPTED,
        Serves(200),
        Frames(rest=True),
        {"body": b"1234"},
    ),
    Case(
        "framing",
        "Content-Length 0 with a body",
        lambda: options(body=b"12345", Content_Length=b"0"),
        ACCEPTED,
        Serves(200),
        Frames(rest=True),
        {"body": b""},
    ),
    Case(
        "framing",
        "Content-Length twice, the same",
        lambda: options(body=b"12345", Content_Length=(b"5", b"5")),
        ACCEPTED,
        Serves(200),
        sees={"body": b"12345", "[CONTENT_LENGTH]": Malformed("3261 7.3.1")},
    ),
    Case(
        "framing",
        "Content-Length with 5000 zeros before it",
        lambda: options(body=b"12345", Content_Length=b"0" * 5_000 + b"5"),
        ACCEPTED,
        Serves(200),
        sees={"body": b"12345", "[CONTENT_LENGTH]": 5},
    ),
    Case(
        "framing",
        "Content-Length long and compact, differing",
        lambda: options(body=b"12345", Content_Length=b"5", raw=b"l: 4\r\n"),
        NO_LENGTH,
        Rejects(400),
        Breaks(),
    ),
    Case(
        "framing",
        "no Content-Length",
        lambda: options(body=b"12345", Content_Length=None),
        ACCEPTED,
        Serves(200),
        Breaks(),
        {"body": b"12345"},
    ),
    Case(
        "framing",
        "folded Content-Length",
        lambda: options(body=b"12345", Content_Length=b"\r\n 5"),
        ACCEPTED,
        Serves(200),
        sees={"body": b"12345"},
    ),
    Case(
        "framing",
        "body that looks like a message",
        lambda: options(body=options()),
        ACCEPTED,
        Serves(200),
        sees={"body": options()},
    ),
    Case(
        "framing",
        "a second message after the first",
        lambda: options() + options(Call_ID=b"smuggled"),
        ACCEPTED,
        Serves(200),
        Frames(2),
        {"call_id": "case@192.0.2.2"},
    ),
    Case("framing", "no empty line", lambda: options()[:-2], ACCEPTED, Serves(200), Waits()),
    Case("framing", "cut in a header", lambda: options()[:-6], NO_LINE, Rejects(400), Waits()),
    Case(
        "exhaustion",
        "a megabyte of line ends before it",
        lambda: b"\r\n" * (MB // 2) + options(),
        ACCEPTED,
        Serves(200),
    ),
    Case("exhaustion", "a megabyte of letters", lambda: b"a" * MB, NO_LINE, Drops(DropReason.NOT_SIP), Breaks(414)),
    Case(
        "exhaustion",
        "100000 lines of a colon",
        lambda: options(raw=b":\r\n" * 100_000),
        NO_HEADER,
        Rejects(400),
        Breaks(513),
    ),
    Case(
        "exhaustion",
        "a header of a megabyte",
        lambda: options(X=b"x" * MB),
        ACCEPTED,
        Serves(200),
        Breaks(513),
        {"header('X').__len__": MB},
    ),
    Case(
        "exhaustion",
        "a header name of a megabyte",
        lambda: options(raw=b"X" * MB + b": y\r\n"),
        ACCEPTED,
        Serves(200),
        Breaks(513),
    ),
    Case(
        "exhaustion",
        "100000 headers",
        lambda: options(X=(b"1",) * 100_000),
        ACCEPTED,
        Serves(200),
        Breaks(513),
        {"lines_of('X').__len__": 100_000},
    ),
    Case(
        "exhaustion",
        "100000 headers of different names",
        lambda: options(raw=b"".join(b"X%d: 1\r\n" % n for n in range(100_000))),
        ACCEPTED,
        Serves(200),
        Breaks(513),
        {"header('X99999')": "1"},
    ),
    Case(
        "exhaustion",
        "a header folded 100000 times",
        lambda: options(X=b"a" + b"\r\n a" * 100_000),
        ACCEPTED,
        Serves(200),
        Breaks(513),
        {"header('X')": "a" + " a" * 100_000},
    ),
    Case(
        "exhaustion",
        "a method of a megabyte",
        lambda: message(b"M" * MB + b" sip:bob@192.0.2.1 SIP/2.0"),
        ACCEPTED,
        Serves(501),
        Breaks(414),
    ),
    Case(
        "exhaustion",
        "a reason phrase of a megabyte",
        lambda: response(b"SIP/2.0 200 " + b"O" * MB),
        ACCEPTED,
        Drops(DropReason.STRAY_RESPONSE),
        Breaks(414),
        {"reason.__len__": MB},
    ),
    Case(
        "exhaustion",
        "a start line of a megabyte of spaces",
        lambda: message(b"OPTIONS" + b" " * MB + b"SIP/2.0"),
        NO_START,
        Drops(DropReason.NOT_SIP),
        Breaks(414),
    ),
    Case(
        "difference",
        "white space before the colon",
        lambda: options(To=None, raw=b"To \t : <sip:bob@192.0.2.1>\r\n"),
        ACCEPTED,
        Serves(200),
        sees={"to.uri.user": "bob"},
    ),
    Case(
        "difference",
        "white space before the first header",
        lambda: options().replace(b"SIP/2.0\r\nVia", b"SIP/2.0\r\n Via", 1),
        NO_START,
        Drops(DropReason.NOT_SIP),
    ),
    Case(
        "difference", "white space inside a header's name", lambda: options(raw=b"X Y: z\r\n"), NO_HEADER, Rejects(400)
    ),
    Case(
        "difference",
        "no colon in a header",
        lambda: options(raw=b"what is this\r\n"),
        Refused(400, "3261 7.3.1"),
        Rejects(400),
    ),
    Case("difference", "no name before the colon", lambda: options(raw=b": x\r\n"), NO_HEADER, Rejects(400)),
    Case(
        "difference",
        "a line of nothing but a space",
        lambda: options(raw=b"X: a\r\n \r\nY: b\r\n"),
        ACCEPTED,
        Serves(200),
        sees={"header('X')": "a", "header('Y')": "b"},
    ),
    Case(
        "difference",
        "a fold with a tab",
        lambda: options(Subject=b"a\r\n\tb"),
        ACCEPTED,
        Serves(200),
        sees={"header('Subject')": "a b"},
    ),
    Case(
        "difference",
        "a header hidden in a fold",
        lambda: options(Subject=b"a\r\n Call-ID: other"),
        ACCEPTED,
        Serves(200),
        sees={"call_id": "case@192.0.2.2", "header('Subject')": "a Call-ID: other"},
    ),
    Case(
        "difference",
        "a colon in a name of a megabyte of spaces",
        lambda: options(raw=b"X" + b" " * MB + b": y\r\n"),
        ACCEPTED,
        Serves(200),
        Breaks(513),
        {"header('X')": "y"},
    ),
    *(
        Case(
            "difference",
            f"a line that ends with {name}",
            partial(options, raw=b"X: a" + end + b"To: <sip:eve@192.0.2.1>\r\n"),
            NO_LINE,
            Drops(DropReason.NOT_SIP),
            Breaks(),
        )
        for name, end in {"LF": b"\n", "CR": b"\r", "LF CR": b"\n\r", "CR CR LF": b"\r\r\n"}.items()
    ),
    *(
        Case(
            "difference",
            f"a value with {name}, which is no line end",
            partial(options, raw=b"X: a" + end + b"To: <sip:eve@192.0.2.1>\r\n"),
            ACCEPTED,
            Serves(200),
            sees={"to.uri.user": "bob", "lines_of('To').__len__": 1},
        )
        for name, end in {
            "vertical tab": b"\v",
            "form feed": b"\f",
            "file separator": b"\x1c",
            "record separator": b"\x1e",
            "next line": "\x85".encode(),
            "U+2028": "\u2028".encode(),
            "raw 85": b"\x85",
        }.items()
    ),
    Case(
        "difference",
        "all lines end with LF",
        lambda: options().replace(b"\r\n", b"\n"),
        NO_LINE,
        Drops(DropReason.NOT_SIP),
        Breaks(),
    ),
    Case(
        "difference",
        "version in lower case",
        lambda: message(b"OPTIONS sip:bob@192.0.2.1 sip/2.0"),
        ACCEPTED,
        Serves(200),
    ),
    Case(
        "difference",
        "method in lower case",
        lambda: message(b"options sip:bob@192.0.2.1 SIP/2.0"),
        ACCEPTED,
        Serves(501),
        sees={"method": "options"},
    ),
    Case(
        "difference",
        "tabs between the parts of the first line",
        lambda: message(b"OPTIONS\tsip:bob@192.0.2.1\tSIP/2.0", CSeq=b"1 OPTIONS"),
        NO_START,
        Rejects(400),
    ),
    Case("difference", "a byte order mark", lambda: b"\xef\xbb\xbf" + options(), NO_HEADER, Drops(DropReason.NOT_SIP)),
    Case(
        "difference",
        "a version that is none",
        lambda: message(b"OPTIONS sip:bob@192.0.2.1 SIP/2.0.0"),
        NO_START,
        Rejects(400),
    ),
    Case(
        "difference",
        "a version of 5000 digits",
        lambda: message(b"OPTIONS sip:bob@192.0.2.1 SIP/" + DIGITS + b".0"),
        Refused(505, "3261 21.5.6"),
        Rejects(505),
    ),
    Case(
        "difference",
        "no version",
        lambda: message(b"OPTIONS sip:bob@192.0.2.1"),
        NO_START,
        Drops(DropReason.NOT_SIP),
        Breaks(),
    ),
    Case(
        "difference",
        "HTTP",
        lambda: message(b"OPTIONS sip:bob@192.0.2.1 HTTP/1.1"),
        NO_START,
        Drops(DropReason.NOT_SIP),
        Breaks(),
    ),
    *(
        Case(
            "difference",
            f"status {name}",
            partial(response, b"SIP/2.0 " + code + b" x"),
            Refused(400, "3261 7.2"),
            Drops(DropReason.NOT_SIP),
        )
        for name, code in {
            "099": b"099",
            "700": b"700",
            "20": b"20",
            "-20": b"-20",
            "empty": b"",
            "2000": b"2000",
            "5000 digits": DIGITS,
            "Arabic": "٢٠٠".encode(),
        }.items()
    ),
    Case(
        "difference",
        "a status line without the last space",
        lambda: response(b"SIP/2.0 200"),
        ACCEPTED,
        Drops(DropReason.STRAY_RESPONSE),
        sees={"status": 200, "reason": ""},
    ),
)
