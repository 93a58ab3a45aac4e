"""`sipsm uas`: answer every call in one and the same way (RFC 3261 13.3)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial

from sipsm import (
    Answered,
    CallState,
    Dropped,
    DropReason,
    Ended,
    Established,
    Event,
    IncomingCall,
    LocalProtocolError,
    MessageReceived,
    NotDelivered,
    ReferEnded,
    ReferProgress,
    ReferReceived,
    RemoteProtocolError,
    RequestServed,
)
from sipsm import Call as CoreCall
from sipsm_asyncio import Call, UserAgent
from sipsm_cli import media
from sipsm_cli.arguments import Options
from sipsm_cli.exits import Exit
from sipsm_cli.report import Report
from sipsm_cli.talk import Talk

UNWORTHY = {DropReason.ABSORBED, DropReason.KEEP_ALIVE}
"""What is dropped in every healthy network: repeats, and the empty packets that keep a NAT open."""


async def first_of(those: Iterable[Awaitable[object]]) -> None:
    """Wait until one of them has ended, and end the others."""
    tasks = [asyncio.ensure_future(each) for each in those]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for each in done:
            each.result()
    finally:
        for each in tasks:
            each.cancel()


class Serving:
    """The server, at one or several addresses."""

    def __init__(self, agents: list[UserAgent], options: Options, report: Report) -> None:
        self.agents = agents
        self.options = options
        self.report = report
        self.talks: dict[CoreCall, Talk] = {}
        """Those that are not over."""
        self.ending = False
        self.over = asyncio.Event()

    async def until_ended(self) -> Exit:
        """Serve until told to end and the last call is over."""
        try:
            await first_of([*map(self._serve, self.agents), self.over.wait()])
        finally:
            for talk in self.talks.values():
                talk.stop()
        return Exit.DONE

    def end(self) -> None:
        """Say goodbye in every call."""
        self.ending = True
        for talk in list(self.talks.values()):
            talk.end()
        self._look()

    async def _serve(self, agent: UserAgent) -> None:
        async for event in agent:
            self._told(agent, event)

    def _told(self, agent: UserAgent, event: Event) -> None:
        match event:
            case IncomingCall():
                self._called(agent, event)
            case Dropped(reason, why):
                if reason not in UNWORTHY:
                    self.report.dropped(reason.value, why)
            case MessageReceived(call=None, request=request):
                self.report.message(None, request)
            case ReferReceived():
                self._referred(agent, event)
            case ReferProgress() | ReferEnded():
                for each in list(self.talks.values()):
                    each.told(event)
                self._forget()
            case Answered() | RequestServed() | NotDelivered():
                pass
            case _ if (call := getattr(event, "call", None)) is not None:
                talk = self.talks[call]
                talk.told(event)
                if isinstance(event, Established) and self.options.hangup_after is not None:
                    self._later(self.options.hangup_after, talk.hang_up)
                if isinstance(event, Ended):
                    self._forget()

    def _called(self, agent: UserAgent, event: IncomingCall) -> None:
        talk = self._talk(agent, agent.bound(event.call))
        # It may have been cancelled before we came to it.
        if talk.call.state is CallState.INCOMING:
            self._take(talk, event)

    def _talk(self, agent: UserAgent, call: Call) -> Talk:
        """What becomes of a call that has begun."""
        host, session = agent.local.advertised[0], secrets.randbits(62)
        talk = self.talks[call.core] = Talk(agent, call, host, session, self.options, self.report, opened=self._opened)
        return talk

    def _opened(self, talk: Talk) -> None:
        """A call has begun in another one."""
        self.talks[talk.call.core] = talk

    def _referred(self, agent: UserAgent, event: ReferReceived) -> None:
        """Somebody asks us to call another."""
        referral = agent.bound(event.referral)
        if self.options.accept_refer and not self.ending:
            offer = media.offer(agent.local.advertised[0], secrets.randbits(62))
            # What is no call cannot be followed.
            with suppress(LocalProtocolError):
                self._talk(agent, referral.follow(offer))
                return
        referral.reject(603)

    def _take(self, talk: Talk, event: IncomingCall) -> None:
        """Somebody calls: ring, then answer."""
        if self.ending:
            talk.end()
            return
        sdp = b""
        if self.options.answer < 300 or self.options.ring == 183:
            try:
                sdp = talk.answer_to(event.offer) if event.offer else bytes(talk.described)
            except media.NothingInCommon:
                talk.call.reject(488)
                return
            except RemoteProtocolError as error:
                talk.call.reject(error.status)
                return
        talk.start()
        # What has been sent reliably is not sent again.
        rest = b"" if self.options.ring and self._ring(talk, event, sdp) else sdp
        self._later(self.options.ring_time, partial(self._answer, talk, rest))

    def _ring(self, talk: Talk, event: IncomingCall, sdp: bytes) -> bool:
        """Send the provisional response; returns whether it bears the description for good."""
        names = ["Require", "Supported"] if self.options.reliable else ["Require"]
        reliable = any(tag.lower() == "100rel" for name in names for tag in event.request.header_values(name))
        # "if a reliable provisional response is the first reliable message sent back to the UAC, and the INVITE did not
        # contain an offer, one MUST appear in that reliable provisional response." (RFC 3262 5)
        bears = self.options.ring == 183 if event.offer else reliable and bool(sdp)
        talk.call.ring(self.options.ring, sdp=sdp if bears else b"", reliable=reliable)
        talk.ring()
        return reliable and bears

    def _answer(self, talk: Talk, sdp: bytes) -> None:
        """It has rung long enough."""
        status = self.options.answer
        if talk.call.state not in {CallState.INCOMING, CallState.RINGING}:
            return
        if status < 300:
            talk.call.answer(sdp, status=status)
        else:
            contact = [] if self.options.contact is None else [("Contact", self.options.contact)]
            talk.call.reject(status, headers=contact)

    def _forget(self) -> None:
        """Forget the calls of which nothing more is to come."""
        self.talks = {core: talk for core, talk in self.talks.items() if not talk.is_over}
        self._look()

    def _look(self) -> None:
        if self.ending and not self.talks:
            self.over.set()

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(seconds, action)
