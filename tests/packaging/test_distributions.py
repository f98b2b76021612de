"""The wheel and the source distribution: small, complete, with metadata that an index accepts."""

from __future__ import annotations

import email
import importlib.util
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from flinkmock import __version__

ROOT = Path(__file__).parents[2]
MEGABYTE = 1 << 20

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        any(importlib.util.find_spec(tool) is None for tool in ("build", "twine")),
        reason="build or twine is not installed (the extra dev)",
    ),
]


# one test, because workers of xdist would build the distributions once for each test
def test_the_distributions_are_complete_small_and_accepted(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "build", "--outdir", str(tmp_path), str(ROOT)]
    build = subprocess.run(command, capture_output=True, text=True, check=False)
    assert build.returncode == 0, build.stdout + build.stderr
    [wheel] = tmp_path.glob("*.whl")
    [source] = tmp_path.glob("*.tar.gz")
    check_wheel(wheel)
    check_source_distribution(source)
    check_metadata(wheel)
    check_with_twine(wheel, source)


def check_wheel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    package_files = {path.relative_to(ROOT).as_posix() for path in (ROOT / "flinkmock").rglob("*") if path.is_file()}
    data_files = {
        f"flinkmock/_data/{path.relative_to(ROOT).as_posix()}"
        for folder in ("scenarios", "schemas")
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    }
    assert {name for name in package_files if "__pycache__" not in name} | data_files <= names
    assert {name.partition("/")[0] for name in names} == {"flinkmock", f"flinkmock-{__version__}.dist-info"}
    assert "flinkmock/py.typed" in names
    assert wheel.stat().st_size < 2 * MEGABYTE


def check_source_distribution(source: Path) -> None:
    with tarfile.open(source) as archive:
        top_level_names = {name.split("/")[1] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "flinkmock", "pyproject.toml", "scenarios", "schemas"} <= top_level_names
    assert "tests" not in top_level_names
    assert source.stat().st_size < 2 * MEGABYTE


def check_metadata(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    metadata = email.message_from_bytes(archive.read(name))
    assert metadata["License-Expression"] == "Apache-2.0"
    assert {"all", "docs", "fuzz", "synthesis", "test", "time"} <= set(metadata.get_all("Provides-Extra", []))


def check_with_twine(*distributions: Path) -> None:
    command = [sys.executable, "-m", "twine", "check", "--strict", *map(str, distributions)]
    check = subprocess.run(command, capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stdout
