"""`sipsm options`: ask somebody what they can do (RFC 3261 11)."""

from __future__ import annotations

from sipsm_cli.exits import Exit
from sipsm_cli.one_request import OneRequest


class Asking(OneRequest):
    """One OPTIONS."""

    async def outcome(self) -> Exit:
        """Ask, and wait for the answer."""
        headers = self.options.header
        accept = [value for name, value in headers if name.lower() == "accept"] or ["application/sdp"]
        others = [line for line in headers if line[0].lower() != "accept"]
        answered, end = await self.end_of(self.agent.options(self.options.uri, accept=accept, headers=others))
        if answered.response is not None:
            self.report.capabilities(answered.response)
        return end
