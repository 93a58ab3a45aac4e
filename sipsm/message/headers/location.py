"""Where the caller is: Geolocation, Geolocation-Routing and Geolocation-Error (RFC 6442 4.1, 4.2 and 4.4)."""

from __future__ import annotations

import re

from sipsm.errors import RemoteProtocolError
from sipsm.grammar.params import VALUE
from sipsm.grammar.tokens import QUOTED_STRING, TOKEN
from sipsm.message.headers.field import Listed, Single
from sipsm.message.headers.with_params import UriWithParams, WithParams


class Geolocation(UriWithParams):
    """A place to read the location from: `<cid:target123@atlanta.example.com>` is in the body (RFC 6442 4.1)."""

    __slots__ = ()

    # locationValue = LAQUOT locationURI RAQUOT *(SEMI geoloc-param)
    what = "location"
    rfc = "6442 4.1"


# Georouting-header = "Geolocation-Routing" HCOLON ( "yes" / "no" / generic-value )
# generic-value = generic-param
_routing = re.compile(rf"{TOKEN}(?:[ \t]*+=[ \t]*+(?:{QUOTED_STRING}|{VALUE}))?").fullmatch


def _may_route(text: str) -> bool:
    if _routing(text) is None:
        raise RemoteProtocolError(f"{text[:80]!r} is neither yes nor no", rfc="6442 4.2")
    # "Implementations not aware of an extension MUST treat any other received value the same as "no"." (RFC 6442 4.2)
    return text.lower() == "yes"


class GeolocationError(WithParams):
    """What is wrong with a location: `200;code="Permission To Use Location Information"` (RFC 6442 4.4)."""

    __slots__ = ()

    # location-error-code = 1*3DIGIT
    pattern = "[0-9]{1,3}+"
    what = "Geolocation-Error"
    rfc = "6442 4.4"

    @classmethod
    def _is_quoted(cls, name: str, value: str) -> bool:
        # location-error-code-text = "code" EQUAL quoted-string
        return name == "code" or super()._is_quoted(name, value)

    @property
    def code(self) -> int:
        """What is wrong: of 100 to 399, the hundreds tell what to do about it (RFC 6442 4.4)."""
        return int(self._value)

    @property
    def text(self) -> str | None:
        """The same for humans."""
        return self.params.get("code")


GEOLOCATION = Listed("Geolocation", Geolocation.parse, rfc="6442 4.1")
GEOLOCATION_ROUTING = Single("Geolocation-Routing", _may_route, text=lambda may: "yes" if may else "no", rfc="6442 4.2")
GEOLOCATION_ERROR = Single("Geolocation-Error", GeolocationError.parse, rfc="6442 4.4")
