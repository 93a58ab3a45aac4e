"""Alice asks, Bob answers, and the link between them does what it likes within bounds: all that can happen.

**Time.** The timers are punctual, and all lengths are whole ticks. A message arrives at any moment from its sending
until `delay` ticks later, and Bob's transaction user answers at any moment until `patience` ticks after the request. It
is enough to let such moments be whole ticks too, with all orders of what happens within one tick: every run in real
time has such a run in which the same things happen in the same order (T. A. Henzinger, Z. Manna, A. Pnueli, "What good
are digital clocks?", 1992: no constraint here is a strict inequality).

**Loss and duplication** are decided when a message is sent. To lose it later is no different, since a message has no
effect while it is under way; and a copy made later is one that was made at once and took longer. Of equal messages
under way to the same side the one that must arrive first is delivered first: which of the two came is no difference
either. A reliable link loses nothing and keeps the order; it may break, which both sides learn within `delay`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sipsm.message import cancel_for
from sipsm.transport import Flow
from tests.exhaustive.party import Did, Messages, Party, Sent, Told
from tests.exhaustive.state import RESET, Bounds, Setting, State, Way, fires, later
from tests.transaction.messages import ALICE, BOB, request

Moves = Iterator[tuple[str, State]]


class World:
    """The moves of a setting."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.messages = Messages()
        times, tick, transport = setting.times, setting.tick_s, setting.transport
        self.reliable = Flow(transport, ALICE, BOB).reliable
        self.alice = Party(Flow(transport, ALICE, BOB), times, tick, self.messages)
        self.bob = Party(Flow(transport, BOB, ALICE), times, tick, self.messages)
        self.T1, self.T2 = round(times.T1 / tick), round(times.T2 / tick)
        first = request(setting.method, transport=transport)
        self.request = self.messages.number(bytes(first))
        self.cancel = self.messages.number(bytes(cancel_for(first)))
        self.ack = self.messages.number(bytes(request("ACK", transport=transport, branch="z9hG4bKack", to_tag="bob")))

        self.all_said = setting.patience + 3 * setting.delay
        """Ticks for request, response and ACK, where nothing is lost."""

    @property
    def first(self) -> State:
        """Nothing has happened."""
        return State(left=self.setting.bounds)

    # ---------------------------------------------------------------- what can happen

    def moves(self, state: State) -> Moves:
        """Every move, by its name."""
        if not state.started:
            yield from self.alice_does(state._replace(started=True), "sends", "start", self.request)
            return
        yield from self.timers(state)
        yield from self.arrivals(state)
        yield from self.uac_moves(state)
        yield from self.uas_moves(state)
        if self.reliable and state.left.cuts and (state.alice or state.bob):
            yield "the connection breaks", self.broken(state)
        ticks = self.ticks(state)
        if ticks:
            clock = 0 if any(self.setting.bounds) else min(state.clock + ticks, self.all_said + 1)
            yield f"{ticks * self.setting.tick_s:g} s pass", later(state, ticks)._replace(clock=clock)

    def timers(self, state: State) -> Moves:
        """Those that are due."""
        for index, saved in enumerate(state.alice):
            if saved.deadline == 0:
                yield from self.alice_does(state, f"'s {fires(saved)}", "fire", index)
        for index, saved in enumerate(state.bob):
            if saved.deadline == 0:
                yield from self.bob_does(state, f"'s {fires(saved)}", "fire", index)

    def arrivals(self, state: State) -> Moves:
        """Each thing that is under way, the first of equal ones."""
        for at in self.can_arrive(state.to_alice):
            what = state.to_alice[at][1]
            left = state._replace(to_alice=state.to_alice[:at] + state.to_alice[at + 1 :])
            if what == RESET:
                left = left._replace(alice_knows=True)
            yield from self.alice_does(left, *self.arrival(what))
        for at in self.can_arrive(state.to_bob):
            what = state.to_bob[at][1]
            left = state._replace(to_bob=state.to_bob[:at] + state.to_bob[at + 1 :])
            if isinstance(what, int) and self.messages.name(what) == "ACK" and state.uas.status:
                left = left._replace(uas=left.uas._replace(acknowledged=True))
            if what == RESET:
                left = left._replace(bob_knows=True)
            yield from self.bob_does(left, *self.arrival(what))

    def can_arrive(self, way: Way) -> list[int]:
        """Their places."""
        if self.reliable:
            return [0] if way else []
        first: dict[Any, int] = {}
        for at, (_, what) in enumerate(way):
            first.setdefault(what, at)
        return list(first.values())

    def arrival(self, what: Any) -> tuple[str, str, Any]:
        """Its name, and what it is to the layer."""
        if what == RESET:
            return "learns that the connection is gone", "closed", None
        if isinstance(what, int):
            return f"gets {self.messages.name(what)}", "receive", what
        return "learns that it could not be sent", "failed", what

    def uac_moves(self, state: State) -> Moves:
        """Alice cancels, and at last gives up."""
        uac = state.uac
        if uac.cancel_by is not None:
            cancelled = state._replace(uac=uac._replace(cancel_by=None, give_up_in=64 * self.T1))
            yield from self.alice_does(cancelled, "sends", "start", self.cancel)
        if uac.give_up_in == 0:
            given_up = state._replace(uac=uac._replace(give_up_in=None, heard=(*uac.heard, "given up")))
            yield from self.alice_does(given_up, "gives up", "give up", self.request)

    def uas_moves(self, state: State) -> Moves:
        """Bob rings, answers, sends his 2xx again, and at last gives up."""
        uas = state.uas
        if uas.answer_by is not None:
            if self.setting.rings and not uas.rang:
                rang = state._replace(uas=uas._replace(rang=True))
                yield from self.bob_does(rang, "rings", "respond", (uas.key, 180))
            for status in self.setting.answers:
                yield from self.bob_does(self.answered(state, status), "answers", "respond", (uas.key, status))
        if uas.repeat_in == 0:
            length = min(2 * uas.length, self.T2)
            repeated = state._replace(uas=uas._replace(repeat_in=length, length=length))
            yield from self.bob_does(repeated, "repeats", "repeat", uas.key)
        if uas.give_up_in == 0:
            told = (*uas.told, "no ACK")
            yield (
                "bob waits no longer for the ACK",
                state._replace(uas=uas._replace(repeat_in=None, give_up_in=None, told=told)),
            )

    def answered(self, state: State, status: int) -> State:
        """Bob has decided."""
        uas = state.uas._replace(answer_by=None, status=status)
        if self.setting.method == "INVITE" and status < 300:
            uas = uas._replace(repeat_in=self.T1, length=self.T1, give_up_in=64 * self.T1)
        return state._replace(uas=uas)

    def broken(self, state: State) -> State:
        """What was under way is lost, and so is all that follows."""
        gone = ((self.setting.delay, RESET),)
        return state._replace(
            to_alice=gone,
            to_bob=gone,
            dead_to_alice=True,
            dead_to_bob=True,
            left=state.left._replace(cuts=state.left.cuts - 1),
        )

    def ticks(self, state: State) -> int:
        """How long until anything else must happen; a tick where anything may; 0 where something must now."""
        must = [saved.deadline for saved in (*state.alice, *state.bob) if saved.deadline is not None]
        must += [at for at in (state.uac.give_up_in, state.uas.repeat_in, state.uas.give_up_in) if at is not None]
        may = [due for due, _ in (*state.to_alice, *state.to_bob)]
        may += [at for at in (state.uac.cancel_by, state.uas.answer_by) if at is not None]
        soonest = min((*must, *may), default=0)
        breaks = self.reliable and state.left.cuts > 0
        return min(soonest, 1) if may or breaks else soonest

    # ---------------------------------------------------------------- what it leads to

    def alice_does(self, state: State, name: str, what: str, x: Any) -> Moves:
        """A step of her layer, and all ways in which the link may take what it sends."""
        did = self.alice.do(state.alice, what, x)
        return self.alice_did(state, f"alice{'' if name[0] == chr(39) else ' '}{name}", did)

    def alice_did(self, state: State, name: str, did: Did) -> Moves:
        found = [(name, noted(state._replace(alice=did.alive), did))]
        for output in did.outputs:
            if isinstance(output, Sent):
                found = [sent for name, state in found for sent in self.to_bob(name, state, output)]
            else:
                found = [heard for name, state in found for heard in self.alice_hears(name, state, output)]
        return iter(found)

    def bob_does(self, state: State, name: str, what: str, x: Any) -> Moves:
        """A step of his layer."""
        did = self.bob.do(state.bob, what, x)
        return self.bob_did(state, f"bob{'' if name[0] == chr(39) else ' '}{name}", did)

    def bob_did(self, state: State, name: str, did: Did) -> Moves:
        found = [(name, noted(state._replace(bob=did.alive), did))]
        for output in did.outputs:
            if isinstance(output, Sent):
                found = [sent for name, state in found for sent in self.to_alice(name, state, output)]
            else:
                found = [heard for name, state in found for heard in self.bob_hears(name, state, output)]
        return iter(found)

    def alice_hears(self, name: str, state: State, told: Told) -> Moves:
        """Her transaction user acknowledges each 2xx, and notes how her requests end."""
        uac = state.uac
        final = not (told.what.isdecimal() and int(told.what) < 200)
        if told.method == "CANCEL":
            uac = uac._replace(heard_of_cancel=(*uac.heard_of_cancel, told.what)) if final else uac
        elif told.what == "failed" and uac.heard and uac.heard[-1] >= "300":
            uac = uac._replace(unacknowledged=True)
        elif not final:
            may_cancel = self.setting.cancels and not uac.provisional and not uac.heard
            uac = uac._replace(
                provisional=max(uac.provisional, told.what),
                cancel_by=self.setting.patience if may_cancel else uac.cancel_by,
            )
        else:
            again = told.method == "INVITE" and told.what == "200" and uac.heard[-1:] == ("200",)
            uac = uac._replace(heard=uac.heard if again else (*uac.heard, told.what), cancel_by=None, give_up_in=None)
        state = state._replace(uac=uac)
        if told.method == "INVITE" and told.what == "200":
            yield from self.to_bob(name, state, Sent(self.ack, None))
        else:
            yield name, state

    def bob_hears(self, name: str, state: State, told: Told) -> Moves:
        """His transaction user takes the request, a CANCEL at once, and the ACK of a 2xx."""
        uas = state.uas
        match told:
            case Told("request", "CANCEL"):
                yield from self.cancelled(name, state, told)
                return
            case Told("request"):
                answer_by = self.setting.patience if self.setting.answers else None
                uas = uas._replace(seen=uas.seen + 1, key=told.key, answer_by=answer_by)
            case Told("ack"):
                uas = uas._replace(repeat_in=None, give_up_in=None)
            case _:
                uas = uas._replace(told=tuple(sorted({*uas.told, f"{told.what} {told.method}"})))
        yield name, state._replace(uas=uas)

    def cancelled(self, name: str, state: State, told: Told) -> Moves:
        """200 for the CANCEL, and 487 for the INVITE if it has not been answered (RFC 3261 9.2)."""
        for named, answered in self.bob_did(state, name, self.bob.do(state.bob, "respond", (told.key, 200))):
            if answered.uas.status:
                yield named, answered
            else:
                did = self.bob.do(answered.bob, "respond", (answered.uas.key, 487))
                yield from self.bob_did(self.answered(answered, 487), named, did)

    # ---------------------------------------------------------------- the link

    def to_bob(self, name: str, state: State, sent: Sent) -> Moves:
        """All that can become of a message of Alice's."""
        for fate, copies, failed, dead, left in self.fates(name, state, sent, state.dead_to_bob, state.alice_knows):
            yield (
                fate,
                state._replace(
                    to_bob=self.on_the_way(state.to_bob, sent.message, copies),
                    to_alice=self.on_the_way(state.to_alice, sent.sender, failed),
                    dead_to_bob=dead,
                    left=left,
                ),
            )

    def to_alice(self, name: str, state: State, sent: Sent) -> Moves:
        """All that can become of a message of Bob's."""
        for fate, copies, failed, dead, left in self.fates(name, state, sent, state.dead_to_alice, state.bob_knows):
            yield (
                fate,
                state._replace(
                    to_alice=self.on_the_way(state.to_alice, sent.message, copies),
                    to_bob=self.on_the_way(state.to_bob, sent.sender, failed),
                    dead_to_alice=dead,
                    left=left,
                ),
            )

    def fates(
        self, name: str, state: State, sent: Sent, dead: bool, knows: bool
    ) -> Iterator[tuple[str, int, int, bool, Bounds]]:
        """Its name; how many copies arrive; whether the sender is told; whether the direction is dead; what is left."""
        left = state.left
        name = f"{name}, sends {self.messages.name(sent.message)}"
        if dead:
            yield f"{name} (dead)", 0, int(knows and sent.sender is not None), True, left
            return
        yield name, 1, 0, False, left
        if self.reliable:
            return
        if left.losses:
            yield f"{name} (lost)", 0, 0, False, left._replace(losses=left.losses - 1)
        if left.duplicates:
            yield f"{name} (twice)", 2, 0, False, left._replace(duplicates=left.duplicates - 1)
        if left.failures and sent.sender is not None:
            yield f"{name} (fails)", 0, 1, False, left._replace(failures=left.failures - 1)
        if left.cuts:
            yield f"{name} (and this way is dead from now on)", 0, 0, True, left._replace(cuts=left.cuts - 1)

    def on_the_way(self, way: Way, what: Any, copies: int) -> Way:
        """With so many more."""
        if not copies:
            return way
        way = (*way, *(((self.setting.delay, what),) * copies))
        return way if self.reliable else tuple(sorted(way, key=_order))


def _order(item: tuple[int, Any]) -> tuple[int, str]:
    return item[0], str(item[1])


def noted(state: State, did: Did) -> State:
    """With the law that the step broke."""
    return state if did.broken is None else state._replace(broken=did.broken)
