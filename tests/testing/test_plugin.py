"""The pytest plugin, in pytest runs of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

MACHINE = """
from sipsm.machine import Ignore, Machine, Row, Table, always

class Door(Machine):
    table = Table(
        "door", rfc="1", initial="Shut",
        rows=(Row("Shut", "push", always, "Open", (), "1 1"), Row("Open", "pull", always, "Shut", (), "1 2")),
        ignored=(Ignore("Open", "push", "open"), Ignore("Shut", "pull", "shut")),
    )
"""
HALF = """
from sipsm.machine import Step
from door import Door

def test_push():
    Door().receive("push", None, Step(0.0))
"""
THE_OTHER_HALF = """
from sipsm.machine import Step
from door import Door

def test_pull():
    door = Door()
    door.state = "Open"
    door.receive("pull", None, Step(0.0))
"""
MISSING = "*not taken: door: Open on pull: Shut (RFC 1 2)*"


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A suite that takes one of two rows."""
    pytester.makeconftest('pytest_plugins = ["sipsm.testing.plugin"]')
    pytester.makepyprojecttoml('[tool.pytest.ini_options]\nsipsm_tables = ["door"]\n')
    pytester.makepyfile(door=MACHINE, test_half=HALF)
    pytester.syspathinsert()
    return pytester


def test_a_whole_run_that_leaves_rows_out_fails(suite: pytest.Pytester) -> None:
    """Though all tests pass; the rows are named."""
    result = suite.runpytest_inprocess("-p", "no:cacheprovider")
    result.stdout.fnmatch_lines(
        ["tables: 1 of 2 rows of 1 tables taken, 50.0 %", MISSING, "FAILED: 100 % of the rows must be taken"]
    )
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_the_threshold_is_a_setting(suite: pytest.Pytester) -> None:
    """What is missing is named, and is not too much."""
    suite.makepyprojecttoml('[tool.pytest.ini_options]\nsipsm_tables = ["door"]\nsipsm_row_threshold = "50"\n')
    result = suite.runpytest_inprocess()
    result.stdout.fnmatch_lines([MISSING])
    result.stdout.no_fnmatch_line("FAILED*")
    assert result.ret == pytest.ExitCode.OK


def test_a_run_that_takes_every_row_passes(suite: pytest.Pytester) -> None:
    """One line says so."""
    suite.makepyfile(test_rest=THE_OTHER_HALF)
    result = suite.runpytest_inprocess()
    result.stdout.fnmatch_lines(["tables: 2 of 2 rows of 1 tables taken, 100.0 %"])
    assert result.ret == pytest.ExitCode.OK


TWO_PROCESSES = ("-p", "no:cacheprovider", "--numprocesses", "2", "--dist", "loadfile")


def test_what_several_processes_take_is_counted_together(suite: pytest.Pytester) -> None:
    """No process of the two takes both rows, and all are taken; what neither takes is missing."""
    suite.makepyfile(test_rest=HALF.replace("test_push", "test_too"))
    result = suite.runpytest_inprocess(*TWO_PROCESSES)
    result.stdout.fnmatch_lines(
        ["tables: 1 of 2 rows of 1 tables taken, 50.0 %", MISSING, "FAILED: 100 % of the rows must be taken"]
    )
    result.assert_outcomes(passed=2)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    suite.makepyfile(test_rest=THE_OTHER_HALF)
    result = suite.runpytest_inprocess(*TWO_PROCESSES)
    result.stdout.fnmatch_lines(["tables: 2 of 2 rows of 1 tables taken, 100.0 %"])
    result.assert_outcomes(passed=2)
    assert result.ret == pytest.ExitCode.OK


def test_another_process_may_have_nothing_to_count(suite: pytest.Pytester) -> None:
    """Without `sipsm_tables` it tells nothing, and the one that counts is silent."""
    suite.makepyprojecttoml("[tool.pytest.ini_options]\n")
    result = suite.runpytest_inprocess("-p", "no:cacheprovider", "--numprocesses", "1")
    result.stdout.no_fnmatch_line("tables:*")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.OK


@pytest.mark.parametrize("chosen", [["test_half.py"], ["-k", "push"], ["-m", "not slow"], ["--lf"]])
def test_a_part_of_the_suite_is_only_told(suite: pytest.Pytester, chosen: list[str]) -> None:
    """Who runs a part need not take every row; with `-v` the rows are named."""
    result = suite.runpytest_inprocess(*chosen)
    result.stdout.fnmatch_lines(["tables: 1 of 2 rows*"])
    result.stdout.no_fnmatch_line(MISSING)
    assert result.ret == pytest.ExitCode.OK
    suite.runpytest_inprocess("-v", *chosen).stdout.fnmatch_lines([MISSING])


