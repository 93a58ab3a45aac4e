"""A call as its machines alone: no endpoint and no network, only what a role may do with them, and what is under way.

Everything that the role decides by itself is repeated here as briefly as it can be: which INVITE a command or a message
is about, and what follows from an output. So the machines can be walked whole, see `tests.usage.walk`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from operator import attrgetter
from typing import Any, Final

from attrs import define, evolve, field, fields, frozen

from sipsm import Request, Response
from sipsm.dialog import as_uac, as_uas
from sipsm.machine import Machine, Observer, Outcome, Step, joint_step
from sipsm.message import read_message
from sipsm.sdp import offer_answer
from sipsm.transaction.timer_values import DEFAULT, TimerValues
from sipsm.usage import CALL, EndReason, Invitation, Leg, invite_uac, invite_uas, session
from sipsm.usage.acknowledging import Acknowledging
from sipsm.usage.invite_uac import InviteUac
from sipsm.usage.invite_uas import InviteUas
from sipsm.usage.outputs import (
    Acknowledge,
    Ask,
    Cancel,
    Decide,
    Failure,
    GiveUp,
    HangUp,
    Modify,
    Over,
    Postpone,
    Prack,
    Refresh,
    Reply,
    SendInviteAgain,
    TryAgain,
)
from tests.endpoint.by_hand import SDP, SDP2, lines

NOW: Final = 1000.0
"""No time passes: which timer fires first is left open."""

observers: list[Observer] = []
"""Who is told of the rows that are taken: the last one."""


def a_step() -> Step:
    """A step at the only time that there is."""
    return Step(NOW, observers[-1] if observers else None)


# -------------------------------------------------------------------- messages


@cache
def request(method: str, body: bytes = b"", *more: str, contact: str = "192.0.2.2") -> Request:
    """A request of whoever asks."""
    found = read_message(
        lines(
            f"{method} sip:bob@192.0.2.1 SIP/2.0",
            "Via: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKone",
            "From: <sip:alice@192.0.2.2>;tag=from",
            "To: <sip:bob@192.0.2.1>",
            "Call-ID: one",
            f"CSeq: 1 {method}",
            f"Contact: <sip:alice@{contact}>",
            *more,
            *(["Content-Type: application/sdp"] if body else []),
            body=body,
        )
    )
    assert isinstance(found, Request)
    return found


@cache
def response(status: int, body: bytes = b"", *more: str, method: str = "INVITE", tag: str = "a") -> Response:
    """A response of whoever answers."""
    found = read_message(
        lines(
            f"SIP/2.0 {status} Said",
            "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKtwo",
            "From: <sip:alice@192.0.2.2>;tag=from",
            "To: <sip:bob@192.0.2.1>" + (f";tag={tag}" if tag else ""),
            "Call-ID: one",
            f"CSeq: 1 {method}",
            f"Contact: <sip:{method}{status}@192.0.2.{len(body) % 7}>",
            *more,
            *(["Content-Type: application/sdp"] if body else []),
            body=body,
        )
    )
    assert isinstance(found, Response)
    return found


# -------------------------------------------------------------------- the machines, and what is under way


@frozen
class Plan:
    """What kind of calls is walked."""

    outgoing: bool
    forks: int = 1
    invites: int = 2
    """How many INVITEs may be known in a dialog at once, the first included."""
    prack_by_hand: bool = False
    keeps_forks: bool = False
    interval_s: int | None = None
    expires_s: float | None = 60.0
    retries: bool = False
    """Whether the INVITE may be sent anew, or to another server."""
    peers_interval_s: int | None = None
    """The session interval that the peer asks for."""
    already: tuple[str, ...] = ()
    """What has happened before the walk begins, by the names of events."""
    times: TimerValues = DEFAULT

    @property
    def session_interval_s(self) -> int | None:
        """As `Terms`."""
        return self.interval_s

    @property
    def smallest_interval_s(self) -> int:
        """As `Terms`."""
        return 90

    def rseq(self) -> int:
        """As `Terms`."""
        return 1


@define(eq=False)
class Branch(Leg):
    """A dialog, and what is under way in it."""

    bye: str = ""
    """Our BYE: "sent", "done"."""
    update: str = ""
    """Our UPDATE: "bare", "offer"."""


@define(eq=False)
class Attempt(Invitation):
    """An INVITE, and what is under way for it."""

    client: str = ""
    """Our transaction: "calling", "proceeding", "accepted", "done"."""
    pracks: frozenset[str] = frozenset()
    """Our PRACKs: "bare", "answer", "offer"."""
    final: int = 0
    """The first digit of our response."""
    acked: bool = False
    """Whether our 2xx has had its ACK, or never will."""
    acks: bool = False
    """Whether we have sent an ACK."""
    cancelled: bool = False
    """Whether we have sent a CANCEL."""


@define(eq=False)
class World:
    """One call."""

    terms: Plan
    legs: list[Any] = field(factory=list)
    here: Any = None
    over: int = 0
    """How many times its end has been told."""

    def copy(self) -> World:
        """The same once more."""
        copied = _copy(self, {})
        assert isinstance(copied, World)
        return copied

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to be done, so that it is forgotten."""
        return bool(self.legs) and all(
            leg.session.state == session.ENDED
            and all(not at.outgoing or at.invite.state == invite_uac.TERMINATED for at in leg.invitations)
            and all(at.reliable.state != "Late" for at in leg.invitations)
            and all(at.outgoing or at.invite.state != invite_uas.ACCEPTED for at in leg.invitations)
            for leg in self.legs
        )

    def attempts(self) -> Iterator[tuple[int, int, Attempt]]:
        """Each INVITE in each dialog, by their numbers."""
        for number, leg in enumerate(self.legs):
            for inner, at in enumerate(leg.invitations):
                yield number, inner, at


