"""Branches, tags and Call-IDs (RFC 3261 8.1.1.4, 8.1.1.5, 8.1.1.7, 19.3)."""

from __future__ import annotations

import random

import pytest

from sipsm.endpoint import Endpoint
from sipsm.grammar.tokens import is_token
from sipsm.ids import MAGIC_COOKIE, Ids, SystemSource
from sipsm.message import Request, parse_message, response_to
from sipsm.transport import Flow, Send

ALL_BITS = (1 << 128) - 1


class Stuck:
    """A source of the same bits for ever."""

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self.asked: list[int] = []

    def getrandbits(self, k: int, /) -> int:
        """The lowest `k` of them."""
        self.asked.append(k)
        return self.bits & ((1 << k) - 1)


@pytest.mark.rfc("3261-C02", "3261 8.1.1.7", "3261 9.1", "3261 17.1.1.3")
def test_the_branches_of_an_endpoint() -> None:
    """Each request has a branch of its own behind the magic cookie; CANCEL and the ACK for a refusal reuse one."""
    endpoint = Endpoint("udp:192.0.2.1:5060", ids=Ids(random.Random(3)))
    flow = Flow("UDP", ("192.0.2.1", 5060), ("192.0.2.2", 5060))
    sent: list[Request] = []

    def take(outputs: list[object]) -> None:
        for output in outputs:
            if isinstance(output, Send):
                message = parse_message(output.data)
                assert isinstance(message, Request)
                sent.append(message)

    def answer(request: Request, status: int) -> None:
        take([*endpoint.receive(bytes(response_to(request, status, to_tag="t")), flow, 1000.0)])

    for _ in range(20):
        call, outputs = endpoint.invite("sip:bob@192.0.2.2", now=1000.0)
        take([*outputs])
        invite = sent[-1]
        answer(invite, 180)
        take([*call.cancel(now=1000.0)])
        answer(invite, 487)
        take([*endpoint.request("OPTIONS", "sip:bob@192.0.2.2", now=1000.0)[1]])
    by_method = {method: [str(m.via.branch) for m in sent if m.method == method] for method in ("INVITE", "OPTIONS")}
    branches = [*by_method["INVITE"], *by_method["OPTIONS"]]
    assert len(set(branches)) == len(branches) == 40
    assert all(branch.startswith("z9hG4bK") and len(branch) > 7 for branch in branches)
    for method in ("CANCEL", "ACK"):
        assert [m.via.branch for m in sent if m.method == method] == by_method["INVITE"]


@pytest.mark.rfc("3261 8.1.1.7", "3261 19.3", "3261 8.1.1.4", "3261 25.1")
@pytest.mark.parametrize("bits", [0, 1, ALL_BITS])
def test_whatever_the_source_says_the_names_can_be_written(bits: int) -> None:
    """All are tokens of one length, and drawn from enough bits: 32 or more for a tag."""
    source = Stuck(bits)
    ids = Ids(source)
    branch, tag, call_id = ids.branch(), ids.tag(), ids.call_id()
    assert all(map(is_token, (branch, tag, call_id)))
    assert (len(branch), len(tag), len(call_id)) == (len(MAGIC_COOKIE) + 20, 16, 24)
    assert branch.startswith(MAGIC_COOKIE)
    assert source.asked == [80, 64, 96]


@pytest.mark.rfc("3261 8.1.1.5")
@pytest.mark.parametrize("bits", [0, ALL_BITS])
def test_a_first_cseq_is_far_from_its_limit(bits: int) -> None:
    """ "The sequence number value MUST be expressible as a 32-bit unsigned integer and MUST be less than 2**31"."""
    assert 0 <= Ids(Stuck(bits)).cseq() < 2**16


def names(ids: Ids, how_many: int) -> list[str]:
    """Some of each."""
    return [draw() for _ in range(how_many) for draw in (ids.branch, ids.tag, ids.call_id)]


def test_a_seed_gives_the_same_names_again() -> None:
    """With a source of one's own a run can be repeated."""
    assert names(Ids(random.Random(7)), 10) == names(Ids(random.Random(7)), 10)
    assert names(Ids(random.Random(7)), 10) != names(Ids(random.Random(8)), 10)


@pytest.mark.rfc("3261 19.3")
def test_by_default_the_names_cannot_be_guessed() -> None:
    """The source is the system's, and no two endpoints make up the same names."""
    one, two = Ids(), Ids()
    assert isinstance(one.source, SystemSource)
    drawn = [*names(one, 100), *names(two, 100)]
    assert len(set(drawn)) == len(drawn)
