"""Which machine of a call has a say in what: one grid for both sides.

A call is, for each INVITE, its life, its reliable provisional responses, its ACK or its PRACK requests; and for each
dialog, the dialog, the exchange of offer and answer, turn-taking, UPDATE in each direction, the session and its timer.
The order of the machines is the precedence of refusals: first whether the dialog exists (481, 500), then the INVITE
and what belongs to it, then the offer (491, 500), then whose turn it is, then the session; and the order of outputs.
`>` stands before what we send, `<` before what the peer sends, where both can be.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from sipsm.dialog import Dialog
from sipsm.machine import No, To, Wiring, grid_line
from sipsm.sdp import OfferAnswer
from sipsm.usage.acknowledging import Acknowledging
from sipsm.usage.around import DIALOGS, INVITES
from sipsm.usage.deciding import PrackIn, UpdateIn
from sipsm.usage.invite_uac import InviteUac
from sipsm.usage.invite_uas import InviteUas
from sipsm.usage.reliable_receiver import ReliableReceiver
from sipsm.usage.reliable_sender import ReliableSender
from sipsm.usage.session import Session
from sipsm.usage.session_timer import SessionTimer
from sipsm.usage.turns import Glare, Turns, UpdateOut

MACHINES: Final = {
    "dialog": (Dialog.table,),
    "invite": (InviteUac.table, InviteUas.table),
    "reliable": (ReliableReceiver.table, ReliableSender.table),
    "ack": (Acknowledging.table,),
    "prack": (PrackIn.table,),
    "offer_answer": (OfferAnswer.table,),
    "turns": (Turns.table,),
    "update_in": (UpdateIn.table,),
    "update_out": (UpdateOut.table,),
    "glare": (Glare.table,),
    "session": (Session.table,),
    "timer": (SessionTimer.table,),
}


_event = partial(grid_line, MACHINES)


def _incoming(sdp: str) -> dict[str, To | No]:
    return _event(
        "begins with what follows the INVITE",
        dialog=("INVITE", "3261 12.1.1"),
        invite=("INVITE", "3261 13.3.1"),
        offer_answer=("<INVITE" + sdp, "6337 2.2"),
        turns=("<INVITE", "3261 14.2"),
        session=("<INVITE", "3261 13.3"),
        timer=("ASKED", "4028 9"),
    )


def _modified(sdp: str) -> dict[str, To | No]:
    return _event(
        "concerns the answer to it",
        dialog=("TARGET", "6141 4.6"),
        invite=("INVITE", "3261 14.2"),
        offer_answer=("<INVITE" + sdp, "3261 14.2"),
        turns=("<INVITE", "3261 14.2"),
        update_in=No("the exchange of descriptions keeps them apart"),
        update_out=No("the exchange of descriptions keeps them apart"),
        glare=No("what waits may still be tried"),
        session=("<REINVITE", "3261 14.2"),
        timer=("ASKED", "4028 9"),
    )


def _provisional(sdp: str) -> dict[str, To | No]:
    cells: dict[str, tuple[str, str]] = {"offer_answer": (">1XX+SDP", "3261 13.2.1")} if sdp else {}
    return _event("an unreliable response changes nothing else", invite=("PROVISION", "3261 13.3.1.1"), **cells)


def _reliable(sdp: str) -> dict[str, To | No]:
    return _event(
        "the INVITE is still unanswered",
        dialog=("ACCEPT TARGET", "6141 4.6"),
        invite=("REL", "3262 3"),
        reliable=("REL", "3262 3"),
        offer_answer=(">REL" + sdp, "3262 5"),
    )


def _accept(sdp: str) -> dict[str, To | No]:
    return _event(
        "told by ACCEPTED, when the 2xx is sent",
        invite=("ACCEPT", "3261 13.3.1.4"),
        offer_answer=(">2XX" + sdp, "3261 13.3.1.4"),
    )


def _given_up(session: str, rfc: str, **cells: tuple[str, str]) -> dict[str, To | No]:
    """The peer's INVITE is over without a 2xx."""
    return _event(
        "concerns the INVITE only",
        reliable=("FINAL", "3262 3"),
        offer_answer=(">REFUSAL", "3261 14.2"),
        turns=("REJECTED", "3261 14.1"),
        session=(session, rfc),
        **cells,
    )


