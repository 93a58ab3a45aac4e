"""Authorization and Proxy-Authorization (RFC 3261 20.7, 20.28; RFC 7616 3.4; RFC 8760)."""

from __future__ import annotations

import copy
import pickle

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message.headers.credentials import AUTHORIZATION, PROXY_AUTHORIZATION, Credentials

BOB = (
    'Digest username="bob", realm="biloxi.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
    'uri="sip:bob@biloxi.com", qop=auth, nc=00000001, cnonce="0a4f113b", '
    'response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
)


@pytest.mark.rfc("3261 22.4", "3261 25.1")
def test_example() -> None:
    """Credentials of Digest name the user, repeat the challenge and prove that the password is known."""
    (credentials,) = AUTHORIZATION.read([BOB])
    assert (credentials.scheme, credentials.username, credentials.realm) == ("digest", "bob", "biloxi.com")
    assert (credentials.nonce, credentials.uri) == ("dcd98b7102dd2f0e8b11d0f600bfb0c093", "sip:bob@biloxi.com")
    assert (credentials.qop, credentials.nc, credentials.cnonce) == ("auth", 1, "0a4f113b")
    assert credentials.response == "6629fae49393a05397450978507c4ef1"
    assert credentials.opaque == "5ccc069c403ebaf9f0171e9517f40e41"
    assert (credentials.algorithm, credentials.userhash) == ("MD5", False)
    assert str(credentials) == BOB


@pytest.mark.rfc("3261 20.28")
def test_what_is_missing() -> None:
    """What is not there is None, as the uri in the RFC's own example."""
    text = (
        'Digest username="Alice", realm="atlanta.com", nonce="c60f3082ee1212b402a21831ae", '
        'response="245f23415f11432b3434341c022"'
    )
    (credentials,) = PROXY_AUTHORIZATION.read([text])
    assert (credentials.username, credentials.response) == ("Alice", "245f23415f11432b3434341c022")
    assert (credentials.uri, credentials.qop, credentials.nc, credentials.cnonce) == (None, None, None, None)
    assert Credentials.parse('Digest realm="a"').username is None


@pytest.mark.rfc("8760 2.7")
def test_before_a_challenge() -> None:
    """A client that has not been challenged yet may say who it is, with an empty response."""
    credentials = Credentials.parse(
        'Digest username="a@b",realm="b",nonce="",uri="sip:b",response="",algorithm=AKAv1-MD5'
    )
    assert (credentials.nonce, credentials.response, credentials.algorithm) == ("", "", "AKAv1-MD5")


@pytest.mark.rfc("3261 22.4")
@pytest.mark.parametrize("uri", ["sip:b@c;lr=1", "sip:[2001:db8::1]:5060?a=b&c=%22", "/doe.json", "*"])
def test_uri_without_quotes(uri: str) -> None:
    """Clients that follow the grammar of RFC 2617 leave out the quotes around the uri."""
    assert Credentials.parse(f'Digest username="a", uri={uri}, nonce="b"').uri == uri
    assert Credentials.parse(f'Digest username="a", uri="{uri}", nonce="b"').uri == uri


@pytest.mark.rfc("4475 3.3.7", "8898 1.4.1")
@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("NoOneKnowsThisScheme opaque-data=here", "opaque-data=here"),
        ("Bearer eyJhbGciOiJFUzI1NiJ9.e30.sig-_", "eyJhbGciOiJFUzI1NiJ9.e30.sig-_"),
        ("Basic  QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ('Other username="a",username*=x', 'username="a",username*=x'),
        ("Other nc=0", "nc=0"),
    ],
)
def test_other_schemes(text: str, rest: str) -> None:
    """Credentials of other schemes are carried as they came, and do no harm to those beside them."""
    strange, known = AUTHORIZATION.read([text, BOB])
    assert (strange.rest, str(strange), strange.nc) == (rest, text, None)
    assert known.username == "bob"


@pytest.mark.rfc("7616 3.4", "7616 3.9.2")
@pytest.mark.parametrize(
    ("text", "username"),
    [
        ("UTF-8''J%C3%A4s%C3%B8n%20Doe", "Jäsøn Doe"),
        ("utf-8'en'bob", "bob"),
        ("UTF-8''", ""),
        ("UTF-8''%FF", "\udcff"),
    ],
)
def test_extended_username(text: str, username: str) -> None:
    """A name that no quoted string can hold comes escaped."""
    assert Credentials.parse(f'Digest username*={text}, realm="a"').username == username


