"""What `GET` finds when no operation fits: a file of the dashboard, as Flink's StaticFileServerHandler serves it.

Flink unpacks a file out of its jar when it is first asked for, and from then on looks into the folder it unpacks to.
That folder's state shows: a folder of the jar is unpacked as an empty file, which hides all that would be in it; once
something was unpacked into it, it is a folder and can't be served (seen on 2.3.0 in both orders).
See docs/flink-behaviour.md#dashboard-files.
"""

from __future__ import annotations

from email.utils import formatdate, mktime_tz, parsedate_tz
from html import escape
from typing import NamedTuple

from flinkmock.flink import messages
from flinkmock.release import Release
from flinkmock.rest.error_responses import plain
from flinkmock.rest.response import Response
from flinkmock.server.dashboard import Dashboard

_CACHED_FOR = 300
"""Seconds; HTTP_CACHE_SECONDS of StaticFileServerHandler."""
_INDEX = "/index.html"
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
<head><meta charset="utf-8"><title>flinkmock</title></head>
<body>
<h1>flinkmock</h1>
<p>This is a fake Apache Flink {version} cluster: it answers Flink's REST API, and runs no job.</p>
<ul>
<li><a href="/overview">/overview</a></li>
<li><a href="/config">/config</a></li>
<li><a href="/jobs/overview">/jobs/overview</a></li>
<li><a href="/taskmanagers">/taskmanagers</a></li>
<li><a href="/jars">/jars</a></li>
</ul>
<p>Flink's own dashboard works here, too, and is not part of flinkmock. To see it, either</p>
<pre>pip install "apache-flink-libraries=={minor}.*"
flinkmock serve --flink {minor} --dashboard</pre>
<p>or name the <code>lib/flink-dist</code> jar of a Flink {minor}:</p>
<pre>flinkmock serve --flink {minor} --dashboard PATH</pre>
</body>
</html>
"""


class _File(NamedTuple):
    content: bytes
    modified: int
    """Seconds since 1970."""


class StaticFiles:
    """Without a dashboard there is one file, unpacked when the cluster `started` (seconds since 1970)."""

    def __init__(self, release: Release, started: float, dashboard: Dashboard | None = None) -> None:
        self._jar = dashboard.files if dashboard else {}
        self._unpacked: dict[str, _File] = {}
        if dashboard is None:
            page = _PAGE.format(version=escape(release.version), minor=escape(release.minor)).encode()
            self._unpacked[_INDEX] = _File(page, int(started))

    def answer(self, path: str, modified_since: str | None, now: float) -> Response:
        """`path` is decoded once; `now` in seconds since 1970."""
        if path == "/.." and self._unpacked:  # outside of the folder, and there, once the folder is
            return plain(403, messages.FORBIDDEN, cors=False)
        if path.endswith("/"):
            path += "index.html"
        place = self._place(path)
        if place is not None and self._is_folder(place):
            return plain(405, messages.FILE_NOT_FOUND, cors=False)
        file = self._unpacked.get(place or "") or self._unpack(path, now)
        if file is None:
            return plain(404, messages.unable_to_load(path), cors=False)
        if modified_since:
            seconds = _seconds(modified_since)
            if seconds is None:
                return plain(500, messages.RESPONDING_FAILED, cors=False)
            if seconds == file.modified:
                headers = {"date": formatdate(now, usegmt=True), "connection": "close"}
                return Response(304, b"", content_type=None, cors=False, close=True, headers=headers)
        headers = {
            "date": formatdate(now, usegmt=True),
            "expires": formatdate(now + _CACHED_FOR, usegmt=True),
            "cache-control": f"private, max-age={_CACHED_FOR}",
            "last-modified": formatdate(file.modified, usegmt=True),
        }
        kind = _TYPES.get(path.rpartition(".")[2], _OTHER_TYPE)
        return Response(200, file.content, content_type=kind, cors=False, headers=headers)

    def _place(self, path: str) -> str | None:
        """Where `path` leads to below the folder, "/a/b"; None if a `..` in it follows nothing that is there."""
        place: list[str] = []
        for segment in path.split("/"):
            if segment == "..":
                if not place or not self._is_folder("/" + "/".join(place)):
                    return None
                place.pop()
            elif segment not in ("", "."):
                place.append(segment)
        return "/" + "/".join(place)

    def _is_folder(self, place: str) -> bool:
        return place == "/" or any(one.startswith(place + "/") for one in self._unpacked)

    def _unpack(self, path: str, now: float) -> _File | None:
        """The class loader takes `path` to the letter, doubled slashes and all."""
        name = path.removeprefix("/")
        content = self._jar.get(name, self._jar.get(name + "/"))
        if content is None:
            return None
        parts = path.split("/")
        if any("/".join(parts[:length]) in self._unpacked for length in range(2, len(parts))):
            return None  # a folder above was unpacked as an empty file: nothing can be put into it
        file = self._unpacked[path] = _File(content, int(now))
        return file


def _seconds(date: str) -> int | None:
    parsed = parsedate_tz(date)
    return mktime_tz(parsed) if parsed else None
