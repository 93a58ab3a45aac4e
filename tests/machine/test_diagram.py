"""Pictures and lists of a table, as text (`sipsm.machine.diagram`)."""

from __future__ import annotations

from textwrap import dedent

from sipsm.machine import (
    Ignore,
    No,
    Refuse,
    Row,
    Step,
    Table,
    Timer,
    To,
    Wiring,
    always,
    doubled,
    graphviz,
    grid,
    listing,
    mermaid,
    once,
)
from sipsm.machine.diagram import action_name, guard_name


def has_power(_machine: object, _x: object, _at: object) -> bool:
    """There is power."""
    return True


def light_up(_machine: object, _x: object, _step: Step) -> None:
    """Give light."""


def two_seconds(_machine: object) -> float:
    """2 s."""
    return 2.0


LAMP = Table(
    "lamp",
    rfc="9 1",
    initial="Off",
    rows=(
        Row("Off", "push", has_power, "On", (light_up, light_up), "9 1.1"),
        Row("Off", "push", always, None, (), "9 1.2"),
        Row("Off", "pull", has_power, "On", (light_up,), "9 1.3"),
        Row({"On", "Off"}, "break", always, "Broken", (), "9 1.4"),
        Row("On", "Timer T", always, "On", (light_up,), "9 1.5"),
        Refuse({"On", "Broken"}, "push", always, None, "it is not off", "9 1.6"),
        Refuse("On", "pull", has_power, 491, "it is on", "9 1.7"),
    ),
    ignored=(
        Ignore({"Off", "On"}, "pull", "the cord is loose"),
        Ignore("Broken", {"pull", "break"}, "it is broken"),
    ),
    timers=(Timer("T", {"On"}, two_seconds, doubled, "9 1.8"), Timer("U", {"On", "Broken"}, two_seconds, once, "9")),
)


def text(indented: str) -> str:
    """A text as it stands here, without its indentation."""
    return dedent(indented).lstrip("\n")


def test_mermaid() -> None:
    """An arrow for each change, with all inputs that make it; the initial state and the final ones are marked."""
    assert mermaid(LAMP) == text("""
        stateDiagram-v2
            state "Off" as s0
            state "On" as s1
            state "Broken" as s2
            [*] --> s0
            s0 --> s1: push [has power]<br/>pull [has power]
            s0 --> s0: push
            s0 --> s2: break
            s1 --> s2: break
            s1 --> s1: Timer T
            s2 --> [*]
    """)


BOX = 'border="1" style="rounded" color="{}" cellborder="0" cellspacing="0" cellpadding="3"'


def test_graphviz() -> None:
    """The same picture: what stays in a state stands in its box; a final one has a thick border."""
    off, on, broken = (BOX.format(colour) for colour in ("#1f4e9c", "#a33a00", "#1a6b33"))
    broken = broken.replace('border="1"', 'border="2"')
    small = '<tr><td align="left"><font point-size="10">{}</font></td></tr>'.format
    assert graphviz(LAMP) == text(rf"""
        digraph "lamp" {{
            graph [fontname="Helvetica", nodesep=0.35, ranksep=0.6];
            node [shape=plain, fontname="Helvetica", fontsize=12];
            edge [fontname="Helvetica", fontsize=10, arrowsize=0.7];
            initial [shape=point];
            initial -> "Off";
            "Off" [label=<<table {off}><tr><td><b>Off</b></td></tr><hr/>{small("push")}</table>>];
            "On" [label=<<table {on}><tr><td><b>On</b></td></tr><hr/>{small("Timer T")}</table>>];
            "Broken" [label=<<table {broken}><tr><td><b>Broken</b></td></tr></table>>];
            "Off" -> "On" [label="push [has power]\lpull [has power]\l", color="#1f4e9c", fontcolor="#1f4e9c"];
            "Off" -> "Broken" [label="break\l", color="#1f4e9c", fontcolor="#1f4e9c"];
            "On" -> "Broken" [label="break\l", color="#a33a00", fontcolor="#a33a00"];
        }}
    """)


def test_what_graphviz_would_misread_is_escaped() -> None:
    """Names with quotes and angle brackets are drawn as they are."""
    rows = (
        Row("<A>", '"B" & C', always, None, (), "9"),
        Row("<A>", '"D"', always, "E", (), "9"),
    )
    drawn = graphviz(Table("odd", initial="<A>", rows=rows, rfc="9"))
    assert "<b>&lt;A&gt;</b>" in drawn
    assert '>"B" &amp; C<' in drawn
    assert r'''"<A>" -> "E" [label="\"D\"\l"''' in drawn


