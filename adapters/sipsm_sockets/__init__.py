"""The sockets of an agent: those that it is reached at, and its connections, over TLS too. None of them ever blocks."""

from __future__ import annotations

from sipsm_sockets.finished import Finished
from sipsm_sockets.listening import listening_sockets
from sipsm_sockets.ready import Ready, ReadyAgent
from sipsm_sockets.securing import Secured, TlsContexts, tls_contexts
from sipsm_sockets.stream import Accepting, Stream, connecting

__all__ = [
    "Accepting",
    "Finished",
    "Ready",
    "ReadyAgent",
    "Secured",
    "Stream",
    "TlsContexts",
    "connecting",
    "listening_sockets",
    "tls_contexts",
]
