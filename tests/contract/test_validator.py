"""The validator reports each value of a response, error or request that violates the schema."""

import copy

import pytest

from flinkmock.contract import Contract

OVERVIEW = {
    "taskmanagers": 1,
    "slots-total": 4,
    "slots-available": 2,
    "jobs-running": 1,
    "jobs-finished": 0,
    "jobs-cancelled": 0,
    "jobs-failed": 0,
    "flink-version": "2.3.0",
    "flink-commit": "c0f8d1a",
}
STATISTICS = {
    "counts": {"restored": 0, "total": 0, "in_progress": 0, "completed": 0, "failed": 0},
    "summary": {
        name: {"min": 0, "max": 0, "avg": 0, "p50": "NaN", "p90": 1.5, "p95": 0.0, "p99": "NaN", "p999": "NaN"}
        for name in (
            "checkpointed_size",
            "state_size",
            "end_to_end_duration",
            "alignment_buffered",
            "processed_data",
            "persisted_data",
        )
    },
    "latest": {"completed": None, "savepoint": None, "failed": None, "restored": None},
    "history": [
        {
            "className": "failed",
            "id": 3,
            "status": "FAILED",
            "is_savepoint": False,
            "savepointFormat": None,
            "trigger_timestamp": 1,
            "latest_ack_timestamp": -1,
            "checkpointed_size": 0,
            "state_size": 0,
            "end_to_end_duration": 5,
            "alignment_buffered": 0,
            "processed_data": 0,
            "persisted_data": 0,
            "num_subtasks": 7,
            "num_acknowledged_subtasks": 0,
            "checkpoint_type": "CHECKPOINT",
            "tasks": {},
            "failure_timestamp": 6,
            "failure_message": "why",
        }
    ],
}


def violations_in(operation_id, body, release="2.3"):
    """Return the pointer and the kind of each violation in a response."""
    contract = Contract.load(release)
    return [
        (violation.pointer, violation.kind)
        for violation in contract.check_response(contract.operation(operation_id), body)
    ]


def test_valid_responses_have_no_violations():
    assert violations_in("getClusterOverview", OVERVIEW) == []
    assert violations_in("getCheckpointingStatistics", STATISTICS) == []


@pytest.mark.parametrize(
    ("change", "violation"),
    [
        ({"taskmanagers": "1"}, ("/taskmanagers", "type")),
        ({"taskmanagers": 1.0}, ("/taskmanagers", "type")),
        ({"taskmanagers": True}, ("/taskmanagers", "type")),
        ({"taskmanagers": None}, ("/taskmanagers", "null")),
        ({"taskmanagers": 2**31}, ("/taskmanagers", "range")),
        ({"a/b~c": 1}, ("/a~1b~0c", "extra")),
    ],
)
def test_one_wrong_value_is_one_violation(change, violation):
    assert violations_in("getClusterOverview", OVERVIEW | change) == [violation]


def test_each_missing_key_is_reported():
    body = {name: value for name, value in OVERVIEW.items() if name not in ("taskmanagers", "jobs-failed")}
    assert violations_in("getClusterOverview", body) == [("/taskmanagers", "missing"), ("/jobs-failed", "missing")]


def test_another_order_of_keys_is_one_violation():
    body = dict(reversed(OVERVIEW.items()))
    assert violations_in("getClusterOverview", body) == [("", "order")]


def test_the_keys_of_a_map_have_no_order():
    for timestamps in ({"INITIALIZING": 1, "CREATED": 2}, {"CREATED": 2, "INITIALIZING": 1}):
        kinds = {kind for _, kind in violations_in("getJobDetails", {"timestamps": timestamps})}
        assert "order" not in kinds


def test_an_unknown_key_of_a_map_is_a_violation():
    body = {"timestamps": {"SLEEPING": 1}}
    assert ("/timestamps/SLEEPING", "extra") in violations_in("getJobDetails", body)


