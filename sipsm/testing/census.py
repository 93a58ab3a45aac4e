"""What an endpoint holds, counted: when all is over, nothing must be left."""

from __future__ import annotations

from typing import Any

from sipsm.endpoint import Endpoint, Proxy
from sipsm.testing.invariants import InvariantBroken
from sipsm.testing.net import Net


def census(endpoint: Any) -> dict[str, int]:
    """How much an endpoint holds, by kind. All is 0 when nothing is left. Of what is no `Endpoint`, only deadlines."""
    deadlines = {"deadlines": 0 if endpoint.next_timeout() is None else 1}
    if not isinstance(endpoint, Endpoint | Proxy):
        return deadlines
    transactions, sending = endpoint._transactions, endpoint._sending
    held = deadlines | {
        "client transactions": len(transactions.clients),
        "server transactions": len(transactions.servers),
        "unfinished transactions": endpoint.unfinished,
        "requests on their way": len(sending.deliveries) + len(sending.waiting),
        "responses on another way": len(sending.responses),
        "connections": len(endpoint.flows) + len(endpoint.opening),
        "users of connections": len(endpoint._flows._users),
    }
    if isinstance(endpoint, Proxy):
        return held | {"requests that are forwarded": endpoint.forwarding}
    agent = endpoint._agent
    return held | {
        "calls": len(endpoint.calls),
        "incoming calls": len(agent.calls.incoming),
        "dialogs": len(agent.calls.dialogs) + len(agent.dialogs.all),
        "subscriptions": len(endpoint.subscriptions) + len(agent.subscriptions.attempts),
        "subscriptions of peers": len(endpoint.peer_subscriptions),
        "referrals of peers": len(endpoint.peer_referrals),
        "publications": len(endpoint.publications),
        "publications of peers": agent.compositor.store.entries + len(agent.compositor.undecided),
        "registrations": len(endpoint.registrations),
        "bindings": len(agent.registrar.alarms) + len(agent.registrar.undecided),
        "places with messages": len(agent.messaging.lines),
    }


def nothing_left(net: Net) -> None:
    """After `net.run()` to the end, no endpoint that is there holds anything, and there is no connection.

    Raises `InvariantBroken` where it is not so.
    """
    left = {
        agent.name: held
        for agent in net.agents.values()
        if agent.up and (held := {kind: count for kind, count in census(agent.endpoint).items() if count})
    }
    if connections := len(net.streams):
        left["the network"] = {"connections": connections}
    if left:
        net.noted = True
        raise InvariantBroken(f"nothing_left: {left}\n{net.account()}")
