"""Which machines stand together: those of a dialog, and those of each INVITE in it.

The INVITE that makes a dialog and a re-INVITE are the same thing (RFC 3261 14): each has its life, its reliable
provisional responses, and its ACK or the PRACK requests for it. The branches of a fork share the life of their INVITE.
A machine that most calls never need is asleep: one stands for all of its kind until it is to move (`ASLEEP`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Protocol

from attrs import define, field

from sipsm.dialog import Dialog
from sipsm.machine import Machine
from sipsm.message import Request
from sipsm.sdp import OfferAnswer
from sipsm.transaction import ServerTransaction, TimerValues
from sipsm.transport import Flow
from sipsm.usage.acknowledging import Acknowledging
from sipsm.usage.deciding import PrackIn, UpdateIn
from sipsm.usage.invite_uac import InviteUac
from sipsm.usage.invite_uas import InviteUas
from sipsm.usage.reliable_receiver import ReliableReceiver
from sipsm.usage.reliable_sender import ReliableSender
from sipsm.usage.session import Session
from sipsm.usage.session_timer import SessionTimer
from sipsm.usage.turns import Glare, Turns, UpdateOut

DIALOGS: Final = "each dialog"
"""A scope: every dialog that the INVITE has made."""
INVITES: Final = "each INVITE"
"""A scope: every INVITE that is not over in this dialog."""

DialogId = tuple[str, str, str]
"""Call-ID, local tag, remote tag (RFC 3261 12)."""


def _asleep(name: str, kind: Callable[[], Machine]) -> Any:
    made = kind()
    # A copy of it is itself, and so is what comes back when it was pickled: known by its name in this module.
    more = {"__slots__": (), "__module__": __name__, "__reduce__": lambda _: name, "asleep": True}
    return type(f"Asleep{type(made).__name__}", (type(made),), more)()


_RECEIVER: Final[ReliableReceiver] = _asleep("_RECEIVER", ReliableReceiver)
_SENDER: Final[ReliableSender] = _asleep("_SENDER", ReliableSender)
_ACK: Final[Acknowledging] = _asleep("_ACK", Acknowledging)
_PRACK: Final[PrackIn] = _asleep("_PRACK", PrackIn)
_UPDATE_IN: Final[UpdateIn] = _asleep("_UPDATE_IN", UpdateIn)
_UPDATE_OUT: Final[UpdateOut] = _asleep("_UPDATE_OUT", UpdateOut)
_GLARE: Final[Glare] = _asleep("_GLARE", Glare)
_TIMER: Final[SessionTimer] = _asleep("_TIMER", SessionTimer)

ASLEEP: Final[tuple[Machine, ...]] = (_RECEIVER, _SENDER, _ACK, _PRACK, _UPDATE_IN, _UPDATE_OUT, _GLARE, _TIMER)
"""Those that stand for all machines of their kinds that have not been needed yet."""


class Terms(Protocol):
    """What the machines of a call need to know from their user agent."""

    @property
    def times(self) -> TimerValues:
        """From which all timers are made."""

    @property
    def prack_by_hand(self) -> bool:
        """Whether the application sends each PRACK."""

    @property
    def session_interval_s(self) -> int | None:
        """The session interval that is asked for, in seconds; None: none."""

    @property
    def smallest_interval_s(self) -> int:
        """The smallest session interval that is taken, in seconds."""

    def rseq(self) -> int:
        """Draw the first RSeq of an INVITE (RFC 3262 3)."""


class Owner(Protocol):
    """Whose machines these are: a call."""

    legs: list[Leg]

    @property
    def terms(self) -> Terms:
        """What its user agent lays down."""


@define(eq=False)
class Leg:
    """The machines of one dialog of a call."""

    call: Any
    """Whose it is: an `Owner`."""
    dialog: Dialog
    offer_answer: OfferAnswer = field(factory=OfferAnswer)
    session: Session = field(factory=Session)
    turns: Turns = field(factory=Turns)
    update_in: UpdateIn = _UPDATE_IN
    """The peer's UPDATE requests."""
    update_out: UpdateOut = _UPDATE_OUT
    """Our UPDATE requests."""
    glare: Glare = _GLARE
    """What has collided."""
    timer: SessionTimer = _TIMER
    """The session timer."""
    invitations: list[Invitation] = field(factory=list)
    """The INVITEs in it that are not over; the first made it."""
    known_as: DialogId | None = None
    """Under which identifier it is found, while it is."""
    owed_update: tuple[ServerTransaction, Request] | None = None
    """The UPDATE that waits for the application."""
    peer_allows: tuple[str, ...] | None = None
    """The methods that the peer has named in Allow; None: it has not said (RFC 3261 20.5)."""
    peer_finds_dialogs: bool = False
    """Whether the peer is to be found outside the dialog, and knows Target-Dialog (RFC 4538 3)."""
    was_referred: bool = False
    """Whether a REFER has come in it (RFC 3515 2.4.6)."""
    peer_packages: tuple[str, ...] | None = None
    """The INFO packages that the peer takes; None: it has not said (RFC 6086 5.2.2)."""
    infos: tuple[tuple[str, float], ...] = ()
    """When we sent the last INFO of each package whose rate is limited, in seconds (RFC 6086 10.9)."""
    packages_before: dict[tuple[bool, int], tuple[str, ...] | None] | None = None
    """Those that it took before each request that is not answered yet and names others (RFC 6086 5.2.4), by whether the
    request is ours, and its CSeq number."""

    def __init__(self, call: Any, dialog: Dialog) -> None:
        # One is made for each dialog: written out, it takes half the time.
        self.call = call
        self.dialog = dialog
        self.offer_answer = OfferAnswer()
        self.session = Session()
        self.turns = Turns()
        self.update_in, self.update_out, self.glare, self.timer = _UPDATE_IN, _UPDATE_OUT, _GLARE, _TIMER
        self.invitations = []
        self.known_as = self.owed_update = self.peer_allows = self.peer_packages = self.packages_before = None
        self.peer_finds_dialogs = self.was_referred = False
        self.infos = ()
        self.__attrs_post_init__()

    def __attrs_post_init__(self) -> None:
        if self.call.terms.session_interval_s is not None:
            self.make_timer()

    def make_timer(self) -> SessionTimer:
        """A session timer of its own."""
        terms: Terms = self.call.terms
        self.timer = SessionTimer(terms.session_interval_s, terms.smallest_interval_s)
        return self.timer

    def machines(self) -> Iterator[Machine]:
        """Those of the dialog that are awake."""
        yield self.dialog
        yield self.offer_answer
        yield self.turns
        for machine in (self.update_in, self.update_out, self.glare):
            if not machine.asleep:
                yield machine
        yield self.session
        if not self.timer.asleep:
            yield self.timer

    def timed(self) -> list[tuple[Invitation, Machine]]:
        """The machines that may have a timer running, each with the INVITE at which it is woken."""
        first = self.invitations[0]
        found: list[tuple[Invitation, Machine]] = []
        for invitation in self.invitations:
            found += [(invitation, invitation.invite), (invitation, invitation.reliable)]
        return [*found, (first, self.glare), (first, self.timer)]


