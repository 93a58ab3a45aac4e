"""A small fixed part of the networks in which everything happens at once; and each rule can be broken.

Those whose people register at a domain are in `tests.simulation.test_at_home`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from attrs import evolve

from sipsm import Response, Subscription, SubscriptionEnded, SubscriptionEndReason
from sipsm.machine import Row, Step
from sipsm.machine.table import Action
from sipsm.role.subscriptions.subscriptions import Subscriptions
from sipsm.standalone.messages import Line, enqueue
from sipsm.standalone.publication import EventPublication, note_published
from sipsm.testing import InvariantBroken, Tape, replay
from sipsm.usage.notices import Notice, Notices, keep
from sipsm.usage.notifier import Notifier, end_expired, end_fetched
from sipsm.usage.referee import Referee, Report, Tell, tell_last
from sipsm.usage.subscription_outputs import Ended
from tests.exploring.faults import Plant, changed, planted, without_row
from tests.simulation import mixed
from tests.simulation.ledger import FITS
from tests.simulation.mixed import run
from tests.simulation.world import MODES, Weather

CALM = Weather(loss=(0.0, 0.0), breaks=(0.0, 0.0), cuts=0.0, crashes=0.0, modes=("udp",))


@pytest.mark.slow
@pytest.mark.rfc("6665 4.1.2", "6665 4.2.2", "6665 4.1.3", "3515 2.4.7", "3903 4.1", "3903 6", "3428 8", "3261 11")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.seeds(4)
def test_everything_at_once(seed: int, mode: str) -> None:
    """Whatever is subscribed to, told, published, written, called and referred to, behind a bad network and through
    crashes: both ends know the same, each thing ends once, and nothing is left."""
    run(seed, Weather(loss=(0.0, 0.35), crashes=0.6, modes=(mode,)), homes=0.0, record=True)


@pytest.mark.slow
@pytest.mark.seeds(3)
def test_a_run_of_all_kinds_replays(seed: int) -> None:
    """All commands are on its tape, and do the same once more, also after crashes."""
    tape = Tape()
    world = run(seed, Weather(loss=(0.0, 0.2), crashes=1.0), record=True, tape=tape)
    assert replay(tape.text) == world.net.ladder()


@pytest.mark.slow
def test_nearly_everything_is_met() -> None:
    """In a few networks everything is done, most of what there is to tell is told, and the rules have much to judge."""
    met = sum((run(seed, homes=0.0).ledger.count for seed in range(500, 508)), start=Counter())
    assert {"subscribe", "notify", "publish", "modify", "message", "options", "refer", "follow", "progress"} <= {
        name.removesuffix(", done") for name in met
    }
    for name in ("states", "tags", "versions"):
        assert met[f"{name} compared"] > 15
    assert min(met["messages in order"], met["referrals to their end"]) > 15
    rare = {"Refreshed", "PublishFailed", "PublishWithdrawn", "Resubscribing", "SubscriptionPending"}
    assert {f"{name}, told" for name in rare} <= set(met)
    assert sum(name.startswith("> ") for name in met) > 12


# -------------------------------------------------------------------- the rules can be broken


def keep_one(machine: Notices, notice: Notice | None, step: Step) -> None:
    """A change that waits is forgotten for one that comes later."""
    keep(machine, notice, step)
    machine.waiting = machine.waiting[-1:]


def forget_the_tag(machine: EventPublication, response: Response, step: Step) -> None:
    """The tag that the 2xx to a refresh names is not noted."""
    tag = machine.tag
    note_published(machine, response, step)
    machine.tag = tag or machine.tag


def wait_in_front(line: Line, message: Any, _step: Step) -> None:
    """The message that has come last goes out first."""
    line.waiting.insert(0, message)


def tell_too_little(_: Referee, report: Report, step: Step) -> None:
    """The last word is not final."""
    step.emit(Tell(Report(180), "noresource"))


def ends_and_goes_on(self: Subscriptions, subscription: Subscription, x: Ended, now: float) -> Any:
    """What is to be made anew is told to be over."""
    end(self, subscription, x, now)
    return SubscriptionEnded(subscription, x.reason, x.message)


end = Subscriptions.end


@contextmanager
def ending_and_going_on() -> Iterator[None]:
    """The same, for a while."""
    Subscriptions.end = ends_and_goes_on  # type: ignore[method-assign]
    try:
        yield
    finally:
        Subscriptions.end = end  # type: ignore[method-assign]


def instead(kind: Any, action: Action, other: Action) -> Plant:
    """Wherever a machine would do one thing, it does another."""

    def plant() -> AbstractContextManager[None]:
        rows = [
            evolve(row, actions=tuple(other if each is action else each for each in row.actions))
            if isinstance(row, Row)
            else row
            for row in kind.table.rows
        ]
        return planted(kind, changed(kind.table, rows))

    return plant


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "plant"),
    [
        ("nothing_left", without_row(Notices, "Last", "ANSWERED")),
        ("what_is_said_is_heard", without_row(Notices, "Queued", "NOTIFY", 1)),
        ("versions_are_ordered", instead(Notices, keep, keep_one)),
        ("messages_keep_their_order", instead(Line, enqueue, wait_in_front)),
        ("all_have_ended", without_row(Line, "Pending", "final")),
        ("tags_agree", instead(EventPublication, note_published, forget_the_tag)),
        ("a_referral_ends_with_a_final_status", instead(Referee, tell_last, tell_too_little)),
        ("each_ends_once", ending_and_going_on),
        ("reasons_fit", instead(Notifier, end_fetched, end_expired)),
    ],
)
def test_what_is_wrong_is_found(rule: str, plant: Plant) -> None:
    """A fault that is planted in a machine is found by the rule that is there for it."""
    found: set[str] = set()
    with plant():
        for seed in range(12, 24):
            try:
                run(seed, CALM, homes=0.0)
            except InvariantBroken as error:
                found.add(str(error).partition(":")[0])
                if rule in found:
                    break
    assert rule in found


def test_the_figures(capsys: pytest.CaptureFixture[str]) -> None:
    """The command prints what was done and told; so do several processes."""
    texts = []
    for jobs in ("1", "2"):
        assert mixed.main(["--networks", "3", "--loss", "0.1", "--jobs", jobs]) == 0
        texts.append(capsys.readouterr().out.splitlines())
    assert texts[0][0].startswith("3 networks, ")
    assert texts[0][1:] == texts[1][1:]


def test_a_failure_names_its_seed_and_the_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that failed is run again with pictures, and the command that was printed does the same."""
    for reason in SubscriptionEndReason:
        monkeypatch.setitem(FITS, reason, frozenset())
    assert mixed.main(["--networks", "5", "--loss", "0", "--crashes", "0", "--seed", "3"]) == 1
    first, *account = capsys.readouterr().err.splitlines()
    assert first.startswith("seed 3 failed: InvariantBroken: reasons_fit: ")
    assert any("SUBSCRIBE--" in line or "NOTIFY-" in line for line in account)
    command = next(line for line in account if line.startswith("to see it again: "))
    assert mixed.main(command.partition("simulation.mixed ")[2].split()) == 1
    assert capsys.readouterr().err.splitlines() == [first, *account]
