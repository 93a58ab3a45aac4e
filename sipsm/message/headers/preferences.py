"""What the caller prefers: Request-Disposition, Accept-Contact and Reject-Contact (RFC 3841 9 and 10)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Self

from sipsm.errors import RemoteProtocolError
from sipsm.grammar.lists import split_list
from sipsm.grammar.params import Params
from sipsm.message.headers.features import FeatureValue, feature_tag, features_of
from sipsm.message.headers.field import Listed
from sipsm.message.headers.with_params import WithParams

# proxy-directive    = "proxy" / "redirect"
# cancel-directive   = "cancel" / "no-cancel"
# fork-directive     = "fork" / "no-fork"
# recurse-directive  = "recurse" / "no-recurse"
# parallel-directive = "parallel" / "sequential"
# queue-directive    = "queue" / "no-queue"
_KINDS = (
    ("proxy", "redirect"),
    ("cancel", "no-cancel"),
    ("fork", "no-fork"),
    ("recurse", "no-recurse"),
    ("parallel", "sequential"),
    ("queue", "no-queue"),
)
_KIND_OF = {directive: kind for kind in _KINDS for directive in kind}


def _directive(text: str) -> str:
    directive = text.lower()
    # "The set of request disposition directives is not extensible on purpose." (RFC 3841 9.1)
    if directive not in _KIND_OF:
        raise RemoteProtocolError(f"{text[:80]!r} is no directive", rfc="3841 9.1")
    return directive


def _directives(line: str) -> list[str]:
    return list(map(_directive, split_list(line)))


def _check_directives(directives: tuple[str, ...]) -> None:
    # "There can only be one directive of each type per request (e.g., you cannot have both "proxy" and "redirect" in
    # the same Request-Disposition header field)." (RFC 3841 9.1)
    if len({_KIND_OF[directive] for directive in directives}) < len(directives):
        raise RemoteProtocolError(f"two directives of one type: {', '.join(directives)[:80]}", rfc="3841 9.1")


REQUEST_DISPOSITION = Listed(
    "Request-Disposition", _directive, parse_line=_directives, check=_check_directives, joined=True, rfc="3841 9.1"
)


class RejectContact(WithParams):
    """Devices that a caller does not want: `*;actor="msg-taker";video` (RFC 3841 9.2)."""

    __slots__ = ("_features",)

    # rc-value = "*" *(SEMI rc-params), rc-params = feature-param / generic-param
    pattern = r"\*"
    what = "contact predicate"
    rfc = "3841 10"

    _features: dict[str, tuple[FeatureValue, ...]]

    @classmethod
    def build(cls, value: str = "*", params: Params = ()) -> Self:
        """The predicate of parameters as the header has them: `{"mobility": "fixed", "+sip.newparam": None}`.

        Raises LocalProtocolError when they make none.
        """
        return super().build(value, params)

    @classmethod
    def _is_quoted(cls, name: str, value: str) -> bool:
        # feature-param = enc-feature-tag [EQUAL LDQUOT (tag-value-list / string-value ) RDQUOT]
        return feature_tag(name) is not None or super()._is_quoted(name, value)

    def _check(self) -> None:
        self._features = features_of(self.params)

    @property
    def features(self) -> Mapping[str, tuple[FeatureValue, ...]]:
        """The feature tags, decoded such as "sip.audio", each with the values that are meant (RFC 3841 8)."""
        return MappingProxyType(self._features)


class AcceptContact(RejectContact):
    """Devices that a caller wants: `*;audio;require` (RFC 3841 9.2)."""

    __slots__ = ()

    # ac-value  = "*" *(SEMI ac-params)
    # ac-params = feature-param / req-param / explicit-param / generic-param

    @property
    def require(self) -> bool:
        """Whether a device that is known not to be so is no choice at all (RFC 3841 7.2.4)."""
        return "require" in self.params

    @property
    def explicit(self) -> bool:
        """Whether a device must have said that it is so (RFC 3841 7.2.4)."""
        return "explicit" in self.params


ACCEPT_CONTACT = Listed("Accept-Contact", AcceptContact.parse, rfc="3841 9.2")
REJECT_CONTACT = Listed("Reject-Contact", RejectContact.parse, rfc="3841 9.2")
