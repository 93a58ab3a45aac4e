"""From records to arrows: which bytes that left are which that arrived, and what is written on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import define, field

from sipsm.errors import RemoteProtocolError
from sipsm.message import Request, parse_message
from sipsm.trace.record import Arrived, Carried, Left, Record
from sipsm.transport import Address, Flow
from sipsm.transport.flow import bracketed


@define(eq=False)
class Arrow:
    """One message on its way."""

    at: float
    """When it left; when it arrived, if nobody saw it leave."""
    sender: str
    receiver: str
    data: bytes
    why: str = ""
    """The timer that had it sent."""
    arrives: list[float] = field(factory=list)
    lost: bool = False
    carried: bool = False
    """Whether the network has said what becomes of it."""

    @property
    def label(self) -> str:
        """The method or the status; of what is no SIP, how much there is of it."""
        first = self.data.lstrip().split(b"\r\n", 1)[0].decode("ascii", "replace").split(" ")
        if len(first) < 2:
            return f"{len(self.data)} bytes"
        return first[1] if first[0] == "SIP/2.0" else first[0]

    @property
    def about(self) -> str:
        """What else there is to say of it: `sip:bob@biloxi.example.com, with SDP`, `Ringing, to the INVITE`."""
        try:
            message = parse_message(self.data)
        except RemoteProtocolError:
            return ""
        sdp = ", with SDP" if (message.content_type or "").lower().startswith("application/sdp") else ""
        if isinstance(message, Request):
            return f"{message.uri}{sdp}"
        return f"{message.reason}, to the {message.cseq.method}{sdp}"


class Pairing:
    """Takes records one by one, and says to which arrow each belongs. `names` are for addresses nobody watches."""

    def __init__(self, names: Mapping[Address, str] | None = None) -> None:
        self.arrows: list[Arrow] = []
        self._names = dict(names or {})
        self._watched: set[str] = set()
        self._by_bytes: dict[tuple[Flow, bytes], list[Arrow]] = {}

    def know(self, records: Iterable[Record]) -> None:
        """Learn from all records who sits at which address."""
        for record in records:
            if isinstance(record, Left | Arrived | Carried):
                self._know(record)

    def take(self, record: Record) -> Arrow | None:
        """The arrow that this record begins or goes on with; None if it has none."""
        if isinstance(record, Left):
            self._know(record)
            arrow = Arrow(record.at, record.who, self._name(record.flow.remote), record.data, record.why)
            self.arrows.append(arrow)
            self._by_bytes.setdefault((record.flow, record.data), []).append(arrow)
            return arrow
        if isinstance(record, Carried):
            sent = self._by_bytes.get((record.flow, record.data), [])
            for arrow in sent:
                if not arrow.carried:
                    arrow.carried = True
                    arrow.arrives += record.arrives
                    arrow.lost = not record.arrives
                    return arrow
        if isinstance(record, Arrived):
            self._know(record)
            return self._arrived(record)
        return None

    def settle(self) -> None:
        """All has been taken: what has not arrived at one who is watched is lost."""
        for arrow in self.arrows:
            if not arrow.arrives and arrow.receiver in self._watched:
                arrow.lost = True

    def _arrived(self, record: Arrived) -> Arrow:
        way = Flow(record.flow.transport, record.flow.remote, record.flow.local)
        sent = self._by_bytes.get((way, record.data), [])
        for arrow in sent:
            if arrow.carried and record.at in arrow.arrives:
                return arrow
        # Nobody said what became of them: the last one sent is the likeliest, and one that comes twice was doubled.
        unsaid = [arrow for arrow in sent if not arrow.carried]
        if unsaid:
            unsaid[-1].arrives.append(record.at)
            return unsaid[-1]
        arrow = Arrow(record.at, self._name(record.flow.remote), record.who, record.data, arrives=[record.at])
        self.arrows.append(arrow)
        return arrow

    def _know(self, record: Left | Arrived | Carried) -> None:
        self._names[record.flow.local] = record.who
        self._watched.add(record.who)

    def _name(self, address: Address) -> str:
        return self._names.get(address) or f"{bracketed(address[0])}:{address[1]}"
