"""A registrar: what is checked in which order, what is bound how long, and what is told of it (RFC 3261 10.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sipsm import (
    BindingAdded,
    BindingRefreshed,
    BindingRemoved,
    LocalProtocolError,
    Profile,
    Registering,
    RegisterRequest,
    RegistrationRequested,
    RegistrationWithdrawn,
    UnbindReason,
    Uri,
)
from sipsm.role.soft_state import registrar
from sipsm.standalone.binding import GONE
from tests.ladders.registrants import ADDRESS, DOMAIN, ONE, THREE, TWO, Registry

UNREGISTERED, EXPIRED, DEACTIVATED = UnbindReason


def registry(**settings: Any) -> Registry:
    """A registrar with these settings."""
    return Registry(profile=Profile(registers=Registering(**settings)))


def changes(bench: Registry) -> list[tuple[str, int]]:
    """What was told of bindings: what became of which."""
    kinds = BindingAdded | BindingRefreshed | BindingRemoved
    return [(type(each).__name__[7:], each.binding.number) for each in bench.events if isinstance(each, kinds)]


# -------------------------------------------------------------------- the steps


@pytest.mark.rfc("3261 10.3", "3261-S17", "3261-S18")
def test_the_order_of_the_steps() -> None:
    """A REGISTER with everything wrong is told the first thing; with that put right, the next."""
    bench = registry(domains=["192.0.2.1", "biloxi.com"], own_only=True, addresses=[ADDRESS])
    assert bench.status(ONE, call_id="one", cseq=7) == 200
    wrong: dict[str, Any] = {
        "uri": "sip:atlanta.com",
        "headers": ["Require: magic"],
        "from_": "<sip:eve@192.0.2.1>",
        "to": "<sip:nobody@192.0.2.1>",
        "expires": 59,
        "call_id": "one",
        "cseq": 7,
    }
    statuses = []
    for name, right in (
        ("headers", []),
        ("uri", DOMAIN),
        ("from_", "<sip:nobody@192.0.2.1>"),
        ("to", f"<{ADDRESS}>"),
        ("from_", f"<{ADDRESS}>"),
        ("expires", 60),
        ("cseq", 8),
    ):
        statuses.append(bench.status(ONE, TWO, **wrong))
        wrong[name] = right
    assert statuses == [420, 404, 403, 404, 403, 423, 500]
    assert bench.bound() == [ONE], "nothing has changed"
    assert bench.listed(ONE, TWO, **wrong) == [f"{ONE};expires=60", f"{TWO};expires=60"]


@pytest.mark.rfc("3261 10.3", "3261-S17")
@pytest.mark.parametrize(
    "to",
    [
        "<sip:bob@192.0.2.1;transport=tcp;user=ip>",
        "Bob <sip:%62o%62@192.0.2.1>",
        "<sip:bob:secret@192.0.2.1;lr>",
        "sip:bob@192.0.2.1",
    ],
)
def test_the_canonical_form_of_an_address(to: str) -> None:
    """Parameters and escapes make no other address of it."""
    bench = registry()
    assert bench.status(ONE, to=to) == 200
    assert bench.bound() == [ONE]
    assert bench.endpoint.bound_addresses == [ADDRESS]
    assert str(bench.told(BindingAdded)[0].address).replace("%62", "b") == ADDRESS


@pytest.mark.rfc("3261 10.3", "3261-S17")
@pytest.mark.parametrize(
    ("to", "uri", "status"),
    [
        ("<sip:bob@biloxi.com>", "sip:ss2.BILOXI.com", 200),
        ("<sip:bob@biloxi.com>", "sip:biloxi.com", 200),
        ("<sips:bob@biloxi.com>", "sip:biloxi.com", 200),
        ("<sip:bob@[2001:db8::0:1]>", "sip:[2001:DB8::1]:5080", 200),
        ("<sip:bob@biloxi.com>", "sip:chicago.com", 404),
        ("<sip:bob@chicago.com>", "sip:biloxi.com", 404),
        ("<tel:+1234>", "sip:biloxi.com", 404),
        ("<mailto:bob@biloxi.com>", "sip:biloxi.com", 404),
    ],
)
def test_the_domains_of_a_registrar(to: str, uri: str, status: int) -> None:
    """Others are none of its business, in the Request-URI and in To; a domain may have several names."""
    bench = registry(domains=["biloxi.com", "ss2.biloxi.com", "2001:db8::1"])
    assert bench.status(ONE, to=to, uri=uri) == status
    assert registry().status(ONE, to=to, uri=uri) == (404 if to.startswith(("<tel", "<mailto")) else 200)


def test_a_domain_by_several_names() -> None:
    """An address is the same by whatever name of its domain, where the settings say so."""
    bench = registry(one_domain="biloxi.com")
    bench.put(ONE, to="<sip:bob@192.0.2.1>")
    bench.put(TWO, to="<sip:bob@localhost:5070>")
    assert bench.bound("sip:bob@biloxi.com") == bench.bound("sip:bob@192.0.2.9") == [ONE, TWO]
    assert bench.bound("tel:1") == []


@pytest.mark.rfc("3261 10.3", "3261 10.2.3", "3261-S18")
def test_a_query() -> None:
    """Without Contact nothing changes, and the 200 lists all bindings with what is left of their time."""
    bench = registry(usual_s=600)
    assert bench.listed() == []
    bench.put(f'"B" {ONE};q=0.3;+sip.instance="<urn:x>";expires=100', "sip:bob@192.0.2.12;expires=20000")
    bench.put("<mailto:bob@biloxi.com>")
    bench.wait(60.5)
    answer = bench.put(headers=["Record-Route: <sip:192.0.2.7;lr>"])
    assert answer is not None
    assert list(answer.lines_of("Contact")) == [
        f'"B" {ONE};q=0.3;+sip.instance="<urn:x>";expires=40',
        "sip:bob@192.0.2.12;expires=3540",
        "<mailto:bob@biloxi.com>;expires=540",
    ]
    assert [each.q for each in bench.endpoint.bindings(ADDRESS)] == [0.3, 1.0, 1.0]
    # "Registrars MUST NOT include a Record-Route header field in any response to a REGISTER request." (RFC 3261 10.3)
    assert not answer.has("Record-Route")


@pytest.mark.rfc("3261 10.3", "3261 10.2.2", "3261-S17")
@pytest.mark.parametrize("expires", [None, 1, 3600])
def test_a_star_that_is_misplaced(expires: int | None) -> None:
    """`*` is for removing all bindings, and for nothing else."""
    bench = registry()
    bench.put(ONE)
    assert bench.status("*", expires=expires) == 400
    assert bench.status("*", TWO, expires=0) == 400
    assert bench.status("*, *", expires=0) == 400
    assert bench.bound() == [ONE]


@pytest.mark.rfc("3261 10.3", "3261 10.2.2", "3261-S17")
def test_all_bindings_are_removed() -> None:
    """Those of others are, whatever their CSeq; one's own only by a later request, and then all of them or none."""
    bench = registry()
    bench.put(ONE, call_id="one", cseq=10)
    bench.put(TWO, call_id="two", cseq=20)
    assert bench.status("*", expires=0, call_id="two", cseq=20) == 500
    assert bench.status("*", expires=0, call_id="one", cseq=9) == 500
    assert bench.bound() == [ONE, TWO]
    assert bench.listed("*", expires=0, call_id="one", cseq=11) == []
    assert (bench.bound(), bench.endpoint.bound_addresses) == ([], [])
    assert [each.reason for each in bench.told(BindingRemoved)] == [UNREGISTERED] * 2
    assert bench.listed("*", expires=0) == []


