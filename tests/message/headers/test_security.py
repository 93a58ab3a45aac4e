"""Security-Client, Security-Server and Security-Verify (RFC 3329)."""

from __future__ import annotations

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message.headers.security import SECURITY_CLIENT, SECURITY_SERVER, SECURITY_VERIFY, SecurityMechanism


@pytest.mark.rfc("3329 2.2", "3329 4.1")
def test_example() -> None:
    """A client lists what it can do, a server what it prefers, and the client repeats that under protection."""
    assert [each.value for each in SECURITY_CLIENT.read(["tls", "digest"])] == ["tls", "digest"]
    server = SECURITY_SERVER.read(["ipsec-ike;q=0.1", "tls;q=0.2"])
    assert [(each.value, each.q) for each in server] == [("ipsec-ike", 0.1), ("tls", 0.2)]
    assert SECURITY_VERIFY.read(["ipsec-ike;q=0.1, TLS;Q=0.2"]) == server


@pytest.mark.rfc("3329 2.2")
def test_digest() -> None:
    """Of digest, the list says how, and carries a digest over itself."""
    mechanism = SecurityMechanism.parse('digest;d-alg=MD5;d-qop=auth;d-ver="0000000000000000000000000000abcd"')
    assert (mechanism.d_alg, mechanism.d_qop, mechanism.q) == ("MD5", "auth", None)
    assert mechanism.d_ver == "0000000000000000000000000000abcd"
    other = SecurityMechanism.parse("ipsec-3gpp; alg=hmac-sha-1-96; spi-c=1; port-c=5062")
    assert (other.d_alg, other.d_qop, other.d_ver, other.params["port-c"]) == (None, None, None, "5062")


@pytest.mark.rfc("3329 2.2")
@pytest.mark.parametrize(
    "text", ["", ";q=1", "a b", "tls;q", "tls;q=2", "tls;q=0.1234", "tls;q=x", "tls;q=1;q=1", "tls;q=0.5,tls2;Q=0.50"]
)
def test_malformed(text: str) -> None:
    """A preference is a number from 0 to 1, and no two mechanisms have the same."""
    with pytest.raises(RemoteProtocolError):
        SECURITY_SERVER.read([text])


@pytest.mark.rfc("3329 2.2")
def test_build() -> None:
    """The digest over the list is written in quotes, the rest without."""
    mechanism = SecurityMechanism.build("digest", {"x": "y"}, q=0.5, d_alg="MD5", d_qop="auth", d_ver="00ab")
    assert str(mechanism) == 'digest;q=0.5;d-alg=MD5;d-qop=auth;d-ver="00ab";x=y'
    assert str(SecurityMechanism.build("tls", [("x", None)], q=1)) == "tls;q=1;x"
    assert str(SecurityMechanism.build("tls", q=0)) == "tls;q=0"
    assert SECURITY_SERVER.lines([mechanism, "tls;q=0.1"]) == [str(mechanism), "tls;q=0.1"]


@pytest.mark.parametrize(
    ("value", "given"),
    [
        ("t ls", {}),
        ("tls;q=1", {}),
        ("tls\r\n", {}),
        ("tls", {"q": 2}),
        ("tls", {"q": float("nan")}),
        ("tls", {"q": 1, "params": {"q": "1"}}),
        ("tls", {"d_ver": "\0"}),
    ],
)
def test_cannot_be_built(value: str, given: dict[str, object]) -> None:
    """What would be read otherwise is refused."""
    with pytest.raises(LocalProtocolError):
        SecurityMechanism.build(value, **given)  # type: ignore[arg-type]


@pytest.mark.rfc("3329 2.2")
def test_a_list_that_nobody_may_send() -> None:
    """Two mechanisms of one preference are refused when they are written, too."""
    with pytest.raises(LocalProtocolError, match="same q"):
        SECURITY_SERVER.lines(["tls;q=0.1", SecurityMechanism.build("digest", q=0.1)])
