"""An adapter is thin: it can be read in one sitting, and would look the same if SIP were another protocol."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from sipsm.message import KNOWN_METHODS

ADAPTERS = Path(__file__).parent.parent.parent / "adapters"
DRIVERS = ["sipsm_asyncio", "sipsm_trio", "sipsm_blocking"]
NO_CODE = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT),
    *(tokenize.ENCODING, tokenize.ENDMARKER),
}
SIP_WORDS = re.compile(
    rf"{'|'.join(KNOWN_METHODS)}|SIP/2|[Vv]ia|[Cc]ontact|[Cc][Ss]eq|[Cc]all-[Ii][Dd]|[Rr]oute|[Tt]ag\b"
)
SHARED = ["sipsm_dns", "sipsm_sockets"]
ROOMS = {"sipsm", "sipsm.endpoint.bound", "sipsm.endpoint.bound_proxy", *SHARED}


def nodes(package: str) -> Iterator[ast.AST]:
    """The code of an adapter, without its docstrings."""
    for path in sorted((ADAPTERS / package).rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        yield from (node for node in ast.walk(tree) if id(node) not in docs)


def lines_of_code(path: Path) -> set[int]:
    """The lines of a file that are neither empty nor comment nor docstring."""
    source = path.read_text("utf-8")
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    lines = {line for token in tokens if token.type not in NO_CODE for line in range(token.start[0], token.end[0] + 1)}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


@pytest.mark.parametrize("package", DRIVERS)
def test_an_adapter_is_read_in_one_sitting(package: str) -> None:
    """All its files together, for a user agent and a proxy, have fewer than 260 lines of code."""
    assert sum(len(lines_of_code(path)) for path in (ADAPTERS / package).rglob("*.py")) < 260


@pytest.mark.parametrize("package", [*DRIVERS, "sipsm_sockets"])
def test_an_adapter_speaks_no_sip(package: str) -> None:
    """No method, no header and no status code stands in its code."""
    for node in nodes(package):
        match node:
            case ast.Constant(value=str(text)):
                assert not SIP_WORDS.search(text), f"{text!r} in line {node.lineno}"
            case ast.Constant(value=bytes(data)):
                assert not data, f"{data!r} in line {node.lineno}"
            case ast.Constant(value=int(number)):
                assert not 100 <= number <= 699, f"{number} in line {node.lineno}"
            case ast.Attribute(attr=name):
                assert name not in {"method", "headers", "status", "cseq", "via", "to", "from_"}, f"line {node.lineno}"


@pytest.mark.parametrize("package", DRIVERS)
def test_an_adapter_computes_no_time(package: str) -> None:
    """No length of time stands in its code: only "now", "at once", and what it was given."""
    numbers = [node.value for node in nodes(package) if isinstance(node, ast.Constant) and type(node.value) is float]
    assert set(numbers) <= {0.0}


@pytest.mark.parametrize("package", DRIVERS)
def test_an_adapter_stands_on_the_endpoint_alone(package: str) -> None:
    """It knows the public names and what binds an endpoint to a socket; no room behind them, no other adapter."""
    imported, modules = set(), {f"{package}.{name}" for name in ("user_agent", "proxy")}
    for node in nodes(package):
        if isinstance(node, ast.ImportFrom):
            imported.add(node.module)
        elif isinstance(node, ast.Import):
            imported |= {name.name for name in node.names}
    assert {name for name in imported if name and name.startswith("sipsm")} <= {*ROOMS, *modules}
