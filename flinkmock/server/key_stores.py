"""Reads Java's key stores in the format PKCS12, which Flink's options name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flinkmock.errors import FlinkMockError
from flinkmock.server.certificates import Certificate

_JKS_MAGIC = b"\xfe\xed\xfe\xed"


def read_key_store(file: Path, password: str) -> Certificate:
    """Return the certificate of a key store, with intermediate certificates and its key. Raises FlinkMockError."""
    store = _load(file, password)
    from cryptography.hazmat.primitives import serialization  # `_load` has reported if it is not installed

    if store.key is None or store.cert is None:
        raise FlinkMockError(f"{file} has no private key with its certificate.")
    certificates = [store.cert, *store.additional_certs]
    key = store.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Certificate(_as_pem(certificates), key)


def read_trust_store(file: Path, password: str) -> bytes:
    """Return the certificates of a trust store as PEM. Raises FlinkMockError."""
    store = _load(file, password)
    certificates = [entry for entry in (store.cert, *store.additional_certs) if entry is not None]
    if not certificates:
        raise FlinkMockError(f"{file} has no certificates.")
    return _as_pem(certificates)


def _as_pem(certificates: Iterable[Any]) -> bytes:
    from cryptography.hazmat.primitives import serialization

    return b"".join(certificate.certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates)


def _load(file: Path, password: str) -> Any:
    """Return the PKCS12KeyAndCertificates of a file. Raises FlinkMockError."""
    try:
        from cryptography.hazmat.primitives.serialization import pkcs12
    except ImportError:
        raise FlinkMockError(
            f'{file} is read with the package cryptography, which is not installed: pip install "flinkmock[tls]".'
        ) from None
    try:
        data = file.read_bytes()
    except OSError as error:
        raise FlinkMockError(f"{file} can't be read: {error.strerror}.") from None
    if data.startswith(_JKS_MAGIC):
        raise FlinkMockError(
            f"{file} is a key store in the format JKS, which only Java reads. Convert it: keytool -importkeystore "
            f"-srckeystore {file.name} -destkeystore {file.stem}.p12 -deststoretype pkcs12"
        )
    try:
        return pkcs12.load_pkcs12(data, password.encode())
    except ValueError as error:
        raise FlinkMockError(f"{file} is not a PKCS12 key store with this password: {error}.") from None
