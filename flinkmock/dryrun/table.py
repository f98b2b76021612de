"""A plan as text: a line per change, then checkpoints, operations, jars, faults and expectations."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from flinkmock.dryrun.durations import decimals_needed, format_time
from flinkmock.dryrun.plan import Plan
from flinkmock.dryrun.timeline import CheckpointEvent, EventKind, JobLane, Timeline
from flinkmock.tables import Rows, columns
from flinkmock.units import format_duration_range

CLUSTER_OWNER = "cluster"
"""The owner of events that do not concern a single job."""
CLIENT_LINE = "from here on, the plan acts as a client"
MAX_IDS = 5
"""The maximum number of ids that are listed for checkpoints that failed for the same reason."""


class _Line(NamedTuple):
    """A line of the timeline."""

    at: int
    """In ms since the start."""
    owner: str
    text: str
    reason: str
    is_state: bool
    """Whether it shows states of a job. Other events at the same time come first: they are the cause."""


def plan_as_text(plan: Plan) -> str:
    """Return the plan as text with a final newline."""
    parts = [plan.headline, columns(_timeline_rows(plan.timeline))]
    parts += [f"{title}\n{columns(rows)}" for title, rows in _sections(plan) if rows]
    return "\n\n".join(part for part in parts if part) + "\n"


def _timeline_rows(timeline: Timeline) -> Rows:
    lines = sorted([*_state_lines(timeline), *_event_lines(timeline)], key=lambda line: (line.at, line.is_state))
    decimals = decimals_needed(line.at for line in lines)
    times = [format_time(line.at, decimals) for line in lines]
    width = max(map(len, [*times, format_time(timeline.end, decimals)]), default=0)
    rows: list[list[str]] = []
    client_begin = timeline.client_begin
    for line, time in zip(lines, times, strict=True):
        if client_begin is not None and line.at >= client_begin:
            rows.append(["", "", CLIENT_LINE, ""])
            client_begin = None
        rows.append([f"  {time:>{width}}", line.owner, line.text, line.reason])
    for lane in timeline.lanes:
        if lane.repeats:
            rows.append([f"  {'…':>{width}}", lane.name, lane.outlook, ""])
    return rows


def _state_lines(timeline: Timeline) -> Iterator[_Line]:
    for lane in timeline.lanes:
        # the states that a job enters in the same ms share a line
        for begin, group in groupby(lane.intervals, key=lambda interval: interval.begin):
            intervals = list(group)
            note = next((interval.note for interval in intervals if interval.note), "")
            if intervals[-1] is lane.intervals[-1] and not lane.repeats:
                note = "  ".join(filter(None, (note, lane.outlook)))
            states = " → ".join(interval.state for interval in intervals)
            yield _Line(begin, lane.name, states, note, is_state=True)


def _event_lines(timeline: Timeline) -> Iterator[_Line]:
    """Yield a line for each event; two if it takes time."""
    for event in timeline.events:
        owner = CLUSTER_OWNER if event.lane_index is None else timeline.lanes[event.lane_index].name
        if event.end is None:
            yield _Line(event.at, owner, event.text, event.outcome, is_state=False)
        else:
            yield _Line(event.at, owner, event.text, "", is_state=False)
            # "done" or "failed: REASON"; for a leader the whole text: "JobManager 1 is the leader"
            result, _, reason = event.outcome.partition(": ")
            text = result if event.kind is EventKind.LEADER else f"{event.text} {result}"
            yield _Line(event.end, owner, text, reason, is_state=False)


def _sections(plan: Plan) -> Iterator[tuple[str, Rows]]:
    """Yield the titles and rows of the sections after the timeline."""
    until = format_time(plan.timeline.end, decimals_needed([plan.timeline.end]))
    yield f"checkpoints until {until}", [_checkpoint_row(lane) for lane in plan.timeline.lanes if lane.checkpoints]
    yield "operations", [[f"  {name}", *cells] for name, *cells in plan.operations]
    yield "jobs of submitted jars", [[f"  {pattern}", job] for pattern, job in plan.submitted]
    yield "faults", [[f"  {name}", trigger, effect] for name, trigger, effect in plan.faults]
    yield "expectations", [[f"  {expectation}"] for expectation in plan.expectations]


def _checkpoint_row(lane: JobLane) -> list[str]:
    checkpoints = [checkpoint for checkpoint in lane.checkpoints if not checkpoint.is_savepoint]
    savepoints = [checkpoint for checkpoint in lane.checkpoints if checkpoint.is_savepoint]
    parts = [
        *_count_texts(checkpoints, completed=("completed", "completed")),
        *_count_texts(savepoints, completed=("savepoint", "savepoints")),
    ]
    if lane.rejected_count:
        parts.append(f"{lane.rejected_count} rejected: not all tasks were running")
    failed = [checkpoint for checkpoint in lane.checkpoints if checkpoint.failure is not None]
    return [f"  {lane.name}", ", ".join(parts), _reasons(failed)]


def _count_texts(checkpoints: list[CheckpointEvent], *, completed: tuple[str, str]) -> Iterator[str]:
    """Yield texts with the numbers of checkpoints that completed, failed, and are in progress, except zeros.

    Args:
        checkpoints: Checkpoints, or savepoints.
        completed: The word for one that completed, and the word for several.
    """
    durations = [
        (checkpoint.end or 0) - checkpoint.begin
        for checkpoint in checkpoints
        if checkpoint.end is not None and checkpoint.failure is None
    ]
    if durations:
        word = completed[0] if len(durations) == 1 else completed[1]
        yield f"{len(durations)} {word} in {format_duration_range(min(durations), max(durations))}"
    failed_count = sum(checkpoint.failure is not None for checkpoint in checkpoints)
    if failed_count:
        yield f"{failed_count} failed"
    running_count = sum(checkpoint.end is None for checkpoint in checkpoints)
    if running_count:
        yield f"{running_count} in progress"


def _reasons(failed: list[CheckpointEvent]) -> str:
    ids_by_reason: dict[str, list[int]] = {}
    for checkpoint in failed:
        ids_by_reason.setdefault(checkpoint.failure or "", []).append(checkpoint.id)
    return "; ".join(f"{_first_ids(ids)}: {reason}" for reason, ids in ids_by_reason.items())


def _first_ids(ids: list[int]) -> str:
    text = ", ".join(map(str, ids[:MAX_IDS]))
    return f"{text}, …" if len(ids) > MAX_IDS else text
