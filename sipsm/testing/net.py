"""A network that is simulated: endpoints, their packets, and time that jumps to what happens next.

Nothing waits and nothing is left to chance: all randomness comes from the seed, so the same program gives the same
bytes at the same times, on every machine. Times given to a `Net` are seconds since its start.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from heapq import heappop, heappush
from itertools import count
from operator import itemgetter
from random import Random
from typing import Any

from sipsm.endpoint import Endpoint
from sipsm.ids import Ids
from sipsm.role import Output, Profile
from sipsm.testing.agent import Agent
from sipsm.testing.invariants import EVERY_STEP, Invariant, InvariantBroken, Stepped
from sipsm.trace import Ladder, Recorder, ladder
from sipsm.transport import Address, Flow, Resolve, Send, is_numeric

HELD_BACK_S = 0.25
"""How long, at most, a packet is held back so that others overtake it."""
SHOWN = 100
"""How many messages an account shows, the last ones."""


class Net:
    """Any number of agents, and the datagrams between them.

    `loss`, `duplicate` and `reorder` are the shares of packets, 0 to 1, that are lost, doubled, and held back so that
    later ones overtake them. `delay` is how long a packet takes, in seconds: the same for all, or a lowest and a
    highest. `lose` names packets to be lost: `{"alice": (2, 3)}` are the second and the third that alice sends.
    `invariants` are checked after every step; none if it is empty.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        loss: float = 0.0,
        delay: float | tuple[float, float] = 0.0,
        duplicate: float = 0.0,
        reorder: float = 0.0,
        lose: Mapping[str, Collection[int]] | None = None,
        start: float = 1000.0,
        invariants: Iterable[Invariant] = EVERY_STEP,
    ) -> None:
        self.seed = seed
        self.loss = loss
        self.delay = delay if isinstance(delay, tuple) else (delay, delay)
        self.duplicate = duplicate
        self.reorder = reorder
        self.lose = dict(lose or {})
        self.start = start
        self.now = start
        """The present time, as the endpoints have it: `start` and the seconds since."""
        self.invariants = tuple(invariants)
        self.agents: dict[str, Agent] = {}
        self.names: dict[str, str | Sequence[str]] = {"atlanta.example.com": "alice", "biloxi.example.com": "bob"}
        """Where hosts are, beside those called as an agent: the name of an agent, or numeric addresses."""
        self.recorder = Recorder()
        self._random = Random(seed)
        self._at: dict[Address, Agent] = {}
        self._sent: dict[str, int] = {}
        self._coming: list[tuple[float, int, Callable[[], object]]] = []
        self._order = count()

    # ---------------------------------------------------------------- who is there

    def agent(self, name: str, host: str | None = None, **endpoint: Any) -> Agent:
        """The agent of this name, made on the first call: at `host`, by default 192.0.2.1, .2 and so on, port 5060.

        What else is given goes to its `Endpoint`. Its packets and steps are recorded under its name, and it is found
        under that name and under `name.example.com`. Raises `ValueError` for an agent that is to be made twice.
        """
        known = self.agents.get(name)
        if known is not None:
            if host is not None or endpoint:
                raise ValueError(f"{name} is there already, as {known!r}")
            return known
        host = host or _host(len(self.agents) + 1)
        at = f"[{host}]" if ":" in host else host
        endpoint.setdefault("profile", Profile(identity=f"<sip:{name}@{at}>"))
        endpoint.setdefault("ids", Ids(Random(f"{self.seed}/{name}")))
        agent = Agent(self, name, host, Endpoint(f"udp:{at}:5060", watcher=self.recorder.watcher(name), **endpoint))
        self.agents[name] = self._at[host, 5060] = agent
        return agent

    def addresses(self, host: str) -> Sequence[str]:
        """The numeric addresses of a host, none if there is no such host."""
        found = self.names.get(host, host.removesuffix(".example.com"))
        if not isinstance(found, str):
            return found
        if is_numeric(found):
            return (found,)
        agent = self.agents.get(found)
        return () if agent is None else (agent.host,)

    # ---------------------------------------------------------------- time

    def at(self, seconds: float, action: Callable[[], object]) -> None:
        """Have something done `seconds` after the start, or next if that has passed."""
        self._put(max(self.start + seconds, self.now), action)

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Have something done `seconds` from now."""
        self._put(self.now + seconds, action)

    def run(self, until: float | None = None, *, steps: int = 1_000_000) -> Ladder:
        """Let time pass until `until` seconds after the start, or until nothing more will happen.

        Returns the picture of all that has happened since the start: compare it with `sipsm.testing.ladder`. Raises
        `InvariantBroken` where an invariant does not hold, or where it is not quiet after so many `steps`; and what the
        agents' own functions raise. Each comes with an account of what happened before.
        """
        end = None if until is None else self.start + until
        try:
            for _ in range(steps):
                coming = self._next()
                if coming is None or (end is not None and coming[0] > end):
                    break
                self.now = max(self.now, coming[0])
                coming[1]()
            else:
                raise InvariantBroken(f"the network is not quiet after {steps} steps")
        except Exception as error:
            error.add_note(self.account())
            raise
        if end is not None:
            self.now = max(self.now, end)
        return self.ladder()

    @property
    def idle(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.next_at() is None

    def next_at(self) -> float | None:
        """When the next thing happens, as `now` counts; None when nothing will."""
        coming = self._next()
        return None if coming is None else coming[0]

    # ---------------------------------------------------------------- pictures

    def ladder(self, *, decimals: int = 1, explain: bool = False) -> Ladder:
        """The picture so far; with `explain`, every state change and the RFC section that says so."""
        return ladder(self.recorder.records, start=self.start, decimals=decimals, explain=explain)

    def account(self) -> str:
        """All that is needed to look into a failure: the seed, the time, the picture."""
        lines = self.ladder(decimals=3).split("\n")
        before = [f"({len(lines) - SHOWN} messages before)"] if len(lines) > SHOWN else []
        picture = "\n".join([*before, *lines[-SHOWN:]])
        return f"seed {self.seed}, {self.now - self.start:.3f} s after the start:\n{picture}"

    # ---------------------------------------------------------------- what agents use

    def asked(self, agent: Agent, what: str) -> None:
        """The agent's program is about to give a command."""
        self.recorder.asked(agent.name, what, self.now)

    def perform(self, agent: Agent, outputs: Iterable[Output], *, woken: bool = False) -> None:
        """Perform what an endpoint returned, and check the invariants."""
        outputs = tuple(outputs)
        for output in outputs:
            if isinstance(output, Send):
                self._carry(agent, output)
            elif isinstance(output, Resolve):
                self._put(self.now, partial(self._resolve, agent, output))
            else:
                agent.told(output)
        step = Stepped(agent, self.now, woken, outputs)
        for invariant in self.invariants:
            wrong = invariant(step)
            if wrong is not None:
                name = getattr(invariant, "__name__", "invariant")
                raise InvariantBroken(f"{name}: {agent.name} at {self.now}: {wrong}")

    # ----------------------------------------------------------------

    def _put(self, at: float, action: Callable[[], object]) -> None:
        heappush(self._coming, (at, next(self._order), action))

    def _next(self) -> tuple[float, Callable[[], object]] | None:
        """What happens next, and when. At equal times packets and plans come before timers."""
        due: list[tuple[float, Callable[[], object]]] = [(at, self._take) for at, _, _ in self._coming[:1]]
        for agent in self.agents.values():
            at = agent.endpoint.next_timeout()
            if at is not None:
                due.append((at, partial(self._wake, agent)))
        return min(due, key=itemgetter(0), default=None)

    def _take(self) -> None:
        heappop(self._coming)[2]()

    def _wake(self, agent: Agent) -> None:
        self.perform(agent, agent.endpoint.handle_timeout(self.now), woken=True)

    def _resolve(self, agent: Agent, resolve: Resolve) -> None:
        self.perform(agent, agent.endpoint.resolved(resolve, self.addresses(resolve.host), self.now))

    def _carry(self, agent: Agent, send: Send) -> None:
        flow, receiver = send.flow, self._at.get(send.flow.remote)
        self._sent[agent.name] = nth = self._sent.get(agent.name, 0) + 1
        lost = receiver is None or nth in self.lose.get(agent.name, ())
        arrives = () if lost else self._fate()
        self.recorder.carried(agent.name, flow, send.data, arrives, self.now)
        for at in arrives:
            self._put(at, partial(self._deliver, flow, send.data))

    def _deliver(self, flow: Flow, data: bytes) -> None:
        receiver = self._at[flow.remote]
        back = Flow(flow.transport, flow.remote, flow.local)
        self.perform(receiver, receiver.endpoint.receive(data, back, self.now))

    def _fate(self) -> tuple[float, ...]:
        """When a packet that leaves now arrives."""
        if self._random.random() < self.loss:
            return ()
        copies = 2 if self._random.random() < self.duplicate else 1
        return tuple(self.now + self._way() for _ in range(copies))

    def _way(self) -> float:
        way = self._random.uniform(*self.delay)
        held_back = self._random.random() < self.reorder
        return way + self._random.uniform(0.0, HELD_BACK_S) if held_back else way


def _host(number: int) -> str:
    # 192.0.2.0/24 is set aside for documentation (RFC 5737), 198.18.0.0/15 for benchmarks (RFC 2544).
    return f"192.0.2.{number}" if number < 255 else f"198.18.{number // 256}.{number % 256}"