@pytest.mark.rfc("3261 10.3", "3261-S17")
def test_what_was_overtaken() -> None:
    """With the same Call-ID a higher CSeq is needed; with another one any will do."""
    bench = registry()
    bench.put(ONE, call_id="one", cseq=10)
    for cseq, status in ((10, 500), (9, 500), (11, 200)):
        assert bench.status(f"{ONE};q=0.{cseq}", call_id="one", cseq=cseq) == status
    assert bench.bound() == [f"{ONE};q=0.11"]
    assert bench.status(f"{ONE};expires=0", call_id="one", cseq=11) == 500
    assert bench.status(f"{ONE};q=0.5", call_id="two", cseq=1) == 200
    (binding,) = bench.endpoint.bindings(ADDRESS)
    assert (binding.call_id, binding.cseq, binding.q) == ("two", 1, 0.5)
    assert bench.status(f"{ONE};expires=0", call_id="one", cseq=1) == 200
    assert changes(bench) == [("Added", 0), ("Refreshed", 0), ("Refreshed", 0), ("Removed", 0)]


@pytest.mark.rfc("3261 10.3", "3261-S17", "3261-S01")
def test_all_or_nothing() -> None:
    """When one of its contacts cannot be updated, none is."""
    bench = registry()
    bench.put(ONE, call_id="one", cseq=10)
    bench.put(TWO, call_id="one", cseq=20)
    before = bench.endpoint.bindings(ADDRESS)
    bench.drain()
    assert bench.status(THREE, f"{ONE};expires=0", TWO, call_id="one", cseq=15) == 500
    assert bench.status(THREE, f"{ONE};expires=0", f"{TWO};expires=30", call_id="one", cseq=21) == 423
    assert (bench.endpoint.bindings(ADDRESS), changes(bench)) == (before, [])
    assert bench.listed(THREE, f"{ONE};expires=0", TWO, call_id="one", cseq=21, expires=90) == [
        f"{TWO};expires=90",
        f"{THREE};expires=90",
    ]


