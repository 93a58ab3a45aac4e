"""What a proxy makes of responses, silence and failure (RFC 3261 16.7 to 16.9)."""

from __future__ import annotations

from typing import Any

import pytest

from sipsm import Dropped, DropReason, NotDelivered, TimerValues, response_to
from sipsm.proxy import RouteTarget
from tests.proxy.by_hand import ALICE, BOB, CAROL, DAVE, SDP, Neighbours, at, statuses


def to(messages: list[Any], source: tuple[str, int], world: Neighbours) -> Any:
    """That of these messages which went there."""
    return next(each for each in messages if world.went_to(each) == source)


def left(world: Neighbours) -> dict[str, int]:
    """What the proxy holds when all is over."""
    while world.proxy.next_timeout() is not None:
        world.wait(40)
    transactions = world.proxy._transactions
    held = {
        "servers": len(transactions.servers),
        "clients": len(transactions.clients),
        "forwarding": world.proxy.forwarding,
        "deliveries": len(world.proxy._sending.deliveries),
    }
    return {name: count for name, count in held.items() if count}


# -------------------------------------------------------------------- one branch


@pytest.mark.rfc("3261 16.7", "3261-P12", "3261-P14")
def test_provisional_and_2xx_responses_go_on_at_once() -> None:
    """Without our Via, and else as they came, the To tag included; a 100 goes no further."""
    world = Neighbours(route=at("bob"))
    (copy,) = world.ask()
    assert world.answer(copy, 100) == []
    (ringing,) = world.answer(copy, 180, tag="b1")
    (again,) = world.answer(copy, 180, tag="b2")
    (untagged,) = world.answer(copy, 183, tag=None)
    assert [each.to_tag for each in (ringing, again, untagged)] == ["b1", "b2", None]
    headers = [("X-Odd", "1"), ("Contact", "<sip:bob@192.0.2.20>")]
    (ok,) = world.answer(copy, 200, body=SDP, content_type="application/sdp", headers=headers)
    assert world.went_to(ok) == ALICE
    assert [str(via) for via in ok.vias] == [str(copy.vias[1])]
    came = response_to(copy, 200, to_tag="b", headers=headers, body=SDP, content_type="application/sdp")
    assert list(ok.headers) == list(came.headers)[1:]
    assert ok.body == SDP
    assert left(world) == {}


@pytest.mark.rfc("3261 16.7", "6026 8.4", "3261-P14")
def test_a_2xx_goes_on_each_time_that_it_comes() -> None:
    """Also that of another callee downstream, and as long as its transaction is there; not without one."""
    world = Neighbours(route=at("bob"))
    (copy,) = world.ask()
    assert statuses(world.answer(copy, 200)) == [200]
    world.wait(10)
    assert statuses(world.answer(copy, 200)) == [200]
    (other,) = world.answer(copy, 200, tag="b2")
    assert other.to_tag == "b2"
    # Of a refusal after it nobody hears.
    assert world.answer(copy, 486) == []
    world.wait(60)
    assert world.answer(copy, 200) == []
    assert [event.reason for event in world.told(Dropped)] == [DropReason.ABSORBED, DropReason.STRAY_RESPONSE]


@pytest.mark.rfc("3261 16.7", "3261-P14")
def test_a_2xx_goes_on_though_the_transaction_upstream_is_over() -> None:
    """The client transaction began to wait later, and waits longer."""
    world = Neighbours(route=at("bob", "carol"))
    bob, carol = world.ask()
    world.answer(carol, 180)
    assert statuses(world.answer(bob, 200)) == [200, "CANCEL"]
    world.wait(31)
    assert statuses(world.answer(carol, 200)) == [200]
    world.wait(2)
    assert not world.proxy._transactions.servers
    (late,) = world.answer(carol, 200)
    assert (late.status, world.went_to(late)) == (200, ALICE)
    assert left(world) == {}


@pytest.mark.rfc("3261 16.7")
def test_a_refusal_is_passed_on_and_acknowledged_hop_by_hop() -> None:
    """With its To tag, and once."""
    world = Neighbours(route=at("bob"))
    (copy,) = world.ask()
    ack, busy = world.answer(copy, 486, tag="b1")
    assert (ack.method, ack.branch, world.went_to(ack)) == ("ACK", copy.branch, BOB)
    assert (busy.status, busy.to_tag, world.went_to(busy)) == (486, "b1", ALICE)
    assert world.acknowledge(busy) == []
    assert statuses(world.answer(copy, 486, tag="b1")) == ["ACK"]
    assert left(world) == {}