_COPIED: dict[type, tuple[str, ...]] = {}


def _copy(x: Any, known: dict[int, Any]) -> Any:
    kind = type(x)
    names = _COPIED.get(kind)
    if names is None:
        copied = isinstance(x, Machine | Leg | Invitation | World)
        names = _COPIED[kind] = tuple(each.name for each in fields(kind)) if copied else ()
    if not names:
        return [_copy(each, known) for each in x] if kind is list else x
    found = known.get(id(x))
    if found is None:
        found = known[id(x)] = object.__new__(kind)
        for name in names:
            setattr(found, name, _copy(getattr(x, name), known))
    return found


PLACES: Final = ("update_in", "update_out", "glare", "timer")
OWN: Final = ("invite", "reliable", "ack", "prack")
_BODIES = {b"": 0, SDP: 1, SDP2: 2}


def letters(machine: Any) -> Any:
    """The state, and the timers that run."""
    return (machine.state, *sorted(each[1] for each in machine.running)) if machine.running else machine.state


def key(world: World) -> Any:
    """Where the machines stand, as far as a rule or the network can tell it: numbers and deadlines are left out."""
    return (
        world.over,
        world.here and world.legs.index(world.here),
        tuple(
            (
                leg.dialog.state,
                leg.dialog.remote_tag is None,
                leg.offer_answer.state,
                leg.offer_answer.agreed is not None,
                _BODIES.get(leg.offer_answer.local, 3),
                leg.session.state,
                leg.turns.state,
                leg.turns.wish and leg.turns.wish.again,
                leg.update_in.state,
                leg.update_out.state,
                leg.update_out.wish and leg.update_out.wish.again,
                letters(leg.glare),
                letters(leg.timer),
                leg.timer.agreed and leg.timer.agreed.ours,
                leg.timer.asked and leg.timer.asked.ours,
                leg.bye,
                leg.update,
                leg.owed_update is not None,
                tuple(
                    (
                        at.outgoing,
                        letters(at.invite),
                        at.invite.reliably if isinstance(at.invite, InviteUas) else at.invite.modifies,
                        at.ack and at.ack.state,
                        letters(at.reliable),
                        at.reliable.bears_sdp,
                        at.prack.state,
                        at.owed_prack is not None,
                        at.client,
                        at.pracks,
                        at.final,
                        at.acked,
                        at.acks,
                        at.cancelled,
                    )
                    for at in leg.invitations
                ),
            )
            for leg in world.legs
        ),
    )


