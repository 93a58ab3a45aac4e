"""What a body is, and what is to be done with it: Content-Type, Content-Disposition and their kin.

RFC 3261 20.11 to 20.15 and 20.24; RFC 5621 8; RFC 2046 5.1.1; RFC 2387 3; Content-ID as RFC 8262 brought it to SIP. Not
here: the bodies themselves.
"""

from __future__ import annotations

import re
from typing import Self

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.params import Params
from sipsm.grammar.tokens import TOKEN, is_token
from sipsm.message.headers.field import Listed, Single
from sipsm.message.headers.scalars import lower_token, lower_tokens, whole_number
from sipsm.message.headers.with_params import WithParams


class MediaType(WithParams):
    """A kind of body, `text/html; charset=ISO-8859-4` (RFC 3261 20.15). Two of them are compared without case."""

    __slots__ = ()

    # media-type = m-type SLASH m-subtype *(SEMI m-parameter), SLASH = SWS "/" SWS
    # Wider by parameters without a value.
    pattern = rf"{TOKEN}[ \t]*+/[ \t]*+{TOKEN}"
    what = "kind of body"
    rfc = "3261 25.1"

    @classmethod
    def build(cls, value: str, params: Params = ()) -> Self:
        """One of a type such as "text/html" and its parameters; LocalProtocolError when they cannot be written."""
        built = super().build(value, params)
        # m-parameter = m-attribute EQUAL m-value, m-value = token / quoted-string
        if None in built.params.values():
            raise LocalProtocolError(f"a parameter of {value!r} has no value", rfc="3261 25.1")
        return built

    @classmethod
    def _is_quoted(cls, name: str, value: str) -> bool:
        # Not all that other headers take without quotes is right here: a boundary with a colon is not valid,
        # "(because of the colon) and must instead be represented as" a quoted string (RFC 2046 5.1.1).
        return not is_token(value)

    @property
    def media_type(self) -> str:
        """Type and subtype in lower case without parameters and white space, such as "application/sdp"."""
        return type_alone(self._value)

    @property
    def type(self) -> str:
        """What stands before the slash, in lower case, such as "application"."""
        return self.media_type.partition("/")[0]

    @property
    def subtype(self) -> str:
        """What stands behind the slash, in lower case, such as "sdp"."""
        return self.media_type.partition("/")[2]

    def _key(self) -> str:
        return self.media_type


def type_alone(text: str) -> str:
    """What stands before the parameters of a Content-Type, in lower case without white space, be it a type or not."""
    return "".join(text.partition(";")[0].split()).lower()


class ContentType(MediaType):
    """What kind of body a message or a part of one has (RFC 3261 20.15)."""

    __slots__ = ()

    @property
    def boundary(self) -> str | None:
        """What stands between the parts of a multipart body (RFC 2046 5.1.1)."""
        return self.params.get("boundary")

    @property
    def charset(self) -> str | None:
        """The character set in lower case, where one is named; a text without one is UTF-8 (RFC 3261 7.4.1)."""
        return self._lower("charset")

    @property
    def start(self) -> str | None:
        """The Content-ID of the root of a multipart/related, where it is not its first part (RFC 2387 3.2)."""
        return self.params.get("start")


class ContentDisposition(WithParams):
    """What a body is there for, and whether it may be ignored: `session`, `icon;handling=optional` (RFC 3261 20.11)."""

    __slots__ = ()

    # disp-type = "render" / "session" / "icon" / "alert" / disp-extension-token, an extension being a token
    pattern = TOKEN
    what = "disposition"
    rfc = "3261 20.11"

    @classmethod
    def build(cls, value: str, params: Params = (), *, handling: str | None = None) -> Self:
        """One of a type and its parameters; LocalProtocolError when they cannot be written."""
        return cls._of(value, params, handling=handling)

    @classmethod
    def assumed(cls, media_type: str | None) -> Self:
        """The disposition of a body of that type that does not name one."""
        # "if the Content-Disposition header field is missing, the server SHOULD assume bodies of Content-Type
        # application/sdp are the disposition "session", while other content types are "render"." (RFC 3261 20.11)
        return cls.parse("session" if media_type == "application/sdp" else "render")

    @property
    def type(self) -> str:
        """What the body is there for, in lower case: "session", "render", "icon", "alert", "by-reference", ..."""
        return self._value.lower()

    @property
    def is_required(self) -> bool:
        """False when who does not understand the body may ignore it; else it answers 415 (RFC 5621 8.1)."""
        # "If the handling parameter is missing, the value "required" SHOULD be assumed." (RFC 3261 20.11)  An unknown
        # value allows nobody to ignore the body either.
        return self._lower("handling") != "optional"


