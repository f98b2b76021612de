"""The writer of Java's serialization writes the bytes that real clusters send."""

import base64

import pytest

from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.java_serialization.modified_utf8 import modified_utf8
from flinkmock.flink.java_serialization.object_stream import Long
from flinkmock.flink.java_serialization.writer import (
    StackTraceElement,
    serialized_accumulator_value,
    serialized_exception,
)
from tests.fidelity.recordings import RECORDINGS, load

PYTHON_TYPES = {"IntCounter": int, "LongCounter": Long, "DoubleCounter": float, "AverageAccumulator": float}


def recorded_accumulators():
    """Yield the type, the text and the serialized value of each recorded accumulator."""
    for version in ("2.3.0", "1.20.5", "1.12.5"):
        for suite in ("job-running", "lifecycle"):
            for step in load(RECORDINGS / version / f"{suite}.json.gz"):
                body = step.get("response", {}).get("body")
                if not isinstance(body, dict) or not body.get("serialized-user-task-accumulators"):
                    continue
                accumulators = {entry["name"]: entry for entry in body["user-task-accumulators"]}
                for name, data in body["serialized-user-task-accumulators"].items():
                    accumulator = accumulators[name]
                    yield pytest.param(
                        accumulator["type"], accumulator["value"], data, id=f"{version} {name} {data[-9:]}"
                    )


def value_of(accumulator_type, text):
    """Return the value of an accumulator from its type and the text of its value in the response."""
    if accumulator_type == "Histogram":
        pairs = (pair.split("=") for pair in text.strip("{}").split(", "))
        return {int(key): int(value) for key, value in pairs}
    if accumulator_type == "ListAccumulator":
        return [Long(item) for item in text.strip("[]").split(", ")]
    return PYTHON_TYPES[accumulator_type](text)


@pytest.mark.parametrize(("accumulator_type", "text", "data"), list(recorded_accumulators()))
def test_an_accumulator_has_the_recorded_bytes(accumulator_type, text, data):
    assert base64.b64encode(serialized_accumulator_value(value_of(accumulator_type, text))).decode() == data


def test_values_of_other_types_are_rejected():
    with pytest.raises(TypeError, match="no Java class is known for set"):
        serialized_accumulator_value(set())  # type: ignore[arg-type]


def test_an_exception_begins_with_the_recorded_bytes():
    """The recorded exception has 37 frames, but the recording is cut. The written one has the first two frames, so the
    numbers of frames differ.
    """
    text = "Could not find Flink job (0123456789abcdef0123456789abcdef)"
    cause = JavaException("org.apache.flink.runtime.messages.FlinkJobNotFoundException", text)
    exception = JavaException("java.util.concurrent.CompletionException", str(cause), cause)
    name = "org.apache.flink.runtime.dispatcher.Dispatcher"
    frames = (
        StackTraceElement(name, "getJobMasterGateway", "Dispatcher.java", 2432),
        StackTraceElement(name, "performOperationOnJobMasterGateway", "Dispatcher.java", 2447),
    )
    written = serialized_exception(exception, "trace", frames)
    steps = load(RECORDINGS / "2.3.0" / "savepoints.json.gz")
    step = next(step for step in steps if step["step"] == "poll full body, an unknown job")
    recorded = step["response"]["body"]["operation"]["failure-cause"]["serialized-throwable"].split(" [cut")[0]
    real = base64.b64decode(recorded[: len(recorded) // 4 * 4])
    array_class = b"StackTraceElement;\x02"
    # the rest of the class: serialVersionUID (begins with 02), flags, number of fields, end of data, no superclass
    frame_count_offset = real.index(array_class) + len(array_class) + 12
    assert written[:frame_count_offset] == real[:frame_count_offset]
    last_method = b"performOperationOnJobMasterGateway"
    frames_start = frame_count_offset + 4
    frames_end = real.index(last_method) + len(last_method) + 2  # null for the module and for its version
    assert written[frames_start:frames_end] == real[frames_start:frames_end]


def test_characters_are_encoded_as_in_java():
    assert modified_utf8("aé€\0") == b"a\xc3\xa9\xe2\x82\xac\xc0\x80"
    assert modified_utf8("😀") == b"\xed\xa0\xbd\xed\xb8\x80"
