"""What is checked in a request before anything else (RFC 3261 8.2.1 to 8.2.3), and in which order."""

from __future__ import annotations

from typing import Any

import pytest

from sipsm import IncomingCall, LocalProtocolError, Profile, Request, RequestServed
from sipsm.role.screening import ALLOW
from tests.endpoint.by_hand import SDP, SDP2, Bench

ALL = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, MESSAGE, NOTIFY"


def refused(data: bytes, **settings: Any) -> Bench:
    """A bench that was sent one request, which did not become a call and was answered."""
    bench = Bench(**settings)
    bench.receive(data)
    assert [type(event) for event in bench.events] == [RequestServed]
    assert bench.events[0].status == bench.last_response.status
    assert bench.last_response.to.tag
    assert bench.endpoint.calls == []
    return bench


# -------------------------------------------------------------------- the method


@pytest.mark.rfc("3261-S02", "3261 8.2.1", "3261 21.5.2")
@pytest.mark.parametrize(
    ("method", "status"),
    [("REGISTER", 405), ("SUBSCRIBE", 405), ("PUBLISH", 405), ("REFER", 405), ("FOO", 501), ("invite", 501)],
)
def test_a_method_that_is_not_served(method: str, status: int) -> None:
    """A known method gets 405, an unknown one 501, and both answers say what is served."""
    bench = refused(Bench().request(method))
    assert bench.last_response.status == status
    assert bench.last_response.header("Allow") == ALL


def test_allow_names_what_is_served_and_nothing_else() -> None:
    """No method in Allow is refused as unserved, and every other known one is."""
    assert ", ".join(ALLOW) == ALL
    for method in ALLOW:
        bench = Bench()
        bench.receive(bench.request(method))
        assert not set(bench.statuses) & {405, 501}


@pytest.mark.rfc("3428 7", "3428-14", "3261 8.2.3")
def test_a_message_of_a_type_that_is_not_understood() -> None:
    """It gets 415, which says what would have been; nobody is told of it."""
    bench = refused(Bench().request("MESSAGE", body=b"x", content_type="text/html"))
    assert (bench.statuses, bench.last_response.header("Accept")) == ([415], "text/plain")


# -------------------------------------------------------------------- the Request-URI


@pytest.mark.rfc("3261 8.2.2.1")
@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
@pytest.mark.parametrize("uri", ["tel:+15551234", "http://192.0.2.1/", "urn:service:sos"])
def test_a_scheme_that_is_not_understood(uri: str, method: str) -> None:
    """The answer to a Request-URI that is neither sip nor sips is 416."""
    assert refused(Bench().request(method, uri=uri, body=SDP)).statuses == [416]


@pytest.mark.rfc("3261 8.2.2.1")
def test_a_sips_uri_is_understood() -> None:
    """A sips Request-URI has come by whatever way it has come: it is served."""
    bench = Bench()
    bench.receive(bench.request("OPTIONS", uri="sips:bob@192.0.2.1"))
    assert bench.statuses == [200]


# -------------------------------------------------------------------- Require


@pytest.mark.rfc("3261-S04", "3261 8.2.2.3")
def test_require() -> None:
    """Unknown option tags are answered with 420 and listed; CANCEL and the ACK of a refusal may have them."""
    bench = Bench(profile=Profile(supported=("gruu",)))
    bench.receive(bench.request("INVITE", headers=["Require: sec-agree, Gruu, Timer", "Require: foo"], body=SDP))
    assert bench.last_response.status == 420
    assert bench.last_response.header("Unsupported") == "sec-agree, foo"

    bench = Bench()
    bench.incoming()
    bench.receive(bench.request("CANCEL", branch="z9hG4bKcall", headers=["Require: foo"]))
    assert bench.statuses == [200, 487]
    to = bench.last_response.lines_of("To")[0]
    bench.drain()
    bench.receive(bench.request("ACK", branch="z9hG4bKcall", to=to, headers=["Require: foo"]))
    assert bench.drain() == ([], [])
    bench.quiet()
    assert bench.drain() == ([], []), "the 487 has been acknowledged, and is not sent again"


