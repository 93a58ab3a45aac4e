"""Where a request has been on its way, and why it went on: History-Info (RFC 7044 5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Self

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.escapes import escape_header
from sipsm.grammar.params import Params, pairs_of
from sipsm.grammar.text_value import TextValue, built
from sipsm.grammar.uri import Uri
from sipsm.message.address import Address
from sipsm.message.headers.core import address_of_one
from sipsm.message.headers.field import Listed

# index-val = number *("." number), number = [ %x31-39 *DIGIT ] DIGIT
_is_index = re.compile(r"(?:0|[1-9][0-9]{0,8}+)(?:\.(?:0|[1-9][0-9]{0,8}+))*+").fullmatch
_TARGETS = ("rc", "mp", "np")
_new = object.__new__


class HistoryEntry(TextValue):
    """One target that a request was sent to: `<sip:bob@192.0.2.4>;index=1.1;rc=1` (RFC 7044 5)."""

    __slots__ = ("_address", "_index")

    _address: Address
    _index: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The entry that the text, one element of a History-Info, is; raises RemoteProtocolError when it is none."""
        entry = _new(cls)
        entry._text = text
        address = entry._address = address_of_one(text)
        entry._index = _index(address.params.get("index"))
        for name in _TARGETS:
            if name in address.params:
                _index(address.params[name])
        return entry

    @classmethod
    def build(
        cls,
        uri: Uri | str,
        index: tuple[int, ...],
        *,
        rc: tuple[int, ...] | None = None,
        mp: tuple[int, ...] | None = None,
        np: tuple[int, ...] | None = None,
        reasons: tuple[str, ...] = (),
        private: bool = False,
        params: Params = (),
    ) -> Self:
        """The entry of a target and its place in the tree of all targets; of rc, mp and np, at most one is given.

        `reasons` are the texts of Reason headers, such as "SIP;cause=302". Raises LocalProtocolError when the parts
        make no entry.
        """
        targets = {name: value for name, value in zip(_TARGETS, (rc, mp, np), strict=True) if value is not None}
        if len(targets) > 1:
            raise LocalProtocolError(f"an entry has one of rc, mp and np, not {len(targets)}", rfc="7044 5")
        fields = [("Privacy", "history")] if private else []
        fields += [("Reason", reason) for reason in reasons]
        target = str(uri)
        if fields:
            headers = "&".join(f"{name}={escape_header(value)}" for name, value in fields)
            target += f"{'&' if '?' in target else '?'}{headers}"
        known = {"index": _dotted(index), **{name: _dotted(value) for name, value in targets.items()}}
        return built(cls.parse, str(Address.build(target, params=[*known.items(), *pairs_of(params)])))

    @property
    def address(self) -> Address:
        """The target with its display name and all parameters."""
        return self._address

    @property
    def uri(self) -> Uri:
        """The target, the headers for reasons and privacy included."""
        return self._address.uri

    @property
    def params(self) -> Mapping[str, str | None]:
        """All parameters by lower-case name, in their order; None is the value of a flag."""
        return self._address.params

    @property
    def index(self) -> tuple[int, ...]:
        """The place in the tree of all targets, a number for each hop (RFC 7044 10.3)."""
        return self._index

    @property
    def rc(self) -> tuple[int, ...] | None:
        """The index of the entry whose registered contact this is (RFC 7044 10.4)."""
        return self._target("rc")

    @property
    def mp(self) -> tuple[int, ...] | None:
        """The index of the entry that was mapped to this one, which is another user (RFC 7044 10.4)."""
        return self._target("mp")

    @property
    def np(self) -> tuple[int, ...] | None:
        """The index of the entry that was passed on without a change (RFC 7044 10.4)."""
        return self._target("np")

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the target was left again: the text of each Reason header in the URI (RFC 7044 5, RFC 3326)."""
        return tuple([value for name, value in self.uri.header_fields if name.lower() == "reason"])

    @property
    def is_private(self) -> bool:
        """Whether this entry is to be made anonymous before it is passed on (RFC 7044 5)."""
        return any(
            name.lower() == "privacy" and "history" in value.lower().split(";")
            for name, value in self.uri.header_fields
        )

    def _target(self, name: str) -> tuple[int, ...] | None:
        value = self._address.params.get(name)
        return None if value is None else _index(value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HistoryEntry):
            return NotImplemented
        return self._address == other._address

    def __hash__(self) -> int:
        return hash(self._address)


def _index(text: str | None) -> tuple[int, ...]:
    if text is None or _is_index(text) is None:
        raise RemoteProtocolError(f"{text[:80] if text else text!r} is no index", rfc="7044 5")
    return tuple(map(int, text.split(".")))


def _dotted(index: tuple[int, ...]) -> str:
    return ".".join(map(str, index))


HISTORY_INFO = Listed("History-Info", HistoryEntry.parse, rfc="7044 5")
