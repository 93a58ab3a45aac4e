"""Locating a server: from what a URI says to addresses, asked for step by step and offered one by one.

RFC 3263 4.1, 4.2 and 5, RFC 2782 (SRV), RFC 3261 18.1.1 (large requests). Nothing is asked before it is needed: the
addresses of a second server only once the first one has failed. Not here: what counts as a failure (RFC 3263 4.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, ClassVar, Final, NamedTuple

from attrs import define, field, frozen
from attrs.validators import ge

from sipsm.ids import RandomSource
from sipsm.machine import Ignore, Machine, Row, Step, Table, always
from sipsm.transport.flow import RELIABLE, Naptr, Srv, is_numeric
from sipsm.transport.locate import SERVICES, Hop, version

INITIAL: Final = "Initial"
ASKS_NAPTR: Final = "AsksNaptr"
ASKS_SRV: Final = "AsksSrv"
ASKS_ADDRESS: Final = "AsksAddress"
PLANNED: Final = "Planned"
EXHAUSTED: Final = "Exhausted"

LOCATE: Final = "locate"
RECORDS: Final = "records"
FAILED: Final = "failed"
REFUSED: Final = "refused"
NEXT: Final = "next"


class Target(NamedTuple):
    """One place to send to."""

    transport: str
    host: str
    """Numeric."""
    port: int
    domain: str = ""
    """Whose name a certificate must bear (RFC 5922 7.3)."""
    instead: bool = False
    """Over UDP, only if a connection to the same place could not be made (RFC 3261 18.1.1)."""


class Question(NamedTuple):
    """Records to be asked for; given back to the machine as `RECORDS`."""

    type: str
    """As in the DNS: "NAPTR", "SRV", "A" or "AAAA"."""
    name: str
    transport: str = ""
    """The one that their servers are to be spoken to over."""
    port: int = 0
    unless_srv: bool = False
    """Only if no SRV records were found."""


class NoneLeft(NamedTuple):
    """There is no other place, and why that is."""

    why: str


@frozen
class LocateLimits:
    """How much is done for one request. Each is at least 1."""

    records: int = field(default=50, validator=ge(1))
    """Records that are looked at of one answer."""
    questions: int = field(default=50, validator=ge(1))
    """Questions that are asked; then there are no further targets."""
    targets: int = field(default=10, validator=ge(1))
    """Targets that are tried."""


@define(eq=False)
class Locating(Machine):
    """The search for the places that one message can be sent to.

    `LOCATE` begins it. It gives a `Question`, whose records it takes as `RECORDS` (those of SRV in the order of
    `by_weight`); or a `Target`, after which `FAILED`, or `REFUSED` where no connection could be made, asks for another
    one; or `NoneLeft`. What it gives is never empty, and never more than one of these.
    """

    table: ClassVar[Table]
    hop: Hop
    spoken: tuple[str, ...]
    """The transports that we speak, the preferred first."""
    versions: tuple[str, ...]
    """The types of address that we can send to: "A", "AAAA", or both, the preferred first."""
    large: bool = False
    """Whether the message is too large for a datagram (RFC 3261 18.1.1)."""
    limits: LocateLimits = LocateLimits()
    plan: list[Target | Question] = field(init=False, factory=list)
    """What is still to be tried, in its order."""
    question: Question | None = field(init=False, default=None)
    """The last one asked."""
    asked: int = field(init=False, default=0)
    offered: list[Target] = field(init=False, factory=list)
    srv_found: bool = field(init=False, default=False)

    @property
    def transports(self) -> list[str]:
        """Those over which it may be reached, by how much they are wanted where the DNS says nothing of that."""
        # "the request MUST be sent using an RFC 2914 [43] congestion controlled transport protocol, such as TCP"
        # (RFC 3261 18.1.1)
        found = self.hop.asked_for(self.spoken)
        return sorted(found, key=lambda each: self.large and each not in RELIABLE)

    def applicable(self, records: Iterable[Naptr]) -> list[tuple[Naptr, str]]:
        """The NAPTR records that concern us, with their transports, the preferred first."""
        # "a client resolving a SIPS URI MUST discard any services that do not contain "SIPS" as the protocol in the
        # service field", and "a client MUST discard any service fields that identify a resolution service whose value
        # is not "D2X", for values of X that indicate transport protocols supported by the client." (RFC 3263 4.1)
        ours = {SERVICES[transport].naptr: transport for transport in self.hop.usable(self.spoken)}
        found = [
            (record, ours[record.service.upper()])
            for record in records
            # "The resource record will contain an empty regular expression and a replacement value, which is the SRV
            # record for that particular transport protocol." (RFC 3263 4.1)
            if record.service.upper() in ours
            and record.flags.lower() == "s"
            and not record.regexp
            and _name(record.replacement)
        ]
        if self.large:
            found = [each for each in found if each[1] in RELIABLE] or found
        # Once a record applies, those of a higher order are no longer looked at (RFC 2915 2, RFC 3403 4.1).
        lowest = min((record.order for record, _ in found), default=0)
        return sorted((each for each in found if each[0].order == lowest), key=lambda each: each[0].preference)

    def places(self, host: str, transport: str, port: int) -> list[Target]:
        """A numeric address as a target, or two: a large request goes over TCP, and over UDP where that is refused."""
        target = Target(transport, host, port, self.hop.domain or self.hop.host)
        if self.large and transport == "UDP" and "TCP" in self.spoken:
            # "if the attempt to establish the connection generates either an ICMP Protocol Not Supported, or results
            # in a TCP reset, the element SHOULD retry the request, using UDP." (RFC 3261 18.1.1)
            return [target._replace(transport="TCP"), target._replace(instead=True)]
        return [target]

    def at_host(self, host: str, transport: str, port: int, *, unless_srv: bool = False) -> list[Target | Question]:
        """A host as targets, or as the questions for its addresses."""
        if is_numeric(host):
            usable = version(host) in self.versions
            return [*self.places(host, transport, port)] if usable else []
        return [Question(each, host, transport, port, unless_srv) for each in self.versions]


def _name(name: str) -> str:
    """A name without the root's dot; nothing for the root itself."""
    return name.rstrip(".")


