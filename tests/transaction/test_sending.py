"""Getting a request out (RFC 3261 8.1.2, 18.1.1)."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.ids import Ids
from sipsm.machine import Agenda
from sipsm.message import Request
from sipsm.transaction import TransactionLayer
from sipsm.transaction.sending import NotSent, Sending, SentAs
from sipsm.transport import Flow, Listening, Resolve, Send
from tests.transaction.messages import START, request


def sending(*local: str) -> Sending:
    """What sends from these local addresses, by default one of UDP."""
    local = local or ("udp:192.0.2.1:5060",)
    return Sending(TransactionLayer(Agenda()), [Listening.parse(each) for each in local], Ids(Random(1)))


def answered(alice: Sending, outputs: list[Any], *addresses: str) -> list[Any]:
    """What the last output, a look-up, leads to when there are these addresses, and no SRV or NAPTR records."""
    while outputs and isinstance(outputs[-1], Resolve):
        resolve = outputs[-1]
        outputs = alice.resolved(resolve, addresses if resolve.type in {"A", "AAAA"} else (), START)
    return outputs


def sent_to(outputs: list[Any]) -> list[Flow]:
    """Where the requests went."""
    return [output.flow for output in outputs if isinstance(output, Send)]


def to(uri: str, method: str = "INVITE", more: str = "") -> Request:
    """A request to a URI."""
    return request(method, uri=uri, more=more)


@pytest.mark.rfc("3261 8.1.2")
def test_a_numeric_hop_is_sent_to_at_once() -> None:
    """The request goes from the own address to that of the URI, in a transaction of its own."""
    alice = sending()
    outputs = alice.request(to("sip:bob@192.0.2.2:5070"), "call", START)
    flow = Flow("UDP", ("192.0.2.1", 5060), ("192.0.2.2", 5070))
    (tx,) = alice.transactions.clients.values()
    assert outputs == [Send(flow, bytes(to("sip:bob@192.0.2.2:5070")), tx.key)]
    assert (tx.user, tx.flow) == ("call", flow)


def test_the_way_to_a_place_is_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it is remembered or forgotten: no more are remembered than there may be."""
    monkeypatch.setattr("sipsm.transaction.sending.KNOWN_WAYS", 2)
    alice = sending()
    hosts = ["192.0.2.2", "192.0.2.3", "192.0.2.2", "192.0.2.4", "192.0.2.2"]
    for n, host in enumerate(hosts):
        alice.check(Uri.parse(f"sip:{host}"))
        outputs = alice.request(request(uri=f"sip:bob@{host}", branch=f"z9hG4bK{n}"), None, START)
        assert [flow.remote for flow in sent_to(outputs)] == [(host, 5060)]
        assert len(alice._ways) <= 2


@pytest.mark.rfc("3261 18.1.1")
def test_a_numeric_hop_of_the_other_ip_version() -> None:
    """Who listens in both has the request sent from the address of the hop's version, and says so in its Via."""
    request = to("sip:bob@[2001:db8::2]")
    outputs = sending("udp:192.0.2.1:5060", "udp:[2001:db8::1]:5060").request(request, None, START)
    assert sent_to(outputs) == [Flow("UDP", ("2001:db8::1", 5060), ("2001:db8::2", 5060))]
    (sent,) = [output.request for output in outputs if isinstance(output, SentAs)]
    assert sent.via.host == "2001:db8::1"


@pytest.mark.rfc("3261 8.1.2")
def test_a_request_can_be_sent_on_a_given_flow() -> None:
    """Then nobody asks where it would go."""
    flow = Flow("TCP", ("192.0.2.1", 49152), ("192.0.2.9", 5060))
    assert sent_to(sending().request(to("sip:bob@biloxi.example.com"), None, START, flow=flow)) == [flow]


@pytest.mark.rfc("3263 4.2")
def test_a_name_is_asked_for_first() -> None:
    """The request waits until its host's addresses are known; the answer is used once."""
    alice = sending()
    (resolve,) = alice.request(to("sip:bob@biloxi.example.com:5080"), "call", START)
    assert resolve == Resolve(1, "biloxi.example.com", "A")
    assert (len(alice.waiting), alice.transactions.clients) == (1, {})
    outputs = alice.resolved(resolve, ["192.0.2.2", "192.0.2.3"], START)
    assert [flow.remote for flow in sent_to(outputs)] == [("192.0.2.2", 5080)]
    assert alice.waiting == {}
    assert alice.resolved(resolve, ["192.0.2.2"], START) == []


def test_each_question_has_its_own_answer() -> None:
    """Answers may come in another order."""
    alice = sending()
    first = alice.request(to("sip:bob@one.example.com"), None, START)
    second = alice.request(request(uri="sip:bob@two.example.com", branch="z9hG4bK2"), None, START)
    assert first[0].id != second[0].id
    assert sent_to(answered(alice, second, "192.0.2.22"))[0].remote == ("192.0.2.22", 5060)
    assert sent_to(answered(alice, first, "192.0.2.11"))[0].remote == ("192.0.2.11", 5060)


@pytest.mark.parametrize(
    ("local", "taken"), [("udp:192.0.2.1:5060", "192.0.2.2"), ("udp:[2001:db8::1]:5060", "2001:db8::2")]
)
def test_the_first_address_of_the_own_ip_version_is_taken(local: str, taken: str) -> None:
    """The others cannot be reached from here."""
    alice = sending(local)
    asked = alice.request(to("sip:bob@biloxi.example.com"), None, START)
    outputs = answered(alice, asked, "2001:db8::2", "192.0.2.2", "192.0.2.3")
    assert sent_to(outputs)[0].remote == (taken, 5060)


