"""What the parts of a user agent say of themselves."""

from __future__ import annotations

import attrs

from sipsm import Request
from sipsm.role.calls.call import OutgoingRequest
from sipsm.usage import Invitation
from tests.endpoint.by_hand import Bench


def test_who_keeps_a_request_says_so() -> None:
    """Whoever asks for something either keeps the request or does not, and where he keeps it, it is as it went out."""
    bench = Bench()
    responses = bench.endpoint._agent.responses
    known = {*responses.users, Invitation, OutgoingRequest}
    assert responses.keepers == {kind for kind in known if "request" in attrs.fields_dict(kind)}
    assert known - responses.keepers, "publications keep none"


def test_who_keeps_none_has_none() -> None:
    """Nothing is put where nobody has said that he wants it, whatever he calls what he has."""

    class Stranger:
        request = None

    bench, stranger = Bench(), Stranger()
    request = Request.build("OPTIONS", "sip:bob@192.0.2.2")
    assert bench.endpoint._agent.responses.sent_as(stranger, request) == []
    assert stranger.request is None
