"""The machines of a peer's subscription by themselves: what they take no notice of, and which timers they have."""

from __future__ import annotations

import pytest

from sipsm.dialog import Dialog
from sipsm.usage.notices import Notices
from sipsm.usage.notifier import Notifier
from sipsm.usage.notifying import MACHINES, NOTIFYING
from tests.usage.alone import START, Make, ignored_by, is_wired, takes_no_notice

MAKERS: list[Make] = [Notifier, Notices]


def test_these_are_all() -> None:
    """Each table of a peer's subscription is that of one of these machines, or of the dialog."""
    tables = {table for tables in MACHINES.values() for table in tables}
    assert tables == {Dialog.table, *(make().table for make in MAKERS)}


@pytest.mark.parametrize("make", MAKERS)
def test_every_pair_is_decided(make: Make) -> None:
    """No input meets a state that nobody has thought about."""
    assert make().table.undecided() == []


def test_every_input_is_an_event() -> None:
    """Each input of these machines comes by a wire, and each timer of theirs is one."""
    is_wired(NOTIFYING.wires, MACHINES)


@pytest.mark.parametrize(("make", "state", "name"), ignored_by(MAKERS))
def test_what_is_ignored_changes_nothing(make: Make, state: str, name: str) -> None:
    """Neither the state nor a timer, and nothing is sent or told."""
    takes_no_notice(make, state, name)


def test_how_long_it_lasts_when_nothing_is_left() -> None:
    """What is over lasts no time."""
    notifier = Notifier(granted_s=600)
    notifier.running = ((START, "expires", 600.0),)
    assert [notifier.left_s(START + waited) for waited in (-600, -0.5, 0, 1)] == [600, 0, 0, 0]
