"""A session description beside other things in a body of parts: the one of its message (RFC 5621, 3261 8.2.3)."""

from __future__ import annotations

import base64

import pytest

from sipsm import AnswerReceived, Call, Established, OfferReceived, bodies
from sipsm.message.bodies import Multipart, Part
from sipsm.sdp import SessionDescription
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.ladders.reliably import ALLOWS, SDP3, SUPPORTED, early_in, requests

NEWER = Part.build("application/new-sdp", b"?")
LOCATION = Part.build("application/pidf+xml", b"<x/>", [("Content-Disposition", "render;handling=optional")])
ISUP = Part.build("application/isup", b"\x00\x01", [("Content-Disposition", "signal;handling=required")])


def parts(sdp: bytes, *others: Part, subtype: str = "mixed") -> Multipart:
    """A description, and what stands behind it."""
    return Multipart.build(subtype, [Part.build("application/sdp", sdp), *(others or (LOCATION,))])


def in_parts(wire: bytes, multipart: Multipart | None = None) -> bytes:
    """A message whose body is made one of parts: of its description and another part, or of those given."""
    head, _, body = wire.partition(b"\r\n\r\n")
    multipart = multipart or parts(body)
    head = head.replace(b"Content-Type: application/sdp", f"Content-Type: {multipart.content_type}".encode())
    head = head.replace(b"Content-Length: %d" % len(body), b"Content-Length: %d" % len(bytes(multipart)))
    return head + b"\r\n\r\n" + bytes(multipart)


def called(multipart: Multipart) -> Bench:
    """The peer calls with this body."""
    bench = Bench()
    bench.receive(in_parts(bench.request("INVITE", branch="z9hG4bKcall", body=SDP), multipart))
    return bench


@pytest.mark.rfc("5621 4.2", "5621 5", "3261 13.3.1.4")
def test_an_offer_beside_a_location() -> None:
    """The offer is the description, the answer is a plain one, and the other part is in the request."""
    bench = called(parts(SDP))
    (incoming,) = bench.events
    call: Call = incoming.call
    assert (incoming.offer, call.remote_sdp) == (SDP, SDP)
    found = bodies.multipart(incoming.request)
    assert found is not None
    assert [part.content_type for part in found.parts] == ["application/sdp", "application/pidf+xml"]
    bench.take(call.answer(SDP2, now=bench.now))
    assert (bench.last_response.content_type, bench.last_response.body) == ("application/sdp", SDP2)
    bench.receive(bench.in_dialog("ACK", 1, call))
    assert (call.state, call.agreed) == ("established", (SDP2, SDP))


@pytest.mark.rfc("5621 4.1", "5621 4.2", "5621 6.1", "5621 3.2", "6337 2.2")
@pytest.mark.parametrize(
    ("multipart", "offer"),
    [
        (parts(SDP, NEWER, subtype="alternative"), SDP),
        (Multipart.build("alternative", [NEWER, Part.build("application/sdp", SDP)]), SDP),
        (Multipart.build("mixed", [LOCATION, Part.build(str((inner := parts(SDP)).content_type), bytes(inner))]), SDP),
        (parts(SDP, subtype="related"), SDP),
        (parts(SDP, subtype="strange"), SDP),
        (
            Multipart.build(
                "mixed",
                [
                    Part.build("application/sdp", SDP2, [("Content-Disposition", "early-session")]),
                    Part.build("application/sdp", SDP),
                ],
            ),
            SDP,
        ),
        (
            Multipart.build(
                "mixed",
                [Part.build("application/sdp", base64.b64encode(SDP), [("Content-Transfer-Encoding", "base64")])],
            ),
            SDP,
        ),
        (
            Multipart.build(
                "mixed", [Part.build("application/sdp", SDP, [("Content-Transfer-Encoding", "x-strange")])]
            ),
            b"",
        ),
        (Multipart.build("mixed", [LOCATION]), b""),
    ],
    ids=["richer", "last", "nested", "related", "strange", "early session", "base64", "encoded", "none"],
)
def test_where_the_description_stands(multipart: Multipart, offer: bytes) -> None:
    """Wherever it stands among the parts, it is found; one that is there for something else is none."""
    bench = called(multipart)
    (incoming,) = bench.events
    assert incoming.offer == offer
    assert incoming.call.here.offer_answer.state == ("GotInInvite" if offer else "ToOffer")


@pytest.mark.rfc("5621 8.1", "5621 8.4", "3261 8.2.3", "3261 20.11")
def test_a_part_that_is_not_understood() -> None:
    """One that must be makes a 415, of an INVITE and of an UPDATE; so does a body that cannot be taken apart."""
    assert called(parts(SDP, ISUP)).statuses == [415]
    bench = Bench()
    call = bench.acked(headers=[ALLOWS])
    wire = bench.in_dialog("UPDATE", 2, call, body=SDP3, headers=["Contact: <sip:alice@192.0.2.2>"])
    bench.receive(in_parts(wire, parts(SDP3, ISUP)))
    assert (bench.last_response.status, bench.told(OfferReceived)) == (415, [])
    for headers, statuses in (([], [415]), (["Content-Disposition: render;handling=optional"], [])):
        bench = Bench()
        kind = "multipart/mixed;boundary=b"
        bench.receive(bench.request("INVITE", body=b"--b\r\n", content_type=kind, headers=headers))
        assert bench.statuses == statuses


