"""Pictures from records."""

from __future__ import annotations

from sipsm.trace import Arrived, Asked, Carried, Left, Moved, Record, ladder, live
from sipsm.transport import Flow

A, B, C = ("192.0.2.1", 5060), ("192.0.2.2", 5060), ("2001:db8::3", 5060)
INVITE = b"INVITE sip:bob@biloxi.example.com SIP/2.0\r\n\r\n"
OK = b"SIP/2.0 200 OK\r\n\r\n"
WHOLE = (
    b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@192.0.2.1>;tag=1\r\n"
    b"To: <sip:b@192.0.2.2>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Type: application/sdp\r\n"
    b"Content-Length: 2\r\n\r\nv="
)
REQUEST = (
    b"OPTIONS sip:b@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK2\r\nMax-Forwards: 70\r\n"
    b"From: <sip:a@192.0.2.1>;tag=1\r\nTo: <sip:b@192.0.2.2>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n"
)


def out(at: float, data: bytes = INVITE, why: str = "") -> Left:
    """Alice sends to Bob."""
    return Left(at, "alice", Flow("UDP", A, B), data, why)


def came(at: float, data: bytes = INVITE) -> Arrived:
    """Bob gets it."""
    return Arrived(at, "bob", Flow("UDP", B, A), data)


def fate(at: float, *arrives: float, data: bytes = INVITE) -> Carried:
    """The network says what becomes of it."""
    return Carried(at, "alice", Flow("UDP", A, B), data, arrives)


def back(at: float, data: bytes = OK) -> Left:
    """Bob sends to Alice."""
    return Left(at, "bob", Flow("UDP", B, A), data)


def test_nothing_happened() -> None:
    """No records, no picture."""
    assert ladder([]) == ladder([], explain=True) == ""


def test_the_sender_of_the_first_message_stands_on_the_left() -> None:
    """Arrows point both ways, times count from the first record, and the caller may say otherwise."""
    records: list[Record] = [out(7.0), came(7.1), back(10.0), Arrived(10.0, "alice", Flow("UDP", A, B), OK)]
    assert ladder(records).split("\n") == [
        "0.0  alice INVITE----------> bob",
        "3.0  alice <------------200- bob",
    ]
    assert ladder(records, start=0.0, decimals=2, parties=("bob", "alice")).split("\n") == [
        " 7.00  bob <---------INVITE- alice",
        "10.00  bob 200-------------> alice",
    ]


def test_what_does_not_arrive_at_a_watched_party_is_lost() -> None:
    """Where nobody watches, nobody can tell."""
    assert ladder([out(0.0), out(0.5, why="Timer A"), came(0.6)]).split("\n") == [
        "0.0  alice INVITE----------x bob",
        "0.5  alice INVITE----------> bob   Timer A",
    ]
    assert ladder([out(0.0)]) == "0.0  alice INVITE----------> 192.0.2.2:5060"
    assert ladder([out(0.0)], names={B: "bob"}) == "0.0  alice INVITE----------> bob"


def test_a_network_that_knows_is_believed() -> None:
    """Of two same packets the first may come last; one may come twice, or be on its way still."""
    records: list[Record] = [
        out(0.0),
        fate(0.0, 0.8),
        out(0.5),
        fate(0.5, 0.6, 0.7),
        out(1.5),
        fate(1.5),
        out(2.0),
        fate(2.0, 9.0),
    ]
    arrived: list[Record] = [came(0.6), came(0.7), came(0.8)]
    assert ladder([*records, *arrived]).split("\n") == [
        "0.0  alice INVITE----------> bob",
        "0.5  alice INVITE----------> bob   twice",
        "1.5  alice INVITE----------x bob",
        "2.0  alice INVITE----------> bob",
    ]
    assert ladder([fate(0.0)]) == "", "what nobody saw leave is no arrow"


