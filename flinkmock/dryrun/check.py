"""Whether a scenario can be played as it is meant: everything that is wrong with it, told before it serves."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
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
from flinkmock.scenario.load import read_scenario, whole_job
from flinkmock.scenario.scenario import Scenario
from flinkmock.units import format_duration

BY_CLIENTS = frozenset({"CANCELLING", "CANCELED", "FINISHED"})
"""States that a client can bring any job into, so that no scenario has to."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What was done to find nothing wrong. `lasts`: ms of the cluster's time; `changes`: of the states of jobs."""

    flink: str
    jobs: int
    changes: int
    lasts: int
    answers: int

    def __str__(self) -> str:
        jobs = "1 job" if self.jobs == 1 else f"{self.jobs:,} jobs"
        changes = "1 change" if self.changes == 1 else f"{self.changes:,} changes"
        return (
            f"Flink {self.flink}: {jobs}, {changes} of state in {format_duration(self.lasts)}, {self.answers:,} answers"
        )


def check(file: Path, releases: Sequence[str] = ()) -> list[CheckResult]:
    """Plays a scenario file as each of the releases; none: as the one it names, else as the newest.

    Raises:
        ScenarioError: with everything that is wrong, in the order of the file.
        UnknownRelease: for a release that is none.
    """
    scenario, document = read_scenario(file)
    mistakes = Diagnostics()
    find_unused(document, mistakes)
    played = [_Check(document, scenario, mistakes).run(each) for each in releases or [scenario.flink or LATEST]]
    mistakes.check()
    return played


class _Check:
    """One scenario, as one release."""

    def __init__(self, document: YamlNode, scenario: Scenario, mistakes: Diagnostics) -> None:
        self._document = document
        self._scenario = scenario
        self._mistakes = mistakes
        self._questions: ResponseChecks | None = None

    def run(self, flink: str) -> CheckResult:
        submitted = self._document.get("submitted")
        rehearsal = DryRun(
            self._scenario, rules=len(submitted.items) if submitted else 0, flink=flink, watch=self._watch
        )
        player = rehearsal.player
        configuration = player.cluster.configuration.values
        StaticChecks(self._document, self._scenario, player.engine.contract, configuration, self._mistakes).find()
        self._unreached(player)
        self._never_while(player)
        answers = self._questions.asked if self._questions is not None else 0
        for job, text in self._questions.wrong if self._questions is not None else ():
            self._mistakes.add(self._place_of(job), text)
        lanes = len(rehearsal.timeline.lanes)
        return CheckResult(flink, lanes, player.changes, rehearsal.timeline.end - rehearsal.timeline.begin, answers)

    def _watch(self, player: Simulator, moved: Collection[Job]) -> None:
        if self._questions is None:
            self._questions = ResponseChecks(player)
        self._questions.about(moved)

    # -- what was played

    def _unreached(self, player: Simulator) -> None:
        """Steps that no job came to, although time would have let it."""
        entered: dict[int, set[int]] = {}
        for life in player.lives:
            entered.setdefault(id(life.job.spec.lifecycle), set()).update(life.entered)
        listed = self._document.get("jobs")
        own = listed.items.values() if listed is not None else ()
        for node, spec in self._specs():
            steps = entered.get(id(spec.lifecycle))
            missed = [step for step in _flat(spec.lifecycle) if steps and id(step) not in steps]
            if len(missed) < len(list(_flat(spec.lifecycle))):
                # a job that was run from a jar, or recovered by another JobManager, begins with steps of its own
                missed = [step for step in missed if step.state not in ("INITIALIZING", "CREATED")]
            if missed:
                life = next(life for life in player.lives if life.job.spec.lifecycle is spec.lifecycle)
                if _starved(life.job) and not any(node is each for each in own):
                    continue  # the player ran more jars at once than there is room for
                self._mistakes.add(
                    self._place_of_step(node, spec, missed[0]),
                    f"{life.job.name} never comes to {missed[0].state}: {_why(life, player)}.",
                )

    def _never_while(self, player: Simulator) -> None:
        """Faults that wait for a state that no job is in."""
        seen = {(life.job.name, state) for life in player.lives for _, state in life.job.states}
        listed = self._document.get("faults")
        nodes = listed.elements if listed is not None else []
        for node, fault in zip(nodes, self._scenario.faults, strict=False):
            awaited = fault.trigger.job_state
            if awaited is None or awaited.state in BY_CLIENTS or (awaited.job, awaited.state) in seen:
                continue
            place = (node.get("while-job") or node).place
            self._mistakes.add(
                place, f'"{fault.name}" never strikes by itself: {awaited.job} was never {awaited.state} when played.'
            )

    # -- places

    def _specs(self) -> Iterator[tuple[YamlNode, JobSpec]]:
        """Jobs and rules of `submitted` with where they stand."""
        for section, specs in (
            ("jobs", self._scenario.jobs),
            ("submitted", tuple(rule.job for rule in self._scenario.submissions)),
        ):
            found = self._document.get(section)
            yield from zip(found.items.values() if found is not None else (), specs, strict=False)

    def _place_of(self, job: Job | None) -> SourceLocation:
        lifecycle = job.spec.lifecycle if job is not None else None
        found = (node.place for node, spec in self._specs() if spec.lifecycle is lifecycle)
        return next(found, self._document.place)

    def _place_of_step(self, node: YamlNode, spec: JobSpec, wanted: Step) -> SourceLocation:
        """Where a step of a job stands, in one of its templates maybe."""
        lines = whole_job(self._document, node).items["lifecycle"]
        for place, step in zip(_lines(lines), _flat(spec.lifecycle), strict=False):
            if step is wanted:
                return place if place.file == self._document.place.file else node.place
        return node.place


def _flat(lifecycle: Lifecycle) -> Iterator[Step]:
    for item in lifecycle:
        if isinstance(item, Repeat):
            yield from _flat(item.steps)
        else:
            yield item


def _lines(lifecycle: YamlNode) -> Iterator[SourceLocation]:
    """Where the steps of a lifecycle stand, in the same order as `_flat`."""
    for line in lifecycle.elements:
        steps = line.get("steps")
        if steps is not None:
            yield from _lines(steps)
        else:
            yield line.key_place(next(iter(line.items))) if line.items else line.place


def _starved(job: Job) -> bool:
    """Whether it waits for slots, or has just done so in vain."""
    return not job.ended and bool(job.attempts) and job.attempts[-1].deployed_at is None


def _why(life: JobRun, player: Simulator) -> str:
    job = life.job
    if _starved(job):
        there = sum(each.slots for each in player.cluster.taskmanagers_at(player.now))
        needed = job.graph.slots_needed
        if needed <= there:
            return f"of the {there} slots that are there in the end others hold those that it needs"
        return f"its tasks need {needed} slots, and in the end there are {there}"
    at = job.states[-1][0] - player.began
    return f"it is {job.state} from {format_duration(at) if at > 0 else 'the beginning'} on"
