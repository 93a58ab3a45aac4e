"""Bytes of a datagram to a message (RFC 3261 7, 18.3, 20.14)."""

from __future__ import annotations

from contextlib import suppress

import pytest

from sipsm.errors import RemoteProtocolError
from sipsm.message import (
    Request,
    Response,
    answerable,
    check_message,
    parse_message,
    read_message,
    response_to,
)

FIVE = b"Via: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n"
OPTIONS = b"OPTIONS sip:b SIP/2.0\r\n" + FIVE


def refused(data: bytes, status: int = 400) -> RemoteProtocolError:
    with pytest.raises(RemoteProtocolError) as caught:
        read_message(data)
    assert caught.value.status == status
    return caught.value


@pytest.mark.rfc("3261 7.5")
@pytest.mark.parametrize("before", [b"", b"\r\n", b"\r\n\r\n\r\n"])
def test_empty_lines_before(before: bytes) -> None:
    """Empty lines before the start line are no part of the message."""
    data = OPTIONS + b"Content-Length: 0\r\n\r\n"
    assert bytes(parse_message(before + data)) == data


@pytest.mark.parametrize(
    "data", [b"", b"\r\n\r\n", b"\0\0\0\0", b"hello", b"\r\n\r\n\r\n\r\n\r\n", b"\xff" * 100, b" \r\n\r\n"]
)
def test_no_sip(data: bytes) -> None:
    """What is no SIP at all is refused."""
    refused(data)
    assert answerable(data) is None


@pytest.mark.rfc("3261 7.1", "3261 25.1")
@pytest.mark.parametrize(
    ("line", "method", "uri"),
    [
        (b"OPTIONS sip:b SIP/2.0", "OPTIONS", "sip:b"),
        (b"RE%47IST%45R sip:b SIP/2.0", "RE%47IST%45R", "sip:b"),
        (b"options sip:b sip/2.0", "options", "sip:b"),
        (b"INVITE sip:b Sip/2.0", "INVITE", "sip:b"),
    ],
)
def test_request_line(line: bytes, method: str, uri: str) -> None:
    """A request line is a method, whose case counts, a URI, and the version, whose case does not."""
    message = read_message(line + b"\r\n\r\n")
    assert isinstance(message, Request)
    assert (message.method, str(message.uri), message.version) == (method, uri, "SIP/2.0")


@pytest.mark.rfc("3261 7.1", "3261 25.1")
@pytest.mark.parametrize(
    "line",
    [
        b"OPTIONS",
        b"OPTIONS sip:b",
        b"OPTIONS  SIP/2.0",
        b"OPTIONS sip:b SIP/2.0 ",
        b"OPTIONS  sip:b  SIP/2.0",
        b"OPTIONS sip:b; lr SIP/2.0",
        b" OPTIONS sip:b SIP/2.0",
        b"OPTIONS\tsip:b SIP/2.0",
        b"OPT:IONS sip:b SIP/2.0",
        b" sip:b SIP/2.0",
        b"GET / HTTP/1.1",
        b"OPTIONS sip:b SIP/2",
        b"OPTIONS sip:b SIP/x.0",
        b"Via: SIP/2.0/UDP a",
    ],
)
def test_no_request_line(line: bytes) -> None:
    """White space more than the two, or a word that is out of place, makes a line that is none."""
    refused(line + b"\r\n\r\n")


@pytest.mark.rfc("3261 21.5.6")
@pytest.mark.parametrize("version", [b"SIP/7.0", b"sip/3.1", b"SIP/2.1", b"SIP/1.0"])
def test_other_versions(version: bytes) -> None:
    """A request of another version gets a 505, for which its head is enough."""
    data = b"OPTIONS sip:b " + version + b"\r\n" + FIVE + b"\r\n"
    refused(data, 505)
    request = answerable(data)
    assert request is not None
    assert (request.method, request.call_id) == ("OPTIONS", "1")


