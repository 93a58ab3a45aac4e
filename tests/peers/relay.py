"""A relay of TCP connections that cuts what passes into other pieces: several in one, and one in many."""

from __future__ import annotations

import random
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

from tests.adapters.peer import Place

HOLD_S = 0.02
"""How long something may be held back, for more to come with it."""


class Relay:
    """Takes connections at an address of its own, and makes one to its target for each."""

    def __init__(self, place: Place, seed: int) -> None:
        self.listening = place.socket()
        self.listening.bind((place.host, 0))
        self.listening.listen()
        self.address = self.listening.getsockname()[:2]
        self.target = ("", 0)
        """Where to: to be set before the first connection comes."""
        self.pieces = 0
        """How many have been passed on."""
        self._place = place
        self._chance = random.Random(seed)
        self._open: list[socket.socket] = []
        self._threads: list[Thread] = [Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                came, _ = self.listening.accept()
                made = self._place.socket()
                made.connect(self.target)
                for each in (came, made):
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._open.append(each)
                for ends in ((came, made), (made, came)):
                    self._threads.append(Thread(target=self._pump, args=ends))
                    self._threads[-1].start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        """Pass on what comes, until its end."""
        held = b""
        with suppress(OSError):
            while True:
                ready, _, _ = select.select([source], [], [], HOLD_S if held else None)
                if ready:
                    if not (data := source.recv(65_536)):
                        sink.sendall(held)
                        sink.shutdown(socket.SHUT_WR)
                        return
                    held += data
                    if self._chance.random() < 0.7:
                        continue
                while held:
                    size = self._chance.choice((1, 2, 10, 100, 1000))
                    sink.sendall(held[:size])
                    held = held[size:]
                    self.pieces += 1

    def close(self) -> None:
        """End all connections."""
        for each in (self.listening, *self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for each in (self.listening, *self._open):
            each.close()


@contextmanager
def relay_at(place: Place, seed: int) -> Iterator[Relay]:
    """A relay at a free port of this place."""
    relay = Relay(place, seed)
    try:
        yield relay
    finally:
        relay.close()
