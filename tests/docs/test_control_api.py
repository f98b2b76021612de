"""The examples of docs/control-api.md are executed, and its table lists every operation."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from flinkmock import FlinkMock
from flinkmock.control.api import all_operations
from tests.timeouts import PATIENCE

PAGE = (Path(__file__).parents[2] / "docs" / "control-api.md").read_text("utf-8")
BLOCKS = re.findall(r"```(sh|json)\n(.*?)```", PAGE, re.DOTALL)
[SCENARIO] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def is_like(response: Any, example: Any) -> bool:
    """Return whether a response is the one on the page, where "…" stands for any value."""
    if example == "…":
        return True
    if isinstance(example, dict) and isinstance(response, dict):
        return response.keys() == example.keys() and all(
            is_like(response[key], value) for key, value in example.items()
        )
    if isinstance(example, list) and isinstance(response, list):
        return len(response) == len(example) and all(map(is_like, response, example))
    return bool(response == example)


@pytest.mark.skipif(shutil.which("curl") is None or shutil.which("bash") is None, reason="needs bash and curl")
def test_the_examples(tmp_path: Path) -> None:
    (tmp_path / "orders.yaml").write_text(SCENARIO)
    last: dict[str, Any] = {}
    with FlinkMock(SCENARIO) as flink:
        for (kind, block), (_, following) in pairwise([*BLOCKS, ("", "")]):
            if kind == "json":
                assert is_like(last, json.loads(block)), (last, block)
                continue
            fail = "" if following.startswith('{"error"') else "--fail-with-body"
            curl = f"curl --silent --show-error --write-out '\\n' --max-time {PATIENCE:.0f} {fail} "
            commands = block.replace("localhost:8081", f"localhost:{flink.port}").replace("curl ", curl)
            shell = subprocess.run(
                ["bash", "-ec", f"api={flink.control_url}\n{commands}"],
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
            assert (shell.returncode, shell.stderr) == (0, ""), (block, shell.stdout)
            *_, line = [line for line in shell.stdout.splitlines() if line] or [""]
            last = json.loads(line) if line.startswith("{") else {}


def test_the_table_has_each_operation() -> None:
    rows = re.findall(r"^\| `([A-Z]+ [^`]+)` \| (.*) \|$", PAGE, re.MULTILINE)
    assert rows == [(f"{operation.method} {operation.path[1:]}", operation.summary) for operation in all_operations()]
