"""The message-waiting lamp of the examples, in the simulated network and on real sockets."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from sipsm import Profile, SubscriptionRequested
from sipsm.packages import MessageSummary, Summary
from sipsm.role import Event
from sipsm.testing import Net
from sipsm_blocking import UserAgent
from tests.examples.test_examples import start

EXAMPLE = Path(__file__).parents[2] / "examples" / "message_waiting_lamp.py"
MAILBOX = Profile(event_packages=("message-summary",))
EMPTY = bytes(MessageSummary(False))
THREE = bytes(MessageSummary(True, summaries=(Summary("voice-message", 3, 1),)))


def example() -> Any:
    """The module."""
    spec = importlib.util.spec_from_file_location("message_waiting_lamp", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.rfc("3842 3.8", "3842 3.9")
def test_it_shows_what_the_mailbox_says(capsys: pytest.CaptureFixture[str]) -> None:
    """Dark, lit with three new messages, and not known when the mailbox is gone."""
    net = Net(1)
    phone, mailbox = net.agent("phone"), net.agent("mailbox", profile=MAILBOX)
    mailbox.on(SubscriptionRequested, lambda event: mailbox.do(event.subscription.accept, EMPTY))
    lamp: Any = example().Lamp(phone, "sip:alice@mailbox")
    phone.on(Event, lamp.told)  # type: ignore[arg-type]
    shown = [lamp.is_lit]
    net.run(until=1)
    shown.append(lamp.is_lit)
    (subscription,) = mailbox.endpoint.peer_subscriptions
    mailbox.do(subscription.notify, THREE)
    net.run(until=4000)
    shown.append(lamp.is_lit)
    mailbox.do(subscription.notify, b"Messages-Waiting: perhaps\r\n")
    net.run(until=4010)
    shown.append(lamp.is_lit)
    mailbox.do(subscription.terminate, "noresource")
    net.run(until=4020)
    assert [*shown, lamp.is_lit] == [None, False, True, True, None]
    said = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0].strip() for line in dict.fromkeys(said)] == [
        "dark",
        "lit (3 new)",
        "what the mailbox says cannot be read",
        "the mailbox is not watched any more",
    ]


@pytest.mark.slow
def test_on_real_sockets() -> None:
    """It ends when the mailbox says that there is none any more."""
    with UserAgent("udp:127.0.0.1:0", profile=MAILBOX) as mailbox:
        program = start("examples/message_waiting_lamp.py", f"sip:alice@127.0.0.1:{mailbox.local.address[1]}")
        asked = next(event for event in mailbox if isinstance(event, SubscriptionRequested))
        mailbox.do(asked.subscription.accept, THREE)
        mailbox.do(asked.subscription.terminate, "noresource")
        # On leaving its block, the mailbox waits until its last NOTIFY is answered.
    output, _ = program.communicate(timeout=30)
    said = [line.split(":")[0].strip() for line in output.splitlines()]
    assert (program.returncode, said) == (0, ["lit (3 new)", "the mailbox is not watched any more"])
