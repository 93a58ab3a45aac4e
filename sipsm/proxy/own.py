"""What belongs to a proxy itself: its addresses and domains, and the part of a request's way that ends here.

RFC 3261 16.4 (routing information of a request that has come), 16.5 (for whom it is responsible), 16.6 item 4 (its
Record-Route).
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from sipsm.grammar import Uri
from sipsm.grammar.tokens import bracketed, unbracketed
from sipsm.message import Request
from sipsm.transport import Flow, Listening, same_host
from sipsm.transport.locate import SECURE, SERVICES

_BY_DEFAULT = {"sip": "udp", "sips": "tls"}
"""The transport that is meant where a URI names none (RFC 3261 19.1.2)."""


class Own:
    """What others know a proxy by."""

    def __init__(self, listening: Sequence[Listening], domains: Sequence[str]) -> None:
        self.listening = tuple(listening)
        self.domains = frozenset(unbracketed(each) for each in domains)
        addresses = "\n".join(each.sent_by for each in self.listening).encode()
        self.instance = f"rr-{blake2b(addresses, digest_size=4).hexdigest()}"
        """The user of Record-Route values that are to be rewritten, by which they are known (RFC 3261 16.7 item 8).

        It is the same after a restart, which dialogs may outlive.
        """
        self.rewrites = len(self.listening) > 1
        """Whether it is reached at one address from one side, and at another from the other."""

    # ---------------------------------------------------------------- who it is

    def is_named_by(self, uri: Uri) -> bool:
        """Whether a URI leads to this proxy, or to a domain that it is responsible for; its user part does not say."""
        if uri.scheme not in _BY_DEFAULT:
            return False
        port = uri.port
        if uri.host.lower() in self.domains and (port is None or self._listens_at(port)):
            return True
        transport, port = _meant(uri)
        return any(
            port == own_port
            and (transport is None or transport == each.transport.lower())
            and (uri.host.lower() == host.lower() or same_host(uri.host, host))
            for each in self.listening
            for host, own_port in (each.advertised, each.address)
        )

    def _listens_at(self, port: int) -> bool:
        return any(port in (each.advertised[1], each.address[1]) for each in self.listening)

    def number_of(self, flow: Flow) -> int:
        """The number of the address that a message came to on a flow; of a wildcard, the first of its transport."""
        found = [n for n, each in enumerate(self.listening) if each.transport == flow.transport]
        same = [n for n in found if self.listening[n].address == flow.local]
        alike = [n for n in found if (":" in self.listening[n].address[0]) == (":" in flow.local[0])]
        return [*same, *alike, *found, 0][0]

    def record_route(self, number: int, secure: bool, *, marked: bool) -> str:
        """The Record-Route value by which this proxy is reached at one of its addresses (RFC 3261 16.6 item 4).

        A marked one bears the name of this instance.
        """
        # "The URI placed in the Record-Route header field value MUST be a SIP or SIPS URI. This URI MUST contain an lr
        # parameter". And: "The URI SHOULD NOT contain the transport parameter unless the proxy has knowledge (such as
        # in a private network) that the next downstream element that will be in the path of subsequent requests
        # supports that transport." (RFC 3261 16.6 item 4)  It has: the message goes there over it.
        each = self.listening[number]
        implied = each.transport == "UDP" or (secure and each.transport == "TLS")
        transport = "" if implied else f";transport={each.transport.lower()}"
        scheme, user = "sips" if secure else "sip", f"{self.instance}@" if marked else ""
        return f"<{scheme}:{user}{each.sent_by}{transport};lr>"

    def must_record(self, number: int, secure: bool) -> bool:
        """Whether a request that came to this address must have a Record-Route: it goes on more securely, or less."""
        # "Furthermore, if the request was not received over TLS, the proxy MUST insert a Record-Route header field. In a
        # similar fashion, a proxy that receives a request over TLS, but generates a request without a SIPS URI in the
        # Request-URI or topmost Route header field value (after the post processing of bullet 6), MUST insert a
        # Record-Route header field that is not a SIPS URI." (RFC 3261 16.6 item 4)
        return (self.listening[number].transport in SECURE) != secure

    def record_route_back(self, number: int, recorded: str, flow: Flow) -> str:
        """What stands in the response from a flow instead of what was recorded, for who is at this address."""
        # "If the proxy received the request over TLS, and sent it out over a non-TLS connection, the proxy MUST rewrite
        # the URI in the Record-Route header field to be a SIPS URI. If the proxy received the request over a non-TLS
        # connection, and sent it out over TLS, the proxy MUST rewrite the URI in the Record-Route header field to be a
        # SIP URI." (RFC 3261 16.7 item 8)
        came_securely = self.listening[number].transport in SECURE
        went_securely = flow.transport in SECURE
        secure = came_securely and (not went_securely or recorded.startswith("<sips:"))
        return self.record_route(number, secure, marked=False)

    @property
    def marked(self) -> tuple[tuple[str, ...], ...]:
        """The Record-Route values that are to be rewritten: one of each scheme, for each of the own addresses."""
        numbers = range(len(self.listening))
        return tuple(tuple(self.record_route(n, secure, marked=True) for n in numbers) for secure in (False, True))

    # ---------------------------------------------------------------- 16.4

    def routed_on(self, request: Request, flow: Flow) -> tuple[Request, bool]:
        """The request without the part of its way that ends here; and whether its topmost Route led here."""
        request = self._from_strict_router(request)
        request = self._without_maddr(request, flow)
        # "If the first value in the Route header field indicates this proxy, the proxy MUST remove that value from the
        # request." (RFC 3261 16.4)
        route = request.route
        if not route or not self.is_named_by(route[0].uri):
            return request, False
        return request.without_first("Route"), True

    def _from_strict_router(self, request: Request) -> Request:
        """What a strict router has put into the Request-URI goes back to where it belongs."""
        # "If the Request-URI of the request contains a value this proxy previously placed into a Record-Route header
        # field (see Section 16.6 item 4), the proxy MUST replace the Request-URI in the request with the last value
        # from the Route header field, and remove that value from the Route header field." (RFC 3261 16.4)
        route = request.route
        if not route or not self._is_recorded(request.uri):
            return request
        return with_route(request.with_uri(route[-1].uri), [str(each) for each in route[:-1]])

    def _is_recorded(self, uri: Uri) -> bool:
        return uri.lr and uri.user in (None, self.instance) and self.is_named_by(uri)

    def _without_maddr(self, request: Request, flow: Flow) -> Request:
        # "If the Request-URI has a maddr parameter with a value the proxy is responsible for, and the request was
        # received using the port and transport indicated (explicitly or by default) in the Request-URI, the proxy MUST
        # strip the maddr and any non-default port or transport parameter and continue processing as if those values had
        # not been present in the request." (RFC 3261 16.4)
        if request.scheme not in _BY_DEFAULT or "maddr" not in request._uri_text:
            return request
        uri = request.uri
        maddr = uri.maddr
        if maddr is None or not self._is_responsible_for(maddr):
            return request
        came_to = flow.local[1] or self.listening[self.number_of(flow)].address[1]
        transport, port = _meant(uri)
        if (transport or _BY_DEFAULT[uri.scheme], port) != (flow.transport.lower(), came_to):
            return request
        params = [(name, value) for name, value in uri.params.items() if name not in {"maddr", "transport"}]
        host = bracketed(uri.host)
        return request.with_uri(Uri.build(uri.scheme, uri.user, password=uri.password, host=host, params=params))

    def _is_responsible_for(self, maddr: str) -> bool:
        if maddr.lower() in self.domains:
            return True
        hosts = [host for each in self.listening for host in (each.advertised[0], each.address[0])]
        return any(maddr.lower() == host.lower() or same_host(maddr, host) for host in hosts)

    # ---------------------------------------------------------------- 16.5

    def decides_for(self, request: Request) -> bool:
        """Whether this proxy says where a request goes, whose way so far has ended here; else the request says it."""
        # "If the Request-URI of the request contains an maddr parameter, the Request-URI MUST be placed into the target
        # set as the only target URI". And: "If the domain of the Request-URI indicates a domain this element is not
        # responsible for, the Request-URI MUST be placed into the target set as the only target" (RFC 3261 16.5)
        # Where the request is to visit others first, as its Route says, they are left to decide.
        if request.has("Route"):
            return False
        return request.scheme == "tel" or (self.is_named_by(request.uri) and request.uri.maddr is None)


def _meant(uri: Uri) -> tuple[str | None, int]:
    """The transport that a SIP or SIPS URI names, if it does, and the port that is meant (RFC 3261 19.1.2)."""
    secure = uri.scheme == "sips"
    # In a SIPS URI it is TLS over that (RFC 3261 26.2.2).
    transport = "tls" if secure and uri.transport == "tcp" else uri.transport
    service = SERVICES.get((transport or _BY_DEFAULT[uri.scheme]).upper())
    return transport, uri.port or (5060 if service is None else service.port)


def with_route(request: Request, values: Sequence[str]) -> Request:
    """The request with these Route values and no others."""
    return request.with_header("Route", *values) if values else request.without_header("Route")
