"""What a `Resolve` comes to: from the operating system for the names that are its own, else from the DNS.

The system's own are names without a dot, such as `localhost`; those of the local network (`.local`, RFC 6762); and
those in the hosts file. They have addresses only: what the DNS may say of a name in the hosts file does not count.
Everything else is asked of the DNS, by the resolver given, or by one that asks the name servers that the system is
configured to ask. Without dnspython the system is asked for all addresses, and nobody for other records.
"""

from __future__ import annotations

import re
import socket
import warnings
from collections.abc import Awaitable, Callable, Iterable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from sipsm import Naptr, Resolve, Srv
from sipsm.endpoint.bound import hosts_of

Record = str | Srv | Naptr
"""What an endpoint takes: a numeric host for A and AAAA."""

ADDRESSES: Final = frozenset({"A", "AAAA"})
HOSTS_FILE: Final = Path("/etc/hosts")
ANSWERS_KEPT: Final = 10_000
"""How many answers of the DNS are kept, for as long as they say that they hold."""

_SERVICE = re.compile(r"^_[^.]*+\._[^.]*+\.")


async def look_up(
    resolve: Resolve, resolver: Any, framework: str, getaddrinfo: Callable[..., Awaitable[Iterable[tuple[Any, ...]]]]
) -> list[Record]:
    """The records asked for; none where there is no answer.

    `resolver` is an asynchronous one of dnspython, or None for the default; `framework` is "asyncio" or "trio".
    """
    failures = _failures()
    try:
        if is_the_system_s(resolve):
            known = resolve.type in ADDRESSES
            return [*hosts_of(await getaddrinfo(resolve.name, None, type=socket.SOCK_DGRAM))] if known else []
        resolver = resolver or default_resolver("dns.asyncresolver")
        if resolver is None:
            return []
        # Left to itself, dnspython stays with the framework that it met first.
        backend = import_module("dns.asyncbackend").get_backend(framework)
        return records_of(resolve, await resolver.resolve(resolve.name, resolve.type, backend=backend))
    except failures:
        return []


def look_up_now(resolve: Resolve, resolver: Any) -> list[Record]:
    """The same, by a resolver that waits for its answers."""
    failures = _failures()
    try:
        if is_the_system_s(resolve):
            known = resolve.type in ADDRESSES
            return [*hosts_of(socket.getaddrinfo(resolve.name, None, type=socket.SOCK_DGRAM))] if known else []
        resolver = resolver or default_resolver("dns.resolver")
        return [] if resolver is None else records_of(resolve, resolver.resolve(resolve.name, resolve.type))
    except failures:
        return []


def is_the_system_s(resolve: Resolve) -> bool:
    """Whether the operating system is asked, and not the DNS."""
    # The name of a service, such as `_sip._udp.localhost`, is as much the system's as that of its host.
    host = _SERVICE.sub("", resolve.name.lower())
    if "." not in host or host.endswith(".local") or host in _hosts_file():
        return True
    return resolve.type in ADDRESSES and find_spec("dns") is None


@cache
def default_resolver(module: str) -> Any:
    """The resolver of this module of dnspython that asks as the system does; None, and a warning, without dnspython."""
    if find_spec("dns") is None:
        warnings.warn(
            "SRV and NAPTR records are not asked for: dnspython is not installed", RuntimeWarning, stacklevel=2
        )
        return None
    resolver = import_module(module).Resolver()
    resolver.cache = import_module("dns.resolver").LRUCache(ANSWERS_KEPT)
    return resolver


def records_of(resolve: Resolve, answer: Iterable[Any]) -> list[Record]:
    """The records in an answer of dnspython's."""
    match resolve.type:
        case "SRV":
            return [Srv(each.priority, each.weight, each.port, str(each.target)) for each in answer]
        case "NAPTR":
            return [_naptr(each) for each in answer]
    return [each.address for each in answer]


def _naptr(each: Any) -> Naptr:
    flags, service, regexp = (part.decode("ascii", "replace") for part in (each.flags, each.service, each.regexp))
    return Naptr(each.order, each.preference, flags, service, regexp, str(each.replacement))


def _hosts_file() -> list[str]:
    return HOSTS_FILE.read_text("utf-8", "replace").lower().split() if HOSTS_FILE.exists() else []


@cache
def _failures() -> tuple[type[Exception], ...]:
    """What goes wrong when names are looked up."""
    of_dnspython = () if find_spec("dns") is None else (import_module("dns.exception").DNSException,)
    return (OSError, UnicodeError, *of_dnspython)
