"""Checks scenarios by dry runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from flinkmock.cluster.job import Job
from flinkmock.cluster.spec import JobSpec, Lifecycle, Repeat, Step
from flinkmock.contract import LATEST
from flinkmock.dryrun.dry_run import DryRun
from flinkmock.dryrun.response_checks import ResponseChecks
from flinkmock.dryrun.simulator import JobRun, Simulator
from flinkmock.dryrun.static_checks import StaticChecks
from flinkmock.dryrun.unused import find_unused
from flinkmock.scenario.diagnostics import Diagnostics, SourceLocation
from flinkmock.scenario.document import YamlNode
from flinkmock.scenario.load import load_scenario_and_document, resolve_job_node
from flinkmock.scenario.scenario import Scenario
from flinkmock.tables import counted
from flinkmock.units import format_duration

REACHABLE_BY_CLIENTS = frozenset({"CANCELLING", "CANCELED", "FINISHED"})
"""States that a client can bring about, so that they need not occur in the dry run."""

Progress = Callable[[str, int, int], None]
"""Receives the release, the number of finished dry runs, and the number of all dry runs."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a dry run without findings covered.

    Attributes:
        release: The release.
        job_count: The number of jobs.
        state_change_count: The number of changes of job states.
        duration_ms: The simulated time.
        response_count: The number of checked responses.
    """

    release: str
    job_count: int
    state_change_count: int
    duration_ms: int
    response_count: int

    def __str__(self) -> str:
        jobs = "1 job" if self.job_count == 1 else f"{self.job_count:,} jobs"
        changes = "1 state change" if self.state_change_count == 1 else f"{self.state_change_count:,} state changes"
        duration = format_duration(self.duration_ms)
        responses = "1 response" if self.response_count == 1 else f"{self.response_count:,} responses"
        return f"Flink {self.release}: {jobs}, {changes} in {duration}, {responses} checked"


def check_file(file: Path, releases: Sequence[str] = (), progress: Progress | None = None) -> list[CheckResult]:
    """Check a scenario file with each of the releases.

    Args:
        file: The scenario.
        releases: The releases; by default the release of the scenario, else the newest.
        progress: Is called before each dry run.

    Raises:
        ScenarioError: All findings, in the order of the file.
        UnknownRelease: There is no contract for a release.
        InvalidArgument: The value of a configuration option is invalid.
    """
    scenario, document = load_scenario_and_document(file)
    diagnostics = Diagnostics()
    find_unused(document, diagnostics)
    results: list[CheckResult] = []
    releases = releases or [scenario.flink or LATEST]
    for release in releases:
        if progress is not None:
            progress(release, len(results), len(releases))
        results.append(_ScenarioCheck(document, scenario, diagnostics).run(release))
    diagnostics.raise_if_any()
    return results


class _ScenarioCheck:
    """The check of one scenario with one release."""

    def __init__(self, document: YamlNode, scenario: Scenario, diagnostics: Diagnostics) -> None:
        self._document = document
        self._scenario = scenario
        self._diagnostics = diagnostics
        self._response_checks: ResponseChecks | None = None

    def run(self, release: str) -> CheckResult:
        """Run the scenario, and add a diagnostic for each finding. Raises UnknownRelease, InvalidArgument."""
        rule_count = len(self._document.items_of("submitted"))
        dry_run = DryRun(self._scenario, rule_count=rule_count, release=release, watch=self._check_responses)
        simulator = dry_run.simulator
        configuration = simulator.cluster.configuration.values
        StaticChecks(self._document, self._scenario, simulator.engine.contract, configuration, self._diagnostics).run()
        self._check_steps(simulator)
        self._check_job_states(simulator)
        response_count = 0
        if self._response_checks is not None:
            response_count = self._response_checks.response_count
            for job, text in self._response_checks.findings:
                self._diagnostics.add(self._job_location(job), text)
        timeline = dry_run.timeline
        duration_ms = timeline.end - timeline.begin
        job_count, state_change_count = len(timeline.lanes), simulator.state_change_count
        return CheckResult(release, job_count, state_change_count, duration_ms, response_count)

    def _check_responses(self, simulator: Simulator, changed_jobs: Collection[Job]) -> None:
        if self._response_checks is None:
            self._response_checks = ResponseChecks(simulator)
        self._response_checks.check_jobs(changed_jobs)

    # -- findings

    def _check_steps(self, simulator: Simulator) -> None:
        """Find steps that no job reached."""
        entered: dict[int, set[int]] = {}  # identity of a lifecycle -> identities of the steps that jobs entered
        for job_run in simulator.job_runs:
            entered.setdefault(id(job_run.job.spec.lifecycle), set()).update(job_run.entered_steps)
        job_nodes = self._document.items_of("jobs").values()
        for node, spec in self._nodes_with_specs():
            missed = _missed_steps(spec.lifecycle, entered.get(id(spec.lifecycle), set()))
            if missed:
                job_run = next(
                    job_run for job_run in simulator.job_runs if job_run.job.spec.lifecycle is spec.lifecycle
                )
                if _lacks_slots(job_run.job) and not any(node is job_node for job_node in job_nodes):
                    continue  # there are not enough slots for all jars that the client ran
                self._diagnostics.add(
                    self._step_location(node, spec, missed[0]),
                    f"{job_run.job.name} never reaches {missed[0].state}: {_reason(job_run, simulator)}.",
                )

    def _check_job_states(self, simulator: Simulator) -> None:
        """Find faults that require a job state that was never reached."""
        reached = {(job_run.job.name, state) for job_run in simulator.job_runs for _, state in job_run.job.states}
        # the last faults have no node: they make leaders hang before a crash
        for node, fault in zip(self._document.elements_of("faults"), self._scenario.faults, strict=False):
            condition = fault.trigger.job_state
            if condition is None or condition.state in REACHABLE_BY_CLIENTS:
                continue
            if (condition.job, condition.state) not in reached:
                location = (node.get("while-job") or node).location
                self._diagnostics.add(
                    location,
                    f'"{fault.name}" never applies: {condition.job} was never {condition.state} in the dry run.',
                )

    # -- locations

    def _nodes_with_specs(self) -> Iterator[tuple[YamlNode, JobSpec]]:
        """Yield the node of each job and submission rule of the file, with its specification."""
        yield from zip(self._document.items_of("jobs").values(), self._scenario.jobs, strict=True)
        # the scenario also has the built-in rules, after its own
        submitted = (rule.job for rule in self._scenario.submissions)
        yield from zip(self._document.items_of("submitted").values(), submitted, strict=False)

    def _job_location(self, job: Job | None) -> SourceLocation:
        lifecycle = job.spec.lifecycle if job is not None else None
        locations = (node.location for node, spec in self._nodes_with_specs() if spec.lifecycle is lifecycle)
        return next(locations, self._document.location)

    def _step_location(self, node: YamlNode, spec: JobSpec, step: Step) -> SourceLocation:
        """Return the location of a step; the job's location if the step is in a template in another file."""
        lifecycle_node = resolve_job_node(self._document, node).items["lifecycle"]
        for location, other in zip(_step_locations(lifecycle_node), _steps(spec.lifecycle), strict=True):
            if other is step:
                return location if location.file == self._document.location.file else node.location
        return node.location


