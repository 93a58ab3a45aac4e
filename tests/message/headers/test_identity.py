"""P-Asserted-Identity, P-Preferred-Identity (RFC 3325, RFC 5876), Identity (RFC 8224) and Privacy (RFC 3323)."""

from __future__ import annotations

import copy
import pickle

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message.address import Address
from sipsm.message.headers.identity import IDENTITY, P_ASSERTED_IDENTITY, P_PREFERRED_IDENTITY, PRIVACY, Identity

COMPACT = "..rq3pjT1hoRwakEGjHCnWSwUnshd0-zJ6F1VOgFWSjHBr8Qjpjlk-cpFYpFYsojNCpTzO3QfPOlckGaS6hEck7w"


@pytest.mark.rfc("3325 9.1", "3325 10.1")
def test_asserted() -> None:
    """A network says who is calling: by SIP, by telephone number or both."""
    lines = ['"Cullen Jennings" <sip:fluffy@cisco.com>', "tel:+14085264000"]
    sip, tel = P_ASSERTED_IDENTITY.read(lines)
    assert (sip.display_name, str(sip.uri), str(tel.uri)) == (
        "Cullen Jennings",
        "sip:fluffy@cisco.com",
        "tel:+14085264000",
    )
    assert P_ASSERTED_IDENTITY.read([", ".join(lines)]) == (sip, tel)
    assert P_PREFERRED_IDENTITY.read(lines[:1]) == (sip,)


@pytest.mark.rfc("5876 4.5")
@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("<sip:a@x>, <sip:b@x>", ["sip:a@x"]),
        ("<tel:+1>, <tel:+2>, <SIP:b@x>, <sip:c@x>", ["tel:+1", "SIP:b@x"]),
        ("<sips:a@x>, <sip:b@x>", ["sips:a@x"]),
        ("<sip:a@x>, <sips:b@x>, <tel:+1>", ["sip:a@x", "tel:+1"]),
        ("<urn:service:sos>, <sip:b@x>", ["sip:b@x"]),
        ("<mailto:a@x>", []),
    ],
)
def test_too_many(text: str, kept: list[str]) -> None:
    """URIs of another scheme, and all but the first of a kind, are not there for the receiver."""
    assert [str(address.uri) for address in P_ASSERTED_IDENTITY.read([text])] == kept


@pytest.mark.rfc("3325 9.1")
@pytest.mark.parametrize("text", ["", "*", "<sip:a@x", "nobody"])
def test_no_address(text: str) -> None:
    """What is no address is nobody's identity."""
    with pytest.raises(RemoteProtocolError):
        P_ASSERTED_IDENTITY.read([text])


@pytest.mark.rfc("3325 9.1")
def test_writing() -> None:
    """A program cannot assert what others would have to ignore."""
    sip = Address.build("sip:a@x.example.com", "Alice")
    assert P_ASSERTED_IDENTITY.lines([sip, "<tel:+1>"]) == ['"Alice" <sip:a@x.example.com>', "<tel:+1>"]
    for values in ([sip, sip], ["<sip:a@x>", "<sips:a@x>"], ["<sip:a@x>, <sip:b@x>"], ["<mailto:a@x>"], ["*"]):
        with pytest.raises(LocalProtocolError):
            P_ASSERTED_IDENTITY.lines(values)


@pytest.mark.rfc("8224 4", "8224 4.1")
def test_identity() -> None:
    """An Identity is a signature, and where to find the certificate to check it with."""
    identity = Identity.parse(f"{COMPACT};   info=<https://biloxi.example.org/biloxi.cert>")
    assert (identity.value, str(identity.info)) == (COMPACT, "https://biloxi.example.org/biloxi.cert")
    assert (identity.alg, identity.ppt) == (None, None)
    assert dict(identity.params) == {"info": "https://biloxi.example.org/biloxi.cert"}