# -------------------------------------------------------------------- guards


def host_is_numeric(locating: Locating, _x: Any, _at: Any) -> bool:
    """The target is an IP address."""
    return locating.hop.numeric


def port_is_named(locating: Locating, _x: Any, _at: Any) -> bool:
    """A name with a port."""
    return locating.hop.port is not None


def transport_is_named(locating: Locating, _x: Any, _at: Any) -> bool:
    """A name with a transport."""
    return locating.hop.transport is not None


def some_apply(locating: Locating, records: Sequence[Naptr], _at: Any) -> bool:
    """A NAPTR record names a transport that we speak."""
    return bool(records) and bool(locating.applicable(records))


def some_came(_locating: Locating, records: Sequence[Any], _at: Any) -> bool:
    """There are such records."""
    return bool(records)


def next_is_needless(locating: Locating, _x: Any, _at: Any) -> bool:
    """The next in the plan has been tried already, or was meant for the case that there are no SRV records."""
    if not locating.plan:
        return False
    first = locating.plan[0]
    if isinstance(first, Question):
        return first.unless_srv and locating.srv_found
    return bool(locating.offered) and first._replace(instead=False) in locating.offered


def nothing_is_left(locating: Locating, _x: Any, _at: Any) -> bool:
    """The plan is empty, or a limit is reached."""
    limits = locating.limits
    if not locating.plan or len(locating.offered) >= limits.targets:
        return True
    return locating.asked >= limits.questions and isinstance(locating.plan[0], Question)


def next_is_target(locating: Locating, _x: Any, _at: Any) -> bool:
    """The next in the plan is a place to send to."""
    return isinstance(locating.plan[0], Target)


def next_is_srv(locating: Locating, _x: Any, _at: Any) -> bool:
    """The next in the plan is a question for servers."""
    first = locating.plan[0]
    return isinstance(first, Question) and first.type == "SRV"


# -------------------------------------------------------------------- actions


def plan_address(locating: Locating, _x: Any, step: Step) -> None:
    """The address of the URI, at its port or the transport's."""
    # "If TARGET is a numeric IP address, the client uses that address. If the URI also contains a port, it uses that
    # port. If no port is specified, it uses the default port for the particular transport protocol." (RFC 3263 4.2)
    plan_host(locating, None, step)


