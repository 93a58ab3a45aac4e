"""The INVITE server transaction (RFC 3261 17.2.1, RFC 6026 7.1 and 8.5 to 8.8)."""

from __future__ import annotations

import pytest

from sipsm.message import Response, parse_message
from sipsm.transaction import TimerValues
from tests.transaction.messages import Bench, ladder, request, response


def invited(transport: str = "UDP", times: TimerValues | None = None) -> Bench:
    """Bob has just received an INVITE."""
    bench = Bench(transport, times)
    bench.receives(request())
    return bench


def answered(status: int, transport: str = "UDP") -> Bench:
    """Bob has answered it; the log is empty."""
    bench = invited(transport)
    bench.answers(status)
    bench.log.clear()
    return bench


@pytest.mark.rfc("3261-S22", "3261 17.2.1", "6026 7.1")
def test_the_timers_of_a_received_invite() -> None:
    """100 within 200 ms; G doubles to T2 and H ends it; I absorbs ACKs; L holds Accepted, and 2xx pass through."""
    refused = invited().at(0.5)
    refused.answers(486)
    assert refused.at(1000).log == ladder("""
        0 up INVITE
        0.2 send 100
        0.5 send 486
        1 send 486
        2 send 486
        4 send 486
        8 send 486
        12 send 486
        16 send 486
        20 send 486
        24 send 486
        28 send 486
        32 send 486
        32.5 timed out
    """)
    assert refused.over

    acknowledged = answered(486)
    acknowledged.at(0.75).receives(request("ACK"))
    assert acknowledged.at(5.5).state == "Confirmed"
    assert acknowledged.at(5.75).over
    assert acknowledged.log == ["0.5 send 486"]

    accepted = answered(200)
    accepted.at(0.5).answers(200)
    accepted.at(1.5).answers(200)
    assert accepted.at(31.75).log == ["0.5 send 200", "1.5 send 200"]
    assert accepted.at(32).over


@pytest.mark.rfc("3261 17.2.1", "3261 8.2.6.1")
def test_the_100_is_sent_when_nothing_else_has_been() -> None:
    """The 100 comes 200 ms after the INVITE, without a To tag and with the Timestamp of the request."""
    bench = Bench("TCP")
    bench.receives(request(more="Timestamp: 54\r\n"))
    bench.at(0.199)
    assert bench.log == ["0 up INVITE"]
    bench.at(60)
    assert bench.log == ["0 up INVITE", "0.2 send 100"]
    trying = parse_message(bench.sent[0].data)
    assert isinstance(trying, Response)
    assert trying.to.tag is None
    assert str(trying.header("Timestamp")).split()[0] == "54"
    assert bench.agenda.next_timeout() is None


@pytest.mark.rfc("3261 17.2.1")
@pytest.mark.parametrize("status", [100, 180, 200, 486])
def test_an_answer_within_200_ms_makes_the_100_needless(status: int) -> None:
    """The TU that answers sooner is the only one to answer."""
    bench = invited().at(0.125)
    bench.answers(status)
    assert bench.at(0.5).log == ["0 up INVITE", f"0.125 send {status}"]


@pytest.mark.rfc("3261 17.2.1")
def test_a_repeated_invite_gets_the_last_provisional_response() -> None:
    """ "The most recent provisional response ... MUST be passed to the transport layer"; none of it reaches the TU."""
    bench = invited()
    bench.at(0.125).receives(request())
    bench.at(0.25).receives(request())
    bench.at(1).answers(180)
    bench.at(2).receives(request())
    bench.at(3).answers(183)
    bench.at(4).receives(request())
    assert bench.at(1000).log == ladder("""
        0 up INVITE
        0.125 absorbed INVITE
        0.2 send 100
        0.25 send 100
        1 send 180
        2 send 180
        3 send 183
        4 send 183
    """)
    assert bench.state == "Proceeding"


@pytest.mark.rfc("3261 17.2.1")
def test_a_refusal_is_repeated_on_a_datagram_transport() -> None:
    """Timer G starts at T1 and doubles to T2; a repeated INVITE gets the response at once; H tells of a failure."""
    bench = answered(503).at(0.75)
    bench.receives(request())
    assert bench.at(1000).log == ladder("""
        0.5 send 503
        0.75 send 503
        1.5 send 503
        3.5 send 503
        7.5 send 503
        11.5 send 503
        15.5 send 503
        19.5 send 503
        23.5 send 503
        27.5 send 503
        31.5 send 503
        32 timed out
    """)
    assert bench.over


@pytest.mark.rfc("3261 17.2.1")
def test_a_refusal_is_sent_once_on_a_stream() -> None:
    """Timer G is not set on a reliable transport; Timer H is, and Timer I is zero."""
    unacknowledged = answered(486, "TCP")
    assert unacknowledged.at(1000).log == ["32 timed out"]
    assert unacknowledged.over
    acknowledged = answered(486, "TCP")
    acknowledged.receives(request("ACK"))
    assert acknowledged.log == []
    assert acknowledged.over