@pytest.mark.rfc("3261 10.3", "3261 19.1.4")
def test_a_contact_written_in_another_way() -> None:
    """It is the same binding where the URIs are the same; what a REGISTER says twice it says as the last time."""
    bench = registry()
    bench.put(ONE, f"{TWO};q=0.1")
    contacts = bench.listed("<SIP:%62ob@192.0.2.11;x=y>;q=0.5", TWO, f"{TWO};expires=0", "<sip:BOB@192.0.2.11>")
    assert contacts == ["<SIP:%62ob@192.0.2.11;x=y>;q=0.5;expires=3600", "<sip:BOB@192.0.2.11>;expires=3600"]
    assert changes(bench) == [("Added", 0), ("Added", 1), ("Refreshed", 0), ("Removed", 1), ("Added", 2)]


# -------------------------------------------------------------------- how long


@pytest.mark.rfc("3261 10.3", "3261 10.2.1.1")
@pytest.mark.parametrize(
    ("contact", "expires", "lasts"),
    [
        (f"{ONE};expires=120", 180, 120),
        (ONE, 180, 180),
        (ONE, None, 900),
        (f"{ONE};expires=99999999999", 180, 3000),
        (f"{ONE};expires=soon", 180, 3000),
        (f"{ONE};expires", 180, 3000),
        (ONE, 4294967295, 3000),
    ],
)
def test_how_long_a_binding_lasts(contact: str, expires: int | None, lasts: int) -> None:
    """The parameter counts before the header, the header before what is usual; and nothing is longer than the longest.

    Malformed values are 3600.
    """
    bench = registry(usual_s=900, longest_s=3000)
    assert bench.listed(contact, expires=expires) == [f"{ONE};expires={lasts}"]
    (held,) = bench.endpoint._agent.registrar.location.held[Uri.parse(ADDRESS)]
    bench.wait(lasts - 0.1)
    assert bench.bound() == [ONE]
    bench.wait(0.1)
    assert (bench.bound(), bench.endpoint.bound_addresses) == ([], [])
    (event,) = bench.told(BindingRemoved)
    assert (event.reason, event.request, event.binding.lasts_s) == (EXPIRED, None, lasts)
    assert held.state == GONE
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 10.3", "3261-S18")
def test_an_interval_too_brief() -> None:
    """423 is for what is less than the minimum and less than an hour; Min-Expires says what would do."""
    for smallest_s, least in ((600, 600), (4000, 3600)):
        bench = registry(smallest_s=smallest_s, longest_s=9000)
        for seconds in (1, 599):
            answer = bench.put(ONE, f"{TWO};expires={seconds}")
            assert answer is not None
            assert (answer.status, answer.header("Min-Expires")) == (423, str(least))
        assert bench.status(ONE, expires=least) == 200
        assert bench.status(f"{ONE};expires=0") == 200
        assert bench.status(f"{ONE};expires=0", expires=3) == 200


