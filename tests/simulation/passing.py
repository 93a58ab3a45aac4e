"""What a proxy passes on, as it is heard at its door, and the rules that hold of that, whatever its machines think.

RFC 3261 16.6 (how a request is forwarded) and 16.7 (what goes back of the answers), RFC 5393 5.3.3 (Max-Breadth).
"""

from __future__ import annotations

from typing import Any

from attrs import define, field

from sipsm import Dropped, DropReason, NotDelivered
from sipsm.message import KNOWN_METHODS, Request, Response, Via, read_message
from sipsm.message.headers import MAX_BREADTH
from sipsm.testing import Agent, InvariantBroken
from sipsm.transport import Flow
from tests.simulation.ledger import Ledger

BEGIN_DIALOGS = frozenset({"INVITE", "SUBSCRIBE", "REFER"})
LOST = frozenset({DropReason.STRAY_RESPONSE, DropReason.MISROUTED_RESPONSE})
"""Why a response may not go on: nobody waits for it any more."""


@define(eq=False)
class Passed:
    """One INVITE that a proxy was sent."""

    life: int
    """Of the proxy, when it came."""
    finals: set[int] = field(factory=set)
    """The final responses that it was given."""
    branches: int = 0
    came: set[str | None] = field(factory=set)
    """The To tags of the 2xx that came."""
    went: set[str | None] = field(factory=set)
    """Those of the 2xx that went on."""