@pytest.mark.rfc("3261 8.2.2.3")
def test_require_of_what_the_application_supports() -> None:
    """Option tags that the application claims are let through, in any case of letters."""
    bench = Bench(profile=Profile(supported=["sec-agree", "Gruu"]))
    bench.receive(bench.request("INVITE", headers=["Require: GRUU, SEC-AGREE, 100REL"], body=SDP))
    assert isinstance(bench.events[-1], IncomingCall)


def test_proxy_require_is_not_ours_to_judge() -> None:
    """Proxy-Require is for proxies only (RFC 3261 20.29)."""
    bench = Bench()
    bench.receive(bench.request("OPTIONS", headers=["Proxy-Require: foo"]))
    assert bench.statuses == [200]


def test_the_ack_of_a_2xx_counts_whatever_it_requires() -> None:
    """An ACK is never answered, so that Require in it is ignored as well."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.answer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("ACK", 1, call, headers=["Require: foo"]))
    assert call.state == "established"


# -------------------------------------------------------------------- the body


@pytest.mark.rfc("3261 8.2.3", "3261-S05")
@pytest.mark.parametrize(
    ("content_type", "header"),
    [
        ("text/plain", "X-Y: z"),
        (None, "X-Y: z"),
        ("application/sdp", "Content-Encoding: gzip"),
        ("multipart/mixed", "X-Y: z"),
    ],
)
def test_a_body_that_is_not_understood(content_type: str | None, header: str) -> None:
    """A strange type or encoding is answered with 415, which says what is understood."""
    bench = refused(Bench().request("INVITE", body=SDP, content_type=content_type, headers=[header]))
    response = bench.last_response
    assert response.status == 415
    assert response.header("Accept") == "application/sdp"
    assert response.header("Accept-Encoding") == "identity"
    assert response.header("Accept-Language") == "*"


@pytest.mark.rfc("3261 8.2.3", "3311 5.2")
@pytest.mark.parametrize("content_type", ["text/plain", None, "multipart/mixed"])
@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
def test_within_a_call_as_well(method: str, content_type: str | None) -> None:
    """A re-INVITE or UPDATE with a body that is not understood gets 415, and the call goes on as it was."""
    bench = Bench()
    call = bench.acked()
    before = call.agreed
    bench.receive(bench.in_dialog(method, 2, call, body=b"hello", content_type=content_type))
    assert (bench.last_response.status, bench.last_response.header("Accept")) == (415, "application/sdp")
    assert (call.state.value, call.agreed) == ("established", before)
    optional = ["Content-Disposition: render;handling=optional"]
    bench.receive(bench.in_dialog("UPDATE", 3, call, body=b"hello", content_type="text/plain", headers=optional))
    assert bench.last_response.status == 200


@pytest.mark.rfc("3261 8.2.3", "3261 20.11", "3261-S05")
@pytest.mark.parametrize(
    "disposition", ["render;handling=optional", "session ; Handling = OPTIONAL", "x;a=b;handling=optional"]
)
@pytest.mark.parametrize(
    ("content_type", "header"), [("text/plain", "X-Y: z"), ("text/plain", "Content-Encoding: gzip")]
)
def test_an_optional_body_is_passed_over(content_type: str, header: str, disposition: str) -> None:
    """What the sender marks as optional need not be understood; the INVITE then has no offer."""
    bench = Bench()
    headers = [header, f"Content-Disposition: {disposition}"]
    bench.receive(bench.request("INVITE", body=b"hello", content_type=content_type, headers=headers))
    event = bench.events[-1]
    assert isinstance(event, IncomingCall)
    assert event.offer == b""


@pytest.mark.rfc("3261 8.2.3", "3261 20.13", "3261-S05")
@pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
@pytest.mark.parametrize(
    ("languages", "headers", "understood"),
    [
        (("en", "de-AT"), ["Content-Language: fr"], False),
        (("en", "de-AT"), ["Content-Language: de"], False),
        (("en", "de-AT"), ["Content-Language: fr, EN-gb"], True),
        (("en", "de-AT"), ["Content-Language: fr", "Content-Disposition: render;handling=optional"], True),
        (("en", "de-AT"), [], True),
        ((), ["Content-Language: fr"], True),
    ],
)
def test_a_body_in_another_language(
    method: str, languages: tuple[str, ...], headers: list[str], understood: bool
) -> None:
    """Where the program says which languages are understood, a body in another gets 415, which lists them."""
    bench = Bench(profile=Profile(languages=languages))
    kind = "application/sdp" if method == "INVITE" else "text/plain"
    bench.receive(bench.request(method, headers=headers, body=SDP, content_type=kind))
    assert (415 in bench.statuses) is not understood
    if not understood:
        assert bench.last_response.header("Accept-Language") == "en, de-AT"


def test_a_language_that_is_none() -> None:
    """What would stand in Accept-Language must be a language."""
    with pytest.raises(LocalProtocolError, match="is no language"):
        Profile(languages=("en US",))


@pytest.mark.parametrize("disposition", ["render;handling=required", "optional", "handling=optional", "render"])
def test_a_body_is_required_unless_marked_as_optional(disposition: str) -> None:
    """The default of the handling parameter is "required" (RFC 3261 20.11)."""
    data = Bench().request("INVITE", body=SDP, content_type="a/b", headers=[f"Content-Disposition: {disposition}"])
    assert refused(data).statuses == [415]


@pytest.mark.parametrize("headers", [["Content-Encoding: identity"], ["Content-Encoding: IDENTITY"], ["e: identity"]])
def test_an_identity_encoding_is_none(headers: list[str]) -> None:
    """A body that is "encoded" as itself can be read."""
    bench = Bench()
    bench.receive(bench.request("INVITE", body=SDP, headers=headers))
    assert bench.events[-1].offer == SDP


@pytest.mark.parametrize("method", ["OPTIONS", "BYE"])
def test_the_type_of_a_body_that_nobody_reads_does_not_matter(method: str) -> None:
    """Only what describes a session is understood; the body of another request is passed over."""
    bench = Bench()
    bench.receive(bench.request(method, body=b"hello", content_type="text/plain"))
    assert 415 not in bench.statuses


@pytest.mark.parametrize("headers", [["Content-Type: text/plain"], ["Content-Encoding: gzip"]])
def test_an_invite_without_a_body_has_nothing_to_misunderstand(headers: list[str]) -> None:
    """Where there is no body, headers that describe one mean nothing."""
    bench = Bench()
    bench.receive(bench.request("INVITE", headers=headers))
    assert isinstance(bench.events[-1], IncomingCall)


def test_the_types_of_a_profile_are_accepted_and_told() -> None:
    """An application that takes other bodies gets them, and 415 and OPTIONS name them."""
    profile = Profile(accept=["application/sdp", "text/plain"])
    bench = Bench(profile=profile)
    bench.receive(bench.request("INVITE", body=b"hi", content_type="Text/Plain; charset=utf-8"))
    assert bench.events[-1].request.body == b"hi"
    bench = refused(bench.request("INVITE", body=SDP, content_type="a/b"), profile=profile)
    assert bench.last_response.header("Accept") == "application/sdp, text/plain"


@pytest.mark.rfc("3261 21.4.7", "3261 20.1")
@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (["Accept: text/html"], 406),
        (["Accept: application/sdp;q=0"], 406),
        (["Accept:"], 406),
        (["Accept: text/html, application/*"], None),
        (["Accept: */*"], None),
        ([], None),
    ],
)
def test_a_caller_who_takes_no_answer_of_ours(accept: list[str], status: int | None) -> None:
    """An INVITE to which no session could be described is answered with 406, which says what is spoken here."""
    data = Bench().request("INVITE", body=SDP, headers=accept)
    if status is not None:
        response = refused(data).last_response
        assert response.status == status
        assert "application/sdp" in (response.header("Warning") or "")
        return
    bench = Bench()
    bench.receive(data)
    assert isinstance(bench.events[-1], IncomingCall)


@pytest.mark.rfc("4028 9")
@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("INVITE", ["Session-Expires: 119", "Supported: timer"], 422),
        ("INVITE", ["Session-Expires: 119"], None),
        ("INVITE", ["Session-Expires: 120", "Supported: timer"], None),
        ("OPTIONS", ["Session-Expires: 1", "Supported: timer"], 200),
    ],
)
def test_a_session_interval_that_is_too_small(method: str, headers: list[str], status: int | None) -> None:
    """It is answered with 422, which names the smallest; not where the sender could do nothing with that."""
    bench = Bench(profile=Profile(smallest_interval_s=120))
    bench.receive(bench.request(method, body=SDP if method == "INVITE" else b"", headers=headers))
    assert bench.statuses == ([] if status is None else [status])
    if status == 422:
        assert bench.last_response.header("Min-SE") == "120"


@pytest.mark.rfc("3891 3", "3911 4")
@pytest.mark.parametrize("name", ["Replaces", "Join"])
def test_only_an_invite_replaces_or_joins(name: str) -> None:
    """Any other request that is to do that gets 400."""
    bench = Bench()
    bench.receive(bench.request("OPTIONS", headers=[f"{name}: a;to-tag=b;from-tag=c"]))
    assert bench.statuses == [400]


# -------------------------------------------------------------------- Contact


@pytest.mark.rfc("3261 8.1.1.8")
@pytest.mark.parametrize("contact", [None, "*", "<sip:a@192.0.2.2>, <sip:b@192.0.2.2>"])
def test_an_invite_without_the_one_contact(contact: str | None) -> None:
    """An INVITE must name exactly one Contact, at which its sender is to be reached."""
    bench = refused(Bench().request("INVITE", contact=contact, body=SDP))
    assert bench.statuses == [400]


def test_options_needs_no_contact() -> None:
    """Only what makes a dialog must say where its sender is."""
    bench = Bench()
    bench.receive(bench.request("OPTIONS", contact=None))
    assert bench.statuses == [200]


# -------------------------------------------------------------------- all together


def test_the_first_check_that_strikes_answers() -> None:
    """Method, Request-URI, Require, body, Contact: the faults of a request are found in this order."""
    bench = Bench()
    wrong: dict[str, Any] = {
        "uri": "tel:+1",
        "headers": ["Require: foo"],
        "content_type": "a/b",
        "contact": None,
        "body": SDP,
    }
    for method, status in [("FOO", 501), ("PUBLISH", 405)]:
        bench.receive(bench.request(method, **wrong))
        assert bench.statuses[-1] == status
    righted: list[tuple[dict[str, Any], int]] = [
        ({}, 416),
        ({"uri": "sip:bob@192.0.2.1"}, 420),
        ({"headers": ()}, 415),
        ({"content_type": "application/sdp"}, 400),
    ]
    for cseq, (right, status) in enumerate(righted, start=2):
        wrong |= right
        bench.receive(bench.request("INVITE", cseq=cseq, **wrong))
        assert bench.statuses[-1] == status
    bench.receive(bench.request("INVITE", cseq=9, **wrong | {"contact": "<sip:a@192.0.2.2>"}))
    assert isinstance(bench.events[-1], IncomingCall)


def test_requests_in_a_call_are_screened_too() -> None:
    """A request in a dialog that insists on what is not understood changes nothing in it."""
    bench = Bench()
    call = bench.acked()
    bench.drain()
    bench.receive(bench.in_dialog("BYE", 2, call, headers=["Require: foo"]))
    bench.receive(bench.in_dialog("SUBSCRIBE", 2, call))
    assert bench.statuses == [420, 405]
    assert call.state == "established"
    bench.receive(bench.in_dialog("BYE", 2, call))
    assert bench.statuses[-1] == 200


def test_a_repeat_of_a_refused_request_gets_the_same_bytes() -> None:
    """A refusal is kept by its transaction: the repeat of the request brings it again, and no second event."""
    bench = Bench()
    data = bench.request("REGISTER")
    bench.receive(data)
    bench.receive(data)
    assert bench.wires[0] == bench.wires[1]
    assert len(bench.told(RequestServed)) == 1


def test_a_refusal_names_the_server_where_it_has_a_name() -> None:
    """What the application is called stands in Server of what is answered for it."""
    bench = refused(Bench().request("REGISTER"), profile=Profile(user_agent="bell/1"))
    assert bench.last_response.header("Server") == "bell/1"
    assert isinstance(bench.events[0].request, Request)
