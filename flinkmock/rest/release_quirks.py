"""The differences in the behaviour of the REST API between releases.

The recordings show the behaviour of eight versions. The release in which a difference begins was read from the
classes in the flink-dist jars; the docstrings name the classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from flinkmock.release import Release


@dataclass(frozen=True, slots=True)
class ReleaseQuirks:
    """The behaviour of one release. Each flag is named after the behaviour of later releases."""

    not_found_includes_path: bool
    """RouterHandler responds with `Not found: /x` since 1.14; before, with `Not found.`"""
    lower_case_headers: bool
    """HandlerUtils uses HttpHeaderNames (lower case) since 1.17, HttpHeaders.Names before."""
    strict_request_lines: bool
    """Netty rejects bare LF line ends and protocols other than HTTP since 2.3; 2.2 still has Netty 4.1.100."""
    preamble_is_skipped: bool
    """HttpPostBodyUtil.findDelimiter of Netty 4.1.65, since 1.14, finds the first delimiter after any text."""
    uploads_checked_before_routing: bool
    """Since 1.19, FileUploadHandler knows which paths accept POST and files, and rejects others before routing."""
    null_body_checked_last: bool
    """HandlerRequest.resolveParametersAndCreate checks the parameters before it rejects the body `null`; since 1.15."""
    ended_job_is_conflict: bool
    """JobCancellationHandler responds with 409 since 1.15; before, with 404 as for an unknown job."""
    trigger_named_in_text: bool
    """SavepointHandlers: `There is no savepoint operation with triggerId=…` since 1.15."""
    unknown_operation_has_no_cause: bool
    """CompletedOperationCache returns an empty Optional since 1.15; before, it threw UnknownOperationKeyException."""
    plan_reads_jar_at_once: bool
    """JarPlanHandler opens the jar outside of its future since 1.17: an unknown jar leads to a 500, not a 400."""
    file_of_unknown_taskmanager_is_404: bool
    """AbstractTaskManagerFileHandler responds with 404 for an unknown TaskManager since 1.18; before, with 500."""
    missing_taskmanager_file_is_wrapped: bool
    """If a known TaskManager lacks the file, TaskExecutor throws a FileNotFoundException since 1.18. The file handler
    wraps it and names the TaskManager."""
    unknown_coordinator_is_404: bool
    """An unknown coordinator is a CoordinatorNotExistException, which leads to a 404, since 2.1; before, an internal
    error."""
    number_errors_name_radix: bool
    """NumberFormatException names the radix since Java 12. A fake cluster has Java 17 since 1.15, Java 11 before."""
    null_pointers_explained: bool
    """NullPointerException has a message in Java 17 (since 1.15), none in Java 11."""
    jackson_version: tuple[int, int]
    """(major, minor) version of Jackson (flink-shaded-jackson), on which its messages depend."""

    @staticmethod
    @cache
    def of(release: Release) -> ReleaseQuirks:
        return ReleaseQuirks(
            not_found_includes_path=release.since("1.14"),
            lower_case_headers=release.since("1.17"),
            strict_request_lines=release.since("2.3"),
            preamble_is_skipped=release.since("1.14"),
            uploads_checked_before_routing=release.since("1.19"),
            null_body_checked_last=release.since("1.15"),
            ended_job_is_conflict=release.since("1.15"),
            trigger_named_in_text=release.since("1.15"),
            unknown_operation_has_no_cause=release.since("1.15"),
            plan_reads_jar_at_once=release.since("1.17"),
            file_of_unknown_taskmanager_is_404=release.since("1.18"),
            missing_taskmanager_file_is_wrapped=release.since("1.18"),
            unknown_coordinator_is_404=release.since("2.1"),
            number_errors_name_radix=release.since("1.15"),
            null_pointers_explained=release.since("1.15"),
            jackson_version=_jackson_version(release),
        )


def _jackson_version(release: Release) -> tuple[int, int]:
    """Return the version in PackageVersion of jackson-databind in the release's jar."""
    versions = {"2.3": (2, 20), "2.1": (2, 18), "2.0": (2, 15), "1.18": (2, 14), "1.17": (2, 13), "1.13": (2, 12)}
    return next((version for since, version in versions.items() if release.since(since)), (2, 10))
