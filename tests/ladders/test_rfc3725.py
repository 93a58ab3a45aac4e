"""Third party call control (RFC 3725): somebody calls two others and has them talk to each other.

A is called first, then B; media go past the controller.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sipsm import Call, CallState, EndReason, OfferReceived, Profile, Request
from sipsm.role import AnswerReceived, Ended, IncomingCall, ModificationRefused, OfferRequested, ProvisionalAcknowledged
from sipsm.sdp import Origin, SessionDescription, move
from sipsm.sdp import answer as answer_to
from sipsm.testing import Agent, Net, ladder, nothing_left
from tests.ladders.parties import names, request, taken, told
from tests.ladders.phones import hears, phone, talk

Phone = dict[str, Any]
"""The arguments of `phone`."""

OURS = Origin("ctl", 7, 1, "controller.example.com")


class Controller:
    """What follows upon what: its calls by whom they are to, and what is to be done with what is said there next."""

    def __init__(self, net: Net) -> None:
        self.agent = net.agent("ctl")
        self.calls: dict[str, Call] = {}
        self.waiting: dict[Call, Callable[[bytes], object]] = {}
        self.agent.on(OfferReceived, self.heard)
        self.agent.on(AnswerReceived, self.heard)

    def heard(self, event: OfferReceived | AnswerReceived) -> None:
        """A description has come."""
        if event.call in self.waiting:
            self.waiting.pop(event.call)(event.sdp)

    def offer(self, name: str, offer: bytes, then: Callable[[bytes], object], **more: Any) -> None:
        """Offer somebody, who is called first, what another has said, as if we had said it next; b"" asks for one."""
        call = self.calls.get(name)
        if call is None:
            call = self.calls[name] = self.agent.invite(f"sip:{name}", offer=offer, **more)
        else:
            self.agent.do(call.offer, following(offer, call) if offer else b"")
        self.waiting[call] = then

    def answer(self, name: str, sdp: bytes) -> None:
        """Answer somebody with what another has said."""
        call = self.calls[name]
        self.agent.do(call.answer_offer, following(sdp, call) if call.local_sdp else sdp)

    def pass_on(self, offer: bytes, by: str, to: str) -> None:
        """The offer of one goes to another, and the answer back."""
        self.offer(to, offer, lambda sdp: self.answer(by, sdp))

    def join(self, one: str, other: str, **more: Any) -> None:
        """Ask one for an offer, which is passed on."""
        self.offer(one, b"", lambda offer: self.pass_on(offer, one, other), **more)

    def when_ended(self, name: str, then: Callable[[Ended], object]) -> None:
        """What is done when a call is over."""
        self.agent.on(Ended, lambda event: event.call is self.calls.get(name) and then(event))


def three(*, a: Phone | None = None, b: Phone | None = None) -> tuple[Net, Agent, Agent, Controller]:
    """The phones A and B, made by these arguments, and the controller."""
    net = Net(1)
    return net, phone(net, "a", **(a or {})), phone(net, "b", **(b or {})), Controller(net)


def following(sdp: bytes, call: Call) -> bytes:
    """A description of another's, with the o= line that its new receiver expects (RFC 3725 4.4, 7)."""
    return bytes(SessionDescription.parse(sdp).following(SessionDescription.parse(call.local_sdp)))


def black_hole(sdp: bytes) -> bytes:
    """The same streams, of which nothing leaves its host (RFC 3725 4.3)."""
    return bytes(move(sdp, "0.0.0.0").with_origin(OURS))


NO_MEDIA = bytes(SessionDescription.build(OURS, connection="192.0.2.1"))


def nothing(_: object) -> None:
    """That was all."""


@pytest.mark.rfc("3725 4.1")
def test_flow_one() -> None:
    """A's offer goes to B, and B's answer into the ACK for A: the descriptions pass as they are."""
    net, a, b, control = three(b={"after": 0.2})
    control.join("a", "b")
    assert net.run(until=2) == ladder("""
        0.0  ctl INVITE----------> a
        0.0  ctl <------------180- a
        1.0  ctl <------------200- a
        1.0  ctl INVITE----------> b
        1.0  ctl <------------180- b
        1.2  ctl <------------200- b
        1.2  ctl ACK-------------> b
        1.2  ctl ACK-------------> a
    """)
    assert talk(a, b)
    assert (taken(a).remote_sdp, taken(b).remote_sdp) == (taken(b).local_sdp, taken(a).local_sdp)


