"""Connections that are kept alive because the application asks for it (RFC 5626 3.5.1, 4.4.1)."""

from __future__ import annotations

import random

import pytest

from sipsm import (
    PING,
    PONG,
    Answered,
    Close,
    Ended,
    EndReason,
    FlowTimes,
    Ids,
    KeepAlive,
    LocalProtocolError,
    restore,
    save,
)
from tests.endpoint.wired import FROM_THEM, NAME, TO_THEM, Wired

TIMES = FlowTimes(idle_s=10)
OFTEN = KeepAlive(every_s=20)


def test_one_connection() -> None:
    """Pings go out, pongs come, and it does not fall idle; let go, it does."""
    bench = Wired(connected=False, flow_times=TIMES)
    call = bench.outgoing(target=NAME)
    bench.opened()
    bench.arrives(bench.response(call.invite, 486), TO_THEM)
    assert bench.take(bench.endpoint.keep_alive(TO_THEM, OFTEN, now=bench.now)) == []
    for _ in range(80):
        bench.wait(5)
        assert bench.arrives(PONG, TO_THEM) == []
    assert 20 <= bench.wires.count(PING) <= 25
    assert bench.told(Close) == []
    bench.take(bench.endpoint.let_go(TO_THEM, now=bench.now))
    bench.wait(20)
    assert bench.told(Close) == [Close(TO_THEM)]


def test_all_connections_that_it_makes() -> None:
    """Each is kept alive from its beginning, and none that a peer has made; a snapshot does not forget it."""
    bench = Wired(flow_times=TIMES, keep_alive=OFTEN)
    bench.endpoint = restore(save(bench.endpoint), ids=Ids(random.Random(1)))
    call = bench.outgoing(target=NAME)
    bench.opened()
    bench.arrives(bench.response(call.invite, 486), TO_THEM)
    bench.wait(20)
    assert bench.wires[-1] == PING
    assert bench.told(Close) == [Close(FROM_THEM)]
    again = restore(save(bench.endpoint))
    assert again.next_timeout() == bench.endpoint.next_timeout()
    assert again.handle_timeout(bench.now + 10)[-1] == Close(TO_THEM), "no pong came"


@pytest.mark.rfc("5626 4.4.1", "3261 18.4")
def test_no_pong() -> None:
    """Ten seconds after the ping the connection is closed, and what waits for an answer on it has failed."""
    bench = Wired(connected=False, keep_alive=OFTEN)
    call = bench.outgoing(target=NAME)
    asked, outputs = bench.endpoint.request("OPTIONS", NAME, now=bench.now)
    bench.take(outputs)
    bench.opened()
    bench.wait(20)
    assert bench.wires[-1] == PING
    assert bench.told(Close) == []
    bench.wait(10)
    assert bench.told(Close) == [Close(TO_THEM)]
    assert [(event.call, event.reason) for event in bench.told(Ended)] == [(call, EndReason.TRANSPORT_FAILED)]
    assert [(event.request, event.status) for event in bench.told(Answered)] == [(asked, 503)]
    bench.gone(TO_THEM)
    assert bench.left() == {}


@pytest.mark.rfc("5626 3.5.1")
def test_what_cannot_be_kept_alive() -> None:
    """A connection that the peer made is its affair, and line ends keep no datagrams alive."""
    bench = Wired()
    with pytest.raises(LocalProtocolError, match="only the side that made"):
        bench.endpoint.keep_alive(FROM_THEM, now=bench.now)
    with pytest.raises(LocalProtocolError, match="not datagrams"):
        bench.endpoint.keep_alive(FROM_THEM._replace(transport="UDP"), now=bench.now)
    assert bench.endpoint.keep_alive(TO_THEM, now=bench.now) == [], "it is gone already"


def test_a_connection_given_up_is_not_kept_alive() -> None:
    """Nobody waits for it any more when it is made at last."""
    bench = Wired(connected=False, keep_alive=OFTEN)
    bench.outgoing(target=NAME)
    bench.wait(11)
    assert bench.opened() == [Close(TO_THEM)]
