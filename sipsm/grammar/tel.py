"""Telephone numbers as URIs write them: behind `tel:`, and in the user part of SIP URIs with `user=phone`.

RFC 3966 3, 4 and 5; RFC 3261 19.1.6. Not here: dial strings, and the plan that makes numbers of them (RFC 3966 9).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Self

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.escapes import (
    ESCAPED,
    PARAM_CHARS,
    URI_CHARS,
    escape_param,
    join_params,
    one_of,
    split_params,
    undo_needless,
    unescape,
)
from sipsm.grammar.params import Params, pairs_of
from sipsm.grammar.text_value import TextValue, built

# phonedigit = DIGIT / [ visual-separator ], visual-separator = "-" / "." / "(" / ")"
_PHONEDIGITS = r"[0-9\-.()]*+"
# global-number-digits = "+" *phonedigit DIGIT *phonedigit
_GLOBAL = rf"\+[\-.()]*+[0-9]{_PHONEDIGITS}"
# local-number-digits = *phonedigit-hex (HEXDIG / "*" / "#")*phonedigit-hex
# Wider by the escaped "#": a bare one begins a fragment in other URIs (RFC 3986 3.5), so peers send either.
_LOCAL = r"[\-.()]*+(?:[0-9A-Fa-f*#]|%23)(?:[0-9A-Fa-f*#\-.()]++|%23)*+"
# isdn-subaddress = ";isub=" 1*uric
# Narrower by the semicolon of uric, which would leave no end to it: "If the reserved characters "+", ";", "=", and "?"
# are used as delimiters between components of the "tel" URI, they MUST NOT be percent encoded." (RFC 3966 3)
_ISUB = rf";[iI][sS][uU][bB]=(?:{one_of(URI_CHARS.replace(';', ''))}++|{ESCAPED})++"
# parameter = ";" pname ["=" pvalue ], pname = 1*( alphanum / "-" ), pvalue = 1*paramchar
_PARAMETER = rf";[A-Za-z0-9\-]++(?:=(?:{one_of(PARAM_CHARS)}++|{ESCAPED})++)?"

# telephone-subscriber = global-number / local-number
# global-number = global-number-digits *par, local-number = local-number-digits *par context *par
# Wider by the context that may be missing: networks send short numbers without ("tel:911"), and in a SIP URI the host
# stands for it.
_subscriber = re.compile(rf"({_GLOBAL}|{_LOCAL})((?:{_ISUB}|{_PARAMETER})*+)").fullmatch
# extension = ";ext=" 1*phonedigit
_is_extension = re.compile(r"[0-9\-.()]++").fullmatch
# context = ";phone-context=" descriptor, descriptor = domainname / global-number-digits
# Wider by labels that only look like names: RFC 3261 19.1.6 has a context of "5".
_is_descriptor = re.compile(rf"{_GLOBAL}|[A-Za-z0-9\-._]++").fullmatch

# "Visual separators ('visual-separator') merely aid readability and are not used for URI comparison or placing a call."
# (RFC 3966 5.1.1)
_NO_SEPARATORS = str.maketrans("", "", "-.()")
# "The 'isdn-subaddress' or 'extension' MUST appear first, if present, followed by the 'context' parameter, if present,
# followed by any other parameters in lexicographical order." (RFC 3966 3)
# Deviation: RFC 3261 19.1.6 puts the post-dial of RFC 2806 second; RFC 3966 obsoletes that, and knows no post-dial.
_FIRST = ("isub", "ext", "phone-context")
_new = object.__new__


class TelephoneSubscriber(TextValue):
    """A telephone number with its parameters: the telephone-subscriber of RFC 3966 3.

    `str(subscriber)` is the text as it came. Two are equal by RFC 3966 4: visual separators, case and the order of
    parameters do not count.
    """

    __slots__ = ("_number", "_params")

    _number: str
    _params: dict[str, str | None]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The subscriber that the text is, without the `tel:`; raises RemoteProtocolError when it is none (RFC 3966 3).

        A local number may come without its phone-context, and parameters may come in any order.
        """
        # "Characters other than those in the "reserved" and "unsafe" sets (see RFC 2396 [RFC2396]) are equivalent to
        # their "% HEX HEX" percent encoding." (RFC 3966 3)
        match = _subscriber(undo_needless(text))
        if match is None:
            raise RemoteProtocolError(f"{text[:80]!r} is no telephone number", rfc="3966 3")
        subscriber = _new(cls)
        subscriber._text = text
        subscriber._number = match[1].replace("%23", "#").translate(_NO_SEPARATORS)
        params = subscriber._params = split_params(match[2], rfc="3966 3")
        if "isub" in params and params["isub"] is None:
            raise RemoteProtocolError("an isub without a value", rfc="3966 3")
        for name, fits in (("ext", _is_extension), ("phone-context", _is_descriptor)):
            if name in params and fits(params[name] or "") is None:
                raise RemoteProtocolError(f"{params[name]!r} is no {name}", rfc="3966 3")
        return subscriber

    @classmethod
    def build(
        cls,
        number: str,
        *,
        phone_context: str | None = None,
        extension: str | None = None,
        isub: str | None = None,
        params: Params = (),
    ) -> Self:
        """A subscriber from its parts, parameters in the order that RFC 3966 3 gives them.

        The number may hold visual separators; the ISDN subaddress is escaped here, other parameters are given as they
        stand in the text. Raises LocalProtocolError for a local number without phone-context, and for other parts of
        which the grammar makes no subscriber.
        """
        named = {"isub": None if isub is None else escape_param(isub), "ext": extension, "phone-context": phone_context}
        pairs: list[tuple[str, str | None]] = [(name, value) for name, value in named.items() if value is not None]
        pairs += pairs_of(params)
        pairs.sort(key=_place)
        subscriber = built(cls.parse, number + join_params(pairs))
        # No part may run over into the next.
        if list(subscriber._params) != [name.lower() for name, _ in pairs]:
            raise LocalProtocolError(f"{str(subscriber)!r} is no telephone number of these parts", rfc="3966 3")
        # "Local numbers MUST be tagged with a 'phone-context'" (RFC 3966 5.1)
        if not subscriber.is_global and subscriber.phone_context is None:
            raise LocalProtocolError(f"the local number {number!r} needs a phone-context", rfc="3966 5.1")
        # "At most, one of the 'isdn-subaddress' and 'extension' parameters can appear in a "tel" URI" (RFC 3966 5.3)
        if {"isub", "ext"} <= subscriber._params.keys():
            raise LocalProtocolError("an ISDN subaddress and an extension exclude each other", rfc="3966 5.3")
        return subscriber

    @property
    def number(self) -> str:
        """The digits, a leading "+" before those of a global number; without visual separators (RFC 3966 5.1.1)."""
        return self._number

    @property
    def is_global(self) -> bool:
        """True for a number that is unambiguous everywhere in the world (RFC 3966 5.1.4)."""
        return self._number[0] == "+"

    @property
    def phone_context(self) -> str | None:
        """Where a local number is valid: a domain name, or the first digits of global numbers (RFC 3966 5.1.5)."""
        return self._params.get("phone-context")

    @property
    def extension(self) -> str | None:
        """The number of a station behind a private exchange, without visual separators (RFC 3966 5.3)."""
        extension = self._params.get("ext")
        return None if extension is None else extension.translate(_NO_SEPARATORS)

    @property
    def isub(self) -> str | None:
        """The ISDN subaddress, unescaped (RFC 3966 5.2)."""
        isub = self._params.get("isub")
        return None if isub is None else unescape(isub)

    @property
    def params(self) -> Mapping[str, str | None]:
        """All parameters by lower-case name, in their order, without needless escapes; None is the value of a flag."""
        return MappingProxyType(self._params)

    @property
    def mandatory(self) -> tuple[str, ...]:
        """The names of parameters that whoever uses the number has to understand (RFC 3966 5.4).

        "An implementation MAY ignore optional parameters and MUST NOT use the URI if it contains unknown mandatory
        parameters." Beyond phone-context, which is not among these, none has been defined.
        """
        return tuple(name for name in self._params if name.startswith("m-"))

    def normalized(self) -> Self:
        """The same in lower case and with its parameters in order: the form to compare as text (RFC 3261 19.1.6)."""
        # "elements constructing telephone-subscriber fields to place in the userinfo part of a SIP or SIPS URI SHOULD
        # fold any case-insensitive portion of telephone-subscriber to lower case, and order the telephone-subscriber
        # parameters lexically by parameter name" (RFC 3261 19.1.6)
        params = {name: _folded(value) for name, value in self._params.items()}
        digits = _folded(self._text.partition(";")[0])
        return self.parse(f"{digits}{join_params(sorted(params.items(), key=_place))}")

    def _key(self) -> tuple[str, frozenset[tuple[str, str | None]]]:
        return self._number.lower(), frozenset([(name, _same(name, value)) for name, value in self._params.items()])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TelephoneSubscriber):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())


def _place(param: tuple[str, str | None]) -> tuple[int, str]:
    """Where the parameter stands among the others."""
    name = param[0].lower()
    return _FIRST.index(name) if name in _FIRST else len(_FIRST), name


def _folded(value: str | None) -> str | None:
    # The escapes that are left keep their upper-case digits.
    return value if value is None else undo_needless(undo_needless(value).lower())


def _same(name: str, value: str | None) -> str | None:
    """What is equal for equal values of the parameter."""
    # "the 'phone-context' parameter value is compared as a host name if it is a 'domainname' or digit by digit if it is
    # 'global-number-digits'.  The latter is compared after removing all 'visual-separator' characters." (RFC 3966 4)
    if value is not None and (name == "ext" or (name == "phone-context" and value[0] == "+")):
        return value.translate(_NO_SEPARATORS)
    # "URI comparisons are case-insensitive." (RFC 3966 4)
    return _folded(value)
