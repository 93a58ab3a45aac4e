"""How the call went, as each end tells it by itself; and whether the two stories are one."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from attrs import asdict, frozen

from sipsm_cli.exits import Exit
from sipsm_cli.media import summary

COMPLEMENTS = {
    ("hung-up", "hung-up-by-peer"),
    ("hung-up-by-peer", "hung-up"),
    ("rejected", "declined"),
    ("cancelled", "cancelled-by-peer"),
}
"""How the same end of a call is called by the caller and by the callee."""


@frozen
class Story:
    """What one end knows of the call."""

    call_id: str = ""
    """Empty where it has heard of none."""
    offer: bytes = b""
    answer: bytes = b""
    answered: bool = False
    """Whether the 2xx went from one end to the other, as far as this end knows."""
    exchanges: int = 0
    """How many requests within the call were asked and answered, besides BYE."""
    ended: str = ""
    """The reason; empty where it does not know that the call is over."""

    def to_plain(self) -> dict[str, Any]:
        """As values that JSON knows."""
        return {**asdict(self), "offer": self.offer.decode("latin-1"), "answer": self.answer.decode("latin-1")}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Story:
        """What `to_plain` gave."""
        return cls(**{**plain, "offer": plain["offer"].encode("latin-1"), "answer": plain["answer"].encode("latin-1")})


def verdict(alice: Story, bob: Story) -> tuple[Exit, list[str]]:
    """The two stories side by side, and whether they are one."""
    rows = [
        ("call", alice.call_id or "none", bob.call_id or "none", alice.call_id == bob.call_id),
        ("offer", _digest(alice.offer), _digest(bob.offer), alice.offer == bob.offer),
        ("answer", _digest(alice.answer), _digest(bob.answer), alice.answer == bob.answer),
        ("answered", _yes(alice.answered), _yes(bob.answered), alice.answered == bob.answered),
        ("requests within", str(alice.exchanges), str(bob.exchanges), alice.exchanges == bob.exchanges),
        ("ended", _phrase(alice.ended), _phrase(bob.ended), (alice.ended, bob.ended) in COMPLEMENTS),
    ]
    agree = all(same for *_, same in rows)
    return Exit.DONE if agree else Exit.REFUSED, [
        f"{'':10}{'':18}{'alice says':30}{'bob says':30}".rstrip(),
        *(f"{'':10}{name:18}{one:30}{other:30}{'✓' if same else '✗'}" for name, one, other, same in rows),
        "",
        f"{'':10}Both ends agree on how the call went." if agree else f"{'':10}The two ends do not agree.",
    ]


def _digest(sdp: bytes) -> str:
    return f"{sha256(sdp).hexdigest()[:12]} ({summary(sdp)})" if sdp else "none"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _phrase(reason: str) -> str:
    return reason.replace("-", " ") or "not that it knows"
