"""Two endpoints with a call between them: what may happen next, and what must hold."""

from __future__ import annotations

from attrs import frozen

from sipsm import Call, Policy
from sipsm.testing.explore import Explored, Law
from tests.calls_explored.side import Caller, Commands, Side
from tests.exploring import world
from tests.exploring.person import Offered, must
from tests.exploring.saved import NOW
from tests.exploring.world import Act, Bounds, nothing_breaks

State = world.State[Side]


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
        return f"{self.name}, {self.bounds}"


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


class World(world.World[Side]):
    """The moves of a setting."""

    alice: Caller
    bob: Caller

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting.delay)
        self.setting = setting
        self.settling = False
        """Whether the call is made with which the exploration begins."""
        policies = setting.policies
        self.alice = Caller(1, self.messages, COMMANDS, setting.alice, policies[0])
        self.bob = Caller(2, self.messages, COMMANDS, setting.bob, policies[1])

    @property
    def first(self) -> State:
        """Alice has sent her INVITE; or the call is up, and all that was said is forgotten."""
        state = State(self.alice.born(), self.bob.born())
        if not self.setting.up:
            return state._replace(left=self.setting.bounds)
        start = state.alice.todo, state.bob.todo
        quiet = State(state.alice._replace(todo=()), state.bob._replace(todo=()))
        self.settling = True
        offered = self.bob.offered, self.alice.offered
        self.bob.offered, self.alice.offered = {"IncomingCall": must(0, "answer")}, {}
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

    def beginning(self, state: State) -> Act | None:
        """Alice calls."""
        nothing = state.alice.wire is None and state.bob.wire is None
        return ("invite", self.setting.offer, "alice calls") if nothing else None

    def end(self, state: State) -> Act | None:
        """The call that is up is hung up."""
        if self.settling or not state.alice.state == "established" == state.bob.state:
            return None
        return "hang up", None, "all is done: alice hangs up"

    # ---------------------------------------------------------------- what must hold

    def laws(self) -> list[Law[State]]:
        """In every state."""
        laws: list[Law[State]]
        laws = [nothing_breaks, one_end_each, the_end_is_agreed, the_session_is_agreed, every_request_is_answered]

        def what_collided_is_tried_again(state: State) -> str | None:
            """Where both are willing, the session is changed in the end (RFC 3261 14.1)."""
            if state.alice.state != "established" or not state.is_quiet or self.settling:
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
    found = World(setting)
    return found.explored(limit), found
