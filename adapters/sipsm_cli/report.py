"""What a command tells on standard output: lines for people, or one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sipsm import (
    Address,
    Binding,
    Call,
    DropReason,
    Ended,
    Listening,
    PeerSubscription,
    RemoteProtocolError,
    Request,
    Response,
    Subscription,
    Uri,
    parse_message,
)
from sipsm.message.headers import SubscriptionState
from sipsm.transport.flow import bracketed
from sipsm_cli.output import aside, show

REMEMBERED = 1_000
"""How many messages are remembered, so that a repeat is not told twice."""


class Report:
    """Tells events, each as soon as it happens."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.heard = 0
        """How many different messages of the other end have come."""
        self._known: dict[bytes, None] = {}

    def listening(self, local: Listening) -> None:
        """A local address takes requests now."""
        host, port = local.address
        bind = f"{local.transport.lower()}:{bracketed(host)}:{port}"
        self._tell(f"listening on {bind}", event="listening", bind=bind)

    def received(self, data: bytes) -> None:
        """A message of the other end: once, however often it is repeated."""
        try:
            message = parse_message(data)
        except RemoteProtocolError:
            # What becomes of it is told as `dropped`.
            return
        if data in self._known:
            return
        self.heard += 1
        self._known[data] = None
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]
        if isinstance(message, Request):
            text = f"received {message.method} from {message.from_.uri}"
            self._tell(text, event="request", method=message.method, call=message.call_id)
        else:
            method = message.cseq.method
            text = f"received {message.status} {message.reason} to {method}"
            self._tell(text, event="response", method=method, code=message.status, call=message.call_id)

    def state(self, call: Call, state: str) -> None:
        """A call has reached this state."""
        self._tell(f"call {call.call_id}: {state}", event="state", call=call.call_id, state=state)

    def ended(self, event: Ended) -> None:
        """A call is over."""
        call_id, reason = event.call.call_id, event.reason.value
        code = {} if event.status is None else {"code": event.status}
        phrase = ""
        if isinstance(event.message, Response) and event.message.status >= 300:
            phrase = f"{event.message.status} {event.message.reason}"
        why = ", ".join(part for part in (reason.replace("-", " "), phrase) if part)
        self._tell(
            f"call {call_id}: ended ({why})",
            event="state", call=call_id, state="ended", reason=reason, **code,
        )  # fmt: skip

    def info(self, call: Call, package: str | None, request: Request) -> None:
        """An INFO has come in a call."""
        self._carried("info", call, request, package=package)

    def message(self, call: Call | None, request: Request) -> None:
        """An instant message has come, in a call or outside one."""
        self._carried("message", call, request)

    def _carried(self, event: str, call: Call | None, request: Request, **more: object) -> None:
        body = request.body.decode("utf-8", "replace")
        name = "a message" if call is None else f"call {call.call_id}: {event}"
        whose = {} if call is None else {"call": call.call_id}
        self._tell(
            f"{name} {request.content_type or ''}\n{body}",
            event=event,
            type=request.content_type,
            body=body,
            **whose,
            **more,
        )

    def subscription(self, of: PeerSubscription, state: str, reason: str | None = None) -> None:
        """Somebody has subscribed, or his subscription is over."""
        call_id = of.dialog.call_id
        why = {} if reason is None else {"reason": reason}
        shown = f"subscription {call_id} to {of.event} of {of.resource}: {state}"
        self._tell(
            shown if reason is None else f"{shown} ({reason.replace('-', ' ')})",
            event="subscription", call=call_id, package=of.event, resource=of.resource, state=state, **why,
        )  # fmt: skip

    def subscribed(self, of: Subscription, state: str, reason: str | None = None, **more: object) -> None:
        """A subscription of ours has reached this state."""
        why = {} if reason is None else {"reason": reason}
        shown = f"subscription {of.dialog.call_id}: {state}"
        self._tell(
            shown if reason is None else f"{shown} ({reason.replace('-', ' ')})",
            event="state", call=of.dialog.call_id, state=state, **why, **more,
        )  # fmt: skip

    def notify(self, of: Subscription, request: Request, state: SubscriptionState) -> None:
        """A notifier has told its state."""
        body = request.body.decode("utf-8", "replace")
        why = {} if state.reason is None else {"reason": state.reason}
        self._tell(
            f"subscription {of.dialog.call_id}: {state}\n{body}".rstrip(),
            event="notify", call=of.dialog.call_id, state=state.state, type=request.content_type, body=body, **why,
        )  # fmt: skip

    def redirected(self, call: Call, target: str) -> None:
        """The other end has said where else to call, and that is done."""
        self._tell(f"call {call.call_id}: redirected to {target}", event="redirected", call=call.call_id, target=target)

    def capabilities(self, response: Response) -> None:
        """What the other end can do, by its answer to an OPTIONS (RFC 3261 11.2)."""
        found = {name: list(response.header_values(name)) for name in ("Allow", "Accept", "Supported")}
        lines = [f"{name}: {', '.join(values)}" for name, values in found.items() if response.header(name) is not None]
        told = {name.lower(): values for name, values in found.items()}
        self._tell("\n".join(lines), event="capabilities", code=response.status, **told)

    def published(self, operation: str, expires_s: int, tag: str | None) -> None:
        """A publication was accepted, has been changed, or lasts longer."""
        self._tell(
            f"published ({operation}) for {expires_s} s, tag {tag}",
            event="published", operation=operation, expires=expires_s, tag=tag,
        )  # fmt: skip

    def unpublished(self, reason: str, status: int | None) -> None:
        """A publication is over."""
        code = {} if status is None else {"code": status}
        self._tell(f"publication ended ({reason})", event="state", state="ended", reason=reason, **code)

    def registered(self, operation: str, expires_s: int, bindings: Iterable[Address]) -> None:
        """A registrar has accepted what was registered, or has told what there is: these are all bindings."""
        contacts = [str(each) for each in bindings]
        what = "bindings" if operation == "query" else f"registered ({operation}) for {expires_s} s"
        self._tell(
            "\n  ".join([f"{what}:" if contacts else f"{what}: none", *contacts]),
            event="registered", operation=operation, expires=expires_s, contacts=contacts,
        )  # fmt: skip

    def unregistered(self, reason: str, status: int | None, bindings: Iterable[Address]) -> None:
        """A registration is over; these bindings are left."""
        contacts = [str(each) for each in bindings]
        code = {} if status is None else {"code": status}
        self._tell(
            f"registration ended ({reason})", event="state", state="ended", reason=reason, contacts=contacts, **code
        )

    def binding(self, state: str, address: Uri, of: Binding, reason: str | None = None) -> None:
        """Somebody can be reached at a place, or cannot any more."""
        why = {} if reason is None else {"reason": reason}
        user, shown = address.user or "", f"binding of {address.user} to {of.contact}: {state}"
        self._tell(
            f"{shown} for {of.lasts_s} s" if reason is None else f"{shown} ({reason})",
            event="binding", state=state, user=user, contact=str(of.contact), expires=of.lasts_s, **why,
        )  # fmt: skip

    def dropped(self, reason: str, why: str) -> None:
        """A message came to nothing, or a connection before there was any."""
        what = "closed a connection" if reason == DropReason.NOT_SECURED else "dropped a message"
        self._tell(f"{what}: {reason} ({why})", event="dropped", reason=reason, why=why)

    def refused(self, what: object, status: int, was_answered: bool) -> None:
        """It came to nothing: somebody has said so, or that is what a failure to reach him amounts to."""
        silence = "no answer" if status == 408 else "cannot be reached"
        self.error(f"{what}: " + (f"answered with {status}" if was_answered else silence))

    def error(self, text: str) -> None:
        """Something went wrong. For people, on standard error."""
        if self.as_json:
            self._tell("", event="error", text=text)
        else:
            aside(f"sipsm: {text}")

    def _tell(self, line: str, /, **event: object) -> None:
        if self.as_json or line:
            show(json.dumps(event) if self.as_json else line)
