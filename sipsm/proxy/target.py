"""Where a request may go: one entry of a target set (RFC 3261 16.5)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import field, frozen

from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.grammar.text_value import built
from sipsm.grammar.tokens import bracketed
from sipsm.message import Address


def _uri(given: Uri | str) -> Uri:
    uri = given if isinstance(given, Uri) else built(Uri.parse, given)
    if uri.headers is None and "method" not in uri.params:
        return uri
    # "If the URI contains any parameters not allowed in a Request-URI, they MUST be removed." (RFC 3261 16.6 item 2)
    params = [(name, value) for name, value in uri.params.items() if name != "method"]
    host, port = bracketed(uri.host), uri.port
    return Uri.build(uri.scheme, uri.user, password=uri.password, host=host, port=port, params=params)


def _texts(given: Iterable[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _a_qvalue(_: object, _field: Any, q: float) -> None:
    if not 0 <= q <= 1:
        raise LocalProtocolError(f"{q} is no q-value: they go from 0 to 1", rfc="3261 20.10")


def _loose_routes(_: object, _field: Any, route: tuple[str, ...]) -> None:
    # "A proxy MUST ensure that all such proxies are loose routers." (RFC 3261 16.6 item 6)
    for text in route:
        if not built(Address.parse, text).uri.lr:
            raise LocalProtocolError(f"{text} is no loose router: its URI lacks lr", rfc="3261 16.6")


@frozen
class RouteTarget:
    """A place to which a request is forwarded. Raises `LocalProtocolError` for what cannot be one."""

    uri: Uri = field(converter=_uri)
    """The Request-URI there; may be given as text. What a Request-URI must not have, such as headers, is left out."""
    q: float = field(default=1.0, validator=_a_qvalue)
    """The highest are tried first; equal ones at the same time, unless the policy is to fork serially (16.6)."""
    route: tuple[str, ...] = field(default=(), converter=_texts, validator=_loose_routes)
    """Route values of proxies that the request must visit on its way there, such as `"<sip:192.0.2.9;lr>"` (16.6 item
    6). They stand before those that the request has."""


def as_target(given: RouteTarget | Uri | str) -> RouteTarget:
    """A target, or one that is a URI and nothing more."""
    return given if isinstance(given, RouteTarget) else RouteTarget(given)


def grouped(targets: Iterable[RouteTarget], serial: bool) -> list[list[RouteTarget]]:
    """The targets in groups that are tried one after the other; within a group, at the same time (RFC 3261 16.6)."""
    # "Targets are processed from highest qvalue to lowest. Targets with equal qvalues may be processed in parallel."
    groups: list[list[RouteTarget]] = []
    for target in sorted(targets, key=lambda each: -each.q):
        if groups and not serial and groups[-1][0].q == target.q:
            groups[-1].append(target)
        else:
            groups.append([target])
    return groups
