"""Clients that four generators make from the OpenAPI document run a job, take its savepoint and cancel it.

The programs in generated_clients/ use these clients. They take the URL of a server, so they also run with a real Flink.
The environment variable FLINKMOCK_GENERATORS names a folder with the generators: `node_modules` with
openapi-typescript, openapi-fetch, @hey-api/openapi-ts, typescript@5 and @types/node, and `openapi-generator-cli.jar`.
Tests of missing generators are skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flinkmock import FlinkMock
from flinkmock.contract import Contract
from flinkmock.contract.openapi import openapi
from tests.timeouts import TEST_TIMEOUT_S

PROGRAMS = Path(__file__).parent / "generated_clients"
JAR = Path(__file__).parents[1] / "fidelity" / "jars" / "2.3.0" / "wordcount.jar"
GENERATORS = Path(os.environ.get("FLINKMOCK_GENERATORS", "/nowhere"))
JAVA_NAMES = "start_time=startTimeToo,backpressure-level=backpressureLevelToo"
"""Java names of `start_time` and `backpressure-level`, which otherwise equal those of `start-time` and
`backpressureLevel`."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with FlinkMock(flink="2.3", clock="10x") as cluster:
        yield cluster.url


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the OpenAPI document and the programs."""
    shutil.copytree(PROGRAMS, tmp_path, dirs_exist_ok=True)
    (tmp_path / "flink.json").write_text(json.dumps(openapi(Contract.load("2.3"))), encoding="utf-8")
    return tmp_path


def run(folder: Path, *command: object) -> str:
    process = subprocess.run(
        list(map(str, command)), cwd=folder, capture_output=True, text=True, timeout=TEST_TIMEOUT_S
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def is_output_of_cancelled_job(output: str) -> bool:
    return output.splitlines() == ["version 2.3.0", "result CANCELED"]


def test_the_client_of_openapi_python_client_controls_a_job(folder: Path, url: str) -> None:
    pytest.importorskip("openapi_python_client")
    (folder / "config.json").write_text('{"post_hooks": [], "package_name_override": "client"}', encoding="utf-8")
    options = "--meta none --path flink.json --config config.json --output-path client --fail-on-warning"
    run(folder, sys.executable, "-m", "openapi_python_client", "generate", *options.split())
    assert is_output_of_cancelled_job(run(folder, sys.executable, "life.py", url, JAR))


@pytest.mark.skipif(not (GENERATORS / "node_modules").is_dir(), reason="FLINKMOCK_GENERATORS has no node_modules")
@pytest.mark.parametrize("program", ["life_fetch", "life_hey"])
def test_typescript_clients_control_a_job(program: str, folder: Path, url: str) -> None:
    (folder / "node_modules").symlink_to(GENERATORS / "node_modules")
    (folder / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    (folder / "openapi-ts.config.mjs").write_text(
        "export default { input: 'flink.json', output: { path: 'hey', importFileExtension: '.js' } }", encoding="utf-8"
    )
    run(folder, "npx", "openapi-typescript", "flink.json", "-o", "flink.d.ts")
    run(folder, "npx", "openapi-ts", "-f", "openapi-ts.config.mjs")
    options = "--strict --noUncheckedIndexedAccess --skipLibCheck --module nodenext --target es2022 --types node"
    run(folder, "npx", "tsc", *options.split(), "--outDir", "out", f"{program}.ts")
    assert is_output_of_cancelled_job(run(folder, "node", f"out/{program}.js", url, JAR))


@pytest.mark.skipif(not shutil.which("mvn") or not list(GENERATORS.glob("openapi-generator-cli*.jar")),
                    reason="Maven or the openapi-generator-cli.jar of FLINKMOCK_GENERATORS is missing")  # fmt: skip
def test_the_java_client_controls_a_job(folder: Path, url: str) -> None:
    [generator] = GENERATORS.glob("openapi-generator-cli*.jar")
    options = f"-i flink.json -g java --library native -o java --name-mappings {JAVA_NAMES}"
    run(folder, "java", "-jar", generator, "generate", *options.split())
    shutil.copy(folder / "Life.java", folder / "java" / "src" / "main" / "java")
    goals = ("compile", "dependency:build-classpath", "-Dmdep.outputFile=classpath", "-DskipTests")
    run(folder / "java", "mvn", "--quiet", *goals)
    classpath = f"target/classes:{(folder / 'java' / 'classpath').read_text()}"
    assert is_output_of_cancelled_job(run(folder / "java", "java", "-cp", classpath, "Life", url, JAR))
