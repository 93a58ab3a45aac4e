"""Running a command: its agents, its time limit, the signals that end it, its exit code."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Final, TypeVar

from sipsm import Composing, Listening, LocalProtocolError, Policy, Profile, Realm
from sipsm import Registering as Keeps
from sipsm.transport.flow import bracketed
from sipsm_asyncio import Proxy, UserAgent
from sipsm_cli.addresses import of_client, of_server
from sipsm_cli.arguments import Options
from sipsm_cli.asking import Asking
from sipsm_cli.calling import Calling
from sipsm_cli.exits import Exit
from sipsm_cli.keeping import ONE_DOMAIN, Keeping
from sipsm_cli.messaging import Messaging
from sipsm_cli.notifying import Notifying
from sipsm_cli.proxying import Proxying, location_service, policy
from sipsm_cli.publishing import Publishing
from sipsm_cli.referring import Referring
from sipsm_cli.registering import Registering
from sipsm_cli.report import Report
from sipsm_cli.serving import Serving
from sipsm_cli.subscribing import Subscribing
from sipsm_cli.watching import Watch

GRACE_S = 40.0
"""How long at most the last transaction of a command may take: more than 64*T1, after which it gives up by itself."""
FAREWELL_S = 2.0
"""How long at most a server that was told to end, or a command whose time is over, waits for its goodbyes."""

SERVERS: Final[dict[str, Callable[..., Serving | Notifying | Keeping | Proxying]]] = {
    "uas": Serving,
    "notifier": Notifying,
    "registrar": Keeping,
    "proxy": Proxying,
}
"""The commands that run until they are told to end."""

CLIENTS: Final[dict[str, type[Calling | Registering | Subscribing | Publishing | Messaging | Asking | Referring]]] = {
    "call": Calling,
    "register": Registering,
    "subscribe": Subscribing,
    "publish": Publishing,
    "message": Messaging,
    "refer": Referring,
    "options": Asking,
}
"""The commands that end by themselves."""

A = TypeVar("A", UserAgent, Proxy)

REDIRECTIONS = 10
"""How many targets of redirections are tried at most."""


class Run:
    """One run of one command."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.report = Report(options.json)
        self.watch = Watch(options, self.report)
        self.told_to_end = asyncio.Event()
        self.time_is_over = False
        self.farewell: Callable[[], object] = self.leave_at_once

    @property
    def serves(self) -> bool:
        """Whether the command is a server, which runs until it is told to end."""
        return self.options.command in SERVERS

    async def to_exit_code(self) -> Exit:
        """Do it all."""
        loop = asyncio.get_running_loop()
        self.work = loop.create_task(self._work())
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self.signalled)
        if self.options.timeout is not None:
            loop.call_later(self.options.timeout, self.timed_out)
        code = await self._outcome()
        if self.time_is_over:
            self.report.error(f"not done after {self.options.timeout:g} s")
            code = Exit.NO_ANSWER
        try:
            self.watch.save()
        except OSError as error:
            self.report.error(f"cannot write {self.options.save}: {error.strerror}")
            code = code or Exit.WRONG_USAGE
        return code

    async def _outcome(self) -> Exit:
        try:
            return await self.work
        except asyncio.CancelledError:
            return Exit.DONE if self.serves else Exit.NO_ANSWER
        except LocalProtocolError as error:
            self.report.error(str(error))
            return Exit.WRONG_USAGE
        except OSError as error:
            self.report.error(error.strerror or str(error))
            return Exit.NO_ANSWER

    async def _work(self) -> Exit:
        async with AsyncExitStack() as stack:
            if self.serves:
                wanted = of_server(self.options)
                opening = self._open_proxy if self.options.command == "proxy" else self._open
                agents = [await opening(stack, each, _name(each) if len(wanted) > 1 else "sipsm") for each in wanted]
                serving = SERVERS[self.options.command](agents, self.options, self.report)
                self.farewell = serving.end
                code = await serving.until_ended()
            else:
                agent = await self._open(stack, await of_client(self.options), "sipsm")
                client = CLIENTS[self.options.command](agent, self.options, self.report)
                self.farewell = client.end
                code = await client.outcome()
            if self.options.linger and not self.told_to_end.is_set():
                await self._linger()
            return code

    async def _open(self, stack: AsyncExitStack, wanted: list[Listening], name: str) -> UserAgent:
        profile = Profile(
            identity=self.options.identity,
            user_agent="sipsm",
            accounts=self.options.auth,
            route=() if self.options.proxy is None else (self.options.proxy,),
            info_packages=self.options.recv_info if self.options.command == "uas" else (),
            composes=self._composes,
            registers=self._registers,
            event_packages=self.options.event if self.options.command == "notifier" else (),
            takes_referrals=self.options.command == "uas",
        )
        watcher = self.watch.watcher(name)
        agent = UserAgent(
            *wanted, grace=GRACE_S, profile=profile, policy=self._policy, watcher=watcher, tls=self.options.tls
        )
        return await self._entered(stack, agent)

    async def _open_proxy(self, stack: AsyncExitStack, wanted: list[Listening], name: str) -> Proxy:
        where, how = location_service(self.options), policy(self.options)
        watcher = self.watch.watcher(name)
        proxy = Proxy(*wanted, grace=GRACE_S, route=where, policy=how, watcher=watcher, tls=self.options.tls)
        return await self._entered(stack, proxy)

    async def _entered(self, stack: AsyncExitStack, agent: A) -> A:
        try:
            await stack.enter_async_context(agent)
        except OSError as error:
            raise OSError(f"cannot listen: {error.strerror}") from None
        for each in agent.listening:
            self.report.listening(each)
        return agent

    @property
    def _composes(self) -> Composing:
        if self.options.command != "notifier" or not self.options.publish:
            return Composing(())
        shortest, longest = self.options.min_expires, self.options.max_expires
        # A state of another type than the package's own is told, and so taken, where that is asked for.
        packages = self.options.event if self.options.type is None else dict.fromkeys(self.options.event, ())
        return Composing(packages, smallest_s=shortest, longest_s=longest)

    @property
    def _registers(self) -> Keeps | None:
        if self.options.command != "registrar":
            return None
        shortest, longest = self.options.min_expires, self.options.max_expires
        asked = self.options.realm is not None
        return Keeps(one_domain=ONE_DOMAIN, smallest_s=shortest, longest_s=longest, by_hand=asked, alone=True)

    @property
    def _policy(self) -> Policy:
        if self.options.command == "notifier":
            shortest, longest = self.options.min_expires, self.options.max_expires
            return Policy(shortest_subscription_s=shortest, longest_subscription_s=longest, realm=self._realm)
        if self.options.command in {"uas", "registrar"}:
            return Policy(realm=self._realm)
        if self.options.command != "call":
            return Policy()
        return Policy(
            redirections=REDIRECTIONS if self.options.follow else 0, session_interval_s=self.options.session_expires
        )

    @property
    def _realm(self) -> Realm | None:
        if self.options.realm is None:
            return None
        return Realm(self.options.realm, self.options.user, algorithms=self.options.algorithm)

    async def _linger(self) -> None:
        try:
            async with asyncio.timeout(self.options.linger):
                await self.told_to_end.wait()
        except TimeoutError:
            pass

    # ---------------------------------------------------------------- being told to end

    def signalled(self) -> None:
        """SIGTERM or SIGINT: end in order; the second one, at once."""
        if self.told_to_end.is_set():
            self.leave_at_once()
            return
        if self.serves:
            asyncio.get_running_loop().call_later(FAREWELL_S, self.leave_at_once)
        self._end()

    def timed_out(self) -> None:
        """The time given to the command is over."""
        self.time_is_over = True
        # To one who has never answered, no farewell can be sent (RFC 3261 9.1).
        wait = FAREWELL_S if self.report.heard else 0.0
        asyncio.get_running_loop().call_later(wait, self.leave_at_once)
        self._end()

    def leave_at_once(self) -> None:
        """Wait for nothing more."""
        self.work.cancel()

    def _end(self) -> None:
        self.told_to_end.set()
        self.farewell()


def _name(listening: list[Listening]) -> str:
    """What an agent is called where there are several."""
    host, port = listening[0].address
    return f"{listening[0].transport.lower()}:{bracketed(host)}:{port}"


async def run(options: Options) -> Exit:
    """Run a command; returns its exit code."""
    return await Run(options).to_exit_code()
