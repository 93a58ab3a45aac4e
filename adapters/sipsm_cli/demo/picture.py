"""The picture of the call: two lifelines, the messages between them, and below each the steps that go with it.

A step stands on the side of the end that took it; in the right margin is the RFC section of its row.
"""

from __future__ import annotations

from collections.abc import Callable

from sipsm import Request, parse_message
from sipsm.trace import Arrived, Arrow, Asked, Left, Moved, Record
from sipsm_cli.media import summary

WIDTH = 72
"""The distance between the lifelines."""
LEFT, RIGHT = "alice", "bob"
LEGEND = """\
An arrow is a message, beside the time when it left. » is what a person does. All else is a step of a state
machine at that end: which machine, from which state to which. On the right: the rule that it follows."""


class Picture:
    """Writes lines, as records are given to it in their order."""

    def __init__(self, write: Callable[[str], object], start: float) -> None:
        self._write = write
        self._start = start
        self._held: list[Moved] = []
        """Steps whose message has not left yet, if they lead to one."""
        self._reading: str = ""
        """Who is reading a message: the steps that follow come from it."""
        self._shown: Arrow | None = None
        self._sent: set[tuple[str, bytes]] = set()
        self._last: dict[str, Moved] = {}
        """The last step of each end: when a message leaves, the one that had it sent."""

    def head(self, title: str, alice: str, bob: str) -> None:
        """What this is, and the names above the lifelines."""
        self._write(f"{title}\n\n{LEGEND}\n")
        names = f"{f'{LEFT}  {alice}':<{WIDTH // 2}}{f'{bob}  {RIGHT}':>{WIDTH // 2 + 2}}"
        self._write(f" seconds  {names}  RFC, section")

    def take(self, record: Record, arrow: Arrow | None) -> None:
        """Draw what has happened; `arrow` is the message, where it is about one."""
        if isinstance(record, Moved):
            self._last[record.who] = record
        match record:
            case Asked():
                self.settle()
                self._line("")
                self._side(record.who, f"» {record.who} {record.what}", at=record.at)
            case Left() if arrow is not None:
                self._leaves(record, arrow)
            case Arrived() if arrow is not None:
                self.settle()
                if arrow is not self._shown:
                    self._side(record.who, f"({_label(arrow.data)} of {self._time(arrow.at)} s arrives)", at=record.at)
                    self._shown = arrow
                self._reading = record.who
            case Moved() if record.who == self._reading and not record.input.startswith("Timer "):
                self._step(record)
            case Moved():
                if self._held and (self._held[0].who, self._held[0].at) != (record.who, record.at):
                    self.settle()
                self._reading = ""
                self._held.append(record)
            case _:
                pass

    def settle(self) -> None:
        """The steps that led to no message."""
        held, self._held = [moved for moved in self._held if moved.before != moved.after], []
        self._reading = ""
        for moved in held:
            self._step(moved, at=moved.at)
            self._shown = None

    def _leaves(self, record: Left, arrow: Arrow) -> None:
        if self._held and (self._held[0].who, self._held[0].at) != (record.who, record.at):
            self.settle()
        held, self._held = self._held, []
        again = (record.who, record.data) in self._sent
        self._sent.add((record.who, record.data))
        self._arrow(record, arrow, again)
        for moved in held:
            self._step(moved)
        self._shown = arrow

    # ---------------------------------------------------------------- lines

    def _arrow(self, record: Left, arrow: Arrow, again: bool) -> None:
        why = f" again ({record.why})" if record.why and again else " again" if again else ""
        label = f" {_label(record.data)}{why} "
        shaft = WIDTH - len(label) - 3
        cause = self._last.get(record.who)
        rfc = "" if cause is None or cause.at != record.at else cause.rfc
        # A lost packet gets as far as two thirds of the way.
        drawn, point = (shaft * 2 // 3, "╳") if arrow.lost else (shaft, "")
        if record.who == LEFT:
            line = f"──{label}{'─' * drawn}{point or '▶'}"
            self._line(f"{line:<{WIDTH}}", rfc, record.at)
        else:
            line = f"{point or '◀'}{'─' * drawn}{label}──"
            self._line(f"{line:>{WIDTH}}", rfc, record.at)

    def _step(self, moved: Moved, at: float | None = None) -> None:
        if moved.before == moved.after:
            text = f"{moved.machine}: {moved.after} (stays, {moved.input})"
        else:
            timer = f" ({moved.input})" if moved.input.startswith("Timer ") else ""
            text = f"{moved.machine}: {moved.before} → {moved.after}{timer}"
        self._side(moved.who, text, rfc=moved.rfc, at=at)

    def _side(self, who: str, text: str, rfc: str = "", at: float | None = None) -> None:
        line = f" {text} "
        self._line(f"{line:<{WIDTH}}" if who == LEFT else f"{line:>{WIDTH}}", rfc, at)

    def _line(self, text: str, rfc: str = "", at: float | None = None) -> None:
        time = "" if at is None else self._time(at)
        self._write(f"{time:>8}  │{text:{WIDTH}}│  {rfc}".rstrip())

    def _time(self, at: float) -> str:
        return f"{at - self._start:.3f}"


def _label(data: bytes) -> str:
    """A message in a few words."""
    message = parse_message(data)
    words = [message.method] if isinstance(message, Request) else [str(message.status), message.reason]
    if not isinstance(message, Request) and message.status >= 200:
        words += ["to", message.cseq.method]
    if message.body:
        words += [f"+ {'offer' if isinstance(message, Request) else 'answer'}: {summary(message.body)}"]
    return " ".join(words)
