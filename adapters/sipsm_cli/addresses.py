"""Which local address a command binds, and which one it tells others."""

from __future__ import annotations

import asyncio
import socket

from attrs import frozen

from sipsm import Address, Uri
from sipsm.transport.flow import bracketed, split_address
from sipsm.transport.locate import hop_to
from sipsm_cli.arguments import Options

WILDCARDS = {"0.0.0.0", "::"}
FAR_AWAY = {False: "192.0.2.1", True: "2001:db8::1"}
"""Addresses that no one has (RFC 5737, RFC 3849), by whether they are IPv6: the way there is the way to most others."""


@frozen
class Bound:
    """What to bind; `advertised` is for a wildcard, and its port 0 stands for the bound one."""

    local: str
    advertised: tuple[str, int] | None


def of_server(options: Options) -> list[Bound]:
    """What a server binds."""
    found = []
    for bind in options.bind or ["udp:127.0.0.1:5060"]:
        host = split_address(bind)[1]
        found.append(_bound(bind, FAR_AWAY[":" in host]))
    return found


async def of_client(options: Options) -> Bound:
    """What a client binds, to reach its target or its proxy. Raises `OSError` when there is no way there."""
    # Raises LocalProtocolError for a URI that does not say where to send.
    hop = hop_to(_next_uri(options))
    there = await _numeric(hop.host, hop.port)
    for bind in options.bind:
        mine = split_address(bind)[1]
        for host in there:
            if (":" in mine) == (":" in host):
                return _bound(bind, host)
    if options.bind:
        raise OSError(f"no --bind fits {hop.host}, which is {' '.join(there)}")
    return Bound(f"udp:{bracketed(_source_towards(there[0]))}:0", None)


def _next_uri(options: Options) -> Uri:
    return options.uri if options.proxy is None else Address.parse(options.proxy).uri


async def _numeric(host: str, port: int | None) -> list[str]:
    """The numeric addresses of a host, IPv4 first: most who answer SIP at a name with both listen there."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        raise OSError(f"{host} has no address") from None
    found.sort(key=lambda each: each[0] != socket.AF_INET)
    return [str(sockaddr[0]) for *_, sockaddr in found]


def _bound(bind: str, towards: str) -> Bound:
    _, host, _ = split_address(bind)
    if host not in WILDCARDS:
        return Bound(bind, None)
    try:
        return Bound(bind, (_source_towards(towards), 0))
    except OSError:
        return Bound(bind, ("::1" if ":" in host else "127.0.0.1", 0))


def _source_towards(host: str) -> str:
    """The own address from which packets to a host leave. Nothing is sent: a UDP socket only looks up the route."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((host, 9))
        return str(probe.getsockname()[0])
