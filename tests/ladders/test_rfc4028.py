"""Session timers: what is asked for, what is agreed on, who refreshes, and the end when nobody does (RFC 4028)."""

from __future__ import annotations

from typing import Any

import pytest

from sipsm import Call, EndReason, LocalProtocolError, Request
from sipsm.role import Ended, IncomingCall, ModificationRefused, Modified, Policy, Profile, Refreshed
from tests.endpoint.by_hand import SDP, SDP2, Bench

ASKS = Policy(session_interval_s=1800)
ALLOWS = "Allow: INVITE, ACK, CANCEL, BYE, UPDATE"


def refreshed_by(who: str, seconds: int = 1800) -> list[str]:
    """The lines of a 2xx that agrees on an interval, and on who refreshes."""
    return ["Require: timer", f"Session-Expires: {seconds};refresher={who}", ALLOWS]


def of(message: Any, name: str) -> str | None:
    """The only line of a header."""
    (value,) = message.lines_of(name) or (None,)
    return value


def asked(bench: Bench, *headers: str, answer: bool = True) -> Call:
    """The peer's call, with these headers, and answered."""
    call = bench.incoming(headers=headers)
    if answer:
        bench.take(call.answer(SDP2, now=bench.now))
        bench.receive(bench.in_dialog("ACK", 1, call))
    return call


def count(bench: Bench, method: str) -> int:
    """How many requests of this method have been sent."""
    return bench.methods.count(method)


# -------------------------------------------------------------------- asking


@pytest.mark.rfc("4028 7.1")
@pytest.mark.parametrize("policy", [Policy(), ASKS])
def test_every_request_says_that_timers_are_known(policy: Policy) -> None:
    """Supported lists timer in each request except ACK, whether or not a timer is asked for."""
    bench = Bench(policy=policy)
    call = bench.answered(headers=[ALLOWS])
    bench.take(call.offer(method="UPDATE", now=bench.now))
    bench.receive(bench.response(bench.last_request, 200))
    bench.take(call.offer(SDP, now=bench.now))
    bench.receive(bench.response(bench.last_request, 200, body=SDP2))
    bench.take(call.info(None, now=bench.now)[1])
    bench.take(call.hang_up(now=bench.now))
    bench.take(bench.endpoint.request("OPTIONS", "sip:192.0.2.2", now=bench.now)[1])
    other = bench.outgoing()
    bench.receive(bench.response(other.invite, 180))
    bench.take(other.cancel(now=bench.now))
    requests = [message for message in bench.sent if isinstance(message, Request)]
    assert {request.method for request in requests} == {
        *("INVITE", "ACK", "UPDATE", "INFO", "BYE", "OPTIONS", "CANCEL")
    }
    for request in requests:
        assert ("timer" in request.header_values("Supported")) == (request.method != "ACK"), request.method


@pytest.mark.rfc("4028 7.1")
def test_what_is_asked_for() -> None:
    """Session-Expires of the policy, without a refresher, so that the other side can choose; none without a policy."""
    assert of(Bench(policy=ASKS).outgoing().invite, "Session-Expires") == "1800"
    plain = Bench().outgoing().invite
    assert (plain.has("Session-Expires"), plain.has("Min-SE"), plain.has("Require")) == (False, False, False)


@pytest.mark.rfc("4028 7.1")
def test_the_interval_is_not_shorter_than_the_smallest() -> None:
    """With a Min-SE in the INVITE, its Session-Expires is not less."""
    bench = Bench(policy=Policy(session_interval_s=90), profile=Profile(smallest_interval_s=120))
    invite = bench.outgoing().invite
    assert (of(invite, "Session-Expires"), of(invite, "Min-SE")) == ("120", "120")


@pytest.mark.rfc("4028 5")
def test_ninety_seconds_at_least() -> None:
    """No interval and no Min-SE is shorter than 90 seconds."""
    with pytest.raises(LocalProtocolError):
        Policy(session_interval_s=89)
    with pytest.raises(LocalProtocolError):
        Profile(smallest_interval_s=89)


# -------------------------------------------------------------------- the 2xx at the caller


