"""Typical messages of a day's work, as they come in datagrams. Written for this project."""

from __future__ import annotations

OFFER = """v=0
o=alice 2890844526 2890844526 IN IP4 client.atlanta.example.com
s=-
c=IN IP4 192.0.2.101
t=0 0
m=audio 49172 RTP/AVP 0 8 101
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=sendrecv
"""
_ANSWER = """v=0
o=bob 2890844527 2890844527 IN IP4 client.biloxi.example.com
s=-
c=IN IP4 192.0.2.201
t=0 0
m=audio 3456 RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
"""
_PRESENCE = """<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:carol@chicago.example.com">
  <tuple id="a8098a"><status><basic>open</basic></status></tuple>
</presence>
"""


def _message(head: str, body: str = "") -> bytes:
    content = body.replace("\n", "\r\n").encode()
    return f"{head.strip()}\nContent-Length: {len(content)}\n\n".replace("\n", "\r\n").encode() + content


INVITE = _message(
    """
INVITE sip:bob@biloxi.example.com SIP/2.0
Via: SIP/2.0/UDP client.atlanta.example.com:5060;branch=z9hG4bK74bf9;rport
Max-Forwards: 70
From: "Alice Liddell" <sip:alice@atlanta.example.com>;tag=9fxced76sl
To: Bob <sip:bob@biloxi.example.com>
Call-ID: 3848276298220188511@atlanta.example.com
CSeq: 1 INVITE
Contact: <sip:alice@client.atlanta.example.com>
Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, UPDATE, PRACK, REFER
Supported: replaces, timer, 100rel
User-Agent: Wonderland/2.1
Content-Type: application/sdp
""",
    OFFER,
)
TRYING = _message(
    """
SIP/2.0 100 Trying
Via: SIP/2.0/UDP client.atlanta.example.com:5060;branch=z9hG4bK74bf9;received=192.0.2.101;rport=5060
From: "Alice Liddell" <sip:alice@atlanta.example.com>;tag=9fxced76sl
To: Bob <sip:bob@biloxi.example.com>
Call-ID: 3848276298220188511@atlanta.example.com
CSeq: 1 INVITE
"""
)
RINGING = _message(
    """
SIP/2.0 180 Ringing
Via: SIP/2.0/UDP ss1.atlanta.example.com:5060;branch=z9hG4bK2d4790.1
Via: SIP/2.0/UDP client.atlanta.example.com:5060;branch=z9hG4bK74bf9;received=192.0.2.101;rport=5060
Record-Route: <sip:ss1.atlanta.example.com;lr>
From: "Alice Liddell" <sip:alice@atlanta.example.com>;tag=9fxced76sl
To: Bob <sip:bob@biloxi.example.com>;tag=8321234356
Call-ID: 3848276298220188511@atlanta.example.com
CSeq: 1 INVITE
Contact: <sip:bob@client.biloxi.example.com>
"""
)
ANSWERED = _message(
    """
SIP/2.0 200 OK
Via: SIP/2.0/UDP ss2.biloxi.example.com:5060;branch=z9hG4bK721e4.1
Via: SIP/2.0/UDP ss1.atlanta.example.com:5060;branch=z9hG4bK2d4790.1;received=192.0.2.111
Via: SIP/2.0/UDP client.atlanta.example.com:5060;branch=z9hG4bK74bf9;received=192.0.2.101;rport=5060
Record-Route: <sip:ss2.biloxi.example.com;lr>
Record-Route: <sip:ss1.atlanta.example.com;lr>
From: "Alice Liddell" <sip:alice@atlanta.example.com>;tag=9fxced76sl
To: Bob <sip:bob@biloxi.example.com>;tag=8321234356
Call-ID: 3848276298220188511@atlanta.example.com
CSeq: 1 INVITE
Contact: <sip:bob@client.biloxi.example.com>
Allow: INVITE, ACK, CANCEL, OPTIONS, BYE
Content-Type: application/sdp
""",
    _ANSWER,
)
ACK = _message(
    """
ACK sip:bob@client.biloxi.example.com SIP/2.0
Via: SIP/2.0/UDP client.atlanta.example.com:5060;branch=z9hG4bK74b76
Max-Forwards: 70
Route: <sip:ss1.atlanta.example.com;lr>, <sip:ss2.biloxi.example.com;lr>
From: "Alice Liddell" <sip:alice@atlanta.example.com>;tag=9fxced76sl
To: Bob <sip:bob@biloxi.example.com>;tag=8321234356
Call-ID: 3848276298220188511@atlanta.example.com
CSeq: 1 ACK
"""
)
BYE = _message(
    """
BYE sip:alice@client.atlanta.example.com SIP/2.0
Via: SIP/2.0/UDP client.biloxi.example.com:5060;branch=z9hG4bKnashds7
Max-Forwards: 70
From: Bob <sip:bob@biloxi.example.com>;tag=8321234356
To: "Alice Liddell" <sip:alice@atlanta.example.com>;tag=9fxced76sl
Call-ID: 3848276298220188511@atlanta.example.com
CSeq: 1 BYE
"""
)
BYE_OK = _message(
    """
SIP/2.0 200 OK
Via: SIP/2.0/UDP client.biloxi.example.com:5060;branch=z9hG4bKnashds7
From: Bob <sip:bob@biloxi.example.com>;tag=8321234356
To: "Alice Liddell" <sip:alice@atlanta.example.com>;tag=9fxced76sl
Call-ID: 3848276298220188511@atlanta.example.com
CSeq: 1 BYE
"""
)
CANCEL = _message(
    """
CANCEL sip:bob@biloxi.example.com SIP/2.0
Via: SIP/2.0/UDP client.atlanta.example.com:5060;branch=z9hG4bK74bf9;rport
Max-Forwards: 70
From: "Alice Liddell" <sip:alice@atlanta.example.com>;tag=9fxced76sl
To: Bob <sip:bob@biloxi.example.com>
Call-ID: 3848276298220188511@atlanta.example.com
CSeq: 1 CANCEL
"""
)
REGISTER = _message(
    """
REGISTER sip:biloxi.example.com SIP/2.0
Via: SIP/2.0/TCP 192.0.2.201:5060;rport;branch=z9hG4bKnashds8
Max-Forwards: 70
From: Bob <sip:bob@biloxi.example.com>;tag=a73kszlfl
To: Bob <sip:bob@biloxi.example.com>
Call-ID: 1j9FpLxk3uxtm8tn@biloxi.example.com
CSeq: 2 REGISTER
Contact: <sip:bob@192.0.2.201:5060;transport=tcp>;expires=3600
Authorization: Digest username="bob", realm="biloxi.example.com", nonce="dcd98b7102dd2f0e8b11", """
    + """uri="sip:biloxi.example.com", response="6629fae49393a05397450978507c4ef1", algorithm=MD5
"""
)
UNAUTHORIZED = _message(
    """
SIP/2.0 401 Unauthorized
Via: SIP/2.0/TCP 192.0.2.201:5060;rport=5060;branch=z9hG4bKnashds8
From: Bob <sip:bob@biloxi.example.com>;tag=a73kszlfl
To: Bob <sip:bob@biloxi.example.com>;tag=1410948204
Call-ID: 1j9FpLxk3uxtm8tn@biloxi.example.com
CSeq: 1 REGISTER
WWW-Authenticate: Digest realm="biloxi.example.com", qop="auth", nonce="ea9c8e88df84f1cec4341ae6cbe5a359", stale=FALSE
"""
)
SUBSCRIBE = _message(
    """
SUBSCRIBE sip:carol@chicago.example.com SIP/2.0
Via: SIP/2.0/TLS watcher.chicago.example.com:5061;branch=z9hG4bKnashds9
Max-Forwards: 70
Route: <sips:edge.chicago.example.com;lr>
From: <sip:dave@chicago.example.com>;tag=xfg9
To: <sip:carol@chicago.example.com>
Call-ID: 2010@watcher.chicago.example.com
CSeq: 17766 SUBSCRIBE
Event: presence
Accept: application/pidf+xml
Expires: 3600
Contact: <sip:dave@watcher.chicago.example.com>
"""
)
NOTIFY = _message(
    """
NOTIFY sip:alice@client.atlanta.example.com SIP/2.0
Via: SIP/2.0/UDP client.biloxi.example.com:5060;branch=z9hG4bK9922ef992-25
Max-Forwards: 70
From: <sip:bob@biloxi.example.com>;tag=193402342
To: <sip:alice@atlanta.example.com>;tag=4992881234
Call-ID: 89823498231-b@client.biloxi.example.com
CSeq: 1993402 NOTIFY
Event: refer;id=93809824
Subscription-State: terminated;reason=noresource
Contact: <sip:bob@client.biloxi.example.com>
Content-Type: message/sipfrag;version=2.0
""",
    "SIP/2.0 200 OK\n",
)
OPTIONS = _message(
    """
OPTIONS sip:gateway.chicago.example.com SIP/2.0
Via: SIP/2.0/UDP [2001:db8::9:1]:5060;branch=z9hG4bKhjhs8ass877
Max-Forwards: 70
From: <sip:monitor@[2001:db8::9:1]>;tag=1928301774
To: <sip:gateway.chicago.example.com>
Call-ID: a84b4c76e66710
CSeq: 63104 OPTIONS
Accept: application/sdp
X-Probe-Interval: 30
"""
)
PUBLISH = _message(
    """
PUBLISH sip:carol@chicago.example.com SIP/2.0
Via: SIP/2.0/UDP pua.chicago.example.com;branch=z9hG4bK652hsge
Max-Forwards: 70
From: <sip:carol@chicago.example.com>;tag=1234wxyz
To: <sip:carol@chicago.example.com>
Call-ID: 81818181@pua.chicago.example.com
CSeq: 1 PUBLISH
Event: presence
Expires: 3600
Content-Type: application/pidf+xml
""",
    _PRESENCE,
)
MESSAGE = _message(
    """
MESSAGE sip:user2@domain.example.com SIP/2.0
v: SIP/2.0/TCP user1pc.domain.example.com;branch=z9hG4bK776sgdkse
Max-Forwards: 70
f: sip:user1@domain.example.com;tag=49583
t: sip:user2@domain.example.com
i: asd88asd77a@1.2.3.4
CSeq: 1 MESSAGE
c: text/plain
""",
    "Watson, come here.\n",
)

