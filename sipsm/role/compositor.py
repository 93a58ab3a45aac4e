"""A user agent that is an event state compositor too: it takes PUBLISH, and tells what holds for whom.

RFC 3903 6. What is checked stands in `sipsm.standalone.judging`, and what is held in `sipsm.standalone.compositor`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.machine import Agenda, Observer, Refuse, Step
from sipsm.message import Request, response_to
from sipsm.role.alarm import Alarm
from sipsm.role.call import Commanded
from sipsm.role.checking import check_headers
from sipsm.role.dialogs import Place
from sipsm.role.events import PublishRequested, PublishWithdrawn, StatePublished
from sipsm.role.part import Takes
from sipsm.role.publish_request import PublishRequest
from sipsm.role.requests_in import RequestsIn
from sipsm.standalone.composing import Composing, address_of_record
from sipsm.standalone.compositor import Asked, Compositor, StateChanged
from sipsm.standalone.decision import LATE, REJECT, SHOWN, TURN, Show, Take, TurnDown, Withdraw
from sipsm.standalone.judging import PUSH_BACK_S, Struck, judge
from sipsm.standalone.lines import Lines
from sipsm.standalone.soft_state import EventState, SoftState
from sipsm.transaction import ServerTransaction

HeaderLines = list[tuple[str, str]]


class StateCompositor:
    """All that is published at a user agent, and the PUBLISH requests on which the application has yet to decide."""

    def __init__(
        self,
        requests: RequestsIn,
        agenda: Agenda,
        composing: Composing,
        commanded: Commanded,
        observer: Observer | None,
    ) -> None:
        self.requests = requests
        self.transactions = requests.transactions
        self.agenda = agenda
        self.composing = composing
        self.commanded = commanded
        self.observer = observer
        self.store = Compositor(composing, requests.ids)
        self.alarms: dict[SoftState, Alarm] = {}
        """What stands for each publication in the agenda."""
        self.lines: Lines[PublishRequest] = Lines()
        self.undecided: dict[ServerTransaction, PublishRequest] = {}

    def takes(self) -> Takes:
        """What of the user agent's it takes."""
        return Takes(
            outside={"PUBLISH": self.asked},
            inside={"PUBLISH": self.asked_within},
            wakes={SoftState: self.wake},
            commands={PublishRequest: self.command},
        )

    # ---------------------------------------------------------------- what comes

    def asked(self, tx: ServerTransaction, request: Request, now: float) -> list[Any]:
        """A PUBLISH outside a dialog."""
        address = address_of_record(request.uri)
        if not self.composing.by_hand:
            publish = Asked(self.store, request, address)
            struck = judge(publish)
            if struck is not None:
                return self.requests.serve(tx, request, struck.status, now, headers=struck.headers)
            headers, changed = self.take(publish, now)
            return [*self.requests.serve(tx, request, 200, now, headers=headers), *changed]
        asked = PublishRequest(self.commanded, request, address, tx)
        if len(self.lines.all.get(address, ())) >= self.composing.entries_of_address:
            return self.requests.serve(tx, request, 503, now, headers=[("Retry-After", str(PUSH_BACK_S))])
        self.undecided[tx] = asked
        return self.turn(asked, now) if self.lines.enter(address, asked) else []

    def asked_within(self, _: Place, tx: ServerTransaction, request: Request, now: float) -> list[Any]:
        """A PUBLISH within a dialog, which means the same (RFC 3903 4)."""
        return self.asked(tx, request, now)

    def take(self, publish: Asked, now: float) -> tuple[HeaderLines, list[Any]]:
        """Have a PUBLISH that is in order take effect; returns the headers of its 200, and what is told."""
        accepted = self.store.publish(publish, now, self.observer)
        soft = accepted.publication
        self.watch(soft)
        # "The response MUST contain an Expires header field indicating the expiration interval chosen by the ESC. The
        # response MUST also contain a SIP-ETag header field that contains a single entity-tag identifying the
        # publication." (RFC 3903 6)
        headers = [("SIP-ETag", soft.tag), ("Expires", str(accepted.lasts_s))]
        return headers, [] if accepted.changed is None else [told(accepted.changed, publish.request)]

    def watch(self, soft: SoftState) -> None:
        """Note when it expires, or that it is gone."""
        at = soft.next_timeout()
        if at is not None:
            alarm = self.alarms.get(soft)
            if alarm is None:
                alarm = self.alarms[soft] = Alarm(soft)
            alarm.set(at, self.agenda)
        elif (gone := self.alarms.pop(soft, None)) is not None:
            gone.stop(self.agenda)

    def wake(self, soft: SoftState, now: float) -> list[Any]:
        """A publication has expired."""
        changed = self.store.wake(soft, now, self.observer)
        self.watch(soft)
        return [told(changed, None)]

    def states(self, address: Uri, event: str) -> tuple[EventState, ...]:
        """What is published for an address."""
        return self.store.states(address, event)

    # ---------------------------------------------------------------- what the application decides

    def command(self, asked: PublishRequest, command: str, x: Any, now: float) -> list[Any]:
        """What the application says. Raises `LocalProtocolError` when it comes too late."""
        if isinstance(x, TurnDown):
            if type(x.status) is not int or not 300 <= x.status <= 699:
                raise LocalProtocolError(f"cannot reject with {x.status}: it is not in 300 to 699", rfc="3903 6")
            check_headers(x.headers, contact=True)
            response_to(asked.request, x.status, x.reason, headers=x.headers)
        return [*self.step(asked, command, x, now), *self.go_on(asked.address, now)]

    def too_late(self, tx: ServerTransaction, now: float) -> list[Any]:
        """Nobody has decided on a PUBLISH while its sender waited."""
        asked = self.undecided.pop(tx, None)
        if asked is None:
            return []
        # It has been shown: what came before it, and would be so otherwise, has waited for longer.
        return [*self.step(asked, LATE, None, now), *self.go_on(asked.address, now)]

    def go_on(self, address: Uri, now: float) -> list[Any]:
        """The first in line for an address is done with."""
        following = self.lines.leave(address)
        return [] if following is None else self.turn(following, now)

    def turn(self, asked: PublishRequest, now: float) -> list[Any]:
        """It is its turn, and then that of those behind it, until one has to wait for the application."""
        outputs: list[Any] = []
        following: PublishRequest | None = asked
        while following is not None:
            outputs += self.step(following, TURN, None, now)
            following = None if following.decision.state == SHOWN else self.lines.leave(asked.address)
        return outputs

    def step(self, asked: PublishRequest, event: str, x: Any, now: float) -> list[Any]:
        """One input, and what it asks for."""
        step = Step(now, self.observer)
        decision = asked.decision.receive(event, x, step)
        if isinstance(decision.entry, Refuse):
            raise LocalProtocolError(f"cannot {event}: {decision.entry.text}", rfc=decision.entry.rfc)
        outputs: list[Any] = []
        for output in step.outputs:
            match output:
                case Show() | Take():
                    outputs += self.judged(asked, isinstance(output, Take), now)
                case TurnDown(status, reason, headers):
                    outputs += self.answer(asked, status, reason, headers, now)
                case _:
                    assert isinstance(output, Withdraw), f"nobody carries out {output!r}"
                    outputs.append(PublishWithdrawn(asked))
        return outputs

    def judged(self, asked: PublishRequest, takes: bool, now: float) -> list[Any]:
        """It is to be shown, or to take effect, if it is in order now."""
        publish = Asked(self.store, asked.request, asked.address)
        struck = judge(publish)
        if struck is not None:
            return self.strike(asked, struck, now)
        if not takes:
            return [PublishRequested(asked, asked.request)]
        headers, changed = self.take(publish, now)
        return [*self.answer(asked, 200, None, headers, now), *changed]

    def strike(self, asked: PublishRequest, struck: Struck, now: float) -> list[Any]:
        """It is not in order: nobody need be asked, or what it was about has expired since."""
        if asked.decision.state == SHOWN:
            return self.step(asked, REJECT, TurnDown(struck.status, None, struck.headers), now)
        return self.answer(asked, struck.status, None, struck.headers, now)

    def answer(
        self,
        asked: PublishRequest,
        status: int,
        reason: str | None,
        headers: Iterable[tuple[str, str]],
        now: float,
    ) -> list[Any]:
        """Answer it."""
        tx = asked.transaction
        del self.undecided[tx]
        more = [*headers, *self.requests.party.server]
        tag = self.requests.ids.tag()
        return self.transactions.respond(tx, response_to(asked.request, status, reason, to_tag=tag, headers=more), now)


def told(changed: StateChanged, request: Request | None) -> StatePublished:
    """What the application is told of a state that holds from now on."""
    return StatePublished(changed.address, changed.event, changed.states, request)
