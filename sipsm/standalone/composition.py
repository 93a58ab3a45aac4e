"""What several publications of presence make together.

RFC 3903 10.3 and 10.4; RFC 3863 4.1.2. Other ways to compose are as good: the RFC leaves it to local policy.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve

from sipsm.errors import RemoteProtocolError
from sipsm.grammar import Uri
from sipsm.message.headers.content import type_alone
from sipsm.packages import Presence
from sipsm.standalone.soft_state import EventState


def compose_presence(entity: Uri | str, states: Iterable[EventState]) -> Presence:
    """The presence of somebody with the tuples and notes of all publications, those of the one changed last first.

    A tuple gets an id of its own, since publishers choose theirs without each other; it keeps it as long as its
    publication lives and calls it the same. What cannot be read is left out.
    """
    presence = Presence(str(entity))
    for state in states:
        if type_alone(state.content_type) != Presence.content_type:
            continue
        try:
            said = Presence.parse(state.body)
        except RemoteProtocolError:
            continue
        # "The ESC will interpret each tuple in the context of the entity-tag with which the request arrived."
        # (RFC 3903 10.4)
        tuples = (evolve(each, id=f"p{state.number}.{each.id}") for each in said.tuples)
        presence = evolve(
            presence,
            tuples=(*tuples, *presence.tuples),
            notes=(*said.notes, *presence.notes),
            extensions=(*said.extensions, *presence.extensions),
        )
    return presence
