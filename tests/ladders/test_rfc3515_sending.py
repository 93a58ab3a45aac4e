"""Asking a peer to contact somebody (RFC 3515), as amended by RFC 4488, 6665, 7614 and 7647."""

from __future__ import annotations

from typing import Any

import pytest

from sipsm import (
    Address,
    Call,
    Limits,
    LocalProtocolError,
    Policy,
    ReferAccepted,
    ReferEnded,
    ReferForked,
    ReferProgress,
    Referral,
    ReferralState,
    Request,
    SubscriptionEndReason,
    Uri,
    restore,
    save,
)
from sipsm.message.headers import EVENT, REFER_TO, REPLACES, TARGET_DIALOG, in_uri
from tests.endpoint.by_hand import SDP, Bench
from tests.ladders.referring import answer

BOB = "sip:bob@192.0.2.2"
CONTACT = "Contact: <sip:bob@192.0.2.2:5060>"


def refer(on: Bench, refer_to: Any = "sip:carol@192.0.2.3", **options: Any) -> Referral:
    """We refer Bob outside a dialog."""
    referral, outputs = on.endpoint.refer(BOB, refer_to, now=on.now, **options)
    on.take(outputs)
    return referral


def refers(on: Bench) -> list[Request]:
    """The REFER requests sent so far."""
    return [message for message in on.sent if isinstance(message, Request) and message.method == "REFER"]


def notify(
    on: Bench,
    referral: Referral,
    body: bytes,
    state: str = "active;expires=60",
    *,
    cseq: int = 1,
    event: str = "refer",
    tag: str = "bobs",
) -> int:
    """Bob tells how far it has come; the status of our answer."""
    refer = referral.request
    on.receive(
        on.request(
            "NOTIFY",
            uri="sip:192.0.2.1:5060",
            from_=refer.to_text if refer.to_tag else f"{refer.to_text};tag={tag}",
            to=refer.from_text,
            call_id=refer.call_id,
            cseq=cseq,
            headers=[CONTACT, f"Event: {event}", f"Subscription-State: {state}"],
            body=body,
            content_type="message/sipfrag;version=2.0",
        )
    )
    return on.last_response.status


def up(on: Bench, contact: str = CONTACT, *more: str, target: str = BOB, tag: str = "bobs") -> Call:
    """A call of ours that is answered."""
    call, outputs = on.endpoint.invite(target, offer=SDP, now=on.now)
    on.take(outputs)
    answer(on, on.last_request, 200, contact, *more, body=SDP, tag=tag)
    return call


def told(on: Bench) -> list[str]:
    """What the application was told of its REFER."""
    return [
        type(event).__name__ + f" {getattr(event, 'status', '')}".rstrip()
        for event in on.events
        if isinstance(event, ReferAccepted | ReferProgress | ReferEnded)
    ]


# -------------------------------------------------------------------- how it goes


@pytest.mark.rfc("3515 2.4.1", "3515 2.4.2", "7647 5", "3515-01", "3515-04", "3515-05")
@pytest.mark.parametrize("status", [200, 202])
def test_accepted_and_told_of(status: int) -> None:
    """A 2xx accepts it, be it 202; what the NOTIFY requests tell is told; the last one ends it."""
    on = Bench()
    referral = refer(on, referred_by="<sip:alice@192.0.2.1>", headers=[("Subject", "please")])
    (sent,) = refers(on)
    assert sent.header("Refer-To") == "<sip:carol@192.0.2.3>"
    assert sent.header("Referred-By") == "<sip:alice@192.0.2.1>"
    assert sent.header("Subject") == "please"
    assert len(sent.lines_of("Contact")) == 1
    assert not sent.has("Event")
    assert not sent.has("Expires")
    assert (referral.state, referral.status) == (ReferralState.ASKED, None)
    answer(on, sent, status, CONTACT, tag="bobs")
    assert referral.state is ReferralState.ACCEPTED
    assert notify(on, referral, b"SIP/2.0 100 Trying\r\n") == 200
    assert notify(on, referral, b"SIP/2.0 180 Here it rings\r\n", cseq=2) == 200
    assert referral.status == 180
    assert notify(on, referral, b"SIP/2.0 200 OK\r\n", "terminated;reason=noresource", cseq=3) == 200
    assert told(on) == [
        "ReferAccepted",
        "ReferProgress 100",
        "ReferProgress 180",
        "ReferProgress 200",
        "ReferEnded 200",
    ]
    (ended,) = on.told(ReferEnded)
    assert ended.succeeded
    assert ended.reason is SubscriptionEndReason.NO_RESOURCE
    assert on.told(ReferProgress)[1].reason == "Here it rings"
    assert repr(referral) == "<Referral to <sip:carol@192.0.2.3>: over>"
    on.quiet()
    assert on.left() == {}


