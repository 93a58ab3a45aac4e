"""The handshakes that are under way: how many, and for how long."""

from __future__ import annotations

from sipsm.transport import FlowLimits, FlowTimes
from sipsm.transport.handshakes import Handshakes


def shaking(**limits: int) -> Handshakes[str]:
    """None yet, of 10 s each."""
    return Handshakes(FlowLimits(**limits), FlowTimes(handshake_s=10.0))


def test_each_has_its_time() -> None:
    """Who has not come to his end in time is to be given up, in the order in which they began, ours as theirs."""
    hands = shaking()
    assert (hands.next_timeout(), hands.overdue(100.0), list(hands)) == (None, [], [])
    assert [hands.begin("a", 100.0, "192.0.2.1"), hands.begin("b", 101.0), hands.begin("c", 102.0, "192.0.2.1")] == [
        None
    ] * 3
    assert (hands.next_timeout(), hands.overdue(109.9), list(hands)) == (110.0, [], ["a", "b", "c"])
    assert hands.overdue(111.0) == ["a", "b"]
    for each in ("a", "b"):
        hands.end(each)
    assert ("a" in hands, hands.next_timeout(), hands.overdue(111.0)) == (False, 112.0, [])
    hands.end("c")
    hands.end("c")
    assert (hands.next_timeout(), list(hands), hands._hosts) == (None, [], {})


def test_one_more_than_there_may_be() -> None:
    """The one that has taken the longest is to end for it, of all peers; ours are not counted."""
    hands = shaking(handshakes=2)
    assert hands.begin("ours", 99.0) is None
    assert hands.begin("a", 100.0, "192.0.2.1") is None
    assert hands.begin("b", 101.0, "192.0.2.2") is None
    assert hands.begin("c", 102.0, "192.0.2.3") == "a"
    hands.end("a")
    hands.end("b")
    assert hands.begin("d", 103.0, "192.0.2.1") is None
    assert hands.begin("e", 104.0, "192.0.2.4") == "c"


def test_one_more_than_one_host_may_have() -> None:
    """Who begins many and ends none keeps nobody out but himself."""
    hands = shaking(handshakes=100, handshakes_per_host=2)
    assert hands.begin("first", 99.0, "192.0.2.2") is None
    begun = [hands.begin(str(n), 100.0 + n, "192.0.2.1") for n in range(2)]
    assert begun == [None, None]
    for n in range(2, 50):
        assert hands.begin(str(n), 100.0 + n, "192.0.2.1") == str(n - 2)
        hands.end(str(n - 2))
    assert "first" in hands
