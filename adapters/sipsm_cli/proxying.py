"""`sipsm proxy`: forward requests, and know where the users of its own addresses are (RFC 3261 16)."""

from __future__ import annotations

import asyncio

from sipsm import Dropped, ProxyPolicy, Request, RouteTarget
from sipsm.proxy import Route
from sipsm_asyncio import Proxy
from sipsm_cli.arguments import Options
from sipsm_cli.exits import Exit
from sipsm_cli.report import Report
from sipsm_cli.serving import UNWORTHY, first_of


class Proxying:
    """The server, at one or several addresses."""

    def __init__(self, proxies: list[Proxy], _options: Options, report: Report) -> None:
        self.proxies = proxies
        self.report = report
        self.over = asyncio.Event()

    async def until_ended(self) -> Exit:
        """Serve until told to end."""
        await first_of([*map(self._serve, self.proxies), self.over.wait()])
        return Exit.DONE

    def end(self) -> None:
        """Take nothing more; what is under way is waited for."""
        self.over.set()

    async def _serve(self, proxy: Proxy) -> None:
        async for event in proxy:
            if isinstance(event, Dropped) and event.reason not in UNWORTHY:
                self.report.dropped(event.reason.value, event.why)


def policy(options: Options) -> ProxyPolicy:
    """What the options say of how it forwards."""
    return ProxyPolicy(serial=options.serial, record_routes=options.record_route)


def location_service(options: Options) -> Route:
    """Where users are, as the options say; there are no others."""
    where = dict(options.route)

    def route(request: Request) -> tuple[RouteTarget, ...] | None:
        return where.get(request.uri.unescaped_user or "")

    return route
