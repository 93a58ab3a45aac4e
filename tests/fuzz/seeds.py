"""What to begin with: the messages of the benchmarks, the torture messages, and a line of every header there is."""

from __future__ import annotations

from pathlib import Path

from benchmarks.corpus import CORPUS
from tests.sdp.samples import SAMPLES

TORTURE = tuple(path.read_bytes() for path in sorted((Path(__file__).parents[1] / "torture").rglob("*.dat")))

# Every header field, with what it looks like at its richest.
HEADERS = Path(__file__).with_name("headers.txt").read_bytes().splitlines()

MULTIPART = (
    b"MESSAGE sip:kumiko@example.org SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK-d87543-4dade06d0bdb11ee-1--d87543-;rport\r\n"
    b"Max-Forwards: 70\r\nRoute: <sip:127.0.0.1:5080>\r\n"
    b"From: <sip:alice@atlanta.example.com>;tag=2fb0dcc9\r\nTo: <sip:kumiko@example.org>\r\n"
    b"Call-ID: 3d9485ad0c49859b@example.com\r\nCSeq: 1 MESSAGE\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed;boundary="one two";x=y\r\n\r\n'
    b"preamble\r\n--one two\r\nContent-Type: text/plain;charset=utf-8\r\n"
    b"Content-Disposition: render;handling=optional\r\n\r\nHello\r\n"
    b"--one two\t\r\nContent-Type: multipart/alternative;boundary=inner\r\nContent-ID: <a@b>\r\n\r\n"
    b"--inner\r\n\r\nplain\r\n"
    b"--inner\r\nContent-Type: message/sipfrag;version=2.0\r\n\r\nSIP/2.0 200 OK\r\nTo: <sip:x@y>\r\n\r\n--inner--\r\n"
    b"--one two\r\nContent-Type: message/sip\r\nContent-Transfer-Encoding: base64\r\n\r\nT1BUSU9OUw==\r\n"
    b"--one two--\r\nepilogue\r\n"
)


def _deep() -> bytes:
    """More multiparts in one another than anybody reads."""
    body = b"x"
    for level in range(10):
        kind = b"multipart/mixed;boundary=b%d" % (level - 1) if level else b"text/plain"
        body = b"--b%d\r\nContent-Type: %b\r\n\r\n%b\r\n--b%d--" % (level, kind, body, level)
    return RELATED.partition(b"Content-Type")[0] + b"Content-Type: multipart/mixed;boundary=b9\r\n\r\n" + body


def _with_description(body: bytes) -> bytes:
    """A message that offers a session."""
    head = RELATED.partition(b"CSeq")[0].replace(b"SIP/2.0 200 OK", b"INVITE sip:c@d SIP/2.0")
    return head + b"CSeq: 1 INVITE\r\nContent-Type: application/sdp\r\n\r\n" + body


def _with_all_headers() -> tuple[bytes, ...]:
    """The lines of `HEADERS`, spread over small messages: a fault in one line is to hide few others."""
    head = (
        b"OPTIONS sip:carol@chicago.example.com;transport=udp SIP/2.0",
        b"Via: SIP/2.0/UDP pc33.atlanta.example.com;branch=z9hG4bKhjhs8ass877",
        b"To: <sip:carol@chicago.example.com>",
        b"From: Alice <sip:alice@atlanta.example.com>;tag=1928301774",
        b"Call-ID: a84b4c76e66710",
        b"CSeq: 63104 OPTIONS",
    )
    return tuple(b"\r\n".join((*head, *HEADERS[at : at + 4], b"", b"")) for at in range(0, len(HEADERS), 4))


RELATED = (
    b"SIP/2.0 200 OK\r\n"
    b"Via: SIP/2.0/TLS 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\n"
    b"Call-ID: 1\r\nCSeq: 1 SUBSCRIBE\r\n"
    b'Content-Type: multipart/related;type="application/rlmi+xml";start="<x@y>";boundary=b\r\n\r\n'
    b"--b\r\nContent-ID: <w@y>\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=41=\r\n\r\n"
    b"--b\r\nContent-Type: application/rlmi+xml\r\nContent-ID: <x@y>\r\n\r\n<x/>\r\n--b--"
)


SEEDS = (
    *CORPUS,
    *TORTURE,
    MULTIPART,
    RELATED,
    _deep(),
    *map(_with_description, SAMPLES.values()),
    *_with_all_headers(),
)
HEADS = [message.partition(b"\r\n\r\n")[0].split(b"\r\n") for message in (*CORPUS, *TORTURE)] + [HEADERS] * 40
"""The blocks of lines that `damage` takes lines from; half of them are every header there is."""
