"""Two endpoints with a call between them, and a link that loses, doubles and reorders: what may happen next.

What becomes of a message is decided when it is sent, as in `tests.exhaustive.world`. Time passes by ticks of T1 where
anything may happen in between, and else at once to what happens next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from attrs import frozen

from sipsm import Call, Policy
from sipsm.testing.explore import Explored, explore
from tests.calls_explored.side import NOW, TICK_S, Commands, Did, Messages, Offered, Person, Side, Todo

Moves = Iterator[tuple[str, "State"]]
Way = tuple[tuple[int, int], ...]
"""What is under way to a side: ticks until it must have arrived, and the message's number."""


class Bounds(NamedTuple):
    """How often the link may still misbehave."""

    losses: int = 0
    duplicates: int = 0


class State(NamedTuple):
    """All that there is."""

    alice: Side
    bob: Side
    to_alice: Way = ()
    to_bob: Way = ()
    left: Bounds = Bounds()
    broken: str = ""
    """What the last step broke."""

    def with_side(self, who: str, side: Side) -> State:
        """With one of the two changed."""
        return self._replace(alice=side) if who == "alice" else self._replace(bob=side)


@frozen(eq=False)
class Setting:
    """What is explored."""

    name: str
    bounds: Bounds
    alice: Offered
    bob: Offered
    offer: bytes = b"alice 0"
    """In the INVITE."""
    changes: bool = False
    """Whether nothing but a collision keeps the session from being changed."""
    up: bool = False
    """Whether the call is up at the beginning."""
    delay: int = 0
    """In ticks: how long a message takes, at most."""
    policies: tuple[Policy, Policy] = (Policy(extends_ringing=False), Policy(extends_ringing=False))

    def __str__(self) -> str:
        return f"{self.name}, {self.bounds.losses} losses, {self.bounds.duplicates} duplicates"


COMMANDS: Commands = {
    "cancel": lambda call: call.cancel(now=NOW),
    "hang up": lambda call: call.hang_up(now=NOW),
    "ring": lambda call: call.ring(now=NOW),
    "ring reliably": lambda call: call.ring(reliable=True, now=NOW),
    "ring reliably with SDP": lambda call: call.ring(183, sdp=_own(call, 1), reliable=True, now=NOW),
    "answer": lambda call: call.answer(_own(call, 1), now=NOW),
    "answer, with SDP if it must be": lambda call: call.answer(_if_needed(call), now=NOW),
    "reject": lambda call: call.reject(486, now=NOW),
    "offer by INVITE": lambda call: call.offer(_own(call, 2), method="INVITE", now=NOW),
    "ask for an offer": lambda call: call.offer(method="INVITE", now=NOW),
    "offer by UPDATE": lambda call: call.offer(_own(call, 3), method="UPDATE", now=NOW),
    "answer the offer": lambda call: call.answer_offer(_own(call, 4), now=NOW),
    "answer the offer again": lambda call: call.answer_offer(_own(call, 5), now=NOW),
    "reject the offer": lambda call: call.reject_offer(now=NOW),
    "give an offer": lambda call: call.answer(_own(call, 6), now=NOW),
    "cancel the change": lambda call: call.cancel(now=NOW),
}


def _own(call: Call, number: int) -> bytes:
    return f"{'alice' if call.outgoing else 'bob'} {number}".encode()


def _if_needed(call: Call) -> bytes:
    return b"" if call.here.offer_answer.state in {"Stable", "SentIn1xx"} else _own(call, 1)


