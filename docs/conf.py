"""How Sphinx makes a site of these pages: `make site`. Every warning is an error there, a broken link among them."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

from docs import diagrams

project = "sipsm"
extensions = ["myst_parser", "sphinx.ext.graphviz", "sphinxcontrib.mermaid"]
root_doc = "index"
nitpicky = True

# The anchors of headings are those of GitHub.
myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]

# The machines are drawn by Graphviz from their tables, the other figures by Mermaid: all at build time, as SVG.
graphviz_output_format = mermaid_output_format = "svg"
mermaid_cmd = shlex.join([str(Path(sys.executable).with_name("mermaidx")), "--quiet"])

html_theme = "furo"
html_title = "sipsm"
html_static_path = ["site"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_use_index = False


def setup(app: Any) -> None:
    """Have each page drawn as it is read."""
    app.connect("source-read", _read)


def _read(_app: Any, _page: str, source: list[str]) -> None:
    source[0] = diagrams.as_graphviz(source[0])
