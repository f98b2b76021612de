"""A plan as a picture: jobs are lanes, states coloured spans, what happens beside them marks; no script, no resources.

It is light or dark as its reader prefers. Whatever is too narrow to be written on tells itself in the title that shows
under the pointer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from flinkmock.dryrun.axis import Axis
from flinkmock.dryrun.durations import decimals_needed, format_moment
from flinkmock.dryrun.palette import STATES, css
from flinkmock.dryrun.plan import Plan
from flinkmock.dryrun.timeline import JobLane, Kind, Snapshot, StateInterval, Timeline, TimelineEvent
from flinkmock.units import format_duration

WIDTH = 960
EDGE = 16
LABELS = 150
"""Room for the names of jobs."""
LANE = 58
BAR = 24
ABOVE = 16
"""Of a lane's bar: room for what is done to the job."""
LETTER = 7.2
"""How wide a letter is, about."""
SMALL = 6.0
"""The same of small ones."""
LEAST = 1.2
"""How wide what lasts no time is drawn."""
MOST_LANES = 60
TYPE = "ui-sans-serif,system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
STYLE = f"""
.plan{{background:var(--ground);font-family:{TYPE};font-size:12px;color:var(--ink)}}
.plan text{{fill:var(--ink)}} .plan .faint{{fill:var(--faint)}} .plan .title{{font-size:16px;font-weight:600}}
.plan .name{{font-weight:600}} .plan .grid{{stroke:var(--line);stroke-width:1}} .plan .ground{{fill:var(--ground)}}
.plan .state{{stroke:var(--ground);stroke-width:1}} .plan .over{{opacity:.35}} .plan .wait{{fill:url(#wait)}}
.plan .hatch{{fill:url(#hatch)}} .plan .window{{fill:url(#fault);stroke:var(--fault);stroke-width:.6;opacity:.8}}
.plan .good{{stroke:var(--good);fill:var(--good)}} .plan .bad{{stroke:var(--bad);fill:var(--bad)}}
.plan .open{{fill:var(--ground)}} .plan .line{{fill:none;stroke-width:1.6}} .plan .client{{stroke-dasharray:4 4}}
.plan text.good,.plan text.bad,.plan .small{{stroke:none;font-size:11px}}
.plan text.good{{fill:var(--good)}} .plan text.bad{{fill:var(--bad)}}
""".replace("\n", "")


def svg(plan: Plan) -> str:
    """A whole document; ends with a line end."""
    return _Picture(plan).drawn()


