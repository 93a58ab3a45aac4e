"""The messages of RFC 5118 4: IPv6 addresses in every place where a message can hold one."""

from __future__ import annotations

from collections.abc import Mapping

from tests.torture.entry import (
    HOSTS6,
    Accepted,
    EndpointVerdict,
    Entry,
    MessageVerdict,
    Refused,
    Rejects,
    Rings,
    Serves,
)
from tests.torture.rfc4475_valid import ALLOW

ACCEPTED = Accepted()


def entry(
    name: str,
    section: str,
    endpoint: EndpointVerdict,
    sees: Mapping[str, object],
    *,
    message: MessageVerdict = ACCEPTED,
) -> Entry:
    """An entry whose message goes from one IPv6 address to another."""
    return Entry(name, f"5118 {section}", message, endpoint, sees=sees, at=HOSTS6[0], source=HOSTS6[1])


IPV6 = (
    # "The request below is well-formatted according to the grammar in [RFC3261]."
    entry("ipv6-good", "4.1", Serves(405, {"Allow": ALLOW}), {
        "uri.user": None,
        "uri.host": "2001:db8::10",
        "uri.port": None,
        "via.host": "2001:db8::9:1",
        "via.port": None,
        "contact.display_name": "Caller",
        "contact.uri.user": "caller",
        "contact.uri.host": "2001:db8::1",
    }),
    # "A SIP implementation receiving this request should respond with a 400 Bad Request error."
    entry(
        "ipv6-bad",
        "4.2",
        Rejects(400),
        {"via.host": "2001:db8::9:1", "contact.uri.host": "2001:db8::1"},
        message=Refused(400, "3261 25.1"),
    ),
    # "the intended port number becomes the last octet of the reference"
    entry("port-ambiguous", "4.3", Serves(405, {"Allow": ALLOW}), {
        "uri.host": "2001:db8::10:5070",
        "uri.port": None,
        "uri": "sip:[2001:db8:0:0:0:0:10:5070]",
    }),
    # "the following REGISTER request leaves no ambiguity whatsoever on where the IPv6 address ends and the port number
    # begins"
    entry("port-unambiguous", "4.4", Serves(405, {"Allow": ALLOW}), {
        "uri.host": "2001:db8::10",
        "uri.port": 5070,
    }),
    # "Even though this is not a valid request based on a strict interpretation of the grammar in [RFC3261], robust
    # implementations must nonetheless be able to parse the topmost Via header field and continue processing the
    # request." It names a dialog that we do not have.
    entry("via-received-param-with-delim", "4.5", Serves(481), {
        "via.host": "2001:db8::9:1",
        "via.received": "2001:db8::9:255",
        "via.branch": "z9hG4bKas3-111",
        "to.tag": "bd76ya",
    }),
    # "This request is valid according to the grammar in [RFC3261]."
    entry("via-received-param-no-delim", "4.5", Serves(200), {
        "via.host": "2001:db8::9:1",
        "via.received": "2001:db8::9:255",
        "via.branch": "z9hG4bKas3",
        "contact.uri.host": "2001:db8::9:1",
    }),
    # "Note that the IPv6 addresses in the SDP [RFC4566] body do not have the delimiting "[" and "]"."
    entry("ipv6-in-sdp", "4.6", Rings(), {
        "uri.user": "user",
        "uri.host": "2001:db8::10",
        "to.uri": "sip:user@[2001:DB8:0::10]",
        "contact.uri.host": "2001:db8::20",
        "[CONTENT_LENGTH]": 251,
        "body.__len__": 251,
    }),
    # "The Via list contains a mix of IPv4 addresses and IPv6 references."
    entry("mult-ip-in-header", "4.7", Serves(481), {
        "vias.__len__": 3,
        "vias[0].host": "2001:db8::9:1",
        "vias[0].port": 6050,
        "vias[1].host": "192.0.2.1",
        "vias[2].transport": "TCP",
        "vias[2].host": "2001:db8::9:255",
        "vias[2].received": "192.0.2.200",
    }),
    # "The SDP contains multiple media lines, and each media line is identified by a different network connection
    # address."
    entry("mult-ip-in-sdp", "4.8", Rings(), {
        "contact.uri.host": "2001:db8::9:1",
        "[CONTENT_LENGTH]": 189,
        "body.__len__": 189,
    }),
    # "The Via list contains two Via headers, both of which include an IPv4-mapped IPv6 address. ... The topmost Via
    # header includes a port number that is appropriately delimited by "]"."
    entry("ipv4-mapped-ipv6", "4.9", Rings(), {
        "via.host": "::ffff:192.0.2.10",
        "via.port": 19823,
        "vias[1].host": "::ffff:192.0.2.2",
        "vias[1].port": None,
        "contact.display_name": "T. desk phone",
        "contact.uri.host": "::ffff:192.0.2.2",
        "contact.uri": "sip:ted@[::ffff:c000:202]",
        "body.__len__": 245,
    }),
    # "an implementation must tolerate both of the above constructs"
    entry("ipv6-bug-abnf-3-colons", "4.10", Serves(200), {
        "uri.user": "user",
        "uri.port": None,
        "uri.host": "2001:db8::192.0.2.1",
        "to.uri.host": "2001:db8::192.0.2.1",
        "to.tag": None,
    }),
    entry("ipv6-correct-abnf-2-colons", "4.10", Serves(200), {
        "uri.host": "2001:db8::192.0.2.1",
        "uri": "sip:user@[2001:db8::c000:201]",
        "to.uri.host": "2001:db8::192.0.2.1",
    }),
)  # fmt: skip
