"""A dialog: made by a request and its response, making and judging further requests (RFC 3261 12)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sipsm import LocalProtocolError, Request, Response
from sipsm.dialog import Dialog, as_request_uri, as_uac, as_uas, request_uri_and_routes
from sipsm.dialog.dialog import LAST_CSEQ
from sipsm.grammar import Uri
from sipsm.machine import Decision, Refuse, Step
from sipsm.message import Via, read_message
from tests.endpoint.by_hand import lines

VIA = Via.parse("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx")


def invite(*headers: str, from_: str = '"Alice" <sip:alice@atlanta.example.com>;tag=a1', cseq: int = 7) -> Request:
    """Alice's INVITE to Bob."""
    message = read_message(
        lines(
            "INVITE sip:bob@biloxi.example.com;transport=udp SIP/2.0",
            "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
            f"From: {from_}",
            "To: Bob <sip:bob@biloxi.example.com>",
            "Call-ID: one@192.0.2.1",
            f"CSeq: {cseq} INVITE",
            *headers,
        )
    )
    assert isinstance(message, Request)
    return message


def response(status: int, *headers: str, tag: str = ";tag=b1") -> Response:
    """Bob's response."""
    message = read_message(
        lines(
            f"SIP/2.0 {status} Said",
            "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
            'From: "Alice" <sip:alice@atlanta.example.com>;tag=a1',
            f"To: Bob <sip:bob@biloxi.example.com>{tag}",
            "Call-ID: one@192.0.2.1",
            "CSeq: 7 INVITE",
            *headers,
        )
    )
    assert isinstance(message, Response)
    return message


def request(cseq: int) -> Request:
    """A request within the dialog."""
    message = read_message(lines("OPTIONS sip:x SIP/2.0", f"CSeq: {cseq} OPTIONS"))
    assert isinstance(message, Request)
    return message


def take(dialog: Dialog, name: str, x: Any = None) -> Decision:
    """One input."""
    return dialog.receive(name, x, Step(1000.0))


@pytest.mark.rfc("3261 12.1.2")
def test_made_by_a_response() -> None:
    """The caller's dialog has its own From and number, and of the response the tag, the Contact and the route."""
    dialog = as_uac(invite())
    assert (dialog.uac, dialog.state, dialog.call_id, dialog.local_cseq) == (True, "Initial", "one@192.0.2.1", 7)
    assert (dialog.local_tag, dialog.local) == ("a1", '"Alice" <sip:alice@atlanta.example.com>;tag=a1')
    assert (dialog.remote_tag, dialog.remote_cseq) == (None, None)
    take(dialog, "1XX", response(180, "Contact: <sip:bob@192.0.2.4>", "Record-Route: <sip:p1;lr>, <sip:p2;lr>"))
    assert (dialog.state, dialog.remote_tag, str(dialog.remote_target)) == ("Early", "b1", "sip:bob@192.0.2.4")
    assert list(dialog.route_set) == ["<sip:p2;lr>", "<sip:p1;lr>"]
    take(dialog, "2XX", response(200, "Contact: <sip:bob@192.0.2.5>"))
    assert (dialog.state, str(dialog.remote_target), [*dialog.route_set]) == ("Confirmed", "sip:bob@192.0.2.5", [])
    assert take(dialog, "1XX", response(180, "Record-Route: <sip:p9;lr>", tag=";tag=other")).ignored
    assert (dialog.remote_tag, [*dialog.route_set]) == ("b1", [])


@pytest.mark.rfc("3261 12.2", "6141 4.7")
@pytest.mark.parametrize(("ack", "target"), [("None", "sip:bob@192.0.2.6"), ("Sent", "sip:bob@192.0.2.5")])
def test_a_2xx_within_it(ack: str, target: str) -> None:
    """The first one to a re-INVITE tells where the peer is now, a repeat of it does not; the route never changes."""
    dialog = as_uac(invite())
    take(dialog, "2XX", response(200, "Contact: <sip:bob@192.0.2.5>", "Record-Route: <sip:p1;lr>"))
    around = SimpleNamespace(ack=SimpleNamespace(state=ack))
    x = response(200, "Contact: <sip:bob@192.0.2.6>", "Record-Route: <sip:p9;lr>")
    decision = dialog.find("2XX", x, around)
    assert decision.taken == (ack == "None")
    if decision.taken:
        dialog.act(decision, "2XX", dialog.state, x, Step(1000.0))
    assert (str(dialog.remote_target), dialog.route_set) == (target, ("<sip:p1;lr>",))


