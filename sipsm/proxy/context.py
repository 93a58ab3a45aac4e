"""The response context of a proxied request: what its branches come to, and the one answer that is made of it.

RFC 3261 16.2, 16.5 to 16.7, 16.10; RFC 5393 5.3 (Max-Breadth); RFC 4320 4 (requests other than INVITE). Which response
is the best is said in `sipsm.proxy.choosing`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define, field

from sipsm.grammar import Uri
from sipsm.machine import Ignore, Machine, Refuse, Row, Step, Table, Timer, always, once
from sipsm.message import Response
from sipsm.proxy.results import Answer, Forward, ForwardBest, Result, Start
from sipsm.proxy.target import RouteTarget, grouped

INITIAL: Final = "Initial"
ROUTING: Final = "Routing"
FORWARDING: Final = "Forwarding"
STOPPING: Final = "Stopping"
ACCEPTED: Final = "Accepted"
COMPLETED: Final = "Completed"

OVER: Final = frozenset({ACCEPTED, COMPLETED})
"""Where a final response has been forwarded, or none will be."""


@define(eq=False)
class ResponseContext(Machine):
    """All the branches of one request."""

    table: ClassVar[Table]
    is_invite: bool
    free: int = 60
    """How much of the incoming Max-Breadth no branch has (RFC 5393 5.3.2)."""
    serial: bool = False
    """Whether one target is tried after the other, whatever their q-values."""
    waits_for_breadth: bool = True
    """Whether targets that are to be tried at once, and are too many for that, are tried as others end."""
    timer_c_s: float = 181.0
    groups: list[list[RouteTarget]] = field(factory=list)
    """The targets that are still to be tried, in groups, of which the first is being tried."""
    tried: list[Uri] = field(factory=list)
    """All URIs that have been in the target set."""
    pending: int = 0
    """How many branches have no final response yet."""
    results: list[Result] = field(factory=list)
    """What the others came to, until a final response is forwarded."""


# -------------------------------------------------------------------- guards


def is_invite(context: ResponseContext, _x: Any, _at: Any) -> bool:
    """It is an INVITE."""
    return context.is_invite


def is_empty(_: ResponseContext, targets: tuple[RouteTarget, ...], _at: Any) -> bool:
    """There is nowhere to go."""
    return not targets


def is_too_narrow(context: ResponseContext, targets: tuple[RouteTarget, ...], _at: Any) -> bool:
    """More branches at once are wanted than Max-Breadth allows, and they are not to wait for each other."""
    return not context.waits_for_breadth and any(len(each) > context.free for each in grouped(targets, context.serial))


def is_global_failure(context: ResponseContext, result: Result, _at: Any) -> bool:
    """A 6xx, while other branches are pending."""
    return result.status >= 600 and context.pending > 1


def is_last(context: ResponseContext, result: Result, _at: Any) -> bool:
    """No branch is pending beside this one, and there is, or may be, no other target."""
    if context.pending > 1:
        return False
    return result.status >= 600 or not (result.targets or any(context.groups))


def is_last_pending(context: ResponseContext, _x: Any, _at: Any) -> bool:
    """No branch is pending beside this one."""
    return context.pending == 1


# -------------------------------------------------------------------- actions


def take_targets(context: ResponseContext, targets: tuple[RouteTarget, ...], _step: Step) -> None:
    """They are the target set."""
    context.tried += [each.uri for each in targets]
    context.groups = grouped(targets, context.serial)


def start(context: ResponseContext, _x: Any, step: Step) -> None:
    """Forward the request to as many of those whose turn it is as Max-Breadth allows."""
    groups = context.groups
    while groups and not groups[0] and not context.pending:
        del groups[0]
    if not groups or not groups[0]:
        return
    # "SIP proxies MUST NOT allow the Outgoing Max-Breadth to exceed the Incoming Max-Breadth in a given response
    # context." (RFC 5393 5.3.3)
    now = groups[0][: context.free]
    del groups[0][: len(now)]
    # "A proxy SHOULD NOT use a smaller amount of Max-Breadth than was present in the original request" (RFC 5393 5.3.3)
    share, more = divmod(context.free, len(now))
    context.free = 0
    context.pending += len(now)
    step.emit(Start(tuple((target, share + (n < more)) for n, target in enumerate(now))))


def keep(context: ResponseContext, result: Result, _step: Step) -> None:
    """A branch is over: what it came to may be the answer."""
    # "whenever a final response arrives, the Max-Breadth that was used on that branch becomes available for reuse."
    # (RFC 5393 5.3.3.1)
    context.pending -= 1
    context.free += result.breadth
    if result.targets:
        # "a proxy may choose to incorporate contacts obtained in a redirect response (3xx) into the target set."
        # (RFC 3261 16.5)
        context.tried += [each.uri for each in result.targets]
        context.groups[1:1] = grouped(result.targets, context.serial)
    # "If the proxy recurses on all of the contacts in a 3xx response, the proxy SHOULD NOT add the resulting
    # contactless response to the response context." (RFC 3261 16.7 item 4)
    if result.response is not None or not result.targets:
        context.results.append(result)


def forward(_: ResponseContext, response: Response, step: Step) -> None:
    """Pass the response upstream at once."""
    step.emit(Forward(response))


def forward_best(context: ResponseContext, _x: Any, step: Step) -> None:
    """All has come that will come."""
    step.emit(ForwardBest(tuple(context.results)))


def stop(context: ResponseContext, _x: Any, step: Step) -> None:
    """Start no further branch, and cancel those that are pending."""
    # "it MUST NOT create any new branches in this context." (RFC 3261 16.7 item 5)
    context.groups = []
    step.cause("STOP")


def settle(context: ResponseContext, _x: Any, _step: Step) -> None:
    """What was kept is needed no more."""
    context.groups, context.tried, context.results = [], [], []


def answer_480(_: ResponseContext, _x: Any, step: Step) -> None:
    """There is nobody to be reached."""
    # "If the target set remains empty after applying all of the above, the proxy MUST return an error response, which
    # SHOULD be the 480 (Temporarily Unavailable) response." (RFC 3261 16.5)
    step.emit(Answer(480))


def answer_440(_: ResponseContext, _x: Any, step: Step) -> None:
    """Max-Breadth does not suffice."""
    step.emit(Answer(440))


def answer_487(_: ResponseContext, _x: Any, step: Step) -> None:
    """It was cancelled before it was forwarded."""
    step.emit(Answer(487))


def answer_408(_: ResponseContext, _x: Any, step: Step) -> None:
    """Nobody has said where to forward it to."""
    step.emit(Answer(408))


def refuse(_: ResponseContext, answer: Answer, step: Step) -> None:
    """It is not forwarded."""
    step.emit(answer)


def timer_c(context: ResponseContext) -> float:
    """As long as Timer C."""
    return context.timer_c_s


# fmt: off
ResponseContext.table = Table(
    "response context",
    rfc="3261 16.2",
    initial=INITIAL,
    rows=(
        #   state                   input            guard              next        actions                       RFC
        Row(INITIAL,                "REQUEST",       always,            ROUTING,    (),                           "3261 16.5"),
        Row(ROUTING,                "TARGETS",       is_empty,          COMPLETED,  (answer_480,),                "3261 16.5"),
        # "If a SIP proxy determines a response context has insufficient Incoming Max-Breadth to carry out a desired
        # parallel fork, and the proxy is unwilling/unable to compensate by forking serially": 440.
        Row(ROUTING,                "TARGETS",       is_too_narrow,     COMPLETED,  (answer_440,),                "5393 5.3.3"),
        Row(ROUTING,                "TARGETS",       always,            FORWARDING, (take_targets, start),        "3261 16.6"),
        Row(ROUTING,                "REFUSE",        always,            COMPLETED,  (refuse,),                    "3261 16.5"),
        Row(ROUTING,                "CANCEL",        always,            COMPLETED,  (answer_487,),                "3261 9.2"),
        Row(ROUTING,                "Timer routing", always,            COMPLETED,  (answer_408,),                "3261 16.7"),
        # "Any provisional response other than 100 (Trying)" and "Any 2xx response" go on at once.
        Row({FORWARDING, STOPPING}, "PROVISIONAL",   is_invite,         None,       (forward,),                   "3261 16.7"),
        # "If the forwarded response was a final response, the proxy MUST generate a CANCEL request for all pending
        # client transactions associated with this response context."
        Row({FORWARDING, STOPPING}, "ANSWERED",      is_invite,         ACCEPTED,   (forward, stop, settle),      "3261 16.7"),
        Row({FORWARDING, STOPPING}, "ANSWERED",      always,            COMPLETED,  (forward, settle),            "3261 16.7"),
        # "After a final response has been sent on the server transaction, the following responses MUST be forwarded
        # immediately: ... Any 2xx response to an INVITE request"
        Row(ACCEPTED,               "ANSWERED",      always,            None,       (forward,),                   "3261 16.7"),
        # "A proxy SHOULD also generate a CANCEL request for all pending client transactions associated with this
        # response context when it receives a 6xx response."
        Row(FORWARDING,             "RESULT",        is_global_failure, STOPPING,   (keep, stop),                 "3261 16.7"),
        # "A stateful proxy MUST send a final response to a response context's server transaction if no final responses
        # have been immediately forwarded by the above rules and all client transactions in this response context have
        # been terminated."
        Row(FORWARDING,             "RESULT",        is_last,           COMPLETED,  (keep, forward_best, settle), "3261 16.7"),
        Row(FORWARDING,             "RESULT",        always,            None,       (keep, start),                "3261 16.6"),
        Row(STOPPING,               "RESULT",        is_last_pending,   COMPLETED,  (keep, forward_best, settle), "3261 16.7"),
        Row(STOPPING,               "RESULT",        always,            None,       (keep,),                      "3261 16.7"),
        # "the element MUST generate CANCEL requests for all pending client transactions in the context"
        Row(FORWARDING,             "CANCEL",        always,            STOPPING,   (stop,),                      "3261 16.10"),
        # "an element that cannot respond before the transaction expires will not send a final response at all."
        Row({ROUTING, FORWARDING, STOPPING}, "LATE", always,            COMPLETED,  (settle,),                    "4320 4.2"),
        Refuse({FORWARDING, STOPPING, ACCEPTED, COMPLETED}, "TARGETS", always, None, "it has been decided on, or its sender has given up", "3261 16.6"),
        Refuse({FORWARDING, STOPPING, ACCEPTED, COMPLETED}, "REFUSE",  always, None, "it has been decided on, or its sender has given up", "3261 16.6"),
    ),
    timers=(
        # The RFC has none for a location service that does not answer: as long as a branch may take.
        #     letter     runs in    lasts    then  RFC
        Timer("routing", {ROUTING}, timer_c, once, "3261 16.5"),
    ),
    ignored=(
        Ignore(INITIAL, {"TARGETS", "REFUSE", "CANCEL", "PROVISIONAL", "ANSWERED", "RESULT", "LATE"}, "there is no request yet"),
        Ignore({ROUTING, FORWARDING, STOPPING, ACCEPTED, COMPLETED}, "REQUEST", "it begins with one"),
        Ignore(ROUTING, {"PROVISIONAL", "ANSWERED", "RESULT"}, "nothing has been forwarded that could be answered"),
        Ignore({FORWARDING, STOPPING}, "PROVISIONAL", "only an INVITE gets a provisional response but 100, RFC 4320 4.1"),
        Ignore({ACCEPTED, COMPLETED}, {"PROVISIONAL", "RESULT"}, "a final response has been forwarded"),
        Ignore(COMPLETED, "ANSWERED", "another final response has been forwarded, or its sender has given up"),
        Ignore({STOPPING, ACCEPTED, COMPLETED}, "CANCEL", "its branches are over, or have been cancelled"),
        Ignore({ACCEPTED, COMPLETED}, "LATE", "it has been answered"),
    ),
)
# fmt: on
