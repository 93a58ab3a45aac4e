"""The six ways in which offer and answer go, and how each offer is refused (RFC 6337 Tables 1 and 2)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sipsm import CallState
from sipsm.role import IncomingCall, ModificationRefused, OfferReceived, OfferRequested, Policy
from sipsm.testing import Agent, Net, nothing_left
from tests.ladders.parties import taken, told


class Parties:
    """Alice, who calls, Bob, and a fresh description of each for every exchange."""

    def __init__(self, *, offer: bool = True) -> None:
        self.net = Net(3, delay=0.05)
        self.alice = self.net.agent("alice", policy=Policy(prack_by_hand=True))
        self.bob = self.net.agent("bob", policy=Policy(reliable=True))
        self.count = 0
        self.a = self.alice.invite("sip:bob", offer=self.sdp(self.alice) if offer else b"")
        self.pass_()
        self.b = taken(self.bob)

    def sdp(self, agent: Agent) -> bytes:
        """A description that no other message has borne."""
        self.count += 1
        return agent.sdp.replace(b"4000", b"%d" % (4000 + self.count)).replace(b"1 1 IN", b"1 %d IN" % self.count)

    def pass_(self) -> None:
        """Let everything that is under way arrive."""
        self.net.run(until=self.net.now - self.net.start + 0.4)

    def up(self) -> None:
        """Answer, in pattern 1."""
        self.bob.do(self.b.answer, self.sdp(self.bob))
        self.pass_()

    def agree(self) -> tuple[bytes, bytes]:
        """Both ends agree to the same; returns Alice's and Bob's description."""
        assert self.a.agreed is not None
        assert self.b.agreed == (self.a.agreed[1], self.a.agreed[0])
        return self.a.agreed


def last_offer(agent: Agent) -> bytes:
    """The offer that an agent was shown last."""
    return told(agent, OfferReceived)[-1].sdp


def answered(p: Parties) -> None:
    """Bob accepts what bears no description any more."""
    p.bob.do(p.b.answer)
    p.pass_()


# Each gives one exchange, offered by Alice unless it says otherwise, and returns the offer.


def invite_2xx(p: Parties) -> bytes:
    """Pattern 1."""
    offer = told(p.bob, IncomingCall)[-1].offer
    p.up()
    return offer


def reinvite_2xx(p: Parties) -> bytes:
    """Pattern 1, later."""
    offer = p.sdp(p.alice)
    p.alice.do(p.a.offer, offer)
    p.pass_()
    assert last_offer(p.bob) == offer
    p.bob.do(p.b.answer_offer, p.sdp(p.bob))
    p.pass_()
    return offer


def bare_2xx_ack(p: Parties) -> bytes:
    """Pattern 2: Bob offers."""
    offer = p.sdp(p.bob)
    p.bob.do(p.b.answer, offer)
    p.pass_()
    p.alice.do(p.a.answer_offer, p.sdp(p.alice))
    p.pass_()
    return offer


def bare_reinvite_2xx_ack(p: Parties) -> bytes:
    """Pattern 2, later: Bob offers."""
    p.alice.do(p.a.offer, b"", method="INVITE")
    p.pass_()
    assert told(p.bob, OfferRequested) != []
    return bare_2xx_ack(p)


def invite_1xx(p: Parties) -> bytes:
    """Pattern 3."""
    offer = told(p.bob, IncomingCall)[-1].offer
    p.bob.do(p.b.ring, 183, sdp=p.sdp(p.bob))
    p.pass_()
    p.alice.do(p.a.acknowledge)
    p.pass_()
    return offer


def reinvite_1xx(p: Parties, *, ends: bool = True) -> bytes:
    """Pattern 3, later; unless it `ends`, the re-INVITE is still unanswered behind it."""
    offer = p.sdp(p.alice)
    p.alice.do(p.a.offer, offer)
    p.pass_()
    p.bob.do(p.b.ring, 183, sdp=p.sdp(p.bob))
    p.pass_()
    p.alice.do(p.a.acknowledge)
    p.pass_()
    if ends:
        answered(p)
    return offer


def bare_1xx_prack(p: Parties) -> bytes:
    """Pattern 4: Bob offers."""
    offer = p.sdp(p.bob)
    p.bob.do(p.b.ring, 183, sdp=offer)
    p.pass_()
    p.alice.do(p.a.answer_offer, p.sdp(p.alice))
    p.pass_()
    return offer


def bare_reinvite_1xx_prack(p: Parties, *, ends: bool = True) -> bytes:
    """Pattern 4, later: Bob offers."""
    p.alice.do(p.a.offer, b"", method="INVITE")
    p.pass_()
    offer = bare_1xx_prack(p)
    if ends:
        answered(p)
    return offer


def prack_2xx(p: Parties) -> bytes:
    """Pattern 5, behind pattern 3."""
    p.bob.do(p.b.ring, 183, sdp=p.sdp(p.bob))
    p.pass_()
    offer = p.sdp(p.alice)
    p.alice.do(p.a.acknowledge, offer)
    p.pass_()
    assert last_offer(p.bob) == offer
    p.bob.do(p.b.answer_offer, p.sdp(p.bob))
    p.pass_()
    return offer


def reinvite_prack_2xx(p: Parties, *, ends: bool = True) -> bytes:
    """Pattern 5, later."""
    p.alice.do(p.a.offer, p.sdp(p.alice))
    p.pass_()
    offer = prack_2xx(p)
    if ends:
        answered(p)
    return offer


def update_by_alice(p: Parties) -> bytes:
    """Pattern 6."""
    offer = p.sdp(p.alice)
    p.alice.do(p.a.offer, offer, method="UPDATE")
    p.pass_()
    assert last_offer(p.bob) == offer
    p.bob.do(p.b.answer_offer, p.sdp(p.bob))
    p.pass_()
    return offer


def update_by_bob(p: Parties) -> bytes:
    """Pattern 6, of the other side."""
    offer = p.sdp(p.bob)
    p.bob.do(p.b.offer, offer, method="UPDATE")
    p.pass_()
    assert last_offer(p.alice) == offer
    p.alice.do(p.a.answer_offer, p.sdp(p.alice))
    p.pass_()
    return offer


def reinvite_by_bob(p: Parties) -> bytes:
    """Pattern 1, later, of the other side."""
    offer = p.sdp(p.bob)
    p.bob.do(p.b.offer, offer)
    p.pass_()
    p.alice.do(p.a.answer_offer, p.sdp(p.alice))
    p.pass_()
    return offer


Exchange = Callable[[Parties], bytes]
FIRST: list[tuple[bool, Exchange]] = [
    (True, invite_2xx),
    (False, bare_2xx_ack),
    (True, invite_1xx),
    (False, bare_1xx_prack),
]
EARLY: list[Exchange] = [update_by_alice, update_by_bob]
LATER: list[Exchange] = [
    reinvite_2xx,
    bare_reinvite_2xx_ack,
    reinvite_1xx,
    bare_reinvite_1xx_prack,
    reinvite_prack_2xx,
    update_by_alice,
    update_by_bob,
    reinvite_by_bob,
]


def name_of(exchange: object) -> str:
    """Its name, for the test's id."""
    return getattr(exchange, "__name__", str(exchange))


