"""Calls of every kind, played quickly: what each comes to, as it is seen from outside, and where its machines stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import field, frozen

from sipsm import Call, IncomingCall, LocalProtocolError, Send, SipError, Srv
from sipsm.role import OfferReceived
from sipsm.testing import Agent, Net, answer, answer_offer, cancel, census, hang_up, reject, ring
from tests.endpoint.by_hand import SDP, SDP2, Bench


@frozen
class Outcome:
    """What a scenario came to."""

    seen: tuple[Any, ...]
    """From outside: messages, events, what is refused, what is left."""
    states: tuple[Any, ...] = field(default=())
    """Where the machines of the calls stand in the end."""


Scenario = Callable[[], Outcome]


def described(event: Any) -> tuple[Any, ...]:
    """An event as a text and what distinguishes it."""
    parts = ("reason", "status", "sdp", "offer", "why")
    return (type(event).__name__, *(str(getattr(event, part, "")) for part in parts))


def states_of(events: list[Any], calls: list[Call]) -> tuple[Any, ...]:
    """Where the machines stand of calls, and of those that events are about."""
    met = dict.fromkeys([*calls, *(event.call for event in events if isinstance(getattr(event, "call", None), Call))])
    return tuple((machine.table.name, machine.state) for call in met for machine in call.machines())


def refusal(command: Callable[..., Any], *args: Any, now: float) -> str:
    """What the program is told when it gives a command that a rule forbids."""
    try:
        command(*args, now=now)
    except LocalProtocolError as error:
        return str(error)
    return "not refused"


# -------------------------------------------------------------------- two of ours, in the simulated network


def played(plan: Callable[[Net, Agent, Agent], list[Call]], **network: Any) -> Outcome:
    """What a plan for Alice and Bob comes to."""
    net = Net(1, delay=0.02, **network)
    alice, bob = net.agent("alice"), net.agent("bob")
    calls = plan(net, alice, bob)
    picture = net.run(steps=500)
    events = {name: [described(event) for event in agent.events] for name, agent in net.agents.items()}
    calls += [event.call for event in bob.events if isinstance(event, IncomingCall)]
    # What may still be said to a call that is over.
    late = [refusal(call.hang_up, now=net.now) for call in calls]
    late += [refusal(call.cancel if call.outgoing else call.reject, now=net.now) for call in calls]
    late += [refusal(call.answer_offer if call.outgoing else call.answer, SDP, now=net.now) for call in calls]
    held = [census(agent.endpoint) for agent in net.agents.values()]
    return Outcome((picture, events, late, held), states_of([], calls))


def whole_call() -> Outcome:
    """It rings twice, is answered, both ask something, and the caller hangs up."""

    def plan(net: Net, alice: Agent, bob: Agent) -> list[Call]:
        bob.script(ring(after=0.1), ring(183, after=0.2), answer(after=0.5), hang_up(after=9.0))
        alice.script(hang_up(after=3.0))
        call = alice.invite("sip:bob")
        net.at(1.0, lambda: alice.do(call.request, "OPTIONS"))
        net.at(1.5, lambda: bob.do(bob.endpoint.calls[0].request, "OPTIONS"))
        return [call]

    return played(plan)


def callee_hangs_up() -> Outcome:
    """The callee answers and hangs up before the ACK can have come."""

    def plan(net: Net, alice: Agent, bob: Agent) -> list[Call]:
        bob.script(answer())
        bob.on(IncomingCall, lambda event: net.after(0.0, lambda: bob.do(event.call.hang_up)))
        return [alice.invite("sip:bob")]

    return played(plan, lose={"alice": (2,)})


def shown_early() -> Outcome:
    """The answer is shown in a 183, and the callee hangs up."""

    def plan(_net: Net, alice: Agent, bob: Agent) -> list[Call]:
        bob.on(IncomingCall, lambda event: bob.do(event.call.ring, 183, sdp=bob.sdp))
        bob.script(ring(after=0.1), answer(after=0.5), hang_up(after=1.0))
        return [alice.invite("sip:bob")]

    return played(plan)


def offerless() -> Outcome:
    """The 2xx offers, the ACK answers."""

    def plan(_net: Net, alice: Agent, bob: Agent) -> list[Call]:
        bob.script(ring(), answer(after=0.1))
        alice.script(answer_offer(after=0.7), hang_up(after=2.0))
        return [alice.invite("sip:bob", offer=b"")]

    return played(plan)


def turned_down() -> Outcome:
    """The 2xx offers, and the caller hangs up instead of answering."""

    def plan(_net: Net, alice: Agent, bob: Agent) -> list[Call]:
        bob.script(answer(after=0.1))
        alice.on(OfferReceived, lambda event: alice.do(event.call.hang_up))
        return [alice.invite("sip:bob", offer=b"")]

    return played(plan)


def refused() -> Outcome:
    """Busy."""

    def plan(_net: Net, alice: Agent, bob: Agent) -> list[Call]:
        bob.script(ring(), reject(486, after=0.1))
        return [alice.invite("sip:bob")]

    return played(plan)


def cancelled() -> Outcome:
    """Given up while it rings."""

    def plan(_net: Net, alice: Agent, bob: Agent) -> list[Call]:
        bob.script(ring())
        alice.script(cancel(after=1.0))
        return [alice.invite("sip:bob")]

    return played(plan)


def cancelled_early() -> Outcome:
    """Given up before anything has come back: the 100 lets the CANCEL go."""

    def plan(_net: Net, alice: Agent, _bob: Agent) -> list[Call]:
        alice.script(cancel(after=0.1))
        return [alice.invite("sip:bob")]

    return played(plan)


def cancelled_after_an_answer_was_shown() -> Outcome:
    """Given up after a 183 with a description, the first that came back."""

    def plan(_net: Net, alice: Agent, bob: Agent) -> list[Call]:
        bob.on(IncomingCall, lambda event: bob.do(event.call.ring, 183, sdp=bob.sdp))
        alice.script(cancel(after=0.5))
        return [alice.invite("sip:bob")]

    return played(plan)


def crossed() -> Outcome:
    """The 2xx crosses the CANCEL."""

    def plan(_net: Net, alice: Agent, bob: Agent) -> list[Call]:
        bob.script(ring(), answer(after=1.0))
        alice.script(cancel(after=1.03))
        return [alice.invite("sip:bob")]

    return played(plan)


def cancelled_in_vain() -> Outcome:
    """Nothing comes after the CANCEL."""

    def plan(_net: Net, alice: Agent, bob: Agent) -> list[Call]:
        bob.script(ring(), reject(after=40.0))
        alice.script(cancel(after=1.0))
        return [alice.invite("sip:bob")]

    return played(plan, lose={"bob": range(2, 99), "alice": range(2, 12)})


def not_acknowledged() -> Outcome:
    """No ACK ever comes."""

    def plan(_net: Net, alice: Agent, bob: Agent) -> list[Call]:
        bob.script(answer())
        return [alice.invite("sip:bob")]

    return played(plan, lose={"alice": range(2, 14)})


def nobody() -> Outcome:
    """Silence."""

    def plan(_net: Net, alice: Agent, _bob: Agent) -> list[Call]:
        return [alice.invite("sip:192.0.2.99")]

    return played(plan)


# -------------------------------------------------------------------- one of ours, and a peer by hand


def shown(bench: Bench, *more: Any, calls: tuple[Call, ...] = ()) -> Outcome:
    """What a bench has come to, and what is left once it is quiet."""
    before = states_of([], list(calls))
    now = [refusal(call.request, "OPTIONS", now=bench.now) for call in calls]
    bench.quiet()
    events = [described(event) for event in bench.events]
    return Outcome((bench.wires, events, more, now, bench.left()), (before, states_of(bench.events, list(calls))))


def still_up() -> Outcome:
    """A call of ours and one of the peer's that nobody ends."""
    bench = Bench()
    return shown(bench, calls=(bench.answered(), bench.acked()))


