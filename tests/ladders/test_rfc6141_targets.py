"""Where the peer is to be reached: what refreshes the target of a dialog, and what does not (RFC 6141 4)."""

from __future__ import annotations

from typing import Any

import pytest

from sipsm import Call
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.ladders.reliably import ALLOWS, SDP3, SUPPORTED, early_in, early_out, pracks, requests, rings, says_ok

NEW = "<sip:new@192.0.2.7:5070>"
CONTACT = f"Contact: {NEW}"


def target(call: Call) -> str:
    """Where its next request goes."""
    return str(call.here.dialog.remote_target)


def update(bench: Bench, call: Call, cseq: int, body: bytes = b"", contact: str = CONTACT) -> None:
    """The peer's UPDATE that names another Contact."""
    bench.receive(bench.in_dialog("UPDATE", cseq, call, body=body, headers=[contact] if contact else []))


# -------------------------------------------------------------------- the peer's requests


@pytest.mark.rfc("6141 4.6", "3311-04", "3261 12.2.2")
@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("body", [SDP3, b""])
@pytest.mark.parametrize("accepted", [True, False])
def test_an_update(early: bool, body: bytes, accepted: bool) -> None:
    """An UPDATE refreshes the target when it is accepted, early or not; one that is refused does not."""
    bench = Bench()
    call = early_in(bench, answer=SDP2) if early else bench.acked(headers=[ALLOWS])
    update(bench, call, 3, body)
    if body:
        assert target(call) == "sip:alice@192.0.2.2:5060"
        bench.take(call.answer_offer(SDP, now=bench.now) if accepted else call.reject_offer(now=bench.now))
    refreshed = accepted or not body
    assert target(call) == ("sip:new@192.0.2.7:5070" if refreshed else "sip:alice@192.0.2.2:5060")
    bench.take(call.offer(method="UPDATE", now=bench.now))
    assert bench.flows[-1].remote == (("192.0.2.7", 5070) if refreshed else ("192.0.2.2", 5060))


@pytest.mark.rfc("6141 4.6", "3261 12.2.2")
@pytest.mark.parametrize("how", ["2xx", "1xx", "reliable 1xx", "488", "487"])
def test_a_reinvite(how: str) -> None:
    """A re-INVITE refreshes the target with its 2xx or a reliable response, not before and not when refused."""
    bench = Bench()
    call = bench.acked()
    wire = bench.in_dialog("INVITE", 2, call, branch="z9hG4bKre", body=SDP3, headers=[SUPPORTED], contact=NEW)
    bench.receive(wire)
    assert target(call) == "sip:alice@192.0.2.2:5060"
    match how:
        case "2xx":
            bench.take(call.answer_offer(SDP, now=bench.now))
        case "1xx":
            bench.take(call.ring(180, reliable=False, now=bench.now))
        case "reliable 1xx":
            bench.take(call.ring(180, reliable=True, now=bench.now))
            pracks(bench, call, 3)
        case "488":
            bench.take(call.reject_offer(now=bench.now))
        case _:
            bench.receive(bench.in_dialog("CANCEL", 2, call, branch="z9hG4bKre"))
    refreshed = how in {"2xx", "reliable 1xx"}
    assert target(call) == ("sip:new@192.0.2.7:5070" if refreshed else "sip:alice@192.0.2.2:5060")
    if how == "reliable 1xx":
        # "Even if the target request was a re-INVITE and the final response to the re-INVITE was an error response, the
        # UAS would not revert to the pre-re-INVITE remote target." (RFC 6141 4.4)
        bench.take(call.reject(488, now=bench.now))
        assert target(call) == "sip:new@192.0.2.7:5070"


@pytest.mark.rfc("6141 4.6", "3261 14.2")
def test_a_request_that_never_gets_there() -> None:
    """A re-INVITE or UPDATE that is refused before anybody sees it refreshes nothing, nor does a BYE or a PRACK."""
    bench = Bench()
    call = bench.acked(headers=[ALLOWS])
    bench.take(call.offer(SDP3, now=bench.now))
    bench.receive(bench.in_dialog("INVITE", 2, call, body=SDP, contact=NEW))
    assert bench.last_response.status == 491
    update(bench, call, 3, SDP)
    assert bench.last_response.status == 491
    bench.receive(bench.in_dialog("OPTIONS", 4, call, contact=NEW))
    assert target(call) == "sip:alice@192.0.2.2:5060"
    says_ok(bench, "INVITE", body=SDP, contact="<sip:alice@192.0.2.2:5060>")
    assert target(call) == "sip:alice@192.0.2.2:5060"


@pytest.mark.rfc("6141 4.6")
def test_each_has_its_own() -> None:
    """An UPDATE that is refused within a re-INVITE does not take with it the Contact that the re-INVITE names."""
    bench = Bench()
    call = bench.acked(headers=[ALLOWS])
    bench.receive(bench.in_dialog("INVITE", 2, call, body=SDP3, headers=[SUPPORTED], contact=NEW))
    bench.take(call.ring(183, sdp=SDP, reliable=False, now=bench.now))
    update(bench, call, 3, SDP2, contact="Contact: <sip:other@192.0.2.8>")
    assert bench.last_response.status == 500
    bench.take(call.answer_offer(SDP, now=bench.now))
    assert target(call) == "sip:new@192.0.2.7:5070"


