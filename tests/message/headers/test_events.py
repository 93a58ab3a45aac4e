"""Event, Allow-Events, Subscription-State and the tags of state (RFC 6665 8, RFC 3903 11.3, RFC 5839 7.2)."""

from __future__ import annotations

import copy
import pickle

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message import Request
from sipsm.message.headers.events import (
    ALLOW_EVENTS,
    EVENT,
    SIP_ETAG,
    SIP_IF_MATCH,
    SUBSCRIPTION_STATE,
    SUPPRESS_IF_MATCH,
    Event,
    SubscriptionState,
)
from tests.message.headers.raw import raw


@pytest.mark.rfc("6665 8.4")
@pytest.mark.parametrize(
    ("text", "package", "templates", "id"),
    [
        ("presence", "presence", (), None),
        ("presence.winfo", "presence", ("winfo",), None),
        ("presence.winfo.winfo;id=a", "presence", ("winfo", "winfo"), "a"),
        ("refer;id=93809824", "refer", (), "93809824"),
        ("dialog ; call-id = x ; ID=7", "dialog", (), "7"),
        ("Foo;id", "Foo", (), None),
        ("message-summary", "message-summary", (), None),
    ],
)
def test_event(text: str, package: str, templates: tuple[str, ...], id: str | None) -> None:
    """An event is a package, with templates behind dots, and perhaps an id."""
    event = Request.build("NOTIFY", "sip:a@b", headers=[("Event", text)])[EVENT]
    assert event is not None
    assert (event.package, event.templates, event.id, str(event)) == (package, templates, id, text)


@pytest.mark.rfc("6665 8.4")
@pytest.mark.parametrize(
    "text", ["", ";id=1", ".winfo", "presence.", "a..b", "a b", "a,b", "a;", "a;id=1;id=2", "a;=1"]
)
def test_no_event(text: str) -> None:
    """An event without a package, with an empty template, or together with another, is none."""
    with pytest.raises(RemoteProtocolError):
        Event.parse(text)


@pytest.mark.rfc("6665 8.2.1")
@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("foo;id=1234", "foo; param=abcd; id=1234", True),
        ("foo;id=1234", "foo", False),
        ("foo;id=1234", "Foo; id=1234", False),
        ("foo", "foo;param=abcd", True),
        ("foo;id=a", "foo;id=A", False),
        ("foo", "foo.winfo", False),
    ],
)
def test_matching_events(one: str, other: str, same: bool) -> None:
    """A NOTIFY belongs to a SUBSCRIBE of the same event type and id, both compared byte by byte, and nothing else."""
    assert Event.parse(one).matches(Event.parse(other)) is same
    assert Event.parse(other).matches(Event.parse(one)) is same


def test_equal_events() -> None:
    """Two Event headers are equal when they say the same, other parameters included."""
    event = Event.parse("foo;a=1;id=2")
    assert event == Event.parse("foo ;id=2 ;A=1")
    assert hash(event) == hash(Event.parse("foo ;id=2 ;A=1"))
    assert event != Event.parse("Foo;a=1;id=2")
    assert event != Event.parse("foo;id=2")
    assert copy.copy(event) == pickle.loads(pickle.dumps(event)) == event


@pytest.mark.rfc("6665 8.4", "3515 2.4.6")
def test_build_event() -> None:
    """An event is made of its type, its id where it needs one, and other parameters."""
    assert str(Event.build("presence.winfo")) == "presence.winfo"
    assert str(Event.build("refer", id="93809824")) == "refer;id=93809824"
    assert str(Event.build("dialog", {"call-id": "a;b"}, id="1")) == 'dialog;id=1;call-id="a;b"'
    for value, id in (("", None), ("a.", None), ("a;b", None), ("a", "1\r\n"), ("a\0", None)):
        with pytest.raises(LocalProtocolError):
            Event.build(value, id=id)


@pytest.mark.rfc("6665 8.2.2", "6665 8.4")
def test_allow_events() -> None:
    """Allow-Events lists types of events, on one line or on many, and in compact form."""
    message = Request.build(
        "OPTIONS", "sip:a@b", headers=[("Allow-Events", "presence , presence.winfo"), ("u", "refer")]
    )
    assert message[ALLOW_EVENTS] == ("presence", "presence.winfo", "refer")
    assert ALLOW_EVENTS.lines(["presence", "refer"]) == ["presence, refer"]
    with pytest.raises(RemoteProtocolError):
        ALLOW_EVENTS.read(["presence;x=1"])
    with pytest.raises(LocalProtocolError):
        ALLOW_EVENTS.lines(["a b"])