@define(eq=False)
class Passing:
    """The watcher of a proxy, and what it has heard. Nothing is raised while it listens: `rules` says what is wrong."""

    behind: Any
    """The watcher that hears it all, too, if there is one."""
    ledger: Ledger
    proxy: Agent = field(init=False)
    records: bool = field(init=False)
    """Whether the proxy stays in dialogs."""
    requests: dict[tuple[str | None, str], Request] = field(factory=dict)
    """Those that came, by the branch and the method."""
    answered: dict[str | None, Passed] = field(factory=dict)
    """What became of each INVITE, by its branch."""
    once: set[tuple[str, int]] = field(factory=set)
    """Call-ID and CSeq number of what was forwarded."""
    forwarded: dict[str | None, Via] = field(factory=dict)
    """The Via of each request that was forwarded, by its branch."""
    excused: set[int] = field(factory=set)
    """The lives of the proxy in which a response could not be sent, or of which a part was forgotten."""
    fresh: list[tuple[str | None, str | None]] = field(factory=list)
    """The 2xx that came in this step: the branch to which each belongs, and its To tag."""
    wrong: dict[str, str] = field(factory=dict)
    """By rule: what was wrong with it first."""

    # ---------------------------------------------------------------- listening

    def moved(self, *move: Any) -> None:
        """A machine took a row."""
        if self.behind is not None:
            self.behind.moved(*move)

    def received(self, flow: Flow, data: bytes, now: float) -> None:
        """Bytes arrived."""
        if self.behind is not None:
            self.behind.received(flow, data, now)
        message = read_message(data)
        if isinstance(message, Request):
            self.requests.setdefault((message.branch, message.method), message)
            if message.method == "INVITE":
                self.answered.setdefault(message.branch, Passed(self.proxy.life))
        elif 200 <= message.status < 300 and message.cseq.method == "INVITE":
            self.fresh.append((message.vias[1].branch if len(message.vias) > 1 else None, message.to_tag))

    def sent(self, flow: Flow, data: bytes, now: float) -> None:
        """Bytes are to be sent."""
        if self.behind is not None:
            self.behind.sent(flow, data, now)
        message = read_message(data)
        if isinstance(message, Request):
            self.sent_on(message)
        else:
            self.sent_back(message)

    def returned(self, exact: bool) -> None:
        """The proxy is there again, with all that it had, or not."""
        self.proxy.endpoint.watcher = self
        if not exact:
            self.excused.add(self.proxy.life - 1)

    def sent_on(self, message: Request) -> None:
        """A request goes on, or is the proxy's own."""
        vias = message.vias
        own, below = vias[0], vias[1:]
        if message.method in {"ACK", "CANCEL"} and not below:
            # Hop by hop: "the topmost Via" is that of the INVITE (RFC 3261 9.1, 17.1.1.3).
            if own.branch not in self.forwarded:
                self.complain("requests_are_forwarded_well", f"a {message.method} for {own}, which was never forwarded")
            return
        came = self.requests.get((below[0].branch if below else None, message.method))
        if came is None:
            self.complain("requests_are_forwarded_well", f"a {message.method} goes on that never came: {vias}")
            return
        self.ledger.count["requests forwarded, compared"] += 1
        if own.branch not in self.forwarded:
            self.ledger.proxied.add(message.call_id)
            place = (message.call_id, message.cseq.number)
            if place in self.once:
                self.ledger.forked.add(place)
            self.once.add(place)
            if message.method == "INVITE":
                self.answered[came.branch].branches += 1
        self.forwarded[own.branch] = own
        if (broken := self.broken(came, message)) is not None:
            self.complain("requests_are_forwarded_well", f"{message.method} {message.uri}: {broken}")

    def broken(self, came: Request, went: Request) -> str | None:
        """Which rule of RFC 3261 16.6 is broken by what went out for what had come."""
        vias = went.vias
        if vias[0].host != self.proxy.host or not (vias[0].branch or "").startswith("z9hG4bK"):
            return f"{vias[0]} is not the proxy's"
        if [(each.sent_by, each.branch) for each in vias[1:]] != [(each.sent_by, each.branch) for each in came.vias]:
            return f"the Vias below are {vias[1:]}, and were {came.vias}"
        # "If the copy contains a Max-Forwards header field, the proxy MUST decrement its value by one (1)." And: "If
        # the copy does not contain a Max-Forwards header field, the proxy MUST add one with a field value, which SHOULD
        # be 70." (RFC 3261 16.6 item 3)
        expected = 70 if came.max_forwards is None else came.max_forwards - 1
        if went.max_forwards != expected:
            return f"Max-Forwards is {went.max_forwards}, and was {came.max_forwards}"
        own_routes = [each for each in came.route[:1] if each.uri.host == self.proxy.host]
        stays = self.records and (
            (went.method == "NOTIFY" and bool(own_routes))
            or went.method in BEGIN_DIALOGS
            or went.method not in KNOWN_METHODS
        )
        added = len(went.record_route) - len(came.record_route)
        if added != stays:
            return f"{added} Record-Routes were added"
        if stays and (went.record_route[0].uri.host != self.proxy.host or not went.record_route[0].uri.lr):
            return f"{went.record_route[0]} does not lead to the proxy"
        # "If the first value in the Route header field indicates this proxy, the proxy MUST remove that value from the
        # request." (RFC 3261 16.4)  What has come by twice comes by twice again.
        back = [each for each in went.route if each.uri.host == self.proxy.host]
        if len(back) != sum(each.uri.host == self.proxy.host for each in came.route) - len(own_routes):
            return f"its Routes were {came.route}, and are {went.route}"
        if went[MAX_BREADTH] is None:
            return "it has no Max-Breadth"
        alike = (came.call_id, str(came.cseq), came.from_tag, came.to_tag, came.body)
        if alike != (went.call_id, str(went.cseq), went.from_tag, went.to_tag, went.body):
            return "what belongs to the ends was changed"
        return None

    def sent_back(self, response: Response) -> None:
        """A response goes back."""
        if response.cseq.method != "INVITE" or response.status < 200:
            return
        passed = self.answered.get(response.branch)
        if passed is None:
            return
        passed.finals.add(response.status)
        if response.status < 300:
            passed.went.add(response.to_tag)
        # "either exactly one non-2xx response or one or more 2xx responses to an INVITE request" (RFC 3261 16.7)
        if len(passed.finals) > 1 and max(passed.finals) >= 300 and not self.is_excused(passed):
            self.complain("an_invite_has_one_final_answer", f"{response.branch} was answered with {passed.finals}")

    # ---------------------------------------------------------------- the rest of the watcher

    def complain(self, rule: str, what: str) -> None:
        """Note what is wrong."""
        self.wrong.setdefault(rule, what)

    def is_excused(self, passed: Passed) -> bool:
        """Whether the proxy forgot about it, in part at least."""
        return any(life in self.excused for life in range(passed.life, self.proxy.life + 1))

    def requests_are_forwarded_well(self, _: Any) -> str | None:
        """What goes on has the Via, Max-Forwards, Record-Route and Route that it must have (RFC 3261 16.6)."""
        return self.wrong.get("requests_are_forwarded_well")

    def an_invite_has_one_final_answer(self, _: Any) -> str | None:
        """One final response goes upstream, or 2xx and nothing else (RFC 3261 16.7)."""
        return self.wrong.get("an_invite_has_one_final_answer")

    def each_2xx_goes_on(self, step: Any) -> str | None:
        """A 2xx to an INVITE goes on at once (RFC 3261 16.7 item 5), but for one that is stray."""
        if step.agent is not self.proxy or not self.fresh:
            return None
        fresh, self.fresh = self.fresh, []
        dropped = any(isinstance(each, Dropped) and each.reason in LOST for each in step.outputs)
        for branch, tag in fresh:
            passed, request = self.answered.get(branch), self.requests.get((branch, "INVITE"))
            if dropped or passed is None or request is None or request.via.transport != "UDP":
                continue
            self.ledger.count["2xx followed"] += 1
            if tag not in passed.went and not self.is_excused(passed):
                return f"the 2xx of {tag} to {branch} did not go on"
        return None

    def what_fails_is_known(self, step: Any) -> str | None:
        """A response that cannot be sent is lost, with its connection."""
        if step.agent is self.proxy and any(isinstance(each, NotDelivered) for each in step.outputs):
            self.excused.add(self.proxy.life)
        return None

    def all_were_answered(self) -> None:
        """In the end: each INVITE that was forwarded has had a final response."""
        for branch, passed in self.answered.items():
            if not passed.branches or passed.life in self.excused or not self.proxy.up:
                continue
            if self.is_excused(passed):
                continue
            self.ledger.count["forwarded INVITEs followed to their end"] += 1
            self.ledger.count["INVITEs that forked"] += passed.branches > 1
            if not passed.finals:
                raise InvariantBroken(f"all_were_answered: {branch} never was")
