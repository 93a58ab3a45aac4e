"""CANCEL, ACK, one server after the other, and several addresses of one's own (RFC 3261 16.10, 16.11, 16.6 item 7)."""

from __future__ import annotations

from typing import Any

import pytest

from sipsm import Dropped, DropReason, Flow, Limits, NotDelivered, Request, Resolve, Send, Srv, response_to
from sipsm.message import read_message
from sipsm.proxy import Refusal, Route, RouteRequested, RouteTarget
from tests.proxy.by_hand import ALICE, BOB, CAROL, OURS, Neighbours, at, statuses
from tests.proxy.test_responses import left

# -------------------------------------------------------------------- CANCEL


@pytest.mark.rfc("3261 16.10", "3326 2", "3261-P16")
def test_a_cancel_goes_hop_by_hop() -> None:
    """It is answered at once, and goes to each branch as soon as that has sent a provisional response."""
    world = Neighbours(route=at("bob", "carol"))
    bob, carol = world.ask()
    world.answer(bob, 180)
    ok, cancel = world.cancel(headers=[("Reason", "SIP;cause=200")])
    assert (ok.status, ok.cseq.method, world.went_to(ok)) == (200, "CANCEL", ALICE)
    assert (cancel.method, cancel.branch, cancel.header("Reason")) == ("CANCEL", bob.branch, "SIP;cause=200")
    assert statuses(world.cancel()) == [200]
    assert statuses(world.answer(carol, 100)) == ["CANCEL"]
    assert statuses(world.answer(bob, 180)) == [180]
    assert statuses(world.answer(bob, 487)) == ["ACK"]
    assert statuses(world.answer(carol, 487)) == ["ACK", 487]
    # The final response has been sent: there is nothing to be cancelled.
    assert statuses(world.cancel()) == [200]
    assert left(world) == {}


@pytest.mark.rfc("3261 16.10", "3261 9.1", "3261-P16")
def test_a_cancel_that_is_too_late_is_answered() -> None:
    """A 2xx that has overtaken it goes on."""
    world = Neighbours(route=at("bob"))
    (copy,) = world.ask()
    world.cancel()
    assert statuses(world.answer(copy, 180)) == ["CANCEL", 180]
    assert statuses(world.answer(copy, 200)) == [200]
    assert statuses(world.cancel()) == [200]
    assert left(world) == {}


@pytest.mark.rfc("3261 9.2", "3261-P16")
def test_what_has_not_been_forwarded_is_over_when_it_is_cancelled() -> None:
    """The application has not yet said where to."""
    world = Neighbours()
    world.ask()
    assert statuses(world.cancel()) == [200, 487]
    assert world.proxy.undecided == []


@pytest.mark.rfc("3261 9.2", "3261-P16")
def test_only_an_invite_is_cancelled() -> None:
    """The CANCEL of another request is answered, and has no effect."""
    world = Neighbours(route=at("bob"))
    (copy,) = world.ask("MESSAGE")
    assert statuses(world.cancel()) == [200]
    assert statuses(world.answer(copy, 200)) == [200]


@pytest.mark.rfc("3261 16.10", "3261-P16")
def test_a_cancel_that_matches_nothing_is_forwarded() -> None:
    """As it says itself; where its INVITE went that is for our own domain, nobody knows."""
    world = Neighbours(route=at("bob"))
    (copy,) = world.ask("CANCEL", "sip:carol@192.0.2.30", headers=[("Proxy-Require", "ignored")])
    assert (copy.method, world.went_to(copy)) == ("CANCEL", CAROL)
    assert statuses(world.answer(copy, 481)) == [481]
    assert statuses(world.ask("CANCEL")) == [481]
    assert left(world) == {}


# -------------------------------------------------------------------- ACK


