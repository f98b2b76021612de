"""Reads the jobs of a scenario as `JobSpec`s."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from flinkmock.cluster.accumulators import with_accumulators
from flinkmock.cluster.spec import (
    DEFAULT_CLUSTER_OPERATIONS,
    CheckpointSpec,
    ClusterOperationSpec,
    JobSpec,
    PastFailure,
    PastSavepoint,
    ProgramSpec,
    RestartStrategy,
    RestartStrategyKind,
    VertexSpec,
)
from flinkmock.errors import did_you_mean
from flinkmock.flink.row_values import ROW_KINDS, RowValue
from flinkmock.named_random import ZERO
from flinkmock.scenario.accumulators import read_accumulators
from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import YamlNode
from flinkmock.scenario.exceptions import ExceptionReader
from flinkmock.scenario.job_defaults import JobDefaults
from flinkmock.scenario.lifecycle import LifecycleReader
from flinkmock.scenario.metric_series import read_metrics, read_watermarks
from flinkmock.scenario.quantities import (
    as_bool,
    as_int,
    as_int_set,
    as_probability,
    read_duration,
    read_duration_range,
    read_duration_spec,
    read_durations,
    read_sizes,
)
from flinkmock.scenario.templates import Templates, resolve_job
from flinkmock.scenario.vertices import VertexReader

DEFAULT_NAMES = {"STREAMING": "Flink Streaming Job", "BATCH": "Flink Batch Job"}
"""The names that Flink gives to jobs without a name (StreamGraphGenerator)."""


@dataclass(frozen=True, slots=True)
class _LoadedJob:
    """A job, and whether it or one of its templates has the key `name`."""

    spec: JobSpec
    sets_name: bool


class JobReader:
    """Reads the jobs of one scenario.

    Args:
        templates: The templates, by scheduler.
        exception_reader: Reads the exceptions of jobs.
        operations: The cluster operations of the scenario. The operations of a job override them.
        scheduler: The configured scheduler of the cluster.
        defaults: The values that options of the cluster set.
        diagnostics: Collects the mistakes.
    """

    def __init__(self, templates: Mapping[str, Templates], exception_reader: ExceptionReader,
                 operations: Mapping[str, ClusterOperationSpec], scheduler: str | None, defaults: JobDefaults,
                 diagnostics: Diagnostics) -> None:  # fmt: skip
        self._templates = templates
        self._exception_reader = exception_reader
        self._operations = operations
        self._scheduler = scheduler
        self._defaults = defaults
        self._diagnostics = diagnostics
        self._jobs_by_template: dict[str, _LoadedJob] = {}
        """The jobs that consist of a template only, by the name of the template. No job is added after a mistake."""

    def read(self, node: YamlNode, path: str, default_name: str | None) -> JobSpec:
        """Read a job, or the name of a template.

        Args:
            node: The job, or the name.
            path: The path of the job, for messages.
            default_name: The name of the job if `node` has none. If this is None too, the job has the name of the
                template of the scenario that it extends, or else Flink's default.
        """
        if default_name is None or not isinstance(node.value, str):
            return self._read(node, path, default_name).spec
        template = node.text
        job = self._jobs_by_template.get(template)
        if job is None:
            job = self._read(node, path, default_name)
            if not self._diagnostics.has_messages:
                self._jobs_by_template[template] = job
        return job.spec if job.sets_name else replace(job.spec, name=default_name)

    def _read(self, node: YamlNode, path: str, default_name: str | None) -> _LoadedJob:
        job, scheduler = resolve_job(self._templates, self._scheduler, node)
        job_type = "BATCH" if job.text_of("type") == "batch" else "STREAMING"
        parallelism = as_int(job.get("parallelism"), 1)
        types, values = read_accumulators(job.get("accumulators"), self._diagnostics)
        vertices = VertexReader(path, parallelism, job_type == "BATCH", self._diagnostics).read(job.items["vertices"])
        age = read_duration(job.get("age"), 0, self._diagnostics)
        lifecycle = LifecycleReader(path, vertices, scheduler, age, self._exception_reader, self._diagnostics)
        restore = job.get("restore-duration")
        own_name = job.text_of("name")
        name = own_name or default_name or self._templates["default"].scenario_template_name(node)
        spec = JobSpec(
            name=name or DEFAULT_NAMES[job_type],
            vertices=with_accumulators(tuple(vertices.values()), types, values),
            accumulators=types,
            accumulator_values=values,
            results=tuple(_result(entry) for entry in job.elements_of("results")),
            lifecycle=lifecycle.read(job.items["lifecycle"]),
            type=job_type,
            parallelism=parallelism,
            checkpoints=self._checkpoints(job.get("checkpoints")),
            restart=self._restart(job.get("restart")),
            user_config={key: value.text for key, value in job.items_of("user-config").items()},
            program=self._program(job.get("program"), vertices),
            cluster_operations=read_operations(
                job.items_of("operations"), self._operations, self._exception_reader, self._diagnostics
            ),
            restore_duration=read_duration_range(restore, self._diagnostics) if restore else ZERO,
            restore_path=job.text_of("restore-path"),
            watermarks=read_watermarks(job.get("watermarks"), self._diagnostics),
            metrics=read_metrics(job.get("metrics"), self._diagnostics),
            past_failures=self._past_failures(job, path, age, vertices),
            past_savepoints=self._past_savepoints(job, path, age),
            age=age,
            id=job.text_of("id") or "",
        )
        return _LoadedJob(spec, own_name is not None)

    def _past_failures(self, job: YamlNode, path: str, job_age: int,
                       vertices: dict[str, VertexSpec]) -> tuple[PastFailure, ...]:  # fmt: skip
        """Return the failures from before the scenario starts, the oldest first. `job_age` is in ms."""
        failures = []
        for entry in job.elements_of("exception-history"):
            age = self._age_of_entry(entry, path, job_age)
            exception = self._exception_reader.exception_spec(entry.items["exception"], path, vertices)
            if exception is not None:
                failures.append(PastFailure(age, exception))
        return tuple(sorted(failures, key=lambda failure: failure.age, reverse=True))

    def _past_savepoints(self, job: YamlNode, path: str, job_age: int) -> tuple[PastSavepoint, ...]:
        """Return the savepoints from before the scenario starts, the oldest first. `job_age` is in ms."""
        savepoints = [
            PastSavepoint(self._age_of_entry(entry, path, job_age), entry.text_of("path"))
            for entry in job.elements_of("savepoint-history")
        ]
        return tuple(sorted(savepoints, key=lambda savepoint: savepoint.age, reverse=True))

    def _age_of_entry(self, entry: YamlNode, path: str, job_age: int) -> int:
        """Return the age of a failure or savepoint in ms, and check that the job is at least as old."""
        node = entry.items["age"]
        age = read_duration(node, 0, self._diagnostics)
        if age > job_age:
            message = f"{path} did not exist then. Give the job an age of {node.text} or more."
            self._diagnostics.add(node.location, message)
        return age

    def _checkpoints(self, node: YamlNode | None) -> CheckpointSpec | None:
        defaults = self._defaults.checkpoints
        if node is None:
            return defaults
        if node.value == "none":
            return None
        duration, size, mode, fails = node.get("duration"), node.get("size"), node.get("mode"), node.get("fails")
        every_node = node.get("every")
        every = read_duration(every_node, defaults.every or 0, self._diagnostics)
        if every_node is not None and every == 0:
            message = "every must be more than 0. Write checkpoints: none for a job without checkpoints."
            self._diagnostics.add(every_node.location, message)
        return replace(
            defaults,
            every=every,
            duration=read_durations(duration, self._diagnostics) if duration else defaults.duration,
            size=read_sizes(size, self._diagnostics) if size else defaults.size,
            fails=as_int_set(fails),
            chance=_failure_chance(fails),
            timeout=read_duration(node.get("timeout"), defaults.timeout, self._diagnostics),
            min_pause=read_duration(node.get("min-pause"), defaults.min_pause, self._diagnostics),
            max_concurrent=as_int(node.get("max-concurrent"), defaults.max_concurrent),
            mode=mode.text.replace("-", "_") if mode else defaults.mode,
            unaligned=as_bool(node.get("unaligned"), defaults.unaligned),
            tolerable_failures=as_int(node.get("tolerable-failures"), defaults.tolerable_failures),
            retained=node.text_of("retained") or defaults.retained,
        )

    def _restart(self, node: YamlNode | None) -> RestartStrategy:
        if node is None:
            return self._defaults.restart
        if node.value == "none":
            return RestartStrategy(RestartStrategyKind.NONE)
        attempts, strategy, interval = node.get("attempts"), node.text_of("strategy") or "none", node.get("interval")
        if interval is not None and strategy != "failure-rate":
            message = f"the strategy {strategy} has no interval. Write strategy: failure-rate."
            self._diagnostics.add(interval.location, message)
        if strategy == "none" and attempts is not None:
            message = "the strategy none has no attempts. Write strategy: fixed-delay."
            self._diagnostics.add(attempts.location, message)
        default_attempts = 1 if strategy == "failure-rate" else None
        return RestartStrategy(
            RestartStrategyKind(strategy),
            attempts=as_int(attempts, 0) if attempts else default_attempts,
            delay=read_duration(node.get("delay"), RestartStrategy().delay, self._diagnostics),
            interval=read_duration(interval, RestartStrategy().interval, self._diagnostics),
        )

    def _program(self, node: YamlNode | None, vertices: Mapping[str, VertexSpec]) -> ProgramSpec:
        if node is None:
            return ProgramSpec()
        throws = node.get("throws")
        return ProgramSpec(
            throws=self._exception_reader.java_exception(throws) if throws else None,
            executes=as_bool(node.get("executes"), True),
            prints=node.text_of("prints") or "",
            arguments={
                argument: tuple(self._field(field, vertices) for field in fields.elements or [fields])
                for argument, fields in node.items_of("arguments").items()
            },
            arguments_in_user_config=as_bool(node.get("arguments-in-user-config")),
        )

    def _field(self, node: YamlNode, vertices: Mapping[str, VertexSpec]) -> str:
        """Return the field that an argument sets, with the full name of the vertex."""
        fields = {field: field for field in ("name", "parallelism", "checkpoints.every", "checkpoints.duration")}
        fields |= {f"{name}.parallelism": f"{vertex.name}.parallelism" for name, vertex in vertices.items()}
        if node.text not in fields:
            message = f'an argument can\'t set "{node.text}".{did_you_mean(node.text, fields)}'
            self._diagnostics.add(node.location, message)
        return fields.get(node.text, "name")


def _result(node: YamlNode) -> object:
    """Return an entry of `results`; `+U: […]` is a Flink `Row` with a `RowKind`."""
    value = node.to_python()
    if isinstance(value, dict) and len(value) == 1:
        ((kind, fields),) = value.items()
        if kind in ROW_KINDS:
            return RowValue(ROW_KINDS[kind], fields)
    return value


def read_operations(nodes: Mapping[str, YamlNode], defaults: Mapping[str, ClusterOperationSpec],
                    exception_reader: ExceptionReader,
                    diagnostics: Diagnostics) -> dict[str, ClusterOperationSpec]:  # fmt: skip
    """Read the cluster operations of a scenario or of a job.

    Args:
        nodes: The operations of the section.
        defaults: The values for keys that the section omits, by operation.
        exception_reader: Reads the exceptions of failed operations.
        diagnostics: Collects the mistakes.
    """
    operations = {}
    for name, node in nodes.items():
        default = defaults.get(name, DEFAULT_CLUSTER_OPERATIONS[name])
        if not isinstance(node.value, dict):
            operations[name] = replace(
                default, duration=read_duration_spec(node, diagnostics), has_default_duration=False
            )
            continue
        duration, fails, exception = node.get("duration"), node.get("fails"), node.get("exception")
        operations[name] = ClusterOperationSpec(
            duration=read_duration_spec(duration, diagnostics) if duration else default.duration,
            fails=as_int_set(fails) if fails else default.fails,
            exception=exception_reader.java_exception(exception) if exception else default.exception,
            chance=_failure_chance(fails) if fails else default.chance,
            leaves_savepoint=as_bool(node.get("leaves-savepoint"), default.leaves_savepoint),
            has_default_duration=duration is None and default.has_default_duration,
        )
    return operations


def _failure_chance(node: YamlNode | None) -> float:
    return as_probability(node) if node is not None and isinstance(node.value, str) else 0.0
