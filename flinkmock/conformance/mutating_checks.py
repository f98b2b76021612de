"""The operations that change something, put to jobs that may be changed: those of a jar of the user's, or a named one.

A jar is uploaded, planned and started three times; one job is stopped with a savepoint, one cancelled, one cancelled by
YARN's way; in 2.3 a fourth start is an application. The jar is deleted in the end. A named job gets a checkpoint and a
savepoint and is cancelled.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flinkmock.conformance.http_client import HttpRequest, HttpResponse
from flinkmock.conformance.invariants import TERMINAL, InvariantViolation
from flinkmock.errors import FlinkMockError

if TYPE_CHECKING:
    from flinkmock.conformance.check import Check
    from flinkmock.contract import Operation

POLL_MS = 250
PATIENCE = 240
"""Polls; a job that takes longer than a minute to start or to end is told of."""
FOREVER_MS = 4102444800000
"""A heartbeat that says that the client is there until the year 2100."""


@dataclass(frozen=True)
class MutatingChecks:
    """`jar`: to start jobs from. `job`: id of one that may be ended. `savepoints`: directory, None: the cluster's."""

    jar: Path | None = None
    job: str | None = None
    savepoints: str | None = None

    def __post_init__(self) -> None:
        """Raises FlinkMockError for a jar that no Flink would take."""
        if self.jar is not None and self.jar.suffix != ".jar":
            raise FlinkMockError(f"{self.jar}: Flink takes only files whose name ends in .jar.")
        if self.jar is not None and not self.jar.is_file():
            raise FlinkMockError(f"{self.jar}: there is no such file.")

    def __call__(self, check: Check) -> None:
        """Raises FlinkMockError when the jar can't be read or there is no such job, ServerUnreachable."""
        session = _Session(check, self.savepoints, steps=6 * (self.jar is not None) + (self.job is not None))
        if self.jar is not None:
            session.with_jar(self.jar)
        if self.job is not None:
            session.find(self.job)
            session.next(f"job {self.job}")
            session.change(self.job)
            session.cancel(self.job)


