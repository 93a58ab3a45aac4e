"""A request tries its targets one after the other, each in a transaction of its own (RFC 3263 4.3)."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from sipsm.ids import Ids
from sipsm.machine import Agenda
from sipsm.message import Request, parse_message, response_to
from sipsm.transaction import (
    Absorbed,
    ClientTransaction,
    ResponseReceived,
    TimedOut,
    TransactionLayer,
    TransportFailed,
)
from sipsm.transaction.matching import client_key
from sipsm.transaction.sending import NotSent, Sending, SentAs, TriesAgain
from sipsm.transport import Flow, Listening, Resolve, Send, Srv
from sipsm.transport.locating import LocateLimits
from tests.transaction.messages import START, request

HOSTS = ["192.0.2.2", "192.0.2.3", "192.0.2.4"]
URI = "sip:bob@biloxi.example.com:5060"
USER = "call"


class Desk:
    """Sends, and notes what the TU is told; `biloxi.example.com` has three addresses."""

    def __init__(self, *local: str, **options: Any) -> None:
        self.agenda = Agenda()
        layer = TransactionLayer(self.agenda)
        listening = [Listening.parse(each) for each in local or ("udp:192.0.2.1:5060",)]
        self.sending = Sending(layer, listening, Ids(Random(1)), **options)
        self.now = START
        self.sent: list[Send] = []
        self.told: list[Any] = []
        self.asked: list[str] = []
        self.addresses = list(HOSTS)
        self.first: Request | None = None

    def take(self, outputs: list[Any]) -> None:
        """Do what an endpoint and its adapter do with outputs."""
        for output in outputs:
            match output:
                case Send():
                    self.sent.append(output)
                case Resolve():
                    self.asked.append(output.type)
                    records: list[Any] = self.addresses if output.type == "A" else []
                    self.take(self.sending.resolved(output, records, self.now))
                case ResponseReceived() | TimedOut() | TransportFailed():
                    instead = self.sending.heard(output, self.now)
                    if instead is None:
                        self.told.append(output)
                    else:
                        self.take(instead)
                case _:
                    self.told.append(output)

    def send(self, method: str = "INVITE", uri: str = URI, more: str = "", **options: Any) -> None:
        """The TU sends a request."""
        self.first = request(method, uri=uri, more=more)
        self.take(self.sending.request(self.first, USER, self.now, **options))

    @property
    def last(self) -> Request:
        """The request that was sent last."""
        message = parse_message(self.sent[-1].data)
        assert isinstance(message, Request)
        return message

    @property
    def transaction(self) -> ClientTransaction:
        """Its transaction."""
        return self.sending.transactions.clients[client_key(self.last)]

    def answer(self, status: int) -> None:
        """The server that it was sent to last answers it."""
        response = response_to(self.last, status, to_tag=None if status == 100 else "far")
        self.take([*self.sending.transactions.receive_response(response, self.now)])

    def fail(self) -> None:
        """What was sent last could not be sent."""
        self.take([*self.sending.transactions.send_failed(self.sent[-1].sender, self.now)])

    def wait(self, seconds: float) -> None:
        """Time passes."""
        end = self.now + seconds
        while (at := self.agenda.next_timeout()) is not None and at <= end:
            self.now = at
            while (due := self.agenda.pop(at)) is not None:
                self.take([*self.sending.transactions.wake(due, at)])  # type: ignore[arg-type]
        self.now = end

    @property
    def remotes(self) -> list[str]:
        """Where requests went, repeats left out."""
        return list(dict.fromkeys(send.flow.remote[0] for send in self.sent))

    @property
    def names(self) -> list[str]:
        """What the TU was told, by name."""
        return [type(each).__name__ for each in self.told]

    @property
    def held(self) -> tuple[int, int]:
        """How many deliveries are not over, and how many of them wait for the DNS."""
        return len(self.sending.deliveries), len(self.sending.waiting)


# -------------------------------------------------------------------- what counts as a failure


@pytest.mark.rfc("3263 4.3")
@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
def test_a_503_is_followed_by_the_next_target(method: str) -> None:
    """The same request with another branch goes to the next server; the TU is told which it is now."""
    desk = Desk()
    desk.send(method)
    first = desk.last
    desk.answer(503)
    assert desk.remotes == HOSTS[:2]
    absorbed, again, sent_as = desk.told
    assert isinstance(absorbed, Absorbed)
    assert again == TriesAgain(USER)
    assert sent_as == SentAs(USER, desk.last)
    assert desk.last.branch != first.branch
    assert bytes(desk.last) == bytes(first).replace(first.branch.encode(), desk.last.branch.encode())  # type: ignore[union-attr]
    desk.answer(200)
    assert desk.names[3:] == ["ResponseReceived"]
    assert desk.told[3].transaction.user == USER
    assert desk.held == (0, 0)


@pytest.mark.rfc("3263 4.3")
@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
def test_a_server_that_is_silent_is_followed_by_the_next_target(method: str) -> None:
    """After 64*T1 (Timer B or F), and the next one has as long."""
    desk = Desk()
    desk.send(method)
    desk.wait(31.9)
    assert desk.remotes == HOSTS[:1]
    desk.wait(0.2)
    assert desk.remotes == HOSTS[:2]
    desk.wait(31.7)
    assert desk.remotes == HOSTS[:2]
    desk.wait(0.2)
    assert desk.remotes == HOSTS
    desk.wait(32)
    assert desk.names[-1] == "TimedOut"
    assert desk.told[-1].transaction.user == USER
    assert desk.held == (0, 0)


@pytest.mark.rfc("3263 4.3")
@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
def test_what_cannot_be_sent_is_followed_by_the_next_target(method: str) -> None:
    """At once."""
    desk = Desk()
    desk.send(method)
    desk.fail()
    desk.fail()
    assert desk.remotes == HOSTS
    desk.fail()
    assert desk.names == ["TriesAgain", "SentAs", "TriesAgain", "SentAs", "TriesAgain", "TransportFailed"]
    assert desk.told[-1].transaction.user == USER
    assert desk.held == (0, 0)


@pytest.mark.rfc("3263 4", "3263 4.3")
@pytest.mark.parametrize("status", [200, 302, 404, 408, 500, 504, 600])
@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
def test_any_other_final_response_is_the_answer(method: str, status: int) -> None:
    """The server has been contacted: nobody else is asked."""
    desk = Desk()
    desk.send(method)
    desk.answer(status)
    assert desk.names == ["ResponseReceived"]
    assert desk.held == (0, 0)
    desk.wait(100)
    assert desk.remotes == HOSTS[:1]


@pytest.mark.rfc("3263 4.3")
def test_a_request_that_has_been_heard_of_does_not_fail_by_silence() -> None:
    """ "Failure also occurs if the transaction layer times out without ever having received any response"."""
    desk = Desk()
    desk.send("OPTIONS")
    desk.answer(100)
    desk.wait(40)
    assert desk.names == ["ResponseReceived", "TimedOut"]
    assert desk.remotes == HOSTS[:1]
    assert desk.held == (0, 0)


@pytest.mark.rfc("3263 4.3")
@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
def test_a_503_after_100(method: str) -> None:
    """A server that first says that it tries, and then that it cannot, has failed."""
    desk = Desk()
    desk.send(method)
    desk.answer(100)
    desk.answer(503)
    assert desk.remotes == HOSTS[:2]


def test_a_flow_that_breaks_after_100() -> None:
    """A request that cannot be repeated goes elsewhere; an INVITE is not repeated any more."""
    for method, remotes in (("OPTIONS", HOSTS[:2]), ("INVITE", HOSTS[:1])):
        desk = Desk()
        desk.send(method)
        desk.answer(100)
        desk.take([*desk.sending.transactions.flow_closed(desk.sent[0].flow, desk.now)])
        assert desk.remotes == remotes


def test_an_invite_that_has_rung_is_not_tried_elsewhere() -> None:
    """Its 503 is told: another server would let it ring again."""
    desk = Desk()
    desk.send("INVITE")
    desk.answer(180)
    assert desk.held == (0, 0)
    desk.answer(503)
    assert desk.names == ["ResponseReceived", "ResponseReceived"]
    assert desk.remotes == HOSTS[:1]


# -------------------------------------------------------------------- the last one


@pytest.mark.rfc("3263 4.3", "3261 8.1.3.1")
def test_the_tu_hears_what_the_last_target_came_to() -> None:
    """Once, with the last response."""
    desk = Desk()
    desk.send("OPTIONS")
    desk.fail()
    desk.wait(32)
    desk.answer(503)
    told = desk.told[-1]
    assert isinstance(told, ResponseReceived)
    assert (told.response.status, told.transaction.user, told.transaction.flow.remote[0]) == (503, USER, HOSTS[2])
    assert desk.names.count("ResponseReceived") + desk.names.count("TimedOut") == 1
    assert desk.held == (0, 0)


def test_what_an_earlier_try_comes_to_concerns_nobody() -> None:
    """The ACK for the 503 of the first server cannot be sent again: the second one goes on."""
    desk = Desk()
    desk.send("INVITE")
    first = desk.transaction
    ack = desk.sent[0]
    desk.answer(503)
    assert first.state == "Completed"
    desk.take([*desk.sending.transactions.send_failed(ack.sender, desk.now)])
    assert first.state == "Terminated"
    assert desk.told[-1] == TransportFailed(first)
    assert first.user is None, "whoever is told of it has nothing to do"
    assert desk.transaction.user == USER
    assert desk.held == (1, 0)


def test_no_more_targets_than_allowed() -> None:
    """What the last of them came to is told."""
    desk = Desk(limits=LocateLimits(targets=2))
    desk.send("OPTIONS")
    desk.answer(503)
    desk.answer(503)
    assert desk.remotes == HOSTS[:2]
    assert desk.names[-1] == "ResponseReceived"


def test_a_numeric_target_has_no_other() -> None:
    """Nothing is held for it beside its transaction."""
    desk = Desk()
    desk.send("INVITE", "sip:bob@192.0.2.2")
    assert desk.held == (0, 0)
    desk.answer(503)
    assert desk.names == ["ResponseReceived"]


def test_no_more_records_than_allowed() -> None:
    """The rest of an answer is not looked at."""
    desk = Desk(limits=LocateLimits(records=2))
    desk.send("OPTIONS")
    for _ in range(3):
        desk.fail()
    assert desk.remotes == HOSTS[:2]


def test_the_limit_of_look_ups_while_another_target_is_looked_for() -> None:
    """The request then has failed as it did before."""
    desk = Desk(look_ups=1)
    (srv,) = desk.sending.request(request("OPTIONS", uri="sip:biloxi.example.com;transport=udp"), USER, desk.now)
    servers = [Srv(n, 1, 5060, f"{n}.example.com") for n in range(2)]
    (address,) = desk.sending.resolved(srv, servers, desk.now)
    desk.take(desk.sending.resolved(address, HOSTS[:1], desk.now))
    other = request("OPTIONS", uri="sip:b.example.com", branch="z9hG4bKother")
    assert isinstance(desk.sending.request(other, "other", desk.now)[0], Resolve)
    desk.fail()
    assert desk.names == ["TriesAgain", "TransportFailed"]
    assert desk.held == (1, 1)


# -------------------------------------------------------------------- withdrawn


@pytest.mark.rfc("3261 9.1")
@pytest.mark.parametrize("status", [None, 100])
def test_a_request_that_was_withdrawn_goes_nowhere_else(status: int | None) -> None:
    """What its last try comes to is told."""
    desk = Desk()
    desk.send("INVITE")
    if status is not None:
        desk.answer(status)
    assert desk.sending.withdraw(desk.last, desk.now) == []
    assert desk.held == (0, 0)
    desk.answer(503)
    assert desk.told[-1].response.status == 503
    assert desk.remotes == HOSTS[:1]


def test_withdrawn_between_two_tries() -> None:
    """While the next target is looked for, nothing is under way: it is not sent."""
    desk = Desk()
    invite = request(uri="sip:biloxi.example.com;transport=udp")
    (srv,) = desk.sending.request(invite, USER, desk.now)
    servers = [Srv(n, 1, 5060, f"{n}.example.com") for n in range(2)]
    (address,) = desk.sending.resolved(srv, servers, desk.now)
    desk.take(desk.sending.resolved(address, HOSTS[:1], desk.now))
    outputs = desk.sending.transactions.send_failed(desk.sent[0].sender, desk.now)
    again, _ = desk.sending.heard(outputs[0], desk.now) or []  # type: ignore[arg-type]
    assert again == TriesAgain(USER)
    assert desk.sending.withdraw(invite, desk.now) == [NotSent(USER, invite, "it was withdrawn")]
    assert desk.held == (0, 0)


# -------------------------------------------------------------------- several transports

UDP, TCP, UDP6 = "udp:192.0.2.1:5060", "tcp:192.0.2.1:5061", "udp:[2001:db8::1]:5060"


@pytest.mark.rfc("3261 18.1.1")
def test_a_large_request_has_tcp_in_its_via() -> None:
    """It goes over TCP, with its Via changed, and over UDP again where no connection can be made."""
    desk = Desk(UDP, TCP)
    desk.send("INVITE", "sip:bob@192.0.2.2", more=f"Subject: {'x' * 1300}\r\n")
    assert desk.sent[0].flow == Flow("TCP", ("192.0.2.1", 0), ("192.0.2.2", 5060))
    assert str(desk.last.via).startswith("SIP/2.0/TCP 192.0.2.1:5061;branch=z9hG4bK")
    assert desk.told == [SentAs(USER, desk.last)]
    desk.fail()
    assert desk.sent[1].flow == Flow("UDP", ("192.0.2.1", 5060), ("192.0.2.2", 5060))
    assert str(desk.last.via).startswith("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK")
    desk.answer(503)
    assert desk.names[-1] == "ResponseReceived"


@pytest.mark.rfc("3261 18.1.1")
def test_a_small_request_goes_over_udp() -> None:
    """And so does a large one where only UDP is spoken."""
    desk = Desk(UDP, TCP)
    desk.send("INVITE", "sip:bob@192.0.2.2")
    assert desk.sent[0].flow.transport == "UDP"
    desk = Desk(UDP)
    desk.send("INVITE", "sip:bob@192.0.2.2", more=f"Subject: {'x' * 1300}\r\n")
    assert desk.sent[0].flow.transport == "UDP"


@pytest.mark.rfc("3263 4.1")
def test_a_uri_that_asks_for_tcp() -> None:
    """The Via says so; parameters of it stay."""
    desk = Desk(UDP, TCP)
    first = request("OPTIONS", uri="sip:bob@192.0.2.2;transport=tcp", sent_by="192.0.2.1:5060;rport;x=y")
    desk.take(desk.sending.request(first, USER, desk.now))
    assert desk.sent[0].flow.transport == "TCP"
    assert desk.last.via.params == {**first.via.params, "branch": desk.last.branch}
    desk.fail()
    assert desk.names[-1] == "TransportFailed"


def test_an_ack_for_tcp() -> None:
    """Its Via is changed too, and it is in no transaction."""
    desk = Desk(UDP, TCP)
    desk.send("ACK", "sip:bob@192.0.2.2;transport=tcp")
    assert desk.sent[0].sender is None
    assert desk.last.via.transport == "TCP"
    assert desk.held == (0, 0)


def test_a_transport_that_is_not_there_in_one_ip_version() -> None:
    """The target cannot be reached, and the next one is tried."""
    desk = Desk(UDP, TCP, UDP6)
    desk.send("OPTIONS", "sip:bob@[2001:db8::2]", more=f"Subject: {'x' * 1300}\r\n")
    assert [send.flow for send in desk.sent] == [Flow("UDP", ("2001:db8::1", 5060), ("2001:db8::2", 5060))]
    desk = Desk(UDP, TCP, UDP6)
    desk.send("OPTIONS", "sip:bob@[2001:db8::2];transport=tcp")
    assert desk.names == ["TriesAgain", "NotSent"]
    assert desk.held == (0, 0)
