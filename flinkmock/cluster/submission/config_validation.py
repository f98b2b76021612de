"""Values of a program's configuration that Flink can't parse, with its exceptions (seen on 2.3.0)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from flinkmock.flink import java_classes, submission_messages
from flinkmock.flink.java_exception import JavaException

PARALLELISM = "parallelism.default"
_DURATIONS = (
    "execution.checkpointing.interval",
    "execution.checkpointing.min-pause",
    "execution.checkpointing.timeout",
)
_INTEGERS = (PARALLELISM, "pipeline.max-parallelism", "execution.checkpointing.max-concurrent-checkpoints")
_INTEGER = re.compile(r"[+-]?\d{1,10}")


def unparseable(configuration: Mapping[str, str]) -> tuple[str, JavaException] | None:
    """Return the first option whose value does not have its type, and the exception that reading it throws."""
    for option, value in configuration.items():
        why = None
        if option in _DURATIONS and not value.strip()[:1].isdigit():
            why = submission_messages.not_a_duration(value.strip())
        elif option in _INTEGERS and not _INTEGER.fullmatch(value):
            why = submission_messages.not_a_number(value)
        if why is not None:
            text = submission_messages.could_not_parse(option, value)
            cause = JavaException(java_classes.NUMBER_FORMAT_EXCEPTION, why)
            return option, JavaException(java_classes.ILLEGAL_ARGUMENT_EXCEPTION, text, cause)
    return None
