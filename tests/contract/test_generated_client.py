"""A Python client generated from the OpenAPI document parses every recorded response and loses nothing.

The generator is openapi-python-client; each model's `from_dict` is strict about what it needs, and enums about what
they know.
"""

from __future__ import annotations

import gzip
import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from flinkmock.contract import Contract, Operation
from flinkmock.contract.openapi import openapi

pytestmark = [
    pytest.mark.slow,  # test_openapi.py has quick tests of what the documents allow
    pytest.mark.skipif(find_spec("openapi_python_client") is None, reason="needs openapi-python-client"),
]
RECORDINGS = Path(__file__).parent.parent / "recordings"


def generate(version: str, folder: Path) -> None:
    """Generates the package `client` in `folder`. A warning of the generator means that it omitted something."""
    document, config = folder / "openapi.json", folder / "config.json"
    document.write_text(json.dumps(openapi(Contract.load(version))), encoding="utf-8")
    config.write_text(json.dumps({"post_hooks": [], "package_name_override": "client"}), encoding="utf-8")
    command = ("generate", "--meta", "none", "--path", document, "--config", config, "--output-path", folder / "client")
    subprocess.run(
        [sys.executable, "-m", "openapi_python_client", *map(str, command), "--fail-on-warning"],
        check=True,
        capture_output=True,
    )


VERSIONS = ("2.3.0", "2.1.3", "2.0.2", "1.20.5", "1.19.3", "1.18.1", "1.17.2", "1.12.5")


@pytest.fixture(scope="module", params=VERSIONS)
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The release; its generated client can be imported as `client`."""
    folder = tmp_path_factory.mktemp("generated")
    generate(request.param, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield request.param
    for name in [name for name in sys.modules if name.partition(".")[0] == "client"]:
        del sys.modules[name]


def modules(contract: Contract) -> dict[str, ModuleType]:
    """Operation id -> its module in the client."""
    folder = Path(importlib.import_module("client.api").__path__[0])  # has a package for each tag
    module_names = {file.stem.replace("_", ""): f"{file.parent.name}.{file.stem}" for file in folder.glob("*/*.py")}
    named = {
        operation.id: module_names[operation.id.lower()]
        for operation in contract
        if operation.id.lower() in module_names
    }
    return {operation_id: importlib.import_module(f"client.api.{name}") for operation_id, name in named.items()}


def responses(version: str, contract: Contract) -> Iterator[tuple[Operation, str, Any]]:
    """Yield (operation, step, response) of all suites, without HEAD requests and unknown paths."""
    for file in sorted((RECORDINGS / version).glob("*.json.gz")):
        for step in json.loads(gzip.decompress(file.read_bytes()))["steps"]:
            response, request = step.get("response", {}), step.get("request", {})
            operation = contract.match(request.get("method", ""), request.get("path", ""))
            if operation is not None and response.get("kind") in ("json", "text"):
                yield operation, f"{step['suite']}: {step['step']}", response


def plain(parsed: Any) -> Any:
    if isinstance(parsed, list):
        return [plain(element) for element in parsed]
    return parsed.to_dict() if hasattr(parsed, "to_dict") else parsed


def test_it_parses_every_recorded_response(client: str) -> None:
    contract = Contract.load(client)
    apis = modules(contract)
    assert len(apis) == len(list(contract))
    speaker = importlib.import_module("client").Client(base_url="http://flink:8081")
    parsed = 0
    for operation, step, response in responses(client, contract):
        body = response["body"] if response["kind"] == "json" else response["text"]
        content = {"json": body} if response["kind"] == "json" else {"text": body}
        response = httpx.Response(response["status"], **content)
        parsed_body = apis[operation.id]._build_response(client=speaker, response=response).parsed
        assert plain(parsed_body) == body, step
        parsed += 1
    assert parsed > 690


@pytest.mark.parametrize("client", ["2.3.0"], indirect=True)
def test_it_fails_on_an_invalid_response(client: str) -> None:
    overview = importlib.import_module("client.models").JobIdsWithStatusOverviewJobIdWithStatus
    right = {"id": "0123456789abcdef0123456789abcdef", "status": "RUNNING"}
    assert overview.from_dict(dict(right)).to_dict() == right
    for wrong in ({"id": right["id"]}, right | {"status": "WALKING"}):
        with pytest.raises((KeyError, ValueError)):
            overview.from_dict(wrong)
