"""The job that a submitted plan becomes. The keys that the submission rule sets override those of the plan.

The name is that of the plan. `type` and `parallelism` belong to the graph: the rule decides them if it sets `vertices`.
"""

from __future__ import annotations

import dataclasses

from flinkmock.cluster.accumulators import with_accumulators
from flinkmock.cluster.cluster_spec import SubmissionRule
from flinkmock.cluster.spec import CheckpointSpec, JobSpec, Step
from flinkmock.cluster.states import JobState
from flinkmock.cluster.submission.plan_collect_sinks import with_rows
from flinkmock.cluster.submission.plan_decoder import SubmittedPlan
from flinkmock.named_random import UniformRange

_COLLECTING_LIFECYCLE = (
    Step(JobState.INITIALIZING, UniformRange(10, 20)),
    Step(JobState.CREATED),
    Step(JobState.RUNNING, UniformRange.exactly(1_000)),
    Step(JobState.FINISHED),
)
"""The lifecycle of a job with sinks of `collect()`, if the rule sets none: unlike other jobs, it finishes."""
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
"""Key of `checkpoints` in a scenario -> field of CheckpointSpec, for the settings that plans contain.

Scenarios have no key for `aligned_timeout`, which therefore always comes from the plan.
"""


def spec_of_plan(plan: SubmittedPlan, rule: SubmissionRule) -> JobSpec:
    """Return the job that a plan becomes. It has the plan's name.

    If the graph of the plan could not be read, everything else comes from the rule.

    Raises:
        BadValue: A row of `results` does not have the type that the plan collects.
    """
    explicit_keys, spec = rule.explicit_keys, dataclasses.replace(rule.job, name=plan.name or rule.job.name)
    if not plan.vertices:
        return spec
    settings = plan.settings
    spec = dataclasses.replace(
        spec,
        checkpoints=_checkpoints(settings.checkpoints, rule),
        restart=spec.restart if settings.restart is None or _sets_section(rule, "restart") else settings.restart,
        user_config=spec.user_config if _sets_section(rule, "user-config") else settings.user_config,
        max_parallelism=settings.max_parallelism,
        object_reuse=settings.object_reuse,
    )
    has_collect_sinks = any(vertex.collect_sinks for vertex in plan.vertices)
    if has_collect_sinks and "lifecycle" not in explicit_keys:
        spec = dataclasses.replace(spec, lifecycle=_COLLECTING_LIFECYCLE)
    if "vertices" in explicit_keys:
        return spec
    vertices = (with_rows(vertex, spec.results) for vertex in plan.vertices)
    return dataclasses.replace(
        spec,
        type=plan.type,
        vertices=with_accumulators(tuple(vertices), spec.accumulators, spec.accumulator_values),
        parallelism=settings.parallelism,
        plan_order=plan.plan_order,
        stream_operators=plan.stream_operators,
        # the graph of a batch job grows while it runs, unless the client sent a job graph
        graph_is_complete=not plan.is_stream_graph,
    )


def _sets_section(rule: SubmissionRule, key: str) -> bool:
    """Return whether a rule sets a key, or a key in the section with this name."""
    return any(path.partition(".")[0] == key for path in rule.explicit_keys)


def _checkpoints(plan_checkpoints: CheckpointSpec, rule: SubmissionRule) -> CheckpointSpec | None:
    """Return the checkpoints of the rule, with the settings of the plan for the keys that the rule does not set.

    Durations, sizes and failures of checkpoints come from the rule, because a plan has none. If only a built-in
    template turns checkpoints off, all settings come from the plan, and durations and sizes are the defaults.
    """
    rule_checkpoints = rule.job.checkpoints
    if "checkpoints" in rule.explicit_keys:  # `checkpoints: none`; mappings set keys such as "checkpoints.every"
        return rule_checkpoints
    if rule_checkpoints is None:
        return plan_checkpoints
    fields_of_plan = {
        field: getattr(plan_checkpoints, field)
        for key, field in _CHECKPOINT_FIELDS.items()
        if f"checkpoints.{key}" not in rule.explicit_keys
    }
    return dataclasses.replace(rule_checkpoints, **fields_of_plan)
