"""The whole table of our own: bytes that have broken SIP stacks, and what becomes of them here.

Of the classes of faults, those that are not in the bytes of one message are tested elsewhere: races and lifetimes with
the machines, line ends given by a program with what builds messages, weak randomness with the identifiers.
"""

from __future__ import annotations

from tests.torture.case import Case
from tests.torture.malformed_addresses import ADDRESSES
from tests.torture.malformed_contents import CONTENTS
from tests.torture.malformed_framing import FRAMING
from tests.torture.malformed_numbers import NUMBERS
from tests.torture.malformed_text import TEXT

MALFORMED: tuple[Case, ...] = (*FRAMING, *ADDRESSES, *NUMBERS, *CONTENTS, *TEXT)