def finish(p: Parties) -> None:
    """Alice hangs up, and nothing is left at either end."""
    assert (p.a.state, p.b.state) == (CallState.ESTABLISHED, CallState.ESTABLISHED)
    p.alice.do(p.a.hang_up)
    p.net.run()
    nothing_left(p.net)


@pytest.mark.rfc("6337 2.2", "3262-20", "3262-19", "3261-C20")
@pytest.mark.parametrize(("offer", "first"), FIRST, ids=name_of)
def test_the_session_begins(offer: bool, first: Exchange) -> None:
    """Patterns 1 to 4 each begin a session, to which both ends agree."""
    p = Parties(offer=offer)
    assert first(p) in p.agree()
    if p.a.state is not CallState.ESTABLISHED:
        answered(p)
    finish(p)


@pytest.mark.rfc("6337 2.2", "6337 3.2", "3262-20", "3311-03")
@pytest.mark.parametrize("early", EARLY, ids=name_of)
@pytest.mark.parametrize(("offer", "first"), FIRST[2:], ids=name_of)
def test_the_early_session_changes(offer: bool, first: Exchange, early: Exchange) -> None:
    """Pattern 6 changes the session of an early dialog, from either side and more than once."""
    p = Parties(offer=offer)
    first(p)
    for _ in range(2):
        assert early(p) in p.agree()
    answered(p)
    finish(p)


