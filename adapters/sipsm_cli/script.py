"""What `--do` says: steps, divided by semicolons, each with what it needs.

A text in double quotes may have semicolons; the quotes are not part of it.
"""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path

from attrs import frozen

# A step: anything but a semicolon, or a text in quotes.
_step = re.compile(r'(?:[^;"]++|"[^"]*+"|")++')

STATES = ("ringing", "established", "ended")
MEDIA = ("audio", "audio+video")
LATER = ("refer", "consult", "transfer")
"""Steps of a transfer."""


@frozen
class Step:
    """One step: its name, and the words behind it."""

    name: str
    word: str = ""
    """A state, streams, or a type."""
    body: bytes = b""
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.name} {self.word}".strip()


def parse(text: str) -> list[Step]:
    """The steps that the text says. Raises `argparse.ArgumentTypeError` where it says something else."""
    return [_parsed(step.strip()) for step in _step.findall(text) if step.strip()]


def body(text: str) -> bytes:
    """The body that is given as a text, or as the file behind an `@`."""
    if not text.startswith("@"):
        return text.encode("utf-8", "surrogateescape")
    try:
        return Path(text[1:]).read_bytes()
    except OSError as error:
        raise ArgumentTypeError(f"{text[1:]!r} cannot be read: {error.strerror}") from None


def _parsed(text: str) -> Step:
    name, _, rest = text.partition(" ")
    if name in LATER:
        raise ArgumentTypeError(f"{name!r} is no step yet: calls cannot be transferred")
    if name not in _STEPS:
        raise ArgumentTypeError(f"{name!r} is no step: {', '.join(_STEPS)}")
    return _STEPS[name](name, rest.strip())


def _bare(name: str, rest: str) -> Step:
    if rest:
        raise ArgumentTypeError(f"{name!r} is a whole step, and {rest!r} is too much")
    return Step(name)


def _one_of(allowed: tuple[str, ...]) -> Callable[[str, str], Step]:
    def chosen(name: str, rest: str) -> Step:
        if rest not in allowed:
            raise ArgumentTypeError(f"{name} {rest!r}: it is one of {', '.join(allowed)}")
        return Step(name, rest)

    return chosen


def _sleep(name: str, rest: str) -> Step:
    try:
        seconds = float(rest)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise ArgumentTypeError(f"{rest!r} is no length of time in seconds")
    return Step(name, rest, seconds=seconds)


def _info(name: str, rest: str) -> Step:
    kind, _, text = rest.partition(" ")
    text = text.strip()
    if not re.fullmatch(r"[^/\s]+/[^/\s]+", kind):
        raise ArgumentTypeError(f"{name} {rest!r}: it needs the type of its body, such as text/plain")
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    return Step(name, kind, body(text))


_STEPS: dict[str, Callable[[str, str], Step]] = {
    "wait": _one_of(STATES),
    "sleep": _sleep,
    "hold": _bare,
    "resume": _bare,
    "media": _one_of(MEDIA),
    "update": _bare,
    "info": _info,
    "bye": _bare,
    "cancel": _bare,
}
