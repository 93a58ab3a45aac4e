"""The way that a request still has to go, and the copy that goes it (RFC 3261 16.4 to 16.6)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sipsm import Flow, Listening, LocalProtocolError, Request, TimerValues, Uri
from sipsm.endpoint.proxy import Proxy
from sipsm.proxy import ProxyPolicy, Refusal, RouteRequested, RouteTarget
from sipsm.proxy.own import Own
from tests.proxy.by_hand import BOB, CAROL, DAVE, OURS, SDP, Neighbours, at, statuses

ELSEWHERE = "sip:carol@192.0.2.30"


def routes(request: Request) -> list[str]:
    """The Route values of a request."""
    return [str(each) for each in request.route]


# -------------------------------------------------------------------- 16.4


@pytest.mark.rfc("3261 16.4", "3261-P04")
@pytest.mark.parametrize(
    "first",
    [
        "<sip:192.0.2.1;lr>",
        "<sip:192.0.2.1:5060;lr>",
        "<sip:any@BILOXI.com;lr>",
        "<sip:192.0.2.1;transport=udp;lr>",
    ],
)
def test_a_route_that_names_the_proxy_is_removed(first: str) -> None:
    """The topmost Route that leads here has done its work; the next one is where it goes."""
    world = Neighbours()
    (copy,) = world.ask(uri=ELSEWHERE, headers=[("Route", f"{first}, <sip:192.0.2.9;lr>")])
    assert (routes(copy), world.went_to(copy)) == (["<sip:192.0.2.9;lr>"], ("192.0.2.9", 5060))
    (copy,) = world.ask(uri=ELSEWHERE, headers=[("Route", first)])
    assert (routes(copy), world.went_to(copy)) == ([], CAROL)


@pytest.mark.rfc("3261 16.4")
@pytest.mark.parametrize(
    "first", ["<sip:192.0.2.1:5070;lr>", "<sip:192.0.2.1;transport=tcp;lr>", "<sip:192.0.2.9;lr>", "<tel:+15550100;lr>"]
)
def test_a_route_that_names_somebody_else_stays(first: str) -> None:
    """Another port, transport or host is another element."""
    world = Neighbours()
    world.ask(uri=ELSEWHERE, headers=[("Route", first)])
    assert all(routes(sent) == [first] for sent, _ in world.sent if isinstance(sent, Request))


@pytest.mark.rfc("3261 16.4", "3261-P03")
def test_what_a_strict_router_did_is_undone() -> None:
    """A Request-URI that is our Record-Route value goes; the last Route takes its place."""
    world = Neighbours(record_routes=True)
    (copy,) = world.ask(uri=ELSEWHERE)
    own = copy.record_route[0].uri
    (copy,) = world.ask("BYE", str(own), headers=[("Route", "<sip:192.0.2.9;lr>"), ("Route", f"<{ELSEWHERE}>")])
    assert (str(copy.uri), routes(copy), world.went_to(copy)) == (
        ELSEWHERE, ["<sip:192.0.2.9;lr>"], ("192.0.2.9", 5060)
    )  # fmt: skip
    (copy,) = world.ask("BYE", str(own), headers=[("Route", f"<{ELSEWHERE}>")])
    assert (str(copy.uri), routes(copy), world.went_to(copy)) == (ELSEWHERE, [], CAROL)


@pytest.mark.rfc("3261 16.4", "3261-P04")
def test_an_maddr_of_ours_is_stripped() -> None:
    """With the port and transport that the request came by; then the domain says where it goes."""
    world = Neighbours(route=at("bob"))
    for uri in ("sip:x@atlanta.com;maddr=192.0.2.1;transport=udp", "sip:x@atlanta.com;maddr=biloxi.com"):
        world.ask(uri=uri)
    # atlanta.com is not ours: it is looked for.
    assert [str(each.name) for each in world.events] == ["atlanta.com", "atlanta.com"]
    (copy,) = world.ask(uri="sip:bob@biloxi.com:5060;maddr=192.0.2.1;x=y")
    assert str(copy.uri) == "sip:bob@192.0.2.20"


@pytest.mark.rfc("3261 16.4", "3261 16.5")
@pytest.mark.parametrize(
    ("uri", "goes_to"),
    [
        ("sip:bob@biloxi.com;maddr=192.0.2.9", ("192.0.2.9", 5060)),
        ("sip:bob@biloxi.com:5070;maddr=192.0.2.1", ("192.0.2.1", 5070)),
    ],
)
def test_an_maddr_of_somebody_else_is_where_it_goes(uri: str, goes_to: tuple[str, int]) -> None:
    """The Request-URI is the only target then, whatever its domain."""
    world = Neighbours(route=at("bob"))
    (copy,) = world.ask(uri=uri)
    assert (str(copy.uri), world.went_to(copy)) == (uri, goes_to)


# -------------------------------------------------------------------- 16.5


@pytest.mark.rfc("3261 16.5")
def test_others_requests_go_where_they_say() -> None:
    """A domain that is not ours is the only target, and the location service is not asked."""
    world = Neighbours(route=at("bob"))
    (copy,) = world.ask(uri=ELSEWHERE)
    assert (str(copy.uri), world.went_to(copy)) == (ELSEWHERE, CAROL)
    # Nor is it for a request of ours that is to visit others first.
    (copy,) = world.ask(headers=[("Route", "<sip:192.0.2.9;lr>")])
    assert (str(copy.uri), world.went_to(copy)) == ("sip:bob@biloxi.com", ("192.0.2.9", 5060))


@pytest.mark.rfc("3261 16.5", "3261-P05")
def test_a_target_is_tried_once() -> None:
    """Equal URIs are one target."""
    world = Neighbours(route=lambda _: ["sip:bob@192.0.2.20", "sip:%62ob@192.0.2.20", "sip:bob@192.0.2.20;x=y"])
    assert [str(copy.uri) for copy in world.ask()] == ["sip:bob@192.0.2.20"]


@pytest.mark.rfc("3261 16.5")
def test_the_application_is_asked_where_a_request_goes() -> None:
    """Without a routing function, an event asks; the answer may come later, and once."""
    world = Neighbours()
    assert world.ask() == []
    (asked,) = (event.asked for event in world.told(RouteRequested))
    assert world.told(RouteRequested)[0].request.uri == "sip:bob@biloxi.com"
    assert repr(asked) == "<RouteRequest for INVITE sip:bob@biloxi.com>"
    assert world.proxy.undecided == [asked]
    assert {asked} == set(world.proxy.undecided)
    assert statuses(world.wait(0.3)) == [100]
    (copy,) = world.take(asked.forward("sip:bob@192.0.2.20", now=world.now))
    assert (copy.method, world.went_to(copy), world.proxy.undecided) == ("INVITE", BOB, [])
    commands: list[Callable[..., object]] = [asked.forward, asked.refuse]
    for command in commands:
        with pytest.raises(LocalProtocolError, match="cannot decide on it in Forwarding: it has been decided on"):
            command(now=world.now)


@pytest.mark.rfc("3261 16.5")
def test_the_application_may_refuse() -> None:
    """By default with 404; with a reason and headers of its own."""
    world = Neighbours()
    world.ask()
    world.ask("MESSAGE")
    first, second = world.proxy.undecided
    assert statuses(world.take(first.refuse(now=world.now))) == [404]
    contact = [("Contact", "<sip:b@x.com>")]
    (response,) = world.take(second.refuse(302, reason="Gone fishing", headers=contact, now=world.now))
    assert (response.status, response.reason, str(response.contact)) == (302, "Gone fishing", "<sip:b@x.com>")


@pytest.mark.rfc("3261 16.7")
def test_who_is_never_answered_by_the_application_is_told_so() -> None:
    """An INVITE gets 408 after as long as Timer C; another request gets nothing, as its sender gives up."""
    world = Neighbours()
    world.ask()
    assert statuses(world.wait(181)) == [100, 408]
    world = Neighbours()
    world.ask("MESSAGE")
    assert statuses(world.wait(181)) == [100]
    assert world.proxy.forwarding == 0


@pytest.mark.rfc("4320 4.2")
def test_no_408_is_sent_to_another_request_however_long_its_transaction_lasts() -> None:
    """With a T1 so large that the transaction outlives the wait for the application, nothing is sent either."""
    world = Neighbours(times=TimerValues(T1=5.0))
    world.ask("MESSAGE")
    assert 408 not in statuses(world.wait(400))


# -------------------------------------------------------------------- 16.6


@pytest.mark.rfc("3261 16.6", "3261-P06")
def test_nothing_else_of_a_request_is_changed() -> None:
    """Body, headers and their order are those that came: what is new is a Via, Max-Forwards and Max-Breadth."""
    world = Neighbours(route=at("bob"))
    odd = [("Subject", "a  b"), ("X-Odd", "1"), ("Supported", ""), ("x-odd", "2"), ("To-Be", "\u00e9")]
    odd.append(("v", "SIP/2.0/UDP c;branch=z9hG4bKc"))
    (copy,) = world.ask(headers=odd, body=SDP)
    came, went = world.asked.headers, copy.headers
    assert went[0][0] == "Via"
    assert copy.body == SDP
    changed = {"Max-Forwards": "69", "Max-Breadth": "60"}
    marked = str(world.sent[-1][0].vias[1])
    expected = [(name, changed.pop(name, marked if n == 0 else value)) for n, (name, value) in enumerate(came)]
    assert list(went[1:]) == [*expected, *changed.items()]
    assert copy.vias[0].sent_by == OURS


@pytest.mark.rfc("3261 16.6")
def test_a_request_without_max_forwards_gets_one() -> None:
    """Of 70."""
    world = Neighbours(route=at("bob"))
    (copy,) = world.ask(max_forwards=None)
    assert copy.header("Max-Forwards") == "70"


@pytest.mark.rfc("3261 16.6", "3261-P07")
def test_a_strict_router_gets_what_it_expects() -> None:
    """Its own URI as Request-URI, and the Request-URI as the last Route; that is where the request goes."""
    world = Neighbours(route=at("bob"))
    route = [("Route", "<sip:192.0.2.9>, <sip:192.0.2.8;lr>")]
    (copy,) = world.ask(uri=ELSEWHERE, headers=route)
    assert (str(copy.uri), routes(copy)) == ("sip:192.0.2.9", ["<sip:192.0.2.8;lr>", f"<{ELSEWHERE}>"])
    assert world.went_to(copy) == ("192.0.2.9", 5060)


@pytest.mark.rfc("3261 16.6")
def test_proxies_that_the_application_names_are_visited_first() -> None:
    """The Route of a target stands before what the request has."""
    world = Neighbours(
        route=lambda _: [RouteTarget("sip:bob@192.0.2.20", route=["<sip:192.0.2.9;lr>", "<sip:192.0.2.8;lr>"])]
    )
    (copy,) = world.ask()
    assert (routes(copy), world.went_to(copy)) == (
        ["<sip:192.0.2.9;lr>", "<sip:192.0.2.8;lr>"], ("192.0.2.9", 5060)
    )  # fmt: skip


@pytest.mark.rfc("3261 16.6")
def test_what_a_request_uri_must_not_have_is_left_out() -> None:
    """Headers and the method of a target's URI."""
    world = Neighbours(route=lambda _: ["sip:bob:pw@192.0.2.20:5062;method=INVITE;x=y?Subject=z"])
    (copy,) = world.ask()
    assert str(copy.uri) == "sip:bob:pw@192.0.2.20:5062;x=y"


