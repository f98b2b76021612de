"""Schemas are compiled to Python source. Texts in schemas, for example of an imported release, never become code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flinkmock.rest.rendering.json_encoder import encode
from flinkmock.rest.rendering.writer import UnusualPayload, compile_writer

CODE = "__import__('pathlib').Path({file!r}).touch()"
TEXTS = ["'''+str({})+'''", "{{{}}}", '"+str({})+"', "a\n{}\n", "''' if {} else '''", "\\'''+str({})+'''", "'", "\"'"]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("is_required", [True, False])
@pytest.mark.parametrize("position", ["name", "const", "enum", "map"])
def test_texts_in_schemas_do_not_become_code(text: str, is_required: bool, position: str, tmp_path: Path) -> None:
    file = tmp_path / "created-by-code"
    text_with_code = text.format(CODE.format(file=str(file)))
    schemas: dict[str, dict[str, Any]] = {
        "name": {
            "properties": {text_with_code: {"type": "integer"}},
            "required": [text_with_code] if is_required else [],
        },
        "const": {"properties": {"a": {"const": text_with_code}}, "required": ["a"] if is_required else []},
        "enum": {"properties": {"a": {"enum": [text_with_code, 1]}}, "required": ["a"] if is_required else []},
        "map": {"additionalProperties": {"type": "integer"}, "propertyNames": {"enum": [text_with_code]}},
    }
    payload = {"const": {"a": text_with_code}, "enum": {"a": text_with_code}}.get(position, {text_with_code: 1})
    write = compile_writer({"type": "object", **schemas[position]}, {})
    try:
        assert write(payload).encode() == encode(payload)
    except UnusualPayload:
        assert position == "name"
    assert not file.exists()
