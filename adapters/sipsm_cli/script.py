"""What `--do` says: steps, divided by semicolons, each with what it needs.

A text in double quotes may have semicolons; the quotes are not part of it.
"""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path

from attrs import frozen

from sipsm import RemoteProtocolError, Uri

# A step: anything but a semicolon, or a text in quotes.
_step = re.compile(r'(?:[^;"]++|"[^"]*+"|")++')

STATES = ("ringing", "established", "ended")
MEDIA = ("audio", "audio+video")


@frozen
class Step:
    """One step: its name, and the words behind it."""

    name: str
    word: str = ""
    """A state, streams, or a type."""
    body: bytes = b""
    seconds: float = 0.0
    uri: Uri | None = None
    """Whom to call."""

    def __str__(self) -> str:
        return f"{self.name} {self.word}".strip()


def parse(text: str) -> list[Step]:
    """The steps that the text says. Raises `argparse.ArgumentTypeError` where it says something else."""
    return _steps(text, _STEPS)


def parse_publishing(text: str) -> list[Step]:
    """The steps of a publication. Raises `argparse.ArgumentTypeError` where the text says something else."""
    steps = _steps(text, _PUBLISHING)
    if any(step.name == "remove" for step in steps[:-1]):
        raise ArgumentTypeError("after 'remove' there is nothing left to do anything with")
    return steps


def _steps(text: str, known: dict[str, Callable[[str, str], Step]]) -> list[Step]:
    return [_parsed(step.strip(), known) for step in _step.findall(text) if step.strip()]


def body(text: str) -> bytes:
    """The body that is given as a text, or as the file behind an `@`."""
    if not text.startswith("@"):
        return text.encode("utf-8", "surrogateescape")
    try:
        return Path(text[1:]).read_bytes()
    except OSError as error:
        raise ArgumentTypeError(f"{text[1:]!r} cannot be read: {error.strerror}") from None


def _parsed(text: str, known: dict[str, Callable[[str, str], Step]]) -> Step:
    name, _, rest = text.partition(" ")
    if name not in known:
        raise ArgumentTypeError(f"{name!r} is no step: {', '.join(known)}")
    return known[name](name, rest.strip())


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


def _whom(name: str, rest: str) -> Step:
    try:
        return Step(name, rest, uri=Uri.parse(rest))
    except RemoteProtocolError as error:
        raise ArgumentTypeError(f"{name} {rest!r}: {error.what}") from None


def _info(name: str, rest: str) -> Step:
    kind, _, text = rest.partition(" ")
    if not re.fullmatch(r"[^/\s]+/[^/\s]+", kind):
        raise ArgumentTypeError(f"{name} {rest!r}: it needs the type of its body, such as text/plain")
    return Step(name, kind, body(_unquoted(text.strip())))


def _modify(name: str, rest: str) -> Step:
    changed = body(_unquoted(rest))
    if not changed:
        raise ArgumentTypeError(f"{name!r} needs a body")
    return Step(name, body=changed)


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


_STEPS: dict[str, Callable[[str, str], Step]] = {
    "wait": _one_of(STATES),
    "sleep": _sleep,
    "hold": _bare,
    "resume": _bare,
    "media": _one_of(MEDIA),
    "update": _bare,
    "info": _info,
    "refer": _whom,
    "consult": _whom,
    "transfer": _bare,
    "bye": _bare,
    "cancel": _bare,
}

_PUBLISHING: dict[str, Callable[[str, str], Step]] = {
    "sleep": _sleep,
    "modify": _modify,
    "refresh": _bare,
    "remove": _bare,
}
