"""A timeline as text: one line for each change, then what checkpoints, operations and faults are planned."""

from __future__ import annotations

from collections.abc import Iterator

from flinkmock.dryrun.durations import decimals_needed, format_moment
from flinkmock.dryrun.plan import Plan
from flinkmock.dryrun.timeline import JobLane, Kind, Snapshot, StateInterval, Timeline
from flinkmock.tables import Rows, columns
from flinkmock.units import format_duration_range

CLUSTER = "cluster"
"""What happens to no single job is told of it."""
CLIENT = "from here on the plan acts as a client would"


def table(plan: Plan) -> str:
    """The whole plan; ends with a line end."""
    parts = [plan.headline, columns(_timeline(plan.timeline))]
    parts += [f"{head}\n{columns(rows)}" for head, rows in _sections(plan) if rows]
    return "\n\n".join(part for part in parts if part) + "\n"


def _timeline(timeline: Timeline) -> Rows:
    rows = sorted(_rows(timeline), key=lambda row: row[:2])
    digits = decimals_needed(at for at, *_ in rows)
    times = [format_moment(at, digits) for at, *_ in rows]
    width = max(map(len, [*times, format_moment(timeline.end, digits)]), default=0)
    told: list[list[str]] = []
    client_from = timeline.client_from
    for (at, _, *cells), time in zip(rows, times, strict=True):
        if client_from is not None and at >= client_from:
            told.append(["", "", CLIENT, ""])
            client_from = None
        told.append([f"  {time:>{width}}", *cells])
    for lane in timeline.lanes:
        if lane.goes_on.startswith("and"):
            told.append([f"  {'…':>{width}}", lane.name, lane.goes_on, ""])
    return told


def _rows(timeline: Timeline) -> Iterator[tuple[int, int, str, str, str]]:
    """(when, what comes first at one time, whose, what, why)"""
    for lane in timeline.lanes:
        for begin, stays in _at_once(lane):
            note = next((stay.note for stay in stays if stay.note), "")
            if stays[-1] is lane.stays[-1] and not lane.goes_on.startswith("and"):
                note = "  ".join(filter(None, (note, lane.goes_on)))
            yield begin, 1, lane.name, " → ".join(stay.state for stay in stays), note
    for mark in timeline.marks:
        whose = CLUSTER if mark.lane is None else timeline.lanes[mark.lane].name
        if mark.end is None:
            yield mark.at, 0, whose, mark.text, mark.outcome
        else:
            yield mark.at, 0, whose, mark.text, ""
            came, _, why = mark.outcome.partition(": ")
            yield mark.end, 0, whose, came if mark.kind is Kind.LEADER else f"{mark.text} {came}", why


def _at_once(lane: JobLane) -> Iterator[tuple[int, list[StateInterval]]]:
    """Stays that begin at the same ms belong on one line: those before the last one are passed through."""
    together: list[StateInterval] = []
    for stay in lane.stays:
        if together and together[0].begin != stay.begin:
            yield together[0].begin, together
            together = []
        together.append(stay)
    if together:
        yield together[0].begin, together


def _sections(plan: Plan) -> Iterator[tuple[str, Rows]]:
    until = format_moment(plan.timeline.end, decimals_needed([plan.timeline.end]))
    yield f"checkpoints until {until}", [_checkpoints(lane) for lane in plan.timeline.lanes if lane.snapshots]
    yield "operations", [[f"  {name}", *cells] for name, *cells in plan.operations]
    yield "a jar that is run becomes", [[f"  {pattern}", job] for pattern, job in plan.submitted]
    yield "faults", [[f"  {name}", when, what] for name, when, what in plan.faults]
    yield "expected of the client", [[f"  {each}"] for each in plan.expected]


def _checkpoints(lane: JobLane) -> list[str]:
    periodic = [each for each in lane.snapshots if not each.is_savepoint]
    parts = [*_counted(periodic, "completed"), *_counted([each for each in lane.snapshots if each.is_savepoint])]
    if lane.refused:
        parts.append(f"{lane.refused} refused, for not all tasks ran")
    failed = [each for each in lane.snapshots if each.failure is not None]
    return [f"  {lane.name}", ", ".join(parts), _why(failed)]


def _counted(snapshots: list[Snapshot], word: str = "") -> Iterator[str]:
    """How many came to which end; `word` is what the good ones are, else they are called what they are: savepoints."""
    good = [(each.end or 0) - each.begin for each in snapshots if each.end is not None and each.failure is None]
    if good:
        word = word or ("savepoint" if len(good) == 1 else "savepoints")
        spread = format_duration_range(min(good), max(good))
        yield f"{len(good)} {word} in {spread}"
    failed = sum(each.failure is not None for each in snapshots)
    if failed:
        yield f"{failed} failed"
    under_way = sum(each.end is None for each in snapshots)
    if under_way:
        yield f"{under_way} under way"


def _why(failed: list[Snapshot]) -> str:
    reasons: dict[str, list[int]] = {}
    for each in failed:
        reasons.setdefault(each.failure or "", []).append(each.id)
    return "; ".join(f"{_numbers(ids)}: {reason}" for reason, ids in reasons.items())


def _numbers(ids: list[int]) -> str:
    shown = ", ".join(map(str, ids[:5]))
    return f"{shown}, …" if len(ids) > 5 else shown
