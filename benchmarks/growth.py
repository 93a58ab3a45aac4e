"""How time grows with the input: each dimension of a message is doubled, again and again.

For twice the bytes linear work takes twice the time, and quadratic work four times. What is measured is reading the
message, and asking it for what has grown.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import isqrt

from benchmarks.timing import best
from sipsm.errors import RemoteProtocolError
from sipsm.message import Request, Response, parse_message
from sipsm.message.bodies.handling import read_body
from sipsm.message.bodies.multipart import Multipart
from sipsm.message.headers import CONTACT, CONTENT_TYPE, ROUTE, SERVER, SUPPORTED, WWW_AUTHENTICATE
from sipsm.transport.framing import StreamFramer
from sipsm.transport.head import MessageLimits

DOUBLINGS = 6
FIRST_BYTES = 8_000
"""Where the doubling starts: the rest of the message is small beside it."""

HEAD = (
    "MESSAGE sip:bob@biloxi.example.com SIP/2.0\r\n"
    "Via: SIP/2.0/TCP pc33.atlanta.example.com;branch=z9hG4bK74bf9{via}\r\n"
    "From: {display}<sip:alice@atlanta.example.com>;tag=9fxced76sl\r\n"
    "To: Bob <sip:bob@biloxi.example.com>\r\n"
    "Call-ID: 3848276298220188511@atlanta.example.com\r\n"
    "CSeq: 1 MESSAGE\r\n"
)

Make = Callable[[int], bytes]
Touch = Callable[[Request | Response], object]


def run() -> list[tuple[str, float, list[float]]]:
    """Name of the dimension, microseconds a kilobyte at the largest, and time of each size over that of its half."""
    return [(name, *_growth(make, touch)) for name, make, touch in DIMENSIONS]


def main() -> None:
    """Prints what `run` returns, a line for each dimension."""
    for name, micros, growth in run():
        print(f"  {name:30} {micros:8.1f} us/kB  " + "  ".join(f"{ratio:4.1f}" for ratio in growth))


def _growth(make: Make, touch: Touch) -> tuple[float, list[float]]:
    count = FIRST_BYTES * 100 // (len(make(110)) - len(make(10)))
    inputs = [make(count << doubling) for doubling in range(DOUBLINGS + 1)]
    jobs = [_job(data, touch) for data in inputs]
    least = best(*jobs, rounds=3, loops=1)
    # By the byte, because what is the same in all sizes is not doubled.
    each = [least[job] / len(data) for job, data in zip(jobs, inputs, strict=True)]
    return each[-1] * 1000, [2 * after / before for before, after in pairwise(each)]


def _job(data: bytes, touch: Touch) -> Callable[[], object]:
    return lambda: touch(parse_message(data))


def _refused(touch: Touch) -> Touch:
    """Asking for what is malformed, which is to be told as fast as what is not."""

    def refused(message: Request | Response) -> None:
        try:
            touch(message)
        except RemoteProtocolError:
            return
        raise AssertionError("malformed, and not told")

    return refused


def _message(lines: str = "", *, via: str = "", display: str = "", body: bytes = b"") -> bytes:
    head = HEAD.format(via=via, display=display)
    return f"{head}{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _different_lines(count: int) -> bytes:
    return _message("".join(f"X-{number:07}: y\r\n" for number in range(count)))


def _contact_lines(count: int) -> bytes:
    return _message("Contact: <sip:a@b.example.com>\r\n" * count)


def _vias(count: int) -> bytes:
    return _message("Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n" * count)


def _tokens(count: int) -> bytes:
    return _message(f"Supported: {'a,' * count}b\r\n")


def _addresses(count: int) -> bytes:
    return _message(f"Route: {'<sip:a@b.example.com;lr>,' * count}<sip:c>\r\n")


def _parameters(count: int) -> bytes:
    return _message(via="".join(f";p{number:07}=v" for number in range(count)))


def _value(count: int) -> bytes:
    return _message(via=";x=" + "v" * count)


def _uri_parameters(count: int) -> bytes:
    return _message(f"Contact: <sip:b{''.join(f';p{number:07}=v' for number in range(count))}>\r\n")


def _escapes(count: int) -> bytes:
    return _message(f"Contact: <sip:{'%41' * count}@b>\r\n")


def _quoted(count: int) -> bytes:
    return _message(display='"' + "a" * count + '" ')


def _quoted_pairs(count: int) -> bytes:
    return _message(display='"' + r"\"" * count + '" ')


def _open_quote(count: int) -> bytes:
    return _message('Contact: a, "' + r"\"" * count + "\r\n")


def _open_brackets(count: int) -> bytes:
    return _message(f"Contact: {'<,' * count}\r\n")


def _folds(count: int) -> bytes:
    return _message("Subject: a" + "\r\n b" * count + "\r\n")


def _folded_blanks(count: int) -> bytes:
    return _message(via=" \r\n \t" * count + ";x=y")


def _blanks_before_a_fold(count: int) -> bytes:
    return _message(via=f"{' ' * count}\r\n ;x=y")


def _blanks(count: int) -> bytes:
    return _message(f"Contact: <sip:b>{' ' * count};x{' ' * count}=y\r\n")


def _auth_parameters(count: int) -> bytes:
    return _message("WWW-Authenticate: Digest " + ", ".join(f'p{number:07}="v"' for number in range(count)) + "\r\n")


def _comments(count: int) -> bytes:
    return _message(f"Server: x {'(y (z)) ' * count}\r\n")


def _nested_comments(count: int) -> bytes:
    return _message(f"Server: x {'(' * count}{')' * count}\r\n")


def _digits(count: int) -> bytes:
    return _message(f"Contact: <tel:+1{'-0' * count}>\r\n")


def _multipart(body: bytes) -> bytes:
    return _message("Content-Type: multipart/mixed;boundary=b\r\n", body=body)


def _parts(count: int) -> bytes:
    return _multipart(b"--b\r\n\r\nx\r\n" * count + b"--b--\r\n")


def _nested_parts(count: int) -> bytes:
    """As many parts as there are multiparts around them."""
    side = isqrt(count)
    inner = b"--b\r\nContent-Type: multipart/mixed;boundary=i\r\n\r\n" + b"--i\r\n\r\nx\r\n" * side + b"--i--\r\n"
    return _multipart(inner * side + b"--b--\r\n")


def _nearly_boundaries(count: int) -> bytes:
    return _multipart(b"--bb\r\n" * count)


def _all_comments(message: Request | Response) -> object:
    server = message[SERVER]
    assert server is not None, "there is one"
    return server.comments


def _all_parts(message: Request | Response) -> object:
    content_type = message[CONTENT_TYPE]
    assert content_type is not None, "it is one of a multipart"
    return Multipart.parse(message.body, content_type, max_parts=len(message.body))


def _body(count: int) -> bytes:
    return _message("Content-Type: text/plain\r\n", body=b"x" * count)


def _stream(message: Request | Response) -> object:
    """The message once more, a hundred bytes at a time."""
    data = bytes(message)
    framer = StreamFramer(client=True, limits=MessageLimits(body_bytes=len(data)))
    return [framer.receive(data[at : at + 100]) for at in range(0, len(data), 100)]


DIMENSIONS: tuple[tuple[str, Make, Touch], ...] = (
    ("lines", _different_lines, lambda message: message.headers),
    ("lines of one header", _contact_lines, lambda message: message[CONTACT]),
    ("Vias", _vias, lambda message: message.vias),
    ("values in a line", _tokens, lambda message: message[SUPPORTED]),
    ("addresses in a line", _addresses, lambda message: message[ROUTE]),
    ("parameters", _parameters, lambda message: message.via.params),
    ("parameters with commas", _auth_parameters, lambda message: message[WWW_AUTHENTICATE]),
    ("parameters of a URI", _uri_parameters, lambda message: message[CONTACT][0].uri),
    ("value of a parameter", _value, lambda message: message.via.params),
    ("escapes in a URI", _escapes, lambda message: hash(message[CONTACT][0].uri)),
    ("digits of a tel URI", _digits, lambda message: hash(message[CONTACT][0].uri)),
    ("quoted string", _quoted, lambda message: message.from_.display_name),
    ("quoted string, all escaped", _quoted_pairs, lambda message: message.from_.display_name),
    ("quote without an end", _open_quote, _refused(lambda message: message[CONTACT])),
    ("brackets without an end", _open_brackets, _refused(lambda message: message[CONTACT])),
    ("comments", _comments, _all_comments),
    ("comments in a comment", _nested_comments, _all_comments),
    ("folds", _folds, lambda message: message.header("Subject")),
    ("folds of nothing", _folded_blanks, lambda message: message.via.params),
    ("blanks before a fold", _blanks_before_a_fold, lambda message: message.via.params),
    ("white space", _blanks, lambda message: message[CONTACT][0].params),
    ("parts", _parts, _all_parts),
    ("parts in parts", _nested_parts, lambda message: read_body(message, ())),
    ("nearly a part", _nearly_boundaries, _refused(_all_parts)),
    ("body", _body, lambda message: message.body),
    ("body, in pieces", _body, _stream),
)


if __name__ == "__main__":
    main()
