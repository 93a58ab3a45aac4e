"""One endpoint, and peers whose every byte is written by hand: what a stranger sends is not what our own code sends."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sipsm import Endpoint, Flow, Ids, Request, Resolve, Response, Send
from sipsm.message import read_message
from sipsm.role import Call, IncomingCall, Output

OURS = ("192.0.2.1", 5060)
THEIRS = ("192.0.2.2", 5060)
SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
SDP2 = SDP.replace(b"4000", b"5000")
T1 = 0.5

Headers = Iterable[tuple[str, str]]


def lines(*parts: str, body: bytes = b"") -> bytes:
    """A message of its lines, with Content-Length."""
    return "\r\n".join((*parts, f"Content-Length: {len(body)}", "", "")).encode("utf-8", "surrogateescape") + body


class Bench:
    """The endpoint under test at 192.0.2.1, time, all that it gave, and the handwriting of its peer at 192.0.2.2."""

    def __init__(self, seed: int = 1, now: float = 1000.0, **settings: Any) -> None:
        self.endpoint = Endpoint("udp:192.0.2.1:5060", ids=Ids(random.Random(seed)), **settings)
        self.now = now
        self.sent: list[Request | Response] = []
        self.wires: list[bytes] = []
        self.flows: list[Flow] = []
        self.events: list[Any] = []
        self.outputs: list[Output] = []
        self.branches = 0

    # ---------------------------------------------------------------- driving

    def take(self, outputs: list[Output]) -> list[Output]:
        """Note what the endpoint gave."""
        self.outputs += outputs
        for output in outputs:
            if isinstance(output, Send):
                self.wires.append(output.data)
                self.flows.append(output.flow)
                self.sent.append(read_message(output.data))
            else:
                self.events.append(output)
        return outputs

    def receive(self, data: bytes, source: tuple[str, int] = THEIRS) -> list[Output]:
        """Bytes from the peer arrive."""
        return self.take(self.endpoint.receive(data, Flow("UDP", OURS, source), self.now))

    def looked_up(
        self,
        *addresses: str,
        resolve: Resolve | None = None,
        zone: Mapping[tuple[str, str], Sequence[Any]] | None = None,
    ) -> list[Output]:
        """A look-up, by default the last one, is answered, and what it leads to; returns the last outputs.

        The answers are those of `zone`, by type and name; else these addresses, and no SRV or NAPTR records.
        """
        resolve = resolve or self.told(Resolve)[-1]
        outputs: list[Output] = []
        while resolve is not None:
            default = addresses if resolve.type in {"A", "AAAA"} else ()
            records = (zone or {}).get((resolve.type, resolve.name), default)
            outputs = self.take(self.endpoint.resolved(resolve, records, self.now))
            resolve = next((output for output in outputs if isinstance(output, Resolve)), None)
        return outputs

    def until(self, now: float) -> None:
        """Let time pass to `now`, waking the endpoint whenever it asks for it."""
        while (at := self.endpoint.next_timeout()) is not None and at <= now:
            assert at >= self.now
            self.now = at
            self.take(self.endpoint.handle_timeout(at))
            after = self.endpoint.next_timeout()
            assert after is None or after > at, "an adapter would spin"
        self.now = now

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.until(self.now + seconds)

    def quiet(self) -> None:
        """Let time pass until nothing more is to come."""
        self.until(self.now + 3600)

    def drain(self) -> tuple[list[str], list[str]]:
        """What was sent (start lines) and told (names of events) since the last time."""
        sent = [wire.partition(b"\r\n")[0].decode() for wire in self.wires]
        told = [type(event).__name__ + getattr(event, "reason", "") for event in self.events]
        self.wires.clear()
        self.sent.clear()
        self.flows.clear()
        self.events.clear()
        return sent, told

    @property
    def statuses(self) -> list[int]:
        """Of the responses sent so far."""
        return [message.status for message in self.sent if isinstance(message, Response)]

    @property
    def methods(self) -> list[str]:
        """Of the requests sent so far."""
        return [message.method for message in self.sent if isinstance(message, Request)]

    def told(self, kind: type) -> list[Any]:
        """The events of one kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def last_request(self) -> Request:
        """The last request that the endpoint sent."""
        return next(m for m in reversed(self.sent) if isinstance(m, Request))

    @property
    def last_response(self) -> Response:
        """The last response that the endpoint sent."""
        return next(m for m in reversed(self.sent) if isinstance(m, Response))

    def left(self) -> dict[str, int]:
        """How much of everything the endpoint still holds."""
        agent, transactions = self.endpoint._agent, self.endpoint._transactions
        held = {
            "calls": len(self.endpoint.calls),
            "dialogs": len(agent.calls.dialogs) + len(agent.dialogs.all),
            "subscriptions of peers": len(self.endpoint.peer_subscriptions),
            "REFERs to be told of": len(agent.referred.told),
            "incoming": len(agent.calls.incoming),
            "messages": len(agent.messaging.lines) + len(agent.messaging.unsent),
            "places": len(agent.dialogs.all),
            "subscriptions": len(agent.subscriptions.all),
            "attempts": len(agent.subscriptions.attempts),
            "clients": len(transactions.clients),
            "servers": len(transactions.servers),
            "resolving": len(self.endpoint._sending.waiting),
            "deliveries": len(self.endpoint._sending.deliveries),
            "responses": len(self.endpoint._sending.responses),
            "publications": len(agent.publishing.all) + len(agent.publishing.lines.all),
            "publications of peers": agent.compositor.store.entries + len(agent.compositor.alarms),
            "PUBLISHes to decide on": len(agent.compositor.undecided) + len(agent.compositor.lines.all),
            "registrations": len(agent.registrations.all) + len(agent.registrations.lines.all),
            "bindings": len(agent.registrar.location.held) + len(agent.registrar.alarms),
            "REGISTERs to decide on": len(agent.registrar.undecided) + len(agent.registrar.lines.all),
            "connections": len(self.endpoint.flows) + len(self.endpoint.opening),
            "users": len(self.endpoint._flows._users),
            "timers": 0 if self.endpoint.next_timeout() is None else 1,
        }
        return {name: count for name, count in held.items() if count}

    # ---------------------------------------------------------------- handwriting

    def branch(self) -> str:
        """A new branch of the peer."""
        self.branches += 1
        return f"z9hG4bKhand{self.branches}"

    def request(
        self,
        method: str,
        *,
        uri: str = "sip:bob@192.0.2.1:5060",
        via: str | None = None,
        branch: str | None = None,
        from_: str = "<sip:alice@192.0.2.2>;tag=theirs",
        to: str = "<sip:bob@192.0.2.1>",
        call_id: str = "hand@192.0.2.2",
        cseq: int | str = 1,
        contact: str | None = "<sip:alice@192.0.2.2:5060>",
        headers: Iterable[str] = (),
        body: bytes = b"",
        content_type: str | None = "application/sdp",
    ) -> bytes:
        """A request of the peer, an INVITE to be answered by us unless told otherwise."""
        return lines(
            f"{method} {uri} SIP/2.0",
            via or f"Via: SIP/2.0/UDP 192.0.2.2:5060;branch={branch or self.branch()}",
            "Max-Forwards: 70",
            f"From: {from_}",
            f"To: {to}",
            f"Call-ID: {call_id}",
            f"CSeq: {cseq} {method}" if isinstance(cseq, int) else f"CSeq: {cseq}",
            *([f"Contact: {contact}"] if contact and method in {"INVITE", "OPTIONS"} else []),
            *headers,
            *([f"Content-Type: {content_type}"] if body and content_type else []),
            body=body,
        )

    def incoming(self, *, offer: bytes = SDP, **parts: Any) -> Call:
        """The peer calls; returns the call."""
        self.receive(self.request("INVITE", branch="z9hG4bKcall", body=offer, **parts))
        call = self.events[-1].call
        assert isinstance(self.events[-1], IncomingCall)
        assert isinstance(call, Call)
        return call

    def in_dialog(self, method: str, cseq: int, call: Call, **parts: Any) -> bytes:
        """A request of the peer in the dialog of a call, ours or its own."""
        dialog = call.here.dialog
        parts.setdefault("from_", dialog.remote)
        parts.setdefault("to", dialog.local)
        return self.request(method, cseq=cseq, call_id=call.call_id, **parts)

    def acked(self, *, offer: bytes = SDP, answer: bytes = SDP2, **parts: Any) -> Call:
        """A call of the peer's that is up."""
        call = self.incoming(offer=offer, **parts)
        self.take(call.answer(answer, now=self.now))
        self.receive(self.in_dialog("ACK", 1, call))
        return call

    def response(
        self,
        request: Request,
        status: int,
        *,
        tag: str | None = "far",
        contact: str | None = "<sip:bob@192.0.2.2:5060>",
        headers: Iterable[str] = (),
        body: bytes = b"",
        reason: str = "Said",
    ) -> bytes:
        """A response of the peer to a request of ours."""
        to = request.lines_of("To")[0]
        if tag is not None and request.to.tag is None:
            to += f";tag={tag}"
        return lines(
            f"SIP/2.0 {status} {reason}",
            *(f"Via: {via}" for via in request.lines_of("Via")),
            f"From: {request.lines_of('From')[0]}",
            f"To: {to}",
            f"Call-ID: {request.call_id}",
            f"CSeq: {request.cseq}",
            *([f"Contact: {contact}"] if contact and request.method == "INVITE" and status < 400 else []),
            *headers,
            *(["Content-Type: application/sdp"] if body else []),
            body=body,
        )

    def outgoing(self, *, offer: bytes = SDP, target: str = "sip:bob@192.0.2.2:5060", **parts: Any) -> Call:
        """We call the peer; returns the call."""
        call, outputs = self.endpoint.invite(target, offer=offer, now=self.now, **parts)
        self.take(outputs)
        return call

    def answered(self, *, offer: bytes = SDP, answer: bytes = SDP2, **parts: Any) -> Call:
        """A call of ours that is up."""
        call = self.outgoing(offer=offer)
        self.receive(self.response(call.invite, 200, body=answer, **parts))
        return call
