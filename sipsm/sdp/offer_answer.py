"""The offer/answer exchange of one dialog: who has offered, in which message, and who owes an answer.

RFC 3264 4 and 5 as carried by INVITE, its responses and ACK (RFC 3261 13.2.1, 13.3.1, RFC 6337 2.1). One table for
each side, since the carriers differ; the carrier stands in the state's name. What a description says is no matter
here, only that there is one.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define

from sipsm.machine import Ignore, Machine, Refuse, Row, Step, Table, always
from sipsm.message import Request, Response

NO_OFFER: Final = "NoOffer"
SENT_IN_INVITE: Final = "SentInInvite"
GOT_IN_INVITE: Final = "GotInInvite"
SHOWN_IN_1XX: Final = "ShownIn1xx"
SENT_IN_2XX: Final = "SentIn2xx"
GOT_IN_2XX: Final = "GotIn2xx"
STABLE: Final = "Stable"
CLOSED: Final = "Closed"

INITIAL: Final = "Initial"


def has_sdp(message: Request | Response) -> bool:
    """Whether a message carries a session description."""
    return bool(message.body) and message.content_type == "application/sdp"


@define(eq=False)
class OfferAnswerUac(Machine):
    """The exchange as the caller sees it."""

    table: ClassVar[Table]

    local: bytes = b""
    """Our description: the offer or the answer that was sent."""
    remote: bytes = b""
    """The peer's."""


@define(eq=False)
class OfferAnswerUas(Machine):
    """The exchange as the callee sees it."""

    table: ClassVar[Table]

    local: bytes = b""
    remote: bytes = b""


@define
class SdpArrived:
    """What the exchange tells: the peer's description has come, as an offer or as an answer."""

    is_offer: bool
    sdp: bytes
    message: Request | Response


def take_answer(oa: OfferAnswerUac | OfferAnswerUas, message: Request | Response, step: Step) -> None:
    """The peer has answered."""
    oa.remote = message.body
    step.emit(SdpArrived(False, message.body, message))


def take_offer(oa: OfferAnswerUac | OfferAnswerUas, message: Request | Response, step: Step) -> None:
    """The peer has offered."""
    oa.remote = message.body
    step.emit(SdpArrived(True, message.body, message))


def keep_offer(oa: OfferAnswerUas, invite: Request, _step: Step) -> None:
    """The INVITE's offer came with the INVITE, which the application is shown anyway."""
    oa.remote = invite.body


def keep_own(oa: OfferAnswerUac | OfferAnswerUas, carrier: Any, _step: Step) -> None:
    """Our description goes out in this message."""
    oa.local = carrier.body


def cause_no_answer(_: OfferAnswerUas, _ack: Request, step: Step) -> None:
    """Our offer in the 2xx will never be answered: the session cannot be."""
    step.cause("NO ANSWER")


def not_wanted(_: OfferAnswerUac, _response: Any, at: Any) -> bool:
    """The INVITE has been cancelled, or another branch has answered: this dialog will have no session."""
    return not at.invite.wants_answers


def differs_from_shown(oa: OfferAnswerUas, carrier: Any, _at: Any) -> bool:
    """It is not the description that a provisional response has shown already."""
    return bool(carrier.body != oa.local)


ALL_UAC = frozenset({NO_OFFER, SENT_IN_INVITE, GOT_IN_2XX, STABLE})
ALL_UAS = frozenset({NO_OFFER, GOT_IN_INVITE, SHOWN_IN_1XX, SENT_IN_2XX, STABLE})

