"""What a failure within a dialog destroys, where a call and subscriptions of both sides share it (RFC 5057 5.1)."""

from __future__ import annotations

from typing import Any

import pytest

from sipsm import (
    Call,
    Ended,
    PeerSubscription,
    PeerSubscriptionEnded,
    ReferReceived,
    Request,
    Subscription,
    SubscriptionEnded,
)
from sipsm.role import Profile
from sipsm.usage.destroying import DESTROYS_DIALOG, DESTROYS_USAGE
from tests.endpoint.by_hand import SDP
from tests.ladders.watching import AJAR, CLOSED, OPEN, TEXT, Notifying

TRANSACTION_ONLY = (400, 403, 406, 415, 486, 488, 500, 503, 513, 600, 603)


class Sharing(Notifying):
    """A call of the peer's, in whose dialog each side has subscribed to something of the other's."""

    def __init__(self) -> None:
        super().__init__(profile=Profile(event_packages=("door", "window", "dialog"), takes_referrals=True))
        self.call: Call = self.acked()
        self.cseq = 1
        self.theirs: PeerSubscription = self.active(
            600, "door", to=self.call.here.dialog.local, call_id=self.call.call_id
        )
        self.ours, outputs = self.endpoint.subscribe(self.call, "dialog", expires_s=600, now=self.now)
        self.take(outputs)
        self.receive(self.response(self.last_request, 200, headers=["Expires: 600"]))
        self.told_by_them("active;expires=600")

    def told_by_them(self, state: str) -> None:
        """A NOTIFY for our subscription."""
        self.cseq += 1
        headers = ["Event: dialog", f"Subscription-State: {state}"]
        self.receive(self.in_dialog("NOTIFY", self.cseq, self.call, headers=headers))

    def ask(self, method: str) -> Request:
        """We send a request of a usage in the dialog."""
        match method:
            case "NOTIFY":
                self.take(self.theirs.notify(CLOSED, TEXT, now=self.now))
            case "SUBSCRIBE":
                self.take(self.ours.refresh(now=self.now))
            case "BYE":
                self.take(self.call.hang_up(now=self.now))
            case "REFER":
                self.take(self.call.refer("sip:carol@192.0.2.3", now=self.now)[1])
            case "INVITE" | "UPDATE":
                self.take(self.call.offer(SDP, method=method, now=self.now))
            case _:
                self.take(self.call.request(method, now=self.now)[1])
        assert self.last_request.method == method
        return self.last_request

    @property
    def there(self) -> str:
        """What is still alive: the call, the peer's subscription, ours."""
        names = {"call": self.call.state.value == "established", "theirs": _is_there(self.theirs)}
        names["ours"] = _is_there(self.ours)
        return " ".join(name for name, is_there in names.items() if is_there)


def _is_there(subscription: PeerSubscription | Subscription) -> bool:
    return subscription.state.value == "active"


OF = {"INVITE": "call", "UPDATE": "call", "INFO": "call", "BYE": "call", "NOTIFY": "theirs", "SUBSCRIBE": "ours"}
"""Of which usage each method is."""


@pytest.mark.rfc("5057 5.1", "5057 4.1", "5057 4.2", "6665 4.2.2", "6665 4.1.2.2", "6665-26")
@pytest.mark.parametrize("status", sorted(DESTROYS_DIALOG))
@pytest.mark.parametrize("method", OF)
def test_what_destroys_the_dialog(method: str, status: int) -> None:
    """The call and the subscriptions of both sides are over, whichever of them was told so; each end is told once."""
    bench = Sharing()
    bench.receive(bench.response(bench.ask(method), status))
    assert bench.there == ""
    assert [event.reason.value for event in bench.told(PeerSubscriptionEnded)] == ["refused"]
    assert [event.reason.value for event in bench.told(SubscriptionEnded)] == ["lost"]
    if method != "BYE":
        assert bench.last_request.method == "BYE"
        bench.receive(bench.response(bench.last_request, 481))
    assert [event.call for event in bench.told(Ended)] == [bench.call]
    bench.told_by_them("active")
    assert bench.statuses[-1] == 481
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("5057 5.1", "6665 4.2.2", "6665 4.1.2.2", "6665-16", "6665-26")
@pytest.mark.parametrize("status", sorted(DESTROYS_USAGE))
@pytest.mark.parametrize("method", ["NOTIFY", "SUBSCRIBE"])
def test_what_destroys_the_usage(method: str, status: int) -> None:
    """The subscription is over whose request it was, and what shares its dialog goes on."""
    bench = Sharing()
    bench.receive(bench.response(bench.ask(method), status))
    assert bench.there == " ".join(each for each in ("call", "theirs", "ours") if each != OF[method])
    bench.told_by_them("active")
    assert bench.statuses[-1] == (481 if method == "SUBSCRIBE" else 200)


@pytest.mark.rfc("5057 5.1")
@pytest.mark.parametrize("status", TRANSACTION_ONLY)
@pytest.mark.parametrize("method", [method for method in OF if method != "BYE"])
def test_what_is_of_the_transaction_only(method: str, status: int) -> None:
    """All goes on."""
    bench = Sharing()
    bench.receive(bench.response(bench.ask(method), status))
    assert bench.there == "call theirs ours"


