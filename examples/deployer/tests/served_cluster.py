"""Fake clusters of `flinkmock serve`, driven through its control API, as test suites in other languages do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import httpx

TIMEOUT_S = 60.0
"""The maximum time to wait for a response, in seconds."""


class ControlApi:
    """Calls operations of a control API.

    Args:
        url: The base URL, with the prefix.
    """

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT_S)

    def call(self, method: str, path: str, **request: Any) -> Any:
        """Send a request and return the parsed response. An error response fails the test."""
        response = self._http.request(method, path, **request)
        body: Any = response.json() if response.content else None
        assert response.is_success, body["error"]["message"]
        return body

    def close(self) -> None:
        self._http.close()


class ServedCluster:
    """A cluster for one test. Its clock is virtual: cluster time advances only when `advance` is called.

    Args:
        server: The control API of the process.
        scenario: The path of a scenario file, or YAML.
        flink: The release to serve.
    """

    def __init__(self, server: ControlApi, scenario: Path | str, flink: str) -> None:
        query = {"flink": flink, "clock": "virtual"}
        cluster = server.call("POST", "/clusters", content=str(scenario), params=query)
        self.url: str = cluster["url"]
        self._id: str = cluster["id"]
        self._server = server
        self._control = ControlApi(cluster["control-url"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._control.close()
        self._server.call("DELETE", f"/clusters/{self._id}")

    def now(self) -> float:
        """Return the cluster time in seconds."""
        return float(self._control.call("GET", "/clock")["now"]) / 1000

    def advance(self, seconds: float) -> None:
        """Advance the cluster time."""
        self._control.call("POST", "/clock/advance", json={"by": f"{round(seconds * 1000)}ms"})

    def job(self, job: str) -> dict[str, Any]:
        """Return a job by name or id."""
        return dict(self._control.call("GET", f"/jobs/{job}"))

    def savepoints(self, job: str) -> list[str]:
        """Return the paths of a job's savepoints."""
        return [savepoint["path"] for savepoint in self.job(job)["savepoints"]]

    def add_fault(self, **fault: Any) -> None:
        """Add a fault, with the keys of a fault in a scenario."""
        self._control.call("POST", "/faults", json=fault)

    def crash_leader(self, duration: str) -> None:
        """Crash the leader. The next leader is elected after this duration."""
        self._control.call("POST", "/leader/crash", json={"for": duration})

    def expect(self, match: str, times: int | str) -> None:
        """Check how often a request was sent: 2, "once", "never"."""
        self._control.call("POST", "/requests/expect", json={"match": match, "times": times})

    def expect_in_order(self, *matches: str) -> None:
        """Check that requests were sent in this order."""
        self._control.call("POST", "/requests/expect-in-order", json={"matches": matches})

    def verify(self) -> None:
        """Check that each request matched an operation, unless a fault applied to it or the test expected it."""
        assert self._control.call("GET", "/requests", params={"unexpected": True})["requests"] == []


class Server:
    """The process that serves the clusters of all tests. It ends when its standard input ends."""

    def __init__(self) -> None:
        options = "serve --port 0 --log json --quiet --until-stdin-ends".split()
        command = [sys.executable, "-m", "flinkmock", *options]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        ready = json.loads(self._process.stdout.readline())
        self._control = ControlApi(ready["url"] + "/__flinkmock__/v1")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._control.close()
        self._process.communicate()

    def cluster(self, scenario: Path | str, flink: str = "2.3") -> ServedCluster:
        """Start a cluster."""
        return ServedCluster(self._control, scenario, flink)
