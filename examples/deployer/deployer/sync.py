"""The deployer with httpx."""

from __future__ import annotations

import time
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import httpx

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
        self._http = httpx.Client(base_url=url)
        self._poll = poll
        self._patience = patience
        self._attempts = attempts

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    @cached_property
    def release(self) -> Release:
        return release_of(self._ask("GET", "/config"))

    def deploy(self, jar: Path) -> str:
        """Runs a new job; returns its id when it is up. Raises DeployError."""
        return self._run(self._upload(jar))

    def upgrade(self, job: str, jar: Path, directory: str) -> str:
        """Stops a job with a savepoint and runs the new jar from it; returns the new job's id. Raises DeployError."""
        uploaded = self._upload(jar)  # before anything is stopped
        return self._run(uploaded, savepoint=self.stop(job, directory))

    def savepoint(self, job: str, directory: str) -> str:
        """Returns where it lies. Raises DeployError."""
        body = trigger(self.release, **{"target-directory": directory, "cancel-job": False})
        return self._snapshot(job, "savepoints", body)

    def stop(self, job: str, directory: str) -> str:
        """Returns where the job's last savepoint lies. Raises DeployError."""
        return self._snapshot(job, "stop", trigger(self.release, targetDirectory=directory, drain=False))

    def wait_until_up(self, job: str) -> None:
        """Raises JobEnded with the cause if it fails before."""
        end = time.monotonic() + self._patience
        while not is_up(told := self._ask("GET", f"/jobs/{job}")):
            if told["state"] in ENDED:
                cause = cause_of(self._ask("GET", f"/jobs/{job}/exceptions"))
                raise JobEnded(f"{told['name']} is {told['state']}: {cause}")
            self._wait(end, f"{told['name']} is {told['state']}")

    def _upload(self, jar: Path) -> str:
        file = {"jarfile": (jar.name, jar.read_bytes(), "application/x-java-archive")}
        answer = self._ask("POST", "/jars/upload", again=True, files=file)
        return str(answer["filename"]).rpartition("/")[2]

    def _run(self, jar: str, savepoint: str | None = None) -> str:
        body = {"savepointPath": savepoint} if savepoint else {}
        job = str(self._ask("POST", f"/jars/{jar}/run", json=body)["jobid"])
        self.wait_until_up(job)
        return job

    def _snapshot(self, job: str, how: str, body: Json) -> str:
        triggered = self._ask("POST", f"/jobs/{job}/{how}", wanted=202, again="triggerId" in body, json=body)
        status = f"/jobs/{job}/savepoints/{triggered['request-id']}"
        end = time.monotonic() + self._patience
        while (location := location_of(self._ask("GET", status))) is None:
            self._wait(end, "the savepoint is not ready")
        return location

    def _ask(self, method: str, path: str, *, wanted: int = 200, again: bool | None = None, **request: Any) -> Json:
        """`again`: asking twice does no harm. A 503 says that nobody is there yet, so nothing was done either."""
        again = method == "GET" if again is None else again
        told = ""
        for _ in range(self._attempts):
            try:
                response = self._http.request(method, path, **request)
            except httpx.TransportError as error:
                told = f"no answer ({type(error).__name__})"
                if not again:
                    raise AnswerLost(f"{method} {path}: {told}, and it may have been carried out") from error
            else:
                if response.status_code == wanted:
                    return dict(response.json())
                told = f"{response.status_code} {response.text}"
                if response.status_code != 503:
                    break
            time.sleep(self._poll)
        raise Refused(f"{method} {path}: {told}")

    def _wait(self, end: float, told: str) -> None:
        if time.monotonic() > end:
            raise DeployError(f"{told} after {self._patience:g} s")
        time.sleep(self._poll)