@pytest.mark.rfc("4028 7.2", "4028 7.4", "4028 10", "3311-14")
def test_the_caller_refreshes() -> None:
    """With refresher=uac an UPDATE without a body goes out at half of the interval, and each 2xx begins it anew."""
    bench = Bench(policy=ASKS)
    call = bench.answered(headers=refreshed_by("uac"))
    for _ in range(3):
        bench.drain()
        bench.wait(899.9)
        assert bench.methods == []
        bench.wait(0.1)
        update = bench.last_request
        assert (update.method, update.body, of(update, "Session-Expires")) == ("UPDATE", b"", "1800;refresher=uac")
        assert not update.has("Min-SE")
        bench.receive(bench.response(update, 200, headers=refreshed_by("uac")))
    assert (call.state, bench.told(Modified)) == ("established", [])


@pytest.mark.rfc("4028 7.4")
def test_a_refresh_by_reinvite() -> None:
    """A peer that has not named UPDATE gets a re-INVITE with the offer as it was, byte for byte."""
    bench = Bench(policy=ASKS)
    bench.answered(headers=refreshed_by("uac")[:2])
    bench.wait(900)
    again = bench.last_request
    assert (again.method, again.body, of(again, "Session-Expires")) == ("INVITE", SDP, "1800;refresher=uac")
    bench.receive(bench.response(again, 200, headers=refreshed_by("uac"), body=SDP2))
    assert (bench.last_request.method, bench.told(Modified)) == ("ACK", [])


@pytest.mark.rfc("4028 7.4")
def test_options_tells_of_update() -> None:
    """That the peer knows UPDATE may also be told by an OPTIONS within the dialog."""
    bench = Bench(policy=ASKS)
    call = bench.answered(headers=refreshed_by("uac")[:2])
    bench.take(call.request("OPTIONS", now=bench.now)[1])
    bench.receive(bench.response(bench.last_request, 200, headers=[ALLOWS]))
    bench.wait(900)
    assert bench.last_request.method == "UPDATE"


@pytest.mark.rfc("4028 7.2")
def test_the_callee_may_begin_it() -> None:
    """A Session-Expires in the 2xx counts though none was asked for."""
    bench = Bench()
    bench.answered(headers=refreshed_by("uac", 200))
    bench.wait(100)
    assert bench.last_request.method == "UPDATE"


@pytest.mark.rfc("4028 7.2")
def test_a_callee_that_knows_no_timers() -> None:
    """Then the caller that asked refreshes for itself, with the interval that it had asked for."""
    bench = Bench(policy=ASKS)
    bench.answered()
    bench.wait(900)
    again = bench.last_request
    assert (again.method, of(again, "Session-Expires")) == ("INVITE", "1800;refresher=uac")


@pytest.mark.rfc("4028 7.2")
def test_the_interval_is_the_callees() -> None:
    """What the 2xx says is the interval, and not what was asked for."""
    bench = Bench(policy=ASKS)
    bench.answered(headers=refreshed_by("uac", 600))
    bench.wait(300)
    assert (bench.last_request.method, of(bench.last_request, "Session-Expires")) == ("UPDATE", "600;refresher=uac")


@pytest.mark.rfc("4028 7.2")
def test_turned_off() -> None:
    """A 2xx without Session-Expires ends the timer for who does not want one."""
    bench = Bench()
    call = bench.answered(headers=refreshed_by("uac", 200))
    bench.wait(100)
    bench.receive(bench.response(bench.last_request, 200))
    bench.wait(3600)
    assert (call.state, count(bench, "UPDATE"), bench.endpoint.next_timeout()) == ("established", 1, None)


@pytest.mark.rfc("4028 7.2")
def test_the_callee_refreshes() -> None:
    """With refresher=uas the caller waits, and each refresh of the callee that it accepts begins the interval anew."""
    bench = Bench(policy=ASKS)
    call = bench.answered(headers=refreshed_by("uas"))
    for cseq in (1, 2, 3):
        bench.wait(1700)
        headers = ["Supported: timer", "Session-Expires: 1800;refresher=uac"]
        bench.receive(bench.in_dialog("UPDATE", cseq, call, headers=headers))
        assert bench.last_response.status == 200
        assert of(bench.last_response, "Session-Expires") == "1800;refresher=uac"
        assert of(bench.last_response, "Require") == "timer"
    assert len(bench.told(Refreshed)) == 3
    assert (call.state, count(bench, "UPDATE")) == ("established", 0)


