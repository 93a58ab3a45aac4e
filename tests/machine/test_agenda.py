"""Who is to be woken when (`sipsm.machine.agenda`)."""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import count, islice
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipsm.machine import Agenda
from sipsm.machine.agenda import WORTH_SWEEPING
from tests.machine.toys import START


class Sleeper:
    """Somebody with a deadline."""

    def __init__(self, name: object, at: float | None = None) -> None:
        self.name = name
        self.at = at
        self.watched_at: float | None = None

    @property
    def deadline(self) -> float | None:
        """The next one."""
        return self.at


def watched(*sleepers: Sleeper) -> Agenda:
    """An agenda on which all of these are."""
    agenda = Agenda()
    for sleeper in sleepers:
        agenda.watch(sleeper)
    return agenda


def woken(agenda: Agenda, now: float) -> list[object]:
    """The names of all who are due, in their order; none of them has another deadline."""
    names = []
    while (who := agenda.pop(now)) is not None:
        assert isinstance(who, Sleeper)
        who.at = None
        names.append(who.name)
    return names


def test_an_empty_agenda() -> None:
    """Nobody is to be woken; nor is somebody without a deadline."""
    agenda = watched(Sleeper("nobody"))
    assert (agenda.next_timeout(), agenda.pop(START + 1e9)) == (None, None)


@pytest.mark.parametrize("gap", [0.001, 0.1, 1.0, 1000.0])
def test_the_earliest_is_woken_first(gap: float) -> None:
    """Whether deadlines are close together or far apart, and in whatever order they were entered."""
    agenda = watched(*(Sleeper(n, START + n * gap) for n in (3, 1, 4, 0, 2)))
    assert agenda.next_timeout() == START
    assert woken(agenda, START + 2 * gap) == [0, 1, 2]
    assert agenda.next_timeout() == START + 3 * gap
    assert woken(agenda, START + 10 * gap) == [3, 4]
    assert agenda.next_timeout() is None


def test_nobody_is_woken_early() -> None:
    """Asking early takes nobody off the agenda."""
    agenda = watched(Sleeper("a", START + 1))
    assert agenda.pop(START + 0.999) is None
    assert agenda.next_timeout() == START + 1
    assert woken(agenda, START + 1) == ["a"]


def test_equal_deadlines_are_taken_in_the_order_of_their_entry() -> None:
    """So the same inputs give the same outputs."""
    agenda = watched(*(Sleeper(name, START + 1) for name in "bdac"))
    assert woken(agenda, START + 1) == ["b", "d", "a", "c"]


def test_a_deadline_may_move_forward() -> None:
    """Watched again, somebody is woken at the earlier time, and once."""
    late = Sleeper("a", START + 5)
    agenda = watched(late, Sleeper("b", START + 3))
    late.at = START + 1
    agenda.watch(late)
    assert agenda.next_timeout() == START + 1
    assert woken(agenda, START + 10) == ["a", "b"]


@pytest.mark.parametrize("again", [True, False])
def test_a_deadline_may_move_back(again: bool) -> None:
    """The entry that no longer holds is noticed when it comes to the front, watched again or not."""
    moved = Sleeper("a", START + 1)
    agenda = watched(moved, Sleeper("b", START + 3))
    moved.at = START + 5
    if again:
        agenda.watch(moved)
    assert woken(agenda, START + 4) == ["b"]
    assert agenda.next_timeout() == START + 5
    assert woken(agenda, START + 5) == ["a"]


def test_a_deadline_may_go_away_and_come_back() -> None:
    """Somebody without a deadline is not woken, and can be watched again later."""
    sleeper = Sleeper("a", START + 1)
    agenda = watched(sleeper)
    sleeper.at = None
    agenda.watch(sleeper)
    assert agenda.next_timeout() is None
    sleeper.at = START + 2
    agenda.watch(sleeper)
    assert woken(agenda, START + 2) == ["a"]


def test_a_deadline_in_the_past_is_due_at_once() -> None:
    """Also when later ones have been looked at already."""
    agenda = watched(Sleeper("later", START + 100))
    assert agenda.next_timeout() == START + 100
    agenda.watch(Sleeper("past", START - 100))
    assert woken(agenda, START) == ["past"]


def test_a_deadline_just_before_the_next_one_is_not_overlooked() -> None:
    """However close it is to one that has been looked at already."""
    agenda = watched(Sleeper("next", START + 0.1))
    assert agenda.next_timeout() == START + 0.1
    agenda.watch(Sleeper("just before", START + 0.05))
    assert agenda.next_timeout() == START + 0.05
    assert woken(agenda, START + 0.1) == ["just before", "next"]


def test_watching_twice_wakes_once() -> None:
    """A machine has one entry, for its earliest deadline."""
    sleeper = Sleeper("a", START + 1)
    agenda = watched(sleeper, sleeper)
    assert woken(agenda, START + 1) == ["a"]


def test_somebody_woken_may_be_watched_again_within_the_same_moment() -> None:
    """A second timer that is due as well is not forgotten."""
    sleeper = Sleeper("a", START + 1)
    agenda = watched(sleeper)
    assert agenda.pop(START + 2) is sleeper
    sleeper.at = START + 1.5
    agenda.watch(sleeper)
    assert agenda.pop(START + 2) is sleeper


