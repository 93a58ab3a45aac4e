"""What is true of any body of an event package: it is a document of its type, or RemoteProtocolError."""

from __future__ import annotations

import pickle
from typing import Any

from sipsm.errors import RemoteProtocolError
from sipsm.message.bodies import SipFrag
from sipsm.packages import PACKAGES, merge, read_document
from sipsm.packages.partial import PartialDocument
from tests.fuzz.attempt import attempt

TYPES = tuple(package.types[0] for package in PACKAGES.values())
"""The types of bodies of all packages."""


def documented(body: bytes, types: tuple[str, ...] = TYPES) -> set[str]:
    """Bytes that are a document say the same when written again, and are a state, alone or after themselves.

    Returns of which of the types they are.
    """
    found = set()
    for kind in types:
        document: Any = attempt(lambda: read_document(kind, body), len(body))  # noqa: B023
        if isinstance(document, RemoteProtocolError):
            continue
        assert document is not None, kind
        found.add(kind)
        assert read_document(kind, bytes(document)) == document
        assert pickle.loads(pickle.dumps(document)) == document
        if isinstance(document, PartialDocument):
            merge(merge(None, document).state, document)
        if isinstance(document, SipFrag):
            _ = document.status, document.reason, document.headers
    assert read_document("text/plain", body) is None
    return found
