"""One way to write what all adapters can do: a scenario awaits, and where there is nothing to await it just goes on."""

from __future__ import annotations

import asyncio
import inspect
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, Protocol, TypeVar

import trio

import sipsm_asyncio
import sipsm_blocking
import sipsm_trio
from sipsm import Event, TimerValues
from tests.adapters.certificates import everybody

T = TypeVar("T")
E = TypeVar("E")

PATIENCE_S: Final = 20
"""Nothing here takes a second; this is when a scenario that hangs is given up."""

UNHURRIED: Final = TimerValues(T1=PATIENCE_S)
"""Nothing is sent twice where a scenario does not ask for it, however busy the machine is."""

Main = Callable[[], Coroutine[Any, Any, None]]


def settings(local: tuple[str, ...], options: dict[str, Any]) -> dict[str, Any]:
    """What an agent is made with: unhurried, and with a certificate where it needs one, if nothing else is said."""
    tls = {"tls": everybody()} if any(each.startswith("tls:") for each in local) else {}
    return {"times": UNHURRIED, **tls, **options}


class Adapter(Protocol):
    """What a scenario needs to know of an adapter."""

    def agent(self, *local: str, **options: Any) -> Any:
        """A user agent that is not open yet, and unhurried if nothing else is said."""

    def restored(self, data: bytes, **options: Any) -> Any:
        """A user agent that goes on where another one was suspended."""

    def run(self, main: Main) -> None:
        """Run a scenario to its end."""


class Asyncio:
    """`sipsm_asyncio`; no task is left when a scenario ends."""

    def agent(self, *local: str, **options: Any) -> sipsm_asyncio.UserAgent:
        return sipsm_asyncio.UserAgent(*local, **settings(local, options))

    def restored(self, data: bytes, **options: Any) -> sipsm_asyncio.UserAgent:
        return sipsm_asyncio.UserAgent.restored(data, **options)

    def run(self, main: Main) -> None:
        async def alone() -> None:
            async with asyncio.timeout(PATIENCE_S):
                await main()
            assert asyncio.all_tasks() == {asyncio.current_task()}

        asyncio.run(alone(), debug=True)


class Trio:
    """`sipsm_trio`; that no task is left is trio's own promise."""

    def agent(self, *local: str, **options: Any) -> sipsm_trio.UserAgent:
        return sipsm_trio.UserAgent(*local, **settings(local, options))

    def restored(self, data: bytes, **options: Any) -> sipsm_trio.UserAgent:
        return sipsm_trio.UserAgent.restored(data, **options)

    def run(self, main: Main) -> None:
        async def in_time() -> None:
            with trio.fail_after(PATIENCE_S):
                await main()

        trio.run(in_time)


class Blocking:
    """`sipsm_blocking`: nothing that a scenario awaits suspends it, and no thread is left when it ends."""

    def agent(self, *local: str, **options: Any) -> sipsm_blocking.UserAgent:
        return sipsm_blocking.UserAgent(*local, **settings(local, options))

    def restored(self, data: bytes, **options: Any) -> sipsm_blocking.UserAgent:
        return sipsm_blocking.UserAgent.restored(data, **options)

    def run(self, main: Main) -> None:
        with _alarm():
            try:
                main().send(None)
            except StopIteration:
                return
        raise AssertionError("something was awaited for real")


@contextmanager
def _alarm() -> Iterator[None]:
    """Gives up a blocking scenario that hangs; only the main thread can be woken so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def give_up(*_: object) -> None:
        raise AssertionError("the scenario hangs")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(PATIENCE_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


ADAPTERS: Final[dict[str, Adapter]] = {"asyncio": Asyncio(), "trio": Trio(), "blocking": Blocking()}


async def done(result: Awaitable[T] | T) -> T:
    """The result of a command: awaited where it must be."""
    return await result if inspect.isawaitable(result) else result


async def first(inbox: Any, kind: type[E]) -> E:
    """Read the events of an agent or a call up to the first of this kind."""
    if hasattr(inbox, "__aiter__"):
        async for event in inbox:
            if isinstance(event, kind):
                return event
    else:
        for event in inbox:
            if isinstance(event, kind):
                return event
    raise AssertionError(f"no {kind.__name__} came")


async def rest(inbox: Any) -> list[Event]:
    """Read all further events, to the end."""
    return [event async for event in inbox] if hasattr(inbox, "__aiter__") else list(inbox)


@asynccontextmanager
async def opened(agent: T) -> AsyncIterator[T]:
    """The agent's block."""
    manager: Any = agent
    if hasattr(agent, "__aenter__"):
        async with manager:
            yield agent
    else:
        with manager:
            yield agent
