"""Kamailio, a real server: its modules are a notifier and a compositor, can subscribe and publish, and are a registrar.

It keeps nothing on disk but a database that its modules ask for. It is operated by JSON-RPC over HTTP, at its SIP port.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, TypeVar

from tests.adapters.peer import Place
from tests.cli.programs import PATIENCE_S
from tests.peers.programs import found, free_port

CONFIG = """\
debug=2
log_stderror=yes
children=1
tcp_children=1
dns=no
rev_dns=no
auto_aliases=no
tcp_accept_no_cl=yes
listen=udp:127.0.0.1:{port}
listen=tcp:127.0.0.1:{port}
{modules}
modparam("tm", "retr_timer1", 100)
modparam("tm", "retr_timer2", 400)
modparam("jsonrpcs", "transport", 1)
{settings}
event_route[core:worker-one-init] {{ xlog("L_ALERT", "{ready}\\n"); }}
event_route[xhttp:request] {{ jsonrpc_dispatch(); }}
request_route {{
{route}
}}
"""
"""What every one has."""
USUAL = ("tm", "sl", "pv", "xlog", "db_sqlite", "xhttp", "jsonrpcs")
"""The modules that every one has."""
PRESENCE = """\
modparam("auth", "algorithm", "{algorithm}")
modparam("auth", "{counting}", 1)
modparam("auth", "qop", "{qop}")
modparam("presence|presence_xml|pua", "db_url", "sqlite:///{database}")
modparam("presence", "server_address", "sip:127.0.0.1:{port}")
modparam("presence", "subs_db_mode", 3)
modparam("presence", "publ_cache", 0)
modparam("presence", "notifier_processes", 0)
modparam("presence", "min_expires", 60)
modparam("presence", "min_expires_action", 1)
modparam("presence_xml", "integrated_xcap_server", 1)
modparam("pua", "check_remote_contact", 0)"""
PRESENCE_ROUTE = """\
    {guard}
    if (method == "SUBSCRIBE") {{ t_newtran(); handle_subscribe(); exit; }}
    if (method == "PUBLISH") {{ t_newtran(); handle_publish(); exit; }}
    if (method != "NOTIFY") {{ sl_send_reply("405", "Method Not Allowed"); exit; }}
    xlog("L_ALERT", "{told}$hdr(Subscription-State)|$rb\\n");
    sl_send_reply("200", "OK");"""
REGISTRAR = """\
modparam("uac", "reg_contact_addr", "127.0.0.1:{port}")
modparam("uac", "reg_timer_interval", 1)
modparam("uac", "reg_db_url", "sqlite:///{database}")"""
REGISTRAR_ROUTE = """\
    if (method == "REGISTER") {{ save("location"); exit; }}
    sl_send_reply("405", "Method Not Allowed");"""
GUARDS = {
    "www": """
    if (method != "NOTIFY" && !pv_www_authenticate("biloxi.com", "secret", "0")) {
        www_challenge("biloxi.com", "1");
        exit;
    }""",
    "proxy": """
    if (method != "NOTIFY" && !pv_proxy_authenticate("biloxi.com", "secret", "0")) {
        proxy_challenge("biloxi.com", "1");
        exit;
    }
    consume_credentials();""",
    "": "",
}
"""How all that comes is challenged, as by a server or by a proxy, or is not."""
READY = "it serves"
TOLD = "it is told: "
TABLES = Path("/usr/share/kamailio/db_sqlite")
"""Where Debian has the scripts that make them."""
RULES = """\
<?xml version="1.0"?>
<ruleset xmlns="urn:ietf:params:xml:ns:common-policy" xmlns:pr="urn:ietf:params:xml:ns:pres-rules">
  <rule id="all">
    <conditions><identity><many/></identity></conditions>
    <actions><pr:sub-handling>{handling}</pr:sub-handling></actions>
  </rule>
