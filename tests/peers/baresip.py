"""baresip, a real phone: it has no microphone here and no loudspeaker, and is operated through a TCP connection."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.adapters.certificates import trusted
from tests.adapters.peer import Place
from tests.cli.programs import PATIENCE_S
from tests.peers.programs import found, free_port

CONFIG = """\
poll_method poll
sip_listen 127.0.0.1:{sip}
net_interface 127.0.0.1
audio_source aubridge,nobody
audio_player aubridge,nobody
module_path {modules}
module g711.so
module aubridge.so
module_tmp uuid.so
module_tmp account.so
module_app ctrl_tcp.so
module_app menu.so
module_app contact.so
module_app presence.so
ctrl_tcp_listen 127.0.0.1:{control}
"""
OVER_TLS = """\
sip_certificate {certificate}
sip_cafile {authority}
"""
MODULES = "/usr/lib/baresip/modules"
"""Where Debian has them."""


class Phone:
    """A baresip that runs."""

    def __init__(self, process: subprocess.Popen[bytes], uri: str, control: socket.socket) -> None:
        self.process = process
        self.uri = uri
        """Where it is called."""
        self._control = control
        self._come = b""

    def does(self, command: str, what: str = "") -> None:
        """Have it do something that its user could do: dial, hangup, accept, hold, resume."""
        data = json.dumps({"command": command, "params": what}).encode()
        self._control.sendall(b"%d:%s," % (len(data), data))

    def says(self, command: str) -> str:
        """Have it do or tell something, such as contacts, and wait for what it says to that."""
        self.does(command)
        while not (told := self._next()).get("response"):
            pass
        return str(told["data"])

    def until(self, event: str) -> dict[str, Any]:
        """Read on until an event of this type, such as CALL_ESTABLISHED."""
        while (told := self._next()).get("type") != event:
            pass
        return told

    def _next(self) -> dict[str, Any]:
        """The next thing that it tells: a netstring with JSON in it."""
        while True:
            length, colon, rest = self._come.partition(b":")
            if colon and len(rest) > int(length):
                self._come = rest[int(length) + 1 :]
                told: dict[str, Any] = json.loads(rest[: int(length)])
                return told
            data = self._control.recv(65_536)
            assert data, "baresip has gone"
            self._come += data


@contextmanager
def phone(
    folder: Path,
    *,
    answers: bool = False,
    publishes_at: str = "",
    watches: str = "",
    password: str = "",
    certificate: Path | None = None,
) -> Iterator[Phone]:
    """A phone at a port of its own, with its settings in this folder.

    `answers`: it takes every call at once. It publishes its presence at one URI, and watches that of another. With a
    password, it answers challenges, as `phone`. With a `certificate` it calls and is called over TLS, at the next port.
    """
    sip, control = free_port(), free_port(Place("TCP", "127.0.0.1"))
    where = f"127.0.0.1:{sip}" if certificate is None else f"127.0.0.1:{sip + 1};transport=tls"
    more = f';pubint=600;outbound="{publishes_at}"' if publishes_at else ""
    more += f";auth_user=phone;auth_pass={password}" if password else ""
    mode = "auto" if answers else "manual"
    config = CONFIG.format(sip=sip, control=control, modules=MODULES)
    if certificate is not None:
        config += OVER_TLS.format(certificate=certificate, authority=trusted().file)
    (folder / "config").write_text(config, "utf-8")
    (folder / "accounts").write_text(f"<sip:phone@{where}>;regint=0;answermode={mode}{more}\n", "utf-8")
    (folder / "contacts").write_text(f'"Somebody" <{watches}>;presence=p2p\n' if watches else "", "utf-8")
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            [found("baresip"), "-f", str(folder), "-t", str(PATIENCE_S)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            with connected(process, control) as connection:
                yield Phone(process, f"sip:phone@{where}", connection)
        finally:
            # Told to end in order, it would wait for answers to what it says then.
            process.kill()


def connected(process: subprocess.Popen[bytes], port: int) -> socket.socket:
    """The connection through which it is operated; its modules are there once that can be made."""
    while process.poll() is None:
        try:
            connection = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        except ConnectionError:
            continue
        return connection
    raise AssertionError("baresip did not start")
