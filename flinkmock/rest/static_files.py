"""The files of the dashboard, as Flink's StaticFileServerHandler serves them to a GET that no operation matches.

Flink unpacks a file of its jar when it is first requested, and from then on looks into the folder it unpacks to. The
state of that folder shows: a folder of the jar is unpacked as an empty file, which hides everything below it; once
something was unpacked into it, it is a folder and can't be served (seen on 2.3.0 in both orders).
See docs/flink-behaviour.md#dashboard-files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import NamedTuple

from flinkmock.flink import messages
from flinkmock.release import Release
from flinkmock.rest.dashboard import Dashboard
from flinkmock.rest.error_responses import plain
from flinkmock.rest.response import Response

_CACHED_FOR = 300
"""Seconds; HTTP_CACHE_SECONDS of StaticFileServerHandler."""
_NEVER = -(1 << 63)
"""The time of a date that is out of range: no file has it."""
_TYPES = {
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
"""Flink's MimeTypes, by the ending of the name; there is no `ico` in it."""
_OTHER_TYPE = "application/octet-stream"

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><link rel="icon" href="data:,"><title>flinkmock</title>{refresh}</head>
<body>
<h1>flinkmock</h1>
<p>This is a fake Apache Flink {version} cluster: it answers Flink's REST API, and no job runs.</p>
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
"""Where the console is; relative, because the cluster may be served below a path."""


def _page(release: Release, *, console: bool) -> str:
    """The page at `/` without a dashboard. Browsers are redirected to the console, if there is one; other
    clients get a page as from Flink."""
    return _PAGE.format(
        version=escape(release.version),
        minor=escape(release.minor),
        refresh=f'<meta http-equiv="refresh" content="0; url={_CONSOLE}">' if console else "",
        console=f'<li><a href="{_CONSOLE}">console</a></li>\n' if console else "",
    )


def _placeholder(release: Release, *, console: bool) -> Mapping[str, bytes]:
    """The files without a dashboard: the page, and the folder that the jar of every release has."""
    return {"index.html": _page(release, console=console).encode(), "assets/": b""}


class _File(NamedTuple):
    content: bytes
    modified: int
    """Seconds since 1970."""


class StaticFiles:
    """The files of `dashboard`; without one, a page that says what flinkmock is.

    Args:
        wall_ms: Returns the time of the wall clock in epoch ms.
        console: Whether that page leads to the console.
    """

    def __init__(
        self,
        release: Release,
        wall_ms: Callable[[], float],
        dashboard: Dashboard | None = None,
        *,
        console: bool = False,
    ) -> None:
        self._wall_ms = wall_ms
        self._jar = dashboard.files if dashboard else _placeholder(release, console=console)
        self._unpacked: dict[str, _File] = {}

    def response(self, path: str, modified_since: str | None) -> Response:
        """The response to a GET of `path`, which is decoded once. `modified_since`: the header If-Modified-Since."""
        now = self._wall_ms() / 1000
        if path == "/.." and self._unpacked:  # outside of the folder, which exists once something is unpacked
            return plain(403, messages.FORBIDDEN, cors=False)
        if path.endswith("/"):
            path += "index.html"
        normalized = self._normalized(path)
        if normalized is not None and self._is_folder(normalized):
            return plain(405, messages.FILE_NOT_FOUND, cors=False)
        file = self._unpacked.get(normalized or "") or self._unpack(path, now)
        if file is None:
            return plain(404, messages.unable_to_load(path), cors=False)
        if modified_since:
            seconds = _seconds(modified_since)
            if seconds is None:
                return plain(500, messages.RESPONDING_FAILED, cors=False)
            if seconds == file.modified:
                headers = {"date": _http_date(now), "connection": "close"}
                return Response(304, b"", content_type=None, cors=False, close=True, headers=headers)
        headers = {
            "date": _http_date(now),
            "expires": _http_date(now + _CACHED_FOR),
            "cache-control": f"private, max-age={_CACHED_FOR}",
            "last-modified": _http_date(file.modified),
        }
        kind = _TYPES.get(path.rpartition(".")[2], _OTHER_TYPE)
        return Response(200, file.content, content_type=kind, cors=False, headers=headers)

    def _normalized(self, path: str) -> str | None:
        """`path` without `.`, `..` and empty segments; None if a `..` follows something that is not a folder."""
        segments: list[str] = []
        for segment in path.split("/"):
            if segment == "..":
                if not segments or not self._is_folder("/" + "/".join(segments)):
                    return None
                segments.pop()
            elif segment not in ("", "."):
                segments.append(segment)
        return "/" + "/".join(segments)

    def _is_folder(self, path: str) -> bool:
        return path == "/" or any(unpacked.startswith(path + "/") for unpacked in self._unpacked)

    def _unpack(self, path: str, now: float) -> _File | None:
        """The class loader takes `path` as it is, doubled slashes included."""
        name = path.removeprefix("/")
        content = self._jar.get(name, self._jar.get(name + "/"))
        if content is None:
            return None
        parts = path.split("/")
        if any("/".join(parts[:length]) in self._unpacked for length in range(2, len(parts))):
            return None  # a folder above was unpacked as an empty file: nothing can be put into it
        file = self._unpacked[path] = _File(content, int(now))
        return file


def _http_date(seconds: float) -> str:
    from email.utils import formatdate  # imported with the first file that is served

    return formatdate(seconds, usegmt=True)


def _seconds(date: str) -> int | None:
    """Return the seconds since 1970; None if this is not a date. SimpleDateFormat accepts years of any length."""
    from email.utils import mktime_tz, parsedate_tz

    parsed = parsedate_tz(date)
    if parsed is None:
        return None
    try:
        return mktime_tz(parsed)
    except (OverflowError, ValueError):
        return _NEVER