@pytest.mark.rfc("3261 10.3", "3261 10.2.4")
def test_a_refresh() -> None:
    """Its time begins anew, from now; so does a shorter one."""
    bench = registry()
    bench.put(ONE, TWO, expires=100, call_id="one", cseq=1)
    bench.wait(90)
    bench.put(ONE, expires=200, call_id="one", cseq=2)
    bench.wait(10)
    assert bench.bound() == [ONE]
    bench.put(ONE, expires=60, call_id="one", cseq=3)
    bench.wait(59.9)
    assert bench.listed() == [f"{ONE};expires=1"]
    bench.wait(0.2)
    assert bench.listed() == []
    assert changes(bench) == [
        *(("Added", 0), ("Added", 1), ("Refreshed", 0), ("Removed", 1), ("Refreshed", 0), ("Removed", 0))
    ]


# -------------------------------------------------------------------- how much


def test_how_many_bindings() -> None:
    """Of one address so many, of so many addresses; what removes or refreshes is taken all the same."""
    bench = registry(bindings_of_address=2, bound_addresses=2)
    assert bench.status(ONE, TWO) == 200
    answer = bench.put(THREE)
    assert answer is not None
    assert (answer.status, answer.header("Retry-After")) == (503, "60")
    assert bench.status(ONE, TWO) == 200
    assert bench.listed(THREE, f"{ONE};expires=0") == [f"{TWO};expires=3600", f"{THREE};expires=3600"]
    assert bench.status(ONE, to="<sip:alice@192.0.2.1>") == 200
    assert bench.status(ONE, to="<sip:carol@192.0.2.1>") == 503
    assert bench.status(f"{ONE};expires=0", to="<sip:carol@192.0.2.1>") == 200
    assert bench.status(TWO, to="<sip:alice@192.0.2.1>") == 200
    assert bench.status(ONE, TWO, THREE) == 503
    assert bench.status(*(f"{each};expires=0" for each in (ONE, TWO, THREE))) == 503
    assert bench.status("*", expires=0) == 200
    assert bench.status(ONE, to="<sip:carol@192.0.2.1>") == 200


def test_a_contact_that_is_too_long() -> None:
    """All contacts of an address are in each answer, so there is an end to each."""
    bench = registry(contact_octets=100)
    assert bench.status(f"<sip:{'b' * 80}@192.0.2.2>") == 200
    assert bench.status(f"<sip:{'b' * 90}@192.0.2.2>") == 400
    assert bench.status(f"<sip:b@192.0.2.2>;x={'b' * 90}") == 400


@pytest.mark.rfc("3261 10.3", "3261 26.1.5", "3261-S18")
def test_a_short_request_and_a_long_answer() -> None:
    """The 200 lists all bindings, though the request was short and no connection vouches for its sender."""
    bench = registry()
    contacts = [f"<sip:bob@192.0.2.{host};some=long-parameter-of-a-long-contact>;x={'y' * 300}" for host in range(10)]
    bench.put(*contacts)
    assert len(bench.listed()) == 10
    assert len(bench.wires[-1]) > 3000


# -------------------------------------------------------------------- odd requests