@pytest.mark.rfc("3261 16.6", "3261-P18")
def test_a_proxy_that_wants_to_stay_records_its_route() -> None:
    """In requests that begin a dialog, and in those of unknown methods; with lr, before what others recorded."""
    world = Neighbours(route=at("bob"), record_routes=True)
    before = [("Record-Route", "<sip:192.0.2.9;lr>")]
    for method in ("INVITE", "SUBSCRIBE", "REFER", "DANCE"):
        (copy,) = world.ask(method, headers=before)
        assert [str(each) for each in copy.record_route] == ["<sip:192.0.2.1:5060;lr>", "<sip:192.0.2.9;lr>"], method
    for method in ("OPTIONS", "MESSAGE", "REGISTER", "BYE"):
        (copy,) = world.ask(method)
        assert copy.record_route == ()
    (copy,) = Neighbours(route=at("bob")).ask()
    assert copy.record_route == ()


@pytest.mark.rfc("3261 16.6")
def test_a_secure_request_has_a_secure_route_recorded() -> None:
    """Where the Request-URI or the next Route is a SIPS URI, so is the Record-Route; without TLS it goes nowhere."""
    world = Neighbours(record_routes=True)
    assert statuses(world.ask(uri="sips:carol@192.0.2.30")) == [500]
    core = world.proxy._proxy
    assert core.own.record_route(0, True, marked=False) == "<sips:192.0.2.1:5060;lr>"


