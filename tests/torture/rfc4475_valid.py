"""The well-formed messages of RFC 4475 3.1.1, and what a receiver must see in each."""

from __future__ import annotations

from datetime import UTC, datetime

from sipsm import DropReason
from tests.torture.entry import Accepted, Breaks, Drops, Entry, Rings, Serves

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, MESSAGE, NOTIFY"
ODD_USER = "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
ODD_METHOD = "!interesting-Method0123456789_*+`.%indeed'~"

VALID = (
    # "All elements should treat this as a well-formed request." It has a To tag that no dialog of ours has: 481.
    Entry(
        name="wsinv",
        section="4475 3.1.1.1",
        message=Accepted(),
        endpoint=Serves(481),
        sees={
            "method": "INVITE",
            "uri.user": "vivekg",
            "uri.host": "chair-dnrc.example.com",
            "uri.params": {"unknownparam": None},
            "to.display_name": None,
            "to.uri": "sip:vivekg@chair-dnrc.example.com",
            "to.params": {"tag": "1918181833n"},
            "to.tag": "1918181833n",
            "from_.display_name": 'J Rosenberg \\"',
            "from_.uri": "sip:jdrosen@example.com",
            "from_.tag": "98asjd8",
            "call_id": "wsinv.ndaksdj@192.0.2.1",
            "cseq": (9, "INVITE"),
            "[MAX_FORWARDS]": 68,
            "[CONTENT_LENGTH]": 150,
            "[SUBJECT]": "",
            "via.transport": "UDP",
            "via.host": "192.0.2.2",
            "via.branch": "390skdjuw",
            "vias[1].transport": "TCP",
            "vias[1].host": "spindle.example.com",
            "vias[1].branch": "z9hG4bK9ikj8",
            "vias[2].transport": "UDP",
            "vias[2].host": "192.168.255.111",
            "vias[2].branch": "z9hG4bK30239",
            "vias.__len__": 3,
            # "Header fields can be extended over multiple lines": the fold is one space.
            "header('NewFangledHeader')": "newfangled value continued newfangled value",
            # "Proxies would forward this header field unchanged. Endpoints would ignore the header field."
            "header('UnknownHeaderWithUnusualValue')": ";;,,;;,;",
            "content_type": "application/sdp",
            "route[0].uri.host": "services.example.com",
            "route[0].uri.lr": True,
            "route[0].uri.params": {"lr": None, "unknownwith": "value", "unknown-no-value": None},
            "contact.display_name": 'Quoted string ""',
            "contact.uri": "sip:jdrosen@example.com",
            "contact.params": {"newparam": "newvalue", "secondparam": None, "q": "0.33"},
            "contacts.__len__": 1,
            "body.__len__": 150,
        },
    ),
    # "Endpoints will generate a 501 listing the methods they understand in an Allow header field."
    Entry(
        name="intmeth",
        section="4475 3.1.1.2",
        message=Accepted(),
        endpoint=Serves(501, {"Allow": ALLOW}),
        sees={
            "method": ODD_METHOD,
            "uri.scheme": "sip",
            "uri.user": ODD_USER,
            "uri.password": "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)",
            "uri.host": "example.com",
            "via.transport": "TCP",
            "via.branch": "z9hG4bK-.!%66*_+`'~",
            "to.display_name": "BEL:\x07 NUL:\x00 DEL:\x7f",
            "to.uri.user": ODD_USER,
            "to.uri.password": None,
            "to.tag": None,
            "from_.display_name": "token1~` token2'+_ token3*%!.-",
            "from_.uri": "sip:mundane@example.com",
            "from_.params[fromparam''~+*_!.-%]": "работающий",
            "from_.tag": "_token~1'+`*%!-.",
            "call_id": "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{",
            "cseq": (139122385, ODD_METHOD),
            "[MAX_FORWARDS]": 255,
            "headers[6]": ("extensionHeader-!.%*+_`'~", "\ufeff大停電"),
        },
    ),
    # "Per [RFC3986], unescaping URI components is never performed recursively."
    Entry(
        name="esc01",
        section="4475 3.1.1.3",
        message=Accepted(),
        endpoint=Rings(),
        sees={
            "uri.scheme": "sip",
            "uri.user": "sips%3Auser%40example.com",
            "uri.host": "example.net",
            # %HH equals its character, where the grammar has "escaped".
            "to.uri": "sip:user@example.com",
            "from_.uri.user": "I%20have%20spaces",
            "from_.tag": "938",
            "call_id": "esc01.239409asdfakjkn23onasd0-3234",
            "cseq": (234234, "INVITE"),
            "contact.uri": "sip:caller@host5.example.net;lr;name=value%2541",
            "contact.uri.params": {"lr": None, "name": "v%61lue%25%34%31"},
            "content_type": "application/sdp",
        },
    ),
    # "This request registers two distinct contact URIs."
    Entry(
        name="escnull",
        section="4475 3.1.1.4",
        message=Accepted(),
        endpoint=Serves(405, {"Allow": ALLOW}),
        sees={
            "to.uri.user": "null-%00-null",
            "from_.uri.user": "null-%00-null",
            "from_.uri": "sip:null-%00-null@example.com",
            "contacts.__len__": 2,
            "contacts[0].uri.user": "%00",
            "contacts[1].uri.user": "%00%00",
            "[CONTENT_LENGTH]": 0,
        },
    ),
    # "The request method is unknown. It is NOT equivalent to REGISTER." And "An endpoint would reject this message with
    # a 501."
    Entry(
        name="esc02",
        section="4475 3.1.1.5",
        message=Accepted(),
        endpoint=Serves(501, {"Allow": ALLOW}),
        sees={
            "method": "RE%47IST%45R",
            "cseq": (29344, "RE%47IST%45R"),
            "to.display_name": "%Z%45",
            "from_.display_name": "%Z%45",
            "from_.tag": "f232jadfj23",
            "via.branch": "z9hG4bK209%fzsnel234",
            "contacts.__len__": 2,
            "contacts[0].uri": "sip:alias1@host1.example.com",
            "contacts[1].uri": "sip:alias3@host3.example.com",
            "header('C%6Fntact')": "<sip:alias2@host2.example.com>",
        },
    ),
    # "Elements should accept this request as well formed."
    Entry(
        name="lwsdisp",
        section="4475 3.1.1.6",
        message=Accepted(),
        endpoint=Serves(200),
        sees={
            "from_.display_name": "caller",
            "from_.uri": "sip:caller@example.com",
            "from_.tag": "323",
            "cseq": (60, "OPTIONS"),
        },
    ),
    Entry(
        name="longreq",
        section="4475 3.1.1.7",
        message=Accepted(),
        endpoint=Rings(),
        sees={
            "to.display_name": f"I have a user name of {'extreme' * 10} proportion",
            "to.uri.port": 6000,
            "to.uri.params": {
                "unknownparam1": f"very{'long' * 20}value",
                f"longparam{'name' * 25}": "shortvalue",
                f"very{'long' * 25}parameternamewithnovalue": None,
            },
            "to.tag": None,
            "from_.uri.user": "amazinglylongcallername" * 5,
            "from_.params": {
                "tag": f"12{'982' * 50}424",
                f"unknownheaderparam{'name' * 20}": f"unknowheaderparam{'value' * 15}",
                f"unknownvalueless{'paramname' * 10}": None,
            },
            "call_id": f"longreq.one{'really' * 20}longcallid",
            f"header('Unknown-{'Long' * 20}-Name')": (
                f"unknown-{'long' * 20}-value;"
                f" unknown-{'long' * 20}-parameter-name = unknown-{'long' * 20}-parameter-value"
            ),
            "vias.__len__": 34,
            "via.host": "sip33.example.com",
            "via.branch": None,
            "vias[11].host": "sip22.example.com",
            "vias[33].host": "host.example.com",
            "vias[33].params": {"received": "192.0.2.5", "branch": f"very{'long' * 50}branchvalue"},
            "contact.uri.user": "amazinglylongcallername" * 5,
            "[MAX_FORWARDS]": 70,
        },
    ),
    # "A SIP element receiving this datagram would handle the REGISTER request normally and ignore the extra bits that
    # look like an INVITE request." On a stream they are one, which is
    # longer than it says.
    Entry(
        name="dblreq",
        section="4475 3.1.1.8",
        message=Accepted(),
        endpoint=Serves(405, {"Allow": ALLOW}),
        stream=Breaks(after=2),
        used=300,
        sees={
            "method": "REGISTER",
            "call_id": "dblreq.0ha0isndaksdj99sdfafnl3lk233412",
            "cseq": (8, "REGISTER"),
            "contact.uri": "sip:j.user@host.example.com",
            "body": b"",
        },
    ),
    # "The Request-URI will parse so that the user part is "user;par=u@example.net"."
    Entry(
        name="semiuri",
        section="4475 3.1.1.9",
        message=Accepted(),
        endpoint=Serves(200),
        sees={
            "uri.user": "user;par=u%40example.net",
            "uri.host": "example.com",
            "uri.params": {},
            "[ACCEPT].__len__": 6,
            "[ACCEPT][0].value": "application/sdp",
            "[ACCEPT][5].value": "message/sipfrag",
        },
    ),
    # "Elements receiving this message would process it exactly as if the 2nd and subsequent header field values
    # specified UDP (or other transport)."
    Entry(
        name="transports",
        section="4475 3.1.1.10",
        message=Accepted(),
        endpoint=Serves(200),
        sees={
            "vias.__len__": 5,
            "vias[0].transport": "UDP",
            "vias[1].transport": "SCTP",
            "vias[2].transport": "TLS",
            "vias[3].transport": "UNKNOWN",
            "vias[3].branch": "z9hG4bKasd0f3en",
            "vias[4].transport": "TCP",
            "[ACCEPT][0].value": "application/sdp",
        },
    ),
    # "Receivers must take care to frame the received message properly."
    Entry(
        name="mpart01",
        section="4475 3.1.1.11",
        message=Accepted(),
        endpoint=Serves(415, {"Accept": "text/plain"}),
        sees={
            "method": "MESSAGE",
            "via.rport": None,
            "via.has_rport": True,
            "route[0].uri": "sip:127.0.0.1:5080",
            "content_type": "multipart/mixed",
            "[CONTENT_TYPE].params": {"boundary": "7a9cbec02ceef655"},
            "[CONTENT_LENGTH]": 553,
            "body.__len__": 553,
            "[USER_AGENT]": "SIPimp.org/0.2.5 (curses)",
            "[DATE]": datetime(2005, 10, 15, 4, 44, 56, tzinfo=UTC),
            "contact.uri": "sip:fluffy@127.0.0.1:5070",
        },
    ),
    # "A parser must accept this message." Nobody waits for it.
    Entry(
        name="unreason",
        section="4475 3.1.1.12",
        message=Accepted(),
        endpoint=Drops(DropReason.STRAY_RESPONSE),
        at="192.0.2.198",
        sees={
            "status": 200,
            "reason": "= 2**3 * 5**2 но сто девяносто девять - простое",
            "cseq": (35, "INVITE"),
            "to.tag": "2229",
            "contact.uri": "sip:user@host198.example.com",
            "body.__len__": 154,
        },
    ),
    # "This well-formed response contains no reason phrase."
    Entry(
        name="noreason",
        section="4475 3.1.1.13",
        message=Accepted(),
        endpoint=Drops(DropReason.STRAY_RESPONSE),
        at="192.0.2.105",
        sees={"status": 100, "reason": "", "to.tag": "902jndnke3", "cseq": (35, "INVITE")},
    ),
)
