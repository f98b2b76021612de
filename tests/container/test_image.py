"""The image: what its Dockerfile starts runs in a plain folder, and the files beside it fit it."""

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

from flinkmock.cli import create_parser
from flinkmock.scenario import load_scenario
from tests.timeouts import PATIENCE

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "container"
DOCKERFILE = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
KUBERNETES = list(yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text(encoding="utf-8")))


def instruction(name: str) -> list[str]:
    """Return the last instruction in exec form, such as CMD or the command of HEALTHCHECK."""
    *_, json_array = re.findall(rf"^{name}.*?(\[.*\])$", DOCKERFILE, re.MULTILINE)
    return list(json.loads(json_array))


def of_kind(kind: str) -> dict[str, Any]:
    [resource] = [document for document in KUBERNETES if document["kind"] == kind]
    return dict(resource)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs SIGTERM")
def test_the_entry_point_runs_in_a_plain_folder(tmp_path: Path) -> None:
    folder, temporary = tmp_path / "scenarios", tmp_path / "tmp"
    folder.mkdir()
    temporary.mkdir()
    assert instruction("ENTRYPOINT") == ["flinkmock"]
    program = [sys.executable, "-m", "flinkmock"]
    environment = {
        "HOME": "/nonexistent",
        "PATH": os.defpath,
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(temporary),
        **dict(re.findall(r"\b(PYTHON\w+)=(\w+)", DOCKERFILE.rpartition("\nENV ")[2])),
    }
    ready = tmp_path / "ready"
    command = [*program, *instruction("CMD"), "--port", "0", "--ready-file", str(ready)]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.readline()
        port = ready.read_text(encoding="utf-8").strip().rpartition(":")[2]
        health = subprocess.run(
            [*program, *instruction("HEALTHCHECK")[1:]],
            cwd=folder,
            env={**environment, "FLINKMOCK_URL": f"http://127.0.0.1:{port}"},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert (health.returncode, health.stderr) == (0, "")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert list(folder.iterdir()) == list(temporary.iterdir()) == []


def test_the_image_is_not_run_by_root() -> None:
    assert re.search(r"^USER 65532:65532$", DOCKERFILE, re.MULTILINE)
    pod = of_kind("Deployment")["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] == 65532
    [container] = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert COMPOSE["services"]["flink"]["read_only"]


def test_the_commands_are_valid(tmp_path: Path) -> None:
    [container] = of_kind("Deployment")["spec"]["template"]["spec"]["containers"]
    for arguments in (instruction("CMD"), COMPOSE["services"]["flink"]["command"], container["args"]):
        create_parser().parse_args(arguments)


def test_the_scenarios_are_valid() -> None:
    for text in of_kind("ConfigMap")["data"].values():
        load_scenario(text)
    load_scenario(FOLDER / "scenarios" / "orders.yaml")


def test_the_probes_use_the_control_api() -> None:
    [container] = of_kind("Deployment")["spec"]["template"]["spec"]["containers"]
    probes = [container[f"{name}Probe"] for name in ("startup", "readiness", "liveness")]
    assert {probe["httpGet"]["path"] for probe in probes} == {"/__flinkmock__/v1/health"}


def test_the_dependencies_are_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = (FOLDER / "requirements.txt").read_text(encoding="utf-8")
    names = set(re.findall(r"^([\w-]+)==", pinned, re.MULTILINE))
    assert {re.split(r"[<>=]", dependency)[0].lower() for dependency in project["dependencies"]} <= names
    assert len(re.findall(r"^[\w-]+==[^\\]*\\\n +--hash=sha256:", pinned, re.MULTILINE)) == len(names)


def test_the_context_has_what_the_wheel_is_built_from() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    included = set(re.findall(r"^!(\S+)$", ignored, re.MULTILINE))
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    hatch = build["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {
        *hatch["packages"],
        *hatch["force-include"],
        build["project"]["readme"],
        *build["project"]["license-files"],
    }
    assert needed <= included


@pytest.mark.skipif(not shutil.which("hadolint"), reason="hadolint is not installed")
def test_the_dockerfile_is_linted() -> None:
    completed = subprocess.run(["hadolint", str(FOLDER / "Dockerfile")], capture_output=True, text=True, check=False)
    assert (completed.returncode, completed.stdout) == (0, "")


@pytest.mark.slow
def test_the_client_of_the_compose_file(tmp_path: Path) -> None:
    from flinkmock import FlinkMock

    with FlinkMock(FOLDER / "scenarios" / "orders.yaml", clock="real") as flink:
        completed = subprocess.run(
            [sys.executable, str(FOLDER / "client.py")],
            env={**os.environ, "FLINK_URL": flink.url, "FLINKMOCK_TOKEN": "local"},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert re.fullmatch(r"orders has run for 3\d\d s\n", completed.stdout), completed.stderr
