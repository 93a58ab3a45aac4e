"""What holds for every transaction, whatever happens to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipsm.errors import LocalProtocolError
from sipsm.message import Request, parse_message
from sipsm.transaction import ClientTransaction, ResponseReceived, TimedOut, TransportFailed, Unmatched
from tests.transaction.messages import Bench, request, response

STATUSES = [100, 180, 183, 200, 202, 302, 408, 486, 600]

Event = tuple[str, float]
EVENTS = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([0.0, 0.125, 0.2, 0.5, 1.0, 4.0, 5.0, 31.0, 32.0])),
    st.tuples(st.just("response"), st.sampled_from(STATUSES)),
    st.tuples(st.sampled_from(["request", "ack", "fail", "early"]), st.just(0.0)),
)
PROGRAMS = st.lists(EVENTS, max_size=25)


class Life:
    """One transaction, what happens to it, and what must stay true."""

    def __init__(self, side: str, method: str, transport: str) -> None:
        self.side = side
        self.method = method
        self.bench = Bench(transport)
        self.first = request(method)
        if side == "client":
            self.bench.sends(self.first)
        else:
            self.bench.receives(self.first)
        assert self.bench.tx is not None
        self.tx = self.bench.tx
        self.offset = 0.0

    def take(self, what: str, x: float) -> None:
        """One event, if it concerns this side."""
        bench = self.bench
        if what == "wait":
            self.offset += x
            bench.at(self.offset)
        elif what == "early":
            when = bench.agenda.next_timeout()
            assert when is None or bench.agenda.pop(min(bench.now, when - 0.001)) is None
        elif what == "fail" and bench.sent:
            bench.cannot_send()
        elif self.side == "client" and what == "response":
            bench.receives(response(int(x), self.method))
        elif self.side == "server" and what == "response":
            try:
                bench.answers(int(x), self.method)
            except LocalProtocolError:
                assert self.method != "INVITE"
        elif self.side == "server" and self.tx.state != "Terminated" and what == "request":
            bench.receives(self.first)
        elif self.side == "server" and self.tx.state != "Terminated" and what == "ack" and self.method == "INVITE":
            bench.receives(request("ACK"))

    def check(self) -> None:
        """The invariants."""
        tx, bench = self.tx, self.bench
        kept = {**bench.layer.clients, **bench.layer.servers}
        if tx.state == "Terminated":
            assert (kept, tx.timers, bench.agenda.next_timeout()) == ({}, {}, None)
        else:
            assert list(kept.values()) == [tx]
            running = {timer.letter for timer in tx.table.timers if tx.state in timer.runs_in}
            assert set(tx.timers) <= running
            assert bench.agenda.next_timeout() == tx.next_timeout()
            assert all(at > bench.now for at, _ in tx.timers.values())
        assert all(send.flow == bench.flow for send in bench.sent)
        self.check_what_went_up()
        self.check_what_was_sent()

    def check_what_went_up(self) -> None:
        """One final response, and nothing before the start or after the end."""
        statuses = [up.response.status for up in self.bench.outputs if isinstance(up, ResponseReceived)]
        final = [status for status in statuses if status >= 200]
        if self.method == "INVITE" and final and final[0] < 300:
            assert all(status < 300 for status in final)
        else:
            assert len(final) <= 1
        assert [status >= 200 for status in statuses] == sorted(status >= 200 for status in statuses)
        ends = [n for n, up in enumerate(self.bench.outputs) if isinstance(up, TimedOut | TransportFailed)]
        if isinstance(self.tx, ClientTransaction) and ends:
            assert all(isinstance(up, Unmatched) for up in self.bench.outputs[ends[0] + 1 :])

    def check_what_was_sent(self) -> None:
        """A client sends its request and one ACK; a server one final response, and none before its provisionals."""
        messages = [parse_message(data) for data in dict.fromkeys(send.data for send in self.bench.sent)]
        if self.side == "client":
            methods = [message.method for message in messages if isinstance(message, Request)]
            assert methods in ([self.method], [self.method, "ACK"])
            return
        statuses = [message.status for message in messages if not isinstance(message, Request)]
        final = [status for status in statuses if status >= 200]
        accepted = self.method == "INVITE" and final and final[0] < 300
        assert all(status < 300 for status in final) if accepted else len(final) <= 1
        assert self.method == "INVITE" or set(statuses) - set(final) <= {100}
        assert not final or statuses[-1] >= 200


@pytest.mark.rfc("3261 17.1.1.2", "3261 17.1.2.2", "3261 17.2.1", "3261 17.2.2", "6026 7")
@pytest.mark.parametrize("transport", ["UDP", "TCP"])
@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
@pytest.mark.parametrize("side", ["client", "server"])
def test_any_life_of_a_transaction(side: str, method: str, transport: str) -> None:
    """Nothing is sent and nobody is woken after Terminated; one final response; each deadline is in the future."""

    @given(PROGRAMS)
    def lives(program: list[Event]) -> None:
        life = Life(side, method, transport)
        life.check()
        for what, x in program:
            over = life.tx.state == "Terminated"
            sent = len(life.bench.sent)
            life.take(what, x)
            life.check()
            assert not over or len(life.bench.sent) == sent

    lives()


@pytest.mark.rfc("3261 17.1.1.2", "3261 17.1.2.2", "3261 17.2.1", "3261 17.2.2")
@given(program=PROGRAMS, side=st.sampled_from(["client", "server"]), method=st.sampled_from(["INVITE", "OPTIONS"]))
def test_silence_ends_every_transaction(program: list[Event], side: str, method: str) -> None:
    """When nothing more happens, only an INVITE that rings lives on: its end is the transaction user's."""
    life = Life(side, method, "UDP")
    for what, x in program:
        life.take(what, x)
    life.bench.at(life.offset + 200)
    assert life.tx.state == "Terminated" or (method == "INVITE" and life.tx.state == "Proceeding")


@given(program=PROGRAMS, side=st.sampled_from(["client", "server"]), method=st.sampled_from(["INVITE", "OPTIONS"]))
def test_the_same_inputs_give_the_same_outputs(program: list[Event], side: str, method: str) -> None:
    """A transaction is a function of what happens to it."""
    lives = [Life(side, method, "UDP"), Life(side, method, "UDP")]
    for life in lives:
        for what, x in program:
            life.take(what, x)
    assert lives[0].bench.log == lives[1].bench.log
    assert [bytes(send.data) for send in lives[0].bench.sent] == [bytes(send.data) for send in lives[1].bench.sent]
    assert lives[0].tx.timers == lives[1].tx.timers
