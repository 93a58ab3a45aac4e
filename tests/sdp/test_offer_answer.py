"""The exchange of offer and answer by itself (RFC 3264 4, RFC 6337 2): one table for both sides."""

from __future__ import annotations

from typing import Any

import pytest

from sipsm.dialog import as_uac
from sipsm.machine import Decision, Refuse, Step
from sipsm.message import read_message
from sipsm.sdp import OfferAnswer, SdpArrived, has_sdp
from sipsm.usage.acknowledging import Acknowledging
from sipsm.usage.invite_uac import InviteUac
from sipsm.usage.outputs import Acknowledge, Decide, Modify, Prack, Reply
from sipsm.usage.reliable_receiver import ReliableReceiver
from sipsm.usage.reliable_sender import ReliableSender
from tests.endpoint.by_hand import SDP, SDP2, lines
from tests.usage.world import Attempt, Branch, Plan, World, request

SDP3 = SDP.replace(b"4000", b"6000")


def message(start: str, body: bytes = b"", content_type: str = "application/sdp") -> Any:
    """A message with this first line and body."""
    return read_message(lines(start, *([f"Content-Type: {content_type}"] if body else []), body=body))


def around(*, wants: bool = True, dialog: str = "Early", reliable: str = "", waiting: Any = None) -> Attempt:
    """What stands beside the exchange."""
    leg = Branch(World(Plan(True)), as_uac(request("INVITE")))
    at = Attempt(leg, True, request("INVITE"), InviteUac(), Acknowledging())
    at.invite.state = "Calling" if wants else "CancelWaits"
    leg.dialog.state = dialog
    leg.session.state = "Established" if dialog == "Confirmed" else "Inviting"
    if reliable:
        at.reliable = ReliableSender(reply=Reply(183, body=SDP))
        at.reliable.state = reliable
    elif waiting is not None:
        at.reliable = ReliableReceiver(waiting=waiting)
    return at


def take(exchange: OfferAnswer, name: str, x: Any = None, at: Any = None) -> tuple[Decision, Step]:
    """One input, with what stands around it."""
    step = Step(1000.0)
    at = at or around()
    if name.startswith("<ACK"):
        # Its 2xx waits for it.
        at.invite.state = "Accepted"
    decision = exchange.find(name, x, at)
    if decision.taken:
        before = exchange.state
        exchange.move(decision, step)
        exchange.act(decision, name, before, x, step)
    return decision, step


def refusal(exchange: OfferAnswer, name: str, x: Any = None, at: Any = None) -> tuple[int | None, str]:
    """With what status and why an input is refused; the state stays."""
    before = exchange.state, exchange.local, exchange.remote, exchange.agreed
    decision, step = take(exchange, name, x, at)
    assert isinstance(decision.entry, Refuse), f"{name} is not refused in {exchange.state}"
    assert (exchange.state, exchange.local, exchange.remote, exchange.agreed) == before
    assert (step.outputs, step.causes) == ([], [])
    return decision.entry.status, decision.entry.text


INVITE = message("INVITE sip:bob@192.0.2.1 SIP/2.0", SDP)
EMPTY_INVITE = message("INVITE sip:bob@192.0.2.1 SIP/2.0")
RINGING = message("SIP/2.0 183 Session Progress", SDP2)
OK = message("SIP/2.0 200 OK", SDP2)
EMPTY_OK = message("SIP/2.0 200 OK")
ACK = message("ACK sip:bob@192.0.2.1 SIP/2.0", SDP2)
PRACK = message("PRACK sip:bob@192.0.2.1 SIP/2.0", SDP2)
UPDATE = message("UPDATE sip:bob@192.0.2.1 SIP/2.0", SDP2)
UP = around(dialog="Confirmed")


def stable() -> OfferAnswer:
    """After a first exchange: ours is SDP, the peer's SDP2."""
    exchange = OfferAnswer()
    take(exchange, ">INVITE+SDP", INVITE)
    take(exchange, "<2XX+SDP", OK)
    assert (exchange.state, exchange.agreed) == ("Stable", (SDP, SDP2))
    return exchange


