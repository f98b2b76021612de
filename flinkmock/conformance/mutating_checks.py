"""Calls the operations that change something, on jobs of the user's jar or on a job that the user names.

With a jar, the checks upload it, request its plan and start three jobs: one is changed and stopped with a savepoint,
one is cancelled, and one is cancelled by YARN's operation. Since 2.3, the checks also start and cancel an application.
At the end they delete the jar. A job that the user names is changed and cancelled. A change includes a checkpoint and a
savepoint.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flinkmock.conformance.coherence.jobs import TERMINAL
from flinkmock.conformance.http_client import HttpRequest, HttpResponse
from flinkmock.conformance.invariants import InvariantViolation
from flinkmock.errors import FlinkMockError, unreadable_message

if TYPE_CHECKING:
    from flinkmock.conformance.check import Check
    from flinkmock.contract import Operation

POLL_INTERVAL_MS = 250
MAX_POLLS = 240
"""One minute of polls. A job that takes longer to end is reported; one that takes longer to start is used as it is."""
YEAR_2100_MS = 4_102_444_800_000


@dataclass(frozen=True)
class MutatingChecks:
    """Checks of operations that change something.

    Args:
        jar: The jar to start jobs from.
        job: The id of a job to change and then cancel.
        savepoints: The directory for savepoints; None: the cluster's default.

    Raises:
        FlinkMockError: The jar doesn't exist, or its name doesn't end in .jar.
    """

    jar: Path | None = None
    job: str | None = None
    savepoints: str | None = None

    def __post_init__(self) -> None:
        if self.jar is not None and self.jar.suffix != ".jar":
            raise FlinkMockError(f"{self.jar}: Flink accepts only files whose name ends in .jar.")
        if self.jar is not None and not self.jar.is_file():
            raise FlinkMockError(f"{self.jar}: the file does not exist.")

    def __call__(self, check: Check) -> None:
        """Run the checks.

        Raises:
            FlinkMockError: The jar can't be read, or the job is not running.
            ServerUnreachable: The server does not answer.
        """
        step_count = (_JAR_STEP_COUNT if self.jar is not None else 0) + (1 if self.job is not None else 0)
        session = _Session(check, self.savepoints, step_count)
        if self.jar is not None:
            session.check_jar(self.jar)
        if self.job is not None:
            session.require_running(self.job)
            session.report_step(f"job {self.job}")
            session.change_job(self.job)
            session.cancel(self.job)


_JAR_STEP_COUNT = 6
"""How many steps `_Session.check_jar` reports."""


class _Session:
    """The checks of one server.

    Args:
        check: The check that sends the requests and gets the findings.
        savepoints: The directory for savepoints; None: the cluster's default.
        step_count: How many steps the checks will report.
    """

    def __init__(self, check: Check, savepoints: str | None, step_count: int) -> None:
        self._check = check
        self._savepoints = savepoints
        self._steps_done, self._step_count = 0, step_count

    def require_running(self, job_id: str) -> None:
        """Raise FlinkMockError if the job doesn't exist or has ended."""
        listed = objects_in(self._check.reader.json("/jobs"), "jobs")
        states = {str(entry.get("id")): str(entry.get("status")) for entry in listed}
        if not states:  # a partial fake may lack /jobs
            listed = objects_in(self._check.reader.json("/jobs/overview"), "jobs")
            states = {str(entry.get("jid")): str(entry.get("state")) for entry in listed}
        state = states.get(job_id.lower())
        if state is None or state in TERMINAL:
            running_ids = [listed_id for listed_id, listed_state in states.items() if listed_state not in TERMINAL]
            raise FlinkMockError(
                f"{self._check.client.url} has no running job {job_id}"
                f"{'' if state is None else f': it is {state}'}. Running jobs: {', '.join(running_ids) or 'none'}."
            )

    def report_step(self, step: str) -> None:
        """Report the beginning of a step to `Check.progress`."""
        self._check.progress(self._steps_done, self._step_count, step)
        self._steps_done += 1

    def check_jar(self, jar: Path) -> None:
        """Run all checks of a jar. Raises FlinkMockError if the jar can't be read."""
        try:
            content = jar.read_bytes()
        except OSError as error:
            raise FlinkMockError(unreadable_message(jar, error)) from error
        self.report_step("upload and plan of the jar")
        raw_body, content_type = multipart(jar.name, content)
        response = self._check.send(
            self._operation("uploadJar"), HttpRequest("/jars/upload", "POST", raw_body, content_type=content_type)
        )
        file = response_field(response, "filename")
        if response.status != 200 or not isinstance(file, str):
            return
        jar_id = Path(file).name
        jar_path = f"/jars/{quote(jar_id)}"
        self._post("generatePlanFromJar", f"{jar_path}/plan", {})
        self.report_step("a job that is changed and stopped")
        if job_id := self._start(jar_path):
            self.change_job(job_id)
            self.stop(job_id)
        self.report_step("a job that is cancelled")
        if job_id := self._start(jar_path):
            self.cancel(job_id)
        self.report_step("a job that is cancelled by YARN's operation")
        if job_id := self._start(jar_path):
            self.cancel_by_yarn(job_id)
        self.report_step("an application")
        self._start_application(jar_path)
        self.report_step("deletion of the jar")
        self._call("deleteJar", "DELETE", jar_path)
        if any(entry.get("id") == jar_id for entry in objects_in(self._check.reader.json("/jars"), "files")):
            self._add_violation("deleteJar", jar_path, "", "removed from /jars", "still listed")

    def change_job(self, job_id: str) -> None:
        """Call the operations that change a job and leave it running."""
        path = f"/jobs/{job_id}"
        self._run_async("triggerCheckpoint", f"{path}/checkpoints", {"checkpointType": "FULL"}, "getCheckpointStatus")
        directory_field = {"target-directory": self._savepoints} if self._savepoints else {}
        result = self._run_async(
            "triggerSavepoint",
            f"{path}/savepoints",
            {**directory_field, "cancel-job": False},
            "getSavepointStatus",
            accepted_statuses=(400,),  # there may be no directory for savepoints
        )
        if location := result.get("location"):
            self._run_async(
                "triggerSavepointDisposal",
                "/savepoint-disposal",
                {"savepoint-path": location},
                "getSavepointDisposalStatus",
            )
        if heartbeat := self._find_operation("triggerHeartbeat"):
            # before 1.20, Flink accepts only a bare number
            accepts_bare_number = not self._check.contract.check_request(heartbeat, YEAR_2100_MS)
            body: Any = YEAR_2100_MS if accepts_bare_number else {"expiredTimestamp": YEAR_2100_MS}
            self._call("triggerHeartbeat", "PATCH", f"{path}/clientHeartbeat", body)
        requirements = self._check.reader.json(f"{path}/resource-requirements")
        if requirements and self._find_operation("updateJobResourceRequirements"):
            self._call("updateJobResourceRequirements", "PUT", f"{path}/resource-requirements", requirements)
        self._call(
            "rescaleJob", "PATCH", f"{path}/rescaling?parallelism=2", accepted_statuses=(503,)
        )  # disabled in Flink

    def stop(self, job_id: str) -> None:
        """Stop a job with a savepoint."""
        directory_field = {"targetDirectory": self._savepoints} if self._savepoints else {}
        result = self._run_async(
            "triggerStopWithSavepoint",
            f"/jobs/{job_id}/stop",
            {**directory_field, "drain": False},
            "getSavepointStatus",
            accepted_statuses=(400,),
            poll_path=f"/jobs/{job_id}/savepoints",
        )
        if result.get("location"):
            self._expect_state(job_id, "triggerStopWithSavepoint", "FINISHED")
        else:
            self.cancel(job_id)

    def cancel(self, job_id: str) -> None:
        """Cancel a job."""
        self._call("cancelJob", "PATCH", f"/jobs/{job_id}?mode=cancel")
        self._expect_state(job_id, "cancelJob", "CANCELED")

    def cancel_by_yarn(self, job_id: str) -> None:
        """Cancel a job by the operation for YARN's proxy, which allows only GET requests."""
        self._call("getYarnCancelJobTermination", "GET", f"/jobs/{job_id}/yarn-cancel")
        self._expect_state(job_id, "getYarnCancelJobTermination", "CANCELED")

    def _start(self, jar_path: str) -> str | None:
        """Start a job of the jar; wait up to a minute until its vertices run. Return its id; None if it has ended."""
        response = self._post("submitJobFromJar", f"{jar_path}/run", {})
        if response is None or response.status != 200:
            return None
        job_id = response_field(response, "jobid")
        if not isinstance(job_id, str):
            return None
        for _ in range(MAX_POLLS):
            details = self._check.reader.json(f"/jobs/{job_id}")
            vertex_statuses = [vertex.get("status") for vertex in objects_in(details, "vertices")]
            if str(nested_field(details, "state")) in TERMINAL:
                return None
            if vertex_statuses and all(status == "RUNNING" for status in vertex_statuses):
                return job_id
            self._check.wait(POLL_INTERVAL_MS)
        return job_id

    def _start_application(self, jar_path: str) -> None:
        """Start an application of the jar and cancel it, if the release has applications."""
        if self._find_operation("submitApplicationFromJar") is None:
            return
        response = self._post("submitApplicationFromJar", f"{jar_path}/run-application", {})
        if response is None or response.status != 202:
            return
        application_path = f"/applications/{response_field(response, 'applicationid')}"
        for _ in range(MAX_POLLS):
            if nested_field(self._check.reader.json(application_path), "status") == "RUNNING":
                break
            self._check.wait(POLL_INTERVAL_MS)
        self._call("cancelApplication", "POST", f"{application_path}/cancel")

    def _run_async(
        self,
        trigger_id: str,
        path: str,
        body: dict[str, Any],
        poll_id: str,
        accepted_statuses: tuple[int, ...] | None = None,
        poll_path: str | None = None,
    ) -> dict[str, Any]:
        """Trigger and poll an async operation.

        Args:
            trigger_id: The operation id of the trigger.
            path: The path of the trigger.
            body: The JSON of the trigger.
            poll_id: The operation id of the polls.
            accepted_statuses: The accepted error statuses of the trigger, as for `check_response`.
            poll_path: The path of the polls, without the trigger id; None: that of the trigger.

        Returns:
            The result of the operation; {} if it fails or the release lacks it.
        """
        response = self._post(trigger_id, path, body, accepted_statuses)
        poll_operation = self._find_operation(poll_id)
        if response is None or response.status >= 300 or poll_operation is None:
            return {}
        target = f"{poll_path or path}/{response_field(response, 'request-id')}"
        for _ in range(MAX_POLLS):
            poll_response = self._check.send(poll_operation, HttpRequest(target))
            status = response_field(poll_response, "status", "id")
            if poll_response.status != 200 or status is None:
                return {}
            if status == "COMPLETED":
                result = response_field(poll_response, "operation")
                return result if isinstance(result, dict) else {}
            self._check.wait(POLL_INTERVAL_MS)
        self._add_violation(poll_id, path, "/status/id", "COMPLETED within a minute", "IN_PROGRESS for a minute")
        return {}

    def _expect_state(self, job_id: str, operation_id: str, expected: str) -> None:
        state = None
        for _ in range(MAX_POLLS):
            state = str(nested_field(self._check.reader.json(f"/jobs/{job_id}"), "state"))
            if state in TERMINAL:
                break
            self._check.wait(POLL_INTERVAL_MS)
        if state != expected:
            self._add_violation(operation_id, f"/jobs/{job_id}", "/state", expected, str(state))

    def _post(
        self, operation_id: str, target: str, body: Any, accepted_statuses: tuple[int, ...] | None = None
    ) -> HttpResponse | None:
        return self._call(operation_id, "POST", target, body, accepted_statuses)

    def _call(
        self,
        operation_id: str,
        method: str,
        target: str,
        body: Any = None,
        accepted_statuses: tuple[int, ...] | None = None,
    ) -> HttpResponse | None:
        operation = self._find_operation(operation_id)
        if operation is None:
            return None
        raw_body = None if body is None else json.dumps(body).encode()
        return self._check.send(operation, HttpRequest(target, method, raw_body), accepted_statuses)

    def _find_operation(self, operation_id: str) -> Operation | None:
        return self._operation(operation_id) if operation_id in self._check.contract else None

    def _operation(self, operation_id: str) -> Operation:
        return self._check.contract.operation(operation_id)

    def _add_violation(self, operation_id: str, path: str, pointer: str, expected: str, found: str) -> None:
        self._check.add_violation(self._operation(operation_id), path, InvariantViolation(pointer, expected, found))


def response_field(response: HttpResponse, *keys: str) -> Any:
    """Return a nested field of a response's body; None if it is missing, which the schema check reports."""
    try:
        return nested_field(response.body, *keys)
    except ValueError:
        return None


def nested_field(body: Any, *keys: str) -> Any:
    """Return a nested field of a JSON value; None if it is missing."""
    for key in keys:
        body = body.get(key) if isinstance(body, dict) else None
    return body


def objects_in(body: Any, key: str) -> list[dict[str, Any]]:
    """Return the objects in a list of a JSON object; [] if there is no list."""
    items = nested_field(body, key)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def multipart(name: str, content: bytes) -> tuple[bytes, str]:
    """Return the body and the content type of a form with one file, as browsers send it."""
    boundary = secrets.token_hex(16)
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="jarfile"; filename="{name}"\r\n'
        "Content-Type: application/x-java-archive\r\n\r\n"
    )
    return head.encode() + content + f"\r\n--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