def plan_host(locating: Locating, _x: Any, step: Step) -> None:
    """The addresses of the host itself, over the default transport."""
    transport = locating.hop.asked_for(locating.spoken)[0]
    port = locating.hop.port or SERVICES[transport].port
    locating.plan += locating.at_host(locating.hop.host, transport, port)
    step.cause(NEXT)


def ask_naptr(locating: Locating, _x: Any, step: Step) -> None:
    """Ask which transports the domain wants to be spoken to over."""
    # "Otherwise, if no transport protocol or port is specified, and the target is not a numeric IP address, the client
    # SHOULD perform a NAPTR query for the domain in the URI." (RFC 3263 4.1)
    _ask(locating, Question("NAPTR", _name(locating.hop.host)), step)


def plan_named_services(locating: Locating, records: Sequence[Naptr], step: Step) -> None:
    """The servers that the NAPTR records point at."""
    applicable = locating.applicable(records)
    locating.plan += [Question("SRV", _name(record.replacement), transport) for record, transport in applicable]
    _plan_domain(locating, applicable[0][1])
    step.cause(NEXT)


def plan_services(locating: Locating, _x: Any, step: Step) -> None:
    """The servers of the domain for the transport of the URI, or for each that we speak."""
    # "If no NAPTR records are found, the client constructs SRV queries for those transport protocols it supports, and
    # does a query for each." (RFC 3263 4.1)
    transports = locating.transports
    name = _name(locating.hop.host)
    locating.plan += [Question("SRV", SERVICES[transport].srv + name, transport) for transport in transports]
    _plan_domain(locating, locating.hop.asked_for(locating.spoken)[0])
    step.cause(NEXT)


def _plan_domain(locating: Locating, transport: str) -> None:
    # "If no SRV records were found, the client performs an A or AAAA record lookup of the domain name." (RFC 3263 4.2)
    port = SERVICES[transport].port
    locating.plan += locating.at_host(_name(locating.hop.host), transport, port, unless_srv=True)


def plan_servers(locating: Locating, records: Sequence[Srv], step: Step) -> None:
    """Each server in its turn."""
    locating.srv_found = True
    transport = _question(locating).transport
    # A target of "." says that there is decidedly no such service (RFC 2782): then nothing else is asked for it.
    servers = [(_name(record.target), record.port) for record in records if _name(record.target)]
    locating.plan[:0] = [each for host, port in servers for each in locating.at_host(host, transport, port)]
    step.cause(NEXT)


def plan_addresses(locating: Locating, records: Sequence[str], step: Step) -> None:
    """Each address of a server in its turn."""
    # "The result will be a list of IP addresses, each of which can be contacted at the specific port from the URI and
    # transport protocol determined previously. The client SHOULD try the first record." (RFC 3263 4.2)
    of = _question(locating)
    hosts = [host for host in records if is_numeric(host) and version(host) == of.type]
    locating.plan[:0] = [place for host in hosts for place in locating.places(host, of.transport, of.port)]
    step.cause(NEXT)


def go_on(_locating: Locating, _x: Any, step: Step) -> None:
    """What is next in the plan."""
    step.cause(NEXT)


def drop_next(locating: Locating, _x: Any, step: Step) -> None:
    """Pass over what is next in the plan."""
    locating.plan.pop(0)
    step.cause(NEXT)


def pass_over_udp(locating: Locating, _x: Any, step: Step) -> None:
    """The connection was made: the same place is not tried over UDP."""
    if locating.plan and isinstance(first := locating.plan[0], Target) and first.instead:
        locating.plan.pop(0)
    step.cause(NEXT)


def offer(locating: Locating, _x: Any, step: Step) -> None:
    """Give the next target."""
    target = locating.plan.pop(0)
    assert isinstance(target, Target), "the guard has seen it"
    if target.instead:
        target = target._replace(instead=False)
    locating.offered.append(target)
    step.emit(target)


def ask(locating: Locating, _x: Any, step: Step) -> None:
    """Ask the next question."""
    question = locating.plan.pop(0)
    assert isinstance(question, Question), "the guard has seen it"
    _ask(locating, question, step)


def report_none_left(locating: Locating, _x: Any, step: Step) -> None:
    """No target is left."""
    locating.plan.clear()
    why = "was tried at all its addresses" if locating.offered else "has no address that can be used"
    step.emit(NoneLeft(f"{locating.hop.host} {why}"))


