"""The TLS options of a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flinkmock.errors import InvalidArgument

if TYPE_CHECKING:
    from flinkmock.engine import Engine

GENERAL_PREFIX = "security.ssl"
PREFIX = f"{GENERAL_PREFIX}.rest"


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """TLS for a fake cluster. Without files, flinkmock creates a certificate, which needs the extra `tls`.

    Attributes:
        certificate: A PEM file with the server's certificate, and intermediate certificates.
        key: A PEM file with the private key; None: the key is in the same file.
        key_password: The password of the private key.
        key_store: A PKCS12 file with certificate and key (`security.ssl.rest.keystore`).
        key_store_password: The password of the key store.
        client_certificates: Whether clients need a certificate (`security.ssl.rest.authentication-enabled`).
        client_ca: A PEM file with the authorities of client certificates.
        trust_store: A PKCS12 file with these authorities (`security.ssl.rest.truststore`). If there is neither
            `client_ca` nor `trust_store`, but clients need a certificate, an authority and a client certificate are
            created.
        trust_store_password: The password of the trust store.
        ca_file: The file to which the certificate that clients have to trust is written; None: a temporary file.

    Raises:
        InvalidArgument: There is a key without a certificate.
    """

    certificate: Path | None = None
    key: Path | None = None
    key_password: str | None = None
    key_store: Path | None = None
    key_store_password: str = ""
    client_certificates: bool = False
    client_ca: Path | None = None
    trust_store: Path | None = None
    trust_store_password: str = ""
    ca_file: Path | None = None

    def __post_init__(self) -> None:
        if self.key is not None and self.certificate is None:
            raise InvalidArgument("A key needs its certificate.")

    @property
    def creates_certificate(self) -> bool:
        """Whether the server's certificate is created."""
        return self.certificate is None and self.key_store is None


def enables_tls(engine: Engine) -> bool:
    """Return whether a cluster's configuration enables TLS for its REST API.

    Before 2.0, the option for all connections applies if the one for the REST API is not set
    (SecurityOptions.isRestSSLEnabled).
    """
    values = engine.cluster.configuration.values
    default = "false" if engine.cluster.release.since("2.0") else values.get(f"{GENERAL_PREFIX}.enabled", "false")
    return values.get(f"{PREFIX}.enabled", default).lower() == "true"


def configured_tls_options(engine: Engine) -> TlsOptions | None:
    """Return the TLS options in the configuration of a cluster; None if the configuration does not enable TLS."""
    if not enables_tls(engine):
        return None
    values = engine.cluster.configuration.values

    def text(name: str) -> str | None:
        """Return an option for the REST API or, if it is not set, the general option (SecurityOptions)."""
        return values.get(f"{PREFIX}.{name}", values.get(f"{GENERAL_PREFIX}.{name}"))

    key_store, trust_store = text("keystore"), text("truststore")
    return TlsOptions(
        key_store=Path(key_store) if key_store else None,
        key_store_password=text("keystore-password") or "",
        trust_store=Path(trust_store) if trust_store else None,
        trust_store_password=text("truststore-password") or "",
        client_certificates=values.get(f"{PREFIX}.authentication-enabled", "").lower() == "true",
    )
