"""From a URI to addresses, step by step (RFC 3263 4, RFC 2782)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipsm.grammar import Uri
from sipsm.machine import Step
from sipsm.transport import Naptr, Srv
from sipsm.transport.locate import Hop, hop_to
from sipsm.transport.locating import (
    FAILED,
    LOCATE,
    NEXT,
    RECORDS,
    REFUSED,
    LocateLimits,
    Locating,
    NoneLeft,
    Question,
    Target,
    by_weight,
)

Zone = Mapping[tuple[str, str], Sequence[Any]]
DOMAIN = "example.com"
# "As an example, consider a client that wishes to resolve sip:user@example.com." (RFC 3263 4.1)
RFC3263: Zone = {
    ("NAPTR", DOMAIN): [
        Naptr(50, 50, "s", "SIPS+D2T", "", "_sips._tcp.example.com."),
        Naptr(90, 50, "s", "SIP+D2T", "", "_sip._tcp.example.com"),
        Naptr(100, 50, "s", "SIP+D2U", "", "_sip._udp.example.com."),
    ],
    ("SRV", "_sip._tcp.example.com"): [
        Srv(0, 1, 5060, "server1.example.com"),
        Srv(0, 2, 5060, "server2.example.com"),
    ],
    ("SRV", "_sips._tcp.example.com"): [Srv(0, 1, 5061, "server3.example.com")],
    ("SRV", "_sip._udp.example.com"): [Srv(0, 1, 5060, "server4.example.com.")],
    **{("A", f"server{n}.example.com"): [f"192.0.2.{n}"] for n in range(1, 5)},
    ("A", DOMAIN): ["192.0.2.99"],
}


class Search:
    """A search, and all that it asked and found."""

    def __init__(self, target: str | Hop, zone: Zone | None = None, *, spoken: str = "UDP", **options: Any) -> None:
        hop = target if isinstance(target, Hop) else hop_to(Uri.parse(target))
        options.setdefault("versions", ("A",))
        self.locating = Locating(hop, tuple(spoken.split()), **options)
        self.zone = zone or {}
        self.asked: list[str] = []
        self.targets: list[Target] = []
        self.given = self.take(LOCATE)

    def take(self, name: str, x: Any = None) -> Any:
        """One input; its one output."""
        step = Step(1000.0)
        self.locating.receive(name, x, step)
        (output,) = step.outputs
        return output

    def next(self, name: str = FAILED) -> str:
        """The next target, as text, or why there is none."""
        if self.targets:
            self.given = self.take(name)
        while isinstance(self.given, Question):
            self.asked.append(f"{self.given.type} {self.given.name}")
            self.given = self.take(RECORDS, self.zone.get((self.given.type, self.given.name), ()))
        if isinstance(self.given, NoneLeft):
            return self.given.why
        self.targets.append(self.given)
        assert not self.given.instead
        return f"{self.given.transport} {self.given.host} {self.given.port}"

    def all(self, name: str = FAILED) -> list[str]:
        """All targets, and why there are no more."""
        found = [self.next(name)]
        while not isinstance(self.given, NoneLeft):
            found.append(self.next(name))
        return found


def found(target: str | Hop, zone: Zone | None = None, **options: Any) -> list[str]:
    """The targets that there are, without the word of their end."""
    return Search(target, zone, **options).all()[:-1]


# -------------------------------------------------------------------- numeric


@pytest.mark.rfc("3263 4.1", "3263 4.2", "7118 5.5")
@pytest.mark.parametrize(
    ("uri", "target"),
    [
        ("sip:192.0.2.2", "UDP 192.0.2.2 5060"),
        ("sip:192.0.2.2:5070", "UDP 192.0.2.2 5070"),
        ("sip:192.0.2.2;transport=tcp", "TCP 192.0.2.2 5060"),
        ("sip:192.0.2.2;transport=tls", "TLS 192.0.2.2 5061"),
        ("sip:192.0.2.2;transport=ws", "WS 192.0.2.2 80"),
        ("sips:192.0.2.2", "TLS 192.0.2.2 5061"),
        ("sips:192.0.2.2:5070;transport=tcp", "TLS 192.0.2.2 5070"),
        ("sips:192.0.2.2;transport=ws", "WSS 192.0.2.2 443"),
        ("sip:example.com:5070;maddr=192.0.2.9", "UDP 192.0.2.9 5070"),
        ("sips:example.com;maddr=192.0.2.9", "TLS 192.0.2.9 5061"),
    ],
)
def test_a_numeric_host_is_the_target(uri: str, target: str) -> None:
    """Nothing is asked; without a transport it is UDP, for SIPS TLS; without a port, the transport's."""
    search = Search(uri, spoken="UDP TCP TLS WS WSS")
    assert search.all() == [target, f"{target.split()[1]} was tried at all its addresses"]
    assert search.asked == []


