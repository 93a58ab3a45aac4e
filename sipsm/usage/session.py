"""The session in a dialog: the INVITE usage, in RFC 5057's words, from its INVITE to its BYE.

RFC 3261 13.2.2.4 and 13.3.1.4 (a 2xx, and one without ACK), 14 (what a re-INVITE may cost), 15 (BYE), 12.2.1.2 (a peer
that is lost); RFC 6228 (an early dialog that is over). The callee must not send BYE before it has the ACK.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define

from sipsm.machine import Ignore, Machine, Refuse, Row, Step, Table, always, only_where
from sipsm.message import Request, Response
from sipsm.sdp import has_sdp, offer_answer
from sipsm.usage import acknowledging, invite_uac, invite_uas
from sipsm.usage.outputs import (
    Accept,
    Ask,
    Connected,
    EarlyEnded,
    EndReason,
    Failure,
    HangUp,
    OfferWithdrawn,
    Over,
    Rang,
)

INITIAL: Final = "Initial"
INVITING: Final = "Inviting"
INVITED: Final = "Invited"
ANSWERING: Final = "Answering"
ACCEPTED: Final = "Accepted"
ESTABLISHED: Final = "Established"
LEAVING: Final = "Leaving"
ENDING: Final = "Ending"
DISCARDING: Final = "Discarding"
DISMISSING: Final = "Dismissing"
ENDED: Final = "Ended"

UP: Final = frozenset({ANSWERING, ACCEPTED, ESTABLISHED})
GONE: Final = frozenset({LEAVING, ENDING, DISCARDING, DISMISSING, ENDED})

BYE: Final = HangUp()

# The two that most calls end for: to find one in its class takes as long as to make a machine.
HUNG_UP: Final = EndReason.HUNG_UP
HUNG_UP_BY_PEER: Final = EndReason.HUNG_UP_BY_PEER


@define(eq=False)
class Session(Machine):
    """The session in one dialog."""

    table: ClassVar[Table]
    reason: EndReason = HUNG_UP
    """Why it is ending, while it is."""
    bye: HangUp = BYE
    """The BYE that waits for the ACK."""
    dismissed: bool = False
    """Whether we have sent a BYE in it before any 2xx, while the INVITE went on."""

    def __init__(self) -> None:
        # One is made for each dialog: see `Leg`.
        self.state = INITIAL
        self.running = ()
        self.reason = HUNG_UP
        self.bye = BYE
        self.dismissed = False

    @property
    def goes_on(self) -> bool:
        """Whether it is wanted."""
        return self.state not in GONE


# -------------------------------------------------------------------- guards


@only_where(invite=invite_uac.ANSWERED)
def another_has_answered(_: Session, _x: Any, at: Any) -> bool:
    """Another branch of a fork has answered before."""
    return at.invite.state in invite_uac.ANSWERED


@only_where(invite=invite_uac.ANSWERED)
def another_was_accepted(session: Session, response: Response, at: Any) -> bool:
    """The same, and this one is not wanted."""
    return another_has_answered(session, response, at) and not at.invite.keeps_forks


@only_where(invite=invite_uac.GIVEN_UP)
def cancelled(_: Session, _response: Response, at: Any) -> bool:
    """The response crossed our CANCEL."""
    return bool(at.invite.is_cancelled)


@only_where(offer_answer={offer_answer.TO_BE_OFFERED})
def offers(_: Session, response: Response, at: Any) -> bool:
    """The 2xx carries the offer: its ACK must wait for our answer."""
    return bool(at.offer_answer.state == offer_answer.TO_BE_OFFERED) and has_sdp(response)


def was_given_up(session: Session, _response: Response, at: Any) -> bool:
    """This early dialog was given up while its INVITE went on, and has its 2xx now."""
    is_first = at.ack.state == acknowledging.NONE and not at.invite.modifies
    return (session.reason is EndReason.PEER_LOST or session.dismissed) and is_first


@only_where(invite=invite_uac.ANSWERED)
def comes_too_late(session: Session, response: Response, at: Any) -> bool:
    """The same, and another branch has answered before."""
    return was_given_up(session, response, at) and another_has_answered(session, response, at)


def call_goes_on(_: Session, _x: Any, at: Any) -> bool:
    """What was closed is a branch that is not wanted: another dialog of the call is up."""
    return any(leg.session.state in UP for leg in at.leg.call.legs)


def is_unanswered(_: Session, _x: Any, at: Any) -> bool:
    """The INVITE of the peer that this is about has had no final response."""
    return at.invite.state in invite_uas.UNANSWERED


def acknowledges(_: Session, _ack: Request, at: Any) -> bool:
    """The ACK is for a 2xx that waits for it, that of the first INVITE or of a later one."""
    return bool(at.invite.state == invite_uas.ACCEPTED)


def has_no_dialog(_: Session, _x: Any, at: Any) -> bool:
    """No response to the INVITE has made it yet."""
    return bool(at.dialog.state == "Initial" if at.outgoing else at.invite.provisional is None)


def leaves_a_branch(_: Session, bye: HangUp, at: Any) -> bool:
    """The BYE is meant for this early dialog alone."""
    return bye.branch and bool(at.dialog.state == "Early")


def is_unacknowledged(_: Session, _x: Any, at: Any) -> bool:
    """No ACK for a 2xx of the peer has left."""
    return any(each.ack.state == acknowledging.LOST for each in at.leg.invitations)


def loses_the_dialog(_: Session, failure: Failure, _at: Any) -> bool:
    """The peer does not know the dialog, or does not answer."""
    # "If the response for a request within a dialog is a 481 (Call/Transaction Does Not Exist) or a 408 (Request
    # Timeout), the UAC SHOULD terminate the dialog. A UAC SHOULD also terminate a dialog if no response at all is
    # received for the request" (RFC 3261 12.2.1.2)
    return failure.status in {408, 481} and failure.reason is not EndReason.CANCELLED


def is_silent(_: Session, failure: Failure, _at: Any) -> bool:
    """The peer has not answered."""
    return failure.status == 408


# -------------------------------------------------------------------- actions


def report_ringing(_: Session, response: Response, step: Step) -> None:
    """Tell of a provisional response."""
    step.emit(Rang(response))


def report_early_ended(_: Session, x: Any, step: Step) -> None:
    """Tell that this early dialog is over, and the INVITE is not."""
    step.emit(EarlyEnded(x if isinstance(x, Response) else None))


def report_connected(_: Session, message: Any, step: Step) -> None:
    """Tell that the session is established."""
    step.emit(Connected(message))


def report_answered(_: Session, _answer: Any, step: Step) -> None:
    """Tell that the session is established: the 2xx with the peer's offer came before."""
    step.emit(Connected(None))