def everything(world: World) -> Any:
    """All that the machines hold."""
    return [
        [(name, _held(getattr(leg, name))) for name in ("dialog", "offer_answer", "session", "turns", *PLACES)]
        + [(name, _held(getattr(at, name))) for at in leg.invitations for name in OWN]
        for leg in world.legs
    ]


def _held(machine: Any) -> Any:
    if machine is None:
        return None
    # The first RSeq is drawn when a machine is made, and the same as none until it is sent.
    left_out = {"rseq", "times", "by_hand"} if machine.state in {"Idle", "Receiving"} else set()
    return [(each.name, getattr(machine, each.name)) for each in fields(type(machine)) if each.name not in left_out]


# -------------------------------------------------------------------- inputs


@frozen
class Input:
    """One thing that may happen next."""

    kind: str
    """ "command": of the application; "asked": a request of the peer, that must be answered; "heard": what is not
    answered; "timer"; "within": what no rule may refuse."""
    event: str
    leg: int = 0
    invitation: int = 0
    variant: str = ""

    def __str__(self) -> str:
        where = f"{self.leg}.{self.invitation}"
        return f"{self.kind} {self.event} [{where}{' ' + self.variant if self.variant else ''}]"


@define
class Done:
    """What came of an input."""

    outcome: Outcome
    outputs: list[tuple[Any, Any]]
    split: World | None = None
    """The call that a further branch became."""
    told: tuple[tuple[bool, Any, Any], ...] = ()
    """Outputs of what the role did by itself: whether it was refused, and the outputs."""


def inputs(world: World) -> Iterator[Input]:
    """What may happen next."""
    if not world.legs:
        for sdp in ("", "+SDP"):
            yield Input("within", (">INVITE" if world.terms.outgoing else "<INVITE") + sdp)
        return
    if world.is_over:
        return
    seen: set[int] = set()
    for number, inner, at in world.attempts():
        for place in ("invite", "reliable"):
            machine = getattr(at, place)
            if id(machine) not in seen:
                seen.add(id(machine))
                for each in machine.running:
                    # All that wait for an ACK wait for as long: the first one first.
                    if each[1] != "ACK" or not _awaits_ack(world.legs[number].invitations[:inner]):
                        yield Input("timer", f"Timer {each[1]}", number, inner, place)
    for number, leg in enumerate(world.legs):
        for place in ("glare", "timer"):
            yield from (Input("timer", f"Timer {each[1]}", number, 0, place) for each in getattr(leg, place).running)
    yield from _commands(world)
    for number, leg in enumerate(world.legs):
        yield from _from_peer(world, number, leg)
    yield from _of_our_invites(world)


def _awaits_ack(attempts: list[Attempt]) -> bool:
    return any(not at.outgoing and at.invite.state == invite_uas.ACCEPTED for at in attempts)