def test_the_domain_stays_with_the_target() -> None:
    """A certificate must bear the name in the URI, whatever the DNS says of where that is (RFC 5922 7.3)."""
    search = Search("sips:bob@example.com", RFC3263, spoken="UDP TLS")
    assert search.next() == "TLS 192.0.2.3 5061"
    assert search.targets[0].domain == "example.com"
    assert Search("sips:bob@example.com;maddr=192.0.2.9", spoken="TLS").given.domain == "example.com"


@pytest.mark.parametrize("host", ["192.0.2.2", "2001:db8::2"])
def test_a_numeric_host_of_the_other_ip_version(host: str) -> None:
    """It cannot be reached."""
    versions = ("AAAA",) if "." in host else ("A",)
    assert Search(Hop(host), versions=versions).all() == [f"{host} has no address that can be used"]


# -------------------------------------------------------------------- names


@pytest.mark.rfc("3263 4.2")
def test_a_name_with_a_port() -> None:
    """Its addresses are asked for, nothing else; they are tried in their order."""
    search = Search("sip:example.com:5070", {("A", DOMAIN): ["192.0.2.3", "192.0.2.2"]})
    assert search.all()[:-1] == ["UDP 192.0.2.3 5070", "UDP 192.0.2.2 5070"]
    assert search.asked == ["A example.com"]


@pytest.mark.rfc("3263 4.2")
def test_a_name_with_a_transport() -> None:
    """Its SRV records are asked for; the NAPTR records need not be."""
    search = Search("sip:example.com;transport=tcp", RFC3263, spoken="UDP TCP")
    assert search.next() == "TCP 192.0.2.1 5060"
    assert search.asked == ["SRV _sip._tcp.example.com", "A server1.example.com"]
    assert search.next() == "TCP 192.0.2.2 5060"
    assert search.next() == "example.com was tried at all its addresses"
    assert search.asked[2:] == ["A server2.example.com"], "asked only when it was needed"


@pytest.mark.rfc("3263 4.1")
@pytest.mark.parametrize(
    ("uri", "spoken", "targets", "service"),
    [
        ("sip:example.com", "UDP TCP", ["TCP 192.0.2.1 5060", "TCP 192.0.2.2 5060"], "_sip._tcp"),
        ("sip:example.com", "UDP", ["UDP 192.0.2.4 5060"], "_sip._udp"),
        ("sip:example.com", "UDP TLS", ["TLS 192.0.2.3 5061"], "_sips._tcp"),
        ("sips:example.com", "UDP TCP TLS", ["TLS 192.0.2.3 5061"], "_sips._tcp"),
    ],
)
def test_naptr_records_choose_the_transport(uri: str, spoken: str, targets: list[str], service: str) -> None:
    """The domain's most preferred one that we speak, and for SIPS one over TLS."""
    search = Search(uri, RFC3263, spoken=spoken)
    assert search.all()[:-1] == targets
    assert search.asked[:2] == ["NAPTR example.com", f"SRV {service}.example.com"]


@pytest.mark.rfc("3263 4.1")
@pytest.mark.parametrize(
    "other",
    [
        Naptr(10, 10, "s", "SIP+D2S", "", "_sip._sctp.example.com"),
        Naptr(10, 10, "u", "E2U+sip", "!^.*$!sip:info@example.com!", "."),
        Naptr(10, 10, "s", "SIP+D2U", "!^.*$!sip:info@example.com!", ""),
        Naptr(10, 10, "a", "SIP+D2U", "", "_sip._udp.example.com"),
        Naptr(10, 10, "s", "SIP+D2U", "", "."),
    ],
)
def test_naptr_records_that_do_not_apply(other: Naptr) -> None:
    """Other services, transports that we do not speak, and rules that are none of SIP's, are passed over."""
    ours = Naptr(20, 10, "S", "sip+d2u", "", "there.example.net.")
    zone: Zone = {
        ("NAPTR", DOMAIN): [other, ours],
        ("SRV", "there.example.net"): [Srv(1, 1, 5080, "a.example.net")],
        ("A", "a.example.net"): ["192.0.2.7"],
    }
    assert found("sip:example.com", zone) == ["UDP 192.0.2.7 5080"]