@pytest.mark.rfc("5621 4.2", "3261 13.2.1")
@pytest.mark.parametrize("status", [183, 200])
def test_an_answer_in_a_response(status: int) -> None:
    """The answer is found in a 200, and in a provisional response."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(in_parts(bench.response(call.invite, status, body=SDP2)))
    (answered,) = bench.told(AnswerReceived)
    assert (answered.sdp, call.remote_sdp) == (SDP2, SDP2)
    assert len(bench.told(Established)) == (status == 200)


@pytest.mark.rfc("5621 4.2", "3261 13.2.1")
def test_a_response_that_cannot_be_taken_apart() -> None:
    """It has no description, and is the response that it is."""
    bench = Bench()
    call = bench.outgoing()
    wire = bench.response(call.invite, 200, body=SDP2)
    bench.receive(wire.replace(b"application/sdp", b"multipart/mixed;boundary=b"))
    assert (call.state, call.remote_sdp, bench.told(AnswerReceived)) == ("established", b"", [])


@pytest.mark.rfc("5621 4.2", "3261 13.2.2.4", "3262 5")
@pytest.mark.parametrize("reliable", [True, False])
@pytest.mark.parametrize("cancelled", [True, False])
def test_an_offer_in_a_response(reliable: bool, cancelled: bool) -> None:
    """The answer goes into PRACK or ACK, plain; to a call that is not wanted any more it refuses every stream."""
    bench = Bench()
    call = bench.outgoing(offer=b"")
    if cancelled:
        bench.receive(bench.response(call.invite, 180))
        bench.take(call.cancel(now=bench.now))
    headers = ["Require: 100rel", "RSeq: 1"] if reliable else []
    bench.receive(in_parts(bench.response(call.invite, 183 if reliable else 200, body=SDP2, headers=headers)))
    if not cancelled:
        (offered,) = bench.told(OfferReceived)
        assert offered.sdp == SDP2
        bench.take(call.answer_offer(SDP, now=bench.now))
    (carrier,) = requests(bench, "PRACK" if reliable else "ACK")
    assert carrier.content_type == "application/sdp"
    assert [stream.media.port for stream in SessionDescription.parse(carrier.body).streams] == [
        0 if cancelled else 4000
    ]


@pytest.mark.rfc("5621 4.2", "3264 6", "6337 2.2")
def test_an_answer_that_waits_in_an_ack_for_a_bye() -> None:
    """Who hangs up instead of answering the offer in a 200 refuses its streams."""
    bench = Bench()
    call = bench.outgoing(offer=b"")
    bench.receive(in_parts(bench.response(call.invite, 200, body=SDP2)))
    bench.take(call.hang_up(now=bench.now))
    ack, bye = bench.sent[-2:]
    assert [stream.media.port for stream in SessionDescription.parse(ack.body).streams] == [0]
    assert getattr(bye, "method", "") == "BYE"


@pytest.mark.rfc("5621 4.2", "6337 2.2")
@pytest.mark.parametrize("method", ["UPDATE", "PRACK", "INVITE"])
def test_an_offer_in_a_request_within(method: str) -> None:
    """An UPDATE, a PRACK and a re-INVITE may bear it so, and have a plain answer."""
    bench = Bench()
    call = early_in(bench, answer=SDP2, acknowledged=method != "PRACK") if method != "INVITE" else bench.acked()
    headers = ["Contact: <sip:alice@192.0.2.2>"] if method == "UPDATE" else []
    if method == "PRACK":
        headers = [f"RAck: {bench.last_response.header('RSeq')} 1 INVITE"]
    bench.receive(in_parts(bench.in_dialog(method, 3, call, body=SDP3, headers=headers)))
    assert [event.sdp for event in bench.told(OfferReceived)] == [SDP3]
    bench.take(call.answer_offer(SDP, now=bench.now))
    assert (bench.last_response.content_type, call.agreed) == ("application/sdp", (SDP, SDP3))


@pytest.mark.rfc("5621 4.2", "6337 2.2")
@pytest.mark.parametrize("carrier", ["ACK", "PRACK", "200 to UPDATE"])
def test_an_answer_elsewhere(carrier: str) -> None:
    """To our offer in a 200 or a reliable response, or in an UPDATE, it may come so too."""
    bench = Bench()
    if carrier == "200 to UPDATE":
        call = bench.answered(headers=[ALLOWS])
        bench.take(call.offer(SDP3, method="UPDATE", now=bench.now))
        bench.receive(in_parts(bench.response(bench.last_request, 200, body=SDP)))
        assert call.agreed == (SDP3, SDP)
        return
    call = bench.incoming(offer=b"", headers=[SUPPORTED])
    if carrier == "ACK":
        bench.take(call.answer(SDP2, now=bench.now))
        bench.receive(in_parts(bench.in_dialog("ACK", 1, call, body=SDP)))
    else:
        bench.take(call.ring(183, sdp=SDP2, reliable=True, now=bench.now))
        rack = f"RAck: {bench.last_response.header('RSeq')} 1 INVITE"
        bench.receive(in_parts(bench.in_dialog("PRACK", 2, call, body=SDP, headers=[rack])))
    assert call.agreed == (SDP2, SDP)