@pytest.mark.rfc("6141 4.6", "6141 4.8")
@pytest.mark.parametrize("accepted", [True, False])
def test_two_contacts_at_once(accepted: bool) -> None:
    """An UPDATE within a re-INVITE is the newer of the two: what it names counts, whatever comes of the re-INVITE."""
    bench = Bench()
    call = bench.acked(headers=[ALLOWS])
    bench.receive(bench.in_dialog("INVITE", 2, call, body=SDP3, contact=NEW))
    update(bench, call, 3, contact="Contact: <sip:other@192.0.2.8>")
    assert (bench.last_response.status, target(call)) == (200, "sip:other@192.0.2.8")
    bench.take(call.answer_offer(SDP, now=bench.now) if accepted else call.reject_offer(now=bench.now))
    assert target(call) == "sip:other@192.0.2.8"


@pytest.mark.rfc("6141 4.4", "6141 4.6")
@pytest.mark.parametrize("accepted", [True, False])
def test_an_update_within_a_reinvite(accepted: bool) -> None:
    """What a reliable response has made count of the re-INVITE is left alone by an UPDATE that is refused."""
    bench = Bench()
    call = bench.acked(headers=[SUPPORTED, ALLOWS])
    bench.receive(bench.in_dialog("INVITE", 2, call, body=SDP3, headers=[SUPPORTED], contact=NEW))
    bench.take(call.ring(183, sdp=SDP, reliable=True, now=bench.now))
    pracks(bench, call, 3)
    update(bench, call, 4, SDP2, contact="Contact: <sip:other@192.0.2.8>")
    bench.take(call.answer_offer(SDP, now=bench.now) if accepted else call.reject_offer(now=bench.now))
    bench.take(call.answer(now=bench.now))
    assert target(call) == ("sip:other@192.0.2.8" if accepted else "sip:new@192.0.2.7:5070")


@pytest.mark.rfc("6141 4.6")
def test_without_a_contact() -> None:
    """An UPDATE without a Contact leaves the target alone."""
    bench = Bench()
    call = bench.acked()
    update(bench, call, 2, contact="")
    assert (bench.last_response.status, target(call)) == (200, "sip:alice@192.0.2.2:5060")


# -------------------------------------------------------------------- the peer's responses


@pytest.mark.rfc("6141 4.7", "3311-04", "3261 12.2.1.2")
@pytest.mark.parametrize("status", [200, 488])
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_response(method: str, status: int) -> None:
    """The 2xx to a re-INVITE or UPDATE of ours refreshes the target, a refusal does not; the ACK goes there already."""
    bench = Bench()
    call = bench.answered(headers=[ALLOWS])
    bench.take(call.offer(SDP3, method=method, now=bench.now))
    body = SDP2 if status == 200 else b""
    bench.receive(bench.response(bench.last_request, status, contact=None, headers=[CONTACT], body=body))
    assert target(call) == ("sip:new@192.0.2.7:5070" if status == 200 else "sip:bob@192.0.2.2:5060")
    if (method, status) == ("INVITE", 200):
        assert (bench.last_request.method, bench.flows[-1].remote) == ("ACK", ("192.0.2.7", 5070))


@pytest.mark.rfc("6141 4.7")
@pytest.mark.parametrize("reliable", [True, False])
def test_a_provisional_response_to_a_reinvite(reliable: bool) -> None:
    """A reliable provisional response to a re-INVITE refreshes the target, and its PRACK goes there; others do not."""
    bench = Bench()
    call = bench.answered(headers=[ALLOWS])
    bench.take(call.offer(SDP3, now=bench.now))
    invite = bench.last_request
    if reliable:
        rings(bench, invite, 1, contact=NEW)
        assert (bench.last_request.method, bench.flows[-1].remote) == ("PRACK", ("192.0.2.7", 5070))
    else:
        bench.receive(bench.response(invite, 180, contact=NEW))
    assert target(call) == ("sip:new@192.0.2.7:5070" if reliable else "sip:bob@192.0.2.2:5060")
    bench.receive(bench.response(invite, 488))
    assert target(call) == ("sip:new@192.0.2.7:5070" if reliable else "sip:bob@192.0.2.2:5060")


@pytest.mark.rfc("6141 4.9", "3261 13.2.2.4")
@pytest.mark.parametrize("reliable", [True, False])
def test_a_further_provisional_response(reliable: bool) -> None:
    """In an early dialog a further reliable response refreshes the target, an unreliable one does not; the 2xx does."""
    bench = Bench()
    call = early_out(bench, answer=SDP2)
    if reliable:
        rings(bench, call.invite, 101, contact=NEW)
    else:
        bench.receive(bench.response(call.invite, 180, contact=NEW))
    assert target(call) == ("sip:new@192.0.2.7:5070" if reliable else "sip:bob@192.0.2.2:5060")
    last: dict[str, Any] = {"contact": "<sip:last@192.0.2.9>", "headers": ["Record-Route: <sip:192.0.2.5;lr>"]}
    bench.receive(bench.response(call.invite, 200, **last))
    assert (target(call), call.here.dialog.route_set) == ("sip:last@192.0.2.9", ("<sip:192.0.2.5;lr>",))


@pytest.mark.rfc("6141 4.7", "3261 12.2")
def test_the_route_stays() -> None:
    """A refresh changes the target and never the route set of a confirmed dialog."""
    bench = Bench()
    call = bench.answered(headers=[ALLOWS, "Record-Route: <sip:192.0.2.5;lr>"])
    bench.take(call.offer(SDP3, now=bench.now))
    headers = ["Record-Route: <sip:192.0.2.6;lr>"]
    bench.receive(bench.response(bench.last_request, 200, contact=NEW, headers=headers, body=SDP2))
    ack = requests(bench, "ACK")[-1]
    assert (str(ack.uri), ack.lines_of("Route")) == ("sip:new@192.0.2.7:5070", ("<sip:192.0.2.5;lr>",))
