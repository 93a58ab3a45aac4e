"""WWW-Authenticate and Proxy-Authenticate (RFC 3261 20.27, 20.44; RFC 7616 3.3; RFC 8760)."""

from __future__ import annotations

import copy
import pickle

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message.headers.challenge import PROXY_AUTHENTICATE, WWW_AUTHENTICATE, Challenge

ATLANTA = (
    'Digest realm="atlanta.com", domain="sip:ss1.carrier.com", qop="auth", '
    'nonce="f84f1cec41e6cbe5aea9c8e88d359", opaque="", stale=FALSE, algorithm=MD5'
)
MUFASA = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


@pytest.mark.rfc("3261 20.27", "3261 25.1")
def test_example() -> None:
    """A challenge of Digest says for which realm, with which nonce and how the client is to answer."""
    (challenge,) = PROXY_AUTHENTICATE.read([ATLANTA])
    assert (challenge.scheme, challenge.realm, challenge.nonce) == (
        "digest",
        "atlanta.com",
        "f84f1cec41e6cbe5aea9c8e88d359",
    )
    assert (challenge.opaque, challenge.algorithm, challenge.qop) == ("", "MD5", ("auth",))
    assert (challenge.stale, challenge.domain, challenge.userhash) == (False, ("sip:ss1.carrier.com",), False)
    assert list(challenge.params) == ["realm", "domain", "qop", "nonce", "opaque", "stale", "algorithm"]
    assert str(challenge) == ATLANTA
    assert repr(challenge) == f"<Challenge {ATLANTA}>"


@pytest.mark.rfc("7616 3.3", "7616 3.9.1")
def test_several_qualities() -> None:
    """A server lists the qualities of protection that it takes, as one value in quotes."""
    assert Challenge.parse(MUFASA).qop == ("auth", "auth-int")
    assert Challenge.parse(MUFASA).algorithm == "SHA-256"


@pytest.mark.rfc("7616 3.3")
@pytest.mark.parametrize(
    ("params", "stale", "qop", "algorithm", "userhash"),
    [
        ('nonce="1"', False, (), "MD5", False),
        ('nonce="1",stale=true', True, (), "MD5", False),
        ('nonce="1",STALE="True"', True, (), "MD5", False),
        ('nonce="1",stale=yes', False, (), "MD5", False),
        ('nonce="1",qop=AUTH', False, ("auth",), "MD5", False),
        ('nonce="1",qop=",auth ,, x"', False, ("auth", "x"), "MD5", False),
        ('nonce="1",algorithm="SHA-512-256",userhash=true', False, (), "SHA-512-256", True),
    ],
)
def test_parameters(params: str, stale: bool, qop: tuple[str, ...], algorithm: str, userhash: bool) -> None:
    """What is not said has a default, names are of any case, and quotes make no difference."""
    challenge = Challenge.parse(f'Digest realm="a", {params}')
    assert (challenge.stale, challenge.qop, challenge.algorithm, challenge.userhash) == (
        stale,
        qop,
        algorithm,
        userhash,
    )
    assert challenge.opaque is None


@pytest.mark.rfc("3261 25.1")
@pytest.mark.parametrize(
    ("text", "realm"),
    [
        (r'digest realm="a \"b\" \\c",nonce=x', 'a "b" \\c'),
        ('DIGEST\trealm = "a, b" , nonce = "x" ', "a, b"),
        ('Digest ,realm="a",, nonce=x,', "a"),
        ("Digest realm=a=b==,nonce=x", "a=b=="),
        ('Digest realm="",nonce=x', ""),
        ('Digest realm="\udce4",nonce=x', "\udce4"),
    ],
)
def test_spellings(text: str, realm: str) -> None:
    """Quotes guard commas, escapes are undone, white space and empty elements say nothing."""
    challenge = Challenge.parse(text)
    assert (challenge.realm, challenge.nonce) == (realm, "x")


@pytest.mark.rfc("3261 25.1", "3261 7.3.1")
@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "Digest",
        "Digest realm",
        'Digest realm="a',
        'Digest realm="a" nonce="b"',
        'Digest realm="a\\',
        'Digest realm="a"x, nonce="b"',
        'Digest realm="a", realm="b"',
        'Digest realm="a", Realm="b"',
        "Digest realm=a b",
        "Digest realm=",
        "Digest =a",
        'Dig@est realm="a"',
        'Digest realm="a", nc=1',
        'Digest realm="a", Digest',
        'Digest realm="a", other',
        'Digest realm="a", Digest realm="b", realm="c"',
        'Digest username realm="a"',
    ],
)
def test_malformed(text: str) -> None:
    """A Digest challenge whose parameters cannot be told apart, or are there twice, is none."""
    with pytest.raises(RemoteProtocolError):
        WWW_AUTHENTICATE.read([text])


@pytest.mark.rfc("8760 2.4")
@pytest.mark.parametrize(
    ("text", "scheme", "rest", "realm"),
    [
        ("NoOneKnowsThisScheme opaque-data=here", "nooneknowsthisscheme", "opaque-data=here", None),
        ("Negotiate", "negotiate", "", None),
        ("Negotiate oYH1MIHyoAMKAQA=", "negotiate", "oYH1MIHyoAMKAQA=", None),
        ('Bearer authz_server="https://as.example.com/",realm="x"', "bearer", None, "x"),
        ('Strange "quotes', "strange", '"quotes', None),
        ("Strange realm=a b c", "strange", "realm=a b c", None),
    ],
)
def test_other_schemes(text: str, scheme: str, rest: str | None, realm: str | None) -> None:
    """A challenge of a scheme that is not known does no harm to the one that stands beside it."""
    strange, known = WWW_AUTHENTICATE.read([text, ATLANTA])
    assert (strange.scheme, strange.realm) == (scheme, realm)
    assert rest is None or strange.rest == rest
    assert str(strange) == text
    assert known.realm == "atlanta.com"


