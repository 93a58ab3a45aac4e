"""The commands of the command line: which options each has, and how they are told."""

from __future__ import annotations

import argparse
from pathlib import Path

from sipsm.auth.digest import ALGORITHMS
from sipsm.auth.realm import USUAL
from sipsm_cli import values
from sipsm_cli.script import body, parse_publishing
from sipsm_cli.script import parse as parse_script

EXITS = """\
exit codes: 0 done; 1 refused; 2 wrong usage; 3 no answer in time, or no connection.
SIGTERM and SIGINT end a server with 0 and a client in order (BYE or CANCEL); a second one ends it at once."""

SCRIPT = """\
steps in a call, divided by `;`: wait ringing|established|ended; sleep S; hold; resume; media audio|audio+video; update;
info TYPE BODY; refer URI; consult URI; transfer; bye; cancel. A BODY is a text or @FILE"""

PUBLISHING = "steps, divided by `;`: sleep S; modify BODY; refresh; remove"


class _Parser(argparse.ArgumentParser):
    """A parser whose help ends with the exit codes. Options are not to be abbreviated: scripts would break."""

    def __init__(self, *, prog: str | None = None, description: str, help: str = "") -> None:
        raw = argparse.RawDescriptionHelpFormatter
        super().__init__(prog, description=description, epilog=EXITS, formatter_class=raw, allow_abbrev=False)


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
        "--loss", type=values.share, metavar="P", help="simulated, in a network that loses this share, 0 to 1"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="simulated; the same seed, the same ladder (0)")
    parser.add_argument(
        "--timeout", type=values.seconds, default=30.0, metavar="S", help="give up after S seconds (30); not simulated"
    )


def _uas(parser: argparse.ArgumentParser) -> None:
    _common(parser)
    parser.add_argument(
        "--ring", type=values.status_of("0 or 101 to 199", {0, *range(101, 200)}), default=180, metavar="CODE",
        help="the provisional response: 180 (default), 183 with the SDP answer in it, 0 for none",
    )  # fmt: skip
    parser.add_argument(
        "--reliable", action="store_true", help="send it reliably (100rel) where the caller supports that"
    )
    parser.add_argument("--ring-time", type=values.seconds, default=0.1, metavar="S", help="how long it rings (0.1)")
    parser.add_argument(
        "--answer", type=values.status_of("200 to 699", range(200, 700)), default=200, metavar="CODE",
        help="the final response (200)",
    )  # fmt: skip
    parser.add_argument("--contact", type=values.address, metavar="URI", help="with --answer 3xx: where to")
    parser.add_argument("--hangup-after", type=values.seconds, metavar="S", help="hang up S seconds after the ACK")
    parser.add_argument(
        "--recv-info", type=values.token, action="append", default=[], metavar="PACKAGE",
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
        "--route", type=values.route, action="append", default=[], metavar="USER=URI[,URI]",
        help="where a user of its own address is; several: his requests are forked; others get 404; may be repeated",
    )  # fmt: skip
    parser.add_argument("--serial", action="store_true", help="fork to one after the other, not to all at once")
    parser.add_argument("--record-route", action="store_true", help="stay in the dialogs that begin here")


def _notifier(parser: argparse.ArgumentParser) -> None:
    _common(parser)
    parser.add_argument(
        "--event", type=values.packages, required=True, metavar="PACKAGE[,PACKAGE]",
        help="the event packages that can be subscribed to (others: 489)",
    )  # fmt: skip
    parser.add_argument(
        "--type", type=values.media_type, metavar="TYPE", help="the type of the state (as the package has it)"
    )
    parser.add_argument(
        "--state", type=body, default=b"", metavar="BODY", help="the state that NOTIFYs carry, a text or @FILE (none)"
    )
    parser.add_argument("--min-expires", type=values.whole_seconds, default=60, metavar="S", help="less gets 423 (60)")
    parser.add_argument(
        "--max-expires", type=values.whole_seconds, default=3600, metavar="S", help="how long one lasts at most (3600)"
    )
    parser.add_argument(
        "--publish", action="store_true", help="take publications too: they go to the watchers of that URI"
    )
    _guarded(parser)


