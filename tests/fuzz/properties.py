"""What is true of any bytes: they are a message, which can be read, answered and changed, or RemoteProtocolError.

Each function takes bytes or a message and fails by AssertionError, or by letting out what may not come out.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable
from functools import partial
from itertools import combinations
from random import Random
from typing import Any
from zlib import crc32

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.uri import Uri
from sipsm.message import (
    Address,
    CSeq,
    Message,
    Request,
    Response,
    Via,
    ack_for,
    answerable,
    cancel_for,
    check_message,
    parse_message,
    read_message,
    response_to,
)
from tests.fuzz.attempt import attempt
from tests.fuzz.bodies import bodied, touch_body
from tests.fuzz.streams import fits_a_stream, streamed
from tests.fuzz.values import touch_fields, typed

# fmt: off
PROPERTIES = (
    "via", "vias", "from_", "to", "call_id", "cseq", "contact", "contacts", "route", "record_route", "content_type",
    "body", "version", "headers", "branch", "from_tag", "to_tag",
)
OF_VIA = ("transport", "host", "port", "sent_by", "branch", "received", "rport", "has_rport", "maddr", "ttl", "params")
OF_ADDRESS = ("display_name", "is_star", "tag", "params")
OF_URI = ("scheme", "user", "password", "host", "port", "host_port", "params", "headers", "transport", "maddr", "lr")
# fmt: on


def survived(data: bytes, *, thorough: bool = True) -> Request | Response | RemoteProtocolError:
    """Reads all that there is to read; where thorough, also answers what can be answered, and changes what can be."""
    message = attempt(lambda: parse_message(data), len(data))
    if thorough:
        streamed(data, Random(crc32(data)))
    if isinstance(message, RemoteProtocolError):
        if thorough:
            refused(data, message)
        return message
    touch(message)
    if thorough:
        compare(message, data)
        typed(message)
        bodied(message)
        uris_compare(message)
        luck = crc32(data) % (len(data) + 1)
        changed(message, data[luck : luck + 30].decode("utf-8", "surrogateescape"))
        followed(message)
    return message


def refused(data: bytes, error: RemoteProtocolError) -> None:
    """What is no message can often still be read in part, and nearly always be answered."""
    # "Implementations processing SIP messages over stream-oriented transports MUST ignore any CRLF appearing before the
    # start-line" (RFC 3261 7.5); and the offset of what is wrong is one in the bytes that came.
    behind = attempt(lambda: parse_message(b"\r\n\r\n" + data), len(data) + 4)
    assert isinstance(behind, RemoteProtocolError)
    assert (behind.what, behind.rfc, behind.status) == (error.what, error.rfc, error.status)
    assert behind.at == (None if error.at is None else error.at + 4)
    unchecked = attempt(lambda: read_message(data), len(data))
    if not isinstance(unchecked, RemoteProtocolError):
        lossless(unchecked, data)
        touch(unchecked)
    request = answerable(data)
    if request is not None:
        written(response_to(request, error.status, to_tag="x"))


def touch(message: Request | Response) -> None:
    """Asks a message for all that it has."""
    for name in PROPERTIES:
        attempt(lambda name=name: getattr(message, name))  # type: ignore[misc]
    touch_fields(message)
    touch_body(message)


def compare(message: Request | Response, data: bytes) -> None:
    """What has passed the check never fails again, and says the same as when it is read header by header."""
    unchecked = read_message(data)
    lossless(unchecked, data)
    facts = facts_of(unchecked)
    with_a_fold(unchecked, facts)
    assert message == unchecked == parse_message(b"\r\n" + data)
    assert facts == facts_of(message)
    assert not any(isinstance(fact, RemoteProtocolError) for fact in facts[:5]), facts


def lossless(message: Request | Response, data: bytes) -> None:
    """A message that is not changed is written as the bytes that came; read again, it is the same."""
    wire = bytes(message)
    assert (data + b"\r\n").lstrip(b"\r\n").startswith(wire)
    again = read_message(wire)
    assert again == message
    assert bytes(again) == wire
    assert (again.headers, again.body, type(again)) == (message.headers, message.body, type(message))


def facts_of(message: Request | Response) -> list[object]:
    """All that can be asked of a message, errors included; the first five are what `check_message` asks for."""
    facts: list[object] = []
    for name in ("via", "from_", "to", "call_id", "cseq"):
        facts.append(attempt(lambda name=name: fact(getattr(message, name))))  # type: ignore[misc]
    for name in PROPERTIES[5:]:
        facts.append(attempt(lambda name=name: fact(getattr(message, name))))  # type: ignore[misc]
    facts.append(attempt(lambda: fact(message.vias)))
    if isinstance(message, Request):
        facts += [message.method, attempt(lambda: fact(message.uri))]
    else:
        facts += [message.status, message.reason]
    for name, _ in message.headers:
        assert message.has(name)
        assert message.header(name) == message.lines_of(name)[0]
        facts.append(attempt(lambda name=name: message.header_values(name)))  # type: ignore[misc]
    return [(str(one), one.at) if isinstance(one, RemoteProtocolError) else one for one in facts]


def fact(value: object) -> object:
    """A value and all that it says; and it is its text, in any copy."""
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(map(fact, value))
    if isinstance(value, Address | Via | Uri):
        text = str(value)
        again = type(value).parse(text)
        assert again == value
        assert hash(again) == hash(value)
        assert str(again) == text
        assert "\r" not in text
        assert "\n" not in text
        names = OF_VIA if isinstance(value, Via) else OF_ADDRESS if isinstance(value, Address) else OF_URI
        said = [getattr(value, name) for name in names]
        assert said == [getattr(again, name) for name in names]
        if not isinstance(value, Uri):
            # White space at the end says nothing, and takes the way of the less usual values.
            unusual: Any = type(value).parse(text + " ")
            assert said == [getattr(unusual, name) for name in names]
            if isinstance(value, Address) and not value.is_star:
                assert unusual.uri == value.uri
        if isinstance(value, Via):
            assert value.rport is None or value.rport in range(65536)
            assert value.ttl is None or value.ttl in range(256)
            assert value.port is None or value.port in range(65536)
        if isinstance(value, Address) and not value.is_star:
            said.append(fact(value.uri))
        return [text, *(dict(one) if hasattr(one, "items") else one for one in said)]
    if isinstance(value, CSeq):
        assert CSeq.parse(str(value)) == CSeq.parse(str(value).replace(" ", "\r\n  ")) == value
    return value


def with_a_fold(message: Request | Response, facts: list[object]) -> None:
    """A header line that goes on in the next line, and means nothing, changes nothing but that it is there."""
    head, gap, body = bytes(message).partition(b"\r\n\r\n")
    folded = read_message(head + b"\r\nX-Folded: a\r\n\tb" + gap + body)
    assert folded.headers == (*message.headers, ("X-Folded", "a\r\n\tb"))
    assert folded.header("x-folded") == "a b"
    assert folded.body == message.body
    assert facts_of(folded)[:5] == facts[:5]


def uris_compare(message: Request | Response) -> None:
    """Equality of URIs is mutual, and equal ones have equal hashes."""
    addresses = [message.from_, message.to]
    for name in ("contacts", "route", "record_route"):
        found = attempt(lambda name=name: getattr(message, name))  # type: ignore[misc]
        addresses += () if isinstance(found, RemoteProtocolError) else found[:4]
    for one, other in combinations((address.uri for address in addresses if not address.is_star), 2):
        assert (one == other) == (other == one)
        assert one != other or hash(one) == hash(other)


def written(message: Message, names: Iterable[str] = ()) -> None:
    """What is written is read as the same again: not a header more, not one less, and the same by each name."""
    again = read_message(bytes(message))
    for name in {*names, *(name for name, _ in message.headers)}:
        assert message.has(name) == again.has(name), name
        assert message.lines_of(name) == again.lines_of(name)
    assert type(again) is type(message)
    assert again.headers == message.headers
    assert again.body == message.body
    assert again == message
    assert pickle.loads(pickle.dumps(message)) == message
    fits_a_stream(again)


def changes(message: Request | Response, text: str) -> Iterable[Callable[[], Message]]:
    """What a program can do to a message, with a text that a stranger chose."""
    for name in ("Via", "Route", "Contact", "From", "Call-ID", "Subject", "x-" + text[:5], text):
        yield partial(message.with_header, name, text)
        yield partial(message.with_header, name, "a", text)
        yield partial(message.with_pushed, name, text)
        yield partial(message.with_first, name, text)
        yield partial(message.with_added, name, text)
        yield partial(message.without_header, name)
        yield partial(message.without_first, name)
    yield partial(message.with_body, text.encode("utf-8", "surrogatepass"), text)
    yield partial(message.with_body, b"")
    yield lambda: message.with_first("Via", message.via.with_params(received=text, rport=5060))
    yield lambda: message.with_header("To", message.to.with_tag(text))
    yield lambda: message.with_header("Contact", Address.build(text, text, {"x": text}))
    yield lambda: message.with_header("Contact", Address.build("sip:x@y", text, {text: None}))
    yield lambda: message.with_pushed("Via", Via.build(text, "h", branch=text))
    yield lambda: message.with_pushed("Via", Via.build("UDP", text, params={"x": text}))
    yield lambda: message.with_pushed("Route", f"<{Uri.build(user=text, host='h')}>")
    yield lambda: message.with_pushed("Route", f"<{Uri.build(host=text, params={'x': text}, headers='a=b')}>")
    if isinstance(message, Request):
        yield partial(message.with_uri, text)
        yield partial(response_to, message, 200, text, to_tag="x")
        yield partial(response_to, message, 200, to_tag=text)
        yield partial(response_to, message, 200, to_tag="x", record_route=True, headers=[("X", text)])
        yield partial(response_to, message, 100, body=b"x", content_type=text)
        yield partial(Request.build, text, "sip:x", message.headers)
        yield partial(Request.build, "OPTIONS", text, [(text, text)])
    yield partial(Response.build, 200, text, [("X", text)])


def changed(message: Request | Response, text: str) -> None:
    """Whatever is done to a message, what comes of it is a message, or the program is told why not.

    Nothing that a text says makes a header more than the program asked for: header injection (RFC 3261 7.3.1).
    """
    names = [name for name, _ in message.headers]
    for change in changes(message, text):
        try:
            result = change()
        except (LocalProtocolError, RemoteProtocolError):
            continue
        if result is message:
            continue  # There was nothing to change.
        written(result, names)
        if "\0" in text:
            assert bytes(result).count(b"\0") <= bytes(message).count(b"\0") + result.body.count(b"\0")


def followed(message: Request | Response) -> None:
    """What follows from a request is made and read without a fault."""
    if isinstance(message, Response):
        return
    answer = response_to(message, 200, to_tag="x", record_route=True)
    written(answer)
    checked = check_message(read_message(bytes(answer)))
    assert checked.to.tag is not None
    assert (checked.via, checked.from_, checked.call_id, checked.cseq) == (
        message.via,
        message.from_,
        message.call_id,
        message.cseq,
    )
    for follow_up in (ack_for(message, answer), cancel_for(message)):
        written(follow_up)
        assert check_message(read_message(bytes(follow_up))).via == message.via
