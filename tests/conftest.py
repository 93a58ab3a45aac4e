"""What every test stands on: the count of rows, and one Hypothesis profile under which each run finds the same."""

from __future__ import annotations

from hypothesis import settings

# Which rows of the tables the suite has taken.
pytest_plugins = ["sipsm.testing.plugin"]

# Examples are derived from the test itself, and no clock decides: `pytest` gives the same verdict on every machine.
settings.register_profile("sipsm", derandomize=True, deadline=None, database=None)
settings.load_profile("sipsm")
