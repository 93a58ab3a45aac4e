"""All that an endpoint and a call hold, as values that can be compared: what a refused command must not touch."""

from __future__ import annotations

from typing import Any

import attrs

from sipsm import Call, Endpoint
from sipsm.machine import Machine
from sipsm.message.message import Message

NOT_STATE = {"agent", "wiring", "watched_at", "times"}


def plain(x: Any) -> Any:
    """A value that equals another one exactly when everything inside does."""
    if isinstance(x, Message):
        return bytes(x)
    if isinstance(x, Machine) or (attrs.has(type(x)) and not isinstance(x, Call)):
        fields = [field.name for field in attrs.fields(type(x)) if field.name not in NOT_STATE]
        return (type(x).__name__, *((name, plain(getattr(x, name))) for name in fields))
    if isinstance(x, Call):
        return id(x)
    if isinstance(x, dict):
        return [(plain(key), plain(value)) for key, value in x.items()]
    if isinstance(x, list | tuple):
        return [plain(value) for value in x]
    return x


def state_of(call: Call) -> Any:
    """A call, with every machine, timer and number of it."""
    fields = [field.name for field in attrs.fields(Call) if field.name not in NOT_STATE]
    return [(name, plain(getattr(call, name))) for name in fields]


def snapshot(endpoint: Endpoint, *calls: Call) -> Any:
    """Everything in an endpoint, and in calls that it may have forgotten."""
    agent, transactions = endpoint._agent, endpoint._transactions
    return {
        "next timeout": endpoint.next_timeout(),
        "calls": [state_of(call) for call in dict.fromkeys([*agent.calls, *calls])],
        "up": [id(call) for call in agent.calls],
        "dialogs": plain(agent.dialogs),
        "incoming": plain(agent.incoming),
        "clients": plain(transactions.clients),
        "servers": plain(transactions.servers),
        "resolving": plain(endpoint._sending.waiting),
        "deliveries": plain(endpoint._sending.deliveries),
        "responses": plain(endpoint._sending.responses),
        "connections": plain(endpoint._flows.connections),
        "opening": plain(endpoint._flows.opening),
        "used": plain(endpoint._flows._users),
        "unfinished": endpoint.unfinished,
    }
