"""TLS of a served cluster, enabled by its configuration or by options of flinkmock."""

from __future__ import annotations

import shutil
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from flinkmock import private_files
from flinkmock.errors import FlinkMockError
from flinkmock.server import certificates
from flinkmock.server.key_stores import read_key_store, read_trust_store
from flinkmock.server.tls_options import TlsOptions, configured_tls_options

if TYPE_CHECKING:
    from flinkmock.engine import Engine


class Tls:
    """The certificates of a cluster. The files that this object creates are in a private folder until `close`.

    Attributes:
        server_context: The SSL context for the sockets of the cluster.
        ca: The certificates, as PEM, that clients have to trust: the created authority, or the given certificate file.
        ca_file: A file with those certificates: in the private folder, or where `TlsOptions.ca_file` says.
        client_certificate_file: A file with a client certificate that the cluster accepts, and its key; None: clients
            need no certificate, or have their own.
    """

    def __init__(self, host: str, options: TlsOptions) -> None:
        self._folder = private_files.make(private_files.new_path("tls"))
        try:
            self.server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.ca = self._load_server_certificate(host, options)
            self.client_certificate_file = self._require_client_certificates(options)
            self.ca_file = self._write_ca(options.ca_file)
        except BaseException:
            self.close()
            raise

    def client_context(self) -> ssl.SSLContext:
        """Return a context for clients, which trusts the cluster and has the created client certificate, if any."""
        context = ssl.create_default_context(cadata=self.ca.decode())
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # the given file may lack the root, as in Python 3.13
        if self.client_certificate_file is not None:
            context.load_cert_chain(self.client_certificate_file)
        return context

    def close(self) -> None:
        """Remove the files. A second call does nothing."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _load_server_certificate(self, host: str, options: TlsOptions) -> bytes:
        """Load the certificate of the server, and return the certificate that clients have to trust."""
        key_file: Path | None
        if options.key_store is not None:
            stored = read_key_store(options.key_store, options.key_store_password)
            certificate_file = self._write_file("server.pem", stored.certificate)
            key_file = self._write_file("server.key", stored.key)
        elif options.certificate is not None:
            certificate_file, key_file = options.certificate, options.key
        else:
            created = certificates.server_certificate(host)
            certificate_file = self._write_file("server.pem", created.certificate)
            key_file = self._write_file("server.key", created.key)
        try:
            self.server_context.load_cert_chain(certificate_file, key_file, options.key_password)
        except FileNotFoundError:
            missing = [str(path) for path in (certificate_file, key_file) if path is not None and not path.exists()]
            raise FlinkMockError(f"{', '.join(missing)}: file not found.") from None
        except (OSError, ssl.SSLError) as error:
            reason = getattr(error, "reason", None) or error.strerror or error
            raise FlinkMockError(f"{certificate_file} has no certificate that fits its key: {reason}.") from None
        return certificates.authority_certificate() if options.creates_certificate else certificate_file.read_bytes()

    def _require_client_certificates(self, options: TlsOptions) -> Path | None:
        """Require client certificates if the options say so.

        Returns:
            The file of the client certificate that was created, with its key; None if none was created.
        """
        if not options.client_certificates:
            return None
        self.server_context.verify_mode = ssl.CERT_REQUIRED
        if options.client_ca is not None or options.trust_store is not None:
            self._load_client_authorities(options)
            return None
        self.server_context.load_verify_locations(cadata=certificates.authority_certificate().decode())
        certificate = certificates.client_certificate()
        return self._write_file("client.pem", certificate.certificate + certificate.key)

    def _load_client_authorities(self, options: TlsOptions) -> None:
        """Load the authorities of client certificates from the files that the options name. Raises FlinkMockError."""
        try:
            if options.client_ca is not None:
                authorities = options.client_ca.read_bytes()
            else:
                assert options.trust_store is not None
                authorities = read_trust_store(options.trust_store, options.trust_store_password)
            self.server_context.load_verify_locations(cadata=authorities.decode("ascii"))
        except (OSError, ssl.SSLError, ValueError) as error:
            file = options.client_ca or options.trust_store
            raise FlinkMockError(f"{file} has no certificates: {getattr(error, 'strerror', error)}.") from None

    def _write_ca(self, file: Path | None) -> Path:
        if file is None:
            return self._write_file("ca.pem", self.ca)
        try:
            file.write_bytes(self.ca)
        except OSError as error:
            raise FlinkMockError(f"{file} can't be written: {error.strerror}.") from None
        return file

    def _write_file(self, name: str, content: bytes) -> Path:
        file = self._folder / name
        file.touch(mode=0o600)
        file.write_bytes(content)
        return file


def tls_of(engine: Engine, host: str, options: TlsOptions | None) -> Tls | None:
    """Return the certificates of a cluster; None if it is served without TLS.

    Args:
        engine: The engine of the cluster.
        host: The address on which the cluster listens.
        options: The options of flinkmock; None: Flink's options decide.

    Raises:
        FlinkMockError: A file can't be read, written or used, or the package cryptography is missing.
    """
    if options is None:
        options = configured_tls_options(engine)
    return None if options is None else Tls(host, options)
