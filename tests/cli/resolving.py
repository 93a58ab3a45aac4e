"""`sipsm` where the name server is at another port than 53: `python -m tests.cli.resolving PORT COMMAND ...`."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

import dns.asyncresolver
import dns.resolver

import sipsm_dns.names
from sipsm_cli import main


@cache
def resolver(_module: str) -> Any:
    """The one for all names; it remembers answers, as that of the system does."""
    made = dns.asyncresolver.Resolver(configure=False)
    made.nameservers, made.port, made.cache = ["127.0.0.1"], int(sys.argv[1]), dns.resolver.LRUCache()
    return made


if __name__ == "__main__":
    sipsm_dns.names.default_resolver = resolver
    sys.exit(main(sys.argv[2:]))
