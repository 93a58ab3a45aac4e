"""What ends with what in a dialog, and where its requests go (RFC 3261 12, RFC 5057)."""

from __future__ import annotations

from typing import Any

import pytest

from sipsm import Call, EndReason, Request
from sipsm.role import Answered, EarlyDialogEnded, Ended, ModificationRefused
from tests.endpoint.by_hand import SDP, SDP2, Bench

# What RFC 5057 5.1 has as "Transaction Only", and others that are no sign of a peer that has lost its dialog.
LEAVES_IT = (
    400,
    401,
    403,
    406,
    407,
    412,
    413,
    415,
    420,
    421,
    423,
    429,
    486,
    488,
    500,
    503,
    504,
    513,
    580,
    600,
    603,
    606,
)


def up(bench: Bench, ours: bool) -> Call:
    """A call that is up, of ours or of the peer's."""
    return bench.answered() if ours else bench.acked()


def asks(bench: Bench, call: Call, method: str) -> None:
    """We send a request in the call."""
    if method in {"INVITE", "UPDATE"}:
        bench.take(call.offer(SDP, method=method, now=bench.now))
    else:
        bench.take(call.request(method, now=bench.now)[1])


def told(bench: Bench, kind: Any, name: str) -> list[Any]:
    """One attribute of each event of a kind."""
    return [getattr(event, name) for event in bench.told(kind)]


# -------------------------------------------------------------------- what ends


@pytest.mark.rfc("3261 12.2.1.2", "5057 5.1", "3261-C17", "3261-C27")
@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("status", [408, 481])
@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "INFO", "OPTIONS", "MESSAGE"])
def test_a_lost_peer(method: str, status: int, ours: bool) -> None:
    """481 or 408 to a request in the dialog ends its call, by a BYE, and no other call."""
    bench = Bench()
    call, other = up(bench, ours), bench.outgoing()
    bench.receive(bench.response(other.invite, 200, body=SDP2))
    asks(bench, call, method)
    bench.receive(bench.response(bench.last_request, status))
    assert (bench.methods[-1], bench.last_request.call_id) == ("BYE", call.call_id)
    bench.receive(bench.response(bench.last_request, 481))
    assert [(event.call, event.reason) for event in bench.told(Ended)] == [(call, EndReason.PEER_LOST)]
    assert other.state == "established"


@pytest.mark.rfc("3261 12.2.1.2", "5057 5.2", "3261-C17")
@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "INFO", "OPTIONS"])
def test_silence(method: str) -> None:
    """No response at all is the same as 408."""
    bench = Bench()
    call = bench.answered()
    asks(bench, call, method)
    bench.wait(32)
    assert (bench.methods[-1], call.state) == ("BYE", "ending")


@pytest.mark.rfc("3261 12.2.1.2", "3261 14.1", "5057 5.1", "3261-C25")
@pytest.mark.parametrize("status", LEAVES_IT)
@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "INFO"])
def test_what_is_of_the_transaction_only(method: str, status: int) -> None:
    """The request has failed, and that is all: the session, its descriptions and the dialog are as they were."""
    bench = Bench()
    call = bench.answered()
    before = call.agreed, call.here.dialog.remote_target, call.here.dialog.route_set
    asks(bench, call, method)
    contact = ["Contact: <sip:elsewhere@192.0.2.7>"]
    bench.receive(bench.response(bench.last_request, status, contact=None, headers=contact))
    failed = told(bench, Answered if method == "INFO" else ModificationRefused, "status")
    assert (failed, call.state, bench.told(Ended)) == ([status], "established", [])
    assert (call.agreed, call.here.dialog.remote_target, call.here.dialog.route_set) == before
    assert bench.methods[-1] == ("ACK" if method == "INVITE" else method)
    bench.take(call.offer(SDP, now=bench.now))
    bench.receive(bench.response(bench.last_request, 200, body=SDP2))
    assert call.state == "established"


