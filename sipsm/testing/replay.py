"""A taped run done again: the same endpoints, the same things put into them, and the same bytes must come out."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import Any

from sipsm.endpoint import Endpoint
from sipsm.endpoint.snapshot import restore
from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.ids import Ids
from sipsm.standalone.composing import Composing
from sipsm.standalone.registering import Registering
from sipsm.testing.tape import ACTIONS, COMMANDS, FORMAT, SETTINGS, TUPLES, Known, held, shown
from sipsm.trace import Ladder, Recorder, ladder
from sipsm.transport import Address, Listening


class ReplayDiffers(AssertionError):
    """A taped run came out differently. Its text names the line of the tape, what stands there, and what came."""


def replay(
    tape: str,
    *,
    make: Callable[..., Any] = Endpoint,
    restore: Callable[..., Any] = restore,
    decimals: int = 1,
    explain: bool = False,
) -> Ladder:
    """Do a taped run again, and return its picture: see `Net.ladder`.

    `make` and `restore` make the endpoints, if it is not `Endpoint` and its snapshots. Raises `ReplayDiffers` at the
    first thing that comes out differently, and `ValueError` for what is no tape, or no whole one.
    """
    lines = tape.splitlines()
    head = json.loads(lines[0]) if lines else {}
    if head.get("tape") != FORMAT:
        raise ValueError(f"this is no tape of format {FORMAT}: it begins with {lines[:1]}")
    player = Player(make, restore)
    for number, line in enumerate(lines[1:], 2):
        try:
            player.play(json.loads(line))
        except ReplayDiffers as error:
            so_far = ladder(player.recorder.records, start=head["start"], decimals=3, names=player.names)
            raise ReplayDiffers(f"line {number}: {error}\nbefore it:\n{so_far}") from None
    records = player.recorder.records
    return ladder(records, start=head["start"], decimals=decimals, names=player.names, explain=explain)


class Player:
    """The endpoints of a tape, and what they have done so far."""

    def __init__(self, make: Callable[..., Any], restore: Callable[..., Any]) -> None:
        self.recorder = Recorder()
        self.names: dict[Address, str] = {}
        """Who is at which address."""
        self._make = make
        self._restore = restore
        self._made: dict[str, dict[str, Any]] = {}
        self._endpoints: dict[str, Any] = {}
        self._known: dict[str, Known] = {}

    def play(self, entry: dict[str, Any]) -> None:
        """Do what one line says."""
        if "agent" in entry:
            self._made[entry["agent"]] = entry
            self.names |= {Listening.parse(local).address: entry["agent"] for local in entry["local"]}
            self._begin(entry["agent"], entry["source"], None)
        elif "returns" in entry:
            self._begin(entry["who"], entry["source"], entry["returns"])
        elif "in" in entry:
            self._step(entry["who"], entry["at"], entry)

    def _begin(self, who: str, source: str, saved: str | None) -> None:
        own: dict[str, Any] = {"ids": Ids(Random(source)), "watcher": self.recorder.watcher(who)}
        known = self._known[who] = Known()
        if saved is not None:
            endpoint = self._endpoints[who] = self._restore(b64decode(saved), **own)
            own["ids"].source.seed(source)
            known.meet(held(endpoint))
        else:
            made = self._made[who]
            settings = {key: SETTINGS[key](**_settings(value)) for key, value in made["settings"].items()}
            self._endpoints[who] = self._make(*made["local"], **own, **settings)

    def _step(self, who: str, at: float, entry: dict[str, Any]) -> None:
        known = self._known[who]
        name, args, options = entry["in"]
        if name == "?":
            raise ReplayDiffers(f"{who} was given a command behind the back of its agent, which the tape does not know")
        of = read(entry["of"], known) if "of" in entry else self._endpoints[who]
        if "of" in entry or name in COMMANDS:
            self.recorder.asked(who, name, at)
        try:
            done = getattr(of, name)(*read(args, known), **read(options, known), now=at)
        except LocalProtocolError as error:
            if "refused" in entry:
                return
            raise ReplayDiffers(f"{who} at {at}: {name} is refused now: {error}") from None
        beside, outputs = done if isinstance(done, tuple) else (None, done)
        # A net asks each endpoint for its deadline after every step, and equal deadlines take their order from that.
        self._endpoints[who].next_timeout()
        known.meet((beside, *outputs))
        came = [shown(output, known) for output in outputs]
        expected = entry.get("out", ["a refusal"])
        wanted = [_bare(output) for output in expected]
        if came != wanted:
            raise ReplayDiffers(f"{who} at {at}: {name} gave\n  {came}\nand on the tape it gave\n  {wanted}")
        for output in expected:
            if "arrives" in output:
                flow = read({"Flow": output["flow"]}, known)
                self.recorder.carried(who, flow, output["Send"].encode("latin-1"), tuple(output["arrives"]), at)


def _settings(kept: dict[str, Any]) -> dict[str, Any]:
    """The parts of a setting, from what a tape keeps of them."""
    return {name: _setting(part) for name, part in kept.items()}


def _setting(part: Any) -> Any:
    if isinstance(part, list):
        return [_setting(each) for each in part]
    if isinstance(part, dict):
        known = next((each for each in (Composing, Registering) if each.__name__ in part), None)
        return read(part, Known()) if known is None else known(**_settings(part[known.__name__]))
    return part


def _bare(output: Any) -> Any:
    """Without what became of it in the network."""
    return {key: value for key, value in output.items() if key != "arrives"} if isinstance(output, dict) else output


def read(value: Any, known: Known) -> Any:
    """A value that goes into an endpoint, from what `written` made of it."""
    if isinstance(value, list):
        return tuple(read(part, known) for part in value)
    if not isinstance(value, dict):
        return value
    ((kind, part),) = value.items()
    if kind == "bytes":
        return part.encode("latin-1")
    if kind == "Uri":
        return Uri.parse(part)
    if kind == "date":
        return datetime.fromisoformat(part)
    if kind == "call":
        return known.calls[part]
    if kind == "handle":
        return known.handles[part]
    if kind == "dialog":
        return known.calls[part[0]].legs[part[1]]
    if kind == "send":
        return known.sends[part]
    if kind == "options":
        return {name: read(option, known) for name, option in part.items()}
    if kind in ACTIONS:
        return ACTIONS[kind](**{name: read(field, known) for name, field in part.items()})
    return TUPLES[kind](*read(part, known))