def test_what_holds_of_many_states_is_drawn_once() -> None:
    """A row of four states that lead elsewhere is one arrow, from a box with their names."""
    rows = (
        Row("A", "go", always, "B", (), "9"),
        Row({"A", "B", "C", "D", "E"}, "end", always, "E", (), "9"),
        Row({"A", "B", "C", "D"}, "stay", always, None, (), "9"),
    )
    drawn = graphviz(Table("letters", initial="A", rows=rows, rfc="9"))
    assert '"A or B or C or D" [shape=box, style="rounded,dashed", fontsize=10, label="A or B or C or D"];' in drawn
    assert drawn.count("->") == len(["the first state", "go", "end"])
    assert '"A or B or C or D" -> "E" [label="end\\l", color="black", fontcolor="black"];' in drawn
    assert drawn.count(">stay<") == 4
    assert ">end<" in drawn.split('"E" [label')[1].split(";")[0]


def test_a_long_label_is_wrapped() -> None:
    """The guard of an arrow goes on in a second line."""
    rows = (Row("Off", "push with some force", has_power, "On", (), "9"),)
    assert r'"push with some force\l  [has power]\l"' in graphviz(Table("lamp", initial="Off", rows=rows, rfc="9"))


def test_listing() -> None:
    """Every row, refusal, ignored pair and timer, with its section."""
    assert listing(LAMP) == text("""
        | state | input | when | next | actions | RFC |
        | --- | --- | --- | --- | --- | --- |
        | Off | push | has power | On | light up, light up | 9 1.1 |
        | Off | push |  | stays |  | 9 1.2 |
        | Off | pull | has power | On | light up | 9 1.3 |
        | Off, On | break |  | Broken |  | 9 1.4 |
        | On | Timer T |  | On | light up | 9 1.5 |
        | Broken, On | push |  | refused | it is not off | 9 1.6 |
        | On | pull | has power | refused | 491: it is on | 9 1.7 |
        | Off, On | pull | | ignored | the cord is loose | |
        | Broken | break, pull | | ignored | it is broken | |

        | timer | runs in | first | then | RFC |
        | --- | --- | --- | --- | --- |
        | T | On | two seconds | doubled | 9 1.8 |
        | U | Broken, On | two seconds | once | 9 |
    """)


def test_a_listing_without_timers() -> None:
    """Then there is no list of them."""
    plain = Table("plain", initial="Off", rows=[Row("Off", "push", always, "Off", (), "9 1")], rfc="9 1")
    assert "timer" not in listing(plain)


def test_one_arrow_names_an_input_once() -> None:
    """Rows that differ in their actions only are one label."""
    rows = [Row("Off", "push", has_power, "On", (), "9 1"), Row("Off", "push", has_power, "On", (light_up,), "9 2")]
    assert mermaid(Table("lamp", initial="Off", rows=rows, rfc="9")).count("push") == 1


def test_an_arrow_that_is_taken_in_any_case_has_no_guard() -> None:
    """Rows that lead to one place, with a guard and without, are one label."""
    rows = [Row("Off", "push", has_power, "On", (light_up,), "9 1"), Row("Off", "push", always, "On", (), "9 2")]
    assert "s0 --> s1: push\n" in mermaid(Table("lamp", initial="Off", rows=rows, rfc="9"))


def test_grid() -> None:
    """What each event is to each machine, or why it is nothing to it."""
    wiring = Wiring(
        "house",
        {"lamp": [LAMP], "other": [LAMP]},
        {
            "switch": {"lamp": To("push", "9 2"), "other": To("pull", "9 3", "each dialog")},
            "storm": {"lamp": No("it is inside"), "other": To("break", "9 4")},
            "Timer T": {"lamp": To("Timer T", "9 5"), "other": To("Timer T", "9 5")},
            "Timer U": {"lamp": To("Timer U", "9 5"), "other": To("Timer U", "9 5")},
        },
    )
    assert grid(wiring) == text("""
        | event | lamp | other |
        | --- | --- | --- |
        | switch | **push** (9 2) | **pull**, each dialog (9 3) |
        | storm | - it is inside | **break** (9 4) |
        | Timer T | **Timer T** (9 5) | **Timer T** (9 5) |
        | Timer U | **Timer U** (9 5) | **Timer U** (9 5) |
    """)


def test_names_in_words() -> None:
    """A function's name is its text; `always` needs none, and what has no name is told as such."""
    assert (guard_name(has_power), guard_name(always)) == ("has power", "")
    assert (action_name(light_up), action_name(object())) == ("light up", "?")
