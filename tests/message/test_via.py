"""The Via header (RFC 3261 20.42, RFC 3581)."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message import Via


@pytest.mark.rfc("3261 20.42")
def test_usual() -> None:
    """A Via says over which transport, from whom, and in which transaction a request was sent."""
    text = "SIP/2.0/UDP pc33.atlanta.com:5066;branch=z9hG4bK776asdhds"
    via = Via.parse(text)
    assert str(via) == text
    assert repr(via) == f"<Via {text}>"
    assert (via.transport, via.host, via.port, via.branch) == ("UDP", "pc33.atlanta.com", 5066, "z9hG4bK776asdhds")
    assert (via.received, via.rport, via.has_rport, via.maddr, via.ttl) == (None, None, False, None, None)
    assert dict(via.params) == {"branch": "z9hG4bK776asdhds"}


@pytest.mark.rfc("3581 3", "3581 4")
@pytest.mark.parametrize(
    ("params", "rport", "received"),
    [
        (";branch=z9hG4bK1;rport", None, None),
        (";rport;branch=z9hG4bK1", None, None),
        (";branch=z9hG4bK1;received=192.0.2.1;rport=5060", 5060, "192.0.2.1"),
        (";branch=z9hG4bK1;rport=5060;received=192.0.2.1", 5060, "192.0.2.1"),
        (";rport=5060;received=192.0.2.1;branch=z9hG4bK1", 5060, "192.0.2.1"),
        (";received=192.0.2.1;rport=5060;branch=z9hG4bK1", 5060, "192.0.2.1"),
        (";x=y;received=192.0.2.1;rport=5060;branch=z9hG4bK1;q", 5060, "192.0.2.1"),
        (";BRANCH=z9hG4bK1;Rport", None, None),
    ],
)
def test_rport(params: str, rport: int | None, received: str | None) -> None:
    """rport is a flag that asks, and a port once a server has answered it, in whatever order the parameters stand."""
    via = Via.parse("SIP/2.0/UDP a" + params)
    assert (via.branch, via.has_rport, via.rport, via.received) == ("z9hG4bK1", True, rport, received)


@pytest.mark.rfc("3261 25.1")
def test_white_space() -> None:
    """White space may stand around each separator, folds included."""
    via = Via.parse(
        "SIP /\t2.0\r\n /UDP  first.example.com : 4000 ;ttl = 16\r\n ;maddr=224.2.0.1 ; branch = z9hG4bKa7c6a8dlze.1"
    )
    assert (via.transport, via.host, via.port, via.ttl) == ("UDP", "first.example.com", 4000, 16)
    assert (via.maddr, via.branch) == ("224.2.0.1", "z9hG4bKa7c6a8dlze.1")
    assert str(via).startswith("SIP /\t2.0 /UDP")


@pytest.mark.rfc("5118 4.5")
@pytest.mark.parametrize("received", ["2001:db8::9:255", "[2001:db8::9:255]"])
def test_ipv6(received: str) -> None:
    """An IPv6 address comes out without brackets, also where it has them although it should not."""
    via = Via.parse(f"SIP/2.0/UDP [2001:DB8::9:1]:5070;received={received};branch=z9hG4bKas3-111;maddr=[ff02::1]")
    assert (via.host, via.port, via.received, via.maddr) == ("2001:DB8::9:1", 5070, "2001:db8::9:255", "ff02::1")
    assert via.sent_by == ("2001:db8::9:1", 5070)


@pytest.mark.rfc("3261 18.1.1")
@pytest.mark.parametrize(
    ("text", "sent_by"),
    [
        ("SIP/2.0/UDP Atlanta.COM", ("atlanta.com", 5060)),
        ("SIP/2.0/tls a", ("a", 5061)),
        ("SIP/2.0/WSS a", ("a", 443)),
        ("SIP/2.0/WS a", ("a", 80)),
        ("SIP/2.0/UNKNOWN a:7", ("a", 7)),
    ],
)
def test_sent_by(text: str, sent_by: tuple[str, int]) -> None:
    """A sent-by without a port means the transport's default port; case does not matter."""
    assert Via.parse(text).sent_by == sent_by


