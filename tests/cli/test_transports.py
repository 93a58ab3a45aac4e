"""The commands over UDP and TCP, IPv4 and IPv6, to numbers and to domains: over real sockets."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sipsm_cli.addresses import of_server
from sipsm_cli.arguments import parse
from tests.adapters.name_server import Zone, name_server
from tests.cli.programs import PATIENCE_S, ROOT, Running, environment, running, sipsm

pytestmark = pytest.mark.slow

FOUR, SIX = "127.0.0.1", "[::1]"


@contextmanager
def serving(*binds: str) -> Iterator[tuple[Running, list[int]]]:
    """`sipsm uas` at these addresses, and its ports there; it must end with 0 when told to."""
    words = [word for bind in binds for word in ("--bind", bind)]
    with running("uas", *words, "--ring", "0", "--ring-time", "0") as server:
        yield server, [int(server.until(event="listening")["bind"].rpartition(":")[2]) for _ in binds]
        assert server.end() == 0


def sent(stderr: str, method: str) -> list[str]:
    """The addresses to which a command says that it has sent requests of this method, each as `tcp:[::1]`."""
    found = []
    for shown in stderr.split("--- ")[1:]:
        head, _, text = shown.partition("\n")
        if " sent to " in head and text.startswith(f"{method} "):
            found.append(head.split(" sent to ")[1].rpartition(":")[0])
    return found


@pytest.mark.parametrize(("host", "bind"), [(FOUR, ""), (SIX, ""), (FOUR, "udp"), (SIX, "tcp")])
def test_a_call_over_tcp(host: str, bind: str) -> None:
    """It needs no more than a URI that says so; where the client was told to bind UDP, it has TCP beside it."""
    with serving(f"tcp:{host}:0") as (server, (port,)):
        words = ["--bind", f"{bind}:{host}:0"] if bind else []
        done = sipsm("call", f"sip:bob@{host}:{port};transport=tcp", "--duration", "0", "--trace", *words)
        server.until(event="state", state="ended", reason="hung-up-by-peer")
    assert done.returncode == 0, done.stderr
    assert [sent(done.stderr, method) for method in ("INVITE", "ACK", "BYE")] == [[f"tcp:{host}"]] * 3


@pytest.mark.rfc("3261 8.1.1.8")
def test_one_port_for_both() -> None:
    """A server at one host has one port; who calls over TCP is told to come back over TCP, who over UDP, over UDP."""
    with serving(f"udp:{FOUR}:0", f"tcp:{FOUR}:0") as (_, (udp, tcp)):
        assert udp == tcp
        contacts = []
        for parameters, transport in (("", "udp"), (";transport=tcp", "tcp")):
            done = sipsm("call", f"sip:bob@{FOUR}:{udp}{parameters}", "--duration", "0", "--trace")
            assert done.returncode == 0, done.stderr
            assert sent(done.stderr, "BYE") == [f"{transport}:{FOUR}"]
            contacts += [line for line in done.stderr.splitlines() if line.startswith("Contact:")]
    assert [contact.partition(";")[2] for contact in contacts] == ["", "", "transport=tcp>", "transport=tcp>"]


def test_the_callee_hangs_up_over_tcp() -> None:
    """Its BYE comes to where the caller's Contact says, which is reached over TCP."""
    with (
        running("uas", "--bind", f"tcp:{FOUR}:0", "--hangup-after", "0") as server,
        running("call", f"sip:bob@{FOUR}:{server.port};transport=tcp") as client,
    ):
        assert client.until(event="state", state="ended")["reason"] == "hung-up-by-peer"
        assert client.wait() == 0
        assert server.end() == 0


@pytest.mark.rfc("3261 18.1.1")
def test_a_large_request_takes_tcp() -> None:
    """More than 1300 bytes go over TCP, though nobody asked for it; and over UDP where nobody takes connections."""
    subject = ("--header", f"Subject: {'x' * 1300}")
    with serving(f"udp:{FOUR}:0", f"tcp:{FOUR}:0") as (_, (port, _)):
        both = sipsm("options", f"sip:bob@{FOUR}:{port}", "--trace", *subject)
    with serving(f"udp:{FOUR}:0") as (_, (port,)):
        only_udp = sipsm("options", f"sip:bob@{FOUR}:{port}", "--trace", *subject)
    assert both.returncode == only_udp.returncode == 0
    assert sent(both.stderr, "OPTIONS") == [f"tcp:{FOUR}"]
    assert sent(only_udp.stderr, "OPTIONS") == [f"udp:{FOUR}"]


def test_nobody_takes_the_connection() -> None:
    """That is told at once, with exit 3."""
    with serving(f"udp:{FOUR}:0") as (_, (port,)):
        done = sipsm("call", f"sip:bob@{FOUR}:{port};transport=tcp")
    assert (done.returncode, "cannot be reached" in done.stderr) == (3, True)


