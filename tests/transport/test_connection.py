"""One connection: made, used, kept alive, and gone (RFC 3261 18, RFC 5626 4.4.1)."""

from __future__ import annotations

import copy

import pytest

from sipsm.errors import LocalProtocolError
from sipsm.machine import Agenda, Step
from sipsm.transport import Flow, StreamFramer
from sipsm.transport import connection as states
from sipsm.transport.connection import Connection, Waiting
from sipsm.transport.flow import Open
from sipsm.transport.limits import FlowLimits, FlowTimes, KeepAlive
from sipsm.transport.outputs import Unsent
from sipsm.transport.reading import Reading
from tests.transport.flow_bench import FROM_BOB, MADE, PING, PONG, START, TO_BOB, Bench, answer, message

SURE = KeepAlive(120.0)


def kept(keep: KeepAlive = SURE) -> Bench:
    """An open connection to Bob that is kept alive."""
    bench = Bench()
    bench.send(b"one")
    bench.opened()
    assert bench.did(bench.flows.keep_alive(MADE, keep, bench.now)) == []
    return bench


@pytest.mark.rfc("3261 18", "3261 18.1.1")
def test_what_is_sent_while_it_opens_waits() -> None:
    """The first message has the connection made, the next ones wait with it; all go in their order once it is open."""
    bench = Bench()
    assert bench.send(b"one", "tx1") == ["open TCP 192.0.2.2:5060"]
    assert bench.send(b"two", "tx2") == []
    assert bench.let_pass(3.0) == []
    assert bench.opened() == ["send one to 5060 for tx1", "send two to 5060 for tx2"]
    assert bench.send(b"three", "tx3") == ["send three to 5060 for tx3"]
    assert bench.send(b"four", "tx4", MADE) == ["send four to 5060 for tx4"]
    assert bench.flows.queued == 0


@pytest.mark.rfc("3261 18.4", "3261-S33")
def test_a_connection_that_cannot_be_made() -> None:
    """Whoever waited for it is told, each once, and the next one to send tries anew."""
    bench = Bench()
    bench.send(b"one", "tx1")
    bench.send(b"two", "tx2")
    assert bench.open_failed() == [
        "unsent one for tx1: the connection could not be made",
        "unsent two for tx2: the connection could not be made",
    ]
    assert bench.is_empty()
    assert bench.send(b"three") == ["open TCP 192.0.2.2:5060"]


@pytest.mark.rfc("3261 18.4")
@pytest.mark.parametrize("too_late", [True, False])
def test_a_connection_that_takes_too_long(too_late: bool) -> None:
    """After `connect_s` whoever waited is told; when it is made after all, it is closed, for nobody wants it."""
    bench = Bench()
    bench.send(b"one", "tx1")
    assert bench.let_pass(60.0) == ["10.0 unsent one for tx1: no connection was made in time"]
    assert bench.send(b"two", "tx2") == ["open TCP 192.0.2.2:5060"], "a new attempt, and the old one is still counted"
    assert len(bench.flows.opening) == 2
    if too_late:
        assert bench.opened() == ["close 5060"]
        assert bench.closed() == []
    else:
        assert bench.open_failed() == []
    assert bench.open_failed() == ["unsent two for tx2: the connection could not be made"]
    assert bench.is_empty()


def test_an_attempt_is_given_up() -> None:
    """Closing what is not open yet tells whoever waits; and what is used there no more leaves no trace."""
    bench = Bench()
    bench.send(b"one", "tx1")
    bench.use()
    bench.release()
    assert bench.did(bench.flows.close(TO_BOB, "no longer wanted", bench.now)) == [
        "unsent one for tx1: no longer wanted"
    ]
    assert bench.did(bench.flows.close(TO_BOB, "no longer wanted", bench.now)) == []
    assert bench.open_failed() == []
    assert bench.is_empty()


def test_too_much_waits() -> None:
    """What would exceed the bytes that may wait for one connection is not sent; what waits already is."""
    bench = Bench(FlowLimits(queued_bytes_per_flow=7))
    bench.send(b"one", "tx1")
    assert bench.send(b"three", "tx2") == ["unsent three for tx2: too much waits for the connection"]
    assert bench.send(b"four", "tx3") == []
    assert bench.opened() == ["send one to 5060 for tx1", "send four to 5060 for tx3"]


