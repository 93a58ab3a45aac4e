"""The house rules that a machine can check: style, types, layering, the public API, the layout."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import sipsm

ROOT = Path(__file__).parent.parent
ADAPTERS = sorted(path.parent.name for path in (ROOT / "adapters").glob("*/__init__.py"))
SHIPPED = sorted([*(ROOT / "sipsm").rglob("*.py"), *(ROOT / "adapters").rglob("*.py")])
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))

LINT_IMPORTS = """
import sys
from importlinter.cli import lint_imports
sys.path.insert(0, "adapters")
sys.exit(lint_imports(no_cache=True, no_logo=True))
"""


def in_house(path: Path) -> str:
    """A file by its name inside the repository."""
    return path.relative_to(ROOT).as_posix()


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ["-m", "ruff", "check", "--quiet", "."],
        ["-m", "ruff", "format", "--check", "--quiet", "."],
        ["-m", "mypy", "--no-error-summary"],
        ["-c", LINT_IMPORTS],
    ],
    ids=["ruff check", "ruff format", "mypy", "import-linter"],
)
def test_the_tools_find_nothing(command: list[str]) -> None:
    """Style, types and layering hold, by the rules in pyproject.toml."""
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_public_names_are_the_listed_ones() -> None:
    """A public name comes or goes only on purpose: tests/public_api.txt says so."""
    assert sorted(sipsm.__all__) == (ROOT / "tests" / "public_api.txt").read_text("utf-8").split()


@pytest.mark.parametrize("package", ["sipsm", *ADAPTERS])
def test_every_public_name_is_there_and_documented(package: str) -> None:
    """`__all__` promises nothing that is missing, and every class and function in it says what it is."""
    module = importlib.import_module(package)
    silent = []
    for name in module.__all__:
        value = getattr(module, name)
        if (isinstance(value, type) or callable(value)) and not value.__doc__:
            silent.append(name)
    assert silent == []


def test_the_public_package_holds_imports_only() -> None:
    """`sipsm/__init__.py` decides nothing: a docstring, imports and `__all__`."""
    module = ast.parse((ROOT / "sipsm" / "__init__.py").read_text("utf-8"))
    for node in module.body[1:]:
        names = [ast.unparse(target) for target in node.targets] if isinstance(node, ast.Assign) else []
        assert isinstance(node, ast.Import | ast.ImportFrom) or names == ["__all__"], ast.unparse(node)


def test_every_room_says_what_it_is() -> None:
    """A folder of the core is a package with a docstring, so that every tool sees it."""
    folders = {path.parent for path in SHIPPED}
    assert [in_house(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_the_core_imports_from_its_rooms() -> None:
    """Inside the core a name is taken from the module that defines it, never from `sipsm` itself."""
    found = []
    for path in (ROOT / "sipsm").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "sipsm":
                # `from sipsm import errors` names a room; `from sipsm import Request` goes through the front door.
                rooms = {entry.stem for entry in (ROOT / "sipsm").iterdir()}
                found += [f"{in_house(path)}:{node.lineno}" for name in node.names if name.name not in rooms]
    assert found == []


def test_the_core_reads_no_clock() -> None:
    """A Date is a datetime, but what time it is comes from outside."""
    asks = {"now", "today", "utcnow", "fromtimestamp", "localtime", "gmtime"}
    found = [
        f"{in_house(path)}:{node.lineno}"
        for path in (ROOT / "sipsm").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in asks
        and isinstance(node.value, ast.Name | ast.Attribute)
        and ast.unparse(node.value).split(".")[0] in {"datetime", "date", "time"}
    ]
    assert found == []


@pytest.mark.parametrize("path", SHIPPED, ids=in_house)
def test_a_file_is_one_idea(path: Path) -> None:
    """No shipped file outgrows 600 lines, and each says in its docstring what it is."""
    text = path.read_text("utf-8")
    assert text.count("\n") <= 600
    assert ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize("path", TESTS, ids=in_house)
def test_a_test_says_what_is_true_of_the_world(path: Path) -> None:
    """Every test has a docstring."""
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]
    assert [node.name for node in functions if not ast.get_docstring(node)] == []


@pytest.mark.parametrize("package", ["sipsm", *(f"adapters/{name}" for name in ADAPTERS)])
def test_a_package_is_typed_and_shipped(package: str) -> None:
    """Type checkers read every package (PEP 561), and the wheel holds it."""
    assert (ROOT / package / "py.typed").is_file()
    assert f'"{package}",' in (ROOT / "pyproject.toml").read_text("utf-8")


def test_adapters_is_a_folder_and_no_package() -> None:
    """`import adapters` works on no user's machine: the folder's packages are imported by their own names."""
    assert [path for path in (ROOT / "adapters").iterdir() if path.is_file()] == []


def test_the_top_level_is_tidy() -> None:
    """Every module of Python lives in a folder that says what it is for."""
    assert list(ROOT.glob("*.py")) == []
