"""The console: a page that drives the cluster through the control API.

Its parts are in this folder. They are joined when it is first requested, so that the page needs nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from flinkmock import palette
from flinkmock.control.operation import ControlResponse
from flinkmock.control.refusal import RequestRefused

SCRIPTS = ("client.js", "timeline.js", "panels.js", "journal.js", "console.js")
"""In this order. Each one uses those before it."""


@cache
def page() -> tuple[bytes, str]:
    """Return the HTML document and its Content-Security-Policy, which allows its own script and no other."""
    style = palette.css(":root") + _part("console.css") + "".join(map(_state_rule, palette.STATES))
    script = "\n".join(map(_part, SCRIPTS))
    document = _part("console.html").replace("/*style*/", style).replace("/*script*/", script)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return document.encode(), policy


def page_response(method: str, target: str) -> ControlResponse:
    """Return the console, or a redirect to it.

    Raises:
        RequestRefused: The method is not GET or HEAD.
    """
    if method not in ("GET", "HEAD"):
        raise RequestRefused(405, "MethodNotAllowed", f"{method} is not allowed here.", headers={"Allow": "GET"})
    path = target.partition("?")[0]
    if path == "/" or not path.endswith("/"):
        return ControlResponse(308, content_type=None, headers={"Location": "__flinkmock__/"})
    document, policy = page()
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return ControlResponse(200, document, "text/html; charset=utf-8", headers)


def _state_rule(state: str) -> str:
    """The classes `s-STATE`, of what has the colour of a job state, and `t-STATE`, of text on it."""
    name = state.lower()
    return (
        f".s-{name}{{fill:var(--s-{name});background:var(--s-{name})}}"
        f".t-{name},#timeline text.t-{name}{{fill:var(--t-{name});color:var(--t-{name})}}"
    )


def _part(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")
