"""History-Info (RFC 7044)."""

from __future__ import annotations

import copy
import pickle

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message.headers.history import HISTORY_INFO, HistoryEntry


@pytest.mark.rfc("7044 5")
def test_example() -> None:
    """The RFC's example tells of three targets, why two of them were left, and which one is private."""
    first = HISTORY_INFO.read(["<sip:UserA@ims.example.com>;index=1;foo=bar"])[0]
    assert (first.index, dict(first.params)) == ((1,), {"index": "1", "foo": "bar"})
    assert (first.rc, first.mp, first.np, first.reasons, first.is_private) == (None, None, None, (), False)
    text = (
        "<sip:UserA@ims.example.com?Reason=SIP%3Bcause%3D302>;index=1.1,"
        "<sip:UserB@example.com?Privacy=history&Reason=SIP%3Bcause%3D486>;index=1.2;mp=1.1,"
        "<sip:45432@192.168.0.3>;index=1.3;rc=1.2"
    )
    one, two, three = HISTORY_INFO.read([text])
    assert (one.index, one.reasons, one.is_private) == ((1, 1), ("SIP;cause=302",), False)
    assert (two.index, two.mp, two.reasons, two.is_private) == ((1, 2), (1, 1), ("SIP;cause=486",), True)
    assert (three.index, three.rc, three.uri.user) == ((1, 3), (1, 2), "45432")
    assert three.address.uri == three.uri
    assert one.index < two.index < three.index


@pytest.mark.rfc("7044 5.1", "7044 10.3")
def test_indexes() -> None:
    """An index has a number for each hop, 0 where an entry is missing."""
    entry = HistoryEntry.parse('"Bob" <sip:bob@192.0.2.3;p=x>;np=1.10;index=1.1.2.0.1')
    assert (entry.index, entry.np) == ((1, 1, 2, 0, 1), (1, 10))
    assert HistoryEntry.parse("<tel:+1>;index=1").reasons == ()


@pytest.mark.rfc("7044 5")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "<sip:a@b>",
        "<sip:a@b>;index",
        "<sip:a@b>;index=",
        "<sip:a@b>;index=1.",
        "<sip:a@b>;index=.1",
        "<sip:a@b>;index=01",
        "<sip:a@b>;index=1..1",
        f"<sip:a@b>;index={'9' * 5000}",
        "<sip:a@b>;index=1;rc=x",
        "<sip:a@b>;index=1;mp",
        "<sip:a@b>;index=1;index=2",
        "<sip:a@b>;index=١",
    ],
)
def test_malformed(text: str) -> None:
    """An entry without a place in the tree is none."""
    with pytest.raises(RemoteProtocolError):
        HISTORY_INFO.read([text])


@pytest.mark.rfc("7044 5")
def test_build() -> None:
    """Reasons and privacy are escaped into the URI."""
    assert str(HistoryEntry.build("sip:a@b", (1,))) == "<sip:a@b>;index=1"
    entry = HistoryEntry.build(
        "sip:a@b;x=y",
        (1, 2),
        mp=(1, 1),
        reasons=("SIP;cause=302", 'Q.850;text="a b"'),
        private=True,
        params={"z": None},
    )
    assert (entry.index, entry.mp, entry.is_private) == ((1, 2), (1, 1), True)
    assert entry.reasons == ("SIP;cause=302", 'Q.850;text="a b"')
    assert str(entry).endswith(">;index=1.2;mp=1.1;z")
    more = HistoryEntry.build(entry.uri, (1, 3), reasons=("SIP;cause=486",), params=[("x", "y")])
    assert more.reasons == (*entry.reasons, "SIP;cause=486")
    assert HISTORY_INFO.lines([entry]) == [str(entry)]


@pytest.mark.parametrize(
    ("uri", "given"),
    [
        ("sip:a@b", {"index": ()}),
        ("sip:a@b", {"index": (-1,)}),
        ("sip:a@b", {"index": (10**9,)}),
        ("sip:a@b", {"index": (1,), "rc": (1,), "mp": (1,)}),
        ("sip:a@b", {"index": (1,), "params": {"index": "1"}}),
        ("sip:a@b>;index=1,<sip:c", {"index": (1,)}),
        ("a", {"index": (1,)}),
        ("*", {"index": (1,)}),
        ("sip:a@b\r\n", {"index": (1,)}),
    ],
)
def test_cannot_be_built(uri: str, given: dict[str, object]) -> None:
    """What has no place in the tree is refused."""
    with pytest.raises(LocalProtocolError):
        HistoryEntry.build(uri, **given)  # type: ignore[arg-type]


def test_a_value_like_any_other() -> None:
    """Entries can be compared, copied and pickled."""
    entry = HistoryEntry.parse("<sip:a@b>;index=1")
    assert entry == HistoryEntry.parse("<sip:a@b>;index=1")
    assert hash(entry) == hash(HistoryEntry.parse("<sip:a@b>;index=1"))
    assert entry != HistoryEntry.parse("<sip:a@b>;index=2")
    assert entry != "x"
    assert copy.copy(entry) is copy.deepcopy(entry) is entry
    assert pickle.loads(pickle.dumps(entry)) == entry
    assert repr(entry) == "<HistoryEntry <sip:a@b>;index=1>"