@pytest.mark.rfc("4028 7.2")
def test_other_requests_refresh_too() -> None:
    """A re-INVITE of the application begins the interval anew, and names it."""
    bench = Bench(policy=ASKS)
    call = bench.answered(headers=refreshed_by("uac"))
    bench.wait(800)
    bench.take(call.offer(SDP2, now=bench.now))
    assert of(bench.last_request, "Session-Expires") == "1800;refresher=uac"
    bench.receive(bench.response(bench.last_request, 200, headers=refreshed_by("uac"), body=SDP))
    bench.drain()
    bench.wait(899)
    assert bench.methods == []
    bench.wait(1)
    assert bench.methods == ["UPDATE"]


@pytest.mark.rfc("4028 7.2")
def test_each_branch_has_its_interval() -> None:
    """The dialogs that one INVITE makes have intervals of their own, or none."""
    bench = Bench(policy=Policy(keeps_forks=True))
    first = bench.answered(tag="a", headers=refreshed_by("uac", 200))
    bench.receive(bench.response(first.invite, 200, tag="b", headers=refreshed_by("uac", 400), body=SDP2))
    bench.receive(bench.response(first.invite, 200, tag="c", body=SDP2))
    bench.wait(100)
    assert (bench.last_request.method, bench.last_request.to_tag) == ("UPDATE", "a")
    bench.receive(bench.response(bench.last_request, 200, headers=refreshed_by("uac", 3600)))
    bench.wait(100)
    assert (bench.last_request.method, bench.last_request.to_tag) == ("UPDATE", "b")
    assert count(bench, "UPDATE") == 2


# -------------------------------------------------------------------- 422


@pytest.mark.rfc("4028 7.3", "4028 7.4", "3261 8.1.3.5")
def test_an_interval_that_is_too_small() -> None:
    """After a 422 the INVITE goes out anew with what it asks for: next CSeq, another branch, all else as it was."""
    bench = Bench(policy=ASKS)
    call = bench.outgoing()
    seen = [call.invite]
    for smallest in (3600, 4000):
        bench.receive(bench.response(seen[-1], 422, headers=[f"Min-SE: {smallest}"]))
        seen.append(bench.last_request)
        assert (of(seen[-1], "Session-Expires"), of(seen[-1], "Min-SE")) == (str(smallest), str(smallest))
    numbers = [invite.cseq.number for invite in seen]
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]
    assert len({invite.branch for invite in seen}) == 3
    assert len({(invite.call_id, str(invite.from_), str(invite.to), invite.body) for invite in seen}) == 1
    bench.receive(bench.response(seen[-1], 200, body=SDP2))
    assert call.state == "established"
    # The callee knows no timers, and the interval is the one that was asked for last.
    bench.wait(2000)
    again = bench.last_request
    assert (of(again, "Session-Expires"), again.has("Min-SE")) == ("4000;refresher=uac", False)


@pytest.mark.rfc("4028 10")
def test_the_same_422_again() -> None:
    """Who says that it is too small when it is not is not asked again: the call was rejected."""
    bench = Bench(policy=ASKS)
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 422, headers=["Min-SE: 3600"]))
    bench.receive(bench.response(bench.last_request, 422, headers=["Min-SE: 3600"]))
    assert (bench.told(Ended)[-1].reason, count(bench, "INVITE")) == (EndReason.REJECTED, 2)


@pytest.mark.rfc("4028 7.3")
@pytest.mark.parametrize(
    ("policy", "headers"), [(Policy(session_interval_s=90, corrects_refused=False), ["Min-SE: 100"]), (ASKS, [])]
)
def test_a_422_that_is_left_alone(policy: Policy, headers: list[str]) -> None:
    """It ends the call where the policy wants no second try, and where it does not say what would do."""
    bench = Bench(policy=policy)
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 422, headers=headers))
    assert (bench.told(Ended)[-1].status, count(bench, "INVITE")) == (422, 1)