@pytest.mark.parametrize(
    ("body", "content_type", "has"),
    [(SDP, "application/sdp", True), (SDP, "text/plain", False), (b"", "application/sdp", False)],
)
def test_what_is_a_description(body: bytes, content_type: str, has: bool) -> None:
    """A body of another type is none, and neither is no body."""
    assert has_sdp(message("SIP/2.0 200 OK", body, content_type)) is has


# -------------------------------------------------------------------- the patterns of RFC 6337 Table 1

PATTERNS = {
    "1, caller": ([(">INVITE+SDP", INVITE), ("<2XX+SDP", OK)], (SDP, SDP2), [False]),
    "1, callee": ([("<INVITE+SDP", INVITE), (">2XX+SDP", Reply(200, body=SDP2))], (SDP2, SDP), []),
    "2, caller": ([(">INVITE", EMPTY_INVITE), ("<2XX+SDP", OK), (">ACK+SDP", Acknowledge(SDP))], (SDP, SDP2), [True]),
    "2, callee": (
        [("<INVITE", EMPTY_INVITE), (">2XX+SDP", Reply(200, body=SDP)), ("<ACK+SDP", ACK)],
        (SDP, SDP2),
        [False],
    ),
    "3, caller": ([(">INVITE+SDP", INVITE), ("<REL+SDP", RINGING)], (SDP, SDP2), [False]),
    "3, callee": ([("<INVITE+SDP", INVITE), (">REL+SDP", Reply(183, body=SDP2))], (SDP2, SDP), []),
    "4, caller": (
        [(">INVITE", EMPTY_INVITE), ("<REL+SDP", RINGING), (">PRACK+SDP", Prack(None, SDP))],
        (SDP, SDP2),
        [True],
    ),
    "4, callee": (
        [("<INVITE", EMPTY_INVITE), (">REL+SDP", Reply(183, body=SDP)), ("<PRACK+SDP", PRACK)],
        (SDP, SDP2),
        [False],
    ),
}
LATER = {
    "5, caller": ([(">PRACK+SDP", Prack(None, SDP3)), ("<PRACK 2XX+SDP", OK)], (SDP3, SDP2), [False]),
    "5, callee": ([("<PRACK+SDP", PRACK), (">PRACK 2XX+SDP", Decide("PRACK", 200, body=SDP3))], (SDP3, SDP2), [True]),
    "6, who offers": ([(">UPDATE+SDP", Modify("UPDATE", SDP3)), ("<UPDATE 2XX+SDP", OK)], (SDP3, SDP2), [False]),
    "6, who answers": (
        [("<UPDATE+SDP", UPDATE), (">UPDATE 2XX+SDP", Decide("UPDATE", 200, body=SDP3))],
        (SDP3, SDP2),
        [True],
    ),
    "re-INVITE of ours": ([(">INVITE+SDP", Modify("INVITE", SDP3)), ("<2XX+SDP", OK)], (SDP3, SDP2), [False]),
    "re-INVITE of theirs": ([("<INVITE+SDP", ACK), (">2XX+SDP", Reply(200, body=SDP3))], (SDP3, SDP2), [True]),
}


def play(exchange: OfferAnswer, steps: list[tuple[str, Any]], at: Any) -> list[bool]:
    """Take them; returns of each description that was told whether it is an offer."""
    told = []
    for name, x in steps:
        decision, step = take(exchange, name, x, at)
        assert decision.taken
        for output in step.outputs:
            assert isinstance(output, SdpArrived)
            assert (output.sdp, output.message) == (x.body, x)
            told.append(output.is_offer)
        assert step.causes == []
    return told


@pytest.mark.rfc("6337 2.1", "6337 2.2", "3264 4", "3264 5", "3264 6", "3262 5", "3311 5.1", "3311 5.2")
@pytest.mark.parametrize(("steps", "agreed", "told"), PATTERNS.values(), ids=PATTERNS)
def test_the_patterns_of_an_invite(steps: list[Any], agreed: tuple[bytes, bytes], told: list[bool]) -> None:
    """Both descriptions are agreed in the end, and the peer's was told as what it was."""
    exchange = OfferAnswer()
    assert play(exchange, steps, around(waiting=RINGING)) == told
    assert (exchange.state, exchange.agreed) == ("Stable", agreed)
    assert (exchange.local, exchange.remote) == agreed


