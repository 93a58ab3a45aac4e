"""Graphs of objects as plain JSON values, and back."""

from __future__ import annotations

import json
from enum import Enum
from typing import Any, NamedTuple

import pytest
from attrs import define, field, frozen
from attrs.validators import ge

from sipsm.endpoint.graph import BYTES, Kind, Reader, Writer, member, mutable, value, written
from sipsm.errors import SnapshotError
from sipsm.grammar import Uri


class Place(NamedTuple):
    x: int
    y: float | None


class Colour(Enum):
    RED = "red"


@frozen
class Size:
    metres: int = field(validator=ge(1))


@define(eq=False)
class Node:
    next: Node | None = None
    place: Place | None = None
    notes: list[Colour | bytes | Uri | Size | str] = field(factory=list)
    by_name: dict[str, tuple[Node, ...]] = field(factory=dict)
    held: bytearray = field(factory=bytearray)
    flag: bool = False


class Alien:
    pass


KINDS: tuple[Kind, ...] = (
    BYTES, value(Place), value(Size), member(Colour), written(Uri, Uri.parse), mutable(Node),
)  # fmt: skip


def written_out(first: Node) -> tuple[dict[str, Any], list[Any], list[Any]]:
    """Kinds, values and objects, as JSON would bring them to another process."""
    writer = Writer(KINDS)
    assert writer.text(first) == '{"o":0}'
    writer.finish()
    return (
        json.loads(json.dumps(writer.kinds)),
        [json.loads(entry) for entry in writer.values],
        [json.loads(entry) for entry in writer.objects],
    )


def again(first: Node) -> Node:
    """The same graph, read from what was written."""
    kinds, values, objects = written_out(first)
    copy = Node()
    Reader(KINDS, kinds, values).fill(objects, copy)
    return copy


def test_circles_and_shared_objects_stay_what_they_are() -> None:
    """Objects that refer to each other do so afterwards, and who is one object is one object."""
    one, other = Node(), Node(flag=True)
    one.next, other.next = other, one
    one.by_name = {"both": (one, other), "none": ()}
    copy = again(one)
    assert copy.next is not None
    assert copy.next.next is copy
    assert copy.by_name == {"both": (copy, copy.next), "none": ()}
    assert (copy.flag, copy.next.flag) == (False, True)


def test_every_byte_and_every_text_comes_back() -> None:
    """Bytes that are no text, and text with what stands for bytes that are none."""
    every = bytes(range(256))
    node = Node(held=bytearray(every), notes=[every, 'a"\\\n\u20ac\udcff', Uri.parse("sip:a@b"), Colour.RED, Size(3)])
    copy = again(node)
    assert copy.held == every
    assert copy.held is not node.held
    assert [str(note) if isinstance(note, Uri) else note for note in copy.notes] == [
        every, 'a"\\\n\u20ac\udcff', "sip:a@b", Colour.RED, Size(3),
    ]  # fmt: skip


@pytest.mark.parametrize("y", [0.1 + 0.2, -0.0, 1e-300, 5, None])
def test_a_time_comes_back_to_the_last_digit(y: float | None) -> None:
    """A deadline is not rounded."""
    copy = again(Node(place=Place(-7, y)))
    assert repr(copy.place) == repr(Place(-7, y))


def test_equal_values_are_written_once() -> None:
    """A thousand equal flows take no more room than one; 1 and 1.0 are two."""
    node = Node(by_name={str(n): (Node(place=Place(1, n % 2)),) for n in range(20)})
    _, values, objects = written_out(node)
    assert (len(values), len(objects)) == (2, 21)
    _, values, _ = written_out(Node(place=Place(1, 1), next=Node(place=Place(1, 1.0))))
    assert values == [["Place", 1, 1], ["Place", 1, 1.0]]
    assert list(map(repr, values[1])) == ["'Place'", "1", "1.0"]


