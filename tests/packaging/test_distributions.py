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
    pytest.mark.skipif(importlib.util.find_spec("build") is None, reason="build is not installed (the extra dev)"),
]


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a source distribution, and a wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)]
    build = subprocess.run(command, capture_output=True, text=True, check=False)
    assert build.returncode == 0, build.stdout + build.stderr
    return folder


def test_the_wheel_is_complete_and_small(distributions: Path) -> None:
    [wheel] = distributions.glob("*.whl")
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


def test_the_source_distribution_is_complete_and_small(distributions: Path) -> None:
    [source] = distributions.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        top_level_names = {name.split("/")[1] for name in archive.getnames()}
    assert {"LICENSE", "README.md", "flinkmock", "pyproject.toml", "scenarios", "schemas"} <= top_level_names
    assert "tests" not in top_level_names
    assert source.stat().st_size < 2 * MEGABYTE


def test_the_metadata_has_license_and_extras(distributions: Path) -> None:
    [wheel] = distributions.glob("*.whl")
    archive = zipfile.ZipFile(wheel)
    [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    metadata = email.message_from_bytes(archive.read(name))
    assert metadata["License-Expression"] == "Apache-2.0"
    assert {"all", "docs", "fuzz", "synthesis", "test", "time"} <= set(metadata.get_all("Provides-Extra", []))


@pytest.mark.skipif(importlib.util.find_spec("twine") is None, reason="twine is not installed (the extra dev)")
def test_twine_accepts_the_distributions(distributions: Path) -> None:
    command = [sys.executable, "-m", "twine", "check", "--strict", *map(str, distributions.iterdir())]
    check = subprocess.run(command, capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stdout