def _commands(world: World) -> Iterator[Input]:
    here = world.legs.index(world.here)
    theirs = [n for n, at in enumerate(world.here.invitations) if not at.outgoing]
    if theirs:
        asked = next((n for n in theirs if world.here.invitations[n].invite.state in invite_uas.UNANSWERED), theirs[-1])
        for event in ("PROVISION", "REL", "ACCEPT"):
            yield Input("command", event, here, asked)
            yield Input("command", event + "+SDP", here, asked)
            yield Input("command", event + "+SDP", here, asked, "other")
        yield Input("command", "REJECT", here, asked)
    ours = [n for n, at in enumerate(world.here.invitations) if at.outgoing]
    if ours:
        yield Input("command", "GIVE UP", here, ours[-1])
    yield Input("command", "HANG UP", here)
    yield Input("command", "ASK", here)
    for number, leg in enumerate(world.legs):
        if leg.session.state == session.INVITING and leg.dialog.state == "Early":
            yield Input("command", "HANG UP", number, 0, "branch")
            yield Input("within", "PEER LOST", number)
    if not world.over and world.here.session.state in {session.ACCEPTED, session.ANSWERING, session.ESTABLISHED}:
        yield Input("within", "REPLACED", here)
    if world.here.session.state == session.ESTABLISHED:
        yield Input("within", "PEER LOST", here)
    for number, leg in enumerate(world.legs):
        for inner, at in enumerate(leg.invitations):
            # The role asks for these where they are waited for; the tables know it too.
            if at.outgoing:
                if at.ack.state == "Sent":
                    yield Input("within", "ACK LOST", number, inner)
                yield Input("command", ">PRACK", number, inner)
                yield Input("command", ">PRACK+SDP", number, inner)
                yield Input("command", ">ACK+SDP", number, inner)
            else:
                yield Input("command", ">PRACK 2XX+SDP", number, inner)
                if at.owed_prack is not None:
                    yield Input("within", ">PRACK REFUSAL", number, inner)
        yield Input("command", ">UPDATE 2XX+SDP", number)
        yield Input("command", ">UPDATE REFUSAL", number)
        for sdp in ("", "+SDP"):
            yield Input("command", ">UPDATE" + sdp, number)
            if len(leg.invitations) < world.terms.invites:
                yield Input("command", ">REINVITE" + sdp, number)


def _from_peer(world: World, number: int, leg: Any) -> Iterator[Input]:
    theirs = [n for n, at in enumerate(leg.invitations) if not at.outgoing]
    for n in theirs:
        yield Input("heard", "CANCEL", number, n)
    there = leg.dialog.state in {"Early", "Confirmed"}
    for n in theirs:
        if there:
            yield Input("heard", "ACK", number, n)
            yield Input("heard", "ACK+SDP", number, n)
        if there or leg.invitations[n].reliable.state == "Late":
            for sdp in ("", "+SDP"):
                yield Input("asked", "<PRACK" + sdp, number, n)
                yield Input("asked", "<PRACK" + sdp, number, n, "stray")
    if there:
        yield Input("asked", "BYE", number)
        yield Input("asked", "<ASK", number)
        for sdp in ("", "+SDP"):
            yield Input("asked", "<UPDATE" + sdp, number)
            if len(leg.invitations) < world.terms.invites:
                yield Input("asked", "<REINVITE" + sdp, number)
            if _interval(world.terms):
                yield Input("asked", "<UPDATE" + sdp, number, 0, "untimed")
    if leg.bye == "sent":
        yield Input("heard", "BYE DONE", number)
    if leg.update:
        yield Input("heard", "<UPDATE 2XX", number)
        yield Input("heard", "<UPDATE 2XX+SDP", number)
        for status in _refusals(world):
            yield Input("within", "<UPDATE REFUSAL", number, 0, status)
    for n, at in enumerate(leg.invitations):
        for prack in sorted(at.pracks):
            yield Input("heard", "<PRACK 2XX", number, n, prack)
            yield Input("heard", "<PRACK 2XX+SDP", number, n, prack)
            for status in ("488", "481", "silence"):
                yield Input("within", "<PRACK REFUSAL", number, n, prack + " " + status)


def _refusals(world: World) -> tuple[str, ...]:
    return ("491", "488", "481") if not _interval(world.terms) else ("491", "488", "481", "422")


