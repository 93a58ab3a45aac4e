"""Answers one call at sip:anyone@127.0.0.1:5070 with nothing but the endpoint and a socket; ends with the call."""

import socket
import time

from sipsm import Ended, Endpoint, Flow, IncomingCall, Send

SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("127.0.0.1", 5070))
endpoint, talking = Endpoint("udp:127.0.0.1:5070"), True
while talking or endpoint.unfinished:
    at = endpoint.next_timeout() or time.monotonic() + 60
    sock.settimeout(max(0.001, at - time.monotonic()))
    try:
        data, peer = sock.recvfrom(65_535)
        outputs = endpoint.receive(data, Flow("UDP", endpoint.local.address, peer), time.monotonic())
    except TimeoutError:
        outputs = endpoint.handle_timeout(time.monotonic())
    for output in outputs:
        match output:
            case Send(flow, data):
                sock.sendto(data, flow.remote)
            case IncomingCall(call):
                outputs += call.answer(SDP, now=time.monotonic())
            case Ended(_, reason):
                print(reason)
                talking = False
sock.close()
