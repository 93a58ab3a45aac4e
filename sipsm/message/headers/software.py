"""What software speaks: Server and User-Agent (RFC 3261 20.35 and 20.41)."""

from __future__ import annotations

import re
from typing import NamedTuple, Self

from sipsm.errors import LocalProtocolError
from sipsm.grammar.tokens import COMMENT, TOKEN, comment_text, format_comment, is_token, refuse_line_ends
from sipsm.message.headers.field import Single

# server-val = product / comment, product = token [SLASH product-version], product-version = token
_server_vals = re.compile(rf"({TOKEN})(?:[ \t]*+/[ \t]*+({TOKEN}))?|({COMMENT})").finditer


class Product(NamedTuple):
    """One name in a Server or User-Agent, and its version where there is one: `SIPimp.org/0.2.5`."""

    name: str
    version: str | None = None

    def __str__(self) -> str:
        return self.name if self.version is None else f"{self.name}/{self.version}"


class Software(str):
    """The text of a Server or User-Agent, which is a str: `SIPimp.org/0.2.5 (curses)`.

    Any text is one, for few programs keep to the grammar, and nothing depends on it; products and comments are what
    can be made out.
    """

    __slots__ = ()

    @classmethod
    def build(cls, *products: Product | str, comment: str | None = None) -> Self:
        """One of products and a comment; LocalProtocolError when they cannot be written."""
        parts = [str(product) for product in products]
        for part in parts:
            name, slash, version = part.partition("/")
            if not is_token(name) or (slash and not is_token(version)):
                raise LocalProtocolError(f"{part!r} cannot be the name of a product", rfc="3261 25.1")
        if comment is not None:
            parts.append(format_comment(refuse_line_ends(comment)))
        return cls(" ".join(parts))

    @property
    def products(self) -> tuple[Product, ...]:
        """The names and their versions, in order."""
        return tuple(Product(match[1], match[2]) for match in _server_vals(self) if match[1])

    @property
    def comments(self) -> tuple[str, ...]:
        """What stands in parentheses, without them."""
        return tuple(comment_text(match[3]) for match in _server_vals(self) if match[3])


SERVER = Single("Server", Software, rfc="3261 20.35")
USER_AGENT = Single("User-Agent", Software, rfc="3261 20.41")