@pytest.mark.rfc("3261 17.2.3")
def test_old_peers() -> None:
    """A peer of RFC 2543 sends no branch, and an empty one counts as none."""
    assert Via.parse("SIP/2.0/UDP a").branch is None
    assert Via.parse("SIP/2.0/UDP a;branch=").branch is None


def test_other_version() -> None:
    """The Via of another version is readable, for the 505 must go back by it."""
    assert Via.parse("SIP/7.0/UDP c.example.com;branch=z9hG4bKkdjuw").host == "c.example.com"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SIP/2.0/UDP",
        "SIP/2.0 a",
        "SIP/2.0/UDP 192.0.2.15;;,;,,",
        "SIP/2.0/UDP a;",
        "SIP/2.0/UDP a:65536",
        "SIP/2.0/UDP a:x",
        "SIP/2.0/UDP a b",
        "SIP/2.0/UDP 2001:db8::1;branch=z9hG4bK1",
        "SIP/2.0/UDP a;branch=z9hG4bK1;branch=z9hG4bK2",
        "SIP/2.0/UDP a;branch=x;received=b;received=c",
        "SIP/2.0/UDP a;rport=x",
        "SIP/2.0/UDP a;rport=65536",
        "SIP/2.0/UDP a;rport=\u0661",
        "SIP/2.0/UDP a;rport=111111111111111111111111111",
        "SIP/2.0/UDP a;ttl=256",
        'SIP/2.0/UDP a;x="',
    ],
)
def test_malformed(text: str) -> None:
    """What is no Via is refused when it is read, not when some part of it is asked for."""
    with pytest.raises(RemoteProtocolError) as caught:
        Via.parse(text)
    assert caught.value.status == 400


@pytest.mark.rfc("3261 8.1.1.7", "3581 3")
def test_build() -> None:
    """A Via is built of its parts, an IPv6 host with or without brackets."""
    assert str(Via.build("TCP", "a.example.com")) == "SIP/2.0/TCP a.example.com"
    via = Via.build("UDP", "::1", 5060, branch="z9hG4bK1", rport=True, params={"x": "y z", "maddr": "[ff02::1]"})
    assert str(via) == 'SIP/2.0/UDP [::1]:5060;rport;branch=z9hG4bK1;x="y z";maddr=[ff02::1]'


@pytest.mark.parametrize(
    "parts",
    [
        {"transport": "U DP"},
        {"host": ""},
        {"host": "a b"},
        {"host": "a;branch=z"},
        {"host": "a:5060"},
        {"host": "a\r\nTo: x"},
        {"port": 65536},
        {"branch": "z9hG4bK\r\n"},
        {"branch": "x", "params": {"branch": "y"}},
        {"rport": True, "params": {"rport": None}},
        {"params": {"a b": None}},
        {"params": {"rport": "x"}},
    ],
)
def test_unbuildable(parts: dict[str, object]) -> None:
    """No part may be malformed, said twice, or run over into the next."""
    with pytest.raises(LocalProtocolError):
        Via.build(**{"transport": "UDP", "host": "a", **parts})  # type: ignore[arg-type]


@pytest.mark.rfc("3261 18.2.1", "3581 4", "5118 4.5")
def test_marked_by_a_server() -> None:
    """A server fills in where the request came from, over what the client may have claimed, and keeps the rest."""
    via = Via.parse("SIP/2.0/UDP 10.1.1.1:4540;rport;branch=z9hG4bKkjshdyff")
    marked = via.with_params(received="192.0.2.1", rport=9988)
    assert str(marked) == "SIP/2.0/UDP 10.1.1.1:4540;rport=9988;branch=z9hG4bKkjshdyff;received=192.0.2.1"
    assert str(via.with_params()) == str(via)
    again = marked.with_params(received="[2001:db8::1]")
    assert str(again) == "SIP/2.0/UDP 10.1.1.1:4540;rport=9988;branch=z9hG4bKkjshdyff;received=2001:db8::1"
    for port in (65536, -1):
        with pytest.raises(LocalProtocolError, match="is no port"):
            via.with_params(rport=port)


