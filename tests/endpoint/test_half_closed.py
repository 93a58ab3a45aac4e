"""A peer that has sent its last on a connection, and still reads: what it asked is answered there (RFC 3261 18.2.2)."""

from __future__ import annotations

import random

import pytest

from sipsm import Close, DropReason, Ended, EndReason, Flow, Ids, IncomingCall, NotDelivered, Open, restore, save
from tests.endpoint.by_hand import SDP, SDP2
from tests.endpoint.wired import FROM_THEM, NAME, TO_THEM, Wired

BACK = Flow("TCP", ("192.0.2.1", 40001), ("192.0.2.2", 5070))
"""The connection to where the peer's Via says that it takes some."""


def test_nothing_is_owed() -> None:
    """The connection is closed at once."""
    bench = Wired()
    bench.arrives(bench.request("OPTIONS"))
    bench.finished()
    assert (bench.statuses, bench.told(Close)) == ([200], [Close(FROM_THEM)])
    assert bench.finished() == bench.gone(FROM_THEM) == []
    assert bench.left() == {}


@pytest.mark.rfc("3261 18.2.2")
def test_the_answer_to_a_call() -> None:
    """It goes out on the connection, however long the call rings; when the INVITE is over, that is closed."""
    bench = Wired()
    bench.arrives(bench.request("INVITE", body=SDP) + bench.request("INVITE", call_id="x", body=SDP)[:100])
    call = bench.told(IncomingCall)[0].call
    bench.finished()
    assert (bench.drops, bench.told(Close)) == ([DropReason.CUT_SHORT], [])
    bench.wait(600)
    bench.take(call.ring(now=bench.now))
    bench.take(call.answer(SDP2, now=bench.now))
    while_undecided = [183] * 10
    assert (bench.statuses, set(bench.flows)) == ([100, *while_undecided, 180, 200], {FROM_THEM})
    bench.quiet()
    assert bench.told(Close) == [Close(FROM_THEM)]


@pytest.mark.rfc("3261 18.4")
def test_what_we_have_asked() -> None:
    """No answer can come any more."""
    bench = Wired(connected=False)
    call = bench.outgoing(target=NAME)
    bench.opened()
    bench.finished(TO_THEM)
    assert [(event.call, event.reason) for event in bench.told(Ended)] == [(call, EndReason.TRANSPORT_FAILED)]
    bench.wait(1)
    assert bench.told(Close) == [Close(TO_THEM)]


@pytest.mark.rfc("3261 18.2.2")
@pytest.mark.parametrize("how", ["reset", "send"])
@pytest.mark.parametrize("restored", [False, True])
def test_a_peer_that_was_gone_altogether(how: str, restored: bool) -> None:
    """The answer that it did not get goes by a new connection, even if nothing else is left of its request."""
    bench = Wired()
    bench.arrives(bench.request("INVITE", body=SDP))
    bench.finished()
    bench.take(bench.told(IncomingCall)[0].call.reject(486, now=bench.now))
    if restored:
        bench.endpoint = restore(save(bench.endpoint), ids=Ids(random.Random(2)))
    if how == "reset":
        bench.gone(FROM_THEM)
    else:
        send = next(each for each in bench.outputs if getattr(each, "flow", None) == FROM_THEM)
        bench.take(bench.endpoint.send_failed(send, bench.now))  # type: ignore[arg-type]  # it is a Send
        assert bench.told(Close) == [Close(FROM_THEM)]
        bench.gone(FROM_THEM)
    (open,) = bench.told(Open)
    assert open.remote == BACK.remote
    assert bench.endpoint.unfinished == 1
    bench.opened(BACK)
    assert (bench.statuses, bench.flows) == ([486, 486], [FROM_THEM, BACK])
    assert bench.told(NotDelivered) == []
    bench.arrives(bench.request("ACK", branch="z9hG4bKhand1", to=bench.last_response.lines_of("To")[0]), BACK)
    bench.wait(1000)
    bench.gone(BACK)
    assert bench.left() == {}
