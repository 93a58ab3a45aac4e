"""`sipsm registrar`: keep where everybody can be reached, whatever their domain (RFC 3261 10.3)."""

from __future__ import annotations

import asyncio
from typing import Final

from sipsm import BindingAdded, BindingRefreshed, BindingRemoved, Dropped, Event, RegistrationRequested
from sipsm_asyncio import UserAgent
from sipsm_cli.arguments import Options
from sipsm_cli.exits import Exit
from sipsm_cli.report import Report
from sipsm_cli.serving import UNWORTHY, first_of

ONE_DOMAIN: Final = "registrar.invalid"
"""What stands for all domains: who is registered is known by the user part of his address alone."""


class Keeping:
    """The server, at one or several addresses."""

    def __init__(self, agents: list[UserAgent], _options: Options, report: Report) -> None:
        self.agents = agents
        self.report = report
        self.over = asyncio.Event()

    async def until_ended(self) -> Exit:
        """Serve until told to end."""
        await first_of([*map(self._serve, self.agents), self.over.wait()])
        return Exit.DONE

    def end(self) -> None:
        """Nobody need be told."""
        self.over.set()

    async def _serve(self, agent: UserAgent) -> None:
        async for event in agent:
            if isinstance(event, RegistrationRequested):
                self._decide(agent, event)
            else:
                self._told(event)

    @staticmethod
    def _decide(agent: UserAgent, event: RegistrationRequested) -> None:
        # "the registrar SHOULD determine if the authenticated user is authorized to modify registrations for this
        # address-of-record." (RFC 3261 10.3)  Here everybody is for his own.
        asked = agent.bound(event.asked)
        if agent.endpoint.user_of(event.request) == event.asked.address.user:
            asked.accept()
        else:
            asked.reject(403)

    def _told(self, event: Event) -> None:
        match event:
            case BindingAdded(address, binding):
                self.report.binding("added", address, binding)
            case BindingRefreshed(address, binding):
                self.report.binding("refreshed", address, binding)
            case BindingRemoved(address, binding, reason):
                self.report.binding("removed", address, binding, reason.value)
            case Dropped(reason, why):
                if reason not in UNWORTHY:
                    self.report.dropped(reason.value, why)
            case _:
                pass
