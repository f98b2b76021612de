"""Options of `flinkmock serve` for TLS, authentication and a base path."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from flinkmock.errors import FlinkMockError, InvalidArgument
from flinkmock.ingress import Credential, basic, bearer
from flinkmock.ingress.spec import parse_base_path

if TYPE_CHECKING:
    from flinkmock.engine import Engine
    from flinkmock.server.tls import Tls

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tls",
        action="store_true",
        help="serve with TLS and a new certificate, as security.ssl.rest.enabled in the scenario does",
    )
    parser.add_argument("--tls-cert", type=Path, metavar="FILE", help="serve with TLS and the certificate in this file")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="the key of --tls-cert; default: in the same file")
    parser.add_argument(
        "--tls-client-certificates",
        action="store_true",
        help="create a client certificate, and require it as security.ssl.rest.authentication-enabled does",
    )
    parser.add_argument(
        "--tls-client-ca", type=Path, metavar="FILE", help="require certificates that an authority in FILE has signed"
    )
    parser.add_argument(
        "--tls-ca-file",
        type=Path,
        metavar="FILE",
        help="write the certificate that clients have to trust to FILE; default: to a temporary file",
    )
    parser.add_argument(
        "--base-path",
        type=base_path,
        metavar="URL-PATH",
        help="serve the cluster below this path, as an ingress does: /namespace/job",
    )
    parser.add_argument(
        "--basic-auth",
        dest="credentials",
        action="append",
        default=[],
        type=basic_credential,
        metavar="USER:PASSWORD",
        help="require this user and password, as an ingress does; can be repeated",
    )
    parser.add_argument(
        "--bearer-token",
        dest="credentials",
        action="append",
        type=bearer_credential,
        metavar="TOKEN",
        help="require this bearer token in the header Authorization; can be repeated",
    )


def base_path(text: str) -> str:
    try:
        return parse_base_path(text)
    except InvalidArgument as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def basic_credential(text: str) -> Credential:
    name, colon, password = text.partition(":")
    if not colon or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not a user with a password. Write alice:secret.")
    return basic(name, password)


def bearer_credential(text: str) -> Credential:
    if not _TOKEN.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a token: it has characters that a header can't have.")
    return bearer(text)


@contextmanager
def tls(args: argparse.Namespace, engine: Engine) -> Iterator[Tls | None]:
    """Yield the certificates with which the cluster is served; None without TLS. Raises FlinkMockError."""
    from flinkmock.server.tls_options import TlsOptions, enables_tls

    if args.tls_key is not None and args.tls_cert is None:
        raise FlinkMockError("--tls-key needs --tls-cert.")
    requires_client_certificates = args.tls_client_certificates or args.tls_client_ca is not None
    has_tls_option = args.tls or args.tls_cert is not None
    if not has_tls_option and not enables_tls(engine):
        if requires_client_certificates or args.tls_ca_file is not None:
            raise FlinkMockError("Certificates need --tls, or security.ssl.rest.enabled in the scenario.")
        yield None
        return
    from flinkmock.server.tls import tls_of

    options = TlsOptions(
        certificate=args.tls_cert,
        key=args.tls_key,
        client_certificates=requires_client_certificates,
        client_ca=args.tls_client_ca,
        ca_file=args.tls_ca_file,
    )
    has_any_option = has_tls_option or requires_client_certificates or args.tls_ca_file is not None
    server_tls = tls_of(engine, args.host, options if has_any_option else None)
    try:
        yield server_tls
    finally:
        if server_tls is not None:
            server_tls.close()
