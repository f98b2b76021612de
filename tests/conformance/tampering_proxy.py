"""An HTTP server in front of a fake cluster that passes its answers on, but for one thing that it changes."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from flinkmock.conformance.http_client import HttpClient, HttpRequest, HttpResponse

ContractChange = Callable[[int, str, bytes], tuple[int, str, bytes]]
"""(status, content type, body) -> the same, changed."""


@contextmanager
def tampering(upstream: str, path: str, change: ContractChange) -> Iterator[str]:
    """The address of a server that answers as `upstream` does, except where the whole path (without query) matches."""

    def ask(target: str) -> HttpResponse:
        answer = server.ask(HttpRequest(target))
        if not re.fullmatch(path, target.partition("?")[0]):
            return answer
        status, content_type, body = change(answer.status, answer.content_type, answer.raw)
        return HttpResponse(status, {**answer.headers, "content-type": content_type}, body)

    with closing(HttpClient(upstream)) as server, answering(ask) as url:
        yield url


@contextmanager
def answering(ask: Callable[[str], HttpResponse]) -> Iterator[str]:
    """The address of a server that answers to a GET of a target what `ask` says."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # head and body go out at once

        def do_GET(self) -> None:
            answer = ask(self.path)
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                if name != "content-length":
                    self.send_header(name, value)
            self.send_header("content-length", str(len(answer.raw)))
            self.end_headers()
            self.wfile.write(answer.raw)
            self.wfile.flush()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
