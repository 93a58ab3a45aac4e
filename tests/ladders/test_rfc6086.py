"""INFO: packages and who takes them, what they carry, and INFO as it was before there were packages (RFC 6086)."""

from __future__ import annotations

from typing import Any

import pytest

from sipsm import Call, LocalProtocolError
from sipsm.message.headers import INFO_PACKAGE, RECV_INFO
from sipsm.role import Answered, Ended, InfoReceived, Policy, Profile
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.ladders.parties import parties, request, taken, told

TAKES = Profile(info_packages=("foo", "bar"))
SUPPORTED = "Supported: 100rel"


def info(bench: Bench, cseq: int, call: Call, package: str | None = "foo", *more: str, body: bytes = b"") -> int:
    """An INFO of the peer; returns the status of its answer."""
    named = [] if package is None else [f"Info-Package: {package}"]
    bench.receive(bench.in_dialog("INFO", cseq, call, headers=[*named, *more], body=body, content_type=None))
    return bench.last_response.status


def may_send(bench: Bench, call: Call, package: str) -> bool:
    """Whether an INFO of this package may be sent now; it is not answered."""
    try:
        bench.take(call.info(package, now=bench.now)[1])
    except LocalProtocolError:
        return False
    return True


# -------------------------------------------------------------------- Recv-Info


@pytest.mark.rfc("6086 5.2.2", "6086 5.2.3", "6086-01")
@pytest.mark.parametrize(("profile", "value"), [(Profile(), ""), (TAKES, "foo, bar")])
def test_who_takes_what(profile: Profile, value: str) -> None:
    """Recv-Info is in every INVITE outside a dialog, empty where nothing is taken, and in reliable answers to it."""
    assert Bench(profile=profile).outgoing().invite.lines_of("Recv-Info") == (value,)
    bench = Bench(profile=profile)
    call = bench.incoming(headers=["Recv-Info:", SUPPORTED])
    bench.take(call.ring(180, reliable=True, now=bench.now))
    assert bench.last_response.lines_of("Recv-Info") == (value,)
    rack = f"RAck: {bench.last_response.header('RSeq')} 1 INVITE"
    bench.receive(bench.in_dialog("PRACK", 2, call, headers=[rack]))
    assert not bench.last_response.has("Recv-Info")
    bench.take(call.answer(SDP2, now=bench.now))
    assert bench.last_response.lines_of("Recv-Info") == (value,)


@pytest.mark.rfc("6086 5.2.3", "6086-03")
def test_no_recv_info_where_none_was() -> None:
    """A response has it only if its request had it; then all responses of one INVITE say the same."""
    bench = Bench(profile=TAKES)
    call = bench.incoming(headers=[SUPPORTED])
    bench.take(call.ring(180, reliable=True, now=bench.now))
    rack = f"RAck: {bench.last_response.header('RSeq')} 1 INVITE"
    bench.receive(bench.in_dialog("PRACK", 2, call, headers=[rack]))
    bench.receive(bench.in_dialog("UPDATE", 3, call))
    bench.take(call.answer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("ACK", 1, call))
    bench.receive(bench.in_dialog("INVITE", 4, call, body=SDP))
    bench.take(call.answer_offer(SDP2, now=bench.now))
    assert bench.statuses.count(200) == 4
    assert not any(message.has("Recv-Info") for message in bench.sent)
    bench.receive(bench.in_dialog("ACK", 4, call))
    bench.drain()
    for cseq, method in ((5, "UPDATE"), (6, "INVITE")):
        bench.receive(bench.in_dialog(method, cseq, call, headers=["Recv-Info:"], body=SDP))
        bench.take(call.answer_offer(SDP2, now=bench.now))
        assert bench.last_response.lines_of("Recv-Info") == ("foo, bar",)


@pytest.mark.rfc("6086 5.2.3")
def test_an_update_without_an_offer_is_answered_alike() -> None:
    """Its 2xx has Recv-Info if the UPDATE had it, and what that said counts."""
    bench = Bench(profile=TAKES)
    call = bench.acked()
    bench.receive(bench.in_dialog("UPDATE", 2, call, headers=["Recv-Info: new"]))
    assert bench.last_response.lines_of("Recv-Info") == ("foo, bar",)
    assert may_send(bench, call, "new")


