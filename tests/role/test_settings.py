"""What an endpoint is told at its making: who it is, how much it takes on, where it is; wrong settings are refused."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import attrs
import pytest

from sipsm import Composing, Endpoint, Limits, Listening, LocalProtocolError, Profile, Send, TimerValues
from sipsm.grammar import Uri
from sipsm.role.checking import address_of_somebody, check_headers, in_to
from tests.endpoint.by_hand import SDP, Bench

# -------------------------------------------------------------------- profile


def test_a_profile_says_nothing_unless_told() -> None:
    """By default: nobody in particular, session descriptions, no extensions, no proxy."""
    assert attrs.asdict(Profile()) == {
        "identity": None,
        "gruu": None,
        "user_agent": None,
        "accept": ("application/sdp",),
        "message_types": ("text/plain",),
        "languages": (),
        "media": b"",
        "supported": (),
        "info_packages": (),
        "info_types": (),
        "event_packages": (),
        "known_packages": (),
        "composes": attrs.asdict(Composing(())),
        "registers": None,
        "takes_referrals": False,
        "smallest_interval_s": 90,
        "accounts": (),
        "route": (),
    }


@pytest.mark.parametrize(
    "profile",
    [
        {"identity": "sip:alice@atlanta.com>"},
        {"identity": "<sip:alice@atlanta.com>;tag=1"},
        {"identity": "<sip:>"},
        {"identity": "<sip:a@b>\r\nX: y"},
        {"user_agent": "a\nb"},
        {"user_agent": "a\0"},
        {"accept": ["application/sdp", "a/b\r\nX: y"]},
        {"info_packages": ["a b"]},
        {"known_packages": ["door"]},
        {"smallest_interval_s": 89},
        {"supported": ["100rel, timer"]},
        {"supported": [""]},
        {"supported": ["a b"]},
        {"route": ["<tel:+1>"]},
        {"route": ["<sip:proxy.example.com;lr;transport=pigeon>"]},
        {"route": ["<sip:p;lr>", "*"]},
    ],
    ids=str,
)
def test_profiles_that_cannot_be(profile: dict[str, Any]) -> None:
    """A setting that no message could carry is refused when it is made."""
    with pytest.raises(LocalProtocolError):
        Profile(**profile)


def test_a_profile_takes_lists_and_keeps_them_safe() -> None:
    """What was given as a list cannot be changed afterwards."""
    tags = ["timer"]
    profile = Profile(supported=tags)
    tags.append("100rel")
    assert profile.supported == ("timer",)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        profile.supported = ()  # type: ignore[misc]


def test_an_identity_by_default() -> None:
    """Without one of its own, an endpoint is called by its address."""
    bench = Bench()
    assert bench.outgoing().invite.from_.uri == Uri.parse("sip:sipsm@192.0.2.1:5060")


# -------------------------------------------------------------------- limits and times


@pytest.mark.parametrize("name", [field.name for field in attrs.fields(Limits) if field.default])
def test_a_limit_is_at_least_one(name: str) -> None:
    """An endpoint that takes nothing on is none."""
    assert getattr(Limits(**{name: 1}), name) == 1
    for value in (0, -1):
        with pytest.raises(ValueError, match=name):
            Limits(**{name: value})


@pytest.mark.rfc("5627 3.1")
@pytest.mark.parametrize("value", ["sip:bob@example.com", "tel:+1;gr=1", "no URI"])
def test_a_gruu_has_its_parameter(value: str) -> None:
    """ "all GRUUs contain the "gr" URI parameter (either with or without a value)"."""
    assert Profile(gruu="sip:bob@example.com;gr").gruu == "sip:bob@example.com;gr"
    with pytest.raises(LocalProtocolError):
        Profile(gruu=value)


def test_the_mtu_of_a_path() -> None:
    """Every host can take a packet of 576 bytes: less would mean that nothing may go by UDP."""
    assert Limits(path_mtu=576).path_mtu == 576
    with pytest.raises(ValueError, match="path_mtu"):
        Limits(path_mtu=575)


def test_limits_by_default() -> None:
    """The defaults are part of the interface."""
    assert attrs.asdict(Limits()) == {
        "message_bytes": 65_535,
        "transactions": 100_000,
        "calls": 10_000,
        "path_mtu": None,
        "look_ups": 10_000,
        "forks": 32,
        "publications": 10_000,
        "registrations": 10_000,
        "messages": 100,
        "subscriptions": 100_000,
        "peer_subscriptions": 100_000,
        "subscriptions_in_dialog": 100,
        "authentications": 1_000,
        "waiting_changes": 16,
    }


@pytest.mark.parametrize("name", ["T1", "T2", "T4"])
def test_a_time_is_positive(name: str) -> None:
    """A timer of no length would fire for ever."""
    for value in (0, -0.5):
        with pytest.raises(ValueError, match=name):
            TimerValues(**{name: value})


def test_times_by_default_and_others() -> None:
    """RFC 3261's Table 4; an endpoint goes by those that it is given."""
    assert attrs.asdict(TimerValues()) == {"T1": 0.5, "T2": 4.0, "T4": 5.0}
    bench = Bench(times=TimerValues(T1=1.0))
    bench.outgoing()
    assert bench.endpoint.next_timeout() == bench.now + 1.0
    bench.wait(63.9)
    assert bench.endpoint.calls
    bench.wait(0.1)
    assert not bench.endpoint.calls


# -------------------------------------------------------------------- where it is