@pytest.mark.rfc("3261 16.7", "4320 4.1", "4320 4.2")
def test_another_request_gets_one_answer() -> None:
    """No provisional response goes on, nor another final one."""
    world = Neighbours(route=at("bob", "carol"))
    bob, carol = world.ask("MESSAGE")
    assert world.answer(bob, 180) == []
    assert statuses(world.answer(bob, 200)) == [200]
    assert world.answer(carol, 200) == []
    assert left(world) == {}


@pytest.mark.rfc("3261 16.7")
def test_a_response_without_another_via_goes_no_further() -> None:
    """It belongs nowhere; if it is final, its branch has failed."""
    world = Neighbours(route=at("bob"))
    (copy,) = world.ask()
    for status in (180, 200):
        response = response_to(copy, status, to_tag="b").with_header("Via", str(copy.via))
        expected = [] if status == 180 else [500]
        assert statuses(world.receive(response, BOB)) == expected
    assert [event.reason for event in world.told(Dropped)] == [DropReason.MISROUTED_RESPONSE] * 2
    assert left(world) == {}


@pytest.mark.rfc("3261 16.9", "3261-P15")
def test_what_cannot_be_forwarded_counts_as_503() -> None:
    """Which itself is not passed on: a 500 is."""
    world = Neighbours(route=at("bob"))
    world.ask()
    assert statuses(world.take(world.proxy.send_failed(world.sends[-1], world.now))) == [500]
    world = Neighbours(route=lambda _: ["sip:bob@192.0.2.20;transport=sctp"])
    assert statuses(world.ask()) == [500]


@pytest.mark.rfc("3261 16.9", "3261-P15")
def test_a_response_that_cannot_be_passed_on_cancels_nothing() -> None:
    """Else one client could have all its calls fail by its Via."""
    world = Neighbours(route=at("bob"))
    (copy,) = world.ask()
    world.answer(copy, 180)
    failed = world.sends[-1]
    world.take(world.proxy.send_failed(failed, world.now))
    assert world.told(NotDelivered)
    assert statuses(world.answer(copy, 200)) == [200]


@pytest.mark.rfc("3261 16.6", "3261 16.7", "4320 4.2")
def test_silence_counts_as_408() -> None:
    """An INVITE is answered so; another request is not answered at all, since its sender has given up."""
    world = Neighbours(route=at("bob"))
    world.ask()
    assert [each for each in statuses(world.wait(32.1)) if each != "INVITE"] == [100, 408]
    assert left(world) == {}
    world = Neighbours(route=at("bob"))
    world.ask("MESSAGE")
    world.wait(40)
    assert {200, 408, 500}.isdisjoint(statuses([m for m, _ in world.sent]))
    assert left(world) == {}


@pytest.mark.rfc("4320 4.2")
def test_a_408_to_another_request_is_not_passed_on() -> None:
    """Who sent it is of another time. That to an INVITE is, as it came."""
    world = Neighbours(route=at("bob"))
    (copy,) = world.ask("MESSAGE")
    assert world.answer(copy, 408) == []
    assert left(world) == {}
    (copy,) = world.ask("INVITE")
    _, response = world.answer(copy, 408, headers=[("X", "y")])
    assert (response.status, response.header("X"), response.to_tag) == (408, "y", "b")


# -------------------------------------------------------------------- Timer C


@pytest.mark.rfc("3261 16.8", "3261 16.6", "3261-P11", "3261-P15")
def test_who_rings_for_too_long_is_cancelled() -> None:
    """Timer C lasts more than three minutes, from the last provisional response that is none of 100."""
    world = Neighbours(route=at("bob"))
    (copy,) = world.ask()
    world.wait(1)
    world.answer(copy, 100)
    assert world.wait(100) == []
    world.answer(copy, 180)
    assert world.wait(180.9) == []
    world.answer(copy, 183)
    assert world.wait(180.9) == []
    (cancel,) = world.wait(0.2)
    assert (cancel.method, cancel.branch, world.went_to(cancel)) == ("CANCEL", copy.branch, BOB)
    assert world.answer(cancel, 200) == []
    assert statuses(world.answer(copy, 487)) == ["ACK", 487]
    assert left(world) == {}


@pytest.mark.rfc("3261 9.1", "3261-P15")
def test_a_cancel_without_effect_is_waited_for_no_longer_than_it_must_be() -> None:
    """After 64*T1 the branch is over, as if no final response had come."""
    world = Neighbours(route=at("bob"))
    (copy,) = world.ask()
    world.answer(copy, 100)
    (cancel,) = world.wait(182)[-1:]
    world.answer(cancel, 200)
    (response, *_repeats) = world.wait(33)
    assert response.status == 408
    world.acknowledge(response)
    # What comes now has no transaction.
    assert world.answer(copy, 200) == []
    assert left(world) == {}