@pytest.mark.rfc("3261 16.11", "3261 13.2.2.4")
def test_the_ack_of_a_2xx_is_forwarded_without_state() -> None:
    """Each repeat of it in the same way, with the same branch; with our Route gone."""
    world = Neighbours(route=at("bob"))
    ack = world.request("ACK", "sip:bob@192.0.2.20", headers=[("Route", "<sip:192.0.2.1;lr>")], to_tag="b")
    (first,) = world.receive(ack, ALICE)
    (again,) = world.receive(ack, ALICE)
    assert (first.method, world.went_to(first), first.route) == ("ACK", BOB, ())
    assert bytes(first) == bytes(again)
    assert first.header("Max-Forwards") == "69"
    old = world.request("ACK", "sip:bob@192.0.2.20", via="SIP/2.0/TCP 192.0.2.10", to_tag="b")
    branches = {world.receive(old, ALICE)[0].branch for _ in range(2)}
    assert len(branches) == 1
    assert branches != {first.branch}
    assert left(world) == {}


@pytest.mark.rfc("3261 16.11")
def test_an_ack_for_our_own_domain_goes_where_the_best_target_is() -> None:
    """If a function says so at once; else it comes to nothing, and so does one that has been forwarded too often."""
    ways: list[tuple[Route | None, tuple[str, int] | None]] = [
        (lambda _: [RouteTarget("sip:c@192.0.2.30", q=0.5), "sip:b@192.0.2.20"], BOB),
        (None, None),
        (lambda _: None, None),
        (lambda _: (), None),
    ]
    for route, goes_to in ways:
        world = Neighbours(route=route)
        sent = world.receive(world.request("ACK", to_tag="b"), ALICE)
        assert [world.went_to(each) for each in sent] == ([] if goes_to is None else [goes_to])
        assert [event.reason for event in world.told(Dropped)] == ([DropReason.STRAY_ACK] if goes_to is None else [])
    world = Neighbours()
    assert world.receive(world.request("ACK", "sip:bob@192.0.2.20", max_forwards="0"), ALICE) == []
    assert [event.reason for event in world.told(Dropped)] == [DropReason.STRAY_ACK]


def test_an_ack_that_cannot_be_sent_is_told_of() -> None:
    """Nobody waits for an answer to it."""
    world = Neighbours()
    assert world.receive(world.request("ACK", "sips:bob@192.0.2.20", to_tag="b"), ALICE) == []
    assert world.told(NotDelivered)


# -------------------------------------------------------------------- one server after the other


def look_up(world: Neighbours, **records: list[Any]) -> list[Any]:
    """Answer the proxy's questions to the DNS, by the type of the records; returns what it sends."""
    new: list[Any] = []
    while questions := world.told(Resolve):
        for question in questions:
            world.events.remove(question)
            new += world.take(world.proxy.resolved(question, records.get(question.type, []), world.now))
    return new


SERVERS = {"SRV": [Srv(1, 1, 5060, "one.example.com"), Srv(2, 1, 5060, "two.example.com")]}


@pytest.mark.rfc("3261 16.6", "3263 4.3", "3261-P06")
def test_the_next_server_is_tried_with_another_branch() -> None:
    """Which bears the same mark, so that a loop is known; its CANCEL has that branch too."""
    world = Neighbours(route=lambda _: ["sip:bob@example.com"])
    world.ask()
    (first,) = look_up(world, **SERVERS, A=["192.0.2.21"])
    assert world.answer(first, 100) == []
    acks = world.answer(first, 503)
    (second,) = [*acks[1:], *look_up(world, A=["192.0.2.22"])]
    assert (statuses(acks[:1]), world.went_to(second)) == (["ACK"], ("192.0.2.22", 5060))
    assert first.branch != second.branch
    assert first.branch.partition("p")[2] == second.branch.partition("p")[2]
    assert statuses(world.answer(second, 180)) == [180]
    _, cancel = world.cancel()
    assert (cancel.branch, world.went_to(cancel)) == (second.branch, ("192.0.2.22", 5060))
    assert statuses(world.answer(second, 487)) == ["ACK", 487]
    assert left(world) == {}


