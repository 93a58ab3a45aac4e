"""Networks in which everything happens at once, each with its own seed: `python -m tests.simulation.mixed`.

Parties subscribe to each other, notify, publish, write, call and refer, without a plan (`tests.simulation.people`),
behind a network that is drawn as well; some crash, and come back empty or as they were. What must hold of that, while
it happens and in the end, is looked at by `tests.simulation.ledger`. The first network in which it does not hold ends
the run: it is run once more, with pictures, and the command that does so is printed.
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

from attrs import define, field, frozen

from sipsm import Composing, Policy, Profile
from sipsm.testing import Dns, InvariantBroken, Net, Tape, nothing_left
from tests.simulation.ledger import Ledger
from tests.simulation.people import COMPOSED, TYPES, Person
from tests.simulation.world import MODES, SPOKEN, Weather

NAMES = ("ann", "ben", "cat", "dan")
"""Those in `SPOKEN`."""
END_S = 150.0
"""So long they do what they like; then they leave."""
LOOKS_S = 3.7
"""How often what both ends know is compared."""
TRIES = 14
AGAIN_S = 41.0
"""How often, and after how many seconds, they try to end what is still there."""
USUAL = Weather(loss=(0.0, 0.35), crashes=0.5)


@define(eq=False)
class World:
    """One seed."""

    net: Net
    mode: str
    draw: Random
    ledger: Ledger
    people: list[Person] = field(factory=list)
    crashes: int = 0

    def join(self, name: str) -> None:
        """A party with settings of its own."""
        draw = self.draw
        composing = Composing(
            {event: (TYPES[event],) for event in COMPOSED},
            smallest_s=draw.choice((10, 60)),
            by_hand=draw.random() < 0.3,
        )
        host = f"192.0.2.{len(self.net.agents) + 1}"
        profile = Profile(
            identity=f"<sip:{name}@{host}>",
            event_packages=tuple(TYPES),
            composes=composing,
            takes_referrals=True,
        )
        policy = Policy(
            reliable=draw.random() < 0.3,
            session_interval_s=draw.choice((None, None, 90)),
            shortest_subscription_s=draw.choice((10, 60)),
            longest_subscription_s=draw.choice((90, 7200)),
            resubscribes=draw.random() < 0.7,
        )
        agent = self.net.agent(name, host, transports=SPOKEN[self.mode][name], profile=profile, policy=policy)
        others = tuple(other for other in NAMES if other != name)
        chance = Random(f"{self.net.seed}/{name}/chance")
        person = Person(agent, self.ledger, chance, partial(self.target, name), others, self.ledger.count)
        self.people.append(person)
        person.reacts()
        pace, at = draw.choice((0.2, 1.0, 3.0, 6.0)), 0.0
        for _ in range(draw.choice((10, 25, 40))):
            at += draw.expovariate(1 / pace)
            if at < END_S:
                self.net.at(at, person.improvise)

    def target(self, caller: str, user: str, callee: str) -> str:
        """A user at a party: one in eight looks for a name, the others know the address."""
        host = f"192.0.2.{NAMES.index(callee) + 1}" if self.draw.randrange(8) else f"{callee}.example.com"
        spoken = [each for each in SPOKEN[self.mode][callee] if each in SPOKEN[self.mode][caller]]
        tcp = "TCP" in spoken and ("UDP" not in spoken or self.draw.randrange(2) == 0)
        return f"sip:{user}@{host};transport=tcp" if tcp else f"sip:{user}@{host}"

    def crash(self, name: str) -> None:
        """Let one crash, who comes back empty, or as it was then or shortly before; or never."""
        draw, agent = self.draw, self.net.agents[name]
        self.crashes += 1
        at = draw.uniform(1.0, END_S)
        how = draw.randrange(8)
        back = None if how == 0 else at + draw.choice((0.1, 3.0, 20.0, 50.0)) * draw.uniform(0.5, 1.0)
        before = draw.choice((0.0, 0.0, 0.1, 5.0)) if how > 2 else None
        saved = None if before is None else max(at - before, 0.0)
        self.net.crash(name, at, back, saved=saved)
        if back is None:
            self.ledger.stale.add(name)
        else:
            self.net.at(back, partial(self.ledger.returned, agent, exact=before == 0.0))

    def look(self) -> None:
        """What both ends know is compared."""
        self.ledger.what_is_said_is_heard()
        self.ledger.tags_agree()

    def leave(self) -> None:
        """All end what they have."""
        for person in self.people:
            person.leave()

    def judge(self) -> None:
        """All is over."""
        nothing_left(self.net)
        self.ledger.all_have_ended()
        self.ledger.reasons_fit()


def run(
    seed: int, weather: Weather = USUAL, *, record: bool = False, reproduce: str = "", tape: Tape | None = None
) -> World:
    """Let it all happen, and judge it.

    Raises `AssertionError` where a rule is broken, with the account of the network.
    """
    draw = Random(f"{seed}/mixed")
    dns = Dns(latency=draw.uniform(0.0, 0.2), jitter=draw.uniform(0.0, 0.2))
    net = Net(seed, every=weather.link(draw), dns=dns, record=record, reproduce=reproduce, tape=tape)
    ledger = Ledger(net)
    for rule in (
        ledger.each_ends_once,
        ledger.versions_are_ordered,
        ledger.messages_keep_their_order,
        ledger.a_referral_ends_with_a_final_status,
        ledger.is_written_down,
    ):
        net.check(rule)
    world = World(net, draw.choice(weather.modes), draw, ledger)
    for name in NAMES:
        world.join(name)
    if draw.random() < weather.cuts:
        start = draw.uniform(0.0, END_S)
        net.partition(draw.sample(NAMES, 1), start=start, end=start + draw.choice((1.0, 10.0, 40.0)))
    if draw.random() < weather.crashes:
        for name in draw.sample(NAMES, draw.randint(1, 2)):
            world.crash(name)
    for number in range(1, int((END_S + TRIES * AGAIN_S) / LOOKS_S)):
        net.at(number * LOOKS_S, world.look)
    for number in range(TRIES):
        net.at(END_S + number * AGAIN_S, world.leave)
    net.run()
    try:
        world.judge()
    except InvariantBroken as error:
        if not getattr(error, "__notes__", None) and "seed" not in str(error):
            error.add_note(net.account())
        raise
    return world


# -------------------------------------------------------------------- many of them


@frozen
class Job:
    """One seed, and what to do with it."""

    seed: int
    weather: Weather

    @property
    def command(self) -> str:
        """What does it again."""
        low, high = self.weather.loss
        modes = ",".join(self.weather.modes)
        which = f"--seed {self.seed} --networks 1 --loss {low}-{high} --crashes {self.weather.crashes}"
        return f"python -m tests.simulation.mixed {which} --transports {modes}"


def done(job: Job) -> tuple[Job, Counter[str], str]:
    """One seed."""
    gc.disable()
    try:
        world = run(job.seed, job.weather)
    except Exception as error:
        return job, Counter(), f"{type(error).__name__}: {str(error).splitlines()[0]}"
    finally:
        gc.collect()
        gc.enable()
    return job, world.ledger.count + Counter({"crashes": world.crashes}), ""


def failed(job: Job) -> None:
    """Do it once more, and tell all there is to tell."""
    try:
        run(job.seed, job.weather, record=True, reproduce=job.command)
    except Exception as error:
        print("\n".join([str(error), *getattr(error, "__notes__", [])]), file=sys.stderr)


def main(arguments: list[str]) -> int:
    """Run, and print the figures."""
    made = argparse.ArgumentParser(prog="python -m tests.simulation.mixed", description=__doc__)
    made.add_argument("--networks", type=int, default=1000, metavar="N", help="how many")
    made.add_argument("--seed", type=int, default=0, help="of the first network; the next has the next")
    made.add_argument("--jobs", type=int, default=1, help="how many processes; 0 is one for each processor")
    made.add_argument("--loss", default="0-0.35", metavar="LOW-HIGH", help="the share of packets that are lost")
    made.add_argument("--crashes", type=float, default=0.5, help="the share of networks in which agents crash")
    made.add_argument("--transports", default=",".join(MODES), metavar="MODES", help="udp, tcp, mixed, with commas")
    options = made.parse_args(arguments)
    low, _, high = options.loss.partition("-")
    modes = tuple(options.transports.split(","))
    weather = Weather(loss=(float(low), float(high or low)), crashes=options.crashes, modes=modes)
    jobs = [Job(seed, weather) for seed in range(options.seed, options.seed + options.networks)]
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
    """The figures: how subscriptions ended, as subscriber and notifier were told; what was compared, done and told."""
    print(f"{networks:,} networks, {seconds:.1f} s")
    for name, number in sorted(count.items(), key=lambda each: (not each[0].startswith("> "), -each[1], each[0])):
        print(f"{number:>12,}  {name.removeprefix('> ')}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
