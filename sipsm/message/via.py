"""The Via header: the way that a request came, and the response goes back (RFC 3261 20.42, 18.2; RFC 3581)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.params import VALUE, Params, format_params, parse_params
from sipsm.grammar.text_value import TextValue, built
from sipsm.grammar.tokens import HOST, PORT, TOKEN, bracketed, is_host, is_token, unbracketed, unfold

# via-parm      = sent-protocol LWS sent-by *( SEMI via-params )
# sent-protocol = protocol-name SLASH protocol-version SLASH transport
# sent-by       = host [ COLON port ]
_S = r"[ \t]*+"
_via = re.compile(rf"{TOKEN}{_S}/{_S}{TOKEN}{_S}/{_S}({TOKEN})[ \t]++({HOST})(?:{_S}:{_S}({PORT}))?{_S}(?=;|\Z)").match


def usual_via(first: int) -> str:
    """The pattern of the most usual ones, with seven groups from number `first` on.

    They are transport, host, port, branch and, set where they are there, rport, received and another parameter.
    """
    # A branch, rport, received and one parameter more, each once and in any order; the groups remember which has been.
    branch, rport, received, other = range(first + 3, first + 7)
    return (
        rf"SIP/2\.0/({TOKEN}) ({HOST})(?::({PORT}))?"
        rf"(?:;(?:branch(?({branch})(?!))=({VALUE})|rport(?({rport})(?!))(?:={PORT})?()"
        rf"|received(?({received})(?!))={VALUE}()"
        rf"|(?({other})(?!))(?!(?i:branch|rport|received|ttl|maddr)(?:[;=\r]|\Z)){TOKEN}(?:={VALUE})?()))*+(?({branch})|(?!))"
    )


_usual = re.compile(usual_via(1)).fullmatch
_new = object.__new__

# "If the port is absent, the default value depends on the transport." (RFC 3261 18.1.1; for WebSocket, RFC 7118 5.5)
_DEFAULT_PORTS = {"TLS": 5061, "TLS-SCTP": 5061, "WSS": 443, "WS": 80}


class Via(TextValue):
    """One hop of a message's way: who sent it, over which transport, and in which transaction (RFC 3261 20.42)."""

    __slots__ = ("_branch", "_has_rport", "_host", "_maddr", "_params", "_port", "_transport")

    _transport: str
    _host: str
    _port: int | None
    _params: dict[str, str | None] | None
    _branch: str | None
    _has_rport: bool
    _maddr: str | None

    @classmethod
    def parse(cls, text: str) -> Via:
        """The Via that the text, one element of a Via header, is; raises RemoteProtocolError when it is none."""
        match = _usual(text)
        if match is not None:
            return via_of_parts(match.group(0, 1, 2, 3, 4, 5))
        via = _new(cls)
        via._text = text = unfold(text)
        match = _via(text)
        if match is None:
            raise RemoteProtocolError(f"{text[:80]!r} is no Via", rfc="3261 25.1", at=0)
        via._transport, via._host, port = match.groups()
        via._port = None if port is None else int(port)
        params = via._params = parse_params(text, match.end())
        via._branch = params.get("branch") or None
        via._has_rport = "rport" in params
        via._maddr = params.get("maddr")
        # Both are read as numbers later, where nobody expects them to fail: ttl = 1*3DIGIT ; 0 to 255, and
        # response-port = 1*DIGIT (RFC 3581 3).
        for name, most in (("rport", 65535), ("ttl", 255)):
            if not _is_number(params.get(name), most):
                raise RemoteProtocolError(f"{name} {params[name]!r} is no number up to {most}", rfc="3261 25.1")
        return via

    @classmethod
    def sent_by_alone(cls, text: str) -> Via:
        """The Via without its parameters, be they malformed or not; else raises RemoteProtocolError."""
        match = _via(text)
        return cls.parse(text if match is None else match[0])

    @classmethod
    def build(
        cls,
        transport: str,
        host: str,
        port: int | None = None,
        *,
        branch: str | None = None,
        rport: bool = False,
        params: Params = (),
    ) -> Via:
        """The Via that an element puts on top of a request that it sends (RFC 3261 8.1.1.7, 18.1.1).

        `rport` asks for the response to be sent to the port that the request comes from (RFC 3581 3). Raises
        LocalProtocolError when the parts make no Via.
        """
        text = f"SIP/2.0/{transport} {bracketed(host)}{'' if port is None else f':{port}'}"
        if rport:
            text += ";rport"
        if branch is not None:
            # via-branch = "branch" EQUAL token
            if not is_token(branch):
                raise LocalProtocolError(f"{branch!r} cannot be a branch", rfc="3261 25.1")
            text += f";branch={branch}"
        via = built(Via.parse, text + format_params(params))
        # No part may run over into the next: a host of "a;branch=b" would make a parameter.
        if via._host != bracketed(host):
            raise LocalProtocolError(f"{host!r} is no host", rfc="3261 25.1")
        return via

    def with_params(self, *, received: str | None = None, rport: int | None = None) -> Via:
        """This Via as a server marks it with where the request came from (RFC 3261 18.2.1, RFC 3581 4).

        An IPv6 address is written without brackets (RFC 5118 4.5). What the Via said under these names is replaced.
        """
        marks: dict[str, str | None] = {}
        if received is not None:
            if received != self._host and not is_host(bracketed(received)):
                raise LocalProtocolError(f"{received!r} is no address", rfc="3261 25.1")
            marks["received"] = unbracketed(received)
        if rport is not None:
            if not 0 <= rport <= 65535:
                raise LocalProtocolError(f"{rport} is no port", rfc="3581 3")
            marks["rport"] = f"{rport:d}"
        if self._params is not None:
            params = {**self._params, **marks}
            return built(Via.parse, _before_params(self._text) + format_params(params))
        # One of the usual form stays so: in it no parameter has quotes, or white space around it.
        before, asked, behind = self._text.partition(";rport")
        if asked and behind[:1] in ("", ";") and len(marks) == 2 and "received" not in self._text:
            # Most ask for the port, and say nothing of the address yet.
            text = f"{before};rport={marks['rport']}{behind};received={marks['received']}"
        else:
            text, *written = self._text.split(";")
            for param in written:
                name = param.partition("=")[0]
                text += f";{name}={marks.pop(name)}" if name in marks else f";{param}"
            for name, value in marks.items():
                text += f";{name}={value}"
        marked = _new(Via)
        marked._text = text
        marked._transport = self._transport
        marked._host = self._host
        marked._port = self._port
        marked._branch = self._branch
        marked._has_rport = self._has_rport or rport is not None
        marked._params = marked._maddr = None
        return marked

    def with_branch(self, branch: str) -> Via:
        """This Via with another branch in the place of its own: for another request of the same client.

        Raises LocalProtocolError when the branch cannot be one.
        """
        # via-branch = "branch" EQUAL token
        if not (branch.isascii() and branch.isalnum()) and not is_token(branch):
            raise LocalProtocolError(f"{branch!r} cannot be a branch", rfc="3261 25.1")
        if self._params is not None:
            params: dict[str, str | None] = {**self._params, "branch": branch}
            return built(Via.parse, _before_params(self._text) + format_params(params))
        # One of the usual form stays so: in it there is one branch.
        other = _new(Via)
        other._text = self._text.replace(f";branch={self._branch}", f";branch={branch}", 1)
        other._transport = self._transport
        other._host = self._host
        other._port = self._port
        other._branch = branch
        other._has_rport = self._has_rport
        other._params = other._maddr = None
        return other

    @property
    def transport(self) -> str:
        """The transport of the sent-protocol in upper case, such as "UDP"."""
        return self._transport.upper()

    @property
    def host(self) -> str:
        """The host of the sent-by, an IPv6 address without its brackets."""
        return unbracketed(self._host)

    @property
    def port(self) -> int | None:
        """The port of the sent-by, where it names one."""
        return self._port

    @property
    def sent_by(self) -> tuple[str, int]:
        """The sent-by in a form that can be compared: host in lower case, and port or the transport's default."""
        port = self._port
        if port is None:
            port = _DEFAULT_PORTS.get(self._transport.upper(), 5060)
        return unbracketed(self._host).lower(), port

    @property
    def branch(self) -> str | None:
        """The branch, which names the transaction; None from a peer of RFC 2543 (RFC 3261 8.1.1.7)."""
        return self._branch

    @property
    def received(self) -> str | None:
        """The address that the request came from, where the sent-by does not say so (RFC 3261 18.2.1)."""
        received = self._all_params().get("received")
        # RFC 5118 4.5: brackets do not belong there, and are to be accepted all the same.
        return received and unbracketed(received)

    @property
    def rport(self) -> int | None:
        """The port that the request came from, once a server has filled it in (RFC 3581 4)."""
        rport = self._all_params().get("rport")
        return int(rport) if rport else None

    @property
    def has_rport(self) -> bool:
        """True when the sender asks for the response at the port that the request comes from (RFC 3581 3)."""
        return self._has_rport

    @property
    def maddr(self) -> str | None:
        """The multicast address, or other address, to send the response to (RFC 3261 18.1.1, 18.2.2)."""
        return self._maddr and unbracketed(self._maddr)

    @property
    def ttl(self) -> int | None:
        """The time-to-live of multicast datagrams (RFC 3261 18.1.1)."""
        ttl = self._all_params().get("ttl")
        return int(ttl) if ttl else None

    @property
    def params(self) -> Mapping[str, str | None]:
        """All parameters by lower-case name, in their order; None is the value of a flag."""
        return MappingProxyType(self._all_params())

    def _all_params(self) -> dict[str, str | None]:
        params = self._params
        if params is None:
            params = self._params = parse_params(self._text, self._text.index(";"))
        return params

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Via):
            return NotImplemented
        return self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


def via_of_parts(parts: tuple[Any, ...]) -> Via:
    """The Via of a text that `usual_via` matches: the text, and the first five of its groups."""
    via = _new(Via)
    via._text, via._transport, via._host, port, via._branch, rport = parts
    via._port = None if port is None else int(port)
    via._has_rport = rport is not None
    via._params = via._maddr = None
    return via


def _is_number(text: str | None, most: int) -> bool:
    return not text or (len(text) <= 5 and text.isascii() and text.isdecimal() and int(text) <= most)


def _before_params(text: str) -> str:
    return text.partition(";")[0].rstrip(" \t")
