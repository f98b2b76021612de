"""The timeline of the console draws the marks of all checkpoints that do not overlap."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import flinkmock

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("node"), reason="Node.js is not installed: node is not on the path"),
]

SCRIPT = """
const [folder, data] = process.argv.slice(1);
const vm = require("node:vm"), fs = require("node:fs");
const context = vm.createContext({ location: { hash: "" } });
for (const name of ["client.js", "timeline.js"]) vm.runInContext(fs.readFileSync(`${folder}/${name}`, "utf8"), context);
console.log(vm.runInContext(`new Picture(${data}, 1200, 0).draw()`, context));
"""


def test_checkpoints_that_end_before_an_earlier_one_are_drawn() -> None:
    ends = {1: 80_000, 2: 20_000, 3: 40_000, 4: 40_100, 5: 90_000}
    checkpoints = [
        {"id": number, "triggered-at": 1_000 * number, "ended-at": end, "savepoint": number == 1, "failure": None}
        for number, end in ends.items()
    ]
    states = [{"state": "RUNNING", "at": 0, "note": ""}]
    data = {
        "clock": {"now": 100_000, "started-at": 0, "next-event-at": None},
        "jobs": [{"id": "1", "name": "orders", "parallelism": 1, "states": states, "checkpoints": checkpoints}],
        "operations": [],
        "taskmanagers": [],
        "leaders": [],
        "fault-hits": [],
    }
    folder = Path(flinkmock.__file__).parent / "control" / "console"
    command = ["node", "-e", SCRIPT, str(folder), json.dumps(data)]
    picture = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True).stdout
    assert re.findall(r"point (\d) completed", picture) == ["2", "3", "1", "5"]
