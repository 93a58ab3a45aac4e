"""Networks whose people register at a domain and reach each other by its proxy; and each rule can be broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import sipsm.proxy.core
from sipsm import Response
from sipsm.auth.account import Account
from sipsm.auth.keyring import Keyring
from sipsm.auth.nonces import Nonces
from sipsm.machine import Step
from sipsm.proxy.branch import Branch
from sipsm.proxy.context import ResponseContext, forward, forward_best, keep
from sipsm.proxy.core import ProxyCore
from sipsm.proxy.results import Forward, Result
from sipsm.standalone.binding import HeldBinding
from sipsm.testing import InvariantBroken
from sipsm.transport import Send
from sipsm.usage.session import Session, accept_bye
from tests.exploring.faults import Plant, changed_row, without_row, without_timer
from tests.simulation.mixed import run
from tests.simulation.test_mixed import CALM, instead
from tests.simulation.world import MODES, Weather


@pytest.mark.slow
@pytest.mark.rfc("3261 10.2", "3261 10.3", "3261 16.6", "3261 16.7", "3261 22.1", "3261 22.2", "3261 22.3", "7616 3.6")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.seeds(4)
def test_everything_at_once_by_way_of_a_proxy(seed: int, mode: str) -> None:
    """People register, are called, subscribed to and written to at their address, are asked for passwords, and crash,
    as do proxy and registrar: both ends know the same, each INVITE has one answer, and nothing is left."""
    run(seed, Weather(loss=(0.0, 0.35), crashes=0.6, modes=(mode,)), homes=1.0, record=True)


@pytest.mark.slow
def test_nearly_everything_is_met() -> None:
    """In a few networks people register in each way, calls fork, passwords are asked for, and the rules judge much."""
    met = sum((run(seed, homes=1.0).ledger.count for seed in range(500, 512)), start=Counter())
    done = {"register", "query_bindings", "unregister", "modify", "refresh", "remove", "forward"}
    assert done <= {name.removesuffix(", done") for name in met if name.endswith(", done")} | {"forward"}
    for name in (
        "requests forwarded, compared",
        "bindings compared",
        "registrations compared",
        "answers to challenges",
        "calls followed to their ends",
        "2xx followed",
        "forwarded INVITEs followed to their end",
        "turned away for a password",
    ):
        assert met[name] > 10, name
    assert min(met["INVITEs that forked"], met["removals compared"], met["RouteRequested, told"]) > 0


# -------------------------------------------------------------------- the rules can be broken


@contextmanager
def changed_attribute(of: Any, name: str, value: Any) -> Iterator[None]:
    """Something is another one for a while."""
    true = getattr(of, name)
    setattr(of, name, value)
    try:
        yield
    finally:
        setattr(of, name, true)


def replaced(of: Any, name: str, value: Any) -> Plant:
    """The same, to be planted."""
    return lambda: changed_attribute(of, name, value)


def keep_and_tell(context: ResponseContext, result: Result, step: Step) -> None:
    """Each refusal goes upstream at once."""
    keep(context, result, step)
    if result.response is not None:
        step.emit(Forward(result.response))


def send_without_asking(_: ProxyCore, proxied: Any, response: Response, _now: float) -> list[Any]:
    """Whatever the transaction has said before."""
    return [Send(proxied.transaction.flow, bytes(response))]


@contextmanager
def telling_each_refusal() -> Iterator[None]:
    """Two final responses go upstream."""
    with (
        instead(ResponseContext, keep, keep_and_tell)(),
        changed_attribute(ProxyCore, "_pass_upstream", send_without_asking),
    ):
        yield


def the_same_again(_: Keyring, _realm: str, _challenges: Any, tried: Any, _ahead: Any) -> Account | None:
    """Credentials that were rejected are tried again."""
    return tried[-1].account if tried else account(_, _realm)


account = Keyring.account


def forget(_: ResponseContext, _x: Any, _step: Step) -> None:
    """Nobody is answered."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "plant"),
    [
        ("bindings_are_wanted", without_timer(HeldBinding, "expires")),
        ("nothing_left", without_row(Branch, "Calling", "FINAL")),
        ("requests_are_forwarded_well", replaced(sipsm.proxy.core, "wants_to_stay", lambda *_: False)),
        ("an_invite_has_one_final_answer", telling_each_refusal),
        ("each_2xx_goes_on", instead(ResponseContext, forward, forget)),
        ("all_were_answered", instead(ResponseContext, forward_best, forget)),
        ("wrong_passwords_are_not_tried_for_ever", replaced(Keyring, "_account", the_same_again)),
        ("right_passwords_are_let_in", replaced(Nonces, "take", lambda *_: False)),
        ("calls_end_alike", changed_row(Session, "Established", "BYE", next=None, actions=(accept_bye,))),
    ],
)
def test_what_is_wrong_is_found(rule: str, plant: Plant) -> None:
    """A fault that is planted in a machine is found by the rule that is there for it."""
    found: set[str] = set()
    with plant():
        for seed in range(12, 24):
            try:
                run(seed, CALM, homes=1.0)
            except InvariantBroken as error:
                found.add(str(error).partition(":")[0])
                if rule in found:
                    break
    assert rule in found
