"""Paths of checkpoints and savepoints, as Flink's FileSystem and Path read and print them."""

from __future__ import annotations

import re

from flinkmock.flink.java_exception import JavaException

SCHEMES = ("file", "hdfs", "viewfs", "s3", "s3a", "s3n", "s3p", "gs", "oss", "abfs", "abfss", "wasb", "wasbs", "azure",
           "maprfs", "swift", "cosn", "obs", "alluxio")  # fmt: skip
"""File systems that ship with Flink, as plugins or through Hadoop: what a real cluster is likely to have at hand."""
READ_ONLY = ("/proc/", "/sys/", "/dev/")
"""Local folders in which no machine lets a JobManager make directories."""
UNSUPPORTED_SCHEME = "org.apache.flink.core.fs.UnsupportedFileSystemSchemeException"
UNSUPPORTED = (
    "Could not find a file system implementation for scheme '{}'. The scheme is not directly supported by Flink and no "
    "Hadoop file system to support this scheme could be loaded. For a full list of supported file systems, please see "
    "https://nightlies.apache.org/flink/flink-docs-stable/ops/filesystems/."
)


def shown_path(path: str) -> str:
    """`file:///a/b/` -> `file:/a/b`: Flink's Path drops an empty authority and the last slash."""
    scheme, colon, rest = path.partition(":")
    if not colon or "/" in scheme:
        scheme, rest = "file", path
    if rest.startswith("///"):
        rest = rest[2:]
    return f"{scheme}:{rest.rstrip('/') or '/'}"


def scheme_problem(path: str) -> JavaException | None:
    """Why nothing can be written there; None if it can."""
    scheme, _, rest = shown_path(path).partition(":")
    if scheme not in SCHEMES:
        no_hadoop = JavaException(UNSUPPORTED_SCHEME, "Hadoop is not in the classpath/dependencies.")
        return JavaException(UNSUPPORTED_SCHEME, UNSUPPORTED.format(scheme), no_hadoop)
    if scheme == "file" and re.match("|".join(READ_ONLY), rest):
        return JavaException("java.io.IOException", f"Failed to create savepoint directory at {shown_path(path)}")
    return None
