"""A proxy on the sockets of every adapter: it asks where a request goes, and passes on what comes back."""

from __future__ import annotations

import socket
from typing import Any

import pytest

import sipsm_asyncio
import sipsm_blocking
import sipsm_trio
from sipsm import Dropped, LocalProtocolError, RequestServed, RouteRequested
from tests.adapters.driving import ADAPTERS, done, first, opened
from tests.adapters.peer import PATIENCE_S

PROXIES: dict[str, Any] = {"asyncio": sipsm_asyncio.Proxy, "trio": sipsm_trio.Proxy, "blocking": sipsm_blocking.Proxy}


def bound() -> socket.socket:
    """A socket of a neighbour."""
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    udp.settimeout(PATIENCE_S)
    return udp


def options(alice: socket.socket, to: tuple[str, int]) -> bytes:
    """A request for bob at the proxy's own address."""
    host, port = alice.getsockname()
    return (
        f"OPTIONS sip:bob@{to[0]}:{to[1]} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{port};branch=z9hG4bK1\r\n"
        "Max-Forwards: 70\r\nFrom: <sip:alice@a.example.com>;tag=a\r\nTo: <sip:bob@b.example.com>\r\nCall-ID: one\r\n"
        "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    ).encode()


@pytest.mark.parametrize("name", sorted(PROXIES))
def test_a_request_goes_on_and_its_response_comes_back(name: str) -> None:
    """The application says where it goes, as an event asks."""

    async def scenario() -> None:
        with bound() as alice, bound() as bob:
            proxy = PROXIES[name]("udp:127.0.0.1:0")
            with pytest.raises(LocalProtocolError, match="not open yet"):
                _ = proxy.proxy
            async with opened(proxy):
                at = proxy.local.address
                alice.sendto(options(alice, at), at)
                event = await first(proxy, RouteRequested)
                host, port = bob.getsockname()
                await done(proxy.do(event.asked.forward, f"sip:bob@{host}:{port}"))
                forwarded = bob.recv(65536)
                assert forwarded.startswith(f"OPTIONS sip:bob@{host}:{port} SIP/2.0\r\nVia: ".encode())
                lines = [
                    each for each in forwarded.split(b"\r\n") if each.startswith((b"Via", b"From", b"Call", b"CS"))
                ]
                to = b"To: <sip:bob@b.example.com>;tag=b"
                bob.sendto(b"\r\n".join((b"SIP/2.0 200 OK", *lines, to, b"Content-Length: 0", b"", b"")), at)
                # What comes after it shows that it has been taken.
                alice.sendto(b"no SIP", at)
                assert (await first(proxy, Dropped)).reason == "not-sip"
                response = alice.recv(65536)
                assert response.startswith(b"SIP/2.0 200 OK\r\n")
                assert response.count(b"Via:") == 1
                assert proxy.proxy.forwarding == 0

    ADAPTERS[name].run(scenario)


@pytest.mark.parametrize("name", sorted(PROXIES))
def test_a_function_may_say_it_at_once(name: str) -> None:
    """Then the application is told of what is refused only."""

    async def scenario() -> None:
        with bound() as alice:
            async with opened(PROXIES[name]("udp:127.0.0.1:0", route=lambda _: None)) as proxy:
                at = proxy.local.address
                alice.sendto(options(alice, at), at)
                assert (await first(proxy, RequestServed)).status == 404
                assert alice.recv(65536).startswith(b"SIP/2.0 404 Not Found\r\n")

    ADAPTERS[name].run(scenario)
