"""The way of one request of ours through the challenges of those who ask who we are.

RFC 3261 22.1 to 22.3, RFC 8760 2.4. What answers them is found by `sipsm.auth.keyring`; here is how often.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define, frozen

from sipsm.auth.keyring import Answers
from sipsm.auth.space import Space
from sipsm.machine import Ignore, Machine, Row, Step, Table, always
from sipsm.message import Request

MOST_TRIES: Final = 6
"""How often one request is sent with other credentials: each proxy on its way may ask, and find a nonce stale."""

SENT: Final = "Sent"
TRIED: Final = "Tried"
OVER: Final = "Over"

CHALLENGE: Final = "challenge"
FINAL: Final = "final"


@frozen
class SendAgain:
    """To whom it belongs: the request goes out once more, with credentials of all these."""

    spaces: tuple[Space, ...]


@define(eq=False)
class Authentication(Machine):
    """One request of ours, from when it goes out until its final response."""

    table: ClassVar[Table]
    user: Any
    """Whom the request concerns; nothing to this machine."""
    request: Request | None
    """As it was sent last; None when it is over."""
    ahead: tuple[Space, ...] = ()
    """The sessions whose credentials were sent with it unasked."""
    answered: tuple[Space, ...] = ()
    """Those that answer a challenge to this request."""
    tries: int = 0


def is_worn_out(authentication: Authentication, _answers: Answers, _at: Any) -> bool:
    """It has been sent so often that there is no end to be seen."""
    return authentication.tries >= MOST_TRIES


def finds_credentials(_: Authentication, answers: Answers, _at: Any) -> bool:
    """There is something to be tried that was not tried before, or whose nonce was stale."""
    return bool(answers.new)


def answer(authentication: Authentication, answers: Answers, step: Step) -> None:
    """Send it with what was asked for now, and with what has let it pass so far."""
    authentication.tries += 1
    authentication.ahead = tuple(space for space in authentication.ahead if space in answers.kept)
    before = tuple(space for space in authentication.answered if space in answers.kept)
    authentication.answered = (*before, *answers.new)
    step.emit(SendAgain((*authentication.ahead, *authentication.answered)))


def forget_request(authentication: Authentication, _x: Any, _step: Step) -> None:
    """It is not sent again."""
    authentication.request = None


# fmt: off
Authentication.table = Table(
    "authentication of a request",
    rfc="3261 22",
    initial=SENT,
    rows=(
        #   state          input      guard              next   actions            RFC
        # "When the originating UAC receives the 401 (Unauthorized), it SHOULD, if it is able, re-originate the request
        # with the proper credentials."
        Row(SENT,          CHALLENGE, finds_credentials, TRIED, (answer,),         "3261 22.2"),
        # "In this instance a server may repeat its challenge, or it may respond with a 403 Forbidden."
        Row(TRIED,         CHALLENGE, is_worn_out,       OVER,  (forget_request,), "3261 22.1"),
        Row(TRIED,         CHALLENGE, finds_credentials, TRIED, (answer,),         "3261 22.3"),
        # "If the UAC cannot respond to any of the challenges in the response, then it SHOULD abandon attempts to send
        # the request unless a local policy dictates otherwise"
        Row({SENT, TRIED}, CHALLENGE, always,            OVER,  (forget_request,), "8760 2.4"),
        Row({SENT, TRIED}, FINAL,     always,            OVER,  (forget_request,), "3261 22.2"),
    ),
    ignored=(
        Ignore(OVER, CHALLENGE, "the final response has come"),
        Ignore(OVER, FINAL, "another branch answers, or the 2xx comes again"),
    ),
)
# fmt: on
