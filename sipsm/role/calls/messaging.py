"""Instant messages, to anybody and within calls: each place is sent one at a time.

RFC 3428. What comes is taken by `requests_in`, since a MESSAGE is answered at once and asks for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.machine import Observer, Refuse, Step
from sipsm.role.calls.call import Call, OutgoingRequest
from sipsm.role.calls.commands import Commands
from sipsm.role.calls.message_events import Answered
from sipsm.role.calls.responses_in import ResponsesIn
from sipsm.role.checking import type_line
from sipsm.role.limits import Limits
from sipsm.role.party import Party
from sipsm.role.writing import content
from sipsm.standalone.messages import FINAL, FREE, LARGEST, SEND, Line, place_of, resolved
from sipsm.transaction.sending import NEAR, NotSent, Sending
from sipsm.usage import Leg
from sipsm.usage.outputs import Ask

LinesAndBody = tuple[tuple[tuple[str, str], ...], bytes]
"""Header lines and a body."""


class Messaging:
    """The MESSAGE requests of a user agent: those under way, and those that wait for their turn."""

    def __init__(
        self,
        party: Party,
        sending: Sending,
        commands: Commands,
        responses: ResponsesIn,
        limits: Limits,
        observer: Observer | None,
    ) -> None:
        self.party = party
        self.sending = sending
        self.commands = commands
        self.limits = limits
        self.observer = observer
        self.lines: dict[Call | str, Line] = {}
        """Those of a call, or for a URI, by what `place_of` makes of it; while there are any."""
        self.unsent: dict[OutgoingRequest, LinesAndBody] = {}
        """Those that wait in calls: what the dialog adds to them, such as a number, is known when they are sent."""
        commands.message = self.send_within
        responses.message_answered = self.answered

    # ---------------------------------------------------------------- commands

    def send(
        self,
        target: Uri,
        to: str | None,
        headers: Iterable[tuple[str, str]],
        body: bytes,
        content_type: str | None,
        now: float,
        *,
        congestion_safe: bool = False,
    ) -> tuple[OutgoingRequest, list[Any]]:
        """A message outside a call: sent now, or when the one before it to the same URI is answered."""
        own = [*self.party.supported, *([] if content_type is None else [type_line(content_type)])]
        request, hop = self.party.request_outside("MESSAGE", resolved(target), to, headers, body, own)
        # "The size of MESSAGE requests outside of a media session MUST NOT exceed 1300 bytes, unless the UAC has
        # positive knowledge that the message will not traverse a congestion-unsafe link at any hop, or that the message
        # size is at least 200 bytes less than the lowest MTU value found en route to the UAS." (RFC 3428 8)
        size, largest = len(bytes(request)), LARGEST if self.limits.path_mtu is None else self.limits.path_mtu - NEAR
        if size > largest and not congestion_safe:
            raise LocalProtocolError(
                f"a MESSAGE of {size} bytes may congest a link on its way, where more than {largest} are not allowed: "
                "send less, send it in a session, or say that the way is safe",
                rfc="3428 8",
            )
        self.sending.check(hop, request)
        outgoing = OutgoingRequest("MESSAGE")
        outgoing.request = request
        return outgoing, self._take(outgoing, now)

    def send_within(self, leg: Leg, x: Ask, now: float) -> list[Any]:
        """A message in a call, likewise."""
        outgoing = x.asked_as
        assert isinstance(outgoing, OutgoingRequest), "who asks within a call is known to the application"
        if leg.session.find("ASK", x, leg.invitations[0]).refused:
            # It raises.
            return self.commands.give("send a request", leg.invitations[0], "ASK", x, now)
        outgoing.dialog = leg
        self.unsent[outgoing] = (*x.headers, *((name, value) for name, value in content(x))), x.body
        outputs = self._take(outgoing, now)
        if outgoing in self.unsent:
            headers = [*self.party.supported, *x.headers, *content(x)]
            outgoing.request = leg.dialog.next_request(
                "MESSAGE", self.party.via(), headers, x.body, cseq=leg.dialog.local_cseq
            )
        return outputs

    # ---------------------------------------------------------------- what came of one

    def answered(self, outgoing: OutgoingRequest, now: float) -> list[Any]:
        """One that was pending has come to its end: the next one to the same place goes out."""
        line = self.lines[_place(outgoing)]
        assert line.pending is outgoing, "one that has come to its end was pending"
        return self._deliver(line, self._next(line, now), now)

    # ----------------------------------------------------------------

    def _take(self, outgoing: OutgoingRequest, now: float) -> list[Any]:
        place = _place(outgoing)
        line = self.lines.get(place) or Line(self.limits.messages)
        step = Step(now, self.observer)
        entry = line.receive(SEND, outgoing, step).entry
        if isinstance(entry, Refuse):
            self.unsent.pop(outgoing, None)
            raise LocalProtocolError(f"cannot send a MESSAGE: {entry.text}", rfc=entry.rfc)
        self.lines[place] = line
        return self._deliver(line, step.outputs, now)

    def _next(self, line: Line, now: float) -> list[OutgoingRequest]:
        """The one that was pending no longer is; returns the next one, if there is any."""
        place, step = _place(line.pending), Step(now, self.observer)
        line.receive(FINAL, None, step)
        if line.state == FREE:
            del self.lines[place]
        return step.outputs

    def _deliver(self, line: Line, ready: list[OutgoingRequest], now: float) -> list[Any]:
        """Send what is next, and where that fails at once, what comes after it."""
        outputs: list[Any] = []
        while ready:
            (outgoing,) = ready
            sent, status, why = self._sent(outgoing, now)
            outputs += sent
            if status is None:
                break
            outgoing.status = status
            outputs.append(Answered(outgoing, status, None, why))
            ready = self._next(line, now)
        return outputs

    def _sent(self, outgoing: OutgoingRequest, now: float) -> tuple[list[Any], int | None, str]:
        """Send one. Returns the outputs; and where that failed, the status that this amounts to, and why."""
        if outgoing.call is None:
            request = outgoing.request
            outputs = self.sending.request(request, outgoing, now, towards=self.party.next_hop(request.uri))
        else:
            leg = outgoing.dialog
            assert leg is not None, "it has been taken for a dialog"
            headers, body = self.unsent.pop(outgoing)
            x = Ask("MESSAGE", headers, body, None, outgoing)
            try:
                leg.dialog.check("MESSAGE")
                outputs = self.commands.give("send a request", leg.invitations[0], "ASK", x, now)
            except LocalProtocolError as error:
                # The call has ended meanwhile.
                return [], 481, error.what
        failed = next((each for each in outputs if isinstance(each, NotSent)), None)
        if failed is None:
            return outputs, None, ""
        return [each for each in outputs if each is not failed], 503, failed.why


def _place(outgoing: OutgoingRequest) -> Call | str:
    return place_of(outgoing.request.uri) if outgoing.call is None else outgoing.call
