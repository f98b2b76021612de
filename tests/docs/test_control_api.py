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
from tests.docs.pages import DOCS, Block, DocumentationPage
from tests.timeouts import TEST_TIMEOUT_S

PAGE = DocumentationPage(DOCS / "control-api.md")
BLOCKS = [block for block in PAGE.blocks if block.language in ("sh", "json")]
[SCENARIO] = PAGE.texts("yaml")


def matches(response: Any, example: Any) -> bool:
    """Return whether a response equals the example on the page, in which "…" stands for any value."""
    if example == "…":
        return True
    if isinstance(example, dict) and isinstance(response, dict):
        return response.keys() == example.keys() and all(
            matches(response[key], value) for key, value in example.items()
        )
    if isinstance(example, list) and isinstance(response, list):
        return len(response) == len(example) and all(map(matches, response, example))
    return bool(response == example)


@pytest.mark.skipif(shutil.which("curl") is None or shutil.which("bash") is None, reason="needs bash and curl")
def test_commands_get_the_responses_on_the_page(tmp_path: Path) -> None:
    (tmp_path / "orders.yaml").write_text(SCENARIO)
    response: dict[str, Any] = {}
    with FlinkMock(SCENARIO) as flink:
        for block, next_block in pairwise([*BLOCKS, Block("", "")]):
            if block.language == "json":
                assert matches(response, json.loads(block.text)), (response, block)
                continue
            fail_option = "" if next_block.text.startswith('{"error"') else "--fail-with-body"
            curl = f"curl --silent --show-error --write-out '\\n' --max-time {TEST_TIMEOUT_S:.0f} {fail_option} "
            commands = block.text.replace("localhost:8081", f"localhost:{flink.port}").replace("curl ", curl)
            shell = subprocess.run(
                ["bash", "-ec", f"api={flink.control_url}\n{commands}"],
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=TEST_TIMEOUT_S,
                check=False,
            )
            assert (shell.returncode, shell.stderr) == (0, ""), (block, shell.stdout)
            last_line = shell.stdout.rstrip("\n").rpartition("\n")[2]
            response = json.loads(last_line) if last_line.startswith("{") else {}


def test_the_table_has_each_operation() -> None:
    rows = re.findall(r"^\| `([A-Z]+ [^`]+)` \| (.*) \|$", PAGE.text, re.MULTILINE)
    assert rows == [(f"{operation.method} {operation.path[1:]}", operation.summary) for operation in all_operations()]
