"""A connection over TCP or TLS, as a socket that never blocks: how it begins, and what waits to be sent on it."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import suppress

from sipsm import Open
from sipsm.endpoint.bound import UNSENT_BYTES, stream_flow
from sipsm_sockets.listening import new_socket
from sipsm_sockets.securing import Secured, TlsContexts, securing


class Stream:
    """A connection. What the network does not take at once waits, in its order, at most `UNSENT_BYTES` of it.

    It was made for an `Open`, or by a peer. Over TLS its handshake must be over before anything is read or written.
    Raises `OSError` when the connection is gone already, or has failed.
    """

    def __init__(
        self, connected: socket.socket, transport: str, contexts: TlsContexts | None, open: Open | None
    ) -> None:
        check_connected(connected)
        connected.setblocking(False)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = connected
        self.flow = stream_flow(transport, connected.getsockname(), connected.getpeername())
        self.open = open
        self._secured: Secured | None = None
        if transport == "TLS":
            assert contexts is not None, "an agent over TLS has certificates"
            self._secured = securing(contexts, open)
        self._unsent = bytearray()

    @property
    def is_secured(self) -> bool:
        """Whether there is a handshake, to be made or made."""
        return self._secured is not None

    @property
    def proved(self) -> tuple[str, ...]:
        """The names that its peer has proved, in lower case."""
        return () if self._secured is None else self._secured.proved

    @property
    def has_come_to_its_end(self) -> bool:
        """Whether the next reading finds the end, which the socket need not tell of any more."""
        return self._secured is not None and self._secured.is_over

    @property
    def unsent(self) -> int:
        """How many bytes wait to be sent."""
        return len(self._unsent)

    def shake_hands(self, size: int) -> bool:
        """Go on with the handshake; returns whether it is done. Raises `OSError` when it has failed."""
        assert self._secured is not None, "without TLS there is no handshake"
        self._take(self._secured, size)
        try:
            done = self._secured.shake_hands()
        finally:
            self._send(self._secured.going())
        return done

    def write(self, data: bytes) -> bool:
        """Send this, now or later; returns False when the connection is gone, or its peer does not read."""
        if self.unsent + len(data) > UNSENT_BYTES:
            return False
        if self._secured is not None:
            try:
                data = self._secured.seal(data)
            except OSError:
                return False
        return self._send(data)

    def _send(self, data: bytes) -> bool:
        self._unsent += data
        return self.flush()

    def flush(self) -> bool:
        """Send what the network takes of what waits; returns False when the connection is gone."""
        try:
            while self._unsent:
                del self._unsent[: self.socket.send(self._unsent)]
        except BlockingIOError:
            return True
        except OSError:
            return False
        return True

    def read(self, size: int) -> bytes | None:
        """What has come, about so many bytes at most; none at the end; None when there is nothing yet.

        Raises `OSError` when the connection is gone.
        """
        if self._secured is None:
            try:
                return self.socket.recv(size)
            except BlockingIOError:
                return None
        if not self._secured.is_over:
            self._take(self._secured, size)
        opened = self._secured.opened()
        answer = self._secured.going()
        if self.unsent + len(answer) > UNSENT_BYTES or not self._send(answer):
            raise ConnectionAbortedError("the peer does not read")
        if opened == b"" and not self._secured.still_reads:
            raise ConnectionAbortedError("the peer has closed the connection")
        return opened

    def _take(self, secured: Secured, size: int) -> None:
        with suppress(BlockingIOError):
            secured.take(self.socket.recv(size))

    def close(self) -> None:
        """Close it; what the network has not taken by now is not sent."""
        if self._secured is not None and not self._unsent:
            with suppress(OSError):
                self.socket.send(self._secured.farewell())
        self._unsent.clear()
        self.socket.close()


class Accepting:
    """A socket at which connections over this transport are accepted."""

    def __init__(self, listening: socket.socket, transport: str) -> None:
        self.socket = listening
        self.transport = transport
        self._spare: int | None = os.open(os.devnull, os.O_RDONLY)

    def accept(self) -> socket.socket | None:
        """The next connection, or None when there is none after all."""
        try:
            return self.socket.accept()[0]
        except OSError as error:
            if error.errno in {errno.EMFILE, errno.ENFILE}:
                self._turn_away()
            return None

    def _turn_away(self) -> None:
        # The program has no file descriptor left. The connection would wait, and wake us over and over for nothing: the
        # descriptor that is kept for this is enough to take it and close it.
        self._let_go()
        with suppress(OSError):
            self.socket.accept()[0].close()
        with suppress(OSError):
            self._spare = os.open(os.devnull, os.O_RDONLY)

    def _let_go(self) -> None:
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None

    def close(self) -> None:
        """Accept no more."""
        self._let_go()
        self.socket.close()


def connecting(open: Open) -> socket.socket:
    """A socket that is being connected; it is writable when that has succeeded or failed. Raises `OSError`."""
    made = new_socket(open.transport, open.remote[0])
    try:
        made.bind(open.local)
        with suppress(BlockingIOError):
            made.connect(open.remote)
    except BaseException:
        made.close()
        raise
    return made


def check_connected(connecting: socket.socket) -> None:
    """Raises `OSError` when the connecting has failed."""
    if number := connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        raise OSError(number, os.strerror(number))
