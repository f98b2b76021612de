"""A plan: the timeline of a rehearsal, and what the scenario holds ready for those who ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flinkmock.cluster.spec import JobSpec, OperationSpec
from flinkmock.dryrun.dry_run import DryRun
from flinkmock.dryrun.durations import format_duration_spec
from flinkmock.dryrun.timeline import Timeline
from flinkmock.scenario.document import YamlNode
from flinkmock.scenario.load import read_scenario
from flinkmock.scenario.scenario import Scenario

WHEN = ("match", "job", "headers", "during", "after", "every", "nth", "chance", "times", "while-job")
"""The keys of a fault that say when it strikes; the others say what it does."""
Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Rows are texts: `operations` (name, how it goes), `submitted` (pattern, job), `faults` (name, when, what)."""

    title: str
    headline: str
    timeline: Timeline
    operations: tuple[Row, ...]
    submitted: tuple[Row, ...]
    faults: tuple[Row, ...]
    expected: tuple[str, ...]


def plan(file: Path, *, flink: str | None = None, until: int | None = None) -> Plan:
    """Plays a scenario file.

    Args:
        flink: the release; None: the scenario's, else the newest.
        until: ms; None: until there is nothing new to see.

    Raises:
        ScenarioError: for a file that can't be played.
        UnknownRelease: `flink` is none.
    """
    scenario, document = read_scenario(file)
    rules = document.get("submitted")
    rehearsal = DryRun(scenario, rules=len(rules.items) if rules else 0, flink=flink, until=until)
    name = document.get("name")
    title = name.text if name is not None else file.stem
    release = rehearsal.player.engine.contract.release.minor
    return Plan(
        title,
        f"{title}\n{_cluster(scenario, release)}",
        rehearsal.timeline,
        tuple(_operations(scenario)),
        tuple((rule.pattern, _becomes(rule.job)) for rule in scenario.submissions[: len(rules.items) if rules else 0]),
        tuple(_faults(document)),
        tuple(_expected(document)),
    )


def _cluster(scenario: Scenario, release: str) -> str:
    managers = "1 task manager" if scenario.taskmanagers == 1 else f"{scenario.taskmanagers} task managers"
    slots = "1 slot" if scenario.slots == 1 else f"{scenario.slots} slots"
    each = " each" if scenario.taskmanagers != 1 else ""
    leaders = f", {scenario.jobmanagers} JobManagers" if scenario.jobmanagers > 1 else ""
    return f"Flink {release}, seed {scenario.seed}, {managers} with {slots}{each}{leaders}"


def _operations(scenario: Scenario) -> Iterator[Row]:
    for name, spec in scenario.operations.items():
        yield name, _goes(spec)
    for job in scenario.jobs:
        for name, spec in job.operations.items():
            yield f"{name} of {job.name}", _goes(spec)


def _goes(spec: OperationSpec) -> str:
    told = [f"takes {format_duration_spec(spec.duration)}"]
    if spec.fails:
        calls = ", ".join(map(str, sorted(spec.fails)))
        told.append(f"call {calls} fails" if len(spec.fails) == 1 else f"calls {calls} fail")
    if spec.chance:
        told.append(f"{spec.chance:.4g} of all calls fail" if spec.chance < 1 else "every call fails")
    why = f": {spec.exception}" if spec.exception is not None and (spec.fails or spec.chance) else ""
    return "; ".join(told) + why


def _becomes(job: JobSpec) -> str:
    width = f"parallelism {job.parallelism}"
    return f"{job.name} ({job.type.lower()}, {width})" if job.program.executes else "nothing: main starts no job"


def _faults(document: YamlNode) -> Iterator[Row]:
    listed = document.get("faults")
    for node in listed.elements if listed is not None else ():
        keys = [key for key in node.items if key != "name"]
        when = "; ".join(_entry(node, key) for key in keys if key in WHEN)
        what = "; ".join(_entry(node, key) for key in keys if key not in WHEN)
        name = node.get("name")
        yield name.text if name is not None else "", when or "any request", what


def _entry(node: YamlNode, key: str) -> str:
    text = flow(node.items[key])
    return text if key == "match" else f"{key} {text}"


def _expected(document: YamlNode) -> Iterator[str]:
    listed = document.get("expect")
    for node in listed.elements if listed is not None else ():
        yield node.text if not node.items else ", ".join(f"{key}: {flow(each)}" for key, each in node.items.items())


def flow(node: YamlNode) -> str:
    """A value on one line, nearly as YAML would have it."""
    if isinstance(node.value, dict):
        return ", ".join(f"{key} {flow(each)}".strip() for key, each in node.items.items())
    if isinstance(node.value, list):
        return ", ".join(map(flow, node.elements))
    return node.text
