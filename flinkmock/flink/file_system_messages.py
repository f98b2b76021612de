"""The texts of Flink's errors about paths and file systems, from the same sources as in `messages.py`."""

from __future__ import annotations

from collections.abc import Sequence

from flinkmock.release import Release

NO_HADOOP = "Hadoop is not in the classpath/dependencies."
NULL_PATH = 'Cannot invoke "String.replace(java.lang.CharSequence, java.lang.CharSequence)" because "path" is null'


def unsupported_scheme(scheme: str, release: Release) -> str:
    return (
        f"Could not find a file system implementation for scheme '{scheme}'. The scheme is not directly supported by "
        "Flink and no Hadoop file system to support this scheme could be loaded. For a full list of supported file "
        f"systems, please see {_file_systems_page(release)}."
    )


def missing_plugin(scheme: str, plugins: Sequence[str], release: Release) -> str:
    if release.since("1.16"):
        noun = "plugin(s)"
        page = "https://nightlies.apache.org/flink/flink-docs-stable/docs/deployment/filesystems/plugins/"
    else:
        noun = "plugins" if len(plugins) > 1 else "plugin"
        page = "https://ci.apache.org/projects/flink/flink-docs-stable/ops/plugins.html"
    return (
        f"Could not find a file system implementation for scheme '{scheme}'. The scheme is directly supported by Flink "
        f"through the following {noun}: {', '.join(plugins)}. Please ensure that each plugin resides within its own "
        f"subfolder within the plugins directory. See {page} for more information. If you want to use a Hadoop file "
        "system for that scheme, please add the scheme to the configuration fs.allowed-fallback-filesystems. For a "
        f"full list of supported file systems, please see {_file_systems_page(release)}."
    )


def _file_systems_page(release: Release) -> str:
    host = "nightlies.apache.org/flink" if release.since("1.13") else "ci.apache.org/projects/flink"
    return f"https://{host}/flink-docs-stable/ops/filesystems/"


def authority_in_local_path(authority: str, path: str, correct_path: str) -> str:
    return (
        f"Found local file path with authority '{authority}' in path '{path}'. Hint: Did you forget a slash? "
        f"(correct path would be '{correct_path}')"
    )
