"""What calls hold in memory, and what messages cost with few and with many calls up.

`python -m benchmarks` keeps up to 10,000 calls up; `python -m benchmarks.held_calls` up to 100,000, for which it needs
about 1 GB and two minutes.
"""

from __future__ import annotations

import gc
import random
import tracemalloc
from collections.abc import Iterable
from time import perf_counter

from benchmarks.calls import SDP, TO_ALICE, Callee, Wire
from sipsm import Call, Endpoint, Ids, IncomingCall, Limits, Output
from sipsm.transaction import TimerValues

UP = (10, 10_000)
UP_BY_ITSELF = (10, 10_000, 100_000)
ROUNDS = 30
AT_ONCE = 100
"""Requests that are measured together."""
BOUNDLESS = Limits(calls=10**6, transactions=10**7)
MEANWHILE_S = 5.0
SETTLED_S = 64 * TimerValues().T1 + TimerValues().T4 + 1
"""Seconds after which no transaction of a call waits for repeats any more."""


class Switch:
    """A callee with many calls up, each of which is asked something now and then."""

    def __init__(self, up: int) -> None:
        wire = Wire()
        wire.call()
        self.callee = Callee([data for by_alice, data in wire.seen if by_alice])
        self.callee.bob = Endpoint("udp:192.0.2.2:5060", limits=BOUNDLESS, ids=Ids(random.Random(3)))
        self.tags: list[bytes] = []
        self.asked = 0
        self.least = float("inf")
        while len(self.tags) < up:
            self.take()

    def take(self, *, then_end: bool = False) -> Call:
        """One more call; it stays up, or is hung up by the caller."""
        callee = self.callee
        invite, ack, bye = callee.prepare()
        outputs: list[Output] = callee.bob.receive(invite, TO_ALICE, callee.now)
        call = next(out.call for out in outputs if isinstance(out, IncomingCall))
        call.answer(SDP, now=callee.now)
        tag = call.here.dialog.local_tag.encode()
        callee.bob.receive(ack.replace(callee.tag, tag), TO_ALICE, callee.now)
        if then_end:
            callee.bob.receive(bye.replace(callee.tag, tag), TO_ALICE, callee.now)
        else:
            self.tags.append(tag)
        callee.bob.handle_timeout(callee.now)
        return call

    def ask(self) -> None:
        """A hundred OPTIONS in calls of all ages, and the timers of those before."""
        callee, calls = self.callee, len(self.tags)
        requests = []
        for n in range(AT_ONCE):
            number = (self.asked * 7919 + n * calls // AT_ONCE) % calls
            self.asked += 1
            requests.append(_options(callee.from_alice[-1], number + 1, self.asked, callee.tag, self.tags[number]))
        callee.now += 0.5
        start = perf_counter()
        for data in requests:
            callee.bob.receive(data, TO_ALICE, callee.now)
        callee.bob.handle_timeout(callee.now)
        self.least = min(self.least, (perf_counter() - start) / AT_ONCE * 1e6)


def _options(bye: bytes, call: int, number: int, was: bytes, tag: bytes) -> bytes:
    """An OPTIONS within a call, made of the BYE that would have ended it."""
    mark = b"%08x" % call
    data = bye.replace(b"BYE", b"OPTIONS").replace(b"z9hG4bK", b"z9hG4bK%08xo" % number)
    lines = data.replace(b"Call-ID: ", b"Call-ID: " + mark).replace(was, tag).split(b"\r\n")
    return b"\r\n".join(b"CSeq: %d OPTIONS" % (100_000 + number) if line[:5] == b"CSeq:" else line for line in lines)


def growth(up: Iterable[int] = UP) -> list[tuple[str, float, float]]:
    """Calls up, microseconds for a request within one of them, and the ratio to the first line."""
    switches = [(number, Switch(number)) for number in up]
    gc.collect()
    gc.disable()
    try:
        for _ in range(ROUNDS):
            for _, switch in switches:
                switch.ask()
    finally:
        gc.enable()
    first = switches[0][1].least
    return [(f"{number:,} calls up", switch.least, switch.least / first) for number, switch in switches]


def memory(calls: int = 5_000) -> list[tuple[str, float]]:
    """What one call holds, in bytes: while it is up, and while it is over and waits for repeats, for 32 s.

    There are so many of them that the thousand dialogs that an endpoint remembers weigh little.
    """
    held = []
    for name, then_end, settle in (
        ("a call that is up, its INVITE waiting for repeats", False, False),
        ("a call that is up", False, True),
        ("a call that is over, its transactions waiting", True, False),
        ("a call that is over", True, True),
    ):
        switch = Switch(10)
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        now = switch.callee.now
        for _ in range(calls):
            switch.take(then_end=then_end)
            switch.callee.now = now
        switch.callee.bob.handle_timeout(now + (SETTLED_S if settle else MEANWHILE_S))
        gc.collect()
        held.append((name, (tracemalloc.get_traced_memory()[0] - before) / calls))
        tracemalloc.stop()
    return held


def main(up: Iterable[int] = UP) -> None:
    print("Memory: bytes held by one call, at the callee")
    for name, size in memory():
        print(f"  {name:50} {size:8.0f}")
    print()
    print("Growth: microseconds for a request within a call, its timers among them")
    for name, micros, ratio in growth(up):
        print(f"  {name:40} {micros:8.1f}  {ratio:6.2f} x the first")


if __name__ == "__main__":
    main(UP_BY_ITSELF)
