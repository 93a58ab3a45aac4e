"""What a case of our own says: bytes that have broken SIP stacks, and what each layer makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final, TypeVar

from attrs import field, frozen

from tests.torture.entry import HOSTS, Accepted, EndpointVerdict, Frames, MessageVerdict, StreamVerdict

V = TypeVar("V")

MB: Final = 1_000_000
DIGITS: Final = b"9" * 5_000
"""More of them than `int` takes."""

ORIGINS: Final = {
    "framing": "pjsip #4863; sipgo GHSA-pg59-5vwg-4jxq; mjSIP PR #39; OpenSIPS GHSA-c6j5-f4h4-2xrq; CVE-2026-23457",
    "multipart": "CVE-2022-21723; AST-2017-003",
    "digest": "CVE-2023-28098; pjsip #4912; Asterisk GHSA-64qc-9x89-rx5j",
    "uri": "AST-2016-004; CVE-2021-33056",
    "via": "thousands of Vias; parameters out of range",
    "address": "unbalanced quotes and brackets; display names of a megabyte; CVE-2021-33056",
    "number": "AST-2017-002; AST-2017-009",
    "timer": "AST-2016-002, CVE-2016-2316; pjsip #4932",
    "sdp": "AST-2018-002; AST-2018-003; CVE-2017-11521; CVE-2026-41416",
    "lists": "AST-2018-004; Asterisk GHSA-589g",
    "lifetime": "CVE-2026-28799; CVE-2026-32942; CVE-2026-29068; CVE-2026-34235; AST-2020-001; AST-2014-015",
    "exhaustion": "AST-2016-005; AST-2017-011",
    "challenges": "AST-2020-002",
    "confusion": "AST-2014-016; CVE-2021-37624",
    "injection": "sipgo GHSA-chcx-pf5f-wxc7",
    "difference": "white space before the colon in chan_sip; folding; line ends that only some know",
    "single": "headers that may stand once, there twice or without a value",
    "octets": "NUL and octets that are no UTF-8",
}
"""The classes of faults, and where they have struck: what is known to have been one of the class."""


ACCEPTED: Final = Accepted()
ONE: Final = Frames()


@frozen
class Case:
    """Malformed or extreme bytes, and what must become of them."""

    fault: str
    """The class, one of `ORIGINS`."""
    name: str
    build: Callable[[], bytes]
    message: MessageVerdict
    endpoint: EndpointVerdict
    stream: StreamVerdict = ONE
    sees: Mapping[str, object] = field(factory=dict)
    at: str = HOSTS[0]
    source: str = HOSTS[1]

    @property
    def data(self) -> bytes:
        """The datagram."""
        return self.build()


def cases(
    fault: str,
    name: str,
    build: Callable[[V], bytes],
    values: Mapping[str, V],
    message: MessageVerdict,
    endpoint: EndpointVerdict,
    stream: StreamVerdict = ONE,
    sees: Mapping[str, object] | None = None,
) -> Iterator[Case]:
    """A case for each of some values that come to the same: `name` has {} where the value's own name goes."""
    for each, value in values.items():
        yield Case(fault, name.format(each), partial(build, value), message, endpoint, stream, sees or {})


USUAL: Final[Mapping[str, bytes]] = {
    "Via": b"SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKcase",
    "Max-Forwards": b"70",
    "From": b"<sip:alice@192.0.2.2>;tag=theirs",
    "To": b"<sip:bob@192.0.2.1>",
    "Call-ID": b"case@192.0.2.2",
}

Value = bytes | tuple[bytes, ...] | None


def message(start: bytes, body: bytes = b"", raw: bytes = b"", **headers: Value) -> bytes:
    """A message of the usual headers, some with another value, gone (None), or there more than once.

    `raw` stands as it is at the end of the headers.
    """
    method = start.partition(b" ")[0]
    lines: dict[str, Value] = {**USUAL, "CSeq": b"1 " + method}
    lines.update((name.replace("_", "-").rstrip("-"), value) for name, value in headers.items())
    lines.setdefault("Content-Length", b"%d" % len(body))
    head = [start]
    for name, value in lines.items():
        head += [name.encode() + b": " + each for each in ((value,) if isinstance(value, bytes) else value or ())]
    return b"\r\n".join((*head, raw + b"\r\n")) + body


def options(uri: bytes = b"sip:bob@192.0.2.1", body: bytes = b"", raw: bytes = b"", **headers: Value) -> bytes:
    """An OPTIONS, which a user agent answers with 200 when nothing is wrong with it."""
    return message(b"OPTIONS " + uri + b" SIP/2.0", body, raw, **headers)


def invite(body: bytes = b"", kind: bytes = b"application/sdp", raw: bytes = b"", **headers: Value) -> bytes:
    """An INVITE, which rings when nothing is wrong with it."""
    headers.setdefault("Contact", b"<sip:alice@192.0.2.2>")
    if body:
        headers.setdefault("Content_Type", kind)
    return message(b"INVITE sip:bob@192.0.2.1 SIP/2.0", body, raw, **headers)


def response(start: bytes, raw: bytes = b"", **headers: Value) -> bytes:
    """A response to an OPTIONS that we did not send."""
    headers.setdefault("CSeq", b"1 OPTIONS")
    headers.setdefault("Via", b"SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKours")
    return message(start, b"", raw, **headers)
