"""pytest plugin: which rows of which tables a suite has taken, and how a run of a simulated network is seen again.

It fails a whole run of the suite that leaves rows out. Load it in `conftest.py`, where it does not disturb the
measuring of coverage, and say in pyproject.toml whose tables are counted:

    pytest_plugins = ["sipsm.testing.plugin"]

    [tool.pytest.ini_options]
    sipsm_tables = ["my_program"]
    sipsm_row_threshold = "100"

A run of a part of the suite (with paths, `-k`, `-m`, `--lf` ...) is told its share and does not fail for it. Where
pytest-xdist spreads a run over processes, what all of them took is counted. Pictures of `sipsm.testing.Net` that differ
are shown side by side.

A test that fails tells of its last network: the seed, the picture, and the command that runs it again. A test with
`@pytest.mark.seeds(20)` and a parameter `seed` runs with the seeds 0 to 19; with `--net-seeds=1000` all such tests run
with so many, with `--net-seed=7` with this one alone.
"""

from __future__ import annotations

from collections.abc import Generator
from itertools import zip_longest
from shlex import quote
from typing import Any

import pytest

from sipsm.testing.reproduce import RUNNING
from sipsm.testing.tables import Taken, tables_of
from sipsm.trace import Ladder

TAKEN = pytest.StashKey[Taken]()
THRESHOLD = pytest.StashKey[float]()
ROWS = "sipsm_rows"

PARTIAL = ("keyword", "markexpr", "lf", "stepwise", "deselect", "ignore", "ignore_glob")
"""The options that leave out tests."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The settings and the options."""
    parser.addini("sipsm_tables", "packages and modules whose tables are counted", type="args", default=[])
    group = parser.getgroup("simulated networks")
    group.addoption("--net-seed", type=int, metavar="N", help="the only seed of tests marked `seeds`")
    group.addoption("--net-seeds", type=int, metavar="N", help="how many seeds, from 0, tests marked `seeds` run with")
    parser.addini("sipsm_row_threshold", "percent of rows that a whole run must take", default="100")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "seeds(n): runs with the seeds 0 to n-1 of a simulated network, as `seed`")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give the tests that are marked so their seeds."""
    marker = metafunc.definition.get_closest_marker("seeds")
    if marker is not None:
        only, many = metafunc.config.option.net_seed, metafunc.config.option.net_seeds
        seeds = range(marker.args[0] if many is None else many) if only is None else [only]
        metafunc.parametrize("seed", seeds)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Say how this test is run again, while it runs."""
    seed = item.callspec.params["seed"] if item.get_closest_marker("seeds") else None  # type: ignore[attr-defined]
    RUNNING.begin(f"pytest {quote(item.nodeid)}" + ("" if seed is None else f" --net-seed={seed}"))
    try:
        return (yield)
    finally:
        RUNNING.end()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell of the network in which a test failed, unless the failure has told of it."""
    report = yield
    net = RUNNING.net
    if report.failed and net is not None and not net.noted:
        report.sections.append(("simulated network", net.account()))
    return report


def pytest_sessionstart(session: pytest.Session) -> None:
    """Begin to count."""
    names = session.config.getini("sipsm_tables")
    if names and not session.config.option.collectonly:
        session.config.stash[THRESHOLD] = float(session.config.getini("sipsm_row_threshold"))
        session.config.stash[TAKEN] = Taken(tables_of(names))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run that passed, if it was the whole suite and left too many rows out."""
    share: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if share is not None:  # a process that took a share of the tests: the one that gave it counts
        share[ROWS] = taken.numbers() if (taken := session.config.stash.get(TAKEN, None)) else []
    elif exitstatus == pytest.ExitCode.OK and falls_short(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Count what another process took. One that broke down tells nothing, and the run fails for it."""
    if numbers := getattr(node, "workeroutput", {}).get(ROWS):
        node.config.stash[TAKEN].add(numbers)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tell the share; and the rows that are missing, where the whole suite ran or with `-v`."""
    taken = config.stash.get(TAKEN, None)
    if taken is None:
        return
    colour = {"red": True} if falls_short(config) else {}
    terminalreporter.write_line(f"tables: {taken}", **colour)
    if is_whole(config) or config.get_verbosity() > 0:
        for row in taken.missing():
            terminalreporter.write_line(f"  not taken: {row}")
    if falls_short(config):
        terminalreporter.write_line(f"FAILED: {config.stash[THRESHOLD]:g} % of the rows must be taken", **colour)


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Two pictures that differ, side by side."""
    if op != "==" or not (isinstance(left, Ladder) and isinstance(right, Ladder)):
        return None
    pairs = list(zip_longest(left.split("\n"), right.split("\n"), fillvalue=""))
    width = max(len(line) for line, _ in pairs)
    shown = [f"{a:<{width}} {' ' if a == b else '|'} {b}".rstrip() for a, b in pairs]
    return ["the pictures differ where | stands (left and right of ==)", *shown]


def is_whole(config: pytest.Config) -> bool:
    """Whether this run is the whole suite: no paths were given, and no option leaves out tests."""
    chosen = config.args_source is pytest.Config.ArgsSource.ARGS
    return not chosen and not any(config.getoption(option, None) for option in PARTIAL)


def falls_short(config: pytest.Config) -> bool:
    """Whether the whole suite ran, and took fewer rows than it must."""
    taken = config.stash.get(TAKEN, None)
    return taken is not None and is_whole(config) and taken.percent < config.stash[THRESHOLD]
