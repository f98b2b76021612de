"""Measures `POST /clusters` and `DELETE /clusters/{id}`: `python benchmarks/clusters.py [CLUSTERS] [CLIENTS]`.

It measures three times: with one client, then twice with several. Each time it prints the median and the 99th
percentile of both requests, the CPU time of the server for each cluster, and the server's memory and open files. By
default, 8 clients create and delete 1000 clusters. CLUSTERS has to be a multiple of CLIENTS.
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


def run_client(port: int, cluster_count: int, times_ms: list[tuple[float, float]]) -> None:
    """Create and delete clusters on one connection; append the times of both requests to `times_ms`."""
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def send(method: str, path: str, body: bytes | None = None) -> tuple[bytes, float]:
        start = time.perf_counter()
        connection.request(method, API_PREFIX + path, body)
        response = connection.getresponse()
        content = response.read()
        assert response.status < 300, content
        return content, (time.perf_counter() - start) * 1000

    for _ in range(cluster_count):
        content, create_ms = send("POST", "/clusters", SCENARIO)
        _, delete_ms = send("DELETE", f"/clusters/{json.loads(content)['id']}")
        times_ms.append((create_ms, delete_ms))
    connection.close()


def cpu_ms(pid: int) -> float:
    """Return the CPU time of a process in ms."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK") * 1000


def resources(pid: int) -> str:
    """Return the resident memory and the number of open files of a process, as text."""
    status = Path(f"/proc/{pid}/status").read_text()
    memory = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return f"{int(memory) / 1024:.1f} MiB, {len(os.listdir(f'/proc/{pid}/fd'))} open files"


def measure(port: int, pid: int, cluster_count: int, client_count: int) -> None:
    """Let clients create and delete `cluster_count` clusters in parallel, and print the measurements."""
    times_ms: list[tuple[float, float]] = []
    arguments = (port, cluster_count // client_count, times_ms)
    threads = [threading.Thread(target=run_client, args=arguments) for _ in range(client_count)]
    cpu_before = cpu_ms(pid)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cpu_used = cpu_ms(pid) - cpu_before
    for name, values in zip(("POST", "DELETE"), zip(*times_ms, strict=True), strict=True):
        percentile_99 = sorted(values)[len(values) * 99 // 100]
        print(f"  {name}: median {statistics.median(values):.2f} ms, 99th percentile {percentile_99:.2f} ms")
    print(f"  {cpu_used / len(times_ms):.2f} ms of CPU time for each cluster; {resources(pid)}")


def main() -> None:
    cluster_count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    max_client_count = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    if max_client_count < 1 or cluster_count < 1 or cluster_count % max_client_count:
        sys.exit(f"CLUSTERS ({cluster_count}) has to be a multiple of CLIENTS ({max_client_count}), and both positive.")
    command = [sys.executable, "-m", "flinkmock", "serve", "--port", "0", "--log", "json", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = urlsplit(json.loads(server.stdout.readline())["url"]).port
            assert port is not None
            for client_count in (1, max_client_count, max_client_count):  # the second time shows whether memory grows
                print(f"{cluster_count} clusters by {client_count} clients")
                measure(port, server.pid, cluster_count, client_count)
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