PARAMS = st.lists(
    st.sampled_from(
        ["rport", "rport=7", "received=192.0.2.9", "received=fe80::1", "x", "x=y", "maddr=192.0.2.7", "ttl=1"]
    ),
    unique_by=lambda param: param.partition("=")[0],
)


@given(
    st.sampled_from(["SIP/2.0/UDP a", "SIP/2.0/tcp 10.1.1.1:05060", "SIP/2.0/UDP [fe80::2]", "SIP / 2.0 / UDP a : 7"]),
    PARAMS.flatmap(lambda params: st.permutations(["branch=z9hG4bK1", *params])),
    st.sampled_from([";", "; ", " ;"]),
    st.sampled_from([None, "a", "10.1.1.1", "fe80::2", "[::1]"]),
    st.none() | st.integers(0, 65535),
    st.booleans(),
)
def test_what_is_marked_reads_as_it_is_written(
    sent_by: str, params: list[str], separator: str, received: str | None, rport: int | None, looked: bool
) -> None:
    """Whatever its form, and whether its parameters have been looked at or not, each kept once and in its place."""
    via = Via.parse(separator.join((sent_by, *params)))
    was = dict(via.params) if looked else dict(Via.parse(str(via)).params)
    marked = via.with_params(received=received, rport=rport)
    read = Via.parse(str(marked))
    assert said(marked) == said(read)
    marks = {"received": received and received.strip("[]"), "rport": None if rport is None else str(rport)}
    given = {name: value for name, value in marks.items() if value is not None}
    assert list(marked.params.items()) == list((was | given).items())


@given(
    st.sampled_from(["SIP/2.0/UDP a", "SIP/2.0/UDP [fe80::2]:5060", "SIP / 2.0 / UDP a : 7"]),
    PARAMS.flatmap(lambda params: st.permutations(["branch=z9hG4bK1", *params])),
    st.sampled_from([";", "; "]),
    st.sampled_from(["z9hG4bK2", "z9hG4bK-2.x"]),
    st.booleans(),
)
def test_another_branch(sent_by: str, params: list[str], separator: str, branch: str, looked: bool) -> None:
    """It stands where the other one stood, and nothing else has changed."""
    via = Via.parse(separator.join((sent_by, *params)))
    was = dict(via.params) if looked else dict(Via.parse(str(via)).params)
    other = via.with_branch(branch)
    assert said(other) == said(Via.parse(str(other)))
    assert list(other.params.items()) == list((was | {"branch": branch}).items())
    assert (other.sent_by, other.transport) == (via.sent_by, via.transport)


def said(via: Via) -> list[object]:
    """All that a Via tells."""
    params = (via.rport, via.has_rport, via.received, via.maddr, via.ttl, dict(via.params))
    return [str(via), via.transport, via.host, via.port, via.sent_by, via.branch, *params]


def test_copies() -> None:
    """A Via never changes, so a copy is itself; equal text makes equal Vias."""
    via = Via.parse("SIP/2.0/UDP a;branch=z9hG4bK1")
    assert copy.copy(via) is via
    assert copy.deepcopy(via) is via
    assert pickle.loads(pickle.dumps(via)) == via
    assert len({via, Via.parse(str(via))}) == 1
    assert via != Via.parse("SIP/2.0/UDP b;branch=z9hG4bK1")
    assert via != str(via)
    with pytest.raises(AttributeError):
        via.branch = "x"  # type: ignore[misc]


@pytest.mark.parametrize("branch", ["a b", "", 'a"', "a;b", "a=b"])
def test_a_branch_is_a_token(branch: str) -> None:
    """A branch that is no token is refused, instead of being quoted."""
    with pytest.raises(LocalProtocolError, match="cannot be a branch"):
        Via.build("UDP", "a", branch=branch)
    with pytest.raises(LocalProtocolError, match="cannot be a branch"):
        Via.build("UDP", "a", branch="z9hG4bK1").with_branch(branch)


@pytest.mark.parametrize("received", ["bad host", "a;b", "", "a\r\nb"])
def test_received_is_an_address(received: str) -> None:
    """What is no address is not written as one."""
    with pytest.raises(LocalProtocolError, match="is no address"):
        Via.build("UDP", "a", branch="z9hG4bK1").with_params(received=received)
