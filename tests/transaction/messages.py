"""Messages between Alice (192.0.2.1) and Bob (192.0.2.2), and a transaction layer to try them on in virtual time."""

from __future__ import annotations

from sipsm.machine import Agenda
from sipsm.message import Request, Response, parse_message
from sipsm.transaction import (
    Absorbed,
    AckReceived,
    Output,
    RequestReceived,
    ResponseReceived,
    ServerTransaction,
    TimedOut,
    TimerValues,
    Transaction,
    TransactionLayer,
    TransportFailed,
    Unmatched,
)
from sipsm.transaction.matching import client_key
from sipsm.transport import Flow, Send

START = 1000.0
ALICE = ("192.0.2.1", 5060)
BOB = ("192.0.2.2", 5060)
BRANCH = "z9hG4bK74bf9"


def request(
    method: str = "INVITE",
    *,
    uri: str = "sip:bob@biloxi.example.com",
    transport: str = "UDP",
    sent_by: str = "192.0.2.1:5060",
    branch: str | None = BRANCH,
    from_tag: str | None = "9fxced76sl",
    to_tag: str | None = None,
    call_id: str = "3848276298220188511@atlanta.example.com",
    cseq: int = 2,
    more: str = "",
) -> Request:
    """A request of Alice's, parsed from its bytes. `branch` None leaves it out, as clients of RFC 2543 do."""
    parsed = parse_message(
        (
            f"{method} {uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/{transport} {sent_by}{_param('branch', branch)}\r\n"
            "Max-Forwards: 70\r\n"
            f"From: Alice <sip:alice@atlanta.example.com>{_param('tag', from_tag)}\r\n"
            f"To: Bob <sip:bob@biloxi.example.com>{_param('tag', to_tag)}\r\n"
            f"Call-ID: {call_id}\r\n"
            f"CSeq: {cseq} {method}\r\n"
            f"{more}"
            "Contact: <sip:alice@192.0.2.1>\r\n"
            "Content-Length: 0\r\n\r\n"
        ).encode()
    )
    assert isinstance(parsed, Request)
    return parsed


def response(
    status: int,
    method: str = "INVITE",
    *,
    branch: str = BRANCH,
    via_params: str = "",
    to_tag: str | None = "8321234356",
    cseq: int = 2,
) -> Response:
    """A response to Alice's request, parsed from its bytes."""
    parsed = parse_message(
        (
            f"SIP/2.0 {status} Whatever\r\n"
            f"Via: SIP/2.0/UDP 192.0.2.1:5060;branch={branch}{via_params}\r\n"
            "From: Alice <sip:alice@atlanta.example.com>;tag=9fxced76sl\r\n"
            f"To: Bob <sip:bob@biloxi.example.com>{_param('tag', to_tag)}\r\n"
            "Call-ID: 3848276298220188511@atlanta.example.com\r\n"
            f"CSeq: {cseq} {method}\r\n"
            "Content-Length: 0\r\n\r\n"
        ).encode()
    )
    assert isinstance(parsed, Response)
    return parsed


def _param(name: str, value: str | None) -> str:
    return "" if value is None else f";{name}={value}"


def parsed_request(data: bytes) -> Request:
    """The request that these bytes are."""
    message = parse_message(data)
    assert isinstance(message, Request)
    return message


def ladder(text: str) -> list[str]:
    """What is to happen, a line each: seconds after the start, and what."""
    return [line.strip() for line in text.strip().splitlines()]


class Bench:
    """A transaction layer in virtual time: `log` tells what came out of it, and when."""

    def __init__(self, transport: str = "UDP", times: TimerValues | None = None) -> None:
        self.now = START
        self.agenda = Agenda()
        self.layer = TransactionLayer(self.agenda, times or TimerValues())
        self.flow = Flow(transport, BOB, ALICE)
        self.log: list[str] = []
        self.outputs: list[Output] = []
        self.sent: list[Send] = []
        self.tx: Transaction | None = None

    @property
    def state(self) -> str:
        """The state of the last transaction that was made."""
        assert self.tx is not None
        return self.tx.state

    @property
    def over(self) -> bool:
        """Whether all transactions are terminated, forgotten, and nobody is to be woken."""
        forgotten = not self.layer.clients and not self.layer.servers
        return self.state == "Terminated" and forgotten and self.agenda.next_timeout() is None

    # ---------------------------------------------------------------- what happens

    def at(self, offset: float) -> Bench:
        """Let time pass until `offset` seconds after the start; timers due then have fired."""
        until = START + offset
        while (when := self.agenda.next_timeout()) is not None and when <= until:
            self.now = when
            while (due := self.agenda.pop(when)) is not None:
                assert isinstance(due, Transaction)
                self._note(self.layer.wake(due, when))
        self.now = until
        return self

    def sends(self, message: Request) -> None:
        """The transaction user sends a request."""
        outputs = self.layer.send_request(message, self.flow, "user", self.now)
        self.tx = self.layer.clients[client_key(message)]
        self._note(outputs)

    def receives(self, message: Request | Response) -> None:
        """A message arrives."""
        if isinstance(message, Response):
            self._note(self.layer.receive_response(message, self.now))
        else:
            self._note(self.layer.receive_request(message, self.flow, self.now))

    def answers(self, status: int, method: str = "INVITE", tx: ServerTransaction | None = None) -> None:
        """The transaction user answers the last request, or that of `tx`."""
        tx = tx or self.server
        self._note(self.layer.respond(tx, response(status, method), self.now))

    def cannot_send(self) -> None:
        """What was sent last could not be sent."""
        self._note(self.layer.send_failed(self.sent[-1].sender, self.now))

    @property
    def server(self) -> ServerTransaction:
        """The last server transaction that was made."""
        assert isinstance(self.tx, ServerTransaction)
        return self.tx

    def _note(self, outputs: list[Output]) -> None:
        for output in outputs:
            self.log.append(f"{self.now - START:g} {told(output)}")
            self.outputs.append(output)
            if isinstance(output, Send):
                self.sent.append(output)
            elif isinstance(output, RequestReceived):
                self.tx = output.transaction


def told(output: Output) -> str:
    """An output in two words."""
    match output:
        case Send(_, data):
            return f"send {_name(parse_message(data))}"
        case RequestReceived(_, message) | ResponseReceived(_, message) | AckReceived(message):
            return f"up {_name(message)}"
        case Unmatched(message):
            return f"unmatched {_name(message)}"
        case Absorbed(message, _):
            return f"absorbed {_name(message)}"
        case TimedOut():
            return "timed out"
        case TransportFailed():
            return "failed"
    raise AssertionError(f"{output} comes of connections only")


def _name(message: Request | Response) -> str:
    return message.method if isinstance(message, Request) else str(message.status)