@pytest.mark.rfc("6337 2.1", "6337 2.2", "3262 5", "3311 5.1", "3311 5.2", "3261 14.1", "3261 14.2")
@pytest.mark.parametrize(("steps", "agreed", "told"), LATER.values(), ids=LATER)
def test_the_patterns_after_it(steps: list[Any], agreed: tuple[bytes, bytes], told: list[bool]) -> None:
    """The same, once there is a session to be changed."""
    exchange = stable()
    assert play(exchange, steps, around(dialog="Confirmed", waiting=RINGING)) == told
    assert (exchange.state, exchange.agreed) == ("Stable", agreed)
    assert (exchange.local, exchange.remote) == agreed


# -------------------------------------------------------------------- what is refused leaves what was agreed


REFUSED = [
    ([(">INVITE+SDP", Modify("INVITE", SDP3))], "<REFUSAL"),
    ([(">INVITE", Modify("INVITE"))], "<REFUSAL"),
    ([("<INVITE+SDP", INVITE)], ">REFUSAL"),
    ([("<INVITE", EMPTY_INVITE)], ">REFUSAL"),
    ([("<INVITE", EMPTY_INVITE), (">REL+SDP", Reply(183, body=SDP3))], ">REFUSAL"),
    ([(">UPDATE+SDP", Modify("UPDATE", SDP3))], "<UPDATE REFUSAL"),
    ([("<UPDATE+SDP", message("UPDATE sip:b@192.0.2.1 SIP/2.0", SDP3))], ">UPDATE REFUSAL"),
    ([(">PRACK+SDP", Prack(None, SDP3))], "<PRACK REFUSAL"),
]


@pytest.mark.rfc("3261 14.1", "3261 14.2", "3311 5.2", "3311 5.3", "6337 3.4")
@pytest.mark.parametrize(("steps", "end"), REFUSED, ids=lambda x: x if isinstance(x, str) else x[-1][0])
def test_a_refused_offer_leaves_the_session(steps: list[tuple[str, Any]], end: str) -> None:
    """Both descriptions are those of before, whatever was offered meanwhile."""
    exchange = stable()
    at = around(dialog="Confirmed", waiting=RINGING)
    play(exchange, steps, at)
    take(exchange, end, None, at)
    assert (exchange.state, exchange.local, exchange.remote) == ("Stable", SDP, SDP2)
    assert exchange.agreed == (SDP, SDP2)


@pytest.mark.rfc("3261 13.2.2.3", "3261 13.3.1.3")
@pytest.mark.parametrize(("begin", "end"), [(">INVITE+SDP", "<REFUSAL"), ("<INVITE+SDP", ">REFUSAL")])
def test_a_refused_call_has_no_exchange(begin: str, end: str) -> None:
    """Without a session from before, nothing is left to be agreed on."""
    exchange = OfferAnswer()
    take(exchange, begin, INVITE)
    take(exchange, end)
    assert (exchange.state, exchange.agreed) == ("Closed", None)


def test_a_session_without_descriptions_is_one_too() -> None:
    """Where the first 2xx had none, a refused re-INVITE still leaves the exchange open for others."""
    exchange = OfferAnswer()
    take(exchange, ">INVITE", EMPTY_INVITE)
    take(exchange, "<2XX", EMPTY_OK)
    take(exchange, ">INVITE", Modify("INVITE"), UP)
    take(exchange, "<REFUSAL", None, UP)
    assert exchange.state == "Stable"
    assert take(exchange, "<INVITE+SDP", INVITE, UP)[0].taken


# -------------------------------------------------------------------- what a caller hears


