"""What an INFO of a package carries, and whether the package takes that.

RFC 6086 4.2.2 and 4.3.1; RFC 5621 (multiparts).
"""

from __future__ import annotations

from sipsm.message import Message, Request
from sipsm.message.bodies import Part, disposition, multipart, read_body
from sipsm.message.headers import CONTENT_DISPOSITION
from sipsm.role.screening import Profile

Content = Message | Part


def parts_of_package(request: Request) -> tuple[Content, ...]:
    """What of an INFO's body is the package's; RemoteProtocolError when the body cannot be taken apart."""
    if not request.body:
        return ()
    # "If an INFO request associated with an Info Package contains a message body part, the body part is identified by a
    # Content-Disposition header field "Info-Package" value." (RFC 6086 4.3.1)  A body that does not say what it is for
    # and is the only one can be for nothing else.
    if request[CONTENT_DISPOSITION] is None and multipart(request) is None:
        return (request,)
    return tuple(_found(request))


def _found(content: Content) -> list[Content]:
    if disposition(content).type == "info-package":
        return [content]
    inner = multipart(content)
    return [] if inner is None else [found for part in inner.parts for found in _found(part)]


def strange_types(profile: Profile, package: str, parts: tuple[Content, ...]) -> bool:
    """Whether something in these parts must be understood, and is of no type that the package has."""
    types = dict(profile.info_types).get(package)
    return types is not None and any(read_body(part, types).unsupported for part in parts)
