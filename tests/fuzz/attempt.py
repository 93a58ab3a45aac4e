"""RemoteProtocolError, which is one of two answers to anything that comes; and it is a whole answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sipsm.errors import RemoteProtocolError

T = TypeVar("T")


def attempt(read: Callable[[], T], size: int | None = None) -> T | RemoteProtocolError:
    """What it gives, or the RemoteProtocolError that it raises, which says all that it must."""
    try:
        return read()
    except RemoteProtocolError as error:
        return complete(error, size)


def complete(error: RemoteProtocolError, size: int | None = None) -> RemoteProtocolError:
    """The error itself, which has a status to answer with, a section, and an offset inside of what was read."""
    assert error.status in range(400, 700), error.status
    assert error.what, error
    assert error.rfc, error
    assert error.at is None or (error.at >= 0 and (size is None or error.at <= size)), error
    return error
