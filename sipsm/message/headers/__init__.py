"""The header fields and their values (RFC 3261 20 and the RFCs that added to it).

`message[EXPIRES]` reads a header as its value. One that is not here needs no more than a field of its own:

    from sipsm import headers

    RETRY_COUNT = headers.Single("X-Retry-Count", int)
    message[RETRY_COUNT]
"""

from __future__ import annotations

from typing import Any

from sipsm.message.headers.authentication_info import AUTHENTICATION_INFO, PROXY_AUTHENTICATION_INFO, AuthenticationInfo
from sipsm.message.headers.capabilities import (
    ACCEPT,
    ACCEPT_ENCODING,
    ACCEPT_LANGUAGE,
    ALLOW,
    PROXY_REQUIRE,
    REQUIRE,
    SUPPORTED,
    UNSUPPORTED,
    Accept,
    AcceptEncoding,
    AcceptLanguage,
)
from sipsm.message.headers.challenge import PROXY_AUTHENTICATE, WWW_AUTHENTICATE, Challenge
from sipsm.message.headers.content import (
    CONTENT_DISPOSITION,
    CONTENT_ENCODING,
    CONTENT_ID,
    CONTENT_LANGUAGE,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    MIME_VERSION,
    ContentDisposition,
    ContentId,
    ContentType,
)
from sipsm.message.headers.core import (
    CALL_ID,
    CONTACT,
    CSEQ,
    FROM,
    MAX_BREADTH,
    MAX_FORWARDS,
    PATH,
    RECORD_ROUTE,
    REPLY_TO,
    ROUTE,
    SERVICE_ROUTE,
    TO,
    VIA,
)
from sipsm.message.headers.credentials import AUTHORIZATION, PROXY_AUTHORIZATION, Credentials
from sipsm.message.headers.dialogs import IN_REPLY_TO, JOIN, REPLACES, TARGET_DIALOG, Join, Replaces, TargetDialog
from sipsm.message.headers.events import (
    ALLOW_EVENTS,
    EVENT,
    SIP_ETAG,
    SIP_IF_MATCH,
    SUBSCRIPTION_STATE,
    SUPPRESS_IF_MATCH,
    Event,
    SubscriptionState,
)
from sipsm.message.headers.features import FeatureValue, features_of
from sipsm.message.headers.field import Listed, Single
from sipsm.message.headers.history import HISTORY_INFO, HistoryEntry
from sipsm.message.headers.identity import IDENTITY, P_ASSERTED_IDENTITY, P_PREFERRED_IDENTITY, PRIVACY, Identity
from sipsm.message.headers.info import INFO_PACKAGE, RECV_INFO, InfoPackage
from sipsm.message.headers.location import (
    GEOLOCATION,
    GEOLOCATION_ERROR,
    GEOLOCATION_ROUTING,
    Geolocation,
    GeolocationError,
)
from sipsm.message.headers.people import (
    ALERT_INFO,
    CALL_INFO,
    ERROR_INFO,
    ORGANIZATION,
    PRIORITY,
    SUBJECT,
    USER_TO_USER,
    InfoUri,
    UserToUser,
)
from sipsm.message.headers.preferences import (
    ACCEPT_CONTACT,
    REJECT_CONTACT,
    REQUEST_DISPOSITION,
    AcceptContact,
    RejectContact,
)
from sipsm.message.headers.reasons import REASON, WARNING, Reason, WarningValue
from sipsm.message.headers.reliability import RACK, RSEQ, RAck
from sipsm.message.headers.scalars import any_text, lower_token, lower_tokens, token, tokens, whole_number
from sipsm.message.headers.security import SECURITY_CLIENT, SECURITY_SERVER, SECURITY_VERIFY, SecurityMechanism
from sipsm.message.headers.software import SERVER, USER_AGENT, Product, Software
from sipsm.message.headers.times import (
    DATE,
    EXPIRES,
    FLOW_TIMER,
    MIN_EXPIRES,
    MIN_SE,
    RETRY_AFTER,
    SESSION_EXPIRES,
    TIMESTAMP,
    MinSE,
    RetryAfter,
    SessionExpires,
    Timestamp,
)
from sipsm.message.headers.transfer import (
    REFER_EVENTS_AT,
    REFER_SUB,
    REFER_TO,
    REFERRED_BY,
    ReferredBy,
    ReferSub,
    in_uri,
    with_headers,
)
from sipsm.message.headers.with_params import UriWithParams, WithParams
from sipsm.message.names import canonical

