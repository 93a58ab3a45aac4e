"""All transactions of an endpoint together (RFC 3261 17)."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import pytest

from sipsm.errors import LocalProtocolError
from sipsm.machine import Agenda, Machine, Row
from sipsm.message import cancel_for
from sipsm.transaction import Absorbed, ResponseReceived, Transaction, TransactionLayer, Unmatched
from sipsm.transport import Flow
from tests.growth import steps
from tests.transaction.messages import ALICE, BOB, START, Bench, request, response


def test_a_response_that_nobody_waits_for_is_told() -> None:
    """It is passed up as unmatched, and leaves nothing behind."""
    bench = Bench()
    stray = response(200)
    assert bench.layer.receive_response(stray, START) == [Unmatched(stray)]
    assert bench.layer.clients == {}


def test_what_is_absorbed_says_why() -> None:
    """No message disappears without a trace."""
    bench = Bench()
    bench.sends(request("BYE"))
    bench.receives(response(200, "BYE"))
    again = response(200, "BYE")
    assert bench.layer.receive_response(again, START) == [
        Absorbed(again, "a repeat: the final response has been passed up")
    ]


@pytest.mark.rfc("3261 17.1", "3261 9.1")
def test_an_invite_and_its_cancel_are_two_transactions() -> None:
    """They share the branch; each has its own responses, its own timers and its own end."""
    bench = Bench()
    bench.sends(request())
    bench.receives(response(180))
    bench.sends(cancel_for(request()))
    assert len(bench.layer.clients) == 2
    bench.at(0.25).receives(response(200, "CANCEL"))
    bench.receives(response(487))
    assert bench.log[2:] == ["0 send CANCEL", "0.25 up 200", "0.25 send ACK", "0.25 up 487"]
    bench.at(5.25)
    assert [key.split()[-1] for key in bench.layer.clients] == ["INVITE"]
    bench.at(32.25)
    assert bench.layer.clients == {}


@pytest.mark.rfc("3261 18.4", "3261 17.1.4", "6026 8.8")
def test_a_failing_send_reaches_the_transaction_user() -> None:
    """Whichever transaction sent, the TU is told; a sender that is no more concerns nobody."""
    for method in ("INVITE", "OPTIONS"):
        client = Bench()
        client.sends(request(method))
        client.cannot_send()
        client.cannot_send()
        assert client.log == [f"0 send {method}", "0 failed"]
        server = Bench()
        server.receives(request(method))
        server.answers(200, method)
        server.cannot_send()
        assert server.log[-1] == "0 failed"


@pytest.mark.rfc("3261 18.4")
def test_a_flow_that_closes_fails_who_waits_for_a_response_on_it() -> None:
    """Transactions on other flows are left alone, and servers, whose response may go another way (18.2.2)."""
    bench = Bench("TCP")
    bench.sends(request("OPTIONS"))
    bench.sends(request())
    bench.receives(response(180))
    bench.receives(request(branch="z9hG4bKtheirs"))
    bench.answers(180)
    bench.log.clear()
    other = Flow("TCP", BOB, ("192.0.2.9", 5060))
    assert bench.layer.flow_closed(other, START) == []
    failed = bench.layer.flow_closed(Flow("TCP", BOB, ALICE), START)
    assert [type(output).__name__ for output in failed] == ["TransportFailed"]
    assert [tx.state for tx in bench.layer.clients.values()] == ["Proceeding"]
    assert [tx.state for tx in bench.layer.servers.values()] == ["Proceeding"]


@pytest.mark.parametrize("transport", ["TCP", "UDP"])
def test_a_closed_connection_costs_no_search(transport: str) -> None:
    """However many wait on other connections: who is concerned is known. A datagram's flow is not closed so often."""

    def closing(alive: int) -> int:
        layer = TransactionLayer(Agenda())
        flows = [Flow(transport, BOB, ("192.0.2.9", 1024 + number)) for number in range(alive)]
        for number, flow in enumerate(flows):
            layer.send_request(request("OPTIONS", branch=f"z9hG4bK{number}"), flow, None, START)
        failed: list[object] = []
        took = steps(lambda: failed.extend(layer.flow_closed(flows[alive // 2], START)))
        assert len(failed) == 1
        assert (len(layer.clients), len(layer.clients_on)) == (alive - 1, alive - 1 if transport == "TCP" else 0)
        return took

    assert (closing(100) == closing(10)) is (transport == "TCP")


def test_a_refused_response_changes_nothing() -> None:
    """Misuse raises `LocalProtocolError` with state and rule; the transaction goes on as if it had not happened."""
    bench = Bench()
    bench.receives(request("OPTIONS"))
    before = pickle.dumps(bench.server)
    with pytest.raises(LocalProtocolError, match="Trying") as caught:
        bench.answers(180, "OPTIONS")
    assert caught.value.rfc == "4320 4.1"
    assert pickle.dumps(bench.server) == before


def test_waking_early_changes_nothing() -> None:
    """A deadline that has not come fires nothing, neither by the agenda nor by name."""
    bench = Bench()
    bench.sends(request())
    assert bench.agenda.pop(START + 0.49) is None
    assert bench.tx is not None
    assert bench.layer.wake(bench.tx, START + 0.49) == []
    assert bench.agenda.next_timeout() == START + 0.5


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
def test_a_late_wake_up_sends_once(method: str) -> None:
    """However many deadlines were slept through, the request is sent once, and the next deadline is in the future."""
    bench = Bench()
    bench.sends(request(method))
    due = bench.agenda.pop(START + 20)
    assert isinstance(due, Transaction)
    assert len(bench.layer.wake(due, START + 20)) == 1
    assert bench.agenda.next_timeout() == START + 21


def test_every_row_taken_is_shown_to_the_observer() -> None:
    """A watcher sees machine, state before, input, row and time of each move."""
    seen: list[tuple[str, str, str, str, float]] = []

    def observer(machine: Machine, before: str, name: str, row: Row, now: float) -> None:
        seen.append((before, name, machine.state, row.rfc, now))

    bench = Bench()
    bench.layer = TransactionLayer(bench.agenda, observer=observer)
    bench.sends(request())
    bench.at(0.5).receives(response(200))
    assert seen == [
        ("Initial", "start", "Calling", "3261 17.1.1.2", START),
        ("Calling", "Timer A", "Calling", "3261 17.1.1.2", START + 0.5),
        ("Calling", "2xx", "Accepted", "6026 8.4", START + 0.5),
    ]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda bench: pickle.loads(pickle.dumps(bench))])
def test_a_saved_layer_goes_on_like_the_original(copied: Callable[[Bench], Bench]) -> None:
    """Transactions are plain data: a copy meets the same future in the same way."""
    bench = Bench()
    bench.sends(request())
    bench.sends(request("OPTIONS"))
    bench.receives(request(branch="z9hG4bKtheirs"))
    bench.at(0.75).answers(486)
    twin = copied(bench)
    for each in (bench, twin):
        each.at(1.75).receives(response(404))
        each.receives(request("ACK", branch="z9hG4bKtheirs"))
        each.at(100)
    assert twin.log == bench.log
    assert twin.over
    assert bench.over


def test_a_response_up_says_whose_it_is() -> None:
    """The TU finds by `user` what its request was for."""
    bench = Bench()
    call = object()
    bench.layer.send_request(request(), bench.flow, call, START)
    (up,) = bench.layer.receive_response(response(180), START)
    assert isinstance(up, ResponseReceived)
    assert up.transaction.user is call
