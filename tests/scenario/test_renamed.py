"""Messages about former names of keys and values contain the current names, which the schema has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flinkmock.scenario.renamed import RENAMED_KEYS, RENAMED_VALUES
from flinkmock.scenario.schema import load_schema

MESSAGES = (Path(__file__).parent / "wrong" / "former-keys.txt").read_text("utf-8")


def mappings_in(part: Any) -> Iterator[dict[str, Any]]:
    """Yield all mappings in a part of a schema."""
    if isinstance(part, dict):
        yield part
    if isinstance(part, dict | list):
        for child in part.values() if isinstance(part, dict) else part:
            yield from mappings_in(child)


def test_every_former_key_and_value_is_reported() -> None:
    missing = [
        pair for pair in RENAMED_KEYS if '"{}" is not a key here; it is called "{}".'.format(*pair) not in MESSAGES
    ]
    assert not missing
    missing = [
        pair for pair in RENAMED_VALUES if '"{}" is not a value here; it is called "{}".'.format(*pair) not in MESSAGES
    ]
    assert not missing


def test_every_current_key_is_in_a_mapping_and_in_none_with_its_former_key() -> None:
    properties = [part["properties"] for part in mappings_in(load_schema()) if isinstance(part.get("properties"), dict)]
    for former, current in RENAMED_KEYS:
        assert any(current in keys for keys in properties), current
        assert not [keys for keys in properties if former in keys and current in keys]