@pytest.mark.rfc("3261 16.8", "3261-P11", "3261-P15")
def test_timer_c_of_who_has_not_answered_at_all_counts_as_408() -> None:
    """Where nothing has come, not even a 100, nothing is cancelled. A late answer comes too late."""
    world = Neighbours(route=at("bob"), times=TimerValues(T1=4.0))
    (copy,) = world.ask()
    assert [each for each in statuses(world.wait(182)) if each != "INVITE"] == [100, 408]
    assert world.answer(copy, 200) == []
    (dropped,) = world.told(Dropped)
    assert dropped.why == "its final response has come, or was not waited for any longer"
    assert left(world) == {}
    for status in (100, 180):
        world = Neighbours(route=at("bob"), times=TimerValues(T1=4.0))
        (copy,) = world.ask()
        world.wait(182)
        assert statuses(world.answer(copy, status)) == ["CANCEL"]
        assert left(world) == {}


# -------------------------------------------------------------------- several branches


@pytest.mark.rfc("3261 16.7", "3261-P12", "3261-P14")
def test_the_first_2xx_has_the_others_cancelled() -> None:
    """Once they have sent a provisional response; a 2xx that comes all the same goes on, a refusal does not."""
    world = Neighbours(route=at("bob", "carol", "dave"))
    sent = world.ask()
    bob, carol, dave = (to(sent, place, world) for place in (BOB, CAROL, DAVE))
    world.answer(bob, 180)
    ok, cancel = world.answer(carol, 200)
    assert (ok.status, cancel.method, world.went_to(cancel)) == (200, "CANCEL", BOB)
    (late,) = world.answer(dave, 180)
    # It has not been heard of before, so its CANCEL waited for this; the response itself comes too late.
    assert (late.method, world.went_to(late)) == ("CANCEL", DAVE)
    assert statuses(world.answer(bob, 487)) == ["ACK"]
    assert statuses(world.answer(dave, 200, tag="d")) == [200]
    assert left(world) == {}


@pytest.mark.rfc("3261 16.7", "3261-P12")
def test_a_6xx_ends_the_search() -> None:
    """The rest is cancelled, no further branch begins, and it goes on when all have answered; a 2xx still wins."""
    for second, expected in ((487, ["ACK", 603]), (200, [200])):
        world = Neighbours(
            route=lambda _: [
                RouteTarget("sip:b@192.0.2.20"),
                RouteTarget("sip:c@192.0.2.30"),
                RouteTarget("sip:d@192.0.2.40", q=0.5),
            ]
        )
        bob, carol = world.ask()
        world.answer(carol, 100)
        ack, cancel = world.answer(bob, 603)
        assert (ack.method, cancel.method, world.went_to(cancel)) == ("ACK", "CANCEL", CAROL)
        assert statuses(world.answer(carol, second)) == expected
        assert left(world) == {}


@pytest.mark.rfc("3261 16.7")
def test_a_6xx_to_another_request_is_no_reason_to_cancel() -> None:
    """Only an INVITE is cancelled; the 6xx waits for the others."""
    world = Neighbours(route=at("bob", "carol", "dave"))
    bob, carol, dave = world.ask("MESSAGE")
    assert world.answer(bob, 600) == []
    assert world.answer(dave, 404) == []
    assert statuses(world.answer(carol, 404)) == [600]


@pytest.mark.rfc("3261 16.7", "3261-P12")
def test_a_6xx_of_the_last_one_goes_on_at_once() -> None:
    """And no target of lower preference is tried."""
    world = Neighbours(route=lambda _: [RouteTarget("sip:b@192.0.2.20"), RouteTarget("sip:d@192.0.2.40", q=0.5)])
    (bob,) = world.ask()
    assert statuses(world.answer(bob, 600)) == ["ACK", 600]


