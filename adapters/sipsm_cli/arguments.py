"""What can be said on the command line, and the check that it makes sense.

A mistake ends the program with exit 2, before anything is sent.
"""

from __future__ import annotations

import argparse
import os
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path

from sipsm import Account, Address, LocalProtocolError, Realm, RemoteProtocolError, Request, RouteTarget, Uri
from sipsm.auth.digest import ALGORITHMS
from sipsm.auth.realm import USUAL
from sipsm.grammar import is_token
from sipsm.message.headers import ContentType
from sipsm.message.headers import Event as EventHeader
from sipsm.packages import package_named
from sipsm.transport.flow import split_address
from sipsm.usage.session_timer import SMALLEST_S
from sipsm_cli.script import Step, body, parse_publishing
from sipsm_cli.script import parse as parse_script
from sipsm_sockets import TlsContexts, tls_contexts

EXITS = """\
exit codes: 0 done; 1 refused; 2 wrong usage; 3 no answer in time, or no connection.
SIGTERM and SIGINT end a server with 0 and a client in order (BYE or CANCEL); a second one ends it at once."""

SCRIPT = """\
steps in a call, divided by `;`: wait ringing|established|ended; sleep S; hold; resume; media audio|audio+video; update;
info TYPE BODY; refer URI; consult URI; transfer; bye; cancel. A BODY is a text or @FILE"""

REALM = "sipsm"
"""That of a registrar whose users are named and whose realm is not."""
KEEPING = frozenset({"notifier", "registrar"})
"""The servers that keep something for others, which is known at all their addresses."""
PUBLISHING = "steps, divided by `;`: sleep S; modify BODY; refresh; remove"

HeaderLine = tuple[str, str]


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


class _Parser(argparse.ArgumentParser):
    """A parser whose help ends with the exit codes. Options are not to be abbreviated: scripts would break."""

    def __init__(self, *, prog: str | None = None, description: str, help: str = "") -> None:
        raw = argparse.RawDescriptionHelpFormatter
        super().__init__(prog, description=description, epilog=EXITS, formatter_class=raw, allow_abbrev=False)


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
    if options.command in {"uas", "notifier"} and options.tls_cert is None:
        for bind in options.bind:
            if split_address(bind)[0] == "TLS":
                parser.error(f"--bind {bind} needs a --tls-cert")
    try:
        options.tls = tls_contexts(options.tls_cert, options.tls_key, options.tls_ca)
    except ssl.SSLError as error:
        parser.error(f"--tls-cert, --tls-key and --tls-ca: {(error.reason or str(error)).lower().replace('_', ' ')}")
    except OSError as error:
        parser.error(f"--tls-cert, --tls-key and --tls-ca: {error.strerror}")


def build() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = _Parser(prog="sipsm", description="A SIP endpoint for people and scripts. It carries no media.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, about, arguments in (
        ("demo", "make a call between two processes of its own, and explain it", _demo),
        ("uas", "answer calls and other requests, until SIGTERM", _uas),
        ("proxy", "forward requests, until SIGTERM", _forwarding),
        ("notifier", "take subscriptions and tell a state, until SIGTERM", _notifier),
        ("registrar", "keep where everybody can be reached, until SIGTERM", _registrar),
        ("call", "call somebody", _call),
        ("register", "have an address be reached here, remove that, or ask where it is", _register),
        ("subscribe", "subscribe to a state, and tell it", _subscribe),
        ("publish", "publish a state, and remove it", _publish),
        ("message", "send somebody an instant message", _message),
        ("refer", "ask somebody to contact another, and tell how that goes", _refer),
        ("options", "ask somebody what they can do", _options),
    ):
        arguments(commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}."))
    return parser


# -------------------------------------------------------------------- commands


def _demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--loss", type=_share, metavar="P", help="simulated, in a network that loses this share, 0 to 1"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="simulated; the same seed, the same ladder (0)")
    parser.add_argument(
        "--timeout", type=_seconds, default=30.0, metavar="S", help="give up after S seconds (30); not simulated"
    )