def report_withdrawn(_: Session, x: Any, step: Step) -> None:
    """Tell that a re-INVITE of the peer need not be answered any more."""
    step.emit(OfferWithdrawn(x if isinstance(x, Request) else None))


def keep_bye(session: Session, bye: HangUp, _step: Step) -> None:
    """The BYE must wait for the ACK."""
    session.bye = bye


def send_bye(session: Session, x: Any, step: Step) -> None:
    """End the session, with the application's BYE where it asked for one."""
    step.emit(x if isinstance(x, HangUp) else session.bye)


def accept_bye(_: Session, bye: Request, step: Step) -> None:
    """Answer the peer's BYE."""
    step.emit(Accept(bye))


def send_request(_: Session, ask: Ask, step: Step) -> None:
    """Send the application's request within the dialog."""
    step.emit(ask)


def remember_cancelled(session: Session, _x: Any, _step: Step) -> None:
    """It ends because we cancelled."""
    session.reason = EndReason.CANCELLED


def remember_dismissed(session: Session, _x: Any, _step: Step) -> None:
    """A 2xx may come from there all the same."""
    session.dismissed = True


def remember_no_ack(session: Session, _x: Any, _step: Step) -> None:
    """It ends because no ACK came."""
    session.reason = EndReason.NOT_ACKNOWLEDGED


def remember_no_answer(session: Session, _x: Any, _step: Step) -> None:
    """It ends because our offer was not answered."""
    session.reason = EndReason.NO_ANSWER


