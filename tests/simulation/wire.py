"""What one side of a call says and hears on the wire, and the rules that hold of that, whatever its machines think.

RFC 3264 4 and RFC 6337 2 (an answer only to an offer, one offer at a time), RFC 3262 3 to 5 (reliable provisional
responses), RFC 3311 5.1 (UPDATE), RFC 3261 8.1.1.5 (CSeq), 9.1 (CANCEL), 14.1 (one INVITE at a time), 15 (BYE),
17.2 (one final response). Repeats, which are the same bytes, count once.
"""

from __future__ import annotations

from typing import Any

from attrs import define, field

from sipsm.message import Request, Response, read_message
from sipsm.message.headers import RACK, RSEQ
from sipsm.sdp import has_sdp
from sipsm.trace import Recorder
from sipsm.transport import Flow

T1_64 = 32.0
"""64*T1, seconds: so long is a request repeated, and so is a 2xx without ACK."""
FOREVER = float("inf")

Offer = tuple[str | int, ...]
"""What carries an offer: method or class of response, CSeq number, and RSeq number where there is one."""


class RuleBroken(AssertionError):
    """A message went out that may not, or one that may not go out like this."""


@define
class Invite:
    """What is known of one INVITE, at either of its ends."""

    offers: bool
    """Whether it bears an offer."""
    described: bool = False
    """Whether an offer or an answer to it has come in a message that is sure to arrive."""
    shown: bytes = b""
    """The answer, as unreliable provisional responses show it before."""
    rseq: int | None = None
    """Of the last reliable provisional response."""
    unacknowledged: bytes | None = None
    """Its description, while it has no PRACK."""
    provisional: bool = False
    final: int = 0


