"""HTTP clients go through TLS with the authority that flinkmock makes, authenticate, and find the base path."""

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
from tests.timeouts import PATIENCE

pytest.importorskip("cryptography")

CLIENTS = Path(__file__).parent / "clients"
BASIC, BEARER = basic("alice", "secret"), bearer("token")
Client = Callable[[FlinkMock, Credential], int]
"""Sends a GET and returns the status."""


@pytest.fixture(scope="module")
def mock() -> Iterator[FlinkMock]:
    with FlinkMock(tls=True, base_path="/ns/job", credentials=[BASIC, BEARER], clock="virtual") as mock:
        yield mock


def by_requests(mock: FlinkMock, credential: Credential) -> int:
    if credential.scheme == "Basic":
        return requests.get(mock.url + "/jobs", auth=mock.auth, verify=mock.ca_file).status_code
    headers = {"Authorization": credential.header}
    return requests.get(mock.url + "/jobs", headers=headers, verify=mock.ca_file).status_code


def by_httpx(mock: FlinkMock, credential: Credential) -> int:
    auth = tuple(credential.secret.split(":")) if credential.scheme == "Basic" else None
    headers = {} if auth else {"Authorization": credential.header}
    return httpx.get(mock.url + "/jobs", auth=auth, headers=headers, verify=mock.ssl_context).status_code  # type: ignore[arg-type]


def by_aiohttp(mock: FlinkMock, credential: Credential) -> int:
    async def send() -> int:
        headers = {"Authorization": credential.header}
        async with (
            aiohttp.ClientSession() as client,
            client.get(mock.url + "/jobs", headers=headers, ssl=mock.ssl_context) as response,
        ):
            return response.status

    return asyncio.run(send())


def by_curl(mock: FlinkMock, credential: Credential) -> int:
    how = ["--user", credential.secret] if credential.scheme == "Basic" else ["--oauth2-bearer", credential.secret]
    command = ["curl", "-s", "-w", "%{http_code}", "-o", os.devnull, "--cacert", mock.ca_file or "", *how]
    return int(_output([*command, mock.url + "/jobs"]))


def by_program(*command: str) -> Client:
    def send(mock: FlinkMock, credential: Credential) -> int:
        arguments = (mock.url + "/jobs", mock.ca_file or "", credential.header)
        status, _, body = _output([*command, *arguments]).partition(" ")
        assert (body.strip() == '{"jobs":[]}') == (status == "200")
        return int(status)

    return send


def _output(command: list[str]) -> str:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is missing")
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    "client",
    [
        pytest.param(by_requests, id="requests"),
        pytest.param(by_httpx, id="httpx"),
        pytest.param(by_aiohttp, id="aiohttp"),
        pytest.param(by_curl, id="curl", marks=pytest.mark.slow),
        pytest.param(by_program("java", str(CLIENTS / "Client.java")), id="java", marks=pytest.mark.slow),
        pytest.param(by_program("go", "run", str(CLIENTS / "client.go")), id="go", marks=pytest.mark.slow),
        pytest.param(by_program("node", str(CLIENTS / "client.mjs")), id="node", marks=pytest.mark.slow),
    ],
)
def test_a_client(mock: FlinkMock, client: Client) -> None:
    assert client(mock, BASIC) == 200
    assert client(mock, BEARER) == 200
    assert client(mock, bearer("wrong")) == 401
