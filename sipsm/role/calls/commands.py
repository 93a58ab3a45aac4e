"""What an application can have done with a call: each command as an event of the machines, where a rule lets it.

RFC 3261 9.1, 13, 14.1, 15; RFC 3262 3 and 5; RFC 3311 5; RFC 6086 4.2.1. A command that is refused changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any, Final

from attrs import evolve

from sipsm.errors import LocalProtocolError
from sipsm.grammar.text_value import built
from sipsm.ids import Ids
from sipsm.machine import joint_step
from sipsm.message import Request, response_to
from sipsm.message.headers import REQUIRE, InfoPackage
from sipsm.message.names import canonical
from sipsm.role.calls.call import Call, InCall
from sipsm.role.calls.calls import Calls
from sipsm.role.calls.events import ModificationRefused
from sipsm.role.checking import check_headers, refuse_100rel
from sipsm.role.policy import Policy
from sipsm.role.writing import Writing, content
from sipsm.sdp import offer_answer
from sipsm.transaction import TimerValues
from sipsm.transaction.sending import Sending
from sipsm.usage import CALL, Invitation, Leg, session
from sipsm.usage.acknowledging import OWED as ACK_OWED
from sipsm.usage.invite_uac import InviteUac
from sipsm.usage.invite_uas import UNANSWERED
from sipsm.usage.outputs import Acknowledge, Ask, Cancel, Decide, HangUp, Modify, Prack, Reply, TryAgain
from sipsm.usage.reliable_receiver import OWED as PRACK_OWED
from sipsm.usage.session_timer import says

NOT_FOR_ASKING: Final = {
    "INVITE": "call `invite`, or `call.offer`",
    "ACK": "an ACK is sent by itself",
    "BYE": "call `hang_up`",
    "CANCEL": "call `cancel`",
    "PRACK": "a PRACK is sent by itself, or by `call.acknowledge`",
    "UPDATE": "call `call.offer`",
}

# "The CANCEL request MUST NOT contain any Require or Proxy-Require header fields." (RFC 3261 9.1)
NOT_IN_CANCEL: Final = frozenset(("require", "proxy-require"))

_SENT_WITHIN: Final = frozenset({Modify, Ask, HangUp, Prack})
_STATUSES: Final = {
    "ring": range(101, 200),
    "ring reliably": range(101, 200),
    "ring unreliably": range(101, 200),
    "answer": range(200, 300),
    "reject": range(300, 700),
    "reject the offer": range(300, 700),
}
"""By the command that answers: with what it may."""

_WITHIN_OUR_INVITE: Final = frozenset({offer_answer.GOT_IN_1XX, offer_answer.GOT_IN_2XX})
_IN_REINVITE: Final = frozenset({offer_answer.GOT_IN_INVITE, offer_answer.SHOWN, offer_answer.TO_OFFER})


class Commands:
    """The commands of calls."""

    def __init__(
        self, calls: Calls, writing: Writing, sending: Sending, policy: Policy, ids: Ids, times: TimerValues
    ) -> None:
        self.calls = calls
        self.writing = writing
        self.sending = sending
        self.policy = policy
        self.ids = ids
        self.times = times
        self.message: Callable[[Leg, Ask, float], list[Any]]
        """Sends a MESSAGE in a call, when those before it are answered."""
        self.refer: Callable[[Leg, Any, float], list[Any]]
        """Sends a REFER."""
        self.ways: Final[dict[str, Callable[[Leg, Any, float], list[Any]]]] = {
            "ring": self.ring,
            "ring reliably": self.ring_reliably,
            "ring unreliably": self.ring_unreliably,
            "answer": self.answer,
            "reject": self.reject,
            "cancel": self.cancel,
            "acknowledge": self.acknowledge,
            "answer the offer": self.answer_offer,
            "reject the offer": self.reject_offer,
            "offer": self.offer,
            "hang up": self.hang_up,
            "send a request": self.ask,
            "send an INFO": self.info,
            "refer": self.refer_peer,
        }

    def command(self, call: Call, command: str, x: Any, now: float, dialog: Leg | None = None) -> list[Any]:
        """Take a command. Raises `LocalProtocolError` when a rule forbids it."""
        leg = call.here if dialog is None else dialog
        if leg.call is not call:
            raise LocalProtocolError(f"cannot {command}: that dialog is not this call's")
        self.check(leg, command, x)
        if x.__class__ in _SENT_WITHIN:
            # What it asks for is sent when all machines have moved: that must not fail then.
            leg.dialog.check(getattr(x, "method", command))
        return self.ways[command](leg, x, now)

    def give(self, command: str, at: Invitation, event: str, x: Any, now: float) -> list[Any]:
        """One event that may be refused."""
        calls = self.calls
        step = calls.step.anew(now)
        outcome = joint_step(CALL, at, event, x, step)
        if outcome.moved:
            return calls.finish(at.leg, step, None, now)
        assert outcome.refusal is not None, f"nobody takes {event}: {outcome.why_not}"
        raise LocalProtocolError(
            f"cannot {command} in state {outcome.state}: {outcome.refusal.text}", rfc=outcome.refusal.rfc
        )

    # ---------------------------------------------------------------- on an INVITE of the peer

    def ring(self, leg: Leg, x: Reply, now: float) -> list[Any]:
        """A provisional response, sent reliably as the policy and the peer want it."""
        at = _asked("ring", leg)
        if x.status == 199:
            _check_199(at, x)
        # "If the request did not include either a Supported or Require header field indicating this feature, the UAS
        # MUST NOT send the provisional response reliably." (RFC 3262 3)
        if _requires(at.request) or (self.policy.reliable and says(at.request, "100rel")):
            return self.ring_reliably(leg, x, now)
        return self.give("ring", at, "PROVISION+SDP" if x.body else "PROVISION", x, now)

    def ring_reliably(self, leg: Leg, x: Reply, now: float) -> list[Any]:
        """A provisional response that is sent again until its PRACK comes."""
        at = _asked("ring", leg)
        if x.status == 199:
            _check_199(at, x)
        if not says(at.request, "100rel"):
            raise LocalProtocolError("cannot ring reliably: the peer does not support 100rel", rfc="3262 3")
        return self.give("ring", at, "REL+SDP" if x.body else "REL", x, now)

    def ring_unreliably(self, leg: Leg, x: Reply, now: float) -> list[Any]:
        """A provisional response that may be lost."""
        at = _asked("ring", leg)
        if x.status == 199:
            _check_199(at, x)
        # "The UAS MUST send any non-100 provisional response reliably if the initial request contained a Require header
        # field with the option tag 100rel." (RFC 3262 3)
        if _requires(at.request):
            raise LocalProtocolError("cannot ring unreliably: the peer requires 100rel", rfc="3262 3")
        return self.give("ring", at, "PROVISION+SDP" if x.body else "PROVISION", x, now)

    def answer(self, leg: Leg, x: Reply, now: float) -> list[Any]:
        """A 2xx."""
        return self.give("answer", _asked("answer", leg), "ACCEPT+SDP" if x.body else "ACCEPT", x, now)

    def reject(self, leg: Leg, x: Reply, now: float) -> list[Any]:
        """A final response that is none."""
        return self.give("reject", _asked("reject", leg), "REJECT", x, now)

    # ---------------------------------------------------------------- on an INVITE of ours

    def cancel(self, leg: Leg, x: Cancel, now: float) -> list[Any]:
        """A CANCEL, for the re-INVITE that is under way, or for the INVITE that calls."""
        ours = [at for at in leg.invitations if at.outgoing]
        if not ours:
            raise LocalProtocolError("cannot cancel: that is not for the callee", rfc="3261 9.1")
        return self.give("cancel", ours[-1], "GIVE UP", x, now)

    def acknowledge(self, leg: Leg, x: Prack, now: float) -> list[Any]:
        """A PRACK that waited for this."""
        at = next((at for at in leg.invitations if at.outgoing and at.reliable.state == PRACK_OWED), None)
        if at is None:
            raise LocalProtocolError("cannot acknowledge: no reliable provisional response waits for it", rfc="3262 4")
        return self.give("acknowledge", at, ">PRACK+SDP" if x.body else ">PRACK", x, now)

    # ---------------------------------------------------------------- offers

    def answer_offer(self, leg: Leg, x: Acknowledge, now: float) -> list[Any]:
        """The answer goes where the offer's carrier has its place for it (RFC 6337 2)."""
        first, command = leg.invitations[0], "answer the offer"
        sdp, headers = x.body, x.headers
        match leg.offer_answer.state:
            case offer_answer.GOT_IN_2XX:
                at = next(at for at in leg.invitations if at.ack.state == ACK_OWED)
                return self.give(command, at, ">ACK+SDP", x, now)
            case offer_answer.GOT_IN_1XX:
                at = next(at for at in leg.invitations if at.outgoing and at.reliable.state == PRACK_OWED)
                return self.give(command, at, ">PRACK+SDP", Prack(None, sdp, x.content_type, headers), now)
            case offer_answer.GOT_IN_UPDATE:
                return self.give(
                    command, first, ">UPDATE 2XX+SDP", Decide("UPDATE", 200, None, sdp, headers=headers), now
                )
            case offer_answer.GOT_IN_PRACK:
                at = next(at for at in leg.invitations if at.owed_prack is not None)
                return self.give(command, at, ">PRACK 2XX+SDP", Decide("PRACK", 200, None, sdp, headers=headers), now)
            case state if state in _IN_REINVITE and leg.session.state != session.INVITED:
                return self.give(
                    command, _asked(command, leg), "ACCEPT+SDP", Reply(200, None, sdp, headers=headers), now
                )
            case state if state in _IN_REINVITE:
                raise LocalProtocolError(f"cannot {command}: it came with the call; answer that", rfc="3261 13.3.1.4")
        raise LocalProtocolError(f"cannot {command}: no offer of the peer waits for an answer", rfc="3264 4")

    def reject_offer(self, leg: Leg, x: Decide, now: float) -> list[Any]:
        """What may be refused is a re-INVITE or an UPDATE; an offer in a response or PRACK can only be answered."""
        command = "reject the offer"
        match leg.offer_answer.state:
            case offer_answer.GOT_IN_UPDATE:
                return self.give(command, leg.invitations[0], ">UPDATE REFUSAL", x, now)
            case state if state in _IN_REINVITE and leg.session.state != session.INVITED:
                return self.give(
                    command, _asked(command, leg), "REJECT", Reply(x.status, x.reason, headers=x.headers), now
                )
            case state if state in _IN_REINVITE:
                raise LocalProtocolError(f"cannot {command}: it came with the call; reject that", rfc="3261 13.3.1.3")
            case offer_answer.GOT_IN_PRACK:
                raise LocalProtocolError(
                    f"cannot {command}: a PRACK is not refused; answer it with its streams refused", rfc="3262 3"
                )
            case state if state in _WITHIN_OUR_INVITE:
                raise LocalProtocolError(
                    f"cannot {command}: it came in a response; answer it with its streams refused, or hang up",
                    rfc="3261 13.2.2.4",
                )
        raise LocalProtocolError(f"cannot {command}: no offer of the peer waits for an answer", rfc="3264 4")

    def offer(self, leg: Leg, x: Modify, now: float) -> list[Any]:
        """A re-INVITE or an UPDATE."""
        if x.method == "UPDATE":
            # "the UAC knows that the callee supports UPDATE, and the UAC is allowed to follow the procedures of Section
            # 5.1." (RFC 3311 4)  A peer without Allow "is not providing any information on what methods it supports"
            # (RFC 3261 20.5), and may be asked.
            if leg.peer_allows is not None and "UPDATE" not in leg.peer_allows:
                raise LocalProtocolError("cannot offer by UPDATE: the peer does not allow it", rfc="3311 4")
            event = ">UPDATE"
            at = next((each for each in leg.invitations if each.reliable.bears_sdp), leg.invitations[0])
        else:
            event = ">REINVITE"
            invite = InviteUac(self.times, modifies=True)
            # Its request is built when nobody has refused it.
            at = Invitation(leg, True, leg.invitations[0].request, invite)
        step = self.calls.step.anew(now)
        wish = evolve(x, since=leg.offer_answer.agreed)
        outcome = joint_step(CALL, at, event + ("+SDP" if x.body else ""), wish, step)
        if outcome.refusal is not None:
            raise LocalProtocolError(
                f"cannot offer in state {outcome.state}: {outcome.refusal.text}", rfc=outcome.refusal.rfc
            )
        # What is refused changes nothing, not even what is drawn next.
        keeper = leg.update_out if x.method == "UPDATE" else leg.turns
        keeper.wish = evolve(wish, wait_s=self.wait(leg))
        request = self.writing.modifying(leg, wish)
        user: Any = InCall("UPDATE", at)
        if x.method == "INVITE":
            at.request, user = request, at
            leg.invitations.append(at)
        outputs = self.calls.finish(leg, step, None, now)
        return outputs + self.sending.request(request, user, now, towards=leg.dialog.hop_of(request))

    def wait(self, leg: Leg) -> float:
        """How long to wait after a collision, in seconds (RFC 3261 14.1)."""
        # "If the UAC is the owner of the Call-ID of the dialog ID (meaning it generated the value), T has a randomly
        # chosen value between 2.1 and 4 seconds in units of 10 ms." And if not, "between 0 and 2 seconds in units of 10
        # ms."
        drawn = self.ids.source.getrandbits(32)
        return (210 + drawn % 191) / 100 if leg.dialog.uac else (drawn % 201) / 100

    def try_again(self, at: Invitation, x: TryAgain, now: float) -> list[Any]:
        """What collided, once more, where nothing is in its way now."""
        try:
            return self.offer(at.leg, x.wish, now)
        except LocalProtocolError:
            return [] if x.wish.refresh else [ModificationRefused(at.leg.call, x.wish.method, 491, None, None)]

    def refresh(self, at: Invitation, now: float) -> list[Any]:
        """A session refresh request: a bare UPDATE where the peer knows it, else a re-INVITE (RFC 4028 7.4)."""
        leg = at.leg
        knows_update = leg.peer_allows is not None and "UPDATE" in leg.peer_allows
        wish = (
            Modify("UPDATE", refresh=True) if knows_update else Modify("INVITE", leg.offer_answer.local, refresh=True)
        )
        try:
            return self.offer(leg, wish, now)
        except LocalProtocolError:
            # Another request is under way; its 2xx refreshes too, or the timer asks again.
            return []

    # ---------------------------------------------------------------- other requests

    def hang_up(self, leg: Leg, x: HangUp, now: float) -> list[Any]:
        """A BYE."""
        return self.give("hang up", leg.invitations[0], "HANG UP", x, now)

    def ask(self, leg: Leg, x: Ask, now: float) -> list[Any]:
        """A request that is nobody's business but the application's."""
        refuse_session_methods(x.method)
        if x.method == "INFO":
            return self.info(leg, x, now)
        if x.method == "MESSAGE":
            return self.message(leg, x, now)
        return self.give("send a request", leg.invitations[0], "ASK", x, now)

    def refer_peer(self, leg: Leg, x: Any, now: float) -> list[Any]:
        """A REFER."""
        return self.refer(leg, x, now)

    def info(self, leg: Leg, x: Ask, now: float) -> list[Any]:
        """An INFO, of a package that the peer takes."""
        named = [value for name, value in x.headers if canonical(name) == "info-package"]
        # "A specific INFO request can be used only for a single Info Package." (RFC 6086 4.2.1)  One with two cannot be
        # built.
        # "A UA MUST NOT send an INFO request outside an invite dialog usage and MUST NOT send an INFO request for an
        # Info Package inside an invite dialog usage if the remote UA has not indicated willingness to receive that Info
        # Package within that dialog." (RFC 6086 4.2.1)
        package = built(InfoPackage.parse, named[0]).name if named else ""
        if named and package not in (leg.peer_packages or ()):
            raise LocalProtocolError(f"cannot send an INFO of {named[0]}: the peer does not take it", rfc="6086 4.2.1")
        least_s, sent_at = dict(self.policy.info_intervals_s).get(package), dict(leg.infos)
        if least_s is not None and now < sent_at.get(package, -inf) + least_s:
            raise LocalProtocolError(
                f"cannot send an INFO of {package} yet: there is one each {least_s:g} s at most", rfc="6086 10.9"
            )
        outputs = self.give("send an INFO", leg.invitations[0], "ASK", x, now)
        if least_s is not None:
            leg.infos = tuple({**sent_at, package: now}.items())
        return outputs

    # ---------------------------------------------------------------- what could not be built

    def check(self, leg: Leg, command: str, x: Any) -> None:
        """Raises `LocalProtocolError` when a command's message could not be built, before anything has moved."""
        statuses = _STATUSES.get(command)
        if statuses is not None:
            if type(x.status) is not int or x.status not in statuses:
                allowed = f"{statuses[0]} to {statuses[-1]}"
                raise LocalProtocolError(f"cannot send {x.status} here: it is not in {allowed}", rfc="3261 13.3.1")
            if x.headers:
                check_headers(x.headers, contact=command == "reject")
            if x.reason is not None:
                response_to(leg.invitations[0].request, x.status, x.reason, headers=x.headers)
            elif x.headers:
                Request.build("BYE", leg.invitations[0].request.uri, x.headers)
            return
        if x.headers:
            check_headers(x.headers)
            refuse_100rel(getattr(x, "method", command), x.headers)
            if command == "cancel" and any(canonical(name) in NOT_IN_CANCEL for name, _ in x.headers):
                raise LocalProtocolError("a CANCEL has no Require and no Proxy-Require", rfc="3261 9.1")
        if command == "offer" and x.method not in {"INVITE", "UPDATE"}:
            raise LocalProtocolError(f"cannot offer by {x.method}: it is INVITE or UPDATE", rfc="3264 4")
        if isinstance(x, Ask):
            Request.build(x.method, leg.invitations[0].request.uri, [*x.headers, *content(x)], x.body)
            return
        if command == "answer the offer" and not x.body:
            raise LocalProtocolError("cannot answer the offer: an answer is a session description", rfc="3264 6")
        if x.headers:
            Request.build("BYE", leg.invitations[0].request.uri, x.headers)


