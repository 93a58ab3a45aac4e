"""What connections may cost, and how they are treated: how many there may be, for how long, and what keeps them alive.

RFC 3261 18, RFC 5626 4.4.1. See `sipsm.transport.flows` for all of an endpoint, `sipsm.transport.connection` for one.
"""

from __future__ import annotations

from attrs import field, frozen
from attrs.validators import ge, gt


@frozen
class FlowLimits:
    """The bounds of all connections of an endpoint, and what happens at each."""

    accepted: int = field(default=10_000, validator=ge(1))
    """Connections made by peers: the next one is closed at once."""
    made: int = field(default=10_000, validator=ge(1))
    """Connections made by us or being made: what would need one more is `Unsent`."""
    per_host: int = field(default=1_000, validator=ge(1))
    """Connections from and to one host; beyond that as above."""
    handshakes: int = field(default=1_000, validator=ge(1))
    """Handshakes of TLS that peers have begun: with one more, the one that has taken the longest is given up."""
    handshakes_per_host: int = field(default=100, validator=ge(1))
    """Those of one host; likewise."""
    half_read: int = field(default=1_000, validator=ge(1))
    """Messages that have come in part: with one more, the one that has taken the longest is given up with its flow."""
    held_bytes: int = field(default=16_777_216, validator=ge(1))
    """Bytes of such messages; beyond that likewise."""
    queued_bytes: int = field(default=16_777_216, validator=ge(1))
    """Bytes that wait for connections being made: what comes on top is `Unsent`."""
    queued_bytes_per_flow: int = field(default=262_144, validator=ge(1))
    """Those that wait for one of them; likewise."""


@frozen
class FlowTimes:
    """How long a connection may take for what it does, in seconds."""

    connect_s: float = field(default=10.0, validator=gt(0))
    """To be opened. Less than 64*T1, so that another target can be tried before a request is given up."""
    handshake_s: float = field(default=10.0, validator=gt(0))
    """For the handshake of TLS, whoever began it: from when the network has made the connection."""
    idle_s: float = field(default=180.0, validator=gt(0))
    """It is closed after at least this long, and at most twice as long, in which nobody used it and nothing passed.

    "This duration SHOULD at least equal the longest amount of time the element would need in order to bring a
    transaction from instantiation to the terminated state." (RFC 3261 18): 64*T1.
    """
    message_s: float = field(default=32.0, validator=gt(0))
    """From the first bytes of a message to its last one."""
    pong_s: float = field(default=10.0, validator=gt(0))
    """From a ping to its pong. RFC 5626 4.4.1 says 10."""
    ending_s: float = field(default=4.0, validator=gt(0))
    """For the answers still owed on a connection on which nothing is read any more."""
    linger_s: float = field(default=1.0, validator=gt(0))
    """From the last answer to a peer that has sent its last, until its connection is closed: time to learn that it was
    gone altogether. Then the answers are sent another way."""


@frozen
class KeepAlive:
    """How a connection that we made is kept alive (RFC 5626 4.4.1)."""

    every_s: float = field(default=120.0, validator=gt(0))
    """The most that may pass between two pings, such as the value of Flow-Timer; at least 80 % of it does."""
    expects_pong: bool = True
    """Whether the other side is known to answer: it took part in an outbound registration, or is configured so."""
