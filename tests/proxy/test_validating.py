"""What a proxy checks before it forwards (RFC 3261 16.3), and how it knows loops (RFC 5393 4)."""

from __future__ import annotations

import pytest

from sipsm import Dropped, Request, RequestServed, Response
from tests.proxy.by_hand import ALICE, CAROL, OURS, Neighbours, at, refusing, statuses


@pytest.mark.rfc("3261 16.3", "3261-P01")
@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "MESSAGE"])
def test_a_request_that_has_been_forwarded_too_often_goes_no_further(method: str) -> None:
    """Max-Forwards 0 is answered with 483."""
    world = Neighbours(route=at("bob"))
    assert statuses(world.ask(method, max_forwards="0")) == [483]
    assert [(event.request.method, event.status) for event in world.told(RequestServed)] == [(method, 483)]


@pytest.mark.rfc("3261 16.3", "3261-P01")
def test_an_extension_that_the_proxy_must_know_and_does_not_is_named() -> None:
    """Proxy-Require with an unknown option tag: 420, which lists those not understood."""
    world = Neighbours(route=at("bob"), extensions=("known",))
    (response,) = world.ask(headers=[("Proxy-Require", "known, strange"), ("Proxy-Require", "odd")])
    assert (response.status, response.header("Unsupported")) == (420, "strange, odd")
    assert statuses(world.ask(headers=[("Proxy-Require", "KNOWN")])) == ["INVITE"]


@pytest.mark.rfc("3261 16.3")
def test_a_scheme_that_nobody_understands_is_refused() -> None:
    """A Request-URI of another scheme than sip, sips and tel: 416."""
    world = Neighbours(route=at("bob"))
    assert statuses(world.ask(uri="http://biloxi.com/bob")) == [416]
    assert statuses(world.ask(uri="tel:+15550100")) == ["INVITE"]


@pytest.mark.rfc("3261 16.3", "3261-P02")
def test_what_is_not_known_passes() -> None:
    """Neither an unknown method nor unknown or malformed headers, which the proxy has no use for, keep a request."""
    world = Neighbours(route=at("bob"))
    strange = [("X-Strange", "<<"), ("Date", "yesterday"), ("Expires", "soon"), ("Require", "nothing-known")]
    (copy,) = world.ask("DANCE", headers=strange)
    assert copy.method == "DANCE"
    assert [copy.header(name) for name, _ in strange] == [value for _, value in strange]


@pytest.mark.rfc("3261 16.3", "3261-P02")
def test_merged_requests_are_forwarded() -> None:
    """The same request by another way is no error at a proxy."""
    world = Neighbours(route=at("bob"))
    assert statuses(world.ask()) == ["INVITE"]
    assert statuses(world.ask()) == ["INVITE"]


@pytest.mark.rfc("3261 16.3")
@pytest.mark.parametrize(
    ("name", "value"),
    [("Route", "<sip:p2"), ("Max-Breadth", "0"), ("Route", "<sip:192.0.2.9?Subject=x>"), ("Proxy-Require", "(")],
)
def test_what_forwarding_needs_must_be_well_formed(name: str, value: str) -> None:
    """A malformed header that decides on the way is answered with 400."""
    world = Neighbours(route=at("bob"))
    data = bytes(world.request()).replace(b"\r\nContact", f"\r\n{name}: {value}\r\nContact".encode())
    assert statuses(world.receive(data, ALICE)) == [400]
    assert world.told(Dropped)


@pytest.mark.rfc("5393 4.2.2", "3261-P09")
def test_a_loop_is_found() -> None:
    """A request that comes back as it went is answered with 482."""
    world = Neighbours(route=lambda request: [request.uri])
    (copy,) = world.ask(uri="sip:bob@192.0.2.1")
    (response,) = world.receive(copy, OURS)
    assert isinstance(response, Response)
    assert response.status == 482


@pytest.mark.rfc("5393 4.2.1", "5393 4.2.2", "3261-P08", "3261-P09")
def test_a_spiral_is_none() -> None:
    """A request that comes back with another Request-URI is forwarded."""
    ways = {"bob": "sip:carol@192.0.2.1", "carol": "sip:carol@192.0.2.30"}
    world = Neighbours(route=lambda request: [ways[request.uri.user or ""]])
    (copy,) = world.ask()
    assert world.went_to(copy) == OURS
    (again,) = world.receive(copy, OURS)
    assert (again.method, world.went_to(again)) == ("INVITE", CAROL)


@pytest.mark.rfc("5393 4.2.1", "3261-P08")
def test_the_second_part_of_a_branch_tells_what_decides_on_the_way() -> None:
    """It is the same for every method, another for another Request-URI, Route or header that the routing goes by."""
    world = Neighbours(route=at("bob"), routes_by=("Priority",))

    def part(method: str = "INVITE", uri: str = "sip:bob@biloxi.com", **more: object) -> str:
        (copy,) = world.ask(method, uri, **more)
        assert isinstance(copy, Request)
        first, _, second = (copy.branch or "").partition("p")
        assert len(first) == len("z9hG4bK") + 20
        return second

    usual = part()
    assert usual == part("MESSAGE") == part()
    others = [
        part(uri="sip:carol@biloxi.com"),
        part(headers=[("Route", "<sip:192.0.2.9;lr>")]),
        part(headers=[("Priority", "urgent")]),
        part(headers=[("Proxy-Authorization", "Digest a=b")]),
        part(cseq=2),
        part(call_id="two"),
    ]
    assert len({usual, *others}) == 7


@pytest.mark.rfc("5393 4.2.4", "3261-P09")
def test_the_vias_of_others_are_not_judged() -> None:
    """A Via that cannot be read, below the topmost, and one of somebody else with the same mark do no harm."""
    world = Neighbours(route=at("bob"))
    (copy,) = world.ask()
    mark = copy.branch[-9:]
    data = bytes(world.request())
    of_others = f"SIP/2.0/UDP 192.0.2.99;branch=z9hG4bKx{mark}"
    for via in (of_others, f"SIP/2.0/UDP 192.0.2.1:5060;rport=9{mark}", f'"{mark}'):
        behind = data.replace(b"alice2", b"alice" + via[-30:-10].encode().hex().encode(), 1)
        behind = behind.replace(b"\r\nMax-Forwards", f"\r\nVia: {via}\r\nMax-Forwards".encode(), 1)
        assert statuses(world.receive(behind, ALICE)) == ["INVITE"], via


@pytest.mark.rfc("3261 16.5", "3261-P05")
def test_who_does_not_exist_is_not_found() -> None:
    """404 for a user that there is not, 480 for one who is nowhere, and what the location service says itself."""
    assert statuses(Neighbours(route=lambda _: None).ask()) == [404]
    assert statuses(Neighbours(route=lambda _: ()).ask()) == [480]
    assert statuses(Neighbours(route=refusing(485)).ask()) == [485]
