"""What kinds of calls are walked: in the suite the beginning of each, by `python -m tests.usage` the whole."""

from __future__ import annotations

from typing import Final

from tests.usage.world import Plan

_CALLED: Final = ("<INVITE+SDP", "ACCEPT+SDP", "ACK")
_OF_THREE: Final = (">INVITE+SDP", "1XX", "1XX@1", "1XX@2", "2XX+SDP")
_CALLING: Final = (">INVITE+SDP", "2XX+SDP")

PLANS: Final = {
    "callee": Plan(False, invites=1),
    "callee that is up": Plan(False, already=_CALLED),
    "callee that changes the session": Plan(False, already=(*_CALLED, "<REINVITE+SDP", "REL+SDP")),
    "callee that was too quick": Plan(False, already=("<INVITE+SDP", "REL", "ACCEPT+SDP")),
    "callee, session timer": Plan(False, peers_interval_s=100),
    "caller": Plan(True, invites=1),
    "caller that is up": Plan(True, already=_CALLING),
    "caller that changes the session": Plan(True, already=(*_CALLING, ">REINVITE+SDP", "<REL+SDP")),
    "caller after a collision": Plan(True, already=(*_CALLING, ">REINVITE+SDP", "3XX-6XX")),
    "caller, session timer": Plan(True, interval_s=90, peers_interval_s=100),
    "caller, no session timer": Plan(True, peers_interval_s=100),
    "caller, forks": Plan(True, invites=1, forks=2),
    "caller, one fork of three": Plan(True, invites=1, forks=3, already=_OF_THREE),
    "caller, forks that are kept": Plan(True, invites=1, forks=2, keeps_forks=True),
    "caller, PRACK by hand": Plan(True, invites=1, prack_by_hand=True),
    "caller, several attempts": Plan(True, invites=1, retries=True),
    "caller that was put off": Plan(True, invites=1, retries=True, already=(">INVITE+SDP", "POSTPONE")),
}
"""Each with its name."""
