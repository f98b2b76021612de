"""Jobs: what a scenario says of one, as the value that the cluster plays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flinkmock.cluster.spec import (
    DEFAULT_OPERATIONS,
    CheckpointSpec,
    JobSpec,
    OperationSpec,
    PastFailure,
    ProgramSpec,
    RestartStrategy,
    RestartStrategyKind,
    VertexSpec,
)
from flinkmock.errors import did_you_mean
from flinkmock.flink.java_exception import JavaException
from flinkmock.named_random import ZERO
from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import YamlNode
from flinkmock.scenario.exceptions import Causes
from flinkmock.scenario.lifecycle import LifecycleReader
from flinkmock.scenario.metric_series import read_metrics, read_watermarks
from flinkmock.scenario.quantities import chance, length, size, span, whole
from flinkmock.scenario.templates import Templates, complete
from flinkmock.scenario.vertices import read_vertices

DEFAULT_NAMES = {"STREAMING": "Flink Streaming Job", "BATCH": "Flink Batch Job"}
"""What Flink calls a job whose program gives it no name (StreamGraphGenerator)."""


class JobReader:
    """Reads the jobs of one scenario; `operations` are the scenario's own, `scheduler` is what its cluster is
    configured for, `templates` are those of each scheduler."""

    def __init__(self, templates: Mapping[str, Templates], causes: Causes, operations: Mapping[str, OperationSpec],
                 scheduler: str | None, mistakes: Diagnostics) -> None:  # fmt: skip
        self._templates = templates
        self._causes = causes
        self._operations = operations
        self._scheduler = scheduler
        self._mistakes = mistakes

    def read(self, node: YamlNode, where: str, name: str | None) -> JobSpec:
        """A job, or the name of a template. `where` names it in messages, `name` is what it is called if it has no
        name of its own; None: as its template, else as Flink calls such jobs."""
        job, scheduler = complete(self._templates, self._scheduler, node)
        kind = "BATCH" if _text(job, "type") == "batch" else "STREAMING"
        parallelism = whole(job.get("parallelism"), 1)
        vertices = read_vertices(job.items["vertices"], where, parallelism, kind == "BATCH", self._mistakes)
        age = self._duration(job, "age", 0)
        lifecycle = LifecycleReader(where, vertices, scheduler, age, self._causes, self._mistakes)
        return JobSpec(
            name=_text(job, "name") or name or self._templates["default"].named_by(node) or DEFAULT_NAMES[kind],
            vertices=tuple(vertices.values()),
            lifecycle=lifecycle.read(job.items["lifecycle"]),
            type=kind,
            parallelism=parallelism,
            checkpoints=self._checkpoints(job.get("checkpoints")),
            restart=self._restart(job.get("restart")),
            user_config={key: value.text for key, value in _entries(job, "user-config").items()},
            program=self._program(job.get("program"), vertices),
            operations=read_operations(_entries(job, "operations"), self._operations, self._causes, self._mistakes),
            restore_duration=span(restore, self._mistakes) if (restore := job.get("restore-duration")) else ZERO,
            restore_path=_text(job, "restore-path"),
            watermarks=read_watermarks(job.get("watermarks"), self._mistakes),
            metrics=read_metrics(job.get("metrics"), self._mistakes),
            past_failures=self._past_failures(job, where, age, vertices),
            age=age,
            id=_text(job, "id") or "",
        )

    def _past_failures(self, job: YamlNode, where: str, job_age: int,
                       vertices: dict[str, VertexSpec]) -> tuple[PastFailure, ...]:  # fmt: skip
        given = job.get("exception-history")
        found = []
        for each in given.elements if given is not None else ():
            age, exception = each.items["age"], each.items["exception"]
            before = span(age, self._mistakes).low
            if before > job_age:
                since = "has not begun yet" if not job_age else "is younger than that"
                self._mistakes.add(age.place, f"{where} {since}. Write age: {age.text} in the job, or more.")
            cause = self._causes.cause(exception, where, vertices)
            if cause is not None:
                found.append(PastFailure(before, cause))
        return tuple(sorted(found, key=lambda failure: -failure.age))

    def _checkpoints(self, node: YamlNode | None) -> CheckpointSpec | None:
        usual = CheckpointSpec()
        if node is None:
            return usual
        if node.value == "none":
            return None
        duration, total, mode, unaligned = (
            node.get("duration"),
            node.get("size"),
            node.get("mode"),
            node.get("unaligned"),
        )
        return CheckpointSpec(
            every=self._duration(node, "every", usual.every or 0),
            duration=span(duration, self._mistakes) if duration else usual.duration,
            size=size(total, self._mistakes) if total else usual.size,
            fails=_numbers(node.get("fails")),
            chance=_chance(node.get("fails")),
            timeout=self._duration(node, "timeout", usual.timeout),
            min_pause=self._duration(node, "min-pause", usual.min_pause),
            max_concurrent=whole(node.get("max-concurrent"), usual.max_concurrent),
            mode=mode.text.replace("-", "_") if mode else usual.mode,
            unaligned=bool(unaligned and unaligned.value),
            tolerable_failures=whole(node.get("tolerable-failures"), usual.tolerable_failures),
            retained=_text(node, "retained"),
        )

    def _restart(self, node: YamlNode | None) -> RestartStrategy:
        if node is None:
            return RestartStrategy(configured_by_job=False)
        if node.value == "none":
            return RestartStrategy(RestartStrategyKind.NONE)
        attempts, strategy = node.get("attempts"), _text(node, "strategy") or "none"
        if strategy == "none" and attempts is not None:
            self._mistakes.add(attempts.place, "the strategy none attempts nothing. Write fixed-delay.")
        return RestartStrategy(
            RestartStrategyKind(strategy),
            whole(attempts, 0) if attempts else None,
            self._duration(node, "delay", RestartStrategy().delay),
        )

    def _program(self, node: YamlNode | None, vertices: Mapping[str, VertexSpec]) -> ProgramSpec:
        if node is None:
            return ProgramSpec()
        throws, executes = node.get("throws"), node.get("executes")
        in_user_config = node.get("arguments-in-user-config")
        return ProgramSpec(
            throws=self._causes.throwable(throws) if throws else None,
            executes=executes is None or bool(executes.value),
            arguments={
                argument: tuple(self._field(field, vertices) for field in fields.elements or [fields])
                for argument, fields in _entries(node, "arguments").items()
            },
            arguments_in_user_config=bool(in_user_config and in_user_config.value),
        )

    def _field(self, node: YamlNode, vertices: Mapping[str, VertexSpec]) -> str:
        """What an argument sets, vertices by their full names."""
        fields = {name: name for name in ("name", "parallelism", "checkpoints.every", "checkpoints.duration")}
        fields |= {f"{name}.parallelism": f"{vertex.name}.parallelism" for name, vertex in vertices.items()}
        if node.text not in fields:
            self._mistakes.add(node.place, f'no argument sets "{node.text}".{did_you_mean(node.text, fields)}')
        return fields.get(node.text, "name")

    def _duration(self, node: YamlNode, key: str, default: int) -> int:
        given = node.get(key)
        return span(given, self._mistakes).low if given is not None else default


def read_operations(given: Mapping[str, YamlNode], usual: Mapping[str, OperationSpec], causes: Causes,
                    mistakes: Diagnostics) -> dict[str, OperationSpec]:  # fmt: skip
    """The operations that are spoken of; what is left out of one is as `usual`, else as on a real cluster."""
    found = {}
    for name, operation in given.items():
        before = usual.get(name, DEFAULT_OPERATIONS[name])
        if not isinstance(operation.value, dict):
            found[name] = replace(before, duration=length(operation, mistakes))
            continue
        duration, fails, named = operation.get("duration"), operation.get("fails"), operation.get("exception")
        exception: JavaException | None = causes.throwable(named) if named else before.exception
        found[name] = OperationSpec(
            length(duration, mistakes) if duration else before.duration,
            _numbers(fails) if fails else before.fails,
            exception,
            _chance(fails) if fails else before.chance,
        )
    return found


def _text(node: YamlNode, key: str) -> str | None:
    found = node.get(key)
    return found.text if found is not None else None


def _entries(node: YamlNode, key: str) -> dict[str, YamlNode]:
    found = node.get(key)
    return found.items if found is not None else {}


def _chance(node: YamlNode | None) -> float:
    return chance(node) if node is not None and isinstance(node.value, str) else 0.0


def _numbers(node: YamlNode | None) -> frozenset[int]:
    return frozenset(whole(number, 0) for number in node.elements) if node is not None else frozenset()
