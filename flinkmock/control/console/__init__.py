"""The console: a page that drives the cluster through the control API.

Its parts are in this folder. They are joined into one document when the page is first requested.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from flinkmock import palette
from flinkmock.control.operation import ControlResponse
from flinkmock.control.rejection import RequestRejected

SCRIPTS = ("client.js", "timeline.js", "panels.js", "journal.js", "console.js")
"""The scripts of the page, in this order, because each uses those before it."""


class ConsoleDocument(NamedTuple):
    """The HTML document, and its Content-Security-Policy, which allows its own script and no other."""

    html: bytes
    policy: str


@cache
def console_document() -> ConsoleDocument:
    """Return the page, joined from its parts."""
    style = palette.css(":root") + _text_of("console.css") + "".join(map(_state_rule, palette.STATE_COLOURS))
    script = "\n".join(map(_text_of, SCRIPTS))
    html = _text_of("console.html").replace("/*style*/", style).replace("/*script*/", script)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return ConsoleDocument(html.encode(), policy)


def page_response(method: str, target: str) -> ControlResponse:
    """Return the console, or a redirect to it.

    Raises:
        RequestRejected: The method is not GET or HEAD.
    """
    if method not in ("GET", "HEAD"):
        raise RequestRejected(405, "MethodNotAllowed", f"{method} is not allowed here.", headers={"Allow": "GET"})
    path = target.partition("?")[0]
    if path == "/" or not path.endswith("/"):
        return ControlResponse(308, content_type=None, headers={"Location": "__flinkmock__/"})
    document = console_document()
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": document.policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return ControlResponse(200, document.html, "text/html; charset=utf-8", headers)


def _state_rule(state: str) -> str:
    """Return CSS rules: `s-STATE` is for shapes in the colour of a job state, `t-STATE` for text on them."""
    name = state.lower()
    return (
        f".s-{name}{{fill:var(--s-{name});background:var(--s-{name})}}"
        f".t-{name},#timeline text.t-{name}{{fill:var(--t-{name});color:var(--t-{name})}}"
    )


def _text_of(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")
