"""Measures the effects of long use, many connections and failures on a server: `python -m benchmarks.endurance`.

Prints a table: requests, seconds, memory and open files before and after. `--scale 0.1` reduces the load of the first
three rows to a tenth, `--only` measures one row; `--docs` measures all rows with the full load, and writes
docs/endurance.md. It needs Linux: memory, files and CPU time are read from /proc.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.endurance.rows import (
    full_disk,
    jumping_clocks,
    many_clusters,
    many_connections,
    mixed_requests,
    no_temporary_folder,
    sigkill,
    sigterm,
)
from benchmarks.endurance.server import ROOT

LOADS = (
    mixed_requests,
    many_connections,
    many_clusters,
    sigterm,
    full_disk,
    no_temporary_folder,
    sigkill,
    jumping_clocks,
)
"""The loads, in the order of their rows in the table."""
TABLE_HEAD = """\
| what happens | requests | seconds | memory, MiB | open files | result |
|---|---|---|---|---|---|
"""
PAGE = """\
# Endurance

This page shows how a server is affected by long use, many connections and failures. Memory and open files are those
of the server before and after the load; where connections have to close first, "after" is two seconds later. In the
rows about 200 clusters and about the wall clock, the server is in the process that sends the requests. In the row about
SIGKILL, "after" is just before the signal.
`python -m benchmarks.endurance --docs` wrote the page on a machine with {machine}

{table}
The mixed requests are measured after 60,000 others, when the journal of 10,000 requests and the list of 100 terminal
jobs (`jobstore.max-capacity`) are full. They upload and delete jars, submit and cancel jobs, and trigger savepoints.
CPU time is that of the server, in the first and in the last tenth of the requests. The memory of this row grows
with what a cluster keeps: the newest 10,000 savepoints, from which jobs can be restored, and the results of operations
for five minutes (`rest.async.store-duration`). [Limits](limits.md) lists what is forgotten, and when.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--scale",
        type=float,
        default=1.0,
        help="the share of requests, connections, clusters and time in the first three rows; default: %(default)s",
    )
    parser.add_argument("--only", choices=[load.__name__ for load in LOADS], help="measure only this row")
    parser.add_argument("--docs", action="store_true", help="write docs/endurance.md")
    args = parser.parse_args()
    if args.docs and (args.only or args.scale != 1):
        parser.error("--docs can't be combined with --only or --scale: the page has all rows, with the full load.")
    print(TABLE_HEAD, end="", flush=True)
    table = TABLE_HEAD
    for load in LOADS:
        if args.only in (None, load.__name__):
            with tempfile.TemporaryDirectory() as folder:
                row = load(Path(folder), args.scale)
            print(row.text(), flush=True)
            table += row.text() + "\n"
    if args.docs:
        machine = f"{os.cpu_count()} cores, Python {sys.version.split()[0]}."
        text = PAGE.format(machine=machine, table=table)
        (ROOT / "docs" / "endurance.md").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