@pytest.mark.rfc("3261 17.2.1")
@pytest.mark.parametrize("status", [302, 486, 600])
@pytest.mark.parametrize("first", [None, 180])
def test_an_ack_stops_the_refusal(status: int, first: int | None) -> None:
    """In Confirmed nothing is sent, and repeats of the ACK and of the INVITE are absorbed for T4."""
    bench = invited()
    if first is not None:
        bench.answers(first)
    bench.answers(status)
    bench.log.clear()
    bench.at(0.25).receives(request("ACK"))
    assert bench.state == "Confirmed"
    bench.at(1).receives(request("ACK"))
    bench.at(5).receives(request())
    assert bench.log == ["1 absorbed ACK", "5 absorbed INVITE"]
    assert bench.at(5.25).over


@pytest.mark.rfc("6026 7.1", "6026 8.5", "6026 8.7")
@pytest.mark.parametrize("transport", ["UDP", "TCP"])
@pytest.mark.parametrize("first", [None, 180])
def test_an_accepted_invite(transport: str, first: int | None) -> None:
    """The transaction repeats no 2xx itself, passes on those of the TU, absorbs the INVITE, and lets the ACK up."""
    bench = invited(transport)
    if first is not None:
        bench.answers(first)
    bench.answers(200)
    assert bench.log[-1] == "0 send 200"
    assert bench.state == "Accepted"
    bench.log.clear()
    bench.at(0.25).receives(request())
    bench.at(0.5).answers(200)
    bench.at(1).receives(request("ACK"))
    bench.at(2).receives(request("ACK"))
    assert bench.at(31.75).log == ["0.25 absorbed INVITE", "0.5 send 200", "1 up ACK", "2 up ACK"]
    assert bench.at(32).over


@pytest.mark.rfc("3261 17.2.1")
@pytest.mark.parametrize("first", [200, 486])
@pytest.mark.parametrize("second", [180, 200, 500])
def test_one_final_response_is_sent(first: int, second: int) -> None:
    """After a final response the transaction sends no other, but the repeats of a 2xx."""
    bench = answered(first)
    before = bench.state, bench.agenda.next_timeout()
    bench.answers(second)
    assert bench.log == (["0 send 200"] if first == second == 200 else [])
    assert (bench.state, bench.agenda.next_timeout()) == before


@pytest.mark.rfc("3261 17.2.1")
@pytest.mark.parametrize("status", [180, 200, 486])
def test_an_acknowledged_refusal_stays_the_only_answer(status: int) -> None:
    """In Confirmed and afterwards, what the TU answers is discarded."""
    bench = answered(486)
    bench.receives(request("ACK"))
    bench.answers(status)
    assert (bench.log, bench.state) == ([], "Confirmed")
    bench.at(5).answers(status)
    assert bench.log == []
    assert bench.over


@pytest.mark.rfc("3261-S25", "6026 7.1", "6026 8.8")
@pytest.mark.parametrize(
    ("status", "state", "ends"), [(180, "Proceeding", None), (486, "Completed", 32), (200, "Accepted", 32)]
)
def test_a_response_that_cannot_be_sent_ends_nothing(status: int, state: str, ends: float | None) -> None:
    """The TU is told, the transaction stays as it is, repeats of the INVITE are still recognised, and timers end it."""
    bench = answered(status)
    for _ in range(2):
        bench.cannot_send()
        assert bench.state == state
    assert bench.log == ["0 failed", "0 failed"]
    bench.receives(request())
    assert bench.log[2:] == (["0 absorbed INVITE"] if status == 200 else [f"0 send {status}"])
    if ends is not None:
        assert bench.at(ends).over


@pytest.mark.rfc("3261 17.2.1")
def test_where_nothing_is_sent_a_transport_error_means_nothing() -> None:
    """Before the first response and after the ACK there is nothing that could have failed."""
    trying = invited()
    assert trying.layer.send_failed(trying.server.key, trying.now) == []
    assert trying.state == "Trying"
    confirmed = answered(486)
    confirmed.receives(request("ACK"))
    confirmed.cannot_send()
    assert (confirmed.log, confirmed.state) == ([], "Confirmed")


@pytest.mark.rfc("3261 17.2.1")
@pytest.mark.parametrize("status", [None, 180])
def test_an_ack_before_a_final_response_acknowledges_nothing(status: int | None) -> None:
    """It is absorbed, and the INVITE is still to be answered."""
    bench = invited()
    if status is not None:
        bench.answers(status)
    state = bench.state
    bench.receives(request("ACK"))
    assert (bench.log[-1], bench.state) == ("0 absorbed ACK", state)


@pytest.mark.parametrize("first", [None, 180])
@pytest.mark.parametrize("status", [200, 486])
def test_after_the_final_response_only_its_bytes_are_kept(first: int | None, status: int) -> None:
    """A transaction that lingers holds no message."""
    bench = invited()
    if first is not None:
        bench.answers(first)
    bench.answers(status)
    assert (bench.server.request, bench.server.wire) == (None, bytes(response(status)))
