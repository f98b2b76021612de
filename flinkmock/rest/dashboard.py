"""Flink's own dashboard: the files under `web/` in a flink-dist jar. This project does not contain them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flinkmock.errors import DashboardMissing, unreadable_message
from flinkmock.release import Release

AUTO = "auto"
"""The location that stands for an installed or downloaded dashboard."""
CACHE_VARIABLE = "FLINKMOCK_CACHE"
"""The environment variable with the path of the cache folder."""
_WEB_FOLDER = "web/"
_JAR_PATTERN = "flink-dist*.jar"
_RELEASE_IN_NAME = re.compile(r"flink-dist(?:_[\d.]+)?-(\d+\.\d+)")


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A dashboard of Flink.

    Attributes:
        files: Path below `web/` -> content. The path of a folder ends in `/`, as in a zip file; its content is empty.
        source: The jar or folder from which the files come.
    """

    files: Mapping[str, bytes]
    source: str

    @classmethod
    def load(cls, location: str | Path, release: Release) -> Dashboard:
        """Load a dashboard.

        Args:
            location: A flink-dist jar, a folder with one (directly or in `lib/`), or a folder of web files (directly or
                in `web/`). "auto": look in an installed apache-flink-libraries, FLINK_HOME, and the cache of
                `flinkmock dashboard fetch`.
            release: The release that is served.

        Raises:
            DashboardMissing: There is no dashboard, or only that of another release, which needs other responses.
        """
        if str(location) == AUTO:
            return _available_dashboard(release)
        path = Path(location)
        if path.is_dir():
            if jar := _jar_in(path):
                return _from_jar(jar, release)
            for folder in (path, path / "web"):
                if (folder / "index.html").is_file():
                    return cls(_files_of_folder(folder), str(folder))
            raise DashboardMissing(f"There is no {_JAR_PATTERN} and no index.html in {path}.")
        if path.suffix in (".yaml", ".yml"):
            raise DashboardMissing(
                f"{path} is not a jar. Write the scenario before the option: flinkmock serve {path} --dashboard"
            )
        return _from_jar(path, release)


def cache_file(release: Release) -> Path:
    """Return the path at which `flinkmock dashboard fetch` stores the files of a release.

    The folder is FLINKMOCK_CACHE or, if that is not set, `flinkmock` below XDG_CACHE_HOME, or `~/.cache/flinkmock`.
    """
    cache_home = os.environ.get("XDG_CACHE_HOME")
    folder = os.environ.get(CACHE_VARIABLE) or Path(cache_home or Path.home() / ".cache", "flinkmock")
    return Path(folder) / f"dashboard-{release.minor}.zip"


def _available_dashboard(release: Release) -> Dashboard:
    """Return the first available dashboard of a release. Raises DashboardMissing."""
    jars = [jar for folder in _installation_folders() if (jar := _jar_in(folder))]
    for jar in [*jars, cache_file(release)]:
        if jar.is_file() and _release_in_name(jar) in (None, release.minor):
            return _from_jar(jar, release)
    others = "".join(f" {jar} has the dashboard of Flink {_release_in_name(jar)}." for jar in jars)
    raise DashboardMissing(
        f"No dashboard of Flink {release.minor} is available: flinkmock does not contain Flink's files.{others}\n"
        f"Get it with `flinkmock dashboard fetch --flink {release.minor}`, which downloads apache-flink-libraries with "
        f'pip, or with `pip install "apache-flink-libraries=={release.minor}.*"`, or give a folder or flink-dist jar '
        "of a Flink distribution: `--dashboard PATH`."
    )


def _release_in_name(jar: Path) -> str | None:
    """Return the release in the name of a jar; None if the name contains none."""
    match = _RELEASE_IN_NAME.search(jar.name)
    return match[1] if match else None


def _installation_folders() -> list[Path]:
    """Return the folders in which a flink-dist jar may have been installed."""
    from importlib.util import find_spec

    # without importing the package, because apache-flink-libraries alone is a folder without code
    spec = find_spec("pyflink")
    folders = [Path(path) for path in (spec.submodule_search_locations or ())] if spec else []
    flink_home = os.environ.get("FLINK_HOME")
    return [*folders, Path(flink_home)] if flink_home else folders


def _jar_in(folder: Path) -> Path | None:
    return next((jar for path in (folder, folder / "lib") for jar in sorted(path.glob(_JAR_PATTERN))), None)


def _from_jar(jar: Path, release: Release) -> Dashboard:
    minor = _release_in_name(jar)
    if minor not in (None, release.minor):
        raise DashboardMissing(
            f"{jar} has the dashboard of Flink {minor}, and Flink {release.minor} is served. "
            f"Serve Flink {minor}, or give a jar of {release.minor}."
        )
    import zipfile

    try:
        with zipfile.ZipFile(jar) as archive:
            entries = [entry for entry in archive.infolist() if entry.filename.startswith(_WEB_FOLDER)]
            files = {entry.filename.removeprefix(_WEB_FOLDER): archive.read(entry) for entry in entries}
    except OSError as error:
        raise DashboardMissing(unreadable_message(jar, error)) from None
    except zipfile.BadZipFile:
        raise DashboardMissing(f"{jar} is not a flink-dist jar, or a folder with one.") from None
    if "index.html" not in files:
        raise DashboardMissing(f"There is no web/index.html in {jar}: it is not a flink-dist jar.")
    return Dashboard(files, str(jar))


def _files_of_folder(folder: Path) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir():
            files[f"{name}/"] = b""
        else:
            files[name] = path.read_bytes()
    return files
