"""The command line over TLS, over real sockets (RFC 3261 26.2, RFC 5922, RFC 3903 14)."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.adapters.certificates import LOOPBACK, trusted, unknown
from tests.cli.programs import PATIENCE_S, Running, running, sipsm, told
from tests.cli.test_transports import resolving
from tests.peers.programs import found

pytestmark = pytest.mark.slow

AT = "tls:127.0.0.1:0"


def certified(*names: str) -> list[str]:
    """The options of who shows a certificate for these names, by default for the loopback."""
    return ["--tls-cert", str(trusted().issue(*(names or LOOPBACK))), *trusting()]


def trusting() -> list[str]:
    """The options of who trusts the authority."""
    return ["--tls-ca", str(trusted().file)]


@contextmanager
def serving(command: str, *words: str) -> Iterator[tuple[Running, int]]:
    """A server over TLS; gives its port."""
    with running(command, "--bind", AT, *words) as server:
        yield server, server.port
        assert server.end() == 0


def transports(trace: str) -> set[str]:
    """Over what anything went, in or out."""
    heads = [line for line in trace.splitlines() if line.startswith("--- ")]
    return {line.split(" to " if " sent to " in line else " from ")[1].partition(":")[0] for line in heads}


@pytest.mark.rfc("3261 26.2", "3261 26.2.2", "3261-S35")
@pytest.mark.parametrize(
    "uri", ["sips:bob@127.0.0.1:{}", "sips:bob@localhost:{}", "sip:bob@127.0.0.1:{};transport=tls"]
)
def test_a_call(uri: str) -> None:
    """It is over TLS from the first byte to the last, whoever hangs up."""
    with serving("uas", *certified(), "--hangup-after", "0.1") as (server, port):
        done = sipsm("call", uri.format(port), *certified(), "--trace", "--json")
        assert server.until(event="state", state="ended")["reason"] == "hung-up"
    assert done.returncode == 0, done.stderr
    assert told(done.stdout, "state")[-1]["reason"] == "hung-up-by-peer"
    assert transports(done.stderr) == {"tls"}
    assert ("Contact: <sips:" in done.stderr) == uri.startswith("sips:")


def test_a_call_without_a_certificate() -> None:
    """Who calls needs none, as long as he hangs up himself."""
    with serving("uas", *certified()) as (_, port):
        done = sipsm("call", f"sips:bob@127.0.0.1:{port}", *trusting(), "--duration", "0", "--trace")
    assert done.returncode == 0, done.stderr
    assert transports(done.stderr) == {"tls"}


@pytest.mark.rfc("5922 7.3")
@pytest.mark.parametrize("command", ["options", "message", "publish", "subscribe", "call", "refer"])
def test_who_proves_to_be_another(command: str) -> None:
    """Exit 3, and it is said why; and why is said at his end too, where nothing of it came."""
    words = {
        "message": ["hello"],
        "publish": ["<p/>", "--event", "presence"],
        "subscribe": ["--event", "presence"],
        "refer": ["sip:carol@127.0.0.1"],
    }
    with serving("uas", *certified("other.example")) as (server, port):
        done = sipsm(command, f"sips:bob@127.0.0.1:{port}", *words.get(command, []), *certified(), "--json")
        assert server.until(event="dropped")["reason"] == "not-secured"
    assert done.returncode == 3, done.stdout + done.stderr
    (dropped,) = told(done.stdout, "dropped")
    assert dropped["reason"] == "not-secured"
    assert dropped["why"].endswith("its certificate is for other.example, not 127.0.0.1")


def test_who_is_not_trusted() -> None:
    """By default whom the system trusts is; and that is not who has certified himself."""
    with serving("uas", *certified()) as (_, port):
        uri = f"sips:bob@127.0.0.1:{port}"
        for words in ([], ["--tls-ca", str(unknown().file)]):
            done = sipsm("options", uri, *words)
            assert (done.returncode, "its certificate is not valid: " in done.stdout) == (3, True), done.stderr


@pytest.mark.rfc("3261 26.2.2", "3261-S35")
def test_a_sips_uri_is_not_called_in_clear() -> None:
    """Neither over UDP nor over TCP: not where these are all there is, nor by a proxy that is reached by them."""
    with running("uas", "--bind", "udp:127.0.0.1:0", "--bind", "tcp:127.0.0.1:0") as server:
        port = server.port
        bound = sipsm("call", f"sips:bob@127.0.0.1:{port}", "--bind", "udp:127.0.0.1:0", *certified())
        called = sipsm("call", f"sips:bob@127.0.0.1:{port}", "--timeout", "20", *certified())
        proxied = sipsm("options", "sips:bob@example.com", "--proxy", f"sip:127.0.0.1:{port}", *certified())
        assert server.end() == 0
    assert (bound.returncode, "over TLS: only UDP and TCP are spoken" in bound.stderr) == (2, True)
    assert (called.returncode, proxied.returncode) == (3, 3)
    assert told(server.output, "request") == []


@pytest.mark.rfc("3263 4.1", "5922 7.3")
def test_a_domain() -> None:
    """Its NAPTR record names TLS, its SRV record a server, and that has the certificate of the domain."""
    with serving("uas", *certified("example.com")) as (_, port):
        services = "_sips._tcp.example.com"
        zone = {
            ("NAPTR", "example.com"): [f'1 1 "s" "SIPS+D2T" "" {services}'],
            ("SRV", services): [f"1 1 {port} gate.example.net"],
            ("A", "gate.example.net"): ["127.0.0.1"],
        }
        done, _ = resolving(zone, "options", "sips:bob@example.com", "--trace", *certified())
    assert done.returncode == 0, done.stderr
    assert transports(done.stderr) == {"tls"}


@pytest.mark.rfc("3903 14")
def test_a_publication() -> None:
    """It goes to the compositor over TLS, and what it says to who watches over TLS too."""
    with serving("notifier", *certified(), "--event", "door", "--publish", "--type", "text/plain") as (_, port):
        uri, words = f"sips:alice@127.0.0.1:{port}", ["--event", "door"]
        with running("subscribe", uri, *words, "--accept", "text/plain", *certified()) as watcher:
            watcher.until(event="notify")
            publish = ["publish", uri, "shut", *words, "--type", "text/plain", "--duration", "0.1"]
            done = sipsm(*publish, *certified(), "--trace")
            assert watcher.until(event="notify", body="shut")["type"] == "text/plain"
            assert watcher.end() == 0
    assert done.returncode == 0, done.stdout + done.stderr
    assert transports(done.stderr) == {"tls"}


@pytest.mark.rfc("3903-18", "3903 14")
def test_a_publication_of_who_shows_who_he_is() -> None:
    """The compositor shows its certificate, and is shown a password; a wrong one, or none, changes nothing."""
    guarded = ("--realm", "biloxi.com", "--user", "alice:secret")
    compositor = ("--event", "door", "--publish", "--type", "text/plain", "--state", "open")
    with serving("notifier", *certified(), *compositor, *guarded) as (_, port):
        uri, words = f"sips:alice@127.0.0.1:{port}", ["--event", "door"]
        account = ["--auth", "alice:secret", *certified()]
        with running("subscribe", uri, *words, "--accept", "text/plain", *account) as watcher:
            watcher.until(event="notify", body="open")
            publish = ["publish", uri, "shut", *words, "--type", "text/plain", "--duration", "0.1", "--json", "--trace"]
            refused = [sipsm(*publish, *more, *certified()) for more in ([], ["--auth", "alice:zanzibar"])]
            done = sipsm(*publish, *account)
            watcher.until(event="notify", body="shut")
            assert watcher.end() == 0
    assert [each.returncode for each in refused] == [1, 1]
    assert done.returncode == 0, done.stdout + done.stderr
    assert [each["code"] for each in told(done.stdout, "response")][:2] == [401, 200]
    assert transports(done.stderr) == {"tls"}


def test_openssl() -> None:
    """A client that knows TLS and no SIP: whatever it says is answered, and so is nothing at all."""
    openssl = found("openssl")
    request = "\r\n".join(
        [
            "OPTIONS sips:bob@127.0.0.1 SIP/2.0",
            "Via: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bKopenssl",
            "Max-Forwards: 70",
            "From: <sip:a@127.0.0.1>;tag=a",
            "To: <sips:bob@127.0.0.1>",
            "Call-ID: openssl",
            "CSeq: 1 OPTIONS",
            "Content-Length: 0",
            "",
            "",
        ]
    )
    with serving("uas", *certified()) as (server, port):
        for version in ("-tls1_2", "-tls1_3"):
            words = [openssl, "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", str(trusted().file), version]
            with subprocess.Popen(
                [*words, "-verify_return_error", "-quiet", "-ign_eof"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            ) as client:  # fmt: skip
                assert client.stdin is not None
                assert client.stdout is not None
                client.stdin.write(request)
                client.stdin.flush()
                assert client.stdout.readline() == "SIP/2.0 200 OK\n"
                client.terminate()
                client.communicate(timeout=PATIENCE_S)
        old = subprocess.run(
            [openssl, "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
            input="", capture_output=True, text=True, check=False, timeout=PATIENCE_S,
        )  # fmt: skip
        assert old.returncode != 0
        assert server.until(event="dropped")["reason"] == "not-secured"


def test_the_key_may_be_in_a_file_of_its_own(tmp_path: Path) -> None:
    """As most authorities give it."""
    both = trusted().issue(*LOOPBACK).read_text("utf-8")
    key, end, chain = both.partition("-----END EC PRIVATE KEY-----\n")
    if not end:
        key, end, chain = both.partition("-----END PRIVATE KEY-----\n")
    cert = tmp_path / "cert.pem"
    cert.write_text(chain, "utf-8")
    (tmp_path / "key.pem").write_text(key + end, "utf-8")
    words = ["--tls-cert", str(cert), "--tls-key", str(tmp_path / "key.pem"), *trusting()]
    with serving("uas", *words) as (_, port):
        assert sipsm("options", f"sips:bob@127.0.0.1:{port}", *words).returncode == 0
    alone = sipsm("options", "sips:bob@127.0.0.1", "--tls-cert", str(cert))
    assert alone.returncode == 2