@pytest.mark.rfc("3725 4.1", "3261 13.3.1.4")
def test_flow_one_with_somebody_who_takes_long() -> None:
    """A repeats the 200 in vain and hangs up after 64*T1, so that B need not answer any more."""
    # "However, it has a serious timeout problem. User B may not answer the call immediately." (RFC 3725 4.1)
    net, a, b, control = three(b={"after": 40})
    control.join("a", "b")
    control.when_ended("a", lambda _: control.agent.do(control.calls["b"].cancel))
    net.run()
    assert [event.reason for event in told(a, Ended)] == [EndReason.NOT_ACKNOWLEDGED]
    assert [event.reason for event in told(b, Ended)] == [EndReason.CANCELLED_BY_PEER]
    nothing_left(net)


@pytest.mark.rfc("3725 4.2")
def test_flow_two() -> None:
    """A answers a black hole, which is offered to B; what B answers is offered to A, who says the same again."""
    net, a, b, control = three()
    first = black_hole(control.agent.sdp)
    control.offer("a", first, lambda sdp: control.offer("b", sdp, lambda sdp: control.offer("a", sdp, nothing)))
    assert net.run(until=3) == ladder("""
        0.0  ctl INVITE----------> a
        0.0  ctl <------------180- a
        1.0  ctl <------------200- a
        1.0  ctl ACK-------------> a
        1.0  ctl INVITE----------> b
        1.0  ctl <------------180- b
        2.0  ctl <------------200- b
        2.0  ctl ACK-------------> b
        2.0  ctl INVITE----------> a
        2.0  ctl <------------200- a
        2.0  ctl ACK-------------> a
    """)
    assert talk(a, b)


@pytest.mark.rfc("3725 4.3")
def test_flow_three() -> None:
    """A's offer is answered by a black hole at once; B's offer goes into a re-INVITE, A's answer into an ACK."""
    net, a, b, control = three()

    def answered(offer: bytes) -> None:
        control.answer("a", black_hole(offer))
        control.join("b", "a")

    control.offer("a", b"", answered)
    assert net.run(until=3) == ladder("""
        0.0  ctl INVITE----------> a
        0.0  ctl <------------180- a
        1.0  ctl <------------200- a
        1.0  ctl ACK-------------> a
        1.0  ctl INVITE----------> b
        1.0  ctl <------------180- b
        2.0  ctl <------------200- b
        2.0  ctl INVITE----------> a
        2.0  ctl <------------200- a
        2.0  ctl ACK-------------> a
        2.0  ctl ACK-------------> b
    """)
    assert talk(a, b)


def flow_four(control: Controller) -> None:
    """The one that is recommended."""
    control.offer("a", NO_MEDIA, lambda _: control.join("b", "a"))


FLOW_FOUR = """
        0.0  ctl INVITE----------> a
        0.0  ctl <------------180- a
        1.0  ctl <------------200- a
        1.0  ctl ACK-------------> a
        1.0  ctl INVITE----------> b
        1.0  ctl <------------180- b
        2.0  ctl <------------200- b
        2.0  ctl INVITE----------> a
        2.0  ctl <------------200- a
        2.0  ctl ACK-------------> a
        2.0  ctl ACK-------------> b"""


@pytest.mark.rfc("3725 4.4", "3264 5")
def test_flow_four() -> None:
    """A is called without any media; B's offer follows in a re-INVITE, and only the o= line is changed on the way."""
    net, a, b, control = three()
    flow_four(control)
    assert net.run(until=3) == ladder(FLOW_FOUR)
    assert talk(a, b)
    agreed = control.calls["a"].agreed
    assert agreed is not None
    offered, own = SessionDescription.parse(agreed[0]), SessionDescription.parse(b.sdp)
    assert (offered.media, offered.origin) == (own.media, Origin("ctl", 7, 2, "controller.example.com"))


