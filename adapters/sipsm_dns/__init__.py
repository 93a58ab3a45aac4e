"""Host names for the adapters: what the system knows, and what the DNS says, by dnspython. Nothing here knows SIP."""

from __future__ import annotations

from sipsm_dns.names import look_up, look_up_now

__all__ = ["look_up", "look_up_now"]
