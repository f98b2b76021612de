"""Descriptors of the Java classes whose objects can be written: name, serialVersionUID, fields."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class JavaClass:
    """The descriptor of a class.

    Attributes:
        uid: The serialVersionUID as an unsigned 64-bit number.
        fields: Names and type descriptors in the order of the stream: primitives first, then by name.
        has_write_method: Whether the class has a writeObject method, which may write more than the fields.
    """

    name: str
    uid: int
    fields: tuple[tuple[str, str], ...] = ()
    parent: JavaClass | None = None
    has_write_method: bool = False


STRING = "Ljava/lang/String;"
NUMBER = JavaClass("java.lang.Number", 0x86AC951D0B94E08B)
INTEGER = JavaClass("java.lang.Integer", 0x12E2A0A4F7818738, (("value", "I"),), NUMBER)
LONG = JavaClass("java.lang.Long", 0x3B8BE490CC8F23DF, (("value", "J"),), NUMBER)
DOUBLE = JavaClass("java.lang.Double", 0x80B3C24A296BFB04, (("value", "D"),), NUMBER)
BOOLEAN = JavaClass("java.lang.Boolean", 0xCD207280D59CFAEE, (("value", "Z"),))
TREE_MAP = JavaClass("java.util.TreeMap", 0x0CC1F63E2D256AE6, (("comparator", "Ljava/util/Comparator;"),),
                     has_write_method=True)  # fmt: skip
ARRAY_LIST = JavaClass("java.util.ArrayList", 0x7881D21D99C7619D, (("size", "I"),), has_write_method=True)
EMPTY_LIST = JavaClass("java.util.Collections$EmptyList", 0x7AB817B43CA79EDE)
OPTIONAL_FAILURE = JavaClass("org.apache.flink.util.OptionalFailure", 1, (("failureCause", "Ljava/lang/Throwable;"),),
                             has_write_method=True)  # fmt: skip
THROWABLE = JavaClass(
    "java.lang.Throwable",
    0xD5C635273977B8CB,
    (
        ("cause", "Ljava/lang/Throwable;"),
        ("detailMessage", STRING),
        ("stackTrace", "[Ljava/lang/StackTraceElement;"),
        ("suppressedExceptions", "Ljava/util/List;"),
    ),
    has_write_method=True,
)
EXCEPTION = JavaClass("java.lang.Exception", 0xD0FD1F3E1A3B1CC4, (), THROWABLE)
SERIALIZED_THROWABLE = JavaClass(
    "org.apache.flink.util.SerializedThrowable",
    0x65169DF51FA713F3,
    (("fullStringifiedStackTrace", STRING), ("originalErrorClassName", STRING), ("serializedException", "[B")),
    EXCEPTION,
)
BYTE_ARRAY = JavaClass("[B", 0xACF317F8060854E0)


def _exception_classes(uids_and_parents: dict[str, tuple[int, str]]) -> dict[str, JavaClass]:
    """Return the descriptors of exception classes by name. A class comes after its parent."""
    classes = {THROWABLE.name: THROWABLE, EXCEPTION.name: EXCEPTION}
    for name, (uid, parent) in uids_and_parents.items():
        unsigned_uid = uid & (1 << 64) - 1
        classes[name] = JavaClass(name, unsigned_uid, _FIELDS_OF_EXCEPTIONS.get(name, ()), classes[parent])
    del classes[THROWABLE.name]
    return classes


_FIELDS_OF_EXCEPTIONS = {
    "org.apache.flink.runtime.client.JobExecutionException": (("jobID", "Lorg/apache/flink/api/common/JobID;"),),
}
"""The fields that classes in EXCEPTIONS add to those of their parents. All of them hold objects."""

EXCEPTIONS = _exception_classes({
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
STACK_TRACE_ELEMENT_ARRAY = JavaClass("[Ljava.lang.StackTraceElement;", 0x02462A3C3CFD2239)
STACK_TRACE_ELEMENT = JavaClass(
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
_COLLECT = "org.apache.flink.streaming.api.operators.collect.Collect"
COLLECT_RESPONSE = JavaClass(
    f"{_COLLECT}CoordinationResponse",
    1,
    (("lastCheckpointedOffset", "J"), ("serializedResults", "Ljava/util/List;"), ("version", STRING)),
)
