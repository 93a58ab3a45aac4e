"""When two URIs are the same, part by part.

RFC 3261 19.1.4, with IPv6 addresses compared by value (RFC 5954 4.2); RFC 3986 6.2.2 for schemes that are not taken
apart. Numbers of tel URIs are compared in `sipsm.grammar.tel` (RFC 3966 4).
"""

from __future__ import annotations

from ipaddress import IPv6Address

from sipsm.grammar.escapes import undo_needless, undo_needless_anywhere, unescape

# "A user, ttl, or method uri-parameter appearing in only one URI never matches" and "A URI that includes an maddr
# parameter will not match a URI that contains no maddr parameter." The same holds for "the transport-parameter", which
# has a default value (RFC 3261 19.1.4).
_NEVER_IGNORED = ("user", "ttl", "method", "maddr", "transport")

# "Call-IDs are case-sensitive" (RFC 3261 20.8): so are the fields made of them, here with their compact forms; and a
# body is no header field.
_OF_CALL_IDS = frozenset({"body", "call-id", "i", "in-reply-to", "join", "replaces", "target-dialog"})


def same_userinfo(one: str | None, other: str | None) -> bool:
    """True for the same user part or password, in which case counts (RFC 3261 19.1.4)."""
    # "A URI omitting the user component will not match a URI that includes one." (RFC 3261 19.1.4)
    return one == other or (one is not None and other is not None and undo_needless(one) == undo_needless(other))


def host_key(host: str) -> str | IPv6Address:
    """What is equal for equal hosts, which are given without brackets (RFC 3261 19.1.4, RFC 5954 4.2)."""
    if ":" not in host:
        return host.lower()
    # "the host components are considered to match if the different textual representations yield the same binary IP
    # address" (RFC 5954 4.2)
    try:
        return IPv6Address(host)
    except ValueError:
        return host.lower()


def same_params(one: dict[str, str | None], other: dict[str, str | None]) -> bool:
    """True for parameters that let two URIs be the same (RFC 3261 19.1.4)."""
    if any((name in one) != (name in other) for name in _NEVER_IGNORED):
        return False
    # "Any uri-parameter appearing in both URIs must match." and "All other uri-parameters appearing in only one URI are
    # ignored when comparing the URIs." (RFC 3261 19.1.4)
    return all(name not in other or _same_value(value, other[name]) for name, value in one.items())


def same_headers(one: str | None, other: str | None) -> bool:
    """True for the same header fields, in whatever order; None is none at all (RFC 3261 19.1.4)."""
    # "URI header components are never ignored." (RFC 3261 19.1.4)
    return one == other or (one is not None and other is not None and _fields(one) == _fields(other))


def opaque_key(text: str) -> str:
    """What is equal for equal URIs of a scheme that is not taken apart (RFC 3986 6.2.2)."""
    scheme, colon, rest = text.partition(":")
    return scheme.lower() + colon + undo_needless_anywhere(rest)


def _same_value(one: str | None, other: str | None) -> bool:
    if one is None or other is None:
        return one is other
    return undo_needless(one).lower() == undo_needless(other).lower()


def _fields(headers: str) -> list[tuple[str, str]]:
    pairs = [header.partition("=") for header in headers.split("&")]
    return sorted(_field(undo_needless(name).lower(), undo_needless(value)) for name, _, value in pairs)


def _field(name: str, value: str) -> tuple[str, str]:
    # "Unless otherwise stated in the definition of a particular header field, field values, parameter names, and
    # parameter values are case-insensitive." and "values expressed as quoted strings are case-sensitive" (RFC 3261
    # 7.3.1). The fields are not read here, so a value that may hold a quoted string or the user of a URI is compared
    # with its case: of two mistakes, it is the smaller one to take the same address for two.
    if name in _OF_CALL_IDS or not {'"', ":", "@"}.isdisjoint(unescape(value)):
        return name, value
    return name, value.lower()
