"""Every message of RFC 4475 and RFC 5118 is decided, at the message layer and by an endpoint."""

from __future__ import annotations

from pathlib import Path

import pytest

from sipsm import RemoteProtocolError, Uri, parse_message
from tests.torture.checking import FIELDS, check_every_value, check_outcome, check_values, read
from tests.torture.entry import Accepted, Entry, Refused, value_at
from tests.torture.malformed import MALFORMED
from tests.torture.receiving import NOW, received
from tests.torture.rfc4475_invalid import INVALID
from tests.torture.rfc4475_semantics import SEMANTICS
from tests.torture.rfc4475_valid import VALID
from tests.torture.rfc5118 import IPV6
from tests.torture.table import TABLE, each, entry_of

FOLDERS = {"4475": Path(__file__).parent / "data", "5118": Path(__file__).parent / "rfc5118"}
ACCEPTED = [entry for entry in TABLE if isinstance(entry.message, Accepted)]
REFUSED = [entry for entry in TABLE if isinstance(entry.message, Refused)]


# -------------------------------------------------------------------- the table is whole


@pytest.mark.parametrize("rfc", ["4475", "5118"])
def test_none_is_left_out(rfc: str) -> None:
    """Every message that the RFC has is in the table, once."""
    files = sorted(path.stem for path in FOLDERS[rfc].glob("*.dat"))
    assert sorted(entry.name for entry in TABLE if entry.section.startswith(rfc)) == files
    assert len(files) == {"4475": 49, "5118": 12}[rfc]


def test_no_section_is_left_out() -> None:
    """Every section of either RFC that has a message is in the table."""
    expected = {
        *(f"4475 3.1.1.{n}" for n in range(1, 14)),
        *(f"4475 3.1.2.{n}" for n in range(1, 20)),
        "4475 3.2.1",
        *(f"4475 3.3.{n}" for n in range(1, 16)),
        "4475 3.4.1",
        *(f"5118 4.{n}" for n in range(1, 11)),
    }
    assert {entry.section for entry in TABLE} == expected


def test_the_messages_of_rfc_5118_are_fit_for_the_wire() -> None:
    """Their lines end with CRLF, there is an empty line, and Content-Length is the length of the body."""
    for entry in IPV6:
        head, end, body = entry.data.partition(b"\r\n\r\n")
        assert end, entry.name
        assert entry.data.count(b"\n") == entry.data.count(b"\r\n") == entry.data.count(b"\r"), entry.name
        assert b"\r\nContent-Length: %d" % len(body) in head, entry.name


def test_every_header_is_known_to_the_tables() -> None:
    """The typed values that the tables name, and that are touched in each message, are all there."""
    assert len(FIELDS) > 60
    paths = [path for sees in [*(e.sees for e in TABLE), *(c.sees for c in MALFORMED)] for path in sees]
    named = {path.partition("]")[0][1:] for path in paths if path[0] == "["}
    assert named <= {field.name.upper().replace("-", "_") for field in FIELDS}


# -------------------------------------------------------------------- the message layer


@pytest.mark.rfc("3261 7")
@pytest.mark.parametrize("entry", each(ACCEPTED))
def test_what_is_accepted_is_written_as_it_came(entry: Entry) -> None:
    """A well-formed message comes out of reading and writing byte for byte, without what was noise after it."""
    message = parse_message(entry.data)
    assert bytes(message) == entry.data[: entry.used]


@pytest.mark.rfc("3261 7.3.1")
@pytest.mark.parametrize("entry", each(ACCEPTED))
def test_what_is_accepted_can_be_forwarded(entry: Entry) -> None:
    """When a line is put in, all the others leave as they came, folds, odd spelling and order included."""
    message = parse_message(entry.data)
    head, _, body = entry.data[: entry.used].partition(b"\r\n\r\n")
    changed = bytes(message.with_added("X-Torture", "1"))
    # A message without Content-Length is given one, since it may leave by a stream (RFC 3261 20.14).
    length = b"" if message.has("Content-Length") else b"\r\nContent-Length: %d" % len(body)
    assert changed in {
        head + b"\r\nX-Torture: 1" + length + b"\r\n\r\n" + body,
        head + length + b"\r\nX-Torture: 1" + b"\r\n\r\n" + body,
    }
    assert parse_message(changed).body == body


@pytest.mark.parametrize("entry", each(REFUSED))
def test_what_is_refused(entry: Entry) -> None:
    """A malformed message is refused with the status to answer, and the section that it breaks."""
    assert isinstance(entry.message, Refused)
    with pytest.raises(RemoteProtocolError) as caught:
        parse_message(entry.data)
    assert (caught.value.status, caught.value.rfc) == (entry.message.status, entry.message.rfc)


