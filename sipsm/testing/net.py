"""A network that is simulated: endpoints, what they send, and time that jumps to what happens next.

Nothing waits and nothing is left to chance: all randomness comes from the seed, so the same program gives the same
bytes at the same times, on every machine. Times given to a `Net` are seconds since its start.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from random import Random
from typing import Any

from sipsm.endpoint import Endpoint, Proxy
from sipsm.endpoint.snapshot import restore, restore_proxy, save
from sipsm.errors import LocalProtocolError
from sipsm.ids import Ids
from sipsm.role import Profile
from sipsm.testing.agent import Agent
from sipsm.testing.clock import FOREVER, Clock
from sipsm.testing.collecting import few_full_searches
from sipsm.testing.faults import Cut, names_of
from sipsm.testing.invariants import EVERY_STEP, Invariant, InvariantBroken, Stepped
from sipsm.testing.link import Link, Way
from sipsm.testing.names import Dns, Record, records, type_of
from sipsm.testing.reproduce import begun, command
from sipsm.testing.streams import Streams
from sipsm.testing.tape import Tape, held
from sipsm.trace import Arrived, Carried, Ladder, Left, Recorder, ladder
from sipsm.trace import Record as TraceRecord
from sipsm.transport import Address, Close, Flow, Open, Resolve, Send
from sipsm.transport.flow import RELIABLE

SHOWN = 100
"""How many messages an account shows, the last ones."""
PORTS = {"TLS": 5061, "WSS": 5061}
"""Where an agent listens, if not at 5060 (RFC 3261 19.1.2)."""
Path = tuple[Agent, Way, Flow, Address]
"""Where the datagrams of a flow go: to whom, on which way, the flow as who receives them has it, and its address."""


class Net:
    """Any number of agents, and what they send each other.

    `loss`, `duplicate` and `reorder` are the shares of packets, 0 to 1, that are lost, doubled, and held back so that
    later ones overtake them. `delay` is how long a packet takes, in seconds: the same for all, or a lowest and a
    highest. These are of all links for which `link` has said nothing else; `every` is such a link as a whole.
    `lose` names packets to be lost: `{"alice": (2, 3)}` are the second and the third that alice sends.
    `dns` is how it is to ask for names. `invariants` are checked after every step, or every `check_every`-th of the
    network; none if it is empty. Without `record` there are no pictures, and all is faster. `tape` records the run so
    that it can be replayed; `reproduce` is the command that runs it again, in pytest by default the test's.
    `snapshots` are the functions by which an endpoint is saved and restored; a proxy is restored by its own.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        loss: float = 0.0,
        delay: float | tuple[float, float] = 0.0,
        duplicate: float = 0.0,
        reorder: float = 0.0,
        every: Link | None = None,
        lose: Mapping[str, Collection[int]] | None = None,
        dns: Dns | None = None,
        start: float = 1000.0,
        invariants: Iterable[Invariant] = EVERY_STEP,
        check_every: int = 1,
        record: bool = True,
        tape: Tape | None = None,
        reproduce: str | None = None,
        snapshots: tuple[Callable[[Any], bytes], Callable[..., Any]] = (save, restore),
    ) -> None:
        self.seed = seed
        low, high = delay if isinstance(delay, tuple) else (delay, delay)
        self.every = every or Link(low, high - low, loss, duplicate, reorder)
        """The link between any two agents for which `link` has said nothing else."""
        self.lose = dict(lose or {})
        self.dns = dns or Dns()
        self.start = start
        self.invariants = tuple(invariants)
        self.check_every = check_every
        self.agents: dict[str, Agent] = {}
        self.names: dict[str, str | Sequence[Record]] = {"atlanta.example.com": "alice", "biloxi.example.com": "bob"}
        """What names have, beside those of agents: see `sipsm.testing.names`."""
        self.recorder = Recorder()
        self.recording = record
        self.tape = tape
        self._snapshots = snapshots
        self.reproduce = command() if reproduce is None else reproduce
        """The command that runs this again."""
        self.noted = False
        """Whether an exception has carried the account of this network."""
        self.clock = Clock(start, self._wake)
        self.plan = self.clock.plan
        self._random = Random(seed)
        self.streams = Streams(self, Random(f"{seed}/streams"))
        """The connections."""
        self._asking = Random(f"{seed}/names")
        self._hosts: dict[str, Agent] = {}
        self._at: dict[Address, Agent] = {}
        self._sent: dict[str, int] = {}
        self._links: dict[tuple[str, str], Link] = {}
        self._ways: dict[tuple[str, str], Way] = {}
        self._retired: list[Way] = []
        self._cuts: list[Cut] = []
        self._arrives = self._deliver
        """The method itself: asked for by its name, each datagram would make one of its own."""
        self._actions: dict[type, Callable[[Agent, Any], None]] = {
            Send: self._carry,
            Resolve: self._ask,
            Open: self.streams.open,
            Close: self.streams.close,
        }
        """How each action is performed; all else that comes out of an endpoint are events."""
        if tape is not None:
            tape.begins(seed, start)
        begun(self)

    @property
    def now(self) -> float:
        """The present time, as the endpoints have it: `start` and the seconds since."""
        return self.clock.now

    # ---------------------------------------------------------------- who is there

    def agent(
        self,
        name: str,
        host: str | None = None,
        *,
        transports: Sequence[str] = ("UDP",),
        make: Callable[..., Any] = Endpoint,
        **endpoint: Any,
    ) -> Agent:
        """The agent of this name, made on the first call: at `host`, by default 192.0.2.1, .2 and so on, port 5060.

        It listens on each of the `transports`; on those with TLS, at port 5061. What else is given goes to its
        `Endpoint`, or to what `make` makes in its place, after the addresses. Its packets and steps are
        recorded under its name, and it is found under that name and under `name.example.com`. Raises `ValueError` for
        an agent that is to be made twice.
        """
        known = self.agents.get(name)
        if known is not None:
            if host is not None or endpoint:
                raise ValueError(f"{name} is there already, as {known!r}")
            return known
        host = host or _host(len(self.agents) + 1)
        if host in self._hosts:
            raise ValueError(f"{host} is the address of {self._hosts[host].name} already")
        at = f"[{host}]" if ":" in host else host
        if make is not Proxy:
            endpoint.setdefault("profile", Profile(identity=f"<sip:{name}@{at}>"))
        listens = [(transport, PORTS.get(transport, 5060)) for transport in transports]
        local = [f"{transport.lower()}:{at}:{port}" for transport, port in listens]

        def born(life: int) -> Any:
            return make(*local, **(self.own(name, life) | endpoint))

        if self.tape is not None:
            self.tape.joins(name, local, self.source(name), endpoint)
        agent = Agent(self, name, host, born, rank=len(self.agents) + 1, listens=frozenset(listens))
        self.agents[name] = self._hosts[host] = agent
        if "UDP" in transports:
            self._at[host, 5060] = agent
        return agent

    def proxy(
        self, name: str, host: str | None = None, *, transports: Sequence[str] = ("UDP",), **settings: Any
    ) -> Agent:
        """The proxy of this name, made on the first call, as `agent` makes one; `settings` go to its `Proxy`.

        Raises `ValueError` in a network with a tape, which can hold no proxies.
        """
        if self.tape is not None:
            raise ValueError(f"{name} is a proxy, which no tape can hold")
        return self.agent(name, host, transports=transports, make=Proxy, **settings)

    def own(self, name: str, life: int = 0) -> dict[str, Any]:
        """What every endpoint of an agent is made with: its names, drawn from the seed, and its watcher."""
        watcher = self.recorder.watcher(name) if self.recording else None
        return {"ids": Ids(Random(self.source(name, life))), "watcher": watcher}

    def source(self, name: str, life: int = 0) -> str:
        """From what an agent's endpoint draws its names: another in each of its lives."""
        return f"{self.seed}/{name}/{life}" if life else f"{self.seed}/{name}"

    def addresses(self, host: str) -> Sequence[str]:
        """The numeric addresses of a host, none if there is no such host."""
        return tuple(record for record in records(self.names, host, self._host_of) if isinstance(record, str))

    # ---------------------------------------------------------------- what lies between them

    def link(self, one: str, other: str, link: Link, back: Link | None = None) -> None:
        """From now on this is the link between two agents; `back` is that from the other to the one, if it differs."""
        for pair, way in (((one, other), link), ((other, one), back or link)):
            self._links[pair] = way
            if pair in self._ways:
                self._retired.append(self._ways.pop(pair))
                self.agents[pair[0]].paths.clear()

    def partition(
        self,
        some: Iterable[str] | str,
        others: Iterable[str] | str | None = None,
        start: float = 0.0,
        end: float | None = None,
    ) -> None:
        """Let nothing get from some agents to others, nor back, from `start` to `end`; to everybody else by default.

        Datagrams that leave or would arrive in that time are lost; what is sent on connections is sent again.
        """
        until = FOREVER if end is None else self.start + end
        self._cuts.append(Cut(names_of(some), None if others is None else names_of(others), self.start + start, until))

    def crash(self, name: str, at: float, back: float | None = None, *, saved: float | None = None) -> None:
        """Let an agent's endpoint be gone at some time, and come back at another, or never.

        It comes back empty; or as it was when it had been `saved`, at that time or shortly before. Packets that would
        arrive meanwhile are lost, and its connections are reset. What its script had planned for the calls that it
        still has is done when it is back, and so is what it has done since it was saved.
        """
        agent = self.agents[name]
        down, up = self.start + at, FOREVER if back is None else self.start + back
        if not self.now <= down <= up:
            raise ValueError(f"{name} cannot crash at {at} and be back at {back}")
        agent.away.append((down, up))
        if saved is not None:
            if not self.now <= self.start + saved <= down:
                raise ValueError(f"{name} cannot be saved at {saved} and crash at {at}")
            self.plan(self.start + saved, self._save, agent)
        self.plan(down, self._crash, agent)
        if back is not None:
            self.plan(up, self._return, agent, saved is not None)

    # ---------------------------------------------------------------- time

    def at(self, seconds: float, action: Callable[[], object]) -> None:
        """Have something done `seconds` after the start, or next if that has passed."""
        self.plan(max(self.start + seconds, self.now), action)

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Have something done `seconds` from now."""
        self.plan(self.now + seconds, action)

    def run(self, until: float | None = None, *, steps: int = 1_000_000) -> Ladder:
        """Let time pass until `until` seconds after the start, or until nothing more will happen.

        Returns the picture of all that has happened since the start: compare it with `sipsm.testing.ladder`. Raises
        `InvariantBroken` where an invariant does not hold, or where it is not quiet after so many `steps`; and what the
        agents' own functions raise. Each comes with an account of what happened before.
        """
        end = FOREVER if until is None else self.start + until
        clock = self.clock
        self._watch_all()
        try:
            with few_full_searches():
                quiet = clock.run(end, steps)
            if not quiet:
                raise InvariantBroken(f"the network is not quiet after {steps} steps")
        except Exception as error:
            self.noted = True
            error.add_note(self.account())
            raise
        if until is not None:
            clock.now = max(clock.now, end)
        return self.ladder()

    @property
    def idle(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.next_at() is None

    def next_at(self) -> float | None:
        """When the next thing happens, as `now` counts; None when nothing will."""
        self._watch_all()
        return self.clock.next_at()

    def _watch_all(self) -> None:
        for agent in self.agents.values():
            self.clock.watch(agent, agent.next_timeout())

    # ---------------------------------------------------------------- what must hold, and pictures

    def check(self, invariant: Invariant) -> Invariant:
        """Check this from now on, too; it may stand above a function as `@net.check`."""
        self.invariants += (invariant,)
        return invariant

    def ladder(self, *, decimals: int = 1, explain: bool = False, about: str = "") -> Ladder:
        """The picture so far; with `explain`, every state change and the RFC section that says so.

        `about` leaves out every message without these characters, such as a Call-ID, and then all state changes.
        """
        records: Sequence[TraceRecord] = self.recorder.records if explain else self.recorder.messages
        if about:
            text = about.encode()
            records = [
                record for record in records if isinstance(record, Left | Arrived | Carried) and text in record.data
            ]
        names = {(agent.host, port): agent.name for agent in self.agents.values() for _, port in agent.listens}
        return ladder(records, start=self.start, decimals=decimals, names=names, explain=explain)

    def figures(self) -> dict[str, int]:
        """How many things have happened; how many datagrams the links have carried, lost and doubled; how many
        connections were made, and what befell them: see `Fault`."""
        ways = [*self._retired, *self._ways.values()]
        counts = {name: sum(getattr(way, name) for way in ways) for name in ("sent", "lost", "doubled")}
        faults = Counter(fault.what for fault in self.streams.faults)
        return {"steps": self.clock.steps, **counts, "connections": self.streams.made, **faults}

    def account(self, about: str = "") -> str:
        """All that is needed to look into a failure: the command, the seed, the time, the picture."""
        lines = self.ladder(decimals=3, about=about).split("\n") if self.recording else ["(not recorded)"]
        before = [f"({len(lines) - SHOWN} messages before)"] if len(lines) > SHOWN else []
        again = [f"to see it again: {self.reproduce}"] if self.reproduce else []
        when = f"seed {self.seed}, {self.now - self.start:.3f} s after the start:"
        return "\n".join([*again, when, *before, *lines[-SHOWN:]])

    # ---------------------------------------------------------------- what agents and connections use

    def command(self, agent: Agent, what: str | None, command: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Give a command of an endpoint or of a call, and perform its outputs; returns what comes beside them.

        `what` says it in words; without it, the function's name does.
        """
        return self.give(agent, what, command, args, options)

    def give(
        self,
        agent: Agent,
        what: str | None,
        command: Callable[..., Any],
        args: tuple[Any, ...],
        options: Mapping[str, Any],
    ) -> Any:
        """The same, with what the command is given in one piece each."""
        if not agent.up:
            raise LocalProtocolError(f"{agent.name} has crashed: nobody is there to {what or _words(command)}")
        now = self.clock.now
        if self.recording:
            self.recorder.asked(agent.name, what or _words(command), now)
        if self.tape is not None:
            self.tape.asks(agent.name, now, command, args, options)
        try:
            done = command(*args, now=now, **options) if options else command(*args, now=now)
        except LocalProtocolError:
            if self.tape is not None:
                self.tape.refused()
            raise
        if done.__class__ is not tuple:
            self.perform(agent, done)
            return None
        beside, outputs = done
        self.perform(agent, outputs, False, beside)
        return beside

    def tell(self, host: Agent, name: str, *args: Any, **options: Any) -> None:
        """Call this function of an agent's endpoint, and perform what it returns."""
        if self.tape is not None:
            self.tape.takes(host.name, self.now, name, args, **options)
        self.perform(host, getattr(host.endpoint, name)(*args, now=self.now, **options))

    def perform(self, agent: Agent, outputs: Iterable[Any], woken: bool = False, beside: Any = None) -> None:
        """Perform what an endpoint returned, and check the invariants."""
        tape, invariants = self.tape, self.invariants
        if invariants or tape is not None:
            outputs = tuple(outputs)
            if tape is not None:
                tape.gives(agent.name, self.clock.now, outputs, beside)
        actions = self._actions
        for output in outputs:
            kind = output.__class__
            if kind is Send:
                self._carry(agent, output)
            elif kind in actions:
                actions[kind](agent, output)
            else:
                agent.told(output)
        # What `Clock.watch` does, without a call. Not `agent.next_timeout`: whoever does something is there.
        agent.due_at = at = agent.endpoint.next_timeout()
        if at is not None and at < agent.watched_at:
            self.clock.enter(at, agent)
        if invariants and (self.check_every == 1 or self.clock.steps % self.check_every == 0):
            step = Stepped(agent, self.clock.now, woken, tuple(outputs))
            for invariant in invariants:
                if (wrong := invariant(step)) is not None:
                    name = getattr(invariant, "__name__", "invariant")
                    raise InvariantBroken(f"{name}: {agent.name} at {self.now}: {wrong}")

    def host_at(self, host: str) -> Agent | None:
        """Who has this numeric address."""
        return self._hosts.get(host)

    def listens(self, agent: Agent, transport: str, address: Address) -> bool:
        """Whether an agent is there and takes connections at that address."""
        return agent.up and (transport, address[1]) in agent.listens

    def way(self, sender: Agent, receiver: Agent) -> Way:
        """The way from one agent to another."""
        pair = (sender.name, receiver.name)
        way = self._ways.get(pair)
        if way is None:
            way = self._ways[pair] = Way(self._links.get(pair, self.every), self._random)
        return way

    def parted(self, sender: Agent, receiver: Agent, at: float) -> bool:
        """Whether at that time nothing gets from one agent to another."""
        return any(cut.parts(sender.name, receiver.name, at) for cut in self._cuts)

    # ---------------------------------------------------------------- what happens

    def _wake(self, agent: Agent) -> None:
        now = self.clock.now
        if self.tape is not None:
            self.tape.takes(agent.name, now, "handle_timeout")
        self.perform(agent, agent.endpoint.handle_timeout(now), True)

    def _carry(self, agent: Agent, send: Send) -> None:
        flow, data = send.flow, send.data
        path = agent.paths.get(flow)
        if path is None:
            if flow.transport in RELIABLE:
                self._stream(agent, send)
                return
            path = self._path(agent, flow)
        clock = self.clock
        now = clock.now
        arrives: tuple[float, ...] = ()
        if not (self.lose and self._is_to_lose(agent)) and path is not None:
            receiver, way, back, remote = path
            arrives = way.arrivals(len(data), remote, now)
            if self._cuts or receiver.away:
                arrives = self._gets_through(agent, receiver, arrives)
            arrive = self._arrives
            for at in arrives:
                clock.plan(at, arrive, receiver, back, data)
        if self.recording:
            self.recorder.carried(agent.name, flow, data, arrives, now)
        if self.tape is not None:
            self.tape.carried(arrives)

    def _stream(self, agent: Agent, send: Send) -> None:
        goes = self.streams.send(agent, send)
        if not goes and self.recording:
            self.recorder.carried(agent.name, send.flow, send.data, (), self.now)
        if self.tape is not None:
            self.tape.carried(None if goes else ())

    def _path(self, agent: Agent, flow: Flow) -> Path | None:
        """Where the datagrams of a flow go, found once; None while nobody is there."""
        receiver = self._at.get(flow.remote)
        if receiver is None:
            return None
        back = Flow(flow.transport, flow.remote, flow.local)
        path = agent.paths[flow] = (receiver, self.way(agent, receiver), back, flow.remote)
        return path

    def _is_to_lose(self, agent: Agent) -> bool:
        """Whether the datagram that this agent sends now is one of those that a test lets be lost."""
        self._sent[agent.name] = nth = self._sent.get(agent.name, 0) + 1
        return nth in self.lose.get(agent.name, ())

    def _gets_through(self, sender: Agent, receiver: Agent, arrives: tuple[float, ...]) -> tuple[float, ...]:
        """Of the times at which a datagram that leaves now would arrive, those at which it can."""
        if self.parted(sender, receiver, self.now):
            return ()
        return tuple(
            at
            for at in arrives
            if not self.parted(sender, receiver, at) and not any(down <= at < up for down, up in receiver.away)
        )

    def _deliver(self, receiver: Agent, flow: Flow, data: bytes) -> None:
        if receiver.up:
            now = self.clock.now
            if self.tape is not None:
                self.tape.takes(receiver.name, now, "receive", (data, flow))
            self.perform(receiver, receiver.endpoint.receive(data, flow, now))

    def _ask(self, agent: Agent, resolve: Resolve) -> None:
        after, answered = self.dns.answers(self._asking)
        self.plan(self.now + after, self._answer, agent, agent.life, resolve, answered)

    def _answer(self, agent: Agent, life: int, resolve: Resolve, answered: bool) -> None:
        if agent.life == life:
            found = records(self.names, resolve.name, self._host_of) if answered else ()
            wanted = tuple(record for record in found if type_of(record) == resolve.type)
            self.tell(agent, "resolved", resolve, wanted)

    def _host_of(self, name: str) -> str | None:
        agent = self.agents.get(name) or self.agents.get(name.removesuffix(".example.com"))
        return None if agent is None else agent.host

    def _save(self, agent: Agent) -> None:
        agent.save(self._snapshots[0](agent.endpoint))

    def _crash(self, agent: Agent) -> None:
        agent.crash()
        self.clock.watch(agent, None)
        self.streams.reset(agent)
        if self.tape is not None:
            self.tape.crashes(agent.name, self.now)

    def _return(self, agent: Agent, saved: bool) -> None:
        if saved:
            # Who watched it watches on.
            own = self.own(agent.name, agent.life) | {"watcher": agent.endpoint.watcher}
            if isinstance(agent.endpoint, Proxy):
                agent.back(restore_proxy(agent.saved, route=agent.endpoint.route, **own))
            else:
                agent.back(self._snapshots[1](agent.saved, **own))
            # It draws other names than it did between the saving and the crash.
            own["ids"].source.seed(self.source(agent.name, agent.life))
        else:
            agent.back()
        if self.tape is not None:
            source = self.source(agent.name, agent.life)
            there = held(agent.endpoint) if saved else ()
            self.tape.returns(agent.name, self.now, source, agent.saved if saved else None, there)
        if saved:
            # Its connections are gone, and nobody has kept the answers to its questions.
            for resolve in agent.endpoint.resolving:
                self._ask(agent, resolve)
            for flow in agent.endpoint.flows:
                self.tell(agent, "flow_closed", flow)
            for open in agent.endpoint.opening:
                self.tell(agent, "open_failed", open)
        self.clock.watch(agent, agent.next_timeout())


def _words(command: Callable[..., Any]) -> str:
    return getattr(command, "__name__", "command").replace("_", " ")


def _host(number: int) -> str:
    # 192.0.2.0/24 is set aside for documentation (RFC 5737), 198.18.0.0/15 for benchmarks (RFC 2544).
    return f"192.0.2.{number}" if number < 255 else f"198.18.{number // 256}.{number % 256}"