@pytest.mark.rfc("3261 12.2.1.2", "3262-21", "5057 5.1")
@pytest.mark.parametrize("status", [408, 481])
def test_an_early_dialog_is_lost(status: int) -> None:
    """A PRACK that gets 481 ends its early dialog only: the INVITE and its other branches go on."""
    bench = Bench()
    call = bench.outgoing()
    for tag in "ab":
        bench.receive(bench.response(call.invite, 180, tag=tag, headers=["Require: 100rel", "RSeq: 1"]))
    pracks = [each for each in bench.sent if isinstance(each, Request) and each.method == "PRACK"]
    prack = next(each for each in pracks if each.to_tag == "a")
    bench.receive(bench.response(prack, status))
    assert [leg.dialog.remote_tag for leg in told(bench, EarlyDialogEnded, "dialog")] == ["a"]
    assert (call.state, bench.told(Ended), "BYE" in bench.methods) == ("ringing", [], False)
    bench.receive(bench.response(call.invite, 200, tag="b", body=SDP2))
    assert call.state == "established"


@pytest.mark.rfc("3261 12.2.2", "3261 15.1.2", "5057 5.1")
@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "INFO", "OPTIONS", "MESSAGE", "PRACK", "BYE"])
def test_a_dialog_that_we_do_not_know(method: str) -> None:
    """A request that names one gets 481, and makes nothing."""
    bench = Bench()
    headers = ["RAck: 1 1 INVITE"] if method == "PRACK" else []
    body = b"" if method == "MESSAGE" else SDP
    bench.receive(bench.request(method, to="<sip:bob@192.0.2.1>;tag=gone", headers=headers, body=body))
    assert bench.last_response.status == 481
    assert bench.endpoint.calls == []


@pytest.mark.rfc("3261 12", "3261 12.2.2")
def test_a_dialog_is_its_three_identifiers() -> None:
    """With another Call-ID, local tag or remote tag a request belongs to no dialog."""
    bench = Bench()
    call = bench.acked()
    dialog = call.here.dialog
    for other in (
        {"call_id": "another"},
        {"to": "<sip:bob@192.0.2.1>;tag=another"},
        {"from_": "<sip:alice@192.0.2.2>;tag=another"},
    ):
        parts: dict[str, Any] = {"call_id": call.call_id, "from_": dialog.remote, "to": dialog.local, **other}
        bench.receive(bench.request("BYE", cseq=2, **parts))
        assert bench.last_response.status == 481
    # URIs and names are not compared (RFC 3261 12).
    changed: dict[str, Any] = {
        "from_": "Other <sip:x@192.0.2.2>;tag=theirs",
        "to": f"<sip:y@192.0.2.1>;tag={dialog.local_tag}",
    }
    bench.receive(bench.request("BYE", cseq=2, call_id=call.call_id, **changed))
    assert (bench.last_response.status, call.state) == (200, "ended")


# -------------------------------------------------------------------- numbers


@pytest.mark.rfc("3261 12.2.2", "3261-C19")
@pytest.mark.parametrize("method", ["INFO", "OPTIONS", "MESSAGE", "UPDATE", "INVITE", "BYE"])
@pytest.mark.parametrize("ours", [True, False])
def test_lower_numbers_and_gaps(method: str, ours: bool) -> None:
    """A gap is no error; a lower number, or the same again, gets 500 and has no effect."""
    bench = Bench()
    call = up(bench, ours)
    bench.receive(bench.in_dialog("OPTIONS", 1000, call))
    assert bench.last_response.status == 200
    for lower in (999, 1000, 2):
        bench.receive(bench.in_dialog(method, lower, call))
        assert bench.last_response.status == 500
        assert 0 <= int(bench.last_response.header("Retry-After") or -1) <= 10
    assert call.state == "established"
    bench.receive(bench.in_dialog("BYE", 2**31 - 1, call))
    assert (bench.last_response.status, call.state) == (200, "ended")