@pytest.mark.rfc("3261 18")
def test_a_connection_that_nobody_uses_is_closed() -> None:
    """After `idle_s` without any message, at the latest after twice that; nobody is told, for it concerns nobody."""
    bench = Bench()
    bench.accepted()
    assert bench.let_pass(100.0) == []
    assert bench.receive(message(), FROM_BOB) == ["arrived one"]
    assert bench.let_pass(1000.0) == ["260.0 close 33000"]
    assert bench.closed(FROM_BOB) == []
    assert bench.is_empty()


@pytest.mark.rfc("3261 18")
def test_a_connection_that_is_used_is_not_idle() -> None:
    """As long as one transaction of several uses it, by its name or its flow, it stays."""
    bench = Bench()
    bench.use()
    bench.send(b"one")
    bench.opened()
    bench.use()
    bench.use(MADE)
    bench.release()
    assert bench.let_pass(1000.0) == []
    bench.release()
    assert bench.let_pass(1000.0) == []
    bench.release(MADE)
    assert bench.let_pass(1000.0) == ["180.0 close 5060"]

    bench = Bench()
    bench.send(b"one")
    bench.use()
    bench.release()
    bench.opened()
    assert bench.let_pass(1000.0) == ["360.0 close 5060"], "the message that it was made for was its last one"
    bench.use(FROM_BOB)
    bench.accepted()
    assert bench.let_pass(1000.0) == [], "who uses a flow may say so first"


def test_a_used_connection_is_one_that_was_asked_for_in_use() -> None:
    """Somebody who uses the name while it opens uses the connection."""
    bench = Bench()
    bench.send(b"one")
    bench.use()
    bench.opened()
    assert bench.let_pass(1000.0) == []

    bench = Bench()
    bench.send(b"one")
    bench.use(MADE)
    bench.opened()
    assert bench.let_pass(1000.0) == [], "or of the flow, if it had those addresses before"


# ---------------------------------------------------------------- keep-alive


@pytest.mark.rfc("5626 4.4.1", "5626 3.5.1")
def test_pings_and_pongs() -> None:
    """A ping goes after 80 % to 100 % of the interval, each time another; while pongs come, it is never closed."""
    bench = kept()
    pauses = []
    for _ in range(50):
        since = bench.now
        assert bench.next() == ["send PING to 5060"]
        pauses.append(bench.now - since)
        assert bench.receive(PONG) == []
    assert all(96.0 <= pause <= 120.0 for pause in pauses)
    assert max(pauses) - min(pauses) > 15
    assert bench.receive(PONG) == [], "one that answers nothing is nothing"


@pytest.mark.rfc("5626 4.4.1")
def test_no_pong() -> None:
    """Ten seconds after a ping without a pong the flow has failed: it is closed, and its users are told."""
    bench = kept()
    assert bench.next() == ["send PING to 5060"]
    assert bench.let_pass(20.0) == [
        "10.0 close 5060",
        "10.0 lost flow 5060: no pong came",
        "10.0 lost name 5060: no pong came",
    ]
    assert bench.closed() == []
    assert bench.is_empty()


@pytest.mark.rfc("5626 4.4.1")
@pytest.mark.parametrize("pong", [b"", PONG])
def test_a_pong_behind_a_long_message(pong: bytes) -> None:
    """When the ten seconds end within a message, the pong may still come with the end of it, and no later."""
    bench = kept()
    whole = message(body=100)
    bench.next()
    bench.receive(whole[:60])
    assert bench.let_pass(11.0) == []
    dead = ["close 5060", "lost flow 5060: no pong came", "lost name 5060: no pong came"]
    assert bench.receive(whole[60:] + pong) == ["arrived one", *([] if pong else dead)]


@pytest.mark.rfc("5626 4.4")
def test_pings_that_need_no_pong() -> None:
    """Who has not agreed to answer pings need not; they go on all the same."""
    bench = kept(KeepAlive(120.0, expects_pong=False))
    for _ in range(20):
        assert bench.next() == ["send PING to 5060"]


@pytest.mark.rfc("5626 4.4")
def test_pings_closer_than_their_pongs_may_be() -> None:
    """The server's time is kept even while a pong is waited for, and its want is noticed all the same."""
    bench = kept(KeepAlive(5.0))
    for _ in range(3):
        assert bench.next() == ["send PING to 5060"]
    assert bench.next()[0] == "close 5060"

    bench = kept(KeepAlive(5.0))
    bench.next()
    bench.receive(message()[:5])
    for _ in range(4):
        assert bench.next() == ["send PING to 5060"], "within a message as well"


