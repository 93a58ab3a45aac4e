"""The non-INVITE server transaction (RFC 3261 17.2.2, RFC 4320, RFC 6026 8.8)."""

from __future__ import annotations

import pytest

from sipsm.errors import LocalProtocolError
from sipsm.message import parse_message
from sipsm.transaction import TimerValues
from tests.transaction.messages import Bench, ladder, request


def asked(transport: str = "UDP", times: TimerValues | None = None) -> Bench:
    """Bob has just received an OPTIONS."""
    bench = Bench(transport, times)
    bench.receives(request("OPTIONS"))
    return bench


def proceeding() -> Bench:
    """The 100 has been sent; the log is empty."""
    bench = asked().at(3.5)
    bench.log.clear()
    return bench


def answered(status: int = 200, transport: str = "UDP") -> Bench:
    """Bob has answered at once; the log is empty."""
    bench = asked(transport)
    bench.answers(status, "OPTIONS")
    bench.log.clear()
    return bench


@pytest.mark.rfc("3261-S23", "3261 17.2.2")
def test_a_request_is_shown_once_and_answered_each_time() -> None:
    """Repeats are dropped in Trying and get the last response afterwards, until Timer J ends it 64*T1 later."""
    bench = asked()
    bench.at(0.5).receives(request("OPTIONS"))
    bench.at(3.75).receives(request("OPTIONS"))
    bench.at(4).answers(200, "OPTIONS")
    bench.at(7.5).receives(request("OPTIONS"))
    bench.at(35.75).receives(request("OPTIONS"))
    assert bench.log == ladder("""
        0 up OPTIONS
        0.5 absorbed OPTIONS
        3.5 send 100
        3.75 send 100
        4 send 200
        7.5 send 200
        35.75 send 200
    """)
    assert bench.at(36).over


def test_its_outputs_concern_nobody() -> None:
    """Who is to answer knows the transaction: only a client has a user."""
    tx = asked().tx
    assert tx is not None
    assert tx.user is None


@pytest.mark.rfc("3261-S26", "4320 4.1", "4320 4.2")
def test_what_rfc_4320_forbids() -> None:
    """No provisional response but 100, that one only when Timer E would have reached T2, and no 408 at all."""
    bench = asked()
    for status in (100, 180, 183, 199, 408):
        with pytest.raises(LocalProtocolError, match=rf"^cannot send {status} in Trying: .*\(RFC 4320 4"):
            bench.answers(status, "OPTIONS")
    assert bench.at(3.25).log == ["0 up OPTIONS"]
    bench.at(3.5)
    for status in (100, 180, 183, 199, 408):
        with pytest.raises(LocalProtocolError, match=rf"^cannot send {status} in Proceeding: .*\(RFC 4320 4"):
            bench.answers(status, "OPTIONS")
    assert bench.log == ["0 up OPTIONS", "3.5 send 100"]
    assert bench.state == "Proceeding"


@pytest.mark.rfc("4320 4.1")
@pytest.mark.parametrize("transport", ["UDP", "TCP"])
@pytest.mark.parametrize(
    ("t1", "t2", "after"), [(0.5, 4.0, 3.5), (1.0, 4.0, 3.0), (0.5, 3.0, 3.5), (4.0, 4.0, 4.0), (8.0, 4.0, 8.0)]
)
def test_the_100_comes_when_timer_e_reaches_t2(transport: str, t1: float, t2: float, after: float) -> None:
    """ "Without regard to transport", a 100 is due after the time that a client's Timer E takes to be reset to T2."""
    bench = asked(transport, TimerValues(T1=t1, T2=t2)).at(after - 0.25)
    assert bench.log == ["0 up OPTIONS"]
    bench.at(after)
    assert bench.log == ["0 up OPTIONS", f"{after:g} send 100"]
    assert parse_message(bench.sent[0].data).to.tag is None


@pytest.mark.rfc("4320 4.1")
@pytest.mark.parametrize("status", [200, 404, 603])
def test_a_request_that_is_answered_in_time_gets_no_100(status: int) -> None:
    """The first final response is the only one."""
    bench = asked().at(3.25)
    bench.answers(status, "OPTIONS")
    assert bench.at(34).log == ["0 up OPTIONS", f"3.25 send {status}"]
    assert bench.state == "Completed"


@pytest.mark.rfc("4320 4.2")
def test_a_request_that_is_never_answered_is_given_up() -> None:
    """ "An element that cannot respond before the transaction expires will not send a final response at all"."""
    bench = asked().at(32)
    assert bench.log == ["0 up OPTIONS", "3.5 send 100", "32 timed out"]
    assert bench.over
    bench.answers(200, "OPTIONS")
    assert bench.log[-1] == "32 timed out"


@pytest.mark.rfc("4320 4.2")
def test_a_request_is_given_up_even_before_its_100_is_due() -> None:
    """Where T2 is longer than 64*T1, the client has given up before Timer E could reach T2."""
    bench = asked(times=TimerValues(T1=0.5, T2=100.0)).at(32)
    assert bench.log == ["0 up OPTIONS", "32 timed out"]
    assert bench.over


def test_a_late_answer_leaves_a_new_transaction_of_the_same_key_alone() -> None:
    """A TU that answers a transaction after its end does not make the layer forget the one that took its place."""
    bench = asked()
    old = bench.server
    bench.at(32).receives(request("OPTIONS"))
    assert bench.server is not old
    bench.answers(200, "OPTIONS", old)
    bench.receives(request("OPTIONS"))
    assert bench.log[-2:] == ["32 up OPTIONS", "32 absorbed OPTIONS"]


@pytest.mark.rfc("3261 17.2.2")
def test_on_a_stream_the_final_response_ends_it() -> None:
    """Timer J is zero on a reliable transport, from Trying and from Proceeding."""
    assert answered(200, "TCP").over
    late = asked("TCP").at(5)
    late.answers(200, "OPTIONS")
    assert late.log == ["0 up OPTIONS", "3.5 send 100", "5 send 200"]
    assert late.over


@pytest.mark.rfc("3261 17.2.2")
@pytest.mark.parametrize("status", [100, 180, 200, 500, 408])
def test_other_responses_after_the_final_one_are_discarded(status: int) -> None:
    """ "Any other final responses passed by the TU ... MUST be discarded while in the "Completed" state"."""
    bench = answered(404)
    bench.answers(status, "OPTIONS")
    assert bench.log == []
    bench.receives(request("OPTIONS"))
    assert bench.log == ["0 send 404"]
    assert bench.at(32).over


@pytest.mark.rfc("6026 8.8")
def test_a_response_that_cannot_be_sent_ends_nothing() -> None:
    """The TU is told, and the transaction "MUST remain in the current state", in Proceeding and in Completed."""
    early = proceeding()
    early.cannot_send()
    assert (early.log, early.state) == (["3.5 failed"], "Proceeding")
    done = answered()
    done.cannot_send()
    assert (done.log, done.state) == (["0 failed"], "Completed")
    done.receives(request("OPTIONS"))
    assert done.log[-1] == "0 send 200"
    assert done.at(32).over


@pytest.mark.rfc("3261 17.2.4")
def test_before_a_response_there_is_nothing_that_could_fail() -> None:
    """A transport error in Trying changes nothing."""
    bench = asked()
    assert bench.layer.send_failed(bench.server.key, bench.now) == []
    assert bench.state == "Trying"


def test_after_the_final_response_only_its_bytes_are_kept() -> None:
    """A transaction that lingers holds no message."""
    assert answered().server.request is None
