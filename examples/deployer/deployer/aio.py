"""The deployer with aiohttp."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import aiohttp

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
    """

    def __init__(self, url: str, *, poll_interval: float = 1.0, timeout: float = 300.0, max_attempts: int = 5) -> None:
        self._url = url.rstrip("/")
        self._poll_interval = poll_interval
        self._timeout = timeout
        self._max_attempts = max_attempts
        self._release: Release | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def release(self) -> Release:
        if self._release is None:
            self._release = release_of(await self._send("GET", "/config"))
        return self._release

    async def deploy(self, jar: Path) -> str:
        """Run a new job, wait until it is up, and return its id.

        Raises:
            DeployError: Flink or the job fails.
            OSError: The jar cannot be read.
        """
        return await self._run(await self._upload(jar))

    async def upgrade(self, job_id: str, jar: Path, directory: str) -> str:
        """Stop a job with a savepoint, run a new jar from the savepoint, and return its job id.

        Raises:
            DeployError: Flink or the job fails.
            OSError: The jar cannot be read.
        """
        jar_id = await self._upload(jar)  # first, so that a failed upload leaves the job running
        return await self._run(jar_id, savepoint=await self.stop(job_id, directory))

    async def savepoint(self, job_id: str, directory: str) -> str:
        """Take a savepoint and return its path. Raises DeployError."""
        body = savepoint_body(await self.release(), **{"target-directory": directory, "cancel-job": False})
        return await self._take_savepoint(job_id, "savepoints", body)

    async def stop(self, job_id: str, directory: str) -> str:
        """Stop the job with a savepoint and return the path of the savepoint. Raises DeployError."""
        body = savepoint_body(await self.release(), targetDirectory=directory, drain=False)
        return await self._take_savepoint(job_id, "stop", body)

    async def wait_until_up(self, job_id: str) -> None:
        """Wait until the job is up. Raises JobTerminated with the cause if the job ends before."""
        deadline = time.monotonic() + self._timeout
        while not is_up(details := await self._send("GET", f"/jobs/{job_id}")):
            if details["state"] in TERMINAL_STATES:
                cause = cause_of(await self._send("GET", f"/jobs/{job_id}/exceptions"))
                raise JobTerminated(f"{details['name']} is {details['state']}: {cause}")
            await self._wait(deadline, f"{details['name']} is {details['state']}")

    async def _upload(self, jar: Path) -> str:
        """Upload a jar and return its id."""
        content = jar.read_bytes()

        def form() -> aiohttp.FormData:  # creates a new form for each attempt, since a form can be sent only once
            data = aiohttp.FormData()
            data.add_field("jarfile", content, filename=jar.name, content_type="application/x-java-archive")
            return data

        # a repeated upload only leaves an unused jar
        response = await self._send("POST", "/jars/upload", idempotent=True, form=form)
        return str(response["filename"]).rpartition("/")[2]

    async def _run(self, jar_id: str, savepoint: str | None = None) -> str:
        body = {"savepointPath": savepoint} if savepoint else {}
        job_id = str((await self._send("POST", f"/jars/{path_segment(jar_id)}/run", json=body))["jobid"])
        await self.wait_until_up(job_id)
        return job_id

    async def _take_savepoint(self, job_id: str, endpoint: str, body: Json) -> str:
        triggered = await self._send(
            "POST", f"/jobs/{job_id}/{endpoint}", expected_status=202, idempotent="triggerId" in body, json=body
        )
        status_path = f"/jobs/{job_id}/savepoints/{triggered['request-id']}"
        deadline = time.monotonic() + self._timeout
        while (location := location_of(await self._send("GET", status_path))) is None:
            await self._wait(deadline, "the savepoint is not ready")
        return location

    async def _send(
        self,
        method: str,
        path: str,
        *,
        expected_status: int = 200,
        idempotent: bool | None = None,
        form: Callable[[], aiohttp.FormData] | None = None,
        json: Json | None = None,
    ) -> Json:
        """Send a request and return the parsed response.

        Requests are retried after a 503, because there is no leader that could have processed them. After a lost
        connection, only idempotent requests are retried.
        """
        idempotent = method == "GET" if idempotent is None else idempotent
        problem = ""
        for attempt in range(self._max_attempts):
            if attempt:
                await asyncio.sleep(self._poll_interval)
            try:
                body: dict[str, Any] = {"data": form()} if form else {"json": json}
                async with self._http.request(method, self._url + path, **body) as response:
                    if response.status == expected_status:
                        return parse_body(f"{method} {path}", await response.text())
                    problem = f"{response.status} {await response.text()}"
                    if response.status != 503:
                        break
            except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError) as error:
                problem = f"no response ({type(error).__name__})"
                if not idempotent:
                    raise ResponseLost(f"{method} {path}: {problem}; Flink may have processed the request") from error
        raise RequestFailed(f"{method} {path}: {problem}")

    async def _wait(self, deadline: float, progress: str) -> None:
        if time.monotonic() > deadline:
            raise TimedOut(f"{progress} after {self._timeout:g} s")
        await asyncio.sleep(self._poll_interval)
