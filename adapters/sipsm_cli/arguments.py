"""What was said on the command line, and the check that it makes sense together.

A mistake ends the program with exit 2, before anything is sent.
"""

from __future__ import annotations

import argparse
import ssl
from collections.abc import Sequence
from pathlib import Path

from sipsm import Account, RouteTarget, Uri
from sipsm.packages import package_named
from sipsm.transport.flow import split_address
from sipsm_cli.commands import build
from sipsm_cli.script import Step
from sipsm_cli.values import HeaderLine
from sipsm_sockets import TlsContexts, tls_contexts

REALM = "sipsm"
"""That of a registrar whose users are named and whose realm is not."""
KEEPING = frozenset({"notifier", "registrar"})
"""The servers that keep something for others, which is known at all their addresses."""


class Options(argparse.Namespace):
    """All that was said; each command has some of these."""

    command: str

    bind: list[str]
    identity: str | None
    proxy: str | None
    auth: list[Account]
    header: list[HeaderLine]
    timeout: float | None
    linger: float
    json: bool
    trace: bool
    save: Path | None
    explain: bool
    tls_cert: Path | None
    tls_key: Path | None
    tls_ca: Path | None
    tls: TlsContexts
    """What these come to."""

    ring: int
    ring_time: float
    answer: int
    contact: str | None
    hangup_after: float | None
    reliable: bool
    recv_info: list[str]
    accept_refer: bool
    realm: str | None
    user: list[tuple[str, str]]
    algorithm: tuple[str, ...]
    do: list[Step]

    uri: Uri
    target: Uri
    duration: float | None
    cancel_after: float | None
    no_offer: bool
    follow: bool
    session_expires: int | None

    event: list[str]
    type: str | None
    state: bytes
    publish: bool
    min_expires: int
    max_expires: int

    route: list[tuple[str, tuple[RouteTarget, ...]]]
    serial: bool
    record_route: bool

    package: str
    body: bytes
    expires: int
    accept: list[str]

    aor: str
    contacts: list[str]
    remove: bool
    remove_all: bool
    query: bool

    loss: float | None
    seed: int | None


def parse(words: Sequence[str] | None = None) -> Options:
    """The options in these words, by default the program's own. Ends the program with exit 2 where they are wrong."""
    parser = build()
    options = parser.parse_args(words, namespace=Options())
    if options.command != "demo":
        _secure(options, parser)
    if options.command in KEEPING:
        _at_one_each(options, parser)
    if options.command == "uas" and options.contact is not None and not 300 <= options.answer < 400:
        parser.error("--contact says where to go instead: it needs --answer 3xx")
    if options.command == "registrar" and options.user and options.realm is None:
        options.realm = REALM
    if options.command in {"uas", "notifier", "registrar"} and (options.realm is None) != (not options.user):
        parser.error("--realm and --user go together: who is let in, and what that is called")
    if options.command in {"notifier", "registrar"} and options.max_expires < max(1, options.min_expires):
        parser.error("--max-expires is less than --min-expires, or nothing at all")
    if options.command == "notifier" and options.state and options.type is None:
        for name in options.event:
            if package_named(name).default_type is None:
                parser.error(f"--state needs a --type: that of {name!r} is not known")
    if options.command == "publish":
        options.type = options.type or package_named(options.package).default_type
        if options.type is None:
            parser.error(f"it needs a --type: that of {options.package!r} is not known")
    return options


def _at_one_each(options: Options, parser: argparse.ArgumentParser) -> None:
    """See that one agent can be at all the addresses: it sends from one of each transport and IP version."""
    there: set[tuple[str, bool]] = set()
    for bind in options.bind:
        transport, host, _ = split_address(bind)
        kind = transport, ":" in host
        if kind in there:
            parser.error(
                f"--bind {bind}: it is at one address for each transport and IP version, where all that it keeps is "
                "known; for another, start another one, which keeps its own"
            )
        there.add(kind)


def _secure(options: Options, parser: argparse.ArgumentParser) -> None:
    """Read the certificates."""
    if options.tls_key is not None and options.tls_cert is None:
        parser.error("--tls-key is the key of a --tls-cert")
    if options.command in {"uas", "proxy", *KEEPING} and options.tls_cert is None:
        for bind in options.bind:
            if split_address(bind)[0] == "TLS":
                parser.error(f"--bind {bind} needs a --tls-cert")
    try:
        options.tls = tls_contexts(options.tls_cert, options.tls_key, options.tls_ca)
    except ssl.SSLError as error:
        parser.error(f"--tls-cert, --tls-key and --tls-ca: {(error.reason or str(error)).lower().replace('_', ' ')}")
    except OSError as error:
        parser.error(f"--tls-cert, --tls-key and --tls-ca: {error.strerror}")
