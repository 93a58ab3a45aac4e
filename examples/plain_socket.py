"""Two endpoints, two sockets, one loop: a call with nothing but the standard library around the machines."""

import select
import socket
import time

from sipsm import Endpoint, Established, Flow, IncomingCall, Output, Send

SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
endpoints: dict[socket.socket, Endpoint] = {}


def perform(sock: socket.socket, outputs: list[Output]) -> None:
    """Send what is to be sent, and react to what has happened."""
    for output in outputs:
        match output:
            case Send(flow, data):
                sock.sendto(data, flow.remote)
            case IncomingCall(call):
                perform(sock, call.answer(SDP, now=time.monotonic()))
            case Established(call) if call.outgoing:
                perform(sock, call.hang_up(now=time.monotonic()))
            case event:
                print(event)


for _ in ("alice", "bob"):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    endpoints[sock] = Endpoint(f"udp:127.0.0.1:{sock.getsockname()[1]}")
alice, bob = endpoints
call, first = endpoints[alice].invite(f"sip:bob@{endpoints[bob].local.sent_by}", offer=SDP, now=time.monotonic())
perform(alice, first)

while call.state != "ended":
    deadlines = [at for endpoint in endpoints.values() if (at := endpoint.next_timeout()) is not None]
    readable = select.select(endpoints, [], [], max(0.0, min(deadlines) - time.monotonic()))[0]
    for sock in readable:
        data, peer = sock.recvfrom(65_535)
        flow = Flow("UDP", endpoints[sock].local.address, peer)
        perform(sock, endpoints[sock].receive(data, flow, time.monotonic()))
    for sock, endpoint in endpoints.items():
        perform(sock, endpoint.handle_timeout(time.monotonic()))
for sock in endpoints:
    sock.close()