@pytest.mark.rfc("3261 13.2.1")
def test_an_answer_that_is_shown_early() -> None:
    """The first description in a provisional response counts, is told once, and is agreed by the 2xx."""
    exchange = OfferAnswer()
    take(exchange, ">INVITE+SDP", INVITE)
    _, step = take(exchange, "<1XX+SDP", RINGING)
    assert (exchange.state, exchange.agreed, step.outputs) == ("Previewed", None, [SdpArrived(False, SDP2, RINGING)])
    assert take(exchange, "<1XX+SDP", INVITE)[0].ignored
    _, step = take(exchange, "<2XX+SDP", message("SIP/2.0 200 OK", SDP3))
    assert (exchange.state, exchange.agreed, step.outputs) == ("Stable", (SDP, SDP2), [])


@pytest.mark.rfc("3261 13.2.1")
def test_an_offer_in_a_provisional_counts_for_nothing() -> None:
    """To an INVITE without an offer, the first description in a reliable message is the offer."""
    exchange = OfferAnswer()
    take(exchange, ">INVITE", EMPTY_INVITE)
    assert take(exchange, "<1XX+SDP", RINGING)[0].ignored
    assert exchange.state == "ToBeOffered"


@pytest.mark.rfc("3261 9.1", "3261 13.2.2.4")
@pytest.mark.parametrize("invite", [">INVITE", ">INVITE+SDP"])
@pytest.mark.parametrize("name", ["<1XX+SDP", "<REL+SDP", "<2XX+SDP"])
def test_what_is_not_wanted_is_not_told(invite: str, name: str) -> None:
    """A description of a dialog that will have no session ends the exchange, and nobody hears of it."""
    exchange = OfferAnswer()
    take(exchange, invite, INVITE)
    _, step = take(exchange, name, OK, around(wants=False))
    assert (exchange.remote, step.outputs) == (b"", [])


@pytest.mark.rfc("3261 13.2.2.4", "3261 14.1")
@pytest.mark.parametrize("invite", [">INVITE", ">INVITE+SDP"])
def test_a_2xx_without_a_description(invite: str) -> None:
    """It ends the exchange: a repeat that has one counts for nothing; in a session, what was agreed stays."""
    exchange = OfferAnswer()
    take(exchange, invite, INVITE)
    take(exchange, "<2XX", EMPTY_OK)
    assert take(exchange, "<2XX+SDP", OK)[0].ignored
    assert (exchange.state, exchange.remote) == ("Stable", b"")
    later = stable()
    take(later, invite, Modify("INVITE", SDP3), UP)
    take(later, "<2XX", EMPTY_OK, UP)
    assert (later.state, later.local, later.agreed) == ("Stable", SDP, (SDP, SDP2))


# -------------------------------------------------------------------- what a callee may say


@pytest.mark.rfc("3261 13.2.1", "3261 13.3.1.4")
def test_what_the_callee_must_say() -> None:
    """The answer is shown in a provisional at most once, and is the same in the 2xx, which must not lack it."""
    exchange = OfferAnswer()
    take(exchange, "<INVITE+SDP", INVITE)
    assert exchange.remote == SDP
    assert "must carry the answer" in refusal(exchange, ">2XX", Reply(200))[1]
    take(exchange, ">1XX+SDP", Reply(183, body=SDP2))
    assert (exchange.state, exchange.local) == ("Shown", SDP2)
    take(exchange, ">1XX+SDP", Reply(183, body=SDP2))
    for name in (">1XX+SDP", ">REL+SDP", ">2XX+SDP"):
        assert "has shown another answer" in refusal(exchange, name, Reply(200, body=SDP))[1]
    assert "must carry the answer" in refusal(exchange, ">2XX", Reply(200))[1]
    take(exchange, ">2XX+SDP", Reply(200, body=SDP2))
    assert (exchange.state, exchange.agreed) == ("Stable", (SDP2, SDP))


