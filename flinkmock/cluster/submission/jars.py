"""Uploaded jars: real zip files whose manifests are read, whatever they hold."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from flinkmock.cluster.errors import InvalidUpload, JarNotFound
from flinkmock.named_random import NamedRandom

MANIFEST = "META-INF/MANIFEST.MF"


@dataclass(frozen=True, slots=True)
class Jar:
    """`id` is `UUID_name.jar`; `uploaded` epoch ms. `entry_classes` are the classes its manifest offers to run."""

    id: str
    name: str
    path: Path
    uploaded: int
    entry_classes: tuple[str, ...]
    classes: frozenset[str] | None
    """Names of the classes in it; None if it holds no class at all, as jars made for tests do."""
    jobmanager: int = 0
    """Where it was uploaded: no other JobManager has it."""

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
    """Return the entry classes and the classes of a jar; both are empty if the file is not a zip."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            entries = manifest_entries(archive.read(MANIFEST).decode("utf-8", "replace")) if MANIFEST in names else ()
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError):
        return (), frozenset()
    classes = frozenset(name[:-6].replace("/", ".") for name in names if name.endswith(".class"))
    return entries, classes or None


class JarFiles:
    """The files of jars, in `folder`, which is made for the first one. One that is held stays when its jar is deleted:
    a cluster that becomes again what it was (`cluster/image.py`) has that jar once more."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pinned: set[Path] = set()

    def move_in(self, file: Path, name: str) -> Path:
        """Moves the file here; returns where it is. A held one may have that name already."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        path, n = self._folder / name, 1
        while path.exists():
            path, n = self._folder / f"{n}_{name}", n + 1
        return file.replace(path)

    def pin(self, paths: Iterable[Path]) -> None:
        self._pinned.update(paths)

    def delete(self, path: Path) -> None:
        if path not in self._pinned:
            path.unlink(missing_ok=True)


class JarStore:
    """The jars of `web.upload.dir`, which each JobManager, by its number, has for itself. Files are kept in `folder`;
    messages show `shown_folder`, as Flink's would."""

    def __init__(self, folder: Path, shown_folder: str, random: NamedRandom) -> None:
        self._files = JarFiles(folder)
        self.shown_folder = shown_folder
        self._random = random
        self._jars: dict[str, Jar] = {}
        self._count = 0

    def add(self, name: str, file: Path, now: int, jobmanager: int = 0) -> Jar:
        """Takes the file over (it is moved). Raises BadUpload if its name does not end in `.jar`."""
        if not name.endswith(".jar"):
            raise InvalidUpload("Only Jar files are allowed.")
        self._count += 1
        jar_id = f"{self._random.uuid('jar', self._count)}_{name}"
        path = self._files.move_in(file, jar_id.replace("/", "_"))
        jar = self._jars[jar_id] = Jar(jar_id, name, path, now, *read_jar(path), jobmanager)
        return jar

    def get(self, jar_id: str, jobmanager: int = 0) -> Jar:
        """Raises UnknownJar."""
        jar = self._jars.get(jar_id)
        if jar is None or jar.jobmanager != jobmanager:
            raise JarNotFound(jar_id, self.shown_folder)
        return jar

    def delete(self, jar_id: str, jobmanager: int = 0) -> None:
        """Raises UnknownJar."""
        self._files.delete(self.get(jar_id, jobmanager).path)
        del self._jars[jar_id]

    def pin(self) -> None:
        """The files of all jars there are stay, even if the jars are deleted."""
        self._files.pin(jar.path for jar in self._jars.values())

    def give_way(self, other: JarStore) -> None:
        """`other` takes the place of this one: files that neither it nor anybody else needs are gone."""
        needed = {jar.path for jar in other._jars.values()}
        for jar in self._jars.values():
            if jar.path not in needed:
                self._files.delete(jar.path)

    def newest_first(self, jobmanager: int = 0) -> list[Jar]:
        """By the time of upload; of two uploaded in the same millisecond the later one comes first."""
        jars = [jar for jar in self._jars.values() if jar.jobmanager == jobmanager]
        jars.reverse()
        return sorted(jars, key=lambda jar: -jar.uploaded)
