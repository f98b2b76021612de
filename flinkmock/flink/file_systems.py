"""The file systems of a cluster: their schemes, and why they can't create a directory or read a savepoint.

The messages were recorded from Flink 2.3.0, 1.20.5 and 1.12.5 (tests/situations, steps `poll empty`, `poll relative`,
…).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from flinkmock.flink import checkpoint_messages, file_system_messages, java_classes
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.paths import FlinkPath, InvalidPath, parse_path
from flinkmock.release import Release

LOCAL_SCHEME = "file"
DEFAULT_SCHEMES = (
    LOCAL_SCHEME, "hdfs", "viewfs", "s3", "s3a", "s3n", "s3p", "gs", "oss", "abfs", "abfss", "wasb", "wasbs", "azure",
    "maprfs", "swift", "cosn", "obs", "alluxio",
)  # fmt: skip
"""The schemes that a fake cluster has by default: the schemes of Flink's plugins and of Hadoop."""

_AZURE, _S3_HADOOP, _S3_PRESTO = "flink-fs-azure-hadoop", "flink-s3-fs-hadoop", "flink-s3-fs-presto"


def _plugins(release: Release) -> dict[str, tuple[str, ...]]:
    """Return the plugins for each scheme (FileSystem.DIRECTLY_SUPPORTED_FILESYSTEM)."""
    plugins = {
        "wasb": (_AZURE,), "wasbs": (_AZURE,), "oss": ("flink-oss-fs-hadoop",), "s3": (_S3_HADOOP, _S3_PRESTO),
        "s3a": (_S3_HADOOP,), "s3p": (_S3_PRESTO,),
    }  # fmt: skip
    if release.since("1.14"):
        plugins |= {"abfs": (_AZURE,), "abfss": (_AZURE,)}
    if release.since("1.15"):
        plugins |= {"gs": ("flink-gs-fs-hadoop",)}
    return plugins if release.since("1.13") else plugins | {"swift": ("flink-swift-fs-hadoop",)}


_READ_ONLY_DIRECTORIES = ("/proc", "/sys")
"""Local directories in which no directory can be created."""
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_MAX_NAME_CHARACTERS = 255


@dataclass(frozen=True, slots=True)
class FileSystems:
    """The file systems of a cluster.

    Attributes:
        release: The Flink release. Some messages depend on it.
        schemes: The schemes that have a file system, in addition to `file`.
    """

    release: Release
    schemes: Collection[str] = DEFAULT_SCHEMES

    def directory_creation_error(
        self, directory: str, is_file: Callable[[str], bool] = lambda path: False
    ) -> JavaException | None:
        """Return the exception if no savepoint can be created in a directory, otherwise None.

        See AbstractFsCheckpointStorageAccess.initializeLocationForSavepoint.

        Args:
            directory: The directory as the client sent it.
            is_file: Returns whether a file exists at a qualified path such as `file:/a/b`.
        """
        try:
            path = parse_path(directory)
        except InvalidPath as invalid_path:
            return invalid_path.exception
        error = self._file_system_error(path)
        if error is not None or path.file_system != LOCAL_SCHEME:
            return error
        return self._local_creation_error(path, is_file)

    def task_write_error(self, path: str) -> JavaException | None:
        """Return the exception if a task can't write to the qualified path of a created savepoint, otherwise None.

        The target directory `//host/x` is `/x` for the JobManager, and `file://host/x` for a task.
        """
        return self._file_system_error(parse_path(path))

    def missing_savepoint_error(self, pointer: str, directories: Collection[str] = ()) -> JavaException:
        """Return the exception for a path without a savepoint.

        See AbstractFsCheckpointStorageAccess.resolveCheckpointPointer.

        Args:
            pointer: The path of the savepoint as the client sent it.
            directories: Qualified paths of the directories that exist.
        """
        try:
            path = parse_path(pointer)
        except InvalidPath:
            return JavaException(java_classes.IO_EXCEPTION, checkpoint_messages.invalid_savepoint_path(pointer))
        error = self._file_system_error(path)
        if error is not None:
            message = checkpoint_messages.savepoint_not_accessible(pointer)
            return JavaException(java_classes.IO_EXCEPTION, message, error)
        is_system_directory = path.file_system == LOCAL_SCHEME and path.path in ("/", *_READ_ONLY_DIRECTORIES)
        if is_system_directory or str(path.qualified()) in directories:
            return JavaException(java_classes.FILE_NOT_FOUND_EXCEPTION, checkpoint_messages.no_metadata_in(str(path)))
        return JavaException(
            java_classes.FILE_NOT_FOUND_EXCEPTION, checkpoint_messages.no_savepoint(pointer, path.file_system)
        )

    def _file_system_error(self, path: FlinkPath) -> JavaException | None:
        """Return the exception if the path has no file system, otherwise None (FileSystem.getUnguardedFileSystem)."""
        scheme = path.file_system
        if scheme == LOCAL_SCHEME:
            if not path.authority or path.scheme is None:  # a URI without a scheme has no host
                return None
            correct_path = f"file:///{path.authority}{path.path}"
            text = file_system_messages.authority_in_local_path(path.authority, str(path.qualified()), correct_path)
            return JavaException(java_classes.IO_EXCEPTION, text)
        if scheme in self.schemes:
            return None
        unsupported = java_classes.UNSUPPORTED_FILE_SYSTEM_SCHEME_EXCEPTION
        plugins = _plugins(self.release).get(scheme)
        if plugins is not None:
            return JavaException(unsupported, file_system_messages.missing_plugin(scheme, plugins, self.release))
        no_hadoop = JavaException(unsupported, file_system_messages.NO_HADOOP)
        return JavaException(unsupported, file_system_messages.unsupported_scheme(scheme, self.release), no_hadoop)

    def _local_creation_error(self, path: FlinkPath, is_file: Callable[[str], bool]) -> JavaException | None:
        """Return the exception if a local directory can't be created (LocalFileSystem.mkdirs), otherwise None."""
        directory = path.qualified().path
        directories = _with_parents(directory)
        files = [parent for parent in directories if parent in _DEVICES or is_file(f"{LOCAL_SCHEME}:{parent}")]
        cause = None
        if re.match("/[a-zA-Z]:[^/]", path.path):  # a relative path on a drive of Windows
            text = file_system_messages.NULL_PATH if self.release.since("1.15") else None
            cause = JavaException(java_classes.NULL_POINTER_EXCEPTION, text)
        elif files:
            cause = JavaException(java_classes.FILE_ALREADY_EXISTS_EXCEPTION, files[0])
        has_long_name = any(len(name) > _MAX_NAME_CHARACTERS for name in directory.split("/"))
        is_read_only = any(parent in _READ_ONLY_DIRECTORIES for parent in directories)
        if cause is None and not has_long_name and not is_read_only:
            return None
        return JavaException(
            java_classes.IO_EXCEPTION, checkpoint_messages.savepoint_directory_not_created(str(path)), cause
        )


def _with_parents(path: str) -> list[str]:
    """Return the path and its parent directories, without the root unless it is the path."""
    names = path.split("/")[1:]
    return ["/" + "/".join(names[:count]) for count in range(len(names), 0, -1)]
