"""How long an hour of a job takes for a client that polls it: `python benchmarks/hour.py [ROUNDS]`.

The client looks at the job each minute, takes a savepoint after half of the hour, stops the job with another one, runs
its next version from there, and waits until that has finished.
"""

from __future__ import annotations

import http.client
import json
import statistics
import sys
import time
from typing import Any

from flinkmock import FlinkMock
from flinkmock.jar import small_jar

BOUNDARY = "of-this-form"
SCENARIO = {
    "jobs": {"orders": {"lifecycle": [{"RUNNING": "1h"}, "FINISHED"]}},
    "submitted": {"*": {"name": "orders", "lifecycle": [{"RUNNING": "30m"}, "FINISHED"]}},
}


class Client:
    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(url.removeprefix("http://"))

    def ask(self, method: str, path: str, body: dict[str, Any] | bytes | None = None) -> Any:
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"} if isinstance(body, bytes) else {}
        content = json.dumps(body) if isinstance(body, dict) else body
        self._connection.request(method, path, content, headers)
        response = self._connection.getresponse()
        response_body = json.loads(response.read())
        assert response.status < 300, response_body
        return response_body

    def upload(self, jar: bytes) -> str:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="jarfile"; filename="orders-2.jar"\r\n\r\n'
        response = self.ask("POST", "/jars/upload", head.encode() + jar + f"\r\n--{BOUNDARY}--\r\n".encode())
        return str(response["filename"]).rpartition("/")[2]

    def savepoint(self, job: str, how: str, body: dict[str, Any]) -> str:
        trigger = self.ask("POST", f"/jobs/{job}/{how}", body)["request-id"]
        while (status := self.ask("GET", f"/jobs/{job}/savepoints/{trigger}"))["status"]["id"] != "COMPLETED":
            pass
        return str(status["operation"]["location"])

    def close(self) -> None:
        self._connection.close()


def an_hour(cluster: FlinkMock) -> str:
    """Plays it; returns the id of the job that came last. `cluster` lets a minute pass for each request."""
    client = Client(cluster.url)
    [job] = (job["id"] for job in client.ask("GET", "/jobs")["jobs"])
    while client.ask("GET", f"/jobs/{job}")["duration"] < 30 * 60_000:
        pass
    client.savepoint(job, "savepoints", {"target-directory": "s3://savepoints", "cancel-job": False})
    jar = client.upload(small_jar())
    last = client.savepoint(job, "stop", {"targetDirectory": "s3://savepoints", "drain": False})
    job = str(client.ask("POST", f"/jars/{jar}/run", {"savepointPath": last})["jobid"])
    while client.ask("GET", f"/jobs/{job}")["state"] != "FINISHED":
        pass
    client.close()
    return job


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    took = []
    for _ in range(rounds + 1):
        before = time.perf_counter()
        with FlinkMock(SCENARIO, clock="1m per request") as cluster:
            an_hour(cluster)
            requests = len(cluster.requests)
        took.append((time.perf_counter() - before) * 1000)
    first, *later = took
    print(f"an hour in {requests} requests, start and stop included: the first {first:.0f} ms, imports among it;")
    print(f"then median {statistics.median(later):.0f} ms, worst {max(later):.0f} ms ({rounds} rounds)")


if __name__ == "__main__":
    main()
