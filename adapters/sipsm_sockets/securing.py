"""TLS without a connection: what comes goes in, what is to be sent comes out. With whose certificates, trusting whom.

RFC 3261 26.3.1, RFC 5922 7.3 (the name that a server must prove), 7.8 (the one that it is asked for). Bytes, handshakes
and certificates are `ssl`'s; whose a certificate is, is decided by `sipsm.transport.certificate`.
"""

from __future__ import annotations

import os
import ssl
from contextlib import suppress
from typing import Final, NamedTuple

from sipsm import Open
from sipsm.transport.certificate import domains_of, is_for

PIECE: Final = 16_384
"""How many bytes are taken out at once: those that one record may have."""


class TlsContexts(NamedTuple):
    """What the connections of an agent have in common: with those who come to it, and with those whom it goes to."""

    server: ssl.SSLContext
    client: ssl.SSLContext
    """It must verify certificates; who it is that has one is then compared with whom the agent looks for."""


def tls_contexts(
    cert: str | os.PathLike[str] | None = None,
    key: str | os.PathLike[str] | None = None,
    ca: str | os.PathLike[str] | None = None,
) -> TlsContexts:
    """Contexts for TLS 1.2 and later, from files in PEM.

    `cert` is the own certificate, followed by those that lead to who is trusted; who has none is reached by nobody, and
    proves nothing. Its `key` may be in the same file. Who is certified by `ca` is trusted; by default, whom the system
    trusts.
    With a `ca`, who comes is asked for a certificate too: he need not have one, but one that he shows must be valid.
    Raises `OSError` (`ssl.SSLError` is one) for files that cannot be read or do not fit together.
    """
    made = TlsContexts(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    for context in made:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION
        if cert is not None:
            context.load_cert_chain(cert, key)
        if ca is not None:
            context.load_verify_locations(ca)
    # Nobody comes back for a session that was; and a client who says something and goes, with tickets that he has not
    # read, resets the connection, and what he has said is lost.
    made.server.num_tickets = 0
    # It would compare names as HTTP does: by wildcards, and without URIs.
    made.client.check_hostname = False
    made.client.verify_mode = ssl.CERT_REQUIRED
    if ca is None:
        made.client.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        # "A TLS server conformant to this specification MUST ask for a client certificate" (RFC 5923 9.2)
        made.server.verify_mode = ssl.CERT_OPTIONAL
    return made


class Secured:
    """One side of TLS over one connection: a server's, or that of a client who looks for somebody of this name.

    Raises `OSError` for a name that nobody can prove.
    """

    def __init__(self, context: ssl.SSLContext, name: str | None = None) -> None:
        self._name = name
        self._come, self._going = ssl.MemoryBIO(), ssl.MemoryBIO()
        try:
            # "if the Transport Layer Security (TLS) Client Hello "server_name" extension ... is supported, the client
            # SHOULD use that extension to request a certificate corresponding to the specific domain (from the SIP AUS)
            # with which the client is seeking to establish a connection." (RFC 5922 7.8)
            self._tls = context.wrap_bio(self._come, self._going, server_side=name is None, server_hostname=name)
        except ValueError as error:
            raise OSError(f"nobody can prove to be {name!r}: {error}") from None
        self.proved: tuple[str, ...] = ()
        """The names that the other side has proved."""
        self.is_over = False
        """Whether nothing more comes."""
        self.still_reads = False
        """Whether who sends nothing more has said so in such a way that he may still be answered."""

    def take(self, data: bytes) -> None:
        """This has come; nothing is the end of the connection."""
        if data:
            self._come.write(data)
        else:
            self._come.write_eof()

    def going(self) -> bytes:
        """What is to be sent now."""
        return self._going.read()

    def shake_hands(self) -> bool:
        """Go on with the handshake; returns whether it is done. Raises `OSError` when it has failed."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError as error:
            raise OSError(_why(error)) from error
        certificate = self._tls.getpeercert() or {}
        # "the client MUST compare the original domain portion of the SIP AUS used as input to the RFC 3263 [8] server
        # location procedures to the SIP domain identities obtained from the certificate." And "If the server is not
        # authenticated, the client MUST close the connection immediately." (RFC 5922 7.3)
        if self._name is not None and not is_for(certificate, self._name):
            self._going.read()
            raise OSError(
                f"its certificate is for {' and '.join(domains_of(certificate)) or 'nobody'}, not {self._name}"
            )
        self.proved = domains_of(certificate)
        return True

    def seal(self, data: bytes) -> bytes:
        """What is to be sent for these bytes. Raises `OSError` where nothing can be sent any more."""
        rest = memoryview(data)
        while rest:
            rest = rest[self._tls.write(rest) :]
        return self.going()

    def opened(self) -> bytes | None:
        """What has come, without its cover; none at the end; None when there is nothing yet. Raises `OSError`."""
        found = bytearray()
        while not self.is_over:
            try:
                piece = self._tls.read(PIECE)
            except ssl.SSLWantReadError:
                return bytes(found) or None
            except ssl.SSLZeroReturnError:
                piece = b""
            except ssl.SSLEOFError:
                # Many close without a word. What a message lacks then is seen by its length.
                self.is_over = True
                break
            found += piece
            if not piece:
                # Up to 1.2, "The other party MUST respond with a close_notify alert of its own and close down the
                # connection immediately, discarding any pending writes." (RFC 5246 7.2.1)
                self.still_reads = self._tls.version() == "TLSv1.3"
                self.is_over = True
        return bytes(found)

    def farewell(self) -> bytes:
        """What says that nothing more is sent."""
        # It is not answered yet; or there has been no handshake, and so there is nothing to say.
        with suppress(ssl.SSLError, ValueError):
            self._tls.unwrap()
        return self.going()


def securing(contexts: TlsContexts, open: Open | None) -> Secured:
    """What secures a connection that was made for this, or by a peer. Raises `OSError` for a name of nobody."""
    return Secured(contexts.server) if open is None else Secured(contexts.client, open.name)


def _why(error: ssl.SSLError) -> str:
    """What was wrong, for people."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {error.verify_message}"
    if isinstance(error, ssl.SSLEOFError):
        return "the connection was closed"
    return (error.reason or str(error)).lower().replace("_", " ")
