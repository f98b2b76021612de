"""The job that a submitted plan becomes: keys of the submission rule apply, and the plan for all other keys."""

from __future__ import annotations

import dataclasses

from flinkmock.cluster.accumulators import with_accumulators
from flinkmock.cluster.cluster_spec import SubmissionRule
from flinkmock.cluster.spec import CheckpointSpec, JobSpec, Step
from flinkmock.cluster.states import JobState
from flinkmock.cluster.submission.collect_sinks import with_rows
from flinkmock.cluster.submission.job_graph_decoder import SubmittedJob
from flinkmock.named_random import UniformRange

_COLLECTS = (
    Step(JobState.INITIALIZING, UniformRange(10, 20)),
    Step(JobState.CREATED),
    Step(JobState.RUNNING, UniformRange.exactly(1_000)),
    Step(JobState.FINISHED),
)
"""The lifecycle of a job whose rows a client collects, if the rule has none. Such a job finishes."""
_CHECKPOINT_FIELDS = {
    "every": "every",
    "timeout": "timeout",
    "min-pause": "min_pause",
    "max-concurrent": "max_concurrent",
    "mode": "mode",
    "unaligned": "unaligned",
    "tolerable-failures": "tolerable_failures",
    "retained": "retained",
    "aligned-timeout": "aligned_timeout",
}
"""Key of `checkpoints` in a scenario -> field of CheckpointSpec, for the settings that plans contain."""


def spec_of_plan(plan: SubmittedJob, rule: SubmissionRule) -> JobSpec:
    """Return the job of a plan. It has the plan's name. If the plan could not be read, all else is as in the rule.

    Raises:
        BadValue: A row of `results` does not have the type that the plan collects.
    """
    given_keys, spec = rule.given_keys, dataclasses.replace(rule.job, name=plan.name or rule.job.name)
    if not plan.vertices:
        return spec
    settings = plan.settings
    spec = dataclasses.replace(
        spec,
        checkpoints=_checkpoints(plan.settings.checkpoints, rule),
        restart=spec.restart if settings.restart is None or _has_key(rule, "restart") else settings.restart,
        user_config=spec.user_config if _has_key(rule, "user-config") else settings.user_config,
        max_parallelism=settings.max_parallelism,
        object_reuse=settings.object_reuse,
    )
    collects = any(vertex.collect_sinks for vertex in plan.vertices)
    if collects and "lifecycle" not in given_keys:
        spec = dataclasses.replace(spec, lifecycle=_COLLECTS)
    if "vertices" in given_keys:
        return spec
    vertices = (with_rows(vertex, spec.results) for vertex in plan.vertices)
    return dataclasses.replace(
        spec,
        type=plan.type,
        vertices=with_accumulators(tuple(vertices), spec.accumulators, spec.accumulator_values),
        parallelism=settings.parallelism,
        plan_order=plan.plan_order,
        stream_operators=plan.stream_operators,
        graph_is_complete=not plan.is_stream_graph,
    )


def _has_key(rule: SubmissionRule, key: str) -> bool:
    return any(path.partition(".")[0] == key for path in rule.given_keys)


def _checkpoints(of_plan: CheckpointSpec, rule: SubmissionRule) -> CheckpointSpec | None:
    """Return the plan's settings, replaced by those of the rule, with the rule's duration, size and failures."""
    of_rule = rule.job.checkpoints
    if "checkpoints" in rule.given_keys or of_rule is None:
        return of_rule if "checkpoints" in rule.given_keys else of_plan
    fields = {
        name: getattr(of_plan, name)
        for key, name in _CHECKPOINT_FIELDS.items()
        if f"checkpoints.{key}" not in rule.given_keys
    }
    return dataclasses.replace(of_rule, **fields)
