"""What every test stands on: the count of rows, what coverage looks at, and one Hypothesis profile for every run."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from coverage import Coverage
from hypothesis import settings

# Which rows of the tables the suite has taken.
pytest_plugins = ["sipsm.testing.plugin"]

# Examples are derived from the test itself, and no clock decides: `pytest` gives the same verdict on every machine.
settings.register_profile("sipsm", derandomize=True, deadline=None, database=None)
settings.load_profile("sipsm")


@pytest.hookimpl(tryfirst=True)
def pytest_collection() -> None:
    """Programs that tests start are not measured: a branch of the core has a test in the suite's own process."""
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Slow tests are not measured: each branch has a quick one, and they go the same ways a thousand times."""
    coverage = Coverage.current() if item.get_closest_marker("slow") else None
    if coverage is None:
        return (yield)
    coverage.stop()
    try:
        return (yield)
    finally:
        coverage.start()
