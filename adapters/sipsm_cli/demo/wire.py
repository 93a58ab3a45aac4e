"""What bob's process tells its parent: records, the time, and in the end his story; each a line of JSON."""

from __future__ import annotations

from typing import Any

from attrs import asdict

from sipsm import Flow
from sipsm.trace import Arrived, Asked, Left, Moved, Record

KINDS: dict[str, type[Record]] = {kind.__name__: kind for kind in (Arrived, Asked, Left, Moved)}


def to_plain(record: Record) -> dict[str, Any]:
    """A record as values that JSON knows."""
    plain = {"kind": type(record).__name__, **asdict(record, recurse=False)}
    if "data" in plain:
        plain["data"] = plain["data"].decode("latin-1")
    return plain


def from_plain(plain: dict[str, Any]) -> Record:
    """What `to_plain` gave, after JSON has made lists of its tuples."""
    values = {name: value for name, value in plain.items() if name != "kind"}
    if "data" in values:
        transport, local, remote, *name = values["flow"]
        values["flow"] = Flow(transport, tuple(local), tuple(remote), *name)
        values["data"] = values["data"].encode("latin-1")
    if "timers" in values:
        values["timers"] = tuple((letter, at) for letter, at in values["timers"])
    return KINDS[plain["kind"]](**values)
