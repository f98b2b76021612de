"""The examples of README.md work, and its table lists every command."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flinkmock import FlinkMock, load_scenario
from flinkmock.cli import COMMANDS
from tests.docs.pages import ROOT, DocumentationPage
from tests.pytest_options import OPTIONS

README = DocumentationPage(ROOT / "README.md")


def test_the_pytest_example_passes(pytester: pytest.Pytester) -> None:
    [example] = README.texts("python")
    pytester.makepyfile(example)
    pytester.runpytest_inprocess(*OPTIONS).assert_outcomes(passed=1)


def test_the_scenario_loads() -> None:
    [example] = README.texts("yaml")
    assert [job.name for job in load_scenario(example).jobs] == ["orders", "import"]


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_curl_commands_get_responses(tmp_path: Path) -> None:
    commands = next(text for text in README.texts("sh") if "curl" in text)
    with FlinkMock(ROOT / "scenarios" / "demo.yaml", clock="10x") as cluster:
        short_sleep = "sleep() { command sleep 0.5; }  # 5 s of cluster time\n"
        script = "set -euo pipefail\n" + short_sleep + commands.replace("http://127.0.0.1:8081", cluster.url)
        script = script.replace("curl -s", "curl -sS -w '\\n'").replace("python -c", f"'{sys.executable}' -c")
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = ["bash", "-c", script]
        completed = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (completed.returncode, completed.stderr) == (0, "")
    responses = [json.loads(line) for line in completed.stdout.splitlines()]
    assert not [response for response in responses if "errors" in response]
    assert responses[1]["status"] == "success"
    assert responses[2] == {"status": "RUNNING"}
    assert responses[-2]["state"] == "CANCELED"
    assert responses[-1]["job-execution-result"]["application-status"] == "CANCELED"


def test_every_command_is_in_the_table() -> None:
    documented = set(re.findall(r"^\| `flinkmock (\w+)", README.text, re.MULTILINE))
    assert documented == set(COMMANDS)
