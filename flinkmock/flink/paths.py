"""Paths of checkpoints and savepoints, as Flink's FileSystem and Path read and print them."""

from __future__ import annotations

import re

from flinkmock.flink import java_classes, messages
from flinkmock.flink.java_exception import JavaException

SCHEMES = ("file", "hdfs", "viewfs", "s3", "s3a", "s3n", "s3p", "gs", "oss", "abfs", "abfss", "wasb", "wasbs", "azure",
           "maprfs", "swift", "cosn", "obs", "alluxio")  # fmt: skip
"""File systems that ship with Flink, as plugins or through Hadoop."""
READ_ONLY = ("/proc/", "/sys/", "/dev/")
"""Local directories in which a JobManager can't create directories."""


def shown_path(path: str) -> str:
    """Return the path as Flink's Path prints it: `file:///a/b/` becomes `file:/a/b`."""
    scheme, colon, rest = path.partition(":")
    if not colon or "/" in scheme:
        scheme, rest = "file", path
    if rest.startswith("///"):
        rest = rest[2:]
    return f"{scheme}:{rest.rstrip('/') or '/'}"


def scheme_problem(path: str) -> JavaException | None:
    """Return the exception of writing to a path; None if it can be written to."""
    scheme, _, rest = shown_path(path).partition(":")
    if scheme not in SCHEMES:
        no_hadoop = JavaException(java_classes.UNSUPPORTED_FILE_SYSTEM_SCHEME_EXCEPTION, messages.NO_HADOOP)
        return JavaException(
            java_classes.UNSUPPORTED_FILE_SYSTEM_SCHEME_EXCEPTION, messages.unsupported_scheme(scheme), no_hadoop
        )
    if scheme == "file" and re.match("|".join(READ_ONLY), rest):
        return JavaException(java_classes.IO_EXCEPTION, messages.savepoint_directory_not_created(shown_path(path)))
    return None