@pytest.mark.rfc("3261 12.1.2")
@pytest.mark.parametrize("contact", [[], ["Contact: *"]])
def test_made_by_a_2xx_without_a_contact(contact: list[str]) -> None:
    """A peer that names no Contact is looked for where it was called."""
    dialog = as_uac(invite())
    take(dialog, "2XX", response(200, *contact))
    assert (dialog.state, str(dialog.remote_target)) == ("Confirmed", "sip:bob@biloxi.example.com;transport=udp")


@pytest.mark.rfc("3261 12.1.1")
def test_made_by_an_invite() -> None:
    """The callee's dialog has the INVITE's route as it stands, its Contact, its From and its number."""
    dialog = as_uas(invite("Contact: <sip:a@192.0.2.1>", "Record-Route: <sip:p1;lr>, <sip:p2;lr;x=1>"), "b7", 40)
    take(dialog, "INVITE")
    assert (dialog.uac, dialog.state, dialog.local_tag, dialog.local_cseq) == (False, "Early", "b7", 40)
    assert (dialog.remote_tag, dialog.remote_cseq) == ("a1", 7)
    assert dialog.local == "Bob <sip:bob@biloxi.example.com>;tag=b7"
    assert dialog.remote == '"Alice" <sip:alice@atlanta.example.com>;tag=a1'
    assert (str(dialog.remote_target), dialog.route_set) == ("sip:a@192.0.2.1", ("<sip:p1;lr>", "<sip:p2;lr;x=1>"))
    take(dialog, "ACCEPT")
    assert dialog.state == "Confirmed"


@pytest.mark.rfc("3261 12.1.1")
def test_made_by_an_invite_without_a_tag() -> None:
    """A From without a tag is a null tag (RFC 2543), and goes back as it came."""
    dialog = as_uas(invite("Contact: <sip:a@192.0.2.1>", from_="<sip:alice@atlanta.example.com>"), "b7", 40)
    assert (dialog.remote_tag, dialog.next_request("BYE", VIA).lines_of("To")) == (
        None,
        ("<sip:alice@atlanta.example.com>",),
    )
    assert as_uac(invite(from_="<sip:alice@atlanta.example.com>")).local_tag == ""


@pytest.mark.rfc("3261 12.2.1.1", "3261 8.1.1")
def test_a_request_within_it() -> None:
    """It has all that every request must have, the dialog's tags and route, and the next number."""
    dialog = as_uas(invite("Contact: <sip:a@192.0.2.1>", "Record-Route: <sip:p1;lr>, <sip:p2;lr>"), "b7", 40)
    made = dialog.next_request("OPTIONS", VIA, [("Subject", "x"), ("Content-Type", "text/plain")], b"hello")
    assert bytes(made) == (
        b"OPTIONS sip:a@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx\r\n"
        b"Route: <sip:p1;lr>\r\nRoute: <sip:p2;lr>\r\nMax-Forwards: 70\r\n"
        b"From: Bob <sip:bob@biloxi.example.com>;tag=b7\r\n"
        b'To: "Alice" <sip:alice@atlanta.example.com>;tag=a1\r\nCall-ID: one@192.0.2.1\r\nCSeq: 41 OPTIONS\r\n'
        b"Subject: x\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
    )
    assert (dialog.local_cseq, dialog.next_request("BYE", VIA).cseq.number) == (41, 42)


@pytest.mark.rfc("3261 12.2.1.1")
@pytest.mark.parametrize("length", [30, 120, 121, 2000])
def test_requests_go_to_targets_of_any_length(length: int) -> None:
    """Each request within it has the remote target for its URI, however long that is."""
    target = f"sip:{'a' * (length - 14)}@192.0.2.1"
    assert len(target) == length
    dialog = as_uas(invite(f"Contact: <{target}>"), "b7", 40)
    assert [str(dialog.next_request(method, VIA).uri) for method in ("OPTIONS", "BYE")] == [target, target]


@pytest.mark.rfc("3261 12.2.1.1", "3261 13.2.2.4")
def test_an_ack_within_it() -> None:
    """An ACK has the INVITE's number, and takes none from what follows."""
    dialog = as_uac(invite())
    take(dialog, "2XX", response(200, "Contact: <sip:bob@192.0.2.4>"))
    assert str(dialog.next_request("ACK", VIA, cseq=7).cseq) == "7 ACK"
    assert dialog.next_request("BYE", VIA).cseq.number == 8
    assert dialog.next_request("ACK", VIA, cseq=7).cseq.number == 7
    assert dialog.local_cseq == 8


