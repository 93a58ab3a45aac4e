"""What is for people and their programs: Subject, Priority, Call-Info, User-to-User and their kin.

RFC 3261 20.4, 20.9, 20.18, 20.25, 20.26 and 20.36; RFC 7433 4.
"""

from __future__ import annotations

import re
from typing import Self

from sipsm.errors import RemoteProtocolError
from sipsm.grammar.params import Params
from sipsm.grammar.tokens import QUOTED_STRING, TOKEN, is_token, quote, unquote
from sipsm.grammar.uri import Uri
from sipsm.message.headers.field import Listed, Single
from sipsm.message.headers.scalars import any_text, lower_token
from sipsm.message.headers.with_params import UriWithParams, WithParams


class InfoUri(UriWithParams):
    """Where there is more to see or hear: `<http://www.example.com/alice/photo.jpg>;purpose=icon`.

    RFC 3261 20.4, 20.9 and 20.18. To fetch what a stranger points to has its risks.
    """

    __slots__ = ()

    # alert-param = LAQUOT absoluteURI RAQUOT *( SEMI generic-param ); so has error-uri
    # info        = LAQUOT absoluteURI RAQUOT *( SEMI info-param)
    # info-param  = ( "purpose" EQUAL ( "icon" / "info" / "card" / token ) ) / generic-param

    @classmethod
    def build(cls, uri: Uri | str, params: Params = (), *, purpose: str | None = None) -> Self:
        """One of a URI and what it is for; LocalProtocolError when they cannot be written."""
        return cls._of(f"<{uri}>", params, purpose=purpose)

    @property
    def purpose(self) -> str | None:
        """What it is for in lower case: "icon", "info", "card", ..."""
        return self._lower("purpose")


class UserToUser(WithParams):
    """Data from one user's program to the other's: `56a390f3d2b7310023a2;encoding=hex;purpose=foo` (RFC 7433 4)."""

    __slots__ = ()

    # uui-value = uui-data *(SEMI uui-param), uui-data = token / quoted-string
    # uui-param = pkg-param / cont-param / enc-param / generic-param
    pattern = rf"{TOKEN}|{QUOTED_STRING}"
    what = "user-to-user data"
    rfc = "7433 4.1"
    case_matters = True

    @classmethod
    def build(
        cls, value: bytes | str, params: Params = (), *, purpose: str | None = None, content: str | None = None
    ) -> Self:
        """One of octets, which are written in hex, or of a text; LocalProtocolError when they cannot be written."""
        encoding = None
        if isinstance(value, bytes):
            # "the base16 encoding with all upper case MUST be used" (RFC 7433 4.2), where a signature needs one form.
            value, encoding = value.hex().upper(), "hex"
        written = value if is_token(value) else quote(value)
        return cls._of(written, params, encoding=encoding, purpose=purpose, content=content)

    @property
    def data(self) -> str:
        """The data as text, without quotes."""
        return unquote(self._value)

    @property
    def octets(self) -> bytes | None:
        """The data when it is said to be in hex; else None."""
        return bytes.fromhex(self.data) if self.encoding == "hex" else None

    @property
    def encoding(self) -> str | None:
        """How the data is written, in lower case, such as "hex"; None leaves it to the package."""
        return self._lower("encoding")

    @property
    def purpose(self) -> str:
        """The package that says what the data means, in lower case."""
        # "The default value for the "purpose" header field is "isdn-uui"" (RFC 7433 4)
        return self._lower("purpose") or "isdn-uui"

    @property
    def content(self) -> str | None:
        """What the data is, in lower case; None leaves it to the package."""
        return self._lower("content")

    def _check(self) -> None:
        if self.encoding == "hex" and _is_hex(self.data) is None:
            raise RemoteProtocolError(f"{self.data[:80]!r} is not hex", rfc="7433 4.2")

    def _key(self) -> str:
        # "a normally case-insensitive hex encoded UUI data object" (RFC 7433 4.2)
        return self.data.upper() if self.encoding == "hex" else self.data


_is_hex = re.compile(r"(?:[0-9A-Fa-f]{2})*+").fullmatch


SUBJECT = Single("Subject", any_text, rfc="3261 20.36")
ORGANIZATION = Single("Organization", any_text, rfc="3261 20.25")
# "a message containing no Priority header field SHOULD be treated as if it specified a Priority of "normal"" (RFC 3261
# 20.26).  The token is read in lower case.
PRIORITY = Single("Priority", lower_token, rfc="3261 20.26")
ALERT_INFO = Listed("Alert-Info", InfoUri.parse, rfc="3261 20.4")
CALL_INFO = Listed("Call-Info", InfoUri.parse, rfc="3261 20.9")
ERROR_INFO = Listed("Error-Info", InfoUri.parse, rfc="3261 20.18")
USER_TO_USER = Listed("User-to-User", UserToUser.parse, rfc="7433 4.1")