@pytest.mark.rfc("3515 2.4.4")
@pytest.mark.parametrize("expires", ["0", "5", "soon", "", "99999999999"])
def test_a_duration_in_the_2xx_means_nothing(expires: str) -> None:
    """A 2xx to a REFER has no duration: what stands there all the same changes nothing, be it readable or not."""
    on = Bench()
    referral = refer(on)
    answer(on, refers(on)[0], 200, CONTACT, f"Expires: {expires}", tag="bobs")
    notify(on, referral, b"SIP/2.0 100 Trying\r\n", "active")
    assert referral.subscription.expires_s == 600
    assert told(on) == ["ReferAccepted", "ReferProgress 100"]


@pytest.mark.rfc("3515 2.4.4", "3515-06")
def test_a_notify_comes_first() -> None:
    """A NOTIFY may overtake the 2xx: it says that it is accepted, and the 2xx says nothing more."""
    on = Bench()
    referral = refer(on)
    notify(on, referral, b"SIP/2.0 100 Trying\r\n")
    answer(on, refers(on)[0], 202, CONTACT, tag="bobs")
    notify(on, referral, b"SIP/2.0 486 Busy Here\r\n", "terminated;reason=noresource", cseq=2)
    assert told(on) == ["ReferAccepted", "ReferProgress 100", "ReferProgress 486", "ReferEnded 486"]
    assert not on.told(ReferEnded)[0].succeeded


@pytest.mark.rfc("3515 2.4.4")
def test_all_at_once() -> None:
    """One NOTIFY may tell all of it."""
    on = Bench()
    referral = refer(on)
    answer(on, refers(on)[0], 200, CONTACT, tag="bobs")
    notify(on, referral, b"SIP/2.0 200 OK\r\n", "terminated;reason=noresource")
    assert told(on) == ["ReferAccepted", "ReferProgress 200", "ReferEnded 200"]


@pytest.mark.rfc("3515 2.4.2")
def test_refused() -> None:
    """A refusal ends it, and no NOTIFY is taken for it."""
    on = Bench()
    referral = refer(on)
    answer(on, refers(on)[0], 603, tag="bobs")
    assert told(on) == ["ReferEnded 603"]
    assert on.told(ReferEnded)[0].reason is SubscriptionEndReason.REFUSED
    assert notify(on, referral, b"SIP/2.0 100 Trying\r\n") == 481
    on.quiet()
    assert on.left() == {}


@pytest.mark.rfc("6665 4.1.2.4")
def test_nothing_is_heard() -> None:
    """Silence ends it; so does a 2xx without a NOTIFY."""
    silent, accepted = Bench(), Bench()
    refer(silent)
    refer(accepted)
    answer(accepted, refers(accepted)[0], 200, CONTACT, tag="bobs")
    for on in (silent, accepted):
        on.quiet()
        (ended,) = on.told(ReferEnded)
        assert (ended.status, ended.succeeded) == (None, False)
        assert on.left() == {}
        assert ended.reason is SubscriptionEndReason.NO_NOTIFY