@pytest.mark.rfc("3263 4.1")
def test_naptr_records_of_one_order_are_all_used() -> None:
    """By their preference; those of a higher order are not looked at."""
    zone: Zone = {
        ("NAPTR", DOMAIN): [
            Naptr(10, 3, "s", "SIP+D2T", "", "t.example.com"),
            Naptr(10, 2, "s", "SIP+D2U", "", "u.example.com"),
            Naptr(11, 1, "s", "SIP+D2U", "", "v.example.com"),
        ],
        **{("SRV", f"{name}.example.com"): [Srv(1, 1, 5060, "192.0.2.9")] for name in "tuv"},
    }
    search = Search("sip:example.com", zone, spoken="UDP TCP")
    assert search.all()[:-1] == ["UDP 192.0.2.9 5060", "TCP 192.0.2.9 5060"]
    assert search.asked == ["NAPTR example.com", "SRV u.example.com", "SRV t.example.com"]


@pytest.mark.rfc("3263 4.1")
def test_without_naptr_records() -> None:
    """SRV records are asked for with each transport that we speak, the next only when the one before has failed."""
    zone: Zone = {
        ("SRV", "_sip._tcp.example.com"): [Srv(1, 1, 5070, "a.example.com")],
        ("A", "a.example.com"): ["192.0.2.7"],
    }
    search = Search("sip:example.com", zone, spoken="UDP TCP")
    assert search.next() == "TCP 192.0.2.7 5070"
    assert search.asked[1:3] == ["SRV _sip._udp.example.com", "SRV _sip._tcp.example.com"]
    assert search.next() == "example.com was tried at all its addresses"
    assert "A example.com" not in search.asked


@pytest.mark.rfc("3263 4.1", "3263 4.2")
@pytest.mark.parametrize(
    ("uri", "spoken", "targets"),
    [
        ("sip:example.com", "UDP TCP TLS", ["UDP 192.0.2.99 5060"]),
        ("sip:example.com", "TCP", ["TCP 192.0.2.99 5060"]),
        ("sip:example.com;transport=tcp", "UDP TCP", ["TCP 192.0.2.99 5060"]),
        ("sips:example.com", "UDP TCP TLS", ["TLS 192.0.2.99 5061"]),
    ],
)
def test_without_srv_records(uri: str, spoken: str, targets: list[str]) -> None:
    """The addresses of the domain itself are used, at the default port of the transport."""
    assert found(uri, {("A", DOMAIN): ["192.0.2.99"]}, spoken=spoken) == targets


@pytest.mark.rfc("3263 4.2")
def test_a_naptr_record_whose_service_is_not_there() -> None:
    """Then the domain's own addresses are used, over the transport that it preferred."""
    zone: Zone = {("NAPTR", DOMAIN): RFC3263["NAPTR", DOMAIN], ("A", DOMAIN): ["192.0.2.99"]}
    assert found("sip:example.com", zone, spoken="UDP TCP") == ["TCP 192.0.2.99 5060"]


def test_there_is_decidedly_no_such_service() -> None:
    """An SRV record whose target is "." is an answer: the domain's own addresses are not tried (RFC 2782)."""
    zone: Zone = {("SRV", "_sip._udp.example.com"): [Srv(0, 0, 0, ".")], ("A", DOMAIN): ["192.0.2.99"]}
    assert Search("sip:example.com", zone).all() == ["example.com has no address that can be used"]


def test_a_domain_of_which_nothing_is_known() -> None:
    """Everything is asked once, in vain."""
    search = Search("sip:example.com", spoken="UDP TCP", versions=("AAAA", "A"))
    assert search.all() == ["example.com has no address that can be used"]
    assert search.asked == [
        "NAPTR example.com",
        "SRV _sip._udp.example.com",
        "SRV _sip._tcp.example.com",
        "AAAA example.com",
        "A example.com",
    ]


def test_addresses_of_both_ip_versions() -> None:
    """Those of the preferred version first; the others are asked for when these have failed."""
    zone: Zone = {("A", DOMAIN): ["192.0.2.2", "::1", "x"], ("AAAA", DOMAIN): ["2001:db8::2", "192.0.2.3"]}
    search = Search("sip:example.com:5060", zone, versions=("AAAA", "A"))
    assert search.next() == "UDP 2001:db8::2 5060"
    assert search.asked == ["AAAA example.com"]
    assert search.next() == "UDP 192.0.2.2 5060"
    assert search.next() == "example.com was tried at all its addresses"