FIELDS: dict[str, Single[Any] | Listed[Any]] = {
    each.key: each for each in tuple(globals().values()) if isinstance(each, Single | Listed)
}
"""All fields that are named above, by the long form of their names in lower case."""


def field(name: str) -> Single[Any] | Listed[Any] | None:
    """The field of a header, by its name in any case or its compact form; None for one that is not known here."""
    return FIELDS.get(canonical(name))


__all__ = [
    "ACCEPT",
    "ACCEPT_CONTACT",
    "ACCEPT_ENCODING",
    "ACCEPT_LANGUAGE",
    "ALERT_INFO",
    "ALLOW",
    "ALLOW_EVENTS",
    "AUTHENTICATION_INFO",
    "AUTHORIZATION",
    "CALL_ID",
    "CALL_INFO",
    "CONTACT",
    "CONTENT_DISPOSITION",
    "CONTENT_ENCODING",
    "CONTENT_ID",
    "CONTENT_LANGUAGE",
    "CONTENT_LENGTH",
    "CONTENT_TYPE",
    "CSEQ",
    "DATE",
    "ERROR_INFO",
    "EVENT",
    "EXPIRES",
    "FIELDS",
    "FLOW_TIMER",
    "FROM",
    "GEOLOCATION",
    "GEOLOCATION_ERROR",
    "GEOLOCATION_ROUTING",
    "HISTORY_INFO",
    "IDENTITY",
    "INFO_PACKAGE",
    "IN_REPLY_TO",
    "JOIN",
    "MAX_BREADTH",
    "MAX_FORWARDS",
    "MIME_VERSION",
    "MIN_EXPIRES",
    "MIN_SE",
    "ORGANIZATION",
    "PATH",
    "PRIORITY",
    "PRIVACY",
    "PROXY_AUTHENTICATE",
    "PROXY_AUTHENTICATION_INFO",
    "PROXY_AUTHORIZATION",
    "PROXY_REQUIRE",
    "P_ASSERTED_IDENTITY",
    "P_PREFERRED_IDENTITY",
    "RACK",
    "REASON",
    "RECORD_ROUTE",
    "RECV_INFO",
    "REFERRED_BY",
    "REFER_EVENTS_AT",
    "REFER_SUB",
    "REFER_TO",
    "REJECT_CONTACT",
    "REPLACES",
    "REPLY_TO",
    "REQUEST_DISPOSITION",
    "REQUIRE",
    "RETRY_AFTER",
    "ROUTE",
    "RSEQ",
    "SECURITY_CLIENT",
    "SECURITY_SERVER",
    "SECURITY_VERIFY",
    "SERVER",
    "SERVICE_ROUTE",
    "SESSION_EXPIRES",
    "SIP_ETAG",
    "SIP_IF_MATCH",
    "SUBJECT",
    "SUBSCRIPTION_STATE",
    "SUPPORTED",
    "SUPPRESS_IF_MATCH",
    "TARGET_DIALOG",
    "TIMESTAMP",
    "TO",
    "UNSUPPORTED",
    "USER_AGENT",
    "USER_TO_USER",
    "VIA",
    "WARNING",
    "WWW_AUTHENTICATE",
    "Accept",
    "AcceptContact",
    "AcceptEncoding",
    "AcceptLanguage",
    "AuthenticationInfo",
    "Challenge",
    "ContentDisposition",
    "ContentId",
    "ContentType",
    "Credentials",
    "Event",
    "FeatureValue",
    "Geolocation",
    "GeolocationError",
    "HistoryEntry",
    "Identity",
    "InfoPackage",
    "InfoUri",
    "Join",
    "Listed",
    "MinSE",
    "Product",
    "RAck",
    "Reason",
    "ReferSub",
    "ReferredBy",
    "RejectContact",
    "Replaces",
    "RetryAfter",
    "SecurityMechanism",
    "SessionExpires",
    "Single",
    "Software",
    "SubscriptionState",
    "TargetDialog",
    "Timestamp",
    "UriWithParams",
    "UserToUser",
    "WarningValue",
    "WithParams",
    "any_text",
    "features_of",
    "field",
    "in_uri",
    "lower_token",
    "lower_tokens",
    "token",
    "tokens",
    "whole_number",
    "with_headers",
]
