"""The exchange of offer and answer, as each side sees it (RFC 3264 4, RFC 3261 13.2.1, RFC 6337 2.1)."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import define, field

from sipsm import Request, Response
from sipsm.machine import Decision, Refuse, Step
from sipsm.message import read_message
from sipsm.sdp import OfferAnswerUac, OfferAnswerUas, SdpArrived, has_sdp
from sipsm.usage import InviteUac
from sipsm.usage.outputs import Acknowledge, Reply
from tests.endpoint.by_hand import SDP, SDP2, lines

Exchange = OfferAnswerUac | OfferAnswerUas


@define
class Around:
    """What stands beside the exchange of a caller: the INVITE's life."""

    invite: InviteUac = field(factory=InviteUac)


def message(start: str, body: bytes = b"", content_type: str = "application/sdp") -> Request | Response:
    """A message with this first line and body."""
    return read_message(lines(start, *([f"Content-Type: {content_type}"] if body else []), body=body))


def take(exchange: Exchange, name: str, x: Any, at: Any = None) -> tuple[Decision, Step]:
    """One input, with what stands around it."""
    step = Step(1000.0)
    decision = exchange.find(name, x, at)
    if not (decision.refused or decision.ignored):
        before = exchange.state
        exchange.move(decision, step)
        exchange.act(decision, name, before, x, step)
    return decision, step


INVITE = message("INVITE sip:bob@192.0.2.1 SIP/2.0", SDP)
EMPTY_INVITE = message("INVITE sip:bob@192.0.2.1 SIP/2.0")
OK = message("SIP/2.0 200 OK", SDP2)
ACK = message("ACK sip:bob@192.0.2.1 SIP/2.0", SDP2)
CALLING = Around()
CALLING.invite.state = "Calling"
GIVEN_UP = Around()
GIVEN_UP.invite.state = "CancelWaits"


@pytest.mark.parametrize(
    ("body", "content_type", "has"),
    [(SDP, "application/sdp", True), (SDP, "text/plain", False), (b"", "application/sdp", False)],
)
def test_what_is_a_description(body: bytes, content_type: str, has: bool) -> None:
    """A body of another type is none, and neither is no body."""
    assert has_sdp(message("SIP/2.0 200 OK", body, content_type)) is has


@pytest.mark.rfc("3264 5", "3264 6", "6337 2.1")
def test_the_caller_offers() -> None:
    """The offer in the INVITE is ours, the answer in the 2xx the peer's; what follows counts for nothing."""
    exchange = OfferAnswerUac()
    take(exchange, "INVITE+SDP", INVITE)
    assert (exchange.state, exchange.local) == ("SentInInvite", SDP)
    _, step = take(exchange, "2XX+SDP", OK, CALLING)
    assert (exchange.state, exchange.remote) == ("Stable", SDP2)
    assert step.outputs == [SdpArrived(False, SDP2, OK)]
    for name in ("1XX+SDP", "2XX+SDP", "2XX"):
        assert take(exchange, name, INVITE, CALLING)[0].ignored
    assert exchange.remote == SDP2


@pytest.mark.rfc("3264 5", "3264 6", "6337 2.1")
def test_the_callee_offers() -> None:
    """The offer in the 2xx is ours, and the answer in the ACK the peer's."""
    exchange = OfferAnswerUas()
    take(exchange, "INVITE", EMPTY_INVITE)
    take(exchange, "2XX+SDP", Reply(200, body=SDP))
    assert (exchange.state, exchange.local) == ("SentIn2xx", SDP)
    _, step = take(exchange, "ACK+SDP", ACK)
    assert (exchange.state, exchange.remote, step.outputs) == ("Stable", SDP2, [SdpArrived(False, SDP2, ACK)])


@pytest.mark.rfc("3264 5", "6337 2.1")
def test_the_caller_answers_in_the_ack() -> None:
    """The 2xx's offer is told, and our answer goes out in the ACK."""
    exchange = OfferAnswerUac()
    take(exchange, "INVITE", EMPTY_INVITE)
    _, step = take(exchange, "2XX+SDP", OK, CALLING)
    assert (exchange.state, step.outputs) == ("GotIn2xx", [SdpArrived(True, SDP2, OK)])
    take(exchange, "ACK+SDP", Acknowledge(SDP))
    assert (exchange.state, exchange.local, exchange.remote) == ("Stable", SDP, SDP2)


@pytest.mark.rfc("3261 13.2.2.4", "3261 13.2.1")
@pytest.mark.parametrize("invite", ["INVITE", "INVITE+SDP"])
def test_a_2xx_without_a_description(invite: str) -> None:
    """It ends the exchange: a repeat that has one counts for nothing."""
    exchange = OfferAnswerUac()
    take(exchange, invite, INVITE)
    take(exchange, "2XX", message("SIP/2.0 200 OK"), CALLING)
    assert take(exchange, "2XX+SDP", OK, CALLING)[0].ignored
    assert (exchange.state, exchange.remote) == ("Stable", b"")


