"""The endpoint: bytes and time in, actions and events out."""

from __future__ import annotations

from sipsm.endpoint.endpoint import Endpoint, Watcher

__all__ = ["Endpoint", "Watcher"]
