"""A flow as a picture: one line for each message, and on request why each machine did what it did.

    0.0  alice INVITE----------> bob
    0.1  alice <------------180- bob
    2.0  alice <------------200- bob
    2.0  alice ACK-------------x bob
    2.5  alice <------------200- bob   Timer 2xx
    2.5  alice ACK-------------> bob

The time is when the message left, `x` is where it was lost, and a timer is named where one had it sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sipsm.trace.arrows import Arrow, Pairing
from sipsm.trace.record import Arrived, Left, Moved, Record
from sipsm.transport import Address

ARROW = 17
"""How long an arrow is, at least."""
STEP = 55
"""How long the part of a line is that tells from which state to which a machine went."""


class Ladder(str):
    """The text of a picture, without a line end at its end. Compare it with another text."""

    __slots__ = ()


def ladder(
    records: Sequence[Record],
    *,
    start: float | None = None,
    decimals: int = 1,
    parties: Sequence[str] = (),
    names: Mapping[Address, str] | None = None,
    explain: bool = False,
) -> Ladder:
    """The picture of all records. Times count from `start`, by default from the first record.

    Who comes first in `parties` stands on the left; others follow as they appear. `names` are for addresses at which
    nobody is watched. With `explain`, every state change stands below the message that it led to or came from.
    """
    pairing = Pairing(names)
    pairing.know(records)
    arrows = [pairing.take(record) for record in records]
    pairing.settle()
    origin = start if start is not None else records[0].at if records else 0.0
    last = max((each.at for each in (records if explain else pairing.arrows)), default=origin)
    form = Form(origin, decimals, parties, width=len(f"{last - origin:.{decimals}f}"))
    for arrow in pairing.arrows:
        form.meet(arrow)
    if explain:
        telling = Telling(form)
        lines = [line for record, arrow in zip(records, arrows, strict=True) for line in telling.take(record, arrow)]
        return Ladder("\n".join([*lines, *telling.flush()]).strip("\n"))
    return Ladder("\n".join(form.line(arrow) for arrow in pairing.arrows))


def live(
    write: Callable[[str], object],
    *,
    start: float,
    decimals: int = 3,
    parties: Sequence[str] = (),
    names: Mapping[Address, str] | None = None,
) -> Callable[[Record], None]:
    """A function for `Recorder(tell=...)`, which writes the explained picture line by line as it happens.

    What will be lost is not known yet, so no arrow shows it. `write` gets lines without their ends.
    """
    pairing = Pairing(names)
    form = Form(start, decimals, parties, width=4 + decimals)
    telling = Telling(form)

    def tell(record: Record) -> None:
        arrow = pairing.take(record)
        if arrow is not None:
            form.meet(arrow)
        for line in telling.take(record, arrow):
            write(line)

    return tell


class Form:
    """How lines are laid out: from when times count, who stands on which side, how wide the columns are."""

    def __init__(self, start: float, decimals: int, parties: Sequence[str], width: int) -> None:
        self._start = start
        self._decimals = decimals
        self.width = width
        self._order = {name: place for place, name in enumerate(parties)}
        self._left = self._right = 0
        self._arrow = ARROW

    def meet(self, arrow: Arrow) -> None:
        """Make room for an arrow and its ends."""
        self._order.setdefault(arrow.sender, len(self._order))
        self._order.setdefault(arrow.receiver, len(self._order))
        left, right = self._sides(arrow)
        self._left, self._right = max(self._left, len(left)), max(self._right, len(right))
        self._arrow = max(self._arrow, len(arrow.label) + 4)

    def time(self, at: float) -> str:
        """Seconds since the start."""
        return f"{at - self._start:>{self.width}.{self._decimals}f}"

    def name(self, who: str) -> str:
        """A name, as wide as all of them."""
        return f"{who:<{max(self._left, self._right)}}"

    def line(self, arrow: Arrow, *notes: str) -> str:
        """The line of one message."""
        left, right = self._sides(arrow)
        rightwards = left == arrow.sender
        point = "x" if arrow.lost else ">" if rightwards else "<"
        shaft = "-" * (self._arrow - len(arrow.label) - 2)
        drawn = f"{arrow.label}-{shaft}{point}" if rightwards else f"{point}{shaft}{arrow.label}-"
        twice = "twice" if len(arrow.arrives) > 1 else ""
        said = ", ".join(note for note in (arrow.why, twice, *notes) if note)
        return f"{self.time(arrow.at)}  {left:<{self._left}} {drawn} {right:<{self._right}}   {said}".rstrip()

    def _sides(self, arrow: Arrow) -> tuple[str, str]:
        ends = (arrow.sender, arrow.receiver)
        return ends if self._order[arrow.sender] <= self._order[arrow.receiver] else ends[::-1]


class Telling:
    """Tells the records in their order: a line for each message, below it the steps that led to it or came from it."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._held: list[Moved] = []
        self._reading: Arrived | None = None
        """The message that is being read: the steps that follow come from it."""
        self._shown: Arrow | None = None
        """The message whose line was written last."""

    def take(self, record: Record, arrow: Arrow | None) -> list[str]:
        """The lines that can be written now that this has happened."""
        if isinstance(record, Moved):
            return self._moved(record)
        if isinstance(record, Left):
            assert arrow is not None, "what left is an arrow"
            return self._sent(record, arrow)
        lines = self.flush()
        if isinstance(record, Arrived):
            assert arrow is not None, "what arrived is an arrow"
            self._reading = record
            lines += self._arrived(record, arrow)
        return lines

    def flush(self) -> list[str]:
        """The steps that led to no message."""
        held, self._held = self._held, []
        self._reading = None
        if not held:
            return []
        self._shown = None
        return ["", *(self._step(moved, self._form.time(moved.at)) for moved in held)]

    def _sent(self, record: Left, arrow: Arrow) -> list[str]:
        mine = bool(self._held) and self._held[0].who == record.who and self._held[0].at == record.at
        before = [] if mine else self.flush()
        lines = [*before, "", self._form.line(arrow, arrow.about), *(self._step(moved) for moved in self._held)]
        self._held = []
        self._shown = arrow
        return lines

    def _arrived(self, record: Arrived, arrow: Arrow) -> list[str]:
        if arrow is self._shown and arrow.at == record.at:
            return []
        self._shown = arrow
        if arrow.at == record.at:
            return ["", self._form.line(arrow, arrow.about)]
        note = f"{arrow.label} of {self._form.time(arrow.at).strip()} arrives"
        return ["", f"{self._form.time(record.at)}  {self._form.name(record.who)} {note}"]

    def _moved(self, record: Moved) -> list[str]:
        reading = self._reading
        if (
            reading is not None
            and (reading.who, reading.at) == (record.who, record.at)
            and not record.input.startswith("Timer ")
        ):
            return [self._step(record)]
        lines: list[str] = []
        if self._held and (self._held[0].who, self._held[0].at) != (record.who, record.at):
            lines = self.flush()
        self._reading = None
        self._held.append(record)
        return lines

    def _step(self, moved: Moved, time: str = "") -> str:
        form = self._form
        way = f"stays {moved.after}" if moved.before == moved.after else f"{moved.before} -> {moved.after}"
        because = f"{moved.input}, RFC {moved.rfc}"
        timers = ", ".join(f"{letter} {form.time(at).strip()}" for letter, at in moved.timers)
        running = f"; timers: {timers}" if timers else ""
        step = f"{moved.machine}: {way}"
        return f"{time:{form.width}}  {form.name(moved.who)}   {step:<{STEP}} {because}{running}"
