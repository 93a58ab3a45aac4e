"""When two URIs are the same (RFC 3261 19.1.4, RFC 5954 4.2, RFC 3966 4, RFC 3986 6.2.2)."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipsm.errors import RemoteProtocolError
from sipsm.grammar import Uri

EQUIVALENT = """\
sip:%61lice@atlanta.com;transport=TCP
sip:alice@AtLanTa.CoM;Transport=tcp

sip:carol@chicago.com
sip:carol@chicago.com;newparam=5
sip:carol@chicago.com;security=on

sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com
sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com

sip:alice@atlanta.com?subject=project%20x&priority=urgent
sip:alice@atlanta.com?priority=urgent&subject=project%20x
"""

NOT_EQUIVALENT = """\
SIP:ALICE@AtLanTa.CoM;Transport=udp             (different usernames)
sip:alice@AtLanTa.CoM;Transport=UDP

sip:bob@biloxi.com                   (can resolve to different ports)
sip:bob@biloxi.com:5060

sip:bob@biloxi.com              (can resolve to different transports)
sip:bob@biloxi.com;transport=udp

sip:bob@biloxi.com     (can resolve to different port and transports)
sip:bob@biloxi.com:6000;transport=tcp

sip:carol@chicago.com                    (different header component)
sip:carol@chicago.com?Subject=next%20meeting

sip:bob@phone21.boxesbybob.com   (even though that's what
sip:bob@192.0.2.4                 phone21.boxesbybob.com resolves to)
"""

IPV6 = """\
sip:bob@[::ffff:192.0.2.128]
sip:bob@[::ffff:c000:280]

sip:bob@[2001:db8::9:1]
sip:bob@[2001:db8::9:01]

