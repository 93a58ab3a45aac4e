"""Messages made from others by a change, and built anew (RFC 3261 7, 16.6, 20)."""

from __future__ import annotations

import enum
from collections.abc import Callable

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar import Uri
from sipsm.message import Address, Message, Request, Response, Via, headers, parse_message, read_message, response_to
from sipsm.message.headers import CONTACT, RECORD_ROUTE, ROUTE, SUPPORTED, VIA

HEAD = b"INVITE sip:b SIP/2.0\r\n"
DATA = (
    HEAD + b"v:  SIP/2.0/UDP a;branch=z9hG4bK1 ,SIP/2.0/UDP b;branch=z9hG4bK2\r\n"
    b"Route: <sip:p1;lr>\r\n"
    b"From: <sip:a>;tag=1\r\n"
    b"Via: SIP/2.0/UDP c;branch=z9hG4bK3\r\n"
    b"To: <sip:b>\r\n"
    b"ROUTE: <sip:p2;lr>,\r\n <sip:p3;lr>\r\n"
    b"Call-ID: 1\r\n"
    b"CSeq: 1 INVITE\r\n"
    b"X-Odd :  as it came\r\n"
    b"Content-Length: 0\r\n\r\n"
)


@pytest.fixture
def request_() -> Request:
    message = parse_message(DATA)
    assert isinstance(message, Request)
    assert message.contacts == ()
    return message


def names(message: Message) -> list[str]:
    return [name for name, _ in message.headers]


def test_the_rest_stays(request_: Request) -> None:
    """A change leaves all other lines as they came, and the message that it was made from as it was."""
    changed = request_.with_header("To", "<sip:b>;tag=2")
    assert bytes(changed) == DATA.replace(b"To: <sip:b>\r\n", b"To: <sip:b>;tag=2\r\n")
    assert (changed.to.tag, request_.to.tag) == ("2", None)
    assert bytes(request_) == DATA
    assert (changed.method, str(changed.uri), changed.body) == ("INVITE", "sip:b", b"")


def test_what_was_read_is_shared(request_: Request) -> None:
    """Values of headers that a change does not touch are not read again."""
    changed = request_.with_header("Contact", "<sip:x>")
    assert (changed.via is request_.via, changed.from_ is request_.from_, changed.cseq is request_.cseq) == (True,) * 3
    assert [str(contact.uri) for contact in changed.contacts] == ["sip:x"]
    assert changed.with_header("X", 1).contacts is changed.contacts


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("Via", "SIP/2.0/UDP z;branch=z9hG4bKz", lambda message: message.via.host == "z" == message.vias[0].host),
        ("From", "<sip:z>;tag=z", lambda message: message.from_.tag == "z"),
        ("To", "<sip:z>;tag=z", lambda message: message.to.tag == "z"),
        ("Call-ID", "z", lambda message: message.call_id == "z"),
        ("CSeq", "9 ACK", lambda message: message.cseq == (9, "ACK")),
        ("Route", "<sip:z>", lambda message: message.route[0].uri == "sip:z"),
    ],
)
def test_what_is_changed_is_read_anew(
    request_: Request, name: str, value: str, read: Callable[[Message], bool]
) -> None:
    """A changed header says the new thing, also when the old one had been read."""
    assert len(request_.vias) == 3
    assert len(request_.route) == 3
    assert read(request_.with_header(name, value))
    assert not read(request_)


@pytest.mark.rfc("3261 7.3.1")
def test_with_header(request_: Request) -> None:
    """All lines of a name give way to the new ones, in the place of the first; a new name goes to the end."""
    changed = request_.with_header("Route", "<sip:x>", "<sip:y>")
    assert names(changed) == ["v", "Route", "Route", "From", "Via", "To", "Call-ID", "CSeq", "X-Odd", "Content-Length"]
    assert [str(address.uri) for address in changed.route] == ["sip:x", "sip:y"]
    assert names(request_.with_header("Contact", "<sip:x>"))[-2:] == ["Content-Length", "Contact"]
    assert names(request_.with_header("X-odd", "new"))[8] == "X-odd"
    assert not request_.with_header("Via").has("Via")


