"""What is true of any session description: it is read, written, answered and changed, or RemoteProtocolError."""

from __future__ import annotations

import pickle

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.sdp import (
    SessionDescription,
    Stream,
    answer,
    check_answer,
    check_offer,
    faults_of_offer,
    hold,
    move,
    refuse_all,
    resume,
)
from tests.fuzz.attempt import attempt


def described(data: bytes) -> SessionDescription | RemoteProtocolError:
    """Bytes that are a description are written as they came and have an answer; whatever they are can be refused."""
    refusal = SessionDescription.parse(refuse_all(data)) if len(data) < 100_000 and data.count(b"m=") < 1000 else None
    assert refusal is None or not any(media.port for media in refusal.media)
    description = attempt(lambda: SessionDescription.parse(data), len(data))
    if isinstance(description, RemoteProtocolError):
        assert description.status in (400, 488)
        return description
    assert bytes(description) == data
    assert pickle.loads(pickle.dumps(description)) == description
    attempt(lambda: description.times)
    attempt(lambda: description.bandwidths)
    _ = description.name, description.information, description.groups, description.is_refused
    for stream in description.streams:
        streamed(stream)
    assert refusal is None or check_answer(refusal, description).is_refused == bool(description.media)
    made = answer(description, description, multicast=True)
    if made is not None:
        assert SessionDescription.parse(bytes(made)) == made
        assert check_answer(made, description, strict="t" in {line[0] for line in description.lines}) is made
        assert answer(description, description, multicast=True, previous=made) is made
    modified(description)
    return description


def streamed(stream: Stream) -> None:
    """Asks a stream for all that it has."""
    media = stream.media
    _ = stream.connection, stream.is_multicast, stream.is_held, stream.is_wanted
    assert all(next(connection.addresses) for connection in stream.connections)
    _ = media.mid, media.ptime, media.information, [codec and codec.params for codec in media.codecs]
    attempt(lambda: media.bandwidths)
    assert media.with_formats(media.formats).formats == media.formats if media.formats else media.port == 0
    assert media.with_port(media.port, media.port_count) == media.with_port(media.port, media.port_count)
    assert media.disabled().port == 0


def modified(description: SessionDescription) -> None:
    """Hold, resumption and another address are offers that may follow, with a version that can be written."""
    for change in (hold, resume, lambda said: move(said, "192.0.2.99")):
        try:
            changed = change(description)
        except LocalProtocolError:
            assert description.origin.version == 10**20 - 1
            continue
        assert list(faults_of_offer(changed, description)) == []
        assert check_offer(bytes(changed), description, strict=True) == changed
