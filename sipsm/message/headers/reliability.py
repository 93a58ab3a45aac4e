"""Reliable provisional responses: RSeq numbers one, RAck says which one a PRACK acknowledges (RFC 3262 7)."""

from __future__ import annotations

import re
from typing import NamedTuple

from sipsm.errors import RemoteProtocolError
from sipsm.grammar.text_value import built
from sipsm.grammar.tokens import TOKEN
from sipsm.message.headers.field import Single
from sipsm.message.headers.scalars import whole_number

# RAck = "RAck" HCOLON response-num LWS CSeq-num LWS Method
# response-num = 1*DIGIT, CSeq-num = 1*DIGIT
_rack = re.compile(rf"([0-9]++)[ \t]++([0-9]++)[ \t]++({TOKEN})").fullmatch


def _rseq(text: str) -> int:
    # "It contains a single numeric value from 1 to 2**32 - 1." (RFC 3262 7.1)
    number = whole_number(text)
    if number == 0:
        raise RemoteProtocolError("an RSeq of 0", rfc="3262 7.1")
    return number


RSEQ = Single("RSeq", _rseq, rfc="3262 7.1")


class RAck(NamedTuple):
    """Which reliable provisional response is acknowledged (RFC 3262 7.2)."""

    rseq: int
    """The RSeq of the response, from 1 to 2**32 - 1."""
    cseq_number: int
    """The number in the CSeq of the response, less than 2**31."""
    method: str
    """The method in the CSeq of the response, case and all."""

    @classmethod
    def parse(cls, text: str) -> RAck:
        """The RAck that the text is; raises RemoteProtocolError when it is none (RFC 3262 10)."""
        match = _rack(text)
        if match is None:
            raise RemoteProtocolError(f"{text[:80]!r} is no RAck", rfc="3262 7.2")
        number = whole_number(match[2])
        if number >= 2**31:
            # "The sequence number value MUST be expressible as a 32-bit unsigned integer and MUST be less than 2**31."
            # (RFC 3261 8.1.1.5)
            raise RemoteProtocolError(f"the CSeq number {number} is not below 2**31", rfc="3261 8.1.1.5")
        return tuple.__new__(cls, (_rseq(match[1]), number, match[3]))

    @classmethod
    def build(cls, rseq: int, cseq_number: int, method: str) -> RAck:
        """A RAck of its parts; raises LocalProtocolError when one of them is out of its bounds."""
        return built(cls.parse, f"{rseq} {cseq_number} {method}")

    def __str__(self) -> str:
        return f"{self.rseq} {self.cseq_number} {self.method}"


RACK = Single("RAck", RAck.parse, rfc="3262 7.2")