class _Picture:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._timeline = timeline = plan.timeline
        self._lanes = timeline.lanes[:MOST_LANES]
        self._axis = Axis(_beginning(timeline), timeline.end, EDGE + LABELS, WIDTH - EDGE - 26)
        self._digits = decimals_needed([stay.begin for lane in self._lanes for stay in lane.stays])
        self._windows = [each for each in timeline.windows if (each.begin, each.end) != (0, None)]
        self._cluster = [mark for mark in timeline.marks if mark.lane is None]
        self._top = 84

    def drawn(self) -> str:
        body = [*self._lanes_drawn()]
        if self._cluster:
            body += self._cluster_lane()
        if self._windows:
            body += self._windows_drawn()
        bottom = self._top + 4
        grid = [*self._grid(bottom)]
        legend, height = self._legend(bottom + 40)
        client = [*self._client(bottom)]
        title = escape(self._plan.title)
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="plan" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
            f'height="{height}" role="img" aria-label="{escape(self._alternative(), quote=True)}">'
        )
        second = escape(self._plan.headline.partition("\n")[2])
        lines = [
            head,
            f"<style>{css()}{STYLE}</style>",
            PATTERNS,
            f'<rect class="ground" width="{WIDTH}" height="{height}" rx="6"/>',
            _text(EDGE, 32, title, "title"),
            _text(EDGE, 52, second, "faint"),
            *grid, *client, *body, *legend,
            "</svg>",
        ]  # fmt: skip
        return "\n".join(lines) + "\n"

    def _alternative(self) -> str:
        jobs = ", ".join(lane.name for lane in self._lanes[:5])
        return f"Timeline of {self._plan.title}: {jobs}"

    # -- time

    def _grid(self, bottom: float) -> Iterator[str]:
        for at in self._axis.marks():
            x = _n(self._axis.x(at))
            yield f'<path class="grid" d="M{x} 74V{_n(bottom)}"/>'
            yield _text(
                x, bottom + 16, format_duration(at) if at >= 0 else f"-{format_duration(-at)}", "faint", anchor="middle"
            )

    def _client(self, bottom: float) -> Iterator[str]:
        if self._timeline.client_from is not None:
            x = self._axis.x(self._timeline.client_from)
            yield f'<path class="good line client" d="M{_n(x)} 68V{_n(bottom)}"/>'
            near_end = x > WIDTH - 180
            anchor = "end" if near_end else "start"
            yield _text(x + (-5 if near_end else 5), 72, "from here on a client acts", "good", anchor=anchor)

    # -- jobs

    def _lanes_drawn(self) -> Iterator[str]:
        for place, lane in enumerate(self._lanes):
            yield from self._lane(place, lane)
            self._top += LANE
        rest = len(self._timeline.lanes) - len(self._lanes)
        if rest:
            yield _text(EDGE, self._top + 12, f"… and {rest:,} more jobs", "faint")
            self._top += 24

    def _lane(self, place: int, lane: JobLane) -> Iterator[str]:
        bar = self._top + ABOVE
        yield _text(EDGE, bar + 10, _fitting(lane.name, LABELS - 12), "name", title=lane.name)
        yield _text(EDGE, bar + 25, f"parallelism {lane.parallelism}", "faint small")
        for stay in lane.stays:
            yield from self._stay(stay, bar, last=stay is lane.stays[-1], goes_on=lane.goes_on)
        for each in self._apart(lane.snapshots):
            yield self._snapshot(each, bar + BAR + 8)
        ends: list[float] = []
        if lane.goes_on.startswith("and so on"):
            yield _text(self._axis.right, bar - 5, "and so on", "faint small", anchor="end")
        for mark in self._timeline.marks:
            if mark.lane == place:
                yield from self._mark(mark, bar, ends)
        yield from self._causes(lane, bar, ends)

    def _causes(self, lane: JobLane, bar: float, ends: list[float]) -> Iterator[str]:
        """The class of what made a job fail, over where it did, as often as there is room."""
        for stay in lane.stays:
            name = stay.note.partition(":")[0].rpartition(".")[2]
            left, wide = self._axis.x(stay.begin), len(stay.note.partition(":")[0].rpartition(".")[2]) * SMALL
            taken = (ends and left < ends[-1] + 6) or left + wide > self._axis.right - 60
            if stay.state in HATCHED and name and stay.begin >= self._axis.begin and not taken:
                ends.append(left + wide)
                yield _text(left, bar - 5, escape(name), "bad", title=escape(stay.note))

    def _stay(self, stay: StateInterval, bar: float, *, last: bool, goes_on: str) -> Iterator[str]:
        end = self._timeline.end if stay.end is None else stay.end
        if end <= self._axis.begin or (end == stay.begin and not last):
            return
        left, right = self._axis.x(stay.begin), self._axis.x(end)
        wide = max(right - left, LEAST)
        ended = last and not goes_on
        state = stay.state.lower()
        title = self._title(stay, last=last, goes_on=goes_on)
        kinds = f"state{' over' if ended else ''}"
        box = f'x="{_n(left)}" y="{_n(bar)}" width="{_n(wide)}" height="{BAR}"'
        yield f'<g><title>{escape(title)}</title><rect class="{kinds}" {box} style="fill:var(--s-{state})"/>'
        if stay.state in ("RESTARTING", "FAILING", "FAILED") and not ended:
            yield f'<rect class="hatch" {box}/>'
        if stay.idle_until is not None:
            idle = self._axis.x(round(min(stay.idle_until, end))) - left
            yield f'<rect class="wait" x="{_n(left)}" y="{_n(bar)}" width="{_n(idle)}" height="{BAR}"/>'
        if ended:  # what has ended only lasts on paper: a thick edge says when
            yield f'<rect x="{_n(left)}" y="{_n(bar)}" width="3" height="{BAR}" style="fill:var(--s-{state})"/>'
        if len(stay.state) * LETTER + 10 <= wide:
            fill = "var(--ink)" if ended else f"var(--t-{state})"
            # over stripes it stands out by a seam in the colour of the bar
            seam = f";stroke:var(--s-{state});stroke-width:4;paint-order:stroke" if stay.idle_until is not None else ""
            style = f"fill:{fill};font-size:11px{seam}"
            yield f'<text x="{_n(left + 7)}" y="{_n(bar + 16)}" style="{style}">{stay.state}</text>'
        if last and goes_on:
            x, middle = self._axis.right + 4, bar + BAR / 2
            yield f'<path d="M{_n(x)} {_n(middle - 6)}l8 6-8 6z" style="fill:var(--s-{state})"/>'
        yield "</g>"

    def _wide(self, stay: StateInterval) -> float:
        end = self._timeline.end if stay.end is None else stay.end
        return self._axis.x(end) - self._axis.x(stay.begin)

    def _title(self, stay: StateInterval, *, last: bool, goes_on: str) -> str:
        head = f"{stay.state} from {format_moment(stay.begin, self._digits)}"
        if stay.end is not None:
            head += f" for {format_duration(stay.end - stay.begin)}"
        return "\n".join(filter(None, (head, stay.note, goes_on if last else "")))

    def _apart(self, snapshots: Iterable[Snapshot]) -> Iterator[Snapshot]:
        """Those that can be told from each other; failures and savepoints are always shown."""
        before = float("-inf")
        for each in snapshots:
            at = each.begin if each.end is None else each.end
            if at < self._axis.begin:
                continue
            x = self._axis.x(at)
            if x - before >= 5 or each.failure or each.is_savepoint:
                before = x
                yield each

    def _snapshot(self, each: Snapshot, y: float) -> str:
        x = self._axis.x(each.begin if each.end is None else each.end)
        kind = "savepoint" if each.is_savepoint else "checkpoint"
        how = "under way" if each.end is None else f"failed: {each.failure}" if each.failure else "completed"
        title = escape(f"{kind} {each.id} {how}")
        if each.failure:
            shape = f'<path class="bad line" d="M{_n(x - 3)} {_n(y - 3)}l6 6m0-6l-6 6"/>'
        elif each.is_savepoint:
            shape = f'<path class="good" d="M{_n(x)} {_n(y - 5)}l5 5-5 5-5-5z"/>'
        else:
            open_one = " open" if each.end is None else ""
            shape = f'<circle class="good{open_one}" cx="{_n(x)}" cy="{_n(y)}" r="2.2"/>'
        return f"<g><title>{title}</title>{shape}</g>"

    def _mark(self, mark: TimelineEvent, bar: float, ends: list[float]) -> Iterator[str]:
        """Over the bar: a bracket for what takes time, a stroke for what does not; named where there is room."""
        kind = "bad" if mark.bad else "good"
        left = self._axis.x(mark.at)
        right = left if mark.end is None else max(self._axis.x(mark.end), left + 2)
        y = bar - 3
        until = f" until {format_moment(mark.end, self._digits)}" if mark.end is not None else ""
        said = f"{mark.text} {mark.outcome}".strip()
        title = escape(f"{said}\n{format_moment(mark.at, self._digits)}{until}")
        shape = f"M{_n(left)} {_n(y + 3)}v-5" + (f"H{_n(right)}v5" if mark.end is not None else "")
        yield f'<g><title>{title}</title><path class="{kind} line" d="{shape}"/>'
        name = f"{mark.text} fails" if mark.bad and mark.kind is Kind.OPERATION else mark.text
        wide = len(name) * SMALL
        if mark.kind is not Kind.PROMPT or mark.text != "read":
            start = min(left, self._axis.right - wide)
            if not ends or start >= ends[-1] + 6:
                ends.append(start + wide)
                yield _text(start, y - 6, name, kind)
        yield "</g>"

    # -- the cluster

    def _cluster_lane(self) -> Iterator[str]:
        bar = self._top + ABOVE
        yield _text(EDGE, bar + 14, "cluster", "name")
        ends: list[float] = []
        for mark in self._cluster:
            yield from self._mark(mark, bar + 14, ends)
        self._top += 44

    def _windows_drawn(self) -> Iterator[str]:
        yield _text(EDGE, self._top + 26, "faults", "name")
        self._top += 10
        for each in self._windows:
            end = self._timeline.end if each.end is None else each.end
            left, right = self._axis.x(each.begin), self._axis.x(end)
            title = escape(
                f"{each.fault}: {format_moment(each.begin, 1)} to {format_moment(end, 1) if each.end else 'the end'}"
            )
            box = f'x="{_n(left)}" y="{_n(self._top + 6)}" width="{_n(max(right - left, 2))}" height="16"'
            yield f'<g><title>{title}</title><rect class="window" {box} rx="2"/>'
            wide = len(each.fault) * SMALL
            beside = right + 6 if right + 6 + wide < WIDTH else max(left - 6 - wide, EDGE + LABELS)
            yield _text(beside, self._top + 18, each.fault, "bad") + "</g>"
            self._top += 24

    # -- legend

    def _legend(self, top: float) -> tuple[list[str], int]:
        stays = [stay for lane in self._lanes for stay in lane.stays]
        seen = {stay.state for stay in stays if self._wide(stay) >= LEAST}
        told: list[tuple[str, str]] = []
        for state in STATES:
            if state in seen:
                hatch = '<rect class="hatch" y="-9" width="16" height="11"/>' if state in HATCHED else ""
                box = f'<rect y="-9" width="16" height="11" style="fill:var(--s-{state.lower()})"/>{hatch}'
                told.append((box, state))
        snapshots = [each for lane in self._lanes for each in lane.snapshots]
        if any(not each.is_savepoint and not each.failure for each in snapshots):
            told.append(('<circle class="good" cx="8" cy="-4" r="2.2"/>', "checkpoint"))
        if any(each.is_savepoint and not each.failure for each in snapshots):
            told.append(('<path class="good" d="M8-9l5 5-5 5-5-5z"/>', "savepoint"))
        if any(stay.idle_until is not None for stay in stays):
            box = '<rect y="-9" width="16" height="11" style="fill:var(--s-running)"/>'
            told.append((f'{box}<rect class="wait" y="-9" width="16" height="11"/>', "RUNNING, tasks are not yet"))
        if any(each.failure for each in snapshots):
            told.append(('<path class="bad line" d="M5-7l6 6m0-6l-6 6"/>', "failed"))
        lines, x, y = [], float(EDGE + LABELS), top
        for shape, text in told:
            wide = 22 + len(text) * 6.9 + 16
            if x + wide > WIDTH - EDGE:
                x, y = float(EDGE + LABELS), y + 20
            lines.append(f'<g transform="translate({_n(x)} {_n(y)})">{shape}<text x="22">{text}</text></g>')
            x += wide
        return lines, round(y + 20)


