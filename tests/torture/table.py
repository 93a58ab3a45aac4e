"""The whole table: every message of RFC 4475 and RFC 5118, and what must become of it at each layer.

The roles that answer as registrar or proxy are not built yet. Where an RFC speaks of those, the entry says what a user
agent does, and the values that they will need.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from _pytest.mark import ParameterSet

from tests.torture.entry import Entry
from tests.torture.rfc4475_invalid import INVALID
from tests.torture.rfc4475_semantics import SEMANTICS
from tests.torture.rfc4475_valid import VALID
from tests.torture.rfc5118 import IPV6

TABLE: tuple[Entry, ...] = (*VALID, *INVALID, *SEMANTICS, *IPV6)


def each(entries: Iterable[Entry] = TABLE) -> list[ParameterSet]:
    """A parameter of a test for each entry, marked with its section."""
    return [pytest.param(entry, id=entry.name, marks=pytest.mark.rfc(entry.section)) for entry in entries]


def entry_of(name: str) -> Entry:
    """The entry of that name."""
    return _BY_NAME[name]


_BY_NAME = {entry.name: entry for entry in TABLE}
