"""A callee by hand: what the six messages of a basic call cost with no machine, no table and no layer.

It reads, checks, marks and answers with the library's own functions, and keeps in dicts what the next message of the
call needs. It is no user agent: nothing of it is sent again, offered, negotiated, refused or given up, and no state is
asked before anything is done. So it shows what is left of a call's cost when all that the machines decide is left out.
"""

from __future__ import annotations

import random
from heapq import heappop, heappush

from sipsm import Ids, Request, Send
from sipsm.endpoint.reading import read_what_matters
from sipsm.message import Headers, check_message, read_message, response_to
from sipsm.transaction.base import Key
from sipsm.transaction.matching import server_key
from sipsm.transport import Flow, MessageLimits, just_received_from, response_flow
from sipsm.transport.head import check_whole

LINGERS_S = 32.0


class Ringing:
    """An INVITE that has come, and what its answers have in common."""

    def __init__(self, request: Request, key: Key, reply_to: Flow, tag: str) -> None:
        self.request = request
        self.key = key
        self.reply_to = reply_to
        self.tag = tag


class ByHand:
    """One who is called, answers, and is hung up on."""

    def __init__(self, ids: Ids, ringing: Headers, answer: Headers, sdp: bytes) -> None:
        self.ids = ids
        self.headers = {180: ringing, 200: answer}
        self.sdp = sdp
        self.limits = MessageLimits()
        self.servers: dict[Key, bytes] = {}
        """The last response to each request, for its repeats."""
        self.dialogs: dict[tuple[str, str | None, str | None], int] = {}
        """The number of the last request of each."""
        self.ends: list[tuple[float, Key]] = []

    def receive(self, data: bytes, flow: Flow, now: float) -> Ringing | Send | None:
        """A datagram: an INVITE, its ACK or a BYE."""
        check_whole(data, self.limits)
        request = read_message(data)
        check_message(request)
        assert isinstance(request, Request), "a callee is sent requests"
        read_what_matters(request)
        reply_to = response_flow(request, flow)
        request = just_received_from(request, flow.remote)
        method = request.method
        key = server_key(request, method="INVITE" if method == "ACK" else method)
        known = self.servers.get(key)
        if known is not None:
            return Send(reply_to, known, key)
        if method == "INVITE":
            return Ringing(request, key, reply_to, self.ids.tag())
        dialog = (request.call_id, request.to_tag, request.from_tag)
        number = self.dialogs.get(dialog)
        if number is None or method == "ACK" or request.cseq.number <= number:
            return None
        del self.dialogs[dialog]
        return self._send(key, reply_to, bytes(response_to(request, 200)), now)

    def respond(self, to: Ringing, status: int, now: float) -> Send:
        """Ring, or answer."""
        request, tag = to.request, to.tag
        body = self.sdp if status == 200 else b""
        wire = bytes(response_to(request, status, to_tag=tag, headers=self.headers[status], body=body))
        if status == 200:
            self.dialogs[request.call_id, tag, request.from_tag] = request.cseq.number
        return self._send(to.key, to.reply_to, wire, now)

    def _send(self, key: Key, reply_to: Flow, wire: bytes, now: float) -> Send:
        if key not in self.servers:
            heappush(self.ends, (now + LINGERS_S, key))
        self.servers[key] = wire
        return Send(reply_to, wire, key)

    def handle_timeout(self, now: float) -> None:
        """Forget what nobody repeats any more."""
        ends = self.ends
        while ends and ends[0][0] <= now:
            del self.servers[heappop(ends)[1]]


def callee(answers: list[tuple[Headers, bytes]]) -> ByHand:
    """One who sends the same 180 and 200 as these, but for its tag."""
    (ringing, _), (answer, sdp) = answers
    return ByHand(Ids(random.Random(3)), _own(ringing), _own(answer), sdp)


def _own(headers: Headers) -> Headers:
    """What a response has beside what it takes from its request."""
    return [(name, value) for name, value in headers if name not in _TAKEN]


_TAKEN = {"Via", "From", "To", "Call-ID", "CSeq", "Content-Length"}