@pytest.mark.rfc("3515 2.4.5", "3515-07")
@pytest.mark.parametrize(
    "body", [b"", b"what?", b"INVITE sip:x SIP/2.0\r\n"], ids=["nothing", "no sipfrag", "a request"]
)
def test_who_tells_nothing(body: bytes) -> None:
    """A NOTIFY that tells no status is answered, and told as one without."""
    on = Bench()
    referral = refer(on)
    assert notify(on, referral, body) == 200
    assert told(on) == ["ReferAccepted", "ReferProgress None"]
    assert referral.status is None


# -------------------------------------------------------------------- within a call, and beside it


@pytest.mark.rfc("3515 2.4.6", "3515-08", "3515-09", "3515-16")
def test_several_in_a_call() -> None:
    """The number of the REFER tells apart what is told of each, and what ends it; they outlive the call."""
    on = Bench()
    call = up(on)
    made = [call.refer(f"sip:carol{n}@192.0.2.3", now=on.now) for n in range(2)]
    for _, outputs in made:
        on.take(outputs)
    one, two = (referral for referral, _ in made)
    for each in refers(on):
        assert each.to_tag == "bobs"
        answer(on, each, 202, CONTACT)
    number = two.request.cseq.number
    # The first may go without a number, or have one.
    assert notify(on, one, b"SIP/2.0 100 Trying\r\n", cseq=10) == 200
    assert notify(on, two, b"SIP/2.0 100 Trying\r\n", cseq=11, event=f"refer;id={number}") == 200
    assert notify(on, two, b"SIP/2.0 100 Trying\r\n", cseq=12, event=f"refer;id={number + 7}") == 481
    on.take(call.hang_up(now=on.now))
    answer(on, on.last_request, 200)
    on.take(two.refresh(900, now=on.now))
    subscribe = on.last_request
    assert (subscribe.method, str(subscribe[EVENT])) == ("SUBSCRIBE", f"refer;id={number}")
    answer(on, subscribe, 200, CONTACT, "Expires: 900")
    assert notify(on, two, b"SIP/2.0 180 Ringing\r\n", cseq=13, event=f"refer;id={number}") == 200
    on.take(two.unsubscribe(now=on.now))
    assert str(on.last_request[EVENT]) == f"refer;id={number}"
    answer(on, on.last_request, 200, CONTACT, "Expires: 0")
    over = "terminated;reason=timeout"
    assert notify(on, two, b"SIP/2.0 180 Ringing\r\n", over, cseq=14, event=f"refer;id={number}") == 200
    assert on.told(ReferEnded)[-1].reason is SubscriptionEndReason.UNSUBSCRIBED
    assert notify(on, one, b"SIP/2.0 200 OK\r\n", "terminated;reason=noresource", cseq=15) == 200
    assert on.told(ReferEnded)[-1].succeeded
    on.quiet()
    assert on.left() == {}


@pytest.mark.rfc("7647 4", "4538 3", "3515-20")
def test_beside_the_call() -> None:
    """A peer whose Contact is a GRUU, and who knows Target-Dialog, is referred outside the dialog, which is named."""
    on = Bench()
    call = up(on, "Contact: <sip:bob@192.0.2.2;gr=urn:uuid:1>", "Supported: replaces, tdialog")
    referral, outputs = call.refer("sip:carol@192.0.2.3", now=on.now)
    on.take(outputs)
    (sent,) = refers(on)
    assert str(sent.uri) == "sip:bob@192.0.2.2;gr=urn:uuid:1"
    assert sent.to_tag is None
    assert sent.call_id != call.call_id
    named = sent[TARGET_DIALOG]
    assert named is not None
    assert named.matches(call.call_id, "bobs", call.here.dialog.local_tag)
    assert sent.header("Require") == "tdialog"
    answer(on, sent, 200, CONTACT, tag="other")
    assert notify(on, referral, b"SIP/2.0 200 OK\r\n", "terminated;reason=noresource", tag="other") == 200
    assert on.told(ReferEnded)[0].succeeded