@pytest.mark.rfc("3261 16.7", "3261-P13")
@pytest.mark.parametrize(
    ("given", "best"),
    [
        ((486, 503, 404), 486),
        ((503, 407, 501), 407),
        ((404, 486, 484), 484),
        ((500, 404, 302), 302),
        ((486, 302, 603), 603),
        ((503, 501, 503), 501),
        ((503, 503, 503), 500),
        ((408, 487, 480), 480),
    ],
)
def test_the_best_response_is_chosen(given: tuple[int, ...], best: int) -> None:
    """6xx, else the lowest class; in it what helps to ask again; never a 503."""
    world = Neighbours(route=at("bob", "carol", "dave"))
    copies = world.ask()
    last: list[Any] = []
    for copy, status in zip(copies, given, strict=True):
        assert [each for each in statuses(last) if isinstance(each, int)] == []
        last = world.answer(copy, status)
    if best == 603:
        assert statuses(last) == ["ACK", 603]
    else:
        assert statuses(last) == ["ACK", best]


@pytest.mark.rfc("3261 16.7", "3261-P13")
def test_all_challenges_are_collected() -> None:
    """Of every 401 and 407, as they came, in the one that goes on."""
    world = Neighbours(route=at("bob", "carol", "dave"))
    bob, carol, dave = world.ask()
    world.answer(bob, 407, headers=[("Proxy-Authenticate", 'Digest realm="a", nonce="1"')])
    world.answer(carol, 401, headers=[("WWW-Authenticate", 'Digest realm="b", nonce="2"'), ("X", "y")])
    (response,) = world.answer(dave, 404)[1:]
    assert response.status == 407
    assert response.lines_of("Proxy-Authenticate") == ('Digest realm="a", nonce="1"',)
    assert response.lines_of("WWW-Authenticate") == ('Digest realm="b", nonce="2"',)
    assert not response.has("X")


@pytest.mark.rfc("3261 16.6")
def test_targets_are_tried_in_the_order_of_their_preference() -> None:
    """Those of equal q at once, the next ones when these have refused."""
    world = Neighbours(
        route=lambda _: [
            RouteTarget("sip:d@192.0.2.40", q=0.3),
            RouteTarget("sip:b@192.0.2.20"),
            RouteTarget("sip:c@192.0.2.30"),
        ]
    )
    bob, carol = world.ask()
    assert {world.went_to(bob), world.went_to(carol)} == {BOB, CAROL}
    assert statuses(world.answer(bob, 486)) == ["ACK"]
    ack, dave = world.answer(carol, 404)
    assert (ack.method, dave.method, world.went_to(dave)) == ("ACK", "INVITE", DAVE)
    assert len({bob.branch, carol.branch, dave.branch}) == 3
    assert statuses(world.answer(dave, 200)) == [200]
    assert left(world) == {}


@pytest.mark.rfc("3261 16.6")
def test_a_serial_proxy_tries_one_after_the_other() -> None:
    """Whatever their preference."""
    world = Neighbours(route=at("bob", "carol"), serial=True)
    (bob,) = world.ask()
    ack, carol = world.answer(bob, 486)
    assert (world.went_to(bob), ack.method, world.went_to(carol)) == (BOB, "ACK", CAROL)
    assert statuses(world.answer(carol, 486)) == ["ACK", 486]


# -------------------------------------------------------------------- Max-Breadth


@pytest.mark.rfc("5393 5.3.3", "5393 5.3.3.1", "3261-P10")
def test_max_breadth_is_divided_among_the_branches() -> None:
    """What is too much is cut, what is missing is added; what a branch had is free when it is over."""
    world = Neighbours(route=at("bob", "carol", "dave"))
    assert [copy.header("Max-Breadth") for copy in world.ask()] == ["20", "20", "20"]
    assert [copy.header("Max-Breadth") for copy in world.ask(headers=[("Max-Breadth", "100")])] == ["20", "20", "20"]
    bob, carol = world.ask(headers=[("Max-Breadth", "2")])
    assert [copy.header("Max-Breadth") for copy in (bob, carol)] == ["1", "1"]
    _, dave = world.answer(bob, 486)
    assert (dave.method, dave.header("Max-Breadth")) == ("INVITE", "1")
    assert statuses(world.answer(carol, 486)) == ["ACK"]
    assert statuses(world.answer(dave, 486)) == ["ACK", 486]


@pytest.mark.rfc("5393 5.3.3", "3261-P10")
def test_a_proxy_that_does_not_wait_for_breadth_says_so() -> None:
    """440 for what cannot be tried at once."""
    world = Neighbours(route=at("bob", "carol", "dave"), waits_for_breadth=False)
    assert statuses(world.ask(headers=[("Max-Breadth", "2")])) == [440]
    assert statuses(world.ask(headers=[("Max-Breadth", "3")])) == ["INVITE"] * 3
    world = Neighbours(route=at("bob", "carol", "dave"), waits_for_breadth=False, serial=True)
    assert statuses(world.ask(headers=[("Max-Breadth", "1")])) == ["INVITE"]


