"""`sipsm call`: place one call, and see it through (RFC 3261 13.2, 9.1, 15)."""

from __future__ import annotations

import asyncio
import secrets

from sipsm import CallState, Dropped, DropReason, Ended, EndReason, Established, Event
from sipsm_asyncio import UserAgent
from sipsm_cli import media
from sipsm_cli.arguments import Options
from sipsm_cli.exits import Exit
from sipsm_cli.report import Report
from sipsm_cli.talk import Talk


class Calling:
    """One outgoing call."""

    def __init__(self, agent: UserAgent, options: Options, report: Report) -> None:
        self.agent = agent
        self.options = options
        self.report = report
        self.talk: Talk | None = None

    async def outcome(self) -> Exit:
        """Call, and wait until the call is over."""
        host, session = self.agent.local.advertised[0], secrets.randbits(62)
        offer = b"" if self.options.no_offer else media.offer(host, session)
        call = self.agent.invite(self.options.uri, offer=offer, headers=self.options.header)
        self.talk = talk = Talk(self.agent, call, host, session, self.options, self.report)
        talk.start()
        if self.options.cancel_after is not None:
            asyncio.get_running_loop().call_later(self.options.cancel_after, self.give_up)
        try:
            async for event in self.agent:
                self._told(talk, event)
                if talk.is_over:
                    assert talk.last is not None, "it is over"
                    return self._exit(talk, talk.last)
        finally:
            talk.stop()
        raise AssertionError("a call ends before its agent does")

    def _told(self, talk: Talk, event: Event) -> None:
        if isinstance(event, Dropped):
            if event.reason is not DropReason.ABSORBED:
                self.report.dropped(event.reason.value, event.why)
            return
        core = getattr(event, "call", None)
        if talk.other is not None and core is talk.other.call.core:
            talk.other.told(event)
            return
        talk.told(event)
        if isinstance(event, Established) and self.options.duration is not None:
            asyncio.get_running_loop().call_later(self.options.duration, self.end)

    def give_up(self) -> None:
        """Cancel, if nobody has answered."""
        if self.talk is not None and self.talk.call.state in {CallState.CALLING, CallState.RINGING}:
            self.talk.end()

    def end(self) -> None:
        """End the call in order, wherever it stands."""
        if self.talk is not None:
            self.talk.end()

    def _exit(self, talk: Talk, event: Ended) -> Exit:
        """How the call went: well if it was answered and nothing in it was refused, or cancelled as asked."""
        if talk.established:
            return Exit.REFUSED if talk.failed else Exit.DONE
        if event.status in {408, 503} and event.message is None:
            text = "no answer" if event.status == 408 else "cannot be reached"
            self.report.error(f"{self.options.uri}: {text}")
            return Exit.NO_ANSWER
        if event.reason is EndReason.CANCELLED:
            # A CANCEL waits for a provisional response (RFC 3261 9.1): where none ever came, none was sent.
            return Exit.DONE if self.report.heard else Exit.NO_ANSWER
        return Exit.REFUSED