@pytest.mark.rfc("6086 5.2.2", "6086 4.2.1", "6086-02", "6086-05")
@pytest.mark.parametrize(
    ("says", "sends"),
    [
        (["Recv-Info: foo, bar;x=1"], {"foo", "bar"}),
        (["Recv-Info: foo", "Recv-Info: bar"], {"foo", "bar"}),
        (["Recv-Info: Foo"], {"Foo"}),
        (["Recv-Info:"], set()),
        ([], set()),
    ],
)
def test_only_what_the_peer_takes(says: list[str], sends: set[str]) -> None:
    """An INFO of a package goes only to who has listed it, name by name and letter by letter."""
    bench = Bench()
    call = bench.answered(headers=says)
    assert {name for name in ("foo", "bar", "Foo", "baz") if may_send(bench, call, name)} == sends
    assert call.here.peer_packages == (None if not says else tuple(call.here.peer_packages or ()))


@pytest.mark.rfc("6086 5.2.2")
def test_the_set_may_change() -> None:
    """What the peer says last counts, until it says something else; who says nothing changes nothing."""
    bench = Bench()
    call = bench.answered(headers=["Recv-Info: foo"])
    for cseq, says, sends in (
        (1, ["Recv-Info: bar"], {"bar"}),
        (2, [], {"bar"}),
        (3, ["Recv-Info:"], set()),
        (4, ["Recv-Info: foo, bar"], {"foo", "bar"}),
    ):
        bench.receive(bench.in_dialog("INVITE", cseq, call, headers=says, body=SDP))
        bench.take(call.answer_offer(SDP2, now=bench.now))
        bench.receive(bench.in_dialog("ACK", cseq, call))
        assert {name for name in ("foo", "bar") if may_send(bench, call, name)} == sends


@pytest.mark.rfc("6086 5.2.4", "6086-04")
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_rejected_request_changes_no_set(method: str) -> None:
    """When we reject the peer's request both sides have the sets from before, also where ours was told meanwhile."""
    bench = Bench(profile=TAKES)
    call = bench.answered(headers=["Recv-Info: old"])
    bench.receive(bench.in_dialog(method, 1, call, headers=["Recv-Info: new", SUPPORTED], body=SDP))
    assert call.here.peer_packages == ("new",)
    if method == "INVITE":
        bench.take(call.ring(183, reliable=True, now=bench.now))
        assert bench.last_response.lines_of("Recv-Info") == ("foo, bar",)
    bench.take(call.reject_offer(now=bench.now))
    assert (may_send(bench, call, "old"), may_send(bench, call, "new")) == (True, False)
    assert (info(bench, 2, call, "foo"), info(bench, 3, call, "old")) == (200, 469)


@pytest.mark.rfc("6086 5.2.4", "6086-04")
def test_a_request_that_is_not_even_read_changes_no_set() -> None:
    """An UPDATE that crosses ours gets 491, and what it says of packages is not heard."""
    bench = Bench()
    call = bench.answered(headers=["Recv-Info: old", "Allow: UPDATE"])
    bench.take(call.offer(SDP, method="UPDATE", now=bench.now))
    bench.receive(bench.in_dialog("UPDATE", 1, call, headers=["Recv-Info: new"], body=SDP))
    assert (bench.last_response.status, call.here.peer_packages) == (491, ("old",))


@pytest.mark.rfc("6086 5.2.4", "6086-04")
@pytest.mark.parametrize("status", [200, 488])
def test_our_rejected_request_changes_no_set(status: int) -> None:
    """What the peer has said in a reliable provisional response counts no more when it rejects the re-INVITE."""
    bench = Bench()
    call = bench.answered(headers=["Recv-Info: old"])
    bench.take(call.offer(SDP, now=bench.now))
    again = bench.last_request
    early = ["Require: 100rel", "RSeq: 1", "Recv-Info: new"]
    bench.receive(bench.response(again, 183, headers=early))
    assert call.here.peer_packages == ("new",)
    bench.receive(bench.response(again, status, body=SDP2 if status == 200 else b""))
    assert call.here.peer_packages == (("new",) if status == 200 else ("old",))


