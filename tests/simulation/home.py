"""The domain at which the people of a network are at home: its registrar, its proxy, and who asks for passwords.

Who calls `sip:ann@home.example.com` comes to the proxy. It asks the registrar where Ann is, and forwards to all of
these places. Each of the two asks for passwords or does not, by chance, and so does everybody who is called. What must
hold of all that stands in `tests.simulation.passing`, `passwords` and `bindings`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import Any, Final

from attrs import define, field

from sipsm import (
    Account,
    Ids,
    LocalProtocolError,
    Policy,
    Profile,
    ProxyPolicy,
    Realm,
    Refusal,
    Registering,
    RegistrationRequested,
    Request,
    RouteRequested,
    RouteTarget,
)
from sipsm.auth.guard import Guard
from sipsm.auth.nonces import Nonces
from sipsm.auth.sides import PROXY
from sipsm.proxy import Routed
from sipsm.testing import Agent, Net

DOMAIN: Final = "home.example.com"
SHARED: Final = "office"
"""The address of record that is everybody's; each has one of his own name beside it."""
HOSTS: Final = {"home": "192.0.2.11", "desk": "192.0.2.12"}
"""Proxy and registrar."""
TRANSPORTS: Final = {"udp": ("UDP",), "tcp": ("TCP",), "mixed": ("UDP", "TCP")}
PEOPLE: Final = "people"
"""The realm of those who are called, where they have one in common."""
RIGHT, WRONG = "open sesame", "open barley"
KNOWS: Final[dict[str, tuple[str, ...]]] = {
    "the password": (RIGHT,),
    "another password": (WRONG,),
    "another password, and then the right one": (WRONG, RIGHT),
    "none": (),
}
"""What somebody may have for a realm: his passwords, in the order in which they are tried."""
ALGORITHMS: Final = (("SHA-256", "MD5"), ("MD5",), ("SHA-256-sess", "MD5"))
QUALITIES: Final = (("auth",), ("auth", "auth-int"))


