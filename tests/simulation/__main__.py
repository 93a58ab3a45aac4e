"""Many calls in many simulated networks, each with its own seed: `python -m tests.simulation --calls 100000`.

What each call came to is judged (`tests.simulation.world`) and counted. The first one that came to what it may not
ends the run: its seed is run once more, with pictures, and the command that does so is printed.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections import Counter
from collections.abc import Iterator
from multiprocessing import Pool
from time import perf_counter

from attrs import frozen

from tests.simulation.world import MODES, Weather, run

BOUNDS = {
    "loss": "the share of packets that are lost",
    "duplicate": "the share that arrive twice",
    "reorder": "the share that others overtake",
    "latency": "seconds that a packet takes, and as many of jitter",
    "breaks": "the share of what is sent on connections that breaks one, or stalls, or is the last of its side",
}
SHARES = {
    "cuts": "the share of networks that are parted for a while",
    "crashes": "the share of networks in which agents crash, and most come back",
}
FAULTS = ("reset", "half-closed", "not made", "not sent", "held up", "slow to make")


@frozen
class Job:
    """One seed, and what to do with it."""

    seed: int
    calls: int
    weather: Weather
    command: str


def main(arguments: list[str]) -> int:
    """Run, print the figures, and return how a process should end."""
    options = parser().parse_args(arguments)
    weather = Weather(
        **{name: getattr(options, name) for name in (*BOUNDS, *SHARES)}, modes=tuple(options.transports.split(","))
    )
    jobs = list(planned(options, weather))
    began = perf_counter()
    figures: Counter[str] = Counter()
    for job, found, failure in results(jobs, options.jobs):
        if failure:
            print(f"seed {job.seed} failed: {failure}", file=sys.stderr)
            return failed(job)
        figures += found
    report(figures, len(jobs), perf_counter() - began, weather)
    return 0


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    made.add_argument("--calls", type=int, default=10_000, help="how many calls, in all")
    made.add_argument("--in-each", type=int, default=50, metavar="N", help="how many in each network")
    made.add_argument("--seed", type=int, default=0, help="of the first network; the next has the next")
    made.add_argument("--jobs", type=int, default=1, help="how many processes; 0 is one for each processor")
    usual = Weather()
    for name, what in BOUNDS.items():
        made.add_argument(f"--{name}", type=bounds, default=getattr(usual, name), metavar="LOW-HIGH", help=what)
    for name, what in SHARES.items():
        made.add_argument(f"--{name}", type=share, default=getattr(usual, name), metavar="SHARE", help=what)
    made.add_argument(
        "--transports",
        type=transports,
        default=",".join(MODES),
        metavar="MODES",
        help=f"what the networks speak, each one of these: {','.join(MODES)}",
    )
    return made


def bounds(text: str) -> tuple[float, float]:
    """`0.1-0.4`, or one number for both; to the millionth, as the command says it again."""
    low, _, high = text.partition("-")
    return round(float(low), 6), round(float(high or low), 6)


def share(text: str) -> float:
    """To the millionth, too."""
    return round(float(text), 6)


def transports(text: str) -> str:
    """`udp`, `tcp`, `mixed`, or several with commas."""
    if not set(text.split(",")) <= set(MODES):
        raise ValueError(text)
    return text


def planned(options: argparse.Namespace, weather: Weather) -> Iterator[Job]:
    """A job for each seed, with the command that does it alone."""
    network = " ".join(
        [
            *(f"--{name} {low:.6f}-{high:.6f}" for name in BOUNDS for low, high in [getattr(weather, name)]),
            *(f"--{name} {getattr(weather, name):.6f}" for name in SHARES),
            f"--transports {options.transports}",
        ]
    )
    left = options.calls
    seed = options.seed
    while left > 0:
        calls = min(left, options.in_each)
        command = f"python -m tests.simulation --seed {seed} --calls {calls} --in-each {calls} {network}"
        yield Job(seed, calls, weather, command)
        left -= calls
        seed += 1


def results(jobs: list[Job], processes: int) -> Iterator[tuple[Job, Counter[str], str]]:
    """What each job came to, in the order of the seeds: its figures, or what went wrong."""
    if processes == 1:
        gc.freeze()
        yield from map(done, jobs)
        gc.unfreeze()
    else:
        with Pool(processes or os.cpu_count(), initializer=gc.freeze) as pool:
            yield from pool.imap(done, jobs, chunksize=4)


def done(job: Job) -> tuple[Job, Counter[str], str]:
    """Do it."""
    # A network is one knot of references: better untied as a whole, when it is over, than looked through all the time.
    # All that was there before it is frozen.
    gc.disable()
    try:
        world = run(job.seed, job.calls, job.weather)
    except Exception as error:
        return job, Counter(), f"{type(error).__name__}: {str(error).splitlines()[0]}"
    finally:
        gc.collect()
        gc.enable()
    figures = world.net.figures() | {world.mode: 1, "crashes": world.crashes, "cuts": len(world.cuts)}
    return job, world.verdicts + Counter({f" {name}": number for name, number in figures.items()}), ""


def failed(job: Job) -> int:
    """Do it once more, and tell all there is to tell."""
    try:
        run(job.seed, job.calls, job.weather, record=True, reproduce=job.command)
    except Exception as error:
        print("\n".join([str(error), *getattr(error, "__notes__", [])]), file=sys.stderr)
    else:
        print("it does not fail with pictures: a watcher has changed something", file=sys.stderr)
    return 1


def report(figures: Counter[str], networks: int, seconds: float, weather: Weather) -> None:
    """The figures."""
    verdicts = Counter({name: number for name, number in figures.items() if not name.startswith(" ")})
    calls = sum(number for name, number in verdicts.items() if "OPTIONS" not in name)
    # A name with a space before it is a figure of the networks.
    of = {name: figures[f" {name}"] for name in ("sent", "lost", "doubled", "steps", "connections", "crashes", "cuts")}
    modes = ", ".join(f"{figures[f' {mode}']:,} {mode}" for mode in MODES)
    print(f"{calls:,} calls in {networks:,} networks ({modes}), {seconds:.1f} s: {calls / seconds:,.0f} calls a second")
    low, high = weather.loss
    percent = 100 / max(1, of["sent"])
    print(
        f"{of['sent']:,} datagrams, of which {of['lost'] * percent:.1f} % were lost "
        f"({low:.0%} to {high:.0%} by network) and {of['doubled'] * percent:.1f} % doubled; {of['steps']:,} steps"
    )
    faults = ", ".join(f"{figures[f' {name}']:,} {name}" for name in FAULTS)
    print(f"{of['connections']:,} connections: {faults}; {of['cuts']:,} partitions, {of['crashes']:,} crashes")
    for name, number in verdicts.most_common():
        print(f"{number:>12,}  {name}")
    print("After each network had come to rest: no transaction, timer, call, dialog or connection was left anywhere.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
