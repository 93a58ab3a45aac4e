"""The calls of a user agent: their steps, who is found under which dialog, and when a call is forgotten."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sipsm.dialog import Dialog
from sipsm.machine import Agenda, Observer, Step, joint_step
from sipsm.message import Request, Response
from sipsm.role.calls.call import Call
from sipsm.role.drop_reason import DropReason
from sipsm.transaction import ServerTransaction
from sipsm.usage import (
    CALL,
    Invitation,
    Leg,
    acknowledging,
    invite_uac,
    invite_uas,
    reliable_receiver,
    session,
)
from sipsm.usage.around import DialogId
from sipsm.usage.invite_uac import TERMINATED
from sipsm.usage.invite_uas import ACCEPTED
from sipsm.usage.reliable_sender import LATE
from sipsm.usage.session import ENDED

REMEMBERED = 1000
"""How many dialogs that are over are known for a while, so that nobody replaces them (RFC 3891 3)."""

Way = Callable[[Invitation, Any, ServerTransaction | None, float], list[Any]]
Carry = Callable[[list[tuple[Invitation, Any]], ServerTransaction | None, float], list[Any]]


class DropNote:
    """A message that came to nothing, for the endpoint to tell with its flow."""

    __slots__ = ("message", "reason", "why")

    def __init__(self, reason: DropReason, why: str, message: Request | Response) -> None:
        self.reason = reason
        self.why = why
        self.message = message


class Calls:
    """All calls that are not forgotten yet."""

    def __init__(self, agenda: Agenda, observer: Observer | None) -> None:
        self.agenda = agenda
        self.step = Step(0.0, observer)
        """That of all, to be had by `anew`: each is taken before the next one is, and only its outputs outlast it."""
        self.all: dict[Call, None] = {}
        """Them, the oldest first."""
        self.dialogs: dict[DialogId, Leg] = {}
        self.incoming: dict[ServerTransaction, Invitation] = {}
        """The INVITEs of peers, by their transactions."""
        self.ended: dict[DialogId, None] = {}
        """The dialogs that were over last."""
        self.ways: Mapping[type, Way] = {}
        """How each of the things that a step may ask for is carried out, by its class."""
        self.carry: Carry = _nobody
        """Who carries out several of them."""

    # ---------------------------------------------------------------- steps

    def event(self, at: Invitation, event: str, x: Any, now: float, timed: bool = False) -> list[Any]:
        """One joint step that no rule refuses to the program, and what it asks for. `timed`: it is that of a timer."""
        step = self.step.anew(now)
        step.timed = timed
        outcome = joint_step(CALL, at, event, x, step)
        if outcome.moved:
            return self.finish(at.leg, step, None, now)
        if outcome.refusal is not None:
            # Only a message may be refused here, and one that is not answered: it is dropped.
            assert outcome.refusal.status is None, f"{event} is not to be refused: {outcome.refusal}"
            assert isinstance(x, Request | Response), f"{event} is not to be refused: {outcome.refusal}"
            return [DropNote(DropReason.ABSORBED, outcome.refusal.text, x)]
        outputs = self.finish(at.leg, step, None, now)
        if isinstance(x, Request | Response) and event not in _PLAIN:
            outputs.append(DropNote(DropReason.ABSORBED, outcome.why_not, x))
        return outputs

    def finish(self, leg: Leg, step: Step, tx: ServerTransaction | None, now: float) -> list[Any]:
        """Carry out what a step asked for, and forget or watch the call."""
        timed, asked = step.timed, step.outputs
        outputs: list[Any]
        if not asked:
            outputs = []
        elif len(asked) == 1:
            at, x = asked[0]
            outputs = self.ways[x.__class__](at, x, tx, now)
        else:
            carry = self.carry
            outputs = carry(asked, tx, now)
        call: Call = leg.call
        session_state = leg.session.state
        if session_state in _TAKEN:
            call.here = leg
        for each in call.legs:
            dialog, known_as, invitations = each.dialog, each.known_as, each.invitations
            # What is not known yet, or by another tag, is to be found; and what is known and over, no more.
            if dialog.state in _THERE:
                if known_as is None or known_as[2] != dialog.remote_tag:
                    self.index(each)
            elif known_as is not None:
                self.index(each)
            first = invitations[0]
            if first.invite.state in _OVER and (first.wire or first.acknowledged_with):
                self.forget(first)
                first.settle()
            if len(invitations) > 1:
                self._prune(each, invitations[1:])
        if session_state == ENDED and _is_over(call):
            call.alarm.stop(self.agenda)
            self.all.pop(call, None)
            for each in call.legs:
                for invitation in each.invitations:
                    self.forget(invitation)
        elif timed:
            call.alarm.set(call.next_timeout(), self.agenda)
        return outputs

    def wake(self, call: Call, now: float) -> list[Any]:
        """Fire the first timer of a call that is due."""
        first: tuple[float, Invitation, Any, str] | None = None
        for leg in call.legs:
            for at, machine in leg.timed():
                if not machine.running:
                    continue
                letter, due = machine.due(now), machine.next_timeout()
                if letter is not None and due is not None and (first is None or due < first[0]):
                    first = due, at, machine, letter
        if first is None:
            # The branch that had it is over, or is another call now.
            call.alarm.set(call.next_timeout(), self.agenda)
            return []
        _, at, machine, letter = first
        return self.event(at, machine.fired(letter, now), None, now, True)

    # ---------------------------------------------------------------- who is found

    def dialog_of(self, request: Request) -> Leg | None:
        """The dialog that a request names (RFC 3261 12.2.2)."""
        return self.dialogs.get((request.call_id, request.to_tag or "", request.from_tag or ""))

    def forget(self, invitation: Invitation) -> None:
        """An INVITE is over."""
        if invitation.transaction is not None:
            self.incoming.pop(invitation.transaction, None)

    def index(self, leg: Leg) -> None:
        """Have the leg found by its dialog's identifier, which an early dialog without a tag may yet change."""
        dialog, before = leg.dialog, leg.known_as
        there = dialog.state in _THERE or _awaits_request(leg)
        if before is not None:
            if there and before[2] == (dialog.remote_tag or ""):
                return
            del self.dialogs[before]
            if not there:
                self.ended[before] = None
                if len(self.ended) > REMEMBERED:
                    del self.ended[next(iter(self.ended))]
        if there:
            leg.known_as = known_as = identifier(dialog)
            self.dialogs[known_as] = leg
        else:
            leg.known_as = None

    def _prune(self, leg: Leg, later: list[Invitation]) -> None:
        """Forget those of the re-INVITEs that are over."""
        for invitation in later:
            if invitation.invite.state in _OVER and not _is_owed(invitation) and not _awaits_prack(invitation):
                leg.invitations.remove(invitation)
                self.forget(invitation)


