"""Which call an INVITE asks to replace or to join, and whether it may.

RFC 3891 3 (Replaces) and RFC 3911 4 (Join), as far as they are the receiver's. Whether its sender is somebody who may
is for the application to say, when it has authenticated him.
"""

from __future__ import annotations

from typing import Final

from attrs import frozen

from sipsm.message import Request
from sipsm.message.headers import JOIN, REPLACES, Join, Replaces
from sipsm.role.calls.call import Call
from sipsm.role.calls.calls import Calls
from sipsm.role.policy import Policy
from sipsm.usage import Leg, session
from sipsm.usage.around import DialogId

CONFIRMED: Final = frozenset({session.ACCEPTED, session.ANSWERING, session.ESTABLISHED})


@frozen
class Sought:
    """What was found: a call to be replaced or joined, or the status that answers the INVITE."""

    status: int = 0
    replaces: Call | None = None
    joins: Call | None = None


NOTHING: Final = Sought()
_NAMES: Final = frozenset({REPLACES.key, JOIN.key})


def sought(request: Request, calls: Calls, policy: Policy) -> Sought:
    """What the INVITE asks for."""
    if not request.has_any(_NAMES):
        return NOTHING
    replaces, joins = request[REPLACES], request[JOIN]
    # "If both a Replaces header field and another header field with contradictory semantics are present in a request,
    # the request MUST be rejected with a 400 "Bad Request" response." (RFC 3891 3)
    if replaces is not None and joins is not None:
        return Sought(400)
    if not policy.replaceable:
        return Sought(403)
    if replaces is not None:
        return _replaced(calls, _named(replaces), replaces.early_only)
    assert joins is not None, "one of them is there"
    return _joined(calls, _named(joins))


def _named(header: Replaces | Join) -> DialogId:
    """The dialog that is meant, as it is found by."""
    # "the to-tag parameter is compared to the local tag, and the from-tag parameter is compared to the remote tag." And
    # for a peer without a tag: "a tag of zero matches both tags of zero and null." (RFC 3891 3 and 6.1)
    return header.call_id, header.to_tag, "" if header.from_tag == "0" else header.from_tag


def _replaced(calls: Calls, named: DialogId, early_only: bool) -> Sought:
    leg = calls.dialogs.get(named)
    if leg is None:
        # "If the Replaces header field matches a dialog which has already terminated, the UA SHOULD decline the request
        # with a 603 Declined response." And: "If no match is found, the UAS rejects the INVITE and returns a 481
        # Call/Transaction Does Not Exist response." (RFC 3891 3)
        return Sought(603 if named in calls.ended else 481)
    state = leg.session.state
    if state in CONFIRMED:
        # "If the flag is present, the UA rejects the request with a 486 Busy response." (RFC 3891 3)
        return Sought(486) if early_only else Sought(replaces=leg.call)
    if state == session.INVITING:
        return Sought(replaces=leg.call)
    # "If the Replaces header field matches an early dialog that was not initiated by this UA, it returns a 481
    # (Call/Transaction Does Not Exist) response to the new INVITE, and leaves the matched dialog unchanged." (RFC 3891
    # 3)
    return Sought(481 if state == session.INVITED else 603)


def _joined(calls: Calls, named: DialogId) -> Sought:
    leg: Leg | None = calls.dialogs.get(named)
    if leg is None:
        # "Otherwise if no match is found, the UAS rejects the INVITE and returns a 481 Call/Transaction Does Not Exist
        # response." And: "If the Join header field matches a dialog which has already terminated, the UA SHOULD decline
        # the request with a 603 Declined response." (RFC 3911 4)
        return Sought(603 if named in calls.ended else 481)
    # "unlike the Replaces header, the Join header has no limitation on its use with early dialogs" (RFC 3911 4)
    return Sought(joins=leg.call) if leg.session.goes_on else Sought(603)
