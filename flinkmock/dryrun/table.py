"""A plan as text: a line per change, then checkpoints, operations, jars, faults and expectations."""

from __future__ import annotations

from collections.abc import Iterator

from flinkmock.dryrun.durations import decimals_needed, format_moment
from flinkmock.dryrun.plan import Plan
from flinkmock.dryrun.timeline import CheckpointEvent, JobLane, Kind, StateInterval, Timeline
from flinkmock.tables import Rows, columns
from flinkmock.units import format_duration_range

CLUSTER = "cluster"
"""The owner of events that do not concern a single job."""
CLIENT = "from here on, the plan acts as a client"


def table(plan: Plan) -> str:
    """Return the plan with a final newline."""
    parts = [plan.headline, columns(_timeline(plan.timeline))]
    parts += [f"{head}\n{columns(rows)}" for head, rows in _sections(plan) if rows]
    return "\n\n".join(part for part in parts if part) + "\n"


def _timeline(timeline: Timeline) -> Rows:
    rows = sorted(_rows(timeline), key=lambda row: row[:2])
    digits = decimals_needed(at for at, *_ in rows)
    times = [format_moment(at, digits) for at, *_ in rows]
    width = max(map(len, [*times, format_moment(timeline.end, digits)]), default=0)
    lines: list[list[str]] = []
    client_from = timeline.client_from
    for (at, _, *cells), time in zip(rows, times, strict=True):
        if client_from is not None and at >= client_from:
            lines.append(["", "", CLIENT, ""])
            client_from = None
        lines.append([f"  {time:>{width}}", *cells])
    for lane in timeline.lanes:
        if lane.repeats:
            lines.append([f"  {'…':>{width}}", lane.name, lane.outlook, ""])
    return lines


def _rows(timeline: Timeline) -> Iterator[tuple[int, int, str, str, str]]:
    """Yield (time, order at one time, owner, text, reason)."""
    for lane in timeline.lanes:
        for begin, intervals in _simultaneous(lane):
            note = next((interval.note for interval in intervals if interval.note), "")
            if intervals[-1] is lane.intervals[-1] and not lane.repeats:
                note = "  ".join(filter(None, (note, lane.outlook)))
            yield begin, 1, lane.name, " → ".join(interval.state for interval in intervals), note
    for event in timeline.events:
        owner = CLUSTER if event.lane is None else timeline.lanes[event.lane].name
        if event.end is None:
            yield event.at, 0, owner, event.text, event.outcome
        else:
            yield event.at, 0, owner, event.text, ""
            result, _, reason = event.outcome.partition(": ")
            yield event.end, 0, owner, result if event.kind is Kind.LEADER else f"{event.text} {result}", reason


def _simultaneous(lane: JobLane) -> Iterator[tuple[int, list[StateInterval]]]:
    """Group the intervals that begin in the same ms, which share a line."""
    together: list[StateInterval] = []
    for interval in lane.intervals:
        if together and together[0].begin != interval.begin:
            yield together[0].begin, together
            together = []
        together.append(interval)
    if together:
        yield together[0].begin, together


def _sections(plan: Plan) -> Iterator[tuple[str, Rows]]:
    until = format_moment(plan.timeline.end, decimals_needed([plan.timeline.end]))
    yield f"checkpoints until {until}", [_checkpoints(lane) for lane in plan.timeline.lanes if lane.checkpoints]
    yield "operations", [[f"  {name}", *cells] for name, *cells in plan.operations]
    yield "jobs of submitted jars", [[f"  {pattern}", job] for pattern, job in plan.submitted]
    yield "faults", [[f"  {name}", when, what] for name, when, what in plan.faults]
    yield "expectations", [[f"  {expectation}"] for expectation in plan.expected]


def _checkpoints(lane: JobLane) -> list[str]:
    periodic = [checkpoint for checkpoint in lane.checkpoints if not checkpoint.is_savepoint]
    parts = [
        *_counted(periodic, "completed"),
        *_counted([checkpoint for checkpoint in lane.checkpoints if checkpoint.is_savepoint]),
    ]
    if lane.rejected:
        parts.append(f"{lane.rejected} rejected: not all tasks were running")
    failed = [checkpoint for checkpoint in lane.checkpoints if checkpoint.failure is not None]
    return [f"  {lane.name}", ", ".join(parts), _reasons(failed)]


def _counted(checkpoints: list[CheckpointEvent], word: str = "") -> Iterator[str]:
    """Yield how many completed, failed, and are in progress. `word` describes completed ones, by default savepoints."""
    durations = [
        (checkpoint.end or 0) - checkpoint.begin
        for checkpoint in checkpoints
        if checkpoint.end is not None and checkpoint.failure is None
    ]
    if durations:
        word = word or ("savepoint" if len(durations) == 1 else "savepoints")
        spread = format_duration_range(min(durations), max(durations))
        yield f"{len(durations)} {word} in {spread}"
    failed = sum(checkpoint.failure is not None for checkpoint in checkpoints)
    if failed:
        yield f"{failed} failed"
    in_progress = sum(checkpoint.end is None for checkpoint in checkpoints)
    if in_progress:
        yield f"{in_progress} in progress"


def _reasons(failed: list[CheckpointEvent]) -> str:
    reasons: dict[str, list[int]] = {}
    for checkpoint in failed:
        reasons.setdefault(checkpoint.failure or "", []).append(checkpoint.id)
    return "; ".join(f"{_numbers(ids)}: {reason}" for reason, ids in reasons.items())


def _numbers(ids: list[int]) -> str:
    listed = ", ".join(map(str, ids[:5]))
    return f"{listed}, …" if len(ids) > 5 else listed
