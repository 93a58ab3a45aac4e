"""The conformance matrix: what is claimed of the RFCs, and the tests that prove it.

Two sources and no third: `behaviours.toml` beside this file, and the marks `@pytest.mark.rfc(...)` in `tests/`.
The marks are read from the source text, so the page does not depend on what a test run happened to collect.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parents[2]
BEHAVIOURS = Path(__file__).with_name("behaviours.toml")

BEHAVIOUR_ID = re.compile(r"\d{4}-[A-Z]?\d{2}")
SECTION = re.compile(r"\d{4}( [A-Z]?\d*(\.\d+)*)?")


@frozen
class Behaviour:
    """One thing that an RFC asks for, as `behaviours.toml` states it."""

    id: str
    area: str
    section: str
    level: str
    text: str
    role: str = ""
    often_wrong: bool = False


@frozen
class Proof:
    """A test that carries a mark."""

    path: str
    name: str

    @property
    def link(self) -> str:
        """The test, linked to its file from a page in `docs/`."""
        return f"[{self.name}](../{self.path})"


Claims = dict[str, list[Proof]]
"""From an id or a section to the tests that are marked with it, in the order of the test files."""


def page() -> str:
    """The text of `docs/conformance.md`."""
    behaviours, not_applicable = known_behaviours()
    return render(behaviours, not_applicable, claims_of(ROOT / "tests"))


def known_behaviours() -> tuple[tuple[Behaviour, ...], dict[str, str]]:
    """The behaviours, and for those that cannot apply the reason."""
    data = tomllib.loads(BEHAVIOURS.read_text("utf-8"))
    return tuple(Behaviour(**entry) for entry in data["behaviour"]), data.get("not_applicable", {})


def claims_of(tests: Path) -> Claims:
    """All marks in the test files under `tests`."""
    claims: Claims = defaultdict(list)
    for path in sorted(tests.rglob("test_*.py")):
        relative = path.relative_to(tests.parent).as_posix()
        for name, claim in marks_in(path.read_text("utf-8"), relative):
            claims[claim].append(Proof(relative, name))
    return dict(claims)


def marks_in(source: str, path: str) -> Iterator[tuple[str, str]]:
    """Each test of a file with each of its claims: its own, its class's, and those of the module's `pytestmark`.

    Raises `ValueError` for a claim that is neither the id of a behaviour nor a section.
    """
    module = ast.parse(source, path)
    shared = [claim for node in module.body if _is_pytestmark(node) for claim in _claims_in(node, path)]
    yield from _marks_of_tests(module.body, shared, "", path)


def _marks_of_tests(body: list[ast.stmt], inherited: list[str], prefix: str, path: str) -> Iterator[tuple[str, str]]:
    for node in body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        # A mark inside `pytest.param(..., marks=...)` stands in a decorator too, and counts for the test.
        own = [claim for decorator in node.decorator_list for claim in _claims_in(decorator, path)]
        claims = list(dict.fromkeys([*inherited, *own]))
        if isinstance(node, ast.ClassDef):
            if node.name.startswith("Test"):
                yield from _marks_of_tests(node.body, claims, f"{prefix}{node.name}.", path)
        elif node.name.startswith("test"):
            for claim in claims:
                yield prefix + node.name, claim


def _is_pytestmark(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets
    )


def _claims_in(node: ast.AST, path: str) -> Iterator[str]:
    """What the calls of `rfc` or `pytest.mark.rfc` in a piece of source are given."""
    for call in ast.walk(node):
        if not isinstance(call, ast.Call):
            continue
        called = call.func
        name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
        if name != "rfc":
            continue
        for argument in call.args:
            claim = argument.value if isinstance(argument, ast.Constant) else None
            if not isinstance(claim, str) or not (BEHAVIOUR_ID.fullmatch(claim) or SECTION.fullmatch(claim)):
                raise ValueError(
                    f"{path}:{argument.lineno}: a mark names the id of a behaviour or a section, "
                    f'such as "3261-S19" or "3261 17.1.1.2", not {ast.unparse(argument)}'
                )
            yield claim


def render(behaviours: tuple[Behaviour, ...], not_applicable: dict[str, str], claims: Claims) -> str:
    """The page: a summary, one table an area, and the sections with their tests."""
    areas: dict[str, list[Behaviour]] = defaultdict(list)
    for behaviour in behaviours:
        areas[behaviour.area].append(behaviour)
    lines = [
        "# Conformance",
        "",
        "<!-- Written by `make docs` from the marks on the tests and from conformance/behaviours.toml. -->",
        "",
        "Each behaviour below is proven by the tests named beside it, not done, or not applicable for a reason given.",
        "A test is named here because it carries the mark `@pytest.mark.rfc(...)` with the behaviour's id.",
        "",
        "Levels: **M** must, **S** should, **m** may, but tested for. ⚑ marks what SIP stacks get wrong most often.",
        "",
        "| area | proven | not done | not applicable |",
        "| --- | ---: | ---: | ---: |",
    ]
    for area, members in areas.items():
        proven = sum(b.id in claims for b in members)
        excused = sum(b.id in not_applicable for b in members)
        lines.append(f"| {area} | {proven} | {len(members) - proven - excused} | {excused} |")
    for area, members in areas.items():
        lines += [
            "",
            f"## {area}",
            "",
            "| id | section | level | behaviour | proven by |",
            "| --- | --- | --- | --- | --- |",
        ]
        lines += [_row(behaviour, not_applicable, claims) for behaviour in members]
    lines += ["", "## Tests by section", "", "| section | tests |", "| --- | --- |"]
    for section in sorted((c for c in claims if not BEHAVIOUR_ID.fullmatch(c)), key=_reading_order):
        lines.append(f"| RFC {section} | {_links(claims[section])} |")
    return "\n".join(lines) + "\n"


def _row(behaviour: Behaviour, not_applicable: dict[str, str], claims: Claims) -> str:
    if behaviour.id in claims:
        proof = _links(claims[behaviour.id])
    elif behaviour.id in not_applicable:
        proof = f"not applicable: {not_applicable[behaviour.id]}"
    else:
        proof = "not done"
    text = (f"{behaviour.role}: " if behaviour.role else "") + behaviour.text + (" ⚑" if behaviour.often_wrong else "")
    cells = (behaviour.id, behaviour.section, behaviour.level, text, proof)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _links(proofs: list[Proof]) -> str:
    return ", ".join(proof.link for proof in proofs)


def _reading_order(section: str) -> list[tuple[int, str]]:
    """RFC 3261 9.1 stands before 17.1, whatever the letters say."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"[ .]", section)]
