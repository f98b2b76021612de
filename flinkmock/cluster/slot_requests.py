"""Slot requests that can't be fulfilled: when they fail, with which exception, and which task fails.

During its start-up time, the ResourceManager waits for TaskManagers. Later it reports missing slots immediately. The
JobMaster waits at most for `slot.request.timeout`.
See docs/flink-behaviour.md#waiting-for-slots.
"""

from __future__ import annotations

from enum import StrEnum

from flinkmock.cluster.job_attempt import JobAttempt
from flinkmock.cluster.spec import ExceptionSpec
from flinkmock.flink import java_classes, messages
from flinkmock.flink.configuration import SLOT_REQUEST_TIMEOUT, Configuration
from flinkmock.flink.exceptions import slot_request_error
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.java_format import duration_text
from flinkmock.named_random import NamedRandom
from flinkmock.release import Release

REPORTING_MS = (95, 130)
"""The time until the ResourceManager reports that there are not enough slots (recorded: 106 and 125 ms)."""


class SlotRequestFailure(StrEnum):
    """Why a job no longer waits for slots."""

    NOT_ENOUGH_RESOURCES = "not enough resources"
    TIMEOUT = "timeout"


def first_failure(
    configuration: Configuration, started_at: int, reported_at: int, at: int
) -> tuple[int, SlotRequestFailure]:
    """Return when a slot request first fails, and the reason. Times are epoch ms.

    Args:
        configuration: The configuration of the cluster.
        started_at: When the ResourceManager started.
        reported_at: When it reports missing slots, if its start-up time is over.
        at: When the slots are requested.
    """
    reported_at = max(reported_at, started_at + configuration.resource_manager_start_up_ms)
    timed_out_at = at + configuration.milliseconds(SLOT_REQUEST_TIMEOUT)
    if timed_out_at < reported_at:
        return timed_out_at, SlotRequestFailure.TIMEOUT
    return reported_at, SlotRequestFailure.NOT_ENOUGH_RESOURCES


def failed_request(failure: SlotRequestFailure, configuration: Configuration, release: Release) -> ExceptionSpec:
    """Return the exception of the task that gets no slot."""
    message, cause = messages.NO_RESOURCES, None
    if failure == SlotRequestFailure.TIMEOUT:
        timeout = duration_text(configuration.milliseconds(SLOT_REQUEST_TIMEOUT), release)
        text = messages.slot_timeout_occurred(timeout)
        message, cause = messages.SLOT_REQUEST_TIMEOUT, JavaException(java_classes.TIMEOUT_EXCEPTION, text)
    error = JavaException(java_classes.NO_RESOURCE_AVAILABLE_EXCEPTION, message, cause)
    return ExceptionSpec(slot_request_error(error, release), gets_no_slot=True)


def task_without_slot(random: NamedRandom, attempt: JobAttempt, held: int) -> tuple[int, int]:
    """Return (vertex index, subtask) of a task whose slot is missing, while the job holds `held` slots.

    The subtasks of a shared slot fail in the order of the graph, so the task belongs to the first vertex with that
    subtask.
    """
    graph = attempt.graph
    slot = random.integer(held, graph.slots_needed - 1, "slot request", attempt.job_id, attempt.number)
    tasks = ((vertex, slot - graph.slot_of(vertex, 0)) for vertex in graph.vertices)
    return next((vertex.index, subtask) for vertex, subtask in tasks if 0 <= subtask < vertex.parallelism)