@pytest.mark.parametrize(
    "local",
    [
        "", "udp", "udp:", "wss:192.0.2.1:5061", "ws:192.0.2.1:80", "udp:192.0.2.1", "udp:192.0.2.1:x",
        "udp:192.0.2.1:70000", "udp:::1:5060", "tcp:192.0.2.1:0", "udp:0.0.0.0:5060", "udp:[::]:5060",
        "udp:example.com:5060",
    ],
)  # fmt: skip
def test_addresses_that_cannot_be(local: str) -> None:
    """A local address is UDP, TCP or TLS, a host and a port, and others must be able to reach it."""
    with pytest.raises(LocalProtocolError):
        Endpoint(local)
    with pytest.raises(LocalProtocolError):
        Endpoint("udp:192.0.2.1:5060", local)


def test_an_endpoint_needs_an_address() -> None:
    """There is nothing that it could do without one."""
    with pytest.raises(LocalProtocolError, match="an address of its own"):
        Endpoint()


def test_the_addresses_of_an_endpoint() -> None:
    """Via and Contact name the first one; a Contact says so when it is not the default, UDP (RFC 3263 4.1)."""
    udp, tcp = "udp:192.0.2.1:5060", Listening.parse("tcp:192.0.2.1:5070")
    endpoint = Endpoint(tcp, udp)
    assert (endpoint.listening, endpoint.local) == ((tcp, Listening.parse(udp)), tcp)
    call, _ = endpoint.invite("sip:bob@192.0.2.2;transport=tcp", now=0.0)
    assert (call.invite.via.transport, call.invite.via.port) == ("TCP", 5070)
    assert str(call.invite.contacts[0]) == "<sip:192.0.2.1:5070;transport=tcp>"
    call, _ = Endpoint(udp, tcp).invite("sip:bob@192.0.2.2", now=0.0)
    assert str(call.invite.contacts[0]) == "<sip:192.0.2.1:5060>"


def test_a_wildcard_needs_an_address_to_advertise() -> None:
    """Via and Contact name the advertised address; flows have the real one; responses to it are ours."""
    local = Listening.parse("udp:0.0.0.0:5060", ("203.0.113.5", 5099))
    bench = Bench()
    bench.endpoint = Endpoint(local)
    call = bench.outgoing()
    assert (call.invite.via.host, call.invite.via.port) == ("203.0.113.5", 5099)
    assert str(call.invite.contacts[0].uri) == "sip:203.0.113.5:5099"
    assert bench.flows[0].local == ("0.0.0.0", 5060)
    bench.receive(bench.response(call.invite, 180))
    assert call.state == "ringing"


def test_ipv6() -> None:
    """An IPv6 host stands in brackets in messages and without them in flows."""
    bench = Bench()
    bench.endpoint = Endpoint("udp:[2001:db8::1]:5060")
    call = bench.outgoing(target="sip:bob@[2001:db8::2]")
    assert call.invite.lines_of("Via")[0].startswith("SIP/2.0/UDP [2001:db8::1]:5060;")
    assert bench.flows[0].remote == ("2001:db8::2", 5060)
    bench.receive(bench.response(call.invite, 180))
    assert call.state == "ringing"
    with pytest.raises(LocalProtocolError, match="another IP version"):
        bench.outgoing(target="sip:bob@192.0.2.2")


# -------------------------------------------------------------------- what stands in a request outside a call


@pytest.mark.rfc("3261 19.1.1")
def test_the_to_of_a_target() -> None:
    """To says whom is meant: parameters that only say how to send are left out of it."""
    bench = Bench()
    call = bench.outgoing(target="sip:bob@192.0.2.2;user=phone;maddr=192.0.2.9;ttl=1;transport=udp;lr")
    assert str(call.invite.to.uri) == "sip:bob@192.0.2.2;user=phone"
    assert call.invite.uri.params.get("maddr") == "192.0.2.9"
    assert bench.outgoing(to='"Bob" <tel:+15551234>').invite.lines_of("To")[0] == '"Bob" <tel:+15551234>'
    plain, tel = Uri.parse("sip:bob@192.0.2.2;user=phone"), Uri.parse("tel:+1;lr")
    assert in_to(plain) is plain
    assert in_to(tel) is tel


def test_a_target_may_be_a_uri() -> None:
    """A parsed URI does as well as its text."""
    endpoint = Bench().endpoint
    call, _ = endpoint.invite(Uri.parse("sip:bob@192.0.2.2"), offer=SDP, now=1000.0)
    assert str(call.invite.uri) == "sip:bob@192.0.2.2"


@pytest.mark.parametrize("text", ["<sip:a@b", "*", "<sip:>", "<sip:a@b>;tag=x"])
def test_nobodies(text: str) -> None:
    """An address is one URI of somebody, without a tag."""
    with pytest.raises(LocalProtocolError):
        address_of_somebody(text)


def test_headers_are_checked_by_any_spelling() -> None:
    """Compact forms and letter case do not hide a header."""
    for name in ("VIA", "v", "cAlL-iD", "I", "M"):
        with pytest.raises(LocalProtocolError, match=name):
            check_headers([("X", "1"), (name, "1")])
    assert check_headers(iter([("X", "1"), ("m", "<sip:a@b>")]), contact=True) == [("X", "1"), ("m", "<sip:a@b>")]


def test_an_endpoint_needs_its_real_port() -> None:
    """Port 0 means any free one to a socket, and nothing to a peer."""
    with pytest.raises(LocalProtocolError, match="bind the socket first"):
        Endpoint("udp:192.0.2.1:0")


def test_an_endpoint_can_be_copied_whatever_its_chance_comes_from() -> None:
    """The operating system's randomness has no state that could be lost."""
    endpoint = Endpoint("udp:192.0.2.1:5060")
    copies = copy.deepcopy(endpoint), pickle.loads(pickle.dumps(endpoint))
    for other in copies:
        _, (send,) = other.request("OPTIONS", "sip:192.0.2.2", now=1000.0)
        assert isinstance(send, Send)
