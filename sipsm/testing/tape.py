"""A run on tape: what went into each endpoint, what came out, and when. Plain JSON, one line for each thing.

A tape holds all that `sipsm.testing.replay` needs to do it again, byte for byte: no network, no chance, and nothing of
the program that gave the commands. So it can be kept, sent to somebody, and compared line by line.

The first line is `{"tape": 1, "seed": ..., "start": ...}`. An agent is `{"agent": ...}`. What happens to one is
`{"at": ..., "who": ..., "in": [function, arguments, options], "out": [...]}`: the function of its endpoint, or of one
of its calls, and what it returned. Bytes are texts in which each character is one byte (ISO 8859-1). A call is a
number, counted for each endpoint from 0; a dialog of it as well.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import asdict

from sipsm.endpoint import Endpoint
from sipsm.grammar import Uri
from sipsm.role import (
    Call,
    Limits,
    PeerReferral,
    PeerSubscription,
    Policy,
    Profile,
    Publication,
    PublishRequest,
    Referral,
    RegisterRequest,
    Registration,
    Subscription,
)
from sipsm.standalone.composing import Composing
from sipsm.standalone.registering import Registering
from sipsm.transaction import TimerValues
from sipsm.transport import (
    Close,
    Flow,
    FlowLimits,
    FlowTimes,
    KeepAlive,
    MessageLimits,
    Naptr,
    Open,
    Resolve,
    Send,
    Srv,
)
from sipsm.usage import Leg

FORMAT = 1
"""The version of what is written on a tape."""
SETTINGS: dict[str, type[Any]] = {
    "profile": Profile,
    "policy": Policy,
    "limits": Limits,
    "times": TimerValues,
    "message_limits": MessageLimits,
    "flow_limits": FlowLimits,
    "flow_times": FlowTimes,
    "keep_alive": KeepAlive,
}
"""What an endpoint can be made with that can be written."""
TUPLES: dict[str, type[Any]] = {"Flow": Flow, "Srv": Srv, "Naptr": Naptr}
HANDLES = (
    Subscription,
    PeerSubscription,
    Publication,
    PublishRequest,
    Referral,
    PeerReferral,
    Registration,
    RegisterRequest,
)
"""What a program has in hand beside calls, and gives commands to."""
COMMANDS = frozenset(
    {
        *("invite", "request", "message", "options", "subscribe", "publish", "refer"),
        *("register", "unregister", "query_bindings", "unbind"),
    }
)
"""The functions of an endpoint that a program calls as it likes."""
ACTIONS: dict[str, type[Any]] = {"Resolve": Resolve, "Open": Open, "Close": Close}


class Known:
    """What an endpoint has made so far and is named by its number: calls and the like, and what it has sent."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.handles: list[Any] = []
        self.sends: list[Send] = []

    def meet(self, values: Iterable[Any]) -> None:
        """Number what is new among the values, which came out of the endpoint."""
        for value in values:
            if isinstance(value, Send):
                self.sends.append(value)
            call = value if isinstance(value, Call) else getattr(value, "call", None)
            if isinstance(call, Call) and not any(call is known for known in self.calls):
                self.calls.append(call)
            named = (
                getattr(value, name, None)
                for name in ("subscription", "publication", "asked", "referral", "registration")
            )
            for handle in (value, *named):
                if isinstance(handle, HANDLES) and not any(handle is known for known in self.handles):
                    self.handles.append(handle)


