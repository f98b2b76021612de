"""Request bodies are read as by Jackson. tests/server/test_recordings.py checks the recorded messages.

See docs/flink-behaviour.md#request-bodies and docs/flink-behaviour.md#json-parsing.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flinkmock.contract import Contract, known_releases
from flinkmock.rest.error_responses import RestRequestRejected
from flinkmock.rest.jackson.binding import BodyReader
from flinkmock.rest.jackson.coercion import jackson_order
from flinkmock.rest.release_quirks import ReleaseQuirks

ID = "0123456789abcdef0123456789abcdef"


def read(raw: bytes, operation: str = "triggerSavepoint", release: str = "2.3") -> dict[str, Any]:
    contract = Contract.load(release)
    body = BodyReader(contract, ReleaseQuirks.of(contract.release)).read(contract.operation(operation), raw)
    assert body is not None
    return body


def rejection(raw: bytes, operation: str = "triggerSavepoint", release: str = "2.3") -> tuple[int, list[str]]:
    with pytest.raises(RestRequestRejected) as raised:
        read(raw, operation, release)
    return raised.value.response.status, json.loads(raised.value.response.body)["errors"]


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (b"", {}),
        (b"{}", {}),
        (b"{}x", {}),
        (b"{}}", {}),
        (b'{"nope":1}{"nope":2}', {}),
        (b'{"cancel-job": null, "target-directory": null}', {"cancel-job": None, "target-directory": None}),
        (b'{"cancel-job": "true"}', {"cancel-job": True}),
        (b'{"cancel-job": 0}', {"cancel-job": False}),
        (b'{"target-directory": 5}', {"target-directory": "5"}),
        (b'{"target-directory": 1.50}', {"target-directory": "1.50"}),
        (b'{"target-directory": false}', {"target-directory": "false"}),
        (b'{"target-directory": "a", "target-directory": "b"}', {"target-directory": "b"}),
        (b'{"formatType": "NATIVE"}', {"formatType": "NATIVE"}),
        (b'{"formatType": 1}', {"formatType": "NATIVE"}),
        (b'{"nope": 1e999, "\\ud800": "\\ud800"}', {}),
        (b'\xef\xbb\xbf{"cancel-job":true}', {"cancel-job": True}),
        ('{"cancel-job":true}'.encode("utf-16"), {"cancel-job": True}),
        ('{"cancel-job":true}'.encode("utf-32"), {"cancel-job": True}),
        (b'{"triggerId": "%s"}' % ID.upper().encode(), {"triggerId": ID}),
    ],
)
def test_savepoint_bodies_are_read_as_in_jackson(raw: bytes, body: dict[str, Any]) -> None:
    assert read(raw) == body


def test_fields_of_run_bodies_are_converted() -> None:
    raw = b'{"programArgsList": ["--n", 5, null], "parallelism": "3", "flinkConfiguration": {"a": 1}, "jobId": null}'
    assert read(raw, "submitJobFromJar") == {
        "programArgsList": ["--n", "5", None],
        "parallelism": 3,
        "flinkConfiguration": {"a": "1"},
        "jobId": None,
    }


def test_numbers_for_integer_fields_are_truncated() -> None:
    assert read(b'{"parallelism": 2.9}', "submitJobFromJar") == {"parallelism": 2}


def test_numbers_are_trimmed_as_in_java() -> None:
    """In 1.12.5, `"\\u0000"` counts as an empty text, and an empty text as null."""
    assert read(b'{"parallelism": "\\u0000"}', "submitJobFromJar") == {"parallelism": None}
    assert read(b'{"parallelism": "\\u0000 2 "}', "submitJobFromJar") == {"parallelism": 2}
    rejection('{"parallelism": "\u00a02"}'.encode(), "submitJobFromJar")


def test_requirements_are_keyed_by_lower_case_ids() -> None:
    raw = b'{"%s": {"parallelism": {"lowerBound": 1, "upperBound": 2}}}' % ID.upper().encode()
    bounds = {"parallelism": {"lowerBound": 1, "upperBound": 2}}
    assert read(raw, "updateJobResourceRequirements") == {ID: bounds}


def test_the_plan_may_have_its_old_field_name() -> None:
    assert read(b'{"jobGraphFileName": "x"}', "submitJob") == {"executionPlanFileName": "x"}
    assert read(b'{"jobGraphFileName": "x"}', "submitJob", "1.20") == {"jobGraphFileName": "x"}


@pytest.mark.parametrize("value", [b"true", b"1234", b"1.5", b"[1]", b"{}"])
@pytest.mark.parametrize("release", ["1.12", "2.3"])
def test_serialized_requests_must_be_strings(value: bytes, release: str) -> None:
    """Observed on 1.12.5: `{"serializedCoordinationRequest": true}`."""
    status, errors = rejection(b'{"serializedCoordinationRequest": %s}' % value, "postClientCoordination", release)
    assert status == 400
    assert "Request did not match expected format ClientCoordinationRequestBody." in errors[0]


def test_a_heartbeat_is_a_bare_number_in_1_17() -> None:
    assert read(b"5", "triggerHeartbeat", "1.17") == {"expiredTimestamp": 5}
    assert read(b'{"expiredTimestamp": 5}', "triggerHeartbeat", "2.3") == {"expiredTimestamp": 5}


@pytest.mark.parametrize(
    "raw",
    [
        b" ",
        b"hello",
        b"nullx",
        b"{'a':1}",
        b'{"a":01}',
        b'{"a":+1}',
        b'{"a":NaN}',
        b'{"a":1,}',
        b'{"a":"\t"}',
        b'{"a":"\\x"}',
        b'{"a"',
        b'{"a":"x',
        b'{"cancel-job": "maybe"}',
        b'{"cancel-job": 0.5}',
        b'{"formatType": "native"}',
        b'{"formatType": 2}',
        b'{"triggerId": "%s"}' % ID[:31].encode(),
        b"[" * 5000,
        b'{"target-directory": "\xff"}',
    ],
)
def test_invalid_bodies_are_rejected(raw: bytes) -> None:
    status, errors = rejection(raw)
    assert status == 400
    assert len(errors) == 1
    assert errors[0].startswith(
        "org.apache.flink.runtime.rest.handler.RestHandlerException: "
        "Request did not match expected format SavepointTriggerRequestBody.\n\tat "
    )
    assert "\nCaused by: org.apache.flink.shaded.jackson2.com.fasterxml.jackson." in errors[0]
    assert errors[0].endswith("\n")


@pytest.mark.parametrize(
    ("raw", "exceeded"),
    [
        (b'{"a":' * 1200 + b"1" + b"}" * 1200, "Document nesting depth (1001)"),
        (b'{"a": ' + b"1" * 1001 + b"}", "Number value length (1001)"),
        (b'{"' + b"a" * 60_000 + b'": 1}', "Name length (60000)"),
    ],
)
def test_bodies_beyond_the_limits_of_jackson_are_internal_errors(raw: bytes, exceeded: str) -> None:
    status, errors = rejection(raw)
    assert status == 500
    assert errors[0] == "Internal server error."
    assert errors[1].startswith("<Exception on server side:\n")
    assert f"StreamConstraintsException: {exceeded} exceeds the maximum allowed (" in errors[1]
    assert errors[1].endswith("\n\nEnd of exception on server side>")


def test_long_strings_are_accepted() -> None:
    assert read(b'{"target-directory": "%s"}' % (b"x" * 300_000)) == {"target-directory": "x" * 300_000}


def test_a_null_body_is_read_as_none() -> None:
    contract = Contract.load("2.3")
    reader = BodyReader(contract, ReleaseQuirks.of(contract.release))
    assert reader.read(contract.operation("triggerSavepoint"), b" null") is None


def test_an_empty_body_lacks_required_primitives_in_1_12() -> None:
    status, errors = rejection(b"", release="1.12")
    assert status == 400
    assert "Bad request received. Request did not conform to expected format." in errors[0]
    assert read(b"", release="1.13") == {}


@pytest.mark.parametrize("release", known_releases())
def test_unknown_fields_are_rejected_before_1_20(release: str) -> None:
    raw = b'{"cancel-job": false, "nope": 1}'
    if Contract.load(release).release.since("1.20"):
        assert read(raw, release=release) == {"cancel-job": False}
    else:
        _, errors = rejection(raw, release=release)
        assert 'UnrecognizedPropertyException: Unrecognized field "nope"' in errors[0]


def test_enums_are_listed_in_jacksons_order() -> None:
    assert jackson_order(["CONFIGURED", "FULL", "INCREMENTAL"]) == ["INCREMENTAL", "CONFIGURED", "FULL"]
    assert jackson_order(["CLAIM", "NO_CLAIM", "LEGACY"]) == ["LEGACY", "CLAIM", "NO_CLAIM"]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(["target-directory", "cancel-job", "formatType", "triggerId", "x"]), JSON_VALUES)
)
def test_any_object_is_read_or_rejected(body: dict[str, Any]) -> None:
    try:
        bound = read(json.dumps(body).encode())
    except RestRequestRejected as rejected:
        assert rejected.response.status == 400
    else:
        assert set(bound) == set(body) - {"x"}


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_rejected(raw: bytes) -> None:
    try:
        read(raw)
    except RestRequestRejected as rejected:
        assert rejected.response.status in (400, 500)


def test_nesting_below_the_limit_of_jackson_is_accepted() -> None:
    body = b'{"nope":' + b'{"a":' * 990 + b"1" + b"}" * 991
    assert read(body) == {}


def test_in_old_releases_the_size_of_the_stack_limits_nesting() -> None:
    limit_before = sys.getrecursionlimit()
    shallow, deep = (b'{"a":' * depth + b"1" + b"}" * depth for depth in (4_000, 6_000))
    assert read(shallow, release="1.20") == {}
    status, errors = rejection(deep, release="1.12")
    assert (status, "java.lang.StackOverflowError" in errors[1]) == (500, True)
    assert sys.getrecursionlimit() == limit_before


def test_values_of_recursive_classes_that_are_too_deep_get_the_error_of_jacksons_limit() -> None:
    """Only imported releases have such classes. They are read recursively, unlike values of any type."""
    bundled = Contract.load("2.3").document
    node = {"type": "object", "properties": {"child": {"$ref": "#/$defs/Node@request"}, "any": {}}, "required": []}
    operation = {
        **bundled["operations"][0],
        "id": "postTree",
        "path": "/trees",
        "request": {"$ref": "#/$defs/Node@request"},
    }
    contract = Contract({**bundled, "operations": [operation], "$defs": {**bundled["$defs"], "Node@request": node}})
    reader = BodyReader(contract, ReleaseQuirks.of(contract.release))

    def read_nested(key: str, levels: int) -> Any:
        text = f'{{"{key}":' * levels + "{}" + "}" * levels
        return reader.read(contract.operation("postTree"), text.encode())

    value, levels = read_nested("any", 999), 0
    while value:
        value, levels = value["any"], levels + 1
    assert levels == 999
    assert read_nested("child", 2) == {"child": {"child": {}}}
    with pytest.raises(RestRequestRejected) as raised:
        read_nested("child", 999)
    assert b"exceeds the maximum allowed" in raised.value.response.body