class World:
    """The moves of a setting."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.messages = Messages()
        self.settling = False
        """Whether the call is made with which the exploration begins."""
        policies = setting.policies
        self.alice = Person(1, self.messages, COMMANDS, setting.alice, policies[0], 2)
        self.bob = Person(2, self.messages, COMMANDS, setting.bob, policies[1], 1)

    @property
    def first(self) -> State:
        """Alice has sent her INVITE; or the call is up, and all that was said is forgotten."""
        state = State(self.alice.born(), self.bob.born())
        if not self.setting.up:
            state = state._replace(left=self.setting.bounds)
            return state
        start = state.alice.todo, state.bob.todo
        quiet = State(state.alice._replace(todo=()), state.bob._replace(todo=()))
        answer = {"IncomingCall": (Todo(0, True, "answer"),)}
        self.settling = True
        offered, self.bob.offered, self.alice.offered = (self.bob.offered, self.alice.offered), answer, {}
        state = next(iter(self.step("alice", quiet, "invite", self.setting.offer, "")))[1]
        while state.to_alice or state.to_bob or state.alice.deadline is not None or state.bob.deadline is not None:
            state = next(self.moves(state))[1]
        self.bob.offered, self.alice.offered = offered
        self.settling = False
        self.alice.known.clear()
        self.bob.known.clear()
        return state._replace(
            alice=state.alice._replace(todo=start[0]), bob=state.bob._replace(todo=start[1]), left=self.setting.bounds
        )

    # ---------------------------------------------------------------- what can happen

    def moves(self, state: State) -> Moves:
        """Every move, by its name."""
        if state.broken:
            return
        alice, bob = state.alice, state.bob
        if alice.wire is None and bob.wire is None:
            yield from self.step("alice", state, "invite", self.setting.offer, "alice calls")
            return
        if (forgotten := self.forgotten(state)) is not None:
            if forgotten != state:
                yield "all is forgotten", forgotten
            return
        for who, side in (("alice", alice), ("bob", bob)):
            if side.deadline is not None and side.deadline <= 0:
                yield from self.step(who, state, "wake", None, f"{who}'s timer")
        for number in dict.fromkeys(number for _, number in state.to_alice):
            left = state._replace(to_alice=_without(state.to_alice, number))
            yield from self.step("alice", left, "receive", number, f"alice gets {self.messages.name(number)}")
        for number in dict.fromkeys(number for _, number in state.to_bob):
            left = state._replace(to_bob=_without(state.to_bob, number))
            yield from self.step("bob", left, "receive", number, f"bob gets {self.messages.name(number)}")
        for who, side in (("alice", alice), ("bob", bob)):
            for todo in side.todo:
                done = side._replace(todo=tuple(each for each in side.todo if each is not todo))
                yield from self.step(
                    who, state.with_side(who, done), todo.name, None, f"{who} gives the command: {todo.name}"
                )
        if not self.settling and self.is_quiet(state) and alice.state == "established" == bob.state:
            yield from self.step("alice", state, "hang up", None, "all is done: alice hangs up")
            return
        ticks = self.ticks(state)
        if ticks:
            yield f"{ticks * TICK_S:.1f} s pass", self.later(state, ticks)

    def forgotten(self, state: State) -> State | None:
        """When all is over but for timers that only make one side forget: the same without them."""
        if state.to_alice or state.to_bob or not state.alice.state == state.bob.state == "none":
            return None
        alice, bob = self.alice.forgets(state.alice), self.bob.forgets(state.bob)
        return None if alice is None or bob is None else state._replace(alice=alice, bob=bob)

    def is_quiet(self, state: State) -> bool:
        """Whether nobody waits for anything, and nothing is under way."""
        under_way = state.to_alice or state.to_bob or state.alice.todo or state.bob.todo
        return not under_way and state.alice.quiet() and state.bob.quiet()

    def ticks(self, state: State) -> int:
        """How long until something must happen; a tick where something may; 0 where something must now."""
        must, may = [], []
        for side, way in ((state.alice, state.to_alice), (state.bob, state.to_bob)):
            if side.deadline is not None:
                must.append(side.deadline)
            may += [due for due, _ in way]
            for todo in side.todo:
                if todo.must:
                    must.append(todo.ticks)
                may.append(todo.ticks if todo.must else max(todo.ticks, 1))
        soonest = min((*must, *may), default=0)
        return min(soonest, 1) if may else max(soonest, 0)

    def later(self, state: State, ticks: int) -> State:
        """The same after some time."""
        return state._replace(
            alice=state.alice.later(ticks),
            bob=state.bob.later(ticks),
            to_alice=tuple((due - ticks, number) for due, number in state.to_alice),
            to_bob=tuple((due - ticks, number) for due, number in state.to_bob),
        )

    def step(self, who: str, state: State, what: str, x: Any, name: str) -> Moves:
        """A step of one side, and all that may become of what it sends."""
        person, side = (self.alice, state.alice) if who == "alice" else (self.bob, state.bob)
        did: Did = person.do(side, what, x)
        state = state.with_side(who, did.side)._replace(broken=did.broken)
        found = [(name, state)]
        for number in did.sent:
            found = [fate for name, state in found for fate in self.fates(who, name, state, number)]
        return iter(found)

    def fates(self, who: str, name: str, state: State, number: int) -> Moves:
        """What becomes of a message."""
        name, left = f"{name}, sends {self.messages.name(number)}", state.left
        way = state.to_bob if who == "alice" else state.to_alice
        for copies, fate, after in (
            (1, "", left),
            (0, " (lost)", left._replace(losses=left.losses - 1)),
            (2, " (twice)", left._replace(duplicates=left.duplicates - 1)),
        ):
            if min(after) >= 0:
                more = tuple(sorted((*way, *((self.setting.delay, number),) * copies)))
                sent = state._replace(to_bob=more) if who == "alice" else state._replace(to_alice=more)
                yield name + fate, sent._replace(left=after)

    # ---------------------------------------------------------------- what must hold

    def laws(self) -> list[Callable[[State], str | None]]:
        """In every state."""
        laws: list[Callable[[State], str | None]]
        laws = [nothing_breaks, one_end_each, the_end_is_agreed, the_session_is_agreed, every_request_is_answered]

        def what_collided_is_tried_again(state: State) -> str | None:
            """Where both are willing, the session is changed in the end (RFC 3261 14.1)."""
            if state.alice.state != "established" or not self.is_quiet(state) or self.settling:
                return None
            tried = state.alice.has_offered + state.bob.has_offered > 1
            return "nothing has been changed" if tried and state.alice.agreed == (b"alice 0", b"bob 1") else None

        # It is tried once more, and two losses may let that collide, too.
        if self.setting.changes and self.setting.bounds.losses < 2:
            laws.append(what_collided_is_tried_again)
        return laws

    def over(self, state: State) -> bool:
        """It may end there: both calls have ended, nothing is left."""
        if state.alice.holds or state.bob.holds:
            return False
        heard = state.bob.wire is not None
        return len(state.alice.ended) == 1 and len(state.bob.ended) == heard


def nothing_breaks(state: State) -> str | None:
    """No assertion fails, and the rules of the wire hold."""
    return state.broken or None


def one_end_each(state: State) -> str | None:
    """Each side is told of one end."""
    for side in (state.alice, state.bob):
        if len(side.ended) > 1:
            return f"it ended {' and '.join(side.ended)}"
    return None


ENDS = frozenset(
    {
        ("hung-up", "hung-up-by-peer"),
        ("hung-up-by-peer", "hung-up"),
        ("hung-up", "hung-up"),
        ("rejected", "declined"),
        ("cancelled", "cancelled-by-peer"),
        # The CANCEL crossed a refusal, a 2xx, or the callee's BYE.
        ("cancelled", "declined"),
        ("cancelled", "hung-up-by-peer"),
        ("cancelled", "hung-up"),
        # A change of the session crossed the BYE, and got 481 (RFC 3261 12.2.1.2).
        ("peer-lost", "hung-up"),
        ("hung-up", "peer-lost"),
    }
)
"""What caller and callee may be told, where no more is lost than is sent again."""


def every_request_is_answered(state: State) -> str | None:
    """When all is over, nobody waits for an answer that will not come."""
    for who, side in (("Alice", state.alice), ("Bob", state.bob)):
        if side.ended and not side.holds and side.owing:
            return f"{who} never answered the request with CSeq number {side.owing[0]}"
    return None


def the_end_is_agreed(state: State) -> str | None:
    """Both ends agree on why the call ended: nobody waits in vain."""
    alice, bob = state.alice.ended, state.bob.ended
    if alice and bob and (alice[0], bob[0]) not in ENDS:
        return f"Alice is told that it ended as {alice[0]}, Bob as {bob[0]}"
    return None


def the_session_is_agreed(state: State) -> str | None:
    """When both are up and nothing is under way, both have agreed on the same session."""
    alice, bob = state.alice, state.bob
    if not alice.state == "established" == bob.state or state.to_alice or state.to_bob:
        return None
    if not (alice.quiet() and bob.quiet()):
        return None
    if alice.agreed != (bob.agreed and bob.agreed[::-1]):
        return f"Alice has agreed on {alice.agreed}, Bob on {bob.agreed}"
    return None


def explored(setting: Setting, limit: int | None = None) -> tuple[Explored[State], World]:
    """All of it."""
    world = World(setting)
    return explore(world.first, world.moves, laws=world.laws(), over=world.over, limit=limit), world


def _without(way: Way, number: int) -> Way:
    first = next(item for item in way if item[1] == number)
    at = way.index(first)
    return way[:at] + way[at + 1 :]
