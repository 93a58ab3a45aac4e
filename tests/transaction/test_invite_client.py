"""The INVITE client transaction (RFC 3261 17.1.1, RFC 6026 8.4)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sipsm.message import parse_message
from sipsm.transaction import InviteClientTransaction, ResponseReceived, TimerValues
from tests.transaction.messages import ALICE, BOB, Bench, ladder, request, response


def calling(transport: str = "UDP", times: TimerValues | None = None) -> Bench:
    """Alice has just sent an INVITE."""
    bench = Bench(transport, times)
    bench.sends(request())
    return bench


def proceeding(transport: str = "UDP") -> Bench:
    """The INVITE has been answered with 100; the log is empty."""
    bench = calling(transport)
    bench.receives(response(100))
    bench.log.clear()
    return bench


@pytest.mark.rfc("3261-S19", "3261 17.1.1.2", "6026 7.2")
def test_the_timers_of_an_invite() -> None:
    """A doubles from T1 without a cap, B is 64*T1; D at least 32 s, or 0 on a stream; M holds Accepted for 64*T1."""
    unanswered = calling(times=TimerValues(T1=1.0, T2=4.0)).at(64)
    assert unanswered.log == ladder("""
        0 send INVITE
        1 send INVITE
        3 send INVITE
        7 send INVITE
        15 send INVITE
        31 send INVITE
        63 send INVITE
        64 timed out
    """)
    assert unanswered.over

    refused = calling(times=TimerValues(T1=0.125))
    refused.receives(response(486))
    assert refused.at(31.75).state == "Completed"
    assert refused.at(32).over

    refused_on_a_stream = calling("TCP")
    refused_on_a_stream.receives(response(486))
    assert refused_on_a_stream.over

    for transport in ("UDP", "TCP"):
        accepted = calling(transport)
        accepted.receives(response(200))
        assert accepted.at(31.75).state == "Accepted"
        assert accepted.at(32).over


@pytest.mark.rfc("3261 17.1.1.2")
def test_an_invite_that_nobody_answers_is_sent_seven_times() -> None:
    """64*T1 is "the amount of time required to send seven requests"; then the TU is told, and no ACK is sent."""
    bench = calling().at(1000)
    assert bench.log == ladder("""
        0 send INVITE
        0.5 send INVITE
        1.5 send INVITE
        3.5 send INVITE
        7.5 send INVITE
        15.5 send INVITE
        31.5 send INVITE
        32 timed out
    """)
    assert bench.over
    assert {send.data for send in bench.sent} == {bytes(request())}
    assert {send.flow for send in bench.sent} == {bench.flow}


@pytest.mark.rfc("3261 17.1.1.2")
def test_a_stream_carries_the_invite_once() -> None:
    """On a reliable transport Timer A is not started, and Timer B is."""
    bench = calling("TCP").at(1000)
    assert bench.log == ["0 send INVITE", "32 timed out"]
    assert bench.over


@pytest.mark.rfc("3261 17.1.1.2")
def test_a_provisional_response_ends_the_retransmissions() -> None:
    """In Proceeding the request is not sent again, every provisional is passed up, and ringing has no limit."""
    bench = calling()
    bench.at(0.75).receives(response(100))
    assert bench.state == "Proceeding"
    bench.at(20).receives(response(180))
    bench.at(200).receives(response(180))
    bench.at(100_000).receives(response(183))
    assert bench.log == ladder("""
        0 send INVITE
        0.5 send INVITE
        0.75 up 100
        20 up 180
        200 up 180
        100000 up 183
    """)
    assert bench.state == "Proceeding"
    assert bench.agenda.next_timeout() is None


@pytest.mark.rfc("3261 17.1.1.2", "6026 8.4")
@pytest.mark.parametrize("begin", [calling, proceeding])
@pytest.mark.parametrize("status", [300, 404, 487, 503, 699])
def test_a_refusal_is_acknowledged_and_passed_up_once(begin: Callable[[str], Bench], status: int) -> None:
    """Each final response from 300 to 699 gets an ACK for 32 s, and only the first of them goes up."""
    bench = begin("UDP")
    bench.log.clear()
    bench.receives(response(status))
    assert bench.state == "Completed"
    bench.at(0.5).receives(response(status))
    bench.at(31.75).receives(response(status))
    assert bench.log == ["0 send ACK", f"0 up {status}", "0.5 send ACK", "31.75 send ACK"]
    assert bench.at(32).over


@pytest.mark.rfc("6026 8.4")
@pytest.mark.parametrize(("t1", "lasts"), [(0.125, 32.0), (0.5, 32.0), (1.0, 64.0)])
def test_timer_d_is_never_below_32_seconds(t1: float, lasts: float) -> None:
    """The server's T1 is not known, so "an absolute minimum of 32 s is used instead of basing Timer D on T1"."""
    bench = calling(times=TimerValues(T1=t1))
    bench.receives(response(486))
    assert bench.agenda.next_timeout() == 1000.0 + lasts
    assert bench.at(lasts).over


