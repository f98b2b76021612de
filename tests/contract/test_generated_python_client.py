"""A Python client that is generated from the OpenAPI document parses all values of each recorded response.

The generator is openapi-python-client. The generated models reject missing fields, and the enums unknown values.
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
    """Generate the package `client` in a folder. A warning, which means that something is missing, is an error."""
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
def client_version(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The version for which a client is generated, which can be imported as `client`."""
    folder = tmp_path_factory.mktemp("generated")
    generate(request.param, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield request.param
    for name in [name for name in sys.modules if name.partition(".")[0] == "client"]:
        del sys.modules[name]


def operation_modules(contract: Contract) -> dict[str, ModuleType]:
    """Return the modules of the client, one for each operation, by operation id."""
    folder = Path(importlib.import_module("client.api").__path__[0])  # contains a package for each tag
    names = {file.stem.replace("_", ""): f"{file.parent.name}.{file.stem}" for file in folder.glob("*/*.py")}
    return {
        operation.id: importlib.import_module(f"client.api.{names[operation.id.lower()]}")
        for operation in contract
        if operation.id.lower() in names
    }


def recorded_responses(version: str, contract: Contract) -> Iterator[tuple[Operation, str, Any]]:
    """Yield the operation, the name of the step and the response of each recorded step with a JSON or text response."""
    for file in sorted((RECORDINGS / version).glob("*.json.gz")):
        for step in json.loads(gzip.decompress(file.read_bytes()))["steps"]:
            response, request = step.get("response", {}), step.get("request", {})
            operation = contract.match(request.get("method", ""), request.get("path", ""))
            if operation is not None and response.get("kind") in ("json", "text"):
                yield operation, f"{step['suite']}: {step['step']}", response


def as_json(parsed: Any) -> Any:
    """Return the JSON value of a parsed body."""
    if isinstance(parsed, list):
        return [as_json(element) for element in parsed]
    return parsed.to_dict() if hasattr(parsed, "to_dict") else parsed


def test_the_client_parses_each_recorded_response(client_version: str) -> None:
    contract = Contract.load(client_version)
    modules = operation_modules(contract)
    assert len(modules) == len(list(contract))
    client = importlib.import_module("client").Client(base_url="http://flink:8081")
    response_count = 0
    for operation, step, recorded in recorded_responses(client_version, contract):
        body = recorded["body"] if recorded["kind"] == "json" else recorded["text"]
        content = {"json": body} if recorded["kind"] == "json" else {"text": body}
        response = httpx.Response(recorded["status"], **content)
        parsed_body = modules[operation.id]._build_response(client=client, response=response).parsed
        assert as_json(parsed_body) == body, step
        response_count += 1
    assert response_count > 690


@pytest.mark.parametrize("client_version", ["2.3.0"], indirect=True)
def test_the_client_rejects_invalid_responses(client_version: str) -> None:
    model = importlib.import_module("client.models").JobIdsWithStatusOverviewJobIdWithStatus
    valid = {"id": "0123456789abcdef0123456789abcdef", "status": "RUNNING"}
    assert model.from_dict(dict(valid)).to_dict() == valid
    for invalid in ({"id": valid["id"]}, valid | {"status": "WALKING"}):
        with pytest.raises((KeyError, ValueError)):
            model.from_dict(invalid)
