"""Exceptions of Flink that consist of several nested ones, or that several modules need."""

from __future__ import annotations

import dataclasses

from flinkmock.flink import java_classes, messages, submission_messages
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.stack_frames import future_frames, slot_assignment_frames
from flinkmock.release import Release


def completion_exception(cause: JavaException) -> JavaException:
    """Return the exception in which CompletableFuture wraps the exception of an earlier stage."""
    return JavaException(java_classes.COMPLETION_EXCEPTION, str(cause), cause)


def initialization_error(cause: JavaException, release: Release) -> JavaException:
    """Return the exception of a job whose JobMaster can't be created. A cause of the same class is not wrapped."""
    if cause.java_class == java_classes.JOB_INITIALIZATION_EXCEPTION:
        return cause
    if not release.since("1.13"):
        text = submission_messages.JOB_MANAGER_NOT_INSTANTIATED
        return JavaException(java_classes.JOB_INITIALIZATION_EXCEPTION, text, cause)
    wrapped = completion_exception(JavaException(java_classes.RUNTIME_EXCEPTION, str(cause), cause))
    return JavaException(java_classes.JOB_INITIALIZATION_EXCEPTION, submission_messages.JOB_MASTER_NOT_STARTED, wrapped)


def slot_request_error(cause: JavaException, release: Release) -> JavaException:
    """Return the exception of a task whose slot request fails (DefaultExecutionDeployer.assignResource)."""
    frames = future_frames(release)
    cause = dataclasses.replace(cause, frames=frames)
    wrapped = dataclasses.replace(completion_exception(cause), frames=frames)
    return dataclasses.replace(completion_exception(wrapped), frames=slot_assignment_frames(release))


def job_not_found(job_id: str) -> JavaException:
    """Return the Dispatcher's exception for an unknown job id."""
    return JavaException(java_classes.FLINK_JOB_NOT_FOUND_EXCEPTION, messages.could_not_find_job(job_id))
