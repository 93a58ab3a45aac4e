"""One seed's worth of calls: a few agents behind a bad network, who call each other in every way there is.

All is drawn from the seed: how bad the network is, who calls whom, over which transport, when, what becomes of the
call, which connections break, who crashes. What each call came to is then judged: `tests.simulation.oracle`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from random import Random

from attrs import define, field, frozen

from sipsm import Answered, Call, CallState, Ended, EndReason, IncomingCall
from sipsm.testing import (
    Agent,
    Dns,
    Link,
    Net,
    Step,
    Streaming,
    answer,
    answer_offer,
    cancel,
    hang_up,
    nothing_left,
    reject,
    ring,
)
from tests.simulation.oracle import (
    LATER_S,
    PATIENCE_S,
    SAVED_BEFORE_S,
    Around,
    End,
    Ends,
    Told,
    verdict,
    verdict_on_request,
)

R = EndReason
NAMES = ("ann", "ben", "cat", "dan")
BEGIN_S = 60.0
"""All calls begin in this time."""
MODES = ("udp", "tcp", "mixed")
SPOKEN: dict[str, dict[str, tuple[str, ...]]] = {
    "udp": dict.fromkeys(NAMES, ("UDP",)),
    "tcp": dict.fromkeys(NAMES, ("TCP",)),
    # One who prefers TCP, and one who has none.
    "mixed": dict.fromkeys(NAMES, ("UDP", "TCP")) | {"cat": ("TCP", "UDP"), "dan": ("UDP",)},
}
LARGE = [("Subject", "x" * 1400)]
"""With this an INVITE has more than 1300 bytes, and must go over a "congestion controlled transport protocol, such as
TCP" (RFC 3261 18.1.1), where that can be had."""

TIRED = Step(
    IncomingCall,
    LATER_S,
    lambda call, _sdp: (call.reject, (480,)),
    frozenset({CallState.INCOMING, CallState.RINGING}),
)
"""The callee's telephone has rung for so long that he turns it off."""


@frozen
class Weather:
    """How bad the network may be: each share is drawn between its two bounds."""

    loss: tuple[float, float] = (0.0, 0.4)
    duplicate: tuple[float, float] = (0.0, 0.2)
    reorder: tuple[float, float] = (0.0, 0.3)
    latency: tuple[float, float] = (0.0, 0.2)
    breaks: tuple[float, float] = (0.0, 0.05)
    """Of what is sent on connections, how much breaks one; as much is stalled, and as much is the last of its side."""
    cuts: float = 0.2
    """The share of networks that are parted for a while, now and then."""
    crashes: float = 0.2
    """The share of networks in which agents crash."""
    modes: tuple[str, ...] = MODES

    def link(self, random: Random) -> Link:
        """The link of one world."""
        return Link(
            latency=random.uniform(*self.latency),
            jitter=random.uniform(*self.latency),
            loss=random.uniform(*self.loss),
            duplicate=random.uniform(*self.duplicate),
            reorder=random.uniform(*self.reorder),
            streams=Streaming(
                # In most worlds a piece is about a message; in some there are very many pieces.
                chunks=(1, random.choice((30, 500, 1460, 1460, 4000))),
                pause=random.choice((0.0, 0.01)),
                stall=random.uniform(*self.breaks),
                half_close=random.uniform(*self.breaks),
                reset=random.uniform(*self.breaks),
                refuse=random.uniform(*self.breaks),
            ),
        )


@frozen
class Kind:
    """A way in which a call goes, if nothing goes wrong."""

    caller: tuple[Step, ...]
    callee: tuple[Step, ...]
    ends: Ends
    """What caller and callee agree on."""
    offer: bytes | None = None


def kind(
    caller: Sequence[Step], callee: Sequence[Step], *ends: tuple[EndReason, EndReason], offer: bytes | None = None
) -> Kind:
    """With what everybody does who has lost patience."""
    return Kind(
        (*caller, cancel(after=PATIENCE_S), hang_up(after=LATER_S)),
        (*callee, TIRED, hang_up(after=LATER_S)),
        frozenset(ends),
        offer,
    )


