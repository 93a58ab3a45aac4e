"""What an endpoint reads of a message before anything moves."""

from __future__ import annotations

from sipsm.message import Request, Response
from sipsm.message.headers import (
    ACCEPT,
    ALLOW,
    CONTACT,
    CONTENT_ENCODING,
    EXPIRES,
    INFO_PACKAGE,
    JOIN,
    MIN_SE,
    RACK,
    RECORD_ROUTE,
    RECV_INFO,
    REPLACES,
    REQUIRE,
    ROUTE,
    RSEQ,
    SESSION_EXPIRES,
)

_READ_OF_ALL = {each.key: each for each in (CONTACT, RECORD_ROUTE, ALLOW, RECV_INFO, SESSION_EXPIRES, MIN_SE)}
_READ_OF_RESPONSES = {**_READ_OF_ALL, RSEQ.key: RSEQ}
_READ_OF_REQUESTS = {
    **_READ_OF_ALL,
    **{each.key: each for each in (ROUTE, REQUIRE, CONTENT_ENCODING, RACK, INFO_PACKAGE)},
}
_READ_OF_INVITES = {**_READ_OF_REQUESTS, **{each.key: each for each in (ACCEPT, EXPIRES, REPLACES, JOIN)}}


def read_what_matters(message: Request | Response) -> None:
    """Read every header that the core will read, so that a malformed one is found before anything has moved."""
    if isinstance(message, Response):
        _ = message.vias
        message.check_all(_READ_OF_RESPONSES)
    else:
        message.check_all(_READ_OF_INVITES if message.method == "INVITE" else _READ_OF_REQUESTS)