@pytest.mark.rfc("6086 5.2.4", "6086-04")
@pytest.mark.parametrize(
    ("update", "reinvite", "left"),
    [(True, True, "second"), (True, False, "second"), (False, True, "first"), (False, False, "old")],
)
def test_two_requests_name_packages(update: bool, reinvite: bool, left: str) -> None:
    """An UPDATE within a re-INVITE: each takes back only what it has said itself."""
    bench = Bench()
    call = bench.answered(headers=["Recv-Info: old"])
    bench.receive(bench.in_dialog("INVITE", 1, call, headers=["Recv-Info: first", SUPPORTED], body=SDP))
    bench.take(call.ring(183, sdp=SDP2, reliable=True, now=bench.now))
    rack = f"RAck: {bench.last_response.header('RSeq')} 1 INVITE"
    bench.receive(bench.in_dialog("PRACK", 2, call, headers=[rack]))
    bench.receive(bench.in_dialog("UPDATE", 3, call, headers=["Recv-Info: second"], body=SDP))
    assert call.here.peer_packages == ("second",)
    for accepted, way in ((update, "UPDATE"), (reinvite, "INVITE")):
        if way == "UPDATE":
            command = call.answer_offer(SDP2, now=bench.now) if accepted else call.reject_offer(now=bench.now)
        else:
            command = call.answer(now=bench.now) if accepted else call.reject(488, now=bench.now)
        bench.take(command)
    assert call.here.peer_packages == (left,)


@pytest.mark.rfc("6086 5.2.4")
def test_the_outer_request_is_rejected_first() -> None:
    """What the UPDATE within it has said counts until that is answered, and then what was before both."""
    bench = Bench()
    call = bench.answered(headers=["Recv-Info: old"])
    bench.receive(bench.in_dialog("INVITE", 1, call, headers=["Recv-Info: first", SUPPORTED], body=SDP))
    bench.take(call.ring(183, sdp=SDP2, reliable=True, now=bench.now))
    rack = f"RAck: {bench.last_response.header('RSeq')} 1 INVITE"
    bench.receive(bench.in_dialog("PRACK", 2, call, headers=[rack]))
    bench.receive(bench.in_dialog("UPDATE", 3, call, headers=["Recv-Info: second"], body=SDP))
    bench.take(call.reject(488, now=bench.now))
    assert call.here.peer_packages == ("second",)
    bench.take(call.reject_offer(now=bench.now))
    assert call.here.peer_packages == ("old",)


@pytest.mark.rfc("6086 5.2.3", "6086 4.2.1", "6086-06")
def test_recv_info_is_not_the_applications() -> None:
    """Recv-Info follows from the profile; so it is in no INFO, and in nothing else by an application's word."""
    bench = Bench()
    call = bench.answered(headers=["Recv-Info: foo"])
    for command in (
        lambda: call.info("foo", headers=[("Recv-Info", "foo")], now=bench.now),
        lambda: call.offer(SDP, headers=[("recv-info", "foo")], now=bench.now),
    ):
        with pytest.raises(LocalProtocolError, match="written by sipsm"):
            command()


@pytest.mark.rfc("6086 4.2.1", "6086-09")
def test_each_early_dialog_has_its_set() -> None:
    """The branches of a fork take what they take and may all send INFO; the one that answers is the one that counts."""
    bench = Bench(profile=TAKES, policy=Policy(keeps_forks=True))
    call = bench.outgoing()
    for tag, package in (("a", "one"), ("b", "two")):
        bench.receive(bench.response(call.invite, 183, tag=tag, headers=[f"Recv-Info: {package}"]))
    assert [leg.peer_packages for leg in call.legs] == [("one",), ("two",)]
    for leg in call.legs:
        at: dict[str, Any] = {"from_": leg.dialog.remote, "to": leg.dialog.local, "call_id": call.call_id}
        bench.receive(bench.request("INFO", headers=["Info-Package: foo"], **at))
        assert bench.last_response.status == 200
    assert len(bench.told(InfoReceived)) == 2
    bench.receive(bench.response(call.invite, 200, tag="b", headers=["Recv-Info: two"], body=SDP2))
    assert (may_send(bench, call, "one"), may_send(bench, call, "two")) == (False, True)