@pytest.mark.rfc("3261 10.3")
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (["Expires: soon"], 400),
        (["Expires: 1", "Expires: 2"], 400),
        (["Contact: <sip:bob@192.0.2.2"], 400),
        (["Contact: <sip:bob@192.0.2.2>;x=1;x=2"], 400),
        (["Contact: <sip:bob@ 192.0.2.2>"], 400),
        (["Contact: <sip:a@192.0.2.2>;q=5"], 200),
    ],
)
def test_what_cannot_be_read(headers: list[str], status: int) -> None:
    """It gets 400, and nothing has changed."""
    bench = registry()
    assert bench.status(ONE, headers=headers) == status
    assert len(bench.bound()) == (0 if status == 400 else 1 + ("q=5" in headers[0]))


@pytest.mark.rfc("3261 10.2", "3261 12.2.2")
def test_a_register_that_names_a_dialog() -> None:
    """It has no part in any: what its To tag says means nothing, be it that of a call or of nobody's."""
    bench = registry()
    assert bench.status(ONE, to=f"<{ADDRESS}>;tag=strange") == 200
    call = bench.acked()
    before = bench.sent[-1]
    bench.receive(bench.in_dialog("REGISTER", 7, call, headers=[f"Contact: {TWO}"], uri=DOMAIN))
    assert bench.last_response is not before
    assert (bench.last_response.status, bench.bound()) == (200, [ONE, TWO])


@pytest.mark.rfc("3261 10.3", "3261 20.17")
@pytest.mark.parametrize("by_hand", [False, True])
def test_the_time_of_day(by_hand: bool) -> None:
    """Each 200 tells it, where somebody has told it here; the application's own counts before that."""
    bench = registry(by_hand=by_hand)
    bench.endpoint.tell_time(1_795_000_000.5, now=bench.now - 20)
    bench.put(ONE)
    if by_hand:
        bench.take(asked(bench).accept(now=bench.now))
    assert bench.last_response.lines_of("Date") == ("Wed, 18 Nov 2026 11:07:00 GMT",)
    bench.put(f"{TWO};expires=3")
    if by_hand:
        bench.take(asked(bench).accept(now=bench.now))
        bench.put(ONE)
        bench.take(asked(bench).accept(headers=[("date", "Sun, 22 Nov 2026 12:00:00 GMT")], now=bench.now))
        assert bench.last_response.lines_of("Date") == ("Sun, 22 Nov 2026 12:00:00 GMT",)
    else:
        assert not bench.last_response.has("Date")
    for seconds in (float("inf"), float("nan"), 1e30, -1e15):
        with pytest.raises(LocalProtocolError, match="no time"):
            bench.endpoint.tell_time(seconds, now=0.0)


@pytest.mark.rfc("3261 17.2.2")
def test_a_repeat() -> None:
    """It brings the same 200 again, and changes nothing."""
    bench = registry()
    for _ in range(2):
        bench.put(ONE, branch="z9hG4bKsame", call_id="one", cseq=1)
    assert bench.wires[0] == bench.wires[1]
    assert changes(bench) == [("Added", 0)]


@pytest.mark.rfc("3261 8.2.1", "3261-S02")
def test_where_nobody_registers() -> None:
    """Without a setting REGISTER is not served, and Allow does not name it; with one it does, beside the others."""
    bench = Registry()
    answer = bench.put(ONE)
    assert answer is not None
    assert answer.status == 405
    assert "REGISTER" not in (answer.header("Allow") or "")
    bench = registry()
    bench.receive(bench.request("OPTIONS"))
    assert bench.last_response.status == 200
    assert {"INVITE", "REGISTER"} <= set((bench.last_response.header("Allow") or "").split(", "))


