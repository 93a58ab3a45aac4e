"""From words to an exit code."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sipsm_cli.arguments import parse


def main(words: Sequence[str] | None = None) -> int:
    """Do what these words say, by default the program's own. Returns the exit code; wrong usage exits with 2."""
    options = parse(words)
    if options.command == "demo":
        from sipsm_cli.demo import demo  # noqa: PLC0415 - the other commands start sooner without it

        return demo(options)
    from sipsm_cli.running import run  # noqa: PLC0415

    return asyncio.run(run(options))
