"""Sends that fail and flows that are gone, in every state (RFC 3261 17.1.4, 17.2.4, 18.4, RFC 6026 8.8)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sipsm import Answered, Call, CallState, Ended, EndReason, Flow, NotDelivered, Send
from sipsm.role import Output
from tests.endpoint.by_hand import OURS, SDP2, T1, THEIRS, Bench, lines
from tests.endpoint.snapshot import snapshot
from tests.role.stages import STAGES, Stage, acknowledged, calling, hung_up, ringing, to_its_end, up

Failure = Callable[[Bench, Send], list[Output]]


def send_failed(bench: Bench, send: Send) -> list[Output]:
    return bench.take(bench.endpoint.send_failed(send, bench.now))


def flow_closed(bench: Bench, send: Send) -> list[Output]:
    return bench.take(bench.endpoint.flow_closed(send.flow, bench.now))


def sends(bench: Bench) -> list[Send]:
    """All that was sent, in order."""
    return [output for output in bench.outputs if isinstance(output, Send)]


def send_of(bench: Bench, start: str) -> Send:
    """The last message sent that begins so."""
    return next(send for send in reversed(sends(bench)) if send.data.startswith(start.encode()))


# -------------------------------------------------------------------- requests of ours


@pytest.mark.rfc("3261 17.1.4", "3261 8.1.3.1", "3261 18.4")
@pytest.mark.parametrize("fail", [send_failed, flow_closed])
def test_an_invite_that_cannot_be_sent(fail: Failure) -> None:
    """The call is over at once, and nothing is sent again."""
    bench = Bench()
    call = calling(bench)
    fail(bench, sends(bench)[0])
    (ended,) = bench.told(Ended)
    assert (ended.call, ended.reason, ended.status) == (call, EndReason.TRANSPORT_FAILED, 503)
    bench.quiet()
    assert bench.methods == ["INVITE"]
    assert bench.left() == {}


@pytest.mark.parametrize("fail", [send_failed, flow_closed])
def test_a_repeat_of_an_invite_that_cannot_be_sent(fail: Failure) -> None:
    """A failure of any repeat counts as much as one of the first."""
    bench = Bench()
    calling(bench)
    bench.wait(2)
    fail(bench, sends(bench)[-1])
    assert [event.reason for event in bench.told(Ended)] == [EndReason.TRANSPORT_FAILED]


@pytest.mark.rfc("3261 17.1.4")
@pytest.mark.parametrize("fail", [send_failed, flow_closed])
def test_a_request_that_cannot_be_sent(fail: Failure) -> None:
    """It has ended as if a 503 had come."""
    bench = Bench()
    outgoing, outputs = bench.endpoint.request("OPTIONS", "sip:bob@192.0.2.2", now=bench.now)
    bench.take(outputs)
    fail(bench, sends(bench)[0])
    (answered,) = bench.told(Answered)
    assert (answered.request, answered.status, answered.response) == (outgoing, 503, None)
    assert bench.left() == {}


@pytest.mark.parametrize("fail", [send_failed, flow_closed])
def test_a_bye_that_cannot_be_sent(fail: Failure) -> None:
    """The call is over all the same (RFC 3261 15.1.1)."""
    bench = Bench()
    hung_up(bench)
    fail(bench, send_of(bench, "BYE"))
    assert [event.reason for event in bench.told(Ended)] == [EndReason.HUNG_UP]
    bench.quiet()
    assert bench.left() == {}


def test_a_request_in_a_call_that_cannot_be_sent() -> None:
    """That one has failed; the call is not ended by it."""
    bench = Bench()
    call = up(bench)
    bench.take(call.request("INFO", now=bench.now)[1])
    send_failed(bench, send_of(bench, "INFO"))
    assert [event.status for event in bench.told(Answered)] == [503]
    assert call.state is CallState.ESTABLISHED


def test_a_cancel_that_cannot_be_sent() -> None:
    """The INVITE goes on until it is answered, or given up."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180))
    bench.take(call.cancel(now=bench.now))
    assert send_failed(bench, send_of(bench, "CANCEL")) == []
    assert call.state is CallState.ENDING
    bench.wait(64 * T1)
    assert [event.reason for event in bench.told(Ended)] == [EndReason.CANCELLED]


