"""Exceptions in responses: `{"class", "stack-trace", "serialized-throwable"}` (SerializedThrowableSerializer)."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Any

from flinkmock.cluster.failures import failure_trace
from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.java_serialization import writer
from flinkmock.flink.java_serialization.object_stream import SerializableValue
from flinkmock.release import Release

_FRAME = re.compile(r"(?:(?P<module>[\w.]+)/)?(?P<class>.+)\.(?P<method>[^.]+)\((?P<file>[^:()]+)(?::(?P<line>\d+))?\)")


_UNKNOWN_LINE = -1
"""The line number of a StackTraceElement whose line is unknown."""


def failure_payload(exception: JavaException, release: Release, frames: tuple[str, ...]) -> dict[str, Any]:
    """Return the payload of a `failure-cause`; `frames` are the stack trace of an exception that has none."""
    trace = failure_trace(exception, frames)
    parsed_frames = tuple(map(_frame, frames))
    serialized = writer.serialized_exception(
        exception, trace, parsed_frames, has_class_in_message=release.since("1.16")
    )
    return {
        "class": exception.java_class,
        "stack-trace": trace,
        "serialized-throwable": b64encode(serialized).decode(),
    }


def serialized_accumulator_value(value: SerializableValue) -> str:
    """Return the value of an accumulator as base64 of `SerializedValue<OptionalFailure<Object>>`. Raises TypeError."""
    return b64encode(writer.serialized_accumulator_value(value)).decode()


def _frame(text: str) -> writer.StackTraceElement:
    match = _FRAME.fullmatch(text)
    if match is None:  # a native method, or any other text that a scenario gives as a frame
        return writer.StackTraceElement(text, "", "", _UNKNOWN_LINE)
    line = int(match["line"]) if match["line"] else _UNKNOWN_LINE
    return writer.StackTraceElement(match["class"], match["method"], match["file"], line, match["module"])
