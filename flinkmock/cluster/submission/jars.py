"""Uploaded jars: their files, and the entry classes and class names that are read from them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from flinkmock import limits, private_files
from flinkmock.cluster.errors import InvalidUpload, JarNotFound
from flinkmock.flink import submission_messages
from flinkmock.named_random import NamedRandom

if TYPE_CHECKING:
    import zipfile

MANIFEST = "META-INF/MANIFEST.MF"
_END_SIGNATURE = b"PK\5\6"
"""The first bytes of the record at the end of a zip file."""
_END_SIZE = 22
"""The size of that record, in bytes."""
_DIRECTORY_SIZE_FIELD = slice(12, 16)
"""The bytes of that record that contain the size of the list of entries."""
_MAX_COMMENT_SIZE = 65_536
"""The maximum size of the comment after that record, in bytes; zipfile reads one byte more than the format allows."""
_ZIP64_LOCATOR_SIGNATURE, _ZIP64_LOCATOR_SIZE = b"PK\6\7", 20
"""The record directly before the record at the end, if the zip file has a ZIP64 record."""
_ZIP64_SIGNATURE, _ZIP64_SIZE = b"PK\6\6", 56
"""The ZIP64 record, which zipfile expects directly before its locator."""
_ZIP64_DIRECTORY_SIZE_FIELD = slice(40, 48)
"""The bytes of the ZIP64 record that contain the size of the list of entries."""
_MAX_NAME_SIZE = 255
"""The maximum length of a file name on Linux, in bytes."""


@dataclass(frozen=True, slots=True)
class Jar:
    """An uploaded jar.

    Attributes:
        id: `UUID_name.jar`.
        name: The name of the file that the client uploaded.
        path: The path of the stored file.
        uploaded_at: When it was uploaded, in epoch ms.
        entry_classes: The entry classes in the manifest.
        classes: The names of its classes; None if it is a valid jar without classes, like jars made for tests; empty
            if it could not be read.
        jobmanager: The number of the JobManager to which it was uploaded. Other JobManagers don't have it.
    """

    id: str
    name: str
    path: Path
    uploaded_at: int
    entry_classes: tuple[str, ...]
    classes: frozenset[str] | None
    jobmanager: int = 0

    def has_class(self, name: str) -> bool:
        """Return whether the jar has a class. A jar whose `classes` are None counts as having every class."""
        return self.classes is None or name in self.classes


def entry_classes_of_manifest(manifest: str) -> tuple[str, ...]:
    """Return the classes in `program-class`, separated by commas, or those in `Main-Class` (JarListHandler)."""
    unfolded = manifest.replace("\r\n", "\n").replace("\r", "\n").replace("\n ", "")
    main_section = unfolded.split("\n\n", 1)[0]
    attributes = {}
    for line in main_section.split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            attributes[name.strip().lower()] = value.strip()
    classes = attributes.get("program-class") or attributes.get("main-class") or ""
    return tuple(name.strip() for name in classes.split(",") if name.strip())


def read_jar(path: Path) -> tuple[tuple[str, ...], frozenset[str] | None]:
    """Return the entry classes and the classes of a jar, as in `Jar`.

    Both are empty if the file is not a zip file, or has too many entries. Only the manifest is unpacked, and only up to
    a limit.
    """
    import zipfile  # slow to import, and needed only for jars

    try:
        with path.open("rb") as file:
            if _directory_size(file) > limits.JAR_DIRECTORY:
                return (), frozenset()
            with zipfile.ZipFile(file) as archive:
                names = archive.namelist()
                manifest = _read_manifest(archive) if MANIFEST in names else b""
    except Exception:  # damaged archives raise many kinds of errors, depending on the compression
        return (), frozenset()
    classes = frozenset(name.removesuffix(".class").replace("/", ".") for name in names if name.endswith(".class"))
    return entry_classes_of_manifest(manifest.decode("utf-8", "replace")), classes or None


def _read_manifest(archive: zipfile.ZipFile) -> bytes:
    """Return the manifest; b"" if it is too long. Raises the errors of zipfile."""
    with archive.open(MANIFEST) as file:
        manifest = file.read(limits.JAR_MANIFEST + 1)
    return manifest if len(manifest) <= limits.JAR_MANIFEST else b""


def _directory_size(file: BinaryIO) -> int:
    """Return the size in bytes of a zip file's list of entries, which zipfile reads as a whole; 0 if there is none."""
    records_size = _ZIP64_SIZE + _ZIP64_LOCATOR_SIZE + _END_SIZE
    file.seek(max(0, file.seek(0, os.SEEK_END) - records_size - _MAX_COMMENT_SIZE))
    tail = file.read()
    file.seek(0)
    # as zipfile does: look for the record at the end of the file, then before a comment
    start = len(tail) - _END_SIZE
    if not (tail[start:].startswith(_END_SIGNATURE) and tail.endswith(b"\0\0")):
        start = tail.rfind(_END_SIGNATURE)
    if start < 0 or len(tail) - start < _END_SIZE:
        return 0
    size = int.from_bytes(tail[start : start + _END_SIZE][_DIRECTORY_SIZE_FIELD], "little")
    locator_start = start - _ZIP64_LOCATOR_SIZE
    record_start = locator_start - _ZIP64_SIZE
    if (
        record_start >= 0
        and tail.startswith(_ZIP64_LOCATOR_SIGNATURE, locator_start)
        and tail.startswith(_ZIP64_SIGNATURE, record_start)
    ):
        return int.from_bytes(tail[record_start:locator_start][_ZIP64_DIRECTORY_SIZE_FIELD], "little")
    return size