def remember_peer_lost(session: Session, _x: Any, _step: Step) -> None:
    """It ends because the peer does not know the dialog any more."""
    session.reason = EndReason.PEER_LOST


def remember_not_refreshed(session: Session, _x: Any, _step: Step) -> None:
    """It ends because nobody refreshed it."""
    session.reason = EndReason.NOT_REFRESHED


def remember_replaced(session: Session, _x: Any, _step: Step) -> None:
    """It ends because another call took its place."""
    session.reason = EndReason.REPLACED


def report_ended(session: Session, x: Any, step: Step) -> None:
    """Tell that it is over, for the reason remembered."""
    step.emit(Over(session.reason, x if isinstance(x, (Request, Response)) else None))


def report_hung_up_by_peer(_: Session, bye: Request, step: Step) -> None:
    """Tell that the peer ended it."""
    step.emit(Over(HUNG_UP_BY_PEER, bye))


def report_cancelled_by_peer(_: Session, request: Request, step: Step) -> None:
    """Tell that the peer gave up before it was answered."""
    step.emit(Over(EndReason.CANCELLED_BY_PEER, request))


def report_declined(_: Session, _x: Any, step: Step) -> None:
    """Tell that we refused."""
    step.emit(Over(EndReason.DECLINED))


def report_expired(_: Session, _x: Any, step: Step) -> None:
    """Tell that the invitation was answered by nobody in time."""
    step.emit(Over(EndReason.EXPIRED))


def report_not_acknowledged(_: Session, _x: Any, step: Step) -> None:
    """Tell that no PRACK came."""
    step.emit(Over(EndReason.NOT_ACKNOWLEDGED))


def report_no_answer(_: Session, _x: Any, step: Step) -> None:
    """Tell that the PRACK did not answer our offer."""
    step.emit(Over(EndReason.NO_ANSWER))


def cause_lost(_: Session, failure: Failure, step: Step) -> None:
    """The INVITE of a peer that has lost the dialog is refused."""
    step.cause("LOST", failure)


def cause_close(_: Session, _x: Any, step: Step) -> None:
    """Whatever is under way within it is over."""
    step.cause("CLOSE")


def cause_over(_: Session, _x: Any, step: Step) -> None:
    """The dialog ends with it, and what is under way in it."""
    step.cause("OVER")


def cause_gone(_: Session, _x: Any, step: Step) -> None:
    """The dialog ends with it; what was under way in it is over by CLOSE."""
    step.cause("GONE")


def cause_end(_: Session, _x: Any, step: Step) -> None:
    """Whatever is under way within it is over, and the dialog ends with it: CLOSE and GONE at once."""
    step.cause("END")


# -------------------------------------------------------------------- table

NO_DIALOG = "no response to the INVITE has made the dialog yet"
IS_OVER = "the session is over"
LATER = frozenset({ANSWERING, ACCEPTED, ESTABLISHED, LEAVING, ENDING, DISCARDING, DISMISSING, ENDED})
DONE = frozenset({ENDING, DISMISSING, ENDED})
HAS_BYE = frozenset({ENDING, DISCARDING, DISMISSING})
ALIVE = frozenset({INVITING, INVITED, ANSWERING, ACCEPTED, ESTABLISHED})