@define(eq=False)
class Home:
    """One domain, and who its people are."""

    net: Net
    mode: str
    names: tuple[str, ...]
    watcher: Any
    """The proxy's."""
    draw: Random = field(init=False)
    knows: dict[tuple[str, str], tuple[str, ...]] = field(factory=dict, init=False)
    """By name and realm: the passwords."""
    realms: dict[str, Realm] = field(factory=dict, init=False)
    """By who asks for passwords."""
    guard: Guard | None = field(default=None, init=False)
    """The proxy's."""
    rewrites: bool = field(init=False)
    """Whether the proxy sends a REGISTER on to the registrar's own address, and not by way of it to the domain."""
    records: bool = field(init=False)
    """Whether the proxy stays in dialogs."""
    proxy: Agent = field(init=False)
    registrar: Agent = field(init=False)

    def __attrs_post_init__(self) -> None:
        draw = self.draw = Random(f"{self.net.seed}/home")
        # Who has a realm in common asks alike.
        in_common = self.realm(PEOPLE) if draw.random() < 0.5 else None
        for name in self.names:
            if draw.random() < 0.3:
                self.realms[name] = in_common or self.realm(f"{name}.example.com")
        for who in HOSTS:
            if draw.random() < 0.4:
                self.realms[who] = self.realm(DOMAIN)
        for name in self.names:
            for realm in sorted({each.name for each in self.realms.values()}):
                self.knows[name, realm] = draw.choices(tuple(KNOWS.values()), (14, 2, 2, 1))[0]
        self.rewrites = draw.random() < 0.5
        self.open_registrar()
        self.open_proxy()

    # ---------------------------------------------------------------- who is asked for what

    def realm(self, name: str) -> Realm:
        """A realm whose users are all people."""
        draw = self.draw
        return Realm(
            name,
            dict.fromkeys(self.names, RIGHT),
            algorithms=draw.choice(ALGORITHMS),
            qop=draw.choice(QUALITIES),
            in_dialogs=name != DOMAIN and draw.random() < 0.1,
            nonce_lasts_s=draw.choice((20.0, 60.0, 300.0)),
            nonces=draw.choice((20, 10_000)),
        )

    def accounts(self, name: str) -> tuple[Account, ...]:
        """What somebody has to show."""
        return tuple(
            Account(name, password, realm)
            for (who, realm), passwords in self.knows.items()
            for password in passwords
            if who == name
        )

    def way_out(self, name: str, spoken: tuple[str, ...]) -> tuple[str, ...]:
        """Whether somebody sends all that he sends by way of the proxy, as a Route."""
        if self.draw.random() < 0.8:
            return ()
        tcp = "UDP" not in spoken or ("TCP" in spoken and self.draw.random() < 0.3)
        return (f"<sip:{HOSTS['home']}{';transport=tcp' if tcp else ''};lr>",)

    def lets_in(self, name: str, realm: str) -> bool:
        """Whether somebody has what a realm asks for."""
        return RIGHT in self.knows[name, realm]

    def address(self, name: str, spoken: tuple[str, ...]) -> str:
        """An address of record of somebody, for one who speaks these transports."""
        draw = self.draw
        host = DOMAIN if draw.randrange(4) else HOSTS["home"]
        tcp = "UDP" not in spoken or (set(TRANSPORTS[self.mode]) & set(spoken) > {"UDP"} and draw.random() < 0.3)
        return f"sip:{name if draw.randrange(4) else SHARED}@{host}{';transport=tcp' if tcp else ''}"

    # ---------------------------------------------------------------- who is there

    def open_registrar(self) -> None:
        """The registrar."""
        draw = self.draw
        registering = Registering(
            (DOMAIN, *HOSTS.values()) if draw.random() < 0.5 else (),
            one_domain=DOMAIN,
            smallest_s=draw.choice((10, 60)),
            longest_s=draw.choice((90, 300)),
            usual_s=draw.choice((60, 3600)),
            bindings_of_address=draw.choice((3, 10)),
            own_only=draw.random() < 0.1,
            by_hand=draw.random() < 0.2,
            alone=draw.random() < 0.5,
        )
        self.registrar = self.net.agent(
            "desk",
            HOSTS["desk"],
            transports=TRANSPORTS[self.mode],
            profile=Profile(identity=f"<sip:{HOSTS['desk']}>", registers=registering),
            policy=Policy(realm=self.realms.get("desk")),
        )
        self.registrar.on(RegistrationRequested, self.asked_to_register)

    def open_proxy(self) -> None:
        """The proxy."""
        draw = self.draw
        self.records = draw.random() < 0.6
        policy = ProxyPolicy(
            domains=[DOMAIN],
            record_routes=self.records,
            serial=draw.random() < 0.3,
            recurses=draw.random() < 0.3,
            max_breadth=draw.choice((1, 2, 60)),
            waits_for_breadth=draw.random() < 0.7,
        )
        route = self.where if draw.random() < 0.6 else None
        self.proxy = self.net.proxy(
            "home", HOSTS["home"], transports=TRANSPORTS[self.mode], route=route, policy=policy, watcher=self.watcher
        )
        self.proxy.on(RouteRequested, lambda event: self.later(event.asked))
        self.lock_proxy()

    def lock_proxy(self) -> None:
        """Who stands at the proxy's door: another one each time that it begins empty."""
        realm = self.realms.get("home")
        if realm is not None:
            ids = Ids(Random(f"{self.net.seed}/guard/{self.proxy.life}"))
            self.guard = Guard(realm, ids, Nonces(realm.nonce_lasts_s, realm.nonces), PROXY)

    def returned(self, name: str, empty: bool) -> None:
        """One of the two is there again."""
        if name == "home":
            if empty:
                self.lock_proxy()
            for asked in self.proxy.endpoint.undecided:
                self.later(asked)

    # ---------------------------------------------------------------- what they decide

    def where(self, request: Request) -> Routed:
        """Where a request for the domain goes."""
        if self.guard is not None:
            refused = self.guard.judge(request, f"{self.net.seed}/{self.guard.realm.name}".encode(), self.net.now)
            if refused is not None:
                challenges = [("Proxy-Authenticate", str(each)) for each in refused.challenges]
                return Refusal(482) if refused.was_forked else Refusal(407, headers=challenges)
        tcp = ";transport=tcp" if self.mode == "tcp" else ""
        if request.method == "REGISTER":
            at_registrar = f"sip:{HOSTS['desk']}{tcp}"
            return [at_registrar] if self.rewrites else [RouteTarget(request.uri, route=(f"<{at_registrar};lr>",))]
        user = request.uri.user
        if user not in {*self.names, SHARED}:
            return None
        if not self.registrar.up:
            return Refusal(self.draw.choice((480, 500)))
        there = self.registrar.endpoint.bindings(f"sip:{user}@{DOMAIN}")
        return [RouteTarget(each.uri, each.q) for each in there]

    def later(self, asked: Any) -> None:
        """Ask for it, which takes its time."""
        life = self.proxy.life

        def decide() -> None:
            if self.proxy.up and self.proxy.life == life:
                routed = self.where(asked.request)
                if routed is None:
                    self.attempt(asked.refuse)
                elif isinstance(routed, Refusal):
                    self.attempt(asked.refuse, routed.status, headers=routed.headers)
                else:
                    self.attempt(asked.forward, *routed)

        self.net.after(self.draw.choice((0.0, 0.05, 0.5, 3.0)), decide)

    def attempt(self, command: Callable[..., Any], *args: Any, **options: Any) -> None:
        """Decide, unless the request is over by now."""
        try:
            self.proxy.do(command, *args, **options)
        except LocalProtocolError:
            return

    def asked_to_register(self, event: RegistrationRequested) -> None:
        """Let it be, mostly; or refuse it, or forget it."""
        way = self.draw.random()
        if way < 0.9:
            answer: Iterable[Any] = (event.asked.accept,)
        elif way < 0.95:
            answer = (event.asked.reject, 403)
        else:
            return
        life = self.registrar.life

        def decide() -> None:
            if self.registrar.up and self.registrar.life == life:
                try:
                    self.registrar.do(*answer)
                except LocalProtocolError:
                    return

        self.net.after(self.draw.choice((0.0, 0.1, 2.0)), decide)
