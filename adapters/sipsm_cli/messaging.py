"""`sipsm message`: send somebody an instant message (RFC 3428)."""

from __future__ import annotations

from sipsm_cli.exits import Exit
from sipsm_cli.one_request import OneRequest


class Messaging(OneRequest):
    """One MESSAGE."""

    async def outcome(self) -> Exit:
        """Send it, and wait for the answer."""
        options = self.options
        _, end = await self.end_of(self.agent.message(options.uri, options.body, headers=options.header))
        return end
