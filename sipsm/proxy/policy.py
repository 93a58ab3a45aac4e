"""What a proxy does of itself where the RFCs leave the choice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import field, frozen
from attrs.validators import ge

from sipsm.errors import LocalProtocolError
from sipsm.grammar import is_host
from sipsm.grammar.tokens import is_token


def _lower(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(each.lower() for each in ((given,) if isinstance(given, str) else given))


def _all_hosts(_: object, _field: Any, hosts: tuple[str, ...]) -> None:
    for host in hosts:
        if not is_host(host):
            raise LocalProtocolError(f"{host!r} is no domain", rfc="3261 25.1")


def _all_tokens(_: object, _field: Any, names: tuple[str, ...]) -> None:
    for name in names:
        if not is_token(name):
            raise LocalProtocolError(f"{name!r} is no token", rfc="3261 25.1")


def _more_than_three_minutes(_: object, _field: Any, seconds: float) -> None:
    if not 180 < seconds < float("inf"):
        raise LocalProtocolError(f"Timer C cannot last {seconds} s: it is larger than 3 minutes", rfc="3261 16.6")


@frozen
class ProxyPolicy:
    """The choices of a proxy, with the default of each. Raises `LocalProtocolError` for what the RFCs forbid."""

    domains: tuple[str, ...] = field(default=(), converter=_lower, validator=_all_hosts)
    """The domains that it is responsible for, beside its own addresses: where their users are, the application says
    (RFC 3261 16.5). Requests for others go where their Route or Request-URI leads."""
    record_routes: bool = False
    """Whether it stays in the dialogs that it sees begin: it puts a Record-Route into INVITE, SUBSCRIBE, NOTIFY and
    REFER, and into what it does not know (RFC 3261 16.6 item 4, RFC 6665 4.3)."""
    serial: bool = False
    """Whether targets with equal q-values are tried one after the other, too (RFC 3261 16.6)."""
    recurses: bool = False
    """Whether it tries the Contacts of a 3xx itself (RFC 3261 16.7 item 4)."""
    extensions: tuple[str, ...] = field(default=(), converter=_lower, validator=_all_tokens)
    """The option tags in Proxy-Require that the application provides; another gets 420 (RFC 3261 16.3)."""
    routes_by: tuple[str, ...] = field(default=(), converter=_lower, validator=_all_tokens)
    """The headers, beside Request-URI and Route, on which the application's choice of targets depends: a request that
    comes again and differs in them has not looped (RFC 5393 4.2.1)."""
    max_breadth: int = field(default=60, validator=ge(1))
    """The most branches that a request may have at once, here and downstream (RFC 5393 5.3.3)."""
    waits_for_breadth: bool = True
    """Whether targets that are too many for the Max-Breadth of a request wait for others to end; else it gets 440
    (RFC 5393 5.3.3)."""
    branches: int = field(default=32, validator=ge(1))
    """The most branches that a request may have here, one after the other ones included; targets that are wanted less
    are not tried."""
    timer_c_s: float = field(default=181.0, validator=_more_than_three_minutes)
    """How long an INVITE may go without any response but 100, in seconds: Timer C (RFC 3261 16.6 item 11)."""
