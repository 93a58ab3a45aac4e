"""The digests, against the examples of the RFCs, and against what the headers say of each other."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipsm.auth.digest import (
    ALGORITHMS,
    algorithm_of,
    checked,
    digest,
    key_of_session,
    key_of_user,
    octets,
    response_digest,
)
from sipsm.errors import LocalProtocolError

NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


@pytest.mark.rfc("2617 3.5")
def test_the_example_of_rfc_2617() -> None:
    """Mufasa knows the circle of life."""
    key = key_of_user("MD5", "Mufasa", "testrealm@host.com", "Circle Of Life")
    assert key == "939e7578ed9e3c518a452acee763bce9"
    assert (
        response_digest(
            "MD5",
            key,
            method="GET",
            uri="/dir/index.html",
            nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",
            qop="auth",
            cnonce="0a4f113b",
            nc="00000001",
        )
        == "6629fae49393a05397450978507c4ef1"
    )


@pytest.mark.rfc("7616 3.9.1")
@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_first_example_of_rfc_7616(algorithm: str, response: str) -> None:
    """And knows it with SHA-256 too."""
    key = key_of_user(algorithm, "Mufasa", "http-auth@example.org", "Circle of Life")
    uri = "/dir/index.html"
    made = response_digest(algorithm, key, method="GET", uri=uri, nonce=NONCE, qop="auth", cnonce=CNONCE, nc="00000001")
    assert made == response


@pytest.mark.rfc("7616 3.9.2")
def test_the_second_example_of_rfc_7616() -> None:
    """A name that is not in ASCII is digested as UTF-8; SHA-512/256 is not the first half of SHA-512.

    The example was computed with that half, as its user's hash shows.
    """
    user, realm = "J\u00e4s\u00f8n Doe", "api@example.org"
    printed = "488869477bf257147b804c45308cd62ac4e25eb717b12b298c79e62dcea254ec"
    assert hashlib.sha512(octets(f"{user}:{realm}")).hexdigest()[:64] == printed
    assert digest("SHA-512-256", octets(f"{user}:{realm}")) == (
        "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
    )
    made = response_digest(
        "SHA-512-256",
        key_of_user("SHA-512-256", user, realm, "Secret, or not?"),
        method="GET",
        uri="/doe.json",
        nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
        qop="auth",
        cnonce="NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
        nc="00000001",
    )
    assert made == "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"


@pytest.mark.rfc("3261 22.4", "8760 2.6")
@pytest.mark.parametrize(
    ("algorithm", "empty"),
    [
        ("MD5", "d41d8cd98f00b204e9800998ecf8427e"),
        ("SHA-256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("SHA-512-256", "c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a"),
    ],
)
def test_a_body_that_is_not_there(algorithm: str, empty: str) -> None:
    """It is digested as an empty one, by auth-int."""
    assert digest(algorithm, b"") == digest(f"{algorithm}-sess", b"") == empty
    made = response_digest(
        algorithm, "key", method="BYE", uri="sip:a", nonce="n", qop="auth-int", cnonce="c", nc="00000001"
    )
    inner = digest(algorithm, octets(f"BYE:sip:a:{empty}"))
    assert made == digest(algorithm, octets(f"key:n:00000001:c:auth-int:{inner}"))


@pytest.mark.rfc("2617 3.2.2.1", "3261 22.4")
def test_a_response_without_quality() -> None:
    """As RFC 2069 had it: neither count nor cnonce go into it."""
    made = response_digest("MD5", "key", method="BYE", uri="sip:a", nonce="n", cnonce="unused", nc="unused")
    assert made == digest("MD5", octets(f"key:n:{digest('MD5', b'BYE:sip:a')}"))


@pytest.mark.rfc("7616 3.4.2")
def test_the_key_of_a_session() -> None:
    """It is made of the user's with both nonces; without a session there is only the user's."""
    key = key_of_user("MD5-sess", "bob", "biloxi.com", "zanzibar")
    assert key == key_of_user("MD5", "bob", "biloxi.com", "zanzibar") == digest("MD5", b"bob:biloxi.com:zanzibar")
    assert key_of_session("MD5-sess", key, "n", "c") == digest("MD5", octets(f"{key}:n:c"))
    assert key_of_session("MD5", key, "n", "c") == key


@pytest.mark.rfc("8760 2.1", "8760 2.7")
def test_the_names_of_algorithms() -> None:
    """There are three, each with sessions or without, in whatever case; others are not known."""
    assert set(ALGORITHMS) == {"MD5", "SHA-256", "SHA-512-256", "MD5-sess", "SHA-256-sess", "SHA-512-256-sess"}
    assert (algorithm_of("md5"), algorithm_of("sha-256-SESS"), algorithm_of("SHA-1")) == ("MD5", "SHA-256-sess", None)
    assert checked("sha-512-256") == "SHA-512-256"
    with pytest.raises(LocalProtocolError, match="'AKAv1-MD5' is no algorithm"):
        checked("AKAv1-MD5")


@given(st.sampled_from(ALGORITHMS), st.text(), st.binary())
def test_any_text_is_digested(algorithm: str, text: str, body: bytes) -> None:
    """Whatever a stranger sends has a digest, of as many digits as its algorithm has."""
    text = text.encode("utf-8", "replace").decode() + body.decode("utf-8", "surrogateescape")
    made = response_digest(
        algorithm, text, method=text, uri=text, nonce=text, body=body, qop="auth-int", cnonce=text, nc=text
    )
    assert len(made) == (32 if algorithm.startswith("MD5") else 64)
