"""A proxy: the transaction user that forwards requests, and makes one answer of what comes back.

RFC 3261 16, RFC 5393, RFC 6026. What comes up from the transactions becomes events of the machines of a request
(`sipsm.proxy.wiring`); what they ask for is carried out here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar import Uri
from sipsm.ids import Ids
from sipsm.machine import Agenda, Observer, Outcome, Step, joint_step
from sipsm.message import Address, Request, Response, Via, cancel_for, response_to
from sipsm.message.headers import MAX_BREADTH
from sipsm.proxy.around import Fork, Proxied
from sipsm.proxy.branch import Branch
from sipsm.proxy.choosing import best, with_all_challenges
from sipsm.proxy.context import FORWARDING, ROUTING, ResponseContext
from sipsm.proxy.forwarding import (
    copy_of,
    rewritten,
    stateless_branch,
    wants_to_stay,
    without_contacts,
    without_our_via,
)
from sipsm.proxy.own import Own
from sipsm.proxy.policy import ProxyPolicy
from sipsm.proxy.results import (
    Answer,
    CancelBranch,
    Forward,
    ForwardBest,
    GiveUpBranch,
    Result,
    Start,
    WithdrawBranch,
)
from sipsm.proxy.route_request import Decided, Refusal, Route, Routed, RouteRequest, RouteRequested
from sipsm.proxy.target import RouteTarget, as_target
from sipsm.proxy.validating import can_be_written, has_looped, loop_mark, objection
from sipsm.proxy.wiring import PROXYING
from sipsm.role import DropNote, DropReason, NotDelivered, RequestServed
from sipsm.transaction import (
    Absorbed,
    AckReceived,
    RequestReceived,
    ResponseReceived,
    ServerTransaction,
    TimedOut,
    TransactionLayer,
    TransportFailed,
    Unmatched,
)
from sipsm.transaction.base import TERMINATED
from sipsm.transaction.sending import NotSent, Sending, SentAs, TriesAgain
from sipsm.transport import Flow, Send


class ProxyCore:
    """The core of a proxy, above the transactions and below the endpoint."""

    def __init__(
        self,
        transactions: TransactionLayer,
        sending: Sending,
        agenda: Agenda,
        ids: Ids,
        policy: ProxyPolicy,
        route: Route | None,
        decided: Decided,
        is_ours: Callable[[Via], bool],
        secret: bytes,
        observer: Observer | None = None,
    ) -> None:
        self.transactions = transactions
        self.sending = sending
        self.agenda = agenda
        self.ids = ids
        self.policy = policy
        self.route = route
        """Who says where requests go; None: the application, each time that it is told `RouteRequested`."""
        self.decided = decided
        self.is_ours = is_ours
        self.secret = secret
        """By which nobody else can tell what a loop is known by."""
        self.observer = observer
        self.own = Own(sending.listening, policy.domains)
        self.contexts: dict[ServerTransaction, Proxied] = {}
        """The requests that are not over, the oldest first."""
        local = sending.listening[0]
        self._via = Via.build(local.transport, *local.advertised, branch=ids.branch(), rport=True)
        if self.own.rewrites:
            sending.ways = self.own.marked

    # ---------------------------------------------------------------- what comes up from the transactions

    def take(self, output: Any, now: float) -> list[Any]:
        """Something for the transaction user; returns sends, events and drop notes."""
        match output:
            case RequestReceived(transaction, request):
                return self._received(transaction, request, now)
            case ResponseReceived() | TimedOut() | TransportFailed() if (
                tries_again := self.sending.heard(output, now)
            ) is not None:
                return tries_again
            case ResponseReceived(transaction, response):
                return self._responded(transaction.user, response, transaction.flow, now)
            case AckReceived(request):
                return self._acknowledged(request, now)
            case TimedOut(ServerTransaction() as transaction):
                late = self.contexts.get(transaction)
                return [] if late is None else self._event(late, "LATE", None, now)
            case TimedOut(transaction):
                return self._failed(transaction.user, "TIMEOUT", 408, now)
            case TransportFailed(ServerTransaction() as transaction):
                # "If the proxy is notified of an error when forwarding a response, it drops the response. The proxy
                # SHOULD NOT cancel any outstanding client transactions associated with this response context due to
                # this notification." (RFC 3261 16.9)
                return [NotDelivered(transaction.wire, "the response could not be sent")]
            case TransportFailed(transaction):
                return self._failed(transaction.user, "FAILURE", 503, now)
            case NotSent(None, request, why):
                return self.undelivered(bytes(request), why, now)
            case NotSent(user, _, _):
                return self._failed(user, "FAILURE", 503, now)
            case TriesAgain(user):
                return self._event(user, "TRIES AGAIN", None, now)
            case SentAs(None, _):
                # An ACK, of which nobody hears again.
                return []
            case SentAs(user, request):
                user.request = request
                if user.record_route:
                    user.record_route = request.lines_of("Record-Route")[0]
                return self._event(user, "SENT", None, now)
            case Unmatched(response):
                # "The proxy MUST NOT forward the response if there is no matching transaction" (RFC 6026 7.2)
                return [DropNote(DropReason.STRAY_RESPONSE, "no transaction waits for it", response)]
            case Absorbed(message, why):
                return [DropNote(DropReason.ABSORBED, why, message)]
        raise AssertionError(f"nobody takes {output!r}")

    def undelivered(self, data: bytes, why: str, now: float) -> list[Any]:
        """A message of no transaction has not gone out: an ACK, or an answer that was made without state."""
        return [NotDelivered(data, why)]

    def wake(self, of: Any, now: float) -> list[Any]:
        """Fire the first timer of a request that is due."""
        _, _, around, machine = min(
            (at, n, around, machine)
            for n, (around, machine) in enumerate(of.timed())
            if (at := machine.next_timeout()) is not None
        )
        return self._event(around, machine.fired(machine.due(now), now), None, now)

    def belongs(self, _request: Request) -> bool:
        """Whether a request belongs to what has been accepted already: a proxy knows of no dialogs."""
        return False

    # ---------------------------------------------------------------- requests

    def _received(self, tx: ServerTransaction, request: Request, now: float) -> list[Any]:
        if request.method == "CANCEL":
            cancelled = self.transactions.invite_of(request) or self.transactions.cancelled_by(request)
            if cancelled is not None:
                return self._cancelled(tx, request, cancelled, now)
        refused = objection(request, self.policy.extensions)
        if refused is not None:
            return self._answer(tx, request, refused, now)
        request, was_routed_here = self.own.routed_on(request, tx.flow)
        mark = loop_mark(request, self.policy.routes_by, self.secret)
        if has_looped(request, mark, self.is_ours):
            return self._answer(tx, request, Answer(482), now)
        is_ours = self.own.decides_for(request)
        if request.method == "CANCEL" and is_ours:
            # Where its INVITE went is not known any more, so nobody can say where it belongs.
            return self._answer(tx, request, Answer(481), now)
        # Deviation: RFC 3261 16.10 has a CANCEL that matches nothing forwarded without state. Its response could not
        # come back then (RFC 6026 8.9): it is forwarded as any other request.
        context = ResponseContext(
            request.method == "INVITE",
            self._breadth(request),
            self.policy.serial,
            self.policy.waits_for_breadth,
            self.policy.timer_c_s,
        )
        arrived_at = self.own.number_of(tx.flow)
        proxied = Proxied(request, tx, context, mark, is_ours, arrived_at, was_routed_here)
        self.contexts[tx] = proxied
        outputs = self._event(proxied, "REQUEST", None, now)
        if not is_ours:
            return [*outputs, *self._event(proxied, "TARGETS", (_itself(request),), now)]
        if self.route is None:
            return [*outputs, RouteRequested(RouteRequest(self.decided, proxied))]
        return [*outputs, *self.decide(proxied, self.route(request), now)]

    def _breadth(self, request: Request) -> int:
        # "If a SIP proxy receives a request with no Max-Breadth header field value, it MUST add one, with a value that
        # is RECOMMENDED to be 60. Proxies MUST have a maximum allowable Incoming Max-Breadth value, which is
        # RECOMMENDED to be 60." (RFC 5393 5.3.3)
        asked = request[MAX_BREADTH]
        return self.policy.max_breadth if asked is None else min(asked, self.policy.max_breadth)

    def decide(self, proxied: Proxied, routed: Routed, now: float) -> list[Any]:
        """What the application says of where a request goes; `LocalProtocolError` when that is decided already."""
        event, x = _decision(routed, self.policy.branches)
        step = Step(now, self.observer)
        outcome = joint_step(PROXYING, proxied, event, x, step)
        if outcome.refusal is not None:
            raise LocalProtocolError(
                f"cannot decide on it in {outcome.state}: {outcome.refusal.text}", rfc=outcome.refusal.rfc
            )
        return self._finish(proxied, step, now)

    def _cancelled(self, tx: ServerTransaction, cancel: Request, cancelled: ServerTransaction, now: float) -> list[Any]:
        # "If a matching response context is found, the element MUST immediately return a 200 (OK) response to the
        # CANCEL request." (RFC 3261 16.10)
        outputs = self._answer(tx, cancel, Answer(200), now, tag=cancelled.to_tag)
        proxied = self.contexts.get(cancelled)
        if proxied is None or not proxied.context.is_invite:
            # "CANCEL has no effect on a request to which a UAS has already given a final response." (RFC 3261 9)  Nor has
            # it on one of another method.
            return outputs
        # "Proxies generating a CANCEL request upon reception of a CANCEL from the previous hop that contains a Reason
        # header field SHOULD copy it into the new CANCEL request." (RFC 3326 2)
        proxied.reasons = tuple(filter(can_be_written, cancel.lines_of("Reason")))
        return [*outputs, *self._event(proxied, "CANCEL", None, now)]

    def _acknowledged(self, ack: Request, now: float) -> list[Any]:
        """An ACK for a 2xx: it is in no transaction, and leaves none behind (RFC 3261 16.11)."""
        if ack.max_forwards == 0:
            return [DropNote(DropReason.STRAY_ACK, "it has been forwarded too often", ack)]
        request, _ = self.own.routed_on(ack, self._presumed_flow(ack))
        target = _itself(request)
        if self.own.decides_for(request):
            routed = None if self.route is None else self.route(request)
            # "A stateless proxy MUST choose one and only one target from the target set." (RFC 3261 16.11)
            found = () if routed is None or isinstance(routed, Refusal) else tuple(map(as_target, routed))
            if not found:
                return [DropNote(DropReason.STRAY_ACK, "nobody says where it goes", ack)]
            target = max(found, key=lambda each: each.q)
        via = self._via.with_branch(stateless_branch(ack, self.secret))
        copy, towards = copy_of(request, target, via, self._breadth(request))
        return self.sending.request(copy, None, now, towards=towards)

    def _presumed_flow(self, ack: Request) -> Flow:
        transport = ack.via.transport.upper()
        local = next((each for each in self.own.listening if each.transport == transport), self.own.listening[0])
        return Flow(local.transport, local.address, ("", 0))

    # ---------------------------------------------------------------- responses

    def _responded(self, fork: Fork | None, response: Response, flow: Flow, now: float) -> list[Any]:
        if fork is None:
            # To a CANCEL of ours.
            return []
        fork.flow = flow
        status = response.status
        if status == 100:
            return self._event(fork, "100", response, now)
        passed = without_our_via(response)
        if passed is None:
            # It cannot go on, but its branch has been heard of, or is over.
            note = DropNote(DropReason.MISROUTED_RESPONSE, "no Via is left in it", response)
            if status < 200:
                return [note, *self._event(fork, "100", response, now)]
            return [note, *self._failed(fork, "FAILURE", 503, now)]
        if fork.record_route:
            instead = self.own.record_route_back(fork.proxied.arrived_at, fork.record_route, flow)
            passed = rewritten(passed, fork.record_route, instead)
        if status < 200:
            return self._event(fork, "1XX", passed, now)
        if status < 300:
            return self._event(fork, "2XX", passed, now)
        return self._event(fork, "FINAL", self._result(fork, passed), now)

    def _result(self, fork: Fork, response: Response) -> Result:
        """What a branch came to, and where else the request is to go for it (RFC 3261 16.7 item 4)."""
        proxied, status = fork.proxied, response.status
        # The Contact of a 305 is a proxy on the way and no target, and that of a 380 another service (RFC 3261 21.3).
        if not (self.policy.recurses and status in {300, 301, 302} and proxied.is_ours):
            return Result(status, response)
        if fork.context.state != FORWARDING or not all(map(can_be_written, response.lines_of("Contact"))):
            return Result(status, response)
        try:
            contacts = response.contacts
        except RemoteProtocolError:
            return Result(status, response)
        room = self.policy.branches - len(fork.context.tried)
        found: list[tuple[Address, RouteTarget]] = []
        for contact in contacts:
            target = self._recursion(proxied, fork, contact, [each.uri for _, each in found])
            if target is not None and len(found) < room:
                found.append((contact, target))
        if not found:
            return Result(status, response)
        left = without_contacts(response, [contact for contact, _ in found])
        return Result(status, left if left.has("Contact") else None, targets=tuple(target for _, target in found))

    def _recursion(self, proxied: Proxied, fork: Fork, contact: Address, found: Sequence[Uri]) -> RouteTarget | None:
        try:
            target = RouteTarget(contact.uri, contact.q)
        except (RemoteProtocolError, LocalProtocolError):
            return None
        # "However, a proxy SHOULD NOT recurse to a non-SIPS URI if the Request-URI of the original request was a SIPS
        # URI." (RFC 3261 16.7 item 4)
        schemes = {"sips"} if proxied.request.scheme == "sips" else {"sip", "sips"}
        if target.uri.scheme not in schemes or any(target.uri == each for each in (*fork.context.tried, *found)):
            return None
        return target

    def _failed(self, fork: Fork | None, event: str, status: int, now: float) -> list[Any]:
        # "the proxy MUST behave as if the forwarded request received a 503 (Service Unavailable) response." (RFC 3261
        # 16.9)
        return [] if fork is None else self._event(fork, event, Result(status), now)

    # ---------------------------------------------------------------- steps

    def _event(self, at: Proxied | Fork, event: str, x: Any, now: float) -> list[Any]:
        """One joint step that no rule refuses, and what it asks for."""
        step = Step(now, self.observer)
        outcome: Outcome = joint_step(PROXYING, at, event, x, step)
        assert outcome.refusal is None, f"{event} is not to be refused: {outcome.refusal}"
        outputs = self._finish(at if isinstance(at, Proxied) else at.proxied, step, now)
        if not outcome.moved and isinstance(x, Response) and event != "100":
            outputs.append(DropNote(DropReason.ABSORBED, outcome.why_not, x))
        return outputs

    def _finish(self, proxied: Proxied, step: Step, now: float) -> list[Any]:
        """Carry out what a step asked for, and forget or watch the request."""
        outputs = [output for at, asked in step.outputs for output in self._carry_out(proxied, at, asked, now)]
        if proxied.is_over:
            proxied.alarm.stop(self.agenda)
            if self.contexts.pop(proxied.transaction, None) is not None:
                proxied.settle()
        else:
            proxied.alarm.set(proxied.next_timeout(), self.agenda)
        return outputs

    def _carry_out(self, proxied: Proxied, at: Any, asked: Any, now: float) -> list[Any]:
        match asked:
            case Start(branches):
                forks = [self._fork(proxied, target, breadth) for target, breadth in branches]
                return [output for fork, towards in forks for output in self._send(fork, towards, now)]
            case Forward(response):
                return self._pass_upstream(proxied, response, now)
            case ForwardBest(results):
                return self._pass_best(proxied, results, now)
            case Answer():
                return self._answer_for(proxied, asked, now)
            case CancelBranch():
                # No other server is tried for an INVITE that is being cancelled.
                withdrawn = self.sending.withdraw(at.request, now)
                cancel = cancel_for(at.request)
                for reason in proxied.reasons:
                    cancel = cancel.with_added("Reason", reason)
                return [*withdrawn, *self.sending.request(cancel, None, now, flow=at.flow)]
            case WithdrawBranch():
                return self.sending.withdraw(at.request, now)
        assert isinstance(asked, GiveUpBranch), "there is nothing else that they ask for"
        return [*self.transactions.give_up(at.request, now)]

    def _fork(self, proxied: Proxied, target: RouteTarget, breadth: int) -> tuple[Fork, Uri]:
        """Another branch, and where its request goes (RFC 3261 16.6)."""
        request = proxied.request
        recorded = ""
        if wants_to_stay(request, proxied.was_routed_here):
            # "If the Request-URI contains a SIPS URI, or the topmost Route header field value (after the post
            # processing of bullet 6) contains a SIPS URI, the URI placed into the Record-Route header field MUST be a
            # SIPS URI." (RFC 3261 16.6 item 4)
            first = target.route[:1] or tuple(map(str, request.route[:1]))
            secure = target.uri.scheme == "sips" or any(Address.parse(each).uri.scheme == "sips" for each in first)
            if self.policy.record_routes or self.own.must_record(proxied.arrived_at, secure):
                recorded = self.own.record_route(0, secure, marked=self.own.rewrites)
        via = self._via.with_branch(self.ids.branch() + proxied.mark)
        copy, towards = copy_of(request, target, via, breadth, recorded)
        branch = Branch(proxied.context.is_invite, breadth, self.transactions.times, self.policy.timer_c_s)
        fork = Fork(proxied, branch, copy, recorded if self.own.rewrites else "")
        proxied.branches.append(fork)
        return fork, towards

    def _send(self, fork: Fork, towards: Uri, now: float) -> list[Any]:
        return [*self._event(fork, "SEND", None, now), *self.sending.request(fork.request, fork, now, towards=towards)]

    # ---------------------------------------------------------------- upstream

    def _pass_upstream(self, proxied: Proxied, response: Response, now: float) -> list[Any]:
        tx = proxied.transaction
        if tx.state == TERMINATED:
            # "If the server transaction is no longer available to handle the transmission, the element MUST forward the
            # response statelessly by sending it to the server transport." (RFC 3261 16.7 item 9)  A late response to
            # another request than an INVITE is of no use to anybody (RFC 4320 4.3).
            return [Send(tx.flow, bytes(response))] if proxied.context.is_invite else []
        return [*self.transactions.respond(tx, response, now)]

    def _pass_best(self, proxied: Proxied, results: tuple[Result, ...], now: float) -> list[Any]:
        chosen = best(results)
        status, response = chosen.status, with_all_challenges(chosen, results)
        if status == 503:
            # "If the only response that was received is a 503, the proxy SHOULD generate a 500 response and forward
            # that upstream." (RFC 3261 16.7 item 6)
            status, response = 500, None
        if response is None or _is_too_late(proxied, status):
            return self._answer_for(proxied, Answer(status), now)
        return self._pass_upstream(proxied, response, now)

    def _answer_for(self, proxied: Proxied, answer: Answer, now: float) -> list[Any]:
        """Answer a request that is proxied."""
        if _is_too_late(proxied, answer.status):
            return []
        return self._answer(proxied.transaction, proxied.request, answer, now)

    def _answer(
        self, tx: ServerTransaction, request: Request, answer: Answer, now: float, *, tag: str | None = None
    ) -> list[Any]:
        """Answer a request as a user agent server (RFC 3261 16.3), and tell so."""
        response = response_to(
            request, answer.status, answer.reason, to_tag=tag or self.ids.tag(), headers=answer.headers
        )
        return [*self.transactions.respond(tx, response, now), RequestServed(request, answer.status)]

    # ---------------------------------------------------------------- what it holds

    @property
    def undecided(self) -> list[RouteRequest]:
        """The requests that wait for the application, the oldest first."""
        return [RouteRequest(self.decided, each) for each in self.contexts.values() if each.context.state == ROUTING]


def _decision(routed: Routed, most: int) -> tuple[str, Any]:
    """What the application says, as an event of the response context."""
    if routed is None:
        # "If the Request-URI indicates a resource at this proxy that does not exist, the proxy MUST return a 404
        # (Not Found) response." (RFC 3261 16.5)
        return "REFUSE", Answer(404)
    if isinstance(routed, Refusal):
        return "REFUSE", Answer(routed.status, routed.reason, routed.headers)
    # "If a target URI is already present in the set (based on the definition of equality for the URI type), it MUST
    # NOT be added again." (RFC 3261 16.5)
    targets: list[RouteTarget] = []
    for target in map(as_target, routed):
        if all(target.uri != each.uri for each in targets):
            targets.append(target)
    # Those that are wanted most.
    targets.sort(key=lambda each: -each.q)
    return "TARGETS", tuple(targets[:most])


def _is_too_late(proxied: Proxied, status: int) -> bool:
    """Whether this is a 408 that is not sent: its sender gives up by itself, and hears nothing any more."""
    # "A transaction-stateful SIP element MUST NOT send a response with Status-Code of 408 to a non-INVITE request." (RFC
    # 4320 4.2)
    return status == 408 and not proxied.context.is_invite


def _itself(request: Request) -> RouteTarget:
    """The target that the request names itself."""
    return RouteTarget(request.uri)
