"""Serialized objects that Java would not write."""

from __future__ import annotations

import struct

import pytest

from flinkmock import limits
from flinkmock.cluster.submission.plan_decoder import SubmittedPlan, decode_plan
from flinkmock.flink.java_serialization.reader import BadStream, JavaObject, read_object
from flinkmock.flink.java_serialization.stream_constants import (
    BASE_HANDLE,
    HEADER,
    SC_SERIALIZABLE,
    TC_ARRAY,
    TC_CLASS,
    TC_CLASSDESC,
    TC_ENDBLOCKDATA,
    TC_ENUM,
    TC_NULL,
    TC_REFERENCE,
)

NULL = bytes([TC_NULL])


def class_descriptor(name: str, parent: bytes = NULL) -> bytes:
    """Return the description of a serializable class without fields, whose serialVersionUID is 0."""
    uid, field_count = bytes(8), b"\0\0"
    beginning = struct.pack(">BH", TC_CLASSDESC, len(name)) + name.encode() + uid
    return beginning + bytes([SC_SERIALIZABLE]) + field_count + bytes([TC_ENDBLOCKDATA]) + parent


def reference(handle: int) -> bytes:
    return struct.pack(">BI", TC_REFERENCE, BASE_HANDLE + handle)


def array(type_code: str, length: int, elements: bytes) -> bytes:
    return bytes([TC_ARRAY]) + class_descriptor(f"[{type_code}") + struct.pack(">i", length) + elements


def rejection_message(data: bytes) -> str:
    with pytest.raises(BadStream) as error:
        read_object(HEADER + data)
    return str(error.value)


def test_an_enum_whose_name_is_a_list_is_rejected() -> None:
    """Each list contains the previous one twice, so that the text of the name would double with each list."""
    lists = class_descriptor("[L")
    # handles: 0 to 3 for the enum and the array of names, with their classes; 4 for `lists`; 5 for the first list
    nested = bytes([TC_ARRAY]) + lists + struct.pack(">i", 0)
    for depth in range(100):
        nested += bytes([TC_ARRAY]) + reference(4) + struct.pack(">i", 2) + reference(5 + depth) * 2
    names = array("L", 101, nested)
    assert rejection_message(bytes([TC_ENUM]) + class_descriptor("E") + names) == (
        "java.io.StreamCorruptedException: invalid type code: 75"
    )


def test_the_number_of_superclasses_is_limited() -> None:
    """Class n + 1 is a subclass of class n."""
    classes, parent = b"", NULL
    for n in range(limits.JAVA_PARENTS + 2):
        classes += bytes([TC_CLASS]) + class_descriptor(f"C{n}", parent)
        parent = reference(2 + 2 * n)  # each class takes two handles: its descriptor and the Class object
    text = rejection_message(array("L", limits.JAVA_PARENTS + 2, classes))
    assert text == "java.io.InvalidClassException: filter status: REJECTED"


@pytest.mark.parametrize(("type_code", "element"), [("L", NULL), ("I", bytes(4)), ("Z", b"\0")])
def test_the_length_of_arrays_is_limited(type_code: str, element: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "JAVA_VALUES", 1_000)
    assert len(read_object(HEADER + array(type_code, 900, element * 900))) == 900
    assert rejection_message(array(type_code, 1_100, element * 1_100)).endswith("filter status: REJECTED")


def test_a_negative_array_length_is_rejected() -> None:
    assert rejection_message(array("I", -5, b"")) == "java.lang.NegativeArraySizeException: -5"


def test_the_number_of_levels_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that is nested too deeply is rejected with the error for an unknown type code."""
    monkeypatch.setattr(limits, "JAVA_DEPTH", 3)
    nested = NULL
    for _ in range(5):
        nested = array("L", 1, nested)
    assert rejection_message(nested).startswith("java.io.StreamCorruptedException: invalid type code: ")


def job_graph(vertices: list[JavaObject]) -> JavaObject:
    # a Java map writes its size first
    keys_and_values = [None] + [item for n, vertex in enumerate(vertices) for item in (n, vertex)]
    task_vertices = JavaObject("Map", annotations=keys_and_values)
    return JavaObject("JobGraph", {"jobName": "orders", "taskVertices": task_vertices})


def vertex(number: int, **fields: object) -> JavaObject:
    vertex_id = JavaObject("Id", {"lowerPart": number, "upperPart": 0})
    return JavaObject(
        "JobVertex", {"name": "a", "parallelism": 1, "id": vertex_id, "inputs": JavaObject("List")} | fields
    )


class Unprintable(list):
    """Stands for an object whose text would be endless."""

    def __repr__(self) -> str:
        raise AssertionError("the object is formatted")


@pytest.mark.parametrize(
    "graph",
    [
        job_graph([vertex(1, parallelism=Unprintable())]),
        job_graph([vertex(1, parallelism="2")]),
        job_graph([vertex(1, name=Unprintable())]),
        JavaObject("JobGraph", {"jobName": "orders", "jobType": Unprintable()}),
        JavaObject("JobGraph", {"jobName": "orders", "taskVertices": JavaObject("Map", {"a": 5})}),
    ],
)
def test_graphs_with_fields_of_unexpected_types_are_ignored(graph: JavaObject) -> None:
    assert decode_plan(graph) == SubmittedPlan(name="orders")


def test_a_collection_that_contains_itself_is_ignored() -> None:
    collection = JavaObject("List")
    collection.fields["a"] = collection
    assert decode_plan(JavaObject("JobGraph", {"jobName": "orders", "taskVertices": collection})).vertices == ()


def test_the_number_of_vertices_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "JAVA_VERTICES", 2)
    assert len(decode_plan(job_graph([vertex(n) for n in range(2)])).vertices) == 2
    assert decode_plan(job_graph([vertex(n) for n in range(3)])) == SubmittedPlan(name="orders")
