"""Measures a client of a job that runs for an hour of cluster time: `python benchmarks/long_job.py [ROUNDS]`.

The client polls the job once per minute of cluster time, takes a savepoint after half an hour, stops the job with a
savepoint, runs the next version of the job from that savepoint, and waits until it has finished.
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

BOUNDARY = "flinkmock-benchmark"
SCENARIO = {
    "jobs": {"orders": {"lifecycle": [{"RUNNING": "1h"}, "FINISHED"]}},
    "submitted": {"*": {"name": "orders", "lifecycle": [{"RUNNING": "30m"}, "FINISHED"]}},
}


class Client:
    """A client that sends all requests on one connection."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(url.removeprefix("http://"))

    def send(self, method: str, path: str, body: dict[str, Any] | bytes | None = None) -> Any:
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"} if isinstance(body, bytes) else {}
        content = json.dumps(body) if isinstance(body, dict) else body
        self._connection.request(method, path, content, headers)
        response = self._connection.getresponse()
        response_body = json.loads(response.read())
        assert response.status < 300, response_body
        return response_body

    def upload(self, jar: bytes) -> str:
        """Upload a jar; return its id."""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="jarfile"; filename="orders-2.jar"\r\n\r\n'
        response = self.send("POST", "/jars/upload", head.encode() + jar + f"\r\n--{BOUNDARY}--\r\n".encode())
        return str(response["filename"]).rpartition("/")[2]

    def take_savepoint(self, job_id: str, last_segment: str, body: dict[str, Any]) -> str:
        """Take a savepoint with `POST /jobs/:jobid/savepoints` or `POST /jobs/:jobid/stop`; return its path."""
        trigger_id = self.send("POST", f"/jobs/{job_id}/{last_segment}", body)["request-id"]
        while True:
            status = self.send("GET", f"/jobs/{job_id}/savepoints/{trigger_id}")
            if status["status"]["id"] == "COMPLETED":
                return str(status["operation"]["location"])

    def close(self) -> None:
        self._connection.close()


def run_and_upgrade(cluster: FlinkMock) -> str:
    """Run and upgrade the job; return the id of its second version. Each request advances the clock by a minute."""
    client = Client(cluster.url)
    [job_id] = (job["id"] for job in client.send("GET", "/jobs")["jobs"])
    while client.send("GET", f"/jobs/{job_id}")["duration"] < 30 * 60_000:
        pass
    client.take_savepoint(job_id, "savepoints", {"target-directory": "s3://savepoints", "cancel-job": False})
    jar_id = client.upload(small_jar())
    path = client.take_savepoint(job_id, "stop", {"targetDirectory": "s3://savepoints", "drain": False})
    new_job_id = str(client.send("POST", f"/jars/{jar_id}/run", {"savepointPath": path})["jobid"])
    while client.send("GET", f"/jobs/{new_job_id}")["state"] != "FINISHED":
        pass
    client.close()
    return new_job_id


def main() -> None:
    round_count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    times_ms = []
    for _ in range(round_count + 1):
        start = time.perf_counter()
        with FlinkMock(SCENARIO, clock="1m per request") as cluster:
            run_and_upgrade(cluster)
            request_count = len(cluster.requests)
        times_ms.append((time.perf_counter() - start) * 1000)
    first, *later = times_ms
    print(f"an hour in {request_count} requests, with start and stop: first {first:.0f} ms, with imports;")
    print(f"then median {statistics.median(later):.0f} ms, worst {max(later):.0f} ms ({round_count} rounds)")


if __name__ == "__main__":
    main()
