"""The generated pages of the documentation, and the matrix that they are made from."""

from __future__ import annotations

import pytest

from docs import generate
from docs.conformance import matrix


@pytest.mark.parametrize("name", generate.PAGES)
def test_a_generated_page_is_what_its_sources_give(name: str) -> None:
    """Nobody edits a generated page, and nobody forgets `make docs`."""
    assert (generate.DOCS / name).read_text("utf-8") == generate.PAGES[name](), "run `make docs`"


def test_every_id_in_a_mark_is_a_known_behaviour() -> None:
    """A test cannot prove what nobody stated."""
    known = {behaviour.id for behaviour in matrix.known_behaviours()[0]}
    claimed = {claim for claim in matrix.claims_of(matrix.ROOT / "tests") if matrix.BEHAVIOUR_ID.fullmatch(claim)}
    assert claimed <= known


def test_a_behaviour_is_stated_once() -> None:
    """An id names one behaviour."""
    ids = [behaviour.id for behaviour in matrix.known_behaviours()[0]]
    assert sorted(ids) == sorted(set(ids))


def test_what_does_not_apply_is_not_proven() -> None:
    """A reason is given for a known behaviour that no test claims."""
    behaviours, not_applicable = matrix.known_behaviours()
    assert not_applicable.keys() <= {behaviour.id for behaviour in behaviours}
    assert not not_applicable.keys() & matrix.claims_of(matrix.ROOT / "tests").keys()


MARKED = """
import pytest
rfc = pytest.mark.rfc
pytestmark = [pytest.mark.slow, pytest.mark.rfc("3261 17")]

@rfc("3261-S19")
@pytest.mark.parametrize("n", [1, pytest.param(2, marks=pytest.mark.rfc("6026 7.2"))])
def test_plain(n): ...

@pytest.mark.rfc("3262 3")
class TestGroup:
    @pytest.mark.rfc("3262-05")
    async def test_inside(self): ...

@rfc("3261 9.1")
def not_a_test(): ...
"""


def test_marks_are_found_wherever_pytest_takes_them() -> None:
    """A mark counts on a test, on its class, on its module and on one of its parameters."""
    assert list(matrix.marks_in(MARKED, "a.py")) == [
        ("test_plain", "3261 17"),
        ("test_plain", "3261-S19"),
        ("test_plain", "6026 7.2"),
        ("TestGroup.test_inside", "3261 17"),
        ("TestGroup.test_inside", "3262 3"),
        ("TestGroup.test_inside", "3262-05"),
    ]


@pytest.mark.parametrize("claim", ['"3261-S1"', '"RFC 3261 9"', '"3261, 9.1"', "SECTION", "3261"])
def test_a_mark_with_a_slip_of_the_pen_is_refused(claim: str) -> None:
    """A claim that would land in no table is an error where it stands."""
    with pytest.raises(ValueError, match=r"a\.py:1"):
        list(matrix.marks_in(f"@pytest.mark.rfc({claim})\ndef test_it(): ...", "a.py"))


def test_the_three_verdicts() -> None:
    """A behaviour is proven, not done, or not applicable with a reason; sections stand in the RFC's order."""
    behaviours = tuple(
        matrix.Behaviour(f"9999-0{n}", "RFC 9999", f"RFC 9999 {n}", "M", f"rule | {n}") for n in (1, 2, 3)
    )
    proof = [matrix.Proof("tests/test_a.py", "test_it")]
    text = matrix.render(
        behaviours, {"9999-03": "no such thing here"}, {"9999-01": proof, "3261 17.1": proof, "3261 9.1": proof}
    )
    assert "| RFC 9999 | 1 | 1 | 1 |" in text
    assert r"| 9999-01 | RFC 9999 1 | M | rule \| 1 | [test_it](../tests/test_a.py) |" in text
    assert r"| 9999-02 | RFC 9999 2 | M | rule \| 2 | not done |" in text
    assert r"| 9999-03 | RFC 9999 3 | M | rule \| 3 | not applicable: no such thing here |" in text
    assert text.index("RFC 3261 9.1") < text.index("RFC 3261 17.1")
