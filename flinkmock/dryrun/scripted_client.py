"""The client of a dry run. It calls the operations that the scenario configures, so that the plan shows their effects.

It calls each configured operation on each job that has its own settings for the operation, and on the first of the
other jobs. If the first N calls of an operation fail, it calls the operation N + 1 times. Then it runs a jar for each
submission rule; a streaming job starts from the newest savepoint, if there is one. It runs a jar for the rule `*` only
if there is no other rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flinkmock.cluster.async_operations import AsyncOperationKind
from flinkmock.cluster.cluster_spec import SubmissionRule
from flinkmock.cluster.errors import ClusterError, ProgramError
from flinkmock.cluster.job import Job
from flinkmock.cluster.spec import ClusterOperationSpec
from flinkmock.conformance.operation_tour import temporary_upload
from flinkmock.dryrun.simulator import Simulator
from flinkmock.dryrun.timeline import EventKind
from flinkmock.jar import small_jar
from flinkmock.rest.handlers import UploadedFile
from flinkmock.rest.in_process import InProcessClient, OperationNotFound

PAUSE_MS = 5_000
"""The pause between two steps, in ms."""
POLL_INTERVAL_MS = 1_000
"""The interval at which an operation without a known end is polled, in ms."""
MAX_CALLS = 4
"""The maximum number of calls of one operation on one job, and of jobs on which one operation is called."""
MAX_RULES = 20
"""The maximum number of submission rules for which a jar is run."""
DIRECTORY = "file:///savepoints"
CHECKPOINT_REQUESTS = {
    "savepoint": ("savepoints", {"target-directory": DIRECTORY, "cancel-job": False}),
    "checkpoint": ("checkpoints", {}),
    "stop-with-savepoint": ("stop", {"targetDirectory": DIRECTORY, "drain": False}),
}
"""Operation -> the last segment of its path, and the body of its request."""
OPERATION_ORDER = ("savepoint", "checkpoint", "rescale", "stop-with-savepoint", "cancel")
"""The order of operations. Those that keep the job running come first."""


class ScriptedClient:
    """Sends requests to the cluster of a simulator.

    Args:
        simulator: The simulator.
        rule_count: The number of submission rules in the scenario file. The built-in rules follow them.
    """

    def __init__(self, simulator: Simulator, rule_count: int) -> None:
        self._simulator = simulator
        self._client = InProcessClient(simulator.engine)
        own_rules = simulator.scenario.submissions[: min(rule_count, MAX_RULES)]
        self._rules = [rule for rule in own_rules if rule.pattern != "*"] or list(own_rules)
        self._savepoint_path: str | None = None
        """The path of the newest savepoint."""
        self.started_at: int | None = None
        """The time of the first step, in ms since the epoch; None if there was none."""

    def steps(self) -> Iterator[int]:
        """Run the steps one by one; yield the pause in ms before each further step."""
        for name in OPERATION_ORDER:
            for job, spec in self._targets(name):
                for _ in range(_call_count(spec)):
                    if not job.has_ended:
                        yield from self._pause()
                        yield from self._call(name, job)
        for rule in self._rules:
            yield from self._pause()
            self._run_jar(rule)

    def _pause(self) -> Iterator[int]:
        yield PAUSE_MS
        if self.started_at is None:
            self.started_at = self._simulator.now

    # -- operations on jobs

    def _targets(self, name: str) -> list[tuple[Job, ClusterOperationSpec]]:
        """Return the jobs on which to call an operation, each with the settings of the operation.

        These are the jobs with their own settings, and the first of the others.
        """
        cluster = self._simulator.cluster
        targets: dict[int, tuple[Job, ClusterOperationSpec]] = {}  # by the identity of the job's settings or of None
        for job in cluster.jobs.values():
            job_spec = job.spec.cluster_operations.get(name)
            spec = job_spec or self._simulator.scenario.cluster_operations.get(name)
            if spec is not None and not job.has_ended:
                targets.setdefault(id(job_spec), (job, spec))
        return list(targets.values())[:MAX_CALLS]

    def _call(self, name: str, job: Job) -> Iterator[int]:
        """Call an operation; yield the pauses in ms while it is polled."""
        try:
            if name == "cancel":
                self._client.json("PATCH", f"/jobs/{job.id}")
                self._simulator.add_event(EventKind.OPERATION, job, "cancel")
            elif name == "rescale":
                self._rescale(job)
            else:
                yield from self._take_checkpoint(name, job)
        except (ClusterError, OperationNotFound) as error:
            self._simulator.add_event(EventKind.OPERATION, job, name, f"rejected: {_reason(error)}", is_failure=True)

    def _rescale(self, job: Job) -> None:
        """Request that the job uses all slots, if it runs under the adaptive scheduler."""
        if not self._simulator.cluster.uses_adaptive_scheduler(job.spec):
            return
        cluster, now = self._simulator.cluster, self._simulator.now
        slot_count = sum(taskmanager.slot_count for taskmanager in cluster.taskmanagers.registered_at(now))
        bounds = {
            vertex.id: {"parallelism": {"lowerBound": 1, "upperBound": min(slot_count, vertex.spec.max_parallelism)}}
            for vertex in job.graph.vertices
        }
        self._client.json("PUT", f"/jobs/{job.id}/resource-requirements", bounds)
        self._simulator.add_event(EventKind.OPERATION, job, f"rescale to {slot_count}")

    def _take_checkpoint(self, name: str, job: Job) -> Iterator[int]:
        """Take a savepoint or checkpoint, or stop the job with a savepoint; yield the pauses in ms until it is done."""
        triggered_at = self._simulator.now
        segment, body = CHECKPOINT_REQUESTS[name]
        response = self._client.json("POST", f"/jobs/{job.id}/{segment}", body)
        trigger_id = response["request-id"]
        kind = AsyncOperationKind.CHECKPOINT if name == "checkpoint" else AsyncOperationKind.SAVEPOINT
        while True:
            operation = self._simulator.cluster.async_operations.find(kind, trigger_id, job.id, self._simulator.now)
            if operation is None:
                break
            if operation.is_done_at(self._simulator.now):
                failure = operation.failure
                if failure is None:
                    self._savepoint_path = operation.result.get("location", self._savepoint_path)
                outcome = "done" if failure is None else f"failed: {failure.chain()[-1]}"
                self._simulator.add_event(
                    EventKind.OPERATION, job, name, outcome, since=triggered_at, is_failure=failure is not None
                )
                break
            yield POLL_INTERVAL_MS if operation.done_at is None else operation.done_at - self._simulator.now

    # -- jars

    def _run_jar(self, rule: SubmissionRule) -> None:
        """Upload and run a jar that the rule matches."""
        name, entry_class = jar_for(rule.pattern)
        body: dict[str, Any] = {"entryClass": entry_class} if entry_class else {}
        if self._savepoint_path is not None and rule.job.type == "STREAMING":
            body["savepointPath"] = self._savepoint_path
        earlier_run_count = len(self._simulator.job_runs)
        try:
            with temporary_upload((name, small_jar())) as path:
                assert path is not None
                response = self._client.json("POST", "/jars/upload", files=[UploadedFile(name, path)])
            jar = str(response["filename"]).rpartition("/")[2]
            self._client.json("POST", f"/jars/{jar}/run", body)
        except (ClusterError, OperationNotFound) as error:
            self._simulator.add_event(
                EventKind.OPERATION, None, f"run {name}", f"rejected: {_reason(error)}", is_failure=True
            )
            return
        new_runs = self._simulator.job_runs[earlier_run_count:]
        job = new_runs[0].job if new_runs else None
        source = " from the savepoint" if "savepointPath" in body else ""
        self._simulator.add_event(EventKind.OPERATION, job, f"run {entry_class or name}{source}")


def _call_count(spec: ClusterOperationSpec) -> int:
    """Return how often to call an operation: once more after the last call that fails, but at most `MAX_CALLS` times.

    If calls fail by chance, call it twice.
    """
    last_failure = max(spec.fails, default=0)
    if not spec.fails and spec.chance > 0:
        last_failure = 1
    return min(last_failure + 1, MAX_CALLS)


def jar_for(pattern: str) -> tuple[str, str | None]:
    """Return the name of a jar that a submission rule with this pattern matches, and its entry class.

    The entry class is None if the rule matches the jar by its name.
    """
    name_or_class = pattern.replace("?", "1")
    if name_or_class == "*":
        return "any-other.jar", None
    if name_or_class.endswith((".jar", "*")) and "/" not in name_or_class:
        name = name_or_class.replace("*", "")
        return (name if name.endswith(".jar") else f"{name}.jar"), None
    return "program.jar", name_or_class.replace("*", "")


def _reason(error: Exception) -> str:
    """Return why the cluster rejects a request."""
    if isinstance(error, ProgramError):
        return str(error.exception.chain()[-1])
    return str(error)
