"""Flink's documentation as a contract, to check a live server against it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flinkmock.contract import Contract
from flinkmock.contract.importing import contract_from_description
from flinkmock.data import data_dir
from flinkmock.errors import FlinkMockError, ImportRefused, unreadable

PAGES = {"1": "1.12", "2": "2.x"}
"""Major release -> the bundled page, imported as `schemas/documented/NAME.json`."""


def documented_contract(page: str, flink: str) -> Contract:
    """Returns the contract that the documentation describes.

    Its operations have the same ids as in the release's own contract.

    Args:
        page: a file; "documented": the bundled page of Flink that is closest to the release.
        flink: the release.

    Raises:
        FlinkMockError: the file can't be read or is not a description.
        UnknownRelease: `flink` is not a known release.
    """
    actual = Contract.load(flink)
    if page == "documented":
        file = data_dir("schemas") / "documented" / f"{PAGES[actual.release.minor.partition('.')[0]]}.json"
        document = json.loads(file.read_bytes())
    else:
        document = _read(Path(page), actual.release.version)
    ids = {str(operation): operation.id for operation in actual}
    operations = [
        entry | {"id": ids.get(f"{entry['method']} {entry['path']}", entry["id"])} for entry in document["operations"]
    ]
    return Contract({**document, "flink": actual.release.version, "operations": operations})


def _read(file: Path, version: str) -> Mapping[str, Any]:
    try:
        return contract_from_description(file.read_text(encoding="utf-8"), version).document
    except ImportRefused as error:
        raise FlinkMockError(f"{file}: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise FlinkMockError(unreadable(file, error)) from error
