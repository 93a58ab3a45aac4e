"""What the walks through both tables hold a case against: its values, and what an endpoint does with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from sipsm import (
    Dropped,
    DropReason,
    IncomingCall,
    RemoteProtocolError,
    Request,
    RequestServed,
    Response,
    Send,
    parse_message,
)
from sipsm.message import answerable, read_message
from sipsm.message import headers as fields
from sipsm.message.headers.field import Listed, Single
from sipsm.message.names import canonical
from tests.torture.case import Case
from tests.torture.entry import Drops, Entry, Malformed, Rejects, Rings, Serves, value_at
from tests.torture.receiving import NOW, received


def read(entry: Entry | Case) -> Request | Response:
    """The message of an entry, its headers not yet looked at."""
    return read_message(entry.data)


def check_values(entry: Entry | Case) -> None:
    """Each value that the entry names, whatever was read before it."""
    for path, expected in entry.sees.items():
        message = read(entry)
        if isinstance(expected, Malformed):
            # It cannot be read the second time either.
            for _ in range(2):
                with pytest.raises(RemoteProtocolError) as caught:
                    value_at(message, path)
                assert (caught.value.status, caught.value.rfc) == (400, expected.rfc), path
        else:
            assert value_at(message, path) == expected, path


def check_answer(entry: Entry | Case, response: Response) -> None:
    """The response names the request it is for, as far as that can be read (RFC 3261 8.2.6.2)."""
    try:
        request = read(entry)
    except RemoteProtocolError:
        return
    for name in ("From", "Call-ID", "CSeq"):
        assert response.lines_of(name) == request.lines_of(name)
    assert len(response.lines_of("Via")) == len(request.lines_of("Via"))
    for ours, theirs in zip(response.lines_of("To"), request.lines_of("To"), strict=True):
        assert ours.startswith(theirs)


def check_outcome(entry: Entry | Case, **settings: Any) -> None:
    """What an endpoint of these settings does with the datagram is what the entry says, and all that it does."""
    outcome = received(entry.data, entry.at, entry.source, **settings)
    match entry.endpoint:
        case Serves(status, headers):
            assert outcome.told() == f"{status} served {status}"
            assert isinstance(outcome.event, RequestServed)
            for name, value in headers.items():
                assert outcome.response.header(name) == value
            check_answer(entry, outcome.response)
        case Rejects(status):
            assert outcome.told() == f"{status} dropped {DropReason.MALFORMED}"
            assert outcome.unchanged
            assert isinstance(outcome.event, Dropped)
            assert outcome.event.data == entry.data
            check_answer(entry, outcome.response)
        case Drops(reason):
            assert outcome.told() == f"dropped {reason}"
            assert outcome.unchanged
        case Rings():
            assert outcome.told() == "rings"
            assert isinstance(outcome.event, IncomingCall)
            assert outcome.event.offer == read(entry).body
            sent = outcome.event.call.reject(486, now=NOW)
            assert isinstance(sent[0], Send)
            busy = parse_message(sent[0].data)
            assert isinstance(busy, Response)
            assert busy.status == 486
            assert busy.to.tag is not None
            check_answer(entry, busy)


FIELDS = [field for field in vars(fields).values() if isinstance(field, Single | Listed)]
PROPERTIES = (
    *("via", "vias", "from_", "to", "call_id", "cseq", "contact", "contacts", "route", "record_route"),
    *("content_type", "headers", "body"),
)


def check_every_value(entry: Entry | Case) -> None:
    """Each value of the message, of every header that sipsm knows, is read or refused, and no line is lost."""
    try:
        message: Request | Response | None = read(entry)
    except RemoteProtocolError:
        message = answerable(entry.data)
    if message is None:
        return
    reads: list[Callable[[], object]] = [partial(getattr, message, name) for name in PROPERTIES]
    reads += [partial(message.__getitem__, field) for field in FIELDS]
    for touch in reads:
        try:
            str(touch())
        except RemoteProtocolError as error:
            assert error.status == 400  # noqa: PT017  (it may be raised, and need not)
    names = {canonical(name) for name, _ in message.headers}
    assert len(message.headers) == sum(len(message.lines_of(name)) for name in names)
