"""Behaviour that depends on the bytes of a request: sizes, headers, reused connections, unusual HTTP."""

from __future__ import annotations

import http.client
import time
from typing import Any

from tests.fidelity.driver import NETWORK_ERRORS, Driver
from tests.fidelity.recorded_response import NO_RESPONSE, RawResponse, record

SAVEPOINTS = "/jobs/{job}/savepoints"
JSON_HEADERS = {"Content-Type": "application/json"}
OVERSIZED_BODY_LENGTH = 101 << 20
"""A length in bytes above Flink's rest.server.max-content-length, which is 100 MiB."""


def wire(driver: Driver) -> None:
    big = b'{"target-directory": "' + b"x" * (1 << 20) + b'", "nope": 1}'
    driver.step("body: 1 MiB with unknown field", "POST", SAVEPOINTS, body=big, headers=JSON_HEADERS)
    driver.step(
        "body: 101 MiB", "POST", SAVEPOINTS, body=b" " * OVERSIZED_BODY_LENGTH, headers=JSON_HEADERS, timeout=120
    )
    driver.step("long URL", "GET", "/overview", "x=" + "y" * 3000)
    driver.step("URL too long", "GET", "/overview", "x=" + "y" * 9000)
    driver.step("accept gzip", "GET", "/jobs/overview", headers={"Accept-Encoding": "gzip, deflate"})
    driver.step("accept xml", "GET", "/overview", headers={"Accept": "application/xml"})
    driver.step("connection close", "GET", "/overview", headers={"Connection": "close"})
    reuse_connection(driver)
    send_chunked(driver)
    exchange_head(
        driver, "expect 100-continue", "POST", "/jars/upload", "Host: x", "Expect: 100-continue", "Content-Length: 0"
    )
    exchange_head(driver, "HTTP/1.0", "GET", "/overview", version="HTTP/1.0")
    exchange_head(driver, "no Host header", "GET", "/overview")
    absolute = f"http://{driver.host}:{driver.port}{driver.base_path}/overview"
    exchange_raw(
        driver, "absolute-form target", "GET", "/overview", f"GET {absolute} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    )
    exchange_raw(driver, "garbage request line", "GET", "/overview", b"hello\r\n\r\n")


def reuse_connection(driver: Driver) -> None:
    """Send three requests on one connection; the second one gets an error."""
    connection = http.client.HTTPConnection(driver.host, driver.port, timeout=20)
    for number, path in enumerate(("/overview", "/jobs/nohex", "/config")):
        step = driver.new_step(f"keep-alive {number}", {"method": "GET", "path": path, "connection": "kept"})
        start = time.time()
        step["response"], _ = driver.exchange("GET", path, connection=connection)
        driver.add_step(step, start)
    connection.close()


def send_chunked(driver: Driver) -> None:
    """Send a body in two chunks."""
    head = f"POST {driver.base_path}{driver.fill(SAVEPOINTS)} HTTP/1.1\r\nHost: x\r\n"
    head += "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (b'{"no', b'pe":1}', b""))
    exchange_raw(driver, "chunked body", "POST", SAVEPOINTS, head.encode() + chunks)
    driver.steps[-1]["request"]["body"] = '{"nope":1}'
    driver.steps[-1]["note"] = "Transfer-Encoding: chunked"


def exchange_head(driver: Driver, name: str, method: str, path: str, *headers: str, version: str = "HTTP/1.1") -> None:
    """Send a request that consists of exactly this request line and these headers."""
    lines = [f"{method} {driver.base_path}{path} {version}", *headers, "", ""]
    exchange_raw(driver, name, method, path, "\r\n".join(lines).encode())


def exchange_raw(driver: Driver, name: str, method: str, path: str, data: bytes) -> None:
    """Send exactly these bytes. `method` and `path` only describe the request in the recording."""
    step: dict[str, Any] = driver.new_step(name, {"method": method, "path": path})
    start = time.time()
    try:
        with driver.connect() as connection:
            connection.sendall(data)
            response = http.client.HTTPResponse(connection)
            response.begin()
            raw = RawResponse(response.status, response.reason, response.getheaders(), response.read())
            step["response"], _ = record(raw)
    except NETWORK_ERRORS as error:
        step["response"] = NO_RESPONSE | {"reason": type(error).__name__}
    driver.add_step(step, start)
