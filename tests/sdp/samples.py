"""Descriptions as they are met: of browsers, IMS phones, PBXs, fax gateways, conferences and announcements."""

from __future__ import annotations


def wire(text: str) -> bytes:
    """The text as it goes over the network."""
    return text.replace("\n", "\r\n").encode()


BROWSER = wire("""\
v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1 2
a=extmap-allow-mixed
a=msid-semantic: WMS stream1
m=audio 54609 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110
c=IN IP4 203.0.113.141
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:1467250027 1 udp 2122260223 192.0.2.7 46243 typ host generation 0 network-id 1
a=candidate:1853887674 1 udp 1685987071 203.0.113.141 54609 typ srflx raddr 192.0.2.7 rport 46243 generation 0
a=ice-ufrag:l5nX
a=ice-pwd:4BFVc5OnWx2pPXqDXMjxF8Py
a=ice-options:trickle
a=fingerprint:sha-256 19:E2:1C:3B:4B:9F:81:E6:B8:5C:F4:A5:A8:D8:73:04:BB:05:2F:70:9F:04:A9:0E:05:E9:26:33:E8:70:88:A2
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendrecv
a=msid:stream1 track1
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:13 CN/8000
a=rtpmap:110 telephone-event/48000
a=ssrc:3570614608 cname:4TOk42mSjXCkVIa6
m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:l5nX
a=ice-pwd:4BFVc5OnWx2pPXqDXMjxF8Py
a=ice-options:trickle
a=fingerprint:sha-256 19:E2:1C:3B:4B:9F:81:E6:B8:5C:F4:A5:A8:D8:73:04:BB:05:2F:70:9F:04:A9:0E:05:E9:26:33:E8:70:88:A2
a=setup:actpass
a=mid:1
a=extmap:14 urn:ietf:params:rtp-hdrext:toffset
a=extmap:4/sendonly urn:ietf:params:rtp-hdrext:sdes:mid
a=recvonly
a=rtcp-mux
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 goog-remb
a=rtcp-fb:96 ccm fir
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=rtpmap:102 H264/90000
a=rtcp-fb:102 nack pli
a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
a=rtpmap:103 rtx/90000
a=fmtp:103 apt=102
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
b=AS:30
a=ice-ufrag:l5nX
a=ice-pwd:4BFVc5OnWx2pPXqDXMjxF8Py
a=fingerprint:sha-256 19:E2:1C:3B:4B:9F:81:E6:B8:5C:F4:A5:A8:D8:73:04:BB:05:2F:70:9F:04:A9:0E:05:E9:26:33:E8:70:88:A2
a=setup:actpass
a=mid:2
a=sctp-port:5000
a=max-message-size:262144
""")

IMS = wire("""\
v=0
o=rue 3262464865 3262464865 IN IP6 2001:db8:64:ff9b::40
s=-
i=A VoLTE phone
c=IN IP6 2001:db8:64:ff9b::40
b=AS:49
b=RS:800
b=RR:2400
t=0 0
a=tcap:1 RTP/AVPF
m=audio 49152 RTP/AVP 104 102 110 108 105 100
b=AS:49
b=RS:800
b=RR:2400
a=pcfg:1 t=1
a=rtpmap:104 AMR-WB/16000/1
a=fmtp:104 mode-change-capability=2;max-red=0
a=rtpmap:102 AMR/8000/1
a=fmtp:102 mode-change-capability=2;max-red=0
a=rtpmap:110 AMR-WB/16000/1
a=fmtp:110 octet-align=1;mode-change-capability=2;max-red=0
a=rtpmap:108 AMR/8000/1
a=fmtp:108 octet-align=1;mode-change-capability=2;max-red=0
a=rtpmap:105 telephone-event/16000
a=fmtp:105 0-15
a=rtpmap:100 telephone-event/8000
a=fmtp:100 0-15
a=ptime:20
a=maxptime:240
a=sendrecv
a=curr:qos local none
a=curr:qos remote none
a=des:qos mandatory local sendrecv
a=des:qos optional remote sendrecv
""")

PBX = wire("""\
v=0
o=root 1821174404 1821174404 IN IP4 198.51.100.20
s=Asterisk PBX 18.9.0
c=IN IP4 198.51.100.20
t=0 0
m=audio 14722 RTP/AVP 8 0 18 101
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:18 G729/8000
a=fmtp:18 annexb=no
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=silenceSupp:off - - - -
a=ptime:20
a=maxptime:150
a=sendrecv
""")

SRTP_PHONE = wire("""\
v=0
o=phone 1 1 IN IP4 192.0.2.30
s=call
c=IN IP4 192.0.2.30
t=0 0
m=audio 11790 RTP/SAVP 0 8 101
a=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:GBcMUCIZ4W8LBhSFEMwqzSbAIN5XTWM5DD+J1Rkam+qt0CyJhL+3tP3
a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4
a=rtpmap:101 telephone-event/8000
a=sendonly
""")

