"""One seed's worth of calls: a few agents behind a bad network, who call each other in every way there is.

All is drawn from the seed: how bad the network is, who calls whom, when, and what becomes of the call. What each call
came to is then judged: both ends agree, or one of them was ended by a timeout that the RFC names.
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
    Link,
    Net,
    Step,
    answer,
    answer_offer,
    cancel,
    hang_up,
    nothing_left,
    reject,
    ring,
)

R = EndReason
NAMES = ("ann", "ben", "cat", "dan")
PATIENCE_S = 100.0
"""How long a caller lets it ring."""
LATER_S = 300.0
"""When a call that should be over, and of whose end nobody has heard, is ended by hand."""
T1_64 = 32.0
ROUNDING_S = 1e-6

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

    def link(self, random: Random) -> Link:
        """The link of one world."""
        return Link(
            latency=random.uniform(*self.latency),
            jitter=random.uniform(*self.latency),
            loss=random.uniform(*self.loss),
            duplicate=random.uniform(*self.duplicate),
            reorder=random.uniform(*self.reorder),
        )


@frozen
class Kind:
    """A way in which a call goes, if nothing goes wrong."""

    caller: tuple[Step, ...]
    callee: tuple[Step, ...]
    ends: frozenset[tuple[EndReason, EndReason]]
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
class Told:
    """What the two ends of a call were told of its end, and when."""

    kind: str
    began: float
    call_id: str = ""
    caller: list[tuple[float, EndReason]] = field(factory=list)
    callee: list[tuple[float, EndReason]] = field(factory=list)
    rang: int = 0
    """How often the callee was told of it."""


def verdict(told: Told) -> str | None:
    """What a call came to: both ends agree, or there was a timeout, which is named; None where neither is the case."""
    if len(told.caller) != 1 or told.rang > 1 or len(told.callee) != told.rang:
        return None
    ((at, caller),) = told.caller
    later, callee = told.callee[0] if told.callee else (told.began, None)
    if (caller, callee) in KINDS[told.kind].ends:
        return "agreed"
    lasted, until = at - told.began + ROUNDING_S, max(at, later) - told.began + ROUNDING_S
    if caller is R.TIMED_OUT and callee in {None, R.DECLINED, R.NOT_ACKNOWLEDGED}:
        return "Timer B (RFC 3261 17.1.1.2)" if abs(lasted - T1_64) <= 2 * ROUNDING_S else None
    if callee is R.NOT_ACKNOWLEDGED and caller in {R.HUNG_UP, R.HUNG_UP_BY_PEER, R.CANCELLED}:
        return "64*T1 without an ACK (RFC 3261 13.3.1.4)" if until >= T1_64 else None
    if caller is R.CANCELLED and callee in {None, R.DECLINED}:
        return "64*T1 after a CANCEL (RFC 3261 9.1)" if lasted >= T1_64 else None
    if caller in {R.HUNG_UP, R.CANCELLED} and callee is R.HUNG_UP:
        return "Timer F of a BYE (RFC 3261 15.1.1)" if until >= LATER_S else None
    return None


@define
class World:
    """A seed, run to its end."""

    net: Net
    calls: dict[str, Told] = field(factory=dict)
    asked: int = 0
    """How many requests there were outside calls."""
    answers: Counter[int] = field(factory=Counter)
    """What these were answered."""
    verdicts: Counter[str] = field(factory=Counter)
    """How often each thing came of a call or a request."""


def run(seed: int, calls: int, weather: Weather, *, record: bool = False, reproduce: str = "") -> World:
    """Let so many calls take place, and check that nothing is left of them and that each came to what it may.

    Raises `AssertionError` where it is not so, with the account of the network.
    """
    draw = Random(f"{seed}/world")
    # The invariants of every step are checked at one in eight, since the verdicts say more; with pictures at every one.
    often = 1 if record else 8
    net = Net(seed, every=weather.link(draw), record=record, check_every=often, reproduce=reproduce)
    world = World(net)
    for name in NAMES:
        agent = net.agent(name)
        agent.scripts(steps_of)
        agent.on(Ended, partial(ended, world))
        agent.on(IncomingCall, partial(came, world))
        agent.on(Answered, lambda event: world.answers.update([event.status]))
    for number in range(calls):
        caller, callee = draw.sample(NAMES, 2)
        which = draw.choice(tuple(KINDS))
        # One in eight looks for a name; the others know the address.
        host = net.agent(callee).host if draw.randrange(8) else f"{callee}.example.com"
        net.at(draw.uniform(0.0, 60.0), partial(begin, world, net.agent(caller), f"{which}.{number}", host))
        if draw.randrange(8) == 0:
            world.asked += 1
            net.at(draw.uniform(0.0, 60.0), partial(net.agent(caller).request, "OPTIONS", f"sip:{host}"))
    net.run()
    nothing_left(net)
    for user, told in world.calls.items():
        found = verdict(told)
        assert found is not None, f"call {user} came to what it may not: {told}\n{net.account(told.call_id)}"
        world.verdicts[found] += 1
    for status, times in world.answers.items():
        found = {200: "answered", 408: "Timer F (RFC 3261 17.1.2.2)"}.get(status)
        assert found is not None, f"{times} OPTIONS were answered with {status}\n{net.account()}"
        world.verdicts[f"OPTIONS {found}"] += times
    assert world.answers.total() == world.asked, f"not every OPTIONS came to an end\n{net.account()}"
    return world


def begin(world: World, caller: Agent, user: str, host: str) -> None:
    """A call begins."""
    which = user.partition(".")[0]
    told = world.calls[user] = Told(which, world.net.now)
    told.call_id = caller.invite(f"sip:{user}@{host}", offer=KINDS[which].offer).call_id


def user_of(call: Call) -> str:
    """The user of the Request-URI, which names the call and its kind."""
    return call.invite.uri.user or ""


def steps_of(call: Call) -> tuple[Step, ...]:
    """What an agent does with a call."""
    which = KINDS[user_of(call).partition(".")[0]]
    return which.caller if call.outgoing else which.callee


def came(world: World, event: IncomingCall) -> None:
    """Somebody calls."""
    world.calls[user_of(event.call)].rang += 1


def ended(world: World, event: Ended) -> None:
    """A call is over, at one of its ends."""
    told = world.calls[user_of(event.call)]
    (told.caller if event.call.outgoing else told.callee).append((world.net.now, event.reason))
