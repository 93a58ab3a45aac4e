"""Every order in which a request with two targets can be answered, cancelled and timed out: all states, walked.

The client transactions are as RFC 3261 17 and RFC 6026 have them. Each branch has one more server to try, and sends at
most two provisional responses and two 2xx.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from attrs import evolve, field, frozen

from sipsm import RouteTarget, response_to
from sipsm.machine import Step, joint_step
from sipsm.proxy.around import Fork, Proxied
from sipsm.proxy.branch import CANCEL_WAITS, CANCELLING, PENDING, Branch
from sipsm.proxy.choosing import best
from sipsm.proxy.context import FORWARDING, INITIAL, OVER, ResponseContext
from sipsm.proxy.results import Answer, CancelBranch, Forward, ForwardBest, GiveUpBranch, Result, Start, WithdrawBranch
from sipsm.proxy.wiring import PROXYING
from sipsm.testing.explore import Explored, explore
from tests.exploring.faults import without_row
from tests.proxy.by_hand import Neighbours

REQUEST = Neighbours().request()
TARGETS = (RouteTarget("sip:b@192.0.2.20"), RouteTarget("sip:c@192.0.2.30"))


@frozen
class Client:
    """What is left to come from the client transaction of a branch."""

    state: str = "calling"
    """calling, proceeding, locating, accepted, or over."""
    provisional: int = 2
    ok: int = 2
    servers: int = 1
    cancels: int = 0
    withdrawn: bool = False


@frozen
class State:
    """The machines, what their clients may still do, and what has been said upstream."""

    key: tuple[Any, ...]
    clients: tuple[Client, ...]
    cancelled: bool
    said: tuple[int, ...]
    wrong: str
    first: Client
    """What a client may do at first."""
    proxied: Proxied = field(eq=False, repr=False)


def key_of(proxied: Proxied) -> tuple[Any, ...]:
    """What tells the states of the machines apart."""
    context = proxied.context
    results = tuple(sorted((each.status, each.breadth) for each in context.results))
    left = tuple(len(group) for group in context.groups)
    return (
        context.state,
        context.pending,
        context.free,
        left,
        results,
        tuple(each.branch.state for each in proxied.branches),
    )


class Run:
    """One move: a copy of the machines, and what they ask for noted."""

    def __init__(self, state: State) -> None:
        self.proxied = deepcopy(state.proxied)
        self.clients = list(state.clients)
        self.cancelled = state.cancelled
        self.said = list(state.said)
        self.wrong = state.wrong
        self.first = state.first
        self.forwarded = 0
        """How many responses this move has brought upstream at once."""

    def event(self, at: Proxied | Fork, event: str, x: Any) -> None:
        """One joint step, and those that follow from it."""
        step = Step(1000.0)
        outcome = joint_step(PROXYING, at, event, x, step)
        assert outcome.refusal is None
        for here, asked in step.outputs:
            self.note(here, asked)

    def note(self, here: Any, asked: Any) -> None:
        match asked:
            case Start(branches):
                if self.cancelled or any(status < 300 or status >= 600 for status in self.said):
                    self.wrong = "a branch begins that must not"
                for _, breadth in branches:
                    fork = Fork(self.proxied, Branch(self.proxied.context.is_invite, breadth), REQUEST)
                    self.proxied.branches.append(fork)
                    self.clients.append(self.first)
                    self.event(fork, "SEND", None)
            case Forward(response):
                self.said.append(response.status)
                self.forwarded += 1
            case ForwardBest(results):
                self.said.append(best(results).status)
            case Answer(status):
                self.said.append(status)
            case CancelBranch():
                client = self.client(here, cancels=1)
                if client.cancels or client.state != "proceeding":
                    self.wrong = f"a CANCEL in {client}"
            case WithdrawBranch():
                self.client(here, withdrawn=True)
            case GiveUpBranch():
                self.client(here, state="over")

    def client(self, fork: Fork, **changes: Any) -> Client:
        """Change what a client may do; returns what it could before."""
        at = self.proxied.branches.index(fork)
        was = self.clients[at]
        self.clients[at] = evolve(was, **changes)
        return was

    def done(self) -> State:
        """The state that it has come to."""
        finals = [status for status in self.said if status >= 200]
        if len(finals) > 1 and not all(status < 300 for status in finals):
            self.wrong = f"{finals} are final responses to one request"
        said = tuple(dict.fromkeys(finals))
        return State(
            key_of(self.proxied), tuple(self.clients), self.cancelled, said, self.wrong, self.first, self.proxied
        )


def moves(state: State) -> Iterator[tuple[str, State]]:
    """All that may happen next."""
    invite = state.proxied.context.is_invite
    if invite and not state.cancelled and state.proxied.context.state not in OVER:
        run = Run(state)
        run.cancelled = True
        run.event(run.proxied, "CANCEL", None)
        yield "CANCEL", run.done()
    for number, client in enumerate(state.clients):
        for name, event, x, changes in of_client(client, invite):
            run = Run(state)
            run.clients[number] = evolve(client, **changes)
            run.event(run.proxied.branches[number], event, x)
            if invite and (event == "2XX" or (event == "1XX" and state.proxied.context.state not in OVER)):
                run.wrong = run.wrong or ("" if run.forwarded else f"a {event} was not forwarded")
            yield f"{number} {name}", run.done()
        for letter in state.proxied.branches[number].branch.timers:
            # Timer B of the client transaction comes before Timer C, where nothing has come.
            if letter == "cancel" or client.state == "proceeding":
                run = Run(state)
                fork = run.proxied.branches[number]
                run.event(fork, fork.branch.fired(letter, 2000.0), None)
                yield f"{number} Timer {letter}", run.done()


def of_client(client: Client, invite: bool) -> Iterator[tuple[str, str, Any, dict[str, Any]]]:
    """What may come of one client transaction: its name, the event, what comes with it, and how that changes it."""
    if client.state == "locating":
        yield "is sent to the next", "SENT", None, {"state": "calling"}
        yield "finds no other", "FAILURE", Result(503), {"state": "over"}
    if client.state in {"calling", "proceeding"}:
        if client.provisional:
            fewer = {"state": "proceeding", "provisional": client.provisional - 1}
            if client.state == "calling":
                yield "100", "100", response_to(REQUEST, 100), fewer
            yield "180", "1XX", response_to(REQUEST, 180, to_tag="b"), fewer
        for status in (486, 603):
            yield str(status), "FINAL", Result(status, response_to(REQUEST, status, to_tag="b")), {"state": "over"}
        if client.servers and not client.withdrawn and client.provisional:
            yield "503", "TRIES AGAIN", None, {"state": "locating", "servers": 0, "provisional": 2}
    if client.ok and (client.state in {"calling", "proceeding"} or (client.state == "accepted" and invite)):
        after = {"state": "accepted" if invite else "over", "ok": client.ok - 1}
        yield "200", "2XX", response_to(REQUEST, 200, to_tag=f"b{client.ok}"), after
    if client.state == "calling" or (client.state == "proceeding" and not invite):
        yield "is silent", "TIMEOUT", Result(408), {"state": "over"}
    if client.state == "calling":
        yield "fails", "FAILURE", Result(503), {"state": "over"}


BRIEF = Client(provisional=1, ok=1)
"""One that sends less, so that there are fewer states."""

# -------------------------------------------------------------------- laws


def nothing_is_wrong(state: State) -> str | None:
    """One final response, or 2xx only; each 2xx forwarded; CANCEL once, and after a provisional response."""
    return state.wrong or None


def breadth_is_kept(state: State) -> str | None:
    """No more branches at once than Max-Breadth allows."""
    branches = [each.branch for each in state.proxied.branches if each.branch.state in PENDING]
    asked = sum(each.breadth for each in branches)
    return None if asked <= 60 else f"{asked} are at once"


def the_rest_is_cancelled(state: State) -> str | None:
    """Once a 2xx or a 6xx has come, or a CANCEL, no branch of an INVITE goes on undisturbed."""
    context = state.proxied.context
    if not context.is_invite or context.state in {INITIAL, FORWARDING}:
        return None
    left = [each.branch.state for each in state.proxied.branches if each.branch.state in PENDING]
    return None if {CANCEL_WAITS, CANCELLING}.issuperset(left) else f"{left} in {context.state}"


def no_cancel_waits_in_vain(state: State) -> str | None:
    """As soon as a provisional response has come, the CANCEL goes."""
    for client, fork in zip(state.clients, state.proxied.branches, strict=True):
        if client.state == "proceeding" and fork.branch.state == CANCEL_WAITS:
            return "a CANCEL waits, and need not"
    return None


def a_6xx_ends_the_search(state: State) -> str | None:
    """No branch begins after it."""
    context = state.proxied.context
    found = any(each.status >= 600 for each in context.results)
    return "the search goes on after a 6xx" if found and context.state == FORWARDING else None


LAWS = (nothing_is_wrong, breadth_is_kept, the_rest_is_cancelled, no_cancel_waits_in_vain, a_6xx_ends_the_search)


def is_over(state: State) -> bool:
    """When nothing more can happen, it is answered, and no branch is pending."""
    return len(state.said) == 1 and state.proxied.is_over


def explored(is_invite: bool, first: Client | None = None, **settings: Any) -> Explored[State]:
    """Walk all states of a request with two targets."""
    context = ResponseContext(is_invite, **settings)
    proxied = Proxied(REQUEST, None, context, "p0", True, 0, False)  # type: ignore[arg-type]
    run = Run(State((), (), False, (), "", first or Client(), proxied))
    run.event(run.proxied, "REQUEST", None)
    run.event(run.proxied, "TARGETS", TARGETS)
    return explore(run.done(), moves, laws=LAWS, over=is_over)


@pytest.mark.rfc("3261 16.7", "3261 16.10", "3261 9.1", "5393 5.3.3")
@pytest.mark.parametrize(
    ("is_invite", "settings"),
    [
        pytest.param(True, {}, id="parallel", marks=pytest.mark.slow),
        pytest.param(True, {"serial": True}, id="serial"),
        pytest.param(True, {"free": 1}, id="no breadth"),
        pytest.param(False, {}, id="no INVITE"),
        pytest.param(False, {"serial": True}, id="no INVITE, serial"),
    ],
)
def test_whatever_comes_one_answer_is_made_of_it(is_invite: bool, settings: dict[str, Any]) -> None:
    """In every state that can be reached the laws hold, and every way ends with an answer and nothing pending."""
    found = explored(is_invite, **settings)
    assert found.complete, found
    assert found.violation is None, found


FAULTS = [
    (ResponseContext, "Forwarding", "ANSWERED", 0),
    (ResponseContext, "Stopping", "ANSWERED", 1),
    (ResponseContext, "Accepted", "ANSWERED", 0),
    (ResponseContext, "Forwarding", "PROVISIONAL", 0),
    (ResponseContext, "Forwarding", "RESULT", 0),
    (ResponseContext, "Forwarding", "RESULT", 1),
    (ResponseContext, "Stopping", "RESULT", 0),
    (ResponseContext, "Forwarding", "CANCEL", 0),
    (Branch, "Calling", "100", 0),
    (Branch, "Proceeding", "1XX", 0),
    (Branch, "Cancelling", "1XX", 0),
    (Branch, "Accepted", "2XX", 0),
    (Branch, "Proceeding", "FINAL", 0),
    (Branch, "CancelWaits", "FAILURE", 0),
    (Branch, "CancelWaits", "100", 0),
    (Branch, "Locating", "CANCEL", 0),
    (Branch, "Proceeding", "Timer C", 0),
]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "state", "event", "nth"), FAULTS, ids=str)
def test_a_row_that_is_left_out_is_missed(kind: Any, state: str, event: str, nth: int) -> None:
    """The walk finds faults: a law is broken, or a way ends too early or never."""
    runs = [(True, Client(servers=0), {"free": 1}), (False, BRIEF, {}), (True, BRIEF, {})]
    with without_row(kind, state, event, nth)():
        assert any(explored(invite, first, **settings).violation for invite, first, settings in runs)
