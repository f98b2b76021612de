"""A server that flinkmock is compared with: an aiohttp application that sends fixed bytes.

`python -m benchmarks.wire.bare PORT FOLDER` runs it.

`FOLDER/index.json` maps targets to the names of files with the bodies of the responses.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web


def application(folder: Path) -> web.Application:
    """Return an application with a route for each target."""
    app = web.Application()
    for target, name in json.loads((folder / "index.json").read_text()).items():
        app.router.add_get(target, _handler((folder / name).read_bytes()))
    return app


def _handler(body: bytes) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json", charset="UTF-8")

    return handle


if __name__ == "__main__":
    web.run_app(
        application(Path(sys.argv[2])), host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=lambda _: None
    )
