"""The ACK for the 2xx responses to an INVITE of ours, in one dialog.

RFC 3261 13.2.2.4, and for a re-INVITE 14.1. Every 2xx must be acknowledged, wanted or not; the ACK waits only where it
must bear the answer to an offer in the 2xx.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define

from sipsm.machine import Ignore, Machine, Refuse, Row, Step, Table, always, only_where
from sipsm.message import Request, Response
from sipsm.sdp import has_sdp, offer_answer, refuse_all, sdp_of
from sipsm.usage.outputs import Acknowledge, AcknowledgeAgain, HangUp

NONE: Final = "None"
OWED: Final = "Owed"
SENT: Final = "Sent"
REPEATED: Final = "Repeated"
LOST: Final = "Lost"

PLAIN: Final = Acknowledge()
"""The ACK that bears nothing."""


@define(eq=False)
class Acknowledging(Machine):
    """The ACK of one INVITE in one dialog."""

    table: ClassVar[Table]
    offer: bytes = b""
    """The offer in a 2xx that has not been acknowledged yet."""


@only_where(offer_answer={offer_answer.TO_BE_OFFERED, offer_answer.CLOSED})
def offers(_: Acknowledging, response: Response, at: Any) -> bool:
    """The 2xx carries the offer: its ACK must wait for our answer."""
    # Also when the session has ended before: "If the 2xx contains an offer (based on the rules above), the ACK MUST carry
    # an answer in its body."
    ended = at.offer_answer.state == offer_answer.CLOSED and not has_sdp(at.request)
    return (ended or at.offer_answer.state == offer_answer.TO_BE_OFFERED) and has_sdp(response)


@only_where(offer_answer={offer_answer.TO_BE_OFFERED, offer_answer.CLOSED})
def offers_in_vain(ack: Acknowledging, response: Response, at: Any) -> bool:
    """The same, and the session is not wanted: cancelled, answered by another branch, or ending."""
    return offers(ack, response, at) and not (at.invite.wants_answers and at.session.goes_on)


def keep_offer(ack: Acknowledging, response: Response, _step: Step) -> None:
    """The answer to it belongs into the ACK."""
    ack.offer = sdp_of(response)


def send_ack(_: Acknowledging, x: Response | Acknowledge, step: Step) -> None:
    """Acknowledge the 2xx; with the answer, when that was waited for."""
    step.emit(x if isinstance(x, Acknowledge) else PLAIN)


def send_ack_again(_: Acknowledging, _response: Response, step: Step) -> None:
    """The 2xx came again: so goes the ACK."""
    # "The ACK MUST be passed to the client transport every time a retransmission of the 2xx final response that
    # triggered the ACK arrives." (RFC 3261 13.2.2.4)
    step.emit(AcknowledgeAgain())


def send_refusing_ack(ack: Acknowledging, x: Response | HangUp | Request | None, step: Step) -> None:
    """Acknowledge a 2xx of no use whose offer must be answered: every stream is refused."""
    # "If the offer in the 2xx response is not acceptable, the UAC core MUST generate a valid answer in the ACK and then
    # send a BYE immediately." (RFC 3261 13.2.2.4)
    step.emit(Acknowledge(refuse_all(sdp_of(x) if isinstance(x, Response) else ack.offer)))


# fmt: off
Acknowledging.table = Table(
    "ACK of the UAC",
    rfc="3261 13.2.2.4",
    initial=NONE,
    rows=(
        #   state input      guard           next  actions               RFC
        Row(NONE, "2XX",     offers_in_vain, SENT, (send_refusing_ack,), "3261 13.2.2.4"),
        Row(NONE, "2XX",     offers,         OWED, (keep_offer,),        "3261 13.2.2.4"),
        Row(NONE, "2XX",     always,         SENT, (send_ack,),          "3261 13.2.2.4"),
        Row(OWED, "ANSWER",  always,         SENT, (send_ack,),          "3261 13.2.2.4"),
        Row(OWED, "END",     always,         SENT, (send_refusing_ack,), "3261 13.2.2.4"),
        Row({SENT, REPEATED}, "2XX", always, REPEATED, (send_ack_again,), "3261 13.2.2.4"),
        Row(LOST, "2XX",     always,         SENT, (send_ack_again,),    "3261 13.2.2.4"),
        # "the transport layer SHOULD inform the transport user of a failure in sending."
        Row(SENT, "LOST",    always,         LOST, (),                   "3261 18.4"),
        Refuse({NONE, SENT, REPEATED, LOST}, "ANSWER", always, None, "no offer of the peer waits for an answer in an ACK", "3264 4"),
    ),
    ignored=(
        Ignore(OWED, "2XX", "the ACK waits for the answer to the 2xx's offer"),
        Ignore({NONE, SENT, REPEATED, LOST}, "END", "no ACK is owed"),
        Ignore({NONE, OWED}, "LOST", "no ACK has been sent"),
        Ignore(REPEATED, "LOST", "another one may have got there"),
        Ignore(LOST, "LOST", "none has been sent since"),
    ),
)
# fmt: on