def test_keeping_alive_otherwise_and_no_longer() -> None:
    """The same again changes nothing; another interval holds at once; without, it may fall idle."""
    bench = kept()
    bench.let_pass(60.0)
    at = bench.agenda.next_timeout()
    bench.flows.keep_alive(TO_BOB, SURE, bench.now)
    assert bench.agenda.next_timeout() == at
    bench.use()
    bench.flows.keep_alive(MADE, KeepAlive(10.0), bench.now)
    assert bench.let_pass(10.0)[-1].endswith("send PING to 5060")
    assert bench.receive(PONG) == []
    bench.release()
    bench.use()
    assert bench.did(bench.flows.let_go(MADE, bench.now)) == []
    assert bench.let_pass(1000.0) == []
    bench.flows.keep_alive(MADE, SURE, bench.now)
    bench.release()
    bench.flows.let_go(MADE, bench.now)
    bench.flows.let_go(MADE, bench.now)
    assert bench.let_pass(1000.0) == ["180.0 close 5060"]
    assert bench.flows.let_go(FROM_BOB, bench.now) == []


@pytest.mark.rfc("5626 3.5.1", "5626 4.4.1")
def test_only_who_made_a_connection_keeps_it_alive() -> None:
    """Pings go from client to server, and over connections only; for one that is gone there is nothing to do."""
    bench = Bench()
    bench.accepted()
    with pytest.raises(LocalProtocolError, match="only the side that made"):
        bench.flows.keep_alive(FROM_BOB, SURE, bench.now)
    with pytest.raises(LocalProtocolError, match="datagrams"):
        bench.flows.keep_alive(FROM_BOB._replace(transport="UDP"), SURE, bench.now)
    assert bench.flows.keep_alive(MADE, SURE, bench.now) == []


@pytest.mark.rfc("5626 5.4")
def test_a_ping_is_answered_at_once() -> None:
    """A server answers each double CRLF with one CRLF, those that come together with as many, and stays awake."""
    bench = Bench()
    bench.accepted()
    assert bench.receive(PING, FROM_BOB) == ["send PONG to 33000"]
    assert bench.receive(message() + PING * 2 + message("two"), FROM_BOB) == [
        "arrived one",
        "arrived two",
        "send PING to 33000",
    ], "two pongs are the bytes of a ping"
    bench.use(FROM_BOB)
    assert bench.receive(PING, FROM_BOB) == ["send PONG to 33000"]


# ---------------------------------------------------------------- its end


@pytest.mark.rfc("3261 18.4", "3261-S33")
def test_the_peer_closes() -> None:
    """Whoever waits on the flow, or on the name that it was made for, is told; half a message is lost."""
    bench = Bench()
    bench.send(b"one")
    bench.opened()
    bench.receive(b"BYE sip:a@b SIP/2.0\r\nVia: ")
    assert bench.closed() == [
        "discarded BYE: cut-short",
        "lost flow 5060: the connection was closed",
        "lost name 5060: the connection was closed",
    ]
    assert bench.is_empty()
    assert bench.closed() == []
    assert bench.receive(message()) == ["discarded one: closed"]


@pytest.mark.rfc("3261 18.4")
def test_a_send_that_fails() -> None:
    """Its sender is told, and the connection, which has lost a part of its stream, is closed."""
    bench = Bench()
    bench.send(b"one", "tx1")
    bench.opened()
    failed = bench.sends[0]
    assert bench.did(bench.flows.send_failed(failed, bench.now)) == [
        "unsent one for tx1: it could not be sent",
        "close 5060",
        "lost flow 5060: something could not be sent on it",
        "lost name 5060: something could not be sent on it",
    ]
    assert bench.receive(message()) == ["discarded one: closed"]
    assert bench.send(b"two", "tx2") == ["open TCP 192.0.2.2:5060"]
    assert bench.closed() == []
    assert bench.did(bench.flows.send_failed(failed, bench.now)) == ["unsent one for tx1: it could not be sent"]


@pytest.mark.rfc("3261 18.3", "4475 3.1.2.2")
def test_a_message_that_does_not_end() -> None:
    """A message must be whole `message_s` after its beginning, however steadily its bytes come; each has that time."""
    bench = Bench()
    bench.accepted()
    bench.use(FROM_BOB)
    endless = message(body=100)
    for _ in range(3):
        bench.receive(endless[:30], FROM_BOB)
        assert bench.let_pass(20.0) == []
        assert bench.receive(endless[30:] + endless[:10], FROM_BOB) == ["arrived one"]
        assert bench.let_pass(20.0) == []
        assert bench.receive(endless[10:], FROM_BOB) == ["arrived one"]
    bench.receive(endless[:40], FROM_BOB)
    assert bench.let_pass(31.0) == []
    bench.receive(b"..", FROM_BOB)
    assert bench.let_pass(10.0) == [
        "1.0 discarded one: cut-short",
        "1.0 lost flow 33000: the rest of the message did not come in time",
        "5.0 close 33000",
        "5.0 lost flow 33000: the time for its last answers is over",
    ]
    assert bench.closed(FROM_BOB) == []
    bench.release(FROM_BOB)
    assert bench.is_empty()


