"""Random programs of two endpoints on a bad network: commands, packets, timers and failures in any order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any, get_args

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipsm import (
    Call,
    CallState,
    EarlyDialogEnded,
    Ended,
    Endpoint,
    Event,
    Flow,
    Forked,
    Ids,
    IncomingCall,
    LocalProtocolError,
    MessageReceived,
    ModificationRefused,
    Naptr,
    OfferWithdrawn,
    Policy,
    Postponed,
    Profile,
    Redirected,
    Resolve,
    Send,
    Srv,
)
from sipsm.role import Output
from tests.endpoint.by_hand import SDP, SDP2
from tests.endpoint.snapshot import snapshot

HOSTS = ("192.0.2.1", "192.0.2.2")
POLICIES = (
    Policy(),
    Policy(reliable=True, session_interval_s=90),
    Policy(prack_by_hand=True),
    Policy(session_interval_s=120, keeps_forks=True),
)


class Party:
    """One of the two endpoints, what it was told, and every call that it ever had."""

    def __init__(self, host: str, seed: int) -> None:
        self.host = host
        self.endpoint = Endpoint(
            f"udp:{host}:5060",
            policy=POLICIES[seed % len(POLICIES)],
            profile=Profile(info_packages=("x",)),
            ids=Ids(Random(f"{seed}/{host}")),
        )
        self.calls: list[Call] = []
        self.ended: Counter[int] = Counter()

    def left(self) -> dict[str, Any]:
        """What it still holds."""
        return {name: held for name, held in snapshot(self.endpoint).items() if held and name != "ended"}


class World:
    """Two parties, the packets between them, and a source of chance for all that goes wrong."""

    def __init__(self, seed: int, loss: float) -> None:
        self.chance = Random(seed)
        self.loss = loss
        self.now = 1000.0
        self.parties = [Party(host, seed) for host in HOSTS]
        self.packets: list[tuple[int, Send]] = []
        self.resolves: list[tuple[int, Resolve]] = []
        self.told: Counter[type] = Counter()
        self.unsure: set[str] = set()
        """The calls in which an offer came to nothing on one side only: its flow died behind it (RFC 3261 8.1.3.1)."""

    # ---------------------------------------------------------------- what happens

    def take(self, who: int, outputs: list[Output]) -> None:
        """Perform what an endpoint returned, well or badly."""
        party = self.parties[who]
        for output in outputs:
            self.told[type(output)] += 1
            if isinstance(output, Send):
                fate = self.chance.random()
                if fate < self.loss / 8:
                    self.take(who, party.endpoint.send_failed(output, self.now))
                elif fate >= self.loss and output.flow.remote[1] == 5060:
                    self.packets.append((who, output))
                    if self.chance.random() < self.loss / 4:
                        self.packets.append((who, output))
            elif isinstance(output, Resolve):
                self.resolves.append((who, output))
            elif isinstance(output, IncomingCall):
                party.calls.append(output.call)
            elif isinstance(output, ModificationRefused) and output.status == 503:
                self.unsure.add(output.call.call_id)
            elif isinstance(output, Ended):
                party.ended[id(output.call)] += 1
                assert party.ended[id(output.call)] == 1, "a call ends once"
                assert output.call.state is CallState.ENDED

    def deliver(self) -> None:
        """One packet arrives, not always the first."""
        if self.packets:
            place = 0 if self.chance.random() >= self.loss else self.chance.randrange(len(self.packets))
            who, send = self.packets.pop(place)
            back = Flow("UDP", send.flow.remote, send.flow.local)
            self.take(1 - who, self.parties[1 - who].endpoint.receive(send.data, back, self.now))

    def resolve(self) -> None:
        """One look-up is answered, perhaps with nothing."""
        if self.resolves:
            who, resolve = self.resolves.pop(self.chance.randrange(len(self.resolves)))
            records = [] if self.chance.random() < self.loss else self.records(resolve.type, HOSTS[1 - who])
            self.take(who, self.parties[who].endpoint.resolved(resolve, records, self.now))

    def records(self, type: str, host: str) -> list[Any]:
        """What the DNS says of a name: several servers, of which only the one at port 5060 is there."""
        match type:
            case "NAPTR":
                return [Naptr(1, 1, "s", "SIP+D2U", "", "_sip._udp.example.com")]
            case "SRV":
                return [
                    Srv(1, 1, port, f"s{port}.example.com") for port in range(5060, 5060 + self.chance.randrange(3))
                ]
        return [host, host] if self.chance.random() < self.loss else [host]

    def wait(self, seconds: float) -> None:
        """Time passes; packets that were under way arrive first."""
        end = self.now + seconds
        while True:
            while self.packets or self.resolves:
                self.deliver()
                self.resolve()
            due = [
                (at, who) for who, party in enumerate(self.parties) if (at := party.endpoint.next_timeout()) is not None
            ]
            if not due or min(due)[0] > end:
                break
            self.now, who = max(self.now, min(due)[0]), min(due)[1]
            endpoint = self.parties[who].endpoint
            self.take(who, endpoint.handle_timeout(self.now))
            after = endpoint.next_timeout()
            assert after is None or after > self.now, "an adapter would spin"
        self.now = end

    def command(self, who: int, command: Callable[[], list[Output]]) -> bool:
        """Give a command; one that is refused has changed nothing."""
        party = self.parties[who]
        before = snapshot(party.endpoint, *party.calls)
        try:
            outputs = command()
        except LocalProtocolError:
            assert snapshot(party.endpoint, *party.calls) == before
            return False
        self.take(who, outputs)
        return True

    # ---------------------------------------------------------------- programs

    def step(self) -> None:
        """Something happens."""
        chance = self.chance
        who = chance.randrange(2)
        party, now = self.parties[who], self.now
        match chance.randrange(8):
            case 0 if len(party.calls) < 3:
                host = chance.choice([HOSTS[1 - who], "name.example.com"])
                call, outputs = party.endpoint.invite(f"sip:x@{host}", offer=chance.choice([b"", SDP]), now=now)
                party.calls.append(call)
                self.take(who, outputs)
            case 1 | 2 | 3 if party.calls:
                call = chance.choice(party.calls)
                commands: list[Callable[[], list[Output]]] = [
                    lambda: call.ring(now=now),
                    lambda: call.ring(183, sdp=SDP2, now=now),
                    lambda: call.answer(chance.choice([b"", SDP2]), now=now),
                    lambda: call.answer(SDP2, now=now),
                    lambda: call.answer_offer(SDP2, now=now),
                    lambda: call.request("OPTIONS", now=now)[1],
                    lambda: call.ring(183, sdp=chance.choice([b"", SDP2]), reliable=True, now=now),
                    lambda: call.acknowledge(chance.choice([b"", SDP]), now=now),
                    lambda: call.offer(chance.choice([b"", SDP, SDP2]), now=now),
                    lambda: call.offer(chance.choice([b"", SDP, SDP2]), method="UPDATE", now=now),
                    lambda: call.answer_offer(SDP, now=now),
                    lambda: call.reject_offer(now=now),
                    lambda: call.info("x", now=now)[1],
                ]
                if chance.random() < 0.3:
                    commands += [
                        lambda: call.reject(486, now=now),
                        lambda: call.cancel(now=now),
                        lambda: call.hang_up(now=now),
                    ]
                # Most may not be given most of the time.
                any(self.command(who, command) for command in chance.sample(commands, 4))
            case 4 if chance.random() < self.loss / 4:
                flow = Flow("UDP", (party.host, 5060), (HOSTS[1 - who], 5060))
                self.take(who, party.endpoint.flow_closed(flow, now))
            case 5:
                self.wait(chance.choice([0.1, 0.6, 5.0, 40.0]))
            case 6:
                self.resolve()
            case _:
                self.deliver()
        self.agree()

    def agree(self) -> None:
        """Where both sides of a call say that it is up, each has the other's description."""
        ours, theirs = ({call.call_id: call for call in party.calls} for party in self.parties)
        for call_id in (ours.keys() & theirs.keys()) - self.unsure:
            one, other = ours[call_id], theirs[call_id]
            if one.state is other.state is CallState.ESTABLISHED and settled(one) and settled(other):
                assert one.agreed is not None
                assert other.agreed == one.agreed[::-1]
                assert (one.local_sdp, one.remote_sdp) == one.agreed
                assert one.here.dialog.remote_tag == other.here.dialog.local_tag
                assert one.here.dialog.local_tag == other.here.dialog.remote_tag

    def end(self) -> None:
        """Everybody gives everything up, and a long time passes."""
        for _ in range(2):
            self.loss = 0.0
            for who, party in enumerate(self.parties):
                for number in range(len(party.calls)):
                    for name in ("reject", "cancel", "hang_up"):
                        # Who is restored after every step has other calls after each of them.
                        command = getattr(party.calls[number], name)
                        self.command(who, lambda command=command: command(now=self.now))  # type: ignore[misc]
            self.wait(200)


