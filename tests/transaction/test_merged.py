"""A request that comes by several ways (RFC 3261 8.2.2.2), and messages that belong to nothing: what they cost."""

from __future__ import annotations

import pytest

from sipsm.message import Request, read_message, response_to
from sipsm.transaction import Absorbed, AckReceived, RequestReceived, ServerTransaction, Unmatched
from tests.transaction.messages import START, Bench, request, response


def arrives(bench: Bench, message: Request) -> ServerTransaction:
    """A new transaction for a request."""
    (received,) = bench.layer.receive_request(message, bench.flow, bench.now)
    assert isinstance(received, RequestReceived)
    return received.transaction


@pytest.mark.rfc("3261 8.2.2.2")
@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
def test_a_forked_request_is_merged(method: str) -> None:
    """The first to come is the request; what has its From tag, Call-ID and CSeq, and another branch, is a copy."""
    bench = Bench()
    first = arrives(bench, request(method))
    second = arrives(bench, request(method, branch="z9hG4bKother"))
    third = arrives(bench, request(method, sent_by="192.0.2.7"))
    assert [bench.layer.is_merged(tx) for tx in (first, second, third)] == [False, True, True]


@pytest.mark.rfc("3261 8.2.2.2", "3261 9.2")
@pytest.mark.parametrize("name", [b"CSeq", b"CSEQ"])
def test_a_copy_of_what_was_answered_and_acknowledged(name: bytes) -> None:
    """Of a 2xx that has its ACK less is held, and it still tells a copy of its INVITE, and the tag for a CANCEL."""
    bench = Bench()
    invite = read_message(bytes(request("INVITE")).replace(b"CSeq", name))
    assert isinstance(invite, Request)
    first = arrives(bench, invite)
    ok = response_to(
        invite, 200, to_tag="b", headers=[("Allow", "INVITE")], body=b"v=0", content_type="application/sdp"
    )
    bench.layer.respond(first, ok, bench.now)
    first.shorten()
    assert (b"Allow" in first.wire, b"v=0" in first.wire) == ((name != b"CSeq"),) * 2
    assert first.to_tag == "b"
    assert bench.layer.is_merged(arrives(bench, request("INVITE", branch="z9hG4bKother")))


@pytest.mark.rfc("3261 8.2.2.2")
@pytest.mark.parametrize(
    "other",
    [
        {"from_tag": "another"},
        {"from_tag": None},
        {"call_id": "another"},
        {"cseq": 3},
        {"method": "MESSAGE"},
        {"to_tag": "dialog"},
    ],
)
def test_another_request_is_not_merged(other: dict[str, str]) -> None:
    """All of From tag, Call-ID and CSeq are equal in a copy, and neither is within a dialog."""
    bench = Bench()
    arrives(bench, request("OPTIONS"))
    assert not bench.layer.is_merged(arrives(bench, request(**{"method": "OPTIONS", "branch": "z9hG4bKb", **other})))  # type: ignore[arg-type]


@pytest.mark.rfc("3261 8.2.2.2", "3261 9.2")
def test_each_way_has_its_own_cancel() -> None:
    """A proxy that forked cancels each branch: that is not one CANCEL that came twice."""
    bench = Bench()
    arrives(bench, request())
    arrives(bench, request(branch="z9hG4bKother"))
    assert not bench.layer.is_merged(arrives(bench, request("CANCEL")))
    assert not bench.layer.is_merged(arrives(bench, request("CANCEL", branch="z9hG4bKother")))


@pytest.mark.rfc("3261 8.2.2.2")
def test_only_ongoing_transactions_count() -> None:
    """When the first transaction is over the next one is the first; a copy that ends changes nothing."""
    bench = Bench()
    first = arrives(bench, request("OPTIONS"))
    bench.at(1)
    copy = arrives(bench, request("OPTIONS", branch="z9hG4bKother"))
    assert bench.layer.is_merged(copy)
    for tx, at in ((copy, 2.0), (first, 4.0)):
        bench.at(at)
        answer = response_to(request("OPTIONS"), 482 if tx is copy else 200, to_tag="b")
        bench.layer.respond(tx, answer, bench.now)
    bench.at(35)
    assert bench.layer.is_merged(arrives(bench, request("OPTIONS", branch="z9hG4bKthird")))
    bench.at(36.5)
    assert not bench.layer.is_merged(arrives(bench, request("OPTIONS", branch="z9hG4bKfourth")))


