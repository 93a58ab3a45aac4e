"""The one response that is forwarded of those that came (RFC 3261 16.7 items 6 and 7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sipsm.message import Response
from sipsm.proxy.results import Result
from sipsm.proxy.validating import can_be_written

AFFECTING_RESUBMISSION: Final = frozenset({401, 407, 415, 420, 484})
SAYING_LITTLE: Final = frozenset({408, 487, 503})
"""Of a class, those that say the least of whom the request is for."""
CHALLENGES: Final = ("WWW-Authenticate", "Proxy-Authenticate")


def best(results: Iterable[Result]) -> Result:
    """The best of them; a 408 where there is none."""
    # "It MUST choose from the 6xx class responses if any exist in the context. If no 6xx class responses are present,
    # the proxy SHOULD choose from the lowest response class stored in the response context." (RFC 3261 16.7 item 6)
    # "If there are no final responses in the context, the proxy MUST send a 408 (Request Timeout) response to the
    # server transaction." (RFC 3261 16.7 item 6)
    return min(results, key=_rank, default=Result(408))


def _rank(result: Result) -> tuple[int, int]:
    # "The proxy SHOULD give preference to responses that provide information affecting resubmission of this request,
    # such as 401, 407, 415, 420, and 484 if the 4xx class is chosen." (RFC 3261 16.7 item 6)
    of_class = result.status // 100
    worth = 0 if result.status in AFFECTING_RESUBMISSION else 2 if result.status in SAYING_LITTLE else 1
    return 0 if of_class == 6 else of_class, worth


def with_all_challenges(chosen: Result, results: Sequence[Result]) -> Response | None:
    """The response of the chosen one; a 401 or 407 with the challenges of all others."""
    response = chosen.response
    if response is None or chosen.status not in {401, 407}:
        return response
    # "the proxy MUST collect any WWW-Authenticate and Proxy-Authenticate header field values from all other 401
    # (Unauthorized) and 407 (Proxy Authentication Required) responses received so far in this response context and add
    # them to this response without modification before forwarding." (RFC 3261 16.7 item 7)
    for other in results:
        if other is not chosen and other.response is not None and other.status in {401, 407}:
            for name in CHALLENGES:
                for line in filter(can_be_written, other.response.lines_of(name)):
                    response = response.with_added(name, line)
    return response
