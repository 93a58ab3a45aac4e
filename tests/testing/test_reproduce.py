"""What runs now, and how it is run again."""

from __future__ import annotations

from sipsm.testing import Net
from sipsm.testing.reproduce import RUNNING


def test_a_network_says_how_it_is_run_again() -> None:
    """In a test by the test's name, elsewhere by what it was given; else it says nothing of it."""
    name = "pytest tests/testing/test_reproduce.py::test_a_network_says_how_it_is_run_again"
    assert Net().reproduce == name
    assert Net(reproduce="make it so").account().startswith("to see it again: make it so\nseed 0,")
    RUNNING.end()
    assert Net().account() == "seed 0, 0.000 s after the start:\n"
    assert RUNNING.net is None
    RUNNING.begin(name)
    net = Net()
    assert RUNNING.net is net