def settled(call: Call) -> bool:
    """No offer, re-INVITE or UPDATE is under way."""
    leg = call.here
    return (leg.offer_answer.state, leg.turns.state, leg.update_out.state) == ("Stable", "Free", "Idle")


@pytest.mark.slow
@pytest.mark.parametrize("loss", [0.0, 0.3])
@settings(max_examples=60)
@given(seed=st.integers(0, 2**32))
def test_any_program_comes_to_an_end(loss: float, seed: int) -> None:
    """Both sides agree while a call is up, every call ends once, and in the end nothing is left anywhere."""
    world = World(seed, loss)
    for _ in range(60):
        world.step()
    world.end()
    for party in world.parties:
        assert party.left() == {}
        assert [call.state for call in party.calls] == ["ended"] * len(party.calls)
        assert [party.ended[id(call)] for call in party.calls] == [1] * len(party.calls)


@pytest.mark.slow
def test_programs_do_all_that_can_be_done() -> None:
    """The programs are no idle ones: calls are established, changed and refreshed, and end in every way they can."""
    states: Counter[str] = Counter()
    told: Counter[type] = Counter()
    for seed in range(80):
        world = World(seed, 0.2)
        for _ in range(60):
            world.step()
            states.update(call.state for party in world.parties for call in party.calls)
        told += world.told
    assert set(states) == set(CallState)
    rare = {Forked, Redirected, Postponed, MessageReceived, EarlyDialogEnded, OfferWithdrawn}
    # The others are of subscriptions, publications and what else is no call's.
    of_calls = {kind for kind in get_args(Event) if "call" in (each.name for each in attrs.fields(kind))}
    assert of_calls - set(told) <= rare
