"""Replaces, Join, Target-Dialog and In-Reply-To (RFC 3891, RFC 3911, RFC 4538, RFC 3261 20.21)."""

from __future__ import annotations

import copy
import pickle

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message import Request, parse_message
from sipsm.message.headers.dialogs import IN_REPLY_TO, JOIN, REPLACES, TARGET_DIALOG, Join, Replaces, TargetDialog
from tests.message.headers.raw import raw


@pytest.mark.rfc("3891 6.1")
@pytest.mark.parametrize(
    ("text", "call_id", "to_tag", "from_tag", "early_only"),
    [
        (
            "98732@sip.example.com ;from-tag=r33th4x0r ;to-tag=ff87ff",
            "98732@sip.example.com",
            "ff87ff",
            "r33th4x0r",
            False,
        ),
        ("12adf2f34456gs5;to-tag=12345;from-tag=54321;early-only", "12adf2f34456gs5", "12345", "54321", True),
        ("87134@171.161.34.23;to-tag=24796;from-tag=0", "87134@171.161.34.23", "24796", "0", False),
        ("a;TO-TAG=1;From-Tag=2;Early-Only;x=y", "a", "1", "2", True),
        ('a=,<[\\x]>{?}:/"$&=@b ; to-tag=1;from-tag=2', 'a=,<[\\x]>{?}:/"$&=@b', "1", "2", False),
    ],
)
def test_replaces(text: str, call_id: str, to_tag: str, from_tag: str, early_only: bool) -> None:
    """A Replaces names a dialog by Call-ID and both tags, whatever characters the Call-ID has."""
    replaces = Request.build("INVITE", "sip:a@b", headers=[("Replaces", text)])[REPLACES]
    assert replaces is not None
    assert (replaces.call_id, replaces.to_tag, replaces.from_tag) == (call_id, to_tag, from_tag)
    assert replaces.early_only is early_only
    assert str(replaces) == text


@pytest.mark.rfc("3891 6.1", "3911 7.1")
@pytest.mark.parametrize("kind", [Replaces, Join])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a;to-tag=1",
        "a;from-tag=1",
        "a;to-tag=1;from-tag=",
        "a;to-tag;from-tag=1",
        "a;to-tag=1;from-tag=2;to-tag=3",
        ";to-tag=1;from-tag=2",
        "a b;to-tag=1;from-tag=2",
        "a;to-tag=1;from-tag=2, b;to-tag=1;from-tag=2",
    ],
)
def test_no_dialog_to_take(kind: type[Replaces] | type[Join], text: str) -> None:
    """There must be one Call-ID, exactly one to-tag and exactly one from-tag."""
    with pytest.raises(RemoteProtocolError) as caught:
        kind.parse(text)
    assert caught.value.status == 400


@pytest.mark.rfc("3891 3", "3911 4")
@pytest.mark.parametrize("field", [REPLACES, JOIN])
def test_two_dialogs_to_take(field: object) -> None:
    """A request that wants to replace, or to join, two dialogs is malformed."""
    headers = [(name, "a;to-tag=1;from-tag=2") for name in ("Replaces", "Replaces", "Join", "Join")]
    message = raw("INVITE sip:a@b SIP/2.0", *headers)
    with pytest.raises(RemoteProtocolError, match="more than one"):
        message[field]  # type: ignore[call-overload]


@pytest.mark.rfc("3891 3", "3891 6.1", "3911 7.1")
@pytest.mark.parametrize("kind", [Replaces, Join])
def test_matching(kind: type[Replaces] | type[Join]) -> None:
    """The to-tag is the receiver's own, the from-tag the other's; a tag of zero is as good as none."""
    named = kind.parse("a;to-tag=mine;from-tag=theirs")
    assert named.matches("a", "mine", "theirs")
    assert not named.matches("a", "theirs", "mine")
    assert not named.matches("A", "mine", "theirs")
    assert not named.matches("a", "mine", None)
    without = kind.parse("a;to-tag=mine;from-tag=0")
    assert without.matches("a", "mine", None)
    assert without.matches("a", "mine", "0")
    assert not without.matches("a", None, "0")


