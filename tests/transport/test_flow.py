"""Flows, and the local address (`sipsm.transport.flow`)."""

from __future__ import annotations

import pytest
from attrs.exceptions import FrozenInstanceError

from sipsm.errors import LocalProtocolError
from sipsm.transport import Flow, Listening, Send
from sipsm.transport.flow import _is_address, bracketed, is_numeric, send_of, split_address

ALICE = ("192.0.2.1", 5060)
BOB = ("192.0.2.2", 5060)


@pytest.mark.rfc("3261 17.1.1.1", "3261 18")
@pytest.mark.parametrize(
    ("transport", "reliable"),
    [("UDP", False), ("TCP", True), ("TLS", True), ("SCTP", True), ("TLS-SCTP", True), ("WS", True), ("WSS", True)],
)
def test_which_transports_are_reliable(transport: str, reliable: bool) -> None:
    """Datagrams get lost, connections send again by themselves."""
    assert Flow(transport, ALICE, BOB).reliable is reliable


def test_flows_are_compared_by_what_they_are() -> None:
    """A flow is its transport and its two addresses."""
    assert Flow("UDP", ALICE, BOB) == Flow("UDP", ALICE, BOB)
    assert len({Flow("UDP", ALICE, BOB), Flow("TCP", ALICE, BOB), Flow("UDP", BOB, ALICE)}) == 3


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("udp:127.0.0.1:5060", ("UDP", "127.0.0.1", 5060)),
        ("UDP:192.0.2.1:1", ("UDP", "192.0.2.1", 1)),
        ("udp:[::1]:65535", ("UDP", "::1", 65535)),
        ("udp:[2001:DB8::192.0.2.1]:5060", ("UDP", "2001:DB8::192.0.2.1", 5060)),
    ],
)
def test_an_address_as_text(text: str, parts: tuple[str, str, int]) -> None:
    """Transport, numeric host and port; IPv6 in brackets."""
    assert split_address(text) == parts
    assert Listening.parse(text) == Listening(parts[0], parts[1:])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "udp",
        "127.0.0.1:5060",
        "udp:127.0.0.1",
        "udp:127.0.0.1:",
        "udp:127.0.0.1:65536",
        "udp:127.0.0.1:123456",
        "udp:127.0.0.1:-1",
        "udp:127.0.0.1:٥٠٦٠",
        "udp::5060",
        "udp:::1:5060",
        "udp:[::1:5060",
        "udp:[]:5060",
        "udp:[::g]:5060",
        "udp:127.0.0.1:5060 ",
        "udp:127.0.0.1:5060\n",
        "pigeon:127.0.0.1:5060",
    ],
)
def test_what_is_no_address(text: str) -> None:
    """The program is told what an address looks like."""
    with pytest.raises(LocalProtocolError, match=r"is no address such as udp:127\.0\.0\.1:5060 or udp:\[::1\]:5060$"):
        Listening.parse(text)


@pytest.mark.parametrize("text", ["udp:local host:5060", "udp:a\r\nb:5060", "udp:1.2.3:5060", "udp:[:::]:5060"])
def test_an_address_is_numeric(text: str) -> None:
    """What stands there goes into Via and Contact, and is what a socket is bound to."""
    with pytest.raises(LocalProtocolError):
        Listening.parse(text)


def test_what_others_are_told() -> None:
    """Unless said otherwise it is the address that is listened on."""
    assert Listening.parse("udp:192.0.2.1:5060").advertised == ALICE
    behind_nat = Listening.parse("udp:10.0.0.1:5060", ("198.51.100.7", 40000))
    assert (behind_nat.address, behind_nat.advertised) == (("10.0.0.1", 5060), ("198.51.100.7", 40000))
    assert behind_nat.sent_by == "198.51.100.7:40000"


@pytest.mark.rfc("3261 18.1.1", "3261 25.1")
@pytest.mark.parametrize(
    ("text", "sent_by"), [("udp:192.0.2.1:5070", "192.0.2.1:5070"), ("udp:[2001:db8::1]:5060", "[2001:db8::1]:5060")]
)
def test_the_sent_by_names_host_and_port(text: str, sent_by: str) -> None:
    """An IPv6 address is in brackets there."""
    assert Listening.parse(text).sent_by == sent_by


@pytest.mark.rfc("3261 18.1.1")
@pytest.mark.parametrize("address", [("0.0.0.0", 5060), ("::", 5060)])
def test_a_wildcard_is_not_advertised(address: tuple[str, int]) -> None:
    """Nobody can answer to it; with an address to advertise, it can be listened on."""
    with pytest.raises(LocalProtocolError, match="say which address to advertise") as caught:
        Listening("UDP", address)
    assert caught.value.rfc == "3261 18.1.1"
    assert Listening("UDP", address, ALICE).sent_by == "192.0.2.1:5060"


def test_a_host_in_a_uri() -> None:
    """Only IPv6 gets brackets."""
    assert [bracketed(host) for host in ("192.0.2.1", "example.com", "::1")] == ["192.0.2.1", "example.com", "[::1]"]


@pytest.mark.parametrize(
    "advertised", [("a b", 1), ("", 5060), ("a\r\nb", 5060), ("192.0.2.2", 65_536), ("192.0.2.2", -1)]
)
def test_what_is_advertised_is_a_host_and_a_port(advertised: tuple[str, int]) -> None:
    """It is found out at once, not when the first message is made."""
    with pytest.raises(LocalProtocolError, match="no address to advertise"):
        Listening("UDP", ("192.0.2.2", 5060), advertised)


def test_a_host_of_any_length_is_not_kept() -> None:
    """What a stranger names at length is no address, and takes no memory once it has been looked at."""
    before = _is_address.cache_info().currsize
    assert not is_numeric("1" * 65_000)
    assert _is_address.cache_info().currsize == before
    assert is_numeric("[2001:db8:1111:2222:3333:4444:192.0.2.1]")


def test_what_is_to_be_sent_is_the_same_in_whichever_way_it_was_made() -> None:
    """A `Send` that was made the short way is one like any other, and frozen."""
    flow = Flow("UDP", ALICE, BOB)
    send = send_of(flow, b"data", "sender")
    assert type(send) is Send
    assert (send, hash(send), repr(send)) == (made := Send(flow, b"data", "sender"), hash(made), repr(made))
    with pytest.raises(FrozenInstanceError):
        send.data = b"other"  # type: ignore[misc]
