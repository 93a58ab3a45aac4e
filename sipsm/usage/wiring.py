"""Which machine of a call has a say in what: the grid of each side.

A call is, for its INVITE, one machine of the INVITE's life, and for each dialog one set of: the dialog, the exchange
of offer and answer, the session. The order of the machines is the precedence of refusals: first whether the dialog
exists (481, 500), then the INVITE, then the offer (488 ...), then the session; and the order of outputs.

Room is left here for what else lives in a dialog: reliable provisional responses, UPDATE, session timers.
"""

from __future__ import annotations

from typing import Final

from sipsm.dialog import Dialog
from sipsm.machine import No, To, Wiring
from sipsm.sdp import OfferAnswerUac, OfferAnswerUas
from sipsm.usage.invite_uac import InviteUac
from sipsm.usage.invite_uas import InviteUas
from sipsm.usage.session import SessionUac, SessionUas

_NO_SDP: Final = No("carries no description")
_NOT_ANSWERED: Final = No("no session yet that could be touched")
_AFTER: Final = No("the INVITE has been answered")
_LOCAL: Final = No("concerns neither tags, targets nor numbers")
_EXCHANGE: Final = No("no part of an exchange of descriptions")
_LATE: Final = No("told by the INVITE's life")

_BARE: Final = No("a 2xx to an INVITE without a description is refused by the exchange, 3261 13.3.1.4")

_IN_DIALOG: Final[dict[str, dict[str, To | No]]] = {
    "REQUEST": {
        "dialog": To("REQUEST", "3261 12.2.2"),
        "invite": No("another request"),
        "offer_answer": No("judged by its method afterwards"),
        "session": No("judged by its method afterwards"),
    },
    "RE-INVITE": {
        "dialog": No("judged as a request before"),
        "invite": No("another INVITE"),
        "offer_answer": No("refused by the session"),
        "session": To("INVITE", "3261 14.2"),
    },
    "BYE DONE": {
        "dialog": No("ends with the session"),
        "invite": _AFTER,
        "offer_answer": No("ends with the session"),
        "session": To("BYE DONE", "3261 15.1.1"),
    },
    "PEER LOST": {
        "dialog": No("ends with the session"),
        "invite": _AFTER,
        "offer_answer": No("ends with the session"),
        "session": To("PEER LOST", "3261 12.2.1.2"),
    },
    "ASK": {"dialog": _LOCAL, "invite": _AFTER, "offer_answer": _EXCHANGE, "session": To("ASK", "3261 12.2.1")},
}
"""What is the same on both sides."""