# Three that come over other ways than those above: a call that a proxy hands to a phone behind a NAT, a BYE that two
# proxies relayed over TCP, and a call from an exchange that says much of itself.
TO_A_PHONE = _message(
    """
INVITE sip:201@198.51.100.7:51234;transport=udp;rinstance=5f3e0c8a91b2 SIP/2.0
Via: SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bKcydzigwkX;rport
Via: SIP/2.0/UDP 203.0.113.20:5080;received=203.0.113.20;branch=z9hG4bK3b7f.9;rport=5080
Record-Route: <sip:203.0.113.9;lr;ftag=as58f4201b;nat=yes>
Max-Forwards: 69
From: "Front Desk" <sip:100@pbx.example.com>;tag=as58f4201b
To: <sip:201@pbx.example.com>
Contact: <sip:100@203.0.113.20:5080>
Call-ID: 3c26700f59dd75c8@203.0.113.20:5080
CSeq: 102 INVITE
Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, PUBLISH, MESSAGE
Supported: replaces, timer
User-Agent: Switchboard 18
Content-Type: application/sdp
""",
    OFFER,
)
RELAYED_BYE = _message(
    """
BYE sip:alice@198.51.100.7:40312;transport=tcp;alias=198.51.100.7~40312~2 SIP/2.0
Via: SIP/2.0/TCP 203.0.113.9;branch=z9hG4bK5d1a.0c4e9a37.0;i=4
Via: SIP/2.0/TCP 203.0.113.10;rport=5060;received=203.0.113.10;branch=z9hG4bK5d1a.77.0;i=9
Via: SIP/2.0/UDP 192.0.2.33:5062;rport=5062;branch=z9hG4bK-d8754z-1
Max-Forwards: 68
From: <sip:bob@example.com>;tag=8e11f50a
To: "Alice" <sip:alice@example.com>;tag=b0c1
Call-ID: ZTA3MjQ1Y2Y5
CSeq: 3 BYE
Reason: Q.850;cause=16;text="Normal call clearing"
"""
)
FROM_AN_EXCHANGE = _message(
    """
INVITE sip:+12125551212@sbc.example.net:5060 SIP/2.0
Via: SIP/2.0/TCP 10.10.1.5:5060;branch=z9hG4bK1c4a5b6d7e
From: "Conference Room" <sip:5001@10.10.1.5>;tag=12345~67890-abcd
To: <sip:+12125551212@sbc.example.net>
Date: Fri, 20 Nov 2026 10:15:00 GMT
Call-ID: 4b6f2c80-6571f2d4-3a@10.10.1.5
Supported: timer,resource-priority,replaces
Min-SE: 1800
User-Agent: Exchange/12.5
Allow: INVITE, OPTIONS, INFO, BYE, CANCEL, ACK, PRACK, UPDATE, REFER, SUBSCRIBE, NOTIFY
CSeq: 101 INVITE
Expires: 180
Allow-Events: presence
Call-Info: <sip:10.10.1.5:5060>;method="NOTIFY;Event=telephone-event;Duration=500"
Session-Expires: 1800
P-Asserted-Identity: "Conference Room" <sip:5001@10.10.1.5>
Contact: <sip:5001@10.10.1.5:5060;transport=tcp>
Max-Forwards: 69
"""
)
CORPUS = (
    INVITE,
    TRYING,
    RINGING,
    ANSWERED,
    ACK,
    BYE,
    BYE_OK,
    CANCEL,
    REGISTER,
    UNAUTHORIZED,
    SUBSCRIBE,
    NOTIFY,
    OPTIONS,
    PUBLISH,
    MESSAGE,
    TO_A_PHONE,
    RELAYED_BYE,
    FROM_AN_EXCHANGE,
)
"""A call through two proxies, a registration, a subscription and what else passes by."""

