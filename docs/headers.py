"""The page of header fields: every field that `message[...]` reads, and what the values of each can be asked.

From `sipsm.message.headers.FIELDS` and the values' own docstrings.
"""

from __future__ import annotations

import ast
import inspect
from typing import Any, get_args, get_type_hints

from sipsm.message import headers
from sipsm.message.headers import FIELDS, Listed, Single
from sipsm.message.names import COMPACT

Field = Single[Any] | Listed[Any]

CONSTANTS = {id(value): name for name, value in vars(headers).items() if isinstance(value, Single | Listed)}
SHORT = {name: letter for letter, name in COMPACT.items()}


def page() -> str:
    """The text of `docs/headers.md`."""
    lines = [
        "# Header fields",
        "",
        "<!-- Written by `make docs` from the fields in `sipsm.message.headers`. -->",
        "",
        "`message[headers.EXPIRES]` reads a header as its value. Where it is missing, a single one is `None`, and a",
        "list is `()`. [Messages](messages.md) tells how all this works, and how to add a field of your own.",
        "",
        "| header | compact | constant | value | RFC |",
        "| --- | --- | --- | --- | --- |",
    ]
    fields = sorted(FIELDS.values(), key=lambda field: field.key)
    lines += [
        f"| {field.name} | {SHORT.get(field.key, '')} | `{CONSTANTS[id(field)]}` | {value_in_words(field)} "
        f"| {field.rfc} |"
        for field in fields
    ]
    lines += [
        "",
        "## Values",
        "",
        "Each is immutable, and `str(value)` is the header's text, as it came where it came from the network. `parse`",
        "reads a text and raises `RemoteProtocolError`; `build` takes parts and raises `LocalProtocolError`. Most are",
        "a [`WithParams`](#withparams), and have what that has.",
    ]
    for kind in kinds():
        lines += section(kind)
    return "\n".join(lines) + "\n"


def kinds() -> list[type]:
    """The classes of values, by name."""
    public = [getattr(headers, name) for name in headers.__all__]
    found = {kind for kind in public if isinstance(kind, type) and kind not in (Single, Listed)}
    return sorted(found | {kind for kind in map(value_of, FIELDS.values()) if is_ours(kind)}, key=lambda k: k.__name__)


def value_of(field: Field) -> type:
    """The class of the field's value, or of each of its values."""
    parse: Any = field.parse
    if isinstance(parse, type):
        return parse
    owner = getattr(parse, "__self__", None)
    if isinstance(owner, type):
        return owner
    kind = get_type_hints(parse).get("return")
    if kind is None:  # a lambda; what reads the whole line says it
        assert isinstance(field, Listed), "a lambda says nothing of its value"
        (kind,) = get_args(get_type_hints(field.parse_line)["return"])
    assert isinstance(kind, type), f"{kind} of {field} is a class"
    return kind


def value_in_words(field: Field) -> str:
    """The value as the table has it, linked to its section where it has one."""
    kind = value_of(field)
    name = f"[`{kind.__name__}`](#{kind.__name__.lower()})" if is_ours(kind) else f"`{kind.__name__}`"
    return f"list of {name}" if isinstance(field, Listed) else name


def section(kind: type) -> list[str]:
    """What a class of values is, how one is built, and what it can be asked."""
    lines = ["", f"### {kind.__name__}", "", summary(inspect.getdoc(kind))]
    build = getattr(kind, "build", None)
    if build is not None:
        lines += ["", f"`{kind.__name__}.build{signature(build)}`"]
    asked = [f"- `{name}`: {says}" if says else f"- `{name}`" for name, says in questions(kind)]
    return [*lines, "", *asked] if asked else lines


def signature(build: Any) -> str:
    """The parameters without their types, which are those of the properties of the same names."""
    parameters = inspect.signature(build).parameters.values()
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters]
    return str(inspect.Signature(bare))


def questions(kind: type) -> list[tuple[str, str]]:
    """The fields, properties and methods of a value, and what each says; without those of `WithParams`."""
    found: dict[str, str] = {}
    for base in kind.__mro__:
        if not is_ours(base) or (base is headers.WithParams and kind is not base):
            continue
        of_fields = field_docstrings(base) if issubclass(base, tuple) else {}
        for name, what in vars(base).items():
            if name in of_fields:
                found.setdefault(name, of_fields[name])
            elif isinstance(what, property) and not name.startswith("_"):
                found.setdefault(name, summary(inspect.getdoc(what)))
            elif inspect.isfunction(what) and not name.startswith("_"):
                found.setdefault(f"{name}()", summary(inspect.getdoc(what)))
    return list(found.items())


def field_docstrings(kind: type) -> dict[str, str]:
    """What a named tuple says of its fields, in the strings below them."""
    (tree,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(tree, ast.ClassDef), "the source of a class is one"
    found = {}
    for field, after in zip(tree.body, [*tree.body[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            says = after.value if isinstance(after, ast.Expr) else None
            found[field.target.id] = summary(str(says.value)) if isinstance(says, ast.Constant) else ""
    return found


def summary(docstring: str | None) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((docstring or "").partition("\n\n")[0].split())


def is_ours(kind: type) -> bool:
    """Whether the class is one of sipsm."""
    return kind.__module__.startswith("sipsm.")
