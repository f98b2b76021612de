"""Serves the files of the dashboard as Flink's StaticFileServerHandler does, for a GET that matches no operation.

Flink unpacks a file of its jar into a directory when it is first requested, and serves it from there. If a directory of
the jar is requested first, it is unpacked as an empty file, which hides everything below it. If a file below it is
requested first, the directory is created and can't be served (observed on 2.3.0).
See docs/flink-behaviour.md#dashboard-files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import NamedTuple

from flinkmock.flink import messages
from flinkmock.release import Release
from flinkmock.rest.dashboard import Dashboard
from flinkmock.rest.error_responses import plain_error
from flinkmock.rest.response import Response

_CACHED_FOR_S = 300
"""HTTP_CACHE_SECONDS of StaticFileServerHandler."""
_OUT_OF_RANGE_S = -(1 << 63)
"""Stands for a date that is out of range. No file has this modification time."""
_CONTENT_TYPES = {
    "html": "text/html",
    "htm": "text/html",
    "css": "text/css",
    "txt": "text/plain",
    "log": "text/plain",
    "out": "text/plain",
    "err": "text/plain",
    "xml": "text/xml",
    "csv": "text/csv",
    "js": "application/javascript",
    "json": "application/json",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "svg": "image/svg+xml",
    "tiff": "image/tiff",
    "tff": "image/tiff",
    "bmp": "image/bmp",
    "woff": "application/font-woff",
    "woff2": "application/font-woff2",
    "ttf": "font/ttf",
    "otf": "font/opentype",
    "eot": "font/application/vnd.ms-fontobject",
}
"""Extension -> content type (MimeTypes of Flink, which lacks `ico`)."""
_OTHER_CONTENT_TYPE = "application/octet-stream"

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><link rel="icon" href="data:,"><title>flinkmock</title>{refresh}</head>
<body>
<h1>flinkmock</h1>
<p>This is a fake Apache Flink {version} cluster: it serves Flink's REST API, but runs no jobs.</p>
<ul>
{console}<li><a href="overview">/overview</a></li>
<li><a href="jobs/overview">/jobs/overview</a></li>
<li><a href="taskmanagers">/taskmanagers</a></li>
</ul>
<p>Flink's own dashboard is not part of flinkmock. <code>flinkmock dashboard fetch --flink {minor}</code> downloads it
for <code>flinkmock serve --dashboard</code>, which also finds an installed
<code>apache-flink-libraries=={minor}.*</code>; <code>--dashboard PATH</code> serves that of a jar.</p>
</body>
</html>
"""
_CONSOLE = "__flinkmock__/"
"""The relative path of the console. It is relative because the cluster may have a base path."""


def _page(release: Release, *, has_console: bool) -> str:
    """Return the page at `/` without a dashboard. It redirects browsers to the console, if there is one."""
    return _PAGE.format(
        version=escape(release.version),
        minor=escape(release.minor),
        refresh=f'<meta http-equiv="refresh" content="0; url={_CONSOLE}">' if has_console else "",
        console=f'<li><a href="{_CONSOLE}">console</a></li>\n' if has_console else "",
    )


def _files_without_dashboard(release: Release, *, has_console: bool) -> Mapping[str, bytes]:
    """Return the page about flinkmock, and a directory that the jar of every release contains."""
    return {"index.html": _page(release, has_console=has_console).encode(), "assets/": b""}


class _File(NamedTuple):
    content: bytes
    modified_s: int
    """The modification time in seconds since the epoch."""


