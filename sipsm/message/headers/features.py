"""What a device can do and what a caller wants of it, as feature parameters (RFC 3840 9).

They stand among the parameters of Contact, Accept-Contact and Reject-Contact. Not here: whether a device is what a
caller wants (RFC 3841 7.2.4).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from sipsm.errors import RemoteProtocolError

# Their tags are in the tree of SIP, "sip.audio", which the parameter does not say (RFC 3841 8).
_IN_SIP_TREE = {
    *("audio", "automata", "class", "duplex", "data", "control", "mobility", "description", "events", "priority"),
    *("methods", "schemes", "application", "video", "actor", "isfocus", "extensions", "text"),
}
# base-tags has these as well, and they are in no tree (RFC 3840 9).
_IN_NO_TREE = {"language", "type"}
# numeric = "#" numeric-relation number, numeric-relation = ">=" / "<=" / "=" / (number ":")
# number  = [ "+" / "-" ] 1*DIGIT ["." 0*DIGIT]
# "Any numbers present in a feature parameter MUST be representable using an ANSI C double." (RFC 3840 9)
_NUMBER = r"[+\-]?[0-9]{1,300}+(?:\.[0-9]{0,300}+)?+"
# tag-value = ["!"] (token-nobang / boolean / numeric)
# Wider by what no token holds: peers write URNs with their colons, and kinds of bodies with their slash.
_tag_value = re.compile(rf"(!?+)(?:#(?:(>=|<=|=)({_NUMBER})|({_NUMBER}):({_NUMBER}))|([^!#<>\"\s]++))").fullmatch
# string-value = "<" *(qdtext-no-abkt / quoted-pair ) ">"
_string_value = re.compile(r"<([^<>]*+)>").fullmatch


class FeatureValue(NamedTuple):
    """One of the values of a feature: a word, a text, or a range of numbers (RFC 3840 9)."""

    word: str | None = None
    """A token, "TRUE" or "FALSE", in upper case, since tokens are compared without it (RFC 3841 8)."""
    text: str | None = None
    """A string, which is compared case and all."""
    low: float | None = None
    """The least of a range of numbers, where it has one."""
    high: float | None = None
    """The greatest of a range of numbers, where it has one."""
    negated: bool = False
    """Whether all but this is meant."""


_TRUE = (FeatureValue("TRUE"),)


def features_of(params: Mapping[str, str | None]) -> dict[str, tuple[FeatureValue, ...]]:
    """The feature tags among parameters, decoded such as "sip.audio", each with the values that it may have.

    Raises RemoteProtocolError when one is malformed or named twice (RFC 3840 9, RFC 3841 8).
    """
    found: dict[str, tuple[FeatureValue, ...]] = {}
    for name, value in params.items():
        tag = feature_tag(name)
        if tag is None:
            continue
        # "There MUST only be one instance of any feature tag in feature-param." (RFC 3840 9)
        if tag in found:
            raise RemoteProtocolError(f"the feature {tag} is there twice", rfc="3840 9")
        # "If the feature-param has no value, it is equivalent, in terms of the processing which follows, as if it had a
        # value of "TRUE"." (RFC 3841 8)
        found[tag] = _TRUE if value is None else _values(value)
    return found


def feature_tag(name: str) -> str | None:
    """The feature tag that a parameter, named in lower case, stands for; None when it is no feature (RFC 3841 8)."""
    if name in _IN_SIP_TREE:
        return f"sip.{name}"
    if name in _IN_NO_TREE:
        return name
    # "If there is a leading plus (+) sign, it is removed. Any exclamation point (!) is converted to a colon (:) and any
    # single quote (') is converted to a forward slash (/)." (RFC 3841 8)
    return name[1:].replace("!", ":").replace("'", "/") if name[:1] == "+" else None


def _values(text: str) -> tuple[FeatureValue, ...]:
    string = _string_value(text)
    if string is not None:
        return (FeatureValue(text=string[1]),)
    # tag-value-list = tag-value *("," tag-value)
    return tuple([_one(value.strip(" \t")) for value in text.split(",")])


def _one(text: str) -> FeatureValue:
    match = _tag_value(text)
    if match is None:
        raise RemoteProtocolError(f"{text[:80]!r} is no value of a feature", rfc="3840 9")
    negated, relation, number, low, high, word = match.groups()
    if word is not None:
        return FeatureValue(word.upper(), negated=bool(negated))
    if relation is None:
        return FeatureValue(low=float(low), high=float(high), negated=bool(negated))
    return FeatureValue(
        low=None if relation == "<=" else float(number),
        high=None if relation == ">=" else float(number),
        negated=bool(negated),
    )
