"""Who a user agent is in its messages: its address, its identity, and the requests that it makes outside a dialog.

RFC 3261 8.1.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from sipsm.dialog import Dialog, request_uri_and_routes
from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.ids import MAGIC_COOKIE, Ids
from sipsm.message import Address, CheckedHeader, CheckedHeaders, Request, Via, request_of
from sipsm.message.headers.times import date_of
from sipsm.role.checking import address_of_somebody, check_headers, in_to, refuse_100rel
from sipsm.role.screening import Profile, allow, allow_events, supported
from sipsm.transport import Address as HostAndPort
from sipsm.transport import Flow, Listening
from sipsm.transport.locate import version

HeaderLines = list[tuple[str, str]]

_SIP = re.compile(r"\Asip:", re.IGNORECASE)
_SIPS_ROUTE = re.compile(r"<sips:", re.IGNORECASE)


def _asks_for_sips(dialog: Dialog | None, request: Request | None) -> bool:
    # "If the request that initiated the dialog contained a SIPS URI in the Request-URI or in the top Record-Route
    # header field value, if there was any, or the Contact header field if there was no Record-Route header field, the
    # Contact header field in the response MUST be a SIPS URI." (RFC 3261 12.1.1)
    return (dialog is not None and dialog.is_secure) or (request is not None and request.scheme == "sips")


@lru_cache(maxsize=64)
def together(*lines: tuple[str, str]) -> CheckedHeaders:
    """Header lines of ours, of which the same are written in each call."""
    return CheckedHeaders(lines)


class Series(NamedTuple):
    """What our requests outside a dialog have in common that follow each other (RFC 3261 8.1.3.5)."""

    call_id: str
    from_tag: str


class Party:
    """One side of everything: what it puts into messages of itself."""

    def __init__(self, listening: Sequence[Listening], profile: Profile, ids: Ids) -> None:
        self.listening = listening
        self.local = listening[0]
        self.profile = profile
        self.ids = ids
        self.wall_s: float | None = None
        """What the time of day was at the beginning of ours, in seconds since 1970; None where nobody has told it."""
        # What every message says of us is made once.
        self._via = Via.parse(f"SIP/2.0/{self.local.transport} {self.local.sent_by};branch={MAGIC_COOKIE};rport")
        self._sender = str(Address.parse(self.identity))
        self._contact = CheckedHeader("Contact", f"<{profile.gruu}>" if profile.gruu else self.local.contact)
        self._secure = self._as_secure()
        """The own Contact as a SIPS URI, by the IP version of who asks."""
        self._ways: dict[tuple[str, HostAndPort], CheckedHeader] = {}
        named = profile.user_agent
        self.user_agent = [] if named is None else [CheckedHeader("User-Agent", named)]
        """The User-Agent line of requests, if there is to be one."""
        self.server = [] if named is None else [CheckedHeader("Server", named)]
        """The Server line of responses, if there is to be one."""
        self.supported = [CheckedHeader("Supported", ", ".join(supported(profile)))]
        """The extensions that we know, as every request but ACK names them."""
        self.of_requests = CheckedHeaders([*self.user_agent, *self.supported])
        """What each request within a dialog says of us."""
        self.packages = CheckedHeader("Recv-Info", ", ".join(profile.info_packages))
        """The INFO packages that we take, none as an empty value (RFC 6086 5.2.2)."""
        self.events = [CheckedHeader(*line) for line in allow_events(profile)]
        """The event packages that can be subscribed to, where there are some."""
        self._capabilities = (*(CheckedHeader(*line) for line in allow(profile)), *self.supported, *self.events)

    def contact(
        self, flow: Flow | None = None, dialog: Dialog | None = None, request: Request | None = None
    ) -> CheckedHeader:
        """The own Contact (RFC 3261 8.1.1.8): for who asks on a flow, one that he reaches in the same way.

        A GRUU is reached from everywhere. Where a dialog or the peer's request asks for one, and we are over TLS, it is
        a SIPS URI.
        """
        if self._secure and _asks_for_sips(dialog, request):
            return self._secure_contact(flow)
        if flow is None or self.profile.gruu is not None:
            return self._contact
        known = self._ways.get((flow.transport, flow.local))
        if known is not None:
            return known
        contact = CheckedHeader("Contact", self._contact_on(flow))
        if not flow.reliable:
            # The local addresses of connections are many; datagrams come to where we listen.
            self._ways[flow.transport, flow.local] = contact
        return contact

    def _as_secure(self) -> dict[str, CheckedHeader]:
        ways = [each for each in self.listening if each.transport == "TLS"]
        if ways and self.profile.gruu is not None:
            # "it SHOULD replace the scheme with the proper scheme before using the GRUU" (RFC 5630 5.1.1.4)
            return {"": CheckedHeader("Contact", f"<{_SIP.sub('sips:', self.profile.gruu)}>")}
        found: dict[str, CheckedHeader] = {}
        for each in ways:
            found.setdefault(version(each.address[0]), CheckedHeader("Contact", each.secure_contact))
        return found

    def _secure_contact(self, flow: Flow | None = None) -> CheckedHeader:
        here = "" if flow is None else version(flow.local[0])
        return self._secure.get(here) or next(iter(self._secure.values()))

    def _contact_on(self, flow: Flow) -> str:
        ways = [each for each in self.listening if each.transport == flow.transport] or [self.local]
        # A connection that came to a wildcard, or that we made, has another local address than the one listened at.
        same = [each for each in ways if version(each.address[0]) == version(flow.local[0])] or ways
        return next((each for each in same if each.address == flow.local), same[0]).contact

    @property
    def identity(self) -> str:
        """The own address as in From."""
        return self.profile.identity or f"<sip:sipsm@{self.local.sent_by}>"

    def via(self) -> Via:
        """A Via for a new request, with a new branch, asking for `rport` (RFC 3581 3)."""
        return self._via.with_branch(self.ids.branch())

    def date(self, now: float) -> HeaderLines:
        """The time of day, where somebody has told it (RFC 3261 20.17)."""
        return [] if self.wall_s is None else [("Date", date_of(self.wall_s + now))]

    def capabilities_of_session(
        self, flow: Flow | None = None, dialog: Dialog | None = None, request: Request | None = None
    ) -> HeaderLines:
        """What an INVITE, and its 2xx on this flow, say of us (RFC 3261 13.2.1, 13.3.1.4)."""
        return [self.contact(flow, dialog, request), *self._capabilities]

    def allow(self) -> HeaderLines:
        """The methods that we serve (RFC 3261 20.5)."""
        return allow(self.profile)

    def request_outside(
        self,
        method: str,
        target: Uri,
        to: str | None,
        headers: Iterable[tuple[str, str]],
        body: bytes,
        own: HeaderLines,
        *,
        again: tuple[Request | Series, int] | None = None,
        sender: str | None = None,
    ) -> tuple[Request, Uri]:
        """A request outside a dialog, with all that it must carry (RFC 3261 8.1.1), and the URI of its next hop.

        `own` are header lines of ours, `headers` the application's; `again` is the request that this one follows, or
        what they have in common, and its CSeq number (8.1.3.5); `sender` is the From, by default the identity. Raises
        `LocalProtocolError` when it cannot be made.
        """
        params = target.params
        if target.headers is not None or "method" in params:
            raise LocalProtocolError("give a method and headers by themselves, not in the URI", rfc="3261 19.1.5")
        # "This document allows a UA to insert a Recv-Info header field in a REGISTER request." (RFC 6086 5.3)  What it
        # says there is for the registrar, and of packages whose specifications tell what that makes of it.
        theirs: HeaderLines = []
        if headers:
            theirs = check_headers(headers, packages=method == "REGISTER")
            refuse_100rel(method, theirs)
        uri, routes = request_uri_and_routes(target, self.profile.route)
        before, cseq = again or (None, 0)
        from_tag: str | None
        if isinstance(before, Request):
            # "This new request constitutes a new transaction and SHOULD have the same value of the Call-ID, To, and
            # From of the previous request, but the CSeq should contain a new sequence number that is one higher than
            # the previous." (RFC 3261 8.1.3.5)
            receiver, sender, call_id = before.to_text, before.from_text, before.call_id
            from_tag = before.from_tag
        else:
            if before is None:
                from_tag, call_id, cseq = self.ids.tag(), self.ids.call_id(), self.ids.cseq()
            else:
                call_id, from_tag = before
            whose = self._sender if sender is None else str(address_of_somebody(sender))
            # Whoever it is has no tag yet, and in both forms of an address a parameter at the end is the header's (RFC
            # 3261 20.10).
            receiver, sender = f"<{in_to(target) if params else target}>", f"{whose};tag={from_tag}"
        if to is not None:
            receiver = str(address_of_somebody(to))
        if self._secure and (uri.scheme == "sips" or (routes and _SIPS_ROUTE.search(routes[0]))):
            # "If the Request-URI or top Route header field value contains a SIPS URI, the Contact header field MUST
            # contain a SIPS URI as well." (RFC 3261 8.1.1.8)
            own = [self._secure_contact() if line[0] == "Contact" else line for line in own]
        lines = [*self.user_agent, *own, *theirs]
        request = request_of(
            method,
            uri,
            via=self.via(),
            routes=routes,
            from_=sender,
            from_tag=from_tag,
            to=receiver,
            # "A request outside of a dialog MUST NOT contain a To tag" (RFC 3261 8.1.1.2)
            to_tag=None,
            call_id=call_id,
            cseq=cseq,
            # Each INVITE says the same of us.
            headers=lines if theirs or method != "INVITE" else together(*lines),
            body=body,
        )
        return request, self.next_hop(target)

    def next_hop(self, target: Uri) -> Uri:
        """Where a request for this target outside a dialog is sent to (RFC 3261 8.1.2)."""
        return Address.parse(self.profile.route[0]).uri if self.profile.route else target