@pytest.mark.rfc("3261 12.2.1.1", "3261 13.2.2.4", "3261-C15")
def test_our_numbers() -> None:
    """Each request has the next number; ACK and CANCEL have their INVITE's."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180, headers=["Require: 100rel", "RSeq: 1"]))
    bench.receive(bench.response(call.invite, 200, body=SDP2))
    asks(bench, call, "OPTIONS")
    asks(bench, call, "INVITE")
    again = bench.last_request
    bench.receive(bench.response(again, 180))
    bench.take(call.cancel(now=bench.now))
    bench.receive(bench.response(again, 487))
    bench.take(call.hang_up(now=bench.now))
    first = call.invite.cseq.number
    numbers = [(each.method, each.cseq.number - first) for each in bench.sent if hasattr(each, "method")]
    assert numbers == [
        *(("INVITE", 0), ("PRACK", 1), ("ACK", 0), ("OPTIONS", 2), ("INVITE", 3), ("CANCEL", 3), ("ACK", 3), ("BYE", 4))
    ]


# -------------------------------------------------------------------- routes and targets


@pytest.mark.rfc("3261 12.1.2", "3261 12.2.1.1", "3261-C13")
@pytest.mark.parametrize("lr", [";lr", ";lr=on", ";x=1;lr", ";transport=udp;lr;y"])
def test_loose_routers(lr: str) -> None:
    """The route set is the response's Record-Route turned round, letter by letter; the target is the Request-URI."""
    bench = Bench()
    routes = [f"Record-Route: <sip:192.0.2.7{lr}>;p=1", f'Record-Route: "Far" <sip:192.0.2.8{lr}>, <sip:192.0.2.9{lr}>']
    call = bench.answered(headers=routes)
    asks(bench, call, "OPTIONS")
    sent = bench.last_request
    assert str(sent.uri) == "sip:bob@192.0.2.2:5060"
    assert sent.header_values("Route") == (
        f"<sip:192.0.2.9{lr}>",
        f'"Far" <sip:192.0.2.8{lr}>',
        f"<sip:192.0.2.7{lr}>;p=1",
    )
    assert bench.flows[-1].remote == ("192.0.2.9", 5060)


@pytest.mark.rfc("3261 12.2.1.1", "3261-C16")
@pytest.mark.parametrize("ours", [True, False])
def test_a_strict_router(ours: bool) -> None:
    """Where the first of the route set has no lr, it is the Request-URI, and the target comes last in Route."""
    bench = Bench()
    far, near = "<sip:192.0.2.8;lr>", "<sip:192.0.2.9;transport=udp>"
    header = f"Record-Route: {far}, {near}" if ours else f"Record-Route: {near}, {far}"
    call = bench.answered(headers=[header]) if ours else bench.acked(headers=[header])
    target = "<sip:bob@192.0.2.2:5060>" if ours else "<sip:alice@192.0.2.2:5060>"
    for method in ("OPTIONS", "INVITE"):
        asks(bench, call, method)
        sent = bench.last_request
        assert (str(sent.uri), sent.header_values("Route")) == ("sip:192.0.2.9;transport=udp", (far, target))
        assert bench.flows[-1].remote == ("192.0.2.9", 5060)
    bench.receive(bench.response(bench.last_request, 200, body=SDP2))
    ack = bench.last_request
    assert (ack.method, str(ack.uri), ack.header_values("Route")) == (
        *("ACK", "sip:192.0.2.9;transport=udp"),
        (far, "<sip:bob@192.0.2.2:5060>"),
    )