# fmt: off
OfferAnswerUac.table = Table(
    "offer/answer of the UAC",
    rfc="3264",
    initial=INITIAL,
    rows=(
        #   state           input         guard       next            actions         RFC
        Row(INITIAL,        "INVITE",     always,     NO_OFFER,       (),             "6337 2.1"),
        Row(INITIAL,        "INVITE+SDP", always,     SENT_IN_INVITE, (keep_own,),    "6337 2.1"),
        # "The UAC MUST treat the first session description it receives as the answer, and MUST ignore any session
        # descriptions in subsequent responses to the initial INVITE."
        Row(SENT_IN_INVITE, "1XX+SDP",    not_wanted, STABLE,         (),             "3261 9.1"),
        Row(SENT_IN_INVITE, "1XX+SDP",    always,     STABLE,         (take_answer,), "3261 13.2.1"),
        Row(SENT_IN_INVITE, "2XX+SDP",    not_wanted, STABLE,         (),             "3261 13.2.2.4"),
        Row(SENT_IN_INVITE, "2XX+SDP",    always,     STABLE,         (take_answer,), "6337 2.1"),
        # Deviation: RFC 3261 13.3.1.4 has an answer in every such 2xx. A peer without media sends none; the call is
        # up all the same, and the application sees that no answer came.
        Row(SENT_IN_INVITE, "2XX",        always,     STABLE,         (),             "3261 13.2.2.4"),
        Row(NO_OFFER,       "2XX+SDP",    not_wanted, STABLE,         (),             "3261 13.2.2.4"),
        Row(NO_OFFER,       "2XX+SDP",    always,     GOT_IN_2XX,     (take_offer,),  "6337 2.1"),
        # Deviation: RFC 3261 13.3.1.4 has an offer in every 2xx to an INVITE without one. A peer without media
        # sends none; the call is up without a session.
        Row(NO_OFFER,       "2XX",        always,     STABLE,         (),             "3261 13.2.2.4"),
        Row(GOT_IN_2XX,     "ACK+SDP",    always,     STABLE,         (keep_own,),    "6337 2.1"),
        Refuse({NO_OFFER, SENT_IN_INVITE, STABLE, CLOSED, INITIAL}, "ACK+SDP", always, None,
               "no offer of the peer waits for an answer", "3264 4"),
        Refuse({NO_OFFER, SENT_IN_INVITE, STABLE, CLOSED, INITIAL}, "ACK", always, None,
               "no offer of the peer waits for an answer", "3264 4"),
        Refuse(GOT_IN_2XX,  "ACK",        always, None, "the ACK must carry the answer to the 2xx's offer", "3261 13.2.2.4"),
        Row(ALL_UAC,        "OVER",       always,     CLOSED,         (),             "3261 15"),
        Row(INITIAL,        "OVER",       always,     CLOSED,         (),             "3261 15"),
    ),
    ignored=(
        Ignore({NO_OFFER, SENT_IN_INVITE, GOT_IN_2XX, STABLE, CLOSED}, {"INVITE", "INVITE+SDP"}, "sent only once"),
        Ignore(INITIAL, {"1XX+SDP", "2XX", "2XX+SDP"}, "nothing has been sent that could be answered"),
        Ignore(NO_OFFER, "1XX+SDP", "an offer counts only in a reliable message, 3261 13.2.1"),
        Ignore({GOT_IN_2XX, STABLE}, {"1XX+SDP", "2XX", "2XX+SDP"}, "the first description counted, 3261 13.2.1"),
        Ignore(CLOSED, {"1XX+SDP", "2XX", "2XX+SDP", "OVER"}, "the session is over"),
    ),
)

OfferAnswerUas.table = Table(
    "offer/answer of the UAS",
    rfc="3264",
    initial=INITIAL,
    rows=(
        #   state          input         guard   next           actions             RFC
        Row(INITIAL,       "INVITE",     always, NO_OFFER,      (),                 "6337 2.1"),
        Row(INITIAL,       "INVITE+SDP", always, GOT_IN_INVITE, (keep_offer,),      "6337 2.1"),
        # "That same exact answer MAY also be placed in any provisional responses sent prior to the answer."
        Row(GOT_IN_INVITE, "1XX+SDP",    always, SHOWN_IN_1XX,  (keep_own,),        "3261 13.2.1"),
        Row(GOT_IN_INVITE, "2XX+SDP",    always, STABLE,        (keep_own,),        "6337 2.1"),
        Refuse({GOT_IN_INVITE, SHOWN_IN_1XX}, "2XX", always, None, "the 2xx must carry the answer to the INVITE's offer",
                                                                                                  "3261 13.3.1.4"),
        Refuse(SHOWN_IN_1XX, "1XX+SDP",  differs_from_shown, None, "a provisional response has shown another answer",
                                                                                                  "3261 13.2.1"),
        Row(SHOWN_IN_1XX,  "1XX+SDP",    always, SHOWN_IN_1XX,  (),                 "3261 13.2.1"),
        Refuse(SHOWN_IN_1XX, "2XX+SDP",  differs_from_shown, None, "a provisional response has shown another answer",
                                                                                                  "3261 13.2.1"),
        Row(SHOWN_IN_1XX,  "2XX+SDP",    always, STABLE,        (),                 "6337 2.1"),
        Refuse(NO_OFFER,   "1XX+SDP",    always,             None, "an offer needs a reliable message: put it into the 2xx",
                                                                                                  "3261 13.2.1"),
        Refuse(NO_OFFER,   "2XX",        always,             None, "the INVITE had no offer, so the 2xx must carry one",
                                                                                                  "3261 13.3.1.4"),
        Row(NO_OFFER,      "2XX+SDP",    always, SENT_IN_2XX,   (keep_own,),        "6337 2.1"),
        Row(SENT_IN_2XX,   "ACK+SDP",    always, STABLE,        (take_answer,),     "6337 2.1"),
        Row(SENT_IN_2XX,   "ACK",        always, STABLE,        (cause_no_answer,), "3261 14.2"),
        Row(ALL_UAS,       "OVER",       always, CLOSED,        (),                 "3261 15"),
        Row(INITIAL,       "OVER",       always, CLOSED,        (),                 "3261 15"),
    ),
    ignored=(
        Ignore({*ALL_UAS, CLOSED}, {"INVITE", "INVITE+SDP"}, "comes only once"),
        Ignore(INITIAL, {"1XX+SDP", "2XX", "2XX+SDP", "ACK", "ACK+SDP"}, "no INVITE yet"),
        Ignore({STABLE, SENT_IN_2XX, CLOSED}, {"1XX+SDP", "2XX", "2XX+SDP"}, "the INVITE's life refuses a second answer"),
        Ignore({GOT_IN_INVITE, SHOWN_IN_1XX, NO_OFFER}, {"ACK", "ACK+SDP"}, "an ACK before a 2xx acknowledges nothing"),
        Ignore({STABLE, CLOSED}, {"ACK", "ACK+SDP"}, "the exchange is complete"),
        Ignore(CLOSED, "OVER", "the session is over"),
    ),
)
# fmt: on