@pytest.mark.rfc("5057 5.1")
@pytest.mark.parametrize("method", ["OPTIONS", "MESSAGE", "REFER"])
@pytest.mark.parametrize("status", [404, 604])
def test_what_is_no_word_on_the_dialog(method: str, status: int) -> None:
    """What belongs to no usage there may be refused for whom, or what, it names: all goes on."""
    bench = Sharing()
    bench.receive(bench.response(bench.ask(method), status))
    assert bench.there == "call theirs ours"


@pytest.mark.rfc("5057 5.1", "5057 5.2")
def test_a_lost_call_leaves_them() -> None:
    """481 to a request of the call ends the call alone."""
    bench = Sharing()
    bench.receive(bench.response(bench.ask("INFO"), 481))
    assert (bench.last_request.method, bench.there) == ("BYE", "theirs ours")


@pytest.mark.rfc("5057 5.1")
def test_what_was_under_way_there() -> None:
    """A NOTIFY that another failure has overtaken is answered to nobody; what waited behind it is not sent."""
    bench = Sharing()
    notify = bench.ask("NOTIFY")
    bench.take(bench.theirs.notify(AJAR, TEXT, now=bench.now))
    bench.receive(bench.response(bench.ask("INFO"), 404))
    assert bench.there == ""
    before = len(bench.sent), len(bench.events)
    bench.receive(bench.response(notify, 200))
    assert (len(bench.sent), len(bench.events)) == before


@pytest.mark.rfc("5057 5.1")
def test_what_is_ending_there() -> None:
    """What had ended but for its last NOTIFY, or ours but for theirs, is over with the dialog, too."""
    bench = Sharing()
    notify = bench.ask("NOTIFY")
    bench.take(bench.theirs.terminate("noresource", now=bench.now))
    bench.take(bench.ours.unsubscribe(now=bench.now))
    bench.receive(bench.response(bench.ask("INFO"), 404))
    assert [event.reason.value for event in bench.told(PeerSubscriptionEnded)] == ["terminated"]
    assert [event.reason.value for event in bench.told(SubscriptionEnded)] == ["unsubscribed"]
    bench.receive(bench.response(notify, 200))
    assert len(bench.notifies) == 2
    assert [*bench.endpoint.peer_subscriptions, *bench.endpoint.subscriptions] == []


@pytest.mark.rfc("5057 5.1", "6665 4.2.1.1")
def test_what_is_not_decided_yet() -> None:
    """A SUBSCRIBE that waits for the application is answered all the same, and ends with its NOTIFY."""
    bench = Sharing()
    wanted = bench.wanted(600, "window", to=bench.call.here.dialog.local, call_id=bench.call.call_id)
    bench.receive(bench.response(bench.ask("INFO"), 404))
    assert (bench.there, wanted.state.value) == ("", "asked")
    bench.take(wanted.accept(OPEN, TEXT, now=bench.now))
    assert bench.statuses[-1] == 200
    bench.answer(481)
    assert bench.endpoint.peer_subscriptions == []


@pytest.mark.rfc("5057 5.1", "3515 2.4.2")
def test_a_refer_that_is_not_decided_yet() -> None:
    """So it is with a REFER: it is answered as the application says."""
    bench = Sharing()
    bench.cseq += 1
    headers = ["Refer-To: <sip:carol@192.0.2.3>", "Contact: <sip:alice@192.0.2.2:5060>"]
    bench.receive(bench.in_dialog("REFER", bench.cseq, bench.call, contact=None, headers=headers))
    (received,) = bench.told(ReferReceived)
    bench.receive(bench.response(bench.ask("INFO"), 404))
    assert bench.there == ""
    bench.take(received.referral.reject(now=bench.now))
    assert bench.statuses[-1] == 603


@pytest.mark.rfc("5057 5.1", "6665 4.1.2.1")
def test_what_is_no_request_within_it() -> None:
    """A SUBSCRIBE that was to make a dialog destroys none that its NOTIFY has made before it was refused."""
    bench = Notifying()
    subscription, outputs = bench.endpoint.subscribe("sip:bob@192.0.2.2:5060", "dialog", now=bench.now)
    bench.take(outputs)
    subscribe = bench.last_request
    parts: dict[str, Any] = {"from_": f"{subscribe.to_text};tag=far", "to": subscribe.from_text}
    headers = ["Event: dialog", "Subscription-State: active", "Contact: <sip:bob@192.0.2.2:5060>"]
    bench.receive(bench.request("NOTIFY", call_id=subscribe.call_id, headers=headers, **parts))
    bench.receive(bench.response(subscribe, 404, tag="far"))
    assert (subscription.state.value, bench.told(SubscriptionEnded)) == ("active", [])


@pytest.mark.rfc("5057 5.1", "3261 15.1.2", "3261 12.2.2")
def test_a_bye_behind_the_bye() -> None:
    """Where the session is over and the dialog goes on, a further BYE gets 481, and its number counts all the same."""
    bench = Sharing()
    for status in (200, 481):
        bench.cseq += 1
        bench.receive(bench.in_dialog("BYE", bench.cseq, bench.call))
        assert (bench.statuses[-1], bench.there) == (status, "theirs ours")
    bench.receive(bench.in_dialog("OPTIONS", bench.cseq - 1, bench.call, branch="z9hG4bKlower"))
    assert bench.statuses[-1] == 500
