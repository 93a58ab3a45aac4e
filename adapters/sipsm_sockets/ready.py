"""The connections of an agent that is told when a socket can be read or written: by an event loop, by a selector."""

from __future__ import annotations

import socket
from abc import abstractmethod
from functools import partial
from typing import Protocol

from sipsm import Open, Output
from sipsm.endpoint.bound import BoundAgent
from sipsm_sockets.finished import Finished
from sipsm_sockets.securing import TlsContexts
from sipsm_sockets.stream import Accepting, Stream, connecting


class Ready(Protocol):
    """What is to be done when a socket is ready."""

    def __call__(self) -> list[Output]:
        """Do it; returns what is to be performed."""


class ReadyAgent(BoundAgent):
    """An agent whose connections are sockets that something watches."""

    _finished: Finished[ReadyStream]
    _connecting: set[socket.socket]
    _tls: TlsContexts | None

    @abstractmethod
    def _wait_for(self, what: socket.socket, reads: Ready | None, writes: Ready | None) -> None:
        """From now on, call one when it can be read, and the other one when it can be written; None: do not look."""

    def _hold_connections(self) -> Finished[ReadyStream]:
        """Begin to; what is returned is to be watched, for `_look_at_finished`, and closed in the end."""
        self._connecting = set()
        self._finished = Finished()
        return self._finished

    def _close_connections(self) -> None:
        """End all of them, and those that are being made."""
        for begun in self._connecting:
            self._wait_for(begun, None, None)
            begun.close()
        for stream in [*self._streams.values(), *self._handshakes]:
            stream.close()

    def _accept(self, accepting: Accepting) -> list[Output]:
        accepted = accepting.accept()
        return [] if accepted is None else self._begin(accepted, accepting.transport)

    def _connect(self, open: Open) -> list[Output]:
        try:
            begun = connecting(open)
        except OSError:
            return self.endpoint.open_failed(open, self._now)
        self._connecting.add(begun)
        self._wait_for(begun, None, partial(self._connect_done, begun, open))
        return []

    def _connect_done(self, begun: socket.socket, open: Open) -> list[Output]:
        self._connecting.discard(begun)
        self._wait_for(begun, None, None)
        return self._begin(begun, open.transport, open)

    def _begin(self, connected: socket.socket, transport: str, open: Open | None = None) -> list[Output]:
        try:
            stream = ReadyStream(connected, transport, self, open)
        except OSError:
            connected.close()
            return [] if open is None else self.endpoint.open_failed(open, self._now)
        begun = self._begun_on(stream, self._now)
        return [*begun, *self._shake_hands(stream)] if stream.is_secured else begun

    def _shake_hands(self, stream: ReadyStream) -> list[Output]:
        try:
            if not stream.shake_hands(self._read_size):
                return []
        except OSError as error:
            return self._failed(stream, error, self._now)
        stream.reads = self._read
        # What the socket has given may be more than the handshake.
        return [*self._shaken(stream, self._now), *self._read(stream)]

    def _read(self, stream: ReadyStream) -> list[Output]:
        try:
            data = stream.read(self._read_size)
        except OSError:
            return self._over_for(stream, self._now)
        if data:
            come = self.endpoint.receive(data, stream.flow, self._now)
            return [*come, *self._read(stream)] if stream.has_come_to_its_end else come
        if data is None:
            return []
        stream.finished = True
        stream.watch()
        self._finished.watch(stream.socket.fileno(), stream)
        return self._finished_by(stream, self._now)

    def _send_more(self, stream: ReadyStream) -> list[Output]:
        return [] if stream.flush() else self._failed(stream, OSError("it was closed"), self._now)

    def _look_at_finished(self) -> list[Output]:
        return [output for stream in self._finished.gone() for output in self._over_for(stream, self._now)]


class ReadyStream(Stream):
    """A connection of such an agent."""

    def __init__(self, connected: socket.socket, transport: str, agent: ReadyAgent, open: Open | None) -> None:
        super().__init__(connected, transport, agent._tls, open)
        self.reads = agent._shake_hands if self.is_secured else agent._read
        """What is done when it can be read."""
        self.finished = False
        """Whether the peer has sent his last."""
        self._agent = agent
        self._watched = (False, False)
        self.watch()

    def watch(self) -> None:
        """Have it watched for what can be done now."""
        watched = not self.finished, self.unsent > 0
        if watched != self._watched:
            self._watched = watched
            writes = partial(self._agent._send_more, self)
            self._agent._wait_for(self.socket, self._read if watched[0] else None, writes if watched[1] else None)

    def _read(self) -> list[Output]:
        return self.reads(self)

    def flush(self) -> bool:
        """Send what the network takes of what waits; returns False when the connection is gone."""
        flushed = super().flush()
        self.watch()
        return flushed

    def close(self) -> None:
        """Close it; what the network has not taken by now is not sent."""
        if self.socket.fileno() != -1:
            self._agent._wait_for(self.socket, None, None)
        super().close()
