"""Answers one call at sip:anyone@127.0.0.1:5070 with nothing but the endpoint and a socket; ends with the call."""

import select
import socket
import time

from sipsm import Ended, Endpoint, Flow, IncomingCall, Send

SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
HERE = ("127.0.0.1", 5070)
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(HERE)
endpoint = Endpoint("udp:127.0.0.1:5070")
talking = True
while talking or endpoint.unfinished:
    wait = None if (at := endpoint.next_timeout()) is None else max(0.0, at - time.monotonic())
    if select.select([sock], [], [], wait)[0]:
        data, peer = sock.recvfrom(65_535)
        outputs = endpoint.receive(data, Flow("UDP", HERE, peer), time.monotonic())
    else:
        outputs = endpoint.handle_timeout(time.monotonic())
    for output in outputs:
        match output:
            case Send(flow, data):
                sock.sendto(data, flow.remote)
            case IncomingCall(call):
                outputs += call.answer(SDP, now=time.monotonic())
            case Ended(call, reason):
                print(f"{call.call_id}: {reason}")
                talking = False
sock.close()