@pytest.mark.rfc("3725 6")
def test_b_is_busy() -> None:
    """A is told by a BYE why: its Reason is the status of B's refusal."""
    net, a, _, control = three(b={"takes": lambda b, event: b.do(event.call.reject, 486)})
    flow_four(control)

    def refused(event: Ended) -> None:
        control.agent.do(control.calls["a"].hang_up, headers=[("Reason", f"SIP;cause={event.status}")])

    control.when_ended("b", refused)
    net.run()
    assert request(net, control.agent, "BYE").lines_of("Reason") == ("SIP;cause=486",)
    assert [event.reason for event in told(a, Ended)] == [EndReason.HUNG_UP_BY_PEER]
    nothing_left(net)


@pytest.mark.rfc("3725 6")
def test_a_offers_while_b_is_called() -> None:
    """Figure 5: the controller cannot pass it on, and refuses with 491; A's own retry comes after, and is passed on."""
    net, a, b, control = three()
    flow_four(control)

    def offered(event: OfferReceived) -> None:
        if event.call is control.calls["a"] and control.calls["b"].state is not CallState.ESTABLISHED:
            control.agent.do(event.call.reject_offer, 491)

    control.agent.on(OfferReceived, offered)
    net.at(1.5, lambda: a.do(taken(a).offer, a.sdp))
    net.run(until=1.6)
    (refused,) = told(a, ModificationRefused)
    assert (refused.status, refused.retry_after_s is not None) == (491, True)
    net.run(until=10)
    assert talk(a, b)


@pytest.mark.rfc("3725 7")
def test_a_hangs_up() -> None:
    """Figure 6: the controller hangs up with the other."""
    net, a, b, control = three()
    flow_four(control)
    control.when_ended("a", lambda _: control.agent.do(control.calls["b"].hang_up))
    net.at(5, lambda: a.do(taken(a).hang_up))
    assert net.run() == ladder(
        FLOW_FOUR
        + """
        5.0  ctl <------------BYE- a
        5.0  ctl 200-------------> a
        5.0  ctl BYE-------------> b
        5.0  ctl <------------200- b
    """
    )
    assert names(b)[-1] == "Ended"
    nothing_left(net)


@pytest.mark.rfc("3725 7")
def test_another_takes_the_place_of_a() -> None:
    """Figure 7: A has hung up, so C is called without media, and B asked for an offer that goes to C."""
    net, a, b, control = three()
    c = phone(net, "c")
    flow_four(control)
    control.when_ended("a", lambda _: control.offer("c", NO_MEDIA, lambda _: control.join("b", "c")))
    net.at(5, lambda: a.do(taken(a).hang_up))
    assert net.run(until=10) == ladder(
        FLOW_FOUR
        + """
        5.0  ctl <------------BYE- a
        5.0  ctl 200-------------> a
        5.0  ctl INVITE----------> c
        5.0  ctl <------------180- c
        6.0  ctl <------------200- c
        6.0  ctl ACK-------------> c
        6.0  ctl INVITE----------> b
        6.0  ctl <------------200- b
        6.0  ctl INVITE----------> c
        6.0  ctl <------------200- c
        6.0  ctl ACK-------------> c
        6.0  ctl ACK-------------> b
    """
    )
    assert talk(b, c)


def says(agent: Agent, event: IncomingCall) -> bytes:
    """What it answers to the offer of who calls."""
    return bytes(answer_to(event.offer, agent.sdp) or b"")


@pytest.mark.rfc("3725 8", "3262 5")
def test_early_media_of_b() -> None:
    """Figure 8: B's reliable 183 bears the offer, its PRACK A's answer; B's 200 changes nothing any more."""

    def rings(b: Agent, event: IncomingCall) -> None:
        b.do(event.call.ring, 183, sdp=b.sdp, reliable=True)
        b.on(ProvisionalAcknowledged, lambda _: net.after(1, lambda: b.do(event.call.answer)))

    net, a, b, control = three(b={"takes": rings})
    flow_four(control)
    assert net.run(until=5) == ladder("""
        0.0  ctl INVITE----------> a
        0.0  ctl <------------180- a
        1.0  ctl <------------200- a
        1.0  ctl ACK-------------> a
        1.0  ctl INVITE----------> b
        1.0  ctl <------------183- b
        1.0  ctl INVITE----------> a
        1.0  ctl <------------200- a
        1.0  ctl ACK-------------> a
        1.0  ctl PRACK-----------> b
        1.0  ctl <------------200- b
        2.0  ctl <------------200- b
        2.0  ctl ACK-------------> b
    """)
    assert talk(a, b)