def test_what_nobody_saw_leave_still_arrives() -> None:
    """A packet from one who is not watched is an arrow too, also beside one that the network knows of."""
    assert ladder([came(1.0)]) == "0.0  192.0.2.1:5060 INVITE----------> bob"
    assert ladder([out(0.0), fate(0.0, 0.1), came(0.1), came(0.3)]).split("\n") == [
        "0.0  alice INVITE----------> bob",
        "0.3  alice INVITE----------> bob",
    ]


def test_three_parties_and_long_names_stay_in_columns() -> None:
    """Columns are as wide as they must be: names, IPv6 addresses, long methods, what is no SIP."""
    proxy = Left(1.0, "proxy", Flow("UDP", C, B), b"A-VERY-LONG-METHOD sip:b SIP/2.0\r\n")
    junk = Left(12.0, "bob", Flow("UDP", B, ("2001:db8::9", 5070)), b"junk")
    assert ladder([out(0.0), proxy, junk]).split("\n") == [
        " 0.0  alice INVITE---------------x bob",
        " 1.0  bob   x--A-VERY-LONG-METHOD- proxy",
        "12.0  bob   4 bytes--------------> [2001:db8::9]:5070",
    ]


def moved(at: float, who: str, name: str, before: str, after: str, *timers: tuple[str, float]) -> Moved:
    """A step."""
    return Moved(at, who, "machine", before, name, after, "3261 17", timers)


STORY: list[Record] = [
    moved(0.0, "alice", "start", "Initial", "Calling", ("A", 0.5), ("B", 32.0)),
    out(0.0, REQUEST),
    came(0.0, REQUEST),
    moved(0.0, "bob", "request", "Initial", "Trying"),
    moved(0.2, "bob", "Timer 100", "Trying", "Proceeding"),
    back(0.2),
    Arrived(0.3, "alice", Flow("UDP", A, B), OK),
    moved(0.3, "alice", "200", "Calling", "Calling"),
    out(0.3, WHOLE, "Timer X"),
    Asked(1.0, "alice", "hang up"),
    moved(1.0, "alice", "Timer K", "Completed", "Terminated"),
    moved(1.0, "bob", "Timer J", "Completed", "Terminated"),
    back(2.0, b"junk"),
    moved(3.0, "alice", "Timer L", "Completed", "Terminated"),
    Arrived(4.0, "bob", Flow("UDP", B, C), b"junk"),
    moved(4.0, "alice", "late", "Terminated", "Terminated"),
]

TOLD = """\
0.0  alice OPTIONS---------> bob     sip:b@192.0.2.2
     alice   machine: Initial -> Calling                             start, RFC 3261 17; timers: A 0.5, B 32.0
     bob     machine: Initial -> Trying                              request, RFC 3261 17

0.2  alice <------------200- bob
     bob     machine: Trying -> Proceeding                           Timer 100, RFC 3261 17

0.3  alice 200 of 0.2 arrives
     alice   machine: stays Calling                                  200, RFC 3261 17

0.3  alice 200-------------x bob     Timer X, OK, to the INVITE, with SDP

1.0  alice   machine: Completed -> Terminated                        Timer K, RFC 3261 17

1.0  bob     machine: Completed -> Terminated                        Timer J, RFC 3261 17

2.0  alice x--------4 bytes- bob

3.0  alice   machine: Completed -> Terminated                        Timer L, RFC 3261 17

4.0  bob   <--------4 bytes- carol

4.0  alice   machine: stays Terminated                               late, RFC 3261 17"""


def test_the_explained_picture_tells_every_step_at_its_message() -> None:
    """Steps stand below the message that they led to or came from, else by themselves with their time."""
    assert ladder(STORY, explain=True, names={C: "carol"}) == TOLD


def test_live_it_is_told_in_the_same_words() -> None:
    """Line by line as it happens, with the difference that nobody knows yet what will be lost."""
    lines: list[str] = []
    tell = live(lines.append, start=0.0, decimals=1, parties=("alice", "bob"), names={B: "bob", A: "alice"})
    for record in STORY[:6]:
        tell(record)
    assert [line.split() for line in lines] == [line.split() for line in ["", *TOLD.split("\n")[:6]]]
