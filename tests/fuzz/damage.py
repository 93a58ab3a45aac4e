"""Real messages, damaged where SIP has its joints: lines, names, colons, parameters, lists, quotes, numbers.

Noise dies at the start line. What is one fault away from a message gets as far as a message does. The dice are given:
Hypothesis's, so that findings shrink, or seeded ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

from sipsm.message.names import COMPACT

Block = list[bytes]
"""The lines of a head or of a body, without their CRLFs; a fold is within a line."""

JOINTS = re.compile(rb"[\s:;,<>\"=@/?&%\[\]().\\*\-]|$")
DIGITS = re.compile(rb"[0-9]+")
LENGTH = re.compile(rb"(?im)^((?:Content-Length|l)[ \t]*:[ \t]*)[0-9]+")

# fmt: off
PIECES = (
    b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b"\r\n ", b"\r\n\t", b"\r\n\r\n", b" \r\n \r\n ", b":", b";", b",",
    b'"', b"<", b">", b"\\", b"%", b"@", b"[", b"]", b"=", b"?", b"&", b"/", b"*", b"(", b")", b"{", b"|", b"'", b".",
    b"-", b"--", b"\x01", b"\x0b", b"\x0c", b"\x1c", b"\x7f", b"\x80", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc2\x85",
    b"\xe2\x80\xa8", "é".encode(), "٣".encode(), "İ".encode(), "ſ".encode(), "\u212a".encode(), b"%00", b"%0d%0a",
    b"%zz", b"%4", b";;", b";=", b"==", b"=;", b";x", b";x=", b';x=""', b';x="', b'"\\', b"<>", b"<sip:", b"sip:",
    b"sips:", b"tel:+1", b"urn:x", b"sip:@", b"sip::@", b";tag=x", b";tag=", b";rport", b";rport=x", b";received=",
    b";branch=z9hG4bK", b";q=1.0001", b";expires=-1", b";lr", b";ttl=256", b"[::1]", b"[::", b"[1::2::3]",
    b"1.2.3.4.", b"256.1.1.1", b"SIP/2.0", b"sip/2.0", b"SIP/3.0", b"SIP / 2.0 / UDP", b"INVITE", b"Via: x", b"l: 5",
    b"CSeq: 1 INVITE", b"Contact: *", b", ,", b"()", b"(()", b"nan", b"1e5", b" " * 40, b"," * 40, b";" * 40,
    b"(" * 40, b'"' * 41, b"a" * 300, b"\r\n " * 20,
)
NUMBERS = (
    b"", b"0", b"00", b"-0", b"-1", b"+1", b"1.", b"1.5", b".5", b"1.0000", b"99", b"100", b"255", b"256", b"699",
    b"700", b"65535", b"65536", b"99999", b"2147483647", b"2147483648", b"4294967295", b"4294967296", b"9999999999",
    b"18446744073709551616", b"0" * 20 + b"5", b"9" * 30, b"9" * 5000, b"0x10", b"1_0", b"1 0", b"1e9", b"\xd9\xa3",
    b"\xc2\xb2", b"\xe2\x91\xa0",
)
# fmt: on
LONG = {short.encode(): name.encode() for short, name in COMPACT.items()}
SHORT = {name: short for short, name in LONG.items()}


def damaged(message: bytes, dice: Random, others: Sequence[Block]) -> bytes:
    """The message with one to a few faults; `others` are the heads to take lines from."""
    head, _, body = message.partition(b"\r\n\r\n")
    lines, parts = head.split(b"\r\n"), body.split(b"\r\n")
    for _ in range(dice.choice((1, 1, 1, 1, 2, 2, 3, 6))):
        block = parts if body and dice.randrange(4) == 0 else lines
        at = dice.randrange(len(block))
        if dice.randrange(3) == 0:
            dice.choice(OF_LINES)(block, at, dice, others)
        else:
            block[at] = dice.choice(OF_ONE_LINE)(block[at], dice)
    body = b"\r\n".join(parts)
    head = b"\r\n".join(lines)
    if dice.randrange(8):
        # A wrong Content-Length hides all the other faults.
        head = LENGTH.sub(rb"\g<1>%d" % len(body), head)
    data = head + b"\r\n\r\n" + body
    what = dice.randrange(40)
    if what == 0:
        return data[: dice.randrange(len(data) + 1)]
    return b"\r\n" * what + data if what < 3 else data


# Faults of a block of lines


def drop(block: Block, at: int, dice: Random, others: Sequence[Block]) -> None:
    if len(block) > 1:
        del block[at]


def double(block: Block, at: int, dice: Random, others: Sequence[Block]) -> None:
    block[at:at] = block[at : at + 1] * dice.choice((1, 1, 1, 2, 30))


def swap(block: Block, at: int, dice: Random, others: Sequence[Block]) -> None:
    other = dice.randrange(len(block))
    block[at], block[other] = block[other], block[at]


def join(block: Block, at: int, dice: Random, others: Sequence[Block]) -> None:
    """What stood in two lines of one name stands in one."""
    if at + 1 < len(block):
        block[at : at + 2] = [block[at] + dice.choice((b"", b",", b", ", b" ")) + block[at + 1].partition(b":")[2]]


def move_in(block: Block, at: int, dice: Random, others: Sequence[Block]) -> None:
    """A line of another message is there as well."""
    block.insert(at, dice.choice(dice.choice(others)))


def replace(block: Block, at: int, dice: Random, others: Sequence[Block]) -> None:
    block[at] = dice.choice(dice.choice(others))


def exchange_value(block: Block, at: int, dice: Random, others: Sequence[Block]) -> None:
    """A header has the value of another header."""
    value = dice.choice(dice.choice(others)).partition(b":")[2]
    block[at] = block[at].partition(b":")[0] + b":" + value


def empty_line(block: Block, at: int, dice: Random, others: Sequence[Block]) -> None:
    block.insert(at, dice.choice((b"", b" ", b"\t", b":", b": x", b"x:", b"x")))


OF_LINES: tuple[Callable[[Block, int, Random, Sequence[Block]], None], ...] = (
    drop,
    double,
    swap,
    join,
    move_in,
    move_in,
    replace,
    exchange_value,
    exchange_value,
    empty_line,
)


# Faults of one line


def joint(line: bytes, dice: Random) -> int:
    """A place before or behind one of the characters that mean something."""
    return min(dice.choice([match.start() for match in JOINTS.finditer(line)]) + dice.randrange(2), len(line))


def insert(line: bytes, dice: Random) -> bytes:
    at = joint(line, dice)
    return line[:at] + dice.choice(PIECES) + line[at:]


def overwrite(line: bytes, dice: Random) -> bytes:
    at = joint(line, dice)
    return line[:at] + dice.choice(PIECES) + line[at + 1 :]


def delete(line: bytes, dice: Random) -> bytes:
    at, end = sorted((joint(line, dice), joint(line, dice)))
    return line[:at] + line[max(end, at + 1) :]


def repeat(line: bytes, dice: Random) -> bytes:
    at, end = sorted((joint(line, dice), joint(line, dice)))
    return line[:at] + line[at:end] * dice.choice((2, 2, 3, 20)) + line[end:]


def fold(line: bytes, dice: Random) -> bytes:
    at = joint(line, dice)
    return line[:at] + dice.choice((b"\r\n ", b"\r\n\t", b" \r\n  ", b"\r\n \r\n ", b"\n ")) + line[at:].lstrip(b" ")


def recase(line: bytes, dice: Random) -> bytes:
    name, colon, value = line.partition(b":")
    how = dice.choice((bytes.upper, bytes.lower, bytes.swapcase))
    what = dice.randrange(3)
    return (how(name) if what != 1 else name) + colon + (how(value) if what else value)


def rename(line: bytes, dice: Random) -> bytes:
    """The other form of the name, compact or long; white space and tabs around the colon."""
    name, _, value = line.partition(b":")
    known = name.strip().lower()
    name = SHORT.get(known) or LONG.get(known) or name
    return name + dice.choice((b":", b": ", b" : ", b"\t:\t", b" ", b"::", b":\r\n ", b"\r\n :")) + value.lstrip()


def renumber(line: bytes, dice: Random) -> bytes:
    found = list(DIGITS.finditer(line))
    if not found:
        return insert(line, dice)
    start, end = dice.choice(found).span()
    return line[:start] + dice.choice(NUMBERS) + line[end:]


def reorder(line: bytes, dice: Random) -> bytes:
    """Parameters or elements of a list are there twice, not at all, or in another order."""
    separator = dice.choice((b";", b";", b",", b" ", b"=", b"&"))
    parts = line.split(separator)
    at, to = dice.randrange(len(parts)), dice.randrange(len(parts))
    what = dice.randrange(3)
    if what == 0:
        parts.insert(to, parts[at])
    elif what == 1 and len(parts) > 1:
        del parts[at]
    else:
        parts[at], parts[to] = parts[to], parts[at]
    return separator.join(parts)


def unbalance(line: bytes, dice: Random) -> bytes:
    """A quote, bracket or parenthesis too many or too few, or one that is escaped."""
    mark = dice.choice((b'"', b'"', b"<", b">", b"[", b"]", b"(", b")", b"\\"))
    if mark in line and dice.randrange(2):
        return line.replace(mark, dice.choice((b"", b"\\" + mark, mark + mark)), 1)
    at = joint(line, dice)
    return line[:at] + mark + line[at:]


def requote(line: bytes, dice: Random) -> bytes:
    """What stood alone stands in quotes, or in parentheses, or in brackets."""
    at, end = sorted((joint(line, dice), joint(line, dice)))
    left, right = dice.choice((b'""', b"()", b"<>", b"[]", b"{}"))[:1], b""
    right = {b'"': b'"', b"(": b")", b"<": b">", b"[": b"]", b"{": b"}"}[left]
    return line[:at] + left + line[at:end] + right + line[end:]


def flip(line: bytes, dice: Random) -> bytes:
    if not line:
        return b"\x00"
    at = dice.randrange(len(line))
    return line[:at] + bytes((line[at] ^ 1 << dice.randrange(8),)) + line[at + 1 :]


def cut(line: bytes, dice: Random) -> bytes:
    return line[: joint(line, dice)]


OF_ONE_LINE: tuple[Callable[[bytes, Random], bytes], ...] = (
    insert,
    insert,
    overwrite,
    delete,
    repeat,
    fold,
    recase,
    rename,
    renumber,
    renumber,
    reorder,
    reorder,
    unbalance,
    requote,
    flip,
    cut,
)