@pytest.mark.rfc("3264 6", "6337 2.1")
def test_the_callee_answers() -> None:
    """The answer in the 2xx is ours, and complete is the exchange."""
    exchange = OfferAnswerUas()
    take(exchange, "INVITE+SDP", INVITE)
    take(exchange, "2XX+SDP", Reply(200, body=SDP2))
    assert (exchange.state, exchange.local, exchange.remote) == ("Stable", SDP2, SDP)


@pytest.mark.rfc("3261 9.1", "3261 13.2.2.4")
@pytest.mark.parametrize(
    ("invite", "name"), [("INVITE+SDP", "1XX+SDP"), ("INVITE+SDP", "2XX+SDP"), ("INVITE", "2XX+SDP")]
)
def test_what_is_not_wanted_is_not_told(invite: str, name: str) -> None:
    """A description of a dialog that will have no session ends the exchange, and nobody hears of it."""
    exchange = OfferAnswerUac()
    take(exchange, invite, INVITE)
    _, step = take(exchange, name, OK, GIVEN_UP)
    assert (exchange.state, exchange.remote, step.outputs) == ("Stable", b"", [])


@pytest.mark.rfc("3261 13.2.1")
def test_an_offer_in_a_provisional_counts_for_nothing() -> None:
    """To an INVITE without an offer, the first description in a reliable message is the offer."""
    exchange = OfferAnswerUac()
    take(exchange, "INVITE", EMPTY_INVITE)
    assert take(exchange, "1XX+SDP", OK, CALLING)[0].ignored
    assert exchange.state == "NoOffer"


@pytest.mark.rfc("3261 13.3.1.4", "3261 14.2")
def test_an_ack_without_the_answer() -> None:
    """It causes the end, since our offer will never be answered."""
    exchange = OfferAnswerUas()
    take(exchange, "INVITE", EMPTY_INVITE)
    take(exchange, "2XX+SDP", Reply(200, body=SDP))
    _, step = take(exchange, "ACK", ACK)
    assert [name for name, _, _ in step.causes] == ["NO ANSWER"]
    assert exchange.state == "Stable"


def reasons(exchange: Exchange, name: str, x: Any) -> str:
    """Why an input is refused."""
    before = exchange.state
    decision, _ = take(exchange, name, x, CALLING)
    assert decision.refused
    assert isinstance(decision.entry, Refuse)
    assert exchange.state == before
    return decision.entry.text


@pytest.mark.rfc("3264 4", "3261 13.2.2.4")
def test_an_answer_that_nobody_waits_for() -> None:
    """The caller answers an offer of the peer once, with a description, and only if there was one."""
    exchange = OfferAnswerUac()
    nobody = "no offer of the peer waits for an answer"
    steps = (("INVITE", EMPTY_INVITE), ("2XX+SDP", OK), ("ACK+SDP", Acknowledge(SDP)), ("OVER", None))
    assert reasons(exchange, "ACK", Acknowledge()) == nobody
    for name, x in steps:
        take(exchange, name, x, CALLING)
        if exchange.state == "GotIn2xx":
            assert "must carry the answer" in reasons(exchange, "ACK", Acknowledge())
        else:
            assert reasons(exchange, "ACK", Acknowledge()) == nobody
            assert reasons(exchange, "ACK+SDP", Acknowledge(SDP)) == nobody
    assert exchange.state == "Closed"


@pytest.mark.rfc("3261 13.2.1", "3261 13.3.1.4")
def test_what_the_callee_must_say() -> None:
    """The answer is shown in a provisional at most once, and is the same in the 2xx, which must not lack it."""
    exchange = OfferAnswerUas()
    take(exchange, "INVITE+SDP", INVITE)
    assert exchange.remote == SDP
    assert "must carry the answer" in reasons(exchange, "2XX", Reply(200))
    take(exchange, "1XX+SDP", Reply(183, body=SDP2))
    assert (exchange.state, exchange.local) == ("ShownIn1xx", SDP2)
    take(exchange, "1XX+SDP", Reply(183, body=SDP2))
    for name in ("1XX+SDP", "2XX+SDP"):
        assert "has shown another answer" in reasons(exchange, name, Reply(200, body=SDP))
    assert "must carry the answer" in reasons(exchange, "2XX", Reply(200))
    take(exchange, "2XX+SDP", Reply(200, body=SDP2))
    assert (exchange.state, exchange.local) == ("Stable", SDP2)


@pytest.mark.rfc("3261 13.2.1", "3261 13.3.1.4")
def test_what_the_callee_must_offer() -> None:
    """To an INVITE without an offer the 2xx carries one; no provisional response does."""
    exchange = OfferAnswerUas()
    take(exchange, "INVITE", EMPTY_INVITE)
    assert "needs a reliable message" in reasons(exchange, "1XX+SDP", Reply(183, body=SDP))
    assert "must carry one" in reasons(exchange, "2XX", Reply(200))


@pytest.mark.parametrize("kind", [OfferAnswerUac, OfferAnswerUas])
def test_every_exchange_can_end(kind: type[Exchange]) -> None:
    """The end of the session closes the exchange wherever it stands, and once."""
    for state in kind.table.states:
        exchange = kind()
        exchange.state = state
        decision, step = take(exchange, "OVER", None)
        assert (exchange.state, step.outputs) == ("Closed", [])
        assert decision.ignored is (state == "Closed")
