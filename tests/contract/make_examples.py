"""Writes schemas/examples.json: a recorded response of each operation, for `flinkmock openapi`.

    python -m tests.contract.make_examples

Lists are cut to two entries, texts to 200 characters. An example belongs to the first release that has it and
holds for all later ones until the next example.
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
ENTRIES, CHARACTERS = 2, 200


def main() -> None:
    examples: dict[str, dict[str, Any]] = {}
    for version in VERSIONS:
        contract = Contract.load(version)
        for operation, body in best_bodies(version, contract).items():
            known = examples.setdefault(operation.id, {})
            newest = next(reversed(known.values()), None)
            if newest is None or contract.check_response(operation, newest):
                known[contract.release.minor] = body
    text = json.dumps(dict(sorted(examples.items())), ensure_ascii=False, separators=(",", ":"))
    (data_dir("schemas") / "examples.json").write_text(text.replace('},"', '},\n"') + "\n", encoding="utf-8")


def best_bodies(version: str, contract: Contract) -> dict[Operation, Any]:
    """Return the shortened success response with the most values, of each operation."""
    best: dict[Operation, Any] = {}
    for file in sorted((RECORDINGS / version).glob("*.json.gz")):
        for step in json.loads(gzip.decompress(file.read_bytes()))["steps"]:
            request, response = step.get("request", {}), step.get("response", {})
            operation = contract.match(request.get("method", ""), request.get("path", ""))
            if operation is None or response.get("kind") != "json" or response["status"] != operation.status:
                continue
            body = shortened(response["body"])
            if not contract.check_response(operation, body) and size(body) > size(best.get(operation)):
                best[operation] = body
    return best


def shortened(value: Any) -> Any:
    match value:
        case str():
            return value if len(value) <= CHARACTERS else value[: CHARACTERS - 1] + "…"
        case list():
            return [shortened(element) for element in value[:ENTRIES]]
        case dict():
            return {name: shortened(field) for name, field in value.items()}
    return value


def size(value: Any) -> int:
    """Return how many values a body has, null and empty ones not counted."""
    if isinstance(value, dict | list):
        return sum(size(element) for element in (value.values() if isinstance(value, dict) else value))
    return int(value not in (None, "", -1))


if __name__ == "__main__":
    main()