class JarFiles:
    """The files of jars in `folder`, which is created with the first file.

    A file that a snapshot needs is kept when its jar is deleted, because a restored cluster has that jar again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pinned: set[Path] = set()

    def move_in(self, file: Path, name: str) -> Path:
        """Move a file to the folder and return its new path. The name gets a prefix if a kept file already has it."""
        private_files.make(self._folder)
        path = self._folder / name
        number = 0
        while path.exists():
            number += 1
            path = self._folder / f"{number}_{name}"
        return file.replace(path)

    def pin(self, paths: Iterable[Path]) -> None:
        """Keep these files when their jars are deleted."""
        self._pinned.update(paths)

    def delete(self, path: Path) -> None:
        """Delete a file, unless a snapshot needs it."""
        if path not in self._pinned:
            path.unlink(missing_ok=True)


class JarStore:
    """The uploaded jars of all JobManagers. Files are in `folder`; messages contain `shown_folder` instead."""

    def __init__(self, folder: Path, shown_folder: str, random: NamedRandom) -> None:
        self._files = JarFiles(folder)
        self.shown_folder = shown_folder
        self._random = random
        self._jars: dict[str, Jar] = {}
        self._upload_count = 0

    def add(self, name: str, file: Path, now: int, jobmanager: int = 0) -> Jar:
        """Add a jar at `now` (epoch ms) and move its file, which gets a generated name.

        Raises:
            InvalidUpload: The name does not end in `.jar` or is too long, or the file can't be moved.
        """
        if not name.endswith(".jar"):
            raise InvalidUpload("Only Jar files are allowed.")
        self._upload_count += 1
        uuid = self._random.uuid("jar", self._upload_count)
        jar_id = f"{uuid}_{name}"
        entry_classes, classes = read_jar(file)
        if len(jar_id.encode("utf-8", "replace")) > _MAX_NAME_SIZE:
            raise self._move_error(name, jar_id)
        try:
            path = self._files.move_in(file, f"{uuid}.jar")
        except OSError:
            raise self._move_error(name, jar_id) from None
        jar = self._jars[jar_id] = Jar(jar_id, name, path, now, entry_classes, classes, jobmanager)
        return jar

    def _move_error(self, name: str, jar_id: str) -> InvalidUpload:
        text = submission_messages.jar_not_moved(f"{self.shown_folder}/{name}", f"{self.shown_folder}/{jar_id}")
        return InvalidUpload(text, not_stored=True)

    def get(self, jar_id: str, jobmanager: int = 0) -> Jar:
        """Return the jar with this id. Raises JarNotFound."""
        jar = self._jars.get(jar_id)
        if jar is None or jar.jobmanager != jobmanager:
            raise JarNotFound(jar_id, self.shown_folder)
        return jar

    def delete(self, jar_id: str, jobmanager: int = 0) -> None:
        """Delete the jar with this id. Raises JarNotFound."""
        self._files.delete(self.get(jar_id, jobmanager).path)
        del self._jars[jar_id]

    def pin(self) -> None:
        """Keep the files of all current jars, even if the jars are deleted."""
        self._files.pin(jar.path for jar in self._jars.values())

    def delete_files_not_in(self, other: JarStore) -> None:
        """Delete the files of this store that neither `other` nor a snapshot needs, because `other` replaces it."""
        needed = {jar.path for jar in other._jars.values()}
        for jar in self._jars.values():
            if jar.path not in needed:
                self._files.delete(jar.path)

    def newest_first(self, jobmanager: int = 0) -> list[Jar]:
        """Return the jars, newest first, even if several were uploaded in the same millisecond."""
        jars = [jar for jar in self._jars.values() if jar.jobmanager == jobmanager]
        jars.reverse()
        return sorted(jars, key=lambda jar: -jar.uploaded_at)