@pytest.mark.rfc("3261 16.6")
def test_when_no_server_is_left_what_the_last_one_came_to_counts() -> None:
    """A 503 of the last one is passed on as 500."""
    world = Neighbours(route=lambda _: ["sip:bob@example.com"])
    world.ask()
    (first,) = look_up(world, **SERVERS, A=["192.0.2.21"])
    world.answer(first, 503)
    (second,) = look_up(world, A=["192.0.2.22"])
    assert statuses(world.answer(second, 503)) == ["ACK", 500]


@pytest.mark.rfc("3261 9.1", "3261 16.10")
def test_who_is_looked_for_is_not_called_any_more_when_that_is_cancelled() -> None:
    """Neither at first, nor between two servers."""
    world = Neighbours(route=lambda _: ["sip:bob@example.com"])
    world.ask()
    assert statuses(world.cancel()) == [200, 487]
    assert left(world) == {}
    world = Neighbours(route=lambda _: ["sip:bob@example.com"])
    world.ask()
    (first,) = look_up(world, **SERVERS, A=["192.0.2.21"])
    world.answer(first, 503)
    assert statuses(world.cancel()) == [200, 487]
    assert left(world) == {}


@pytest.mark.rfc("3261 16.8")
def test_a_name_service_that_never_answers_is_not_waited_for_for_ever() -> None:
    """As long as Timer C, for the first server and for the next."""
    world = Neighbours(route=lambda _: ["sip:bob@example.com"])
    world.ask()
    assert statuses(world.wait(182))[:2] == [100, 408]
    assert left(world) == {}
    world = Neighbours(route=lambda _: ["sip:bob@example.com"])
    world.ask()
    (first,) = look_up(world, **SERVERS, A=["192.0.2.21"])
    world.answer(first, 503)
    assert statuses(world.wait(182))[:2] == [100, 408]
    assert left(world) == {}


# -------------------------------------------------------------------- several addresses


class TwoSided(Neighbours):
    """A proxy that is reached by UDP on one side, and by TCP on the other."""

    def __init__(self, **settings: Any) -> None:
        super().__init__("udp:192.0.2.1:5060", "tcp:192.0.2.1:5060", **settings)

    def connected(self) -> tuple[Flow, list[Any]]:
        """The connection that the proxy asks for is made; returns it and what is sent on it."""
        open = self.events.pop()
        flow = Flow("TCP", ("192.0.2.1", 40000), open.remote)
        return flow, self.take(self.proxy.flow_opened(flow, self.now, open))


@pytest.mark.rfc("3261 16.7", "3261 16.12.1.3", "3261-P18", "3261-P19")
def test_each_side_is_told_the_address_by_which_it_reaches_the_proxy() -> None:
    """The Record-Route of the request has that of the way out, and in the response it becomes that of the way in.

    So do the values of RFC 3261 16.12.1.3, whose proxy has another name on each side.
    """
    world = TwoSided(route=lambda _: ["sip:bob@192.0.2.20;transport=tcp"], record_routes=True)
    world.ask(headers=[("Record-Route", "<sip:192.0.2.9;lr>")])
    flow, (copy,) = world.connected()
    instance = world.proxy._proxy.own.instance
    out = f"<sip:{instance}@192.0.2.1:5060;transport=tcp;lr>"
    assert [str(each) for each in copy.record_route] == [out, "<sip:192.0.2.9;lr>"]
    assert (copy.via.transport, copy.via.sent_by) == ("TCP", OURS)
    response = response_to(copy, 200, to_tag="b", record_route=True).with_pushed("Record-Route", "<sip:192.0.2.8;lr>")
    (ok,) = world.take(world.proxy.receive(bytes(response), flow, world.now))
    assert [str(each) for each in ok.record_route] == [
        "<sip:192.0.2.8;lr>", "<sip:192.0.2.1:5060;lr>", "<sip:192.0.2.9;lr>"
    ]  # fmt: skip
    # Bob's BYE comes with what he was told, alice's with what she was.
    route = [("Route", "<sip:192.0.2.1:5060;lr>")]
    (ack,) = world.ask("ACK", "sip:bob@192.0.2.20", headers=route, to_tag="b")
    assert ack.route == ()
    bye = world.request("BYE", "sip:alice@192.0.2.10", headers=[("Route", out)])
    (forwarded,) = world.take(world.proxy.receive(bytes(bye), flow, world.now))
    assert (forwarded.method, forwarded.route, world.went_to(forwarded)) == ("BYE", (), ALICE)
    # A strict router before us has it in the Request-URI.
    bye = world.request("BYE", out[1:-1], headers=[("Route", "<sip:alice@192.0.2.10>")])
    (forwarded,) = world.take(world.proxy.receive(bytes(bye), flow, world.now))
    assert (str(forwarded.uri), forwarded.route) == ("sip:alice@192.0.2.10", ())


