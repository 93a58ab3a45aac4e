"""The offer/answer exchange of one dialog: who has offered, in which message, and who owes an answer.

RFC 3264 4, 5 and 8, as carried by INVITE and its responses and ACK (RFC 3261 13.2.1, 14), by reliable provisional
responses and PRACK (RFC 3262 5), and by UPDATE (RFC 3311 5); RFC 6337 2 has them all in one list. `>` stands before
what we send, `<` before what the peer sends, and the carrier of an offer in the name of the state. What a description
says is no matter here, only that there is one.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define

from sipsm.errors import RemoteProtocolError
from sipsm.machine import Ignore, Machine, Refuse, Row, Step, Table, always, never_where
from sipsm.message import Request, Response
from sipsm.message.bodies import Part, read_body

INITIAL: Final = "Initial"
TO_BE_OFFERED: Final = "ToBeOffered"
TO_OFFER: Final = "ToOffer"
SENT_IN_INVITE: Final = "SentInInvite"
PREVIEWED: Final = "Previewed"
GOT_IN_INVITE: Final = "GotInInvite"
SHOWN: Final = "Shown"
SENT_IN_1XX: Final = "SentIn1xx"
GOT_IN_1XX: Final = "GotIn1xx"
SENT_IN_2XX: Final = "SentIn2xx"
GOT_IN_2XX: Final = "GotIn2xx"
SENT_IN_PRACK: Final = "SentInPrack"
GOT_IN_PRACK: Final = "GotInPrack"
SENT_IN_UPDATE: Final = "SentInUpdate"
GOT_IN_UPDATE: Final = "GotInUpdate"
STABLE: Final = "Stable"
CLOSED: Final = "Closed"

SDP: Final = "application/sdp"
DISPOSITION: Final = "content-disposition"


def has_sdp(message: Request | Response) -> bool:
    """Whether a message carries a description of its session: one that is there for something else is none of that."""
    return sdp_of(message) != b""


def sdp_of(message: Request | Response) -> bytes:
    """The description of its session that a message carries, alone or as a part of its body; or nothing."""
    body = message.body
    if not body:
        return b""
    kind = message.content_type
    if kind == SDP:
        return body if not message.has(DISPOSITION) or _is_for_the_session(message) else b""
    if kind is None or not kind.startswith("multipart/"):
        return b""
    # "Therefore, SIP UAs MUST support parsing 'multipart' MIME bodies, including nested body parts." (RFC 5621 4.2)
    try:
        parts = read_body(message, (SDP,)).understood
        return next((part.content for part in parts if isinstance(part, Part) and _is_for_the_session(part)), b"")
    except RemoteProtocolError:
        # Of a request, that has been answered before; a response with such a body has none.
        return b""


def _is_for_the_session(message: Request | Response | Part) -> bool:
    # "NOTE: This is when using a Content-Disposition of "session". There may be a second offer/answer negotiation in
    # progress using a Content-Disposition of "early-session"" (RFC 6337 2.2)
    disposition = message.header(DISPOSITION)
    return disposition is None or disposition.partition(";")[0].strip().lower() == "session"


@define(eq=False)
class OfferAnswer(Machine):
    """The exchange as one side sees it."""

    table: ClassVar[Table]

    local: bytes = b""
    """Our description: the offer or the answer that was sent last, and not refused."""
    remote: bytes = b""
    """The peer's."""
    agreed: tuple[bytes, bytes] | None = None
    """Both, of the last exchange that was completed: what a refused offer leaves in force."""
    before: tuple[bytes, bytes] | None = None
    """The same, when the last INVITE began: what is in force again if it is refused in the end."""
    undone: bool = False
    """Whether an exchange within the last INVITE had been completed when it was refused (RFC 6141 3.4)."""

    def __init__(self) -> None:
        # One is made for each dialog: written out, it takes half the time.
        self.state = INITIAL
        self.running = ()
        self.local = self.remote = b""
        self.agreed = self.before = None
        self.undone = False

    @property
    def has_changed(self) -> bool:
        """Whether a change within the INVITE that is under way has been executed (RFC 6141 3.3)."""
        return self.before is not None and self.agreed != self.before


@define
class SdpArrived:
    """What the exchange tells: the peer's description has come, as an offer or as an answer."""

    is_offer: bool
    sdp: bytes
    message: Request | Response


# -------------------------------------------------------------------- guards