@pytest.mark.rfc("3725 8", "3311 5.1")
def test_early_media_of_a() -> None:
    """Figure 9: A has answered "no media" in a reliable 183, so B's offer comes in an UPDATE before A has accepted."""

    def rings(a: Agent, event: IncomingCall) -> None:
        a.do(event.call.ring, 183, sdp=says(a, event), reliable=True)
        net.after(3, lambda: a.do(event.call.answer))

    net, a, b, control = three(a={"takes": rings})
    flow_four(control)
    assert net.run(until=5) == ladder("""
        0.0  ctl INVITE----------> a
        0.0  ctl <------------183- a
        0.0  ctl PRACK-----------> a
        0.0  ctl <------------200- a
        0.0  ctl INVITE----------> b
        0.0  ctl <------------180- b
        1.0  ctl <------------200- b
        1.0  ctl UPDATE----------> a
        1.0  ctl <------------200- a
        1.0  ctl ACK-------------> b
        3.0  ctl <------------200- a
        3.0  ctl ACK-------------> a
    """)
    assert talk(a, b)


# -------------------------------------------------------------------- preconditions (RFC 3312), which we do not know

OPTIONAL = b"a=curr:qos e2e none\r\na=des:qos optional e2e sendrecv\r\n"
WANTED = b"a=curr:qos e2e none\r\na=des:qos mandatory e2e sendrecv\r\na=conf:qos e2e recv\r\n"


@pytest.mark.rfc("3725 9.1", "3262 5")
@pytest.mark.parametrize("takes_it", [True, False])
def test_nobody_is_alerted_before_the_media_are_known(takes_it: bool) -> None:
    """Figure 10: A's offer is in a 183, and its PRACK bears what B has answered; if B refuses, A has never rung."""

    def offers(a: Agent, event: IncomingCall) -> None:
        assert event.request.header_values("Require") == ("precondition",)
        a.do(event.call.ring, 183, sdp=a.sdp + OPTIONAL, reliable=True)
        a.on(ProvisionalAcknowledged, lambda _: a.do(event.call.ring))
        a.on(ProvisionalAcknowledged, lambda _: net.after(1, lambda: a.do(event.call.answer)))

    def picks_up(b: Agent, event: IncomingCall) -> None:
        if takes_it:
            b.do(event.call.answer, says(b, event))
        else:
            b.do(event.call.reject, 488)

    knows = Profile(supported=("precondition",))
    net, a, b, control = three(a={"takes": offers, "profile": knows}, b={"takes": picks_up})
    control.join("a", "b", headers=[("Require", "precondition")])
    control.when_ended("b", lambda _: control.agent.do(control.calls["a"].cancel))
    begins = """
        0.0  ctl INVITE----------> a
        0.0  ctl <------------183- a
        0.0  ctl INVITE----------> b"""
    together = """
        0.0  ctl <------------200- b
        0.0  ctl ACK-------------> b
        0.0  ctl PRACK-----------> a
        0.0  ctl <------------200- a
        0.0  ctl <------------180- a
        1.0  ctl <------------200- a
        1.0  ctl ACK-------------> a
    """
    apart = """
        0.0  ctl <------------488- b
        0.0  ctl ACK-------------> b
        0.0  ctl CANCEL----------> a
        0.0  ctl <------------200- a
        0.0  ctl <------------487- a
        0.0  ctl ACK-------------> a
    """
    assert net.run(until=2) == ladder(begins + (together if takes_it else apart))
    if takes_it:
        assert talk(a, b)
        assert OPTIONAL in taken(b).remote_sdp
        assert (taken(a).remote_sdp, taken(b).remote_sdp) == (taken(b).local_sdp, taken(a).local_sdp)
    else:
        assert [event.reason for event in told(a, Ended)] == [EndReason.CANCELLED_BY_PEER]


