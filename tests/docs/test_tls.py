"""The commands of docs/tls-auth-base-path.md that make a certificate and use it."""

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
from tests.timeouts import PATIENCE

PAGE = DocumentationPage(DOCS / "tls-auth-base-path.md")


def run(command: str, folder: Path) -> str:
    completed = subprocess.run(
        ["bash", "-ec", command], cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    return completed.stdout


@pytest.mark.skipif(not all(map(shutil.which, ("bash", "curl", "openssl"))), reason="needs bash, curl and openssl")
def test_a_certificate_for_the_name_of_a_service(tmp_path: Path) -> None:
    blocks = [block.text for block in PAGE.blocks if block.language == "sh"]
    run(next(text for text in blocks if "openssl" in text), tmp_path)
    folder = tmp_path / "certificates"
    health_check = yaml.safe_load(PAGE.files["compose.yaml"])["services"]["flink"]["healthcheck"]["test"]
    options = TlsOptions(certificate=folder / "flink.pem", key=folder / "key.pem")
    with FlinkMock(tls=options, credentials=[basic("alice", "secret")]) as flink:

        def here(text: str) -> str:
            return re.sub(r"(localhost|flink):8081", rf"\1:{flink.port}", text).replace("/certificates", str(folder))

        assert main([here(word) for word in health_check[2:]]) == 0
        curl = here(
            next(text for text in blocks if text.startswith("curl")).replace("ca.pem", "/certificates/flink.pem")
        )
        assert "taskmanagers" in run(curl, tmp_path)
        by_name = curl.replace("localhost", "flink").replace("curl", f"curl --resolve flink:{flink.port}:127.0.0.1")
        assert "taskmanagers" in run(by_name, tmp_path)