@define(eq=False)
class Wire:
    """One side of one call."""

    caller: bool
    out: dict[Offer, float] = field(factory=dict)
    """Its offers that have no answer yet, and until when one may come."""
    offered: set[Offer] = field(factory=set)
    """All that it has made."""
    owed: dict[Offer, float] = field(factory=dict)
    """The offers of the peer that it has not answered, and until when the peer waits."""
    ours: dict[int, Invite] = field(factory=dict)
    theirs: dict[int, Invite] = field(factory=dict)
    """INVITEs by their CSeq number."""
    pending: dict[int, tuple[str, float]] = field(factory=dict)
    """Its requests without a final response: method, and until when one may come."""
    unacknowledged: dict[int, float] = field(factory=dict)
    """Its 2xx responses to INVITE without ACK, and until when one may come."""
    answered: dict[tuple[int, str], float] = field(factory=dict)
    """When it gave the final response to each request."""
    owing: set[int] = field(factory=set)
    """The peer's requests that it has not answered."""
    cseq: int = -1
    over: bool = False
    """Whether a BYE has been sent or heard."""
    description: bytes = b""
    """The last that it sent."""

    def quiet(self, now: float) -> bool:
        """Whether nothing of it is under way."""
        waiting = [until for _, until in self.pending.values()]
        waiting += [*self.out.values(), *self.unacknowledged.values(), *self.owed.values()]
        return not self.owing and not any(until >= now for until in waiting)

    def offer(self, what: Offer, body: bytes, until: float, now: float) -> None:
        """It makes an offer."""
        open_offers = [other for other, last in self.out.items() if last > now]
        if open_offers:
            raise RuleBroken(f"an offer in {what}, while its own in {open_offers} is unanswered (RFC 3264 4)")
        owed = [other for other, last in self.owed.items() if last > now]
        if owed:
            raise RuleBroken(f"an offer in {what}, while the peer's in {owed} is unanswered (RFC 3264 4)")
        self.out[what] = until
        self.offered.add(what)
        self.description = body

    def answer(self, what: Offer, body: bytes) -> None:
        """It answers one."""
        self.owed.pop(what, None)
        self.description = body

    # ---------------------------------------------------------------- what it sends

    def sends(self, message: Request | Response, now: float) -> None:
        """A message goes out for the first time."""
        if isinstance(message, Response):
            self.responds(message, now)
            return
        number, method, sdp = message.cseq.number, message.method, has_sdp(message)
        if method not in {"ACK", "CANCEL"}:
            if number <= self.cseq:
                raise RuleBroken(f"{method} has CSeq {number}, after {self.cseq} (RFC 3261 12.2.1.1)")
            self.cseq = number
            self.pending[number] = method, now + T1_64
        match method:
            case "INVITE":
                self.invites(number, message, now)
            case "UPDATE":
                others = [n for n, (name, until) in self.pending.items() if name == "UPDATE" and until > now]
                if others != [number]:
                    raise RuleBroken("an UPDATE while another is unanswered (RFC 3311 5.1)")
                if sdp:
                    self.offer(("UPDATE", number), message.body, now + T1_64, now)
            case "PRACK":
                self.acknowledges(number, message, now)
            case "ACK":
                owed = ("2XX", number) in self.owed
                if owed != sdp:
                    raise RuleBroken(f"an ACK {'with' if sdp else 'without'} a description (RFC 3261 13.2.2.4)")
                if owed:
                    self.answer(("2XX", number), message.body)
            case "CANCEL":
                invite = self.ours[number]
                # One that waited for a connection may be overtaken by the final response.
                if not invite.provisional or (invite.final and message.via.transport == "UDP"):
                    raise RuleBroken("a CANCEL before a provisional response or after the final one (RFC 3261 9.1)")
            case "BYE":
                first = min((n for n, invite in self.theirs.items() if 200 <= invite.final < 300), default=None)
                if not self.caller and (first is None or self.unacknowledged.get(first, 0.0) > now):
                    raise RuleBroken("a BYE before the ACK has come (RFC 3261 15)")
                self.over = True

    def invites(self, number: int, request: Request, now: float) -> None:
        """An INVITE goes out."""
        ours = [n for n, invite in self.ours.items() if not invite.final and n in self.pending]
        theirs = [n for n, invite in self.theirs.items() if not invite.final]
        answered = [n for n, until in self.unacknowledged.items() if until > now]
        if ours or theirs or answered:
            raise RuleBroken(f"an INVITE, while there are {ours}, {theirs}, {answered} (RFC 3261 14.1)")
        self.ours[number] = Invite(has_sdp(request))
        self.pending[number] = "INVITE", FOREVER
        if has_sdp(request):
            self.offer(("INVITE", number), request.body, FOREVER, now)

    def acknowledges(self, number: int, prack: Request, now: float) -> None:
        """A PRACK goes out."""
        rack = prack[RACK]
        invite = None if rack is None else self.ours.get(rack.cseq_number)
        if rack is None or invite is None or invite.rseq != rack.rseq:
            raise RuleBroken(f"a PRACK for {rack}, which is not the last reliable response (RFC 3262 4)")
        owed = ("1XX", rack.cseq_number, rack.rseq)
        if owed in self.owed:
            if not has_sdp(prack):
                raise RuleBroken("a PRACK without the answer to the response's offer (RFC 3262 5)")
            self.answer(owed, prack.body)
        elif has_sdp(prack):
            self.offer(("PRACK", number), prack.body, now + T1_64, now)

    def responds(self, response: Response, now: float) -> None:
        """A response goes out."""
        number, method, status = response.cseq.number, response.cseq.method, response.status
        key = number, method
        if self.answered.get(key, now) > now - T1_64 and key in self.answered:
            raise RuleBroken(f"a {status} to {key}, which has had its final response (RFC 3261 17.2)")
        if status >= 200:
            self.answered[key] = now
            if method != "CANCEL":
                self.owing.discard(number)
        if method == "INVITE":
            self.responds_to_invite(number, response, now)
        elif method in {"UPDATE", "PRACK"} and status >= 200:
            owed = method, number
            if status < 300 and (owed in self.owed) != has_sdp(response):
                raise RuleBroken(f"a {status} to {owed} {'with' if has_sdp(response) else 'without'} a description")
            if status < 300 and has_sdp(response):
                self.answer(owed, response.body)
            self.owed.pop(owed, None)

    def responds_to_invite(self, number: int, response: Response, now: float) -> None:
        """A response to an INVITE goes out."""
        invite, status, sdp = self.theirs[number], response.status, has_sdp(response)
        reliable = 100 < status < 200 and response.has("RSeq")
        if status >= 300:
            invite.final = status
            self.owed.pop(("INVITE", number), None)
            for offer in [offer for offer in self.out if offer[:2] == ("1XX", number)]:
                del self.out[offer]
            return
        if sdp and invite.shown and not invite.described and response.body != invite.shown:
            raise RuleBroken("another answer than the one that has been shown (RFC 3261 13.2.1)")
        if status < 200 and not reliable:
            if sdp and not invite.offers and not invite.described:
                raise RuleBroken("an offer in an unreliable response (RFC 3261 13.2.1)")
            invite.shown = response.body if sdp else invite.shown
            return
        if invite.unacknowledged is not None and (reliable or invite.unacknowledged):
            raise RuleBroken(f"a {status}, while the reliable response has no PRACK (RFC 3262 3 and 5)")
        rseq: int = response[RSEQ] or 0
        if reliable:
            if invite.rseq is not None and rseq != invite.rseq + 1:
                raise RuleBroken(f"RSeq {rseq} after {invite.rseq} (RFC 3262 3)")
            invite.rseq, invite.unacknowledged = rseq, response.body
        else:
            invite.final = status
            self.unacknowledged[number] = now + T1_64
        if not sdp:
            if ("INVITE", number) in self.owed and not reliable:
                raise RuleBroken("a 2xx without the answer to the INVITE's offer (RFC 3261 13.3.1.4)")
            if not invite.offers and not invite.described:
                raise RuleBroken(f"a {status} without an offer, to an INVITE without one (RFC 3262 5)")
            return
        if ("INVITE", number) in self.owed:
            self.answer(("INVITE", number), response.body)
        elif not invite.offers and not invite.described:
            what: Offer = ("1XX", number, rseq) if reliable else ("2XX", number)
            self.offer(what, response.body, FOREVER if reliable else now + T1_64, now)
        elif response.body != self.description:
            raise RuleBroken(f"a {status} with another description, after the exchange (RFC 3261 13.2.1)")
        invite.described = True

    # ---------------------------------------------------------------- what it hears

    def hears(self, message: Request | Response, now: float) -> None:
        """A message comes for the first time."""
        if isinstance(message, Response):
            self.hears_response(message)
            return
        number, method, sdp = message.cseq.number, message.method, has_sdp(message)
        if method not in {"ACK", "CANCEL"} and (number, method) not in self.answered:
            self.owing.add(number)
        match method:
            case "INVITE":
                self.theirs[number] = Invite(sdp)
                if sdp:
                    self.owed["INVITE", number] = FOREVER
            case "UPDATE" if sdp:
                self.owed["UPDATE", number] = now + T1_64
            case "PRACK":
                rack = message[RACK]
                assert rack is not None, "sipsm writes no PRACK without"
                carrier: Offer = ("1XX", rack.cseq_number, rack.rseq)
                invite = self.theirs.get(rack.cseq_number)
                if invite is not None and invite.rseq == rack.rseq:
                    invite.unacknowledged = None
                self.out.pop(carrier, None)
                # Of an INVITE that is over nothing is offered any more: the PRACK is only taken note of.
                alive = invite is not None and invite.final < 300
                if carrier not in self.offered and sdp and alive:
                    self.owed["PRACK", number] = now + T1_64
            case "ACK":
                # The ACK of a later INVITE says that the peer has the 2xx of the one before, too.
                self.unacknowledged = {n: until for n, until in self.unacknowledged.items() if n > number}
                self.out.pop(("2XX", number), None)
            case "BYE":
                self.over = True

    def hears_response(self, response: Response) -> None:
        """A response comes."""
        number, method, status = response.cseq.number, response.cseq.method, response.status
        if method == "INVITE" and status < 300:
            self.hears_of_invite(number, response)
        elif status >= 200 and method != "CANCEL":
            self.out.pop((method, number), None)
            if method == "INVITE":
                self.ours[number].final = self.ours[number].final or status
                self.owed = {offer: until for offer, until in self.owed.items() if offer[:2] != ("1XX", number)}
        if status >= 200 and method != "CANCEL":
            self.pending.pop(number, None)

    def hears_of_invite(self, number: int, response: Response) -> None:
        """A provisional response or a 2xx comes."""
        invite, status, sdp = self.ours[number], response.status, has_sdp(response)
        reliable = 100 < status < 200 and response.has("RSeq")
        if invite.final:
            return
        invite.provisional = True
        if status >= 200:
            invite.final = status
            self.out.pop(("INVITE", number), None)
        elif not reliable:
            return
        rseq: int = response[RSEQ] or 0
        if reliable:
            if invite.rseq is not None and rseq != invite.rseq + 1:
                return
            invite.rseq = rseq
        if not sdp:
            return
        if not invite.offers and not invite.described:
            self.owed[("1XX", number, rseq) if reliable else ("2XX", number)] = FOREVER
        self.out.pop(("INVITE", number), None)
        invite.described = True


