"""The tools of `.ci/run` find forbidden imports and calls; it checks that flinkmock has none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project that a test can change."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "flinkmock", tmp_path / "flinkmock", ignore=shutil.ignore_patterns("__pycache__", ".*"))
    return tmp_path


def append(project: Path, file: str, lines: str) -> None:
    with (project / "flinkmock" / file).open("a", encoding="utf-8") as module:
        module.write(lines)


def run(project: Path, *command: str) -> tuple[int, str]:
    """Run a Python command in the project; return its exit code and output."""
    environment = {**os.environ, "PYTHONPATH": str(project), "NO_COLOR": "1", "COLUMNS": "200"}
    completed = subprocess.run(
        [sys.executable, *command], cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    return completed.returncode, completed.stdout + completed.stderr


def test_forbidden_imports_are_found(project: Path) -> None:
    pytest.importorskip("importlinter")
    append(project, "errors.py", "import flinkmock.cluster.clock\n")
    append(project, "cluster/clock.py", "import aiohttp\n")
    append(project, "flink/logs.py", "import random\n")
    code, output = run(project, "-c", LINT_IMPORTS, "--no-cache")
    assert code == 1
    for message in (
        "flinkmock.errors is not allowed to import flinkmock.cluster",
        "flinkmock.cluster is not allowed to import aiohttp",
        "flinkmock.flink is not allowed to import random",
    ):
        assert message in output


def test_a_forbidden_call_is_found(project: Path) -> None:
    pytest.importorskip("ruff")
    append(project, "cluster/clock.py", "import datetime\nNOW = datetime.datetime.now()\n")
    code, output = run(project, "-m", "ruff", "check", "--no-cache", "--select", "TID251", ".")
    assert code == 1
    assert "`datetime.datetime.now` is banned" in output
