"""People who are at home in a domain: what they do beside all else, which is to register there, in every way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from attrs import define, field

from sipsm import IncomingCall
from tests.simulation.home import DOMAIN, HOSTS, SHARED, Home
from tests.simulation.people import USERS, Person


@define(eq=False)
class Resident(Person):
    """One of them."""

    home: Home = field(kw_only=True)
    spoken: tuple[str, ...] = field(kw_only=True)
    """The transports at which this one is reached."""

    def improvise(self) -> None:
        """Something; a third of it has to do with the registrar."""
        if self.agent.up and not self.leaves and self.draw.randrange(3) == 0:
            names = list(AT_HOME)
            AT_HOME[self.draw.choices(names, [OFTEN[name] for name in names])[0]](self)
        else:
            super().improvise()

    def called(self, event: IncomingCall) -> None:
        """Send some to somebody else, or to another address."""
        if self.draw.random() < 0.05:
            elsewhere = [("Contact", f"<{self.somebody()}>")]
            self.later(lambda: self.give(event.call.reject, 302, headers=elsewhere))
        else:
            super().called(event)

    # ---------------------------------------------------------------- what there is to choose

    @property
    def address(self) -> str:
        """An address of record."""
        return f"sip:{self.draw.choice((self.agent.name, self.agent.name, SHARED))}@{DOMAIN}"

    @property
    def registrar(self) -> str:
        """The registrar: itself, or by way of the proxy."""
        host = self.draw.choice((DOMAIN, HOSTS["home"], HOSTS["desk"]))
        tcp = "UDP" not in self.spoken or ("TCP" in self.spoken and self.draw.random() < 0.5)
        return f"sip:{host};transport=tcp" if tcp else f"sip:{host}"

    @property
    def contacts(self) -> list[str]:
        """Where one is to be reached."""
        return [self.contact(user) for user in self.draw.choice((USERS[:1], USERS[1:], USERS))]

    def contact(self, user: str) -> str:
        """One of these places."""
        tcp = "UDP" not in self.spoken or ("TCP" in self.spoken and self.draw.random() < 0.3)
        uri = f"sip:{user}@{self.agent.host}{';transport=tcp' if tcp else ''}"
        q = self.draw.choice(("", "", ";q=0.5", ";q=0.9"))
        return f"<{uri}>{q}{self.draw.choice(('', '', ';expires=40'))}"

    # ---------------------------------------------------------------- registering

    def register(self) -> None:
        there = self.agent.endpoint
        if len(there.registrations) < 4:
            expires_s = self.draw.choice((None, 5, 30, 90, 600))
            self.give(there.register, self.address, self.registrar, contacts=self.contacts, expires_s=expires_s)

    def reregister(self) -> None:
        if (each := self.one(self.agent.endpoint.registrations)) is not None:
            if self.draw.random() < 0.5:
                self.give(each.modify, self.contacts, expires_s=self.draw.choice((None, 60)))
            else:
                self.give(each.refresh, expires_s=self.draw.choice((None, 20, 200)))

    def deregister(self) -> None:
        if (each := self.one(self.agent.endpoint.registrations)) is not None:
            self.give(each.remove, everything=self.draw.random() < 0.2)

    def unregister(self) -> None:
        everything = self.draw.random() < 0.3
        contacts = None if everything else self.contacts
        self.give(
            self.agent.endpoint.unregister, self.address, self.registrar, contacts=contacts, everything=everything
        )

    def fetch(self) -> None:
        self.give(self.agent.endpoint.query_bindings, self.address, self.registrar)

    def leave(self) -> None:
        """End all that there is, as far as that can be done now."""
        super().leave()
        for each in self.agent.endpoint.registrations if self.agent.up else ():
            self.give(each.remove)


AT_HOME: Final[dict[str, Callable[[Resident], Any]]] = {
    name: getattr(Resident, name) for name in ("register", "reregister", "deregister", "unregister", "fetch")
}
OFTEN: Final = {"register": 5, "reregister": 3, "deregister": 1, "unregister": 1, "fetch": 1}
"""How often each is done."""