def _of_our_invites(world: World) -> Iterator[Input]:
    """What comes back to our INVITEs: the first one, which forks, and those within a dialog."""
    for number, inner, at in world.attempts():
        if not at.outgoing or (inner == 0 and number > 0):
            continue
        client, life = at.client, at.invite
        assert isinstance(life, InviteUac)
        modifies = life.modifies
        branches = [(number, inner)] if modifies else [(n, 0) for n in range(len(world.legs))]
        if not modifies and world.legs[0].dialog.remote_tag is not None and len(world.legs) < world.terms.forks:
            branches.append((len(world.legs), 0))
        if client in {"calling", "proceeding"}:
            yield Input("heard", "100", number, inner)
            for n, m in branches:
                for sdp in ("", "+SDP"):
                    yield Input("heard", "1XX" + sdp, n, m)
                    if n < len(world.legs) and world.legs[n].dialog.remote_tag is None:
                        yield Input("heard", "1XX" + sdp, n, m, "untagged")
                    for variant in ("", "repeat"):
                        yield Input("heard", "<REL" + sdp, n, m, variant)
                if n < len(world.legs) and not modifies and world.legs[n].dialog.state == "Early":
                    yield Input("heard", "199", n, m)
            for status in _refusals(world):
                yield Input("heard", "3XX-6XX", number, inner, status)
            if client == "calling":
                yield Input("within", "TIMEOUT", number, inner)
                yield Input("within", "FAILURE", number, inner)
            if world.terms.retries and not modifies and not life.is_cancelled:
                yield Input("within", "TRIES AGAIN", number, inner)
                if life.wants_answers:
                    yield Input("within", "RETRY", number, inner)
                    yield Input("within", "POSTPONE", number, inner)
        if client in {"calling", "proceeding", "accepted"}:
            for n, m in branches:
                yield Input("heard", "2XX", n, m)
                yield Input("heard", "2XX+SDP", n, m)
                if _interval(world.terms):
                    yield Input("heard", "2XX+SDP", n, m, "untimed")


def peers_silence(each: Input) -> bool:
    """Whether it may happen when nothing of the peer's arrives: the application, time, and what time makes of it."""
    return (
        each.kind in {"command", "timer"}
        or each.event in {"TIMEOUT", "BYE DONE", "<INVITE", "<INVITE+SDP", ">INVITE", ">INVITE+SDP"}
        or (each.event in {"<UPDATE REFUSAL", "<PRACK REFUSAL"} and each.variant.endswith("481"))
    )


# -------------------------------------------------------------------- what an input leads to


def apply(world: World, each: Input) -> Done:
    """Have it happen, with what the role does of it."""
    if not world.legs:
        return _begin(world, each.event)
    if each.event.startswith((">REINVITE", ">UPDATE")) and "2XX" not in each.event and "REFUSAL" not in each.event:
        body = SDP if each.event.endswith("+SDP") else b""
        method = "INVITE" if "REINVITE" in each.event else "UPDATE"
        return _offer(world, each.leg, Modify(method, body, wait_s=1.0))
    step = a_step()
    if each.event.startswith("<REINVITE"):
        leg = world.legs[each.leg]
        timed = () if each.variant == "untimed" else _interval(world.terms)
        asked = request("INVITE", SDP if each.event.endswith("+SDP") else b"", *timed, contact="192.0.2.7")
        at = Attempt(leg, False, asked, InviteUas(DEFAULT, 1, world.terms.expires_s))
        outcome = joint_step(CALL, at, each.event, asked, step)
        if outcome.refusal is None:
            leg.invitations.append(at)
        return _follow(world, Done(outcome, step.outputs))
    if each.leg == len(world.legs):
        _branch(world)
    leg = world.legs[each.leg]
    at = leg.invitations[each.invitation]
    if each.kind == "timer":
        event = attrgetter(CALL.paths.get(each.variant, each.variant))(at).fired(each.event.removeprefix("Timer "), NOW)
        return _follow(world, Done(joint_step(CALL, at, event, None, step), step.outputs))
    x = _what(world, at, each)
    split = _split(world, at) if each.event in {"2XX", "2XX+SDP"} else None
    outcome = joint_step(CALL, at, each.event, x, step)
    if outcome.refusal is None:
        _note(world, at, each)
    done = Done(outcome, step.outputs, split)
    if split is not None:
        _follow(split, done)
        return done
    return _follow(world, done)