def _missed_steps(lifecycle: Lifecycle, entered: Collection[int]) -> list[Step]:
    """Return the steps of a lifecycle that should have been entered, but were not.

    Args:
        lifecycle: The lifecycle.
        entered: The identities of the steps that a job with this lifecycle entered; empty if no job has it.
    """
    steps = list(_steps(lifecycle))
    missed = [step for step in steps if entered and id(step) not in entered]
    some_were_entered = len(missed) < len(steps)
    if some_were_entered:
        # a job from a jar, or recovered by another JobManager, does not begin with these steps
        missed = [step for step in missed if step.state not in ("INITIALIZING", "CREATED")]
    return missed


def _steps(lifecycle: Lifecycle) -> Iterator[Step]:
    """Yield the steps of a lifecycle; those that repeat only once."""
    for item in lifecycle:
        if isinstance(item, Repeat):
            yield from _steps(item.steps)
        else:
            yield item


def _step_locations(lifecycle: YamlNode) -> Iterator[SourceLocation]:
    """Yield the locations of the steps of a lifecycle, in the order of `_steps`."""
    for entry in lifecycle.elements:
        steps = entry.get("steps")
        if steps is not None:
            yield from _step_locations(steps)
        else:
            yield entry.key_location(next(iter(entry.items))) if entry.items else entry.location


def _lacks_slots(job: Job) -> bool:
    """Return whether the job waits for slots, or has just failed without them."""
    return not job.has_ended and bool(job.attempts) and job.attempts[-1].deployed_at is None


def _reason(job_run: JobRun, simulator: Simulator) -> str:
    """Return why a job does not reach a step."""
    job = job_run.job
    if _lacks_slots(job):
        available = sum(
            taskmanager.slot_count for taskmanager in simulator.cluster.taskmanagers.registered_at(simulator.now)
        )
        needed = job.graph.needed_slot_count
        if needed <= available:
            return f"other jobs hold the slots that it needs; the cluster has {available} at the end"
        return f"its tasks need {counted(needed, 'slot')}, but the cluster has {available} at the end"
    ms_since_start = job.states[-1][0] - simulator.started_at
    return f"it is {job.state} from {format_duration(ms_since_start) if ms_since_start > 0 else 'the start'} on"
