"""The command line `sipsm`: a SIP endpoint for people and scripts."""

from __future__ import annotations

from sipsm_cli.main import main

__all__ = ["main"]