@pytest.mark.rfc("3261 16.6", "3261 16.7", "3261-P18")
def test_what_goes_from_tls_to_elsewhere_is_told_so_on_each_side() -> None:
    """The Record-Route is a SIPS URI on the side of TLS, and none on the other, whatever the policy."""
    listening = [Listening("UDP", ("192.0.2.1", 5060)), Listening("TLS", ("192.0.2.1", 5061))]
    own = Own(listening, ())
    udp, tls = (Flow(each.transport, each.address, BOB) for each in listening)
    assert [own.must_record(n, secure) for n in (0, 1) for secure in (False, True)] == [False, True, True, False]
    recorded = [own.record_route(1, secure, marked=False) for secure in (True, False)]
    assert recorded == ["<sips:192.0.2.1:5061;lr>", "<sip:192.0.2.1:5061;transport=tls;lr>"]
    assert all(own.is_named_by(Uri.parse(each[1:-1])) for each in recorded)
    for uri in ("sips:192.0.2.1;transport=tcp", "sip:192.0.2.1;transport=tls", "sip:192.0.2.1"):
        assert own.is_named_by(Uri.parse(uri)), uri
    for uri in ("sip:192.0.2.1;transport=tcp", "sip:192.0.2.1:5061;transport=udp", "sip:192.0.2.1;transport=dccp"):
        assert not own.is_named_by(Uri.parse(uri)), uri
    assert own.record_route_back(1, "<sip:192.0.2.1:5060;lr>", udp) == "<sips:192.0.2.1:5061;lr>"
    assert own.record_route_back(0, "<sips:192.0.2.1:5061;lr>", tls) == "<sip:192.0.2.1:5060;lr>"
    assert own.record_route_back(1, "<sips:192.0.2.1:5061;lr>", tls) == "<sips:192.0.2.1:5061;lr>"
    assert own.record_route_back(1, "<sip:192.0.2.1:5061;lr>", tls) == "<sip:192.0.2.1:5061;transport=tls;lr>"


