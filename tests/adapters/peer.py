"""The other end of a conversation, with no stack at all: sockets, literal SIP, and patience."""

from __future__ import annotations

import select
import socket
import ssl
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import Any, NamedTuple

from sipsm.transport.flow import Address, bracketed
from sipsm_sockets import TlsContexts
from tests.adapters.certificates import everybody, in_clear

PATIENCE_S = 10.0
SDP = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    b"m=audio 49170 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)
_numbers = count(1)


def header(message: str, name: str) -> str:
    """The value of a message's first header of this name."""
    return next(line.split(": ", 1)[1] for line in message.split("\r\n") if line.startswith(f"{name}: "))


class Place(NamedTuple):
    """Where a conversation takes place: over what, and on which address of this machine."""

    transport: str
    host: str

    @property
    def any_port(self) -> str:
        """A free port there, as an agent is told."""
        return f"{self.transport.lower()}:{bracketed(self.host)}:0"

    @property
    def uri_parameters(self) -> str:
        """What a URI says of the transport."""
        return "" if self.transport == "UDP" else f";transport={self.transport.lower()}"

    def socket(self) -> socket.socket:
        """A socket for it."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        return socket.socket(family, socket.SOCK_DGRAM if self.transport == "UDP" else socket.SOCK_STREAM)


class Peer(ABC):
    """Says and hears SIP as text."""

    def __init__(self, place: Place, listening: socket.socket) -> None:
        self.place = place
        self.listening = listening
        self.address: Address = listening.getsockname()[:2]
        self.agent: Address = ("", 0)
        """Where the last message came from, or where to say the first."""
        self.ignores_repeats = False
        """Whether what has come before is not heard again: where timers run that a busy machine may be too slow for."""
        self._heard: set[bytes] = set()

    @abstractmethod
    def say(self, message: str | bytes) -> None:
        """Send a message, or any bytes."""

    @abstractmethod
    def next(self) -> bytes:
        """The next message."""

    def close(self) -> None:
        """Hear and say nothing any more."""
        self.listening.close()

    @property
    def host_port(self) -> str:
        """The own address as in a URI."""
        return f"{bracketed(self.address[0])}:{self.address[1]}"

    @property
    def uri(self) -> str:
        """Where it can be called."""
        return f"sip:peer@{self.host_port}{self.place.uri_parameters}"

    def hear(self, start: str) -> str:
        """The next message, which starts like this."""
        data = self.next()
        while self.ignores_repeats and data in self._heard:
            data = self.next()
        self._heard.add(data)
        message = data.decode()
        assert message.startswith(start), f"{start!r} was to come, not {message!r}"
        return message

    def hear_final(self, start: str) -> str:
        """The next message that is no provisional response."""
        while (message := self.hear("")).startswith("SIP/2.0 1"):
            pass
        assert message.startswith(start), f"{start!r} was to come, not {message!r}"
        return message

    def respond(self, request: str, status: str, *headers: str, body: bytes = b"") -> None:
        """Answer a request, with our tag and Contact, and these header lines."""
        to = header(request, "To")
        self.say(
            _message(
                f"SIP/2.0 {status}",
                f"Via: {header(request, 'Via')}",
                f"From: {header(request, 'From')}",
                f"To: {to if ';tag=' in to else to + ';tag=peer'}",
                f"Call-ID: {header(request, 'Call-ID')}",
                f"CSeq: {header(request, 'CSeq')}",
                f"Contact: <{self.uri}>",
                *headers,
                body=body,
            )
        )

    def ask(
        self,
        method: str,
        *headers: str,
        like: str | None = None,
        to_tag: str = "",
        cseq: int = 1,
        branch: str = "",
        body: bytes = b"",
    ) -> str:
        """Send a request: a new one, or with the Call-ID and From of an earlier one `like` it. Returns it.

        `headers` are lines such as "Supported: 100rel".
        """
        number = next(_numbers)
        target = f"sip:agent@{bracketed(self.agent[0])}:{self.agent[1]}"
        request = _message(
            f"{method} {target} SIP/2.0",
            f"Via: SIP/2.0/{self.place.transport} {self.host_port};branch={branch or f'z9hG4bKpeer{number}'};rport",
            "Max-Forwards: 70",
            f"From: {header(like, 'From') if like else f'<{self.uri}>;tag=peer{number}'}",
            f"To: <{target}>{to_tag and f';tag={to_tag}'}",
            f"Call-ID: {header(like, 'Call-ID') if like else f'call-{number}@peer'}",
            f"CSeq: {cseq} {method}",
            f"Contact: <{self.uri}>",
            *headers,
            body=body,
        ).decode()
        self.say(request)
        return request


class DatagramPeer(Peer):
    """Over one UDP socket."""

    def next(self) -> bytes:
        data, source = self.listening.recvfrom(65_536)
        self.agent = source[:2]
        return data

    def say(self, message: str | bytes) -> None:
        self.listening.sendto(message if isinstance(message, bytes) else message.encode(), self.agent)


class StreamPeer(Peer):
    """Over TCP connections, made and accepted; it speaks on the one on which it last heard something.

    Where it has heard nothing it makes one, to `agent`.
    """

    def __init__(self, place: Place, listening: socket.socket) -> None:
        super().__init__(place, listening)
        listening.listen()
        self.connections: dict[socket.socket, bytes] = {}
        """Each with what has come on it that is no whole message yet."""
        self.current: socket.socket | None = None

    def connect(self) -> socket.socket:
        """Make a connection to the agent, and speak on it from now on."""
        self.current = self.place.socket()
        self.current.settimeout(PATIENCE_S)
        self.connections[self.current] = b""
        self.current.connect(self.agent)
        self.current.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.secure()
        return self.current

    def secure(self, *, server: bool = False) -> None:
        """Do what is to be done on the current connection before anything is said."""

    def say(self, message: str | bytes) -> None:
        connection = self.current or self.connect()
        connection.sendall(message if isinstance(message, bytes) else message.encode())

    def next(self) -> bytes:
        while True:
            for connection, come in self.connections.items():
                head, end, rest = come.lstrip(b"\r\n").partition(b"\r\n\r\n")
                length = int(header(head.decode() + "\r\n", "Content-Length")) if end else 0
                if end and len(rest) >= length:
                    self.connections[connection] = rest[length:]
                    self.current = connection
                    if not self.agent[1]:
                        self.agent = connection.getpeername()[:2]
                    return head + end + rest[:length]
            self.wait()

    def wait(self) -> None:
        """Wait until something comes: a connection, bytes, or the end of a connection."""
        ready, _, _ = select.select([self.listening, *self.connections], [], [], PATIENCE_S)
        if not ready:
            raise TimeoutError("nothing came")
        for each in ready:
            if each is self.listening:
                self.current, _ = self.listening.accept()
                self.current.settimeout(PATIENCE_S)
                self.connections[self.current] = b""
                self.secure(server=True)
            elif data := self.read(each):
                self.connections[each] += data
            elif data is not None:
                self.drop(each)

    def read(self, connection: socket.socket) -> bytes | None:
        """What has come on a connection on which something has; None where that was nothing for us."""
        return connection.recv(65_536)

    def wait_for_the_end(self) -> None:
        """Wait until there is no connection any more."""
        while self.connections:
            self.wait()

    def drop(self, connection: socket.socket | None = None, *, reset: bool = False) -> None:
        """End a connection, by default the current one; `reset` says nothing of an end, and throws away all."""
        connection = connection or self.current
        assert connection is not None, "there is a connection"
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        del self.connections[connection]
        self.current = None if self.current is connection else self.current

    def close(self) -> None:
        for connection in self.connections:
            connection.close()
        super().close()


class SecurePeer(StreamPeer):
    """Over TLS."""

    tls: TlsContexts | None = None
    """Its certificates, if they are not everybody's."""

    def secure(self, *, server: bool = False) -> None:
        plain = self.current
        assert plain is not None, "there is a connection"
        tls = self.tls or everybody()
        come = self.connections.pop(plain)
        try:
            self.current = (tls.server if server else tls.client).wrap_socket(plain, server_side=server)
        except OSError:
            plain.close()
            self.current = None
            raise
        self.connections[self.current] = come

    def read(self, connection: socket.socket) -> bytes | None:
        assert isinstance(connection, ssl.SSLSocket), "all are secured"
        return in_clear(connection)


