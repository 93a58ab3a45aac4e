"""What is for people and their programs: Subject, Priority, Call-Info, User-to-User and their kin.

RFC 3261 20.4, 20.9, 20.18, 20.21, 20.25, 20.26 and 20.36; RFC 7433 4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Self

from sipsm.errors import RemoteProtocolError
from sipsm.grammar.params import Params
from sipsm.grammar.tokens import QUOTED_STRING, TOKEN, is_token, quote, unquote
from sipsm.grammar.uri import Uri
from sipsm.message.headers.content import lower_token
from sipsm.message.headers.field import Listed, Single
from sipsm.message.headers.scalars import any_text
from sipsm.message.headers.with_params import WithParams


class InfoUri(WithParams):
    """Where there is more to see or hear: `<http://www.example.com/alice/photo.jpg>;purpose=icon`.

    RFC 3261 20.4, 20.9 and 20.18.
    """

    __slots__ = ("_uri",)

    # alert-param = LAQUOT absoluteURI RAQUOT *( SEMI generic-param ); so has error-uri
    # info        = LAQUOT absoluteURI RAQUOT *( SEMI info-param)
    # info-param  = ( "purpose" EQUAL ( "icon" / "info" / "card" / token ) ) / generic-param
    pattern = r"<[^<>]++>"
    what = "URI in angle brackets"
    case_matters = True
    _uri: Uri

    @classmethod
    def build(cls, value: Uri | str, params: Params = (), *, purpose: str | None = None) -> Self:
        """One of a URI and what it is for; LocalProtocolError when they cannot be written."""
        pairs = list(params.items() if isinstance(params, Mapping) else params)
        return super().build(f"<{value}>", pairs if purpose is None else [("purpose", purpose), *pairs])

    @property
    def uri(self) -> Uri:
        """Where it is. To fetch what a stranger points to has its risks (RFC 3261 20.9)."""
        return self._uri

    @property
    def purpose(self) -> str | None:
        """What it is for in lower case: "icon", "info", "card", ..."""
        purpose = self.params.get("purpose")
        return None if purpose is None else purpose.lower()

    def _check(self) -> None:
        self._uri = Uri.parse(self._value[1:-1])


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
        pairs = list(params.items() if isinstance(params, Mapping) else params)
        named = [("purpose", purpose), ("content", content)]
        if isinstance(value, bytes):
            # "the base16 encoding with all upper case MUST be used" (RFC 7433 4.2), where a signature needs one form.
            value = value.hex().upper()
            named.insert(0, ("encoding", "hex"))
        return super().build(
            value if is_token(value) else quote(value), [*(pair for pair in named if pair[1] is not None), *pairs]
        )

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
        encoding = self.params.get("encoding")
        return None if encoding is None else encoding.lower()

    @property
    def purpose(self) -> str:
        """The package that says what the data means, in lower case."""
        # "The default value for the "purpose" header field is "isdn-uui"" (RFC 7433 4)
        return (self.params.get("purpose") or "isdn-uui").lower()

    @property
    def content(self) -> str | None:
        """What the data is, in lower case; None leaves it to the package."""
        content = self.params.get("content")
        return None if content is None else content.lower()

    def _check(self) -> None:
        if self.encoding == "hex" and _is_hex(self.data) is None:
            raise RemoteProtocolError(f"{self.data[:80]!r} is not hex", rfc="7433 4.2")

    def _key(self) -> str:
        # "a normally case-insensitive hex encoded UUI data object" (RFC 7433 4.2)
        return self.data.upper() if self.encoding == "hex" else self.data


_is_hex = re.compile(r"(?:[0-9A-Fa-f]{2})*+").fullmatch

# callid = word [ "@" word ]
# Wider, as the Call-ID itself is: by all that is neither white space nor a comma.
_call_ids = re.compile(r"[^\s,]++(?:[ \t]*+,[ \t]*+[^\s,]++)*+").fullmatch


def call_ids(line: str) -> list[str]:
    """The Call-IDs of a comma-separated line; else raises RemoteProtocolError (RFC 3261 20.21)."""
    # A Call-ID may hold quotes and angle brackets, which do not keep a comma from separating here.
    if _call_ids(line) is None:
        raise RemoteProtocolError(f"{line[:80]!r} is no list of Call-IDs", rfc="3261 20.21")
    return line.replace(" ", "").replace("\t", "").split(",")


def call_id(text: str) -> str:
    """The text itself when it can be one Call-ID; else raises RemoteProtocolError (RFC 3261 20.8)."""
    if len(call_ids(text)) > 1:
        raise RemoteProtocolError(f"{text[:80]!r} is no Call-ID", rfc="3261 20.8")
    return text


SUBJECT = Single("Subject", any_text, rfc="3261 20.36")
ORGANIZATION = Single("Organization", any_text, rfc="3261 20.25")
# "a message containing no Priority header field SHOULD be treated as if it specified a Priority of "normal"" (RFC 3261
# 20.26).  The token is read in lower case.
PRIORITY = Single("Priority", lower_token, rfc="3261 20.26")
IN_REPLY_TO = Listed("In-Reply-To", call_id, parse_line=call_ids, joined=True, rfc="3261 20.21")
ALERT_INFO = Listed("Alert-Info", InfoUri.parse, rfc="3261 20.4")
CALL_INFO = Listed("Call-Info", InfoUri.parse, rfc="3261 20.9")
ERROR_INFO = Listed("Error-Info", InfoUri.parse, rfc="3261 20.18")
USER_TO_USER = Listed("User-to-User", UserToUser.parse, rfc="7433 4.1")
