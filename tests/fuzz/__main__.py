"""Runs all fuzz tests for a long time: `python -m tests.fuzz [FOLDER]`.

Runs `tests/fuzz` with 20 times as many examples, drawn at random, and schemathesis over the REST API of three releases
and over the control API. The failing inputs of `fuzzed` tests are written to FOLDER. To keep one as a regression input,
move it to `tests/fuzz/regressions/`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from flinkmock import Contract, FlinkMock
from flinkmock.contract.openapi import openapi

ROOT = Path(__file__).parents[2]
RELEASES = ("2.3", "1.20", "1.12")
CONTROL_CHECKS = (
    "not_a_server_error,unsupported_method,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance"
)
EXCLUDED_CONTROL_PATHS = ("/requests/wait", "/jobs/{job}/wait", "/scenario", "/reset")
"""Operations of the control API that wait, or that replace the cluster under test."""
EXAMPLES_PER_OPERATION = 100


def main() -> int:
    environment = {**os.environ, "HYPOTHESIS_PROFILE": "thorough"}
    if len(sys.argv) > 1:
        failures_folder = Path(sys.argv[1]).resolve()
        failures_folder.mkdir(parents=True, exist_ok=True)
        environment["FLINKMOCK_FUZZ_FAILURES"] = str(failures_folder)
    exit_codes = [_run([sys.executable, "-m", "pytest", "-q", "tests/fuzz"], environment)]
    if shutil.which("schemathesis") is None:
        print("schemathesis is missing: pip install schemathesis", file=sys.stderr)
        return 1
    rest_folder = ROOT / "tests" / "contract" / "schemathesis"
    control_folder = ROOT / "tests" / "control" / "schemathesis"
    with tempfile.TemporaryDirectory() as folder:
        for release in RELEASES:
            file = Path(folder, f"flink-{release}.json")
            file.write_text(json.dumps(openapi(Contract.load(release))), "utf-8")
            with closing(FlinkMock(rest_folder / "jobs.yaml", flink=release, clock="real").start()) as mock:
                configuration = rest_folder / "schemathesis.toml"
                exit_codes.append(_schemathesis(configuration, str(file), url=mock.url, excluded_paths=("/cluster",)))
    with closing(FlinkMock(control_folder / "cluster.yaml", clock="real").start()) as mock:
        document = f"{mock.control_url}/openapi.json"
        configuration = control_folder / "schemathesis.toml"
        exit_code = _schemathesis(
            configuration, document, url=None, excluded_paths=EXCLUDED_CONTROL_PATHS, checks=CONTROL_CHECKS
        )
        exit_codes.append(exit_code)
    return int(any(exit_codes))  # the exit code of a process that a signal ended is negative


def _schemathesis(
    configuration: Path, document: str, *, url: str | None, excluded_paths: Sequence[str], checks: str | None = None
) -> int:
    """Run schemathesis and return its exit code.

    Args:
        configuration: The configuration file.
        document: The path or URL of the OpenAPI document.
        url: The base URL of the server; None for that of the document.
        excluded_paths: The paths of operations that are not called.
        checks: The names of the checks, separated by commas; None for those of the configuration.
    """
    command = ["schemathesis", "--config-file", str(configuration), "run", document]
    command += ["--max-examples", str(EXAMPLES_PER_OPERATION)]
    if checks is not None:
        command += ["--checks", checks]
    if url is not None:
        command += ["--url", url]
    for path in excluded_paths:
        command += ["--exclude-path", path]
    return _run(command, dict(os.environ))


def _run(command: list[str], environment: dict[str, str]) -> int:
    print("$", *command, flush=True)
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
