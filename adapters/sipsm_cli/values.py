"""What options may be given: each function reads one kind of text, or says why that is none of it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from sipsm import Account, Address, LocalProtocolError, Realm, RemoteProtocolError, Request, RouteTarget, Uri
from sipsm.grammar import is_token
from sipsm.message.headers import ContentType
from sipsm.message.headers import Event as EventHeader
from sipsm.transport.flow import split_address
from sipsm.usage.session_timer import SMALLEST_S

HeaderLine = tuple[str, str]


def seconds(text: str) -> float:
    """A length of time."""
    value = number(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no length of time in seconds")
    return value


def share(text: str) -> float:
    """A share, 0 to 1."""
    value = number(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not in 0 to 1")
    return value


def number(text: str) -> float:
    """A number."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None


def status_of(allowed: str, codes: set[int] | range) -> Callable[[str], int]:
    """What reads a status that is one of these."""

    def status(text: str) -> int:
        if not text.isdecimal() or int(text) not in codes:
            raise argparse.ArgumentTypeError(f"{text!r} is no such status: {allowed}")
        return int(text)

    return status


def interval(text: str) -> int:
    """A session interval (RFC 4028)."""
    # "The absolute minimum for the Session-Expires header field is 90 seconds." (RFC 4028 4)
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) >= SMALLEST_S):
        raise argparse.ArgumentTypeError(f"{text!r} is no session interval: it has {SMALLEST_S} seconds or more")
    return int(text)


def whole_seconds(text: str) -> int:
    """A whole number of seconds, such as Expires has."""
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 10):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of seconds")
    return int(text)


def packages(text: str) -> list[str]:
    """Event packages, divided by commas."""
    try:
        return [EventHeader.parse(each.strip()).value for each in text.split(",")]
    except RemoteProtocolError as error:
        raise argparse.ArgumentTypeError(f"{text!r} are no event packages: {error.what}") from None


def package(text: str) -> str:
    """One event package."""
    (package, *more) = packages(text)
    if more:
        raise argparse.ArgumentTypeError(f"{text!r} is more than one event package")
    return package


def media_type(text: str) -> str:
    """A type of body."""
    try:
        return str(ContentType.parse(text))
    except RemoteProtocolError as error:
        raise argparse.ArgumentTypeError(error.what) from None


def text_of(text: str) -> bytes:
    """The bytes of a text, whatever they are."""
    return text.encode("utf-8", "surrogateescape")


def token(text: str) -> str:
    """An INFO package."""
    if not is_token(text):
        raise argparse.ArgumentTypeError(f"{text!r} cannot be an INFO package")
    return text


def bind(text: str) -> str:
    """A local address."""
    try:
        transport, _, _ = split_address(text)
    except LocalProtocolError as error:
        raise argparse.ArgumentTypeError(error.what) from None
    if transport not in {"UDP", "TCP", "TLS"}:
        raise argparse.ArgumentTypeError(f"{transport} is not spoken")
    return text


def uri(text: str) -> Uri:
    """A URI."""
    try:
        return Uri.parse(text)
    except RemoteProtocolError as error:
        raise argparse.ArgumentTypeError(error.what) from None


def route(text: str) -> tuple[str, tuple[RouteTarget, ...]]:
    """A user and his targets."""
    user, equals, uris = text.partition("=")
    if not user or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is no route such as bob=sip:bob@192.0.2.4")
    try:
        return user, tuple(RouteTarget(uri.strip()) for uri in uris.split(",") if uri.strip())
    except LocalProtocolError as error:
        raise argparse.ArgumentTypeError(error.what) from None


def address(text: str) -> str:
    """A URI or `Name <URI>`, as a header value: a bare URI gets brackets, so that its parameters stay its own."""
    try:
        return str(Address.parse(text)) if "<" in text else f"<{Uri.parse(text)}>"
    except RemoteProtocolError as error:
        raise argparse.ArgumentTypeError(error.what) from None


def proxy(text: str) -> str:
    """A Route value: the proxy is a loose router (RFC 3261 16.12)."""
    there = uri(text)
    if there.scheme not in {"sip", "sips"}:
        raise argparse.ArgumentTypeError(f"{text!r} is no SIP URI")
    return f"<{there}>" if there.lr else f"<{there};lr>"


def user(text: str) -> tuple[str, str]:
    """A name and a password."""
    name, colon, password = text.partition(":")
    if not colon or not name:
        raise argparse.ArgumentTypeError("it is no name and password such as bob:zanzibar")
    return name, password


def account(text: str) -> Account:
    """A name and a password, for one realm or for any."""
    name, rest = user(text)
    password, at, realm = rest.rpartition("@")
    try:
        return Account(name, password, realm) if at else Account(name, rest)
    except LocalProtocolError as error:
        raise argparse.ArgumentTypeError(error.what) from None


def realm(text: str) -> str:
    """The name of a realm."""
    try:
        return Realm(text, {}).name
    except LocalProtocolError as error:
        raise argparse.ArgumentTypeError(error.what) from None


def algorithms(text: str) -> tuple[str, ...]:
    """Algorithms of digests, divided by commas."""
    try:
        return Realm("any", {}, algorithms=text.split(",")).algorithms
    except LocalProtocolError as error:
        raise argparse.ArgumentTypeError(error.what) from None


def header(text: str) -> HeaderLine:
    """A header line."""
    name, colon, value = text.partition(":")
    if not colon:
        raise argparse.ArgumentTypeError(f"{text!r} is no header such as 'Subject: lunch'")
    line = name.strip(), value.strip()
    try:
        Request.build("OPTIONS", "sip:example.com", [line])
    except LocalProtocolError as error:
        raise argparse.ArgumentTypeError(error.what) from None
    return line


def save(text: str) -> Path:
    """A file for a ladder, which can be written."""
    if not text.endswith(".txt"):
        raise argparse.ArgumentTypeError(f"{text!r} does not end in .txt: a ladder is written as text")
    path = Path(text)
    if not os.access(path if path.exists() else path.parent, os.W_OK) or path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} cannot be written")
    return path
