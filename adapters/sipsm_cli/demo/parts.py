"""What alice and bob do: the same script for two processes and for the simulated network.

Bob lets it ring only after the 200 ms within which a 100 is due (RFC 3261 17.2.1), so that one is seen.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from attrs import evolve

from sipsm import Answered, Call, CallState, Ended, EndReason, Established, Event, IncomingCall, RequestServed
from sipsm_cli import media
from sipsm_cli.demo.story import Story

RING_S = 0.3
"""Bob's telephone rings so long after the INVITE."""
ANSWER_S = 0.7
"""Bob answers so long after the INVITE."""


class Stage(Protocol):
    """Where a part is played: how time passes, and how a command is given."""

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Have something done so many seconds from now."""

    def asks(self, what: str, call: Call, command: str, *args: Any) -> None:
        """Give a command of a call, for which people say `what`."""


class Part:
    """One end: what it does, and the story that it tells afterwards."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.story = Story()

    def told(self, event: Event) -> None:
        """An event of the own endpoint."""
        match event:
            case Established(call):
                self.story = evolve(self._heard(call), answered=True)
                self.up(call)
            case Ended(call, reason):
                # A BYE of the caller shows, as the ACK does, that the 2xx has come.
                answered = self.story.answered or reason is EndReason.HUNG_UP_BY_PEER
                self.story = evolve(self._heard(call), answered=answered, ended=reason.value)
            case Answered(status=status, request=asked) if asked.call is not None:
                self.story = evolve(self.story, exchanges=self.story.exchanges + (status < 300))
                self.done(asked.call)
            case RequestServed(request=request) if request.to.tag is not None:
                self.story = evolve(self.story, exchanges=self.story.exchanges + 1)
            case _:
                pass

    def up(self, call: Call) -> None:
        """The call has been answered."""

    def done(self, call: Call) -> None:
        """The request within the call is over."""

    def _heard(self, call: Call) -> Story:
        mine, theirs = call.local_sdp, call.remote_sdp
        offer, answer = (mine, theirs) if call.outgoing else (theirs, mine)
        return evolve(self.story, call_id=call.call_id, offer=offer, answer=answer)


class Alice(Part):
    """She calls, asks bob in the call what he can do, and hangs up; `pause_s` seconds pass before each."""

    def __init__(self, stage: Stage, pause_s: float) -> None:
        super().__init__(stage)
        self.pause_s = pause_s

    def up(self, call: Call) -> None:
        """The call has been answered."""
        self.stage.later(self.pause_s, partial(self._ask, call))

    def done(self, call: Call) -> None:
        """Bob has said what he can do, or has not."""
        self.stage.later(self.pause_s, partial(self._hang_up, call))

    def _hang_up(self, call: Call) -> None:
        if call.state is CallState.ESTABLISHED:
            self.stage.asks("hangs up", call, "hang_up")

    def _ask(self, call: Call) -> None:
        if call.state is CallState.ESTABLISHED:
            self.stage.asks("asks, within the call, what bob can do", call, "request", "OPTIONS")


class Bob(Part):
    """He lets it ring, and answers."""

    def __init__(self, stage: Stage, host: str, session: int) -> None:
        super().__init__(stage)
        self.host = host
        self.session = session

    def told(self, event: Event) -> None:
        """An event of the own endpoint."""
        if isinstance(event, IncomingCall):
            self.stage.later(RING_S, partial(self._ring, event.call))
            self.stage.later(ANSWER_S, partial(self._answer, event.call, event.offer))
        super().told(event)

    def _ring(self, call: Call) -> None:
        if call.state is CallState.INCOMING:
            self.stage.asks("lets it ring", call, "ring")

    def _answer(self, call: Call, offer: bytes) -> None:
        if call.state is CallState.RINGING:
            self.stage.asks("answers", call, "answer", media.answer(offer, self.host, self.session))
