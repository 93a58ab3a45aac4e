"""A user agent that is an event state compositor too: it takes PUBLISH, and tells what holds for whom.

RFC 3903 6. What is checked stands in `sipsm.standalone.judging`, and what is held in `sipsm.standalone.compositor`.
"""

from __future__ import annotations

from typing import Any

from sipsm.grammar import Uri
from sipsm.machine import Agenda, Observer
from sipsm.message import Request
from sipsm.role.alarm import Alarm
from sipsm.role.calls.dialogs import Place
from sipsm.role.calls.requests_in import RequestsIn
from sipsm.role.commanded import Commanded
from sipsm.role.part import Takes
from sipsm.role.soft_state.by_hand import ByHand
from sipsm.role.soft_state.publication_events import PublishRequested, PublishWithdrawn, StatePublished
from sipsm.role.soft_state.undecided import PublishRequest
from sipsm.standalone.composing import Composing, address_of_record
from sipsm.standalone.compositor import Asked, Compositor, StateChanged
from sipsm.standalone.decision import REJECT, TurnDown
from sipsm.standalone.judging import judge
from sipsm.standalone.soft_state import EventState, SoftState
from sipsm.transaction import ServerTransaction

HeaderLines = list[tuple[str, str]]


class StateCompositor(ByHand[PublishRequest]):
    """All that is published at a user agent, and the PUBLISH requests on which the application has yet to decide."""

    rfc = "3903 6"
    worst = 699

    def __init__(
        self,
        requests: RequestsIn,
        agenda: Agenda,
        composing: Composing,
        commanded: Commanded,
        observer: Observer | None,
    ) -> None:
        super().__init__(requests, agenda, commanded, observer)
        self.composing = composing
        self.store = Compositor(composing, requests.ids)
        self.alarms: dict[SoftState, Alarm] = {}
        """What stands for each publication in the agenda."""

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
        return self.wait(asked, self.composing.entries_of_address, now)

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

    def shown(self, asked: PublishRequest, now: float) -> list[Any]:
        """Have the application decide on this, if it is in order."""
        struck = judge(Asked(self.store, asked.request, asked.address))
        if struck is not None:
            # Nobody need be asked.
            return self.step(asked, REJECT, TurnDown(struck.status, None, struck.headers), now)
        return [PublishRequested(asked, asked.request)]

    def accepted(self, asked: PublishRequest, _x: Any, now: float) -> list[Any]:
        """It is to take effect, if it is in order now."""
        publish = Asked(self.store, asked.request, asked.address)
        struck = judge(publish)
        if struck is not None:
            # What it was about has expired since.
            return self.answer(asked, struck.status, None, struck.headers, now)
        headers, changed = self.take(publish, now)
        return [*self.answer(asked, 200, None, headers, now), *changed]

    def withdrawn(self, asked: PublishRequest) -> PublishWithdrawn:
        """Nobody has decided on it in time."""
        return PublishWithdrawn(asked)


def told(changed: StateChanged, request: Request | None) -> StatePublished:
    """What the application is told of a state that holds from now on."""
    return StatePublished(changed.address, changed.event, changed.states, request)
