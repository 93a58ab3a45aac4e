"""The sockets of an agent: those that it is reached at, and its connections. None of them ever blocks."""

from __future__ import annotations

from sipsm_sockets.finished import Finished
from sipsm_sockets.listening import listening_sockets
from sipsm_sockets.ready import Ready, ReadyAgent
from sipsm_sockets.stream import Accepting, Stream, check_connected, connecting

__all__ = [
    "Accepting",
    "Finished",
    "Ready",
    "ReadyAgent",
    "Stream",
    "check_connected",
    "connecting",
    "listening_sockets",
]