@pytest.mark.rfc("3261 16.6")
def test_with_pushed(request_: Request) -> None:
    """Via, Route and Record-Route grow upward: a new line stands above the first of its name, else on top."""
    pushed = request_.with_pushed("Via", Via.build("UDP", "p", branch="z9hG4bK0"))
    assert (names(pushed)[:2], pushed.via.branch, len(pushed.vias)) == (["Via", "v"], "z9hG4bK0", 4)
    assert names(request_.with_pushed("Route", "<sip:p0;lr>"))[:3] == ["v", "Route", "Route"]
    recorded = request_.with_pushed("Record-Route", Address.build("sip:p;lr"))
    assert (names(recorded)[0], str(recorded.record_route[0].uri)) == ("Record-Route", "sip:p;lr")
    assert bytes(recorded).startswith(HEAD + b"Record-Route: <sip:p;lr>\r\nv:  SIP/2.0/UDP a")


def test_with_added(request_: Request) -> None:
    """A line is added at the end, be there others of its name or not."""
    changed = request_.with_added("Route", "<sip:p4;lr>").with_added("Allow", "ACK").with_added("Allow", "BYE")
    assert [str(address.uri) for address in changed.route] == ["sip:p1;lr", "sip:p2;lr", "sip:p3;lr", "sip:p4;lr"]
    assert changed.header_values("Allow") == ("ACK", "BYE")
    assert names(changed)[-3:] == ["Route", "Allow", "Allow"]


def test_without_header(request_: Request) -> None:
    """All lines of a name go, long or short; without any there is nothing to change."""
    changed = request_.without_header("V")
    assert (changed.has("via"), len(changed.headers)) == (False, 8)
    assert request_.without_header("Contact") is request_


@pytest.mark.rfc("3261 16.7")
def test_without_first(request_: Request) -> None:
    """The topmost value goes, and its line with it when it was alone there."""
    once = request_.without_first("Via")
    assert (bytes(once).split(b"\r\n")[1], once.via.host) == (b"v: SIP/2.0/UDP b;branch=z9hG4bK2", "b")
    twice = once.without_first("Via")
    assert ([via.host for via in twice.vias], names(twice)[0]) == (["c"], "Route")
    none = twice.without_first("Via")
    assert (none.vias, none.without_first("Via") is none) == ((), True)
    routed = request_.without_first("route").without_first("route")
    assert [str(address.uri) for address in routed.route] == ["sip:p3;lr"]


def test_without_first_of_what_cannot_be_split() -> None:
    """A line that cannot be taken apart loses nothing by a guess."""
    message = read_message(HEAD + b'Route: <sip:a>, "b\r\n\r\n')
    with pytest.raises(RemoteProtocolError):
        message.without_first("Route")


def test_equal_lines() -> None:
    """Lines that are there twice, letter by letter, are still two."""
    message = read_message(HEAD + b"X: 1\r\nY: 2\r\nX: 1\r\nContent-Length: 0\r\n\r\n")
    assert message.without_first("X").headers == (("Y", "2"), ("X", "1"), ("Content-Length", "0"))
    assert message.with_pushed("X", 1).lines_of("X") == ("1", "1", "1")
    assert message.without_header("X").headers == (("Y", "2"), ("Content-Length", "0"))


@pytest.mark.rfc("3261 20.14", "3261 20.15")
def test_with_body(request_: Request) -> None:
    """A body comes with its type and its length, and takes the type along when it goes."""
    with_body = request_.with_body(b"v=0\r\n", "application/sdp")
    assert (with_body.body, with_body.content_type, with_body.header("l")) == (b"v=0\r\n", "application/sdp", "5")
    assert bytes(with_body).endswith(b"Content-Length: 5\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n")
    assert parse_message(bytes(with_body)).body == b"v=0\r\n"
    assert (with_body.with_body(b"v=1").content_type, request_.body) == ("application/sdp", b"")
    without = with_body.with_body(b"")
    assert (without.body, without.content_type, without.header("Content-Length")) == (b"", None, "0")
    with pytest.raises(LocalProtocolError, match="needs a Content-Type"):
        request_.with_body(b"x")


@pytest.mark.rfc("3261 20.14")
def test_length_is_not_for_programs(request_: Request) -> None:
    """Content-Length follows from the body, so no change can make it wrong."""
    changes: list[Callable[[], object]] = [
        lambda: request_.with_header("Content-Length", 5),
        lambda: request_.with_pushed("l", 1),
        lambda: request_.with_added("L", 7),
        lambda: request_.without_header("Content-Length"),
        lambda: request_.without_first("Content-Length"),
    ]
    for change in changes:
        with pytest.raises(LocalProtocolError, match="Content-Length"):
            change()
    assert request_.with_header("Content-Length", 0).body == b""