def _uas(parser: argparse.ArgumentParser) -> None:
    _common(parser)
    parser.add_argument(
        "--ring", type=_status_of("0 or 101 to 199", {0, *range(101, 200)}), default=180, metavar="CODE",
        help="the provisional response: 180 (default), 183 with the SDP answer in it, 0 for none",
    )  # fmt: skip
    parser.add_argument(
        "--reliable", action="store_true", help="send it reliably (100rel) where the caller supports that"
    )
    parser.add_argument("--ring-time", type=_seconds, default=0.1, metavar="S", help="how long it rings (0.1)")
    parser.add_argument(
        "--answer", type=_status_of("200 to 699", range(200, 700)), default=200, metavar="CODE",
        help="the final response (200)",
    )  # fmt: skip
    parser.add_argument("--contact", type=_address, metavar="URI", help="with --answer 3xx: where to")
    parser.add_argument("--hangup-after", type=_seconds, metavar="S", help="hang up S seconds after the ACK")
    parser.add_argument(
        "--recv-info", type=_token, action="append", default=[], metavar="PACKAGE",
        help="take INFOs of this package (others: 469); may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--accept-refer", action="store_true", help="do as a REFER asks: call the target, and tell how that goes (603)"
    )
    _guarded(parser)
    _script(parser)


def _forwarding(parser: argparse.ArgumentParser) -> None:
    _common(parser)
    parser.add_argument(
        "--route", type=_route, action="append", default=[], metavar="USER=URI[,URI]",
        help="where a user of its own address is; several: his requests are forked; others get 404; may be repeated",
    )  # fmt: skip
    parser.add_argument("--serial", action="store_true", help="fork to one after the other, not to all at once")
    parser.add_argument("--record-route", action="store_true", help="stay in the dialogs that begin here")


def _notifier(parser: argparse.ArgumentParser) -> None:
    _common(parser)
    parser.add_argument(
        "--event", type=_packages, required=True, metavar="PACKAGE[,PACKAGE]",
        help="the event packages that can be subscribed to (others: 489)",
    )  # fmt: skip
    parser.add_argument(
        "--type", type=_media_type, metavar="TYPE", help="the type of the state (as the package has it)"
    )
    parser.add_argument(
        "--state", type=body, default=b"", metavar="BODY", help="the state that NOTIFYs carry, a text or @FILE (none)"
    )
    parser.add_argument("--min-expires", type=_whole_seconds, default=60, metavar="S", help="less gets 423 (60)")
    parser.add_argument(
        "--max-expires", type=_whole_seconds, default=3600, metavar="S", help="how long one lasts at most (3600)"
    )
    parser.add_argument(
        "--publish", action="store_true", help="take publications too: they go to the watchers of that URI"
    )
    _guarded(parser)


