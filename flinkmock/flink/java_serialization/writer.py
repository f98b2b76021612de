"""Serializes values, exceptions and the rows of `collect()` for the responses of Flink, with Java's serialization.

The bytes are equal to the recorded ones.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.java_serialization.class_descriptions import (
    COLLECT_RESPONSE,
    EMPTY_LIST,
    EXCEPTIONS,
    FRAME,
    OPTIONAL_FAILURE,
    SERIALIZED_THROWABLE,
    THROWABLE,
    TRACE,
    JavaClass,
)
from flinkmock.flink.java_serialization.object_stream import JavaValue, ObjectStream


def serialized_optional(value: JavaValue) -> bytes:
    """Return a value as accumulators are sent: `SerializedValue<OptionalFailure<Object>>`.

    An int is written as an Integer if it fits into one, else as a Long; `Long` forces the latter. Dicts are written as
    TreeMaps, lists as ArrayLists. Raises TypeError for other types.
    """
    stream = ObjectStream()

    def body() -> None:
        stream.null()  # no failure
        stream.value(value)
        stream.end()

    stream.object(OPTIONAL_FAILURE, body)
    return stream.written()


def serialized_collect_response(version: str, last_checkpointed_offset: int, rows: Sequence[bytes]) -> bytes:
    """Return a CollectCoordinationResponse, the response of the coordinator of a sink of `collect()`."""
    stream = ObjectStream()

    def body() -> None:
        stream.put(struct.pack(">q", last_checkpointed_offset))
        if rows:
            stream.value(list(rows))
        else:
            stream.object(EMPTY_LIST, lambda: None)
        stream.string(version)

    stream.object(COLLECT_RESPONSE, body)
    return stream.written()


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of a stack trace."""

    declaring_class: str
    method: str
    file: str
    line: int
    module: str | None = None


def serialized_exception(
    exception: JavaException, trace: str, frames: tuple[Frame, ...], *, class_in_message: bool = True
) -> bytes:
    """Return an exception as Flink's `SerializedThrowable`, which can be read without the classes of the user.

    If all classes of the chain are in EXCEPTIONS, it also contains the original exception, which Flink's clients show.
    Otherwise they show class, message and stack trace of the SerializedThrowable, as for an exception that can't be
    serialized.

    Args:
        exception: The exception.
        trace: The complete stack trace as text.
        frames: The frames of each throwable of the chain.
        class_in_message: Whether the message contains the class, as since 1.16.
    """
    stream = ObjectStream()
    _write_exception(stream, exception, trace, frames, class_in_message)
    return stream.written()


def _write_exception(
    stream: ObjectStream, exception: JavaException, trace: str, frames: tuple[Frame, ...], class_in_message: bool
) -> None:
    def body() -> None:
        if exception.cause is None:
            stream.null()
        else:
            caused_by = trace[max(trace.find("Caused by: "), 0) :]
            _write_exception(stream, exception.cause, caused_by, frames, class_in_message)
        stream.string(str(exception) if class_in_message else exception.message)
        stream.array(TRACE, [partial(_write_frame, stream, frame) for frame in frames])
        stream.object(EMPTY_LIST, lambda: None)
        stream.end()
        stream.string(trace)
        stream.string(exception.java_class)
        stream.byte_array(_original(exception, frames))

    stream.object(SERIALIZED_THROWABLE, body)


def _original(exception: JavaException, frames: tuple[Frame, ...]) -> bytes | None:
    """Return the serialized exception; None if EXCEPTIONS lacks a class in its chain."""
    if any(cause.java_class not in EXCEPTIONS for cause in exception.chain()):
        return None
    stream = ObjectStream()

    def write(throwable: JavaException) -> None:
        def body() -> None:
            if throwable.cause is None:
                stream.null()
            else:
                write(throwable.cause)
            stream.string(throwable.message)
            stream.array(TRACE, [partial(_write_frame, stream, frame) for frame in frames])
            stream.object(EMPTY_LIST, lambda: None)
            stream.end()
            for _ in range(_own_fields(EXCEPTIONS[throwable.java_class])):
                stream.null()

        stream.object(EXCEPTIONS[throwable.java_class], body)

    write(exception)
    return stream.written()


def _own_fields(described: JavaClass | None) -> int:
    """Return the number of fields of an exception in addition to those of Throwable."""
    if described is None or described == THROWABLE:
        return 0
    return len(described.fields) + _own_fields(described.parent)


def _write_frame(stream: ObjectStream, frame: Frame) -> None:
    def body() -> None:
        in_jdk = frame.module is not None
        stream.put(struct.pack(">bi", 2 if in_jdk else 1, frame.line))
        for text in (
            None if in_jdk else "app",
            frame.declaring_class,
            frame.file,
            frame.method,
            frame.module,
            None,
        ):
            stream.string(text)

    stream.object(FRAME, body)
