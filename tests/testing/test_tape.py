"""A run on tape, and the same run again from the tape alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from sipsm import (
    Established,
    FlowLimits,
    FlowTimes,
    IncomingCall,
    KeepAlive,
    Limits,
    LocalProtocolError,
    MessageLimits,
    Policy,
    Profile,
    TimerValues,
)
from sipsm.endpoint.state import CONFIG
from sipsm.grammar import Uri
from sipsm.ids import Ids
from sipsm.standalone.composing import Composing
from sipsm.testing import Link, Net, ReplayDiffers, Streaming, Tape, answer, hang_up, reject, replay, ring
from sipsm.testing.tape import SETTINGS
from tests.testing.test_streams import Keeps, connect, pair, send


def taped(seed: int = 3, **options: Any) -> tuple[Tape, Net]:
    """A run with everything in it that a tape must hold."""
    tape = Tape()
    net = Net(seed, loss=0.2, delay=(0.01, 0.3), duplicate=0.1, reorder=0.1, tape=tape, **options)
    bob = net.agent(
        "bob",
        times=TimerValues(T1=0.4),
        limits=Limits(calls=3),
        profile=Profile(user_agent="bö", info_packages=("p",), info_types={"p": ("text/plain",)}),
        policy=Policy(session_interval_s=90),
    )
    alice = net.agent("alice")
    net.agent("carol").script(reject(486, after=0.5))
    bob.script(ring(after=0.2), answer(after=2.0))
    alice.script(hang_up(after=8.0))
    alice.on(
        Established,
        lambda event: alice.do(event.call.request, "INFO", headers=[("A", "b")], body=b"\xff\x00", content_type="a/b"),
    )
    alice.invite("sip:bob@biloxi.example.com", headers=[("Subject", "lünch")])
    net.at(0.5, lambda: alice.invite(Uri.parse("sip:carol"), offer=b""))
    net.at(1.0, lambda: bob.request("OPTIONS", "sip:nowhere.test"))
    net.crash("bob", at=4.0, back=5.0, saved=3.5)
    net.crash("carol", at=2.0, back=2.5)
    return tape, net


@pytest.mark.parametrize("seed", range(5))
def test_a_tape_replays_to_the_same_bytes(seed: int) -> None:
    """Neither the network nor the program is needed: what went in is put in again, and the same comes out."""
    tape, net = taped(seed)
    net.run()
    assert replay(tape.text) == net.ladder()
    assert replay(tape.text, decimals=3, explain=True) == net.ladder(decimals=3, explain=True)


def test_the_same_run_is_the_same_tape() -> None:
    """So tapes can be compared; without pictures as well."""
    texts = []
    for record in True, False:
        tape, net = taped(record=record)
        net.run()
        texts.append(tape.text)
    assert texts[0] == texts[1]
    assert all(json.loads(line) for line in texts[0].splitlines())


def test_another_byte_is_found() -> None:
    """The line is named, what stands there, what came, and the picture before it."""
    tape, net = taped()
    net.run()
    wrong = tape.text.replace("SIP/2.0 180 Ringing", "SIP/2.0 180 Singing", 1)
    with pytest.raises(ReplayDiffers, match=r"(?s)^line \d+: bob at .*: ring gave\n.*Ringing.*Singing.*before it:"):
        replay(wrong)


def test_a_refused_command_is_refused_again() -> None:
    """It did nothing, and does nothing."""
    tape = Tape()
    net = Net(tape=tape)
    bob = net.agent("bob")
    bob.on(IncomingCall, lambda event: bob.do(event.call.ring))
    net.agent("alice").invite("sip:bob")
    net.run(until=1.0)
    (call,) = bob.endpoint.calls
    with pytest.raises(LocalProtocolError):
        bob.do(call.cancel)
    bob.do(call.answer, bob.sdp)
    net.run(until=2.0)
    assert replay(tape.text) == net.ladder()
    accepted = tape.text.replace('"cancel"', '"ring"').replace(', "refused": true', "")
    with pytest.raises(ReplayDiffers, match="ring gave"):
        replay(accepted)
    refused = tape.text.replace('"in": ["ring"', '"in": ["cancel"')
    with pytest.raises(ReplayDiffers, match=r"bob at .*: cancel is refused now"):
        replay(refused)


def test_a_command_behind_the_back_of_the_agent() -> None:
    """It is on the tape as far as it can be seen, and cannot be done again."""
    tape = Tape()
    net = Net(tape=tape)
    net.agent("bob")
    alice = net.agent("alice")
    _, outputs = alice.endpoint.request("OPTIONS", "sip:bob", now=net.now)
    net.perform(alice, outputs)
    net.run()
    with pytest.raises(ReplayDiffers, match="line 4: alice was given a command behind the back of its agent"):
        replay(tape.text)


def test_what_a_tape_cannot_hold() -> None:
    """It is refused when it is put on, not when the tape is wanted."""
    net = Net(tape=Tape())
    with pytest.raises(ValueError, match="alice is made with ids="):
        net.agent("alice", ids=Ids())
    bob = net.agent("bob")
    with pytest.raises(ValueError, match="no tape can hold <object"):
        bob.request("OPTIONS", "sip:alice", content_type=object())  # type: ignore[arg-type]
    call = net.agent("carol").invite("sip:bob")
    with pytest.raises(ValueError, match=r"no tape can hold <Call to .*, which did not come out of this endpoint"):
        bob.do(call.hang_up)


@pytest.mark.parametrize("text", ["", "{}\n", '{"tape": 99}\n'])
def test_what_is_no_tape(text: str) -> None:
    """It is an error, and not an empty picture."""
    with pytest.raises(ValueError, match="this is no tape of format 1"):
        replay(text)


def test_a_call_over_tcp_replays() -> None:
    """With connections that break, and an endpoint that crashes and comes back as it was."""
    tape = Tape()
    net = Net(3, delay=0.01, tape=tape)
    times, limits = FlowTimes(idle_s=20.0), FlowLimits(per_host=5)
    alice = net.agent("alice", transports=("TCP",), flow_times=times, flow_limits=limits, keep_alive=KeepAlive(3.0))
    bob = net.agent("bob", transports=("UDP", "TCP"), message_limits=MessageLimits(headers=50))
    bob.script(ring(), answer(after=1.0))
    alice.script(hang_up(after=5.0))
    alice.invite("sip:192.0.2.2")
    net.at(0.5, lambda: net.streams.reset(bob))
    net.crash("bob", at=3.0, back=4.0, saved=2.5)
    picture = net.run(until=60)
    assert picture.count("\n") == 5
    assert replay(tape.text) == picture


def test_datagrams_beside_connections_replay() -> None:
    """What became of each datagram is said of that one, and of what could not be sent on a connection as well."""
    tape = Tape()
    breaks = Streaming(reset=0.2, half_close=0.2, stall=0.2)
    net = Net(5, every=Link(latency=0.1, loss=0.3, streams=breaks), tape=tape)
    alice, bob, carol = (net.agent(name, transports=("UDP", "TCP")) for name in ("alice", "bob", "carol"))
    bob.script(answer())
    carol.script(answer())
    for number in range(6):
        call = alice.invite("sip:192.0.2.2;transport=tcp")
        net.run(until=number * 40 + 20)
        # The answer to the one and the end of the other go out together.
        replaces = f"{call.call_id};to-tag={call.here.dialog.remote_tag};from-tag={call.here.dialog.local_tag}"
        carol.invite("sip:192.0.2.2", headers=[("Replaces", replaces)])
        net.run(until=number * 40 + 40)
    picture = net.ladder()
    assert replay(tape.text) == picture


def test_every_setting_can_be_on_a_tape() -> None:
    """An endpoint can be recorded however it is made."""
    assert SETTINGS.keys() == CONFIG.keys() - {"listening"}


def test_the_dialog_of_a_command_is_on_a_tape() -> None:
    """A call that has forked is spoken with in the dialog that the command names."""
    tape = Tape()
    net = Net(1, tape=tape)
    net.agent("bob").script(answer(after=2.0))
    alice = net.agent("alice")
    call = alice.invite("sip:bob")
    alice.on(Established, lambda _: alice.do(call.offer, method="UPDATE", dialog=call.legs[0]))
    net.run(until=5.0)
    alice.do(call.hang_up)
    picture = net.run()
    assert replay(tape.text) == picture
    assert '{"dialog": [0, 0]}' in tape.text


def test_connections_are_on_a_tape() -> None:
    """What they are told, and what became of what they sent."""
    tape = Tape()
    net, alice, bob = pair(tape=tape)
    flow = connect(net, alice)
    send(alice, b"a message")
    net.run()
    net.streams.reset(alice, flow)
    send(alice, b"another", flow=flow)
    net.run()
    replay(tape.text, make=Keeps)
    assert bob.endpoint.got == b"a message"
    lines = [json.loads(line) for line in tape.text.splitlines()]
    told = [(line["who"], line["in"][0]) for line in lines if "in" in line]
    assert told == [
        ("alice", "connect"),
        ("bob", "flow_opened"),
        ("alice", "flow_opened"),
        ("alice", "write"),
        ("bob", "receive"),
        ("alice", "flow_closed"),
        ("bob", "flow_closed"),
        ("alice", "write"),
        ("alice", "send_failed"),
    ]


def test_who_hears_nothing_is_known_all_the_same() -> None:
    """The picture of a replay names the same agents, even one that no packet has reached."""
    tape = Tape()
    net = Net(loss=1.0, tape=tape)
    net.agent("bob")
    net.agent("alice").request("OPTIONS", "sip:bob")
    net.run(until=0.1)
    assert replay(tape.text) == net.ladder() == "0.0  alice OPTIONS---------x bob"


def test_messages_are_on_a_tape() -> None:
    """With their dates; and settings that are made of more than numbers and texts."""
    sdp = b"v=0\r\no=- 1 1 IN IP4 192.0.2.4\r\ns=-\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\n"
    composing = Composing({"presence": ("application/pidf+xml",)}, addresses=("sip:bob@192.0.2.2",))
    net = Net(1, tape=(tape := Tape()))
    alice = net.agent("alice")
    net.agent("bob", profile=Profile(media=sdp, composes=composing))
    noon = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    for word in ("one", "two"):
        alice.do(alice.endpoint.message, "sip:bob", word, expires_s=60, date=noon)
    alice.do(alice.endpoint.options, Uri.parse("sip:bob"))
    net.run()
    assert replay(tape.text, explain=True) == net.ladder(explain=True)
