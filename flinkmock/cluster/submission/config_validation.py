"""Finds values in a program's configuration that Flink can't parse, with Flink's exceptions (observed on 2.3.0)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from flinkmock.flink import java_classes, submission_messages
from flinkmock.flink.java_exception import JavaException

PARALLELISM_OPTION = "parallelism.default"
_DURATIONS = (
    "execution.checkpointing.interval",
    "execution.checkpointing.min-pause",
    "execution.checkpointing.timeout",
)
_INTEGERS = (PARALLELISM_OPTION, "pipeline.max-parallelism", "execution.checkpointing.max-concurrent-checkpoints")
_INTEGER = re.compile(r"[+-]?\d{1,10}")


def find_invalid_option(configuration: Mapping[str, str]) -> tuple[str, JavaException] | None:
    """Return the key of the first option with an invalid value, and Flink's exception; None if all are valid."""
    for option, value in configuration.items():
        problem = None
        if option in _DURATIONS and not value.strip()[:1].isdigit():
            problem = submission_messages.not_a_duration(value.strip())
        elif option in _INTEGERS and not _INTEGER.fullmatch(value):
            problem = submission_messages.not_a_number(value)
        if problem is not None:
            text = submission_messages.could_not_parse(option, value)
            cause = JavaException(java_classes.NUMBER_FORMAT_EXCEPTION, problem)
            return option, JavaException(java_classes.ILLEGAL_ARGUMENT_EXCEPTION, text, cause)
    return None