@pytest.mark.rfc(
    "4475 3.1.1.1", "4475 3.1.1.2", "4475 3.1.1.3", "4475 3.1.1.4", "4475 3.1.1.5", "4475 3.1.1.6", "4475 3.1.1.7",
    "4475 3.1.1.8", "4475 3.1.1.9", "4475 3.1.1.10", "4475 3.1.1.11", "4475 3.1.1.12", "4475 3.1.1.13",
)  # fmt: skip
@pytest.mark.parametrize("entry", each(VALID))
def test_the_values_of_valid_messages(entry: Entry) -> None:
    """A receiver sees in a well-formed message what the RFC says is there."""
    assert entry.sees
    check_values(entry)


@pytest.mark.rfc(
    "4475 3.1.2.1", "4475 3.1.2.4", "4475 3.1.2.5", "4475 3.1.2.6", "4475 3.1.2.7", "4475 3.1.2.11", "4475 3.1.2.12",
    "4475 3.1.2.13", "4475 3.1.2.14", "4475 3.1.2.15", "4475 3.1.2.17", "4475 3.1.2.18",
)  # fmt: skip
@pytest.mark.parametrize("entry", each(entry for entry in INVALID if entry.sees))
def test_the_values_of_malformed_messages(entry: Entry) -> None:
    """One malformed value hides none of the others, and is not read as something else."""
    check_values(entry)


@pytest.mark.rfc(
    "4475 3.2.1", "4475 3.3.1", "4475 3.3.2", "4475 3.3.3", "4475 3.3.4", "4475 3.3.5", "4475 3.3.6", "4475 3.3.7",
    "4475 3.3.8", "4475 3.3.10", "4475 3.3.11", "4475 3.3.12", "4475 3.3.13", "4475 3.3.14", "4475 3.3.15",
    "4475 3.4.1",
)  # fmt: skip
@pytest.mark.parametrize("entry", each(entry for entry in SEMANTICS if entry.sees))
def test_the_values_of_messages_with_odd_contents(entry: Entry) -> None:
    """What a message means is for others to judge; the message layer shows all that it says."""
    check_values(entry)


@pytest.mark.rfc(
    "5118 4.1", "5118 4.2", "5118 4.3", "5118 4.4", "5118 4.5", "5118 4.6", "5118 4.7", "5118 4.8", "5118 4.9",
    "5118 4.10",
)  # fmt: skip
@pytest.mark.parametrize("entry", each(IPV6))
def test_the_values_of_messages_with_ipv6(entry: Entry) -> None:
    """IPv6 addresses are read wherever they stand."""
    assert entry.sees
    check_values(entry)


@pytest.mark.parametrize("entry", each())
def test_everything_can_be_touched(entry: Entry) -> None:
    """Whatever is read of a message, what comes is a value or RemoteProtocolError."""
    check_every_value(entry)


# -------------------------------------------------------------------- an endpoint


@pytest.mark.rfc(
    "4475 3.1.1.1", "4475 3.1.1.2", "4475 3.1.1.3", "4475 3.1.1.4", "4475 3.1.1.5", "4475 3.1.1.6", "4475 3.1.1.7",
    "4475 3.1.1.8", "4475 3.1.1.9", "4475 3.1.1.10", "4475 3.1.1.11", "4475 3.1.1.12", "4475 3.1.1.13",
)  # fmt: skip
@pytest.mark.parametrize("entry", each(VALID))
def test_valid_messages_are_acted_on(entry: Entry) -> None:
    """A well-formed message is handled as any other, however odd it looks."""
    check_outcome(entry)


@pytest.mark.rfc(
    "4475 3.1.2.1", "4475 3.1.2.2", "4475 3.1.2.3", "4475 3.1.2.4", "4475 3.1.2.5", "4475 3.1.2.6", "4475 3.1.2.7",
    "4475 3.1.2.8", "4475 3.1.2.9", "4475 3.1.2.10", "4475 3.1.2.11", "4475 3.1.2.12", "4475 3.1.2.13",
    "4475 3.1.2.14", "4475 3.1.2.15", "4475 3.1.2.16", "4475 3.1.2.17", "4475 3.1.2.18", "4475 3.1.2.19",
)  # fmt: skip
@pytest.mark.parametrize("entry", each(INVALID))
def test_malformed_messages_are_answered_or_dropped(entry: Entry) -> None:
    """A malformed request is answered, a malformed response dropped, and neither leaves anything behind."""
    check_outcome(entry)


