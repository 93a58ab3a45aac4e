"""Kamailio as a proxy that is reached over TLS, and goes on over TLS: a call whose every hop is secure."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.adapters.certificates import LOOPBACK, trusted
from tests.adapters.peer import Place
from tests.cli.programs import running, sipsm, told
from tests.cli.test_tls import AT, certified, transports
from tests.peers.programs import found, free_port

pytestmark = pytest.mark.slow

CONFIG = """\
log_stderror=yes
children=1
tcp_children=1
dns=no
rev_dns=no
auto_aliases=no
enable_tls=yes
listen=tls:127.0.0.1:{port}
loadmodule "tls.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "siputils.so"
modparam("tls", "config", "{tls}")
event_route[core:worker-one-init] {{ xlog("L_ALERT", "{ready}\\n"); }}
request_route {{
    if (has_totag() || method == "CANCEL") {{
        if (method != "CANCEL" && !loose_route()) {{ exit; }}
        t_relay();
        exit;
    }}
    remove_hf("Route");
    record_route();
    t_relay();
}}
"""
SIDE = """\
[{side}:default]
method = TLSv1.2+
verify_certificate = yes
require_certificate = yes
private_key = {key}
certificate = {certificate}
ca_list = {authority}
"""
READY = "it serves"


@contextmanager
def proxy(folder: Path) -> Iterator[int]:
    """A Kamailio that lets nobody in who has no certificate; gives its port."""
    secret, begin, chain = trusted().issue(*LOOPBACK).read_text("utf-8").partition("-----BEGIN CERTIFICATE-----")
    key, certificate, tls, config = (folder / each for each in ("key.pem", "own.pem", "tls.cfg", "kamailio.cfg"))
    key.write_text(secret, "utf-8")
    certificate.write_text(begin + chain, "utf-8")
    files = {"key": key, "certificate": certificate, "authority": trusted().file}
    tls.write_text("".join(SIDE.format(side=side, **files) for side in ("server", "client")), "utf-8")
    port = free_port(Place("TCP", "127.0.0.1"))
    config.write_text(CONFIG.format(port=port, tls=tls, ready=READY), "utf-8")
    with subprocess.Popen(
        [found("kamailio"), "-f", str(config), "-DD", "-E", "-w", str(folder), "-Y", str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as process:
        try:
            assert process.stdout is not None
            log = ""
            while READY not in log:
                line = process.stdout.readline()
                assert line, f"Kamailio ended; are its TLS modules there?\n{log}"
                log += line
            yield port
        finally:
            process.terminate()


@pytest.mark.rfc("3261 26.2", "3261 26.2.2", "5630 5.1.1", "3261-S35")
def test_a_call_by_way_of_a_proxy(tmp_path: Path) -> None:
    """It leaves over TLS and arrives over TLS, with a SIPS URI wherever somebody says where he is reached."""
    with proxy(tmp_path) as port, running("uas", "--bind", AT, *certified(), "--trace") as server:
        uri, route = f"sips:bob@127.0.0.1:{server.port}", ["--proxy", f"sip:127.0.0.1:{port};transport=tls;lr"]
        script = "wait established; hold; resume; bye"
        done = sipsm("call", uri, *route, *certified(), "--do", script, "--json", "--trace")
        assert done.returncode == 0, done.stdout + done.stderr
        assert server.end() == 0
        _, trace = server.rest()
    assert [each["state"] for each in told(done.stdout, "state")] == [
        "ringing", "established", "held", "established", "ended"
    ]  # fmt: skip
    for each in (done.stderr, trace):
        assert transports(each) == {"tls"}
        said = [line for line in each.splitlines() if line.startswith(("Contact:", "Route:", "Record-Route:"))]
        assert said
        assert [line for line in said if "<sips:" not in line] == []
