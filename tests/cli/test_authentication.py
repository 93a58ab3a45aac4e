"""`--auth` of every client, and `--realm` with `--user` of the servers, over real sockets."""

from __future__ import annotations

import pytest

from tests.cli.programs import running, sipsm, told, uas

pytestmark = pytest.mark.slow

GUARDED = ("--realm", "biloxi.com", "--user", "alice:secret", "--user", "bob:zanzibar")


def codes(output: str) -> list[int]:
    """The statuses of the responses that came."""
    return [each["code"] for each in told(output, "response")]


@pytest.mark.rfc("3261 22.2")
@pytest.mark.parametrize(
    ("command", "more", "last"),
    [
        ("call", ("--duration", "0"), [401, 180, 200, 200]),
        ("message", ("hello",), [401, 200]),
        ("options", (), [401, 200]),
    ],
)
def test_who_has_an_account_is_let_in(command: str, more: tuple[str, ...], last: list[int]) -> None:
    """With the account of this realm, whatever else there is; without one, and with a wrong one, exit 1."""
    with uas(*GUARDED) as (_, uri):
        accounts = ("--auth", "bob:wrong@atlanta.com", "--auth", "bob:zanzibar@biloxi.com")
        good = sipsm(command, uri, *more, *accounts, "--json")
        none = sipsm(command, uri, *more, "--json")
        wrong = sipsm(command, uri, *more, "--auth", "bob:zanzibar@x", "--auth", "bob:wrong", "--json")
    assert (good.returncode, codes(good.stdout)) == (0, last), good.stdout + good.stderr
    assert (none.returncode, codes(none.stdout)) == (1, [401]), none.stdout + none.stderr
    assert (wrong.returncode, codes(wrong.stdout)) == (1, [401, 401]), wrong.stdout + wrong.stderr


@pytest.mark.rfc("3903 14", "3261 22.2")
def test_a_notifier_that_asks() -> None:
    """Who subscribes, and who publishes, shows who he is."""
    server = ("notifier", "--bind", "udp:127.0.0.1:0", "--event", "door", "--type", "text/plain", "--state", "shut")
    with running(*server, "--publish", "--min-expires", "1", *GUARDED) as notifier:
        uri = f"sip:door@127.0.0.1:{notifier.port}"
        told_to = sipsm("subscribe", uri, "--event", "door", "--expires", "0", "--auth", "bob:zanzibar", "--json")
        stranger = sipsm("subscribe", uri, "--event", "door", "--expires", "0", "--json")
        words = ("publish", uri, "open", "--event", "door", "--type", "text/plain", "--json")
        publisher = sipsm(*words, "--auth", "alice:secret")
        nobody = sipsm(*words, "--auth", "alice:zanzibar")
        assert notifier.end() == 0
    assert told_to.returncode == 0, told_to.stdout + told_to.stderr
    assert [each["body"] for each in told(told_to.stdout, "notify")][-1] == "shut"
    assert stranger.returncode == 1
    assert publisher.returncode == 0, publisher.stdout + publisher.stderr
    assert [each["operation"] for each in told(publisher.stdout, "published")] == ["initial"]
    assert nobody.returncode == 1


@pytest.mark.rfc("3261 10.3", "3261 22.2")
def test_a_registrar_that_asks() -> None:
    """Everybody registers himself, by his own password; its realm need not be named. Who may not gets 403."""
    users = ("--user", "bob:zanzibar", "--user", "eve:secret")
    with running("registrar", "--bind", "udp:127.0.0.1:0", *users) as registrar:
        domain = f"127.0.0.1:{registrar.port}"
        words = ("register", f"sip:{domain}", "--aor", f"sip:bob@{domain}", "--json")
        good = sipsm(*words, "--auth", "bob:zanzibar")
        none = sipsm(*words)
        eve = sipsm(*words, "--auth", "eve:secret")
        query = sipsm(*words, "--query", "--auth", "bob:zanzibar")
        assert registrar.end() == 0
    assert (good.returncode, codes(good.stdout)) == (0, [401, 200]), good.stdout + good.stderr
    assert (none.returncode, codes(none.stdout)) == (1, [401]), none.stdout + none.stderr
    assert (eve.returncode, codes(eve.stdout)) == (1, [401, 403]), eve.stdout + eve.stderr
    assert query.returncode == 0
    assert len(told(query.stdout, "registered")[-1]["contacts"]) == 1
