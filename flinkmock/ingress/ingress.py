"""An ingress decides which requests reach the cluster, and answers the others as ingress-nginx does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flinkmock.ingress.credential import Credential, Scheme, parse_authorization
from flinkmock.ingress.forwarded import requested_origin
from flinkmock.rest.response import Response

if TYPE_CHECKING:
    from flinkmock.engine import Engine

_PAGE = (
    "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
_TITLES = {
    301: "301 Moved Permanently",
    308: "308 Permanent Redirect",
    401: "401 Authorization Required",
    404: "404 Not Found",
}


class Ingress:
    """The ingress of a cluster."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._spec = engine.ingress

    def without_base_path(self, target: str) -> str:
        """Return the target without the base path; the unchanged target if it is not below the base path."""
        base_path = self._spec.base_path
        shortened = target.removeprefix(base_path)
        if not target.startswith(base_path) or shortened[:1] not in ("", "/", "?"):
            return target
        return shortened if shortened.startswith("/") else f"/{shortened}"

    def response(self, target: str, headers: Mapping[str, str], base_url: str) -> Response | None:
        """Return the response to a request that does not reach the cluster; None if the request reaches it.

        Args:
            target: The target as the client sent it.
            headers: The headers of the request.
            base_url: The URL at which the request arrived, without a path.
        """
        spec = self._spec
        path, question_mark, query = target.partition("?")
        if spec.redirect_to_https and requested_origin(headers, base_url).startswith("http:"):
            return _redirect(308, "https:" + requested_origin(headers, base_url).removeprefix("http:") + target)
        if spec.base_path and path == spec.base_path:
            return _redirect(301, requested_origin(headers, base_url) + path + "/" + question_mark + query)
        if spec.base_path and not path.startswith(spec.base_path + "/"):
            return _page(404)
        return self._authentication_error(headers.get("Authorization")) if spec.credentials else None

    def _authentication_error(self, header: str | None) -> Response | None:
        """Return the response to a request without valid credentials (RFC 7235, RFC 6750); None if they are valid."""
        scheme, secret = parse_authorization(header or "")
        matching_credentials = [
            credential
            for credential in self._spec.credentials
            if credential.scheme.lower() == scheme and credential.secret == secret
        ]
        if any(not self._has_expired(credential) for credential in matching_credentials):
            return None
        schemes = dict.fromkeys(credential.scheme for credential in self._spec.credentials)
        challenges = [f'{name} realm="{self._spec.realm}"' for name in schemes]
        if scheme == Scheme.BEARER.lower() and Scheme.BEARER in schemes:
            description = "The token has expired" if matching_credentials else "The token is unknown"
            index = list(schemes).index(Scheme.BEARER)
            challenges[index] += f', error="invalid_token", error_description="{description}"'
        return _page(401, {"WWW-Authenticate": ", ".join(challenges)})

    def _has_expired(self, credential: Credential) -> bool:
        expires_after = credential.expires_after
        return expires_after is not None and self._engine.clock.now() >= self._engine.started_at + expires_after


def _redirect(status: int, location: str) -> Response:
    return _page(status, {"Location": location})


def _page(status: int, headers: Mapping[str, str] | None = None) -> Response:
    body = _PAGE.format(title=_TITLES[status]).encode()
    return Response(status, body, content_type="text/html", has_cors_header=False, headers=headers or {})
