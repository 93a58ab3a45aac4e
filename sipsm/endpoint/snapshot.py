"""Snapshots: the whole state of an endpoint as bytes, from which it goes on in another process.

The bytes are two lines of text, then JSON: what this is, its format and the sipsm that made it; the BLAKE2b digest of
everything else; and the graph of the state, in the notation of `sipsm.endpoint.graph`. The format's number changes
whenever an older sipsm would misunderstand a newer snapshot, or the other way round. Other fields of a class need no
other number: the graph names those of each, and is refused where they are not the ones known here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import blake2b
from typing import Any, Final, TypeVar

from sipsm.endpoint.element import Element
from sipsm.endpoint.endpoint import Endpoint
from sipsm.endpoint.graph import Reader, Writer
from sipsm.endpoint.proxy import Proxy
from sipsm.endpoint.state import CONFIG, KINDS, PROXY_CONFIG, TIMERS, config_of, enter
from sipsm.endpoint.watcher import Watcher
from sipsm.errors import LocalProtocolError, SnapshotError
from sipsm.ids import Ids
from sipsm.proxy import Route

E = TypeVar("E", bound=Element[Any])

FORMAT: Final = 1
"""The format that is written, and the only one that is read."""
SECRET_BYTES: Final = 16
VERSION: Final = "0.1.0"
"""The sipsm that writes; told to whoever cannot read what it wrote."""


def save(endpoint: Endpoint | Proxy) -> bytes:
    """The whole state of an endpoint: its calls, transactions and dialogs, with their timers, and its settings.

    Of a proxy: the requests that it forwards.

    Nothing of the endpoint changes. Outputs that it has returned are not in it: perform them, or keep them beside it.
    The bytes hold all that is known of its calls, a secret of its own, and the passwords that it was given: who must
    not know these must not have them.
    Raises `SnapshotError` when the state of its source of randomness cannot be written.
    """
    writer = Writer(KINDS)
    writer.text(endpoint)
    writer.finish()
    config = {name: writer.text(setting) for name, setting in config_of(endpoint).items()}
    timers = writer.text(
        tuple(
            # Nothing wakes who is over and done with, and holds no timer.
            (at, who)
            for at, who in endpoint._agenda.entries()
            if writer.has(who) or who.deadline is not None
        )
    )
    chance = writer.text(_state_of(endpoint._ids.source))
    writer.finish()
    rest = _object(
        kinds=json.dumps(writer.kinds),
        config=_object(**config),
        timers=timers,
        chance=chance,
        values=_lines(writer.values),
        objects=_lines(writer.objects),
    ).encode()
    first = f"sipsm snapshot {FORMAT} {VERSION}\n".encode()
    return b"".join((first, _digest(first, rest), b"\n", rest))


def restore(data: bytes, *, ids: Ids | None = None, watcher: Watcher | None = None) -> Endpoint:
    """The endpoint that was saved; it gives the same outputs as if it had never stopped.

    `now` must go on from the origin that it had. The calls are in `endpoint.calls`. Branches, tags and Call-IDs go on
    as well when they came from a source that has a state, such as `random.Random`, and `ids` has one of that kind; else
    they are new. Raises `SnapshotError` for bytes that are not a whole snapshot, or of another format than `FORMAT`.
    """
    return _read(data, Endpoint, CONFIG, ids or Ids(), watcher=watcher)


def restore_proxy(
    data: bytes, *, route: Route | None = None, ids: Ids | None = None, watcher: Watcher | None = None
) -> Proxy:
    """The proxy that was saved, likewise. `route` is its routing function, which is not in the snapshot.

    The requests that wait for the application to say where they go are in `proxy.undecided`.
    """
    return _read(data, Proxy, PROXY_CONFIG, ids or Ids(), watcher=watcher, route=route)


def _read(data: bytes, make: Callable[..., E], settings: Mapping[str, Any], ids: Ids, **own: Any) -> E:
    text = _checked(data)
    try:
        try:
            graph = json.loads(text)
        except ValueError as error:
            raise SnapshotError(f"the snapshot is no JSON: {error}") from None
        return _restored(graph, make, settings, ids, own)
    except RecursionError:
        raise SnapshotError("the snapshot is nested too deeply") from None


def _restored(graph: Any, make: Callable[..., E], known: Mapping[str, Any], ids: Ids, own: Mapping[str, Any]) -> E:
    if type(graph) is not dict or graph.keys() != {"config", "timers", "chance", "kinds", "values", "objects"}:
        raise SnapshotError("the snapshot lacks a part")
    reader = Reader(KINDS, graph["kinds"], graph["values"])
    settings = graph["config"]
    if type(settings) is not dict or settings.keys() != known.keys():
        raise SnapshotError("the snapshot lacks a setting of the endpoint")
    config = {name: reader.read(settings[name], hint) for name, (_, hint) in known.items()}
    try:
        endpoint = make(*config.pop("listening"), **config, **own, ids=ids)
    except LocalProtocolError as error:
        raise SnapshotError(f"the snapshot is of an endpoint that cannot be: {error}") from None
    objects = reader.fill(graph["objects"], endpoint)
    if len(endpoint._secret) != SECRET_BYTES:
        raise SnapshotError("the snapshot has a secret that is none")
    enter(endpoint._agenda, reader.read(graph["timers"], TIMERS), objects)
    chance = reader.read(graph["chance"], object)
    if chance is not None and (setstate := getattr(ids.source, "setstate", None)) is not None:
        try:
            setstate(chance)
        except (TypeError, ValueError, OverflowError) as error:
            raise SnapshotError(f"the source of randomness is not of the kind of the saved one: {error}") from None
    return endpoint


def _object(**members: str) -> str:
    return "{" + ",\n".join(f'"{name}":{text}' for name, text in members.items()) + "}"


def _lines(entries: list[str]) -> str:
    return "[" + ",\n".join(entries) + "]"


def _state_of(source: object) -> Any:
    """The state of a source of randomness, or None when it has none."""
    # `random.SystemRandom` has the method, and raises.
    with suppress(AttributeError, NotImplementedError):
        return source.getstate()  # type: ignore[attr-defined]
    return None


_first_line = re.compile(rb"sipsm snapshot ([0-9]{1,9}) ([!-~]{1,40})\n").match


def _checked(data: bytes) -> bytes:
    """The JSON of a snapshot that is whole and of the right format."""
    match = _first_line(data)
    if match is None:
        raise SnapshotError("this is no snapshot of an endpoint: it does not begin as one")
    if int(match[1]) != FORMAT:
        by = match[2].decode()
        raise SnapshotError(f"the snapshot has format {int(match[1])}, by sipsm {by}; only {FORMAT} can be read here")
    digest, _, rest = data[match.end() :].partition(b"\n")
    if digest != _digest(match[0], rest):
        raise SnapshotError("the snapshot is damaged: its bytes do not have the digest that it names")
    return rest


def _digest(first: bytes, rest: bytes) -> bytes:
    return blake2b(first + rest, digest_size=32).hexdigest().encode()
