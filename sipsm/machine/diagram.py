"""Pictures and lists of a table, as text: Mermaid, Graphviz, and its rows.

All come from the table that runs, so they cannot differ from it.
"""

from __future__ import annotations

from itertools import cycle
from textwrap import wrap
from typing import Final

from sipsm.machine.joint import To, Wiring
from sipsm.machine.table import Action, Guard, Refuse, Row, States, Table, always

_WIDTH: Final = 24
"""The most characters of a line beside an arrow."""
_MANY: Final = 4
"""States whose arrows are drawn as one."""
_COLOURS: Final = (
    "#1f4e9c", "#a33a00", "#1a6b33", "#7a1f7a", "#806000", "#00636b", "#a01843", "#3d3d3d", "#5b3cc4", "#6b4423",
    "#4d6b00", "#b0006d",
)  # fmt: skip
"""Dark enough to be read on white."""


def mermaid(table: Table) -> str:
    """A Mermaid state diagram: an arrow for each change that a row makes, labelled with the inputs that make it."""
    ids = {state: f"s{n}" for n, state in enumerate(table.states)}
    arrows = {(a, b): labels for ((a,), b), labels in _arrows(table).items()}
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{state}" as {ids[state]}' for state in table.states]
    lines += [f"    [*] --> {ids[table.initial]}"]
    lines += [f"    {ids[a]} --> {ids[b]}: {'<br/>'.join(labels)}" for (a, b), labels in arrows.items()]
    lines += [f"    {ids[state]} --> [*]" for state in _final(table)]
    return "\n".join(lines) + "\n"


def graphviz(table: Table) -> str:
    """The same picture in the language of Graphviz: what stays in a state stands in its box, as in UML.

    Each state has a colour, and so have the arrows that leave it. What a row says of many states leaves a dashed box
    that names them. A final state has a thick border.
    """
    arrows, final = _arrows(table, _MANY), _final(table)
    colours = dict(zip(table.states, cycle(_COLOURS)))
    lines = [
        f'digraph "{table.name}" {{',
        '    graph [fontname="Helvetica", nodesep=0.35, ranksep=0.6];',
        '    node [shape=plain, fontname="Helvetica", fontsize=12];',
        '    edge [fontname="Helvetica", fontsize=10, arrowsize=0.7];',
        "    initial [shape=point];",
        f'    initial -> "{table.initial}";',
    ]
    for state in table.states:
        inner = [line for label in arrows.get(((state,), state), ()) for line in _wrapped(label)]
        rows = "".join(f'<tr><td align="left"><font point-size="10">{_html(line)}</font></td></tr>' for line in inner)
        box = (
            f'border="{2 if state in final else 1}" style="rounded" color="{colours[state]}"'
            ' cellborder="0" cellspacing="0" cellpadding="3"'
        )
        title = f"<tr><td><b>{_html(state)}</b></td></tr>{'<hr/>' if rows else ''}"
        lines.append(f'    "{state}" [label=<<table {box}>{title}{rows}</table>>];')
    for states in dict.fromkeys(states for states, _ in arrows if len(states) > 1):
        label = "\\n".join(wrap(" or ".join(states), _WIDTH))
        lines.append(f'    "{" or ".join(states)}" [shape=box, style="rounded,dashed", fontsize=10, label="{label}"];')
    for (states, b), labels in arrows.items():
        if states != (b,):
            text = "".join(f"{line}\\l" for label in labels for line in _wrapped(label)).replace('"', '\\"')
            colour = colours[states[0]] if len(states) == 1 else "black"
            arrow = f'"{" or ".join(states)}" -> "{b}"'
            lines.append(f'    {arrow} [label="{text}", color="{colour}", fontcolor="{colour}"];')
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
                shown.append(f"**{cell.input}**{f', {cell.scope}' if cell.scope else ''} ({cell.rfc})")
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


def _arrows(table: Table, many: float = float("inf")) -> dict[tuple[tuple[str, ...], str], list[str]]:
    """The inputs that lead from a state to another, each with its guards, or without where one row needs none.

    Where so `many` states are left by one row, they are taken together.
    """
    arrows: dict[tuple[tuple[str, ...], str], dict[str, list[str]]] = {}
    for row in table.rows:
        if isinstance(row, Row):
            states = [row.state] if isinstance(row.state, str) else sorted(row.state)
            left = tuple(state for state in states if state != (row.next or state))
            together = [left, *((state,) for state in states if state not in left)]
            for each in together if len(left) >= many else [(state,) for state in states]:
                guards = arrows.setdefault((each, row.next or each[0]), {}).setdefault(row.input, [])
                guards += [] if guard_name(row.guard) in guards else [guard_name(row.guard)]
    return {
        pair: [
            f"{name} [{guard}]" if guard else name
            for name, guards in inputs.items()
            for guard in ([""] if "" in guards else guards)
        ]
        for pair, inputs in arrows.items()
    }


def _wrapped(label: str) -> list[str]:
    return wrap(label, _WIDTH, subsequent_indent="  ")


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _final(table: Table) -> list[str]:
    left = {a for (a,), b in _arrows(table) if a != b}
    return [state for state in table.states if state not in left]