@pytest.mark.rfc("3261 20.14")
def test_length_is_added() -> None:
    """A message that came without Content-Length may leave over a stream once it is changed, so it gets one."""
    changed = read_message(HEAD + b"X: 1\r\n\r\nabc").with_header("X", 2)
    assert bytes(changed) == HEAD + b"X: 2\r\nContent-Length: 3\r\n\r\nabc"


def test_with_uri(request_: Request) -> None:
    """The Request-URI changes, and nothing else."""
    changed = request_.with_uri("sip:other@b;lr")
    assert (bytes(changed), str(changed.uri)) == (
        b"INVITE sip:other@b;lr SIP/2.0\r\n" + DATA[len(HEAD) :],
        "sip:other@b;lr",
    )
    assert request_.with_uri(Uri.parse("tel:+1")).uri.scheme == "tel"
    with pytest.raises(LocalProtocolError):
        request_.with_uri("sip:a b")


NASTY = ["a\r\nVia: SIP/2.0/UDP evil", "a\n", "\r", "a\0b", "\r\n folded"]


@pytest.mark.rfc("3261 7.3.1", "3261 25.1")
@pytest.mark.parametrize("change", ["with_header", "with_pushed", "with_added"])
@pytest.mark.parametrize(("name", "value"), [*(("X", value) for value in NASTY), *((name, "x") for name in NASTY)])
def test_no_injection(request_: Request, change: str, name: str, value: str) -> None:
    """No name and no value can carry a line of its own into a message, whichever way it is put in."""
    with pytest.raises(LocalProtocolError):
        getattr(request_, change)(name, value)
    assert bytes(request_) == DATA


@pytest.mark.rfc("3261 7.3.1", "3261 25.1")
@pytest.mark.parametrize("nasty", NASTY)
def test_no_injection_elsewhere(request_: Request, nasty: str) -> None:
    """Neither can the parts of a message that are no headers."""
    attempts: list[Callable[[], object]] = [
        lambda: request_.with_body(b"x", nasty),
        lambda: request_.with_uri(f"sip:{nasty}"),
        lambda: Request.build(nasty, "sip:a"),
        lambda: Request.build("OPTIONS", f"sip:a;{nasty}"),
        lambda: Request.build("OPTIONS", "sip:a", [("X", nasty)]),
        lambda: Request.build("OPTIONS", "sip:a", [(nasty, "x")]),
        lambda: Response.build(200, nasty),
        lambda: Response.build(200, None, [("X", nasty)]),
    ]
    for attempt in attempts:
        with pytest.raises(LocalProtocolError):
            attempt()


@pytest.mark.parametrize("name", ["", "a b", "a:b", "Via ", "é"])
def test_names_are_tokens(request_: Request, name: str) -> None:
    """The name of a header is a token."""
    with pytest.raises(LocalProtocolError, match="cannot be the name of a header"):
        request_.with_header(name, "x")


def test_text_that_is_no_text(request_: Request) -> None:
    """Half a surrogate pair cannot be written as UTF-8."""
    with pytest.raises(LocalProtocolError, match="UTF-8"):
        request_.with_header("Subject", "\ud800")
    with pytest.raises(LocalProtocolError, match="UTF-8"):
        Response.build(200, "\ud800")
    assert "Ж".encode() in bytes(request_.with_header("Subject", "Ж"))


@pytest.mark.rfc("3261 7", "3261 20.14")
def test_build_request() -> None:
    """A request is built of its parts, and Content-Length added."""
    headers = [("Via", Via.build("UDP", "a", branch="z9hG4bK1")), ("Max-Forwards", 70), ("Content-Type", "text/plain")]
    request = Request.build("MESSAGE", Uri.parse("sip:bob@b"), headers, b"hi")
    assert bytes(request) == (
        b"MESSAGE sip:bob@b SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
        b"Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi"
    )
    assert (request.via.host, request.uri.user, request.method) == ("a", "bob", "MESSAGE")
    assert Request.build("X-new", "sip:a").method == "X-new"


