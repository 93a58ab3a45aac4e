"""An adapter is thin: it can be read in one sitting, and would look the same if SIP were another protocol."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sipsm.message import KNOWN_METHODS

ADAPTERS = Path(__file__).parent.parent.parent / "adapters"
DRIVERS = ["sipsm_asyncio", "sipsm_trio", "sipsm_blocking"]
SIP_WORDS = re.compile(
    rf"{'|'.join(KNOWN_METHODS)}|SIP/2|[Vv]ia|[Cc]ontact|[Cc][Ss]eq|[Cc]all-[Ii][Dd]|[Rr]oute|[Tt]ag\b"
)
ROOMS = {"sipsm", "sipsm.endpoint.bound", "sipsm_dns"}


def nodes(package: str) -> Iterator[ast.AST]:
    """The code of an adapter, without its docstrings."""
    for path in sorted((ADAPTERS / package).rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        yield from (node for node in ast.walk(tree) if id(node) not in docs)


@pytest.mark.parametrize("package", DRIVERS)
def test_an_adapter_is_read_in_one_sitting(package: str) -> None:
    """All its files together have fewer than 250 lines."""
    assert sum(path.read_text("utf-8").count("\n") for path in (ADAPTERS / package).rglob("*.py")) < 250


@pytest.mark.parametrize("package", DRIVERS)
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
    imported = set()
    for node in nodes(package):
        if isinstance(node, ast.ImportFrom):
            imported.add(node.module)
        elif isinstance(node, ast.Import):
            imported |= {name.name for name in node.names}
    assert {name for name in imported if name and name.startswith("sipsm")} <= {*ROOMS, f"{package}.user_agent"}