@pytest.mark.rfc("3261 7.2")
@pytest.mark.parametrize(
    ("line", "status", "reason"),
    [
        (b"SIP/2.0 200 OK", 200, "OK"),
        (b"sip/2.0 699 ", 699, ""),
        (b"SIP/2.0 100", 100, ""),
        ("SIP/2.0 200 = 2**3 * 5**2 но  сто".encode(), 200, "= 2**3 * 5**2 но  сто"),
    ],
)
def test_status_line(line: bytes, status: int, reason: str) -> None:
    """A status line is the version, three digits, and a phrase that may hold anything or nothing."""
    message = read_message(line + b"\r\n\r\n")
    assert isinstance(message, Response)
    assert (message.status, message.reason) == (status, reason)


@pytest.mark.rfc("3261 7.2")
@pytest.mark.parametrize(
    "line",
    [
        b"SIP/2.0",
        b"SIP/2.0 ",
        b"SIP/2.0 OK",
        b"SIP/2.0  200 OK",
        b"SIP/2.0 99 x",
        b"SIP/2.0 099 x",
        b"SIP/2.0 700 x",
        b"SIP/2.0 4294967301 x",
        b"SIP/2.0 +20 x",
        "SIP/2.0 \u0661\u0661\u0661 x".encode(),
        b"SIP/3.0 200 OK",
    ],
)
def test_no_status_line(line: bytes) -> None:
    """A status is three digits from 100 to 699."""
    refused(line + b"\r\n\r\n")
    assert answerable(line + b"\r\n" + FIVE + b"\r\n") is None


@pytest.mark.rfc("3261 7.3.1")
@pytest.mark.parametrize(
    ("line", "at"),
    [
        (b"Max-Forwards 70", 0),
        (b"Via", 0),
        (b": x", 0),
        (b"X Y: z", 0),
        (b"X\0: z", 0),
        ("é: z".encode(), 0),
        ("X: é\r\n  Б\r\nY".encode(), 13),
    ],
)
def test_no_header_line(line: bytes, at: int) -> None:
    """A header line is a name, a colon and a value; another is refused with its offset."""
    error = refused(OPTIONS + line + b"\r\n\r\n")
    assert error.at == len(OPTIONS) + at


@pytest.mark.rfc("3261 7.3.1", "3261 25.1")
def test_white_space_around_the_colon() -> None:
    """White space before the colon and around the value says nothing; a value may be empty."""
    message = read_message(b"OPTIONS sip:b SIP/2.0\r\nX \t :\t a\t \r\nY:\r\nVIA\t: SIP/2.0/UDP a\r\n\r\n")
    assert message.headers == (("X", "a"), ("Y", ""), ("VIA", "SIP/2.0/UDP a"))
    assert message.via.host == "a"


@pytest.mark.rfc("3261 7")
@pytest.mark.parametrize("lone", [b"\r", b"\n"])
@pytest.mark.parametrize("where", [3, 21, 30, 60])
def test_line_ends_are_crlf(lone: bytes, where: int) -> None:
    """A lone CR or LF ends no line, and is refused: others could see two headers where we see one."""
    data = OPTIONS[:where] + lone + b"X: y" + OPTIONS[where:] + b"\r\n"
    error = refused(data)
    assert (error.what, error.at) == ("CR or LF alone", where)
    assert answerable(data) is None


def test_folded_start_line() -> None:
    """A start line is one line."""
    data = b"OPTIONS sip:b\r\n SIP/2.0\r\n" + FIVE + b"\r\n"
    assert refused(data).at == 13
    assert answerable(data) is None


@pytest.mark.rfc("3261 18.3")
def test_body_without_length() -> None:
    """Without Content-Length the body is what is left of the datagram."""
    assert read_message(OPTIONS + b"\r\nabc\r\n").body == b"abc\r\n"