def refuse_session_methods(method: str) -> None:
    """Raises `LocalProtocolError` for the methods that have commands of their own."""
    if method in NOT_FOR_ASKING:
        raise LocalProtocolError(f"cannot ask {method}: {NOT_FOR_ASKING[method]}", rfc="3261 13")


def _check_199(at: Invitation, x: Reply) -> None:
    # "If the Supported header field of an initial dialog initiation request does not contain a "199" option-tag, the
    # UAC MUST NOT send a 199 response on any early dialog associated with the request." And: "The UAS MUST also insert
    # a Reason header field [RFC3326] that contains a response code describing the reason why the early dialog was
    # terminated." (RFC 6228 5)
    if not says(at.request, "199"):
        raise LocalProtocolError("cannot ring with 199: the peer does not support it", rfc="6228 5")
    if not any(canonical(name) == "reason" for name, _ in x.headers):
        raise LocalProtocolError("cannot ring with 199: it needs a Reason header with a cause", rfc="6228 5")


def _requires(invite: Request) -> bool:
    return "100rel" in invite[REQUIRE]


def _asked(command: str, leg: Leg) -> Invitation:
    """The INVITE of the peer that a command is about: the one that is unanswered, else the last."""
    last = None
    for at in leg.invitations:
        if not at.outgoing:
            if at.invite.state in UNANSWERED:
                return at
            last = at
    if last is None:
        raise LocalProtocolError(f"cannot {command}: that is not for the caller", rfc="3261 13")
    return last