@never_where(invite={"Calling", "Proceeding"})
def not_wanted(_: OfferAnswer, response: Response, at: Any) -> bool:
    """The INVITE has been cancelled, or another branch has answered: this dialog will have no session."""
    return not at.invite.wants_answers or (response.status < 200 and at.invite.state == "Accepted")


def has_hung_up(_: OfferAnswer, _x: Any, at: Any) -> bool:
    """The session is not wanted any more: a BYE waits for the ACK."""
    return not at.session.goes_on


def was_up(_: OfferAnswer, _x: Any, at: Any) -> bool:
    """There is a session from before, to which both return: it may have been agreed on without descriptions."""
    return bool(at.dialog.state == "Confirmed")


def differs_from_ours(oa: OfferAnswer, carrier: Any, _at: Any) -> bool:
    """It is not the description that we have given already."""
    return bool(carrier.body != oa.local)


def ours_is_unacknowledged(_: OfferAnswer, _x: Any, at: Any) -> bool:
    """The reliable response that bore our description has not had its PRACK."""
    return bool(at.reliable.bears_sdp)


def ours_is_under_way(_: OfferAnswer, _x: Any, at: Any) -> bool:
    """An INVITE of ours is."""
    return bool(at.turns.state == "Ours")


def theirs_is_under_way(_: OfferAnswer, _x: Any, at: Any) -> bool:
    """An INVITE of the peer is."""
    return bool(at.turns.state == "Theirs")


def bears_no_answer(_: OfferAnswer, _x: Any, at: Any) -> bool:
    """The response that is acknowledged has no description."""
    return not has_sdp(at.reliable.waiting)


def is_late(_: OfferAnswer, _x: Any, at: Any) -> bool:
    """The INVITE had its final response before this PRACK came."""
    return bool(at.reliable.state == "Late")


def has_changed(oa: OfferAnswer, _x: Any, _at: Any) -> bool:
    """An exchange within the INVITE has been completed, and is to be undone."""
    return oa.has_changed


@never_where(ack={"None"})
def has_come_before(_: OfferAnswer, _response: Any, at: Any) -> bool:
    """The 2xx repeats that of an INVITE before this one."""
    return bool(at.ack.state != "None")


def is_repeated(_: OfferAnswer, _ack: Any, at: Any) -> bool:
    """The ACK is not for the 2xx that waits for one, but for that of an INVITE before."""
    return bool(at.invite.state != "Accepted")


# -------------------------------------------------------------------- actions


def take_answer(oa: OfferAnswer, message: Request | Response, step: Step) -> None:
    """The peer has answered, and that is agreed."""
    oa.remote = remote = sdp_of(message)
    oa.agreed = oa.local, remote
    step.emit(SdpArrived(False, remote, message))


def preview_answer(oa: OfferAnswer, message: Request | Response, step: Step) -> None:
    """The peer has shown its answer in a message that may have been lost."""
    oa.remote = sdp_of(message)
    step.emit(SdpArrived(False, oa.remote, message))


def agree(oa: OfferAnswer, _x: Any, _step: Step) -> None:
    """The exchange is complete."""
    oa.agreed = oa.local, oa.remote


def take_offer(oa: OfferAnswer, message: Request | Response, step: Step) -> None:
    """The peer has offered."""
    oa.remote = sdp_of(message)
    step.emit(SdpArrived(True, oa.remote, message))


def keep_theirs(oa: OfferAnswer, invite: Request, _step: Step) -> None:
    """The offer came with the INVITE that calls, which the application is shown anyway."""
    oa.remote = sdp_of(invite)


def keep_own(oa: OfferAnswer, carrier: Any, _step: Step) -> None:
    """Our description goes out in this message."""
    oa.local = carrier.body


def give_answer(oa: OfferAnswer, carrier: Any, _step: Step) -> None:
    """Our answer goes out in this message, and that is agreed."""
    oa.local = local = carrier.body
    oa.agreed = local, oa.remote


def roll_back(oa: OfferAnswer, _x: Any, _step: Step) -> None:
    """What was offered is refused: what was agreed before is in force."""
    # "If a UA receives a non-2xx final response to a re-INVITE, the session parameters MUST remain unchanged, as if no
    # re-INVITE had been issued." (RFC 3261 14.1)
    oa.local, oa.remote = oa.agreed or (b"", b"")


def note_before(oa: OfferAnswer, _x: Any, _step: Step) -> None:
    """An INVITE begins: if it is refused, all is to be as it is now."""
    oa.before, oa.undone = oa.agreed, False