def test_a_server_is_at_one_port_by_default() -> None:
    """Over UDP and TCP; one agent is at one host, and further ones at further hosts and ports."""
    (both,) = of_server(parse(["uas"]))
    assert [(each.transport, each.address) for each in both] == [("UDP", (FOUR, 5060)), ("TCP", (FOUR, 5060))]
    binds = [f"udp:{FOUR}:1", "tcp:[::]:2", f"tcp:{FOUR}:3", f"udp:{FOUR}:4"]
    agents = of_server(parse(["uas", *(word for bind in binds for word in ("--bind", bind))]))
    assert [[each.address for each in agent] for agent in agents] == [[(FOUR, 1), (FOUR, 3)], [("::", 2)], [(FOUR, 4)]]


@pytest.mark.parametrize("command", ["notifier --event door", "registrar"])
def test_a_server_that_keeps_something_is_one_agent(command: str) -> None:
    """At all its addresses: over each transport, and each IP version."""
    binds = [f"udp:{FOUR}:1", "udp:[::1]:2", "tcp:127.0.0.2:3", "tcp:[::]:4"]
    (agent,) = of_server(parse([*command.split(), *(word for bind in binds for word in ("--bind", bind))]))
    assert [each.address for each in agent] == [(FOUR, 1), ("::1", 2), ("127.0.0.2", 3), ("::", 4)]


# -------------------------------------------------------------------- domains


def resolving(zone: Zone, *words: str) -> tuple[subprocess.CompletedProcess[str], list[tuple[str, str]]]:
    """Run a command where names are as in this zone; returns it, and what it asked."""
    with name_server(zone) as server:
        done = subprocess.run(
            [sys.executable, "-m", "tests.cli.resolving", str(server.udp.getsockname()[1]), *words],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE_S,
            check=False,
        )
        return done, server.asked


@pytest.mark.rfc("3263 4.1", "3263 4.2")
@pytest.mark.parametrize(
    ("transport", "bind"),
    [("udp", ()), ("tcp", ("--bind", f"udp:{FOUR}:0")), ("tcp", ("--bind", "udp:[::]:0", "--bind", "udp:0.0.0.0:0"))],
)
def test_a_domain_that_has_servers_only(transport: str, bind: tuple[str, ...]) -> None:
    """Its name has no address; its NAPTR record names the transport, SRV the server and its port."""
    with serving(f"{transport}:{FOUR}:0") as (_, (port,)):
        services = f"_sip._{transport}.example.com"
        zone = {
            ("NAPTR", "example.com"): [f'1 1 "s" "SIP+D2{transport[0].upper()}" "" {services}'],
            ("SRV", services): [f"1 1 {port} gate.example.com"],
            ("A", "gate.example.com"): [FOUR],
        }
        done, asked = resolving(zone, "call", "sip:bob@example.com", "--duration", "0", "--trace", *bind)
    assert done.returncode == 0, done.stderr
    assert sent(done.stderr, "INVITE") == [f"{transport}:{FOUR}"]
    assert set(zone) <= set(asked)
    assert len(asked) == len(set(asked)), "nothing is asked twice"


def test_a_domain_that_is_reached_over_ipv6() -> None:
    """Its server has an address of that version only."""
    with serving(f"udp:{SIX}:0") as (_, (port,)):
        zone = {
            ("SRV", "_sip._udp.example.com"): [f"1 1 {port} gate.example.com"],
            ("AAAA", "gate.example.com"): ["::1"],
        }
        done, _ = resolving(zone, "options", "sip:example.com", "--trace")
    assert done.returncode == 0, done.stderr
    assert sent(done.stderr, "OPTIONS") == [f"udp:{SIX}"]


@pytest.mark.rfc("3263 4.3")
def test_a_server_that_is_gone() -> None:
    """Nobody takes a connection over IPv4: the domain's other server is at IPv6, and a proxy is found likewise."""
    with serving(f"tcp:{SIX}:0") as (_, (port,)):
        zone = {
            ("SRV", "_sip._tcp.example.com"): ["1 1 9 four.example.com", f"2 1 {port} six.example.com"],
            ("A", "four.example.com"): [FOUR],
            ("AAAA", "six.example.com"): ["::1"],
        }
        proxy = ("--proxy", "sip:example.com;transport=tcp")
        done, _ = resolving(zone, "options", "sip:bob@192.0.2.9", *proxy, "--trace")
    assert done.returncode == 0, done.stderr
    assert sent(done.stderr, "OPTIONS") == [f"tcp:{SIX}"]


def test_a_domain_that_is_not_there() -> None:
    """There is no place to send to: exit 3, and it is said."""
    done, asked = resolving({}, "options", "sip:example.com")
    assert (done.returncode, "example.com has no address" in done.stderr) == (3, True)
    assert [type for type, _ in asked] == ["NAPTR", "SRV", "SRV"], "no name, no address"
    bound, _ = resolving({}, "options", "sip:example.com", "--bind", f"udp:{FOUR}:0")
    assert (bound.returncode, "example.com has no address" in bound.stderr) == (3, True)
