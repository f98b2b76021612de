"""Former names of keys and values lead to their current names, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flinkmock.scenario.renamed import KEYS, VALUES
from flinkmock.scenario.schema import load_schema

MESSAGES = (Path(__file__).parent / "wrong" / "former-keys.txt").read_text("utf-8")


def mappings(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
    for child in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from mappings(child)


def test_every_former_key_is_reported() -> None:
    missing = [pair for pair in KEYS if '"{}" is not a key here; it is called "{}".'.format(*pair) not in MESSAGES]
    assert not missing
    missing = [pair for pair in VALUES if '"{}" is not a value here; it is called "{}".'.format(*pair) not in MESSAGES]
    assert not missing


def test_no_mapping_has_both_names() -> None:
    properties = [part["properties"] for part in mappings(load_schema()) if isinstance(part.get("properties"), dict)]
    for former, present in KEYS:
        assert any(present in keys for keys in properties), present
        assert not [keys for keys in properties if former in keys and present in keys]