# -------------------------------------------------------------------- sending


@pytest.mark.rfc("6086 4.2.1", "6086 4.3.1", "6086-06")
def test_an_info_of_a_package() -> None:
    """Info-Package names it, with its parameters, and Content-Disposition says that the body is its."""
    bench = Bench()
    call = bench.answered(headers=["Recv-Info: foo"])
    asked, outputs = call.info("foo;x=1", b"hello", "text/plain", now=bench.now)
    bench.take(outputs)
    sent = bench.last_request
    assert (sent.method, sent.header("Info-Package"), sent.body) == ("INFO", "foo;x=1", b"hello")
    assert (sent.header("Content-Disposition"), sent.content_type) == ("Info-Package", "text/plain")
    assert not any(sent.has(name) for name in ("Recv-Info", "Contact"))
    bench.receive(bench.response(sent, 200))
    assert (bench.told(Answered)[-1].request, asked.status) == (asked, 200)
    bench.take(call.info("foo", now=bench.now)[1])
    assert not bench.last_request.has("Content-Disposition")


@pytest.mark.rfc("6086 4.3.1", "6086-11")
def test_a_multipart_of_the_application() -> None:
    """Where a part is the package's, the application says so itself."""
    bench = Bench()
    call = bench.answered(headers=["Recv-Info: foo"])
    headers = [("Content-Disposition", "render")]
    bench.take(call.info("foo", b"--x--", "multipart/mixed;boundary=x", headers=headers, now=bench.now)[1])
    assert bench.last_request.lines_of("Content-Disposition") == ("render",)


@pytest.mark.rfc("6086 4.2.1", "6086-05", "6086-06")
def test_where_no_info_may_be() -> None:
    """Not outside a call, not of two packages, not of a package by another name, and none after the end."""
    bench = Bench()
    with pytest.raises(LocalProtocolError) as refused:
        bench.endpoint.request("INFO", "sip:192.0.2.2", now=bench.now)
    assert refused.value.rfc == "6086 4.2.1"
    call = bench.answered(headers=["Recv-Info: foo"])
    for package, headers in (("foo", [("Info-Package", "foo")]), ("foo bar", []), (None, [("Info-Package", "x")])):
        with pytest.raises(LocalProtocolError):
            call.info(package, headers=headers, now=bench.now)
    with pytest.raises(LocalProtocolError):
        call.request("INFO", headers=[("Info-Package", "bar")], now=bench.now)
    bench.take(call.request("INFO", headers=[("Info-Package", "foo")], now=bench.now)[1])
    bench.take(call.hang_up(now=bench.now))
    with pytest.raises(LocalProtocolError):
        call.info("foo", now=bench.now)
    assert bench.methods == ["INVITE", "ACK", "INFO", "BYE"]


@pytest.mark.rfc("6086 4.2.1", "6086-08")
@pytest.mark.parametrize("status", [469, 415, 500, 603])
def test_a_refused_info_ends_nothing(status: int) -> None:
    """469, and what else is no sign of a lost peer, is of that transaction only; 481 is the end of the call."""
    bench = Bench()
    call = bench.answered(headers=["Recv-Info: foo"])
    bench.take(call.info("foo", now=bench.now)[1])
    bench.receive(bench.response(bench.last_request, status, headers=["Recv-Info: bar"]))
    assert bench.told(Answered)[-1].status == status
    assert (call.state, call.here.peer_packages) == ("established", ("foo",))
    bench.take(call.info("foo", now=bench.now)[1])
    bench.receive(bench.response(bench.last_request, 481))
    assert (call.state, bench.methods[-1]) == ("ending", "BYE")


# -------------------------------------------------------------------- receiving


@pytest.mark.rfc("6086 4.2.2", "6086 7.2", "6086-07", "6086-12")
@pytest.mark.parametrize("package", ["baz", "Foo", "foo.bar"])
def test_a_package_that_is_not_taken(package: str) -> None:
    """It gets 469 with the set as it is, which changes nothing; names are compared letter by letter."""
    bench = Bench(profile=TAKES)
    call = bench.acked(headers=["Recv-Info: one"])
    assert info(bench, 2, call, package) == 469
    assert (bench.last_response.lines_of("Recv-Info"), bench.last_response.body) == (("foo, bar",), b"")
    assert (call.state, call.here.peer_packages, bench.told(InfoReceived)) == ("established", ("one",), [])
    assert info(bench, 3, call, "bar;x=1") == 200
    (event,) = bench.told(InfoReceived)
    assert (event.package, event.request[INFO_PACKAGE].params["x"]) == ("bar", "1")
    assert (bench.last_response.body, bench.last_response.has("Recv-Info")) == (b"", False)