def test_time_may_begin_anywhere() -> None:
    """Also below zero: `now` is counted from any origin."""
    agenda = watched(*(Sleeper(at, at) for at in (0.0, -0.05, -7.3, 0.05, -1e6)))
    assert woken(agenda, 1.0) == [-1e6, -7.3, -0.05, 0.0, 0.05]


def test_many_sleepers() -> None:
    """Ten thousand of them come out in their order."""
    sleepers = [Sleeper(n, START + (n * 7919 % 10_007) / 64) for n in range(10_000)]
    agenda = watched(*sleepers)
    deadlines = []
    while (at := agenda.next_timeout()) is not None:
        who = agenda.pop(at)
        assert isinstance(who, Sleeper)
        who.at = None
        deadlines.append(at)
    assert deadlines == sorted(deadlines)
    assert len(deadlines) == len(sleepers)


def test_a_saved_agenda_goes_on_like_the_original() -> None:
    """It is plain data too."""
    agenda = watched(*(Sleeper(n, START + n) for n in range(10)))
    agenda.pop(START)
    twin = copy.deepcopy(agenda)
    assert woken(twin, START + 100) == woken(agenda, START + 100) == list(range(1, 10))


TIMES = st.one_of(st.none(), *(st.integers(-8, most).map(lambda n: START + n / 64) for most in (16, 640, 64_000)))
DEEDS = st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["set", "set quietly later", "pop", "look"]), TIMES))


@given(DEEDS)
def test_an_agenda_agrees_with_looking_at_everybody(deeds: list[tuple[int, str, float | None]]) -> None:
    """Whatever is set, moved, taken away and woken: the next deadline is the least of all, and its owner is woken."""
    sleepers = [Sleeper(n) for n in range(6)]
    agenda = Agenda()
    least: Callable[[], float | None] = lambda: min((s.at for s in sleepers if s.at is not None), default=None)  # noqa: E731
    for n, deed, at in deeds:
        who = sleepers[n]
        if deed == "set":
            who.at = at
            agenda.watch(who)
        elif deed == "set quietly later" and who.at is not None and (at is None or at >= who.at):
            # Timers that are stopped need not be told.
            who.at = at
        elif deed == "pop" and at is not None:
            first = least()
            woke = agenda.pop(at)
            assert (woke is not None) == (first is not None and first <= at)
            if woke is not None:
                assert woke.deadline == first
                assert isinstance(woke, Sleeper)
                woke.at = None
        assert agenda.next_timeout() == least()


def entries(agenda: Agenda) -> int:
    """How many entries an agenda holds, be they of any use or not."""
    return len(agenda.entries())


def test_who_is_over_is_not_kept_until_the_deadline() -> None:
    """Of the forgotten there are never more than of the others, or than are worth sweeping."""
    agenda = watched(*(Sleeper(n, START + n) for n in range(10)))
    for n in range(10_000):
        brief = Sleeper(n, START + 32 + n / 10_000)
        agenda.watch(brief)
        brief.at = None
        agenda.forget(brief)
        assert entries(agenda) <= 10 + WORTH_SWEEPING
    assert woken(agenda, START + 100) == list(range(10))


def test_forgetting_who_is_not_watched() -> None:
    """Nothing comes of it."""
    agenda = watched(sleeper := Sleeper("a", START))
    assert agenda.pop(START) is sleeper
    sleeper.at = None
    for _ in range(3 * WORTH_SWEEPING):
        agenda.forget(sleeper)
    assert agenda.next_timeout() is None


CROWDS = st.lists(
    st.tuples(
        st.sampled_from(["come", "come", "go", "change", "look"]),
        st.integers(0, 600),
        st.sampled_from([1, 8, 64]),
        st.randoms(use_true_random=False),
    ),
    max_size=12,
)


@pytest.mark.slow
@settings(max_examples=60)
@given(CROWDS)
def test_crowds_that_come_and_go(deeds: list[tuple[str, int, int, Random]]) -> None:
    """Those who are over before their time might as well have stayed on the agenda, but for the room that they take."""
    agenda, twin = Agenda(), Agenda()
    alive: list[tuple[Sleeper, Sleeper]] = []
    now, changed, names = START, 0, count()
    for deed, many, spread, dice in [*deeds, ("look", 64_000, 1, Random())]:
        match deed:
            case "come":
                for name in islice(names, many):
                    at = now + dice.randrange(8 * spread) / 8
                    alive.append((Sleeper(name, at), Sleeper(name, at)))
                    agenda.watch(alive[-1][0])
                    twin.watch(alive[-1][1])
            case "go":
                dice.shuffle(alive)
                for sleeper, other in alive[:many]:
                    sleeper.at = other.at = None
                    agenda.forget(sleeper)
                del alive[:many]
            case "change":
                for sleeper, other in alive[:many]:
                    sleeper.at = other.at = now + dice.randrange(8 * spread) / 8
                    agenda.watch(sleeper)
                    twin.watch(other)
                changed += min(many, len(alive))
            case "look":
                now += many / 64
                due = {sleeper.name for sleeper, _ in alive if sleeper.at is not None and sleeper.at <= now}
                woke = woken(agenda, now)
                assert set(woke) == due
                assert woke == woken(twin, now)
                alive = [pair for pair in alive if pair[0].at is not None]
        least = min((sleeper.at for sleeper, _ in alive if sleeper.at is not None), default=None)
        assert agenda.next_timeout() == twin.next_timeout() == least
        # One for each that was changed may be left that no longer holds.
        assert entries(agenda) <= 2 * (len(alive) + changed) + WORTH_SWEEPING
