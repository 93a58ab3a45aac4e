"""Reliable provisional responses at the UAC: which one is the next in order, and its PRACK.

RFC 3262 4. One for each INVITE in each dialog, since each branch of a fork counts by itself.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define

from sipsm.machine import Ignore, Machine, Refuse, Row, Step, Table, always
from sipsm.message import Response
from sipsm.message.headers import RSEQ
from sipsm.sdp import has_sdp, offer_answer, refuse_all, sdp_of
from sipsm.usage import acknowledging
from sipsm.usage.outputs import Prack

RECEIVING: Final = "Receiving"
OWED: Final = "Owed"


@define(eq=False)
class ReliableReceiver(Machine):
    """The reliable provisional responses to one INVITE, in one dialog."""

    table: ClassVar[Table]
    rseq: int | None = None
    """Of the last one that came in order."""
    waiting: Response | None = None
    """The one whose PRACK waits for the application."""

    @property
    def bears_sdp(self) -> bool:
        """Whether a description of ours waits for its PRACK: never, at this side."""
        return False


def out_of_order(receiver: ReliableReceiver, response: Response, _at: Any) -> bool:
    """It has come already, or one before it has not."""
    # "its RSeq value is not one higher than the value of the sequence number" (RFC 3262 4)
    return receiver.rseq is not None and response[RSEQ] != receiver.rseq + 1


def has_its_final_response(_: ReliableReceiver, _response: Response, at: Any) -> bool:
    """The INVITE has been answered in this dialog, has failed, or goes on without it."""
    return bool(at.ack.state != acknowledging.NONE or at.invite.state == "Terminated" or not at.session.goes_on)


def offers(_: ReliableReceiver, response: Response, at: Any) -> bool:
    """It carries the offer: its PRACK must wait for our answer."""
    return bool(at.offer_answer.state == offer_answer.TO_BE_OFFERED) and has_sdp(response)


def offers_in_vain(receiver: ReliableReceiver, response: Response, at: Any) -> bool:
    """The same, and the session is not wanted any more."""
    return offers(receiver, response, at) and not (at.invite.wants_answers and at.session.goes_on)


def waits(receiver: ReliableReceiver, response: Response, at: Any) -> bool:
    """The application has to say what goes into the PRACK."""
    return at.leg.call.terms.prack_by_hand or offers(receiver, response, at)


def note_rseq(receiver: ReliableReceiver, response: Response, _step: Step) -> None:
    """The next one must have the next number."""
    # "Its value MUST be initialized to the RSeq header field in the first reliable provisional response received for
    # the initial request." (RFC 3262 4)
    receiver.rseq = response[RSEQ]


def keep_response(receiver: ReliableReceiver, response: Response, _step: Step) -> None:
    """It is acknowledged when the application has spoken."""
    receiver.waiting = response


def send_prack(_: ReliableReceiver, response: Response, step: Step) -> None:
    """Acknowledge it."""
    step.emit(Prack(response))


def send_refusing_prack(_: ReliableReceiver, response: Response, step: Step) -> None:
    """Acknowledge it; its offer must be answered all the same, so every stream is refused."""
    step.emit(Prack(response, refuse_all(sdp_of(response))))


def send_kept_prack(receiver: ReliableReceiver, x: Prack, step: Step) -> None:
    """Acknowledge the one that waited, with what the application says."""
    step.emit(Prack(receiver.waiting, x.body, x.content_type, x.headers))
    receiver.waiting = None


def forget(receiver: ReliableReceiver, _x: Any, _step: Step) -> None:
    """It need not be acknowledged any more."""
    receiver.waiting = None


# fmt: off
ReliableReceiver.table = Table(
    "reliable provisional responses at the UAC",
    rfc="3262 4",
    initial=RECEIVING,
    rows=(
        # "The UAC MAY acknowledge reliable provisional responses received after the final response or MAY discard them."
        Refuse(RECEIVING, "REL", has_its_final_response, None, "the INVITE has its final response", "3262 4"),
        # "that response MUST NOT be acknowledged with a PRACK, and MUST NOT be processed further by the UAC."
        Refuse({RECEIVING, OWED}, "REL", out_of_order, None, "it has come already, or one before it has not", "3262 4"),
        #   state      input    guard           next       actions                           RFC
        Row(RECEIVING, "REL",   offers_in_vain, RECEIVING, (note_rseq, send_refusing_prack), "3262 5"),
        Row(RECEIVING, "REL",   waits,          OWED,      (note_rseq, keep_response),       "3262 5"),
        Row(RECEIVING, "REL",   always,         RECEIVING, (note_rseq, send_prack),          "3262 4"),
        Refuse(OWED,   "REL",   always, None, "the PRACK for the one before it waits for the application", "3262 4"),
        Row(OWED,      "PRACK", always,         RECEIVING, (send_kept_prack,),               "3262 5"),
        Refuse(RECEIVING, "PRACK", always, None, "no reliable provisional response waits for its PRACK", "3262 4"),
        Row(OWED,      "FINAL", always,         RECEIVING, (forget,),                        "3262 4"),
    ),
    ignored=(
        Ignore(RECEIVING, "FINAL", "no response waits for its PRACK"),
    ),
)
# fmt: on