@pytest.mark.rfc("4028 7.4")
def test_a_422_that_was_not_asked_for() -> None:
    """A proxy may have put an interval into the INVITE: then it is sent anew with Min-SE, and still asks for none."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 422, headers=["Min-SE: 300"]))
    assert (of(bench.last_request, "Min-SE"), of(bench.last_request, "Session-Expires")) == ("300", None)


@pytest.mark.rfc("4028 7.3", "4028 7.4", "4028 10")
def test_a_refresh_that_is_too_short() -> None:
    """It goes out at once with what the 422 asks for; the end of the session is where it was until a 2xx comes."""
    bench = Bench(policy=ASKS)
    call = bench.answered(headers=refreshed_by("uac", 200))
    bench.wait(100)
    bench.receive(bench.response(bench.last_request, 422, headers=["Min-SE: 5000"]))
    update = bench.last_request
    assert count(bench, "UPDATE") == 2
    assert (of(update, "Session-Expires"), of(update, "Min-SE")) == ("5000;refresher=uac", "5000")
    # The same answer again: it waits, and tries once more, and the session ends as agreed.
    bench.receive(bench.response(update, 422, headers=["Min-SE: 5000"]))
    assert count(bench, "UPDATE") == 2
    for tries in (3, 4, 5):
        bench.wait(25)
        assert count(bench, "UPDATE") == tries
        bench.receive(bench.response(bench.last_request, 422, headers=["Min-SE: 5000"]))
    bench.wait(25)
    assert (bench.last_request.method, call.state) == ("BYE", "ending")
    bench.receive(bench.response(bench.last_request, 200))
    assert bench.told(Ended)[-1].reason is EndReason.NOT_REFRESHED


@pytest.mark.rfc("4028 7.3", "4028 7.4")
def test_an_offer_that_gets_422() -> None:
    """The application is told; what it sends next asks for the interval that will do."""
    bench = Bench(policy=Policy(session_interval_s=90))
    call = bench.answered(headers=refreshed_by("uac", 90))
    bench.take(call.offer(SDP2, now=bench.now))
    bench.receive(bench.response(bench.last_request, 422, headers=["Min-SE: 100"]))
    assert [event.status for event in bench.told(ModificationRefused)] == [422]
    bench.take(call.offer(SDP2, now=bench.now))
    assert (of(bench.last_request, "Session-Expires"), of(bench.last_request, "Min-SE")) == ("100;refresher=uac", "100")


@pytest.mark.rfc("4028 7.4")
def test_the_smallest_interval_that_was_named() -> None:
    """A Min-SE that the peer's request has borne, though it be 90, is in every session refresh request to it."""
    bench = Bench()
    call = asked(bench, "Supported: timer", "Session-Expires: 1800;refresher=uas", "Min-SE: 90", ALLOWS)
    bench.wait(900)
    assert (bench.last_request.method, of(bench.last_request, "Min-SE")) == ("UPDATE", "90")
    bench.receive(bench.response(bench.last_request, 200, headers=refreshed_by("uac")))
    bench.receive(bench.in_dialog("UPDATE", 2, call, headers=["Supported: timer", "Min-SE: 120"]))
    bench.take(call.offer(SDP, now=bench.now))
    assert of(bench.last_request, "Min-SE") == "120"


@pytest.mark.rfc("4028 7.4")
def test_what_was_required_first_is_required_again() -> None:
    """Supported, Require and Proxy-Require of the INVITE stand in the session refresh requests of its sender."""
    bench = Bench(policy=ASKS)
    call = bench.outgoing(headers=[("Require", "timer"), ("Proxy-Require", "timer"), ("Supported", "foo")])
    bench.receive(bench.response(call.invite, 200, headers=refreshed_by("uac"), body=SDP2))
    bench.wait(900)
    for name in ("Supported", "Require", "Proxy-Require"):
        assert bench.last_request.header_values(name) == call.invite.header_values(name)
    assert "foo" in bench.last_request.header_values("Supported")


