"""What the command line takes, and what it says to the rest."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from sipsm import Account
from sipsm_cli.arguments import parse

WRONG = {
    "no command": "",
    "an unknown one": "sing",
    "an unknown option": "call sip:bob@b --register yes",
    "a password without a name": "call sip:bob@b --auth :secret",
    "a name without a password": "call sip:bob@b --auth alice",
    "a realm that is none": "uas --realm  --user a:b",
    "a realm without users": "uas --realm biloxi.com",
    "users without a realm": "notifier --event door --user a:b",
    "an algorithm that is not known": "uas --realm b --user a:b --algorithm SHA-1",
    "an abbreviated option": "call sip:bob@b --dur 1",
    "no URI": "call",
    "what is no URI": "call bob",
    "a transport that is not spoken": "uas --bind wss:127.0.0.1:0",
    "a server over TLS without a certificate": "uas --bind tls:127.0.0.1:0",
    "a proxy over TLS without a certificate": "proxy --bind tls:127.0.0.1:0",
    "a registrar over TLS without a certificate": "registrar --bind tls:127.0.0.1:0",
    "a key without a certificate": "options sips:bob@b --tls-key pyproject.toml",
    "a certificate that is not there": "options sips:bob@b --tls-cert no/such/file",
    "a certificate that is none": "options sips:bob@b --tls-ca pyproject.toml",
    "a registrar at two addresses of one transport": "registrar --bind udp:127.0.0.1:0 --bind udp:127.0.0.2:0",
    "a notifier at two ports": "notifier --event door --bind tcp:[::1]:5060 --bind tcp:[::1]:5062",
    "a port that is none": "uas --bind udp:127.0.0.1:70000",
    "a negative time": "call sip:bob@b --duration -1",
    "a time that is no number": "call sip:bob@b --timeout soon",
    "an endless time": "call sip:bob@b --timeout inf",
    "a header without a colon": "options sip:bob@b --header Subject",
    "a header that cannot be one": "options sip:bob@b --header Bad/Name:x",
    "a length that is none of ours": "options sip:bob@b --header Content-Length:7",
    "a ladder that is no text": "uas --save ladder.svg",
    "a provisional response that is none": "uas --ring 200",
    "100, which is the transaction's": "uas --ring 100",
    "a final response that is none": "uas --answer 180",
    "a contact for a call that is taken": "uas --contact sip:carol@c",
    "a proxy that is no SIP URI": "call sip:bob@b --proxy tel:1",
    "a share above 1": "demo --loss 1.5",
    "a session interval that is too short": "call sip:bob@b --session-expires 89",
    "an INFO package that is none": "uas --recv-info a/b",
    "a step that is none": "call sip:bob@b --do sing",
    "a step of a transfer": "call sip:bob@b --do refer",
}
WRONG_STEPS = [
    "wait",
    "wait up",
    "sleep",
    "sleep soon",
    "sleep -1",
    "sleep inf",
    "hold 5",
    "media",
    "media video+audio",
    "info",
    "info plain x",
    "info text/plain @no/such/file",
    "bye; bye now",
    "refer",
    "refer x",
    "consult sip:",
    "transfer sip:carol@c",
]


@pytest.mark.parametrize("script", WRONG_STEPS)
@pytest.mark.parametrize("command", ["uas", "call sip:bob@b"])
def test_a_wrong_step_is_wrong_usage(command: str, script: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A script is read before anything is sent."""
    with pytest.raises(SystemExit) as ended:
        parse([*command.split(), "--do", script])
    assert ended.value.code == 2
    assert "--do" in capsys.readouterr().err


def test_who_we_are() -> None:
    """What stands behind the last @ of a password is the realm; a name may have one."""
    words = ["--auth", "alice:secret", "--auth", "a@b:p:w@x@biloxi.com", "--auth", "bob:"]
    accounts = parse(["options", "sip:bob@b", *words]).auth
    assert accounts == [Account("alice", "secret"), Account("a@b", "p:w@x", "biloxi.com"), Account("bob", "")]
    options = parse(["uas", "--realm", "biloxi.com", "--user", "bob:a:b", "--algorithm", "md5,SHA-256"])
    assert (options.realm, options.user, options.algorithm) == ("biloxi.com", [("bob", "a:b")], ("MD5", "SHA-256"))


def test_a_script() -> None:
    """Steps are divided by semicolons; a body is a text, with semicolons where it stands in quotes."""
    script = 'wait ringing;; sleep 0.5 ; info text/plain "a; b";info a/b;info a/b say "x"; media audio+video;'
    steps = parse(["call", "sip:bob@b", "--do", script]).do
    assert [(str(step), step.body, step.seconds) for step in steps] == [
        ("wait ringing", b"", 0.0),
        ("sleep 0.5", b"", 0.5),
        ("info text/plain", b"a; b", 0.0),
        ("info a/b", b"", 0.0),
        ("info a/b", b'say "x"', 0.0),
        ("media audio+video", b"", 0.0),
    ]
    assert parse(["uas"]).do == []


@pytest.mark.parametrize("words", WRONG.values(), ids=WRONG)
def test_wrong_usage_ends_with_2(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A mistake is told on standard error, with exit 2, before anything is sent."""
    with pytest.raises(SystemExit) as ended:
        parse(words.split())
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "sipsm" in said.err


def test_a_call_by_default() -> None:
    """Nothing but the URI is needed."""
    options = parse(["call", "sip:bob@b"])
    assert (str(options.uri), options.bind, options.duration, options.linger) == ("sip:bob@b", [], None, 0.0)


def test_options_of_every_command() -> None:
    """URIs become header values: a bare one gets brackets, so that its parameters stay its own."""
    words = [
        "--from",
        "sip:me@a;x=1",
        "--proxy",
        "sip:192.0.2.1",
        "--header",
        "Subject:  lunch",
        "--header",
        "X-A: b:c",
    ]
    options = parse(["options", "sip:bob@b", *words, "--save", "a.txt"])
    assert options.identity == "<sip:me@a;x=1>"
    assert options.proxy == "<sip:192.0.2.1;lr>"
    assert options.header == [("Subject", "lunch"), ("X-A", "b:c")]
    assert options.save == Path("a.txt")


def test_a_name_and_a_loose_route_stay_as_they_are() -> None:
    """A display name is kept, and `lr` is not added twice."""
    options = parse(
        ["uas", "--from", '"Bob" <sip:bob@b>', "--proxy", "sip:p;lr", "--answer", "302", "--contact", "tel:1"]
    )
    assert (options.identity, options.proxy, options.contact) == ('"Bob" <sip:bob@b>', "<sip:p;lr>", "<tel:1>")


def test_the_program_is_a_module_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m sipsm` is the command line."""
    monkeypatch.setattr("sys.argv", ["sipsm", "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("sipsm", run_name="__main__")
    assert ended.value.code == 0
    assert "exit codes" in capsys.readouterr().out
