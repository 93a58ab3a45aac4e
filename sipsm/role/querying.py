"""What a user agent says of what it can do: the answer to an OPTIONS.

RFC 3261 11.2, RFC 3264 9, RFC 6665 4.4.4.
"""

from __future__ import annotations

from sipsm.errors import RemoteProtocolError
from sipsm.message import Request
from sipsm.message.headers import ACCEPT
from sipsm.role.screening import HeaderLine, Profile, accept, allow, allow_events, supported
from sipsm.sdp.offer_answer import SDP


def capabilities(profile: Profile) -> list[HeaderLine]:
    """What is served, understood and supported, as header lines."""
    # "Allow, Accept, Accept-Encoding, Accept-Language, and Supported header fields SHOULD be present in a 200 (OK)
    # response to an OPTIONS request." (RFC 3261 11.2)
    # Whether a type is for a call or for a message, Accept does not tell.
    kinds = dict.fromkeys((*profile.accept, *profile.message_types))
    _, *how = accept(profile)
    extensions = ("Supported", ", ".join(supported(profile)))
    return [*allow(profile), ("Accept", ", ".join(kinds)), *how, extensions, *allow_events(profile)]


def media(profile: Profile, request: Request) -> bytes:
    """The description of the media that could be spoken, for one who asks by an OPTIONS and can read it; or nothing."""
    # "A message body MAY be sent, the type of which is determined by the Accept header field in the OPTIONS request
    # (application/sdp is the default if the Accept header field is not present). If the types include one that can
    # describe media capabilities, the UAS SHOULD include a body in the response for that purpose." (RFC 3261 11.2)
    if not request.has("Accept"):
        return profile.media
    try:
        wanted = request[ACCEPT]
    except RemoteProtocolError:
        return b""
    return profile.media if any(each.q > 0 and each.covers(SDP) for each in wanted) else b""