class Listener:
    """The watcher of one endpoint: hears all of its calls, and hands everything on to the recorder if there is one."""

    def __init__(self, name: str, recorder: Recorder | None) -> None:
        self.name = name
        self.wires: dict[str, Wire] = {}
        """By Call-ID."""
        self.known: set[tuple[bool, bytes]] = set()
        self.broken: str = ""
        """The first rule that was broken. An endpoint need not stop for it: the world does."""
        self.behind: Any = None if recorder is None else recorder.watcher(name)

    def received(self, flow: Flow, data: bytes, now: float) -> None:
        """Bytes arrived."""
        if self.behind is not None:
            self.behind.received(flow, data, now)
        self.take(False, data, now)

    def sent(self, flow: Flow, data: bytes, now: float) -> None:
        """Bytes are to be sent."""
        if self.behind is not None:
            self.behind.sent(flow, data, now)
        self.take(True, data, now)

    def moved(self, *move: Any) -> None:
        """A machine took a row."""
        if self.behind is not None:
            self.behind.moved(*move)

    def take(self, sent: bool, data: bytes, now: float) -> None:
        """One message, this way or that, if it is a new one."""
        if (sent, data) in self.known or not data.strip():
            return
        self.known.add((sent, data))
        message = read_message(data)
        wire = self.wires.get(message.call_id)
        if wire is None:
            wire = self.wires[message.call_id] = Wire(sent)
        try:
            (wire.sends if sent else wire.hears)(message, now)
        except RuleBroken as error:
            self.broken = self.broken or f"{error}, by {self.name} at {now} in {message.call_id}"
