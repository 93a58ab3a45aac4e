"""The methods that have been registered for SIP (RFC 3261 27.4 and the IANA registry that it founded)."""

from __future__ import annotations

KNOWN_METHODS = frozenset(
    (
        "ACK",
        "BYE",
        "CANCEL",
        "INFO",
        "INVITE",
        "MESSAGE",
        "NOTIFY",
        "OPTIONS",
        "PRACK",
        "PUBLISH",
        "REFER",
        "REGISTER",
        "SUBSCRIBE",
        "UPDATE",
    )
)
