"""Uploaded jars: real zip files whose manifests are read, whatever they hold."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

from flinkmock.cluster.problems import BadUpload, UnknownJar
from flinkmock.cluster.stream import Stream

MANIFEST = "META-INF/MANIFEST.MF"


@dataclass(frozen=True, slots=True)
class Jar:
    """`id` is `UUID_name.jar`; `uploaded` epoch ms. `entries` are the classes its manifest offers to run."""

    id: str
    name: str
    path: Path
    uploaded: int
    entries: tuple[str, ...]
    classes: frozenset[str] | None
    """Names of the classes in it; None if it holds no class at all, as jars made for tests do."""

    def has_class(self, name: str) -> bool:
        return self.classes is None or name in self.classes


def manifest_entries(manifest: str) -> tuple[str, ...]:
    """The classes of `program-class` (several, at commas) or else of `Main-Class` (JarListHandler)."""
    unfolded = manifest.replace("\r\n", "\n").replace("\r", "\n").replace("\n ", "")
    attributes = {}
    for line in unfolded.split("\n\n", 1)[0].split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            attributes[name.strip().lower()] = value.strip()
    classes = attributes.get("program-class") or attributes.get("main-class") or ""
    return tuple(name.strip() for name in classes.split(",") if name.strip())


def read_jar(path: Path) -> tuple[tuple[str, ...], frozenset[str] | None]:
    """Entries and classes; nothing of either if the file is no zip."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            entries = manifest_entries(archive.read(MANIFEST).decode("utf-8", "replace")) if MANIFEST in names else ()
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError):
        return (), frozenset()
    classes = frozenset(name[:-6].replace("/", ".") for name in names if name.endswith(".class"))
    return entries, classes or None


class JarStore:
    """The jars of `web.upload.dir`. Files are kept in `folder`; messages show `shown_folder`, as Flink's would."""

    def __init__(self, folder: Path, shown_folder: str, stream: Stream) -> None:
        self._folder = folder
        self.shown_folder = shown_folder
        self._stream = stream
        self._jars: dict[str, Jar] = {}
        self._count = 0

    def add(self, name: str, file: Path, now: int) -> Jar:
        """Takes the file over (it is moved). Raises BadUpload if its name does not end in `.jar`."""
        if not name.endswith(".jar"):
            raise BadUpload("Only Jar files are allowed.")
        self._count += 1
        jar_id = f"{self._stream.uuid('jar', self._count)}_{name}"
        path = self._folder / jar_id.replace("/", "_")
        file.replace(path)
        jar = self._jars[jar_id] = Jar(jar_id, name, path, now, *read_jar(path))
        return jar

    def get(self, jar_id: str) -> Jar:
        """Raises UnknownJar."""
        jar = self._jars.get(jar_id)
        if jar is None:
            raise UnknownJar(jar_id, self.shown_folder)
        return jar

    def delete(self, jar_id: str) -> None:
        """Raises UnknownJar."""
        self.get(jar_id).path.unlink(missing_ok=True)
        del self._jars[jar_id]

    def newest_first(self) -> list[Jar]:
        """By the time of upload; of two uploaded in the same millisecond the later one comes first."""
        jars = list(self._jars.values())
        jars.reverse()
        return sorted(jars, key=lambda jar: -jar.uploaded)
