"""What has broken other SIP stacks is decided here, and takes time that grows no faster than it does.

Sizes are those at which anything worse than linear would not come back.
"""

from __future__ import annotations

import pytest

from sipsm import DropReason, Limits, RemoteProtocolError, parse_message
from tests.torture.case import ORIGINS, Case
from tests.torture.checking import check_every_value, check_outcome, check_values
from tests.torture.entry import Accepted, Breaks, Refused
from tests.torture.malformed import EACH, MALFORMED
from tests.torture.receiving import BOUNDLESS, received


def test_every_class_of_faults_is_there() -> None:
    """No class of faults is without a case, and no two cases are the same."""
    assert {case.fault for case in MALFORMED} == ORIGINS.keys()
    assert len({(case.fault, case.name) for case in MALFORMED}) == len(MALFORMED)


@pytest.mark.rfc("3261 7", "3261 7.3.1", "3261 20.14", "3261 25.1")
@pytest.mark.parametrize("case", EACH)
def test_the_message_layer(case: Case) -> None:
    """It is a message or RemoteProtocolError, the one that the table says, and its values are read or refused."""
    data = case.data
    verdict: Accepted | Refused
    try:
        message = parse_message(data)
    except RemoteProtocolError as error:
        verdict = Refused(error.status, error.rfc or "")
    else:
        verdict = Accepted()
        # An empty line may be missing, and what comes before or after a message is none of it.
        assert bytes(message) in data + b"\r\n"
    assert verdict == case.message
    check_values(case)


@pytest.mark.rfc("3261-S32", "3261 18.3", "3261 21.4.1")
@pytest.mark.parametrize("case", EACH)
def test_an_endpoint(case: Case) -> None:
    """It answers or drops what it is given, as the table says; what is longer than a datagram is not looked at."""
    check_outcome(case, **BOUNDLESS)
    data = case.data
    if len(data) > Limits().message_bytes:
        outcome = received(data)
        assert outcome.told() == f"dropped {DropReason.TOO_LARGE}"
        assert outcome.unchanged


OVER_A_LIMIT = {
    "Content-Encoding of 10000",
    "SUBSCRIBE with 5000 Accepts",
    "SUBSCRIBE with 5000 Accepts on one line",
    "Require of 10000",
}


@pytest.mark.rfc("3261 21.5.7")
@pytest.mark.parametrize("case", [case for case in MALFORMED if case.name in OVER_A_LIMIT], ids=lambda case: case.name)
def test_what_is_over_a_limit(case: Case) -> None:
    """A datagram with too long a header is answered as on a connection, and not read."""
    assert case.stream == Breaks(513)
    outcome = received(case.data)
    assert outcome.told() == f"513 dropped {DropReason.TOO_LARGE}"
    assert outcome.unchanged


@pytest.mark.rfc("3261 7.3.1")
@pytest.mark.parametrize("case", EACH)
def test_everything_can_be_touched(case: Case) -> None:
    """Whatever is read of it, what comes is a value or RemoteProtocolError."""
    check_every_value(case)
