"""A name server on the loopback, whose zone is data: `{("A", "example.com"): ["127.0.0.1"]}`."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import Any

import dns.asyncresolver
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset

Zone = Mapping[tuple[str, str], Sequence[str]]
"""Records, as a zone file has them, by type and name."""


class NameServer:
    """Answers questions over UDP until it hears an empty packet."""

    def __init__(self, udp: socket.socket, zone: Zone) -> None:
        self.udp = udp
        self.zone = zone
        self.asked: list[tuple[str, str]] = []
        """The questions, in the order in which they came."""

    def serve(self) -> None:
        """Answer."""
        while True:
            data, source = self.udp.recvfrom(65_536)
            if not data:
                return
            self.udp.sendto(self.answer(dns.message.from_wire(data)).to_wire(), source)

    def answer(self, query: dns.message.Message) -> dns.message.Message:
        """What the zone says; that there is no such name, where it says nothing of it."""
        (question,) = query.question
        asked = (dns.rdatatype.to_text(question.rdtype), question.name.to_text(omit_final_dot=True))
        self.asked.append(asked)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        records = self.zone.get(asked, ())
        if records:
            root = dns.name.root
            found = dns.rrset.from_text_list(
                question.name, 60, "IN", asked[0], list(records), origin=root, relativize=False
            )
            response.answer.append(found)
        elif asked[1] not in {name for _, name in self.zone}:
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response

    def resolver(self, adapter: str) -> Any:
        """A resolver of the adapter's kind that asks here only."""
        kind = dns.resolver.Resolver if adapter == "blocking" else dns.asyncresolver.Resolver
        resolver = kind(configure=False)
        host, resolver.port = self.udp.getsockname()
        resolver.nameservers = [host]
        return resolver


@contextmanager
def name_server(zone: Zone) -> Iterator[NameServer]:
    """A name server on a free port of 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        server = NameServer(udp, zone)
        thread = Thread(target=server.serve)
        thread.start()
        try:
            yield server
        finally:
            udp.sendto(b"", udp.getsockname())
            thread.join()