def _begin(world: World, event: str) -> Done:
    """The first INVITE."""
    plan = world.terms
    asked = request("INVITE", SDP if event.endswith("+SDP") else b"", *_interval(plan))
    leg: Branch
    if plan.outgoing:
        leg = Branch(world, as_uac(asked))
        life = InviteUac(DEFAULT, expires_s=plan.expires_s, keeps_forks=plan.keeps_forks)
        at = Attempt(leg, True, asked, life, Acknowledging(), client="calling")
    else:
        leg = Branch(world, as_uas(asked, "us", 1))
        at = Attempt(leg, False, asked, InviteUas(DEFAULT, 1, plan.expires_s))
    leg.invitations.append(at)
    world.legs.append(leg)
    world.here = leg
    step = a_step()
    return _follow(world, Done(joint_step(CALL, at, event, asked, step), step.outputs))


def _branch(world: World) -> None:
    """The machines of a further dialog of our INVITE."""
    first = world.legs[0].invitations[0]
    leg = Branch(world, as_uac(first.request))
    at = Attempt(leg, True, first.request, first.invite, Acknowledging(), client=first.client)
    leg.invitations.append(at)
    world.legs.append(leg)
    event = ">INVITE+SDP" if first.request.body else ">INVITE"
    for machine in (leg.offer_answer, leg.turns, leg.session):
        machine.receive(">INVITE" if machine is not leg.offer_answer else event, first.request, a_step())


def _split(world: World, at: Attempt) -> World | None:
    """A further branch that is kept becomes a call of its own."""
    leg, life = at.leg, at.invite
    assert isinstance(life, InviteUac)
    if not world.terms.keeps_forks or leg.session.state != session.INVITING:
        return None
    if life.state not in {invite_uac.ACCEPTED, invite_uac.TERMINATED}:
        return None
    world.legs.remove(leg)
    new = World(world.terms, [leg], leg)
    leg.call = new
    at.invite = _copy(life, {})
    return new


def _offer(world: World, number: int, wish: Modify) -> Done:
    leg = world.legs[number]
    wish = evolve(wish, since=leg.offer_answer.agreed)
    event = (">UPDATE" if wish.method == "UPDATE" else ">REINVITE") + ("+SDP" if wish.body else "")
    at = leg.invitations[0]
    if wish.method == "INVITE":
        at = Attempt(leg, True, request("INVITE", wish.body), InviteUac(DEFAULT, modifies=True), Acknowledging())
    step = a_step()
    outcome = joint_step(CALL, at, event, wish, step)
    if outcome.refusal is None:
        if wish.method == "INVITE":
            at.client = "calling"
            leg.invitations.append(at)
        else:
            assert not leg.update, "one UPDATE of ours at a time"
            leg.update = "offer" if wish.body else "bare"
    return _follow(world, Done(outcome, step.outputs))


