"""Measures `POST /clusters` and `DELETE /clusters/{id}`: `python benchmarks/clusters.py [CLUSTERS] [CLIENTS]`.

It prints the time of each request, the processor time of the server for each cluster, and the memory and open files of
the server at the end. By default, 8 clients create and end 1000 clusters.
"""

from __future__ import annotations

import http.client
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from flinkmock.control.api import API_PREFIX

SCENARIO = b"clock: virtual\njobs: {orders: streaming}\n"


def client(port: int, count: int, times: list[tuple[float, float]]) -> None:
    """Create and end clusters on one connection; append the times of both requests (ms) to `times`."""
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def send(method: str, path: str, body: bytes | None = None) -> tuple[bytes, float]:
        begin = time.perf_counter()
        connection.request(method, API_PREFIX + path, body)
        response = connection.getresponse()
        content = response.read()
        assert response.status < 300, content
        return content, (time.perf_counter() - begin) * 1000

    for _ in range(count):
        content, create_ms = send("POST", "/clusters", SCENARIO)
        _, end_ms = send("DELETE", f"/clusters/{json.loads(content)['id']}")
        times.append((create_ms, end_ms))
    connection.close()


def cpu_ms(process: int) -> float:
    """Return the processor time of a process in ms."""
    user, system = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK") * 1000


def resources(process: int) -> str:
    """Return the resident memory and the number of open files of a process."""
    status = Path(f"/proc/{process}/status").read_text()
    memory = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return f"{int(memory) / 1024:.1f} MiB, {len(os.listdir(f'/proc/{process}/fd'))} open files"


def measure(port: int, process: int, clusters: int, clients: int) -> None:
    times: list[tuple[float, float]] = []
    threads = [threading.Thread(target=client, args=(port, clusters // clients, times)) for _ in range(clients)]
    before = cpu_ms(process)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    used = cpu_ms(process) - before
    for name, values in zip(("POST", "DELETE"), zip(*times, strict=True), strict=True):
        high = sorted(values)[len(values) * 99 // 100]
        print(f"  {name}: median {statistics.median(values):.2f} ms, 99 % {high:.2f} ms")
    print(f"  {used / len(times):.2f} ms of processor time for each cluster; {resources(process)}")


def main() -> None:
    clusters, clients = (int(argument) for argument in (*sys.argv[1:], "1000", "8")[:2])
    command = [sys.executable, "-m", "flinkmock", "serve", "--port", "0", "--log", "json", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = urlsplit(json.loads(server.stdout.readline())["url"]).port
        assert port is not None
        for count in (1, clients, clients):
            print(f"{clusters} clusters by {count} clients")
            measure(port, server.pid, clusters, count)
        server.terminate()


if __name__ == "__main__":
    main()
