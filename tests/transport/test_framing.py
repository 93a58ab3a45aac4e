"""What a connection carries: messages and keep-alives (RFC 3261 7.5 and 18.3, RFC 5626 4.4.1, RFC 7118)."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from benchmarks.corpus import ACK, BYE, CORPUS, INVITE, TRYING
from sipsm.message import answerable, parse_message, read_message
from sipsm.transport.framing import PING, PONG, BadFrame, Frame, Framed, Ping, Pong, StreamFramer, WebSocketFramer

TORTURE = Path(__file__).parents[1] / "torture" / "data"
CRLF = b"\r\n"


def server() -> StreamFramer:
    return StreamFramer(client=False)


def client() -> StreamFramer:
    return StreamFramer(client=True)


def with_length(*lines: bytes, body: bytes = b"12345") -> bytes:
    """A request with these lines for its Content-Length."""
    return BYE.replace(b"Content-Length: 0\r\n", b"".join(line + CRLF for line in lines)) + body


def breaks(data: bytes) -> BadFrame:
    """The one value that ends a stream of these bytes, after which nothing is taken."""
    framer = server()
    (bad,) = framer.receive(data)
    assert isinstance(bad, BadFrame)
    assert (bad.ends_flow, framer.ended, framer.held, framer.mid_message) == (True, True, 0, False)
    assert framer.receive(INVITE) == []
    assert framer.receive_eof() == []
    return bad


def told(bad: BadFrame) -> tuple[int, str]:
    return bad.error.status, bad.error.rfc


# ------------------------------------------------------------------------------------------------------ messages


@pytest.mark.rfc("3261 7.5", "3261 18.3", "3261-S32")
def test_a_day_of_messages_in_one_piece() -> None:
    """Content-Length tells where each message of a stream ends."""
    framer = server()
    assert framer.receive(b"".join(CORPUS)) == list(map(Frame, CORPUS))
    assert (framer.held, framer.mid_message) == (0, False)
    for message in CORPUS:
        assert bytes(parse_message(message)) == message


@pytest.mark.rfc("3261 18.3")
def test_a_message_byte_by_byte() -> None:
    """A message is there with its last byte, and not before."""
    framer = server()
    for n, byte in enumerate(INVITE[:-1], 1):
        assert framer.receive(bytes([byte])) == []
        assert (framer.held, framer.mid_message) == (n, True)
    assert framer.receive(INVITE[-1:]) == [Frame(INVITE)]


@pytest.mark.rfc("3261 18.3")
def test_the_end_of_one_and_the_beginning_of_the_next() -> None:
    """What comes with the end of a message is the next one's."""
    framer = client()
    assert framer.receive(INVITE[:700]) == []
    assert framer.receive(INVITE[700:] + TRYING + ACK[:10]) == [Frame(INVITE), Frame(TRYING)]
    assert framer.held == 10
    assert framer.receive(ACK[10:]) == [Frame(ACK)]


def test_a_malformed_message_between_others() -> None:
    """A message whose end is clear does no harm to the next one, whatever else is wrong with it."""
    malformed = with_length(b"what is this", b"Content-Length: 5")
    assert server().receive(malformed + BYE) == [Frame(malformed), Frame(BYE)]


@pytest.mark.parametrize("name", ["clerr", "baddn"])
@pytest.mark.rfc("4475 3.1.2.2", "3261-S32")
def test_more_is_waited_for(name: str) -> None:
    """Of a message that is longer than what came nothing can be said but that more has to come."""
    data = (TORTURE / f"{name}.dat").read_bytes()
    framer = server()
    assert framer.receive(data) == []
    assert framer.mid_message


@pytest.mark.parametrize(
    ("name", "rfc"), [("ncl", "3261 20.14"), ("mcl01", "3261 20.14"), ("inv2543", "3261 18.3")], ids=lambda value: value
)
@pytest.mark.rfc("4475 3.1.2.3", "4475 3.3.9", "3261 18.3", "3261 20.14", "3261-S32")
def test_no_end_to_be_found(name: str, rfc: str) -> None:
    """A Content-Length that is negative, contradicted or not there ends a stream, and its request can be answered."""
    data = (TORTURE / f"{name}.dat").read_bytes()
    bad = breaks(data)
    assert told(bad) == (400, rfc)
    assert bad.head == data[: data.index(b"\r\n\r\n") + 4]
    request = answerable(bad.head)
    assert request is not None
    assert request.call_id == read_message(bad.head.replace(b"-999", b"0").replace(b": 13", b": 5") + b"12345").call_id


