"""All fields together, and a field of one's own (RFC 3261 7.3, 20)."""

from __future__ import annotations

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message import Address, Request, headers
from sipsm.message.headers import Single
from sipsm.message.names import COMPACT, ONCE

# The headers of RFC 3261 20, and of the RFCs that added to it.
NAMES = """
Accept Accept-Contact Accept-Encoding Accept-Language Alert-Info Allow Allow-Events Authentication-Info Authorization
CSeq Call-ID Call-Info Contact Content-Disposition Content-Encoding Content-ID Content-Language Content-Length
Content-Type Date Error-Info Event Expires Flow-Timer From Geolocation Geolocation-Error Geolocation-Routing
History-Info Identity In-Reply-To Info-Package Join MIME-Version Max-Breadth Max-Forwards Min-Expires Min-SE
Organization P-Asserted-Identity P-Preferred-Identity Path Priority Privacy Proxy-Authenticate
Proxy-Authentication-Info Proxy-Authorization Proxy-Require RAck RSeq Reason Record-Route Recv-Info Refer-Events-At
Refer-Sub Refer-To Referred-By Reject-Contact Replaces Reply-To Request-Disposition Require Retry-After Route SIP-ETag
SIP-If-Match Security-Client Security-Server Security-Verify Server Service-Route Session-Expires Subject
Subscription-State Supported Suppress-If-Match Target-Dialog Timestamp To Unsupported User-Agent User-to-User Via
WWW-Authenticate Warning
"""


@pytest.mark.rfc("3261 20")
@pytest.mark.parametrize("name", NAMES.split())
def test_every_header_has_a_field(name: str) -> None:
    """Each header of the standards is there under its own name, in capitals and with underscores."""
    field = headers.field(name)
    assert field is getattr(headers, name.upper().replace("-", "_"))
    assert field.name == name


def test_no_other_field() -> None:
    """The fields that are found by name are these, and no more."""
    assert sorted(NAMES.split()) == sorted(field.name for field in headers.FIELDS.values())


@pytest.mark.rfc("3261 7.3.3")
@pytest.mark.parametrize(("compact", "name"), COMPACT.items())
def test_compact_forms(compact: str, name: str) -> None:
    """A compact form is another spelling of the same header."""
    assert headers.field(compact) is headers.field(compact.upper()) is headers.field(name)


def test_no_field() -> None:
    """A header that nobody has standardised has no field; nobody stops you from making one."""
    assert headers.field("X-Retry-Count") is None
    retry_count = headers.Single("X-Retry-Count", headers.whole_number, rfc="ours")
    request = Request.build("OPTIONS", "sip:b", [(retry_count, 3), ("Subject", "x")])
    assert request[retry_count] == 3
    assert request.with_header("x-retry-count", "many").header(retry_count) == "many"
    with pytest.raises(RemoteProtocolError):
        request.with_header("X-Retry-Count", "many")[retry_count]
    assert request.names == ("x-retry-count", "subject", "content-length")


@pytest.mark.rfc("3261 20.10", "3261 10.2.1.1")
@pytest.mark.parametrize(
    ("params", "q", "expires"),
    [
        ("", 1.0, None),
        (";q=0.7;expires=60", 0.7, 60),
        (";expires=0", 1.0, 0),
        (";expires=007;q=1.000", 1.0, 7),
        (";expires", 1.0, 3600),
        (";expires=soon;q=2", 1.0, 3600),
        (";expires=\u0663", 1.0, 3600),
        (";expires=-1", 1.0, 3600),
        (";expires=4294967296", 1.0, 2**32 - 1),
        (";expires=" + "9" * 5000, 1.0, 2**32 - 1),
    ],
)
def test_the_parameters_of_a_contact(params: str, q: float, expires: int | None) -> None:
    """A Contact says how much it is wanted and for how long; malformed seconds are an hour."""
    contact = Address.parse(f"<sip:a@b>{params}" if "\u0663" not in params else '<sip:a@b>;expires="\u0663"')
    assert contact.q == q
    assert contact.expires_s == expires


@pytest.mark.rfc("3261 7.3.1")
def test_which_headers_a_message_has_once() -> None:
    """All whose value is a single one, and no others: a message with two of them is not built."""
    single = {each.key: each for each in vars(headers).values() if isinstance(each, Single)}
    assert frozenset(single) == ONCE
    for each in single.values():
        if each.key != "content-length":
            with pytest.raises(LocalProtocolError, match=r"one header|there is a"):
                Request.build("OPTIONS", "sip:a", [(each.name, "1"), (each.name.lower(), "2")])
            with pytest.raises(LocalProtocolError, match="there is a"):
                Request.build("OPTIONS", "sip:a", [(each.name, "1")]).with_added(each.name.upper(), "2")