@pytest.mark.rfc("4538 3", "7647 4")
@pytest.mark.parametrize(
    ("contact", "supported"),
    [("<sip:bob@192.0.2.2;gr=urn:uuid:1>", "replaces"), ("<sip:bob@192.0.2.2>", "tdialog")],
    ids=["does not know Target-Dialog", "no GRUU"],
)
def test_who_is_referred_within_the_call(contact: str, supported: str) -> None:
    """Others are older, and are referred in the dialog."""
    on = Bench()
    call = up(on, f"Contact: {contact}", f"Supported: {supported}")
    on.take(call.refer("sip:carol@192.0.2.3", now=on.now)[1])
    assert refers(on)[0].call_id == call.call_id


@pytest.mark.rfc("5589 7.3", "3515-18")
@pytest.mark.parametrize(
    "given",
    [None, "sip:carol@example.com", "Carol <sip:carol@example.com>", Uri.parse("sip:carol@example.com")],
    ids=["Contact", "text", "address", "Uri"],
)
def test_to_take_over_another_call(given: Any) -> None:
    """Refer-To is where the other call's peer is, or what is given, with Replaces, which is to be required."""
    on = Bench()
    one = up(on)
    other = up(on, "Contact: <sip:carol@192.0.2.3>", target="sip:carol@192.0.2.2", tag="carols")
    on.take(one.refer(given, replaces=other, now=on.now)[1])
    address = refers(on)[0][REFER_TO]
    assert address is not None
    assert address.uri.host == ("192.0.2.3" if given is None else "example.com")
    named = in_uri(address.uri, REPLACES)
    assert named is not None
    assert named.matches(other.call_id, "carols", other.here.dialog.local_tag)
    assert ("Require", "replaces") in address.uri.header_fields


@pytest.mark.rfc("3515 2.1")
@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("sip:carol@192.0.2.3;method=BYE", "<sip:carol@192.0.2.3;method=BYE>"),
        ("Carol <sip:carol@192.0.2.3>", "Carol <sip:carol@192.0.2.3>"),
        (Address.parse("<http://www.example.com/>"), "<http://www.example.com/>"),
        (Uri.parse("tel:+1234"), "<tel:+1234>"),
    ],
)
def test_whom_to_contact(given: Any, written: str) -> None:
    """Whom it names is given as an address or a URI, of any scheme."""
    on = Bench()
    refer(on, given)
    assert refers(on)[0].header("Refer-To") == written


# -------------------------------------------------------------------- without a subscription


@pytest.mark.rfc("4488 4", "7614 5.2", "7614 4.2", "3515-17", "3515-19")
@pytest.mark.parametrize(
    ("options", "echo", "subscribes"),
    [
        ({"reports": False}, ("Refer-Sub: false",), False),
        ({"reports": False}, ("Refer-Sub: true",), True),
        ({"reports": False}, ("Refer-Sub: maybe",), True),
        ({"reports": False}, (), True),
        ({"headers": [("Require", "nosub")]}, (), False),
        ({"headers": [("Require", "explicitsub")]}, ("Refer-Events-At: <sip:1@192.0.2.2>",), False),
    ],
    ids=["granted", "not granted", "unreadable", "not heard of", "nosub", "explicitsub"],
)
@pytest.mark.parametrize("within", [False, True], ids=["outside", "in a call"])
def test_nothing_is_to_be_told(options: dict[str, Any], echo: tuple[str, ...], subscribes: bool, within: bool) -> None:
    """Refer-Sub counts where it is granted, and an extension that is required always: then the 2xx is all."""
    on = Bench()
    if within:
        referral, outputs = up(on).refer("sip:carol@192.0.2.3", now=on.now, **options)
        on.take(outputs)
    else:
        referral = refer(on, **options)
    (sent,) = refers(on)
    assert sent.header("Refer-Sub") == ("false" if "reports" in options else None)
    answer(on, sent, 200, CONTACT, *echo, tag="" if within else "bobs")
    (accepted,) = on.told(ReferAccepted)
    assert accepted.subscribes is subscribes
    assert referral.state is (ReferralState.ACCEPTED if subscribes else ReferralState.OVER)
    status = notify(on, referral, b"SIP/2.0 100 Trying\r\n", cseq=10)
    assert status == (200 if subscribes else 481)
    assert told(on)[1:] == (["ReferProgress 100"] if subscribes else [])