def test_a_request_that_waits_can_be_withdrawn() -> None:
    """It is not sent when its address is found; what waits for others is left alone."""
    alice = sending()
    invite, other = to("sip:bob@one.example.com"), request(uri="sip:bob@two.example.com", branch="z9hG4bK2")
    (first,) = alice.request(invite, "call", START)
    second = alice.request(other, "other call", START)
    assert alice.withdraw(invite, START) == [NotSent("call", invite, "it was withdrawn")]
    assert alice.withdraw(invite, START) == []
    assert alice.resolved(first, ["192.0.2.2"], START) == []
    assert sent_to(answered(alice, second, "192.0.2.2")) != []


@pytest.mark.rfc("3261 8.1.3.1")
@pytest.mark.parametrize("addresses", [[], ["2001:db8::2"]])
def test_a_host_without_a_usable_address(addresses: list[str]) -> None:
    """The TU is told that the request was not sent, and why; no transaction is left."""
    alice = sending()
    invite = to("sip:bob@biloxi.example.com")
    asked = alice.request(invite, "call", START)
    assert answered(alice, asked, *addresses) == [
        NotSent("call", invite, "biloxi.example.com has no address that can be used")
    ]
    assert (alice.transactions.clients, alice.deliveries, alice.waiting) == ({}, {}, {})


@pytest.mark.rfc("3261 8.1.3.1")
@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("tel:+15551234", "a tel URI does not say where"),
        ("sips:bob@192.0.2.2", "only UDP is spoken"),
        ("sip:bob@192.0.2.2;transport=tcp", "only UDP is spoken"),
        ("sip:bob@[2001:db8::2]", "another IP version"),
    ],
)
def test_a_target_that_cannot_be_reached(uri: str, why: str) -> None:
    """Nothing is raised: the TU is told that the request was not sent, and why."""
    invite = to(uri)
    (output,) = sending().request(invite, "call", START)
    assert isinstance(output, NotSent)
    assert (output.user, output.request) == ("call", invite)
    assert why in output.why


@pytest.mark.rfc("3261 8.1.2")
def test_a_route_comes_before_the_request_uri() -> None:
    """The first Route says where the request goes."""
    invite = to("sip:bob@biloxi.example.com", more="Route: <sip:192.0.2.5:5062;lr>\r\n")
    assert sent_to(sending().request(invite, None, START))[0].remote == ("192.0.2.5", 5062)


@pytest.mark.rfc("3261 13.2.2.4", "3261 17.1")
@pytest.mark.parametrize("host", ["192.0.2.2", "biloxi.example.com"])
def test_an_ack_is_sent_without_a_transaction(host: str) -> None:
    """The ACK for a 2xx goes "to the transport layer directly for transmission, rather than a client transaction"."""
    alice = sending()
    ack = to(f"sip:bob@{host}", "ACK")
    outputs = alice.request(ack, "call", START)
    outputs = answered(alice, outputs, "192.0.2.2")
    assert outputs == [Send(Flow("UDP", ("192.0.2.1", 5060), ("192.0.2.2", 5060)), bytes(ack), None)]
    assert (alice.transactions.clients, alice.deliveries) == ({}, {})
    assert alice.transactions.agenda.next_timeout() is None


@pytest.mark.parametrize("host", ["192.0.2.2", "biloxi.example.com"])
def test_a_hop_of_the_own_ip_version_passes(host: str) -> None:
    """And so does a name, whose addresses are not known yet."""
    sending().check(Uri.parse(f"sip:{host}"))


@pytest.mark.parametrize(
    ("local", "host"), [("udp:192.0.2.1:5060", "2001:db8::2"), ("udp:[2001:db8::1]:5060", "192.0.2.2")]
)
def test_a_hop_of_the_other_ip_version_is_refused(local: str, host: str) -> None:
    """The program is told before anything is done."""
    with pytest.raises(LocalProtocolError, match="another IP version"):
        sending(local).check(Uri.build(host=host))


def test_not_everybody_may_wait_for_an_address() -> None:
    """At the limit a request counts as one that could not be sent."""
    alice = sending()
    alice.look_ups = 1
    (resolve,) = alice.request(to("sip:bob@biloxi.example.com"), "first", START)
    assert isinstance(resolve, Resolve)
    other = request(uri="sip:bob@biloxi.example.com", branch="z9hG4bK2")
    (refused,) = alice.request(other, "second", START)
    assert (refused.user, refused.why) == ("second", "too many addresses are being looked for")


@pytest.mark.rfc("3261 18.1.1", "3261-S27")
@pytest.mark.parametrize(
    ("path_mtu", "size", "transport"),
    [
        (None, 1300, "UDP"),
        (None, 1301, "TCP"),
        (1000, 799, "UDP"),
        (1000, 800, "TCP"),
        (1700, 1499, "UDP"),
        (1700, 1500, "TCP"),
    ],
)
def test_what_is_too_large_for_udp(path_mtu: int | None, size: int, transport: str) -> None:
    """What comes within 200 bytes of the MTU of its path, or, where that is not known, has more than 1300 bytes."""
    own = [Listening.parse(f"{each}:192.0.2.1:5060") for each in ("udp", "tcp")]
    alice = Sending(TransactionLayer(Agenda()), own, Ids(Random(1)), path_mtu=path_mtu)
    short = to("sip:bob@192.0.2.2").with_header("Subject", "")
    asked = short.with_header("Subject", "x" * (size - len(bytes(short))))
    assert len(bytes(asked)) == size
    (flow,) = sent_to(alice.request(asked, None, START))
    assert flow.transport == transport