@pytest.mark.rfc("3261 16.7")
def test_a_response_that_lacks_the_record_route_is_passed_on_as_it_is() -> None:
    """Not every response has one, and one that cannot be read is for others to judge."""
    world = TwoSided(route=at("bob"), record_routes=True)
    (copy,) = world.ask()
    (ringing,) = world.answer(copy, 180)
    assert not ringing.has("Record-Route")
    broken = bytes(response_to(copy, 180, to_tag="b")).replace(b"\r\nContent", b"\r\nRecord-Route: <sip:,\r\nContent")
    (passed,) = world.receive(broken, BOB)
    assert passed.header("Record-Route") == "<sip:,"


def test_an_ack_may_take_another_way_than_its_via_first_said() -> None:
    """By TCP, with a Via that says so."""
    world = TwoSided()
    world.ask("ACK", "sip:bob@192.0.2.20;transport=tcp", to_tag="b")
    _, (ack,) = world.connected()
    assert (ack.method, ack.via.transport) == ("ACK", "TCP")


# -------------------------------------------------------------------- limits


def test_nothing_new_is_taken_when_the_limit_is_reached() -> None:
    """A request too many gets 503 with Retry-After, made without state; what is under way goes on."""
    world = Neighbours(route=at("bob"), limits=Limits(transactions=1))
    (copy,) = world.ask()
    (refusal,) = world.receive(world.request("MESSAGE", call_id="two"), ALICE)
    assert (refusal.status, refusal.has("Retry-After")) == (503, True)
    assert statuses(world.answer(copy, 180)) == [180]
    assert statuses(world.cancel()) == [200, "CANCEL"]


@pytest.mark.rfc("3261 26.1.5")
def test_an_answer_is_no_larger_than_its_request_lets_it_be() -> None:
    """What the proxy says of itself to who has sent a short datagram is cut, as the source may be forged."""
    world = Neighbours(route=lambda _: Refusal(302, headers=[("X-Long", "x" * 5000)]))
    (response,) = world.ask()
    assert not response.has("X-Long")
    assert len(bytes(response)) <= 3 * len(bytes(world.asked))


def test_who_asks_for_a_way_hears_it_in_the_outputs() -> None:
    """A proxy gives the actions of an endpoint, and events of its own."""
    world = Neighbours()
    (asks,) = world.proxy.receive(bytes(world.request()), Flow("UDP", OURS, ALICE), world.now)
    assert isinstance(asks, RouteRequested)
    (send,) = asks.asked.forward("sip:bob@192.0.2.20", now=world.now)
    assert isinstance(send, Send)
    assert isinstance(read_message(send.data), Request)
    with pytest.raises(AssertionError, match="nobody takes"):
        world.proxy._proxy.take("what no transaction says", world.now)
