"""What is true of any body: it has parts, or is a fragment, or RemoteProtocolError (RFC 5621, RFC 3420)."""

from __future__ import annotations

import pickle

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message import Request, Response
from sipsm.message.bodies.handling import read_body
from sipsm.message.bodies.multipart import Multipart, Part, multipart, referred
from sipsm.message.bodies.sipfrag import SipFrag
from tests.fuzz.attempt import attempt
from tests.fuzz.descriptions import described
from tests.fuzz.values import touch_fields, typed

TYPES = frozenset({"application/sdp", "text/plain", "message/sip", "message/sipfrag", "multipart/related"})


def touch_body(message: Request | Response) -> None:
    """Asks for what the body of a message has."""
    if message.body:
        attempt(lambda: read_body(message, TYPES, dispositions={"render", "session"}))
        attempt(lambda: SipFrag.parse(message.body), len(message.body))


def bodied(message: Request | Response) -> None:
    """Whatever the body of a message holds, its parts can be read, written and built, and are a fragment or none."""
    reading = attempt(lambda: read_body(message, ()))
    if not isinstance(reading, RemoteProtocolError):
        assert not reading.understood
    attempt(lambda: referred(message, "cid:a@b"))
    parted(message)
    described(message.body)
    frag = attempt(lambda: SipFrag.parse(message.body))
    if not isinstance(frag, RemoteProtocolError):
        assert bytes(frag) == message.body
        fragmentary(frag)
    named = SipFrag.of(message, "Via", "To", "CSeq", "Subject")
    assert SipFrag.parse(bytes(named)).headers == named.headers


def parted(entity: Request | Response | Part) -> None:
    """The parts of a multipart stand in its body, in order, and make the same when built anew."""
    found = attempt(lambda: multipart(entity))
    if found is None or isinstance(found, RemoteProtocolError):
        return
    assert bytes(found) == entity.body
    assert found.parts
    at = 0
    for part in found.parts:
        at = entity.body.index(bytes(part), at)
        touch_fields(part)
        typed(part)
        attempt(lambda: part.content_type)  # noqa: B023
        attempt(lambda: part.content)  # noqa: B023
        assert bytes(part).endswith(part.body)
        assert pickle.loads(pickle.dumps(part)) == part
        changed = part.with_header("X-Y", "z")
        assert bytes(changed).endswith(b"X-Y: z\r\n\r\n" + part.body) or part.has("X-Y")
        parted(part)
    attempt(lambda: found.root)
    attempt(lambda: found.preamble)
    try:
        built = Multipart.build(found.subtype, found.parts)
    except LocalProtocolError:
        return
    assert [(part.headers, part.body) for part in built.parts] == [(part.headers, part.body) for part in found.parts]


def fragmentary(frag: SipFrag) -> None:
    """A fragment of a message can be read, and read again."""
    touch_fields(frag)
    assert frag.status is None or frag.status in range(100, 700)
    assert (frag.status is None) or (frag.method is None)
    assert pickle.loads(pickle.dumps(frag)) == frag
    if not frag.body:
        again = attempt(lambda: SipFrag.parse(bytes(frag.with_added("X-Y", "z"))))
        assert isinstance(again, RemoteProtocolError) or again.headers == (*frag.headers, ("X-Y", "z"))