def _what(world: World, at: Attempt, each: Input) -> Any:
    """What comes with an input."""
    event, variant = each.event, each.variant
    body = SDP if event.endswith("+SDP") else b""
    tag = "ab"[each.leg] if each.leg < 2 else "c"
    if variant == "other" or (body and event in {"<REL+SDP", "<UPDATE+SDP", "<PRACK+SDP"}):
        body = SDP2
    if variant == "untagged":
        tag = ""
    timed = () if variant == "untimed" else _interval(world.terms)
    match event.removesuffix("+SDP"):
        case "PROVISION" | "REL":
            return Reply(180, body=body)
        case "ACCEPT":
            return Reply(200, body=body)
        case "REJECT":
            return Reply(486)
        case "GIVE UP":
            return Cancel()
        case "HANG UP":
            return HangUp(branch=variant == "branch")
        case "ASK":
            return Ask("OPTIONS")
        case ">PRACK":
            return Prack(None, body)
        case ">ACK":
            return Acknowledge(body)
        case ">PRACK 2XX":
            return Decide("PRACK", 200, body=body)
        case ">UPDATE 2XX":
            return Decide("UPDATE", 200, body=body)
        case ">PRACK REFUSAL":
            return Decide("PRACK", 500)
        case ">UPDATE REFUSAL":
            return Decide("UPDATE", 488)
        case "CANCEL" | "BYE" | "ACK" as method:
            return request(method, body)
        case "<UPDATE":
            return request("UPDATE", body, *timed, contact="192.0.2.8")
        case "<PRACK":
            rseq = at.reliable.rseq or 0
            return request("PRACK", body, f"RAck: {rseq + 7 if variant == 'stray' else rseq} 1 INVITE")
        case "BYE DONE":
            return response(200, method="BYE")
        case "<UPDATE 2XX":
            return response(200, body, *timed, method="UPDATE")
        case "<PRACK 2XX":
            return response(200, body, method="PRACK")
        case "<UPDATE REFUSAL" | "<PRACK REFUSAL":
            if variant.endswith("silence"):
                return Failure(EndReason.TIMED_OUT)
            refused = "UPDATE" if "UPDATE" in event else "PRACK"
            return Failure(EndReason.REJECTED, _refusal(int(variant.split()[-1]), refused))
        case "100" | "1XX" | "199":
            return response(180 if event.startswith("1XX") else int(event), body, tag=tag)
        case "<REL":
            last: int | None = at.reliable.rseq
            number = 1 if last is None else last if variant == "repeat" else last + 1
            return response(183, body, "Require: 100rel", f"RSeq: {number}", tag=tag)
        case "2XX":
            return response(200, body, *timed, tag=tag)
        case "3XX-6XX":
            return _refusal(int(variant), "INVITE", tag)
        case "RETRY":
            return at.request
        case "POSTPONE":
            return Postpone(at.request, 5.0, _refusal(503, "INVITE", tag))
        case _:
            return None


def _refusal(status: int, method: str, tag: str = "a") -> Response:
    return response(status, b"", *(["Min-SE: 120"] if status == 422 else []), method=method, tag=tag)


def _interval(plan: Plan) -> tuple[str, ...]:
    if plan.peers_interval_s is None:
        return ()
    return ("Supported: timer", f"Session-Expires: {plan.peers_interval_s};refresher=uac")


def _note(world: World, at: Attempt, each: Input) -> None:
    """What is under way is known to have ended, or begun."""
    leg = at.leg
    assert isinstance(leg, Branch)
    event = each.event.removesuffix("+SDP")
    if event in {"100", "1XX", "<REL", "199", "2XX", "3XX-6XX", "TIMEOUT", "FAILURE", "TRIES AGAIN", "POSTPONE"}:
        now = {"2XX": "accepted", "TRIES AGAIN": "calling"}
        now |= dict.fromkeys(("3XX-6XX", "TIMEOUT", "FAILURE", "POSTPONE"), "done")
        for _, _, other in world.attempts():
            if other.invite is at.invite and other.client != "done":
                other.client = now.get(event, "proceeding")
        at.client = now.get(event, "proceeding") if at.client != "done" else "done"
    match event:
        case "ACK":
            # Whichever it was, the peer has our 2xx then.
            at.acked = at.acked or at.final == 2
            # Who acknowledges a re-INVITE's has had the first one's.
            first = leg.invitations[0]
            assert isinstance(first, Attempt)
            first.acked |= at.final == 2 and not first.outgoing
        case "<PRACK 2XX" | "<PRACK REFUSAL":
            at.pracks -= {each.variant.split()[0]}
        case "<UPDATE 2XX" | "<UPDATE REFUSAL":
            leg.update = ""
        case "BYE DONE":
            leg.bye = "done"
        case "<UPDATE" if each.event.endswith("+SDP"):
            leg.owed_update = OWED
        case "<PRACK" if each.event.endswith("+SDP") and at.prack.state == "Owed" and at.owed_prack is None:
            at.owed_prack = OWED