@pytest.mark.rfc("4475 3.1.1.8")
def test_two_requests_in_one_packet() -> None:
    """What a datagram leaves out is the next message of a stream; behind it is a line that begins none."""
    data = (TORTURE / "dblreq.dat").read_bytes()
    first, second, bad = server().receive(data)
    assert isinstance(first, Frame)
    assert isinstance(second, Frame)
    assert isinstance(bad, BadFrame)
    assert first.data.startswith(b"REGISTER sip:example.com ")
    assert second.data.startswith(b"INVITE sip:joe@example.com ")
    assert told(bad) == (400, "3261 7.1")


@pytest.mark.rfc("3261 18.3")
def test_what_was_complete_is_delivered() -> None:
    """An error takes nothing of what came before it, and all that comes after."""
    bad = with_length(b"Content-Length: five")
    taken = server().receive(PING + INVITE + bad + BYE)
    assert taken[:2] == [Ping(), Frame(INVITE)]
    assert isinstance(taken[2], BadFrame)
    assert taken[3:] == []


# ------------------------------------------------------------------------------------------------------ Content-Length


@pytest.mark.parametrize(
    "lines",
    [
        [b"Content-Length: 5"],
        [b"l:5"],
        [b"L \t : \t 5 \t"],
        [b"cONTENT-lENGTH:5"],
        [b"Content-Length: 0000000000005"],
        [b"Content-Length: " + b"0" * 5_000 + b"5"],
        [b"Content-Length:\r\n 5"],
        [b"Content-Length:\r\n\t\r\n 5\r\n "],
        [b"Content-Length: 5", b"l: 05"],
        [b"Content-LengthX: 7", b"X: a\r\n l: 7", b"Content-Length: 5"],
    ],
    ids=repr,
)
@pytest.mark.rfc("3261 20.14", "3261 7.3.1", "3261 7.3.3")
def test_a_length_however_it_is_written(lines: list[bytes]) -> None:
    """A Content-Length counts in any case, compact, folded, and said again."""
    data = with_length(*lines)
    assert server().receive(data + ACK) == [Frame(data), Frame(ACK)]


@pytest.mark.parametrize(
    "lines",
    [
        [b"Content-Length: -5"],
        [b"Content-Length: +5"],
        [b"Content-Length: five"],
        [b"Content-Length:"],
        [b"Content-Length"],
        [b"Content-Length 5"],
        [b"Content-Length\r\n : 5"],
        [b"Content-Length: 5, 5"],
        [b"Content-Length: 5 5"],
        [b"Content-Length: 5;x=y"],
        [b"Content-Length: 0x5"],
        [b"Content-Length: 5\0"],
        [b"Content-Length: \xd9\xa5"],
        [b"Content-Length: 5", b"l: 6"],
        [b"Content-Length: 5", b"X: y", b"l: five"],
    ],
    ids=repr,
)
@pytest.mark.rfc("3261 20.14", "4475 3.1.2.3", "4475 3.3.9")
def test_a_length_that_is_none(lines: list[bytes]) -> None:
    """Where a Content-Length is no number, or not one number, nobody knows what is body and what is not."""
    bad = breaks(with_length(*lines))
    assert told(bad) == (400, "3261 20.14")
    assert answerable(bad.head) is not None


@pytest.mark.rfc("3261 18.3")
def test_no_length() -> None:
    """Over a stream a message has a Content-Length; one in the body, or folded into another header, is none."""
    bad = breaks(with_length(b"X: y\r\n Content-Length: 5", body=b"\r\nContent-Length: 5\r\n\r\n"))
    assert told(bad) == (400, "3261 18.3")


# ------------------------------------------------------------------------------------------------------ the head


