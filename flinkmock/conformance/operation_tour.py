"""Calls each operation of a fake cluster at least once, those that change something last.

The client decides how a request is sent (over HTTP or within the process) and what is done with the response.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from flinkmock.conformance.http_client import Json, JsonReader
from flinkmock.conformance.targets import Targets
from flinkmock.contract import Contract, Operation
from flinkmock.contract.example import example
from flinkmock.contract.operation_traits import only_reads
from flinkmock.jar import small_jar

SCENARIO: dict[str, Any] = {
    "cluster": {"taskmanagers": 2, "slots": 8, "config": {"rest.profiling.enabled": True}},
    "jobs": {
        "running": {"extends": "streaming", "age": "5m", "parallelism": 2},
        "to be cancelled": {"extends": "streaming", "age": "4m"},
        "to be cancelled by YARN": {"extends": "streaming", "age": "4m"},
        "finished": {"extends": "batch", "age": "5m"},
        "failed": {"extends": "failing", "age": "5m"},
        "canceled": {
            "extends": "streaming",
            "age": "5m",
            "lifecycle": [{"RUNNING": "30s"}, {"CANCELLING": "100ms"}, "CANCELED"],
        },
    },
}
"""A cluster on which every operation has something to return."""
ADAPTIVE_SCHEDULER_OPTIONS = {"jobmanager.scheduler": "adaptive", "web.adaptive-scheduler.rescale-history.size": 8}
YEAR_2100_MS = 4_102_444_800_000


def tour_scenario(scheduler: str) -> dict[str, Any]:
    """Return `SCENARIO` with the "default" or the "adaptive" scheduler: each rejects some operations of the other."""
    options = ADAPTIVE_SCHEDULER_OPTIONS if scheduler == "adaptive" else {}
    config = SCENARIO["cluster"]["config"] | options
    return SCENARIO | {"cluster": SCENARIO["cluster"] | {"config": config}}


@dataclass(frozen=True, slots=True)
class TourRequest:
    """A request of a tour.

    Attributes:
        operation: The operation that it calls.
        target: The path and the query.
        body: The JSON; None if there is none.
        file: The name and the content of a multipart upload.
    """

    operation: Operation
    target: str
    body: Json = None
    file: tuple[str, bytes] | None = None

    def __str__(self) -> str:
        return f"{self.operation.method} {self.target}"


class TourClient(JsonReader, Protocol):
    """Sends requests to a cluster."""

    def send(self, request: TourRequest) -> Json:
        """Return the JSON of a success response; None for any other response."""


@dataclass
class OperationTour:
    """One tour of all operations of a contract; `client` sends the requests."""

    contract: Contract
    client: TourClient
    _targets: Targets = field(init=False)
    _called: set[str] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        self._targets = Targets(self.client)

    def run(self) -> None:
        """Call all operations, in an order in which no operation needs what an earlier one has removed."""
        for operation in self.contract:
            if only_reads(operation):
                for path in self._targets.paths(operation):
                    for query in self._targets.queries(operation, path):
                        self._send(TourRequest(operation, path + query))
        self._call_jar_operations()
        if job_path := self._job_path("RUNNING"):
            self._change_job(job_path)
        self._cancel_application()
        self._call_operations_without_job()
        self._end_jobs()
        self._call_remaining()
        self._call("shutdownCluster", "/cluster")

    def _send(self, request: TourRequest) -> Json:
        self._called.add(request.operation.id)
        return self.client.send(request)

    def _call(self, operation_id: str, target: str, body: Json = None, file: tuple[str, bytes] | None = None) -> Json:
        """Return the JSON of the response; None if it isn't a success, or if the release lacks the operation."""
        if operation_id not in self.contract:
            return None
        return self._send(TourRequest(self.contract.operation(operation_id), target, body, file))

    def _items(self, target: str, key: str) -> list[Json]:
        """Return the list under `key` of a response; [] if the release lacks the operation."""
        body = self.client.json(target)
        return body.get(key, []) if isinstance(body, dict) else []

    def _job_path(self, state: str) -> str | None:
        """Return the path of the first job in a state."""
        return next(("/jobs/" + job["id"] for job in self._items("/jobs", "jobs") if job["status"] == state), None)

    def _trigger(self, operation_id: str, target: str, body: Json, *, poll_operation_id: str, poll_target: str) -> None:
        """Trigger an async operation and poll it once."""
        response = self._call(operation_id, target, body)
        trigger_id = (response or {}).get("request-id") or (response or {}).get("triggerid") or "0" * 32
        self._call(poll_operation_id, f"{poll_target}/{trigger_id}")

    def _call_jar_operations(self) -> None:
        if response := self._call("uploadJar", "/jars/upload", file=("tour.jar", small_jar())):
            jar_path = "/jars/" + response["filename"].rpartition("/")[2]
            self._call("getJarList", "/jars")
            self._call("generatePlanFromJarGet", jar_path + "/plan")
            self._call("generatePlanFromJar", jar_path + "/plan", {})
            self._call("submitJobFromJar", jar_path + "/run", {"parallelism": 1})
            self._call("submitApplicationFromJar", jar_path + "/run-application", {})
            self._call("deleteJar", jar_path)
        self._call("submitJob", "/jobs", {"jobGraphFileName": "plan.bin"}, ("plan.bin", b"not a plan"))

    def _change_job(self, job_path: str) -> None:
        savepoint = {"target-directory": "file:///savepoints", "cancel-job": False}
        self._trigger(
            "triggerSavepoint",
            job_path + "/savepoints",
            savepoint,
            poll_operation_id="getSavepointStatus",
            poll_target=job_path + "/savepoints",
        )
        self._trigger(
            "triggerCheckpoint",
            job_path + "/checkpoints",
            {},
            poll_operation_id="getCheckpointStatus",
            poll_target=job_path + "/checkpoints",
        )
        self._trigger(
            "rescaleJob",
            job_path + "/rescaling?parallelism=2",
            None,
            poll_operation_id="getRescalingStatus",
            poll_target=job_path + "/rescaling",
        )
        self._send_heartbeat(job_path)
        vertex_ids = [vertex["id"] for vertex in self._items(job_path, "vertices")]
        request = {"serializedCoordinationRequest": "AAAA"}
        for vertex_id in vertex_ids[:1]:
            self._call("postClientCoordination", f"{job_path}/coordinators/{vertex_id}", request)
        bounds = {vertex_id: {"parallelism": {"lowerBound": 1, "upperBound": 1}} for vertex_id in vertex_ids}
        self._call("updateJobResourceRequirements", job_path + "/resource-requirements", bounds)
        for operation_id, name in (
            ("getJobRescaleConfig", "config"),
            ("getJobRescalesOverview", "overview"),
            ("getJobRescalesSummary", "summary"),
            ("getJobRescalesHistory", "history"),
        ):
            self._call(operation_id, f"{job_path}/rescales/{name}")
        for rescale in self.client.json(job_path + "/rescales/history") or []:
            self._call("getJobRescaleDetails", f"{job_path}/rescales/details/{rescale['rescaleUuid']}")
        stop = {"targetDirectory": "file:///savepoints", "drain": False}
        self._trigger(
            "triggerStopWithSavepoint",
            job_path + "/stop",
            stop,
            poll_operation_id="getSavepointStatus",
            poll_target=job_path + "/savepoints",
        )

    def _send_heartbeat(self, job_path: str) -> None:
        if "triggerHeartbeat" not in self.contract:
            return
        body: Json = {"expiredTimestamp": YEAR_2100_MS}
        if self.contract.check_request(self.contract.operation("triggerHeartbeat"), body):
            body = YEAR_2100_MS  # 1.17 to 1.19 read a bare number
        self._call("triggerHeartbeat", job_path + "/clientHeartbeat", body)

    def _cancel_application(self) -> None:
        for application in self._items("/applications/overview", "applications"):
            if application["status"] == "RUNNING":
                self._call("cancelApplication", f"/applications/{application['id']}/cancel")
                return

    def _call_operations_without_job(self) -> None:
        disposal = "/savepoint-disposal"
        request = {"savepoint-path": "file:///no/such/savepoint"}
        self._trigger(
            "triggerSavepointDisposal",
            disposal,
            request,
            poll_operation_id="getSavepointDisposalStatus",
            poll_target=disposal,
        )
        data_set = "/datasets/" + "d" * 32
        self._trigger(
            "deleteClusterDataSet",
            data_set,
            None,
            poll_operation_id="getClusterDataSetDeleteStatus",
            poll_target="/datasets/delete",
        )
        self._profile("JobManager", "/jobmanager/profiler")
        for taskmanager in self._items("/taskmanagers", "taskmanagers")[:1]:
            self._profile("TaskManager", f"/taskmanagers/{taskmanager['id']}/profiler")

    def _profile(self, process: str, profiler: str) -> None:
        """Profile for one second of cluster time, and download the file. The requests advance the clock."""
        self._call(f"post{process}Profiling", profiler, {"mode": "CPU", "duration": 1})
        for _ in range(3):
            response = self._call(f"get{process}ProfilingList", profiler) or {}
        for profiling in response.get("profilingList", []):
            if profiling["outputFile"]:
                self._call(f"get{process}ProfilingFile", f"{profiler}/{profiling['outputFile']}")

    def _end_jobs(self) -> None:
        canceled_job = self._job_path("CANCELED")
        for job_path in (self._job_path("RUNNING"), canceled_job):
            if job_path:
                self._call("cancelJob", job_path)
        for job_path in (self._job_path("RUNNING"), canceled_job):
            if job_path:
                self._call("getYarnCancelJobTermination", job_path + "/yarn-cancel")
        if canceled_job:
            self._call("getYarnStopJobTermination", canceled_job + "/yarn-stop")

    def _call_remaining(self) -> None:
        """Call the operations that only an imported release has, with example values."""
        targets = Targets(self.client)  # the tour has changed the cluster
        for operation in self.contract:
            if operation.id not in self._called and operation.id != "shutdownCluster":
                body = operation.request and example(operation.request, self.contract.definitions)
                self._send(TourRequest(operation, targets.example_path(operation), body))


@contextmanager
def temporary_upload(file: tuple[str, bytes] | None) -> Iterator[Path | None]:
    """Store an upload (name, content) on disk, as the server does, for the duration of its request."""
    if file is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="flinkmock-") as folder:
        path = Path(folder, file[0])
        path.write_bytes(file[1])
        yield path
