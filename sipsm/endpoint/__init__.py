"""The endpoint: bytes and time in, actions and events out; and the whole of it as bytes."""

from __future__ import annotations

from sipsm.endpoint.endpoint import Endpoint
from sipsm.endpoint.proxy import Proxy, ProxyEvent, ProxyOutput
from sipsm.endpoint.snapshot import restore, restore_proxy, save
from sipsm.endpoint.watcher import Watcher

__all__ = ["Endpoint", "Proxy", "ProxyEvent", "ProxyOutput", "Watcher", "restore", "restore_proxy", "save"]
