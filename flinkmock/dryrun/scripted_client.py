"""The player as a client: it does what the scenario speaks of, so that one sees what becomes of it.

Each operation that the scenario gives a length or a failure is called on the first job that it is about, once more than
the calls that are planned to fail; then a jar is run for each rule of `submitted`, from the newest savepoint if one was
taken; for the rule `*`, what any other jar becomes, only if it is the only one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flinkmock.cluster.async_operations import AsyncOperationKind
from flinkmock.cluster.errors import ClusterError, ProgramError
from flinkmock.cluster.job import Job
from flinkmock.cluster.spec import OperationSpec, SubmissionRule
from flinkmock.conformance.operation_tour import temporary_upload
from flinkmock.dryrun.simulator import Simulator
from flinkmock.dryrun.timeline import Kind
from flinkmock.jar import small_jar
from flinkmock.rest.handlers import UploadedFile
from flinkmock.testing.inside import Inside, NotRegistered

PAUSE_MS = 5_000
"""Between two things that the player does."""
LOOK_MS = 1_000
"""How often it looks whether an operation is done whose end nobody knows."""
MOST_CALLS = 4
"""Of one operation on one job."""
MOST_RULES = 20
DIRECTORY = "file:///savepoints"
TRIGGERED = {
    "savepoint": ("savepoints", {"target-directory": DIRECTORY, "cancel-job": False}),
    "checkpoint": ("checkpoints", {}),
    "stop-with-savepoint": ("stop", {"targetDirectory": DIRECTORY, "drain": False}),
}
"""Operation -> the last part of the path that triggers it, and the body."""
ORDER = ("savepoint", "checkpoint", "rescale", "stop-with-savepoint", "cancel")
"""What leaves the job running comes first."""


class Client:
    """Acts on one player's cluster. `rules` are the scenario's own ones of `submitted`."""

    def __init__(self, player: Simulator, rules: int) -> None:
        self._player = player
        self._inside = Inside(player.engine)
        own = player.scenario.submissions[: min(rules, MOST_RULES)]
        self._rules = [rule for rule in own if rule.pattern != "*"] or list(own)
        self._savepoint: str | None = None
        self.began_at: int | None = None
        """Epoch ms; None: it has done nothing."""

    def acts(self) -> Iterator[int]:
        """Does one thing after the other; gives how many ms are to pass before the next."""
        for name in ORDER:
            for job, spec in self._targets(name):
                for _ in range(min(max(spec.fails, default=int(spec.chance > 0)) + 1, MOST_CALLS)):
                    if not job.ended:
                        yield from self._pause()
                        yield from self._call(name, job)
        for rule in self._rules:
            yield from self._pause()
            self._run(rule)

    def _pause(self) -> Iterator[int]:
        yield PAUSE_MS
        if self.began_at is None:
            self.began_at = self._player.now

    # -- operations on jobs

    def _targets(self, name: str) -> list[tuple[Job, OperationSpec]]:
        """The jobs to show an operation on: the first one that runs, and the first of each kind that has its own."""
        cluster = self._player.cluster
        found: dict[int, tuple[Job, OperationSpec]] = {}
        for job in cluster.jobs.values():
            own = job.spec.operations.get(name)
            spec = own or self._player.scenario.operations.get(name)
            if spec is not None and not job.ended:
                found.setdefault(id(own), (job, spec))
        return list(found.values())[:MOST_CALLS]

    def _call(self, name: str, job: Job) -> Iterator[int]:
        began = self._player.now
        try:
            if name == "cancel":
                self._inside.ask("PATCH", f"/jobs/{job.id}")
                self._player.event(Kind.OPERATION, job, "cancel")
            elif name == "rescale":
                self._rescale(job)
            else:
                yield from self._snapshot(name, job, began)
        except (ClusterError, NotRegistered) as refused:
            self._player.event(Kind.OPERATION, job, name, f"refused: {said(refused)}", bad=True)

    def _rescale(self, job: Job) -> None:
        if not self._player.cluster.uses_adaptive_scheduler(job.spec):
            return
        cluster, now = self._player.cluster, self._player.now
        there = sum(each.slots for each in cluster.taskmanagers_at(now))
        bounds = {
            vertex.id: {"parallelism": {"lowerBound": 1, "upperBound": min(there, vertex.spec.max_parallelism)}}
            for vertex in job.graph.vertices
        }
        self._inside.ask("PUT", f"/jobs/{job.id}/resource-requirements", bounds)
        self._player.event(Kind.OPERATION, job, f"rescale to {there}")

    def _snapshot(self, name: str, job: Job, began: int) -> Iterator[int]:
        part, body = TRIGGERED[name]
        answer = self._inside.ask("POST", f"/jobs/{job.id}/{part}", body)
        trigger = answer["request-id"]
        kind = AsyncOperationKind.CHECKPOINT if name == "checkpoint" else AsyncOperationKind.SAVEPOINT
        while True:
            operation = self._player.cluster.async_operations.find(kind, trigger, job.id, self._player.now)
            if operation is None:
                break
            if operation.done_by(self._player.now):
                failure = operation.failure
                if failure is None:
                    self._savepoint = operation.result.get("location", self._savepoint)
                outcome = "done" if failure is None else f"failed: {failure.chain()[-1]}"
                self._player.event(Kind.OPERATION, job, name, outcome, since=began, bad=failure is not None)
                break
            yield LOOK_MS if operation.done_at is None else operation.done_at - self._player.now

    # -- jars

    def _run(self, rule: SubmissionRule) -> None:
        name, entry = jar_for(rule.pattern)
        body: dict[str, Any] = {"entryClass": entry} if entry else {}
        if self._savepoint is not None and rule.job.type == "STREAMING":
            body["savepointPath"] = self._savepoint
        before = len(self._player.lives)
        try:
            with temporary_upload((name, small_jar())) as path:
                assert path is not None
                answer = self._inside.ask("POST", "/jars/upload", files=[UploadedFile(name, path)])
            jar = str(answer["filename"]).rpartition("/")[2]
            self._inside.ask("POST", f"/jars/{jar}/run", body)
        except (ClusterError, NotRegistered) as refused:
            self._player.event(Kind.OPERATION, None, f"run {name}", f"refused: {said(refused)}", bad=True)
            return
        new = self._player.lives[before:]
        source = " from the savepoint" if "savepointPath" in body else ""
        self._player.event(Kind.OPERATION, new[0].job if new else None, f"run {entry or name}{source}")


def jar_for(pattern: str) -> tuple[str, str | None]:
    """A jar that a rule of `submitted` fits, and the entry class to run if it is that which the rule names."""
    filled = pattern.replace("?", "1")
    if filled == "*":
        return "any-other.jar", None
    if filled.endswith((".jar", "*")) and "/" not in filled:
        name = filled.replace("*", "")
        return (name if name.endswith(".jar") else f"{name}.jar"), None
    return "program.jar", filled.replace("*", "")


def said(refused: Exception) -> str:
    """Why the cluster refuses something, in a few words."""
    if isinstance(refused, ProgramError):
        return str(refused.exception.chain()[-1])
    return type(refused).__name__ if not isinstance(refused, NotRegistered) else str(refused)
