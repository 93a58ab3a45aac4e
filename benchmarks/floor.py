"""The least work that Python can do for the same bytes: what any parser and writer in Python costs at the very least.

Nothing is checked, repeated headers are lost, other spellings are not found, folds are not understood.
"""

from __future__ import annotations


def read(data: bytes) -> tuple[str, str | None, str | None, str | None, str, str, bytes]:
    """First word or status, branch, the two tags, Call-ID and CSeq, by find and partition; and the body."""
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name] = value
    start = lines[0].split(" ", 2)
    return (
        start[1] if start[0] == "SIP/2.0" else start[0],
        _param(headers["Via"] if "Via" in headers else headers["v"], ";branch="),
        _param(headers["From"] if "From" in headers else headers["f"], ";tag="),
        _param(headers["To"] if "To" in headers else headers["t"], ";tag="),
        (headers["Call-ID"] if "Call-ID" in headers else headers["i"]).strip(),
        headers["CSeq"].strip(),
        body,
    )


def _param(value: str, name: str) -> str | None:
    at = value.find(name)
    if at < 0:
        return None
    at += len(name)
    end = value.find(";", at)
    return value[at:] if end < 0 else value[at:end]


def write(start_line: str, headers: list[tuple[str, str]], body: bytes) -> bytes:
    """A message of its start line, header names and values, and body."""
    lines = [start_line]
    for name, value in headers:
        lines.append(f"{name}: {value}")
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body
