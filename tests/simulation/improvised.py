"""What two people do with a call who follow no plan: any command, at any time, from both ends.

Each side of each call has a source of chance of its own. Most of what it does fits the state of the call, a share does
not; what a rule forbids must leave everything as it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from attrs import define, field

from sipsm import (
    Call,
    CallState,
    Ended,
    Established,
    LocalProtocolError,
    ModificationRefused,
    Modified,
    OfferReceived,
    OfferRequested,
    Ringing,
)
from sipsm.testing import Agent, Net
from sipsm.usage import turns

CLOSE_S = 240.0
"""How long after it began a call that is still there is ended by hand, in seconds."""
AGAIN_S = 40.0
"""And how long after that once more, where it could not be done."""
TRIES = 8

Command = tuple[str, Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class Misconduct(AssertionError):
    """An endpoint told what it may not tell, or forgot to tell something."""


@define(eq=False)
class Side:
    """One end of one call, and who is there."""

    net: Net
    agent: Agent
    call: Call
    draw: Random
    count: Counter[str]
    """What was done, told and forbidden, in all."""
    ended: list[Ended] = field(factory=list)
    established: int = 0
    wishes: int = 0
    """How many of its changes are under way, or wait for another try."""
    descriptions: int = 0

    # ---------------------------------------------------------------- time

    def begin(self) -> None:
        """Plan what is done, without knowing what will happen."""
        pace = self.draw.choice((0.02, 0.3, 2.0, 15.0))
        at = 0.0
        for _ in range(self.draw.choice((0, 1, 2, 4, 8, 16))):
            at += self.draw.expovariate(1 / pace)
            self.net.after(at, self.improvise)
        self.net.after(CLOSE_S + self.draw.uniform(0.0, 4.0), lambda: self.close(TRIES))

    def close(self, tries: int) -> None:
        """End it."""
        if self.ended:
            return
        if tries == 0:
            raise Misconduct(f"{self.agent.name}'s call {self.call.call_id} cannot be ended: it is {self.call.state}")
        for command in (self.call.hang_up, self.call.cancel, self.call.reject):
            if self.give(("close", command, (), {})):
                break
        self.net.after(AGAIN_S, lambda: self.close(tries - 1))

    # ---------------------------------------------------------------- what it does

    def improvise(self) -> None:
        """Something."""
        menus = list(self.menus())
        fitting = [each for each, fits in menus if fits]
        chosen = fitting if fitting and self.draw.randrange(6) else [each for each, _ in menus]
        self.give(self.draw.choice(chosen))

    def menus(self) -> list[tuple[Command, bool]]:
        """All that can be done, and whether it fits; what is there twice is done twice as often."""
        call, state = self.call, self.call.state
        callee = not call.outgoing
        asked = callee and state in {CallState.INCOMING, CallState.RINGING}
        asking = call.outgoing and state in {CallState.CALLING, CallState.RINGING}
        up = state is CallState.ESTABLISHED
        early = state in {CallState.RINGING, CallState.ANSWERING}
        reliable = {"reliable": True}
        ring_183 = {"status": 183, "sdp": self.sdp()}
        return [
            (("ring", call.ring, (), {"reliable": False}), asked),
            (("ring, showing an answer", call.ring, (), ring_183 | {"reliable": False}), asked),
            (("ring reliably", call.ring, (), reliable), asked or up),
            (("ring reliably, with SDP", call.ring, (), ring_183 | reliable), asked or up),
            (("ring as the policy says", call.ring, (self.draw.choice((180, 181, 183)),), {}), asked or up),
            (("answer", call.answer, (self.sdp(),), {}), asked or up),
            (("answer", call.answer, (self.sdp(),), {}), asked),
            (("answer without SDP", call.answer, (), {}), asked or up),
            (
                ("reject", call.reject, (self.draw.choice((302, 480, 486, 603)),), {}),
                asked and not self.draw.randrange(4),
            ),
            (("cancel", call.cancel, (), {}), asking and not self.draw.randrange(3)),
            (("cancel", call.cancel, (), {}), up and call.here.turns.state == "Ours"),
            (("acknowledge", call.acknowledge, (), {}), asking),
            (("acknowledge with an offer", call.acknowledge, (self.sdp(),), {}), asking),
            (("answer the offer", call.answer_offer, (self.sdp(),), {}), early or up),
            (("refuse the offer", call.reject_offer, (self.draw.choice((488, 491, 500, 603)),), {}), up),
            (("offer by INVITE", call.offer, (self.sdp(),), {"method": "INVITE"}), up),
            (("ask for an offer", call.offer, (), {"method": "INVITE"}), up),
            (("offer by UPDATE", call.offer, (self.sdp(),), {"method": "UPDATE"}), early or up),
            (("refresh by UPDATE", call.offer, (), {"method": "UPDATE"}), early or up),
            (("offer", call.offer, (self.sdp(),), {}), early or up),
            (("INFO", call.info, ("chat", b"hello", "text/plain"), {}), up),
            (("INFO of old", call.info, (None, b"1", "application/dtmf-relay"), {}), up),
            (("OPTIONS", call.request, ("OPTIONS",), {}), up),
            (("MESSAGE", call.request, ("MESSAGE",), {"body": b"hello", "content_type": "text/plain"}), up),
            (("hang up", call.hang_up, (), {}), up and not self.draw.randrange(3)),
            (("hang up", call.hang_up, (), {}), state is CallState.ANSWERING and not self.draw.randrange(3)),
        ]

    def sdp(self) -> bytes:
        """A description that nobody has given before: audio, perhaps on hold."""
        self.descriptions += 1
        host, way = self.agent.host, self.draw.choice(("sendrecv", "sendonly", "inactive"))
        return (
            f"v=0\r\no=- {self.draw.getrandbits(30)} {self.descriptions} IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\n"
            f"t=0 0\r\nm=audio 4000 RTP/AVP 0\r\na={way}\r\n"
        ).encode()

    def give(self, command: Command) -> bool:
        """Give a command; whether it was allowed."""
        what, function, args, options = command
        over, waiting = self.call.over, self.waits
        before = self.digest()
        try:
            self.agent.do(function, *args, **options)
        except LocalProtocolError as error:
            self.count["commands forbidden"] += 1
            if self.digest() != before:
                raise Misconduct(
                    f"{what} was forbidden in {self.call.call_id}, and has changed something: {error}"
                ) from None
            return False
        if over:
            raise Misconduct(f"{what} was allowed after the end")
        self.count[f"{what}, done"] += 1
        if function == self.call.offer and not waiting:
            self.wishes += 1
        return True

    @property
    def waits(self) -> bool:
        """Whether a change of its waits for another try, after a collision (RFC 3261 14.1)."""
        return self.call.here.glare.state == turns.WAITING

    def digest(self) -> object:
        """What its machines are: but for those that have just been made and have not moved."""
        call = self.call
        moved = [
            (machine.table.name, machine.state, machine.running)
            for machine in call.machines()
            if machine.state != machine.table.initial
        ]
        invitations = [(leg.known_as, leg.dialog.local_cseq, len(leg.invitations)) for leg in call.legs]
        return moved, invitations, call.agreed, call.local_sdp, call.remote_sdp, self.agent.next_timeout()

    # ---------------------------------------------------------------- what it is told

    def told(self, event: Any) -> None:
        """An event of its call."""
        if self.ended:
            raise Misconduct(f"{type(event).__name__} after the end of {self.call.call_id}")
        self.count[f"{type(event).__name__}, told"] += 1
        match event:
            case Ended():
                self.ended.append(event)
            case Established():
                self.established += 1
                if self.established > 1:
                    raise Misconduct(f"{self.call.call_id} is established twice")
            case Modified():
                self.wishes -= 1
            case ModificationRefused(retry_after_s=None):
                self.wishes -= 1
            case OfferReceived():
                self.react(lambda: ("answer the offer", self.call.answer_offer, (self.sdp(),), {}))
            case OfferRequested():
                self.react(lambda: ("answer", self.call.answer, (self.sdp(),), {}))
            case Ringing():
                self.react(lambda: ("acknowledge", self.call.acknowledge, (), {}))
            case _:
                pass
        if self.wishes < 0:
            raise Misconduct(f"{type(event).__name__} for nothing in {self.call.call_id}")

    def react(self, usual: Callable[[], Command]) -> None:
        """Mostly do what is usual, sometimes something else, or nothing."""
        after = self.draw.choice((0.0, 0.0, 0.01, 0.3, 2.0, 20.0))
        which = self.draw.randrange(8)
        if which < 6:
            self.net.after(after, lambda: None if self.ended else self.give(usual()) and None)
        elif which == 6:
            self.net.after(after, lambda: None if self.ended else self.improvise())
