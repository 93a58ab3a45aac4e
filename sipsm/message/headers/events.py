"""Events: what is subscribed to, how the subscription stands, and which version of the state is meant.

RFC 6665 8.2 and 8.4; the tags of published and notified state by RFC 3903 11.3 and RFC 5839 7.2.
"""

from __future__ import annotations

import re
from typing import Self

from sipsm.grammar.params import Params
from sipsm.message.headers.field import Listed, Single
from sipsm.message.headers.scalars import token, tokens
from sipsm.message.headers.with_params import WithParams

# token-nodot = 1*( alphanum / "-"  / "!" / "%" / "*" / "_" / "+" / "`" / "'" / "~" )
_TOKEN_NODOT = r"[A-Za-z0-9\-!%*_+`'~]++"


class Event(WithParams):
    """A kind of event: a package, and the templates that are applied to it, as in `presence.winfo` (RFC 6665 8.2.1)."""

    __slots__ = ()

    # event-type = event-package *( "." event-template )
    pattern = rf"{_TOKEN_NODOT}(?:\.{_TOKEN_NODOT})*+"
    what = "kind of event"
    rfc = "6665 8.4"
    case_matters = True

    @classmethod
    def build(cls, value: str, params: Params = (), *, id: str | None = None) -> Self:
        """An event of its parts, such as "presence" or "refer" with an id (RFC 3515 2.4.6).

        Raises LocalProtocolError when they cannot be written.
        """
        return cls._of(value, params, id=id)

    @property
    def package(self) -> str:
        """The event package without templates: "presence" of `presence.winfo`."""
        return self._value.partition(".")[0]

    @property
    def templates(self) -> tuple[str, ...]:
        """The templates in their order: ("winfo",) of `presence.winfo` (RFC 6665 5.4.10)."""
        return tuple(self._value.split(".")[1:])

    @property
    def id(self) -> str | None:
        """What tells apart subscriptions to the same event in one dialog; None where nothing does."""
        return self.params.get("id")

    def matches(self, other: Event) -> bool:
        """Whether a NOTIFY of one belongs to a SUBSCRIBE of the other (RFC 6665 8.2.1)."""
        # "the event-type portion of the "Event" header field is compared byte by byte, and the "id" parameter token (if
        # present) is compared byte by byte.  An "Event" header field containing an "id" parameter never matches an
        # "Event" header field without an "id" parameter.  No other parameters are considered when performing a
        # comparison." (RFC 6665 8.2.1)
        return self._value == other._value and self.id == other.id


EVENT = Single("Event", Event.parse, rfc="6665 8.2.1")
# Allow-Events = ( "Allow-Events" / "u" ) HCOLON event-type *(COMMA event-type)
# Wider: any token, whatever its dots.
ALLOW_EVENTS = Listed("Allow-Events", token, parse_line=tokens, joined=True, rfc="6665 8.2.2")

# What nearly all notifiers send: its numbers need no second look.
_usual_state = re.compile(
    r"[a-z]++(?:;(?:expires=[0-9]{1,9}|retry-after=[0-9]{1,9}|reason=[a-z]++)(?=;|\Z))*+"
).fullmatch


class SubscriptionState(WithParams):
    """How a subscription stands: `active;expires=3600`, `terminated;reason=noresource` (RFC 6665 8.2.3)."""

    __slots__ = ()

    # Subscription-State   = "Subscription-State" HCOLON substate-value *( SEMI subexp-params )
    what = "state of a subscription"
    rfc = "6665 8.4"

    @classmethod
    def build(
        cls,
        value: str,
        params: Params = (),
        *,
        reason: str | None = None,
        expires_s: int | None = None,
        retry_after_s: int | None = None,
    ) -> Self:
        """A state of its parts, such as "terminated" with a reason; LocalProtocolError when they cannot be written."""
        return cls._of(value, params, reason=reason, expires=expires_s, retry_after=retry_after_s)

    def _check(self) -> None:
        # subexp-params = ("reason" EQUAL event-reason-value) / ("expires" EQUAL delta-seconds)
        #                 / ("retry-after" EQUAL delta-seconds) / generic-param
        if _usual_state(self._text) is None:
            self._number("expires")
            self._number("retry-after")

    @property
    def state(self) -> str:
        """The state in lower case: "active", "pending", "terminated", or one that an extension defines."""
        return self._value.lower()

    @property
    def reason(self) -> str | None:
        """Why the subscription is terminated, in lower case: "timeout", "noresource", or another (RFC 6665 4.1.3)."""
        return self._lower("reason")

    @property
    def expires_s(self) -> int | None:
        """How long the subscription lasts from now in seconds; of no meaning for "terminated" (RFC 6665 4.1.3)."""
        return self._number("expires")

    @property
    def retry_after_s(self) -> int | None:
        """How long the subscriber is to wait before it subscribes again, in seconds (RFC 6665 4.1.3)."""
        return self._number("retry-after")


SUBSCRIPTION_STATE = Single("Subscription-State", SubscriptionState.parse, rfc="6665 8.2.3")

# entity-tag = token
# Tags are opaque and compared octet by octet: of published state (RFC 3903 8.2), and of notified state (RFC 5839 6.2).
SIP_ETAG = Single("SIP-ETag", token, rfc="3903 11.3.1")
SIP_IF_MATCH = Single("SIP-If-Match", token, rfc="3903 11.3.2")
# Suppress-If-Match = "Suppress-If-Match" HCOLON ( entity-tag / "*" )
# The asterisk is a token as well, and stands for every tag.
SUPPRESS_IF_MATCH = Single("Suppress-If-Match", token, rfc="5839 7.2")
