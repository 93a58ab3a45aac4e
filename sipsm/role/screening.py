"""What a user agent server checks in a request before anything else, in this order.

RFC 3261 8.2.1 to 8.2.3, and what 8.1.1.8 and 12.2.2 ask of the sender. One list: the first check that strikes
answers the request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from operator import attrgetter
from typing import Final

from attrs import field, frozen

from sipsm.auth.account import Account
from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar import Uri, is_token
from sipsm.grammar.text_value import built
from sipsm.grammar.tokens import refuse_line_ends
from sipsm.ids import MAGIC_COOKIE
from sipsm.message import KNOWN_METHODS, Request
from sipsm.message.bodies import read_body
from sipsm.message.headers import ACCEPT, CONTACT, CONTENT_LANGUAGE, EVENT, SESSION_EXPIRES, WarningValue
from sipsm.message.headers.content import in_range, is_language
from sipsm.packages.package import PACKAGES, EventPackage, package_named
from sipsm.role.checking import address_of_somebody
from sipsm.sdp import SessionDescription, Timing, as_bytes
from sipsm.standalone.composing import Composing
from sipsm.standalone.registering import Registering
from sipsm.transport.locate import hop_to
from sipsm.usage.session_timer import SMALLEST_S, says

ALLOW: Final = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "PRACK", "UPDATE", "INFO", "MESSAGE", "NOTIFY")
"""The methods that are served always."""

OPTIONAL: Final = ("SUBSCRIBE", "REFER", "PUBLISH", "REGISTER")
"""The methods that are served where the profile says so."""

EXTENSIONS: Final = ("100rel", "timer", "replaces", "join", "199")
"""The option tags of what is built in (RFC 3262, 4028, 3891, 3911, 6228)."""

DESCRIBE: Final = frozenset({"INVITE", "UPDATE"})
"""The methods in whose bodies a session is described, and which may be refused for that."""
WHERE_REFERRED: Final = ("norefersub", "nosub", "explicitsub", "tdialog")
"""Those of what is built in for REFER, where that is served (RFC 4488, 7614, 4538)."""

HeaderLine = tuple[str, str]
_Types = tuple[tuple[str, tuple[str, ...]], ...]


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(values)


def _types_by_name(types: Mapping[str, Iterable[str]] | Iterable[tuple[str, Iterable[str]]]) -> _Types:
    pairs = types.items() if isinstance(types, Mapping) else types
    return tuple((name, tuple(each.lower() for each in kinds)) for name, kinds in pairs)


def _all_types(_: object, _field: object, types: _Types) -> None:
    for kind in (kind for _, kinds in types for kind in kinds):
        if "/" not in kind:
            raise LocalProtocolError(f"{kind!r} is no type of body", rfc="3261 20.15")
        refuse_line_ends(kind)


def _packages(given: Iterable[EventPackage]) -> tuple[EventPackage, ...]:
    return tuple(given)


def _composing(given: Composing | Iterable[str | EventPackage]) -> Composing:
    return given if isinstance(given, Composing) else Composing(given)


def _accounts(given: Iterable[Account | tuple[str, ...]]) -> tuple[Account, ...]:
    return tuple(each if isinstance(each, Account) else Account(*each) for each in given)


def _registering(given: Registering | Iterable[str] | None) -> Registering | None:
    return given if given is None or isinstance(given, Registering) else Registering(given)


def _somebody(_: object, _field: object, value: str | None) -> None:
    if value is not None:
        address_of_somebody(value)


def _writable(_: object, _field: object, value: str | None) -> None:
    if value is not None:
        refuse_line_ends(value)


def _a_gruu(_: object, _field: object, value: str | None) -> None:
    if value is not None:
        uri = built(Uri.parse, value)
        if uri.scheme not in {"sip", "sips"} or "gr" not in uri.params:
            raise LocalProtocolError(f"{value!r} is no GRUU: it has no gr parameter", rfc="5627 3.1")


def _all_writable(_: object, _field: object, values: tuple[str, ...]) -> None:
    for value in values:
        refuse_line_ends(value)


def _all_tokens(_: object, _field: object, values: tuple[str, ...]) -> None:
    for value in values:
        if not is_token(value):
            raise LocalProtocolError(f"{value!r} is no option tag", rfc="3261 20.37")


def _all_packages(_: object, _field: object, packages: tuple[EventPackage, ...]) -> None:
    for each in packages:
        if not isinstance(each, EventPackage):
            raise LocalProtocolError(f"{each!r} is no EventPackage", rfc="6665 5.4")


def _all_languages(_: object, _field: object, values: tuple[str, ...]) -> None:
    for value in values:
        if not is_language(value):
            raise LocalProtocolError(f"{value!r} is no language", rfc="3261 20.13")


def _all_routes(_: object, _field: object, values: tuple[str, ...]) -> None:
    for value in values:
        hop_to(address_of_somebody(value).uri)


def _indicates(_: object, _field: object, sdp: bytes) -> None:
    # "It MUST be a valid SDP, except that it MAY omit both "e=" and "p=" lines. The "t=" line MUST be equal to "0 0"."
    # And: "The port MUST be set to zero, but the connection address is arbitrary." (RFC 3264 9)
    if not sdp:
        return
    try:
        described = SessionDescription.parse(sdp)
    except RemoteProtocolError as error:
        raise LocalProtocolError(f"it describes no media: {error.what}", rfc=error.rfc) from None
    if described.times != (Timing(),) or any(stream.port for stream in described.media):
        raise LocalProtocolError("what media are spoken is said with t=0 0 and streams at port 0", rfc="3264 9")


def _an_interval(_: object, _field: object, seconds: int) -> None:
    if seconds < SMALLEST_S:
        raise LocalProtocolError(f"no session interval is shorter than {SMALLEST_S} s", rfc="4028 5")


@frozen
class Profile:
    """What a user agent says of itself, and what it understands. Raises `LocalProtocolError` for what it cannot be."""

    identity: str | None = field(default=None, validator=_somebody)
    """The own address as in From, such as `"Alice <sip:alice@atlanta.com>"`. Default: `sip:sipsm@` and the own host."""
    gruu: str | None = field(default=None, validator=_a_gruu)
    """The globally routable URI that a registrar has given this user agent, such as `sip:bob@example.com;gr=1`: the
    Contact of all that needs one is this, and not the own address (RFC 5627, RFC 6665 4.5.1)."""
    user_agent: str | None = field(default=None, validator=_writable)
    """The User-Agent of requests and the Server of responses; none by default."""
    accept: tuple[str, ...] = field(default=("application/sdp",), converter=_texts, validator=_all_writable)
    """The types of body that an INVITE may have."""
    message_types: tuple[str, ...] = field(default=("text/plain",), converter=_texts, validator=_all_writable)
    """The types of body that a MESSAGE may have; one of another type gets 415 (RFC 3428 7)."""
    languages: tuple[str, ...] = field(default=(), converter=_texts, validator=_all_languages)
    """The languages of bodies that are understood, such as `en`, which `en-GB` is too; a request whose body says that
    it is in others gets 415 (RFC 3261 8.2.3). Without one, all are."""
    media: bytes = field(default=b"", converter=as_bytes, validator=_indicates)
    """A session description of the media that are spoken, with each stream at port 0 (RFC 3264 9): who asks by OPTIONS
    is told it. Given as bytes or as `sipsm.sdp.SessionDescription`."""
    supported: tuple[str, ...] = field(default=(), converter=_texts, validator=_all_tokens)
    """Option tags of extensions that the application itself provides."""
    info_packages: tuple[str, ...] = field(default=(), converter=_texts, validator=_all_tokens)
    """The INFO packages that are taken in calls; INFO for others gets 469 (RFC 6086 4.2.2)."""
    info_types: tuple[tuple[str, tuple[str, ...]], ...] = field(
        default=(), converter=_types_by_name, validator=_all_types
    )
    """The types of body that a package has, given as `{"package": ("text/plain",)}`; INFO with others gets 415 (RFC
    6086 4.2.2). A package that is not named here takes any."""
    event_packages: tuple[str, ...] = field(default=(), converter=_texts, validator=_all_tokens)
    """The event packages that others may subscribe to here, such as `presence`, or `presence.winfo`; without one,
    SUBSCRIBE is not served (RFC 6665 4.4.4)."""
    known_packages: tuple[EventPackage, ...] = field(default=(), converter=_packages, validator=_all_packages)
    """What is known of event packages beside what sipsm knows, or in place of that: for subscriptions of either side.
    Who is to be subscribed to has their names in `event_packages` as well."""
    composes: Composing = field(default=Composing(()), converter=_composing)
    """What others may publish here, as a `Composing` or, with its defaults, as names of event packages; without one,
    PUBLISH is not served (RFC 3903 6)."""
    registers: Registering | None = field(default=None, converter=_registering)
    """Whose addresses others may register here, as a `Registering` or, with its defaults, as names of domains, none of
    them for all; with None, REGISTER is not served (RFC 3261 10.3)."""
    takes_referrals: bool = False
    """Whether others may ask to contact somebody, told by `ReferReceived`; else REFER is not served (RFC 3515 2.4)."""
    smallest_interval_s: int = field(default=SMALLEST_S, validator=_an_interval)
    """The smallest session interval, in seconds, at least 90; a request that asks for less gets 422 (RFC 4028 9)."""
    accounts: tuple[Account, ...] = field(default=(), converter=_accounts)
    """Names and passwords with which challenges are answered, in each of our requests (RFC 3261 22); of several for a
    realm, the first, and when it is refused the next. Given as `Account`, or as `("alice", "secret")`."""
    route: tuple[str, ...] = field(default=(), converter=_texts, validator=_all_routes)
    """Route values put on requests outside a dialog: an outbound proxy is `("<sip:192.0.2.1;lr>",)`."""

    def package(self, name: str) -> EventPackage:
        """What is known of the event package of this name; of one that is not known, nothing but its name."""
        return next((each for each in self.known_packages if each.name == name), None) or package_named(name)

    def knows(self, package: str) -> bool:
        """Whether anything is known of an event package."""
        known = (PACKAGES, self.event_packages, {each.name for each in self.known_packages})
        return any(package in each for each in known)


@frozen
class Check:
    """One check: when `strikes(profile, request)`, the answer is `status` with `headers(profile, request)`.

    `methods` are those that it is about, None those that nobody knows; `of` is the header that it is about: where there
    is none of that name, it cannot strike.
    """

    strikes: Callable[[Profile, Request], bool]
    methods: frozenset[str] | None
    status: int
    headers: Callable[[Profile, Request], list[HeaderLine]]
    of: str | None
    rfc: str


def supported(profile: Profile) -> tuple[str, ...]:
    """The option tags that are understood: what is built in, and what the application provides."""
    of_refer = WHERE_REFERRED if profile.takes_referrals else ()
    return tuple(dict.fromkeys((*EXTENSIONS, *of_refer, *profile.supported)))


def served(profile: Profile) -> tuple[str, ...]:
    """The methods that are served."""
    if registers_only(profile):
        return ("REGISTER",)
    return (*ALLOW, *(method for method in OPTIONAL if not is_not_served(profile, method)))


# -------------------------------------------------------------------- conditions


def is_not_served(profile: Profile, method: str) -> bool:
    """The profile has nothing that the method is for."""
    return not _SETTING_OF[method](profile)


def registers_only(profile: Profile, _request: Request | None = None) -> bool:
    """It is a registrar and nothing else, which "accepts only REGISTER requests" (RFC 3261 10.3)."""
    return profile.registers is not None and profile.registers.alone


def not_served(profile: Profile, request: Request) -> bool:
    """The same, of a request."""
    return is_not_served(profile, request.method)


def strange_event(profile: Profile, request: Request) -> bool:
    """A SUBSCRIBE to an event package that is not served, or to none."""
    # "There MUST be exactly one event type listed per "Event" header field. Multiple events per message are
    # disallowed." (RFC 6665 8.2.1)
    event = request[EVENT]
    if event is not None and event.value == "refer":
        # It may be for what a REFER is told of (RFC 7614 4.5); else it gets 403 (RFC 3515 2.4.4).
        return not profile.takes_referrals
    return event is None or event.value not in profile.event_packages


def any_request(_: Profile, _request: Request) -> bool:
    """The method says it all."""
    return True


def strange_scheme(_: Profile, request: Request) -> bool:
    """The Request-URI is of a scheme that is not understood."""
    return request.scheme not in {"sip", "sips"}


def required(request: Request) -> tuple[str, ...]:
    """The option tags that the request insists on."""
    # "Note that Require and Proxy-Require MUST NOT be used in a SIP CANCEL request, or in an ACK request sent for a
    # non-2xx response. These header fields MUST be ignored if they are present in these requests." (RFC 3261 8.2.2.3)
    return () if request.method in {"CANCEL", "ACK"} else request.header_values("Require")


def unsupported(profile: Profile, request: Request) -> list[str]:
    """Those of them that are not understood; option tags are compared without regard to case (RFC 3261 7.3.1)."""
    known = {tag.lower() for tag in supported(profile)}
    return [tag for tag in required(request) if tag.lower() not in known]


def requires_unsupported(profile: Profile, request: Request) -> bool:
    """It insists on an extension that is not understood."""
    return bool(unsupported(profile, request))


def lacks_contact(_: Profile, request: Request) -> bool:
    """An INVITE without the one Contact that it must have; a client of RFC 2543 may leave it out."""
    contacts = request[CONTACT]
    if len(contacts) == 1:
        return contacts[0].is_star
    return bool(contacts) or (request.branch or "").startswith(MAGIC_COOKIE)


def wants_no_answer(profile: Profile, request: Request) -> bool:
    """An INVITE whose sender takes none of the bodies in which the session could be described to it."""
    # "if no Accept header field is present, the server SHOULD assume a default value of application/sdp." (20.1)
    wanted = request[ACCEPT]
    return not any(each.q > 0 and each.covers(kind) for each in wanted for kind in profile.accept)


def optional_body(request: Request) -> bool:
    """The sender does not insist that the body is understood (RFC 3261 20.11)."""
    disposition = request.header("Content-Disposition") or ""
    return any(part.strip().lower().replace(" ", "") == "handling=optional" for part in disposition.split(";")[1:])


def strange_encoding(_: Profile, request: Request) -> bool:
    """The body is encoded."""
    encodings = [value.lower() for value in request.header_values("Content-Encoding")]
    return bool(request.body) and encodings not in ([], ["identity"]) and not optional_body(request)


def strange_language(profile: Profile, request: Request) -> bool:
    """The body says in which languages it is, and none of them is understood."""
    if not profile.languages or not request.body or optional_body(request):
        return False
    spoken = request[CONTENT_LANGUAGE]
    return bool(spoken) and not any(in_range(each, known) for known in profile.languages for each in spoken)


def strange_type(profile: Profile, request: Request) -> bool:
    """The body in which a session would be described is of a type that is not understood, or a part of it is."""
    kind = request.content_type
    if kind in profile.accept:
        return False
    if kind is None or not kind.startswith("multipart/"):
        return bool(request.body) and not optional_body(request)
    # "If a UAS cannot process a request because, in the given context, the UAS does not support the content type or the
    # disposition type of a body part whose handling is required, the UAS SHOULD return a 415 (Unsupported Media Type)
    # response" (RFC 5621 8.4)
    try:
        return bool(read_body(request, profile.accept).unsupported)
    except RemoteProtocolError:
        return not optional_body(request)


def strange_message(profile: Profile, request: Request) -> bool:
    """An instant message of a type that is not understood."""
    return bool(request.body) and request.content_type not in profile.message_types


def too_short_an_interval(profile: Profile, request: Request) -> bool:
    """It asks for a session interval that is too small, and its sender knows session timers."""
    asked = request[SESSION_EXPIRES]
    return asked is not None and asked.interval_s < profile.smallest_interval_s and says(request, "timer")


# -------------------------------------------------------------------- headers of the answers


def message_types(profile: Profile, _request: Request) -> list[HeaderLine]:
    """What a MESSAGE may have been."""
    return [("Accept", ", ".join(profile.message_types))]


def smallest_interval(profile: Profile, _request: Request) -> list[HeaderLine]:
    """What it could ask for (RFC 4028 9)."""
    return [("Min-SE", str(profile.smallest_interval_s))]


def allow(profile: Profile, _request: Request | None = None) -> list[HeaderLine]:
    """The methods that are served."""
    return [("Allow", ", ".join(served(profile)))]


def allow_events(profile: Profile, _request: Request | None = None) -> list[HeaderLine]:
    """The event packages that can be subscribed to (RFC 6665 4.4.4)."""
    # "The "Allow-Events" header field does not include a list of the event template-packages supported by an
    # implementation." (RFC 6665 4.4.4)
    packages = [name for name in profile.event_packages if "." not in name]
    packages += ["refer"] if profile.takes_referrals else []
    # "Also, it SHOULD list the supported event packages in an Allow-Events header field." (RFC 3903 7)
    packages += [name for name, _ in profile.composes.packages if "." not in name and name not in packages]
    return [("Allow-Events", ", ".join(packages))] if packages else []


def accept(profile: Profile, request: Request | None = None) -> list[HeaderLine]:
    """The bodies that are understood (RFC 3261 8.2.3): in a call, or in such a request."""
    kinds = profile.message_types if request is not None and request.method == "MESSAGE" else profile.accept
    languages = ", ".join(profile.languages) or "*"
    return [("Accept", ", ".join(kinds)), ("Accept-Encoding", "identity"), ("Accept-Language", languages)]


def which_unsupported(profile: Profile, request: Request) -> list[HeaderLine]:
    """What was not understood."""
    return [("Unsupported", ", ".join(unsupported(profile, request)))]


def why_not(profile: Profile, _request: Request) -> list[HeaderLine]:
    """What the sender would have to take."""
    # "399 Miscellaneous warning" (RFC 3261 20.43), as RFC 4475 3.3.15 has it.
    return [("Warning", str(WarningValue.build(399, "sipsm", f"what is spoken here is {', '.join(profile.accept)}")))]


def none(_: Profile, _request: Request) -> list[HeaderLine]:
    """Nothing more."""
    return []


ALL: Final = frozenset(KNOWN_METHODS)
SERVED: Final = frozenset((*ALLOW, *OPTIONAL))
OF_OTHERS: Final = SERVED - {"REGISTER", "CANCEL"}
"""What a registrar does not accept; a CANCEL is answered whatever it is for (RFC 3261 9.2)."""
INVITES: Final = frozenset({"INVITE"})

# fmt: off
CHECKS: Final = (
    #     strikes                methods                 status  headers            of                  RFC
    Check(any_request,           None,                   501,    allow,             None,               "3261 21.5.2"),
    Check(any_request,           ALL - SERVED,           405,    allow,             None,               "3261 8.2.1"),
    Check(not_served,            frozenset(OPTIONAL),    405,    allow,             None,               "3261 8.2.1"),
    # "A registrar aware of the definition of REFER SHOULD return a 405 response." (RFC 3515 2.5)
    Check(registers_only,        OF_OTHERS,              405,    allow,             None,               "3261 10.3"),
    Check(strange_scheme,        SERVED,                 416,    none,              None,               "3261 8.2.2.1"),
    Check(requires_unsupported,  SERVED,                 420,    which_unsupported, "require",          "3261 8.2.2.3"),
    Check(strange_encoding,      SERVED,                 415,    accept,            "content-encoding", "3261 8.2.3"),
    Check(strange_language,      SERVED,                 415,    accept,            "content-language", "3261 8.2.3"),
    Check(strange_event,         frozenset({"SUBSCRIBE"}), 489,  allow_events,      None,               "6665 4.2.1.1"),
    Check(strange_type,          DESCRIBE,               415,    accept,            None,               "3261 8.2.3"),
    Check(strange_message,       frozenset({"MESSAGE"}), 415,    message_types,     None,               "3428 7"),
    Check(wants_no_answer,       INVITES,                406,    why_not,           "accept",           "3261 21.4.7"),
    Check(lacks_contact,         INVITES,                400,    none,              None,               "3261 8.1.1.8"),
    # "If more than one Replaces header field is present in an INVITE, or if a Replaces header field is present in a
    # request other than INVITE, the UAS MUST reject the request with a 400 Bad Request response." (RFC 3891 3; the same
    # of Join, RFC 3911 4)  A second one is found before: there can be one only.
    Check(any_request,           SERVED - INVITES,       400,    none,              "replaces",         "3891 3"),
    Check(any_request,           SERVED - INVITES,       400,    none,              "join",             "3911 4"),
    Check(too_short_an_interval, INVITES | {"UPDATE"},   422,    smallest_interval, "session-expires",  "4028 9"),
)
# fmt: on
_SETTING_OF: Final[dict[str, Callable[[Profile], object]]] = {
    "SUBSCRIBE": lambda profile: profile.event_packages or profile.takes_referrals,
    "REFER": attrgetter("takes_referrals"),
    "PUBLISH": attrgetter("composes.packages"),
    "REGISTER": lambda profile: profile.registers is not None,
}
_OF: Final = frozenset(each.of for each in CHECKS if each.of is not None)


@cache
def _that_may_strike(method: str | None, there: frozenset[str], is_registrar: bool) -> tuple[Check, ...]:
    """The checks for a method, or None where nobody knows it, and these of the headers that `CHECKS` name."""
    # Who is no registrar need not be asked with each request whether he is nothing else.
    of_method = (each for each in CHECKS if method in (each.methods if each.methods is not None else (None,)))
    may_strike = tuple(each for each in of_method if each.of is None or each.of in there)
    return may_strike if is_registrar else tuple(each for each in may_strike if each.strikes is not registers_only)


_METHODS: Final = (*sorted(ALL), None)
_NOTHING: Final[frozenset[str]] = frozenset()
_USUAL: Final = {method: _that_may_strike(method, _NOTHING, False) for method in _METHODS}
_USUAL_OF_REGISTRARS: Final = {method: _that_may_strike(method, _NOTHING, True) for method in _METHODS}
"""By method, the checks of a request that has none of these headers."""


def screen(profile: Profile, request: Request, method: str) -> tuple[Check, list[HeaderLine]] | None:
    """The first check that strikes, with the headers of its answer; None when the request may go on."""
    known = method if method in ALL else None
    if request.has_any(_OF):
        checks = _that_may_strike(known, _OF.intersection(request.names), profile.registers is not None)
    elif profile.registers is None:
        checks = _USUAL[known]
    else:
        checks = _USUAL_OF_REGISTRARS[known]
    for check in checks:
        strikes = check.strikes
        if strikes(profile, request):
            return check, check.headers(profile, request)
    return None