@pytest.mark.rfc("8224 4")
@pytest.mark.parametrize(
    "text",
    [
        'eyJh.eyJk.x/+=;alg=ES256;ppt="shaken";info=<https://a.example.com/c?x=1,2;y>;flag',
        "eyJh.eyJk.x/+= ; INFO = <https://a.example.com/c?x=1,2;y> ; flag; PPT=shaken ; alg=ES256 ",
    ],
)
def test_identity_parameters(text: str) -> None:
    """The parameters stand in any order, and the list is not split inside of the URI."""
    other, identity = IDENTITY.read([f"{COMPACT};info=<https://b.example.com>, {text}"])
    assert (identity.value, identity.alg, identity.ppt) == ("eyJh.eyJk.x/+=", "ES256", "shaken")
    assert str(identity.info) == "https://a.example.com/c?x=1,2;y"
    assert identity.params["flag"] is None
    assert other.value == COMPACT


@pytest.mark.rfc("8224 4")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        '"abc"',
        "abc;alg=ES256",
        "abc;info",
        "abc;info=https://a",
        "abc;info=<>",
        "abc;info=<no uri>",
        "abc;info=<nouri>",
        "abc;info=<https://a>;info=<https://a>",
        "abc;info=<https://a>;Alg=a;alg=b",
        "abc;info=<https://a",
        "abc def;info=<https://a>",
        "\udce4;info=<https://a>",
    ],
)
def test_identity_malformed(text: str) -> None:
    """Without a certificate to find, a signature is worth nothing."""
    with pytest.raises(RemoteProtocolError):
        IDENTITY.read([text])


@pytest.mark.rfc("8224 4")
def test_identity_build() -> None:
    """An Identity is built of the signed PASSporT and the URI."""
    identity = Identity.build(
        COMPACT, {"x": "y"}, info="https://cert.example.org/passport.cer", alg="ES256", ppt="shaken"
    )
    assert str(identity) == f"{COMPACT};info=<https://cert.example.org/passport.cer>;alg=ES256;ppt=shaken;x=y"
    assert IDENTITY.lines([identity]) == [str(identity)]


@pytest.mark.parametrize(
    ("value", "info"),
    [
        ("", "https://a"),
        ("a;b", "https://a"),
        ("a", ""),
        ("a", "https://a>;x=<b"),
        ("a\r\nb", "https://a"),
        ("a", "\0"),
    ],
)
def test_identity_cannot_be_built(value: str, info: str) -> None:
    """No part may run over into another."""
    with pytest.raises(LocalProtocolError):
        Identity.build(value, info=info)


def test_identity_is_a_value() -> None:
    """The signature is compared case and all, and an Identity can be copied and pickled."""
    identity = Identity.parse("abc;info=<https://a>;alg=ES256")
    assert identity == Identity.parse("abc;alg=ES256 ;info=<https://a>")
    assert identity != Identity.parse("ABC;info=<https://a>;alg=ES256")
    assert copy.copy(identity) is identity
    assert pickle.loads(pickle.dumps(identity)) == identity


@pytest.mark.rfc("3323 4.2", "3325 9.3", "7044 5")
@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("id", ("id",)),
        ("none", ("none",)),
        ("header; session;USER ;critical", ("header", "session", "user", "critical")),
        ("history;x-own", ("history", "x-own")),
    ],
)
def test_privacy(text: str, values: tuple[str, ...]) -> None:
    """A caller names the kinds of privacy that it wants, semicolons between them."""
    assert PRIVACY.read([text]) == values


@pytest.mark.rfc("3323 4.2")
@pytest.mark.parametrize("text", ["", ";", "id;", "id user", "id,user", '"id"', "id;ID", "none;id", "critical;none"])
def test_malformed_privacy(text: str) -> None:
    """Each kind is named once, and none stands alone."""
    with pytest.raises(RemoteProtocolError):
        PRIVACY.read([text])


@pytest.mark.rfc("3323 4.2")
def test_privacy_written() -> None:
    """All values stand on one line."""
    assert PRIVACY.lines(["user", "id", "critical"]) == ["user;id;critical"]
    assert PRIVACY.lines([]) == []


@pytest.mark.rfc("3323 4.2")
@pytest.mark.parametrize("values", [["none", "critical"], ["id", "id"], ["id\r\n"], ["a b"]])
def test_privacy_cannot_be_written(values: list[str]) -> None:
    """What a privacy service could not obey is refused."""
    with pytest.raises(LocalProtocolError):
        PRIVACY.lines(values)