# -------------------------------------------------------------------- the callee


@pytest.mark.rfc("4028 9")
@pytest.mark.parametrize(
    ("supports", "refresher", "chosen"),
    [(False, "", "uas"), (True, "", "uac"), (True, ";refresher=uac", "uac"), (True, ";refresher=uas", "uas")],
)
def test_who_refreshes(supports: bool, refresher: str, chosen: str) -> None:
    """Table 2: a caller without timers cannot, one with them who chooses is obeyed; Require where it must know."""
    bench = Bench()
    headers = ["Supported: timer"] if supports else []
    call = asked(bench, *headers, f"Session-Expires: 600{refresher}", ALLOWS)
    ok = next(message for message in bench.sent if getattr(message, "status", 0) == 200)
    assert of(ok, "Session-Expires") == f"600;refresher={chosen}"
    assert ("timer" in ok.header_values("Require")) == supports
    bench.wait(300)
    assert bench.methods == ([] if chosen == "uac" else ["UPDATE"])
    assert call.state == "established"


@pytest.mark.rfc("4028 9")
@pytest.mark.parametrize(
    ("ours", "theirs", "smallest", "agreed"),
    [
        (None, 1800, None, 1800),
        (600, 1800, None, 600),
        (3600, 1800, None, 1800),
        (600, 1800, 900, 900),
        (90, 1800, 90, 90),
        (None, 90, 90, 90),
    ],
)
def test_the_callee_may_shorten_it(ours: int | None, theirs: int, smallest: int | None, agreed: int) -> None:
    """The 2xx bears the interval that was asked for, or ours where that is shorter, but none below Min-SE."""
    bench = Bench(policy=Policy(session_interval_s=ours))
    named = [] if smallest is None else [f"Min-SE: {smallest}"]
    asked(bench, "Supported: timer", f"Session-Expires: {theirs}", *named)
    ok = next(message for message in bench.sent if getattr(message, "status", 0) == 200)
    assert of(ok, "Session-Expires") == f"{agreed};refresher=uac"


@pytest.mark.rfc("4028 9")
@pytest.mark.parametrize(
    ("headers", "agreed"),
    [
        (["Supported: timer"], "600;refresher=uac"),
        (["Supported: timer", "Min-SE: 700"], "700;refresher=uac"),
        ([], None),
    ],
)
def test_the_callee_asks(headers: list[str], agreed: str | None) -> None:
    """Where the caller asks for none and knows timers, a callee that wants one puts it into the 2xx."""
    bench = Bench(policy=Policy(session_interval_s=600))
    asked(bench, *headers)
    ok = next(message for message in bench.sent if getattr(message, "status", 0) == 200)
    assert of(ok, "Session-Expires") == agreed


@pytest.mark.rfc("4028 7.4")
def test_a_callee_that_asks_later() -> None:
    """Who could not ask in its 2xx, since the caller knew no timers, asks in its own re-INVITE."""
    bench = Bench(policy=Policy(session_interval_s=600))
    call = asked(bench)
    bench.take(call.offer(SDP, now=bench.now))
    assert of(bench.last_request, "Session-Expires") == "600"


@pytest.mark.rfc("4028 9")
def test_a_callee_that_wants_more() -> None:
    """Too small an interval gets 422 with Min-SE; without Supported: timer that would be in vain."""
    bench = Bench(profile=Profile(smallest_interval_s=300))
    bench.receive(bench.request("INVITE", headers=["Supported: timer", "Session-Expires: 299"], body=SDP))
    assert (bench.last_response.status, of(bench.last_response, "Min-SE")) == (422, "300")
    assert bench.told(IncomingCall) == []
    bench.receive(bench.request("INVITE", call_id="other", headers=["Session-Expires: 299"], body=SDP))
    assert len(bench.told(IncomingCall)) == 1


