"""The deployer with httpx."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import httpx

from deployer.flink import (
    TERMINAL_STATES,
    JobTerminated,
    Json,
    Release,
    RequestFailed,
    ResponseLost,
    TimedOut,
    cause_of,
    is_up,
    location_of,
    parse_body,
    path_segment,
    release_of,
    savepoint_body,
)


class Deployer:
    """A client of one cluster.

    Args:
        url: The base URL of the REST API.
        poll_interval: The interval between two polls, and before a retry, in seconds.
        timeout: How long to wait for a job or a savepoint, in seconds.
        max_attempts: The maximum number of attempts of one request.
        sleep: A function that waits for some seconds; default: `time.sleep`. A test can advance the fake clock instead.
        now: A function that returns a time in seconds; default: `time.monotonic`.
    """

    def __init__(
        self,
        url: str,
        *,
        poll_interval: float = 1.0,
        timeout: float = 300.0,
        max_attempts: int = 5,
        sleep: Callable[[float], object] | None = None,
        now: Callable[[], float] | None = None,
    ) -> None:
        self._http = httpx.Client(base_url=url)
        self._sleep = sleep or time.sleep
        self._now = now or time.monotonic
        self._poll_interval = poll_interval
        self._timeout = timeout
        self._max_attempts = max_attempts

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    @cached_property
    def release(self) -> Release:
        return release_of(self._send("GET", "/config"))

    def deploy(self, jar: Path) -> str:
        """Run a new job, wait until it is up, and return its id.

        Raises:
            DeployError: Flink or the job fails.
            OSError: The jar cannot be read.
        """
        return self._run(self._upload(jar))

    def upgrade(self, job_id: str, jar: Path, directory: str) -> str:
        """Stop a job with a savepoint, run a new jar from the savepoint, and return its job id.

        Raises:
            DeployError: Flink or the job fails.
            OSError: The jar cannot be read.
        """
        jar_id = self._upload(jar)  # first, so that a failed upload leaves the job running
        return self._run(jar_id, savepoint=self.stop(job_id, directory))

    def savepoint(self, job_id: str, directory: str) -> str:
        """Take a savepoint and return its path. Raises DeployError."""
        body = savepoint_body(self.release, **{"target-directory": directory, "cancel-job": False})
        return self._take_savepoint(job_id, "savepoints", body)

    def stop(self, job_id: str, directory: str) -> str:
        """Stop the job with a savepoint and return the path of the savepoint. Raises DeployError."""
        return self._take_savepoint(
            job_id, "stop", savepoint_body(self.release, targetDirectory=directory, drain=False)
        )

    def wait_until_up(self, job_id: str) -> None:
        """Wait until the job is up. Raises JobTerminated with the cause if the job ends before."""
        deadline = self._now() + self._timeout
        while not is_up(details := self._send("GET", f"/jobs/{job_id}")):
            if details["state"] in TERMINAL_STATES:
                cause = cause_of(self._send("GET", f"/jobs/{job_id}/exceptions"))
                raise JobTerminated(f"{details['name']} is {details['state']}: {cause}")
            self._wait(deadline, f"{details['name']} is {details['state']}")

    def _upload(self, jar: Path) -> str:
        """Upload a jar and return its id."""
        file = {"jarfile": (jar.name, jar.read_bytes(), "application/x-java-archive")}
        # a repeated upload only leaves an unused jar
        response = self._send("POST", "/jars/upload", idempotent=True, files=file)
        return str(response["filename"]).rpartition("/")[2]

    def _run(self, jar_id: str, savepoint: str | None = None) -> str:
        body = {"savepointPath": savepoint} if savepoint else {}
        job_id = str(self._send("POST", f"/jars/{path_segment(jar_id)}/run", json=body)["jobid"])
        self.wait_until_up(job_id)
        return job_id

    def _take_savepoint(self, job_id: str, endpoint: str, body: Json) -> str:
        triggered = self._send(
            "POST", f"/jobs/{job_id}/{endpoint}", expected_status=202, idempotent="triggerId" in body, json=body
        )
        status_path = f"/jobs/{job_id}/savepoints/{triggered['request-id']}"
        deadline = self._now() + self._timeout
        while (location := location_of(self._send("GET", status_path))) is None:
            self._wait(deadline, "the savepoint is not ready")
        return location

    def _send(
        self, method: str, path: str, *, expected_status: int = 200, idempotent: bool | None = None, **request: Any
    ) -> Json:
        """Send a request and return the parsed response.

        Requests are retried after a 503, because there is no leader that could have processed them. After a lost
        connection, only idempotent requests are retried.
        """
        idempotent = method == "GET" if idempotent is None else idempotent
        problem = ""
        for attempt in range(self._max_attempts):
            if attempt:
                self._sleep(self._poll_interval)
            try:
                response = self._http.request(method, path, **request)
            except httpx.TransportError as error:
                problem = f"no response ({type(error).__name__})"
                if not idempotent:
                    raise ResponseLost(f"{method} {path}: {problem}; Flink may have processed the request") from error
            else:
                if response.status_code == expected_status:
                    return parse_body(f"{method} {path}", response.text)
                problem = f"{response.status_code} {response.text}"
                if response.status_code != 503:
                    break
        raise RequestFailed(f"{method} {path}: {problem}")

    def _wait(self, deadline: float, progress: str) -> None:
        if self._now() > deadline:
            raise TimedOut(f"{progress} after {self._timeout:g} s")
        self._sleep(self._poll_interval)
