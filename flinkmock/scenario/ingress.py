"""Reads the key `ingress` of the section `cluster`."""

from __future__ import annotations

from collections.abc import Iterator

from flinkmock.errors import InvalidArgument
from flinkmock.ingress import Credential, IngressSpec, basic, bearer
from flinkmock.ingress.spec import parse_base_path
from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import YamlNode
from flinkmock.scenario.quantities import read_duration_range


def read_ingress(node: YamlNode | None, diagnostics: Diagnostics) -> IngressSpec:
    if node is None:
        return IngressSpec()
    realm, redirect = node.get("realm"), node.get("redirect-to-https")
    return IngressSpec(
        base_path=_base_path(node.get("base-path"), diagnostics),
        credentials=(*_users(node.get("basic"), diagnostics), *_tokens(node.get("bearer"), diagnostics)),
        realm=realm.text if realm is not None else IngressSpec().realm,
        redirect_to_https=redirect is not None and redirect.value is True,
    )


def _base_path(node: YamlNode | None, diagnostics: Diagnostics) -> str:
    if node is None:
        return ""
    try:
        return parse_base_path(node.text)
    except InvalidArgument as error:
        diagnostics.add(node.location, str(error))
        return ""


def _users(node: YamlNode | None, diagnostics: Diagnostics) -> Iterator[Credential]:
    for user, value in node.items.items() if node is not None else ():
        password = value.get("password") if value.items else value
        yield basic(user, password.text if password is not None else "", _expires_after(value, diagnostics))


def _tokens(node: YamlNode | None, diagnostics: Diagnostics) -> Iterator[Credential]:
    if node is None:
        return
    for entry in node.elements or [node]:
        token = entry.get("token") if entry.items else entry
        yield bearer(token.text if token is not None else "", _expires_after(entry, diagnostics))


def _expires_after(node: YamlNode, diagnostics: Diagnostics) -> int | None:
    expires = node.get("expires-after")
    return None if expires is None else read_duration_range(expires, diagnostics).low
