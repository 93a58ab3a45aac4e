"""The machines of a subscription of ours by themselves, taken wherever they can go, in whatever order things come."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from attrs import define, field

from sipsm.dialog import Dialog, as_uac
from sipsm.machine import Machine, Refuse, Step, joint_step
from sipsm.message import Request, Response, parse_message
from sipsm.usage import subscriber
from sipsm.usage.attempt import Attempt
from sipsm.usage.lifetime import Lifetime
from sipsm.usage.renewal import Renewal
from sipsm.usage.subscriber import Subscriber
from sipsm.usage.subscribing import MACHINES, SUBSCRIBING
from sipsm.usage.subscription_outputs import Ended, Failure, SendSubscribe, Subscribe
from tests.usage.alone import START, Make, ignored_by, is_wired, takes_no_notice

HEAD = "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=a\r\nTo: <sip:b@x>{}\r\nCall-ID: c\r\n"


def request(method: str, *headers: str) -> Request:
    """A request with these headers."""
    head = HEAD.format("") + f"CSeq: 1 {method}\r\nMax-Forwards: 70\r\n" + "".join(f"{each}\r\n" for each in headers)
    message = parse_message(f"{method} sip:b@x SIP/2.0\r\n{head}Content-Length: 0\r\n\r\n".encode())
    assert isinstance(message, Request)
    return message


def response(status: int, *headers: str) -> Response:
    """A response to a SUBSCRIBE with these headers."""
    head = HEAD.format(";tag=b") + "CSeq: 1 SUBSCRIBE\r\n" + "".join(f"{each}\r\n" for each in headers)
    message = parse_message(f"SIP/2.0 {status} Said\r\n{head}Content-Length: 0\r\n\r\n".encode())
    assert isinstance(message, Response)
    return message


ASKED = request("SUBSCRIBE")
MAKERS: list[Make] = [Subscriber, Renewal, Lifetime, lambda: Attempt(None, ASKED)]

NOTIFIES = [
    ("ACTIVE", request("NOTIFY", "Subscription-State: active;expires=300")),
    ("PENDING", request("NOTIFY", "Subscription-State: pending")),
    ("TERMINATED", request("NOTIFY", "Subscription-State: terminated;reason=rejected")),
    ("TERMINATED", request("NOTIFY", "Subscription-State: terminated;reason=deactivated")),
    ("TERMINATED", request("NOTIFY", "Subscription-State: terminated;reason=probation;retry-after=9")),
]
ANSWERS: list[tuple[str, Any]] = [
    ("2XX", response(200, "Expires: 200")),
    ("204", response(204)),
    ("REFUSED", Failure(481, response(481))),
    ("REFUSED", Failure(503, response(503))),
    ("REFUSED", Failure(423, response(423, "Min-Expires: 700"))),
    ("REFUSED", Failure(408)),
]
COMMANDS = [("REFRESH", Subscribe(600)), ("UNSUBSCRIBE", None)]


@define(eq=False)
class Around:
    """One subscription, and whether a SUBSCRIBE of it waits for its final response."""

    resubscribes: bool
    now: float = START
    dialog: Dialog = field(init=False)
    subscriber: Subscriber = field(init=False)
    renewal: Renewal = field(factory=Renewal)
    lifetime: Lifetime = field(factory=Lifetime)
    waits: bool = False
    way: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        self.dialog = as_uac(ASKED)
        self.subscriber = Subscriber(resubscribes=self.resubscribes)

    @property
    def machines(self) -> tuple[Machine, ...]:
        """Those that have timers."""
        return self.subscriber, self.renewal, self.lifetime

    @property
    def key(self) -> object:
        """All that matters for where it can go from here; not for how long, nor since when."""
        return (
            self.waits,
            self.dialog.state,
            self.subscriber.asked_s == 0,
            self.renewal.leaves_next,
            self.renewal.refreshes,
            self.renewal.asked_s,
            self.lifetime.told,
            *((machine.state, *sorted(machine.timers)) for machine in self.machines),
        )

    def take(self, name: str, x: Any) -> None:
        """One event, and what must be true of it."""
        self.way += (name,)
        was = self.subscriber.state
        self.waits = self.waits and (name, x) not in ANSWERS
        step = Step(self.now)
        outcome = joint_step(SUBSCRIBING, self, name, x, step)
        if outcome.refusal is not None:
            assert name in dict(COMMANDS), self.way
            assert step.outputs == []
            return
        ends = 0
        for _, output in step.outputs:
            if isinstance(output, Ended):
                ends += 1
                self.waits = False
                self.dialog = as_uac(ASKED)
            elif isinstance(output, SendSubscribe):
                assert not self.waits, f"two SUBSCRIBE requests at a time: {self.way}"
                self.waits = True
        over = self.subscriber.state in {subscriber.TERMINATED, subscriber.WAITING}
        over = over and was not in {subscriber.TERMINATED, subscriber.INITIAL}
        assert ends <= 1, self.way
        if over and was != self.subscriber.state:
            assert ends == 1, self.way
        running = [letter for machine in self.machines for letter in machine.timers]
        if self.subscriber.state == subscriber.TERMINATED:
            assert running == [], self.way
        elif self.subscriber.state == subscriber.WAITING:
            assert running == ["retry"], self.way
        else:
            # The SUBSCRIBE that is under way ends by itself, by Timer F at the latest.
            assert running or self.waits, f"it would never end: {self.way}"

    def ways(self) -> Iterator[tuple[str, Any, float, Machine | None]]:
        """What can happen next: the input, what comes with it, when, and whose timer it is."""
        state = self.subscriber.state
        if state == subscriber.TERMINATED:
            return
        for name, x in COMMANDS:
            yield name, x, self.now + 1, None
        if self.waits:
            for name, x in ANSWERS:
                yield name, x, self.now + 1, None
        if state != subscriber.WAITING:
            yield from ((name, notify, self.now + 1, None) for name, notify in NOTIFIES)
        timers = [(at, letter, machine) for machine in self.machines for at, letter, _ in machine.running]
        for at, letter, machine in timers:
            # Which one is first depends on how long each lasts: here they fire in any order.
            yield letter, None, max(at, self.now), machine


def explored(first: Around) -> dict[object, Around]:
    """Every state that can be reached."""
    seen = {first.key: first}
    new = [first]
    while new:
        at = new.pop()
        for name, x, when, machine in at.ways():
            then = deepcopy(at, {id(x): x})
            then.now = when
            if machine is not None:
                own = then.machines[at.machines.index(machine)]
                name = own.fired(name, when)
            then.take(name, x)
            if then.key not in seen:
                seen[then.key] = then
                new.append(then)
    return seen


@pytest.mark.rfc("6665 4.1.2", "6665 4.1.3")
@pytest.mark.parametrize("resubscribes", [True, False])
@pytest.mark.parametrize(
    ("begins", "seconds"), [(">SUBSCRIBE", 600), (">SUBSCRIBE", 0), ("FORKED", 600), ("FORKED", 0)]
)
def test_wherever_it_goes(resubscribes: bool, begins: str, seconds: int) -> None:
    """In every order of what may come: one SUBSCRIBE at a time, one end, no timer after it, and always one before."""
    first = Around(resubscribes)
    if begins == "FORKED":
        # It begins with its NOTIFY, in the same moment.
        joint_step(SUBSCRIBING, first, begins, Subscribe(seconds), Step(START))
        first.take(*NOTIFIES[0])
    else:
        first.take(begins, Subscribe(seconds))
    seen = explored(first)
    states = {each.subscriber.state for each in seen.values()}
    assert {subscriber.ACTIVE, subscriber.TERMINATED} <= states
    assert (subscriber.WAITING in states) == (resubscribes and seconds > 0)
    assert len(seen) >= 3


# -------------------------------------------------------------------- one by one


def test_these_are_all() -> None:
    """Each table of a subscription of ours is that of one of these machines, or of the dialog."""
    tables = {table for tables in MACHINES.values() for table in tables}
    assert tables == {Dialog.table, *(make().table for make in MAKERS[:3])}


def test_every_input_is_an_event() -> None:
    """Each input of these machines comes by a wire, and each timer of theirs is one."""
    is_wired(SUBSCRIBING.wires, MACHINES)


@pytest.mark.parametrize(("make", "state", "name"), ignored_by(MAKERS))
def test_what_is_ignored_changes_nothing(make: Make, state: str, name: str) -> None:
    """Neither the state nor a timer, and nothing is sent or told."""
    takes_no_notice(make, state, name)


@pytest.mark.rfc("6665 4.1.2.2", "6665 4.1.2.4")
def test_nothing_has_begun() -> None:
    """Before a SUBSCRIBE has gone out there is nothing to be refreshed, and no NOTIFY is waited for."""
    notified = Attempt(None, ASKED).receive("NOTIFY", NOTIFIES[0][1], Step(START)).entry
    assert isinstance(notified, Refuse)
    assert notified.status == 481
    refreshed = Subscriber().receive("REFRESH", Subscribe(600), Step(START)).entry
    assert isinstance(refreshed, Refuse)
    assert "not been asked for" in refreshed.text
