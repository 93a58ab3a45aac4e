"""Values some of whose parameters are always written in quotes: `*;mobility="fixed"` (RFC 3841 10, RFC 3329 2.2)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Self

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.params import Params, format_params
from sipsm.grammar.tokens import quote, refuse_line_ends
from sipsm.message.headers.with_params import WithParams


class WithQuotedParams(WithParams):
    """A value whose grammar says DQUOTE around some of its parameters, whatever is in them."""

    __slots__ = ()

    @classmethod
    def build(cls, value: str, params: Params = ()) -> Self:
        """One of its parts; raises LocalProtocolError when they cannot be written."""
        text = refuse_line_ends(value)
        for name, content in params.items() if isinstance(params, Mapping) else params:
            if content is None or not cls._is_quoted(name.lower()):
                text += format_params([(name, content)])
            else:
                text += f"{format_params([(name, None)])}={quote(refuse_line_ends(content))}"
        try:
            built = cls.parse(text)
        except RemoteProtocolError as error:
            raise LocalProtocolError(error.what, rfc=error.rfc) from None
        if built.value != value:
            raise LocalProtocolError(f"{value!r} is no {cls.what}", rfc=cls.rfc)
        return built

    @classmethod
    @abstractmethod
    def _is_quoted(cls, name: str) -> bool:
        """Whether the grammar wants the value of the parameter, named in lower case, in quotes."""