@pytest.mark.rfc("3261 12.2.1.2", "3261 12.2.2", "3261-C18")
@pytest.mark.parametrize("ours", [True, False])
def test_only_target_refreshes_change_the_target(ours: bool) -> None:
    """A re-INVITE or UPDATE that is accepted names another target; no other request does, and the route set stays."""
    bench = Bench()
    routes = ["Record-Route: <sip:192.0.2.9;lr>"]
    call = bench.answered(headers=routes) if ours else bench.acked(headers=routes)
    dialog = call.here.dialog
    first, route_set = str(dialog.remote_target), dialog.route_set
    more = ["Record-Route: <sip:192.0.2.10;lr>", "Contact: <sip:new@192.0.2.5>"]
    for cseq, method in ((10, "OPTIONS"), (11, "INFO"), (12, "MESSAGE")):
        bench.receive(bench.in_dialog(method, cseq, call, contact=None, headers=more))
        assert (bench.last_response.status, str(dialog.remote_target)) == (200, first)
    bench.receive(bench.in_dialog("UPDATE", 13, call, headers=more))
    assert (bench.last_response.status, str(dialog.remote_target)) == (200, "sip:new@192.0.2.5")
    refused = [more[0], "Contact: <sip:refused@192.0.2.5>"]
    bench.receive(bench.in_dialog("INVITE", 14, call, contact=None, headers=refused, body=SDP))
    bench.take(call.reject_offer(now=bench.now))
    bench.receive(bench.in_dialog("ACK", 14, call, branch=f"z9hG4bKhand{bench.branches}"))
    assert str(dialog.remote_target) == "sip:new@192.0.2.5"
    bench.receive(bench.in_dialog("INVITE", 15, call, contact="<sip:last@192.0.2.5>", headers=more[:1], body=SDP))
    bench.take(call.answer_offer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("ACK", 15, call))
    assert str(dialog.remote_target) == "sip:last@192.0.2.5"
    assert dialog.route_set == route_set


@pytest.mark.rfc("3261 12.2.1.2", "3261-C18")
def test_our_target_refresh_names_theirs() -> None:
    """The Contact in the 2xx to our re-INVITE is the new target: the ACK goes there already."""
    bench = Bench()
    call = bench.answered()
    asks(bench, call, "INVITE")
    bench.receive(bench.response(bench.last_request, 200, contact="<sip:moved@192.0.2.5>", body=SDP2))
    assert (bench.last_request.method, str(bench.last_request.uri)) == ("ACK", "sip:moved@192.0.2.5")
    bench.take(call.hang_up(now=bench.now))
    assert (str(bench.last_request.uri), bench.flows[-1].remote) == ("sip:moved@192.0.2.5", ("192.0.2.5", 5060))


# -------------------------------------------------------------------- tags


@pytest.mark.rfc("3261 12.1.1", "3261 12.2.1.1", "3261-C14")
def test_a_caller_without_a_tag() -> None:
    """A peer of RFC 2543 may have none: its dialog is found without, and our requests name none."""
    bench = Bench()
    call = bench.acked(from_="<sip:old@192.0.2.2>")
    assert (call.state, call.here.dialog.remote_tag) == ("established", None)
    asks(bench, call, "OPTIONS")
    assert (bench.last_request.to_tag, "tag" in bench.last_request.lines_of("To")[0]) == (None, False)
    bench.receive(bench.response(bench.last_request, 200, tag=None))
    bench.receive(bench.in_dialog("BYE", 2, call))
    assert (bench.last_response.status, call.state) == (200, "ended")


@pytest.mark.rfc("3261 12.1.2", "3261 12.2.1.1", "3261-C14")
def test_a_callee_without_a_tag() -> None:
    """The same of who answers us without one."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180, tag=None))
    bench.receive(bench.response(call.invite, 200, tag=None, body=SDP2))
    assert (call.state, call.here.dialog.remote_tag, len(call.legs)) == ("established", None, 1)
    assert "tag" not in bench.last_request.lines_of("To")[0]
    bench.receive(bench.in_dialog("BYE", 1, call))
    assert (bench.last_response.status, call.state) == (200, "ended")