def unsent() -> Outcome:
    """The INVITE cannot be sent."""
    bench = Bench()
    call = bench.outgoing()
    for send in list(bench.outputs):
        assert isinstance(send, Send)
        bench.take(bench.endpoint.send_failed(send, bench.now))
    return shown(bench, calls=(call,))


def tried_elsewhere() -> Outcome:
    """The first server answers 100 and 503; before the second one answers, the call is given up."""
    bench = Bench()
    servers = [Srv(1, 0, 5060, "one.example.com"), Srv(2, 0, 5070, "two.example.com")]
    call = bench.outgoing(target="sip:bob@example.com;transport=udp")
    bench.looked_up("192.0.2.2", zone={("SRV", "_sip._udp.example.com"): servers})
    bench.receive(bench.response(call.invite, 100, tag=None))
    bench.receive(bench.response(call.invite, 503))
    bench.looked_up("192.0.2.3")
    bench.take(call.cancel(now=bench.now))
    return shown(bench, calls=(call,))


def forked() -> Outcome:
    """Two branches ring, two answer, one of them too late; an early dialog is left over."""
    bench = Bench()
    call = bench.outgoing()
    for tag in "abc":
        bench.receive(bench.response(call.invite, 183, tag=tag, body=SDP2, headers=[f"Record-Route: <sip:{tag};lr>"]))
    for tag in "ab":
        bench.receive(bench.response(call.invite, 200, tag=tag, body=SDP2))
        bench.receive(bench.response(call.invite, 200, tag=tag, body=SDP2))
    bench.wait(40)
    early = bench.request("BYE", from_="<sip:bob@192.0.2.2>;tag=c", to=call.here.dialog.local, call_id=call.call_id)
    bench.receive(early)
    bench.receive(bench.in_dialog("BYE", 3, call))
    return shown(bench, calls=(call,))


