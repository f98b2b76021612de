"""Options of commands that connect to a cluster which requires authentication or TLS."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from flinkmock.errors import FlinkMockError

if TYPE_CHECKING:
    import ssl

_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*)")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-H",
        "--header",
        dest="headers",
        action="append",
        default=[],
        type=header,
        metavar="HEADER",
        help="a header for each request, such as 'Authorization: Bearer …'; can be repeated",
    )
    configure_tls(parser)


def configure_tls(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--cacert",
        type=Path,
        default=argparse.SUPPRESS,
        metavar="FILE",
        help="trust the authority whose certificate is in FILE (PEM); default: those that the machine trusts",
    )
    parser.add_argument(
        "--cert",
        type=Path,
        default=argparse.SUPPRESS,
        metavar="FILE",
        help="the client certificate with its key, as PEM",
    )


def header(text: str) -> tuple[str, str]:
    match = _HEADER.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a header. Write 'Authorization: Bearer …'.")
    name, value = match.groups()
    return name, value.strip()


def ssl_context(args: argparse.Namespace) -> ssl.SSLContext | None:
    """Return the context for --cacert and --cert; None if neither is specified.

    Raises:
        FlinkMockError: One of the files can't be read.
    """
    authority, certificate = getattr(args, "cacert", None), getattr(args, "cert", None)
    if authority is None and certificate is None:
        return None
    import ssl

    try:
        context = ssl.create_default_context(cafile=authority)
    except OSError as error:
        raise FlinkMockError(f"--cacert {authority}: {_reason(error)}.") from None
    if certificate is not None:
        try:
            context.load_cert_chain(certificate)
        except OSError as error:
            raise FlinkMockError(f"--cert {certificate}: {_reason(error)}.") from None
    return context


def _reason(error: OSError) -> str:
    """Describe why a file can't be used."""
    import ssl

    return "no certificate, or none with its key" if isinstance(error, ssl.SSLError) else str(error.strerror)