@pytest.mark.rfc("7616 3.4")
@pytest.mark.parametrize(
    "params",
    [
        "username=bob, username*=UTF-8''bob",
        "username*=bob",
        "username*=ISO-8859-1''bob",
        "username*=UTF-8''%GG",
        "username*=\"UTF-8''a b\"",
        "nc=1",
        "nc=000000001",
        f"nc={'f' * 5000}",
        "nc=0000000g",
        'nc="0000 001"',
        'nc=""',
        "nc=٠٠٠٠٠٠٠١",
    ],
)
def test_malformed(params: str) -> None:
    """A count that is not of eight digits, and a name that is there twice or not in UTF-8, are errors."""
    with pytest.raises(RemoteProtocolError):
        AUTHORIZATION.read([f'Digest realm="a", {params}'])


def test_count() -> None:
    """The count is hexadecimal."""
    assert Credentials.parse("Digest nc=0000001f").nc == 31
    assert Credentials.parse('Digest nc="FFFFFFFF"').nc == 2**32 - 1


@pytest.mark.rfc("7616 3.4", "8760 2.6")
def test_build() -> None:
    """Strings are written in quotes, uri included; algorithm, qop and nc without."""
    credentials = Credentials.digest(
        username="bob",
        realm="biloxi.com",
        nonce="dcd98b",
        uri="sip:bob@biloxi.com",
        response="6629fae49393a05397450978507c4ef1",
        algorithm="MD5",
        qop="auth",
        cnonce="0a4f113b",
        nc=31,
        opaque="5ccc",
        userhash=True,
        params={"x": "y"},
    )
    assert str(credentials) == (
        'Digest username="bob", realm="biloxi.com", nonce="dcd98b", uri="sip:bob@biloxi.com", '
        'response="6629fae49393a05397450978507c4ef1", algorithm=MD5, cnonce="0a4f113b", opaque="5ccc", qop=auth, '
        'nc=0000001f, userhash=true, x="y"'
    )
    assert (credentials.nc, credentials.userhash) == (31, True)
    assert AUTHORIZATION.lines([credentials]) == [str(credentials)]


@pytest.mark.rfc("8760 2.7")
def test_build_the_least() -> None:
    """Without a quality of protection there is neither cnonce nor count."""
    credentials = Credentials.digest(username='a"b\\c', realm="b", nonce="", uri="sip:b", response="")
    assert str(credentials) == r'Digest username="a\"b\\c", realm="b", nonce="", uri="sip:b", response=""'
    assert credentials.username == 'a"b\\c'


def test_build_bearer() -> None:
    """A token that is no parameter follows the scheme."""
    credentials = Credentials.build("Bearer", rest="eyJ.e30.x")
    assert (str(credentials), credentials.rest) == ("Bearer eyJ.e30.x", "eyJ.e30.x")


@pytest.mark.parametrize(
    "given",
    [
        {"qop": "auth"},
        {"qop": "auth", "cnonce": "x"},
        {"cnonce": "x"},
        {"nc": 1},
        {"qop": "auth", "cnonce": "x", "nc": 2**32},
        {"qop": "auth", "cnonce": "x", "nc": -1},
        {"qop": "auth auth", "cnonce": "x", "nc": 1},
        {"response": "ABCDEF"},
        {"response": "hello"},
        {"username": "a\r\nb"},
        {"params": [("uri", "sip:c")]},
        {"params": {"username*": "UTF-8''b"}},
    ],
)
def test_cannot_be_built(given: dict[str, object]) -> None:
    """What no server would take is refused."""
    parts = {"username": "a", "realm": "b", "nonce": "c", "uri": "sip:b", "response": "00", **given}
    with pytest.raises(LocalProtocolError):
        Credentials.digest(**parts)  # type: ignore[arg-type]


def test_a_value_like_any_other() -> None:
    """Credentials can be compared, copied and pickled; they are no challenge."""
    credentials = Credentials.parse(BOB)
    assert copy.copy(credentials) is copy.deepcopy(credentials) is credentials
    assert pickle.loads(pickle.dumps(credentials)) == credentials
    assert credentials != Credentials.parse('Digest username="bob"')
