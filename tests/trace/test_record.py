"""What a recorder keeps of what endpoints do."""

from __future__ import annotations

from sipsm import Endpoint, Flow, Send
from sipsm.trace import Arrived, Asked, Carried, Left, Moved, Record, Recorder

ALICE, BOB = ("192.0.2.1", 5060), ("192.0.2.2", 5060)
OUT, IN = Flow("UDP", ALICE, BOB), Flow("UDP", BOB, ALICE)


def called() -> tuple[Recorder, Endpoint, bytes]:
    """Alice has called Bob at 1000.0."""
    recorder = Recorder()
    alice = Endpoint("udp:192.0.2.1:5060", watcher=recorder.watcher("alice"))
    _, outputs = alice.invite("sip:bob@192.0.2.2", now=1000.0)
    (send,) = outputs
    assert isinstance(send, Send)
    return recorder, alice, send.data


def test_a_call_begins_with_steps_and_then_the_invite_leaves() -> None:
    """The steps that led to a message stand before it, each with what its row says and the timers that run now."""
    recorder, _, data = called()
    *steps, left = recorder.records
    assert left == Left(1000.0, "alice", OUT, data)
    assert steps[-1] == Moved(
        1000.0,
        "alice",
        "INVITE client transaction",
        "Initial",
        "start",
        "Calling",
        "3261 17.1.1.2",
        (("A", 1000.5), ("B", 1032.0)),
    )


def test_what_arrives_is_recorded_before_what_it_does() -> None:
    """Even a packet that comes to nothing has arrived."""
    recorder, alice, _ = called()
    alice.receive(b"no SIP", OUT, now=1000.1)
    assert recorder.records[-1] == Arrived(1000.1, "alice", OUT, b"no SIP")


def test_a_repeat_names_its_timer() -> None:
    """Why a message left is a timer's name where a timer's row did something at that time."""
    recorder, alice, data = called()
    alice.handle_timeout(now=1000.5)
    assert recorder.records[-1] == Left(1000.5, "alice", OUT, data, "Timer A")


def test_a_command_after_a_timer_is_its_own_cause() -> None:
    """What the program asks for, or a packet brings, in the very moment in which a timer fired is not that timer's."""
    for asked in (True, False):
        recorder, alice, _ = called()
        alice.handle_timeout(now=1000.5)
        if asked:
            recorder.asked("alice", "request OPTIONS", 1000.5)
            assert recorder.records[-1] == Asked(1000.5, "alice", "request OPTIONS")
        else:
            alice.receive(b"\r\n", OUT, now=1000.5)
        alice.request("OPTIONS", "sip:bob@192.0.2.2", now=1000.5)
        left = recorder.records[-1]
        assert isinstance(left, Left)
        assert left.why == ""


def test_a_timer_explains_nothing_later() -> None:
    """A timer is the cause of what leaves in its own moment only."""
    recorder, alice, _ = called()
    alice.handle_timeout(now=1000.5)
    alice.request("OPTIONS", "sip:bob@192.0.2.2", now=1000.6)
    left = recorder.records[-1]
    assert isinstance(left, Left)
    assert left.why == ""


def test_each_record_is_told_as_it_happens() -> None:
    """A function that shows a trace live misses nothing."""
    told: list[Record] = []
    recorder = Recorder(tell=told.append)
    recorder.carried("alice", OUT, b"x", (1.0, 2.0), 0.5)
    recorder.watcher("bob").received(IN, b"x", 1.0)
    assert told == recorder.records == [Carried(0.5, "alice", OUT, b"x", (1.0, 2.0)), Arrived(1.0, "bob", IN, b"x")]
