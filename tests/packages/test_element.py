"""XML as it may come: namespaces, limits, and what is refused."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.packages import Element, Presence
from sipsm.packages.element import LANG, MAX_BYTES, MAX_DEPTH, MAX_NAMESPACE, MAX_PIECES, read_element, write_document
from tests.growth import steps

RFC = "3863 4.1"


def read(text: str) -> Element:
    return read_element(text.encode(), rfc=RFC)


def test_names_have_their_namespace() -> None:
    """A prefix is what the nearest element around says of it; attributes without one are in no namespace."""
    root = read(
        '<a xmlns="urn:1" xmlns:p="urn:2" p:x="1" x="2"><p:b/><b xmlns="" xmlns:p="urn:3"><p:c/></b><b/><p:b/></a>'
    )
    assert root == Element(
        "{urn:1}a",
        {"{urn:2}x": "1", "x": "2"},
        [Element("{urn:2}b"), Element("b", {}, [Element("{urn:3}c")]), Element("{urn:1}b"), Element("{urn:2}b")],
    )
    assert root.attribute("{urn:2}x") == "1"
    assert root.attribute("y") is None


def test_texts_are_what_they_say() -> None:
    """However characters are written, and whatever stands between them that says nothing."""
    root = read("<a xml:lang='de'>x&amp;&#x41;<![CDATA[<b>]]><!-- c --><?p i?>y<b>z</b>\r\n</a>")
    assert root == Element("a", {LANG: "de"}, ["x&A<b>y", Element("b", (), "z"), "\n"])
    assert (root.text, [inner.text for inner in root.elements]) == ("x&A<b>y\n", ["z"])


def test_content_is_joined() -> None:
    """Texts side by side are one text, and no text is none: so it is read."""
    assert Element("a", (), ["x", "", "y", Element("b"), ""]).content == ("xy", Element("b"))


def test_the_namespace_of_the_root_needs_no_prefix() -> None:
    """All others are declared once, with the root, however many elements there are."""
    inner = Element("{urn:1}b", {"{urn:1}y": "1", LANG: "de"}, [Element("c", (), [Element("{urn:1}d")])])
    root = Element("{urn:1}a", {"x": '"<\n>'}, [inner, Element("{urn:2}e", (), "]]>\r"), Element("{urn:2}e")])
    data = write_document(root, rfc=RFC)
    assert data.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<a xmlns="urn:1" x="&quot;&lt;&#10;>" xmlns:p1="urn:1" xmlns:p2="urn:2">'
        '<b xml:lang="de" p1:y="1"><c xmlns=""><d xmlns="urn:1"/></c></b><p2:e>]]&gt;&#13;</p2:e><p2:e/></a>'
    )
    assert read_element(data, rfc=RFC) == root


def test_the_namespace_of_xml_has_its_own_prefix() -> None:
    """It may not be declared otherwise."""
    root = Element("{http://www.w3.org/XML/1998/namespace}a")
    assert read_element(write_document(root, rfc=RFC), rfc=RFC) == root
    assert read('<a xmlns:xml="http://www.w3.org/XML/1998/namespace" xml:lang="x"/>').attribute(LANG) == "x"


BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(20)
)
MALFORMED = {
    "nothing": ("", "no element found"),
    "text": ("hello", "syntax error"),
    "no end": ("<a>", "no element found"),
    "two roots": ("<a/><b/>", "junk after document element"),
    "crossed": ("<a><b></a></b>", "mismatched tag"),
    "a billion laughs": (f"{BOMB}]><a>&u;</a>", "document type"),
    "an entity from a file": ('<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>', "document type"),
    "an outer document type": ('<!DOCTYPE a SYSTEM "http://example.com/a.dtd"><a/>', "document type"),
    "an unknown entity": ("<a>&nbsp;</a>", "undefined entity"),
    "NUL": ("<a>\0</a>", "NUL"),
    "a control character": ("<a>\x01</a>", "not well-formed"),
    "its number": ("<a>&#1;</a>", "invalid character number"),
    "the number of a surrogate": ("<a>&#xD800;</a>", "invalid character number"),
    "an undeclared prefix": ("<x:a/>", "in no namespace"),
    "an undeclared prefix of an attribute": ("<a x:b=''/>", "in no namespace"),
    "a prefix that is over": ("<a><b xmlns:x='urn:x'/><x:c/></a>", "in no namespace"),
    "two colons": ("<a xmlns:x='urn:x'><x:y:z/></a>", "in no namespace"),
    "a colon before": ("<:a/>", "in no namespace"),
    "a colon behind": ("<a xmlns:x='urn:x'><x:/></a>", "in no namespace"),
    "no name behind a colon": ("<a xmlns:x='urn:x'><x:1/></a>", "in no namespace"),
    "the prefix xmlns": ("<xmlns:a/>", "in no namespace"),
    "xmlns declared": ("<a xmlns:xmlns='urn:x'/>", "nothing to be declared"),
    "a colon declared": ("<a xmlns:x:y='urn:x'/>", "nothing to be declared"),
    "nothing declared": ("<a xmlns:='urn:x'/>", "nothing to be declared"),
    "xml as another": ("<a xmlns:xml='urn:x'/>", "nothing to be declared"),
    "another as xml": ("<a xmlns:x='http://www.w3.org/XML/1998/namespace'/>", "nothing to be declared"),
    "the namespace of xmlns": ("<a xmlns='http://www.w3.org/2000/xmlns/'/>", "no namespace"),
    "a brace": ("<a xmlns='urn:}'/>", "no namespace"),
    "a prefix of no namespace": ("<a xmlns:x=''/>", "no namespace"),
    "an attribute twice": ("<a b='1' b='2'/>", "duplicate attribute"),
    "an attribute twice by two prefixes": ("<a xmlns:x='urn:x' xmlns:y='urn:x' x:b='' y:b=''/>", "two attributes"),
}


@pytest.mark.parametrize(("text", "what"), MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_xml_is_refused(text: str, what: str) -> None:
    """And what XML could be made to do: no document type is read, so nothing is expanded or fetched."""
    with pytest.raises(RemoteProtocolError, match=what) as caught:
        read(text)
    assert (caught.value.status, caught.value.rfc) == (400, RFC)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
def test_other_encodings_are_refused(encoding: str) -> None:
    """In none of them a document type comes in unseen."""
    text = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE a [<!ENTITY e "x">]><a b="é">&e;</a>'
    with pytest.raises(RemoteProtocolError, match=r"UTF-8|NUL"):
        read_element(text.encode(encoding), rfc=RFC)


@pytest.mark.parametrize("encoding", ["UTF-8", "utf-16", "iso-8859-1", "no-such-thing"])
def test_a_document_is_in_utf_8_whatever_it_says(encoding: str) -> None:
    """What it says of that may be a slip, and is not believed."""
    text = f'\ufeff<?xml version="1.0" encoding="{encoding}"?><a>é</a>'
    assert read(text) == Element("a", (), "é")


TOO_MUCH = {
    "bytes": lambda over: "<a>" + " " * (MAX_BYTES - 7 + over) + "</a>",
    "depth": lambda over: "<a>" * (MAX_DEPTH + over) + "</a>" * (MAX_DEPTH + over),
    "elements": lambda over: "<a>" + "<b/>" * (MAX_PIECES - 1 + over) + "</a>",
    "attributes": lambda over: "<a " + " ".join(f"a{n}=''" for n in range(MAX_PIECES - 1 + over)) + "/>",
    "namespace": lambda over: f"<a xmlns='{'x' * (MAX_NAMESPACE + over)}'/>",
}


@pytest.mark.parametrize("much", TOO_MUCH.values(), ids=TOO_MUCH)
def test_there_are_limits(much: Callable[[int], str]) -> None:
    """What is just within them is read, and what is beyond them is refused as too large."""
    read(much(0))
    with pytest.raises(RemoteProtocolError, match="more than") as caught:
        read(much(1))
    assert caught.value.status == 413


SHAPES: dict[str, Callable[[int], str]] = {
    "elements": lambda n: "<a>" + "<b/>" * n + "</a>",
    "texts": lambda n: "<a>" + "x<b/>" * n + "</a>",
    "references": lambda n: "<a>" + "&amp;\n" * n + "</a>",
    "attributes": lambda n: "<a " + " ".join(f"a{i}='x'" for i in range(n)) + "/>",
    "namespaces at the root": lambda n: "<a " + " ".join(f"xmlns:a{i}='urn:{i}'" for i in range(n)) + "><b/></a>",
    "namespaces everywhere": lambda n: (
        "<a " + " ".join(f"xmlns:a{i}='u{i}'" for i in range(n)) + ">" + "<b xmlns='urn:b'/>" * n + "</a>"
    ),
    "long namespaces": lambda n: (
        f"<a xmlns='{'x' * MAX_NAMESPACE}' xmlns:y='{'y' * MAX_NAMESPACE}'>" + "<y:b/>" * n + "</a>"
    ),
    "comments": lambda n: "<a>" + "<!-- -->" * n + "</a>",
}


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_growth_is_linear(shape: Callable[[int], str]) -> None:
    """For four times the document, about four times the work, to read it and to write it."""

    def work(size: int) -> int:
        text = shape(size)
        return steps(lambda: write_document(read(text), rfc=RFC))

    assert work(4000) < 6 * work(1000) + 1000


def test_a_document_leaves_nothing_behind() -> None:
    """What was needed to read one is gone at once, without the garbage collector."""
    gc.collect()
    gc.disable()
    try:
        read("<a><b/></a>")
        with contextlib.suppress(RemoteProtocolError):
            read("<a>")
        assert gc.collect() == 0
    finally:
        gc.enable()


UNWRITABLE = {
    "a control character": Element("a", (), "\0"),
    "a surrogate": Element("a", (), "\udc80"),
    "a surrogate in an attribute": Element("a", {"b": "\udc80"}),
    "no character": Element("a", {"b": "\uffff"}),
    "no name": Element(""),
    "a space in a name": Element("a b"),
    "an element in a name": Element("a/><b"),
    "an attribute in a name": Element("é b='c'"),
    "a prefix": Element("a:b"),
    "a surrogate in a name": Element("\udc80"),
    "no brace": Element("urn:a}b"),
    "no namespace in braces": Element("{}b"),
    "a brace in a namespace": Element("{a}}b"),
    "a long namespace": Element(f"{{{'x' * 257}}}b"),
    "a namespace with NUL": Element("{urn:\0}b"),
    "the namespace of xmlns": Element("a", {"{http://www.w3.org/2000/xmlns/}b": ""}),
    "xmlns": Element("a", {"xmlns": "urn:b"}),
}


@pytest.mark.parametrize("element", UNWRITABLE.values(), ids=UNWRITABLE)
def test_what_cannot_be_written_is_refused(element: Element) -> None:
    """It would be read as something else, or by nobody."""
    with pytest.raises(LocalProtocolError):
        bytes(Presence("sip:a@example.com", extensions=(element,)))


def test_what_is_too_deep_is_not_written() -> None:
    """Nobody would read it."""
    element = Element("a")
    for _ in range(MAX_DEPTH - 1):
        element = Element("a", (), [element])
    assert read_element(write_document(element, rfc=RFC), rfc=RFC) == element
    with pytest.raises(LocalProtocolError, match="deep"):
        write_document(Element("a", (), [element]), rfc=RFC)