def _ack(sdp: str) -> dict[str, To | No]:
    return _event(
        "an ACK has the INVITE's number, and ends its transaction only",
        invite=("ACK", "3261 13.3.1.4"),
        offer_answer=("<ACK" + sdp, "6337 2.2"),
        turns=("ACK", "3261 14.1"),
        session=("ACK", "3261 13.3.1.4"),
    )


def _prack(sdp: str) -> dict[str, To | No]:
    return _event(
        "acknowledges a provisional response only",
        reliable=("PRACK", "3262 3"),
        prack=("PRACK" + sdp, "3262 5"),
        offer_answer=("<PRACK" + sdp, "3262 5"),
    )


def _inviting(sdp: str) -> dict[str, To | No]:
    return _event(
        "begins with the responses",
        invite=("INVITE", "3261 13.2.1"),
        offer_answer=(">INVITE" + sdp, "6337 2.2"),
        turns=(">INVITE", "3261 13.2"),
        session=(">INVITE", "3261 13.2"),
    )


def _modifying(sdp: str) -> dict[str, To | No]:
    return _event(
        "begins with the responses",
        invite=("INVITE", "3261 14.1"),
        offer_answer=(">INVITE" + sdp, "3261 14.1"),
        turns=(">REINVITE", "3261 14.1"),
        glare=("MODIFY", "3261 14.1"),
        session=(">REINVITE", "3261 14.1"),
    )


def _heard(sdp: str) -> dict[str, To | No]:
    cells: dict[str, tuple[str, str]] = {"offer_answer": ("<1XX+SDP", "3261 13.2.1")} if sdp else {}
    return _event(
        "an unreliable response changes nothing else",
        dialog=("1XX", "3261 12.1.2"),
        invite=("1XX", "3261 13.2.2.1"),
        session=("1XX", "3261 13.2.2.1"),
        **cells,
    )


def _heard_reliably(sdp: str) -> dict[str, To | No]:
    cells: dict[str, tuple[str, str]] = {"offer_answer": ("<REL+SDP", "3262 5")} if sdp else {}
    return _event(
        "the INVITE is still unanswered",
        dialog=("REL", "3262 4"),
        invite=("1XX", "3261 13.2.2.1"),
        reliable=("REL", "3262 4"),
        session=("1XX", "3261 13.2.2.1"),
        **cells,
    )


def _answered(sdp: str) -> dict[str, To | No]:
    return _event(
        "a 2xx to an INVITE is none to an UPDATE",
        dialog=("2XX", "3261 12.1.2"),
        invite=("2XX", "3261 13.2.2.4"),
        reliable=No("the PRACK that waits is sent all the same, since it bears the answer, or was asked for"),
        ack=("2XX", "3261 13.2.2.4"),
        offer_answer=("<2XX" + sdp, "3261 13.2.2.4"),
        turns=("2XX", "3261 14.1"),
        session=("2XX", "3261 13.2.2.4"),
        timer=("2XX", "4028 7.2"),
    )


def _of_invite(name: str, rfc: str) -> dict[str, To | No]:
    return _event("told by what the INVITE's life makes of it", invite=(name, rfc))


def _update_in(sdp: str) -> dict[str, To | No]:
    cells: dict[str, tuple[str, str]] = {"offer_answer": ("<UPDATE+SDP", "3311 5.2")} if sdp else {}
    return _event(
        "goes beside the INVITE",
        dialog=("TARGET", "6141 4.6"),
        update_in=("UPDATE" + sdp, "3311 5.2"),
        session=("<UPDATE", "3261 12.2.2"),
        timer=("ASKED", "4028 9"),
        **cells,
    )


def _update_out(sdp: str) -> dict[str, To | No]:
    cells: dict[str, tuple[str, str]] = {"offer_answer": (">UPDATE+SDP", "3311 5.1")} if sdp else {}
    return _event(
        "goes beside the INVITE",
        update_out=("UPDATE", "3311 5.1"),
        glare=("MODIFY", "3311 5.3"),
        session=(">UPDATE", "3261 12.2.1"),
        **cells,
    )


