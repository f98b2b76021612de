"""`serve`, `check`, `ctl`, `record` and the class `Proxy` with TLS and credentials."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import requests

from flinkmock import FlinkMock, TlsOptions
from flinkmock.cli import main
from flinkmock.contract import Contract
from flinkmock.ingress import bearer
from flinkmock.proxy import Proxy

pytest.importorskip("cryptography")


@pytest.fixture
def mock() -> Iterator[FlinkMock]:
    options = TlsOptions(client_certificates=True)
    with FlinkMock(tls=options, base_path="/ns/job", credentials=[bearer("token")], clock="virtual") as mock:
        yield mock


def certificate_options(mock: FlinkMock) -> list[str]:
    return ["--cacert", mock.ca_file or "", "--cert", mock.client_certificate or ""]


TOKEN_OPTIONS = ["-H", "Authorization: Bearer token"]


def test_check_sends_certificate_and_token(mock: FlinkMock, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", mock.url, *certificate_options(mock), *TOKEN_OPTIONS, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["flink"] == "2.3"


def test_check_reports_a_missing_token(mock: FlinkMock, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", mock.url, *certificate_options(mock)]) == 2
    assert "401" in capsys.readouterr().err


def test_check_reports_a_missing_ca(mock: FlinkMock, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", mock.url, *TOKEN_OPTIONS]) == 2
    assert "CERTIFICATE_VERIFY_FAILED" in capsys.readouterr().err


def test_ctl_sends_a_certificate(mock: FlinkMock, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ctl", "--url", mock.url, *certificate_options(mock), "advance", "5m", "--json"]) == 0
    assert main(["ctl", "advance", "5m", "--url", mock.url, *certificate_options(mock)]) == 0
    assert "+10m" in capsys.readouterr().out  # cluster time since the start, after both commands


def test_record_sends_certificate_and_token(
    mock: FlinkMock, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "recorded.yaml"
    assert main(["record", mock.url, "-o", str(out), "--for", "1ms", *certificate_options(mock), *TOKEN_OPTIONS]) == 0


@pytest.mark.parametrize(
    ("option", "content", "problem"),
    [
        ("--cacert", None, "No such file"),
        ("--cacert", "not a PEM file", "no certificate"),
        ("--cert", None, "No such file"),
        ("--cert", "not a PEM file", "no certificate"),
    ],
)
def test_unusable_certificate_files_are_reported(
    tmp_path: Path, option: str, content: str | None, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file.pem"
    if content is not None:
        file.write_text(content)
    assert main(["check", "https://127.0.0.1:1", option, str(file)]) == 2
    error = capsys.readouterr().err
    assert f"{option} {file}" in error
    assert problem in error


async def test_the_proxy_sends_its_own_token(mock: FlinkMock) -> None:
    proxy = Proxy(mock.url, Contract.load("2.3"), headers=mock.headers, context=mock.ssl_context)
    runner = proxy.runner(shutdown_timeout=0.1)
    await runner.setup()
    try:
        from aiohttp import web

        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/jobs"
        headers = {"Authorization": "Bearer wrong"}
        response = await asyncio.to_thread(lambda: httpx.get(url, headers=headers))
        assert (response.status_code, response.json()) == (200, {"jobs": []})
    finally:
        await runner.cleanup()


@pytest.mark.slow
def test_serve_prints_its_url_and_its_ca(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "flinkmock", "serve", "--port", "0", "--log", "json", "--tls", "--base-path", "/a"]
    command += ["--basic-auth", "alice:secret", "--bearer-token", "token", "--tls-ca-file", str(tmp_path / "ca.pem")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready, tls = (json.loads(process.stdout.readline()) for _ in range(2))
        try:
            assert ready["url"].startswith("https://127.0.0.1:")
            assert ready["url"].endswith("/a")
            assert tls["ca-file"] == str(tmp_path / "ca.pem")
            assert tls["ca"] == (tmp_path / "ca.pem").read_text()
            verify = tls["ca-file"]
            assert requests.get(ready["url"] + "/jobs", verify=verify, auth=("alice", "secret")).status_code == 200
            assert requests.get(ready["url"] + "/jobs", verify=verify).status_code == 401
        finally:
            process.terminate()
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--tls-key", "key.pem"], "--tls-key needs --tls-cert"),
        (["--tls-client-certificates"], "need --tls"),
        (["--tls-cert", "missing.pem"], "missing.pem: file not found"),
        (["--base-path", "a b"], "is not a base path"),
        (["--basic-auth", "alice"], "is not a user with a password"),
        (["--bearer-token", "a b"], "is not a token"),
    ],
)
def test_invalid_options_are_reported(arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        assert main(["serve", "--port", "0", *arguments]) == 2
    except SystemExit as end:
        assert end.code == 2
    assert problem in capsys.readouterr().err
