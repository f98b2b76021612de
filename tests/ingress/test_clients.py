"""HTTP clients use TLS with flinkmock's authority, authenticate, and send requests below the base path."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import httpx
import pytest
import requests

from flinkmock import FlinkMock
from flinkmock.ingress import Credential, basic, bearer
from tests.timeouts import TEST_TIMEOUT_S

pytest.importorskip("cryptography")

CLIENTS = Path(__file__).parent / "clients"
BASIC, BEARER = basic("alice", "secret"), bearer("token")
Client = Callable[[FlinkMock, Credential], int]
"""Sends a GET and returns the status."""


@pytest.fixture(scope="module")
def mock() -> Iterator[FlinkMock]:
    with FlinkMock(tls=True, base_path="/ns/job", credentials=[BASIC, BEARER], clock="virtual") as mock:
        yield mock


def get_with_requests(mock: FlinkMock, credential: Credential) -> int:
    if credential.scheme == "Basic":
        return requests.get(mock.url + "/jobs", auth=mock.auth, verify=mock.ca_file).status_code  # that of BASIC
    headers = {"Authorization": credential.header}
    return requests.get(mock.url + "/jobs", headers=headers, verify=mock.ca_file).status_code


def get_with_httpx(mock: FlinkMock, credential: Credential) -> int:
    assert mock.ssl_context is not None
    with httpx.Client(verify=mock.ssl_context) as client:
        if credential.scheme == "Basic":
            user, _, password = credential.secret.partition(":")
            return client.get(mock.url + "/jobs", auth=(user, password)).status_code
        return client.get(mock.url + "/jobs", headers={"Authorization": credential.header}).status_code


def get_with_aiohttp(mock: FlinkMock, credential: Credential) -> int:
    async def send() -> int:
        headers = {"Authorization": credential.header}
        async with (
            aiohttp.ClientSession() as client,
            client.get(mock.url + "/jobs", headers=headers, ssl=mock.ssl_context) as response,
        ):
            return response.status

    return asyncio.run(send())


def get_with_curl(mock: FlinkMock, credential: Credential) -> int:
    credential_options = (
        ["--user", credential.secret] if credential.scheme == "Basic" else ["--oauth2-bearer", credential.secret]
    )
    command = [
        "curl",
        "-s",
        "-w",
        "%{http_code}",
        "-o",
        os.devnull,
        "--cacert",
        mock.ca_file or "",
        *credential_options,
    ]
    return int(_output([*command, mock.url + "/jobs"]))


def get_with_program(*command: str) -> Client:
    def send(mock: FlinkMock, credential: Credential) -> int:
        arguments = (mock.url + "/jobs", mock.ca_file or "", credential.header)
        status, _, body = _output([*command, *arguments]).partition(" ")
        assert (body.strip() == '{"jobs":[]}') == (status == "200")
        return int(status)

    return send


def _output(command: list[str]) -> str:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is missing")
    completed = subprocess.run(command, capture_output=True, text=True, timeout=TEST_TIMEOUT_S, check=False)
    assert completed.returncode == 0, completed.stderr
    return completed.stdout.strip()


@pytest.mark.parametrize(
    "client",
    [
        pytest.param(get_with_requests, id="requests"),
        pytest.param(get_with_httpx, id="httpx"),
        pytest.param(get_with_aiohttp, id="aiohttp"),
        pytest.param(get_with_curl, id="curl", marks=pytest.mark.slow),
        pytest.param(get_with_program("java", str(CLIENTS / "Client.java")), id="java", marks=pytest.mark.slow),
        pytest.param(get_with_program("go", "run", str(CLIENTS / "client.go")), id="go", marks=pytest.mark.slow),
        pytest.param(get_with_program("node", str(CLIENTS / "client.mjs")), id="node", marks=pytest.mark.slow),
    ],
)
def test_a_client_authenticates_over_tls(mock: FlinkMock, client: Client) -> None:
    assert client(mock, BASIC) == 200
    assert client(mock, BEARER) == 200
    assert client(mock, bearer("wrong")) == 401
