"""The way back: Vias (RFC 3261 20.42)."""

from __future__ import annotations

from collections.abc import Callable

from sipsm import DropReason
from tests.torture.case import ACCEPTED, DIGITS, MB, Case, cases, options
from tests.torture.entry import Breaks, Drops, Malformed, Refused, Rejects, Serves

GRAMMAR = Refused(400, "3261 25.1")
BAD = Malformed("3261 25.1")
SENT_BY = b"SIP/2.0/UDP 192.0.2.2"
BRANCH = SENT_BY + b";branch=z9hG4bKx"


def via(value: bytes) -> bytes:
    """A request whose Via is this."""
    return options(Via=value)


def after(start: bytes) -> Callable[[bytes], bytes]:
    """What makes a request whose Via begins so."""
    return lambda rest: via(start + rest)


SENDERLESS = {
    "empty": b"",
    "of one word": b"x",
    "without a host": b"SIP/2.0/UDP",
    "without a host, with a branch": b"SIP/2.0/UDP ;branch=z9hG4bKx",
    "with two slashes only": b"SIP/2.0 192.0.2.2",
    "of a comma": b",",
    "with a port of 65536": b"SIP/2.0/UDP h:65536",
    "with a port of 5000 digits": b"SIP/2.0/UDP h:" + DIGITS,
    "with a negative port": b"SIP/2.0/UDP h:-1",
    "with an open [": b"SIP/2.0/UDP [::1",
    "with IPv6 bare": b"SIP/2.0/UDP 2001:db8::1",
    "with two hosts": b"SIP/2.0/UDP h h",
    "with a NUL": b"SIP/2.0/UDP h\0",
}
BROKEN = {
    "an open quote": b';branch=z9hG4bKx;x="y',
    ";;": b";;branch=z9hG4bKx",
    "a ; at the end": b";branch=z9hG4bKx;",
    "a parameter without a name": b";=x",
}
BAD_PARAMETERS = {
    "rport=x": b";rport=x",
    "rport=65536": b";rport=65536",
    "rport=-1": b";rport=-1",
    "rport of 5000 digits": b";rport=" + DIGITS,
    "ttl=256": b";ttl=256",
    "ttl=-1": b";ttl=-1",
    "ttl of 5000 digits": b";ttl=" + DIGITS,
}
ODD = {
    "with port 0": SENT_BY + b":0;branch=z9hG4bKx",
    "with no branch": SENT_BY,
    "with an empty branch": SENT_BY + b";branch=",
    "with received that is no address": SENT_BY + b";received=me;branch=z9hG4bKx",
    "with maddr that is no address": SENT_BY + b";maddr=!;branch=z9hG4bKx",
    "with maddr of the broadcast": SENT_BY + b";maddr=255.255.255.255;branch=z9hG4bKx",
    "with an empty rport": SENT_BY + b";rport=;branch=z9hG4bKx",
    "of another version": b"SIP/3.0/UDP 192.0.2.2;branch=z9hG4bKx",
}

VIAS = (
    *cases("via", "Via {}", via, SENDERLESS, GRAMMAR, Drops(DropReason.MALFORMED), sees={"via": BAD}),
    # Its sender can be told, for what stands before the parameters is whole.
    *cases("via", "Via with {}", after(SENT_BY), BROKEN, GRAMMAR, Rejects(400), sees={"via": BAD}),
    *cases("via", "Via with {}", after(BRANCH), BAD_PARAMETERS, GRAMMAR, Rejects(400)),
    *cases(
        "via",
        "Via with {} twice",
        after(BRANCH),
        {"a branch": b";branch=z9hG4bKy", "rport": b";rport;rport"},
        Refused(400, "3261 7.3.1"),
        Rejects(400),
    ),
    *cases("via", "Via {}", via, ODD, ACCEPTED, Serves(200)),
    Case("via", "no Via", lambda: options(Via=None), Refused(400, "3261 8.1.1"), Drops(DropReason.MALFORMED)),
    Case(
        "via",
        "a broken Via below a good one",
        lambda: options(Via=(BRANCH, b"?")),
        ACCEPTED,
        Serves(200),
        sees={"via.branch": "z9hG4bKx", "vias": BAD},
    ),
    Case(
        "via",
        "5000 Vias, a line each",
        lambda: options(Via=tuple(SENT_BY + b";branch=z9hG4bK%d" % n for n in range(5_000))),
        ACCEPTED,
        Serves(200),
        Breaks(513),
        {"vias.__len__": 5_000, "via.branch": "z9hG4bK0", "vias[4999].branch": "z9hG4bK4999"},
    ),
    Case(
        "via",
        "5000 Vias on one line",
        lambda: via(b",".join(SENT_BY + b";branch=z9hG4bK%d" % n for n in range(5_000))),
        ACCEPTED,
        Serves(200),
        Breaks(513),
        {"vias.__len__": 5_000, "via.branch": "z9hG4bK0"},
    ),
    Case(
        "via",
        "a Via with a branch of a megabyte",
        lambda: via(SENT_BY + b";branch=z9hG4bK" + b"b" * MB),
        ACCEPTED,
        Serves(200),
        Breaks(513),
    ),
    Case(
        "via",
        "a Via with 100000 parameters",
        lambda: via(BRANCH + b"".join(b";p%d" % n for n in range(100_000))),
        ACCEPTED,
        Serves(200),
        Breaks(513),
        {"via.params.__len__": 100_001},
    ),
)
