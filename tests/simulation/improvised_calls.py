"""Calls whose both ends follow no plan, by the thousand: `python -m tests.simulation.improvised_calls --calls 50000`.

Each network has two agents with settings drawn from the seed, and a link that is drawn as well. Nothing may raise, each
side is told one end of each call, what is on the wire keeps the rules (`tests.simulation.wire`), and whenever a call is
up and nothing is under way both ends have agreed on the same session. The pairs of ends are judged, and counted.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from multiprocessing import Pool
from random import Random
from time import perf_counter
from typing import Any

from attrs import define, field, frozen

from sipsm import Call, CallState, Ended, EndReason, IncomingCall, Policy, Profile
from sipsm.testing import Agent, Link, Net, Streaming, nothing_left
from tests.simulation.improvised import Misconduct, Side
from tests.simulation.wire import Listener

R = EndReason
BEGIN_S = 30.0
MODES = ("udp", "tcp")

BY_ITSELF = frozenset({R.PEER_LOST, R.NOT_ACKNOWLEDGED, R.NO_ANSWER, R.NOT_REFRESHED})
"""Why either end may hang up without being told to: somebody does not answer what waits for it."""
ENDS: dict[EndReason, frozenset[EndReason | None]] = {
    # A refusal of ours is what the other side hears, and so is 487 or a 5xx for what was not answered in time. Who asks
    # for what we do not take is refused before anybody is told.
    R.REJECTED: frozenset({R.DECLINED, R.EXPIRED, R.NOT_ACKNOWLEDGED, R.NO_ANSWER, R.PEER_LOST, None}),
    # The CANCEL may cross a refusal, or the 2xx, and then the caller sends BYE; who waits with it may be refused first.
    R.CANCELLED: frozenset(
        {R.CANCELLED_BY_PEER, R.DECLINED, R.EXPIRED, R.HUNG_UP, R.HUNG_UP_BY_PEER, None, *BY_ITSELF}
    ),
    R.HUNG_UP_BY_PEER: frozenset({R.HUNG_UP, *BY_ITSELF}),
    # Both may hang up at once.
    **dict.fromkeys((R.HUNG_UP, *BY_ITSELF), frozenset({R.HUNG_UP, R.HUNG_UP_BY_PEER, *BY_ITSELF})),
    # The connection could not be made.
    R.TRANSPORT_FAILED: frozenset({None}),
    R.TIMED_OUT: frozenset(),
}
"""By what the caller is told: what the callee may be told, or None if he has never heard of the call."""
IN_SILENCE: dict[EndReason, frozenset[EndReason | None]] = {
    # Timer B: nothing came back, or no final response after the CANCEL had been given up (RFC 3261 9.1).
    R.TIMED_OUT: frozenset({None, R.DECLINED, R.EXPIRED, R.HUNG_UP, *BY_ITSELF}),
}
"""What else, where packets are lost; on a connection these only come later, but perhaps too late."""


@define(eq=False)
class World:
    """One seed."""

    net: Net
    draw: Random
    link: Link
    mode: str
    count: Counter[str] = field(factory=Counter)
    listeners: dict[str, Listener] = field(factory=dict)
    sides: dict[tuple[str, str], Side] = field(factory=dict)
    """By agent and Call-ID; those of a call that is tried again under another number are the last."""

    # ---------------------------------------------------------------- who is there

    def join(self, name: str) -> Agent:
        """An agent with settings of its own."""
        draw, net = self.draw, self.net
        listener = self.listeners[name] = Listener(name, net.recorder if net.recording else None)
        policy = Policy(
            reliable=draw.random() < 0.5,
            prack_by_hand=draw.random() < 0.3,
            extends_ringing=draw.random() < 0.5,
            session_interval_s=draw.choice((None, None, 90, 100)),
        )
        host = f"192.0.2.{len(net.agents) + 1}"
        profile = Profile(
            identity=f"<sip:{name}@{host}>", info_packages=("chat",), smallest_interval_s=draw.choice((90, 120))
        )
        spoken = ("UDP",) if self.mode == "udp" else ("TCP",)
        agent = net.agent(name, host, transports=spoken, policy=policy, profile=profile, watcher=listener)
        return agent

    def invite(self, caller: Agent, callee: Agent, number: int) -> None:
        """A call begins."""
        draw = Random(f"{self.net.seed}/{number}/{caller.name}")
        offer = b"" if draw.randrange(4) == 0 else None
        headers = [("Expires", "10")] if draw.randrange(8) == 0 else []
        if draw.randrange(8) == 0:
            headers.append(("Require", "100rel"))
        transport = ";transport=tcp" if self.mode == "tcp" else ""
        call = caller.invite(f"sip:{number}@{callee.host}{transport}", offer=offer, headers=headers)
        self.take_part(caller, call, draw)

    def come(self, agent: Agent, event: IncomingCall) -> None:
        """Somebody calls."""
        self.take_part(agent, event.call, Random(f"{self.net.seed}/{event.request.uri.user}/{agent.name}"))

    def take_part(self, agent: Agent, call: Call, draw: Random) -> None:
        """One side of a call begins."""
        if (agent.name, call.call_id) in self.sides:
            raise Misconduct(f"{call.call_id} begins twice")
        side = self.sides[agent.name, call.call_id] = Side(self.net, agent, call, draw, self.count)
        side.begin()

    # ---------------------------------------------------------------- what must hold

    def step(self, step: Any) -> str | None:
        """After each step of an endpoint: the events of calls, and the rules of the wire."""
        concerned: set[str] = set()
        for output in step.outputs:
            if isinstance(output, IncomingCall):
                self.come(step.agent, output)
            elif (call := getattr(output, "call", None)) is not None:
                side = self.sides.get((step.agent.name, call.call_id))
                if side is not None:
                    side.told(output)
                    concerned.add(call.call_id)
        for call_id in sorted(concerned):
            self.agree(call_id)
        return self.listeners[step.agent.name].broken or None

    def agree(self, call_id: str) -> None:
        """Whenever nothing is under way and both ends are up, they have agreed on the same session."""
        now = self.net.now
        ends = [side for (_, known), side in self.sides.items() if known == call_id]
        wires = [listener.wires[call_id] for listener in self.listeners.values() if call_id in listener.wires]
        if len(ends) < 2 or any(side.call.state is not CallState.ESTABLISHED for side in ends):
            return
        # What waits for a connection has not been seen on the wire.
        waits = any(side.agent.endpoint._flows.queued for side in ends)
        if waits or not all(wire.quiet(now) for wire in wires):
            return
        one, other = (side.call.agreed for side in ends)
        self.count["agreements compared"] += 1
        if one != (None if other is None else other[::-1]):
            raise Misconduct(f"{call_id} is up, and its ends have agreed on {one} and {other}")
        for side in ends:
            if side.wishes > side.waits:
                raise Misconduct(f"{side.agent.name} never heard what became of its change of {call_id}")

    # ---------------------------------------------------------------- the end

    def judge(self) -> None:
        """Nothing is left, and every call has ended at both ends as it may."""
        nothing_left(self.net)
        for listener in self.listeners.values():
            if listener.broken:
                raise Misconduct(listener.broken)
        for (_, call_id), side in self.sides.items():
            if not side.ended:
                raise Misconduct(f"{call_id} did not end at {side.agent.name}")
            if not side.call.outgoing:
                continue
            others = [o for (name, known), o in self.sides.items() if known == call_id and name != side.agent.name]
            self.verdict(call_id, side.ended[0], others[0].ended[0] if others else None)

    def verdict(self, call_id: str, caller: Ended, callee: Ended | None) -> None:
        """Count a pair of ends that may be, and refuse another."""
        pair = caller.reason, None if callee is None else callee.reason
        silent = self.link.loss > 0
        if pair[1] not in ENDS[pair[0]] and not (silent and pair[1] in IN_SILENCE.get(pair[0], ())):
            raise Misconduct(f"{call_id} ended as {pair[0]} and {pair[1]}, which do not go together")
        self.count[f"> {pair[0]}, {pair[1] or 'never told'}"] += 1


def run(
    seed: int,
    calls: int,
    *,
    loss: tuple[float, float] = (0.0, 0.4),
    modes: tuple[str, ...] = MODES,
    record: bool = False,
    reproduce: str = "",
) -> World:
    """Let so many calls take place between two, and judge them.

    Raises `AssertionError` where a rule is broken, with the account of the network.
    """
    draw = Random(f"{seed}/improvised")
    latency = draw.choice((0.0, 0.01, 0.1, 0.3))
    link = Link(
        latency=latency,
        jitter=draw.choice((0.0, latency)),
        loss=draw.uniform(*loss),
        duplicate=draw.choice((0.0, 0.2)),
        reorder=draw.choice((0.0, 0.3)),
        streams=Streaming(),
    )
    net = Net(seed, every=link, record=record, reproduce=reproduce)
    world = World(net, draw, link, draw.choice(modes))
    one, other = world.join("ann"), world.join("ben")
    net.check(world.step)
    for number in range(calls):
        caller, callee = (one, other) if draw.random() < 0.5 else (other, one)
        net.at(draw.uniform(0.0, BEGIN_S), partial(world.invite, caller, callee, number))
    net.run()
    try:
        world.judge()
    except Misconduct as error:
        error.add_note(net.account())
        raise
    return world


@frozen
class Job:
    """One seed, and what to do with it."""

    seed: int
    calls: int
    loss: tuple[float, float]
    modes: tuple[str, ...]

    @property
    def command(self) -> str:
        """What does it again."""
        loss, modes = "-".join(map(str, self.loss)), ",".join(self.modes)
        which = f"--seed {self.seed} --calls {self.calls} --in-each {self.calls} --loss {loss} --transports {modes}"
        return f"python -m tests.simulation.improvised_calls {which}"


def done(job: Job) -> tuple[Job, Counter[str], str]:
    """One seed."""
    gc.disable()
    try:
        world = run(job.seed, job.calls, loss=job.loss, modes=job.modes)
    except Exception as error:
        return job, Counter(), f"{type(error).__name__}: {str(error).splitlines()[0]}"
    finally:
        gc.collect()
        gc.enable()
    return job, world.count, ""


def failed(job: Job) -> None:
    """Do it once more, and tell all there is to tell."""
    try:
        run(job.seed, job.calls, loss=job.loss, modes=job.modes, record=True, reproduce=job.command)
    except Exception as error:
        print("\n".join([str(error), *getattr(error, "__notes__", [])]), file=sys.stderr)


def main(arguments: list[str]) -> int:
    """Run, and print the figures."""
    made = argparse.ArgumentParser(prog="python -m tests.simulation.improvised_calls", description=__doc__)
    made.add_argument("--calls", type=int, default=10_000, help="how many calls, in all")
    made.add_argument("--in-each", type=int, default=5, metavar="N", help="how many in each network")
    made.add_argument("--seed", type=int, default=0, help="of the first network; the next has the next")
    made.add_argument("--jobs", type=int, default=1, help="how many processes; 0 is one for each processor")
    made.add_argument("--loss", default="0-0.4", metavar="LOW-HIGH", help="the share of packets that are lost")
    made.add_argument("--transports", default=",".join(MODES), metavar="MODES", help="udp, tcp, or both with a comma")
    options = made.parse_args(arguments)
    low, _, high = options.loss.partition("-")
    loss, modes = (float(low), float(high or low)), tuple(options.transports.split(","))
    seeds = range(options.seed, options.seed + -(-options.calls // options.in_each))
    jobs = [Job(seed, options.in_each, loss, modes) for seed in seeds]
    began = perf_counter()
    count: Counter[str] = Counter()
    for job, found, failure in results(jobs, options.jobs):
        if failure:
            print(f"seed {job.seed} failed: {failure}", file=sys.stderr)
            failed(job)
            return 1
        count += found
    report(count, len(jobs), perf_counter() - began)
    return 0


def results(jobs: list[Job], processes: int) -> Iterator[tuple[Job, Counter[str], str]]:
    """What each job came to, in the order of the seeds."""
    if processes == 1:
        yield from map(done, jobs)
    else:
        with Pool(processes or os.cpu_count()) as pool:
            yield from pool.imap(done, jobs, chunksize=4)


def report(count: Counter[str], networks: int, seconds: float) -> None:
    """The figures: first what the calls came to, as caller and callee were told, then what was done and told."""
    calls = sum(number for name, number in count.items() if name.startswith("> "))
    print(f"{calls:,} calls in {networks:,} networks, {seconds:.1f} s")
    for name, number in sorted(count.items(), key=lambda each: (not each[0].startswith("> "), -each[1], each[0])):
        print(f"{number:>12,}  {name.removeprefix('> ')}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
