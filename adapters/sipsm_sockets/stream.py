"""A connection over TCP, as a socket that never blocks: how it begins, and what waits to be sent on it."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import suppress

from sipsm import Open
from sipsm.endpoint.bound import UNSENT_BYTES, stream_flow
from sipsm_sockets.listening import new_socket


class Stream:
    """A connection. What the network does not take at once waits, in its order, at most `UNSENT_BYTES` of it.

    Raises `OSError` when the connection is gone already.
    """

    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = connected
        self.flow = stream_flow(connected.getsockname(), connected.getpeername())
        self._unsent = bytearray()

    @property
    def unsent(self) -> int:
        """How many bytes wait to be sent."""
        return len(self._unsent)

    def write(self, data: bytes) -> bool:
        """Send this, now or later; returns False when the connection is gone, or its peer does not read."""
        if self.unsent + len(data) > UNSENT_BYTES:
            return False
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
        """What has come, at most so many bytes; none at the end; None when there is nothing yet.

        Raises `OSError` when the connection is gone.
        """
        try:
            return self.socket.recv(size)
        except BlockingIOError:
            return None

    def close(self) -> None:
        """Close it; what the network has not taken by now is not sent."""
        self._unsent.clear()
        self.socket.close()


class Accepting:
    """A socket at which connections are accepted."""

    def __init__(self, listening: socket.socket) -> None:
        self.socket = listening
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