def _guarded(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--realm", type=values.realm, metavar="REALM", help="challenge every request outside a dialog")
    parser.add_argument(
        "--user", type=values.user, action="append", default=[], metavar="NAME:PASSWORD",
        help="who is let in then; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--algorithm", type=values.algorithms, default=USUAL, metavar="NAME[,NAME]",
        help=f"what is offered, a challenge each, in this order ({','.join(USUAL)}): {', '.join(ALGORITHMS)}",
    )  # fmt: skip


def _registrar(parser: argparse.ArgumentParser) -> None:
    _common(parser)
    parser.add_argument("--min-expires", type=values.whole_seconds, default=60, metavar="S", help="less gets 423 (60)")
    parser.add_argument(
        "--max-expires",
        type=values.whole_seconds,
        default=3600,
        metavar="S",
        help="how long a binding lasts at most (3600)",
    )
    _guarded(parser)


def _register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("uri", type=values.uri, metavar="REGISTRAR-URI", help="such as sip:example.com")
    _common(parser)
    parser.add_argument(
        "--aor",
        type=values.address,
        required=True,
        metavar="URI",
        help="the address to register, such as sip:bob@example.com",
    )
    parser.add_argument(
        "--contact", dest="contacts", type=values.address, action="append", default=[], metavar="URI",
        help="where it is to be reached, perhaps `<URI>;q=0.5` (the bound address); may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--expires", type=values.whole_seconds, default=3600, metavar="S",
        help="how long it is asked to last (3600); 0 removes it",
    )  # fmt: skip
    parser.add_argument(
        "--duration",
        type=values.seconds,
        metavar="S",
        help="refresh it for S seconds, and remove it then; else leave it",
    )
    what = parser.add_mutually_exclusive_group().add_argument
    what("--remove", action="store_true", help="remove the own binding")
    what("--remove-all", action="store_true", help="remove all bindings of the address")
    what("--query", action="store_true", help="tell all bindings of the address")


def _call(parser: argparse.ArgumentParser) -> None:
    _target(parser)
    _common(parser)
    parser.add_argument(
        "--duration",
        type=values.seconds,
        metavar="S",
        help="hang up S seconds after the answer; else the other end does",
    )
    parser.add_argument(
        "--cancel-after",
        type=values.seconds,
        metavar="S",
        help="cancel if it is not answered S seconds after the INVITE",
    )
    parser.add_argument("--no-offer", action="store_true", help="INVITE without SDP; the answer goes into the ACK")
    parser.add_argument("--follow", action="store_true", help="follow redirections (3xx)")
    parser.add_argument(
        "--session-expires", type=values.interval, metavar="S", help="ask for a session timer, at least 90"
    )
    _script(parser)


def _script(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--do", type=parse_script, default=[], metavar="SCRIPT", help=SCRIPT)


def _subscribe(parser: argparse.ArgumentParser) -> None:
    _target(parser)
    _common(parser)
    parser.add_argument(
        "--event", dest="package", type=values.package, required=True, metavar="PACKAGE", help="to what"
    )
    parser.add_argument(
        "--expires", type=values.whole_seconds, default=3600, metavar="S",
        help="how long it is asked to last (3600); 0 has the state told once",
    )  # fmt: skip
    parser.add_argument(
        "--accept", type=values.media_type, action="append", default=[], metavar="TYPE",
        help="a type that the state may have (as the package has it); may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--duration",
        type=values.seconds,
        metavar="S",
        help="refresh it for S seconds, and unsubscribe; else until SIGTERM",
    )


def _publish(parser: argparse.ArgumentParser) -> None:
    _target(parser)
    parser.add_argument("body", type=body, metavar="BODY", help="the state, a text or @FILE")
    _common(parser)
    parser.add_argument(
        "--event", dest="package", type=values.package, required=True, metavar="PACKAGE", help="the event package"
    )
    parser.add_argument(
        "--type", type=values.media_type, metavar="TYPE", help="the type of the state (as the package has it)"
    )
    parser.add_argument(
        "--expires", type=values.whole_seconds, default=3600, metavar="S", help="how long it is asked to last (3600)"
    )
    parser.add_argument(
        "--duration",
        type=values.seconds,
        metavar="S",
        help="refresh it for S seconds, and remove it then; else at once",
    )
    parser.add_argument("--do", type=parse_publishing, default=[], metavar="SCRIPT", help=PUBLISHING)


def _message(parser: argparse.ArgumentParser) -> None:
    _target(parser)
    parser.add_argument("body", type=values.text_of, metavar="TEXT", help="what it says")
    _common(parser)


def _refer(parser: argparse.ArgumentParser) -> None:
    _target(parser)
    parser.add_argument(
        "target", type=values.uri, metavar="TARGET", help="whom to contact, such as sip:carol@192.0.2.5"
    )
    _common(parser)


def _options(parser: argparse.ArgumentParser) -> None:
    _target(parser)
    _common(parser)


def _target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("uri", type=values.uri, metavar="URI", help="such as sip:bob@192.0.2.4")


def _common(parser: argparse.ArgumentParser) -> None:
    # fmt: off
    add = parser.add_argument_group("options of every command").add_argument
    add("--bind", type=values.bind, action="append", default=[], metavar="TRANSPORT:HOST:PORT",
        help="a local address, udp, tcp or tls; port 0: any free one; may be repeated (a server: udp and tcp at "
        "127.0.0.1:5060; a notifier or registrar: one for each transport and IP version; a client: what the target "
        "needs, at its address towards it, and TCP beside UDP in any case)")
    add("--from", dest="identity", type=values.address, metavar="URI",
        help="own identity (default: sip:sipsm@ and the bound address)")
    add("--proxy", type=values.proxy, metavar="URI", help="outbound proxy, as a preloaded route")
    add("--auth", type=values.account, action="append", default=[], metavar="USER:PASSWORD[@REALM]",
        help="answer challenges (401, 407) so, of any realm or of one, which is what stands behind the last @; may be "
        "repeated")
    add("--header", type=values.header, action="append", default=[], metavar="'NAME: VALUE'",
        help="a further header in the command's first request (uas: in its BYE); may be repeated")
    add("--tls-cert", type=Path, metavar="FILE", help="own certificate for TLS, with those that lead to who is trusted")
    add("--tls-key", type=Path, metavar="FILE", help="its key (in the same file)")
    add("--tls-ca", type=Path, metavar="FILE", help="whose certificates are trusted (those whom the system trusts)")
    add("--timeout", type=values.seconds, metavar="S", help="end the whole command after S seconds, with exit 3")
    add("--linger", type=values.seconds, default=0.0, metavar="S",
        help="after the end, stay S seconds for stragglers (0)")
    add("--json", action="store_true", help="one JSON object a line for each event; else lines for people")
    add("--trace", action="store_true", help="every message sent and received, on standard error")
    add("--save", type=values.save, metavar="FILE.txt", help="when it ends, write what happened, as a ladder")
    add("--explain", action="store_true",
        help="beside each message, on standard error and in the saved ladder: states, timers, RFC sections")
    # fmt: on
