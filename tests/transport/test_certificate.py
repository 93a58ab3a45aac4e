"""Whose certificate it is (RFC 5922 7.1, 7.2)."""

from __future__ import annotations

from typing import Any

import pytest

from sipsm.transport.certificate import domains_of, is_for


def certificate(*alternatives: tuple[str, str], cn: tuple[str, ...] = (), san: bool = True) -> dict[str, Any]:
    """As Python tells of one."""
    subject = ((("organizationName", "Example"),), *((("commonName", name),) for name in cn))
    return {"subject": subject, **({"subjectAltName": alternatives} if san else {})}


@pytest.mark.rfc("5922 7.1")
@pytest.mark.parametrize(
    ("alternatives", "domains"),
    [
        ([("URI", "sip:example.com")], ["example.com"]),
        ([("URI", "SIP:Example.COM:5061;transport=tls")], ["example.com"]),
        ([("URI", "sip:example.com"), ("URI", "sip:example.net")], ["example.com", "example.net"]),
        ([("URI", "sips:example.com")], []),
        ([("URI", "https://example.com")], []),
        ([("URI", "xmpp:example.com")], []),
        ([("URI", "sip:alice@example.com")], []),
        ([("URI", "sip:example.com;x=@")], []),
        ([("URI", "sip:")], []),
        ([("URI", "sip:[::1")], []),
        ([("URI", "")], []),
        ([("DNS", "example.com")], ["example.com"]),
        ([("DNS", "example.com"), ("DNS", "sip.example.com")], ["example.com", "sip.example.com"]),
        ([("DNS", "Example.com."), ("DNS", "example.com")], ["example.com"]),
        ([("DNS", "other.example"), ("URI", "sip:example.com")], ["example.com"]),
        ([("DNS", "other.example"), ("URI", "sips:example.com")], ["other.example"]),
        ([("DNS", "other.example"), ("URI", "sip:alice@example.com")], ["other.example"]),
        ([("IP Address", "192.0.2.1")], ["192.0.2.1"]),
        ([("IP Address", "2001:DB8:0:0:0:0:0:1")], ["2001:db8::1"]),
        ([("IP Address", "192.0.2.1"), ("URI", "sip:example.com")], ["example.com"]),
        ([("URI", "sip:[2001:db8::1]:5061")], ["2001:db8::1"]),
        ([("email", "alice@example.com"), ("DirName", "x")], []),
        ([], []),
    ],
)
def test_what_a_certificate_names(alternatives: list[tuple[str, str]], domains: list[str]) -> None:
    """The hosts of its `sip` URIs without a user; else its host names; of nothing else, and no more of its subject."""
    assert domains_of(certificate(*alternatives, cn=("cn.example",))) == tuple(domains)


@pytest.mark.rfc("5922 7.1")
@pytest.mark.parametrize(
    ("cn", "domains"),
    [
        ((), []),
        (("example.com",), ["example.com"]),
        (("Example Ltd.",), []),
        (("192.0.2.1",), []),
        (("*.example.com",), []),
        (("example.com", "Example.net"), ["example.com", "example.net"]),
    ],
)
def test_the_subject_of_a_certificate_without_alternatives(cn: tuple[str, ...], domains: list[str]) -> None:
    """Its common name counts, where that is a name in the DNS, if and only if there is no subjectAltName at all."""
    assert domains_of(certificate(cn=cn, san=False)) == tuple(domains)


def test_a_certificate_that_nobody_has_verified() -> None:
    """Python tells nothing of it, and so it names nobody."""
    assert domains_of({}) == ()
    assert not is_for({}, "example.com")
    assert not is_for({}, "")


@pytest.mark.rfc("5922 7.2", "5922 7.3")
@pytest.mark.parametrize(
    ("named", "wanted", "same"),
    [
        (("DNS", "example.com"), "example.com", True),
        (("DNS", "EXAMPLE.com"), "eXample.COM", True),
        (("DNS", "example.com"), "example.com.", True),
        (("URI", "sip:example.com:5061;lr"), "example.com", True),
        (("DNS", "example.com"), "foo.example.com", False),
        (("DNS", "foo.example.com"), "example.com", False),
        (("DNS", "*.example.com"), "foo.example.com", False),
        (("DNS", "*.example.com"), "*.example.com", False),
        (("DNS", ".example.com"), "foo.example.com", False),
        (("DNS", "*"), "example.com", False),
        (("DNS", "example.com\0.evil.example"), "example.com", False),
        (("DNS", "xn--bcher-kva.example"), "XN--bcher-kva.example", True),
        (("IP Address", "192.0.2.1"), "192.0.2.1", True),
        (("IP Address", "2001:db8:0:0:0:0:0:1"), "2001:DB8::1", True),
        (("IP Address", "2001:db8::1"), "[2001:db8::1]", True),
        (("DNS", "192.0.2.1"), "192.0.2.2", False),
        (("DNS", ""), "", False),
    ],
)
def test_the_whole_name_is_compared(named: tuple[str, str], wanted: str, same: bool) -> None:
    """Whatever its letters' case, and the form of an address; no part of it, and no wildcard."""
    assert is_for(certificate(named), wanted) is same
