"""Lines on standard output and standard error: at once, and for any terminal."""

from __future__ import annotations

import os
import sys
from typing import TextIO

# What a stranger sends must not steer the terminal.
CONTROLS = {
    code: "\N{REPLACEMENT CHARACTER}" for code in (*range(0x20), 0x7F, *range(0x80, 0xA0)) if chr(code) not in "\t\n"
}
PLAIN = str.maketrans("│─▶◀╳→»✓✗", "|-><x>*+!")
"""What stands for the drawn characters on a terminal that has none of them."""


def show(text: str) -> None:
    """Write to standard output, and see to it that it is there now."""
    _write(text, sys.stdout)


def aside(text: str) -> None:
    """The same, to standard error."""
    _write(text, sys.stderr)


def _write(text: str, stream: TextIO) -> None:
    text = text.translate(CONTROLS)
    try:
        try:
            print(text, file=stream, flush=True)
        except UnicodeEncodeError:
            print(text.translate(PLAIN).encode("ascii", "replace").decode(), file=stream, flush=True)
    except BrokenPipeError:
        # Nobody reads any more; that is no reason to let calls hang.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
