"""One connection, over TCP, TLS or WebSocket: from the wish to have it until nothing of it is left.

RFC 3261 18 (opened when needed, kept for a while, 18.4 its failures), RFC 5626 3.5.1, 4.4.1 and 5.4 (keep-alive by
CRLF). The message that has come in part on it has a small machine of its own, see `sipsm.transport.reading`. Not here:
which connection a message takes, and how many there may be, see `sipsm.transport.flows`; the handshakes of TLS and of
WebSocket (RFC 7118 4), which are over when a connection is reported as opened.

While it opens, what is to be sent waits. Once it is open nothing waits here: each `Send` goes out at once, and what the
network does not take yet is kept by who performs it.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define, field, frozen

from sipsm.machine import Ignore, Machine, Row, Step, Table, Timer, always, once, repeated
from sipsm.transport.flow import Close, Flow, Open, Send
from sipsm.transport.framing import PING, PONG, BadFrame, StreamFramer, WebSocketFramer
from sipsm.transport.limits import FlowTimes, KeepAlive
from sipsm.transport.outputs import Discarded, DiscardReason, Lost, Unsent
from sipsm.transport.reading import Reading

INITIAL: Final = "Initial"
OPENING: Final = "Opening"
GIVEN_UP: Final = "GivenUp"
IDLE: Final = "Idle"
USED: Final = "Used"
KEPT: Final = "Kept"
PINGED: Final = "Pinged"
PONG_DUE: Final = "PongDue"
ENDING: Final = "Ending"
PEER_FINISHED: Final = "PeerFinished"
LINGERING: Final = "Lingering"
CLOSING: Final = "Closing"
CLOSED: Final = "Closed"

OPEN = frozenset({IDLE, USED, KEPT, PINGED, PONG_DUE})
"""The states in which messages go both ways."""
SENDING = OPEN | {ENDING, PEER_FINISHED}
"""The states in which what is sent goes out."""
KEPT_MESSAGES: Final = 100
"""How many messages are kept that may not have reached a peer who had sent its last."""

ASK: Final = "ask for it"
ACCEPT: Final = "made by the peer"
OPENED: Final = "opened"
OPEN_FAILED: Final = "open failed"
SEND: Final = "send"
MESSAGE: Final = "message"
PINGS: Final = "ping"
PONGS: Final = "pong"
IN_USE: Final = "in use"
OUT_OF_USE: Final = "out of use"
KEEP_ALIVE: Final = "keep alive"
LET_GO: Final = "let go"
END: Final = "end"
FINISHED: Final = "peer finished"
CLOSE: Final = "close"
LOST: Final = "lost"


@frozen
class Waiting:
    """Something to be sent: the bytes, and whom it concerns when that fails."""

    data: bytes
    sender: object


@define(eq=False)
class Connection(Machine):
    """One connection, made by us (`open` says how it was asked for) or by the peer."""

    table: ClassVar[Table]
    flow: Flow
    """Until it is open, the name by which it was asked for."""
    framer: StreamFramer | WebSocketFramer
    reading: Reading
    times: FlowTimes
    room: int
    """How many bytes may wait."""
    open: Open | None = None
    peers: tuple[str, ...] = ()
    """By which names the peer has been authenticated, in lower case, or will be."""
    known_as: list[Flow] = field(factory=list)
    """The names by which it is found, each Flow(transport, (host, 0), remote)."""
    waiting: list[Waiting] = field(factory=list)
    queued: int = 0
    """How many bytes wait."""
    kept: list[Waiting] = field(factory=list)
    """What has been sent after the peer had sent its last, of messages at most `KEPT_MESSAGES`: it may never reach him."""
    used: bool = False
    active: bool = False
    """Whether anything has passed since Timer idle last fired."""
    keep: KeepAlive = field(factory=KeepAlive)
    """How it is kept alive, where it is: to be set before."""
    chance: int = 0
    """What the intervals between pings are drawn from, 64 bits; each draw makes the next one."""
    watched_at: float | None = field(default=None, init=False)

    def next_timeout(self) -> float | None:
        """The earliest deadline of its own and of the message that has come in part, or None."""
        return min((at for at, _, _ in (*self.running, *self.reading.running)), default=None)


# ---------------------------------------------------------------- actions


def ask_for_it(connection: Connection, _: Any, step: Step) -> None:
    """Have it opened."""
    assert connection.open is not None, "a connection that is asked for says how"
    step.emit(connection.open)


def take_flow(connection: Connection, flow: Flow, _: Step) -> None:
    """The addresses of both ends are known now."""
    connection.flow = flow


def wait(connection: Connection, item: Waiting, _: Step) -> None:
    """Keep what is to be sent until it is open."""
    connection.waiting.append(item)
    connection.queued += len(item.data)


def send_waiting(connection: Connection, _: Any, step: Step) -> None:
    """Send what has waited, in its order."""
    for item in _no_longer_waiting(connection):
        send(connection, item, step)


def report_waiting(connection: Connection, why: str | None, step: Step) -> None:
    """Tell of each thing that waited that it has not been sent."""
    for item in _no_longer_waiting(connection):
        step.emit(Unsent(connection.flow, item.data, item.sender, why or "no connection was made in time"))


def _no_longer_waiting(connection: Connection) -> list[Waiting]:
    waiting, connection.waiting, connection.queued = connection.waiting, [], 0
    return waiting


def send(connection: Connection, item: Waiting, step: Step) -> None:
    """Send at once."""
    connection.active = True
    step.emit(Send(connection.flow, item.data, item.sender))


def send_and_keep(connection: Connection, item: Waiting, step: Step) -> None:
    """Send at once, to one who may be gone: what he does not get is sent another way."""
    connection.kept.append(item)
    send(connection, item, step)


def report_kept(connection: Connection, _: Any, step: Step) -> None:
    """Tell that what was sent has not reached a peer who was gone."""
    for item in connection.kept:
        step.emit(Unsent(connection.flow, item.data, item.sender, "the peer was gone"))
    connection.kept.clear()


def forget_kept(connection: Connection, _: Any, _step: Step) -> None:
    """What was sent has arrived, as far as anybody can know."""
    connection.kept.clear()


def report_unsent(connection: Connection, item: Waiting, step: Step) -> None:
    """Tell that it has not been sent."""
    why = "too much waits for the connection" if connection.state == OPENING else "the connection is closed"
    step.emit(Unsent(connection.flow, item.data, item.sender, why))


def send_pongs(connection: Connection, pings: int, step: Step) -> None:
    """Answer the pings that have come together."""
    # "When a server receives a double CRLF sequence between SIP messages on a connection-oriented transport such as TCP
    # or SCTP, it MUST immediately respond with a single CRLF over the same connection." (RFC 5626 5.4)
    send(connection, Waiting(PONG * pings, None), step)


def send_ping(connection: Connection, _: Any, step: Step) -> None:
    """Ask for a sign of life."""
    send(connection, Waiting(PING, None), step)


def note_activity(connection: Connection, _: Any, _step: Step) -> None:
    """Something has passed."""
    connection.active = True


def note_quiet(connection: Connection, _: Any, _step: Step) -> None:
    """From now on it counts whether anything passes."""
    connection.active = False


def note_used(connection: Connection, _: Any, _step: Step) -> None:
    """Somebody uses it."""
    connection.used = True


def note_unused(connection: Connection, _: Any, _step: Step) -> None:
    """Nobody uses it any more."""
    connection.used = connection.active = False


def stop_reading(connection: Connection, why: str | None, step: Step) -> None:
    """What has come of a message is of no use."""
    for bad in connection.framer.receive_eof():
        assert isinstance(bad, BadFrame), "what is cut short is no message"
        why = why or "it was closed within a message"
        step.emit(Discarded(connection.flow, bad.head, DiscardReason.CUT_SHORT, why))


def close(connection: Connection, _: Any, step: Step) -> None:
    """Have it closed."""
    step.emit(Close(connection.flow))


def report_lost(connection: Connection, why: str | None, step: Step) -> None:
    """Tell whoever uses it that it is gone."""
    why = why or "the time for its last answers is over"
    for flow in (connection.flow, *connection.known_as):
        step.emit(Lost(flow, why))


def report_deaf(connection: Connection, why: str, step: Step) -> None:
    """Tell who waits for an answer on it that none will be read; the answers to the peer still go out."""
    report_lost(connection, why, step)


def report_dead(connection: Connection, _: Any, step: Step) -> None:
    """Tell whoever uses it that no pong came."""
    # "If a pong is not received within 10 seconds after sending a ping ... then the client MUST treat the flow as
    # failed." (RFC 5626 4.4.1)
    report_lost(connection, "no pong came", step)


# ---------------------------------------------------------------- guards


def has_room(connection: Connection, item: Waiting, _: Any) -> bool:
    """Whether these bytes may wait as well."""
    return connection.queued + len(item.data) <= connection.room


def has_few_kept(connection: Connection, _item: Waiting, _: Any) -> bool:
    """Whether one more message may be kept."""
    return len(connection.kept) < KEPT_MESSAGES


def is_used(connection: Connection, _: Any, _at: Any) -> bool:
    """Whether somebody uses it: a transaction, a registration."""
    return connection.used


def was_active(connection: Connection, _: Any, _at: Any) -> bool:
    """Whether anything has passed since Timer idle was started or fired."""
    return connection.active


def is_ours(connection: Connection, _: Any, _at: Any) -> bool:
    """Whether we made it: the peer of who did so sends no pings (RFC 5626 3.5.1)."""
    return connection.open is not None


def expects_pong(connection: Connection, _: Any, _at: Any) -> bool:
    """Whether the other side is known to answer pings."""
    # "However a UA that did not register using outbound registration cannot expect a CRLF in response (a "pong") unless
    # the UA has an explicit indication that CRLF keep-alives are supported" (RFC 5626 4.4)
    return connection.keep.expects_pong


def is_within_a_message(connection: Connection, _: Any, _at: Any) -> bool:
    """Whether a message has come in part: what follows it may be the pong."""
    return connection.framer.mid_message


# ---------------------------------------------------------------- what the timers last


def connect_time(connection: Connection) -> float:
    """`FlowTimes.connect_s`."""
    return connection.times.connect_s


def idle_time(connection: Connection) -> float:
    """`FlowTimes.idle_s`."""
    return connection.times.idle_s


def pong_time(connection: Connection) -> float:
    """`FlowTimes.pong_s`."""
    return connection.times.pong_s


def linger_time(connection: Connection) -> float:
    """`FlowTimes.linger_s`."""
    return connection.times.linger_s


def ending_time(connection: Connection) -> float:
    """`FlowTimes.ending_s`."""
    return connection.times.ending_s


def ping_interval(connection: Connection, _: float = 0) -> float:
    """80 % to 100 % of `KeepAlive.every_s`, drawn anew each time."""
    # "The UA MUST select a random number between a fixed or configurable upper bound and a lower bound, where the lower
    # bound is 20% less then the upper bound." And "The random number will be different for each keep-alive "ping"."
    # (RFC 5626 4.4.1)  Nobody gains by guessing it: a linear congruence from a random beginning will do, and is data.
    connection.chance = (connection.chance * 6364136223846793005 + 1442695040888963407) % 2**64
    return connection.keep.every_s * (0.8 + 0.2 * (connection.chance >> 11) / 2**53)


# fmt: off
_ALIVE = frozenset({KEPT, PINGED, PONG_DUE})

Connection.table = Table(
    "connection",
    rfc="3261 18",
    initial=INITIAL,
    rows=(
        #   state               input            guard                next      actions                              RFC
        Row(INITIAL,            ASK,             always,              OPENING,  (ask_for_it,),                       "3261 18"),
        Row(INITIAL,            ACCEPT,          always,              IDLE,     (),                                  "3261 18"),

        Row(OPENING,            SEND,            has_room,            OPENING,  (wait,),                             "3261 18.1.1"),
        Row(OPENING,            SEND,            always,              OPENING,  (report_unsent,),                    "3261 18.4"),
        Row(OPENING,            IN_USE,          always,              OPENING,  (note_used,),                        "3261 18"),
        Row(OPENING,            OUT_OF_USE,      always,              OPENING,  (note_unused,),                      "3261 18"),
        Row(OPENING,            OPENED,          is_used,             USED,     (take_flow, send_waiting),           "3261 18.1.1"),
        Row(OPENING,            OPENED,          always,              IDLE,     (take_flow, send_waiting),           "3261 18.1.1"),
        Row(OPENING,            OPEN_FAILED,     always,              CLOSED,   (report_waiting,),                   "3261 18.4"),
        # The attempt goes on until its end is reported, and counts as long for the limits.
        Row(OPENING,            CLOSE,           always,              GIVEN_UP, (report_waiting,),                   "3261 18.4"),
        Row(OPENING,            "Timer connect", always,              GIVEN_UP, (report_waiting,),                   "3261 18.4"),
        Row(GIVEN_UP,           OPENED,          always,              CLOSING,  (take_flow, close),                  "3261 18.4"),
        Row(GIVEN_UP,           OPEN_FAILED,     always,              CLOSED,   (),                                  "3261 18.4"),

        Row(PEER_FINISHED,      SEND,            has_few_kept,        None,     (send_and_keep,),                    "3261 18.2.2"),
        Row(SENDING,            SEND,            always,              None,     (send,),                             "3261 18.1.1"),
        Row(IDLE,               MESSAGE,         always,              IDLE,     (note_activity,),                    "3261 18"),
        Row({IDLE, USED},       PINGS,           always,              None,     (send_pongs,),                       "5626 5.4"),
        Row(IDLE,               IN_USE,          always,              USED,     (note_used,),                        "3261 18"),
        Row(USED,               OUT_OF_USE,      always,              IDLE,     (note_unused,),                      "3261 18"),
        Row(IDLE,               "Timer idle",    was_active,          IDLE,     (note_quiet,),                       "3261 18"),
        Row(IDLE,               "Timer idle",    always,              CLOSING,  (stop_reading, close),               "3261 18"),

        Row({IDLE, USED},       KEEP_ALIVE,      is_ours,             KEPT,     (),                                  "5626 4.4.1"),
        Row(_ALIVE,             LET_GO,          is_used,             USED,     (),                                  "5626 4.4.1"),
        Row(_ALIVE,             LET_GO,          always,              IDLE,     (note_quiet,),                       "5626 4.4.1"),
        Row(_ALIVE,             IN_USE,          always,              None,     (note_used,),                        "3261 18"),
        Row(_ALIVE,             OUT_OF_USE,      always,              None,     (note_unused,),                      "3261 18"),
        Row(KEPT,               "Timer ping",    expects_pong,        PINGED,   (send_ping,),                        "5626 4.4.1"),
        Row(KEPT,               "Timer ping",    always,              KEPT,     (send_ping,),                        "5626 4.4"),
        Row({PINGED, PONG_DUE}, "Timer ping",    always,              None,     (send_ping,),                        "5626 4.4"),
        Row({PINGED, PONG_DUE}, PONGS,           always,              KEPT,     (),                                  "5626 4.4.1"),
        # "(or immediately after processing any incoming message being received when that 10 seconds expires)"
        Row(PINGED,             "Timer pong",    is_within_a_message, PONG_DUE, (),                                  "5626 4.4.1"),
        Row(PINGED,             "Timer pong",    always,              CLOSING,  (stop_reading, close, report_dead),  "5626 4.4.1"),
        Row(PONG_DUE,           MESSAGE,         always,              CLOSING,  (stop_reading, close, report_dead),  "5626 4.4.1"),

        Row(OPEN,               END,             is_used,             ENDING,   (stop_reading, report_deaf),          "3261 18.2.2"),
        Row(OPEN,               END,             always,              CLOSING,  (stop_reading, close, report_lost),  "3261 18"),
        Row(ENDING,             OUT_OF_USE,      always,              CLOSING,  (note_unused, close),                "3261 18.2.2"),
        Row(ENDING,             "Timer ending",  always,              CLOSING,  (close, report_lost),                "3261 18.4"),
        # "the response MUST be sent using the existing connection to the source of the original request that created
        # the transaction, if that connection is still open": its peer may have closed his half of it only.
        Row(OPEN,               FINISHED,        is_used,             PEER_FINISHED, (stop_reading, report_deaf),     "3261 18.2.2"),
        Row(OPEN,               FINISHED,        always,              CLOSING,  (stop_reading, close, report_lost),  "3261 18"),
        Row(PEER_FINISHED,      OUT_OF_USE,      always,              LINGERING, (note_unused,),                      "3261 18.2.2"),
        Row({PEER_FINISHED, LINGERING}, CLOSE,   always,              CLOSING,  (close, report_kept),                "3261 18.4"),
        # "If that connection is no longer open, the server SHOULD open a connection to the IP address in the "received"
        # parameter"
        Row({PEER_FINISHED, LINGERING}, LOST,    always,              CLOSED,   (report_kept,),                      "3261 18.2.2"),
        Row(LINGERING,          "Timer linger",  always,              CLOSING,  (close, forget_kept),                "3261 18"),
        Row(OPEN | {ENDING},    CLOSE,           always,              CLOSING,  (stop_reading, close, report_lost),  "3261 18.4"),
        Row(OPEN | {ENDING},    LOST,            always,              CLOSED,   (stop_reading, report_lost),         "3261 18.4"),
        Row(CLOSING,            LOST,            always,              CLOSED,   (),                                  "3261 18"),
        Row({GIVEN_UP, LINGERING, CLOSING, CLOSED}, SEND, always,              None,     (report_unsent,),                    "3261 18.4"),
    ),
    timers=(
        #     letter     runs in    lasts          then            RFC
        Timer("connect", {OPENING}, connect_time,  once,           "3261 18.4"),
        Timer("idle",    {IDLE},    idle_time,     repeated,       "3261 18"),
        # The wait for a pong does not put off the next ping: "The UA MUST send keep-alives at least as often as this
        # number of seconds." (RFC 5626 4.4)
        Timer("ping",    _ALIVE,    ping_interval, ping_interval,  "5626 4.4.1"),
        Timer("pong",    {PINGED},  pong_time,     once,           "5626 4.4.1"),
        Timer("ending",  {ENDING},  ending_time,   once,           "3261 18.4"),
        Timer("linger",  {LINGERING}, linger_time, once,           "3261 18.2.2"),
    ),
    ignored=(
        Ignore(INITIAL, {SEND, OPENED, OPEN_FAILED, CLOSE, END, FINISHED, LOST, IN_USE, OUT_OF_USE}, "it has not been asked for"),
        Ignore(INITIAL, {MESSAGE, PINGS, PONGS, KEEP_ALIVE, LET_GO}, "it has not been asked for"),
        Ignore({OPENING, GIVEN_UP, LINGERING, CLOSING, CLOSED} | SENDING, {ASK, ACCEPT}, "it is made only once"),
        Ignore({OPENING, GIVEN_UP}, {MESSAGE, PINGS, PONGS, END, FINISHED, LOST}, "nothing can come before it is open"),
        Ignore({OPENING, GIVEN_UP}, {KEEP_ALIVE, LET_GO}, "nothing has been agreed over it yet"),
        Ignore(GIVEN_UP, {IN_USE, OUT_OF_USE, CLOSE}, "whoever waited for it has been told"),
        Ignore(SENDING | {LINGERING, CLOSING, CLOSED}, {OPENED, OPEN_FAILED}, "that has been reported before"),
        Ignore(IDLE, OUT_OF_USE, "nobody uses it"),
        Ignore({USED, ENDING, PEER_FINISHED}, IN_USE, "that more than one uses it makes no difference"),
        Ignore({IDLE, USED}, KEEP_ALIVE, "only the side that made it sends pings, RFC 5626 3.5.1"),
        Ignore({IDLE, USED}, LET_GO, "it is not kept alive"),
        Ignore({IDLE, USED, KEPT}, PONGS, "a line end that answers nothing"),
        Ignore({USED, KEPT, PINGED}, MESSAGE, "its time does not depend on messages"),
        Ignore(_ALIVE, PINGS, "only the side that made it sends pings, RFC 5626 3.5.1"),
        Ignore(_ALIVE, KEEP_ALIVE, "it is kept alive; to change how, let it go first"),
        Ignore({ENDING, PEER_FINISHED, LINGERING}, {MESSAGE, PINGS, PONGS, KEEP_ALIVE, LET_GO}, "nothing is read on it any more"),
        Ignore({ENDING, PEER_FINISHED, LINGERING}, {END, FINISHED}, "nothing is read on it any more"),
        Ignore(LINGERING, {IN_USE, OUT_OF_USE}, "all has been answered that came on it"),
        Ignore({CLOSING, CLOSED}, {MESSAGE, PINGS, PONGS, END, FINISHED, CLOSE, IN_USE, OUT_OF_USE, KEEP_ALIVE, LET_GO}, "it is over"),
        Ignore(CLOSED, LOST, "it is over"),
    ),
)
# fmt: on
