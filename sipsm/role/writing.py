"""The messages of a call, as its dialog and its machines would have them.

RFC 3261 8.2.6 (responses), 12.2.1.1 (requests within a dialog), 13.2.2.4 (ACK), 13.3.1.4; RFC 3262, 3311, 4028, 6086.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sipsm.message import CheckedHeader, Request, Response, response_to
from sipsm.message.headers import RAck
from sipsm.role.party import HeaderLines, Party, together
from sipsm.role.policy import Policy
from sipsm.sdp.offer_answer import SDP
from sipsm.transport import Flow
from sipsm.usage import Invitation, Leg
from sipsm.usage.outputs import Acknowledge, Decide, Modify, Prack, Reply, ReplyReliably
from sipsm.usage.session_timer import SMALLEST_S, says

# "The ACK MUST contain the same credentials as the INVITE." (RFC 3261 13.2.2.4)
_CREDENTIALS: Final = ("Authorization", "Proxy-Authorization")


class Writing:
    """Builds the messages of calls."""

    def __init__(self, party: Party, policy: Policy) -> None:
        self.party = party
        self.policy = policy
        self.of_invite: HeaderLines = [party.packages]
        """What an INVITE outside a dialog says of us, beside the Contact and the rest of `Party`."""
        wanted, smallest = policy.session_interval_s, party.profile.smallest_interval_s
        if wanted is not None:
            # "If a Min-SE header is included in the initial session refresh request, the value of the Session-Expires
            # MUST be greater than or equal to the value in Min-SE." (RFC 4028 7.1)
            self.of_invite.append(("Session-Expires", str(max(wanted, smallest))))
        if smallest > SMALLEST_S:
            self.of_invite.append(("Min-SE", str(smallest)))

    # ---------------------------------------------------------------- responses

    def response(self, at: Invitation, x: Reply, rseq: int | None = None) -> Response:
        """The response to an INVITE of the peer."""
        request, status, party, leg = at.request, x.status, self.party, at.leg
        headers: HeaderLines = []
        if status < 200:
            headers = [party.contact(leg.invitations[0].flow, leg.dialog, request)]
        elif status < 300:
            # "A 2xx response to an INVITE SHOULD contain the Allow header field and the Supported header field"
            # (RFC 3261 13.3.1.4)
            headers = party.capabilities_of_session(leg.invitations[0].flow, leg.dialog, request)
            if leg.timer.agreed is not None:
                headers += self.agreed_interval(leg, request)
        if rseq is not None:
            # "it MUST contain a Require header field containing the option tag 100rel, and MUST include an RSeq header
            # field." (RFC 3262 3)  With a description, it "SHOULD contain an Allow header field that lists the UPDATE
            # method." (RFC 3311 4)
            headers += [("Require", "100rel"), ("RSeq", str(rseq)), *party.allow()]
        if status < 300 and (rseq is not None or status >= 200):
            headers += self._taken(request)
        headers += party.server
        if x.headers:
            headers += x.headers
        if x.body:
            headers += content(x)
        return response_to(
            request,
            status,
            x.reason,
            to_tag=leg.dialog.local_tag,
            record_route=status < 300,
            headers=headers if rseq is not None or x.headers else together(*headers),
            body=x.body,
        )

    def reliable(self, at: Invitation, x: ReplyReliably) -> Response:
        """A reliable provisional response to an INVITE of the peer."""
        return self.response(at, x.reply, x.rseq)

    def accepted(self, at: Invitation, request: Request) -> Response:
        """The 200 to a request within the dialog that nobody had to decide on."""
        headers: HeaderLines = self._of_update(at.leg, request) if request.method == "UPDATE" else []
        if request.has("Recv-Info"):
            headers = [*headers, self.party.packages]
        return response_to(request, 200, headers=[*headers, *self.party.server])

    def decided(self, at: Invitation, request: Request, x: Decide) -> Response:
        """The response to an UPDATE or PRACK that waited for the application."""
        headers: HeaderLines = []
        if x.status < 300:
            headers = [*(self._of_update(at.leg, request) if x.method == "UPDATE" else []), *self._taken(request)]
        return response_to(
            request,
            x.status,
            x.reason,
            headers=[*headers, *self.party.server, *x.headers, *content(x)],
            body=x.body,
        )

    def _of_update(self, leg: Leg, request: Request) -> HeaderLines:
        own = self.party.capabilities_of_session(way(leg), leg.dialog, request)
        return [*own, *self.agreed_interval(leg, request)]

    def agreed_interval(self, leg: Leg, request: Request) -> HeaderLines:
        """Session-Expires of a 2xx of ours, when there is an interval (RFC 4028 9)."""
        agreed = leg.timer.agreed
        if agreed is None:
            return []
        lines = [("Session-Expires", f"{agreed.seconds};refresher={'uas' if agreed.ours else 'uac'}")]
        # "If the refresher parameter in the Session-Expires header field in the 2xx response has a value of 'uac', the
        # UAS MUST place a Require header field into the response with the value 'timer'." (RFC 4028 9)
        return [("Require", "timer"), *lines] if says(request, "timer") else lines

    def _taken(self, request: Request) -> HeaderLines:
        # "The receiver of a request that contains a Recv-Info header field MUST include a Recv-Info header field in a
        # reliable 18x/2xx response to the request", and "A UA MUST NOT include a Recv-Info header field in a response
        # if the associated request did not contain a Recv-Info header field." (RFC 6086 5.2.3)
        return [self.party.packages] if request.has("Recv-Info") else []

    # ---------------------------------------------------------------- requests

    def ack(self, at: Invitation, x: Acknowledge) -> Request:
        """The ACK for a 2xx, with the INVITE's CSeq number and a branch of its own."""
        invite = at.request
        headers: HeaderLines = []
        for name in _CREDENTIALS:
            if invite.has(name):
                headers += [(name, line) for line in invite.lines_of(name)]
        if x.headers:
            headers += x.headers
        if x.body:
            headers += content(x)
        return at.dialog.next_request("ACK", self.party.via(), headers, x.body, cseq=invite.cseq.number)

    def prack(self, at: Invitation, x: Prack) -> Request:
        """The PRACK for a reliable provisional response."""
        assert x.response is not None, "it acknowledges a response"
        rack = RAck.build(int(x.response.header("RSeq") or 0), at.request.cseq.number, "INVITE")
        return self.within(at.leg, "PRACK", [("RAck", str(rack)), *x.headers, *content(x)], x.body)

    def modifying(self, leg: Leg, x: Modify) -> Request:
        """A re-INVITE or an UPDATE."""
        packages = [self.party.packages] if x.method == "INVITE" else []
        session = self.party.capabilities_of_session(way(leg), leg.dialog)
        own = [*session, *packages, *self.wanted_interval(leg)]
        first = leg.invitations[0]
        # "The values of Supported, Require, and Proxy-Require used in the initial Session refresh request MUST be
        # used." (RFC 4028 7.4)
        for name in ("Supported", "Require", "Proxy-Require") if first.outgoing else ():
            own += [(name, line) for line in first.request.lines_of(name) if (name, line) not in own]
        own = [*self.party.user_agent, *own, *x.headers, *content(x)]
        return leg.dialog.next_request(x.method, self.party.via(), own, x.body)

    def wanted_interval(self, leg: Leg) -> HeaderLines:
        """Session-Expires and Min-SE of a session refresh request (RFC 4028 7.4)."""
        timer = leg.timer
        lines: HeaderLines = []
        if timer.agreed is not None:
            # "it is RECOMMENDED that the refresher parameter be set to 'uac' if the element sending the request is
            # currently performing refreshes, and to 'uas' if its peer is performing the refreshes." (RFC 4028 7.4)
            lines.append(("Session-Expires", f"{timer.asks_s};refresher={'uac' if timer.agreed.ours else 'uas'}"))
        elif timer.asks_s is not None:
            lines.append(("Session-Expires", str(timer.asks_s)))
        must_say = timer.smallest_is_named or timer.smallest_s > SMALLEST_S
        return [*lines, ("Min-SE", str(timer.smallest_s))] if must_say else lines

    def within(self, leg: Leg, method: str, headers: Iterable[tuple[str, str]], body: bytes = b"") -> Request:
        """Any request within the dialog but ACK, re-INVITE and UPDATE."""
        party = self.party
        lines = [*party.of_requests, *headers] if headers else party.of_requests
        return leg.dialog.next_request(method, party.via(), lines, body)


def way(leg: Leg) -> Flow | None:
    """The flow on which the INVITE that made a dialog came or went."""
    return leg.invitations[0].flow


def content(x: Any) -> HeaderLines:
    """The Content-Type of what has a body."""
    if not x.body or x.content_type is None:
        return []
    return [OF_SDP if x.content_type == SDP else ("Content-Type", x.content_type)]


OF_SDP: Final = CheckedHeader("Content-Type", SDP)