def undo(oa: OfferAnswer, _x: Any, _step: Step) -> None:
    """What was agreed within the INVITE is undone."""
    # "This remains the case even if multiple offer/answer exchanges have occurred between the sending of the re-INVITE
    # and its failure" (RFC 6337 3.4)
    oa.agreed, oa.undone = oa.before, True


def cause_no_answer(_: OfferAnswer, _x: Any, step: Step) -> None:
    """Our offer will never be answered."""
    step.cause("NO ANSWER")


# -------------------------------------------------------------------- the table

# The states by what is open. In all of them a dialog may end.
OURS: Final = frozenset({SENT_IN_INVITE, PREVIEWED, SENT_IN_1XX, SENT_IN_2XX, SENT_IN_PRACK, SENT_IN_UPDATE})
"""We have offered, and wait for the answer."""
THEIRS: Final = frozenset({GOT_IN_INVITE, SHOWN, GOT_IN_1XX, GOT_IN_2XX, GOT_IN_PRACK, GOT_IN_UPDATE})
"""The peer has offered, and waits for our answer."""
PROMISED: Final = frozenset({TO_BE_OFFERED, TO_OFFER})
"""An INVITE without an offer is under way: the first reliable message back must bear one."""
OPEN: Final = OURS | THEIRS | PROMISED | {STABLE}
IN_OUR_INVITE: Final = frozenset({TO_BE_OFFERED, SENT_IN_INVITE, PREVIEWED, GOT_IN_1XX})
IN_THEIR_INVITE: Final = frozenset({TO_OFFER, GOT_IN_INVITE, SHOWN, SENT_IN_1XX})
AT_OURS: Final = frozenset({SENT_IN_INVITE, PREVIEWED, GOT_IN_1XX, GOT_IN_2XX, SENT_IN_PRACK})
"""An INVITE of ours carries the exchange that is open: in itself, its responses, PRACK or ACK."""
AT_THEIRS: Final = frozenset({GOT_IN_INVITE, SHOWN, SENT_IN_1XX, GOT_IN_PRACK})
"""An INVITE of the peer does, which has had no final response."""
IN_UPDATE: Final = frozenset({SENT_IN_UPDATE, GOT_IN_UPDATE})
FROM_THEM: Final = frozenset({"<1XX+SDP", "<REL+SDP", "<2XX", "<2XX+SDP"})
"""Their responses to an INVITE of ours that can bear on it."""
UNANSWERED = "our offer is unanswered"
TO_ANSWER = "the peer's offer waits for our answer; give that first"
NOT_YET = "no exchange of offer and answer is complete yet"
NOTHING = "no offer of the peer waits for an answer there"

