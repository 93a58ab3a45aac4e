"""`sipsm call`: place one call, and see it through (RFC 3261 13.2, 9.1, 15)."""

from __future__ import annotations

import asyncio
import secrets

from sipsm import (
    CallState,
    Dropped,
    DropReason,
    Ended,
    EndReason,
    Established,
    Event,
    OfferReceived,
    Ringing,
)
from sipsm_asyncio import Call, UserAgent
from sipsm_cli import media
from sipsm_cli.arguments import Options
from sipsm_cli.exits import Exit
from sipsm_cli.report import Report


class Calling:
    """One outgoing call."""

    def __init__(self, agent: UserAgent, options: Options, report: Report) -> None:
        self.agent = agent
        self.options = options
        self.report = report
        self.session = secrets.randbits(62)
        self.call: Call | None = None
        self.established = False
        self.rang = False

    async def outcome(self) -> Exit:
        """Call, and wait until the call is over."""
        offer = b"" if self.options.no_offer else media.offer(self._host, self.session)
        self.call = self.agent.invite(self.options.uri, offer=offer, headers=self.options.header)
        if self.options.cancel_after is not None:
            asyncio.get_running_loop().call_later(self.options.cancel_after, self.give_up)
        async for event in self.agent:
            self._told(event)
            if isinstance(event, Ended):
                return self._exit(event)
        raise AssertionError("a call ends before its agent does")

    def _told(self, event: Event) -> None:
        match event:
            case Ringing(call):
                if not self.rang:
                    self.report.state(call, "ringing")
                self.rang = True
            case OfferReceived(sdp=sdp):
                self._answer(sdp)
            case Established(call):
                self.established = True
                self.report.state(call, "established")
                if self.options.duration is not None:
                    asyncio.get_running_loop().call_later(self.options.duration, self.end)
            case Ended():
                self.report.ended(event)
            case Dropped(reason, why) if reason is not DropReason.ABSORBED:
                self.report.dropped(reason.value, why)
            case _:
                pass

    def _answer(self, offer: bytes) -> None:
        assert self.call is not None, "an offer comes in a call"
        try:
            self.call.answer_offer(media.answer(offer, self._host, self.session))
        except media.NothingInCommon as error:
            # "If the offer in the 2xx response is not acceptable, the UAC core MUST generate a valid answer in
            # the ACK and then send a BYE immediately." (RFC 3261 13.2.2.4)  The core refuses each stream.
            self.report.error(error.what)
            self.call.hang_up()

    def give_up(self) -> None:
        """Cancel, if nobody has answered."""
        if self.call is not None and self.call.state in {CallState.CALLING, CallState.RINGING}:
            self.call.cancel()

    def end(self) -> None:
        """End the call in order, wherever it stands."""
        if self.call is not None and self.call.state in {CallState.ANSWERING, CallState.ESTABLISHED}:
            self.call.hang_up()
        else:
            self.give_up()

    def _exit(self, event: Ended) -> Exit:
        """How the call went: well if it was answered, or cancelled as asked."""
        if self.established:
            return Exit.DONE
        if event.status in {408, 503} and event.message is None:
            text = "no answer" if event.status == 408 else "cannot be reached"
            self.report.error(f"{self.options.uri}: {text}")
            return Exit.NO_ANSWER
        if event.reason is EndReason.CANCELLED:
            # A CANCEL waits for a provisional response (RFC 3261 9.1): where none ever came, none was sent.
            return Exit.DONE if self.report.heard else Exit.NO_ANSWER
        return Exit.REFUSED

    @property
    def _host(self) -> str:
        return self.agent.local.advertised[0]
