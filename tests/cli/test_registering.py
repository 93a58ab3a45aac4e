"""`register` and `registrar`, over real sockets, against each other and against what a registrar may not take."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sipsm_cli.arguments import parse
from tests.cli.programs import Running, running, sipsm, told

pytestmark = pytest.mark.slow

ALICE = "sip:alice@example.com"


@contextmanager
def registrar(*words: str) -> Iterator[tuple[Running, str]]:
    """`sipsm registrar` on a free port, and its URI."""
    with running("registrar", "--bind", "udp:127.0.0.1:0", *words) as server:
        yield server, f"sip:127.0.0.1:{server.port}"


def register(uri: str, *words: str, aor: str = ALICE) -> tuple[int, list[dict[str, Any]]]:
    """Run `sipsm register`: its exit code, and what it told of registrations."""
    done = sipsm("register", uri, "--aor", aor, *words, "--json")
    events = [*told(done.stdout, "registered"), *told(done.stdout, "state")]
    return done.returncode, events


def states(server: Running) -> list[tuple[str, str]]:
    """What the registrar has told of bindings."""
    return [(each["user"], each["state"]) for each in told(server.output, "binding")]


AT = ("udp:127.0.0.1:0", "udp:[::1]:0", "tcp:127.0.0.2:0")


def test_what_is_registered_at_one_address_is_known_at_all() -> None:
    """Over another IP version and another transport as well."""
    with running("registrar", *(word for bind in AT for word in ("--bind", bind))) as server:
        there = [server.until(event="listening")["bind"].split(":", 1) for _ in AT]
        udp, six, tcp = (f"sip:{address};transport={transport}" for transport, address in there)
        code, _ = register(udp, "--contact", "sip:alice@192.0.2.7")
        assert code == 0
        for uri in (udp, six, tcp):
            code, (event,) = register(uri, "--query")
            assert (code, [each.rpartition(";")[0] for each in event["contacts"]]) == (0, ["<sip:alice@192.0.2.7>"])
        assert server.end() == 0


@pytest.mark.rfc("3261 10.2", "3261 10.3", "3261-S18")
def test_register_ask_and_remove() -> None:
    """What is registered stays when the command is over; whoever asks is told all, by the user part."""
    with registrar() as (server, uri):
        code, (event,) = register(uri, "--bind", "udp:127.0.0.1:0", "--expires", "300")
        here = event["contacts"][0].removesuffix(";expires=300")
        assert (code, event["operation"], event["expires"]) == (0, "register", 300)
        assert here.startswith("<sip:alice@127.0.0.1:")
        phone = "<sip:alice@192.0.2.7>;q=0.5"
        code, (event,) = register(uri, "--contact", phone, "--contact", "mailto:alice@example.com")
        assert [each.rpartition(";")[0] for each in event["contacts"]] == [here, phone, "<mailto:alice@example.com>"]
        code, (event,) = register(uri, "--query", aor="sip:alice@example.org")
        assert (code, event["operation"], len(event["contacts"])) == (0, "query", 3)
        code, (event,) = register(uri, "--remove", "--contact", "sip:alice@192.0.2.7")
        assert (code, event["reason"], len(event["contacts"])) == (0, "removed", 2)
        code, (event,) = register(uri, "--expires", "0", "--contact", "mailto:alice@example.com")
        assert (code, [each.rpartition(";")[0] for each in event["contacts"]]) == (0, [here])
        code, (event,) = register(uri, "--remove-all")
        assert (code, event["contacts"]) == (0, [])
        shown = sipsm("register", uri, "--aor", ALICE, "--query")
        assert shown.stdout.splitlines()[-1] == "bindings: none"
        assert server.end() == 0
    assert states(server) == [("alice", "added")] * 3 + [("alice", "removed")] * 3


@pytest.mark.rfc("3261 10.2.2", "3261 10.2.4", "3261-C12")
def test_it_stays_and_removes_it_afterwards() -> None:
    """It is refreshed while it lasts, and removed in the end, or when the command is told to end."""
    with registrar("--min-expires", "1") as (server, uri):
        code, events = register(uri, "--expires", "2", "--duration", "2.5")
        assert code == 0
        assert [each.get("operation") for each in events[:-1]] == ["register", *["refresh"] * (len(events) - 2)]
        assert len(events) >= 4
        assert (events[-1]["reason"], events[-1]["contacts"]) == ("removed", [])
        with running("register", uri, "--aor", ALICE, "--duration", "60") as program:
            program.until(event="registered")
            program.process.send_signal(signal.SIGINT)
            assert program.until(event="state")["reason"] == "removed"
            assert program.process.wait(20) == 0
        assert server.end() == 0
    assert states(server)[-2:] == [("alice", "added"), ("alice", "removed")]


@pytest.mark.rfc("3261 10.2.8", "3261 10.3", "3515 2.5", "3515-13")
def test_what_is_refused() -> None:
    """A 423 is obeyed; what is no REGISTER gets 405; exit 1 for a refusal, and 3 where nobody answers."""
    with registrar("--min-expires", "100", "--max-expires", "200") as (server, uri):
        code, (event,) = register(uri, "--expires", "30")
        assert (code, event["expires"]) == (0, 100)
        code, (event,) = register(uri, "--expires", "9999")
        assert (code, event["expires"]) == (0, 200)
        done = sipsm("refer", uri, "sip:carol@192.0.2.5", "--json")
        assert done.returncode == 1
        assert [each["code"] for each in told(done.stdout, "response")] == [405]
        assert server.end() == 0
    with running("uas", "--bind", "udp:127.0.0.1:0") as uas:
        code, (event,) = register(f"sip:127.0.0.1:{uas.port}")
        assert (code, event["reason"], event["code"]) == (1, "refused", 405)
        assert uas.end() == 0
    code, _ = register("sip:127.0.0.1:9", "--timeout", "1")
    assert code == 3


@pytest.mark.parametrize(
    "words",
    [
        "register",
        "register sip:example.com",
        "register sip:example.com --aor x",
        "register sip:example.com --aor sip:a@b --remove --query",
        "register sip:example.com --aor sip:a@b --expires soon",
        "registrar --max-expires 0",
        "registrar --min-expires 10 --max-expires 9",
    ],
)
def test_what_makes_no_sense(words: str) -> None:
    """It ends with exit 2."""
    with pytest.raises(SystemExit) as ended:
        parse(words.split())
    assert ended.value.code == 2


@pytest.mark.parametrize("words", [("sip:bob@127.0.0.1:9",), ("sip:127.0.0.1:9", "--contact", "<sip:a@b>;expires=0")])
def test_what_cannot_be_registered(words: tuple[str, ...]) -> None:
    """So does what no registrar could be asked."""
    assert register(*words)[0] == 2