KINDS = {
    "answered": kind([hang_up(after=20.0)], [ring(after=0.3), answer(after=3.0)], (R.HUNG_UP, R.HUNG_UP_BY_PEER)),
    "left": kind([], [ring(), answer(after=1.0), hang_up(after=5.0)], (R.HUNG_UP_BY_PEER, R.HUNG_UP)),
    "offerless": kind(
        [answer_offer(after=0.1), hang_up(after=20.0)],
        [ring(), answer(after=1.0)],
        (R.HUNG_UP, R.HUNG_UP_BY_PEER),
        offer=b"",
    ),
    "refused": kind([], [ring(after=0.1), reject(486, after=4.0)], (R.REJECTED, R.DECLINED)),
    "busy": kind([], [reject(486)], (R.REJECTED, R.DECLINED)),
    "cancelled": kind([cancel(after=2.0)], [ring(after=0.5)], (R.CANCELLED, R.CANCELLED_BY_PEER)),
    "crossed": kind(
        [cancel(after=2.0)],
        [ring(), answer(after=2.0)],
        (R.CANCELLED, R.CANCELLED_BY_PEER),
        (R.CANCELLED, R.HUNG_UP_BY_PEER),
    ),
}


@define
class Request:
    """A request outside a call, and what it came to."""

    began: float
    caller: str
    callee: str
    named: bool
    answers: list[tuple[float, int]] = field(factory=list)


@define
class World:
    """A seed, run to its end."""

    net: Net
    mode: str
    link: Link
    cuts: list[tuple[frozenset[str], float, float]] = field(factory=list)
    """Who was parted from the others, and from when to when."""
    crashes: int = 0
    calls: dict[str, Told] = field(factory=dict)
    parties: dict[str, tuple[str, str]] = field(factory=dict)
    """Caller and callee of each call."""
    requests: dict[str, Request] = field(factory=dict)
    """By Call-ID."""
    verdicts: Counter[str] = field(factory=Counter)
    """How often each thing came of a call or a request."""

    def around(self, caller: str, callee: str) -> Around:
        """What befell the network between these two."""
        pair = {caller, callee}
        faults = [fault for fault in self.net.streams.faults if fault.parties <= pair]

        def cut(start: float, end: float) -> int:
            return sum(len(some & pair) == 1 and began <= end and until >= start for some, began, until in self.cuts)

        def broke(start: float, end: float) -> int:
            return sum(fault.what != "held up" and fault.at <= end and fault.until >= start for fault in faults)

        def held_up(start: float, end: float) -> int:
            return sum(fault.what == "held up" and fault.at <= end and fault.until >= start for fault in faults)

        agents = self.net.agents
        lossy = self.mode != "tcp" and self.link.loss > 0.0
        return Around(lossy, cut, broke, held_up, agents[caller].away, agents[callee].away)


def run(seed: int, calls: int, weather: Weather, *, record: bool = False, reproduce: str = "") -> World:
    """Let so many calls take place, and check that nothing is left of them and that each came to what it may.

    Raises `AssertionError` where it is not so, with the account of the network.
    """
    draw = Random(f"{seed}/world")
    # The invariants of every step are checked at one in eight, since the verdicts say more; with pictures at every one.
    often = 1 if record else 8
    link = weather.link(draw)
    mode = draw.choice(weather.modes)
    dns = Dns(latency=draw.uniform(0.0, 0.2), jitter=draw.uniform(0.0, 0.2))
    net = Net(seed, every=link, dns=dns, record=record, check_every=often, reproduce=reproduce)
    world = World(net, mode, link)
    for name in NAMES:
        agent = net.agent(name, transports=SPOKEN[mode][name])
        agent.scripts(steps_of)
        agent.on(Ended, partial(ended, world, agent))
        agent.on(IncomingCall, partial(came, world, agent))
        agent.on(Answered, partial(answered, world))
    if draw.random() < weather.cuts:
        for _ in range(draw.randint(1, 3)):
            part(world, draw)
    if draw.random() < weather.crashes:
        for name in draw.sample(NAMES, draw.randint(1, 2)):
            crash(world, draw, name)
    for number in range(calls):
        caller, callee = draw.sample(NAMES, 2)
        which = draw.choice(tuple(KINDS))
        target = target_of(world, draw, caller, callee)
        user = f"{which}.{number}"
        world.parties[user] = caller, callee
        large = LARGE if mode == "mixed" and draw.randrange(8) == 0 else []
        net.at(draw.uniform(0.0, BEGIN_S), partial(begin, world, user, target, large))
        if draw.randrange(8) == 0:
            net.at(draw.uniform(0.0, BEGIN_S), partial(ask, world, caller, callee, target))
    net.run()
    judge(world)
    return world