HATCHED = ("RESTARTING", "FAILING", "FAILED")
PATTERNS = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<path d="M0 0v6" stroke="#000" stroke-opacity=".22" stroke-width="3"/></pattern>'
    '<pattern id="wait" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<path d="M0 0v8" stroke="#fff" stroke-opacity=".6" stroke-width="7"/></pattern>'
    '<pattern id="fault" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">'
    '<path d="M0 0v5" style="stroke:var(--fault)" stroke-opacity=".55" stroke-width="2"/></pattern></defs>'
)


def _beginning(timeline: Timeline) -> int:
    """Where the picture begins: what lies far before the scenario is left out, for it would take all the room."""
    if timeline.begin >= 0:
        return 0
    return max(timeline.begin, -timeline.end // 4)


def _text(x: float | str, y: float, text: str, kind: str, *, anchor: str = "", title: str = "") -> str:
    place = f' text-anchor="{anchor}"' if anchor else ""
    about = f"<title>{escape(title)}</title>" if title and title != text else ""
    return f'<text class="{kind}" x="{x if isinstance(x, str) else _n(x)}" y="{_n(y)}"{place}>{about}{text}</text>'


def _fitting(name: str, room: float) -> str:
    most = int(room / 7)
    return escape(name if len(name) <= most else f"{name[: most - 1]}…")


def _n(number: float) -> str:
    """A coordinate: a tenth of a pixel is enough."""
    return f"{number:.1f}".removesuffix(".0")
