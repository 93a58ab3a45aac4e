"""Nonces: known again without being kept, good for a while, and once for each count."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipsm.auth.nonces import WINDOW, Counts, Nonces
from sipsm.ids import Ids

SECRET = b"0123456789abcdef"
IDS = Ids(random.Random(1))


def made(nonces: Nonces, now: float = 1000.0) -> str:
    """A nonce of this realm."""
    return nonces.make("biloxi.com", SECRET, IDS, now)


@pytest.mark.rfc("7616 3.3")
def test_a_nonce_is_known_again() -> None:
    """By whoever has the secret, in the realm that it was made for; nothing was kept for it."""
    nonces = Nonces()
    nonce = made(nonces)
    assert nonces.is_ours(nonce, "biloxi.com", SECRET)
    assert not nonces.is_ours(nonce, "atlanta.com", SECRET)
    assert not nonces.is_ours(nonce, "biloxi.com", SECRET[::-1])
    assert not nonces.is_ours(nonce[:-1], "biloxi.com", SECRET)
    assert not nonces.is_ours("f" + nonce[1:], "biloxi.com", SECRET)
    assert made(nonces) != nonce
    assert nonces.used == {}


@pytest.mark.rfc("7616 3.3", "7616 3.4")
def test_a_nonce_grows_old() -> None:
    """It is good as long as it lasts, whatever the origin of time."""
    for origin in (1000.0, -5.0, 1e9):
        nonces = Nonces(lasts_s=60)
        nonce = made(nonces, origin)
        assert nonces.age_s(nonce, origin + 7.5) == 7.5
        assert nonces.take(nonce, 1, "c", origin + 60)
        assert not nonces.take(nonce, 2, "c", origin + 60.1)


@pytest.mark.rfc("7616 3.4")
def test_a_count_is_good_once() -> None:
    """One that was used is a replay; one that another has overtaken on the way is not, unless it comes very late."""
    nonces = Nonces()
    nonce = made(nonces)
    assert [nonces.take(nonce, count, "c", 1000.0) for count in (1, 1, 3, 2, 2, 3, 200, 199, 137, 136, 200)] == [
        *(True, False, True, True, False, False, True, True, True, False, False)
    ]


def test_what_is_remembered_is_bounded() -> None:
    """With one nonce more, the oldest is stale before its time; those that are over make room by themselves."""
    nonces = Nonces(lasts_s=60, limit=2)
    first, second, third = (made(nonces, 1000.0 + n) for n in range(3))
    unused = made(nonces, 1000.0)
    assert nonces.take(first, 1, "c", 1003.0)
    assert nonces.take(second, 1, "c", 1003.0)
    assert nonces.take(third, 1, "c", 1003.0)
    assert list(nonces.used) == [second, third]
    assert not nonces.take(first, 2, "c", 1003.0)
    assert not nonces.take(unused, 1, "c", 1003.0)
    assert nonces.take(second, 2, "c", 1003.0)
    late = made(nonces, 1061.5)
    assert nonces.take(late, 1, "c", 1061.5)
    assert list(nonces.used) == [third, late]


@given(st.lists(st.integers(1, 200), max_size=50))
def test_no_count_is_taken_twice(asked: list[int]) -> None:
    """In whatever order they come; and none is refused but those that came before, or come too late to tell."""
    counts, taken, highest = Counts(), set[int](), 0
    for count in asked:
        is_late = count <= highest - WINDOW
        assert counts.take(count) == (count not in taken and not is_late)
        taken.add(count)
        highest = max(highest, count)