# fmt: off
OfferAnswer.table = Table(
    "offer/answer",
    rfc="3264",
    initial=INITIAL,
    rows=(
        # ---------------- an INVITE of ours, first or later
        #   state           input          guard       next            actions            RFC
        Row({INITIAL, STABLE}, ">INVITE",     always,  TO_BE_OFFERED,  (note_before,),    "3261 13.2.1"),
        Row({INITIAL, STABLE}, ">INVITE+SDP", always,  SENT_IN_INVITE, (note_before, keep_own,), "6337 2.2"),
        Refuse(OURS,        ">INVITE",     always,     None, UNANSWERED,                  "6337 4.3"),
        Refuse(OURS,        ">INVITE+SDP", always,     None, UNANSWERED,                  "3264 4"),
        Refuse(THEIRS,      ">INVITE",     always,     None, TO_ANSWER,                   "6337 4.3"),
        Refuse(THEIRS,      ">INVITE+SDP", always,     None, TO_ANSWER,                   "3264 4"),
        Refuse(PROMISED,    ">INVITE",     always,     None, NOT_YET,                     "3261 14.1"),
        Refuse(PROMISED,    ">INVITE+SDP", always,     None, NOT_YET,                     "3261 14.1"),
        # "The UAC MUST treat the first session description it receives as the answer, and MUST ignore any session
        # descriptions in subsequent responses to the initial INVITE." (RFC 3261 13.2.1)
        # The 2xx of an INVITE before, which has come again, has no say in this one.
        Row(IN_OUR_INVITE,  "<2XX",        has_come_before, None,      (),                "3261 13.2.2.4"),
        Row(IN_OUR_INVITE,  "<2XX+SDP",    has_come_before, None,      (),                "3261 13.2.2.4"),
        Row(SENT_IN_INVITE, "<1XX+SDP",    not_wanted, SENT_IN_INVITE, (),                "3261 9.1"),
        Row(SENT_IN_INVITE, "<1XX+SDP",    always,     PREVIEWED,      (preview_answer,), "3261 13.2.1"),
        Row(SENT_IN_INVITE, "<REL+SDP",    not_wanted, STABLE,         (),                "3261 9.1"),
        Row(SENT_IN_INVITE, "<REL+SDP",    always,     STABLE,         (take_answer,),    "6337 2.2"),
        Row(SENT_IN_INVITE, "<2XX+SDP",    not_wanted, STABLE,         (),                "3261 13.2.2.4"),
        Row(SENT_IN_INVITE, "<2XX+SDP",    always,     STABLE,         (take_answer,),    "6337 2.2"),
        # Deviation: RFC 3261 13.3.1.4 has an answer in every such 2xx. A peer without media sends none; the call is
        # up all the same, and the application sees that no answer came.
        Row(SENT_IN_INVITE, "<2XX",        was_up,     STABLE,         (roll_back,),      "3261 14.1"),
        Row(SENT_IN_INVITE, "<2XX",        always,     STABLE,         (),                "3261 13.2.2.4"),
        # The same description again, now in a message that is sure to arrive.
        Row(PREVIEWED,      "<REL+SDP",    always,     STABLE,         (agree,),          "3261 13.2.1"),
        Row(PREVIEWED,      "<2XX+SDP",    always,     STABLE,         (agree,),          "3261 13.2.1"),
        Row(PREVIEWED,      "<2XX",        always,     STABLE,         (agree,),          "3261 13.2.1"),
        # "If the initial offer is in the first reliable non-failure message from the UAS back to UAC, the answer
        # MUST be in the acknowledgement for that message (in this specification, ACK for a 2xx response)."
        Row(TO_BE_OFFERED,  "<REL+SDP",    not_wanted, STABLE,         (),                "3261 9.1"),
        Row(TO_BE_OFFERED,  "<REL+SDP",    always,     GOT_IN_1XX,     (take_offer,),     "6337 2.2"),
        Row(TO_BE_OFFERED,  "<2XX+SDP",    not_wanted, STABLE,         (),                "3261 13.2.2.4"),
        Row(TO_BE_OFFERED,  "<2XX+SDP",    always,     GOT_IN_2XX,     (take_offer,),     "6337 2.2"),
        # Deviation: RFC 3261 13.3.1.4 has an offer in every 2xx to an INVITE without one. A peer without media
        # sends none; the call is up without a session.
        Row(TO_BE_OFFERED,  "<2XX",        always,     STABLE,         (),                "3261 13.2.2.4"),
        Row(GOT_IN_2XX,     ">ACK+SDP",    always,     STABLE,         (give_answer,),    "6337 2.2"),
        Row(IN_OUR_INVITE,  "<REFUSAL",    was_up,     STABLE,         (roll_back,),      "3261 14.1"),
        Row(IN_OUR_INVITE,  "<REFUSAL",    always,     CLOSED,         (),                "3261 13.2.2.3"),
        Row({STABLE, SENT_IN_PRACK}, "<REFUSAL", has_changed, STABLE,  (undo, roll_back), "6337 3.4"),
        Row({SENT_IN_UPDATE, GOT_IN_UPDATE}, "<REFUSAL", has_changed, None, (undo,),      "6337 3.4"),
        # ---------------- an INVITE of theirs
        Row(INITIAL,        "<INVITE",     always,     TO_OFFER,       (),                "3261 13.3.1"),
        Row(INITIAL,        "<INVITE+SDP", always,     GOT_IN_INVITE,  (keep_theirs,),    "6337 2.2"),
        Row(STABLE,         "<INVITE",     always,     TO_OFFER,       (note_before,),    "3261 14.2"),
        Row(STABLE,         "<INVITE+SDP", always,     GOT_IN_INVITE,  (note_before, take_offer), "3261 14.2"),
        # "A UAS that receives a second INVITE before it sends the final response to a first INVITE with a lower CSeq
        # sequence number on the same dialog MUST return a 500 (Server Internal Error) response", and "an INVITE on a
        # dialog while an INVITE it had sent on that dialog is in progress MUST return a 491 (Request Pending)
        # response": whose INVITE it is decides, with an offer or without.
        Refuse(GOT_IN_UPDATE,  "<INVITE",     ours_is_under_way,   491, "our INVITE is under way",            "3261 14.2"),
        Refuse(GOT_IN_UPDATE,  "<INVITE+SDP", ours_is_under_way,   491, "our INVITE is under way",            "3261 14.2"),
        Refuse(SENT_IN_UPDATE, "<INVITE",     theirs_is_under_way, 500, "the INVITE before it is unanswered", "3261 14.2"),
        Refuse(SENT_IN_UPDATE, "<INVITE+SDP", theirs_is_under_way, 500, "the INVITE before it is unanswered", "3261 14.2"),
        Refuse(AT_OURS | {SENT_IN_UPDATE},  "<INVITE",     always, 491, UNANSWERED,                          "6337 4.3"),
        Refuse(AT_OURS | {SENT_IN_UPDATE},  "<INVITE+SDP", always, 491, UNANSWERED,                          "6337 4.3"),
        # "Bob sends a 491 to the re-INVITE (F6) since he is not able to properly handle a new request until he receives an
        # answer." (RFC 5407 3.1.5)
        # Decided: RFC 6337 4.3 has 500 here, and RFC 3261 14.2 nothing. The one that is a Best Current Practice
        # recommends 491, "because 500 applies to so many cases that it is difficult to determine what the real problem
        # was"; and after a 491 the peer tries again by itself.
        Refuse(SENT_IN_2XX, "<INVITE",     always, 491, UNANSWERED,                       "5407 3.1.5"),
        Refuse(SENT_IN_2XX, "<INVITE+SDP", always, 491, UNANSWERED,                       "5407 3.1.5"),
        Refuse(AT_THEIRS | {GOT_IN_UPDATE}, "<INVITE",     always, 500, "the exchange before it is not complete", "6337 4.3"),
        Refuse(AT_THEIRS | {GOT_IN_UPDATE}, "<INVITE+SDP", always, 500, "the exchange before it is not complete", "6337 4.3"),
        # "That same exact answer MAY also be placed in any provisional responses sent prior to the answer."
        Row(GOT_IN_INVITE,  ">1XX+SDP",    always,     SHOWN,          (keep_own,),       "3261 13.2.1"),
        Row(GOT_IN_INVITE,  ">REL+SDP",    always,     STABLE,         (give_answer,),    "6337 2.2"),
        Row(GOT_IN_INVITE,  ">2XX+SDP",    always,     STABLE,         (give_answer,),    "6337 2.2"),
        Refuse({GOT_IN_INVITE, SHOWN}, ">2XX", always, None, "the 2xx must carry the answer to the INVITE's offer", "3261 13.3.1.4"),
        Refuse(SHOWN, ">1XX+SDP", differs_from_ours,   None, "a provisional response has shown another answer",     "3261 13.2.1"),
        Row(SHOWN,          ">1XX+SDP",    always,     SHOWN,          (),                "3261 13.2.1"),
        Refuse(SHOWN, ">REL+SDP", differs_from_ours,   None, "a provisional response has shown another answer",     "3261 13.2.1"),
        Row(SHOWN,          ">REL+SDP",    always,     STABLE,         (agree,),          "6337 2.2"),
        Refuse(SHOWN, ">2XX+SDP", differs_from_ours,   None, "a provisional response has shown another answer",     "3261 13.2.1"),
        Row(SHOWN,          ">2XX+SDP",    always,     STABLE,         (agree,),          "6337 2.2"),
        Refuse(TO_OFFER,    ">1XX+SDP",    always,     None, "an offer needs a reliable message: put it into the 2xx, or send the 1xx reliably",
                                                                                                                    "3261 13.2.1"),
        # "if a reliable provisional response is the first reliable message sent back to the UAC, and the INVITE did not
        # contain an offer, one MUST appear in that reliable provisional response." (RFC 3262 5)
        Refuse(TO_OFFER,    ">REL",        always,     None, "the INVITE had no offer, so the first reliable response must carry one", "3262 5"),
        Row(TO_OFFER,       ">REL+SDP",    always,     SENT_IN_1XX,    (keep_own,),       "6337 2.2"),
        Refuse(TO_OFFER,    ">2XX",        always,     None, "the INVITE had no offer, so the 2xx must carry one",  "3261 13.3.1.4"),
        Row(TO_OFFER,       ">2XX+SDP",    always,     SENT_IN_2XX,    (keep_own,),       "6337 2.2"),
        Row(SENT_IN_2XX,    "<ACK+SDP",    is_repeated, None,          (),                "3261 13.3.1.4"),
        Row(SENT_IN_2XX,    "<ACK",        is_repeated, None,          (),                "3261 13.3.1.4"),
        # "A session is not started when the ACK is received ... The answer in the ACK request is just ignored."
        Row(SENT_IN_2XX,    "<ACK+SDP",    has_hung_up, STABLE,        (),                "5407 3.2.4"),
        Row(SENT_IN_2XX,    "<ACK+SDP",    always,     STABLE,         (take_answer,),    "6337 2.2"),
        Row(SENT_IN_2XX,    "<ACK",        always,     STABLE,         (roll_back, cause_no_answer,), "3261 14.2"),
        Row(SENT_IN_1XX,    ">2XX",        always,     SENT_IN_1XX,    (),                "3262 5"),
        Refuse({SENT_IN_1XX, SENT_IN_UPDATE, SENT_IN_PRACK}, ">2XX+SDP", always, None, UNANSWERED, "3264 4"),
        Refuse({SENT_IN_1XX, SENT_IN_UPDATE, SENT_IN_PRACK}, ">1XX+SDP", always, None, UNANSWERED, "3264 4"),
        Refuse({SENT_IN_1XX, SENT_IN_UPDATE, SENT_IN_PRACK}, ">REL+SDP", always, None, UNANSWERED, "3264 4"),
        Refuse({GOT_IN_PRACK, GOT_IN_UPDATE}, ">2XX",     always, None, TO_ANSWER,                 "3264 4"),
        Refuse({GOT_IN_PRACK, GOT_IN_UPDATE}, ">2XX+SDP", always, None, TO_ANSWER,                 "3264 4"),
        Refuse({GOT_IN_PRACK, GOT_IN_UPDATE}, ">1XX+SDP", always, None, TO_ANSWER,                 "3264 4"),
        Refuse({GOT_IN_PRACK, GOT_IN_UPDATE}, ">REL+SDP", always, None, TO_ANSWER,                 "3264 4"),
        Refuse(STABLE, ">1XX+SDP", differs_from_ours,  None, "the INVITE's exchange is complete; offer anew with UPDATE", "3261 13.2.1"),
        Refuse(STABLE, ">REL+SDP", differs_from_ours,  None, "the INVITE's exchange is complete; offer anew with UPDATE", "3261 13.2.1"),
        Refuse(STABLE, ">2XX+SDP", differs_from_ours,  None, "the INVITE's exchange is complete; offer anew with UPDATE", "3261 13.2.1"),
        Row(IN_THEIR_INVITE, ">REFUSAL",   was_up,     STABLE,         (roll_back,),      "3261 14.2"),
        Row(IN_THEIR_INVITE, ">REFUSAL",   always,     CLOSED,         (),                "3261 13.3.1.3"),
        Row(STABLE,         ">REFUSAL",    has_changed, STABLE,        (undo, roll_back), "6337 3.4"),
        Row(IN_UPDATE | {GOT_IN_PRACK}, ">REFUSAL", has_changed, None, (undo,),           "6337 3.4"),
        # ---------------- PRACK
        Row(GOT_IN_1XX,     ">PRACK+SDP",  always,     STABLE,         (give_answer,),    "6337 2.2"),
        Refuse(GOT_IN_1XX,  ">PRACK",      always,     None, "the PRACK must carry the answer to the response's offer", "3262 5"),
        # "a Provisional Response ACKnowledgement (PRACK) request can contain an offer only if the reliable response that
        # it acknowledges contains an answer to the previous offer/answer exchange."
        Refuse(STABLE,      ">PRACK+SDP",  bears_no_answer, None, "the response that it acknowledges bears no answer", "6337 2.2"),
        Row(STABLE,         ">PRACK+SDP",  always,     SENT_IN_PRACK,  (keep_own,),       "3262 5"),
        Refuse(OURS,        ">PRACK+SDP",  always,     None, UNANSWERED,                  "3264 4"),
        Refuse(THEIRS - {GOT_IN_1XX}, ">PRACK+SDP", always, None, TO_ANSWER,              "3264 4"),
        Refuse({TO_BE_OFFERED, TO_OFFER}, ">PRACK+SDP", always, None, NOT_YET,            "3262 5"),
        Row(SENT_IN_PRACK,  "<PRACK 2XX+SDP", always,  STABLE,         (take_answer,),    "3262 5"),
        Row(SENT_IN_PRACK,  "<PRACK 2XX",  always,     STABLE,         (roll_back,),      "3262 5"),
        Row(SENT_IN_PRACK,  "<PRACK REFUSAL", always,  STABLE,         (roll_back,),      "3262 5"),
        Row(OPEN,           "<PRACK+SDP",  is_late,    None,           (),                "3262 3"),
        Row(SENT_IN_1XX,    "<PRACK",      is_late,    SENT_IN_1XX,    (),                "3262 3"),
        Row(SENT_IN_1XX,    "<PRACK+SDP",  always,     STABLE,         (take_answer,),    "6337 2.2"),
        # Decided: "it MUST generate an answer in the PRACK", which it has not. The PRACK matches, so it gets a 2xx
        # (RFC 3262 3); the exchange can never be completed, and that ends the INVITE.
        Row(SENT_IN_1XX,    "<PRACK",      always,     STABLE,         (roll_back, cause_no_answer,), "3262 5"),
        Row(STABLE,         "<PRACK+SDP",  always,     GOT_IN_PRACK,   (take_offer,),     "3262 5"),
        # Decided: a matching PRACK "MUST be responded to with a 2xx response" (RFC 3262 3), but with an offer where none
        # may be, no 2xx could answer it. It is refused as an UPDATE would be, and the response stays unacknowledged.
        Refuse(OURS - {SENT_IN_1XX}, "<PRACK+SDP", always, 491, UNANSWERED,               "6337 2.3"),
        Refuse(THEIRS,      "<PRACK+SDP",  always,     500, "your offer is unanswered",   "6337 2.3"),
        Row(GOT_IN_PRACK,   ">PRACK 2XX+SDP", always,  STABLE,         (give_answer,),    "3262 5"),
        # Nobody has answered it in time: for its sender it has failed.
        Row(GOT_IN_PRACK,   ">PRACK REFUSAL", always,  STABLE,         (roll_back,),      "4320 4.2"),
        # ---------------- UPDATE
        Refuse(STABLE, ">UPDATE+SDP", ours_is_unacknowledged, None, "the response that bears our description has not had its PRACK", "3311 5.1"),
        Row(STABLE,         ">UPDATE+SDP", always,     SENT_IN_UPDATE, (keep_own,),       "3311 5.1"),
        Refuse(OURS,        ">UPDATE+SDP", always,     None, UNANSWERED,                  "3311 5.1"),
        Refuse(THEIRS,      ">UPDATE+SDP", always,     None, TO_ANSWER,                   "3311 5.1"),
        Refuse({INITIAL} | PROMISED, ">UPDATE+SDP", always, None, NOT_YET,        "3311 5.1"),
        Row(SENT_IN_UPDATE, "<UPDATE 2XX+SDP", always, STABLE,         (take_answer,),    "3311 5.2"),
        Row(SENT_IN_UPDATE, "<UPDATE 2XX", always,     STABLE,         (roll_back,),      "3311 5.2"),
        Row(SENT_IN_UPDATE, "<UPDATE REFUSAL", always, STABLE,         (roll_back,),      "3311 5.3"),
        # "If an UPDATE is received that contains an offer, and the UAS has generated an offer (in an UPDATE, PRACK or
        # INVITE) to which it has not yet received an answer, the UAS MUST reject the UPDATE with a 491 response."
        # An offer in a response is not in that list: there "an INVITE client transaction is incomplete" decides for 491,
        # and "an INVITE server transaction is incomplete" for 500 (RFC 6337 4.3).
        Refuse(AT_OURS | {SENT_IN_UPDATE},  "<UPDATE+SDP", always, 491, "the exchange before it is not complete", "6337 4.3"),
        Refuse(AT_THEIRS | {GOT_IN_UPDATE}, "<UPDATE+SDP", always, 500, "the exchange before it is not complete", "6337 4.3"),
        # "The same result will be reached if F6 is an UPDATE with offer."
        Refuse(SENT_IN_2XX, "<UPDATE+SDP", always,     491, UNANSWERED,                   "5407 3.1.5"),
        Refuse(TO_BE_OFFERED, "<UPDATE+SDP", always,   491, "the INVITE's exchange is not complete", "6337 4.3"),
        Refuse({TO_OFFER, INITIAL}, "<UPDATE+SDP", always, 500, NOT_YET,                  "6337 4.3"),
        Row(STABLE,         "<UPDATE+SDP", always,     GOT_IN_UPDATE,  (take_offer,),     "3311 5.2"),
        Row(GOT_IN_UPDATE,  ">UPDATE 2XX+SDP", always, STABLE,         (give_answer,),    "3311 5.2"),
        Row(GOT_IN_UPDATE,  ">UPDATE REFUSAL", always, STABLE,         (roll_back,),      "3311 5.2"),
        # ---------------- no such offer
        Refuse((OPEN | {INITIAL, CLOSED}) - {GOT_IN_2XX}, ">ACK+SDP", always, None, NOTHING, "3264 4"),
        Row(OPEN | {INITIAL}, "OVER",      always,     CLOSED,         (),                "3261 15"),
    ),
    ignored=(
        Ignore({INITIAL, CLOSED}, FROM_THEM | {"<REFUSAL"}, "no INVITE of ours is under way"),
        Ignore(CLOSED, {">INVITE", ">INVITE+SDP", "<INVITE", "<INVITE+SDP"}, "the session refuses it: it is over"),
        Ignore(PROMISED, {"<INVITE", "<INVITE+SDP"}, "turn-taking refuses it: an INVITE is under way"),
        Ignore(TO_BE_OFFERED, "<1XX+SDP", "an offer counts only in a reliable message, 3261 13.2.1"),
        Ignore(PREVIEWED, "<1XX+SDP", "the first description counted, 3261 13.2.1"),
        Ignore(OPEN - {TO_BE_OFFERED, SENT_IN_INVITE, PREVIEWED}, FROM_THEM, "the first description counted, 3261 13.2.1"),
        Ignore(OPEN - IN_OUR_INVITE, "<REFUSAL", "the exchange that the INVITE began is complete"),
        Ignore(OPEN - IN_THEIR_INVITE, ">REFUSAL", "the exchange that the INVITE began is complete"),
        Ignore({INITIAL, CLOSED}, {">REFUSAL", ">1XX+SDP", ">REL", ">REL+SDP", ">2XX", ">2XX+SDP"}, "the INVITE's life refuses it, or it is over"),
        Ignore(OPEN - {TO_OFFER}, ">REL", "it bears no description, and need not"),
        Ignore(STABLE, {">1XX+SDP", ">REL+SDP", ">2XX+SDP", ">2XX"}, "the same description again, or none"),
        Ignore({SENT_IN_2XX, SENT_IN_UPDATE, SENT_IN_PRACK}, ">2XX", "it bears no description, and need not"),
        Ignore({SENT_IN_2XX, SENT_IN_INVITE, PREVIEWED, TO_BE_OFFERED, GOT_IN_1XX, GOT_IN_2XX},
               {">1XX+SDP", ">REL+SDP", ">2XX+SDP"}, "no INVITE of the peer is unanswered"),
        Ignore({SENT_IN_INVITE, PREVIEWED, TO_BE_OFFERED, GOT_IN_1XX, GOT_IN_2XX}, ">2XX", "no INVITE of the peer is unanswered"),
        Ignore((OPEN | {INITIAL, CLOSED}) - {SENT_IN_2XX}, {"<ACK", "<ACK+SDP"}, "no 2xx of ours bore an offer"),
        Ignore((OPEN | {INITIAL, CLOSED}) - {GOT_IN_1XX}, ">PRACK", "it need not bear a description"),
        Ignore({INITIAL, CLOSED}, {">PRACK+SDP", "<PRACK+SDP"}, "the dialog is not there, or is over"),
        Ignore(PROMISED, "<PRACK+SDP", "it matches no response: the first reliable one bears the offer"),
        Ignore((OPEN | {INITIAL, CLOSED}) - {SENT_IN_PRACK}, {"<PRACK 2XX", "<PRACK 2XX+SDP", "<PRACK REFUSAL"}, "the PRACK bore no offer"),
        Ignore((OPEN | {INITIAL, CLOSED}) - {SENT_IN_1XX}, "<PRACK", "it owes no answer"),
        Ignore((OPEN | {INITIAL, CLOSED}) - {GOT_IN_PRACK}, {">PRACK 2XX+SDP", ">PRACK REFUSAL"}, "the PRACK bore no offer"),
        Ignore((OPEN | {INITIAL, CLOSED}) - {SENT_IN_UPDATE}, {"<UPDATE 2XX", "<UPDATE 2XX+SDP", "<UPDATE REFUSAL"}, "the UPDATE bore no offer"),
        Ignore(CLOSED, {"<UPDATE+SDP", ">UPDATE+SDP"}, "the session refuses it: it is over"),
        Ignore((OPEN | {INITIAL, CLOSED}) - {GOT_IN_UPDATE}, {">UPDATE 2XX+SDP", ">UPDATE REFUSAL"}, "the UPDATE bore no offer"),
        Ignore(CLOSED, "OVER", "the session is over"),
    ),
)
# fmt: on
