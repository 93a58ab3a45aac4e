"""The CSeq header: which request of its kind this is (RFC 3261 8.1.1.5, 20.16)."""

from __future__ import annotations

import re
from typing import NamedTuple

from sipsm.errors import RemoteProtocolError
from sipsm.grammar.text_value import built
from sipsm.grammar.tokens import TOKEN, unfold
from sipsm.message.methods import KNOWN_METHODS

_cseq = re.compile(rf"[ \t]*+([0-9]++)[ \t]++({TOKEN})[ \t]*+").fullmatch


class CSeq(NamedTuple):
    """The number and the method of a request, and of the responses to it (RFC 3261 20.16)."""

    number: int
    """Rises by one with each request of a dialog; less than 2**31."""
    method: str
    """The request's method, case and all."""

    @classmethod
    def parse(cls, text: str) -> CSeq:
        """The CSeq that the text is; raises RemoteProtocolError when it is none (RFC 3261 20.16)."""
        # CSeq = "CSeq" HCOLON 1*DIGIT LWS Method
        digits, _, method = text.partition(" ")
        if method not in KNOWN_METHODS or not (digits.isdecimal() and digits.isascii()):
            digits, method = _loose(text)
        # "The sequence number value MUST be expressible as a 32-bit unsigned integer and MUST be less than 2**31."
        # (RFC 3261 8.1.1.5)
        if len(digits) > 10:
            digits = digits.lstrip("0")[:11] or "0"
        number = int(digits)
        if number >= 2**31:
            raise RemoteProtocolError(f"CSeq {text[:40]!r} is not below 2**31", rfc="3261 8.1.1.5", at=0)
        return tuple.__new__(cls, (number, method))

    @classmethod
    def build(cls, number: int, method: str) -> CSeq:
        """One of its parts; LocalProtocolError when they cannot be written, or the number is not below 2**31."""
        return built(cls.parse, f"{number} {method}")

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


def _loose(text: str) -> tuple[str, str]:
    """Number and method with any white space between them, the method being a stranger."""
    match = _cseq(unfold(text))
    if match is None:
        raise RemoteProtocolError(f"{text[:40]!r} is no CSeq", rfc="3261 20.16", at=0)
    return match[1], match[2]
