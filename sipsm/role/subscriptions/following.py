"""The INVITE that follows a REFER, and which header fields of the Refer-To URI it has.

RFC 3515 2.4.3, RFC 3261 19.1.5, RFC 3892 2.2.
"""

from __future__ import annotations

from typing import NamedTuple

from sipsm.dialog import as_request_uri
from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar import Uri
from sipsm.message import Request
from sipsm.message.headers import REFER_TO, field
from sipsm.message.names import canonical
from sipsm.role.calls.retrying import NOT_FROM_URIS
from sipsm.role.screening import Profile, unsupported


class Wanted(NamedTuple):
    """The INVITE that a REFER asks for."""

    target: Uri
    headers: list[tuple[str, str]]


def wanted(refer: Request, profile: Profile) -> Wanted:
    """What a REFER asks for. Raises `LocalProtocolError` when it is no INVITE that we could send."""
    address = refer[REFER_TO]
    assert address is not None, "a REFER without it is refused"
    uri = address.uri
    if uri.scheme not in {"sip", "sips"}:
        raise LocalProtocolError(
            f"cannot follow: {uri.scheme} is no scheme of SIP; contact it, and report by `progress`", rfc="3515 2.4.3"
        )
    method = uri.params.get("method") or "INVITE"
    if method != "INVITE":
        raise LocalProtocolError(
            f"cannot follow: it asks for {method}; send it if you want, and report by `progress`", rfc="3515 2.4.3"
        )
    headers = _headers_of(uri, profile)
    # "A UA accepting a REFER request (a referee) to a SIP URI (using either the sip: or sips: scheme) MUST copy any
    # Referred-By header field value and token into the referenced request without modification." (RFC 3892 2.2)
    # Deviation: RFC 3892 2.2 would have the token copied as well, a part of the body beside the offer; a referred-to
    # party that insists on it answers with 429.
    headers += [("Referred-By", value) for value in refer.lines_of("Referred-By")]
    return Wanted(as_request_uri(uri), headers)


def _headers_of(uri: Uri, profile: Profile) -> list[tuple[str, str]]:
    """The header fields that the URI asks for, without those that nobody may ask for."""
    there = [(name, value.strip(" \t")) for name, value in uri.header_fields]
    # Who has referred is what the REFER says.
    headers = [(name, value) for name, value in there if canonical(name) not in NOT_FROM_URIS | {"referred-by"}]
    # "If the request formed from constructing a message from a given URI is not a valid SIP request, the URI is
    # invalid." And: "An implementation MUST NOT send a request requiring an extension that it does not support." (RFC
    # 3261 19.1.5)
    request = Request.build("INVITE", as_request_uri(uri), headers)
    try:
        for name, _ in headers:
            known = field(canonical(name))
            if known is not None:
                request.check(known)
    except RemoteProtocolError as error:
        raise LocalProtocolError(f"its URI asks for {error.what}", rfc="3261 19.1.5") from None
    if strange := unsupported(profile, request):
        raise LocalProtocolError(f"it wants {', '.join(strange)} to be required", rfc="3261 19.1.5")
    return headers
