"""The tables of a run, and the page of the documentation with them."""

from __future__ import annotations

import argparse
import datetime
import math
import os
import platform
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.wire.rows import Row

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
PLOT = PAGE.parent / "plans" / "benchmarks.svg"
REFERENCE_SERVER = "aiohttp"
_COLORS = ("#2b6cb0", "#e2e8f0", "#a0aec0", "#d69e2e", "#c05621", "#718096")
# lengths in the plot, in pixels
_BAR_HEIGHT = 12
_GAP_BETWEEN_OPERATIONS = 10
_WIDTH_OF_NAMES = 210
_WIDTH_PER_POWER_OF_TEN = 120
_TOP_MARGIN = 50
_LEGEND_DISTANCE = 110
_SHORTEST_BAR_US = 10  # the bar of this time has no width


class StartAndMemory(NamedTuple):
    """The time from the start of a server to its first response, and its resident memory."""

    ready_ms: float
    memory_bytes: int


class Report:
    """Collects the tables of one run."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._parts: list[str] = []
        self._plot = ""

    def add_table(self, title: str, rows: Sequence[Row]) -> None:
        """Add a table with a row for each operation and a column for each server. See `_machine` for the cells."""
        names = list(rows[0].cpu_us)
        head = ["operation", "body", *names]
        cells = [head, ["---"] * len(head)]
        cells += [[f"`{row.name}`", _size(row.size), *(_cell(row, name) for name in names)] for row in rows]
        self._parts.append(f"## {title}\n\n" + "\n".join("| " + " | ".join(line) + " |" for line in cells))

    def add_savepoints(self, row: Row) -> None:
        """Add the CPU time of a request that triggers or polls a savepoint."""
        self._parts.append(f"## Savepoints\n\n{row.name}: {row.median('flinkmock') or 0:.0f} µs per request.")

    def add_memory(self, by_job_count: Mapping[int, StartAndMemory]) -> None:
        """Add a table of start time and resident memory by the number of jobs."""
        lines = ["| jobs | first response after | resident memory |", "|---|---|---|"]
        lines += [
            f"| {count:,} | {server.ready_ms:.0f} ms | {server.memory_bytes / 2**20:.0f} MiB |"
            for count, server in by_job_count.items()
        ]
        self._parts.append("## Start and memory\n\n" + "\n".join(lines))

    def draw_plot(self, title: str, rows: Sequence[Row]) -> None:
        """Draw a bar for each server and operation: the CPU time per request, on a logarithmic scale."""
        names = list(rows[0].cpu_us)
        values = [(row.name, name, row.median(name) or 0.0) for row in rows for name in names if row.median(name)]
        self._plot = _bars(title, values, names)

    def add_times(self, title: str, values: Mapping[str, float]) -> None:
        """Add a table of times in ms."""
        lines = ["| | median |", "|---|---|", *(f"| {name} | {ms:.2f} ms |" for name, ms in values.items())]
        self._parts.append(f"## {title}\n\n" + "\n".join(lines))

    def text(self) -> str:
        """Return the page without its heading: a description of the machine, and all tables."""
        return "\n\n".join([self._machine(), *self._parts]) + "\n"

    def write(self) -> None:
        """Write the page of the documentation and its picture."""
        PLOT.write_text(self._plot, encoding="utf-8")
        image = f"![CPU time per request]({PLOT.relative_to(PAGE.parent)})"
        PAGE.write_text(f"# Benchmarks\n\n{image}\n\n" + self.text(), encoding="utf-8")

    def _machine(self) -> str:
        today = datetime.datetime.now(tz=datetime.UTC).date()
        return textwrap.fill(
            f"Measured on {today} with `python -m benchmarks.wire`: {os.cpu_count()} cores, {platform.system()}, "
            f"Python {platform.python_version()}; {self._args.rounds} alternating rounds of {self._args.requests} "
            "requests. Each cell is the server's CPU time per request: the median ratio to a bare aiohttp "
            "handler that sends the same bytes, and the median in µs. Compare ratios; absolute times depend on the "
            "machine. The server `asyncio` is a bare protocol that sends the same bytes without reading HTTP: about "
            "the least that a server on asyncio takes.",
            width=120,
        )


def _cell(row: Row, name: str) -> str:
    median, ratio = row.median(name), row.ratio(name, REFERENCE_SERVER)
    return "" if median is None or ratio is None else f"**{ratio:.2f} ×** ({median:.0f} µs)"


def _bars(title: str, values: Sequence[tuple[str, str, float]], names: Sequence[str]) -> str:
    """Return an SVG with a bar for each value.

    Args:
        title: The title of the plot.
        values: The operation, the server and the time in µs of each bar.
        names: The names of the servers, in the order of their colors.
    """
    lines, y, previous_operation = [], _TOP_MARGIN, ""
    for operation, name, us in values:
        if operation != previous_operation:
            y += _GAP_BETWEEN_OPERATIONS
            x, baseline = _WIDTH_OF_NAMES - 8, y + _BAR_HEIGHT - 2
            lines.append(f'<text x="{x}" y="{baseline}" text-anchor="end">{operation}</text>')
        width = max(_WIDTH_PER_POWER_OF_TEN * math.log10(us / _SHORTEST_BAR_US), 1)
        color = _COLORS[names.index(name)]
        lines.append(
            f'<rect x="{_WIDTH_OF_NAMES}" y="{y}" width="{width:.0f}" height="{_BAR_HEIGHT}" fill="{color}"/>'
            f'<text x="{_WIDTH_OF_NAMES + width + 4:.0f}" y="{y + _BAR_HEIGHT - 2}">{us:,.0f}</text>'
        )
        y, previous_operation = y + _BAR_HEIGHT, operation
    legend = ""
    for index, (name, color) in enumerate(zip(names, _COLORS, strict=False)):
        x = _WIDTH_OF_NAMES + _LEGEND_DISTANCE * index
        legend += f'<rect x="{x}" y="26" width="10" height="10" fill="{color}"/><text x="{x + 14}" y="35">{name}</text>'
    height = y + 20
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 {height}" font-family="sans-serif" font-size="11">'
        f'<rect width="760" height="{height}" fill="white"/>'
        f'<text x="{_WIDTH_OF_NAMES}" y="16" font-size="13">{title}</text>'
        f"{legend}{''.join(lines)}</svg>\n"
    )


def _size(size: int) -> str:
    return f"{size} B" if size < 1000 else f"{size / 1000:.1f} kB"
