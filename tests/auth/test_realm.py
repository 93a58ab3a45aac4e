"""What a realm and an account can be."""

from __future__ import annotations

from typing import Any

import pytest

from sipsm import Account, LocalProtocolError, Profile, Realm
from sipsm.auth.digest import key_of_user


@pytest.mark.rfc("8760 2.3", "3261 22.4", "3261-C34")
def test_what_is_asked() -> None:
    """A challenge for each algorithm, in the order of preference, each with a qop; and never Basic."""
    realm = Realm("biloxi.com", {"bob": "zanzibar"}, algorithms=("sha-512-256", "SHA-256", "MD5-sess"))
    first, second, third = realm.challenges("84a4", stale=True)
    assert str(first) == 'Digest realm="biloxi.com", nonce="84a4", qop="auth", stale=true, algorithm=SHA-512-256'
    assert (second.algorithm, third.algorithm, third.qop) == ("SHA-256", "MD5-sess", ("auth",))
    assert [each.algorithm for each in Realm("biloxi.com", {}).challenges("84a4", stale=False)] == ["SHA-256", "MD5"]


@pytest.mark.rfc("7616 3.4.2")
def test_passwords_need_not_be_kept() -> None:
    """H(A1) by algorithm does for them, where there is one for each that is offered."""
    keys = Realm.hashed("bob", "biloxi.com", "zanzibar")
    assert keys == {name: key_of_user(name, "bob", "biloxi.com", "zanzibar") for name in ("SHA-256", "MD5")}
    realm = Realm("biloxi.com", {"bob": keys}, algorithms=("SHA-256-sess", "SHA-256"))
    assert realm.users == (("bob", tuple(keys.items())),)
    assert Realm("biloxi.com", realm.users) == Realm("biloxi.com", {"bob": keys})
    assert "zanzibar" not in repr(Realm("biloxi.com", {"bob": "zanzibar"}))
    only = Realm.hashed("bob", "biloxi.com", "zanzibar", "md5")
    with pytest.raises(LocalProtocolError, match="'bob' has no H\\(A1\\) for SHA-256"):
        Realm("biloxi.com", {"bob": only})


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"name": ""}, "a realm needs a name"),
        ({"name": "a\r\nb"}, "CR, LF and NUL"),
        ({"users": {"": "x"}}, "'' is no name of a user"),
        ({"users": {"a:b": "x"}}, "'a:b' is no name of a user"),
        ({"users": {"a": {"MD5": "12"}}}, "that is no H\\(A1\\) of MD5"),
        ({"users": {"a": {"MD5": "G" * 32}}}, "that is no H\\(A1\\) of MD5"),
        ({"algorithms": ()}, "no algorithms that all differ"),
        ({"algorithms": ("MD5", "md5")}, "no algorithms that all differ"),
        ({"algorithms": ("SHA-1",)}, "'SHA-1' is no algorithm"),
        ({"qop": ()}, "no qualities of protection"),
        ({"qop": ("auth-conf",)}, "no qualities of protection"),
    ],
)
def test_what_is_no_realm(changed: dict[str, Any], why: str) -> None:
    """It is refused with the reason."""
    with pytest.raises(LocalProtocolError, match=why):
        Realm(**{"name": "biloxi.com", "users": {}, **changed})


def test_what_is_an_account() -> None:
    """A name and a password, for a realm or for any; its password is not shown."""
    profile = Profile(accounts=[("alice", "secret"), Account("bob", "zanzibar", "biloxi.com")])
    assert profile.accounts == (Account("alice", "secret", None), Account("bob", "zanzibar", "biloxi.com"))
    assert "secret" not in repr(profile)
    for user, realm in (("", None), ("a:b", None), ("a\n", None), ("a", "x\0")):
        with pytest.raises(LocalProtocolError):
            Account(user, "secret", realm)
