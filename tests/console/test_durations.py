"""The console formats durations."""

from __future__ import annotations

import json
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
const [file, calls] = process.argv.slice(1);
const context = require("node:vm").createContext({ location: { hash: "" } });
require("node:vm").runInContext(require("node:fs").readFileSync(file, "utf8"), context);
console.log(JSON.stringify(JSON.parse(calls).map((call) => context.formatDuration(...call))));
"""
TEXTS = {
    (0,): "0s",
    (550,): "550ms",
    (550, 1): "550ms",
    (999.6,): "1s",
    (999, 0): "0s",
    (1_500,): "1.5s",
    (1_960, 1): "2s",
    (59_999, 0): "59s",
    (119_960, 1): "2m",
    (119_949, 1): "1m59.9s",
    (119_999.9,): "2m",
    (150_000,): "2m30s",
    (3_599_990, 1): "1h",
    (90_061_001,): "1d1h1m1.001s",
    (-2_500,): "−2.5s",
}
"""Texts by the arguments of `formatDuration`: milliseconds, and the number of decimals."""


def test_durations_are_rounded_before_they_are_split_into_units() -> None:
    file = Path(flinkmock.__file__).parent / "control" / "console" / "client.js"
    command = ["node", "-e", SCRIPT, str(file), json.dumps(list(TEXTS))]
    output = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True).stdout
    assert dict(zip(TEXTS, json.loads(output), strict=True)) == TEXTS
