"""Which transaction a message belongs to (RFC 3261 17.1.3, 17.2.3 and 9.2)."""

from __future__ import annotations

from typing import Any

import pytest

from sipsm.message import Request, cancel_for
from sipsm.transaction import AckReceived, InviteServerTransaction
from sipsm.transaction.matching import client_key, is_rfc2543, server_key
from tests.transaction.messages import Bench, request, response

OLD: dict[str, Any] = {"branch": None, "sent_by": "old.example.com"}
"""What is different in a request of a client of RFC 2543."""


def is_new(bench: Bench, message: Request) -> bool:
    """Whether the layer takes a request for one that it has not had yet."""
    before = len(bench.log)
    bench.receives(message)
    return bench.log[before:] == [f"0 up {message.method}"]


@pytest.mark.rfc("3261-S24", "3261 17.1.3", "3261 17.2.3", "3261 9.2")
def test_what_makes_a_transaction() -> None:
    """Branch, sent-by and method; ACK belongs to the INVITE and CANCEL does not; old clients have older rules."""
    client = Bench()
    client.sends(request())
    client.receives(response(180))
    client.sends(cancel_for(request()))
    client.receives(response(200, "CANCEL"))
    client.receives(response(200, "CANCEL", branch="z9hG4bKother"))
    assert client.log[2:] == ["0 send CANCEL", "0 up 200", "0 unmatched 200"]
    client.receives(response(487))
    assert client.log[-2:] == ["0 send ACK", "0 up 487"]

    bench = Bench()
    assert is_new(bench, request())
    assert not is_new(bench, request(uri="sip:other@example.com", cseq=3, call_id="x", from_tag="y", to_tag="z"))
    assert is_new(bench, request(branch="z9hG4bKother"))
    assert is_new(bench, request(sent_by="192.0.2.7:5060"))
    assert is_new(bench, request("CANCEL"))
    bench.tx = bench.layer.servers[server_key(request())]
    bench.answers(486)
    bench.receives(request("ACK", to_tag="8321234356"))
    assert bench.state == "Confirmed"

    old = Bench()
    for method in ("INVITE", "OPTIONS"):
        assert is_new(old, request(method, **OLD))
        assert not is_new(old, request(method, **OLD))
        assert is_new(old, request(method, **OLD, uri="sip:other@example.com"))
        assert is_new(old, request(method, **OLD, from_tag="other"))
        assert is_new(old, request(method, **OLD, call_id="other"))
        assert is_new(old, request(method, **OLD, cseq=3))
        assert is_new(old, request(method, **OLD, transport="TCP"))
        assert is_new(old, request(method, branch="other", sent_by="old.example.com"))
        assert is_new(old, request(method, **OLD, to_tag="other"))


@pytest.mark.rfc("3261 17.1.3")
def test_a_response_is_matched_by_branch_and_method_only() -> None:
    """Neither the To tag nor what servers added to the Via has a part in it."""
    bench = Bench()
    bench.sends(request("OPTIONS"))
    marked = response(200, "OPTIONS", via_params=";received=198.51.100.1;rport=9988", to_tag=None)
    assert client_key(marked) == client_key(request("OPTIONS"))
    bench.receives(response(200, "BYE"))
    bench.receives(marked)
    assert bench.log[1:] == ["0 unmatched 200", "0 up 200"]


@pytest.mark.rfc("3261 17.2.3")
@pytest.mark.parametrize("sent_by", ["192.0.2.1:5070", "192.0.2.2:5060", "host.example.com:5060", "[2001:db8::1]:5060"])
def test_the_sent_by_matters(sent_by: str) -> None:
    """ "There could be accidental or malicious duplication of branch parameters from different clients"."""
    bench = Bench()
    bench.receives(request())
    assert is_new(bench, request(sent_by=sent_by))


