"""Java's serialization, against bytes that real clusters sent."""

import base64

import pytest

from flinkmock.flink.java_exception import JavaException
from flinkmock.flink.java_serialization.object_stream import Long, modified_utf8
from flinkmock.flink.java_serialization.writer import Frame, serialized_exception, serialized_optional
from tests.fidelity.recordings import RECORDINGS, load

TYPES = {"IntCounter": int, "LongCounter": Long, "DoubleCounter": float, "AverageAccumulator": float}


def recorded_accumulators():
    for version in ("2.3.0", "1.20.5", "1.12.5"):
        for suite in ("job-running", "lifecycle"):
            for step in load(RECORDINGS / version / f"{suite}.json.gz"):
                body = step.get("response", {}).get("body")
                if isinstance(body, dict) and body.get("serialized-user-task-accumulators"):
                    texts = {entry["name"]: entry for entry in body["user-task-accumulators"]}
                    for name, data in body["serialized-user-task-accumulators"].items():
                        yield pytest.param(
                            texts[name]["type"], texts[name]["value"], data, id=f"{version} {name} {data[-9:]}"
                        )


def value_of(type, text):
    if type == "Histogram":
        pairs = (pair.split("=") for pair in text.strip("{}").split(", "))
        return {int(key): int(value) for key, value in pairs}
    if type == "ListAccumulator":
        return [Long(item) for item in text.strip("[]").split(", ")]
    return TYPES[type](text)


@pytest.mark.parametrize(("type", "text", "data"), list(recorded_accumulators()))
def test_an_accumulator_has_the_bytes_of_the_real_one(type, text, data):
    assert base64.b64encode(serialized_optional(value_of(type, text))).decode() == data


def test_other_values_are_refused():
    with pytest.raises(TypeError, match="no Java class is known for set"):
        serialized_optional(set())  # type: ignore[arg-type]


def test_a_throwable_begins_like_a_recorded_one():
    text = "Could not find Flink job (0123456789abcdef0123456789abcdef)"
    cause = JavaException("org.apache.flink.runtime.messages.FlinkJobNotFoundException", text)
    exception = JavaException("java.util.concurrent.CompletionException", str(cause), cause)
    name = "org.apache.flink.runtime.dispatcher.Dispatcher"
    frames = tuple(Frame(name, method, "Dispatcher.java", line) for method, line in (
        ("getJobMasterGateway", 2432), ("performOperationOnJobMasterGateway", 2447)))  # fmt: skip
    steps = load(RECORDINGS / "2.3.0" / "savepoints.json.gz")
    step = next(step for step in steps if step["step"] == "poll full body, an unknown job")
    recorded = step["response"]["body"]["operation"]["failure-cause"]["serialized-throwable"].split(" [cut")[0]
    real = base64.b64decode(recorded[: len(recorded) // 4 * 4])
    ours = serialized_exception(exception, "trace", frames)
    # up to the number of frames, which is two here and 37 there, and then up to the end of the second frame
    count = real.index(b"StackTraceElement;\x02") + len(b"StackTraceElement;") + 8 + 5
    assert ours[:count] == real[:count]
    end = real.index(b"performOperationOnJobMasterGateway") + len(b"performOperationOnJobMasterGateway") + 2
    assert ours[count + 4 : end] == real[count + 4 : end]


def test_characters_are_encoded_as_java_does():
    assert modified_utf8("aé€\0") == b"a\xc3\xa9\xe2\x82\xac\xc0\x80"
    assert modified_utf8("😀") == b"\xed\xa0\xbd\xed\xb8\x80"