@pytest.mark.rfc("6086 4.2.2", "6086-10")
def test_an_info_that_belongs_nowhere() -> None:
    """Outside every dialog it gets 481, and in a call that is ending."""
    bench = Bench(profile=TAKES)
    bench.receive(bench.request("INFO", headers=["Info-Package: foo"]))
    assert bench.last_response.status == 481
    call = bench.acked()
    bench.take(call.hang_up(now=bench.now))
    assert info(bench, 2, call) == 481
    assert bench.told(InfoReceived) == []


@pytest.mark.rfc("6086 4.2.2", "6086-10")
def test_the_types_of_a_package() -> None:
    """A body of another type than the package has gets 415 with those in Accept; who names no types takes all."""
    bench = Bench(profile=Profile(info_packages=("foo", "bar"), info_types={"foo": ("Text/Plain", "text/html")}))
    call = bench.acked()
    is_foos = "Content-Disposition: Info-Package"
    for cseq, package, kind, status in (
        (2, "foo", "text/plain", 200),
        (3, "foo", "TEXT/HTML", 200),
        (4, "foo", "application/sdp", 415),
        (5, "bar", "application/sdp", 200),
    ):
        assert info(bench, cseq, call, package, is_foos, f"Content-Type: {kind}", body=b"x") == status
        if status == 415:
            assert bench.last_response.lines_of("Accept") == ("text/plain, text/html",)
    assert info(bench, 6, call, "foo") == 200
    assert info(bench, 7, call, "foo", f"{is_foos};handling=optional", "Content-Type: a/b", body=b"x") == 200
    assert len(bench.told(InfoReceived)) == 5
    with pytest.raises(LocalProtocolError):
        Profile(info_types={"foo": "text/plain"})


def multipart(*parts: str) -> bytes:
    """A body of these parts."""
    return "".join(f"--x\r\n{part}\r\n" for part in parts).encode() + b"--x--\r\n"


MINE = "Content-Type: text/plain\r\nContent-Disposition: Info-Package\r\n\r\nmine"
OTHER = "Content-Type: application/isup\r\n\r\nother"
MIXED = 'Content-Type: multipart/mixed;boundary="x"'
NESTED = (
    'Content-Type: multipart/mixed;boundary="y"\r\nContent-Disposition: Info-Package\r\n\r\n'
    "--y\r\nContent-Type: text/plain\r\n\r\none\r\n--y\r\nContent-Type: text/plain\r\n\r\ntwo\r\n--y--"
)


@pytest.mark.rfc("6086 4.3.1", "6086-11")
def test_parts_of_a_multipart() -> None:
    """The part with the disposition is the package's, which may be a multipart itself; the rest is somebody else's."""
    bench = Bench(profile=Profile(info_packages=("foo",), info_types={"foo": ("text/plain",)}))
    call = bench.acked()
    assert info(bench, 2, call, "foo", MIXED, body=multipart(OTHER, MINE)) == 200
    assert [part.body for part in bench.told(InfoReceived)[-1].parts] == [b"mine"]
    assert info(bench, 3, call, "foo", MIXED, body=multipart(OTHER, NESTED)) == 200
    (part,) = bench.told(InfoReceived)[-1].parts
    assert part.content_type == "multipart/mixed"
    assert info(bench, 4, call, "foo", MIXED, body=multipart(NESTED.replace("text/plain", "a/b", 1))) == 415
    assert info(bench, 5, call, "foo", MIXED, body=multipart(OTHER)) == 200
    assert bench.told(InfoReceived)[-1].parts == ()
    all_mine = multipart("Content-Type: text/plain\r\n\r\none", "Content-Type: text/plain\r\n\r\ntwo")
    assert info(bench, 6, call, "foo", MIXED, "Content-Disposition: Info-Package", body=all_mine) == 200
    assert bench.told(InfoReceived)[-1].parts == (bench.told(InfoReceived)[-1].request,)