@pytest.mark.parametrize("fail", [send_failed, flow_closed])
def test_a_failure_after_an_answer_has_come_is_too_late(fail: Failure) -> None:
    """What has been answered has arrived, whatever the network says of it now."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180))
    assert fail(bench, sends(bench)[0]) == []
    bench.receive(bench.response(call.invite, 200, body=SDP2))
    assert fail(bench, sends(bench)[0]) == []
    assert call.state is CallState.ESTABLISHED
    to_its_end(bench, call)


def test_an_ack_that_cannot_be_sent() -> None:
    """The application is told, the call is up, and the repeat of the 2xx brings the ACK again."""
    bench = Bench()
    call = up(bench)
    ack = send_of(bench, "ACK")
    assert send_failed(bench, ack) == [NotDelivered(ack.data, "it could not be sent", call)]
    assert call.state is CallState.ESTABLISHED
    bench.receive(bench.response(call.invite, 200, body=SDP2))
    assert bench.methods == ["INVITE", "ACK", "ACK"]


# -------------------------------------------------------------------- responses


@pytest.mark.rfc("6026 7.1", "6026 8.8")
def test_a_provisional_response_that_cannot_be_sent() -> None:
    """The application is told, and can still answer."""
    bench = Bench()
    call = ringing(bench)
    send = sends(bench)[0]
    assert send_failed(bench, send) == [NotDelivered(send.data, "the response could not be sent")]
    bench.take(call.answer(SDP2, now=bench.now))
    assert bench.statuses == [180, 200]


@pytest.mark.rfc("6026 7.1", "6026 8.8")
@pytest.mark.parametrize("status", [200, 486])
def test_a_final_response_that_cannot_be_sent(status: int) -> None:
    """Its transaction lives on, and sends it again when its timer says so."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.answer(SDP2, now=bench.now) if status == 200 else call.reject(status, now=bench.now))
    send = sends(bench)[0]
    assert send_failed(bench, send) == [NotDelivered(send.data, "the response could not be sent")]
    bench.wait(T1)
    assert bench.statuses == [status, status]
    bench.receive(bench.in_dialog("ACK", 1, call, branch="z9hG4bKcall" if status != 200 else None))
    bench.wait(5)
    assert bench.statuses == [status, status]


def test_an_answer_to_another_request_that_cannot_be_sent() -> None:
    """The application is told; the repeat of the request brings the answer again."""
    bench = Bench()
    data = bench.request("OPTIONS")
    bench.receive(data)
    send = sends(bench)[0]
    assert send_failed(bench, send) == [NotDelivered(send.data, "the response could not be sent")]
    bench.receive(data)
    assert bench.wires == [send.data] * 2
    bench.quiet()
    assert bench.left() == {}


def test_a_stateless_answer_that_cannot_be_sent() -> None:
    """It is told and forgotten: nothing waits for it."""
    bench = Bench()
    bench.receive(lines("OPTIONS sip:a@b SIP/2.0", "Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKx"))
    (send,) = sends(bench)
    assert send.sender is None
    assert send_failed(bench, send) == [NotDelivered(send.data, "it could not be sent")]


# -------------------------------------------------------------------- at any time


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.__name__)
def test_any_send_of_a_call_may_fail_at_any_stage(stage: Stage) -> None:
    """Whatever fails, however late: nothing is raised, the call ends once, and nothing is left."""
    for number in range(10):
        bench = Bench()
        call = stage(bench)
        if number >= len(sends(bench)):
            break
        send_failed(bench, sends(bench)[number])
        send_failed(bench, sends(bench)[number])
        to_its_end(bench, call)


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.__name__)
def test_the_flow_of_a_call_may_close_at_any_stage(stage: Stage) -> None:
    """The same for a flow, at each stage and again later."""
    bench = Bench()
    call = stage(bench)
    flow = Flow("UDP", OURS, THEIRS)
    bench.take(bench.endpoint.flow_closed(flow, bench.now))
    bench.take(bench.endpoint.flow_closed(flow, bench.now))
    to_its_end(bench, call)


@pytest.mark.rfc("3261 18.4")
def test_a_closed_flow_concerns_everything_on_it_and_nothing_else() -> None:
    """Two calls have failed, the third is on another flow, and a response may go another way (18.2.2).

    A flow that nobody knows concerns nobody.
    """
    bench = Bench()
    fourth = ringing(bench)
    first, second = calling(bench), calling(bench)
    third = bench.outgoing(target="sip:carol@192.0.2.3")
    before = snapshot(bench.endpoint)
    assert bench.endpoint.flow_closed(Flow("UDP", OURS, ("192.0.2.9", 5060)), bench.now) == []
    assert snapshot(bench.endpoint) == before
    bench.take(bench.endpoint.flow_closed(bench.flows[0], bench.now))
    assert [event.call for event in bench.told(Ended)] == [first, second]
    assert bench.endpoint.calls == [fourth, third]


@pytest.mark.parametrize("begin", [up, acknowledged])
def test_a_send_that_nobody_remembers(begin: Callable[[Bench], Call]) -> None:
    """A failure that is told long after its transaction has ended does nothing."""
    bench = Bench()
    call = begin(bench)
    to_its_end(bench, call)
    for send in sends(bench):
        assert all(isinstance(output, NotDelivered) for output in bench.endpoint.send_failed(send, bench.now))
    assert bench.left() == {}