def target_of(world: World, draw: Random, caller: str, callee: str) -> str:
    """Where a callee is, without the user: one in eight looks for a name, the others know the address."""
    host = world.net.agent(callee).host if draw.randrange(8) else f"{callee}.example.com"
    spoken = [transport for transport in SPOKEN[world.mode][callee] if transport in SPOKEN[world.mode][caller]]
    tcp = "TCP" in spoken and ("UDP" not in spoken or draw.randrange(2) == 0)
    return f"{host};transport=tcp" if tcp else host


def part(world: World, draw: Random) -> None:
    """Part some from the others for a while, from a second to more than Timer B."""
    some = frozenset(draw.sample(NAMES, draw.randint(1, 2)))
    start = draw.uniform(0.0, BEGIN_S + 20.0)
    end = start + draw.choice((1.0, 5.0, 20.0, 40.0)) * draw.uniform(0.5, 1.0)
    world.net.partition(some, start=start, end=end)
    world.cuts.append((some, world.net.start + start, world.net.start + end))


def crash(world: World, draw: Random, name: str) -> None:
    """Let one crash, who comes back empty, or as it was shortly before; or never."""
    world.crashes += 1
    at = draw.uniform(1.0, BEGIN_S + 20.0)
    how = draw.randrange(8)
    back = None if how == 0 else at + draw.choice((0.1, 3.0, 20.0, 50.0)) * draw.uniform(0.5, 1.0)
    saved = at - min(at, draw.choice((0.0, 0.1, SAVED_BEFORE_S))) if how > 3 else None
    world.net.crash(name, at, back, saved=saved)


def begin(world: World, user: str, target: str, headers: Sequence[tuple[str, str]]) -> None:
    """A call begins, if the caller is there."""
    which = KINDS[user.partition(".")[0]]
    caller = world.net.agent(world.parties[user][0])
    if caller.up:
        told = world.calls[user] = Told(world.net.now, which.ends)
        told.two_targets, told.named = bool(headers), "example.com" in target
        told.call_id = caller.invite(f"sip:{user}@{target}", offer=which.offer, headers=headers).call_id


def ask(world: World, caller: str, callee: str, target: str) -> None:
    """A request outside a call."""
    agent = world.net.agent(caller)
    if agent.up:
        request = agent.request("OPTIONS", f"sip:{target}")
        world.requests[request.request.call_id] = Request(world.net.now, caller, callee, "example.com" in target)


def user_of(call: Call) -> str:
    """The user of the Request-URI, which names the call and its kind."""
    return call.invite.uri.user or ""


def steps_of(call: Call) -> tuple[Step, ...]:
    """What an agent does with a call."""
    which = KINDS[user_of(call).partition(".")[0]]
    return which.caller if call.outgoing else which.callee


def came(world: World, agent: Agent, event: IncomingCall) -> None:
    """Somebody calls."""
    world.calls[user_of(event.call)].rang.append((world.net.now, agent.life))


def ended(world: World, agent: Agent, event: Ended) -> None:
    """A call is over, at one of its ends."""
    told = world.calls[user_of(event.call)]
    end = End(world.net.now, event.reason, agent.life, event.status)
    (told.caller if event.call.outgoing else told.callee).append(end)


def answered(world: World, event: Answered) -> None:
    """A request outside a call is over."""
    world.requests[event.request.request.call_id].answers.append((world.net.now, event.status))


def judge(world: World) -> None:
    """Nothing is left, and each call and each request came to what it may."""
    net = world.net
    nothing_left(net)
    arounds = {
        (caller, callee): world.around(caller, callee) for caller in NAMES for callee in NAMES if caller != callee
    }
    for user, told in world.calls.items():
        found = verdict(told, arounds[world.parties[user]])
        assert found is not None, f"call {user} came to what it may not: {told}\n{net.account(told.call_id)}"
        world.verdicts[found] += 1
    for call_id, request in world.requests.items():
        around = arounds[request.caller, request.callee]
        found = verdict_on_request(request.began, request.answers, around, named=request.named)
        assert found is not None, f"OPTIONS came to what it may not: {request}\n{net.account(call_id)}"
        world.verdicts[found] += 1