FAX = wire("""\
v=0
o=gw 123456789 2 IN IP4 192.0.2.50
s=-
c=IN IP4 192.0.2.50
t=0 0
m=audio 0 RTP/AVP 0
m=image 17000 udptl t38
a=T38FaxVersion:0
a=T38MaxBitRate:14400
a=T38FaxRateManagement:transferredTCF
a=T38FaxMaxBuffer:2000
a=T38FaxMaxDatagram:512
a=T38FaxUdpEC:t38UDPRedundancy
""")

ROOM_SYSTEM = wire("""\
v=0
o=tandberg 7 2 IN IP4 192.0.2.60
s=-
c=IN IP4 192.0.2.60
b=CT:1920
b=AS:1920
t=0 0
m=audio 2400 RTP/AVP 9 101
b=TIAS:64000
a=rtpmap:9 G722/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
m=video 2402 RTP/AVP 97
b=TIAS:1920000
a=rtpmap:97 H264/90000
a=fmtp:97 profile-level-id=428014;max-br=903;packetization-mode=1
a=content:main
a=label:11
a=answer:full
m=application 5070 UDP/BFCP *
a=confid:1
a=userid:2
a=floorid:2 mstrm:12
a=floorctrl:c-s
a=setup:actpass
a=connection:new
m=video 2404 RTP/AVP 97
a=rtpmap:97 H264/90000
a=content:slides
a=label:12
m=application 2406 RTP/AVP 100
a=rtpmap:100 H224/4800
""")

CHAT = wire("""\
v=0
o=alice 2890844526 2890844526 IN IP4 alicepc.example.com
s= -
c=IN IP4 alicepc.example.com
t=0 0
m=message 7394 TCP/MSRP *
a=accept-types:message/cpim text/plain text/html
a=path:msrp://alicepc.example.com:7394/2s93i93idj;tcp
""")

ANNOUNCED = wire("""\
v=0
o=jdoe 3724394400 3724394405 IN IP4 198.51.100.1
s=SDP Seminar
i=A Seminar on the session description protocol
u=https://www.example.com/seminars/sdp.pdf
e=j.doe@example.com (Jane Doe)
p=+1 617 555-6011
c=IN IP4 233.252.0.12/127
b=CT:384
t=3724394400 3754123200
r=7d 1h 0 25h
r=604800 3600 0 90000
z=3730928400 -1h 3749680800 0
t=3755000000 3755003600
k=prompt
a=recvonly
a=charset:ISO-8859-1
m=audio 49170 RTP/AVP 0
m=video 51372/3 RTP/AVP 99
c=IN IP4 233.252.0.20/127/3
b=AS:128
a=rtpmap:99 h263-1998/90000
a=quality:10
m=application 32416 udp wb
i=The whiteboard
c=IN IP6 ff15::db8:0:101/3
a=orient:portrait
""").replace(b"Seminar\r\n", b"S\xe9minaire\r\n", 1)

HELD_BY_AN_OLD_PHONE = wire("""\
v=0
o=CiscoSystemsCCM-SIP 2000 3 IN IP4 192.0.2.70
s=SIP Call
c=IN IP4 0.0.0.0
t=0 0
m=audio 24580 RTP/AVP 0
a=rtpmap:0 PCMU/8000
""")

LINE_FEEDS = PBX.replace(b"\r\n", b"\n")
NO_END = CHAT.rstrip(b"\r\n")
BLANK_END = FAX + b"\r\n\r\n"
ODD_ORDER = wire("""\
v=0
s=-
t=0 0
a=tool:old
o=x 1 1 IN IP4 192.0.2.1
c=IN IP4 192.0.2.1
m=audio 4000  RTP/AVP 0 
a=rtpmap:0 PCMU/8000
b=AS:64
a=
i=late
""")  # noqa: W291  (a space behind the formats is what some phones send)
TERSE = b"v=0\no=- 0 0 IN IP4 192.0.2.1\ns=\nc=IN IP4 192.0.2.1\nm=audio 0 RTP/AVP\n"
NOTHING = wire("v=0\no=- 0 0 IN IP4 192.0.2.1\ns=-\nt=0 0\n")
ATM = wire("v=0\no=- 1 1 ATM NSAP 47.0091\ns=-\nc=ATM NSAP 47.0091/8\nt=0 0\nm=audio 1 AAL1/ATMF 8\n")

SAMPLES = {
    "browser": BROWSER,
    "ims": IMS,
    "pbx": PBX,
    "srtp phone": SRTP_PHONE,
    "fax": FAX,
    "room system": ROOM_SYSTEM,
    "chat": CHAT,
    "announced": ANNOUNCED,
    "held by an old phone": HELD_BY_AN_OLD_PHONE,
    "line feeds": LINE_FEEDS,
    "no end": NO_END,
    "blank end": BLANK_END,
    "odd order": ODD_ORDER,
    "terse": TERSE,
    "nothing": NOTHING,
    "atm": ATM,
}
