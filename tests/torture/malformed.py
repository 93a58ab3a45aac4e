"""The whole table of our own: bytes that have broken SIP stacks, and what becomes of them here.

Of the classes of faults, those that are not in the bytes of one message are tested elsewhere: races and lifetimes with
the machines, line ends given by a program with what builds messages, weak randomness with the identifiers.
"""

from __future__ import annotations

import pytest

from tests.torture.case import Case
from tests.torture.malformed_addresses import ADDRESSES
from tests.torture.malformed_contents import CONTENTS
from tests.torture.malformed_framing import FRAMING
from tests.torture.malformed_numbers import NUMBERS
from tests.torture.malformed_text import TEXT
from tests.torture.malformed_vias import VIAS

MALFORMED: tuple[Case, ...] = (*FRAMING, *ADDRESSES, *VIAS, *NUMBERS, *CONTENTS, *TEXT)
EACH = [pytest.param(case, id=f"{case.fault}: {case.name}") for case in MALFORMED]
"""A parameter of a test for each case."""
