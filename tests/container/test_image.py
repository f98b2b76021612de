"""The commands of the image work, and the files in `container/` agree with each other."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from flinkmock import FlinkMock
from flinkmock.cli import create_parser
from flinkmock.scenario import load_scenario
from tests.timeouts import TEST_TIMEOUT_S

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "container"
DOCKERFILE = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
KUBERNETES = list(yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text(encoding="utf-8")))


def instruction(name: str) -> list[str]:
    """Return the arguments of the last instruction of the Dockerfile with this name, such as CMD or HEALTHCHECK."""
    *_, json_array = re.findall(rf"^{name}.*?(\[.*\])$", DOCKERFILE, re.MULTILINE)
    return list(json.loads(json_array))


def kubernetes_resource(kind: str) -> dict[str, Any]:
    """Return the only resource of a kind in kubernetes.yaml."""
    [resource] = [document for document in KUBERNETES if document["kind"] == kind]
    return dict(resource)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs SIGTERM")
def test_the_command_passes_the_health_check_stops_on_sigterm_and_leaves_no_files(tmp_path: Path) -> None:
    scenario_folder, temporary_folder = tmp_path / "scenarios", tmp_path / "tmp"
    scenario_folder.mkdir()
    temporary_folder.mkdir()
    assert instruction("ENTRYPOINT") == ["flinkmock"]
    program = [sys.executable, "-m", "flinkmock"]
    environment = {
        "HOME": "/nonexistent",
        "PATH": os.defpath,
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(temporary_folder),
        **dict(re.findall(r"\b(PYTHON\w+)=(\w+)", DOCKERFILE.rpartition("\nENV ")[2])),
    }
    ready_file = tmp_path / "ready"
    command = [*program, *instruction("CMD"), "--port", "0", "--ready-file", str(ready_file)]
    with subprocess.Popen(command, cwd=scenario_folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            process.stdout.readline()  # the ready file exists when the second line is printed
            port = ready_file.read_text(encoding="utf-8").strip().rpartition(":")[2]
            health_check = subprocess.run(
                [*program, *instruction("HEALTHCHECK")[1:]],
                cwd=scenario_folder,
                env={**environment, "FLINKMOCK_URL": f"http://127.0.0.1:{port}"},
                capture_output=True,
                text=True,
                timeout=TEST_TIMEOUT_S,
                check=False,
            )
            assert (health_check.returncode, health_check.stderr) == (0, "")
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(TEST_TIMEOUT_S) == 0
    assert list(scenario_folder.iterdir()) == list(temporary_folder.iterdir()) == []


def test_the_image_does_not_run_as_root() -> None:
    assert re.search(r"^USER 65532:65532$", DOCKERFILE, re.MULTILINE)
    pod = kubernetes_resource("Deployment")["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] == 65532
    [container] = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert COMPOSE["services"]["flink"]["read_only"]


def test_the_options_of_the_commands_exist() -> None:
    [container] = kubernetes_resource("Deployment")["spec"]["template"]["spec"]["containers"]
    for arguments in (instruction("CMD"), COMPOSE["services"]["flink"]["command"], container["args"]):
        create_parser().parse_args(arguments)


def test_the_scenarios_are_valid() -> None:
    for text in kubernetes_resource("ConfigMap")["data"].values():
        load_scenario(text)
    load_scenario(FOLDER / "scenarios" / "orders.yaml")


def test_the_probes_use_the_control_api() -> None:
    [container] = kubernetes_resource("Deployment")["spec"]["template"]["spec"]["containers"]
    probes = [container[f"{name}Probe"] for name in ("startup", "readiness", "liveness")]
    assert {probe["httpGet"]["path"] for probe in probes} == {"/__flinkmock__/v1/health"}


def test_the_dependencies_are_pinned_with_hashes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = (FOLDER / "requirements.txt").read_text(encoding="utf-8")
    pinned_names = set(re.findall(r"^([\w-]+)==", requirements, re.MULTILINE))
    assert {re.split(r"[<>=]", dependency)[0].lower() for dependency in project["dependencies"]} <= pinned_names
    assert len(re.findall(r"^[\w-]+==[^\\]*\\\n +--hash=sha256:", requirements, re.MULTILINE)) == len(pinned_names)


def test_the_build_context_has_the_sources_of_the_wheel() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    included = set(re.findall(r"^!(\S+)$", ignored, re.MULTILINE))
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]
    sources = {
        *wheel["packages"],
        *wheel["force-include"],
        pyproject["project"]["readme"],
        *pyproject["project"]["license-files"],
    }
    assert sources <= included


@pytest.mark.skipif(not shutil.which("hadolint"), reason="hadolint is not installed")
def test_hadolint_accepts_the_dockerfile() -> None:
    completed = subprocess.run(["hadolint", str(FOLDER / "Dockerfile")], capture_output=True, text=True, check=False)
    assert (completed.returncode, completed.stdout) == (0, "")


@pytest.mark.slow
def test_the_client_of_the_compose_file_prints_how_long_the_job_has_run() -> None:
    with FlinkMock(FOLDER / "scenarios" / "orders.yaml", clock="real") as flink:
        completed = subprocess.run(
            [sys.executable, str(FOLDER / "client.py")],
            env={**os.environ, "FLINK_URL": flink.url, "FLINKMOCK_TOKEN": "local"},
            capture_output=True,
            text=True,
            timeout=TEST_TIMEOUT_S,
            check=False,
        )
    assert re.fullmatch(r"orders has run for 3\d\d s\n", completed.stdout), completed.stderr