@pytest.mark.parametrize(
    ("location", "value", "kind"),
    [
        (("summary", "state_size", "p90"), 2, "type"),  # Jackson writes a double as 2.0
        (("summary", "state_size", "p90"), "nan", "type"),
        (("latest", "completed"), 7, "type"),
        (("history", 0, "status"), "OK", "enum"),
        (("history", 0, "failure_message"), 7, "type"),
        (("history", 0, "discarded"), True, "extra"),  # a field of completed checkpoints
        (("history", 0, "id"), None, "null"),
    ],
)
def test_violations_in_alternatives_have_the_pointer_of_the_value(location, value, kind):
    body = copy.deepcopy(STATISTICS)
    *parent_keys, last_key = location
    container = body
    for key in parent_keys:
        container = container[key]
    container[last_key] = value
    [(pointer, kind_of_violation)] = violations_in("getCheckpointingStatistics", body)
    assert kind_of_violation == kind
    assert pointer == "".join(f"/{key}" for key in location)


def test_invalid_ids_and_base64_are_violations():
    assert violations_in("triggerSavepoint", {"request-id": "0123"}) == [("/request-id", "pattern")]
    failed = {"class": "X", "stack-trace": "X", "serialized-throwable": "no base64!"}
    body = {"status": {"id": "COMPLETED"}, "operation": {"failure-cause": failed}}
    assert violations_in("getSavepointStatus", body) == [("/operation/failure-cause/serialized-throwable", "encoding")]


def test_the_text_of_a_violation_has_pointer_kind_and_values():
    contract = Contract.load("2.3")
    [violation] = contract.check_response(contract.operation("getClusterOverview"), OVERVIEW | {"taskmanagers": "one"})
    assert str(violation) == '/taskmanagers: type: expected integer, found "one"'
    [order] = contract.check_response(contract.operation("getClusterOverview"), dict(reversed(OVERVIEW.items())))
    assert str(order).startswith("(the whole body): order: expected keys in the order taskmanagers, slots")


def test_error_responses_are_checked():
    contract = Contract.load("1.12")
    assert contract.check_error({"errors": ["Not found: /x"]}) == []
    assert [str(violation) for violation in contract.check_error({"error": "x"})] == [
        "/errors: missing: expected a value, found nothing",
        '/error: extra: expected no such key, found "x"',
    ]


@pytest.mark.parametrize(
    ("release", "operation_id", "body", "expected"),
    [
        ("2.3", "triggerSavepoint", {}, []),
        ("2.3", "triggerSavepoint", {"target-directory": 5, "cancel-job": "true"}, []),  # coercion of scalars
        ("2.3", "triggerSavepoint", {"nope": 1}, []),
        ("1.12", "triggerSavepoint", {"cancel-job": False, "nope": 1}, [("/nope", "extra")]),
        ("1.12", "triggerSavepoint", {}, [("/cancel-job", "missing")]),  # a primitive
        ("2.3", "triggerSavepoint", {"formatType": "native"}, [("/formatType", "enum")]),
        ("2.3", "triggerSavepoint", {"triggerId": "12"}, [("/triggerId", "pattern")]),
        ("2.3", "submitJobFromJar", {"programArgsList": "a"}, [("/programArgsList", "type")]),
        ("2.3", "submitJobFromJar", {"parallelism": "2"}, []),
        ("2.3", "submitJobFromJar", {"parallelism": "two"}, [("/parallelism", "type")]),
        ("2.3", "submitJobFromJar", {"parallelism": 2**40}, [("/parallelism", "range")]),
        ("2.3", "triggerHeartbeat", {}, [("/expiredTimestamp", "missing")]),
        ("2.3", "getJobDetails", {}, []),
        ("2.3", "getJobDetails", [], [("", "type")]),
    ],
)
def test_requests_have_violations_if_jackson_would_reject_them(release, operation_id, body, expected):
    contract = Contract.load(release)
    violations = contract.check_request(contract.operation(operation_id), body)
    assert [(violation.pointer, violation.kind) for violation in violations] == expected
