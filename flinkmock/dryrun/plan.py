"""The plan of a scenario: its timeline, and the responses to clients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flinkmock.cluster.spec import ClusterOperationSpec, JobSpec
from flinkmock.dryrun.dry_run import DryRun
from flinkmock.dryrun.durations import format_duration_spec
from flinkmock.dryrun.timeline import Timeline
from flinkmock.scenario.document import YamlNode
from flinkmock.scenario.load import load_scenario_and_document
from flinkmock.scenario.scenario import Scenario

TRIGGER_KEYS = ("match", "job", "headers", "during", "every", "nth", "chance", "times", "while-job")
"""The keys of a fault that determine when it applies. The others, except `name`, are its effects."""
Cells = tuple[str, ...]
"""The texts of one line of the plan, which is printed in columns."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of a scenario.

    Attributes:
        title: The name of the scenario.
        headline: The title, and on a second line the cluster.
        timeline: What happens, in order.
        operations: Name and behaviour of each cluster operation that the scenario sets.
        submitted: Pattern and job of each submission rule.
        faults: Name, trigger and effect of each fault.
        expectations: The text of each expectation.
    """

    title: str
    headline: str
    timeline: Timeline
    operations: tuple[Cells, ...]
    submitted: tuple[Cells, ...]
    faults: tuple[Cells, ...]
    expectations: tuple[str, ...]


def plan_file(file: Path, *, release: str | None = None, duration_ms: int | None = None) -> Plan:
    """Return the plan of a scenario file.

    Args:
        file: The scenario.
        release: The release; None for that of the scenario, else the newest.
        duration_ms: How long to run the scenario; None to run it until nothing new happens.

    Raises:
        ScenarioError: The scenario is invalid.
        UnknownRelease: There is no contract for the release.
        InvalidArgument: The value of a configuration option is invalid.
    """
    scenario, document = load_scenario_and_document(file)
    rule_count = len(document.items_of("submitted"))
    dry_run = DryRun(scenario, rule_count=rule_count, release=release, duration_ms=duration_ms)
    title = document.text_of("name") or file.stem
    served_release = dry_run.simulator.engine.contract.release.minor
    return Plan(
        title,
        f"{title}\n{_cluster_text(scenario, served_release)}",
        dry_run.timeline,
        tuple(_operations(scenario, rule_count)),
        tuple((rule.pattern, _job_text(rule.job)) for rule in scenario.submissions[:rule_count]),
        tuple(_faults(document)),
        tuple(_expectations(document)),
    )


def _cluster_text(scenario: Scenario, release: str) -> str:
    taskmanagers = "1 TaskManager" if scenario.taskmanager_count == 1 else f"{scenario.taskmanager_count} TaskManagers"
    slots = "1 slot" if scenario.slots_per_taskmanager == 1 else f"{scenario.slots_per_taskmanager} slots"
    suffix = " each" if scenario.taskmanager_count != 1 else ""
    jobmanagers = f", {scenario.jobmanager_count} JobManagers" if scenario.jobmanager_count > 1 else ""
    return f"Flink {release}, seed {scenario.seed}, {taskmanagers} with {slots}{suffix}{jobmanagers}"


def _operations(scenario: Scenario, rule_count: int) -> Iterator[Cells]:
    for name, spec in scenario.cluster_operations.items():
        yield name, _behaviour(spec)
    jobs_by_name = [(job.name, job) for job in scenario.jobs]
    for subject, job in [*jobs_by_name, *((rule.pattern, rule.job) for rule in scenario.submissions[:rule_count])]:
        for name, spec in job.cluster_operations.items():
            yield f"{name} of {subject}", _behaviour(spec)


def _behaviour(spec: ClusterOperationSpec) -> str:
    parts = [] if spec.has_default_duration else [f"duration {format_duration_spec(spec.duration)}"]
    if spec.fails:
        calls = ", ".join(map(str, sorted(spec.fails)))
        parts.append(f"call {calls} fails" if len(spec.fails) == 1 else f"calls {calls} fail")
    if spec.chance:
        parts.append(f"{spec.chance:.4g} of all calls fail" if spec.chance < 1 else "every call fails")
    reason = f": {spec.exception}" if spec.exception is not None and (spec.fails or spec.chance) else ""
    return ("; ".join(parts) or "default duration") + reason


def _job_text(job: JobSpec) -> str:
    if not job.program.executes:
        return "no job: the main method executes none"
    return f"{job.name} ({job.type.lower()}, parallelism {job.parallelism})"


def _faults(document: YamlNode) -> Iterator[Cells]:
    for node in document.elements_of("faults"):
        keys = [key for key in node.items if key != "name"]
        trigger = "; ".join(_entry_text(node, key) for key in keys if key in TRIGGER_KEYS)
        effect = "; ".join(_entry_text(node, key) for key in keys if key not in TRIGGER_KEYS)
        yield node.text_of("name") or "", trigger or "any request", effect


def _entry_text(node: YamlNode, key: str) -> str:
    text = _on_one_line(node.items[key])
    return text if key == "match" else f"{key} {text}"


def _expectations(document: YamlNode) -> Iterator[str]:
    for node in document.elements_of("expect"):
        entries = [f"{key}: {_on_one_line(value)}" for key, value in node.items.items()]
        yield ", ".join(entries) if entries else node.text


def _on_one_line(node: YamlNode) -> str:
    """Return a value on one line, in a form close to YAML."""
    if isinstance(node.value, dict):
        return ", ".join(f"{key} {_on_one_line(value)}".strip() for key, value in node.items.items())
    if isinstance(node.value, list):
        return ", ".join(map(_on_one_line, node.elements))
    return node.text
