"""A NUL in quotes of what strangers write: escaped, it is a character as any other (RFC 3261 25.1)."""

from __future__ import annotations

from typing import Any

import pytest

from sipsm import (
    Endpoint,
    Flow,
    IncomingCall,
    Profile,
    Registering,
    RegistrationRequested,
    Send,
    restore,
    save,
)
from sipsm import ReferReceived as Referred
from sipsm import SubscriptionRequested as Asked
from tests.endpoint.by_hand import SDP

HERE = Flow("UDP", ("192.0.2.1", 5060), ("192.0.2.2", 5060))
ESCAPED = '"x\\\0y"'
WITH = {
    "INVITE": [f"Record-Route: {ESCAPED} <sip:p@192.0.2.2;lr>;x={ESCAPED}"],
    "SUBSCRIBE": ["Event: presence"],
    "REFER": [f"Refer-To: {ESCAPED} <sip:c@192.0.2.3>", f"Referred-By: {ESCAPED} <sip:c@192.0.2.3>"],
    "REGISTER": [],
    "MESSAGE": [],
    "OPTIONS": [f"Accept: application/sdp;x={ESCAPED}"],
}


def endpoint() -> Endpoint:
    """One that takes all of these."""
    profile = Profile(registers=["192.0.2.1"], event_packages=["presence"], takes_referrals=True)
    return Endpoint("udp:192.0.2.1:5060", profile=profile)


def written(method: str, odd: str, *more: str, tag: str = "", number: int = 1) -> bytes:
    """A request that has this wherever quotes may stand."""
    lines = [
        f"{method} sip:b@192.0.2.1 SIP/2.0",
        f"Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK{method}{number};x={odd}",
        "Max-Forwards: 70",
        f"From: {odd} <sip:a@192.0.2.2>;x={odd};tag=a",
        f"To: {odd} <sip:b@192.0.2.1>;x={odd}{tag}",
        "Call-ID: c",
        f"CSeq: {number} {method}",
        f"Contact: {odd} <sip:a@192.0.2.2>;x={odd}",
        *more,
        "Content-Length: 0",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def follow(event: Any) -> list[Any]:
    """Do what makes further messages of it."""
    match event:
        case Asked(subscription):
            told = subscription.accept(now=1.0)
            return [*told, *subscription.notify(b"x", content_type="application/pidf+xml", now=1.0)]
        case Referred(referral):
            return referral.accept(now=1.0)
        case IncomingCall(call):
            return [*call.ring(now=1.0), *call.answer(SDP, now=1.0)]
    return []


@pytest.mark.rfc("3261 25.1")
@pytest.mark.parametrize("method", WITH)
def test_an_escaped_one_is_written_again(method: str) -> None:
    """Such a request is answered, requests of ours follow in its dialog, and a registrar tells its Contact."""
    ours = endpoint()
    outputs: list[Any] = ours.receive(written(method, ESCAPED, *WITH[method]), HERE, 1.0)
    for output in [*outputs]:
        outputs += follow(output)
    sent = [output.data for output in outputs if isinstance(output, Send)]
    assert sent, "it is answered"
    assert all(data.startswith((b"SIP/2.0 1", b"SIP/2.0 2", b"NOTIFY ")) for data in sent)
    assert all(ESCAPED.encode() in data for data in sent)


@pytest.mark.rfc("3261 25.1", "3261 15.1.1")
def test_an_escaped_one_in_a_dialog() -> None:
    """The BYE to such a caller has what he has written."""
    ours = endpoint()
    (incoming,) = ours.receive(written("INVITE", ESCAPED, *WITH["INVITE"]), HERE, 1.0)
    assert isinstance(incoming, IncomingCall)
    (answer,) = incoming.call.answer(SDP, now=1.0)
    assert isinstance(answer, Send)
    tag = ";tag=" + answer.data.partition(b"\r\nTo: ")[2].partition(b";tag=")[2].partition(b"\r\n")[0].decode()
    # Without the answer to our offer the call is over.
    (bye, *_) = ours.receive(written("ACK", ESCAPED, tag=tag), HERE, 1.1)
    assert isinstance(bye, Send)
    assert bye.data.startswith(b"BYE ")
    assert ESCAPED.encode() in bye.data


@pytest.mark.rfc("3261 10.3", "3261 25.1")
@pytest.mark.parametrize("by_hand", [False, True])
def test_an_escaped_one_in_a_binding(by_hand: bool) -> None:
    """Who asks for the bindings is told such a Contact as it was registered, after a snapshot as well."""
    profile = Profile(registers=Registering(["192.0.2.1"], by_hand=by_hand))
    ours = Endpoint("udp:192.0.2.1:5060", profile=profile)
    bound = decided(ours.receive(written("REGISTER", ESCAPED), HERE, 1.0), 1.0)
    ours = restore(save(ours))
    (binding,) = ours.bindings("sip:b@192.0.2.1")
    assert (binding.contact.display_name, binding.contact.params["x"]) == ("x\0y", "x\0y")
    query = b"\r\n".join(
        line for line in written("REGISTER", '"q"', number=2).split(b"\r\n") if not line.startswith(b"Contact")
    )
    told = decided(ours.receive(query, HERE, 2.0), 2.0)
    contact = f"\r\nContact: {ESCAPED} <sip:a@192.0.2.2>;x={ESCAPED};expires="
    assert [(contact + left).encode() in data for data, left in ((bound, "3600\r\n"), (told, "3599\r\n"))] == [True] * 2


def decided(outputs: list[Any], now: float) -> bytes:
    """The answer to a REGISTER, which the application has accepted where it is asked."""
    for event in [*outputs]:
        if isinstance(event, RegistrationRequested):
            outputs += event.asked.accept(now=now)
    return next(output.data for output in outputs if isinstance(output, Send))