@define(eq=False)
class Invitation:
    """The machines of one INVITE in one dialog, with the dialog's around them: where events happen."""

    leg: Leg
    outgoing: bool
    request: Request
    """The INVITE, as it was sent last."""
    invite: InviteUac | InviteUas
    ack: Acknowledging = _ACK
    """The ACK, of an INVITE of ours."""
    prack: PrackIn = _PRACK
    """The peer's PRACK requests."""
    transaction: ServerTransaction | None = None
    """The INVITE's, when it is the peer's."""
    flow: Flow | None = None
    """Where it came from, or where it went, once that is known."""
    wire: bytes = b""
    """Our 2xx, which is sent again until its ACK comes."""
    provisional: bytes = b""
    """Our reliable provisional response, which is sent again until its PRACK comes."""
    acknowledged_with: Request | None = None
    """The ACK for the 2xx, once it has been sent."""
    owed_prack: tuple[ServerTransaction, Request] | None = None
    """The PRACK that waits for the application."""
    reliable: ReliableReceiver | ReliableSender = field(init=False)
    """Its reliable provisional responses."""
    dialog: Dialog = field(init=False)
    offer_answer: OfferAnswer = field(init=False)
    session: Session = field(init=False)
    turns: Turns = field(init=False)

    def __init__(
        self,
        leg: Leg,
        outgoing: bool,
        request: Request,
        invite: InviteUac | InviteUas,
        transaction: ServerTransaction | None = None,
        flow: Flow | None = None,
    ) -> None:
        self.leg = leg
        self.outgoing = outgoing
        self.request = request
        self.invite = invite
        self.ack = _ACK
        self.prack = _PRACK
        self.transaction = transaction
        self.flow = flow
        self.wire = self.provisional = b""
        self.acknowledged_with = self.owed_prack = None
        self.__attrs_post_init__()

    def __attrs_post_init__(self) -> None:
        leg = self.leg
        self.reliable = _RECEIVER if self.outgoing else _SENDER
        self.dialog = leg.dialog
        self.offer_answer = leg.offer_answer
        self.session = leg.session
        self.turns = leg.turns

    @property
    def uac(self) -> InviteUac:
        """The machine of an INVITE of ours."""
        assert isinstance(self.invite, InviteUac), "it is ours"
        return self.invite

    def awaken(self, place: str) -> Machine:
        """Make the machine of a place, which now is to move."""
        leg = self.leg
        machine: Machine
        match place:
            case "ack":
                machine = self.ack = Acknowledging()
            case "reliable" if self.outgoing:
                machine = self.reliable = ReliableReceiver()
            case "reliable":
                terms: Terms = leg.call.terms
                machine = self.reliable = ReliableSender(terms.times, terms.rseq())
            case "prack":
                machine = self.prack = PrackIn()
            case "update_in":
                machine = leg.update_in = UpdateIn()
            case "update_out":
                machine = leg.update_out = UpdateOut()
            case "glare":
                machine = leg.glare = Glare()
            case _:
                assert place == "timer", f"{place} is never asleep"
                machine = leg.make_timer()
        return machine

    def is_alone(self) -> bool:
        """Whether it is the only INVITE of its dialog that is not over, and that the only dialog of its call."""
        leg = self.leg
        if len(leg.invitations) > 1 or len(leg.call.legs) > 1:
            return False
        return leg.invitations[0] is self

    def within(self, scope: str, _place: str) -> Sequence[Invitation]:
        """The INVITEs of this scope."""
        if scope == DIALOGS:
            return [leg.invitations[0] for leg in self.leg.call.legs]
        assert scope == INVITES, f"no such scope: {scope}"
        return self.leg.invitations

    def settle(self) -> None:
        """The INVITE is over: what would have been sent again is not kept, and of the INVITE the bytes alone."""
        self.request.pack()
        self.wire = self.provisional = b""
        self.acknowledged_with = None
        if self.transaction is not None:
            self.transaction.shorten()
            self.transaction = None

    def machines(self) -> Iterator[Machine]:
        """Those of the INVITE that are awake."""
        yield self.invite
        for machine in (self.reliable, self.ack, self.prack):
            if not machine.asleep:
                yield machine
