"""The explorer finds every state, and the shortest way to what must not be."""

from __future__ import annotations

from collections.abc import Iterator

from sipsm.testing.explore import explore

Jugs = tuple[int, int]


def pour(jugs: Jugs) -> Iterator[tuple[str, Jugs]]:
    """Two jugs of 3 and 5 litres: fill one, empty one, pour one into the other."""
    small, large = jugs
    yield "fill small", (3, large)
    yield "fill large", (small, 5)
    yield "empty small", (0, large)
    yield "empty large", (small, 0)
    into_large = min(small, 5 - large)
    yield "small into large", (small - into_large, large + into_large)
    into_small = min(large, 3 - small)
    yield "large into small", (small + into_small, large - into_small)


def four_litres(jugs: Jugs) -> str | None:
    """Measured out."""
    return "there are 4 litres" if 4 in jugs else None


def countdown(number: int) -> Iterator[tuple[str, int]]:
    """One or two less, down to 0."""
    for less in (1, 2):
        if number >= less:
            yield f"-{less}", number - less


def test_the_shortest_way_is_found() -> None:
    """Four litres out of jugs of 3 and 5 take six moves."""
    found = explore((0, 0), pour, laws=[four_litres])
    assert found.violation is not None
    assert found.violation.law == "four_litres"
    assert found.violation.path == (
        "fill large",
        "large into small",
        "empty small",
        "large into small",
        "fill large",
        "large into small",
    )
    assert found.violation.state == (3, 4)
    assert not found.complete
    assert str(found.violation).startswith("four_litres: there are 4 litres, after\n    1 fill large\n    2 large into")


def test_all_states_are_counted() -> None:
    """Each once, however many ways lead there."""
    found = explore(10, countdown)
    assert (found.states, found.moves, found.ends, found.depth) == (11, 19, 1, 5)
    assert found.complete
    assert str(found) == "11 states, 19 moves, 1 ends, depth 5"


def test_a_law_that_is_broken_at_once() -> None:
    """The way there has no moves."""
    found = explore((4, 0), pour, laws=[four_litres])
    assert "not all; four_litres: there are 4 litres, after nothing" in str(found)


def test_a_deadlock_is_an_end_that_is_none() -> None:
    """Where nothing can happen any more it must be over."""
    assert explore(10, countdown, over=lambda number: number == 0).violation is None
    found = explore(10, countdown, over=lambda number: number > 0)
    assert found.violation is not None
    assert (found.violation.law, found.violation.state) == ("deadlock", 0)
    assert found.violation.path == ("-2",) * 5


def test_a_circle_is_endless() -> None:
    """It is found though every state has a way to an end."""

    def wander(at: int) -> Iterator[tuple[str, int]]:
        yield from {0: [("in", 1), ("out", 9)], 1: [("on", 2), ("out", 9)], 2: [("back", 1)]}.get(at, [])

    found = explore(0, wander)
    assert found.violation is not None
    assert found.violation.law == "endless"
    assert found.violation.path == ("in", "on", "back")
    assert found.violation.what == "the last 2 moves can come again and again"
    assert found.complete


def test_a_limit_ends_the_search() -> None:
    """What has no end is explored as far as it was told."""
    found = explore(0, lambda at: [("more", at + 1)], limit=100)
    assert (found.states, found.complete, found.violation) == (100, False, None)