def _guarded(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--realm", type=_realm, metavar="REALM", help="challenge every request outside a dialog")
    parser.add_argument(
        "--user", type=_user, action="append", default=[], metavar="NAME:PASSWORD",
        help="who is let in then; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--algorithm", type=_algorithms, default=USUAL, metavar="NAME[,NAME]",
        help=f"what is offered, a challenge each, in this order ({','.join(USUAL)}): {', '.join(ALGORITHMS)}",
    )  # fmt: skip


def _registrar(parser: argparse.ArgumentParser) -> None:
    _common(parser)
    parser.add_argument("--min-expires", type=_whole_seconds, default=60, metavar="S", help="less gets 423 (60)")
    parser.add_argument(
        "--max-expires", type=_whole_seconds, default=3600, metavar="S", help="how long a binding lasts at most (3600)"
    )
    _guarded(parser)


def _register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("uri", type=_uri, metavar="REGISTRAR-URI", help="such as sip:example.com")
    _common(parser)
    parser.add_argument(
        "--aor",
        type=_address,
        required=True,
        metavar="URI",
        help="the address to register, such as sip:bob@example.com",
    )
    parser.add_argument(
        "--contact", dest="contacts", type=_address, action="append", default=[], metavar="URI",
        help="where it is to be reached, perhaps `<URI>;q=0.5` (the bound address); may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--expires", type=_whole_seconds, default=3600, metavar="S",
        help="how long it is asked to last (3600); 0 removes it",
    )  # fmt: skip
    parser.add_argument(
        "--duration", type=_seconds, metavar="S", help="refresh it for S seconds, and remove it then; else leave it"
    )
    what = parser.add_mutually_exclusive_group().add_argument
    what("--remove", action="store_true", help="remove the own binding")
    what("--remove-all", action="store_true", help="remove all bindings of the address")
    what("--query", action="store_true", help="tell all bindings of the address")


def _call(parser: argparse.ArgumentParser) -> None:
    _target(parser)
    _common(parser)
    parser.add_argument(
        "--duration", type=_seconds, metavar="S", help="hang up S seconds after the answer; else the other end does"
    )
    parser.add_argument(
        "--cancel-after", type=_seconds, metavar="S", help="cancel if it is not answered S seconds after the INVITE"
    )
    parser.add_argument("--no-offer", action="store_true", help="INVITE without SDP; the answer goes into the ACK")
    parser.add_argument("--follow", action="store_true", help="follow redirections (3xx)")
    parser.add_argument("--session-expires", type=_interval, metavar="S", help="ask for a session timer, at least 90")
    _script(parser)


def _script(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--do", type=parse_script, default=[], metavar="SCRIPT", help=SCRIPT)


def _subscribe(parser: argparse.ArgumentParser) -> None:
    _target(parser)
    _common(parser)
    parser.add_argument("--event", dest="package", type=_package, required=True, metavar="PACKAGE", help="to what")
    parser.add_argument(
        "--expires", type=_whole_seconds, default=3600, metavar="S",
        help="how long it is asked to last (3600); 0 has the state told once",
    )  # fmt: skip
    parser.add_argument(
        "--accept", type=_media_type, action="append", default=[], metavar="TYPE",
        help="a type that the state may have (as the package has it); may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--duration", type=_seconds, metavar="S", help="refresh it for S seconds, and unsubscribe; else until SIGTERM"
    )


def _publish(parser: argparse.ArgumentParser) -> None:
    _target(parser)
    parser.add_argument("body", type=body, metavar="BODY", help="the state, a text or @FILE")
    _common(parser)
    parser.add_argument(
        "--event", dest="package", type=_package, required=True, metavar="PACKAGE", help="the event package"
    )
    parser.add_argument(
        "--type", type=_media_type, metavar="TYPE", help="the type of the state (as the package has it)"
    )
    parser.add_argument(
        "--expires", type=_whole_seconds, default=3600, metavar="S", help="how long it is asked to last (3600)"
    )
    parser.add_argument(
        "--duration", type=_seconds, metavar="S", help="refresh it for S seconds, and remove it then; else at once"
    )
    parser.add_argument("--do", type=parse_publishing, default=[], metavar="SCRIPT", help=PUBLISHING)


def _message(parser: argparse.ArgumentParser) -> None:
    _target(parser)
    parser.add_argument("body", type=_text, metavar="TEXT", help="what it says")
    _common(parser)


def _refer(parser: argparse.ArgumentParser) -> None:
    _target(parser)
    parser.add_argument("target", type=_uri, metavar="TARGET", help="whom to contact, such as sip:carol@192.0.2.5")
    _common(parser)


def _options(parser: argparse.ArgumentParser) -> None:
    _target(parser)
    _common(parser)


def _target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("uri", type=_uri, metavar="URI", help="such as sip:bob@192.0.2.4")


def _common(parser: argparse.ArgumentParser) -> None:
    # fmt: off
    add = parser.add_argument_group("options of every command").add_argument
    add("--bind", type=_bind, action="append", default=[], metavar="TRANSPORT:HOST:PORT",
        help="a local address, udp, tcp or tls; port 0: any free one; may be repeated (a server: udp and tcp at "
        "127.0.0.1:5060; a notifier or registrar: one for each transport and IP version; a client: what the target "
        "needs, at its address towards it, and TCP beside UDP in any case)")
    add("--from", dest="identity", type=_address, metavar="URI",
        help="own identity (default: sip:sipsm@ and the bound address)")
    add("--proxy", type=_proxy, metavar="URI", help="outbound proxy, as a preloaded route")
    add("--auth", type=_account, action="append", default=[], metavar="USER:PASSWORD[@REALM]",
        help="answer challenges (401, 407) so, of any realm or of one, which is what stands behind the last @; may be "
        "repeated")
    add("--header", type=_header, action="append", default=[], metavar="'NAME: VALUE'",
        help="a further header in the command's first request (uas: in its BYE); may be repeated")
    add("--tls-cert", type=Path, metavar="FILE", help="own certificate for TLS, with those that lead to who is trusted")
    add("--tls-key", type=Path, metavar="FILE", help="its key (in the same file)")
    add("--tls-ca", type=Path, metavar="FILE", help="whose certificates are trusted (those whom the system trusts)")
    add("--timeout", type=_seconds, metavar="S", help="end the whole command after S seconds, with exit 3")
    add("--linger", type=_seconds, default=0.0, metavar="S", help="after the end, stay S seconds for stragglers (0)")
    add("--json", action="store_true", help="one JSON object a line for each event; else lines for people")
    add("--trace", action="store_true", help="every message sent and received, on standard error")
    add("--save", type=_save, metavar="FILE.txt", help="when it ends, write what happened, as a ladder")
    add("--explain", action="store_true",
        help="beside each message, on standard error and in the saved ladder: states, timers, RFC sections")
    # fmt: on


# -------------------------------------------------------------------- values


def _seconds(text: str) -> float:
    value = _number(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no length of time in seconds")
    return value


def _share(text: str) -> float:
    value = _number(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not in 0 to 1")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None


def _status_of(allowed: str, codes: set[int] | range) -> Callable[[str], int]:
    def status(text: str) -> int:
        if not text.isdecimal() or int(text) not in codes:
            raise argparse.ArgumentTypeError(f"{text!r} is no such status: {allowed}")
        return int(text)

    return status


def _interval(text: str) -> int:
    # "The absolute minimum for the Session-Expires header field is 90 seconds." (RFC 4028 4)
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) >= SMALLEST_S):
        raise argparse.ArgumentTypeError(f"{text!r} is no session interval: it has {SMALLEST_S} seconds or more")
    return int(text)


def _whole_seconds(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 10):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of seconds")
    return int(text)


def _packages(text: str) -> list[str]:
    try:
        return [EventHeader.parse(each.strip()).value for each in text.split(",")]
    except RemoteProtocolError as error:
        raise argparse.ArgumentTypeError(f"{text!r} are no event packages: {error.what}") from None


def _package(text: str) -> str:
    (package, *more) = _packages(text)
    if more:
        raise argparse.ArgumentTypeError(f"{text!r} is more than one event package")
    return package


def _media_type(text: str) -> str:
    try:
        return str(ContentType.parse(text))
    except RemoteProtocolError as error:
        raise argparse.ArgumentTypeError(error.what) from None


def _text(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _token(text: str) -> str:
    if not is_token(text):
        raise argparse.ArgumentTypeError(f"{text!r} cannot be an INFO package")
    return text


def _bind(text: str) -> str:
    try:
        transport, _, _ = split_address(text)
    except LocalProtocolError as error:
        raise argparse.ArgumentTypeError(error.what) from None
    if transport not in {"UDP", "TCP", "TLS"}:
        raise argparse.ArgumentTypeError(f"{transport} is not spoken")
    return text


def _uri(text: str) -> Uri:
    try:
        return Uri.parse(text)
    except RemoteProtocolError as error:
        raise argparse.ArgumentTypeError(error.what) from None


def _route(text: str) -> tuple[str, tuple[RouteTarget, ...]]:
    user, equals, uris = text.partition("=")
    if not user or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is no route such as bob=sip:bob@192.0.2.4")
    try:
        return user, tuple(RouteTarget(uri.strip()) for uri in uris.split(",") if uri.strip())
    except LocalProtocolError as error:
        raise argparse.ArgumentTypeError(error.what) from None


def _address(text: str) -> str:
    """A URI or `Name <URI>`, as a header value: a bare URI gets brackets, so that its parameters stay its own."""
    try:
        return str(Address.parse(text)) if "<" in text else f"<{Uri.parse(text)}>"
    except RemoteProtocolError as error:
        raise argparse.ArgumentTypeError(error.what) from None


def _proxy(text: str) -> str:
    """A Route value: the proxy is a loose router (RFC 3261 16.12)."""
    uri = _uri(text)
    if uri.scheme not in {"sip", "sips"}:
        raise argparse.ArgumentTypeError(f"{text!r} is no SIP URI")
    return f"<{uri}>" if uri.lr else f"<{uri};lr>"


def _user(text: str) -> tuple[str, str]:
    name, colon, password = text.partition(":")
    if not colon or not name:
        raise argparse.ArgumentTypeError("it is no name and password such as bob:zanzibar")
    return name, password


def _account(text: str) -> Account:
    name, rest = _user(text)
    password, at, realm = rest.rpartition("@")
    try:
        return Account(name, password, realm) if at else Account(name, rest)
    except LocalProtocolError as error:
        raise argparse.ArgumentTypeError(error.what) from None


def _realm(text: str) -> str:
    try:
        return Realm(text, {}).name
    except LocalProtocolError as error:
        raise argparse.ArgumentTypeError(error.what) from None


def _algorithms(text: str) -> tuple[str, ...]:
    try:
        return Realm("any", {}, algorithms=text.split(",")).algorithms
    except LocalProtocolError as error:
        raise argparse.ArgumentTypeError(error.what) from None


def _header(text: str) -> HeaderLine:
    name, colon, value = text.partition(":")
    if not colon:
        raise argparse.ArgumentTypeError(f"{text!r} is no header such as 'Subject: lunch'")
    line = name.strip(), value.strip()
    try:
        Request.build("OPTIONS", "sip:example.com", [line])
    except LocalProtocolError as error:
        raise argparse.ArgumentTypeError(error.what) from None
    return line


def _save(text: str) -> Path:
    if not text.endswith(".txt"):
        raise argparse.ArgumentTypeError(f"{text!r} does not end in .txt: a ladder is written as text")
    path = Path(text)
    if not os.access(path if path.exists() else path.parent, os.W_OK) or path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} cannot be written")
    return path