@pytest.mark.rfc("3261 10.3", "3515 2.5", "3515-13")
@pytest.mark.parametrize("method", ["REFER", "INVITE", "OPTIONS", "BYE", "MESSAGE", "NOTIFY", "PUBLISH", "UPDATE"])
def test_a_registrar_alone(method: str) -> None:
    """It accepts only REGISTER requests: REFER and all others that it knows get 405 with Allow, strange ones 501."""
    bench = Registry(profile=Profile(registers=Registering(alone=True), takes_referrals=True, event_packages=("x",)))
    headers = ["Refer-To: <sip:carol@192.0.2.3>"] if method == "REFER" else []
    bench.receive(bench.request(method, headers=headers))
    assert (bench.last_response.status, bench.last_response.header("Allow")) == (405, "REGISTER")
    assert bench.status(ONE) == 200
    bench.receive(bench.request("CANCEL"))
    assert bench.last_response.status == 481
    bench.receive(bench.request("UNHEARD"))
    assert (bench.last_response.status, bench.last_response.header("Allow")) == (501, "REGISTER")


# -------------------------------------------------------------------- what the application does


def test_a_binding_is_taken_away() -> None:
    """One of an address, or all; of those that are not there, none."""
    bench = registry()
    bench.put(ONE, TWO, THREE)
    held = [*bench.endpoint._agent.registrar.location.held[Uri.parse(ADDRESS)]]
    bench.take(bench.endpoint.unbind(ADDRESS, "sip:%62ob@192.0.2.12", now=bench.now))
    assert bench.bound() == [ONE, THREE]
    bench.take(bench.endpoint.unbind(Uri.parse(f"{ADDRESS};lr"), now=bench.now))
    assert bench.endpoint.unbind(ADDRESS, now=bench.now) == []
    assert [(each.reason, each.request) for each in bench.told(BindingRemoved)] == [(DEACTIVATED, None)] * 3
    assert [(each.state, each.next_timeout()) for each in held] == [(GONE, None)] * 3
    bench.quiet()
    assert bench.left() == {}


def asked(bench: Registry) -> RegisterRequest:
    """What the application is to decide on now."""
    request = bench.told(RegistrationRequested)[-1].asked
    assert isinstance(request, RegisterRequest)
    return request


@pytest.mark.rfc("3261 10.3", "3261-S17")
def test_the_application_decides() -> None:
    """It is asked who may register whom before anything else is looked at but the domain; then the steps go on."""
    bench = registry(by_hand=True, domains=["192.0.2.1"])
    assert bench.status(ONE, uri="sip:chicago.com") == 404
    assert bench.told(RegistrationRequested) == []
    assert bench.put(f"{ONE};expires=7", to="<sip:bob@192.0.2.1;lr>", from_="<sip:eve@192.0.2.1>") is None
    wish = asked(bench)
    assert (str(wish.address), str(wish.request.from_.uri)) == (ADDRESS, "sip:eve@192.0.2.1")
    assert repr(wish) == f"<RegisterRequest for {ADDRESS}: Shown>"
    bench.take(wish.reject(now=bench.now))
    assert (bench.statuses, bench.bound()) == ([404, 403], [])
    with pytest.raises(LocalProtocolError, match="has been answered"):
        wish.accept(now=bench.now)
    bench.put(f"{ONE};expires=7")
    bench.take(asked(bench).accept(now=bench.now))
    bench.put(ONE)
    bench.take(asked(bench).accept(headers=[("Date", "Sun, 22 Nov 2026 12:00:00 GMT")], now=bench.now))
    assert bench.statuses[2:] == [423, 200]
    assert bench.last_response.header("Date") == "Sun, 22 Nov 2026 12:00:00 GMT"
    assert list(bench.last_response.lines_of("Contact")) == [f"{ONE};expires=3600"]
    bench.put()
    bench.take(asked(bench).reject(302, reason="Over there", headers=[("Contact", "<sip:192.0.2.9>")], now=bench.now))
    assert (bench.last_response.status, bench.last_response.reason) == (302, "Over there")


