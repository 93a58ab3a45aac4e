"""One call, whichever end of it we are: what is answered at once, what is told of it, and what a script does in it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import Any, TypeVar

from sipsm import (
    CallState,
    Ended,
    Established,
    Event,
    InfoReceived,
    LocalProtocolError,
    MessageReceived,
    ModificationRefused,
    Modified,
    OfferReceived,
    OfferRequested,
    Redirected,
    ReferEnded,
    ReferProgress,
    Referral,
    RemoteProtocolError,
    Request,
    Ringing,
    Uri,
    reason_phrase,
)
from sipsm.sdp import Direction, SessionDescription, as_description, hold, refuse_all, resume
from sipsm_asyncio import Call, UserAgent
from sipsm_cli import media, referring
from sipsm_cli.arguments import Options
from sipsm_cli.report import Report
from sipsm_cli.script import Step

AGAIN_S = 0.05
"""After this time a step is tried again whose turn it is not yet: another request in the call is under way."""
ATTEMPTS = 10
"""How often at most a step is begun that collides with what the other end does."""
FOR_EVER = {"3311 4"}
"""The rules that forbid a step for as long as the call lasts: the peer does not know UPDATE."""

T = TypeVar("T")
Outcome = Modified | ModificationRefused
Change = Callable[[SessionDescription], SessionDescription]


class OverError(Exception):
    """The call ended before what was waited for came."""


class FailedError(Exception):
    """A step came to nothing; the call goes on."""


class Talk:
    """A call from its beginning to its end."""

    def __init__(
        self,
        agent: UserAgent,
        call: Call,
        host: str,
        session: int,
        options: Options,
        report: Report,
        *,
        of: Talk | None = None,
        opened: Callable[[Talk], None] = lambda _: None,
    ) -> None:
        self.agent = agent
        self.call = call
        self.of = of
        """The one that it was begun in, where a script did that."""
        self.opened = opened
        """Told of each that is begun in it."""
        self.other: Talk | None = None
        """The one that was begun in it last."""
        self.referral: Referral | None = None
        """What the other end was asked to do last."""
        self.referred: ReferEnded | None = None
        """What that has come to."""
        self.last: Ended | None = None
        """How it ended."""
        self.host = host
        self.options = options
        self.report = report
        self.session = session
        self.rang = False
        self.established = False
        self.ended = False
        self.failed = False
        """Whether a step of the script was refused."""
        self.holding = False
        """Whether we have put the other end on hold."""
        self._told_held = False
        self._outcome: Outcome | None = None
        self._changed = asyncio.Event()
        self._script: asyncio.Task[None] | None = None

    # ---------------------------------------------------------------- what happens

    def told(self, event: Event) -> None:
        """An event of the call."""
        match event:
            case Ringing():
                self.ring()
            case OfferReceived():
                self._answer(event)
            case OfferRequested():
                self.call.answer(self.described)
            case Modified():
                self._outcome = event
            case ModificationRefused(retry_after_s=None):
                self._outcome = event
            case InfoReceived(package=package, request=request):
                self.report.info(self.call.core, package, request)
            case MessageReceived(request=request):
                self.report.message(self.call.core, request)
            case Redirected(target=target):
                self.report.redirected(self.call.core, target)
            case Established():
                self.established = True
                self.report.state(self.call.core, "established")
            case Ended():
                self.ended, self.last = True, event
                self.report.ended(event)
            case ReferProgress(referral=referral) if referral is self.referral:
                referring.told(self.report, event)
            case ReferEnded(referral=referral) if referral is self.referral:
                self.referred = event
                self.failed = self.failed or not event.succeeded
                referring.told(self.report, event)
            case _:
                pass
        self._look()

    def ring(self) -> None:
        """It rings, at either end."""
        if not self.rang:
            self.rang = True
            self.report.state(self.call.core, "ringing")
        self._look()

    def _look(self) -> None:
        """Tell whether it is held, and wake up who waits for something."""
        if self.established and self.call.state is CallState.ESTABLISHED and self.call.agreed is not None:
            held = media.is_held(*self.call.agreed)
            if held != self._told_held:
                self._told_held = held
                self.report.state(self.call.core, "held" if held else "established")
        self._changed.set()
        self._changed.clear()
        if self.of is not None:
            self.of._look()

    @property
    def is_over(self) -> bool:
        """Whether nothing is to come of it any more."""
        waits = self.referral is not None and self.referred is None
        return self.ended and not waits and (self.other is None or self.other.ended)

    # ---------------------------------------------------------------- descriptions

    @property
    def described(self) -> SessionDescription:
        """What we have described last, or would describe first."""
        return as_description(self.call.local_sdp or media.offer(self.host, self.session))

    def answer_to(self, offer: bytes, previous: bytes = b"") -> bytes:
        """The answer to an offer. Raises as `media.answer`."""
        wanted = Direction.SENDONLY if self.holding else Direction.SENDRECV
        return media.answer(offer, self.host, self.session, previous=previous, direction=wanted)

    def _answer(self, event: OfferReceived) -> None:
        try:
            answer = self.answer_to(event.sdp, event.dialog.offer_answer.local)
        except (media.NothingInCommon, RemoteProtocolError) as error:
            self.report.error(error.what)
            self._refuse(event, error.status if isinstance(error, RemoteProtocolError) else 488)
            return
        self.call.answer_offer(answer, dialog=event.dialog)

    def _refuse(self, event: OfferReceived, status: int) -> None:
        """An offer that cannot be accepted."""
        carrier = event.in_message
        if isinstance(carrier, Request) and carrier.method != "PRACK":
            self.call.reject_offer(status, dialog=event.dialog)
            return
        # "If the offer in the 2xx response is not acceptable, the UAC core MUST generate a valid answer in the ACK and
        # then send a BYE immediately." (RFC 3261 13.2.2.4)  A PRACK must be answered as well, or must carry an answer.
        self.call.answer_offer(refuse_all(event.sdp), dialog=event.dialog)
        self.end()

    # ---------------------------------------------------------------- its end

    def end(self) -> None:
        """End the call in order, wherever it stands, and the one that was begun in it."""
        if self.other is not None:
            self.other.end()
        if self.call.state in {CallState.ANSWERING, CallState.ESTABLISHED}:
            self.hang_up()
        elif self.call.state in {CallState.CALLING, CallState.INCOMING, CallState.RINGING}:
            if self.call.outgoing:
                self.call.cancel()
            else:
                self.call.reject(480)

    def hang_up(self) -> None:
        """End a call that is up, or will be once its ACK comes."""
        if self.call.state in {CallState.ANSWERING, CallState.ESTABLISHED}:
            self.call.hang_up(headers=() if self.call.outgoing else self.options.header)

    def stop(self) -> None:
        """Do nothing more in it."""
        if self._script is not None:
            self._script.cancel()

    # ---------------------------------------------------------------- the script

    def start(self) -> None:
        """Begin with the script, if there is one."""
        if self.options.do:
            self._script = asyncio.ensure_future(self._do(self.options.do))

    async def _do(self, steps: list[Step]) -> None:
        for step in steps:
            try:
                await self._do_one(step)
            except OverError:
                break
            except FailedError as error:
                self.failed = True
                self.report.error(f"{step}: {error}")
        # What was begun in the call ends with it at the latest.
        await self._until(lambda: self.ended or None, beyond=True)
        if self.other is not None:
            self.other.end()

    async def _do_one(self, step: Step) -> None:
        match step.name:
            case "wait":
                await self._until(lambda: self._has_come_to(step.word) or None)
            case "sleep":
                await asyncio.sleep(step.seconds)
            case "hold":
                await self._modify(hold)
                self.holding = True
            case "resume":
                await self._modify(resume)
                self.holding = False
            case "media":
                await self._modify(lambda ours: self._with_streams(ours, step.word))
            case "update":
                await self._modify(lambda ours: ours, method="UPDATE")
            case "info":
                await self._inform(step)
            case "refer":
                await self._refer(refer_to=step.uri)
            case "consult":
                assert step.uri is not None, "it names somebody"
                await self._consult(step.uri)
            case "transfer":
                if self.other is None or self.other.ended:
                    raise FailedError("there is nobody to transfer to: consult first")
                await self._refer(replaces=self.other.call)
            case "bye":
                if not self.ended:
                    await self._as_soon_as_may_be(lambda: self.call.hang_up(headers=self._headers_of_bye))
                if (other := self.other) is not None:
                    other.end()
                    await self._until(lambda: other.ended or None, beyond=True)
                await self._until(lambda: self.ended or None)
            case _:
                assert step.name == "cancel", f"there is no step {step.name}"
                try:
                    self.call.cancel()
                except LocalProtocolError as error:
                    raise FailedError(str(error)) from None
                await self._until(lambda: self.ended or None)

    @property
    def _headers_of_bye(self) -> list[tuple[str, str]]:
        return [] if self.call.outgoing else self.options.header

    def _has_come_to(self, state: str) -> bool:
        """Whether the call has been in a state, or in one behind it."""
        return self.ended if state == "ended" else self.established or (state == "ringing" and self.rang)

    def _with_streams(self, ours: SessionDescription, kinds: str) -> SessionDescription:
        made = media.with_streams(ours, kinds.split("+"))
        return hold(made).following(ours) if self.holding else made

    async def _modify(self, change: Change, method: str = "INVITE") -> None:
        """Offer another session; done when it is accepted.

        What collides is tried once more by the core (RFC 3261 14.1). Where that comes to nothing, since the other end
        has changed the session meanwhile, the same is wanted of the session as it is then (RFC 5407 3.3.1).
        """
        for attempt in range(1, ATTEMPTS + 1):
            self._outcome = None
            await self._as_soon_as_may_be(lambda: self.call.offer(change(self.described), method=method))
            outcome: Outcome = await self._until(lambda: self._outcome)
            if isinstance(outcome, Modified):
                return
            if outcome.status != 491 or attempt == ATTEMPTS:
                phrase = reason_phrase(outcome.status) if outcome.response is None else outcome.response.reason
                raise FailedError(f"{outcome.status} {phrase}")

    async def _inform(self, step: Step) -> None:
        await self._until(lambda: self.established or None)
        answered = await self.call.info(None, step.body, step.word)
        if answered.status >= 300:
            raise FailedError(f"{answered.status} {reason_phrase(answered.status)}")

    async def _refer(self, **whom: Any) -> None:
        """Refer the other end; done when nothing more is told of it, which may be behind the end of the call."""
        await self._until(lambda: self.established or None)
        await self._as_soon_as_may_be(lambda: self._asks(self.call.refer(**whom).core))
        ended = await self._until(lambda: self.referred, beyond=True)
        if not ended.succeeded:
            raise FailedError(str(ended.status or ended.reason.value.replace("-", " ")))

    def _asks(self, referral: Referral) -> None:
        self.referral, self.referred = referral, None

    async def _consult(self, uri: Uri) -> None:
        """Put the other end on hold, and call somebody else; done when he has answered."""
        if self.other is not None and not self.other.ended:
            raise FailedError("another call is up already")
        await self._until(lambda: self.established or None)
        if not self.holding:
            await self._modify(hold)
            self.holding = True
        session = secrets.randbits(62)
        call = self.agent.invite(uri, offer=media.offer(self.host, session))
        other = self.other = Talk(self.agent, call, self.host, session, self.options, self.report, of=self)
        self.opened(other)
        await self._until(lambda: other.established or other.ended or None)
        if not other.established:
            status = None if other.last is None else other.last.status
            raise FailedError(str(status or "no answer"))

    async def _as_soon_as_may_be(self, command: Callable[[], object]) -> None:
        """Give a command, when no other request in the call stands against it."""
        while True:
            if self.ended:
                raise OverError
            try:
                command()
            except LocalProtocolError as error:
                if error.rfc in FOR_EVER:
                    raise FailedError(str(error)) from None
                await asyncio.sleep(AGAIN_S)
            else:
                return

    async def _until(self, found: Callable[[], T | None], *, beyond: bool = False) -> T:
        """Wait for something, until the call is over, or beyond that."""
        while (value := found()) is None:
            if self.ended and not beyond:
                raise OverError
            await self._changed.wait()
        return value
