"""The session in a dialog: the INVITE usage, in RFC 5057's words, from its 2xx to its BYE.

RFC 3261 13.2.2.4 (the ACK of each 2xx), 13.3.1.4 (a 2xx without ACK), 15 (BYE). One table for each side, since the
callee must not send BYE before it has the ACK, and the caller must acknowledge even what it does not want.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define, field

from sipsm.machine import Ignore, Machine, Refuse, Row, Step, Table, always
from sipsm.message import Request, Response
from sipsm.sdp import has_sdp, refuse_all
from sipsm.usage import invite_uac
from sipsm.usage.outputs import (
    Accept,
    Acknowledge,
    AcknowledgeAgain,
    Ask,
    Connected,
    EndReason,
    HangUp,
    Over,
    Rang,
)

EARLY: Final = "Early"
ACCEPTED: Final = "Accepted"
ESTABLISHED: Final = "Established"
LEAVING: Final = "Leaving"
ENDING: Final = "Ending"
DISCARDING: Final = "Discarding"
ENDED: Final = "Ended"


@define(eq=False)
class Session(Machine):
    """The session in one dialog."""

    table: ClassVar[Table]
    reason: EndReason = EndReason.HUNG_UP
    """Why it is ending, while it is."""
    offer: bytes = b""
    """The offer in a 2xx that has not been acknowledged yet."""
    acknowledged: bool = False
    """Whether the 2xx has had its ACK from us."""
    bye: HangUp = field(factory=HangUp)
    """The BYE that waits for the ACK."""


@define(eq=False)
class SessionUac(Session):
    """The session as the caller sees it."""

    table: ClassVar[Table]


@define(eq=False)
class SessionUas(Session):
    """The session as the callee sees it."""

    table: ClassVar[Table]


# -------------------------------------------------------------------- guards


def another_was_accepted(_: Session, _response: Response, at: Any) -> bool:
    """Another branch of a fork has answered before; this one is not wanted."""
    return bool(at.invite.state in (invite_uac.ACCEPTED, invite_uac.TERMINATED))


def another_was_accepted_and_this_offers(session: Session, response: Response, at: Any) -> bool:
    """The same, and its 2xx carries an offer."""
    return another_was_accepted(session, response, at) and offers(session, response, at)


def cancelled(_: Session, _response: Response, at: Any) -> bool:
    """The 2xx crossed our CANCEL."""
    return bool(at.invite.state in (invite_uac.CANCELLING, invite_uac.CANCEL_WAITS))


def cancelled_and_offers(session: Session, response: Response, at: Any) -> bool:
    """The same, and the 2xx carries an offer."""
    return cancelled(session, response, at) and offers(session, response, at)


def acknowledged(session: Session, _response: Response, _at: Any) -> bool:
    """Its 2xx has been acknowledged once."""
    return session.acknowledged


def offers(_: Session, response: Response, at: Any) -> bool:
    """The 2xx carries the offer: its ACK must wait for our answer."""
    return bool(at.offer_answer.state == "NoOffer") and has_sdp(response)


# -------------------------------------------------------------------- actions


def report_ringing(_: Session, response: Response, step: Step) -> None:
    """Tell of a provisional response."""
    step.emit(Rang(response))


def report_connected(_: Session, message: Request | Response, step: Step) -> None:
    """Tell that the session is established."""
    step.emit(Connected(message))


def keep_offer(session: Session, response: Response, _step: Step) -> None:
    """The answer to it belongs into the ACK."""
    session.offer = response.body


def send_ack(session: Session, x: Response | Acknowledge, step: Step) -> None:
    """Acknowledge the 2xx; with the answer, when that was waited for."""
    session.acknowledged = True
    step.emit(x if isinstance(x, Acknowledge) else Acknowledge())


def send_ack_again(_: Session, _response: Response, step: Step) -> None:
    """The 2xx came again: so goes the ACK."""
    # "The ACK MUST be passed to the client transport every time a retransmission of the 2xx final response that
    # triggered the ACK arrives." (RFC 3261 13.2.2.4)
    step.emit(AcknowledgeAgain())


def send_refusing_ack(session: Session, x: Response | HangUp | Request, step: Step) -> None:
    """Acknowledge a 2xx of no use whose offer must be answered: every stream is refused."""
    # "If the offer in the 2xx response is not acceptable, the UAC core MUST generate a valid answer in the ACK and then
    # send a BYE immediately." (RFC 3261 13.2.2.4)
    session.acknowledged = True
    step.emit(Acknowledge(refuse_all(x.body if isinstance(x, Response) else session.offer)))


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


def remember_no_ack(session: Session, _x: Any, _step: Step) -> None:
    """It ends because no ACK came."""
    session.reason = EndReason.NOT_ACKNOWLEDGED


def remember_no_answer(session: Session, _x: Any, _step: Step) -> None:
    """It ends because our offer was not answered."""
    session.reason = EndReason.NO_ANSWER


def remember_peer_lost(session: Session, _x: Any, _step: Step) -> None:
    """It ends because the peer does not know the dialog any more."""
    session.reason = EndReason.PEER_LOST


def report_ended(session: Session, x: Any, step: Step) -> None:
    """Tell that it is over, for the reason remembered."""
    step.emit(Over(session.reason, x if isinstance(x, Request | Response) else None))


def report_hung_up_by_peer(_: Session, bye: Request, step: Step) -> None:
    """Tell that the peer ended it."""
    step.emit(Over(EndReason.HUNG_UP_BY_PEER, bye))


def report_cancelled_by_peer(_: Session, request: Request, step: Step) -> None:
    """Tell that the peer gave up before it was answered."""
    step.emit(Over(EndReason.CANCELLED_BY_PEER, request))


def report_declined(_: Session, _x: Any, step: Step) -> None:
    """Tell that we refused."""
    step.emit(Over(EndReason.DECLINED))


def cause_over(_: Session, _x: Any, step: Step) -> None:
    """The dialog and its exchange of descriptions end with it."""
    step.cause("OVER")


# -------------------------------------------------------------------- tables

# "If the new session description is not acceptable, the UAS can reject it by returning a 488 (Not Acceptable Here)
# response for the re-INVITE." (RFC 3261 14.2)  The session goes on unchanged.
NO_REINVITE = "sessions are not modified here"
NOT_UP = "the session is not established"
IS_OVER = "the session is over"

# fmt: off
COMMON = (
    #   state           input         guard   next         actions                                       RFC
    Row(ESTABLISHED,    "HANG UP",    always, ENDING,      (send_bye,),                                  "3261 15.1.1"),
    Row(ESTABLISHED,    "BYE",        always, ENDED,       (accept_bye, report_hung_up_by_peer, cause_over), "3261 15.1.2"),
    Row(ESTABLISHED,    "ASK",        always, ESTABLISHED, (send_request,),                              "3261 12.2.1"),
    Row(ESTABLISHED,    "PEER LOST",  always, ENDING,      (remember_peer_lost, send_bye),               "3261 12.2.1.2"),
    Row(ENDING,         "BYE",        always, ENDING,      (accept_bye,),                                "3261 15.1.2"),
    Row(ENDING,         "BYE DONE",   always, ENDED,       (report_ended, cause_over),                   "3261 15.1.1"),
    Refuse({ENDING, ENDED}, "HANG UP", always, None, "it is ending already, or over",                    "3261 15.1.1"),
    Refuse({EARLY, ACCEPTED}, "ASK",  always, None, NOT_UP,                                              "3261 12.2.1"),
    Refuse({ENDING, ENDED}, "ASK",    always, None, IS_OVER,                                             "3261 15.1.1"),
    Refuse(ESTABLISHED, "INVITE",     always, 488, NO_REINVITE,                                          "3261 14.2"),
    Refuse({ENDING, ENDED}, "INVITE", always, 481, IS_OVER,                                              "3261 12.2.2"),
    Refuse(ENDED,       "BYE",        always, 481, IS_OVER,                                              "3261 15.1.2"),
)

SessionUac.table = Table(
    "session of the UAC",
    rfc="3261 15",
    initial=EARLY,
    rows=(
        #   state        input       guard                 next         actions                        RFC
        Row(EARLY,       "1XX",      cancelled,            EARLY,       (),                            "3261 9.1"),
        Row(EARLY,       "1XX",      always,               EARLY,       (report_ringing,),             "3261 13.2.2.1"),
        # "If, after acknowledging any 2xx response to an INVITE, the UAC does not want to continue with that dialog, then
        # the UAC MUST terminate the dialog by sending a BYE request"
        Row(EARLY,       "2XX",      another_was_accepted_and_this_offers,
                                                           DISCARDING,  (send_refusing_ack, send_bye),            "3261 13.2.2.4"),
        Row(EARLY,       "2XX",      another_was_accepted, DISCARDING,  (send_ack, send_bye),          "3261 13.2.2.4"),
        Row(EARLY,       "2XX",      cancelled_and_offers, ENDING,      (remember_cancelled, send_refusing_ack, send_bye),
                                                                                                                  "3261 9.1"),
        Row(EARLY,       "2XX",      cancelled,            ENDING,      (remember_cancelled, send_ack, send_bye),
                                                                                                                  "3261 9.1"),
        Row(EARLY,       "2XX",      offers,               ACCEPTED,    (keep_offer,),                 "3261 13.2.2.4"),
        Row(EARLY,       "2XX",      always,               ESTABLISHED, (send_ack, report_connected),  "3261 13.2.2.4"),
        Row(EARLY,       "ABANDON",  always,               ENDED,       (cause_over,),                 "3261 13.2.2.4"),
        # The callee sends BYE only behind its 2xx, which then was lost: there has been an answer, and it is over.
        Row(EARLY,       "BYE",      another_was_accepted, ENDED,       (accept_bye, cause_over),      "3261 15.1.2"),
        Row(EARLY,       "BYE",      always,               ENDED,       (accept_bye, report_hung_up_by_peer, cause_over),
                                                                                                                  "3261 15.1.2"),
        Refuse(EARLY,    "HANG UP",  always,               None, "nobody has answered; cancel instead",           "3261 15"),
        Row(ACCEPTED,    "ACK",      always,               ESTABLISHED, (send_ack, report_connected),  "3261 13.2.2.4"),
        Row(ACCEPTED,    "HANG UP",  always,               ENDING,      (send_refusing_ack, send_bye), "3261 13.2.2.4"),
        Row(ACCEPTED,    "BYE",      always,               ENDED,       (send_refusing_ack, accept_bye, report_hung_up_by_peer, cause_over),
                                                                                                                  "3261 15.1.2"),
        Row(ESTABLISHED, "2XX",      always,               ESTABLISHED, (send_ack_again,),             "3261 13.2.2.4"),
        Row(ENDING,      "2XX",      always,               ENDING,      (send_ack_again,),             "3261 13.2.2.4"),
        Row(DISCARDING,  "2XX",      always,               DISCARDING,  (send_ack_again,),             "3261 13.2.2.4"),
        Row(ENDED,       "2XX",      acknowledged,         ENDED,       (send_ack_again,),             "3261 13.2.2.4"),
        Row(ENDED,       "2XX",      always,               ENDED,       (send_ack,),                   "3261 13.2.2.4"),
        Row(DISCARDING,  "BYE",      always,               DISCARDING,  (accept_bye,),                 "3261 15.1.2"),
        Row(DISCARDING,  "BYE DONE", always,               ENDED,       (cause_over,),                 "3261 15.1.1"),
        Refuse({EARLY, ACCEPTED}, "INVITE", always,        491, "our INVITE is under way",                        "3261 14.2"),
        Refuse(DISCARDING, "INVITE", always,               481, IS_OVER,                                          "3261 12.2.2"),
        *COMMON,
    ),
    ignored=(
        Ignore({ACCEPTED, ESTABLISHED, ENDING, DISCARDING, ENDED}, "1XX", "late provisional"),
        Ignore(ACCEPTED, "2XX", "the ACK waits for the answer to the 2xx's offer"),
        Ignore({ACCEPTED, ESTABLISHED, ENDING, DISCARDING, ENDED}, "ABANDON", "this dialog has been confirmed, or is over"),
        Ignore({EARLY, ESTABLISHED, ENDING, DISCARDING, ENDED}, "ACK", "offer/answer refuses an answer that nobody waits for"),
        Ignore({EARLY, ACCEPTED, ESTABLISHED, ENDED}, "BYE DONE", "no BYE is under way"),
        Ignore({EARLY, ACCEPTED, ENDING, DISCARDING, ENDED}, "PEER LOST", "it is not established, or ending already"),
        Ignore(DISCARDING, {"HANG UP", "ASK"}, "the application has never seen this dialog"),
    ),
)

SessionUas.table = Table(
    "session of the UAS",
    rfc="3261 15",
    initial=EARLY,
    rows=(
        #   state        input        guard   next         actions                                             RFC
        Row(EARLY,       "ACCEPT",    always, ACCEPTED,    (),                                                 "3261 13.3.1.4"),
        Row(EARLY,       "REJECT",    always, ENDED,       (report_declined, cause_over),                      "3261 13.3.1.3"),
        Row(EARLY,       "CANCEL",    always, ENDED,       (report_cancelled_by_peer, cause_over),             "3261 9.2"),
        Row(EARLY,       "BYE",       always, ENDED,       (accept_bye, report_cancelled_by_peer, cause_over), "3261 15.1.2"),
        # "the callee's UA MAY send a BYE on confirmed dialogs, but MUST NOT send a BYE on early dialogs. However, the
        # callee's UA MUST NOT send a BYE on a confirmed dialog until it has received an ACK for its 2xx response or until
        # the server transaction times out."
        Refuse(EARLY,    "HANG UP",   always, None, "cannot send BYE: the dialog is early and you are the UAS; answer "
                                                    "or reject the INVITE instead",                           "3261 15"),
        Row(ACCEPTED,    "HANG UP",   always, LEAVING,     (keep_bye,),                                        "3261 15"),
        Row(ACCEPTED,    "ACK",       always, ESTABLISHED, (report_connected,),                                "3261 13.3.1.4"),
        # "If the server retransmits the 2xx response for 64*T1 seconds without receiving an ACK, the dialog is
        # confirmed, but the session SHOULD be terminated. This is accomplished with a BYE"
        Row(ACCEPTED,    "NO ACK",    always, ENDING,      (remember_no_ack, send_bye),                        "3261 13.3.1.4"),
        Row(ACCEPTED,    "BYE",       always, ENDED,       (accept_bye, report_hung_up_by_peer, cause_over),   "3261 15.1.2"),
        Row(LEAVING,     "ACK",       always, ENDING,      (send_bye,),                                        "3261 15"),
        Row(LEAVING,     "NO ACK",    always, ENDING,      (send_bye,),                                        "3261 15"),
        Row(LEAVING,     "BYE",       always, ENDED,       (accept_bye, report_hung_up_by_peer, cause_over),   "3261 15.1.2"),
        Refuse(LEAVING,  "HANG UP",   always, None, "it is ending already: the BYE waits for the ACK",        "3261 15"),
        Row(ESTABLISHED, "NO ANSWER", always, ENDING,      (remember_no_answer, send_bye),                     "3261 14.2"),
        # "A UAS that receives a second INVITE before it sends the final response to a first INVITE ... MUST return a 500
        # (Server Internal Error) response"
        Refuse(EARLY,    "INVITE",    always, 500, "the first INVITE has not been answered",                  "3261 14.2"),
        Refuse({ACCEPTED, LEAVING}, "INVITE", always, 488, NO_REINVITE,                                       "3261 14.2"),
        Refuse(LEAVING,  "ASK",       always, None, IS_OVER,                                                  "3261 15"),
        *COMMON,
    ),
    ignored=(
        Ignore({ACCEPTED, LEAVING, ESTABLISHED, ENDING, ENDED}, {"ACCEPT", "REJECT"}, "the INVITE's life refuses this"),
        Ignore({ACCEPTED, LEAVING, ESTABLISHED, ENDING, ENDED}, "CANCEL", "no effect after a final response, 3261 9.2"),
        Ignore(EARLY, {"ACK", "NO ACK"}, "nothing has been accepted"),
        Ignore({ESTABLISHED, ENDING, ENDED}, "ACK", "a repeat of the ACK"),
        Ignore({ESTABLISHED, ENDING, ENDED}, "NO ACK", "the ACK came, or it is over"),
        Ignore({EARLY, ACCEPTED, LEAVING, ENDING, ENDED}, "NO ANSWER", "it is not established, or ending already"),
        Ignore({EARLY, ACCEPTED, LEAVING, ESTABLISHED, ENDED}, "BYE DONE", "no BYE is under way"),
        Ignore({EARLY, ACCEPTED, LEAVING, ENDING, ENDED}, "PEER LOST", "it is not established, or ending already"),
    ),
)
# fmt: on
