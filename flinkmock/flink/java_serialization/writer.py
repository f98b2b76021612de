"""Writes Java's object serialization for the responses of Flink: numbers, collections and throwables.

The bytes are those of `java.io.ObjectOutputStream` (Java Object Serialization Specification, chapter 6) and equal to
the recorded ones. A class or string that occurs again is written as a reference to its first occurrence.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from flinkmock.flink.java_exception import JavaException

MAGIC = b"\xac\xed\x00\x05"
_NULL, _REFERENCE, _CLASS, _OBJECT, _STRING, _ARRAY, _BLOCK, _END, _LONG_STRING = b"pqrstuwx|"
_BASE_HANDLE = 0x7E0000

JavaValue = bool | int | float | str | bytes | list["JavaValue"] | dict["JavaValue", "JavaValue"] | None


@dataclass(frozen=True)
class JavaClass:
    """The description of a class. `fields` are (name, type) in stream order: primitives first, then by name."""

    name: str
    uid: int
    fields: tuple[tuple[str, str], ...] = ()
    parent: JavaClass | None = None
    writes_more: bool = False
    """Whether the class has a writeObject method, which may write more than the fields."""


STRING = "Ljava/lang/String;"
NUMBER = JavaClass("java.lang.Number", 0x86AC951D0B94E08B)
INTEGER = JavaClass("java.lang.Integer", 0x12E2A0A4F7818738, (("value", "I"),), NUMBER)
LONG = JavaClass("java.lang.Long", 0x3B8BE490CC8F23DF, (("value", "J"),), NUMBER)
DOUBLE = JavaClass("java.lang.Double", 0x80B3C24A296BFB04, (("value", "D"),), NUMBER)
BOOLEAN = JavaClass("java.lang.Boolean", 0xCD207280D59CFAEE, (("value", "Z"),))
TREE_MAP = JavaClass("java.util.TreeMap", 0x0CC1F63E2D256AE6, (("comparator", "Ljava/util/Comparator;"),),
                     writes_more=True)  # fmt: skip
ARRAY_LIST = JavaClass("java.util.ArrayList", 0x7881D21D99C7619D, (("size", "I"),), writes_more=True)
EMPTY_LIST = JavaClass("java.util.Collections$EmptyList", 0x7AB817B43CA79EDE)
OPTIONAL_FAILURE = JavaClass("org.apache.flink.util.OptionalFailure", 1, (("failureCause", "Ljava/lang/Throwable;"),),
                             writes_more=True)  # fmt: skip
THROWABLE = JavaClass(
    "java.lang.Throwable",
    0xD5C635273977B8CB,
    (
        ("cause", "Ljava/lang/Throwable;"),
        ("detailMessage", STRING),
        ("stackTrace", "[Ljava/lang/StackTraceElement;"),
        ("suppressedExceptions", "Ljava/util/List;"),
    ),
    writes_more=True,
)
EXCEPTION = JavaClass("java.lang.Exception", 0xD0FD1F3E1A3B1CC4, (), THROWABLE)
SERIALIZED_THROWABLE = JavaClass(
    "org.apache.flink.util.SerializedThrowable",
    0x65169DF51FA713F3,
    (("fullStringifiedStackTrace", STRING), ("originalErrorClassName", STRING), ("serializedException", "[B")),
    EXCEPTION,
)
BYTES = JavaClass("[B", 0xACF317F8060854E0)


def _classes(parents: dict[str, tuple[int, str]]) -> dict[str, JavaClass]:
    known = {EXCEPTION.name: EXCEPTION}
    for name, (uid, parent) in parents.items():
        known[name] = JavaClass(name, uid & (1 << 64) - 1, _FIELDS.get(name, ()), known.get(parent, THROWABLE))
    return known


_FIELDS = {
    "org.apache.flink.runtime.client.JobExecutionException": (("jobID", "Lorg/apache/flink/api/common/JobID;"),),
}
"""The fields of the classes in EXCEPTIONS. All are objects."""


EXCEPTIONS = _classes({
    "java.lang.RuntimeException": (-7034897190745766939, "java.lang.Exception"),
    "java.lang.IllegalArgumentException": (-5365630128856068164, "java.lang.RuntimeException"),
    "java.lang.IllegalStateException": (-1848914673093119416, "java.lang.RuntimeException"),
    "java.lang.NullPointerException": (5162710183389028792, "java.lang.RuntimeException"),
    "java.lang.UnsupportedOperationException": (-1242599979055084673, "java.lang.RuntimeException"),
    "java.lang.ArithmeticException": (2256477558314496007, "java.lang.RuntimeException"),
    "java.lang.ClassCastException": (-9223365651070458532, "java.lang.RuntimeException"),
    "java.lang.NumberFormatException": (-2848938806368998894, "java.lang.IllegalArgumentException"),
    "java.lang.Error": (4980196508277280342, "java.lang.Throwable"),
    "java.lang.VirtualMachineError": (4161983926571568670, "java.lang.Error"),
    "java.lang.OutOfMemoryError": (8228564086184010517, "java.lang.VirtualMachineError"),
    "java.lang.IndexOutOfBoundsException": (234122996006267687, "java.lang.RuntimeException"),
    "java.util.NoSuchElementException": (6769829250639411880, "java.lang.RuntimeException"),
    "java.io.IOException": (7818375828146090155, "java.lang.Exception"),
    "java.io.EOFException": (6433858223774886977, "java.io.IOException"),
    "java.io.FileNotFoundException": (-897856973823710492, "java.io.IOException"),
    "java.net.SocketException": (-5935874303556886934, "java.io.IOException"),
    "java.net.ConnectException": (3831404271622369215, "java.net.SocketException"),
    "java.util.concurrent.TimeoutException": (1900926677490660714, "java.lang.Exception"),
    "java.util.concurrent.ExecutionException": (7830266012832686185, "java.lang.Exception"),
    "java.util.concurrent.CompletionException": (7830266012832686185, "java.lang.RuntimeException"),
    "org.apache.flink.util.FlinkException": (450688772469004724, "java.lang.Exception"),
    "org.apache.flink.util.FlinkRuntimeException": (193141189399279147, "java.lang.RuntimeException"),
    "org.apache.flink.runtime.JobException": (1275864691743020176, "org.apache.flink.util.FlinkException"),
    "org.apache.flink.runtime.client.JobExecutionException": (
        2818087325120827525,
        "org.apache.flink.util.FlinkException",
    ),
    "org.apache.flink.runtime.client.JobInitializationException": (
        2818087325120827526,
        "org.apache.flink.runtime.client.JobExecutionException",
    ),
})  # fmt: skip
"""The exceptions that can be written, with their serialVersionUID (JDK 11 and 17, Flink 1.12 and 2.3)."""
TRACE = JavaClass("[Ljava.lang.StackTraceElement;", 0x02462A3C3CFD2239)
FRAME = JavaClass(
    "java.lang.StackTraceElement",
    0x6109C59A2636DD85,
    (
        ("format", "B"),
        ("lineNumber", "I"),
        ("classLoaderName", STRING),
        ("declaringClass", STRING),
        ("fileName", STRING),
        ("methodName", STRING),
        ("moduleName", STRING),
        ("moduleVersion", STRING),
    ),
)


def serialized_optional(value: JavaValue) -> bytes:
    """Return a value as accumulators are sent: `SerializedValue<OptionalFailure<Object>>`.

    An int is written as an Integer if it fits into one, else as a Long; `Long` forces the latter. Dicts are written as
    TreeMaps, lists as ArrayLists. Raises TypeError for other types.
    """
    stream = _Stream()

    def body() -> None:
        stream.null()  # no failure
        stream.value(value)
        stream.put(bytes([_END]))

    stream.object(OPTIONAL_FAILURE, body)
    return stream.written()


_COLLECT = "org.apache.flink.streaming.api.operators.collect.Collect"
COLLECT_RESPONSE = JavaClass(
    f"{_COLLECT}CoordinationResponse",
    1,
    (("lastCheckpointedOffset", "J"), ("serializedResults", "Ljava/util/List;"), ("version", STRING)),
)


def serialized_collect_response(version: str, last_checkpointed_offset: int, rows: Sequence[bytes]) -> bytes:
    """Return a CollectCoordinationResponse, the response of the coordinator of a sink of `collect()`."""
    stream = _Stream()

    def body() -> None:
        stream.put(struct.pack(">q", last_checkpointed_offset))
        if rows:
            stream.value(list(rows))
        else:
            stream.object(EMPTY_LIST, lambda: None)
        stream.string(version)

    stream.object(COLLECT_RESPONSE, body)
    return stream.written()


class Long(int):
    """An int that is written as a `java.lang.Long` even if it is small."""


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
    stream = _Stream()
    _write_exception(stream, exception, trace, frames, class_in_message)
    return stream.written()


def _write_exception(
    stream: _Stream, exception: JavaException, trace: str, frames: tuple[Frame, ...], class_in_message: bool
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
        stream.put(bytes([_END]))
        stream.string(trace)
        stream.string(exception.java_class)
        stream.byte_array(_original(exception, frames))

    stream.object(SERIALIZED_THROWABLE, body)


def _original(exception: JavaException, frames: tuple[Frame, ...]) -> bytes | None:
    """Return the exception; None if EXCEPTIONS lacks the class of one in its chain."""
    if any(one.java_class not in EXCEPTIONS for one in exception.chain()):
        return None
    stream = _Stream()

    def write(one: JavaException) -> None:
        def body() -> None:
            if one.cause is None:
                stream.null()
            else:
                write(one.cause)
            stream.string(one.message)
            stream.array(TRACE, [partial(_write_frame, stream, frame) for frame in frames])
            stream.object(EMPTY_LIST, lambda: None)
            stream.put(bytes([_END]))
            for _ in range(_own_fields(EXCEPTIONS[one.java_class])):
                stream.null()

        stream.object(EXCEPTIONS[one.java_class], body)

    write(exception)
    return stream.written()


def _own_fields(described: JavaClass | None) -> int:
    """Return how many fields an exception has in addition to those of every Throwable."""
    if described is None or described == THROWABLE:
        return 0
    return len(described.fields) + _own_fields(described.parent)


def _write_frame(stream: _Stream, frame: Frame) -> None:
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


class _Stream:
    def __init__(self) -> None:
        self._out = bytearray(MAGIC)
        self._handles: dict[str | JavaClass, int] = {}
        self._count = 0

    def written(self) -> bytes:
        return bytes(self._out)

    def put(self, data: bytes) -> None:
        self._out += data

    def null(self) -> None:
        self._out.append(_NULL)

    def _handle(self, entry: str | JavaClass | None = None) -> None:
        if entry is not None:
            self._handles[entry] = self._count
        self._count += 1

    def _reference(self, entry: str | JavaClass) -> bool:
        if entry not in self._handles:
            return False
        self.put(struct.pack(">BI", _REFERENCE, _BASE_HANDLE + self._handles[entry]))
        return True

    def string(self, text: str | None) -> None:
        if text is None:
            self.null()
        elif not self._reference(text):
            data = modified_utf8(text)
            self._handle(text)
            if len(data) < 1 << 16:
                self.put(struct.pack(">BH", _STRING, len(data)) + data)
            else:
                self.put(struct.pack(">BQ", _LONG_STRING, len(data)) + data)

    def describe(self, described: JavaClass | None) -> None:
        if described is None:
            self.null()
        elif not self._reference(described):
            self.put(bytes([_CLASS]) + _utf(described.name) + struct.pack(">Q", described.uid))
            self._handle(described)
            self.put(struct.pack(">BH", 3 if described.writes_more else 2, len(described.fields)))
            for name, kind in described.fields:
                self.put(kind[:1].encode() + _utf(name))
                if kind[0] in "L[":
                    self.string(kind)
            self.put(bytes([_END]))
            self.describe(described.parent)

    def object(self, described: JavaClass, body: Callable[[], None]) -> None:
        """Write an object. `body` writes the values of the fields, those of the topmost parent first."""
        self.put(bytes([_OBJECT]))
        self.describe(described)
        self._handle()
        body()

    def array(self, described: JavaClass, items: list[Callable[[], None]]) -> None:
        self.put(bytes([_ARRAY]))
        self.describe(described)
        self._handle()
        self.put(struct.pack(">i", len(items)))
        for write in items:
            write()

    def byte_array(self, data: bytes | None) -> None:
        if data is None:
            self.null()
        else:
            self.put(bytes([_ARRAY]))
            self.describe(BYTES)
            self._handle()
            self.put(struct.pack(">I", len(data)) + data)

    def _block(self, number: int) -> None:
        self.put(struct.pack(">BBi", _BLOCK, 4, number))

    def value(self, value: JavaValue) -> None:
        if value is None:
            self.null()
        elif isinstance(value, bool):
            self.object(BOOLEAN, lambda: self.put(bytes([value])))
        elif isinstance(value, bytes):
            self.byte_array(value)
        elif isinstance(value, str):
            self.string(value)
        elif isinstance(value, float):
            self.object(DOUBLE, lambda: self.put(struct.pack(">d", value)))
        elif isinstance(value, int):
            small = not isinstance(value, Long) and -(1 << 31) <= value < 1 << 31
            self.object(INTEGER if small else LONG, lambda: self.put(struct.pack(">i" if small else ">q", value)))
        elif isinstance(value, list):
            self.object(ARRAY_LIST, lambda: self._list(value))
        elif isinstance(value, dict):
            self.object(TREE_MAP, lambda: self._map(value))
        else:
            raise TypeError(f"no Java class is known for {value!r}")

    def _list(self, items: list[JavaValue]) -> None:
        self.put(struct.pack(">i", len(items)))
        self._block(len(items))
        for item in items:
            self.value(item)
        self.put(bytes([_END]))

    def _map(self, entries: dict[JavaValue, JavaValue]) -> None:
        self.null()  # no comparator
        self._block(len(entries))
        for key, item in entries.items():
            self.value(key)
            self.value(item)
        self.put(bytes([_END]))


def _utf(text: str) -> bytes:
    data = modified_utf8(text)
    return struct.pack(">H", len(data)) + data


def modified_utf8(text: str) -> bytes:
    """Encode as DataOutput.writeUTF does: NUL as two bytes, characters outside of the first plane as two surrogates."""
    units = memoryview(text.encode("utf-16-be", "surrogatepass"))
    out = bytearray()
    for index in range(0, len(units), 2):
        unit = units[index] << 8 | units[index + 1]
        if 0 < unit < 0x80:
            out.append(unit)
        elif unit < 0x800:
            out += bytes((0xC0 | unit >> 6, 0x80 | unit & 0x3F))
        else:
            out += bytes((0xE0 | unit >> 12, 0x80 | unit >> 6 & 0x3F, 0x80 | unit & 0x3F))
    return bytes(out)
