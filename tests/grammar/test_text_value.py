"""Values that are their text, and texts of a program's parts."""

from __future__ import annotations

import copy
import pickle

import pytest

from sipsm.errors import LocalProtocolError
from sipsm.grammar import TelephoneSubscriber, Uri
from sipsm.grammar.text_value import TextValue, built


@pytest.mark.parametrize("value", [Uri.parse("SIP:alice@h;x"), TelephoneSubscriber.parse("+1-2")], ids=repr)
def test_a_value_is_its_text(value: TextValue) -> None:
    """A value is its own copy, survives pickling and is shown as the text that it was read from."""
    assert copy.copy(value) is value
    assert copy.deepcopy(value) is value
    assert str(pickle.loads(pickle.dumps(value))) == str(value)
    assert repr(value) == f"<{type(value).__name__} {value}>"


def test_built() -> None:
    """What cannot be read, or is more than a line, is the program's mistake, and the section is told."""
    assert built(Uri.parse, "sip:a@b") == Uri.parse("sip:a@b")
    with pytest.raises(LocalProtocolError, match="is no URI") as caught:
        built(Uri.parse, "a b")
    assert caught.value.rfc == "3261 25.1"
    with pytest.raises(LocalProtocolError, match="CR, LF and NUL"):
        built(str, "sip:a@b\r\n")
