"""What an endpoint reads of a message before anything moves."""

from __future__ import annotations

from typing import Any

from sipsm.message import Request, Response
from sipsm.message.headers import (
    ACCEPT,
    ALLOW,
    CONTACT,
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    EVENT,
    EXPIRES,
    INFO_PACKAGE,
    JOIN,
    MIN_EXPIRES,
    MIN_SE,
    RACK,
    RECORD_ROUTE,
    RECV_INFO,
    REPLACES,
    REQUIRE,
    RETRY_AFTER,
    ROUTE,
    RSEQ,
    SESSION_EXPIRES,
    SIP_ETAG,
    SUBSCRIPTION_STATE,
    SUPPRESS_IF_MATCH,
)
from sipsm.message.headers.field import Listed, Single

_Fields = dict[str, Single[Any] | Listed[Any]]

_READ_OF_ALL: _Fields = {each.key: each for each in (CONTACT, RECORD_ROUTE, ALLOW, RECV_INFO, SESSION_EXPIRES, MIN_SE)}
_READ_OF_RESPONSES: _Fields = {**_READ_OF_ALL, RSEQ.key: RSEQ}
_READ_OF_REQUESTS: _Fields = {
    **_READ_OF_ALL,
    **{each.key: each for each in (ROUTE, REQUIRE, CONTENT_ENCODING, CONTENT_LANGUAGE, RACK, INFO_PACKAGE)},
}
_READ_OF_REQUEST: dict[str, _Fields] = {
    "INVITE": {**_READ_OF_REQUESTS, **{each.key: each for each in (ACCEPT, EXPIRES, REPLACES, JOIN)}},
    "SUBSCRIBE": {**_READ_OF_REQUESTS, **{each.key: each for each in (ACCEPT, EVENT, EXPIRES, SUPPRESS_IF_MATCH)}},
    "NOTIFY": {**_READ_OF_REQUESTS, **{each.key: each for each in (EVENT, SUBSCRIPTION_STATE, SIP_ETAG)}},
    "REGISTER": {**_READ_OF_REQUESTS, EXPIRES.key: EXPIRES},
    # What else it must be is for the compositor to say, in its order (RFC 3903 6).
    "PUBLISH": {**_READ_OF_REQUESTS, EVENT.key: EVENT},
}
_READ_OF_RESPONSE_TO: dict[str, _Fields] = {
    "SUBSCRIBE": {**_READ_OF_RESPONSES, **{each.key: each for each in (EXPIRES, MIN_EXPIRES)}},
    "REGISTER": {**_READ_OF_RESPONSES, **{each.key: each for each in (EXPIRES, MIN_EXPIRES, RETRY_AFTER)}},
    "PUBLISH": {**_READ_OF_RESPONSES, **{each.key: each for each in (SIP_ETAG, EXPIRES, MIN_EXPIRES, RETRY_AFTER)}},
}


def read_what_matters(message: Request | Response) -> None:
    """Read every header that the core will read, so that a malformed one is found before anything has moved."""
    if isinstance(message, Response):
        _ = message.vias
        cseq = message._cseq or message._read_cseq()
        message.check_all(_READ_OF_RESPONSE_TO.get(cseq.method, _READ_OF_RESPONSES))
    else:
        message.check_all(_READ_OF_REQUEST.get(message._method, _READ_OF_REQUESTS))
