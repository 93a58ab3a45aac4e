"""What an element can do and wants done: Allow, Supported, Require and their kin; Accept and its kin.

RFC 3261 20.1 to 20.3, 20.5, 20.29, 20.32, 20.37 and 20.40. Option tags, which have no case, are read in lower case;
methods have one (RFC 3261 7.1).
"""

from __future__ import annotations

from sipsm.grammar.params import quality
from sipsm.grammar.tokens import TOKEN
from sipsm.message.headers.content import LANGUAGE, MediaType
from sipsm.message.headers.field import Listed
from sipsm.message.headers.scalars import lower_token, lower_tokens, token, tokens
from sipsm.message.headers.with_params import WithParams

ALLOW = Listed("Allow", token, parse_line=tokens, may_be_empty=True, joined=True, rfc="3261 20.5")
SUPPORTED = Listed("Supported", lower_token, parse_line=lower_tokens, may_be_empty=True, joined=True, rfc="3261 20.37")
REQUIRE = Listed("Require", lower_token, parse_line=lower_tokens, joined=True, rfc="3261 20.32")
PROXY_REQUIRE = Listed("Proxy-Require", lower_token, parse_line=lower_tokens, joined=True, rfc="3261 20.29")
UNSUPPORTED = Listed("Unsupported", lower_token, parse_line=lower_tokens, joined=True, rfc="3261 20.40")


class Accept(MediaType):
    """One kind of body that is understood, or a range of them: `application/sdp;level=1;q=0.9` (RFC 3261 20.1)."""

    __slots__ = ()

    # media-range = ( "*/*" / ( m-type SLASH "*" ) / ( m-type SLASH m-subtype ) ) *( SEMI m-parameter )

    @property
    def q(self) -> float:
        """How much it is wanted, from 0 to 1; 1 when nothing is said."""
        return quality(self.params)

    def covers(self, media_type: str) -> bool:
        """Whether a body of that type, such as "application/sdp", is of this kind, parameters left aside."""
        mine, theirs = self.media_type, media_type.lower()
        return mine in (theirs, "*/*", theirs.partition("/")[0] + "/*")


class AcceptEncoding(WithParams):
    """One coding of bodies that is understood, or `*` for all: `gzip;q=0.5` (RFC 3261 20.2)."""

    __slots__ = ()

    # encoding = codings *(SEMI accept-param), codings = content-coding / "*", content-coding = token
    pattern = TOKEN
    what = "coding"
    rfc = "3261 20.2"

    @property
    def coding(self) -> str:
        """The name of the coding in lower case."""
        return self._value.lower()

    @property
    def q(self) -> float:
        """How much it is wanted, from 0 to 1; 1 when nothing is said."""
        return quality(self.params)


class AcceptLanguage(WithParams):
    """One language that is understood, or `*` for any: `en-gb;q=0.8` (RFC 3261 20.3)."""

    __slots__ = ()

    # language = language-range *(SEMI accept-param), language-range = ( ( 1*8ALPHA *( "-" 1*8ALPHA ) ) / "*" )
    pattern = rf"{LANGUAGE}|\*"
    what = "language"
    rfc = "3261 20.3"

    @property
    def language(self) -> str:
        """The language's tag in lower case."""
        return self._value.lower()

    @property
    def q(self) -> float:
        """How much it is wanted, from 0 to 1; 1 when nothing is said."""
        return quality(self.params)


# "An empty Accept header field means that no formats are acceptable." (RFC 3261 20.1)
ACCEPT = Listed("Accept", Accept.parse, may_be_empty=True, joined=True, rfc="3261 20.1")
# "An empty Accept-Encoding header field is permissible." (RFC 3261 20.2)
ACCEPT_ENCODING = Listed("Accept-Encoding", AcceptEncoding.parse, may_be_empty=True, joined=True, rfc="3261 20.2")
ACCEPT_LANGUAGE = Listed("Accept-Language", AcceptLanguage.parse, may_be_empty=True, joined=True, rfc="3261 20.3")
