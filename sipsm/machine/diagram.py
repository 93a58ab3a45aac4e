"""Pictures and lists of a table, as text: Mermaid, Graphviz, and its rows.

All come from the table that runs, so they cannot differ from it.
"""

from __future__ import annotations

from sipsm.machine.joint import To, Wiring
from sipsm.machine.table import Action, Guard, Refuse, Row, States, Table, always


def mermaid(table: Table) -> str:
    """A Mermaid state diagram: an arrow for each change that a row makes, labelled with the inputs that make it."""
    ids = {state: f"s{n}" for n, state in enumerate(table.states)}
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{state}" as {ids[state]}' for state in table.states]
    lines += [f"    [*] --> {ids[table.initial]}"]
    lines += [f"    {ids[a]} --> {ids[b]}: {'<br/>'.join(labels)}" for (a, b), labels in _arrows(table).items()]
    lines += [f"    {ids[state]} --> [*]" for state in _final(table)]
    return "\n".join(lines) + "\n"


def graphviz(table: Table) -> str:
    """The same diagram in the language of Graphviz."""
    lines = [f'digraph "{table.name}" {{', "    node [shape=box, style=rounded];"]
    final = _final(table)
    lines += ["    initial [shape=point];", f'    initial -> "{table.initial}";']
    for state in table.states:
        lines.append(f'    "{state}"{" [peripheries=2]" if state in final else ""};')
    for (a, b), labels in _arrows(table).items():
        text = "\\n".join(labels).replace('"', '\\"')
        lines.append(f'    "{a}" -> "{b}" [label="{text}"];')
    return "\n".join([*lines, "}"]) + "\n"


def listing(table: Table) -> str:
    """Every row, refusal, ignored pair and timer of the table, as Markdown."""
    out = [
        "| state | input | when | next | actions | RFC |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for entry in table.rows:
        state, when = _names(entry.state), guard_name(entry.guard)
        if isinstance(entry, Row):
            actions = ", ".join(action_name(a) for a in entry.actions)
            out.append(f"| {state} | {entry.input} | {when} | {entry.next or 'stays'} | {actions} | {entry.rfc} |")
        else:
            out.append(f"| {state} | {entry.input} | {when} | refused | {_refusal(entry)} | {entry.rfc} |")
    for pair in table.ignored:
        out.append(f"| {_names(pair.state)} | {_names(pair.input)} | | ignored | {pair.why} | |")
    if table.timers:
        out += ["", "| timer | runs in | first | then | RFC |", "| --- | --- | --- | --- | --- |"]
        for timer in table.timers:
            spans = f"{action_name(timer.lasts)} | {action_name(timer.then)}"
            out.append(f"| {timer.letter} | {_names(timer.runs_in)} | {spans} | {timer.rfc} |")
    return "\n".join(out) + "\n"


def grid(wiring: Wiring) -> str:
    """The wiring's grid as Markdown: what each event is to each machine, or why it is nothing to it."""
    places = list(wiring.machines)
    out = [f"| event | {' | '.join(places)} |", f"| --- |{' --- |' * len(places)}"]
    for event, cells in wiring.grid.items():
        shown = []
        for place in places:
            cell = cells[place]
            if isinstance(cell, To):
                shown.append(f"**{cell.input}**{' of each dialog' if cell.each else ''} ({cell.rfc})")
            else:
                shown.append(f"- {cell.why}")
        out.append(f"| {event} | {' | '.join(shown)} |")
    return "\n".join(out) + "\n"


def guard_name(guard: Guard) -> str:
    """The guard's name in words; empty for `always`."""
    return "" if guard is always else action_name(guard)


def action_name(action: Action | Guard | object) -> str:
    """The function's name in words."""
    return getattr(action, "__name__", "?").replace("_", " ")


def _refusal(entry: Refuse) -> str:
    return entry.text if entry.status is None else f"{entry.status}: {entry.text}"


def _names(states: States) -> str:
    return states if isinstance(states, str) else ", ".join(sorted(states))


def _arrows(table: Table) -> dict[tuple[str, str], list[str]]:
    arrows: dict[tuple[str, str], list[str]] = {}
    for row in table.rows:
        if isinstance(row, Row):
            for state in sorted({row.state} if isinstance(row.state, str) else row.state):
                condition = guard_name(row.guard)
                label = f"{row.input} [{condition}]" if condition else row.input
                labels = arrows.setdefault((state, row.next or state), [])
                if label not in labels:
                    labels.append(label)
    return arrows


def _final(table: Table) -> list[str]:
    left = {a for a, b in _arrows(table) if a != b}
    return [state for state in table.states if state not in left]