def test_no_place_is_tried_twice() -> None:
    """Two names of one server are one target."""
    zone: Zone = {
        ("SRV", "_sip._udp.example.com"): [Srv(n, 1, 5060, f"{n}.example.com") for n in range(4)],
        **{("A", f"{n}.example.com"): ["192.0.2.2", f"192.0.2.{n}"] for n in range(4)},
    }
    targets = found("sip:example.com;transport=udp", zone)
    assert targets == [f"UDP 192.0.2.{n} 5060" for n in (2, 0, 1, 3)]


@pytest.mark.rfc("3263 5")
@pytest.mark.parametrize(
    ("hop", "asked"),
    [
        (Hop("client.example.com", 5070, "UDP"), ["A client.example.com"]),
        (Hop("client.example.com", None, "TCP"), ["SRV _sip._tcp.client.example.com", "A client.example.com"]),
        (Hop("client.example.com", None, "TLS", True), ["SRV _sips._tcp.client.example.com", "A client.example.com"]),
        (Hop("192.0.2.2", None, "UDP"), []),
    ],
)
def test_where_responses_go_when_the_source_is_gone(hop: Hop, asked: list[str]) -> None:
    """A sent-by is located as a URI is, over the transport of the Via."""
    search = Search(hop, {("A", "client.example.com"): ["192.0.2.2"]}, spoken="UDP TCP TLS")
    assert search.next().split()[:2] == [hop.transport, "192.0.2.2"]
    assert search.asked == asked


# -------------------------------------------------------------------- large requests


@pytest.mark.rfc("3261 18.1.1")
@pytest.mark.parametrize("uri", ["sip:192.0.2.2", "sip:192.0.2.2;transport=udp", "sip:two.example.com:5060"])
def test_a_large_request_goes_over_tcp(uri: str) -> None:
    """And over UDP to the same place, if no connection can be made there."""
    zone: Zone = {("A", "two.example.com"): ["192.0.2.2"]}
    search = Search(uri, zone, spoken="UDP TCP", large=True)
    assert search.all(REFUSED)[:-1] == ["TCP 192.0.2.2 5060", "UDP 192.0.2.2 5060"]


@pytest.mark.rfc("3261 18.1.1")
def test_a_large_request_that_got_through_and_failed() -> None:
    """Who answers over TCP is not asked again over UDP; the next server is."""
    zone: Zone = {("A", DOMAIN): ["192.0.2.2", "192.0.2.3"]}
    search = Search("sip:example.com:5060", zone, spoken="UDP TCP", large=True)
    assert search.next() == "TCP 192.0.2.2 5060"
    assert search.next(FAILED) == "TCP 192.0.2.3 5060"
    assert search.next(REFUSED) == "UDP 192.0.2.3 5060"
    assert search.next(FAILED) == "example.com was tried at all its addresses"


@pytest.mark.rfc("3261 18.1.1")
def test_services_for_a_large_request() -> None:
    """Those over TCP come first, whatever the domain prefers; where TCP is not spoken, it goes over UDP."""
    zone: Zone = {
        ("NAPTR", DOMAIN): [
            Naptr(10, 1, "s", "SIP+D2U", "", "u.example.com"),
            Naptr(20, 2, "s", "SIP+D2T", "", "t.example.com"),
        ],
        **{("SRV", f"{name}.example.com"): [Srv(1, 1, 5060, f"192.0.2.{n}")] for n, name in enumerate("ut")},
    }
    assert found("sip:example.com", zone, spoken="UDP TCP", large=True) == ["TCP 192.0.2.1 5060"]
    assert found("sip:example.com", zone, spoken="UDP", large=True) == ["UDP 192.0.2.0 5060"]
    search = Search("sip:example.com", spoken="UDP TCP", large=True)
    search.all()
    assert search.asked[1:3] == ["SRV _sip._tcp.example.com", "SRV _sip._udp.example.com"]


def test_a_large_request_to_a_server_known_for_both() -> None:
    """It is tried once over each."""
    zone: Zone = {("SRV", f"_sip._{name}.example.com"): [Srv(1, 1, 5060, "192.0.2.2")] for name in ("tcp", "udp")}
    search = Search("sip:example.com", zone, spoken="UDP TCP", large=True)
    assert search.all(REFUSED)[:-1] == ["TCP 192.0.2.2 5060", "UDP 192.0.2.2 5060"]