@pytest.mark.parametrize(
    ("data", "at"),
    [
        (INVITE.replace(CRLF, b"\n"), INVITE.index(CRLF)),
        (INVITE.replace(b"70\r\n", b"70\n"), INVITE.index(b"70\r\n") + 2),
        (INVITE.replace(b"70\r\n", b"70\r"), INVITE.index(b"70\r\n") + 2),
        (INVITE.replace(b"70\r\n", b"70\r\r\n"), INVITE.index(b"70\r\n") + 2),
        (b"\n" + INVITE, 0),
        (b"\r" + INVITE, 0),
    ],
)
@pytest.mark.rfc("3261 7")
def test_half_a_line_end(data: bytes, at: int) -> None:
    """Where CR or LF stands alone, another element might see other headers: the stream ends there."""
    bad = breaks(data)
    assert (told(bad), bad.error.at, bad.head) == ((400, "3261 7"), at, data[:at])


def test_a_body_may_have_any_line_ends() -> None:
    """In a body CR and LF are bytes like others."""
    data = with_length(b"Content-Length: 8", body=b"\r\r\n\n\r\n\r\n")
    assert server().receive(data + BYE) == [Frame(data), Frame(BYE)]


@pytest.mark.parametrize(
    "line", [b"GET / HTTP/1.1", b"v=0", b" ", b"a=sendrecv SIP/2.0 too", b"\x16\x03\x01\x02", b"BYE sip:bob@192.0.2.1"]
)
@pytest.mark.rfc("3261 7.1", "3261 7.2")
def test_what_is_not_of_sip(line: bytes) -> None:
    """A line that begins no message shows a Content-Length before it that was too small, or another protocol."""
    bad = breaks(line + CRLF)
    assert (told(bad), bad.error.at) == ((400, "3261 7.1"), 0)


@pytest.mark.parametrize(
    "line", [b"OPTIONS sip:a SIP/2.0", b"SIP/2.0 200 ", b"sip/2.0 200 OK", b"OPTIONS  <sip:a>  sip/7.0  ", b"SIP/3 x"]
)
def test_what_is_of_sip(line: bytes) -> None:
    """A start line with a version is for the parser to judge, which may answer, and the connection stays."""
    data = line + b"\r\nl: 0\r\n\r\n"
    assert server().receive(data) == [Frame(data)]


# ------------------------------------------------------------------------------------------------------ keep-alives


@pytest.mark.rfc("5626 3.5.1", "5626 4.4.1", "5626 5.4")
def test_pings() -> None:
    """Each double CRLF between messages is a ping to the side that accepted the connection."""
    framer = server()
    assert framer.receive(PING) == [Ping()]
    assert framer.receive(PING + INVITE + PING + PING + BYE) == [Ping(), Frame(INVITE), Ping(), Ping(), Frame(BYE)]
    assert framer.held == 0


@pytest.mark.rfc("5626 4.4.1")
def test_a_ping_byte_by_byte() -> None:
    """Two CRLFs are one ping, in however many pieces they come."""
    framer = server()
    assert [framer.receive(piece) for piece in (b"\r", b"\n", b"\r", b"\n")] == [[], [], [], [Ping()]]


@pytest.mark.rfc("5626 3.5.1", "5626 4.4.1")
def test_pongs() -> None:
    """Each CRLF between messages is a pong to the side that opened the connection; two may come as one piece."""
    framer = client()
    assert framer.receive(PONG) == [Pong()]
    assert framer.receive(PONG + PONG + TRYING + b"\r") == [Pong(), Pong(), Frame(TRYING)]
    assert framer.receive(b"\n") == [Pong()]


@pytest.mark.rfc("3261 7.5")
def test_line_ends_that_mean_nothing() -> None:
    """One CRLF before a start line is ignored, and makes no ping with one after the message."""
    framer = server()
    assert framer.receive(CRLF + INVITE + CRLF + BYE + CRLF) == [Frame(INVITE), Frame(BYE)]
    assert framer.receive(CRLF) == [Ping()]
    assert framer.receive(PING + CRLF + BYE) == [Ping(), Frame(BYE)]


# ------------------------------------------------------------------------------------------------------ the end


@pytest.mark.parametrize("before", [b"", INVITE, PING, INVITE + CRLF, INVITE + b"\r"], ids=repr)
def test_the_end_between_messages(before: bytes) -> None:
    """A peer that stops sending between messages has done nothing wrong."""
    framer = server()
    framer.receive(before)
    assert framer.receive_eof() == []
    assert (framer.ended, framer.held) == (True, 0)
    assert framer.receive(BYE) == []


