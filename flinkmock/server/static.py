"""What `GET` finds when no operation fits: the index page, else Flink's "Unable to load requested file".

Flink's own dashboard is not part of this project; in its place stands a page that says what answers here.
"""

from __future__ import annotations

from email.utils import formatdate, mktime_tz, parsedate_tz
from html import escape

from flinkmock.release import Release
from flinkmock.server import messages
from flinkmock.server.answer import Answer
from flinkmock.server.errors import plain

_INDEX = frozenset({"/index.html", "//index.html"})
_CACHED_FOR = 300
"""Seconds; HTTP_CACHE_SECONDS of StaticFileServerHandler."""

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
</body>
</html>
"""


class StaticFiles:
    """`started` (seconds since 1970) is when the files were last modified: Flink unpacks its own when it starts."""

    def __init__(self, release: Release, started: float) -> None:
        self._page = _PAGE.format(version=escape(release.version)).encode()
        self._started = int(started)

    def answer(self, path: str, modified_since: str | None, now: float) -> Answer:
        """`path` is decoded once; `now` in seconds since 1970."""
        if path == "/..":  # outside of the folder, and there
            return plain(403, messages.FORBIDDEN, cors=False)
        if path.endswith("/"):
            path += "index.html"
        if path not in _INDEX:
            return plain(404, messages.unable_to_load(path), cors=False)
        if _seconds(modified_since) == self._started:
            return Answer(304, b"", content_type=None, cors=False, headers={"date": formatdate(now, usegmt=True)})
        headers = {
            "date": formatdate(now, usegmt=True),
            "expires": formatdate(now + _CACHED_FOR, usegmt=True),
            "cache-control": f"private, max-age={_CACHED_FOR}",
            "last-modified": formatdate(self._started, usegmt=True),
        }
        return Answer(200, self._page, content_type="text/html", cors=False, headers=headers)


def _seconds(date: str | None) -> int | None:
    parsed = parsedate_tz(date) if date else None
    return mktime_tz(parsed) if parsed else None