def _update_answered(sdp: str) -> dict[str, To | No]:
    return _event(
        "goes beside the INVITE",
        dialog=("UPDATE 2XX", "6141 4.7"),
        offer_answer=("<UPDATE 2XX" + sdp, "3311 5.2"),
        update_out=("2XX", "3311 5.3"),
        timer=("2XX", "4028 7.2"),
    )


def _of_session(name: str, rfc: str) -> dict[str, To | No]:
    return _event("ends, or goes on, with the session", session=(name, rfc))


def _closed(rest: str, **cells: To) -> dict[str, To | No]:
    """All that is under way in the session is over."""
    return _event(
        rest,
        invite=To("BYE", "3261 15.1.2", INVITES),
        reliable=To("FINAL", "3262 3", INVITES),
        prack=To("OVER", "3261 15.1.2", INVITES),
        update_in=("OVER", "3261 15.1.2"),
        update_out=No("the response to one may yet come"),
        glare=("OVER", "3311 5.3"),
        offer_answer=("OVER", "3261 15"),
        turns=("REJECTED", "3261 15.1.2"),
        session=To("CLOSED", "3261 13.2.2.4", DIALOGS),
        timer=("CLOSE", "4028 10"),
        **cells,
    )


CALL: Final = Wiring(
    "a call",
    MACHINES,
    {
        # ---------------- an INVITE of the peer
        "<INVITE": _incoming(""),
        "<INVITE+SDP": _incoming("+SDP"),
        "<REINVITE": _modified(""),
        "<REINVITE+SDP": _modified("+SDP"),
        "PROVISION": _provisional(""),
        "PROVISION+SDP": _provisional("+SDP"),
        "REL": _reliable(""),
        "REL+SDP": _reliable("+SDP"),
        "EXTEND": _event("as a response that bears no description", reliable=("EXTEND", "3262 3")),
        "ACCEPT": _accept(""),
        "ACCEPT+SDP": _accept("+SDP"),
        "ACCEPTED": _event(
            "concerns the INVITE, or what its 2xx begins",
            dialog=("ACCEPT", "3261 12.1.1"),
            reliable=("FINAL", "3262 3"),
            turns=("ACCEPTED", "3261 14.1"),
            session=("ACCEPTED", "3261 13.3.1.4"),
            timer=("ACCEPTED", "4028 9"),
        ),
        "REJECT": _given_up("REJECT", "3261 13.3.1.3", invite=("REJECT", "3261 13.3.1.3")),
        "CANCEL": _event("told by CANCELLED, where it has an effect", invite=("CANCEL", "3261 9.2")),
        "CANCELLED": _given_up("CANCEL", "3261 9.2"),
        "EXPIRED": _given_up("EXPIRED", "3261 13.3.1"),
        "NO PRACK": _given_up("NO PRACK", "3262 3", invite=("NO PRACK", "3262 3")),
        "LOST": _given_up("LOST", "3261 12.2.1.2", invite=("LOST", "3261 12.2.1.2")),
        "NO ANSWER": _given_up("NO ANSWER", "3262 5", invite=("NO ANSWER", "3262 5")),
        "ACK": _ack(""),
        "ACK+SDP": _ack("+SDP"),
        "NO ACK": _event(
            "confirmed all the same, 3261 13.3.1.4",
            turns=("NO ACK", "3261 13.3.1.4"),
            session=("NO ACK", "3261 13.3.1.4"),
        ),
        "<PRACK": _prack(""),
        "<PRACK+SDP": _prack("+SDP"),
        "ACKNOWLEDGED": _event("told so before", invite=("ACKNOWLEDGED", "3262 5")),
        ">PRACK 2XX+SDP": _event(
            "concerns the PRACK only", prack=("ANSWER", "3262 5"), offer_answer=(">PRACK 2XX+SDP", "3262 5")
        ),
        ">PRACK REFUSAL": _event(
            "concerns the PRACK only", prack=("REJECT", "4320 4.2"), offer_answer=(">PRACK REFUSAL", "4320 4.2")
        ),
        # ---------------- an INVITE of ours
        ">INVITE": _inviting(""),
        ">INVITE+SDP": _inviting("+SDP"),
        ">REINVITE": _modifying(""),
        ">REINVITE+SDP": _modifying("+SDP"),
        "GIVE UP": _of_invite("CANCEL", "3261 9.1"),
        "100": _event("100 is of the next hop only", invite=("1XX", "3261 13.2.2.1")),
        "1XX": _heard(""),
        "1XX+SDP": _heard("+SDP"),
        "<REL": _heard_reliably(""),
        "<REL+SDP": _heard_reliably("+SDP"),
        "199": _event("ends with the session", invite=("1XX", "3261 13.2.2.1"), session=("199", "6228 4")),
        "2XX": _answered(""),
        "2XX+SDP": _answered("+SDP"),
        "3XX-6XX": _of_invite("3XX-6XX", "3261 13.2.2.3"),
        "TIMEOUT": _of_invite("TIMEOUT", "3261 8.1.3.1"),
        "FAILURE": _of_invite("FAILURE", "3261 8.1.3.1"),
        "TRIES AGAIN": _of_invite("TRIES AGAIN", "3263 4.3"),
        "RETRY": _of_invite("RETRY", "3261 8.1.3.5"),
        "POSTPONE": _of_invite("POSTPONE", "3261 20.33"),
        "POSTPONED": _of_invite("POSTPONED", "3261 20.33"),
        "FAILED": _event(
            "concerns the INVITE only",
            reliable=("FINAL", "3262 4"),
            offer_answer=("<REFUSAL", "3261 14.1"),
            turns=("FAILED", "3261 14.1"),
            session=("FAILED", "3261 14.1"),
        ),
        "ABANDON": _event(
            "ends with the session",
            invite=No("it told so"),
            session=To("ABANDON", "3261 13.2.2.4", DIALOGS),
        ),
        ">ACK+SDP": _event(
            "an ACK has the INVITE's number, and ends its transaction only",
            ack=("ANSWER", "3261 13.2.2.4"),
            offer_answer=(">ACK+SDP", "3261 13.2.2.4"),
            session=("ANSWER", "3261 13.2.2.4"),
        ),
        "ACK LOST": _event("the 2xx comes again, and the ACK goes out again", ack=("LOST", "3261 18.4")),
        ">PRACK": _event(
            "acknowledges a provisional response only",
            reliable=("PRACK", "3262 4"),
            offer_answer=(">PRACK", "3262 5"),
        ),
        ">PRACK+SDP": _event(
            "acknowledges a provisional response only",
            reliable=("PRACK", "3262 5"),
            offer_answer=(">PRACK+SDP", "3262 5"),
        ),
        "<PRACK 2XX": _event("concerns the PRACK only", offer_answer=("<PRACK 2XX", "3262 5")),
        "<PRACK 2XX+SDP": _event("concerns the PRACK only", offer_answer=("<PRACK 2XX+SDP", "3262 5")),
        "<PRACK REFUSAL": _event(
            "concerns the PRACK only",
            offer_answer=("<PRACK REFUSAL", "3262 5"),
            session=("PRACK FAILED", "3261 12.2.1.2"),
        ),
        # ---------------- UPDATE
        "<UPDATE": _update_in(""),
        "<UPDATE+SDP": _update_in("+SDP"),
        ">UPDATE 2XX": _event(
            "goes beside the INVITE",
            dialog=("ACCEPT UPDATE", "6141 4.6"),
            timer=("ACCEPTED", "4028 9"),
        ),
        ">UPDATE 2XX+SDP": _event(
            "goes beside the INVITE",
            dialog=("ACCEPT UPDATE", "6141 4.6"),
            offer_answer=(">UPDATE 2XX+SDP", "3311 5.2"),
            update_in=("ANSWER", "3311 5.2"),
            timer=("ACCEPTED", "4028 9"),
        ),
        ">UPDATE REFUSAL": _event(
            "goes beside the INVITE",
            offer_answer=(">UPDATE REFUSAL", "3311 5.2"),
            update_in=("REJECT", "3311 5.2"),
        ),
        ">UPDATE": _update_out(""),
        ">UPDATE+SDP": _update_out("+SDP"),
        "<UPDATE 2XX": _update_answered(""),
        "<UPDATE 2XX+SDP": _update_answered("+SDP"),
        "<UPDATE REFUSAL": _event(
            "goes beside the INVITE",
            offer_answer=("<UPDATE REFUSAL", "3311 5.3"),
            update_out=("FAILED", "3311 5.3"),
            session=("UPDATE FAILED", "3311 5.3"),
        ),
        "REFUSED": _event("told so before", glare=("REFUSED", "3261 14.1"), timer=("REFUSED", "4028 7.3")),
        "WAIT": _event("told so before", glare=("WAIT", "3261 14.1")),
        # ---------------- the dialog and its session
        "REQUEST": _event("judged by its method afterwards", dialog=("REQUEST", "3261 12.2.2")),
        "<ASK": _of_session("<ASK", "3261 12.2.2"),
        "ASK": _of_session("ASK", "3261 12.2.1"),
        "HANG UP": _event(
            "ends with the session",
            ack=To("END", "3261 13.2.2.4", INVITES),
            session=("HANG UP", "3261 15.1.1"),
        ),
        "BYE": _event(
            "ends with the session",
            ack=To("END", "3261 13.2.2.4", INVITES),
            session=("BYE", "3261 15.1.2"),
        ),
        "BYE DONE": _of_session("BYE DONE", "3261 15.1.1"),
        "PEER LOST": _of_session("PEER LOST", "3261 12.2.1.2"),
        "REPLACED": _event(
            "ends with the session",
            ack=To("END", "3261 13.2.2.4", INVITES),
            session=("REPLACED", "3891 3"),
        ),
        "SESSION EXPIRED": _of_session("SESSION EXPIRED", "4028 10"),
        "TIMER SET": _event("told so before", timer=("TIMER SET", "4028 7.2")),
        "CLOSE": _closed("ends with GONE", ack=To("END", "3261 13.2.2.4", INVITES)),
        "END": _closed("told by BYE, or there is none", dialog=To("OVER", "3261 12.3")),
        "OVER": _event(
            "the INVITE may go on without this dialog, or is over",
            dialog=("OVER", "3261 12.3"),
            reliable=To("FINAL", "3262 3", INVITES),
            prack=To("OVER", "3261 15.1.2", INVITES),
            update_in=("OVER", "3261 15.1.2"),
            glare=("OVER", "3311 5.3"),
            offer_answer=("OVER", "3261 15"),
            session=No("it told so"),
            timer=("CLOSE", "4028 10"),
        ),
        "GONE": _event("over since CLOSE", dialog=("OVER", "3261 12.3")),
        # ---------------- time
        "Timer minute": _of_invite("Timer minute", "3261 13.3.1.1"),
        "Timer expires": _of_invite("Timer expires", "3261 13.3.1"),
        "Timer 2xx": _of_invite("Timer 2xx", "3261 13.3.1.4"),
        "Timer ACK": _of_invite("Timer ACK", "3261 13.3.1.4"),
        "Timer cancel": _of_invite("Timer cancel", "3261 9.1"),
        "Timer forks": _of_invite("Timer forks", "3261 13.2.2.4"),
        "Timer retry": _of_invite("Timer retry", "3261 20.33"),
        "Timer reliable": _event("of a provisional response only", reliable=("Timer reliable", "3262 3")),
        "Timer PRACK": _event("of a provisional response only", reliable=("Timer PRACK", "3262 3")),
        "Timer glare": _event("of what collided only", glare=("Timer glare", "3261 14.1")),
        "Timer refresh": _event("of the session timer only", timer=("Timer refresh", "4028 10")),
        "Timer unrefreshed": _event("of the session timer only", timer=("Timer unrefreshed", "4028 10")),
        "Timer expires unrefreshed": _event(
            "of the session timer only", timer=("Timer expires unrefreshed", "4028 10")
        ),
    },
    paths={place: f"leg.{place}" for place in ("update_in", "update_out", "glare", "timer")},
    sleepers=("reliable", "ack", "prack", "update_in", "update_out", "glare", "timer"),
)
"""Every event of a call."""