class _Session:
    def __init__(self, check: Check, savepoints: str | None, steps: int) -> None:
        self._check = check
        self._savepoints = savepoints
        self._done, self._steps = 0, steps

    def find(self, job: str) -> None:
        """Raises FlinkMockError."""
        listed = rows(self._check.reader.json("/jobs"), "jobs")
        jobs = {str(row.get("id")): str(row.get("status")) for row in listed}
        state = jobs.get(job.lower())
        if state is None or state in TERMINAL:
            running = [each for each, known in jobs.items() if known not in TERMINAL]
            raise FlinkMockError(
                f"{self._check.server.url} has no job {job} that could be cancelled"
                f"{'' if state is None else f', it is {state}'}. Jobs there: {', '.join(running) or 'none'}."
            )

    def next(self, what: str) -> None:
        """Tells how far it has come."""
        self._check.progress(self._done, self._steps, what)
        self._done += 1

    def with_jar(self, jar: Path) -> None:
        try:
            content = jar.read_bytes()
        except OSError as error:
            raise FlinkMockError(f"{jar}: {error.strerror}") from error
        self.next("upload and plan of the jar")
        raw, content_type = multipart(jar.name, content)
        answer = self._check.put(
            self._operation("uploadJar"), HttpRequest("/jars/upload", "POST", raw, content_type=content_type)
        )
        file = told(answer, "filename")
        if answer.status != 200 or not isinstance(file, str):
            return
        jar_id = Path(file).name
        at = f"/jars/{quote(jar_id)}"
        self._post("generatePlanFromJar", f"{at}/plan", {})
        ends = {
            self.stop: "a job that is changed and stopped",
            self.cancel: "a job that is cancelled",
            self.cancel_by_yarn: "a job that is cancelled by YARN's way",
        }
        for end, what in ends.items():
            self.next(what)
            if job := self._start(at):
                if end == self.stop:
                    self.change(job)
                end(job)
        self.next("an application")
        self._application(at)
        self.next("deletion of the jar")
        self._ask("deleteJar", "DELETE", at)
        if any(row.get("id") == jar_id for row in rows(self._check.reader.json("/jars"), "files")):
            self._contradicts("deleteJar", at, "", "gone from /jars", "still listed")

    def change(self, job: str) -> None:
        """Everything that leaves the job running."""
        at = f"/jobs/{job}"
        self._asynchronous("triggerCheckpoint", f"{at}/checkpoints", {"checkpointType": "FULL"}, "getCheckpointStatus")
        target = {"target-directory": self._savepoints} if self._savepoints else {}
        done = self._asynchronous(
            "triggerSavepoint", f"{at}/savepoints", {**target, "cancel-job": False}, "getSavepointStatus", (400,)
        )
        if location := done.get("location"):
            self._asynchronous(
                "triggerSavepointDisposal",
                "/savepoint-disposal",
                {"savepoint-path": location},
                "getSavepointDisposalStatus",
            )
        if heartbeat := self._known("triggerHeartbeat"):
            # before 1.20 only a bare number can be read
            bare = not self._check.contract.check_request(heartbeat, FOREVER_MS)
            body: Any = FOREVER_MS if bare else {"expiredTimestamp": FOREVER_MS}
            self._ask("triggerHeartbeat", "PATCH", f"{at}/clientHeartbeat", body)
        required = self._check.reader.json(f"{at}/resource-requirements")
        if required and self._known("updateJobResourceRequirements"):
            self._ask("updateJobResourceRequirements", "PUT", f"{at}/resource-requirements", required)
        self._ask("rescaleJob", "PATCH", f"{at}/rescaling?parallelism=2", None, (503,))

    def stop(self, job: str) -> None:
        target = {"targetDirectory": self._savepoints} if self._savepoints else {}
        done = self._asynchronous(
            "triggerStopWithSavepoint", f"/jobs/{job}/stop", {**target, "drain": False}, "getSavepointStatus", (400,),
            f"/jobs/{job}/savepoints",
        )  # fmt: skip
        if done.get("location"):
            self._ends(job, "triggerStopWithSavepoint", "FINISHED")
        else:
            self.cancel(job)

    def cancel(self, job: str) -> None:
        self._ask("cancelJob", "PATCH", f"/jobs/{job}?mode=cancel")
        self._ends(job, "cancelJob", "CANCELED")

    def cancel_by_yarn(self, job: str) -> None:
        self._ask("getYarnCancelJobTermination", "GET", f"/jobs/{job}/yarn-cancel")
        self._ends(job, "getYarnCancelJobTermination", "CANCELED")

    def _start(self, at: str) -> str | None:
        """A job of the jar, once all of its tasks run; None if it did not come to that."""
        answer = self._post("submitJobFromJar", f"{at}/run", {})
        if answer is None or answer.status != 200:
            return None
        job = told(answer, "jobid")
        if not isinstance(job, str):
            return None
        for _ in range(PATIENCE):
            details = self._check.reader.json(f"/jobs/{job}")
            tasks = [vertex.get("status") for vertex in rows(details, "vertices")]
            if str(within(details, "state")) in TERMINAL:
                return None
            if tasks and all(task == "RUNNING" for task in tasks):
                return job
            self._check.wait(POLL_MS)
        return job

    def _application(self, at: str) -> None:
        if self._known("submitApplicationFromJar") is None:
            return
        answer = self._post("submitApplicationFromJar", f"{at}/run-application", {})
        if answer is None or answer.status != 202:
            return
        application = f"/applications/{told(answer, 'applicationid')}"
        for _ in range(PATIENCE):
            if within(self._check.reader.json(application), "status") == "RUNNING":
                break
            self._check.wait(POLL_MS)
        self._ask("cancelApplication", "POST", f"{application}/cancel")

    def _asynchronous(
        self, trigger: str, at: str, body: dict[str, Any], status: str, refusals: tuple[int, ...] | None = None,
        polled: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """What the finished operation tells; {} if this release has it not, or it was refused."""
        answer = self._post(trigger, at, body, refusals)
        operation = self._known(status)
        if answer is None or answer.status >= 300 or operation is None:
            return {}
        for _ in range(PATIENCE):
            answered = self._check.put(operation, HttpRequest(f"{polled or at}/{told(answer, 'request-id')}"))
            state = told(answered, "status", "id")
            if answered.status != 200 or state is None:
                return {}
            if state == "COMPLETED":
                done = told(answered, "operation")
                return done if isinstance(done, dict) else {}
            self._check.wait(POLL_MS)
        self._contradicts(status, at, "/status/id", "COMPLETED in the end", "IN_PROGRESS for a minute")
        return {}

    def _ends(self, job: str, because: str, expected: str) -> None:
        state = None
        for _ in range(PATIENCE):
            state = str(within(self._check.reader.json(f"/jobs/{job}"), "state"))
            if state in TERMINAL:
                break
            self._check.wait(POLL_MS)
        if state != expected:
            self._contradicts(because, f"/jobs/{job}", "/state", expected, str(state))

    def _post(
        self, operation_id: str, target: str, body: Any, refusals: tuple[int, ...] | None = None
    ) -> HttpResponse | None:
        return self._ask(operation_id, "POST", target, body, refusals)

    def _ask(
        self, operation_id: str, method: str, target: str, body: Any = None, refusals: tuple[int, ...] | None = None
    ) -> HttpResponse | None:
        operation = self._known(operation_id)
        if operation is None:
            return None
        raw = None if body is None else json.dumps(body).encode()
        return self._check.put(operation, HttpRequest(target, method, raw), refusals)

    def _known(self, operation_id: str) -> Operation | None:
        return self._operation(operation_id) if operation_id in self._check.contract else None

    def _operation(self, operation_id: str) -> Operation:
        return self._check.contract.operation(operation_id)

    def _contradicts(self, operation_id: str, path: str, pointer: str, expected: str, found: str) -> None:
        self._check.contradicted(self._operation(operation_id), path, InvariantViolation(pointer, expected, found))


def told(answer: HttpResponse, *keys: str) -> Any:
    """What stands there in an answer; None if nothing does, which has been judged when it was asked for."""
    try:
        return within(answer.body, *keys)
    except ValueError:
        return None


def within(body: Any, *keys: str) -> Any:
    for key in keys:
        body = body.get(key) if isinstance(body, dict) else None
    return body


def rows(body: Any, key: str) -> list[dict[str, Any]]:
    found = within(body, key)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def multipart(name: str, content: bytes) -> tuple[bytes, str]:
    """(body, content type) of a form with one file, as browsers send it."""
    boundary = secrets.token_hex(16)
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="jarfile"; filename="{name}"\r\n'
        "Content-Type: application/x-java-archive\r\n\r\n"
    )
    return head.encode() + content + f"\r\n--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
