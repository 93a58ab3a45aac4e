"""REFER written by hand, and what is made of the NOTIFY requests that follow."""

from __future__ import annotations

from typing import Any

from sipsm import PeerReferral, Profile, ReferReceived, Request
from sipsm.message.bodies.sipfrag import SipFrag
from sipsm.message.headers import SUBSCRIPTION_STATE
from tests.endpoint.by_hand import SDP, Bench

CONTACT = "Contact: <sip:alice@192.0.2.2:5060>"
TO_CAROL = "Refer-To: <sip:carol@192.0.2.2:5060>"


def bench(**profile: Any) -> Bench:
    """An endpoint that takes REFER."""
    return Bench(profile=Profile(takes_referrals=True, **profile))


def refer(on: Bench, *headers: str, **parts: Any) -> PeerReferral:
    """The peer refers us outside a dialog; what the application then holds."""
    on.receive(on.request("REFER", headers=[CONTACT, *(headers or (TO_CAROL,))], **parts))
    (event,) = on.told(ReferReceived)[-1:]
    referral: PeerReferral = event.referral
    return referral


def notified(on: Bench) -> list[Request]:
    """The NOTIFY requests sent so far."""
    return [message for message in on.sent if isinstance(message, Request) and message.method == "NOTIFY"]


def different(on: Bench) -> set[int]:
    """The numbers of the NOTIFY requests sent so far, of which some may have been sent again."""
    return {message.cseq.number for message in notified(on)}


def told(on: Bench) -> list[tuple[str, str]]:
    """Of each NOTIFY, the status line that it tells, and how the subscription stands."""
    return [
        ((SipFrag.parse(each.body).start_line or "")[8:], str(each[SUBSCRIPTION_STATE]).partition(";expires")[0])
        for each in notified(on)
    ]


def answer(on: Bench, request: Request, status: int = 200, *headers: str, body: bytes = b"", tag: str = "") -> None:
    """The peer answers a request of ours."""
    first = [f"Via: {request.lines_of('Via')[0]}", f"From: {request.from_text}"]
    to = request.to_text if not tag else f"{request.to_text};tag={tag}"
    middle = [f"To: {to}", f"Call-ID: {request.call_id}", f"CSeq: {request.cseq}", *headers]
    kind = ["Content-Type: application/sdp"] if body else []
    parts = [f"SIP/2.0 {status} X", *first, *middle, *kind, f"Content-Length: {len(body)}", "", ""]
    on.receive("\r\n".join(parts).encode() + body)


def up(on: Bench) -> Any:
    """A call of the peer that has been answered."""
    call = on.incoming(call_id="call@192.0.2.2")
    on.take(call.answer(SDP, now=on.now))
    on.receive(on.in_dialog("ACK", 1, call))
    return call


def refer_in(on: Bench, call: Any, cseq: int, *headers: str) -> PeerReferral:
    """The peer refers us in that call."""
    on.receive(on.in_dialog("REFER", cseq, call, headers=[CONTACT, *(headers or (TO_CAROL,))]))
    referral: PeerReferral = on.told(ReferReceived)[-1].referral
    return referral
