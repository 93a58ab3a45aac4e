"""All states that the machines of a call can come to together, and what must be true in each and on the way to it.

Breadth first from the INVITE: every input that may happen is tried in every state. An oracle is a function that says
what is wrong, or nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from attrs import define, field, frozen

from sipsm.dialog import dialog
from sipsm.sdp import SdpArrived, offer_answer
from sipsm.usage import invite_uas, session
from sipsm.usage.outputs import (
    Accept,
    Acknowledge,
    Cancel,
    Connected,
    EarlyEnded,
    HangUp,
    OfferWithdrawn,
    Over,
    PeerModifies,
    ProvisionalAcknowledged,
    Rang,
    Reply,
    ReplyReliably,
)
from tests.usage.world import Attempt, Done, Input, Plan, World, apply, everything, inputs, key, peers_silence

Fault = str | None

# -------------------------------------------------------------------- what must be true in a state

_UNDER_WAY: Final = {"calling", "proceeding", "accepted"}


def an_offer_can_be_answered(world: World) -> Fault:
    """An offer that is outstanding has a message under way, or owed, that can answer it."""
    for leg in world.legs:
        state = leg.offer_answer.state
        can = _ANSWERS.get(state)
        if can is not None and not any(can(at) for at in leg.invitations):
            return f"nothing can answer in {state}"
    return None


_ANSWERS: Final[dict[str, Callable[[Any], bool]]] = {
    offer_answer.SENT_IN_INVITE: lambda at: at.client in _UNDER_WAY,
    offer_answer.PREVIEWED: lambda at: at.client in _UNDER_WAY,
    offer_answer.TO_BE_OFFERED: lambda at: at.client in _UNDER_WAY,
    offer_answer.TO_OFFER: lambda at: not at.outgoing and at.invite.state == invite_uas.PROCEEDING,
    offer_answer.GOT_IN_INVITE: lambda at: not at.outgoing and at.invite.state == invite_uas.PROCEEDING,
    offer_answer.SHOWN: lambda at: not at.outgoing and at.invite.state == invite_uas.PROCEEDING,
    offer_answer.SENT_IN_1XX: lambda at: not at.outgoing and at.reliable.state == "Unacknowledged",
    offer_answer.GOT_IN_1XX: lambda at: at.outgoing and at.reliable.state == "Owed",
    offer_answer.SENT_IN_2XX: lambda at: not at.outgoing and at.invite.state == invite_uas.ACCEPTED,
    offer_answer.GOT_IN_2XX: lambda at: at.outgoing and at.ack.state == "Owed",
    offer_answer.SENT_IN_PRACK: lambda at: "offer" in at.pracks,
    offer_answer.GOT_IN_PRACK: lambda at: at.prack.state == "Owed" and at.owed_prack is not None,
    offer_answer.SENT_IN_UPDATE: lambda at: at.leg.update == "offer" and at.leg.update_out.state == "Pending",
    offer_answer.GOT_IN_UPDATE: lambda at: at.leg.update_in.state == "Owed" and at.leg.owed_update is not None,
}


def what_is_owed_is_an_offers_answer(world: World) -> Fault:
    """An UPDATE, a PRACK or an ACK waits for the application only while the exchange waits for its answer there."""
    for leg in world.legs:
        state = leg.offer_answer.state
        if (leg.update_in.state == "Owed") != (state == offer_answer.GOT_IN_UPDATE):
            return f"update_in is {leg.update_in.state} in {state}"
        if (leg.owed_update is not None) != (leg.update_in.state == "Owed"):
            return (
                f"update_in is {leg.update_in.state}, and an UPDATE {'waits' if leg.owed_update else 'does not wait'}"
            )
        for at in leg.invitations:
            if at.prack.state == "Owed" and state != offer_answer.GOT_IN_PRACK:
                return f"prack is Owed in {state}"
            if (at.owed_prack is not None) != (at.prack.state == "Owed"):
                return f"prack is {at.prack.state}, and a PRACK {'waits' if at.owed_prack else 'does not wait'}"
            if at.ack.state == "Owed" and state != offer_answer.GOT_IN_2XX:
                return f"ack is Owed in {state}"
            if at.reliable.state == "Owed" and state != offer_answer.GOT_IN_1XX and not world.terms.prack_by_hand:
                return f"reliable is Owed in {state}"
    return None


def a_held_2xx_has_a_reason(world: World) -> Fault:
    """Nothing rests in Accepting unless a description waits for its PRACK."""
    for _, _, at in world.attempts():
        if at.invite.state == invite_uas.ACCEPTING and not at.reliable.bears_sdp:
            return "a 2xx is held for nothing"
    return None


def it_ends_once(world: World) -> Fault:
    """The end is told once, and when nothing is left it has been told."""
    if world.over > 1:
        return f"its end was told {world.over} times"
    if world.is_over and not world.over:
        return "it is over, and nobody was told"
    return None


def no_timer_runs_after_the_end(world: World) -> Fault:
    """When a call is forgotten, no machine waits for anything."""
    if world.is_over:
        for leg in world.legs:
            for at, machine in leg.timed():
                if machine.running:
                    return f"{machine.table.name} has {machine.running} in {at.invite.state}"
    return None


def nothing_is_owed_at_the_end(world: World) -> Fault:
    """When a call is forgotten, every request of the peer has been answered."""
    if world.is_over:
        for leg in world.legs:
            if leg.owed_update is not None:
                return "an UPDATE has no answer"
            for at in leg.invitations:
                if at.owed_prack is not None:
                    return "a PRACK has no answer"
                if not at.outgoing and not at.final:
                    return "an INVITE has no answer"
    return None


def a_session_that_is_over_is_closed(world: World) -> Fault:
    """With the session the dialog and the exchange are over."""
    for leg in world.legs:
        if leg.session.state == session.ENDED:
            if leg.offer_answer.state != offer_answer.CLOSED or leg.dialog.state != dialog.TERMINATED:
                return f"ended, with {leg.offer_answer.state} and {leg.dialog.state}"
            if leg.update_in.state == "Owed" or leg.glare.state == "Waiting" or leg.timer.state != "Off":
                return f"ended, with {leg.update_in.state}, {leg.glare.state}, {leg.timer.state}"
        elif leg.dialog.state == dialog.TERMINATED and leg.session.state not in session.HAS_BYE:
            return f"no dialog any more in {leg.session.state}"
    return None


def the_dialog_is_as_the_invite(world: World) -> Fault:
    """It is confirmed when a 2xx was sent or has come, and not before."""
    for leg in world.legs:
        first: Attempt = leg.invitations[0]
        if leg.dialog.state == dialog.TERMINATED:
            continue
        answered = first.final == 2 if not first.outgoing else first.ack.state != "None"
        if answered != (leg.dialog.state == dialog.CONFIRMED):
            return f"the dialog is {leg.dialog.state}"
    return None


def one_final_response(world: World) -> Fault:
    """Each INVITE of the peer gets one, and what goes on by itself has stopped then."""
    for _, _, at in world.attempts():
        if at.outgoing:
            continue
        if at.final >= 10:
            return f"final responses: {at.final}"
        if bool(at.final) != (at.invite.state not in {"Initial", *invite_uas.UNANSWERED}):
            return f"in {at.invite.state} after {at.final}"
        if at.final and at.reliable.state == "Unacknowledged":
            return "a reliable provisional response is repeated after the final one"
    return None


def one_invite_at_a_time(world: World) -> Fault:
    """Whose turn it is, is whose INVITE is unanswered."""
    for leg in world.legs:
        if not leg.session.goes_on:
            continue
        theirs = [at for at in leg.invitations if not at.outgoing and at.invite.state in invite_uas.UNANSWERED]
        ours = [at for at in leg.invitations if at.client in {"calling", "proceeding"} and at.ack.state == "None"]
        if len(theirs) + len(ours) > 1:
            return f"{len(theirs)} of theirs and {len(ours)} of ours"
        if bool(theirs) != (leg.turns.state == "Theirs"):
            return f"{leg.turns.state} with {len(theirs)} of theirs"
        if ours and leg.turns.state != "Ours":
            return f"{leg.turns.state} with one of ours"
    return None


def one_update_at_a_time(world: World) -> Fault:
    """An UPDATE of ours is pending while it is under way."""
    for leg in world.legs:
        if bool(leg.update) != (leg.update_out.state == "Pending"):
            return f"{leg.update_out.state}, with {leg.update or 'none'} under way"
    return None


def one_bye(world: World) -> Fault:
    """One BYE, while and after which the session is ending."""
    for leg in world.legs:
        if leg.bye == "twice":
            return "two BYE"
        if (leg.bye == "sent") != (leg.session.state in session.HAS_BYE):
            return f"{leg.bye or 'none'} in {leg.session.state}"
    return None


def every_2xx_is_acknowledged(world: World) -> Fault:
    """A 2xx that has come has had its ACK, or the ACK waits for the answer."""
    for leg in world.legs:
        for at in leg.invitations:
            if at.acks != (at.ack.state in {"Sent", "Repeated", "Lost"}):
                return f"ACK {at.ack.state}, sent: {at.acks}"
            if at.ack.state == "Owed" and not leg.session.goes_on:
                return "an ACK waits for an answer that is not wanted any more"
    return None


def timers_run_in_their_states(world: World) -> Fault:
    """No timer runs where the table says that it does not."""
    for leg in world.legs:
        for _, machine in leg.timed():
            for _, letter, _ in machine.running:
                if machine.state not in machine.table.timer_of[letter].runs_in:
                    return f"Timer {letter} in {machine.state}"
    return None


def the_application_sees_it_end(world: World) -> Fault:
    """While it is not over for the application, somebody's session is there."""
    gone = all(leg.session.state in {session.ENDED, session.DISCARDING} for leg in world.legs)
    under_way = any(at.client in _UNDER_WAY or at.invite.state == "Waiting" for _, _, at in world.attempts())
    if world.legs and not world.over and gone and not under_way:
        return "no session is left, and nobody was told"
    return None


