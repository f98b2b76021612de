"""docs/limits.md is up to date with the list of limits, and each limit has a test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flinkmock import InvalidArgument, limits
from tests.docs.limits import DOCS, document

TESTS = Path(__file__).parent.parent


def test_the_page_is_up_to_date() -> None:
    assert (DOCS / "limits.md").read_text(encoding="utf-8") == document()


def test_each_limit_has_a_test() -> None:
    tests = "".join(file.read_text(encoding="utf-8") for file in TESTS.rglob("test_*.py"))
    tested_names = set(re.findall(r'limits(?:, "|\.)([A-Z_]+)', tests))
    assert {limit.name.upper().replace("-", "_") for limit in limits.ALL} <= tested_names


@pytest.mark.parametrize("value", ["0", "-1", "x", "", "1.5", "9" * 20, "٣"])
def test_an_invalid_value_is_reported_and_the_default_stays(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ALL", list(limits.ALL))
    monkeypatch.setattr(limits, "_MISTAKES", [])
    monkeypatch.setenv("FLINKMOCK_LIMIT_NEW", value)
    assert limits._limit("new", 7, "bytes", "", "", "") == 7
    with pytest.raises(InvalidArgument, match=r"FLINKMOCK_LIMIT_NEW='.*' is not a limit. Write a number of bytes"):
        limits.check()


def test_a_variable_replaces_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ALL", list(limits.ALL))
    monkeypatch.setenv("FLINKMOCK_LIMIT_NEW_LIMIT", "12")
    assert limits._limit("new-limit", 7, "bytes", "", "", "") == 12
    limits.check()


def test_an_unknown_name_is_reported_with_a_suggestion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLINKMOCK_LIMIT_JAR_MANIFESTS", "12")
    with pytest.raises(InvalidArgument, match=r"JAR_MANIFESTS: there is no such limit. .*jar-manifest"):
        limits.check()
