"""Certificates for the loopback, by an authority that lasts as long as the tests."""

from __future__ import annotations

import atexit
import ssl
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sipsm_sockets import TlsContexts, tls_contexts

LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
"""The names of everybody here, if nothing else is said."""
_folder: Final = TemporaryDirectory()
atexit.register(_folder.cleanup)


class Authority:
    """Somebody who certifies; whether he is trusted is another matter."""

    def __init__(self, name: str) -> None:
        self._ca = trustme.CA()
        self._name = name
        self._issued = 0
        self.file = self._write("ca", self._ca.cert_pem.bytes())
        """His own certificate."""

    def issue(self, *names: str) -> Path:
        """A certificate for host names and addresses, with its key, as a file."""
        return self._issue(self._ca.issue_cert(*names))

    def issue_expired(self, *names: str) -> Path:
        """One that was valid until yesterday."""
        yesterday = datetime.now(UTC) - timedelta(days=1)
        return self._issue(self._ca.issue_cert(*names, not_before=yesterday - timedelta(days=1), not_after=yesterday))

    def issue_for_uris(self, *uris: str, names: tuple[str, ...] = ()) -> Path:
        """One for URIs, and for host names beside them."""
        own, key = x509.load_pem_x509_certificate(self._ca.cert_pem.bytes()), ec.generate_private_key(ec.SECP256R1())
        signs = serialization.load_pem_private_key(self._ca.private_key_pem.bytes(), None)
        assert isinstance(signs, ec.EllipticCurvePrivateKey)
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder(own.subject, x509.Name([]), key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(
                x509.SubjectAlternativeName([*map(x509.UniformResourceIdentifier, uris), *map(x509.DNSName, names)]),
                critical=True,
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
                    own.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
                ),
                critical=False,
            )
            .sign(signs, hashes.SHA256())
        )
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return self._next(made.public_bytes(serialization.Encoding.PEM) + secret)

    def _issue(self, made: trustme.LeafCert) -> Path:
        return self._next(made.private_key_and_cert_chain_pem.bytes())

    def _next(self, data: bytes) -> Path:
        self._issued += 1
        return self._write(str(self._issued), data)

    def _write(self, what: str, data: bytes) -> Path:
        file = Path(_folder.name) / f"{self._name}-{what}.pem"
        file.write_bytes(data)
        return file


@cache
def trusted() -> Authority:
    """The one whom all trust."""
    return Authority("trusted")


@cache
def unknown() -> Authority:
    """One whom nobody trusts."""
    return Authority("unknown")


@cache
def everybody() -> TlsContexts:
    """What agents and their peers have, if nothing else is said: they prove to be on the loopback."""
    return having(trusted().issue(*LOOPBACK))


def having(certificate: Path | None) -> TlsContexts:
    """What one has who trusts the trusted one, and shows this."""
    return tls_contexts(certificate, ca=trusted().file)


def in_clear(ssl_socket: ssl.SSLSocket, size: int = 65_536) -> bytes | None:
    """What has come, without waiting for more; none at the end; None when there is nothing yet."""
    patience = ssl_socket.gettimeout()
    ssl_socket.setblocking(False)
    try:
        found = ssl_socket.recv(size)
        while ssl_socket.pending():
            found += ssl_socket.recv(size)
    except ssl.SSLWantReadError:
        return None
    finally:
        ssl_socket.settimeout(patience)
    return found
