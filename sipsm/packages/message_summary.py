"""The package "message-summary": whether messages wait for somebody, as shown by the lamp of a telephone.

RFC 3842: application/simple-message-summary (3.5, 5.2).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar, Self

from attrs import Attribute, field, frozen

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.tokens import TOKEN, is_token, written

MAX_BYTES = 262_144
"""A longer body is refused with 413."""
MOST = 4_294_967_295
"""The highest count (RFC 3842 3.5)."""

# HCOLON = *( SP / HTAB ) ":" SWS
_header = re.compile(rf"({TOKEN})[ \t]*+:[ \t]*+(.*)", re.DOTALL).fullmatch
# msg-summary-line = message-context-class HCOLON newmsgs SLASH oldmsgs
#                    [ LPAREN new-urgentmsgs SLASH old-urgentmsgs RPAREN ]
# msgcount = 1*DIGIT   ; MUST NOT exceed 2^32-1
_COUNTS = r"[ \t]*+([0-9]++)[ \t]*+/[ \t]*+([0-9]++)[ \t]*+"
_counts = re.compile(rf"{_COUNTS}(?:\({_COUNTS}\)[ \t]*+)?").fullmatch

_fold = re.compile(r"\n[ \t]++").sub


def _a_count(_: object, at: Attribute[Any], count: int | None) -> None:
    # "Notifiers MUST NOT generate a request with a larger value." (RFC 3842 3.5)
    if count is not None and not 0 <= count <= MOST:
        raise LocalProtocolError(f"{count} is no number of {at.name} messages", rfc="3842 3.5")


def _a_class(_: object, _field: Attribute[Any], name: str) -> None:
    if not is_token(name) or name in {"messages-waiting", "message-account"}:
        raise LocalProtocolError(f"{name!r} is no class of messages", rfc="3842 5.2")


def _lower(name: str) -> str:
    return name.lower()


@frozen
class Summary:
    """How many messages of a class there are: voice-message, fax-message, and others of RFC 3458 6.2 (RFC 3842 3.5)."""

    context: str = field(converter=_lower, validator=_a_class)
    """The class, in lower case: "voice-message"."""
    new: int = field(validator=_a_count)
    old: int = field(validator=_a_count)
    new_urgent: int | None = field(default=None, validator=_a_count)
    """How many of the new ones are urgent; None where that is not told."""
    old_urgent: int | None = field(default=None, validator=_a_count)

    def __attrs_post_init__(self) -> None:
        if (self.new_urgent is None) != (self.old_urgent is None):
            raise LocalProtocolError("urgent messages are told of new and old ones, or of none", rfc="3842 5.2")

    def __str__(self) -> str:
        urgent = "" if self.new_urgent is None else f" ({self.new_urgent}/{self.old_urgent})"
        return f"{self.context.title()}: {self.new}/{self.old}{urgent}"


def _an_account(_: object, _field: Attribute[Any], account: str | None) -> None:
    # "Note that the account URI MUST NOT be delimited with angle brackets ("<" and ">")." (RFC 3842 3.5)
    if account is not None and not _is_account(written(account)):
        raise LocalProtocolError(f"{account!r} is no URI of an account", rfc="3842 3.5")


def _is_account(text: str) -> bool:
    return text != "" and text[0] != "<" and _read_value(text) == text


def _messages(messages: Iterable[Iterable[tuple[str, str]]]) -> tuple[tuple[tuple[str, str], ...], ...]:
    return tuple([tuple(headers) for headers in messages])


def _headers(_: object, _field: Attribute[Any], messages: tuple[tuple[tuple[str, str], ...], ...]) -> None:
    for headers in messages:
        if not headers:
            raise LocalProtocolError("no headers of a message", rfc="3842 5.2")
        for name, value in headers:
            if not is_token(name) or _read_value(written(value)) != value:
                raise LocalProtocolError(f"{name!r}: {value!r} is no header", rfc="3842 5.2")


@frozen
class MessageSummary:
    """Whether messages wait for somebody, how many, and which are new (RFC 3842 3.5).

    `parse` reads one, `bytes(summary)` is the body. Lines that RFC 3842 does not have are left out.
    """

    content_type: ClassVar[str] = "application/simple-message-summary"

    waiting: bool
    account: str | None = field(default=None, validator=_an_account)
    """The URI of the account that is meant, where a subscription is to several."""
    summaries: tuple[Summary, ...] = ()
    messages: tuple[tuple[tuple[str, str], ...], ...] = field(default=(), converter=_messages, validator=_headers)
    """For each of the messages that are new since the last NOTIFY, names and values of some of its headers."""

    def counts(self, context: str) -> Summary | None:
        """How many messages of a class there are; None where that is not told."""
        return next((summary for summary in self.summaries if summary.context == context.lower()), None)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """The summary that the bytes are, or RemoteProtocolError."""
        if len(data) > MAX_BYTES:
            raise RemoteProtocolError(f"a summary of more than {MAX_BYTES} bytes", rfc="3842 5.2", status=413)
        # message-summary = msg-status-line CRLF [msg-account CRLF] [*(msg-summary-line CRLF)] [ *opt-msg-headers ]
        # opt-msg-headers = CRLF 1*(extension-header CRLF)
        # Wider: LF alone ends a line as well, as many voice mail systems have it.
        text = data.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
        if "\r" in text or "\0" in text:
            raise RemoteProtocolError("CR or NUL inside of a line", rfc="3842 5.2")
        # LWS = [*WSP CRLF] 1*WSP
        head, *blocks = _fold(" ", text).strip("\n").split("\n\n")
        waiting: bool | None = None
        account = None
        summaries = []
        for name, value in _lines(head):
            key = name.lower()
            if key == "messages-waiting":
                # msg-status = "yes" / "no"
                if waiting is not None or value.lower() not in {"yes", "no"}:
                    raise RemoteProtocolError(f"Messages-Waiting: {value[:80]!r}", rfc="3842 5.2")
                waiting = value.lower() == "yes"
            elif key == "message-account":
                # Between angle brackets, where they may not be, it is the same account.
                inside = _read_value(value.removeprefix("<").removesuffix(">"))
                account = inside if _is_account(inside) else None
            elif counts := _counts(value):
                new, old, *urgent = [None if each is None else _read_count(each) for each in counts.groups()]
                summaries.append(Summary(key, new or 0, old or 0, *urgent))
        if waiting is None:
            raise RemoteProtocolError("no Messages-Waiting", rfc="3842 5.2")
        messages = [_lines(block.strip("\n")) for block in blocks if block.strip("\n")]
        return cls(waiting, account, tuple(summaries), messages)

    def __bytes__(self) -> bytes:
        """The body."""
        lines = [f"Messages-Waiting: {'yes' if self.waiting else 'no'}"]
        if self.account is not None:
            lines.append(f"Message-Account: {self.account}")
        lines += [str(summary) for summary in self.summaries]
        for headers in self.messages:
            lines += ["", *[f"{name}: {value}".rstrip(" ") for name, value in headers]]
        return "".join([f"{line}\r\n" for line in lines]).encode("utf-8", "surrogateescape")

    @classmethod
    def together(cls, summaries: Iterable[MessageSummary]) -> MessageSummary:
        """What several notifiers say of the same account, as one: a SUBSCRIBE may have forked (RFC 3842 3.10)."""
        told = tuple(summaries)
        # "If any of the "Messages-Waiting" status lines report "yes", then the merged state is "yes"; otherwise the
        # merged state is "no"." (RFC 3842 3.10)
        waiting = any(each.waiting for each in told)
        accounts = {each.account for each in told}
        totals: dict[str, list[Summary]] = {}
        # "The Subscriber MAY merge summary lines in an implementation-specific way if all notifications contain at
        # least one msg-summary line." (RFC 3842 3.10)
        if all(each.summaries for each in told):
            for each in told:
                for summary in each.summaries:
                    totals.setdefault(summary.context, []).append(summary)
        account = accounts.pop() if len(accounts) == 1 else None
        return cls(waiting, account, tuple([_total(of) for of in totals.values()]))


def _total(summaries: list[Summary]) -> Summary:
    def total(counts: Iterable[int | None]) -> int:
        return min(sum(count or 0 for count in counts), MOST)

    new, old = total(each.new for each in summaries), total(each.old for each in summaries)
    if all(each.new_urgent is None for each in summaries):
        return Summary(summaries[0].context, new, old)
    urgent = total(each.new_urgent for each in summaries), total(each.old_urgent for each in summaries)
    return Summary(summaries[0].context, new, old, *urgent)


def _lines(block: str) -> list[tuple[str, str]]:
    found = []
    for line in block.split("\n"):
        match = _header(line)
        if match is None:
            raise RemoteProtocolError(f"{line[:80]!r} is no line of a summary", rfc="3842 5.2")
        found.append((match[1], _read_value(match[2])))
    return found


def _read_value(text: str) -> str:
    return text.strip(" \t")


def _read_count(digits: str) -> int:
    # "Subscribers MUST treat a larger value as 2^32-1." (RFC 3842 3.5)
    digits = digits.lstrip("0")
    return min(int(digits or "0"), MOST) if len(digits) <= 10 else MOST