def forked_and_refused() -> Outcome:
    """Two branches ring, and the INVITE is refused; a BYE of one of them finds no dialog."""
    bench = Bench()
    call = bench.outgoing()
    for tag in "ab":
        bench.receive(bench.response(call.invite, 180, tag=tag))
    bench.receive(bench.response(call.invite, 486, tag="a"))
    bench.receive(bench.in_dialog("BYE", 1, call))
    return shown(bench, calls=(call,))


def two_offers() -> Outcome:
    """Without an offer in the INVITE, two branches offer."""
    bench = Bench()
    call = bench.outgoing(offer=b"")
    bench.receive(bench.response(call.invite, 183, tag="a"))
    for tag in "ab":
        bench.receive(bench.response(call.invite, 200, tag=tag, body=SDP))
    bench.receive(bench.in_dialog("INVITE", 1, call))
    asked = [refusal(call.answer_offer, b"", now=bench.now), refusal(call.request, "OPTIONS", now=bench.now)]
    bench.receive(bench.in_dialog("BYE", 2, call))
    return shown(bench, asked, refusal(call.answer_offer, SDP2, now=bench.now), calls=(call,))


def without_answers() -> Outcome:
    """2xx without a description: to an INVITE with an offer, and to one without."""
    bench = Bench()
    calls = []
    for offer in (SDP, b""):
        call = bench.outgoing(offer=offer)
        bench.receive(bench.response(call.invite, 200))
        refused_answer = refusal(call.answer_offer, SDP2, now=bench.now)
        calls.append((call, refused_answer))
    return shown(bench, [text for _, text in calls], calls=tuple(call for call, _ in calls))


