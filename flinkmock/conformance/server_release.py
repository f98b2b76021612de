"""Determines the release of a live server from the version that it reports."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass

from flinkmock.conformance.http_client import Client, HttpRequest
from flinkmock.contract import LATEST, known_releases
from flinkmock.contract.contract import release_number
from flinkmock.errors import ServerUnreachable

_VERSION = re.compile(r"(\d+)\.(\d+)(?P<patch>\.\d+)?(?P<build>.*)")


@dataclass(frozen=True, slots=True)
class ServerRelease:
    """The release that a server is compared with.

    Attributes:
        minor: The known minor release, such as "2.3".
        note: What to print if the server is not Apache Flink of this release; else "".
    """

    minor: str
    note: str = ""


def detect_release(client: Client) -> ServerRelease:
    """Return the known release that is nearest to the version that a server reports.

    Raises:
        ServerUnreachable: No server answers, or it reports no version or one in an unknown format.
    """
    version = detect_version(client, f"Specify it: --flink {LATEST}.")
    release = nearest_release(version)
    if release is None:
        raise ServerUnreachable(
            f"{client.url} is Flink {version}, which is unknown. Compare it with a known release: --flink {LATEST}."
        )
    return release


def nearest_release(version: str) -> ServerRelease | None:
    """Return the known release that is nearest to a version; None if the text is not a version.

    This is the release of the version if it is known, otherwise the newest release before the version, otherwise the
    oldest release.

    Args:
        version: Such as "2.3.0", "2.4-SNAPSHOT", "1.18.1-csa1".
    """
    match = _VERSION.fullmatch(version)
    if match is None:
        return None
    number = int(match[1]), int(match[2])
    releases = known_releases()
    not_later = [minor for minor in releases if release_number(minor) <= number]
    minor = not_later[-1] if not_later else releases[0]
    if release_number(minor) != number:
        return ServerRelease(
            minor, f"The server is Flink {version}, which is unknown. {minor} is the nearest known release."
        )
    if match["build"]:
        return ServerRelease(minor, f"The server is Flink {version}. It is compared with Apache Flink {minor}.")
    return ServerRelease(minor)


def detect_version(client: Client, hint: str = "") -> str:
    """Return the version that a server reports ("2.3.0").

    Args:
        client: The client of the server.
        hint: What the user can do if there is no version; ends the error message.

    Raises:
        ServerUnreachable: No server answers, or it reports no version.
    """
    response = client.send(HttpRequest("/config"))
    if response.status == 200:
        with suppress(ValueError, LookupError, TypeError):
            if isinstance(version := response.body["flink-version"], str):
                return version
    reason = f" (status {response.status})" if response.status != 200 else ""
    if 300 <= response.status < 400:
        reason += f". The server redirects to {response.headers.get('location', 'an unknown location')}"
    if response.status in (401, 403):
        reason += (
            ". The server requires authentication: `flinkmock check` and `flinkmock record` accept "
            "--header 'Authorization: Bearer …', and `flinkmock proxy` forwards the headers of its clients"
        )
    raise ServerUnreachable(f"{client.url}/config does not contain Flink's version{reason}. {hint}".rstrip())