</ruleset>
"""
OF_PRESENCE = 2
"""The type of a document of rules on who may watch the presence of its owner."""


class Kamailio:
    """A Kamailio that runs."""

    def __init__(self, process: subprocess.Popen[str], port: int, database: Path) -> None:
        self.process = process
        self.port = port
        self.database = database

    def uri(self, user: str) -> str:
        """The address of somebody there."""
        return f"sip:{user}@127.0.0.1:{self.port}"

    def does(self, command: str, *words: object) -> Any:
        """Have it do something: returns what comes of that."""
        done = self.asks(command, *words)
        assert done is not None, f"it cannot {command}"
        return done

    def asks(self, command: str, *words: object) -> Any:
        """Ask it for something: returns that, or None where there is nothing of the kind."""
        asked = json.dumps({"jsonrpc": "2.0", "method": command, "params": words, "id": 1})
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)) as http:
            http.request("POST", "/", asked, {"Content-Type": "application/json"})
            told = json.loads(http.getresponse().read())
        return told.get("result")

    def until(self, text: str) -> str:
        """Read on until a line of its log has this; returns what stands behind it."""
        assert self.process.stdout is not None
        log = ""
        for line in self.process.stdout:
            log += line
            if text in line:
                return line.partition(text)[2].strip()
        raise AssertionError(f"Kamailio ended without {text!r}:\n{log}")


K = TypeVar("K", bound=Kamailio)


class PresenceServer(Kamailio):
    """One with the presence modules."""

    def lets(self, user: str, handling: str) -> None:
        """Somebody there has all others watch him (`allow`), or none (`block`)."""
        with closing(sqlite3.connect(self.database)) as database, database:
            database.execute(
                "REPLACE INTO xcap (username, domain, doc, doc_type, etag, source, doc_uri, port) "
                "VALUES (?, '127.0.0.1', ?, ?, '', 0, ?, 0)",
                (user, RULES.format(handling=handling), OF_PRESENCE, user),
            )
        self.does("presence.refreshWatchers", f"sip:{user}@127.0.0.1", "presence", 0)


class Registrar(Kamailio):
    """One with the modules of a registrar, and of who registers with another one."""

    def registers(self, user: str, host: str, expires_s: int) -> None:
        """Somebody there is to be registered at this host."""
        with closing(sqlite3.connect(self.database)) as database, database:
            database.execute(
                "INSERT INTO uacreg (l_uuid, l_username, l_domain, r_username, r_domain, realm, auth_username, "
                "auth_password, auth_proxy, expires) VALUES (?, ?, '127.0.0.1', ?, ?, ?, ?, 'unused', ?, ?)",
                (user, user, user, host, host, user, f"sip:{host}", expires_s),
            )
        self.does("uac.reg_reload")


@contextmanager
def presence_server(
    folder: Path, *, guard: str = "", algorithm: str = "MD5", qop: str = "auth", counting: str = "nonce_count"
) -> Iterator[PresenceServer]:
    """A Kamailio at a port of its own, with its settings in this folder.

    `counting`: `nonce_count` has each nonce used once with each count, `one_time_nonce` once altogether.
    """
    modules = ("presence", "presence_xml", "presence_mwi", "pua", "pua_rpc", "auth")
    parts = {"told": TOLD, "guard": GUARDS[guard], "algorithm": algorithm, "qop": qop, "counting": counting}
    with _serving(PresenceServer, folder, "presence", modules, PRESENCE, PRESENCE_ROUTE, parts) as server:
        yield server


@contextmanager
def registrar(folder: Path) -> Iterator[Registrar]:
    """A Kamailio that is a registrar, at a port of its own, with its settings in this folder."""
    with _serving(
        Registrar, folder, "uac", ("rr", "usrloc", "registrar", "uac"), REGISTRAR, REGISTRAR_ROUTE, {}
    ) as server:
        yield server


@contextmanager
def _serving(
    kind: type[K],
    folder: Path,
    tables: str,
    modules: Sequence[str],
    settings: str,
    route: str,
    parts: Mapping[str, str],
) -> Iterator[K]:
    """One with these modules, once it serves; `parts` are put into its settings and its route."""
    port, database, config = free_port(Place("TCP", "127.0.0.1")), folder / "database", folder / "kamailio.cfg"
    _make(database, "standard", tables)
    config.write_text(
        CONFIG.format(
            port=port,
            ready=READY,
            modules="\n".join(f'loadmodule "{each}.so"' for each in (*USUAL, *modules)),
            settings=settings.format(port=port, database=database, **parts),
            route=route.format(**parts),
        ),
        "utf-8",
    )
    with _started(config) as process:
        server = kind(process, port, database)
        server.until(READY)
        yield server


def _make(database: Path, *modules: str) -> None:
    """Make the tables that these modules ask for."""
    with closing(sqlite3.connect(database)) as tables:
        tables.execute("PRAGMA synchronous = off")
        for each in modules:
            tables.executescript((TABLES / f"{each}-create.sql").read_text("utf-8"))


@contextmanager
def _started(config: Path) -> Iterator[subprocess.Popen[str]]:
    folder = str(config.parent)
    with subprocess.Popen(
        [found("kamailio"), "-f", str(config), "-DD", "-E", "-w", folder, "-Y", folder],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