class Tape:
    """Takes a run as it happens: `Net(tape=Tape())`."""

    def __init__(self) -> None:
        self._entries: list[dict[str, Any]] = []
        self._known: dict[str, Known] = {}
        self._open: dict[str, Any] | None = None
        """What has gone in, and nothing has come out yet."""
        self._sends: Iterator[dict[str, Any]] = iter(())
        """What came out last and has not been carried yet."""

    @property
    def text(self) -> str:
        """All that has happened, a line for each thing."""
        return "".join(json.dumps(entry) + "\n" for entry in self._entries)

    # ---------------------------------------------------------------- what a net says

    def begins(self, seed: int, start: float) -> None:
        """A network has been made."""
        self._entries.append({"tape": FORMAT, "seed": seed, "start": start})

    def joins(self, who: str, local: Sequence[str], source: str, settings: Mapping[str, Any]) -> None:
        """An agent is there, whose endpoint draws from `Random(source)`.

        Raises `ValueError` where the endpoint is made with something that cannot be written.
        """
        for key, value in settings.items():
            if not isinstance(value, SETTINGS.get(key, ())):
                raise ValueError(f"{who} is made with {key}={value!r}, which no tape can hold")
        kept = {key: _chosen(value) for key, value in settings.items()}
        self._known[who] = Known()
        self._entries.append({"agent": who, "local": list(local), "source": source, "settings": kept})

    def takes(self, who: str, now: float, name: str, args: Sequence[Any] = (), **options: Any) -> dict[str, Any]:
        """The function of this name is about to be called. Returns what is written of it."""
        known = self._known[who]
        given = [name, *(written(part, known) for part in (args, options))]
        self._open = {"at": now, "who": who, "in": given}
        self._entries.append(self._open)
        return self._open

    def asks(self, who: str, now: float, command: Callable[..., Any], args: Sequence[Any], options: Any) -> None:
        """A command is about to be given, to the endpoint, to a call, or to what else it has made."""
        of = getattr(command, "__self__", None)
        entry = self.takes(who, now, command.__name__, args, **options)
        if isinstance(of, (Call, *HANDLES)):
            entry["of"] = written(of, self._known[who])

    def refused(self) -> None:
        """The command was refused, and nothing came of it."""
        assert self._open is not None, "it was about to be given"
        self._open["refused"] = True
        self._open = None

    def gives(self, who: str, now: float, outputs: Sequence[Any], beside: Any = None) -> None:
        """What came out of it."""
        # A program may have called the endpoint by itself. What came of it can be seen, but not be done again.
        entry = self._open or self.takes(who, now, "?")
        known = self._known[who]
        known.meet((beside, *outputs))
        out = entry["out"] = [shown(output, known) for output in outputs]
        self._sends = (output for output in out if "Send" in output)
        self._open = None

    def carried(self, arrives: tuple[float, ...] | None) -> None:
        """When the next of what was sent arrives; None if it goes on a connection, which nobody knows beforehand."""
        sent = next(self._sends)
        if arrives is not None:
            sent["arrives"] = list(arrives)

    def crashes(self, who: str, now: float) -> None:
        """An endpoint is gone."""
        self._entries.append({"at": now, "who": who, "crashes": True})

    def returns(self, who: str, now: float, source: str, saved: bytes | None, held: Iterable[Any]) -> None:
        """There is one again: empty, or as it was saved, with these calls and the like."""
        self._known[who] = Known()
        self._known[who].meet(held)
        back = None if saved is None else b64encode(saved).decode()
        self._entries.append({"at": now, "who": who, "returns": back, "source": source})


def held(endpoint: Endpoint) -> list[Any]:
    """What an endpoint has that commands can be given to."""
    subscriptions = [*endpoint.subscriptions, *endpoint.peer_subscriptions, *endpoint.publications]
    referrals = [*endpoint.referrals, *endpoint.peer_referrals]
    agent = endpoint._agent
    asked = [*agent.compositor.undecided.values(), *endpoint.registrations, *agent.registrar.undecided.values()]
    return [*endpoint.calls, *subscriptions, *referrals, *asked]


def _plain(_of: object, _field: object, value: Any) -> Any:
    """A part of a setting, as JSON."""
    if isinstance(value, bytes):
        return {"bytes": value.decode("latin-1")}
    if isinstance(value, Uri):
        return {"Uri": str(value)}
    if isinstance(value, Composing | Registering):
        return {type(value).__name__: asdict(value, value_serializer=_plain)}
    return value


def _chosen(settings: Any) -> dict[str, Any]:
    """What of these settings is not as it is by default."""
    default, kept = type(settings)(), asdict(settings, value_serializer=_plain)
    return {name: part for name, part in kept.items() if getattr(settings, name) != getattr(default, name)}


def written(value: Any, known: Known) -> Any:
    """A value that goes into an endpoint, as JSON. Raises `ValueError` for one that no tape can hold."""
    kind = type(value).__name__
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes):
        return {"bytes": value.decode("latin-1")}
    if isinstance(value, Uri):
        return {"Uri": str(value)}
    if isinstance(value, datetime):
        return {"date": value.isoformat()}
    if kind in TUPLES:
        return {kind: [written(part, known) for part in value]}
    if kind in ACTIONS:
        return {kind: {name: written(part, known) for name, part in asdict(value, recurse=False).items()}}
    if isinstance(value, Call):
        return {"call": _number(value, known.calls)}
    if isinstance(value, HANDLES):
        return {"handle": _number(value, known.handles)}
    if isinstance(value, Leg):
        return {"dialog": [_number(value.call, known.calls), _number(value, value.call.legs)]}
    if isinstance(value, Send):
        return {"send": _number(value, known.sends)}
    if isinstance(value, Mapping):
        return {"options": {str(name): written(part, known) for name, part in value.items()}}
    if isinstance(value, list | tuple):
        return [written(part, known) for part in value]
    raise ValueError(f"no tape can hold {value!r}")


def _number(value: Any, among: Sequence[Any]) -> int:
    for number, known in enumerate(among):
        if known is value:
            return number
    raise ValueError(f"no tape can hold {value!r}, which did not come out of this endpoint")


def shown(output: Any, known: Known) -> dict[str, Any]:
    """What came out of an endpoint, as JSON: actions whole, events by what distinguishes them."""
    if isinstance(output, Send):
        return {"Send": output.data.decode("latin-1"), "flow": written(output.flow, known)["Flow"]}
    if type(output).__name__ in ACTIONS:
        action: dict[str, Any] = written(output, known)
        return action
    told: dict[str, Any] = {"event": type(output).__name__}
    call = getattr(output, "call", None)
    if call is not None:
        told |= written(call, known)
    for name in ("reason", "status", "why"):
        value = getattr(output, name, None)
        if value is not None:
            told[name] = str(value)
    return told