@pytest.mark.rfc("3725 9.2", "3311 5.1", "3262 5")
def test_both_reserve_what_they_need_before_they_ring() -> None:
    """Figure 11: what A and B say of their reservations goes to and fro in UPDATE, PRACK and their answers."""
    # "What is important about this flow is that the controller doesn't know anything about preconditions. It merely
    # passes the SDP back and forth as needed." (RFC 3725 9.2)

    def without_media(a: Agent, event: IncomingCall) -> None:
        a.do(event.call.ring, 183, sdp=says(a, event), reliable=True)

    def offers(b: Agent, event: IncomingCall) -> None:
        b.do(event.call.ring, 183, sdp=b.sdp + WANTED, reliable=True)

    def reserved(agent: Agent, current: bytes) -> None:
        call = taken(agent)
        now = agent.sdp + WANTED.replace(b"e2e none", b"e2e " + current)
        agent.do(call.offer, following(now, call))

    def rings(agent: Agent, after: float) -> None:
        agent.do(taken(agent).ring)
        net.after(after, lambda: agent.do(taken(agent).answer))

    def passes_on(event: OfferReceived) -> None:
        if isinstance(event.in_message, Request):
            one, other = ("a", "b") if event.call is control.calls["a"] else ("b", "a")
            control.pass_on(event.sdp, one, other)

    net, a, b, control = three(a={"takes": without_media}, b={"takes": offers})
    control.agent.on(OfferReceived, passes_on)
    flow_four(control)
    net.at(0.2, lambda: reserved(a, b"recv"))
    net.at(0.4, lambda: reserved(b, b"sendrecv"))
    net.at(0.5, lambda: rings(a, 1.0))
    net.at(0.5, lambda: rings(b, 1.2))
    assert net.run(until=3) == ladder("""
        0.0  ctl INVITE----------> a
        0.0  ctl <------------183- a
        0.0  ctl PRACK-----------> a
        0.0  ctl <------------200- a
        0.0  ctl INVITE----------> b
        0.0  ctl <------------183- b
        0.0  ctl UPDATE----------> a
        0.0  ctl <------------200- a
        0.0  ctl PRACK-----------> b
        0.0  ctl <------------200- b
        0.2  ctl <---------UPDATE- a
        0.2  ctl UPDATE----------> b
        0.2  ctl <------------200- b
        0.2  ctl 200-------------> a
        0.4  ctl <---------UPDATE- b
        0.4  ctl UPDATE----------> a
        0.4  ctl <------------200- a
        0.4  ctl 200-------------> b
        0.5  ctl <------------180- a
        0.5  ctl <------------180- b
        1.5  ctl <------------200- a
        1.5  ctl ACK-------------> a
        1.7  ctl <------------200- b
        1.7  ctl ACK-------------> b
    """)
    assert talk(a, b)
    assert b"a=curr:qos e2e sendrecv" in taken(a).remote_sdp
    assert (taken(a).state, taken(b).state) == (CallState.ESTABLISHED, CallState.ESTABLISHED)


@pytest.mark.rfc("3725 10.2")
def test_an_announcement_in_mid_call() -> None:
    """Figure 13: B falls silent, A is joined to a media server; afterwards A and B are joined again."""
    net, a, b, control = three()
    server = phone(net, "server", after=0)
    flow_four(control)

    def pause() -> None:
        silence = black_hole(control.calls["b"].local_sdp)
        control.offer("b", silence, lambda _: control.join("a", "server"))

    control.when_ended("server", lambda _: control.join("b", "a"))
    net.at(5, pause)
    net.run(until=6)
    assert (hears(a), hears(server), hears(b)) == (server.host, a.host, "0.0.0.0")
    net.at(8, lambda: server.do(taken(server).hang_up))
    net.run(until=10)
    assert talk(a, b)
    assert len(told(a, OfferRequested)) == len(told(b, OfferRequested)) == 1