@pytest.mark.rfc("7614 5.2", "7614 4.2", "3515-08", "3515-19")
@pytest.mark.parametrize("within", [False, True], ids=["outside", "in a call"])
def test_an_extension_that_the_peer_does_not_know(within: bool) -> None:
    """A 420 has the REFER sent once more without it: then there is a subscription, and its number is the new one's."""
    on = Bench()
    lines = [("Require", "nosub"), ("Require", "norefersub, x")]
    if within:
        referral, outputs = up(on).refer("sip:carol@192.0.2.3", headers=lines, now=on.now)
        on.take(outputs)
    else:
        referral = refer(on, headers=lines)
    tag = "" if within else "bobs"
    answer(on, refers(on)[0], 420, "Unsupported: nosub, X", tag=tag)
    first, second = refers(on)
    assert second.cseq.number == first.cseq.number + 1
    assert second.call_id == first.call_id
    assert second.header_values("Require") == ("norefersub",)
    assert referral.request.cseq.number == second.cseq.number
    answer(on, second, 200, CONTACT, tag=tag)
    status = notify(on, referral, b"SIP/2.0 100 Trying\r\n", event=f"refer;id={second.cseq.number}", cseq=10)
    assert status == 200
    assert told(on) == ["ReferAccepted", "ReferProgress 100"]


@pytest.mark.rfc("3261 8.1.3.5")
@pytest.mark.parametrize(
    ("policy", "status", "header"),
    [
        (Policy(corrects_refused=False), 420, "Unsupported: nosub"),
        (Policy(), 420, "Unsupported: magic"),
        (Policy(), 421, "Require: explicitsub"),
    ],
    ids=["not wanted", "not asked for", "another one is wanted"],
)
def test_what_is_not_sent_again(policy: Policy, status: int, header: str) -> None:
    """Where leaving out what is not known is not wanted, or changes nothing, the refusal is the end."""
    on = Bench(policy=policy)
    refer(on, headers=[("Require", "nosub")])
    answer(on, refers(on)[0], status, header, tag="bobs")
    assert told(on) == [f"ReferEnded {status}"]


# -------------------------------------------------------------------- misuse


@pytest.mark.rfc("3515 2.4.1", "5589 7.3")
def test_what_cannot_be_asked() -> None:
    """What could not be sent raises, and nothing changes."""
    on = Bench(limits=Limits(subscriptions=1))
    call = up(on)
    early, outputs = on.endpoint.invite("sip:carol@192.0.2.2", offer=SDP, now=on.now)
    on.take(outputs)
    refused: tuple[tuple[str | None, dict[str, Any], str], ...] = (
        (None, {}, "to nobody"),
        ("sip:", {}, "no URI"),
        (None, {"replaces": call}, "does not replace itself"),
        (None, {"replaces": early}, "is not up"),
        ("sip:dave@192.0.2.3", {"headers": [("Refer-Sub", "true")]}, "written by sipsm"),
        ("sip:dave@192.0.2.3", {"headers": [("Via", "x")]}, "written by sipsm"),
        ("sip:dave@192.0.2.3", {"referred_by": "<"}, "RFC 3261"),
        ("sip:dave@192.0.2.3\r\n", {}, "CR, LF"),
    )
    for target, more, why in refused:
        with pytest.raises(LocalProtocolError, match=why):
            call.refer(target, **more, now=on.now)
    with pytest.raises(LocalProtocolError, match="is not confirmed"):
        early.refer("sip:dave@192.0.2.3", now=on.now)
    assert refers(on) == []
    refer(on)
    with pytest.raises(LocalProtocolError, match="the limits allow no more"):
        refer(on)


