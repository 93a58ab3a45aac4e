"""What an endpoint reads of a message before anything moves."""

from __future__ import annotations

from sipsm.message import Request, Response
from sipsm.message.headers import ACCEPT, CONTACT, CONTENT_ENCODING, RECORD_ROUTE, REQUIRE, ROUTE

_READ_OF_ALL = (CONTACT, RECORD_ROUTE)
_READ_OF_REQUESTS = (*_READ_OF_ALL, ROUTE, REQUIRE, CONTENT_ENCODING)
_READ_OF_INVITES = (*_READ_OF_REQUESTS, ACCEPT)


def read_what_matters(message: Request | Response) -> None:
    """Read every header that the core will read, so that a malformed one is found before anything has moved."""
    if isinstance(message, Response):
        _ = message.vias
        message.check(*_READ_OF_ALL)
    else:
        message.check(*(_READ_OF_INVITES if message.method == "INVITE" else _READ_OF_REQUESTS))
