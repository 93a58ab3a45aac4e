"""What the peer says of itself in a dialog: the methods that it takes (Allow), and the INFO packages (Recv-Info).

RFC 3261 20.5; RFC 6086 5.2.2 and 5.2.4: what a request says of packages counts at once, and counts no more when the
request comes to nothing.
"""

from __future__ import annotations

from sipsm.message import Request, Response
from sipsm.message.headers import ALLOW, CONTACT, RECV_INFO
from sipsm.usage import Leg
from sipsm.usage.session_timer import says


def learn_methods(leg: Leg, message: Request | Response) -> None:
    """The methods that the peer takes, where the message names them."""
    methods = message[ALLOW]
    if methods or message.has("Allow"):
        leg.peer_allows = methods


def _learn_of_peer(leg: Leg, message: Request | Response) -> None:
    """The methods, and whether it finds dialogs."""
    learn_methods(leg, message)
    contacts = message[CONTACT]
    if contacts and ";gr" in contacts[0].uri_text:
        leg.peer_finds_dialogs = says(message, "tdialog")


def _learn_packages(leg: Leg, message: Request | Response) -> None:
    # "the Info Package name is case sensitive" (RFC 6086 7.2)
    packages = message[RECV_INFO]
    leg.peer_packages = tuple([package.name for package in packages]) if packages else ()


def learn(leg: Leg, message: Request | Response) -> None:
    """The methods and the packages that the peer takes, from a message that stands."""
    _learn_of_peer(leg, message)
    # "an empty Recv-Info header field" says that none is taken, and none that nothing has changed (RFC 6086 5.2.2).
    if message.has("Recv-Info"):
        _learn_packages(leg, message)


def learn_for_now(leg: Leg, message: Request | Response, *, ours: bool) -> None:
    """The same, from a request that may yet be rejected, or from a provisional response to one of ours."""
    _learn_of_peer(leg, message)
    if message.has("Recv-Info"):
        leg.packages_before = leg.packages_before or {}
        leg.packages_before.setdefault((ours, message.cseq.number), leg.peer_packages)
        _learn_packages(leg, message)


def settle(leg: Leg, message: Request | Response, *, ours: bool) -> None:
    """The request with the CSeq number of this message is accepted: what was said with it stands."""
    before = leg.packages_before
    if before is not None and (key := (ours, message.cseq.number)) in before:
        # What was said before it, by a request that is not answered yet, is no more to be gone back on.
        later = [*before][[*before].index(key) + 1 :]
        leg.packages_before = {each: before[each] for each in later} or None


def go_back(leg: Leg, message: Request | Response, *, ours: bool) -> None:
    """The request with the CSeq number of this message is rejected: what was said with it has not been said."""
    # "If the receiver of a request that contains a Recv-Info header field rejects the request, both the sender and
    # receiver of the request MUST roll back to the set of Info Packages that was used before the request was sent."
    # (RFC 6086 5.2.4)  What we take ourselves never changes within a dialog.
    before = leg.packages_before
    if before is None or (key := (ours, message.cseq.number)) not in before:
        return
    later = [*before][[*before].index(key) + 1 :]
    used = before.pop(key)
    if later:
        # Another request has come since, and is not answered: what it says counts, until it is rejected as well.
        before[later[0]] = used
    else:
        leg.peer_packages = used
    leg.packages_before = before or None
