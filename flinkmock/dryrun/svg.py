"""A plan as an SVG picture: a lane for each job, with coloured states and markers of events.

It has light and dark colours, and neither scripts nor external resources. Elements that are too narrow for their text
show it in tooltips.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from flinkmock.dryrun.axis import Axis
from flinkmock.dryrun.durations import decimals_needed, format_time
from flinkmock.dryrun.plan import Plan
from flinkmock.dryrun.timeline import CheckpointEvent, EventKind, JobLane, StateInterval, Timeline, TimelineEvent
from flinkmock.palette import STATE_COLOURS, css
from flinkmock.units import format_duration

# Sizes are in pixels.
WIDTH = 960
EDGE = 16
"""The space between the edges of the picture and its content."""
NAME_WIDTH = 150
"""The width of the column of names."""
LANE_HEIGHT = 58
BAR_HEIGHT = 24
SPACE_ABOVE_BAR = 16
"""The space above a bar, for events."""
LETTER_WIDTH = 7.2
"""The approximate width of a letter in the name of a state."""
SMALL_LETTER_WIDTH = 6.0
"""The approximate width of a letter in the name of an event."""
MIN_WIDTH = 1.2
"""The width of a state without duration."""
MAX_LANES = 60
HATCHED = ("RESTARTING", "FAILING")
"""The states that are drawn with stripes. FAILED is pale, as all terminal states."""
FAILURE_STATES = (*HATCHED, "FAILED")
"""The states whose notes are exceptions."""
FONT = "ui-sans-serif,system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
STYLE = f"""
.plan{{background:var(--ground);font-family:{FONT};font-size:12px;color:var(--ink)}}
.plan text{{fill:var(--ink)}} .plan .faint{{fill:var(--faint)}} .plan .title{{font-size:16px;font-weight:600}}
.plan .name{{font-weight:600}} .plan .grid{{stroke:var(--line);stroke-width:1}} .plan .ground{{fill:var(--ground)}}
.plan .state{{stroke:var(--ground);stroke-width:1}} .plan .over{{opacity:.35}} .plan .wait{{fill:url(#wait)}}
.plan .hatch{{fill:url(#hatch)}} .plan .window{{fill:url(#fault);stroke:var(--fault);stroke-width:.6;opacity:.8}}
.plan .good{{stroke:var(--good);fill:var(--good)}} .plan .bad{{stroke:var(--bad);fill:var(--bad)}}
.plan .open{{fill:var(--ground)}} .plan .line{{fill:none;stroke-width:1.6}} .plan .client{{stroke-dasharray:4 4}}
.plan text.good,.plan text.bad,.plan .small{{stroke:none;font-size:11px}}
.plan text.good{{fill:var(--good)}} .plan text.bad{{fill:var(--bad)}}
""".replace("\n", "")
PATTERNS = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<path d="M0 0v6" stroke="#000" stroke-opacity=".22" stroke-width="3"/></pattern>'
    '<pattern id="wait" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<path d="M0 0v8" stroke="#fff" stroke-opacity=".6" stroke-width="7"/></pattern>'
    '<pattern id="fault" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">'
    '<path d="M0 0v5" style="stroke:var(--fault)" stroke-opacity=".55" stroke-width="2"/></pattern></defs>'
)


def plan_as_svg(plan: Plan) -> str:
    """Return the plan as an SVG document with a final newline."""
    return _Picture(plan).draw()


class _TextRow:
    """The texts in one row of the picture, without overlaps."""

    def __init__(self) -> None:
        self._spans: list[tuple[float, float]] = []

    def reserve(self, start: float, width: float) -> bool:
        """Reserve space for a text. Returns False if another text is in the way."""
        end = start + width
        if any(start < other_end + 6 and end + 6 > other_start for other_start, other_end in self._spans):
            return False
        self._spans.append((start, end))
        return True


class _Picture:
    """Draws one plan from top to bottom."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._timeline = timeline = plan.timeline
        self._lanes = timeline.lanes[:MAX_LANES]
        self._axis = Axis(_begin(timeline), timeline.end, EDGE + NAME_WIDTH, WIDTH - EDGE - 26)
        self._decimals = decimals_needed([interval.begin for lane in self._lanes for interval in lane.intervals])
        # faults without `during` can always apply
        self._fault_windows = [window for window in timeline.fault_windows if (window.begin, window.end) != (0, None)]
        self._cluster_events = [event for event in timeline.events if event.lane_index is None]
        self._top = 84
        """The top of what is drawn next."""

    def draw(self) -> str:
        body = [*self._draw_lanes()]
        if self._cluster_events:
            body += self._draw_cluster_lane()
        if self._fault_windows:
            body += self._draw_fault_windows()
        bottom = self._top + 4
        grid = [*self._draw_grid(bottom)]
        legend, height = self._draw_legend(bottom + 40)
        client_begin = [*self._draw_client_begin(bottom)]
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="plan" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
            f'height="{height}" role="img" aria-label="{escape(self._description(), quote=True)}">'
        )
        subtitle = self._plan.headline.partition("\n")[2]
        lines = [
            head,
            f"<style>{css()}{STYLE}</style>",
            PATTERNS,
            f'<rect class="ground" width="{WIDTH}" height="{height}" rx="6"/>',
            _text(EDGE, 32, self._plan.title, "title"),
            _text(EDGE, 52, subtitle, "faint"),
            *grid, *client_begin, *body, *legend,
            "</svg>",
        ]  # fmt: skip
        return "\n".join(lines) + "\n"

    def _description(self) -> str:
        jobs = ", ".join(lane.name for lane in self._lanes[:5])
        return f"Timeline of {self._plan.title}: {jobs}"

    # -- time

    def _draw_grid(self, bottom: float) -> Iterator[str]:
        for at in self._axis.ticks():
            x = self._axis.x(at)
            yield f'<path class="grid" d="M{_px(x)} 74V{_px(bottom)}"/>'
            yield _text(x, bottom + 16, format_duration(at), "faint", anchor="middle")

    def _draw_client_begin(self, bottom: float) -> Iterator[str]:
        """Draw a line at the time at which the scripted client begins."""
        if self._timeline.client_begin is not None:
            x = self._axis.x(self._timeline.client_begin)
            yield f'<path class="good line client" d="M{_px(x)} 68V{_px(bottom)}"/>'
            is_near_end = x > WIDTH - 180
            anchor = "end" if is_near_end else "start"
            yield _text(x + (-5 if is_near_end else 5), 72, "from here on, a client acts", "good", anchor=anchor)

    # -- jobs

    def _draw_lanes(self) -> Iterator[str]:
        for index, lane in enumerate(self._lanes):
            yield from self._draw_lane(index, lane)
            self._top += LANE_HEIGHT
        omitted = len(self._timeline.lanes) - len(self._lanes)
        if omitted:
            jobs = "job" if omitted == 1 else "jobs"
            yield _text(EDGE, self._top + 12, f"… and {omitted:,} more {jobs}", "faint")
            self._top += 24

    def _draw_lane(self, index: int, lane: JobLane) -> Iterator[str]:
        bar_top = self._top + SPACE_ABOVE_BAR
        yield _text(EDGE, bar_top + 10, _truncated(lane.name, NAME_WIDTH - 12), "name", title=lane.name)
        yield _text(EDGE, bar_top + 25, f"parallelism {lane.parallelism}", "faint small")
        for interval in lane.intervals:
            is_last = interval is lane.intervals[-1]
            yield from self._draw_interval(interval, bar_top, is_last=is_last, outlook=lane.outlook)
        for checkpoint in self._visible(lane.checkpoints):
            yield self._draw_checkpoint(checkpoint, bar_top + BAR_HEIGHT + 8)
        text_row = _TextRow()
        if lane.repeats:
            width = len("repeats") * SMALL_LETTER_WIDTH
            text_row.reserve(self._axis.right - width, width)
            yield _text(self._axis.right, bar_top - 5, "repeats", "faint small", anchor="end")
        for event in self._timeline.events:
            if event.lane_index == index:
                yield from self._draw_event(event, bar_top, text_row)
        yield from self._draw_exceptions(lane, bar_top, text_row)

    def _draw_exceptions(self, lane: JobLane, bar_top: float, text_row: _TextRow) -> Iterator[str]:
        """Draw the exception classes of failures above the bar, if there is space."""
        for interval in lane.intervals:
            class_name = interval.note.partition(":")[0].rpartition(".")[2]
            if interval.state not in FAILURE_STATES or not class_name or interval.begin < self._axis.begin:
                continue
            left, width = self._axis.x(interval.begin), len(class_name) * SMALL_LETTER_WIDTH
            if left + width <= self._axis.right and text_row.reserve(left, width):
                yield _text(left, bar_top - 5, class_name, "bad", title=interval.note)

    def _draw_interval(self, interval: StateInterval, bar_top: float, *, is_last: bool, outlook: str) -> Iterator[str]:
        end = self._timeline.end if interval.end is None else interval.end
        if end <= self._axis.begin or (end == interval.begin and not is_last):
            return
        left, right = self._axis.x(interval.begin), self._axis.x(end)
        width = max(right - left, MIN_WIDTH)
        has_ended = is_last and not outlook
        state = interval.state.lower()
        title = self._interval_title(interval, outlook if is_last else "")
        classes = "state over" if has_ended else "state"
        box = f'x="{_px(left)}" y="{_px(bar_top)}" width="{_px(width)}" height="{BAR_HEIGHT}"'
        yield f'<g><title>{escape(title)}</title><rect class="{classes}" {box} style="fill:var(--s-{state})"/>'
        if interval.state in HATCHED:
            yield f'<rect class="hatch" {box}/>'
        if interval.idle_until is not None:
            idle_width = self._axis.x(round(min(interval.idle_until, end))) - left
            idle_box = f'x="{_px(left)}" y="{_px(bar_top)}" width="{_px(idle_width)}" height="{BAR_HEIGHT}"'
            yield f'<rect class="wait" {idle_box}/>'
        if has_ended:  # the terminal state gets a thick edge at its beginning
            edge_box = f'x="{_px(left)}" y="{_px(bar_top)}" width="3" height="{BAR_HEIGHT}"'
            yield f'<rect {edge_box} style="fill:var(--s-{state})"/>'
        if len(interval.state) * LETTER_WIDTH + 10 <= width:
            fill = "var(--ink)" if has_ended else f"var(--t-{state})"
            # an outline makes the text readable on stripes
            outline = (
                f";stroke:var(--s-{state});stroke-width:4;paint-order:stroke" if interval.idle_until is not None else ""
            )
            style = f"fill:{fill};font-size:11px{outline}"
            yield f'<text x="{_px(left + 7)}" y="{_px(bar_top + 16)}" style="{style}">{interval.state}</text>'
        if is_last and outlook:
            x, middle = self._axis.right + 4, bar_top + BAR_HEIGHT / 2
            yield f'<path d="M{_px(x)} {_px(middle - 6)}l8 6-8 6z" style="fill:var(--s-{state})"/>'
        yield "</g>"

    def _width(self, interval: StateInterval) -> float:
        end = self._timeline.end if interval.end is None else interval.end
        return self._axis.x(end) - self._axis.x(interval.begin)

    def _interval_title(self, interval: StateInterval, outlook: str) -> str:
        text = f"{interval.state} from {format_time(interval.begin, self._decimals)}"
        if interval.end is not None:
            text += f" for {format_duration(interval.end - interval.begin)}"
        return "\n".join(filter(None, (text, interval.note, outlook)))

    def _visible(self, checkpoints: Iterable[CheckpointEvent]) -> Iterator[CheckpointEvent]:
        """Yield the checkpoints that do not overlap, all failures, and all savepoints, from left to right."""
        previous_x = float("-inf")
        for checkpoint in sorted(checkpoints, key=_drawn_at):
            if _drawn_at(checkpoint) < self._axis.begin:
                continue
            x = self._axis.x(_drawn_at(checkpoint))
            if x - previous_x >= 5 or checkpoint.failure or checkpoint.is_savepoint:
                previous_x = x
                yield checkpoint

    def _draw_checkpoint(self, checkpoint: CheckpointEvent, y: float) -> str:
        x = self._axis.x(_drawn_at(checkpoint))
        kind = "savepoint" if checkpoint.is_savepoint else "checkpoint"
        if checkpoint.end is None:
            status = "in progress"
        else:
            status = f"failed: {checkpoint.failure}" if checkpoint.failure else "completed"
        title = escape(f"{kind} {checkpoint.id} {status}")
        if checkpoint.failure:
            shape = f'<path class="bad line" d="M{_px(x - 3)} {_px(y - 3)}l6 6m0-6l-6 6"/>'
        elif checkpoint.is_savepoint:
            shape = f'<path class="good" d="M{_px(x)} {_px(y - 5)}l5 5-5 5-5-5z"/>'
        else:
            open_class = " open" if checkpoint.end is None else ""
            shape = f'<circle class="good{open_class}" cx="{_px(x)}" cy="{_px(y)}" r="2.2"/>'
        return f"<g><title>{title}</title>{shape}</g>"

    def _draw_event(self, event: TimelineEvent, bar_top: float, text_row: _TextRow) -> Iterator[str]:
        """Draw an event above the bar: a bracket if it takes time, else a stroke; with its name if there is space."""
        style = "bad" if event.is_failure else "good"
        left = self._axis.x(event.at)
        right = left if event.end is None else max(self._axis.x(event.end), left + 2)
        y = bar_top - 3
        until = f" until {format_time(event.end, self._decimals)}" if event.end is not None else ""
        label = f"{event.text} {event.outcome}".strip()
        title = escape(f"{label}\n{format_time(event.at, self._decimals)}{until}")
        shape = f"M{_px(left)} {_px(y + 3)}v-5" + (f"H{_px(right)}v5" if event.end is not None else "")
        yield f'<g><title>{title}</title><path class="{style} line" d="{shape}"/>'
        name = f"{event.text} fails" if event.is_failure and event.kind is EventKind.OPERATION else event.text
        width = len(name) * SMALL_LETTER_WIDTH
        if event.kind is not EventKind.WAIT_CONDITION or event.text != "poll":
            start = min(left, self._axis.right - width)
            if text_row.reserve(start, width):
                yield _text(start, y - 6, name, style)
        yield "</g>"

    # -- the cluster

    def _draw_cluster_lane(self) -> Iterator[str]:
        bar_top = self._top + SPACE_ABOVE_BAR
        yield _text(EDGE, bar_top + 14, "cluster", "name")
        text_row = _TextRow()
        for event in self._cluster_events:
            yield from self._draw_event(event, bar_top + 14, text_row)
        self._top += 44

    def _draw_fault_windows(self) -> Iterator[str]:
        yield _text(EDGE, self._top + 26, "faults", "name")
        self._top += 10
        for window in self._fault_windows:
            end = self._timeline.end if window.end is None else window.end
            left, right = self._axis.x(window.begin), self._axis.x(end)
            until = format_time(end) if window.end else "the end"
            title = escape(f"{window.fault_name}: {format_time(window.begin)} to {until}")
            box = f'x="{_px(left)}" y="{_px(self._top + 6)}" width="{_px(max(right - left, 2))}" height="16"'
            yield f'<g><title>{title}</title><rect class="window" {box} rx="2"/>'
            width = len(window.fault_name) * SMALL_LETTER_WIDTH
            text_left = right + 6 if right + 6 + width < WIDTH else max(left - 6 - width, EDGE + NAME_WIDTH)
            yield _text(text_left, self._top + 18, window.fault_name, "bad") + "</g>"
            self._top += 24

    # -- legend

    def _draw_legend(self, top: float) -> tuple[list[str], int]:
        """Return the legend, which starts at `top`, and the height of the picture."""
        intervals = [interval for lane in self._lanes for interval in lane.intervals]
        states = {interval.state for interval in intervals if self._width(interval) >= MIN_WIDTH}
        entries: list[tuple[str, str]] = []  # shape and text
        for state in STATE_COLOURS:
            if state in states:
                hatch = '<rect class="hatch" y="-9" width="16" height="11"/>' if state in HATCHED else ""
                box = f'<rect y="-9" width="16" height="11" style="fill:var(--s-{state.lower()})"/>{hatch}'
                entries.append((box, state))
        checkpoints = [checkpoint for lane in self._lanes for checkpoint in lane.checkpoints]
        if any(not checkpoint.is_savepoint and not checkpoint.failure for checkpoint in checkpoints):
            entries.append(('<circle class="good" cx="8" cy="-4" r="2.2"/>', "checkpoint"))
        if any(checkpoint.is_savepoint and not checkpoint.failure for checkpoint in checkpoints):
            entries.append(('<path class="good" d="M8-9l5 5-5 5-5-5z"/>', "savepoint"))
        if any(interval.idle_until is not None for interval in intervals):
            box = '<rect y="-9" width="16" height="11" style="fill:var(--s-running)"/>'
            entries.append((f'{box}<rect class="wait" y="-9" width="16" height="11"/>', "RUNNING, tasks not yet"))
        if any(checkpoint.failure for checkpoint in checkpoints):
            entries.append(('<path class="bad line" d="M5-7l6 6m0-6l-6 6"/>', "failed"))
        lines, x, y = [], float(EDGE + NAME_WIDTH), top
        for shape, text in entries:
            width = 22 + len(text) * 6.9 + 16
            if x + width > WIDTH - EDGE:
                x, y = float(EDGE + NAME_WIDTH), y + 20
            lines.append(f'<g transform="translate({_px(x)} {_px(y)})">{shape}<text x="22">{text}</text></g>')
            x += width
        return lines, round(y + 20)


def _begin(timeline: Timeline) -> int:
    """Return the start of the picture, which omits times long before the scenario."""
    if timeline.begin >= 0:
        return 0
    return max(timeline.begin, -timeline.end // 4)


def _drawn_at(checkpoint: CheckpointEvent) -> int:
    """Return the time at which a checkpoint is drawn: its end, or its begin while it is in progress."""
    return checkpoint.begin if checkpoint.end is None else checkpoint.end


def _text(x: float, y: float, text: str, css_class: str, *, anchor: str = "", title: str = "") -> str:
    position = f'x="{_px(x)}" y="{_px(y)}"' + (f' text-anchor="{anchor}"' if anchor else "")
    tooltip = f"<title>{escape(title)}</title>" if title and title != text else ""
    return f'<text class="{css_class}" {position}>{tooltip}{escape(text)}</text>'


def _truncated(name: str, width: float) -> str:
    length = int(width / 7)
    return name if len(name) <= length else f"{name[: length - 1]}…"


def _px(number: float) -> str:
    """Format a coordinate to a tenth of a pixel."""
    return f"{number:.1f}".removesuffix(".0")