UAS: Final = Wiring(
    "the callee's call",
    {
        "dialog": (Dialog.table,),
        "invite": (InviteUas.table,),
        "offer_answer": (OfferAnswerUas.table,),
        "session": (SessionUas.table,),
    },
    {
        **_IN_DIALOG,
        "INVITE": {
            "dialog": To("INVITE", "3261 12.1.1"),
            "invite": To("INVITE", "3261 13.3.1"),
            "offer_answer": To("INVITE", "6337 2.1"),
            "session": No("begins with the 2xx"),
        },
        "INVITE+SDP": {
            "dialog": To("INVITE", "3261 12.1.1"),
            "invite": To("INVITE", "3261 13.3.1"),
            "offer_answer": To("INVITE+SDP", "6337 2.1"),
            "session": No("begins with the 2xx"),
        },
        # commands
        "PROVISION": {
            "dialog": No("early since the INVITE came"),
            "invite": To("PROVISION", "3261 13.3.1.1"),
            "offer_answer": _NO_SDP,
            "session": _NOT_ANSWERED,
        },
        "PROVISION+SDP": {
            "dialog": No("early since the INVITE came"),
            "invite": To("PROVISION", "3261 13.3.1.1"),
            "offer_answer": To("1XX+SDP", "3261 13.2.1"),
            "session": _NOT_ANSWERED,
        },
        "ACCEPT": {
            "dialog": _BARE,
            "invite": To("ACCEPT", "3261 13.3.1.4"),
            "offer_answer": To("2XX", "3261 13.3.1.4"),
            "session": _BARE,
        },
        "ACCEPT+SDP": {
            "dialog": To("ACCEPT", "3261 12.1.1"),
            "invite": To("ACCEPT", "3261 13.3.1.4"),
            "offer_answer": To("2XX+SDP", "3261 13.3.1.4"),
            "session": To("ACCEPT", "3261 13.3.1.4"),
        },
        "REJECT": {
            "dialog": No("ends with the session"),
            "invite": To("REJECT", "3261 13.3.1.3"),
            "offer_answer": No("ends with the session"),
            "session": To("REJECT", "3261 13.3.1.3"),
        },
        "HANG UP": {
            "dialog": No("ends with the session"),
            "invite": _AFTER,
            "offer_answer": No("ends with the session"),
            "session": To("HANG UP", "3261 15.1.1"),
        },
        # from the network
        "CANCEL": {
            "dialog": No("a CANCEL belongs to the INVITE's transaction"),
            "invite": To("CANCEL", "3261 9.2"),
            "offer_answer": No("ends with the session"),
            "session": To("CANCEL", "3261 9.2"),
        },
        "ACK": {
            "dialog": No("an ACK has the INVITE's number"),
            "invite": To("ACK", "3261 13.3.1.4"),
            "offer_answer": To("ACK", "6337 2.1"),
            "session": To("ACK", "3261 13.3.1.4"),
        },
        "ACK+SDP": {
            "dialog": No("an ACK has the INVITE's number"),
            "invite": To("ACK", "3261 13.3.1.4"),
            "offer_answer": To("ACK+SDP", "6337 2.1"),
            "session": To("ACK", "3261 13.3.1.4"),
        },
        "BYE": {
            "dialog": No("ends with the session"),
            "invite": To("BYE", "3261 15.1.2"),
            "offer_answer": No("ends with the session"),
            "session": To("BYE", "3261 15.1.2"),
        },
        # time
        "Timer 2xx": {
            "dialog": No("a matter of the INVITE"),
            "invite": To("Timer 2xx", "3261 13.3.1.4"),
            "offer_answer": No("a matter of the INVITE"),
            "session": No("a matter of the INVITE"),
        },
        "Timer ACK": {
            "dialog": No("a matter of the INVITE"),
            "invite": To("Timer ACK", "3261 13.3.1.4"),
            "offer_answer": No("a matter of the INVITE"),
            "session": No("told by NO ACK"),
        },
        # caused within
        "NO ACK": {
            "dialog": No("confirmed all the same, 3261 13.3.1.4"),
            "invite": _LATE,
            "offer_answer": No("ends with the session"),
            "session": To("NO ACK", "3261 13.3.1.4"),
        },
        "NO ANSWER": {
            "dialog": _LOCAL,
            "invite": _AFTER,
            "offer_answer": No("it told so"),
            "session": To("NO ANSWER", "3261 14.2"),
        },
        "OVER": {
            "dialog": To("OVER", "3261 12.3"),
            "invite": No("over before the session, or with it"),
            "offer_answer": To("OVER", "3261 15"),
            "session": No("it told so"),
        },
    },
)
"""The callee's call."""


_EARLY_ENDS: Final = No("ends with the session, when ABANDON reaches that")

