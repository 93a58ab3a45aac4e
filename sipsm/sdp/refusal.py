"""An answer that refuses every stream of an offer (RFC 3264 6).

For the session that is not wanted any more when the offer comes, but whose ACK must carry an answer all the same.
"""

from __future__ import annotations


def refuse_all(offer: bytes) -> bytes:
    """The answer to `offer` in which each stream's port is zero.

    Session-level lines that an answer must share (version, times) are the offer's; o= and s= are a null session's.
    """
    # "For each "m=" line in the offer, there MUST be a corresponding "m=" line in the answer." And: "To reject an offered
    # stream, the port number in the corresponding stream in the answer MUST be set to zero." (RFC 3264 6)
    lines = offer.replace(b"\r\n", b"\n").split(b"\n")
    times = [line for line in lines if line.startswith(b"t=")] or [b"t=0 0"]
    answer = [b"v=0", b"o=- 0 0 IN IP4 0.0.0.0", b"s=-", *times]
    for line in lines:
        if line.startswith(b"m="):
            words = line.split()
            answer.append(b" ".join([words[0], b"0", *words[2:]]))
    return b"".join(line + b"\r\n" for line in answer)