@pytest.mark.rfc("3261 18.3", "3261 20.14")
@pytest.mark.parametrize("length", [b"3", b"0003", b" 3 ", b"\r\n 3", b"3\r\nContent-Length: 03", b"0" * 50 + b"3"])
def test_surplus_is_dropped(length: bytes) -> None:
    """What follows after the body is no part of the message, and is not passed on."""
    head = OPTIONS + b"l:" + length + b"\r\n\r\n"
    message = parse_message(head + b"abc" + OPTIONS)
    assert (message.body, bytes(message)) == (b"abc", head + b"abc")


@pytest.mark.rfc("3261 18.3")
@pytest.mark.parametrize(
    "length",
    [
        b"4",
        b"9999999999",
        b"99999999999",
        b"9" * 5000,
        b"-1",
        b"+3",
        b"",
        b"x",
        b"3 3",
        b"3,3",
        b"0x3",
        b"3.0",
        b"\xd9\xa3",
        b"3\r\nContent-Length: 2",
        b"2\r\nl: 3",
        b"3\r\nl: x",
    ],
)
def test_wrong_length(length: bytes) -> None:
    """A Content-Length that is more than came, or no number, or two, is an error that a request hears of."""
    data = OPTIONS + b"Content-Length: " + length + b"\r\n\r\nabc"
    refused(data)
    request = answerable(data)
    assert request is not None
    assert (request.call_id, request.body) == ("1", b"")


@pytest.mark.rfc("4475 3.1.2.15")
def test_no_empty_line() -> None:
    """Without an empty line after them the headers still end with the datagram, and it is written with one."""
    assert bytes(parse_message(OPTIONS)) == OPTIONS + b"\r\n"
    assert parse_message(OPTIONS).body == b""
    assert read_message(b"OPTIONS sip:b SIP/2.0\r\n").headers == ()


def test_cut_short() -> None:
    """A datagram that ends within a line is refused; the whole lines before are enough for an answer."""
    for cut in (1, 2, 10):
        assert refused(OPTIONS[:-cut]).what == "the headers are cut short"
        request = answerable(OPTIONS[:-cut])
        assert request is not None
        assert request.call_id == "1"
    assert answerable(OPTIONS[:10]) is None


@pytest.mark.rfc("3261 8.1.1", "3261 7.3.1")
def test_five_headers_are_mandatory() -> None:
    """Without one of the five headers, or with one twice (a Via excepted), no transaction can be had."""
    lines = FIVE.splitlines(keepends=True)
    for line in lines:
        rest = b"".join(other for other in lines if other is not line)
        with pytest.raises(RemoteProtocolError) as caught:
            parse_message(b"OPTIONS sip:b SIP/2.0\r\n" + rest + b"\r\n")
        assert caught.value.status == 400
        if line is not lines[0]:
            with pytest.raises(RemoteProtocolError, match="more than one"):
                parse_message(OPTIONS + line + b"\r\n")
    assert len(parse_message(OPTIONS + lines[0] + b"\r\n").vias) == 2


@pytest.mark.rfc("3261 8.1.1.5")
def test_cseq_names_the_method() -> None:
    """The CSeq of a request names its method, case and all; a response is free of that check."""
    for data in (OPTIONS.replace(b"1 OPTIONS", b"1 INVITE"), OPTIONS.replace(b"1 OPTIONS", b"1 options")):
        with pytest.raises(RemoteProtocolError, match="CSeq names"):
            parse_message(data + b"\r\n")
    assert parse_message(b"SIP/2.0 200 OK\r\n" + FIVE + b"\r\n").cseq.method == "OPTIONS"


@pytest.mark.rfc("3261 19.1.1", "4475 3.1.2.7", "4475 3.1.2.11")
@pytest.mark.parametrize("uri", [b"<sip:b>", b"sip:b?Route=%3Csip:c%3E", b"sip:", b"b", b"sip:b%4"])
def test_request_uri(uri: bytes) -> None:
    """A Request-URI is a URI, without brackets around it or headers in it."""
    data = b"OPTIONS " + uri + b" SIP/2.0\r\n" + FIVE + b"\r\n"
    message = read_message(data)
    with pytest.raises(RemoteProtocolError):
        check_message(message)