STATES: Final = (
    an_offer_can_be_answered,
    what_is_owed_is_an_offers_answer,
    a_held_2xx_has_a_reason,
    it_ends_once,
    no_timer_runs_after_the_end,
    nothing_is_owed_at_the_end,
    a_session_that_is_over_is_closed,
    the_dialog_is_as_the_invite,
    one_final_response,
    one_invite_at_a_time,
    one_update_at_a_time,
    one_bye,
    every_2xx_is_acknowledged,
    timers_run_in_their_states,
    the_application_sees_it_end,
)

# -------------------------------------------------------------------- what must be true of a step


@frozen
class Edge:
    """One step, and what stood before it."""

    before: World
    input: Input
    done: Done
    after: World


def refusals_are_spoken_to_who_asked(edge: Edge) -> Fault:
    """A request of the peer is refused with a status, a command with a text, and what follows by itself not at all."""
    refusal = edge.done.outcome.refusal
    if refusal is None:
        return None
    match edge.input.kind:
        case "asked":
            return None if refusal.status is not None else f"no status: {refusal.text}"
        case "command" | "heard":
            return None if refusal.status is None else f"a status: {refusal.status} {refusal.text}"
    return f"refused: {refusal.text}"


def every_request_is_answered(edge: Edge) -> Fault:
    """A request of the peer is refused, accepted, or waits for the application: one of these."""
    if edge.input.kind != "asked" or edge.input.event == "<ASK" or edge.done.outcome.refusal is not None:
        return None
    accepted = sum(isinstance(x, Accept) for _, x in edge.done.outputs)
    at = edge.after.legs[edge.input.leg]
    event = edge.input.event
    if event.startswith("<REINVITE"):
        owed = 1
    elif event == "<UPDATE+SDP":
        owed = int(at.owed_update is not None)
    elif event == "<PRACK+SDP":
        before = edge.before.legs[edge.input.leg].invitations[edge.input.invitation]
        owed = len(_owed(edge.after, before)) - len(_owed(edge.before, before))
    else:
        owed = 0
    return None if accepted + owed == 1 else f"accepted {accepted} times, waits: {owed}"


