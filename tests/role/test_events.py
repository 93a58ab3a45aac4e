"""What the application is told: the stable names, the parts of each event, and that nothing can change in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import attrs
import pytest

from sipsm import (
    Answered,
    AnswerReceived,
    BindingAdded,
    BindingRefreshed,
    BindingRemoved,
    CallState,
    Close,
    Dropped,
    DropReason,
    EarlyDialogEnded,
    Ended,
    EndReason,
    Established,
    Event,
    Flow,
    Forked,
    IncomingCall,
    InfoReceived,
    MessageReceived,
    ModificationRefused,
    Modified,
    NotDelivered,
    NotificationRefused,
    NotifyReceived,
    OfferReceived,
    OfferRequested,
    OfferWithdrawn,
    Open,
    Output,
    PeerSubscriptionEnded,
    Postponed,
    ProvisionalAcknowledged,
    PublicationEnded,
    Published,
    PublishFailed,
    PublishRequested,
    PublishWithdrawn,
    Redirected,
    ReferAccepted,
    ReferEnded,
    ReferForked,
    ReferProgress,
    ReferReceived,
    Refreshed,
    RefreshFailed,
    Registered,
    RegisterFailed,
    RegistrationEnded,
    RegistrationRequested,
    RegistrationWithdrawn,
    RequestServed,
    Resolve,
    Response,
    Resubscribing,
    Ringing,
    Send,
    ServerUnproven,
    StatePublished,
    StateWanted,
    SubscriptionActive,
    SubscriptionEnded,
    SubscriptionForked,
    SubscriptionPending,
    SubscriptionRequested,
)
from tests.endpoint.by_hand import OURS, SDP, SDP2, T1, THEIRS, Bench

PARTS: dict[type, list[str]] = {
    Send: ["flow", "data", "sender"],
    Resolve: ["id", "name", "type"],
    Open: ["id", "transport", "local", "remote", "name"],
    Close: ["flow"],
    IncomingCall: ["call", "request", "offer", "replaces", "joins"],
    Ringing: ["call", "response", "dialog"],
    EarlyDialogEnded: ["call", "dialog", "response"],
    ProvisionalAcknowledged: ["call", "request"],
    OfferReceived: ["call", "sdp", "in_message", "dialog"],
    OfferRequested: ["call", "request"],
    OfferWithdrawn: ["call", "request"],
    AnswerReceived: ["call", "sdp", "in_message", "dialog"],
    Modified: ["call", "method", "response"],
    ModificationRefused: ["call", "method", "status", "response", "retry_after_s", "undone"],
    Refreshed: ["call", "request"],
    Forked: ["call", "forked_from"],
    Redirected: ["call", "response", "target"],
    Postponed: ["call", "response", "retry_after_s"],
    InfoReceived: ["call", "package", "request", "parts"],
    MessageReceived: ["call", "request", "holds"],
    SubscriptionPending: ["subscription", "request"],
    SubscriptionActive: ["subscription", "request"],
    SubscriptionForked: ["subscription", "forked_from"],
    NotifyReceived: ["subscription", "request", "state"],
    RefreshFailed: ["subscription", "status", "response"],
    Resubscribing: ["subscription", "reason", "after_s", "message"],
    SubscriptionEnded: ["subscription", "reason", "message", "retry_after_s"],
    SubscriptionRequested: ["subscription", "request"],
    StateWanted: ["subscription"],
    NotificationRefused: ["subscription", "status", "response"],
    PeerSubscriptionEnded: ["subscription", "reason", "message"],
    ReferAccepted: ["referral", "message", "subscribes"],
    ReferProgress: ["referral", "status", "reason", "request"],
    ReferEnded: ["referral", "status", "reason", "message"],
    ReferForked: ["referral", "forked_from"],
    ReferReceived: ["referral", "request", "about"],
    Established: ["call", "message"],
    Ended: ["call", "reason", "message"],
    Answered: ["request", "status", "response", "why"],
    Published: ["publication", "operation", "expires_s", "response"],
    PublishFailed: ["publication", "operation", "status", "response", "retry_after_s"],
    PublicationEnded: ["publication", "reason", "status", "response"],
    PublishRequested: ["asked", "request"],
    PublishWithdrawn: ["asked"],
    StatePublished: ["address", "event", "states", "request"],
    Registered: ["registration", "operation", "expires_s", "bindings", "response"],
    RegisterFailed: ["registration", "operation", "status", "response", "retry_after_s"],
    RegistrationEnded: ["registration", "reason", "status", "response", "bindings", "retry_after_s"],
    BindingAdded: ["address", "binding", "request"],
    BindingRefreshed: ["address", "binding", "request"],
    BindingRemoved: ["address", "binding", "reason", "request"],
    RegistrationRequested: ["asked", "request"],
    RegistrationWithdrawn: ["asked"],
    RequestServed: ["request", "status"],
    ServerUnproven: ["status", "response"],
    NotDelivered: ["data", "why", "call"],
    Dropped: ["reason", "why", "flow", "data"],
}

# -------------------------------------------------------------------- names that others write down


def test_drop_reasons() -> None:
    """Why a message came to nothing; the texts are part of the interface."""
    assert {reason.name: str(reason) for reason in DropReason} == {
        "NOT_SIP": "not-sip",
        "KEEP_ALIVE": "keep-alive",
        "MALFORMED": "malformed",
        "TOO_LARGE": "too-large",
        "OVERLOADED": "overloaded",
        "UNANSWERED": "unanswered",
        "CLOSED": "closed",
        "CUT_SHORT": "cut-short",
        "NOT_SECURED": "not-secured",
        "STRAY_RESPONSE": "stray-response",
        "MISROUTED_RESPONSE": "misrouted-response",
        "STRAY_ACK": "stray-ack",
        "ABSORBED": "absorbed",
    }


def test_end_reasons() -> None:
    """Why a call is over; the texts are part of the interface."""
    assert {reason.name: str(reason) for reason in EndReason} == {
        "HUNG_UP": "hung-up",
        "HUNG_UP_BY_PEER": "hung-up-by-peer",
        "REJECTED": "rejected",
        "DECLINED": "declined",
        "CANCELLED": "cancelled",
        "CANCELLED_BY_PEER": "cancelled-by-peer",
        "EXPIRED": "expired",
        "TIMED_OUT": "timed-out",
        "TRANSPORT_FAILED": "transport-failed",
        "NOT_ACKNOWLEDGED": "not-acknowledged",
        "NO_ANSWER": "no-answer",
        "PEER_LOST": "peer-lost",
        "NOT_REFRESHED": "not-refreshed",
        "REPLACED": "replaced",
    }


def test_call_states() -> None:
    """Where a call stands; the texts are part of the interface."""
    assert {state.name: str(state) for state in CallState} == {
        "CALLING": "calling",
        "INCOMING": "incoming",
        "RINGING": "ringing",
        "ANSWERING": "answering",
        "ESTABLISHED": "established",
        "ENDING": "ending",
        "ENDED": "ended",
    }


# -------------------------------------------------------------------- values


def test_there_are_no_other_outputs() -> None:
    """An adapter performs `Send`, `Open`, `Close` and `Resolve`, and hands the rest to the application."""
    assert {*get_args(Output)} == {*PARTS}
    assert {*get_args(Event)} == {*PARTS} - {Send, Open, Close, Resolve}


@pytest.mark.parametrize("kind", PARTS, ids=lambda kind: kind.__name__)
def test_the_parts_of_an_output(kind: type) -> None:
    """An output has these parts, in this order, all from birth, and none of them can be changed."""
    fields: Any = attrs.fields(kind)
    assert [field.name for field in fields] == PARTS[kind]
    assert kind.__doc__
    needed = [field.name for field in fields if field.default is attrs.NOTHING]
    output = kind(*("x" for _ in needed))
    for name in PARTS[kind]:
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(output, name, "y")


# -------------------------------------------------------------------- each of them, as it comes


def test_an_incoming_call() -> None:
    """It holds the call, the INVITE and the offer."""
    bench = Bench()
    data = bench.request("INVITE", body=SDP)
    (event,) = bench.receive(data)
    assert isinstance(event, IncomingCall)
    assert event.call is bench.endpoint.calls[0]
    assert event.request is event.call.invite
    assert bytes(event.request) == data
    assert event.offer == SDP


def test_the_events_of_a_call_of_ours() -> None:
    """Ringing, an early answer, established and ended: each with its call and the message that said so."""
    bench = Bench()
    call = bench.outgoing()
    early, final = bench.response(call.invite, 183, body=SDP2), bench.response(call.invite, 200, body=SDP)
    bench.receive(early)
    bench.receive(final)
    bye = bench.in_dialog("BYE", 9, call)
    bench.receive(bye)
    answer, ringing, established, ended = bench.events
    assert (type(answer), answer.call, answer.sdp, bytes(answer.in_message)) == (AnswerReceived, call, SDP2, early)
    assert (type(ringing), ringing.call, bytes(ringing.response)) == (Ringing, call, early)
    assert (type(established), established.call, bytes(established.message)) == (Established, call, final)
    assert (type(ended), ended.call, ended.reason) == (Ended, call, EndReason.HUNG_UP_BY_PEER)
    assert bytes(ended.message) == bye
    assert ended.status is None


def test_the_events_of_an_offer_in_a_2xx() -> None:
    """The offer comes with its 2xx, and the call is up once it has been answered."""
    bench = Bench()
    call = bench.outgoing(offer=b"")
    data = bench.response(call.invite, 200, body=SDP)
    bench.receive(data)
    (offer,) = bench.events
    assert (type(offer), offer.call, offer.sdp, bytes(offer.in_message)) == (OfferReceived, call, SDP, data)
    bench.take(call.answer_offer(SDP2, now=bench.now))
    assert type(bench.events[-1]) is Established


def test_the_events_of_an_answer_in_an_ack() -> None:
    """The ACK brings the answer and establishes the call."""
    bench = Bench()
    call = bench.incoming(offer=b"")
    bench.take(call.answer(SDP, now=bench.now))
    ack = bench.in_dialog("ACK", 1, call, body=SDP2)
    bench.drain()
    bench.receive(ack)
    answer, established = bench.events
    assert (type(answer), answer.sdp, bytes(answer.in_message)) == (AnswerReceived, SDP2, ack)
    assert (type(established), bytes(established.message)) == (Established, ack)


def not_acknowledged(bench: Bench) -> None:
    call = bench.incoming()
    bench.take(call.answer(SDP2, now=bench.now))
    bench.wait(64 * T1)
    bench.receive(bench.response(bench.last_request, 200))


def no_answer(bench: Bench) -> None:
    call = bench.incoming(offer=b"")
    bench.take(call.answer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("ACK", 1, call))
    bench.receive(bench.response(bench.last_request, 200))


def peer_lost(bench: Bench) -> None:
    call = bench.acked()
    bench.take(call.request("OPTIONS", now=bench.now)[1])
    bench.receive(bench.response(bench.last_request, 481))
    bench.receive(bench.response(bench.last_request, 481))


def expired(bench: Bench) -> None:
    bench.incoming(headers=["Expires: 20"])
    bench.wait(20)


def not_refreshed(bench: Bench) -> None:
    bench.acked(headers=["Session-Expires: 90;refresher=uac", "Supported: timer"])
    bench.wait(60)
    bench.receive(bench.response(bench.last_request, 200))


def replaced(bench: Bench) -> None:
    dialog = bench.acked().here.dialog
    names = f"{dialog.call_id};to-tag={dialog.local_tag};from-tag={dialog.remote_tag}"
    bench.receive(bench.request("INVITE", call_id="another", body=SDP, headers=[f"Replaces: {names}"]))
    other = bench.events[-1].call
    bench.take(other.answer(SDP2, now=bench.now))
    bye = bench.last_request
    bench.receive(bench.in_dialog("ACK", 1, other))
    bench.receive(bench.response(bye, 200))


def declined(bench: Bench) -> None:
    bench.take(bench.incoming().reject(now=bench.now))


def cancelled_by_peer(bench: Bench) -> None:
    bench.incoming()
    bench.receive(bench.request("CANCEL", branch="z9hG4bKcall"))


def cancelled(bench: Bench) -> None:
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180))
    bench.take(call.cancel(now=bench.now))
    bench.receive(bench.response(call.invite, 487))


def rejected(bench: Bench) -> None:
    bench.receive(bench.response(bench.outgoing().invite, 404))


def hung_up(bench: Bench) -> None:
    bench.take(bench.answered().hang_up(now=bench.now))
    bench.receive(bench.response(bench.last_request, 200))


def hung_up_by_peer(bench: Bench) -> None:
    bench.receive(bench.in_dialog("BYE", 7, bench.answered()))


def timed_out(bench: Bench) -> None:
    bench.outgoing()
    bench.wait(64 * T1)


def transport_failed(bench: Bench) -> None:
    bench.outgoing()
    send = next(output for output in bench.outputs if isinstance(output, Send))
    bench.take(bench.endpoint.send_failed(send, bench.now))


@pytest.mark.rfc("3261 8.1.3.1")
@pytest.mark.parametrize(
    ("play", "reason", "message", "status"),
    [
        (hung_up, "hung-up", "SIP/2.0 200 Said", 200),
        (hung_up_by_peer, "hung-up-by-peer", "BYE sip:bob@192.0.2.1:5060 SIP/2.0", None),
        (rejected, "rejected", "SIP/2.0 404 Said", 404),
        (declined, "declined", None, None),
        (cancelled, "cancelled", "SIP/2.0 487 Said", 487),
        (cancelled_by_peer, "cancelled-by-peer", "CANCEL sip:bob@192.0.2.1:5060 SIP/2.0", None),
        (timed_out, "timed-out", None, 408),
        (transport_failed, "transport-failed", None, 503),
        (not_acknowledged, "not-acknowledged", "SIP/2.0 200 Said", 200),
        (no_answer, "no-answer", "SIP/2.0 200 Said", 200),
        (peer_lost, "peer-lost", "SIP/2.0 481 Said", 481),
        (expired, "expired", None, None),
        (not_refreshed, "not-refreshed", "SIP/2.0 200 Said", 200),
        (replaced, "replaced", "SIP/2.0 200 Said", 200),
    ],
    ids=lambda part: getattr(part, "__name__", None),
)
def test_every_end(play: Callable[[Bench], None], reason: str, message: str | None, status: int | None) -> None:
    """A call ends once, for a reason, by a message where one did it, and with a status where there is one."""
    bench = Bench()
    play(bench)
    (ended,) = bench.told(Ended)
    assert ended.reason == reason
    assert ended.status == status
    start = None if ended.message is None else bytes(ended.message).partition(b"\r\n")[0].decode()
    assert start == message
    for other in bench.endpoint.calls:
        if other.state is CallState.ESTABLISHED:
            bench.receive(bench.in_dialog("BYE", 99, other))
    bench.quiet()
    assert len([event for event in bench.outputs if isinstance(event, Ended) and event.call is ended.call]) == 1
    assert bench.left() == {}


@pytest.mark.rfc("3261-C04", "3261 8.1.3.1")
def test_silence_is_as_a_408_and_failure_as_a_503() -> None:
    """That is how a call and a request outside one see that nobody answered, or that they could not be sent."""
    for play, status in [(timed_out, 408), (transport_failed, 503)]:
        bench = Bench()
        play(bench)
        assert bench.told(Ended)[0].status == status

    bench = Bench()
    _, outputs = bench.endpoint.request("OPTIONS", "sip:bob@192.0.2.2", now=bench.now)
    bench.take(outputs)
    outgoing, outputs = bench.endpoint.request("OPTIONS", "sip:bob@192.0.2.2", now=bench.now)
    bench.take(outputs)
    send = next(output for output in bench.outputs if isinstance(output, Send))
    bench.take(bench.endpoint.send_failed(send, bench.now))
    bench.wait(64 * T1)
    failed, silent = bench.told(Answered)
    assert (failed.status, failed.response, failed.why) == (503, None, "it could not be sent")
    assert (silent.status, silent.response, silent.why) == (408, None, "no answer came")
    assert silent.request is outgoing
    assert outgoing.status == 408


def test_an_answered_request() -> None:
    """It holds the request, the status and the response."""
    bench = Bench()
    outgoing, outputs = bench.endpoint.request(
        "MESSAGE", "sip:bob@192.0.2.2", body=b"hi", content_type="text/plain", now=1000.0
    )
    bench.take(outputs)
    data = bench.response(outgoing.request, 202)
    bench.receive(data)
    (event,) = bench.events
    assert isinstance(event, Answered)
    assert (event.request, event.status, event.why) == (outgoing, 202, "")
    assert isinstance(event.response, Response)
    assert bytes(event.response) == data
    assert (outgoing.method, outgoing.status, outgoing.call) == ("MESSAGE", 202, None)
    assert bytes(outgoing.request) == bench.wires[0]


def test_a_dropped_message() -> None:
    """It holds the reason, a sentence, the flow it came on, and the message or its bytes."""
    bench = Bench()
    bench.receive(b"\r\n\r\n")
    bench.receive(bench.request("ACK"))
    flow = Flow("UDP", OURS, THEIRS)
    blank, ack = bench.events
    assert (blank.reason, blank.why, blank.flow, blank.data) == (
        "keep-alive",
        "nothing but line ends",
        flow,
        b"\r\n\r\n",
    )
    assert (ack.reason, ack.why, ack.flow, ack.data.method) == ("stray-ack", "it belongs to no dialog", flow, "ACK")


def test_a_response_that_could_not_be_delivered() -> None:
    """It holds the bytes and the reason."""
    bench = Bench()
    call = bench.incoming()
    (send,) = bench.take(call.ring(now=bench.now))
    assert isinstance(send, Send)
    (event,) = bench.take(bench.endpoint.send_failed(send, bench.now))
    assert event == NotDelivered(send.data, "the response could not be sent")
