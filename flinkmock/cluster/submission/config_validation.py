"""Values of a program's configuration that Flink can't parse, in the words of its exceptions (seen on 2.3.0)."""

from __future__ import annotations

import re
from collections.abc import Mapping

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
    """(the option, what its getter throws) of the first option that has no value of its type."""
    for option, value in configuration.items():
        why = None
        if option in _DURATIONS and not value.strip()[:1].isdigit():
            why = f"text does not start with a number, and is not a valid ISO-8601 duration format: {value.strip()}"
        elif option in _INTEGERS and not _INTEGER.fullmatch(value):
            why = f'For input string: "{value}"'
        if why is not None:
            text = f"Could not parse value '{value}' for key '{option}'."
            cause = JavaException("java.lang.NumberFormatException", why)
            return option, JavaException("java.lang.IllegalArgumentException", text, cause)
    return None
