"""Which transaction a message belongs to: the key under which it is kept.

RFC 3261 17.1.3 (responses) and 17.2.3 (requests, those of RFC 2543 clients too).
"""

from __future__ import annotations

from sipsm.ids import MAGIC_COOKIE
from sipsm.message import Request, Response
from sipsm.transaction.base import Key


def client_key(message: Request | Response) -> Key:
    """The key of a client transaction, from its request or from any response to it.

    "1. If the response has the same value of the branch parameter in the top Via header field as the branch
    parameter in the top Via header field of the request that created the transaction. 2. If the method parameter
    in the CSeq header field matches the method of the request that created the transaction." (RFC 3261 17.1.3)
    """
    return (message.branch or "", message.cseq.method)


def server_key(request: Request, *, method: str | None = None, to_tag: str | None = None) -> Key:
    """The key of a server transaction, from its request, a repeat of it, or its ACK (RFC 3261 17.2.3).

    With `method`, that of the same client's request of another method: the INVITE that a CANCEL means (9.2). With
    `to_tag`, as if the request's To had this one, which is the matter of RFC 2543 clients only.
    """
    via = request.via
    method = method or ("INVITE" if request.method == "ACK" else request.method)
    branch = via.branch
    if branch is not None and branch.startswith(MAGIC_COOKIE) and len(branch) > len(MAGIC_COOKIE):
        return (branch, via.host.lower(), str(via.port or ""), method)
    # "If the branch parameter in the top Via header field is not present, or does not contain the magic cookie,
    # the following procedures are used."
    return (
        str(request.uri),
        request.from_tag or "",
        (request.to_tag or "") if to_tag is None else to_tag,
        request.call_id,
        str(request.cseq.number),
        f"{via.transport} {via.host.lower()}:{via.port or ''};{branch or ''}",
        method,
    )


def is_rfc2543(key: Key) -> bool:
    """Whether a server transaction's key was made by the rules for clients without the magic cookie."""
    return len(key) == 7