@pytest.mark.rfc("3261 7.2")
def test_build_response() -> None:
    """A response is built of its parts, with the registered phrase unless another is given."""
    assert bytes(Response.build(486)) == b"SIP/2.0 486 Busy Here\r\nContent-Length: 0\r\n\r\n"
    assert (
        bytes(Response.build(486, "", [("A-B", 1), ("a-b", 2)]))
        == b"SIP/2.0 486 \r\nA-B: 1\r\na-b: 2\r\nContent-Length: 0\r\n\r\n"
    )
    assert Response.build(200, "Да").reason == "Да"
    assert Response.build(200, None, [("Content-Length", 0)]).headers == (("Content-Length", "0"),)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Response.build(99),
        lambda: Response.build(700),
        lambda: Response.build(200, None, (), b"x"),
        lambda: Response.build(200, None, [("Content-Length", 5)]),
        lambda: Response.build(200, None, [("Content-Length", 0), ("l", 0)]),
        lambda: Request.build("", "sip:a"),
        lambda: Request.build("IN VITE", "sip:a"),
        lambda: Request.build("INVITE", "bob"),
        lambda: Request.build("INVITE", "sip:a", (), b"x"),
    ],
)
def test_unbuildable(build: Callable[[], Message]) -> None:
    """A message that no peer could read is not built."""
    with pytest.raises(LocalProtocolError):
        build()


def test_the_first_value_is_replaced_where_it_stands() -> None:
    """A Via that is marked anew keeps its line, its name as it came, and the values behind it."""
    message = parse_message(
        b"OPTIONS sip:a@b SIP/2.0\r\nFrom: <sip:c@d>;tag=1\r\nv: SIP/2.0/UDP e;branch=z9hG4bK1, SIP/2.0/UDP f\r\n"
        b"To: <sip:a@b>\r\nCall-ID: g\r\nCSeq: 1 OPTIONS\r\nVia: SIP/2.0/UDP h\r\nContent-Length: 0\r\n\r\n"
    )
    changed = message.with_first("Via", "SIP/2.0/UDP e;branch=z9hG4bK1;received=192.0.2.1")
    assert bytes(changed) == bytes(message).replace(b"bK1,", b"bK1;received=192.0.2.1,")
    assert [str(via) for via in changed.vias][1:] == ["SIP/2.0/UDP f", "SIP/2.0/UDP h"]
    with pytest.raises(LocalProtocolError, match="there is no Route"):
        message.with_first("Route", "<sip:a;lr>")


OTHERS = b"From: <sip:c@d>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: g\r\nCSeq: 1 OPTIONS\r\nSubject: x\r\n"


@pytest.mark.parametrize("length", [b"", b"Content-Length: 0\r\n"])
@pytest.mark.parametrize(
    "vias",
    [
        b"Via: SIP/2.0/UDP e;branch=z9hG4bK1\r\n",
        b"v:SIP/2.0/UDP e;branch=z9hG4bK1\r\nVia: SIP/2.0/UDP f\r\n",
        b"VIA: SIP/2.0/UDP e ; branch=z9hG4bK1 , SIP/2.0/UDP f\r\nvia: SIP/2.0/UDP g\r\n",
        b"Via : SIP/2.0/UDP e;maddr=192.0.2.1\r\n",
        b"Via : SIP/2.0/UDP e;maddr=192.0.2.1\r\nVia: SIP/2.0/UDP f\r\n",
    ],
)
@pytest.mark.parametrize("looked", [False, True])
def test_another_topmost_via(vias: bytes, length: bytes, looked: bool) -> None:
    """It stands where the other one stood, whatever is known of that one, and all else is as it was."""
    message = read_message(b"OPTIONS sip:a@b SIP/2.0\r\n" + vias + OTHERS + length + b"\r\n")
    if looked:
        assert (message.vias, message.from_tag, message.cseq.number) == (message[VIA], "1", 1)
    via = Via.parse("SIP/2.0/TCP h;branch=z9hG4bK2;rport")
    changed = message.with_via(via)
    assert bytes(changed) == bytes(message.with_first("Via", via))
    read = read_message(bytes(changed))
    for each in (changed, read, changed.with_header("Subject", "y")):
        assert (each.via, each.branch, each.via.transport) == (via, "z9hG4bK2", "TCP")
        assert (list(map(str, each.vias)), each.from_tag) == ([str(via), *map(str, message.vias[1:])], "1")
    assert changed.with_via(message.via).vias == message.vias


