"""Writes schemas/examples.json: a recorded response of each operation, for `flinkmock openapi`.

    python -m tests.contract.make_examples

Lists are cut to two entries, texts to 200 characters. An example is stored with the first release for which it is
valid. Later releases use it too, up to the release of the next example.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from flinkmock.contract import Contract, Operation
from flinkmock.data_files import data_dir

RECORDINGS = Path(__file__).parent.parent / "recordings"
VERSIONS = ("1.12.5", "1.18.1", "1.20.5", "2.1.3", "2.3.0")
MAX_ENTRIES, MAX_CHARACTERS = 2, 200


def main() -> None:
    examples: dict[str, dict[str, Any]] = {}
    for version in VERSIONS:
        contract = Contract.load(version)
        for operation, body in largest_bodies(version, contract).items():
            examples_of_operation = examples.setdefault(operation.id, {})
            newest = next(reversed(examples_of_operation.values()), None)
            if newest is None or contract.check_response(operation, newest):
                examples_of_operation[contract.release.minor] = body
    text = json.dumps(dict(sorted(examples.items())), ensure_ascii=False, separators=(",", ":"))
    (data_dir("schemas") / "examples.json").write_text(text.replace('},"', '},\n"') + "\n", encoding="utf-8")


def largest_bodies(version: str, contract: Contract) -> dict[Operation, Any]:
    """Return, for each operation, the shortened success response with the most values."""
    largest: dict[Operation, Any] = {}
    for file in sorted((RECORDINGS / version).glob("*.json.gz")):
        for step in json.loads(gzip.decompress(file.read_bytes()))["steps"]:
            request, response = step.get("request", {}), step.get("response", {})
            operation = contract.match(request.get("method", ""), request.get("path", ""))
            if operation is None or response.get("kind") != "json" or response["status"] != operation.status:
                continue
            body = shortened(response["body"])
            if not contract.check_response(operation, body) and size(body) > size(largest.get(operation)):
                largest[operation] = body
    return largest


def shortened(value: Any) -> Any:
    match value:
        case str():
            return value if len(value) <= MAX_CHARACTERS else value[: MAX_CHARACTERS - 1] + "…"
        case list():
            return [shortened(element) for element in value[:MAX_ENTRIES]]
        case dict():
            return {name: shortened(field) for name, field in value.items()}
    return value


def size(value: Any) -> int:
    """Return the number of values in a body, without null, empty and unknown (-1) ones."""
    if isinstance(value, dict):
        return sum(map(size, value.values()))
    if isinstance(value, list):
        return sum(map(size, value))
    return int(value not in (None, "", -1))


if __name__ == "__main__":
    main()