@pytest.mark.rfc("3891 6.1", "3911 7.1")
def test_build() -> None:
    """What names a dialog is made of its parts."""
    replaces = Replaces.build("98732@sip.example.com", to_tag="ff87ff", from_tag="r33th4x0r")
    assert str(replaces) == "98732@sip.example.com;to-tag=ff87ff;from-tag=r33th4x0r"
    assert replaces == Replaces.parse("98732@sip.example.com ;from-tag=r33th4x0r ;to-tag=ff87ff")
    early = Replaces.build("a", to_tag="1", from_tag=None, early_only=True, params={"x": "y"})
    assert str(early) == "a;to-tag=1;from-tag=0;early-only;x=y"
    assert str(Join.build("a", to_tag=None, from_tag="2", params={"x": None})) == "a;to-tag=0;from-tag=2;x"
    for call_id, tag in (("a;b", "1"), ("", "1"), ("a", "1\r\n"), ("a b", "1")):
        with pytest.raises(LocalProtocolError):
            Replaces.build(call_id, to_tag=tag, from_tag="2")
        with pytest.raises(LocalProtocolError):
            Join.build(call_id, to_tag=tag, from_tag="2")
        with pytest.raises(LocalProtocolError):
            TargetDialog.build(call_id, local_tag=tag, remote_tag="2")


def test_equality() -> None:
    """Two values are equal when they are of one kind and name the same dialog, case included."""
    text = "a;to-tag=1;from-tag=2"
    replaces = Replaces.parse(text)
    assert replaces == Replaces.parse("a;from-tag=2;to-tag=1")
    assert hash(replaces) == hash(Replaces.parse("a;from-tag=2;to-tag=1"))
    assert replaces != Replaces.parse("A;to-tag=1;from-tag=2")
    assert replaces != Join.parse(text)
    assert copy.deepcopy(replaces) == pickle.loads(pickle.dumps(replaces)) == replaces


@pytest.mark.rfc("4538 7", "4538 4")
def test_target_dialog() -> None:
    """A Target-Dialog names a dialog as its receiver sees it."""
    message = parse_message(
        b"REFER sip:alice@atlanta.com SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:b@b>;tag=1\r\n"
        b"To: <sip:alice@atlanta.com>\r\nCall-ID: x\r\nCSeq: 1 REFER\r\n"
        b"Target-Dialog: fa77as7dad8-sd98ajzz@host.example.com\r\n  ;local-tag=kkaz-;remote-tag=6544\r\n\r\n"
    )
    target = message[TARGET_DIALOG]
    assert target is not None
    assert target == TargetDialog.build("fa77as7dad8-sd98ajzz@host.example.com", local_tag="kkaz-", remote_tag="6544")
    assert (target.local_tag, target.remote_tag) == ("kkaz-", "6544")
    assert target.matches("fa77as7dad8-sd98ajzz@host.example.com", "kkaz-", "6544")
    assert not target.matches("fa77as7dad8-sd98ajzz@host.example.com", "6544", "kkaz-")


@pytest.mark.rfc("4538 4")
@pytest.mark.parametrize("text", ["a", "a;local-tag=1", "a;remote-tag=1", "a;local-tag;remote-tag"])
def test_target_dialog_without_a_tag(text: str) -> None:
    """A Target-Dialog that lacks a tag is to be ignored: it is no error, and matches no dialog."""
    target = TargetDialog.parse(text)
    assert not target.matches("a", "1", "1")
    with pytest.raises(RemoteProtocolError):
        TargetDialog.parse(f"{text}, b")


@pytest.mark.rfc("3261 20.21", "3261 20.8")
def test_in_reply_to() -> None:
    """In-Reply-To lists Call-IDs, which are compared letter by letter and may hold quotes and angle brackets."""
    assert IN_REPLY_TO.read(["70710@saturn.bell-tel.com, 17320@saturn.bell-tel.com"]) == (
        "70710@saturn.bell-tel.com",
        "17320@saturn.bell-tel.com",
    )
    assert IN_REPLY_TO.read(['a"<b,c\t,\tD@e=f;g']) == ('a"<b', "c", "D@e=f;g")
    assert IN_REPLY_TO.parse("a@b") == "a@b"
    assert IN_REPLY_TO.lines(["a@b", "c@d"]) == ["a@b, c@d"]


@pytest.mark.parametrize("text", ["", "a b", "a,", ",a", "a,,b", "a, b c"])
def test_malformed_in_reply_to(text: str) -> None:
    """A Call-ID has no white space and is not empty."""
    with pytest.raises(RemoteProtocolError):
        IN_REPLY_TO.read([text])
