"""Somebody who registers and whose registrar is written by hand, and a registrar whose clients are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sipsm import Registration, Request, Response
from tests.endpoint.by_hand import Bench

BOB = "sip:bob@192.0.2.2"
HERE = "<sip:bob@192.0.2.1:5060>"
DOMAIN = "sip:192.0.2.1"
ADDRESS = "sip:bob@192.0.2.1"
ONE, TWO, THREE = (f"<sip:bob@192.0.2.{host}>" for host in (11, 12, 13))


class Registrant(Bench):
    """The endpoint registers, and its registrar says what the test wants."""

    def register(self, address: Any = BOB, registrar: Any = None, **parts: Any) -> Registration:
        """The endpoint registers."""
        return self.begin(self.endpoint.register, address, registrar, **parts)

    def unregister(self, address: Any = BOB, registrar: Any = None, **parts: Any) -> Registration:
        """The endpoint removes what it does not know to be there."""
        return self.begin(self.endpoint.unregister, address, registrar, **parts)

    def query(self, address: Any = BOB, registrar: Any = None, **parts: Any) -> Registration:
        """The endpoint asks."""
        return self.begin(self.endpoint.query_bindings, address, registrar, **parts)

    def begin(self, command: Any, address: Any, registrar: Any, **parts: Any) -> Registration:
        """The endpoint begins something."""
        registration, outputs = command(address, registrar, now=self.now, **parts)
        assert isinstance(registration, Registration)
        self.take(outputs)
        return registration

    def say(self, status: int, *headers: str, to: Request | None = None) -> None:
        """The registrar answers, by default the last REGISTER."""
        self.receive(self.response(to or self.last_request, status, headers=headers))

    def accept(self, *contacts: str, expires: int | None = None, to: Request | None = None) -> None:
        """The registrar accepts, and lists these contacts."""
        lasts = [] if expires is None else [f"Expires: {expires}"]
        self.say(200, *(f"Contact: {each}" for each in contacts), *lasts, to=to)

    def up(self, expires: int = 3600, **parts: Any) -> Registration:
        """A registration that was accepted."""
        registration = self.register(**parts)
        self.accept(*(f"{each};expires={expires}" for each in registration.contacts))
        self.drain()
        return registration

    @property
    def registers(self) -> list[Request]:
        """The REGISTER requests sent so far, repeats left out."""
        found = {message.branch: message for message in self.sent if isinstance(message, Request)}
        return list(found.values())

    @property
    def said(self) -> list[Any]:
        """Of each of them: its Contacts, and its Expires."""
        return [(each.lines_of("Contact"), each.header("Expires")) for each in self.registers]


class Registry(Bench):
    """The endpoint is a registrar, and its clients say what the test wants."""

    def put(
        self,
        *contacts: str,
        expires: int | str | None = None,
        cseq: int | None = None,
        call_id: str | None = None,
        uri: str = DOMAIN,
        to: str = f"<{ADDRESS}>",
        headers: Iterable[str] = (),
        **parts: Any,
    ) -> Response | None:
        """A REGISTER comes; returns its answer, if there is one."""
        self.branches += 1
        lines = [*(f"Contact: {each}" for each in contacts), *([] if expires is None else [f"Expires: {expires}"])]
        sender = parts.pop("from_", to.rpartition(";tag")[0] or to)
        before = len(self.sent)
        self.receive(
            self.request(
                "REGISTER",
                uri=uri,
                to=to,
                from_=f"{sender};tag=from{self.branches}",
                headers=[*lines, *headers],
                call_id=call_id or f"client{self.branches}",
                cseq=self.branches if cseq is None else cseq,
                **parts,
            )
        )
        new = [message for message in self.sent[before:] if isinstance(message, Response)]
        return new[-1] if new else None

    def status(self, *contacts: str, **parts: Any) -> int:
        """The status of its answer."""
        response = self.put(*contacts, **parts)
        assert response is not None
        return response.status

    def listed(self, *contacts: str, **parts: Any) -> list[str]:
        """The Contacts of its 200."""
        response = self.put(*contacts, **parts)
        assert response is not None
        assert response.status == 200
        return list(response.lines_of("Contact"))

    def bound(self, address: str = ADDRESS) -> list[str]:
        """Where somebody is to be reached now."""
        return [str(binding.contact) for binding in self.endpoint.bindings(address)]