def requests_of_the_peer() -> Outcome:
    """OPTIONS, INVITE and BYE in our call and in its own, in order and out of order."""
    bench = Bench()
    ours, theirs = bench.answered(), bench.acked()
    for call in (ours, theirs):
        for cseq, method in ((5, "OPTIONS"), (5, "OPTIONS"), (6, "INVITE"), (4, "BYE"), (7, "BYE"), (8, "BYE")):
            bench.receive(bench.in_dialog(method, cseq, call, body=SDP))
    return shown(bench, calls=(ours, theirs))


def early_requests_of_the_peer() -> Outcome:
    """INVITE, ACK and BYE before our answer, and after it but before its ACK."""
    bench = Bench()
    first = bench.incoming()
    asked = [refusal(first.hang_up, now=bench.now), refusal(first.request, "OPTIONS", now=bench.now)]
    asked += [refusal(first.answer, now=bench.now)]
    bench.receive(bench.in_dialog("ACK", 1, first))
    bench.receive(bench.in_dialog("INVITE", 2, first))
    bench.receive(bench.in_dialog("BYE", 3, first))
    second = bench.incoming(call_id="second", via="Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKsecond", offer=b"")
    asked += [refusal(second.answer, now=bench.now), refusal(second.ring, now=bench.now)]
    bench.take(second.answer(SDP, now=bench.now))
    bench.receive(bench.in_dialog("INVITE", 2, second))
    bench.receive(bench.in_dialog("BYE", 3, second))
    bench.wait(1)
    bench.receive(bench.in_dialog("ACK", 1, second, body=SDP2))
    return shown(bench, asked, calls=(first, second))


def hung_up_while_ringing() -> Outcome:
    """The peer's 2xx is lost, and its BYE is not; another branch still rings."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180, tag="other"))
    bench.receive(bench.response(call.invite, 180))
    call.here = call.legs[1]
    bench.receive(bench.in_dialog("BYE", 1, call))
    return shown(bench, calls=(call,))


def no_answer() -> Outcome:
    """Our offer in the 2xx is not answered in the ACK."""
    bench = Bench()
    call = bench.incoming(offer=b"")
    bench.take(call.answer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("ACK", 1, call))
    return shown(bench, calls=(call,))


def peer_lost() -> Outcome:
    """The peer knows nothing of the call any more: ours, and its own."""
    bench = Bench()
    calls = (bench.answered(), bench.acked())
    for call in calls:
        bench.take(call.request("OPTIONS", now=bench.now)[1])
        bench.receive(bench.response(bench.last_request, 481))
    return shown(bench, calls=calls)


def misuse() -> Outcome:
    """Commands that no state allows, and those that change what a provisional has shown."""
    bench = Bench()
    ours, theirs = bench.outgoing(offer=b""), bench.incoming()
    said = [refusal(ours.hang_up, now=bench.now), refusal(ours.answer_offer, SDP, now=bench.now)]
    said += [refusal(ours.answer_offer, b"", now=bench.now)]
    bench.take(theirs.ring(183, sdp=SDP2, now=bench.now))
    said += [refusal(theirs.answer, SDP, now=bench.now), refusal(theirs.answer, now=bench.now)]
    bench.take(theirs.answer(SDP2, now=bench.now))
    said += [refusal(theirs.answer, SDP2, now=bench.now), refusal(theirs.reject, now=bench.now)]
    said += [refusal(theirs.answer, now=bench.now)]
    said += [refusal(theirs.ring, now=bench.now), refusal(theirs.request, "OPTIONS", now=bench.now)]
    bench.receive(bench.response(ours.invite, 200, body=SDP))
    said += [refusal(ours.cancel, now=bench.now)]
    bench.take(ours.hang_up(now=bench.now))
    said += [refusal(ours.hang_up, now=bench.now), refusal(ours.answer_offer, SDP2, now=bench.now)]
    return shown(bench, said, calls=(ours, theirs))


def a_prack_comes_late() -> Outcome:
    """The call is refused while a reliable provisional response waits for its PRACK, which then comes, and again."""
    bench = Bench()
    call = bench.incoming(headers=["Supported: 100rel"])
    bench.take(call.ring(reliable=True, now=bench.now))
    rseq = bench.last_response.header("RSeq")
    bench.take(call.reject(486, now=bench.now))
    for cseq in (2, 3):
        bench.receive(bench.in_dialog("PRACK", cseq, call, headers=[f"RAck: {rseq} 1 INVITE"]))
        bench.receive(bench.in_dialog("OPTIONS", cseq + 5, call))
    return shown(bench, calls=(call,))


def out_of_order() -> Outcome:
    """Requests in an early dialog, and in one that is up: the later one comes first, or one comes again."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.ring(now=bench.now))
    for cseq in (9, 7, 9):
        bench.receive(bench.in_dialog("OPTIONS", cseq, call))
    bench.take(call.answer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("ACK", 1, call))
    for cseq in (12, 11, 12):
        bench.receive(bench.in_dialog("OPTIONS", cseq, call))
    return shown(bench, calls=(call,))


