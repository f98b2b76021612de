"""Faults corrupt the bodies of responses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flinkmock.faults import Corruption, CorruptionKind
from flinkmock.faults.body_edits import ADDED_VALUE, corrupt_body

BODY = b'{"jobs":[{"id":"ab","state":"RUNNING","start":17,"ratio":1.0E-4}],"ok":true,"none":null}'


def corrupted(kind: CorruptionKind, field: str) -> Any:
    """Return the parsed body after a corruption."""
    return json.loads(corrupt_body(BODY, Corruption(kind, field)))


def test_drop_field_removes_a_field_or_an_item() -> None:
    assert list(corrupted(CorruptionKind.DROP_FIELD, "jobs")) == ["ok", "none"]
    assert corrupted(CorruptionKind.DROP_FIELD, "jobs.0") == {"jobs": [], "ok": True, "none": None}


@pytest.mark.parametrize(
    ("field", "value"),
    [("jobs.0.state", 0), ("jobs.0.start", "17"), ("jobs.0", []), ("jobs", {}), ("ok", 0), ("none", 0)],
)
def test_change_type_gives_a_field_a_value_of_another_type(field: str, value: object) -> None:
    value_at = corrupted(CorruptionKind.CHANGE_TYPE, field)
    for step in field.split("."):
        value_at = value_at[int(step)] if isinstance(value_at, list) else value_at[step]
    assert (value_at, type(value_at)) == (value, type(value))


def test_add_field_adds_a_field() -> None:
    assert corrupted(CorruptionKind.ADD_FIELD, "jobs.0.more")["jobs"][0]["more"] == ADDED_VALUE


def test_other_fields_keep_their_bytes() -> None:
    remaining = corrupt_body(BODY, Corruption(CorruptionKind.DROP_FIELD, "ok"))
    assert remaining == b'{"jobs":[{"id":"ab","state":"RUNNING","start":17,"ratio":1.0E-4}],"none":null}'


@pytest.mark.parametrize("kind", [CorruptionKind.DROP_FIELD, CorruptionKind.CHANGE_TYPE])
@pytest.mark.parametrize("field", ["nothing", "jobs.1", "jobs.x", "ok.deeper", "jobs.0.state.deeper"])
def test_a_body_without_the_field_is_unchanged(kind: CorruptionKind, field: str) -> None:
    assert corrupt_body(BODY, Corruption(kind, field)) == BODY


def test_a_body_that_is_not_a_json_object_is_unchanged() -> None:
    assert corrupt_body(b"a log", Corruption(CorruptionKind.DROP_FIELD, "jobs")) == b"a log"
    assert corrupt_body(b"[1]", Corruption(CorruptionKind.ADD_FIELD, "jobs")) == b"[1]"


def test_truncate_keeps_half_of_the_body_and_html_replaces_it() -> None:
    half = corrupt_body(BODY, Corruption(CorruptionKind.TRUNCATE))
    assert BODY.startswith(half) and len(half) == len(BODY) // 2
    assert corrupt_body(BODY, Corruption(CorruptionKind.HTML)).startswith(b"<html>")


def test_garbage_is_reproducible_and_not_json() -> None:
    garbage = corrupt_body(BODY, Corruption(CorruptionKind.GARBAGE))
    assert len(garbage) == len(BODY)
    assert garbage == corrupt_body(BODY, Corruption(CorruptionKind.GARBAGE)) != BODY
    with pytest.raises(ValueError):
        json.loads(garbage)
