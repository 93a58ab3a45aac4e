"""Everything that goes in and out, for `--trace`, `--explain` and `--save`, and each message that is to be reported."""

from __future__ import annotations

from time import monotonic

from sipsm import Flow
from sipsm.machine import Machine, Row
from sipsm.trace import Record, Recorder, ladder, live
from sipsm.transport.flow import bracketed
from sipsm_cli.arguments import Options
from sipsm_cli.output import aside
from sipsm_cli.report import Report


class Watch:
    """What is common to the watchers of a command's agents. Times are shown from when it was made."""

    def __init__(self, options: Options, report: Report) -> None:
        self.options = options
        self.report = report
        self.start = monotonic()
        self._explain = live(aside, start=self.start, parties=["sipsm"]) if options.explain else None
        self._recorder = Recorder(self._recorded) if options.explain or options.save else None

    def watcher(self, name: str) -> Watcher:
        """The watcher of one agent."""
        return Watcher(self, name, self._recorder)

    def trace(self, way: str, flow: Flow, data: bytes, now: float) -> None:
        """Show a message."""
        host, port = flow.remote
        text = data.decode("utf-8", "backslashreplace").replace("\r\n", "\n")
        head = f"--- {now - self.start:.3f} {way} {flow.transport.lower()}:{bracketed(host)}:{port}, {len(data)} bytes"
        aside(f"{head}\n{text}")

    def save(self) -> None:
        """Write the ladder, if that was asked for. Raises `OSError` where that cannot be done."""
        if self.options.save is not None and self._recorder is not None:
            picture = ladder(self._recorder.records, start=self.start, decimals=3, explain=self.options.explain)
            self.options.save.write_text(f"{picture}\n", "utf-8")

    def _recorded(self, record: Record) -> None:
        if self._explain is not None:
            self._explain(record)
        if self.options.save is None and self._recorder is not None:
            self._recorder.records.clear()


class Watcher:
    """The watcher of one agent: a `sipsm.Watcher`."""

    def __init__(self, watch: Watch, name: str, recorder: Recorder | None) -> None:
        self._watch = watch
        self._inner = None if recorder is None else recorder.watcher(name)

    def received(self, flow: Flow, data: bytes, now: float) -> None:
        """Bytes arrived."""
        if self._watch.options.trace:
            self._watch.trace("received from", flow, data, now)
        self._watch.report.received(data)
        if self._inner is not None:
            self._inner.received(flow, data, now)

    def sent(self, flow: Flow, data: bytes, now: float) -> None:
        """Bytes are to be sent."""
        if self._watch.options.trace:
            self._watch.trace("sent to", flow, data, now)
        if self._inner is not None:
            self._inner.sent(flow, data, now)

    def moved(self, machine: Machine, before: str, name: str, row: Row, now: float) -> None:
        """A machine took a row."""
        if self._inner is not None:
            self._inner.moved(machine, before, name, row, now)
