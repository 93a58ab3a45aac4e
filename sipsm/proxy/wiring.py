"""Which machine of a proxied request has a say in what: its response context, and each of its branches.

RFC 3261 16.2. A response is its branch's; what the branch makes of it, the context is told in a step of its own.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from sipsm.machine import No, To, Wiring, grid_line
from sipsm.proxy.around import BRANCHES
from sipsm.proxy.branch import Branch
from sipsm.proxy.context import ResponseContext

MACHINES: Final = {"context": (ResponseContext.table,), "branch": (Branch.table,)}

_event = partial(grid_line, MACHINES)


def _of_context(name: str, rfc: str) -> dict[str, To | No]:
    return _event("concerns the request as a whole", context=(name, rfc))


def _of_branch(name: str, rfc: str) -> dict[str, To | No]:
    return _event("told by what the branch makes of it", branch=(name, rfc))


PROXYING: Final = Wiring(
    "a proxied request",
    MACHINES,
    {
        # ---------------- upstream
        "REQUEST": _of_context("REQUEST", "3261 16.5"),
        "TARGETS": _of_context("TARGETS", "3261 16.6"),
        "REFUSE": _of_context("REFUSE", "3261 16.5"),
        "CANCEL": _event("told by STOP, where it has an effect", context=("CANCEL", "3261 16.10")),
        "LATE": _of_context("LATE", "4320 4.2"),
        # ---------------- downstream
        "SEND": _of_branch("SEND", "3261 16.6"),
        "SENT": _of_branch("SENT", "3261 16.6"),
        "TRIES AGAIN": _of_branch("TRIES AGAIN", "3261 16.6"),
        "100": _of_branch("100", "3261 16.7"),
        "1XX": _of_branch("1XX", "3261 16.7"),
        "2XX": _of_branch("2XX", "3261 16.7"),
        "FINAL": _of_branch("FINAL", "3261 16.7"),
        "TIMEOUT": _of_branch("TIMEOUT", "3261 16.6"),
        "FAILURE": _of_branch("FAILURE", "3261 16.9"),
        # ---------------- between them
        "PROVISIONAL": _event("told so before", context=("PROVISIONAL", "3261 16.7")),
        "ANSWERED": _event("told so before", context=("ANSWERED", "3261 16.7")),
        "RESULT": _event("told so before", context=("RESULT", "3261 16.7")),
        "GO ON": _of_branch("GO ON", "3261 16.7"),
        "STOP": _event("told so before", branch=To("CANCEL", "3261 16.7", BRANCHES)),
        # ---------------- time
        "Timer routing": _of_context("Timer routing", "3261 16.5"),
        "Timer C": _of_branch("Timer C", "3261 16.8"),
        "Timer look-up": _of_branch("Timer look-up", "3261 16.8"),
        "Timer cancel": _of_branch("Timer cancel", "3261 9.1"),
    },
)
"""Every event of a proxied request."""
