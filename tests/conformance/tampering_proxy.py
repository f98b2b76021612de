"""An HTTP server that forwards the responses of another server and changes some of them."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from flinkmock.conformance.http_client import HttpClient, HttpRequest, HttpResponse

ChangeResponse = Callable[[int, str, bytes], tuple[int, str, bytes]]
"""(status, content type, body) -> changed (status, content type, body)."""


@contextmanager
def tampering_proxy(upstream_url: str, path_pattern: str, change: ChangeResponse) -> Iterator[str]:
    """Yield the URL of a server that changes responses of another server.

    Args:
        upstream_url: The URL of the other server.
        path_pattern: A regular expression for the paths, without query, whose responses are changed.
        change: Changes a response.
    """

    def respond(target: str) -> HttpResponse:
        response = client.send(HttpRequest(target))
        if not re.fullmatch(path_pattern, target.partition("?")[0]):
            return response
        status, content_type, body = change(response.status, response.content_type, response.raw_body)
        return HttpResponse(status, {**response.headers, "content-type": content_type}, body)

    with closing(HttpClient(upstream_url)) as client, serve_responses(respond) as url:
        yield url


@contextmanager
def serve_responses(respond: Callable[[str], HttpResponse]) -> Iterator[str]:
    """Yield the URL of a server that answers GET requests with `respond(target)`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # sends head and body together

        def do_GET(self) -> None:
            response = respond(self.path)
            self.send_response_only(response.status)
            for name, value in response.headers.items():
                if name != "content-length":
                    self.send_header(name, value)
            self.send_header("content-length", str(len(response.raw_body)))
            self.end_headers()
            self.wfile.write(response.raw_body)
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
