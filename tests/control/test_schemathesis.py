"""schemathesis finds no undocumented response and no internal error of the control API."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from flinkmock import FlinkMock
from tests.timeouts import TEST_TIMEOUT_S

FOLDER = Path(__file__).parent / "schemathesis"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
)
EXCLUDED_PATHS = "/requests/wait", "/jobs/{job}/wait", "/scenario", "/reset"
"""Paths of operations that wait, or that replace the cluster whose job, signal and snapshot schemathesis.toml names."""


def command(url: str, *, max_examples: int) -> list[str]:
    """Return the command that runs schemathesis."""
    excluded = [argument for path in EXCLUDED_PATHS for argument in ("--exclude-path", path)]
    return [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(FOLDER / "schemathesis.toml")),
        *("run", f"{url}/openapi.json", "--checks", ",".join(CHECKS), "--max-examples", str(max_examples), *excluded),
        *("--seed", "1", "--no-color"),
    ]


@pytest.mark.slow
@pytest.mark.skipif(find_spec("schemathesis") is None, reason="needs schemathesis")
def test_schemathesis_finds_no_failures(tmp_path: Path) -> None:
    flink = FlinkMock(FOLDER / "cluster.yaml").start()
    completed = subprocess.run(
        command(flink.control_url, max_examples=5),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=5 * TEST_TIMEOUT_S,
        check=False,
    )
    flink.close()
    assert completed.returncode == 0, completed.stdout
