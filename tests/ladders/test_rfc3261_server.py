"""What every response of a server has in common, and that a request that is refused changes nothing (RFC 3261 8.2)."""

from __future__ import annotations

import pytest

from sipsm import Profile, Request, Response
from sipsm.role import OfferReceived
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.ladders.reliably import ALLOWS

ELSEWHERE = "<sip:alice@192.0.2.77:5060>"


def tags(bench: Bench) -> dict[int, str | None]:
    """The To tag of each response, by its status."""
    return {message.status: message.to_tag for message in bench.sent if isinstance(message, Response)}


# -------------------------------------------------------------------- a 100


@pytest.mark.rfc("3261 8.2.6.1", "3261 17.2.1", "3261-S06")
@pytest.mark.parametrize(("woken", "stamp"), [(0.2, "54.21 0.2"), (0.75, "54.21 0.75")])
def test_the_timestamp_of_a_100(woken: float, stamp: str) -> None:
    """It is the request's, and says how long the 100 took: 200 ms, or as long as it was until somebody woke us."""
    bench = Bench()
    bench.receive(bench.request("INVITE", headers=["Timestamp: 54.21"], body=SDP))
    bench.now += woken
    bench.take(bench.endpoint.handle_timeout(bench.now))
    assert (bench.statuses, bench.last_response.header("Timestamp")) == ([100], stamp)


@pytest.mark.rfc("3261 8.2.6.1", "4320 4.1", "3261-S06")
def test_the_timestamp_of_a_late_100() -> None:
    """A request that is not an INVITE, and waits for the application, gets its 100 after 3.5 s, which it says."""
    bench = Bench()
    call = bench.acked(headers=[ALLOWS])
    bench.receive(bench.in_dialog("UPDATE", 2, call, headers=["Timestamp: 7 0.5"], body=SDP))
    bench.wait(3.5)
    assert (bench.statuses[-1], bench.last_response.header("Timestamp")) == (100, "7 3.5")


@pytest.mark.rfc("3261 8.2.6.1")
@pytest.mark.parametrize("headers", [[], ["Timestamp: soon"]])
def test_a_100_without_a_time_to_repeat(headers: list[str]) -> None:
    """Where there is no Timestamp none is made, and one that is no time is repeated as it came."""
    bench = Bench()
    bench.receive(bench.request("INVITE", headers=headers, body=SDP))
    bench.wait(0.2)
    assert bench.last_response.lines_of("Timestamp") == tuple(line.partition(": ")[2] for line in headers)


# -------------------------------------------------------------------- the To tag


@pytest.mark.rfc("3261 8.2.6.2", "3261 9.2", "3261-S07")
def test_one_to_tag_in_all_responses_to_an_invite() -> None:
    """The 100 has none; what follows, and the answer to the CANCEL, has the same."""
    bench = Bench()
    invite = bench.request("INVITE", branch="z9hG4bKcall", body=SDP)
    bench.receive(invite)
    bench.wait(0.2)
    (call,) = bench.endpoint.calls
    bench.take(call.ring(now=bench.now))
    bench.take(call.ring(183, now=bench.now))
    bench.receive(invite)
    bench.receive(bench.request("CANCEL", branch="z9hG4bKcall"))
    ours = call.here.dialog.local_tag
    assert tags(bench) == {100: None, 180: ours, 183: ours, 200: ours, 487: ours}
    assert bench.statuses == [100, 180, 183, 183, 200, 487]


@pytest.mark.rfc("3261 8.2.6.2", "3261-S07")
def test_one_to_tag_in_an_answer_and_its_repeats() -> None:
    """The 2xx has the tag that the 180 had, each time that it is sent."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.ring(now=bench.now))
    bench.take(call.answer(SDP2, now=bench.now))
    bench.wait(4)
    assert bench.statuses == [180, 200, 200, 200, 200]
    assert len({response.to_tag for response in bench.sent}) == 1


@pytest.mark.rfc("3261 8.2.6.2", "3261-S07")
@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("OPTIONS", [], 200),
        ("INVITE", ["Require: nothing"], 420),
        ("REGISTER", [], 405),
        ("PLAY", [], 501),
        ("BYE", [], 481),
        ("CANCEL", [], 481),
        ("MESSAGE", [], 200),
        ("INVITE", ["Contact: <"], 400),
    ],
)
def test_a_tag_is_added_to_every_answer(method: str, headers: list[str], status: int) -> None:
    """Whoever answers, and with what: a To without a tag gets one, and a repeat of the request the same."""
    bench = Bench()
    data = bench.request(method, headers=headers, body=SDP if method == "INVITE" else b"")
    bench.receive(data)
    bench.receive(data)
    assert bench.statuses == [status, status]
    assert len({response.to_tag for response in bench.sent} - {None}) == 1


@pytest.mark.rfc("3261 8.2.6.2", "3261-S07")
def test_a_to_tag_that_is_there_stays() -> None:
    """ "If a request contained a To tag in the request, the To header field in the response MUST equal that of the
    request." """
    bench = Bench()
    bench.receive(bench.request("BYE", to="<sip:bob@192.0.2.1>;tag=of-somebody"))
    assert tags(bench) == {481: "of-somebody"}


# -------------------------------------------------------------------- whole or not at all

REFUSED = {
    "an offer that the application refuses": (488, [], SDP2, "application/sdp"),
    "a body that is not understood": (415, [], b"hello", "text/plain"),
    "an extension that is not known": (420, ["Require: nothing"], SDP2, "application/sdp"),
    "a session interval that is too small": (422, ["Session-Expires: 90", "Supported: timer"], SDP2, "application/sdp"),
    "a header that cannot be read": (400, ["Session-Expires: soon"], SDP2, "application/sdp"),
    "a number that is not higher": (500, [], SDP2, "application/sdp"),
}


@pytest.mark.rfc("3261 8.2", "3261 12.2.2", "3261 14.2", "3261-S01")
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
@pytest.mark.parametrize("why", list(REFUSED))
def test_a_request_that_is_refused_changes_nothing(why: str, method: str) -> None:
    """Neither where the peer is reached, nor the session, nor its interval: "If it is rejected, all state changes MUST
    NOT be performed."
    """
    status, headers, body, kind = REFUSED[why]
    bench = Bench(profile=Profile(smallest_interval_s=300))
    call = bench.acked(headers=[ALLOWS, "Session-Expires: 1800;refresher=uac", "Supported: timer"])
    leg = call.here
    before = (call.agreed, leg.dialog.remote_target, leg.timer.agreed, leg.timer.state, leg.offer_answer.state)
    bench.drain()
    cseq = 1 if status == 500 else 2
    wants = [f"Contact: {ELSEWHERE}"] if method == "UPDATE" else []
    bench.receive(
        bench.in_dialog(method, cseq, call, headers=[*wants, *headers], contact=ELSEWHERE, body=body, content_type=kind)
    )
    if status == 488:
        bench.take(call.reject_offer(now=bench.now))
    assert bench.statuses == [status]
    after = (call.agreed, leg.dialog.remote_target, leg.timer.agreed, leg.timer.state, leg.offer_answer.state)
    assert after == before
    assert len(bench.told(OfferReceived)) == (status == 488)
    bench.take(call.hang_up(now=bench.now))
    assert isinstance(bench.last_request, Request)
    assert str(bench.last_request.uri) == "sip:alice@192.0.2.2:5060"
