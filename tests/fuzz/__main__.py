"""The fuzz target: `python -m tests.fuzz [FOLDER] [-runs=N] [-max_total_time=S] [any option of libFuzzer]`.

Coverage of `sipsm` is the guide. One input in four is changed by libFuzzer, by bytes and by words of SIP; the others by
`damage`. An input that shows a fault stays in `regressions/`, which `test_regressions` reads. FOLDER keeps what was
found worth going on from.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from zlib import crc32

# Of the extra "fuzz"; the tests do without it, and so does the type checker.
atheris: Any = importlib.import_module("atheris")

with atheris.instrument_imports(include=["sipsm"]):
    from tests.fuzz.damage import PIECES, damaged
    from tests.fuzz.properties import survived
    from tests.fuzz.seeds import HEADERS, HEADS, SEEDS

REGRESSIONS = Path(__file__).parent / "regressions"
MAX_LENGTH = 6000


def mutated(data: bytes, max_size: int, seed: int) -> bytes:
    """The next input, made from one that was worth keeping."""
    dice = Random(seed)
    if dice.randrange(4) == 0:
        return bytes(atheris.Mutate(data, max_size))
    if dice.randrange(16) == 0:
        data = dice.choice(SEEDS)
    return damaged(data, dice, HEADS)[:max_size]


def dictionary() -> str:
    """The words of SIP for libFuzzer's own changes: names of headers, and what stands at the joints."""
    words = {line.partition(b":")[0] + b":" for line in HEADERS} | {piece for piece in PIECES if len(piece) < 40}
    return "".join('"' + "".join(f"\\x{octet:02x}" for octet in word) + '"\n' for word in sorted(words))


def main() -> None:
    with TemporaryDirectory() as folder:
        seeds, words = Path(folder, "seeds"), Path(folder, "words")
        seeds.mkdir()
        for number, seed in enumerate(SEEDS):
            (seeds / f"{number:03}").write_bytes(seed)
        words.write_text(dictionary(), "ascii")
        defaults = [f"-max_len={MAX_LENGTH}", f"-dict={words}", f"-artifact_prefix={REGRESSIONS}/", "-timeout=10"]
        atheris.Setup([sys.argv[0], *defaults, *sys.argv[1:], str(seeds)], one_input, custom_mutator=mutated)
        atheris.Fuzz()


def one_input(data: bytes) -> None:
    """Every input is read; one in a few, and always the same ones, is also compared and changed, which takes longer."""
    survived(data, thorough=crc32(data) % 64 == 0)


main()
