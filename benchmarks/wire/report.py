"""Tables of a run, ratios first, and the page in the documentation."""

from __future__ import annotations

import argparse
import datetime
import os
import platform
from collections.abc import Sequence
from pathlib import Path

from benchmarks.wire.rows import Row

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
REFERENCE = "aiohttp"


class Report:
    """Collects the tables of one run."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._parts: list[str] = []

    def table(self, title: str, rows: Sequence[Row]) -> None:
        """One line per operation, one column per server; each cell: ratio to the bare handler, and µs."""
        names = list(rows[0].cpu_us)
        head = ["operation", "body", *names]
        lines = [head, ["---"] * len(head)]
        lines += [[f"`{row.name}`", _size(row.size), *(_cell(row, name) for name in names)] for row in rows]
        self._parts.append(f"## {title}\n\n" + "\n".join("| " + " | ".join(line) + " |" for line in lines))

    def savepoints(self, row: Row) -> None:
        """What a request of a savepoint's life costs."""
        self._parts.append(f"## Savepoints\n\n{row.name}: {row.median('flinkmock') or 0:.0f} µs per request.")

    def memory(self, sizes: dict[int, tuple[float, int]]) -> None:
        """Start and memory by the number of jobs."""
        lines = ["| jobs | first response after | resident memory |", "|---|---|---|"]
        lines += [f"| {count:,} | {ms:.0f} ms | {size / 2**20:.0f} MiB |" for count, (ms, size) in sizes.items()]
        self._parts.append("## Start and memory\n\n" + "\n".join(lines))

    def text(self) -> str:
        """All tables, and the machine."""
        return "\n\n".join([self._machine(), *self._parts]) + "\n"

    def write(self) -> None:
        """Writes the page of the documentation."""
        PAGE.write_text("# Benchmarks\n\n" + self.text(), encoding="utf-8")

    def _machine(self) -> str:
        today = datetime.datetime.now(tz=datetime.UTC).date()
        return (
            f"Measured on {today} with `python -m benchmarks.wire`: {os.cpu_count()} cores, {platform.system()}, "
            f"Python {platform.python_version()}; {self._args.rounds} alternating rounds of {self._args.requests} "
            "requests. Each cell is the server's processor time per request: the median ratio to a bare aiohttp "
            "handler that sends the same bytes, and the median in µs. Compare ratios; absolute times depend on the "
            "machine."
        )


def _cell(row: Row, name: str) -> str:
    median, ratio = row.median(name), row.ratio(name, REFERENCE)
    return "" if median is None or ratio is None else f"**{ratio:.2f} ×** ({median:.0f} µs)"


def _size(size: int) -> str:
    return f"{size} B" if size < 1000 else f"{size / 1000:.1f} kB"
