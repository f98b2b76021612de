"""Serializes what Flink's responses contain: values of accumulators, exceptions and the rows of `collect()`.

The format is Java's object serialization. The bytes are the same as in the recordings.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.java_serialization.class_descriptors import (
    COLLECT_RESPONSE,
    EMPTY_LIST,
    EXCEPTIONS,
    OPTIONAL_FAILURE,
    SERIALIZED_THROWABLE,
    STACK_TRACE_ELEMENT,
    STACK_TRACE_ELEMENT_ARRAY,
    THROWABLE,
    JavaClass,
)
from flinkmock.flink.java_serialization.object_stream import ObjectStream, SerializableValue


def serialized_accumulator_value(value: SerializableValue) -> bytes:
    """Return the value of an accumulator as Flink sends it: `SerializedValue<OptionalFailure<Object>>`.

    An int becomes an Integer; a `Long` and an int that is too large for an Integer become a Long. A dict becomes a
    TreeMap, a list an ArrayList.

    Raises:
        TypeError: The type has no Java class.
    """
    stream = ObjectStream()

    def write_fields() -> None:
        stream.write_null()  # the failure cause
        stream.write_value(value)
        stream.write_end_of_block_data()

    stream.write_object(OPTIONAL_FAILURE, write_fields)
    return stream.to_bytes()


def serialized_collect_response(version: str, last_checkpointed_offset: int, rows: Sequence[bytes]) -> bytes:
    """Return a CollectCoordinationResponse, the response of the coordinator of a sink of `collect()`."""
    stream = ObjectStream()

    def write_fields() -> None:
        stream.write_raw(struct.pack(">q", last_checkpointed_offset))
        if rows:
            stream.write_value(list(rows))
        else:
            stream.write_object(EMPTY_LIST, lambda: None)
        stream.write_string(version)

    stream.write_object(COLLECT_RESPONSE, write_fields)
    return stream.to_bytes()


@dataclass(frozen=True, slots=True)
class StackTraceElement:
    """A frame of a stack trace, as `java.lang.StackTraceElement` has it."""

    declaring_class: str
    method: str
    file: str
    line: int
    module: str | None = None


def serialized_exception(
    exception: JavaException, trace: str, frames: tuple[StackTraceElement, ...], *, has_class_in_message: bool = True
) -> bytes:
    """Return an exception as Flink's `SerializedThrowable`, which can be read without the classes of the user.

    If EXCEPTIONS has the classes of the exception and its causes, the SerializedThrowable contains the exception, which
    Flink's clients show. Otherwise they show the class, message and stack trace of the SerializedThrowable.

    Args:
        exception: The exception.
        trace: The complete stack trace as text.
        frames: The frames of the exception. Each of its causes gets the same frames.
        has_class_in_message: Whether the messages contain the classes, as they do since 1.16.
    """
    stream = ObjectStream()
    _write_exception(stream, exception, trace, frames, has_class_in_message)
    return stream.to_bytes()


def _write_exception(
    stream: ObjectStream,
    exception: JavaException,
    trace: str,
    frames: tuple[StackTraceElement, ...],
    has_class_in_message: bool,
) -> None:
    def write_fields() -> None:
        if exception.cause is None:
            stream.write_null()
        else:
            caused_by = trace[max(trace.find("Caused by: "), 0) :]
            _write_exception(stream, exception.cause, caused_by, frames, has_class_in_message)
        stream.write_string(str(exception) if has_class_in_message else exception.message)
        stream.write_array(
            STACK_TRACE_ELEMENT_ARRAY, [partial(_write_stack_trace_element, stream, frame) for frame in frames]
        )
        stream.write_object(EMPTY_LIST, lambda: None)
        stream.write_end_of_block_data()
        stream.write_string(trace)
        stream.write_string(exception.java_class)
        stream.write_byte_array(_serialized_original(exception, frames))

    stream.write_object(SERIALIZED_THROWABLE, write_fields)


def _serialized_original(exception: JavaException, frames: tuple[StackTraceElement, ...]) -> bytes | None:
    """Return the serialized exception, or None if EXCEPTIONS lacks its class or the class of a cause."""
    if any(cause.java_class not in EXCEPTIONS for cause in exception.chain()):
        return None
    stream = ObjectStream()

    def write_throwable(throwable: JavaException) -> None:
        def write_fields() -> None:
            if throwable.cause is None:
                stream.write_null()
            else:
                write_throwable(throwable.cause)
            stream.write_string(throwable.message)
            stream.write_array(
                STACK_TRACE_ELEMENT_ARRAY, [partial(_write_stack_trace_element, stream, frame) for frame in frames]
            )
            stream.write_object(EMPTY_LIST, lambda: None)
            stream.write_end_of_block_data()
            for _ in range(_field_count(EXCEPTIONS[throwable.java_class])):
                stream.write_null()

        stream.write_object(EXCEPTIONS[throwable.java_class], write_fields)

    write_throwable(exception)
    return stream.to_bytes()


def _field_count(java_class: JavaClass | None) -> int:
    """Return the number of fields that an exception has in addition to the fields of Throwable."""
    if java_class is None or java_class == THROWABLE:
        return 0
    return len(java_class.fields) + _field_count(java_class.parent)


_BUILTIN_CLASS_LOADER, _JDK_NON_UPGRADEABLE_MODULE = 1, 2
"""Values of the field `format`, with the names that StackTraceElement has for them."""


def _write_stack_trace_element(stream: ObjectStream, frame: StackTraceElement) -> None:
    def write_fields() -> None:
        is_in_jdk = frame.module is not None
        format_flags = _JDK_NON_UPGRADEABLE_MODULE if is_in_jdk else _BUILTIN_CLASS_LOADER
        stream.write_raw(struct.pack(">bi", format_flags, frame.line))
        stream.write_string(None if is_in_jdk else "app")  # the name of the class loader
        stream.write_string(frame.declaring_class)
        stream.write_string(frame.file)
        stream.write_string(frame.method)
        stream.write_string(frame.module)
        stream.write_string(None)  # the version of the module

    stream.write_object(STACK_TRACE_ELEMENT, write_fields)
