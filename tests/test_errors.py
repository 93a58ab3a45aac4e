"""What can go wrong, and whose fault it is (`sipsm.errors`)."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError, SipError


class Narrower(LocalProtocolError):
    """An error of somebody's own."""


class NarrowerRemote(RemoteProtocolError):
    """Another."""


ERRORS: list[SipError] = [
    LocalProtocolError("cannot send BYE: the dialog is early", rfc="3261 15"),
    LocalProtocolError("no such flow"),
    Narrower("no", rfc="3261 9.1"),
    RemoteProtocolError("no Via header", rfc="3261 8.1.1"),
    RemoteProtocolError("SIP version 3.0", rfc="3261 21.5.6", status=505, at=12),
    NarrowerRemote("no", rfc="3261 7", status=413, at=0),
]


@pytest.mark.parametrize(
    ("error", "text"),
    list(
        zip(
            ERRORS,
            [
                "cannot send BYE: the dialog is early (RFC 3261 15)",
                "no such flow",
                "no (RFC 3261 9.1)",
                "no Via header (RFC 3261 8.1.1)",
                "SIP version 3.0 at byte 12 (RFC 3261 21.5.6)",
                "no at byte 0 (RFC 3261 7)",
            ],
            strict=True,
        )
    ),
    ids=str,
)
def test_an_error_says_what_and_by_which_rule(error: SipError, text: str) -> None:
    """Its text names the rule's section, and where in the text the offence is, when that is known."""
    assert str(error) == text


def test_what_an_error_carries() -> None:
    """Programs read its parts, not its text."""
    local = LocalProtocolError("no such flow")
    assert (local.what, local.rfc) == ("no such flow", "")
    remote = RemoteProtocolError("no Via header", rfc="3261 8.1.1")
    assert (remote.what, remote.rfc, remote.status, remote.at) == ("no Via header", "3261 8.1.1", 400, None)
    placed = RemoteProtocolError("too long", rfc="3261 21.4.11", status=414, at=7)
    assert (placed.status, placed.at) == (414, 7)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_an_error_survives_the_way_to_another_process(error: SipError, copied: Callable[[SipError], SipError]) -> None:
    """Kind, parts and text are the same afterwards."""
    twin = copied(error)
    assert (type(twin), str(twin), vars(twin)) == (type(error), str(error), vars(error))


def test_whose_fault_it_is() -> None:
    """The two kinds are told apart, and caught together as `SipError`."""
    assert not issubclass(LocalProtocolError, RemoteProtocolError)
    assert not issubclass(RemoteProtocolError, LocalProtocolError)
    for error in ERRORS:
        with pytest.raises(SipError):
            raise error
