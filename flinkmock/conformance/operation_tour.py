"""A tour of a fake cluster: each operation of its contract is asked at least once, those that change something last.

Who makes the tour says how a question is put (over HTTP, or inside) and what becomes of the answers.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from flinkmock.conformance.check import UNSAFE
from flinkmock.conformance.targets import Targets
from flinkmock.contract import Contract, Operation
from flinkmock.jar import small_jar

SCENARIO: dict[str, Any] = {
    "cluster": {"taskmanagers": 2, "slots": 8, "config": {"rest.profiling.enabled": True}},
    "jobs": {
        "running": {"extends": "streaming", "age": "5m", "parallelism": 2},
        "to be cancelled": {"extends": "streaming", "age": "4m"},
        "to be cancelled the old way": {"extends": "streaming", "age": "4m"},
        "finished": {"extends": "batch", "age": "5m"},
        "failed": {"extends": "failing", "age": "5m"},
        "canceled": {
            "extends": "streaming",
            "age": "5m",
            "lifecycle": [{"RUNNING": "30s"}, {"CANCELLING": "100ms"}, "CANCELED"],
        },
    },
}
"""A cluster on which there is something to see everywhere."""
ADAPTIVE = {"jobmanager.scheduler": "adaptive", "web.adaptive-scheduler.rescale-history.size": 8}


def scenario(scheduler: str) -> dict[str, Any]:
    """`SCENARIO` with the "default" or the "adaptive" scheduler: each answers what the other refuses."""
    more = ADAPTIVE if scheduler == "adaptive" else {}
    config = SCENARIO["cluster"]["config"] | more
    return SCENARIO | {"cluster": SCENARIO["cluster"] | {"config": config}}


FAR_AWAY = 4_102_444_800_000
"""The year 2100."""


@dataclass(frozen=True, slots=True)
class TourRequest:
    """`file` is (name, content) of a multipart upload."""

    operation: Operation
    target: str
    body: Any = None
    file: tuple[str, bytes] | None = None

    def __str__(self) -> str:
        return f"{self.operation.method} {self.target}"


class TourClient(Protocol):
    """Puts questions to a cluster."""

    def json(self, target: str) -> Any:
        """The body of a GET, {} if there is no good answer."""

    def ask(self, question: TourRequest) -> Any:
        """The JSON of the answer; None if there is none."""


@dataclass
class OperationTour:
    """`asker` is whom the questions go through."""

    contract: Contract
    asker: TourClient
    _targets: Targets = field(init=False)

    def __post_init__(self) -> None:
        self._targets = Targets(self.asker)

    def go(self) -> None:
        """Asks everything, in an order in which nothing is gone before it is needed."""
        for operation in self.contract:
            if operation.method == "GET" and operation.id not in UNSAFE:
                for path in self._targets.paths(operation):
                    for query in self._targets.queries(operation, path):
                        self.asker.ask(TourRequest(operation, path + query))
        for visit in (self._jars, self._running_job, self._applications, self._cluster, self._ends):
            visit()
        self._ask("shutdownCluster", "/cluster")

    def _ask(self, operation_id: str, target: str, body: Any = None, file: tuple[str, bytes] | None = None) -> Any:
        """None, too, if the release has no such operation."""
        if operation_id not in self.contract:
            return None
        return self.asker.ask(TourRequest(self.contract.operation(operation_id), target, body, file))

    def _job(self, state: str) -> str:
        jobs: list[dict[str, str]] = self.asker.json("/jobs")["jobs"]
        return next("/jobs/" + job["id"] for job in jobs if job["status"] == state)

    def _triggered(self, operation_id: str, target: str, body: Any, status_id: str, status: str) -> None:
        answer = self._ask(operation_id, target, body)
        trigger_id = (answer or {}).get("request-id") or (answer or {}).get("triggerid") or "0" * 32
        self._ask(status_id, f"{status}/{trigger_id}")

    def _jars(self) -> None:
        answer = self._ask("uploadJar", "/jars/upload", file=("tour.jar", small_jar()))
        jar = "/jars/" + answer["filename"].rpartition("/")[2]
        self._ask("getJarList", "/jars")
        self._ask("generatePlanFromJarGet", jar + "/plan")
        self._ask("generatePlanFromJar", jar + "/plan", {})
        self._ask("submitJobFromJar", jar + "/run", {"parallelism": 1})
        self._ask("submitApplicationFromJar", jar + "/run-application", {})
        self._ask("deleteJar", jar)
        self._ask("submitJob", "/jobs", {"jobGraphFileName": "plan.bin"}, ("plan.bin", b"no plan"))

    def _running_job(self) -> None:
        job = self._job("RUNNING")
        save = {"target-directory": "file:///savepoints", "cancel-job": False}
        self._triggered("triggerSavepoint", job + "/savepoints", save, "getSavepointStatus", job + "/savepoints")
        self._triggered("triggerCheckpoint", job + "/checkpoints", {}, "getCheckpointStatus", job + "/checkpoints")
        self._triggered("rescaleJob", job + "/rescaling?parallelism=2", None, "getRescalingStatus", job + "/rescaling")
        self._heartbeat(job)
        vertices = [vertex["id"] for vertex in self.asker.json(job)["vertices"]]
        request = {"serializedCoordinationRequest": "AAAA"}
        self._ask("postClientCoordination", f"{job}/coordinators/{vertices[0]}", request)
        bounds = {vertex: {"parallelism": {"lowerBound": 1, "upperBound": 1}} for vertex in vertices}
        self._ask("updateJobResourceRequirements", job + "/resource-requirements", bounds)
        for part in ("Config", "sOverview", "sSummary", "sHistory"):
            self._ask(f"getJobRescale{part}", f"{job}/rescales/{part.removeprefix('s').lower()}")
        for listed in self.asker.json(job + "/rescales/history") or []:
            self._ask("getJobRescaleDetails", f"{job}/rescales/details/{listed['rescaleUuid']}")
        stop = {"targetDirectory": "file:///savepoints", "drain": False}
        self._triggered("triggerStopWithSavepoint", job + "/stop", stop, "getSavepointStatus", job + "/savepoints")

    def _heartbeat(self, job: str) -> None:
        if "triggerHeartbeat" not in self.contract:
            return
        body: Any = {"expiredTimestamp": FAR_AWAY}
        if self.contract.check_request(self.contract.operation("triggerHeartbeat"), body):
            body = FAR_AWAY  # 1.17 to 1.19 read the bare number: their constructor names no property
        self._ask("triggerHeartbeat", job + "/clientHeartbeat", body)

    def _applications(self) -> None:
        for application in self.asker.json("/applications/overview").get("applications", []):
            if application["status"] == "RUNNING":
                self._ask("cancelApplication", f"/applications/{application['id']}/cancel")
                return

    def _cluster(self) -> None:
        disposal = "/savepoint-disposal"
        dispose = {"savepoint-path": "file:///no/such/savepoint"}
        self._triggered("triggerSavepointDisposal", disposal, dispose, "getSavepointDisposalStatus", disposal)
        dataset = "/datasets/" + "d" * 32
        delete = "/datasets/delete"
        self._triggered("deleteClusterDataSet", dataset, None, "getClusterDataSetDeleteStatus", delete)
        self._profile("JobManager", "/jobmanager/profiler")
        taskmanager = self.asker.json("/taskmanagers")["taskmanagers"][0]["id"]
        self._profile("TaskManager", f"/taskmanagers/{taskmanager}/profiler")

    def _profile(self, whose: str, profiler: str) -> None:
        """A second of profiling, which the next questions let pass; then its file."""
        self._ask(f"post{whose}Profiling", profiler, {"mode": "CPU", "duration": 1})
        for _ in range(3):
            answer = self._ask(f"get{whose}ProfilingList", profiler) or {}
        for listed in answer.get("profilingList", []):
            if listed["outputFile"]:
                self._ask(f"get{whose}ProfilingFile", f"{profiler}/{listed['outputFile']}")

    def _ends(self) -> None:
        canceled = self._job("CANCELED")
        for job in (self._job("RUNNING"), canceled):
            self._ask("cancelJob", job)
        for job in (self._job("RUNNING"), canceled):
            self._ask("getYarnCancelJobTermination", job + "/yarn-cancel")
        self._ask("getYarnStopJobTermination", canceled + "/yarn-stop")


@contextmanager
def kept(file: tuple[str, bytes] | None) -> Iterator[Path | None]:
    """A question's file on disk, as the server keeps uploads, for as long as the question takes."""
    if file is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="flinkmock-") as folder:
        path = Path(folder, file[0])
        path.write_bytes(file[1])
        yield path
