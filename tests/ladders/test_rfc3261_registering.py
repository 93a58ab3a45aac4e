"""Registering: what goes out, what each answer means, and what happens by itself (RFC 3261 10.2)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from sipsm import (
    Address,
    Endpoint,
    Limits,
    LocalProtocolError,
    Open,
    Policy,
    Profile,
    Registered,
    RegisterFailed,
    RegisterOperation,
    RegistrationEnded,
    RegistrationEndReason,
    RegistrationState,
    Uri,
)
from sipsm.dialog.dialog import LAST_CSEQ
from sipsm.message import read_message
from sipsm.role.soft_state import registrations
from tests.ladders.challenging import is_good, proxy, www
from tests.ladders.registrants import ADDRESS, BOB, HERE, ONE, THREE, TWO, Registrant, Registry

REMOVED, ANSWERED, REFUSED, REDIRECTED, FAILED, EXPIRED = RegistrationEndReason


def ended(bench: Registrant) -> list[tuple[RegistrationEndReason, int | None]]:
    """Why registrations are over, and with which status."""
    return [(event.reason, event.status) for event in bench.told(RegistrationEnded)]


def operations(bench: Registrant) -> list[RegisterOperation]:
    """What the registrar has accepted."""
    return [event.operation for event in bench.told(Registered)]


# -------------------------------------------------------------------- the requests


@pytest.mark.rfc("6086-16", "6086 5.3")
def test_info_packages_in_a_registration() -> None:
    """Which a user agent takes is of no use to a registrar, but where a package says so: then the application does."""
    bench = Registrant(profile=Profile(info_packages=["poll"]))
    bench.register()
    assert bench.last_request.header("Recv-Info") is None
    bench.register("sip:carol@192.0.2.2", headers=[("Recv-Info", "route-me")])
    assert bench.last_request.header("Recv-Info") == "route-me"
    registry = Registry(profile=Profile(registers=["192.0.2.1"]))
    registry.put(ONE, headers=["Recv-Info: route-me"])
    assert [str(each.contact.uri) for each in registry.endpoint.bindings(ADDRESS)] == [ONE.strip("<>")]


@pytest.mark.rfc("3261 10.2", "3261 10.2.1")
def test_a_registration() -> None:
    """The Request-URI is the domain, To and From are the address, and Contact is where we are."""
    bench = Registrant()
    registration = bench.register()
    request = bench.last_request
    assert (request.method, str(request.uri)) == ("REGISTER", "sip:192.0.2.2")
    assert (str(request.to.uri), request.to_tag) == (BOB, None)
    assert str(request.from_.uri) == BOB
    assert bench.said == [((f"{HERE};expires=3600",), "3600")]
    assert (registration.state, str(registration.registrar)) == (RegistrationState.REGISTERING, "sip:192.0.2.2")
    other = f"{ONE};expires=77"
    bench.accept(other, f"{HERE};expires=1200")
    (event,) = bench.told(Registered)
    assert (event.registration, event.operation, event.expires_s) == (registration, RegisterOperation.REGISTER, 1200)
    assert [str(each) for each in event.bindings] == [other, f"{HERE};expires=1200"]
    assert registration.state is RegistrationState.REGISTERED
    assert bench.endpoint.registrations == [registration]
    assert repr(registration) == f"<Registration of {BOB}: registered>"


@pytest.mark.rfc("3261 10.2", "3261 10.2.6")
@pytest.mark.parametrize(
    ("address", "registrar", "to", "uri"),
    [
        ("sip:bob@192.0.2.2:5070;transport=udp", None, "<sip:bob@192.0.2.2:5070>", "sip:192.0.2.2:5070"),
        ('"Bob" <sip:bob@biloxi.com>', "sip:192.0.2.2", '"Bob" <sip:bob@biloxi.com>', "sip:192.0.2.2"),
        (Uri.parse(BOB), Uri.parse("sip:192.0.2.2;transport=udp"), f"<{BOB}>", "sip:192.0.2.2;transport=udp"),
        (Address.parse(f"Bob <{BOB}>"), None, f"Bob <{BOB}>", "sip:192.0.2.2"),
    ],
)
def test_who_is_registered_and_where(address: Any, registrar: Any, to: str, uri: str) -> None:
    """The registrar is by default the host of the address; a name for people stays with it."""
    bench = Registrant()
    bench.register(address, registrar)
    request = bench.last_request
    assert (request.to_text, request.from_text.partition(";tag")[0], str(request.uri)) == (to, to, uri)


@pytest.mark.rfc("3261 10.2")
def test_a_registration_by_somebody_else() -> None:
    """From is who is responsible for it; the headers of the application are in each of its requests."""
    bench = Registrant()
    registration = bench.register(by="<sip:desk@192.0.2.2>", headers=[("Subject", "lent")])
    bench.accept(f"{HERE};expires=60")
    bench.take(registration.remove(now=bench.now))
    for request in bench.registers:
        assert (str(request.from_.uri), str(request.to.uri)) == ("sip:desk@192.0.2.2", BOB)
        assert request.header("Subject") == "lent"


@pytest.mark.rfc("3261 10.2", "3261 10.2.4", "3261-C11")
def test_one_sequence_for_each_address() -> None:
    """All REGISTERs for an address have one Call-ID and CSeq numbers one apart, those of a later registration too."""
    bench = Registrant()
    for _ in range(2):
        registration = bench.register()
        bench.accept(f"{HERE};expires=3600")
        bench.take(registration.refresh(now=bench.now))
        bench.accept(f"{HERE};expires=3600")
        bench.take(registration.remove(now=bench.now))
        bench.accept()
    bench.query()
    first = bench.registers[0]
    assert {(each.call_id, each.from_tag) for each in bench.registers} == {(first.call_id, first.from_tag)}
    assert [each.cseq.number - first.cseq.number for each in bench.registers] == list(range(7))
    bench.register("sip:alice@192.0.2.2")
    assert bench.last_request.call_id != first.call_id


@pytest.mark.rfc("3261 10.2", "3261-C11")
def test_one_at_a_time() -> None:
    """While a REGISTER is unanswered, what else is wanted for that address waits, whoever wants it."""
    bench = Registrant()
    first = bench.register(contacts=ONE)
    bench.register(contacts=TWO)
    bench.take(first.modify([ONE, THREE], now=bench.now))
    bench.register("sip:alice@192.0.2.2")
    bench.query()
    assert [str(each.to.uri) for each in bench.registers] == [BOB, "sip:alice@192.0.2.2"]
    bench.accept(f"{ONE};expires=9000", to=bench.registers[0])
    assert bench.said[-1] == ((f"{TWO};expires=3600",), "3600")
    bench.accept(f"{ONE};expires=9000", f"{TWO};expires=9000")
    assert bench.said[-1] == ((), None)
    bench.accept(f"{ONE};expires=9000", f"{TWO};expires=9000")
    assert bench.said[-1] == ((f"{ONE};expires=3600", f"{THREE};expires=3600"), "3600")
    assert len(bench.registers) == 5


@pytest.mark.rfc("3261 10.2", "3261-C11")
def test_silence_ends_the_waiting() -> None:
    """When a REGISTER has timed out, the next one for its address goes out."""
    bench = Registrant()
    bench.register(contacts=ONE)
    bench.register(contacts=TWO)
    bench.wait(31.9)
    assert len(bench.registers) == 1
    bench.wait(0.2)
    assert len(bench.registers) == 2
    assert ended(bench) == [(FAILED, 408)]


# -------------------------------------------------------------------- contacts, and how long they last


@pytest.mark.rfc("3261 10.2.1.1", "3261 10.2.1.2")
def test_several_contacts() -> None:
    """Each has its parameters, and a time of its own where it names one; others have the common one."""
    bench = Registrant()
    contacts = [f"{ONE};q=0.7;expires=600", "mailto:bob@biloxi.com", Address.parse(f'"X" {TWO};q=0.1')]
    registration = bench.register(contacts=contacts, expires_s=1800)
    sent = (f"{ONE};q=0.7;expires=600", "<mailto:bob@biloxi.com>;expires=1800", f'"X" {TWO};q=0.1;expires=1800')
    assert bench.said == [(sent, "1800")]
    assert [each.q for each in registration.contacts] == [0.7, 1.0, 0.1]
    bench.accept("<mailto:bob@biloxi.com>;expires=4294967295", f"{ONE};expires=500", f"{TWO};expires=900")
    assert bench.told(Registered)[0].expires_s == 500, "the first that is over"


@pytest.mark.rfc("3261 10.2.1.1")
def test_a_time_that_the_registrar_chooses() -> None:
    """Without one, "the client is indicating its desire for the server to choose"."""
    bench = Registrant()
    bench.register(expires_s=None)
    assert bench.said == [((HERE,), None)]
    bench.accept(HERE)
    assert bench.told(Registered)[0].expires_s == 3600


@pytest.mark.rfc("3261 10.2.4", "3261-C12")
@pytest.mark.parametrize(
    ("listed", "expires", "lasts"),
    [
        ([f"{ONE};expires=60", f"{HERE};expires=500"], None, 500),
        # the same address, written another way
        (["<sip:bob@192.0.2.9>;expires=60", "<SIP:%62ob@192.0.2.1:5060;x=y>;expires=500"], 700, 500),
        ([HERE], 700, 700),
        ([HERE], None, 1000),
        # malformed values are as good as 3600
        ([f"{HERE};expires=soon"], 700, 3600),
        # a server on the way has put its own in the place of ours
        (["<sip:bob@192.0.2.77>;expires=60"], 700, 700),
        (["<sip:bob@192.0.2.77>;expires=60"], None, 1000),
    ],
)
def test_the_time_of_our_own_contact_counts(listed: list[str], expires: int | None, lasts: int) -> None:
    """Of all bindings in the 200, ours is found by comparing URIs; its parameter counts before the header."""
    bench = Registrant()
    bench.register(expires_s=1000)
    bench.accept(*listed, expires=expires)
    assert bench.told(Registered)[0].expires_s == lasts


@pytest.mark.rfc("3261 10.2.4", "3261-C12")
@pytest.mark.parametrize(("expires", "after"), [(10, 5), (100, 50), (200, 136), (1000, 900), (100_000, 90_000)])
def test_when_it_is_refreshed(expires: int, after: int) -> None:
    """Early enough that one REGISTER may go unanswered and another be, and never before half of its time is over."""
    bench = Registrant()
    bench.up(expires, expires_s=100_000)
    bench.wait(after - 0.1)
    assert bench.registers == []
    bench.wait(0.2)
    assert bench.said == [((f"{HERE};expires=100000",), "100000")]
    bench.accept(f"{HERE};expires={expires}")
    assert operations(bench) == [RegisterOperation.REFRESH]


@pytest.mark.rfc("3261 10.2.4")
def test_an_answer_that_comes_late() -> None:
    """The registrar counts from when it had the REGISTER; what is over by then is registered anew, at once."""
    bench = Registrant()
    registration = bench.register(expires_s=15)
    bench.wait(20)
    bench.accept(f"{HERE};expires=15")
    assert len(bench.registers) == 2
    bench.accept(f"{HERE};expires=15")
    assert operations(bench) == [RegisterOperation.REGISTER] * 2
    assert registration.state is RegistrationState.REGISTERED


@pytest.mark.rfc("3261 10.2.4")
def test_a_refresh_that_is_wanted() -> None:
    """The application may refresh, and ask for another time, which later ones ask for as well."""
    bench = Registrant()
    registration = bench.up()
    bench.take(registration.refresh(expires_s=120, now=bench.now))
    assert bench.said == [((f"{HERE};expires=120",), "120")]
    bench.take(registration.refresh(expires_s=130, now=bench.now))
    bench.accept(f"{HERE};expires=120")
    assert bench.said[-1] == ((f"{HERE};expires=130",), "130")
    bench.accept(f"{HERE};expires=130")
    bench.wait(70)
    assert bench.said[-1] == ((f"{HERE};expires=130",), "130")


@pytest.mark.rfc("3261 10.2.1")
def test_other_contacts() -> None:
    """What takes the place of others goes out in one REGISTER with their removal."""
    bench = Registrant()
    registration = bench.up(contacts=[ONE, TWO])
    bench.take(registration.modify([TWO, THREE], expires_s=100, now=bench.now))
    assert bench.said == [((f"{TWO};expires=100", f"{THREE};expires=100", f"{ONE};expires=0"), "100")]
    bench.accept(f"{TWO};expires=100", f"{THREE};expires=100")
    assert operations(bench) == [RegisterOperation.MODIFY]
    bench.take(registration.remove(now=bench.now))
    assert bench.said[-1] == ((f"{TWO};expires=0", f"{THREE};expires=0"), "0")


@pytest.mark.rfc("3261 10.2.4")
def test_no_route_and_no_dialog() -> None:
    """Record-Route and the To tag of a 200 mean nothing to the next REGISTER."""
    bench = Registrant()
    registration = bench.register()
    bench.say(200, f"Contact: {HERE};expires=60", "Record-Route: <sip:192.0.2.77;lr>")
    bench.take(registration.refresh(now=bench.now))
    request = bench.last_request
    assert (str(request.uri), request.to_tag, request.has("Route")) == ("sip:192.0.2.2", None, False)
    assert bench.flows[-1].remote[0] == "192.0.2.2"


# -------------------------------------------------------------------- removing, and asking


@pytest.mark.rfc("3261 10.2.2")
@pytest.mark.parametrize("everything", [False, True])
def test_a_removal(everything: bool) -> None:
    """Own contacts with expires 0, or `*` with Expires 0; with its 2xx it is over, and nothing is left."""
    bench = Registrant()
    registration = bench.up()
    bench.take(registration.remove(everything=everything, now=bench.now))
    assert bench.said == [(("*",) if everything else (f"{HERE};expires=0",), "0")]
    states = [registration.state]
    bench.accept(f"{ONE};expires=12")
    assert [*states, registration.state] == [RegistrationState.REMOVING, RegistrationState.ENDED]
    (event,) = bench.told(RegistrationEnded)
    assert (event.reason, event.status, [str(each) for each in event.bindings]) == (REMOVED, 200, [f"{ONE};expires=12"])
    bench.quiet()
    assert bench.left() == {}
    assert bench.endpoint.registrations == []


@pytest.mark.rfc("3261 10.2.2")
def test_a_removal_of_what_another_run_has_registered() -> None:
    """It need not be known to be there: the own contact, others, or all."""
    bench = Registrant()
    for more, said in (
        ({}, (f"{HERE};expires=0",)),
        ({"contacts": [f"{ONE};q=0.5"]}, (f"{ONE};q=0.5;expires=0",)),
        ({"everything": True}, ("*",)),
    ):
        registration = bench.unregister(**more)
        assert registration.state is RegistrationState.REMOVING
        assert bench.said[-1] == (said, "0")
        with pytest.raises(LocalProtocolError, match="is being removed"):
            registration.remove(now=bench.now)
        bench.accept()
    assert ended(bench) == [(REMOVED, 200)] * 3


@pytest.mark.rfc("3261 10.2.3")
def test_a_query() -> None:
    """It has no Contact and no Expires, and its 2xx tells all bindings; nothing is refreshed after it."""
    bench = Registrant()
    registration = bench.query()
    assert registration.state is RegistrationState.ASKING
    assert registration.life.sent is not None
    assert registration.life.sent.operation is RegisterOperation.QUERY
    assert bench.said == [((), None)]
    for command in (registration.remove, registration.refresh):
        with pytest.raises(LocalProtocolError, match="but a question"):
            command(now=bench.now)
    bench.accept(f"{ONE};expires=12;q=0.3", f"{TWO};expires=7")
    (event,) = bench.told(RegistrationEnded)
    assert (event.reason, [each.expires_s for each in event.bindings]) == (ANSWERED, [12, 7])
    bench.query()
    bench.say(403)
    bench.query()
    bench.say(500)
    assert ended(bench)[1:] == [(REFUSED, 403), (FAILED, 500)]
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 10.2.2")
def test_a_removal_while_a_register_is_under_way() -> None:
    """It waits for the answer. What was refused need not be removed; what may have been taken must."""
    bench = Registrant()
    for status, removes in ((200, True), (403, False), (500, True)):
        registration = bench.register()
        bench.take(registration.remove(now=bench.now))
        for command in (
            partial(registration.refresh),
            partial(registration.modify, ONE),
            partial(registration.remove),
            partial(registration.remove, everything=True),
        ):
            with pytest.raises(LocalProtocolError, match="is being removed"):
                command(now=bench.now)
        count = len(bench.registers)
        bench.say(status, *([f"Contact: {HERE};expires=60"] if status == 200 else []))
        assert len(bench.registers) == count + removes
        if removes:
            assert bench.said[-1] == ((f"{HERE};expires=0",), "0")
            bench.accept()
        assert registration.state is RegistrationState.ENDED
    assert ended(bench) == [(REMOVED, 200), (REMOVED, None), (REMOVED, 200)]


def test_all_is_to_be_removed_while_a_register_is_under_way() -> None:
    """That waits for the answer, too, and is not asked for less then."""
    bench = Registrant()
    registration = bench.register()
    bench.take(registration.remove(everything=True, now=bench.now))
    bench.say(500)
    assert bench.said[-1] == (("*",), "0")
    bench.accept()
    assert ended(bench) == [(REMOVED, 200)]


def test_a_removal_in_line() -> None:
    """What has never gone out is over at once; what is registered is removed when its turn comes, perhaps with all."""
    bench = Registrant()
    first = bench.up(contacts=ONE)
    bench.query()
    second = bench.register(contacts=TWO)
    bench.take(second.remove(now=bench.now))
    third = bench.register(contacts=TWO)
    bench.take(third.refresh(expires_s=50, now=bench.now))
    bench.take(third.modify(THREE, now=bench.now))
    fourth = bench.register(contacts=TWO)
    bench.take(fourth.remove(everything=True, now=bench.now))
    fifth = bench.register(contacts=TWO)
    bench.take(first.refresh(now=bench.now))
    bench.take(first.remove(now=bench.now))
    bench.take(fifth.remove(now=bench.now))
    assert ended(bench) == [(REMOVED, None)] * 2
    while bench.endpoint.registrations:
        bench.say(200)
        if third.state is RegistrationState.REGISTERED and not third.under_way:
            bench.take(third.remove(everything=True, now=bench.now))
    contacts = [contacts for contacts, _ in bench.said]
    assert contacts == [(), (f"{THREE};expires=50",), ("*",), (f"{ONE};expires=0",), ("*",)]


# -------------------------------------------------------------------- what is refused


@pytest.mark.rfc("3261 10.2.8", "3261-C12")
def test_a_423() -> None:
    """All contacts are asked for as long as Min-Expires, at least; those of later REGISTERs, too."""
    bench = Registrant()
    bench.register(contacts=[f"{ONE};expires=60", f"{TWO};expires=9000", THREE], expires_s=100)
    bench.say(423, "Min-Expires: 1800")
    raised = (f"{ONE};expires=1800", f"{TWO};expires=9000", f"{THREE};expires=1800")
    assert bench.said[-1] == (raised, "1800")
    first, second = bench.registers
    assert (second.call_id, second.cseq.number) == (first.call_id, first.cseq.number + 1)
    bench.accept(*raised)
    bench.wait(1700)
    assert bench.said[-1] == (raised, "1800")
    assert ended(bench) == []


@pytest.mark.rfc("3261 10.2.8")
@pytest.mark.parametrize("expires", [100, None])
def test_a_423_that_asks_for_nothing_longer(expires: int | None) -> None:
    """It is a refusal; also without Min-Expires, and where each one asks for more than the one before."""
    bench = Registrant()
    for header in ("Min-Expires: 100", "Subject: y"):
        bench.register(expires_s=100)
        bench.say(423, header)
    bench.unregister()
    bench.say(423, "Min-Expires: 100")
    assert ended(bench) == [(REFUSED, 423)] * 3
    registration = bench.register(expires_s=expires)
    for seconds in (200, 300, 400, 500, 600, 700):
        bench.say(423, f"Min-Expires: {seconds}")
    assert registration.state is RegistrationState.ENDED
    assert len(bench.registers) == 9


@pytest.mark.rfc("3261 10.2.8")
def test_a_423_where_the_registrar_was_to_choose() -> None:
    """Then it is asked for the time that it has named; the same again would come to the same."""
    bench = Registrant()
    bench.register(contacts=ONE, expires_s=None)
    bench.say(423, "Min-Expires: 300")
    assert bench.said == [((ONE,), None), ((f"{ONE};expires=300",), "300")]


def test_a_423_to_a_change() -> None:
    """The change is asked for again, with a longer time."""
    bench = Registrant()
    registration = bench.up(contacts=ONE, expires_s=90)
    bench.take(registration.modify(TWO, now=bench.now))
    bench.say(423, "Min-Expires: 300")
    assert bench.said[-1] == ((f"{TWO};expires=300", f"{ONE};expires=0"), "300")
    bench.accept(f"{TWO};expires=300")
    assert operations(bench) == [RegisterOperation.MODIFY]


@pytest.mark.rfc("3261 8.1.3", "3261 10.2.8")
@pytest.mark.parametrize("status", [400, 401, 403, 404, 420, 604])
def test_a_refusal(status: int) -> None:
    """It ends the registration, and says so; of a refresh too."""
    bench = Registrant()
    registration = bench.register()
    bench.say(status)
    assert (ended(bench), registration.state) == ([(REFUSED, status)], RegistrationState.ENDED)
    registration = bench.up()
    bench.take(registration.refresh(now=bench.now))
    bench.say(status, "Retry-After: 18")
    (event,) = bench.told(RegistrationEnded)
    assert (event.status, event.retry_after_s, event.bindings) == (status, 18, None)
    for command in (registration.refresh, registration.remove, lambda now: registration.modify(ONE, now=now)):
        with pytest.raises(LocalProtocolError, match="register anew"):
            command(now=bench.now)
    with pytest.raises(LocalProtocolError, match="register anew"):
        registration.remove(everything=True, now=bench.now)
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 10.3")
def test_a_change_that_is_refused() -> None:
    """A REGISTER is taken as a whole or not at all: what was registered before it still is, and is refreshed."""
    bench = Registrant()
    registration = bench.up(200, contacts=ONE)
    bench.take(registration.modify(TWO, now=bench.now))
    bench.say(403)
    (event,) = bench.told(RegisterFailed)
    assert (event.operation, event.status, event.retry_after_s) == (RegisterOperation.MODIFY, 403, None)
    assert [each.uri for each in registration.contacts] == ["sip:bob@192.0.2.11"]
    bench.wait(140)
    assert bench.said[-1][0] == (f"{ONE};expires=3600",)
    bench.accept(f"{ONE};expires=200")
    bench.take(registration.modify(TWO, now=bench.now))
    bench.take(registration.modify(THREE, now=bench.now))
    bench.say(403)
    assert bench.said[-1][0] == (f"{THREE};expires=3600", f"{ONE};expires=0")


# -------------------------------------------------------------------- nobody serves it now


@pytest.mark.rfc("3261 10.2.7")
@pytest.mark.parametrize("status", [408, 480, 500, 503, 504])
def test_a_registration_that_nobody_takes(status: int) -> None:
    """It is over, and not tried again by itself: when that makes sense, the application is told."""
    bench = Registrant()
    bench.register()
    bench.say(status, "Retry-After: 30")
    (event,) = bench.told(RegistrationEnded)
    assert (event.reason, event.status, event.retry_after_s) == (FAILED, status, 30)
    bench.quiet()
    assert len(bench.registers) == 1


@pytest.mark.rfc("3261 10.2.7")
def test_silence() -> None:
    """A REGISTER that nobody answers is no reason to ask at once again."""
    bench = Registrant()
    bench.register()
    bench.quiet()
    assert (ended(bench), len(bench.registers)) == ([(FAILED, 408)], 1)
    registration = bench.up(1000)
    bench.wait(932.5)
    (event,) = bench.told(RegisterFailed)
    assert (event.status, event.response, event.retry_after_s) == (408, None, 34)
    bench.wait(33)
    assert len(bench.registers) == 1
    bench.wait(2)
    assert len(bench.registers) == 2
    bench.accept(f"{HERE};expires=1000")
    assert registration.state is RegistrationState.REGISTERED


@pytest.mark.rfc("3261 10.2.7", "3261 20.33")
def test_a_refresh_that_nobody_serves() -> None:
    """It is tried again when Retry-After says; where that is too late, the registration expires."""
    bench = Registrant()
    bench.up(1000)
    bench.wait(900.5)
    bench.say(503, "Retry-After: 60")
    assert bench.told(RegisterFailed)[0].retry_after_s == 60
    bench.wait(60.5)
    assert len(bench.registers) == 2
    bench.say(503, "Retry-After: 600")
    assert bench.told(RegisterFailed)[1].retry_after_s is None
    bench.wait(39)
    assert ended(bench) == [(EXPIRED, None)]
    assert len(bench.registers) == 2


def test_a_refresh_that_fails_when_all_time_is_over() -> None:
    """Then the registration is over with it."""
    bench = Registrant()
    bench.up(20)
    bench.wait(50)
    assert [type(event) for event in bench.events[-2:]] == [RegisterFailed, RegistrationEnded]
    assert ended(bench) == [(EXPIRED, None)]


def test_a_change_of_which_nobody_knows() -> None:
    """It is tried again as a change; what may have been taken is removed when it is not wanted any more."""
    bench = Registrant()
    registration = bench.up(1000, contacts=ONE)
    bench.take(registration.modify(TWO, now=bench.now))
    bench.say(500)
    bench.take(registration.modify(THREE, now=bench.now))
    assert bench.said[-1][0] == (f"{THREE};expires=3600", f"{ONE};expires=0", f"{TWO};expires=0")
    bench.say(500)
    bench.wait(510)
    assert bench.said[-1][0] == (f"{THREE};expires=3600", f"{ONE};expires=0", f"{TWO};expires=0")
    assert len(bench.registers) == 3
    bench.say(200)
    bench.take(registration.remove(now=bench.now))
    assert bench.said[-1][0] == (f"{THREE};expires=0",)


@pytest.mark.rfc("3261 10.2.2")
@pytest.mark.parametrize(("status", "reason"), [(403, REFUSED), (503, FAILED)])
def test_a_removal_that_fails(status: int, reason: RegistrationEndReason) -> None:
    """It is over, and says how."""
    bench = Registrant()
    registration = bench.up()
    bench.take(registration.remove(now=bench.now))
    bench.say(status)
    assert ended(bench) == [(reason, status)]


# -------------------------------------------------------------------- other registrars


@pytest.mark.rfc("3261 8.1.3.4", "3261 10.3")
def test_a_redirection_is_told() -> None:
    """By itself nobody else is asked: the application is told whom it may ask."""
    bench = Registrant()
    bench.register()
    bench.say(302, "Contact: <sip:192.0.2.66>;q=0.5, <sip:192.0.2.67>")
    (event,) = bench.told(RegistrationEnded)
    assert (event.reason, event.status) == (REDIRECTED, 302)
    assert [str(each.uri) for each in event.response.contacts] == ["sip:192.0.2.66", "sip:192.0.2.67"]


@pytest.mark.rfc("3261 8.1.3.4", "3261 10.2.4", "3261-C11")
def test_a_redirection_is_followed() -> None:
    """Where the policy lets it, the best registrar of those that can be asked is, with the next CSeq number."""
    bench = Registrant(policy=Policy(redirections=2))
    registration = bench.register()
    unfit = "<sip:x@192.0.2.60>, <tel:1>, <sip:192.0.2.61?a=b>, <sip:192.0.2.2>"
    bench.say(302, f"Contact: {unfit}, <sip:192.0.2.66>;q=0.5, <sip:192.0.2.67>;q=0.9")
    first, second = bench.registers
    assert (second.call_id, second.cseq.number) == (first.call_id, first.cseq.number + 1)
    assert (str(second.uri), second.to_text) == ("sip:192.0.2.67", first.to_text)
    assert bench.flows[-1].remote[0] == "192.0.2.67"
    bench.accept(f"{HERE};expires=100")
    assert registration.registrar == "sip:192.0.2.67"
    bench.take(registration.modify(ONE, now=bench.now))
    bench.say(301, "Contact: <sip:192.0.2.67>, <sip:192.0.2.2>, <sip:192.0.2.68>")
    assert str(bench.last_request.uri) == "sip:192.0.2.68"
    assert bench.said[-1][0] == (f"{ONE};expires=3600", f"{HERE};expires=0")
    bench.accept(f"{ONE};expires=100")
    bench.take(registration.remove(now=bench.now))
    bench.say(302, "Contact: <sip:192.0.2.69>")
    assert ended(bench) == [(REDIRECTED, 302)]


@pytest.mark.rfc("3261 21.3.4", "3261 21.3.5")
@pytest.mark.parametrize(
    ("status", "contact"), [(305, "<sip:192.0.2.66>"), (380, "<sip:192.0.2.66>"), (302, "*"), (302, None)]
)
def test_a_redirection_to_nowhere(status: int, contact: str | None) -> None:
    """Nobody is asked who is not named as a registrar."""
    bench = Registrant(policy=Policy(redirections=5))
    bench.register()
    bench.say(status, *([] if contact is None else [f"Contact: {contact}"]))
    assert ended(bench) == [(REDIRECTED, status)]


# -------------------------------------------------------------------- with credentials, and other ways


@pytest.mark.rfc("3261 10.2", "3261-C11")
@pytest.mark.parametrize(("status", "line"), [(401, www), (407, proxy)])
def test_a_number_that_somebody_else_has_used(status: int, line: Callable[..., str]) -> None:
    """When a REGISTER goes out again with credentials, the next one of the address has the number after that."""
    bench = Registrant(profile=Profile(accounts=[("alice", "secret")]))
    registration = bench.register()
    other = bench.register(contacts=ONE)
    (request,) = bench.registers
    bench.say(status, line())
    assert is_good(bench.last_request)
    bench.accept(f"{HERE};expires=60")
    bench.accept(f"{HERE};expires=60", f"{ONE};expires=60")
    bench.take(registration.refresh(now=bench.now))
    assert registration.series is other.series
    assert {each.call_id for each in bench.registers} == {request.call_id}
    assert [each.cseq.number - request.cseq.number for each in bench.registers] == [0, 1, 2, 3]


def test_numbers_that_are_used_up() -> None:
    """After the last number a new Call-ID begins."""
    bench = Registrant()
    registration = bench.up()
    registration.series.cseq = LAST_CSEQ
    before = registration.series.known_by
    bench.take(registration.refresh(now=bench.now))
    assert registration.series.known_by != before
    assert bench.last_request.cseq.number < 2**16


def test_how_many_call_ids_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of those who have no registration any more, only so many: the last ones."""
    monkeypatch.setattr(registrations, "MOST_RESTING", 2)
    bench = Registrant()
    call_ids = []
    for name in ("a", "b", "c", "b", "a"):
        bench.query(f"sip:{name}@192.0.2.2")
        bench.accept()
        call_ids.append(bench.last_request.call_id)
    assert call_ids[1] == call_ids[3]
    assert call_ids[0] != call_ids[4]
    assert len(bench.endpoint._agent.registrations.series) == 2