@pytest.mark.rfc("3261 13.2.1", "3261 13.3.1.4", "3262 5")
def test_what_the_callee_must_offer() -> None:
    """To an INVITE without an offer the first reliable message back carries one; an unreliable one does not."""
    exchange = OfferAnswer()
    take(exchange, "<INVITE", EMPTY_INVITE)
    assert "needs a reliable message" in refusal(exchange, ">1XX+SDP", Reply(183, body=SDP))[1]
    assert "must carry one" in refusal(exchange, ">REL", Reply(183))[1]
    assert "must carry one" in refusal(exchange, ">2XX", Reply(200))[1]


@pytest.mark.rfc("3261 13.2.1")
@pytest.mark.parametrize("name", [">1XX+SDP", ">REL+SDP", ">2XX+SDP"])
def test_nothing_new_is_said_after_the_answer(name: str) -> None:
    """Once the exchange is complete, only the same description may be repeated."""
    exchange = OfferAnswer()
    take(exchange, "<INVITE+SDP", INVITE)
    take(exchange, ">REL+SDP", Reply(183, body=SDP2))
    assert take(exchange, name, Reply(200, body=SDP2))[0].ignored
    assert "offer anew with UPDATE" in refusal(exchange, name, Reply(200, body=SDP3))[1]


@pytest.mark.rfc("3261 13.3.1.4", "3261 14.2", "3262 5")
@pytest.mark.parametrize(("sends", "gets"), [(">2XX+SDP", "<ACK"), (">REL+SDP", "<PRACK")], ids=["ACK", "PRACK"])
def test_an_offer_of_ours_that_is_not_answered(sends: str, gets: str) -> None:
    """What should have borne the answer does not: that causes the end, and what was agreed is in force till then."""
    exchange = OfferAnswer()
    take(exchange, "<INVITE", EMPTY_INVITE)
    take(exchange, sends, Reply(200, body=SDP))
    _, step = take(exchange, gets, ACK)
    assert [name for name, _, _ in step.causes] == ["NO ANSWER"]
    assert (exchange.state, exchange.local) == ("Stable", b"")


# -------------------------------------------------------------------- offers that meet


@pytest.mark.rfc("3311 5.2", "6337 4.3", "3261 14.2")
@pytest.mark.parametrize("name", ["<UPDATE+SDP", "<INVITE+SDP", "<INVITE"])
def test_offers_that_meet(name: str) -> None:
    """While ours is unanswered the peer's gets 491, and while theirs is, 500."""
    ours = stable()
    take(ours, ">UPDATE+SDP", Modify("UPDATE", SDP3))
    assert refusal(ours, name, UPDATE)[0] == 491
    theirs = stable()
    take(theirs, "<UPDATE+SDP", UPDATE)
    assert refusal(theirs, name, UPDATE)[0] == 500


@pytest.mark.rfc("3264 4", "3311 5.1")
@pytest.mark.parametrize("name", [">UPDATE+SDP", ">INVITE+SDP", ">INVITE"])
def test_one_offer_at_a_time(name: str) -> None:
    """The program is told why it cannot offer now."""
    ours = stable()
    take(ours, ">UPDATE+SDP", Modify("UPDATE", SDP3))
    assert refusal(ours, name, Modify("UPDATE", SDP)) == (None, "our offer is unanswered")
    theirs = stable()
    take(theirs, "<UPDATE+SDP", UPDATE)
    assert refusal(theirs, name, Modify("UPDATE", SDP)) == (
        None,
        "the peer's offer waits for our answer; give that first",
    )


@pytest.mark.rfc("3311 5.1")
def test_no_offer_while_ours_is_unacknowledged() -> None:
    """The response that bears our answer may be lost: no UPDATE before its PRACK."""
    exchange = stable()
    at = around(reliable="Unacknowledged")
    assert "has not had its PRACK" in refusal(exchange, ">UPDATE+SDP", Modify("UPDATE", SDP3), at)[1]


def test_every_exchange_can_end() -> None:
    """The end of the session closes the exchange wherever it stands, and once."""
    for state in OfferAnswer.table.states:
        exchange = OfferAnswer()
        exchange.state = state
        decision, step = take(exchange, "OVER")
        assert (exchange.state, step.outputs) == ("Closed", [])
        assert decision.ignored is (state == "Closed")
