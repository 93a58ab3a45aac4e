"""Who is asked for a password how often, and who is let in in the end.

RFC 3261 22.1 (credentials that were rejected are not tried again), 22.2 and 22.3; RFC 7616 3.6 (stale nonces).
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from attrs import define, field

from sipsm import Dropped, EndReason, Request, Response, Send
from sipsm.auth.authentication import MOST_TRIES
from sipsm.auth.sides import SIDES
from sipsm.message import read_message
from sipsm.testing import Agent
from tests.simulation.home import Home

Tried = tuple[str, int, str, str, int]
"""A request: who has sent it, in which life; Call-ID, method, CSeq number."""
Side = tuple[int, str]
"""Who asks: 401 or 407, and the realm."""


class Asked(NamedTuple):
    """What a nonce was given for."""

    call_id: str
    method: str
    number: int
    side: Side
    stale: bool


@define(eq=False)
class Passwords:
    """What was asked for, and what was answered."""

    home: Home
    count: Counter[str]
    nonces: dict[str, Asked] = field(factory=dict)
    tries: dict[Tried, Counter[Side | None]] = field(factory=dict)
    """By request: how often it has been sent again, for each that says of no nonce that it is stale; None: in all."""

    def wrong_passwords_are_not_tried_for_ever(self, step: Any) -> str | None:
        """Each account answers for one request once, where no nonce was stale; and there is an end of them all."""
        for output in step.outputs:
            if not isinstance(output, Send):
                continue
            if output.data.startswith((b"SIP/2.0 401", b"SIP/2.0 407")):
                self.note(read_message(output.data))
            elif not output.data.startswith(b"SIP/2.0") and b"uthorization: Digest" in output.data:
                message = read_message(output.data)
                if isinstance(message, Request) and len(message.vias) == 1:
                    wrong = self.follow(step.agent, message)
                    if wrong:
                        return wrong
        return None

    def note(self, message: Any) -> None:
        """Somebody asks."""
        for side in SIDES.values():
            for challenge in message[side.challenge]:
                cseq = message.cseq
                where = (side.status, challenge.realm)
                asked = Asked(message.call_id, cseq.method, cseq.number, where, challenge.stale)
                self.nonces.setdefault(challenge.nonce, asked)

    def follow(self, agent: Agent, request: Request) -> str | None:
        """Somebody answers, perhaps."""
        place = (agent.name, agent.life, request.call_id, request.method)
        number = request.cseq.number
        if (*place, number) in self.tries or request.method in {"ACK", "CANCEL"}:
            return None
        tried: Counter[Side | None] = Counter()
        answers = 0
        for side in SIDES.values():
            for credentials in request[side.credentials]:
                asked = self.nonces.get(credentials.nonce or "")
                if asked is None or asked[:2] != (request.call_id, request.method) or asked.number >= number:
                    continue
                if (credentials.nc or 1) > 1:
                    # It has let another one pass, and goes along.
                    continue
                before = self.tries.get((*place, asked.number), Counter())
                tried |= before
                if not asked.stale:
                    tried[asked.side] = max(tried[asked.side], before[asked.side] + 1)
                answers = max(answers, before[None] + 1)
        tried[None] = answers
        self.tries[(*place, number)] = tried
        self.count["answers to challenges"] += answers > 0
        if answers > MOST_TRIES:
            return f"{request.method} {request.call_id} was sent again {answers} times"
        for asking, times in tried.items():
            # One more where what was sent ahead was for another nonce.
            if asking is not None and times > 1 + len(self.home.knows[agent.name, asking[1]]):
                return f"{agent.name} answers {asking} for {request.method} {request.call_id} {times} times"
        return None

    def right_passwords_are_let_in(self, step: Any) -> str | None:
        """Nobody is told that he is asked for a password who has the right one."""
        if step.agent.name not in self.home.names:
            return None
        for output in step.outputs:
            if isinstance(output, Dropped) or getattr(output, "reason", None) is EndReason.CANCELLED:
                # What is given up is not sent again.
                continue
            for name in ("response", "message"):
                message = getattr(output, name, None)
                if not isinstance(message, Response) or message.status not in SIDES:
                    continue
                if (wrong := self.is_let_in(step.agent, message)) is not None:
                    return f"{type(output).__name__}: {wrong}"
        return None

    def is_let_in(self, agent: Agent, response: Response) -> str | None:
        """What is wrong with it that somebody is asked in vain."""
        place = (agent.name, agent.life, response.call_id, response.cseq.method, response.cseq.number)
        realms = {each.realm or "" for side in SIDES.values() for each in response[side.challenge]}
        locked = [realm for realm in sorted(realms) if not self.home.lets_in(agent.name, realm)]
        self.count["turned away for a password"] += bool(locked)
        # Where much is lost, nonces may grow stale one after the other on the way.
        is_worn_out = self.tries.get(place, Counter())[None] >= MOST_TRIES and self.home.net.every.loss > 0
        if locked or is_worn_out:
            return None
        return f"{agent.name} has the password for {sorted(realms)}, and is asked in vain: {place}"
