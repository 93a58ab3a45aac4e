"""Which transaction a message belongs to: the key under which it is kept.

RFC 3261 17.1.3 (responses) and 17.2.3 (requests, those of RFC 2543 clients too).
"""

from __future__ import annotations

from zlib import crc32

from sipsm.grammar.tokens import unbracketed
from sipsm.ids import MAGIC_COOKIE
from sipsm.message import Request, Response
from sipsm.transaction.base import Key


def client_key(message: Request | Response, method: str | None = None) -> Key:
    """The key of a client transaction, from its request or from any response to it, whose method may be known.

    "1. If the response has the same value of the branch parameter in the top Via header field as the branch
    parameter in the top Via header field of the request that created the transaction. 2. If the method parameter
    in the CSeq header field matches the method of the request that created the transaction." (RFC 3261 17.1.3)
    """
    if method is None:
        method = message.method if isinstance(message, Request) else message.cseq.method
    # As the slots have it, where it has been read: this is done for every message.
    via = message._via
    return f"{(message.branch if via is None else via._branch) or ''} {method}"


def server_key(request: Request, method: str | None = None, to_tag: str | None = None) -> Key:
    """The key of a server transaction, from its request, a repeat of it, or its ACK (RFC 3261 17.2.3).

    With `method`, that of the same client's request of another method: the INVITE that a CANCEL means (9.2). With
    `to_tag`, as if the request's To had this one, which is the matter of RFC 2543 clients only.
    """
    # As the slots have it: this is done for every request.
    via = request._via or request.via
    if method is None:
        method = request.method
        if method == "ACK":
            method = "INVITE"
    branch = via._branch
    if branch is not None and branch.startswith(MAGIC_COOKIE) and branch != MAGIC_COOKIE:
        host = via._host
        return f"{branch} {(unbracketed(host) if host[0] == '[' else host).lower()}:{via._port or ''} {method}"
    # "If the branch parameter in the top Via header field is not present, or does not contain the magic cookie,
    # the following procedures are used."
    return "\n".join(
        (
            str(request.uri),
            request.from_tag or "",
            (request.to_tag or "") if to_tag is None else to_tag,
            request.call_id,
            str(request.cseq.number),
            f"{via.transport} {via.host.lower()}:{via.port or ''};{branch or ''}",
            method,
        )
    )


def identity(request: Request) -> int | None:
    """A checksum of what the copies of a request that come by different ways have in common (RFC 3261 8.2.2.2).

    None for a request within a dialog, where there are none, and for a CANCEL, of which each way has its own.
    """
    # "If the request has no tag in the To header field, the UAS core MUST check the request against ongoing
    # transactions." (RFC 3261 8.2.2.2)
    if request.to_tag is not None or request.method == "CANCEL":
        return None
    return crc32(_in_common(request).encode("utf-8", "surrogateescape"))


def is_copy(request: Request, of: Request | Response) -> bool:
    """Whether a request is the same as another, known by itself or by its response, but for the way that it took."""
    return _in_common(request) == _in_common(of)


def _in_common(message: Request | Response) -> str:
    # "the From tag, Call-ID, and CSeq" (RFC 3261 8.2.2.2); none of them has a line end in it.
    number, method = message.cseq
    return f"{message.call_id}\n{message.from_tag}\n{number} {method}"


def is_rfc2543(key: Key) -> bool:
    """Whether a server transaction's key was made by the rules for clients without the magic cookie."""
    return "\n" in key
