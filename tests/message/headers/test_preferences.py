"""Request-Disposition, Accept-Contact and Reject-Contact (RFC 3841)."""

from __future__ import annotations

import pickle

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message.headers.features import FeatureValue
from sipsm.message.headers.preferences import (
    ACCEPT_CONTACT,
    REJECT_CONTACT,
    REQUEST_DISPOSITION,
    AcceptContact,
    RejectContact,
)


@pytest.mark.rfc("3841 9.1")
def test_disposition() -> None:
    """A caller says what servers shall do with its request, one directive of a type."""
    assert REQUEST_DISPOSITION.read(["proxy, recurse, parallel"]) == ("proxy", "recurse", "parallel")
    assert REQUEST_DISPOSITION.read(["No-Fork", "queue,no-cancel"]) == ("no-fork", "queue", "no-cancel")
    assert REQUEST_DISPOSITION.lines(["redirect", "queue"]) == ["redirect, queue"]


@pytest.mark.rfc("3841 9.1")
@pytest.mark.parametrize("lines", [[""], ["proxy,"], ["dance"], ["proxy, redirect"], ["proxy", "Proxy"], ["fork;x"]])
def test_disposition_malformed(lines: list[str]) -> None:
    """The directives are a closed set, and two of one type contradict each other."""
    with pytest.raises(RemoteProtocolError):
        REQUEST_DISPOSITION.read(lines)


@pytest.mark.rfc("3841 9.1")
def test_disposition_cannot_be_written() -> None:
    """A contradiction cannot be sent either."""
    for values in (["proxy", "redirect"], ["dance"], ["proxy\r\n"]):
        with pytest.raises(LocalProtocolError):
            REQUEST_DISPOSITION.lines(values)


@pytest.mark.rfc("3841 7.2.5", "3841 10")
def test_example() -> None:
    """A caller says which devices it wants, which it does not, and how much it means it."""
    (reject,) = REJECT_CONTACT.read(['*;actor="msg-taker";video'])
    assert reject.features == {"sip.actor": (FeatureValue("MSG-TAKER"),), "sip.video": (FeatureValue("TRUE"),)}
    lines = ["*;audio;require", '*;video;explicit, *;methods="BYE";class="business";q=1.0']
    audio, video, methods = ACCEPT_CONTACT.read(lines)
    assert (audio.require, audio.explicit, list(audio.features)) == (True, False, ["sip.audio"])
    assert (video.require, video.explicit, list(video.features)) == (False, True, ["sip.video"])
    assert methods.features == {"sip.methods": (FeatureValue("BYE"),), "sip.class": (FeatureValue("BUSINESS"),)}
    assert methods.params["q"] == "1.0"
    assert ACCEPT_CONTACT.read(["*"])[0].features == {}


@pytest.mark.rfc("3841 10")
@pytest.mark.parametrize("text", ["", "<sip:a@b>", "**", "*;", "* x", '*;audio="', "*;require;require", '*;audio="#"'])
def test_malformed(text: str) -> None:
    """A predicate is an asterisk with parameters, none of them twice."""
    with pytest.raises(RemoteProtocolError):
        ACCEPT_CONTACT.read([text])


@pytest.mark.rfc("3840 9", "3841 10")
def test_build() -> None:
    """The values of features are written in quotes, others without."""
    predicate = AcceptContact.build(params=[("Mobility", "fixed"), ("+a.b", "<x>"), ("audio", None), ("q", "1.0")])
    assert str(predicate) == '*;Mobility="fixed";+a.b="<x>";audio;q=1.0'
    assert str(AcceptContact.build(params={"explicit": None, "require": None})) == "*;explicit;require"
    assert str(RejectContact.build()) == "*"
    assert ACCEPT_CONTACT.lines([predicate]) == [str(predicate)]


@pytest.mark.parametrize("params", [{"audio": "#"}, {"audio": "\r\n"}, {"a b": None}, [("audio", None)] * 2])
def test_cannot_be_built(params: dict[str, str | None]) -> None:
    """What is no predicate is refused."""
    with pytest.raises(LocalProtocolError):
        AcceptContact.build(params=params)


def test_a_value_like_any_other() -> None:
    """To want is not to refuse; and predicates can be pickled."""
    predicate = AcceptContact.parse("*;audio")
    assert predicate == AcceptContact.parse("*;Audio")
    assert predicate != RejectContact.parse("*;audio")
    assert pickle.loads(pickle.dumps(predicate)).features == predicate.features