def test_unusual_request_uri() -> None:
    """A Request-URI of an unusual kind, or of another scheme, is one all the same."""
    for uri in ("sip:a%41:b@c;x;y", "tel:+1"):
        message = parse_message(f"OPTIONS {uri} SIP/2.0\r\n".encode() + FIVE + b"\r\n")
        assert isinstance(message, Request)
        assert message.uri == uri


def test_old_peers() -> None:
    """A peer of RFC 2543 sends neither branch nor tags."""
    data = OPTIONS.replace(b";branch=z9hG4bK1", b"").replace(b";tag=1", b"")
    message = parse_message(data + b"\r\n")
    assert (message.via.branch, message.from_.tag) == (None, None)


@pytest.mark.parametrize(
    "data",
    [
        OPTIONS.replace(b"Via: SIP/2.0/UDP a;branch=z9hG4bK1\r\n", b"") + b"l: x\r\n\r\n",
        OPTIONS.replace(b"SIP/2.0/UDP a", b"x") + b"l: x\r\n\r\n",
        OPTIONS.replace(b"OPTIONS sip:b SIP/2.0", b"OPT/IONS sip:b SIP/2.0") + b"\r\n",
        OPTIONS.replace(b"OPTIONS sip:b SIP/2.0", b"OPTIONS sip:b HTTP/2.0") + b"\r\n",
    ],
)
def test_unanswerable(data: bytes) -> None:
    """Without a Via that can be read, or headers that are headers, nobody knows where an answer would go."""
    assert answerable(data) is None


def test_answerable_request_line() -> None:
    """White space that is too much in a request line does not keep a 400 from its sender."""
    request = answerable(b"\r\nOPTIONS  sip:b; lr SIP/2.0 \r\n" + FIVE + b"\r\n")
    assert request is not None
    assert (request.method, request.via.branch) == ("OPTIONS", "z9hG4bK1")


def test_linear_time() -> None:
    """A datagram's time is its length's, whatever is in it: thousands of lines, values, parameters or spaces."""
    values = b", ".join([b"SIP/2.0/UDP a;branch=z9hG4bK1"] * 5_000)
    for line in (
        b"Via: " + values + b"\r\n",
        b"Via: SIP/2.0/UDP a;branch=z9hG4bK1\r\n" * 5_000,
        b"X: " + b" \r\n " * 25_000 + b"\r\n",
        b"Contact: <sip:a>" + b" " * 400_000 + b"\r\n ;q=1\r\n",
        b"To: " + b'"' * 50_001 + b"\r\n",
        b"To: <sip:b>" + b" " * 50_000 + b"x\r\n",
        b"To: <sip:b>" + b";a=b " * 25_000 + b"\r\n",
        b"To: " + b"a " * 50_000 + b"\r\n",
        b"CSeq: " + b"9" * 50_000 + b" OPTIONS\r\n",
        b"Contact: " + b"<sip:a>," * 10_000 + b"\r\n",
    ):
        message = read_message(OPTIONS + line + b"\r\n")
        for name in ("via", "vias", "to", "cseq", "contacts", "headers"):
            with suppress(RemoteProtocolError):
                getattr(message, name)
        assert bytes(message) == OPTIONS + line + b"\r\n"


@pytest.mark.parametrize("line", [b"no header\r\n", b": x\r\n", b"a b: c\r\n"])
def test_a_line_that_is_no_header_does_not_hide_who_asks(line: bytes) -> None:
    """The rest of the head says whom to answer, and the answer repeats none of that line (RFC 3261 21.4.1)."""
    with pytest.raises(RemoteProtocolError):
        parse_message(OPTIONS + line + b"\r\n")
    request = answerable(OPTIONS + line + b"\r\n")
    assert request is not None
    assert bytes(response_to(request, 400)).startswith(b"SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1")