@pytest.mark.rfc("6337 2.2", "6337 3.2", "3262-18", "3262-20")
def test_the_early_session_changes_in_a_prack() -> None:
    """Pattern 5 changes it too, and pattern 6 behind that."""
    p = Parties()
    assert prack_2xx(p) in p.agree()
    assert update_by_bob(p) in p.agree()
    answered(p)
    finish(p)


@pytest.mark.rfc("6337 2.2", "6337 3.3", "3262-20", "3261 14.1")
@pytest.mark.parametrize("second", LATER, ids=name_of)
@pytest.mark.parametrize("first", LATER, ids=name_of)
def test_the_session_changes(first: Exchange, second: Exchange) -> None:
    """Every pattern changes an established session, one behind the other."""
    p = Parties()
    p.up()
    assert first(p) in p.agree()
    assert second(p) in p.agree()
    finish(p)


# -------------------------------------------------------------------- Table 2


def is_as_it_was(p: Parties, before: tuple[bytes, bytes]) -> None:
    """Both ends have the session from before, and the call is up."""
    assert p.agree() == before
    assert (p.a.local_sdp, p.a.remote_sdp) == before
    assert (p.b.remote_sdp, p.b.local_sdp) == before


@pytest.mark.rfc("6337 2.3", "3261-C25", "3261 14.1", "3311-11")
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
@pytest.mark.parametrize("caller", [True, False])
def test_an_offer_is_refused(method: str, caller: bool) -> None:
    """488 to a re-INVITE or UPDATE, of either side: both ends roll back to the session before, and go on."""
    p = Parties()
    p.up()
    before = p.agree()
    one, other = ((p.alice, p.a), (p.bob, p.b)) if caller else ((p.bob, p.b), (p.alice, p.a))
    one[0].do(one[1].offer, p.sdp(one[0]), method=method)
    p.pass_()
    other[0].do(other[1].reject_offer)
    p.pass_()
    is_as_it_was(p, before)
    assert update_by_alice(p) in p.agree()
    assert reinvite_2xx(p) in p.agree()
    finish(p)


@pytest.mark.rfc("6337 2.3")
def test_an_invitation_is_refused() -> None:
    """An offer in the INVITE that calls is refused with 488, and both are rid of it."""
    p = Parties()
    p.bob.do(p.b.reject, 488)
    p.net.run()
    assert (p.a.state, p.b.state) == (CallState.ENDED, CallState.ENDED)
    nothing_left(p.net)


@pytest.mark.rfc("6337 2.3", "3261-C24")
def test_an_offer_in_a_2xx_is_not_acceptable() -> None:
    """It is answered in the ACK, and followed by a new offer, or by BYE."""
    p = Parties(offer=False)
    bare_2xx_ack(p)
    assert update_by_alice(p) in p.agree()
    finish(p)


@pytest.mark.rfc("6337 2.3")
def test_an_offer_in_a_1xx_is_not_acceptable() -> None:
    """It is answered in the PRACK, and followed by a new offer, still in the early dialog."""
    p = Parties(offer=False)
    bare_1xx_prack(p)
    assert update_by_alice(p) in p.agree()
    answered(p)
    finish(p)


@pytest.mark.rfc("6337 2.3")
def test_an_offer_in_a_prack_is_not_acceptable() -> None:
    """It is answered in the 200 to the PRACK, and followed by a new offer of the callee."""
    p = Parties()
    prack_2xx(p)
    assert update_by_bob(p) in p.agree()
    answered(p)
    finish(p)


@pytest.mark.rfc("6337 3.4", "6141 3.4", "3261-C25")
@pytest.mark.parametrize("first", [reinvite_1xx, bare_reinvite_1xx_prack, reinvite_prack_2xx], ids=name_of)
@pytest.mark.parametrize("again", [None, update_by_alice, update_by_bob], ids=name_of)
def test_a_reinvite_is_refused_in_the_end(first: Callable[..., bytes], again: Exchange | None) -> None:
    """A re-INVITE that is refused when exchanges within it are complete: both return to what was before."""
    p = Parties()
    p.up()
    before = p.agree()
    assert first(p, ends=False) in p.agree()
    if again is not None:
        assert again(p) in p.agree()
    p.bob.do(p.b.reject, 488)
    p.pass_()
    is_as_it_was(p, before)
    (refused,) = told(p.alice, ModificationRefused)
    assert (refused.status, refused.undone) == (488, True)
    assert update_by_alice(p) in p.agree()
    finish(p)
