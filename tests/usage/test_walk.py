"""All machines of a call together, walked: in every state that they come to, what must be true is true."""

from __future__ import annotations

import pytest

from tests.usage.__main__ import main
from tests.usage.plans import PLANS
from tests.usage.walk import STATES, STEPS, walk

MOST = 700
"""States of each plan; `python -m tests.usage` walks them all."""


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANS)
@pytest.mark.rfc(
    "3264 4",
    "6337 2.2",
    "3261 9.1",
    "3261 13.2.2.4",
    "3261 13.3.1.4",
    "3261 14.1",
    "3261 14.2",
    "3261 15",
    "3262 3",
    "3262 4",
    "3262 5",
    "3311 5.2",
)
def test_the_machines_of_a_call_agree(name: str) -> None:
    """Whatever comes next in whatever state: no oracle has anything to say, and from everywhere there is an end."""
    walked = walk(PLANS[name], MOST, thorough=True)
    print(f"{len(walked.worlds)} states, {walked.edges} of {walked.tried} steps did something")
    assert not walked.faults, "\n".join(f"{name}: {said}: {way}" for (name, said), way in walked.faults.items())
    assert len(walked.worlds) > 500


def test_every_oracle_has_a_name_and_a_reason() -> None:
    """What an oracle demands stands in one sentence."""
    assert len({oracle.__name__ for oracle in (*STATES, *STEPS)}) == len((*STATES, *STEPS))
    assert all(oracle.__doc__ for oracle in (*STATES, *STEPS))


def test_the_walk_can_be_told_how_far(capsys: pytest.CaptureFixture[str]) -> None:
    """By command it goes as far as it is told, and says what it found."""
    assert main(["60", "callee", "caller"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(": the first ")[0] for line in said] == ["callee", "caller"]
