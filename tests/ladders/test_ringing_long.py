"""A phone that rings long: what is sent meanwhile, and when an invitation expires (RFC 3261 13.2.1 and 13.3.1)."""

from __future__ import annotations

import pytest

from sipsm import EndReason, Response
from sipsm.role import Ended, Policy, ProvisionalAcknowledged
from sipsm.testing import ladder
from tests.endpoint.by_hand import SDP2, Bench
from tests.ladders.parties import parties, reasons, taken


def provisional(bench: Bench) -> list[int]:
    """The statuses of what has been sent beside 100."""
    return [each.status for each in bench.sent if isinstance(each, Response) and each.status > 100]


@pytest.mark.rfc("3261 13.3.1.1", "3261-S12")
def test_every_minute_a_provisional_response() -> None:
    """While a call is not answered its last provisional response goes out each minute, with the same dialog."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.ring(182, sdp=SDP2, headers=[("X-Place", "3")], now=bench.now))
    for minute in range(1, 6):
        bench.wait(59.9)
        assert provisional(bench) == [182] * minute
        bench.wait(0.1)
        assert provisional(bench) == [182] * (minute + 1)
    assert len({each.to_tag for each in bench.sent if isinstance(each, Response) and each.status > 100}) == 1
    assert (bench.last_response.body, bench.last_response.header("X-Place")) == (SDP2, "3")
    bench.take(call.answer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("ACK", 1, call))
    bench.wait(600)
    assert provisional(bench) == [182] * 6 + [200]


@pytest.mark.rfc("3261 13.3.1.1", "3261-S12")
def test_who_has_not_even_rung() -> None:
    """Before the application has rung it is a 183; 100 does not count, since proxies keep it to themselves."""
    bench = Bench()
    bench.incoming()
    bench.wait(60)
    assert provisional(bench) == [183]


@pytest.mark.rfc("3261 13.3.1.1")
def test_the_last_one_is_repeated() -> None:
    """A provisional response that came later is the one that goes out."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.ring(180, now=bench.now))
    bench.wait(30)
    bench.take(call.ring(182, now=bench.now))
    bench.wait(30)
    assert provisional(bench) == [180, 182, 182]


@pytest.mark.rfc("3261 13.3.1.1")
def test_a_policy_that_does_not() -> None:
    """With `extends_ringing` off nothing goes out that nobody asked for."""
    bench = Bench(policy=Policy(extends_ringing=False))
    call = bench.incoming()
    bench.take(call.ring(now=bench.now))
    bench.wait(1000)
    assert (provisional(bench), call.state) == ([180], "ringing")


@pytest.mark.rfc("3262 3", "3262-10")
def test_every_two_and_a_half_minutes_when_reliable() -> None:
    """A reliable one goes out again as a further one, each with the next RSeq, its own PRACK and no description."""
    bench = Bench()
    call = bench.incoming(headers=["Supported: 100rel"])
    bench.take(call.ring(183, sdp=SDP2, reliable=True, now=bench.now))
    cseq = 2

    def acknowledge() -> None:
        nonlocal cseq
        rack = f"RAck: {bench.last_response.header('RSeq')} 1 INVITE"
        bench.receive(bench.in_dialog("PRACK", cseq, call, headers=[rack]))
        cseq += 1

    first = int(bench.last_response.header("RSeq") or 0)
    acknowledge()
    bench.wait(60)
    seen = [first]
    for _ in range(3):
        assert (bench.last_response.status, bench.last_response.body) == (183, b"")
        seen.append(int(bench.last_response.header("RSeq") or 0))
        acknowledge()
        bench.drain()
        bench.wait(149.9)
        assert provisional(bench) == []
        bench.wait(0.1)
    assert seen == [first, first + 1, first + 2, first + 3]
    assert bench.told(ProvisionalAcknowledged) == []
    assert call.state == "ringing"


@pytest.mark.rfc("3261 13.3.1", "3261 13.2.1")
def test_an_invitation_expires_at_the_callee() -> None:
    """After the seconds of Expires an INVITE without a final response gets 487, rung or not."""
    for rings in (False, True):
        bench = Bench()
        call = bench.incoming(headers=["Expires: 50"])
        if rings:
            bench.take(call.ring(now=bench.now))
        bench.wait(49.9)
        assert call.state == ("ringing" if rings else "incoming")
        bench.wait(0.1)
        assert bench.last_response.status == 487
        assert [event.reason for event in bench.told(Ended)] == [EndReason.EXPIRED]


@pytest.mark.rfc("3261 13.3.1")
def test_an_answered_invitation_does_not_expire() -> None:
    """Expires is of the invitation, and not of the session (RFC 3261 20.19)."""
    bench = Bench()
    call = bench.acked(headers=["Expires: 10"])
    bench.wait(100)
    assert (call.state, bench.statuses) == ("established", [200])
    call = bench.answered()
    bench.wait(100)
    assert call.state == "established"


@pytest.mark.rfc("3261 13.2.1", "3261 9.1")
def test_an_invitation_expires_at_the_caller() -> None:
    """When Expires is over and nobody has answered, the caller cancels it; the answer to that ends the call."""
    net, alice, bob = parties()
    alice.invite("sip:bob", headers=[("Expires", "5")])
    net.after(0.1, lambda: bob.do(taken(bob).ring))
    # Bob's clock begins when the INVITE arrives; his CANCEL comes first.
    assert net.run(until=30) == ladder("""
        0.0  alice INVITE----------> bob
        0.1  alice <------------180- bob
        5.0  alice CANCEL----------> bob   Timer expires
        5.0  alice <------------200- bob
        5.0  alice <------------487- bob
        5.0  alice ACK-------------> bob
    """)
    assert reasons(alice) == [EndReason.CANCELLED]


@pytest.mark.rfc("3261 13.2.1", "3261 9.1")
def test_an_invitation_that_nobody_has_heard_expires() -> None:
    """Without any response the CANCEL waits for one, as every CANCEL; a 2xx is hung up."""
    bench = Bench()
    call = bench.outgoing(headers=[("Expires", "3")])
    bench.wait(10)
    assert set(bench.methods) == {"INVITE"}
    assert call.state == "ending"
    bench.receive(bench.response(call.invite, 200, body=SDP2))
    assert bench.methods[-2:] == ["ACK", "BYE"]
    bench.receive(bench.response(bench.last_request, 200))
    assert [event.reason for event in bench.told(Ended)] == [EndReason.CANCELLED]


@pytest.mark.rfc("3261 13.3.1", "3261 14.2")
def test_a_reinvite_expires() -> None:
    """A re-INVITE with Expires that is not answered gets 487, and the session is as it was."""
    bench = Bench()
    call = bench.acked()
    bench.receive(bench.in_dialog("INVITE", 2, call, headers=["Expires: 5"], body=SDP2))
    bench.wait(5)
    assert (bench.last_response.status, call.state) == (487, "established")
