"""A telephone number's way from a tel URI into a SIP URI, and back.

RFC 3261 19.1.6, RFC 3966 5. Which gateway to ask for a number is the program's affair (RFC 3966 9).
"""

from __future__ import annotations

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.escapes import as_user
from sipsm.grammar.params import Params, pairs_of
from sipsm.grammar.tel import TelephoneSubscriber
from sipsm.grammar.text_value import built
from sipsm.grammar.uri import Uri


def tel_to_sip(uri: Uri | str, host: str, port: int | None = None, *, scheme: str = "sip", params: Params = ()) -> Uri:
    """The SIP or SIPS URI that asks the host to reach the number of a tel URI (RFC 3261 19.1.6).

    Equal tel URIs make equal SIP URIs, unless visual separators differ. The parameters given go behind `user=phone`.
    Raises LocalProtocolError when the URI is no tel URI.
    """
    tel = _uri(uri)
    if tel.scheme != "tel" or tel.telephone is None:
        raise LocalProtocolError(f"{tel} is no tel URI", rfc="3261 19.1.6")
    # "the entire telephone-subscriber portion of the tel URL, including any parameters, is placed into the userinfo
    # part of the SIP or SIPS URI" (RFC 3261 19.1.6)
    user = as_user(str(tel.telephone.normalized()))
    return Uri.build(scheme, user, host=host, port=port, params=[("user", "phone"), *pairs_of(params)])


def sip_to_tel(uri: Uri | str, *, phone_context: str | None = None) -> Uri:
    """The tel URI of the number in the user part of a SIP URI, `user=phone` or not (RFC 3261 19.1.1 and 19.1.6).

    A local number gets the phone-context given when it has none of its own. Raises LocalProtocolError when the user
    part is no telephone number, and for a local one without context, which no tel URI may be (RFC 3966 5.1.5).
    """
    sip = _uri(uri)
    try:
        telephone = TelephoneSubscriber.parse(sip.user or "")
    except RemoteProtocolError as error:
        raise LocalProtocolError(f"{sip} names no telephone number", rfc=error.rfc) from None
    if not telephone.is_global and telephone.phone_context is None:
        number, params = str(telephone).partition(";")[0], telephone.params
        telephone = TelephoneSubscriber.build(number, phone_context=phone_context, params=params)
    return Uri.parse(f"tel:{telephone}")


def _uri(uri: Uri | str) -> Uri:
    return uri if isinstance(uri, Uri) else built(Uri.parse, uri)