def _owed(world: World, like: Attempt) -> list[Attempt]:
    return [at for _, _, at in world.attempts() if at.owed_prack is not None and at.outgoing == like.outgoing]


def no_bye_of_the_callee_before_the_ack(edge: Edge) -> Fault:
    """The callee's BYE waits for the ACK of its 2xx."""
    for at, x in edge.done.outputs:
        first = at.leg.invitations[0]
        if isinstance(x, HangUp) and not first.outgoing and not first.acked:
            return "BYE before ACK"
    return None


def no_cancel_before_a_provisional(edge: Edge) -> Fault:
    """CANCEL goes out after a provisional and before a final response."""
    for at, x in edge.done.outputs:
        if isinstance(x, Cancel) and at.client != "proceeding":
            return f"CANCEL while {at.client}"
    return None


def nothing_provisional_after_a_final(edge: Edge) -> Fault:
    """Once answered, an INVITE gets no provisional response."""
    for at, x in edge.done.outputs:
        if isinstance(x, ReplyReliably) or (isinstance(x, Reply) and x.status < 200):
            before = [a for leg in edge.before.legs for a in leg.invitations if a.request is at.request]
            if at.final:
                return f"after {at.final} ({len(before)})"
    return None


_TOLD = (Rang, Connected, SdpArrived, PeerModifies, OfferWithdrawn, EarlyEnded, ProvisionalAcknowledged)


