"""Flink's documentation as a contract of its own: what a live server is by its pages, taken at their word."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flinkmock.contract import Contract
from flinkmock.contract.importing import contract_from_description
from flinkmock.data import data_dir
from flinkmock.errors import FlinkMockError, ImportRefused

PAGES = {"1": "1.12", "2": "2.x"}
"""Major release -> the page that comes with flinkmock, in `schemas/documented/` and read in already."""


def at_its_word(page: str, flink: str) -> Contract:
    """The contract that a page (a file; "documented": the one of Flink's pages that comes nearest to `flink`) tells of.

    Its operations have the ids that they have in the release's own contract. Raises FlinkMockError, UnknownRelease.
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
    except (OSError, UnicodeDecodeError, ImportRefused) as error:
        raise FlinkMockError(f"{file}: {error}") from error
