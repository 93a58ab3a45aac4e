"""What an entry of the torture tables says: a message, and what each layer makes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

from sipsm import DropReason, Request, Response
from sipsm.message import headers as fields

HERE = Path(__file__).parent
HOSTS = ("192.0.2.1", "192.0.2.2")
"""Where the receiving endpoint is, and where the message comes from."""
HOSTS6 = ("2001:db8::10", "2001:db8::9:1")


# -------------------------------------------------------------------- what the message layer says


@frozen
class Accepted:
    """A message, fit for a transaction; written again it is the bytes that came."""


@frozen
class Refused:
    """No message that a transaction could have, answered so where there is somebody to answer."""

    status: int
    rfc: str
    """The section whose rule is broken."""


@frozen
class Malformed:
    """A value that cannot be read, in a message that otherwise can."""

    rfc: str


# -------------------------------------------------------------------- what an endpoint does


@frozen
class Serves:
    """It answers the request in a transaction."""

    status: int
    headers: Mapping[str, str] = field(factory=dict)
    """Headers that the answer has, on one line."""


@frozen
class Rejects:
    """It answers the malformed request without keeping anything of it."""

    status: int


@frozen
class Rings:
    """Somebody calls: the application is asked."""


@frozen
class Drops:
    """Nobody is answered, and nothing stays."""

    reason: DropReason


# -------------------------------------------------------------------- what a stream makes of the bytes


@frozen
class Frames:
    """The stream holds so many messages, the first of which is the one meant."""

    count: int = 1
    rest: bool = False
    """Whether bytes are left that are no whole message."""


ONE = Frames()


@frozen
class Waits:
    """The message has not ended: more bytes are waited for."""


@frozen
class Breaks:
    """Where a message ends cannot be told any more: the connection is to be closed, after an answer at best."""

    status: int = 400
    """Of that answer."""
    after: int = 0
    """How many messages came before."""


MessageVerdict = Accepted | Refused
EndpointVerdict = Serves | Rejects | Rings | Drops
StreamVerdict = Frames | Waits | Breaks


@frozen
class Entry:
    """One message of an RFC and what must become of it."""

    name: str
    section: str
    """Where the RFC speaks of it."""
    message: MessageVerdict
    endpoint: EndpointVerdict
    stream: StreamVerdict = ONE
    sees: Mapping[str, object] = field(factory=dict)
    """What a receiver must see: see `value_at`. Of a refused message, what can be read all the same."""
    used: int | None = None
    """How many of the datagram's bytes are the message; None when all are."""
    at: str = HOSTS[0]
    """Where the endpoint is: a response must have come to the right one to be looked at."""
    source: str = HOSTS[1]

    @property
    def data(self) -> bytes:
        """The datagram."""
        folder = "data" if self.section.startswith("4475") else "rfc5118"
        return (HERE / folder / f"{self.name}.dat").read_bytes()


# -------------------------------------------------------------------- values

_step = re.compile(r"\.?(\w+)(?:\('([^']*)'\))?|\[([^\]]+)\]")


def value_at(message: Request | Response, path: str) -> object:
    """A value of a message by a path: `to.uri.user`, `vias[1].branch`, `to.params[q]`, `header('X')`, `[WARNING][0]`.

    In brackets right at the start stands the name of a typed field of `sipsm.message.headers`.
    """
    value: Any = message
    at = 0
    while at < len(path):
        step = _step.match(path, at)
        assert step is not None, f"{path!r} is no path"
        name, argument, key = step.groups()
        if name == "__len__":
            value = len(value)
        elif name is not None:
            value = getattr(value, name) if argument is None else getattr(value, name)(argument)
        elif key.isdecimal():
            value = value[int(key)]
        else:
            value = value[getattr(fields, key) if value is message else key]
        at = step.end()
    return value
