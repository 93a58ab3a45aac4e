"""Authentication-Info and Proxy-Authentication-Info (RFC 3261 20.6, RFC 7616 3.5)."""

from __future__ import annotations

import pickle

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message.headers.authentication_info import (
    AUTHENTICATION_INFO,
    PROXY_AUTHENTICATION_INFO,
    AuthenticationInfo,
)


@pytest.mark.rfc("3261 20.6")
def test_example() -> None:
    """A server may name the nonce that it wants used next."""
    info = AUTHENTICATION_INFO.read(['nextnonce="47364c23432d2e131a5fb210812c"'])
    assert info.nextnonce == "47364c23432d2e131a5fb210812c"
    assert (info.qop, info.rspauth, info.cnonce, info.nc) == (None, None, None, None)


@pytest.mark.rfc("7616 3.5", "3261 7.3.1")
def test_over_lines() -> None:
    """The parameters are a list, which may stand on many lines."""
    lines = ['qop=AUTH, rspauth="6629fae4"', 'cnonce="0a4f113b", nc=0000000a']
    info = PROXY_AUTHENTICATION_INFO.read(lines)
    assert (info.qop, info.rspauth, info.cnonce, info.nc) == ("auth", "6629fae4", "0a4f113b", 10)
    assert str(info) == ", ".join(lines)
    assert list(info.params) == ["qop", "rspauth", "cnonce", "nc"]


@pytest.mark.rfc("7616 3.5")
@pytest.mark.parametrize("text", ["", "nextnonce", 'nextnonce="a" qop=auth', "nc=1", 'qop=auth, qop="auth"', 'a="'])
def test_malformed(text: str) -> None:
    """What is no parameter, or there twice, or no count of eight digits, is an error."""
    with pytest.raises(RemoteProtocolError):
        AUTHENTICATION_INFO.read([text])


@pytest.mark.rfc("7616 3.5")
def test_build() -> None:
    """Strings are written in quotes, qop and nc without."""
    info = AuthenticationInfo.build(nextnonce="x", qop="auth", rspauth="6629", cnonce="0a", nc=255)
    assert str(info) == 'nextnonce="x", qop=auth, rspauth="6629", cnonce="0a", nc=000000ff'
    assert AUTHENTICATION_INFO.lines([info]) == [str(info)]


@pytest.mark.rfc("7616 3.5")
@pytest.mark.parametrize(
    "given",
    [{}, {"qop": "auth"}, {"qop": "auth", "rspauth": "1", "cnonce": "2"}, {"nc": 2**32}, {"nextnonce": "\n"}],
)
def test_cannot_be_built(given: dict[str, object]) -> None:
    """Nothing says nothing; and with a quality of protection goes the proof."""
    with pytest.raises(LocalProtocolError):
        AuthenticationInfo.build(**given)  # type: ignore[arg-type]


def test_a_value_like_any_other() -> None:
    """Two of the same parameters are equal, in whatever order."""
    info = AuthenticationInfo.parse('nextnonce="x", cnonce=y')
    assert info == AuthenticationInfo.parse('CNONCE="y",nextnonce="x"')
    assert hash(info) == hash(AuthenticationInfo.parse('CNONCE="y",nextnonce="x"'))
    assert info != AuthenticationInfo.parse('nextnonce="x"')
    assert info != "x"
    assert pickle.loads(pickle.dumps(info)) == info
