"""One proxy, and its neighbours whose every byte is written by hand."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

from sipsm import Flow, Ids, Listening, Request, Response, Send, response_to
from sipsm.endpoint.proxy import Proxy
from sipsm.message import ack_for, cancel_for, read_message
from sipsm.proxy import ProxyPolicy, Refusal, Route

OURS = ("192.0.2.1", 5060)
ALICE = ("192.0.2.10", 5060)
BOB = ("192.0.2.20", 5060)
CAROL = ("192.0.2.30", 5060)
DAVE = ("192.0.2.40", 5060)
HOSTS = {"bob": BOB, "carol": CAROL, "dave": DAVE}
SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"

Headers = Iterable[tuple[str, str]]


def at(*names: str) -> Route:
    """A location service that has one user, who is at all of these."""
    return lambda _: [f"sip:{name}@{HOSTS[name][0]}" for name in names]


class Neighbours:
    """The proxy under test at 192.0.2.1, time, all that it gave, and the handwriting of its neighbours."""

    def __init__(self, *local: Listening | str, route: Route | None = None, seed: int = 1, **settings: Any) -> None:
        policy = {name: settings.pop(name) for name in list(settings) if hasattr(ProxyPolicy, name)}
        policy.setdefault("domains", ("biloxi.com",))
        self.proxy = Proxy(
            *(local or ("udp:192.0.2.1:5060",)),
            route=route,
            policy=ProxyPolicy(**policy),
            ids=Ids(random.Random(seed)),
            **settings,
        )
        self.now = 1000.0
        self.sent: list[tuple[Request | Response, Flow]] = []
        self.sends: list[Send] = []
        self.events: list[Any] = []
        self.branches = 0

    # ---------------------------------------------------------------- driving

    def take(self, outputs: Iterable[Any]) -> list[Any]:
        """Note what the proxy gave; returns what it sent."""
        new: list[Any] = []
        for output in outputs:
            if isinstance(output, Send):
                new.append(read_message(output.data))
                self.sent.append((new[-1], output.flow))
                self.sends.append(output)
            else:
                self.events.append(output)
        return new

    def receive(self, message: Request | Response | bytes, source: tuple[str, int]) -> list[Any]:
        """A message arrives from there; returns what the proxy sends."""
        return self.take(self.proxy.receive(bytes(message), Flow("UDP", OURS, source), self.now))

    def wait(self, seconds: float) -> list[Any]:
        """So much time passes; returns what the proxy sends meanwhile."""
        end, new = self.now + seconds, []
        while (due := self.proxy.next_timeout()) is not None and due <= end:
            self.now = max(due, self.now)
            new += self.take(self.proxy.handle_timeout(self.now))
        self.now = end
        return new

    def told(self, kind: type[Any]) -> list[Any]:
        """The events of this kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    # ---------------------------------------------------------------- upstream

    def request(
        self,
        method: str = "INVITE",
        uri: str = "sip:bob@biloxi.com",
        *,
        headers: Headers = (),
        to_tag: str | None = None,
        cseq: int = 1,
        via: str | None = None,
        max_forwards: str | None = "70",
        body: bytes = b"",
        call_id: str = "one",
    ) -> Request:
        """A request of alice's."""
        self.branches += 1
        via = via or f"SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKalice{self.branches}"
        forwards = [] if max_forwards is None else [("Max-Forwards", max_forwards)]
        lines = [
            ("Via", via),
            *forwards,
            ("From", "<sip:alice@atlanta.com>;tag=a"),
            ("To", f"<sip:bob@biloxi.com>{'' if to_tag is None else f';tag={to_tag}'}"),
            ("Call-ID", call_id),
            ("CSeq", f"{cseq} {method}"),
            ("Contact", "<sip:alice@192.0.2.10>"),
            *headers,
            *([("Content-Type", "application/sdp")] if body else []),
        ]
        return Request.build(method, uri, lines, body)

    def ask(self, *args: Any, **parts: Any) -> list[Any]:
        """A request of alice's arrives; returns what the proxy sends."""
        self.asked = self.request(*args, **parts)
        return self.receive(self.asked, ALICE)

    def cancel(self, headers: Headers = ()) -> list[Any]:
        """Alice's last request is cancelled."""
        cancel = cancel_for(self.asked)
        for name, value in headers:
            cancel = cancel.with_added(name, value)
        return self.receive(cancel, ALICE)

    # ---------------------------------------------------------------- downstream

    def answer(self, forwarded: Request, status: int, *, tag: str | None = "b", **more: Any) -> list[Any]:
        """The one to whom a request went answers; returns what the proxy sends."""
        response = response_to(forwarded, status, to_tag=None if status == 100 else tag, **more)
        return self.receive(response, self.went_to(forwarded))

    def acknowledge(self, response: Response) -> list[Any]:
        """Alice acknowledges a refusal."""
        return self.receive(ack_for(self.asked, response), ALICE)

    def went_to(self, message: Request | Response) -> tuple[str, int]:
        """Where the proxy sent a message."""
        return next(flow.remote for sent, flow in reversed(self.sent) if sent is message)


def statuses(messages: Iterable[Any]) -> list[Any]:
    """Messages by their methods and statuses."""
    return [each.method if isinstance(each, Request) else each.status for each in messages]


def refusing(status: int) -> Route:
    """A location service that refuses."""
    return lambda _: Refusal(status)
