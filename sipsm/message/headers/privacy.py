"""What of the caller is to be hidden: Privacy (RFC 3323 4.2, with the values of RFC 3325 9.3 and RFC 7044 5)."""

from __future__ import annotations

from collections.abc import Iterable

from sipsm.errors import RemoteProtocolError
from sipsm.message.headers.field import Listed
from sipsm.message.headers.scalars import token


def _priv_values(line: str) -> list[str]:
    # Privacy-hdr = "Privacy" HCOLON priv-value *(";" priv-value)
    return [token(value.strip(" \t")).lower() for value in line.split(";")]


def _check_priv_values(values: tuple[str, ...]) -> None:
    # "Each legitimate priv-value can appear zero or one times in a Privacy header." (RFC 3323 4.2)
    if len(set(values)) < len(values):
        raise RemoteProtocolError(f"a value of Privacy is there twice: {';'.join(values)[:80]}", rfc="3323 4.2")
    # "User agents MUST NOT populate any other priv-values (including 'critical') in a Privacy header that contains a
    # value of 'none'." (RFC 3323 4.2)
    if "none" in values:
        raise RemoteProtocolError("Privacy is none, and something else", rfc="3323 4.2")


class _Privacy(Listed[str]):
    """A list with semicolons between its values, which stands on one line."""

    __slots__ = ()

    def lines(self, values: Iterable[str]) -> list[str]:
        text = ";".join(values)
        return super().lines([text]) if text else []


PRIVACY = _Privacy(
    "Privacy", lambda text: token(text).lower(), check=_check_priv_values, parse_line=_priv_values, rfc="3323 4.2"
)