# uric = reserved / unreserved / escaped. Besides what is not of these, what would split the URL is escaped.
_TO_ESCAPE = re.compile(r"[^A-Za-z0-9\-_.!~*'():@&=+$,;]")


class ContentId(WithParams):
    """The name by which a body is referred to from elsewhere in the message: `<target123@atlanta.example.com>`.

    RFC 5621 9.1; examples in RFC 6442 5.1.
    """

    __slots__ = ()

    # msg-id = "<" id-left "@" id-right ">"
    # Wider by any visible character, and none of them need be "@": not all programs write one.
    pattern = r"<[!-;=?-~]++>"
    what = "Content-ID"
    rfc = "5621 9.1"
    case_matters = True

    @classmethod
    def build(cls, id: str, params: Params = ()) -> Self:
        """One of a name without its angle brackets; LocalProtocolError when it can be none. It has no parameters."""
        return cls._of(f"<{id}>", params)

    @property
    def id(self) -> str:
        """The name without its angle brackets."""
        return self._value[1:-1]

    @property
    def uri(self) -> str:
        """The URL by which Refer-To, Geolocation and others refer to it: `cid:target123@atlanta.example.com`."""
        return "cid:" + _TO_ESCAPE.sub(lambda match: f"%{ord(match[0]):02X}", self.id)

    def _check(self) -> None:
        if len(self._value) != len(self._text):
            raise RemoteProtocolError(f"{self._text[:80]!r} is no {self.what}", rfc=self.rfc)


# MIME-Version = "MIME-Version" HCOLON 1*DIGIT "." 1*DIGIT
_mime_version = re.compile(r"[0-9]++\.[0-9]++").fullmatch


def mime_version(text: str) -> str:
    """The text itself when it is a version of MIME; else raises RemoteProtocolError (RFC 3261 20.24)."""
    if _mime_version(text) is None:
        raise RemoteProtocolError(f"{text[:80]!r} is no version of MIME", rfc="3261 20.24")
    return text


# language-tag = primary-tag *( "-" subtag ), primary-tag = 1*8ALPHA, subtag = 1*8ALPHA
# Wider by digits in subtags, which regions have today: "es-419".
LANGUAGE = r"[A-Za-z]{1,8}+(?:-[A-Za-z0-9]{1,8}+)*+"
is_language = re.compile(LANGUAGE).fullmatch


def language(text: str) -> str:
    """The text itself when it is the tag of a language; else raises RemoteProtocolError (RFC 3261 20.13)."""
    if is_language(text) is None:
        raise RemoteProtocolError(f"{text[:80]!r} is no language", rfc="3261 20.13")
    return text


def in_range(name: str, known: str) -> bool:
    """Whether a language or an encoding is one that is known: `en-GB` is where `en` is, and all are where `*` is."""
    # Ranges are those of HTTP (RFC 3261 20.3): one takes the tag that it is, and each that goes on behind it with "-".
    name, known = name.lower(), known.lower()
    return known in {"*", name} or name.startswith(f"{known}-")


CONTENT_TYPE = Single("Content-Type", ContentType.parse, rfc="3261 20.15")
CONTENT_DISPOSITION = Single("Content-Disposition", ContentDisposition.parse, rfc="3261 20.11")
# "All content-coding values are case-insensitive." (RFC 3261 20.12)  So they are read in lower case.
CONTENT_ENCODING = Listed("Content-Encoding", lower_token, parse_line=lower_tokens, joined=True, rfc="3261 20.12")
CONTENT_LANGUAGE = Listed("Content-Language", language, joined=True, rfc="3261 20.13")
CONTENT_LENGTH = Single("Content-Length", whole_number, rfc="3261 20.14")
CONTENT_ID = Single("Content-ID", ContentId.parse, rfc="8262 3")
MIME_VERSION = Single("MIME-Version", mime_version, rfc="3261 20.24")
