"""Whose certificate it is: the SIP domains that it names, and whether one of them is the wanted one.

RFC 5922 7.1 (finding SIP identities in a certificate), 7.2 (comparing them), 7.3 (what a client does with them). The
certificate is what Python's `ssl` tells of one that has been verified; whom to trust is decided there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any, Final

from sipsm.errors import RemoteProtocolError
from sipsm.grammar import Uri, is_host
from sipsm.transport.flow import is_numeric

Certificate = Mapping[str, Any]
"""As `ssl.SSLSocket.getpeercert()` returns it: `{"subjectAltName": (("DNS", "example.com"),), "subject": ...}`."""

_NAMES: Final = {"DNS", "IP Address"}


def domains_of(certificate: Certificate) -> tuple[str, ...]:
    """The domains whose certificate it is, in lower case, each once; none of one that names none (RFC 5922 7.1)."""
    if "subjectAltName" not in certificate:
        # "If and only if the subjectAltName does not appear in the certificate, the implementation MAY examine the CN
        # field of the certificate. If a valid DNS name is found there, the implementation MAY accept this value as a
        # SIP domain identity." (RFC 5922 7.1)
        return tuple(dict.fromkeys(_comparable(name) for name in _common_names(certificate) if _is_name(name)))
    alternatives = certificate["subjectAltName"]
    # "An implementation MUST accept a domain name system identifier as a SIP domain identity if and only if no other
    # identity is found that matches the "sip" URI type described above." (RFC 5922 7.1)
    found = [domain for kind, value in alternatives if kind == "URI" for domain in _domain_of(value)]
    # Deviation: RFC 5922 7.1 has no identity in an address, since it is no domain. Of a URI whose host is one, such as
    # the Contact of most user agents, nothing else could ever be proved, so it counts as RFC 2818 3.1 has it for HTTP.
    found = found or [value for kind, value in alternatives if kind in _NAMES]
    return tuple(dict.fromkeys(map(_comparable, found)))


def is_for(certificate: Certificate, domain: str) -> bool:
    """Whether it is the certificate of this domain: of that of the URI that was looked up (RFC 5922 7.3)."""
    # "Implementations MUST match the values in their entirety: Implementations MUST NOT match suffixes." and
    # "Implementations MUST NOT match any form of wildcard, such as a leading "." or "*." with any other DNS label or
    # sequence of labels." (RFC 5922 7.2)
    return (_is_name(domain) or is_numeric(domain)) and _comparable(domain) in domains_of(certificate)


def _domain_of(uri: str) -> Iterator[str]:
    # "If the scheme of the URI is not "sip", then the implementation MUST NOT accept the value as a SIP domain
    # identity." And "If the scheme of the URI value is "sip", and the URI value that contains a userpart (there is an
    # '@'), the implementation MUST NOT accept the value as a SIP domain identity" (RFC 5922 7.1)
    if "@" in uri:
        return
    try:
        parsed = Uri.parse(uri)
    except RemoteProtocolError:
        return
    if parsed.scheme == "sip":
        # "Implementations MUST compare only the DNS name component of each SIP domain identifier; an implementation
        # MUST NOT use any scheme or parameters in the comparison." (RFC 5922 7.2)
        yield parsed.host


def _common_names(certificate: Certificate) -> Iterator[str]:
    for names in certificate.get("subject", ()):
        yield from (value for kind, value in names if kind == "commonName")


def _is_name(text: str) -> bool:
    return is_host(text) and not is_numeric(text)


def _comparable(host: str) -> str:
    # "Implementations MUST compare the values as DNS names, which means that the comparison is case insensitive"
    # (RFC 5922 7.2)  An address has several forms (RFC 5954 4.2).
    return str(ip_address(host.strip("[]"))) if is_numeric(host) else host.lower().removesuffix(".")