def another_target_is_refused() -> Outcome:
    """A re-INVITE names one target, and an UPDATE meanwhile another one, which is refused: the first one counts."""
    bench = Bench()
    call = bench.acked(headers=["Supported: 100rel"])
    again = bench.in_dialog("INVITE", 2, call, body=SDP, headers=["Supported: 100rel"], contact="<sip:one@192.0.2.2>")
    bench.receive(again)
    bench.take(call.ring(183, sdp=SDP2, reliable=True, now=bench.now))
    rseq = bench.last_response.header("RSeq")
    bench.receive(bench.in_dialog("PRACK", 3, call, headers=[f"RAck: {rseq} 2 INVITE"]))
    contact = ["Contact: <sip:two@192.0.2.2>"]
    bench.receive(bench.in_dialog("UPDATE", 4, call, body=SDP, headers=contact))
    bench.take(call.reject_offer(now=bench.now))
    bench.take(call.answer(now=bench.now))
    bench.receive(bench.in_dialog("ACK", 2, call))
    bench.receive(bench.in_dialog("UPDATE", 5, call, body=SDP, headers=contact))
    bench.take(call.reject_offer(now=bench.now))
    bench.receive(bench.in_dialog("INVITE", 6, call, body=SDP, contact="<sip:three@192.0.2.2>"))
    bench.take(call.reject_offer(now=bench.now))
    return shown(bench, calls=(call,))


def an_ack_comes_again() -> Outcome:
    """The ACK of the first INVITE is none for the 2xx to the re-INVITE, which still waits for its own."""
    bench = Bench()
    call = bench.acked()
    bench.receive(bench.in_dialog("INVITE", 2, call, body=SDP))
    bench.take(call.answer_offer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("ACK", 1, call))
    said = refusal(call.offer, SDP, now=bench.now)
    bench.receive(bench.in_dialog("ACK", 2, call))
    outcome = shown(bench, calls=(call,))
    return Outcome((said, *outcome.seen), outcome.states)


SCENARIOS: tuple[Scenario, ...] = (
    whole_call,
    callee_hangs_up,
    shown_early,
    offerless,
    turned_down,
    refused,
    cancelled,
    cancelled_early,
    cancelled_after_an_answer_was_shown,
    crossed,
    cancelled_in_vain,
    not_acknowledged,
    nobody,
    still_up,
    unsent,
    tried_elsewhere,
    forked,
    forked_and_refused,
    two_offers,
    without_answers,
    requests_of_the_peer,
    early_requests_of_the_peer,
    hung_up_while_ringing,
    no_answer,
    peer_lost,
    misuse,
    a_prack_comes_late,
    out_of_order,
    another_target_is_refused,
    an_ack_comes_again,
)


def outcome_of(scenario: Scenario) -> Outcome:
    """What a scenario comes to; where it breaks down, how."""
    try:
        return scenario()
    except (AssertionError, SipError, LookupError, ValueError) as error:
        return Outcome((type(error).__name__,))
