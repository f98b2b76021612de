"""Slot requests that can't be fulfilled: when they fail, with which exception, and which task fails.

During its start-up time, the ResourceManager waits for TaskManagers. Later it reports missing slots immediately. The
JobMaster waits at most for `slot.request.timeout`.
See docs/flink-behaviour.md#waiting-for-slots.
"""

from __future__ import annotations

from enum import StrEnum

from flinkmock.cluster.execution import TaskIndex
from flinkmock.cluster.job_attempt import JobAttempt
from flinkmock.cluster.spec import ExceptionSpec
from flinkmock.flink import java_classes, messages
from flinkmock.flink.configuration import Configuration
from flinkmock.flink.exceptions import slot_request_error
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.java_format import duration_text
from flinkmock.flink.options import SLOT_REQUEST_TIMEOUT
from flinkmock.named_random import NamedRandom
from flinkmock.release import Release

REPORTING_RANGE_MS = (95, 130)
"""The time until the ResourceManager reports that there are not enough slots (recorded: 106 and 125 ms)."""


class SlotRequestFailure(StrEnum):
    """Why a slot request fails."""

    NOT_ENOUGH_RESOURCES = "not enough resources"
    TIMEOUT = "timeout"


def first_failure(
    configuration: Configuration, started_at: int, reported_at: int, at: int
) -> tuple[int, SlotRequestFailure]:
    """Return when a slot request fails, and why. Times are epoch ms.

    Args:
        configuration: The configuration of the cluster.
        started_at: When the ResourceManager started.
        reported_at: When it reports missing slots, unless its start-up time ends later. In that case, it reports them
            at the end of its start-up time.
        at: When the slots are requested.
    """
    reported_at = max(reported_at, started_at + configuration.resource_manager_start_up_ms)
    timed_out_at = at + configuration.milliseconds(SLOT_REQUEST_TIMEOUT)
    if timed_out_at < reported_at:
        return timed_out_at, SlotRequestFailure.TIMEOUT
    return reported_at, SlotRequestFailure.NOT_ENOUGH_RESOURCES


def missing_slot_exception(
    failure: SlotRequestFailure, configuration: Configuration, release: Release
) -> ExceptionSpec:
    """Return the exception of the task that gets no slot."""
    message, cause = messages.NO_RESOURCES, None
    if failure == SlotRequestFailure.TIMEOUT:
        timeout = duration_text(configuration.milliseconds(SLOT_REQUEST_TIMEOUT), release)
        text = messages.slot_timeout_occurred(timeout)
        message, cause = messages.SLOT_REQUEST_TIMEOUT, JavaException(java_classes.TIMEOUT_EXCEPTION, text)
    error = JavaException(java_classes.NO_RESOURCE_AVAILABLE_EXCEPTION, message, cause)
    return ExceptionSpec(slot_request_error(error, release), task_gets_no_slot=True)


def choose_task_without_slot(random: NamedRandom, attempt: JobAttempt, held_count: int) -> TaskIndex:
    """Return a random task whose slot is missing, while the job holds `held_count` slots.

    Of the subtasks that would share the slot, the one of the first vertex fails, because they fail in the order of the
    graph.
    """
    graph = attempt.graph
    slot_index = random.integer(held_count, graph.needed_slot_count - 1, "slot request", attempt.job_id, attempt.number)
    for vertex in graph.vertices:
        subtask = slot_index - graph.slot_of(vertex, 0)
        if 0 <= subtask < vertex.parallelism:
            return TaskIndex(vertex.index, subtask)
    raise AssertionError(f"no task uses slot {slot_index}")
