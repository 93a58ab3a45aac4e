"""What the state of an endpoint is: where it lies, and of which classes.

All that an endpoint holds is in `CONFIG`, with which it was made, in `STATE`, in its agenda, or in its source of
randomness. A new machine, or another class that comes to be held, needs a line in `KINDS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import attrgetter
from typing import Any, Final

from sipsm.auth.account import Account
from sipsm.auth.authentication import Authentication
from sipsm.auth.nonces import Counts
from sipsm.auth.realm import Realm
from sipsm.auth.space import Space
from sipsm.dialog import Dialog
from sipsm.endpoint.element import Element
from sipsm.endpoint.endpoint import Endpoint
from sipsm.endpoint.graph import BYTES, Kind, constant, member, mutable, places, value, written
from sipsm.endpoint.proxy import Proxy
from sipsm.errors import RemoteProtocolError, SnapshotError
from sipsm.grammar import Uri
from sipsm.machine import Agenda, Watched
from sipsm.message import Address as NamedAddress
from sipsm.message import Request, Response, parse_message
from sipsm.message.headers import Event
from sipsm.packages import EventPackage
from sipsm.proxy import ProxyPolicy, RouteTarget
from sipsm.proxy.around import Fork, Proxied
from sipsm.proxy.branch import Branch
from sipsm.proxy.context import ResponseContext
from sipsm.proxy.results import Result
from sipsm.role.alarm import Alarm
from sipsm.role.calls.call import Call, InCall, OutgoingRequest
from sipsm.role.calls.dialogs import Place
from sipsm.role.calls.messaging import LinesAndBody
from sipsm.role.limits import Limits
from sipsm.role.party import Series
from sipsm.role.policy import Policy
from sipsm.role.screening import Profile
from sipsm.role.soft_state.lease import LeaseSeries
from sipsm.role.soft_state.publication import Publication
from sipsm.role.soft_state.registration import Registration
from sipsm.role.soft_state.undecided import PublishRequest, RegisterRequest
from sipsm.role.subscriptions.peer_referral import PeerReferral
from sipsm.role.subscriptions.peer_subscription import NotifyUnderWay, PeerSubscription
from sipsm.role.subscriptions.referral import Referral
from sipsm.role.subscriptions.subscription import OutgoingSubscribe, Subscription, Wanted
from sipsm.sdp import OfferAnswer
from sipsm.standalone.binding import Binding, HeldBinding
from sipsm.standalone.composing import Composing
from sipsm.standalone.decision import Decision
from sipsm.standalone.messages import Line
from sipsm.standalone.publication import Content, EventPublication, Operation, SendPublish
from sipsm.standalone.registering import Registering
from sipsm.standalone.registration import AddressRegistration, RegisterOperation, SendRegister
from sipsm.standalone.soft_state import EventState, SoftState
from sipsm.transaction import (
    ClientTransaction,
    InviteClientTransaction,
    InviteServerTransaction,
    NonInviteClientTransaction,
    NonInviteServerTransaction,
    ServerTransaction,
    TimerValues,
    Transaction,
)
from sipsm.transaction.base import Key
from sipsm.transaction.delivery import Delivery, ResponseDelivery
from sipsm.transport import (
    Address,
    Flow,
    FlowLimits,
    FlowTimes,
    Listening,
    MessageLimits,
    StreamFramer,
    WebSocketFramer,
)
from sipsm.transport.connection import Connection, Waiting
from sipsm.transport.flow import Open
from sipsm.transport.head import HeadSearch
from sipsm.transport.limits import KeepAlive
from sipsm.transport.locate import Hop
from sipsm.transport.locating import LocateLimits, Locating, Question, Target
from sipsm.transport.reading import Reading
from sipsm.usage import EndReason, Invitation, Leg
from sipsm.usage.acknowledging import Acknowledging
from sipsm.usage.around import ASLEEP, DialogId
from sipsm.usage.attempt import Attempt
from sipsm.usage.deciding import PrackIn, UpdateIn
from sipsm.usage.invite_uac import InviteUac
from sipsm.usage.invite_uas import InviteUas
from sipsm.usage.lifetime import Lifetime
from sipsm.usage.notices import LastNotice, Notice, Notices
from sipsm.usage.notifier import Notifier
from sipsm.usage.outputs import Cancel, HangUp, Modify, Reply
from sipsm.usage.referee import Referee
from sipsm.usage.referrer import Referrer
from sipsm.usage.reliable_receiver import ReliableReceiver
from sipsm.usage.reliable_sender import ReliableSender
from sipsm.usage.renewal import Renewal
from sipsm.usage.session import Session
from sipsm.usage.session_timer import Interval, SessionTimer
from sipsm.usage.subscriber import Subscriber
from sipsm.usage.turns import Glare, Turns, UpdateOut

CONFIG: Final[dict[str, tuple[str, Any]]] = {
    "listening": ("listening", tuple[Listening, ...]),
    "profile": ("_agent.profile", Profile),
    "policy": ("_agent.policy", Policy),
    "limits": ("limits", Limits),
    "times": ("_transactions.times", TimerValues),
    "message_limits": ("_flows.message", MessageLimits),
    "flow_limits": ("_flows.limits", FlowLimits),
    "flow_times": ("_flows.times", FlowTimes),
    "keep_alive": ("_flows.keep", KeepAlive | None),
}
"""What an `Endpoint` is made with that is kept, where it has that, and its type: its addresses, and keywords."""

STATE: Final[dict[str, Any]] = {
    "_secret": bytes,
    "_nonces.used": dict[str, Counts],
    "_nonces.horizon": int,
    "_agent.authenticating.accounts": tuple[Account, ...],
    "_agent.authenticating.keyring.spaces": dict[str, list[Space]],
    "_transactions.clients": dict[Key, ClientTransaction],
    "_transactions.servers": dict[Key, ServerTransaction],
    "_transactions.clients_on": dict[Flow, dict[ClientTransaction, None]],
    "_transactions.first_of": dict[int, Key],
    "_sending.waiting": dict[int, Delivery | ResponseDelivery],
    "_sending.deliveries": dict[Key, Delivery],
    "_sending.responses": dict[Key, ResponseDelivery],
    "_sending._asked": int,
    "_flows.connections": dict[Flow, Connection],
    "_flows.opening": dict[int, Connection],
    "_flows.named": dict[Flow, Connection],
    "_flows.held": int,
    "_flows.queued": int,
    "_flows._accepted": dict[tuple[str, Address], Connection],
    "_flows._accepted_count": int,
    "_flows._hosts": dict[str, int],
    "_flows._half_read": dict[Flow, Connection],
    "_flows._users": dict[Flow, int],
    "_flows._opened": int,
    "_agent.calls.all": dict[Call, None],
    "_agent.calls.dialogs": dict[DialogId, Leg],
    "_agent.calls.incoming": dict[ServerTransaction, Invitation],
    "_agent.calls.ended": dict[DialogId, None],
    "_agent.dialogs.all": dict[DialogId, Place],
    "_agent.notifications.all": dict[PeerSubscription, None],
    "_agent.referred.all": dict[PeerReferral, None],
    "_agent.referred.told": dict[str, PeerReferral],
    "_agent.subscriptions.all": dict[Subscription, None],
    "_agent.subscriptions.attempts": dict[tuple[str, str], Attempt],
    "_agent.requests.turns_away": int,
    "_agent.messaging.lines": dict[Call | str, Line],
    "_agent.messaging.unsent": dict[OutgoingRequest, LinesAndBody],
    "_agent.publishing.all": dict[Publication, None],
    "_agent.publishing.lines.all": dict[Uri, list[Publication]],
    "_agent.compositor.store.held": dict[tuple[Uri, str], dict[str, SoftState]],
    "_agent.compositor.store.made": int,
    "_agent.compositor.store.entries": int,
    "_agent.compositor.store.octets": int,
    "_agent.compositor.alarms": dict[SoftState, Alarm],
    "_agent.compositor.lines.all": dict[Uri, list[PublishRequest]],
    "_agent.compositor.undecided": dict[ServerTransaction, PublishRequest],
    "_agent.registrations.all": dict[Registration, None],
    "_agent.registrations.lines.all": dict[Uri, list[Registration]],
    "_agent.registrations.series": dict[Uri, LeaseSeries],
    "_agent.registrations.resting": dict[Uri, None],
    "_agent.registrar.location.held": dict[Uri, list[HeldBinding]],
    "_agent.registrar.location.made": int,
    "_agent.registrar.alarms": dict[HeldBinding, Alarm],
    "_agent.registrar.lines.all": dict[Uri, list[RegisterRequest]],
    "_agent.registrar.undecided": dict[ServerTransaction, RegisterRequest],
}
"""The attributes of an endpoint, and of what it is made of, that change; and their types."""

PROXY_CONFIG: Final[dict[str, tuple[str, Any]]] = {
    **{name: where for name, where in CONFIG.items() if name != "profile"},
    "policy": ("_proxy.policy", ProxyPolicy),
}
"""What a `Proxy` is made with that is kept, likewise: not its routing function."""

PROXY_STATE: Final[dict[str, Any]] = {
    **{path: hint for path, hint in STATE.items() if not path.startswith(("_agent.", "_nonces."))},
    "_proxy.contexts": dict[ServerTransaction, Proxied],
    "_proxy.secret": bytes,
}
"""The attributes of a proxy that change."""

TIMERS: Final = tuple[tuple[float, Alarm | Transaction | Connection | ResponseDelivery], ...]
"""The type of the entries of an agenda."""

_Asking = Invitation | OutgoingRequest | InCall | Publication | Registration | NotifyUnderWay | OutgoingSubscribe
_User = _Asking | Authentication | Fork | None
"""Whom the outputs of a transaction concern."""
_Timed = (
    Call
    | Publication
    | SoftState
    | Registration
    | HeldBinding
    | PeerSubscription
    | PeerReferral
    | Subscription
    | Attempt
    | Proxied
)
"""What an `Alarm` wakes."""
_Contacts = tuple[NamedAddress, ...]
"""What a registration is of."""
_Usage = PeerSubscription | PeerReferral | Subscription
"""What lives in a dialog beside a session."""


def _put(endpoint: Element[Any], path: str, what: Any) -> None:
    *way, name = path.split(".")
    setattr(reduce(getattr, way, endpoint), name, what)


def _message(cls: type) -> Kind:
    """A message, by its bytes."""

    def read(data: bytes) -> Any:
        message = parse_message(data)
        if type(message) is not cls:
            raise RemoteProtocolError(f"it is a {type(message).__name__}")
        return message

    return Kind(cls, ("bytes",), lambda x: (bytes(x),), (lambda x: type(x) is bytes,), read)


KINDS: Final[tuple[Kind, ...]] = (
    places(Endpoint, STATE, _put),
    places(Proxy, PROXY_STATE, _put),
    # what does not change
    BYTES,
    _message(Request),
    _message(Response),
    written(Uri, Uri.parse),
    value(Flow),
    value(Open),
    value(Hop),
    value(Target),
    value(Question),
    value(Waiting),
    value(Cancel),
    value(HangUp),
    value(Modify),
    value(Reply),
    value(Interval),
    member(EndReason),
    value(Content),
    value(Series),
    value(SendPublish),
    member(Operation),
    value(EventState),
    value(Binding),
    written(NamedAddress, NamedAddress.parse),
    value(SendRegister),
    member(RegisterOperation),
    value(RouteTarget),
    value(Result),
    # settings
    value(ProxyPolicy),
    value(Listening),
    value(Profile),
    value(Policy),
    value(Limits),
    value(LocateLimits),
    value(MessageLimits),
    value(TimerValues),
    value(FlowLimits),
    value(FlowTimes),
    value(KeepAlive),
    value(Composing),
    value(Account),
    value(Realm),
    value(Registering),
    value(EventPackage),
    # machines
    mutable(InviteClientTransaction, user=_User),
    mutable(NonInviteClientTransaction, user=_User),
    mutable(InviteServerTransaction, user=None),
    mutable(NonInviteServerTransaction, user=None),
    mutable(Dialog),
    *map(constant, ASLEEP),
    mutable(InviteUac),
    mutable(InviteUas),
    mutable(OfferAnswer),
    mutable(Session),
    mutable(Acknowledging),
    mutable(ReliableReceiver),
    mutable(ReliableSender),
    mutable(PrackIn),
    mutable(UpdateIn),
    mutable(UpdateOut),
    mutable(Turns),
    mutable(Glare),
    mutable(SessionTimer),
    mutable(Delivery, user=_User),
    mutable(ResponseDelivery),
    mutable(Locating),
    mutable(Connection),
    mutable(Reading),
    mutable(EventPublication, wanted=Content, accepted=Content | None, sent=SendPublish | None),
    mutable(Authentication, user=_Asking),
    mutable(SoftState),
    mutable(Decision),
    mutable(AddressRegistration, wanted=_Contacts, accepted=_Contacts | None, sent=SendRegister | None),
    mutable(HeldBinding),
    mutable(Branch),
    mutable(ResponseContext),
    # what holds machines together, or is held by them
    mutable(Call, agent=Endpoint, follows=PeerReferral | None),
    mutable(Alarm, of=_Timed | None),
    mutable(Referral),
    mutable(Referrer),
    mutable(Subscription, agent=Endpoint, referral=Referral | None),
    mutable(Subscriber),
    mutable(Renewal),
    mutable(Lifetime),
    mutable(Attempt, origin=Subscription, alarm=Alarm),
    mutable(OutgoingSubscribe, subscription=Subscription),
    value(Wanted),
    written(Event, Event.parse),
    mutable(Place, usages=list[_Usage]),
    mutable(PeerSubscription, agent=Endpoint, referral=PeerReferral | None),
    mutable(PeerReferral, agent=Endpoint, place=Place | None),
    mutable(Referee),
    mutable(NotifyUnderWay),
    mutable(Notifier),
    mutable(Notices),
    value(Notice),
    value(LastNotice),
    mutable(Publication, agent=Endpoint, life=EventPublication),
    mutable(PublishRequest, agent=Endpoint),
    mutable(Registration, agent=Endpoint, life=AddressRegistration),
    mutable(LeaseSeries),
    mutable(RegisterRequest, agent=Endpoint),
    mutable(Proxied),
    mutable(Fork),
    mutable(Leg, call=Call),
    mutable(Invitation),
    mutable(InCall),
    mutable(OutgoingRequest),
    mutable(Line, pending=OutgoingRequest | None, waiting=list[OutgoingRequest]),
    mutable(Space),
    mutable(Counts),
    mutable(StreamFramer),
    mutable(WebSocketFramer),
    mutable(HeadSearch),
)
"""Every class that can be in a snapshot."""


def config_of(endpoint: Element[Any]) -> dict[str, Any]:
    """What an endpoint like this one is made with."""
    config = PROXY_CONFIG if isinstance(endpoint, Proxy) else CONFIG
    return {name: attrgetter(path)(endpoint) for name, (path, _) in config.items()}


# -------------------------------------------------------------------- the agenda


def enter(agenda: Agenda, entries: Sequence[tuple[float, Watched]], objects: Iterable[object]) -> None:
    """Give entries to a new agenda. Raises `SnapshotError` when an object counts on an entry that is not there."""
    agenda.fill(entries)
    there: set[tuple[float | None, int]] = {(at, id(who)) for at, who in entries}
    for x in objects:
        watched_at = getattr(x, "watched_at", None)
        if watched_at is not None and (watched_at, id(x)) not in there:
            raise SnapshotError("the snapshot has a timer that nobody watches")
