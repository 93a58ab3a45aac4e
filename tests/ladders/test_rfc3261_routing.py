"""The routing examples of RFC 3261 16.12.1, with the names that they have there.

The first, the trapezoid, is also among the calls of RFC 3665 3.2.
"""

from __future__ import annotations

from typing import Any

import pytest

from sipsm import Request, Resolve, response_to
from sipsm.transport import Listening
from tests.proxy.by_hand import ALICE, Neighbours

U1, U2 = "sip:caller@u1.example.com", "sip:callee@u2.domain.com"


def proxy(name: str, *domains: str, **settings: Any) -> Neighbours:
    """A proxy that is known by a name, and stays in the dialogs that it sees begin."""
    local = Listening("UDP", ("192.0.2.1", 5060), (name, 5060))
    return Neighbours(local, domains=(name, *domains), record_routes=True, **settings)


def forwarded(world: Neighbours, request: Request) -> tuple[Request, str]:
    """The request that the proxy makes of this one, and the name of the host that it asks for to send it there."""
    world.receive(request, ALICE)
    asked = None
    while questions := world.told(Resolve):
        (question,) = questions
        world.events.remove(question)
        asked = asked or question.name
        world.take(world.proxy.resolved(question, ["192.0.2.99"] if question.type == "A" else [], world.now))
    copy = world.sent[-1][0]
    assert isinstance(copy, Request)
    assert asked is not None
    return copy, asked


def routing(request: Request) -> tuple[str, list[str], list[str]]:
    """The Request-URI, the Routes and the Record-Routes, as the examples write them: without ports."""
    written = [[str(each).replace(":5060", "") for each in values] for values in (request.route, request.record_route)]
    return str(request.uri).replace(":5060", ""), *written  # type: ignore[return-value]


@pytest.mark.rfc("3261 16.12.1.1", "3261-P19")
def test_the_trapezoid() -> None:
    """U1, P1, P2, U2: each request is changed and sent as the example has it."""
    p1 = proxy("p1.example.com")
    p2 = proxy("p2.domain.com", "domain.com", route=lambda _: [U2])
    invite, to = forwarded(p1, p1.request(uri="sip:callee@domain.com"))
    assert (routing(invite), to) == (("sip:callee@domain.com", [], ["<sip:p1.example.com;lr>"]), "domain.com")
    invite, to = forwarded(p2, invite)
    recorded = ["<sip:p2.domain.com;lr>", "<sip:p1.example.com;lr>"]
    assert (routing(invite), to) == ((U2, [], recorded), "u2.domain.com")
    assert response_to(invite, 200, record_route=True).record_route == invite.record_route
    route = [("Route", "<sip:p1.example.com;lr>,<sip:p2.domain.com;lr>")]
    bye, to = forwarded(p1, p1.request("BYE", U2, headers=route))
    assert (routing(bye), to) == ((U2, ["<sip:p2.domain.com;lr>"], []), "p2.domain.com")
    bye, to = forwarded(p2, bye)
    assert (routing(bye), to) == ((U2, [], []), "u2.domain.com")


@pytest.mark.rfc("3261 16.12.1.2", "3261 16.4", "3261 16.6", "3261-P03", "3261-P07", "3261-P19")
def test_a_strict_router_in_the_middle() -> None:
    """U2's BYE by way of P4, P3, P2 and P1, of which P3 routes strictly."""
    p4, p2, p1 = proxy("p4.domain.com"), proxy("p2.example.com"), proxy("p1.example.com")
    routes = ["<sip:p4.domain.com;lr>", "<sip:p3.middle.com>", "<sip:p2.example.com;lr>", "<sip:p1.example.com;lr>"]
    bye, to = forwarded(p4, p4.request("BYE", U1, headers=[("Route", each) for each in routes]))
    behind = ["<sip:p1.example.com;lr>", f"<{U1}>"]
    assert (routing(bye), to) == (("sip:p3.middle.com", ["<sip:p2.example.com;lr>", *behind], []), "p3.middle.com")
    # What P3 makes of it, as a strict router does.
    bye = bye.with_uri(bye.route[0].uri).without_first("Route")
    bye, to = forwarded(p2, bye)
    assert (routing(bye), to) == ((U1, ["<sip:p1.example.com;lr>"], []), "p1.example.com")
    bye, to = forwarded(p1, bye)
    assert (routing(bye), to) == ((U1, [], []), "u1.example.com")