OWED: Any = ("a transaction", "a request")


def _follow(world: World, done: Done) -> Done:
    """What the role makes of the outputs."""
    wishes: list[tuple[Leg, Any]] = []
    for at, x in done.outputs:
        leg = at.leg
        match x:
            case Reply() if x.status >= 200:
                at.final = at.final * 10 + x.status // 100
            case HangUp():
                # A 2xx from a branch that was left brings another.
                leg.bye = "sent" if not leg.bye or (leg.session.dismissed and leg.bye == "done") else "twice"
            case Prack():
                kind = "offer" if leg.offer_answer.state == offer_answer.SENT_IN_PRACK and x.body else "bare"
                at.pracks |= {kind}
            case Decide() if x.method == "UPDATE":
                assert leg.owed_update is not None, "an UPDATE waits"
                leg.owed_update = None
            case Decide():
                assert at.owed_prack is not None, "a PRACK waits"
                at.owed_prack = None
            case Acknowledge():
                assert not at.acks, "one ACK for the first 2xx"
                at.acks = True
            case Cancel():
                assert not at.cancelled, "one CANCEL"
                for _, _, other in world.attempts():
                    if other.invite is at.invite:
                        other.cancelled = True
            case GiveUp():
                for _, _, other in world.attempts():
                    if other.invite is at.invite:
                        other.client = "done"
            case Over():
                world.over += 1
            case TryAgain():
                wishes.append((leg, x.wish))
            case Refresh():
                wishes.append((leg, Modify("INVITE", leg.offer_answer.local, refresh=True)))
            case SendInviteAgain():
                _anew(world, at)
    for at, caused in ((each, each.invite.state) for _, _, each in world.attempts()):
        if not at.outgoing and caused == invite_uas.TERMINATED and at.final == 2:
            # Its ACK will not come any more.
            at.acked = True
    for leg in world.legs:
        if leg.session.state in {session.ACCEPTED, session.ANSWERING, session.ESTABLISHED, session.ENDING}:
            world.here = leg
        for at in leg.invitations[1:]:
            if at.invite.state in {invite_uac.TERMINATED, invite_uas.CONFIRMED} and not is_kept(at):
                leg.invitations.remove(at)
    told = []
    for leg, wish in wishes:
        if leg in world.legs and (wish.method == "UPDATE" or len(leg.invitations) < world.terms.invites + 1):
            inner = _offer(world, world.legs.index(leg), wish)
            told.append((inner.outcome.refusal is not None, wish, inner.outputs))
    done.told = tuple(told)
    return done


def is_kept(at: Attempt) -> bool:
    """Whether an INVITE that is over is known for what is still to be said of it."""
    owed = "Owed" in {at.ack.state, at.reliable.state}
    return owed or at.owed_prack is not None or at.reliable.state == "Late"


def _anew(world: World, at: Attempt) -> None:
    life = at.invite
    world.legs.clear()
    leg = Branch(world, as_uac(at.request))
    world.legs.append(leg)
    new = Attempt(leg, True, at.request, life, Acknowledging(), client="calling")
    leg.invitations.append(new)
    leg.offer_answer.receive(">INVITE+SDP" if at.request.body else ">INVITE", at.request, a_step())
    leg.turns.receive(">INVITE", at.request, a_step())
    leg.session.receive(">INVITE", at.request, a_step())
    world.here = leg