def test_a_message_that_does_not_end_on_a_connection_of_ours() -> None:
    """Its time runs even where no other does."""
    bench = Bench()
    bench.use()
    bench.send(b"one")
    bench.opened()
    bench.let_pass(100.0)
    assert bench.agenda.next_timeout() is None
    bench.receive(message()[:5])
    assert bench.let_pass(40.0)[0] == "32.0 discarded one: cut-short"


@pytest.mark.rfc("3261 18.3", "3261 18.2.2", "4475 3.1.2.3")
def test_bytes_that_are_no_message() -> None:
    """They are told with what they were; the answers that are owed go out, then the connection is closed."""
    bench = Bench()
    bench.accepted()
    bench.use(FROM_BOB)
    assert bench.receive(b"INVITE sip:a@b SIP/2.0\r\nContent-Length: -1\r\n\r\n", FROM_BOB) == [
        "bad: Content-Length '-1' is no length"
    ]
    assert bench.receive(message(), FROM_BOB) == ["discarded one: closed"]
    assert bench.send(b"400", None, FROM_BOB) == ["send 400 to 33000"]
    assert bench.end(FROM_BOB) == ["lost flow 33000: enough"]
    assert bench.receive(message(), FROM_BOB) == ["discarded one: closed"]
    assert bench.send(b"200", "tx1", FROM_BOB) == ["send 200 to 33000 for tx1"]
    bench.use(FROM_BOB)
    bench.release(FROM_BOB)
    assert bench.release(FROM_BOB) == ["close 33000"]
    assert bench.end(FROM_BOB) == []


def test_nothing_more_comes_on_a_connection_of_ours() -> None:
    """Who waits for an answer is told that none will be read, and what is sent to the name takes another connection."""
    bench = Bench()
    bench.use()
    bench.send(b"one", "tx1")
    bench.opened()
    bench.use(MADE)
    assert bench.end() == ["lost flow 5060: enough", "lost name 5060: enough"]
    assert bench.send(b"two", "tx2") == ["open TCP 192.0.2.2:5060"]
    bench.release()
    other = MADE._replace(local=("192.0.2.1", 40002))
    assert bench.opened(other) == ["send two to 5060 for tx2"]
    assert bench.closed() == ["lost flow 5060: the connection was closed"], "the new one lives"
    assert bench.send(b"three") == ["send three to 5060"]
    bench.use()
    lost = ["lost flow 5060: enough", "lost name 5060: enough"]
    assert bench.end(other) == [*lost, "close 5060"], "nobody uses its flow, only its name"
    bench.release()
    bench.use(other)
    bench.release(other)


@pytest.mark.rfc("3261 18.2.2")
def test_a_peer_that_has_sent_its_last() -> None:
    """It may still read: what it is owed goes out on the connection, however late; a moment later that is closed."""
    bench = Bench()
    bench.accepted()
    bench.use(FROM_BOB)
    bench.receive(message()[:5], FROM_BOB)
    assert bench.finished() == ["discarded one: cut-short", "lost flow 33000: the peer has sent its last"]
    assert bench.finished() == bench.end(FROM_BOB) == []
    assert bench.receive(message(), FROM_BOB) == ["discarded one: closed"]
    assert bench.let_pass(1000.0) == []
    assert bench.send(b"200", "tx1", FROM_BOB) == ["send 200 to 33000 for tx1"]
    assert bench.release(FROM_BOB) == []
    assert bench.let_pass(10.0) == ["1.0 close 33000"]
    assert bench.send(b"200", "tx1", FROM_BOB) == ["unsent 200 for tx1: the connection is closed"]
    assert bench.closed(FROM_BOB) == []
    assert bench.is_empty()


