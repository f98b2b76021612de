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
from flinkmock.scenario.load import read_scenario
from flinkmock.scenario.scenario import Scenario

TRIGGER_KEYS = ("match", "job", "headers", "during", "after", "every", "nth", "chance", "times", "while-job")
"""The keys of a fault that determine when it applies. The others are its effects."""
Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Rows of text: `operations` (name, behaviour), `submitted` (pattern, job), `faults` (name, trigger, effect)."""

    title: str
    headline: str
    timeline: Timeline
    operations: tuple[Row, ...]
    submitted: tuple[Row, ...]
    faults: tuple[Row, ...]
    expected: tuple[str, ...]


def plan(file: Path, *, flink: str | None = None, until: int | None = None) -> Plan:
    """Create the plan of a scenario file.

    Args:
        file: The scenario.
        flink: The release; None for that of the scenario, else the newest.
        until: The duration in ms; None for until nothing new happens.

    Raises:
        ScenarioError: The scenario is invalid.
        UnknownRelease: There is no contract for the release.
    """
    scenario, document = read_scenario(file)
    rules = document.get("submitted")
    dry_run = DryRun(scenario, rules=len(rules.items) if rules else 0, flink=flink, until=until)
    name = document.get("name")
    title = name.text if name is not None else file.stem
    release = dry_run.simulator.engine.contract.release.minor
    return Plan(
        title,
        f"{title}\n{_cluster(scenario, release)}",
        dry_run.timeline,
        tuple(_operations(scenario)),
        tuple((rule.pattern, _job_text(rule.job)) for rule in scenario.submissions[: len(rules.items) if rules else 0]),
        tuple(_faults(document)),
        tuple(_expected(document)),
    )


def _cluster(scenario: Scenario, release: str) -> str:
    managers = "1 TaskManager" if scenario.taskmanagers == 1 else f"{scenario.taskmanagers} TaskManagers"
    slots = "1 slot" if scenario.slots == 1 else f"{scenario.slots} slots"
    suffix = " each" if scenario.taskmanagers != 1 else ""
    leaders = f", {scenario.jobmanagers} JobManagers" if scenario.jobmanagers > 1 else ""
    return f"Flink {release}, seed {scenario.seed}, {managers} with {slots}{suffix}{leaders}"


def _operations(scenario: Scenario) -> Iterator[Row]:
    for name, spec in scenario.cluster_operations.items():
        yield name, _behaviour(spec)
    for job in scenario.jobs:
        for name, spec in job.cluster_operations.items():
            yield f"{name} of {job.name}", _behaviour(spec)


def _behaviour(spec: ClusterOperationSpec) -> str:
    parts = [f"duration {format_duration_spec(spec.duration)}"]
    if spec.fails:
        calls = ", ".join(map(str, sorted(spec.fails)))
        parts.append(f"call {calls} fails" if len(spec.fails) == 1 else f"calls {calls} fail")
    if spec.chance:
        parts.append(f"{spec.chance:.4g} of all calls fail" if spec.chance < 1 else "every call fails")
    reason = f": {spec.exception}" if spec.exception is not None and (spec.fails or spec.chance) else ""
    return "; ".join(parts) + reason


def _job_text(job: JobSpec) -> str:
    parallelism = f"parallelism {job.parallelism}"
    return (
        f"{job.name} ({job.type.lower()}, {parallelism})"
        if job.program.executes
        else "no job: the main method executes none"
    )


def _faults(document: YamlNode) -> Iterator[Row]:
    listed = document.get("faults")
    for node in listed.elements if listed is not None else ():
        keys = [key for key in node.items if key != "name"]
        trigger = "; ".join(_entry(node, key) for key in keys if key in TRIGGER_KEYS)
        effect = "; ".join(_entry(node, key) for key in keys if key not in TRIGGER_KEYS)
        name = node.get("name")
        yield name.text if name is not None else "", trigger or "any request", effect


def _entry(node: YamlNode, key: str) -> str:
    text = flow(node.items[key])
    return text if key == "match" else f"{key} {text}"


def _expected(document: YamlNode) -> Iterator[str]:
    listed = document.get("expect")
    for node in listed.elements if listed is not None else ():
        yield node.text if not node.items else ", ".join(f"{key}: {flow(value)}" for key, value in node.items.items())


def flow(node: YamlNode) -> str:
    """Return a value on one line, in a form close to YAML."""
    if isinstance(node.value, dict):
        return ", ".join(f"{key} {flow(value)}".strip() for key, value in node.items.items())
    if isinstance(node.value, list):
        return ", ".join(map(flow, node.elements))
    return node.text
