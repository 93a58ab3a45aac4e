"""`sipsm uas`: answer every call in one and the same way (RFC 3261 13.3)."""

from __future__ import annotations

import asyncio
import secrets
from functools import partial

from sipsm import Call as CoreCall
from sipsm import CallState, Dropped, DropReason, Ended, Established, Event, IncomingCall
from sipsm_asyncio import Call, UserAgent
from sipsm_cli import media
from sipsm_cli.arguments import Options
from sipsm_cli.exits import Exit
from sipsm_cli.report import Report

UNWORTHY = {DropReason.ABSORBED, DropReason.KEEP_ALIVE}
"""What is dropped in every healthy network: repeats, and the empty packets that keep a NAT open."""


class Serving:
    """The server, at one or several addresses."""

    def __init__(self, agents: list[UserAgent], options: Options, report: Report) -> None:
        self.agents = agents
        self.options = options
        self.report = report
        self.calls: dict[CoreCall, Call] = {}
        """Those that are not over."""
        self.ending = False
        self.over = asyncio.Event()

    async def until_ended(self) -> Exit:
        """Serve until told to end and the last call is over."""
        tasks = [asyncio.ensure_future(self._serve(agent)) for agent in self.agents]
        over = asyncio.ensure_future(self.over.wait())
        try:
            done, _ = await asyncio.wait({*tasks, over}, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        finally:
            for each in (*tasks, over):
                each.cancel()
        return Exit.DONE

    def end(self) -> None:
        """Say goodbye in every call."""
        self.ending = True
        for call in list(self.calls.values()):
            if call.state in {CallState.ANSWERING, CallState.ESTABLISHED}:
                self.hang_up(call)
            elif call.state in {CallState.INCOMING, CallState.RINGING}:
                call.reject(480)
        self._look()

    async def _serve(self, agent: UserAgent) -> None:
        async for event in agent:
            self._told(agent, event)

    def _told(self, agent: UserAgent, event: Event) -> None:
        match event:
            case IncomingCall(call, _, offer):
                self.calls[call] = agent.bound(call)
                self.take(self.calls[call], offer, agent.local.advertised[0])
            case Established(call):
                self.report.state(call, "established")
                if self.options.hangup_after is not None:
                    self._later(self.options.hangup_after, partial(self.hang_up, self.calls[call]))
            case Ended(call):
                self.calls.pop(call, None)
                self.report.ended(event)
                self._look()
            case Dropped(reason, why) if reason not in UNWORTHY:
                self.report.dropped(reason.value, why)
            case _:
                pass

    def take(self, call: Call, offer: bytes, host: str) -> None:
        """Somebody calls: ring, then answer."""
        if call.state is not CallState.INCOMING:
            # It was cancelled before we came to it.
            return
        if self.ending:
            call.reject(480)
            return
        sdp = b""
        if self.options.answer < 300:
            session = secrets.randbits(62)
            try:
                sdp = media.answer(offer, host, session) if offer else media.offer(host, session)
            except media.NothingInCommon:
                call.reject(488)
                return
        if self.options.ring:
            # Without an offer in the INVITE ours would need a reliable message (RFC 3261 13.2.1).
            shown = sdp if self.options.ring == 183 and offer else b""
            call.ring(self.options.ring, sdp=shown)
            self.report.state(call.core, "ringing")
        self._later(self.options.ring_time, partial(self.answer, call, sdp))

    def answer(self, call: Call, sdp: bytes) -> None:
        """It has rung long enough."""
        status = self.options.answer
        if call.state not in {CallState.INCOMING, CallState.RINGING}:
            return
        if status < 300:
            call.answer(sdp, status=status)
        else:
            contact = [] if self.options.contact is None else [("Contact", self.options.contact)]
            call.reject(status, headers=contact)

    def hang_up(self, call: Call) -> None:
        """End a call that is up, or will be once its ACK comes."""
        if call.state in {CallState.ANSWERING, CallState.ESTABLISHED}:
            call.hang_up(headers=self.options.header)

    def _look(self) -> None:
        if self.ending and not self.calls:
            self.over.set()

    def _later(self, seconds: float, action: partial[None]) -> None:
        asyncio.get_running_loop().call_later(seconds, action)