@pytest.mark.rfc(
    "4475 3.2.1", "4475 3.3.1", "4475 3.3.2", "4475 3.3.3", "4475 3.3.4", "4475 3.3.5", "4475 3.3.6", "4475 3.3.7",
    "4475 3.3.8", "4475 3.3.9", "4475 3.3.10", "4475 3.3.11", "4475 3.3.12", "4475 3.3.13", "4475 3.3.14",
    "4475 3.3.15", "4475 3.4.1",
)  # fmt: skip
@pytest.mark.parametrize("entry", each(SEMANTICS))
def test_messages_with_odd_contents_are_judged(entry: Entry) -> None:
    """What cannot be done is refused with the status that says why; what can be is done."""
    check_outcome(entry)


@pytest.mark.rfc(
    "5118 4.1", "5118 4.2", "5118 4.3", "5118 4.4", "5118 4.5", "5118 4.6", "5118 4.7", "5118 4.8", "5118 4.9",
    "5118 4.10",
)  # fmt: skip
@pytest.mark.parametrize("entry", each(IPV6))
def test_messages_with_ipv6_are_acted_on(entry: Entry) -> None:
    """An endpoint with an IPv6 address handles what comes from another."""
    check_outcome(entry)


# -------------------------------------------------------------------- what single messages are about


@pytest.mark.rfc("4475 3.2.1", "3261 17.2.3")
def test_requests_without_an_identifier_are_told_apart() -> None:
    """A branch of nothing but the magic cookie names no transaction: another Call-ID is another request."""
    data = entry_of("badbranch").data
    endpoint = received(data).endpoint
    for other in (data, data.replace(b"badbranch.s", b"badbranch.t")):
        flow = next(iter(endpoint._transactions.servers.values())).flow
        endpoint.receive(other, flow, NOW)
    assert len(endpoint._transactions.servers) == 2


@pytest.mark.rfc("4475 3.1.1.3")
def test_an_escape_is_undone_once() -> None:
    """`%25%34%31` is `%41`, which is not `A`."""
    uri = read(entry_of("esc01")).contacts[0].uri
    assert uri == Uri.parse("sip:caller@host5.example.net;lr;name=value%2541")
    assert uri != Uri.parse("sip:caller@host5.example.net;lr;name=valueA")


@pytest.mark.rfc("4475 3.1.1.4")
def test_a_null_ends_no_name() -> None:
    """Two users whose names begin with an escaped NUL are two."""
    one, other = read(entry_of("escnull")).contacts
    assert one.uri != other.uri
    assert one.uri != "sip:@host5.example.com"
    assert read(entry_of("escnull")).to.uri != "sip:null-@example.com"


@pytest.mark.rfc("4475 3.1.1.9")
def test_the_user_part_ends_at_the_at_sign() -> None:
    """What looks like a parameter before it is part of the user, and an escaped `@` does not end it."""
    uri = parse_message(entry_of("semiuri").data).uri  # type: ignore[union-attr]
    assert uri == Uri.parse("sip:user;par=u%40example.net@example.com")
    assert uri != Uri.parse("sip:user@example.com;par=u%40example.net")


@pytest.mark.rfc("5118 4.5", "3261 18.2.1")
@pytest.mark.parametrize("name", ["via-received-param-with-delim", "via-received-param-no-delim"])
def test_what_the_peer_says_of_where_it_is_does_not_stay(name: str) -> None:
    """The response goes to where the request came from, and is written without brackets in `received`."""
    outcome = received(entry_of(name).data, "2001:db8::10", "2001:db8::9:77")
    assert outcome.sends[0].flow.remote == ("2001:db8::9:77", 5060)
    assert outcome.response.via.params["received"] == "2001:db8::9:77"
    assert outcome.response.header("Via").count("received") == 1  # type: ignore[union-attr]


@pytest.mark.rfc("5118 4.3")
def test_a_port_inside_the_brackets_is_none() -> None:
    """Where the brackets end tells the port from the address."""
    ambiguous, plain = (value_at(read(entry_of(name)), "uri") for name in ("port-ambiguous", "port-unambiguous"))
    assert ambiguous != plain


@pytest.mark.rfc("4475 3.1.1.8")
def test_the_noise_after_a_message_is_not_read() -> None:
    """What follows the body of a datagram's message is another message to nobody."""
    outcome = received(entry_of("dblreq").data)
    assert outcome.response.cseq.method == "REGISTER"
    assert len(outcome.endpoint._transactions.servers) == 1


@pytest.mark.rfc("4475 3.3.15", "3261 20.43")
def test_who_cannot_be_answered_in_a_format_it_takes_is_told_so() -> None:
    """The refusal says in a Warning of code 399 what it is about."""
    warning = received(entry_of("sdp01").data).response.header("Warning")
    assert warning is not None
    assert warning.startswith("399 ")
