"""Host names: asked for by `Resolve`, answered by `resolved` (RFC 3263 4)."""

from __future__ import annotations

import pytest

from sipsm import (
    Answered,
    CallState,
    Ended,
    Endpoint,
    EndReason,
    LocalProtocolError,
    NotDelivered,
    Resolve,
    Send,
)
from tests.endpoint.by_hand import SDP, SDP2, Bench

NAME = "sip:bob@biloxi.example.com"


def looked_for(bench: Bench) -> Resolve:
    """The last look-up that was asked for."""
    found: list[Resolve] = bench.told(Resolve)
    return found[-1]


def test_a_name_is_asked_for_before_anything_is_sent() -> None:
    """The action names the host; the request goes out once there is an address."""
    bench = Bench()
    call = bench.outgoing(target=f"{NAME}:5080")
    assert len(bench.outputs) == 1
    resolve = looked_for(bench)
    assert (resolve.name, resolve.type) == ("biloxi.example.com", "A")
    assert (call.state, bench.endpoint.next_timeout()) == (CallState.CALLING, None)
    bench.wait(20)
    (send,) = bench.take(bench.endpoint.resolved(resolve, ["192.0.2.2"], bench.now))
    assert isinstance(send, Send)
    assert send.flow.remote == ("192.0.2.2", 5080)
    assert bench.endpoint.next_timeout() == bench.now + 0.5, "the timers begin when it is sent"


@pytest.mark.parametrize(
    ("local", "addresses", "taken"),
    [
        ("udp:192.0.2.1:5060", ["192.0.2.2", "192.0.2.3"], "192.0.2.2"),
        ("udp:192.0.2.1:5060", ["2001:db8::2", "192.0.2.3", "192.0.2.4"], "192.0.2.3"),
        ("udp:[2001:db8::1]:5060", ["192.0.2.3", "2001:db8::3"], "2001:db8::3"),
    ],
)
def test_the_first_address_of_our_ip_version_is_taken(local: str, addresses: list[str], taken: str) -> None:
    """The order of the addresses is the order of preference."""
    bench = Bench()
    bench.endpoint = Endpoint(local)
    bench.outgoing(target=NAME)
    bench.looked_up(*addresses)
    assert [flow.remote for flow in bench.flows] == [(taken, 5060)]


@pytest.mark.rfc("3261 8.1.3.1")
@pytest.mark.parametrize("addresses", [[], ["not an address"], ["2001:db8::2"]])
def test_no_address_that_can_be_used(addresses: list[str]) -> None:
    """What cannot be sent ends as if a 503 had come: a call, and a request outside one."""
    bench = Bench()
    call = bench.outgoing(target=NAME)
    bench.looked_up(*addresses)
    (ended,) = bench.told(Ended)
    assert (ended.call, ended.reason, ended.status) == (call, EndReason.TRANSPORT_FAILED, 503)
    outgoing, outputs = bench.endpoint.request("OPTIONS", NAME, now=bench.now)
    bench.take(outputs)
    bench.looked_up(*addresses)
    (answered,) = bench.told(Answered)
    assert (answered.request, answered.status, answered.response) == (outgoing, 503, None)
    assert "biloxi.example.com has no address" in answered.why
    assert bench.left() == {}
    assert bench.wires == []


def test_a_look_up_that_is_answered_twice() -> None:
    """The first answer counts; the second, and one to a look-up that was never asked for, do nothing."""
    bench = Bench()
    bench.outgoing(target=NAME)
    bench.looked_up("192.0.2.2")
    resolve = looked_for(bench)
    assert bench.endpoint.resolved(resolve, ["192.0.2.3"], bench.now) == []
    assert bench.endpoint.resolved(resolve, [], bench.now) == []
    assert bench.endpoint.resolved(Resolve(99, "x", "A"), ["192.0.2.3"], bench.now) == []
    assert bench.methods == ["INVITE"]


def test_look_ups_may_be_answered_in_any_order() -> None:
    """Each has its own number."""
    bench = Bench()
    calls = [bench.outgoing(target=f"sip:{name}@{name}.example.com") for name in ("a", "b", "c")]
    resolves = bench.told(Resolve)
    assert len({resolve.id for resolve in resolves}) == 3
    for number in (2, 0, 1):
        bench.looked_up(f"192.0.2.{number}", resolve=resolves[number])
        assert bench.last_request.call_id == calls[number].call_id
        assert bench.flows[-1].remote == (f"192.0.2.{number}", 5060)


def test_a_withdrawn_look_up() -> None:
    """A call that is given up before its address is known ends at once; another one waits on."""
    bench = Bench()
    other = bench.outgoing(target=NAME)
    call = bench.outgoing(target=NAME)
    withdrawn = looked_for(bench)
    bench.take(call.cancel(now=bench.now))
    assert [(event.call, event.reason) for event in bench.told(Ended)] == [(call, EndReason.CANCELLED)]
    assert bench.endpoint.resolved(withdrawn, ["192.0.2.2"], bench.now) == []
    assert bench.endpoint.calls == [other]
    assert bench.endpoint.unfinished == 1


