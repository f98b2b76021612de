"""Corrupted bodies."""

from __future__ import annotations

import json

import pytest

from flinkmock.faults import Corrupt, Corruption
from flinkmock.faults.corrupt import ADDED, corrupt_body

BODY = b'{"jobs":[{"id":"ab","state":"RUNNING","start":17,"ratio":1.0E-4}],"ok":true,"none":null}'


def spoiled(kind: Corruption, field: str) -> dict[str, object]:
    body: dict[str, object] = json.loads(corrupt_body(BODY, Corrupt(kind, field)))
    return body


def test_a_removed_field() -> None:
    assert list(spoiled(Corruption.DROP_FIELD, "jobs")) == ["ok", "none"]
    assert spoiled(Corruption.DROP_FIELD, "jobs.0") == {"jobs": [], "ok": True, "none": None}


@pytest.mark.parametrize(
    ("field", "value"),
    [("jobs.0.state", 0), ("jobs.0.start", "17"), ("jobs.0", []), ("jobs", {}), ("ok", 0), ("none", 0)],
)
def test_a_field_gets_another_type(field: str, value: object) -> None:
    value_at: object = spoiled(Corruption.CHANGE_TYPE, field)
    for step in field.split("."):
        value_at = value_at[int(step)] if isinstance(value_at, list) else value_at[step]  # type: ignore[index]
    assert (value_at, type(value_at)) == (value, type(value))


def test_an_added_field() -> None:
    assert spoiled(Corruption.ADD_FIELD, "jobs.0.more")["jobs"][0]["more"] == ADDED  # type: ignore[index]


def test_the_rest_stays_to_the_letter() -> None:
    left = corrupt_body(BODY, Corrupt(Corruption.DROP_FIELD, "ok"))
    assert left == b'{"jobs":[{"id":"ab","state":"RUNNING","start":17,"ratio":1.0E-4}],"none":null}'


@pytest.mark.parametrize("kind", [Corruption.DROP_FIELD, Corruption.CHANGE_TYPE])
@pytest.mark.parametrize("field", ["nothing", "jobs.1", "jobs.x", "ok.deeper", "jobs.0.state.deeper"])
def test_a_body_without_the_field_stays_as_it_is(kind: Corruption, field: str) -> None:
    assert corrupt_body(BODY, Corrupt(kind, field)) == BODY


def test_other_bodies_than_json_objects_are_unchanged() -> None:
    assert corrupt_body(b"a log", Corrupt(Corruption.DROP_FIELD, "jobs")) == b"a log"
    assert corrupt_body(b"[1]", Corrupt(Corruption.ADD_FIELD, "jobs")) == b"[1]"


def test_half_of_it_and_a_page() -> None:
    half = corrupt_body(BODY, Corrupt(Corruption.TRUNCATE))
    assert BODY.startswith(half) and len(half) == len(BODY) // 2
    assert corrupt_body(BODY, Corrupt(Corruption.HTML)).startswith(b"<html>")


def test_bytes_that_mean_nothing_and_are_the_same_each_time() -> None:
    garbage = corrupt_body(BODY, Corrupt(Corruption.GARBAGE))
    assert len(garbage) == len(BODY)
    assert garbage == corrupt_body(BODY, Corrupt(Corruption.GARBAGE)) != BODY
    with pytest.raises(ValueError):
        json.loads(garbage)
