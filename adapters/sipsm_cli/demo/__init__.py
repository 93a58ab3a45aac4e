"""`sipsm demo`: alice calls bob, and every step is shown with the reason for it."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress

from sipsm_cli.arguments import Options
from sipsm_cli.exits import Exit


def demo(options: Options) -> Exit:
    """Make the call, between two processes or in the simulated network."""
    if options.loss is None and options.seed is None:
        from sipsm_cli.demo.processes import between_processes  # noqa: PLC0415 - each way needs its own half

        # Either signal ends the call at once; asyncio knows how to end in order on this one.
        signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
        with suppress(KeyboardInterrupt):
            return asyncio.run(between_processes(options.timeout))
        return Exit.NO_ANSWER
    from sipsm_cli.demo.simulated import simulated  # noqa: PLC0415

    return simulated(options.loss or 0.0, options.seed or 0)
