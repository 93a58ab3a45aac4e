"""Client and server transaction, joined by a link that misbehaves in every possible way up to a bound."""

from __future__ import annotations

import pytest

from tests.exhaustive.settings import EACH_RUN, explored, options
from tests.exhaustive.state import Bounds, Setting
from tests.exploring.found import ends_well


@pytest.mark.slow
@pytest.mark.rfc("3261 17", "3261 17.1.1", "3261 17.1.2", "3261 17.2.1", "3261 17.2.2", "6026 7", "6026 8")
@pytest.mark.parametrize("setting", EACH_RUN, ids=str)
def test_every_way_ends_well(setting: Setting) -> None:
    """Whatever is lost, doubled or late: both sides end, agreed, and the request has gone up once."""
    ends_well(explored(setting))


def test_the_limit_of_timer_J() -> None:
    """When no response ever gets through, and messages take T1 and more, RFC 3261 itself lets a request go up twice.

    Timer J lasts 64*T1 from the answer, the client repeats until 31.5 s after its first request: a last repeat that
    takes T1 longer than the first one finds nobody who remembers. Nothing but longer memory would help.
    """
    found = explored(options("UDP", 0.5, 0, Bounds(cuts=1)))
    assert found.violation is not None
    assert found.violation.law == "the_request_goes_up_once"
    assert found.violation.path[-2:] == ("bob's Timer J", "bob gets OPTIONS")
    assert explored(options("UDP", 0.25, 0, Bounds(cuts=1), tick_s=0.25)).violation is None