def test_a_failed_run_stays_as_it_failed(suite: pytest.Pytester) -> None:
    """The share of rows hides no other verdict."""
    suite.makepyfile(test_bad="import nothing_of_that_name")
    assert suite.runpytest_inprocess().ret == pytest.ExitCode.INTERRUPTED


def test_it_keeps_silent_where_it_has_nothing_to_count(suite: pytest.Pytester) -> None:
    """Without `sipsm_tables`, or when nothing is run."""
    suite.runpytest_inprocess("--collect-only").stdout.no_fnmatch_line("tables:*")
    suite.makepyprojecttoml("[tool.pytest.ini_options]\n")
    result = suite.runpytest_inprocess()
    result.stdout.no_fnmatch_line("tables:*")
    assert result.ret == pytest.ExitCode.OK


PICTURES = '''
from sipsm.testing import ladder

def test_pictures():
    assert ladder("""
        0.0  alice INVITE----------> bob
        0.5  alice INVITE----------> bob   Timer A
    """) == ladder("""
        0.0  alice INVITE----------x bob
        0.5  alice INVITE----------> bob   Timer A
        1.5  alice INVITE----------> bob   Timer A
    """)

def test_words():
    assert ladder("a") == "b"
'''


def test_pictures_that_differ_stand_side_by_side(suite: pytest.Pytester) -> None:
    """The eye finds the difference; any other texts are compared as ever."""
    suite.makepyfile(test_pictures=PICTURES)
    result = suite.runpytest_inprocess("-vv", "test_pictures.py")
    result.stdout.fnmatch_lines(
        [
            "*the pictures differ where | stands*",
            "*0.0  alice INVITE----------> bob           | 0.0  alice INVITE----------x bob",
            "*0.5  alice INVITE----------> bob   Timer A   0.5  alice INVITE----------> bob   Timer A",
            "*                                           | 1.5  alice INVITE----------> bob   Timer A",
        ]
    )
    result.stdout.fnmatch_lines(["*- b*", "*+ a*"])


def test_the_simulated_network_needs_no_pytest() -> None:
    """Only the plugin does: a demonstration or a benchmark may use the network where no test's libraries are."""
    program = "import sys; sys.modules |= {'pytest': None, 'hypothesis': None}; import sipsm.testing"
    subprocess.run([sys.executable, "-c", program], check=True)


SEEDS = """
import pytest
from sipsm.testing import Net, answer, nothing_left

@pytest.mark.seeds(3)
@pytest.mark.parametrize("name", ["bob"])
def test_seeds(seed, name):
    net = Net(seed)
    net.agent(name).script(answer())
    net.agent("alice").invite("sip:bob")
    net.run(until=1.0)
    assert seed != SEED

def test_none():
    assert Net is None or Net(5).run() == "a"

def test_left():
    net = Net()
    net.agent("alice").invite("sip:192.0.2.9")
    nothing_left(net)

def test_without():
    assert 1 == 2
"""


def test_a_failed_test_tells_of_its_network(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The seed, the picture, and the command that runs it again; once, and only where there was a network."""
    # There pytest writes the whole of each error into its summary a second time.
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("BUILD_NUMBER", raising=False)
    suite.makepyfile(test_seeds=SEEDS.replace("SEED\n", "2\n"))
    result = suite.runpytest_inprocess("test_seeds.py")
    result.assert_outcomes(passed=2, failed=4)
    result.stdout.fnmatch_lines(
        [
            "*- simulated network -*",
            "to see it again: pytest 'test_seeds.py::test_seeds[[]2-bob[]]' --net-seed=2",
            "seed 2, 1.000 s after the start:",
            "0.000  alice INVITE----------> bob",
            "*to see it again: pytest test_seeds.py::test_none",
            "*to see it again: pytest test_seeds.py::test_left",
        ]
    )
    assert result.stdout.str().count("to see it again") == 3
    assert result.stdout.str().count("simulated network") == 2


def test_seeds_can_be_chosen(suite: pytest.Pytester) -> None:
    """One alone, also one beyond the usual; or many."""
    suite.makepyfile(test_seeds=SEEDS.replace("SEED\n", "70\n"))
    suite.runpytest_inprocess("test_seeds.py::test_seeds").assert_outcomes(passed=3)
    result = suite.runpytest_inprocess("test_seeds.py::test_seeds[70-bob]", "--net-seed=70")
    result.assert_outcomes(failed=1)
    result = suite.runpytest_inprocess("test_seeds.py::test_seeds", "--net-seeds=80")
    result.assert_outcomes(passed=79, failed=1)