REQUESTS = (
    INVITE,
    BYE,
    CANCEL,
    REGISTER,
    SUBSCRIBE,
    NOTIFY,
    OPTIONS,
    PUBLISH,
    MESSAGE,
    TO_A_PHONE,
    RELAYED_BYE,
    FROM_AN_EXCHANGE,
)
"""Those of the corpus that get a response."""

INVITE_OF_1500 = _message(
    """
INVITE sip:bob@biloxi.example.com SIP/2.0
Via: SIP/2.0/UDP ss1.atlanta.example.com:5060;branch=z9hG4bK2d4790.1
Via: SIP/2.0/UDP client.atlanta.example.com:5060;branch=z9hG4bK74bf9;received=192.0.2.101;rport=5060
Record-Route: <sip:ss1.atlanta.example.com;lr>
Max-Forwards: 69
From: "Alice Liddell" <sip:alice@atlanta.example.com>;tag=9fxced76sl
To: Bob <sip:bob@biloxi.example.com>
Call-ID: 3848276298220188511@atlanta.example.com
CSeq: 1 INVITE
Contact: <sip:alice@client.atlanta.example.com>
Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, UPDATE, PRACK, REFER, NOTIFY, MESSAGE, INFO
Supported: replaces, timer, 100rel, norefersub
Session-Expires: 1800;refresher=uac
P-Asserted-Identity: "Alice Liddell" <sip:alice@atlanta.example.com>
User-Agent: Wonderland/2.1
Content-Type: application/sdp
""",
    OFFER.replace("0 8 101", "111 9 0 8 18 101")
    + "".join(
        f"a=rtpmap:{number} {codec}\n" for number, codec in ((111, "opus/48000/2"), (9, "G722/8000"), (18, "G729/8000"))
    )
    + """a=ptime:20
m=video 49174 RTP/AVP 96 97
a=rtpmap:96 H264/90000
a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;max-mbps=108000;max-fs=3600
a=rtpmap:97 VP8/90000
a=rtcp-fb:* nack
a=rtcp-fb:* ccm fir
a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendrecv
""",
)
