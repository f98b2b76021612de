"""Credentials that an ingress accepts."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from enum import StrEnum


class Scheme(StrEnum):
    """How a client authenticates."""

    BASIC = "Basic"
    BEARER = "Bearer"


@dataclass(frozen=True, slots=True)
class Credential:
    """A user with a password, or a bearer token.

    Attributes:
        scheme: How a client sends the credential.
        secret: "user:password", or the bearer token.
        expires_after: When the credential expires, in ms of cluster time since the start of the scenario; None: never.
    """

    scheme: Scheme
    secret: str
    expires_after: int | None = None

    @property
    def header(self) -> str:
        """The value of the header `Authorization`."""
        if self.scheme is Scheme.BASIC:
            return f"{self.scheme} {base64.b64encode(self.secret.encode()).decode()}"
        return f"{self.scheme} {self.secret}"


def basic(user: str, password: str, expires_after: int | None = None) -> Credential:
    """Return the credential of a user with a password."""
    return Credential(Scheme.BASIC, f"{user}:{password}", expires_after)


def bearer(token: str, expires_after: int | None = None) -> Credential:
    """Return the credential of a client with a bearer token."""
    return Credential(Scheme.BEARER, token, expires_after)


def parse_authorization(header: str) -> tuple[str, str]:
    """Return the scheme in lower case and the secret of a header `Authorization`; "" if the secret can't be read."""
    scheme, _, value = header.strip().partition(" ")
    scheme, value = scheme.lower(), value.strip()
    if scheme == Scheme.BASIC.lower():
        try:
            return scheme, base64.b64decode(value, validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            return scheme, ""
    return scheme, value
