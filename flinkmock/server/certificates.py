"""Creates certificates for a process: an authority, and certificates that it signs.

This needs the extra `tls`. The keys are random, so they differ in each process.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from flinkmock.errors import FlinkMockError

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

_AUTHORITY_NAME = "flinkmock CA"
_VALID_FOR = timedelta(days=365)
_VALID_BEFORE_CREATION = timedelta(days=1)
"""How long before its creation a certificate becomes valid, because clocks may differ."""
_CRYPTOGRAPHY_MISSING = (
    "flinkmock makes certificates with the package cryptography, which is not installed: "
    'pip install "flinkmock[tls]". Or name your own files: --tls-cert and --tls-key.'
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its private key, both as PEM."""

    certificate: bytes
    key: bytes


class _KeyPair(NamedTuple):
    """A certificate and its private key, as objects of cryptography."""

    certificate: x509.Certificate
    key: EllipticCurvePrivateKey


@cache
def _authority() -> _KeyPair:
    """Create the authority of this process. Raises FlinkMockError without cryptography."""
    return _create(_AUTHORITY_NAME, None, ())


def authority_certificate() -> bytes:
    """Return the certificate of the authority of this process as PEM. Raises FlinkMockError without cryptography."""
    return _pem(_authority().certificate)


@cache
def server_certificate(host: str) -> Certificate:
    """Create the certificate of a server that listens on `host`. Raises FlinkMockError without cryptography."""
    names = dict.fromkeys(("localhost", "127.0.0.1", "::1", socket.gethostname(), host))
    return _signed_certificate("flinkmock", tuple(name for name in names if name))


@cache
def client_certificate() -> Certificate:
    """Create a certificate for clients. Raises FlinkMockError without cryptography."""
    return _signed_certificate("flinkmock client", ())


def _signed_certificate(name: str, hosts: tuple[str, ...]) -> Certificate:
    certificate, key = _create(name, _authority(), hosts)
    from cryptography.hazmat.primitives import serialization  # `_create` has reported if it is not installed

    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Certificate(_pem(certificate), key_pem)


def _create(name: str, signer: _KeyPair | None, hosts: tuple[str, ...]) -> _KeyPair:
    """Create a key and its certificate.

    Args:
        name: The common name.
        signer: The authority that signs the certificate; None: the certificate is that of an authority.
        hosts: The names of a server; (): the certificate is for clients, or that of an authority.
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import ExtendedKeyUsageOID
    except ImportError:
        raise FlinkMockError(_CRYPTOGRAPHY_MISSING) from None
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    issuer, issuer_key = (subject, key) if signer is None else (signer.certificate.subject, signer.key)
    now = _now()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _VALID_BEFORE_CREATION)
        .not_valid_after(now + _VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .add_extension(_key_usage(x509, signs=signer is None), critical=True)
    )
    if signer is not None:
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    if hosts:
        names = [_general_name(x509, host) for host in hosts]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return _KeyPair(builder.sign(issuer_key, hashes.SHA256()), key)


def _now() -> datetime:
    """Return the time of the machine, which OpenSSL uses even if tests replace Python's clock."""
    with tempfile.TemporaryFile() as file:
        return datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)


def _key_usage(x509: Any, *, signs: bool) -> Any:
    """Return the use of a key: to sign certificates, or for TLS."""
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(x509: Any, host: str) -> Any:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host.encode("idna").decode())


def _pem(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives import serialization

    return certificate.public_bytes(serialization.Encoding.PEM)
