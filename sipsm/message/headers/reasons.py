"""Why something is as it is: Reason (RFC 3326) and Warning (RFC 3261 20.43)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple, Self

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.params import Params
from sipsm.grammar.tokens import IPV6_REFERENCE, PORT, QUOTED_STRING, TOKEN, quote, refuse_line_ends, unquote
from sipsm.message.headers.field import Listed
from sipsm.message.headers.scalars import whole_number
from sipsm.message.headers.with_params import WithParams


class Reason(WithParams):
    """Why a request was sent: `SIP;cause=200;text="Call completed elsewhere"` (RFC 3326 2)."""

    __slots__ = ()

    # reason-value  = protocol *(SEMI reason-params), protocol = "SIP" / "Q.850" / token
    # reason-params = protocol-cause / reason-text / reason-extension
    pattern = TOKEN
    what = "reason"
    rfc = "3326 2"

    @classmethod
    def build(cls, value: str, params: Params = (), *, cause: int | None = None, text: str | None = None) -> Self:
        """One of a protocol, such as "SIP", its cause and a text to show; LocalProtocolError when they cannot be."""
        pairs = list(params.items() if isinstance(params, Mapping) else params)
        if cause is not None:
            pairs.insert(0, ("cause", str(cause)))
        built = super().build(value, pairs)
        if text is None:
            return built
        # reason-text = "text" EQUAL quoted-string, so that one word has quotes as well.
        try:
            return cls.parse(f"{built};text={quote(refuse_line_ends(text))}")
        except RemoteProtocolError as error:
            raise LocalProtocolError(error.what, rfc=error.rfc) from None

    @property
    def protocol(self) -> str:
        """Whose causes these are, as it came: "SIP", "Q.850"."""
        return self._value

    @property
    def cause(self) -> int | None:
        """The number of the cause: a status code of SIP, a cause value of Q.850."""
        cause = self.params.get("cause")
        return None if cause is None else whole_number(cause)

    @property
    def text(self) -> str | None:
        """What to show of it."""
        return self.params.get("text")

    def _check(self) -> None:
        # cause = 1*DIGIT
        whole_number(self.params.get("cause", "0") or "")


# warning-value = warn-code SP warn-agent SP warn-text, warn-code = 3DIGIT, warn-text = quoted-string
# warn-agent    = hostport / pseudonym, pseudonym = token
# Wider by more white space than one SP, and by a pseudonym with a port.
_warning = re.compile(
    rf"([0-9]{{3}})[ \t]++((?:{TOKEN}|{IPV6_REFERENCE})(?::{PORT})?)[ \t]++({QUOTED_STRING})"
).fullmatch


class WarningValue(NamedTuple):
    """What somebody on the way has to say of a response: `307 isi.edu "Session parameter 'foo' not understood"`.

    RFC 3261 20.43.
    """

    code: int
    """Three digits: what it is about."""
    agent: str
    """Who says so: a host with or without its port, or a name that stands for one."""
    text: str
    """For people to read, without quotes and escapes."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The warning that the text is; else raises RemoteProtocolError."""
        match = _warning(text)
        if match is None:
            raise RemoteProtocolError(f"{text[:80]!r} is no warning", rfc="3261 20.43")
        code, agent, quoted = match.groups()
        return tuple.__new__(cls, (int(code), agent, unquote(quoted)))

    @classmethod
    def build(cls, code: int, agent: str, text: str) -> Self:
        """One of its parts; LocalProtocolError when they cannot be written."""
        built = cls(code, agent, text)
        match = _warning(refuse_line_ends(str(built)))
        if match is None or match[2] != agent:
            raise LocalProtocolError(f"{built!r} is no warning", rfc="3261 20.43")
        return built

    def __str__(self) -> str:
        return f"{self.code:03} {self.agent} {quote(self.text)}"


REASON = Listed("Reason", Reason.parse, rfc="3326 2")
WARNING = Listed("Warning", WarningValue.parse, rfc="3261 20.43")
