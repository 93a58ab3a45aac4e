"""Networks in which everything happens at once, each with its own seed: `python -m tests.simulation.mixed`.

Parties subscribe to each other, notify, publish, write, call and refer, without a plan (`tests.simulation.people`),
behind a network that is drawn as well; some crash, and come back empty or as they were. In most networks they register
at a domain, too, and reach each other by way of its proxy (`tests.simulation.home`). What must hold of that, while it
happens and in the end, is looked at by `tests.simulation.ledger`, and by what stands beside it. The first network in
which it does not hold ends the run: it is run once more, with pictures, and the command that does so is printed.
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
from sipsm.testing import Agent, Dns, InvariantBroken, Net, Tape, nothing_left
from tests.simulation.bindings import Bindings
from tests.simulation.call_ends import CallEnds
from tests.simulation.home import Home
from tests.simulation.ledger import Ledger
from tests.simulation.passing import Passing
from tests.simulation.passwords import Passwords
from tests.simulation.people import COMPOSED, TYPES, Person
from tests.simulation.residents import Resident
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
HOMES = 0.7
"""The share of networks whose parties register at a domain."""
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
    home: Home | None = None
    """The domain at which they are at home, if there is one."""
    passing: Passing | None = None
    ends: CallEnds = field(init=False)

    def join(self, name: str) -> None:
        """A party with settings of its own."""
        draw = self.draw
        composing = Composing(
            {event: (TYPES[event],) for event in COMPOSED},
            smallest_s=draw.choice((10, 60)),
            by_hand=draw.random() < 0.3,
        )
        host, home, spoken = f"192.0.2.{NAMES.index(name) + 1}", self.home, SPOKEN[self.mode][name]
        profile = Profile(
            identity=f"<sip:{name}@{host}>",
            event_packages=tuple(TYPES),
            composes=composing,
            takes_referrals=True,
            accounts=() if home is None else home.accounts(name),
            route=() if home is None else home.way_out(name, spoken),
        )
        policy = Policy(
            reliable=draw.random() < 0.3,
            redirections=0 if home is None else draw.choice((0, 3)),
            session_interval_s=draw.choice((None, None, 90)),
            shortest_subscription_s=draw.choice((10, 60)),
            longest_subscription_s=draw.choice((90, 7200)),
            resubscribes=draw.random() < 0.7,
            realm=None if home is None else home.realms.get(name),
        )
        agent = self.net.agent(name, host, transports=spoken, profile=profile, policy=policy)
        others = tuple(other for other in NAMES if other != name)
        chance = Random(f"{self.net.seed}/{name}/chance")
        known = (agent, self.ledger, chance, partial(self.target, name), others, self.ledger.count)
        person = Person(*known) if home is None else Resident(*known, home=home, spoken=spoken)
        self.people.append(person)
        person.reacts()
        pace, at = draw.choice((0.2, 1.0, 3.0, 6.0)), 0.0
        for _ in range(draw.choice((10, 25, 40)) * (1 if home is None else 2)):
            at += draw.expovariate(1 / pace)
            if at < END_S:
                self.net.at(at, person.improvise)
        if isinstance(person, Resident) and draw.random() < 0.9:
            self.net.at(draw.uniform(0.0, 3.0), person.register)

    def move_in(self) -> None:
        """Have a domain at which all of them are at home, and what must hold of it be looked at."""
        net, count = self.net, self.ledger.count
        passing = self.passing = Passing(net.recorder.watcher("home") if net.recording else None, self.ledger)
        home = self.home = Home(net, self.mode, NAMES, passing)
        passing.proxy, passing.records = home.proxy, home.records
        bindings, passwords = Bindings(home, count), Passwords(home, count)
        for rule in (
            passing.what_fails_is_known,
            passing.requests_are_forwarded_well,
            passing.an_invite_has_one_final_answer,
            passing.each_2xx_goes_on,
            bindings.bindings_are_wanted,
            passwords.wrong_passwords_are_not_tried_for_ever,
            passwords.right_passwords_are_let_in,
        ):
            net.check(rule)

    def target(self, caller: str, user: str, callee: str) -> str:
        """A user at a party: one in eight looks for a name, the others know the address; or who is at home there."""
        if self.home is not None and self.draw.random() < 0.6:
            return self.home.address(callee, SPOKEN[self.mode][caller])
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
            self.net.at(back, partial(self.returned, agent, before))

    def returned(self, agent: Agent, before: float | None) -> None:
        """Somebody is there again, as he was so many seconds before; None: with nothing."""
        self.ledger.returned(agent, exact=before == 0.0)
        if self.home is not None:
            self.home.returned(agent.name, before is None)
        if self.passing is not None and agent is self.passing.proxy:
            self.passing.returned(before == 0.0)

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
        if self.passing is not None:
            self.passing.all_were_answered()
        nothing_left(self.net)
        self.ledger.all_have_ended()
        self.ledger.reasons_fit()
        self.ends.calls_end_alike()


def run(
    seed: int,
    weather: Weather = USUAL,
    *,
    homes: float = HOMES,
    record: bool = False,
    reproduce: str = "",
    tape: Tape | None = None,
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
    if Random(f"{seed}/homes").random() < homes and tape is None:
        world.move_in()
    world.ends = CallEnds(net, world.home, ledger.count)
    net.check(world.ends.calls_are_written_down)
    for name in NAMES:
        world.join(name)
    there = tuple(net.agents)
    if draw.random() < weather.cuts:
        start = draw.uniform(0.0, END_S)
        net.partition(draw.sample(there, 1), start=start, end=start + draw.choice((1.0, 10.0, 40.0)))
    if draw.random() < weather.crashes:
        for name in draw.sample(there, draw.randint(1, len(there) // 2)):
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
    homes: float

    @property
    def command(self) -> str:
        """What does it again."""
        low, high = self.weather.loss
        modes = ",".join(self.weather.modes)
        which = f"--seed {self.seed} --networks 1 --loss {low}-{high} --crashes {self.weather.crashes}"
        return f"python -m tests.simulation.mixed {which} --homes {self.homes} --transports {modes}"


def done(job: Job) -> tuple[Job, Counter[str], str]:
    """One seed."""
    gc.disable()
    try:
        world = run(job.seed, job.weather, homes=job.homes)
    except Exception as error:
        return job, Counter(), f"{type(error).__name__}: {str(error).splitlines()[0]}"
    finally:
        gc.collect()
        gc.enable()
    return job, world.ledger.count + Counter({"crashes": world.crashes}), ""


def failed(job: Job) -> None:
    """Do it once more, and tell all there is to tell."""
    try:
        run(job.seed, job.weather, homes=job.homes, record=True, reproduce=job.command)
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
    made.add_argument("--homes", type=float, default=HOMES, help="the share of networks with a domain to register at")
    made.add_argument("--transports", default=",".join(MODES), metavar="MODES", help="udp, tcp, mixed, with commas")
    options = made.parse_args(arguments)
    low, _, high = options.loss.partition("-")
    modes = tuple(options.transports.split(","))
    weather = Weather(loss=(float(low), float(high or low)), crashes=options.crashes, modes=modes)
    jobs = [Job(seed, weather, options.homes) for seed in range(options.seed, options.seed + options.networks)]
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
