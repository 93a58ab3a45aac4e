"""A link between two parties, or one way of it: how long packets take, and which of them never arrive.

Datagrams are lost, doubled, overtaken, queued and cut into fragments. Connections lose nothing and keep their order:
what a link does to them is `Streaming`, and a lost segment only comes later.
"""

from __future__ import annotations

from math import ceil
from random import Random
from typing import Any

from attrs import Attribute, field, frozen

from sipsm.transport import Address

UDP_HEADER = 8
IPV4_HEADER = 20
IPV6_HEADER = 40


def _share(_: object, attribute: Attribute[Any], value: float) -> None:
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{attribute.name} is a share from 0 to 1, not {value}")


def _not_negative(_: object, attribute: Attribute[Any], value: float) -> None:
    if not 0.0 <= value < float("inf"):
        raise ValueError(f"{attribute.name} cannot be {value}")


def _positive(_: object, attribute: Attribute[Any], value: float | None) -> None:
    if value is not None and not 0.0 < value < float("inf"):
        raise ValueError(f"{attribute.name} must be more than 0, or None, not {value}")


@frozen
class Streaming:
    """What a link does to connections. Every share is drawn once for each time that something is sent."""

    chunks: tuple[int, int] = field(default=(1, 1460))
    """The fewest and the most bytes that arrive at once; where a message ends plays no part in it."""
    pause: float = field(default=0.0, validator=_not_negative)
    """Seconds between two such pieces, at most."""
    stall: float = field(default=0.0, validator=_share)
    """The share of times that nothing moves for a while."""
    stall_s: float = field(default=5.0, validator=_not_negative)
    """How long that while is, at most."""
    half_close: float = field(default=0.0, validator=_share)
    """The share of times that these are the last bytes this side sends: then comes an end, and more cannot be sent."""
    reset: float = field(default=0.0, validator=_share)
    """The share of times that the connection is reset while the bytes are on their way."""
    refuse: float = field(default=0.0, validator=_share)
    """The share of connections that are refused."""
    gives_up_s: float = field(default=60.0, validator=_not_negative)
    """How long the two ends try to get something across a link that lets nothing through."""

    @chunks.validator
    def _sizes(self, _: object, value: tuple[int, int]) -> None:
        if not 1 <= value[0] <= value[1]:
            raise ValueError(f"chunks are from 1 byte up to as many or more, not {value}")


@frozen
class Link:
    """How a link treats what is sent over it. By default it takes no time and loses nothing.

    Shares are from 0 to 1. Raises `ValueError` for what cannot be.
    """

    latency: float = field(default=0.0, validator=_not_negative)
    """Seconds that everything is on its way."""
    jitter: float = field(default=0.0, validator=_not_negative)
    """Seconds that it may take beyond that; drawn for each packet, so packets may overtake each other."""
    loss: float = field(default=0.0, validator=_share)
    """The share of packets that are lost. Of a datagram in fragments, each may be, and one is enough."""
    duplicate: float = field(default=0.0, validator=_share)
    """The share of packets that arrive twice."""
    reorder: float = field(default=0.0, validator=_share)
    """The share of packets that are held back, so that later ones overtake them."""
    held_back: float = field(default=0.25, validator=_not_negative)
    """For how many seconds, at most, they are."""
    bandwidth: float | None = field(default=None, validator=_positive)
    """Bits per second, headers not counted; what is sent faster than that queues."""
    queue: int = field(default=65_536, validator=_not_negative)
    """How many bytes may wait in that queue; a datagram that finds no room is lost."""
    mtu: int | None = field(default=None, validator=_positive)
    """The largest IP packet, in bytes; a larger datagram goes in fragments."""
    fragments: bool = True
    """Whether fragments get through at all; many firewalls drop them."""
    streams: Streaming = Streaming()

    @property
    def certain(self) -> bool:
        """Whether every datagram arrives, once, and after the same time."""
        chance = self.jitter or self.loss or self.duplicate or self.reorder
        return not chance and self.bandwidth is None and self.mtu is None

    def lost(self, size: int, host: str) -> float:
        """The share of datagrams of this size, to this host, that are lost."""
        header = IPV6_HEADER if ":" in host else IPV4_HEADER
        if self.mtu is None or size + UDP_HEADER + header <= self.mtu:
            return self.loss
        if not self.fragments:
            return 1.0
        return 1.0 - (1.0 - self.loss) ** ceil((size + UDP_HEADER) / max(1, self.mtu - header))


class Way:
    """One direction of a link, and when it is free again. All chance is drawn from `random`."""

    def __init__(self, link: Link, random: Random) -> None:
        self.link = link
        self._random = random
        self._draw = random.random
        self._free_at = 0.0
        self._certain = link.certain
        self._latency = link.latency
        self.sent = 0
        """How many datagrams took this way."""
        self.lost = 0
        """How many of them did not arrive."""
        self.doubled = 0
        """How many of them arrived twice."""

    def arrivals(self, size: int, remote: Address, now: float) -> tuple[float, ...]:
        """When a datagram that leaves now arrives: never if it is lost, twice if it is doubled."""
        self.sent += 1
        draw = self._draw
        if self._certain:
            # As much is drawn as below: all ways draw from one source, and what another one draws next must not
            # depend on whether this link may lose something.
            draw(), draw(), draw(), draw()
            return (now + self._latency,)
        link = self.link
        if draw() < (link.loss if link.mtu is None else link.lost(size, remote[0])):
            self.lost += 1
            return ()
        doubled = draw() < link.duplicate
        leaves = now
        if link.bandwidth is not None:
            if (self._free_at - now) * link.bandwidth / 8 + size > link.queue:
                self.lost += 1
                return ()
            leaves += self.queued(size, now)
        # What `_takes` says, without its calls: this is done for every datagram.
        takes = link.latency + link.jitter * draw()
        if draw() < link.reorder:
            takes += link.held_back * draw()
        if not doubled:
            return (leaves + takes,)
        self.doubled += 1
        return (leaves + takes, leaves + self._takes())

    def queued(self, size: int, now: float) -> float:
        """How many seconds it takes until the last bit of this has left the queue."""
        bandwidth = self.link.bandwidth
        if bandwidth is None:
            return 0.0
        self._free_at = max(self._free_at, now) + size * 8 / bandwidth
        return self._free_at - now

    def transit(self) -> float:
        """How many seconds something is on its way."""
        return self.link.latency + self.link.jitter * self._random.random()

    def _takes(self) -> float:
        takes = self.transit()
        held_back = self._random.random() < self.link.reorder
        return takes + self.link.held_back * self._random.random() if held_back else takes