# -------------------------------------------------------------------- forks


@pytest.mark.rfc("3515 3.9", "6665 4.4.1", "6665 5.4.9", "3515-22")
def test_several_take_it() -> None:
    """Outside a dialog it may be accepted by several: each tells by itself to the end, and is a referral of its own."""
    on = Bench()
    one = refer(on)
    (sent,) = refers(on)
    assert notify(on, one, b"SIP/2.0 100 Trying\r\n", tag="far") == 200
    answer(on, sent, 200, CONTACT, tag="near")
    assert notify(on, one, b"SIP/2.0 180 Ringing\r\n", tag="near") == 200
    (forked,) = on.told(ReferForked)
    two = forked.referral
    assert (forked.forked_from, two.refer_to, two.state) == (one, one.refer_to, ReferralState.ACCEPTED)
    assert (one.status, two.status) == (100, 180)
    assert two.subscription in on.endpoint.subscriptions
    over = "terminated;reason=noresource"
    assert notify(on, one, b"SIP/2.0 486 Busy Here\r\n", over, cseq=2, tag="far") == 200
    assert (one.state, two.state) == (ReferralState.OVER, ReferralState.ACCEPTED)
    on.take(two.unsubscribe(now=on.now))
    assert (on.last_request.method, on.last_request.to_tag) == ("SUBSCRIBE", "near")
    answer(on, on.last_request, 200, "Expires: 0", tag="near")
    assert notify(on, two, b"SIP/2.0 200 OK\r\n", "terminated;reason=timeout", cseq=2, tag="near") == 200
    ends = [(event.referral, event.status, event.reason.value) for event in on.told(ReferEnded)]
    assert ends == [(one, 486, "noresource"), (two, 200, "unsubscribed")]
    assert on.endpoint.subscriptions == []
    on.wait(32)
    assert notify(on, one, b"SIP/2.0 100 Trying\r\n", tag="late") == 481


@pytest.mark.rfc("3515 3.9")
def test_within_a_call_it_does_not_fork() -> None:
    """A NOTIFY from another tag belongs to nothing there."""
    on = Bench()
    call = up(on)
    referral, outputs = call.refer("sip:carol@192.0.2.3", now=on.now)
    on.take(outputs)
    answer(on, refers(on)[0], 200, CONTACT, tag="bobs")
    assert notify(on, referral, b"SIP/2.0 100 Trying\r\n") == 200
    on.receive(
        on.request(
            "NOTIFY",
            from_=f"<{BOB}>;tag=other",
            to=referral.request.from_text,
            call_id=referral.request.call_id,
            headers=[CONTACT, "Event: refer", "Subscription-State: active"],
        )
    )
    assert on.last_response.status == 481
    assert on.told(ReferForked) == []


@pytest.mark.rfc("3515 3.9")
def test_a_fork_of_it_goes_on_in_another_process() -> None:
    """What is followed by itself is saved, and tells on."""
    on = Bench()
    one = refer(on)
    assert notify(on, one, b"SIP/2.0 100 Trying\r\n", tag="far") == 200
    assert notify(on, one, b"SIP/2.0 180 Ringing\r\n", tag="near") == 200
    on.endpoint = restore(save(on.endpoint))
    on.events.clear()
    assert notify(on, one, b"SIP/2.0 200 OK\r\n", "terminated;reason=noresource", cseq=2, tag="near") == 200
    (ended,) = on.told(ReferEnded)
    assert (ended.status, len(on.endpoint.subscriptions)) == (200, 1)