@pytest.mark.parametrize("length", [1, 10, 300, len(INVITE) - 300, len(INVITE) - 100, len(INVITE) - 1])
@pytest.mark.rfc("3261 18.3")
def test_the_end_within_a_message(length: int) -> None:
    """A message that was cut short is no message, and its head is there for an answer."""
    framer = server()
    assert framer.receive(INVITE[:length]) == []
    (bad,) = framer.receive_eof()
    assert isinstance(bad, BadFrame)
    assert (told(bad), bad.error.at, bad.ends_flow) == ((400, "3261 18.3"), length, True)
    assert bad.head == INVITE[: min(length, INVITE.index(b"\r\n\r\n") + 4)]
    assert (answerable(bad.head) is None) == (length < 200)
    assert (framer.receive_eof(), framer.receive(BYE), framer.held) == ([], [], 0)


# ------------------------------------------------------------------------------------------------------ state


def test_a_copy_goes_its_own_way() -> None:
    """A framer is plain data: a copy equals it, and what one of them receives is nothing to the other."""
    framer = server()
    framer.receive(INVITE + CRLF + BYE[:100])
    other = copy.deepcopy(framer)
    assert other == framer
    assert other.receive(BYE[100:]) == [Frame(BYE)]
    assert other != framer
    assert framer.receive(BYE[100:]) == [Frame(BYE)]
    assert other == framer


def test_bad_frames_are_values() -> None:
    """Two errors that say the same are equal, and none keeps anything but what it says."""
    one, other = breaks(b"v=0\r\n"), breaks(b"v=0\r\n")
    assert one == other
    assert one == copy.deepcopy(one)
    assert one.error is not other.error
    assert one.error.__traceback__ is None
    assert one != breaks(b"v=1\r\n")


# ------------------------------------------------------------------------------------------------------ WebSocket


@pytest.fixture(params=[False, True], ids=["server", "client"])
def web(request: pytest.FixtureRequest) -> WebSocketFramer:
    return WebSocketFramer(client=request.param)


@pytest.mark.rfc("7118 4.2", "7118 5")
def test_a_websocket_message_is_a_message(web: WebSocketFramer) -> None:
    """Over WebSocket each message comes alone, and needs no Content-Length."""
    bare = with_length()
    for data in (*CORPUS, bare):
        assert web.receive(data) == [Frame(data)]
    assert parse_message(bare).body == b"12345"
    assert (web.held, web.mid_message, web.ended, web.receive_eof()) == (0, False, False, [])


@pytest.mark.rfc("3261 18.3", "7118 5")
def test_a_length_over_websocket(web: WebSocketFramer) -> None:
    """A Content-Length over WebSocket is the parser's to judge, as a datagram's is; nothing after it is a message."""
    (frame,) = web.receive(INVITE + BYE)
    assert frame == Frame(INVITE + BYE)
    assert bytes(parse_message(INVITE + BYE)) == INVITE
    assert web.receive(with_length(b"l: 6")) == [Frame(with_length(b"l: 6"))]


@pytest.mark.parametrize("data", [b"", b"OPTIONS sip:a SIP/2.0", INVITE[:100]], ids=repr)
def test_no_whole_head_over_websocket(web: WebSocketFramer, data: bytes) -> None:
    """A WebSocket message that is not a whole one of SIP is refused by the parser, and none is waited for."""
    assert web.receive(data) == [Frame(data)]


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", INVITE.replace(b"70\r\n", b"70\n")])
def test_a_bad_websocket_message(web: WebSocketFramer, data: bytes) -> None:
    """What is no message of SIP does not end a WebSocket connection, for the next message is a new one."""
    (bad,) = web.receive(data)
    assert isinstance(bad, BadFrame)
    assert (bad.error.status, bad.ends_flow) == (400, False)
    assert bad.head == data[: data.index(b"\r\n\r\n") + 4]
    assert web.receive(BYE) == [Frame(BYE)]


@pytest.mark.rfc("7118 6", "5626 4.4.1")
def test_keep_alives_over_websocket(web: WebSocketFramer) -> None:
    """CRLFs keep WebSocket connections alive as well; one that comes alone to a server is half of nothing."""
    pings: list[Framed] = [Ping()]
    assert web.receive(PING) == ([Pong(), Pong()] if web.client else pings)
    for _ in range(2):
        assert web.receive(CRLF) == ([Pong()] if web.client else [])
    assert web.receive(PING + BYE) == ([Pong(), Pong(), Frame(BYE)] if web.client else [Ping(), Frame(BYE)])
