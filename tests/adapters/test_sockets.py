"""The sockets that the adapters share, where nothing that a peer does brings them there for certain."""

from __future__ import annotations

import errno
import os
import resource
import select
import socket
from contextlib import suppress

import pytest

from sipsm import Listening, Open
from sipsm.endpoint.bound import UNSENT_BYTES
from sipsm_sockets import Accepting, Stream, connecting, listening_sockets

LOCAL = ("127.0.0.1", 0)


def pair() -> tuple[Stream, socket.socket]:
    """A connection, and the peer's end of it."""
    with socket.create_server(LOCAL) as listening:
        peer = socket.create_connection(listening.getsockname())
        return Stream(listening.accept()[0], "TCP", None, None), peer


def test_what_waits_stays_in_order() -> None:
    """What the network does not take is kept, and comes out as it was written; beyond the bound nothing is kept."""
    stream, peer = pair()
    with peer:
        written = bytearray()
        while not stream.unsent:
            part = bytes([len(written) // 100_000 % 256]) * 100_000
            assert stream.write(part)
            written += part
        assert not stream.write(b"x" * (UNSENT_BYTES + 1))
        come = bytearray()
        while len(come) < len(written):
            come += peer.recv(65_536)
            assert stream.flush()
        assert come == written
        stream.close()


def test_a_connection_that_is_gone_takes_nothing() -> None:
    """A reset is an error to who reads, and a refusal to who writes."""
    stream, peer = pair()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert stream.read(10) is None
    peer.close()
    select.select([stream.socket], [], [], 10)
    with pytest.raises(ConnectionError):
        stream.read(10)
    assert not stream.write(b"too late")
    stream.close()


def test_without_descriptors_a_connection_is_turned_away() -> None:
    """A program that can open nothing more does not spin on a connection that it cannot accept: it ends it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    accepting = Accepting(listening_sockets([Listening.parse("tcp:127.0.0.1:0")])[0], "TCP")
    assert accepting.accept() is None
    with socket.create_connection(accepting.socket.getsockname()) as peer:
        peer.settimeout(10)
        select.select([accepting.socket], [], [], 10)
        taken = []
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (peer.fileno() + 1, hard))
            with suppress(OSError):
                while True:
                    taken.append(os.dup(peer.fileno()))
            assert accepting.accept() is None
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for each in taken:
                os.close(each)
        assert peer.recv(10) == b"", "it has been ended"
    accepting.close()
    accepting.close()


@pytest.mark.parametrize("transport", ["WSS", "WS"])
def test_no_other_transport_is_spoken(transport: str) -> None:
    """A connection that was to be secret is never made in the clear."""
    with pytest.raises(OSError, match="UDP, TCP and TLS") as raised:
        connecting(Open(1, transport, LOCAL, ("127.0.0.1", 5061)))
    assert raised.value.errno == errno.EPROTONOSUPPORT


def test_connecting_fails_at_once_or_later() -> None:
    """From an address that is not ours nothing can be opened; where nobody listens, that is found out."""
    with pytest.raises(OSError, match="assign"):
        connecting(Open(1, "TCP", ("192.0.2.1", 0), ("127.0.0.1", 5060)))
    with pytest.raises(OSError, match=r".+"):
        connecting(Open(1, "TCP", LOCAL, ("255.255.255.255", 5060)))
    with socket.create_server(LOCAL) as closed:
        nobody = closed.getsockname()
    with connecting(Open(1, "TCP", LOCAL, nobody)) as begun:
        select.select([], [begun], [], 10)
        with pytest.raises(OSError, match="refused"):
            Stream(begun, "TCP", None, None)