@pytest.mark.rfc("6665 8.4", "6665 4.1.3")
@pytest.mark.parametrize(
    ("text", "state", "reason", "expires_s", "retry_after_s"),
    [
        ("active", "active", None, None, None),
        ("active;expires=3600", "active", None, 3600, None),
        ("Pending ; Expires = 000000000060", "pending", None, 60, None),
        ("terminated;reason=noresource", "terminated", "noresource", None, None),
        ("terminated;reason=Probation;retry-after=4294967295", "terminated", "probation", None, 2**32 - 1),
        ("terminated;reason=giveup;retry-after=0", "terminated", "giveup", None, 0),
        ("waiting;reason=new-reason;expires=5;x=y", "waiting", "new-reason", 5, None),
        ("active;reason", "active", None, None, None),
        ('active;expires="7"', "active", None, 7, None),
    ],
)
def test_subscription_state(
    text: str, state: str, reason: str | None, expires_s: int | None, retry_after_s: int | None
) -> None:
    """A subscription's state has a name, and perhaps a reason and times; unknown names and reasons are kept."""
    read = Request.build("NOTIFY", "sip:a@b", headers=[("Subscription-State", text)])[SUBSCRIPTION_STATE]
    assert read is not None
    assert (read.state, read.reason, read.expires_s, read.retry_after_s) == (state, reason, expires_s, retry_after_s)
    assert str(read) == text


@pytest.mark.rfc("6665 8.4")
@pytest.mark.parametrize(
    "text",
    [
        "",
        ";expires=1",
        "active,pending",
        "active;expires",
        "active;expires=",
        "active;expires=-1",
        "active;expires=4294967296",
        f"active;expires={'9' * 5000}",
        "active;expires=1.5",
        "terminated;retry-after=soon",
        "terminated;retry-after=1x",
        "active;expires=1;expires=1",
        "active expires=1",
    ],
)
def test_no_subscription_state(text: str) -> None:
    """A state without a name, or with a time that is no number of seconds, is none."""
    with pytest.raises(RemoteProtocolError):
        SubscriptionState.parse(text)


@pytest.mark.rfc("6665 8.4")
def test_build_subscription_state() -> None:
    """A state is made of its name, and of reason and times in seconds."""
    assert str(SubscriptionState.build("active", expires_s=0)) == "active;expires=0"
    built = SubscriptionState.build("terminated", [("x", None)], reason="probation", retry_after_s=60)
    assert str(built) == "terminated;reason=probation;retry-after=60;x"
    assert built == SubscriptionState.parse("Terminated;X;retry-after=60;reason=probation")
    for arguments in ({"expires_s": -1}, {"retry_after_s": 2**32}, {"reason": "a\nb"}):
        with pytest.raises(LocalProtocolError):
            SubscriptionState.build("active", **arguments)
    with pytest.raises(LocalProtocolError):
        SubscriptionState.build("active;x")


@pytest.mark.rfc("3903 12", "5839 7.3")
def test_tags_of_state() -> None:
    """The tag of a state is one token; that of Suppress-If-Match may be an asterisk, for all tags."""
    message = Request.build(
        "PUBLISH", "sip:a@b", headers=[("SIP-If-Match", "dx200xyz"), ("Suppress-If-Match", "*"), ("sip-etag", "Kwj~1")]
    )
    assert (message[SIP_IF_MATCH], message[SUPPRESS_IF_MATCH], message[SIP_ETAG]) == ("dx200xyz", "*", "Kwj~1")


@pytest.mark.rfc("3903 6", "3903 8.1")
@pytest.mark.parametrize("values", [[""], ["a, b"], ["a b"], ['"a"'], ["W/a"], ["a;b"], ["a", "b"]])
def test_no_tag_of_state(values: list[str]) -> None:
    """Several tags, or none, or a quoted one, make no precondition."""
    message = raw("PUBLISH sip:a@b SIP/2.0", *[("SIP-If-Match", value) for value in values])
    with pytest.raises(RemoteProtocolError) as caught:
        message[SIP_IF_MATCH]
    assert caught.value.status == 400
