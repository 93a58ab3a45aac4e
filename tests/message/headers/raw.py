"""Messages as strangers write them: what `build` refuses to write."""

from __future__ import annotations

from sipsm.message import Request, Response, read_message


def raw(start_line: str, *headers: tuple[str, str]) -> Request | Response:
    """A message of this start line and these header lines, whatever they are."""
    lines = [start_line, *(f"{name}: {value}" for name, value in headers), "", ""]
    return read_message("\r\n".join(lines).encode())
