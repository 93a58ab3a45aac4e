"""Session descriptions without a session: one audio stream, at a port that nobody reads.

RFC 3264 5 (the offer) and 6 (the answer), written as RFC 4566 5 says.
"""

from __future__ import annotations

from attrs import define, field

from sipsm import LocalProtocolError

PORT = 49_170
CODECS = {"0": "PCMU/8000", "8": "PCMA/8000"}
"""The static payload types that are offered and accepted (RFC 3551 6)."""

# "If a stream is offered as sendonly, the corresponding stream MUST be marked as recvonly or inactive in the answer.
# If a media stream is listed as recvonly in the offer, the answer MUST be marked as sendonly or inactive"
# (RFC 3264 6.1)
DIRECTIONS = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


class NothingInCommon(LocalProtocolError):
    """The offer has streams, and none that could be accepted: the session is to be refused (RFC 3264 6)."""


@define
class Stream:
    """One m= line of an offer, with the attributes below it."""

    kind: str
    port: str
    protocol: str
    formats: list[str]
    direction: str = "sendrecv"

    @property
    def common(self) -> list[str]:
        """The formats that are accepted, in the offer's order of preference."""
        wanted = (self.kind, self.protocol) == ("audio", "RTP/AVP") and self.port.partition("/")[0] != "0"
        return [each for each in self.formats if each in CODECS] if wanted else []

    def answered(self) -> list[str]:
        """The lines of the answer for this stream."""
        if not self.common:
            # "To reject an offered stream, the port number in the corresponding stream in the answer MUST be set to
            # zero. Any media formats listed are ignored. At least one MUST be present" (RFC 3264 6)
            return [f"m={self.kind} 0 {self.protocol} {' '.join(self.formats)}"]
        return audio(self.common, DIRECTIONS[self.direction])


@define
class Description:
    """What a session description says of its streams and times."""

    times: list[str] = field(factory=list)
    streams: list[Stream] = field(factory=list)

    @classmethod
    def read(cls, sdp: bytes) -> Description:
        """Read what an answer depends on; lines that cannot be understood are passed over (RFC 4566 5)."""
        found = cls()
        direction = "sendrecv"
        for line in sdp.decode("utf-8", "replace").splitlines():
            kind, _, value = line.partition("=")
            words = value.split()
            if kind == "m" and len(words) >= 4:
                found.streams.append(Stream(words[0], words[1], words[2], words[3:], direction))
            elif kind == "t":
                found.times.append(line)
            elif kind == "a" and value in DIRECTIONS and found.streams:
                found.streams[-1].direction = value
            elif kind == "a" and value in DIRECTIONS:
                direction = value
        return found


def offer(host: str, session: int) -> bytes:
    """An offer of one audio stream, PCMU or PCMA. `session` is the number of the session in its o= line."""
    return _written([*_session(host, session), "t=0 0", *audio(list(CODECS), "sendrecv")])


def answer(sdp: bytes, host: str, session: int) -> bytes:
    """The answer to an offer: each of its streams accepted, or refused by port 0. Raises `NothingInCommon`."""
    offered = Description.read(sdp)
    if offered.streams and not any(stream.common for stream in offered.streams):
        raise NothingInCommon("no stream of the offer can be accepted", rfc="3264 6")
    # "For each "m=" line in the offer, there MUST be a corresponding "m=" line in the answer." and "The "t=" line in
    # the answer MUST equal that of the offer." (RFC 3264 6)
    streams = [line for stream in offered.streams for line in stream.answered()]
    return _written([*_session(host, session), *(offered.times or ["t=0 0"]), *streams])


def audio(formats: list[str], direction: str) -> list[str]:
    """The lines of an audio stream; the directions other than both ways are written out."""
    lines = [f"m=audio {PORT} RTP/AVP {' '.join(formats)}"]
    lines += [f"a=rtpmap:{each} {CODECS[each]}" for each in formats]
    return lines if direction == "sendrecv" else [*lines, f"a={direction}"]


def summary(sdp: bytes) -> str:
    """What a description has, in a few words: `PCMU PCMA`."""
    codecs = [CODECS.get(each, each) for stream in Description.read(sdp).streams for each in stream.formats]
    return " ".join(codec.partition("/")[0] for codec in codecs) or "no streams"


def _session(host: str, session: int) -> list[str]:
    kind = "IP6" if ":" in host else "IP4"
    return ["v=0", f"o=- {session} 1 IN {kind} {host}", "s=-", f"c=IN {kind} {host}"]


def _written(lines: list[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8")
