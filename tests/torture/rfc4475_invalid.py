"""The malformed messages of RFC 4475 3.1.2: who refuses them, and with what."""

from __future__ import annotations

from sipsm import DropReason
from tests.torture.entry import Accepted, Breaks, Drops, Entry, Malformed, Refused, Rejects, Rings, Waits

INVALID = (
    # "An element receiving this request should respond with a 400 Bad Request error."
    Entry(
        name="badinv01",
        section="4475 3.1.2.1",
        message=Refused(400, "3261 25.1"),
        endpoint=Rejects(400),
        sees={
            "from_.tag": "134161461246",
            "cseq": (8, "INVITE"),
            "via": Malformed("3261 25.1"),
            "contacts": Malformed("3261 25.1"),
        },
    ),
    # "When sent over UDP (as this message ostensibly was), the receiving element should respond with a 400 Bad Request
    # error." On a stream, "there's not much the receiving party could do but wait for more data".
    Entry(
        name="clerr",
        section="4475 3.1.2.2",
        message=Refused(400, "3261 18.3"),
        endpoint=Rejects(400),
        stream=Waits(),
    ),
    # "An element receiving this message should respond with an error. This request appeared over UDP, so the remainder
    # of the datagram can simply be discarded. If a request like this arrives over TCP, the framing error is not
    # recoverable, and the connection should be closed."
    Entry(
        name="ncl",
        section="4475 3.1.2.3",
        message=Refused(400, "3261 20.14"),
        endpoint=Rejects(400),
        stream=Breaks(),
    ),
    # "An element receiving this request should respond with a 400 Bad Request due to the CSeq error." Of the rest,
    # Max-Forwards may count as absent, and the expiry as its default.
    Entry(
        name="scalar02",
        section="4475 3.1.2.4",
        message=Refused(400, "3261 8.1.1.5"),
        endpoint=Rejects(400),
        sees={
            "from_.tag": "239232jh3",
            "cseq": Malformed("3261 8.1.1.5"),
            "[MAX_FORWARDS]": Malformed("3261 20.22"),
            "[EXPIRES]": Malformed("3261 25.1"),
            "contact.params": {"expires": "280297596632815"},
        },
    ),
    # "An element receiving this response will simply discard it."
    Entry(
        name="scalarlg",
        section="4475 3.1.2.5",
        message=Refused(400, "3261 8.1.1.5"),
        endpoint=Drops(DropReason.MALFORMED),
        at="host129.example.com",
        sees={
            "status": 503,
            "via.branch": "z9hG4bKzzxdiwo34sw",
            "cseq": Malformed("3261 8.1.1.5"),
            "[RETRY_AFTER]": Malformed("3261 25.1"),
            "[WARNING]": Malformed("3261 20.43"),
        },
    ),
    # "An element receiving this request should return a 400 Bad Request error."
    Entry(
        name="quotbal",
        section="4475 3.1.2.6",
        message=Refused(400, "3261 25.1"),
        endpoint=Rejects(400),
        sees={"to": Malformed("3261 25.1"), "from_.tag": "93334", "via.port": 5050},
    ),
    # "It is reasonable always to reject a request with this error with a 400 Bad Request."
    Entry(
        name="ltgtruri",
        section="4475 3.1.2.7",
        message=Refused(400, "3261 25.1"),
        endpoint=Rejects(400),
        sees={"uri": Malformed("3261 25.1"), "to.uri": "sip:user@example.com"},
    ),
    # "An element receiving this request should respond with a 400 Bad Request."
    Entry(
        name="lwsruri",
        section="4475 3.1.2.8",
        message=Refused(400, "3261 7.1"),
        endpoint=Rejects(400),
    ),
    # "It is acceptable to reject this request as malformed."
    Entry(
        name="lwsstart",
        section="4475 3.1.2.9",
        message=Refused(400, "3261 7.1"),
        endpoint=Rejects(400),
    ),
    # "It is acceptable to reject this request as malformed."
    Entry(
        name="trws",
        section="4475 3.1.2.10",
        message=Refused(400, "3261 7.1"),
        endpoint=Rejects(400),
    ),
    # "It is acceptable for an element to reject this request with a 400 Bad Request."
    Entry(
        name="escruri",
        section="4475 3.1.2.11",
        message=Refused(400, "3261 19.1.1"),
        endpoint=Rejects(400),
        sees={"uri.headers": "Route=%3Csip:example.com%3E", "route": ()},
    ),
    # "It is acceptable to reject this request as malformed (though an element shouldn't do that unless the contents of
    # the Date header field were actually important to its processing)." They are not.
    Entry(
        name="baddate",
        section="4475 3.1.2.12",
        message=Accepted(),
        endpoint=Rings(),
        sees={
            "[DATE]": Malformed("3261 20.17"),
            "header('Date')": "Fri, 01 Jan 2010 16:00:00 EST",
            "contact.uri": "sip:caller@host5.example.net",
        },
    ),
    # "It is reasonable for an element receiving this request to respond with a 400 Bad Request." It is asked for no
    # Contact by a transaction, so what refuses it is whoever reads that.
    Entry(
        name="regbadct",
        section="4475 3.1.2.13",
        message=Accepted(),
        endpoint=Rejects(400),
        sees={"contacts": Malformed("3261 25.1"), "to.uri": "sip:user@example.com"},
    ),
    # "It is reasonable to reject this request with a 400 Bad Request response."
    Entry(
        name="badaspec",
        section="4475 3.1.2.14",
        message=Refused(400, "3261 25.1"),
        endpoint=Rejects(400),
        sees={"to": Malformed("3261 25.1"), "from_.display_name": "Bell, Alexander", "from_.tag": "433423"},
    ),
    # "It is reasonable always to reject this kind of error with a 400 Bad Request response." Its empty line is missing,
    # which a datagram's end makes good, and a stream waits for.
    Entry(
        name="baddn",
        section="4475 3.1.2.15",
        message=Refused(400, "3261 25.1"),
        endpoint=Rejects(400),
        stream=Waits(),
        sees={"from_": Malformed("3261 25.1"), "to": Malformed("3261 25.1"), "call_id": "baddn.31415@c.example.com"},
    ),
    # "The element should respond to the request with a 505 Version Not Supported error."
    Entry(
        name="badvers",
        section="4475 3.1.2.16",
        message=Refused(505, "3261 21.5.6"),
        endpoint=Rejects(505),
    ),
    # "Any element receiving this request will respond with a 400 Bad Request."
    Entry(
        name="mismatch01",
        section="4475 3.1.2.17",
        message=Refused(400, "3261 8.1.1.5"),
        endpoint=Rejects(400),
        sees={"method": "OPTIONS", "cseq": (8, "INVITE")},
    ),
    # "Any element receiving this response should respond with a 501 Not Implemented. A 400 Bad Request is also
    # acceptable, but choosing a 501 (particularly at proxies) has better future-proof characteristics."
    Entry(
        name="mismatch02",
        section="4475 3.1.2.18",
        message=Refused(501, "3261 8.1.1.5"),
        endpoint=Rejects(501),
        sees={"method": "NEWMETHOD", "cseq": (8, "INVITE")},
    ),
    # "An element receiving this response should simply drop it."
    Entry(
        name="bigcode",
        section="4475 3.1.2.19",
        message=Refused(400, "3261 7.2"),
        endpoint=Drops(DropReason.NOT_SIP),
        at="192.0.2.105",
    ),
)
