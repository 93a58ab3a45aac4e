"""A transaction-stateful proxy (RFC 3261 16, RFC 5393, RFC 6026)."""

from __future__ import annotations

from sipsm.proxy.core import ProxyCore
from sipsm.proxy.policy import ProxyPolicy
from sipsm.proxy.route_request import Refusal, Route, Routed, RouteRequest, RouteRequested
from sipsm.proxy.target import RouteTarget

__all__ = ["ProxyCore", "ProxyPolicy", "Refusal", "Route", "RouteRequest", "RouteRequested", "RouteTarget", "Routed"]