@pytest.mark.rfc("3261 7.3.1")
def test_a_line_each() -> None:
    """Each challenge has a line of its own, in the order of the server's preference."""
    assert [challenge.algorithm for challenge in WWW_AUTHENTICATE.read([MUFASA, ATLANTA])] == ["SHA-256", "MD5"]
    assert WWW_AUTHENTICATE.lines([Challenge.parse(MUFASA), ATLANTA]) == [MUFASA, ATLANTA]


@pytest.mark.rfc("3261 7.3.1")
def test_combined() -> None:
    """Challenges that a peer has combined into one line are told apart by their schemes."""
    text = 'Digest realm="a", nonce="1",, digest  realm="b, Digest c=d", nonce="2", Strange x=y, z="1",'
    first, second, third = WWW_AUTHENTICATE.read([text])
    assert [str(first), str(second), str(third)] == [
        'Digest realm="a", nonce="1"',
        'digest  realm="b, Digest c=d", nonce="2"',
        'Strange x=y, z="1"',
    ]
    with pytest.raises(RemoteProtocolError, match="more than one challenge"):
        Challenge.parse(text)


@pytest.mark.rfc("7616 3.3", "8760 2.6")
def test_build() -> None:
    """Strings are written in quotes, stale and algorithm without; qop is always there."""
    challenge = Challenge.digest(realm='the "realm"', nonce="abc==")
    assert str(challenge) == r'Digest realm="the \"realm\"", nonce="abc==", qop="auth"'
    challenge = Challenge.digest(
        realm="a",
        nonce="1",
        algorithm="SHA-256",
        qop=["auth", "auth-int"],
        opaque="o",
        stale=True,
        domain=["sip:a.example.com", "sip:b.example.com"],
        userhash=True,
        params={"charset": "UTF-8", "x": "y"},
    )
    assert str(challenge) == (
        'Digest realm="a", domain="sip:a.example.com sip:b.example.com", nonce="1", qop="auth,auth-int", opaque="o", '
        'stale=true, algorithm=SHA-256, userhash=true, charset=UTF-8, x="y"'
    )
    assert challenge.domain == ("sip:a.example.com", "sip:b.example.com")
    assert challenge.qop == ("auth", "auth-int")


def test_build_other_schemes() -> None:
    """A challenge of any scheme has its parameters in quotes, or none."""
    assert str(Challenge.build("Bearer", {"realm": "a", "scope": "sip"})) == 'Bearer realm="a", scope="sip"'
    assert str(Challenge.build("Negotiate")) == "Negotiate"
    assert str(Challenge.build("Negotiate", rest="oYH=")) == "Negotiate oYH="


@pytest.mark.parametrize(
    "given",
    [
        {"realm": "a\r\nX: y"},
        {"nonce": "\0"},
        {"algorithm": "MD5, x=y"},
        {"algorithm": "MD 5"},
        {"qop": []},
        {"qop": ["auth,auth-int"]},
        {"domain": ["sip:a sip:b"]},
        {"domain": [""]},
        {"params": {"realm": "again"}},
        {"params": {"flag": None}},
        {"params": {"no name": "x"}},
    ],
)
def test_cannot_be_built(given: dict[str, object]) -> None:
    """What would be read otherwise than it was meant is refused."""
    with pytest.raises(LocalProtocolError):
        Challenge.digest(**{"realm": "a", "nonce": "1", **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scheme", "rest"), [("Ba sic", None), ("", None), ("Bearer", "a\nb"), ("X", "a=b, Y c=d"), ("Digest", None)]
)
def test_cannot_be_built_of_any_scheme(scheme: str, rest: str | None) -> None:
    """The scheme is a token, and one value is built at a time."""
    with pytest.raises(LocalProtocolError):
        Challenge.build(scheme, rest=rest)


@pytest.mark.rfc("3261 7.3.1")
def test_equality() -> None:
    """Two challenges are the same when scheme, names and values are; case of names, order and quotes do not count."""
    one = Challenge.parse('Digest realm="a", algorithm=MD5')
    other = Challenge.parse('digest ALGORITHM="MD5" , realm="a"')
    assert one == other
    assert hash(one) == hash(other)
    assert one != Challenge.parse('Digest realm="A", algorithm=MD5')
    assert one != Challenge.parse('Other realm="a", algorithm=MD5')
    assert one != Challenge.parse("Negotiate")
    assert one != str(one)
    assert Challenge.parse("Negotiate a") == Challenge.parse("NEGOTIATE  a")
    assert Challenge.parse("Negotiate a") != Challenge.parse("Negotiate b")


def test_a_value_like_any_other() -> None:
    """A challenge can be copied and pickled."""
    challenge = Challenge.parse(MUFASA)
    assert copy.copy(challenge) is challenge
    assert copy.deepcopy(challenge) is challenge
    assert pickle.loads(pickle.dumps(challenge)) == challenge


def test_a_thousand_parameters() -> None:
    """Many parameters and many challenges are read, in time that grows as their number does."""
    many = "Digest " + ", ".join(f'p{number}="x"' for number in range(1000))
    assert len(Challenge.parse(many).params) == 1000
    assert len(WWW_AUTHENTICATE.read([", ".join([ATLANTA] * 1000)])) == 1000
    with pytest.raises(RemoteProtocolError):
        WWW_AUTHENTICATE.read(["Digest " + "," * 100_000])