@pytest.mark.rfc("3261 18.2.2")
@pytest.mark.parametrize("how", ["reset", "reset soon after the last", "send"])
def test_a_peer_that_is_gone_after_its_last(how: str) -> None:
    """It had closed not half of the connection but all of it: what was sent since then goes by a new one, once."""
    bench = Bench()
    bench.accepted()
    bench.use(FROM_BOB)
    assert bench.finished() == ["lost flow 33000: the peer has sent its last"]
    data = answer("192.0.2.2:5070", "TCP")
    bench.send(data, "tx1", FROM_BOB)
    if how == "reset soon after the last":
        bench.release(FROM_BOB)
        bench.let_pass(0.5)
        bench.use(FROM_BOB)
    if how == "send":
        assert bench.did(bench.flows.send_failed(bench.sends[0], bench.now)) == [
            "close 33000",
            "open TCP 192.0.2.2:5070",
        ]
    else:
        assert bench.closed(FROM_BOB) == ["open TCP 192.0.2.2:5070"]
    again = MADE._replace(remote=("192.0.2.2", 5070))
    assert bench.opened(again) == ["send SIP/2.0 to 5070 for tx1"]
    bench.closed(FROM_BOB)
    bench.closed(again)
    bench.release(FROM_BOB)
    assert bench.is_empty()


def test_not_everything_is_kept_for_a_peer_that_may_be_gone() -> None:
    """Of all that is sent after its last, a number of messages."""
    bench = Bench()
    bench.accepted()
    bench.use(FROM_BOB)
    bench.finished()
    for n in range(states.KEPT_MESSAGES + 1):
        bench.send(answer("192.0.2.2:5070", "TCP"), f"tx{n}", FROM_BOB)
    bench.closed(FROM_BOB)
    assert len(bench.flows.opening[1].waiting) == states.KEPT_MESSAGES


def test_a_peer_that_has_sent_its_last_and_is_owed_nothing() -> None:
    """The connection is closed; who waited for an answer on it is told."""
    bench = Bench()
    bench.accepted()
    assert bench.finished() == ["close 33000", "lost flow 33000: the peer has sent its last"]
    bench.use()
    bench.send(b"one", "tx1")
    bench.opened()
    assert bench.finished(MADE) == [
        "lost flow 5060: the peer has sent its last",
        "lost name 5060: the peer has sent its last",
    ], "its own close follows"
    assert bench.let_pass(10.0) == ["1.0 close 5060"]
    assert bench.did(bench.flows.finished(TO_BOB._replace(transport="UDP"), bench.now)) == []


def test_closing_at_once() -> None:
    """Its users are told, whether it was just read to its end or not."""
    bench = Bench()
    bench.accepted()
    bench.use(FROM_BOB)
    bench.end(FROM_BOB)
    assert bench.did(bench.flows.close(FROM_BOB, "the house is closed", bench.now)) == [
        "close 33000",
        "lost flow 33000: the house is closed",
    ]
    bench.closed(FROM_BOB)
    bench.accepted()
    bench.finished()
    assert bench.did(bench.flows.close(FROM_BOB, "the house is closed", bench.now)) == ["close 33000"]


def test_a_timer_too_early() -> None:
    """Waking a connection for which nothing is due changes nothing."""
    bench = Bench()
    bench.accepted()
    connection = bench.flows.connections[FROM_BOB]
    assert bench.flows.wake(connection, START + 1) == []
    assert connection.state == states.IDLE


# ---------------------------------------------------------------- the machine by itself


def test_a_connection_that_is_over_sends_nothing() -> None:
    """Whoever still has the machine and sends on it is told that it was not sent."""
    for way in ([states.CLOSE], [states.CLOSE, states.OPENED], [states.OPEN_FAILED]):
        connection = by_itself()
        for name in (states.ASK, *way):
            connection.receive(name, None if name != states.OPENED else MADE, Step(START))
        step = Step(START)
        connection.receive(states.SEND, Waiting(b"one", "tx1"), step)
        assert [type(output) for output in step.outputs] == [Unsent], way
        assert connection.next_timeout() is None


def by_itself() -> Connection:
    """A connection that we may ask for."""
    times = FlowTimes()
    framer = StreamFramer(client=True)
    return Connection(TO_BOB, framer, Reading(times), times, 100, Open(1, "TCP", ("192.0.2.1", 0), TO_BOB.remote))


def test_a_connection_is_plain_data() -> None:
    """A copy goes on as the original does, and neither knows of the other."""
    bench = kept()
    bench.receive(message(body=10)[:-1])
    connection = bench.flows.connections[MADE]
    twin = copy.deepcopy(connection)
    assert twin.next_timeout() == connection.next_timeout()
    assert twin.framer.receive(b".") == connection.framer.receive(b".") != []
    first, second = Step(START), Step(START)
    for machine, step in ((connection, first), (twin, second)):
        machine.receive(machine.fired("ping", START + 120), None, step)
    assert first.outputs == second.outputs
    assert connection.timers == twin.timers
    assert isinstance(connection.flow, Flow)
    assert Agenda().next_timeout() is None
