"""Restricts access to the control API by the token, the `Host` header, and the origin of pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from flinkmock.control.rejection import RequestRejected

WILDCARD_ADDRESSES = frozenset({"0.0.0.0", "::", ""})
"""The bind addresses that mean all addresses of the machine."""


def is_loopback(host: str) -> bool:
    """Return whether a host name or address always denotes this machine."""
    name = host.strip("[]").lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Access:
    """The rules for one address at which the control API is served.

    A page from another origin can make a browser send requests to this machine, and so can a page whose host name is
    made to resolve to this address (DNS rebinding). `check` recognizes these requests by the headers `Origin` and
    `Host`, and rejects them. Clients on other machines need the token.

    Attributes:
        bound_host: The address to which the server is bound. On a wildcard address, any `Host` is accepted, because a
            token is required.
        token: The control token, which the header `Authorization: Bearer` has to contain; None: none is needed.
    """

    bound_host: str = "127.0.0.1"
    token: str | None = None

    def check(self, headers: Mapping[str, str], *, is_public: bool) -> None:
        """Check the headers of a request. Raises RequestRejected: 401 or 403.

        Args:
            headers: A mapping that ignores the case of names.
            is_public: Whether the operation can be called without the token.
        """
        host = headers.get("Host", "")
        name = host_name(host)
        if (
            self.bound_host not in WILDCARD_ADDRESSES
            and not is_loopback(name)
            and name != self.bound_host.strip("[]").lower()
        ):
            raise RequestRejected(
                403,
                "HostNotAllowed",
                f'The header Host is "{host}". The control API accepts localhost and {self.bound_host} only.',
            )
        origin = headers.get("Origin")
        if origin is not None and origin.partition("://")[2].lower() != host.lower():
            raise RequestRejected(
                403, "OriginNotAllowed", f'The control API does not accept requests from pages of "{origin}".'
            )
        if self.token is None or is_public:
            return
        import hmac

        scheme, _, token = headers.get("Authorization", "").partition(" ")
        token_bytes = token.strip().encode("utf-8", errors="surrogateescape")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token_bytes, self.token.encode()):
            raise RequestRejected(
                401,
                "TokenRequired",
                "The control API needs a token here: Authorization: Bearer TOKEN. `flinkmock serve` prints it.",
                headers={"WWW-Authenticate": "Bearer"},
            )


def host_name(host: str) -> str:
    """Return the name or address in a `Host` header, without port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower().rstrip(".")
