"""Connections whose peers have sent their last, watched for being gone altogether."""

from __future__ import annotations

import select
import socket
import sys
from typing import Generic, TypeVar

T = TypeVar("T")


class Finished(Generic[T]):
    """Readable when one of these connections has been reset.

    The end of what a peer has sent stays readable for ever. That he does not read any more shows in a reset, when
    something has been sent to him; where the system has no epoll, only in the next sending.
    """

    def __init__(self) -> None:
        self._watched: dict[int, T] = {}
        if sys.platform == "linux":
            self._poll = select.epoll()
            self._ends: list[select.epoll | socket.socket] = [self._poll]
        else:
            self._ends = [*socket.socketpair()]

    def fileno(self) -> int:
        """Of what is readable."""
        return self._ends[0].fileno()

    def watch(self, number: int, connection: T) -> None:
        """Watch over a connection from now on, until its socket, which has this number, is closed."""
        if sys.platform == "linux":
            self._poll.register(number, 0)
            self._watched[number] = connection

    def gone(self) -> list[T]:
        """Those that have been reset; each is told once."""
        found: list[T] = []
        if sys.platform == "linux":
            for number, _ in self._poll.poll(0):
                self._poll.unregister(number)
                found.append(self._watched.pop(number))
        return found

    def close(self) -> None:
        """Watch no more."""
        for end in self._ends:
            end.close()
