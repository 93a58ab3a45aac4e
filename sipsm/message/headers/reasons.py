"""Why something is as it is: Reason (RFC 3326) and Warning (RFC 3261 20.43)."""

from __future__ import annotations

import re
from typing import NamedTuple, Self

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.params import Params
from sipsm.grammar.text_value import built
from sipsm.grammar.tokens import IPV6_REFERENCE, PORT, QUOTED_STRING, TOKEN, quote, unquote
from sipsm.message.headers.field import Listed
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
        return cls._of(value, params, cause=cause, text=text)

    @classmethod
    def _is_quoted(cls, name: str, value: str) -> bool:
        # reason-text = "text" EQUAL quoted-string
        return name == "text" or super()._is_quoted(name, value)

    @property
    def protocol(self) -> str:
        """Whose causes these are, as it came: "SIP", "Q.850"."""
        return self._value

    @property
    def cause(self) -> int | None:
        """The number of the cause: a status code of SIP, a cause value of Q.850."""
        return self._number("cause")

    @property
    def text(self) -> str | None:
        """What to show of it."""
        return self.params.get("text")

    def _check(self) -> None:
        # cause = 1*DIGIT
        self._number("cause")


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
        asked = cls(code, agent, text)
        if built(cls.parse, str(asked)) != asked:
            raise LocalProtocolError(f"{asked!r} is no warning", rfc="3261 20.43")
        return asked

    def __str__(self) -> str:
        return f"{self.code:03} {self.agent} {quote(self.text)}"


REASON = Listed("Reason", Reason.parse, rfc="3326 2")
WARNING = Listed("Warning", WarningValue.parse, rfc="3261 20.43")
