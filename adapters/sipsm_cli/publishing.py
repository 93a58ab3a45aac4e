"""`sipsm publish`: publish event state, keep it for a while, and remove it (RFC 3903 4)."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from sipsm import (
    Dropped,
    DropReason,
    Event,
    LocalProtocolError,
    PublicationEnded,
    PublicationEndReason,
    PublicationState,
    Published,
    PublishFailed,
)
from sipsm_asyncio import Publication, UserAgent
from sipsm_cli.arguments import Options
from sipsm_cli.exits import Exit
from sipsm_cli.report import Report
from sipsm_cli.script import Step


class Publishing:
    """One publication."""

    def __init__(self, agent: UserAgent, options: Options, report: Report) -> None:
        self.agent = agent
        self.options = options
        self.report = report
        self.publication: Publication | None = None
        self.refused = False

    async def outcome(self) -> Exit:
        """Publish, do the steps, and wait until it is over."""
        options = self.options
        assert options.type is not None, "without one the arguments are wrong"
        self.publication = self.agent.publish(
            options.uri,
            options.package,
            options.body,
            options.type,
            expires_s=options.expires,
            headers=options.header,
        )
        working = asyncio.create_task(self._work(self.publication))
        try:
            async for event in self.agent:
                if (code := self._told(event)) is not None:
                    return code
        finally:
            working.cancel()
        raise AssertionError("a publication ends before its agent does")

    async def _work(self, publication: Publication) -> None:
        await publication.outcome()
        with suppress(LocalProtocolError):
            # It may be over before all is done.
            for step in self.options.do:
                await self._do(publication, step)
            await asyncio.sleep(self.options.duration or 0.0)
        self.end()

    async def _do(self, publication: Publication, step: Step) -> None:
        match step.name:
            case "sleep":
                await asyncio.sleep(step.seconds)
                return
            case "modify":
                publication.modify(step.body)
            case "refresh":
                publication.refresh()
            case _:
                publication.remove()
        await publication.outcome()

    def _told(self, event: Event) -> Exit | None:
        match event:
            case Dropped(DropReason.NOT_SECURED as reason, why):
                self.report.dropped(reason.value, why)
            case Published(publication, operation, expires_s):
                self.report.published(operation.value, expires_s, publication.entity_tag)
            case PublishFailed(_, operation, status, response, retry_after_s):
                self.report.refused(operation.value, status, response is not None)
                self.refused = self.refused or retry_after_s is None
            case PublicationEnded(_, reason, status, response):
                self.report.unpublished(reason.value, status)
                return self._exit(reason, status, response is not None)
        return None

    def end(self) -> None:
        """Remove it, wherever it stands."""
        if self.publication is not None and self.publication.state is not PublicationState.REMOVING:
            try:
                self.publication.remove()
            except LocalProtocolError:
                # It is over already.
                return

    def _exit(self, reason: PublicationEndReason, status: int | None, was_answered: bool) -> Exit:
        if reason is PublicationEndReason.REMOVED:
            return Exit.REFUSED if self.refused else Exit.DONE
        if status is not None:
            self.report.refused(self.options.uri, status, was_answered)
        return Exit.REFUSED if was_answered else Exit.NO_ANSWER
