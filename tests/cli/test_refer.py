"""`sipsm refer`, the steps of a transfer, and `sipsm uas --accept-refer`."""

from __future__ import annotations

import signal
import socket

import pytest

from sipsm import Request, parse_message, response_to
from tests.cli.programs import PATIENCE_S, running, sipsm, told

pytestmark = pytest.mark.slow

UAS = ("uas", "--bind", "udp:127.0.0.1:0", "--ring-time", "0")


def of(port: int) -> str:
    """Somebody at this port."""
    return f"sip:bob@127.0.0.1:{port}"


@pytest.mark.rfc("3515 2.4.1", "3515 2.4.5")
@pytest.mark.parametrize(("answer", "code"), [("200", 0), ("486", 1)])
def test_a_third_party_is_called(answer: str, code: int) -> None:
    """Who is referred calls the target, and tells how that goes; the exit is that of the call."""
    with running(*UAS, "--accept-refer") as bob, running(*UAS, "--answer", answer) as carol:
        done = sipsm("refer", of(bob.port), of(carol.port), "--json")
        if not code:
            carol.until(event="state", state="established")
    assert done.returncode == code, done.stderr
    bodies = [event["body"].split(" ")[1] for event in told(done.stdout, "notify")]
    assert (bodies[0], bodies[-1]) == ("100", answer)
    assert told(done.stdout, "state")[-1]["code"] == int(answer)


@pytest.mark.rfc("3515 2.4.2")
def test_nobody_does_it() -> None:
    """Exit 1 for a refusal, of all REFER requests or of one to what cannot be called; exit 3 for silence."""
    with running(*UAS) as bob, running(*UAS, "--accept-refer") as other:
        refused = sipsm("refer", of(bob.port), "sip:carol@127.0.0.1", "--json")
        strange = sipsm("refer", of(other.port), "http://127.0.0.1/")
    assert (refused.returncode, told(refused.stdout, "state")[-1]["code"]) == (1, 603)
    assert strange.returncode == 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        port = deaf.getsockname()[1]
        assert sipsm("refer", of(port), "sip:carol@127.0.0.1", "--timeout", "0.3").returncode == 3


@pytest.mark.parametrize("required", [(), ("--header", "Require: nosub")])
@pytest.mark.parametrize("answered", [False, True])
def test_a_signal_before_anything_is_told(required: tuple[str, ...], answered: bool) -> None:
    """There is nothing to unsubscribe from, and so nothing to wait for: the command ends, and it has had no answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.settimeout(PATIENCE_S)
        with running("refer", of(silent.getsockname()[1]), "sip:carol@127.0.0.1", *required) as client:
            data, there = silent.recvfrom(65535)
            if answered:
                refer = parse_message(data)
                assert isinstance(refer, Request)
                status = 100 if required else 202
                silent.sendto(bytes(response_to(refer, status, to_tag="b", headers=[("Contact", of(9))])), there)
                # What is answered to this came behind it.
                lines = [(name, refer.header(name)) for name in ("Via", "To", "Call-ID")]
                more = [("From", "<sip:bob@127.0.0.1>;tag=b"), ("CSeq", "1 OPTIONS"), ("Max-Forwards", "70")]
                silent.sendto(bytes(Request.build("OPTIONS", of(there[1]), [*lines, *more])), there)
                while not silent.recv(65535).startswith(b"SIP/2.0 200"):
                    pass
            client.process.send_signal(signal.SIGTERM)
            output, errors = client.rest()
    # Whoever waits until all has failed is told of that.
    assert (told(output, "state"), told(output, "error"), errors) == ([], [], "")
    assert client.process.returncode == 3


def test_a_refer_of_which_nothing_is_told() -> None:
    """With no subscription the 2xx is all that comes: the command is done with it, and does not wait for more."""
    with running(*UAS, "--accept-refer") as bob, running(*UAS) as carol:
        done = sipsm("refer", of(bob.port), of(carol.port), "--header", "Require: nosub", "--timeout", "9")
    assert (done.returncode, "NOTIFY" in done.stdout) == (0, False)


@pytest.mark.rfc("5589 6.1")
def test_a_blind_transfer() -> None:
    """The step is done when the other end has called the third party; then the call is hung up."""
    with running(*UAS, "--accept-refer") as bob, running(*UAS) as carol:
        script = f"wait established; refer {of(carol.port)}; bye"
        done = sipsm("call", of(bob.port), "--do", script, "--json")
        carol.until(event="state", state="established")
    assert done.returncode == 0, done.stderr
    assert [event["body"].split(" ")[1] for event in told(done.stdout, "notify")][-1] == "200"


@pytest.mark.rfc("5589 6.3")
def test_a_transfer_that_fails() -> None:
    """A step that comes to nothing is told, and makes the exit 1; the script goes on."""
    with running(*UAS) as bob:
        done = sipsm("call", of(bob.port), "--do", "refer sip:carol@127.0.0.1; bye")
    assert done.returncode == 1
    assert "refer sip:carol@127.0.0.1: 603" in done.stderr


@pytest.mark.rfc("5589 7.3")
def test_an_attended_transfer() -> None:
    """The first call's peer takes the place of us in the second call."""
    with running(*UAS, "--accept-refer") as bob, running(*UAS) as carol:
        script = f"consult {of(carol.port)}; sleep 0.1; transfer; bye"
        done = sipsm("call", of(bob.port), "--do", script, "--json")
        assert done.returncode == 0, done.stderr
        carol.until(event="state", state="ended", reason="replaced")
    ended = [event for event in told(done.stdout, "state") if event["state"] == "ended"]
    assert len({event["call"] for event in ended}) >= 2


def test_what_cannot_be_consulted() -> None:
    """Nobody answers the second call: that step has failed, and so has the transfer; a `bye` ends what is left."""
    with running(*UAS) as bob, running(*UAS, "--answer", "486") as carol:
        third = of(carol.port)
        script = f"transfer; consult {third}; transfer; bye"
        done = sipsm("call", of(bob.port), "--do", script)
    assert done.returncode == 1
    assert done.stderr.count("transfer: there is nobody to transfer to") == 2
    assert f"consult {third}: 486" in done.stderr


def test_both_calls_are_hung_up() -> None:
    """`bye` ends both; so does the end of the first."""
    with running(*UAS) as bob, running(*UAS) as carol:
        one = sipsm("call", of(bob.port), "--do", f"consult {of(carol.port)}; bye")
    assert one.returncode == 0, one.stderr
    with running(*UAS, "--hangup-after", "0.5") as bob, running(*UAS) as carol:
        two = sipsm("call", of(bob.port), "--do", f"consult {of(carol.port)}; wait ended")
    assert two.returncode == 0, two.stderr


def test_a_server_transfers_who_calls() -> None:
    """The callee refers its caller, who does not do that."""
    with running(*UAS, "--do", "wait established; refer sip:carol@127.0.0.1; bye") as bob:
        done = sipsm("call", of(bob.port))
        bob.until(event="state", state="ended")
    assert done.returncode == 0, done.stderr
