"""Which local addresses a command binds, and which ones it tells others."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import ip_address

from sipsm import Address, Ids, Listening, Resolve, Srv, Uri
from sipsm.machine import Step
from sipsm.standalone.messages import resolved
from sipsm.transport.flow import bracketed, split_address
from sipsm.transport.locate import Hop, hop_to, version
from sipsm.transport.locating import LOCATE, RECORDS, Locating, Question, Target, by_weight
from sipsm_cli.arguments import KEEPING, Options
from sipsm_dns import look_up

WILDCARDS = {"0.0.0.0", "::"}
FAR_AWAY = {"A": "192.0.2.1", "AAAA": "2001:db8::1"}
"""Addresses that no one has (RFC 5737, RFC 3849), by IP version: the way there is the way to most others."""
LOOPBACK = {"A": "127.0.0.1", "AAAA": "::1"}
SPOKEN = ("udp", "tcp")


def of_server(options: Options) -> list[list[Listening]]:
    """What a server binds, for each of its agents: one is at one host, over one transport or several.

    A server that keeps something for others is one agent at all its addresses, so that it is known at each.
    """
    wanted = [_listening(each, FAR_AWAY) for each in options.bind or [f"{each}:127.0.0.1:5060" for each in SPOKEN]]
    if options.command in KEEPING:
        return [wanted]
    agents: list[list[Listening]] = []
    for new in wanted:
        for agent in agents:
            if agent[0].address[0] == new.address[0] and all(each.transport != new.transport for each in agent):
                agent.append(new)
                break
        else:
            agents.append([new])
    return agents


async def of_client(options: Options) -> list[Listening]:
    """What a client binds, to reach its target or its proxy. Raises `OSError` when there is no way there.

    What was asked for, and TCP where only UDP was: the target, or the other end later, may be reached over it alone.
    Else the own addresses on the way to the target, over both, or over TLS: that to the first place where a server of
    its domain may be, and, since another one may be reached over the other IP version, that to most others.
    """
    # Raises LocalProtocolError for a URI that does not say where to send.
    hop = hop_to(_next_uri(options))
    if resolved(options.uri).scheme == "sips":
        hop = hop.secured()
    if options.bind:
        return _as_asked(options.bind, hop)
    spoken = _spoken(hop)
    hop.check([each.upper() for each in spoken], list(FAR_AWAY))
    host = hop.host if hop.numeric else await _first_place(hop, spoken)
    first = version(host)
    own = [_source_towards(host)]
    if not hop.numeric:
        nearby = LOOPBACK if ip_address(host.partition("%")[0]).is_loopback else FAR_AWAY
        own += [_source_towards(far) for other, far in nearby.items() if other != first and _leads_to(far)]
    return [Listening.parse(f"{transport}:{bracketed(mine)}:0") for mine in own for transport in spoken]


def _spoken(hop: Hop) -> Sequence[str]:
    """What a client speaks to reach its target: TLS where it is asked for, and that alone where it must be secure."""
    if hop.secure:
        return ("tls",)
    return ("tls", *SPOKEN) if hop.transport == "TLS" else SPOKEN


def _as_asked(binds: Sequence[str], hop: Hop) -> list[Listening]:
    there = dict(FAR_AWAY)
    if hop.numeric:
        there[version(hop.host)] = hop.host
    wanted = [*binds]
    for bind in binds:
        transport, host, _ = split_address(bind)
        if transport == "UDP" and not any(split_address(each)[:2] == ("TCP", host) for each in wanted):
            # Its port is that of UDP where that may be any; a fixed one may be somebody else's over TCP.
            wanted.append(f"tcp:{bracketed(host)}:0")
    found = [_listening(each, there) for each in wanted]
    fits = [each for each in found if not hop.numeric or version(each.address[0]) == version(hop.host)]
    if not fits:
        raise OSError(f"no --bind fits {hop.host}")
    return [*fits, *(each for each in found if each not in fits)]


def _next_uri(options: Options) -> Uri:
    return resolved(options.uri) if options.proxy is None else Address.parse(options.proxy).uri


async def _first_place(hop: Hop, spoken: Sequence[str]) -> str:
    """The address of the first place where a server of a domain may be (RFC 3263). Raises `OSError` if there is none.

    The endpoint will look for itself, and go on to other places; what it asks then is known by then.
    """
    locating = Locating(hop, tuple(each.upper() for each in spoken), tuple(FAR_AWAY))
    step = Step(0.0)
    locating.receive(LOCATE, None, step)
    while isinstance(question := step.outputs[0], Question):
        asked = Resolve(0, question.name, question.type)
        records = await look_up(asked, None, "asyncio", asyncio.get_running_loop().getaddrinfo)
        step = Step(0.0)
        servers = by_weight((each for each in records if isinstance(each, Srv)), Ids().source)
        locating.receive(RECORDS, servers if question.type == "SRV" else records, step)
    if not isinstance(target := step.outputs[0], Target):
        raise OSError(target.why)
    return target.host


def _listening(bind: str, towards: dict[str, str]) -> Listening:
    """An address to listen at; for a wildcard, others are told the one on the way to those of its IP version."""
    host = split_address(bind)[1]
    if host not in WILDCARDS:
        return Listening.parse(bind)
    far = towards[version(host)]
    return Listening.parse(bind, (_source_towards(far) if _leads_to(far) else LOOPBACK[version(host)], 0))


def _leads_to(host: str) -> bool:
    """Whether packets to a host have a way out of here."""
    try:
        _source_towards(host)
    except OSError:
        return False
    return True


def _source_towards(host: str) -> str:
    """The own address from which packets to a host leave. Nothing is sent: a UDP socket only looks up the route."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((host, 9))
        return str(probe.getsockname()[0])
