"""A small fixed part of the calls whose ends follow no plan; and what is watched there does find what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from sipsm import Call, EndReason
from sipsm.message import Request, Response, parse_message
from sipsm.testing import InvariantBroken
from tests.simulation import improvised_calls
from tests.simulation.improvised import Misconduct
from tests.simulation.improvised_calls import ENDS, run
from tests.simulation.wire import RuleBroken, Wire


@pytest.mark.rfc("3261 13", "3261 14", "3261 15", "3262 3", "3262 4", "3262 5", "3264 4", "3311 5", "6337 2")
@pytest.mark.parametrize("mode", improvised_calls.MODES)
@pytest.mark.seeds(20)
def test_any_command_at_any_time(seed: int, mode: str) -> None:
    """Whatever two people do with a call on a bad network: rules are kept, sessions agree, and nothing is left."""
    world = run(seed, 5, modes=(mode,), record=True)
    assert sum(number for name, number in world.count.items() if name.startswith("> ")) == 5


@pytest.mark.slow
def test_nearly_everything_is_met() -> None:
    """In a few networks, calls come to most ends that there are, and sessions are compared often."""
    met = sum((run(seed, 10, loss=(0.0, 0.3)).count for seed in range(1000, 1020)), start=run(999, 10).count)
    assert met["agreements compared"] > 40
    assert {f"{name}, told" for name in ("Modified", "ModificationRefused", "OfferReceived", "Refreshed")} <= set(met)
    assert sum(name.startswith("> ") for name in met) > 8


def test_the_figures(capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints what the calls came to; so do several processes."""
    texts = []
    for jobs in ("1", "2"):
        assert improvised_calls.main(["--calls", "10", "--loss", "0.1", "--jobs", jobs]) == 0
        texts.append(capsys.readouterr().out.splitlines())
    assert texts[0][0].startswith("10 calls in 2 networks, ")
    assert texts[0][1:] == texts[1][1:]


def test_a_failure_names_its_seed_and_the_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that failed is run again with pictures, and the command that was printed does the same."""
    for reason in EndReason:
        monkeypatch.setitem(ENDS, reason, frozenset())
    assert improvised_calls.main(["--calls", "10", "--loss", "0", "--seed", "3"]) == 1
    first, *account = capsys.readouterr().err.splitlines()
    assert first.startswith("seed 3 failed: Misconduct: ")
    assert any("INVITE------" in line for line in account)
    command = next(line for line in account if line.startswith("to see it again: "))
    assert improvised_calls.main(command.partition("improvised_calls ")[2].split()) == 1
    assert capsys.readouterr().err.splitlines()[0] == first


def test_two_sessions_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ends that have agreed on different sessions do not pass."""
    monkeypatch.setattr(Call, "agreed", property(lambda call: (bytes(call.outgoing), b"")))
    with pytest.raises((Misconduct, InvariantBroken), match="have agreed on"):
        sum((run(seed, 5).count for seed in range(10)), start=Counter())


# -------------------------------------------------------------------- the rules of the wire


def request(method: str, number: int, sdp: str = "", *headers: str) -> Request:
    """A request of Alice's."""
    content = [f"Content-Type: application/sdp\r\nContent-Length: {len(sdp)}"] if sdp else ["Content-Length: 0"]
    lines = [
        f"{method} sip:bob@192.0.2.2 SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
        "From: <sip:alice@192.0.2.1>;tag=a",
        "To: <sip:bob@192.0.2.2>;tag=b",
        "Call-ID: 1",
        f"CSeq: {number} {method}",
        *headers,
        *content,
    ]
    message = parse_message(("\r\n".join([*lines, "", ""]) + sdp).encode())
    assert isinstance(message, Request)
    return message


def response(status: int, number: int, method: str = "INVITE", sdp: str = "", *headers: str) -> Response:
    """A response to one."""
    text = bytes(request(method, number, sdp, *headers)).decode().partition("\r\n")[2]
    message = parse_message(f"SIP/2.0 {status} X\r\n{text}".encode())
    assert isinstance(message, Response)
    return message


RELIABLE = ("Require: 100rel", "RSeq: 7")
INVITE, BARE = request("INVITE", 1, "o"), request("INVITE", 1)
BROKEN: dict[str, tuple[bool, tuple[Any, ...]]] = {
    "an offer in ('UPDATE', 2), while its own": (True, (INVITE, request("UPDATE", 2, "o"))),
    "while the peer's in": (False, (INVITE, request("UPDATE", 5, "o"))),
    "has CSeq 1, after 1": (True, (BARE, request("OPTIONS", 1))),
    "an UPDATE while another": (True, (request("UPDATE", 1), request("UPDATE", 2))),
    "an ACK with a description": (True, (BARE, request("ACK", 1, "o"))),
    "a CANCEL before a provisional": (True, (BARE, request("CANCEL", 1))),
    "a BYE before the ACK": (False, (INVITE, response(200, 1, "INVITE", "a"), request("BYE", 9))),
    "an INVITE, while there are": (True, (BARE, request("INVITE", 2))),
    "which is not the last reliable": (True, (BARE, request("PRACK", 2, "", "RAck: 7 1 INVITE"))),
    "which has had its final response": (False, (INVITE, response(486, 1), response(603, 1))),
    "a 200 to ('UPDATE', 3) with a description": (False, (request("UPDATE", 3), response(200, 3, "UPDATE", "a"))),
    "an offer in an unreliable response": (False, (BARE, response(180, 1, "INVITE", "o"))),
    "another answer than the one that has been shown": (
        False,
        (INVITE, response(180, 1, "INVITE", "a"), response(200, 1, "INVITE", "b")),
    ),
    "while the reliable response has no PRACK": (
        False,
        (INVITE, response(180, 1, "INVITE", "a", *RELIABLE), response(200, 1)),
    ),
    "a 2xx without the answer": (False, (INVITE, response(200, 1))),
    "without an offer, to an INVITE without one": (False, (BARE, response(180, 1, "INVITE", "", *RELIABLE))),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_rule_is_found(what: str) -> None:
    """Each rule of the wire is broken by these messages, of which all but the last are in order."""
    caller, (*before, last) = BROKEN[what]
    wire = Wire(caller)
    for message in before:
        takes: Callable[[Any, float], None] = wire.sends if caller or isinstance(message, Response) else wire.hears
        takes(message, 1000.0)
    with pytest.raises(RuleBroken) as broken:
        wire.sends(last, 1000.0)
    assert what in str(broken.value)