def nothing_is_told_after_the_end(edge: Edge) -> Fault:
    """The end is the last that an application hears."""
    if edge.done.split is not None:
        return None
    over = edge.before.over > 0
    for _, x in edge.done.outputs:
        if over and isinstance(x, _TOLD):
            return f"{type(x).__name__} after the end"
        over = over or isinstance(x, Over)
    return None


def a_dialog_ends_but_once(edge: Edge) -> Fault:
    """Who has been told that an early dialog is over hears nothing of it any more."""
    for at, x in edge.done.outputs:
        if isinstance(x, Rang | Connected) and at.leg.session.state == session.ENDED:
            return f"{type(x).__name__} of a dialog that is over"
    return None


def acks_go_once(edge: Edge) -> Fault:
    """The first 2xx brings the ACK, each repeat the same ACK again, unless it waits."""
    if edge.input.event not in {"2XX", "2XX+SDP"} or edge.done.split is not None:
        return None
    at = edge.after.legs[edge.input.leg].invitations
    if edge.input.invitation >= len(at):
        return None
    ack = at[edge.input.invitation].ack
    told = sum(type(x).__name__.startswith("Acknowledge") for _, x in edge.done.outputs)
    return None if told == (ack.state in {"Sent", "Repeated"}) else f"{told} ACK in {ack.state}"


def no_ack_without_an_answer(edge: Edge) -> Fault:
    """The ACK for a 2xx that offers bears the answer."""
    for at, x in edge.done.outputs:
        if isinstance(x, Acknowledge) and not x.body and at.request.body == b"" and edge.input.event == "2XX+SDP":
            leg = edge.before.legs[edge.input.leg] if edge.input.leg < len(edge.before.legs) else None
            if leg is None or leg.offer_answer.state == offer_answer.TO_BE_OFFERED:
                return "an empty ACK for an offer"
    return None


STEPS: Final = (
    refusals_are_spoken_to_who_asked,
    every_request_is_answered,
    no_bye_of_the_callee_before_the_ack,
    no_cancel_before_a_provisional,
    nothing_provisional_after_a_final,
    nothing_is_told_after_the_end,
    a_dialog_ends_but_once,
    acks_go_once,
    no_ack_without_an_answer,
)

# -------------------------------------------------------------------- the walk