@pytest.mark.rfc("3261 8.1.1.8")
def test_the_contact_by_which_others_come() -> None:
    """It is one for the registrar's transport, where we have one, and it is not changed on the way."""
    endpoint = Endpoint("udp:192.0.2.1:5060", "tcp:192.0.2.1:5060")
    large = [("Subject", "large" * 300)]
    ways: tuple[tuple[str, dict[str, Any]], ...] = (
        ("sip:192.0.2.2;transport=tcp", {}),
        # Over TCP for its size, and not since that is how others are to come.
        ("sip:192.0.2.3", {"contacts": "<sip:192.0.2.1:5060>", "expires_s": None, "headers": large}),
    )
    for registrar, more in ways:
        _, outputs = endpoint.register(f"sip:bob@{registrar[4:]}", registrar, **more, now=0.0)
        assert [type(each) for each in outputs] == [Open]
    waiting = [item for connection in endpoint._flows.opening.values() for item in connection.waiting]
    assert [read_message(item.data).header("Contact") for item in waiting] == [
        "<sip:bob@192.0.2.1:5060;transport=tcp>;expires=3600",
        "<sip:192.0.2.1:5060>",
    ]


# -------------------------------------------------------------------- what the program must not do


@pytest.mark.parametrize(
    ("begin", "match"),
    [
        (lambda bench: bench.register("tel:+1234"), "no SIP address"),
        (lambda bench: bench.register("sip:bob@192.0.2.2?a=b"), "no headers"),
        (lambda bench: bench.register("<sip:bob@192.0.2.2?a=b>"), "no headers"),
        (lambda bench: bench.register(registrar="sip:x@192.0.2.2"), "names a domain"),
        (lambda bench: bench.register(registrar="tel:1"), "names a domain"),
        (lambda bench: bench.register(expires_s=0), "use `remove`"),
        (lambda bench: bench.register(expires_s=-1), "whole number"),
        (lambda bench: bench.register(contacts=[]), "no contact"),
        (lambda bench: bench.register(contacts="*"), "no URI"),
        (lambda bench: bench.register(contacts=[ONE, "<sip:%62ob@192.0.2.11>"]), "twice"),
        (lambda bench: bench.register(contacts=f"{ONE};expires=0"), "use `remove`"),
        (lambda bench: bench.register(headers=[("Expires", "3")]), "written by sipsm"),
        (lambda bench: bench.register(headers=[("m", ONE)]), "written by sipsm"),
        (lambda bench: bench.register(by="x y"), "no address"),
        (lambda bench: bench.register("sips:bob@192.0.2.2"), "TLS"),
        (lambda bench: bench.up().modify([], now=bench.now), "no contact"),
        (lambda bench: bench.up().refresh(expires_s=0, now=bench.now), "use `remove`"),
    ],
)
def test_what_cannot_be_registered(begin: Callable[[Registrant], Any], match: str) -> None:
    """It is refused at once, and nothing is sent."""
    bench = Registrant()
    with pytest.raises(LocalProtocolError, match=match):
        begin(bench)
    assert bench.registers == []


def test_how_many_there_may_be() -> None:
    """One more than the limit is refused; when one is over, there is room again."""
    bench = Registrant(limits=Limits(registrations=1))
    registration = bench.up()
    with pytest.raises(LocalProtocolError, match="1 registrations live"):
        bench.query()
    bench.take(registration.remove(now=bench.now))
    bench.accept()
    bench.register()


def test_the_route_of_the_profile() -> None:
    """An outbound proxy is on the way of REGISTERs too; a GRUU of ours is no contact to register."""
    gruu = "sip:bob@192.0.2.2;gr=1"
    bench = Registrant(profile=Profile(route=("<sip:192.0.2.50;lr>",), gruu=gruu))
    bench.register()
    assert bench.last_request.lines_of("Route") == ("<sip:192.0.2.50;lr>",)
    assert bench.flows[-1].remote[0] == "192.0.2.50"
    assert bench.said == [((f"{HERE};expires=3600",), "3600")]