class StaticFiles:
    """The files of a dashboard or, without one, a page about flinkmock.

    Args:
        release: The release that is served.
        wall_ms: Returns the time of the wall clock in epoch ms.
        dashboard: The dashboard; None: the page about flinkmock.
        has_console: Whether there is a console, to which that page redirects browsers.
    """

    def __init__(
        self,
        release: Release,
        wall_ms: Callable[[], float],
        dashboard: Dashboard | None = None,
        *,
        has_console: bool = False,
    ) -> None:
        self._wall_ms = wall_ms
        self._files_in_jar = (
            dashboard.files if dashboard else _files_without_dashboard(release, has_console=has_console)
        )
        self._unpacked: dict[str, _File] = {}
        """Path -> the file that Flink would have unpacked for it."""

    def response(self, path: str, modified_since: str | None) -> Response:
        """Return the response to a GET.

        Args:
            path: The path, decoded once.
            modified_since: The value of If-Modified-Since; None: the request has no such header.
        """
        now_s = self._wall_ms() / 1000
        if path.endswith("/"):
            path += "index.html"
        normalized = self._normalized(path)
        if normalized is not None and self._is_directory(normalized):  # StaticFileServerHandler.checkFileValidity
            if normalized.endswith(".."):
                return plain_error(403, messages.FORBIDDEN, has_cors_header=False)
            is_hidden = path.rpartition("/")[2].startswith(".")
            return plain_error(404 if is_hidden else 405, messages.FILE_NOT_FOUND, has_cors_header=False)
        file = self._unpacked.get(normalized or "") or self._unpack(path, now_s)
        if file is None:
            return plain_error(404, messages.unable_to_load(path), has_cors_header=False)
        if modified_since:
            seconds = _seconds_of(modified_since)
            if seconds is None:
                return plain_error(500, messages.RESPONDING_FAILED, has_cors_header=False)
            if seconds == file.modified_s:
                headers = {"date": _http_date(now_s), "connection": "close"}
                return Response(
                    304, b"", content_type=None, has_cors_header=False, closes_connection=True, headers=headers
                )
        headers = {
            "date": _http_date(now_s),
            "expires": _http_date(now_s + _CACHED_FOR_S),
            "cache-control": f"private, max-age={_CACHED_FOR_S}",
            "last-modified": _http_date(file.modified_s),
        }
        content_type = _CONTENT_TYPES.get(path.rpartition(".")[2], _OTHER_CONTENT_TYPE)
        return Response(200, file.content, content_type=content_type, has_cors_header=False, headers=headers)

    def has(self, path: str) -> bool:
        """Return whether a path, decoded once, is that of a file or directory of the dashboard."""
        if path.endswith("/"):
            path += "index.html"
        return self._content_in_jar(path) is not None or self._normalized(path) in self._unpacked

    def _content_in_jar(self, path: str) -> bytes | None:
        """Return the content of a file, b"" for a directory, and None if there is neither."""
        name = path.removeprefix("/")
        return self._files_in_jar.get(name, self._files_in_jar.get(name + "/"))

    def _normalized(self, path: str) -> str | None:
        """Return a path without `.`, empty segments, and `..` except at the start.

        Returns:
            None: A `.` or `..` does not follow a directory.
        """
        segments: list[str] = []
        for segment in path.split("/"):
            if segment in (".", "..") and not self._is_directory("/" + "/".join(segments)):
                return None
            if segment == ".." and segments and segments[-1] != "..":
                segments.pop()
            elif segment not in ("", "."):
                segments.append(segment)
        return "/" + "/".join(segments)

    def _is_directory(self, path: str) -> bool:
        """Return whether a normalized path is a directory of unpacked files, or one of its parents."""
        if path == "/" or path.endswith("/.."):
            return bool(self._unpacked)  # the directory is created for the first file
        return any(unpacked.startswith(path + "/") for unpacked in self._unpacked)

    def _unpack(self, path: str, now_s: float) -> _File | None:
        """Unpack a file; None if there is none. The class loader does not normalize the path."""
        content = self._content_in_jar(path)
        if content is None:
            return None
        parts = path.split("/")
        if any("/".join(parts[:length]) in self._unpacked for length in range(2, len(parts))):
            return None  # a parent directory was unpacked as an empty file, so no file can be created in it
        file = self._unpacked[path] = _File(content, int(now_s))
        return file


def _http_date(seconds: float) -> str:
    from email.utils import formatdate  # imported with the first file that is served

    return formatdate(seconds, usegmt=True)


def _seconds_of(date: str) -> int | None:
    """Return a date in seconds since the epoch; None if it is invalid. As in Java, years may have any length."""
    from email.utils import mktime_tz, parsedate_tz

    parsed = parsedate_tz(date)
    if parsed is None:
        return None
    try:
        return mktime_tz(parsed)
    except (OverflowError, ValueError):
        return _OUT_OF_RANGE_S