@pytest.mark.rfc("3261 17.1.1.2", "6026 8.4")
@pytest.mark.parametrize("begin", [calling, proceeding])
def test_a_refusal_on_a_stream_ends_the_transaction_at_once(begin: Callable[[str], Bench]) -> None:
    """On a reliable transport Timer D is zero: the ACK is sent, the response goes up, the transaction is gone."""
    bench = begin("TCP")
    bench.log.clear()
    bench.receives(response(486))
    assert bench.log == ["0 send ACK", "0 up 486"]
    assert bench.over
    bench.receives(response(486))
    assert bench.log[-1] == "0 unmatched 486"


@pytest.mark.rfc("6026 7.2", "6026 8.4")
@pytest.mark.parametrize("begin", [calling, proceeding])
@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_every_2xx_goes_up(begin: Callable[[str], Bench], transport: str) -> None:
    """In Accepted each 2xx, of whatever branch of a fork, is passed up; no ACK is sent; Timer M ends it on any flow."""
    bench = begin(transport)
    bench.log.clear()
    bench.receives(response(200, to_tag="one"))
    assert bench.state == "Accepted"
    bench.at(0.5).receives(response(200, to_tag="one"))
    bench.at(1).receives(response(202, to_tag="two"))
    bench.at(31.75).receives(response(200, to_tag="two"))
    assert bench.log == ["0 up 200", "0.5 up 200", "1 up 202", "31.75 up 200"]
    assert bench.at(32).over
    bench.receives(response(200, to_tag="one"))
    assert bench.log[-1] == "32 unmatched 200"


@pytest.mark.rfc("3261 17.1.1.2", "6026 8.4")
def test_what_comes_after_the_final_response_is_absorbed() -> None:
    """A provisional that was overtaken, and a final of the other kind, are not passed up, and no timer is touched."""
    refused = proceeding()
    refused.receives(response(486))
    refused.at(1).receives(response(180))
    refused.receives(response(200))
    assert refused.log == ["0 send ACK", "0 up 486", "1 absorbed 180", "1 absorbed 200"]
    assert refused.at(32).over

    accepted = proceeding()
    accepted.receives(response(200))
    accepted.at(1).receives(response(180))
    accepted.receives(response(486))
    assert accepted.log == ["0 up 200", "1 absorbed 180", "1 absorbed 486"]
    assert accepted.at(32).over


@pytest.mark.rfc("3261 17.1.4", "6026 8.4")
def test_a_request_that_cannot_be_sent_ends_the_transaction() -> None:
    """The TU is told of a transport error in Calling and in Completed, and the transaction terminates."""
    unsent = calling()
    unsent.cannot_send()
    assert unsent.log == ["0 send INVITE", "0 failed"]
    assert unsent.over

    unacknowledged = proceeding()
    unacknowledged.receives(response(486))
    unacknowledged.cannot_send()
    assert unacknowledged.log == ["0 send ACK", "0 up 486", "0 failed"]
    assert unacknowledged.over


@pytest.mark.rfc("6026 8.4")
@pytest.mark.parametrize(("status", "state"), [(180, "Proceeding"), (200, "Accepted")])
def test_where_nothing_is_sent_a_late_transport_error_means_nothing(status: int, state: str) -> None:
    """An error that is reported after the INVITE has been answered does not undo the answer."""
    bench = calling()
    bench.receives(response(status))
    bench.log.clear()
    bench.cannot_send()
    assert bench.log == []
    assert bench.state == state


@pytest.mark.rfc("3261 9.1")
def test_an_invite_whose_cancel_had_no_effect_is_given_up() -> None:
    """The client SHOULD "destroy the client transaction handling the original request", and nobody is told."""
    bench = proceeding()
    assert bench.layer.give_up(request(), bench.now) == []
    assert bench.over
    assert bench.layer.give_up(request(), bench.now) == []


@pytest.mark.rfc("3261 9.1")
@pytest.mark.parametrize(("status", "state"), [(None, "Calling"), (486, "Completed"), (200, "Accepted")])
def test_only_an_invite_that_waits_for_its_final_response_is_given_up(status: int | None, state: str) -> None:
    """Before a provisional no CANCEL is sent, and after a final response it has no effect."""
    bench = calling()
    if status is not None:
        bench.receives(response(status))
    before = bench.agenda.next_timeout()
    assert bench.layer.give_up(request(), bench.now) == []
    assert (bench.state, bench.agenda.next_timeout()) == (state, before)


def test_the_transaction_knows_its_user() -> None:
    """What goes up names its transaction, and with it whom it concerns."""
    bench = calling()
    bench.receives(response(180))
    up = bench.outputs[-1]
    assert isinstance(up, ResponseReceived)
    assert isinstance(up.transaction, InviteClientTransaction)
    assert (up.transaction.user, up.transaction.flow.remote, up.transaction.flow.local) == ("user", ALICE, BOB)


@pytest.mark.rfc("3261 17.1.1.2")
def test_the_ack_goes_where_the_invite_went() -> None:
    """The ACK is sent "to the same address, port, and transport to which the original request was sent"."""
    bench = calling("TLS")
    bench.receives(response(603))
    assert [send.flow for send in bench.sent] == [bench.flow, bench.flow]
    assert parse_message(bench.sent[1].data).cseq.method == "ACK"