# fmt: off
Session.table = Table(
    "session",
    rfc="3261 15",
    initial=INITIAL,
    rows=(
        #   state        input       guard                 next         actions                                             RFC
        Row(INITIAL,     ">INVITE",  always,               INVITING,    (),                                                 "3261 13.2"),
        Row(INITIAL,     "<INVITE",  always,               INVITED,     (),                                                 "3261 13.3"),
        # ---------------- as the caller
        Row(INVITING,    "1XX",      cancelled,            INVITING,    (),                                                 "3261 9.1"),
        # Only after a BYE that came before any 2xx: the call is over, and the branch not wanted.
        Row(INVITING,    "1XX",      another_has_answered, ENDED,       (remember_peer_lost, cause_over),                   "3261 15.1.2"),
        Row(INVITING,    "1XX",      always,               INVITING,    (report_ringing,),                                  "3261 13.2.2.1"),
        # "Once a UAC has received and accepted a 199 response, it MUST NOT send any media associated with the early dialog."
        Row(INVITING,    "199",      always,               ENDED,       (remember_peer_lost, report_early_ended, cause_over), "6228 4"),
        Row(INVITING,    "PRACK FAILED", loses_the_dialog, ENDED,       (remember_peer_lost, report_early_ended, cause_over), "3261 12.2.1.2"),
        Row(INVITING,    "PEER LOST", always,              ENDED,       (remember_peer_lost, report_early_ended, cause_over), "3261 12.2.1.2"),
        Row(INVITING,    "UPDATE FAILED", loses_the_dialog, ENDED,      (remember_peer_lost, report_early_ended, cause_over), "3311 5.3"),
        # "If, after acknowledging any 2xx response to an INVITE, the UAC does not want to continue with that dialog, then
        # the UAC MUST terminate the dialog by sending a BYE request"
        Row(INVITING,    "2XX",      another_was_accepted, DISCARDING,  (send_bye, cause_close),                            "3261 13.2.2.4"),
        Row(INVITING,    "2XX",      cancelled,            ENDING,      (remember_cancelled, send_bye, cause_close),        "3261 9.1"),
        Row(INVITING,    "2XX",      offers,               ANSWERING,   (),                                                 "3261 13.2.2.4"),
        Row(INVITING,    "2XX",      always,               ESTABLISHED, (report_connected,),                                "3261 13.2.2.4"),
        Row(INVITING,    "ABANDON",  always,               ENDED,       (remember_peer_lost, cause_over),                   "3261 13.2.2.4"),
        Row(INVITING,    "CLOSED",   call_goes_on,         INVITING,    (),                                                 "3261 13.2.2.4"),
        Row(INVITING,    "CLOSED",   always,               ENDED,       (remember_peer_lost, cause_over),                   "3261 13.2.2.4"),
        # An early dialog that was given up, by a 199 or since its peer was lost, is answered all the same.
        Row(ENDED,       "2XX",      comes_too_late,       DISCARDING,  (send_bye, cause_close),                            "3261 13.2.2.4"),
        Row(ENDED,       "2XX",      was_given_up,         ENDING,      (send_bye, cause_close),                            "3261 13.2.2.4"),
        # The callee sends BYE only behind its 2xx, which then was lost: there has been an answer, and it is over.
        Row(INVITING,    "BYE",      another_has_answered, ENDED,       (accept_bye, cause_over),                           "3261 15.1.2"),
        Row(INVITING,    "BYE",      always,               ENDED,       (accept_bye, report_hung_up_by_peer, cause_end), "3261 15.1.2"),
        # "The caller's UA MAY send a BYE for either confirmed or early dialogs": for this one, and not for the INVITE.
        Row(INVITING,    "HANG UP",  leaves_a_branch,      DISMISSING,  (remember_dismissed, send_bye, report_early_ended, cause_over), "3261 15"),
        Row(DISMISSING,  "BYE DONE", always,               ENDED,       (),                                                 "3261 15.1.1"),
        # "In the Mortal state, the UAC does not establish a session even though it receives a 200 response to the INVITE."
        Row(DISMISSING,  "2XX",      comes_too_late,       DISCARDING,  (),                                                 "5407 3.1.3"),
        Row(DISMISSING,  "2XX",      always,               ENDING,      (cause_close,),                                     "5407 3.1.3"),
        Refuse(INVITING, "HANG UP",  always,               None, "nobody has answered; cancel instead",                     "3261 15"),
        Row(ANSWERING,   "ANSWER",   always,               ESTABLISHED, (report_answered,),                                 "3261 13.2.2.4"),
        Row(ANSWERING,   "HANG UP",  always,               ENDING,      (send_bye, cause_close),                            "3261 13.2.2.4"),
        Row(ANSWERING,   "REPLACED", always,               ENDING,      (remember_replaced, send_bye, cause_close),         "3891 3"),
        Row(ANSWERING,   "BYE",      always,               ENDED,       (accept_bye, report_hung_up_by_peer, cause_end), "3261 15.1.2"),
        # ---------------- as the callee
        Row(INVITED,     "ACCEPTED", always,               ACCEPTED,    (),                                                 "3261 13.3.1.4"),
        Row(INVITED,     "REJECT",   always,               ENDED,       (report_declined, cause_end),                   "3261 13.3.1.3"),
        Row(INVITED,     "CANCEL",   always,               ENDED,       (report_cancelled_by_peer, cause_end),          "3261 9.2"),
        Row(INVITED,     "EXPIRED",  always,               ENDED,       (report_expired, cause_end),                    "3261 13.3.1"),
        Row(INVITED,     "NO PRACK", always,               ENDED,       (report_not_acknowledged, cause_end),           "3262 3"),
        Row(INVITED,     "NO ANSWER", always,              ENDED,       (report_no_answer, cause_end),                  "3262 5"),
        # The callee may send no BYE: an early dialog that the caller has lost ends with its INVITE.
        Row(INVITED,     "UPDATE FAILED", loses_the_dialog, INVITED,    (cause_lost,),                                      "3311 5.3"),
        Row(INVITED,     "LOST",     always,               ENDED,       (remember_peer_lost, report_ended, cause_end),  "3261 12.2.1.2"),
        Row(INVITED,     "BYE",      always,               ENDED,       (accept_bye, report_cancelled_by_peer, cause_end), "3261 15.1.2"),
        # "the callee's UA MAY send a BYE on confirmed dialogs, but MUST NOT send a BYE on early dialogs. However, the
        # callee's UA MUST NOT send a BYE on a confirmed dialog until it has received an ACK for its 2xx response or until
        # the server transaction times out."
        Refuse(INVITED,  "HANG UP",  always, None, "cannot send BYE: the dialog is early and you are the UAS; answer "
                                                   "or reject the INVITE instead",                                          "3261 15"),
        Row(ACCEPTED,    "HANG UP",  always,               LEAVING,     (keep_bye,),                                        "3261 15"),
        Row(ACCEPTED,    "ACK",      acknowledges,         ESTABLISHED, (report_connected,),                                "3261 13.3.1.4"),
        # "If the server retransmits the 2xx response for 64*T1 seconds without receiving an ACK, the dialog is
        # confirmed, but the session SHOULD be terminated. This is accomplished with a BYE"
        Row(ACCEPTED,    "NO ACK",   always,               ENDING,      (remember_no_ack, send_bye, cause_close),           "3261 13.3.1.4"),
        Row(ACCEPTED,    "BYE",      always,               ENDED,       (accept_bye, report_hung_up_by_peer, cause_end), "3261 15.1.2"),
        Row(ACCEPTED,    "REPLACED", always,               LEAVING,     (remember_replaced,),                               "3891 3"),
        Row(ACCEPTED,    "UPDATE FAILED", loses_the_dialog, LEAVING,    (remember_peer_lost,),                              "3311 5.3"),
        Row(LEAVING,     "ACK",      acknowledges,         ENDING,      (send_bye, cause_close),                            "3261 15"),
        Row(LEAVING,     "NO ACK",   always,               ENDING,      (send_bye, cause_close),                            "3261 15"),
        Row(LEAVING,     "BYE",      always,               ENDED,       (accept_bye, report_hung_up_by_peer, cause_end), "3261 15.1.2"),
        Refuse(LEAVING,  "HANG UP",  always,               None, "it is ending already: the BYE waits for the ACK",         "3261 15"),
        # ---------------- either
        Row(ESTABLISHED, "HANG UP",  always,               ENDING,      (send_bye, cause_close),                            "3261 15.1.1"),
        Row(ESTABLISHED, "REPLACED", always,               ENDING,      (remember_replaced, send_bye, cause_close),         "3891 3"),
        Row(ESTABLISHED, "BYE",      always,               ENDED,       (accept_bye, report_hung_up_by_peer, cause_end), "3261 15.1.2"),
        Row(ESTABLISHED, "PEER LOST", always,              ENDING,      (remember_peer_lost, send_bye, cause_close),        "3261 12.2.1.2"),
        # The peer has ended it as well, who has waited for the ACK as long (13.3.1.4).
        Row(ESTABLISHED, "ABANDON",  is_unacknowledged,    ENDING,      (remember_peer_lost, send_bye, cause_close),        "3261 13.2.2.4"),
        Row(ESTABLISHED, "FAILED",   loses_the_dialog,     ENDING,      (remember_peer_lost, send_bye, cause_close),        "3261 14.1"),
        Row(ESTABLISHED, "UPDATE FAILED", loses_the_dialog, ENDING,     (remember_peer_lost, send_bye, cause_close),        "3311 5.3"),
        # A 481 is no word on the dialog here: it also answers a PRACK that "does not match" (RFC 3262 3). Silence is.
        Row(ESTABLISHED, "PRACK FAILED", is_silent,        ENDING,      (remember_peer_lost, send_bye, cause_close),        "3261 12.2.1.2"),
        Row(ESTABLISHED, "NO ACK",   always,               ENDING,      (remember_no_ack, send_bye, cause_close),           "3261 14.2"),
        Row(ESTABLISHED, "NO ANSWER", is_unanswered,       ESTABLISHED, (report_withdrawn,),                                "3262 5"),
        Row(ESTABLISHED, "NO ANSWER", always,              ENDING,      (remember_no_answer, send_bye, cause_close),        "3261 14.2"),
        Row(ESTABLISHED, "CANCEL",   always,               ESTABLISHED, (report_withdrawn,),                                "3261 14.2"),
        Row(ESTABLISHED, "EXPIRED",  always,               ESTABLISHED, (report_withdrawn,),                                "3261 13.3.1"),
        Row(ESTABLISHED, "NO PRACK", always,               ESTABLISHED, (report_withdrawn,),                                "3262 3"),
        # "if the side not performing refreshes does not receive a session refresh request before the session expiration, it
        # SHOULD send a BYE to terminate the session"
        Row(ESTABLISHED, "SESSION EXPIRED", always,        ENDING,      (remember_not_refreshed, send_bye, cause_close),    "4028 10"),
        Row(HAS_BYE,     "BYE",      always,               None,        (accept_bye,),                                      "3261 15.1.2"),
        Row(ENDING,      "BYE DONE", always,               ENDED,       (report_ended, cause_gone),                         "3261 15.1.1"),
        Row(DISCARDING,  "BYE DONE", always,               ENDED,       (cause_gone,),                                      "3261 15.1.1"),
        Refuse(DONE,     "HANG UP",  always,               None, "it is ending already, or over",                           "3261 15.1.1"),
        Refuse({INITIAL, ENDED}, "BYE", always,            481, IS_OVER,                                                    "3261 15.1.2"),
        Refuse({INVITING, INVITED}, "ASK", has_no_dialog,  None, NO_DIALOG,                                                 "3261 12.2.1"),
        Row(ALIVE,       "ASK",      always,               None,        (send_request,),                                    "3261 12.2.1"),
        Refuse(GONE - {DISCARDING}, "ASK", always,         None, IS_OVER,                                                   "3261 15.1.1"),
        # ---------------- modifications
        Refuse(GONE,     ">REINVITE", always,              None, IS_OVER,                                                   "3261 15.1.1"),
        Refuse(GONE,     "<REINVITE", always,              481, IS_OVER,                                                    "3261 12.2.2"),
        # "It MAY be sent for both early and confirmed dialogs": not before there is one.
        Refuse({INVITING, INVITED}, ">UPDATE", has_no_dialog, None, NO_DIALOG,                                              "3311 5.1"),
        Refuse(GONE,     ">UPDATE",  always,               None, IS_OVER,                                                   "3261 15.1.1"),
        Refuse(GONE,     "<UPDATE",  always,               481, IS_OVER,                                                    "3261 12.2.2"),
        # "In the Mortal state, BYE can be accepted, and the other messages in the INVITE dialog usage are responded to with an
        # error."
        Refuse(GONE,     "<ASK",     always,               481, IS_OVER,                                                    "5407 2"),
    ),
    ignored=(
        Ignore(INITIAL, {"1XX", "199", "2XX", "PRACK FAILED", "UPDATE FAILED", "ABANDON", "CLOSED", "ANSWER", "ACCEPTED", "REJECT", "CANCEL", "EXPIRED", "NO PRACK", "NO ANSWER", "LOST",
                         "ACK", "NO ACK", "HANG UP", "REPLACED", "PEER LOST", "FAILED", "SESSION EXPIRED", "BYE DONE", "ASK", ">REINVITE",
                         "<REINVITE", ">UPDATE", "<UPDATE", "<ASK"}, "there is no INVITE yet"),
        Ignore({INVITING, INVITED} | LATER, {">INVITE", "<INVITE"}, "made only once"),
        Ignore(LATER, {"1XX", "199", "PRACK FAILED"}, "late provisional"),
        Ignore(LATER - {DISMISSING}, "2XX", "a repeat, or one to a re-INVITE: its ACK is seen to"),
        Ignore({INVITED} | LATER, {"ABANDON", "CLOSED"}, "this dialog has been confirmed, or is over"),
        Ignore(INVITED, {"1XX", "199", "2XX", "PRACK FAILED"}, "no INVITE of ours"),
        Ignore(INVITING, "PRACK FAILED", "the dialog is there"),
        Ignore({INVITING, INVITED} | LATER, "UPDATE FAILED", "the session is as it was"),
        Ignore({INVITING, INVITED} | LATER - {ANSWERING}, "ANSWER", "the ACK of a re-INVITE, or nobody waits for it"),
        Ignore({INVITING} | LATER, {"ACCEPTED", "REJECT"}, "of a re-INVITE: the session goes on; or the INVITE's life refuses it"),
        Ignore({INVITING} | LATER - {ESTABLISHED}, {"EXPIRED", "NO PRACK"}, "no INVITE of the peer is unanswered"),
        Ignore({INVITING} | LATER, "LOST", "no INVITE of the peer makes the dialog"),
        Ignore({INVITING} | LATER - {ESTABLISHED}, "CANCEL", "no INVITE of the peer is unanswered"),
        Ignore(ALIVE - {INVITED, ESTABLISHED} | GONE, "NO ANSWER", "it is not established, or ending already"),
        Ignore({INVITING, INVITED, ANSWERING}, {"ACK", "NO ACK"}, "nothing has been accepted"),
        Ignore({ACCEPTED, LEAVING}, "ACK", "it acknowledges no 2xx"),
        Ignore({ESTABLISHED, ENDING, DISCARDING, DISMISSING, ENDED}, "ACK", "a repeat of the ACK, or that of a re-INVITE"),
        Ignore({ENDING, DISCARDING, DISMISSING, ENDED}, "NO ACK", "it is over"),
        Ignore({INVITING, INVITED} | GONE, "REPLACED", "it is not confirmed, or over"),
        Ignore(ALIVE - {ESTABLISHED} | GONE, "SESSION EXPIRED", "it is not established, or ending already"),
        # "the UAS needs to be prepared for the possibility that the INFO request will reach the User Agent Client (UAC)
        # before the dialog-creating response, and might therefore be rejected by the UAC." (RFC 6086 4.2.1)
        Ignore({INVITED, ANSWERING, ACCEPTED} | GONE, "PEER LOST", "our response may not have got there, or it is ending already"),
        Ignore({INVITING, INVITED} | LATER, "FAILED", "the session is as it was, or goes with the INVITE"),
        Ignore({INVITING, INVITED, ANSWERING, ACCEPTED, ESTABLISHED, LEAVING, ENDED}, "BYE DONE", "no BYE is under way"),
        Ignore(DISCARDING, {"HANG UP", "ASK"}, "the application has never seen this dialog"),
        Ignore(ALIVE, ">REINVITE", "turn-taking sees to it, and refuses it until the call is up"),
        Ignore(ALIVE, {"<REINVITE", ">UPDATE", "<UPDATE"}, "turn-taking and the exchange of descriptions see to it"),
        Ignore(ALIVE, "<ASK", "it is answered by its method"),
    ),
)
# fmt: on