sip:bob@[0:0:0:0:0:FFFF:129.144.52.38]
sip:bob@[::FFFF:129.144.52.38]
"""


def pairs_of(examples: str) -> list[tuple[str, str]]:
    """Every two lines of one set in a list of examples, without the remarks."""
    sets = [[line.split()[0] for line in lines.splitlines()] for lines in examples.strip().split("\n\n")]
    return [pair for lines in sets for pair in combinations(lines, 2)]


def are_equal(one: str, other: str) -> bool:
    """Whether the URIs are equal: asked both ways round, and of URI and text as well."""
    first, second = Uri.parse(one), Uri.parse(other)
    answers = {first == second, second == first, first == other, second == one}
    assert len(answers) == 1
    if answers == {True}:
        assert hash(first) == hash(second)
    return answers.pop()


@pytest.mark.rfc("3261 19.1.4")
@pytest.mark.parametrize(("one", "other"), pairs_of(EQUIVALENT))
def test_equivalent_examples(one: str, other: str) -> None:
    """The URIs within each set that RFC 3261 calls equivalent are equal, and hash alike."""
    assert are_equal(one, other)


@pytest.mark.rfc("3261 19.1.4")
@pytest.mark.parametrize(("one", "other"), pairs_of(NOT_EQUIVALENT))
def test_not_equivalent_examples(one: str, other: str) -> None:
    """The URIs within each set that RFC 3261 calls not equivalent are not equal."""
    assert not are_equal(one, other)


@pytest.mark.rfc("3261 19.1.4")
def test_not_transitive() -> None:
    """Two URIs that a third one equals need not be equal."""
    plain, on, off = (f"sip:carol@chicago.com{rest}" for rest in ("", ";security=on", ";security=off"))
    assert (are_equal(plain, on), are_equal(plain, off), are_equal(on, off)) == (True, True, False)


@pytest.mark.rfc("5954 4.2", "5118 4.10")
@pytest.mark.parametrize(
    ("one", "other"), [*pairs_of(IPV6), ("sip:b@[2001:db8:::192.0.2.1]", "sip:b@[2001:DB8::c000:201]")]
)
def test_addresses_by_value(one: str, other: str) -> None:
    """An IPv6 address is compared by its value, in whatever way it is written."""
    assert are_equal(one, other)


@pytest.mark.rfc("3261 19.1.4")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SIP:a@b", "sip:a@b"),
        ("sip:a%2eb@c:5060", "sip:a.b@C:05060"),
        ("sip:a:p%41@c", "sip:a:pA@c"),
        ("sip:a%fF@c", "sip:a%Ff@c"),
        ("sip:bob@[1:2:3:4:5:6:7:8:9]", "sip:bob@[1:2:3:4:5:6:7:8:9]"),
        ("sip:bob@[a:2:3:4:5:6:7:8:9]", "sip:bob@[A:2:3:4:5:6:7:8:9]"),
        ("sip:a@b;lr", "sip:a@b;LR"),
        ("sip:a@b;x=%5B1%5d", "sip:a@b;x=[1]"),
        ("sip:a@b;x=%2f", "sip:a@b;x=%2F"),
        ("sip:a@b;user=phone;maddr=C", "sip:a@b;Maddr=c;user=Phone;y"),
        ("sip:a@b?Subject=A%2Dc", "sip:a@b?SUBJECT=a-C"),
        ("sip:a@b?Route=%3Csip:c%3e&x=&Route=d", "sip:a@b?X=&route=d&Route=%3csip:c%3E"),
    ],
)
def test_equal(one: str, other: str) -> None:
    """Two ways to write the same address are equal."""
    assert are_equal(one, other)


@pytest.mark.rfc("3261 19.1.4")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security"),
        ("sip:bob@biloxi.com", "sips:bob@biloxi.com"),
        ("sip:bob@biloxi.com", "sip:biloxi.com"),
        ("sip:bob:pass@biloxi.com", "sip:bob@biloxi.com"),
        ("sip:bob:pass@biloxi.com", "sip:bob:Pass@biloxi.com"),
        ("sip:bob:@biloxi.com", "sip:bob@biloxi.com"),
        ("sip:bob@biloxi.com;maddr=192.0.2.1", "sip:bob@biloxi.com"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;user=ip"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;ttl=1"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;method=INVITE"),
        ("sip:a%40b@c", "sip:a%2Fb@c"),
        ("sip:a%2Bb@c", "sip:a+b@c"),
        ("sip:a%2fb@c", "sip:a/b@c"),
        ("sip:a@b?x=%3a", "sip:a@b?x=:"),
        ("sip:a@b?x=1", "sip:a@b?x=1&x=1"),
        ("sip:a@[::1]", "sip:a@[::2]"),
        ("sip:a@[::ffff:192.0.2.1]", "sip:a@192.0.2.1"),
        ("sip:a@b?To=sip:Bob%40c", "sip:a@b?To=sip:bob%40c"),
        ("sip:a@b?Contact=%22Bob%22", "sip:a@b?Contact=%22bob%22"),
        ("sip:a@b?Replaces=aB", "sip:a@b?Replaces=ab"),
        ("sip:a@b?body=Hello", "sip:a@b?body=hello"),
        ("sip:+358-555-1234567;postd=pp22@foo.com;user=phone", "sip:+358-555-1234567;POSTD=PP22@foo.com;user=phone"),
        (
            "sip:+358-555-1234567;postd=pp22;isub=1411@foo.com;user=phone",
            "sip:+358-555-1234567;isub=1411;postd=pp22@foo.com;user=phone",
        ),
        ("tel:+1", "sip:+1@a;user=phone"),
        ("http://a/b", "http://a/B"),
        ("http://a/%21", "http://a/!"),
        ("urn:service:sos", "http://a/b"),
    ],
)
def test_unequal(one: str, other: str) -> None:
    """Addresses that may lead elsewhere are not equal."""
    assert not are_equal(one, other)


@pytest.mark.rfc("3966 4")
def test_tel() -> None:
    """Tel URIs are equal when their numbers are."""
    assert are_equal("tel:+1-201-555-0123;ext=5", "TEL:+1(201)5550123;EXT=5")
    assert not are_equal("tel:+1", "tel:1")


@pytest.mark.rfc("3986 6.2.2")
def test_other_schemes() -> None:
    """URIs of other schemes are equal when no more than the case of the scheme and needless escapes differ."""
    assert are_equal("http://a/%7bfoo%7d/%7E%62", "hTTp://a/%7Bfoo%7D/~b")


def test_unequal_to_other_things() -> None:
    """A URI is not equal to text that is no URI, nor to what is neither."""
    assert Uri.parse("sip:a") != "sip:"
    assert Uri.parse("sip:a") != 5


# Few texts for each part, so that equal URIs come up often.
uris = st.builds(
    "{}:{}{}{}{}{}".format,
    st.sampled_from(["sip", "SIP", "sips"]),
    st.sampled_from(["", "a@", "A@", "%61@", "a:b@", "a:%62@"]),
    st.sampled_from(["c", "C", "[::1]", "[0::1]", "[:::1]"]),
    st.sampled_from(["", ":5060", ":05060"]),
    st.sampled_from(["", ";lr", ";%6Cr", ";ttl=1", ";x=y", ";x=Y;lr", ";x=z", ";user=ip", ";x"]),
    st.sampled_from(["", "?s=a", "?S=%41", "?s=a&t=b", "?t=b&s=a", "?s=%22a%22"]),
)
tels = st.builds(
    "{}:{}{}{}".format,
    st.sampled_from(["tel", "TEL"]),
    st.sampled_from(["+1", "+-1", "1", "a", "A-", "%23", "#"]),
    st.sampled_from(["", ";x=y", ";X=%59", ";isub=%41", ";isub=a", ";phone-context=+1", ";phone-context=+1-"]),
    st.sampled_from(["", ";ext=1", ";ext=-1", ";phone-context=a.b", ";phone-context=A.b", ";m-x"]),
)


@given(uris | tels | st.text(), uris | tels | st.text())
def test_equality_is_one(one: str, other: str) -> None:
    """Every URI equals itself, equality is the same both ways round, and equal URIs have one hash."""
    try:
        first, second = Uri.parse(one), Uri.parse(other)
    except RemoteProtocolError:
        return
    for uri, text in ((first, one), (second, other)):
        assert uri == Uri.parse(text)
        assert hash(uri) == hash(Uri.parse(text))
    assert (first == second) == (second == first)
    if first == second:
        assert hash(first) == hash(second)