def _ask(locating: Locating, question: Question, step: Step) -> None:
    locating.asked += 1
    locating.question = question
    step.emit(question)


def _question(locating: Locating) -> Question:
    assert locating.question is not None, "records come for a question"
    return locating.question


# fmt: off
Locating.table = Table(
    "locating a server",
    rfc="3263 4",
    initial=INITIAL,
    rows=(
        #   state         input     guard               next          actions                 RFC
        Row(INITIAL,      LOCATE,   host_is_numeric,    PLANNED,      (plan_address,),        "3263 4.2"),
        Row(INITIAL,      LOCATE,   port_is_named,      PLANNED,      (plan_host,),           "3263 4.2"),
        Row(INITIAL,      LOCATE,   transport_is_named, PLANNED,      (plan_services,),       "3263 4.2"),
        Row(INITIAL,      LOCATE,   always,             ASKS_NAPTR,   (ask_naptr,),           "3263 4.1"),
        Row(ASKS_NAPTR,   RECORDS,  some_apply,         PLANNED,      (plan_named_services,), "3263 4.1"),
        Row(ASKS_NAPTR,   RECORDS,  always,             PLANNED,      (plan_services,),       "3263 4.1"),
        Row(ASKS_SRV,     RECORDS,  some_came,          PLANNED,      (plan_servers,),        "3263 4.2"),
        Row(ASKS_SRV,     RECORDS,  always,             PLANNED,      (go_on,),               "3263 4.1"),
        Row(ASKS_ADDRESS, RECORDS,  always,             PLANNED,      (plan_addresses,),      "3263 4.2"),
        Row(PLANNED,      FAILED,   always,             PLANNED,      (pass_over_udp,),       "3263 4.3"),
        Row(PLANNED,      REFUSED,  always,             PLANNED,      (go_on,),               "3261 18.1.1"),
        Row(PLANNED,      NEXT,     next_is_needless,   PLANNED,      (drop_next,),           "3263 4.2"),
        Row(PLANNED,      NEXT,     nothing_is_left,    EXHAUSTED,    (report_none_left,),    "3263 4.3"),
        Row(PLANNED,      NEXT,     next_is_target,     PLANNED,      (offer,),               "3263 4.3"),
        Row(PLANNED,      NEXT,     next_is_srv,        ASKS_SRV,     (ask,),                 "3263 4.2"),
        Row(PLANNED,      NEXT,     always,             ASKS_ADDRESS, (ask,),                 "3263 4.2"),
    ),
    ignored=(
        Ignore({ASKS_NAPTR, ASKS_SRV, ASKS_ADDRESS, PLANNED, EXHAUSTED}, LOCATE, "begun only once"),
        Ignore({INITIAL, PLANNED, EXHAUSTED}, RECORDS, "nothing has been asked"),
        Ignore({INITIAL, ASKS_NAPTR, ASKS_SRV, ASKS_ADDRESS}, {FAILED, REFUSED}, "no target has been given"),
        Ignore({INITIAL, ASKS_NAPTR, ASKS_SRV, ASKS_ADDRESS}, NEXT, "caused only where there is a plan"),
        Ignore(EXHAUSTED, {FAILED, REFUSED, NEXT}, "there is nothing left"),
    ),
)
# fmt: on


# -------------------------------------------------------------------- the order of SRV records


def by_weight(records: Iterable[Srv], source: RandomSource) -> list[Srv]:
    """SRV records in the order in which their servers are to be tried: by priority, then drawn by weight (RFC 2782)."""
    ordered: list[Srv] = []
    for _, same in groupby(sorted(records, key=lambda record: record.priority), key=lambda record: record.priority):
        # Those of weight 0 stand first: then they have a very small chance of being drawn before the others.
        left = sorted(same, key=lambda record: record.weight > 0)
        while left:
            chosen = _drawn([record.weight for record in left], source)
            ordered.append(left.pop(chosen))
    return ordered


def _drawn(weights: list[int], source: RandomSource) -> int:
    """The place of the first weight with which the sum so far reaches a number drawn from 0 to the sum of all."""
    total = sum(weights)
    if len(weights) == 1 or not total:
        return 0
    number = source.getrandbits(64) % (total + 1)
    place, reached = 0, weights[0]
    while reached < number:
        place += 1
        reached += weights[place]
    return place