@pytest.mark.rfc("3261 8.2.2.2")
def test_checksums_may_agree_by_chance() -> None:
    """A request is a copy only if From tag, Call-ID and CSeq themselves are equal."""
    bench = Bench()
    first = arrives(bench, request("OPTIONS"))
    other = arrives(bench, request("OPTIONS", branch="z9hG4bKother", call_id="another"))
    assert first.identity is not None
    other.identity = first.identity
    assert not bench.layer.is_merged(other)


@pytest.mark.rfc("3261 17.2")
def test_nothing_is_remembered_of_what_is_over() -> None:
    """With the last transaction goes the last note of who was first."""
    bench = Bench()
    for number in range(20):
        tx = arrives(bench, request("OPTIONS", branch=f"z9hG4bK{number}", call_id=str(number % 5)))
        bench.layer.respond(tx, response_to(request("OPTIONS"), 200, to_tag="b"), bench.now)
    assert (len(bench.layer.servers), len(bench.layer.first_of)) == (20, 5)
    bench.at(32)
    assert (bench.layer.servers, bench.layer.first_of, bench.agenda.next_timeout()) == ({}, {}, None)


@pytest.mark.rfc("3261 18.1.2", "3261 17.1.3")
def test_responses_to_nothing_leave_nothing() -> None:
    """However many come, no transaction, timer or note is made of them."""
    bench = Bench()
    for number in range(100):
        stray = response(200, branch=f"z9hG4bK{number}")
        assert bench.layer.receive_response(stray, START) == [Unmatched(stray)]
    assert held(bench) == (0, 0, 0, None)


@pytest.mark.rfc("3261 17.2.3")
@pytest.mark.parametrize("branch", ["z9hG4bK", "old"])
def test_acks_for_nothing_leave_nothing(branch: str) -> None:
    """They go up, where nobody waits for them."""
    bench = Bench()
    for number in range(100):
        stray = request("ACK", branch=f"{branch}{number}", call_id=str(number))
        assert bench.layer.receive_request(stray, bench.flow, START) == [AckReceived(stray)]
    assert held(bench) == (0, 0, 0, None)


@pytest.mark.rfc("3261 17.2.1", "3261 17.2.2")
@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
def test_repeats_of_a_request_leave_nothing(method: str) -> None:
    """A hundred repeats are one transaction, one note and one deadline."""
    bench = Bench()
    arrives(bench, request(method))
    once = held(bench)
    for _ in range(100):
        (absorbed,) = bench.layer.receive_request(request(method), bench.flow, START)
        assert isinstance(absorbed, Absorbed)
    assert held(bench) == once
    assert once[:3] == (0, 1, 1)


@pytest.mark.rfc("3261 9.2")
def test_a_cancel_for_nothing_is_one_short_transaction() -> None:
    """Its answer is kept as any answer is, and no more: it makes no INVITE, and no note of an identity."""
    bench = Bench()
    cancel = request("CANCEL")
    tx = arrives(bench, cancel)
    assert bench.layer.invite_of(cancel) is None
    bench.layer.respond(tx, response_to(cancel, 481, to_tag="b"), START)
    assert held(bench) == (0, 1, 0, START + 32)
    assert tx.request is None
    bench.at(32)
    assert held(bench) == (0, 0, 0, None)


def held(bench: Bench) -> tuple[int, int, int, float | None]:
    """Clients, servers, notes of identities, and the next deadline."""
    layer = bench.layer
    return len(layer.clients), len(layer.servers), len(layer.first_of), bench.agenda.next_timeout()
