"""Path and query parameters.

See docs/flink-behaviour.md#path-parameters and docs/flink-behaviour.md#query-parameters.
"""

from typing import Any

import pytest

from flinkmock.contract import Contract
from flinkmock.rest.parameters import BadParameter, duplicate_value_error, path_values, query_values

CONTRACT = Contract.load("2.3")
ID = "0123456789abcdef0123456789abcdef"


def converted_path(operation: str, **values: str) -> dict[str, Any]:
    return path_values(CONTRACT.operation(operation), values)


def converted_query(operation: str, **values: list[str]) -> dict[str, Any]:
    return query_values(CONTRACT.operation(operation), values)


@pytest.mark.parametrize(
    ("text", "job_id"),
    [
        (ID, ID),
        (ID.upper(), ID),
        (ID + "0", ID),
        (ID + " ", ID),
        ("-1234567890abcdef1234567890abcdef", "ff234567890abcdef1234567890abcde"),
        ("٣" * 32, "33" * 16),
        ("\uff10" * 32, "00" * 16),
        ("\uff41\uff21" * 16, "aa" * 16),
    ],
)
def test_ids_are_converted_as_in_flink(text: str, job_id: str) -> None:
    assert converted_path("getJobDetails", jobid=text) == {"jobid": job_id}


@pytest.mark.parametrize(
    "text", ["nohex", "123", ID[:31], ID + "00", "z" * 32, " ", "01234567-89ab-cdef-0123-456789abcdef"]
)
def test_invalid_ids_are_rejected(text: str) -> None:
    with pytest.raises(BadParameter) as raised:
        converted_path("getJobDetails", jobid=text)
    assert str(raised.value) == f'Cannot resolve path parameter (jobid) from value "{text}".'


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("00", 0), ("-0", 0), ("٠", 0), ("+1", 1), ("2147483647", 2147483647)]
)
def test_subtask_indexes_are_converted_as_in_java(text: str, number: int) -> None:
    values = converted_path("getSubtaskCurrentAttemptDetails", jobid=ID, vertexid=ID, subtaskindex=text)
    assert values["subtaskindex"] == number


@pytest.mark.parametrize("text", ["-1", " 1", "x", "", "2147483648", "1.0"])
def test_invalid_subtask_indexes_are_rejected(text: str) -> None:
    with pytest.raises(BadParameter, match="subtaskindex"):
        converted_path("getSubtaskCurrentAttemptDetails", jobid=ID, vertexid=ID, subtaskindex=text)


def test_attempts_may_be_negative() -> None:
    values = converted_path("getSubtaskExecutionAttemptDetails", jobid=ID, vertexid=ID, subtaskindex="0", attempt="-1")
    assert values["attempt"] == -1


@pytest.mark.parametrize("jar_id", ["a/b.jar", "\0.jar"])
def test_a_jar_id_is_a_file_name(jar_id: str) -> None:
    with pytest.raises(BadParameter, match="jarid"):
        converted_path("deleteJar", jarid=jar_id)
    assert converted_path("deleteJar", jarid="..") == {"jarid": ".."}


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        ("getJobMetrics", {"get": ["a,b"]}, {"get": ["a", "b"]}),
        ("getJobMetrics", {"get": ["a", "b"]}, {"get": ["a", "b"]}),
        ("getJobMetrics", {"get": [""]}, {"get": [""]}),
        ("getJobMetrics", {"get": ["", ""]}, {}),  # in Java, ",".split(",") is empty, "".split(",") is not
        ("getJobMetrics", {"get": ["x,"]}, {"get": ["x"]}),
        ("getJobMetrics", {"GET": ["x"]}, {}),
        ("getAggregatedJobMetrics", {"agg": ["MAX,sum"]}, {"agg": ["max", "sum"]}),
        ("getAggregatedJobMetrics", {"jobs": [ID.upper()]}, {"jobs": [ID]}),
        ("getJobVertexFlameGraph", {"type": ["ON_CPU"]}, {"type": ["on_cpu"]}),
        ("getJobAccumulators", {"includeSerializedValue": ["maybe"]}, {"includeSerializedValue": [False]}),
        ("getJobAccumulators", {"includeSerializedValue": ["TRUE"]}, {"includeSerializedValue": [True]}),
        ("getJobExceptions", {"maxExceptions": [","]}, {}),
        ("getJobExceptions", {"maxExceptions": ["-1"]}, {"maxExceptions": [-1]}),
        ("getJobExceptions", {"failureLabelFilter": ["a:b:,:d"]}, {"failureLabelFilter": [("a", "b"), ("", "d")]}),
        ("cancelJob", {"mode": ["Cancel"]}, {"mode": ["cancel"]}),
    ],
)
def test_query_values_are_converted(operation: str, parameters: dict[str, list[str]], expected: dict[str, Any]) -> None:
    assert converted_query(operation, **parameters) == expected


@pytest.mark.parametrize(
    ("operation", "name", "values"),
    [
        ("cancelJob", "mode", [""]),
        ("cancelJob", "mode", ["nope"]),
        ("getAggregatedJobMetrics", "agg", ["max", "median"]),
        ("getJobExceptions", "maxExceptions", ["abc"]),
        ("getJobExceptions", "failureLabelFilter", ["nocolon"]),
        ("getJobExceptions", "failureLabelFilter", ["a::b"]),
        ("getJobExceptions", "failureLabelFilter", ["a:"]),
    ],
)
def test_invalid_query_values_are_rejected(operation: str, name: str, values: list[str]) -> None:
    with pytest.raises(BadParameter) as raised:
        converted_query(operation, **{name: values})
    assert str(raised.value) == f'Cannot resolve query parameter ({name}) from value "{",".join(values)}".'


def test_only_jar_handlers_require_a_single_value() -> None:
    run, query = CONTRACT.operation("submitJobFromJar"), {"parallelism": [1, 2]}
    assert duplicate_value_error(run, query, {}) == "Expected only one value [1, 2]."
    assert (
        duplicate_value_error(run, {"allowNonRestoredState": [True, False]}, {})
        == "Expected only one value [true, false]."
    )
    assert duplicate_value_error(run, query, {"parallelism": 3}) is None  # the body takes precedence
    assert duplicate_value_error(run, {"programArg": ["a", "b"]}, {}) is None
    assert (
        duplicate_value_error(CONTRACT.operation("getJobAccumulators"), {"includeSerializedValue": [True, True]}, {})
        is None
    )
