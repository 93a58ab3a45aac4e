"""A server that asks who we are, written by hand: it computes the digests by itself."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from sipsm import Profile, Request, Response
from sipsm.message.headers import AUTHORIZATION, PROXY_AUTHORIZATION, Challenge, Credentials
from tests.endpoint.by_hand import Bench

ACCOUNTS = [("alice", "secret")]
HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}


def www(nonce: str = "84a4", realm: str = "biloxi.com", more: str = ', qop="auth"', algorithm: str = "MD5") -> str:
    """The line of a challenge of a server."""
    return f'WWW-Authenticate: Digest realm="{realm}", nonce="{nonce}", algorithm={algorithm}{more}'


def proxy(*args: str, **parts: str) -> str:
    """The line of a challenge of a proxy."""
    return www(*args, **parts).replace("WWW", "Proxy", 1)


def credentials(request: Request) -> tuple[Credentials, ...]:
    """Those of a request, for servers and then for proxies."""
    return (*request[AUTHORIZATION], *request[PROXY_AUTHORIZATION])


def proof(
    credentials: Credentials, method: str, body: bytes = b"", password: str = "secret", key_cnonce: str | None = None
) -> str:
    """What the response must be, from what the credentials say of themselves."""

    def h(data: str | bytes) -> str:
        return hashlib.new(name, data.encode() if isinstance(data, str) else data).hexdigest()

    name = HASHES[credentials.algorithm.removesuffix("-sess")]
    params: Mapping[str, str] = credentials.params
    key = h(f"{params['username']}:{params['realm']}:{password}")
    if credentials.algorithm.endswith("-sess"):
        key = h(f"{key}:{params['nonce']}:{key_cnonce or params['cnonce']}")
    qop = params.get("qop")
    last = h(f"{method}:{params['uri']}" + (f":{h(body)}" if qop == "auth-int" else ""))
    middle = params["nonce"] if qop is None else ":".join([*map(params.__getitem__, ("nonce", "nc", "cnonce")), qop])
    return h(f"{key}:{middle}:{last}")


def is_good(request: Request, password: str = "secret") -> bool:
    """Whether there are credentials, and all are right."""
    found = credentials(request)
    return bool(found) and all(
        each.response == proof(each, request.method, request.body, password) and each.uri == str(request.uri)
        for each in found
    )


def line(
    challenge: Challenge,
    method: str = "OPTIONS",
    *,
    user: str = "alice",
    password: str = "secret",
    nc: int = 1,
    body: bytes = b"",
    without: tuple[str, ...] = (),
    key_cnonce: str | None = None,
    **other: str,
) -> str:
    """An Authorization that answers a challenge, with other parameters, or without some."""
    said = {
        "username": user,
        "realm": challenge.realm or "",
        "nonce": challenge.nonce or "",
        "uri": "sip:bob@192.0.2.1:5060",
        "cnonce": "0a4f113b",
        "nc": f"{nc:08x}",
        "qop": "auth",
        "algorithm": challenge.algorithm,
        **other,
    }
    said = {name: value for name, value in said.items() if name not in without}
    text = "Digest " + ", ".join(f'{name}="{value}"' for name, value in said.items())
    if "response" not in said and not {"username", "realm", "uri"} - set(said):
        text += f', response="{proof(Credentials.parse(text), method, body, password, key_cnonce)}"'
    return f"Authorization: {text}"


class Challenged(Bench):
    """The endpoint has an account, and its servers say what the test wants."""

    def __init__(self, **settings: Any) -> None:
        profile = settings.pop("profile", None) or Profile(accounts=settings.pop("accounts", ACCOUNTS))
        super().__init__(profile=profile, **settings)

    def say(self, status: int, *headers: str, to: Request | None = None, **parts: Any) -> None:
        """The last request is answered so."""
        self.receive(self.response(to or self.last_request, status, headers=headers, **parts))

    @property
    def requests(self) -> list[Request]:
        """The requests sent so far, without those that were sent again, and without ACKs."""
        found: dict[tuple[str | None, str], Request] = {}
        for message in self.sent:
            if isinstance(message, Request) and message.method != "ACK":
                found.setdefault((message.branch, message.method), message)
        return list(found.values())

    def asked(self, method: str = "OPTIONS", target: str = "sip:bob@192.0.2.2:5060", **parts: Any) -> Request:
        """A request of ours goes out."""
        self.take(self.endpoint.request(method, target, now=self.now, **parts)[1])
        return self.requests[-1]


def responses(bench: Bench) -> list[Response]:
    """The responses sent so far."""
    return [message for message in bench.sent if isinstance(message, Response)]
