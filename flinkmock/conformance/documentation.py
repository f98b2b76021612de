"""Flink's documentation as a contract, to check a live server against it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flinkmock.contract import Contract
from flinkmock.contract.importing import contract_from_description
from flinkmock.contract.importing.description import Description
from flinkmock.contract.importing.standalone import standalone_schema_file
from flinkmock.data_files import data_dir
from flinkmock.errors import FlinkMockError, ImportRejected, unreadable_message

PAGES_FILE = "documented.json"
"""The file in `schemas/` with the operations and schemas of the REST API pages of Flink's documentation, by release."""


def documented_contract(page: str, flink: str) -> Contract:
    """Return the contract that the documentation describes.

    Its operations have the same ids as in the release's own contract.

    Args:
        page: A file with a REST API page of the documentation; "documented": the page of the release, which flinkmock
            has for built-in releases.
        flink: The release.

    Raises:
        FlinkMockError: The file can't be read or is not a description, or flinkmock does not have the page.
        UnknownRelease: `flink` is not a known release.
    """
    own_contract = Contract.load(flink)
    release = own_contract.release
    document = _page(release.minor) if page == "documented" else _read(Path(page), release.version)
    ids = {str(operation): operation.id for operation in own_contract}
    operations = [
        entry | {"id": ids.get(f"{entry['method']} {entry['path']}", entry["id"])} for entry in document["operations"]
    ]
    return Contract({**document, "flink": release.version, "operations": operations})


def _page(minor: str) -> Mapping[str, Any]:
    pages = json.loads((data_dir("schemas") / PAGES_FILE).read_bytes())
    if minor not in pages["releases"]:
        raise FlinkMockError(
            f"flinkmock does not have the documentation of Flink {minor}. Save the page of its REST API, and name the "
            "file: --contract FILE."
        )
    page, entries = pages["releases"][minor], pages["entries"]  # releases share equal entries
    content = {
        "operations": [entries[index] for index in page["operations"]],
        "$defs": {name: entries[index] for name, index in page["$defs"].items()},
    }
    return standalone_schema_file(Description("documentation page"), f"{minor}.0") | content


def _read(file: Path, version: str) -> Mapping[str, Any]:
    try:
        return contract_from_description(file.read_text(encoding="utf-8"), version).document
    except ImportRejected as error:
        raise FlinkMockError(f"{file}: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise FlinkMockError(unreadable_message(file, error)) from error