@pytest.mark.rfc("3261 17.2.3")
def test_a_host_name_is_the_same_in_any_case() -> None:
    """The host of a sent-by is compared without regard to case."""
    assert server_key(request(sent_by="Host.Example.COM")) == server_key(request(sent_by="host.example.com"))


@pytest.mark.rfc("3261 17.2.3")
@pytest.mark.parametrize("branch", [None, "1", "z9hG4bK", "xz9hG4bKabc"])
def test_a_branch_without_a_magic_cookie_is_of_an_old_client(branch: str | None) -> None:
    """A branch that is nothing but the cookie names no transaction either (RFC 4475 3.1.2.16)."""
    assert is_rfc2543(server_key(request(branch=branch)))
    assert not is_rfc2543(server_key(request(branch="z9hG4bKa")))
    bench = Bench()
    assert is_new(bench, request(branch=branch))
    assert not is_new(bench, request(branch=branch))
    assert is_new(bench, request(branch=branch, call_id="another"))


@pytest.mark.rfc("3261 17.2.3")
def test_an_old_clients_ack_has_the_tag_of_the_response() -> None:
    """An ACK with another To tag acknowledges another response, and goes up."""
    bench = Bench()
    bench.receives(request(**OLD))
    bench.answers(486)
    bench.receives(request("ACK", **OLD, to_tag="another"))
    assert (bench.log[-1], bench.state) == ("0 up ACK", "Completed")
    bench.receives(request("ACK", **OLD, to_tag="8321234356"))
    assert bench.state == "Confirmed"
    bench.receives(request("ACK", **OLD, to_tag="8321234356"))
    assert bench.log[-1] == "0 absorbed ACK"


@pytest.mark.rfc("3261 17.2.3")
def test_a_discarded_response_does_not_change_which_ack_is_awaited() -> None:
    """The ACK's To tag is that "of the response sent by the server transaction"."""
    bench = Bench()
    bench.receives(request(**OLD))
    bench.answers(486)
    bench.layer.respond(bench.server, response(500, to_tag="never-sent"), bench.now)
    bench.receives(request("ACK", **OLD, to_tag="8321234356"))
    assert bench.state == "Confirmed"


@pytest.mark.rfc("3261 17.2.3", "6026 7.1")
def test_an_old_clients_ack_for_a_2xx_goes_up() -> None:
    """In Accepted an ACK is passed to the TU, whether the rules find its transaction or not."""
    bench = Bench()
    bench.receives(request(**OLD))
    bench.answers(200)
    bench.receives(request("ACK", **OLD, to_tag="8321234356"))
    bench.receives(request("ACK", **OLD, to_tag="8321234356", uri="sip:bob@192.0.2.2"))
    assert bench.log[-2:] == ["0 up ACK", "0 up ACK"]


@pytest.mark.rfc("3261 17.2.3", "3261 13.2.2.4")
def test_the_ack_for_a_2xx_is_in_no_transaction() -> None:
    """It has a branch of its own and is passed up; it makes no transaction."""
    bench = Bench()
    bench.receives(request())
    bench.answers(200)
    ack = request("ACK", branch="z9hG4bKack", to_tag="8321234356")
    bench.receives(ack)
    assert bench.outputs[-1] == AckReceived(ack)
    assert len(bench.layer.servers) == 1


@pytest.mark.rfc("3261 9.2")
@pytest.mark.parametrize("client", [{}, OLD])
def test_a_cancel_finds_its_invite(client: dict[str, Any]) -> None:
    """The INVITE of a CANCEL is found as if the CANCEL were that INVITE."""
    bench = Bench()
    bench.receives(request(**client))
    invite = bench.tx
    assert isinstance(invite, InviteServerTransaction)
    assert is_new(bench, request("CANCEL", **client))
    assert bench.layer.invite_of(request("CANCEL", **client)) is invite
    assert bench.layer.invite_of(request("CANCEL", **client | {"sent_by": "192.0.2.7"})) is None
