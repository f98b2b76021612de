"""The effects of long use, many connections and failures: `python -m benchmarks.endurance`.

Prints a table: requests, seconds, memory and open files before and after. `--scale 0.1` does a tenth of everything;
`--docs` writes docs/endurance.md. It needs Linux: memory, files and processor time are read from /proc.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.endurance.rows import (
    clusters,
    connections,
    ending,
    full_disk,
    jumping_clocks,
    killed,
    mixed,
    no_temporary_folder,
)
from benchmarks.endurance.server import ROOT

PARTS = (mixed, connections, clusters, ending, full_disk, no_temporary_folder, killed, jumping_clocks)
HEAD = """\
| what happens | requests | seconds | memory, MB | open files | result |
|---|---|---|---|---|---|
"""
PAGE = """\
# Endurance

This page shows how long use, many connections and failures affect a server. Memory and open files are those of the
server before and after the load; "after" is two seconds after the last connection has ended.
`python -m benchmarks.endurance --docs{scale}` wrote the page on a machine with {machine}

{table}
The mixed requests are measured after 60,000 others, when the journal of 10,000 requests and the list of 100 ended jobs
(`jobstore.max-capacity`) are full. They upload and delete jars, submit and cancel jobs, and trigger savepoints.
Processor time is that of the server, in the first and in the last tenth of the requests. The memory of this row grows
with what a cluster keeps: the newest 10,000 savepoints, from which jobs can be restored, and the results of operations
for five minutes (`rest.async.store-duration`). [Limits](limits.md) lists what is forgotten, and when.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="the part of everything that is done")
    parser.add_argument("--only", choices=[part.__name__ for part in PARTS], help="one part")
    parser.add_argument("--docs", action="store_true", help="write docs/endurance.md")
    args = parser.parse_args()
    print(HEAD, end="", flush=True)
    table = HEAD
    for part in PARTS:
        if args.only in (None, part.__name__):
            with tempfile.TemporaryDirectory() as folder:
                row = part(Path(folder), args.scale)
            print(row.text(), flush=True)
            table += row.text() + "\n"
    if args.docs:
        scale = f" --scale {args.scale:g}" if args.scale != 1 else ""
        load = os.getloadavg()[0]
        machine = f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, load {load:.0f}."
        text = PAGE.format(scale=scale, machine=machine, table=table)
        (ROOT / "docs" / "endurance.md").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