@pytest.mark.rfc("3261 8.1.1.5")
def test_the_numbers_are_used_up() -> None:
    """A number is less than 2**31; when none is left, no request can be sent, and nothing has changed."""
    dialog = as_uac(invite(cseq=LAST_CSEQ - 1))
    assert dialog.next_request("OPTIONS", VIA).cseq.number == LAST_CSEQ
    with pytest.raises(LocalProtocolError, match="used up"):
        dialog.next_request("OPTIONS", VIA)
    assert dialog.local_cseq == LAST_CSEQ


@pytest.mark.rfc("3261 12.1.1")
def test_nobody_knows_where_the_peer_is() -> None:
    """With a Contact that names nobody, nothing can be sent to the caller."""
    dialog = as_uas(invite("Contact: *"), "b7", 40)
    with pytest.raises(LocalProtocolError, match="has not named a Contact"):
        dialog.next_request("BYE", VIA)
    assert dialog.local_cseq == 40


@pytest.mark.rfc("4475 3.4.1")
def test_a_caller_of_rfc_2543() -> None:
    """Who need not name a Contact yet is looked for at its From."""
    dialog = as_uas(invite(), "b7", 40)
    assert dialog.next_request("BYE", VIA).uri == invite().from_.uri


@pytest.mark.rfc("3261 12.2.2")
@pytest.mark.parametrize("state", ["Early", "Confirmed"])
def test_the_order_of_requests(state: str) -> None:
    """A number must exceed the last one's; the first may be any."""
    dialog = as_uac(invite())
    dialog.state = state
    for cseq, last in ((5, 5), (5, 5), (4, 5), (9, 9), (0, 9), (10, 10)):
        decision = take(dialog, "REQUEST", request(cseq))
        assert dialog.remote_cseq == last
        if cseq < last or decision.refused:
            assert isinstance(decision.entry, Refuse)
            assert decision.entry.status == 500
    assert dialog.state == state


@pytest.mark.rfc("3261 12.2.2", "3261 12.3")
def test_before_it_is_made_and_after_its_end() -> None:
    """A request for a dialog that is not, or is over, gets 481; its end may come at any time, and once."""
    for state in Dialog.table.states:
        dialog = as_uac(invite())
        dialog.state = state
        assert take(dialog, "OVER").ignored is (state == "Terminated")
        assert dialog.state == "Terminated"
    for state in ("Initial", "Terminated"):
        dialog = as_uac(invite())
        dialog.state = state
        decision = take(dialog, "REQUEST", request(9))
        assert decision.refused
        assert isinstance(decision.entry, Refuse)
        assert decision.entry.status == 481


@pytest.mark.rfc("3261 12.2.1.1")
@pytest.mark.parametrize(
    ("route_set", "uri", "routes"),
    [
        ((), "sip:a@192.0.2.1;x=1", ()),
        (("<sip:p1;lr>", "<sip:p2>"), "sip:a@192.0.2.1;x=1", ("<sip:p1;lr>", "<sip:p2>")),
        (("<sip:p1>", "<sip:p2;lr>"), "sip:p1", ("<sip:p2;lr>", "<sip:a@192.0.2.1;x=1>")),
        (("<sip:p1;method=BYE;transport=tcp?Subject=x>;q=1",), "sip:p1;transport=tcp", ("<sip:a@192.0.2.1;x=1>",)),
    ],
)
def test_where_a_request_goes(route_set: tuple[str, ...], uri: str, routes: tuple[str, ...]) -> None:
    """To the target by loose routers; a strict first hop takes the target's place, which goes last into Route."""
    target = Uri.parse("sip:a@192.0.2.1;x=1")
    found, lines_ = request_uri_and_routes(target, route_set)
    assert (str(found), lines_) == (uri, routes)


@pytest.mark.rfc("3261 19.1.1", "3261 12.2.1.1")
@pytest.mark.parametrize(
    ("uri", "stripped"),
    [
        ("sip:a@b;x=1", "sip:a@b;x=1"),
        ("sip:a@b;method=INVITE;x=1", "sip:a@b;x=1"),
        ("sips:a:pw@b:5061;lr?Subject=x", "sips:a:pw@b:5061;lr"),
    ],
)
def test_what_may_stand_in_a_request_uri(uri: str, stripped: str) -> None:
    """Neither a method nor headers."""
    assert str(as_request_uri(Uri.parse(uri))) == stripped
