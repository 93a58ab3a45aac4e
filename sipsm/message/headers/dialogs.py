"""Other dialogs that a request speaks of: one to replace, to join, to be trusted for, or calls to be answered by it.

RFC 3891 6.1, RFC 3911 7.1, RFC 4538 7 and RFC 3261 20.21. Not here: finding the dialog, and what becomes of it.
"""

from __future__ import annotations

import re
from typing import Self

from sipsm.errors import RemoteProtocolError
from sipsm.grammar.params import Params, pairs_of
from sipsm.message.headers.core import call_id
from sipsm.message.headers.field import Listed, Single
from sipsm.message.headers.with_params import WithParams

# callid = word [ "@" word ]
# Wider, for a dialog must be named whatever its Call-ID: all but white space and what ends it.
_CALL_ID = r"[^;\x00-\x20\x7f]++"


class _NamesDialog(WithParams):
    """What all three have in common: the Call-ID comes first."""

    __slots__ = ()

    pattern = _CALL_ID
    case_matters = True

    @property
    def call_id(self) -> str:
        """The Call-ID of the dialog."""
        return self._value


class _TakesDialog(_NamesDialog):
    """What Replaces and Join have in common: they must name a dialog whole."""

    __slots__ = ()

    # to-tag = "to-tag" EQUAL token, from-tag = "from-tag" EQUAL token
    def _check(self) -> None:
        params = self.params
        if not (params.get("to-tag") and params.get("from-tag")):
            # "A Replaces header field MUST contain exactly one to-tag and exactly one from-tag, as they are required
            # for unique dialog matching." (RFC 3891 6.1)  RFC 3911 7.1 says the same of Join.
            raise RemoteProtocolError(f"no to-tag, or no from-tag, in a {self.what}", rfc=self.rfc)

    @property
    def to_tag(self) -> str:
        """The tag of the end that receives this header; "0" where that end has none (RFC 3891 3, 6.1)."""
        return self.params["to-tag"] or ""

    @property
    def from_tag(self) -> str:
        """The tag of the other end; "0" where that end has none (RFC 3891 3, 6.1)."""
        return self.params["from-tag"] or ""

    def matches(self, call_id: str, local_tag: str | None, remote_tag: str | None) -> bool:
        """Whether this is a receiver's dialog of that Call-ID and these tags, None for no tag (RFC 3891 3, 3911 4)."""
        # "the to-tag parameter is compared to the local tag, and the from-tag parameter is compared to the remote tag."
        # (RFC 3891 3)  "a tag of zero matches both tags of zero and null." (RFC 3891 6.1)
        return self.call_id == call_id and self.to_tag == (local_tag or "0") and self.from_tag == (remote_tag or "0")


class Replaces(_TakesDialog):
    """The dialog that a new one is to take the place of (RFC 3891 6.1)."""

    __slots__ = ()

    # Replaces = "Replaces" HCOLON callid *(SEMI replaces-param)
    # replaces-param = to-tag / from-tag / early-flag / generic-param
    what = "Replaces"
    rfc = "3891 6.1"

    @classmethod
    def build(  # type: ignore[override]  # a dialog is not named without its tags
        cls,
        call_id: str,
        *,
        to_tag: str | None,
        from_tag: str | None,
        early_only: bool = False,
        params: Params = (),
    ) -> Self:
        """A Replaces of a dialog's parts as the one who receives it sees them: its own end's tag is `to_tag`.

        None is for an end without a tag, of RFC 2543. Raises LocalProtocolError for what cannot be written.
        """
        # early-flag = "early-only"
        more = [("early-only", None), *pairs_of(params)] if early_only else params
        return cls._of(call_id, more, to_tag=to_tag or "0", from_tag=from_tag or "0")

    @property
    def early_only(self) -> bool:
        """True when the dialog is to be replaced only as long as it is early (RFC 3891 3)."""
        return "early-only" in self.params


class Join(_TakesDialog):
    """The dialog that a new one is to be joined with (RFC 3911 7.1)."""

    __slots__ = ()

    # Join = "Join" HCOLON callid *(SEMI join-param)
    # join-param = to-tag / from-tag / generic-param
    what = "Join"
    rfc = "3911 7.1"

    @classmethod
    def build(  # type: ignore[override]  # a dialog is not named without its tags
        cls, call_id: str, *, to_tag: str | None, from_tag: str | None, params: Params = ()
    ) -> Self:
        """A Join of a dialog's parts as the one who receives it sees them: its own end's tag is `to_tag`.

        None is for an end without a tag, of RFC 2543. Raises LocalProtocolError for what cannot be written.
        """
        return cls._of(call_id, params, to_tag=to_tag or "0", from_tag=from_tag or "0")


class TargetDialog(_NamesDialog):
    """The dialog that shows why a request outside of it may be allowed (RFC 4538 7)."""

    __slots__ = ()

    # Target-Dialog = "Target-Dialog" HCOLON callid *(SEMI td-param)
    # td-param = remote-param / local-param / generic-param
    what = "Target-Dialog"
    rfc = "4538 7"

    @classmethod
    def build(  # type: ignore[override]  # a dialog is not named without its tags
        cls, call_id: str, *, local_tag: str, remote_tag: str, params: Params = ()
    ) -> Self:
        """A Target-Dialog of a dialog's parts as the one who receives it sees them (RFC 4538 3).

        Raises LocalProtocolError for what cannot be written.
        """
        return cls._of(call_id, params, local_tag=local_tag, remote_tag=remote_tag)

    @property
    def local_tag(self) -> str | None:
        """The tag of the end that receives this header, or None when it is not named."""
        return self.params.get("local-tag")

    @property
    def remote_tag(self) -> str | None:
        """The tag of the other end, or None when it is not named."""
        return self.params.get("remote-tag")

    def matches(self, call_id: str, local_tag: str, remote_tag: str) -> bool:
        """Whether this is a receiver's dialog of that Call-ID and these tags (RFC 4538 4)."""
        # "If the dialog identifiers don't match, or if they don't contain both a "remote-tag" and "local-tag"
        # parameter, the header field MUST be ignored" (RFC 4538 4).  So it is no error that a tag is missing.
        return (self.call_id, self.local_tag, self.remote_tag) == (call_id, local_tag, remote_tag)


# callid *(COMMA callid)
# Wider, as the Call-ID itself is: by all that is neither white space nor a comma. Quotes and angle brackets may be in
# it, which do not keep a comma from separating here.
_call_ids = re.compile(r"[^ \t,]++(?:[ \t]*+,[ \t]*+[^ \t,]++)*+").fullmatch


def call_ids(line: str) -> list[str]:
    """The Call-IDs of a comma-separated line; else raises RemoteProtocolError (RFC 3261 20.21)."""
    if _call_ids(line) is None:
        raise RemoteProtocolError(f"{line[:80]!r} is no list of Call-IDs", rfc="3261 20.21")
    return line.replace(" ", "").replace("\t", "").split(",")


REPLACES = Single("Replaces", Replaces.parse, rfc="3891 6.1")
JOIN = Single("Join", Join.parse, rfc="3911 7.1")
TARGET_DIALOG = Single("Target-Dialog", TargetDialog.parse, rfc="4538 7")
IN_REPLY_TO = Listed("In-Reply-To", call_id, parse_line=call_ids, joined=True, rfc="3261 20.21")