@pytest.mark.rfc("6665 4.3", "6665-25")
def test_a_notify_is_recorded_where_its_subscribe_was() -> None:
    """Only where its Route led here did the SUBSCRIBE bear our Record-Route."""
    world = Neighbours(record_routes=True)
    (copy,) = world.ask("NOTIFY", ELSEWHERE, headers=[("Route", "<sip:192.0.2.1;lr>")], to_tag="b")
    assert [str(each) for each in copy.record_route] == ["<sip:192.0.2.1:5060;lr>"]
    (copy,) = world.ask("NOTIFY", ELSEWHERE, to_tag="b")
    assert copy.record_route == ()


# -------------------------------------------------------------------- the values


@pytest.mark.rfc("3261 16.6")
def test_values_say_what_they_cannot_be() -> None:
    """What no RFC allows is refused when it is made."""
    wrong: list[tuple[Callable[[], object], str]] = [
        (lambda: RouteTarget("no uri"), "is no URI"),
        (lambda: RouteTarget("sip:a@b.com", q=1.5), "is no q-value"),
        (lambda: RouteTarget("sip:a@b.com", route="<sip:c.com>"), "is no loose router"),
        (lambda: Refusal(200), "is not in 300 to 699"),
        (lambda: ProxyPolicy(domains=["not a host"]), "is no domain"),
        (lambda: ProxyPolicy(extensions=["no tag"]), "is no token"),
        (lambda: ProxyPolicy(timer_c_s=180), "larger than 3 minutes"),
    ]
    for make, why in wrong:
        with pytest.raises(LocalProtocolError, match=why):
            make()
    assert ProxyPolicy(domains="Biloxi.com").domains == ("biloxi.com",)


@pytest.mark.rfc("3261 16.6")
def test_of_too_many_targets_the_most_wanted_are_tried() -> None:
    """No more branches than the policy has."""
    targets = [RouteTarget("sip:b@192.0.2.20", q=0.1), RouteTarget("sip:c@192.0.2.30"), RouteTarget("sip:d@192.0.2.40")]
    world = Neighbours(branches=2, route=lambda _: targets)
    assert {world.went_to(copy) for copy in world.ask()} == {CAROL, DAVE}


def test_a_flow_of_another_transport_is_a_route_of_its_own() -> None:
    """A proxy is named by all its addresses, each with its transport."""
    proxy = Proxy("udp:192.0.2.1:5060", "tcp:192.0.2.1:5061", policy=ProxyPolicy(domains=["biloxi.com"]))
    own = proxy._proxy.own
    assert own.number_of(Flow("TCP", OURS, BOB)) == 1
    assert own.number_of(Flow("UDP", OURS, BOB)) == 0
