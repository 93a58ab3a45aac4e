"""Who: the values of From, To, Contact, Route and Record-Route (RFC 3261 20, 20.10, 20.20, 20.30, 20.34, 20.39)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.params import VALUE, Params, format_params, params_as_written, parse_params, quality
from sipsm.grammar.text_value import TextValue, built
from sipsm.grammar.tokens import HOST, PORT, QUOTED_STRING, TOKEN, is_token, quote, unfold, unquote
from sipsm.grammar.uri import OPAQUE_URI, SIP_URI, USUAL_SIP_URI, Uri

# name-addr    = [ display-name ] LAQUOT addr-spec RAQUOT
# display-name = *(token LWS)/ quoted-string
# Wider by two: RFC 4475 3.1.1.6 has the LWS left out before "<"; and the tokens of a display name may hold any octet
# above 127, which peers send without the quotes.
_DISPLAY_NAME = rf"(?:{QUOTED_STRING}|[A-Za-z0-9\-.!%*_+`'~ \t\x80-\U0010ffff]*+)"
# The most usual of them: no escapes, and no parameter but a tag. One group: the tag.
_USUAL_DISPLAY = r"\"[^\"\\\r\n]*+\" ?|[A-Za-z0-9\-. ]*+"
_USUAL_BARE = rf"sips?:(?:[A-Za-z0-9\-_.!~*'()&=+$/]++@)?{HOST}(?::{PORT})?"
USUAL_ADDRESS = rf"(?:(?:{_USUAL_DISPLAY})<{USUAL_SIP_URI}>|{_USUAL_BARE})(?:;tag=({VALUE}))?"
_usual = re.compile(
    rf"(?:({_USUAL_DISPLAY})<({USUAL_SIP_URI}((?:;[A-Za-z0-9\-]++(?:=[A-Za-z0-9\-.~]++)?)*+))>|({_USUAL_BARE}))"
    rf"(?:;tag=({VALUE}))?((?:;{TOKEN}(?:={VALUE})?)*+)"
).fullmatch
_name_addr = re.compile(rf"({_DISPLAY_NAME})[ \t]*+<({SIP_URI}|{OPAQUE_URI})>[ \t]*+(?=;|\Z)").match
# "If the URI contains a comma, question mark or semicolon, the URI MUST be enclosed in angle brackets", and where it is
# not, "any semicolon-delimited parameters are header-parameters, not URI parameters" (RFC 3261 20). So the URI goes
# up to the first of them.
_addr_spec = re.compile(r"([^;,?<>\" \t]++)[ \t]*+(?=;|\Z)").match
_new = object.__new__


class Address(TextValue):
    """A URI with a display name and parameters; or the `*` of a Contact (RFC 3261 20.10)."""

    __slots__ = ("_display", "_params", "_tag", "_uri", "_uri_text")

    _display: str
    _uri_text: str
    _uri: Uri | None
    _tag: str | None
    _params: dict[str, str | None] | None

    @classmethod
    def parse(cls, text: str) -> Address:
        """The address that the text, one element of a header's value, is; else raises RemoteProtocolError."""
        address = _new(cls)
        match = _usual(text)
        if match is not None:
            display, bracketed, more_of_uri, bare, address._tag, more = match.groups()
            if not more_of_uri or _are_different(bracketed):
                address._text = text
                address._display = display or ""
                address._uri_text = bracketed or bare
                address._uri = address._params = None
                return address._with_more(match.start(6)) if more else address
        address._text = text = unfold(text)
        if text == "*":
            address._display = address._uri_text = ""
            address._uri = address._tag = None
            address._params = {}
            return address
        match = _name_addr(text)
        if match is not None:
            address._display, address._uri_text = match.groups()
        else:
            match = _addr_spec(text)
            if match is None:
                raise RemoteProtocolError(f"{text[:80]!r} is no address", rfc="3261 25.1", at=0)
            address._display, address._uri_text = "", match[1]
        address._uri = Uri.parse(address._uri_text)
        params = address._params = parse_params(text, match.end())
        address._tag = params.get("tag")
        if not address._tag and "tag" in params:
            # tag-param = "tag" EQUAL token.  Whoever has no tag leaves the parameter out (RFC 3261 12.1.1, null tag).
            raise RemoteProtocolError("an empty tag", rfc="3261 25.1", at=match.end())
        return address

    def _with_more(self, at: int) -> Address:
        """The address with more parameters than a tag, which begin behind it."""
        params = self._params = parse_params(self._text, at if self._tag is None else at - len(self._tag) - 5)
        self._tag = params.get("tag")
        if self._tag is None and "tag" in params:
            raise RemoteProtocolError("an empty tag", rfc="3261 25.1", at=at)
        return self

    @classmethod
    def build(cls, uri: Uri | str, display_name: str | None = None, params: Params = ()) -> Address:
        """An address of its parts; the display name is quoted. Raises LocalProtocolError when they make no address."""
        text = f"<{uri}>{_checked_tag(format_params(params))}"
        if display_name is not None:
            text = f"{quote(display_name)} {text}"
        return built(Address.parse, text)

    def with_tag(self, tag: str) -> Address:
        """This address with a tag, in the place of the one that it had (RFC 3261 19.3).

        Raises LocalProtocolError when the tag cannot be one.
        """
        if self._params is None and self._tag is None and tag.__class__ is str and is_token(tag):
            # One of the usual form stays so.
            tagged = _new(Address)
            tagged._text = f"{self._text};tag={tag}"
            tagged._display = self._display
            tagged._uri_text = self._uri_text
            tagged._uri = self._uri
            tagged._tag = tag
            tagged._params = None
            return tagged
        added = _checked_tag(format_params({"tag": tag}))
        if "tag" not in self.params:
            return built(Address.parse, self._text + added)
        others = {name: value for name, value in self.params.items() if name != "tag"}
        before = self._display.strip(" \t")
        before = f"{before} <{self._uri_text}>" if before else f"<{self._uri_text}>"
        return built(Address.parse, before + format_params(others) + added)

    def without_param(self, name: str) -> Address:
        """This address without the parameter of that lower-case name; all else is written as it came."""
        if name not in self.params:
            return self
        at = len(self._uri_text)
        if self._text[len(self._display) :].lstrip(" \t").startswith("<"):
            at += self._text.index("<", len(self._display)) + 2
        others = params_as_written(self._text, at)
        del others[name]
        written = (f";{key}" if value is None else f";{key}={value}" for key, value in others.items())
        return Address.parse(self._text[:at] + "".join(written))

    @property
    def display_name(self) -> str | None:
        """The name to show, without quotes and escapes, or None where there is none."""
        name = self._display.strip(" \t")
        return unquote(name) if name else None

    @property
    def uri(self) -> Uri:
        """The URI; raises RemoteProtocolError for the `*` of a Contact, which has none."""
        if self._uri is None:
            if not self._uri_text:
                raise RemoteProtocolError("the Contact is *, which is no URI", rfc="3261 20.10")
            self._uri = Uri.parse(self._uri_text)
        return self._uri

    @property
    def uri_text(self) -> str:
        """The URI as it came; empty for the `*` of a Contact."""
        return self._uri_text

    @property
    def is_star(self) -> bool:
        """True for the `*` of a Contact: all bindings (RFC 3261 10.2.2)."""
        return not self._uri_text

    @property
    def tag(self) -> str | None:
        """The tag, which names one end of a dialog (RFC 3261 19.3)."""
        return self._tag

    @property
    def q(self) -> float:
        """How much a Contact is wanted beside others, from 0 to 1; 1 when it does not say (RFC 3261 20.10)."""
        return quality(self.params)

    @property
    def expires_s(self) -> int | None:
        """For how many seconds a Contact is bound, where it says so itself (RFC 3261 10.2, 20.10)."""
        text = self.params.get("expires", "")
        if text == "":
            return None
        # "Malformed values SHOULD be treated as equivalent to 3600." (RFC 3261 10.2)
        if text is None or not (text.isascii() and text.isdecimal()):
            return 3600
        significant = text.lstrip("0") or "0"
        # "Implementations MAY treat values larger than 2**32-1 (4294967295 seconds or 136 years) as equivalent to
        # 2**32-1." (RFC 3261 10.2)
        return min(int(significant[:11]), 2**32 - 1)

    @property
    def params(self) -> Mapping[str, str | None]:
        """The header's parameters (not the URI's) by lower-case name, in their order; None is the value of a flag."""
        params = self._params
        if params is None:
            params = self._params = {} if self._tag is None else {"tag": self._tag}
        return MappingProxyType(params)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Address):
            return NotImplemented
        return self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


def _are_different(uri: str) -> bool:
    """Whether no parameter is in a URI of the usual form twice."""
    names = [param.partition("=")[0] for param in uri.lower().split(";")[1:]]
    return len(set(names)) == len(names)


_QUOTED_TAG = re.compile(';tag="', re.IGNORECASE).search


def _checked_tag(params: str) -> str:
    # tag-param = "tag" EQUAL token
    if _QUOTED_TAG(params):
        raise LocalProtocolError("a tag is a token, and cannot be quoted", rfc="3261 25.1")
    return params
