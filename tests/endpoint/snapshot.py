"""All that an endpoint and a call hold, as values that can be compared: what a refused command must not touch."""

from __future__ import annotations

from typing import Any

import attrs

from sipsm import Call, Endpoint
from sipsm.message.message import Message

NOT_STATE = {"agent", "watched_at", "times"}


class Plain:
    """Makes values that equal others exactly when everything inside does; an object is gone into once."""

    def __init__(self) -> None:
        self.seen: set[int] = set()

    def of(self, x: Any) -> Any:
        """The value of anything."""
        if isinstance(x, Message):
            return bytes(x)
        if attrs.has(type(x)):
            if id(x) in self.seen:
                return (type(x).__name__, id(x))
            self.seen.add(id(x))
            fields = [field.name for field in attrs.fields(type(x)) if field.name not in NOT_STATE]
            return (type(x).__name__, *((name, self.of(getattr(x, name))) for name in fields))
        if isinstance(x, dict):
            return [(self.of(key), self.of(value)) for key, value in x.items()]
        if isinstance(x, list | tuple):
            return [self.of(value) for value in x]
        return x


def snapshot(endpoint: Endpoint, *calls: Call) -> Any:
    """Everything in an endpoint, and in calls that it may have forgotten."""
    agent, transactions = endpoint._agent, endpoint._transactions
    plain = Plain().of
    return {
        "next timeout": endpoint.next_timeout(),
        "calls": [plain(call) for call in dict.fromkeys([*agent.calls.all, *calls])],
        "up": [id(call) for call in agent.calls.all],
        "dialogs": plain(agent.calls.dialogs),
        "incoming": plain(agent.calls.incoming),
        "ended": plain(agent.calls.ended),
        "messages": plain(agent.messaging.lines),
        "unsent": plain(agent.messaging.unsent),
        "publications": [plain(each) for each in agent.publishing.all],
        "published": plain(agent.compositor.store.held),
        "registrations": [plain(each) for each in agent.registrations.all],
        "registered": plain(agent.registrar.location.held),
        "clients": plain(transactions.clients),
        "clients on connections": [(flow, plain(those)) for flow, those in transactions.clients_on.items()],
        "servers": plain(transactions.servers),
        "resolving": plain(endpoint._sending.waiting),
        "deliveries": plain(endpoint._sending.deliveries),
        "responses": plain(endpoint._sending.responses),
        "connections": plain(endpoint._flows.connections),
        "opening": plain(endpoint._flows.opening),
        "used": plain(endpoint._flows._users),
        "unfinished": endpoint.unfinished,
    }
