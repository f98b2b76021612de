"""Runs the commands of docs/tls-auth-base-path.md that create a certificate and use it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from flinkmock import FlinkMock, TlsOptions
from flinkmock.cli import main
from flinkmock.ingress import basic
from tests.docs.pages import DOCS, DocumentationPage
from tests.timeouts import TEST_TIMEOUT_S

PAGE = DocumentationPage(DOCS / "tls-auth-base-path.md")


def run(command: str, folder: Path) -> str:
    completed = subprocess.run(
        ["bash", "-ec", command], cwd=folder, capture_output=True, text=True, timeout=TEST_TIMEOUT_S, check=True
    )
    return completed.stdout


@pytest.mark.skipif(not all(map(shutil.which, ("bash", "curl", "openssl"))), reason="needs bash, curl and openssl")
def test_clients_accept_the_certificate_for_both_host_names_of_the_service(tmp_path: Path) -> None:
    commands = PAGE.texts("sh")
    run(next(command for command in commands if "openssl" in command), tmp_path)
    folder = tmp_path / "certificates"
    health_check = yaml.safe_load(PAGE.files["compose.yaml"])["services"]["flink"]["healthcheck"]["test"]
    options = TlsOptions(certificate=folder / "flink.pem", key=folder / "key.pem")
    with FlinkMock(tls=options, credentials=[basic("alice", "secret")]) as flink:

        def with_actual_port_and_folder(text: str) -> str:
            return re.sub(r"(localhost|flink):8081", rf"\1:{flink.port}", text).replace("/certificates", str(folder))

        assert main([with_actual_port_and_folder(word) for word in health_check[2:]]) == 0
        documented = next(command for command in commands if command.startswith("curl"))
        curl = with_actual_port_and_folder(documented.replace("ca.pem", "/certificates/flink.pem"))
        assert "taskmanagers" in run(curl, tmp_path)
        by_name = curl.replace("localhost", "flink").replace("curl", f"curl --resolve flink:{flink.port}:127.0.0.1")
        assert "taskmanagers" in run(by_name, tmp_path)