# -------------------------------------------------------------------- redirection


def moved(*contacts: str) -> dict[str, Any]:
    """The headers of a redirection."""
    return {"headers": [("Contact", ", ".join(contacts))]}


@pytest.mark.rfc("3261 16.7")
def test_a_redirection_is_passed_on() -> None:
    """Unless the policy is to follow it."""
    world = Neighbours(route=at("bob"))
    (copy,) = world.ask()
    _, response = world.answer(copy, 302, **moved("<sip:bob@192.0.2.30>"))
    assert (response.status, str(response.contact)) == (302, "<sip:bob@192.0.2.30>")


@pytest.mark.rfc("3261 16.7", "3261 16.5")
def test_a_proxy_may_follow_a_redirection() -> None:
    """To each Contact that has not been tried; the others are left in the response, if that has any."""
    world = Neighbours(route=at("bob"), recurses=True)
    (copy,) = world.ask()
    where = moved(
        "<sip:c@192.0.2.30;method=INVITE>;q=0.5",
        "<sip:d@192.0.2.40>",
        "<mailto:b@x.com>",
        "<sip:bob@192.0.2.20>",
        "<sip:d@192.0.2.40;x=y>",
    )
    _, dave = world.answer(copy, 302, **where)
    assert (str(dave.uri), world.went_to(dave)) == ("sip:d@192.0.2.40", DAVE)
    _, carol = world.answer(dave, 302, **moved("<sip:d@192.0.2.40>"))
    assert (str(carol.uri), world.went_to(carol)) == ("sip:c@192.0.2.30", CAROL)
    _, response = world.answer(carol, 404)
    contacts = [str(each) for each in response.contacts]
    assert (response.status, contacts) == (302, ["<mailto:b@x.com>", "<sip:bob@192.0.2.20>", "<sip:d@192.0.2.40;x=y>"])
    assert left(world) == {}


@pytest.mark.rfc("3261 16.7")
def test_a_redirection_without_a_contact_left_is_not_kept() -> None:
    """What all its Contacts came to is the answer."""
    world = Neighbours(route=at("bob"), recurses=True, branches=2)
    (copy,) = world.ask()
    _, carol = world.answer(copy, 301, **moved("<sip:c@192.0.2.30>"))
    # No more branches than the policy has.
    _, response = world.answer(carol, 301, **moved("<sip:d@192.0.2.40>"))
    assert (response.status, str(response.contact)) == (301, "<sip:d@192.0.2.40>")


@pytest.mark.rfc("3261 16.7", "3261 21.3.4", "3261 21.3.5")
@pytest.mark.parametrize("status", [305, 380])
def test_a_contact_that_is_no_target_is_not_tried(status: int) -> None:
    """That of a 305 is a proxy to go by, that of a 380 another service."""
    world = Neighbours(route=at("bob"), recurses=True)
    (copy,) = world.ask()
    assert statuses(world.answer(copy, status, **moved("<sip:d@192.0.2.40>"))) == ["ACK", status]


@pytest.mark.rfc("3261 16.7", "3261 16.5")
def test_only_for_its_own_domain_a_proxy_follows() -> None:
    """Nor to what is less secure, nor what cannot be read, nor once it has stopped."""
    world = Neighbours(recurses=True)
    (copy,) = world.ask(uri="sip:carol@192.0.2.30")
    assert statuses(world.answer(copy, 302, **moved("<sip:d@192.0.2.40>"))) == ["ACK", 302]
    world = Neighbours(route=at("bob"), recurses=True)
    (copy,) = world.ask(uri="sips:bob@biloxi.com")
    assert statuses(world.answer(copy, 302, **moved("<sip:d@192.0.2.40>"))) == ["ACK", 302]
    world = Neighbours(route=at("bob"), recurses=True)
    (copy,) = world.ask()
    broken = bytes(response_to(copy, 302, to_tag="b", headers=[("Contact", "<sip:d@x>")])).replace(
        b"<sip:d@x>", b"<sip:d@x, "
    )
    assert statuses(world.receive(broken, BOB)) == ["ACK", 302]
    world = Neighbours(route=at("bob"), recurses=True)
    (copy,) = world.ask()
    assert statuses(world.answer(copy, 302, **moved("*"))) == ["ACK", 302]
    world = Neighbours(route=at("bob"), recurses=True)
    (copy,) = world.ask()
    world.answer(copy, 180)
    world.cancel()
    assert statuses(world.answer(copy, 302, **moved("<sip:d@192.0.2.40>"))) == ["ACK", 302]