# -------------------------------------------------------------------- bounds


def test_no_more_targets_than_allowed() -> None:
    """Then the search is over, however many addresses there are."""
    zone: Zone = {("A", DOMAIN): [f"192.0.2.{n}" for n in range(50)]}
    search = Search("sip:example.com:5060", zone, limits=LocateLimits(targets=3))
    assert len(search.all()) == 4


def test_no_more_questions_than_allowed() -> None:
    """A service that names ever more servers without an address comes to its end; what is known is still tried."""
    servers = [Srv(n, 1, 5060, f"{n}.example.com") for n in range(50)]
    zone: Zone = {("SRV", "_sip._udp.example.com"): servers, ("A", "0.example.com"): ["192.0.2.1", "192.0.2.2"]}
    search = Search("sip:example.com", zone, limits=LocateLimits(questions=3))
    assert search.all()[:-1] == ["UDP 192.0.2.1 5060", "UDP 192.0.2.2 5060"]
    assert len(search.asked) == 3


@pytest.mark.parametrize("name", ["records", "questions", "targets"])
def test_limits_are_at_least_1(name: str) -> None:
    """Nothing could be sent otherwise."""
    assert getattr(LocateLimits(**{name: 1}), name) == 1
    with pytest.raises(ValueError, match=name):
        LocateLimits(**{name: 0})


def test_what_comes_out_of_turn() -> None:
    """Records that were not asked for, and failures of nothing, change nothing."""
    search = Search("sip:example.com", RFC3263)
    for name in (LOCATE, FAILED, REFUSED, NEXT):
        step = Step(1000.0)
        assert search.locating.receive(name, None, step).ignored
        assert step.outputs == []
    search.all()
    for name in (LOCATE, RECORDS, FAILED, REFUSED, NEXT):
        assert search.locating.receive(name, (), Step(1000.0)).ignored


# -------------------------------------------------------------------- weights


class Number:
    """A source of chance that always gives the same number."""

    def __init__(self, number: int) -> None:
        self.number = number

    def getrandbits(self, k: int, /) -> int:
        return self.number


def names(records: list[Srv]) -> str:
    """Their targets."""
    return "".join(record.target for record in records)


def test_priority_comes_before_weight() -> None:
    """The lowest is tried first, whatever the weights say."""
    records = [Srv(2, 100, 1, "b"), Srv(1, 1, 1, "a"), Srv(3, 0, 1, "c")]
    assert names(by_weight(records, Number(0))) == "abc"


@pytest.mark.parametrize(("number", "order"), [(0, "cab"), (1, "abc"), (2, "bca"), (3, "bac"), (7, "bac"), (8, "cab")])
def test_the_drawing(number: int, order: str) -> None:
    """The first whose running sum reaches the number; those of weight 0 stand before the others (RFC 2782)."""
    # Running sums at first: c 0, a 1, b 3; the number is taken modulo the sum of what is left, plus one.
    records = [Srv(1, 1, 1, "a"), Srv(1, 2, 1, "b"), Srv(1, 0, 1, "c")]
    assert names(by_weight(records, Number(number))) == order


def test_without_weights_the_order_stays() -> None:
    """Name servers turn it round themselves; no chance is drawn."""
    records = [Srv(1, 0, 1, name) for name in "abc"]
    assert names(by_weight(records, Random(1))) == "abc"
    source = Random(1)
    by_weight(records, source)
    assert source.random() == Random(1).random()


def test_weights_are_shares() -> None:
    """Of a weight three times as high, a server is the first three times as often."""
    source = Random(1)
    records = [Srv(1, 3000, 1, "a"), Srv(1, 1000, 1, "b")]
    firsts = Counter(by_weight(records, source)[0].target for _ in range(4000))
    assert abs(firsts["a"] - 3000) < 150


@given(st.lists(st.builds(Srv, st.integers(0, 3), st.integers(0, 65_535), st.just(1), st.text("abc"))), st.integers())
def test_every_server_stands_there_once(records: list[Srv], seed: int) -> None:
    """The drawing loses nothing, adds nothing, and keeps the priorities."""
    ordered = by_weight(records, Random(seed))
    assert Counter(ordered) == Counter(records)
    assert [record.priority for record in ordered] == sorted(record.priority for record in records)
