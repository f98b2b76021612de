"""`flinkmock doctor`: the report on machines with and without optional packages and programs."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path

import pytest

from flinkmock import __version__
from flinkmock.cli import doctor, main


def test_the_report_has_the_version_and_the_releases(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("ok ") and f"flinkmock          {__version__} at " in lines[0]
    assert any("Flink releases" in line and "1.12 to 2.3" in line for line in lines)


def test_missing_optional_packages_and_programs_are_not_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("FLINKMOCK_CACHE", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.delenv("FLINK_HOME", raising=False)

    def version(name: str) -> str:
        if name in doctor.OPTIONAL:
            raise metadata.PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(metadata, "version", version)
    assert main(["doctor", "--json"]) == 0
    states = {line["name"]: line["state"] for line in json.loads(capsys.readouterr().out)}
    optional = (*doctor.OPTIONAL, *doctor.PROGRAMS, "Java", "browser")
    assert {states[name] for name in optional} == {"missing"}
    assert states["aiohttp"] == "ok"


def test_a_missing_required_package_is_reported_as_broken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def version(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    assert main(["doctor"]) == 1
    assert "broken   aiohttp" in capsys.readouterr().out


def test_the_version_of_java_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "java"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'openjdk version \"17.0.1\" 2021' >&2\n")
    program.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert doctor._java().detail == f"17.0.1 at {program}"
