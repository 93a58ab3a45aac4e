"""The next offer of a session, from the description that we gave last (RFC 3264 8).

Each function gives a new description whose version is one higher, or the one that it got where nothing changes. They
can be called one after the other: what is to be one offer has its version raised once by `following`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sipsm.errors import LocalProtocolError
from sipsm.sdp.checking import remapped
from sipsm.sdp.description import Sdp, SessionDescription, as_description
from sipsm.sdp.fields import Connection
from sipsm.sdp.media import Media
from sipsm.sdp.section import Direction


def hold(ours: Sdp, streams: Iterable[int] | None = None) -> SessionDescription:
    """The offer that asks the other side to send nothing on these streams, of all when None (RFC 3264 8.4).

    Streams of a group stay as they are, since nobody else can be asked for silence there.
    """
    # "If the stream to be placed on hold was previously a sendrecv media stream, it is placed on hold by marking it as
    # sendonly. If the stream to be placed on hold was previously a recvonly media stream, it is placed on hold by marking
    # it inactive." (RFC 3264 8.4)
    return _directed(as_description(ours), streams, lambda direction: direction & Direction.SENDONLY)


def resume(
    ours: Sdp, streams: Iterable[int] | None = None, *, direction: Direction | str = Direction.SENDRECV
) -> SessionDescription:
    """The offer that ends our hold of these streams, of all when None, with what we want of them.

    That need not be what they had: "If it had not previously initiated "hold", then it should offer "a=sendrecv"
    attribute, even if it had previously been forced to answer something else." (RFC 6337 5.3)
    """
    wanted = Direction(direction)
    return _directed(as_description(ours), streams, lambda _: wanted)


def add_stream(ours: Sdp, media: Media, *, theirs: Sdp | None = None, reuse: bool = True) -> SessionDescription:
    """The offer with one more stream: in the place of one that is not wanted any more, else behind the others.

    With `theirs`, what the peer said last, the place of a stream that it refused is free as well (RFC 3264 8.1).
    """
    # "New media streams are created by new additional media descriptions below the existing ones, or by reusing the
    # "slot" used by an old media stream which had been disabled by setting its port to zero." (RFC 3264 8.1)
    ours = as_description(ours)
    refused = [] if theirs is None else [each.port == 0 for each in as_description(theirs).media]
    refused += [False] * (len(ours.media) - len(refused))
    free = (at for at, each in enumerate(ours.media) if not each.port or refused[at])
    at = next(free, None) if reuse else None
    if at is None:
        return ours.with_media([*ours.media, media]).following(ours)
    return _ungrouped(ours, ours.media[at]).with_stream(at, media).following(ours)


def remove_stream(ours: Sdp, index: int) -> SessionDescription:
    """The offer without a stream: its port is zero, its place stays (RFC 3264 8.2)."""
    # "Existing media streams are removed by creating a new SDP with the port number for that stream set to zero."
    # (RFC 3264 8.2)
    ours = as_description(ours)
    old = _stream(ours, index)
    return _ungrouped(ours, old).with_stream(index, old.disabled()).following(ours)


def change_stream(ours: Sdp, index: int, media: Media) -> SessionDescription:
    """The offer with a stream described otherwise: at another port, with other codecs, of another type (RFC 3264 8.3).

    Raises LocalProtocolError where a payload type would come to stand for another codec.
    """
    ours = as_description(ours)
    old = _stream(ours, index)
    if old.port and media.port:
        for fault in remapped(index, media, old):
            raise LocalProtocolError(fault.what, rfc=fault.rfc)
    if old.mid != media.mid:
        ours, before = _ungrouped(ours, old), ours
        return ours.with_stream(index, media).following(before)
    return ours.with_stream(index, media).following(ours)


def move(ours: Sdp, address: str) -> SessionDescription:
    """The offer that has media sent to another address; that of a group stays (RFC 3264 8.3.1)."""
    # "To change the IP address where media is sent to, the same procedure is followed for changing the port number. The
    # only difference is that the connection line is updated, not the port number." (RFC 3264 8.3.1)
    ours = as_description(ours)
    there = Connection(address)
    moved = ours
    if ours.connection is not None and not ours.connection.is_multicast:
        moved = ours.with_connections(there)
    media = [
        each.with_connections(there) if each.connections and not each.connections[0].is_multicast else each
        for each in ours.media
    ]
    return moved.with_media(media).following(ours)


def _stream(ours: SessionDescription, index: int) -> Media:
    if not 0 <= index < len(ours.media):
        raise LocalProtocolError(f"there is no stream {index} of {len(ours.media)}", rfc="3264 8")
    return ours.media[index]


def _directed(
    ours: SessionDescription, streams: Iterable[int] | None, change: Callable[[Direction], Direction]
) -> SessionDescription:
    """The description with other directions of unicast streams."""
    chosen = range(len(ours.media)) if streams is None else list(streams)
    for index in chosen:
        _stream(ours, index)
    media = list(ours.media)
    for index, stream in enumerate(ours.streams):
        if index in chosen and stream.is_wanted and not stream.is_multicast:
            direction = change(stream.direction)
            if direction is not stream.direction:
                media[index] = stream.media.with_direction(direction)
    return ours.with_media(media).following(ours)


def _ungrouped(ours: SessionDescription, media: Media) -> SessionDescription:
    """The description without the stream's name in any group."""
    # ""a=group" lines MUST NOT contain identification-tags that correspond to "m" lines with the port set to zero."
    # (RFC 5888 9.2)
    values = ours.attributes_named("group")
    if media.mid is None or not any(media.mid in value.split() for value in values):
        return ours
    kept = [" ".join(word for at, word in enumerate(value.split()) if not at or word != media.mid) for value in values]
    return ours.with_attribute("group", *kept)
