"""SIP endpoints with plain blocking sockets, no threads: for the machines of `sipsm`."""

from __future__ import annotations

from sipsm_blocking.user_agent import Call, UserAgent

__all__ = ["Call", "UserAgent"]
