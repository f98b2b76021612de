"""Downloads the Python package that contains Flink's jars, and extracts Flink's dashboard from it.

pip downloads the package from the index that the user has configured.
"""

from __future__ import annotations

import fnmatch
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from flinkmock.errors import DashboardMissing
from flinkmock.release import Release
from flinkmock.rest.dashboard import Dashboard, cache_file

PACKAGE = "apache-flink-libraries"
JAR_PATTERN = "*/lib/flink-dist*.jar"
DASHBOARD_PREFIX = "web/"
"""The folder of the dashboard in the jar."""
STDERR = 2
"""The file descriptor of standard error, to which pip's output is redirected. Standard output is for the result."""
RELEASE_WITHOUT_LIBRARIES = "1.12"
"""The release whose jars are in the package apache-flink. That package has only wheels for Python 3.7."""
WHEEL_OPTIONS = ("--python-version", "3.7", "--only-binary=:all:", "--platform", "manylinux1_x86_64")


def download(release: Release) -> Path:
    """Download the dashboard of a release into the cache, and return the zip file there.

    Raises:
        DashboardMissing: Pip is missing or fails, or the package does not contain the dashboard.
    """
    with tempfile.TemporaryDirectory(prefix="flinkmock-dashboard-") as folder:
        _pip_download(*_pip_arguments(release), "--dest", folder)
        archives = sorted(path for path in Path(folder).iterdir() if path.is_file())
        if not archives:
            raise DashboardMissing("pip has downloaded nothing.")
        file = extract_dashboard(archives[0], cache_file(release))
    Dashboard.load(file, release)
    return file


def extract_dashboard(package: Path, zip_file: Path) -> Path:
    """Write the dashboard's files in a package to a zip file, and return the zip file. Raises DashboardMissing."""
    for jar in _jars(package):
        with zipfile.ZipFile(jar) as archive:
            entries = [entry for entry in archive.infolist() if entry.filename.startswith(DASHBOARD_PREFIX)]
            if entries:
                zip_file.parent.mkdir(parents=True, exist_ok=True)
                part_file = zip_file.with_suffix(f".{os.getpid()}.part")
                with zipfile.ZipFile(part_file, "w", zipfile.ZIP_DEFLATED) as output:
                    for entry in entries:
                        output.writestr(entry.filename, archive.read(entry))
                return part_file.replace(zip_file)
    raise DashboardMissing(f"There is no flink-dist jar with a dashboard in {package.name}.")


def _pip_arguments(release: Release) -> Sequence[str]:
    if release.minor == RELEASE_WITHOUT_LIBRARIES:
        return (*WHEEL_OPTIONS, f"apache-flink=={release.version}")
    return (f"{PACKAGE}=={release.version}",)


def _pip_download(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--disable-pip-version-check", *arguments]
    completed = subprocess.run(command, check=False, stdout=STDERR)
    if completed.returncode:
        raise DashboardMissing(
            f"pip could not download the package (exit code {completed.returncode}); see its output. Use a folder or "
            "flink-dist jar of a Flink distribution instead, with `--dashboard PATH`."
        )


def _jars(package: Path) -> Iterator[IO[bytes]]:
    """Yield the flink-dist jars in a wheel or a source distribution."""
    if package.suffix == ".whl":
        with zipfile.ZipFile(package) as wheel:
            for name in fnmatch.filter(wheel.namelist(), JAR_PATTERN):
                yield io.BytesIO(wheel.read(name))
    else:
        with tarfile.open(package) as archive:
            for member in archive:
                if fnmatch.fnmatch(member.name, JAR_PATTERN) and (content := archive.extractfile(member)):
                    yield io.BytesIO(content.read())
