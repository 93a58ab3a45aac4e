"""The messages of RFC 4475 3.2 to 3.4: what transactions and what is above them must say to each."""

from __future__ import annotations

from sipsm import DropReason
from tests.torture.entry import Accepted, Breaks, Drops, Entry, Refused, Rejects, Rings, Serves
from tests.torture.rfc4475_valid import ALLOW

SEMANTICS = (
    # "An element receiving this request could reject the request with a 400 Response", or "it could fall back to
    # the RFC 2543-style transaction identifier." The latter it is.
    Entry(
        name="badbranch",
        section="4475 3.2.1",
        message=Accepted(),
        endpoint=Serves(200),
        sees={"via.branch": "z9hG4bK", "cseq": (8, "OPTIONS")},
    ),
    # "Ideally, it will respond with a 400 Bad Request error."
    Entry(
        name="insuf",
        section="4475 3.3.1",
        message=Refused(400, "3261 8.1.1"),
        endpoint=Rejects(400),
        sees={"cseq": (193942, "INVITE"), "header('To')": None, "header('From')": None, "header('Call-ID')": None},
    ),
    # "An element receiving this request will reject it with a 416 Unsupported URI Scheme response."
    Entry(
        name="unkscm",
        section="4475 3.3.2",
        message=Accepted(),
        endpoint=Serves(416),
        sees={"uri.scheme": "nobodyknowsthisscheme", "uri.host": "", "to.uri": "sip:user@example.com"},
    ),
    # "If an element will never accept this scheme as meaningful in a Request-URI, it is appropriate to treat it as
    # unknown and return a 416 Unsupported URI Scheme response."
    Entry(
        name="novelsc",
        section="4475 3.3.3",
        message=Accepted(),
        endpoint=Serves(416),
        sees={"uri.scheme": "soap.beep"},
    ),
    # "Parsers must not fail when receiving this message." A registrar is to look at the scheme of To.
    Entry(
        name="unksm2",
        section="4475 3.3.4",
        message=Accepted(),
        endpoint=Serves(405, {"Allow": ALLOW}),
        sees={
            "to.uri.scheme": "isbn",
            "from_.uri.scheme": "http",
            "from_.tag": "3234233",
            "contact.uri.scheme": "name",
            "contact.display_name": None,
        },
    ),
    # "Any element receiving this request will respond with a 420 Bad Extension response, containing an Unsupported
    # header field listing these features from either the Require or Proxy-Require header field, depending on the role
    # in which the element is responding."
    Entry(
        name="bext01",
        section="4475 3.3.5",
        message=Accepted(),
        endpoint=Serves(420, {"Unsupported": "nothingSupportsThis, nothingSupportsThisEither"}),
        sees={
            "[REQUIRE]": ("nothingsupportsthis", "nothingsupportsthiseither"),
            "[PROXY_REQUIRE]": ("noproxiessupportthis", "nordoanyproxiessupportthis"),
        },
    ),
    # "An endpoint receiving this request would reject it with a 415 Unsupported Media Type error."
    Entry(
        name="invut",
        section="4475 3.3.6",
        message=Accepted(),
        endpoint=Serves(415, {"Accept": "application/sdp"}),
        sees={"content_type": "application/unknownformat", "body.__len__": 40},
    ),
    # "Endpoints choosing not to act as registrars will simply reject the request. A 405 Method Not Allowed is
    # appropriate."
    Entry(
        name="regaut01",
        section="4475 3.3.7",
        message=Accepted(),
        endpoint=Serves(405, {"Allow": ALLOW}),
        sees={
            "header('Authorization')": "NoOneKnowsThisScheme opaque-data=here",
            "[AUTHORIZATION][0].scheme": "nooneknowsthisscheme",
            "[AUTHORIZATION][0].params": {"opaque-data": "here"},
        },
    ),
    # "An element receiving this request would respond with a 400 Bad Request error."
    Entry(
        name="multi01",
        section="4475 3.3.8",
        message=Refused(400, "3261 7.3.1"),
        endpoint=Rejects(400),
        sees={
            "lines_of('CSeq')": ("5 INVITE", "59 INVITE"),
            "lines_of('Call-ID')": ("multi01.98asdh@192.0.2.1", "multi01.98asdh@192.0.2.2"),
            "lines_of('Max-Forwards')": ("70", "5"),
            "contacts.__len__": 2,
        },
    ),
    # "From a framing perspective, this situation is equivalent to an invalid Content-Length value (or no value at all).
    # An element receiving this message should respond with an error."
    Entry(
        name="mcl01",
        section="4475 3.3.9",
        message=Refused(400, "3261 20.14"),
        endpoint=Rejects(400),
        stream=Breaks(),
    ),
    # "The message is well formed; parsers must not fail when receiving it. Per [RFC3261], an endpoint receiving this
    # message should simply discard it."
    Entry(
        name="bcast",
        section="4475 3.3.10",
        message=Accepted(),
        endpoint=Drops(DropReason.MISROUTED_RESPONSE),
        at="192.0.2.198",
        sees={"status": 200, "vias.__len__": 2, "vias[1].host": "255.255.255.255", "vias[1].branch": "z9hG4bK1saber23"},
    ),
    # "An endpoint should process the request as if the Max-Forwards field value were still positive."
    Entry(
        name="zeromf",
        section="4475 3.3.11",
        message=Accepted(),
        endpoint=Serves(200),
        sees={"[MAX_FORWARDS]": 0, "cseq": (39234321, "OPTIONS")},
    ),
    # "This register request contains a contact where the 'unknownparam' parameter must be interpreted as a
    # contact-param and not a url-param."
    Entry(
        name="cparam01",
        section="4475 3.3.12",
        message=Accepted(),
        endpoint=Serves(405, {"Allow": ALLOW}),
        sees={
            "contact.uri.user": "+19725552222",
            "contact.uri.params": {},
            "contact.params": {"unknownparam": None},
        },
    ),
    # "The register should succeed, and a subsequent retrieval of the registration must include "unknownparam" as a
    # url-parameter."
    Entry(
        name="cparam02",
        section="4475 3.3.13",
        message=Accepted(),
        endpoint=Serves(405, {"Allow": ALLOW}),
        sees={
            "contact.uri.user": "+19725552222",
            "contact.uri.params": {"unknownparam": None},
            "contact.params": {},
        },
    ),
    # "The register should succeed, and a subsequent retrieval of the registration must include the escaped Route header
    # in the contact URI for this binding."
    Entry(
        name="regescrt",
        section="4475 3.3.14",
        message=Accepted(),
        endpoint=Serves(405, {"Allow": ALLOW}),
        sees={
            "contact.uri.headers": "Route=%3Csip:sip.example.com%3E",
            "contact.uri.host": "example.com",
            "route": (),
        },
    ),
    # "The recipient of this request could respond with a 406 Not Acceptable, with a Warning/399 indicating that a
    # response cannot be formulated in the formats offered in the Accept header field."
    Entry(
        name="sdp01",
        section="4475 3.3.15",
        message=Accepted(),
        endpoint=Serves(406),
        sees={"[ACCEPT].__len__": 1, "[ACCEPT][0].value": "text/nobodyKnowsThis", "content_type": "application/sdp"},
    ),
    # "This is a legal message per RFC 2543 (and several bis versions) that should be accepted by RFC 3261 elements that
    # want to maintain backwards compatibility." On a stream it has no end.
    Entry(
        name="inv2543",
        section="4475 3.4.1",
        message=Accepted(),
        endpoint=Rings(),
        stream=Breaks(),
        sees={
            "via.branch": None,
            "from_.uri.params": {"user": "phone"},
            "from_.tag": None,
            # A parameter after a URI without brackets is the header's (RFC 3261 20.10).
            "to.params": {"user": "phone"},
            "to.tag": None,
            "contacts": (),
            "[MAX_FORWARDS]": None,
            "[CONTENT_LENGTH]": None,
            "record_route[0].uri.maddr": "ss1.example.com",
            "body.__len__": 105,
        },
    ),
)
