"""How calls ended, as caller and callees were told, where a proxy may have asked several places at once.

RFC 3261 13.2.2.4, 15 and 16.7. What goes together of two ends alone stands in `tests.simulation.improvised_calls`.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from attrs import define, field

from sipsm import Ended, EndReason, Established, IncomingCall, Send
from sipsm.message import read_message
from sipsm.testing import Agent, InvariantBroken, Net
from tests.simulation.home import Home
from tests.simulation.improvised_calls import BY_ITSELF, ENDS, IN_SILENCE

R = EndReason
LOST: Final = frozenset({R.CANCELLED_BY_PEER, R.DECLINED, R.EXPIRED})
"""How a call ends at a place that was asked beside another one, and was not the first to answer."""
ANSWERED_TOO: Final = LOST | {R.HUNG_UP, R.HUNG_UP_BY_PEER}
"""The same, where it may have answered: then it gets an ACK and a BYE at once (RFC 3261 13.2.2.4)."""
UNHEARD: Final = BY_ITSELF | {R.HUNG_UP}
"""How one ends where what is sent does not arrive."""
CROSSING_S: Final = 5.0
"""So far apart may both hang up, and not know it of each other."""
AFTERMATH_S: Final = 64.0


@define(eq=False)
class CallEnd:
    """One end of one call."""

    agent: Agent
    life: int
    outgoing: bool
    tag: str | None
    """Of the callee, as this end knows it now."""
    began: float
    established: bool = False
    reason: EndReason | None = None
    ended: float = 0.0


@define(eq=False)
class CallEnds:
    """All ends of all calls."""

    net: Net
    home: Home | None
    count: Counter[str]
    calls: dict[str, dict[Any, CallEnd]] = field(factory=dict)
    """By Call-ID, and by what stands for the call at each of its ends."""
    invited: dict[str, float] = field(factory=dict)
    """When the first INVITE of each went out."""

    def calls_are_written_down(self, step: Any) -> str | None:
        """What both ends are told of a call is noted."""
        for output in step.outputs:
            if isinstance(output, Send):
                if output.data.startswith(b"INVITE "):
                    self.invited.setdefault(read_message(output.data).call_id, step.now)
            elif isinstance(output, IncomingCall | Established | Ended):
                end = self.end_of(step.agent, output.call, step.now)
                if isinstance(output, Established):
                    end.established = True
                elif isinstance(output, Ended):
                    end.reason, end.ended = output.reason, step.now
        return None

    def end_of(self, agent: Agent, call: Any, now: float) -> CallEnd:
        """What is known of this end."""
        ends = self.calls.setdefault(call.call_id, {})
        end = ends.get(call)
        if end is None:
            end = ends[call] = CallEnd(agent, agent.life, call.outgoing, None, now)
        dialog = call.here.dialog
        end.tag = dialog.remote_tag if call.outgoing else dialog.local_tag
        return end

    def calls_end_alike(self) -> None:
        """In the end: caller and callees of each call that nobody has forgotten were told of ends that go together."""
        silent = self.is_silent()
        for call_id, ends in self.calls.items():
            callers = [end for end in ends.values() if end.outgoing]
            callees = [end for end in ends.values() if not end.outgoing]
            # One that is tried again under another number, or takes another's place, is not followed.
            if len(callers) != 1 or any(end.reason in {None, R.REPLACED} for end in ends.values()):
                continue
            if self.was_interrupted(call_id, list(ends.values())):
                continue
            (caller,) = callers
            assert caller.reason is not None, "it has ended"
            self.count["calls followed to their ends"] += 1
            # Who has no TCP does not reach a Contact that a proxy has reached so (RFC 3261 18.1.1 and 12.1.1).
            differ = len({frozenset(kind for kind, _ in end.agent.listens) for end in ends.values()}) > 1
            wrong = self.what_is_wrong(caller, callees, silent or differ)
            if wrong:
                told = [f"{end.agent.name}: {end.reason} ({end.tag})" for end in callees]
                what = f"{call_id} of {caller.agent.name} ended as {caller.reason}, and at {told}"
                raise InvariantBroken(f"calls_end_alike: {what}: {wrong}")

    def what_is_wrong(self, caller: CallEnd, callees: list[CallEnd], silent: bool) -> str:
        """What does not go together."""
        reason = caller.reason
        assert reason is not None, "it has ended"
        unheard = UNHEARD if silent else frozenset()
        fitting = ENDS[reason] | (IN_SILENCE.get(reason, frozenset()) if silent else frozenset())
        if not caller.established:
            for each in callees:
                if each.reason not in fitting | LOST | unheard:
                    return f"it was never up, and ended as {each.reason}"
            return ""
        there = [each for each in callees if each.tag == caller.tag]
        if len(there) != 1:
            return f"{len(there)} have answered as {caller.tag}"
        if there[0].reason not in fitting:
            return f"{reason} and {there[0].reason} do not go together"
        # A BYE may be refused, where passwords are asked for within dialogs too.
        is_sure = reason is R.HUNG_UP is there[0].reason and not (silent or self.asks_in_dialogs)
        if is_sure and abs(caller.ended - there[0].ended) > CROSSING_S:
            return f"one hung up at {caller.ended}, the other at {there[0].ended}"
        for each in callees:
            if each is not there[0] and each.reason not in ANSWERED_TOO | unheard:
                return f"it was another's, and ended as {each.reason}"
        return ""

    @property
    def asks_in_dialogs(self) -> bool:
        """Whether somebody asks for passwords within dialogs."""
        return self.home is not None and any(each.in_dialogs for each in self.home.realms.values())

    def is_silent(self) -> bool:
        """Whether what is sent may not arrive."""
        return self.net.every.loss > 0 or bool(self.net.streams.faults) or bool(self.net._cuts)

    def was_interrupted(self, call_id: str, ends: list[CallEnd]) -> bool:
        """Whether somebody was away who had to do with a call."""
        start = self.invited.get(call_id, min(end.began for end in ends)) - AFTERMATH_S
        until = max(end.ended for end in ends) + AFTERMATH_S
        parties = [end.agent for end in ends] + ([] if self.home is None else [self.home.proxy])
        return any(down <= until and up >= start for agent in parties for down, up in agent.away)
