"""`sipsm notifier`: take subscriptions, and tell one state, or with `--publish` what is published (RFC 6665, 3903)."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from sipsm import (
    Dropped,
    Event,
    IncomingCall,
    LocalProtocolError,
    MessageReceived,
    PeerSubscriptionEnded,
    PeerSubscriptionState,
    StatePublished,
    SubscriptionRequested,
    Uri,
    address_of_record,
    compose_presence,
)
from sipsm.grammar.tokens import bracketed
from sipsm.transport.locate import SERVICES
from sipsm_asyncio import UserAgent
from sipsm_cli.arguments import Options
from sipsm_cli.exits import Exit
from sipsm_cli.report import Report
from sipsm_cli.serving import UNWORTHY, first_of


class Notifying:
    """The server, at one or several addresses."""

    def __init__(self, agents: list[UserAgent], options: Options, report: Report) -> None:
        self.agents = agents
        self.options = options
        self.report = report
        self.over = asyncio.Event()

    async def until_ended(self) -> Exit:
        """Serve until told to end."""
        await first_of([*map(self._serve, self.agents), self.over.wait()])
        return Exit.DONE

    def end(self) -> None:
        """Tell all who have subscribed that nothing more will come."""
        for agent in self.agents:
            for subscription in agent.peer_subscriptions:
                with suppress(LocalProtocolError):
                    # One that nobody has answered yet is not waited for.
                    subscription.terminate("noresource")
        self.over.set()

    async def _serve(self, agent: UserAgent) -> None:
        async for event in agent:
            self._told(agent, event)

    def _told(self, agent: UserAgent, event: Event) -> None:
        match event:
            case SubscriptionRequested():
                self._asked(agent, event)
            case PeerSubscriptionEnded(subscription, reason):
                self.report.subscription(subscription, "terminated", reason.value)
            case StatePublished():
                self._published(agent, event)
            case IncomingCall(call=call):
                agent.bound(call).reject(603)
            case MessageReceived(call=None, request=request):
                self.report.message(None, request)
            case Dropped(reason, why):
                if reason not in UNWORTHY:
                    self.report.dropped(reason.value, why)
            case _:
                pass

    def _asked(self, agent: UserAgent, event: SubscriptionRequested) -> None:
        """Somebody subscribes: he is told the state, or that it is of no type that he understands."""
        # It may have been there too long before we came to it.
        if event.subscription.state is not PeerSubscriptionState.ASKED:
            return
        subscription = agent.bound(event.subscription)
        try:
            resource = address_of_record(Uri.parse(subscription.resource))
            subscription.accept(*self._state(agent, resource, subscription.event))
        except LocalProtocolError:
            subscription.reject(406)
        else:
            self.report.subscription(event.subscription, subscription.state.value)

    def _published(self, agent: UserAgent, event: StatePublished) -> None:
        """What somebody has published goes to all who watch him, and understand it."""
        told = {name: self._state(agent, name, event.event) for name in names(agent, event.address)}
        for subscription in agent.peer_subscriptions:
            if subscription.event != event.event or subscription.state is not PeerSubscriptionState.ACTIVE:
                continue
            state = told.get(address_of_record(Uri.parse(subscription.resource)))
            if state is not None:
                with suppress(LocalProtocolError):
                    subscription.notify(*state)

    def _state(self, agent: UserAgent, resource: Uri, package: str) -> tuple[bytes, str | None]:
        """What is told of somebody: what has been published, composed as the package has it, else the same of all."""
        known = names(agent, resource) if self.options.publish else ()
        states = [state for name in known for state in agent.endpoint.published(name, package)]
        if not states:
            return self.options.state, self.options.type
        if package == "presence":
            presence = compose_presence(resource, states)
            return bytes(presence), presence.content_type
        return states[-1].body, states[-1].content_type


def names(agent: UserAgent, resource: Uri) -> tuple[Uri, ...]:
    """All that somebody is called here: who is at one of the agent's own addresses is at all of them."""
    own = dict.fromkeys(each.advertised for each in agent.listening)
    usual = SERVICES["TLS" if resource.scheme == "sips" else "UDP"].port
    if (resource.host, resource.port or usual) not in own:
        return (resource,)
    ports = [(host, each) for host, port in own for each in ((port, None) if port == usual else (port,))]
    return tuple(Uri.build(resource.scheme, resource.user, host=bracketed(host), port=port) for host, port in ports)