def test_no_via_to_be_replaced() -> None:
    """A message without one is not given one, and none that breaks out of its line."""
    via = Via.parse("SIP/2.0/UDP a;branch=z9hG4bK1")
    with pytest.raises(LocalProtocolError, match="there is no Via"):
        read_message(b"OPTIONS sip:a@b SIP/2.0\r\n" + OTHERS + b"\r\n").with_via(via)
    message = read_message(b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP e;branch=z9hG4bK1\r\n" + OTHERS + b"\r\n")
    with pytest.raises(LocalProtocolError, match="CR, LF and NUL"):
        message.with_via(Via.parse('SIP/2.0/UDP a;x="\0"'))


def test_checking_the_headers_that_are_there() -> None:
    """Those that are malformed are told, in the order in which they are asked for, under compact names as well."""
    message = parse_message(
        b"OPTIONS sip:a@b SIP/2.0\r\nFrom: <sip:c@d>;tag=1\r\nv: SIP/2.0/UDP e;branch=z9hG4bK1\r\n"
        b"To: <sip:a@b>\r\nCall-ID: g\r\nCSeq: 1 OPTIONS\r\nm: <sip:c@d\r\nRoute: <sip:e\r\nk: a\r\n\r\n"
    )
    message.check(RECORD_ROUTE, SUPPORTED)
    for fields, name in (((RECORD_ROUTE, CONTACT, ROUTE), "m"), ((SUPPORTED, ROUTE, CONTACT), "Route")):
        with pytest.raises(RemoteProtocolError) as caught:
            message.check(*fields)
        before = bytes(message)[: caught.value.at]
        assert before.rpartition(b"\r\n")[2].startswith(name.encode())


@pytest.mark.parametrize("value", [None, b"x", ("INVITE", "ACK"), ["INVITE"], {"a": 1}, {"a"}])
def test_what_is_no_text(request_: Request, value: object) -> None:
    """What is no text, number or typed value is refused, instead of being written as Python shows it."""
    with pytest.raises(LocalProtocolError, match="Subject cannot be"):
        request_.with_header("Subject", value)
    with pytest.raises(LocalProtocolError, match="Subject cannot be"):
        Request.build("OPTIONS", "sip:b", [("Subject", value)])


def test_fields_as_names(request_: Request) -> None:
    """A field stands for its name, and what is written with it must be a value of that header."""
    changed = request_.with_header(headers.EXPIRES, 60)
    assert (changed.header("expires"), changed[headers.EXPIRES]) == ("60", 60)
    assert changed.without_header(headers.EXPIRES) == request_
    assert request_.with_header(headers.ALLOW, "INVITE", "ACK").header("Allow") == "INVITE, ACK"
    assert request_.with_added(headers.ROUTE, "<sip:p9;lr>").lines_of(headers.ROUTE)[-1] == "<sip:p9;lr>"
    assert request_.with_pushed(headers.ROUTE, "<sip:p0;lr>").header(headers.ROUTE) == "<sip:p0;lr>"
    assert request_.with_first(headers.ROUTE, "<sip:p0;lr>").header(headers.ROUTE) == "<sip:p0;lr>"
    for value in ("soon", -1, "60\r\nX: y", 2**32):
        with pytest.raises(LocalProtocolError):
            request_.with_header(headers.EXPIRES, value)
    with pytest.raises(LocalProtocolError, match="there is no Reason"):
        request_.with_first(headers.REASON, "SIP")


def test_values_of_one_message_in_another(request_: Request) -> None:
    """What was read of a list goes into another message as it is."""
    route = request_[headers.ROUTE]
    assert len(route) == 3
    built = Request.build("OPTIONS", "sip:b", [(headers.ROUTE, route), (headers.ALLOW, ["INVITE", "ACK"])])
    assert built[headers.ROUTE] == route
    assert built.header("Allow") == "INVITE, ACK"


def test_a_name_is_no_field(request_: Request) -> None:
    """Who asks for a typed value by a text is told how to ask."""
    with pytest.raises(TypeError, match=r"headers\.EXPIRES, or as text by header\('Expires'\)"):
        request_["Expires"]  # type: ignore[call-overload]


def test_max_forwards(request_: Request) -> None:
    """A request says how many more hops it may take, if it says so."""
    assert request_.max_forwards is None
    assert request_.with_header("Max-Forwards", 7).max_forwards == 7


class Spoken(str, enum.Enum):  # noqa: UP042  (a StrEnum shows itself as it is)
    """A text that Python shows in another way."""

    URGENT = "urgent"


class Lie(str):
    """A text that says something else when it is formatted."""

    __slots__ = ()

    def __str__(self) -> str:
        return "x\r\nEvil: 1"

    def __contains__(self, other: object) -> bool:
        return False


def test_what_is_checked_is_what_is_written(request_: Request) -> None:
    """A text is written as what it is, whatever its class says of itself."""
    assert request_.with_header(headers.PRIORITY, Spoken.URGENT).header("Priority") == "urgent"
    changed = request_.with_header("Subject", Lie("ok")).with_header(Lie("Organization"), "x")
    changed = changed.with_pushed("Route", Lie("<sip:r>")).with_added("X", Lie("y")).with_body(b"z", Lie("a/b"))
    built = Request.build(Lie("OPTIONS"), Lie("sip:b"), [(Lie("Subject"), Lie("ok"))])
    answers = [Response.build(200, Lie("fine")), response_to(request_, 200, Lie("fine"), to_tag=Lie("t"))]
    for message in (changed, built, *answers, response_to(request_, 200, to_tag=Lie("t"))):
        assert b"Evil" not in bytes(message)
        assert bytes(read_message(bytes(message))) == bytes(message)
    with pytest.raises(LocalProtocolError, match="CR, LF and NUL"):
        request_.with_header("Subject", Lie("a\r\nb"))


@pytest.mark.parametrize("status", [200.5, "200", True, 99, 700])
def test_what_is_no_status(request_: Request, status: object) -> None:
    """A status is a whole number from 100 to 699, and nothing that looks like one."""
    with pytest.raises(LocalProtocolError, match="cannot be a status code"):
        Response.build(status)  # type: ignore[arg-type]
    with pytest.raises(LocalProtocolError, match="cannot be a status code"):
        response_to(request_, status, "x")  # type: ignore[arg-type]


@pytest.mark.rfc("3261 19.1.1")
def test_a_request_uri_holds_no_headers(request_: Request) -> None:
    """Headers in a URI are for who makes a request of it; in a Request-URI they may not be."""
    with pytest.raises(LocalProtocolError, match="holds no headers"):
        request_.with_uri("sip:b?Subject=x")
    with pytest.raises(LocalProtocolError, match="holds no headers"):
        Request.build("OPTIONS", "sip:b?Subject=x")


@pytest.mark.rfc("3261 7.3.1")
def test_what_may_be_there_once(request_: Request) -> None:
    """A header that is no list is written once, when it is written by its field."""
    with pytest.raises(LocalProtocolError, match="one Subject only"):
        Request.build("OPTIONS", "sip:b", [(headers.SUBJECT, "x"), (headers.SUBJECT, "y")])
    with pytest.raises(LocalProtocolError, match="one Subject only"):
        request_.with_header(headers.SUBJECT, "x", "y")
    with pytest.raises(LocalProtocolError, match="a Subject already"):
        request_.with_added(headers.SUBJECT, "x").with_added(headers.SUBJECT, "y")


@pytest.mark.rfc("3261 20.15")
def test_a_body_keeps_its_type(request_: Request) -> None:
    """The type of a body goes with the body only."""
    typed = request_.with_body(b"x", "text/plain")
    with pytest.raises(LocalProtocolError, match="needs a Content-Type"):
        typed.without_header("Content-Type")
    assert typed.with_body(b"").header("Content-Type") is None


def test_bytes_of_any_kind() -> None:
    """Bytes are taken as they are now, whoever changes them afterwards."""
    for kind in (bytearray, memoryview, type("Sub", (bytes,), {})):
        data = kind(DATA)
        message = parse_message(data)
        if isinstance(data, bytearray):
            data[:] = b"x" * len(data)
        assert type(bytes(message)) is bytes
        assert bytes(message) == DATA
        assert hash(message) == hash(parse_message(DATA))


@pytest.mark.parametrize("fold", [b"", b"\r\n"])
def test_a_message_that_holds_its_bytes_alone(fold: bytes) -> None:
    """What is read of it is what was read before, folded lines or not; and the bytes are the same."""
    data = DATA.replace(b"Call-ID: ", b"Call-ID:" + fold + b" ", 1)
    packed, whole = parse_message(data), parse_message(data)
    packed.pack()
    assert bytes(packed) == data
    assert (packed.headers, packed.call_id, packed.via, packed.body) == (
        whole.headers,
        whole.call_id,
        whole.via,
        whole.body,
    )


def test_a_built_message_that_holds_its_bytes_alone() -> None:
    """One that has not been written yet is written for it."""
    built, whole = (Request.build("OPTIONS", "sip:b", [("Subject", "x"), ("Via", "SIP/2.0/UDP a")]) for _ in range(2))
    built.pack()
    assert (built.headers, built.via, bytes(built)) == (whole.headers, whole.via, bytes(whole))
