"""The six ways in which offer and answer go, and how each offer is refused (RFC 6337 Tables 1 and 2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sipsm import Call, CallState
from sipsm.role import IncomingCall, ModificationRefused, OfferReceived, OfferRequested, Policy
from sipsm.testing import Agent, Net, nothing_left
from tests.ladders.parties import taken, told


class Party:
    """One end of the call; each description of it is another one."""

    call: Call

    def __init__(self, net: Net, agent: Agent) -> None:
        self.net = net
        self.agent = agent
        self.count = 0

    def sdp(self) -> bytes:
        """A description that no other message has borne."""
        self.count += 1
        new = self.agent.sdp.replace(b"4000", b"%d" % (4000 + self.count))
        return new.replace(b"1 1 IN", b"1 %d IN" % self.count)

    def does(self, command: str, *args: Any, **more: Any) -> None:
        """A command, and all that comes of it."""
        self.agent.do(getattr(self.call, command), *args, **more)
        arrives(self.net)

    def answers(self, offer: bytes) -> None:
        """Answer an offer, which is the one that was shown last."""
        assert told(self.agent, OfferReceived)[-1].sdp == offer
        self.does("answer_offer", self.sdp())


def arrives(net: Net) -> None:
    """Everything that is under way."""
    net.run(until=net.now - net.start + 0.4)


class Parties:
    """Alice, who calls, and Bob, who is called."""

    def __init__(self, *, offer: bool = True) -> None:
        self.net = Net(3, delay=0.05)
        self.alice = Party(self.net, self.net.agent("alice", policy=Policy(prack_by_hand=True)))
        self.bob = Party(self.net, self.net.agent("bob", policy=Policy(reliable=True)))
        self.alice.call = self.alice.agent.invite("sip:bob", offer=self.alice.sdp() if offer else b"")
        arrives(self.net)
        self.bob.call = taken(self.bob.agent)

    def agree(self) -> tuple[bytes, bytes]:
        """Both ends agree to the same; returns Alice's and Bob's description."""
        agreed = self.alice.call.agreed
        assert agreed is not None
        assert self.bob.call.agreed == (agreed[1], agreed[0])
        return agreed


def up() -> Parties:
    """A call that is established, by pattern 1."""
    p = Parties()
    invite_2xx(p)
    return p


def offers(one: Party, other: Party, **more: str) -> bytes:
    """An offer in a request, answered in its response."""
    offer = one.sdp()
    one.does("offer", offer, **more)
    other.answers(offer)
    return offer


# Each gives one exchange, offered by Alice unless it says otherwise, and returns the offer.


def invite_2xx(p: Parties) -> bytes:
    """Pattern 1."""
    p.bob.does("answer", p.bob.sdp())
    return the_invitation(p)


def the_invitation(p: Parties) -> bytes:
    """What Alice offers as she calls."""
    return told(p.bob.agent, IncomingCall)[-1].offer


def reinvite_2xx(p: Parties) -> bytes:
    """Pattern 1, later."""
    return offers(p.alice, p.bob)


def reinvite_by_bob(p: Parties) -> bytes:
    """Pattern 1, later, of the other side."""
    return offers(p.bob, p.alice)


def bare_2xx_ack(p: Parties) -> bytes:
    """Pattern 2: Bob offers."""
    offer = p.bob.sdp()
    p.bob.does("answer", offer)
    p.alice.answers(offer)
    return offer


def bare_reinvite_2xx_ack(p: Parties) -> bytes:
    """Pattern 2, later: Bob offers."""
    p.alice.does("offer", b"", method="INVITE")
    assert told(p.bob.agent, OfferRequested) != []
    return bare_2xx_ack(p)


def invite_1xx(p: Parties) -> bytes:
    """Pattern 3."""
    p.bob.does("ring", 183, sdp=p.bob.sdp())
    p.alice.does("acknowledge")
    return the_invitation(p)


def reinvite_1xx(p: Parties, *, ends: bool = True) -> bytes:
    """Pattern 3, later; unless it `ends`, the re-INVITE is still unanswered behind it."""
    offer = p.alice.sdp()
    p.alice.does("offer", offer)
    p.bob.does("ring", 183, sdp=p.bob.sdp())
    p.alice.does("acknowledge")
    if ends:
        p.bob.does("answer")
    return offer


def bare_1xx_prack(p: Parties) -> bytes:
    """Pattern 4: Bob offers."""
    offer = p.bob.sdp()
    p.bob.does("ring", 183, sdp=offer)
    p.alice.answers(offer)
    return offer


def bare_reinvite_1xx_prack(p: Parties, *, ends: bool = True) -> bytes:
    """Pattern 4, later: Bob offers."""
    p.alice.does("offer", b"", method="INVITE")
    offer = bare_1xx_prack(p)
    if ends:
        p.bob.does("answer")
    return offer


def prack_2xx(p: Parties) -> bytes:
    """Pattern 5, behind pattern 3."""
    p.bob.does("ring", 183, sdp=p.bob.sdp())
    offer = p.alice.sdp()
    p.alice.does("acknowledge", offer)
    p.bob.answers(offer)
    return offer


def reinvite_prack_2xx(p: Parties, *, ends: bool = True) -> bytes:
    """Pattern 5, later."""
    p.alice.does("offer", p.alice.sdp())
    offer = prack_2xx(p)
    if ends:
        p.bob.does("answer")
    return offer


def update_by_alice(p: Parties) -> bytes:
    """Pattern 6."""
    return offers(p.alice, p.bob, method="UPDATE")


def update_by_bob(p: Parties) -> bytes:
    """Pattern 6, of the other side."""
    return offers(p.bob, p.alice, method="UPDATE")


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
    assert (p.alice.call.state, p.bob.call.state) == (CallState.ESTABLISHED, CallState.ESTABLISHED)
    p.alice.does("hang_up")
    p.net.run()
    nothing_left(p.net)


@pytest.mark.rfc("6337 2.2", "3262-20", "3262-19", "3261-C20")
@pytest.mark.parametrize(("offer", "first"), FIRST, ids=name_of)
def test_the_session_begins(offer: bool, first: Exchange) -> None:
    """Patterns 1 to 4 each begin a session, to which both ends agree."""
    p = Parties(offer=offer)
    assert first(p) in p.agree()
    if p.alice.call.state is not CallState.ESTABLISHED:
        p.bob.does("answer")
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
    p.bob.does("answer")
    finish(p)


@pytest.mark.rfc("6337 2.2", "6337 3.2", "3262-18", "3262-20")
def test_the_early_session_changes_in_a_prack() -> None:
    """Pattern 5 changes it too, and pattern 6 behind that."""
    p = Parties()
    assert prack_2xx(p) in p.agree()
    assert update_by_bob(p) in p.agree()
    p.bob.does("answer")
    finish(p)


@pytest.mark.rfc("6337 2.2", "6337 3.3", "3262-20", "3261 14.1")
@pytest.mark.parametrize("second", LATER, ids=name_of)
@pytest.mark.parametrize("first", LATER, ids=name_of)
def test_the_session_changes(first: Exchange, second: Exchange) -> None:
    """Every pattern changes an established session, one behind the other."""
    p = up()
    assert first(p) in p.agree()
    assert second(p) in p.agree()
    finish(p)


# -------------------------------------------------------------------- Table 2


def is_as_it_was(p: Parties, before: tuple[bytes, bytes]) -> None:
    """Both ends have the session from before, and the call is up."""
    assert p.agree() == before
    for mine, theirs, call in ((*before, p.alice.call), (*before[::-1], p.bob.call)):
        assert (call.local_sdp, call.remote_sdp) == (mine, theirs)


@pytest.mark.rfc("6337 2.3", "3261-C25", "3261 14.1", "3311-11")
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
@pytest.mark.parametrize("caller", [True, False])
def test_an_offer_is_refused(method: str, caller: bool) -> None:
    """488 to a re-INVITE or UPDATE, of either side: both ends roll back to the session before, and go on."""
    p = up()
    before = p.agree()
    one, other = (p.alice, p.bob) if caller else (p.bob, p.alice)
    one.does("offer", one.sdp(), method=method)
    other.does("reject_offer")
    is_as_it_was(p, before)
    assert update_by_alice(p) in p.agree()
    assert reinvite_2xx(p) in p.agree()
    finish(p)


@pytest.mark.rfc("6337 2.3")
def test_an_invitation_is_refused() -> None:
    """An offer in the INVITE that calls is refused with 488, and both are rid of it."""
    p = Parties()
    p.bob.does("reject", 488)
    p.net.run()
    assert (p.alice.call.state, p.bob.call.state) == (CallState.ENDED, CallState.ENDED)
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
    p.bob.does("answer")
    finish(p)


@pytest.mark.rfc("6337 2.3")
def test_an_offer_in_a_prack_is_not_acceptable() -> None:
    """It is answered in the 200 to the PRACK, and followed by a new offer of the callee."""
    p = Parties()
    prack_2xx(p)
    assert update_by_bob(p) in p.agree()
    p.bob.does("answer")
    finish(p)


@pytest.mark.rfc("6337 3.4", "6141 3.4", "3261-C25")
@pytest.mark.parametrize("first", [reinvite_1xx, bare_reinvite_1xx_prack, reinvite_prack_2xx], ids=name_of)
@pytest.mark.parametrize("again", [None, update_by_alice, update_by_bob], ids=name_of)
def test_a_reinvite_is_refused_in_the_end(first: Callable[..., bytes], again: Exchange | None) -> None:
    """A re-INVITE that is refused when exchanges within it are complete: both return to what was before."""
    p = up()
    before = p.agree()
    assert first(p, ends=False) in p.agree()
    if again is not None:
        assert again(p) in p.agree()
    p.bob.does("reject", 488)
    is_as_it_was(p, before)
    (refused,) = told(p.alice.agent, ModificationRefused)
    assert (refused.status, refused.undone) == (488, True)
    assert update_by_alice(p) in p.agree()
    finish(p)
