"""The deployer with aiohttp."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import aiohttp

from deployer.flink import (
    ENDED,
    AnswerLost,
    DeployError,
    JobEnded,
    Json,
    Refused,
    Release,
    cause_of,
    is_up,
    location_of,
    release_of,
    trigger,
)


class Deployer:
    """`poll`: seconds between two looks; `patience`: seconds until it gives up; `attempts` of one request."""

    def __init__(self, url: str, *, poll: float = 1.0, patience: float = 300.0, attempts: int = 5) -> None:
        self._url = url
        self._poll = poll
        self._patience = patience
        self._attempts = attempts
        self._release: Release | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(self._url)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def release(self) -> Release:
        if self._release is None:
            self._release = release_of(await self._ask("GET", "/config"))
        return self._release

    async def deploy(self, jar: Path) -> str:
        """Runs a new job; returns its id when it is up. Raises DeployError."""
        return await self._run(await self._upload(jar))

    async def upgrade(self, job: str, jar: Path, directory: str) -> str:
        """Stops a job with a savepoint and runs the new jar from it; returns the new job's id. Raises DeployError."""
        uploaded = await self._upload(jar)  # before anything is stopped
        return await self._run(uploaded, savepoint=await self.stop(job, directory))

    async def savepoint(self, job: str, directory: str) -> str:
        """Returns where it lies. Raises DeployError."""
        body = trigger(await self.release(), **{"target-directory": directory, "cancel-job": False})
        return await self._snapshot(job, "savepoints", body)

    async def stop(self, job: str, directory: str) -> str:
        """Returns where the job's last savepoint lies. Raises DeployError."""
        body = trigger(await self.release(), targetDirectory=directory, drain=False)
        return await self._snapshot(job, "stop", body)

    async def wait_until_up(self, job: str) -> None:
        """Raises JobEnded with the cause if it fails before."""
        end = time.monotonic() + self._patience
        while not is_up(told := await self._ask("GET", f"/jobs/{job}")):
            if told["state"] in ENDED:
                cause = cause_of(await self._ask("GET", f"/jobs/{job}/exceptions"))
                raise JobEnded(f"{told['name']} is {told['state']}: {cause}")
            await self._wait(end, f"{told['name']} is {told['state']}")

    async def _upload(self, jar: Path) -> str:
        content = jar.read_bytes()

        def form() -> aiohttp.FormData:  # one for each attempt: a form is sent once
            data = aiohttp.FormData()
            data.add_field("jarfile", content, filename=jar.name, content_type="application/x-java-archive")
            return data

        answer = await self._ask("POST", "/jars/upload", again=True, form=form)
        return str(answer["filename"]).rpartition("/")[2]

    async def _run(self, jar: str, savepoint: str | None = None) -> str:
        body = {"savepointPath": savepoint} if savepoint else {}
        job = str((await self._ask("POST", f"/jars/{jar}/run", json=body))["jobid"])
        await self.wait_until_up(job)
        return job

    async def _snapshot(self, job: str, how: str, body: Json) -> str:
        triggered = await self._ask("POST", f"/jobs/{job}/{how}", wanted=202, again="triggerId" in body, json=body)
        status = f"/jobs/{job}/savepoints/{triggered['request-id']}"
        end = time.monotonic() + self._patience
        while (location := location_of(await self._ask("GET", status))) is None:
            await self._wait(end, "the savepoint is not ready")
        return location

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        wanted: int = 200,
        again: bool | None = None,
        form: Callable[[], aiohttp.FormData] | None = None,
        json: Json | None = None,
    ) -> Json:
        """`again`: asking twice does no harm. A 503 says that nobody is there yet, so nothing was done either."""
        again = method == "GET" if again is None else again
        told = ""
        for _ in range(self._attempts):
            try:
                body: dict[str, Any] = {"data": form()} if form else {"json": json}
                async with self._http.request(method, path, **body) as response:
                    if response.status == wanted:
                        return dict(await response.json())
                    told = f"{response.status} {await response.text()}"
                    if response.status != 503:
                        break
            except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as error:
                told = f"no answer ({type(error).__name__})"
                if not again:
                    raise AnswerLost(f"{method} {path}: {told}, and it may have been carried out") from error
            await asyncio.sleep(self._poll)
        raise Refused(f"{method} {path}: {told}")

    async def _wait(self, end: float, told: str) -> None:
        if time.monotonic() > end:
            raise DeployError(f"{told} after {self._patience:g} s")
        await asyncio.sleep(self._poll)
