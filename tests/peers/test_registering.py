"""Registrations with SIPp and Kamailio at the other end, in both roles, over UDP and TCP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sipsm import Registered, RegisterOperation, RegistrationEnded, RegistrationEndReason, TimerValues
from sipsm_blocking import UserAgent
from tests.cli.programs import running, sipsm, told
from tests.peers.hearing import Hearing
from tests.peers.kamailio import Registrar, registrar
from tests.peers.test_events import playing, plays
from tests.peers.test_sipp import losing

pytestmark = pytest.mark.slow

# -------------------------------------------------------------------- SIPp


@pytest.mark.rfc("3261 10.3", "3261-S17", "3261-S18", "3515 2.5", "3515-13")
def test_sipp_registers_with_us(tmp_path: Path) -> None:
    """SIPp gets what its scenario says from our registrar."""
    with running("registrar", "--bind", "udp:127.0.0.1:0") as server:
        plays("registrant", tmp_path, f"sip:x@127.0.0.1:{server.port}")
        assert server.end() == 0
    changes = [(each["state"], each["contact"].partition("@")[0][-3:]) for each in told(server.output, "binding")]
    assert [state for state, _ in changes] == ["added", "added", "refreshed", "removed", "removed"]


@pytest.mark.rfc("3261 10.2.2", "3261 10.2.4", "3261 10.2.8", "3261-C11", "3261-C12")
def test_we_register_with_sipp(tmp_path: Path) -> None:
    """`sipsm register` obeys 423, refreshes by the time of its own contact, and removes that only."""
    words = ("--aor", "sip:bob@example.com", "--contact", "sip:bob@192.0.2.77", "--expires", "30", "--duration", "2.5")
    with playing("registrar", tmp_path) as uri:
        done = sipsm("register", uri.replace("bob@", ""), *words, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [each["expires"] for each in told(done.stdout, "registered")] == [2, 600]
    assert told(done.stdout, "state")[-1]["contacts"] == ["<sip:other@192.0.2.78>;expires=890"]


# -------------------------------------------------------------------- Kamailio


@pytest.fixture
def kamailio(tmp_path: Path) -> Iterator[Registrar]:
    """A Kamailio that is a registrar."""
    with registrar(tmp_path) as server:
        yield server


@pytest.fixture
def hearing() -> Iterator[Hearing]:
    """An agent of ours."""
    with UserAgent("udp:127.0.0.1:0", "tcp:127.0.0.1:0", times=TimerValues(T1=0.1, T2=0.4)) as agent:
        yield Hearing(agent)


def known(kamailio: Registrar, user: str) -> list[str]:
    """Where it knows somebody to be."""
    found = kamailio.asks("ul.lookup", "location", user)
    return [] if found is None else sorted(each["Contact"]["Address"] for each in found["Contacts"])


def left_of(expires_s: int) -> range:
    """What it may tell: to a request that comes again, what is left of the time since it came first."""
    return range(expires_s - 6, expires_s + 1)  # 64 * T1


@pytest.mark.rfc("3261 10.2.1", "3261 10.2.2", "3261 10.2.3", "3261 10.2.4", "3261-C11", "3261-C12")
@pytest.mark.parametrize(("transport", "lost"), [("udp", 0.0), ("udp", 0.2), ("tcp", 0.0)])
def test_we_register_with_kamailio(transport: str, lost: float, kamailio: Registrar, hearing: Hearing) -> None:
    """Registered, refreshed, changed, asked for and removed; others stay until all are removed."""
    agent, bob, where = hearing.agent, kamailio.uri("bob"), f"{kamailio.uri('')[:4]}127.0.0.1:{kamailio.port}"
    registrar = f"{where};transport={transport}"
    losing(agent, 1, lost)
    ours = agent.do(agent.endpoint.register, bob, registrar, expires_s=600)
    told_of = hearing.next(Registered)
    assert told_of.operation is RegisterOperation.REGISTER
    assert told_of.expires_s in left_of(600)
    here = str(ours.contacts[0].uri)
    assert known(kamailio, "bob") == [here]
    agent.do(ours.refresh, expires_s=300)
    refreshed = hearing.next(Registered)
    assert refreshed.operation is RegisterOperation.REFRESH
    assert refreshed.expires_s in left_of(300)
    phone = "sip:bob@192.0.2.7;transport=tcp"
    theirs = agent.do(agent.endpoint.register, bob, registrar, contacts=f"<{phone}>;q=0.3")
    assert len(hearing.next(Registered).bindings) == 2
    agent.do(ours.modify, ["sip:bob@192.0.2.8", f"<{here}>;q=0.9;expires=200"])
    changed = hearing.next(Registered)
    assert changed.operation is RegisterOperation.MODIFY
    assert changed.expires_s in left_of(200)
    assert known(kamailio, "bob") == sorted([here, phone, "sip:bob@192.0.2.8"])
    agent.do(ours.modify, ["sip:bob@192.0.2.8"])
    hearing.next(Registered)
    assert known(kamailio, "bob") == sorted([phone, "sip:bob@192.0.2.8"])
    agent.do(agent.endpoint.query_bindings, bob, registrar)
    answered = hearing.next(RegistrationEnded)
    assert answered.reason is RegistrationEndReason.ANSWERED
    assert sorted(str(each.uri) for each in answered.bindings or ()) == known(kamailio, "bob")
    agent.do(ours.remove)
    assert hearing.next(RegistrationEnded).reason is RegistrationEndReason.REMOVED
    assert known(kamailio, "bob") == [phone]
    agent.do(theirs.remove, everything=True)
    assert hearing.next(RegistrationEnded).bindings == ()
    assert known(kamailio, "bob") == []


@pytest.mark.rfc("3261 10.3")
def test_what_was_overtaken_at_kamailio(kamailio: Registrar, hearing: Hearing) -> None:
    """Our numbers go up: so it takes each of ours, and would not take an older one."""
    agent, bob = hearing.agent, kamailio.uri("bob")
    for _ in range(3):
        registration = agent.do(agent.endpoint.register, bob)
        assert hearing.next(Registered).operation is RegisterOperation.REGISTER
        agent.do(registration.remove)
        assert hearing.next(RegistrationEnded).reason is RegistrationEndReason.REMOVED


@pytest.mark.rfc("3261 10.3")
def test_kamailio_registers_with_us(kamailio: Registrar) -> None:
    """It registers somebody here, and refreshes that."""
    with running("registrar", "--bind", "udp:127.0.0.1:0", "--min-expires", "1") as server:
        kamailio.registers("carol", f"127.0.0.1:{server.port}", 4)
        added = server.until(event="binding", state="added")
        assert (added["user"], added["expires"]) == ("carol", 4)
        assert f"@127.0.0.1:{kamailio.port}" in added["contact"]
        assert server.until(event="binding", state="refreshed")["user"] == "carol"
        assert server.end() == 0
