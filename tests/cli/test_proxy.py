"""`sipsm proxy` in a process of its own, between `sipsm call` and `sipsm uas`, over real sockets."""

from __future__ import annotations

import pytest

from sipsm_cli.arguments import parse
from tests.cli.programs import running, sipsm, told, uas

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("more", [(), ("--record-route",), ("--serial", "--record-route")])
def test_a_call_by_way_of_the_proxy(more: tuple[str, ...]) -> None:
    """It is answered by who is there; the other branch is cancelled, or has refused."""
    with (
        uas("--ring-time", "0.2") as (bob, at_bob),
        uas("--answer", "486") as (_, at_carol),
        running("proxy", "--bind", "udp:127.0.0.1:0", "--route", f"team={at_carol}, {at_bob}", *more) as proxy,
    ):
        done = sipsm("call", f"sip:team@127.0.0.1:{proxy.port}", "--duration", "0.1", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        assert bob.until(event="state", state="ended")["reason"] == "hung-up-by-peer"
        assert proxy.end() == 0
    requests = [each["method"] for each in told(proxy.output, "request")]
    assert ("BYE" in requests) is bool(more)


def test_who_is_not_known_is_not_found() -> None:
    """404 for a user without a route, 480 for one whose route is empty."""
    with running("proxy", "--bind", "udp:127.0.0.1:0", "--route", "bob=") as proxy:
        at = f"127.0.0.1:{proxy.port}"
        for user, status in (("carol", 404), ("bob", 480)):
            done = sipsm("call", f"sip:{user}@{at}", "--json")
            assert done.returncode == 1
            assert told(done.stdout, "state")[-1]["code"] == status
        assert proxy.end() == 0


@pytest.mark.parametrize("words", ["bob", "=sip:a@b.com", "bob=no uri"])
def test_a_route_names_a_user_and_uris(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Anything else is wrong usage."""
    with pytest.raises(SystemExit, match="2"):
        parse(["proxy", "--route", words])
    assert "--route" in capsys.readouterr().err
