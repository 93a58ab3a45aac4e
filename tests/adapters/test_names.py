"""Host names in every adapter: the DNS over a real socket, and the system's own names (RFC 3263)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import sipsm_dns.names
from sipsm import Answered, Established, Naptr, Resolve, Srv, TimerValues
from sipsm_dns.names import default_resolver, is_the_system_s, look_up_now
from tests.adapters.driving import ADAPTERS, done, opened
from tests.adapters.name_server import name_server
from tests.adapters.peer import SDP, Peer, Place, branch_of, header, peer_at, silent_port

LOCAL = "udp:127.0.0.1:0"
BROADCAST = "255.255.255.255"
"""An address that nothing can be sent to: the system refuses it at once."""


def hear_next(peer: Peer, start: str) -> str:
    """The next message that starts like this; repeats of earlier ones are passed over."""
    while not (message := peer.hear("")).startswith(start):
        pass
    return message


def of(resolver: Any, type: str, name: str) -> list[Any]:
    """What the blocking way makes of a question."""
    return [*look_up_now(Resolve(1, name, type), resolver)]


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_domain_is_located(name: str) -> None:
    """NAPTR leads to SRV, SRV to a host with its port, and the host to an address, which is called."""
    adapter = ADAPTERS[name]

    async def scenario() -> None:
        with peer_at("127.0.0.1") as stage:
            zone = {
                ("NAPTR", "example.com"): ['10 1 "s" "SIP+D2U" "" _sip._udp.voice.example.com'],
                ("SRV", "_sip._udp.voice.example.com"): [f"1 1 {stage.peer.address[1]} gate.example.com"],
                ("A", "gate.example.com"): ["127.0.0.1"],
            }
            stage.play(lambda peer: peer.respond(peer.hear("OPTIONS sip:peer@example.com "), "200 OK"))
            with name_server(zone) as server:
                async with opened(adapter.agent(LOCAL, resolver=server.resolver(name))) as agent:
                    answered = await done(agent.request("OPTIONS", "sip:peer@example.com"))
                assert answered.status == 200
                assert server.asked == list(zone)

    adapter.run(scenario)


@pytest.mark.rfc("3263 4.3")
@pytest.mark.parametrize("name", ADAPTERS)
@pytest.mark.parametrize("dead", ["cannot be sent to", "is silent"])
def test_the_first_of_two_servers_is_dead(name: str, dead: str) -> None:
    """The call is made to the second one, after its name has been looked up; the caller notices nothing."""
    adapter = ADAPTERS[name]

    def answers(peer: Peer) -> None:
        peer.respond(invite := peer.hear("INVITE "), "200 OK", body=SDP)
        ack = hear_next(peer, "ACK ")
        assert header(ack, "CSeq").split()[0] == header(invite, "CSeq").split()[0]
        peer.respond(hear_next(peer, "BYE "), "200 OK")

    async def scenario() -> None:
        with peer_at("127.0.0.1") as stage:
            port = stage.peer.address[1]
            first = silent_port(Place("UDP", "127.0.0.1")) if dead == "is silent" else port
            zone = {
                ("SRV", "_sip._udp.example.com"): [f"1 1 {first} one.example.com", f"2 1 {port} two.example.com"],
                ("A", "one.example.com"): ["127.0.0.1" if dead == "is silent" else BROADCAST],
                ("A", "two.example.com"): ["127.0.0.1"],
            }
            stage.play(answers)
            with name_server(zone) as server:
                quick = TimerValues(T1=0.01)
                async with opened(adapter.agent(LOCAL, times=quick, resolver=server.resolver(name))) as agent:
                    call = await done(agent.invite("sip:peer@example.com", offer=SDP))
                    assert isinstance(await done(call.outcome()), Established)
                    await done(call.hang_up())
                    await done(call.ended())
                assert server.asked[0] == ("NAPTR", "example.com")
                assert server.asked[1:] == list(zone)

    adapter.run(scenario)


@pytest.mark.rfc("3263 4.3")
@pytest.mark.parametrize("name", ADAPTERS)
def test_the_first_of_two_servers_has_no_time(name: str) -> None:
    """Its 503 is followed by the same request, with another branch, to the second one."""
    adapter = ADAPTERS[name]
    heard: list[str] = []

    def answers(peer: Peer, status: str) -> None:
        heard.append(peer.hear("OPTIONS "))
        peer.respond(heard[-1], status)

    async def scenario() -> None:
        with peer_at("127.0.0.1") as busy, peer_at("127.0.0.1") as free:
            ports = [stage.peer.address[1] for stage in (busy, free)]
            zone = {
                ("SRV", "_sip._udp.example.com"): [f"{n} 1 {port} host.example.com" for n, port in enumerate(ports)],
                ("A", "host.example.com"): ["127.0.0.1"],
            }
            busy.play(lambda peer: answers(peer, "503 Busy"))
            free.play(lambda peer: answers(peer, "200 OK"))
            with name_server(zone) as server:
                async with opened(adapter.agent(LOCAL, resolver=server.resolver(name))) as agent:
                    answered = await done(agent.request("OPTIONS", "sip:peer@example.com;transport=udp"))
            assert isinstance(answered, Answered)
            assert answered.status == 200

    adapter.run(scenario)
    one, two = heard
    assert branch_of(one) != branch_of(two)
    assert one.replace(branch_of(one), branch_of(two)) == two


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_domain_that_does_not_exist(name: str) -> None:
    """The request has failed; nothing was sent."""
    adapter = ADAPTERS[name]

    async def scenario() -> None:
        with name_server({}) as server:
            async with opened(adapter.agent(LOCAL, resolver=server.resolver(name))) as agent:
                answered = await done(agent.request("OPTIONS", "sip:peer@example.com"))
            assert (answered.status, answered.response) == (503, None)
            assert [type for type, _ in server.asked] == ["NAPTR", "SRV", "A"]

    adapter.run(scenario)


# -------------------------------------------------------------------- what is asked of whom


def test_records_as_an_endpoint_takes_them() -> None:
    """Each type of record has its form; what is not there, and what is no name at all, has none."""
    zone = {
        ("A", "a.example.com"): ["192.0.2.2", "192.0.2.3"],
        ("AAAA", "a.example.com"): ["2001:db8::2"],
        ("SRV", "_sip._udp.example.com"): ["1 2 5060 a.example.com.", "2 0 5070 ."],
        ("NAPTR", "example.com"): [
            '50 51 "s" "SIPS+D2T" "" _sips._tcp.example.com.',
            '60 61 "u" "E2U" "!^.*$!sip:x!" .',
        ],
    }
    with name_server(zone) as server:
        resolver = server.resolver("blocking")
        assert sorted(of(resolver, "A", "a.example.com")) == ["192.0.2.2", "192.0.2.3"]
        assert of(resolver, "AAAA", "a.example.com") == ["2001:db8::2"]
        assert sorted(of(resolver, "SRV", "_sip._udp.example.com")) == [
            Srv(1, 2, 5060, "a.example.com."),
            Srv(2, 0, 5070, "."),
        ]
        assert sorted(of(resolver, "NAPTR", "example.com")) == [
            Naptr(50, 51, "s", "SIPS+D2T", "", "_sips._tcp.example.com."),
            Naptr(60, 61, "u", "E2U", "!^.*$!sip:x!", "."),
        ]
        assert of(resolver, "SRV", "a.example.com") == []
        assert of(resolver, "A", "nowhere.example.com") == []
        assert of(resolver, "A", f"{'a' * 64}.example.com") == []
        assert of(resolver, "A", "two..dots") == []


def test_names_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names without a dot, of the local network and of the hosts file have addresses, and nothing else."""
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1\tlocalhost\n192.0.2.7\tGate.example.com gate # the gate\n", "utf-8")
    monkeypatch.setattr(sipsm_dns.names, "HOSTS_FILE", hosts)
    for name in ("localhost", "phone", "phone.local", "gate.example.com", "GATE.example.com"):
        for type in ("A", "AAAA", "NAPTR"):
            assert is_the_system_s(Resolve(1, name, type))
        assert is_the_system_s(Resolve(1, f"_sip._udp.{name}", "SRV"))
        assert of(None, "NAPTR", name) == []
    assert not is_the_system_s(Resolve(1, "other.example.com", "A"))
    assert not is_the_system_s(Resolve(1, "_sip._udp.example.com", "SRV"))
    monkeypatch.setattr(sipsm_dns.names, "HOSTS_FILE", tmp_path / "none")
    assert not is_the_system_s(Resolve(1, "gate.example.com", "A"))
    assert of(None, "A", "localhost") == ["127.0.0.1"]
    assert of(None, "A", "\udcff") == []


def test_without_dnspython(monkeypatch: pytest.MonkeyPatch) -> None:
    """All addresses are asked of the system; that SRV and NAPTR records are not asked for is told."""
    monkeypatch.setattr(sipsm_dns.names, "find_spec", lambda _: None)
    default_resolver.cache_clear()
    assert is_the_system_s(Resolve(1, "other.example.com", "A"))
    with pytest.warns(RuntimeWarning, match="dnspython is not installed"):
        assert of(None, "SRV", "_sip._udp.example.com") == []
    default_resolver.cache_clear()
    sipsm_dns.names._failures.cache_clear()
    assert sipsm_dns.names._failures() == (OSError, UnicodeError)
    sipsm_dns.names._failures.cache_clear()


def test_the_default_resolver() -> None:
    """It is made once, and remembers answers for as long as they hold."""
    default_resolver.cache_clear()
    resolver = default_resolver("dns.resolver")
    assert default_resolver("dns.resolver") is resolver
    assert resolver.cache is not None
