"""How many basic calls a second the simulated network carries, on one core: `python -m benchmarks.simulated`.

INVITE, 180, 200, ACK, BYE, 200 between two agents, all timers to their ends, in networks of a hundred calls. The
network adds to what the calls cost anyway at their two endpoints (`benchmarks.calls`): links, clock and scripts, and
what it looks after as it goes.
"""

from __future__ import annotations

from time import process_time
from typing import Any

from sipsm.testing import Net, answer, hang_up, ring

CALLS = 100
APART_S = 0.01
NETWORKS = 20

NUMERIC, BY_NAME = "sip:bob@192.0.2.2", "sip:bob"
KINDS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("its invariants checked at every step", NUMERIC, {"record": False}),
    ("nothing checked", NUMERIC, {"record": False, "invariants": ()}),
    ("nothing checked, the callee looked up by name", BY_NAME, {"record": False, "invariants": ()}),
    ("checked at every step, and each step recorded", NUMERIC, {}),
)


def carry(target: str, **how: Any) -> float:
    """Seconds for one network of calls."""
    net = Net(1, delay=0.01, **how)
    alice, bob = net.agent("alice"), net.agent("bob")
    bob.script(ring(after=0.1), answer(after=0.5))
    alice.script(hang_up(after=1.0))
    for n in range(CALLS):
        net.at(n * APART_S, lambda: alice.invite(target))
    start = process_time()
    net.run()
    return process_time() - start


def main() -> None:
    """Print the calls a second of each kind of network, the best of many in turns."""
    least = dict.fromkeys((name for name, _, _ in KINDS), float("inf"))
    for _ in range(NETWORKS):
        for name, target, how in KINDS:
            least[name] = min(least[name], carry(target, **how))
    print("Simulated basic calls a second")
    for name, seconds in least.items():
        print(f"  {name:46} {CALLS / seconds:8,.0f}")


if __name__ == "__main__":
    main()
