"""The sockets at the local addresses of an agent."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from sipsm.transport import Address, Listening

KINDS: Final = {"UDP": socket.SOCK_DGRAM, "TCP": socket.SOCK_STREAM, "TLS": socket.SOCK_STREAM}
BACKLOG: Final = 1_024
"""How many connections wait to be accepted; the system may have a lower limit."""
TRIES: Final = 20
"""How many ports are tried where any free one will do, but the same one for several transports."""


def listening_sockets(wanted: Iterable[Listening]) -> list[socket.socket]:
    """Sockets bound to these addresses, in their order; those of connections listen.

    The first address of a host with port 0 gets any free port, and the others of that host get the same one, so that
    an agent is reached at one port over UDP and TCP; over TLS it gets another one. Raises `OSError`, with nothing left
    open, when one is taken.
    """
    wanted = list(wanted)
    for _ in range(TRIES - 1):
        with suppress(_TakenByChanceError):
            return _bound_sockets(wanted)
    return _bound_sockets(wanted)


class _TakenByChanceError(OSError):
    """The port that one transport got is not free over another one."""


def _bound_sockets(wanted: list[Listening]) -> list[socket.socket]:
    made: list[socket.socket] = []
    ports: dict[tuple[bool, str, int], int] = {}
    try:
        for each in wanted:
            host, port = each.address
            made.append(new_socket(each.transport, host))
            key = each.transport == "TLS", host, port
            at = (host, ports.get(key, port))
            try:
                _bind(made[-1], each.transport, at)
            except OSError as error:
                raise (_TakenByChanceError if at[1] != port else OSError)(*error.args) from None
            ports.setdefault(key, made[-1].getsockname()[1])
    except BaseException:
        for each_made in made:
            each_made.close()
        raise
    return made


def new_socket(transport: str, host: str) -> socket.socket:
    """A socket for this transport, and for the IP version of this host alone. Raises `OSError`."""
    if transport not in KINDS:
        raise OSError(errno.EPROTONOSUPPORT, f"an agent speaks UDP, TCP and TLS, and not {transport}")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, KINDS[transport])
    made.setblocking(False)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return made


def _bind(made: socket.socket, transport: str, at: Address) -> None:
    is_stream = KINDS[transport] == socket.SOCK_STREAM
    if is_stream and os.name == "posix":
        # Connections that are over do not keep the port from who listens there next.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(at)
        if is_stream:
            made.listen(BACKLOG)
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror}: {transport} {at[0]} port {at[1]}") from None