@pytest.mark.rfc("4028 9")
def test_a_request_that_was_refused_agrees_on_nothing() -> None:
    """The interval of a re-INVITE that got 488 is not that of the next one, which asks for none."""
    bench = Bench()
    call = asked(bench)
    bench.receive(bench.in_dialog("INVITE", 2, call, headers=["Supported: timer", "Session-Expires: 200"], body=SDP))
    bench.take(call.reject_offer(now=bench.now))
    bench.receive(bench.in_dialog("INVITE", 3, call, body=SDP))
    bench.take(call.answer_offer(SDP2, now=bench.now))
    assert (bench.last_response.status, bench.last_response.has("Session-Expires")) == (200, False)


@pytest.mark.rfc("4028 9")
def test_the_peer_turns_it_off() -> None:
    """A refresh without Session-Expires, answered without one, ends the timer."""
    bench = Bench()
    call = asked(bench, "Supported: timer", "Session-Expires: 200")
    bench.receive(bench.in_dialog("UPDATE", 2, call, headers=["Supported: timer"]))
    assert (bench.last_response.status, bench.last_response.has("Session-Expires")) == (200, False)
    bench.wait(3600)
    assert call.state == "established"


# -------------------------------------------------------------------- the end


@pytest.mark.rfc("4028 10")
@pytest.mark.parametrize(("interval", "before"), [(90, 30), (96, 32), (1800, 32)])
def test_nobody_refreshes(interval: int, before: int) -> None:
    """The side that waits sends BYE a little before the end: 32 seconds, or a third of the interval if that is less."""
    bench = Bench()
    call = asked(bench, "Supported: timer", f"Session-Expires: {interval};refresher=uac")
    bench.wait(interval - before - 0.1)
    assert call.state == "established"
    bench.wait(0.1)
    assert bench.methods == ["BYE"]
    bench.receive(bench.response(bench.last_request, 200))
    assert bench.told(Ended)[-1].reason is EndReason.NOT_REFRESHED


@pytest.mark.rfc("4028 10", "3261-C17", "3261 12.2.1.2")
@pytest.mark.parametrize("status", [408, 481, None])
def test_a_refresh_into_the_void(status: int | None) -> None:
    """A refresh that gets 408, 481 or nothing is followed by BYE."""
    bench = Bench(policy=ASKS)
    call = bench.answered(headers=refreshed_by("uac"))
    bench.wait(900)
    if status is None:
        bench.wait(32)
    else:
        bench.receive(bench.response(bench.last_request, status))
    assert (bench.methods[-1], call.state) == ("BYE", "ending")
    bench.receive(bench.response(bench.last_request, 481))
    assert bench.told(Ended)[-1].reason is EndReason.PEER_LOST


@pytest.mark.rfc("4028 10")
def test_a_refresh_that_fails_is_tried_again() -> None:
    """Another failure leaves the session as it is: each eighth of the interval there is one more try."""
    bench = Bench(policy=Policy(session_interval_s=800))
    call = bench.answered(headers=refreshed_by("uac", 800))
    bench.wait(400)
    for tries in (1, 2, 3):
        assert count(bench, "UPDATE") == tries
        bench.receive(bench.response(bench.last_request, 500))
        bench.wait(100)
    bench.receive(bench.response(bench.last_request, 200, headers=refreshed_by("uac", 800)))
    bench.wait(399)
    assert (call.state, count(bench, "UPDATE"), bench.told(ModificationRefused)) == ("established", 4, [])


@pytest.mark.rfc("4028 10")
def test_a_refresh_waits_for_its_turn() -> None:
    """While a re-INVITE is under way there is no other refresh; the 2xx of that one does."""
    bench = Bench(policy=ASKS)
    call = bench.answered(headers=refreshed_by("uac")[:2])
    bench.wait(899)
    bench.take(call.offer(SDP, now=bench.now))
    again = bench.last_request
    bench.receive(bench.response(again, 100))
    bench.wait(10)
    assert bench.methods[-1] == "INVITE"
    assert count(bench, "INVITE") == 2
    bench.receive(bench.response(again, 200, headers=refreshed_by("uac"), body=SDP2))
    bench.wait(899)
    assert count(bench, "INVITE") == 2
