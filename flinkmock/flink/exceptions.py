"""Exceptions that Flink throws in more than one place."""

from __future__ import annotations

from flinkmock.flink import java_classes, messages
from flinkmock.flink.java_exception import JavaException


def completion_exception(cause: JavaException) -> JavaException:
    """Return what CompletableFuture makes of the exception of an earlier stage."""
    return JavaException(java_classes.COMPLETION_EXCEPTION, str(cause), cause)


def job_not_found(job_id: str) -> JavaException:
    """Return what the Dispatcher throws at an unknown job id."""
    return JavaException(java_classes.FLINK_JOB_NOT_FOUND_EXCEPTION, messages.could_not_find_job(job_id))