@pytest.mark.rfc("3261 10.3")
def test_one_after_the_other() -> None:
    """Those for one address are decided on in the order in which they came."""
    bench = registry(by_hand=True)
    bench.put(ONE)
    bench.put(f"{ONE};expires=0")
    bench.put(TWO)
    bench.put(ONE, to="<sip:alice@192.0.2.1>")
    first, of_alice = (each.asked for each in bench.told(RegistrationRequested))
    bench.take(of_alice.accept(now=bench.now))
    for n, wish in enumerate((first, None, None)):
        bench.take((wish or asked(bench)).accept(now=bench.now))
        assert bench.bound() == ([ONE], [], [TWO])[n]
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("4320 4.2", "3261 10.3")
def test_a_decision_that_comes_too_late() -> None:
    """When its sender waits no more nothing has changed, and the next one is shown."""
    bench = registry(by_hand=True)
    bench.put(ONE)
    bench.wait(10)
    bench.put(TWO)
    first = asked(bench)
    bench.wait(22.5)
    assert [each.asked for each in bench.told(RegistrationWithdrawn)] == [first]
    assert asked(bench) is not first
    with pytest.raises(LocalProtocolError, match="waited for too long"):
        first.reject(now=bench.now)
    bench.take(asked(bench).accept(now=bench.now))
    assert bench.bound() == [TWO]


def test_how_many_wait_for_a_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one address so many; the next one gets 503."""
    monkeypatch.setattr(registrar, "MOST_IN_LINE", 2)
    bench = registry(by_hand=True)
    for _ in range(3):
        bench.put(ONE)
    assert bench.statuses == [503]
    assert bench.put(ONE, to="<sip:alice@192.0.2.1>") is None


@pytest.mark.rfc("3261 10.3", "3261-S18")
@pytest.mark.parametrize(
    "command",
    [
        lambda wish, now: wish.reject(600, now=now),
        lambda wish, now: wish.reject(200, now=now),
        lambda wish, now: wish.reject(403, headers=[("Via", "x")], now=now),
        lambda wish, now: wish.reject(403, reason="a\nb", now=now),
        lambda wish, now: wish.accept(headers=[("Contact", ONE)], now=now),
        lambda wish, now: wish.accept(headers=[("Date", "a\nb")], now=now),
    ],
)
def test_what_a_registrar_cannot_answer(command: Callable[..., Any]) -> None:
    """A registrar does not generate 6xx responses, and the bindings are not the application's to write."""
    bench = registry(by_hand=True)
    bench.put(ONE)
    with pytest.raises(LocalProtocolError):
        command(asked(bench), bench.now)
    assert bench.sent == []
    bench.take(asked(bench).accept(now=bench.now))
    assert bench.bound() == [ONE]


# -------------------------------------------------------------------- settings


def test_settings_that_make_sense() -> None:
    """Domains may be given alone; a host may have brackets."""
    assert Profile(registers=["[2001:db8::1]", "a.com"]).registers == Registering(("2001:db8::1", "a.com"))
    assert Profile(registers="a.com").registers == Registering("a.com")
    assert Profile(registers=()).registers == Registering()
    assert Profile().registers is None


@pytest.mark.parametrize(
    "settings",
    [
        {"domains": ["a b"]},
        {"domains": ["sip:a.com"]},
        {"one_domain": "a@b"},
        {"smallest_s": 4000},
        {"longest_s": 30},
    ],
)
def test_settings_that_make_none(settings: Any) -> None:
    """They are refused when they are given."""
    with pytest.raises(LocalProtocolError):
        Registering(**settings)


@pytest.mark.rfc("3261 10.3")
@pytest.mark.parametrize("now", [1000.1, 0.3, 87654.321, 1795387583.111])
def test_an_hour_is_an_hour(now: float) -> None:
    """However late it is, and whatever a deadline is rounded to: the 200 says what was given."""
    bench = registry()
    bench.now = now
    bench.put(f"{ONE};expires=3600")
    assert bench.last_response.lines_of("Contact") == (f"{ONE};expires=3600",)