@pytest.mark.rfc("6086 4.3.1", "6086-11")
def test_a_body_that_does_not_say_what_it_is_for() -> None:
    """A body that is the only one, and says nothing, is the package's; one that is for something else is not."""
    bench = Bench(profile=TAKES)
    call = bench.acked()
    assert info(bench, 2, call, "foo", "Content-Type: text/plain", body=b"x") == 200
    assert [part.body for part in bench.told(InfoReceived)[-1].parts] == [b"x"]
    assert info(bench, 3, call, "foo", "Content-Type: text/plain", "Content-Disposition: render", body=b"x") == 200
    assert bench.told(InfoReceived)[-1].parts == ()
    assert info(bench, 4, call, "foo", MIXED, body=b"no boundary here") == 400
    assert len(bench.told(InfoReceived)) == 2


@pytest.mark.rfc("6086 4.4", "6086-13")
def test_the_order_is_that_of_cseq() -> None:
    """An INFO whose number is lower than the last one's gets 500, and its event tells the number."""
    bench = Bench(profile=TAKES)
    call = bench.acked()
    assert [info(bench, cseq, call) for cseq in (5, 4, 9)] == [200, 500, 200]
    assert [event.request.cseq.number for event in bench.told(InfoReceived)] == [5, 9]


@pytest.mark.rfc("6086 4.2.1", "6086-14")
def test_an_info_refreshes_nothing() -> None:
    """A Contact in it is no new target, and the session timer runs on."""
    bench = Bench(profile=TAKES)
    call = bench.acked(headers=["Supported: timer", "Session-Expires: 90;refresher=uac"])
    bench.wait(59)
    assert info(bench, 2, call, "foo", "Contact: <sip:elsewhere@192.0.2.9>") == 200
    assert str(call.here.dialog.remote_target) == "sip:alice@192.0.2.2:5060"
    bench.wait(1)
    assert bench.methods == ["BYE"]


@pytest.mark.rfc("6086 3", "6086 4.2.1", "6086-15")
def test_info_without_a_package() -> None:
    """As before RFC 6086: sent to anybody, taken from anybody, without Info-Package, and told apart by that."""
    net, alice, bob = parties()
    digit = b"Signal=5\r\nDuration=160\r\n"
    bob.on(InfoReceived, lambda _: None)
    call = alice.invite("sip:bob")
    net.after(1, lambda: bob.do(taken(bob).answer, bob.sdp))
    net.after(2, lambda: alice.do(call.info, None, digit, "application/dtmf-relay"))
    net.after(3, lambda: alice.do(call.hang_up))
    net.run()
    sent = request(net, alice, "INFO")
    assert not any(sent.has(name) for name in ("Info-Package", "Recv-Info", "Content-Disposition"))
    (event,) = told(bob, InfoReceived)
    assert (event.package, event.parts) == (None, ())
    assert (event.request.body, event.request.content_type) == (digit, "application/dtmf-relay")
    assert event.request[RECV_INFO] == ()
    assert len(told(bob, Ended)) == 1


@pytest.mark.rfc("6086 10.9", "6086-17")
def test_the_rate_of_a_package() -> None:
    """Where its specification names the least time between two INFO requests, the second one waits for it; others do
    not, nor does another dialog."""
    bench = Bench(policy=Policy(info_intervals_s={"foo": 5}))
    call = bench.acked(headers=["Recv-Info: foo, bar"])
    bench.drain()
    bench.take(call.info("foo", now=bench.now)[1])
    with pytest.raises(LocalProtocolError, match="one each 5 s at most"):
        call.info("foo;param=1", now=bench.now + 4.9)
    bench.take(call.info("bar", now=bench.now)[1])
    bench.take(call.info("bar", now=bench.now)[1])
    bench.take(call.info("foo", now=bench.now + 5)[1])
    assert [message.header("Info-Package") for message in bench.sent] == ["foo", "bar", "bar", "foo"]
    with pytest.raises(LocalProtocolError, match="no time between"):
        Policy(info_intervals_s={"foo": 0})
