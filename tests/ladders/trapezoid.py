"""Alice, the proxy of atlanta, the proxy of biloxi, and Bob: the trapezoid of RFC 3261 and RFC 3665."""

from __future__ import annotations

from typing import Any

from sipsm import Profile, ProxyPolicy
from sipsm.proxy import Route
from sipsm.testing import Agent, Net


def trapezoid(
    seed: int = 1, *, route: Route | None = None, record_routes: bool = True, alice: Any = (), bob: Any = (), **net: Any
) -> tuple[Net, Agent, Agent]:
    """A network with both parties and the proxies ss1 and ss2, of which the second knows where bob is."""
    made = Net(seed=seed, **net)
    made.names["biloxi.example.com"] = "ss2"
    made.names["atlanta.example.com"] = "ss1"
    her = Profile(identity="<sip:alice@atlanta.example.com>", route=["<sip:192.0.2.3;lr>"], **dict(alice))
    his = Profile(identity="<sip:bob@biloxi.example.com>", **dict(bob))
    parties = made.agent("alice", profile=her), made.agent("bob", profile=his)
    first = ProxyPolicy(domains=["atlanta.example.com"], record_routes=record_routes)
    second = ProxyPolicy(domains=["biloxi.example.com"], record_routes=record_routes)
    made.proxy("ss1", policy=first, route=lambda _: None)
    made.proxy("ss2", policy=second, route=route or (lambda request: at_home(request.uri.user)))
    return made, *parties


def at_home(user: str | None) -> list[str] | None:
    """Where the users of biloxi are."""
    return ["sip:bob@192.0.2.2"] if user == "bob" else None