@pytest.mark.parametrize("y", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_time_cannot_be_written(y: float) -> None:
    """A deadline that never comes would be refused by whoever reads it."""
    with pytest.raises(SnapshotError, match="no time and no length of time"):
        again(Node(place=Place(1, y)))


def test_a_stranger_cannot_be_written() -> None:
    """A class that is not among the kinds is an error, and not left out."""
    node = Node()
    node.next = Alien()  # type: ignore[assignment]
    with pytest.raises(SnapshotError, match=r"test_graph\.Alien cannot be kept in a snapshot"):
        again(node)


@pytest.mark.parametrize("hint", [Any, "Place", list[Any]])
def test_a_field_must_say_what_may_be_there(hint: Any) -> None:
    """An annotation that checks nothing is found when the kind is made, not when somebody has sent a snapshot."""
    with pytest.raises(TypeError, match="does not say what may be there"):
        mutable(Node, next=hint)


@pytest.mark.parametrize(
    ("place", "part"),
    [
        (1, {"o": 1}),
        (1, {"v": 0}),
        (1, [None]),
        (2, {"o": 0}),
        (3, []),
        (3, {"l": [None]}),
        (3, {"l": None}),
        (4, {"d": [["x", {"o": 0}]]}),
        (4, {"d": [["x", [{"v": 0}]]]}),
        (4, {"d": [[1, [{"o": 0}]]]}),
        (4, {"d": [["x", [{"o": 0}]], ["x", [{"o": 0}]]]}),
        (4, {"d": [[{"l": []}, [{"o": 0}]]]}),
        (4, {"d": [["x"]]}),
        (4, {"d": {}}),
        (5, {"b": "\u0100"}),
        (5, {"b": 1}),
        (5, "x"),
        (5, {}),
        (5, {"o": 0, "v": 0}),
        (5, {"?": 0}),
        (6, 0),
        (6, None),
    ],
)
def test_a_part_of_another_type_is_an_error(place: int, part: Any) -> None:
    """Each field of an object is checked."""
    kinds, values, objects = written_out(Node(place=Place(1, 1)))
    objects[0][place] = part
    with pytest.raises(SnapshotError, match="the snapshot"):
        Reader(KINDS, kinds, values).fill(objects, Node())


@pytest.mark.parametrize(
    "entry",
    [
        ["Place", 1],
        ["Place", 1, "y"],
        ["Place", True, 1],
        ["Place", 1, 1e999],
        ["Size", 0],
        ["Colour", "blue"],
        ["Uri", "no uri"],
        ["bytes", "\u20ac"],
        ["bytes", {"v": 0}],
        ["Node", None, None, {"l": []}, {"d": []}, {"b": ""}, False],
        ["Alien"],
        [],
        [["Place"]],
        "Place",
        None,
    ],
)
def test_a_value_that_cannot_be_is_an_error(entry: Any) -> None:
    """Each value is made as a program would make it, with the same checks."""
    kinds = {kind.name: list(kind.fields) for kind in KINDS}
    Reader(KINDS, kinds, [["Place", 1, 1]])
    with pytest.raises(SnapshotError, match="the snapshot"):
        Reader(KINDS, kinds, [entry])


@pytest.mark.parametrize("kinds", [None, {"Alien": []}, {"Place": ["y", "x"]}, {"Place": None}])
def test_other_classes_are_an_error(kinds: Any) -> None:
    """Classes, and fields of them, that are not the ones of the reader."""
    with pytest.raises(SnapshotError, match="the snapshot"):
        Reader(KINDS, kinds, [])


def test_what_is_read_by_itself_is_checked_as_well() -> None:
    """A value outside of the objects has a type too."""
    kinds = {kind.name: list(kind.fields) for kind in KINDS}
    reader = Reader(KINDS, kinds, [["Place", 1, 2]])
    assert reader.read({"v": 0}, Place) == Place(1, 2)
    assert reader.read([1, [2]], tuple[int, tuple[object, ...]]) == (1, (2,))
    with pytest.raises(SnapshotError, match="the snapshot has a Place where"):
        reader.read({"v": 0}, Size)
