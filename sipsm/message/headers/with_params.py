"""Values with parameters: `active;expires=3600`, `<http://example.com/>;purpose=icon` (RFC 3261 7.3.1).

The base of most header values. A kind of its own is a pattern for what stands before the parameters, and a property for
each parameter that has a meaning.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Self

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.params import (
    VALUE,
    Params,
    equivalent_params,
    format_params,
    must_be_quoted,
    pairs_of,
    params_as_written,
    parse_params,
)
from sipsm.grammar.text_value import TextValue, built
from sipsm.grammar.tokens import QUOTED_STRING, TOKEN
from sipsm.grammar.uri import Uri
from sipsm.message.headers.scalars import whole_number

# *( SEMI generic-param )
_PARAMS = rf"(?:[ \t]*+;[ \t]*+{TOKEN}(?:[ \t]*+=[ \t]*+(?:{QUOTED_STRING}|{VALUE}|))?)*+[ \t]*+"
_NO_PARAMS: dict[str, str | None] = {}
_new = object.__new__


class WithParams(TextValue):
    """A value and its parameters (RFC 3261 7.3.1). Equal to another of its kind that differs in case or order only."""

    __slots__ = ("_params", "_params_at", "_value")

    pattern: ClassVar[str] = TOKEN
    """What stands before the parameters, as a regular expression without groups of linear time."""
    what: ClassVar[str] = "value"
    """What an error calls it."""
    rfc: ClassVar[str] = "3261 25.1"
    case_matters: ClassVar[bool] = False
    """Whether two values that differ in case are different ones."""
    _match: ClassVar[re.Pattern[str]] = re.compile(rf"({TOKEN})({_PARAMS})")

    _value: str
    _params: dict[str, str | None] | None
    _params_at: int

    def __init_subclass__(cls) -> None:
        cls._match = re.compile(rf"({cls.pattern})({_PARAMS})")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The value that the text is; raises RemoteProtocolError when it is none."""
        match = cls._match.fullmatch(text)
        if match is None:
            raise RemoteProtocolError(f"{text[:80]!r} is no {cls.what}", rfc=cls.rfc)
        value = _new(cls)
        value._text = text
        value._value, params = match.groups()
        value._params_at = match.start(2)
        if not params:
            value._params = _NO_PARAMS
        elif params.count(";") == 1:
            # One parameter cannot be there twice, and is taken apart when somebody asks.
            value._params = None
        else:
            value._params = parse_params(text, match.start(2))
        value._check()
        return value

    @classmethod
    def build(cls, value: str, params: Params = ()) -> Self:
        """One of its parts; raises LocalProtocolError when they cannot be written."""
        return cls._of(value, params)

    @classmethod
    def _of(cls, value: str, params: Params, **known: object) -> Self:
        """One of its parts: of the parameters that a kind knows those that are not None, and others behind them."""
        # (In Python's spelling of their names.)
        own = [(name.replace("_", "-"), str(content)) for name, content in known.items() if content is not None]
        made = built(cls.parse, value + format_params([*own, *pairs_of(params)], cls._is_quoted))
        if made._value != value:
            raise LocalProtocolError(f"{value!r} is no {cls.what}", rfc=cls.rfc)
        return made

    @classmethod
    def _is_quoted(cls, name: str, value: str) -> bool:
        """For kinds whose grammar wants quotes around more: whether a parameter, in lower case, is written in them."""
        return must_be_quoted(name, value)

    def _check(self) -> None:
        """For kinds with rules of their own: raises RemoteProtocolError when one is broken."""

    @property
    def value(self) -> str:
        """What stands before the parameters, as it came."""
        return self._value

    @property
    def params(self) -> Mapping[str, str | None]:
        """The parameters by lower-case name, in their order, quoted values unquoted; None is the value of a flag."""
        params = self._params
        if params is None:
            params = self._params = parse_params(self._text, self._params_at)
        return MappingProxyType(params)

    def _lower(self, name: str) -> str | None:
        """The value of a parameter in lower case, or None."""
        value = self.params.get(name)
        return None if value is None else value.lower()

    def _number(self, name: str) -> int | None:
        """The number that a parameter is, or None; raises RemoteProtocolError when it is another thing."""
        params = self.params
        return whole_number(params[name] or "") if name in params else None

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        assert isinstance(other, WithParams)
        if self._text == other._text:
            return True
        return self._key() == other._key() and equivalent_params(self._as_written(), other._as_written())

    def __hash__(self) -> int:
        return hash(self._key())

    def _as_written(self) -> dict[str, str | None]:
        return params_as_written(self._text, self._params_at)

    def _key(self) -> str:
        return self._value if self.case_matters else self._value.lower()


class UriWithParams(WithParams):
    """A URI in angle brackets and its parameters: `<sip:alice@example.com>;x=y` (RFC 3261 7.3.1)."""

    __slots__ = ("_uri",)

    # LAQUOT absoluteURI RAQUOT *( SEMI generic-param )
    pattern = r"<[^<>]++>"
    what = "URI in angle brackets"
    case_matters = True
    _uri: Uri

    @classmethod
    def build(cls, uri: Uri | str, params: Params = ()) -> Self:
        """One of a URI, without brackets, and parameters; raises LocalProtocolError when they cannot be written."""
        return cls._of(f"<{uri}>", params)

    @property
    def uri(self) -> Uri:
        """The URI, without its brackets."""
        return self._uri

    def _check(self) -> None:
        self._uri = Uri.parse(self._value[1:-1])