UAC: Final = Wiring(
    "the caller's call",
    {
        "dialog": (Dialog.table,),
        "invite": (InviteUac.table,),
        "offer_answer": (OfferAnswerUac.table,),
        "session": (SessionUac.table,),
    },
    {
        **_IN_DIALOG,
        # commands
        "INVITE": {
            "dialog": No("made by a response"),
            "invite": To("INVITE", "3261 13.2.1"),
            "offer_answer": To("INVITE", "6337 2.1"),
            "session": _NOT_ANSWERED,
        },
        "INVITE+SDP": {
            "dialog": No("made by a response"),
            "invite": To("INVITE", "3261 13.2.1"),
            "offer_answer": To("INVITE+SDP", "6337 2.1"),
            "session": _NOT_ANSWERED,
        },
        "GIVE UP": {
            "dialog": _EARLY_ENDS,
            "invite": To("CANCEL", "3261 9.1"),
            "offer_answer": _EARLY_ENDS,
            "session": _EARLY_ENDS,
        },
        "ANSWER OFFER": {
            "dialog": _LOCAL,
            "invite": _AFTER,
            "offer_answer": To("ACK", "3261 13.2.2.4"),
            "session": No("refused by the exchange"),
        },
        "ANSWER OFFER+SDP": {
            "dialog": _LOCAL,
            "invite": _AFTER,
            "offer_answer": To("ACK+SDP", "3261 13.2.2.4"),
            "session": To("ACK", "3261 13.2.2.4"),
        },
        "HANG UP": {
            "dialog": No("ends with the session"),
            "invite": No("a CANCEL is another command"),
            "offer_answer": No("ends with the session"),
            "session": To("HANG UP", "3261 15.1.1"),
        },
        # responses to the INVITE
        "100": {
            "dialog": No("100 makes no dialog, 3261 12.1"),
            "invite": To("1XX", "3261 13.2.2.1"),
            "offer_answer": No("100 is of the next hop only"),
            "session": No("100 is of the next hop only"),
        },
        "1XX": {
            "dialog": To("1XX", "3261 12.1.2"),
            "invite": To("1XX", "3261 13.2.2.1"),
            "offer_answer": _NO_SDP,
            "session": To("1XX", "3261 13.2.2.1"),
        },
        "1XX+SDP": {
            "dialog": To("1XX", "3261 12.1.2"),
            "invite": To("1XX", "3261 13.2.2.1"),
            "offer_answer": To("1XX+SDP", "3261 13.2.1"),
            "session": To("1XX", "3261 13.2.2.1"),
        },
        "2XX": {
            "dialog": To("2XX", "3261 12.1.2"),
            "invite": To("2XX", "3261 13.2.2.4"),
            "offer_answer": To("2XX", "3261 13.2.2.4"),
            "session": To("2XX", "3261 13.2.2.4"),
        },
        "2XX+SDP": {
            "dialog": To("2XX", "3261 12.1.2"),
            "invite": To("2XX", "3261 13.2.2.4"),
            "offer_answer": To("2XX+SDP", "3261 13.2.2.4"),
            "session": To("2XX", "3261 13.2.2.4"),
        },
        "3XX-6XX": {
            "dialog": _EARLY_ENDS,
            "invite": To("3XX-6XX", "3261 13.2.2.3"),
            "offer_answer": _EARLY_ENDS,
            "session": _EARLY_ENDS,
        },
        "TIMEOUT": {
            "dialog": _EARLY_ENDS,
            "invite": To("TIMEOUT", "3261 8.1.3.1"),
            "offer_answer": _EARLY_ENDS,
            "session": _EARLY_ENDS,
        },
        "FAILURE": {
            "dialog": _EARLY_ENDS,
            "invite": To("FAILURE", "3261 8.1.3.1"),
            "offer_answer": _EARLY_ENDS,
            "session": _EARLY_ENDS,
        },
        "TRIES AGAIN": {
            "dialog": No("made by a response"),
            "invite": To("TRIES AGAIN", "3263 4.3"),
            "offer_answer": No("the same description goes out again"),
            "session": _NOT_ANSWERED,
        },
        # from the network, in a dialog
        "BYE": {
            "dialog": No("ends with the session"),
            "invite": To("BYE", "3261 15.1.2"),
            "offer_answer": No("ends with the session"),
            "session": To("BYE", "3261 15.1.2"),
        },
        # time
        "Timer cancel": {
            "dialog": _EARLY_ENDS,
            "invite": To("Timer cancel", "3261 9.1"),
            "offer_answer": _EARLY_ENDS,
            "session": _EARLY_ENDS,
        },
        "Timer forks": {
            "dialog": _EARLY_ENDS,
            "invite": To("Timer forks", "3261 13.2.2.4"),
            "offer_answer": _EARLY_ENDS,
            "session": _EARLY_ENDS,
        },
        # caused within
        "ABANDON": {
            "dialog": _EARLY_ENDS,
            "invite": No("it told so"),
            "offer_answer": _EARLY_ENDS,
            "session": To("ABANDON", "3261 13.2.2.4", each=True),
        },
        "OVER": {
            "dialog": To("OVER", "3261 12.3"),
            "invite": No("other branches may still answer"),
            "offer_answer": To("OVER", "3261 15"),
            "session": No("it told so"),
        },
    },
)
"""The caller's call, with a set of dialog, offer/answer and session for each branch of a fork."""
