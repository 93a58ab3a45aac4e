"""Who is calling, by the word of others, and whether it may be told: P-Asserted-Identity, Identity, Privacy.

RFC 3325 9.1 and 9.2 with RFC 5876 4.5; RFC 8224 4; RFC 3323 4.2 with the values of RFC 3325 9.3 and RFC 7044 5. Not
here: whether the signature is good (RFC 8225).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Self

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.params import VALUE, Params, format_params
from sipsm.grammar.text_value import built
from sipsm.grammar.tokens import QUOTED_STRING, TOKEN, unquote
from sipsm.grammar.uri import Uri
from sipsm.message.address import Address
from sipsm.message.headers.core import address_of_one
from sipsm.message.headers.field import Listed
from sipsm.message.headers.scalars import lower_token
from sipsm.message.headers.with_params import WithParams

# Which schemes take each other's place: "ignore a SIP URI if a SIPS URI occurred earlier in the header field and vice
# versa." (RFC 5876 4.5)
_KINDS = {"sip": "sip", "sips": "sip", "tel": "tel"}


class _Identities(Listed[Address]):
    """At most one SIP or SIPS URI, and at most one tel URI."""

    __slots__ = ()

    def read_one(self, text: str) -> tuple[Address, ...]:
        return self.read((text,))

    def read(self, values: Sequence[str]) -> tuple[Address, ...]:
        # "If an entity receives a request containing a P-Asserted-Identity or P-Preferred-Identity header field
        # containing an unexpected number of URIs or unexpected URI schemes, it MUST act as follows" (RFC 5876 4.5): it
        # ignores them. The first of a kind counts.
        first: dict[str, Address] = {}
        for address in super().read(values):
            kind = _KINDS.get(address._uri_text.partition(":")[0].lower())
            if kind is not None:
                first.setdefault(kind, address)
        return tuple(first.values())

    def lines(self, values: Iterable[Address | str]) -> list[str]:
        lines = super().lines(values)
        if len(self.read(lines)) < len(super().read(lines)):
            # "If there are two values, one value MUST be a sip or sips URI and the other MUST be a tel URI."
            # (RFC 3325 9.1)
            raise LocalProtocolError(f"{self.name} is one SIP or SIPS URI, one tel URI or both", rfc="3325 9.1")
        return lines


P_ASSERTED_IDENTITY = _Identities("P-Asserted-Identity", address_of_one, rfc="3325 9.1")
P_PREFERRED_IDENTITY = _Identities("P-Preferred-Identity", address_of_one, rfc="3325 9.2")

# Identity = "Identity" HCOLON signed-identity-digest SEMI ident-info *( SEMI ident-info-params )
# signed-identity-digest = 1*(base64-char / ".")
# ident-info = "info" EQUAL ident-info-uri, ident-info-uri = LAQUOT absoluteURI RAQUOT
# Wider by the characters of base64url, which PASSporTs are made of and the RFC's examples have; and by info, which may
# stand anywhere among the parameters.
_DIGEST = r"[A-Za-z0-9/+.=_\-]++"
_VALUE = rf"(?:<[^<>\"\s]++>|{QUOTED_STRING}|{VALUE})"
_identity = re.compile(rf"({_DIGEST})((?:[ \t]*+;[ \t]*+{TOKEN}(?:[ \t]*+=[ \t]*+{_VALUE})?+)++)[ \t]*+").fullmatch
_params = re.compile(rf"[ \t]*+;[ \t]*+({TOKEN})(?:[ \t]*+=[ \t]*+({_VALUE}))?").findall


class Identity(WithParams):
    """A signature over who is calling whom: `eyJh...;info=<https://cert.example.org/a.cer>;alg=ES256` (RFC 8224 4)."""

    __slots__ = ()

    pattern = _DIGEST
    what = "Identity"
    rfc = "8224 4"
    case_matters = True

    @classmethod
    def parse(cls, text: str) -> Self:
        """The Identity that the text is; raises RemoteProtocolError when it is none (RFC 8224 4)."""
        match = _identity(text)
        if match is None:
            raise RemoteProtocolError(f"{text[:80]!r} is no Identity", rfc="8224 4")
        found = _params(text, match.start(2))
        identity = object.__new__(cls)
        identity._text = text
        identity._value = match[1]
        identity._params = params = {name.lower(): unquote(value) if value else None for name, value in found}
        if len(params) < len(found):
            raise RemoteProtocolError(f"a parameter is there twice in {text[-80:]!r}", rfc="3261 7.3.1")
        info = params.get("info") or ""
        if info[:1] != "<":
            raise RemoteProtocolError("an Identity without info=<...>", rfc="8224 4")
        params["info"] = info[1:-1]
        Uri.parse(info[1:-1])
        return identity

    def _as_written(self) -> dict[str, str | None]:
        return dict(self.params)

    @classmethod
    def build(
        cls, value: str, params: Params = (), *, info: Uri | str = "", alg: str | None = None, ppt: str | None = None
    ) -> Self:
        """One of a signed PASSporT, in full or compact form, and where its certificate is.

        Raises LocalProtocolError when the parts cannot be written.
        """
        known = {name: value for name, value in (("alg", alg), ("ppt", ppt)) if value is not None}
        made = built(cls.parse, f"{value};info=<{info}>{format_params(known)}{format_params(params)}")
        if made._value != value or made.params["info"] != str(info):
            raise LocalProtocolError(f"{value!r} and {str(info)!r} make no Identity", rfc="8224 4")
        return made

    @property
    def info(self) -> Uri:
        """Where the certificate is that the signature is checked with (RFC 8224 7.3)."""
        return Uri.parse(self.params["info"] or "")

    @property
    def alg(self) -> str | None:
        """The algorithm of the signature, such as "ES256"."""
        return self.params.get("alg")

    @property
    def ppt(self) -> str | None:
        """The kind of PASSporT, such as "shaken"; None for the plain one."""
        return self.params.get("ppt")


IDENTITY = Listed("Identity", Identity.parse, rfc="8224 4")


def _priv_values(line: str) -> list[str]:
    # Privacy-hdr = "Privacy" HCOLON priv-value *(";" priv-value)
    return [lower_token(value.strip(" \t")) for value in line.split(";")]


def _check_priv_values(values: tuple[str, ...]) -> None:
    # "Each legitimate priv-value can appear zero or one times in a Privacy header." (RFC 3323 4.2)
    if len(set(values)) < len(values):
        raise RemoteProtocolError(f"a value of Privacy is there twice: {';'.join(values)[:80]}", rfc="3323 4.2")
    # "User agents MUST NOT populate any other priv-values (including 'critical') in a Privacy header that contains a
    # value of 'none'." (RFC 3323 4.2)
    if "none" in values:
        raise RemoteProtocolError("Privacy is none, and something else", rfc="3323 4.2")


class _Privacy(Listed[str]):
    """A list with semicolons between its values, which stands on one line."""

    __slots__ = ()

    def lines(self, values: Iterable[str]) -> list[str]:
        text = ";".join(values)
        return super().lines([text]) if text else []


PRIVACY = _Privacy("Privacy", lower_token, check=_check_priv_values, parse_line=_priv_values, rfc="3323 4.2")
