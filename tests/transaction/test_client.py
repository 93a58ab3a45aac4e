"""The non-INVITE client transaction (RFC 3261 17.1.2)."""

from __future__ import annotations

import pytest

from sipsm.transaction import NonInviteClientTransaction, TimerValues
from tests.transaction.messages import Bench, ladder, request, response


def trying(transport: str = "UDP", times: TimerValues | None = None, method: str = "OPTIONS") -> Bench:
    """Alice has just sent a request."""
    bench = Bench(transport, times)
    bench.sends(request(method))
    return bench


@pytest.mark.rfc("3261-S21", "3261 17.1.2.2")
def test_the_timers_of_a_request() -> None:
    """E doubles to T2, and in Proceeding it fires every T2 and the request is still sent; F ends it; K is T4."""
    bench = trying().at(0.75)
    bench.receives(response(100, "OPTIONS"))
    assert bench.at(100).log == ladder("""
        0 send OPTIONS
        0.5 send OPTIONS
        0.75 up 100
        1.5 send OPTIONS
        5.5 send OPTIONS
        9.5 send OPTIONS
        13.5 send OPTIONS
        17.5 send OPTIONS
        21.5 send OPTIONS
        25.5 send OPTIONS
        29.5 send OPTIONS
        32 timed out
    """)
    assert bench.over

    silent = trying(times=TimerValues(T1=1.0, T2=3.0)).at(14)
    assert silent.log == [f"{at} send OPTIONS" for at in (0, 1, 3, 6, 9, 12)]

    answered = trying()
    answered.receives(response(200, "OPTIONS"))
    assert answered.at(4.75).state == "Completed"
    assert answered.at(5).over


@pytest.mark.rfc("3261 17.1.2.2")
def test_a_request_that_nobody_answers() -> None:
    """The intervals are "500 ms, 1 s, 2 s, 4 s, 4 s, 4 s, etc."; after 64*T1 the TU is told."""
    bench = trying().at(1000)
    assert bench.log == ladder("""
        0 send OPTIONS
        0.5 send OPTIONS
        1.5 send OPTIONS
        3.5 send OPTIONS
        7.5 send OPTIONS
        11.5 send OPTIONS
        15.5 send OPTIONS
        19.5 send OPTIONS
        23.5 send OPTIONS
        27.5 send OPTIONS
        31.5 send OPTIONS
        32 timed out
    """)
    assert bench.over
    assert {send.data for send in bench.sent} == {bytes(request("OPTIONS"))}


@pytest.mark.rfc("3261 17.1.2.2")
def test_a_stream_carries_the_request_once() -> None:
    """On a reliable transport Timer E is not set, in Proceeding neither; Timer F is."""
    bench = trying("TCP").at(4)
    bench.receives(response(100, "OPTIONS"))
    assert bench.at(1000).log == ["0 send OPTIONS", "4 up 100", "32 timed out"]
    assert bench.over


@pytest.mark.rfc("3261 17.1.2.2")
@pytest.mark.parametrize("before", [(), (100,), (100, 183)])
@pytest.mark.parametrize("status", [200, 302, 404, 503, 606])
def test_the_first_final_response_goes_up(before: tuple[int, ...], status: int) -> None:
    """Provisional responses and one final are passed up; what comes in the T4 after it is absorbed."""
    bench = trying("UDP", None, "BYE")
    for provisional in before:
        bench.receives(response(provisional, "BYE"))
    bench.receives(response(status, "BYE"))
    assert bench.state == "Completed"
    bench.at(1).receives(response(status, "BYE"))
    bench.at(4.75).receives(response(180, "BYE"))
    assert bench.log == [
        "0 send BYE",
        *(f"0 up {provisional}" for provisional in before),
        f"0 up {status}",
        f"1 absorbed {status}",
        "4.75 absorbed 180",
    ]
    assert bench.at(5).over


@pytest.mark.rfc("3261 17.1.2.2")
@pytest.mark.parametrize("before", [None, 100])
def test_on_a_stream_the_final_response_ends_it(before: int | None) -> None:
    """Timer K is zero on a reliable transport: nothing can be repeated there."""
    bench = trying("TLS")
    if before is not None:
        bench.receives(response(before, "OPTIONS"))
    bench.receives(response(200, "OPTIONS"))
    assert bench.log[-1] == "0 up 200"
    assert bench.over


@pytest.mark.rfc("3261 17.1.2.2")
def test_timer_f_counts_from_the_request() -> None:
    """A provisional response does not give the server more time."""
    bench = trying().at(31.75)
    bench.receives(response(100, "OPTIONS"))
    bench.log.clear()
    assert bench.at(40).log == ["32 timed out"]


@pytest.mark.rfc("3261 17.1.4")
@pytest.mark.parametrize("status", [None, 100])
def test_a_request_that_cannot_be_sent_ends_the_transaction(status: int | None) -> None:
    """The TU is told of a transport error in Trying and in Proceeding, and the transaction terminates."""
    bench = trying()
    if status is not None:
        bench.receives(response(status, "OPTIONS"))
    bench.cannot_send()
    assert bench.log[-1] == "0 failed"
    assert bench.over


@pytest.mark.rfc("3261 17.1.4")
def test_a_late_transport_error_does_not_undo_the_answer() -> None:
    """In Completed nothing is sent, and an error that is reported then changes nothing."""
    bench = trying()
    bench.receives(response(200, "OPTIONS"))
    bench.cannot_send()
    assert bench.log == ["0 send OPTIONS", "0 up 200"]
    assert bench.at(5).over


@pytest.mark.rfc("3261 17.1")
@pytest.mark.parametrize("method", ["CANCEL", "BYE", "REGISTER", "MESSAGE", "FOO"])
def test_every_method_but_invite_has_the_same_transaction(method: str) -> None:
    """Methods that nobody has heard of too."""
    assert isinstance(trying(method=method).tx, NonInviteClientTransaction)