def test_names_in_a_call() -> None:
    """A Contact with a name is looked for too: for the ACK, each of its repeats, and the BYE."""
    bench = Bench()
    call = bench.outgoing()
    answer = bench.response(call.invite, 200, contact="<sip:bob@phone.example.com>", body=SDP2)
    bench.receive(answer)
    assert call.state is CallState.ESTABLISHED
    bench.looked_up("192.0.2.50")
    assert bench.methods == ["INVITE", "ACK"]
    assert bench.flows[-1].remote == ("192.0.2.50", 5060)
    bench.take(call.hang_up(now=bench.now))
    bench.looked_up()
    assert [event.reason for event in bench.told(Ended)] == [EndReason.HUNG_UP]


def test_an_ack_whose_name_is_unknown() -> None:
    """It cannot be sent, which the application is told; the peer repeats its 2xx, and so it is tried again."""
    bench = Bench()
    call = bench.outgoing()
    answer = bench.response(call.invite, 200, contact="<sip:bob@phone.example.com>", body=SDP2)
    bench.receive(answer)
    bench.looked_up()
    (event,) = bench.told(NotDelivered)
    assert event.data.startswith(b"ACK ")
    assert "phone.example.com" in event.why
    bench.receive(answer)
    bench.looked_up("192.0.2.50")
    assert bench.methods == ["INVITE", "ACK"]


def test_a_cancel_goes_where_its_invite_went() -> None:
    """Without another look-up (RFC 3261 9.1)."""
    bench = Bench()
    call = bench.outgoing(target=NAME)
    bench.looked_up("192.0.2.50")
    bench.receive(bench.response(call.invite, 180))
    bench.take(call.cancel(now=bench.now))
    assert bench.methods == ["INVITE", "CANCEL"]
    assert bench.flows[1] == bench.flows[0]
    assert [resolve.type for resolve in bench.told(Resolve)] == ["NAPTR", "SRV", "A"]


# -------------------------------------------------------------------- maddr


@pytest.mark.rfc("3263 4.2")
def test_maddr_says_where_to_send() -> None:
    """It stands for the host of the URI, be it numeric or a name, and stays in the Request-URI."""
    bench = Bench()
    call = bench.outgoing(target=f"{NAME}:5070;maddr=192.0.2.9")
    assert bench.flows[0].remote == ("192.0.2.9", 5070)
    assert str(call.invite.uri) == f"{NAME}:5070;maddr=192.0.2.9"
    bench.outgoing(target=f"{NAME};maddr=other.example.com")
    assert looked_for(bench).name == "other.example.com"


def test_an_address_of_the_other_ip_version() -> None:
    """A target that is numeric is refused at once; a Contact that is so makes requests fail."""
    bench = Bench()
    with pytest.raises(LocalProtocolError, match="another IP version"):
        bench.outgoing(target="sip:bob@[2001:db8::2]")
    call = bench.acked(contact="<sip:alice@[2001:db8::2]>")
    bench.take(call.hang_up(now=bench.now))
    assert [event.reason for event in bench.told(Ended)] == [EndReason.HUNG_UP]
    assert "BYE" not in bench.methods


@pytest.mark.rfc("3261 18.2.2")
@pytest.mark.parametrize(
    ("via", "source", "to"),
    [
        ("192.0.2.2:5070;branch=z9hG4bKv", ("192.0.2.2", 9999), ("192.0.2.2", 5070)),
        ("192.0.2.2;branch=z9hG4bKv", ("192.0.2.2", 9999), ("192.0.2.2", 5060)),
        ("192.0.2.2:5070;branch=z9hG4bKv;rport", ("192.0.2.2", 9999), ("192.0.2.2", 9999)),
        ("pc33.example.com:5070;branch=z9hG4bKv", ("192.0.2.3", 9999), ("192.0.2.3", 5070)),
        ("192.0.2.2:5070;branch=z9hG4bKv;maddr=192.0.2.99", ("192.0.2.2", 9999), ("192.0.2.99", 5070)),
    ],
)
@pytest.mark.parametrize(("cseq", "status"), [("1 OPTIONS", 200), ("1 FOO", 400)])
def test_where_responses_go(cseq: str, status: int, via: str, source: tuple[str, int], to: tuple[str, int]) -> None:
    """By the topmost Via and the packet's source, whether the answer has a transaction or none."""
    bench = Bench()
    bench.receive(bench.request("OPTIONS", via=f"Via: SIP/2.0/UDP {via}", cseq=cseq), source)
    assert bench.statuses == [status]
    assert bench.flows[0].remote == to


def test_what_is_being_asked() -> None:
    """Who lost the question, as by a restart, finds it with the endpoint; it is there until it is answered."""
    bench = Bench()
    call, outputs = bench.endpoint.invite("sip:bob@biloxi.example.com:5070", offer=SDP, now=bench.now)
    (resolve,) = outputs
    assert isinstance(resolve, Resolve)
    assert bench.endpoint.resolving == [resolve]
    bench.take(bench.endpoint.resolved(resolve, ["192.0.2.9"], bench.now))
    assert bench.endpoint.resolving == []
    assert call.state == "calling"