@define
class Walked:
    """What a walk has come to."""

    states: dict[Any, int] = field(factory=dict)
    worlds: list[World] = field(factory=list)
    came: list[tuple[int, Input | str]] = field(factory=list)
    """For each state, the one before it and the input that led to it first."""
    edges: int = 0
    """Steps that did something."""
    tried: int = 0
    """All steps."""
    leads: list[list[tuple[Input, int]]] = field(factory=list)
    faults: dict[tuple[str, str], str] = field(factory=dict)
    """By the oracle's name and what it said: the shortest way there."""

    def way(self, state: int, last: object = None) -> str:
        """How to come to a state, as text."""
        steps = [] if last is None else [str(last)]
        while state > 0:
            state, each = self.came[state]
            steps.append(str(each))
        return "; ".join(reversed(steps))

    def fault(self, name: str, said: str, state: int, last: object = None) -> None:
        """Note what an oracle says."""
        if (name, said) not in self.faults:
            self.faults[name, said] = self.way(state, last)


def walk(plan: Plan, most: int = 100_000, *, thorough: bool = False, faults: int = 1_000_000) -> Walked:
    """Walk the calls of a plan, to at most so many states; stop early at so many faults.

    `thorough` compares all that the machines hold around each step that nobody took.
    """
    walked = Walked()
    waiting: deque[int] = deque()

    def enter(world: World, before: int, by: Input | str) -> int:
        where = key(world)
        number = walked.states.get(where)
        if number is None:
            number = walked.states[where] = len(walked.worlds)
            walked.worlds.append(world)
            walked.came.append((before, by))
            walked.leads.append([])
            waiting.append(number)
            for oracle in STATES:
                if (said := oracle(world)) is not None:
                    walked.fault(oracle.__name__, said, number)
        return number

    first = World(plan)
    for event in plan.already:
        name, _, leg = event.partition("@")
        apply(first, next(each for each in inputs(first) if each.event == name and each.leg == int(leg or 0)))
    enter(first, -1, "nothing")
    while waiting and len(walked.worlds) < most and len(walked.faults) < faults:
        here = waiting.popleft()
        before = walked.worlds[here]
        copy: World | None = None
        for each in inputs(before):
            if copy is None:
                copy = before.copy()
            walked.tried += 1
            held = everything(copy) if thorough else None
            count = len(before.legs)
            try:
                done = apply(copy, each)
            except AssertionError as error:
                walked.fault("no step breaks down", str(error).partition(": Refuse(")[0], here, each)
                copy = None
                continue
            edge = Edge(before, each, done, copy)
            for oracle in STEPS:
                if (said := oracle(edge)) is not None:
                    walked.fault(oracle.__name__, said, here, each)
            if not done.outcome.moved and each.kind != "timer" and len(copy.legs) == count:
                if done.outputs:
                    walked.fault("a step that nobody takes changes nothing", "outputs", here, each)
                if thorough and everything(copy) != held:
                    walked.fault("a step that nobody takes changes nothing", "a field", here, each)
                if key(copy) != key(before) and not _environment(each):
                    walked.fault("a step that nobody takes changes nothing", "a state", here, each)
                if not _environment(each):
                    continue
            walked.edges += 1
            walked.leads[here].append((each, enter(copy, here, each)))
            if done.split is not None:
                enter(done.split, here, each)
            copy = None
    _ends(walked, lambda _: True, "every call can end")
    _ends(walked, peers_silence, "a call can end without its peer")
    return walked


def _environment(each: Input) -> bool:
    """Whether an input that no machine takes changes what is under way."""
    return each.kind in {"heard", "within"}


def _ends(walked: Walked, counts: Callable[[Input], bool], name: str) -> None:
    """From every state there is a way to the end."""
    back: list[list[int]] = [[] for _ in walked.worlds]
    complete = [bool(leads) for leads in walked.leads]
    for state, leads in enumerate(walked.leads):
        for each, then in leads:
            if counts(each):
                back[then].append(state)
    # What was not walked any more may end for all that is known.
    reached = [world.is_over or not complete[n] for n, world in enumerate(walked.worlds)]
    front = [n for n, is_reached in enumerate(reached) if is_reached]
    while front:
        for state in back[front.pop()]:
            if not reached[state]:
                reached[state] = True
                front.append(state)
    stuck = [n for n, is_reached in enumerate(reached) if not is_reached]
    if stuck:
        walked.fault(name, f"{len(stuck)} states", stuck[0])
