"""Click to dial of the examples, in the simulated network and on real sockets."""

from __future__ import annotations

import asyncio
import importlib.util
from pathlib import Path
from typing import Any

import pytest

from sipsm import Established, IncomingCall, Profile, ReferReceived
from sipsm.role import Event
from sipsm.testing import Net, answer, ladder, reject, ring
from sipsm.testing.agent import audio
from sipsm_asyncio import UserAgent

EXAMPLE = Path(__file__).parents[2] / "examples" / "click_to_dial.py"
TAKES = Profile(takes_referrals=True)


def example() -> Any:
    """The module."""
    spec = importlib.util.spec_from_file_location("click_to_dial", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def clicked(telephone: str, *steps: Any, seed: int = 1, **settings: Any) -> tuple[Net, Any]:
    """A network in which somebody clicks, with a telephone, and Bob, who does this when he is called."""
    net = Net(seed, **settings)
    program, desk, bob = net.agent("program"), net.agent("desk", profile=TAKES), net.agent("bob")
    desk.on(ReferReceived, lambda event: desk.do(event.referral.follow, desk.sdp))
    bob.script(*steps)
    click = example().Click(program, telephone, "sip:bob")
    program.on(Event, click.told)  # type: ignore[arg-type]
    return net, click


@pytest.mark.rfc("3515 2.4")
def test_they_talk() -> None:
    """The telephone calls, and the program shows how that goes."""
    net, click = clicked("sip:desk", ring(after=1.2), answer(after=3))
    assert net.run() == ladder("""
        0.0  program REFER-----------> desk
        0.0  program <------------200- desk
        0.0  program <---------NOTIFY- desk
        0.0  program 200-------------> desk
        0.0  desk    INVITE----------> bob
        0.2  desk    <------------100- bob    Timer 100
        1.2  desk    <------------180- bob
        1.2  program <---------NOTIFY- desk
        1.2  program 200-------------> desk
        3.0  desk    <------------200- bob
        3.0  desk    ACK-------------> bob
        3.0  program <---------NOTIFY- desk
        3.0  program 200-------------> desk
    """)
    assert click.shown == ["the telephone is calling", "100 Trying", "180 Ringing", "200 OK", "they are talking"]
    assert click.outcome is True


@pytest.mark.rfc("3515 2.4")
@pytest.mark.parametrize(
    ("telephone", "last"),
    [("sip:desk", "it came to nothing: 486"), ("sip:bob", "it came to nothing: 405")],
    ids=["busy", "a telephone that takes no REFER"],
)
def test_they_do_not_talk(telephone: str, last: str) -> None:
    """What it came to is shown."""
    net, click = clicked(telephone, reject(486, after=2))
    net.run()
    assert click.shown[-1] == last
    assert click.outcome is False


@pytest.mark.slow
def test_on_real_sockets(capsys: pytest.CaptureFixture[str]) -> None:
    """The program as it is started, and two telephones on this machine: the call of the one is found by its agent."""

    async def all_three() -> None:
        local = "udp:127.0.0.1:0"
        async with UserAgent(local, profile=TAKES) as desk, UserAgent(local) as bob:
            at = [f"sip:{each.local.sent_by}" for each in (desk, bob)]
            program = asyncio.ensure_future(example().main(*at))
            asked = await anext(event async for event in desk if isinstance(event, ReferReceived))
            call = desk.bound(desk.do(asked.referral.follow, audio("127.0.0.1")))
            called = await anext(event async for event in bob if isinstance(event, IncomingCall))
            bob.bound(called.call).answer(audio("127.0.0.1"))
            assert isinstance(await call.outcome(), Established)
            await program
            call.hang_up()
            await call.ended()

    asyncio.run(asyncio.wait_for(all_three(), 20))
    assert capsys.readouterr().out.splitlines() == [
        "the telephone is calling",
        "100 Trying",
        "200 OK",
        "they are talking",
    ]
