"""`sipsm register`: have an address be reached here, for a while or for good; remove that; or ask (RFC 3261 10.2)."""

from __future__ import annotations

import asyncio

from sipsm import (
    Event,
    LocalProtocolError,
    Registered,
    RegisterFailed,
    RegistrationEnded,
    RegistrationEndReason,
    RegistrationState,
)
from sipsm_asyncio import Registration, UserAgent
from sipsm_cli.arguments import Options
from sipsm_cli.exits import Exit
from sipsm_cli.report import Report


class Registering:
    """One registration."""

    def __init__(self, agent: UserAgent, options: Options, report: Report) -> None:
        self.agent = agent
        self.options = options
        self.report = report
        self.registration: Registration | None = None

    async def outcome(self) -> Exit:
        """Do what is asked for, and wait until that is done."""
        self.registration = self._begun()
        staying = asyncio.create_task(self._stay(self.registration))
        try:
            async for event in self.registration:
                if (code := self._told(event)) is not None:
                    return code
        finally:
            staying.cancel()
        raise AssertionError("a registration ends before its agent does")

    def _begun(self) -> Registration:
        options = self.options
        who = (options.aor, options.uri)
        by, headers, contacts = options.identity, options.header, options.contacts or None
        if options.query:
            return self.agent.query_bindings(*who, by=by, headers=headers)
        if options.remove_all or options.remove or not options.expires:
            everything = options.remove_all
            return self.agent.unregister(*who, contacts=contacts, everything=everything, by=by, headers=headers)
        return self.agent.register(*who, contacts=contacts, expires_s=options.expires, by=by, headers=headers)

    async def _stay(self, registration: Registration) -> None:
        """Where it is to last for a while, remove it afterwards."""
        await registration.outcome()
        if self.options.duration is not None:
            await asyncio.sleep(self.options.duration)
            self.end()

    def _told(self, event: Event) -> Exit | None:
        match event:
            case Registered(_, operation, expires_s, bindings):
                self.report.registered(operation.value, expires_s, bindings)
                removes = self.registration is not None and self.registration.state is RegistrationState.REMOVING
                return None if self.options.duration is not None or removes else Exit.DONE
            case RegisterFailed(_, operation, status, response):
                self.report.refused(operation.value, status, response is not None)
            case RegistrationEnded():
                return self._ended(event)
        return None

    def _ended(self, event: RegistrationEnded) -> Exit:
        bindings = event.bindings or ()
        if event.reason is RegistrationEndReason.ANSWERED:
            longest = max((each.expires_s or 0 for each in bindings), default=0)
            self.report.registered("query", longest, bindings)
            return Exit.DONE
        self.report.unregistered(event.reason.value, event.status, bindings)
        if event.reason is RegistrationEndReason.REMOVED:
            return Exit.DONE
        if event.status is not None:
            self.report.refused(self.options.uri, event.status, event.response is not None)
        return Exit.NO_ANSWER if event.response is None else Exit.REFUSED

    def end(self) -> None:
        """Remove it, wherever it stands."""
        registration = self.registration
        if registration is None or registration.state in {RegistrationState.REMOVING, RegistrationState.ASKING}:
            return
        try:
            registration.remove()
        except LocalProtocolError:
            # It is over already.
            return
