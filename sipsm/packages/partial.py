"""State that is told in pieces: what is known, with what a NOTIFY says of it.

RFC 6665 5.3.2; how it is done is of each package: RFC 4235 4.3, RFC 3680 5.2, RFC 4575 4.6.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Generic, Self, TypeVar

from attrs import evolve, frozen

from sipsm.errors import RemoteProtocolError
from sipsm.packages.element import MAX_BYTES
from sipsm.packages.shape import Document


class PartialDocument(Document, ABC):
    """A document that may tell changes only; its version says of which state."""

    __slots__ = ()

    version: int
    state: str

    drops_the_same: ClassVar[bool] = False
    """Whether a document of the version that is known is old."""
    needs_all: ClassVar[bool] = False
    """Whether changes are of no use when others before them are missing."""

    @property
    def is_full(self) -> bool:
        """Whether all is there: else only what has changed, or what is known of a state that was not told in full."""
        return self.state != "partial"

    def _settled(self) -> Self:
        """The state that a document makes known by itself."""
        return self

    @abstractmethod
    def _with(self, news: Self) -> Self:
        """What is known once these changes are."""


Known = TypeVar("Known", bound=PartialDocument)


@frozen
class Merged(Generic[Known]):
    """What is known after a document has come."""

    state: Known
    """All that is known now. It is not full, where changes came before or without what they change."""
    taken: bool
    """Whether the document says anything of it; else it is old, or of no use without what is missing."""
    refresh: bool
    """Whether something is missing: a SUBSCRIBE is to be sent, which is answered in full (RFC 6665 5.3.2)."""


def merge(known: Known | None, news: Known) -> Merged[Known]:
    """What is known of a subscription's state, with what a NOTIFY says of it; `known` is None before the first.

    Raises RemoteProtocolError when there is more of it than one document may hold; then the known is as it was.
    """
    if known is None:
        return Merged(news._settled(), True, not news.is_full)
    if news.version < known.version or (news.version == known.version and known.drops_the_same and known.is_full):
        # "If the value in the document is less than the local version, the document is discarded without processing."
        # (RFC 4235 4.3)
        return Merged(known, False, False)
    if news.is_full:
        # Deviation: RFC 3680 5.2 has all asked for whenever a version is missing. A document in full tells all already.
        return Merged(news._settled(), True, False)
    # The same version again, which only RFC 4575 has a rule for, comes of a notifier that does not count: what it says
    # is taken.
    gap = news.version > known.version + 1
    if gap and known.needs_all:
        return Merged(known, False, True)
    state: Known = evolve(known._with(news), version=news.version, state="partial" if gap else known.state)  # type: ignore[misc]
    if len(bytes(state)) > MAX_BYTES:
        raise RemoteProtocolError(f"a state of more than {MAX_BYTES} bytes", rfc=known.rfc, status=413)
    return Merged(state, True, gap)


def updated(
    rows: Iterable[Any],
    news: Iterable[Any],
    key: str,
    both: Callable[[Any, Any], Any],
    over: Callable[[Any], bool],
) -> tuple[Any, ...]:
    """Rows of a table with those of an update, which go where their key is, or to the end.

    `both` makes a row of the one known, or None, and the new one. What is over by `over` was told before, and goes,
    unless the update says something of it.
    """
    table = {getattr(row, key): row for row in rows}
    told = set()
    for row in news:
        name = getattr(row, key)
        told.add(name)
        table[name] = both(table.get(name), row)
    # "If a row is updated or created, such that its state is now terminated, that entry MAY be removed from the table
    # at any time." (RFC 4235 4.3)
    return tuple([row for name, row in table.items() if name in told or not over(row)])