PEERS: dict[str, type[Peer]] = {"UDP": DatagramPeer, "TCP": StreamPeer, "TLS": SecurePeer}


def branch_of(request: str) -> str:
    """The branch of a request's Via."""
    return header(request, "Via").split("branch=")[1].split(";")[0]


def tag_of(response: str) -> str:
    """The tag that the callee has given."""
    return header(response, "To").split(";tag=")[1]


Script = Callable[[Any], None]
"""What a peer does: a `DatagramPeer`, a `StreamPeer` or a `SecurePeer`."""


class Stage:
    """A peer, and the thread in which it plays its scripts."""

    def __init__(self, peer: Any, thread: ThreadPoolExecutor) -> None:
        self.peer = peer
        self.uri: str = peer.uri
        self._thread = thread
        self._played: list[Future[None]] = []

    def play(self, script: Script, agent: Address = ("", 0)) -> None:
        """Start a script; where it speaks first, to `agent`."""
        self.peer.agent = agent
        self._played.append(self._thread.submit(script, self.peer))

    def check(self) -> None:
        """Wait for the scripts' ends; raises what went wrong in them."""
        for played in self._played:
            played.result(PATIENCE_S)


@contextmanager
def peer_at(place: Place | str) -> Iterator[Stage]:
    """A peer on a free port of this place, or of this address over UDP. At the end, its scripts must have come to
    theirs."""
    place = Place("UDP", place) if isinstance(place, str) else place
    with place.socket() as listening, ThreadPoolExecutor(1) as thread:
        listening.bind((place.host, 0))
        listening.settimeout(PATIENCE_S)
        peer = PEERS[place.transport](place, listening)
        stage = Stage(peer, thread)
        try:
            yield stage
            stage.check()
        finally:
            peer.close()


def silent_port(place: Place) -> int:
    """A port of this place at which nobody listens."""
    with place.socket() as nobody:
        nobody.bind((place.host, 0))
        port: int = nobody.getsockname()[1]
        return port


def _message(start: str, *headers: str, body: bytes) -> bytes:
    content = ["Content-Type: application/sdp"] if body else []
    lines = [start, *headers, *content, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body
