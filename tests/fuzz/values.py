"""What is true of the typed value of any header: it is there or RemoteProtocolError, and is its text."""

from __future__ import annotations

from inspect import signature
from typing import Any

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.tel_and_sip import sip_to_tel, tel_to_sip
from sipsm.grammar.uri import Uri
from sipsm.message import Address, Message
from sipsm.message.block import HeaderBlock
from sipsm.message.bodies.multipart import Part
from sipsm.message.bodies.sipfrag import SipFrag
from sipsm.message.headers import FIELDS
from sipsm.message.headers.field import Listed, Single
from sipsm.message.headers.with_params import WithParams
from sipsm.message.names import canonical
from tests.fuzz.attempt import attempt

Block = Message | Part | SipFrag

TOLD: dict[type, list[str]] = {}
"""What can be asked of the values of a class, found when the first is met."""
BUILT: dict[type, bool] = {}
"""Whether a kind of value is built of what it calls `value` and `params`, as most are."""


def fields_of(block: HeaderBlock) -> list[Single[Any] | Listed[Any]]:
    """The fields of the headers that are there."""
    return [FIELDS[key] for key in dict.fromkeys(canonical(name) for name, _ in block.headers) if key in FIELDS]


def touch_fields(block: HeaderBlock) -> None:
    """Asks for each header as a value."""
    for field in fields_of(block):
        attempt(lambda field=field: block[field])  # type: ignore[misc]


def typed(block: Block) -> None:
    """Each header is a value or RemoteProtocolError, time and again; and a value is its text, and can be written."""
    for field in fields_of(block):
        value: Any = attempt(lambda field=field: block[field])  # type: ignore[misc]
        if isinstance(value, RemoteProtocolError):
            assert str(attempt(lambda field=field: block[field])) == str(value)  # type: ignore[misc]
            assert value.at is None or name_at(bytes(block), value.at) == field.key, value
            continue
        assert block[field] is value
        values: Any = value if isinstance(field, Listed) else (value,)
        texts = list(map(field.text, values))
        if "\0" in "".join(texts):
            continue  # A peer may have sent it; a program may not.
        lines = field.lines(values)
        if not lines:
            continue
        again: Any = field.read(lines)
        assert again == value, (field, lines)
        for one, other in zip(values, again if isinstance(field, Listed) else (again,), strict=True):
            assert told(one) == told(other)
        if field.key != "content-length":
            assert block.with_header(field, *values)[field] == value


def name_at(wire: bytes, at: int) -> str:
    """The name of the header in which an offset is."""
    start = wire.rfind(b"\r\n", 0, at)
    while wire[start + 2 : start + 3] in (b" ", b"\t"):
        start = wire.rfind(b"\r\n", 0, start)
    line = wire[start + 2 if start >= 0 else 0 :]
    return canonical(line.partition(b":")[0].decode("utf-8", "replace").strip())


def told(value: object) -> list[object]:
    """All that a value says of itself, and what its values say; and it is equal to itself."""
    cls = type(value)
    if not cls.__module__.startswith("sipsm."):
        return [str(value)]
    names = TOLD.get(cls)
    if names is None:
        names = TOLD[cls] = [name for name in dir(cls) if name[0] != "_" and not callable(getattr(cls, name))]
    assert value == value  # noqa: PLR0124
    assert hash(value) == hash(value)
    if isinstance(value, Uri):
        spelled_otherwise(value)
    if isinstance(value, WithParams):
        rebuilt(value)
    if isinstance(value, Address) and not value.is_star:
        rebuilt_address(value)
    return [repr(value), str(value), *(told(attempt(lambda: getattr(value, name))) for name in names)]  # noqa: B023


def rebuilt(value: WithParams) -> None:
    """What a value says makes the same value again, or cannot be written (by kinds that ask for more than came)."""
    cls = type(value)
    if cls not in BUILT:
        first = next(iter(signature(cls.build).parameters.values()))
        BUILT[cls] = first.name == "value" and "bytes" not in first.annotation
    if not BUILT[cls]:
        return
    try:
        again = cls.build(value.value, value.params)
    except LocalProtocolError:
        return
    # (Equal it need not be: whether a parameter was quoted decides whether its case counts.)
    assert again.value == value.value
    assert list(again.params.items()) == list(value.params.items())


def rebuilt_address(address: Address) -> None:
    """An address that is built of what another says, says the same, or cannot be written."""
    try:
        again = Address.build(address.uri, address.display_name, address.params)
    except LocalProtocolError:
        return
    assert (again.uri, again.display_name, again.params) == (address.uri, address.display_name, address.params)


def spelled_otherwise(uri: Uri) -> None:
    """An escape that is not needed makes no other URI, and a number is the same in its normal form and in a SIP URI."""
    scheme, _, rest = str(uri).partition(":")
    if uri.user is not None and rest[0].isalnum():
        other = Uri.parse(f"{scheme.upper()}:%{ord(rest[0]):02x}{rest[1:]}")
        assert other == uri
        assert hash(other) == hash(uri)
    if uri.scheme == "tel":
        number = uri.telephone
        assert number is not None
        assert number.normalized() == number
        assert str(number.normalized().normalized()) == str(number.normalized())
        # What a user part must escape, and a telephone number need not, stays escaped on the way back.
        if not set(":[]") & set(rest):
            try:
                assert sip_to_tel(tel_to_sip(uri, "h")) == uri
            except LocalProtocolError:
                assert not number.is_global
