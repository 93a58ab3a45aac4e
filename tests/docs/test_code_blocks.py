"""The code in the documentation runs.

Every fence marked `python` in README.md and docs/ is run: as a session with its output where it has prompts, else
as a program. The fences of one page share their names, top to bottom, as a reader takes them in. A comment
`<!-- not run: reason -->` above a fence has it compiled only.
"""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

ROOT = Path(__file__).parents[2]
FENCE = re.compile(
    r"(?P<comment><!-- not run: [^\n]+ -->\s*\n)?^```python\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)


@frozen
class Fence:
    """A piece of Python in a page."""

    page: str
    line: int
    code: str
    runs: bool


def fences(text: str, page: str) -> list[Fence]:
    """The Python fences of a page, top to bottom."""
    return [
        Fence(page, text.count("\n", 0, match.start("code")) + 1, match["code"], match["comment"] is None)
        for match in FENCE.finditer(text)
    ]


def run(fence: Fence, names: dict[str, Any]) -> None:
    """Run a fence among the names of those before it.

    Raises what the code raises, and `AssertionError` where a session's output is not the one on the page.
    """
    # Empty lines before it, so that a traceback names the line of the page.
    program = compile("\n" * (fence.line - 1) + ("" if ">>>" in fence.code else fence.code), fence.page, "exec")
    if not fence.runs:
        return
    if ">>>" not in fence.code:
        exec(program, names)
        return
    session = doctest.DocTestParser().get_doctest(fence.code, names, fence.page, fence.page, fence.line - 1)
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    results = runner.run(session, out=report.append, clear_globs=False)
    names.update(session.globs)
    assert results.failed == 0, "".join(report)


PAGES = [path.relative_to(ROOT).as_posix() for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))]


@pytest.mark.parametrize("page", PAGES)
def test_the_code_of_a_page_runs(page: str) -> None:
    """What a reader copies from a page does what the page says."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for fence in fences((ROOT / page).read_text("utf-8"), page):
        run(fence, names)


PAGE = """
```python
x = 6
```
text
```python
>>> x * 7
42
```

<!-- not run: it divides by zero -->
```python
1 / 0
```
"""


def test_a_page_shares_its_names_and_a_wrong_output_fails() -> None:
    """The mechanism itself: programs and sessions go on from each other, and a false page is found."""
    first, session, not_run = fences(PAGE, "page.md")
    assert [fence.line for fence in (first, session, not_run)] == [3, 7, 13]
    names: dict[str, Any] = {}
    for fence in (first, session, not_run):
        run(fence, names)
    names["x"] = 7
    with pytest.raises(AssertionError, match=r"Expected:\s+42\s+Got:\s+49"):
        run(session, names)
    with pytest.raises(ZeroDivisionError):
        run(Fence("page.md", 1, "1 / 0", runs=True), names)
    with pytest.raises(SyntaxError):
        run(Fence("page.md", 1, "1 /", runs=False), names)
