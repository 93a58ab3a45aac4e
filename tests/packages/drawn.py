"""Any document, drawn from what its class says of its fields."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st

from sipsm.packages import ConferenceInfo, DialogInfo, Element, Presence, RegInfo
from sipsm.packages.partial import PartialDocument
from sipsm.packages.shape import BOOLEAN, NUMBER, TEXT, VERSION, WORD, WORDS, Document, class_of, roles

DOCUMENTS: tuple[type[Document], ...] = (Presence, DialogInfo, RegInfo, ConferenceInfo)
PARTIAL: tuple[type[PartialDocument], ...] = (DialogInfo, RegInfo, ConferenceInfo)

# What XML can hold.
TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cn"]) | st.sampled_from(" \t\r\n<>&\"'\x7f\U0010ffff"), max_size=8
)
LINES = TEXTS.map(lambda text: text.strip(" \t\r\n"))
KINDS: dict[Any, st.SearchStrategy[Any]] = {
    TEXT: TEXTS,
    WORD: LINES,
    NUMBER: st.integers(0, 10**20 - 1),
    VERSION: st.integers(0, 2**32 - 1),
    BOOLEAN: st.booleans(),
    WORDS: st.lists(LINES.map(lambda text: "".join(text.split())).filter(bool), max_size=2).map(tuple),
}
PRIORITIES = st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)

NAMES = st.sampled_from(["a", "xmlns", "é", "x-y.z", "{urn:a}a", "{urn:b}état", '{"<&>}b', "{urn:a}xmlns"])
ATTRIBUTE_NAMES = NAMES.filter(lambda name: name != "xmlns") | st.just("{http://www.w3.org/XML/1998/namespace}lang")
ELEMENTS = st.recursive(
    st.builds(Element, NAMES, st.dictionaries(ATTRIBUTE_NAMES, TEXTS, max_size=2), TEXTS),
    lambda inner: st.builds(
        Element, NAMES, st.dictionaries(ATTRIBUTE_NAMES, TEXTS, max_size=2), st.lists(inner | TEXTS, max_size=3)
    ),
    max_leaves=4,
)
STATES = st.sampled_from(["full", "partial", "deleted"])
KEYS = st.sampled_from(["a", "b", "c"])


@cache
def values(cls: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Any value of a class of parts."""
    return st.builds(cls, **{name: _field(cls, name, role, default, depth) for name, role, default in roles(cls)})


def _field(cls: Any, name: str, role: Any, default: Any, depth: int) -> st.SearchStrategy[Any]:
    of = class_of(role)
    if name == "priority":
        return st.none() | PRIORITIES
    if name == "state" and role.place == "attribute" and default == "full":
        return STATES if "conference" in cls.namespace else STATES.filter(lambda state: state != "deleted")
    if name in {"id", "entity"}:
        # Few, so that documents speak of the same.
        return KEYS
    if role.place == "extensions":
        return st.lists(ELEMENTS, max_size=1).map(tuple)
    if depth > 6 and default is None:
        return st.none()
    inner = KINDS[of] if of in KINDS else st.deferred(lambda: values(of, depth + 1))
    if role.place == "children":
        return st.just(()) if depth > 6 else st.lists(inner, max_size=2).map(tuple)
    return st.none() | inner if default is None else inner
