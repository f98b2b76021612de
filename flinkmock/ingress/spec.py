"""The ingress of a cluster, as a scenario or the command line describes it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flinkmock.errors import InvalidArgument
from flinkmock.ingress.credential import Credential

_BASE_PATH = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@-]+)*")


@dataclass(frozen=True, slots=True)
class IngressSpec:
    """The ingress in front of a cluster. With the default values, there is no ingress.

    Attributes:
        base_path: The path below which the cluster is, such as "/ns/job", without a slash at its end.
        credentials: The accepted credentials; (): requests need none.
        realm: The realm in the header `WWW-Authenticate`.
        redirect_to_https: Whether requests that did not arrive over TLS are redirected to HTTPS.
    """

    base_path: str = ""
    credentials: tuple[Credential, ...] = ()
    realm: str = "Flink"
    redirect_to_https: bool = False

    @property
    def exists(self) -> bool:
        return bool(self.base_path or self.credentials or self.redirect_to_https)


def parse_base_path(text: str) -> str:
    """Return a base path without a slash at its end. Raises InvalidArgument."""
    path = text.rstrip("/")
    if not _BASE_PATH.fullmatch(path) or any(segment in (".", "..") for segment in path.split("/")):
        raise InvalidArgument(f"{text!r} is not a base path. Write /namespace/job.")
    return path