def identifier(dialog: Dialog) -> DialogId:
    """What a dialog is found by (RFC 3261 12)."""
    return dialog.call_id, dialog.local_tag, dialog.remote_tag or ""


_PLAIN = frozenset({"<PRACK 2XX", "<UPDATE 2XX", "BYE DONE"})
"""What ends a request of ours and need not mean more."""
_THERE = frozenset({"Early", "Confirmed"})
_TAKEN = frozenset({session.ACCEPTED, session.ANSWERING, session.ESTABLISHED, session.ENDING})
_OVER = frozenset({invite_uac.TERMINATED, invite_uas.CONFIRMED})


def _is_over(call: Call) -> bool:
    """Nothing of it is left to be done: the sessions are over, and no INVITE of ours can be answered any more."""
    for leg in call.legs:
        if leg.session.state != ENDED or _awaits_request(leg):
            return False
        for each in leg.invitations:
            if each.outgoing and each.invite.state != TERMINATED:
                return False
    return True


def _is_owed(invitation: Invitation) -> bool:
    """The application has yet to say what goes into its ACK or PRACK, or into the answer to a PRACK."""
    ours = invitation.ack.state == acknowledging.OWED or invitation.reliable.state == reliable_receiver.OWED
    return ours or invitation.owed_prack is not None


def _awaits_prack(invitation: Invitation) -> bool:
    """The PRACK of a response that the final one has overtaken may still come (RFC 3262 3)."""
    return invitation.reliable.state == LATE


def _awaits_request(leg: Leg) -> bool:
    """Such a PRACK, or the ACK for our 2xx, may come though the session is over."""
    for each in leg.invitations:
        if not each.outgoing and (each.invite.state == ACCEPTED or each.reliable.state == LATE):
            return True
    return False


def _nobody(_asked: Any, _tx: Any, _now: float) -> list[Any]:
    raise AssertionError("somebody carries out what the machines ask for")
