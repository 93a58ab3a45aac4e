"""The other end of a conversation, with no stack at all: a socket, literal SIP, and patience."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count

from sipsm.transport.flow import Address, bracketed

PATIENCE_S = 10.0
SDP = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    b"m=audio 49170 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)
_numbers = count(1)


def header(message: str, name: str) -> str:
    """The value of a message's first header of this name."""
    return next(line.split(": ", 1)[1] for line in message.split("\r\n") if line.startswith(f"{name}: "))


class Peer:
    """Says and hears SIP as text, over one UDP socket."""

    def __init__(self, udp: socket.socket) -> None:
        self.udp = udp
        self.address: Address = udp.getsockname()[:2]
        self.agent: Address = ("", 0)
        """Where the last message came from, or where to say the first."""

    @property
    def host_port(self) -> str:
        """The own address as in a URI."""
        return f"{bracketed(self.address[0])}:{self.address[1]}"

    @property
    def uri(self) -> str:
        """Where it can be called."""
        return f"sip:peer@{self.host_port}"

    def hear(self, start: str) -> str:
        """The next message, which starts like this."""
        data, source = self.udp.recvfrom(65_536)
        self.agent = source[:2]
        message = data.decode()
        assert message.startswith(start), f"{start!r} was to come, not {message!r}"
        return message

    def hear_final(self, start: str) -> str:
        """The next message that is no provisional response."""
        while (message := self.hear("")).startswith("SIP/2.0 1"):
            pass
        assert message.startswith(start), f"{start!r} was to come, not {message!r}"
        return message

    def say(self, message: str | bytes) -> None:
        """Send a message, or any bytes."""
        self.udp.sendto(message if isinstance(message, bytes) else message.encode(), self.agent)

    def respond(self, request: str, status: str, *, body: bytes = b"") -> None:
        """Answer a request, with our tag and Contact."""
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
                body=body,
            )
        )

    def ask(
        self,
        method: str,
        *,
        like: str | None = None,
        to_tag: str = "",
        cseq: int = 1,
        branch: str = "",
        body: bytes = b"",
    ) -> str:
        """Send a request: a new one, or with the Call-ID and From of an earlier one `like` it. Returns it."""
        number = next(_numbers)
        target = f"sip:agent@{bracketed(self.agent[0])}:{self.agent[1]}"
        request = _message(
            f"{method} {target} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.host_port};branch={branch or f'z9hG4bKpeer{number}'};rport",
            "Max-Forwards: 70",
            f"From: {header(like, 'From') if like else f'<{self.uri}>;tag=peer{number}'}",
            f"To: <{target}>{to_tag and f';tag={to_tag}'}",
            f"Call-ID: {header(like, 'Call-ID') if like else f'call-{number}@peer'}",
            f"CSeq: {cseq} {method}",
            f"Contact: <{self.uri}>",
            body=body,
        ).decode()
        self.say(request)
        return request


def branch_of(request: str) -> str:
    """The branch of a request's Via."""
    return header(request, "Via").split("branch=")[1].split(";")[0]


def tag_of(response: str) -> str:
    """The tag that the callee has given."""
    return header(response, "To").split(";tag=")[1]


Script = Callable[[Peer], None]


class Stage:
    """A peer, and the thread in which it plays its scripts."""

    def __init__(self, peer: Peer, thread: ThreadPoolExecutor) -> None:
        self.peer = peer
        self.uri = peer.uri
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
def peer_at(host: str) -> Iterator[Stage]:
    """A peer on a free port of this address. At the end, its scripts must have come to theirs."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as udp, ThreadPoolExecutor(1) as thread:
        udp.bind((host, 0))
        udp.settimeout(PATIENCE_S)
        stage = Stage(Peer(udp), thread)
        yield stage
        stage.check()


def silent_port(host: str) -> int:
    """A port of this address at which nobody listens."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as udp:
        udp.bind((host, 0))
        port: int = udp.getsockname()[1]
        return port


def _message(start: str, *headers: str, body: bytes) -> bytes:
    content = ["Content-Type: application/sdp"] if body else []
    lines = [start, *headers, *content, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body
