"""A long run of all generated tests: `python -m tests.fuzz [FINDINGS]`.

Runs `tests/fuzz` with 20 times as many examples, drawn at random, and schemathesis over the REST API of three releases
and over the control API. Bytes that fail are written to the folder FINDINGS; a file of them in `tests/fuzz/findings/`
becomes a test.
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
RELEASES = "2.3", "1.20", "1.12"
CONTROL_CHECKS = (
    "not_a_server_error,unsupported_method,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance"
)
WAITING = "/requests/wait", "/jobs/{job}/wait", "/scenario", "/reset"
"""Operations of the control API that wait, or that replace the cluster that is tested."""
EXAMPLES = 100


def main() -> int:
    findings = sys.argv[1] if len(sys.argv) > 1 else ""
    environment = {**os.environ, "HYPOTHESIS_PROFILE": "thorough", "FLINKMOCK_FINDINGS": findings}
    codes = [_run([sys.executable, "-m", "pytest", "-q", "tests/fuzz"], environment)]
    if shutil.which("schemathesis") is None:
        print("schemathesis is missing: pip install schemathesis", file=sys.stderr)
        return 1
    rest, control = ROOT / "tests" / "contract" / "schemathesis", ROOT / "tests" / "control" / "schemathesis"
    with tempfile.TemporaryDirectory() as folder:
        for release in RELEASES:
            file = Path(folder, f"flink-{release}.json")
            file.write_text(json.dumps(openapi(Contract.load(release))), "utf-8")
            with closing(FlinkMock(rest / "jobs.yaml", flink=release, clock="real").start()) as mock:
                codes.append(_schemathesis(rest / "schemathesis.toml", str(file), mock.url, ("/cluster",)))
    with closing(FlinkMock(control / "cluster.yaml", clock="real").start()) as mock:
        document = f"{mock.control_url}/openapi.json"
        codes.append(_schemathesis(control / "schemathesis.toml", document, None, WAITING, CONTROL_CHECKS))
    return max(codes)


def _schemathesis(config: Path, document: str, url: str | None, excluded: Sequence[str], checks: str = "") -> int:
    """Run schemathesis. `checks` are names with commas between them; "": those of the configuration."""
    command = ["schemathesis", "--config-file", str(config), "run", document]
    command += [*(["--checks", checks] if checks else []), *(["--url", url] if url else [])]
    command += ["--max-examples", str(EXAMPLES)]
    command += [part for path in excluded for part in ("--exclude-path", path)]
    return _run(command, dict(os.environ))


def _run(command: list[str], environment: dict[str, str]) -> int:
    print("$", *command, flush=True)
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
